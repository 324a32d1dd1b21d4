"""The area models as PyMC writes them, sampled by NUTS: for comparison, and where importance sampling fails."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fl_estimate.estimators.hierarchical.posterior import Ask, Model, Posterior, natural, weighted_summary
from fl_estimate.estimators.hierarchical.priors import Density
from fl_estimate.estimators.sampling import CHAINS, run_nuts

Floats = npt.NDArray[np.float64]

DRAWS_PER_CHAIN = 2_000


def sample_nuts(model: Model, ask: Ask) -> Posterior:
    """Summaries and draws from Markov chains.

    Raises
    ------
    EstimateFault
        FL-EST-60, FL-EST-61.
    """
    per_chain = max(DRAWS_PER_CHAIN, -(-ask.draws // CHAINS))
    run = run_nuts(build(model), ("sigma", "beta", "theta"), draws_per_chain=per_chain, seed=ask.seed)
    every = natural(run.draws["theta"], model.link)
    lower, median, upper = np.quantile(every, ask.tails, axis=0)
    kept = np.linspace(0, len(every) - 1, ask.draws).round().astype(int)
    weight = np.full(len(every), 1 / len(every))
    columns = {"sigma": run.draws["sigma"], **dict(zip(model.names, run.draws["beta"].T, strict=True))}
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


def build(model: Model) -> Any:
    """Write the model in PyMC; `theta` is every area on the scale of the link.

    Effective counts are fractions: they enter as a potential, since pm.Binomial would cut them to whole numbers.
    """
    import pymc as pm

    math: Any = pm.math  # not typed
    priors, met = model.priors, np.isfinite(model.y)
    with pm.Model() as built:
        sigma: Any = _sigma(priors.sigma)
        parts = [
            pm.Flat(f"beta_{k}") if precision == 0 else pm.Normal(f"beta_{k}", mean, precision**-0.5)
            for k, (mean, precision) in enumerate(zip(priors.mean, priors.precision, strict=True))
        ]
        beta = pm.Deterministic("beta", math.stack(parts))
        z = pm.Normal("z", shape=len(model.y))
        theta: Any = pm.Deterministic("theta", math.dot(model.x, beta) + sigma * z)
        if model.likelihood == "binomial":
            pm.Potential("likelihood", (model.y * theta - model.size * math.log1pexp(theta)).sum())
        else:
            pm.Normal("y", theta[np.flatnonzero(met)], np.sqrt(model.size[met]), observed=model.y[met])
    return built


def _sigma(density: Density) -> Any:
    import pymc as pm

    if density.kind == "half-normal":
        return pm.HalfNormal("sigma", density.numbers[0])
    if density.kind == "half-cauchy":
        return pm.HalfCauchy("sigma", density.numbers[0])
    if density.kind == "exponential":
        return pm.Exponential("sigma", density.numbers[0])
    sigma = pm.HalfFlat("sigma")
    if density.kind == "flat-variance":
        log: Any = pm.math.log
        pm.Potential("flat_variance", log(sigma))
    return sigma
