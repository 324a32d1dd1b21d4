"""Files as tables: SPSS, Stata, SAS, delimited text, workbooks and Parquet, each as a polars frame with what the file says of it.

This is the only place that knows pyreadstat. Codes are left as they are; what they mean is in a mapping. A value
that the file itself declares missing is null in its column, and its code stands in a column `<name>@missing`.
"""

from __future__ import annotations

import codecs
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fl_estimate.errors import FileFault, is_file, is_folder, nearest
from fl_estimate.loaders import spss_rows
from fl_estimate.loaders.delimited import read_delimited
from fl_estimate.loaders.file_table import (
    FEW,
    KIND,
    FileTable,
    Range,
    TextFormat,
    code_text,
    damaged,
    not_encoded,
    source_of,
)
from fl_estimate.loaders.labels_in_parquet import read_labels
from fl_estimate.loaders.workbook import read_workbook

if TYPE_CHECKING:
    import polars as pl

STATISTICAL: tuple[str, ...] = (".sav", ".zsav", ".por", ".dta", ".sas7bdat", ".xpt")
DELIMITED: tuple[str, ...] = (".csv", ".tsv", ".txt")
WORKBOOKS: tuple[str, ...] = (".xlsx", ".xlsm", ".xls", ".ods")
ENDINGS: tuple[str, ...] = (*STATISTICAL, *DELIMITED, *WORKBOOKS, ".parquet")

ROWS_AT_ONCE = 100_000
"""Rows of a stretch."""
CELLS_OF_BLOCKS = 10_000_000
"""Cells of a stretch that is decoded by blocks: 80 MB, and as much again for its columns."""
CELLS_AT_ONCE = 2_000_000
"""Cells of a stretch where they are Python objects for a moment: about 100 MB."""


def read_table(path: str | Path, *, written: TextFormat | None = None) -> FileTable:
    """Read a whole file.

    Parameters
    ----------
    path : str or Path
        A file that ends in .sav, .zsav, .por, .dta, .sas7bdat, .xpt, .csv, .tsv, .txt, .xlsx, .xls, .ods or .parquet.
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
        FL-FILE-05 (damaged, or not what its ending says), FL-FILE-06 (encoding; names the column), FL-FILE-07 (lines
        or header of a text or worksheet), FL-FILE-10 (no such worksheet).
    """
    file = existing(path)
    written = written or TextFormat()
    ending = file.suffix.lower()
    if ending == ".parquet":
        return _read_parquet(file)
    if ending in DELIMITED:
        return read_delimited(file, written)
    if ending in WORKBOOKS:
        return read_workbook(file, written)
    book = codebook_of(file, written)
    frame = _united(list(stretches(file, book)))
    return FileTable(
        frame=_whole_numbers(frame),
        source=source_of(file, book.encoding, frame.height),
        variable_labels=book.variable_labels,
        value_labels=book.value_labels,
        declared_missing=book.declared_missing,
    )


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


def existing(path: str | Path) -> Path:
    """Give the file at a path, or say why there is none that can be read."""
    file = Path(path)
    if not (is_file(file) or is_folder(file)):
        folder = file.parent
        names = sorted(each.name for each in folder.iterdir() if each.is_file()) if is_folder(folder) else []
        close = nearest(file.name, names)
        fix = f"did you mean {close!r}?" if close else "check the name and the folder"
        raise FileFault("FL-FILE-01", "there is no such file", found=str(path), fix=fix)
    if file.is_dir():
        raise FileFault("FL-FILE-02", "this is a folder, not a file", found=str(path), fix="name one file")
    if file.suffix.lower() not in ENDINGS:
        catalogue = file.suffix.lower() == ".sas7bcat"
        raise FileFault(
            "FL-FILE-03",
            "files with this ending cannot be read",
            found=file.name,
            fix="read the .sas7bdat that belongs to it; [source] catalogue in the mapping names this file"
            if catalogue
            else f"files that can be read end in {', '.join(ENDINGS)}",
        )
    if file.stat().st_size == 0:
        raise FileFault("FL-FILE-04", "the file is empty", found=file.name, fix="copy or export it again")
    return file


