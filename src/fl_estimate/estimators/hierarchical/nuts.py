"""The area models as PyMC writes them, sampled by NUTS: for comparison, and where importance sampling fails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from fl_estimate.estimators.hierarchical.latent_nuts import log_sigma
from fl_estimate.estimators.hierarchical.links import natural
from fl_estimate.estimators.hierarchical.posterior import Ask, Model, Posterior, weighted_summary
from fl_estimate.estimators.hierarchical.structure import Structure
from fl_estimate.estimators.sampling import CHAINS, Recipe, run_nuts

Floats = npt.NDArray[np.float64]

DRAWS_PER_CHAIN = 2_000
PAD = 32
"""Areas are padded to a multiple of this with areas that say nothing, so that one compiled model serves many maps."""


def sample_nuts(model: Model, ask: Ask) -> Posterior:
    """Summaries and draws from Markov chains.

    Raises
    ------
    EstimateFault
        FL-EST-60, FL-EST-61.
    """
    per_chain = max(DRAWS_PER_CHAIN, -(-ask.draws // CHAINS))
    run = run_nuts(recipe(model), draws_per_chain=per_chain, seed=ask.seed)
    columns = {name: run.draws[name] for name in run.draws if name not in ("beta", "theta", "log_kappa")}
    if model.likelihood == "beta-binomial":
        columns = {"kappa": np.exp(run.draws["log_kappa"])}
        every = _shares(run.draws, model, ask.seed)
    else:
        every = natural(run.draws["theta"], model.link)
    lower, median, upper = np.quantile(every, ask.tails, axis=0)
    kept = np.linspace(0, len(every) - 1, ask.draws).round().astype(int)
    weight = np.full(len(every), 1 / len(every))
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
    )


def _shares(draws: Mapping[str, Floats], model: Model, seed: int) -> Floats:
    """Shares of the beta-binomial model given the chains' hyper-parameters."""
    kappa = np.exp(draws["log_kappa"])[:, None]
    a = kappa / (1 + np.exp(-draws["beta"] @ model.x.T))
    return np.random.default_rng(seed).beta(a + model.y, kappa - a + model.size - model.y)


def recipe(model: Model) -> Recipe:
    """The model for the sampler: what is compiled, and the data that it is fed."""
    rows = -(-len(model.y) // PAD) * PAD
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
    names, kept = ["beta", "sigma", "theta"], {"theta": len(model.y)}
    if model.kappa is not None:
        data["kappa_numbers"] = np.array(model.kappa.numbers)
        names, kept = ["beta", "log_kappa"], {}
    elif model.priors.sigma.numbers:
        # Only what the model uses: the sampler refuses data that it does not know.
        data["sigma_numbers"] = np.array(model.priors.sigma.numbers)
    kinds: tuple[Any, ...] = (model.likelihood, model.priors.sigma.kind)
    if model.structure is not None:
        data |= _structure_data(model.structure, rows)
        names += [model.structure.hyper] if model.structure.hyper else []
        prior = model.structure.prior
        kinds += (model.structure.kind, "" if prior is None else prior.kind, () if prior is None else prior.ends)
    return Recipe(
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
    if structure.right is not None:
        data["right"] = _padded(structure.right, rows, rows)
    if structure.prior is not None and structure.prior.kind == "beta":
        data["share_numbers"] = np.array(structure.prior.numbers)
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
        z: Any = pm.Normal("z", shape=len(data["values"]))
        effect = z if model.structure is None else _effect(pm, model.structure, given, z)
        theta: Any = pm.Deterministic("theta", centre + sigma * effect)
        if model.likelihood == "binomial":
            log_density = given["values"] * theta - given["size"] * math.log1pexp(theta)
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


def _effect(pm: Any, structure: Structure, given: Any, z: Any) -> Any:
    """R(h) z, as `Structure` has it."""
    math = pm.math
    if structure.prior is None:
        return math.dot(given["left"], math.sqrt(given["eigenvalues"]) * z)
    h = pm.Uniform(structure.hyper, *structure.prior.ends)
    if structure.prior.kind == "beta":
        a, b = given["share_numbers"][0], given["share_numbers"][1]
        pm.Potential("prior_share", (a - 1) * math.log(h) + (b - 1) * math.log(1 - h))
    if structure.kind == "bym2":
        return math.dot(given["left"], math.sqrt(h * given["eigenvalues"] + 1 - h) * z)
    if structure.kind == "sar":
        return math.dot(given["left"], math.dot(given["right"], z) / (1 - h * given["eigenvalues"]))
    lag, rest = given["left"], math.sqrt(1 - h**2)
    powers = math.switch(lag >= 0, h ** math.maximum(lag, 0), 0.0)
    first = math.concatenate([math.ones_like(z[:1]), rest * math.ones_like(z[1:])])
    return math.dot(powers * first, z)
