"""The beta-binomial model of counts: areas integrated out in closed form, coefficients and kappa by importance sampling. Arrays only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from fl_estimate.arrays import Floats
from fl_estimate.estimators.hierarchical.model.posterior import (
    NATIONAL_DRAWS,
    Model,
    Posterior,
    PosteriorRequest,
    grid_quantiles,
    resample,
    weighted_summary,
)
from fl_estimate.estimators.hierarchical.model.priors import Density
from fl_estimate.estimators.importance import Weighted, around_mode, evenly_weighted, weigh

STUDENT_DF = 5.0
SCOUT, GRID = 61, 361
"""Points of an area's density: with a share near 0 it reaches far to the left, and falls steeply on the right."""
REACH = 10.0


@dataclass(frozen=True, kw_only=True)
class BetaPoints:
    """Points of the coefficients (L, p) and of kappa (L,) with weights that sum to 1."""

    beta: Floats
    kappa: Floats
    weighted: Weighted

    def shapes(self, model: Model) -> tuple[Floats, Floats]:
        """Both parameters of every area's beta distribution given the counts, shape (L, m)."""
        mu = special.expit(self.beta @ model.x.T)
        a = mu * self.kappa[:, None]
        return a + model.y, self.kappa[:, None] - a + model.size - model.y


def log_marginal(beta: Floats, log_kappa: Floats, model: Model) -> Floats:
    """Log likelihood of every area at every point with its share integrated out, shape (L, m).

    Notes
    -----
    log B(a + y, b + n − y) − log B(a, b), a = mu kappa, b = (1 − mu) kappa, logit mu = x'beta.
    """
    eta = beta @ model.x.T
    kappa = np.exp(log_kappa)[:, None]
    a, b = special.expit(eta) * kappa, special.expit(-eta) * kappa
    return special.betaln(a + model.y, b + model.size - model.y) - special.betaln(a, b)


def _log_posterior(at: Floats, model: Model) -> Floats:
    """Log posterior of (coefficients, log kappa), points in rows."""
    beta, log_kappa = at[:, :-1], at[:, -1]
    prior = -0.5 * ((beta - model.priors.mean) ** 2) @ model.priors.precision + _prior_of_kappa(model).log(
        np.exp(log_kappa)
    )
    return log_marginal(beta, log_kappa, model).sum(axis=1) + prior


def beta_points(model: Model) -> BetaPoints:
    """Points of the hyper-parameters: Student's t around the mode, weighted by the exact posterior."""
    from scipy import optimize

    def off(at: Floats) -> float:
        return -float(_log_posterior(np.clip(at, -700, 25)[None, :], model)[0])

    first = special.logit((model.y.sum() + 0.5) / (model.size.sum() + 1))
    start = np.array([first, *np.zeros(model.x.shape[1] - 1), _prior_of_kappa(model).numbers[0]])
    result = optimize.minimize(off, start, method="BFGS", options={"gtol": 1e-6})
    mode, root = around_mode(off, np.asarray(result.x, dtype=float))

    def at_points(even: Floats) -> tuple[Floats, Weighted]:
        chi_square = 2 * special.gammaincinv(STUDENT_DF / 2, even[:, -1])
        t = special.ndtri(even[:, :-1]) * np.sqrt(STUDENT_DF / chi_square)[:, None]
        at = mode + t @ root.T
        at[:, -1] = np.minimum(at[:, -1], 25.0)
        log_q = -0.5 * (STUDENT_DF + len(mode)) * np.log1p((t**2).sum(axis=1) / STUDENT_DF)
        return at, weigh(_log_posterior(at, model) - log_q)

    at, weighted = evenly_weighted(at_points, dimensions=len(mode) + 1, areas=len(model.y))
    return BetaPoints(beta=at[:, :-1], kappa=np.exp(at[:, -1]), weighted=weighted)


