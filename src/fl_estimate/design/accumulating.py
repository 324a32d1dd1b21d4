"""Products of columns added up by cell, a block of rows after the other, each row in its turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt

from fl_estimate.design.small_table import Codes, Floats, cached_blocks

SPARSE = 4
"""A column with fewer than one row in this many that is not 0 is read at those rows only: cases and flags."""
Product = tuple[str, ...]
Cells = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True, kw_only=True)
class Factor:
    """One column of a block.

    Attributes
    ----------
    column : narwhals.Series or None
        Truths, or floats; None where it is the same in every row.
    rows : int array or None
        The rows where it is not 0, for columns that mostly are; None for all rows.
    """

    column: nw.Series[Any] | None
    rows: Codes | None

    @property
    def is_one(self) -> bool:
        """Whether it is 1 in every row, so that a product is the same without it."""
        return self.column is None and self.rows is None

    @property
    def is_zero(self) -> bool:
        """Whether it is 0 in every row."""
        return self.rows is not None and not len(self.rows)

    @cached_property
    def values(self) -> npt.NDArray[Any]:
        """The values of all rows; bits of polars and Arrow become bytes only when somebody asks."""
        return np.ones(1) if self.column is None else self.column.to_numpy()

    def is_one_in(self, rows: Codes) -> bool:
        """Whether it is known to be 1 in these rows."""
        return self.column is None or (rows is self.rows and self.column.dtype == nw.Boolean)


ONE, ZERO = Factor(column=None, rows=None), Factor(column=None, rows=np.zeros(0, dtype=np.int64))


def factor_of(column: nw.Series[Any]) -> Factor:
    """A column as a factor: truths as they are, all others as floats."""
    if column.dtype == nw.Boolean and not column.null_count():
        filled = int(column.sum())
        if filled == len(column):
            return ONE
        if SPARSE * filled >= len(column):
            return Factor(column=column, rows=None)
        return Factor(column=column, rows=np.asarray(column.arg_true().to_numpy(), dtype=np.int64))
    floats = column if column.dtype == nw.Float64 else column.cast(nw.Float64)
    values = np.asarray(floats.to_numpy(), dtype=float)
    return Factor(column=floats, rows=np.flatnonzero(values) if _is_mostly_zero(values) else None)


def _is_mostly_zero(values: Floats) -> bool:
    """Whether fewer than one in `SPARSE` is something else; of a column of weights a quarter is looked at."""
    filled = 0
    for part in cached_blocks(len(values)):
        filled += int(np.count_nonzero(values[part]))
        if SPARSE * filled >= len(values):
            return False
    return True


class SummedByCell:
    """Sums of products of columns by cell.

    Products that were the same in every block so far (a factor is 1 in every row) share their sums: of a file in which
    everybody is in scope and weighs something, only the rows and the weights are added up over all rows.

    Parameters
    ----------
    products : sequence of tuple of str
    cells : int
        How many there are; `make_room` adds some.
    """

    def __init__(self, products: Sequence[Product], cells: int) -> None:
        self._cells = cells
        self._spare: list[Floats] = []
        self._sums: dict[Product, Floats] = {}
        self._held: dict[Product, Product | None] = dict.fromkeys(products)
        self.n: Floats = np.zeros(0)

    def make_room(self, cells: int) -> None:
        """Make room for this many cells, and for as many more; those that are there keep their numbers."""
        if cells <= self._cells:
            return
        before, self._cells, self._spare = self._cells, 2 * cells, []
        for name in self._sums:
            self._sums[name] = _longer(self._sums[name], before, self._cells)
        self.n = _longer(self.n, before, self._cells)

    def add(self, cell: Cells, factors: Mapping[str, Factor]) -> None:
        """Add a block of rows, whose cells and columns these are."""
        self._settle({product: _needed(product, factors) for product in self._held})
        if not len(self.n):
            # One array for all: many of a few megabytes each would be asked of the system anew in every call.
            room = np.zeros((1 + len({held for held in self._held.values() if held}), self._cells))
            self.n, self._spare = room[0], list(room[1:])
        for held in dict.fromkeys(held for held in self._held.values() if held):
            used = [factors[name] for name in held]
            if not any(factor.is_zero for factor in used):
                _add(self._of(held), cell, used)
        np.add.at(self.n, cell, 1.0)

    def taken(self, cells: Codes | None) -> dict[Product, Floats]:
        """The sums of every product in these cells (None is all, as they stand); of the empty product the rows."""
        size = self._cells if cells is None else len(cells)
        nothing = np.zeros(size)
        nothing.setflags(write=False)
        summed = {product: self.n if product == () else self.of(product) for product in ((), *self._held)}
        # Products that hold the same sums are given one array.
        held = {id(sums): sums for sums in summed.values() if sums is not None}
        if cells is None:
            taken = {key: sums[:size] for key, sums in held.items()}
        else:
            taken = dict(zip(held, np.empty((len(held), size)), strict=True))
            for key, sums in held.items():
                np.take(sums, cells, out=taken[key], mode="clip")
        return {product: nothing if sums is None else taken[id(sums)] for product, sums in summed.items()}

    def of(self, product: Product) -> Floats | None:
        """The sums of a product; None where nothing was ever added."""
        held = self._held[product]
        return self.n if held == () else self._sums.get(product if held is None else held)

    def _settle(self, now: Mapping[Product, Product]) -> None:
        """Give sums of their own to products that were others' so far, and are not in this block."""
        parted = {product: held for product, held in self._held.items() if held is not None and held != now[product]}
        apart = [product for product, held in parted.items() if held != product]
        before = {product: self.of(product) for product in apart}
        kept = {product: None if sums is None else sums.copy() for product, sums in before.items()}
        for product in apart:
            self._held[product] = product
            if (sums := kept[product]) is not None:
                self._of(product)[:] = sums
        for product, held in self._held.items():
            if held is None:
                self._held[product] = now[product]

    def _of(self, product: Product) -> Floats:
        if product not in self._sums:
            self._sums[product] = self._spare.pop() if self._spare else np.zeros(self._cells)
        return self._sums[product]


def _longer(sums: Floats, before: int, cells: int) -> Floats:
    longer = np.zeros(cells)
    longer[: min(before, len(sums))] = sums[:before]
    return longer


def _needed(product: Product, factors: Mapping[str, Factor]) -> Product:
    """The product without the factors that are 1 in every row."""
    return tuple(name for name in product if not factors[name].is_one)


def _add(summed: Floats, cell: Cells, product: list[Factor]) -> None:
    """Add a product of columns up by cell, over the rows where its emptiest column is not 0."""
    rows = min((factor.rows for factor in product if factor.rows is not None), key=len, default=None)
    if rows is not None:
        _add_values(summed, cell[rows], [factor.values[rows] for factor in product if not factor.is_one_in(rows)])
        return
    values = [factor.values for factor in product]
    for part in cached_blocks(len(cell)):
        _add_values(summed, cell[part], [value[part] for value in values])


def _add_values(summed: Floats, cell: Cells, values: list[npt.NDArray[Any]]) -> None:
    with np.errstate(invalid="ignore", over="ignore"):
        added: Any = np.asarray(values[0], dtype=float) if values else 1.0
        for value in values[1:]:
            added = added * value
        np.add.at(summed, cell, added)