# --- SPSS, Stata, SAS -------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Codebook:
    """What the file of a statistical package says of itself, without its rows."""

    columns: tuple[str, ...]
    kinds: dict[str, str]
    formats: dict[str, str]
    n_rows: int | None
    told: str | None
    encoding: str
    variable_labels: dict[str, str]
    value_labels: dict[str, dict[float | str, str]]
    declared_missing: dict[str, tuple[Range, ...]]


def codebook_of(file: Path, written: TextFormat | None = None) -> Codebook:
    """Read what an SPSS, Stata or SAS file says of its columns.

    Raises
    ------
    FileFault
        FL-FILE-01, FL-FILE-05, FL-FILE-06.
    """
    written = written or TextFormat()
    _layout_of(file)
    _, meta = _read_statistical(file, written.encoding, metadataonly=True)
    n_rows = meta.number_rows if meta.number_rows is not None and meta.number_rows >= 0 else None
    # every byte of the data part holds 8 words of 8 bytes at the most, and zlib shrinks a thousandfold at the most
    smallest = {".sav": 8, ".zsav": 8 * 1_032, ".sas7bdat": 256}.get(file.suffix.lower(), 1)
    if n_rows is not None and n_rows > file.stat().st_size * smallest:
        raise damaged(file, f"it announces {n_rows:,} rows, for which it is too small")
    return Codebook(
        columns=tuple(meta.column_names),
        kinds=dict(meta.readstat_variable_types),
        formats=dict(meta.original_variable_types),
        n_rows=n_rows,
        told=written.encoding,
        encoding=meta.file_encoding or written.encoding or "UTF-8",
        variable_labels={name: label for name, label in meta.column_names_to_labels.items() if label},
        value_labels={
            name: _with_tags(labels, meta.readstat_variable_types.get(name))
            for name, labels in (dict(meta.variable_value_labels) or _from_catalogue(file, meta, written)).items()
        },
        declared_missing={
            name: tuple((each["lo"], each["hi"]) for each in ranges)
            for name, ranges in meta.missing_ranges.items()
            if ranges
        },
    )


def _with_tags(labels: dict[float | str, str], kind: str | None) -> dict[float | str, str]:
    """Write the tag of a missing number as in its column: .a, not a."""
    if kind == "string":
        return dict(labels)
    return {f".{code}" if isinstance(code, str) and len(code) == 1 else code: label for code, label in labels.items()}


def _from_catalogue(file: Path, meta: Any, written: TextFormat) -> dict[str, dict[float | str, str]]:
    """Take the value labels of a SAS file from its catalogue: the one that was named, or the one that lies beside it."""
    if file.suffix.lower() != ".sas7bdat":
        return {}
    if written.catalogue is not None:
        catalogue = file.parent / written.catalogue
        if not catalogue.is_file():
            raise FileFault(
                "FL-FILE-01",
                "there is no such file",
                found=written.catalogue,
                fix="[source] catalogue names a file in the folder of the data",
            )
    else:
        beside = (file.with_suffix(".sas7bcat"), file.with_name("formats.sas7bcat"))
        catalogue = next((each for each in beside if each.is_file()), None)
        if catalogue is None:
            return {}
    _, formats = _read_statistical(catalogue, written.encoding, locate=False)
    lists = {name.upper().strip("$."): labels for name, labels in formats.value_labels.items()}
    named = {name: _format_name(written_as) for name, written_as in meta.original_variable_types.items()}
    return {name: dict(lists[of]) for name, of in named.items() if of in lists}


def _format_name(written: str | None) -> str:
    """Give the name of a format without its width: SEXF for SEXF8."""
    return re.sub(r"\d*\.?\d*$", "", written or "").upper().strip("$.")


