"""The one place that runs PyMC: seeds, chains, quiet NUTS, and a verdict on how it went."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault
from fl_estimate.inputs.seeds import known_seed as known_seed
from fl_estimate.results.codes import SAMPLER_DIVERGENCES, SAMPLER_ENERGY, SAMPLER_ESS, SAMPLER_RHAT, ReasonCode

CHAINS = 4
RHAT_GOOD, RHAT_HOPELESS = 1.01, 1.05
ESS_NEEDED = 400.0
"""Vehtari and others (2021), Bayesian Analysis 16(2), 667-718: R-hat below 1.01, 100 effective draws a chain."""


STATS = ("diverging", "energy", "lp", "logp", "tree_depth", "depth", "n_steps", "step_size", "acceptance_rate")
"""What samplers say of each draw, by the names of ArviZ and of nutpie."""

BFMI_NEEDED = 0.3
"""Betancourt (2016), arXiv:1604.00695: below it the sampler explores the tails too slowly."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """How a run went, over every quantity that is published: the worst of each."""

    rhat: float
    ess_bulk: float
    ess_tail: float
    bfmi: float
    divergences: int
    chains: int
    draws_per_chain: int
    tuning: int
    target_accept: float
    seconds: float
    sampler: str

    @property
    def flags(self) -> tuple[tuple[ReasonCode, tuple[tuple[str, Any], ...]], ...]:
        """What falls short, as codes of reasons with their parameters."""
        reasons: list[tuple[ReasonCode, tuple[tuple[str, Any], ...]]] = []
        if not self.rhat <= RHAT_GOOD:
            reasons.append((SAMPLER_RHAT, (("rhat", round(self.rhat, 3)),)))
        ess = min(self.ess_bulk, self.ess_tail)
        if not ess >= ESS_NEEDED:
            reasons.append((SAMPLER_ESS, (("ess", float(np.round(ess))),)))
        if not self.bfmi >= BFMI_NEEDED:
            reasons.append((SAMPLER_ENERGY, (("bfmi", round(self.bfmi, 2)),)))
        if self.divergences:
            reasons.append((SAMPLER_DIVERGENCES, (("divergences", self.divergences),)))
        return tuple(reasons)

    def to_dict(self) -> dict[str, Any]:
        """For `Estimates.diagnostics`."""
        return {
            "rhat_max": self.rhat,
            "ess_bulk_min": self.ess_bulk,
            "ess_tail_min": self.ess_tail,
            "bfmi_min": self.bfmi,
            "divergences": self.divergences,
            "chains": self.chains,
            "draws_per_chain": self.draws_per_chain,
            "tuning": self.tuning,
            "target_accept": self.target_accept,
            "sampler_version": self.sampler,
        }


@dataclass(frozen=True, kw_only=True)
class Run:
    """Draws by name, chains one after the other, first axis the draws; the verdict; and what was said of each draw."""

    draws: dict[str, Floats]
    verdict: Verdict
    stats: dict[str, Floats]


@dataclass(frozen=True, kw_only=True)
class ModelRecipe:
    """A PyMC model still to be built: compiled once in a process, then fed with other data of the same shapes.

    `key` says everything that the compiled code depends on but the data; `build` makes the model, whose data are
    `pm.Data` of the names in `data`; `names` are the variables that are published, and `kept` how many rows of each
    are not padding.
    """

    key: tuple[Any, ...]
    build: Callable[[Mapping[str, Any]], Any]
    data: Mapping[str, Any]
    names: tuple[str, ...]
    kept: Mapping[str, int]


_COMPILED: dict[tuple[Any, ...], Any] = {}


def run_nuts(recipe: ModelRecipe, *, draws_per_chain: int, seed: int, progress: bool = False) -> Run:
    """Sample a PyMC model, once more with smaller steps where the first run falls short.

    nutpie draws, by name: the same seed gives the same digits whatever else is installed. It runs PyMC's own models,
    some ten times as fast as PyMC's sampler, which draws where nutpie is missing.

    Parameters
    ----------
    recipe : Recipe
        Its published variables are judged, and handed back.
    draws_per_chain : int
    seed : int
    progress : bool
        Show a bar in a terminal or a notebook, drawn by the sampler.

    Raises
    ------
    EstimateFault
        FL-EST-60: the sampler failed; FL-EST-61: its chains disagree, so that there is no estimate.
    """
    run = _run(recipe, draws_per_chain, seed, tuning=1_000, target_accept=0.95, progress=progress)
    if run.verdict.flags:
        run = _run(recipe, draws_per_chain, seed, tuning=2_000, target_accept=0.99, progress=progress)
    verdict = run.verdict
    if not verdict.rhat <= RHAT_HOPELESS or verdict.divergences >= CHAINS * draws_per_chain:
        raise EstimateFault(
            "FL-EST-61",
            "the chains of the sampler do not agree, so that there is no estimate",
            found=f"R-hat {verdict.rhat:.3f}, {verdict.divergences} divergences in {CHAINS * draws_per_chain} draws",
            fix='use sampler="grid" where there is one, a narrower prior of sigma, or fewer covariates',
        )
    return run


def _run(
    recipe: ModelRecipe, draws_per_chain: int, seed: int, *, tuning: int, target_accept: float, progress: bool
) -> Run:
    import arviz as az

    start = time.perf_counter()
    # What third parties warn of (no convergence, a compiler that is missing) is either in the verdict or of no account.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree, sampler = _tree(recipe, draws_per_chain, seed, tuning, target_accept, progress)
        except Exception as error:
            # Whatever it was: a user can act on the model and its data only.
            raise EstimateFault(
                "FL-EST-60",
                "the sampler failed",
                found=f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"[:300],
                fix='use sampler="grid" where there is one; check for covariates or values of extreme size',
            ) from error
        posterior = tree["posterior"].to_dataset()[list(recipe.names)]
        for name, rows in recipe.kept.items():
            posterior = posterior.isel({posterior[name].dims[-1]: slice(rows)})
        verdict = Verdict(
            rhat=_extreme(az.rhat(posterior), "max"),
            ess_bulk=_extreme(az.ess(posterior, method="bulk"), "min"),
            ess_tail=_extreme(az.ess(posterior, method="tail"), "min"),
            bfmi=float(np.min(_energy(tree))),
            divergences=int(tree["sample_stats"]["diverging"].sum()),
            chains=CHAINS,
            draws_per_chain=draws_per_chain,
            tuning=tuning,
            target_accept=target_accept,
            seconds=time.perf_counter() - start,
            sampler=sampler,
        )
    values = {name: np.asarray(posterior[name], dtype=float) for name in recipe.names}
    said = tree["sample_stats"]
    return Run(
        draws={name: v.reshape(-1, *v.shape[2:]) for name, v in values.items()},
        verdict=verdict,
        stats={name: np.asarray(said[name]).reshape(-1) for name in STATS if name in said},
    )


def _tree(
    recipe: ModelRecipe, draws: int, seed: int, tuning: int, target_accept: float, progress: bool
) -> tuple[Any, str]:
    """Chains as ArviZ holds them, and who drew them."""
    cores = min(CHAINS, os.cpu_count() or 1)
    try:
        import nutpie
    except ImportError:
        import pymc as pm

        tree = pm.sample(
            draws=draws, tune=tuning, chains=CHAINS, cores=cores, random_seed=seed, target_accept=target_accept,
            nuts_sampler="pymc", progressbar=progress, quiet=not progress, model=recipe.build(recipe.data),
        )  # fmt: skip
        return tree, f"PyMC {version('pymc')}"
    sampler: Any = nutpie  # not typed
    if recipe.key not in _COMPILED:
        _COMPILED[recipe.key] = sampler.compile_pymc_model(recipe.build(recipe.data))
    compiled = _COMPILED[recipe.key].with_data(**recipe.data)
    tree = sampler.sample(
        compiled, draws=draws, tune=tuning, chains=CHAINS, cores=cores, seed=seed, target_accept=target_accept,
        progress_bar=progress, save_warmup=False,
    )  # fmt: skip
    return tree, f"nutpie {version('nutpie')}, PyMC {version('pymc')}"


def _energy(tree: Any) -> Floats:
    """Bayesian fraction of missing information of each chain: mean squared change of energy over its variance."""
    energy = np.asarray(tree["sample_stats"]["energy"], dtype=float)
    return np.square(np.diff(energy, axis=1)).mean(axis=1) / energy.var(axis=1)


def _extreme(figures: Any, kind: str) -> float:
    """The worst of a diagnostic over all quantities; NaN, which no run should give, is the worst of all."""
    every = np.concatenate([np.asarray(figures[name], dtype=float).ravel() for name in figures.data_vars])
    return float(np.max(every) if kind == "max" else np.min(every))
