"""`misclassification`: prevalence where the instrument misses cases and takes others for cases. Arguments in, Estimates out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from scipy import special

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, not_one_of, shown
from fl_estimate.estimators.hierarchical.engines.misclassification_exact import (
    Regions,
    WeightedValues,
    density_of,
    draw_regions,
    integrate_one,
)
from fl_estimate.estimators.hierarchical.model.asked import check_numbers, tails_of, weighted_figures
from fl_estimate.estimators.hierarchical.model.misclassification_accuracy import Accuracy, AccuracyInFile, read_accuracy
from fl_estimate.estimators.hierarchical.model.posterior import grid_quantiles, resample, weighted_summary
from fl_estimate.estimators.hierarchical.model.priors import Density, Prior, coefficient_of, sigma_of
from fl_estimate.estimators.hierarchical.read.checks import population_of, raise_together, value_faults
from fl_estimate.estimators.hierarchical.read.direct import COUNTS, Direct, read_direct, read_keyed
from fl_estimate.estimators.hierarchical.read.effective import effective_counts
from fl_estimate.estimators.sampling import known_seed
from fl_estimate.results.basis import Support
from fl_estimate.results.build import build
from fl_estimate.results.codes import (
    AREA_EFFECTS_EXCHANGEABLE,
    DF_RULE,
    EFFECTIVE_COUNTS,
    EQUAL_TAILED,
    HIGHEST_DENSITY,
    PREVALENCE,
    PRIOR_INTERCEPT,
    PRIOR_SIGMA,
    WALD,
    Assumption,
    AssumptionCode,
    MethodName,
    Reason,
    ReasonCode,
)
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.inference import Inference, Observed
from fl_estimate.results.methods import method
from fl_estimate.results.recipe import Recipe
from fl_estimate.results.roles import (
    NOT_IN_FILE,
    Draws,
    Earlier,
    FromFile,
    InFile,
    Key,
    Level,
    MoreThanZero,
    Parts,
    SeedOrNone,
)

MISCLASSIFICATION = MethodName("misclassification")
ROGAN_GLADEN = MethodName("rogan-gladen")
ZERO_NOT_EXCLUDED = ReasonCode("zero_not_excluded", "upper")
ROGAN_GLADEN_NEGATIVE = ReasonCode("rogan_gladen_negative")
SPECIFICITY_CONFLICT = ReasonCode("specificity_conflict", "p")
IMPORTANCE_WEIGHTS = ReasonCode("importance_weights", "ess")
MISCLASSIFICATION_PRIOR = AssumptionCode("misclassification_prior", "name", "prior")
PRIOR_PREVALENCE = AssumptionCode("prior_prevalence", "prior")
ONE_INSTRUMENT = AssumptionCode("one_instrument")


NEAR_ZERO = 1e-3
"""Of the upper limit of the share that tests positive: a lower limit below it does not exclude zero."""
GRID = 401
CONFLICT = 0.01
"""Of the specificity's density, what must lie where the positives allow it to be."""


