"""ScaleUpChains of a scale-up model by the exact samplers: one a thread, each with a stream of its own and a start of its own."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.estimators.hidden.network.scale_up_problem import (
    OVERDISPERSED,
    ScaleUpChains,
    ScaleUpProblem,
    kept_every,
)
from fl_estimate.tasks import run_tasks, stream_of

Drawn = tuple[Floats, Floats]
SPREAD = 0.5
"""Standard deviation of the starts about what the ratio of sums says, on the log scale: wider than any posterior here."""


def sample_scale_up(
    problem: ScaleUpProblem, *, chains: int, draws_per_chain: int, burn_in: int, thin: int, seed: int
) -> ScaleUpChains:
    """Markov chains of Gibbs and slice steps.

    Parameters
    ----------
    problem : ScaleUpProblem
        Of any model but the correlated one.
    chains, draws_per_chain, burn_in, thin, seed : int
    """
    one = _overdispersed(problem) if problem.model == OVERDISPERSED else _random_degree(problem)
    every = kept_every(draws_per_chain)

    def run(chain: int) -> Drawn:
        return one((burn_in, draws_per_chain, thin, every), np.random.default_rng(stream_of(seed, chain)))

    found = run_tasks(run, zip(range(chains)), what="chain", threads=min(chains, os.cpu_count() or 1))
    out, degrees = np.stack([drawn[0] for drawn in found]), np.stack([drawn[1] for drawn in found])
    parts = _effects(problem, out) if problem.model == OVERDISPERSED else _shares(problem, out)
    told = {"sampler": "gibbs", "burn_in": burn_in, "thin": thin}
    return ScaleUpChains(**parts, log_degree=degrees, diagnostics=told)


def _random_degree(problem: ScaleUpProblem) -> Callable[[tuple[int, ...], np.random.Generator], Drawn]:
    from fl_estimate.estimators.hidden.network.scale_up_gibbs import run_chain

    hidden, groups = problem.hidden, len(problem.names)
    start, shares = np.log(problem.start_degrees), problem.log_shares
    ones = np.ones(groups)
    first, second, fixed = ones.copy(), ones.copy(), ones.copy()
    first[hidden], second[hidden], fixed[hidden] = problem.tau_first, problem.tau_second, problem.fixed_tau
    size = float(np.log(problem.population))

    def one(numbers: tuple[int, ...], generator: np.random.Generator) -> Drawn:
        burn_in, kept, thin, every = numbers
        moved = shares + np.where(hidden, generator.normal(0, SPREAD, groups), 0.0)
        made: Any = run_chain(
            problem.reports, problem.told, problem.weights, np.clip(moved, -size, -1e-3), hidden, problem.barrier, first,
            second, fixed, size, problem.bounds, start + generator.normal(0, SPREAD, len(start)),
            float(generator.uniform(0.001, 0.2)), burn_in, kept, thin, every, generator,
        )  # fmt: skip
        return np.asarray(made[0]), np.asarray(made[1])

    return one


def _overdispersed(problem: ScaleUpProblem) -> Callable[[tuple[int, ...], np.random.Generator], Drawn]:
    from fl_estimate.estimators.hidden.network.scale_up_overdispersed import run_overdispersed

    told = np.maximum(problem.told.sum(axis=0), 1)
    total = np.where(problem.told, problem.reports, 0).sum(axis=0)
    groups = np.log((total + 0.5) / told)
    rows = np.log(np.where(problem.told, problem.reports, 0).sum(axis=1) + 0.5) - np.log(np.exp(groups).sum())
    centre = groups.mean()

    def one(numbers: tuple[int, ...], generator: np.random.Generator) -> Drawn:
        burn_in, kept, thin, every = numbers
        made: Any = run_overdispersed(
            problem.reports, problem.told, problem.weights, problem.bounds,
            rows + centre + generator.normal(0, SPREAD, len(rows)), groups - centre + generator.normal(0, SPREAD, len(groups)),
            float(generator.uniform(0.2, 0.8)), burn_in, kept, thin, every, generator,
        )  # fmt: skip
        return np.asarray(made[0]), np.asarray(made[1])

    return one


def _shares(problem: ScaleUpProblem, out: Floats) -> dict[str, Any]:
    groups = len(problem.names)
    parameters = {"mu": out[..., 0], "sigma": out[..., 1]}
    if problem.barrier:
        parameters["rho"] = out[..., 3 + groups : 3 + 2 * groups]
    if problem.transmits or (problem.fixed_tau < 1).any():
        parameters["tau"] = out[..., 3 + 2 * groups :]
    return {"log_share": out[..., 3 : 3 + groups], "mean_degree": out[..., 2], "parameters": parameters}


def _effects(problem: ScaleUpProblem, out: Floats) -> dict[str, Any]:
    groups = len(problem.names)
    parameters = {"mu": out[..., 0], "sd_a": out[..., 1], "sd_b": out[..., 2], "omega": out[..., 4 + groups :]}
    return {"log_share": out[..., 4 : 4 + groups], "mean_degree": out[..., 3], "parameters": parameters}
