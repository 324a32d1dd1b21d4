"""SPSS files: .sav and .zsav by whole blocks where their form allows it, the rest of them and .por through pyreadstat."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fl_estimate.loaders.file_format import FileFormat, InStretches
from fl_estimate.loaders.file_table import KIND, Codebook, TextFormat, damaged, not_encoded
from fl_estimate.loaders.formats import by_pyreadstat, spss_rows
from fl_estimate.loaders.formats.columns import frame_of

if TYPE_CHECKING:
    import polars as pl

CELLS_OF_BLOCKS = 10_000_000
"""Cells of a stretch that is decoded by blocks: 80 MB, and as much again for its columns."""
READERS = by_pyreadstat.Readers(
    functions={".sav": "read_sav", ".zsav": "read_sav", ".por": "read_por"},
    declaring=(".sav", ".zsav"),
    # every byte of the data part holds 8 words of 8 bytes at the most, and zlib shrinks a thousandfold at the most
    rows_a_byte={".sav": 8, ".zsav": 8 * 1_032},
)


def _codebook(file: Path, written: TextFormat) -> Codebook:
    _layout_of(file)  # before pyreadstat, which a broken dictionary may bring down
    return by_pyreadstat.codebook(file, written, READERS)


def _stretches(file: Path, book: Codebook, cells: int | None) -> Iterator[pl.DataFrame]:
    form = _plain_layout(file, book)
    if form is None:
        yield from by_pyreadstat.stretches(file, book, cells, READERS)
    else:
        yield from _spss_stretches(file, book, form)


# --- rows by whole blocks ---------------------------------------------------------------------------------------

_NUMBER = re.compile(r"(F|N|E|COMMA|DOT|DOLLAR|PCT|CC[A-E]|P|PK|IB|PIB|RB|Z|A|AHEX)\d+(\.\d+)?")
"""Formats of numbers and texts; all others are dates and times, which pyreadstat turns into such."""


def _layout_of(file: Path) -> spss_rows.SpssLayout | None:
    if file.suffix.lower() not in (".sav", ".zsav"):
        return None
    try:
        return spss_rows.layout(file)
    except spss_rows.Broken:
        raise damaged(file, "what it says of its columns is broken") from None


def _plain_layout(file: Path, book: Codebook) -> spss_rows.SpssLayout | None:
    form = _layout_of(file)
    fits = (
        form is not None
        and book.n_rows in (form.rows, None)
        and len(form.positions) == len(book.columns)
        and all(
            (book.kinds[name] == "string") == (at.width > 0)
            for name, at in zip(book.columns, form.positions, strict=True)
        )
    )
    return form if fits else None


def _schema(file: Path, book: Codebook) -> dict[str, pl.DataType] | None:
    """Give the types of all columns where they are known before a row is read; None where they are not."""
    import polars as pl

    form = _plain_layout(file, book)
    if form is None:
        return None
    schema: dict[str, pl.DataType] = {}
    for name, position in zip(book.columns, form.positions, strict=True):
        if not _is_plain(book.formats[name]):
            return None
        schema[name] = pl.String() if position.width else pl.Float64()
        if any(isinstance(low, str) == (position.width > 0) for low, _ in book.declared_missing.get(name, ())):
            schema[name + KIND] = pl.String()
    return schema


def _is_plain(written: str | None) -> bool:
    return _NUMBER.fullmatch(written or "") is not None


def _spss_stretches(file: Path, book: Codebook, form: spss_rows.SpssLayout) -> Iterator[pl.DataFrame]:
    done = 0
    try:
        size = max(1_000, min(by_pyreadstat.ROWS_AT_ONCE, CELLS_OF_BLOCKS // form.words))
        for rows in spss_rows.stretches(file, form, size):
            yield _spss_frame(file, book, form, rows, done)
            done += len(rows)
    except spss_rows.Broken:
        raise damaged(file, f"it announces {form.rows:,} rows and does not hold them") from None
    if not done:
        yield _spss_frame(file, book, form, np.empty((0, form.words), dtype=np.uint64), 0)


def _spss_frame(
    file: Path, book: Codebook, form: spss_rows.SpssLayout, rows: npt.NDArray[np.uint64], offset: int
) -> pl.DataFrame:
    values: dict[str, Any] = {}
    left: list[str] = []
    for name, position in zip(book.columns, form.positions, strict=True):
        values[name] = None
        if not _is_plain(book.formats[name]):
            left.append(name)
        elif position.width:
            values[name] = _decoded(file, name, spss_rows.texts(rows, position), book)
        else:
            values[name] = spss_rows.numbers(rows, position)
    if left:
        by_cell, _ = by_pyreadstat.call(
            file, book.given_encoding, READERS, usecols=left, row_offset=offset, row_limit=max(1, len(rows))
        )
        values.update({name: by_cell[name][: len(rows)] for name in left})
    return frame_of(values, book, tagged=set())


def _decoded(file: Path, name: str, padded: npt.NDArray[np.uint8], book: Codebook) -> Any:
    """Give texts without the blanks at their ends."""
    pa: Any = import_module("pyarrow")  # it has no types
    pc: Any = import_module("pyarrow.compute")
    n, width = padded.shape
    encoding = book.given_encoding or book.encoding
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


FORMAT = FileFormat(
    name="SPSS",
    endings=tuple(READERS.functions),
    read=InStretches(codebook=_codebook, stretches=_stretches, schema=_schema),
    labels="in the file",
    declaring=READERS.declaring,
    heeds=("encoding",),
    magic=(b"$FL2", b"$FL3"),
    apart=True,
)
