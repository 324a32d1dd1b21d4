"""One table in several Parquet files: those that a pattern matches, checked against each other, read as one lazy frame."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from glob import escape, glob, has_magic
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fl_estimate.errors import FileFault, columns_shown, is_file, is_folder, listed
from fl_estimate.inputs.folder import no_file, parquet_files
from fl_estimate.inputs.folder_columns import require_same_value
from fl_estimate.inputs.hive_names import partition_of, partition_types, require_same_names
from fl_estimate.loaders.file_table import FileTable, TextFormat
from fl_estimate.loaders.files import existing, format_of, read_table

if TYPE_CHECKING:
    import polars as pl

    from fl_estimate.inputs.survey_data import Source


def is_pattern(path: str | Path) -> bool:
    """Whether a path names several files: a pattern (``folder/*.parquet``) that is not itself the name of one, or a folder of Parquet."""
    given = Path(path)
    if is_folder(given):
        return any(file.is_file() for file in given.rglob("*.parquet"))
    return has_magic(str(path)) and not is_file(given)


def matched(pattern: str | Path) -> list[Path]:
    """The files that a pattern matches, or a folder holds, in the order of their names.

    Raises
    ------
    FileFault
        FL-FILE-39: there is none; FL-FILE-40: files of a format of which no several are read as one.
    """
    if is_folder(Path(pattern)):
        return parquet_files(Path(pattern))
    files = _matched(pattern)
    if not files:
        raise no_file(Path(pattern).name)
    others = sorted({file.suffix for file in files if not ((form := format_of(file)) and form.lazy)})
    if others:
        raise FileFault(
            "FL-FILE-40",
            "several files are read as one table where they are Parquet, and not otherwise",
            found=f"{Path(pattern).name} matches files that end in {listed(others)}",
            fix='write "folder/*.parquet"; fl-estimate convert makes Parquet of other files',
        )
    return files


def _matched(pattern: str | Path) -> list[Path]:
    """The files that a pattern matches. Folders that are there by their names are no part of it: "wave [1]" is not "wave 1"."""
    there, parts = Path(), list(Path(pattern).parts)
    while len(parts) > 1 and is_folder(there / parts[0]):
        there /= parts.pop(0)
    by_name = str(Path(escape(str(there)), *parts))
    return [Path(found) for found in sorted(glob(by_name, recursive=True)) if is_file(Path(found))]  # noqa: PTH207


def sha256_at(path: Path) -> str | None:
    """The hash of a file, or of all that a pattern matches, as `Source.sha256` has it; None where nothing is there.

    Raises
    ------
    FileFault
        FL-FILE-40, as `matched`.
    """
    if is_file(path):
        return _sha256(path)
    if not is_pattern(path) or not (is_folder(path) or _matched(path)):
        return None
    return _of_all(_sha256(each) for each in matched(path))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _of_all(hashes: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(hashes).encode()).hexdigest()


def read_several(pattern: str | Path, *, written: TextFormat | None = None) -> FileTable:
    """Read all files that match, as one lazy frame in the order of their names.

    Folders called ``month=01`` become a column `month`, by the rule of `Folder`.

    Raises
    ------
    FileFault
        FL-FILE-39, FL-FILE-40; FL-FILE-41: files whose columns are not the same; FL-FILE-01 to 05 of each file;
        FL-FILE-46: folders that do not say the same columns.
    """
    files = matched(pattern)
    tables = [read_table(file, written=written) for file in files]
    first = tables[0]
    _require_alike(files, tables)
    values = [partition_of(file.as_posix()) for file in files]
    require_same_names([(file.name, said) for file, said in zip(files, values, strict=True)])
    for file, said, table in zip(files, values, tables, strict=True):
        require_same_value(file, file.name, dict.fromkeys(table.columns), said)
    frame = _scanned([existing(file) for file in files], partition_types(values))
    return FileTable(
        frame=frame,
        source=_source(Path(pattern), [table.source for table in tables]),
        variable_labels=first.variable_labels,
        value_labels=first.value_labels,
        declared_missing=first.declared_missing,
    )


def _scanned(files: list[Path], partitions: dict[str, str]) -> pl.LazyFrame:
    """The files, with the columns that folders name as texts or whole numbers."""
    import polars as pl

    texts: Any = dict.fromkeys(partitions, pl.String)
    frame = pl.scan_parquet(files, glob=False, hive_partitioning=bool(texts), hive_schema=texts or None)
    return frame.with_columns(pl.col(name).cast(pl.Int64) for name, kind in partitions.items() if kind == "int")


def _source(pattern: Path, sources: list[Source]) -> Source:
    """Of all files: the hash of their hashes, which changes where one of them does, or their order."""
    from fl_estimate.inputs.survey_data import Source

    digest = _of_all(source.sha256 for source in sources)
    return Source(name=pattern.name, sha256=digest, encoding="UTF-8", n_rows=sum(source.n_rows for source in sources))


def _require_alike(files: list[Path], tables: list[FileTable]) -> None:
    """Columns, their types and the labels of their codes are those of the first file: a code may not change its meaning."""
    first, wrong = tables[0], list[str]()
    kinds: dict[str, Any] = dict(first.frame.collect_schema())
    for file, table in zip(files[1:], tables[1:], strict=True):
        own: dict[str, Any] = dict(table.frame.collect_schema())
        apart = {
            "more": [name for name in own if name not in kinds],
            "without": [name for name in kinds if name not in own],
            "another type": [name for name in own if name in kinds and own[name] != kinds[name]],
            "other labels of codes": [
                name for name in own if table.value_labels.get(name, {}) != first.value_labels.get(name, {})
            ],
            "other declared missing values": [
                name for name in own if table.declared_missing.get(name, ()) != first.declared_missing.get(name, ())
            ],
        }
        found = [f"{kind}: {columns_shown(names)}" for kind, names in apart.items() if names]
        if found:
            wrong.append(f"{file.name} ({'; '.join(found)})")
    if wrong:
        raise FileFault(
            "FL-FILE-41",
            "files of one table do not have the same columns",
            found=f"compared with {files[0].name}: {listed(wrong, most=10)}",
            fix="write them with the same columns and types, or load them apart",
        )
