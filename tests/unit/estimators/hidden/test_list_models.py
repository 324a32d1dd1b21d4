"""The likelihood of a list experiment: against every outcome written out, its scores, and models that recover what was drawn."""

from __future__ import annotations

from itertools import product
from math import comb
from typing import Any

import numpy as np
import pytest
from scipy import stats

import fl_estimate as fl
from fl_estimate.estimators.hidden.indirect.list_model import ListAnswers, ListLikelihood, logistic, maximise, scores

SRS = fl.Design(unweighted=True)
EVERY = [
    ListLikelihood(overdispersed=over, constrained=alike, ceiling=top, floor=bottom)
    for over, alike, top, bottom in product((False, True), repeat=4)
    if alike or not (top or bottom)
]


def answers(items: int) -> ListAnswers:
    """Every count of both arms."""
    y = np.array([*range(items + 1), *range(items + 2)])
    treated = np.array([False] * (items + 1) + [True] * (items + 2))
    return ListAnswers(y=y, treated=treated, x=np.ones((len(y), 1)), items=items)


def told(items: int, share: float, held: list[Any], ceiling: float, floor: float) -> np.ndarray:
    """Chances of every count by enumerating status and control items, as a person would."""
    found = {False: np.zeros(items + 1), True: np.zeros(items + 2)}
    for treated, z, k in product((False, True), (0, 1), range(items + 1)):
        chance = (share if z else 1 - share) * held[z](k)
        hides = 0.0 if not (treated and z) else ceiling if k == items else floor if k == 0 else 0.0
        found[treated][k + (treated and z)] += chance * (1 - hides)
        found[treated][k] += chance * hides
    return np.concatenate([found[False], found[True]])


@pytest.mark.parametrize(
    "model", EVERY, ids=lambda m: ",".join(k for k, v in vars(m).items() if v) if hasattr(m, "__dict__") else str(m)
)
@pytest.mark.parametrize("items", [2, 4])
def test_the_likelihood_is_that_of_every_outcome_written_out(model: ListLikelihood, items: int) -> None:
    given = {
        "delta": -0.8,
        "control0": 0.3,
        "control1": -0.4,
        "rho0": -2.0,
        "rho1": -1.5,
        "ceiling": -1.0,
        "floor": 0.2,
    }
    theta = np.array([given[name] for name in model.parts(1)])

    def distribution(z: int) -> Any:
        one = 0 if model.constrained else z
        mean = float(logistic(np.array([given[f"control{one}"]]))[0])
        if not model.overdispersed:
            return lambda k: comb(items, k) * mean**k * (1 - mean) ** (items - k)
        rho = float(logistic(np.array([given[f"rho{one}"]]))[0])
        crowded: Any = stats.betabinom
        return crowded(items, mean * (1 - rho) / rho, (1 - mean) * (1 - rho) / rho).pmf

    at = lambda name: float(logistic(np.array([given[name]]))[0])  # noqa: E731
    expected = told(
        items, at("delta"), [distribution(0), distribution(1)],
        at("ceiling") if model.ceiling else 0.0, at("floor") if model.floor else 0.0,
    )  # fmt: skip
    found, slopes = scores(theta, answers(items), model)
    assert np.exp(found) == pytest.approx(expected, rel=1e-9)
    for arm in (slice(0, items + 1), slice(items + 1, None)):
        assert np.exp(found[arm]).sum() == pytest.approx(1.0, rel=1e-9)
    step = 1e-6
    for position in range(len(theta)):
        move = np.eye(len(theta))[position] * step
        numeric = (scores(theta + move, answers(items), model)[0] - scores(theta - move, answers(items), model)[0]) / (
            2 * step
        )
        # Central differences: errors of the order of step².
        assert slopes[:, position] == pytest.approx(numeric, abs=1e-7)


def test_the_maximum_has_no_score_and_weights_are_repetitions() -> None:
    people = fl.hidden.simulate_list_experiment(800, prevalence=0.3, items=3, slope=0.5, seed=4)
    x = np.column_stack([np.ones(800), people["x"]])
    arms = ListAnswers(y=people["count"].to_numpy(), treated=people["treatment"].to_numpy() == 1, x=x, items=3)
    weight = np.where(np.arange(800) % 3 == 0, 2.0, 1.0)
    fit = maximise(arms, weight, 800.0, ListLikelihood())
    assert fit.settled
    assert np.abs(weight @ scores(fit.theta, arms, ListLikelihood())[1]).max() < 1e-4
    again = np.repeat(np.arange(800), weight.astype(int))
    twice = ListAnswers(y=arms.y[again], treated=arms.treated[again], x=x[again], items=3)
    assert maximise(twice, np.ones(len(again)), float(len(again)), ListLikelihood()).theta == pytest.approx(
        fit.theta, abs=1e-6
    )


def model(people: Any, design: fl.Design = SRS, **settings: Any) -> fl.Estimates:
    given = {"items": 4, "estimator": "ml", "design": design} | settings
    return fl.hidden.regress_list_experiment(people, "count ~ x", "treatment", **given)


