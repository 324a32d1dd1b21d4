"""People in cells and their population, made up, for tests."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

import fl_estimate as fl

REGIONS = ["East", "North", "South", "West"]
PERSONS = {"East": 4_000.0, "North": 1_000.0, "South": 2_500.0, "West": 3_000.0}


def people(size: int = 1_200, *, weighted: bool = True) -> pd.DataFrame:
    """A survey of four regions by sex and class, in clusters with unequal weights; about one case in twelve."""
    rng = np.random.default_rng(11)
    psu = np.arange(size) // 15
    chance = 1 / (1 + np.exp(2.5 - rng.normal(0, 0.7, psu[-1] + 1)[psu]))
    frame = pd.DataFrame(
        {
            "region": np.array(REGIONS)[psu % 4],
            "sex": rng.choice(["f", "m"], size),
            "age": rng.integers(1, 4, size),
            "psu": psu,
            "fl": (rng.random(size) < chance).astype(int),
            "wage": np.round(rng.normal(50, 8, size) + 5 * (psu % 4), 3),
            "school": rng.integers(0, 12, size).astype(float),
        }
    )
    return frame.assign(w=rng.gamma(3, 1, size) + 0.2) if weighted else frame


def population(**columns: Any) -> pd.DataFrame:
    """Every cell of region, sex and age, with the province that a region is in."""
    rows = [(r, s, a, PERSONS[r] * (1 + 0.1 * a)) for r in REGIONS for s in "fm" for a in (1, 2, 3)]
    frame = pd.DataFrame(rows, columns=["region", "sex", "age", "population"])
    province = {"East": "low", "North": "high", "South": "low", "West": "high"}
    return frame.assign(**{"province": frame["region"].map(province), "school": 5.5, **columns})


DESIGN = fl.Design(weights="w", psu="psu")
CELLS = ["region", "sex", "age"]
EFFECTS = pd.DataFrame({"region": REGIONS, "x": [0.0, 1.0, 3.0, 2.0]})
