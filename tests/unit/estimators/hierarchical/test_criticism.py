"""Predictive checks, leave-one-out and prior sensitivity: against brute force, and able to find a model that is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, special, stats

import fl_estimate as fl

from .made import COVARIATES, LETTERS, counts, values

hierarchical = fl.hierarchical
Prior = hierarchical.Prior
CHAIN = pd.DataFrame({"district": LETTERS[:-1], "neighbour": LETTERS[1:]})


def marginal(y: np.ndarray, d: np.ndarray) -> float:
    """Density of normal values, theta ~ N(5, 2² shared + sigma²), sigma half-normal(1): by quadrature over sigma."""

    def at(sigma: float) -> float:
        normal: Any = stats.multivariate_normal  # its types know one number for a covariance
        return normal.pdf(y, np.full(len(y), 5.0), np.diag(d + sigma**2) + 4.0) * stats.halfnorm.pdf(sigma)

    return integrate.quad(at, 0, 8, limit=200)[0]


def test_normal_areas_are_left_out_exactly() -> None:
    table = values().head(5)
    prior = Prior(sigma="half-normal(1)", intercept="normal(5, 2)")
    estimates = hierarchical.area(table, likelihood="normal", prior=prior, seed=1)
    found = hierarchical.leave_one_out(estimates, table)
    y, d = table["value"].to_numpy(), table["se"].to_numpy() ** 2
    whole = marginal(y, d)
    wanted = [np.log(whole / marginal(np.delete(y, i), np.delete(d, i))) for i in range(5)]
    # The grid's step is what is left.
    np.testing.assert_allclose(found["elpd"], wanted, atol=2e-3)


def test_counts_are_left_out_as_by_refitting() -> None:
    """Without area B: its marginal likelihood averaged over the posterior of the others' hyper-parameters."""
    table = counts().head(8)
    prior = Prior(sigma="half-normal(1)", intercept="normal(-5, 1.5)")
    estimates = hierarchical.area(table, prior=prior, seed=1)
    found = hierarchical.leave_one_out(estimates, table).set_index("district")
    without = table.assign(
        n=table["n"].where(table["district"] != "A", 0), value=table["value"].where(table["district"] != "A")
    )
    draws = hierarchical.area(without, prior=prior, draws=50_000, seed=2).draws[:, 0]
    n, y = 900 / 1.1, 900 / 1.1 * 0.01
    constant = special.gammaln(n + 1) - special.gammaln(y + 1) - special.gammaln(n - y + 1)
    likelihood = np.exp(y * np.log(draws) + (n - y) * np.log1p(-draws) + constant)
    error = likelihood.std() / np.sqrt(50_000) / likelihood.mean()
    # 4,000 smoothed points on our side: their error is a few times that of the draws here.
    assert found.loc["A", "elpd"] == pytest.approx(np.log(likelihood.mean()), abs=4 * error + 0.03)
    assert (found["pareto_k"] < 0.7).all()


def test_beta_binomial_areas_are_left_out() -> None:
    table = counts()
    estimates = hierarchical.area(table, likelihood="beta-binomial", seed=1)
    found = hierarchical.leave_one_out(estimates, table)
    assert found["district"].tolist() == LETTERS[:-1]
    assert (found["pareto_k"] < 0.7).all()
    assert (found["elpd"] < 0).all()


@pytest.mark.parametrize("model", ["bym2", "sar", "rw1", "ar1"])
def test_counts_that_hang_together_are_left_out_as_by_refitting(model: str) -> None:
    """Without the fourth area or year: its likelihood averaged over the draws of a fit that does not know its counts."""
    table = counts().head(8)
    prior = Prior(sigma="half-normal(1)", intercept="normal(-5, 1.5)")
    settings: dict[str, Any] = {"prior": prior, "deff": "own"}
    if model in ("bym2", "sar"):
        settings |= {"spatial": model, "neighbours": CHAIN[CHAIN["neighbour"] <= "H"]}
    else:
        table = table.assign(district=range(2001, 2009)).rename(columns={"district": "year"})
        settings |= {"temporal": model, "time": "year"}
    estimates = hierarchical.area(table, seed=1, **settings)
    found = hierarchical.leave_one_out(estimates, table, neighbours=settings.get("neighbours"))
    without = table.copy()
    without.loc[3, ["n", "value"]] = 0, np.nan
    draws = hierarchical.area(without, draws=40_000, seed=2, **settings).draws[:, 3]
    n = table["n"][3] / table["deff"][3]
    y = n * table["value"][3]
    constant = special.gammaln(n + 1) - special.gammaln(y + 1) - special.gammaln(n - y + 1)
    likelihood = np.exp(y * np.log(draws) + (n - y) * np.log1p(-draws) + constant)
    # 40,000 importance draws, of which half are effective, there; 2,000 smoothed ones here.
    error = likelihood.std() / np.sqrt(20_000) / likelihood.mean()
    assert found["elpd"][3] == pytest.approx(np.log(likelihood.mean()), abs=4 * error + 0.04)
    assert (found["pareto_k"] < 0.7).all()


