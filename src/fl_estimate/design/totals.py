"""The one seam between rows and numbers: group-by sums of products of columns, on any engine narwhals knows.

Only this module sends an aggregation to an engine. What comes back is a small table (one row a group) as numpy
arrays; everything after it is arithmetic on that table. Why the query has just this form (products as columns of
their own, Float64 first, no nulls, plain sums) is measured in docs/decisions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import narwhals as nw

from fl_estimate.design.asking import asked
from fl_estimate.design.grouped_query import MOST_TRUTHS, GroupedQuery, check_finite, first_rows_of, first_rows_query
from fl_estimate.design.in_memory import totals_in_memory
from fl_estimate.design.small_table import Floats, GroupingKey, Totals, added
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
        One in memory is added up by numpy where its groups are few enough to have a cell each, and nothing is counted; all others are asked.
    keys : sequence of str
        Grouping columns of the frame.
    columns : mapping of str to narwhals.Expr
        Row-wise columns to sum, made from the frame's own.
    sums : mapping of name to tuple of str
        Each sum as the product of some of `columns`; ``{"wy": ("w", "y")}`` is Σ w·y.
    counted : mapping of str to narwhals.Expr
        Columns of truths that are counted over all rows in the same query; a null is none.

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
    if isinstance(frame, nw.DataFrame):
        dense = None if counted else totals_in_memory(frame, keys=tuple(keys), columns=columns, sums=sums)
        if dense is not None:
            check_finite(dense.sums)
            return dense
    elif streams(frame):
        added = totals_streamed(frame, keys=tuple(keys), columns=columns, sums=sums, counted=counted)
        if added is not None:
            check_finite(added.sums)
            return added
    query = GroupedQuery(keys=tuple(keys), columns=columns, sums=sums, counted=counted, truths=_truths(frame, columns))
    answer = _answer(frame, query)
    if answer is None:
        query = replace(query, shares=False)
        answer = asked(frame, query)
    return query.small(answer)


def _answer(frame: Frame, query: GroupedQuery) -> Any:
    """The groups; None where so many rows are in one that counts ran into each other."""
    try:
        answer = asked(frame, query)
    except Exception as error:
        # Of Spark, which does not wrap around. What else is wrong says so when it is asked again.
        if not query.has_pairs or type(error).__name__ != "ArithmeticException":
            raise
        return None
    return None if query.is_too_long(answer) else answer


def _truths(frame: Frame, columns: Mapping[str, nw.Expr]) -> tuple[str, ...]:
    """The truths among the columns, where an engine groups by them as well: not in memory, nor where groups were too many for cells."""
    if isinstance(frame, nw.DataFrame) or streams(frame) or not columns:
        return ()
    kinds = frame.select(*[expr.alias(f"{_PREFIX}f_{name}") for name, expr in columns.items()]).collect_schema()
    truths = tuple(name for name in columns if isinstance(kinds[f"{_PREFIX}f_{name}"], nw.Boolean))
    return truths if len(truths) <= MOST_TRUTHS else ()


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
    return first_rows_of(asked(frame, lambda rows: first_rows_query(rows, keys, row)), len(keys))


def no_missing(key: GroupingKey, column: str, role: str) -> None:
    """Refuse a design column with missing values."""
    if (key.codes == key.missing).any():
        raise DesignFault(
            "FL-DESIGN-07",
            f"the column of the {role} has missing values",
            found=f"{column!r}",
            fix="every row needs its place in the sample: complete the column, or leave those rows out of the file",
        )
