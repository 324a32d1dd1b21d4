"""Parquet: pages, the thrift of the footer, types that a survey never has, and labels of ours that are none."""

from __future__ import annotations

import io
import json
import random
from datetime import datetime
from functools import cache
from importlib import import_module
from typing import Any

import polars as pl

from fl_estimate.loaders.formats.labels_in_parquet import KEY
from tests.fuzzing.changes import Field, blind, changed, parts

SOUND = 16
LABELS: tuple[Any, ...] = (
    {}, [], 3, None, "x", {"variable_labels": []}, {"variable_labels": {"a": 1}}, {"value_labels": {"a": [[1]]}},
    {"value_labels": {"a": [[[], "x"]]}}, {"value_labels": {"none": [[1, "x"]]}}, {"declared_missing": {"a": [[1, 2, 3]]}},
    {"value_labels": {"a": [[1e999, "x"]]}, "declared_missing": {"a": [[None, None]]}},
)  # fmt: skip


@cache
def sound(number: int) -> bytes:
    """One of the sound files."""
    rng = random.Random(f"sound parquet {number}")
    rows = rng.choice((0, 1, 5, 40))
    columns: dict[str, Any] = {}
    for at in range(rng.randint(1, 4)):
        values: list[Any] = [
            [float(k) for k in range(rows)], [f"t{k % 3}" for k in range(rows)], [k % 2 == 0 for k in range(rows)],
            [None] * rows, [[k] for k in range(rows)], [datetime(2020, 1, 1)] * rows, [b"\xff"] * rows, [{"a": k} for k in range(rows)],
        ]  # fmt: skip
        columns[("a", "b", "c@missing", "")[at]] = rng.choice(values)
    content = io.BytesIO()
    how: Any = rng.choice(("zstd", "snappy", "gzip", "uncompressed"))
    pl.DataFrame(columns).write_parquet(content, compression=how, use_pyarrow=rng.random() < 0.3)
    return content.getvalue()


def _labelled(content: bytes, rng: random.Random) -> bytes:
    """With labels as `convert` leaves them, or something else in their place."""
    pa, pq = import_module("pyarrow"), import_module("pyarrow.parquet")
    table = pq.read_table(io.BytesIO(content))
    text = json.dumps(rng.choice(LABELS)).encode()
    written = blind(text, rng) if rng.random() < 0.3 else b"[" * 20_000 if rng.random() < 0.05 else text
    target = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata({KEY: written}), target)
    return target.getvalue().to_pybytes()


def make(rng: random.Random) -> bytes:
    """A Parquet file."""
    content = sound(rng.randrange(SOUND))
    chance = rng.random()
    if chance < 0.1:
        return content
    if chance < 0.3:
        return _labelled(content, rng)
    if chance < 0.4:
        return blind(content, rng)
    footer = int.from_bytes(content[-8:-4], "little")
    start = max(len(content) - 8 - footer, 4)
    if chance < 0.5:
        return parts(content, [4, start, len(content) - 8, len(content) - 4], rng)
    # Thrift is made of bytes: lengths, kinds and zigzag numbers; pages begin with it too.
    where = range(start, len(content) - 8) if chance < 0.85 else range(4, min(60, start))
    fields = [Field(at, 1) for at in where] + [Field(len(content) - 8, 4)]
    return changed(content, fields, rng, most=4)
