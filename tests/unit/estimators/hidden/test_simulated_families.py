"""Families whose victims are known: drawn by the seed, with multiplicities that can be counted anew, and found again by both rules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from studies.hidden.family_network import CELLS

import fl_estimate as fl
from fl_estimate.estimators.hidden.family.multiplicity_reports import Counting

SMALL: dict[str, Any] = {"families": 1_500, "areas": 60, "areas_drawn": 20, "prevalence": 0.05}
COUNTINGS: tuple[Counting, ...] = ("households", "persons")


def census(counting: Counting) -> fl.SurveyData:
    """Everybody asked: all areas, and more households than any has."""
    drawn = fl.hidden.simulate_families(
        counting=counting, families=300, areas=20, areas_drawn=20, households_an_area=500, away=0.2, seed=1
    )
    return drawn.survey


def test_the_seed_decides_what_is_drawn_and_the_other_seed_of_whom() -> None:
    one, again, other = (fl.hidden.simulate_families(counting="households", seed=seed, **SMALL) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one.survey.people, again.survey.people)
    pd.testing.assert_frame_equal(one.survey.relatives, again.survey.relatives)
    assert one.survey.people["person_id"].tolist() != other.survey.people["person_id"].tolist()
    assert (one.truth, one.covered, one.adults) == (other.truth, other.covered, other.adults)
    assert fl.hidden.simulate_families(counting="households", seed=1, population_seed=2, **SMALL).truth != one.truth


def test_in_a_census_of_households_everybody_is_told_of_as_often_as_it_is_said() -> None:
    survey = census("households")
    home = survey.people.set_index("person_id")["hh_id"]
    units = survey.relatives.assign(unit=survey.relatives["reported_by"].map(home))
    told = units.groupby(units["relative_id"].str[1:])["unit"].nunique()
    own = survey.people.set_index("person_id")["n_eligible_reporters"]
    # whoever is in a household is told of by it, and by each household with a relative
    pd.testing.assert_series_equal(
        own.astype(int), told.reindex(own.index).fillna(0).astype(int) + 1, check_names=False
    )
    away = survey.relatives[survey.relatives["lives_in_frame"] == "no"]
    each = away.groupby("relative_id")["n_eligible_reporters"]
    assert each.nunique().eq(1).all()
    assert each.first().tolist() == told.loc[each.first().index.str[1:]].tolist()


def test_of_everybody_asked_the_estimate_is_the_truth() -> None:
    drawn = fl.hidden.simulate_families(
        counting="households",
        families=300,
        areas=20,
        areas_drawn=20,
        households_an_area=500,
        away=0.2,
        alone=0.1,
        seed=1,
    )
    estimates = fl.hidden.multiplicity(drawn.survey, "forced_labour", counting="households")
    assert estimates.value == pytest.approx(drawn.covered)
    assert drawn.covered < drawn.truth
    everybody = fl.hidden.simulate_families(
        counting="households", families=300, areas=20, areas_drawn=20, households_an_area=500, away=0.0, seed=1
    )
    share = fl.hidden.multiplicity(everybody.survey, "forced_labour", counting="households", quantity="prevalence")
    assert share.value == pytest.approx(everybody.truth / everybody.adults)


@pytest.mark.parametrize("counting", COUNTINGS)
def test_over_samples_it_is_unbiased_and_its_error_is_what_it_says(counting: Counting) -> None:
    found = []
    for seed in range(20):
        drawn = fl.hidden.simulate_families(counting=counting, seed=seed, **SMALL)
        estimates = fl.hidden.multiplicity(drawn.survey, "forced_labour", counting=counting)
        found.append((estimates.value / drawn.covered, estimates.se / drawn.covered))
    values, errors = np.array(found).T
    assert abs(values.mean() - 1) < 3 * values.std(ddof=1) / np.sqrt(20)
    # a third of the areas is drawn, of which the variance does not know: it is too large rather than too small
    assert 0.75 < np.sqrt((errors**2).mean()) / values.std(ddof=1) < 1.8


def test_where_assumptions_fail_the_figure_is_off_as_the_study_says() -> None:
    """The first sample of each situation that fails by much: far below or above, whatever the sample."""
    found = {each.situation: each.draw(1) for each in CELLS if not each.holds}
    off = {name: value / truth - 1 for name, (value, _, _, truth) in found.items()}
    assert off["wrong unit: weights of households, s of persons"] < -0.4
    assert off["wrong unit: weights of persons, s of households"] > 0.2
    assert off["no s: every report counted whole"] > 1
    assert off["15 % of families away as a whole: nobody could tell"] < -0.1


@pytest.mark.parametrize(
    "wrong",
    [
        {"prevalence": 2.0},
        {"away": -0.1},
        {"tells": "all"},
        {"families": 0},
        {"areas": 2.5},
        {"areas_drawn": 100},
        {"areas_drawn": 2},
    ],
)
def test_numbers_that_no_families_can_be_drawn_with_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(fl.FlError, match="FL-EST-516"):
        fl.hidden.simulate_families(counting="households", seed=1, **SMALL | wrong)
    with pytest.raises(fl.FlError, match="FL-EST-513"):
        fl.hidden.simulate_families(counting="families", seed=1)  # pyright: ignore[reportArgumentType]
