"""Counts with fixed coefficients and several sets of varying effects: Laplace's approximation, and importance weights.

Binomial or Poisson. What the rows are (cells of people, histories of lists) is not known here. Arrays only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from fl_estimate.arrays import Floats
from fl_estimate.estimators.hierarchical.engines.points import spread_points
from fl_estimate.estimators.hierarchical.model.posterior import resample, spread_over
from fl_estimate.estimators.hierarchical.model.priors import Density
from fl_estimate.estimators.importance import Weighted, weigh
from fl_estimate.results.codes import ReasonCode
from fl_estimate.results.inference import Inference, ObservedCells

Ints = npt.NDArray[np.int64]

POINTS, LEAST_POINTS, DRAWS = 2_048, 128, 16_384
"""Hyper-parameter points at the most and at the least, and importance draws over all of them."""
WORK = 3e10
"""Multiplications to be spent on modes: models that are larger get fewer points, with more draws at each."""
WIDER = 1.05
"""The proposal's standard deviations, in those of Laplace's approximation: tails of sparse cells are longer."""
STEP = 1.5
"""Longest step of Newton's method on the linear predictor: the curvature changes by e^1.5 at most."""
CELLS = 4_000_000
"""Numbers held at a time."""
HALVINGS = 8
"""Of a step that does not lead up, before the point stays where it is."""
FAR = 6.0
"""Standard deviations from its prior mean within which a search for a mode begins."""
HIGHEST = 40.0
"""Of the log of a Poisson mean: more people than there are."""
_RANGE = (-14.0, 3.5)
"""Of log sigma, beyond which modes are those at its ends: no difference, and more than any two cells could show."""


@dataclass(frozen=True, kw_only=True)
class VaryingEffects:
    """Counts y with linear predictor x beta + basis (sigma[term] z), z standard normal.

    Attributes
    ----------
    family : str
        "binomial" (kernel y eta − size log(1 + e^eta)) or "poisson" (y eta − size e^eta).
    y, size : array, shape (c,)
        Cases and people, which may be fractions; or counts and exposures.
    x : array, shape (c, p)
    basis : array, shape (c, r)
    term : int array, shape (r,)
        Which set of effects a column of `basis` belongs to.
    mean, precision : array, shape (p,)
        Of the coefficients' priors; precision 0 is flat.
    sigma : tuple of Density
        One prior for each set of effects.
    """

    family: str
    y: Floats
    size: Floats
    x: Floats
    basis: Floats
    term: Ints
    mean: Floats
    precision: Floats
    sigma: tuple[Density, ...]

    def observed(self, labels: Sequence[str]) -> ObservedCells:
        """The data of the cells, called so; effects are those of draws, and to be put in."""
        return ObservedCells(
            family=self.family, labels=tuple(labels), y=self.y.astype(float), size=self.size.astype(float), x=self.x,
            basis=self.basis, effects=np.zeros((0, self.basis.shape[1])),
        )  # fmt: skip

    @property
    def design(self) -> Floats:
        return np.hstack([self.x, self.basis])

    def scale(self, u: Floats) -> Floats:
        """What the columns of `design` are multiplied by at each point of log sigma, shape (L, p + r)."""
        return np.hstack([np.ones((len(u), self.x.shape[1])), np.exp(u)[:, self.term]])

    def log_likelihood(self, eta: Floats) -> Floats:
        """Log likelihood of every row of linear predictors (…, c), summed over the cells."""
        rate = np.logaddexp(0.0, eta) if self.family == "binomial" else np.exp(np.minimum(eta, HIGHEST))
        return eta @ self.y - rate @ self.size

    def log_prior(self, u: Floats) -> Floats:
        """Log prior of log sigma at every point (L, K)."""
        out = u.sum(axis=1)
        for k, density in enumerate(self.sigma):
            out = out + density.log(np.exp(u[:, k]))
        return out


