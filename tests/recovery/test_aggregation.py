"""Regional totals: the interval with the variance between countries holds the truth as often as it says, that of the surveys alone does not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from studies.countries import SCENARIOS, coverage, draw_region, simulate

import fl_estimate as fl


def test_the_draws_have_the_moments_they_are_said_to_have() -> None:
    scenario = SCENARIOS["ten of 50 surveyed, ten of 50 not"]
    truth = np.array([draw_region(scenario, seed).truth for seed in range(400)])
    # 20 countries of 50 million, 3 per 1,000 on average, SD of 1.5 per 1,000 between them
    assert truth.mean() == pytest.approx(3e6, abs=4 * 1.5e-3 * 50e6 * np.sqrt(20) / np.sqrt(400))
    assert truth.std(ddof=1) == pytest.approx(1.5e-3 * 50e6 * np.sqrt(20), rel=0.12)


def test_coverage_with_and_without_the_variance_between_countries() -> None:
    """published_figures.md §5, table: 95 to 96 % with t, 60 % for the surveys alone; 200 regions here."""
    found = coverage(SCENARIOS["ten of 50 surveyed, ten of 50 not"], regions=200, seed=1)
    error = 3 * np.sqrt(0.95 * 0.05 / 200)
    assert found["estimated"] == pytest.approx(0.956, abs=error)
    assert found["known"] == pytest.approx(0.95, abs=error)
    assert found["surveys alone"] == pytest.approx(0.603, abs=3 * np.sqrt(0.6 * 0.4 / 200))


@pytest.mark.slow
@pytest.mark.parametrize("name", list(SCENARIOS))
def test_coverage_in_every_scenario(name: str) -> None:
    found = coverage(SCENARIOS[name], regions=400, seed=2)
    assert found["known"] == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / 400))
    assert found["estimated"] > 0.93


def test_few_countries_are_covered_without_being_useless() -> None:
    """Two surveyed countries of three: t of one degree of freedom covered everything at 3.6 times the truth; 200 regions."""
    found = simulate(SCENARIOS["two of 50 surveyed, one of 20 not"], regions=200, seed=3)
    assert found.coverage["estimated"] >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 200)
    assert found.width["estimated"] < 1.5 * found.width["known"]


def test_a_world_of_two_regions() -> None:
    scenario = SCENARIOS["ten of 50 surveyed, ten of 50 not"]
    north, south = (draw_region(scenario, seed) for seed in (1, 2))
    surveys = pd.concat([north.surveys, south.surveys.assign(country="S" + south.surveys["country"])])
    people = pd.concat([north.population, south.population.assign(country="S" + south.population["country"])])
    groups = people.assign(region=["N"] * 20 + ["S"] * 20)[["country", "region"]]
    world = fl.synthesis.aggregate(surveys, people, groups).to_frame().iloc[0]
    assert abs(world["value"] - north.truth - south.truth) < 4 * world["se"]
