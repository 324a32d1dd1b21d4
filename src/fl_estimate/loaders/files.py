"""Files as tables: SPSS, Stata, SAS, delimited text and Parquet, each as a polars frame with what the file says of it.

This is the only place that knows pyreadstat. Codes are left as they are; what they mean is in a mapping. A value
that the file itself declares missing is null in its column, and its code stands in a column `<name>@missing`.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from fl_estimate.errors import FileFault, listed, nearest
from fl_estimate.inputs.survey_data import Source

if TYPE_CHECKING:
    import polars as pl

Engine = Literal["pandas", "polars"]
KIND = "@missing"
"""Ending of the column that holds the code of each declared missing value."""

Range = tuple[float | str, float | str]


@dataclass(frozen=True, kw_only=True)
class TextFormat:
    """How a delimited text file is written, and the encoding of any file that does not say it."""

    encoding: str | None = None
    delimiter: str | None = None
    decimal: str = "."


@dataclass(frozen=True, kw_only=True)
class FileTable:
    """One file: its rows as a polars frame (lazy for Parquet) and what it says of its columns."""

    frame: pl.DataFrame | pl.LazyFrame
    source: Source
    variable_labels: dict[str, str] = field(default_factory=dict[str, str])
    value_labels: dict[str, dict[float | str, str]] = field(default_factory=dict[str, dict[float | str, str]])
    declared_missing: dict[str, tuple[Range, ...]] = field(default_factory=dict[str, tuple[Range, ...]])

    @property
    def columns(self) -> list[str]:
        """The columns of the file itself, without those that hold the codes of missing values."""
        names = self.frame.collect_schema().names()
        there = set(names)
        return [name for name in names if not (name.endswith(KIND) and name.removesuffix(KIND) in there)]


def read_table(path: str | Path, *, written: TextFormat | None = None) -> FileTable:
    """Read a whole file.

    Parameters
    ----------
    path : str or Path
        A file that ends in .sav, .zsav, .dta, .sas7bdat, .xpt, .csv, .tsv or .parquet.
    written : TextFormat, optional
        Encoding (for files that do not say theirs), and delimiter and decimal sign of a delimited text.

    Returns
    -------
    FileTable

    Raises
    ------
    FileFault
        FL-FILE-01 (not there), FL-FILE-02 (a folder), FL-FILE-03 (unknown ending), FL-FILE-04 (empty),
        FL-FILE-05 (damaged, or not what its ending says), FL-FILE-06 (encoding), FL-FILE-07 (lines or header of
        a delimited text).
    """
    file = existing(path)
    written = written or TextFormat()
    ending = file.suffix.lower()
    if ending == ".parquet":
        return _read_parquet(file)
    if ending in (".csv", ".tsv"):
        return _read_delimited(file, written)
    rows = read_rows(file, encoding=written.encoding)
    return FileTable(
        frame=_whole_numbers(rows.frame),
        source=source_of(file, rows.encoding, rows.frame.height),
        variable_labels=rows.variable_labels,
        value_labels=rows.value_labels,
        declared_missing=rows.declared_missing,
    )


def _whole_numbers(frame: pl.DataFrame) -> pl.DataFrame:
    """Turn columns that hold whole numbers only into whole numbers: SPSS stores every code as a fraction."""
    import polars as pl

    column = pl.col(pl.Float64)
    whole = frame.select((column.is_null() | ((column.round() == column) & (column.abs() <= 2.0**53))).all())
    filled = frame.select(column.is_not_null().any())
    names = [name for name in whole.columns if whole[name][0] and filled[name][0]]
    return frame.with_columns(pl.col(names).cast(pl.Int64))


def existing(path: str | Path) -> Path:
    """Give the file at a path, or say why there is none that can be read."""
    file = Path(path)
    if not file.exists():
        folder = file.parent
        names = sorted(each.name for each in folder.iterdir() if each.is_file()) if folder.is_dir() else []
        close = nearest(file.name, names)
        fix = f"did you mean {close!r}?" if close else "check the name and the folder"
        raise FileFault("FL-FILE-01", "there is no such file", found=str(path), fix=fix)
    if file.is_dir():
        raise FileFault("FL-FILE-02", "this is a folder, not a file", found=str(path), fix="name one file")
    if file.suffix.lower() not in ENDINGS:
        raise FileFault(
            "FL-FILE-03",
            "files with this ending cannot be read",
            found=file.name,
            fix=f"files that can be read end in {', '.join(ENDINGS)}",
        )
    if file.stat().st_size == 0:
        raise FileFault("FL-FILE-04", "the file is empty", found=file.name, fix="copy or export it again")
    return file


# --- SPSS, Stata, SAS -------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Rows:
    """A stretch of the rows of a statistical package's file."""

    frame: pl.DataFrame
    encoding: str
    variable_labels: dict[str, str]
    value_labels: dict[str, dict[float | str, str]]
    declared_missing: dict[str, tuple[Range, ...]]


