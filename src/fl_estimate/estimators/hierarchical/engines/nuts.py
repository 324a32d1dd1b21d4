"""The area models as PyMC writes them, sampled by NUTS: for comparison, and where importance sampling fails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.estimators.hierarchical.engines.latent_nuts import log_sigma
from fl_estimate.estimators.hierarchical.model.calibrated import tail_of
from fl_estimate.estimators.hierarchical.model.clustered import concentration
from fl_estimate.estimators.hierarchical.model.links import natural
from fl_estimate.estimators.hierarchical.model.posterior import (
    Model,
    Posterior,
    PosteriorRequest,
    column_quantiles,
    spread_over,
    weighted_summary,
)
from fl_estimate.estimators.hierarchical.model.structure import Crossed, Structure
from fl_estimate.estimators.sampling import CHAINS, ModelRecipe, run_nuts

DRAWS_PER_CHAIN = 2_000
PAD = 32
"""Areas are padded to a multiple of this with areas that say nothing, so that one compiled model serves many maps."""


def sample_nuts(model: Model, ask: PosteriorRequest) -> Posterior:
    """Summaries and draws from Markov chains.

    Raises
    ------
    EstimateFault
        FL-EST-60, FL-EST-61.
    """
    per_chain = max(DRAWS_PER_CHAIN, -(-ask.draws // CHAINS))
    run = run_nuts(recipe(model), draws_per_chain=per_chain, seed=ask.seed, progress=ask.progress)
    columns = {name: run.draws[name] for name in run.draws if name not in ("beta", "theta", "log_kappa")}
    if model.likelihood == "beta-binomial":
        columns = {"kappa": np.exp(run.draws["log_kappa"])}
        every = _shares(run.draws, model, ask.seed)
    else:
        every = natural(run.draws["theta"], model.link)
    tail = _tail(run.draws, model, ask)
    lower, median, upper = column_quantiles(every, ask.tails if tail is None else (tail, 0.5, 1 - tail))
    kept, chains = spread_over(len(every), ask.draws, CHAINS)
    weight = np.full(len(every), 1 / len(every))
    joint = {**{name: values[kept] for name, values in columns.items()}, "beta": run.draws["beta"][kept]}
    columns |= dict(zip(model.names, run.draws["beta"].T, strict=True))
    return Posterior(
        median=median,
        sd=every.std(axis=0, ddof=1),
        lower=lower,
        upper=upper,
        draws=every[kept],
        national=None if ask.shares is None else every @ ask.shares,
        parameters={name: weighted_summary(values, weight, ask.tails) for name, values in columns.items()},
        diagnostics={"sampler": "nuts", **run.verdict.to_dict()},
        flags=run.verdict.flags,
        joint=joint,
        chains=chains,
        stats={name: values[kept] for name, values in run.stats.items()},
        tail=tail,
    )


def _tail(draws: Mapping[str, Floats], model: Model, ask: PosteriorRequest) -> Floats | None:
    """Tail probabilities of calibrated limits, as the grid has them."""
    if not ask.calibrated:
        return None
    around = np.square(draws["sigma"]).mean() + (draws["beta"] @ model.x.T).var(axis=0)
    return tail_of(draws["theta"].var(axis=0), around, ask)


def _shares(draws: Mapping[str, Floats], model: Model, seed: int) -> Floats:
    """Shares of the beta-binomial model given the chains' hyper-parameters."""
    kappa = np.exp(draws["log_kappa"])[:, None]
    a = kappa / (1 + np.exp(-draws["beta"] @ model.x.T))
    return np.random.default_rng(seed).beta(a + model.y, kappa - a + model.size - model.y)


