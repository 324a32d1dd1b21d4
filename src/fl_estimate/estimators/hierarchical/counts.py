"""Posterior of the logit-normal model without Markov chains: marginal densities of every area, and joint draws."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from fl_estimate.estimators.hierarchical.binomial import (
    Hyper,
    draw_areas,
    log_likelihood,
)
from fl_estimate.estimators.hierarchical.posterior import (
    NATIONAL_DRAWS,
    Ask,
    Model,
    Posterior,
    grid_quantiles,
    resample,
    weighted_summary,
)
from fl_estimate.estimators.importance import Weighted

Floats = npt.NDArray[np.float64]

SCOUT, GRID = 61, 181
"""Points of an area's marginal density: first to find where it lies, then less than a tenth of its standard deviation apart."""
REACH = 18.0
"""A density below e^-18 of its highest value is taken as 0."""
NARROW = 0.75
"""Least width of a component, in distances of the points: sums over them are then right to 1e-5."""
CELLS = 4_000_000


def sample_counts(model: Model, ask: Ask, hyper: Hyper, weighted: Weighted) -> Posterior:
    """Summaries from the areas' marginal densities; joint draws beside them."""
    grid, density = marginal_densities(model, hyper)
    lower, median, upper = special.expit(grid_quantiles(grid, density, ask.tails))
    draws, national = _draws(model, hyper, ask)
    columns = {"sigma": hyper.sigma, **dict(zip(model.names, hyper.beta.T, strict=True))}
    return Posterior(
        median=median,
        sd=_sd(grid, density),
        lower=lower,
        upper=upper,
        draws=draws,
        national=national,
        parameters={name: weighted_summary(values, hyper.weight, ask.tails) for name, values in columns.items()},
        diagnostics={
            "sampler": "grid",
            "importance_points": len(hyper.u),
            "importance_ess": weighted.ess,
            "importance_pareto_k": weighted.pareto_k,
        },
    )


def marginal_densities(model: Model, hyper: Hyper) -> tuple[Floats, Floats]:
    """Marginal posterior density of every area's log odds, on points of its own; both (m, GRID).

    Notes
    -----
    f_i(eta) ∝ likelihood_i(eta) Σ_l w_l N(eta; x_i'beta_l, sigma_l) / Z_il, with Z_il the area's marginal likelihood at
    point l: the mixture over the hyper-parameters of the areas' exact densities given them.
    """
    low, high = _ranges(hyper)
    grid = np.linspace(low, high, SCOUT, axis=1)
    met = _density(model, hyper, grid) > np.exp(-REACH)
    rows, last = np.arange(len(grid)), SCOUT - 1
    first = np.maximum(met.argmax(axis=1) - 1, 0)
    final = np.minimum(last - met[:, ::-1].argmax(axis=1) + 1, last)
    grid = np.linspace(grid[rows, first], grid[rows, final], GRID, axis=1)
    return grid, _density(model, hyper, grid)


def _ranges(hyper: Hyper) -> tuple[Floats, Floats]:
    """Where an area's log odds can lie, over the points that have any weight; shape (m,)."""
    met = hyper.weight > 1e-3 / len(hyper.weight)
    return hyper.areas.low[met].min(axis=0), hyper.areas.high[met].max(axis=0)


def _density(model: Model, hyper: Hyper, grid: Floats) -> Floats:
    """Density of every area on its equally spaced points, the highest value 1.

    Where sigma is smaller than the points' distance, a component is no more than a spike between them. It is then taken
    as normal around its mean given the counts, with a width that the points still resolve.
    """
    centre, sigma, size = hyper.centre(model).T, hyper.sigma, max(1, CELLS // (grid.shape[1] * len(hyper.u)))
    with np.errstate(divide="ignore"):
        share = np.log(hyper.weight) - hyper.u - hyper.areas.log_z.T
    width = NARROW * (grid[:, 1] - grid[:, 0])
    log_density = np.empty_like(grid)
    for start in range(0, len(grid), size):
        part = slice(start, start + size)
        at, middle, wide = grid[part, :, None], centre[part, None, :], width[part, None]
        narrow = sigma < wide
        parts = np.where(narrow, -np.inf, share[part])
        top = np.maximum(parts.max(axis=1, keepdims=True), -1e300)
        mixed = np.exp((parts - top)[:, None, :] - 0.5 * ((at - middle) / sigma) ** 2).sum(axis=2)
        with np.errstate(divide="ignore"):
            log_density[part] = np.log(mixed) + top + log_likelihood(grid[part].T, _areas(model, part)).T
            if narrow.any():
                spikes = _spikes(_areas(model, part), hyper, centre[part], narrow, wide, at)
                log_density[part] = np.logaddexp(log_density[part], np.log(spikes))
    return np.exp(log_density - log_density.max(axis=1, keepdims=True))


def _areas(model: Model, part: slice) -> Model:
    """Some of the areas."""
    return replace(model, y=model.y[part], size=model.size[part], x=model.x[part])


def _spikes(model: Model, hyper: Hyper, centre: Floats, narrow: Any, width: Floats, at: Floats) -> Floats:
    """The narrow components of some areas on their points: mean x'beta + sigma² (y − n p), to first order."""
    few = np.flatnonzero(narrow.any(axis=0))
    middle, sigma = centre[:, few], hyper.sigma[few]
    score = model.y[:, None] - model.size[:, None] * special.expit(middle)
    mean = middle + sigma**2 * score
    mass = np.where(narrow[:, few], hyper.weight[few], 0.0) / width
    return (mass[:, None, :] * np.exp(-0.5 * ((at - mean[:, None, :]) / width[:, :, None]) ** 2)).sum(axis=2)


def _sd(grid: Floats, density: Floats) -> Floats:
    """Standard deviation of the probability; the density is 0 at both ends, so that plain sums are the trapezoid's."""
    share = density / density.sum(axis=1, keepdims=True)
    p = special.expit(grid)
    mean = (share * p).sum(axis=1, keepdims=True)
    return np.sqrt((share * (p - mean) ** 2).sum(axis=1))


def _draws(model: Model, hyper: Hyper, ask: Ask) -> tuple[Floats, Floats | None]:
    """Joint draws: hyper-parameters from their weights, then every area given them."""
    rng = np.random.default_rng(ask.seed)
    total = ask.draws if ask.shares is None else max(ask.draws, NATIONAL_DRAWS)
    block = max(1, min(total, CELLS // len(model.y)))
    place = resample(hyper.weight, total, rng)
    kept, national = list[Floats](), list[Floats]()
    for start in range(0, total, block):
        at = place[start : start + block]
        p = special.expit(draw_areas(rng, hyper.beta[at], hyper.sigma[at], model))
        kept.append(p[: max(0, ask.draws - start)])
        if ask.shares is not None:
            national.append(p @ ask.shares)
    return np.concatenate(kept), np.concatenate(national) if national else None