@dataclass(frozen=True, kw_only=True)
class LatentDraws:
    """Draws of coefficients (N, p), effects sigma z (N, r) and sigma (N, K), with weights that sum to 1.

    Of Markov chains they stand chain after chain, and `stats` is what the sampler said of each.
    """

    beta: Floats
    effects: Floats
    sigma: Floats
    weight: Floats
    diagnostics: Mapping[str, Any]
    flags: tuple[tuple[ReasonCode, tuple[tuple[str, Any], ...]], ...] = field(default=())
    chains: int = 1
    stats: Mapping[str, Floats] = field(default_factory=dict[str, Floats])

    def keep(self, draws: int, rng: np.random.Generator) -> tuple[npt.NDArray[np.intp], int]:
        """Which draws are kept, and in how many chains they stand: of chains as many of each, else as often as they weigh."""
        if self.chains > 1:
            return spread_over(len(self.weight), draws, self.chains)
        return resample(self.weight, draws, rng), 1

    def to_inference(
        self,
        kept: npt.NDArray[np.intp],
        chains: int,
        names: Sequence[str],
        sets: Sequence[str],
        cells: ObservedCells | None = None,
    ) -> Inference:
        """What stands beside the draws kept, with the names of coefficients and of sets of effects; `cells` has no effects yet."""
        parameters = {"beta": self.beta[kept], **({"sigma": self.sigma[kept]} if len(sets) else {})}
        return Inference(
            parameters=parameters, coefficients=tuple(names), chains=chains, along={"sigma": ("spread", tuple(sets))} if len(sets) else {},
            stats={name: values[kept] for name, values in self.stats.items()},
            cells=None if cells is None else replace(cells, effects=self.effects[kept]),
        )  # fmt: skip

    def predict(self, x: Floats, basis: Floats, part: slice) -> Floats:
        """Linear predictors of other rows for some of the draws, shape (draws, rows)."""
        return self.beta[part] @ x.T + self.effects[part] @ basis.T


@dataclass(frozen=True, kw_only=True)
class _LaplaceModes:
    """At each point: mode (L, q), Cholesky root of the curvature (L, q, q), log of Laplace's density (L,)."""

    at: Floats
    root: Floats
    log_density: Floats


