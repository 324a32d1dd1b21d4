"""Importance weights and whether they can be trusted: effective sample size and Pareto k. Arrays only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fl_estimate.arrays import Floats

ESS_NEEDED = 400.0
PARETO_K_NEEDED = 0.7
"""Vehtari and others (2024): above it, sums of the weighted values do not settle down."""
POINTS = (1_024, 4_096)
"""Fewest and most points of hyper-parameters."""
EVALUATIONS = 100_000
"""Areas times points: more areas say more about the hyper-parameters, so that fewer points do."""
ENOUGH = 0.5
"""Share of the points that must be effective, for fewer than the most to do."""

WIDTH, NEAR, NEWTON = 2.0**-5, 1e-5, 12
"""Steps of differences, in standard deviations; the last of Newton's steps, in those; and the most of them."""
FLATTEST = 1e-3
"""Least curvature, in the largest: a direction in which the density hardly falls sends no point out without end."""
GRID = 2.0**-7
"""Mode and root are rounded to this, in steps of the differences."""


@dataclass(frozen=True, kw_only=True)
class Weighted:
    """Weights that sum to 1, with the two figures that say what they are worth."""

    weight: Floats
    ess: float
    pareto_k: float

    @property
    def good(self) -> bool:
        """Whether the weights may carry an estimate."""
        return self.ess >= ESS_NEEDED and self.pareto_k <= PARETO_K_NEEDED


def evenly_weighted[Points](
    make: Callable[[Floats], tuple[Points, Weighted]], *, dimensions: int, areas: int
) -> tuple[Points, Weighted]:
    """Make weighted points from a cube evenly filled: as many as so many areas call for, or the most if the weights are poor.

    Parameters
    ----------
    make : callable
        From an array of shape (points, dimensions), within 0 and 1.
    dimensions, areas : int

    Notes
    -----
    The cube holds one fixed quadrature rule, a scrambled Sobol sequence, so that no seed moves what is computed with it.
    A sequence is even after a power of two.
    """
    wanted = int(np.clip(2.0 ** np.rint(np.log2(EVALUATIONS / areas)), *POINTS))
    made = make(evenly(wanted, dimensions))
    return made if made[1].ess >= ENOUGH * wanted or wanted == POINTS[1] else make(evenly(POINTS[1], dimensions))


def evenly(size: int, dimensions: int) -> Floats:
    """Points of the unit cube, shape (size, dimensions), the same each time."""
    from scipy.stats import qmc

    return np.clip(qmc.Sobol(dimensions, rng=0).random(size), 1e-12, 1 - 1e-12)


def around_mode(off: Callable[[Floats], float], near: Floats) -> tuple[Floats, Floats]:
    """The mode of exp(−off) from a point next to it, and a root of the covariance there; the same on every processor.

    An optimiser's way depends on the last digits of what it climbs, which each processor's linear algebra has of its own, and so
    does where it stops. Newton's steps from there end within 1e-8 of one place, and rounding takes away the rest. What is
    rounded is where points are proposed, never the density that they are weighed by.
    """
    step = _steps(off, near)
    at, height = near, off(near)
    for _ in range(NEWTON):
        slope, bend = _differences(off, at, height, step)
        root = _symmetric_root(bend, step)
        move = -root @ (root.T @ slope)
        low = off(at + move)
        if not low < height:
            break
        at, height = at + move, low
        if np.abs(move / step).max() < NEAR:
            break
    root = _symmetric_root(_differences(off, at, height, step)[1], step)
    grid = GRID * step
    return grid * np.round(at / grid), grid[:, None] * np.round(root / grid[:, None])


def _steps(off: Callable[[Floats], float], at: Floats) -> Floats:
    """Wide enough that rounding does not show in differences: a share of how far each axis reaches, as a power of two."""
    height, short = off(at), 1e-3 * np.maximum(1.0, np.abs(at))
    bend = np.array(
        [(off(at + move) - 2 * height + off(at - move)) / (move @ move) for move in np.diag(short)], dtype=float
    )
    with np.errstate(invalid="ignore"):
        reach = np.where(bend > 0, 1 / np.sqrt(np.maximum(bend, 1e-12)), 1.0)
    return WIDTH * np.exp2(np.floor(np.log2(np.minimum(reach, 1.0))))


def _differences(off: Callable[[Floats], float], at: Floats, height: float, step: Floats) -> tuple[Floats, Floats]:
    """First and second derivatives."""
    unit = np.diag(step)
    up, down = (np.array([off(at + sign * move) for move in unit]) for sign in (1.0, -1.0))
    bend = np.diag((up - 2 * height + down) / step**2)
    for i in range(len(at)):
        for j in range(i):
            ends = [off(at + one * unit[i] + other * unit[j]) for one in (1, -1) for other in (1, -1)]
            bend[i, j] = bend[j, i] = (ends[0] - ends[1] - ends[2] + ends[3]) / (4 * step[i] * step[j])
    return (up - down) / (2 * step), bend


def _symmetric_root(bend: Floats, step: Floats) -> Floats:
    """Of the inverse, in units of the steps: a function of the matrix, whatever eigenvectors it is computed by."""
    values, vectors = np.linalg.eigh(bend * np.outer(step, step))
    return step[:, None] * ((vectors / np.sqrt(np.maximum(values, FLATTEST * values[-1]))) @ vectors.T)


def weigh(log_weight: Floats) -> Weighted:
    """Turn log weights into weights and judge them."""
    raised = np.exp(log_weight - log_weight.max())
    weight = raised / raised.sum()
    return Weighted(weight=weight, ess=float(1 / (weight**2).sum()), pareto_k=pareto_k(raised))


def pareto_k(weight: Floats) -> float:
    """Shape of the generalised Pareto distribution that the largest weights follow.

    The tail is the largest 3√S weights of S, a fifth of them at the most, measured from the largest weight outside it.

    References
    ----------
    Zhang and Stephens (2009), Technometrics 51(3), 316-325, for the fit; Vehtari, Simpson, Gelman, Yao and Gabry
    (2024), Journal of Machine Learning Research 25(72), for the tail and for the prior that pulls k to 0.5 with the
    weight of ten values.
    """
    size = len(weight)
    tail = int(np.ceil(min(0.2 * size, 3 * np.sqrt(size))))
    ordered = np.sort(weight)
    excess = ordered[-tail:] - ordered[-tail - 1]
    if excess[-1] <= 1e-12 * ordered[-1]:
        return float("-inf")
    points = 30 + int(np.sqrt(tail))
    quartile = excess[int(tail / 4 + 0.5) - 1]
    b = (1 - np.sqrt(points / (np.arange(1, points + 1) - 0.5))) / (3 * max(quartile, 1e-300)) + 1 / excess[-1]
    k = np.log1p(-b[:, None] * excess).mean(axis=1)
    profile = tail * (np.log(-b / k) - k - 1)
    posterior = np.exp(profile - profile.max())
    best = float((b * posterior).sum() / posterior.sum())
    shape = float(np.log1p(-best * excess).mean())
    return (tail * shape + 10 * 0.5) / (tail + 10)
