"""The synthetic country is the same for the same seed, adds up, and has the effects that it is said to have."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fl_estimate.datasets.country import DRAW_COLUMNS, Population, Survey, draw, make_population, truth
from fl_estimate.datasets.geography import DISTRICTS, REGIONS

SMALL = 300


def arrays(value: Any) -> Iterator[np.ndarray]:
    for field in dataclasses.fields(value):
        inner = getattr(value, field.name)
        if isinstance(inner, np.ndarray):
            yield inner
        elif dataclasses.is_dataclass(inner):
            yield from arrays(inner)


def test_the_same_seed_gives_the_same_country():
    first, second = (make_population(5, enumeration_areas=SMALL) for _ in range(2))
    for one, other in zip(arrays(first), arrays(second), strict=True):
        np.testing.assert_array_equal(one, other)


def test_another_seed_gives_another_country():
    first, second = (make_population(seed, enumeration_areas=SMALL) for seed in (5, 6))
    assert not np.array_equal(first.geography.x1, second.geography.x1)
    assert len(first.people.age) != len(second.people.age)


def test_the_same_seed_gives_the_same_sample(country: Population):
    pd.testing.assert_frame_equal(draw(country, 3), draw(country, 3))
    assert not draw(country, 3).equals(draw(country, 4))


def test_size_and_layout(country: Population):
    people, households = country.people, country.households
    assert 1_000_000 < len(people.age) < 1_500_000
    assert 3_000 <= len(country.areas.stratum) <= 5_100
    assert np.unique(country.areas.stratum).tolist() == list(range(12))
    assert np.unique(country.areas.district).tolist() == list(range(24))
    assert (country.areas.stratum // 2 == country.areas.district // 4).all()
    assert country.areas.first_household[-1] == len(households.area)
    assert households.first_person[-1] == len(people.age)
    assert repr(country).startswith("Population(seed=20181019: 1,455,075 persons")


def test_adults_stand_first_in_their_household_and_only_adults_work(country: Population):
    adults = np.add.reduceat(country.adult.astype(int), country.households.first_person[:-1])
    np.testing.assert_array_equal(adults, country.households.adults)
    assert country.adult[country.households.first_person[:-1]].all()
    assert country.adult[country.jobs.person].all()
    # who was not in forced labour began as an adult; of the others some entered as children, most of them born into it
    assert (country.jobs.started[country.jobs.route == 0] >= 18).all()
    assert (country.jobs.started >= 6).all()
    assert (country.jobs.started[country.jobs.route > 0] < 18).mean() > 0.05
    assert (country.jobs.started <= country.people.age[country.jobs.person]).all()


def test_truth_adds_up_over_every_margin(country: Population):
    counted = truth(country)
    nation = counted["national"]
    assert nation["forced_labour"] == country.forced_labour.sum()
    assert nation["adults"] == country.adult.sum()
    assert list(counted["region"]) == list(REGIONS)
    assert list(counted["district"]) == list(DISTRICTS)
    for margin in ("region", "district", "sex", "migrant"):
        for key in ("adults", "forced_labour"):
            assert sum(cell[key] for cell in counted[margin].values()) == nation[key]
    for index, region in enumerate(REGIONS):
        inner = [counted["district"][name]["forced_labour"] for name in DISTRICTS[4 * index : 4 * index + 4]]
        assert sum(inner) == counted["region"][region]["forced_labour"]


def test_forced_labour_is_a_few_per_thousand_and_differs_as_said(country: Population):
    counted = truth(country)
    assert 0.004 < counted["national"]["prevalence"] < 0.009
    by_district = np.array([cell["prevalence"] for cell in counted["district"].values()])
    assert by_district.max() > 4 * by_district.min()
    assert counted["sex"]["1"]["prevalence"] > 1.3 * counted["sex"]["2"]["prevalence"]
    assert counted["migrant"]["1"]["prevalence"] > 2 * counted["migrant"]["0"]["prevalence"]


def test_one_covariate_predicts_forced_labour_and_the_other_does_not(country: Population):
    by_district = np.array([cell["prevalence"] for cell in truth(country)["district"].values()])
    log_odds = np.log(by_district / (1 - by_district))
    geography = country.geography
    assert np.corrcoef(geography.x1, log_odds)[0, 1] > 0.8
    # x2 is made uncorrelated with the effect itself; what is left comes from who lives where
    assert np.corrcoef(geography.x2, geography.effect)[0, 1] == pytest.approx(0, abs=1e-12)
    assert abs(np.corrcoef(geography.x2, log_odds)[0, 1]) < 0.3
    assert geography.x1.std() == pytest.approx(1)


def test_areas_cluster_forced_labour(country: Population):
    """Between areas of a district, cases vary more than chance (Poisson) would make them: a PSU effect."""
    area = country.households.area[country.people.household]
    size = len(country.areas.stratum)
    cases = np.bincount(area[country.forced_labour], minlength=size)
    adults = np.bincount(area[country.adult], minlength=size)
    rate = np.bincount(country.areas.district, weights=cases) / np.bincount(country.areas.district, weights=adults)
    expected = adults * rate[country.areas.district]
    assert ((cases - expected) ** 2 / expected).mean() > 1.2


def test_a_draw_is_the_survey_in_columns(country: Population, surveyed: Survey, office: pd.DataFrame):
    drawn = draw(country, 1)
    assert tuple(drawn.columns) == DRAW_COLUMNS
    assert not drawn.isna().any().any()
    completed = office[office["MODRES"] == 1].reset_index(drop=True)
    order = np.argsort(surveyed.sample.respondent)
    drawn = drawn.iloc[order].reset_index(drop=True)
    assert (drawn["stratum"] == completed["STRATUM"]).all()
    assert (drawn["psu"] == completed["CLUSTER"]).all()
    assert (drawn["sex"] == completed["Q101"]).all()
    assert ((drawn["migrant"] == 1) == (completed["Q104"] == 3)).all()
    # the file rounds weights to four decimals
    np.testing.assert_allclose(drawn["weight"], completed["WEIGHT"], atol=5.1e-5)
    assert (drawn["forced_labour"] <= drawn["forced_labour_true"]).all()
    assert (drawn["forced_labour_true"] <= drawn["forced_labour_possible"]).all()
    assert 22_000 < len(drawn) < 26_000
