"""Columns of a file as a frame: each of one type, and where codes are declared missing, those codes in a column beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from fl_estimate.loaders.file_table import FEW, KIND, Codebook, Range, code_text

if TYPE_CHECKING:
    import polars as pl


def frame_of(values: dict[str, Any], book: Codebook, *, tagged: set[str]) -> pl.DataFrame:
    """Lay columns side by side; those of `tagged` hold tags of missing values (.a to .z) among their numbers."""
    import polars as pl

    columns: list[pl.Series] = []
    for name, column in values.items():
        if name in tagged:
            series, kinds = _tagged(name, column)
        elif isinstance(column, np.ndarray) and name in book.declared_missing:
            series, kinds = _declared(name, cast("npt.NDArray[np.float64]", column), book.declared_missing[name])
        else:
            series = _series(name, column, whole=book.kinds[name].startswith("int"))
            declared = book.declared_missing.get(name)
            kinds = _kinds(series, declared) if declared else None
            if kinds is not None:
                series = series.set(kinds.is_not_null(), None)
        columns += [series] if kinds is None else [series, kinds.alias(name + KIND)]
    return pl.DataFrame(columns)


def _series(name: str, values: Any, *, whole: bool) -> pl.Series:
    import datetime as dt

    import polars as pl

    if isinstance(values, np.ndarray):
        return pl.Series(name, cast("npt.NDArray[np.float64]", values), nan_to_null=True)
    if not isinstance(values, list):
        return pl.Series(name, values, dtype=pl.String)
    cells = cast("list[Any]", values)
    first = next((cell for cell in cells if cell is not None), None)
    if first is None:
        return pl.Series(name, cells, dtype=pl.Float64)
    if isinstance(first, str):
        return pl.Series(name, cells, dtype=pl.String)
    if isinstance(first, dt.datetime):
        return pl.Series(name, cells, dtype=pl.Datetime("us"))
    if isinstance(first, dt.date):
        return pl.Series(name, cells, dtype=pl.Date)
    if isinstance(first, dt.time):
        return pl.Series(name, cells, dtype=pl.Time).dt.to_string("%H:%M:%S")
    if isinstance(first, dt.timedelta):
        return pl.Series(name, [str(cell) if cell is not None else None for cell in cells], dtype=pl.String)
    if whole:
        return pl.Series(name, cells, dtype=pl.Int64)
    return pl.Series(name, cells, dtype=pl.Float64).fill_nan(None)


def _tagged(name: str, values: Sequence[Any]) -> tuple[pl.Series, pl.Series]:
    """Take numbers and the tags of missing values (.a to .z) apart."""
    import pandas as pd
    import polars as pl

    numbers = pd.to_numeric(pd.Series(values, dtype=object), errors="coerce").to_numpy(dtype=np.float64)
    series = pl.Series(name, numbers, nan_to_null=True)
    tags = "." + pl.Series(values, dtype=pl.String, strict=False)
    return series, tags.set(series.is_not_null(), None)


def _declared(name: str, values: npt.NDArray[np.float64], ranges: Sequence[Range]) -> tuple[pl.Series, pl.Series]:
    """Take numbers and the codes that lie in a declared range apart."""
    import polars as pl

    inside = np.zeros(len(values), dtype=bool)
    for low, high in ranges:
        if not isinstance(low, str) and not isinstance(high, str):
            inside |= (values >= low) & (values <= high)
    codes = np.unique(values[inside])
    position = np.full(len(values), len(codes), dtype=np.uint32)
    position[inside] = np.searchsorted(codes, values[inside])
    texts = pl.Series([*(code_text(code) for code in codes.tolist()), None], dtype=pl.String)
    return pl.Series(name, np.where(inside, np.nan, values), nan_to_null=True), texts.gather(position)


def _kinds(series: pl.Series, ranges: Sequence[Range]) -> pl.Series | None:
    """Write the code of every value that lies in a declared range as text; null for all others."""
    import polars as pl

    texts = series.dtype == pl.String
    fitting = [(low, high) for low, high in ranges if isinstance(low, str) == texts]
    if not fitting:
        return None
    cell = pl.col(series.name)
    inside = pl.any_horizontal(cell.is_between(pl.lit(low), pl.lit(high)) for low, high in fitting)
    frame = series.to_frame().select(pl.when(inside).then(cell).alias(series.name))
    codes = frame.to_series().drop_nulls().unique().to_list()
    if len(codes) > FEW:
        return frame.to_series().replace_strict(codes, [code_text(code) for code in codes], return_dtype=pl.String)
    kinds = pl.lit(None, dtype=pl.String)
    for code in codes:
        kinds = pl.when(cell == code).then(pl.lit(code_text(code))).otherwise(kinds)
    return frame.with_columns(kinds.alias(series.name)).to_series()