def test_frames_that_do_not_belong_to_the_estimates() -> None:
    estimates = hierarchical.area(counts(), covariates=COVARIATES, seed=1)
    with pytest.raises(fl.FlError, match="FL-EST-57"):
        hierarchical.predictive_check(estimates, counts())
    with pytest.raises(fl.FlError, match="FL-EST-57"):
        hierarchical.sensitivity(hierarchical.eblup(values()), values())


@pytest.mark.parametrize("likelihood", ["binomial", "beta-binomial"])
def test_a_model_that_fits_passes_its_predictive_check(likelihood: Any) -> None:
    table = counts()
    checked = hierarchical.predictive_check(hierarchical.area(table, likelihood=likelihood, seed=1), table)
    assert checked["p"].between(0.02, 0.98).all()
    assert (checked["prior_lower"] <= checked["observed"]).all()
    assert (checked["observed"] <= checked["prior_upper"]).all()


def test_a_model_that_lets_areas_differ_too_little_fails_it() -> None:
    table = counts()
    table.loc[0, ["value", "cases"]] = 0.08, 72
    narrow = Prior(sigma="half-normal(0.001)", intercept="normal(-5, 1)")
    checked = hierarchical.predictive_check(hierarchical.area(table, prior=narrow, seed=1), table)
    p = checked.set_index("figure")["p"].to_dict()
    assert p["highest"] < 0.01
    assert p["spread"] < 0.01


def test_flat_priors_foresee_nothing() -> None:
    estimates = hierarchical.area(values(), likelihood="normal", spatial="sar", neighbours=CHAIN, seed=1)
    checked = hierarchical.predictive_check(estimates, values(), neighbours=CHAIN)
    assert checked["prior_median"].isna().all()
    assert checked["p"].between(0.01, 0.99).sum() >= 4


def test_the_prior_on_a_map_is_drawn_too() -> None:
    table = counts()
    estimates = hierarchical.area(table, spatial="bym2", neighbours=CHAIN, seed=1)
    checked = hierarchical.predictive_check(estimates, table, neighbours=CHAIN)
    assert (checked["prior_upper"] > checked["prior_lower"]).all()


def test_half_and_twice_the_prior() -> None:
    """At scale 1 the answer is the estimates' own; with three areas the prior's scale moves sigma."""
    table = counts().head(3)
    estimates = hierarchical.area(table, seed=1)
    found = hierarchical.sensitivity(estimates, table)
    assert found["scale"].unique().tolist() == [0.5, 1.0, 2.0]
    assert found["prior"].unique().tolist() == ["rayleigh(0.5)", "rayleigh(1)", "rayleigh(2)"]
    # The default intercept is written to six digits in the recipe.
    np.testing.assert_allclose(found.loc[found["scale"] == 1, "shift"], 0, atol=1e-6)
    sigma = found.groupby("scale")["sigma"].first()
    assert sigma.is_monotonic_increasing
    flat = hierarchical.area(values(), likelihood="normal", prior=Prior(sigma="flat"), seed=1)
    with pytest.raises(fl.FlError, match="FL-EST-59"):
        hierarchical.sensitivity(flat, values())


def test_kappa_is_scaled_by_the_square() -> None:
    table = counts()
    estimates = hierarchical.area(table, likelihood="beta-binomial", seed=1)
    found = hierarchical.sensitivity(estimates, table, scales=(2.0,))
    assert found["prior"].unique().tolist() == [f"log-normal({5 - 2 * np.log(2):.6g}, 1.5)"]
