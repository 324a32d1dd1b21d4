"""The sums that several estimates ask of the same lazy people, added up in one pass over their rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import narwhals as nw

from fl_estimate.design.accumulating import Factor, SummedByCell
from fl_estimate.design.grouped_query import check_finite
from fl_estimate.design.small_table import Totals
from fl_estimate.design.streamed import CellNumbers, column_in, factor_in, read_batches
from fl_estimate.design.totals import Frame, check_keys, streams
from fl_estimate.errors import EstimateFault

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, kw_only=True)
class SumsAsked:
    """What one estimate asks of `totals`.

    Attributes
    ----------
    keys, columns, sums
        As in `totals`.
    told : mapping of str to str
        Each column spelled out, so that the same columns of several requests are computed once.
    """

    keys: tuple[str, ...]
    columns: Mapping[str, nw.Expr]
    sums: Mapping[Any, tuple[str, ...]]
    told: Mapping[str, str]


def totals_together(frame: Frame, requests: Sequence[SumsAsked]) -> list[Totals | None]:
    """The small table of each request, from one pass; to the bit what each would be alone.

    Returns
    -------
    list
        None where it has to be asked alone: the engine gives no batches, there are too many cells, or something is wrong, which who
        asks alone is told.
    """
    if not streams(frame) or not requests:
        return [None] * len(requests)
    labels = {name: f"k{position}" for position, name in enumerate(dict.fromkeys(k for r in requests for k in r.keys))}
    made = {told: request.columns[name] for request in requests for name, told in request.told.items()}
    factors = {told: f"f{position}" for position, told in enumerate(made)}
    adding = [_Adding(frame, request) for request in requests]
    columns = [nw.col(name).alias(label) for name, label in labels.items()]
    columns += [made[told].alias(name) for told, name in factors.items()]
    # Typed as what it is by `streams`.
    lazy: Any = frame
    with closing(read_batches(lazy.select(*(columns or [nw.lit(0).alias("k")])))) as batches:
        for batch in batches:
            known = {told: factor_in(batch, name) for told, name in factors.items()}
            for one in adding:
                one.add(batch, labels, known)
    return [one.table() for one in adding]


class _Adding:
    """The cells of one request while batches come."""

    def __init__(self, frame: Frame, request: SumsAsked) -> None:
        self._request = request
        self._cells = CellNumbers(len(request.keys))
        self._found = SummedByCell(tuple(dict.fromkeys(request.sums.values())), 0)
        self._is_open = True
        try:
            check_keys(frame, request.keys)
        except EstimateFault:
            self._is_open = False

    def add(self, batch: pl.DataFrame, labels: Mapping[str, str], factors: Mapping[str, Factor]) -> None:
        """Add a batch; nothing once there were too many cells."""
        if not self._is_open:
            return
        cell = self._cells.of([column_in(batch, labels[key]) for key in self._request.keys], len(batch))
        if cell is None:
            self._is_open = False
            return
        self._found.make_room(self._cells.count)
        self._found.add(cell, {name: factors[told] for name, told in self._request.told.items()})

    def table(self) -> Totals | None:
        """The small table, as `totals` gives it; None where it has to be asked alone."""
        if not self._is_open:
            return None
        keys, order = self._cells.keys(self._request.keys)
        taken = self._found.taken(order)
        sums = {name: taken[product] for name, product in self._request.sums.items()}
        try:
            check_finite(sums)
        except EstimateFault:
            return None
        return Totals(keys=keys, sums=sums, n=taken[()])
