"""A design of respondent-driven sampling: weights, and replicate weights by a bootstrap, for every estimator of the library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import narwhals as nw
import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.design.row_weights import fresh
from fl_estimate.design.weights import handed_back
from fl_estimate.errors import EstimateFault, not_one_of, shown
from fl_estimate.estimators.hidden.recruitment.gile_bootstrap import (
    gile_counts,
    simulated_population,
    synthetic_population,
)
from fl_estimate.estimators.hidden.recruitment.recruited_people import (
    ChainNames,
    Groups,
    MissingDegree,
    RecruitedPeople,
    groups_of,
    read_recruited,
    require_population,
)
from fl_estimate.estimators.hidden.recruitment.recruitment_bootstrap import (
    chain_groups,
    chain_transitions,
    members_drawn,
    times_drawn,
    tree_counts,
)
from fl_estimate.estimators.hidden.recruitment.recruitment_order import canonical_order
from fl_estimate.estimators.hidden.recruitment.recruitment_weights import (
    connected,
    group_shares,
    inverse_degree,
    successive_weights,
    successive_weights_by_simulation,
    transition_matrix,
)
from fl_estimate.inputs.replicates import Replicates, UnitReplicates
from fl_estimate.inputs.sample_design import Design
from fl_estimate.inputs.seeds import known_seed

Weighting = Literal["rds_i", "rds_ii", "gile_ss"]
WEIGHTINGS: tuple[str, ...] = get_args(Weighting)
RdsVariance = Literal["tree", "salganik", "gile", "linearised"]
VARIANCES: dict[str, tuple[str, ...]] = {
    "rds_i": ("tree", "salganik"),
    "rds_ii": ("tree", "salganik", "linearised"),
    "gile_ss": ("tree", "gile", "linearised"),
}
Draw = Literal["uniform", "degree"]
DRAWS: tuple[str, ...] = get_args(Draw)
Smoothing = Literal["none", "data"]
SMOOTHINGS: tuple[str, ...] = get_args(Smoothing)
SsMethod = Literal["fixed-point", "montecarlo"]
SS_METHODS: tuple[str, ...] = get_args(SsMethod)
BY_GROUPS: tuple[str, ...] = ("salganik", "gile")
"""Bootstraps that go from group to group."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How respondents are weighted, and how their weights are drawn again.

    Attributes
    ----------
    weighting : {"rds_i", "rds_ii", "gile_ss"}
    variance : {"tree", "salganik", "gile", "linearised"}
    population : float or None
    replicates : int
    seed : int
    smoothing, draw, method : str
        As in `rds_i`, `rds_i` and `gile_ss`.
    small_fraction : float
        Sampling fraction below which successive sampling takes 1/d.
    samples, iterations : int
        Of the Monte Carlo method.
    """

    weighting: Weighting
    variance: RdsVariance
    population: float | None = None
    replicates: int = 1000
    seed: int = 0
    smoothing: Smoothing = "none"
    draw: Draw = "uniform"
    method: SsMethod = "fixed-point"
    small_fraction: float = 0.0
    samples: int = 500
    iterations: int = 5

    def check(self) -> None:
        """Refuse what cannot be.

        Raises
        ------
        EstimateFault
            FL-EST-526.
        """
        if not isinstance(self.weighting, str) or self.weighting not in WEIGHTINGS:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise not_one_of("FL-EST-526", "this weighting of respondents", self.weighting, WEIGHTINGS)
        choices: dict[str, tuple[object, Sequence[str]]] = {
            "variance": (self.variance, VARIANCES[self.weighting]),
            "smoothing": (self.smoothing, SMOOTHINGS),
            "draw": (self.draw, DRAWS),
            "inclusion": (self.method, SS_METHODS),
        }
        for name, (value, known) in choices.items():
            if not isinstance(value, str) or value not in known:
                raise not_one_of("FL-EST-526", f"this {name} of {self.weighting}", value, known)
        numbers: dict[str, object] = {
            "replicates": self.replicates, "samples": self.samples, "iterations": self.iterations
        }  # fmt: skip
        for name, value in numbers.items():
            if not isinstance(value, int) or isinstance(value, bool) or value < (2 if name == "replicates" else 1):
                raise EstimateFault(
                    "FL-EST-526", f"{name}= is no number of them", found=shown(value), fix=f"{name}=1000, say"
                )
        fraction: Any = self.small_fraction
        if not isinstance(fraction, int | float) or isinstance(fraction, bool) or not 0 <= fraction < 1:
            raise EstimateFault(
                "FL-EST-526",
                "small_fraction= is no share of a population",
                found=shown(fraction),
                fix="0.04, or 0 for never",
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class RespondentWeights:
    """Weights of respondents, and of each replicate.

    Attributes
    ----------
    weights : float array, shape (n,)
        0 of who is left out; NaN where groups stand apart.
    replicates : float array, shape (n, R), or None
    """

    weights: Floats
    replicates: Floats | None


def weigh(
    recruited: RecruitedPeople, plan: Plan, groups: Groups | None, attributes: Floats | None = None
) -> RespondentWeights:
    """Weights by a plan; `attributes` of respondents (n, k) are what tells them apart where random numbers are dealt out."""
    rng = np.random.default_rng(plan.seed)
    weights = _spread_out(recruited, _base(recruited, plan, groups, rng))
    if plan.variance == "linearised" or not np.isfinite(weights).all():
        return RespondentWeights(weights=weights, replicates=None)
    degrees = recruited.recruitment.degrees[:, None]
    order = canonical_order(
        recruited.recruitment, degrees if attributes is None else np.column_stack([degrees, attributes])
    )
    made = {"tree": _by_tree, "salganik": _by_chain, "gile": _by_population}[plan.variance](
        recruited, plan, groups, order, rng
    )
    return RespondentWeights(weights=weights, replicates=made)


def _spread_out(recruited: RecruitedPeople, counted: Floats) -> Floats:
    """Of all rows: 0 of who is left out."""
    shape = (recruited.recruitment.n, *counted.shape[1:])
    result = np.zeros(shape)
    result[recruited.counted] = counted
    return result


def _base(recruited: RecruitedPeople, plan: Plan, groups: Groups | None, rng: np.random.Generator) -> Floats:
    """Weights of the respondents who count; they sum to the population, or to the respondents where it is not known."""
    inside = recruited.counted
    degrees = recruited.degrees[inside]
    total = float(inside.sum()) if plan.population is None else plan.population
    if plan.weighting == "rds_i":
        return _group_weights(recruited, plan, _groups(groups), np.ones((len(inside), 1)), None, total)[inside, 0]
    if plan.weighting == "gile_ss" and not _small(plan, len(degrees)):
        if plan.method == "montecarlo":
            return successive_weights_by_simulation(
                degrees, round(total), rng, samples=plan.samples, iterations=plan.iterations
            )
        return successive_weights(degrees, np.ones(len(degrees)), total)
    weights = inverse_degree(degrees)
    return weights * (total / weights.sum())


def _small(plan: Plan, respondents: int) -> bool:
    return plan.population is not None and respondents < plan.small_fraction * plan.population


def _groups(groups: Groups | None) -> Groups:
    if groups is None:
        raise EstimateFault(
            "FL-EST-529", "it is not said between which groups recruitment is counted", found="no groups=",
            fix='groups="…" names a column of groups, such as the outcome',
        )  # fmt: skip
    return groups


def _group_weights(
    recruited: RecruitedPeople, plan: Plan, groups: Groups, counts: Floats, transitions: Floats | None, total: float
) -> Floats:
    """Weights of RDS-I, p_a/n_a for each time that a respondent counts, times these: shape (n, R)."""
    codes, size = groups.codes, groups.size
    inside = codes >= 0
    member = np.zeros((size, len(codes)))
    member[codes[inside], np.flatnonzero(inside)] = 1.0
    people = (member @ counts).T
    reciprocal = (member[:, inside] @ (counts[inside] / recruited.degrees[inside, None])).T
    if transitions is None:
        transitions = _weighted_transitions(recruited, groups, counts)
    shares = group_shares(transitions, reciprocal, people, smooth=plan.smoothing == "data")
    with np.errstate(divide="ignore", invalid="ignore"):
        of_group = np.where(people > 0, shares / people, 0.0 * shares)
    return np.where(inside[:, None], of_group[:, codes].T, 0.0) * counts * total


def _weighted_transitions(recruited: RecruitedPeople, groups: Groups, counts: Floats) -> Floats:
    """Recruitments of each replicate, each as often as the recruit counts: shape (R, groups, groups)."""
    chains, size = recruited.recruitment, groups.size
    came = np.flatnonzero(~chains.is_seed)
    before, after = groups.codes[chains.recruiters[came]], groups.codes[came]
    kept = (before >= 0) & (after >= 0)
    pair = before[kept] * size + after[kept]
    matrix = np.zeros((size**2, int(kept.sum())))
    matrix[pair, np.arange(len(pair))] = 1.0
    return (matrix @ counts[came[kept]]).T.reshape(-1, size, size)


def _by_tree(
    recruited: RecruitedPeople, plan: Plan, groups: Groups | None, order: Any, rng: np.random.Generator
) -> Floats:
    counts = tree_counts(recruited.recruitment, order, plan.replicates, rng)
    return _again(recruited, plan, groups, counts, None)


def _by_chain(
    recruited: RecruitedPeople, plan: Plan, groups: Groups | None, order: Any, rng: np.random.Generator
) -> Floats | None:
    """Salganik's: a chain from group to group, and at each step a member of the group; None where groups stand apart."""
    parts = _groups(groups)
    inside = parts.codes >= 0
    present = np.ones((1, parts.size), dtype=bool)
    matrix = transition_matrix(recruited.recruitment.transitions(parts.codes, size=parts.size)[None], present)
    if not (np.isfinite(matrix).all() and connected(matrix, present).all()):
        return None
    steps, first = int(inside.sum()), np.bincount(parts.codes[inside], minlength=parts.size).astype(float)
    walked = chain_groups(matrix[0], first, steps, plan.replicates, rng)
    chance = np.where(inside, 1.0 if plan.draw == "uniform" else recruited.degrees, 0.0)
    counts = times_drawn(members_drawn(walked, parts.codes, order, chance, rng), recruited.recruitment.n)
    return _again(recruited, plan, groups, counts, chain_transitions(walked, parts.size))


