"""`unit`: people in cells, a model of the cells, and the population's cells to add up over. Arguments in, Estimates out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from fl_estimate.arrays import Floats
from fl_estimate.design.domains import By
from fl_estimate.errors import EstimateFault, labels_shown, not_one_of, shown
from fl_estimate.estimators.hierarchical.engines.latent_nuts import sample_latent
from fl_estimate.estimators.hierarchical.engines.unit_normal import (
    Normal,
    draw_normal,
    gather,
    mixture_figures,
    person_means,
    sum_cells,
)
from fl_estimate.estimators.hierarchical.engines.varying_effects import LatentDraws, VaryingEffects, draw_latent
from fl_estimate.estimators.hierarchical.model.asked import check_numbers, tails_of
from fl_estimate.estimators.hierarchical.model.priors import SPREAD_OF_COUNTS, Density, Prior, coefficient_of, sigma_of
from fl_estimate.estimators.hierarchical.read.checks import aliased
from fl_estimate.estimators.hierarchical.read.unit_cells import count_cells
from fl_estimate.estimators.hierarchical.read.unit_design import (
    PredictorColumns,
    cell_names,
    lay_cells,
    make_columns,
    make_domains,
)
from fl_estimate.estimators.hierarchical.unit_answers import SampledCellModel, unit_estimates
from fl_estimate.estimators.hierarchical.unit_imputed import drawn_people, mixed_over_draws
from fl_estimate.estimators.sampling import known_seed
from fl_estimate.estimators.survey.design_weighted import estimate_mean, estimate_prevalence
from fl_estimate.estimators.survey.imputed import IMPUTE
from fl_estimate.inputs.sample_design import Design
from fl_estimate.results.codes import MEAN, PREVALENCE, MethodName
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import (
    GROUPS,
    NOT_IN_FILE,
    PEOPLE,
    Draws,
    FromFile,
    Level,
    Name,
    Parts,
    SeedOrNone,
    Some,
    Where,
)

UNIT_BINOMIAL = MethodName("unit-binomial")
UNIT_NORMAL = MethodName("unit-normal")


def _of_people(people: Any, outcome: str, *, likelihood: str = "binomial", **settings: Any) -> Estimates:
    """What the people say without a model: fails where the model would, in a moment."""
    direct = estimate_mean if likelihood == "normal" else estimate_prevalence
    return direct(people, outcome, **settings)


@method(
    kind="unit",
    basis="model",
    family="hierarchical",
    tried_by=_of_people,
    tried_with=("outcome", "where", "unknown", "likelihood"),
)
def unit(
    people: Annotated[Any, PEOPLE],
    outcome: Name,
    *,
    cells: Annotated[str | Annotated[Sequence[str], Some], GROUPS],
    population: Annotated[Any, FromFile(keyed=("cells",), column="population")],
    covariates: Annotated[Any, FromFile(also=("cells",), choose=True)] = None,
    varying: Sequence[str] | None = None,
    by: By = None,
    design: Annotated[Design | None, NOT_IN_FILE] = None,
    where: Where = None,
    unknown: Literal["no", "exclude", "impute"] | None = None,
    likelihood: Literal["binomial", "normal"] = "binomial",
    weights: Literal["widened", "effective", "none"] = "widened",
    sampler: Literal["grid", "nuts"] = "grid",
    prior: Annotated[Prior | None, Parts(without=("phi", "rho", "kappa", "sigma_time", "rho_time"))] = None,
    level: Level = 0.95,
    draws: Draws = 4_000,
    seed: SeedOrNone = None,
) -> Estimates:
    """Multilevel regression with poststratification: a model of people in cells, added up over the population's cells.

    Use it where the population is known by the columns that divide people (a census by region, age and sex), and domains
    are too small for direct estimates. Do not use it where who is sampled depends on the outcome within cells.

    Parameters
    ----------
    people : Classification, SurveyData or frame
    outcome : str
        A 0/1 outcome; with the normal likelihood any number (wages, hours, costs).
    cells : str or list of str
        The columns of `people` that make up the cells.
    population : frame
        The cell columns and `population`, in persons: every cell there is, sampled or not.
    covariates : frame, or list, optional
        Numbers of areas or other values of cell columns, keyed by the cell columns that the frame has. With the normal
        likelihood names of columns of people too, whose means stand in `population` under the same names.
    varying : list of str, optional
        Sets of varying effects: ``"region"``, crossed or nested ``"region:age"``. By default each cell column of more than
        two values. A cell column in none of them gets coefficients, against its first value.
    by : str, list of str, or list of lists, optional
        As in `estimate_prevalence`, by any column of `population` that is the same within a cell. The nation stands first.
    design, where, unknown
        As in `estimate_prevalence`; of imputed answers the model is fitted to every draw, and their posteriors are mixed.
    likelihood : {"binomial", "normal"}
    weights : {"widened", "effective", "none"}
        Effective counts, from weights within cells and the design's clusters and strata, with (of 0/1 outcomes) the design's
        part made larger because it is estimated from few primary units, or as if it were known; or none, where the cells
        hold all that the sample was drawn by.
    sampler : {"grid", "nuts"}
        Laplace's approximation with importance weights, which gives way to Markov chains where the weights are bad; or
        Hamiltonian Monte Carlo by PyMC. The normal likelihood is integrated without chains.
    prior : Prior, optional
        `sigma` one text for all sets of effects, or a mapping from their names.
    level : float
    draws : int
        Joint draws of all rows kept in `.draws`, so that contrasts and any further sums can be made of them.
    seed : int, optional
        Of the draws kept and of chains.

    Returns
    -------
    Estimates
        `value` the posterior median, `se` the standard deviation, `lower` and `upper` equal-tailed limits; `n`, `cases`
        of the sample. `.diagnostics` holds parameters, effective sizes, new levels and empty cells.

    Raises
    ------
    EstimateFault
        FL-EST-50, FL-EST-52, FL-EST-100 to FL-EST-108; FL-EST-60, FL-EST-61: chains that failed.

    Notes
    -----
    y_c eta_c − n_c log(1 + exp eta_c) with effective counts; eta_c = x_c'beta + sum of sigma_k (Q_k z_k), z standard normal. A
    column's own effects sum to zero, with covariance sigma² (I − J/K); those of crossed columns are independent. A
    domain's share in every draw is Σ N_c expit(eta_c)/Σ N_c over its cells. Levels that only the population has are
    drawn from the prior of their effect.

    References
    ----------
    Gelman and Little (1997), Survey Methodology 23(2), 127-135. Ghitza and Gelman (2013), American Journal of
    Political Science 57(3), 762-776. Battese, Harter and Fuller (1988), Journal of the American Statistical Association
    83, 28-36.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"region": ["N", "S", "W"] * 40, "sex": ["f", "m"] * 60, "fl": [1] + [0] * 11 + [0, 1] * 54})
    >>> cells = [("N", "f", 900), ("N", "m", 850), ("S", "f", 400), ("S", "m", 420), ("W", "f", 300), ("W", "m", 310)]
    >>> population = pd.DataFrame(cells, columns=["region", "sex", "population"])
    >>> estimates = fl.hierarchical.unit(people, "fl", cells=["region", "sex"], population=population, by="region",
    ...                                  design=fl.Design(unweighted=True), seed=1)
    >>> estimates.to_frame()["region"].tolist()
    [nan, 'N', 'S', 'W']
    """
    if likelihood not in ("binomial", "normal"):
        raise not_one_of("FL-EST-107", "this likelihood", likelihood, ("binomial", "normal"))
    if sampler not in ("grid", "nuts") or (likelihood == "normal" and sampler == "nuts"):
        allowed = ("grid", "nuts") if likelihood == "binomial" else ("grid",)
        raise not_one_of("FL-EST-107", f"this sampler of likelihood={shown(likelihood)}", sampler, allowed)
    check_numbers(level, draws, seed)
    if unknown == IMPUTE:
        chosen = known_seed(seed)
        drawn = drawn_people(people, outcome)
        model = partial(
            unit, outcome=outcome, cells=cells, population=population, covariates=covariates, varying=varying, by=by,
            design=design, where=where, likelihood=likelihood, weights=weights, sampler=sampler, prior=prior, level=level,
            draws=draws, seed=chosen,
        )  # fmt: skip
        return mixed_over_draws(model, drawn, outcome, level=level, draws=draws, seed=chosen)
    names = cell_names(cells)
    asked = _UnitArguments(
        people=people, outcome=outcome, names=names, population=population, covariates=covariates, varying=varying,
        design=design, where=where, unknown=unknown, weights=weights, prior=prior, draws=draws, seed=known_seed(seed),
    )  # fmt: skip
    fitted = _fit_counts(asked, sampler) if likelihood == "binomial" else _fit_normal(asked, by, tails_of(level))
    arguments: dict[str, Any] = {
        "outcome": outcome, "cells": list(names), "varying": list(fitted.columns.terms), "by": by, "where": where or "",
        "unknown": unknown or "", "likelihood": likelihood, "weights": weights, "sampler": sampler,
        "covariates": [name for name in fitted.names if name != "intercept"], "prior": fitted.priors, "draws": draws,
        "seed": seed,
    }  # fmt: skip
    domains = make_domains(fitted.cells, by)
    return unit_estimates(fitted, domains, level=level, draws=draws, seed=asked.seed, arguments=arguments)


@dataclass(frozen=True, kw_only=True)
class _UnitArguments:
    """The arguments of one call."""

    people: Any
    outcome: str
    names: tuple[str, ...]
    population: Any
    covariates: Any
    varying: Sequence[str] | None
    design: Design | None
    where: str | None
    unknown: Any
    weights: str
    prior: Prior | None
    draws: int
    seed: int


def _fit_counts(arguments: _UnitArguments, sampler: str) -> SampledCellModel:
    own, frames = _split(arguments.covariates)
    if own:
        raise EstimateFault(
            "FL-EST-105",
            "covariates of people cannot be used with counts of cells",
            found=labels_shown(own),
            fix="bring them into classes and name them in cells=, or give a frame of numbers known for areas",
        )
    counts = count_cells(
        arguments.people, arguments.outcome, arguments.names, design=arguments.design, where=arguments.where, unknown=arguments.unknown,
        weights=arguments.weights,
    )  # fmt: skip
    cells = lay_cells(arguments.population, arguments.names, counts.keys)
    columns = make_columns(cells, arguments.varying, frames, standardise=arguments.prior is None)
    at = cells.sampled
    _refuse_aliased(columns, at)
    sigma, intercept, slopes = _priors(arguments.prior, columns.terms, _logit_share(counts.positive, counts.size))
    met = (columns.basis[at] != 0).any(axis=0)
    _refuse_flat(sigma, columns, met, counted=True)
    model = VaryingEffects(
        family="binomial", y=counts.positive, size=counts.size, x=columns.x[at], basis=columns.basis[at][:, met],
        term=columns.term[met], mean=_means(intercept, slopes, columns.x.shape[1]),
        precision=_precisions(intercept, slopes, columns.x.shape[1]), sigma=sigma,
    )  # fmt: skip
    result = _sample(model, arguments, sampler)
    return SampledCellModel(
        outcome=arguments.outcome, quantity=PREVALENCE, method=UNIT_BINOMIAL, cells=cells, columns=columns,
        draws=_with_unmet(result, columns, met, arguments.seed), x=columns.x, names=columns.names, n=counts.n,
        cases=counts.cases, not_zero=counts.cases, size=counts.size, excess=counts.excess, excess_source=counts.source, recipe=counts.recipe,
        share=True, data=replace(model.observed([", ".join(cells.keys[position]) for position in at]), basis=columns.basis[at]),
        priors=_prior_texts(columns.terms, sigma, intercept, slopes, columns.x.shape[1]),
    )  # fmt: skip


def _sample(model: VaryingEffects, arguments: _UnitArguments, sampler: str) -> LatentDraws:
    if sampler == "nuts":
        return sample_latent(model, arguments.draws, arguments.seed)
    found, weighted = draw_latent(model)
    if weighted.good:
        return found
    chains = sample_latent(model, arguments.draws, arguments.seed)
    noted = {"importance_ess": weighted.ess, "importance_pareto_k": weighted.pareto_k, "fallback": "nuts"}
    return replace(chains, diagnostics={**chains.diagnostics, **noted})


def _fit_normal(arguments: _UnitArguments, by: By, tails: tuple[float, float, float]) -> SampledCellModel:
    own, frames = _split(arguments.covariates)
    if arguments.unknown == "no":
        raise not_one_of("FL-EST-107", "this treatment of unknown values of a quantity", "no", ("exclude",))
    sums = sum_cells(
        arguments.people, arguments.outcome, arguments.names, own, design=arguments.design, where=arguments.where, unknown=arguments.unknown,
        weights=arguments.weights,
    )  # fmt: skip
    cells = lay_cells(arguments.population, arguments.names, sums.keys, own)
    columns = make_columns(cells, arguments.varying, frames, standardise=arguments.prior is None)
    at = cells.sampled
    _refuse_aliased(columns, at)
    means = person_means(arguments.population, cells.keys, arguments.names, own)
    fixed, p = columns.x.shape[1], columns.x.shape[1] + len(own)
    met = (columns.basis[at] != 0).any(axis=0)
    gram, cross, square, size = gather(sums, columns.x[at], columns.basis[at][:, met], p=p)
    spread = float(np.sqrt(square / max(size - 1, 1.0))) or 1.0
    flat, wide = Density("flat"), Density("half-normal", (spread,))
    sigma = tuple(sigma_of(arguments.prior, term, wide) for term in columns.terms)
    intercept, slopes = (
        coefficient_of(arguments.prior, "intercept", flat),
        coefficient_of(arguments.prior, "slopes", flat),
    )
    residual = coefficient_of(arguments.prior, "residual", wide)
    _refuse_unknown_terms(arguments.prior, columns.terms)
    _refuse_flat(sigma, columns, met, counted=False)
    # Covariates of people had their means taken off, the variable too: the intercept's prior speaks of neither.
    mean = _means(intercept, slopes, p)
    shift = np.zeros(p)
    shift[fixed:] = sums.shift[:-1]
    gram, cross, square = _shifted(gram, cross, square, size, shift, sums.shift[-1], intercept)
    model = Normal(
        gram=gram, cross=cross, square=square, size=size, p=p, term=columns.term[met], mean=mean,
        precision=_precisions(intercept, slopes, p), sigma=(*sigma, residual),
    )  # fmt: skip
    shares = make_domains(cells, by).shares
    x = np.hstack([columns.x, means])
    moved = means - sums.shift[:-1] if intercept.kind == "flat" else means
    basis = shares @ columns.basis
    result = draw_normal(model, np.hstack([shares @ columns.x, shares @ moved, basis[:, met]]))
    if not result.weighted.good:
        raise EstimateFault(
            "FL-EST-108",
            "the spreads of this model cannot be integrated over",
            found=f"{result.weighted.ess:.0f} effective points, Pareto k {result.weighted.pareto_k:.2f}",
            fix="give priors of sigma and residual that are not flat, or vary fewer columns",
        )
    # Levels without a sample add the variance of their prior.
    lost = result.sigma[:, columns.term[~met]] ** 2 @ (basis[:, ~met] ** 2).T
    middle = result.mean + (sums.shift[-1] if intercept.kind == "flat" else 0.0)
    figures = mixture_figures(middle, np.sqrt(result.sd**2 + lost), result.weighted.weight, tails)
    beta = result.draws.beta.copy()
    if intercept.kind == "flat":
        beta[:, 0] += sums.shift[-1] - beta[:, fixed:] @ sums.shift[:-1]
    draws = replace(result.draws, beta=beta)
    names = (*columns.names, *own)
    return SampledCellModel(
        outcome=arguments.outcome, quantity=MEAN, method=UNIT_NORMAL, cells=cells, columns=columns,
        draws=_with_unmet(draws, columns, met, arguments.seed), x=x, names=names, n=sums.n, figures=figures,
        cases=np.full(len(sums.n), np.nan), not_zero=sums.not_zero, size=sums.gram[:, 0, 0], excess=sums.excess, excess_source=sums.source,
        recipe=sums.recipe, share=False,
        priors={**_prior_texts(columns.terms, sigma, intercept, slopes, p), "residual": str(residual)},
    )  # fmt: skip


def _shifted(
    gram: Floats, cross: Floats, square: float, size: float, shift: Floats, y: float, intercept: Density
) -> tuple[Floats, Floats, float]:
    """Sums of products as they would be without the means taken off, where the prior of the intercept asks for it."""
    if intercept.kind == "flat":
        return gram, cross, square
    move: Floats = np.zeros(len(gram))
    move[: len(shift)] = shift
    # Column k + move_k · 1; the first column is the ones.
    ones, ones_y = gram[0], cross[0]
    moved: Floats = gram + move[:, None] * ones + ones[:, None] * move + size * move[:, None] * move
    moved_cross: Floats = cross + move * ones_y + y * (ones + size * move)
    return moved, moved_cross, square + 2 * y * ones_y + size * y**2


def _split(covariates: Any) -> tuple[tuple[str, ...], list[Any]]:
    """Names of people's columns, and frames."""
    if covariates is None:
        return (), []
    given = list(covariates) if isinstance(covariates, list | tuple) else [covariates]
    return tuple(part for part in given if isinstance(part, str)), [part for part in given if not isinstance(part, str)]