def recipe(model: Model) -> ModelRecipe:
    """The model for the sampler: what is compiled, and the data that it is fed."""
    crossed = isinstance(model.structure, Crossed)
    # Areas that say nothing cannot be put among areas and times, which are a rectangle.
    rows = len(model.y) if crossed else -(-len(model.y) // PAD) * PAD
    met = np.isfinite(model.y)
    size = np.where(met, model.size, 0.0)
    if model.likelihood == "normal":
        # The precision of the errors, 0 without sample.
        size[met] = 1 / size[met]
    data: dict[str, Any] = {
        "x": _padded(model.x, rows, model.x.shape[1]),
        "values": np.append(np.where(met, model.y, 0.0), np.zeros(rows - len(met))),
        "size": np.append(size, np.zeros(rows - len(met))),
        "mean": model.priors.mean.astype(float),
        "precision": model.priors.precision.astype(float),
    }
    if model.deff is not None:
        data["concentration"] = np.append(concentration(model.size, model.deff), np.ones(rows - len(met)))
    names, kept = ["beta", "sigma", "theta"], {"theta": len(model.y)}
    if model.kappa is not None:
        data["kappa_numbers"] = np.array(model.kappa.numbers)
        names, kept = ["beta", "log_kappa"], {}
    elif model.priors.sigma.numbers:
        # Only what the model uses: the sampler refuses data that it does not know.
        data["sigma_numbers"] = np.array(model.priors.sigma.numbers)
    kinds: tuple[Any, ...] = (model.likelihood, model.priors.sigma.kind)
    if isinstance(model.structure, Crossed):
        data |= _crossed_data(model.structure)
        kinds += model.structure.sizes
    elif model.structure is not None:
        data |= _structure_data(model.structure, rows)
    if model.structure is not None:
        names += list(model.structure.priors)
        kinds += (model.structure.kind, *((prior.kind, prior.ends) for prior in model.structure.priors.values()))
    return ModelRecipe(
        key=(*kinds, rows, model.x.shape[1]),
        build=lambda given: build(model, given),
        data=data,
        names=tuple(names),
        kept=kept,
    )


def _padded(matrix: Floats, rows: int, columns: int, fill: float = 0.0) -> Floats:
    out = np.full((rows, columns), fill)
    out[: matrix.shape[0], : matrix.shape[1]] = matrix
    return out


def _structure_data(structure: Structure, rows: int) -> dict[str, Any]:
    empty = -1.0 if structure.kind == "ar1" else 0.0
    data: dict[str, Any] = {"left": _padded(structure.left, rows, rows, empty)}
    if structure.kind != "ar1":
        data["eigenvalues"] = np.append(structure.values, np.zeros(rows - structure.rank))
    if structure.kind == "sar":
        assert structure.right is not None  # of every map
        data["right"] = _padded(structure.right, rows, rows)
    if structure.prior is not None and structure.prior.kind == "beta":
        data["share_numbers"] = np.array(structure.prior.numbers)
    return data


def _crossed_data(crossed: Crossed) -> dict[str, Any]:
    """What both structures are made of, under names that begin with area_ and time_; nothing of independent effects."""
    assert crossed.sigma_time is not None  # decided when the model was prepared
    data: dict[str, Any] = {"sigma_time_numbers": np.array(crossed.sigma_time.numbers)}
    for name, structure, size in zip(("area", "time"), (crossed.area, crossed.time), crossed.sizes, strict=True):
        if structure.kind != "independent":
            data |= {f"{name}_{key}": value for key, value in _structure_data(structure, size).items()}
    return data


def build(model: Model, data: Mapping[str, Any]) -> Any:
    """Write the model in PyMC; `theta` is every area on the scale of the link.

    Priors and likelihood enter as potentials on flat variables, so that their numbers are data and one compiled model
    serves all. Effective counts are fractions: pm.Binomial would cut them to whole numbers.
    """
    import pymc as pm

    math: Any = pm.math  # not typed
    with pm.Model() as built:
        given: Any = {name: pm.Data(name, value) for name, value in data.items()}
        beta: Any = pm.Flat("beta", shape=model.x.shape[1])
        pm.Potential("prior_beta", -0.5 * (given["precision"] * (beta - given["mean"]) ** 2).sum())
        centre = math.dot(given["x"], beta)
        if model.kappa is not None:
            _beta_binomial(pm, given, centre)
            return built
        sigma: Any = pm.HalfFlat("sigma")
        number = given["sigma_numbers"][0] if "sigma_numbers" in given else None
        pm.Potential("prior_sigma", log_sigma(math, model.priors.sigma.kind, sigma, number))
        if isinstance(model.structure, Crossed):
            effects = _crossed_effects(pm, model.structure, given, sigma)
        else:
            z: Any = pm.Normal("z", shape=len(data["values"]))
            effects = sigma * (z if model.structure is None else _effect(pm, model.structure, given, z))
        theta: Any = pm.Deterministic("theta", centre + effects)
        if model.likelihood == "binomial":
            log_density = given["values"] * theta - given["size"] * math.log1pexp(theta)
        elif model.likelihood == "clustered":
            log_density = _clustered(math, given, theta)
        else:
            log_density = -0.5 * given["size"] * (given["values"] - theta) ** 2
        pm.Potential("likelihood", log_density.sum())
    return built


def _beta_binomial(pm: Any, given: Any, centre: Any) -> None:
    """Every area's share integrated out: log B(a + y, b + n − y) − log B(a, b)."""
    log_kappa = pm.Flat("log_kappa")
    mean, sd = given["kappa_numbers"][0], given["kappa_numbers"][1]
    pm.Potential("prior_kappa", -0.5 * ((log_kappa - mean) / sd) ** 2)
    kappa, gammaln = pm.math.exp(log_kappa), pm.math.gammaln
    a, b = kappa * pm.math.sigmoid(centre), kappa * pm.math.sigmoid(-centre)
    y, n = given["values"], given["size"]
    log_density = gammaln(a + y) + gammaln(b + n - y) - gammaln(kappa + n) - gammaln(a) - gammaln(b) + gammaln(kappa)
    pm.Potential("likelihood", log_density.sum())


def _clustered(math: Any, given: Any, theta: Any) -> Any:
    """Log likelihood of beta-binomial counts of known concentration at every area's log odds."""
    gammaln, y, n = math.gammaln, given["values"], given["size"]
    a, b = given["concentration"] * math.sigmoid(theta), given["concentration"] * math.sigmoid(-theta)
    return gammaln(a + y) - gammaln(a) + gammaln(b + n - y) - gammaln(b)


def _crossed_effects(pm: Any, crossed: Crossed, given: Mapping[str, Any], sigma: Any) -> Any:
    """Effects of areas and of each area's times, row by row."""
    assert crossed.sigma_time is not None  # decided when the model was prepared
    areas, times = crossed.sizes
    sigma_time: Any = pm.HalfFlat("sigma_time")
    pm.Potential(
        "prior_sigma_time", log_sigma(pm.math, crossed.sigma_time.kind, sigma_time, given["sigma_time_numbers"][0])
    )
    parts: list[Any] = []
    for name, structure, shape in (("area", crossed.area, (areas,)), ("time", crossed.time, (areas, times))):
        z: Any = pm.Normal(f"z_{name}", shape=shape)
        own = {key.removeprefix(f"{name}_"): value for key, value in given.items() if key.startswith(f"{name}_")}
        hyper = "rho_time" if name == "time" else structure.hyper
        parts.append(z if structure.kind == "independent" else _effect(pm, structure, own, z, hyper))
    return (sigma * parts[0][:, None] + sigma_time * parts[1]).flatten()


def _effect(pm: Any, structure: Structure, given: Mapping[str, Any], z: Any, hyper: str = "") -> Any:
    """R(h) z along the last axis of z, as `Structure` has it."""
    math, left = pm.math, given["left"]
    if structure.prior is None:
        return math.dot(math.sqrt(given["eigenvalues"]) * z, left.T)
    name = hyper or structure.hyper
    h = pm.Uniform(name, *structure.prior.ends)
    if structure.prior.kind == "beta":
        a, b = given["share_numbers"][0], given["share_numbers"][1]
        pm.Potential(f"prior_{name}", (a - 1) * math.log(h) + (b - 1) * math.log(1 - h))
    if structure.kind == "bym2":
        return math.dot(math.sqrt(h * given["eigenvalues"] + 1 - h) * z, left.T)
    if structure.kind == "sar":
        return math.dot(math.dot(z, given["right"].T) / (1 - h * given["eigenvalues"]), left.T)
    one = math.ones_like(left[0])
    powers = math.switch(left >= 0, h ** math.maximum(left, 0), 0.0)
    first = math.concatenate([one[:1], math.sqrt(1 - h**2) * one[1:]])
    return math.dot(z, (powers * first).T)
