"""The columns of a frame in memory with what their values have in common: what is known of all rows is asked of none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import narwhals as nw
import numpy as np

ALWAYS, NEVER = nw.lit(True), nw.lit(False)
"""Truths of every row and of none. They are told from other expressions by being these two, and then no row is asked."""


def both(one: nw.Expr, other: nw.Expr) -> nw.Expr:
    """Rows of which both are true."""
    if one is NEVER or other is NEVER:
        return NEVER
    if one is ALWAYS:
        return other
    return one if other is ALWAYS else one & other


def but_not(one: nw.Expr, other: nw.Expr) -> nw.Expr:
    """Rows of which the first is true and not the other."""
    return one if other is NEVER else one & ~other


class ReadColumns(Mapping[str, Any]):
    """Types of columns by name, as a schema, and the least and greatest value of those that are asked for.

    Parameters
    ----------
    frame : narwhals.DataFrame
    """

    def __init__(self, frame: nw.DataFrame[Any]) -> None:
        self._frame, self._types = frame, frame.schema
        self._extents: dict[str, tuple[float, float] | None] = {}

    def __getitem__(self, name: str) -> Any:
        return self._types[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._types)

    def __len__(self) -> int:
        return len(self._types)

    def extent(self, name: str) -> tuple[float, float] | None:
        """The least and the greatest number of a column; None where some are missing, or it holds no numbers."""
        if name not in self._extents:
            self._extents[name] = self._found(name)
        return self._extents[name]

    def _found(self, name: str) -> tuple[float, float] | None:
        dtype = self._types[name]
        if not (dtype.is_integer() or dtype.is_float()) or not len(self._frame):
            return None
        values = self._frame.get_column(name).to_numpy()
        if values.dtype.kind not in "iuf":
            return None
        # Missing numbers are NaN in numpy, and so is then the least.
        least, greatest = values.min(), values.max()
        return None if np.isnan(least) else (float(least), float(greatest))


def extent(schema: Mapping[str, Any], name: str) -> tuple[float, float] | None:
    """The least and the greatest number of a complete column; None where nobody knows, as of every lazy frame."""
    return schema.extent(name) if isinstance(schema, ReadColumns) else None


def is_positive(schema: Mapping[str, Any], name: str) -> bool:
    """Whether a column is known to hold numbers above 0 in every row."""
    found = extent(schema, name)
    return found is not None and found[0] > 0


def is_zero_or_one(schema: Mapping[str, Any], name: str) -> bool:
    """Whether a column of whole numbers is known to hold nothing but 0 and 1."""
    found = extent(schema, name)
    return found is not None and schema[name].is_integer() and found[0] >= 0 and found[1] <= 1
