"""Counts with effects that hang together: Laplace's approximation on a grid, put right by joint importance weights. Arrays only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from fl_estimate.arrays import Floats
from fl_estimate.estimators.hierarchical.engines.binomial import log_likelihood
from fl_estimate.estimators.hierarchical.engines.latent import ImportanceDraws, LatentEffects, find_mode
from fl_estimate.estimators.hierarchical.engines.two_pieces import two_pieces
from fl_estimate.estimators.hierarchical.model.links import natural
from fl_estimate.estimators.hierarchical.model.posterior import (
    Model,
    Posterior,
    PosteriorRequest,
    resample,
    weighted_summary,
)
from fl_estimate.estimators.hierarchical.model.structure import Structure
from fl_estimate.estimators.importance import weigh

COARSE = (9, 5)
FINE = ((13, 11), (40, 40))
"""Cells of log sigma and of phi (or rho): to find the mass; to draw from; and to draw from where those weights are poor."""
CELLS = 200_000
"""Most cells times areas of the last."""
REACH = 9.0
"""Cells whose log density is lower than the highest by more than this are left out."""
DRAWS = 40_000
"""Importance draws: with half of them effective, a 2.5 % quantile is good to 2 % of the posterior's standard deviation."""
ENOUGH = 0.1
"""Share of the draws that must be effective, for the coarser cells to do."""
LOGIT_REACH = 8.0
"""Cells of a spatial autoregression's rho are even in its logit, this far: effects grow as 1/(1 − rho)."""


@dataclass(frozen=True, kw_only=True)
class _Laplace:
    """Mode and spread of (coefficients, z) at a point of the hyper-parameters, and Laplace's log density of the point."""

    latent: LatentEffects
    log_density: float


def laplace(model: Model, structure: Structure, u: float, h: float, start: Floats | None) -> _Laplace:
    """Laplace's approximation at log sigma u and phi or rho h, from a neighbour's mode where there is one."""
    latent = find_mode(model, np.hstack([model.x, np.exp(u) * structure.root(h)]), start)
    prior = float(model.priors.sigma.log(np.array(np.exp(u)))) + u
    return _Laplace(latent=latent, log_density=latent.log_density + prior)


@dataclass(frozen=True, kw_only=True)
class _Cells:
    """A grid of cells in log sigma and t, from which phi or rho follows; log mass of each, (a, b)."""

    u: Floats
    t: Floats
    half_u: float
    half_t: float
    points: dict[tuple[int, int], _Laplace]
    log_mass: Floats


def _h_of(structure: Structure, t: Floats) -> tuple[Floats, Floats]:
    """The share or correlation h, and the log of its prior density in t."""
    if structure.prior is None:
        return np.full_like(t, np.nan), np.zeros_like(t)
    low, high = structure.prior.ends
    if structure.kind == "sar":
        share = special.expit(LOGIT_REACH * (2 * t - 1))
        h = low + (high - low) * share
        return h, structure.prior.log(h) + np.log(share) + np.log1p(-share)
    h = low + (high - low) * np.clip(np.sin(0.5 * np.pi * t) ** 2, 1e-12, 1 - 1e-12)
    return h, structure.prior.log(h) + np.log(np.maximum(np.sin(np.pi * t), 1e-12))


def _columns(structure: Structure, columns: int) -> int:
    """How many cells of phi or rho; a spatial autoregression takes twice as many."""
    if not structure.hyper:
        return 1
    return 2 * columns if structure.kind == "sar" else columns


def _cells(model: Model, structure: Structure, low: float, high: float, shape: tuple[int, int]) -> _Cells:
    rows, columns = shape[0], _columns(structure, shape[1])
    half_u, half_t = (high - low) / rows / 2, 0.5 / columns
    u = low + half_u * (2 * np.arange(rows, dtype=np.float64) + 1)
    t = half_t * (2 * np.arange(columns, dtype=np.float64) + 1)
    h, log_prior = _h_of(structure, t)
    points: dict[tuple[int, int], _Laplace] = {}
    log_mass = np.empty((rows, columns))
    start: Floats | None = None
    for a in range(rows):
        for b in range(columns) if a % 2 == 0 else reversed(range(columns)):
            points[a, b] = laplace(model, structure, float(u[a]), float(h[b]), start)
            start = points[a, b].latent.mode
            log_mass[a, b] = points[a, b].log_density + log_prior[b]
    return _Cells(u=u, t=t, half_u=half_u, half_t=half_t, points=points, log_mass=log_mass)


def draw_weighted(model: Model, structure: Structure, seed: int) -> ImportanceDraws:
    """Draw hyper-parameters from the cells and everything else given them, and weigh the draws.

    Within a cell sigma and phi (or rho) are uniform, and the weight is taken where they fell: the cells' shape leaves no
    trace in the answer. Weight: likelihood × priors over the density that the draw came from. Where sigma is large and areas
    nearly move together, Laplace's approximation changes within a cell, and smaller ones are taken.
    """
    coarse = _cells(model, structure, float(np.log(0.005)), float(np.log(12.0)), COARSE)
    top = coarse.log_mass.max(axis=1)
    inside = np.flatnonzero(top > top.max() - REACH)
    low = float(coarse.u[max(inside[0] - 1, 0)] - coarse.half_u)
    high = float(coarse.u[min(inside[-1] + 1, len(coarse.u) - 1)] + coarse.half_u)
    drawn = _draw_from(model, structure, _cells(model, structure, low, high, FINE[0]), seed)
    many = FINE[1][0] * _columns(structure, FINE[1][1]) * len(model.y)
    if (drawn.weighted.good and drawn.weighted.ess >= ENOUGH * DRAWS) or many > CELLS:
        return drawn
    return _draw_from(model, structure, _cells(model, structure, low, high, FINE[1]), seed)


