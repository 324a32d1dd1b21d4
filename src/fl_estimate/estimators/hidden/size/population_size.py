"""The size of a hidden population from the degrees of people recruited by respondents, in the order of recruitment: SS-PSE."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, not_one_of, shown
from fl_estimate.estimators.hidden.recruitment.recruited_people import (
    ChainNames,
    MissingDegree,
    RecruitedPeople,
    read_recruited,
)
from fl_estimate.estimators.hidden.recruitment.recruitment_codes import DEGREES_REPORTED, NETWORK_CONNECTED
from fl_estimate.estimators.hidden.size.degree_families import FAMILIES, DegreeFamily, DegreePrior
from fl_estimate.estimators.hidden.size.population_codes import (
    AT_MAXIMUM,
    DEGREE_DISTRIBUTION,
    FOLLOWS_PRIOR,
    ORDER_BY_ROWS,
    ORDER_WITHIN_WAVES,
    PRIOR_SENSITIVE,
    PRIOR_SIZE,
    SS_PSE,
    SUCCESSIVE_SAMPLING,
)
from fl_estimate.estimators.hidden.size.size_posterior import SizeLikelihood, size_likelihood
from fl_estimate.estimators.hidden.size.size_priors import SizePrior, quantiles
from fl_estimate.estimators.hidden.size.stated_prior import StatedSize
from fl_estimate.estimators.hidden.size.successive_order import DrawOrder
from fl_estimate.inputs.respondents import Respondents
from fl_estimate.inputs.seeds import known_seed
from fl_estimate.inputs.wording import SurveyWording
from fl_estimate.results.basis import MODEL, Support
from fl_estimate.results.build import build
from fl_estimate.results.codes import EQUAL_TAILED, HIGHEST_DENSITY, POPULATION_SIZE, Assumption, IntervalKind, Reason
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.provenance import Provenance
from fl_estimate.results.recipe import Period, Recipe
from fl_estimate.results.roles import GROUPS, PEOPLE, Draws, Level, MoreThanZero, SeedOrNone, Within

Column = Annotated[str | None, GROUPS]
Columns = Annotated[Sequence[str] | None, GROUPS]
WithinWave = Literal["unknown", "rows"]
SizeInterval = Literal["equal-tailed", "highest-density"]
INTERVALS: dict[str, IntervalKind] = {"equal-tailed": EQUAL_TAILED, "highest-density": HIGHEST_DENSITY}
FEWEST = 10
"""Respondents with a degree."""
ALIKE = 0.75
"""Overlap of prior and posterior from which the row says that the figure is the prior's."""
NEAR, MUCH_NEAR = 0.95, 0.01
"""Share of the maximum above which little of the posterior may lie, and how much that is."""
SENSITIVE = 0.5
"""How much of a change of the stated size its posterior median takes over, on the log scale, from which the row says so."""
QUANTILES = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
SMALLEST_SUPPORT, LARGEST_SUPPORT = 35, 10_000


