"""Where all answers are alike, or too few tell how much they differ, no design for hidden populations claims to know exactly."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl

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
def test_a_total_of_cases_only_is_no_more_certain_than_their_share(variance: str) -> None:
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
    given = {"victims": "persons", "first_team": "one", "second_team": "two", "unknown_size": "mean"}
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
    given = {"known": drawn.known, "population": drawn.population, "design": drawn.design}
    plain, all_knew = (
        fl.hidden.scale_up(drawn.people, "hidden", transmission=transmission, **given)
        for transmission in (1.0, {"positive": 10, "n": 10})
    )
    assert all_knew.value == plain.value
    # The standard deviation of Beta(11, 1): √(11/12 × 1/12/13).
    cv = np.sqrt((plain.se / plain.value) ** 2 + 11 / 12 / 12 / 13)
    assert all_knew.se == pytest.approx(all_knew.value * cv)


def test_effective_degrees_of_freedom_of_two_frames_are_those_of_the_sum() -> None:
    drawn = fl.hidden.simulate_dual_frame(people=2000, n_a=150, n_b=80, units=60, seed=1).arguments
    made = fl.hidden.dual_frame(**drawn)
    # Never more than the degrees of freedom of the sum itself.
    assert made.support.df_effective[0] <= made.support.df[0] * (1 + 1e-12)
