"""Files as tables: the formats of `loaders/formats`, found by walking that folder, and the doors through which all files come.

Codes are left as they are; what they mean is in a mapping. A value that the file itself declares missing is null in
its column, and its code stands in a column `<name>@missing`.
"""

from __future__ import annotations

import pkgutil
import stat
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from fl_estimate.errors import FileFault, is_file, is_folder, nearest, reading
from fl_estimate.loaders import formats as folder_of_formats
from fl_estimate.loaders import reading_apart
from fl_estimate.loaders.file_format import FileFormat, InStretches, Option
from fl_estimate.loaders.file_table import Codebook, FileTable, TextFormat, damaged, source_of

if TYPE_CHECKING:
    import polars as pl

# --- the registry -----------------------------------------------------------------------------------------------


@cache
def formats() -> tuple[FileFormat, ...]:
    """All file formats, by name: the `FORMAT` of each file in `loaders/formats`.

    They are looked for at the first file that is read, not when the package is imported.

    Raises
    ------
    TypeError
        Two formats claim one ending.
    """
    modules = (
        import_module(f"{folder_of_formats.__name__}.{found.name}")
        for found in pkgutil.iter_modules(folder_of_formats.__path__)
    )
    declared = (getattr(module, "FORMAT", None) for module in modules)
    return registered(form for form in declared if isinstance(form, FileFormat))


def registered(declared: Iterator[FileFormat]) -> tuple[FileFormat, ...]:
    """Put formats in order, and refuse an ending or option that two of them claim."""
    result = tuple(sorted(declared, key=lambda form: form.name.casefold()))
    claimed = [f"ending {ending}" for form in result for ending in (*form.endings, *form.companions)]
    claimed += [f"option {option.name}" for form in result for option in form.options]
    twice = sorted({each for each in claimed if claimed.count(each) > 1})
    if twice:
        raise TypeError(f"two file formats claim one {twice[0]}")
    return result


@cache
def _by_ending() -> Mapping[str, FileFormat]:
    return MappingProxyType({ending: form for form in formats() for ending in form.endings})


def endings() -> tuple[str, ...]:
    """The endings of all files that can be read."""
    return tuple(_by_ending())


def options() -> dict[str, Option]:
    """What may be said of files beyond the fields of `TextFormat`, by name: the options of single formats."""
    return {option.name: option for form in formats() for option in form.options}


def format_of(path: str | Path) -> FileFormat | None:
    """The format that a file's ending tells; None where none has it."""
    return _by_ending().get(Path(path).suffix.lower())


def _format(file: Path) -> FileFormat:
    """The format of a file that is there and can be read."""
    return _by_ending()[file.suffix.lower()]


# --- doors ------------------------------------------------------------------------------------------------------


def read_table(path: str | Path, *, written: TextFormat | None = None) -> FileTable:
    """Read a whole file.

    Parameters
    ----------
    path : str or Path
        A file with one of the `endings`.
    written : TextFormat, optional
        Encoding, delimiter, decimal sign, header row and worksheet, where they are not to be found out; and the
        catalogue of a SAS file. Without one a catalogue of the same name, or formats.sas7bcat, is taken if it is there.

    Returns
    -------
    FileTable

    Raises
    ------
    FileFault
        FL-FILE-01 (not there), FL-FILE-02 (a folder), FL-FILE-03 (unknown ending), FL-FILE-04 (empty),
        FL-FILE-05 (damaged, or not what its ending says), FL-FILE-52 to 54 (a name that is no text, a pipe or a device, a type of
        Parquet that cannot be read), FL-FILE-56 (may not be read, or went away), FL-FILE-06 (encoding; names the column), FL-FILE-07 (lines
        or header of a text or worksheet), FL-FILE-10 (no such worksheet).
    """
    file = existing(path)
    written = written or TextFormat()
    form = _format(file)
    with _name_by_content(file, form):
        if not isinstance(form.read, InStretches):
            table = reading_apart.whole(form, file, written)
            _require_names(file, table.frame.collect_schema().names())
            return table
        book = reading_apart.codebook(form, file, written)
        _require_names(file, book.columns)
        frame = _united(list(reading_apart.stretches(form, file, book, None)))
        source = source_of(file, book.encoding, frame.height)
    return FileTable(
        frame=_whole_numbers(frame),
        source=source,
        variable_labels=book.variable_labels,
        value_labels=book.value_labels,
        declared_missing=book.declared_missing,
    )


def codebook_of(file: Path, written: TextFormat | None = None) -> Codebook:
    """Read what a file says of its columns, without its rows.

    Raises
    ------
    FileFault
        FL-FILE-01, FL-FILE-05, FL-FILE-06.
    TypeError
        Its format is not read in stretches.
    """
    with _name_by_content(file, _format(file)):
        book = reading_apart.codebook(_format(file), file, written or TextFormat())
        _require_names(file, book.columns)
    return book


def _require_names(file: Path, names: Sequence[str]) -> None:
    """Refuse names that no frame can have, whatever the reader of the format let pass."""
    if any("\0" in name for name in names):
        raise damaged(file, "the name of a column is no text")


