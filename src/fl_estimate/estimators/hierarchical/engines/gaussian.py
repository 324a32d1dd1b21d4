"""Fay–Herriot by hierarchical Bayes: a grid over sigma, everything else in closed form. Arrays only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from fl_estimate.arrays import Floats
from fl_estimate.estimators.hierarchical.model.links import natural
from fl_estimate.estimators.hierarchical.model.posterior import (
    NATIONAL_DRAWS,
    Model,
    Posterior,
    PosteriorRequest,
    grid_quantiles,
    resample,
)

COARSE, FINE = 61, 241
REACH = 25.0
"""Points of sigma whose log density is lower than the highest by more than this are left out."""
HERMITE = 40
HALVINGS = 45
"""Of the range of an area: to 1e-12 of its standard deviation."""


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Points of log sigma with what is known given each; g points, p coefficients.

    `log_density`, shape (g,), is that of log sigma, the Jacobian included; `coefficients` (g, p) and `covariance`
    (g, p, p) are those of the coefficients.
    """

    u: Floats
    log_density: Floats
    coefficients: Floats
    covariance: Floats

    @property
    def weight(self) -> Floats:
        raised = np.exp(self.log_density - self.log_density.max())
        return raised / raised.sum()


@dataclass(frozen=True, kw_only=True)
class NormalMixture:
    """Given each point of sigma an area is normal; mean and sd have shape (g, m)."""

    weight: Floats
    mean: Floats
    sd: Floats

    def quantile(self, probability: float) -> Floats:
        """Quantile of every area, by bisection of the mixture's distribution function."""
        low = (self.mean - 9 * self.sd).min(axis=0)
        high = (self.mean + 9 * self.sd).max(axis=0)
        for _ in range(HALVINGS):
            middle = 0.5 * (low + high)
            below = self.weight @ special.ndtr((middle - self.mean) / self.sd) < probability
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return 0.5 * (low + high)

    def moments(self, link: str) -> tuple[Floats, Floats]:
        """Mean and standard deviation of every area on the natural scale."""
        if link == "identity":
            mean = self.weight @ self.mean
            return mean, np.sqrt(self.weight @ (self.sd**2 + (self.mean - mean) ** 2))
        nodes, node_weight = np.polynomial.hermite_e.hermegauss(HERMITE)
        first, second = np.zeros(self.mean.shape[1]), np.zeros(self.mean.shape[1])
        for node, share in zip(nodes, node_weight / node_weight.sum(), strict=True):
            p = natural(self.mean + node * self.sd, link)
            first += share * (self.weight @ p)
            second += share * (self.weight @ p**2)
        return first, np.sqrt(np.maximum(second - first**2, 0.0))


def evaluate(model: Model, u: Floats) -> Grid:
    """Log marginal posterior of log sigma, and the coefficients given it.

    Notes
    -----
    With V_i = sigma² + D_i, W = 1/V, prior precision P of the coefficients around m: A = X'WX + P, b = A⁻¹(X'Wy + Pm),
    log density = log prior(sigma) + log sigma − ½ Σ log V − ½ log|A| − ½ Σ W r² − ½ (b − m)'P(b − m).
    """
    met = np.isfinite(model.y)
    y, d, x, priors = model.y[met], model.size[met], model.x[met], model.priors
    p, sigma = x.shape[1], np.exp(u)
    w = 1 / (sigma[:, None] ** 2 + d)
    a = (w @ (x[:, :, None] * x[:, None, :]).reshape(-1, p * p)).reshape(-1, p, p) + np.diag(priors.precision)
    b = np.linalg.solve(a, (w @ (x * y[:, None]) + priors.precision * priors.mean)[:, :, None])[:, :, 0]
    squares = (w * (y - b @ x.T) ** 2).sum(axis=1) + ((b - priors.mean) ** 2) @ priors.precision
    log_density = priors.sigma.log(sigma) + u + 0.5 * (np.log(w).sum(axis=1) - np.linalg.slogdet(a)[1] - squares)
    return Grid(u=u, log_density=log_density, coefficients=b, covariance=np.linalg.inv(a))


def make_grid(model: Model) -> Grid:
    """Find where sigma has its mass, and lay the points there."""
    met = np.isfinite(model.y)
    # Below 1e-6 of the data's own scale a prior that is positive at 0 has no mass left to speak of.
    scale = float(np.sqrt(np.var(model.y[met]) + model.size[met].mean()))
    u = np.linspace(np.log(1e-6 * scale), np.log(1e5 * scale), COARSE)
    for points in (COARSE, COARSE, FINE):
        found = evaluate(model, u).log_density
        inside = np.flatnonzero(found > found.max() - REACH)
        u = np.linspace(u[max(inside[0] - 1, 0)], u[min(inside[-1] + 1, len(u) - 1)], points)
    return evaluate(model, u)


