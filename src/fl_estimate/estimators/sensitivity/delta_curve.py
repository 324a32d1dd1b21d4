"""Delta-adjusted sensitivity analysis: a figure over how much more often an unknown answer hides a case than one that was given."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any, Literal, Protocol, cast, runtime_checkable

import narwhals as nw
import numpy as np
import pandas as pd

from fl_estimate.design.domains import By
from fl_estimate.errors import EstimateFault, listed, not_one_of, shown
from fl_estimate.estimators.sensitivity.tilting import REASONS, Open, open_of, redrawn
from fl_estimate.estimators.sensitivity.undercoverage import term_of as multiple
from fl_estimate.estimators.survey.design_weighted import estimate_prevalence, estimate_total
from fl_estimate.inputs.partitions import narwhal
from fl_estimate.results.basis import Support
from fl_estimate.results.build import build
from fl_estimate.results.codes import (
    SCENARIO_PREVALENCE,
    SCENARIO_TOTAL,
    Assumption,
    AssumptionCode,
    MethodName,
    Quantity,
    Reason,
    Term,
    each_once,
)
from fl_estimate.results.crossing import Crossing
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import GROUPS, IMPUTED_PEOPLE, Level, Name, Positive, Where, Within

WhyUnknown = Literal["refusal", "dont_know", "missing", "not_asked"]
REASON = "reason"
"""The by-column that names the reason of an unknown answer that a line is about."""
EVERY_REASON = ""
ODDS: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
DELTA_ADJUSTED = MethodName("delta-adjusted")
DELTA_BY_REASON = AssumptionCode("delta_by_reason", "reasons")
MISSING_AT_RANDOM_BUT_FOR_DELTA = AssumptionCode("missing_at_random_but_for_delta")
NONE = Term("none_hide_a_case")
ALL = Term("all_hide_a_case")
IMPUTED_CODES = ("unknown_as_no", "unknown_bounds", "unknown_excluded")


@runtime_checkable
class Shiftable(Protocol):
    """People with draws of their unknown answers that can be drawn again under other deltas: what `fl.impute` gives."""

    @property
    def classification(self) -> Any: ...
    @property
    def drawn(self) -> Mapping[str, Any]: ...
    @property
    def recipients(self) -> Any: ...
    def shifted(self, delta: Mapping[str, float], /) -> Any: ...


@method(kind="delta_curve", basis="respondents", family="survey")
def delta_curve(
    people: Annotated[Any, IMPUTED_PEOPLE],
    outcome: Name,
    *,
    odds: Annotated[Sequence[Positive], Within(items=(1, None))] = ODDS,
    reasons: Sequence[WhyUnknown] | None = None,
    quantity: Literal["prevalence", "total"] = "prevalence",
    by: Annotated[By, GROUPS] = None,
    where: Where = None,
    level: Level = 0.95,
) -> Estimates:
    """Delta adjustment: give the figure over how much likelier an unknown answer is to hide a case than missing at random says.

    Imputation takes whoever refused to be like people who answered and are otherwise alike. Nobody can know that of refusals, and
    those who are watched refuse. The curve shows what would follow: the odds that an unknown answer hides a case multiplied by a
    quarter to eight, and its ends, none and all of them. Never print one point of it as "the" correction.

    Parameters
    ----------
    people : Imputation
        What `fl.impute` returned.
    outcome : str
        One of its outcomes.
    odds : sequence of float, default (1/4, 1/2, 1, 2, 4, 8)
        Multiples of the odds, exp(delta). 1 is missing at random, and is always among them.
    reasons : sequence of {"refusal", "dont_know", "missing", "not_asked"}, optional
        A line for each of these, in which only answers unknown for that reason are shifted and others stay missing at random;
        ``"not_asked"`` is a question that its filter should have led to. By default one line for all reasons together.
    quantity : {"prevalence", "total"}
        A share of the people, or persons.
    by, where, level
        As in `estimate_prevalence`.

    Returns
    -------
    Estimates
        Quantity scenario_prevalence or scenario_total. `term` is the multiple of the odds, "×0.25" to "×8", between
        none_hide_a_case (no unknown answer does) and all_hide_a_case (every one does that can), which are the identified set.
        Where `reasons` are named the column `reason` says which line. Points are pooled by Rubin's rules over the same random numbers, so that they never fall as the
        odds grow. No covariance between them is given.

    Raises
    ------
    EstimateFault
        FL-EST-476: not what `fl.impute` returned, or shifted already; FL-EST-477: odds or reasons that cannot be.

    Notes
    -----
    Of a recipient P(case) = d π/(d π + 1 − π), d the multiple (of a person with several reasons d to the power of the share of
    those that are shifted) and π the probability with answers missing at random: the weighted share of cases that the donors
    in question make of it, drawn towards the mean of all recipients by five donors' worth and right in the mean of the draws. ×1 are the draws of the imputation
    themselves; at other multiples some of them are turned, so that the whole class can be reached though no donor is one. What is
    shifted is the class of `outcome`, not the answers behind it: `Imputation.shifted` draws other answers, as far as donors gave
    such.

    References
    ----------
    Rubin (1987), Multiple Imputation for Nonresponse in Surveys, ch. 6. Carpenter and Kenward (2013), Multiple Imputation and its
    Application, ch. 10. Cro and others (2020), Statistics in Medicine 39(21), 2815-2842.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> answers = pd.DataFrame({"age": 30, "w_diff_job": ["yes"] * 10, "c_docs": ["yes", "no"] * 4 + ["ref", "ref"]})
    >>> imputed = fl.impute(answers, design=fl.Design(unweighted=True), draws=20, seed=1)
    >>> fl.delta_curve(imputed, "forced_labour", odds=[2]).to_frame()["term"].tolist()
    ['none_hide_a_case', '×1', '×2', 'all_hide_a_case']
    """
    if not isinstance(people, Shiftable):
        raise EstimateFault(
            "FL-EST-476", "a delta-adjusted curve is of people whose unknown answers were imputed",
            found=type(people).__name__, fix="impute first: fl.delta_curve(fl.impute(data, framework, seed=…), outcome)",
        )  # fmt: skip
    if any(getattr(people, "delta", {}).values()):
        raise EstimateFault(
            "FL-EST-476", "the draws of these people are shifted already", found="a delta that is not 0",
            fix="give what fl.impute returned without delta=, or .shifted({}) of it",
        )  # fmt: skip
    call = _Call(
        imputation=people, outcome=outcome, quantity=quantity, by=by, where=where, level=level,
        odds=_odds(odds), reasons=_reasons(reasons),
    )  # fmt: skip
    return _lay_out(call, list(_points(call)))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Call:
    """The arguments of one call, checked."""

    imputation: Any
    outcome: str
    quantity: str
    by: By
    where: str | None
    level: float
    odds: tuple[float, ...]
    reasons: tuple[str, ...]

    def estimate(self, people: Any, unknown: str) -> Estimates:
        """The figure of these people."""
        estimator = estimate_prevalence if self.quantity == "prevalence" else estimate_total
        return estimator(
            people, self.outcome, by=self.by, where=self.where, unknown=cast("Any", unknown), level=self.level
        )

    @cached_property
    def open(self) -> Open:
        """The people whose class is open."""
        return open_of(self.imputation, self.outcome)

    def shifted(self, odds: float, reason: str) -> Estimates:
        """The figure with the odds of one reason, or of all, multiplied."""
        drawn = self.open.under(odds, named(reason))
        return self.estimate(redrawn(self.imputation, {self.outcome: drawn}), "impute")


def named(reason: str) -> tuple[str, ...]:
    """The reasons of a line."""
    return REASONS if reason == EVERY_REASON else (reason,)


@dataclass(frozen=True, kw_only=True)
class _DeltaPoint:
    """One point of one line: its rows in the order of the domains."""

    reason: str
    odds: float
    rows: Estimates


def term_of(odds: float) -> str:
    """A multiple of the odds as the column `term` has it."""
    return NONE if odds == 0 else ALL if math.isinf(odds) else multiple(odds)


def odds_of(term: str) -> float:
    """The multiple of the odds that a term says; NaN where it says none.

    Examples
    --------
    >>> odds_of("×0.25"), odds_of("all_hide_a_case"), odds_of("median")
    (0.25, inf, nan)
    """
    if term in (NONE, ALL):
        return 0.0 if term == NONE else math.inf
    try:
        return float(term.removeprefix("×")) if term.startswith("×") else math.nan
    except ValueError:
        return math.nan


def _odds(given: Any) -> tuple[float, ...]:
    values = list(given) if isinstance(given, Sequence | np.ndarray) and not isinstance(given, str) else [given]
    numbers = [v for v in values if isinstance(v, int | float | np.number) and not isinstance(v, bool)]
    if not values or len(numbers) < len(values) or not all(0 < float(v) < math.inf for v in numbers):
        raise EstimateFault(
            "FL-EST-477", "a multiple of the odds is a number above 0", found=f"odds={shown(given)}",
            fix="odds=[0.25, 0.5, 1, 2, 4, 8]; the ends 0 and infinity are always there",
        )  # fmt: skip
    return tuple(sorted({1.0, *(float(v) for v in numbers)}))


def _reasons(given: Any) -> tuple[str, ...]:
    if given is None:
        return (EVERY_REASON,)
    names = [given] if isinstance(given, str) else list(given)
    if any(isinstance(name, str) and name not in REASONS for name in names):
        wrong = next(name for name in names if isinstance(name, str) and name not in REASONS)
        raise not_one_of("FL-EST-477", "this reason of an unknown answer", wrong, REASONS, EstimateFault)
    if not names or not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        raise EstimateFault(
            "FL-EST-477", "reasons are named once each", found=f"reasons={shown(given)}",
            fix=f"some of {listed(REASONS)}; leave it out for one line of all together",
        )  # fmt: skip
    return tuple(names)


def _points(call: _Call) -> Iterator[_DeltaPoint]:
    """The points of each line, from none to all; what all lines share is estimated once."""
    at_random = call.shifted(1.0, EVERY_REASON)
    for reason in call.reasons:
        ends = _ends(call, reason)
        yield _DeltaPoint(reason=reason, odds=0.0, rows=ends[0])
        for odds in call.odds:
            rows = at_random if odds == 1 else call.shifted(odds, reason)
            yield _DeltaPoint(reason=reason, odds=odds, rows=rows)
        yield _DeltaPoint(reason=reason, odds=math.inf, rows=ends[1])


def _ends(call: _Call, reason: str) -> tuple[Estimates, Estimates]:
    """None and all of the unknown answers hiding a case: of all reasons the bounds, whoever the donors are."""
    if reason != EVERY_REASON:
        return call.shifted(0.0, reason), call.shifted(math.inf, reason)
    both = call.estimate(call.imputation.classification, "bounds")
    return both.select(bound="lower"), both.select(bound="upper")


def _lay_out(call: _Call, points: Sequence[_DeltaPoint]) -> Estimates:
    quantity: Quantity = SCENARIO_PREVALENCE if call.quantity == "prevalence" else SCENARIO_TOTAL
    given = call.estimate(call.imputation.classification, "no")
    open_ = _fewest_told(call, given)
    size, named = len(given), call.reasons != (EVERY_REASON,)
    if REASON in given.by:
        raise EstimateFault(
            "FL-EST-477", "the column of the reasons is a by-column already", found=repr(REASON), fix="rename it first"
        )
    columns: dict[str, list[Any]] = {name: [] for name in (*_KEPT, "term")}
    labels: dict[str, list[Any]] = {name: [] for name in ([REASON] if named else []) + list(given.by)}
    noted: list[Reason] = []
    for position, point in enumerate(points):
        frame = point.rows.frame
        for name in _KEPT:
            columns[name] += frame[name].tolist()
        columns["term"] += [term_of(point.odds)] * size
        if named:
            labels[REASON] += [point.reason] * size
        for name in given.by:
            labels[name] += [None if pd.isna(value) else value for value in frame[name].tolist()]
        # How much was imputed is told once, where nothing is shifted.
        noted += [
            replace(reason, row=reason.row + position * size)
            for reason in point.rows.reasons
            if point.odds == 1 or reason.code not in _TOLD_ONCE
        ]
    middle = next(point.rows for point in points if point.odds == 1)
    recipe = middle.recipe
    assumptions = [
        *([DELTA_BY_REASON.assume(reasons=list(call.reasons))] if named else []),
        MISSING_AT_RANDOM_BUT_FOR_DELTA.assume(),
    ]
    carried: list[Assumption] = [a for a in recipe.assumptions if a.code not in IMPUTED_CODES]
    return build(
        columns,
        labels,
        quantity=quantity,
        method=DELTA_ADJUSTED,
        basis="respondents",
        recipe=recipe.then(
            "delta_curve",
            {**recipe.provenance.arguments, "odds": list(call.odds), "reasons": list(call.reasons)},
            each_once([*assumptions, *carried]),
        ),
        support=Support.joined([replace(given.support, undetermined=open_) for _ in points]),
        reasons=noted,
        cells=cast("Crossing | None", given.cells),
    )


def _fewest_told(call: _Call, given: Estimates) -> Any:
    """By row, the fewest people whose draws the lines tell of; 0 where there are none.

    Where no unknown answer of one reason hides a case, what is left was drawn for the others: beside the bounds a line tells as
    much of whoever is not in it, and several lines of whoever is in none of them.
    """
    lines = [named(reason) for reason in call.reasons]
    if len(lines) == 1 and lines[0] == REASONS:
        return _recipients(call, call.open.concerned(REASONS), given)
    in_line = [call.open.concerned(line) for line in lines]
    told = [*in_line, *(~each for each in in_line), ~np.logical_or.reduce(in_line)]
    counts = np.array([_recipients(call, flags, given) for flags in told])
    fewest = np.where(counts > 0, counts, np.inf).min(axis=0)
    return np.where(np.isinf(fewest), 0.0, fewest)


def _recipients(call: _Call, flags: Any, given: Estimates) -> Any:
    """How many people of each row have a class that was drawn, of these of the open people."""
    counted = estimate_prevalence(
        _marked(call, flags), MARK, design=call.imputation.classification.design, by=call.by, where=call.where
    ).frame
    found = {_key(record, given.by): record["cases"] for record in counted.to_dict("records")}
    return np.array([float(found.get(_key(record, given.by), 0)) for record in given.frame.to_dict("records")])


def _key(record: Mapping[Any, Any], by: Sequence[str]) -> tuple[Any, ...]:
    return (record["margin"], *(None if pd.isna(record[name]) else record[name] for name in by))


MARK = "among_these_open"


def _marked(call: _Call, flags: Any) -> Any:
    """The people with a 0/1 column: whose class is open, and who are among these."""
    people = redrawn(call.imputation, {call.outcome: flags.astype(np.int8)[:, None]}, draws=1).with_draws(call.outcome)
    frame: Any = narwhal(people)
    # Cases that are sure have a 1 in every draw.
    mark = (nw.col(f"{call.outcome}@1") == 1) & ~(nw.col(call.outcome) == 1)
    return frame.with_columns(nw.when(mark).then(nw.lit(1)).otherwise(nw.lit(0)).alias(MARK)).to_native()


_KEPT: tuple[str, ...] = (
    "outcome", "margin", "value", "se", "lower", "upper", "level", "interval_kind", "undetermined", "n", "df",
)  # fmt: skip
_TOLD_ONCE: frozenset[str] = frozenset({"imputed_share", "missing_information", "imputed_left_open"})
