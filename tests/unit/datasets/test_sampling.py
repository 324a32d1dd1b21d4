"""The synthetic sample is drawn as it says: allocation, probabilities, households, adults and weights."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fl_estimate.datasets.country import Population, Survey
from fl_estimate.datasets.sampling import AREAS_DRAWN, allocation, draw_areas, ragged


def test_ragged_lists_the_numbers_of_every_pair():
    position, number = ragged(np.array([0, 5, 7]), np.array([2, 5, 10]))
    assert position.tolist() == [0, 0, 2, 2, 2]
    assert number.tolist() == [0, 1, 7, 8, 9]


def test_allocation_is_unequal_and_small(country: Population):
    wanted = allocation(country)
    fraction = wanted / np.bincount(country.areas.stratum)
    assert abs(wanted.sum() - AREAS_DRAWN) <= 6
    assert wanted.min() >= 8
    assert fraction.max() < 0.3
    assert fraction.max() > 3 * fraction.min()


def test_no_area_is_drawn_twice_and_every_stratum_has_its_number(country: Population, surveyed: Survey):
    area = np.unique(country.households.area[surveyed.sample.household])
    drawn = np.bincount(country.areas.stratum[area])
    np.testing.assert_array_equal(drawn, allocation(country))


def test_an_area_is_drawn_in_proportion_to_its_census_households(country: Population):
    """Over 400 draws a stratum's areas come up as n z / sum z says: chi-square near its degrees of freedom."""
    rng = np.random.default_rng(11)
    times = np.zeros(len(country.areas.stratum))
    draws = 400
    drawn = [draw_areas(country, rng) for _ in range(draws)]
    for areas, _ in drawn:
        times[areas] += 1
    z = country.areas.census_households
    strata = country.areas.stratum
    chance = allocation(country)[strata] * z / np.bincount(strata, weights=z)[strata]
    for areas, weights in drawn:
        np.testing.assert_allclose(weights, 1 / chance[areas])
    spread = (times - draws * chance) / np.sqrt(draws * chance * (1 - chance))
    # 5,003 areas: the mean square of standard scores has standard error sqrt(2 / 5003) = 0.02 if independent
    assert abs((spread**2).mean() - 1) < 0.1
    assert abs(np.corrcoef(spread, z)[0, 1]) < 0.05


def test_at_most_two_adults_a_household_and_never_a_child(country: Population, surveyed: Survey):
    selected = surveyed.sample.selected
    assert country.adult[selected].all()
    home = country.people.household[selected]
    taken = np.bincount(home, minlength=len(country.households.adults))[surveyed.sample.household]
    np.testing.assert_array_equal(taken, np.minimum(2, country.households.adults[surveyed.sample.household]))


def test_proxies_are_other_adults_of_the_household(country: Population, surveyed: Survey):
    sample = surveyed.sample
    rows = sample.proxy >= 0
    proxy, person = sample.proxy[rows], sample.respondent[rows]
    assert 0.04 < rows.mean() < 0.08
    assert (proxy != person).all()
    assert (country.people.household[proxy] == country.people.household[person]).all()
    assert country.adult[proxy].all()


def test_weights_of_an_area_carry_its_adults(office: pd.DataFrame):
    """Non-response adjustment within an area: respondents' weights sum to the weighted adults of its households."""
    adults = office[office["Q102"] >= 18].groupby("CLUSTER")["HHWGT"].sum()
    module = office[office["MODRES"] == 1].groupby("CLUSTER")["WEIGHT"].sum()
    # weights in the file are rounded to four decimals: some 100 rows an area
    np.testing.assert_allclose(module, adults, rtol=1e-5)
    assert (office["WEIGHT"] > 0).all()
    others = office[office["MODRES"].fillna(0) != 1]
    assert (others["WEIGHT"] == others["HHWGT"]).all()
