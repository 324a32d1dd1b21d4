"""Days as whole numbers, on any narwhals engine: a date known to the day, the month or the year is an earliest and a latest day.

Days are counted from 1 January 1970. Arithmetic on whole numbers is the same everywhere; dates and months of engines are not.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import narwhals as nw

from fl_estimate.errors import IndicatorFault

NEVER = 10_000_000
"""Later than any day, and with a minus earlier: a bound that is not known."""
FAR = 2 * NEVER
"""Later than never: the birthday of somebody whose age is taken as the same on every day."""
_FIRST_YEAR_DAYS = 719_469
"""From 1 March of the year 0, counted from 1, to 1 January 1970."""
_SAFE_MONTH = 24_000
"""January 2000: what stands in where there is no date, so that the arithmetic goes through."""
_PRECISIONS = ("day", "month", "year")


def day_of(date: dt.date) -> int:
    """The number of a day."""
    return (date - dt.date(1970, 1, 1)).days


Moved = tuple[nw.Expr, nw.Expr | int, nw.Expr | int]
"""A day of a month: the month, counted from January of the year 0, its day, and days to be added."""


def with_day_numbers(frame: Any, days: Mapping[str, Moved]) -> Any:
    """Add the numbers of days as columns.

    In steps, each of columns that are there already: an expression within expressions is written out by some engines
    every time that it is used. 29 February of a year without one is 1 March.
    """
    if not days:
        return frame
    frame = frame.with_columns(
        # years that begin in March put the leap day last
        *((month - 2).cast(nw.Int64).alias(f"{name}_m") for name, (month, _, _) in days.items()),
        *((nw.lit(0) + day + offset).cast(nw.Int64).alias(f"{name}_d") for name, (_, day, offset) in days.items()),
    )
    frame = frame.with_columns((nw.col(f"{name}_m") // 12).cast(nw.Int64).alias(f"{name}_y") for name in days)
    return settled(frame.with_columns(_number(name).alias(name) for name in days))


_ALL_ROWS = 2**62


def settled(frame: Any) -> Any:
    """Keep DuckDB from writing the columns of a frame out again wherever they are used.

    It merges projections, and expressions of expressions grow without bound. A limit that no table reaches stands between.
    """
    return frame.head(_ALL_ROWS) if frame.implementation.is_duckdb() else frame


def _number(name: str) -> nw.Expr:
    year, day = nw.col(f"{name}_y"), nw.col(f"{name}_d")
    in_year = nw.col(f"{name}_m") - 12 * year
    leap = (year // 4).cast(nw.Int64) - (year // 100).cast(nw.Int64) + (year // 400).cast(nw.Int64)
    return 365 * year + leap + ((153 * in_year + 2) // 5).cast(nw.Int64) + day - _FIRST_YEAR_DAYS


@dataclass(frozen=True, slots=True)
class DateColumn:
    """A column of dates with how much of each is known, taken apart into whole numbers.

    Attributes
    ----------
    name : str
        The column; how much of a date is known stands in ``<name>_precision`` (day, month, year; else: the day). A column
        of text holds 2023-06-15, 2023-06 or 2023.
    mark : str
        What the columns in between begin with.
    """

    name: str
    mark: str

    def parts(self, schema: Mapping[str, nw.dtypes.DType]) -> list[nw.Expr]:
        """Month and day of the earliest reading, the precision (0 day, 1 month, 2 year), and whether there is a date.

        Raises
        ------
        IndicatorFault
            FL-IND-25: the column holds no dates.
        """
        kind = schema[self.name]
        if kind == nw.Unknown or isinstance(kind, nw.Object):
            if isinstance(kind, nw.Object):
                raise _no_date(self.name, kind)
            empty = [nw.lit(_SAFE_MONTH), nw.lit(1), nw.lit(0), nw.lit(False)]
            return self._named(empty)
        if kind == nw.String:
            return self._named(self._of_text())
        if kind != nw.Date and not isinstance(kind, nw.Datetime):
            raise _no_date(self.name, kind)
        column = nw.col(self.name)
        year, month, day = (
            part.fill_null(1).cast(nw.Int64) for part in (column.dt.year(), column.dt.month(), column.dt.day())
        )
        text = f"{self.name}_precision"
        precision = nw.lit(0)
        if text in schema and schema[text] != nw.Unknown:
            word = nw.col(text).cast(nw.String).fill_null(_PRECISIONS[0])
            precision = nw.when(word == "month").then(nw.lit(1)).otherwise(precision)
            precision = nw.when(word == "year").then(nw.lit(2)).otherwise(precision)
        return self._named(_earliest(year, month, day, precision, ~column.is_null()))

    def _of_text(self) -> list[nw.Expr]:
        text = nw.col(self.name).fill_null("")
        length = text.str.len_chars()
        known = length >= 4

        def part(least: int, first: int, size: int, otherwise: str) -> nw.Expr:
            return (
                nw.when(length >= least).then(text.str.slice(first, size)).otherwise(nw.lit(otherwise)).cast(nw.Int64)
            )

        precision = (
            nw.when(length >= 10).then(nw.lit(0)).otherwise(nw.when(length >= 7).then(nw.lit(1)).otherwise(nw.lit(2)))
        )
        return _earliest(part(4, 0, 4, "2000"), part(7, 5, 2, "1"), part(10, 8, 2, "1"), precision, known)

    def _named(self, parts: list[nw.Expr]) -> list[nw.Expr]:
        *numbers, known = parts
        names = [f"{self.mark}{letter}" for letter in ("month", "day", "precision")]
        cast = [each.cast(nw.Int64).alias(name) for each, name in zip(numbers, names, strict=True)]
        return [*cast, known.alias(f"{self.mark}known")]

    @property
    def is_known(self) -> nw.Expr:
        """Whether there is a date at all."""
        return nw.col(f"{self.mark}known")

    def lowest(self, months: nw.Expr | int = 0, offset: int = 0) -> Moved:
        """The earliest day that the date may be, moved by months and then by days; wrong where there is no date."""
        return nw.col(f"{self.mark}month") + months, nw.col(f"{self.mark}day"), offset

    def highest(self, months: nw.Expr | int = 0, offset: int = 0) -> Moved:
        """The latest day that the date may be, moved likewise."""
        month, precision = nw.col(f"{self.mark}month"), nw.col(f"{self.mark}precision")
        whole = precision == 0
        after = month + nw.when(precision == 2).then(nw.lit(12)).otherwise(precision)
        day = nw.when(whole).then(nw.col(f"{self.mark}day")).otherwise(nw.lit(1))
        back = nw.when(whole).then(nw.lit(0)).otherwise(nw.lit(-1))
        return after + months, day, back + offset


def _earliest(year: nw.Expr, month: nw.Expr, day: nw.Expr, precision: nw.Expr, known: nw.Expr) -> list[nw.Expr]:
    """The earliest day that a date of this precision may be."""
    months = year * 12 + nw.when(precision == 2).then(nw.lit(0)).otherwise(month - 1)
    months = nw.when(known).then(months).otherwise(nw.lit(_SAFE_MONTH))
    day = nw.when(known & (precision == 0)).then(day).otherwise(nw.lit(1))
    return [months, day, precision, known]


def later(left: nw.Expr, right: nw.Expr) -> nw.Expr:
    """The later of two days that are both known or bounds."""
    return nw.when(left > right).then(left).otherwise(right)


def earlier(left: nw.Expr, right: nw.Expr) -> nw.Expr:
    """The earlier of two days."""
    return nw.when(left < right).then(left).otherwise(right)


def _no_date(name: str, kind: object) -> IndicatorFault:
    return IndicatorFault(
        "FL-IND-25",
        f"the column {name} must hold dates",
        found=f"type {kind}",
        fix="make it a column of dates, or of texts such as 2023-06-15, 2023-06 or 2023, with nulls where it is unknown",
    )