@method(kind="misclassification", basis=None, family="hierarchical")
def misclassification(
    cases: Annotated[Any, Key("estimate"), Earlier()],
    n: Annotated[float | None, NOT_IN_FILE] = None,
    *,
    sensitivity: Annotated[Any, InFile(AccuracyInFile)],
    specificity: Annotated[Any, InFile(AccuracyInFile)],
    pool: Literal["linear", "log"] = "linear",
    population: Annotated[Any, FromFile(column="population")] = None,
    prior: Annotated[
        Prior | tuple[MoreThanZero, MoreThanZero] | None,
        Parts(without=("phi", "rho", "kappa", "residual", "sigma_time", "rho_time"), texts=("sigma",)),
    ] = None,
    interval: Literal["equal-tailed", "highest"] = "equal-tailed",
    level: Level = 0.95,
    draws: Draws = 4_000,
    seed: SeedOrNone = None,
) -> Estimates:
    """Estimate prevalence with an instrument that misses cases and takes others for cases.

    Use it wherever sensitivity and specificity are not known to be 1. With prevalence near half a per cent a specificity
    of 0.995 accounts for every case there is: the answer is then as uncertain as the specificity, however large the
    survey.

    Parameters
    ----------
    cases : number, Estimates or frame
        People counted as cases, of `n`; or prevalences: one row, or one a region (as `area` takes them), whose effective
        counts n/deff are used.
    n : number, optional
        People asked, where `cases` is a number.
    sensitivity, specificity : (a, b), mapping, or list of these
        A beta density; ``{"positive": 45, "n": 50}`` from a validation study (of true cases found; of others left
        alone), with a uniform density before it; ``{"quantiles": {0.05: 0.8, 0.95: 0.95}}`` of an expert; a list is one
        an expert.
    pool : {"linear", "log"}
        Experts' densities are averaged, so that their disagreement stays; or multiplied (geometric mean), which sharpens.
    population : frame, optional
        The regions' column and `population`: a national row comes first then.
    prior : (a, b) or Prior, optional
        One population: beta density of the prevalence, by default uniform. Regions: `Prior`, its intercept by default
        normal(logit of the pooled share of cases, 1.5), its sigma half-normal(1).
    interval : {"equal-tailed", "highest"}
        An equal-tailed interval never holds 0; that of highest density does where the density rises towards it.
    level : float
    draws : int
    seed : int, optional
        Of the draws kept.

    Returns
    -------
    Estimates
        For each population a row of the posterior, and below it one of Rogan and Gladen's estimate (method
        ``rogan-gladen``; below 0 where there are fewer positives than the specificity lets through), whose draws are
        missing. Where zero is not excluded a reason says so.

    Raises
    ------
    EstimateFault
        FL-EST-110 to FL-EST-115; of frames FL-EST-40 to FL-EST-45, FL-EST-53.

    Notes
    -----
    y ~ Binomial(n, q), q = p Se + (1 − p)(1 − Sp), with Se + Sp > 1. Data tell q only: p and Sp are told apart by the
    prior. Rogan and Gladen: (q + Sp − 1)/(Se + Sp − 1), variance [q(1 − q)/n + p² Var Se + (1 − p)² Var Sp]/(Se + Sp − 1)².
    In regions logit p_i = mu + sigma z_i, with one Se and one Sp.

    References
    ----------
    Rogan and Gladen (1978), American Journal of Epidemiology 107(1), 71-76. Gelman and Carpenter (2020), Journal of the
    Royal Statistical Society C 69(5), 1269-1283.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> estimates = fl.hierarchical.misclassification(12, 1500, sensitivity=(45, 5), specificity=(995, 5), seed=1)
    >>> estimates.to_frame()[["method", "value", "lower", "upper"]].round(4).to_numpy().tolist()
    [['misclassification', 0.0047, 0.0004, 0.0115], ['rogan-gladen', 0.0034, -0.0037, 0.0104]]
    """
    check_numbers(level, draws, seed)
    if interval not in ("equal-tailed", "highest"):
        raise not_one_of("FL-EST-114", "this interval", interval, ("equal-tailed", "highest"))
    asked = _InstrumentArguments(
        sensitivity=read_accuracy(sensitivity, "sensitivity", pool),
        specificity=read_accuracy(specificity, "specificity", pool),
        pool=pool, prior=prior, interval=interval, level=level, draws=draws, seed=known_seed(seed),
        given={"sensitivity": repr(sensitivity), "specificity": repr(specificity), "seed": seed},
    )  # fmt: skip
    _refuse_chance(asked)
    if isinstance(cases, int | float | np.number):
        return _of_one(asked, _Counted(*_checked(float(cases), n)))
    if n is not None:
        raise _wrong_counts("n= beside a table", "leave n= out: the table has it")
    table = read_direct(cases, COUNTS, [population]) if not _is_single(cases) else None
    if table is None:
        return _of_one(asked, _single(cases))
    return _of_regions(asked, table, population)


@dataclass(frozen=True, kw_only=True)
class _InstrumentArguments:
    sensitivity: Accuracy
    specificity: Accuracy
    pool: str
    prior: Any
    interval: str
    level: float
    draws: int
    seed: int
    given: Mapping[str, Any]


@dataclass(frozen=True)
class _Counted:
    """Effective cases and people of one population, with what is known of them."""

    cases: float
    n: float
    counted: float = np.nan
    asked: float = np.nan
    deff: float = np.nan
    undetermined: float = np.nan
    recipe: Estimates | None = None
    support: Support | None = None


