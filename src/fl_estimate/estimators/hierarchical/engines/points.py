"""Weighted points of a few hyper-parameters: mode, two-sided Student's t around it, importance weights. Arrays only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

from fl_estimate.arrays import Floats

LogDensity = Callable[[Floats], Floats]
"""Log densities of points, shape (L, d), up to one constant; shape (L,)."""

STUDENT_DF = 5.0
STEP = 1e-3
"""Of numerical derivatives, on scales on which hyper-parameters move by about 1."""
WIDER = 2.0
"""The first round's scales, in those measured: along a density that bends they fall short."""
DROP = 2.0
"""The log density falls by this at two standard deviations of a normal one: there its width is taken, on each side."""
FARTHEST = 25.0
"""From the start of the search for the mode: where there is none, the search ends there and the weights tell."""
LIMIT = 80.0
"""No point lies further from 0, where exponentials would overflow: only densities without an integral send any there."""
FIRST, ROUNDS, KERNELS, KEPT = 128, 2, 128, 0.15
"""Points of a round before the last at the least, such rounds after the first, kernels, share of the first round's density."""
_SCAN = np.array([0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.0, 10.0, 14.0, 20.0])


@dataclass(frozen=True, kw_only=True)
class Points:
    """Points (L, d) and the log density that they were drawn from (L,), up to one constant."""

    at: Floats
    log_proposal: Floats


