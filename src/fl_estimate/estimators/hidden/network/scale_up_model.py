"""Bayesian network scale-up: how large hidden groups are, with network sizes, barriers and transmission as random as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, get_args

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, not_one_of, shown
from fl_estimate.estimators.hidden.network.relational_data import RelationalData, Unanswered, relational_data
from fl_estimate.estimators.hidden.network.scale_up import known_assumptions, scale_up
from fl_estimate.estimators.hidden.network.scale_up_chains import sample_scale_up
from fl_estimate.estimators.hidden.network.scale_up_checks import predictive_check
from fl_estimate.estimators.hidden.network.scale_up_codes import NO_BARRIER, UNCORRECTED
from fl_estimate.estimators.hidden.network.scale_up_model_codes import (
    BARRIERS,
    CLUSTERS_IGNORED,
    CORRELATED_BIASES,
    METHODS,
    MISSING_AT_RANDOM,
    NOBODY_KNOWN,
    OVERDISPERSION,
    PRIOR,
    RANDOM_DEGREES,
    SCALED_BY,
    SIZE_PRIOR,
    TRANSMISSION_KNOWN,
    TRANSMISSION_PRIOR,
    WEIGHTS_AS_POWERS,
    WEIGHTS_IGNORED,
)
from fl_estimate.estimators.hidden.network.scale_up_nuts import sample_scale_up_nuts
from fl_estimate.estimators.hidden.network.scale_up_posterior import ScaleUpPosterior, each_row, limits, posterior_of
from fl_estimate.estimators.hidden.network.scale_up_problem import (
    CORRELATED,
    OVERDISPERSED,
    TRANSMITTING,
    Model,
    ScaleUpChains,
    ScaleUpProblem,
    problem_of,
)
from fl_estimate.estimators.hidden.network.scale_up_scaling import Scaling, require_scaling, scaled_shares
from fl_estimate.estimators.sampling import CHAINS, known_seed
from fl_estimate.inputs.respondents import resolve
from fl_estimate.inputs.sample_design import Design
from fl_estimate.results.basis import Support
from fl_estimate.results.build import build
from fl_estimate.results.codes import EQUAL_TAILED, PREVALENCE, TOTAL, UNWEIGHTED, Assumption
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.inference import Inference
from fl_estimate.results.methods import method
from fl_estimate.results.recipe import Recipe
from fl_estimate.results.roles import (
    NOT_IN_FILE,
    PEOPLE,
    Draws,
    FromFile,
    InFile,
    Level,
    MoreThanZero,
    Names,
    Persons,
    SeedOrNone,
    Where,
    Within,
)
from fl_estimate.results.stack import stack

Weighting = Literal["ignored", "pseudo-likelihood"]
Sampler = Literal["gibbs", "nuts"]
UnknownReports = Literal["exclude", "no", "available"]
FEWEST = 100
"""Draws that every posterior needs to have limits at all."""
BURN_IN = 500
PUBLISHED_PARAMETERS = 60
"""Most groups whose own parameters are kept beside the draws."""


@method(kind="scale_up_model", basis="model", family="hidden")
def scale_up_model(
    people: Annotated[Any, PEOPLE],
    hidden: Names,
    *,
    known: Annotated[Any, FromFile(needs=("group", "size"))],
    population: Annotated[float, Persons()],
    model: Model = "random-degree",
    quantity: Literal["total", "prevalence"] = "total",
    transmission: Annotated[Any, InFile(dict[str, list[float]] | list[float] | float | None)] = None,
    weighting: Weighting | None = None,
    scaling: Scaling | None = None,
    scaling_groups: Annotated[Mapping[str, Sequence[str]] | None, InFile(dict[str, list[str]] | None)] = None,
    priors: Annotated[Mapping[str, Any] | None, InFile(dict[str, list[float]] | None)] = None,
    design: Annotated[Design | None, NOT_IN_FILE] = None,
    where: Where = None,
    unanswered: Unanswered | None = None,
    unknown: UnknownReports | None = None,
    top_code: MoreThanZero | None = None,
    largest: MoreThanZero | None = None,
    sampler: Sampler | None = None,
    draws: Draws = 4_000,
    chains: Annotated[int, Within(ge=4)] = CHAINS,
    burn_in: Annotated[int | None, Within(ge=0)] = None,
    thin: Annotated[int, Within(ge=1)] = 1,
    seed: SeedOrNone = None,
    level: Level = 0.95,
    progress: Annotated[bool, NOT_IN_FILE] = False,
) -> Estimates:
    """Estimate how many people are in hidden groups by a Bayesian model of how many of them each respondent knows.

    Use it where it matters that networks are uncertain, that people know their like (barriers, overdispersion), or that members
    do not tell (transmission), and a prior or the data can say how far. `fl.hidden.scale_up` is what the sampling design supports:
    these models take respondents as drawn at random, each by themselves. Clusters, and weights unless `weighting` says otherwise,
    are not in their limits, which are then too narrow; every row says so.

    Parameters
    ----------
    people : SurveyData, Classification or frame
        One row a respondent, a column for each group: people of it whom the respondent knows.
    hidden : str or list of str
        Columns of the hidden groups; one row of the result each.
    known : mapping of str to number, or frame
        Sizes of the known groups in persons, by column; or a frame with the columns `group` and `size`.
    population : float
        All people whom the respondents were asked about, N, in persons.
    model : {"random-degree", "barrier", "transmission", "combined", "overdispersed", "correlated"}
        Network sizes vary, and nothing else; also shares in networks vary from respondent to respondent; also members are told of
        with a probability only; both. Or reports vary more than a Poisson count, by group, and sizes of groups are random effects
        whose scale the known groups give (`scaling`); or with biases that hang together between groups.
    quantity : {"total", "prevalence"}
        Persons, or their share of `population`.
    transmission : (a, b), number or mapping, optional
        Of the models "transmission" and "combined", which need it: a Beta prior of the share of those who know a member who know
        that this is one; ``{"positive": 40, "n": 50}`` from a study of the group (a flat prior before it); a number where it is
        known; or a mapping from hidden groups to these. Reports do not tell it from the size: the prior is the answer.
    weighting : {"ignored", "pseudo-likelihood"}, optional
        Needed where weights differ. Not used, so that the sample stands for itself; or every respondent's density is taken to the
        power of the weight, scaled to sum to Kish's effective number of respondents (Savitsky and Williams 2022): right on average
        where weights are related to networks, and clusters are still ignored.
    scaling : {"all", "overdispersed", "weighted", "weighted_sq"}, optional
        Of the models "overdispersed" and "correlated": all known groups together (the default); those of `scaling_groups`; or each
        hidden group by the known ones it is correlated with, or the squares of these correlations ("correlated" only).
    scaling_groups : mapping, optional
        "G1": rare names of one sex, alone, or with "G2": less rare names of that sex, "B2": of the other (Zheng, Salganik and Gelman
        2006).
    priors : mapping, optional
        In place of the standard ones: ends of flat priors, "mu" and "sigma" of log network sizes; "mu", "sd_a", "sd_b" of the
        overdispersed model; "mu_rho" (normal), "sd_rho", "sd_degree", "sd_bias" (half-Cauchy scales), "eta" (LKJ) of the correlated one.
    design : Design, optional
        For weights, and to say what is ignored; taken from `people` where that carries one.
    where : str, optional
        A 0/1 column or a condition: whose reports are taken.
    unanswered : {"exclude", "zero", "available"}, optional
        Missing reports about known groups: the respondent is out; nobody known; or only what was answered enters the likelihood.
    unknown : {"exclude", "no", "available"}, optional
        The same of hidden groups.
    top_code, largest : float, optional
        As in `fl.hidden.relational_data`.
    sampler : {"gibbs", "nuts"}, optional
        Gibbs and slice steps in compiled code, exact, for all models but the correlated one; or PyMC's NUTS, to compare, and for
        the correlated one.
    draws : int
        Kept, over all chains.
    chains : int
        At least 4; they start far apart. NUTS runs 4.
    burn_in, thin : int
        Steps of each chain left out at first, and steps between two draws kept, of Gibbs.
    seed : int, optional
        Where it is not given, one is made and noted in the provenance.
    level : float
    progress : bool
        Show how far NUTS is, in a terminal or a notebook.

    Returns
    -------
    Estimates
        One row a hidden group, `outcome` its column: `value` the posterior median, `se` the posterior standard deviation, equal-tailed limits;
        `.draws` the posterior, (draws, rows). `.diagnostics`: R-hat, effective draws, divergences; network sizes and parameters;
        ``back_estimates``, what the model finds of each known group; ``predictive_check``, reports drawn anew beside those that came;
        ``design_based``, the ratio of sums with its error under the design. A model that does not draw reports like those that came,
        or does not find the known groups, says so in the reasons.

    Raises
    ------
    EstimateFault
        FL-EST-590 to FL-EST-599, FL-EST-602: as `fl.hidden.scale_up`; FL-EST-620: the model; FL-EST-621: the transmission;
        FL-EST-622: a prior; FL-EST-623: chains that do not agree; FL-EST-624: the scaling; FL-EST-625: draws, chains or the sampler;
        FL-EST-626: weights that nobody has said what to do with; FL-EST-628: the level; FL-EST-60, FL-EST-61: NUTS failed.

    Notes
    -----
    Random degree: y_ik ~ Bin(d_i, τ_k m_k), d_i = e^{x_i} to the nearest person, x_i ~ N(μ, σ²), μ and σ flat, m_k = N_k/N known, or p(N_k) ∝ 1/N_k
    from 1 to N; τ_k = 1, or its prior. Barrier: y_ik ~ Bin(d_i, τ_k q_ik), q_ik ~ Beta of mean m_k and dispersion ρ_k (parameters m(1/ρ − 1),
    (1 − m)(1/ρ − 1)), ρ_k ~ U(0, 1), summed out. Overdispersed: y_ik negative binomial of mean e^{a_i + b_k} and variance ω_k times that; a_i ~ N(μ_a, σ_a²),
    b_k ~ N(μ_b, σ_b²), 1/ω_k ~ U(0, 1). Correlated: y_ik ~ Poisson(e^{ρ_k + σ_d δ_i + ε_ik}), e^{ε_ik} of mean 1 and standard deviation
    τ_k, ε_i. correlated with an LKJ(2) prior. Network sizes then are e^{a + C}, shares e^{b − C}: C in docs/explanation/hidden_designs_scale_up_models.md.

    References
    ----------
    Maltiel, Raftery, McCormick and Baraff (2015), Annals of Applied Statistics 9(3), 1247-1277. Zheng, Salganik and Gelman (2006),
    Journal of the American Statistical Association 101, 409-423. Laga, Bao and Niu (2023), Journal of the American Statistical
    Association 118, 1515-1525. Neal (2003), Annals of Statistics 31(3), 705-767.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> drawn = fl.hidden.simulate_scale_up_model(respondents=300, seed=1)
    >>> size = fl.hidden.scale_up_model(drawn.people, "hidden", known=drawn.known, population=drawn.population,
    ...                                 design=fl.Design(unweighted=True), seed=1)
    >>> drawn.hidden_size, [round(number, -2) for number in (size.value, *size.interval)]
    (5000.0, [5300.0, 4700.0, 6000.0])
    """
    ways = _ways(model, sampler, draws, chains, burn_in, thin)
    _check_words(quantity, weighting, level)
    data = relational_data(
        people, hidden, known=known, population=population, design=design, where=where, unanswered=unanswered,
        unknown=unknown, top_code=top_code, largest=largest,
    )  # fmt: skip
    powers = _powers(data, weighting)
    problem = problem_of(data, model, transmission, priors, powers)
    rule = require_scaling(problem, scaling, scaling_groups)
    direct = _direct(
        people, data, known=known, population=population, design=design, where=where, unanswered=unanswered,
        unknown=unknown, top_code=top_code, largest=largest, level=level,
    )  # fmt: skip
    used = known_seed(seed)
    drawn = _sampled(problem, ways, used, progress)
    log_share, constant = scaled_shares(problem, drawn, rule, scaling_groups)
    check = predictive_check(problem, drawn, used)
    found = posterior_of(problem, drawn, log_share, constant, check, level)
    return _estimates(
        problem, found, drawn, direct,
        quantity=quantity, level=level, clustered=_clustered(people, design),
        said=_assumptions(problem, data, rule, scaling_groups, weighting, unanswered, unknown),
        arguments={
            "known": data.known.to_dict(), "population": data.population, "model": model, "quantity": quantity,
            "transmission": _transmission_told(problem), "weighting": weighting or "", "scaling": rule,
            "scaling_groups": {name: list(names) for name, names in (scaling_groups or {}).items()},
            "priors": {name: list(ends) for name, ends in problem.priors.items()}, "unanswered": unanswered or "",
            "unknown": unknown or "", "top_code": top_code, "largest": largest, "seed": used, "level": level, **ways,
        },
    )  # fmt: skip


def _ways(model: str, sampler: str | None, draws: Any, chains: Any, burn_in: Any, thin: Any) -> dict[str, Any]:
    """How chains are run.

    Raises
    ------
    EstimateFault
        FL-EST-625.
    """
    chosen = sampler or ("nuts" if model == CORRELATED else "gibbs")
    if chosen not in get_args(Sampler):
        raise not_one_of("FL-EST-625", "this sampler", sampler, get_args(Sampler))
    if chosen == "gibbs" and model == CORRELATED:
        raise EstimateFault(
            "FL-EST-625", "the correlated model has no Gibbs sampler", found='sampler="gibbs"', fix='sampler="nuts"'
        )
    first = BURN_IN if burn_in is None else burn_in
    numbers = {"draws": (draws, FEWEST), "chains": (chains, CHAINS), "burn_in": (first, 0), "thin": (thin, 1)}
    wrong = [
        f"{name}={shown(value)}"
        for name, (value, least) in numbers.items()
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least
    ]
    if wrong or (chosen == "nuts" and chains != CHAINS):
        raise EstimateFault(
            "FL-EST-625", "chains cannot be run like this", found=", ".join(wrong) or f"NUTS with chains={shown(chains)}",
            fix=f"{FEWEST} draws or more of {CHAINS} chains or more (NUTS: {CHAINS}), burn_in from 0, thin from 1; 4,000 draws are usual",
        )  # fmt: skip
    return {"sampler": chosen, "draws": int(draws), "chains": int(chains), "burn_in": int(first), "thin": int(thin)}


def _check_words(quantity: str, weighting: str | None, level: float) -> None:
    if quantity not in (TOTAL, PREVALENCE):
        raise not_one_of("FL-EST-598", "this quantity of scale-up", quantity, ("total", "prevalence"))
    if weighting is not None and weighting not in get_args(Weighting):
        raise not_one_of("FL-EST-626", "this treatment of weights", weighting, get_args(Weighting))
    if not isinstance(level, float) or not 0 < level < 1:
        raise EstimateFault(
            "FL-EST-628", "the level is not between 0 and 1", found=shown(level), fix="95 % is level=0.95"
        )


def _powers(data: RelationalData, weighting: str | None) -> Floats:
    """What each respondent's density is raised to.

    Raises
    ------
    EstimateFault
        FL-EST-626: weights differ, and nobody has said what that means for the model.
    """
    weights = data.weights
    differ = bool(np.ptp(weights) > 1e-9 * weights.max())
    if differ and weighting is None:
        raise EstimateFault(
            "FL-EST-626", "the weights of the respondents differ, and scale-up models do not know of weights",
            found=f"largest over smallest weight {weights.max() / weights.min():.3g}",
            fix='weighting="pseudo-likelihood": densities to the power of the weights; weighting="ignored": the sample stands for '
            "itself; or fl.hidden.scale_up, which has the error of the design",
        )  # fmt: skip
    if weighting == "pseudo-likelihood" and differ:
        # Twelve digits, so that the order in which weights are added up is not seen in them.
        return np.round(weights * (weights.sum() / (weights**2).sum()), 12)
    return np.ones(len(weights))


def _direct(people: Any, data: RelationalData, *, unknown: str | None, **settings: Any) -> Estimates:
    """The ratio of sums of the same reports under the design: support, people and time of the rows, and its error beside theirs."""
    if unknown != "available":
        return scale_up(people, list(data.hidden), unknown=unknown, **settings)  # pyright: ignore[reportArgumentType]
    each = [scale_up(people, name, unknown="exclude", **settings) for name in data.hidden]
    return each[0] if len(each) == 1 else stack(each)


def _sampled(problem: ScaleUpProblem, ways: Mapping[str, Any], seed: int, progress: bool) -> ScaleUpChains:
    per_chain = -(-ways["draws"] // ways["chains"])
    if ways["sampler"] == "nuts":
        return sample_scale_up_nuts(problem, draws_per_chain=per_chain, seed=seed, progress=progress)
    return sample_scale_up(
        problem, chains=ways["chains"], draws_per_chain=per_chain, burn_in=ways["burn_in"], thin=ways["thin"], seed=seed
    )


def _clustered(people: Any, design: Design | None) -> bool:
    """Whether the design says more than weights: units, strata, or replicates, of which no model knows."""
    known = resolve(people, design).design
    return bool(known.stages or known.strata or known.replicates is not None)


def _estimates(
    problem: ScaleUpProblem,
    found: ScaleUpPosterior,
    chains: ScaleUpChains,
    direct: Estimates,
    *,
    quantity: str,
    level: float,
    clustered: bool,
    said: list[Assumption],
    arguments: dict[str, Any],
) -> Estimates:
    """Rows of the hidden groups."""
    factor = problem.population if quantity == TOTAL else 1.0
    every = found.share[..., problem.hidden] * factor
    draws = every.reshape(-1, every.shape[-1])
    median, sd, lower, upper = limits(draws, level)
    names = [name for name, hidden in zip(problem.names, problem.hidden, strict=True) if hidden]
    cases = np.where(problem.told, problem.reports > 0, False)[:, problem.hidden].sum(axis=0)
    reasons = each_row(found.reasons, len(names))
    if clustered:
        reasons += [CLUSTERS_IGNORED.at(row) for row in range(len(names))]
    reasons += [NOBODY_KNOWN.at(row) for row in np.flatnonzero(cases == 0)]
    recipe = Recipe.of(direct)
    kept = [each for each in recipe.assumptions if each.code in (UNWEIGHTED, "subpopulation")]
    scale = direct.frame["value"].to_numpy(dtype=float), direct.frame["se"].to_numpy(dtype=float)
    ratio = factor / problem.population
    told = {
        name: {"value": float(value * ratio), "se": float(se * ratio)}
        for name, value, se in zip(names, *scale, strict=True)
    }
    return build(
        {
            "outcome": names, "value": median, "se": sd, "lower": lower, "upper": upper, "level": level,
            "interval_kind": EQUAL_TAILED, "n": problem.told[:, problem.hidden].sum(axis=0).astype(float),
            "cases": cases.astype(float),
        },
        quantity=TOTAL if quantity == TOTAL else PREVALENCE,
        method=METHODS[problem.model],
        basis="model",
        recipe=recipe.then("hidden.scale_up_model", {**recipe.provenance.arguments, **arguments}, [*said, *kept]),
        support=_support(direct, problem, cases),
        reasons=reasons,
        diagnostics={**found.diagnostics, "design_based": told, "seed": arguments["seed"]},
        draws=draws,
        inference=_inference(problem, found, chains),
    )  # fmt: skip


def _support(direct: Estimates, problem: ScaleUpProblem, cases: Any) -> Support:
    """That of the ratio of sums; where respondents were told apart by group, the fewer."""
    met = direct.support
    n = np.minimum(met.respondents, problem.told[:, problem.hidden].sum(axis=0))
    return Support.of(
        n, np.minimum(met.cases, cases), psus_with_cases=met.psus_with_cases, df=met.df, df_effective=met.df_effective
    )  # fmt: skip


def _inference(problem: ScaleUpProblem, found: ScaleUpPosterior, chains: ScaleUpChains) -> Inference:
    parameters: dict[str, Floats] = {"mean_network_size": found.mean_degree.reshape(-1)}
    along: dict[str, tuple[str, tuple[str, ...]]] = {}
    for name, values in chains.parameters.items():
        if values.ndim == 2:
            parameters[name] = values.reshape(-1)
        elif len(problem.names) <= PUBLISHED_PARAMETERS:
            parameters[name] = values.reshape(-1, values.shape[-1])
            along[name] = ("group", problem.names)
    return Inference(
        parameters=parameters, chains=int(found.share.shape[0]), stats=chains.stats, along=along
    )  # fmt: skip


def _assumptions(
    problem: ScaleUpProblem,
    data: RelationalData,
    rule: str,
    scaling_groups: Mapping[str, Any] | None,
    weighting: str | None,
    unanswered: str | None,
    unknown: str | None,
) -> list[Assumption]:
    """What the figures take for granted beyond the survey."""
    said = known_assumptions(data, unanswered)
    own = {OVERDISPERSED: OVERDISPERSION, CORRELATED: CORRELATED_BIASES}.get(problem.model, RANDOM_DEGREES)
    said.append(own.assume())
    if problem.barrier:
        said.append(BARRIERS.assume())
    elif own is RANDOM_DEGREES:
        said.append(NO_BARRIER.assume())
    said += [
        code.assume()
        for name, code in UNCORRECTED.items()
        if name != "transmission" or problem.model not in TRANSMITTING
    ]
    if problem.model in TRANSMITTING:
        said += _transmissions(problem)
    if rule:
        used = len((scaling_groups or {}).get("G1", ())) or len(data.known.names)
        said.append(SCALED_BY.assume(rule=rule, groups=used))
    else:
        said.append(SIZE_PRIOR.assume(population=problem.population))
    said += [PRIOR.assume(name=name, prior=_prior_text(problem, name)) for name in problem.priors]
    if unknown == "available" or unanswered == "available":
        said.append(MISSING_AT_RANDOM.assume())
    if weighting == "ignored":
        said.append(WEIGHTS_IGNORED.assume())
    if weighting == "pseudo-likelihood":
        said.append(WEIGHTS_AS_POWERS.assume(effective=float(problem.weights.sum()), n=len(problem.weights)))
    return said


def _transmissions(problem: ScaleUpProblem) -> list[Assumption]:
    names = [name for name, hidden in zip(problem.names, problem.hidden, strict=True) if hidden]
    said: list[Assumption] = []
    for name, a, b, fixed in zip(names, problem.tau_first, problem.tau_second, problem.fixed_tau, strict=True):
        if fixed > 0:
            said.append(TRANSMISSION_KNOWN.assume(group=name, value=float(fixed)))
        else:
            said.append(TRANSMISSION_PRIOR.assume(group=name, a=float(a), b=float(b)))
    return said


def _transmission_told(problem: ScaleUpProblem) -> dict[str, Any]:
    """What the transmission of each hidden group was, as a recipe keeps it."""
    if problem.model not in TRANSMITTING:
        return {}
    names = [name for name, hidden in zip(problem.names, problem.hidden, strict=True) if hidden]
    each = zip(names, problem.tau_first, problem.tau_second, problem.fixed_tau, strict=True)
    return {name: float(fixed) if fixed > 0 else [float(a), float(b)] for name, a, b, fixed in each}


def _prior_text(problem: ScaleUpProblem, name: str) -> str:
    """A prior as formulas have it."""
    ends = ", ".join(f"{end:g}" for end in problem.priors[name])
    if problem.model != CORRELATED:
        return f"U({ends})"
    return {"mu_rho": f"N({ends})", "eta": f"LKJ({ends})"}.get(name, f"half-Cauchy({ends})")
