"""Areas at several times: an effect of each area and effects of its times, by importance sampling around modes. Arrays only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from scipy import special

from fl_estimate.arrays import Floats
from fl_estimate.estimators.hierarchical.engines.latent import ImportanceDraws, LatentEffects, find_mode, log_data
from fl_estimate.estimators.hierarchical.model.posterior import Model, resample
from fl_estimate.estimators.hierarchical.model.priors import Density
from fl_estimate.estimators.hierarchical.model.structure import Crossed
from fl_estimate.estimators.importance import Weighted, around_mode, evenly, weigh

DRAWS = 40_000
"""Importance draws in all."""
POINTS, CELLS = (128, 1_024), 60_000
"""Fewest and most points of the hyper-parameters, and rows times points."""
STUDENT_DF = 5.0
SPREAD = 1.25
"""The second points lie so much wider apart than the first ones' covariance says: no weight is then far above the others."""
WIDER = 1.05
"""The proposal's standard deviations, in those of Laplace's approximation: the tails of rows without a case are longer."""

SIGMAS = 2
"""The first two hyper-parameters are sigma and sigma_time."""


def _scale(prior: Density) -> float:
    """A size that a sigma may have, by its prior."""
    return 1 / prior.numbers[0] if prior.kind == "exponential" else prior.numbers[0]


def _values(model: Model, crossed: Crossed, at: Floats) -> dict[str, float]:
    """Hyper-parameters by name from an unbounded scale: sigmas of either sign in units of their prior's size, logits of shares."""
    result: dict[str, float] = {}
    for name, value in zip(crossed.names, at, strict=True):
        prior = model.priors.sigma if name == "sigma" else crossed.priors[name]
        if name.startswith("sigma"):
            result[name] = _scale(prior) * max(abs(float(value)), 1e-9)
        else:
            low, high = prior.ends
            result[name] = low + (high - low) * float(np.clip(special.expit(value), 1e-9, 1 - 1e-9))
    return result


def _log_prior(model: Model, crossed: Crossed, at: Floats, values: Mapping[str, float]) -> float:
    """Log prior density on the unbounded scale, up to a constant."""
    total = 0.0
    for name, position in zip(crossed.names, at, strict=True):
        prior = model.priors.sigma if name == "sigma" else crossed.priors[name]
        jacobian = 0.0 if name.startswith("sigma") else -float(np.logaddexp(0, position) + np.logaddexp(0, -position))
        total += float(prior.log(np.array(values[name]))) + jacobian
    return total


