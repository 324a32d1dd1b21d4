"""Coefficients and effects at given hyper-parameters: their mode, Laplace's approximation, draws and what they weigh. Arrays only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from fl_estimate.arrays import Floats
from fl_estimate.estimators.hierarchical.engines.binomial import log_likelihood
from fl_estimate.estimators.hierarchical.model.posterior import Model
from fl_estimate.estimators.importance import Weighted


@dataclass(frozen=True, kw_only=True)
class ImportanceDraws:
    """Importance draws: every area on the scale of the link (N, m), hyper-parameters and coefficients by name, weights.

    `points` is at how many values of the hyper-parameters they were made, and `points_ess` how many of those are effective;
    0 where every draw has values of its own.
    """

    eta: Floats
    columns: dict[str, Floats]
    weighted: Weighted
    points: int = 0
    points_ess: float = 0.0


@dataclass(frozen=True, kw_only=True)
class LatentEffects:
    """(coefficients, z) at one point of the hyper-parameters: eta = basis (coefficients, z).

    `root` is a root of Laplace's covariance and `log_size` the log of its determinant; `log_density` is Laplace's log
    marginal density of the data; `precision` and `centre` are those of the prior.
    """

    basis: Floats
    precision: Floats
    centre: Floats
    mode: Floats
    root: Floats
    log_size: float
    log_density: float

    def log_prior(self, drawn: Floats) -> Floats:
        """Log prior of draws in rows, up to a constant."""
        return -0.5 * (drawn - self.centre) ** 2 @ self.precision

    def draw(self, rng: np.random.Generator, size: int, *, wider: float) -> tuple[Floats, Floats]:
        """Draws around the mode, in pairs of opposite sign, and their log density up to a constant of all points."""
        noise = rng.standard_normal((size, len(self.mode)))
        noise[1::2] = -noise[: len(noise[1::2]) * 2 : 2]
        return self.mode + wider * noise @ self.root.T, -0.5 * (noise**2).sum(axis=1) - self.log_size


def log_data(eta: Floats, model: Model) -> Floats:
    """Log likelihood of every area, up to a constant; 0 without sample."""
    if model.likelihood != "normal":
        return log_likelihood(eta, model)
    met = np.isfinite(model.y)
    return np.where(met, -0.5 * (np.where(met, model.y, 0.0) - eta) ** 2 / np.where(met, model.size, 1.0), 0.0)


def _slopes(eta: Floats, model: Model) -> tuple[Floats, Floats]:
    """First derivative of the log likelihood in eta, and minus the second."""
    if model.likelihood != "normal":
        share = special.expit(eta)
        return model.y - model.size * share, model.size * share * (1 - share)
    met = np.isfinite(model.y)
    weight = np.where(met, 1 / np.where(met, model.size, 1.0), 0.0)
    return weight * (np.where(met, model.y, 0.0) - eta), weight


def find_mode(model: Model, basis: Floats, start: Floats | None) -> LatentEffects:
    """Find the mode by Newton's method, from a neighbour's where there is one.

    The log density of (beta, z) is concave: log likelihood − ½ (beta − m)'P(beta − m) − ½ z'z.
    """
    rank = basis.shape[1] - model.x.shape[1]
    precision = np.concatenate([model.priors.precision, np.ones(rank)])
    centre = np.concatenate([model.priors.mean, np.zeros(rank)])
    at = np.zeros(len(centre)) if start is None else start
    if start is None and model.likelihood != "normal":
        at[0] = special.logit((model.y.sum() + 0.5) / (model.size.sum() + 1))

    def height(where: Floats) -> float:
        return float(log_data(basis @ where, model).sum() - 0.5 * precision @ (where - centre) ** 2)

    value = height(at)
    for _ in range(100):
        first, second = _slopes(basis @ at, model)
        slope = basis.T @ first - precision * (at - centre)
        step = np.linalg.solve((basis.T * second) @ basis + np.diag(precision), slope)
        length = 1.0
        while length > 1e-6 and height(at + length * step) < value - 1e-9 * abs(value):
            length /= 2
        at = at + length * step
        value = height(at)
        if np.abs(length * step).max() < 1e-7:
            break
    bend = (basis.T * _slopes(basis @ at, model)[1]) @ basis + np.diag(precision)
    lower = np.linalg.cholesky(bend)
    log_size = -float(np.log(np.diag(lower)).sum())
    return LatentEffects(
        basis=basis, precision=precision, centre=centre, mode=at, root=np.linalg.inv(lower).T, log_size=log_size,
        log_density=value + log_size,
    )  # fmt: skip