def _prior_of_kappa(model: Model) -> Density:
    assert model.kappa is not None  # every beta-binomial model has one
    return model.kappa


def sample_beta_binomial(model: Model, ask: PosteriorRequest, points: BetaPoints) -> Posterior:
    """Summaries from the areas' marginal densities; joint draws beside them."""
    grid, density = _marginals(model, points)
    lower, median, upper = special.expit(grid_quantiles(grid, density, ask.tails))
    a, b = points.shapes(model)
    weight = points.weighted.weight
    mean, second = weight @ (a / (a + b)), weight @ (a * (a + 1) / ((a + b) * (a + b + 1)))
    draws, national, joint = _draws(points, a, b, ask)
    columns = {"kappa": points.kappa, **dict(zip(model.names, points.beta.T, strict=True))}
    return Posterior(
        median=median,
        sd=np.sqrt(np.maximum(second - mean**2, 0.0)),
        lower=lower,
        upper=upper,
        draws=draws,
        national=national,
        parameters={name: weighted_summary(values, weight, ask.tails) for name, values in columns.items()},
        diagnostics={
            "sampler": "grid",
            "importance_points": len(weight),
            "importance_ess": points.weighted.ess,
            "importance_pareto_k": points.weighted.pareto_k,
        },
        joint=joint,
    )


def _marginals(model: Model, points: BetaPoints) -> tuple[Floats, Floats]:
    """Density of every area's log odds on points of its own, a mixture of beta distributions; both (m, GRID)."""
    weight = points.weighted.weight
    met = weight > 1e-3 / len(weight)
    a, b = (part[met] for part in points.shapes(model))
    middle = special.digamma(a) - special.digamma(b)
    spread = np.sqrt(special.polygamma(1, a) + special.polygamma(1, b))
    low, high = (middle - 14 * spread).min(axis=0), (middle + 14 * spread).max(axis=0)
    log_weight = np.log(weight[met])[:, None] - special.betaln(a, b)
    grid = np.linspace(low, high, SCOUT, axis=1)
    seen = _density(grid, a, b, log_weight) > np.exp(-REACH)
    rows, last = np.arange(len(grid)), SCOUT - 1
    first = np.maximum(seen.argmax(axis=1) - 1, 0)
    final = np.minimum(last - seen[:, ::-1].argmax(axis=1) + 1, last)
    grid = np.linspace(grid[rows, first], grid[rows, final], GRID, axis=1)
    return grid, _density(grid, a, b, log_weight)


def _density(grid: Floats, a: Floats, b: Floats, log_weight: Floats) -> Floats:
    """Mixture density of every area's log odds, the highest value 1: Σ w p^a (1 − p)^b / B(a, b)."""
    out = np.empty_like(grid)
    for area, eta in enumerate(grid):
        terms = np.column_stack([-np.logaddexp(0, -eta), -np.logaddexp(0, eta), np.ones(len(eta))])
        parts = terms @ np.vstack([a[:, area], b[:, area], log_weight[:, area]])
        top = parts.max(axis=1)
        parts -= top[:, None]
        out[area] = np.log(np.exp(parts, out=parts).sum(axis=1)) + top
    return np.exp(out - out.max(axis=1, keepdims=True))


def _draws(
    points: BetaPoints, a: Floats, b: Floats, ask: PosteriorRequest
) -> tuple[Floats, Floats | None, dict[str, Floats]]:
    """Joint draws: hyper-parameters from their weights, then every area's share given them."""
    rng = np.random.default_rng(ask.seed)
    total = ask.draws if ask.shares is None else max(ask.draws, NATIONAL_DRAWS)
    position = resample(points.weighted.weight, total, rng)
    drawn = rng.beta(a[position], b[position])
    joint = {"kappa": points.kappa[position[: ask.draws]], "beta": points.beta[position[: ask.draws]]}
    return drawn[: ask.draws], None if ask.shares is None else drawn @ ask.shares, joint
