"""Rules of publication: when a figure is printed, printed as an upper limit, flagged or withheld. By name, or as a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from fl_estimate.errors import (
    FileFault,
    PublishFault,
    bytes_of,
    is_file,
    listed,
    nearest,
    not_one_of,
    not_toml,
    toml_of,
)
from fl_estimate.reporting.precision import DIGITS

PUBLISHED, AT_MOST, FEWER_THAN, NOT_PUBLISHED = "published", "at_most", "fewer_than", "not_published"
LIMITS: frozenset[str] = frozenset({AT_MOST, FEWER_THAN})
"""What is printed as an upper limit, without a value."""
LIMIT_SIGNS: dict[str, str] = {FEWER_THAN: "<", AT_MOST: "≤"}
"""What stands before an upper limit where there is no room for words."""
FewCases = Literal["at_most", "withheld", "model"]
FEW_CASES: FewCases = "at_most"
"""How domains of fewer cases than the rule asks for are treated, unless it says so: `docs/explanation/disclosure`."""
AUDIT_SECONDS = 600.0
"""How long the audit may take: twice or three times what 10,000 cells by two crossed columns need on one core."""
_WORDS = ("name", "few_cases")


@dataclass(frozen=True, kw_only=True)
class SuppressionRule:
    """When a figure is printed, printed as an upper limit, flagged or withheld.

    What is judged is the smallest part that a figure is made of (`Estimates.support`), not what is printed beside it.

    Parameters
    ----------
    name : str
    min_n : int, default 50
        Fewer respondents than this: not published; case lists of fewer people neither.
    min_cases : int, default 5
        Fewer cases than this: as `few_cases` says.
    min_df : float, default 2
        Fewer degrees of freedom: not published.
    caution_cv : float, default 0.30
        A coefficient of variation above this: flagged.
    min_df_effective : float, default 0
        Fewer degrees of freedom of the variance itself (`Support.df_effective`): not published. What is not known does not pass.
    min_psus_with_cases : int, default 0
        Cases in fewer primary units: not published. Both are asked where there are cases enough; an upper limit of few cases
        is printed all the same.
    caution_df : float, default 8
        Fewer degrees of freedom, or of the variance itself: flagged.
    min_effective_n : float, default 0
        Of a prevalence: fewer respondents than this after the design effect, p(1 − p)/se² and at most n (n without
        cases): not published.
    sure_width : float, default 0
        Of a prevalence: a Korn–Graubard interval no wider than this is published whatever its relative width.
    max_width : float, default infinity
        Of a prevalence: an interval as wide as this or wider is not published.
    max_relative_width : float, default infinity
        Of a prevalence: an interval wider than this many times the value is not published.
    max_relative_width_totals : float, default infinity
        The same of totals and persons, by the interval of the row.
    few_cases : {"at_most", "withheld", "model"}
        Domains of fewer cases than `min_cases`, none among them. ``at_most``: all alike are printed as "at most U", with a U
        that is the same for each number of cases. ``withheld``: from one case on not published, no case as "fewer than" the
        upper limit. ``model``: not published, and the row of an area model is printed in their place; a reader who fits the
        model again can find the cases, so that it is for readers who may know them.
    assumed_deff : float, default 3
        The design effect in U where the nation has none that is printed.
    digits : int, default 2
        Significant digits of the standard error to which figures are rounded: 1 or 2.
    audit_seconds : float, default 600
        How long the audit for what can be worked out may take. What it has not got to by then is taken as exposed: every figure
        that is tied to it is withheld, and the report says so.

    Raises
    ------
    PublishFault
        FL-PUB-06 where a threshold is negative or not a number; FL-PUB-30: a treatment of few cases that there is not, or digits
        other than 1 and 2.

    Notes
    -----
    The defaults are the project's own (design.md, fl-default), between the 30 of older NCHS practice and the 60 to
    100 of labour force surveys; df < 8 is NCHS 2017's mark for review, CV > 30 % a common mark of caution.

    U is Clopper and Pearson's upper limit of a/D cases in n/D people, a = `min_cases` − 1, D the design effect of the nation as
    it is printed, at least 1. How it covers is shown in docs/explanation/disclosure.

    ``"nchs"``: the presentation standards for proportions (Parker et al. 2017): effective n from 30 on, then width at most
    0.05, or below 0.30 and at most 1.30 times the value; totals by the standards for counts (Series 2, No. 200): n from 10
    on is met by the 30, relative width at most 1.60. Any prevalence below some per cent passes the 0.05, however little is
    known of it. ``"fl-rare"`` is for those: fl-default, and an interval no wider than 1.60 times the value (the
    standard for counts, turned on the cases), which takes about eight independent cases.

    Examples
    --------
    >>> SuppressionRule(name="strict", min_cases=10).min_n
    50
    """

    name: str = "custom"
    min_n: int = 50
    min_cases: int = 5
    min_df: float = 2
    min_df_effective: float = 0
    min_psus_with_cases: int = 0
    caution_cv: float = 0.30
    caution_df: float = 8
    min_effective_n: float = 0
    sure_width: float = 0
    max_width: float = np.inf
    max_relative_width: float = np.inf
    max_relative_width_totals: float = np.inf
    few_cases: FewCases = FEW_CASES
    assumed_deff: float = 3
    digits: int = DIGITS
    audit_seconds: float = AUDIT_SECONDS

    def __post_init__(self) -> None:
        numbers = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in _WORDS}
        wrong = [name for name, value in numbers.items() if not _threshold(value)]
        if wrong:
            raise PublishFault(
                "FL-PUB-06",
                "a threshold of a suppression rule is not a number from 0 on",
                found=", ".join(f"{name}={getattr(self, name)!r}" for name in wrong),
                fix="give numbers; 0 switches a threshold off",
            )
        if self.few_cases not in get_args(FewCases):
            raise not_one_of(
                "FL-PUB-30", "this treatment of few cases", self.few_cases, get_args(FewCases), PublishFault
            )
        if self.digits not in (1, 2):
            raise PublishFault(
                "FL-PUB-30", "figures are published to one or two digits of their standard error",
                found=f"digits={self.digits!r}", fix="give 1 or 2",
            )  # fmt: skip

    @staticmethod
    def read(path: str | Path) -> SuppressionRule:
        r"""Read the rule of an office from a TOML file.

        Parameters
        ----------
        path : str or Path
            Its keys are the parameters of the rule; `base` names a rule whose thresholds hold where the file gives none
            ("fl-default" without it), `name` is the stem of the file unless it says another.

        Raises
        ------
        FileFault
            FL-FILE-01 where there is no such file.
        PublishFault
            FL-PUB-31: it is no TOML, or has keys that a rule has not; FL-PUB-01 (base), FL-PUB-06, FL-PUB-30.

        Examples
        --------
        >>> import pathlib, tempfile
        >>> file = pathlib.Path(tempfile.mkdtemp()) / "office.toml"
        >>> _ = file.write_text('base = "fl-rare"\nmin_cases = 10\n')
        >>> rule = SuppressionRule.read(file)
        >>> rule.name, rule.min_cases, rule.max_relative_width
        ('office', 10, 1.6)
        """
        file = Path(path)
        if not is_file(file):
            raise FileFault("FL-FILE-01", "there is no such file", found=file.name, fix="check the path of the rule")
        try:
            given = toml_of(bytes_of(file))
        except (ValueError, RecursionError) as error:
            raise PublishFault(
                "FL-PUB-31",
                "this is not a rule of publication",
                found=f"{file.name}: {not_toml(error)}",
                fix="write TOML: min_n = 50",
            ) from error
        return _of_table({"name": file.stem, **given}, file.name)


def _of_table(given: Mapping[str, Any], where: str) -> SuppressionRule:
    """A rule of the keys of a file."""
    known = [f.name for f in fields(SuppressionRule)]
    alien = [key for key in given if key not in (*known, "base")]
    types = [
        f"{key} = {value!r}" for key, value in given.items() if isinstance(value, str) != (key in (*_WORDS, "base"))
    ]
    if alien or types:
        hints = [f"{key!r}: nearest is {close!r}" for key in alien if (close := nearest(key, known))]
        raise PublishFault(
            "FL-PUB-31", "this is not a rule of publication", found=f"{where}: {listed([*alien, *types])}",
            fix="; ".join(hints) or f"keys there are: {listed(known, most=20)}",
        )  # fmt: skip
    base = chosen_rule(str(given.get("base", FL_DEFAULT.name)))
    return replace(base, **{key: value for key, value in given.items() if key != "base"})


def _threshold(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool) and bool(value >= 0)


FL_DEFAULT = SuppressionRule(name="fl-default")
NCHS = SuppressionRule(
    name="nchs",
    min_n=30,
    min_cases=0,
    min_df=0,
    min_effective_n=30,
    sure_width=0.05,
    max_width=0.30,
    max_relative_width=1.30,
    max_relative_width_totals=1.60,
    few_cases="withheld",
)
FL_RARE = SuppressionRule(name="fl-rare", max_relative_width=1.60, max_relative_width_totals=1.60)
RULES: dict[str, SuppressionRule] = {rule.name: rule for rule in (FL_DEFAULT, FL_RARE, NCHS)}


def chosen_rule(rule: str | SuppressionRule) -> SuppressionRule:
    """The rule of this name, or the rule itself; FL-PUB-01 where there is no such rule."""
    if isinstance(rule, SuppressionRule):
        return rule
    if rule.endswith(".toml"):
        return SuppressionRule.read(rule)
    if rule not in RULES:
        raise not_one_of("FL-PUB-01", "this rule of publication", rule, list(RULES), PublishFault)
    return RULES[rule]