def _checked(cases: float, n: Any) -> tuple[float, float, float, float]:
    if not isinstance(n, int | float | np.number) or not (
        np.isfinite([cases, float(n)]).all() and 0 <= cases <= n and n > 0
    ):
        raise _wrong_counts(f"cases={shown(cases)}, n={shown(n)}", "cases lie between 0 and n, and n is above 0")
    return cases, float(n), cases, float(n)


def _wrong_counts(found: str, fix: str) -> EstimateFault:
    return EstimateFault("FL-EST-112", "the cases and people cannot be used", found=found, fix=fix)


def _refuse_chance(arguments: _InstrumentArguments) -> None:
    if arguments.sensitivity.mean + arguments.specificity.mean > 1:
        return
    raise EstimateFault(
        "FL-EST-111",
        "an instrument that is no better than chance says nothing",
        found=f"mean sensitivity {arguments.sensitivity.mean:.3g} and specificity {arguments.specificity.mean:.3g}",
        fix="they must sum to more than 1; check which is which, and (a, b) of the beta densities",
    )


def _is_single(given: Any) -> bool:
    return isinstance(given, Estimates) and len(given) == 1


def _single(estimates: Estimates) -> _Counted:
    row = estimates.frame.iloc[0]
    if row["quantity"] != PREVALENCE or row["bound"] or not np.isfinite([row["value"], float(row["n"])]).all():
        raise _wrong_counts(f"one row of quantity {row['quantity']!r}", "give a prevalence without bounds")
    deff = max(float(row["deff"]), 1.0) if np.isfinite(row["deff"]) else 1.0
    size = float(row["n"]) / deff
    return _Counted(
        float(row["value"]) * size, size, float(row["cases"]), float(row["n"]), float(row["deff"]), float(row["undetermined"]),
        estimates, estimates.support,
    )  # fmt: skip


def _of_one(arguments: _InstrumentArguments, counted: _Counted) -> Estimates:
    if isinstance(arguments.prior, Prior):
        raise EstimateFault(
            "FL-EST-115", "one prevalence has a beta density before the data", found="a Prior",
            fix="give prior=(a, b); Prior is for regions",
        )  # fmt: skip
    beta = (1.0, 1.0) if arguments.prior is None else tuple(float(part) for part in arguments.prior)
    if len(beta) != 2 or not (np.isfinite(beta).all() and min(beta) > 0):
        raise EstimateFault(
            "FL-EST-115", "the prior of the prevalence cannot be read", found=shown(arguments.prior), fix="(a, b)"
        )
    result = integrate_one(counted.cases, counted.n, arguments.sensitivity, arguments.specificity, beta)
    figures, highest = _figures(arguments, counted, result, beta)
    positions = resample(result.weight, arguments.draws, np.random.default_rng(arguments.seed))
    kept = result.prevalence[positions]
    table = _AnswerRows(
        by="", labels=[None], margins=[""], cases=np.array([counted.cases]), n=np.array([counted.n]),
        counted=np.array([counted.counted]), asked=np.array([counted.asked]), deff=np.array([counted.deff]),
        undetermined=np.array([counted.undetermined]), recipe=counted.recipe,
        # Numbers that were typed in are a count of people drawn at random.
        support=counted.support or Support.of(counted.asked, counted.counted, df=counted.asked - 1),
    )  # fmt: skip
    summed = {name: np.array([value]) for name, value in figures.items()}
    parameters = {
        name: weighted_summary(getattr(result, name), result.weight, tails_of(arguments.level))
        for name in ("sensitivity", "specificity")
    }
    told: dict[str, Any] = {
        "sampler": "grid", "parameters": parameters, "prior_prevalence": f"beta({beta[0]:g}, {beta[1]:g})",
        "posterior_mean": figures["mean"], "highest_density": list(highest),
    }  # fmt: skip
    assumptions = [PRIOR_PREVALENCE.assume(prior=f"beta({beta[0]:g}, {beta[1]:g})")]
    # A share of positives so low that even without a case the specificity would let through more.
    possible = arguments.specificity.above(
        1 - float(special.betainccinv(counted.cases + 1, counted.n - counted.cases, 0.025))
    )
    told["specificity_possible"] = possible
    flags = () if possible >= CONFLICT else ((SPECIFICITY_CONFLICT, {"p": possible}),)
    joint = {"sensitivity": result.sensitivity[positions], "specificity": result.specificity[positions]}
    return _lay_out(arguments, table, summed, kept[:, None], [highest[0] <= 0], told, assumptions, flags, joint)


