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

from fl_estimate.errors import FileFault, is_folder
from fl_estimate.inputs.survey_data import Source
from fl_estimate.loaders.file_format import FileDescription, Write
from fl_estimate.loaders.file_table import KIND, TextFormat, source_of
from fl_estimate.loaders.files import (
    codebook_of,
    existing,
    format_of,
    formats,
    in_stretches,
    known_schema,
    read_table,
    stretches,
)

if TYPE_CHECKING:
    import polars as pl

Progress = Callable[[int, int | None], None]

CELLS_AT_ONCE = 2_000_000
"""Cells of a stretch where they are Python objects for a moment: about 100 MB."""


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
        A file of any format that is read, but that of the target.
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
    write = _writer(file, out)
    written = written or TextFormat()
    report = progress or _silent
    try:
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=".convert-") as folder:
            complete = Path(folder) / f"complete{out.suffix}"
            read = (_by_stretches if in_stretches(file) else _whole)(file, complete, written, report, write)
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


def _writer(file: Path, out: Path) -> Write:
    """Give what writes the target, or refuse one that is no place for a conversion."""
    given, wanted = format_of(file), format_of(out)
    if wanted is None or wanted.write is None or given == wanted or not is_folder(out.parent) or is_folder(out):
        to = [form for form in formats() if form.write is not None]
        ends = " or ".join(ending for form in to for ending in form.endings)
        raise FileFault(
            "FL-FILE-08",
            "the conversion has no place to go",
            found=f"{file.name} to {out}",
            fix=f"convert a file that is not {' or '.join(form.name for form in to)} to a file that ends in {ends}, "
            "in a folder that is there",
        )
    return wanted.write


def _silent(done: int, total: int | None) -> None:
    """Report to nobody."""


def _by_stretches(file: Path, target: Path, written: TextFormat, report: Progress, write: Write) -> Source:
    """Write stretch by stretch where the types of columns are known before, else in parts that are then made alike."""
    book = codebook_of(file, written)
    said = FileDescription(
        variable_labels=book.variable_labels, value_labels=book.value_labels, declared_missing=book.declared_missing
    )
    done = 0

    def told() -> Iterator[pl.DataFrame]:
        nonlocal done
        for frame in stretches(file, book, cells=CELLS_AT_ONCE):
            yield frame
            done += frame.height
            report(done, book.n_rows)

    schema = known_schema(file, book)
    if schema is not None:
        write(_alike(told(), schema), schema, target, said)
        return source_of(file, book.encoding, done)
    parts: list[Path] = []
    for frame in told():
        parts.append(target.with_name(f"{len(parts):06d}.part"))
        frame.write_parquet(parts[-1], compression="lz4", statistics=False)
    schema = _common_schema(parts)
    write(_alike(map(_read_part, parts), schema), schema, target, said)
    return source_of(file, book.encoding, done)


def _read_part(part: Path) -> pl.DataFrame:
    import polars as pl

    return pl.read_parquet(part, glob=False)


def _whole(file: Path, target: Path, written: TextFormat, report: Progress, write: Write) -> Source:
    table = read_table(file, written=written)
    frame = table.frame.lazy().collect()
    said = FileDescription(
        variable_labels=table.variable_labels, value_labels=table.value_labels, declared_missing=table.declared_missing
    )
    write(iter([frame]), dict(frame.schema), target, said)
    report(table.source.n_rows, table.source.n_rows)
    return table.source


def _alike(frames: Iterator[pl.DataFrame], schema: Dictionary[str, pl.DataType]) -> Iterator[pl.DataFrame]:
    """Bring all frames to one schema; a column that one of them lacks is null there."""
    import polars as pl

    for frame in frames:
        there = set(frame.columns)
        yield frame.select(
            (pl.col(name) if name in there else pl.lit(None)).cast(dtype).alias(name) for name, dtype in schema.items()
        )


def _common_schema(parts: Sequence[Path]) -> dict[str, pl.DataType]:
    """Find the type of each column: that of the parts in which it holds anything."""
    import polars as pl

    seen: dict[str, set[pl.DataType]] = {}
    for part in parts:
        lazy = pl.scan_parquet(part, glob=False)
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
