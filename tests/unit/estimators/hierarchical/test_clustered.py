"""Counts of cases that come together: the likelihood by its formula and by simulation, the model by quadrature, what it says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

import fl_estimate as fl
from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.hierarchical.model.clustered import Kernel, concentration, draw_clustered
from tests.unit.estimators.hierarchical.made import COVARIATES, POPULATION, counts

area = fl.hierarchical.area
Y = np.array([0.0, 3.7, 12.0, 1.0, 250.0, 40.0])
N = np.array([300.0, 400.0, 500.0, 40.0, 300.0, 300.0])
DEFF = np.array([3.0, 2.0, 7.0, 1.5, 4.0, 9.0])
COLUMNS = ["value", "se", "lower", "upper"]


def clustered(**changes: Any) -> pd.DataFrame:
    """Twelve areas whose design effects are estimated from twelve degrees of freedom each."""
    return counts(df=12.0, **{"deff": np.where(counts()["cases"] > 0, np.linspace(1.6, 3.2, 12), np.nan)} | changes)


def exactly(eta: Any) -> Any:
    """Log B(y + pκ, n − y + (1 − p)κ) − log B(pκ, (1 − p)κ)."""
    kappa = (N - DEFF) / (DEFF - 1)
    a, b = special.expit(eta) * kappa, special.expit(-eta) * kappa
    return special.betaln(a + Y, b + N - Y) - special.betaln(a, b)


def test_tables_are_the_formula() -> None:
    eta = np.random.default_rng(1).uniform(-14, 5, (3_000, len(Y)))
    kernel = Kernel.of(Y, N, DEFF)
    np.testing.assert_allclose(kernel.value(eta), exactly(eta), atol=2e-6)
    step = 1e-4
    first, second = kernel.slopes(eta)
    np.testing.assert_allclose(first, (exactly(eta + step) - exactly(eta - step)) / (2 * step), atol=1e-4)
    bend = (exactly(eta + 0.01) - 2 * exactly(eta) + exactly(eta - 0.01)) / 1e-4
    np.testing.assert_allclose(second, bend, atol=0.02)


def test_outside_the_table_it_is_a_straight_line() -> None:
    far = np.array([-60.0, -40.0, 45.0])[:, None] * np.ones(len(Y))
    kernel = Kernel.of(Y, N, DEFF)
    near = kernel.value(np.array([[-32.0]] * 2 + [[32.0]]) * np.ones(len(Y)))
    # All cases may be of one cluster, whose chance goes with the rate; and so may all others be.
    slope = np.array([Y > 0, Y > 0, Y < N], dtype=float) * np.array([[1.0], [1.0], [-1.0]])
    gone = np.array([-28.0, -8.0, 13.0])[:, None]
    np.testing.assert_allclose(kernel.value(far), near + slope * gone, rtol=1e-9, atol=1e-6)


def test_without_clusters_it_is_the_binomial() -> None:
    eta = np.random.default_rng(2).uniform(-12, 4, (500, len(Y)))
    binomial = Y * eta - N * np.logaddexp(0, eta)
    np.testing.assert_allclose(Kernel.of(Y, N, np.ones(len(Y))).value(eta), binomial, atol=2e-4)
    np.testing.assert_allclose(Kernel.of(Y, N, np.full(len(Y), 1 + 1e-6)).value(eta), binomial, atol=0.02)


def test_concentration_gives_the_variance_and_the_chance_of_no_case() -> None:
    """SciPy's beta-binomial: variance deff times the binomial's, 0 with chance about exp(−np log d/(d − 1))."""
    p, kappa = 0.004, concentration(N, DEFF)
    found: Any = stats.betabinom(N.astype(int), p * kappa, (1 - p) * kappa)
    np.testing.assert_allclose(found.var(), DEFF * N * p * (1 - p), rtol=1e-9)
    large = N > 100
    wanted = np.exp(-N * p * np.log(DEFF) / (DEFF - 1))
    np.testing.assert_allclose(found.pmf(0)[large], wanted[large], rtol=0.03)
    # What independent people would give is far from it where clusters are large.
    assert np.exp(-N * p / DEFF)[2] > 1.2 * found.pmf(0)[2]


def test_a_design_effect_above_what_people_allow_is_taken_as_the_highest() -> None:
    assert concentration(np.array([3.0, 1.0, 0.0, 9.0]), np.array([8.0, 5.0, 1.0, 5.0])).tolist() == [
        1.0,
        1e8,
        1e8,
        1.0,
    ]


@pytest.mark.parametrize("sigma", [0.05, 0.6, 2.5])
def test_draws_follow_their_density(sigma: float) -> None:
    """Kolmogorov and Smirnov's distance of 20,000 draws from the integrated density, at p 1e-4."""
    kernel, size = Kernel.of(Y, N, DEFF), 20_000
    eta = np.linspace(-7 - 9 * sigma, 9 + 9 * sigma, 80_001)
    log = kernel.value(np.repeat(eta[:, None], len(Y), axis=1)) - 0.5 * ((eta[:, None] + 5) / sigma) ** 2
    density = np.exp(log - log.max(axis=0))
    below = np.cumsum(density, axis=0) - 0.5 * density
    below /= below[-1]
    mode = np.tile(eta[log.argmax(axis=0)], (size, 1))
    drawn = draw_clustered(np.random.default_rng(3), np.full(mode.shape, -5.0), np.full(size, sigma), mode, kernel)
    for position in range(len(Y)):
        at = np.sort(np.interp(drawn[:, position], eta, below[:, position]))
        assert np.abs(at - np.arange(1, size + 1) / size).max() < 2.23 / np.sqrt(size)


