"""Sums by group of a lazy frame of polars or DuckDB: its batches, in the order of its rows, added up by numpy as they come.

Two to three times quicker than asking the engine for the groups where these are many, in memory that does not grow with
the rows, and the same to the last digit as of the same frame in memory: every row is added in its turn. (DuckDB's own sums
differ in their last digits from one call to the next.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import narwhals as nw
import numpy as np
import numpy.typing as npt

from fl_estimate.design.accumulating import SummedByCell, factor_of
from fl_estimate.design.met_labels import LabelNumbers, MetLabels
from fl_estimate.design.small_table import Codes, GroupingKey, Totals, cached_blocks
from fl_estimate.errors import decoding

BATCH = 524_288
"""Rows of a batch: enough for numpy to be worth asking, few enough for a column to stay near the processor."""
PLACES = 32_000_000
"""Combinations of labels between the least and the greatest, up to which each has a place to look its cell up."""


def totals_streamed(
    frame: nw.LazyFrame[Any],
    *,
    keys: tuple[str, ...],
    columns: Mapping[str, nw.Expr],
    sums: Mapping[Any, tuple[str, ...]],
    counted: Mapping[str, nw.Expr],
) -> Totals | None:
    """As `totals`, with missing and infinite values left in the sums; None where the labels make too many cells."""
    labels = [nw.col(key).alias(f"k{position}") for position, key in enumerate(keys)]
    factors = [expr.alias(f"f{position}") for position, expr in enumerate(columns.values())]
    products = tuple(dict.fromkeys(sums.values()))
    cells, found = CellNumbers(len(keys)), SummedByCell(products, 0)
    flags = [expr.alias(f"c{position}") for position, expr in enumerate(counted.values())]
    counts = dict.fromkeys(counted, 0)
    for batch in read_batches(frame.select(*(labels or [nw.lit(0).alias("k")]), *factors, *flags)):
        cell = cells.of([batch.get_column(f"k{position}") for position in range(len(keys))], len(batch))
        if cell is None:
            return None
        found.make_room(cells.count)
        for position, name in enumerate(counted):
            counts[name] += int(batch.get_column(f"c{position}").sum())
        found.add(cell, {name: factor_of(batch.get_column(f"f{position}")) for position, name in enumerate(columns)})
    named, order = cells.keys(keys)
    taken = found.taken(order)
    return Totals(
        keys=named, sums={name: taken[product] for name, product in sums.items()}, n=taken[()], counted=counts
    )


def read_batches(frame: nw.LazyFrame[Any]) -> Iterator[nw.DataFrame[Any]]:
    """Read a frame once: none of its rows is kept longer than it takes to add it up.

    Polars gives rows in their order. DuckDB with several threads may give blocks of them in another.

    Raises
    ------
    FileFault
        As `decoding`.
    """
    native: Any = frame.to_native()
    with decoding():
        if frame.implementation.is_polars():
            for batch in native.collect_batches(chunk_size=BATCH, maintain_order=True, engine="streaming"):
                if len(batch):
                    yield nw.from_native(batch.rechunk(), eager_only=True)
            return
        import polars as pl

        for part in native.to_arrow_reader(BATCH):
            if part.num_rows:
                yield nw.from_native(cast("pl.DataFrame", pl.from_arrow(part)), eager_only=True)


class CellNumbers:
    """A number for every combination of labels, in the order in which they are first met."""

    def __init__(self, keys: int) -> None:
        self._labels = [MetLabels() for _ in range(keys)]
        self._widths: tuple[int, ...] = ()
        self._number = np.zeros(1, dtype=np.int32)
        self._met = np.zeros((keys, 0), dtype=np.int64)
        self.count = 0

    def of(self, columns: Sequence[nw.Series[Any]], rows: int) -> npt.NDArray[np.int32] | None:
        """The cells of the rows of a batch; None where there are too many places."""
        codes = [labels.of(column) for labels, column in zip(self._labels, columns, strict=True)]
        known = [code for code in codes if code is not None]
        if len(known) < len(codes) or not self._fits():
            return None
        cell = np.empty(rows, dtype=np.int32)
        for part in cached_blocks(rows):
            place = self._places_of(known, part, cell[part])
            np.take(self._number, place, out=cell[part], mode="clip")
        if not cell.all():
            new = np.flatnonzero(cell == 0)
            self._meet([one.values[new].astype(np.int64) - one.above for one in known])
            cell[new] = self._number[self._places_of(known, new, np.empty(len(new), dtype=np.int32))]
        cell -= 1
        return cell

    def _places_of(
        self, numbered: Sequence[LabelNumbers], rows: slice | Codes, out: npt.NDArray[np.int32]
    ) -> npt.NDArray[np.int32]:
        """The places of some rows; `PLACES` fit into 32 bits."""
        place, above = np.zeros_like(out), 0
        for one, width in zip(numbered, self._widths, strict=True):
            place *= width
            np.add(place, one.values[rows], out=place, casting="unsafe")
            above = above * width + one.above
        # Numbers far from 0 wrap around, and come back with what is taken off: places themselves fit.
        place -= np.array(above % 2**32, dtype=np.uint32).astype(np.int32)
        return place

    def keys(self, names: Sequence[str]) -> tuple[dict[str, GroupingKey], Codes]:
        """The labels of the cells in the order of the small table, and that order."""
        made = [labels.key(codes) for labels, codes in zip(self._labels, self._met, strict=True)]
        order = np.lexsort([key.codes for key in made[::-1]]) if made else np.arange(self.count)
        named = {
            name: GroupingKey(codes=key.codes[order], levels=key.levels) for name, key in zip(names, made, strict=True)
        }
        return named, order

    def _fits(self) -> bool:
        """Lay the places out anew where a column has wider labels than before."""
        widths = tuple(labels.width for labels in self._labels)
        if widths != self._widths or not self.count:
            places = int(np.prod(widths, dtype=float))
            if places > PLACES:
                return False
            self._widths, self._number = widths, np.zeros(places, dtype=np.int32)
            for labels, codes in zip(self._labels, self._met, strict=True):
                labels.move(codes)
            self._number[self._places(self._met)] = np.arange(1, self.count + 1)
        return True

    def _meet(self, codes: Sequence[Codes]) -> None:
        """Give the next numbers to combinations that were not met before, in the order of their places."""
        given = np.stack(codes) if codes else np.zeros((0, 1), dtype=np.int64)
        places, first = np.unique(self._places(given), return_index=True)
        self._number[places] = np.arange(self.count + 1, self.count + 1 + len(places))
        self._met = np.concatenate([self._met, given[:, first]], axis=1)
        self.count += len(places)

    def _places(self, met: Codes) -> Codes:
        place = np.zeros(met.shape[1], dtype=np.int64)
        for code, width in zip(met, self._widths, strict=True):
            place = place * width + code
        return place
