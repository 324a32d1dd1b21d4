"""Rows of a lazy frame a piece at a time, each looked at where it is: what comes back of a piece is small, and the rows are let go.

For sums of columns that no engine can make (a formula's), where `totals` cannot be asked. Polars and DuckDB give batches, Dask asks its
parts and Spark its tasks, which need this library where they run.
"""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import narwhals as nw

from fl_estimate.design.streamed import BATCH, read_batches
from fl_estimate.design.totals import streams
from fl_estimate.errors import decoding
from fl_estimate.inputs.partitions import PartitionedFrame

Piece = Callable[[Any], Any]


def can_be_cut(frame: nw.DataFrame[Any] | nw.LazyFrame[Any]) -> bool:
    """Whether the engine of a frame gives its rows a piece at a time."""
    return isinstance(frame, PartitionedFrame) or streams(frame) or frame.implementation.is_pyspark()


def pieces(frame: nw.LazyFrame[Any], look: Piece) -> Iterator[Any]:
    """What `look` makes of every piece, a pyarrow table of all columns of the frame.

    Parameters
    ----------
    frame : narwhals.LazyFrame
        Of the columns that are needed, and no others.
    look : callable
        Gives any small object; with Dask and Spark it is sent to where the rows are.

    Raises
    ------
    FileFault
        As `decoding`.
    """
    if isinstance(frame, PartitionedFrame):
        with decoding():
            found = frame.parts(lambda part: _of_part(part, look))
        yield from (one for one in found if one is not None)
    elif frame.implementation.is_pyspark():
        yield from _of_spark(frame.to_native(), look)
    else:
        for batch in read_batches(frame):
            yield look(batch.to_arrow())


def _of_part(part: nw.LazyFrame[Any], look: Piece) -> Any:
    """What is made of a part; None where it has no rows, as it may then have lost the types of its columns."""
    rows: Any = part.collect("pyarrow").to_native()
    return look(rows) if rows.num_rows else None


def _of_spark(native: Any, look: Piece) -> Iterator[Any]:
    """Each task gathers its rows to pieces, and sends back what was made of them."""

    def of_task(batches: Iterator[Any]) -> Iterator[Any]:
        import pyarrow as pa

        arrow: Any = pa
        gathered: list[Any] = []

        def answer() -> Any:
            made = pickle.dumps(look(arrow.Table.from_batches(gathered)))
            gathered.clear()
            return arrow.RecordBatch.from_arrays([arrow.array([made], arrow.binary())], names=["piece"])

        for batch in batches:
            if batch.num_rows:
                gathered.append(batch)
            if sum(one.num_rows for one in gathered) >= BATCH:
                yield answer()
        if gathered:
            yield answer()

    with decoding(), warnings.catch_warnings():
        # It says so of pandas 3 whenever a function is sent; no pandas is in this one.
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
        rows = native.mapInArrow(of_task, "piece binary").collect()
    for row in rows:
        yield pickle.loads(bytes(row["piece"]))
