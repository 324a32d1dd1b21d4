"""Donors, units and scores: arithmetic by hand, and moments of the bootstrap against their formulas."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.design.sample import read_sample
from fl_estimate.design.totals import as_frame, totals
from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.imputation.bootstrap import Units, units_of
from fl_estimate.estimators.imputation.information import pilot_fraction
from fl_estimate.estimators.imputation.pool import balanced
from fl_estimate.estimators.imputation.scores import discrimination, fitted_effects
from tests.unit.estimators.imputation.silent_people import DESIGN, sample


def test_units_count_as_rao_and_wu_have_it() -> None:
    """Mean 1 and variance n/(n − 1) × (n − 1)/n = 1 of each of n units; a lone unit counts once. 4,000 draws."""
    units = Units(of_person=np.arange(7), stratum=np.array([0, 0, 0, 0, 1, 1, 2]))
    counts = np.stack([units.counts(1, draw) for draw in range(4_000)])
    np.testing.assert_allclose(counts[:, :6].mean(axis=0), 1.0, atol=3 * np.sqrt(1 / 4_000))
    # n/(n − 1) × n − 1 draws of n: the variance of each is n/(n − 1) × (1 − 1/n) = 1
    np.testing.assert_allclose(counts[:, :6].var(axis=0), 1.0, atol=0.15)
    assert (counts[:, 6] == 1).all()
    assert (units.counts(1, 5) == units.counts(1, 5)).all()
    assert counts[:, :4].sum(axis=1) == pytest.approx(4.0)


def test_units_are_those_of_the_design_in_whatever_order() -> None:
    people = pd.DataFrame({"stratum": [1, 1, 0, 0, 1], "psu": [7, 8, 7, 7, 7], "w": 1.0})
    rank = np.arange(5)
    units = units_of(people, DESIGN, rank)
    assert units.of_person.tolist() == [1, 2, 0, 0, 1]
    assert units.stratum.tolist() == [0, 1, 1]
    assert units_of(people, fl.Design(weights="w"), rank).of_person.tolist() == [0, 1, 2, 3, 4]


def test_scores_are_ridge_log_odds() -> None:
    """Of one answer alone: a grid search of the penalised likelihood gives the same slope."""
    told, counts = np.array([30.0, 40.0]), np.array([300.0, 100.0])
    x, none = np.array([[0.0], [1.0]]), np.zeros((2, 0), dtype=np.int64)
    fit = fitted_effects(x, told, counts, np.ones(1), none, np.zeros(0))
    grid = np.linspace(1, 2.5, 751)
    p0 = np.linspace(-2.8, -1.8, 501)
    a, b = np.meshgrid(p0, grid, indexing="ij")
    value = 30 * a - 300 * np.log1p(np.exp(a)) + 40 * (a + b) - 100 * np.log1p(np.exp(a + b)) - b**2 / 2
    best = np.unravel_index(value.argmax(), value.shape)
    assert fit.of[0] == pytest.approx(grid[best[1]], abs=2e-3)  # the step of the grids
    assert fit.intercept + x[:, 0] * fit.of[0] == pytest.approx(fit.linear)
    assert (counts / (1 + np.exp(-fit.linear))).sum() == pytest.approx(told.sum(), rel=1e-4)


def test_levels_are_fitted_as_if_each_were_a_column() -> None:
    """What covariates add to the log odds is what columns of 0 and 1 with the same prior would."""
    rng = np.random.default_rng(2)
    size = 600
    x = rng.integers(0, 2, (size, 3)).astype(float)
    first, second = rng.integers(0, 4, size), rng.integers(0, 3, size)
    chance = 1 / (1 + np.exp(2 - x @ [0.5, 1.0, -0.5] - 0.4 * first + 0.3 * second))
    told = (rng.random(size) < chance).astype(float)
    levels, one = np.stack([first, 4 + second], axis=1), np.ones(size)
    fit = fitted_effects(x, told, one, np.full(3, 0.5), levels, np.array([0.1] * 4 + [1.0] * 3))
    columns = np.column_stack([x, np.eye(4)[first], np.eye(3)[second]])
    penalty = np.array([0.5] * 3 + [0.1] * 4 + [1.0] * 3)
    none = np.zeros((size, 0), dtype=np.int64)
    whole = fitted_effects(columns, told, one, penalty, none, np.zeros(0))
    np.testing.assert_allclose(fit.linear, whole.linear, atol=0.02)  # both stop at a change of 0.005
    assert fit.linear == pytest.approx(fit.intercept + x @ fit.of + fit.levels[levels].sum(axis=1))


def test_a_draw_is_balanced_where_donors_lie_on_both_sides() -> None:
    """The mean of what is predicted of the donors is that of the recipient; what had no weight keeps none."""
    mass = np.array([[1.0, 2.0, 1.0, 0.0], [1.0, 1.0, 1.0, 1.0], [3.0, 1.0, 0.0, 0.0]])
    gap = np.array([[-0.02, -0.05, 0.1, 0.5], [0.0, 0.0, 0.0, 0.0], [-0.1, -0.2, 0.0, 0.9]])
    found = balanced(mass, gap)
    assert (found[0] * gap[0]).sum() == pytest.approx(0.0, abs=1e-6)
    assert found[0, 3] == 0
    assert (found[0, :3] > 0).all()
    np.testing.assert_allclose(found[1], mass[1])
    # nobody of whom as much is predicted: the nearer is preferred, and the further one not shut out
    share = found[2] / found[2].sum()
    assert 0.75 < share[0] < 1


def test_a_predictor_tells_who_was_not_asked_from_who_said_no() -> None:
    """Only who has a debt is asked of threats with it; both who is not asked and who denies is a no to the framework.

    Of 400 with a debt half are threatened, of 800 without none, whatever else they told. All refusals are of those with one.
    """
    rng = np.random.default_rng(8)
    size = 1_200
    debt = np.arange(size) % 3 == 0
    docs = np.where(debt & (rng.random(size) < 0.5), "experienced", "no").astype(object)
    docs[debt & (rng.random(size) < 0.25)] = "ref"
    data = pd.DataFrame({"age": 30, "w": 1.0, "w_diff_job": "yes", "c_docs": docs, "debt": np.where(debt, "yes", "no")})
    told = (docs[debt & (docs != "ref")] == "experienced").mean()
    shares = [
        fl.impute(data, design=fl.Design(weights="w"), predictors=named, draws=20, seed=1).drawn["forced_labour"].mean()
        for named in ("debt", None)
    ]
    # 100 people from 300 who answered, five donors each: a standard error of about 0.04
    assert shares[0] == pytest.approx(told, abs=0.1)
    assert shares[1] < 0.3  # without it one in five of all who answered told of it, and the debt is not seen


def test_discrimination_is_the_share_of_pairs_in_order() -> None:
    score, told, counts = np.array([0.0, 1.0, 2.0]), np.array([1.0, 0.0, 1.0]), np.array([1.0, 2.0, 1.0])
    # pairs of (told, not told): (0, 1), (0, 1) out of order, (2, 1), (2, 1) in order
    assert discrimination(score, told, counts) == pytest.approx(0.5)
    assert np.isnan(discrimination(score, counts, counts))


def test_the_pilot_is_rubins_arithmetic() -> None:
    """Two strata of two units of one person: shares 1/4, 2/4 of the draws, variances of totals by hand."""
    units = Units(of_person=np.arange(4), stratum=np.array([0, 0, 1, 1]))
    one = np.ones(4)
    drawn = np.array([[0.0, 1.0]])
    pilot = pilot_fraction(units, one, one, np.array([1.0, 0, 0, 0]), np.array([2]), drawn)
    assert pilot.between == pytest.approx(np.var([0.25, 0.5], ddof=1))
    # n/(n − 1) Σ (z − z̄)² with z = (y − p)/4: first draw 2 × 2 × (1/8)², second twice that
    assert pilot.within == pytest.approx(np.mean([4 / 64, 8 / 64]))
    assert pilot.fraction == pytest.approx(1.5 * pilot.between / (pilot.within + 1.5 * pilot.between))


def test_a_domain_named_in_by_gives_its_own_donors() -> None:
    """Where half of one region and nobody of the other told of it, refusals there are drawn from their own region."""
    rng = np.random.default_rng(3)
    size = 1_200
    region = np.arange(size) % 2
    docs = np.where((region == 1) & (rng.random(size) < 0.5), "experienced", "no").astype(object)
    docs[rng.random(size) < 0.15] = "ref"
    data = pd.DataFrame({"age": 30, "w": 1.0, "area": region, "w_diff_job": "yes", "c_docs": docs})
    shares: dict[str, list[float]] = {}
    for name, by in (("with", "area"), ("without", None)):
        it = fl.impute(data, design=fl.Design(weights="w"), by=by, draws=20, seed=1)
        of_region = region[it.recipients]
        shares[name] = [float(it.drawn["forced_labour"][of_region == each].mean()) for each in (0, 1)]
    assert shares["with"][0] == 0
    assert shares["with"][1] == pytest.approx(0.5, abs=0.1)
    assert shares["without"][0] > 0.1  # without it the region is no covariate: `area` is none that is known


def test_donors_are_those_whose_class_hangs_on_the_same_answers() -> None:
    """Little pay as it had been told, under a threat, is no forced labour: such people say nothing of those who did overtime.

    Of 600 who did overtime, and whose class hangs on coercion, one in ten of those who answered told of it; of 600 with little
    pay as told nine in ten did. By how many circumstances they told of the two are alike.
    """
    rng = np.random.default_rng(6)
    size = 1_200
    agreed = np.arange(size) % 2 == 0
    docs = np.where(rng.random(size) < np.where(agreed, 0.9, 0.1), "experienced", "no").astype(object)
    docs[~agreed & (rng.random(size) < 0.3)] = "ref"
    data = pd.DataFrame({"age": 30, "w": 1.0, "c_docs": docs, "r_dec_wages": "no"})
    data["w_low_no_wage"], data["w_overtime_forced"] = np.where(agreed, "yes", "no"), np.where(agreed, "no", "yes")
    it = fl.impute(data, design=fl.Design(weights="w"), draws=20, seed=1)
    told = (docs[~agreed & (docs != "ref")] == "experienced").mean()
    assert len(it.recipients) == (docs == "ref").sum()
    # 20 draws of some 180 people from 420 who answered: a standard error of about 0.015
    assert it.drawn["forced_labour"].mean() == pytest.approx(told, abs=0.045)
    assert not agreed[it.recipients].any()
    donors = it.pool.blocks[0].donors
    assert not agreed[donors[donors >= 0]].any()


def test_predictors_may_stand_beside_the_answers() -> None:
    """Of jobs, in their own table: the debt of the job; of people, in theirs. What neither has is refused."""
    rng = np.random.default_rng(9)
    size = 600
    debt = rng.random(size) < 1 / 3
    docs = np.where(debt & (rng.random(size) < 0.5), "experienced", "no").astype(object)
    docs[debt & (rng.random(size) < 0.25)] = "ref"
    keys = [f"p{position}" for position in range(size)]
    people = pd.DataFrame(
        {"person_id": keys, "age_interview": 30, "age_in_period": 30, "w": 1.0, "income": rng.uniform(0, 9, size)}
    )
    jobs = pd.DataFrame(
        {"job_id": keys, "person_id": keys, "w_diff_job": "yes", "c_docs": docs, "debt": np.where(debt, 1, 2)}
    )
    data = fl.SurveyData(people=people, jobs=jobs)
    told = (docs[debt & (docs != "ref")] == "experienced").mean()
    it = fl.impute(data, design=fl.Design(weights="w"), predictors=["debt", "income"], draws=20, seed=1)
    assert len(it.recipients) == (docs == "ref").sum()
    assert it.drawn["forced_labour"].mean() == pytest.approx(told, abs=0.15)  # some 50 people from 150
    with pytest.raises(EstimateFault, match="'detb': nearest is 'debt'"):
        fl.impute(data, design=fl.Design(weights="w"), predictors="detb", seed=1)


@pytest.mark.slow
def test_the_spread_between_draws_is_that_of_what_is_not_known() -> None:
    """40 samples: the imputed share is unbiased for that of the complete answers, and B is the variance of the difference.

    The bias is tested against 3 standard errors of the 40 differences; the ratio of their variance to mean B, 1 + 1/m in
    expectation, within a factor of 2, about 3 standard errors of a variance from 40 samples (√(2/39) = 0.23).
    """
    differences: list[float] = []
    between: list[float] = []
    for seed in range(40):
        data = sample(10_000 + seed, 1_000)
        truth = fl.classify(data.whole, short_instrument=True).people["forced_labour"]
        it = fl.impute(data.heard, design=DESIGN, by="region", draws=20, seed=seed)
        drawn = it.with_draws("forced_labour")[[f"forced_labour@{draw + 1}" for draw in range(20)]]
        shares = np.average(drawn, weights=data.whole["w"], axis=0)
        differences.append(float(shares.mean() - np.average(truth, weights=data.whole["w"])))
        between.append(float(shares.var(ddof=1)))
    error = np.std(differences, ddof=1) / np.sqrt(len(differences))
    assert abs(np.mean(differences)) < 3 * error
    assert 0.5 < np.var(differences, ddof=1) / (1.05 * np.mean(between)) < 2


@pytest.mark.parametrize("method", ["donors", "chained"])
def test_people_without_weight_give_no_answers(method: Literal["donors", "chained"]) -> None:
    """Those nearest to the recipients stand for nobody: what is drawn is what it is without them."""
    people = pd.DataFrame(
        {
            "person_id": [f"p{i}" for i in range(200)],
            "age": 30,
            "w_diff_job": "yes",
            "c_docs": ["yes", *["no"] * 19] * 10,
        }
    )
    people = people.assign(region="A", sex=["F", "M"] * 100, weight=1.0)
    silent = people.head(5).assign(person_id=list("abcde"), c_docs="ref", region="Z", sex="F")
    weightless = people.head(40).assign(
        person_id=[f"z{i}" for i in range(40)], c_docs="yes", region="Z", sex="F", weight=0.0
    )
    drawn = [
        fl.impute(
            pd.concat(parts, ignore_index=True), by="region", method=method, design=DESIGN_OF_PERSONS, draws=20, seed=1
        ).drawn["forced_labour"]
        for parts in ([people, silent], [people, silent, weightless])
    ]
    assert drawn[1].mean() == pytest.approx(drawn[0].mean(), abs=0.1)
    assert drawn[1].mean() < 0.3


def test_nobody_with_weight_who_answered_is_nobody_to_draw_from() -> None:
    people = pd.DataFrame(
        {"age": 30, "w_diff_job": "yes", "c_docs": ["yes", "no"] * 5 + ["ref"], "weight": [0.0] * 10 + [1.0]}
    )
    with pytest.raises(EstimateFault, match="FL-EST-445"):
        fl.impute(people, design=DESIGN_OF_PERSONS, draws=20, seed=1)


DESIGN_OF_PERSONS = fl.Design(weights="weight")


STRATA = [1, 1, 2, 10, 10, 9, 11]
"""Strata 2, 9 and 11 have a single unit; in the order of numbers 9 is followed by 10, and 11 by nothing."""


def units(rule: Any, strata: Any = STRATA) -> Units:
    people = pd.DataFrame({"stratum": strata, "psu": range(len(strata)), "w": 1.0})
    design = fl.Design(weights="w", strata="stratum", psu="psu", single_psu=rule)
    return units_of(people, design, np.arange(len(strata)))


@pytest.mark.parametrize("rule", ["collapse", "adjust", "average"])
def test_lone_units_are_drawn_where_the_design_gives_them_a_variance(rule: Any) -> None:
    found = units(rule)
    together = {frozenset(np.flatnonzero(found.stratum[found.of_person] == code).tolist()) for code in found.stratum}
    # 2 goes with 9, which goes with 10, and 11 with what is before it, as in the design's own merging.
    sample = read_sample_of(STRATA)
    assert together == {frozenset(np.flatnonzero(sample == code).tolist()) for code in sample}
    counts = np.stack([found.counts(3, draw)[found.of_person] for draw in range(400)])
    assert (counts.std(axis=0) > 0.5).all()
    # n − 1 of n with replacement, times n/(n − 1): each counts once in the mean (3 Monte Carlo standard errors)
    assert np.abs(counts.mean(axis=0) - 1).max() < 3 * counts.std(axis=0).max() / 20


@pytest.mark.parametrize("rule", ["error", "remove", "certainty"])
def test_lone_units_count_once_where_it_gives_them_none(rule: Any) -> None:
    found = units(rule)
    counts = np.stack([found.counts(3, draw)[found.of_person] for draw in range(20)])
    assert counts[:, [2, 5, 6]].tolist() == [[1.0, 1.0, 1.0]] * 20


def test_a_design_of_one_lone_unit_stays_as_it_is() -> None:
    assert units("collapse", [4]).counts(1, 1).tolist() == [1.0]


def read_sample_of(strata: list[int]) -> Any:
    """The stratum of each person as the design merges them."""
    people = pd.DataFrame({"stratum": strata, "psu": range(len(strata)), "w": 1.0, "y": 1.0})
    design = fl.Design(weights="w", strata="stratum", psu="psu", single_psu="collapse")
    table = totals(as_frame(people), keys=("stratum", "psu"), columns={}, sums={})
    stage = read_sample(table, design).stages[0]
    of = {
        int(table.keys["psu"].levels[code]): stage.stratum[stage.unit[row]]
        for row, code in enumerate(table.keys["psu"].codes)
    }
    return np.array([of[position] for position in range(len(strata))])
