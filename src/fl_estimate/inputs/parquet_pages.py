"""Headers of the pages of a Parquet file, looked at before an engine decodes one: some trust them with the memory of the process.

Values are not decoded here. A header is a struct of Thrift's compact protocol; what is needed of it are a few whole numbers. Which
values are missing stands in runs before them, which are counted where they are not packed with the values.
"""

from __future__ import annotations

import mmap
from collections.abc import Collection
from pathlib import Path
from typing import Any

WINDOW = 4_096
"""Bytes of which a header is read at first: one with long texts in its statistics takes more, and is read again with more."""
DEEPEST = 30
"""Structs in each other that are passed over; those of the format are three deep."""
_UNPACKED, _PACKED = 2, 3
_DATA, _DICTIONARY, _DATA_2 = 5, 7, 8
_VALUES = 1
_LEVELS, _REPEATED = 5, 6
PADDED = 512
"""Values by which the last run of a page may be longer than the page."""
_INTEGERS = (4, 5, 6)
_STRUCT = 12


def require_page_headers(file: Path, meta: Any) -> None:
    """Refuse pages that say what cannot be.

    Parameters
    ----------
    file : Path
    meta : pyarrow.parquet.FileMetaData
        Of that file.

    Raises
    ------
    ValueError
        The pages of a column lie outside of the file, are no pages, or hold more or fewer values than the footer says. Polars makes
        room for as many as a page says, and where there is no such room the process ends.
    """
    if not meta.num_rows or not meta.num_columns:
        return
    with file.open("rb") as content, mmap.mmap(content.fileno(), 0, access=mmap.ACCESS_READ) as whole:
        rows = 0
        for number in range(meta.num_row_groups):
            group = meta.row_group(number)
            rows += group.num_rows
            for at in range(meta.num_columns):
                _require_chunk(whole, group.column(at), meta.schema.column(at), group.num_rows)
    _require(rows == meta.num_rows)


def _require_chunk(whole: mmap.mmap, chunk: Any, column: Any, rows: int) -> None:
    """Follow the pages of a column until its values are complete, as readers do; what stands behind them is never looked at."""
    flat, missing = column.max_repetition_level == 0, column.max_definition_level
    packs = chunk.compression != "UNCOMPRESSED"
    left, at = chunk.num_values, chunk.data_page_offset
    if chunk.has_dictionary_page and 0 < chunk.dictionary_page_offset < at:
        at = chunk.dictionary_page_offset
    # A group of no rows, as of an empty batch, has no pages, and says so with a place of 0.
    _require((rows == left or not flat) and left >= 0 and (at > 0 or (not rows and not left)))
    end = len(whole)
    while left > 0:
        header, size = _header(whole, at)
        unpacked, packed = header.get(_UNPACKED, -1), header.get(_PACKED, -1)
        body = at + size
        at = body + packed
        _require(unpacked >= 0 and packed >= 0 and at <= end and unpacked <= max(chunk.total_uncompressed_size, packed))
        values = _values(header)
        if _DICTIONARY in header:
            _require(0 <= values <= unpacked)  # the smallest value takes a byte
        else:
            _require(0 <= values <= left)
            if flat and missing and values:
                _require_runs(_levels(whole, body, at, header, packs), missing.bit_length(), values)
            left -= values


def _values(header: dict[int, Any]) -> int:
    for kind in (_DATA, _DATA_2, _DICTIONARY):
        if kind in header:
            return header[kind].get(_VALUES, -1)
    return 0  # an index, which has none


def _levels(whole: mmap.mmap, start: int, end: int, header: dict[int, Any], packs: bool) -> bytes:
    """The runs that say which values of a page are missing; none where they are packed with the values."""
    if _DATA_2 in header:
        start += max(header[_DATA_2].get(_REPEATED, 0), 0)
        return whole[start : min(start + max(header[_DATA_2].get(_LEVELS, 0), 0), end)]
    if packs:
        return b""
    return whole[start + 4 : min(start + 4 + int.from_bytes(whole[start : start + 4], "little"), end)]


def _require_runs(levels: bytes, width: int, values: int) -> None:
    """Count the values of runs: those of one value, and those of groups of eight. After a run of none polars counts backwards."""
    at, counted = 0, 0
    while at < len(levels) and counted < values:
        try:
            head, at = _unsigned(levels, at)
        except IndexError:
            return  # cut off, which every reader sees
        _require(head > 1)
        counted += (head >> 1) * 8 if head & 1 else head >> 1
        at += (head >> 1) * width if head & 1 else (width + 7) // 8
        _require(counted <= values + PADDED)


def _require(holds: bool) -> None:
    if not holds:
        raise ValueError("the pages of a column are not what the footer says")


# --- Thrift -------------------------------------------------------------------------------------------------------


def _header(whole: mmap.mmap, at: int) -> tuple[dict[int, Any], int]:
    """The header that begins at a place, and how many bytes it takes."""
    window = WINDOW
    while True:
        content = whole[at : at + window]
        try:
            return _fields(content, 0, (_DATA, _DICTIONARY, _DATA_2))
        except IndexError:
            _require(len(content) == window)  # the file ends within it
            window *= 16


def _fields(content: bytes, at: int, inner: Collection[int]) -> tuple[dict[int, Any], int]:
    """The whole numbers of a struct, and those of the structs that are asked for, by the numbers of their fields."""
    found: dict[int, Any] = {}
    number = 0
    while head := content[at]:
        at += 1
        if head >> 4:
            number += head >> 4
        else:
            number, at = _signed(content, at)
        kind = head & 15
        if kind in _INTEGERS and number not in inner:
            found[number], at = _signed(content, at)
        elif kind == _STRUCT and number in inner:
            found[number], at = _fields(content, at, ())
        elif number in inner:
            raise ValueError("a kind of page that is no struct")
        else:
            at = _behind(content, at, kind)
    return found, at + 1


def _signed(content: bytes, at: int) -> tuple[int, int]:
    value, at = _unsigned(content, at)
    return (value >> 1) ^ -(value & 1), at


def _unsigned(content: bytes, at: int) -> tuple[int, int]:
    value = content[at]
    if value < 128:
        return value, at + 1
    value &= 127
    for shift in range(7, 64, 7):
        at += 1
        byte = content[at]
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at + 1
    raise ValueError("a number of more than 64 bits")


def _behind(content: bytes, at: int, kind: int, depth: int = 0) -> int:
    """The place behind a field that is passed over."""
    _require(depth <= DEEPEST)
    if kind in (1, 2):  # a truth, which the kind says already
        return at
    if kind == 3:
        return at + 1
    if kind in _INTEGERS:
        return _unsigned(content, at)[1]
    if kind == 7:
        return at + 8
    if kind == 8:
        length, at = _unsigned(content, at)
        return at + length
    if kind in (9, 10):
        return _behind_list(content, at, depth)
    _require(kind == _STRUCT)
    while head := content[at]:
        at += 1
        if not head >> 4:
            _, at = _unsigned(content, at)
        at = _behind(content, at, head & 15, depth + 1)
    return at + 1


def _behind_list(content: bytes, at: int, depth: int) -> int:
    head, at = content[at], at + 1
    length, kind = head >> 4, head & 15
    if length == 15:
        length, at = _unsigned(content, at)
    for _ in range(length):
        at = at + 1 if kind in (1, 2) else _behind(content, at, kind, depth + 1)
        content[at - 1]  # the length is checked by what is there
    return at