def stretches(file: Path, book: Codebook, *, cells: int | None = None) -> Iterator[pl.DataFrame]:
    """Read the rows of a file in stretches, at least one (which may be empty).

    Parameters
    ----------
    file : Path
    book : Codebook
    cells : int, optional
        Cells in one stretch; None: the whole file at once where that is read cell by cell.

    Raises
    ------
    FileFault
        FL-FILE-05, FL-FILE-06.
    """
    with _name_by_content(file, _format(file)):
        yield from reading_apart.stretches(_format(file), file, book, cells)


def known_schema(file: Path, book: Codebook) -> dict[str, pl.DataType] | None:
    """Give the types of all columns where they are known before a row is read; None where they are not."""
    return reading_apart.schema(_format(file), file, book)


def in_stretches(file: Path) -> bool:
    """Whether a file is of a format that is read a stretch of rows at a time."""
    return _format(file).in_stretches is not None


def existing(path: str | Path) -> Path:
    """Give the file at a path, or say why there is none that can be read."""
    file = Path(path)
    if not (is_file(file) or is_folder(file)):
        _require_no_device(file)
        folder = file.parent
        with reading(file):
            names = sorted(each.name for each in folder.iterdir() if each.is_file()) if is_folder(folder) else []
        close = nearest(file.name, names)
        fix = f"did you mean {close!r}?" if close else "check the name and the folder"
        raise FileFault("FL-FILE-01", "there is no such file", found=str(path), fix=fix)
    if file.is_dir():
        raise FileFault("FL-FILE-02", "this is a folder, not a file", found=str(path), fix="name one file")
    if format_of(file) is None:
        beside = {ending: hint for form in formats() for ending, hint in form.companions.items()}
        raise FileFault(
            "FL-FILE-03",
            "files with this ending cannot be read",
            found=file.name,
            fix=beside.get(file.suffix.lower(), f"files that can be read end in {', '.join(endings())}"),
        )
    if file.stat().st_size == 0:
        raise FileFault("FL-FILE-04", "the file is empty", found=file.name, fix="copy or export it again")
    with reading(file), file.open("rb"):
        return file


def _require_no_device(file: Path) -> None:
    """Refuse what is there and never ends, or waits for another process: such a thing is not even opened."""
    try:
        mode = file.stat().st_mode
    except (OSError, ValueError):
        return
    kinds = {"pipe": stat.S_ISFIFO, "device": stat.S_ISCHR, "device of blocks": stat.S_ISBLK, "socket": stat.S_ISSOCK}
    if kind := next((name for name, is_so in kinds.items() if is_so(mode)), None):
        raise FileFault(
            "FL-FILE-53",
            "this is no file, and is not waited for",
            found=f"{file.name}: a {kind}",
            fix="write what comes out of it into a file, and name that",
        )


@contextmanager
def _name_by_content(file: Path, form: FileFormat) -> Generator[None]:
    """Where a file is not what its ending says, and its first bytes are those of another format, say which."""
    try:
        with reading(file):
            yield
    except FileFault as fault:
        looks = _looking_like(file) if fault.code in _NOT_WHAT_IT_SAYS else ()
        if looks and form not in looks:
            ends = [ending for each in looks for ending in each.endings]
            fault.found += f"; it starts as a file of {' or '.join(each.name for each in looks)} does"
            fault.fix = f"give it the ending of its format: {' or '.join(ends)}"
        raise


_NOT_WHAT_IT_SAYS = ("FL-FILE-05", "FL-FILE-06", "FL-FILE-07")


def _looking_like(file: Path) -> tuple[FileFormat, ...]:
    """The formats whose files start as this one does."""
    longest = max(len(start) for form in formats() for start in form.magic)
    with file.open("rb") as content:
        head = content.read(longest)
    return tuple(form for form in formats() if head.startswith(form.magic))


# --- stretches under each other ---------------------------------------------------------------------------------


def _united(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Lay stretches under each other; one in which a column has no value takes the kind of the others."""
    import polars as pl

    kinds = {series.name: series.dtype for frame in frames for series in frame if series.null_count() < len(series)}
    return pl.concat(
        [
            frame.with_columns(
                pl.lit(None, dtype=kinds[name]).alias(name)
                for name, kind in frame.schema.items()
                if kind != kinds.get(name, kind)
            )
            for frame in frames
        ]
    )


def _whole_numbers(frame: pl.DataFrame) -> pl.DataFrame:
    """Turn columns that hold whole numbers only into whole numbers: SPSS stores every code as a fraction."""
    import polars as pl

    column = pl.col(pl.Float64)
    whole = frame.select((column.is_null() | ((column.round() == column) & (column.abs() <= 2.0**53))).all())
    filled = frame.select(column.is_not_null().any())
    names = [name for name in whole.columns if whole[name][0] and filled[name][0]]
    return frame.with_columns(pl.col(names).cast(pl.Int64))