def spread_points(log_density: LogDensity, start: Floats, size: int) -> Points:
    """Points that cover a density of one mode in a few dimensions, in a few rounds.

    One fixed quasi-random sequence (scrambled Sobol), so that no seed moves what is computed with them.

    Notes
    -----
    First round: along each principal axis of the curvature at the mode the density's width is measured on both sides,
    where it has fallen by e²; points come from Student's t with a scale of its own on each side. Later rounds: a mixture
    of t kernels around points of the last, chosen by their weights, which bends and grows as the density does; a share of
    the first round's density is kept among it, so that no weight can be large where the kernels are thin.
    """
    if not len(start):
        return Points(at=np.zeros((size, 0)), log_proposal=np.zeros(size))
    wide = _wide(log_density, find_mode(log_density, start))
    few = max(FIRST, size // 4)
    at = np.clip(wide.draw(_even(few, len(start))), -LIMIT, LIMIT)
    result = Points(at=at, log_proposal=wide.log_density(at))
    for many in (*[few] * ROUNDS, size):
        result = _kernels(wide, result.at, log_density(result.at) - result.log_proposal, _even(many, len(start) + 1))
    return result


def _even(size: int, dimensions: int) -> Floats:
    from scipy.stats import qmc

    return np.clip(qmc.Sobol(dimensions, rng=0).random(size), 1e-9, 1 - 1e-9)


@dataclass(frozen=True, kw_only=True)
class _Wide:
    """Student's t along principal axes (columns), with a scale of its own on each side."""

    mode: Floats
    axes: Floats
    below: Floats
    above: Floats

    def draw(self, even: Floats) -> Floats:
        share = self.below / (self.below + self.above)
        left = even < share
        # Within its side a point's rank is that of |t|.
        rank = np.where(left, (share - even) / share, (even - share) / (1 - share))
        t = special.stdtrit(STUDENT_DF, 0.5 + 0.5 * rank)
        return self.mode + np.where(left, -self.below * t, self.above * t) @ self.axes.T

    def log_density(self, at: Floats) -> Floats:
        z = (at - self.mode) @ self.axes
        t = np.where(z < 0, z / self.below, z / self.above)
        return (_log_t(t**2, 1) + np.log(2 / (self.below + self.above))).sum(axis=-1)


def _log_t(square: Floats, dimensions: int) -> Floats:
    """Log density of a standard Student's t at a squared distance from its centre."""
    half = 0.5 * (STUDENT_DF + dimensions)
    constant = special.gammaln(half) - special.gammaln(STUDENT_DF / 2) - 0.5 * dimensions * np.log(STUDENT_DF * np.pi)
    return constant - half * np.log1p(square / STUDENT_DF)


def _wide(log_density: LogDensity, mode: Floats) -> _Wide:
    axes, (below, above) = _widths(log_density, mode)
    return _Wide(mode=mode, axes=axes, below=below, above=above)


def _kernels(wide: _Wide, first: Floats, log_weight: Floats, even: Floats) -> Points:
    """Points from kernels around the last round's, mixed with the first round's own density."""
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    dimensions = first.shape[1]
    order = np.argsort(first[:, 0], kind="stable")
    reached = np.searchsorted(np.cumsum(weight[order]), (np.arange(KERNELS) + 0.5) / KERNELS)
    centres = first[order[np.minimum(reached, len(order) - 1)]]
    middle = weight @ first
    covariance = ((first - middle) * weight[:, None]).T @ (first - middle)
    narrow = KERNELS ** (-1 / (dimensions + 4))
    root = narrow * np.linalg.cholesky(covariance + 1e-10 * np.eye(dimensions))
    pick = even[:, 0]
    near = pick >= KEPT
    at = wide.draw(even[:, 1:])
    which = np.minimum(((pick - KEPT) / (1 - KEPT) * KERNELS).astype(int), KERNELS - 1)
    # A multivariate t by its marginals' ranks would need one more dimension; independent t's serve as well.
    t = special.stdtrit(STUDENT_DF, even[:, 1:])
    at[near] = centres[which[near]] + t[near] @ root.T
    at = np.clip(at, -LIMIT, LIMIT)
    z = np.linalg.solve(root, (at[:, None, :] - centres).reshape(-1, dimensions).T).T.reshape(
        len(at), KERNELS, dimensions
    )
    log_kernel = _log_t(z**2, 1).sum(axis=2) - np.log(np.diag(root)).sum()
    mixed = special.logsumexp(log_kernel, axis=1) - np.log(KERNELS)
    log_proposal = np.logaddexp(np.log(KEPT) + wide.log_density(at), np.log(1 - KEPT) + mixed)
    return Points(at=at, log_proposal=log_proposal)


def find_mode(log_density: LogDensity, start: Floats) -> Floats:
    """Maximise by BFGS with derivatives from differences, all of one step evaluated together; no further than `FARTHEST`."""
    from scipy import optimize

    dimensions = len(start)
    moves = np.vstack([np.zeros(dimensions), STEP * np.eye(dimensions), -STEP * np.eye(dimensions)])

    def downhill(at: Floats) -> tuple[float, Floats]:
        values = log_density(at + moves)
        slope = (values[1 : 1 + dimensions] - values[1 + dimensions :]) / (2 * STEP)
        return -float(values[0]), -slope

    bounds = [(float(value) - FARTHEST, float(value) + FARTHEST) for value in start]
    options = {"gtol": 1e-3, "ftol": 1e-10, "maxiter": 100}
    result = optimize.minimize(downhill, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    return np.asarray(result.x, dtype=float)


def curvature(log_density: LogDensity, mode: Floats, step: float = 0.02) -> Floats:
    """Minus the second derivatives at a point, from differences; shape (d, d)."""
    dimensions = len(mode)
    unit = step * np.eye(dimensions)
    pairs = [(i, j) for i in range(dimensions) for j in range(i, dimensions)]
    moves = [s * unit[i] + t * unit[j] for i, j in pairs for s in (1, -1) for t in (1, -1)]
    values = log_density(mode + np.array(moves)).reshape(-1, 4)
    out = np.empty((dimensions, dimensions))
    for (i, j), (pp, pm, mp, mm) in zip(pairs, values, strict=True):
        out[i, j] = out[j, i] = -(pp - pm - mp + mm) / (4 * step**2)
    return out


def _widths(log_density: LogDensity, mode: Floats) -> tuple[Floats, tuple[Floats, Floats]]:
    """Principal axes (columns) and the scale on each side along each of them."""
    values, axes = np.linalg.eigh(curvature(log_density, mode))
    scale = 1 / np.sqrt(np.clip(values, 0.04, None))
    top = float(log_density(mode[None, :])[0])
    sides: list[Floats] = []
    for sign in (-1, 1):
        steps = sign * _SCAN[:, None, None] * (axes * scale).T[None, :, :]
        fall = top - log_density((mode + steps).reshape(-1, len(mode))).reshape(len(_SCAN), -1)
        sides.append(WIDER * np.array([_reach(fall[:, k]) for k in range(len(mode))]) * scale)
    return axes, (sides[0], sides[1])


def _reach(fall: Floats) -> float:
    """Half the distance, in steps of the scan, at which the log density has fallen by `DROP`."""
    met = np.flatnonzero(~(fall < DROP))
    if not len(met):
        return float(_SCAN[-1] / 2)
    position = int(met[0])
    if position == 0:
        return float(_SCAN[0] / 2)
    low, high = fall[position - 1], fall[position]
    within = (DROP - low) / (high - low) if np.isfinite(high) else 0.0
    return float(_SCAN[position - 1] + within * (_SCAN[position] - _SCAN[position - 1])) / 2
