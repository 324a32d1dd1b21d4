"""Outcomes that are a number: a sum over cost lines divided by a number of the episode (SDG 10.7.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import narwhals as nw

from fl_estimate.errors import IndicatorFault, listed
from fl_estimate.indicators.columns import MARK
from fl_estimate.indicators.coverage import CoverageLine
from fl_estimate.indicators.criteria import FieldIn, Node
from fl_estimate.indicators.day_numbers import DateColumn, with_day_numbers
from fl_estimate.indicators.items import MISSING, UNKNOWN_ANSWERS, known_items

if TYPE_CHECKING:
    from fl_estimate.indicators.answers import AnswerReading
    from fl_estimate.indicators.framework import Framework
    from fl_estimate.indicators.parts import FrameworkOutcome

PERSON, EPISODE, ITEM, DEPART, INTERVIEW = "person_id", "episode_id", "item", "depart", "interview_date"
TOTAL = "total"
"""The item of a line that is the cost of an episode as a whole."""
_SUM, _OPEN, _SHARE, _LATEST, _WHOLE, _PASSED = (
    f"{MARK}{name}" for name in ("sum", "open", "share", "latest", "whole", "passed")
)


def share_of_one(outcome: FrameworkOutcome, reading: AnswerReading) -> float | None:
    """The ratio of one respondent whose costs are given as one line; None where it is undefined."""
    top, bottom = outcome.numerator, outcome.denominator
    if top is None or bottom is None:
        return None
    paid = reading.codes(top.of, top.codes).word
    amount, divisor = reading.number(top.sum), reading.number(bottom.field)
    if paid == "unknown" or divisor is None or divisor <= 0 or (paid == "true" and amount is None):
        return None
    return (amount or 0.0) / divisor if paid == "true" else 0.0


def with_shares(people: Any, tables: Mapping[str, Any], framework: Framework) -> tuple[Any, tuple[CoverageLine, ...]]:
    """Add the ratios of a framework to people: ``<outcome>``, missing where undefined, and ``<outcome>_in_scope``.

    Parameters
    ----------
    people : narwhals frame
    tables : mapping of str to narwhals frame
        `costs` and `episodes`; where there are none, the columns of both stand on the people, one row a person.
    framework : Framework

    Raises
    ------
    IndicatorFault
        FL-IND-07: the survey lacks one of the columns.

    Notes
    -----
    Of several episodes the most recent (the latest `depart`) counts, or the first where the outcome says so. Where a line
    of the item total is there, it is the cost of its episode, whatever the other lines say. An episode without any cost line cost nothing. A
    cost line of unknown amount or payer, or earnings that are unknown or not above zero, leave the ratio undefined.
    """
    lines: list[CoverageLine] = []
    for outcome in framework.outcomes:
        _require(outcome, framework, people, tables)
        if "costs" in tables:
            shares = _chosen_episode(outcome, _episodes(outcome, tables["costs"], tables["episodes"]), people)
            people = people.join(shares, on=PERSON, how="left")
        else:
            people = people.with_columns(*_cost_line(outcome, people)).with_columns(_share(outcome))
        inside = _holds(framework.in_scope, people)
        if _PASSED in people.collect_schema().names():
            inside = inside & ~nw.col(_PASSED).fill_null(False)
        people = people.with_columns(
            nw.when(inside).then(nw.col(_SHARE)).otherwise(nw.lit(None, dtype=nw.Float64)).alias(outcome.id),
            inside.cast(nw.Int64).alias(f"{outcome.id}_in_scope"),
        )
        own = [name for name in people.collect_schema().names() if not name.startswith(MARK)]
        people = people.select(*own)
        lines += _coverage(outcome, framework, people)
    return people, tuple(lines)


def _require(outcome: FrameworkOutcome, framework: Framework, people: Any, tables: Mapping[str, Any]) -> None:
    held = {name: frame.collect_schema().names() for name, frame in {"people": people, **tables}.items()}
    absent = [
        f"{table}.{column}"
        for table, column in _columns(outcome, framework, apart="costs" in tables)
        if column not in held.get(table, [])
    ]
    if absent:
        raise IndicatorFault(
            "FL-IND-07",
            f"the outcome {outcome.id} of {framework.id} is left without its questions",
            found=f"no column {listed(absent)}",
            fix="map the costs, the earnings and who is in scope, or use another framework",
        )


def _columns(outcome: FrameworkOutcome, framework: Framework, *, apart: bool) -> list[tuple[str, str]]:
    fields = known_items().fields
    top, bottom = outcome.numerator, outcome.denominator
    names = [top.sum, top.of] if top is not None else []
    names += [bottom.field] if bottom is not None else []
    found = [(fields[name].table if apart else "people", fields[name].column) for name in names]
    if apart:
        found += [("costs", EPISODE), ("episodes", EPISODE), ("episodes", PERSON), ("people", PERSON)]
    if outcome.recent_years is not None:
        found += [("episodes", DEPART), ("people", INTERVIEW)]
    scope = framework.in_scope
    return [*found, ("people", fields[scope.field].column)] if isinstance(scope, FieldIn) else found


def _holds(scope: Node, people: Any) -> nw.Expr:
    """Whether people are in scope; only a field with codes can say so here, and without one everybody is."""
    if isinstance(scope, FieldIn):
        return _text(known_items().fields[scope.field].column).is_in(scope.codes)
    first = people.collect_schema().names()[0]
    return nw.col(first).is_null() | ~nw.col(first).is_null()


def _cost_line(outcome: FrameworkOutcome, costs: Any) -> tuple[nw.Expr, nw.Expr]:
    """What a line adds to the numerator, and whether it leaves it open."""
    top, fields = outcome.numerator, known_items().fields
    assert top is not None
    payer, amount = _text(fields[top.of].column), nw.col(fields[top.sum].column).cast(nw.Float64)
    counts = payer.is_in(top.codes)
    open_line = payer.is_in(UNKNOWN_ANSWERS) | (counts & _unknown(amount))
    if ITEM in costs.collect_schema().names() and (top.except_items or top.items):
        meant = ~_text(ITEM).is_in(top.except_items)
        if top.items:
            meant = meant & _text(ITEM).is_in((*top.items, TOTAL))
        counts, open_line = counts & meant, open_line & meant
    paid = nw.when(counts & ~_unknown(amount)).then(amount).otherwise(nw.lit(0.0))
    return paid.alias(_SUM), open_line.cast(nw.Int64).alias(_OPEN)


def _episodes(outcome: FrameworkOutcome, costs: Any, episodes: Any) -> Any:
    """The ratio of every episode of a respondent."""
    whole = _text(ITEM) == TOTAL if ITEM in costs.collect_schema().names() else nw.col(EPISODE) != nw.col(EPISODE)
    lines = costs.with_columns(*_cost_line(outcome, costs), whole.cast(nw.Int64).alias(_WHOLE))
    kept = lines.select(EPISODE, _SUM, _OPEN, _WHOLE).join(
        lines.group_by(EPISODE).agg(nw.col(_WHOLE).max().alias(f"{_WHOLE}s")), on=EPISODE, how="left"
    )
    # a total beside its items is the same money told twice
    sums = kept.filter(nw.col(_WHOLE) == nw.col(f"{_WHOLE}s")).group_by(EPISODE)
    sums = sums.agg(nw.col(_SUM).sum(), nw.col(_OPEN).max())
    own = episodes.filter(~nw.col(PERSON).is_null())
    joined = own.join(sums, on=EPISODE, how="left").with_columns(
        nw.col(_SUM).fill_null(0.0), nw.col(_OPEN).fill_null(0).cast(nw.Int64)
    )
    return joined.with_columns(_share(outcome))


def _share(outcome: FrameworkOutcome) -> nw.Expr:
    bottom = outcome.denominator
    assert bottom is not None
    divisor = nw.col(known_items().fields[bottom.field].column).cast(nw.Float64)
    defined = (nw.col(_OPEN) == 0) & ~_unknown(divisor) & (divisor.fill_null(0.0) > 0)
    share = nw.col(_SUM) / nw.when(defined).then(divisor).otherwise(nw.lit(1.0))
    return nw.when(defined).then(share).otherwise(nw.lit(None, dtype=nw.Float64)).alias(_SHARE)


def _chosen_episode(outcome: FrameworkOutcome, episodes: Any, people: Any) -> Any:
    """One row a person: the ratio of the episode that counts, the highest of several of one day; who is out of time."""
    dated = DEPART in episodes.collect_schema().names()
    if not dated:
        episodes = episodes.with_columns(nw.lit(0).alias(DEPART))
    grouped = episodes.group_by(PERSON)
    day = nw.col(DEPART).max() if outcome.episode == "last" else nw.col(DEPART).min()
    episodes = episodes.join(grouped.agg(day.alias(_LATEST)), on=PERSON, how="left")
    chosen = episodes.filter(nw.col(_LATEST).is_null() | (nw.col(DEPART) == nw.col(_LATEST)).fill_null(False))
    passed: list[str] = []
    if outcome.recent_years is not None:
        chosen = _passed(chosen, people, outcome.recent_years)
        passed = [_PASSED]
    # an undefined ratio among episodes of one day leaves the person's undefined
    undefined = nw.col(_SHARE).is_null().cast(nw.Int64).alias(_OPEN)
    best = chosen.with_columns(undefined).group_by(PERSON)
    best = best.agg(nw.col(_SHARE).max(), nw.col(_OPEN).max(), *(nw.col(name).max() for name in passed))
    share = nw.when(nw.col(_OPEN) == 0).then(nw.col(_SHARE)).otherwise(nw.lit(None, dtype=nw.Float64))
    return best.select(PERSON, share.alias(_SHARE), *((nw.col(name) == 1).alias(name) for name in passed))


def _passed(episodes: Any, people: Any, years: int) -> Any:
    """Say who left too long before the interview; of whom a date is not known the ratio is not defined."""
    told = [name for name in people.collect_schema().names() if name in (INTERVIEW, f"{INTERVIEW}_precision")]
    rows = episodes.join(people.select(PERSON, *told), on=PERSON, how="left")
    schema = dict(rows.collect_schema())
    left, met = DateColumn(DEPART, f"{MARK}left_"), DateColumn(INTERVIEW, f"{MARK}met_")
    rows = rows.with_columns(*left.parts(schema), *met.parts(schema))
    rows = with_day_numbers(rows, {f"{MARK}out": left.highest(), f"{MARK}since": met.lowest(-12 * years)})
    known = left.is_known & met.is_known
    return rows.with_columns(
        (known & (nw.col(f"{MARK}out") < nw.col(f"{MARK}since"))).cast(nw.Int64).alias(_PASSED),
        nw.when(known).then(nw.col(_SHARE)).otherwise(nw.lit(None, dtype=nw.Float64)).alias(_SHARE),
    )


def _coverage(outcome: FrameworkOutcome, framework: Framework, people: Any) -> Sequence[CoverageLine]:
    """The outcome itself: how many people are in scope, and of how many the ratio is undefined."""
    inside = nw.col(f"{outcome.id}_in_scope")
    undefined = (nw.col(outcome.id).is_null() & (inside == 1)).cast(nw.Int64).alias(_OPEN)
    counted: Any = people.select(inside.alias(_SUM), undefined).select(nw.all().sum())
    row = (counted.collect() if isinstance(counted, nw.LazyFrame) else counted).rows()[0]
    rows, unknown = (int(total or 0) for total in row)
    return [
        CoverageLine(
            framework=framework.id,
            kind="ratio",
            id=outcome.id,
            column=outcome.id,
            in_instrument=True,
            rows=rows,
            unknown=unknown,
        )
    ]


def _text(column: str) -> nw.Expr:
    return nw.col(column).cast(nw.String).fill_null(MISSING)


def _unknown(number: nw.Expr) -> nw.Expr:
    """Null or NaN: pandas and polars differ in which of them a missing number is."""
    return ~(number.fill_null(-1.0) >= 0)
