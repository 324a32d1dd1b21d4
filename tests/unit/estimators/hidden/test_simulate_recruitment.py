"""Simulated recruitment keeps the truth that it says, and estimators find it where they hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from studies.hidden.cells import try_cell
from studies.hidden.respondent_driven import CELLS

import fl_estimate as fl
from fl_estimate.errors import EstimateFault


def test_a_sample_is_a_forest_and_repeats_with_its_seed() -> None:
    drawn, again = (fl.hidden.simulate_rds(population=2000, n=300, seeds=6, seed=4) for _ in range(2))
    assert drawn.people.equals(again.people)
    chains = fl.hidden.Recruitment.read(drawn.people, time="interview_day")
    assert (chains.n, chains.report.summary()) == (300, "0 errors, 0 warnings")
    assert chains.n_seeds >= 6
    assert chains.recruits.max() <= 3
    by_coupon = fl.hidden.Recruitment.read(drawn.people, coupon="coupon_received")
    assert by_coupon.recruiters.tolist() == chains.recruiters.tolist()


def test_cases_know_more_people_where_they_should() -> None:
    """Ties to oneself and second ties are dropped: a few in a hundred of 3,000 people with ten each."""
    drawn = fl.hidden.simulate_rds(
        population=3000, n=10, seeds=2, activity=2.0, mean_degree=12.0, prevalence=0.25, seed=1
    )
    assert drawn.prevalence == 0.25
    cases, others = drawn.mean_degree
    assert cases / others == pytest.approx(2, rel=0.08)
    assert 0.25 * cases + 0.75 * others == pytest.approx(12, rel=0.08)


def test_seeds_come_from_where_they_should_and_recruiters_prefer() -> None:
    usual: dict[str, Any] = {"population": 4000, "n": 400, "seeds": 40, "prevalence": 0.3, "seed": 2}
    cases = fl.hidden.simulate_rds(**usual, seeds_from="cases").people
    assert cases["outcome"][:40].all()
    others = fl.hidden.simulate_rds(**usual, seeds_from="others").people
    assert not others["outcome"][:40].any()
    liked = fl.hidden.simulate_rds(**usual, preference=4.0).people["outcome"].mean()
    assert liked > fl.hidden.simulate_rds(**usual).people["outcome"].mean() + 0.1


def test_degrees_are_misreported_where_they_should_be() -> None:
    usual: dict[str, Any] = {"population": 2000, "n": 200, "seeds": 5, "seed": 3}
    right, double = (fl.hidden.simulate_rds(**usual, case_degree_factor=f).people for f in (1.0, 2.0))
    case = right["outcome"] == 1
    assert (double["network_size"][case] == 2 * right["network_size"][case]).all()
    assert (double["network_size"][~case] == right["network_size"][~case]).all()
    noisy = fl.hidden.simulate_rds(**usual, degree_error=0.5).people["network_size"]
    assert np.std(np.log(noisy / right["network_size"])) == pytest.approx(0.5, abs=0.12)


@pytest.mark.parametrize(
    "wrong",
    [{"n": 0}, {"seeds": 30, "n": 20}, {"prevalence": 1.2}, {"n": 900}, {"homophily": 0}, {"coupons": 2.5}, {"seeds_from": "friends"},
     {"seeds": 20, "n": 50, "seeds_from": "cases", "prevalence": 0.01}, {"degree_error": -1.0}],
    ids=str,
)  # fmt: skip
def test_numbers_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(EstimateFault, match="FL-EST-532"):
        fl.hidden.simulate_rds(**{"population": 1000, "n": 100, "seed": 1, **wrong})


@pytest.mark.parametrize("position", [0, 3, 10], ids=lambda place: CELLS[place].estimator)
def test_recovery_where_the_assumptions_hold(position: int) -> None:
    """Twelve samples of a cell of the study: the bias is 0 within three Monte Carlo errors; most intervals hold the truth."""
    cell = CELLS[position]
    assert cell.holds
    line = try_cell(cell, 12, first_seed=900)
    assert abs(line.bias) < 3 * line.bias_error
    assert line.covered >= 0.75
    assert line.refused == 0
