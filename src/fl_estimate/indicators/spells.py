"""Spells against the clock: which rows lie in the reference period, which on the reference day, and how old their persons were."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import narwhals as nw

from fl_estimate.indicators.clock import (
    AGED,
    DAY,
    FROM,
    HIGHEST,
    LOWEST,
    MET,
    TO,
    Clock,
    birthday,
    limits,
)
from fl_estimate.indicators.columns import MARK, AnswerColumn, ColumnReading
from fl_estimate.indicators.criteria import FieldWithin
from fl_estimate.indicators.day_numbers import NEVER, DateColumn, earlier, later, settled, with_day_numbers
from fl_estimate.indicators.evaluation import Evaluation
from fl_estimate.indicators.items import AGE, Items
from fl_estimate.indicators.logic import TRUE, Value, all_of, certain

if TYPE_CHECKING:
    from fl_estimate.indicators.framework import Framework

DAYS_A_MONTH = 365.25 / 12
BEGAN, ENDED, OPENS, CLOSES = (f"{MARK}{name}" for name in ("began", "ended", "opens", "closes"))
IN_TIME, ON_DAY, MEASURED = (f"{MARK}{name}" for name in ("in_time", "on_day", "measured"))
_HELD = f"{MARK}held"
Test = Callable[[FieldWithin], Value]


def spell_days(rows: Any, clock: Clock) -> Any:
    """Add to rows, which carry the days of their persons, the bounds of the spell and of its overlap with the period.

    Notes
    -----
    A spell ends on or after the day it begins, so that an end in the period settles it whatever the beginning was, and the
    other way round. What goes on at the interview had not ended before it; what does not go on had. A spell that is
    said to go on although its end is before the interview contradicts itself: its end is not known.
    """
    schema = dict(rows.collect_schema())
    start, end = (
        DateColumn(name, f"{MARK}{mark}_") if name else None
        for name, mark in zip(clock.spell, ("start", "end"), strict=True)
    )
    parts = [part for each in (start, end) if each is not None for part in each.parts(schema)]
    held: nw.Expr = nw.lit("missing")
    if clock.ongoing and schema[clock.ongoing] != nw.Unknown:
        held = nw.col(clock.ongoing).cast(nw.String).fill_null("missing")
    rows = rows.with_columns(*parts, held.alias(_HELD))
    days = {
        f"{each.mark}{side}": each.lowest() if side == LOWEST else each.highest()
        for each in (start, end)
        if each is not None
        for side in (LOWEST, HIGHEST)
    }
    rows = with_day_numbers(rows, days)
    bounds = {f"{BEGAN}{side}": _date_bound(start, side) for side in (LOWEST, HIGHEST)}
    bounds |= {f"{ENDED}{side}": _date_bound(end, side) for side in (LOWEST, HIGHEST)}
    measured = (start.is_known if start is not None else nw.lit(False)) & (
        _goes_on() | (end.is_known if end is not None else nw.lit(False))
    )
    rows = _whole(rows, {**bounds, MEASURED: measured})
    rows = _whole(rows, _by_interview(end))
    began, ended = nw.col(f"{BEGAN}{HIGHEST}"), nw.col(f"{ENDED}{LOWEST}")
    last, first = nw.col(f"{ENDED}{HIGHEST}"), nw.col(f"{BEGAN}{LOWEST}")
    rows = _whole(
        rows,
        {
            f"{BEGAN}{HIGHEST}": later(earlier(began, last), first),
            f"{ENDED}{LOWEST}": earlier(later(ended, first), last),
        },
    )
    return _whole(rows, {**_overlap(), **_in_time(clock), **_on_day(clock)})


def _whole(rows: Any, values: dict[str, nw.Expr]) -> Any:
    """Write days as whole numbers, and what is yes or no as it is."""
    bits = {MEASURED, *(f"{name}{side}" for name in (IN_TIME, ON_DAY) for side in ("", "_possible"))}
    return settled(
        rows.with_columns(
            *((value if name in bits else value.cast(nw.Int64)).alias(name) for name, value in values.items())
        )
    )


def _date_bound(column: DateColumn | None, side: str) -> nw.Expr:
    """The earliest or latest day that a date may be; a date that is not known may be any."""
    unknown = nw.lit(-NEVER if side == LOWEST else NEVER)
    if column is None:
        return unknown
    return nw.when(column.is_known).then(nw.col(f"{column.mark}{side}")).otherwise(unknown)


def _goes_on() -> nw.Expr:
    return nw.col(_HELD) == "yes"


def _by_interview(end: DateColumn | None) -> dict[str, nw.Expr]:
    """What the interview says of the bounds: nothing that is told there begins after it."""
    first, latest = nw.col(f"{BEGAN}{LOWEST}"), nw.col(f"{BEGAN}{HIGHEST}")
    soonest, last = nw.col(f"{ENDED}{LOWEST}"), nw.col(f"{ENDED}{HIGHEST}")
    known = end.is_known if end is not None else nw.lit(False)
    over = nw.col(_HELD) == "no"
    before = later(soonest, earlier(last, nw.col(f"{MET}{HIGHEST}") - 1))
    return {
        f"{BEGAN}{HIGHEST}": later(first, earlier(latest, nw.col(f"{MET}{HIGHEST}"))),
        f"{ENDED}{LOWEST}": nw.when(_goes_on() & ~known).then(nw.col(f"{MET}{LOWEST}")).otherwise(soonest),
        f"{ENDED}{HIGHEST}": nw.when(_goes_on())
        .then(nw.lit(NEVER))
        .otherwise(nw.when(over).then(before).otherwise(last)),
    }


def _overlap() -> dict[str, nw.Expr]:
    """The first and last day of the spell within the period, each earliest and latest."""
    result: dict[str, nw.Expr] = {}
    for side in (LOWEST, HIGHEST):
        result[f"{OPENS}{side}"] = later(nw.col(f"{BEGAN}{side}"), nw.col(f"{FROM}{side}"))
        result[f"{CLOSES}{side}"] = earlier(nw.col(f"{ENDED}{side}"), nw.col(f"{TO}{side}"))
    return result


def _in_time(clock: Clock) -> dict[str, nw.Expr]:
    """Whether the spell and the period have a day in common: surely, possibly."""
    surely = (nw.col(f"{BEGAN}{HIGHEST}") <= nw.col(f"{TO}{LOWEST}")) & (
        nw.col(f"{ENDED}{LOWEST}") >= nw.col(f"{FROM}{HIGHEST}")
    )
    possibly = (nw.col(f"{BEGAN}{LOWEST}") <= nw.col(f"{TO}{HIGHEST}")) & (
        nw.col(f"{ENDED}{HIGHEST}") >= nw.col(f"{FROM}{LOWEST}")
    )
    # a period that ends with the interview has in it what goes on then, whenever the interview was
    ends_there = _goes_on() if clock.rolls else nw.lit(False)
    return {IN_TIME: surely | ends_there, f"{IN_TIME}_possible": possibly | surely | ends_there}


def _on_day(clock: Clock) -> dict[str, nw.Expr]:
    """Whether the spell holds the reference day: surely, possibly."""
    surely = (nw.col(f"{BEGAN}{HIGHEST}") <= nw.col(f"{DAY}{LOWEST}")) & (
        nw.col(f"{ENDED}{LOWEST}") >= nw.col(f"{DAY}{HIGHEST}")
    )
    possibly = (nw.col(f"{BEGAN}{LOWEST}") <= nw.col(f"{DAY}{HIGHEST}")) & (
        nw.col(f"{ENDED}{HIGHEST}") >= nw.col(f"{DAY}{LOWEST}")
    )
    if clock.day_is_interview:
        over = nw.col(_HELD) == "no"
        surely, possibly = (surely | _goes_on()) & ~over, (possibly | _goes_on()) & ~over
    return {ON_DAY: surely, f"{ON_DAY}_possible": possibly | surely}


NARROW, WIDE = "narrow", "wide"
Stretch = tuple[nw.Expr, nw.Expr]
"""The first and the last day of a stretch; a last day before the first is no day."""


def stretches_in_overlap(ages: tuple[int | None, int | None]) -> dict[str, Stretch]:
    """The spell within the period at the ages from one to below another, in its narrowest and its widest reading."""
    opens = {side: nw.col(f"{OPENS}{side}") for side in (LOWEST, HIGHEST)}
    closes = {side: nw.col(f"{CLOSES}{side}") for side in (LOWEST, HIGHEST)}
    least, most = ages
    for side in (LOWEST, HIGHEST):
        if least is not None:
            opens[side] = later(opens[side], nw.col(f"{birthday(least)}{side}"))
        if most is not None:
            closes[side] = earlier(closes[side], nw.col(f"{birthday(most)}{side}") - 1)
    return {NARROW: (opens[HIGHEST], closes[LOWEST]), WIDE: (opens[LOWEST], closes[HIGHEST])}


def months_in_overlap(stretches: dict[str, Stretch]) -> tuple[nw.Expr, nw.Expr]:
    """Months of the stretches of `stretches_in_overlap`, and whether they are known.

    Of dates known to a month or a year the mean of the narrowest and the widest reading; not known where a date is not,
    unless all readings agree.
    """
    narrow, wide = (later(closes - opens + 1, nw.lit(0)) for opens, closes in (stretches[NARROW], stretches[WIDE]))
    known = (nw.col(MEASURED) & (wide < NEVER)) | (narrow == wide)
    return (narrow + wide).cast(nw.Float64) / (2 * DAYS_A_MONTH), known


# --- ages in the overlap ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ages:
    """Ages over a stretch of days: columns of its first and of its last day, without their endings.

    `stretch` is that of a spell in the period, the whole period of a person, or a day twice.
    """

    first: str
    last: str

    def within(self, test: FieldWithin) -> Value:
        """Whether the age is inside the limits on some day of the stretch; unknown where it is not known."""
        least, most = limits(test)
        found = TRUE
        if least is not None:
            name = birthday(least)
            found = all_of([found, _reaches(self.last, name)])
        if most is not None:
            name = birthday(most)
            surely = nw.col(f"{self.first}{HIGHEST}") < nw.col(f"{name}{LOWEST}")
            possibly = nw.col(f"{self.first}{LOWEST}") < nw.col(f"{name}{HIGHEST}")
            found = all_of([found, Value(surely, possibly)])
        return found


def _reaches(last: str, name: str) -> Value:
    return Value(
        nw.col(f"{last}{LOWEST}") >= nw.col(f"{name}{HIGHEST}"), nw.col(f"{last}{HIGHEST}") >= nw.col(f"{name}{LOWEST}")
    )


OVER_SPELL, OVER_PERIOD = Ages(OPENS, CLOSES), Ages(FROM, TO)


def ages_of_work(clock: Clock) -> Ages:
    """The days of a row at which ages are taken: those of the spell in the period, or the period where it has no dates."""
    return OVER_SPELL if clock.dated else OVER_PERIOD


def ages_of_stock(clock: Clock) -> Ages:
    """The day of the stock: the reference day, or the interview where only a question says that the work goes on."""
    return Ages(DAY, DAY) if clock.dated else Ages(MET, MET)


class AgedReading:
    """The answers of a table, with the age on some day of a stretch in place of a column of ages.

    `side`: None reads the age with its three answers; "surely" and "possibly" take one side for both, and an age that is
    not known at all as no age.
    """

    def __init__(self, reading: ColumnReading, ages: Ages, column: str, side: str | None = None) -> None:
        self._reading, self._ages, self._column, self._side = reading, ages, column, side

    def item(self, item: str, phase: str | None, /) -> Value:
        return self._reading.item(item, phase)

    def codes(self, field: str, codes: tuple[str, ...], /) -> Value:
        return self._reading.codes(field, codes)

    def within(self, test: FieldWithin, /) -> Value:
        if test.field != AGE:
            return self._reading.within(test)
        aged = nw.col(AGED)
        self._reading.columns.setdefault(self._column, AnswerColumn(self._column, AGE, "", ~aged, aged & ~aged))
        result = self._ages.within(test)
        if self._side is None:
            return result
        bit = result.surely if self._side == "surely" else result.possibly
        return all_of([Value(bit, bit), Value(aged, aged)])

    def has(self, name: str, /) -> bool:
        return self._reading.has(name)

    def keep(self, value: Value, /) -> Value:
        return self._reading.keep(value)

    @property
    def known(self) -> Items:
        return self._reading.known

    def at(self, side: str) -> AgedReading:
        """The same, by one side of the age."""
        return AgedReading(self._reading, self._ages, self._column, side)


class TimedEvaluation(Evaluation):
    """Values of a table whose ages belong to a stretch of days: an age that is not sure leaves the scope unsure.

    Somebody of whom no age is known is out of scope, as is everybody whose other traits of the scope are unknown.
    """

    def __init__(self, reading: AgedReading) -> None:
        super().__init__(reading)
        self._sides = [Evaluation(reading.at(side)) for side in ("surely", "possibly")]

    def scope(self, framework: Framework) -> Value:
        return self._once(("scope", framework.id), lambda: self._between(framework))

    def _between(self, framework: Framework) -> Value:
        surely, possibly = (certain(side.population(framework)) for side in self._sides)
        return Value(surely.surely, possibly.surely, max(surely.depth, possibly.depth))
