"""The one seam between rows and numbers: group-by sums of products of columns, on any engine narwhals knows.

Only this module sends an aggregation to an engine. What comes back is a small table (one row a group) as numpy
arrays; everything after it is arithmetic on that table. Why the query has just this form (products as columns of
their own, Float64 first, no nulls, plain sums) is measured in docs/decisions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import mul, or_
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt

from fl_estimate.errors import DesignFault, EstimateFault, listed, missing_columns

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

_PREFIX = "__fl_"


@dataclass(frozen=True, kw_only=True)
class Key:
    """One grouping column of the small table: a code per group into `levels`; the last code is the missing one."""

    codes: Codes
    levels: tuple[Any, ...]

    @property
    def missing(self) -> int:
        """The code of groups whose key is missing."""
        return len(self.levels)


@dataclass(frozen=True, kw_only=True)
class Totals:
    """The small table: one row per group, sorted by its keys.

    Attributes
    ----------
    keys : mapping of str to Key
        Labels with one spelling on every engine: NaN and null are missing, 3.0 is 3, -0.0 is 0.
    sums : mapping of name to array, shape (groups,)
    n : array, shape (groups,)
        Rows per group.
    """

    keys: Mapping[str, Key]
    sums: Mapping[Any, Floats]
    n: Floats


def as_lazy(frame: Any) -> nw.LazyFrame[Any]:
    """Any frame that narwhals knows, lazily.

    Raises
    ------
    EstimateFault
        FL-EST-01: this is not a data frame.
    """
    try:
        return nw.from_native(frame).lazy()
    except TypeError as error:
        raise EstimateFault(
            "FL-EST-01",
            "people is not a data frame",
            found=type(frame).__name__,
            fix="pass a SurveyData, a Classification, or a pandas, polars, pyarrow or DuckDB frame",
        ) from error


def require_columns(schema: Mapping[str, Any], names: Sequence[str]) -> None:
    """Refuse, all at once, the columns that the frame does not have."""
    absent = [name for name in dict.fromkeys(names) if name not in schema]
    if absent:
        raise missing_columns("FL-EST-02", absent, list(schema), EstimateFault)


def totals(
    frame: nw.LazyFrame[Any],
    *,
    keys: Sequence[str],
    columns: Mapping[str, nw.Expr],
    sums: Mapping[Any, tuple[str, ...]],
) -> Totals:
    """Sum products of columns within groups, in one query.

    Parameters
    ----------
    frame : narwhals.LazyFrame
    keys : sequence of str
        Grouping columns of the frame.
    columns : mapping of str to narwhals.Expr
        Row-wise columns to sum, made from the frame's own.
    sums : mapping of name to tuple of str
        Each sum as the product of some of `columns`; ``{"wy": ("w", "y")}`` is Σ w·y.

    Returns
    -------
    Totals

    Raises
    ------
    EstimateFault
        FL-EST-03: a missing or infinite value reached a sum.
    """
    query = _query(frame, keys=tuple(keys), columns=columns, sums=sums)
    options: dict[str, Any] = {"engine": "streaming"} if query.implementation.is_polars() else {}
    return _small(query.collect("pyarrow", **options), tuple(keys), tuple(sums))


def first_rows(frame: nw.LazyFrame[Any], *, keys: Sequence[str], row: str) -> Floats:
    """The least value of the column `row` in each group, in the order of the groups of `totals` with the same keys."""
    least = _query(frame, keys=tuple(keys), columns={}, sums={}, least=row).collect("pyarrow").to_native()
    labelled = [_key(least.column(f"{_PREFIX}k{place}")) for place in range(len(keys))]
    order, starts = _runs([key.codes for key in labelled])
    return np.minimum.reduceat(_floats(least, f"{_PREFIX}least")[order], starts)


def _query(
    frame: nw.LazyFrame[Any],
    *,
    keys: tuple[str, ...],
    columns: Mapping[str, nw.Expr],
    sums: Mapping[Any, tuple[str, ...]],
    least: str | None = None,
) -> nw.LazyFrame[Any]:
    schema = frame.collect_schema()
    # Categories come back as text on some engines and as codes on others: text everywhere.
    labels = [
        (nw.col(key).cast(nw.String) if isinstance(schema[key], nw.Categorical | nw.Enum) else nw.col(key)).alias(
            f"{_PREFIX}k{place}"
        )
        for place, key in enumerate(keys)
    ]
    # Float64 before anything is multiplied or summed: int32 sums and int8 products wrap without a word on polars
    # and pandas, and DuckDB answers in Decimal.
    factors = [expr.cast(nw.Float64).alias(f"{_PREFIX}f_{name}") for name, expr in columns.items()]
    products = [
        reduce(mul, [nw.col(f"{_PREFIX}f_{factor}") for factor in product]).alias(f"{_PREFIX}s{place}")
        for place, product in enumerate(sums.values())
    ]
    # Engines differ on whether a sum skips NaN and whether NaN is null; this flag and `isfinite` on the small table
    # together catch both everywhere.
    nulls = [nw.col(f"{_PREFIX}f_{name}").is_null() for name in columns]
    bad = reduce(or_, nulls).cast(nw.Float64) if nulls else nw.lit(0.0)
    grouped = [f"{_PREFIX}k{place}" for place in range(len(keys))]
    if not keys:
        labels, grouped = [nw.lit(0).alias(f"{_PREFIX}k0")], [f"{_PREFIX}k0"]
    row = [] if least is None else [nw.col(least).alias(f"{_PREFIX}least")]
    return (
        frame.select(*labels, *factors, *row)
        .with_columns(*products, bad.alias(f"{_PREFIX}bad"))
        .group_by(*grouped, drop_null_keys=False)
        .agg(
            *[nw.col(f"{_PREFIX}s{place}").sum() for place in range(len(sums))],
            nw.col(f"{_PREFIX}bad").sum(),
            nw.len().alias(f"{_PREFIX}n"),
            *[nw.col(f"{_PREFIX}least").min() for _ in row],
        )
    )


def _small(table: Any, keys: tuple[str, ...], sums: tuple[Any, ...]) -> Totals:
    """Make the engine's answer canonical: labels, one row a group, sorted. Nothing depends on the engine's order."""
    arrow = table.to_native()
    values = np.empty((len(sums) + 2, arrow.num_rows))
    for place in range(len(sums)):
        values[place] = _floats(arrow, f"{_PREFIX}s{place}")
    values[-2] = _floats(arrow, f"{_PREFIX}bad")
    values[-1] = _floats(arrow, f"{_PREFIX}n")
    if values[-2].any() or not np.isfinite(values).all():
        bad = [name for place, name in enumerate(sums) if not np.isfinite(values[place]).all()]
        raise EstimateFault(
            "FL-EST-03",
            "a missing or infinite value reached a sum",
            found=f"in the sums {listed(_said(name) for name in (bad or sums))}",
            fix="fill or drop these rows first; infinite values must be corrected in the data",
        )
    labelled = [_key(arrow.column(f"{_PREFIX}k{place}")) for place in range(len(keys))]
    if not labelled:
        return Totals(keys={}, sums=dict(zip(sums, values[:-2], strict=True)), n=values[-1])
    order, starts = _runs([key.codes for key in labelled])
    summed = np.add.reduceat(values[:, order], starts, axis=1) if len(starts) else values[:, :0]
    first = order[starts] if len(starts) else order
    named = {name: Key(codes=key.codes[first], levels=key.levels) for name, key in zip(keys, labelled, strict=True)}
    return Totals(keys=named, sums=dict(zip(sums, summed[:-2], strict=True)), n=summed[-1])


def _said(name: Any) -> str:
    return name if isinstance(name, str) else "·".join(str(part) for part in name)


def _floats(arrow: Any, name: str) -> Floats:
    return np.asarray(arrow.column(name).cast("float64").to_numpy(), dtype=float)


def _runs(codes: Sequence[Codes]) -> tuple[Codes, Codes]:
    """The order that sorts rows by all codes, and where each group of equal rows begins in it."""
    order = np.lexsort(codes[::-1])
    if not len(order):
        return order, order
    changed = np.zeros(len(order), dtype=bool)
    changed[0] = True
    for code in codes:
        sorted_code = code[order]
        changed[1:] |= sorted_code[1:] != sorted_code[:-1]
    return order, np.flatnonzero(changed)


def _key(column: Any) -> Key:
    """Code a column of labels in the sorted order of its labels, the missing last."""
    import pyarrow as pa

    chunked = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    encoded = chunked.dictionary_encode()
    raw = [_label(value) for value in encoded.dictionary.to_pylist()]
    levels = sorted({value for value in raw if value is not None}, key=_rank)
    place = {value: code for code, value in enumerate(levels)}
    recode = np.array([place[value] if value is not None else len(levels) for value in raw] or [0], dtype=np.int64)
    indices = np.asarray(encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False), dtype=np.int64)
    codes = np.where(indices >= 0, recode[indices], len(levels))
    return Key(codes=codes, levels=tuple(levels))


def _label(value: Any) -> Any:
    """One spelling per label: NaN is missing, 3.0 is 3, -0.0 is 0."""
    if value is None or value != value:
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, bool | int | float | str):
        return value
    return str(value)


def _rank(value: Any) -> tuple[str, Any]:
    """Sort numbers as numbers and text as text; a column that mixes both keeps them apart."""
    return ("number", value) if isinstance(value, int | float) else ("text", value)


def no_missing(key: Key, column: str, role: str) -> None:
    """Refuse a design column with missing values."""
    if (key.codes == key.missing).any():
        raise DesignFault(
            "FL-DESIGN-07",
            f"the column of the {role} has missing values",
            found=f"{column!r}",
            fix="every row needs its place in the sample: complete the column, or leave those rows out of the file",
        )
