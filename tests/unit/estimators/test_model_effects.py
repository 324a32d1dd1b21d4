"""Predictions and marginal effects: limits stay where means can be, effects are differences of means; what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fl_estimate as fl
from tests.unit.estimators.test_model_families import DESIGN, counted


def model() -> fl.Regression:
    return fl.regress(counted(), "y ~ sex + age", design=DESIGN)


def test_effects_of_a_class_are_differences_of_marginal_means() -> None:
    effect = fl.marginal_effects(model(), "sex").to_frame().iloc[0]
    means = fl.contrast(fl.marginal_means(model(), "sex"), {"sex": ("male", "female")}).to_frame().iloc[0]
    assert effect["term"] == "sex: male − female"
    np.testing.assert_allclose((effect["value"], effect["se"]), (means["value"], means["se"]), rtol=1e-9)


def test_limits_of_a_predicted_share_are_shares() -> None:
    frame = fl.predict(model(), {"sex": "female", "age": [-400, 30, 500]}).to_frame()
    assert ((frame["lower"] >= 0) & (frame["upper"] <= 1) & (frame["lower"] <= frame["upper"])).all()


def test_a_prediction_has_the_exposure_that_it_is_given() -> None:
    rates = fl.regress(counted(), "spells ~ sex", family="poisson", exposure="months", design=DESIGN)
    frame = fl.predict(rates, {"sex": "male", "months": [1, 12]}).to_frame()
    np.testing.assert_allclose(frame["value"].iloc[1], 12 * frame["value"].iloc[0], rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda m: fl.predict(m, {"sex": "female"}), "FL-EST-325"),
        (lambda m: fl.predict(m, {"sex": "other", "age": 30}), "FL-EST-325"),
        (lambda m: fl.predict(m, {"sex": "male", "age": "old"}), "FL-EST-325"),
        (lambda m: fl.predict(m, 3), "FL-EST-325"),
        (lambda m: fl.predict(m, {"sex": "male", "age": 30}, scale="odds"), "FL-EST-231"),  # pyright: ignore[reportArgumentType]
        (lambda m: fl.marginal_effects(m, "wage"), "FL-EST-229"),
        (lambda m: fl.marginal_effects(m, covariance_of="none"), "FL-EST-231"),  # pyright: ignore[reportArgumentType]
        (lambda m: fl.marginal_means(m, []), "FL-EST-11"),
        (lambda m: fl.marginal_means(m, list("abcde")), "FL-EST-326"),
        (lambda m: fl.marginal_means(m, ["sex", "sex"]), "FL-EST-326"),
        (lambda _: fl.predict(fl.estimate_mean(counted(), "y", design=DESIGN), {}), "FL-EST-230"),
    ],
)
def test_what_is_refused(call: Any, code: str) -> None:
    with pytest.raises(fl.FlError, match=rf"{code}\b"):
        call(model())
