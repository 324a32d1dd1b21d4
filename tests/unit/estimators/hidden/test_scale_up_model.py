"""Bayesian scale-up: exact on tiny samples, calibrated, found again; what it does not know of is said; bad input is refused."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import integrate, special, stats
from studies.hidden.scale_up_models import draw, ranks

import fl_estimate as fl
from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.hidden.network import scale_up_chains, scale_up_posterior
from fl_estimate.estimators.hidden.network.known_groups import KnownGroups
from fl_estimate.estimators.hidden.network.relational_data import RelationalData
from fl_estimate.estimators.hidden.network.scale_up_problem import MODELS, ScaleUpChains, ScaleUpProblem, problem_of
from fl_estimate.estimators.hidden.network.scale_up_scaling import scaled_shares
from tests.unit.estimators.hidden.test_scale_up import KNOWN, N, few_reports
from tests.unit.reporting.few import DESIGN

UNWEIGHTED = fl.Design(unweighted=True)
simulate: Any = fl.hidden.simulate_scale_up_model
model_size: Any = fl.hidden.scale_up_model
"""Called with what their types do not allow, too."""


def few_of_scale_up_model() -> fl.Estimates:
    return model_size(few_reports(), "hidden", known=KNOWN, population=N, design=DESIGN, weighting="ignored", draws=400, burn_in=50, seed=1)  # fmt: skip


@cache
def drawn(model: str = "random-degree", **more: Any) -> fl.hidden.SimulatedReports:
    return simulate(model=model, respondents=150, seed=3, **more)


def estimate(frame: Any = None, hidden: Any = "hidden", *, of: str = "random-degree", **settings: Any) -> fl.Estimates:
    made = drawn(of)
    given: dict[str, Any] = {
        "known": made.known, "population": made.population, "design": made.design, "draws": 200, "burn_in": 100, "seed": 1,
        "largest": 1e4,
    }  # fmt: skip
    return model_size(made.people if frame is None else frame, hidden, **(given | settings))


def code_of(**settings: Any) -> str:
    with pytest.raises(EstimateFault) as told:
        estimate(**settings)
    return told.value.code


def reasons_of(result: fl.Estimates) -> set[str]:
    return {str(each.code) for each in result.reasons}


def assumed(result: fl.Estimates) -> set[str]:
    return {str(each.code) for each in result.assumptions}


def problem(
    reports: Any, model: str, *, priors: Any = None, transmission: Any = None, size: float = 20_000.0
) -> ScaleUpProblem:
    """One known group of 20,000 in a million, and one hidden."""
    values = np.asarray(reports, dtype=float)
    data = RelationalData(
        reports=values, known=KnownGroups(names=("known",), sizes=np.array([size]), population=1e6), hidden=("hidden",),
        weights=np.ones(len(values)), rows=np.arange(len(values)),
    )  # fmt: skip
    return problem_of(data, model, transmission, priors, np.ones(len(values)))


# --- likelihoods ------------------------------------------------------------------------------------------------


def test_likelihoods_are_those_of_scipy() -> None:
    from fl_estimate.estimators.hidden.network import scale_up_kernels as kernels

    for z in (0.01, 0.7, 8.9, 9.1, 300.0, 1e8):
        assert kernels.log_gamma(z) == pytest.approx(special.gammaln(z), rel=1e-10, abs=1e-10)
    for y, d, a, b in ((0, 10, 0.5, 20.0), (3, 100, 2.0, 200.0), (40, 300, 5.0, 60.0), (0, 0, 1.0, 1.0)):
        made = kernels.log_beta_binomial(y, float(d), a, b) - special.gammaln(y + 1)
        assert made == pytest.approx(stats.betabinom.logpmf(y, d, a, b), abs=1e-9)
        # Each told of with probability 0.6: by quadrature over the share.
        thinned = np.exp(kernels.log_thinned(y, float(d), a, b, 0.6) - special.gammaln(y + 1))
        density: Any = stats.beta(a, b)
        exact = integrate.quad(
            lambda p, y=y, d=d, density=density: stats.binom.pmf(y, d, 0.6 * p) * density.pdf(p), 0, 1,
            points=[0.001, 0.01, 0.1, 0.3], limit=200,
        )  # fmt: skip
        assert thinned == pytest.approx(exact[0], rel=1e-6)


def test_overdispersed_reports_are_negative_binomial() -> None:
    from fl_estimate.estimators.hidden.network.scale_up_overdispersed import log_products, over

    reports = np.array([0, 1, 5, 60, 3])
    scale, excess, weight = (
        np.array([0.5, 2.0, 3.0, 30.0, 8.0]),
        np.array([0.5, 1.0, 3.0, 2.0, 1e-9]),
        np.array([1.0, 2.0, 0.5, 1.0, 3.0]),
    )
    exact = stats.nbinom.logpmf(reports[:4], scale[:4] / excess[:4], 1 / (1 + excess[:4]))
    exact = np.append(exact, stats.poisson.logpmf(reports[4], scale[4])) + special.gammaln(reports + 1)
    rest = np.array([over(e) for e in excess]) * scale + reports * np.log1p(excess)
    made = log_products(reports, scale, 1.0, excess, weight, False) - (weight * rest).sum()
    assert made == pytest.approx((weight * exact).sum(), rel=1e-7)
    assert log_products(reports, scale, 1.0, excess, np.ones(5), True) - rest.sum() == pytest.approx(
        exact.sum(), rel=1e-7
    )


# --- exact posteriors of tiny samples -----------------------------------------------------------------------------

FIXED = {"mu": (4.5, 4.5001), "sigma": (0.5, 0.5001)}
"""Nearly a point, so that respondents are independent given the groups."""
TINY = [[2, 1], [0, 0], [5, 2], [1, 0]]
DEGREES = np.arange(1_200)


def prior_of_degrees() -> np.ndarray[Any, Any]:
    """Of the nearest whole number of a log-normal degree; below ½ it is nobody."""
    inner = stats.norm.cdf((np.log(DEGREES + 0.5) - 4.5) / 0.5)
    return np.diff(np.append(0.0, inner))


def quantiles(grid: Any, log_density: Any) -> list[float]:
    """Quartiles and 5 %, 95 % of a density that is flat in log m between the points of a grid."""
    weight = np.exp(log_density - log_density.max())
    below = (np.cumsum(weight) - 0.5 * weight) / weight.sum()
    return np.interp([0.05, 0.25, 0.5, 0.75, 0.95], below, grid).tolist()


def gibbs_quantiles(made: ScaleUpProblem, *, draws: int = 3_000) -> list[float]:
    chains = scale_up_chains.sample_scale_up(made, chains=4, draws_per_chain=draws, burn_in=500, thin=2, seed=1)
    return np.quantile(chains.log_share[..., -1], [0.05, 0.25, 0.5, 0.75, 0.95]).tolist()


@pytest.mark.parametrize("tau", [1.0, 0.5])
def test_random_degrees_and_transmission_are_exact_on_four_respondents(tau: float) -> None:
    """By adding up over degrees and a grid of shares, log-uniform from one person to all."""
    grid = np.linspace(np.log(1e-6), 0, 2_001)
    share = tau * np.exp(grid)
    log_density = np.zeros(len(grid))
    for known, hidden in TINY:
        weight = prior_of_degrees() * stats.binom.pmf(known, DEGREES, 0.02)
        log_density += np.log(np.maximum(stats.binom.pmf(hidden, DEGREES[:, None], share).T @ weight, 1e-300))
    model, transmission = ("random-degree", None) if tau == 1 else ("transmission", tau)
    made = gibbs_quantiles(problem(TINY, model, priors=FIXED, transmission=transmission))
    # 12,000 draws: Monte Carlo error of a quantile about 0.02 of a posterior sd of 0.6, of 5 % twice that.
    assert made == pytest.approx(quantiles(grid, log_density), abs=0.06)


def test_barriers_are_exact_on_four_respondents() -> None:
    """By adding up over degrees, and grids of the share and of both dispersions."""
    grid, rho = np.linspace(np.log(1e-6), 0, 81)[:-1], (np.arange(40) + 0.5) / 40
    size = 1 / rho - 1
    per_known = np.ones((len(rho), len(TINY), len(DEGREES)))
    for i, (known, _) in enumerate(TINY):
        per_known[:, i] = stats.betabinom.pmf(known, DEGREES, 0.02 * size[:, None], 0.98 * size[:, None])
    log_density = np.full((len(grid), len(rho), len(rho)), 0.0)
    prior = prior_of_degrees()
    m = np.exp(grid)[:, None, None]
    for i, (_, hidden) in enumerate(TINY):
        own = stats.betabinom.pmf(hidden, DEGREES, m * size[:, None], (1 - m) * size[:, None])
        log_density += np.log(np.einsum("grd,kd->grk", own, per_known[:, i] * prior))
    made = gibbs_quantiles(problem(TINY, "barrier", priors=FIXED))
    # The posterior is as wide as the prior lets it be (sd about 3): 0.15 is a twentieth of it, and a step of the grid 0.17.
    assert made == pytest.approx(quantiles(grid, special.logsumexp(log_density, axis=(1, 2))), abs=0.2)


def test_a_prior_of_transmission_is_the_answer_on_top_of_the_reports() -> None:
    """Given τ p the reports say nothing of τ: the posterior of τ is its prior, and log N moves by −log τ."""
    made = problem(TINY * 10, "transmission", priors=FIXED, transmission=(8, 4))
    chains = scale_up_chains.sample_scale_up(made, chains=4, draws_per_chain=1_000, burn_in=200, thin=1, seed=2)
    tau = chains.parameters["tau"][..., -1]
    assert np.quantile(tau, [0.1, 0.5, 0.9]) == pytest.approx(stats.beta(8, 4).ppf([0.1, 0.5, 0.9]), abs=0.02)
    plain = scale_up_chains.sample_scale_up(
        problem(TINY * 10, "random-degree", priors=FIXED), chains=4, draws_per_chain=1_000, burn_in=200, thin=1, seed=2
    )
    moved = chains.log_share[..., -1] + np.log(tau)
    assert moved.mean() == pytest.approx(plain.log_share[..., -1].mean(), abs=0.02)


@pytest.mark.slow
def test_ranks_of_truths_among_their_posteriors_are_uniform() -> None:
    """A small run: 40 truths each, of 15 respondents."""
    for model in ("random-degree", "overdispersed"):
        for name, found in ranks(model, 40, respondents=15, kept=49).items():
            share = found / 49
            # Mean and variance of a uniform: 1/2 ± 3 × 0.289/√40, 1/12 ± 3 × 0.0745/√40.
            assert abs(share.mean() - 0.5) < 0.137, (model, name)
            assert abs(share.var() - 1 / 12) < 0.036, (model, name)


# --- what results say -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [name for name in MODELS if name not in ("correlated", "combined")])
def test_each_model_finds_the_truth_of_its_own_reports(model: str) -> None:
    options = {"transmission": {"positive": 40, "n": 50}} if model == "transmission" else {}
    # Of one sample each: at 99.9 % a truth outside is a fault. How often 95 % hold it is for the study to say.
    value, lower, upper, truth = draw(
        model, model, 4, options={"draws": 400, "burn_in": 150, "level": 0.999, **options}
    )
    assert lower < truth < upper
    assert 0.5 < value / truth < 2


def test_rows_draws_and_diagnostics() -> None:
    made = estimate(hidden=["hidden"])
    share = estimate(quantity="prevalence")
    assert share.value == pytest.approx(made.value / 1e6)
    assert (made.frame["quantity"].iloc[0], made.frame["basis"].iloc[0]) == ("total", "model")
    assert made.draws is not None
    assert made.draws.shape == (200, 1)
    assert np.median(made.draws) == pytest.approx(made.value)
    told = made.diagnostics
    assert told["rhat_max"] < 1.05
    assert [row["group"] for row in told["back_estimates"]] == list(drawn().known)
    inside = [row["lower"] <= row["known"] <= row["upper"] for row in told["back_estimates"]]
    assert sum(inside) >= 9
    assert [row["known"] for row in told["predictive_check"]["groups"]] == [True] * 12 + [False]
    direct = fl.hidden.scale_up(
        drawn().people, "hidden", known=drawn().known, population=1e6, design=UNWEIGHTED, largest=1e4
    )
    assert told["design_based"]["hidden"]["value"] == pytest.approx(direct.value)
    assert made.support.cases.tolist() == direct.support.cases.tolist()
    # Where nothing but network sizes varies, the posterior is about the ratio of sums and its binomial error.
    assert made.value == pytest.approx(direct.value, rel=0.05)
    assert told["mean_network_size"]["value"] == pytest.approx(drawn().network_sizes.mean(), rel=0.1)


def test_a_model_that_does_not_draw_such_reports_says_so() -> None:
    frame = drawn("barrier", barrier=0.05).people
    assert {"scale_up_spread_not_drawn", "scale_up_known_not_found"} <= reasons_of(
        estimate(frame, known=drawn("barrier", barrier=0.05).known)
    )
    assert not {"scale_up_spread_not_drawn", "scale_up_known_not_found", "scale_up_prior_end_matters"} & reasons_of(
        estimate()
    )


def test_a_prior_that_the_posterior_leans_against_is_named() -> None:
    assert "scale_up_prior_end_matters" in reasons_of(estimate(priors={"mu": (5.5, 8)}))
    assert "scale_up_prior_end_matters" not in reasons_of(estimate(priors={"mu": (2, 9)}))


def test_nobody_known_is_said_and_not_printed() -> None:
    made = estimate(drawn().people.assign(hidden=0))
    assert "scale_up_nobody_known" in reasons_of(made)
    assert np.isnan(fl.publish(made).to_frame()["value"]).all()


def test_weights_are_asked_about_and_clusters_noted() -> None:
    town = drawn(oversampled=5.0)
    given: dict[str, Any] = {"known": town.known, "design": town.design}
    assert code_of(frame=town.people, **given) == "FL-EST-626"
    assert code_of(weighting="calibrated") == "FL-EST-626"
    ignored = estimate(town.people, weighting="ignored", **given)
    powers = estimate(town.people, weighting="pseudo-likelihood", **given)
    assert "scale_up_weights_ignored" in assumed(ignored)
    told = next(each for each in powers.assumptions if each.code == "scale_up_weights_as_powers")
    w = town.people["w"].to_numpy()
    assert dict(told.parameters)["effective"] == pytest.approx(w.sum() ** 2 / (w**2).sum())
    # Towns hold twice the share of hidden people, and were drawn five times as often: the truth is 5,000.
    assert powers.value < ignored.value
    assert "scale_up_clusters_ignored" not in reasons_of(powers)
    clustered = estimate(drawn().people.assign(ea=lambda f: f.index // 10), design=fl.Design(unweighted=True, psu="ea"))
    assert "scale_up_clusters_ignored" in reasons_of(clustered)


def test_missing_reports_stay_out_of_the_likelihood() -> None:
    frame = drawn().people.astype(float)
    frame.loc[::4, "group_12"] = np.nan
    frame.loc[1::5, "hidden"] = np.nan
    assert code_of(frame=frame) == "FL-EST-595"
    made = estimate(frame, unanswered="available", unknown="available")
    assert "scale_up_missing_reports_ignorable" in assumed(made)
    assert made.frame["n"].iloc[0] == 120
    assert made.value == pytest.approx(estimate().value, rel=0.3)
    over = estimate(frame, unanswered="available", unknown="available", model="overdispersed", draws=200)
    assert over.value == pytest.approx(made.value, rel=0.3)


def test_several_hidden_groups_are_estimated_together() -> None:
    frame = drawn().people.assign(other=lambda f: f["group_3"])
    known = {name: size for name, size in drawn().known.items() if name != "group_3"}
    made = estimate(
        frame, ["hidden", "other"], known=known, model="transmission", transmission={"hidden": 1.0, "other": (40, 10)}
    )
    assert made.frame["outcome"].tolist() == ["hidden", "other"]
    assert {"scale_up_transmission_known", "scale_up_transmission_prior"} <= assumed(made)
    assert "scale_up_transmission_complete" not in assumed(made)
    # group_3 has 2,500 people; with τ about 0.8 the size is a quarter more.
    assert 2_500 < made.frame["value"].iloc[1] < 4_200


@pytest.mark.parametrize("model", ["random-degree", "overdispersed"])
def test_rows_names_engines_and_threads_change_nothing(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    town = drawn(oversampled=3.0)
    given: dict[str, Any] = {
        "design": town.design,
        "weighting": "pseudo-likelihood",
        "model": model,
        "draws": 100,
        "burn_in": 30,
    }
    first = estimate(town.people, **given)
    shuffled = town.people.sample(frac=1, random_state=1).reset_index(drop=True)
    for frame in (shuffled, pl.from_pandas(shuffled).lazy()):
        assert estimate(frame, **given).value == pytest.approx(first.value, rel=1e-9)
    renamed = {name: f"zz{at}" for at, name in enumerate(town.known)}
    other = estimate(town.people.rename(columns=renamed), known={renamed[k]: v for k, v in town.known.items()}, **given)
    assert other.value == first.value
    monkeypatch.setattr(scale_up_chains.os, "cpu_count", lambda: 1)
    assert estimate(town.people, **given).value == first.value
    another: Any = {**given, "seed": 2}
    assert estimate(town.people, **another).value != first.value


# --- scaling --------------------------------------------------------------------------------------------------------


def four_groups(model: str, correlation: Any = None) -> tuple[ScaleUpProblem, ScaleUpChains, np.ndarray[Any, Any]]:
    """Three known groups of 1, 2 and 3 % and a hidden one, with one draw of effects."""
    data = RelationalData(
        reports=np.ones((2, 4)), known=KnownGroups(names=("a", "b", "c"), sizes=np.array([1e4, 2e4, 3e4]), population=1e6),
        hidden=("hidden",), weights=np.ones(2), rows=np.arange(2),
    )  # fmt: skip
    raw = np.log(np.array([0.4, 0.5, 0.9, 0.2]))
    chains = ScaleUpChains(
        log_share=raw[None, None], log_degree=np.zeros((1, 1, 2)), mean_degree=np.ones((1, 1)), parameters={}, correlation=correlation
    )  # fmt: skip
    return problem_of(data, model, None, None, np.ones(2)), chains, np.exp(raw)


def test_scaling_by_hand() -> None:
    made, chains, e = four_groups("overdispersed")
    share, constant = scaled_shares(made, chains, "all")
    assert np.exp(share[0, 0, -1]) == pytest.approx(0.2 * 0.06 / 1.8)
    assert np.exp(constant[0, 0]) == pytest.approx(1.8 / 0.06)
    # A known group is scaled by the others: 0.4 × (0.02 + 0.03) / (0.5 + 0.9).
    assert np.exp(share[0, 0, 0]) == pytest.approx(0.4 * 0.05 / 1.4)
    groups = {"G1": ["a"], "G2": ["b"], "B2": ["c"]}
    share, constant = scaled_shares(made, chains, "overdispersed", groups)
    c = np.log(0.4 / 0.01) + 0.5 * (np.log(0.9 / 0.03) - np.log(0.5 / 0.02))
    assert constant[0, 0] == pytest.approx(c)
    assert share[0, 0, -1] == pytest.approx(np.log(0.2) - c)
    assert e[-1] == pytest.approx(0.2)


def test_scaling_by_correlations() -> None:
    matrix = np.eye(4)
    matrix[3, :3] = matrix[:3, 3] = [0.5, -0.2, 0.25]
    made, chains, _ = four_groups("correlated", matrix[None, None])
    share, _ = scaled_shares(made, chains, "weighted")
    # Weights ½, 0 and ¼: 0.2 × (½ 0.01 + ¼ 0.03) / (½ 0.4 + ¼ 0.9).
    assert np.exp(share[0, 0, -1]) == pytest.approx(0.2 * 0.0125 / 0.425)
    squared, _ = scaled_shares(made, chains, "weighted_sq")
    assert np.exp(squared[0, 0, -1]) == pytest.approx(0.2 * (0.25 * 0.01 + 0.0625 * 0.03) / (0.25 * 0.4 + 0.0625 * 0.9))
    # Where no correlation is positive, all known groups count alike.
    made, chains, _ = four_groups("correlated", np.eye(4)[None, None])
    assert np.exp(scaled_shares(made, chains, "weighted")[0][0, 0, -1]) == pytest.approx(0.2 * 0.06 / 1.8)


def test_the_scale_of_an_overdispersed_model_may_come_from_some_groups() -> None:
    made = estimate(of="overdispersed", model="overdispersed", scaling_groups={"G1": ["group_12", "group_11"]})
    told = next(each for each in made.assumptions if each.code == "scale_up_scaled_by")
    assert dict(told.parameters) == {"rule": "overdispersed", "groups": 2}


# --- refused --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"model": "random"}, "FL-EST-620"),
        ({"transmission": 0.5}, "FL-EST-621"),
        ({"model": "transmission"}, "FL-EST-621"),
        ({"model": "transmission", "transmission": 1.5}, "FL-EST-621"),
        ({"model": "transmission", "transmission": (0, 3)}, "FL-EST-621"),
        ({"model": "transmission", "transmission": {"positive": 9, "n": 3}}, "FL-EST-621"),
        ({"model": "combined", "transmission": {"other": (3, 3), "hidden": (3, 3)}}, "FL-EST-621"),
        ({"model": "combined", "transmission": "half"}, "FL-EST-621"),
        ({"priors": {"tau": (0, 1)}}, "FL-EST-622"),
        ({"priors": {"mu": (3, 3)}}, "FL-EST-622"),
        ({"priors": {"mu": 3}}, "FL-EST-622"),
        ({"priors": {"sigma": (-1, 3)}}, "FL-EST-622"),
        ({"priors": 3}, "FL-EST-622"),
        ({"model": "correlated", "priors": {"eta": 0}}, "FL-EST-622"),
        ({"scaling": "all"}, "FL-EST-624"),
        ({"model": "overdispersed", "scaling": "some"}, "FL-EST-624"),
        ({"model": "overdispersed", "scaling": "weighted"}, "FL-EST-624"),
        ({"model": "overdispersed", "scaling": "overdispersed"}, "FL-EST-624"),
        ({"model": "overdispersed", "scaling_groups": {"G2": ["group_1"]}}, "FL-EST-624"),
        ({"model": "overdispersed", "scaling_groups": {"G1": ["hidden"]}}, "FL-EST-624"),
        ({"model": "overdispersed", "scaling_groups": {"G1": ["group_1"], "G2": ["group_2"]}}, "FL-EST-624"),
        ({"draws": 10}, "FL-EST-625"),
        ({"chains": 2}, "FL-EST-625"),
        ({"thin": 0}, "FL-EST-625"),
        ({"burn_in": -1}, "FL-EST-625"),
        ({"sampler": "hmc"}, "FL-EST-625"),
        ({"model": "correlated", "sampler": "gibbs"}, "FL-EST-625"),
        ({"sampler": "nuts", "chains": 5}, "FL-EST-625"),
        ({"level": 95}, "FL-EST-628"),
        ({"quantity": "mean"}, "FL-EST-598"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any], code: str) -> None:
    assert code_of(**settings) == code


def test_chains_that_do_not_agree_give_no_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    worst = {"rhat_max": 1.3, "ess_bulk_min": 20.0, "ess_tail_min": 20.0}
    monkeypatch.setattr(scale_up_posterior, "mixing", lambda _: worst)
    assert code_of() == "FL-EST-623"
    monkeypatch.setattr(scale_up_posterior, "mixing", lambda _: worst | {"rhat_max": 1.03})
    assert {"sampler_rhat", "sampler_ess"} <= reasons_of(estimate())


def test_simulated_reports_are_the_same_for_a_seed_and_have_the_truth() -> None:
    for model in MODELS:
        first, again = (simulate(model=model, respondents=400, seed=5) for _ in range(2))
        pd.testing.assert_frame_equal(first.people, again.people)
        # Group 12 has 2 % of the population: mean reports are 2 % of the mean network (of whom all are told of).
        mean = first.people["group_12"].mean() / first.network_sizes.mean()
        assert mean == pytest.approx(0.02, rel=0.25)
    for wrong in (
        {"respondents": 0},
        {"overdispersion": 1},
        {"barrier": 2},
        {"known_sizes": ()},
        {"known_sizes": (0,)},
        {"hidden_size": True},
    ):
        with pytest.raises(EstimateFault) as told:
            simulate(**wrong)
        assert told.value.code == "FL-EST-627"
    with pytest.raises(EstimateFault, match="FL-EST-620"):
        simulate(model="poisson")


# --- study files ----------------------------------------------------------------------------------------------------

STUDY = """
[source.household]
file = "survey.csv"
mapping = "mapping.toml"

