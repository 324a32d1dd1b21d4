"""Where all answers are alike, or too few tell how much they differ, no design for hidden populations claims to know exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.errors import EstimateFault

PLAIN = fl.Design(unweighted=True)


@pytest.mark.parametrize("answer", [0, 1])
def test_randomised_answers_that_are_all_alike_have_no_wald_limits(answer: int) -> None:
    people = fl.hidden.simulate_randomised_response(n=60, seed=1).assign(answer=answer)
    made = fl.hidden.randomised_response(people, "answer", model="warner", probabilities=0.2, design=PLAIN)
    # (λ − 0.8)/(0.2 − 0.8): 4/3 where nobody says yes, −1/3 where everybody does.
    assert made.value == pytest.approx(4 / 3 if answer == 0 else -1 / 3)
    assert np.isnan(made.interval).all()
    assert "interval_not_defined" in {str(reason.code) for reason in made.reasons}


def test_lists_that_are_all_alike_have_no_limits() -> None:
    people = fl.hidden.simulate_list_experiment(n=60, seed=1).assign(count=1)
    design = fl.Design(weights="weight")
    made = fl.hidden.list_experiment(people, "count", treatment="treatment", items=4, design=design)
    assert made.value == pytest.approx(0, abs=1e-12)
    assert np.isnan(made.interval).all()
    assert "interval_not_defined" in {str(reason.code) for reason in made.reasons}


@pytest.mark.parametrize("variance", ["gile", "tree"])
def test_a_total_of_cases_only_is_no_more_certain_than_their_share(variance: Any) -> None:
    people = fl.hidden.simulate_rds(population=2000, n=120, seed=1).people.assign(outcome=1)
    total, share = (
        fl.hidden.gile_ss(
            people, "outcome", population=1000.0, quantity=quantity, variance=variance, replicates=20, seed=1
        )
        for quantity in ("total", "prevalence")
    )
    # U of 120/4 respondents without a case: 1 − 0.025^(1/30).
    lower = 1 - (1 - 0.025 ** (1 / 30))
    assert share.interval == pytest.approx((lower, 1))
    assert total.interval == pytest.approx((1000 * lower, 1000))
    assert "rds_without_cases" in {str(reason.code) for reason in total.reasons}


def test_one_case_of_known_size_in_every_stratum_tells_nothing_of_how_sizes_differ() -> None:
    found = [(1, 0)] * 6 + [(0, 1)] * 5 + [(1, 1)] * 4
    cases = pd.DataFrame(found, columns=["one", "two"]).assign(persons=[5.0, *[np.nan] * 14])
    given: dict[str, Any] = {"victims": "persons", "first_team": "one", "second_team": "two", "missing_size": "mean"}
    persons = fl.hidden.reported_cases(cases, **given)
    # Chapman: 11 × 10/5 − 1 = 21 cases, of 5 persons as the one that is known.
    assert persons.value == pytest.approx(105)
    assert np.isnan(persons.se)
    assert np.isnan(persons.interval).all()
    assert "interval_not_defined" in {str(reason.code) for reason in persons.reasons}
    number = fl.hidden.reported_cases(cases, **given, quantity="cases")
    assert number.se == pytest.approx(np.sqrt(11 * 10 * 6 * 5 / (5**2 * 6)))


def test_a_validation_study_without_a_failure_has_an_error() -> None:
    drawn = fl.hidden.simulate_scale_up(respondents=200, psus=20, seed=1)
    given: dict[str, Any] = {"known": drawn.known, "population": drawn.population, "design": drawn.design}
    plain, all_knew = (
        fl.hidden.scale_up(drawn.people, "hidden", transmission=transmission, **given)
        for transmission in (1.0, {"positive": 10, "n": 10})
    )
    assert all_knew.value == plain.value
    # The standard deviation of Beta(11, 1): √(11/12 × 1/12/13).
    cv = np.sqrt((plain.se / plain.value) ** 2 + 11 / 12 / 12 / 13)
    assert all_knew.se == pytest.approx(all_knew.value * cv)


def test_effective_degrees_of_freedom_of_two_frames_are_those_of_the_sum() -> None:
    drawn = fl.hidden.simulate_dual_frame(population=2000, n_a=150, n_b=80, units=60, seed=1).arguments
    made = fl.hidden.dual_frame(**drawn)
    # Never more than the degrees of freedom of the sum itself.
    assert made.support.df_effective[0] <= made.support.df[0] * (1 + 1e-12)


def test_equal_scores_of_an_adaptive_sample_are_no_census() -> None:
    units = pd.DataFrame({"unit": range(5), "y": 1.0, "first": 1, "network": None})
    few, all_of_them = (
        fl.hidden.adaptive_cluster(units, "y", initial="first", population=population, network="network", threshold=1)
        for population in (100, 5)
    )
    # One a unit in five of a hundred units: nothing says that the others are like that.
    assert few.value == pytest.approx(100)
    assert np.isnan(few.interval).all()
    assert "interval_not_defined" in {str(reason.code) for reason in few.reasons}
    assert all_of_them.interval == pytest.approx((5, 5))


@pytest.mark.parametrize(("outcome", "reason"), [(0, "zero_cases"), (1, "all_cases")])
@pytest.mark.parametrize("method", ["bayesian", "design"])
def test_link_tracing_says_where_an_outcome_has_no_contrast(method: Any, outcome: int, reason: str) -> None:
    drawn = fl.hidden.simulate_link_tracing(120, links=0.05, initial=(25, 25), seed=3, last_asked=True)
    people = drawn.people.assign(fl=outcome)
    given: dict[str, Any] = {
        "initial": ["initial_1", "initial_2"],
        "traced": "traced",
        "outside": "outside",
        "draws": 200,
        "seed": 1,
    }
    made = fl.hidden.link_tracing(people, drawn.links, outcome="fl", method=method, quantity="persons", **given)
    total = made.frame.iloc[-1]
    assert total["quantity"] == "total"
    assert reason in {str(each.code) for each in made.reasons if each.row == len(made.frame) - 1}
    if outcome == 1:
        # No fewer than were met.
        assert total["lower"] >= len(people)


def test_services_cannot_all_be_correlated_negatively() -> None:
    people = pd.DataFrame(
        {"w": [1.0, 2.0] * 50, "a": [1, 0, 0, 0] * 25, "b": [0, 1, 0, 0] * 25, "c": [0, 0, 1, 1] * 25}
    )
    shares = {name: fl.estimate_prevalence(people, name, design=fl.Design(weights="w")) for name in "abc"}
    with pytest.raises(EstimateFault, match="FL-EST-701"):
        fl.hidden.service_multiplier(shares, dict.fromkeys("abc", 50), correlation=-0.9)


def test_coefficients_of_a_census_of_randomised_answers_have_no_limits() -> None:
    # The finite population takes the variance off; that of the device stays, and is not in the figure.
    people = fl.hidden.simulate_randomised_response(n=400, slope=1.0, prevalence=0.3, seed=1).assign(size=400)
    design = fl.Design(weights="weight", fpc="size")
    model = fl.hidden.regress_randomised_response(
        people, "answer ~ x", model="warner", probabilities=0.1, design=design
    )
    assert model.frame[["lower", "upper"]].isna().all(axis=None)
    assert {str(reason.code) for reason in model.reasons} >= {"interval_not_defined"}
