"""`area`: small areas from direct estimates, each borrowing from the others. Arguments in, Estimates out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np

from fl_estimate.errors import EstimateFault, not_one_of, shown
from fl_estimate.estimators.hierarchical.answers import area_estimates
from fl_estimate.estimators.hierarchical.benchmarking import RULES, TARGETS, benchmark_posterior
from fl_estimate.estimators.hierarchical.engines.samplers import sample
from fl_estimate.estimators.hierarchical.few_cases import few_of, limits_of_few, same_whatever
from fl_estimate.estimators.hierarchical.model.asked import check_numbers
from fl_estimate.estimators.hierarchical.model.calibrated import KINDS, calibrates
from fl_estimate.estimators.hierarchical.model.links import LINKS
from fl_estimate.estimators.hierarchical.model.posterior import NATIONAL_DRAWS, Model, Posterior, PosteriorRequest
from fl_estimate.estimators.hierarchical.model.priors import Prior
from fl_estimate.estimators.hierarchical.read.checks import (
    aliased,
    benchmark_fault,
    covariate_columns,
    population_of,
    raise_together,
    sampled_areas,
    value_faults,
)
from fl_estimate.estimators.hierarchical.read.dependence import (
    check_crossed,
    check_dependence,
    make_structure,
    with_every_time,
)
from fl_estimate.estimators.hierarchical.read.direct import COUNTS, VALUES, Direct, read_direct, read_keyed
from fl_estimate.estimators.hierarchical.read.effective import RULES as DEFF_RULES
from fl_estimate.estimators.hierarchical.read.effective import rule_of
from fl_estimate.estimators.hierarchical.read.panel import complete, spread
from fl_estimate.estimators.hierarchical.read.prepare import Prepared, on_counts, prepare
from fl_estimate.estimators.hierarchical.smoothing import filled
from fl_estimate.estimators.sampling import known_seed
from fl_estimate.results.codes import PREVALENCE
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import (
    GROUPS,
    NOT_IN_FILE,
    Draws,
    FromFile,
    Level,
    Needs,
    Neighbours,
    OnlyWith,
    Parts,
    SeedOrNone,
)

if TYPE_CHECKING:
    import pandas as pd

LIKELIHOODS: dict[str, tuple[str, ...]] = {
    "clustered": ("logit",), "binomial": ("logit",), "beta-binomial": ("logit",), "normal": tuple(LINKS),
}  # fmt: skip


@method(kind=None, basis="model", family="hierarchical")
def area(
    direct: Annotated[Any, NOT_IN_FILE],
    *,
    covariates: Annotated[Any, FromFile(keyed=("by",), also=("time",), choose=True)] = None,
    likelihood: Literal["clustered", "binomial", "beta-binomial", "normal"] | None = None,
    link: Literal["identity", "log", "logit", "arcsine"] | None = None,
    spatial: Annotated[Literal["bym2", "sar"] | None, Needs("neighbours")] = None,
    neighbours: Annotated[Any, Neighbours(keyed="by"), Needs("spatial")] = None,
    temporal: Annotated[Literal["rw1", "ar1"] | None, Needs("time")] = None,
    time: Annotated[str | None, GROUPS] = None,
    deff: Literal["pooled", "own", "national"] | None = None,
    sampler: Literal["grid", "nuts"] = "grid",
    prior: Annotated[Prior | None, Parts(without=("residual",), texts=("sigma",))] = None,
    benchmark: Annotated[Literal["ratio", "difference"] | None, Needs("population")] = None,
    benchmark_target: Annotated[Literal["estimated", "known"], OnlyWith("benchmark", RULES)] = "estimated",
    population: Annotated[Any, FromFile(keyed=("by",), column="population", whole=False)] = None,
    interval: Literal["calibrated", "equal-tailed"] | None = None,
    level: Level = 0.95,
    draws: Draws = 4_000,
    seed: SeedOrNone = None,
    on_failure: Literal["flag", "raise"] = "flag",
    progress: Annotated[bool, NOT_IN_FILE] = False,
) -> Estimates:
    """Estimate small areas from their direct estimates, each borrowing from the others and from covariates.

    Use it where the sample was not planned for the areas, so that direct estimates are too uncertain to be printed, or
    an area has no case or no respondent at all. Do not use it to rank areas by their medians, nor where a handful of
    areas is all there is: how far areas differ is then mostly the prior's word.

    Parameters
    ----------
    direct : Estimates or frame
        From `estimate_prevalence` with one by-column, and one more where `time` names it; or a frame with that column and `value`, `n`, `deff` (binomial)
        or `value`, `se` (normal), one row an area. An area without sample has n = 0. A national row is set apart and
        the row of missing labels left out.
    covariates : frame, optional
        The areas' column and numbers known for every area, all of which are used. Areas that only this frame (or
        `population`) knows are estimated too. An intercept is always added.
    likelihood : {"clustered", "binomial", "beta-binomial", "normal"}, optional
        Counts, which keep areas without a case: of cases that come together in primary units as the design effect says; of
        as many independent people as the sample is worth; these with shares from beta distributions instead of normal effects on the
        logit scale; or Fay and Herriot's model. By default clustered where design effects are pooled and areas have independent effects,
        else binomial. Where the design effect is 1 the first two are the same.
    link : {"identity", "log", "logit", "arcsine"}, optional
        Of the normal likelihood; identity by default. The logit refuses areas of 0 or 1, the log values of 0 or less;
        the arcsine takes its variance from `n` and `deff`.
    spatial : {"bym2", "sar"}, optional
        Effects like those of the neighbours: a share phi of the variance (BYM2), or an autoregression with rho.
    neighbours : frame or GeoJSON, optional
        The areas' column and `neighbour`, an edge once or in both directions, islands in no row; or a map (a file or a
        mapping) whose areas have the by-column among their properties: those that share a border are neighbours.
    temporal : {"rw1", "ar1"}, optional
        A random walk, or an autoregression: of one series by time (years, whole numbers), or with `time` of each area's
        times. Times without a row between the first and the last are estimated too.
    time : str, optional
        The by-column that holds the times. Beside another, which names the areas, every area has an effect, with
        `spatial` like its neighbours', and each of its times one more: independent, or as `temporal` says. Covariates may
        have that column too; population and benchmark may not be given.
    deff : {"pooled", "own", "national"}, optional
        What people asked are divided by: one design effect of all areas, larger where it rests on few primary units; each
        area's own, as if it were known, though it comes from few clusters; or the nation's, likewise. An area without
        a case or whose units have equal counts has none of its own, and borrows. By default pooled where degrees of freedom
        say that the design effects were estimated, and on how much; each area's own where a frame states them without.
    sampler : {"grid", "nuts"}
        Numerical integration, without Markov chains; or Hamiltonian Monte Carlo by PyMC.
    prior : Prior, optional
    benchmark : {"ratio", "difference"}, optional
        Move every draw so that the areas give the national row of `direct`.
    benchmark_target : {"estimated", "known"}
        Whether the national row is moved to with its own error (a share's as a beta distribution, draw by draw), or as if it
        were known: areas then have too narrow intervals, unless it comes from a census.
    population : frame, optional
        The areas' column and `population`, in persons, for every area: a national row comes first then, the areas'
        draws weighted by it.
    interval : {"calibrated", "equal-tailed"}, optional
        Posterior quantiles that leave half of 1 − level beyond either limit; or calibrated ones, from 0 where no case was met, with
        smaller tails where an area's own data say little, so that also truths in the lowest and the highest tenth are missed at most
        1.2 times as often as the level says. Calibrated by default where that is known to hold: clustered and binomial, without `spatial`
        and `temporal`. The nation's row is equal-tailed.
    level : float
        Of the interval: the share of areas that it is to hold.
    draws : int
        Joint draws kept in `.draws`, (draws, rows). Value and limits do not come from these.
    seed : int, optional
        Of draws and chains; where it is not given, one is made and noted in `.diagnostics`.
    on_failure : {"flag", "raise"}
        Chains that fall short, once more with longer tuning, mark every row with a reason, or raise. Chains that do not agree
        at all raise in either case.
    progress : bool
        Show how far Markov chains are, in a terminal or a notebook. Integration has nothing to show.

    Returns
    -------
    Estimates
        `value` the posterior median, `se` its standard deviation, `lower` and `upper` as `interval_kind` says; `n`, `cases`
        and `deff` those of `direct`. `.diagnostics` holds the hyper-parameters, how well the sampler worked, and the
        design effect used for each area.

    Raises
    ------
    EstimateFault
        FL-EST-40 to FL-EST-55, FL-EST-67 to FL-EST-69, FL-EST-70 to FL-EST-77, FL-EST-400: input that the model cannot use, several faults in one message; FL-EST-60, FL-EST-61:
        the sampler failed.

    Notes
    -----
    Binomial: log likelihood y_i eta_i − n_i log(1 + exp eta_i) with n_i = n/deff and y_i = n_i · value. The pooled deff is
    Σ n v(1 − v) deff/Σ n v(1 − v), v the direct share, with f effective degrees of freedom; what divides is (f deff + d_i)/(f + 1)
    with d_i people a primary unit. Clustered: y_i = n · value is beta-binomial of n people with parameters p_i κ_i and (1 − p_i) κ_i,
    κ_i = (n − D_i)/(D_i − 1), whose variance is D_i = (f^1.5 deff + d_i)/(f^1.5 + 1) times the binomial one, and which is 0 with
    probability about exp(−n p log D/(D − 1)) rather than exp(−n p/D). Normal: value_i ~ N(eta_i, se_i²), on the logit scale with se/(p(1 − p)). In both eta_i = x_i'beta + sigma z_i, z_i ~ N(0, 1)
    or, with `spatial` or `temporal`, correlated; by area and time sigma z_i + sigma_time w_it. Beta-binomial: p_i ~ Beta(mu_i kappa, (1 − mu_i) kappa), logit mu_i =
    x_i'beta.

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
    (['A', 'B', 'C', 'D'], [True, False, True, True])
    """
    unnamed = likelihood is None
    if likelihood is None:
        likelihood = "clustered" if spatial is None and temporal is None and time is None else "binomial"
    chosen_link = _check_words(likelihood, link, sampler, benchmark, benchmark_target, deff, interval)
    if on_failure not in ("flag", "raise"):
        raise not_one_of("FL-EST-75", "this answer to chains that fall short", on_failure, ("flag", "raise"))
    check_numbers(level, draws, seed)
    check_dependence(likelihood, spatial, neighbours, temporal, time)
    counted = on_counts(likelihood, chosen_link)
    table = read_direct(direct, COUNTS if counted else VALUES, [covariates, population], time)
    known = None if covariates is None else read_keyed(covariates, table.by, "covariates", table.time)
    people = None if population is None else read_keyed(population, table.by, "population")
    if table.time:
        check_crossed(likelihood, people, benchmark)
        table = complete(table, [known])
        known = spread(known, table)
    else:
        for frame in (known, people):
            table = table if frame is None else table.with_areas(frame.labels)
        table = with_every_time(table, temporal, time)
    columns, fault = covariate_columns(table, known)
    persons, population_fault = population_of(table, people)
    table = table if counted else filled(table)
    raise_together([*value_faults(table, likelihood, chosen_link), fault, population_fault])
    sampled = sampled_areas(table, counted)
    raise_together([aliased(columns, sampled), benchmark_fault(table, persons, benchmark)])
    structure = make_structure(table, spatial, neighbours, temporal, prior)
    rule = deff or rule_of(table)
    if unnamed and rule != "pooled":
        likelihood = "binomial"
    prepared = prepare(table, sampled, columns, likelihood, chosen_link, prior, structure, rule)
    used = known_seed(seed)
    shares = None if persons is None else persons / persons.sum()
    kind = _kind(interval, prepared.model)
    ask = PosteriorRequest(
        level=level, draws=draws, seed=used, shares=shares, progress=progress, calibrated=kind == "calibrated"
    )
    posterior = _sample(prepared, ask, sampler, table, benchmark, known=benchmark_target == "known")
    if posterior.flags and on_failure == "raise":
        raise EstimateFault(
            "FL-EST-69",
            "the chains of the sampler fall short, also with longer tuning",
            found="; ".join(f"{code} {dict(parameters)}" for code, parameters in posterior.flags),
            fix='take a narrower prior of sigma or fewer covariates; on_failure="flag" gives the figures with a mark on every row',
        )
    arguments: dict[str, Any] = {
        "likelihood": likelihood,
        "link": chosen_link,
        "spatial": spatial,
        "temporal": temporal,
        "time": time,
        "deff": rule,
        "sampler": sampler,
        "covariates": list(columns),
        "prior": prepared.prior_texts(),
        "benchmark": benchmark,
        "benchmark_target": benchmark_target,
        "population": persons is not None,
        "interval": kind,
        "draws": draws,
        "seed": seed,
    }
    result = area_estimates(
        table, prepared.model, ask, posterior, prepared.effective, prepared.standardised, sampled, arguments
    )
    # What was moved to the national figure is moved by what the areas' own counts are.
    few = {} if benchmark is not None or table.time else limits_of_few(table, prepared.model, ask, rule)
    diagnostics: dict[str, Any] = {"limits_of_few": {key: list(ends) for key, ends in few.items()}}
    alike = same_whatever(table, prepared.model, rule) if few else None
    if alike is not None:
        model, effective = alike
        again = area_estimates(
            table,
            model,
            ask,
            sample(model, ask, "grid"),
            effective,
            prepared.standardised,
            sampled,
            arguments,
            few_of(table),
        )
        diagnostics["released"] = _relative(table.by, again.frame, result.frame)
        diagnostics["released_assumptions"] = [
            [one.code, [list(pair) for pair in one.parameters]] for one in again.assumptions
        ]
    return replace(result, diagnostics={**result.diagnostics, **diagnostics})


def _kind(interval: str | None, model: Model) -> str:
    """How limits are set: calibrated where that holds, unless another is named.

    Raises
    ------
    EstimateFault
        FL-EST-400.
    """
    if interval == "calibrated" and not calibrates(model):
        raise EstimateFault(
            "FL-EST-400",
            "limits are calibrated for counts whose areas have independent normal effects only",
            found=f"likelihood={shown(model.likelihood)}, {'independent' if model.structure is None else 'dependent'} effects",
            fix='interval="equal-tailed", or leave interval out',
        )
    return interval or ("calibrated" if calibrates(model) else "equal-tailed")


def _relative(by: str, released: pd.DataFrame, own: pd.DataFrame) -> dict[str, list[float]]:
    """By area, and of the nation by an empty name, how many times its own value, SE and limits those are that `publish` prints."""
    columns = ["value", "se", "lower", "upper"]
    told, mine = (frame[columns].to_numpy(dtype=float) for frame in (released, own))
    names = own[by].astype("string").where(own["margin"] != "", "")
    # A limit of 0 is that of an area without a case, and is 0 in both.
    times = np.divide(told, mine, out=np.ones_like(told), where=mine != 0)
    return {str(key): row for key, row in zip(names, times.tolist(), strict=True)}


def _sample(
    prepared: Prepared, ask: PosteriorRequest, sampler: str, direct: Direct, rule: str | None, *, known: bool
) -> Posterior:
    """The posterior, and where it is asked for, moved to the national figure."""
    if rule is None:
        return sample(prepared.model, ask, sampler)
    # Summaries of what was moved come from the draws: there must be enough of them.
    result = sample(prepared.model, replace(ask, draws=max(ask.draws, NATIONAL_DRAWS)), sampler)
    return benchmark_posterior(result, ask, direct, rule, share=direct.quantity == PREVALENCE, known=known)


def _check_words(
    likelihood: str,
    link: str | None,
    sampler: str,
    benchmark: str | None,
    target: str,
    deff: str | None,
    interval: str | None,
) -> str:
    """Refuse words that are not known; give the link."""
    if likelihood not in LIKELIHOODS:
        raise not_one_of("FL-EST-46", "this likelihood", likelihood, tuple(LIKELIHOODS))
    known = LIKELIHOODS[likelihood]
    chosen = known[0] if link is None else link
    if chosen not in known:
        raise not_one_of("FL-EST-47", f"this link for likelihood={shown(likelihood)}", chosen, known)
    if deff is not None and deff not in DEFF_RULES:
        raise not_one_of("FL-EST-75", "this choice of design effects", deff, DEFF_RULES)
    if benchmark is not None and benchmark not in RULES:
        raise not_one_of("FL-EST-75", "this rule of benchmarking", benchmark, RULES)
    if target not in TARGETS:
        raise not_one_of("FL-EST-75", "this target of benchmarking", target, TARGETS)
    if interval is not None and interval not in KINDS:
        raise not_one_of("FL-EST-75", "this interval of areas", interval, KINDS)
    if sampler not in ("grid", "nuts"):
        raise not_one_of("FL-EST-48", "this sampler", sampler, ("grid", "nuts"))
    return chosen
