"""Households with one to three adults, children and relatives are given the classes and weights that their generator knows; every table has a generator."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.datasets.country import Population
from fl_estimate.datasets.families import Families, make_families
from fl_estimate.inputs.survey_data import TABLES

CLASSES = ["forced_labour", "forced_labour_possible", "forced_labour_in_scope"]


@pytest.fixture(scope="module")
def families(country: Population) -> Families:
    return make_families(country)


@pytest.fixture(scope="module")
def survey() -> fl.SurveyData:
    return fl.datasets.load("country_families")


@pytest.fixture(scope="module")
def classified(survey: fl.SurveyData) -> Any:
    return fl.classify(survey, ["icls2018_adult", "icls2018_child"])


def test_the_file_has_what_it_is_to_try(families: Families) -> None:
    people = families.files["people"]
    adults = people[(people["DRAWN"] == 1) & (people["Q102"] >= 18)].groupby("HHID").size()
    assert set(adults.unique()) == {1, 2, 3}
    works = families.files["jobs"].groupby("PID").size()
    assert set(works.unique()) == {1, 2}
    assert (people["PROXY"].notna() & (people["PROXY"] != people["PID"])).sum() > 20


def test_everybody_has_the_class_that_the_generator_knows(families: Families, classified: Any) -> None:
    people = classified.people
    assert people["person_id"].tolist() == families.people["person_id"].tolist()
    # 18 at the interview may have been 17 in the year before it, of which the questions on children were not asked
    settled = people["age_interview"].to_numpy() != 18
    for name in CLASSES:
        assert people[name][settled].tolist() == families.people[name][settled].tolist()
    assert (people["forced_labour"].to_numpy() == families.people["forced_labour"].to_numpy()).all()
    assert (people["forced_labour_possible"].to_numpy() >= families.people["forced_labour_possible"].to_numpy()).all()
    child = people["age_interview"] < 18
    for part in (people[child], people[~child]):
        assert (
            0
            < part["forced_labour"].sum()
            < part["forced_labour_possible"].sum()
            < part["forced_labour_in_scope"].sum()
        )


def test_so_has_every_relative(families: Families, classified: Any) -> None:
    relatives = classified.relatives
    assert relatives["relative_id"].tolist() == families.relatives["relative_id"].tolist()
    for name in CLASSES:
        assert relatives[name].tolist() == families.relatives[name].tolist()
    assert 0 < relatives["forced_labour_in_scope"].sum() < len(relatives)


def test_everybody_could_be_told_of_by_their_own_household_and_as_many_more_as_they_have_relatives(
    survey: fl.SurveyData,
) -> None:
    people = survey.people
    sizes = people[[f"network_size_{relation}" for relation in ("parent", "child", "sibling")]].sum(axis=1, min_count=3)
    seen = people["n_eligible_reporters"]
    assert (seen >= 1).all()
    assert (seen[sizes.notna()] <= 1 + sizes[sizes.notna()]).all()
    assert seen.nunique() > 3
    assert survey.relatives["also_reported_by"].notna().sum() > 20


def test_weights_are_those_worked_out_by_hand(families: Families, survey: fl.SurveyData) -> None:
    pd.testing.assert_series_equal(
        survey.people["weight_person"].astype(float), families.people["weight"], check_names=False, rtol=1e-12
    )
    assert survey.report.ok


def test_drawn_adults_stand_for_all_adults_of_their_households(survey: fl.SurveyData) -> None:
    """The weights of the adults drawn sum to the weighted number of adults: eligible over drawn leaves nobody out."""
    people = survey.people
    adult = people["age_interview"] >= 18
    drawn = adult & (people["drawn"] == "yes")
    assert people.loc[drawn, "weight_person"].sum() == pytest.approx(people.loc[adult, "weight_hh"].sum(), rel=1e-12)


def test_the_proxies_are_those_who_answered_for_another(families: Families, classified: Any) -> None:
    people = families.files["people"]
    other = people["PROXY"].notna() & (people["PROXY"] != people["PID"])
    assert classified.people["is_proxy"].tolist() == other.astype(int).tolist()


def test_every_table_of_the_schema_and_lists_have_a_generator(survey: fl.SurveyData) -> None:
    """So that nobody needs real microdata to try something."""
    migrants = fl.datasets.load("country_migrants")
    filled = {name for data in (survey, migrants) for name, table in data.tables.items() if len(table)}
    assert filled == set(TABLES)
    assert isinstance(fl.datasets.load("country_lists"), fl.CaptureHistories)
    assert len(fl.datasets.load("country_list_records"))