@pytest.mark.slow
def test_the_errors_are_those_of_many_samples() -> None:
    """Mean of the standard errors over the standard deviation of the estimates, both estimators, 60 samples of 1,500."""
    for estimator in ("nls", "ml"):
        rows = [
            model(
                fl.hidden.simulate_list_experiment(1500, prevalence=0.3, items=4, slope=0.5, seed=seed),
                estimator=estimator,
            )["x"]
            for seed in range(60)
        ]
        spread = np.std([row.value for row in rows], ddof=1)
        # The standard deviation of 60 estimates has a Monte Carlo error of 1/√118.
        assert np.mean([row.se for row in rows]) / spread == pytest.approx(1.0, abs=3 / np.sqrt(118))


def test_under_clusters_replicates_agree_with_linearisation() -> None:
    people = fl.hidden.simulate_list_experiment(3000, prevalence=0.4, items=4, slope=0.5, psus=30, seed=3)
    design = fl.Design(weights="weight", psu="psu")
    replicated = fl.replicate(people, design=design, kind="jk1")
    for estimator in ("nls", "ml"):
        taylor, jackknife = (model(people, each, estimator=estimator).to_frame()["se"] for each in (design, replicated))
        # The jackknife and linearisation differ by terms of the order of 1/units.
        assert jackknife.to_numpy() / taylor.to_numpy() == pytest.approx(np.ones(4), abs=0.12)


def test_liars_are_found_where_they_are_and_left_out_where_not() -> None:
    people = fl.hidden.simulate_list_experiment(12_000, prevalence=0.4, items=2, item_shares=0.6, ceiling=0.5, seed=6)
    plain = fl.hidden.list_experiment(people, "count", "treatment", items=2, estimator="ml", design=SRS)
    mended = fl.hidden.list_experiment(people, "count", "treatment", items=2, estimator="ml", ceiling=True, design=SRS)
    assert abs(mended.value - 0.4) < 3 * mended.se
    assert plain.value < 0.4 - 3 * plain.se
    honest = fl.hidden.simulate_list_experiment(3000, prevalence=0.4, items=3, slope=0.8, seed=8)
    found = fl.hidden.list_experiment(
        honest, "count", "treatment", items=3, covariates="x", estimator="ml", floor=True, design=SRS
    )
    without = fl.hidden.list_experiment(
        honest, "count", "treatment", items=3, covariates="x", estimator="ml", design=SRS
    )
    if "at_zero" in found.diagnostics:
        assert found.value == pytest.approx(without.value, rel=1e-6)
    assert abs(found.value - 0.4) < 3 * found.se


def test_too_many_items_are_pointed_out() -> None:
    people = fl.hidden.simulate_list_experiment(400, prevalence=0.2, items=3, item_shares=0.2, seed=1)
    found = fl.hidden.list_experiment(people, "count", "treatment", items=6, estimator="nls", design=SRS)
    assert [str(reason.code) for reason in found.reasons if "top" in reason.code] == ["list_top_not_met"]
    assert found.diagnostics["top_met"] is False
    said = fl.hidden.regress_list_experiment(people, "count ~ x", "treatment", items=6, design=SRS)
    assert {str(reason.code) for reason in said.reasons} == {"list_top_not_met"}


def test_rows_of_every_domain_and_names_of_an_unconstrained_model() -> None:
    people = fl.hidden.simulate_list_experiment(4000, prevalence=0.3, items=3, seed=2).assign(
        sex=lambda f: np.where(np.arange(len(f)) % 2, "f", "m")
    )
    found = fl.hidden.regress_list_experiment(people, "count ~ x", "treatment", items=3, by="sex", design=SRS)
    alone = fl.hidden.regress_list_experiment(people, "count ~ x", "treatment", items=3, where="sex == 'f'", design=SRS)
    own = found.to_frame().query("sex == 'f'")
    assert own["value"].tolist() == pytest.approx(alone.to_frame()["value"].tolist())
    crowded = fl.hidden.simulate_list_experiment(6000, prevalence=0.3, items=4, overdispersion=0.2, seed=2)
    free = fl.hidden.regress_list_experiment(
        crowded, "count ~ 1", "treatment", items=4, estimator="ml", constrained=False, overdispersed=True, design=SRS
    )
    assert free.to_frame()["term"].tolist() == [
        "Intercept", "control0: Intercept", "control1: Intercept", "control0: overdispersion", "control1: overdispersion",
    ]  # fmt: skip


def test_an_overdispersion_that_is_none_is_left_out_and_one_that_is_there_is_found() -> None:
    plain = fl.hidden.simulate_list_experiment(4000, prevalence=0.3, items=3, seed=2)
    found = model(plain, items=3, overdispersed=True)
    if "at_zero" in found.diagnostics:
        assert found.to_frame()["term"].tolist() == model(plain, items=3).to_frame()["term"].tolist()
        assert "list_binomial" in {str(each.code) for each in found.assumptions}
    crowded = fl.hidden.simulate_list_experiment(12_000, prevalence=0.2, items=4, overdispersion=0.3, seed=3)
    wrong = fl.hidden.list_experiment(crowded, "count", "treatment", items=4, estimator="ml", design=SRS)
    right = fl.hidden.list_experiment(
        crowded, "count", "treatment", items=4, estimator="ml", overdispersed=True, design=SRS
    )
    assert wrong.value > 0.2 + 5 * wrong.se
    assert abs(right.value - 0.2) < 3 * right.se
