"""The labels of one grouping column that is read in batches: a small whole number for each, in the order they are met."""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple

import narwhals as nw
import numpy as np
import numpy.typing as npt

from fl_estimate.design.key_columns import arrow_labels
from fl_estimate.design.small_table import Codes, GroupingKey, coded, in_order

LABELS = 100_000
"""Different labels of a column that is not of whole numbers; a column with more is left to the engine."""
APART = 4_000_000
"""How far whole numbers may lie apart to be told by their place between the least and the greatest."""


class LabelNumbers(NamedTuple):
    """Numbers of the labels of some rows: `values` less `above`."""

    values: npt.NDArray[Any]
    above: int = 0


class MetLabels:
    """Numbers for the labels of a column: 0 for the missing, others from 1 up to but not `width`.

    Whole numbers are told by their place above the least; where a lower one is met the numbers move up by as much (`move`
    brings earlier ones along). Other labels are numbered as they are first met.
    """

    def __init__(self) -> None:
        self.width = 1
        self._whole: bool | None = None
        self._least, self._moved = 0, 0
        self._levels: dict[Any, int] = {}
        self._texts: Any = None

    def of(self, column: nw.Series[Any]) -> LabelNumbers | None:
        """The numbers of the labels of a batch; None where they are too many, or of another kind than before."""
        if self._whole is None:
            self._whole = column.dtype.is_integer() and _spread(column) <= APART
        if self._whole:
            return self._places(column)
        codes = self._codes(column)
        if codes is None:
            return None
        met = len(self._levels) if self._texts is None else len(self._texts)
        if met > LABELS:
            return None
        while self.width <= met:
            self.width *= 2
        return LabelNumbers(codes)

    def move(self, codes: Codes) -> None:
        """Bring numbers that were given before the latest batch up to those of today, in place."""
        codes[codes > 0] += self._moved
        self._moved = 0

    def key(self, codes: Codes) -> GroupingKey:
        """The column of the small table with these numbers: labels in their order, the missing last."""
        met = np.unique(codes[codes > 0])
        if self._whole:
            levels = (met + (self._least - 1)).tolist()
        else:
            known = list(self._levels) if self._texts is None else self._texts.to_pylist()
            levels = in_order(known[code - 1] for code in met)
            number = {label: code for code, label in enumerate(known, start=1)}
            met = np.array([number[level] for level in levels], dtype=np.int64)
        place = np.full(max(int(codes.max(initial=0)), 0) + 1, len(levels), dtype=np.int64)
        place[met] = np.arange(len(met))
        return GroupingKey(codes=place[codes], levels=tuple(levels))

    def _places(self, column: nw.Series[Any]) -> LabelNumbers | None:
        """Whole numbers by their place; room is made for twice as many where some lie outside."""
        nulls, missing = column.null_count(), None
        if nulls == len(column):
            return LabelNumbers(np.zeros(len(column), dtype=np.int64))
        if nulls:
            missing = column.is_null().to_numpy()
            column = column.fill_null(column.min())
        values = column.to_numpy()
        if values.dtype == np.uint64:
            if values.max() > np.iinfo(np.int64).max:
                return None
            values = values.astype(np.int64)
        low, high = int(values.min()), int(values.max())
        first = self.width == 1
        least = low if first else min(low, self._least)
        greatest = high if first else max(high, self._least + self.width - 2)
        if greatest - least > APART:
            return None
        if not first and (least < self._least or greatest > self._least + self.width - 2):
            spare = greatest - least + 1
            least, greatest = (least - spare, greatest) if least < self._least else (least, greatest + spare)
            self._moved += self._least - least
        self._least, self.width = least, greatest - least + 2
        if missing is None:
            return LabelNumbers(values, least - 1)
        codes = np.subtract(values, least - 1, dtype=np.int64)
        codes[missing] = 0
        return LabelNumbers(codes)

    def _codes(self, column: nw.Series[Any]) -> Codes | None:
        import pyarrow as pa

        arrow = arrow_labels(column)
        arrow = arrow.combine_chunks() if isinstance(arrow, pa.ChunkedArray) else arrow
        if pa.types.is_dictionary(arrow.type):
            of_code = np.append(self._of_texts(arrow.dictionary), 0)
            return of_code[np.asarray(arrow.indices.cast("int64").fill_null(len(of_code) - 1))]
        if pa.types.is_string(arrow.type) or pa.types.is_large_string(arrow.type):
            return self._of_texts(arrow)
        key = coded(arrow)
        if len(key.levels) > LABELS:
            return None
        number = [self._levels.setdefault(level, len(self._levels) + 1) for level in key.levels]
        return np.array([*number, 0], dtype=np.int64)[key.codes]

    def _of_texts(self, texts: Any) -> Codes:
        """Numbers of texts, looked up by Arrow: only texts that were not met before are looked at one by one."""
        import pyarrow as pa

        compute: Any = import_module("pyarrow.compute")
        texts = texts.cast(pa.large_string())
        known = pa.array([], pa.large_string()) if self._texts is None else self._texts
        codes = compute.index_in(texts, value_set=known, skip_nulls=True)
        if codes.null_count > texts.null_count:
            unmet = texts.filter(codes.is_null()).drop_null().unique()
            known = pa.concat_arrays([known, unmet])
            codes = compute.index_in(texts, value_set=known, skip_nulls=True)
        self._texts = known
        return np.asarray(codes.fill_null(-1)).astype(np.int64) + 1


def _spread(column: nw.Series[Any]) -> int:
    least, greatest = column.min(), column.max()
    if least is None:
        return 0
    return int(greatest) - int(least) if greatest <= np.iinfo(np.int64).max else APART + 1
