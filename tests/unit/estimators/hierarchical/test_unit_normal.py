"""Quantities of people by cell: shifts and scales, a mean by hand, covariates of people, areas without sample, EBLUP at its boundary."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.errors import EstimateFault

from .made_cells import CELLS, DESIGN, people, population

PEOPLE = people()
Prior = fl.hierarchical.Prior


def wages(frame: Any = PEOPLE, **given: Any) -> fl.Estimates:
    settings: dict[str, Any] = {
        "cells": CELLS, "population": population(), "design": fl.Design(unweighted=True), "likelihood": "normal", "by": "region",
        "draws": 100, "seed": 1,
    }  # fmt: skip
    return fl.hierarchical.unit(frame, "wage", **settings | given)


def test_rows_are_means_in_the_variable_s_unit() -> None:
    frame = wages().to_frame()
    assert set(frame["quantity"]) == {"mean"}
    assert set(frame["method"]) == {"unit-normal"}
    direct = PEOPLE.groupby("region")["wage"].mean()
    # Regions of 300 people barely shrink.
    np.testing.assert_allclose(frame["value"].iloc[1:], direct, atol=1.0)
    assert frame["cases"].isna().all()


@pytest.mark.parametrize(("shift", "scale"), [(0.0, 1_000.0), (1e6, 1.0)])
def test_units_and_origin_do_not_matter(shift: float, scale: float) -> None:
    plain = wages().to_frame()
    moved = wages(PEOPLE.assign(wage=shift + scale * PEOPLE["wage"])).to_frame()
    np.testing.assert_allclose(moved["value"], shift + scale * plain["value"], rtol=1e-6)
    np.testing.assert_allclose(moved["se"], scale * plain["se"], rtol=1e-4)


def test_without_effects_the_mean_is_students_t() -> None:
    """Flat mean, flat log spread in place of the half-normal: t with n − 1 degrees of freedom, here by its normal limit."""
    frame = PEOPLE.assign(all="x")
    cells = pd.DataFrame({"all": ["x"], "population": [10.0]})
    row = wages(frame, cells="all", population=cells, varying=[], by=None).to_frame().iloc[0]
    se = PEOPLE["wage"].std() / np.sqrt(len(PEOPLE))
    assert row["value"] == pytest.approx(PEOPLE["wage"].mean(), rel=1e-6)
    assert row["se"] == pytest.approx(se, rel=2e-3)
    assert row["upper"] - row["lower"] == pytest.approx(2 * 1.96 * se, rel=3e-3)


def test_draws_and_figures_speak_of_the_same_posterior() -> None:
    """Limits come from a mixture, draws beside it: medians within four Monte Carlo errors."""
    found = wages(draws=8_000)
    frame, draws = found.to_frame(), np.asarray(found.draws)
    error = 4 * 1.25 * frame["se"] / np.sqrt(8_000)
    assert (np.abs(np.median(draws, axis=0) - frame["value"]) < error).all()


def test_people_s_covariates_move_the_mean_to_the_population_s() -> None:
    """Wage rises by 2 a year of school; the population has two years more than the sample."""
    frame = PEOPLE.assign(wage=PEOPLE["wage"] + 2 * PEOPLE["school"])
    more = population(school=7.5)
    known, blind = wages(frame, population=more, covariates=["school"]), wages(frame, population=more)
    lift = known.to_frame()["value"].iloc[0] - blind.to_frame()["value"].iloc[0]
    assert known.diagnostics["parameters"]["school"]["mean"] == pytest.approx(2.0, abs=0.3)
    assert lift == pytest.approx(2 * (7.5 - PEOPLE["school"].mean()), abs=0.6)


def test_a_proper_prior_of_the_intercept_is_about_the_uncentred_one() -> None:
    """A wide proper prior gives what a flat one gives."""
    flat = wages(covariates=["school"], prior=Prior()).to_frame()
    wide = wages(covariates=["school"], prior=Prior(intercept="normal(0, 100000)", slopes="normal(0, 1000)")).to_frame()
    np.testing.assert_allclose(wide[["value", "se"]], flat[["value", "se"]], rtol=2e-3)


def test_weights_and_clusters_widen() -> None:
    plain, designed = wages().to_frame(), wages(design=DESIGN)
    assert designed.to_frame()["se"].iloc[0] > plain["se"].iloc[0]
    assert designed.diagnostics["effective_n"] < len(PEOPLE)


def test_spreads_without_a_posterior_are_refused() -> None:
    """Two regions and a flat variance between them: the spread runs to infinity."""
    frame = PEOPLE[PEOPLE["region"].isin(["East", "West"])]
    cells = population().query("region in ['East', 'West']")
    with pytest.raises(EstimateFault) as caught:
        wages(frame, population=cells, varying=["region"], prior=Prior(sigma="flat-variance"))
    assert caught.value.code == "FL-EST-108"


def test_unknown_values_must_be_decided() -> None:
    frame = PEOPLE.assign(wage=PEOPLE["wage"].where(PEOPLE.index % 50 > 0))
    with pytest.raises(EstimateFault) as caught:
        wages(frame)
    assert caught.value.code == "FL-EST-07"
    assert wages(frame, unknown="exclude").to_frame()["n"].iloc[0] == frame["wage"].notna().sum()
    with pytest.raises(EstimateFault) as caught:
        wages(frame, unknown="no")
    assert caught.value.code == "FL-EST-107"


def eblup(frame: pd.DataFrame, **given: Any) -> fl.Estimates:
    cells = pd.DataFrame({"region": ["East", "Far", "North", "South", "West"], "population": 1_000.0})
    settings: dict[str, Any] = {"area": "region", "population": cells, **given}
    return fl.hierarchical.unit_eblup(frame, "wage", **settings)


def test_eblup_beside_the_posterior() -> None:
    """With 300 people an area both are the sample's mean; an area without sample has the variance between areas."""
    found = eblup(PEOPLE, target="superpopulation")
    frame = found.to_frame().set_index("region")
    np.testing.assert_allclose(
        frame.loc[["East", "West"], "value"], PEOPLE.groupby("region")["wage"].mean()[["East", "West"]], rtol=0.01
    )
    assert frame.loc["Far", "se"] > np.sqrt(found.diagnostics["variance_between"])
    assert [(r.row, r.code) for r in found.reasons] == [(1, "area_without_sample")]