def read_rows(file: Path, *, encoding: str | None = None, offset: int = 0, limit: int = 0) -> Rows:
    """Read `limit` rows from `offset` on (0: all) of an SPSS, Stata or SAS file.

    Raises
    ------
    FileFault
        FL-FILE-05, FL-FILE-06.
    """
    values, meta = _read_statistical(file, encoding, row_offset=offset, row_limit=limit)
    n_in_file = _announced_rows(meta)
    n = len(next(iter(values.values()), ()))
    if n_in_file is not None and not limit and n != n_in_file:
        raise damaged(file, f"it announces {n_in_file:,} rows and holds {n:,}")
    declared = {
        name: tuple((each["lo"], each["hi"]) for each in ranges)
        for name, ranges in meta.missing_ranges.items()
        if ranges
    }
    return Rows(
        frame=_frame(values, meta, declared),
        encoding=meta.file_encoding or encoding or "UTF-8",
        variable_labels={name: label for name, label in meta.column_names_to_labels.items() if label},
        value_labels=dict(meta.variable_value_labels),
        declared_missing=declared,
    )


def announced_shape(file: Path, *, encoding: str | None = None) -> tuple[int | None, int]:
    """Give the number of rows that a file announces (None where it does not) and of its columns."""
    _, meta = _read_statistical(file, encoding, metadataonly=True)
    return _announced_rows(meta), len(meta.column_names)


def _announced_rows(meta: Any) -> int | None:
    return meta.number_rows if meta.number_rows is not None and meta.number_rows >= 0 else None


def _read_statistical(file: Path, encoding: str | None, **stretch: int | bool) -> tuple[dict[str, Any], Any]:
    import pyreadstat

    readers: dict[str, Callable[..., tuple[Any, Any]]] = {
        ".sav": pyreadstat.read_sav,
        ".zsav": pyreadstat.read_sav,
        ".dta": pyreadstat.read_dta,
        ".sas7bdat": pyreadstat.read_sas7bdat,
        ".xpt": pyreadstat.read_xport,
    }
    # lists of Python values: a pandas frame from pyreadstat turns nulls of whole-number columns into zeros
    settings: dict[str, Any] = {"output_format": "dict", **stretch}
    if encoding:
        settings["encoding"] = encoding
    if file.suffix.lower() != ".xpt":
        settings["user_missing"] = True
    try:
        return readers[file.suffix.lower()](str(file), **settings)
    except UnicodeError:
        raise _not_encoded(file, encoding) from None
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError) as error:
        if "encoding" in str(error):
            raise _not_encoded(file, encoding) from None
        raise damaged(file, str(error)) from None
    except (OverflowError, ValueError):
        raise damaged(file, "a date in it is outside the calendar") from None
    except OSError as error:
        raise damaged(file, error.strerror or "it cannot be opened") from None


def _frame(values: dict[str, Any], meta: Any, declared: dict[str, tuple[Range, ...]]) -> pl.DataFrame:
    import polars as pl

    columns: list[pl.Series] = []
    for name, column in values.items():
        tagged = name in meta.missing_user_values
        if tagged:
            series, kinds = _tagged(name, column)
        else:
            series = _series(name, column, whole=meta.readstat_variable_types[name].startswith("int"))
            kinds = _kinds(series, declared[name]) if name in declared else None
        if kinds is None:
            columns.append(series)
        else:
            columns += [
                series.zip_with(kinds.is_null(), pl.Series([None], dtype=series.dtype)),
                kinds.alias(name + KIND),
            ]
    return pl.DataFrame(columns)