@method(kind="ss_population_size", basis="model", family="hidden")
def ss_population_size(
    people: Annotated[Any, PEOPLE],
    *,
    prior_median: MoreThanZero | None = None,
    prior_mean: MoreThanZero | None = None,
    prior_mode: MoreThanZero | None = None,
    prior_quartiles: tuple[MoreThanZero, MoreThanZero] | None = None,
    prior: Literal["beta", "flat"] = "beta",
    alpha: MoreThanZero | None = None,
    maximum: Annotated[int | None, Within(ge=2)] = None,
    degrees: DegreeFamily = "com-poisson",
    degree_mean: MoreThanZero | None = None,
    degree_sd: MoreThanZero | None = None,
    degree_mean_weight: MoreThanZero = 1.0,
    degree_sd_weight: MoreThanZero = 3.0,
    largest_degree: Annotated[int | None, Within(ge=1)] = None,
    person: Annotated[str, GROUPS] = "person_id",
    recruiter: Column = None,
    coupon: Column = None,
    coupons_given: Columns = None,
    degree: Annotated[str, GROUPS] = "network_size",
    time: Column = None,
    seed_marker: str | int | None = None,
    within_wave: WithinWave = "unknown",
    include_seeds: bool = True,
    missing_degree: MissingDegree = "error",
    interval: SizeInterval = "equal-tailed",
    draws: Draws = 4_000,
    seed: SeedOrNone = None,
    level: Level = 0.95,
) -> Estimates:
    """Estimate the size of the population from the degrees in the order of recruitment (SS-PSE, Handcock, Gile and Mar).

    People with many acquaintances are found first. How fast the degrees fall as recruitment goes on says how much of the population
    has been met. Where they hardly fall, the data say that the population is not small, and the figure is the prior's: read the
    reasons, and `diagnostics["overlap"]`.

    Parameters
    ----------
    people : SurveyData, Classification or frame
        The whole sample, one row a respondent, with the columns that tell of recruitment.
    prior_median, prior_mean, prior_mode : float, optional
        What is believed of the size before the data, in persons, more than the respondents. One of them, or `prior_quartiles`.
    prior_quartiles : (float, float), optional
        Lower and upper quartile of the belief.
    prior : {"beta", "flat"}
        A beta distribution of n/N with that median (mean, mode, quartiles); or every size up to `maximum` alike.
    alpha : float, optional
        First shape of the beta prior; left out, size/(size − n) of the size stated. Not with quartiles, which give both shapes.
    maximum : int, optional
        Nobody believes more. Left out: three times the size stated, or the upper quartile.
    degrees : {"com-poisson", "negative-binomial"}
        Distribution of the degrees of the whole population, on 1 to `largest_degree`; both have a mean and a standard deviation of
        their own, the first also less spread than Poisson's.
    degree_mean, degree_sd : float, optional
        Their prior mean and standard deviation. Left out: those of the respondents weighted by 1/d.
    degree_mean_weight, degree_sd_weight : float
        To how many respondents that prior is equivalent.
    largest_degree : int, optional
        Left out: twice the largest reported, and 35 at least.
    person, recruiter, coupon, coupons_given, degree, seed_marker
        The columns of recruitment, as in `Recruitment.read`; left out, those of the common schema.
    time : str, optional
        Column of the date of the interview, or of any number that rises with it. Left out: waves are the order.
    within_wave : {"unknown", "rows"}
        Respondents of one wave (or one time) come in an order that is not known: all orders are added up. Or that of the rows, as in
        package sspse: only where the file was never sorted.
    include_seeds : bool
        Whether the degrees of seeds count; they are members of the population in any case.
    missing_degree : {"error", "exclude", "median", "max"}
        As in `rds_ii`. Who is left out is a member of the population whose place in the order is not used.
    interval : {"equal-tailed", "highest-density"}
    draws : int
        Independent draws of the posterior that are kept; the figures themselves have no Monte Carlo error.
    seed : int, optional
        Of the draws.
    level : float

    Returns
    -------
    Estimates
        One row, `population_size` in persons: `value` the posterior median, `se` the posterior standard deviation. Method "ss-pse",
        basis "model". Among the diagnostics: quantiles of prior and posterior, their `overlap` (1: the same), the posterior under a flat
        prior, and the medians under half and double the size stated. Reasons of the row say where the posterior is the prior
        (overlap of 0.75 or more), where the size stated moves it much, and where it runs against the maximum.

    Raises
    ------
    EstimateFault
        FL-EST-520 to FL-EST-525: the chains and their degrees; FL-EST-550: the prior; FL-EST-551: the maximum; FL-EST-552: the
        distribution of degrees; FL-EST-553: too few respondents; FL-EST-554: other arguments.

    Notes
    -----
    Successive sampling: each next respondent is drawn in proportion to degree among those left. With T_i the degrees of respondent i
    and all later ones added up and U those of the N − n people who were not met, p(order) = N!/(N − n)! Π d_i/(T_i + U), averaged over
    unseen degrees that follow f. Given the time x at which the last of n exponential clocks rings, the unseen are independent, each
    missed with probability γ(x) = Σ f(k) e^{−k x}, so that

        p(data | N, f) = N!/(N − n)! Π f(d_i) ∫ h(x) γ(x)^{N−n} dx,

    with h the density whose Laplace transform is Π d_i/(T_i + U). The integrals over x and the two parameters of f are computed by
    quadrature, not by a Markov chain. Prior: log π(N) = (β − 1) log(N − n) − (α + β) log N; μ | σ ~ N(μ₀, σ²/weight), σ² ~ scaled
    inverse χ².

    References
    ----------
    Handcock, Gile and Mar (2014), Electronic Journal of Statistics 8(1), 1491-1521, and (2015), Biometrics 71(1), 258-266. West (1996),
    Scandinavian Journal of Statistics 23(3), 297-307.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> drawn = fl.hidden.simulate_successive_sampling(population=1_000, n=500, mean_degree=7, seed=1)
    >>> size = fl.hidden.ss_population_size(drawn.people, time="interview", prior_median=900, seed=1)
    >>> [round(number, -1) for number in (size.value, *size.interval)]
    [960.0, 660.0, 2090.0]
    """
    if interval not in INTERVALS:
        raise not_one_of("FL-EST-554", "this interval", interval, tuple(INTERVALS))
    if within_wave not in get_args(WithinWave):
        raise not_one_of("FL-EST-554", "this order within a wave", within_wave, get_args(WithinWave))
    _require_numbers(draws, level)
    names = ChainNames(
        person=person, recruiter=recruiter, coupon=coupon, coupons_given=coupons_given, degree=degree,
        seed_marker=seed_marker, time=time,
    )  # fmt: skip
    recruited = read_recruited(people, names, missing_degree=missing_degree, include_seeds=include_seeds)
    stated = StatedSize.of(
        n=recruited.recruitment.n, median=prior_median, mean=prior_mean, mode=prior_mode, quartiles=prior_quartiles, kind=prior,
        alpha=alpha, maximum=maximum,
    )  # fmt: skip
    order = order_of(recruited, within_wave)
    degree_prior = _degree_prior(
        order, degrees, degree_mean, degree_sd, (degree_mean_weight, degree_sd_weight), largest_degree
    )
    likelihood = size_likelihood(order, degree_prior, stated.widest())
    request = _Request(
        people=people, recruited=recruited, stated=stated, degree_prior=degree_prior, likelihood=likelihood, interval=interval,
        level=level, draws=draws, seed=known_seed(seed), within_wave=within_wave, include_seeds=include_seeds,
        missing_degree=missing_degree,
        degrees_given={"degree_mean": degree_mean, "degree_sd": degree_sd, "largest_degree": largest_degree},
    )  # fmt: skip
    return _laid_out(request)