def areas_given(model: Model, grid: Grid) -> NormalMixture:
    """Mean and standard deviation of every area given each point of the grid.

    Notes
    -----
    With gamma = sigma²/(sigma² + D), B = 1 − gamma and C the covariance of the coefficients:
    mean gamma y + B x'b, variance gamma D + B² x'Cx; without sample x'b and sigma² + x'Cx.
    """
    variance = np.exp(2 * grid.u)[:, None]
    met = np.isfinite(model.y)
    y, d = np.where(met, model.y, 0.0), np.where(met, model.size, 1.0)
    gamma = np.where(met, variance / (variance + d), 0.0)
    spread = np.einsum("ij,gjk,ik->gi", model.x, grid.covariance, model.x, optimize=True)
    mean = gamma * y + (1 - gamma) * (grid.coefficients @ model.x.T)
    own = np.where(met, gamma * d, variance)
    return NormalMixture(weight=grid.weight, mean=mean, sd=np.sqrt(own + (1 - gamma) ** 2 * spread))


def sample_grid(model: Model, ask: PosteriorRequest) -> Posterior:
    """Summaries from the mixture over sigma; joint draws beside them."""
    grid = make_grid(model)
    every = areas_given(model, grid)
    kept = every.weight > 1e-10 * every.weight.max()
    mixture = NormalMixture(
        weight=every.weight[kept] / every.weight[kept].sum(), mean=every.mean[kept], sd=every.sd[kept]
    )
    lower, median, upper = (natural(mixture.quantile(tail), model.link) for tail in ask.tails)
    draws, national, joint = _draws(model, grid, ask)
    return Posterior(
        median=median,
        sd=mixture.moments(model.link)[1],
        lower=lower,
        upper=upper,
        draws=draws,
        national=national,
        parameters=_parameters(model, grid, ask),
        diagnostics={"sampler": "grid", "grid_points": len(grid.u)},
        joint=joint,
    )


def _parameters(model: Model, grid: Grid, ask: PosteriorRequest) -> dict[str, dict[str, float]]:
    """Posterior summaries of sigma and the coefficients."""
    from scipy.interpolate import CubicSpline

    fine = np.linspace(grid.u[0], grid.u[-1], 8_001)
    density = np.exp(CubicSpline(grid.u, grid.log_density)(fine) - grid.log_density.max())
    weight, sigma = density / density.sum(), np.exp(fine)
    mean = float(weight @ sigma)
    lower, median, upper = np.exp(grid_quantiles(fine[None, :], density[None, :], ask.tails))[:, 0]
    sd = float(np.sqrt(weight @ (sigma - mean) ** 2))
    result = {"sigma": {"mean": mean, "sd": sd, "lower": float(lower), "median": float(median), "upper": float(upper)}}
    spread = np.sqrt(np.diagonal(grid.covariance, axis1=1, axis2=2))
    mixture = NormalMixture(weight=grid.weight, mean=grid.coefficients, sd=spread)
    means, sds = mixture.moments("identity")
    limits = [mixture.quantile(tail) for tail in ask.tails]
    for position, name in enumerate(model.names):
        lower, median, upper = (float(limit[position]) for limit in limits)
        result[name] = {
            "mean": float(means[position]), "sd": float(sds[position]), "lower": lower, "median": median, "upper": upper,
        }  # fmt: skip
    return result


def _draws(model: Model, grid: Grid, ask: PosteriorRequest) -> tuple[Floats, Floats | None, dict[str, Floats]]:
    """Joint draws: sigma from its weights, the coefficients given sigma, the areas given both."""
    rng = np.random.default_rng(ask.seed)
    total = ask.draws if ask.shares is None else max(ask.draws, NATIONAL_DRAWS)
    block = max(1, min(total, 4_000_000 // len(model.y)))
    position = resample(grid.weight, total, rng)
    root = np.linalg.cholesky(grid.covariance)
    met = np.isfinite(model.y)
    y, d = np.where(met, model.y, 0.0), np.where(met, model.size, 1.0)
    kept, national, betas = list[Floats](), list[Floats](), list[Floats]()
    for start in range(0, total, block):
        at = position[start : start + block]
        variance = np.exp(2 * grid.u[at])[:, None]
        beta = grid.coefficients[at] + np.einsum(
            "sjk,sk->sj", root[at], rng.standard_normal((len(at), len(model.names)))
        )
        gamma = np.where(met, variance / (variance + d), 0.0)
        own = np.sqrt(np.where(met, gamma * d, variance))
        theta = gamma * y + (1 - gamma) * (beta @ model.x.T) + own * rng.standard_normal((len(at), len(y)))
        values = natural(theta, model.link)
        kept.append(values[: max(0, ask.draws - start)])
        betas.append(beta[: max(0, ask.draws - start)])
        if ask.shares is not None:
            national.append(values @ ask.shares)
    joint = {"sigma": np.exp(grid.u[position[: ask.draws]]), "beta": np.concatenate(betas)}
    return np.concatenate(kept), np.concatenate(national) if national else None, joint
