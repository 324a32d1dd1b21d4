"""Laplace's approximation with tails of its own on either side of each axis: for effects of areas without a case. Arrays only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.estimators.hierarchical.engines.latent import LatentEffects, log_data
from fl_estimate.estimators.hierarchical.model.posterior import Model
from fl_estimate.estimators.hierarchical.model.structure import Structure

STEPS = (0.5, 1.0, 2.0, 3.0, 4.5, 6.0)
"""Where the density is compared with the normal one, in Laplace's standard deviations from the mode."""
WIDER = 1.1
"""Of each half, in the standard deviations found: what lies between the axes is longer still."""
WIDEST = 30.0
MOST_AXES = 300
"""With more coefficients and effects than this both halves are Laplace's own: looking costs as much as all the rest."""


@dataclass(frozen=True, kw_only=True)
class TwoPieces:
    """Along each axis from the mode two halves of normals, continuous at the mode; scales `up` and `down`, shape (q,)."""

    axes: Floats
    up: Floats
    down: Floats
    log_size: float

    def draw(self, rng: np.random.Generator, size: int) -> tuple[Floats, Floats]:
        """Offsets from the mode, shape (size, q), in pairs of opposite sides, and their log density up to a constant."""
        noise = np.abs(rng.standard_normal((size, len(self.up))))
        side = rng.random(noise.shape)
        pairs = size // 2
        noise[1::2] = noise[: 2 * pairs : 2]
        side[1::2] = 1 - side[: 2 * pairs : 2]
        scale = np.where(side < self.up / (self.up + self.down), self.up, -self.down)
        return (scale * noise) @ self.axes.T, -0.5 * (noise**2).sum(axis=1) - self.log_size


def two_pieces(model: Model, latent: LatentEffects) -> TwoPieces:
    """Split normal around a mode, along the columns of the lower Cholesky factor of Laplace's covariance.

    An area without a case says that its effect is low and not how low: its density falls off steeply above and slowly
    below. Each half is as wide as the density needs at the steps looked at, so that no weight is large there.

    Principal axes would do as well for the weights, and not for the draws: where a map or a series is symmetric they are
    whatever the processor's linear algebra makes of equal eigenvalues. The factor is one thing only.

    References
    ----------
    Geweke (1989), Econometrica 57(6), 1317-1339, on split normal importance densities.
    """
    if len(latent.mode) > MOST_AXES:
        even = np.full(len(latent.mode), WIDER)
        return _made(latent.root, even, even, latent.log_size)
    order = _coordinates(model, len(latent.mode))
    # Of the covariance root·root' without forming it: (T root)' = Q·R, and R' is lower triangular.
    lower = np.linalg.qr((order @ latent.root).T, mode="r").T
    axes = np.linalg.solve(order, lower * np.sign(np.diag(lower)))
    up, down = (_needed(model, latent, side * axes) for side in (1.0, -1.0))
    return _made(axes, up, down, latent.log_size)


def _coordinates(model: Model, size: int) -> Floats:
    """What the factor is taken in, first things first, (size, size): coefficients, then effects.

    In an autoregression on a map the first is how each component moves as one (in place of its first area), and coefficients
    are last: of 50 made-up maps with empty parts none then went to chains, of which 2 did in the plain order.
    """
    together = model.structure.together if isinstance(model.structure, Structure) else None
    if together is None:
        return np.eye(size)
    p = model.x.shape[1]
    others = np.setdiff1d(np.arange(together.shape[1]), (together > 0).argmax(axis=1))
    leading = np.hstack([np.zeros((len(together), p)), together])
    return np.vstack([leading, np.eye(size)[p + others], np.eye(size)[:p]])


def _made(axes: Floats, up: Floats, down: Floats, log_size: float) -> TwoPieces:
    return TwoPieces(axes=axes, up=up, down=down, log_size=log_size + float(np.log(0.5 * (up + down)).sum()))


def _needed(model: Model, latent: LatentEffects, axes: Floats) -> Floats:
    """Standard deviation that each half needs: the largest over the steps of step / √(2 × fall of the log density)."""
    eta, moves = latent.basis @ latent.mode, (latent.basis @ axes).T
    top = log_data(eta[None, :], model).sum() + latent.log_prior(latent.mode[None, :])[0]
    width = np.ones(len(latent.mode))
    for step in STEPS:
        height = log_data(eta + step * moves, model).sum(axis=1) + latent.log_prior(latent.mode + step * axes.T)
        width = np.maximum(width, step / np.sqrt(np.maximum(2 * (top - height), 1e-6)))
    return WIDER * np.minimum(width, WIDEST)