[[estimate]]
name = "size"
kind = "scale_up_model"
hidden = "hidden"
known = "known.csv"
population = 1_000_000
model = "combined"
transmission = { hidden = [40, 10] }
priors = { mu = [2, 9] }
draws = 200
burn_in = 50
largest = 10_000

[[estimate]]
name = "scaled"
kind = "scale_up_model"
hidden = "hidden"
known = "known.csv"
population = 1_000_000
model = "overdispersed"
scaling_groups = { G1 = ["group_1", "group_12"] }
draws = 200
burn_in = 50
largest = 10_000
"""
MAPPING = """
id = "made"
population = "residents"

[people]
psu = "w"

[design]
unweighted = true
psu = "psu"
"""


def test_a_study_file_asks_for_it(tmp_path: Any) -> None:
    made = simulate(respondents=60, seed=1)
    made.people.assign(w=lambda f: f.index % 20).to_csv(tmp_path / "survey.csv", index=False)
    pd.DataFrame({"group": list(made.known), "size": list(made.known.values())}).to_csv(
        tmp_path / "known.csv", index=False
    )
    (tmp_path / "mapping.toml").write_text(MAPPING, encoding="utf-8")
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    found = fl.run_study(tmp_path / "study.toml", out=tmp_path / "out").estimates
    direct = model_size(
        made.people, "hidden", known=made.known, population=1e6, design=UNWEIGHTED, model="combined", transmission=(40, 10),
        priors={"mu": (2, 9)}, draws=200, burn_in=50, largest=1e4, seed=1,
    )  # fmt: skip
    assert found["size"].value == pytest.approx(direct.value)
    assert "scale_up_clusters_ignored" in reasons_of(found["size"])
    assert found["scaled"].value > 0


# --- PyMC -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
def test_every_model_can_be_written_for_nuts(model: str) -> None:
    from fl_estimate.estimators.hidden.network.scale_up_nuts import recipe

    transmission = (8, 4) if model in ("transmission", "combined") else None
    made = recipe(problem(TINY, model, transmission=transmission))
    built = made.build(made.data)
    assert set(made.names) <= {variable.name for variable in (*built.free_RVs, *built.deterministics)}
    assert set(made.data) == {variable.name for variable in built.data_vars}


@pytest.mark.slow
@pytest.mark.parametrize("model", ["random-degree", "transmission", "barrier", "overdispersed"])
def test_nuts_and_gibbs_agree(model: str) -> None:
    made = simulate(model=model, respondents=60, known_sizes=(2_000, 5_000, 10_000, 20_000), seed=1)
    given: dict[str, Any] = {
        "known": made.known,
        "population": made.population,
        "design": UNWEIGHTED,
        "largest": 1e5,
        "seed": 1,
        "model": model,
    }
    given["transmission"] = (40, 10) if model == "transmission" else None
    exact = model_size(made.people, "hidden", **given)
    nuts = model_size(made.people, "hidden", sampler="nuts", draws=2_000, **given)
    assert nuts.draws is not None
    assert exact.draws is not None
    one, other = np.log(exact.draws[:, 0]), np.log(nuts.draws[:, 0])
    error = np.sqrt(one.var() / exact.diagnostics["ess_bulk_min"] + other.var() / nuts.diagnostics["ess_bulk_min"])
    assert abs(one.mean() - other.mean()) < 3.5 * error
    assert other.std() == pytest.approx(one.std(), rel=0.12)


@pytest.mark.slow
def test_correlated_biases_are_sampled_by_nuts() -> None:
    made = simulate(model="correlated", respondents=60, known_sizes=(2_000, 5_000, 10_000, 20_000), seed=1)
    found = model_size(
        made.people,
        "hidden",
        known=made.known,
        population=1e6,
        design=UNWEIGHTED,
        model="correlated",
        largest=1e5,
        draws=2_000,
        seed=1,
    )
    low, high = found.interval
    assert low < 5_000 < high
    assert found.diagnostics["sampler"] == "nuts"
    weighted = model_size(
        made.people, "hidden", known=made.known, population=1e6, design=UNWEIGHTED, model="correlated", largest=1e5, draws=2_000, seed=1,
        scaling="weighted",
    )  # fmt: skip
    assert weighted.value != found.value
    assert found.diagnostics["chains"] == 4