def _figures(
    arguments: _InstrumentArguments, counted: _Counted, weighted: WeightedValues, beta: tuple[float, float]
) -> tuple[dict[str, float], tuple[float, float]]:
    """Summaries, and the interval of highest density."""
    mean = float(weighted.weight @ weighted.prevalence)
    sd = float(np.sqrt(weighted.weight @ (weighted.prevalence - mean) ** 2))
    met = weighted.prevalence[weighted.weight > 1e-9 * weighted.weight.max()]
    # On the scale of the root, whose density is a straight line at 0 where that of the prevalence is flat there.
    ends = np.sqrt([max(float(met.min()) - 1e-9, 0.0), min(float(met.max()), 1 - 1e-9)])
    grid = np.linspace(max(ends[0], 1e-8 if beta[0] < 1 else 0.0), ends[1], GRID)
    density = (
        2 * grid * density_of(grid**2, counted.cases, counted.n, arguments.sensitivity, arguments.specificity, beta)
    )
    lower, median, upper = grid_quantiles(grid[None, :], density[None, :], tails_of(arguments.level))[:, 0] ** 2
    highest = _highest(grid, density, arguments.level)
    if arguments.interval == "highest":
        lower, upper = highest
    figures = {"value": float(median), "se": sd, "lower": float(lower), "upper": float(upper), "mean": mean}
    return figures, highest


def _highest(grid: Floats, density: Floats, level: float) -> tuple[float, float]:
    """The shortest interval of a probability, of squares; from 0 where their density is highest there."""
    starts = np.linspace(0.0, 1 - level, 401)
    wanted = tuple(np.concatenate([starts, starts + level]).tolist())
    ends = grid_quantiles(grid[None, :], density[None, :], wanted)[:, 0].reshape(2, -1) ** 2
    best = int(np.argmin(ends[1] - ends[0]))
    return (0.0 if best == 0 and grid[0] < 1e-3 else float(ends[0, best])), float(ends[1, best])


