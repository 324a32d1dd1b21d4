"""Months of a person: the days of all their spells, each counted once, on any narwhals engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw

from fl_estimate.indicators.columns import MARK
from fl_estimate.indicators.day_numbers import FAR, later, settled
from fl_estimate.indicators.rows import stretch_column
from fl_estimate.indicators.spells import CLOSES, DAYS_A_MONTH, NARROW, OPENS, WIDE

_REACHED, _DAYS = ":reached", ":days"
_READINGS = (NARROW, WIDE)


def with_union(rows: Any, months: Sequence[str], person: str) -> tuple[Any, list[str]]:
    """Add to rows the days that each adds to those of the person's other spells.

    Parameters
    ----------
    rows : narwhals frame
        With the columns of `stretch_column`; without any of them nothing is added.
    months : sequence of str
        Names of the columns of months.
    person : str
        Column of the person.

    Returns
    -------
    rows : narwhals frame
    days : list of str
        Columns whose sums by person are the days of the union, in the narrowest and the widest reading: `union_days`.

    Notes
    -----
    In the order of their first days a stretch adds what lies after the latest day that those before it reached. Rows that
    tie in both days are the same stretch, so that their order does not matter.
    """
    held = set(rows.collect_schema().names())
    stems = [
        name
        for each in months
        for position in range(len(held))
        for reading in _READINGS
        if f"{(name := stretch_column(each, position, reading))}{OPENS}" in held
    ]
    if not stems:
        return rows, []

    def within(value: nw.Expr, name: str) -> nw.Expr:
        return value.over(person, order_by=[f"{name}{OPENS}", f"{name}{CLOSES}"])

    rows = settled(
        rows.with_columns(
            within(nw.col(f"{name}{CLOSES}").cum_max(), name).alias(f"{name}{_REACHED}") for name in stems
        )
    )
    rows = settled(
        rows.with_columns(
            within(nw.col(f"{name}{_REACHED}").shift(1), name).fill_null(-FAR).cast(nw.Int64).alias(f"{name}{_DAYS}")
            for name in stems
        )
    )
    return rows.with_columns(_added(name).alias(f"{name}{_DAYS}") for name in stems), [f"{n}{_DAYS}" for n in stems]


def _added(name: str) -> nw.Expr:
    before, opens, closes = nw.col(f"{name}{_DAYS}"), nw.col(f"{name}{OPENS}"), nw.col(f"{name}{CLOSES}")
    return later(closes - later(opens, before + 1) + 1, nw.lit(0)).cast(nw.Int64)


def union_months(name: str, days: Sequence[str]) -> tuple[nw.Expr, nw.Expr]:
    """Months of the union, the mean of its narrowest and widest reading, and whether both agree."""
    of_name = [each for each in days if each.startswith(f"{MARK}{name}:")]
    narrow, wide = (
        sum((nw.col(each) for each in of_name if f":{reading}:" in each), nw.lit(0)) for reading in _READINGS
    )
    return (narrow + wide).cast(nw.Float64) / (2 * DAYS_A_MONTH), narrow == wide
