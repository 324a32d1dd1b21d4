"""Recovery of Bayesian scale-up models: each on reports of its own and of other models; and ranks of truths drawn from the priors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

import fl_estimate as fl
from fl_estimate.arrays import Floats
from fl_estimate.estimators.hidden.network.known_groups import KnownGroups
from fl_estimate.estimators.hidden.network.relational_data import RelationalData
from fl_estimate.estimators.hidden.network.scale_up_chains import sample_scale_up
from fl_estimate.estimators.hidden.network.scale_up_problem import problem_of
from fl_estimate.estimators.hidden.network.scale_up_scaling import require_scaling, scaled_shares
from studies.hidden.cells import Cell, Drawn

DESIGN = "scale-up models"
POPULATION = 1_000_000.0
PRIORS: dict[str, dict[str, tuple[float, float]]] = {
    "random-degree": {"mu": (4.0, 5.5), "sigma": (0.3, 1.0)},
    "overdispersed": {"mu": (-1.0, 1.5), "sd_a": (0.2, 1.0), "sd_b": (0.3, 1.5)},
}
"""Narrower than the standard ones, so that reports are like those of surveys."""
TRANSMISSION = (8.0, 4.0)


def draw(model: str, fitted: str, seed: int, *, options: Mapping[str, Any] | None = None, **population: Any) -> Drawn:
    """Reports by one model, the hidden group by another."""
    drawn = fl.hidden.simulate_scale_up_model(model=model, respondents=200, seed=seed, **population)  # type: ignore[arg-type]
    given = {"draws": 400, "burn_in": 300, **(options or {})}
    found = fl.hidden.scale_up_model(
        drawn.people, "hidden", known=drawn.known, population=drawn.population, design=drawn.design, model=fitted,  # type: ignore[arg-type]
        seed=seed, largest=1e5, **given,
    )  # fmt: skip
    return found.value, *found.interval, drawn.hidden_size


def _cell(
    model: str, fitted: str, situation: str, holds: bool, share: float, options: Any = None, **population: Any
) -> Cell:
    return Cell(
        design=DESIGN, estimator=fitted, situation=situation, holds=holds, share=share,
        draw=lambda seed: draw(model, fitted, seed, options=options, **population),
    )  # fmt: skip


PSEUDO = {"weighting": "pseudo-likelihood"}
CELLS: tuple[Cell, ...] = (
    _cell("random-degree", "random-degree", "network sizes vary, and nothing else", True, 0.5),
    _cell("barrier", "barrier", "people know their like, in every group", True, 0.1),
    _cell("transmission", "transmission", "80 % of members are told of; the prior is of 40 of 50", True, 0.5,
          {"transmission": {"positive": 40, "n": 50}}),
    _cell("combined", "combined", "both", True, 0.05, {"transmission": {"positive": 40, "n": 50}}),
    _cell("overdispersed", "overdispersed", "reports vary twice as much as counts", True, 0.25),
    _cell("correlated", "overdispersed", "biases hang together between groups", False, 0.25),
    _cell("correlated", "random-degree", "biases hang together between groups", False, 0.5),
    _cell("barrier", "random-degree", "people know their like", False, 0.5),
    _cell("overdispersed", "random-degree", "reports vary twice as much as counts", False, 0.5),
    _cell("transmission", "random-degree", "80 % of members are told of, nobody says so", False, 0.5),
    _cell("transmission", "transmission", "80 % of members are told of; the prior says half", False, 0.5,
          {"transmission": (25, 25)}),
    _cell("random-degree", "random-degree", "towns drawn five times as often, weights as powers", True, 0.5, PSEUDO,
          oversampled=5.0),
    _cell("random-degree", "random-degree", "towns drawn five times as often, weights ignored", False, 0.5,
          {"weighting": "ignored"}, oversampled=5.0),
)  # fmt: skip


def ranks(
    model: str, truths: int, first_seed: int = 1, *, respondents: int = 40, kept: int = 99, thin: int = 12
) -> dict[str, Floats]:
    """Simulation-based calibration: ranks of truths drawn from the priors among draws of their posteriors, each uniform on 0 … kept.

    Parameters
    ----------
    model : str
        Of the models that have an exact sampler.
    truths : int
    first_seed : int
        Truth i has seed `first_seed` + i.
    respondents : int
    kept, thin : int
        Draws of each posterior, and steps between two of them: far enough apart.

    Returns
    -------
    dict of str to array, shape (truths,)
        By quantity: the size of the hidden group, and the parameters of network sizes.
    """
    found: dict[str, list[float]] = {}
    for seed in range(first_seed, first_seed + truths):
        for name, (truth, draws) in _posterior(model, seed, respondents, kept, thin).items():
            # Ties (a size at its lower end) are broken at random.
            below, same = float((draws < truth).sum()), float((draws == truth).sum())
            jitter = np.random.default_rng(seed).integers(0, int(same) + 1)
            found.setdefault(name, []).append(below + float(jitter))
    return {name: np.array(values) for name, values in found.items()}


def _posterior(model: str, seed: int, respondents: int, kept: int, thin: int) -> dict[str, tuple[float, Floats]]:
    generator = np.random.default_rng([seed, 20])
    effects = model == "overdispersed"
    priors = PRIORS.get(model, PRIORS["random-degree"])
    truth = {name: float(generator.uniform(*ends)) for name, ends in priors.items()}
    drawn = _effects(truth, respondents, generator) if effects else _degrees(model, truth, respondents, generator)
    reports, shares = drawn
    data = RelationalData(
        reports=reports.astype(float),
        known=KnownGroups(names=tuple(f"g{at}" for at in range(len(shares) - 1)), sizes=shares[:-1] * POPULATION, population=POPULATION),
        hidden=("hidden",), weights=np.ones(respondents), rows=np.arange(respondents),
    )  # fmt: skip
    transmission = TRANSMISSION if model in ("transmission", "combined") else None
    problem = problem_of(data, model, transmission, priors, np.ones(respondents))
    chains = sample_scale_up(problem, chains=1, draws_per_chain=kept, burn_in=400, thin=thin, seed=seed)
    share, _ = scaled_shares(problem, chains, require_scaling(problem, None, None))
    named = {"size": (float(np.log(shares[-1])), share[0, :, -1])}
    return named | {name: (truth[name], chains.parameters[name][0]) for name in truth}


def _degrees(model: str, truth: Mapping[str, float], n: int, generator: np.random.Generator) -> tuple[Any, Floats]:
    """Of the random-degree family; the hidden group's size is log-uniform from one person to all."""
    known = np.array([2_000.0, 4_000.0, 8_000.0, 16_000.0]) / POPULATION
    shares = np.append(known, np.exp(generator.uniform(-np.log(POPULATION), 0)))
    degree = np.floor(np.exp(generator.normal(truth["mu"], truth["sigma"], n)) + 0.5).astype(np.int64)
    each: Any = np.broadcast_to(shares, (n, len(shares)))
    if model in ("barrier", "combined"):
        size = 1 / generator.uniform(0, 1, len(shares)) - 1
        each = generator.beta(np.maximum(shares * size, 1e-300), np.maximum((1 - shares) * size, 1e-300), each.shape)
    if model in ("transmission", "combined"):
        each = each * np.array([*np.ones(len(known)), generator.beta(*TRANSMISSION)])
    return generator.binomial(degree[:, None], each), shares


def _effects(truth: Mapping[str, float], n: int, generator: np.random.Generator) -> tuple[Any, Floats]:
    """Of the overdispersed model: known groups are 5 % of the population, the hidden one is what its effect says beside theirs."""
    b = generator.normal(0, truth["sd_b"], 6)
    a = generator.normal(truth["mu"], truth["sd_a"], n)
    excess = 1 / generator.uniform(1e-4, 1, 6) - 1
    mean = np.exp(a[:, None] + b)
    reports = generator.poisson(generator.gamma(mean / excess, excess))
    return reports, 0.05 * np.exp(b) / np.exp(b[:-1]).sum()