def _draw_from(model: Model, structure: Structure, cells: _Cells, seed: int) -> ImportanceDraws:
    """Draws from the cells as often as they weigh."""
    mass = np.exp(cells.log_mass - cells.log_mass.max())
    # A little everywhere: no weight can then be large because Laplace's density is too thin somewhere.
    mass = 0.95 * mass / mass.sum() + 0.05 / mass.size
    modes = np.array([[cells.points[a, b].latent.mode for b in range(len(cells.t))] for a in range(len(cells.u))])
    rng = np.random.default_rng(seed)
    positions = np.sort(resample(mass.ravel(), DRAWS, rng))
    p = model.x.shape[1]
    eta = np.empty((DRAWS, len(model.y)))
    u, h, log_weight = np.empty(DRAWS), np.empty(DRAWS), np.empty(DRAWS)
    beta = np.empty((DRAWS, p))
    first = 0
    for position, count in zip(*np.unique(positions, return_counts=True), strict=True):
        a, b = divmod(int(position), len(cells.t))
        part = slice(first, first + int(count))
        first += int(count)
        at = cells.points[a, b].latent
        offset, log_proposal = two_pieces(model, at).draw(rng, int(count))
        within = 2 * rng.random((2, int(count))) - 1
        u[part], t = cells.u[a] + cells.half_u * within[0], cells.t[b] + cells.half_t * within[1]
        drawn = _between(modes, a, b, within) + offset
        h[part], log_prior = _h_of(structure, t)
        beta[part] = drawn[:, :p]
        eta[part] = beta[part] @ model.x.T + np.exp(u[part])[:, None] * structure.effects(h[part], drawn[:, p:])
        log_weight[part] = (
            log_likelihood(eta[part], model).sum(axis=1)
            - 0.5 * (drawn[:, p:] ** 2).sum(axis=1)
            - 0.5 * ((beta[part] - model.priors.mean) ** 2) @ model.priors.precision
            + model.priors.sigma.log(np.exp(u[part])) + u[part] + log_prior
            - log_proposal - np.log(mass[a, b])
        )  # fmt: skip
    columns = {"sigma": np.exp(u), **({structure.hyper: h} if structure.hyper else {})}
    columns |= dict(zip(model.names, beta.T, strict=True))
    return ImportanceDraws(eta=eta, columns=columns, weighted=weigh(log_weight))


def _between(modes: Floats, a: int, b: int, within: Floats) -> Floats:
    """Modes at points within a cell, going straight towards the modes of the cells beside it; (N, p + r)."""
    out = np.broadcast_to(modes[a, b], (within.shape[1], modes.shape[2])).copy()
    for axis, position in ((0, a), (1, b)):
        line = modes[:, b] if axis == 0 else modes[a]
        below, above = line[max(position - 1, 0)], line[min(position + 1, len(line) - 1)]
        step = np.where(within[axis][:, None] < 0, line[position] - below, above - line[position])
        out += 0.5 * within[axis][:, None] * step
    return out


def sample_drawn(drawn: ImportanceDraws, ask: PosteriorRequest, link: str, names: tuple[str, ...]) -> Posterior:
    """Summaries from the weighted draws; those kept are drawn from them."""
    weight = drawn.weighted.weight
    lower, median, upper = natural(weighted_quantiles(drawn.eta, weight, ask.tails), link)
    every = natural(drawn.eta, link)
    mean = weight @ every
    rng = np.random.default_rng(ask.seed)
    total = len(weight) if ask.shares is not None else ask.draws
    position = resample(weight, max(total, ask.draws), rng)
    chosen, kept = every[position], position[: ask.draws]
    joint = {name: column[kept] for name, column in drawn.columns.items() if name not in names}
    joint["beta"] = np.column_stack([drawn.columns[name][kept] for name in names])
    return Posterior(
        median=median,
        sd=np.sqrt(weight @ (every - mean) ** 2),
        lower=lower,
        upper=upper,
        draws=chosen[: ask.draws],
        national=None if ask.shares is None else chosen @ ask.shares,
        parameters={name: weighted_summary(v, weight, ask.tails) for name, v in drawn.columns.items()},
        diagnostics={
            "sampler": "grid",
            "method": "Laplace with joint importance weights",
            "importance_points": len(weight),
            "importance_ess": drawn.weighted.ess,
            "importance_pareto_k": drawn.weighted.pareto_k,
            **({"hyper_points": drawn.points, "hyper_ess": drawn.points_ess} if drawn.points else {}),
        },
        joint=joint,
    )


def weighted_quantiles(values: Floats, weight: Floats, tails: tuple[float, ...]) -> Floats:
    """Quantiles of every column of weighted draws, shape (len(tails), m)."""
    out = np.empty((len(tails), values.shape[1]))
    for column in range(values.shape[1]):
        order = np.argsort(values[:, column], kind="stable")
        reached = np.cumsum(weight[order]) - 0.5 * weight[order]
        out[:, column] = np.interp(tails, reached, values[order, column])
    return out
