"""Posterior of the logit-normal model without Markov chains: marginal densities of every area, and joint draws."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from scipy import special

from fl_estimate.arrays import Floats
from fl_estimate.estimators.hierarchical.engines.binomial import (
    Hyper,
    draw_areas,
    log_likelihood,
    slopes,
)
from fl_estimate.estimators.hierarchical.model.calibrated import tail_of
from fl_estimate.estimators.hierarchical.model.posterior import (
    NATIONAL_DRAWS,
    Model,
    Posterior,
    PosteriorRequest,
    grid_quantiles,
    resample,
    weighted_summary,
)
from fl_estimate.estimators.importance import Weighted

SCOUT, GRID, FINE = 61, 61, 181
"""Points of an area's density: to find where it lies, and then a fifth of its standard deviation apart, or a fifteenth where
spikes must be told apart."""
READ = 181
"""Points from which quantiles are read, between the others by splines."""
SCOUTED = 512
"""The scout looks at so many points of the hyper-parameters: the first of a Sobol sequence are themselves even."""
REACH = 18.0
"""A density below e^-18 of its highest value is taken as 0."""
NARROW = 0.75
"""Least width of a component, in distances of the points: sums over them are then right to 1e-5."""
MEANT = 1e-3
"""Share of the weight that components narrower than that must have to call for more points."""
CELLS = 60_000
"""Numbers held at a time: more would leave the processor's cache, and take several times as long."""
DRAWN = 30_000
"""Draws of areas held at a time."""


def sample_counts(model: Model, ask: PosteriorRequest, hyper: Hyper, weighted: Weighted) -> Posterior:
    """Summaries from the areas' marginal densities; joint draws beside them."""
    grid, density = marginal_densities(model, hyper)
    tail = _tail(model, hyper, grid, density, ask)
    ends = ask.tails if tail is None else (tail, 0.5, 1 - tail)
    lower, median, upper = special.expit(grid_quantiles(grid, density, ends))
    draws, national, joint = _draws(model, hyper, ask)
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
        joint=joint,
        tail=tail,
    )


def marginal_densities(model: Model, hyper: Hyper) -> tuple[Floats, Floats]:
    """Marginal posterior density of every area's log odds, on points of its own; both (m, READ).

    Notes
    -----
    f_i(eta) ∝ likelihood_i(eta) Σ_l w_l N(eta; x_i'beta_l, sigma_l) / Z_il, with Z_il the area's marginal likelihood at
    point l: the mixture over the hyper-parameters of the areas' exact densities given them.
    """
    low, high = _ranges(hyper)
    grid = np.linspace(low, high, SCOUT, axis=1)
    met = _log_density(model, _thinned(hyper), grid) > -REACH
    rows, last = np.arange(len(grid)), SCOUT - 1
    first = np.maximum(met.argmax(axis=1) - 1, 0)
    final = np.minimum(last - met[:, ::-1].argmax(axis=1) + 1, last)
    low, high = grid[rows, first], grid[rows, final]
    narrow = hyper.weight @ (hyper.sigma[:, None] < NARROW * (high - low) / (GRID - 1))
    points = FINE if narrow.max() > MEANT else GRID
    log_density = _log_density(model, hyper, np.linspace(low, high, points, axis=1))
    if points < READ:
        log_density = np.maximum(log_density, -3 * REACH) @ _spline(points, READ).T
    return np.linspace(low, high, READ, axis=1), np.exp(log_density - log_density.max(axis=1, keepdims=True))


@cache
def _spline(points: int, wanted: int) -> Floats:
    """A cubic spline through equally spaced points, as the matrix that turns their values into those at others."""
    from scipy.interpolate import CubicSpline

    return CubicSpline(np.linspace(0, 1, points), np.eye(points))(np.linspace(0, 1, wanted))


def _thinned(hyper: Hyper) -> Hyper:
    """Some of the points, which do to see where a density lies."""
    some = slice(SCOUTED)
    areas = hyper.areas
    return Hyper(
        beta=hyper.beta[some], u=hyper.u[some], weight=hyper.weight[some] / hyper.weight[some].sum(),
        areas=replace(areas, **{name: getattr(areas, name)[some] for name in ("log_z", "mode", "low", "high")}),
    )  # fmt: skip


def _ranges(hyper: Hyper) -> tuple[Floats, Floats]:
    """Where an area's log odds can lie, over the points that have any weight; shape (m,)."""
    met = hyper.weight > 1e-3 / len(hyper.weight)
    return hyper.areas.low[met].min(axis=0), hyper.areas.high[met].max(axis=0)


