"""Posterior predictive checks of scale-up models: reports drawn anew from the model, group by group, beside those that came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.estimators.hidden.network.scale_up_problem import (
    CORRELATED,
    OVERDISPERSED,
    ScaleUpChains,
    ScaleUpProblem,
)

MOST_CELLS = 20_000_000
"""Reports drawn anew in all."""
FEWEST = 100
STATISTICS = ("mean", "share_zero", "sd")


@dataclass(frozen=True, kw_only=True, eq=False)
class PredictiveCheck:
    """What reports drawn anew say of those that came.

    Attributes
    ----------
    observed : float array, shape (3, groups)
        Mean of the reports, share of those who know nobody, standard deviation.
    p : float array, shape (3, groups)
        Share of the draws in which it is larger, half of those in which it is equal.
    draws : int
    """

    observed: Floats
    p: Floats
    draws: int

    def misses(self, level: float) -> int:
        """Groups whose standard deviation is one that the model does not draw, at this level over all groups together."""
        two_sided = 2 * np.minimum(self.p[2], 1 - self.p[2])
        return int((two_sided < level / self.p.shape[1]).sum())


def predictive_check(problem: ScaleUpProblem, chains: ScaleUpChains, seed: int) -> PredictiveCheck:
    """Draw reports of the same respondents anew, and compare.

    Biases and shares of the respondents are drawn anew, network sizes are those of the posterior.
    """
    generator = np.random.default_rng([seed, 7])
    kept = chains.log_degree.shape[1]
    whole = [(chain, draw) for chain in range(chains.log_share.shape[0]) for draw in range(kept)]
    most = int(np.clip(MOST_CELLS // max(problem.reports.size, 1), FEWEST, len(whole)))
    chosen = [whole[at] for at in np.unique(np.linspace(0, len(whole) - 1, most).astype(int))]
    draw = {OVERDISPERSED: _overdispersed, CORRELATED: _correlated}.get(problem.model, _shares)
    observed = _statistics(problem.reports.astype(float), problem.told)
    larger = np.zeros_like(observed)
    for chain, row in chosen:
        again = _statistics(draw(problem, chains, chain, row, generator).astype(float), problem.told)
        larger += (again > observed) + 0.5 * (again == observed)
    return PredictiveCheck(observed=observed, p=larger / len(chosen), draws=len(chosen))


def _statistics(reports: Floats, told: Any) -> Floats:
    count = np.maximum(told.sum(axis=0), 1)
    filled = np.where(told, reports, 0.0)
    mean = filled.sum(axis=0) / count
    zero = (told & (filled == 0)).sum(axis=0) / count
    spread = np.sqrt(np.maximum((filled**2).sum(axis=0) / count - mean**2, 0.0))
    return np.stack([mean, zero, spread])


def _shares(
    problem: ScaleUpProblem, chains: ScaleUpChains, chain: int, row: int, generator: np.random.Generator
) -> Any:
    at = row * chains.every
    degree = np.floor(np.exp(chains.log_degree[chain, row]) + 0.5)[:, None]
    m = np.exp(chains.log_share[chain, at])
    known = ~problem.hidden
    m[known] = problem.sizes[known] / problem.population
    tau = chains.parameters["tau"][chain, at] if "tau" in chains.parameters else 1.0
    share: Any = np.broadcast_to(m, problem.reports.shape)
    if problem.barrier:
        size = 1 / np.maximum(chains.parameters["rho"][chain, at], 1e-8) - 1
        share = generator.beta(np.maximum(m * size, 1e-12), np.maximum((1 - m) * size, 1e-12), problem.reports.shape)
    return generator.binomial(np.maximum(degree, 0).astype(np.int64), np.clip(share * tau, 0, 1))


def _overdispersed(
    problem: ScaleUpProblem, chains: ScaleUpChains, chain: int, row: int, generator: np.random.Generator
) -> Any:
    at = row * chains.every
    mean = np.exp(chains.log_degree[chain, row][:, None] + chains.log_share[chain, at])
    assert mean.shape == problem.reports.shape
    omega = np.maximum(chains.parameters["omega"][chain, at], 1 + 1e-8)
    return generator.poisson(generator.gamma(mean / (omega - 1), omega - 1))


def _correlated(
    problem: ScaleUpProblem, chains: ScaleUpChains, chain: int, row: int, generator: np.random.Generator
) -> Any:
    at = row * chains.every
    assert chains.correlation is not None  # of this model
    spread = np.sqrt(np.log1p(chains.parameters["sd_bias"][chain, at] ** 2))
    values, vectors = np.linalg.eigh(chains.correlation[chain, at])
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    bias = spread * (generator.standard_normal(problem.reports.shape) @ root.T) - 0.5 * spread**2
    mean = np.exp(chains.log_degree[chain, row][:, None] + chains.log_share[chain, at] + bias)
    return generator.poisson(np.minimum(mean, 1e12))
