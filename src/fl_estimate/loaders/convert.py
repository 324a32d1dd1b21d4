"""Big files to Parquet in bounded memory, so that everything after it is lazy: `fl-estimate convert`.

The file is read in stretches. Where its dictionary says what types the columns have, each becomes a row group; else
each is kept as a part beside the target, and what type a column has, and whether it holds declared missing values, is
known when all parts are there: then they become the row groups of one file.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Mapping as Dictionary
from pathlib import Path
from typing import TYPE_CHECKING

from fl_estimate.errors import FileFault
from fl_estimate.inputs.survey_data import Source
from fl_estimate.loaders.file_table import KIND, TextFormat, source_of
from fl_estimate.loaders.files import (
    CELLS_AT_ONCE,
    STATISTICAL,
    codebook_of,
    existing,
    plain_schema,
    read_table,
    stretches,
)
from fl_estimate.loaders.labels_in_parquet import written_labels

if TYPE_CHECKING:
    import polars as pl

Progress = Callable[[int, int | None], None]

ROW_GROUP = 100_000
"""Rows in a row group: small enough to stream in any engine, large enough to compress."""
CELLS_IN_GROUP = 20_000_000
"""Cells in a row group, 160 MB of numbers: files of very many columns get smaller groups."""


def convert(
    source: str | Path, target: str | Path, *, written: TextFormat | None = None, progress: Progress | None = None
) -> Source:
    """Convert a file to Parquet.

    Each column keeps its name and the values that pyreadstat gives by default: a value that the file declares
    missing is null. Its code stands in a column ``<name>@missing`` (8, 99; .a for Stata and SAS), which there is
    only for columns with declared missing values; a null without a code was blank or system-missing. Labels and
    declared missing values stand in the metadata of the Parquet file.

    Parameters
    ----------
    source : str or Path
        SPSS, Stata, SAS, delimited text or workbook.
    target : str or Path
        File to be written, ending in .parquet. It appears when it is complete, and replaces one of that name.
    written : TextFormat, optional
        Encoding, delimiter, decimal sign and so on, where the file does not say them.
    progress : callable, optional
        Called with the number of rows done and the number there are (None where the file does not say it).

    Returns
    -------
    Source
        Name, sha256, encoding and number of rows of the file that was converted.

    Raises
    ------
    FileFault
        FL-FILE-01 to FL-FILE-07, FL-FILE-10: the source cannot be read. FL-FILE-08: the target cannot be written.
    """
    file, out = existing(source), Path(target)
    if file.suffix.lower() == ".parquet" or out.suffix.lower() != ".parquet" or not out.parent.is_dir() or out.is_dir():
        raise FileFault(
            "FL-FILE-08",
            "the conversion has no place to go",
            found=f"{file.name} to {out}",
            fix="convert a file that is not Parquet to a file that ends in .parquet, in a folder that is there",
        )
    written = written or TextFormat()
    report = progress or _silent
    try:
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=".convert-") as folder:
            complete = Path(folder) / "complete.parquet"
            if file.suffix.lower() in STATISTICAL:
                read = _from_statistical(file, complete, written, report)
            else:
                read = _from_table(file, complete, written, report)
            complete.replace(out)
    except FileFault:
        raise
    except OSError as error:
        raise FileFault(
            "FL-FILE-08",
            "the folder cannot be written to",
            found=f"{out.parent}: {error.strerror or 'no more room'}",
            fix="choose another folder",
        ) from None
    return read


def _silent(done: int, total: int | None) -> None:
    """Report to nobody."""


def _from_statistical(file: Path, target: Path, written: TextFormat, report: Progress) -> Source:
    """Write stretch by stretch where the types of columns are known before, else in parts that are then made alike."""
    book = codebook_of(file, written)
    labels = written_labels(book.variable_labels, book.value_labels, book.declared_missing)
    done = 0

    def told() -> Iterator[pl.DataFrame]:
        nonlocal done
        for frame in stretches(file, book, cells=CELLS_AT_ONCE):
            yield frame
            done += frame.height
            report(done, book.n_rows)

    schema = plain_schema(file, book)
    if schema is not None:
        _write(told(), schema, target, labels)
        return source_of(file, book.encoding, done)
    parts: list[Path] = []
    for frame in told():
        parts.append(target.with_name(f"{len(parts):06d}.parquet"))
        frame.write_parquet(parts[-1], compression="lz4", statistics=False)
    _write(map(_read_part, parts), _common_schema(parts), target, labels)
    return source_of(file, book.encoding, done)


def _read_part(part: Path) -> pl.DataFrame:
    import polars as pl

    return pl.read_parquet(part)


def _from_table(file: Path, target: Path, written: TextFormat, report: Progress) -> Source:
    table = read_table(file, written=written)
    frame = table.frame.lazy().collect()
    _write(iter([frame]), dict(frame.schema), target, {})
    report(table.source.n_rows, table.source.n_rows)
    return table.source


def _write(
    frames: Iterator[pl.DataFrame], schema: Dictionary[str, pl.DataType], target: Path, labels: dict[bytes, bytes]
) -> None:
    """Bring all frames to one schema and write them as row groups."""
    import polars as pl
    from pyarrow import parquet

    group = max(1_000, min(ROW_GROUP, CELLS_IN_GROUP // max(1, len(schema))))
    empty = pl.DataFrame(schema=schema).to_arrow().schema.with_metadata(labels or None)
    with parquet.ParquetWriter(target, empty, compression="zstd") as writer:
        for frame in _groups(frames, schema, group):
            writer.write_table(frame.to_arrow().cast(empty), row_group_size=group)


def _common_schema(parts: Sequence[Path]) -> dict[str, pl.DataType]:
    """Find the type of each column: that of the parts in which it holds anything."""
    import polars as pl

    seen: dict[str, set[pl.DataType]] = {}
    for part in parts:
        lazy = pl.scan_parquet(part)
        filled = lazy.select(pl.all().is_not_null().any()).collect()
        for name, dtype in lazy.collect_schema().items():
            types = seen.setdefault(name, set())
            if filled[name].item():
                types.add(dtype)
    names = [name for name in seen if not _is_kind(name, seen)]
    ordered = [each for name in names for each in (name, name + KIND) if each in seen]
    return {name: _one_type(seen[name], kind=_is_kind(name, seen)) for name in ordered}


def _is_kind(name: str, names: dict[str, set[pl.DataType]]) -> bool:
    return name.endswith(KIND) and name.removesuffix(KIND) in names


def _one_type(types: set[pl.DataType], *, kind: bool) -> pl.DataType:
    import polars as pl

    if kind:
        return pl.String()
    if len(types) == 1:
        return next(iter(types))
    # nothing at all; or whole numbers in parts without tags and numbers in parts with them
    return pl.Float64()


def _groups(frames: Iterator[pl.DataFrame], schema: Dictionary[str, pl.DataType], size: int) -> Iterator[pl.DataFrame]:
    """Give the rows of all frames in frames of `size` rows."""
    import polars as pl

    waiting: list[pl.DataFrame] = []
    for frame in frames:
        there = set(frame.columns)
        waiting.append(
            frame.select(
                (pl.col(name) if name in there else pl.lit(None)).cast(dtype).alias(name)
                for name, dtype in schema.items()
            )
        )
        if sum(each.height for each in waiting) >= size:
            rows = pl.concat(waiting)
            whole = rows.height // size * size
            for start in range(0, whole, size):
                yield rows.slice(start, size)
            waiting = [rows.slice(whole)]
    rest = pl.concat(waiting)
    if rest.height:
        yield rest
