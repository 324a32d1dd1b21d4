"""`area`: small areas from direct estimates, each borrowing from the others. Arguments in, Estimates out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from fl_estimate.errors import EstimateFault, not_one_of
from fl_estimate.estimators.hierarchical.answers import area_estimates
from fl_estimate.estimators.hierarchical.binomial import hyper_points
from fl_estimate.estimators.hierarchical.checks import (
    aliased,
    covariate_columns,
    flat_fault,
    population_of,
    raise_together,
    sampled_areas,
    value_faults,
)
from fl_estimate.estimators.hierarchical.counts import sample_counts
from fl_estimate.estimators.hierarchical.direct import Direct, read_direct, read_keyed
from fl_estimate.estimators.hierarchical.effective import Effective, effective_counts
from fl_estimate.estimators.hierarchical.gaussian import sample_grid
from fl_estimate.estimators.hierarchical.nuts import sample_nuts
from fl_estimate.estimators.hierarchical.posterior import Ask, Model, Posterior
from fl_estimate.estimators.hierarchical.priors import Density, Prior, Priors, decide
from fl_estimate.results.estimates import Estimates

Floats = npt.NDArray[np.float64]

LINKS: dict[str, tuple[str, ...]] = {"binomial": ("logit",), "normal": ("identity", "logit")}


def area(
    direct: Any,
    *,
    covariates: Any = None,
    likelihood: Literal["binomial", "normal"] = "binomial",
    link: Literal["identity", "logit"] | None = None,
    sampler: Literal["grid", "nuts"] = "grid",
    prior: Prior | None = None,
    population: Any = None,
    level: float = 0.95,
    draws: int = 4_000,
    seed: int | None = None,
) -> Estimates:
    """Estimate small areas from their direct estimates, each borrowing from the others and from covariates.

    Use it where the sample was not planned for the areas, so that direct estimates are too uncertain to be printed, or
    an area has no case or no respondent at all. Do not use it to rank areas by their medians, nor where a handful of
    areas is all there is: how far areas differ is then mostly the prior's word.

    Parameters
    ----------
    direct : Estimates or frame
        From `estimate_prevalence` with one by-column; or a frame with that column and `value`, `n`, `deff` (binomial)
        or `value`, `se` (normal), one row an area. An area without sample has n = 0. A national row is set apart and
        the row of missing labels left out.
    covariates : frame, optional
        The areas' column and numbers known for every area, all of which are used. Areas that only this frame (or
        `population`) knows are estimated too. An intercept is always added.
    likelihood : {"binomial", "normal"}
        Effective counts on the logit scale, which keep areas without a case; or Fay and Herriot's model.
    link : {"identity", "logit"}, optional
        Of the normal likelihood; identity by default. The logit refuses areas of 0 or 1.
    sampler : {"grid", "nuts"}
        Numerical integration, without Markov chains; or Hamiltonian Monte Carlo by PyMC.
    prior : Prior, optional
    population : frame, optional
        The areas' column and `population`, in persons, for every area: a national row comes first then, the areas'
        draws weighted by it.
    level : float
        Probability of the equal-tailed interval.
    draws : int
        Joint draws kept in `.draws`, (draws, rows). Value and limits do not come from these.
    seed : int, optional
        Of draws and chains; where it is not given, one is made and noted in `.diagnostics`.

    Returns
    -------
    Estimates
        `value` the posterior median, `se` its standard deviation, `lower` and `upper` equal-tailed limits; `n`, `cases`
        and `deff` those of `direct`. `.diagnostics` holds the hyper-parameters, how well the sampler worked, and the
        design effect used for each area.

    Raises
    ------
    EstimateFault
        FL-EST-40 to FL-EST-55: input that the model cannot use, several faults in one message; FL-EST-60, FL-EST-61:
        the sampler failed.

    Notes
    -----
    Binomial: log likelihood y_i eta_i − n_i log(1 + exp eta_i) with n_i = n/deff and y_i = n_i · value. Normal:
    value_i ~ N(eta_i, se_i²), on the logit scale with se/(p(1 − p)). In both eta_i = x_i'beta + sigma z_i, z_i ~ N(0, 1).

    References
    ----------
    Fay and Herriot (1979), Journal of the American Statistical Association 74, 269-277. Rao and Molina (2015), Small
    Area Estimation, 2nd ed., ch. 10.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> direct = pd.DataFrame({"district": ["A", "B", "C", "D"], "n": [900, 700, 800, 0], "deff": [1.2, None, 1.1, None],
    ...                        "value": [0.010, 0.0, 0.006, None], "cases": [9, 0, 5, 0]})
    >>> estimates = fl.hierarchical.area(direct, seed=1)
    >>> frame = estimates.to_frame()
    >>> frame["district"].tolist(), [bool(low > 0) for low in frame["lower"]]
    (['A', 'B', 'C', 'D'], [True, True, True, True])
    """
    chosen_link = _check_words(likelihood, link, sampler)
    _check_numbers(level, draws, seed)
    table = read_direct(direct, likelihood, [covariates, population])
    known = None if covariates is None else read_keyed(covariates, table.by, "covariates")
    people = None if population is None else read_keyed(population, table.by, "population")
    for frame in (known, people):
        table = table if frame is None else table.with_areas(frame.labels)
    columns, fault = covariate_columns(table, known)
    persons, population_fault = population_of(table, people)
    raise_together([*value_faults(table, likelihood, chosen_link), fault, population_fault])
    sampled = sampled_areas(table, likelihood)
    raise_together([aliased(columns, sampled)])
    prepared = _prepare(table, sampled, columns, likelihood, chosen_link, prior)
    used = int(np.random.SeedSequence().generate_state(1)[0]) if seed is None else int(seed)
    ask = Ask(level=level, draws=draws, seed=used, shares=None if persons is None else persons / persons.sum())
    posterior = _sample(prepared.model, ask, sampler)
    arguments: dict[str, Any] = {
        "likelihood": likelihood,
        "link": chosen_link,
        "sampler": sampler,
        "covariates": list(columns),
        "prior": prepared.said(),
        "population": persons is not None,
        "draws": draws,
        "seed": seed,
    }
    return area_estimates(
        table, prepared.model, ask, posterior, prepared.effective, prepared.standardised, sampled, arguments
    )


@dataclass(frozen=True, kw_only=True)
class _Prepared:
    """A model ready to be sampled, with how its numbers came about."""

    model: Model
    effective: Effective | None
    standardised: Mapping[str, tuple[float, float]]

    def said(self) -> dict[str, str]:
        priors = self.model.priors
        slopes = {} if priors.slopes is None else {"slopes": str(priors.slopes)}
        return {"sigma": str(priors.sigma), "intercept": str(priors.intercept), **slopes}


def _prepare(
    direct: Direct, sampled: Any, columns: Mapping[str, Floats], likelihood: str, link: str, prior: Prior | None
) -> _Prepared:
    """Effective counts or values with variances, the covariates, and the priors."""
    scaled: dict[str, tuple[float, float]] = {}
    if prior is None:
        scaled = {name: (float(values.mean()), float(values.std())) for name, values in columns.items()}
    every = [
        (values - scaled[name][0]) / scaled[name][1] if prior is None else values for name, values in columns.items()
    ]
    x = np.column_stack([np.ones(len(direct.keys)), *every])
    effective = effective_counts(direct) if likelihood == "binomial" else None
    y, size = (effective.cases, effective.n) if effective else _values(direct, sampled, link)
    informative = int(((y > 0) & (y < size)).sum() if effective else sampled.sum())
    priors = _priors(prior, y, size, x, likelihood, link)
    no_cases = likelihood == "binomial" and not 0 < y.sum() < size.sum() and priors.intercept.kind == "flat"
    raise_together([flat_fault(priors, informative, x.shape[1]), _flat_intercept(no_cases)])
    names = ("intercept", *columns)
    model = Model(likelihood=likelihood, link=link, y=y, size=size, x=x, names=names, priors=priors)
    return _Prepared(model=model, effective=effective, standardised=scaled)


def _flat_intercept(no_cases: bool) -> EstimateFault | None:
    if not no_cases:
        return None
    return EstimateFault(
        "FL-EST-55",
        "with a flat prior of the intercept there is no posterior: there are no cases, or nothing but cases",
        found="0 cases in all areas together, or as many as people",
        fix='give Prior(intercept="normal(m, s)"), or leave the intercept to its default',
    )


def _values(direct: Direct, sampled: Any, link: str) -> tuple[Floats, Floats]:
    """Values and variances on the scale of the link, NaN without sample."""
    value = np.where(sampled, direct.numbers["value"], np.nan)
    variance = np.where(sampled, direct.numbers["se"] ** 2, np.nan)
    if link == "identity":
        return value, variance
    return special.logit(value), variance / (value * (1 - value)) ** 2


def _priors(prior: Prior | None, y: Floats, size: Floats, x: Floats, likelihood: str, link: str) -> Priors:
    """The defaults of the likelihood, where the user gave none."""
    slopes = x.shape[1] - 1
    if likelihood == "binomial":
        share = y.sum() / size.sum()
        if not 0 < share < 1:
            share = (y.sum() + 0.5) / (size.sum() + 1)
        centre = float(special.logit(share))
        return decide(
            prior, slopes=slopes, sigma=Density("half-normal", (1.0,)), intercept=Density("normal", (centre, 1.5)),
            slope=Density("normal", (0.0, 2.5)),
        )  # fmt: skip
    met = np.isfinite(y)
    spread = float(np.std(y[met], ddof=1)) if met.sum() > 1 else 0.0
    scale = 1.0 if link == "logit" else spread or float(np.sqrt(size[met].mean()))
    flat = Density("flat")
    return decide(prior, slopes=slopes, sigma=Density("half-normal", (scale,)), intercept=flat, slope=flat)


def _sample(model: Model, ask: Ask, sampler: str) -> Posterior:
    """Run the sampler asked for; importance weights that cannot be trusted give way to Markov chains."""
    if sampler == "nuts":
        return sample_nuts(model, ask)
    if model.likelihood == "normal":
        return sample_grid(model, ask)
    hyper, weighted = hyper_points(model)
    if weighted.good:
        return sample_counts(model, ask, hyper, weighted)
    found = sample_nuts(model, ask)
    noted = {"importance_ess": weighted.ess, "importance_pareto_k": weighted.pareto_k, "fallback": "nuts"}
    return Posterior(
        median=found.median, sd=found.sd, lower=found.lower, upper=found.upper, draws=found.draws,
        national=found.national, parameters=found.parameters, diagnostics={**found.diagnostics, **noted},
        flags=found.flags,
    )  # fmt: skip


def _check_words(likelihood: str, link: str | None, sampler: str) -> str:
    """Refuse words that are not known; give the link."""
    if likelihood not in LINKS:
        raise not_one_of("FL-EST-46", "this likelihood", str(likelihood), tuple(LINKS))
    chosen = LINKS[likelihood][0] if link is None else link
    if chosen not in LINKS[likelihood]:
        raise not_one_of("FL-EST-47", f"this link for likelihood={likelihood!r}", str(chosen), LINKS[likelihood])
    if sampler not in ("grid", "nuts"):
        raise not_one_of("FL-EST-48", "this sampler", str(sampler), ("grid", "nuts"))
    return chosen


def _check_numbers(level: float, draws: int, seed: int | None) -> None:
    wrong: list[str] = []
    if not 0 < level < 1:
        wrong.append(f"level={level!r}")
    if isinstance(draws, bool) or not isinstance(draws, int | np.integer) or draws < 1:
        wrong.append(f"draws={draws!r}")
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0):
        wrong.append(f"seed={seed!r}")
    if wrong:
        raise EstimateFault(
            "FL-EST-50",
            "an argument is out of range",
            found=", ".join(wrong),
            fix="95 % is level=0.95; draws is a whole number above 0, seed one of 0 or more",
        )