def order_of(recruited: RecruitedPeople, within_wave: WithinWave = "unknown") -> DrawOrder:
    """Degrees in the order of recruitment, those of one time and wave as a set.

    Raises
    ------
    EstimateFault
        FL-EST-553.
    """
    chains = recruited.recruitment
    rows = np.flatnonzero(recruited.counted)
    degrees = np.maximum(np.rint(recruited.degrees[rows]), 1.0)
    if len(rows) < FEWEST:
        raise EstimateFault(
            "FL-EST-553", "so few respondents say nothing of the size of the population",
            found=f"{len(rows):,} with a network size", fix=f"{FEWEST} at the very least, some hundreds to learn anything",
        )  # fmt: skip
    waves = chains.waves[rows].astype(float)
    first = chains.times[rows] if np.isfinite(chains.times[rows]).all() else waves
    keys = np.column_stack([first, waves])
    if within_wave == "rows":
        keys = np.column_stack([keys, np.arange(len(rows))])
    _, place = np.unique(keys, axis=0, return_inverse=True)
    place = place.ravel()
    sets = np.split(degrees[np.argsort(place, kind="stable")], np.cumsum(np.bincount(place))[:-1])
    return DrawOrder([np.sort(each) for each in sets])


def _require_numbers(draws: Any, level: Any) -> None:
    good = isinstance(level, int | float) and not isinstance(level, bool) and 0 < level < 1
    if not good or not isinstance(draws, int) or isinstance(draws, bool) or draws < 100:
        raise EstimateFault(
            "FL-EST-554", "level= or draws= cannot be that", found=f"level={shown(level)}, draws={shown(draws)}",
            fix="a level between 0 and 1, and 100 draws or more",
        )  # fmt: skip


