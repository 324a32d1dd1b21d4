"""Respondent-driven samples from a network whose truth is known, to plan a survey and to test estimators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from fl_estimate.arrays import Bools, Floats, Positions
from fl_estimate.errors import EstimateFault, not_one_of, shown
from fl_estimate.inputs.seeds import known_seed

SeedsFrom = Literal["degree", "cases", "others"]
SEEDS_FROM: tuple[str, ...] = ("degree", "cases", "others")
SPREAD = 2.0
"""Shape of the gamma from which expected degrees come: a coefficient of variation of about 0.7, beside Poisson noise."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SimulatedRecruitment:
    """A sample drawn by recruitment, and the truth of the population that it was drawn from.

    Attributes
    ----------
    people : pandas.DataFrame
        One row a respondent, in the order of interviews, with the names of the common schema: ``person_id``, ``recruiter_id``
        (missing of seeds), ``coupon_received``, ``coupon_given_1`` and so on, ``network_size`` (as reported), ``interview_day``,
        the 0/1 ``outcome``, and a ``region`` (North, South) that has nothing to do with it.
    population : int
        Persons.
    prevalence : float
        Share of cases in the population.
    mean_degree : tuple of float
        Mean number of acquaintances of cases, and of others.
    """

    people: pd.DataFrame
    population: int
    prevalence: float
    mean_degree: tuple[float, float]


def simulate_rds(
    *,
    population: int = 5000,
    prevalence: float = 0.2,
    mean_degree: float = 10.0,
    activity: float = 1.0,
    homophily: float = 1.0,
    n: int = 500,
    seeds: int = 10,
    coupons: int = 3,
    returned: float = 0.6,
    seeds_from: SeedsFrom = "degree",
    preference: float = 1.0,
    degree_error: float = 0.0,
    case_degree_factor: float = 1.0,
    with_replacement: bool = False,
    seed: int | None = None,
) -> SimulatedRecruitment:
    """Draw a respondent-driven sample from a network of acquaintances.

    Parameters
    ----------
    population : int
        Persons of the network, N.
    prevalence : float
        Share of cases among them, as far as whole persons allow.
    mean_degree : float
        Mean number of acquaintances (before the few ties that are drawn twice are dropped).
    activity : float
        Mean degree of cases over that of others.
    homophily : float
        Ties between cases and others if ties were made at random, over those that there are: 1 none, 5 a bottleneck.
    n : int
        Respondents.
    seeds : int
    coupons : int
        Given to each respondent.
    returned : float
        Chance that a coupon brings somebody, while acquaintances are left. Where chains end early a new seed is found.
    seeds_from : {"degree", "cases", "others"}
        In proportion to degree among all, or among cases or others only.
    preference : float
        How much likelier a recruiter chooses a case than another acquaintance: 1 is at random.
    degree_error : float
        SD of the log of reported over true degree.
    case_degree_factor : float
        By which cases, and only they, report too high a degree.
    with_replacement : bool
        Whether a person may be recruited again, as the estimators with weights of inverse degree suppose.
    seed : int, optional

    Returns
    -------
    SimulatedRecruitment

    Raises
    ------
    EstimateFault
        FL-EST-532: a number that cannot be.

    Notes
    -----
    Degrees are Poisson around gamma-distributed expectations, 1 at least. Ends of ties are joined at random within cases, within
    others, and between them so often as `homophily` says (a stochastic block model given the degrees); ties to oneself and second
    ties of a pair are dropped. Ids are numbers in the order of interviews, and tell nothing of the network.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> drawn = fl.hidden.simulate_rds(population=2000, n=200, prevalence=0.3, seed=1)
    >>> len(drawn.people), drawn.prevalence
    (200, 0.3)
    """
    _check(
        population, n, seeds, coupons, seeds_from,
        {"prevalence": prevalence, "mean_degree": mean_degree, "activity": activity, "homophily": homophily,
         "returned": returned, "preference": preference, "case_degree_factor": case_degree_factor},
        degree_error, with_replacement=with_replacement,
    )  # fmt: skip
    rng = np.random.default_rng(known_seed(seed))
    cases = np.zeros(population, dtype=bool)
    cases[: round(prevalence * population)] = True
    neighbours, starts = _network(cases, mean_degree, activity, homophily, rng)
    degrees = np.diff(starts)
    rule = _RecruitingRule(
        n=n, seeds=seeds, coupons=coupons, returned=returned, again=with_replacement,
        entry=_entry(degrees, cases, seeds_from), liking=np.where(cases, preference, 1.0),
    )  # fmt: skip
    drawn, recruiters = _recruit(neighbours, starts, rule, rng)
    reported = degrees[drawn] * np.where(cases[drawn], case_degree_factor, 1.0)
    reported = reported * np.exp(degree_error * rng.standard_normal(len(drawn)))
    people = _table(drawn, recruiters, np.maximum(reported.round(), 1), cases[drawn], coupons, rng)
    met = [float(degrees[part].mean()) if part.any() else np.nan for part in (cases, ~cases)]
    return SimulatedRecruitment(
        people=people, population=population, prevalence=float(cases.mean()), mean_degree=(met[0], met[1])
    )


