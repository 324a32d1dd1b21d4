"""Goodness of fit of lists with covariates: Pearson's test without them, its size where the model is right, and a reason where it is not."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import fl_estimate as fl
from fl_estimate import capture_recapture as cr

LISTS = ["police", "ngo", "clinic", "helpline"]


def people(size: int, generator: np.random.Generator, *, pair: float = 0.0, bent: float = 0.0) -> pd.DataFrame:
    """Four lists whose chances hang on age and sex; police and ngo may depend on each other, and age may act bent."""
    age, sex = generator.normal(size=size), generator.choice(["f", "m"], size=size)
    histories = np.array(list(itertools.product((0, 1), repeat=4)))
    logit = np.array([-0.6, -1.0, -0.8, -1.3]) + np.array([0.5, 0.3, -0.4, 0.2]) * age[:, None]
    logit = logit + 0.4 * (sex == "m")[:, None] + bent * (age**2 - 1)[:, None]
    share = np.exp(logit @ histories.T + pair * histories[:, 0] * histories[:, 1])
    share /= share.sum(axis=1, keepdims=True)
    drawn = (share.cumsum(axis=1) < generator.random((size, 1))).sum(axis=1)
    frame = pd.DataFrame(histories[drawn], columns=LISTS).assign(age=age, sex=sex)
    return frame[frame[LISTS].any(axis=1)].reset_index(drop=True)


def test_without_covariates_it_is_pearsons_test() -> None:
    seen = people(6_000, np.random.default_rng(1), pair=0.3)
    found = cr.conditional_loglinear(seen, lists=LISTS, terms=[("police", "clinic")]).diagnostics
    histories = fl.CaptureHistories.from_records(seen, lists=LISTS)
    model = cr.loglinear(histories, [("police", "clinic")]).diagnostics
    counts = seen.value_counts(LISTS).rename("count").reset_index()
    cells = pd.DataFrame([h for h in itertools.product((0, 1), repeat=4) if any(h)], columns=LISTS)
    counts = cells.merge(counts, how="left").fillna(0)
    design = np.column_stack([np.ones(15), cells.to_numpy(), cells["police"] * cells["clinic"]])
    # Poisson maximum likelihood of the fifteen counts, by Newton's method.
    beta = np.linalg.lstsq(design, np.log(counts["count"] + 0.5), rcond=None)[0]
    for _ in range(50):
        fitted = np.exp(design @ beta)
        beta = beta + np.linalg.solve(design.T @ (design * fitted[:, None]), design.T @ (counts["count"] - fitted))
    fitted = np.exp(design @ beta)
    pearson = float(((counts["count"] - fitted) ** 2 / fitted).sum())
    assert found["fit_reference"] == "chi-squared"
    assert found["fit_groups"] == 1
    np.testing.assert_allclose(found["fit_chi_squared"], [pearson], rtol=1e-8)
    np.testing.assert_allclose(found["fit_p"], stats.chi2.sf(pearson, 15 - 6), rtol=1e-6)
    assert model["degrees_of_freedom"] == 9


# Of 40 files of a right model two are marked by chance, with a standard deviation of 1.4; of 100 five, with one of 2.2.
def test_a_right_model_is_marked_in_one_of_twenty() -> None:
    generator = np.random.default_rng(5)
    call: dict[str, Any] = {"lists": LISTS, "covariates": "age + sex"}
    found = [cr.conditional_loglinear(people(1_500, generator), **call).diagnostics for _ in range(40)]
    assert {one["fit_reference"] for one in found} == {"chi-squared"}
    assert sum(one["fit_p"] < 0.05 for one in found) <= 6


@pytest.mark.slow
def test_a_right_model_is_marked_in_one_of_twenty_of_small_files_too() -> None:
    generator = np.random.default_rng(6)
    p = [
        cr.conditional_loglinear(people(350, generator), lists=LISTS, covariates="age + sex").diagnostics["fit_p"]
        for _ in range(100)
    ]
    assert sum(one < 0.05 for one in p) <= 12


@pytest.mark.parametrize("wrong", [{"pair": 0.9}, {"bent": 0.5}])
def test_a_model_that_does_not_describe_the_lists_says_so_on_every_row(wrong: dict[str, float]) -> None:
    seen = people(2_000, np.random.default_rng(2), **wrong)
    found = cr.conditional_loglinear(seen, lists=LISTS, covariates="age + sex", by="sex")
    rows = {reason.row for reason in found.reasons if reason.code == "poor_fit"}
    assert rows == set(range(6))
    right = cr.conditional_loglinear(
        seen, lists=LISTS, covariates="age + sex + I(age**2)", terms=[("police", "ngo")], by="sex"
    )
    assert "poor_fit" not in {reason.code for reason in right.reasons}


def test_small_files_are_compared_with_files_drawn_and_the_same_file_gives_the_same_p() -> None:
    seen = people(250, np.random.default_rng(3), pair=2.5)
    first = cr.conditional_loglinear(seen, lists=LISTS, common="age")
    again = cr.conditional_loglinear(seen, lists=LISTS, common="age")
    assert first.diagnostics["fit_reference"] == "bootstrap"
    assert first.diagnostics["fit_p"] == again.diagnostics["fit_p"] < 0.05
    assert "poor_fit" in {reason.code for reason in first.reasons}


def test_two_lists_leave_nothing_to_test_and_a_bootstrap_tests_on_its_way() -> None:
    seen = people(800, np.random.default_rng(4))
    pair = seen[seen[["police", "ngo"]].any(axis=1)]
    alone = cr.conditional_loglinear(pair, lists=["police", "ngo"])
    assert np.isnan(alone.diagnostics["fit_p"])
    assert not [reason for reason in alone.reasons if reason.code == "poor_fit"]
    drawn = cr.conditional_loglinear(seen, lists=LISTS, covariates="sex", interval="percentile", replicates=60, seed=1)
    assert drawn.diagnostics["fit_reference"] == "bootstrap"
    # The same statistic against its own distribution: 60 draws tell p to within 0.13 (two standard errors), doubled.
    formula = cr.conditional_loglinear(seen, lists=LISTS, covariates="sex").diagnostics
    np.testing.assert_allclose(drawn.diagnostics["fit_chi_squared"][0], formula["fit_chi_squared"][0], rtol=1e-9)
    assert abs(drawn.diagnostics["fit_p"] - formula["fit_p"]) < 0.3


def test_everyone_can_be_listed_is_assumed() -> None:
    seen = people(800, np.random.default_rng(7))
    lists = LISTS[:2]
    for found in (
        cr.conditional_loglinear(seen, lists=LISTS, covariates="sex"),
        cr.doubly_robust(seen, lists=lists, covariates=["sex"], seed=1),
        cr.doubly_robust(seen, lists=LISTS[:3], covariates=["sex"], seed=1),
    ):
        assert "everyone_can_be_listed" in {assumption.code for assumption in found.assumptions}
