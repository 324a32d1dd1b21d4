"""How far the filled cells of an .xlsx worksheet reach, before a reader makes room for the whole rectangle around them."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from fl_estimate.errors import FileFault
from fl_estimate.loaders.file_table import damaged

CHUNK = 2**20
ROOM, ROOM_A_CELL = 2_000_000, 100
"""Cells of the rectangle that are always taken, and how many for each filled one: a table is dense."""
UNPACKED, TIMES = 256 * 2**20, 250
"""A workbook that unpacks to more than this, and to so many times its size, is none that anybody wrote."""
_TAG = re.compile(rb"""<(?:\w+:)?(row|c)(?=[\s/>])(?:[^<>]*?\sr\s*=\s*["']([A-Za-z]{0,3})(\d{1,7})["'])?[^<>]*>""")
"""A row or a cell, and where it says that it stands; one that does not say stands behind the last."""
_ENDINGS = (".xlsx", ".xlsm")


def require_dense(file: Path, sheet: str | None) -> None:
    """Refuse a worksheet with a cell far from all others, and a workbook that unpacks to a multiple of what is in it.

    Parameters
    ----------
    file : Path
        Of other endings nothing is asked: their formats have no room for a rectangle of that size.
    sheet : str, optional
        The first one where there is none.

    Raises
    ------
    FileFault
        FL-FILE-24 (a stray cell), FL-FILE-05 (it unpacks to a multiple of what a workbook does; no zip).
    """
    if file.suffix.lower() not in _ENDINGS:
        return
    try:
        with zipfile.ZipFile(file) as book:
            unpacked = sum(member.file_size for member in book.infolist())
            if unpacked > UNPACKED and unpacked > TIMES * file.stat().st_size:
                raise damaged(file, f"it unpacks to {unpacked // 2**20:,} MB, {TIMES} times its size and more")
            path = _path_of(book, sheet)
            if path is not None:
                _require_dense(file, book, path)
    except (zipfile.BadZipFile, ElementTree.ParseError, KeyError, EOFError, NotImplementedError, RuntimeError):
        raise damaged(file, "it is no workbook, or a part of it is broken") from None


def _path_of(book: zipfile.ZipFile, sheet: str | None) -> str | None:
    """Where a worksheet lies in the workbook; None where the workbook does not say: its reader says what is wrong."""
    names = set(book.namelist())
    if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= names:
        return None
    entries = [
        each for each in ElementTree.fromstring(book.read("xl/workbook.xml")).iter() if _local(each.tag) == "sheet"
    ]
    named = [each for each in entries if sheet is None or each.get("name") == sheet]
    if not named:
        return None
    identity = next((value for key, value in named[0].attrib.items() if _local(key) == "id"), "")
    for each in ElementTree.fromstring(book.read("xl/_rels/workbook.xml.rels")):
        if each.get("Id") == identity:
            target = (each.get("Target") or "").lstrip("/")
            path = target if target.startswith("xl/") else f"xl/{target}"
            return path if path in names else None
    return None


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _require_dense(file: Path, book: zipfile.ZipFile, path: str) -> None:
    rows, columns, filled = (2**31, 0), (2**31, 0), 0
    farthest = (0, 0)
    for row, column in _filled(book, path):
        filled += 1
        rows = min(rows[0], row), max(rows[1], row)
        columns = min(columns[0], column), max(columns[1], column)
        if row * column > farthest[0] * farthest[1]:
            farthest = row, column
    room = (rows[1] - rows[0] + 1) * (columns[1] - columns[0] + 1) if filled else 0
    if room > max(ROOM, ROOM_A_CELL * filled):
        raise FileFault(
            "FL-FILE-24",
            "the worksheet has a cell far from its table",
            found=f"{file.name}: {filled:,} filled cells, one of them in {_letters(farthest[1])}{farthest[0]}",
            fix="delete that cell (its row or column) in the workbook and save it, or save the table alone as .csv",
        )


def _filled(book: zipfile.ZipFile, path: str) -> Iterator[tuple[int, int]]:
    """Row and column of each cell that has a content, in the order of the file."""
    known: dict[bytes, int] = {}
    row = column = 0
    with book.open(path) as sheet:
        rest = b""
        while chunk := sheet.read(CHUNK):
            text = rest + chunk
            end = text.rfind(b">") + 1
            for met in _TAG.finditer(text, 0, end):
                kind, letters, number = met.groups()
                if kind == b"row":
                    row, column = int(number) if number and not letters else row + 1, 0
                    continue
                if letters:
                    if letters not in known:
                        known[letters] = _number(letters)
                    row, column = int(number), known[letters]
                else:
                    column += 1
                if not met.group().endswith(b"/>"):
                    yield max(row, 1), column
            rest = text[end:][-4_096:]


def _number(letters: bytes) -> int:
    found = 0
    for letter in letters.upper():
        found = 26 * found + letter - 64
    return found


def _letters(number: int) -> str:
    found = ""
    while number:
        number, letter = divmod(number - 1, 26)
        found = chr(65 + letter) + found
    return found
