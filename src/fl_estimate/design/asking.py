"""Who is asked, and how its answer comes back: polars streams, Dask is asked part by part, all others as they are.

What comes back is small. Rows as such are brought here by `few_rows` only, and no more than `MOST_ROWS` of a lazy frame.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import narwhals as nw

from fl_estimate.errors import EstimateFault, columns_shown, decoding
from fl_estimate.inputs.partitions import PartitionedFrame

Lazy = nw.LazyFrame[Any]
MOST_ROWS = 1_000_000
"""Rows of a lazy frame that may be brought into memory where a statistic needs each of them."""


def asked(frame: nw.DataFrame[Any] | Lazy, query: Callable[[Lazy], Lazy]) -> Any:
    """The answer to a query that ends in groups, as a pyarrow table.

    Of Dask it is one row a group and part: who reads it adds up the rows of equal keys.

    Parameters
    ----------
    frame : narwhals frame
    query : callable
        From the lazy frame to a lazy frame of groups; with Dask it is called with one part at a time.

    Raises
    ------
    FileFault
        FL-FILE-05: a Parquet file that is read lazily turns out to be damaged.
    """
    with decoding():
        if isinstance(frame, PartitionedFrame):
            parts = frame.parts(lambda part: query(part).collect("pyarrow").to_native())
            return _under_each_other(parts)
        made = query(frame.lazy())
        return cast("Any", made.collect("pyarrow", **_options(made))).to_native()


def count_rows(frame: nw.DataFrame[Any] | Lazy) -> int:
    """How many rows a frame has; one pass over one column where it is lazy."""
    if isinstance(frame, nw.DataFrame):
        return len(frame)
    with decoding():
        counted = frame.select(nw.len().alias("n")).collect("pyarrow").to_native()
    return int(counted.column("n")[0].as_py())


def is_long(frame: nw.DataFrame[Any] | Lazy) -> bool:
    """Whether rows are not in memory, and too many to be brought there."""
    return isinstance(frame, nw.LazyFrame) and count_rows(frame) > MOST_ROWS


def require_few_groups(frame: nw.DataFrame[Any] | Lazy, columns: Sequence[str]) -> None:
    """Refuse columns whose different values, of rows that are not in memory, would be nearly as many as the rows.

    Raises
    ------
    EstimateFault
        FL-EST-774: more than `MOST_ROWS` of them would be brought here.
    """
    if not columns or not isinstance(frame, nw.LazyFrame) or not is_long(frame):
        return
    if isinstance(frame, PartitionedFrame):
        groups = sum(frame.parts(lambda part: len(part.select(*columns).unique().collect())))
    else:
        groups = count_rows(frame.select(*columns).unique())
    if groups > MOST_ROWS:
        raise EstimateFault(
            "FL-EST-774",
            "these columns have too many different values, and the rows are not in memory",
            found=f"{columns_shown(columns)}: {groups:,} groups of {frame.implementation}",
            fix="put numbers of many values into classes first (fl.cut), or give a frame in memory of the columns that are needed",
        )


def few_rows(frame: nw.DataFrame[Any] | Lazy) -> Any:
    """The rows themselves, as a pyarrow table.

    Raises
    ------
    EstimateFault
        FL-EST-771: of a lazy frame with more than `MOST_ROWS` rows.
    """
    if isinstance(frame, nw.DataFrame):
        return frame.to_arrow()
    rows = count_rows(frame)
    if rows > MOST_ROWS:
        raise EstimateFault(
            "FL-EST-771",
            "this statistic needs every row by itself, and the rows are not in memory",
            found=f"{rows:,} rows of {frame.implementation}; {MOST_ROWS:,} at most are brought into memory",
            fix="put numbers of many values into classes first (fl.cut), which is summed where the rows are; or give a frame "
            "in memory of the columns that are needed",
        )
    with decoding():
        return cast("Any", frame.collect("pyarrow", **_options(frame))).to_native()


def _options(frame: Lazy) -> dict[str, Any]:
    return {"engine": "streaming"} if frame.implementation.is_polars() else {}


def _under_each_other(tables: list[Any]) -> Any:
    """Tables of the parts: a column that is whole in one part and has missing values in another is one column."""
    import pyarrow as pa

    arrow: Any = pa
    tables = [_without_numbers_of_nobody(table, tables) for table in tables]
    return arrow.concat_tables(tables, promote_options="permissive")


def _without_numbers_of_nobody(table: Any, tables: list[Any]) -> Any:
    """Where nobody in a part has a label, pandas says that the labels are numbers; what they are the other parts say."""
    import pyarrow as pa

    arrow: Any = pa
    for position, field in enumerate(table.schema):
        kinds = [other.schema.field(position).type for other in tables]
        column = table.column(position)
        if (
            arrow.types.is_floating(field.type)
            and not all(_is_number(kind) for kind in kinds)
            and column.is_null(nan_is_null=True).combine_chunks().true_count == len(column)
        ):
            table = table.set_column(position, field.name, arrow.nulls(len(column)))
    return table


def _is_number(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))