def _refuse_aliased(columns: PredictorColumns, sampled: npt.NDArray[np.int64]) -> None:
    met = np.zeros(len(columns.x), dtype=bool)
    met[sampled] = True
    fault = aliased(dict(zip(columns.names[1:], columns.x[:, 1:].T, strict=True)), met)
    if fault is not None:
        raise fault


def _logit_share(y: Floats, size: Floats) -> float:
    share = y.sum() / size.sum()
    return float(special.logit(share if 0 < share < 1 else (y.sum() + 0.5) / (size.sum() + 1)))


def _priors(prior: Prior | None, terms: Sequence[str], centre: float) -> tuple[tuple[Density, ...], Density, Density]:
    """Sets of effects, intercept, slopes; main effects rayleigh(1) by default, crossed ones half-normal(0.5)."""
    _refuse_unknown_terms(prior, terms)
    crossed = Density("half-normal", (0.5,))
    sigma = tuple(sigma_of(prior, term, crossed if ":" in term else SPREAD_OF_COUNTS) for term in terms)
    intercept = coefficient_of(prior, "intercept", Density("normal", (centre, 1.5)))
    return sigma, intercept, coefficient_of(prior, "slopes", Density("normal", (0.0, 2.5)))


def _refuse_unknown_terms(prior: Prior | None, terms: Sequence[str]) -> None:
    given = [] if prior is None or not isinstance(prior.sigma, Mapping) else list(prior.sigma)
    unknown = [name for name in given if name not in terms]
    if unknown:
        raise not_one_of("FL-EST-100", "this set of effects with a prior", unknown[0], tuple(terms))


