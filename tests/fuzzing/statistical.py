"""Files of SPSS, Stata and SAS, sound and with what their fields say changed: each format's own structure is walked for them."""

from __future__ import annotations

import random
import re
import tempfile
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pyreadstat

from tests.fuzzing.changes import Field, Order, blind, changed, parts

APART: Any = pyreadstat
SOUND = 24
"""Sound files of each format that the changes start from."""


def frame(rng: random.Random) -> tuple[Any, dict[str, Any]]:
    """A few columns and rows of every kind, with labels and declared missing values."""
    rows = rng.choice((0, 1, 3, 9))
    columns: dict[str, Any] = {}
    labels: dict[str, Any] = {}
    for at in range(rng.randint(1, 5)):
        name = f"v{at}" if rng.random() < 0.8 else f"a_long_name_of_a_column_{at}"
        if rng.random() < 0.6:
            columns[name] = pd.Series([float(rng.choice((0, 1, 2, 9, 1e300, -5))) for _ in range(rows)], dtype=float)
            labels[name] = {1: "yes", 2: "no" * rng.randint(1, 40)}
        else:
            columns[name] = pd.Series(
                [rng.choice(("", "é", "x" * rng.choice((3, 9, 300)))) for _ in range(rows)], dtype=str
            )
    return pd.DataFrame(columns), {name: of for name, of in labels.items() if rng.random() < 0.6}


