"""Dates as offices write them: a column of dates, a text, a number, or columns of year, month and day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fl_estimate.loaders.mapping_parts import CENTURY_MONTH, VariableRule

if TYPE_CHECKING:
    import polars as pl

_DAY, _MONTH, _YEAR = "day", "month", "year"
Dated = tuple["pl.Expr", "pl.Expr", "pl.Expr | None"]


def dated(rule: VariableRule, schema: pl.Schema) -> Dated:
    """Read a date.

    Returns
    -------
    value : expression
        The date; the first day of the month or year where no more is known.
    precision : expression
        day, month or year.
    broken : expression or None
        Where something is written that is no date.

    Notes
    -----
    Without a `format` a text or number is read as year-month-day, year-month or year. A month or day that does not
    exist (98 for "does not know") leaves the date at the year or month.
    """
    import polars as pl

    if rule.year is not None:
        return _of_parts(rule)
    name = rule.column or ""
    dtype, column = schema[name], pl.col(name)
    if dtype == pl.Date or dtype == pl.Datetime:
        date = column.cast(pl.Date)
        return date, _known_precision(date, {_DAY: date}), None
    gone = column.cast(pl.String).is_in([str(code) for code in rule.missing]) if rule.missing else pl.lit(False)
    if dtype.is_numeric():
        whole = column.cast(pl.Float64).fill_nan(None).cast(pl.Int64, strict=False)
        if rule.format == CENTURY_MONTH:
            year, month = 1900 + (whole - 1) // 12, (whole - 1) % 12 + 1
            date = pl.when(~gone & (whole > 0)).then(_date(year, month, pl.lit(1)))
            return date, _known_precision(date, {_MONTH: date}), column.is_not_null() & ~gone & date.is_null()
        column = whole.cast(pl.String)
    text = column.cast(pl.String).str.strip_chars().replace("", None)
    text = pl.when(~gone).then(text)
    found = _with_format(text, rule.format) if rule.format else _iso(text)
    date = pl.coalesce(found.values())
    return date, _known_precision(date, found), text.is_not_null() & date.is_null()


def _of_parts(rule: VariableRule) -> Dated:
    import polars as pl

    def part(name: str | None) -> pl.Expr:
        if name is None:
            return pl.lit(None, dtype=pl.Int64)
        number = (
            pl.col(name).cast(pl.String).str.strip_chars().cast(pl.Float64, strict=False).cast(pl.Int64, strict=False)
        )
        gone = pl.col(name).cast(pl.String).is_in([str(code) for code in rule.missing])
        return pl.when(~gone).then(number) if rule.missing else number

    year, month, day = part(rule.year), part(rule.month), part(rule.day)
    first = pl.lit(1)
    found = {_DAY: _date(year, month, day), _MONTH: _date(year, month, first), _YEAR: _date(year, first, first)}
    date = pl.coalesce(found.values())
    return date, _known_precision(date, found), year.is_not_null() & date.is_null()


def _date(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    """Put a date together; null where there is no such day."""
    import polars as pl

    padded = [year.cast(pl.String).str.zfill(4), month.cast(pl.String).str.zfill(2), day.cast(pl.String).str.zfill(2)]
    return pl.concat_str(padded, separator="-").str.to_date("%Y-%m-%d", strict=False)


def _iso(text: pl.Expr) -> dict[str, pl.Expr]:
    month = text.str.contains(r"^\d{4}-?\d{2}$")
    year = text.str.contains(r"^\d{4}$")
    digits = text.str.replace_all("-", "", literal=True)
    whole = text.str.contains(r"^\d{4}-\d{2}-\d{2}([T ].*)?$")
    import polars as pl

    return {
        _DAY: pl.when(whole).then(text.str.slice(0, 10)).str.to_date("%Y-%m-%d", strict=False),
        _MONTH: pl.when(month).then(digits + "01").str.to_date("%Y%m%d", strict=False),
        _YEAR: pl.when(year).then(digits + "0101").str.to_date("%Y%m%d", strict=False),
    }


def _with_format(text: pl.Expr, written: str) -> dict[str, pl.Expr]:
    if any(sign in written for sign in ("%d", "%e", "%j", "%F", "%D")):
        # a number that begins with a zero has lost it: 5012020 for 05012020
        return {_DAY: text.str.to_date(written, strict=False)}
    if any(sign in written for sign in ("%m", "%b", "%B")):
        return {_MONTH: (text + "\x1f1").str.to_date(f"{written}\x1f%d", strict=False)}
    return {_YEAR: (text + "\x1f1\x1f1").str.to_date(f"{written}\x1f%m\x1f%d", strict=False)}


def _known_precision(date: pl.Expr, parts: dict[str, pl.Expr]) -> pl.Expr:
    """Say how much of each date is known."""
    import polars as pl

    precision = pl.lit(None, dtype=pl.String)
    for word, each in reversed(parts.items()):
        precision = pl.when(each.is_not_null()).then(pl.lit(word)).otherwise(precision)
    return pl.when(date.is_not_null()).then(precision)