def _log_density(model: Model, hyper: Hyper, grid: Floats) -> Floats:
    """Log density of every area on its equally spaced points, the highest value 0.

    Where sigma is smaller than the points' distance, a component is no more than a spike between them. It is then taken
    as normal around its mean given the counts, with a width that the points still resolve.
    """
    centre, inverse = hyper.centre(model).T, np.sqrt(0.5) / hyper.sigma
    with np.errstate(divide="ignore"):
        share = np.log(hyper.weight) - hyper.u - hyper.areas.log_z.T
    width = NARROW * (grid[:, 1] - grid[:, 0])
    narrow = hyper.sigma < width[:, None]
    share = np.where(narrow, -np.inf, share)
    top = np.maximum(share.max(axis=1, keepdims=True), -1e300)
    share = np.exp(share - top)
    mixed = np.empty_like(grid)
    block = max(1, CELLS // len(hyper.u))
    for area, (at, middle) in enumerate(zip(grid, centre, strict=True)):
        for start in range(0, len(at), block):
            part = at[start : start + block, None] - middle
            part *= inverse
            np.square(part, out=part)
            np.negative(part, out=part)
            mixed[area, start : start + block] = np.exp(part, out=part) @ share[area]
    with np.errstate(divide="ignore"):
        log_density = np.log(mixed) + top + log_likelihood(grid.T, model).T
        for area in np.flatnonzero(narrow.any(axis=1)):
            one = slice(area, area + 1)
            spikes = _spikes(_areas(model, one), hyper, centre[one], narrow[one], width[one, None], grid[one, :, None])
            log_density[one] = np.logaddexp(log_density[one], np.log(spikes))
    return log_density - log_density.max(axis=1, keepdims=True)


def _areas(model: Model, part: slice) -> Model:
    """Some of the areas."""
    deff = None if model.deff is None else model.deff[part]
    return replace(model, y=model.y[part], size=model.size[part], x=model.x[part], deff=deff)


def _spikes(model: Model, hyper: Hyper, centre: Floats, narrow: Any, width: Floats, at: Floats) -> Floats:
    """The narrow components of some areas on their points: mean x'beta + sigma² (y − n p), to first order."""
    few = np.flatnonzero(narrow.any(axis=0))
    middle, sigma = centre[:, few], hyper.sigma[few]
    score = slopes(middle.T, model)[0].T
    mean = middle + sigma**2 * score
    mass = np.where(narrow[:, few], hyper.weight[few], 0.0) / width
    return (mass[:, None, :] * np.exp(-0.5 * ((at - mean[:, None, :]) / width[:, :, None]) ** 2)).sum(axis=2)


def _tail(model: Model, hyper: Hyper, grid: Floats, density: Floats, ask: PosteriorRequest) -> Floats | None:
    """Tail probabilities of calibrated limits: the densities' variances beside those of the areas around their covariates."""
    if not ask.calibrated:
        return None
    share = density / density.sum(axis=1, keepdims=True)
    mean = (share * grid).sum(axis=1, keepdims=True)
    variance = (share * (grid - mean) ** 2).sum(axis=1)
    centre = hyper.centre(model)
    prior = hyper.weight @ (hyper.sigma[:, None] ** 2 + (centre - hyper.weight @ centre) ** 2)
    return tail_of(variance, prior, ask)


def _sd(grid: Floats, density: Floats) -> Floats:
    """Standard deviation of the probability; the density is 0 at both ends, so that plain sums are the trapezoid's."""
    share = density / density.sum(axis=1, keepdims=True)
    p = special.expit(grid)
    mean = (share * p).sum(axis=1, keepdims=True)
    return np.sqrt((share * (p - mean) ** 2).sum(axis=1))


def _draws(model: Model, hyper: Hyper, ask: PosteriorRequest) -> tuple[Floats, Floats | None, dict[str, Floats]]:
    """Joint draws: hyper-parameters from their weights, then every area given them."""
    rng = np.random.default_rng(ask.seed)
    total = ask.draws if ask.shares is None else max(ask.draws, NATIONAL_DRAWS)
    block = max(1, min(total, DRAWN // len(model.y)))
    position, centre = resample(hyper.weight, total, rng), hyper.centre(model)
    kept, national = list[Floats](), list[Floats]()
    for start in range(0, total, block):
        at = position[start : start + block]
        p = special.expit(draw_areas(rng, centre[at], hyper.sigma[at], hyper.areas.mode[at], model))
        kept.append(p[: max(0, ask.draws - start)])
        if ask.shares is not None:
            national.append(p @ ask.shares)
    joint = {"sigma": hyper.sigma[position[: ask.draws]], "beta": hyper.beta[position[: ask.draws]]}
    return np.concatenate(kept), np.concatenate(national) if national else None, joint