def stretches(file: Path, book: Codebook, *, cells: int | None = None) -> Iterator[pl.DataFrame]:
    """Read the rows of an SPSS, Stata or SAS file in stretches, at least one (which may be empty).

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
    form = _plain_layout(file, book)
    if form is not None:
        yield from _spss_stretches(file, book, form)
        return
    size = 0 if cells is None else max(1_000, min(ROWS_AT_ONCE, cells // max(1, len(book.columns))))
    done = 0
    while True:
        values, meta = _read_statistical(file, book.told, row_offset=done, row_limit=size)
        frame = _frame(values, book, tagged=set(meta.missing_user_values))
        done += frame.height
        last = not size or frame.height < size or done == book.n_rows
        if last and book.n_rows is not None and done != book.n_rows:
            raise damaged(file, f"it announces {book.n_rows:,} rows and holds {done:,}")
        yield frame
        if last:
            return


def _read_statistical(
    file: Path, encoding: str | None, *, locate: bool = True, **what: Any
) -> tuple[dict[str, Any], Any]:
    """Call the reader of the file's format; `locate`: where a text cannot be decoded, find its column."""
    import pyreadstat

    readers: dict[str, Callable[..., tuple[Any, Any]]] = {
        ".sav": pyreadstat.read_sav,
        ".zsav": pyreadstat.read_sav,
        ".por": pyreadstat.read_por,
        ".dta": pyreadstat.read_dta,
        ".sas7bdat": pyreadstat.read_sas7bdat,
        ".sas7bcat": pyreadstat.read_sas7bcat,
        ".xpt": pyreadstat.read_xport,
    }
    # lists of Python values: a pandas frame from pyreadstat turns nulls of whole-number columns into zeros
    settings: dict[str, Any] = {"output_format": "dict", **what}
    if encoding:
        settings["encoding"] = encoding
    if file.suffix.lower() not in (".xpt", ".por", ".sas7bcat"):
        settings["user_missing"] = True
    try:
        with warnings.catch_warnings():
            # pyreadstat renames a column that occurs twice, and warns; neither SPSS, Stata nor SAS writes such a file
            warnings.filterwarnings("error", message="column .* is duplicated", category=UserWarning)
            values, meta = readers[file.suffix.lower()](str(file), **settings)
    except UserWarning as twice:
        raise damaged(file, str(twice).partition(",")[0]) from None
    except UnicodeError:
        raise not_encoded(file, encoding, _columns_not_encoded(file, encoding) if locate else []) from None
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError) as error:
        if "encoding" in str(error) or "convert" in str(error):
            raise not_encoded(file, encoding, _columns_not_encoded(file, encoding) if locate else []) from None
        raise damaged(file, str(error)) from None
    except (OverflowError, ValueError):
        raise damaged(file, "a date in it is outside the calendar") from None
    except OSError as error:
        raise damaged(file, error.strerror or "it cannot be opened") from None
    except (TypeError, LookupError, AttributeError, AssertionError, SystemError, MemoryError):
        # broken bytes make the reader stumble in its own code
        raise damaged(file, "what it says of its columns makes no sense") from None
    if not all(meta.column_names):
        raise damaged(file, "a column has no name")
    return values, meta


def _columns_not_encoded(file: Path, encoding: str | None) -> list[str]:
    """Find the columns whose texts cannot be decoded, by reading each text column alone."""
    try:
        _, meta = _read_statistical(file, encoding, locate=False, metadataonly=True)
    except FileFault:
        return ["a name or label"]
    found: list[str] = []
    for name in (name for name in meta.column_names if meta.readstat_variable_types[name] == "string"):
        try:
            _read_statistical(file, encoding, locate=False, usecols=[name])
        except FileFault as fault:
            if fault.code == "FL-FILE-06":
                found.append(f"column {name!r}")
    return found


# --- rows of SPSS by whole blocks -------------------------------------------------------------------------------

_NUMBER = re.compile(r"(F|N|E|COMMA|DOT|DOLLAR|PCT|CC[A-E]|P|PK|IB|PIB|RB|Z|A|AHEX)\d+(\.\d+)?")
"""Formats of numbers and texts; all others are dates and times, which pyreadstat turns into such."""