def _refuse_flat(
    sigma: Sequence[Density], columns: PredictorColumns, met: npt.NDArray[np.bool_], *, counted: bool
) -> None:
    """Refuse flat priors of spreads that leave no posterior: of counts always, else with too few levels."""
    needed = {"flat": 2, "flat-variance": 3}
    levels = np.bincount(columns.term[met], minlength=len(sigma))
    wrong = [
        f"{density} for {term}, of {size} free levels"
        for term, density, size in zip(columns.terms, sigma, levels, strict=True)
        if density.kind in needed and (counted or size < needed[density.kind])
    ]
    if wrong:
        raise EstimateFault(
            "FL-EST-108", "with a flat prior of a spread there may be no posterior", found="; ".join(wrong),
            fix="give a prior that ends, such as half-normal(1)",
        )  # fmt: skip


def _means(intercept: Density, slopes: Density, p: int) -> Floats:
    return np.array([density.numbers[0] if density.numbers else 0.0 for density in (intercept, *[slopes] * (p - 1))])


def _precisions(intercept: Density, slopes: Density, p: int) -> Floats:
    return np.array(
        [density.numbers[1] ** -2 if density.numbers else 0.0 for density in (intercept, *[slopes] * (p - 1))]
    )


def _prior_texts(
    terms: Sequence[str], sigma: Sequence[Density], intercept: Density, slopes: Density, p: int
) -> dict[str, str]:
    said = {f"sigma of {term}": str(density) for term, density in zip(terms, sigma, strict=True)}
    return {**said, "intercept": str(intercept), **({"slopes": str(slopes)} if p > 1 else {})}


def _with_unmet(draws: LatentDraws, columns: PredictorColumns, met: npt.NDArray[np.bool_], seed: int) -> LatentDraws:
    """Effects that no sampled cell has, drawn from their prior: one draw for each, the same in all its cells."""
    if met.all():
        return draws
    effects = np.empty((len(draws.beta), len(met)))
    effects[:, met] = draws.effects
    rng = np.random.default_rng([seed, 1])
    lost = ~met
    effects[:, lost] = draws.sigma[:, columns.term[lost]] * rng.standard_normal((len(effects), int(lost.sum())))
    return replace(draws, effects=effects)
