"""A folder of Parquet files as one table, whose subfolders (``country=CL/year=2026/month=01``) are columns, on every engine alike."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import Any

from fl_estimate.errors import DataFault, FileFault, NotAColumn, columns_shown, listed, missing_columns, not_one_of
from fl_estimate.inputs.engines import ENGINES, Engine, require_engine
from fl_estimate.inputs.folder_columns import Schema, own_columns, require_same_value, united
from fl_estimate.inputs.folder_scan import scan
from fl_estimate.inputs.hive_names import partition_of, partition_types, require_same_names
from fl_estimate.inputs.parquet_pages import require_page_headers
from fl_estimate.neutral import visible


@dataclass(frozen=True, kw_only=True)
class FolderFile:
    """One file of a folder.

    Attributes
    ----------
    path : Path
    name : str
        Its path within the folder.
    values : dict of str to str or None
        What the names of its folders say, as they stand; None is a missing value.
    schema : dict of str to pyarrow type
    n_rows : int
    stamp : tuple of int
        Size and time of the last change, by which a change while it is read is noticed.
    """

    path: Path
    name: str
    values: Mapping[str, str | None]
    schema: Schema
    n_rows: int
    stamp: tuple[int, int]

    @cached_property
    def sha256(self) -> str:
        """Of the content of the file."""
        with self.path.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()

    def require_unchanged(self) -> None:
        """Refuse a file that is no longer what it was when the folder was opened.

        Raises
        ------
        FileFault
            FL-FILE-55.
        """
        if not self.path.is_file() or stamp_of(self.path) != self.stamp:
            raise FileFault(
                "FL-FILE-55",
                "a file changed while it was being read",
                found=self.name,
                fix="open the folder again when nobody writes into it",
            )


class Folder(NotAColumn):
    """A folder of Parquet files as one table; subfolders called ``year=2026`` are a column `year`.

    Whole numbers are numbers (``month=01`` is 1) where all names of a column are such, otherwise all are text; ``%20`` in a name is a
    space, and ``__HIVE_DEFAULT_PARTITION__`` a missing value. This is the same on every engine.

    Parameters
    ----------
    path : str or Path
        Every file that ends in .parquet in it or its subfolders is read, but for those whose name, or folder, begins with
        "_" or ".".
    engine : {"polars", "duckdb", "dask", "spark"}
        What `frame` is. None of its rows is in memory.
    columns : sequence of str, optional
        Columns of the files that are wanted; others may be in some files and not in others. None: those of the first file,
        and no file may have more. Columns of the folders always come along.
    cache : str or Path, optional
        A folder for the sums of each file, so that a month that is added costs its own rows: see Notes.
    allow_changes : bool, default False
        Say that files whose sums were kept were changed or taken away on purpose, and give no warning of it.

    Attributes
    ----------
    files : tuple of FolderFile
        In the order of their names.
    partitions : dict of str to {"int", "text"}
        Columns that the folders name.
    casts : dict of str to str
        Columns that are not of one type in all files, and what they are read as: "float" (whole numbers in some files, where
        the first has fractions), "int" (of different widths), "text" (categories in some).

    Raises
    ------
    FileFault
        FL-FILE-45: a file whose columns are not those of the first; FL-FILE-46: folders that do not name the same columns, or
        whose name is not what the file holds in its own column; FL-FILE-39: there is no file; FL-FILE-05: one is damaged;
        FL-FILE-35, FL-FILE-36: the engine's package, or Java, is not there.
    DataFault
        FL-DATA-02: an unknown engine.

    Notes
    -----
    The schema is that of the first file. A later one may have whole numbers where the first has fractions, whole numbers of another
    width, and texts for categories; anything else is refused, for a code may not change its meaning from month to month.

    With `cache`, design-weighted estimates of `fl.classify(folder)` (shares, totals, means, ratios, their replicates) keep the
    sums of each file, by the sha256 of the file, the frameworks, what was asked and the version of this library. Only files that
    are new or changed are read the next time. What is not a sum (quantiles, calibrated or trimmed weights, models) reads
    every row, as without. `Classification.files_read` says what was read. **Kept sums are not for release**: a group of one person is a
    person. The folder is its owner's alone (0700).

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd, tempfile, pathlib
    >>> home = pathlib.Path(tempfile.mkdtemp())
    >>> for month in ("01", "02"):
    ...     (home / f"month={month}").mkdir()
    ...     pd.DataFrame({"age": [30, 41], "w_low_no_wage": "yes", "c_docs": "no"}).to_parquet(home / f"month={month}" / "a.parquet")
    >>> folder = fl.Folder(home)
    >>> folder
    Folder(2 files, 4 rows, polars; month)
    >>> people = fl.classify(folder, outcomes="forced_labour", short_instrument=True)
    >>> fl.estimate_prevalence(people, "forced_labour", design=fl.Design(unweighted=True), by="month").to_frame()["month"].tolist()[1:]
    [1, 2]
    """

    def __init__(
        self,
        path: str | Path,
        *,
        engine: Engine = "polars",
        columns: Sequence[str] | None = None,
        cache: str | Path | None = None,
        allow_changes: bool = False,
    ) -> None:
        lazy = tuple(name for name in ENGINES if name != "pandas")
        if engine not in lazy:
            raise not_one_of("FL-DATA-02", "this engine", engine, lazy, DataFault)
        require_engine(engine)
        self.path, self.engine, self.allow_changes = Path(path), engine, allow_changes
        self.cache = None if cache is None else Path(cache)
        self.files = tuple(_found(self.path))
        require_same_names([(file.name, file.values) for file in self.files])
        self.partitions = partition_types([file.values for file in self.files])
        for file in self.files:
            require_same_value(file.path, file.name, file.schema, file.values)
        own = [(file.name, own_columns(file.schema, self.partitions)) for file in self.files]
        if columns is not None:
            absent = [name for name in columns if name not in own[0][1] and name not in self.partitions]
            if absent:
                raise missing_columns("FL-FILE-45", absent, list(own[0][1]), FileFault)
        self.columns, self.casts = united(own, columns)

    @property
    def n_rows(self) -> int:
        """Rows of all files, as these say."""
        return sum(file.n_rows for file in self.files)

    @cached_property
    def frame(self) -> Any:
        """All rows, as a lazy frame of the engine."""
        return self.frame_of(self.files)

    def frame_of(self, files: Sequence[FolderFile]) -> Any:
        """The rows of some of the files, with the columns and types of the whole."""
        runs = [
            list(run) for _, run in groupby(files, key=lambda file: tuple((n, str(t)) for n, t in file.schema.items()))
        ]
        given = [([file.path for file in run], [file.values for file in run], run[0].schema) for run in runs]
        return scan(self.path, given, self.engine, columns=self.columns, casts=self.casts, partitions=self.partitions)

    def __repr__(self) -> str:
        named = columns_shown(list(self.partitions)) if self.partitions else "no columns of folders"
        return visible(f"Folder({len(self.files):,} files, {self.n_rows:,} rows, {self.engine}; {named})")


def stamp_of(path: Path) -> tuple[int, int]:
    """Size and time of the last change of a file."""
    state = path.stat()
    return state.st_size, state.st_mtime_ns


def parquet_files(root: Path) -> list[Path]:
    """The Parquet files in a folder and its subfolders, in the order of their names.

    Raises
    ------
    FileFault
        FL-FILE-39: there is none.
    """
    found = [file for file in root.rglob("*.parquet") if file.is_file()]
    # Spark and others leave "_temporary" and ".crc" files of their own.
    seen = sorted(file for file in found if not any(part[0] in "_." for part in file.relative_to(root).parts))
    if not seen:
        raise no_file(root.name)
    return seen


def no_file(name: str) -> FileFault:
    """Build the error of a pattern, or a folder, without files."""
    return FileFault("FL-FILE-39", "no file matches this pattern", found=name, fix="check the folder and the pattern")


def _found(root: Path) -> Iterator[FolderFile]:
    files: Any = import_module("pyarrow.parquet")
    damaged = list[str]()
    for path in parquet_files(root):
        name = path.relative_to(root).as_posix()
        stamp = stamp_of(path)
        try:
            with files.ParquetFile(path) as opened:
                schema = {field.name: field.type for field in opened.schema_arrow}
                rows = opened.metadata.num_rows
                require_page_headers(path, opened.metadata)
        except (OSError, ValueError):
            damaged.append(name)
            continue
        yield FolderFile(
            path=path, name=name, values=partition_of(name), schema=schema, n_rows=rows, stamp=stamp
        )  # fmt: skip
    if damaged:
        raise FileFault(
            "FL-FILE-05",
            "the file is damaged, or not what its name says",
            found=listed(damaged, most=10),
            fix="copy or export it again",
        )