def _written(write: Callable[[Any, str], None], ending: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"sound{ending}"
        write(path, str(path))
        return path.read_bytes()


@cache
def sound(ending: str, number: int) -> bytes:
    """One of the sound files of a format."""
    rng = random.Random(f"sound {ending} {number}")
    people, labels = frame(rng)
    if ending in (".sav", ".zsav"):
        ranges = {n: [{"lo": 7, "hi": 9}] for n in people if people[n].dtype == float and rng.random() < 0.3}
        more = {"compress": True} if ending == ".zsav" else {"row_compress": rng.random() < 0.5}
        return _written(
            lambda _, p: APART.write_sav(people, p, variable_value_labels=labels, missing_ranges=ranges, **more), ending
        )
    short = people.rename(columns=lambda name: name.upper()[:6] + name[-1:])
    if ending == ".dta":
        version = rng.choice((8, 10, 12, 13, 14, 15))
        least = {n: people[n].str[:200] if people[n].dtype != float else people[n] for n in people}
        return _written(lambda _, p: APART.write_dta(pd.DataFrame(least), p, version=version), ending)
    if ending == ".xpt":
        least = {n: short[n].str[:190] if short[n].dtype != float else short[n] for n in short}
        return _written(
            lambda _, p: APART.write_xport(pd.DataFrame(least), p, file_format_version=rng.choice((5, 8))), ending
        )
    least = {n: short[n].str[:200].str.replace("é", "e") if short[n].dtype != float else short[n] for n in short}
    return _written(lambda _, p: APART.write_por(pd.DataFrame(least), p), ending)


# --- what the fields of each format are, and where its parts end ------------------------------------------------------


def fields_of_sav(raw: bytes) -> tuple[list[Field], list[int]]:
    """The records of the dictionary, up to the rows."""
    fields = [Field(at, 4) for at in (64, 68, 72, 76, 80)] + [Field(84, 8), Field(92, 17), Field(0, 4)]
    cuts, at = [176], 176
    while at + 4 <= len(raw):
        kind = _int(raw, at)
        fields.append(Field(at, 4))
        start, at = at, at + 4
        if kind == 2:
            fields += [Field(at + 4 * k, 4) for k in range(5)] + [Field(at + 20, 8)]
            label, missing = _int(raw, at + 4), _int(raw, at + 8)
            at += 28
            if label == 1:
                fields += [Field(at, 4), Field(at + 4, _int(raw, at))]
                at += 4 + (_int(raw, at) + 3) // 4 * 4
            fields += [Field(at + 8 * k, 8) for k in range(abs(missing))]
            at += 8 * abs(missing)
        elif kind == 3:
            fields.append(Field(at, 4))
            count, at = _int(raw, at), at + 4
            for _ in range(count):
                fields += [Field(at, 8), Field(at + 8, 1), Field(at + 9, raw[at + 8])]
                at += 8 + (raw[at + 8] + 8) // 8 * 8
        elif kind == 4:
            count = _int(raw, at)
            fields += [Field(at + 4 * k, 4) for k in range(count + 1)]
            at += 4 * (count + 1)
        elif kind == 6:
            at += 4 + 80 * _int(raw, at)
        elif kind == 7:
            fields += [Field(at, 4), Field(at + 4, 4), Field(at + 8, 4)]
            size = _int(raw, at + 4) * _int(raw, at + 8)
            fields += [Field(at + 12 + k, min(4, size - k)) for k in range(0, min(size, 64), 4)]
            at += 12 + size
        else:
            fields += [Field(k, 1) for k in range(at + 4, min(at + 140, len(raw)))]
            cuts.append(start)
            break
        cuts.append(start)
    return fields, cuts


def _int(raw: bytes, at: int, size: int = 4, order: Order = "little") -> int:
    return int.from_bytes(raw[at : at + size], order, signed=True) if at + size <= len(raw) else 0


def fields_of_dta(raw: bytes) -> tuple[list[Field], list[int]]:
    """The tags of the newer forms, the header of the older ones."""
    if raw[:1] == b"<":
        cuts = [met.end() for met in re.finditer(rb"</?[a-z_]+>", raw)]
        fields = [
            Field(at + k, size)
            for at in cuts
            for k, size in ((0, 1), (0, 2), (0, 4), (0, 8), (8, 8), (16, 8), (129, 2))
        ]
        return [field for field in fields if field.at + field.size <= len(raw)], cuts
    columns = _int(raw, 4, 2)
    fields = [Field(0, 1), Field(1, 1), Field(2, 1), Field(4, 2), Field(6, 4), Field(10, 81)]
    fields += [Field(109 + k, 1) for k in range(columns)] + [Field(109 + columns + 33 * k, 33) for k in range(columns)]
    return fields + [Field(at, 4) for at in range(109, len(raw) - 4, 7)], [109, 109 + columns, 109 + 34 * columns]


def fields_of_xpt(raw: bytes) -> tuple[list[Field], list[int]]:
    """Cards of 80 bytes, and the descriptions of columns behind the card that announces them."""
    cards = [met.start() for met in re.finditer(rb"HEADER RECORD", raw)]
    fields = [Field(at + k, 1) for at in cards for k in range(48, 80)] + [Field(at, 80) for at in cards]
    for met in re.finditer(rb"NAMESTR|LABELV8", raw):
        at = met.start() // 80 * 80 + 80
        while at + 140 <= len(raw) and raw[at : at + 13] != b"HEADER RECORD":
            fields += [Field(at + k, 2, "big") for k in (0, 2, 4, 6, 56, 58, 60, 62, 72, 74)]
            fields += [Field(at + 84, 4, "big"), Field(at + 8, 8), Field(at + 16, 40)]
            at += 140
    return fields, [80 * k for k in range(1, len(raw) // 80)]


def fields_of_por(raw: bytes) -> tuple[list[Field], list[int]]:
    """Numbers to base 30 and the letters of records."""
    met = [m for m in re.finditer(rb"[0-9A-T]+/", raw) if m.start() > 450]
    fields = [Field(m.start() + k, 1) for m in met for k in range(m.end() - m.start())]
    return fields + [Field(at, 1) for at in range(0, min(460, len(raw)), 5)], [m.start() for m in met]


def fields_of_sas(raw: bytes) -> tuple[list[Field], list[int]]:
    """The header, the headers of pages, and what the pointers of each page lead to."""
    wide = raw[32:33] == b"3"
    order: Order = "little" if raw[37:38] == b"\x01" else "big"
    shift = 4 if raw[35:36] == b"3" else 0
    header, page = _int(raw, 196 + shift, 4, order), _int(raw, 200 + shift, 4, order)
    size = 8 if wide else 4
    fields = [Field(at, 1) for at in (32, 35, 37, 39, 70)] + [Field(at + shift, size, order) for at in (196, 200, 204)]
    cuts: list[int] = []
    start = 32 if wide else 16
    for at in range(header, len(raw) - start - 8, page) if page > 64 and header > 0 else ():
        cuts.append(at)
        fields += [Field(at + start + k, 2, order) for k in (0, 2, 4)]
        for entry in range(_int(raw, at + start + 4, 2, order)):
            pointer = at + start + 8 + entry * (24 if wide else 12)
            fields += [
                Field(pointer, size, order),
                Field(pointer + size, size, order),
                Field(pointer + 2 * size, 1),
                Field(pointer + 2 * size + 1, 1),
            ]
            target, length = at + _int(raw, pointer, size, order), _int(raw, pointer + size, size, order)
            if length:
                fields += [Field(target + k, size, order) for k in range(0, min(length, 400), size)]
                fields += [Field(target + k, 2, order) for k in range(0, min(length, 400), 2)]
    return [field for field in fields if 0 <= field.at and field.at + field.size <= len(raw)], cuts


WALKS = {
    ".sav": fields_of_sav,
    ".dta": fields_of_dta,
    ".xpt": fields_of_xpt,
    ".por": fields_of_por,
    ".sas7bdat": fields_of_sas,
}


@cache
def _walked(ending: str, content: bytes) -> tuple[list[Field], list[int]]:
    return WALKS[ending](content)


def damaged(ending: str, content: bytes, rng: random.Random) -> bytes:
    """A file of a format with something wrong in it."""
    chance = rng.random()
    if chance < 0.1:
        return blind(content, rng)
    fields, cuts = _walked(ending, content)
    return parts(content, cuts, rng) if chance < 0.25 else changed(content, fields, rng)


def damaged_zsav(content: bytes, rng: random.Random) -> bytes:
    """Its dictionary as in .sav; and its rows, packed again after a change, so that they unpack."""
    if rng.random() < 0.5:
        return damaged(".sav", content, rng)
    met = content.find(b"\x78\x9c") if rng.random() < 0.9 else -1
    if met < 0:
        return changed(content, [Field(at, 8) for at in range(max(len(content) - 64, 0), len(content) - 8, 4)], rng)
    unpacking = zlib.decompressobj()
    try:
        rows = unpacking.decompress(content[met:])
    except zlib.error:
        return blind(content, rng)
    packed = zlib.compress(changed(rows, [Field(at, 1) for at in range(min(len(rows), 64))], rng))
    return content[:met] + packed + unpacking.unused_data


def statistical(ending: str) -> Callable[[random.Random], bytes]:
    """The maker of files of an ending: one in twelve is sound."""

    def make(rng: random.Random) -> bytes:
        content = sound(ending, rng.randrange(SOUND))
        if rng.random() < 1 / 12:
            return content
        return damaged_zsav(content, rng) if ending == ".zsav" else damaged(ending, content, rng)

    return make