def test_it_is_the_default_where_design_effects_are_pooled() -> None:
    found = area(clustered(), seed=1, draws=50)
    assert found.provenance.arguments["likelihood"] == "clustered"
    assert set(found.to_frame()["method"]) == {"area-clustered"}
    assert "clustered_counts_pooled" in [one.code for one in found.assumptions]
    others: tuple[dict[str, Any], ...] = ({"deff": "own"}, {"temporal": "rw1", "time": "district"})
    for more in others:
        frame = clustered(district=range(2001, 2013))
        assert area(frame, seed=1, draws=50, **more).provenance.arguments["likelihood"] == "binomial"
    # A frame that states design effects without saying how well they are known is taken at its word.
    assert area(counts(), seed=1, draws=50).provenance.arguments["likelihood"] == "binomial"


def test_people_drawn_one_by_one_have_the_binomial_s_figures() -> None:
    one = clustered(deff=1.0)
    found, plain = (
        area(one, deff="own", likelihood=likelihood, seed=1, draws=50) for likelihood in ("clustered", "binomial")
    )
    assert set(found.to_frame()["method"]) == set(plain.to_frame()["method"]) == {"area-binomial"}
    assert found.to_frame()[COLUMNS].equals(plain.to_frame()[COLUMNS])
    near = area(clustered(deff=1 + 1e-5), deff="own", likelihood="clustered", seed=1, draws=50)
    wanted = area(clustered(deff=1 + 1e-5), deff="own", likelihood="binomial", seed=1, draws=50)
    np.testing.assert_allclose(near.to_frame()[COLUMNS], wanted.to_frame()[COLUMNS], rtol=2e-3)