def draw_crossed(model: Model, crossed: Crossed, seed: int) -> ImportanceDraws:
    """Points of the hyper-parameters, then everything else from Laplace's approximation at each, as often as it weighs.

    The points come from Student's t around the mode, and once more from one with the mean and covariance that those had:
    the posterior of several variances is too skewed for its mode. The weights put right what is left over: likelihood ×
    priors over the density that a draw came from. With the normal likelihood Laplace's approximation is exact.
    """
    size = int(np.clip(2.0 ** np.rint(np.log2(CELLS / len(model.y))), *POINTS))
    posterior = _HyperDensity(model, crossed)
    middle, root = posterior.around_mode()
    first = posterior.weighted(middle, root, size // 4)
    mean = first.weighted.weight @ first.at
    covariance = np.cov(first.at.T, aweights=first.weighted.weight)
    result = posterior.weighted(mean, SPREAD * np.linalg.cholesky(covariance), size)
    rng, p = np.random.default_rng(seed), model.x.shape[1]
    positions = resample(result.weighted.weight, DRAWS, rng)
    eta, beta = np.empty((DRAWS, len(model.y))), np.empty((DRAWS, p))
    log_weight = np.empty(DRAWS)
    columns: dict[str, Floats] = {name: np.empty(DRAWS) for name in crossed.names}
    begin = 0
    for position, count in zip(*np.unique(positions, return_counts=True), strict=True):
        part = slice(begin, begin + int(count))
        begin += int(count)
        values, latent = posterior.latent(result.at[position], result.modes[position])
        drawn, log_density = latent.draw(rng, int(count), wider=1.0 if model.likelihood == "normal" else WIDER)
        beta[part], eta[part] = drawn[:, :p], drawn @ latent.basis.T
        log_weight[part] = log_data(eta[part], model).sum(axis=1) + latent.log_prior(drawn) - log_density
        log_weight[part] -= latent.log_density
        for name, value in values.items():
            columns[name][part] = value
    columns |= dict(zip(model.names, beta.T, strict=True))
    own = weigh(log_weight)
    both = replace(own, ess=own.ess * result.weighted.ess / size, pareto_k=max(own.pareto_k, result.weighted.pareto_k))
    return ImportanceDraws(eta=eta, columns=columns, weighted=both, points=size, points_ess=result.weighted.ess)


@dataclass(frozen=True, kw_only=True)
class _Points:
    """Points on the unbounded scale with weights, and the modes of everything else at each."""

    at: Floats
    modes: Floats
    weighted: Weighted


class _HyperDensity:
    """Laplace's log density of the hyper-parameters on the unbounded scale; the last mode found is where the next search begins."""

    def __init__(self, model: Model, crossed: Crossed) -> None:
        self._model, self._crossed = model, crossed
        self._near: Floats | None = None

    def latent(self, at: Floats, start: Floats | None) -> tuple[dict[str, float], LatentEffects]:
        values = _values(self._model, self._crossed, at)
        return values, find_mode(self._model, np.hstack([self._model.x, self._crossed.root(values)]), start)

    def log_density(self, at: Floats) -> tuple[float, Floats]:
        try:
            values, latent = self.latent(at, self._near)
        except np.linalg.LinAlgError:
            # So far out that numbers have no digits left for it: it has no weight.
            return -np.inf, np.zeros_like(self._near) if self._near is not None else np.zeros(0)
        return latent.log_density + _log_prior(self._model, self._crossed, at, values), latent.mode

    def around_mode(self) -> tuple[Floats, Floats]:
        """The mode, and a root of the covariance that the curvature there gives."""
        from scipy import optimize

        def off(at: Floats) -> float:
            height, self._near = self.log_density(at)
            return -height

        begin = np.zeros(len(self._crossed.names))
        begin[:SIGMAS] = 1 / 3
        top = np.asarray(optimize.minimize(off, begin, method="BFGS", options={"gtol": 1e-3, "maxiter": 60}).x)
        # Either sign of a sigma is the same point.
        top[:SIGMAS] = np.abs(top[:SIGMAS])
        top, root = around_mode(off, top)
        off(top)
        return top, root

    def weighted(self, middle: Floats, root: Floats, size: int) -> _Points:
        """Points from Student's t, weighed by Laplace's density.

        The t is folded over at 0 in both sigmas: where one is next to 0 its density is level there, and ends. On a logarithm it
        would have a tail without end.
        """
        even = evenly(size, len(middle) + 1)
        chi_square = 2 * special.gammaincinv(STUDENT_DF / 2, even[:, -1])
        t = special.ndtri(even[:, :-1]) * np.sqrt(STUDENT_DF / chi_square)[:, None]
        at = middle + t @ root.T
        at[:, :SIGMAS] = np.abs(at[:, :SIGMAS])
        found = [self.log_density(point) for point in at]
        heights, modes = np.array([height for height, _ in found]), np.array([mode for _, mode in found])
        return _Points(at=at, modes=modes, weighted=weigh(heights - _folded(at, middle, root)))


def _folded(at: Floats, middle: Floats, root: Floats) -> Floats:
    """Log density of the folded t: the sum over the signs that the sigmas may have had."""
    p, parts = len(middle), list[Floats]()
    for signs in product((1.0, -1.0), repeat=SIGMAS):
        z = np.linalg.solve(root, (at * np.array([*signs, *np.ones(p - SIGMAS)]) - middle).T)
        parts.append(-0.5 * (STUDENT_DF + p) * np.log1p((z**2).sum(axis=0) / STUDENT_DF))
    return np.logaddexp.reduce(parts)
