"""Studies, mappings, targets, rules and frameworks: sound ones in which a value is another, a key gone, moved or unheard of."""

from __future__ import annotations

import copy
import datetime as dt
import json
import random
import tomllib
from functools import cache
from importlib import resources
from typing import Any

from tests.fuzzing.changes import blind
from tests.unit.study.made import MAPPING, STUDY

TARGET = """
[[target]]
id = "made"
description = "people on any list"
document = "made up"
source_status = "verified"
inputs_table = ["uk_2013_6.csv"]
function = "observed"
unit = "persons"
published = 2744
published_halfwidth = 0.5
match = true

[[target]]
id = "made_too"
description = "a sum"
document = "made up"
source_status = "verified"
unit = "persons"
published = 12
match = true
formula = "a * b"
inputs = [{ symbol = "a", label = "one", value = 3 }, { symbol = "b", label = "other", value = 4 }]
"""
RULE = 'base = "fl-default"\nmin_n = 30\nmin_cases = 5\n'
DEEP = "DEEP"
TEXTS = (
    "", " ", "x", "a" * 5_000, "a/" * 3_000, "../../etc/passwd", "/dev/zero", "/dev/stdin", "/proc/self/mem", ".", "~", "people.csv", "small.toml", "a\0b",
    "\x1b[2J", "\u202e", "=1+1", "<script>", "{x}", "%s", "AGE > 3", "(" * 300, "AGE == " * 40, "not " * 900 + "AGE", "AGE ** 9", "__import__('os')",
    "region", "one", "fr", "icls2018_adult", "fl-default", "ene2020", "nan", "1e999", "2020-01-01",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    *TEXTS, 0, 1, -1, 2, 10**6, 2**63, -(2**63), 10**39, 0.0, -0.5, 0.5, 1.0, 1e308, float("inf"), float("-inf"), float("nan"), True, False, [], [[]], {},
    ["region"], [["region"], ["sex"]], ["region", "region"], [1, 2], {"a": 1}, {"en": "x"}, [{}], dt.date(1, 1, 1), dt.date(9999, 12, 31),
    dt.datetime(2020, 1, 1, 12, 30), dt.time(1, 2), DEEP,
)  # fmt: skip


@cache
def _framework() -> str:
    return (
        resources.files("fl_estimate.indicators")
        .joinpath("frameworks", "icls2018_adult.toml")
        .read_text(encoding="utf-8")
    )


def source(kind: str) -> str:
    """The sound file of a kind."""
    return {"study": STUDY, "mapping": MAPPING, "targets": TARGET, "rule": RULE}.get(kind) or _framework()


@cache
def _read(kind: str) -> dict[str, Any]:
    return tomllib.loads(source(kind))


def _places(part: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside: Any = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    return [place for key, each in inside for place in ((*path, key), *_places(each, (*path, key)))]


def written(value: Any) -> str:
    """A value in TOML, on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return "[" * 45 + "]" * 45 if value == DEEP else json.dumps(value, ensure_ascii=True).replace("\x7f", "\\u007f")
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(str(key))} = {written(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    return value.isoformat() if isinstance(value, dt.date | dt.time) else str(value)


def make(kind: str, rng: random.Random) -> bytes:
    """A file of a kind."""
    chance = rng.random()
    if chance < 0.05:
        return source(kind).encode()
    if chance < 0.15:
        return blind(source(kind).encode(), rng)
    content = copy.deepcopy(_read(kind))
    for _ in range(rng.randint(1, 3)):
        places = _places(content)
        if not places:
            break
        *way, last = rng.choice(places)
        at: Any = content
        for key in way:
            at = at[key]
        _change(at, last, rng)
    return "\n".join(f"{json.dumps(key)} = {written(value)}" for key, value in content.items()).encode()


def _change(at: Any, key: Any, rng: random.Random) -> None:
    kind = rng.randrange(6)
    if kind == 0:
        del at[key]
    elif kind == 1 and isinstance(at, dict):
        at[rng.choice(("x", "", "kind", "name", "by", "where", "file", "é", "a" * 2_000))] = at.pop(key)
    elif kind == 2 and isinstance(at, dict):
        at[
            rng.choice(("where", "by", "level", "df", "method", "unknown", "seed", "draws", "out", "title", "interval"))
        ] = rng.choice(VALUES)
    elif kind == 3 and isinstance(at, list):
        at.extend([copy.deepcopy(at[key])] * rng.choice((1, 2, 50)))
    else:
        at[key] = rng.choice(VALUES)
