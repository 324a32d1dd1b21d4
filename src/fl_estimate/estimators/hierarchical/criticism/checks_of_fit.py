"""Criticism of an area model: predictive checks, leave-one-out, and what the prior of sigma does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, numbers_given
from fl_estimate.estimators.hierarchical.answers import without_cases
from fl_estimate.estimators.hierarchical.criticism.leaving_out import given_others
from fl_estimate.estimators.hierarchical.criticism.rebuild import rebuild
from fl_estimate.estimators.hierarchical.engines.beta_binomial import beta_points, log_marginal
from fl_estimate.estimators.hierarchical.engines.binomial import hyper_points
from fl_estimate.estimators.hierarchical.engines.samplers import importance_draws, sample
from fl_estimate.estimators.hierarchical.engines.structured_gaussian import grid_points
from fl_estimate.estimators.hierarchical.model.calibrated import from_zero
from fl_estimate.estimators.hierarchical.model.clustered import concentration
from fl_estimate.estimators.hierarchical.model.links import LINKS, natural
from fl_estimate.estimators.hierarchical.model.posterior import Model, PosteriorRequest, resample
from fl_estimate.estimators.hierarchical.model.priors import Density
from fl_estimate.estimators.hierarchical.model.structure import Crossed
from fl_estimate.results.estimates import Estimates

REPLICATES = 2_000
LOO_DRAWS = 4_000
PARETO_K_NEEDED = 0.7


def predictive_check(
    estimates: Estimates, direct: Any, *, covariates: Any = None, neighbours: Any = None, seed: int = 0
) -> pd.DataFrame:
    """Compare what was observed with what the model would let one observe, before and after the data.

    Use it before a model is published: where a figure of the observed areas lies outside the posterior's range, the model
    misses something. The prior's range should hold it with room to spare.

    Parameters
    ----------
    estimates : Estimates
        Of `area`, before benchmarking.
    direct, covariates, neighbours
        What they came from.
    seed : int

    Returns
    -------
    pandas.DataFrame
        One row a figure (`areas without a case`, `lowest`, `highest`, `spread`, `mean`, over the areas with a sample):
        `observed`; `prior_lower`, `prior_median`, `prior_upper` and the same of the posterior, 95 % ranges of
        replicated data; `p`, the share of posterior replicates at or above what was observed, ties counted by half.
        Flat priors have no prior columns (missing).

    Raises
    ------
    EstimateFault
        FL-EST-57.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> direct = pd.DataFrame({"district": ["A", "B", "C"], "n": [900, 700, 800], "deff": 1.2, "value": [0.01, 0.0, 0.006]})
    >>> checked = fl.hierarchical.predictive_check(fl.hierarchical.area(direct, seed=1), direct)
    >>> checked["figure"].tolist()[0], bool(checked["p"].between(0.01, 0.99).all())
    ('areas without a case', True)
    """
    made = rebuild(estimates, direct, covariates, neighbours)
    rng, model, met = np.random.default_rng(seed), made.model, made.sampled
    seen = made.draws[rng.integers(len(made.draws), size=REPLICATES)]
    after = _figures(_replicated(seen, model, met, rng))
    prior = _prior_draws(model, rng)
    before = None if prior is None else _figures(_replicated(prior, model, met, rng))
    observed = _figures(made.direct.numbers["value"][None, met])
    rows: list[dict[str, Any]] = []
    for name, values in observed.items():
        row: dict[str, Any] = {"figure": name, "observed": float(values[0])}
        for when, figures in (("prior", before), ("posterior", after)):
            limits = [np.nan] * 3 if figures is None else np.quantile(figures[name], (0.025, 0.5, 0.975))
            row |= {f"{when}_{end}": float(v) for end, v in zip(("lower", "median", "upper"), limits, strict=True)}
        above, tied = (after[name] > values[0]).mean(), (after[name] == values[0]).mean()
        rows.append(row | {"p": float(above + 0.5 * tied)})
    return pd.DataFrame(rows)


def _figures(values: Floats) -> dict[str, Floats]:
    return {
        "areas without a case": (values == 0).sum(axis=1).astype(float),
        "lowest": values.min(axis=1),
        "highest": values.max(axis=1),
        "spread": values.std(axis=1),
        "mean": values.mean(axis=1),
    }


def _replicated(areas: Floats, model: Model, met: npt.NDArray[np.bool_], rng: np.random.Generator) -> Floats:
    """Data that areas with these values would give, as shares or values, (N, sampled)."""
    areas, size = areas[:, met], model.size[met]
    if model.likelihood != "normal":
        # A fraction of a person is one more person, that often.
        people = np.maximum(np.floor(size + rng.random(areas.shape)), 1.0)
        share = np.clip(areas, 0, 1)
        if model.deff is not None:
            kappa = concentration(size, model.deff[met])
            share = rng.beta(np.maximum(share * kappa, 1e-12), np.maximum((1 - share) * kappa, 1e-12))
        return rng.binomial(people.astype(np.int64), share) / people
    on_link = LINKS[model.link].to(areas)
    return natural(on_link + np.sqrt(size) * rng.standard_normal(areas.shape), model.link)


def _prior_draws(model: Model, rng: np.random.Generator) -> Floats | None:
    """Areas drawn from the priors, or nothing where one is flat."""
    priors = model.priors
    if (priors.precision == 0).any() or priors.sigma.kind.startswith("flat"):
        return None
    beta = priors.mean + rng.standard_normal((REPLICATES, len(priors.mean))) / np.sqrt(priors.precision)
    centre = beta @ model.x.T
    if model.kappa is not None:
        kappa = np.exp(model.kappa.numbers[0] + model.kappa.numbers[1] * rng.standard_normal((REPLICATES, 1)))
        mu = special.expit(centre)
        return rng.beta(np.maximum(mu * kappa, 1e-12), np.maximum((1 - mu) * kappa, 1e-12))
    sigma = priors.sigma.draw(rng, REPLICATES)[:, None]
    if model.structure is None:
        return natural(centre + sigma * rng.standard_normal(centre.shape), model.link)
    structure = model.structure
    if isinstance(structure, Crossed):
        drawn = {name: density.draw(rng, REPLICATES) for name, density in structure.priors.items()}
        drawn["sigma"] = sigma[:, 0]
        for row in range(REPLICATES):
            root = structure.root({name: float(values[row]) for name, values in drawn.items()})
            centre[row] += root @ rng.standard_normal(root.shape[1])
        return natural(centre, model.link)
    h = np.full(REPLICATES, np.nan) if structure.prior is None else structure.prior.draw(rng, REPLICATES)
    effects = structure.effects(h, rng.standard_normal((REPLICATES, structure.rank)))
    return natural(centre + sigma * effects, model.link)


def leave_one_out(estimates: Estimates, direct: Any, *, covariates: Any = None, neighbours: Any = None) -> pd.DataFrame:
    """Say how well each area's data are foreseen by the other areas.

    Use it to compare models of the same data (the greater sum of `elpd` foresees better), and to find areas that are
    unlike what their covariates say. The area's own effect is integrated out: leaving out what an effect is mostly
    learnt from would be too much for weights.

    Returns
    -------
    pandas.DataFrame
        One row an area with a sample: the areas' column, `elpd` (log predictive density of its data given the others)
        and `pareto_k` (missing where the density is exact; above 0.7 it is not to be relied on).

    Raises
    ------
    EstimateFault
        FL-EST-57.

    Notes
    -----
    Normal: given sigma (and phi or rho) y_i given the others is normal with variance 1/P_ii and mean y_i − (Py)_i/P_ii, P
    = V⁻¹ − V⁻¹X(X'V⁻¹X + prior)⁻¹X'V⁻¹; averaged over the posterior by 1/Σ w/p. Counts: Pareto-smoothed importance sampling of
    the areas' marginal likelihoods; with effects that hang together an area's log odds are integrated out given those of
    all others, by quadrature over the normal density that the prior gives it then.

    References
    ----------
    Vehtari, Gelman and Gabry (2017), Statistics and Computing 27, 1413-1432.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> direct = pd.DataFrame({"area": list("ABCDE"), "value": [5.0, 9.0, 2.0, 7.0, 4.0], "se": 1.0})
    >>> estimates = fl.hierarchical.area(direct, likelihood="normal", seed=1)
    >>> fl.hierarchical.leave_one_out(estimates, direct)["elpd"].round(1).tolist()
    [-2.1, -3.5, -3.3, -2.3, -2.3]
    """
    made = rebuild(estimates, direct, covariates, neighbours)
    model, met = made.model, made.sampled
    columns = {
        name: [label for label, here in zip(labels, met, strict=True) if here]
        for name, labels in made.direct.by_columns.items()
    }
    if model.likelihood == "normal":
        elpd, k = _exact_loo(model), np.full(int(met.sum()), np.nan)
    else:
        given = _marginal_likelihoods(model) if model.structure is None else given_others(model, model.structure)
        elpd, k = _smoothed_loo(given[:, met])
    return pd.DataFrame({**columns, "elpd": elpd, "pareto_k": k})


def _exact_loo(model: Model) -> Floats:
    """Log predictive density of every sampled area given the others."""
    met = np.isfinite(model.y)
    y, x, d = model.y[met], model.x[met], model.size[met]
    prior = np.diag(model.priors.precision)
    log_inverse: list[Floats] = []
    for weight, covariance in _grid(model):
        inverse = np.linalg.inv(covariance[np.ix_(met, met)] + np.diag(d))
        vx = inverse @ x
        p = inverse - vx @ np.linalg.solve(x.T @ vx + prior, vx.T)
        # With a proper prior the values are measured from what it expects.
        rest = (p @ (y - x @ model.priors.mean)) / np.diag(p)
        log_density = 0.5 * (np.log(np.diag(p)) - np.log(2 * np.pi) - rest**2 * np.diag(p))
        log_inverse.append(np.log(weight) - log_density)
    return -np.logaddexp.reduce(np.array(log_inverse), axis=0)


def _grid(model: Model) -> Iterator[tuple[float, Floats]]:
    """Points of the posterior of a Gaussian model: weight, and covariance of the effects."""
    if not isinstance(model.structure, Crossed):
        yield from grid_points(model)
        return
    drawn = importance_draws(model, model.structure)
    values = np.column_stack([drawn.columns[name] for name in model.structure.names])
    points, position = np.unique(values, axis=0, return_inverse=True)
    weight = np.bincount(position.ravel(), weights=drawn.weighted.weight)
    for share, point in zip(weight, points, strict=True):
        yield float(share), model.structure.covariance(dict(zip(model.structure.names, point.tolist(), strict=True)))


def _marginal_likelihoods(model: Model) -> Floats:
    """Log marginal likelihood of every area at draws of the hyper-parameters, (LOO_DRAWS, m)."""
    rng = np.random.default_rng(0)
    constant = (
        special.gammaln(model.size + 1) - special.gammaln(model.y + 1) - special.gammaln(model.size - model.y + 1)
    )
    if model.likelihood == "beta-binomial":
        points = beta_points(model)
        position = resample(points.weighted.weight, LOO_DRAWS, rng)
        return log_marginal(points.beta[position], np.log(points.kappa[position]), model) + constant
    hyper, _ = hyper_points(model)
    return hyper.areas.log_z[resample(hyper.weight, LOO_DRAWS, rng)] + constant


def _smoothed_loo(log_likelihood: Floats) -> tuple[Floats, Floats]:
    from arviz_stats import base

    module: Any = base  # not typed
    stats = module.array_stats
    # It takes log likelihoods and turns their sign itself.
    log_weight, k = stats.psislw(log_likelihood.T)
    return np.logaddexp.reduce(np.asarray(log_weight) + log_likelihood.T, axis=1), np.asarray(k)


_SCALES_FIX = "scales=(0.5, 1, 2) halves and doubles the scale of the prior"


def sensitivity(
    estimates: Estimates,
    direct: Any,
    *,
    covariates: Any = None,
    neighbours: Any = None,
    scales: Sequence[float] = (0.5, 1.0, 2.0),
) -> pd.DataFrame:
    """Fit the same model with a narrower and a wider prior of how far areas differ.

    Use it wherever there are few areas: if the figures move by much of their interval, the prior speaks, not the data.

    Parameters
    ----------
    estimates : Estimates
        Of `area`, before benchmarking.
    direct, covariates, neighbours
        What they came from.
    scales : sequence of float
        The scale of sigma's prior is multiplied by each; kappa of a beta-binomial is divided by its square.

    Returns
    -------
    pandas.DataFrame
        One row an area and scale: the areas' column, `scale`, `prior`, `value`, `lower`, `upper`, `sigma` (its posterior
        median; kappa's for a beta-binomial), and `shift`: how far the value lies from that of the estimates, in half
        widths of their interval.

    Raises
    ------
    EstimateFault
        FL-EST-57; FL-EST-59: a flat prior has no scale, or a scale is no number above 0.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> direct = pd.DataFrame({"area": list("ABCDE"), "value": [5.0, 9.0, 2.0, 7.0, 4.0], "se": 1.0})
    >>> estimates = fl.hierarchical.area(direct, likelihood="normal", seed=1)
    >>> table = fl.hierarchical.sensitivity(estimates, direct)
    >>> len(table), bool(table["shift"].abs().max() < 0.5)
    (15, True)
    """
    factors = numbers_given(scales, "scales", "FL-EST-59", _SCALES_FIX)
    if not factors or not all(np.isfinite(factor) and factor > 0 for factor in factors):
        raise EstimateFault(
            "FL-EST-59", "a scale of a prior is a number above 0", found=f"{len(factors)} numbers", fix=_SCALES_FIX
        )
    made = rebuild(estimates, direct, covariates, neighbours)
    model, level = made.model, float(estimates.frame["level"].iloc[0])
    name = "sigma" if model.kappa is None else "kappa"
    frame = estimates.frame
    frame = frame[frame["margin"] != ""]
    half = (frame["upper"] - frame["lower"]).to_numpy(float) / 2
    calibrated, none = made.arguments.get("interval") == "calibrated", without_cases(made.direct, made.sampled)
    parts: list[pd.DataFrame] = []
    for scale in factors:
        scaled = _rescaled(model, scale)
        result = sample(
            scaled, PosteriorRequest(level=level, draws=1, seed=0, shares=None, calibrated=calibrated), "grid"
        )
        parts.append(
            pd.DataFrame(
                {
                    **made.direct.by_columns,
                    "scale": scale,
                    "prior": str(scaled.priors.sigma if scaled.kappa is None else scaled.kappa),
                    "value": result.median,
                    "lower": from_zero(result.lower, none) if calibrated else result.lower,
                    "upper": result.upper,
                    name: result.parameters[name]["median"],
                    "shift": (result.median - frame["value"].to_numpy(float)) / half,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _rescaled(model: Model, scale: float) -> Model:
    """The model with a prior of the spread between areas that is so many times as wide."""
    if model.kappa is not None:
        middle, spread = model.kappa.numbers[0], model.kappa.numbers[1]
        return replace(model, kappa=Density("log-normal", (middle - 2 * float(np.log(scale)), spread)))
    rules: dict[str, Callable[[float], float]] = {
        "half-normal": lambda number: number * scale,
        "half-cauchy": lambda number: number * scale,
        "rayleigh": lambda number: number * scale,
        "exponential": lambda rate: rate / scale,
    }
    sigma = model.priors.sigma
    if sigma.kind not in rules:
        raise EstimateFault(
            "FL-EST-59",
            "a flat prior has no scale that could be halved or doubled",
            found=str(sigma),
            fix="fit with half-normal(s) and compare",
        )
    return replace(
        model, priors=replace(model.priors, sigma=Density(sigma.kind, (rules[sigma.kind](sigma.numbers[0]),)))
    )