def test_a_census_has_no_error_but_its_own() -> None:
    """Everybody is in the sample: the finite mean is the sample's, without error."""
    size = PEOPLE.groupby("region").size().rename("population").reset_index()
    frame = eblup(PEOPLE, population=size).to_frame()
    np.testing.assert_allclose(frame["value"], PEOPLE.groupby("region")["wage"].mean(), rtol=1e-12)
    np.testing.assert_allclose(frame["se"], 0.0, atol=1e-9)


def test_at_the_boundary_there_is_no_error() -> None:
    """Areas more alike than chance allows: the variance between them is estimated as 0."""
    frame = PEOPLE.assign(wage=PEOPLE["wage"] - PEOPLE.groupby("region")["wage"].transform("mean"))
    found = eblup(frame)
    assert found.diagnostics["boundary"]
    assert found.to_frame()["se"].isna().all()
    assert "variance_at_boundary" in [reason.code for reason in found.reasons]


def test_eblup_faults() -> None:
    few = PEOPLE.groupby("region").head(1)
    for frame, given, code in (
        (few, {}, "FL-EST-109"),
        (
            PEOPLE,
            {"population": pd.DataFrame({"region": ["East", "North", "South", "West"], "population": 10.0})},
            "FL-EST-109",
        ),
        (PEOPLE, {"method": "bayes"}, "FL-EST-107"),
        (PEOPLE, {"target": "moon"}, "FL-EST-107"),
        (PEOPLE, {"covariates": ["school"]}, "FL-EST-101"),
    ):
        with pytest.raises(EstimateFault) as caught:
            eblup(frame, **given)
        assert caught.value.code == code
