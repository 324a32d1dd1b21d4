"""Sums of lazily classified people: one pass over the rows for the check of their answers and the first sums, none for the same again."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

import narwhals as nw
import numpy as np

from fl_estimate.design.kept_totals import totals_by_file
from fl_estimate.design.small_table import GroupingKey, Totals
from fl_estimate.design.summed_together import SumsAsked, totals_together
from fl_estimate.design.totals import Frame, totals
from fl_estimate.errors import FlError
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
    if key is not None and unread.ahead is not None:
        used = {name for product in sums.values() for name in product}
        told = {name: _spelled(column) for name, column in columns.items() if name in used}
        unread.ahead[key] = SumsAsked(keys=keys, columns=columns, sums=sums, told=told)
        raise NotYetRead(unread.ahead[key])
    if key is not None and unread.kept is not None:
        table = totals_by_file(unread.kept, repr(key), keys=keys, columns=columns, sums=sums)
        unread.told(table.counted)
    elif unread.is_settled or not unread.flags:
        unread.settle()
        table = totals(frame, keys=keys, columns=columns, sums=sums)
    else:
        table = _checked(unread, keys, columns, sums)
    if key is not None:
        unread.keep(key, table)
    return table


class NotYetRead(BaseException):
    """What was asked for is noted, and will be read together with what others ask for: no error, and none that anybody may catch as such."""

    def __init__(self, request: SumsAsked) -> None:
        super().__init__("the sums are read together with others")
        self.request = request


def read_ahead(unread: UnreadRows, asking: Iterable[Callable[[], object]]) -> None:
    """Find what several calls will ask of lazy people, and read it in one pass: what they ask for then is there.

    Parameters
    ----------
    unread : UnreadRows
    asking : iterable of callable
        Each calls an estimator; what it gives, and what it raises, is nobody's matter here: it is called again.
    """
    if unread.kept is not None:
        return  # sums of a folder are kept file by file
    unread.settle()
    calls = list(asking)
    while calls:
        unread.ahead, again = {}, list[Callable[[], object]]()
        try:
            for call in calls:
                request = _noted(call)
                # Who first looks which values a column has asks for its sums after that.
                again += [call] if request is not None and not request.sums else []
            asked, unread.ahead = unread.ahead, None
        finally:
            unread.ahead = None
        tables = totals_together(unread.frame, list(asked.values()))
        for key, table in zip(asked, tables, strict=True):
            if table is not None:
                unread.keep(key, table)
        calls = again if any(table is not None for table in tables) else []


def _noted(call: Callable[[], object]) -> SumsAsked | None:
    """What a call asks for; None where all of it is there, or something else is wrong with it."""
    with warnings.catch_warnings(), suppress(FlError):
        warnings.simplefilter("ignore")
        try:
            call()
        except NotYetRead as asked:
            return asked.request
    return None


def _checked(unread: UnreadRows, keys: tuple[str, ...], columns: Mapping[str, nw.Expr], sums: Sums) -> Totals:
    """The sums, with the flags of the answers added up beside them."""
    table = totals(unread.frame, keys=keys, columns=columns, sums=sums, counted=unread.flags)
    unread.told(table.counted)
    return table


def totals_key(keys: tuple[str, ...], columns: Mapping[str, nw.Expr], sums: Sums) -> TableKey | None:
    """What was asked, spelled out; None where an expression does not say all of itself."""
    used = {name for product in sums.values() for name in product}
    told = tuple((name, _spelled(columns[name])) for name in sorted(used))
    if any("..." in text or " at 0x" in text for _, text in told):
        return None
    return keys, told, tuple(sums.items())


def _spelled(value: Any) -> str:
    """An expression with the type of everything in it: narwhals writes 1 and "1", and a column and its name, alike."""
    if isinstance(value, nw.Expr):
        return f"({', '.join(_spelled(node) for node in value._nodes)})"  # pyright: ignore[reportPrivateUsage]
    if type(value).__name__ == "ExprNode":
        return f"{value.name}[{_spelled(list(value.exprs))}, {_spelled(value.kwargs)}, {value.str_as_lit}]"
    if isinstance(value, dict):
        known: dict[Any, Any] = value
        return f"{{{', '.join(f'{name}: {_spelled(one)}' for name, one in known.items())}}}"
    if isinstance(value, list | tuple | set | frozenset):
        several: Any = value
        return f"{type(several).__name__}[{', '.join(_spelled(one) for one in several)}]"
    return f"{type(value).__name__} {value!r}"


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