def _of_regions(arguments: _InstrumentArguments, table: Direct, population: Any) -> Estimates:
    people = None if population is None else read_keyed(population, table.by, "population")
    table = table if people is None else table.with_areas(people.labels)
    persons, fault = population_of(table, people)
    raise_together([*value_faults(table, "binomial", "logit"), fault])
    if arguments.prior is not None and not isinstance(arguments.prior, Prior):
        raise EstimateFault(
            "FL-EST-115", "regions have a Prior of intercept and sigma", found=shown(arguments.prior),
            fix='give Prior(intercept="normal(m, s)", sigma="half-normal(s)")',
        )  # fmt: skip
    counts = effective_counts(table, "own")
    share = (counts.cases.sum() + 0.5) / (counts.n.sum() + 1)
    intercept = coefficient_of(arguments.prior, "intercept", Density("normal", (float(special.logit(share)), 1.5)))
    sigma = sigma_of(arguments.prior, table.by, Density("half-normal", (1.0,)))
    if not intercept.numbers or sigma.kind.startswith("flat"):
        raise EstimateFault(
            "FL-EST-115", "flat priors leave no posterior: the specificity may account for every case",
            found=f"intercept {intercept}, sigma {sigma}", fix="give densities that end",
        )  # fmt: skip
    result = draw_regions(
        Regions(
            cases=counts.cases, n=counts.n, sensitivity=arguments.sensitivity, specificity=arguments.specificity,
            intercept=intercept, sigma=sigma,
        )
    )  # fmt: skip
    every = result.prevalence
    if persons is not None:
        every = np.column_stack([every @ (persons / persons.sum()), every])
    figures = weighted_figures(every, result.weight, tails_of(arguments.level))
    highest = [_shortest(column, result.weight, arguments.level) for column in every.T]
    if arguments.interval == "highest":
        figures["lower"] = np.array([low for low, _ in highest])
        figures["upper"] = np.array([high for _, high in highest])
    positions = resample(result.weight, arguments.draws, np.random.default_rng(arguments.seed))
    kept = every[positions]
    nation = [] if persons is None else [np.nan]

    def filled(values: Floats) -> Floats:
        return np.concatenate([nation, values])

    rows = _AnswerRows(
        by=table.by, labels=[*([None] if nation else []), *table.labels],
        margins=[*([""] if nation else []), *[table.by] * len(table.keys)], cases=filled(counts.cases),
        n=filled(counts.n), counted=filled(table.numbers["cases"]), asked=filled(table.numbers["n"]),
        deff=filled(table.numbers["deff"]), undetermined=filled(table.numbers["undetermined"]), recipe=table.recipe,
        outcome=table.outcome,
        support=Support.joined([table.national_support, table.support]) if nation else table.support,
    )  # fmt: skip
    told = {
        "sampler": "grid", "importance_ess": result.weighted.ess, "importance_pareto_k": result.weighted.pareto_k,
        "parameters": {
            name: weighted_summary(values, result.weight, tails_of(arguments.level)) for name, values in result.shared.items()
        },
        "posterior_mean": figures["mean"].tolist(),
        "deff_used": dict(zip(table.keys, counts.deff.tolist(), strict=True)),
    }  # fmt: skip
    flags = () if result.weighted.good else ((IMPORTANCE_WEIGHTS, {"ess": round(result.weighted.ess)}),)
    assumptions = [
        AREA_EFFECTS_EXCHANGEABLE.assume(link="logit"), EFFECTIVE_COUNTS.assume(), PRIOR_SIGMA.assume(prior=str(sigma)),
        PRIOR_INTERCEPT.assume(prior=str(intercept)), ONE_INSTRUMENT.assume(),
    ]  # fmt: skip
    joint = {name: values[positions] for name, values in result.shared.items()}
    return _lay_out(arguments, rows, figures, kept, [low <= 0 for low, _ in highest], told, assumptions, flags, joint)


def _shortest(values: Floats, weight: Floats, level: float) -> tuple[float, float]:
    """The shortest interval of weighted draws; from 0 where it begins at the lowest of them."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weight[order]) - 0.5 * weight[order]
    starts = np.linspace(0.0, 1 - level, 201)
    low, high = np.interp(starts, reached, values[order]), np.interp(starts + level, reached, values[order])
    best = int(np.argmin(high - low))
    return (0.0 if best == 0 else float(low[best])), float(high[best])


@dataclass(frozen=True, kw_only=True)
class _AnswerRows:
    """Rows of the answer: effective counts, and the direct figures that are handed on."""

    by: str
    labels: Sequence[Any]
    margins: Sequence[str]
    cases: Floats
    n: Floats
    counted: Floats
    asked: Floats
    deff: Floats
    undetermined: Floats
    recipe: Estimates | None
    support: Support
    outcome: str = ""


def rogan_gladen(cases: Floats, n: Floats, asked_se: Accuracy, asked_sp: Accuracy) -> tuple[Floats, Floats]:
    """Rogan and Gladen's estimate and its standard error, with the variances of sensitivity and specificity."""
    with np.errstate(divide="ignore", invalid="ignore"):
        q = cases / n
    youden = asked_se.mean + asked_sp.mean - 1
    value = (q + asked_sp.mean - 1) / youden
    variance = q * (1 - q) / n + value**2 * asked_se.variance + (1 - value) ** 2 * asked_sp.variance
    return value, np.sqrt(variance) / youden


def _inference(
    table: _AnswerRows, positions: Sequence[int], models: Sequence[bool], joint: Mapping[str, Floats]
) -> Inference:
    """Parameters beside the draws, and effective cases as they were seen; a closed form beside a row has no data of its own."""
    own = np.array(models, dtype=bool) & (np.nan_to_num(table.n[list(positions)]) > 0)

    def rows(values: Floats) -> Floats:
        return np.where(own, values[list(positions)], np.nan)

    return Inference(
        parameters=joint,
        observed=Observed(
            family="binomial", link="identity", y=rows(table.cases), size=rows(table.n), x=np.zeros((len(own), 0)),
            factor=np.ones(len(own)), accuracy=(joint["sensitivity"], joint["specificity"]),
        ),
    )  # fmt: skip