def _layout_of(file: Path) -> spss_rows.Layout | None:
    if file.suffix.lower() not in (".sav", ".zsav"):
        return None
    try:
        return spss_rows.layout(file)
    except spss_rows.Broken:
        raise damaged(file, "what it says of its columns is broken") from None


def _plain_layout(file: Path, book: Codebook) -> spss_rows.Layout | None:
    form = _layout_of(file)
    fits = (
        form is not None
        and book.n_rows in (form.rows, None)
        and len(form.places) == len(book.columns)
        and all(
            (book.kinds[name] == "string") == (at.width > 0) for name, at in zip(book.columns, form.places, strict=True)
        )
    )
    return form if fits else None


def plain_schema(file: Path, book: Codebook) -> dict[str, pl.DataType] | None:
    """Give the types of all columns where they are known before a row is read; None where they are not."""
    import polars as pl

    form = _plain_layout(file, book)
    if form is None:
        return None
    schema: dict[str, pl.DataType] = {}
    for name, place in zip(book.columns, form.places, strict=True):
        if not _is_plain(book.formats[name]):
            return None
        schema[name] = pl.String() if place.width else pl.Float64()
        if any(isinstance(low, str) == (place.width > 0) for low, _ in book.declared_missing.get(name, ())):
            schema[name + KIND] = pl.String()
    return schema


def _is_plain(written: str | None) -> bool:
    return _NUMBER.fullmatch(written or "") is not None


def _spss_stretches(file: Path, book: Codebook, form: spss_rows.Layout) -> Iterator[pl.DataFrame]:
    done = 0
    try:
        size = max(1_000, min(ROWS_AT_ONCE, CELLS_OF_BLOCKS // form.words))
        for rows in spss_rows.stretches(file, form, size):
            yield _spss_frame(file, book, form, rows, done)
            done += len(rows)
    except spss_rows.Broken:
        raise damaged(file, f"it announces {form.rows:,} rows and does not hold them") from None
    if not done:
        yield _spss_frame(file, book, form, np.empty((0, form.words), dtype=np.uint64), 0)


def _spss_frame(
    file: Path, book: Codebook, form: spss_rows.Layout, rows: npt.NDArray[np.uint64], offset: int
) -> pl.DataFrame:
    values: dict[str, Any] = {}
    left: list[str] = []
    for name, place in zip(book.columns, form.places, strict=True):
        values[name] = None
        if not _is_plain(book.formats[name]):
            left.append(name)
        elif place.width:
            values[name] = _decoded(file, name, spss_rows.texts(rows, place), book)
        else:
            values[name] = spss_rows.numbers(rows, place)
    if left:
        by_cell, _ = _read_statistical(file, book.told, usecols=left, row_offset=offset, row_limit=max(1, len(rows)))
        values.update({name: by_cell[name][: len(rows)] for name in left})
    return _frame(values, book, tagged=set())


def _decoded(file: Path, name: str, padded: npt.NDArray[np.uint8], book: Codebook) -> Any:
    """Give texts without the blanks at their ends."""
    import pyarrow as pa
    import pyarrow.compute as pc

    n, width = padded.shape
    encoding = book.told or book.encoding
    fixed = pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), n, [None, pa.py_buffer(padded)])
    unicode = re.fullmatch(r"(?i)utf-?8", encoding) is not None
    if not n or not ((padded == 0).any() or (padded.max() > 127 and not unicode)):
        try:
            texts = fixed.cast(pa.binary()).cast(pa.string())
            return pc.call_function("utf8_rtrim", [texts], pc.TrimOptions(characters=" "))
        except pa.ArrowInvalid:
            pass
    met = fixed.dictionary_encode()
    try:
        words = [_word(value, encoding) for value in met.dictionary.to_pylist()]
    except (UnicodeError, LookupError):
        raise not_encoded(file, encoding, [f"column {name!r}"]) from None
    return pa.DictionaryArray.from_arrays(met.indices, pa.array(words, pa.string())).cast(pa.string())


