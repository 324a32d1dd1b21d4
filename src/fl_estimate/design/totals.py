"""The one seam between rows and numbers: group-by sums of products of columns, on any engine narwhals knows.

Only this module sends an aggregation to an engine. What comes back is a small table (one row a group) as numpy
arrays; everything after it is arithmetic on that table. Why the query has just this form (products as columns of
their own, Float64 first, no nulls, plain sums) is measured in docs/decisions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce
from operator import mul, or_
from typing import Any

import narwhals as nw
import numpy as np

from fl_estimate.design.asking import asked
from fl_estimate.design.in_memory import totals_in_memory
from fl_estimate.design.small_table import Codes, Floats, GroupingKey, Totals, added, coded
from fl_estimate.design.streamed import totals_streamed
from fl_estimate.errors import DesignFault, EstimateFault, decoding, listed, missing_columns
from fl_estimate.inputs.partitions import PartitionedFrame, narwhal

Frame = nw.LazyFrame[Any] | nw.DataFrame[Any]
_PREFIX, _COUNTED = "__fl_", "__counted_"
NO_COLUMNS: Mapping[str, nw.Expr] = {}
EAGER_BLOCK = 48
"""Sums asked for at once of a frame in memory, where each product of columns is as long as the frame."""
LAZY_BLOCK = 1024


def as_frame(frame: Any) -> Frame:
    """Any frame that narwhals knows: in memory or lazy, as it came.

    Raises
    ------
    EstimateFault
        FL-EST-01: this is not a data frame.
    FileFault
        FL-FILE-42 to FL-FILE-44: a lazy one of which not even the columns can be read.
    """
    try:
        with decoding():
            known = narwhal(frame)
            if isinstance(known, nw.LazyFrame):
                known.collect_schema()
            return known
    except TypeError as error:
        raise EstimateFault(
            "FL-EST-01",
            "people is not a data frame",
            found=type(frame).__name__,
            fix="pass a SurveyData, a Classification, or a frame of pandas, polars, pyarrow, DuckDB, Dask or PySpark",
        ) from error


def require_columns(schema: Mapping[str, Any], names: Sequence[str]) -> None:
    """Refuse, all at once, the columns that the frame does not have."""
    absent = [name for name in dict.fromkeys(names) if name not in schema]
    if absent:
        raise missing_columns("FL-EST-02", absent, list(schema), EstimateFault)


def totals(
    frame: Frame,
    *,
    keys: Sequence[str],
    columns: Mapping[str, nw.Expr],
    sums: Mapping[Any, tuple[str, ...]],
    counted: Mapping[str, nw.Expr] = NO_COLUMNS,
) -> Totals:
    """Sum products of columns within groups, in one query.

    Parameters
    ----------
    frame : narwhals.LazyFrame or narwhals.DataFrame
        One in memory is added up by numpy where its groups are few enough to have a cell each; all others are asked.
    keys : sequence of str
        Grouping columns of the frame.
    columns : mapping of str to narwhals.Expr
        Row-wise columns to sum, made from the frame's own.
    sums : mapping of name to tuple of str
        Each sum as the product of some of `columns`; ``{"wy": ("w", "y")}`` is Σ w·y.
    counted : mapping of str to narwhals.Expr
        Null-free columns of truths that are counted over all rows in the same query.

    Returns
    -------
    Totals

    Raises
    ------
    EstimateFault
        FL-EST-03: a missing or infinite value reached a sum; FL-EST-28: a polars column of Python objects as a key.
    """
    check_keys(frame, keys)
    if isinstance(frame, PartitionedFrame):
        return _of_parts(frame, keys=keys, columns=columns, sums=sums, counted=counted)
    if counted and not streams(frame):
        return _with_counts(frame, keys, columns, sums, counted)
    if isinstance(frame, nw.DataFrame):
        dense = totals_in_memory(frame, keys=tuple(keys), columns=columns, sums=sums)
        if dense is not None:
            check_finite(dense.sums)
            return dense
    elif streams(frame):
        added = totals_streamed(frame, keys=tuple(keys), columns=columns, sums=sums, counted=counted)
        if added is not None:
            check_finite(added.sums)
            return added
    result = asked(frame, lambda rows: _query(rows, keys=tuple(keys), columns=columns, sums=sums))
    return _small(result, tuple(keys), tuple(sums))


def _of_parts(
    frame: PartitionedFrame,
    keys: Sequence[str],
    columns: Mapping[str, nw.Expr],
    sums: Mapping[Any, tuple[str, ...]],
    counted: Mapping[str, nw.Expr],
) -> Totals:
    """The sums of the parts, each made where its rows lie, added up in the order of the parts."""
    made = {**columns, **{f"{_COUNTED}{name}": flag for name, flag in counted.items()}}
    exprs = [*dict.fromkeys(keys), *(expr.alias(f"{_PREFIX}{name}") for name, expr in made.items())]
    named = {name: nw.col(f"{_PREFIX}{name}") for name in columns}

    def ask(part: nw.LazyFrame[Any]) -> Totals:
        # All columns at once, so that what they share is computed once; they are no more than a part has rows.
        rows = part.select(exprs or [nw.lit(0).alias(_PREFIX)]).collect()
        counts = {name: int(rows.get_column(f"{_PREFIX}{_COUNTED}{name}").sum()) for name in counted}
        return replace(totals(rows, keys=keys, columns=named, sums=sums), counted=counts)

    with decoding():
        tables = frame.parts(ask)
    table = added(tables)
    check_finite(table.sums)
    return table


def streams(frame: Frame) -> bool:
    """Whether a frame is lazy, and its engine gives its rows in batches."""
    if not isinstance(frame, nw.LazyFrame):
        return False
    # Polars does not promise to keep its call: where it is gone the groups are asked for by one query.
    call = {nw.Implementation.POLARS: "collect_batches", nw.Implementation.DUCKDB: "to_arrow_reader"}
    return hasattr(frame.to_native(), call.get(frame.implementation, "no such call"))


def _with_counts(
    frame: Frame,
    keys: Sequence[str],
    columns: Mapping[str, nw.Expr],
    sums: Mapping[Any, tuple[str, ...]],
    counted: Mapping[str, nw.Expr],
) -> Totals:
    """Columns that are counted are summed by group, and the groups added up."""
    flags = {f"{_COUNTED}{name}": column for name, column in counted.items()}
    wanted = {**sums, **{(name,): (name,) for name in flags}}
    table = totals(frame, keys=keys, columns={**columns, **flags}, sums=wanted)
    found = {name: int(table.sums[f"{_COUNTED}{name}",].sum()) for name in counted}
    return Totals(keys=table.keys, sums={name: table.sums[name] for name in sums}, n=table.n, counted=found)


def totals_in_blocks(
    frame: Frame, keys: tuple[str, ...], columns: Mapping[str, nw.Expr], sums: Mapping[Any, tuple[str, ...]]
) -> Totals:
    """The sums asked for a block at a time: the groups are the same, in the same order, in every block."""
    block = EAGER_BLOCK if isinstance(frame, nw.DataFrame) else LAZY_BLOCK
    names, found, last = list(sums), dict[Any, Floats](), None
    for start in range(0, len(names), block):
        wanted = {name: sums[name] for name in names[start : start + block]}
        needed = {name: columns[name] for product in wanted.values() for name in product}
        last = totals(frame, keys=keys, columns=needed, sums=wanted)
        found |= last.sums
    if last is None:
        raise AssertionError("no sum was asked for")
    return Totals(keys=last.keys, sums=found, n=last.n)


def check_keys(frame: Frame, keys: Sequence[str]) -> None:
    """Python objects of polars have no text: they would be told apart by where they lie in memory."""
    schema = frame.collect_schema()
    objects = [key for key in keys if isinstance(schema[key], nw.Object) and frame.implementation.is_polars()]
    if objects:
        raise EstimateFault(
            "FL-EST-28",
            "a column of Python objects cannot divide people or name their units",
            found=listed(objects),
            fix="cast it to text or numbers first: pl.col(…).cast(pl.String)",
        )


def first_rows(frame: Frame, *, keys: Sequence[str], row: str) -> Floats:
    """The least value of the column `row` in each group, in the order of the groups of `totals` with the same keys."""
    least = asked(frame, lambda rows: _query(rows, keys=tuple(keys), columns={}, sums={}, least=row))
    labelled = [coded(least.column(f"{_PREFIX}k{position}")) for position in range(len(keys))]
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
            f"{_PREFIX}k{position}"
        )
        for position, key in enumerate(keys)
    ]
    # Float64 before anything is multiplied or summed: int32 sums and int8 products wrap without a word on polars
    # and pandas, and DuckDB answers in Decimal.
    factors = [expr.cast(nw.Float64).alias(f"{_PREFIX}f_{name}") for name, expr in columns.items()]
    products = [
        reduce(mul, [nw.col(f"{_PREFIX}f_{factor}") for factor in product]).alias(f"{_PREFIX}s{position}")
        for position, product in enumerate(sums.values())
    ]
    # Engines differ on whether a sum skips NaN and whether NaN is null; this flag and `isfinite` on the small table
    # together catch both everywhere.
    nulls = [nw.col(f"{_PREFIX}f_{name}").is_null() for name in columns]
    bad = reduce(or_, nulls).cast(nw.Float64) if nulls else nw.lit(0.0)
    grouped = [f"{_PREFIX}k{position}" for position in range(len(keys))]
    if not keys:
        labels, grouped = [nw.lit(0).alias(f"{_PREFIX}k0")], [f"{_PREFIX}k0"]
    row = [] if least is None else [nw.col(least).alias(f"{_PREFIX}least")]
    return (
        frame.select(*labels, *factors, *row)
        .with_columns(*products, bad.alias(f"{_PREFIX}bad"))
        .group_by(*grouped, drop_null_keys=False)
        .agg(
            *[nw.col(f"{_PREFIX}s{position}").sum() for position in range(len(sums))],
            nw.col(f"{_PREFIX}bad").sum(),
            nw.len().alias(f"{_PREFIX}n"),
            *[nw.col(f"{_PREFIX}least").min() for _ in row],
        )
    )


def _small(arrow: Any, keys: tuple[str, ...], sums: tuple[Any, ...]) -> Totals:
    """Make the engine's answer canonical: labels, one row a group, sorted. Nothing depends on the engine's order."""
    values = np.empty((len(sums) + 2, arrow.num_rows))
    for position in range(len(sums)):
        values[position] = _floats(arrow, f"{_PREFIX}s{position}")
    values[-2] = _floats(arrow, f"{_PREFIX}bad")
    values[-1] = _floats(arrow, f"{_PREFIX}n")
    check_finite(dict(zip(sums, values[:-2], strict=True)), nulls=bool(values[-2].any()))
    labelled = [coded(arrow.column(f"{_PREFIX}k{position}")) for position in range(len(keys))]
    if not labelled:
        return Totals(keys={}, sums=dict(zip(sums, values[:-2], strict=True)), n=values[-1])
    order, starts = _runs([key.codes for key in labelled])
    summed = values[:, order]
    if len(starts) < len(order):
        # Labels that two spellings stood for (3 and 3.0) are one group now.
        summed = np.add.reduceat(summed, starts, axis=1) if len(starts) else summed[:, :0]
    first = order[starts] if len(starts) else order
    named = {
        name: GroupingKey(codes=key.codes[first], levels=key.levels) for name, key in zip(keys, labelled, strict=True)
    }
    return Totals(keys=named, sums=dict(zip(sums, summed[:-2], strict=True)), n=summed[-1])


def check_finite(sums: Mapping[Any, Floats], *, nulls: bool = False) -> None:
    """Refuse sums that a missing or infinite value reached (FL-EST-03)."""
    # A finite sum has finite terms; one that is not may only have overflowed.
    # Several names may be of one array.
    finite = {id(values): bool(np.isfinite(values.sum()) or np.isfinite(values).all()) for values in sums.values()}
    bad = [name for name, values in sums.items() if not finite[id(values)]]
    if bad or nulls:
        raise EstimateFault(
            "FL-EST-03",
            "a missing or infinite value reached a sum",
            found=f"in the sums {listed(_name_text(name) for name in (bad or sums))}",
            fix="fill or drop these rows first; infinite values must be corrected in the data",
        )


def _name_text(name: Any) -> str:
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


def no_missing(key: GroupingKey, column: str, role: str) -> None:
    """Refuse a design column with missing values."""
    if (key.codes == key.missing).any():
        raise DesignFault(
            "FL-DESIGN-07",
            f"the column of the {role} has missing values",
            found=f"{column!r}",
            fix="every row needs its place in the sample: complete the column, or leave those rows out of the file",
        )