def _series(name: str, values: Sequence[Any], *, whole: bool) -> pl.Series:
    import datetime as dt

    import polars as pl

    first = next((value for value in values if value is not None), None)
    if first is None:
        return pl.Series(name, values, dtype=pl.Float64)
    if isinstance(first, str):
        return pl.Series(name, values, dtype=pl.String)
    if isinstance(first, dt.datetime):
        return pl.Series(name, values, dtype=pl.Datetime("us"))
    if isinstance(first, dt.date):
        return pl.Series(name, values, dtype=pl.Date)
    if isinstance(first, dt.time):
        return pl.Series(name, values, dtype=pl.Time).dt.to_string("%H:%M:%S")
    if whole:
        return pl.Series(name, values, dtype=pl.Int64)
    return pl.Series(name, values, dtype=pl.Float64).fill_nan(None)


def _tagged(name: str, values: Sequence[Any]) -> tuple[pl.Series, pl.Series]:
    """Take numbers and the tags of missing values (.a to .z) apart."""
    import pandas as pd
    import polars as pl

    numbers = pd.to_numeric(pd.Series(values, dtype=object), errors="coerce").to_numpy(dtype=np.float64)
    series = pl.Series(name, numbers, nan_to_null=True)
    tags = "." + pl.Series(values, dtype=pl.String, strict=False)
    return series, tags.set(series.is_not_null(), None)


def _kinds(series: pl.Series, ranges: Sequence[Range]) -> pl.Series:
    """Write the code of every value that lies in a declared range as text; null for all others."""
    import polars as pl

    cell = pl.col(series.name)
    inside = pl.any_horizontal(cell.is_between(pl.lit(low), pl.lit(high)) for low, high in ranges)
    frame = series.to_frame().select(pl.when(inside).then(cell).alias(series.name))
    codes = frame.to_series().drop_nulls().unique().to_list()
    if len(codes) > FEW:
        return frame.to_series().replace_strict(codes, [code_text(code) for code in codes], return_dtype=pl.String)
    kinds = pl.lit(None, dtype=pl.String)
    for code in codes:
        kinds = pl.when(cell == code).then(pl.lit(code_text(code))).otherwise(kinds)
    return frame.with_columns(kinds.alias(series.name)).to_series()


FEW = 30
"""Codes up to which a chain of comparisons is taken: `replace_strict` is a join, and slower for few."""


def code_text(code: float | str) -> str:
    """Write a code as people do: 8, not 8.0."""
    return str(int(code)) if isinstance(code, float) and code.is_integer() else str(code)


# --- delimited text ---------------------------------------------------------------------------------------------

_WHOLE = r"^[+-]?(0|[1-9]\d{0,17})$"
_DECIMAL = r"^[+-]?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$"


def _read_delimited(file: Path, written: TextFormat) -> FileTable:
    encoding = written.encoding or "utf-8"
    content = file.read_bytes()
    try:
        # utf-8-sig: the mark that spreadsheet programs put in front is not part of the first name
        text = content.decode("utf-8-sig" if re.fullmatch(r"(?i)utf-?8", encoding) else encoding)
    except (UnicodeError, LookupError):
        raise _not_encoded(file, encoding) from None
    delimiter = written.delimiter or ("\t" if file.suffix.lower() == ".tsv" else ",")
    names = _header(file, text, delimiter)
    frame = _texts(file, text, delimiter, names)
    typed = frame.select(_typed(frame[name], written.decimal) for name in names)
    return FileTable(frame=typed, source=source_of(file, encoding, typed.height))