def _word(value: bytes, encoding: str) -> str:
    """Decode a text up to a null; a letter that was cut in two at its end is left out."""
    return codecs.getincrementaldecoder(encoding)().decode(value.partition(b"\0")[0].rstrip(b" "))


# --- columns ----------------------------------------------------------------------------------------------------


def _frame(values: dict[str, Any], book: Codebook, *, tagged: set[str]) -> pl.DataFrame:
    import polars as pl

    columns: list[pl.Series] = []
    for name, column in values.items():
        if name in tagged:
            series, kinds = _tagged(name, column)
        elif isinstance(column, np.ndarray) and name in book.declared_missing:
            series, kinds = _declared(name, column, book.declared_missing[name])
        else:
            series = _series(name, column, whole=book.kinds[name].startswith("int"))
            declared = book.declared_missing.get(name)
            kinds = _kinds(series, declared) if declared else None
            if kinds is not None:
                series = series.set(kinds.is_not_null(), None)
        columns += [series] if kinds is None else [series, kinds.alias(name + KIND)]
    return pl.DataFrame(columns)


def _series(name: str, values: Any, *, whole: bool) -> pl.Series:
    import datetime as dt

    import polars as pl

    if isinstance(values, np.ndarray):
        return pl.Series(name, values, nan_to_null=True)
    if not isinstance(values, list):
        return pl.Series(name, values, dtype=pl.String)
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
    if isinstance(first, dt.timedelta):
        return pl.Series(name, [str(value) if value is not None else None for value in values], dtype=pl.String)
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


def _declared(name: str, values: npt.NDArray[np.float64], ranges: Sequence[Range]) -> tuple[pl.Series, pl.Series]:
    """Take numbers and the codes that lie in a declared range apart."""
    import polars as pl

    inside = np.zeros(len(values), dtype=bool)
    for low, high in ranges:
        if not isinstance(low, str) and not isinstance(high, str):
            inside |= (values >= low) & (values <= high)
    codes = np.unique(values[inside])
    place = np.full(len(values), len(codes), dtype=np.uint32)
    place[inside] = np.searchsorted(codes, values[inside])
    texts = pl.Series([*(code_text(code) for code in codes.tolist()), None], dtype=pl.String)
    return pl.Series(name, np.where(inside, np.nan, values), nan_to_null=True), texts.gather(place)


def _kinds(series: pl.Series, ranges: Sequence[Range]) -> pl.Series | None:
    """Write the code of every value that lies in a declared range as text; null for all others."""
    import polars as pl

    texts = series.dtype == pl.String
    fitting = [(low, high) for low, high in ranges if isinstance(low, str) == texts]
    if not fitting:
        return None
    cell = pl.col(series.name)
    inside = pl.any_horizontal(cell.is_between(pl.lit(low), pl.lit(high)) for low, high in fitting)
    frame = series.to_frame().select(pl.when(inside).then(cell).alias(series.name))
    codes = frame.to_series().drop_nulls().unique().to_list()
    if len(codes) > FEW:
        return frame.to_series().replace_strict(codes, [code_text(code) for code in codes], return_dtype=pl.String)
    kinds = pl.lit(None, dtype=pl.String)
    for code in codes:
        kinds = pl.when(cell == code).then(pl.lit(code_text(code))).otherwise(kinds)
    return frame.with_columns(kinds.alias(series.name)).to_series()


# --- Parquet ----------------------------------------------------------------------------------------------------


def _read_parquet(file: Path) -> FileTable:
    import polars as pl
    import pyarrow as pa
    from pyarrow import parquet

    try:
        meta = parquet.read_metadata(file)
        frame = pl.scan_parquet(file)
        frame.collect_schema()
    except (pa.ArrowException, pl.exceptions.PolarsError, OSError):
        raise damaged(file, "it is no Parquet file, or a part is missing") from None
    labels = read_labels(meta.metadata)
    return FileTable(frame=frame, source=source_of(file, "UTF-8", meta.num_rows), **labels)