def _lay_out(
    asked: _InstrumentArguments,
    table: _AnswerRows,
    figures: Mapping[str, Floats],
    kept: Floats,
    at_zero: Sequence[bool],
    diagnostics: Mapping[str, Any],
    assumptions: Sequence[Assumption],
    flags: Sequence[tuple[ReasonCode, Mapping[str, Any]]],
    joint: Mapping[str, Floats],
) -> Estimates:
    """Each posterior row followed by Rogan and Gladen's, where there is a sample."""
    crude, error = rogan_gladen(table.cases, table.n, asked.sensitivity, asked.specificity)
    z = special.ndtri((1 + asked.level) / 2)
    recipe = table.recipe
    outcome = table.outcome or ("" if recipe is None else str(recipe.frame["outcome"].iloc[0]))
    records: list[dict[str, Any]] = []
    labels: list[Any] = []
    reasons: list[Reason] = []
    columns: list[Floats] = []
    positions: list[int] = []
    for row, margin in enumerate(table.margins):
        same = {
            "outcome": outcome, "margin": margin, "level": asked.level, "n": table.asked[row],
            "cases": table.counted[row], "deff": table.deff[row], "undetermined": table.undetermined[row],
        }  # fmt: skip
        near = NEAR_ZERO * float(figures["upper"][row])
        if at_zero[row] or figures["lower"][row] < near:
            reasons.append(ZERO_NOT_EXCLUDED.at(len(records), upper=1_000 * float(figures["upper"][row])))
        reasons += [code.at(len(records), **p) for code, p in flags]
        records.append(
            {**same, **{name: figures[name][row] for name in ("value", "se", "lower", "upper")},
             "interval_kind": EQUAL_TAILED if asked.interval == EQUAL_TAILED else HIGHEST_DENSITY,
             "method": MISCLASSIFICATION, "basis": "model"}
        )  # fmt: skip
        positions.append(row)
        columns.append(kept[:, row])
        labels.append(table.labels[row])
        if not np.isfinite(crude[row]):
            continue
        if crude[row] < 0:
            reasons.append(ROGAN_GLADEN_NEGATIVE.at(len(records)))
        records.append(
            {**same, "value": crude[row], "se": error[row], "lower": crude[row] - z * error[row],
             "upper": crude[row] + z * error[row], "interval_kind": WALD, "method": ROGAN_GLADEN,
             # Whoever knows the accuracy reads the direct figure off it.
             "basis": "respondents"}
        )  # fmt: skip
        positions.append(row)
        columns.append(np.full(len(kept), np.nan))
        labels.append(table.labels[row])
    laid = {name: [record[name] for record in records] for name in records[0]}
    method, basis = laid.pop("method"), laid.pop("basis")
    accuracy = {"sensitivity": asked.sensitivity, "specificity": asked.specificity}
    base = [MISCLASSIFICATION_PRIOR.assume(name=name, prior=str(each)) for name, each in accuracy.items()]
    before = Recipe.of(recipe)
    arguments = {
        **asked.given, "pool": asked.pool, "interval": asked.interval, "level": asked.level, "draws": asked.draws,
        "prior": repr(asked.prior),
    }  # fmt: skip
    return build(
        laid,
        {table.by: labels} if table.by else {},
        quantity=PREVALENCE,
        method=method,
        basis=basis,
        recipe=before.then(
            "hierarchical.misclassification", arguments, [*before.without(DF_RULE), *base, *assumptions], direct=True
        ),
        reasons=reasons,
        diagnostics={
            **diagnostics, "seed": asked.seed, "apparent": np.where(table.n > 0, table.cases / np.maximum(table.n, 1e-300), np.nan).tolist(),
            "rogan_gladen_clipped": np.clip(crude, 0.0, 1.0).tolist(), "effective_n": table.n.tolist(),
        },
        draws=np.column_stack(columns),
        inference=_inference(table, positions, [name == MISCLASSIFICATION for name in method], joint),
        support=table.support.take(positions),
    )  # fmt: skip
