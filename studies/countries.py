"""Regions of countries whose true totals are known, some of them surveyed: does the interval of a regional total hold the truth?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from fl_estimate.estimators import synthesis

MEAN, BETWEEN = 0.003, 0.0015
"""Of true rates over the countries of a region: mean and standard deviation, normal."""
SURVEY_SE: tuple[float, float] = (0.00035, 0.00065)
"""Least and greatest standard error of a survey."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Populations, in millions, of the countries with and without a survey."""

    surveyed: tuple[float, ...]
    others: tuple[float, ...]


SCENARIOS: dict[str, Scenario] = {
    "ten of 50 surveyed, one of 500 not": Scenario(surveyed=(50.0,) * 10, others=(500.0,)),
    "ten of 50 surveyed, ten of 50 not": Scenario(surveyed=(50.0,) * 10, others=(50.0,) * 10),
    "seven from 10 to 400 surveyed, seven from 5 to 300 not": Scenario(
        surveyed=(400, 200, 100, 50, 20, 20, 10), others=(300, 100, 50, 30, 10, 5, 5)
    ),
    "ten of 50 surveyed, one of 5 not": Scenario(surveyed=(50.0,) * 10, others=(5.0,)),
    "two of 50 surveyed, one of 20 not": Scenario(surveyed=(50.0,) * 2, others=(20.0,)),
    "two of 50 surveyed, one of 50 not": Scenario(surveyed=(50.0,) * 2, others=(50.0,)),
    "three of 50 surveyed, two of 20 not": Scenario(surveyed=(50.0,) * 3, others=(20.0,) * 2),
    "three of 50 surveyed, three of 50 not": Scenario(surveyed=(50.0,) * 3, others=(50.0,) * 3),
}
"""Those of the project's notes on published figures, then regions of few surveyed countries."""


@dataclass(frozen=True, kw_only=True)
class Region:
    """One draw: what surveys found, the populations, and the true total."""

    surveys: pd.DataFrame
    population: pd.DataFrame
    groups: pd.DataFrame
    truth: float


def draw_region(scenario: Scenario, seed: int | np.random.Generator) -> Region:
    """Draw true rates, surveys and the true total of one region."""
    rng = np.random.default_rng(seed)
    persons = np.array([*scenario.surveyed, *scenario.others]) * 1e6
    rates = rng.normal(MEAN, BETWEEN, len(persons))
    n = len(scenario.surveyed)
    se = np.linspace(*SURVEY_SE, n)
    names = [f"country {position}" for position in range(1, len(persons) + 1)]
    found = rates[:n] + rng.normal(0, 1, n) * se
    return Region(
        surveys=pd.DataFrame({"country": names[:n], "value": np.maximum(found, 0.0), "se": se}),
        population=pd.DataFrame({"country": names, "population": persons}),
        groups=pd.DataFrame({"country": names, "region": "region"}),
        truth=float((persons * rates).sum()),
    )


@dataclass(frozen=True, kw_only=True)
class Simulated:
    """By what is known of how far countries differ: how often the interval held the truth, and its median width over the truth."""

    coverage: dict[str, float]
    width: dict[str, float]


def simulate(scenario: Scenario, *, regions: int, seed: int) -> Simulated:
    """Draw regions and estimate their totals with 95 % intervals."""
    rng = np.random.default_rng(seed)
    ways: dict[str, Any] = {"estimated": "region", "known": BETWEEN, "surveys alone": 0.0}
    held: dict[str, list[bool]] = {name: [] for name in ways}
    width: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(regions):
        region = draw_region(scenario, rng)
        for name, between in ways.items():
            row = synthesis.aggregate(
                region.surveys, region.population, region.groups, between=between, interval="wald"
            ).frame.iloc[0]
            held[name].append(bool(row["lower"] <= region.truth <= row["upper"]))
            width[name].append(float(row["upper"] - row["lower"]) / region.truth)
    return Simulated(
        coverage={name: float(np.mean(each)) for name, each in held.items()},
        width={name: float(np.median(each)) for name, each in width.items()},
    )


def coverage(scenario: Scenario, *, regions: int, seed: int) -> dict[str, float]:
    """How often the 95 % interval of a regional total holds the truth, by what is known of how far countries differ."""
    return simulate(scenario, regions=regions, seed=seed).coverage
