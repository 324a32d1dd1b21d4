"""What the library saves for itself, with something else in it: the JSON beside the rows, the rows, the bytes."""

from __future__ import annotations

import io
import json
import random
import tempfile
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import fl_estimate as fl
from fl_estimate.reporting.releases import FORM
from fl_estimate.results.storage import KEY
from tests.fuzzing.changes import blind

SAVED = Path(__file__).parents[1] / "reference" / "saved_files"
VALUES: tuple[Any, ...] = (
    None, 0, -1, 1.5, 1e308, True, "", "x", "fl_estimate estimates 99", "fl_estimate estimates 0", "9" * 50, [], {}, [[]], [1], {"a": 1}, "a" * 3_000, "\0",
    float("nan"), float("inf"), 10**400,
)  # fmt: skip


@cache
def people() -> Any:
    """Forty people in two regions."""
    rng = np.random.default_rng(1)
    rows = {
        "y": rng.integers(0, 2, 40),
        "x": rng.normal(size=40),
        "region": ["N", "S"] * 20,
        "w": 1.0 + rng.random(40),
        "psu": np.arange(40) % 10,
    }
    return pd.DataFrame(rows)


@cache
def sound(kind: str) -> bytes:
    """A saved file of a kind."""
    design = fl.Design(weights="w", psu="psu", expands=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "saved.parquet"
        if kind == "estimates":
            fl.estimate_prevalence(people(), "y", design=design, by="region").save(path)
        else:
            fl.regress(people(), "y ~ x + region", design=design).save(path)
        return path.read_bytes()


def make(kind: str, rng: random.Random) -> bytes:
    """A file of a kind: estimates or regression."""
    content = sound(kind)
    chance = rng.random()
    if chance < 0.05:
        return content
    if chance < 0.2:
        return blind(content, rng)
    pa, pq = import_module("pyarrow"), import_module("pyarrow.parquet")
    table = pq.read_table(io.BytesIO(content))
    told = json.loads(table.schema.metadata[KEY])
    if chance < 0.35:
        frame = table.to_pandas()
        frame = (
            frame.drop(columns=rng.choice(list(frame)))
            if rng.random() < 0.5
            else frame.assign(**{rng.choice(list(frame)): rng.choice(("x", 1.5, None))})
        )
        table = pa.Table.from_pandas(frame)
    else:
        for _ in range(rng.randint(1, 3)):
            changed(told, rng)
    text = json.dumps(told).encode()
    if rng.random() < 0.1:
        text = blind(text, rng)
    target = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata({**(table.schema.metadata or {}), KEY: text}), target)
    return target.getvalue().to_pybytes()


def changed(told: Any, rng: random.Random) -> None:
    """Change one place in what is told, wherever it lies."""
    places: list[tuple[Any, Any]] = []
    level = [told]
    while level:
        inside: list[Any] = []
        for part in level:
            keys = list(part) if isinstance(part, dict) else range(len(part))
            places += [(part, key) for key in keys]
            inside += [part[key] for key in keys if isinstance(part[key], dict | list)]
        level = inside
    if not places:
        return
    part, key = rng.choice(places)
    if rng.random() < 0.25:
        del part[key]
    else:
        part[key] = rng.choice(VALUES)


MANIFEST: dict[str, Any] = {
    "form": FORM.text, "files": [], "packages": {"fl_estimate": "0.2.0"}, "geography": {"district": {"region": {"a": "N"}}},
    "estimates": [{"name": "one", "kind": "prevalence", "reference_period": "2023", "where": ""}],
    "config": {"estimate": [{"name": "one", "where": ""}], "publish": {"rule": {"min_n": 50, "min_cases": 5}}},
}  # fmt: skip


@cache
def _coverage() -> bytes:
    """The report that the last of the older versions saved."""
    return sorted(SAVED.glob("20*/coverage.json"))[-1].read_bytes()


def json_file(kind: str, rng: random.Random) -> bytes:
    """A coverage report or the manifest of a release."""
    told = json.loads(_coverage() if kind == "coverage" else json.dumps(MANIFEST))
    for _ in range(rng.randint(0, 3)):
        changed(told, rng)
    text = json.dumps(told).encode()
    return blind(text, rng) if rng.random() < 0.2 else b"[" * 50_000 if rng.random() < 0.02 else text


def geojson(rng: random.Random) -> bytes:
    """A map of one square, or of something else."""
    ring = [[0, 0], [1, 0], [1, 1], [0, 0]]
    feature = {"type": "Feature", "properties": {"region": "N"}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    told: Any = {"type": "FeatureCollection", "features": [feature]}
    for _ in range(rng.randint(0, 3)):
        changed(told, rng)
    text = json.dumps(told).encode()
    return blind(text, rng) if rng.random() < 0.2 else text
