"""Direct estimates of made-up areas, for tests."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

import fl_estimate as fl

LETTERS = list("ABCDEFGHIJKL")
COVARIATES = pd.DataFrame({"district": LETTERS, "x1": np.linspace(-1.5, 1.5, 12), "x2": [1.0, -1.0] * 6})
POPULATION = pd.DataFrame({"district": LETTERS, "population": np.arange(1, 13) * 1_000.0})


def counts(**changes: Any) -> pd.DataFrame:
    """Twelve areas; two without a case, the last without sample."""
    n = np.array([900, 700, 800, 650, 720, 980, 400, 1200, 510, 640, 880, 0])
    cases = np.array([9, 0, 5, 6, 3, 12, 2, 7, 0, 5, 8, 0])
    frame = pd.DataFrame(
        {
            "district": LETTERS,
            "value": np.where(n > 0, cases / np.maximum(n, 1), np.nan),
            "n": n,
            "cases": cases,
            "deff": np.where(cases > 0, np.linspace(1.1, 1.6, 12), np.nan),
        }
    )
    return frame.assign(**changes)


def values(**changes: Any) -> pd.DataFrame:
    """Twelve areas with a value and its standard error; the last without sample."""
    value = np.array([5.1, 4.2, 6.3, 5.9, 4.8, 7.0, 5.5, 4.9, 6.1, 5.2, 6.6, np.nan])
    frame = pd.DataFrame(
        {"district": LETTERS, "value": value, "se": np.where(np.isnan(value), np.nan, np.linspace(0.4, 1.2, 12))}
    )
    return frame.assign(**changes)


def people() -> pd.DataFrame:
    """A survey of four regions with clusters, a case in three of them."""
    rng = np.random.default_rng(3)
    rows = 1_600
    region = np.repeat(["East", "North", "South", "West"], rows // 4)
    chance = np.repeat([0.02, 0.0, 0.01, 0.04], rows // 4)
    return pd.DataFrame(
        {
            "region": region,
            "psu": np.arange(rows) // 20,
            "w": rng.uniform(50, 150, rows),
            "fl": (rng.random(rows) < chance).astype(int),
        }
    )


def direct() -> fl.Estimates:
    """Direct estimates of those people by region."""
    return fl.estimate_prevalence(
        people(), "fl", design=fl.Design(weights="w", psu="psu", strata="region"), by="region"
    )
