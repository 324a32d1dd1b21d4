"""What goes wrong in bytes: a field that holds another number, a part that is gone, doubled or elsewhere, and blind damage."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass
from typing import Literal

Order = Literal["little", "big"]
FEW = (0, 1, 2, 3, 7, 8, 9, 15, 16, 31, 32, 63, 64, 99, 100, 127, 128, 254, 255)


@dataclass(frozen=True)
class Field:
    """A number or a text of a format, and where it stands."""

    at: int
    size: int
    order: Order = "little"


def number(rng: random.Random, old: int, size: int) -> int:
    """Another number that fits: near the old one, at a limit of the type, or one that is often taken for a size."""
    most = 256**size - 1
    kind = rng.randrange(6)
    if kind == 0:
        return (old + rng.choice((-2, -1, 1, 2))) & most
    if kind == 1:
        return rng.choice((0, 1, most, most - 1, most // 2, most // 2 + 1))
    if kind == 2:
        return rng.choice(FEW) & most
    if kind == 3:
        return (old * rng.choice((2, 3, 256, 65_536))) & most
    if kind == 4:
        return int.from_bytes(old.to_bytes(size, "little"), "big")
    return rng.randrange(most + 1)


def changed(content: bytes, fields: list[Field], rng: random.Random, *, most: int = 2) -> bytes:
    """A few fields with other numbers; and seldom blind damage as well."""
    raw = bytearray(content)
    for _ in range(rng.randint(1, most)):
        if fields:
            field = rng.choice(fields)
            piece = raw[field.at : field.at + field.size]
            if len(piece) == field.size and field.size <= 8:
                old = int.from_bytes(piece, field.order)
                raw[field.at : field.at + field.size] = number(rng, old, field.size).to_bytes(field.size, field.order)
            elif piece:
                raw[field.at : field.at + len(piece)] = text(rng, len(piece))
    return blind(bytes(raw), rng) if not fields or rng.random() < 0.1 else bytes(raw)


def text(rng: random.Random, length: int) -> bytes:
    """What a text of fixed length may hold and should not."""
    kind = rng.randrange(5)
    if kind == 0:
        return b"\0" * length
    if kind == 1:
        return b"\xff" * length
    if kind == 2:
        return rng.randbytes(length)
    if kind == 3:
        return (b"%n%s\x1b[2J\xc3" * (length // 8 + 1))[:length]
    return ("é\u202e﷽" * length).encode()[:length]


def parts(content: bytes, cuts: list[int], rng: random.Random) -> bytes:
    """Whole parts of a format left out, doubled, swapped, or the file ended after one."""
    edges = sorted({0, *(cut for cut in cuts if 0 < cut < len(content)), len(content)})
    pieces = [content[low:high] for low, high in itertools.pairwise(edges)]
    if len(pieces) < 2:
        return blind(content, rng)
    at = rng.randrange(len(pieces))
    kind = rng.randrange(4)
    if kind == 0:
        del pieces[at]
    elif kind == 1:
        pieces.insert(at, pieces[at])
    elif kind == 2:
        other = rng.randrange(len(pieces))
        pieces[at], pieces[other] = pieces[other], pieces[at]
    else:
        pieces = pieces[: at + 1]
    return b"".join(pieces)


def blind(content: bytes, rng: random.Random) -> bytes:
    """What transport and broken disks do."""
    raw = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        if not raw:
            return b""
        at = rng.randrange(len(raw)) if rng.random() < 0.5 else rng.randrange(min(400, len(raw)))
        length = rng.randint(1, 64)
        kind = rng.randrange(6)
        if kind == 0:
            del raw[at:]
        elif kind == 1:
            raw[at] ^= 1 << rng.randrange(8)
        elif kind == 2:
            raw[at : at + length] = bytes([rng.choice((0, 255, 128, 34, 10))]) * len(raw[at : at + length])
        elif kind == 3:
            del raw[at : at + length]
        elif kind == 4:
            raw[at:at] = raw[at : at + length] * 3
        else:
            raw[at:at] = rng.randbytes(length)
    return bytes(raw)