def test_the_posterior_by_brute_force() -> None:
    """Without covariates: sums over a mesh of intercept, sigma and each area's log odds, by SciPy's own functions."""
    frame = clustered()
    prior = fl.hierarchical.Prior(sigma="half-normal(1)", intercept="normal(-4.8, 1)")
    found = area(frame, prior=prior, likelihood="clustered", deff="own", interval="equal-tailed", seed=1, draws=50)
    used = np.array([found.diagnostics["deff_used"].get(key, 1.0) for key in frame["district"]])
    n, y = frame["n"].to_numpy(float), np.nan_to_num(frame["value"].to_numpy(float)) * frame["n"].to_numpy(float)
    eta = np.linspace(-11, 0, 441)
    kappa = ((n - used)[:-1] / (used[:-1] - 1))[:, None]
    a, b = special.expit(eta) * kappa, special.expit(-eta) * kappa
    like = np.exp(special.betaln(a + y[:-1, None], b + (n - y)[:-1, None]) - special.betaln(a, b))
    like = np.vstack([like / like.max(axis=1, keepdims=True), np.ones(len(eta))])
    total, mixed = 0.0, np.zeros_like(like)
    for sigma in np.linspace(0.02, 3, 120):
        for middle in np.linspace(-7.5, -2.5, 81):
            effect = stats.norm.pdf(eta, middle, sigma) * like
            each = effect.sum(axis=1)
            weight = np.exp(np.log(each[:-1]).sum() - 0.5 * sigma**2 - 0.5 * (middle + 4.8) ** 2)
            total += weight
            mixed += weight * effect / each[:, None]
    below = np.cumsum(mixed, axis=1) - 0.5 * mixed
    wanted = [
        [special.expit(np.interp(share * total, row, eta)) for share in (0.5, 0.025, 0.975)] for row in below[:-1]
    ]
    ours = found.to_frame()[["value", "lower", "upper"]].iloc[:-1]
    np.testing.assert_allclose(ours, wanted, rtol=0.02)


def test_the_nation_benchmark_and_covariates() -> None:
    made = area(clustered(), covariates=COVARIATES, population=POPULATION, seed=1, draws=4_000)
    frame = made.to_frame()
    assert frame["margin"].tolist()[0] == ""
    assert frame[COLUMNS].notna().all(axis=None)
    none = frame["cases"].eq(0) & frame["n"].gt(0)
    assert frame.loc[none, "lower"].eq(0).all()
    # Draws are from the same densities as the figures: medians within five standard errors of 4,000 draws.
    share = (np.asarray(made.draws)[:, 1:] < frame["value"].to_numpy()[1:]).mean(axis=0)
    assert np.abs(share - 0.5).max() < 5 * 0.5 / np.sqrt(4_000)


def test_what_is_asked_of_the_model_afterwards() -> None:
    frame = clustered()
    made = area(frame, seed=1, draws=400)
    checked = fl.hierarchical.predictive_check(made, frame)
    assert checked["p"].between(0, 1).all()
    told = fl.hierarchical.leave_one_out(made, frame)
    assert len(told) == 11
    assert (told["elpd"] < 0).all()
    tree = made.to_datatree()
    assert tree["observed_data"].attrs["family"] == "beta-binomial"
    kappa = tree["constant_data"]["concentration"].to_numpy()
    draws = np.asarray(made.draws)[:, :-1]
    seen = stats.betabinom.logpmf(
        frame["cases"][:-1].to_numpy(), frame["n"][:-1].to_numpy(), draws * kappa, (1 - draws) * kappa
    )
    np.testing.assert_allclose(tree["log_likelihood"]["y"].to_numpy()[0], seen, rtol=1e-6)


def test_neighbours_and_times_are_refused_by_name() -> None:
    with pytest.raises(EstimateFault, match="likelihood='clustered' with spatial= or temporal="):
        area(clustered(district=range(2001, 2013)), likelihood="clustered", temporal="rw1", time="district", seed=1)


@pytest.mark.slow
def test_chains_agree() -> None:
    """Hamiltonian Monte Carlo of the model as PyMC writes it: medians within 4 %, limits within 10 %."""
    chains, grid = (area(clustered(), seed=1, sampler=sampler).to_frame() for sampler in ("nuts", "grid"))
    np.testing.assert_allclose(chains["value"], grid["value"], rtol=0.04)
    np.testing.assert_allclose(chains["upper"], grid["upper"], rtol=0.1)