def _check(
    population: Any, n: Any, seeds: Any, coupons: Any, seeds_from: str, sizes: dict[str, Any], error: Any, *, with_replacement: bool
) -> None:  # fmt: skip
    if not isinstance(seeds_from, str) or seeds_from not in SEEDS_FROM:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise not_one_of("FL-EST-532", "this choice of seeds", seeds_from, SEEDS_FROM)
    wrong: list[str] = []
    for name, value in {"population": population, "n": n, "seeds": seeds, "coupons": coupons}.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            wrong.append(f"{name}={shown(value)}")
    for name, value in {**sizes, "degree_error": error}.items():
        number = isinstance(value, int | float) and not isinstance(value, bool) and np.isfinite(value)
        least = 0.0 if name in ("prevalence", "degree_error") else 1e-12
        if not number or value < least or (name in ("prevalence", "returned") and value > 1):
            wrong.append(f"{name}={shown(value)}")
    if not wrong and not with_replacement and n > population / 2:
        wrong.append(f"n={n} of a population of {population}")
    if not wrong and not seeds <= n:
        wrong.append(f"seeds={seeds} of n={n}")
    cases = 0 if wrong else round(sizes["prevalence"] * population)
    if not wrong and {"cases": cases, "others": population - cases}.get(seeds_from, population) < seeds:
        wrong.append(f'seeds={seeds} with seeds_from="{seeds_from}"')
    if wrong:
        raise EstimateFault(
            "FL-EST-532", "no sample can be drawn with these numbers", found="; ".join(wrong),
            fix="whole numbers from 1 on, shares from 0 to 1, and a sample of half of the population at the most",
        )  # fmt: skip


def _network(
    cases: Bools, mean: float, activity: float, homophily: float, rng: np.random.Generator
) -> tuple[Positions, Positions]:
    """Acquaintances of everybody, one after another, and where each person's begin."""
    size, share = len(cases), float(cases.mean())
    of_others = mean / (share * activity + 1 - share)
    expected = np.where(cases, of_others * activity, of_others) * rng.gamma(SPREAD, 1 / SPREAD, size)
    degrees = np.maximum(rng.poisson(np.maximum(expected, 0)), 1)
    ends = [rng.permutation(np.repeat(np.flatnonzero(part), degrees[part])) for part in (cases, ~cases)]
    sizes = [len(part) for part in ends]
    across = min(round(sizes[0] * sizes[1] / max(sum(sizes), 1) / homophily), *sizes)
    pairs = [np.column_stack([ends[0][:across], ends[1][:across]])]
    for part in ends:
        rest = part[across:]
        rest = rest[: len(rest) // 2 * 2]
        pairs.append(rest.reshape(-1, 2))
    joined = np.concatenate(pairs)
    joined = np.sort(joined[joined[:, 0] != joined[:, 1]], axis=1)
    key = np.unique(joined[:, 0] * size + joined[:, 1])
    first, second = key // size, key % size
    origin, end = np.concatenate([first, second]), np.concatenate([second, first])
    order = np.argsort(origin, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(origin, minlength=size))])
    return end[order], starts


def _entry(degrees: Positions, cases: Bools, seeds_from: SeedsFrom) -> Floats:
    """In proportion to which people are found as seeds."""
    allowed = {"degree": np.ones(len(cases), dtype=bool), "cases": cases, "others": ~cases}[seeds_from]
    chance = np.where(allowed, degrees, 0).astype(float)
    return chance if chance.sum() else allowed.astype(float)


@dataclass(frozen=True, kw_only=True, eq=False)
class _RecruitingRule:
    n: int
    seeds: int
    coupons: int
    returned: float
    again: bool
    entry: Floats
    liking: Floats


def _recruit(
    neighbours: Positions, starts: Positions, rule: _RecruitingRule, rng: np.random.Generator
) -> tuple[list[int], list[int]]:
    """Persons in the order of their interviews, and the place of each one's recruiter in that order; −1 of seeds."""
    free = np.ones(len(rule.entry), dtype=bool)
    drawn: list[int] = []
    recruiters: list[int] = []

    def add(person: int, recruiter: int) -> None:
        drawn.append(person)
        recruiters.append(recruiter)
        free[person] = rule.again

    for _ in range(rule.seeds):
        add(_found(rule, free, rng), -1)
    turn = 0
    while len(drawn) < rule.n:
        if turn == len(drawn):
            add(_found(rule, free, rng), -1)
        person = drawn[turn]
        known = neighbours[starts[person] : starts[person + 1]]
        known = known[free[known]]
        wanted = min(int(rng.binomial(rule.coupons, rule.returned)), len(known), rule.n - len(drawn))
        if wanted:
            chance = rule.liking[known]
            for chosen in rng.choice(known, size=wanted, replace=False, p=chance / chance.sum()):
                add(int(chosen), turn)
        turn += 1
    return drawn, recruiters


def _found(rule: _RecruitingRule, free: Bools, rng: np.random.Generator) -> int:
    chance = np.where(free, rule.entry, 0.0)
    if not chance.sum():
        chance = free.astype(float)
    return int(rng.choice(len(chance), p=chance / chance.sum()))


def _table(
    drawn: list[int], recruiters: list[int], reported: Floats, cases: Bools, coupons: int, rng: np.random.Generator
) -> pd.DataFrame:
    size = len(drawn)
    ids = np.array([f"P{number:05d}" for number in range(1, size + 1)], dtype=object)
    above = np.array(recruiters)
    numbers = rng.permutation(900_000)[: size * coupons].reshape(size, coupons) + 100_000
    used = np.zeros(size, dtype=np.intp)
    received: list[object] = []
    for recruiter in recruiters:
        received.append(None if recruiter < 0 else str(numbers[recruiter, used[recruiter]]))
        used[recruiter if recruiter >= 0 else 0] += recruiter >= 0
    given = {f"coupon_given_{place + 1}": [str(number) for number in numbers[:, place]] for place in range(coupons)}
    return pd.DataFrame(
        {
            "person_id": ids,
            "recruiter_id": [None if row < 0 else ids[row] for row in above],
            "coupon_received": received,
            **given,
            "network_size": reported.astype(int),
            "interview_day": np.sort(rng.integers(1, 91, size)),
            "outcome": cases.astype(int),
            "region": np.where(rng.random(size) < 0.5, "North", "South"),
        }
    )
