"""Which rows may be printed: rules, and their judgement of every cell. Blanking happens here and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from fl_estimate.design.intervals import proportion
from fl_estimate.errors import PublishFault, not_one_of
from fl_estimate.results.estimates import Assumption, Reason, margin_columns

PUBLISHED, FEWER_THAN, NOT_PUBLISHED = "published", "fewer_than", "not_published"
SHARES: tuple[str, ...] = ("prevalence", "prevalence per 1,000")
TRANSPARENT: frozenset[str] = frozenset({"rogan-gladen"})
"""Methods through which a reader can work the direct figure out: their rows need its n and cases."""
DESIGN_WEIGHTED: frozenset[str] = frozenset({"taylor", "replicates"})
"""Methods whose n, cases and df bind. Other methods borrow strength, and are judged by their CV."""

DERIVED: frozenset[str] = frozenset({
    "stock-in-window", "stock-completed", "person-time", "sum", "ratio-of-figures", "ratio-extension", "reported-to-total",
    "change",
})  # fmt: skip
"""Methods that calculate with finished figures: a row that has n comes from respondents, who can be found from it as well."""

BLANKED: tuple[str, ...] = ("value", "se", "lower", "upper", "undetermined", "df", "deff")
"""What goes from a row that is not published, beside cases, n (where small) and the kind of interval (it can tell
of a zero)."""

Flags = npt.NDArray[np.bool_]
Cell = tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class SuppressionRule:
    """When a figure is printed, printed as an upper limit, flagged or withheld.

    Parameters
    ----------
    name : str
    min_n : int, default 50
        Fewer respondents than this: not published. Zero cases are printed as an upper limit from this n on.
    min_cases : int, default 5
        Between one case and this many, exclusive: not published.
    min_df : float, default 2
        Fewer degrees of freedom: not published.
    caution_cv : float, default 0.30
        A coefficient of variation above this: flagged.
    caution_df : float, default 8
        Fewer degrees of freedom: flagged.
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

    Raises
    ------
    PublishFault
        FL-PUB-06 where a threshold is negative or not a number.

    Notes
    -----
    The defaults are the project's own (design.md, fl-default), between the 30 of older NCHS practice and the 60 to
    100 of labour force surveys; df < 8 is NCHS 2017's mark for review, CV > 30 % a common mark of caution.

    ``"nchs"``: the presentation standards for proportions (Parker et al. 2017): effective n from 30 on, then width at most
    0.05, or below 0.30 and at most 1.30 times the value; totals by the standards for counts (Series 2, No. 200): n from 10
    on is met by the 30, relative width at most 1.60. Any prevalence below some per cent passes the 0.05, however little is
    known of it. ``"fl-rare"`` is for those: fl-default, and an interval no wider than 1.60 times the value (the
    standard for counts, turned on the cases), which takes about eight independent cases.
    """

    name: str = "custom"
    min_n: int = 50
    min_cases: int = 5
    min_df: float = 2
    caution_cv: float = 0.30
    caution_df: float = 8
    min_effective_n: float = 0
    sure_width: float = 0
    max_width: float = np.inf
    max_relative_width: float = np.inf
    max_relative_width_totals: float = np.inf

    def __post_init__(self) -> None:
        wrong = [f.name for f in fields(self) if f.name != "name" and not getattr(self, f.name) >= 0]
        if wrong:
            raise PublishFault(
                "FL-PUB-06",
                "a threshold of a suppression rule is not a number from 0 on",
                found=", ".join(f"{name}={getattr(self, name)!r}" for name in wrong),
                fix="give numbers; 0 switches a threshold off",
            )


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
)
FL_RARE = SuppressionRule(name="fl-rare", max_relative_width=1.60, max_relative_width_totals=1.60)
RULES: dict[str, SuppressionRule] = {rule.name: rule for rule in (FL_DEFAULT, FL_RARE, NCHS)}


def chosen_rule(rule: str | SuppressionRule) -> SuppressionRule:
    """The rule of this name, or the rule itself; FL-PUB-01 where there is no such rule."""
    if isinstance(rule, SuppressionRule):
        return rule
    if rule not in RULES:
        raise not_one_of("FL-PUB-01", "this rule of publication", str(rule), list(RULES), PublishFault)
    return RULES[rule]


def cells(frame: pd.DataFrame, by: Sequence[str], assumptions: Sequence[Assumption]) -> list[Cell]:
    """What each row speaks of, whatever its quantity, bound or method: outcome, term, subpopulation, by-values.

    The order in which by-columns were crossed does not matter, so that the total of a cell is found with its
    prevalence wherever both are published.
    """
    where = tuple(str(value) for a in assumptions if a.code == "subpopulation" for _, value in a.parameters)
    keys: list[Cell] = []
    for record in frame.to_dict("records"):
        margin = tuple(sorted(margin_columns(record)))
        # A by-column outside the margin names the result that a row was stacked from: the cell is the same without it.
        known = {(name, str(record[name])) for name in by if name in margin and not pd.isna(record[name])}
        keys.append((str(record["outcome"]), str(record["term"]), where, margin, frozenset(known)))
    return keys


def design_weighted(frame: pd.DataFrame) -> Flags:
    """Rows to which n, cases and df apply: of a survey, or calculated from such."""
    own = frame["method"].isin(list(DESIGN_WEIGHTED)).to_numpy(dtype=bool)
    return own | (frame["method"].isin(list(DERIVED)) & frame["n"].notna()).to_numpy(dtype=bool)


def transparent(frame: pd.DataFrame) -> Flags:
    """Rows that are shown only where the direct figure is."""
    return frame["method"].isin(list(TRANSPARENT)).to_numpy(dtype=bool)


def withheld(frame: pd.DataFrame, rule: SuppressionRule) -> Flags:
    """Rows, design-weighted or as good as, that may not be published by their own n, cases, df, width or missing interval."""
    n = _floats(frame["n"])
    cases = _floats(frame["cases"])
    df = _floats(frame["df"])
    no_interval = frame["lower"].isna().to_numpy() | frame["upper"].isna().to_numpy()
    # An n or df that is unknown cannot be judged, so it does not pass; means have no cases.
    few = ~(n >= rule.min_n) | ((cases > 0) & (cases < rule.min_cases)) | ~(df >= rule.min_df)
    direct = design_weighted(frame) & (few | no_interval | _too_wide(frame, rule))
    return direct | (transparent(frame) & small_base(frame, rule))


def _too_wide(frame: pd.DataFrame, rule: SuppressionRule) -> Flags:
    """Rows whose interval, or effective number of respondents, says too little; without a case only the latter counts."""
    share = frame["quantity"].isin(list(SHARES)).to_numpy(dtype=bool)
    scale = np.where(frame["quantity"] == "prevalence per 1,000", 1_000.0, 1.0)
    value, se, n = _floats(frame["value"]) / scale, _floats(frame["se"]) / scale, _floats(frame["n"])
    df, edge = _floats(frame["df"]), (value <= 0) | (value >= 1)
    wide = np.zeros(len(frame), dtype=bool)
    for level in frame["level"].unique():
        of = share & (frame["level"] == level).to_numpy()
        lower, upper = proportion("korn-graubard", value[of], se[of], n[of], df[of], float(level))
        width, relative = upper - lower, (upper - lower) / np.where(value[of] > 0, value[of], np.nan)
        loose = (width >= rule.max_width) | (relative > rule.max_relative_width)
        wide[of] = ~edge[of] & loose & ~(width <= rule.sure_width)
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = np.where(edge, n, np.minimum(n, value * (1 - value) / se**2))
        relative = (_floats(frame["upper"]) - _floats(frame["lower"])) / np.abs(_floats(frame["value"]))
    counted = frame["quantity"].isin(["total", "persons"]).to_numpy(dtype=bool)
    wide |= share & (effective < rule.min_effective_n)
    return wide | (counted & (_floats(frame["value"]) != 0) & (relative > rule.max_relative_width_totals))


def small_base(frame: pd.DataFrame, rule: SuppressionRule) -> Flags:
    """Rows whose n and cases are too small to be printed, of whatever method."""
    n, cases = _floats(frame["n"]), _floats(frame["cases"])
    return (n < rule.min_n) | ((cases > 0) & (cases < rule.min_cases))


def doubtful(reasons: Sequence[Reason]) -> frozenset[int]:
    """Rows of a sampler that did not do well."""
    return frozenset(reason.row for reason in reasons if reason.code.startswith("sampler_"))


def cautions(frame: pd.DataFrame, rule: SuppressionRule, doubted: frozenset[int]) -> list[str]:
    """For each row why it is to be used with caution, of "cv", "df" and "sampler", with spaces between; or ""."""
    with np.errstate(divide="ignore", invalid="ignore"):
        cv = _floats(frame["se"]) / np.abs(_floats(frame["value"]))
    high = cv > rule.caution_cv
    loose = design_weighted(frame) & (_floats(frame["df"]) < rule.caution_df)
    return [
        " ".join(code for code, holds in (("cv", wide), ("df", few), ("sampler", row in doubted)) if holds)
        for row, (wide, few) in enumerate(zip(high, loose, strict=True))
    ]


def judged(
    frame: pd.DataFrame, hidden: Flags, shadow: Flags, rule: SuppressionRule, doubted: frozenset[int] = frozenset()
) -> pd.DataFrame:
    """The table as it may be printed: `hidden` rows blanked, n and cases of `shadow` rows too, `doubted` ones flagged.

    Adds `publication` (published, fewer_than, not_published) and `caution`.
    """
    out = frame.copy()
    zero = zero_printed(frame, rule) & ~hidden
    out["caution"] = pd.array(cautions(frame, rule, doubted), dtype="string")
    out["publication"] = pd.array(
        np.where(hidden, NOT_PUBLISHED, np.where(zero, FEWER_THAN, PUBLISHED)).tolist(), dtype="string"
    )
    out.loc[hidden, list(BLANKED)] = np.nan
    out.loc[hidden, ["interval_kind", "caution"]] = ""
    # "Fewer than U": the zero itself is no estimate, and a reader of the file must not add it up.
    out.loc[zero, ["value", "se", "deff"]] = np.nan
    # Whether n stays never depends on the cases, so that its absence tells nothing of them.
    small = ~(_floats(frame["n"]) >= rule.min_n)
    out.loc[(hidden & small) | shadow, "n"] = pd.NA
    out.loc[hidden | shadow, "cases"] = pd.NA
    out.loc[shadow, "deff"] = np.nan
    return out


def zero_printed(frame: pd.DataFrame, rule: SuppressionRule) -> Flags:
    """Design-weighted rows without a case that are printed as an upper limit; also rows that already are."""
    already = (frame["publication"] == FEWER_THAN).to_numpy(dtype=bool) if "publication" in frame else False
    none = (_floats(frame["cases"]) == 0) & (_floats(frame["n"]) >= rule.min_n) & (_floats(frame["value"]) == 0)
    return np.asarray(already | (none & design_weighted(frame)), dtype=bool)


def _floats(column: pd.Series[Any]) -> npt.NDArray[np.float64]:
    return column.to_numpy(dtype=float, na_value=np.nan)
