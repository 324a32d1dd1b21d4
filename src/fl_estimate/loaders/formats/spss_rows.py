"""The rows of an SPSS file as arrays: the data part of .sav and .zsav decoded by whole blocks, a stretch at a time.

pyreadstat reads what a file says of its columns, and makes a Python object of every cell. Here a stretch of rows is
one array of 8-byte words, which is what the format holds: numbers as they are, texts in as many words as they need.
A file that is not of the plain form (another byte order, no number of rows) has no layout here
and is left to pyreadstat.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]

PIECE = 1 << 23
"""Bytes read at once."""
_HEADER = struct.Struct("<4s60s5id84s")
_SYSTEM_MISSING = struct.unpack("<Q", struct.pack("<d", -np.finfo(np.float64).max))[0]
_BLANKS = int.from_bytes(b" " * 8, "little")
_SKIP, _END, _LITERAL, _SPACES, _MISSING = 0, 252, 253, 254, 255
"""Codes of the compressed form (one byte a word); those between are small whole numbers plus a bias."""
_PLAIN, _CODED, _ZIPPED = 0, 1, 2


@dataclass(frozen=True, kw_only=True)
class ColumnPosition:
    """Where a column stands in a row: its first word, and its width in bytes (0: a number).

    A text of more than 255 bytes lies in several pieces; those after the first are `more`.
    """

    word: int
    width: int
    more: tuple[ColumnPosition, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SpssLayout:
    """How the data part is laid out: where it starts, words a row, rows, and where each column stands."""

    start: int
    words: int
    rows: int
    form: int
    bias: float
    positions: tuple[ColumnPosition, ...]


class Broken(Exception):
    """The data part is not what the dictionary says."""


def layout(file: Path) -> SpssLayout | None:
    """Read how the data part of a file is laid out; None where it is not of the plain form.

    Raises
    ------
    Broken
        The dictionary is damaged. To be asked before pyreadstat, which may bring the whole process down over labels
        of a variable that is not there.
    """
    try:
        with file.open("rb") as content:
            return _layout(content)
    except (struct.error, ValueError, OverflowError):
        raise Broken from None


def _layout(content: BinaryIO) -> SpssLayout | None:
    magic, _, code, _, form, _, rows, bias, _ = _HEADER.unpack(content.read(_HEADER.size))
    if magic not in (b"$FL2", b"$FL3"):
        raise Broken
    if code not in (2, 3) or form not in (_PLAIN, _CODED, _ZIPPED) or rows < 0:
        return None
    if (form == _ZIPPED) != (magic == b"$FL3"):
        return None
    positions: list[tuple[str, ColumnPosition]] = []
    long: dict[str, int] = {}
    kinds: list[int] = []
    labelled_codes: list[bytes] = []
    words = 0
    while True:
        (record,) = struct.unpack("<i", content.read(4))
        if record == 2:
            kind, labelled, n_missing, *formats, name = struct.unpack("<5i8s", content.read(28))
            if any(_is_of_text(each) != (kind > 0) for each in formats if kind >= 0 and each >> 16 & 255):
                raise Broken
            if labelled:
                (length,) = struct.unpack("<i", content.read(4))
                _pass_over(content, (length + 3) // 4 * 4)
            _pass_over(content, abs(n_missing) * 8)
            kinds.append(kind)
            if kind >= 0:
                positions.append((name.decode("latin-1").strip(), ColumnPosition(word=words, width=kind)))
            words += 1
        elif record == 3:
            (count,) = struct.unpack("<i", content.read(4))
            labelled_codes = []
            for _ in range(count):
                code, length = struct.unpack("<8sB", content.read(9))
                labelled_codes.append(code)
                _pass_over(content, (length + 8) // 8 * 8 - 1)
        elif record == 4:
            (count,) = struct.unpack("<i", content.read(4))
            of: tuple[int, ...] = struct.unpack(f"<{count}i", content.read(_sane(4 * count)))
            if not of or not all(0 < position <= words for position in of):
                raise Broken
            if any(kinds[position - 1] for position in of) and any(code[0] < _FIRST_LETTER for code in labelled_codes):
                raise Broken  # codes of numbers on a text
        elif record == 6:
            (count,) = struct.unpack("<i", content.read(4))
            _pass_over(content, count * 80)
        elif record == 7:
            subtype, size, count = struct.unpack("<3i", content.read(12))
            if subtype == _VERY_LONG_STRINGS:
                long = _lengths(content.read(_sane(size * count)))
            else:
                _pass_over(content, size * count)
        elif record == _DICTIONARY_ENDS:
            _pass_over(content, 4)
            if not words:
                raise Broken
            if any(position.width > 255 or position.word - (-position.width // 8) > words for _, position in positions):
                raise Broken
            whole = tuple(_joined(positions, long))
            return SpssLayout(start=content.tell(), words=words, rows=rows, form=form, bias=bias, positions=whole)
        else:
            raise Broken


def _is_of_text(written: int) -> bool:
    """Whether a format (type, width and decimals in one number) is one of texts: A or AHEX."""
    return written >> 16 & 255 in (1, 2)


def _pass_over(content: BinaryIO, length: int) -> None:
    content.seek(_sane(length), 1)


def _sane(length: int) -> int:
    """Give a length in bytes, unless no dictionary has such a part."""
    if not 0 <= length < _LONGEST_PART:
        raise Broken
    return length


_VERY_LONG_STRINGS = 14
_DICTIONARY_ENDS = 999
_FIRST_LETTER = 32
_LONGEST_PART = 1 << 28
_USED_OF_PIECE = 252
"""Bytes of a very long text that one piece of it (a variable of its own in the dictionary) stands for."""


def _lengths(raw: bytes) -> dict[str, int]:
    """Read the lengths of very long texts: NAME=LENGTH, each ended by a null and a tab."""
    pairs = [pair.split("=") for pair in raw.decode("latin-1").replace("\0", "").split("\t") if "=" in pair]
    return {name: int(length) for name, length in pairs}


def _joined(positions: list[tuple[str, ColumnPosition]], long: dict[str, int]) -> Iterator[ColumnPosition]:
    """Put the pieces of very long texts together: those after the first are no columns."""
    passing = 0
    for at, (name, position) in enumerate(positions):
        if passing:
            passing -= 1
        elif name in long:
            passing = -(-long[name] // _USED_OF_PIECE) - 1
            yield ColumnPosition(
                word=position.word,
                width=position.width,
                more=tuple(piece for _, piece in positions[at + 1 : at + 1 + passing]),
            )
        else:
            yield position


def stretches(file: Path, form: SpssLayout, size: int) -> Iterator[Words]:
    """Give the rows in arrays of `size` rows (the last one shorter), one line of words a row.

    Raises
    ------
    Broken
        The file ends early, or holds what is no data.
    """
    waiting: list[Words] = []
    n_waiting, left = 0, form.rows * form.words
    goal = size * form.words
    with file.open("rb") as content:
        for piece in _cells(content, form):
            cells = piece[:left]
            left -= len(cells)
            waiting.append(cells)
            n_waiting += len(cells)
            while n_waiting >= goal:
                every = np.concatenate(waiting)
                yield every[:goal].reshape(-1, form.words)
                waiting, n_waiting = [every[goal:]], len(every) - goal
            if not left:
                break
    if left:
        raise Broken
    if n_waiting:
        yield np.concatenate(waiting).reshape(-1, form.words)


def _cells(content: BinaryIO, form: SpssLayout) -> Iterator[Words]:
    """Give the words of all rows one after another, in pieces."""
    content.seek(form.start)
    pieces = _unzipped(content) if form.form == _ZIPPED else iter(lambda: content.read(PIECE), b"")
    rest = b""
    for piece in pieces:
        piece = rest + piece
        whole = len(piece) // 8 * 8
        words = np.frombuffer(piece, dtype="<u8", count=whole // 8)
        if form.form == _PLAIN:
            yield words
            rest = piece[whole:]
        else:
            cells, used, ended = _decoded(words, form.bias)
            yield cells
            rest = piece[used * 8 :]
            if ended:
                return


def _decoded(words: Words, bias: float) -> tuple[Words, int, bool]:
    """Decode as many whole blocks as there are: a word of eight codes, and after it a word for each literal.

    Returns
    -------
    cells : array
    used : int
        Words that were used up.
    ended : bool
        Whether the code for the end of the file was met.
    """
    codes = words.view(np.uint8).reshape(-1, 8)
    lengths: list[int] = (1 + (codes == _LITERAL).sum(axis=1)).tolist()
    starts: list[int] = []
    at, last = 0, len(lengths)
    while at < last:
        after = at + lengths[at]
        if after > last:
            break
        starts.append(at)
        at = after
    first = np.array(starts, dtype=np.int64)
    codes = codes[first]
    literal = codes == _LITERAL
    cells = _values(bias)[codes]
    cells[literal] = words[(first[:, None] + np.cumsum(literal, axis=1, dtype=np.int8))[literal]]
    kept = codes != _SKIP
    ends = np.flatnonzero(codes == _END)
    if len(ends):
        kept.ravel()[ends[0] :] = False
    return cells[kept], at, bool(len(ends))


def _values(bias: float) -> Words:
    """What each code stands for, as a word."""
    values = (np.arange(256, dtype=np.float64) - bias).view(np.uint64)
    values[_SPACES], values[_MISSING] = _BLANKS, _SYSTEM_MISSING
    return values


def _unzipped(content: BinaryIO) -> Iterator[bytes]:
    """Give the blocks of a .zsav: the trailer says where each stands and how long it is."""
    try:
        _, trailer, length = struct.unpack("<3q", content.read(24))
        content.seek(trailer)
        *_, count = struct.unpack("<2q2i", content.read(24))
        if length != 24 + 24 * count:
            raise Broken
        entries = [struct.unpack("<2q2i", content.read(24)) for _ in range(count)]
        for _, offset, size, zipped in entries:
            content.seek(offset)
            block = zlib.decompressobj().decompress(content.read(zipped), max(1, size))
            if len(block) != size:
                raise Broken
            yield block
    except (struct.error, zlib.error, ValueError, OverflowError, OSError):
        raise Broken from None


def numbers(rows: Words, position: ColumnPosition) -> npt.NDArray[np.float64]:
    """Give a column of numbers; system-missing is NaN."""
    column = np.ascontiguousarray(rows[:, position.word])
    values = column.view(np.float64).copy()
    values[column == _SYSTEM_MISSING] = np.nan
    return values


def texts(rows: Words, position: ColumnPosition) -> npt.NDArray[np.uint8]:
    """Give a column of texts as bytes, one line a row, still padded with blanks."""
    pieces = [_piece(rows, each) for each in (position, *position.more)]
    return np.ascontiguousarray(np.hstack(pieces) if len(pieces) > 1 else pieces[0])


def _piece(rows: Words, position: ColumnPosition) -> npt.NDArray[np.uint8]:
    n = -(-position.width // 8)
    block = np.ascontiguousarray(rows[:, position.word : position.word + n])
    return block.view(np.uint8).reshape(len(rows), 8 * n)[:, : position.width]
