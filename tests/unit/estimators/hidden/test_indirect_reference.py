"""Indirect questions against R: survey, sandwich, nls and a likelihood written out, on data drawn here (tests/reference/hidden)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl

HOME = Path(__file__).resolve().parents[3] / "reference" / "hidden"
R: dict[str, Any] = json.loads((HOME / "indirect_questions.json").read_text(encoding="utf-8"))
PEOPLE = pd.read_csv(HOME / "indirect_questions.csv")
DESIGN = fl.Design(weights="weight", strata="stratum", psu="psu")
WEIGHTED = fl.Design(weights="weight")
FORCED: Any = {"model": "forced", "probabilities": {"yes": 0.15, "no": 0.1}}


def terms(made: fl.Estimates, name: str = "value") -> list[float]:
    return made.to_frame()[name].tolist()


def test_difference_of_arms_and_its_error_are_those_of_survey() -> None:
    made = fl.hidden.list_experiment(PEOPLE, "count", "treatment", items=3, design=DESIGN, by="stratum")
    for row, key in ((made.national, "difference"), (made["north"], "difference_north")):
        assert row.value == pytest.approx(R[key]["value"], rel=1e-10)  # same algebra
        assert row.se == pytest.approx(R[key]["se"], rel=1e-10)


def test_linear_regression_has_the_errors_of_sandwich() -> None:
    made = fl.hidden.regress_list_experiment(
        PEOPLE, "count ~ x", "treatment", items=3, estimator="linear", design=WEIGHTED
    )
    assert terms(made) == pytest.approx(R["linear"]["value"], rel=1e-10)
    # HC3 has no n/(n − 1), which the design's variance has.
    assert np.array(terms(made, "se")) * np.sqrt(599 / 600) == pytest.approx(R["linear"]["se"], rel=2e-6)


@pytest.mark.parametrize(("estimator", "far"), [("nls", 1e-6), ("ml", 2e-4)])
def test_models_have_their_optimum_where_r_finds_it(estimator: Any, far: float) -> None:
    made = fl.hidden.regress_list_experiment(
        PEOPLE, "count ~ x", "treatment", items=3, estimator=estimator, design=DESIGN
    )
    # nls stops at a relative offset of 1e-8, optim (BFGS, numerical gradients) where the likelihood changes by 1e-15.
    assert terms(made) == pytest.approx(R[estimator]["value"], abs=far)
    if estimator == "ml":
        assert made.diagnostics["log_likelihood"] == pytest.approx(R["ml"]["log_likelihood"], abs=1e-6)
        assert made.diagnostics["log_likelihood"] >= R["ml"]["log_likelihood"] - 1e-9


def test_randomised_response_is_the_mean_turned_back() -> None:
    made = fl.hidden.randomised_response(PEOPLE, "answer", **FORCED, design=DESIGN)
    assert (made.value, made.se) == pytest.approx((R["rr"]["value"], R["rr"]["se"]), rel=1e-10)
    direct = fl.estimate_prevalence(PEOPLE, "answer", design=DESIGN)
    assert made.value == pytest.approx((R["answer"]["value"] - 0.15) / 0.75, rel=1e-12)
    assert made.se == pytest.approx(direct.se / 0.75, rel=1e-12)


def test_randomised_regression_has_its_maximum_where_r_finds_it() -> None:
    made = fl.hidden.regress_randomised_response(PEOPLE, "answer ~ z", **FORCED, design=DESIGN)
    assert terms(made) == pytest.approx(R["rr_logistic"]["value"], abs=2e-4)
    assert made.diagnostics["log_likelihood"] == pytest.approx(R["rr_logistic"]["log_likelihood"], abs=1e-6)