def _degree_prior(
    order: DrawOrder, family: DegreeFamily, mean: Any, sd: Any, weights: tuple[Any, Any], largest: Any
) -> DegreePrior:
    """What is supposed of the degrees; what was left out is taken from the respondents, weighted by 1/d.

    Raises
    ------
    EstimateFault
        FL-EST-552.
    """
    if family not in FAMILIES:
        raise not_one_of("FL-EST-552", "this distribution of degrees", family, tuple(FAMILIES))
    degrees = np.concatenate(list(order.sets))
    weight = (1 / degrees) / np.sum(1 / degrees)
    own = float(weight @ degrees)
    spread = float(np.sqrt(max(float(weight @ degrees**2) - own**2, 0.0)))
    most = int(degrees.max())
    given = {"degree_mean": mean, "degree_sd": sd, "degree_mean_weight": weights[0], "degree_sd_weight": weights[1]}
    wrong = [f"{name}={shown(value)}" for name, value in given.items() if value is not None and not _positive(value)]
    wanted = max(2 * most, SMALLEST_SUPPORT) if largest is None else largest
    if not _positive(wanted) or int(wanted) != wanted or not most <= wanted <= LARGEST_SUPPORT:
        # Left out, it is twice what somebody answered.
        wrong.append(
            f"a network size above {LARGEST_SUPPORT // 2:,}, and no largest_degree="
            if largest is None
            else f"largest_degree={shown(wanted)}, below the largest reported or above {LARGEST_SUPPORT:,}"
        )
    elif mean is not None and _positive(mean) and mean >= wanted:
        wrong.append("degree_mean= not below largest_degree=")
    if wrong:
        raise EstimateFault(
            "FL-EST-552", "the prior of the degrees cannot be that", found="; ".join(wrong),
            fix="numbers above 0, and a largest degree that is no less than anybody's; correct degrees that are mistakes",
        )  # fmt: skip
    return DegreePrior(
        family=family, mean=own if mean is None else float(mean), sd=max(spread, 0.25) if sd is None else float(sd),
        mean_weight=float(weights[0]), sd_weight=float(weights[1]), largest=int(wanted),
    )  # fmt: skip


def _positive(value: Any) -> bool:
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    return bool(number and np.isfinite(float(value)) and float(value) > 0)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Request:
    """All that the result is made of."""

    people: Any
    recruited: RecruitedPeople
    stated: StatedSize
    degree_prior: DegreePrior
    likelihood: SizeLikelihood
    interval: SizeInterval
    level: float
    draws: int
    seed: int
    within_wave: WithinWave
    include_seeds: bool
    missing_degree: MissingDegree
    degrees_given: Mapping[str, Any]


def _laid_out(request: _Request) -> Estimates:
    """The posterior as Estimates."""
    prior = request.stated.prior
    sizes, posterior = prior.sizes, request.likelihood.posterior(prior)
    mean = float(posterior @ sizes)
    lower, upper = limits(sizes, posterior, request.level, request.interval)
    chains = request.recruited.recruitment
    diagnostics, reasons = _diagnostics(request, sizes, posterior)
    generator = np.random.default_rng(request.seed)
    cumulative = np.cumsum(posterior)
    drawn = sizes[np.searchsorted(cumulative, generator.random(request.draws) * cumulative[-1])]
    return build(
        {
            "value": float(quantiles(sizes, posterior, np.array([0.5]))[0]),
            "se": float(np.sqrt(max(float(posterior @ sizes**2) - mean**2, 0.0))),
            "lower": lower, "upper": upper, "level": request.level, "interval_kind": INTERVALS[request.interval], "n": chains.n,
        },
        quantity=POPULATION_SIZE, method=SS_PSE, basis=MODEL,
        recipe=recipe_of(request.people, "hidden.ss_population_size", _arguments(request), _assumptions(request)),
        support=Support.of([chains.n], [chains.n], psus_with_cases=[chains.n_seeds], df=[max(chains.n - 1, 0)]),
        reasons=reasons, diagnostics=diagnostics, draws=drawn[:, None],
    )  # fmt: skip


def limits(sizes: Floats, posterior: Floats, level: float, kind: SizeInterval) -> tuple[float, float]:
    """Equal tails, or the shortest interval that holds the level."""
    if kind == "equal-tailed":
        lower, upper = quantiles(sizes, posterior, np.array([(1 - level) / 2, (1 + level) / 2]))
        return float(lower), float(upper)
    cumulative = np.cumsum(posterior)
    before = cumulative - posterior
    last = np.searchsorted(cumulative, before + level * cumulative[-1] - 1e-12)
    possible = np.flatnonzero(last < len(sizes))
    best = int(possible[np.argmin(sizes[last[possible]] - sizes[possible])])
    return float(sizes[best]), float(sizes[last[best]])


def recipe_of(people: Any, call: str, arguments: dict[str, Any], assumptions: tuple[Assumption, ...]) -> Recipe:
    """Of whom and when a result on these people speaks, and what made it."""
    given = isinstance(people, Respondents)
    source = people.source if given else None
    return Recipe(
        population=people.population if given else "",
        period=Period(str(people.reference_period or "") if given else ""),
        assumptions=assumptions,
        provenance=Provenance(
            call=call, arguments=arguments, source_name=source.name if source is not None else "",
            source_sha256=source.sha256 if source is not None else "",
        ),
        wording=getattr(people, "wording", SurveyWording()).only(()) if given else SurveyWording(),
    )  # fmt: skip


