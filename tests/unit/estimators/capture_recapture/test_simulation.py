"""Lists drawn from a model have its chances, methods that are right find its size, and a refusal is counted as one."""

from __future__ import annotations

import numpy as np
import pytest

import fl_estimate as fl
from fl_estimate import capture_recapture as cr

CHANCES = {"A": 0.25, "B": 0.2, "C": 0.3}


def test_a_stated_interaction_is_the_odds_ratio_of_its_lists() -> None:
    """Among people who are not on C the odds ratio of A and B is the one stated."""
    model = cr.stated_model(100, CHANCES, {("A", "B"): 3.0})
    none = 1 - model.chances.sum()
    both, only_a, only_b = model.chances[3], model.chances[0], model.chances[1]
    assert both * none / (only_a * only_b) == pytest.approx(3.0, rel=1e-12)


def test_independent_lists_have_the_chances_stated() -> None:
    model = cr.stated_model(100, CHANCES)
    assert 1 - model.chances.sum() == pytest.approx(0.75 * 0.8 * 0.7, rel=1e-12)


def test_a_fitted_model_gives_its_lists_back() -> None:
    uk = fl.datasets.load("uk_2013_6")
    model = cr.fitted_model(uk, [("LA", "NG")])
    assert model.expected_observed == pytest.approx(uk.n, abs=1)


@pytest.mark.slow
def test_the_right_model_finds_the_size_and_a_wrong_one_does_not() -> None:
    """Positive dependence left out biases downwards; with it in, the bias is within 3 Monte Carlo standard errors."""
    model = cr.stated_model(2000, CHANCES, {("A", "B"): 3.0})
    right = cr.simulate(model, lambda h: cr.loglinear(h, [("A", "B")]), datasets=200, seed=1)
    wrong = cr.simulate(model, cr.loglinear, datasets=200, seed=1)
    spread = right.results["value"].std() / np.sqrt(200)
    assert right.results["value"].mean() == pytest.approx(2000, abs=3 * spread)
    assert right.summary()["coverage"] == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / 200))
    assert wrong.summary()["relative_bias"] < -0.1
    assert wrong.summary()["truth_above"] > 0.5


def test_people_easier_to_see_than_others_are_a_mixture() -> None:
    easy, hard = cr.stated_model(500, dict.fromkeys("ABC", 0.5)), cr.stated_model(1500, dict.fromkeys("ABC", 0.1))
    model = cr.mixed_model([easy, hard])
    assert model.size == 2000
    assert model.expected_observed == pytest.approx(500 * (1 - 0.5**3) + 1500 * (1 - 0.9**3), rel=1e-12)
    found = cr.simulate(model, lambda h: cr.closed(h, "M0"), datasets=20, seed=2).summary()
    assert found["relative_bias"] < -0.2


def test_a_refusal_is_counted() -> None:
    model = cr.stated_model(30, {"A": 0.05, "B": 0.05, "C": 0.05})
    found = cr.simulate(model, cr.loglinear, datasets=30, seed=3)
    assert 0 < found.summary()["refused"] < 1
    assert set(found.results["refused"]) <= {"", "FL-EST-35", "FL-LISTS-08"}


def test_no_model_of_lists() -> None:
    for chances, interactions in (
        ({"A": 0.5}, {}),
        ({"A": 1.0, "B": 0.5}, {}),
        (CHANCES, {("A", "Z"): 2.0}),
        (CHANCES, {("A", "B"): 0.0}),
    ):
        with pytest.raises(fl.FlError, match="FL-EST-96"):
            cr.stated_model(100, chances, interactions)
    with pytest.raises(fl.FlError, match="FL-EST-96"):
        cr.mixed_model([])
