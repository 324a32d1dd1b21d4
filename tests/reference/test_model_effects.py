"""Predictions, marginal means by several factors and average marginal effects agree with R survey and marginaleffects."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fl_estimate as fl
from tests.reference import models_of_r as r

# The formula of each model, and the values that R predicted at.
EDUC, REGION = ["none", "primary", "secondary"], ["East", "South", "West"]
AGES = ["(0,19]", "(19,39]", "(39,59]", "(59,Inf]"]
PREDICTED: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "apistrat/logit": (
        "sch_wide_yes ~ ell + meals + stype", {}, {"ell": [0, 10, 60], "meals": [5, 50, 95], "stype": ["E", "H", "M"]},
    ),
    "synth_c/poisson": (
        "cases ~ sex + region + age", {"family": "poisson"}, {"sex": ["F", "M", "M"], "region": REGION, "age": [20, 35, 60]},
    ),
    "synth_c/gamma": ("wage ~ sex + educ", {"family": "gamma"}, {"sex": ["F", "M"], "educ": ["none", "secondary"]}),
    "nhanes/probit": ("HI_CHOL ~ agecat + sex", {"link": "probit"}, {"agecat": AGES * 2, "sex": ["1 m"] * 4 + ["2 f"] * 4}),
    # R leaves the offset out of its predictions: those of one month.
    "synth_c/poisson_offset": (
        "cases ~ sex + region", {"family": "poisson", "exposure": "months"},
        {"sex": ["F", "M"], "region": ["East", "South"], "months": 1},
    ),
}  # fmt: skip


def model(name: str, formula: str, **more: Any) -> fl.Regression:
    entry = r.ENTRIES[name]
    design, where = r.design(entry)
    return fl.regress(r.people(entry["data"]), formula, design=design, where=where, unknown="exclude", **more)


@pytest.mark.parametrize("name", PREDICTED)
def test_predictions(name: str) -> None:
    formula, more, at = PREDICTED[name]
    fitted = model(f"predict/{name}", formula, **more)
    rtol = 1e-5 if more.get("link") else 1e-9
    # R's covariance has the weights of the last step but one: 1.7e-8 of the standard error in the first model.
    of_se = max(rtol, 5e-8)
    for scale, feature in (("mean", "predict"), ("link", "predict_link")):
        found, theirs = fl.predict(fitted, at, scale=scale), r.ENTRIES[f"{feature}/{name}"]["result"]  # pyright: ignore[reportArgumentType]
        frame = found.to_frame()
        np.testing.assert_allclose(frame["value"], theirs["estimate"], rtol=rtol)
        np.testing.assert_allclose(frame["se"], theirs["se"], rtol=of_se)
        size = np.abs(theirs["vcov"]).max()
        np.testing.assert_allclose(found.covariance, theirs["vcov"], rtol=0, atol=2 * of_se * size)


MEANS: dict[str, tuple[str, dict[str, Any], Any]] = {
    "apistrat/stype": ("api00 ~ ell + meals", {"family": "gaussian"}, "stype"),
    "nhanes/race": ("HI_CHOL ~ agecat + sex", {}, "race"),
    "synth_c/sex": ("forced ~ age + educ", {}, "sex"),
    "synth_c/sex_x_educ": ("forced ~ age + region", {}, ["sex", "educ"]),
    "synth_c/wage_region": ("wage ~ sex + age + educ", {"family": "gamma"}, "region"),
    "synth_c_JKn/sex": ("forced ~ age + educ", {}, "sex"),
}


@pytest.mark.parametrize("name", MEANS)
def test_marginal_means(name: str) -> None:
    """R adds the variances of coefficients and people as if they were independent: `covariance_of="separate"`."""
    formula, more, by = MEANS[name]
    entry = r.ENTRIES[f"predmeans/{name}"]
    found = fl.marginal_means(model(f"predmeans/{name}", formula, **more), by, covariance_of="separate")
    names = [by] if isinstance(by, str) else by
    frame = found.to_frame()
    ours = [".".join(str(value) for value in row) for row in frame[names].to_numpy()]
    order = [ours.index(name) for name in entry["result"]["names"]]
    # R's iterations end early: further from the root where the link is not canonical, and in standard errors.
    rtol = 1e-7 if "family" in more and more["family"] == "gamma" else 1e-8
    np.testing.assert_allclose(frame["value"].iloc[order], entry["result"]["estimate"], rtol=rtol)
    np.testing.assert_allclose(frame["se"].iloc[order], entry["result"]["se"], rtol=2e-7)
    size = np.abs(entry["result"]["vcov"]).max()
    np.testing.assert_allclose(
        found.covariance[np.ix_(order, order)], entry["result"]["vcov"], rtol=0, atol=4e-7 * size
    )


def effects(name: str) -> tuple[str, dict[str, Any]]:
    if "poisson" in name:
        return "cases ~ sex + region + age", {"family": "poisson"}
    if "apistrat" in name:
        return "awards_yes ~ meals + stype", {}
    return "forced ~ sex + age + educ", {"link": "probit"} if "probit" in name else {}


@pytest.mark.parametrize("name", r.of("average_marginal_effect"))
def test_average_marginal_effects(name: str) -> None:
    formula, more = effects(name)
    fitted, theirs = model(name, formula, **more), r.ENTRIES[name]["result"]
    kinds: Any = {"joint": "se_unconditional", "separate": "se_no_cross_term", "coefficients": "se_conditional"}
    for kind, key in kinds.items():
        found = fl.marginal_effects(fitted, theirs["variable"], covariance_of=kind).to_frame()
        np.testing.assert_allclose(found["value"], np.atleast_1d(theirs["estimate"]), rtol=1e-6)
        if key in theirs:
            np.testing.assert_allclose(found["se"], np.atleast_1d(theirs[key]), rtol=1e-6)
        assert (found["df"] == theirs["df_resid"]).all()


def test_every_entry_is_run() -> None:
    assert {f"predict/{name}" for name in PREDICTED} == set(r.of("predict_response"))
    assert {f"predict_link/{name}" for name in PREDICTED} == set(r.of("predict_link"))
    assert {f"predmeans/{name}" for name in MEANS} == set(r.of("svypredmeans"))