def _diagnostics(request: _Request, sizes: Floats, posterior: Floats) -> tuple[dict[str, Any], tuple[Reason, ...]]:
    """What stands beside the figure, and what speaks against it."""
    stated, likelihood = request.stated, request.likelihood
    before = stated.prior.probabilities()
    overlap = float(np.minimum(before, posterior).sum())
    near = float(posterior[sizes > NEAR * stated.maximum].sum())
    mean, sd = likelihood.degrees_given(stated.prior)
    flat = SizePrior(n=stated.n, maximum=stated.maximum, flat=True)
    told: dict[str, Any] = {
        "posterior_mean": float(posterior @ sizes),
        "quantiles": _at(sizes, posterior),
        "prior": {
            "kind": stated.kind, "alpha": stated.prior.alpha, "beta": stated.prior.beta, "maximum": stated.maximum,
            "quantiles": _at(sizes, before),
        },
        "overlap": overlap,
        "flat_prior": _at(sizes, likelihood.posterior(flat)),
        "share_near_maximum": near,
        "median_by_prior": {
            str(factor): float(quantiles(each.sizes, likelihood.posterior(each), np.array([0.5]))[0])
            for factor, each in sorted({**stated.others(), 1.0: stated.prior}.items())
        },
        "degrees": {
            "family": request.degree_prior.family, "prior_mean": request.degree_prior.mean,
            "prior_sd": request.degree_prior.sd, "largest": request.degree_prior.largest, "mean": mean, "sd": sd,
        },
        "nodes": len(likelihood.log_weight),
    }  # fmt: skip
    reasons: list[Reason] = []
    if overlap >= ALIKE:
        reasons.append(FOLLOWS_PRIOR.at(0, overlap=round(overlap, 2)))
    if near > MUCH_NEAR:
        reasons.append(AT_MAXIMUM.at(0, maximum=stated.maximum))
    medians = told["median_by_prior"]
    first, last = min(medians, key=float), max(medians, key=float)
    moved = float(np.log(medians[last] / medians[first]))
    told["sensitivity"] = moved / np.log(float(last) / float(first)) if first != last else np.nan
    if first != last and told["sensitivity"] >= SENSITIVE:
        reasons.append(
            PRIOR_SENSITIVE.at(
                0, first=float(first), last=float(last), lower=round(medians[first]), upper=round(medians[last])
            )
        )
    return told, tuple(reasons)


def _at(sizes: Floats, probabilities: Floats) -> dict[str, float]:
    values = quantiles(sizes, probabilities, np.array(QUANTILES))
    return dict(zip(map(str, QUANTILES), values.tolist(), strict=True))


def _assumptions(request: _Request) -> tuple[Assumption, ...]:
    degree = request.degree_prior
    tied = any(len(each) > 1 for each in order_of(request.recruited, request.within_wave).sets)
    made = [
        SUCCESSIVE_SAMPLING.assume(), DEGREES_REPORTED.assume(), NETWORK_CONNECTED.assume(),
        PRIOR_SIZE[request.stated.kind].assume(**request.stated.told()),
        DEGREE_DISTRIBUTION[degree.family].assume(
            mean=round(degree.mean, 2), sd=round(degree.sd, 2), largest=degree.largest
        ),
        *request.recruited.assumptions,
    ]  # fmt: skip
    if tied:
        made.append(ORDER_WITHIN_WAVES.assume())
    elif request.within_wave == "rows":
        made.append(ORDER_BY_ROWS.assume())
    return tuple(made)


def _arguments(request: _Request) -> dict[str, Any]:
    degree = request.degree_prior
    return {
        # What was left out is of the respondents: a record that is published has not their mean degree, nor the largest.
        **request.stated.arguments(), "degrees": degree.family, **request.degrees_given,
        "degree_mean_weight": degree.mean_weight, "degree_sd_weight": degree.sd_weight,
        "within_wave": request.within_wave, "include_seeds": request.include_seeds, "missing_degree": request.missing_degree,
        "interval": request.interval, "draws": request.draws, "seed": request.seed, "level": request.level,
    }  # fmt: skip
