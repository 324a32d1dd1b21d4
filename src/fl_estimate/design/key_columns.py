"""Grouping columns of a frame in memory as small whole numbers: by their place between least and greatest where they are whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt

from fl_estimate.design.small_table import Codes, GroupingKey, coded

EXACT = 2**53
"""Whole numbers below this are told apart as floats."""


@dataclass(frozen=True, kw_only=True)
class KeyColumn:
    """A grouping column as whole numbers: `values` less `least` are from 0 up to but not `width`.

    `levels`: the label of each number; None where it is the number itself, so that some may be of nobody.
    `missing`: whether the last number is that of rows without a label.
    """

    values: npt.NDArray[Any]
    least: int
    width: int
    levels: tuple[Any, ...] | None
    missing: bool

    def compressed(self) -> KeyColumn:
        """The same column without the numbers that nobody has."""
        if self.levels is not None:
            return self
        away = self.values.astype(np.int64) - self.least
        key = self.key(away)
        return _labelled(key)

    def key(self, codes: Codes) -> GroupingKey:
        """The key of some of its numbers (less `least`), with the labels that are met."""
        if self.levels is not None:
            return GroupingKey(codes=codes, levels=self.levels)
        met = np.zeros(self.width, dtype=bool)
        met[codes] = True
        if self.missing:
            met = met[:-1]
        levels = np.flatnonzero(met)
        if len(levels) < len(met):
            number = np.append(np.cumsum(met) - 1, len(levels))
            codes = number[codes]
        return GroupingKey(codes=codes, levels=tuple((levels + self.least).tolist()))


def key_column(frame: nw.DataFrame[Any], name: str, most: int) -> KeyColumn | None:
    """Number the labels of a column; None where it holds Python objects of several types.

    Parameters
    ----------
    frame : narwhals.DataFrame
    name : str
    most : int
        How far apart whole numbers may lie to be told apart by their place between the least and the greatest.
    """
    column = frame.get_column(name)
    whole = _whole(column, most) if len(column) else None
    if whole is not None:
        return whole
    try:
        key = coded(arrow_labels(column))
    except (TypeError, ValueError):
        # An object column of several types has no Arrow form.
        return None
    return _labelled(key)


def _labelled(key: GroupingKey) -> KeyColumn:
    return KeyColumn(values=key.codes, least=0, width=len(key.levels) + 1, levels=key.levels, missing=True)


def arrow_labels(column: nw.Series[Any]) -> Any:
    """The column in Arrow; categories as text, without spelling them out where they are kept as a dictionary of texts."""
    if not isinstance(column.dtype, nw.Categorical | nw.Enum):
        return column.to_arrow()
    import pyarrow as pa

    arrow = column.to_arrow()
    if pa.types.is_dictionary(arrow.type) and (
        pa.types.is_string(arrow.type.value_type) or pa.types.is_large_string(arrow.type.value_type)
    ):
        return arrow
    return column.cast(nw.String).to_arrow()


def _whole(column: nw.Series[Any], most: int) -> KeyColumn | None:
    """Whole numbers, of an integer column or of one of floats that holds no others; None for all others."""
    if column.dtype.is_integer() and not column.null_count():
        values = column.to_numpy()
        least, greatest = int(values.min()), int(values.max())
        if greatest - least > most or greatest > np.iinfo(np.int64).max:
            return None
        if values.dtype == np.uint64:
            values = values.astype(np.int64)
        return KeyColumn(values=values, least=least, width=greatest - least + 1, levels=None, missing=False)
    if not column.dtype.is_float() and not column.dtype.is_integer():
        return None
    # Whole numbers of which some are missing come as floats.
    values = np.asarray(column.cast(nw.Float64).to_numpy(), dtype=float)
    absent = np.isnan(values)
    known = values[~absent]
    if not len(known) or not (np.abs(known) < EXACT).all() or (known != np.rint(known)).any():
        return None
    least, greatest = int(known.min()), int(known.max())
    if greatest - least > most:
        return None
    codes = np.full(len(values), greatest + 1, dtype=np.int64)
    codes[~absent] = known
    return KeyColumn(values=codes, least=least, width=greatest - least + 2, levels=None, missing=True)
