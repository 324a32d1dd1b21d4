"""Parquet: read lazily, and written by a conversion, with labels and declared missing values in the metadata of the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from fl_estimate.errors import FileFault, columns_shown
from fl_estimate.inputs.parquet_pages import require_page_headers
from fl_estimate.loaders.file_format import FileDescription, FileFormat
from fl_estimate.loaders.file_table import FileTable, TextFormat, damaged, require_name, source_of
from fl_estimate.loaders.formats.labels_in_parquet import read_labels, written_labels

if TYPE_CHECKING:
    import polars as pl

ROW_GROUP = 100_000
"""Rows in a row group: small enough to stream in any engine, large enough to compress."""
CHECKED = 16 * 2**20
"""Bytes up to which all values of a file are decoded once before its first row is asked for; of larger ones the headers of the pages are read."""
DIGITS = 38
"""Digits of a decimal number that polars has room for."""
CELLS_IN_GROUP = 20_000_000
"""Cells in a row group, 160 MB of numbers: files of very many columns get smaller groups."""


def _read(file: Path, _written: TextFormat) -> FileTable:
    import polars as pl

    pa: Any = import_module("pyarrow")  # it has no types
    parquet: Any = import_module("pyarrow.parquet")
    require_name(file)
    try:
        meta = parquet.read_metadata(file)
        _require_digits(file, meta)
        frame = pl.scan_parquet(file, glob=False)
        frame.collect_schema()
        _require_pages(file, meta, pa, parquet)
    except FileFault:  # a ValueError too
        raise
    except (pa.ArrowException, pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError):
        raise damaged(file, "it is no Parquet file, or a part is missing") from None
    try:
        labels = read_labels(meta.metadata, file.name)
    except ValueError:  # of JSON, and of texts in it
        raise damaged(file, "the labels in its metadata are broken") from None
    return FileTable(frame=frame, source=source_of(file, "UTF-8", meta.num_rows), **labels)


def _require_digits(file: Path, meta: Any) -> None:
    """Refuse numbers that a file may have and polars has no room for, which it says when the rows are read, if it does not panic before."""
    columns = [meta.schema.column(position) for position in range(len(meta.schema))]
    long = sorted(
        {column.path for column in columns if column.logical_type.type == "DECIMAL" and column.precision > DIGITS}
    )
    if long:
        raise FileFault(
            "FL-FILE-54",
            "columns have numbers of more digits than can be read",
            found=f"{file.name}: {columns_shown(long)}",
            fix=f"write them as decimal numbers of up to {DIGITS} digits, or as floating-point numbers",
        )


def _require_pages(file: Path, meta: Any, pa: Any, parquet: Any) -> None:
    """Read what pages say of themselves, and decode a small file once by pyarrow, which raises where polars ends the process."""
    require_page_headers(file, meta)
    if file.stat().st_size > CHECKED or meta.num_rows * meta.num_columns > CELLS_IN_GROUP:
        return
    try:
        with parquet.ParquetFile(file) as pages:
            for _ in pages.iter_batches():
                pass
    except pa.ArrowNotImplementedError:
        return  # what polars knows and pyarrow does not


def _write(
    frames: Iterator[pl.DataFrame], schema: Mapping[str, pl.DataType], target: Path, description: FileDescription
) -> None:
    """Write frames of one schema as row groups."""
    import polars as pl

    parquet: Any = import_module("pyarrow.parquet")
    group = max(1_000, min(ROW_GROUP, CELLS_IN_GROUP // max(1, len(schema))))
    labels = written_labels(description.variable_labels, description.value_labels, description.declared_missing)
    empty = cast("Any", pl.DataFrame(schema=schema)).to_arrow().schema.with_metadata(labels or None)
    with parquet.ParquetWriter(target, empty, compression="zstd") as writer:
        for frame in _groups(frames, group):
            writer.write_table(cast("Any", frame).to_arrow().cast(empty), row_group_size=group)


def _groups(frames: Iterator[pl.DataFrame], size: int) -> Iterator[pl.DataFrame]:
    """Give the rows of all frames in frames of `size` rows."""
    import polars as pl

    waiting: list[pl.DataFrame] = []
    for frame in frames:
        waiting.append(frame)
        if sum(each.height for each in waiting) >= size:
            rows = pl.concat(waiting)
            whole = rows.height // size * size
            for start in range(0, whole, size):
                yield rows.slice(start, size)
            waiting = [rows.slice(whole)]
    rest = pl.concat(waiting)
    if rest.height:
        yield rest


FORMAT = FileFormat(
    name="Parquet",
    endings=(".parquet",),
    read=_read,
    lazy=True,
    labels="from a conversion",
    declaring=(".parquet",),
    magic=(b"PAR1",),
    write=_write,
)