def _texts(file: Path, text: str, delimiter: str, names: list[str]) -> pl.DataFrame:
    """Read every cell as text; a line with another number of cells than the header is an error."""
    import polars as pl
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    odd: list[int] = []

    def keep_number(row: Any) -> str:
        odd.append(row.number)
        return "skip"

    try:
        table = arrow_csv.read_csv(
            io.BytesIO(text.encode()),
            # one thread, so that lines have numbers
            read_options=arrow_csv.ReadOptions(use_threads=False),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=keep_number
            ),
            # "NA" is Namibia and "01" a region: only an empty cell is missing, and types are decided afterwards
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, "string"),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid:
        raise damaged(file, "it is no delimited text with a header and lines") from None
    if odd:
        raise FileFault(
            "FL-FILE-07",
            "lines do not have as many cells as the header",
            found=f"{file.name}: {len(odd):,} lines ({listed(odd)}) do not have {len(names)} cells",
            fix="check the delimiter ([source] delimiter in the mapping) and cells that hold it without quotes",
        )
    return pl.DataFrame(pl.from_arrow(table))


def _header(file: Path, text: str, delimiter: str) -> list[str]:
    names = next(csv.reader(io.StringIO(text), delimiter=delimiter), [])
    twice = sorted({name for name in names if names.count(name) > 1})
    faults = {
        "characters that are no text": "\0" in text,
        "a quotation mark that is not closed": text.count('"') % 2 == 1,
        "a column without a name": not names or "" in names,
        f"column names that occur twice: {listed(twice)}": bool(twice),
    }
    if any(faults.values()):
        raise FileFault(
            "FL-FILE-07",
            "the delimited text cannot be used",
            found=f"{file.name}: {listed(fault for fault, met in faults.items() if met)}",
            fix="the first line gives every column a name of its own; quotation marks come in pairs",
        )
    return names


def _typed(texts: pl.Series, decimal: str) -> pl.Series:
    """Turn a column into numbers where every cell is one; "01" stays a text, for its zero is part of the code."""
    import polars as pl

    cells = texts.str.strip_chars()
    if decimal != ".":
        # a point would then be a thousands sign: such a column is left as text
        cells = cells.set(cells.str.contains(".", literal=True), "").str.replace(decimal, ".", literal=True)
    filled = cells.is_not_null().sum()
    if filled == 0:
        return texts
    if cells.str.contains(_WHOLE).sum() == filled:
        return cells.cast(pl.Int64).alias(texts.name)
    if cells.str.contains(_DECIMAL).sum() == filled:
        return cells.cast(pl.Float64).alias(texts.name)
    return texts


# --- Parquet ----------------------------------------------------------------------------------------------------


def _read_parquet(file: Path) -> FileTable:
    import polars as pl
    import pyarrow as pa
    from pyarrow import parquet

    try:
        n_rows = parquet.read_metadata(file).num_rows
        frame = pl.scan_parquet(file)
        frame.collect_schema()
    except (pa.ArrowException, pl.exceptions.PolarsError, OSError):
        raise damaged(file, "it is no Parquet file, or a part is missing") from None
    return FileTable(frame=frame, source=source_of(file, "UTF-8", n_rows))


# --- shared -----------------------------------------------------------------------------------------------------

ENDINGS: tuple[str, ...] = (".sav", ".zsav", ".dta", ".sas7bdat", ".xpt", ".csv", ".tsv", ".parquet")
STATISTICAL: tuple[str, ...] = ENDINGS[:5]


def source_of(file: Path, encoding: str, n_rows: int) -> Source:
    """Say where a table came from."""
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return Source(name=file.name, sha256=digest, encoding=encoding, n_rows=n_rows)


def damaged(file: Path, why: str) -> FileFault:
    """Build the error of a file that does not hold what it should."""
    return FileFault(
        "FL-FILE-05",
        "the file cannot be read: it is damaged, or not what its ending says",
        found=f"{file.name}: {why[:1].lower()}{why[1:]}",
        fix="copy or export the file again, and give it the ending of its format",
    )


def _not_encoded(file: Path, encoding: str | None) -> FileFault:
    return FileFault(
        "FL-FILE-06",
        "a text in the file is not in the encoding that was assumed",
        found=f"{file.name}: not {encoding}" if encoding else f"{file.name}: not the encoding that it states",
        fix='say which it is in the mapping, such as [source] encoding = "windows-1252"',
    )
