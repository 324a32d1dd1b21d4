"""Parts of dates and time between them, in whole numbers that every engine computes alike. Null-free columns in, Float64 out."""

from __future__ import annotations

import narwhals as nw

from fl_estimate.schema.grammar import DatePart, Elapsed


def part_of(when: nw.Expr, which: DatePart) -> nw.Expr:
    """Give the year, the month (1 to 12) or the day (1 to 31) of a moment."""
    return _whole(when, which).cast(nw.Float64)


def elapsed(start: nw.Expr, end: nw.Expr, which: Elapsed) -> nw.Expr:
    """Give the completed years, the completed months or the days from one moment to another; negative if it lies before.

    Somebody born on 29 February is a year older on 1 March of other years.
    """
    if which == "days_between":
        return (_day_number(end) - _day_number(start)).cast(nw.Float64)
    months = (_whole(end, "year") - _whole(start, "year")) * 12 + _whole(end, "month") - _whole(start, "month")
    completed = months - (_whole(end, "day") < _whole(start, "day")).cast(nw.Int64)
    return (completed if which == "months_between" else completed // 12).cast(nw.Float64)


def _whole(when: nw.Expr, which: DatePart) -> nw.Expr:
    of: dict[DatePart, nw.Expr] = {"year": when.dt.year(), "month": when.dt.month(), "day": when.dt.day()}
    return of[which].cast(nw.Int64)


def _day_number(when: nw.Expr) -> nw.Expr:
    """Count days in the Gregorian calendar: durations differ between engines, whole numbers do not.

    Years begin in March, so that the leap day is their last (a standard algorithm for the civil calendar).
    """
    year, month, day = (_whole(when, which) for which in ("year", "month", "day"))
    early = (month <= 2).cast(nw.Int64)
    year = year - early
    from_march = month - 3 + 12 * early
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * from_march + 2) // 5 + day
