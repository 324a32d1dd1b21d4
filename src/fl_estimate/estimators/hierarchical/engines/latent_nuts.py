"""Counts with several sets of varying effects as PyMC writes them, sampled by NUTS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fl_estimate.estimators.hierarchical.engines.varying_effects import LatentDraws, VaryingEffects
from fl_estimate.estimators.hierarchical.model.priors import Density
from fl_estimate.estimators.sampling import CHAINS, ModelRecipe, run_nuts

DRAWS_PER_CHAIN = 2_000


def sample_latent(model: VaryingEffects, draws: int, seed: int) -> LatentDraws:
    """Markov chains for the same model.

    Raises
    ------
    EstimateFault
        FL-EST-60, FL-EST-61.
    """
    run = run_nuts(_recipe(model), draws_per_chain=max(DRAWS_PER_CHAIN, -(-draws // CHAINS)), seed=seed)
    beta = run.draws["beta"]
    size, none = len(beta), np.zeros((len(beta), 0))
    return LatentDraws(
        beta=beta,
        effects=run.draws.get("effects", none),
        sigma=run.draws.get("sigma", none),
        weight=np.full(size, 1 / size),
        diagnostics={"sampler": "nuts", **run.verdict.to_dict()},
        flags=run.verdict.flags,
        chains=CHAINS,
        stats=run.stats,
    )


def _recipe(model: VaryingEffects) -> ModelRecipe:
    data: dict[str, Any] = {
        "x": model.x, "y": model.y.astype(float), "size": model.size.astype(float),
        "mean": model.mean.astype(float), "precision": model.precision.astype(float),
    }  # fmt: skip
    names: tuple[str, ...] = ("beta",)
    if model.sigma:
        data |= {"basis": model.basis, "numbers": np.array([_number(density) for density in model.sigma])}
        names = ("beta", "effects", "sigma")
    kinds = tuple(density.kind for density in model.sigma)
    return ModelRecipe(
        key=("latent", model.family, kinds, tuple(model.term.tolist()), model.x.shape, model.basis.shape),
        build=lambda given: _build(model, given),
        data=data,
        names=names,
        kept={},
    )


def _number(density: Density) -> float:
    return density.numbers[0] if density.numbers else 1.0


def _build(model: VaryingEffects, data: Mapping[str, Any]) -> Any:
    """Write the model; numbers of priors and likelihood enter as data, so that one compiled model serves all."""
    import pymc as pm

    math: Any = pm.math  # not typed
    with pm.Model() as built:
        given: Any = {name: pm.Data(name, value) for name, value in data.items()}
        beta: Any = pm.Flat("beta", shape=model.x.shape[1])
        pm.Potential("prior_beta", -0.5 * (given["precision"] * (beta - given["mean"]) ** 2).sum())
        eta: Any = math.dot(given["x"], beta)
        if model.sigma:
            sigma: Any = pm.HalfFlat("sigma", shape=len(model.sigma))
            for k, density in enumerate(model.sigma):
                pm.Potential(f"prior_sigma_{k}", log_sigma(math, density.kind, sigma[k], given["numbers"][k]))
            z: Any = pm.Normal("z", shape=model.basis.shape[1])
            effects: Any = pm.Deterministic("effects", sigma[model.term] * z)
            eta = eta + math.dot(given["basis"], effects)
        rate = math.log1pexp(eta) if model.family == "binomial" else math.exp(eta)
        pm.Potential("likelihood", (given["y"] * eta - given["size"] * rate).sum())
    return built


def log_sigma(math: Any, kind: str, sigma: Any, number: Any) -> Any:
    """Log prior density of a standard deviation, as `Density.log` has it."""
    if kind == "half-normal":
        return -0.5 * (sigma / number) ** 2
    if kind == "half-cauchy":
        return -math.log1p((sigma / number) ** 2)
    if kind == "exponential":
        return -number * sigma
    if kind == "rayleigh":
        return math.log(sigma) - 0.5 * (sigma / number) ** 2
    return math.log(sigma) if kind == "flat-variance" else 0.0 * sigma
