"""Respondent-driven sampling: RDS-I, RDS-II and Gile's successive sampling, with bootstraps of the chains of recruitment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

from fl_estimate.design.domains import By
from fl_estimate.errors import EstimateFault, shown
from fl_estimate.estimators.hidden.recruitment.recruited_people import ChainNames, MissingDegree
from fl_estimate.estimators.hidden.recruitment.recruitment_design import Draw, Plan, RdsVariance, Smoothing, SsMethod
from fl_estimate.estimators.hidden.recruitment.recruitment_estimates import (
    RdsInterval,
    RdsQuantity,
    RdsUnknown,
    Request,
    estimated,
)
from fl_estimate.inputs.seeds import known_seed
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import (
    GROUPS,
    PEOPLE,
    InFile,
    Level,
    MoreThanZero,
    Names,
    SeedOrNone,
    Where,
    Within,
)
from fl_estimate.results.stack import stack

Replications = Annotated[int, Within(ge=2)]
Column = Annotated[str | None, GROUPS]
Columns = Annotated[Sequence[str] | None, GROUPS]
Times = Annotated[int, Within(ge=1)]
SMALL_FRACTION = 0.04
"""Sampling fraction below which package RDS takes weights of inverse degree in place of successive sampling."""


@method(kind="rds", basis="respondents", family="hidden", chosen=True)
def rds_ii(
    people: Annotated[Any, PEOPLE],
    outcome: Names,
    *,
    quantity: RdsQuantity = "prevalence",
    by: Annotated[By, GROUPS] = None,
    where: Where = None,
    unknown: RdsUnknown | None = None,
    population: MoreThanZero | None = None,
    variance: RdsVariance | None = None,
    groups: Column = None,
    draw: Draw = "uniform",
    design_effect: MoreThanZero | None = None,
    person: Annotated[str, GROUPS] = "person_id",
    recruiter: Column = None,
    coupon: Column = None,
    coupons_given: Columns = None,
    degree: Annotated[str, GROUPS] = "network_size",
    seed_marker: str | int | None = None,
    include_seeds: bool = True,
    missing_degree: MissingDegree = "error",
    interval: RdsInterval | None = None,
    replicates: Replications = 1000,
    level: Level = 0.95,
    seed: SeedOrNone = None,
) -> Estimates:
    """Estimate from people recruited by respondents with weights of inverse degree (RDS-II, Volz and Heckathorn).

    The usual estimator where the sample is small beside the population. Of a sample of 10 % or more take `gile_ss`.

    Parameters
    ----------
    people : SurveyData, Classification or frame
        The whole sample, one row a respondent, with the columns that tell of recruitment.
    outcome : str or list of str
        A 0/1 column, or one of classes (one row a value), or an outcome of `fl.classify`; for means a column of numbers.
    quantity : {"prevalence", "mean", "total"}
        A share; the mean of a number; persons, or the sum of a number, which need `population`.
    by, where, unknown
        As in `estimate_prevalence`, with ``unknown="impute"`` left out.
    population : float, optional
        Persons of the population, N. It scales totals; where the sample is 10 % of it or more, rows say so.
    variance : {"tree", "salganik", "linearised"}, optional
        The bootstrap of the trees, on the safe side; Salganik's, of one chain between `groups`; or linearisation times
        `design_effect`. Left out "tree".
    groups : str, optional
        Column of the groups between which Salganik's chain goes. Left out: the classes of the outcome.
    draw : {"uniform", "degree"}
        How Salganik's chain takes a member of the group: each as likely (Salganik 2006), or in proportion to degree (RDS 0.9-10).
    design_effect : float, optional
        By which the linearised variance is multiplied; to be stated with it.
    person, recruiter, coupon, coupons_given, degree, seed_marker
        The columns of recruitment, as in `Recruitment.read`; left out, those of the common schema.
    include_seeds : bool
        Whether seeds count in figures; they stay in the chains.
    missing_degree : {"error", "exclude", "median", "max"}
        What is done about a network size that is missing or 0: refused; such respondents are left out; or given the median, or the
        largest, of the others.
    interval : str, optional
        As in `estimate_prevalence` and `estimate_mean`; left out "korn-graubard", "wald" for means, "log" for totals.
    replicates : int
    level : float
    seed : int, optional
        The same seed gives the same standard errors, whatever the order of rows and the names of groups.

    Returns
    -------
    Estimates
        Method "rds-ii". Basis "respondents".

    Raises
    ------
    EstimateFault
        FL-EST-520 to FL-EST-522: the chains; FL-EST-523 to FL-EST-525: degrees; FL-EST-526, FL-EST-531: arguments; FL-EST-527: a
        population less than the sample, or none for a total; FL-EST-528: a quantity where groups are needed; and as in
        `estimate_prevalence`.

    Notes
    -----
    p = Σ y/d / Σ 1/d. Linearised: V = D n/(n − 1) Σ w²(y − p)²/(Σ w)², with D the design effect. Tree bootstrap: seeds are drawn
    again with replacement, then the recruits of each.

    References
    ----------
    Volz and Heckathorn (2008), Journal of Official Statistics 24(1), 79-97. Baraff, McCormick and Raftery (2016), PNAS 113(51),
    14668-14673. Salganik (2006), Journal of Urban Health 83(S1), 98-112.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> people = fl.hidden.simulate_rds(population=20_000, n=400, seed=1).people
    >>> estimates = fl.hidden.rds_ii(people, "outcome", seed=1)
    >>> estimates.frame[["n", "method"]].to_numpy().tolist()
    [[400, 'rds-ii']]
    """
    names = ChainNames(
        person=person, recruiter=recruiter, coupon=coupon, coupons_given=coupons_given, degree=degree, seed_marker=seed_marker
    )  # fmt: skip
    plan = Plan(
        weighting="rds_ii",
        variance=variance or "tree",
        population=population,
        replicates=replicates,
        seed=known_seed(seed),
        draw=draw,
    )
    return estimated(
        Request(
            people=people,
            outcome=outcome,
            names=names,
            plan=plan,
            quantity=quantity,
            by=by,
            where=where,
            unknown=unknown,
            groups=groups,
            include_seeds=include_seeds,
            missing_degree=missing_degree,
            design_effect=design_effect,
            interval=interval,
            level=level,
        )
    )


@method(kind="rds", basis="respondents", family="hidden", chosen=True)
def rds_i(
    people: Annotated[Any, PEOPLE],
    outcome: Names,
    *,
    quantity: RdsQuantity = "prevalence",
    by: Annotated[By, GROUPS] = None,
    where: Where = None,
    unknown: RdsUnknown | None = None,
    population: MoreThanZero | None = None,
    smoothing: Smoothing = "none",
    variance: RdsVariance | None = None,
    groups: Column = None,
    draw: Draw = "uniform",
    person: Annotated[str, GROUPS] = "person_id",
    recruiter: Column = None,
    coupon: Column = None,
    coupons_given: Columns = None,
    degree: Annotated[str, GROUPS] = "network_size",
    seed_marker: str | int | None = None,
    include_seeds: bool = True,
    missing_degree: MissingDegree = "error",
    interval: RdsInterval | None = None,
    replicates: Replications = 1000,
    level: Level = 0.95,
    seed: SeedOrNone = None,
) -> Estimates:
    """Estimate from recruitment between the classes of an outcome (RDS-I, Salganik and Heckathorn).

    Use it to compare with older studies, or where recruits differ from their recruiters' other acquaintances in degree but not in
    class. Where classes hardly recruit each other its figures depend on a handful of recruitments.

    Parameters
    ----------
    people, outcome, quantity, by, where, population, draw, person, recruiter, coupon, coupons_given, degree, seed_marker
        As in `rds_ii`. Several outcomes are estimated one by one.
    unknown : {"no", "exclude"}, optional
        As in `estimate_prevalence`; bounds are not given.
    smoothing : {"none", "data"}
        "data": as many recruitments from a to b as from b to a first. The equilibrium, and so the estimate, stays what it is.
    variance : {"salganik", "tree"}, optional
        Left out "salganik".
    groups : str, optional
        Column of the groups between which recruitment is counted. Left out: the classes of the outcome. Needed for means.
    include_seeds, missing_degree, interval, replicates, level, seed
        As in `rds_ii`. Seeds are recruits of nobody in any case.

    Returns
    -------
    Estimates
        Method "rds-i". Where from some group others are never reached there is no equilibrium: rows have no value, and say why.

    Raises
    ------
    EstimateFault
        As in `rds_ii`.

    Notes
    -----
    P is the matrix of recruitments with rows made to sum to 1, q its equilibrium, q = q P, h_a = n_a/Σ_{i in a} 1/d_i the mean
    degree of a group: p_a = (q_a/h_a)/Σ_b (q_b/h_b), and each respondent of a weighs p_a/n_a. Of two groups
    p_A = h_B P_BA/(h_B P_BA + h_A P_AB). Smoothing makes q_a P_ab symmetric; its rows still sum to q.

    References
    ----------
    Salganik and Heckathorn (2004), Sociological Methodology 34, 193-239. Heckathorn (2002), Social Problems 49(1), 11-34.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> people = fl.hidden.simulate_rds(population=20_000, n=400, seed=1).people
    >>> fl.hidden.rds_i(people, "outcome", seed=1).frame["n"].tolist()
    [400]
    """
    names = ChainNames(
        person=person, recruiter=recruiter, coupon=coupon, coupons_given=coupons_given, degree=degree, seed_marker=seed_marker
    )  # fmt: skip
    plan = Plan(
        weighting="rds_i", variance=variance or "salganik", population=population, replicates=replicates, seed=known_seed(seed), draw=draw,
        smoothing=smoothing,
    )  # fmt: skip
    return estimated(
        Request(
            people=people,
            outcome=outcome,
            names=names,
            plan=plan,
            quantity=quantity,
            by=by,
            where=where,
            unknown=unknown,
            groups=groups,
            include_seeds=include_seeds,
            missing_degree=missing_degree,
            design_effect=None,
            interval=interval,
            level=level,
        )
    )


@method(kind="rds", basis="respondents", family="hidden", chosen=True)
def gile_ss(
    people: Annotated[Any, PEOPLE],
    outcome: Names,
    *,
    population: Annotated[
        float | Sequence[float], InFile(MoreThanZero | Annotated[list[MoreThanZero], Within(items=(2, None))])
    ],
    quantity: RdsQuantity = "prevalence",
    by: Annotated[By, GROUPS] = None,
    where: Where = None,
    unknown: RdsUnknown | None = None,
    inclusion: SsMethod = "fixed-point",
    small_fraction: Annotated[float, Within(ge=0, lt=1)] = SMALL_FRACTION,
    variance: RdsVariance | None = None,
    groups: Column = None,
    design_effect: MoreThanZero | None = None,
    person: Annotated[str, GROUPS] = "person_id",
    recruiter: Column = None,
    coupon: Column = None,
    coupons_given: Columns = None,
    degree: Annotated[str, GROUPS] = "network_size",
    seed_marker: str | int | None = None,
    include_seeds: bool = True,
    missing_degree: MissingDegree = "error",
    interval: RdsInterval | None = None,
    samples: Times = 500,
    iterations: Times = 5,
    replicates: Replications = 1000,
    level: Level = 0.95,
    seed: SeedOrNone = None,
) -> Estimates:
    """Estimate from people recruited by respondents as if drawn one after another by degree, without replacement (Gile's SS).

    The estimator for a sample that is a sizeable part of the population, whose size has to be known, or assumed: give a low, a middle
    and a high one to see what hangs on it.

    Parameters
    ----------
    people, outcome, quantity, by, where, unknown, person, recruiter, coupon, coupons_given, degree, seed_marker
        As in `rds_ii`.
    population : float or list of float
        Persons of the population, N. Several: the estimates for each, under each other, with a column `population_size`.
    inclusion : {"fixed-point", "montecarlo"}
        The inclusion probabilities that Gile's iteration comes to, computed without random numbers; or the iteration itself with
        simulated samples, as package RDS has it.
    small_fraction : float
        Sampling fraction below which weights are 1/d, as in package RDS; 0: never.
    variance : {"gile", "tree", "linearised"}, optional
        Gile's bootstrap, of recruitment from a population made of the sample; that of the trees, on the safe side; or linearisation
        times `design_effect`. Left out "gile", for means "tree".
    groups : str, optional
        Column of the groups whose ties Gile's bootstrap keeps. Left out: the classes of the outcome.
    design_effect, include_seeds, missing_degree, interval, replicates, level, seed
        As in `rds_ii`.
    samples, iterations : int
        Of the Monte Carlo method.

    Returns
    -------
    Estimates
        Method "gile-ss". Basis "respondents".

    Raises
    ------
    EstimateFault
        As in `rds_ii`; FL-EST-527 also where no population is given.

    Notes
    -----
    Weights 1/(1 − exp(−t d)), with t such that they sum to N: where the iteration N_k ∝ v_k/π_k, Σ N_k π_k(t) = n stands still.
    Each replicate of a bootstrap is weighted anew.

    References
    ----------
    Gile (2011), Journal of the American Statistical Association 106(493), 135-146.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> people = fl.hidden.simulate_rds(population=1000, n=400, seed=1).people
    >>> estimates = fl.hidden.gile_ss(people, "outcome", population=[800, 1000, 1500], seed=1)
    >>> estimates.frame["population_size"].tolist()
    ['N = 800', 'N = 1000', 'N = 1500']
    """
    names = ChainNames(
        person=person, recruiter=recruiter, coupon=coupon, coupons_given=coupons_given, degree=degree, seed_marker=seed_marker
    )  # fmt: skip
    plan = Plan(
        weighting="gile_ss", variance=variance or ("tree" if quantity == "mean" else "gile"), replicates=replicates,
        seed=known_seed(seed), method=inclusion, small_fraction=small_fraction, samples=samples, iterations=iterations,
    )  # fmt: skip
    request = Request(
        people=people, outcome=outcome, names=names, plan=plan, quantity=quantity, by=by, where=where, unknown=unknown,
        groups=groups, include_seeds=include_seeds, missing_degree=missing_degree, design_effect=design_effect,
        interval=interval, level=level,
    )  # fmt: skip
    return _for_each(request, population)


def _for_each(request: Request, population: Any) -> Estimates:
    """The estimates for a size of the population, or for each of several."""
    if not isinstance(population, list | tuple):
        return estimated(replace(request, plan=replace(request.plan, population=population)))
    sizes: list[Any] = list(population)  # pyright: ignore[reportUnknownArgumentType]
    if not sizes or len(set(map(str, sizes))) < len(sizes):
        raise EstimateFault(
            "FL-EST-527",
            "the sizes of the population are none, or the same twice",
            found=shown(sizes),
            fix="population=[800, 1000]",
        )
    made = {f"N = {size:.10g}" if isinstance(size, int | float) else str(size): size for size in sizes}
    each = {
        label: estimated(replace(request, plan=replace(request.plan, population=size))) for label, size in made.items()
    }
    # All are of the same people: the audit of disclosure has their finest cells once.
    return replace(stack(each, names="population_size"), diagnostics={}, cells=next(iter(each.values())).cells)
