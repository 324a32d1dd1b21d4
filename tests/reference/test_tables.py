"""Weighted counts of two crossed columns agree with R survey 4.4.2's svytable."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from tests.reference import r_calls

STORED = Path(__file__).parent / "survey"
ENTRIES = {e["id"]: e for e in json.loads((STORED / "tables.json").read_text(encoding="utf-8"))["entries"]}


@pytest.mark.parametrize("name", ENTRIES)
def test_crossed_counts(name: str) -> None:
    entry: dict[str, Any] = ENTRIES[name]
    frame, design, _ = r_calls._design(entry)
    frame = frame.copy()
    row, column = (part for part in re.findall(r"~([\w.]+)\+([\w.]+)", entry["call"])[0])
    more = STORED / "data" / f"{entry['data']}_more.csv"
    if row not in frame and more.is_file():
        frame[row] = pd.read_csv(more)[row]
    people = frame.assign(person=1.0)
    found = fl.estimate_total(people, "person", by=[row, column], design=design)
    found = found.to_frame(labels=False).set_index([row, column])
    found.index = found.index.map(lambda pair: tuple(str(each) for each in pair))
    levels = entry["result"]["dimnames"]
    # R lists the rows of a table within its columns; cells that nobody is in are 0 there and rows of n = 0 here.
    counts = found["value"].to_dict()
    ours = [counts.get((a, b), 0.0) for b in levels[column] for a in levels[row]]
    np.testing.assert_allclose(ours, entry["result"]["estimate"], rtol=1e-9)
    assert len(ours) == len(entry["result"]["estimate"]) > 5
