"""Importance weights and whether they can be trusted: effective sample size and Pareto k. Arrays only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

ESS_NEEDED = 400.0
PARETO_K_NEEDED = 0.7
"""Vehtari and others (2024): above it, sums of the weighted values do not settle down."""
POINTS = (1_024, 4_096)
"""Fewest and most points of hyper-parameters."""
EVALUATIONS = 100_000
"""Areas times points: more areas say more about the hyper-parameters, so that fewer points do."""
ENOUGH = 0.5
"""Share of the points that must be effective, for fewer than the most to do."""


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


def covariance_root(call: Callable[[Floats], float], mode: Floats) -> Floats:
    """A root of the covariance at the mode of exp(−call), from second differences: an optimiser's own is far too rough."""
    p = len(mode)
    step = 1e-3 * np.maximum(1.0, np.abs(mode))
    hessian = np.empty((p, p))
    for i in range(p):
        for j in range(i + 1):
            a, b = np.zeros(p), np.zeros(p)
            a[i], b[j] = step[i], step[j]
            ends = call(mode + a + b) - call(mode + a - b) - call(mode - a + b) + call(mode - a - b)
            hessian[i, j] = hessian[j, i] = ends / (4 * step[i] * step[j])
    values, vectors = np.linalg.eigh(hessian)
    return vectors / np.sqrt(np.maximum(values, 1e-3 * values[-1]))


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