def _by_population(
    recruited: RecruitedPeople, plan: Plan, groups: Groups | None, order: Any, rng: np.random.Generator
) -> Floats:
    """Gile's: recruitment from a population that is made of the sample."""
    parts = _groups(groups)
    inside = parts.codes >= 0
    size = simulated_population(float(plan.population or np.inf), int(inside.sum()))
    degrees = recruited.degrees
    weights = successive_weights(degrees[inside], np.ones(int(inside.sum())), size)
    table = recruited.recruitment.transitions(parts.codes, size=parts.size)
    population = synthetic_population(degrees[inside], parts.codes[inside], weights, table, size)
    counts = gile_counts(recruited.recruitment, population, degrees, parts.codes, order, plan.replicates, rng)
    again = replace(plan, population=size, small_fraction=0.0)
    made = _again(recruited, again, groups, counts, None)
    return made * (float(plan.population or size) / size)


def _again(
    recruited: RecruitedPeople, plan: Plan, groups: Groups | None, counts: Floats, transitions: Floats | None
) -> Floats:
    """Weights of every replicate, estimated anew from how often each respondent counts in it."""
    inside = recruited.counted
    respondents = int(inside.sum())
    total = float(respondents) if plan.population is None else plan.population
    if plan.weighting == "rds_i":
        return _group_weights(recruited, plan, _groups(groups), counts, transitions, total)
    times, degrees = counts[inside], recruited.degrees[inside]
    with np.errstate(divide="ignore", invalid="ignore"):
        # A replicate of the tree has more or fewer people than the sample; the sampling fraction is that of the sample.
        times = times * (respondents / times.sum(axis=0))
    if plan.weighting == "gile_ss" and not _small(plan, respondents):
        known = np.isfinite(times).all(axis=0)
        made = np.full_like(times, np.nan)
        made[:, known] = times[:, known] * successive_weights(degrees, times[:, known], total)
    else:
        made = times / degrees[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            made = made * (total / made.sum(axis=0))
    return _spread_out(recruited, made)


def tree_draws(recruited: RecruitedPeople) -> float:
    """Draws of the tree bootstrap that could come out otherwise: of c recruits of one recruiter c − 1, of the seeds one less."""
    chains = recruited.recruitment
    return float(chains.n_seeds - 1 + np.maximum(chains.recruits - 1, 0).sum())


def designed(recruited: RecruitedPeople, weighted: RespondentWeights, plan: Plan, column: str) -> tuple[Any, Design]:
    """People with a column of weights, and the design that names it and holds the replicates: units are the respondents."""
    frame: Any = recruited.frame
    name = fresh(frame.lazy(), column)
    backend = nw.get_native_namespace(frame)
    frame = frame.with_columns(nw.new_series(name, weighted.weights.tolist(), nw.Float64, backend=backend))
    replicates: UnitReplicates | None = None
    if weighted.replicates is not None:
        base = np.where(weighted.weights > 0, weighted.weights, 1.0)[:, None]
        number = weighted.replicates.shape[1]
        most = float(max(int(recruited.counted.sum()) - 1, 0))
        df = min(most, tree_draws(recruited)) if plan.variance == "tree" else most
        replicates = UnitReplicates(
            kind="bootstrap", keys=(recruited.person,), units=tuple((id_,) for id_ in recruited.frame[recruited.person].to_list()),
            multipliers=np.where(weighted.weights[:, None] > 0, weighted.replicates / base, 0.0), scale=1 / (number - 1),
            rscales=np.ones(number), centre="mean", df=df, seed=plan.seed,
        )  # fmt: skip
    expands = None if plan.population is None else True
    design = Design(weights=name, psu=recruited.person, replicates=replicates, expands=expands)
    return handed_back(recruited.people, frame, design)


def rds_design(
    people: Any,
    *,
    weighting: Weighting = "rds_ii",
    population: float | None = None,
    variance: RdsVariance | None = None,
    groups: str | None = None,
    person: str = "person_id",
    recruiter: str | None = None,
    coupon: str | None = None,
    coupons_given: Sequence[str] | None = None,
    degree: str = "network_size",
    seed_marker: str | float | None = None,
    include_seeds: bool = True,
    missing_degree: MissingDegree = "error",
    smoothing: Smoothing = "none",
    draw: Draw = "uniform",
    replicates: int = 1000,
    columns: str | None = None,
    seed: int | None = None,
) -> tuple[Any, Design]:
    """Give people recruited by respondents weights and replicate weights, for every estimator of the library.

    Use it where `rds_ii` and its like do not reach: regressions, quantiles, tests, ratios, contrasts. Each replicate has weights
    that were estimated anew.

    Parameters
    ----------
    people : SurveyData, Classification or frame
        The whole sample, one row a respondent.
    weighting : {"rds_ii", "gile_ss", "rds_i"}
        Inverse degree; successive sampling, which needs `population`; recruitment between `groups`, which it needs.
    population : float, optional
        Persons of the population: weights sum to it, and totals can be estimated.
    variance : {"tree", "salganik", "gile", "linearised"}, optional
        The bootstrap that makes the replicates, as in `rds_ii` and `gile_ss`; "linearised" makes none. Left out "tree".
    groups : str, optional
        Column of the groups that recruit each other: for "salganik", "gile" and "rds_i".
    person, recruiter, coupon, coupons_given, degree, seed_marker
        As in `Recruitment.read`.
    include_seeds, missing_degree, smoothing, draw, replicates, seed
        As in `rds_ii` and `rds_i`.
    columns : str, optional
        Write the replicate weights into columns of this name and a number from 1 on, so that other programmes can use them; the
        design names them then.

    Returns
    -------
    people
        As they came, with a column ``rds_weight``.
    Design
        Its units are the respondents.

    Raises
    ------
    EstimateFault
        FL-EST-520 to FL-EST-529; FL-EST-530: groups stand apart, so that there is no equilibrium; FL-EST-533: trees without a
        branch, of which the tree bootstrap tells nothing.

    Notes
    -----
    V = 1/(R − 1) Σ_r (θ_r − θ̄)², with θ_r the estimate under the weights of replicate r.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> people = fl.hidden.simulate_rds(population=2000, n=300, seed=1).people
    >>> people, design = fl.hidden.rds_design(people, population=2000, seed=1)
    >>> fl.estimate_total(people, "outcome", design=design).frame["n"].tolist()
    [300]
    """
    plan = Plan(
        weighting=weighting, variance=variance or "tree", population=population, replicates=replicates, seed=known_seed(seed),
        smoothing=smoothing, draw=draw,
    )  # fmt: skip
    plan.check()
    names = ChainNames(
        person=person, recruiter=recruiter, coupon=coupon, coupons_given=coupons_given, degree=degree, seed_marker=seed_marker
    )  # fmt: skip
    recruited = read_recruited(people, names, missing_degree=missing_degree, include_seeds=include_seeds)
    if population is not None or weighting == "gile_ss":
        plan = replace(plan, population=require_population(population, int(recruited.counted.sum())))
    if plan.variance == "tree" and tree_draws(recruited) <= 0:
        raise EstimateFault(
            "FL-EST-533", "the trees have no branch, so that drawing them again changes nothing", found="one seed, one recruit each",
            fix='variance="salganik" with groups=; or "linearised", and a design effect on what comes of it',
        )  # fmt: skip
    parts = groups_of(recruited, groups, unknown="own", outcome=False) if groups is not None else None
    weighted = weigh(recruited, plan, parts)
    if not np.isfinite(weighted.weights).all() or (weighted.replicates is None and plan.variance != "linearised"):
        raise groups_apart(str(groups))
    given, design = designed(recruited, weighted, plan, "rds_weight")
    return (given, design) if columns is None else _in_columns(given, design, weighted, columns)


def groups_apart(column: str) -> EstimateFault:
    """Of groups between which recruitment does not come and go."""
    return EstimateFault(
        "FL-EST-530", "groups do not recruit each other, so that recruitment comes to no one equilibrium",
        found=f"groups={shown(column)}", fix='bring groups together; or weighting="rds_ii" with variance="tree", which need none',
    )  # fmt: skip


def _in_columns(people: Any, design: Design, weighted: RespondentWeights, prefix: str) -> tuple[Any, Design]:
    """The same with the replicate weights in columns of the people."""
    if weighted.replicates is None:
        return people, design
    bundled = people.people if hasattr(people, "people") else people
    frame: Any = nw.from_native(bundled, eager_only=True)
    taken = set(frame.columns)
    names = [f"{prefix}{number}" for number in range(1, weighted.replicates.shape[1] + 1)]
    if taken & set(names):
        raise EstimateFault(
            "FL-EST-526",
            "columns of replicate weights are there already",
            found=shown(names[0]),
            fix="another columns=",
        )
    backend = nw.get_native_namespace(frame)
    made = [
        nw.new_series(name, weighted.replicates[:, place].tolist(), nw.Float64, backend=backend)
        for place, name in enumerate(names)
    ]
    # One concatenation: thousands of columns one by one are slow on pandas.
    frame = nw.concat([frame, nw.from_dict({s.name: s for s in made})], how="horizontal")
    own = design.replicates
    df = own.df if own is not None else None
    return handed_back(
        people, frame, replace(design, replicates=Replicates(names, kind="bootstrap", centre="mean", df=df))
    )
