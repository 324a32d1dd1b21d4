"""The scale-up models as PyMC writes them, sampled by NUTS: the correlated one, and the others for comparison."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.estimators.hidden.network.scale_up_problem import (
    CORRELATED,
    OVERDISPERSED,
    ScaleUpChains,
    ScaleUpProblem,
    kept_every,
)
from fl_estimate.estimators.sampling import CHAINS, ModelRecipe, run_nuts

LEAST_LOG_DEGREE = -4.0
"""From here a degree is nobody: who knows nobody of any group has no other lower end."""


def sample_scale_up_nuts(problem: ScaleUpProblem, *, draws_per_chain: int, seed: int, progress: bool) -> ScaleUpChains:
    """Markov chains of NUTS for a scale-up model.

    Raises
    ------
    EstimateFault
        FL-EST-60, FL-EST-61.
    """
    run = run_nuts(recipe(problem), draws_per_chain=draws_per_chain, seed=seed, progress=progress)
    draws = {name: values.reshape(CHAINS, -1, *values.shape[1:]) for name, values in run.draws.items()}
    effects, every = problem.model in (CORRELATED, OVERDISPERSED), kept_every(draws_per_chain)
    made = _effects(problem, draws) if effects else _shares(problem, draws, seed)
    log_degree = draws["a" if effects else "x"]
    return ScaleUpChains(
        **made,
        log_degree=log_degree[:, : draws_per_chain // every * every : every],
        mean_degree=np.exp(log_degree) @ problem.weights / problem.weights.sum(),
        diagnostics={"sampler": "nuts", **run.verdict.to_dict()},
        flags=run.verdict.flags,
        stats=dict(run.stats),
    )


def _shares(problem: ScaleUpProblem, draws: Mapping[str, Floats], seed: int) -> dict[str, Any]:
    """Of the random-degree family."""
    every = (*draws["mu"].shape, len(problem.sizes))
    log_m = _back(problem, np.exp(draws["x"]), seed)
    log_m[..., problem.hidden] = draws["log_m"]
    tau = np.ones(every)
    tau[..., problem.hidden] = np.where(problem.fixed_tau > 0, problem.fixed_tau, draws.get("tau", 1.0))
    parameters = {"mu": draws["mu"], "sigma": draws["sigma"]}
    if problem.barrier:
        parameters["rho"] = draws["rho"]
    if problem.transmits:
        parameters["tau"] = tau
    return {"log_share": log_m, "parameters": parameters}


def _back(problem: ScaleUpProblem, degree: Floats, seed: int) -> Floats:
    """Log shares that reports about known groups say given degrees: the draws that the exact sampler makes without barriers."""
    ties = (degree * problem.weights) @ problem.told
    met = np.maximum(problem.met, 0.5)
    drawn = np.random.default_rng(seed).beta(met, np.maximum(ties - met, 0.0) + 1)
    return np.log(np.clip(drawn, 1 / problem.population, 1.0))


def _effects(problem: ScaleUpProblem, draws: Mapping[str, Floats]) -> dict[str, Any]:
    """Of the models that take shares as random effects."""
    names = (
        ("mu", "sd_a", "sd_b", "omega")
        if problem.model == OVERDISPERSED
        else ("mu_rho", "sd_rho", "sd_degree", "sd_bias")
    )
    return {
        "log_share": draws["b"],
        "parameters": {name: draws[name] for name in names},
        "correlation": _whole(draws["correlation"], len(problem.names)) if "correlation" in draws else None,
    }


def _whole(lower: Floats, groups: int) -> Floats:
    """Correlation matrices from what is below their diagonals."""
    result = np.broadcast_to(np.eye(groups), (*lower.shape[:-1], groups, groups)).copy()
    row, column = np.tril_indices(groups, -1)
    result[..., row, column] = result[..., column, row] = lower
    return result


def recipe(problem: ScaleUpProblem) -> ModelRecipe:
    """The model for the sampler: what is compiled, and the data that it is fed."""
    most = np.where(problem.told, problem.reports, 0).max(axis=1)
    data: dict[str, Any] = {
        "y": problem.reports.astype(float),
        "weight": np.where(problem.told, problem.weights[:, None], 0.0),
        "power": problem.weights.astype(float),
    }
    if problem.model == CORRELATED:
        names: tuple[str, ...] = ("mu_rho", "sd_rho", "sd_degree", "sd_bias", "b", "a", "correlation")
    elif problem.model == OVERDISPERSED:
        data["bounds"] = np.array(problem.bounds)
        names = ("mu", "sd_a", "sd_b", "omega", "b", "a")
    else:
        data |= {
            "bounds": np.array(problem.bounds),
            "least": np.where(most > 0, np.log(np.maximum(most, 1)), LEAST_LOG_DEGREE),
            "log_known": problem.log_shares[~problem.hidden],
            "log_population": np.array(np.log(problem.population)),
        }
        names = ("mu", "sigma", "log_m", "x")
        names += ("rho",) if problem.barrier else ()
        if problem.transmits:
            data |= {"tau_first": problem.tau_first, "tau_second": problem.tau_second}
            names += ("tau",)
        elif (problem.fixed_tau < 1).any():
            data["fixed_tau"] = problem.fixed_tau
    key = ("scale-up", problem.model, problem.reports.shape, int(problem.hidden.sum()), tuple(sorted(data)))
    build = {CORRELATED: _correlated, OVERDISPERSED: _overdispersed}.get(problem.model, _random_degree)
    return ModelRecipe(key=key, build=lambda given: build(problem, given), data=data, names=names, kept={})


def _random_degree(problem: ScaleUpProblem, data: Mapping[str, Any]) -> Any:
    """Random degrees, with or without barriers and transmission; whole degrees are taken as continuous."""
    import pymc as pm

    math: Any = pm.math  # not typed
    n, hidden = len(problem.reports), int(problem.hidden.sum())
    with pm.Model() as built:
        given: Any = {name: pm.Data(name, value) for name, value in data.items()}
        bounds = given["bounds"]
        mu, sigma = _flat(pm, "mu", bounds, 0), _flat(pm, "sigma", bounds, 2)
        above: Any = pm.HalfFlat("above", shape=n)
        x: Any = pm.Deterministic("x", given["least"] + above)
        pm.Potential("log_degrees", (given["power"] * (-0.5 * ((x - mu) / sigma) ** 2 - math.log(sigma))).sum())
        # 1/m from one person to all of them: flat in log m.
        share: Any = pm.Uniform("log_m_share", 0.0, 1.0, shape=hidden)
        log_hidden: Any = pm.Deterministic("log_m", -given["log_population"] * share)
        m = math.exp(math.concatenate([given["log_known"], log_hidden]))
        y, d = given["y"], math.exp(x)[:, None]
        tau: Any = given.get("fixed_tau", 1.0)
        if problem.transmits:
            tau = pm.Beta("tau", given["tau_first"], given["tau_second"], shape=hidden)
        tells = hidden > 0 and (problem.transmits or "fixed_tau" in given)
        one = math.ones_like(given["log_known"])
        rate = math.concatenate([one, tau * math.ones_like(log_hidden)]) if tells else None
        log_density = _log_choose(math, d, y)
        if not problem.barrier:
            q = m if rate is None else m * rate
            log_density += y * math.log(q) + (d - y) * math.log1p(-q)
        else:
            log_density += _with_barriers(pm, problem, m, rate, y, d)
        pm.Potential("likelihood", (given["weight"] * log_density).sum())
    return built


def _with_barriers(pm: Any, problem: ScaleUpProblem, m: Any, rate: Any, y: Any, d: Any) -> Any:
    """Of shares that differ from respondent to respondent: summed out, or, where reports are thinned too, drawn."""
    math, gammaln = pm.math, pm.math.gammaln
    groups, hidden = problem.reports.shape[1], int(problem.hidden.sum())
    rho: Any = pm.Uniform("rho", 0.0, 1.0, shape=groups)
    size = 1 / rho - 1
    a, b = m * size, (1 - m) * size
    exact = gammaln(a + y) + gammaln(b + d - y) - gammaln(size + d) - gammaln(a) - gammaln(b) + gammaln(size)
    if rate is None:
        return exact
    known = groups - hidden
    own: Any = pm.Beta("share", a[known:], b[known:], shape=(len(problem.reports), hidden))
    # The latent shares are not part of the likelihood's powers: without weights all of these are 1.
    q = own * rate[known:]
    thinned = y[:, known:] * math.log(q) + (d - y[:, known:]) * math.log1p(-q)
    return math.concatenate([exact[:, :known], thinned], axis=1)


def _overdispersed(problem: ScaleUpProblem, data: Mapping[str, Any]) -> Any:
    """Zheng, Salganik and Gelman's model; the mean of groups' effects is 0, which the rule of scaling undoes."""
    import pymc as pm

    math: Any = pm.math  # not typed
    gammaln = math.gammaln
    n, groups = problem.reports.shape
    with pm.Model() as built:
        given: Any = {name: pm.Data(name, value) for name, value in data.items()}
        bounds = given["bounds"]
        sd_a, sd_b = _flat(pm, "sd_a", bounds, 2), _flat(pm, "sd_b", bounds, 4)
        z_a: Any = pm.Flat("z_a", shape=n)
        pm.Potential("respondents", (-0.5 * given["power"] * z_a**2).sum())
        z_b: Any = pm.Normal("z_b", shape=groups)
        b: Any = pm.Deterministic("b", sd_b * z_b)
        # What the data know is the level of a + b: the mean of a is that less the mean of b.
        level: Any = pm.Flat("level")
        mu: Any = pm.Deterministic("mu", level - b.mean())
        pm.Potential("prior_mu", math.switch((mu >= bounds[0]) & (mu <= bounds[1]), 0.0, -np.inf))
        a: Any = pm.Deterministic("a", mu + sd_a * z_a)
        inverse: Any = pm.Uniform("inverse", 0.0, 1.0, shape=groups)
        pm.Deterministic("omega", 1 / inverse)
        y, excess = given["y"], 1 / inverse - 1
        size = math.exp(a[:, None] + b) / excess
        log_density = gammaln(y + size) - gammaln(size) + size * math.log(inverse) + y * math.log1p(-inverse)
        pm.Potential("likelihood", (given["weight"] * log_density).sum())
    return built


def _correlated(problem: ScaleUpProblem, data: Mapping[str, Any]) -> Any:
    """Laga, Bao and Niu's model: log-normal biases of mean 1 that hang together between groups."""
    import pymc as pm

    math: Any = pm.math  # not typed
    n, groups = problem.reports.shape
    prior = problem.priors
    with pm.Model() as built:
        given: Any = {name: pm.Data(name, value) for name, value in data.items()}
        mu: Any = pm.Normal("mu_rho", *prior["mu_rho"])
        sd: Any = pm.HalfCauchy("sd_rho", *prior["sd_rho"])
        sd_degree: Any = pm.HalfCauchy("sd_degree", *prior["sd_degree"])
        z_b: Any = pm.Normal("z_b", shape=groups)
        b: Any = pm.Deterministic("b", mu + sd * z_b)
        z_a: Any = pm.Flat("z_a", shape=n)
        z: Any = pm.Flat("z", shape=(n, groups))
        pm.Potential("respondents", (-0.5 * given["power"] * (z_a**2 + (z**2).sum(axis=1))).sum())
        a: Any = pm.Deterministic("a", sd_degree * z_a)
        together: Any = pm.LKJCholeskyCov(
            "together", n=groups, eta=prior["eta"][0], sd_dist=pm.HalfCauchy.dist(*prior["sd_bias"]), compute_corr=True
        )  # fmt: skip
        covariance, correlation, scale = together
        # Ones of the diagonal are no chains.
        pm.Deterministic("correlation", correlation[np.tril_indices(groups, -1)])
        pm.Deterministic("sd_bias", scale)
        # e^bias has mean 1 and standard deviation `scale`.
        spread = math.sqrt(math.log1p(scale**2))
        bias = spread * math.dot(z, (covariance / scale[:, None]).T) - 0.5 * spread**2
        log_mean = a[:, None] + b + bias
        pm.Potential("likelihood", (given["weight"] * (given["y"] * log_mean - math.exp(log_mean))).sum())
    return built


def _log_choose(math: Any, d: Any, y: Any) -> Any:
    return math.gammaln(d + 1) - math.gammaln(d - y + 1)


def _flat(pm: Any, name: str, bounds: Any, at: int) -> Any:
    """A flat prior between two ends that are data."""
    share: Any = pm.Uniform(f"{name}_share", 0.0, 1.0)
    return pm.Deterministic(name, bounds[at] + (bounds[at + 1] - bounds[at]) * share)