def draw_latent(model: VaryingEffects) -> tuple[LatentDraws, Weighted]:
    """Draw hyper-parameters from points around their mode, everything else from Laplace's approximation, and weigh.

    Weight: likelihood × priors over the density that a draw came from, so that the approximation leaves no trace in the
    answer but its Monte Carlo error, which `importance_ess` and `importance_pareto_k` tell.
    """
    design = model.design
    start = np.full(len(model.sigma), np.log(0.4))
    points = _how_many(model, design)
    # Every search begins where one of them ended.
    near = _modes(model, design, start[None, :], None).at[0] * model.scale(start[None, :])[0]
    result = spread_points(lambda u: _modes(model, design, u, near).log_density, start, points)
    each = max(1, DRAWS // points)
    q = design.shape[1]
    rng = np.random.default_rng(0)
    at, log_weight = np.empty((points * each, q)), np.empty(points * each)
    size = max(1, CELLS // (each * max(q, len(model.y))))
    for first in range(0, points, size):
        part = slice(first, min(first + size, points))
        u = result.at[part]
        modes = _modes(model, design, u, near)
        rows = slice(part.start * each, part.stop * each)
        noise = rng.standard_normal((len(u), each, q))
        drawn = modes.at[:, None, :] + WIDER * _solve_transposed(modes.root, noise)
        scaled = drawn * model.scale(u)[:, None, :]
        log_size = np.log(np.diagonal(modes.root, axis1=1, axis2=2)).sum(axis=1)
        log_weight[rows] = (
            model.log_likelihood(scaled @ design.T)
            + _log_normal(model, drawn)
            + 0.5 * (noise**2).sum(axis=2)
            + (model.log_prior(u) - log_size - result.log_proposal[part])[:, None]
        ).ravel()
        at[rows] = scaled.reshape(-1, q)
    weighted = weigh(np.where(np.isnan(log_weight), -np.inf, log_weight))
    p = model.x.shape[1]
    draws = LatentDraws(
        beta=at[:, :p], effects=at[:, p:], sigma=np.exp(np.repeat(result.at, each, axis=0)), weight=weighted.weight,
        diagnostics={
            "sampler": "grid", "importance_points": points, "importance_draws": points * each,
            "importance_ess": weighted.ess, "importance_pareto_k": weighted.pareto_k,
        },
    )  # fmt: skip
    return draws, weighted


def _how_many(model: VaryingEffects, design: Floats) -> int:
    """Points that the work allows, a power of two, as the sequence wants it."""
    if not model.sigma:
        return 1
    cells, q = design.shape
    affordable = WORK / (6 * (cells * q**2 + q**3))
    return int(2 ** np.clip(np.floor(np.log2(affordable)), np.log2(LEAST_POINTS), np.log2(POINTS)))


def _log_normal(model: VaryingEffects, at: Floats) -> Floats:
    """Log prior of coefficients and z, up to a constant; over the last axis."""
    p = model.x.shape[1]
    return -0.5 * ((at[..., :p] - model.mean) ** 2 @ model.precision + (at[..., p:] ** 2).sum(axis=-1))


def _solve_transposed(root: Floats, noise: Floats) -> Floats:
    """L'⁻¹ noise at every point: draws whose precision is L L'."""
    inverse = np.linalg.inv(root)
    return noise @ inverse


def _modes(model: VaryingEffects, design: Floats, u: Floats, start: Floats | None) -> _LaplaceModes:
    """Modes of (beta, z) at points of log sigma, in blocks; the log density given sigma is concave."""
    cells, q = design.shape
    u = np.clip(u, *_RANGE)
    size = max(1, CELLS // (cells * q + q * q))
    parts = [_block_modes(model, design, u[k : k + size], start) for k in range(0, len(u), size)]
    return _LaplaceModes(
        at=np.concatenate([part.at for part in parts]),
        root=np.concatenate([part.root for part in parts]),
        log_density=np.concatenate([part.log_density for part in parts]),
    )


def _block_modes(model: VaryingEffects, design: Floats, u: Floats, start: Floats | None) -> _LaplaceModes:
    p, q = model.x.shape[1], design.shape[1]
    scale = model.scale(u)
    precision = np.concatenate([model.precision, np.ones(q - p)])
    centre = np.concatenate([model.mean, np.zeros(q - p)])
    at = np.tile(centre, (len(u), 1)) if start is None else np.clip(start / scale, centre - FAR, centre + FAR)
    eta = (at * scale) @ design.T
    value = model.log_likelihood(eta) + _log_normal(model, at)
    for _ in range(60):
        fitted, bend = _fitted(model, eta)
        slope = ((model.y - fitted) @ design) * scale - precision * (at - centre)
        step = np.linalg.solve(_hessian(design, bend, scale, precision), slope[:, :, None])[:, :, 0]
        move = (step * scale) @ design.T
        length = np.minimum(1.0, STEP / np.maximum(np.abs(move).max(axis=1), 1e-300))
        at, eta, value, gain = _climb(model, at, eta, value, step, move, length)
        if gain < 1e-9:
            break
    root = np.linalg.cholesky(_hessian(design, _fitted(model, eta)[1], scale, precision))
    log_size = np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)
    log_density = model.log_likelihood(eta) + _log_normal(model, at) + model.log_prior(u) - log_size
    return _LaplaceModes(at=at, root=root, log_density=log_density)


def _climb(
    model: VaryingEffects, at: Floats, eta: Floats, value: Floats, step: Floats, move: Floats, length: Floats
) -> tuple[Floats, Floats, Floats, float]:
    """Go along each step, halved where it does not lead up; and the largest gain."""
    tries = 0
    while True:
        to, there = at + length[:, None] * step, eta + length[:, None] * move
        reached = model.log_likelihood(there) + _log_normal(model, to)
        worse = ~(reached >= value - 1e-12 * np.abs(value))
        tries += 1
        if tries > HALVINGS or not worse.any():
            break
        length = np.where(worse, length / 2, length)
    kept = ~worse[:, None]
    gain = float(np.max(np.where(worse, 0.0, reached - value)))
    return np.where(kept, to, at), np.where(kept, there, eta), np.where(worse, value, reached), gain


def _fitted(model: VaryingEffects, eta: Floats) -> tuple[Floats, Floats]:
    """Fitted counts and minus the second derivative of the log likelihood in eta."""
    if model.family == "binomial":
        share = special.expit(eta)
        return model.size * share, model.size * share * (1 - share)
    rate = model.size * np.exp(np.minimum(eta, HIGHEST))
    return rate, rate


def _hessian(design: Floats, bend: Floats, scale: Floats, precision: Floats) -> Floats:
    inner = (design.T[None, :, :] * bend[:, None, :]) @ design
    inner *= scale[:, :, None] * scale[:, None, :]
    diagonal = np.arange(design.shape[1])
    inner[:, diagonal, diagonal] += precision
    return inner
