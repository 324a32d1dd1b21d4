"""Outcomes that are a number: a sum over cost lines divided by a number of the episode (SDG 10.7.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import narwhals as nw

from fl_estimate.errors import IndicatorFault, listed
from fl_estimate.indicators.columns import MARK
from fl_estimate.indicators.coverage import CoverageLine
from fl_estimate.indicators.criteria import FieldIn, Node
from fl_estimate.indicators.items import MISSING, UNKNOWN_ANSWERS, known_items

if TYPE_CHECKING:
    from fl_estimate.indicators.answers import AnswerReading
    from fl_estimate.indicators.framework import Framework
    from fl_estimate.indicators.parts import Outcome

PERSON, EPISODE, ITEM, DEPART = "person_id", "episode_id", "item", "depart"
_SUM, _OPEN, _SHARE, _LATEST = (f"{MARK}{name}" for name in ("sum", "open", "share", "latest"))


def share_of_one(outcome: Outcome, reading: AnswerReading) -> float | None:
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
    Of several episodes the most recent (the latest `depart`) counts. An episode without any cost line cost nothing. A
    cost line of unknown amount or payer, or earnings that are unknown or not above zero, leave the ratio undefined.
    """
    lines: list[CoverageLine] = []
    for outcome in framework.outcomes:
        _require(outcome, framework, people, tables)
        if "costs" in tables:
            shares = _latest(_episodes(outcome, tables["costs"], tables["episodes"]))
            people = people.join(shares, on=PERSON, how="left")
        else:
            people = people.with_columns(*_cost_line(outcome, people)).with_columns(_share(outcome))
        inside = _holds(framework.in_scope, people)
        people = people.with_columns(
            nw.when(inside).then(nw.col(_SHARE)).otherwise(nw.lit(None, dtype=nw.Float64)).alias(outcome.id),
            inside.cast(nw.Int64).alias(f"{outcome.id}_in_scope"),
        )
        lines += _coverage(outcome, framework, people)
    return people, tuple(lines)


def _require(outcome: Outcome, framework: Framework, people: Any, tables: Mapping[str, Any]) -> None:
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


def _columns(outcome: Outcome, framework: Framework, *, apart: bool) -> list[tuple[str, str]]:
    fields = known_items().fields
    top, bottom = outcome.numerator, outcome.denominator
    names = [top.sum, top.of] if top is not None else []
    names += [bottom.field] if bottom is not None else []
    found = [(fields[name].table if apart else "people", fields[name].column) for name in names]
    if apart:
        found += [("costs", EPISODE), ("episodes", EPISODE), ("episodes", PERSON), ("people", PERSON)]
    scope = framework.in_scope
    return [*found, ("people", fields[scope.field].column)] if isinstance(scope, FieldIn) else found


def _holds(scope: Node, people: Any) -> nw.Expr:
    """Whether people are in scope; only a field with codes can say so here, and without one everybody is."""
    if isinstance(scope, FieldIn):
        return _text(known_items().fields[scope.field].column).is_in(scope.codes)
    first = people.collect_schema().names()[0]
    return nw.col(first).is_null() | ~nw.col(first).is_null()


def _cost_line(outcome: Outcome, costs: Any) -> tuple[nw.Expr, nw.Expr]:
    """What a line adds to the numerator, and whether it leaves it open."""
    top, fields = outcome.numerator, known_items().fields
    assert top is not None
    payer, amount = _text(fields[top.of].column), nw.col(fields[top.sum].column).cast(nw.Float64)
    counts = payer.is_in(top.codes)
    open_line = payer.is_in(UNKNOWN_ANSWERS) | (counts & _unknown(amount))
    if ITEM in costs.collect_schema().names() and top.except_items:
        meant = ~_text(ITEM).is_in(top.except_items)
        counts, open_line = counts & meant, open_line & meant
    paid = nw.when(counts & ~_unknown(amount)).then(amount).otherwise(nw.lit(0.0))
    return paid.alias(_SUM), open_line.cast(nw.Int64).alias(_OPEN)


def _episodes(outcome: Outcome, costs: Any, episodes: Any) -> Any:
    """The ratio of every episode of a respondent."""
    sums = costs.with_columns(*_cost_line(outcome, costs)).group_by(EPISODE)
    sums = sums.agg(nw.col(_SUM).sum(), nw.col(_OPEN).max())
    own = episodes.filter(~nw.col(PERSON).is_null())
    joined = own.join(sums, on=EPISODE, how="left").with_columns(
        nw.col(_SUM).fill_null(0.0), nw.col(_OPEN).fill_null(0).cast(nw.Int64)
    )
    return joined.with_columns(_share(outcome))


def _share(outcome: Outcome) -> nw.Expr:
    bottom = outcome.denominator
    assert bottom is not None
    divisor = nw.col(known_items().fields[bottom.field].column).cast(nw.Float64)
    defined = (nw.col(_OPEN) == 0) & ~_unknown(divisor) & (divisor.fill_null(0.0) > 0)
    share = nw.col(_SUM) / nw.when(defined).then(divisor).otherwise(nw.lit(1.0))
    return nw.when(defined).then(share).otherwise(nw.lit(None, dtype=nw.Float64)).alias(_SHARE)


def _latest(episodes: Any) -> Any:
    """One row a person: the ratio of the most recent episode, the highest of several of one day."""
    names = episodes.collect_schema().names()
    if DEPART not in names:
        episodes = episodes.with_columns(nw.lit(0).alias(DEPART))
    latest = episodes.group_by(PERSON).agg(nw.col(DEPART).max().alias(_LATEST))
    chosen = episodes.join(latest, on=PERSON, how="left").filter(
        nw.col(_LATEST).is_null() | (nw.col(DEPART) == nw.col(_LATEST)).fill_null(False)
    )
    # an undefined ratio among episodes of one day leaves the person's undefined
    undefined = nw.col(_SHARE).is_null().cast(nw.Int64).alias(_OPEN)
    best = chosen.with_columns(undefined).group_by(PERSON).agg(nw.col(_SHARE).max(), nw.col(_OPEN).max())
    share = nw.when(nw.col(_OPEN) == 0).then(nw.col(_SHARE)).otherwise(nw.lit(None, dtype=nw.Float64))
    return best.select(PERSON, share.alias(_SHARE))


def _coverage(outcome: Outcome, framework: Framework, people: Any) -> Sequence[CoverageLine]:
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
