"""Samples of the synthetic country find its true number in forced labour again: unbiased, with the precision planned."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.datasets.catalogue import SURVEY_SEED
from fl_estimate.datasets.country import Population, draw, make_population, truth

DRAWS = 200


@pytest.fixture(scope="module")
def country() -> Population:
    return make_population()


@pytest.fixture(scope="module")
def replicated(country: Population) -> pd.DataFrame:
    """Weighted totals of 200 samples, one row each."""
    rows: list[dict[str, float]] = []
    for seed in range(DRAWS):
        drawn = draw(country, seed)
        weight = drawn["weight"]
        rows.append(
            {"adults": weight.sum(), "migrants": (weight * drawn["migrant"]).sum()}
            | {name: (weight * drawn[name]).sum() for name in ("forced_labour_true", "forced_labour")}
            | {"possible": (weight * drawn["forced_labour_possible"]).sum(), "variance": variance(drawn)}
            | {"n": len(drawn), "cases": drawn["forced_labour_true"].sum()}
        )
    return pd.DataFrame(rows)


def variance(drawn: pd.DataFrame) -> float:
    """Variance of the prevalence, areas taken as drawn with replacement: the textbook's linearised one."""
    share = np.average(drawn["forced_labour_true"], weights=drawn["weight"])
    influence = drawn["weight"] * (drawn["forced_labour_true"] - share) / drawn["weight"].sum()
    units = influence.groupby([drawn["stratum"], drawn["psu"]]).sum()
    strata = units.groupby(level="stratum")
    return float((strata.var() * strata.size()).sum())


def test_classifying_the_loaded_survey_gives_the_columns_of_its_draw(country: Population):
    """File, mapping, framework on one way; codes and array arithmetic on the other: the same three columns."""
    classified = fl.classify(fl.datasets.load("country_household"), "icls2018_adult").people
    asked = classified[classified["selected_for_module"] == "yes"]
    drawn = draw(country, SURVEY_SEED)
    for name in ("forced_labour", "forced_labour_possible", "forced_labour_in_scope"):
        # everybody else is out of scope
        assert classified[name].sum() == drawn[name].sum(), name
        mine, theirs = (frame.groupby("psu")[name].sum().to_numpy() for frame in (asked, drawn))
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["adults", "migrants", "forced_labour"])
def test_weighted_totals_are_unbiased(country: Population, replicated: pd.DataFrame, name: str):
    counted = truth(country)
    known = {
        "adults": counted["national"]["adults"],
        "migrants": counted["migrant"]["1"]["adults"],
        "forced_labour": counted["national"]["forced_labour"],
    }
    totals = replicated["forced_labour_true" if name == "forced_labour" else name]
    # three and a half Monte Carlo standard errors: one honest generator in 2,000 would fail
    assert abs(totals.mean() - known[name]) < 3.5 * totals.std() / np.sqrt(DRAWS)


@pytest.mark.slow
def test_what_is_surely_and_possibly_so_brackets_the_truth(country: Population, replicated: pd.DataFrame):
    known = truth(country)["national"]["forced_labour"]
    assert replicated["forced_labour"].mean() < 0.95 * known
    assert replicated["possible"].mean() > 1.5 * known
    assert (replicated["forced_labour"] <= replicated["forced_labour_true"]).all()
    assert (replicated["forced_labour_true"] <= replicated["possible"]).all()


@pytest.mark.slow
def test_precision_is_as_planned(replicated: pd.DataFrame):
    """A national CV of 8 to 12 %, a design effect above 1.3, and a variance formula a little on the wide side."""
    share = replicated["forced_labour_true"] / replicated["adults"]
    assert 0.08 < share.std() / share.mean() < 0.12
    simple = share * (1 - share) / replicated["n"]
    assert 1.3 < (replicated["variance"] / simple).mean() < 2.2
    # systematic drawing without replacement: the formula is 0 to 25 % above the variance over samples, give or
    # take the standard error of a variance of 200 draws, 10 %
    assert 0.8 < replicated["variance"].mean() / share.var() < 1.5
    assert 22_000 < replicated["n"].mean() < 26_000
    assert 110 < replicated["cases"].mean() < 180
