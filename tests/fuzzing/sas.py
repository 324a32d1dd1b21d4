"""SAS data sets, which no library writes: small ones made by hand, and the real ones of other readers' tests where they are at hand.

After "SAS7BDAT Database Binary Format" (Shotwell): 32 bits, little-endian, one page that holds both descriptions and rows.
"""

from __future__ import annotations

import os
import random
import struct
from functools import cache
from pathlib import Path

from tests.fuzzing.statistical import damaged

VARIABLE = "FL_ESTIMATE_REAL_DATA"
SOUND = 16
MAGIC = bytes(12) + bytes.fromhex("c2ea8160b31411cfbd92080009c7318c181f1011")
HEADER, PAGE, PAGE_HEAD, POINTER = 1_024, 4_096, 24, 12


def data_set(columns: dict[str, int], rows: list[list[float | str]]) -> bytes:
    """A data set of numbers (width 8) and texts of other widths."""
    texts = _packed_texts(list(columns))
    offsets = [sum(list(columns.values())[:at]) for at in range(len(columns))]
    width = sum(columns.values())
    size = bytearray(struct.pack("<I", 0xF7F7F7F7) + bytes(476))
    struct.pack_into("<II", size, 20, width, len(rows))
    struct.pack_into("<I", size, 60, len(rows))
    names, attributes = b"", b""
    for at, (name, wide) in enumerate(columns.items()):
        names += struct.pack("<HHHH", 0, texts[1][name], len(name), 0)
        attributes += struct.pack("<IIHBB", offsets[at], wide, 4, 1 if wide == 8 else 2, 0)
    headers = [
        bytes(size),
        struct.pack("<III", 0xF6F6F6F6, len(columns), 0),
        _sized(0xFFFFFFFD, texts[0]),
        _sized(0xFFFFFFFF, bytes(6) + names + bytes(12)),
        _sized(0xFFFFFFFC, bytes(6) + attributes + bytes(12)),
        *(struct.pack("<I", 0xFFFFFBFE) + bytes(48) for _ in columns),
    ]
    page = bytearray(PAGE)
    struct.pack_into("<HHH", page, 16, 0x0200, len(headers) + len(rows), len(headers))
    end = PAGE
    for at, header in enumerate(headers):
        end -= (len(header) + 3) // 4 * 4
        page[end : end + len(header)] = header
        struct.pack_into("<IIBB", page, PAGE_HEAD + POINTER * at, end, len(header), 0, 0)
    start = (PAGE_HEAD + POINTER * len(headers) + 7) // 8 * 8
    for row in rows:
        for value, wide in zip(row, columns.values(), strict=True):
            cell = value.encode()[:wide].ljust(wide) if isinstance(value, str) else struct.pack("<d", value)
            page[start : start + wide] = cell
            start += wide
    return _header() + bytes(page)


def _sized(signature: int, content: bytes) -> bytes:
    """A part that says how long what it holds is."""
    whole = struct.pack("<IH", signature, 0) + content
    whole += bytes(-len(whole) % 4)
    return whole[:4] + struct.pack("<H", len(whole) - 12) + whole[6:]


def _packed_texts(names: list[str]) -> tuple[bytes, dict[str, int]]:
    """The names one behind the other, each from a multiple of 4, and where each stands behind the signature."""
    content, places = bytes(14), dict[str, int]()
    for name in names:
        places[name] = 2 + len(content)
        content += name.encode().ljust((len(name) + 3) // 4 * 4, b"\0")
    return content + bytes(12), places


def _header() -> bytes:
    raw = bytearray(HEADER)
    raw[:32] = MAGIC
    raw[32:40] = b"\x22\x22\0\x22\0\x01\x32\x31"
    raw[70] = 20  # UTF-8
    raw[84:92] = b"SAS FILE"
    raw[92:156] = b"MADE".ljust(64)
    raw[156:164] = b"DATA    "
    struct.pack_into("<III", raw, 196, HEADER, PAGE, 1)
    raw[216:224] = b"9.0401M1"
    raw[224:240] = b"Linux".ljust(16, b"\0")
    return bytes(raw)


@cache
def sound(number: int) -> bytes:
    """One of the sound data sets."""
    rng = random.Random(f"sound sas {number}")
    columns = {f"v{at}" * rng.randint(1, 4): rng.choice((8, 8, 5, 24)) for at in range(rng.randint(1, 6))}
    rows = [
        [float(rng.randrange(9)) if wide == 8 else "é" * rng.randrange(3) for wide in columns.values()]
        for _ in range(rng.choice((0, 1, 5, 9)))
    ]
    return data_set(columns, rows)


@cache
def real() -> tuple[bytes, ...]:
    """The data sets of other readers' tests."""
    folder = os.environ.get(VARIABLE)
    return () if folder is None else tuple(each.read_bytes() for each in sorted(Path(folder).rglob("*.sas7bdat")))


def make(rng: random.Random) -> bytes:
    """A data set."""
    made = [sound(number) for number in range(SOUND)]
    content = rng.choice(made if not real() or rng.random() < 0.6 else real())
    return content if rng.random() < 0.05 else damaged(".sas7bdat", content, rng)
