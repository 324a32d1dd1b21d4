"""Delimited text and case lists: quotes that do not end, other encodings and line ends, numbers that are none, enormous fields."""

from __future__ import annotations

import random

from tests.fuzzing.changes import blind

CELLS = (
    "1", "0", "-1", "2.5", "2,5", "1e999", "nan", "NaN", "inf", "", " ", '"', '""', '"a', 'a"b', '"a""b"', '"a\nb"', "'", "#", "é", "\ufeff",
    "\u202eabc", "=1+1", "\x1b[31mred\x1b[0m", "\0", "9" * 400, "x" * 5_000, "2020-01-01", "31/12/2020", "NA", ".", "TRUE", "\\", "\u2028", "1_000",
    "1 000", "+1", "0x10", "１", "\ud7ff", "😀",
)  # fmt: skip
NAMES = (
    "a",
    "b",
    "c",
    "weight",
    "A",
    "a ",
    "",
    "1",
    "a.b",
    "é",
    "\x1b[2J",
    "=cmd",
    "a" * 300,
    "@",
    "n",
    "count",
    "police",
    "ngo",
    "clinic",
)
ENCODINGS = ("utf-8", "utf-8", "utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "latin-1", "cp437")


def delimited(rng: random.Random) -> bytes:
    """A text with a delimiter, more or less."""
    mark, end = rng.choice(",;\t|, "), rng.choice(("\n", "\n", "\r\n", "\r", "\n\n"))
    columns = rng.choice((1, 2, 3, 4, 400))
    lines = (
        [[rng.choice(NAMES) for _ in range(columns)]] if rng.random() < 0.5 else [[f"v{at}" for at in range(columns)]]
    )
    for _ in range(rng.choice((0, 1, 2, 5, 30))):
        width = columns if rng.random() < 0.9 else rng.randint(0, 6)
        strange = rng.random() < 0.3
        lines.append([rng.choice(CELLS) if strange else str(rng.randrange(3)) for _ in range(width)])
    text = end.join(mark.join(line) for line in lines) + (end if rng.random() < 0.7 else "")
    raw = text.encode(rng.choice(ENCODINGS), "replace")
    return blind(raw, rng) if rng.random() < 0.2 else raw


def lists(rng: random.Random) -> bytes:
    """Case lists: 0/1 columns and counts, and what people put there instead."""
    names = ["police", "ngo", "clinic"][: rng.randint(1, 3)]
    counted = rng.random() < 0.6
    rows = [",".join([*names, *(["n"] if counted else [])])]
    for _ in range(rng.randint(0, 9)):
        cells = [rng.choice(("0", "1")) if rng.random() < 0.985 else rng.choice(CELLS) for _ in names]
        if counted:
            cells.append(
                str(rng.randrange(40))
                if rng.random() < 0.9
                else rng.choice((*CELLS, "1e6", "99999999999999999999", "-3", "0.5"))
            )
        rows.append(",".join(cells))
    raw = "\n".join(rows).encode("utf-8", "replace")
    return blind(raw, rng) if rng.random() < 0.1 else raw
