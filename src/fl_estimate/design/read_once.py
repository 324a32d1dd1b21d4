"""Sums of lazily classified people: one pass over the rows for the check of their answers and the first sums, none for the same again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import narwhals as nw
import numpy as np

from fl_estimate.design.kept_totals import totals_by_file
from fl_estimate.design.small_table import GroupingKey, Totals
from fl_estimate.design.totals import Frame, totals
from fl_estimate.inputs.unread_rows import TableKey, UnreadRows

Sums = Mapping[Any, tuple[str, ...]]


def totals_once(
    frame: Frame, unread: UnreadRows | None, *, keys: tuple[str, ...], columns: Mapping[str, nw.Expr], sums: Sums
) -> Totals:
    """As `totals`; of classified people whose rows are `unread` their answers are checked in the same pass.

    What was read of such people is kept: the same sums, and rows by fewer keys, are not read again.

    Raises
    ------
    EstimateFault
        As `totals`.
    IndicatorFault
        FL-IND-06: cells that are no answers.
    """
    if unread is None or nw.to_native(frame) is not unread.people:
        if unread is not None:
            unread.settle()
            unread.rows_are_read()
        return totals(frame, keys=keys, columns=columns, sums=sums)
    key = totals_key(keys, columns, sums)
    if key is not None and unread.is_settled:
        known = unread.tables.get(key) or (_by_fewer_keys(unread, keys) if not sums else None)
        if known is not None:
            return known
    if key is not None and unread.kept is not None:
        table = totals_by_file(unread.kept, repr(key), keys=keys, columns=columns, sums=sums)
        unread.told(table.counted)
    elif unread.is_settled:
        table = totals(frame, keys=keys, columns=columns, sums=sums)
    else:
        table = _checked(unread, keys, columns, sums)
    if key is not None:
        unread.keep(key, table)
    return table


def _checked(unread: UnreadRows, keys: tuple[str, ...], columns: Mapping[str, nw.Expr], sums: Sums) -> Totals:
    """The sums, with the flags of the answers added up beside them."""
    table = totals(unread.frame, keys=keys, columns=columns, sums=sums, counted=unread.flags)
    unread.told(table.counted)
    return table


def totals_key(keys: tuple[str, ...], columns: Mapping[str, nw.Expr], sums: Sums) -> TableKey | None:
    """What was asked, spelled out; None where an expression does not say all of itself."""
    used = {name for product in sums.values() for name in product}
    told = tuple((name, repr(columns[name])) for name in sorted(used))
    if any("..." in text or " at 0x" in text for _, text in told):
        return None
    return keys, told, tuple(sums.items())


def _by_fewer_keys(unread: UnreadRows, keys: tuple[str, ...]) -> Totals | None:
    """Rows by some of the keys of a table that was read."""
    for table in unread.tables.values():
        if keys and set(keys) <= set(table.keys):
            return rows_by(table, keys)
    return None


def rows_by(table: Totals, keys: tuple[str, ...]) -> Totals:
    """Rows of a small table by some of its keys: whole numbers, so that it is as if they had been counted."""
    known = [table.keys[name] for name in keys]
    order = np.lexsort([key.codes for key in known[::-1]])
    if not len(order):
        return Totals(keys=dict(zip(keys, known, strict=True)), sums={}, n=table.n)
    codes = np.stack([key.codes[order] for key in known])
    starts = np.flatnonzero(np.append(True, (codes[:, 1:] != codes[:, :-1]).any(axis=0)))
    named = {
        name: GroupingKey(codes=code[starts], levels=key.levels)
        for name, code, key in zip(keys, codes, known, strict=True)
    }
    return Totals(keys=named, sums={}, n=np.add.reduceat(table.n[order], starts))
