"""The people of the synthetic country: enumeration areas, households, persons and their work. Nothing is sampled here.

All arrays are in census order: enumeration areas by stratum and district, households by area, persons by household
with adults first. Only `Generator.random` and `Generator.standard_normal` are drawn from, the two streams that
numpy has kept unchanged longest, so that a seed gives the same country everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fl_estimate.arrays import Bools, Floats
from fl_estimate.datasets.answers import NOT_IN_FORCED_LABOUR, forced_by_items_or_state, true_answers
from fl_estimate.datasets.geography import Geography, make_geography, region_of
from fl_estimate.datasets.persons import Jobs, SyntheticPersons
from fl_estimate.datasets.work_dates import Dates, in_period, make_dates, on_last_day

Ints = NDArray[np.integer[Any]]

SEED = 20_181_019
"""The seed of the country in data/sample: the date of the 20th ICLS Guidelines."""
ENUMERATION_AREAS = 5_000
PREVALENCE = 0.0065
"""Expected share of adults in forced labour; the share that came about is in the truth of a population."""
AREA_SD = 0.6
"""Standard deviation of what an enumeration area adds to the log odds of forced labour."""

MALE, FEMALE = 1, 2
NATIVE, INTERNAL, INTERNATIONAL, RETURNED = 1, 2, 3, 4
BRANCHES: tuple[str, ...] = ("A", "B", "C", "F", "G", "H", "I", "P", "T")
"""ISIC Rev.4 sections."""
STATUSES: tuple[int, ...] = (12, 22, 30, 41, 42, 43, 51)
"""ICSE-18-A categories."""

_BRANCH_SHARES = {
    (MALE, False): (0.50, 0.06, 0.08, 0.13, 0.10, 0.06, 0.02, 0.04, 0.01),
    (FEMALE, False): (0.52, 0.01, 0.07, 0.01, 0.18, 0.01, 0.07, 0.06, 0.07),
    (MALE, True): (0.06, 0.02, 0.18, 0.22, 0.24, 0.14, 0.06, 0.07, 0.01),
    (FEMALE, True): (0.05, 0.00, 0.14, 0.02, 0.33, 0.02, 0.15, 0.14, 0.15),
}
_STATUS_SHARES = (0.03, 0.33, 0.05, 0.24, 0.09, 0.14, 0.12)
_BRANCH_EFFECT = (0.30, 0.50, 0.10, 0.50, -0.20, 0.00, 0.10, -0.60, 0.90)
_STATUS_EFFECT = (-2.0, -1.2, 0.2, 0.0, 0.3, 0.6, -0.8)
_MIGRANT_EFFECT = (0.0, 0.3, 1.1, 0.4)
_MALE_EFFECT = 0.30


@dataclass(frozen=True, kw_only=True, eq=False)
class Areas:
    """Enumeration areas. Area `i` has the households `first_household[i]` to `first_household[i + 1]`."""

    stratum: Ints
    district: Ints
    urban: Bools
    first_household: Ints
    census_households: Floats
    response: Floats


@dataclass(frozen=True, kw_only=True, eq=False)
class Households:
    """Households. Household `i` has the persons `first_person[i]` to `first_person[i + 1]`, adults first."""

    area: Ints
    first_person: Ints
    adults: Ints


@dataclass(frozen=True, kw_only=True, eq=False)
class Population:
    """The synthetic country as it is: everybody in it, and what is true of them."""

    seed: int
    geography: Geography
    areas: Areas
    households: Households
    people: SyntheticPersons
    jobs: Jobs
    dates: Dates

    @property
    def district(self) -> Ints:
        """District of every person, by number."""
        return self.areas.district[self.households.area[self.people.household]]

    @property
    def adult(self) -> Bools:
        return self.people.age >= 18

    @property
    def forced_labour(self) -> Bools:
        """Who was in forced labour as an adult at any time in the period, under icls2018_adult with every answer known."""
        return self._of_persons(in_period(self.dates, self.jobs))

    @property
    def forced_labour_stock(self) -> Bools:
        """Who was in forced labour on the last day of the period."""
        return self._of_persons(on_last_day(self.dates))

    def _of_persons(self, counted: Bools) -> Bools:
        forced = np.zeros(len(self.people.age), dtype=np.bool_)
        forced[self.jobs.person[(self.jobs.route != NOT_IN_FORCED_LABOUR) & counted]] = True
        return forced

    def __repr__(self) -> str:
        return (
            f"Population(seed={self.seed}: {len(self.people.age):,} persons, {len(self.households.area):,} households, "
            f"{len(self.areas.stratum):,} enumeration areas)"
        )


def make_population(
    seed: int = SEED, *, enumeration_areas: int = ENUMERATION_AREAS, prevalence: float = PREVALENCE
) -> Population:
    """Make the synthetic country: about 1.4 million persons, in two seconds.

    Parameters
    ----------
    seed : int
        The same seed gives the same country.
    enumeration_areas : int, default 5,000
        Number of enumeration areas, of 75 households on average; fewer make a smaller country for tests.
    prevalence : float
        Expected share of adults in forced labour; the same people otherwise, so that rounds of one country can be made.

    Returns
    -------
    Population

    Notes
    -----
    Adults who worked are in forced labour independently with log odds
    ``a + effect(district) + 0.6 z(area) + 0.30 male + migrant + branch + status - 0.01 (age - 35) - 0.08 education``,
    where z is standard normal and a is set so that the expected share among adults is `prevalence`. Of these spells one in
    seventeen had ended before the period (`work_dates`), so that the flow of the period is a little lower.
    """
    # the fifth stream came last, so that the others give what they always gave
    streams = np.random.SeedSequence(seed).spawn(5)
    land, census, work, told, when = (np.random.default_rng(child) for child in streams)
    geography = make_geography(land)
    areas = _areas(geography, enumeration_areas, land)
    households = _households(areas, census)
    people = _people(geography, areas, households, census)
    jobs = _jobs(
        geography, areas.urban, areas.district, households.area[people.household], people, work, told, prevalence
    )
    dates, started = make_dates(people, jobs, when)
    return Population(
        seed=seed,
        geography=geography,
        areas=areas,
        households=households,
        people=people,
        jobs=replace(jobs, started=started),
        dates=dates,
    )


def pick(rng: np.random.Generator, shares: NDArray[np.float64] | tuple[float, ...], size: int) -> NDArray[np.int64]:
    """Draw category numbers with the given shares, by the inverse of their distribution."""
    edges = np.cumsum(shares)
    return np.searchsorted(edges[:-1] / edges[-1], rng.random(size), side="right")


def _areas(geography: Geography, count: int, rng: np.random.Generator) -> Areas:
    """Lay out enumeration areas by stratum (region x urban) and, within it, by district."""
    urban_part = np.stack([geography.urban_share, 1 - geography.urban_share], axis=1)
    cells = np.maximum(4, np.round(count * geography.share[:, None] * urban_part)).astype(np.int64)
    district = np.repeat(np.arange(len(cells)), cells.sum(axis=1))
    urban = np.concatenate([np.repeat([True, False], pair) for pair in cells])
    stratum = 2 * region_of(district) + np.where(urban, 0, 1)
    order = np.lexsort((district, stratum))
    households = np.clip(np.round(75 * np.exp(0.28 * rng.standard_normal(len(order)) - 0.04)), 40, 160)
    census = np.maximum(30, np.round(households * np.exp(0.10 * rng.standard_normal(len(order)))))
    response = 0.93 - 0.06 * urban[order] - 0.08 * rng.random(len(order))
    return Areas(
        stratum=stratum[order],
        district=district[order],
        urban=urban[order],
        first_household=np.concatenate([[0], np.cumsum(households)]).astype(np.int64),
        census_households=census,
        response=response,
    )


def _households(areas: Areas, rng: np.random.Generator) -> Households:
    area = np.repeat(np.arange(len(areas.stratum)), np.diff(areas.first_household))
    adults = 1 + pick(rng, (0.18, 0.47, 0.19, 0.11, 0.05), len(area))
    few = pick(rng, (0.38, 0.25, 0.20, 0.11, 0.06), len(area))
    more = few + pick(rng, (0.62, 0.26, 0.12), len(area))
    children = np.where(areas.urban[area], few, more)
    first = np.concatenate([[0], np.cumsum(adults + children)]).astype(np.int64)
    return Households(area=area, first_person=first, adults=adults)


def _people(geography: Geography, areas: Areas, households: Households, rng: np.random.Generator) -> SyntheticPersons:
    """Draw the persons, and who of the adults worked in the reference period."""
    household = np.repeat(np.arange(len(households.area)), np.diff(households.first_person))
    line = np.arange(len(household)) - households.first_person[household]
    adult = line < households.adults[household]
    age, sex = _ages_and_sexes(household, line, adult, households, rng)
    area = households.area[household]
    education = _education(age, areas.urban[area], rng)
    migrant = _migrants(geography.migrant_share[areas.district[area]], household, adult, rng)
    odds = np.where(sex == MALE, 1.7, 0.7) - 0.08 * np.maximum(0, age - 58)
    worked = adult & (rng.random(len(age)) < 1 / (1 + np.exp(-odds)))
    job = np.where(worked, np.cumsum(worked) - 1, -1)
    return SyntheticPersons(household=household, age=age, sex=sex, education=education, migrant=migrant, job=job)


def _ages_and_sexes(
    household: Ints, line: Ints, adult: Bools, households: Households, rng: np.random.Generator
) -> tuple[NDArray[np.int16], NDArray[np.int8]]:
    """Give every household a head of 24 or over, a partner near in age, younger or old other adults, and children."""
    size = len(household)
    head_age = np.floor(24 + 52 * rng.random(len(households.area)) ** 1.4)
    head_male = rng.random(len(households.area)) < 0.7
    chance = rng.random(size)
    partner = np.clip(head_age[household] + 5 * rng.standard_normal(size), 18, 90)
    other = np.where(rng.random(size) < 0.75, 18 + 20 * chance**1.4, 55 + 32 * chance)
    age = np.where(adult, np.where(line == 0, head_age[household], np.where(line == 1, partner, other)), 18 * chance)
    opposite = rng.random(size) < 0.85
    male = rng.random(size) < 0.5
    male = np.where(line == 1, np.where(opposite & adult, ~head_male[household], male), male)
    male = np.where(line == 0, head_male[household], male)
    return np.floor(age).astype(np.int16), np.where(male, MALE, FEMALE).astype(np.int8)


def _education(age: Ints, urban: Bools, rng: np.random.Generator) -> NDArray[np.int8]:
    """Draw ISCED 2011 levels 0 to 8, lower in the country and among the old, and no higher than an age allows."""
    score = rng.standard_normal(len(age)) + np.where(urban, 0.45, -0.15) - 0.012 * (age - 40)
    level = np.searchsorted([-1.1, -0.1, 0.6, 1.2, 1.45, 1.65, 2.3, 3.0], score)
    highest = np.searchsorted([6, 12, 15, 18, 20, 21, 24, 27], age, side="right")
    return np.minimum(level, highest).astype(np.int8)


def _migrants(share: Floats, household: Ints, adult: Bools, rng: np.random.Generator) -> NDArray[np.int8]:
    """Draw migrant statuses: international migrants live together, the others are spread evenly."""
    abroad = rng.random(int(household[-1]) + 1)[household] < share
    chance = rng.random(len(household))
    from_abroad = chance < np.where(abroad, np.where(adult, 0.85, 0.45), 0.004)
    rest = pick(rng, (0.84, 0.13, 0.03), len(household))
    status = np.asarray([NATIVE, INTERNAL, RETURNED])[rest]
    return np.where(from_abroad, INTERNATIONAL, status).astype(np.int8)


def _jobs(
    geography: Geography,
    urban: Bools,
    district: Ints,
    area_of: Ints,
    people: SyntheticPersons,
    rng: np.random.Generator,
    told: np.random.Generator,
    prevalence: float,
) -> Jobs:
    """Give every adult who worked a work, decide who is in forced labour, and what each would truly answer."""
    worker = np.flatnonzero(people.job >= 0)
    area, size = area_of[worker], len(worker)
    branch = _branches(people.sex[worker], urban[area], rng)
    status = pick(rng, _STATUS_SHARES, size)
    surroundings = geography.effect[district[area]] + AREA_SD * rng.standard_normal(len(district))[area]
    odds = surroundings + _own_effects(people, worker, branch, status)
    forced = rng.random(size) < chances(odds, prevalence * np.count_nonzero(people.age >= 18))
    route = forced_by_items_or_state(forced, told)
    tenure = np.floor(-6 * np.log(1 - rng.random(size))).astype(np.int64)
    hours = np.clip(np.round(np.where(forced, 56, 41) + 12 * rng.standard_normal(size)), 2, 98)
    debt = rng.random(size) < np.where(forced, 0.45, 0.10)
    lodging = rng.random(size) < np.where(forced, 0.40, 0.07)
    answers, state = true_answers(route, debt, lodging, told)
    return Jobs(
        person=worker,
        branch=branch,
        status=status,
        started=np.maximum(18, people.age[worker] - tenure),
        hours=hours.astype(np.int64),
        debt=debt,
        lodging=lodging,
        route=route,
        answers=answers,
        state=state,
    )


def _own_effects(people: SyntheticPersons, worker: Ints, branch: Ints, status: Ints) -> Floats:
    """Log odds of forced labour that come from a person and the work, not from where they are."""
    return (
        np.where(people.sex[worker] == MALE, _MALE_EFFECT, 0.0)
        + np.asarray(_MIGRANT_EFFECT)[people.migrant[worker] - 1]
        + np.asarray(_BRANCH_EFFECT)[branch]
        + np.asarray(_STATUS_EFFECT)[status]
        - 0.01 * (people.age[worker] - 35.0)
        - 0.08 * people.education[worker]
    )


def _branches(sex: Ints, urban: Bools, rng: np.random.Generator) -> NDArray[np.int64]:
    chance = rng.random(len(sex))
    branch = np.zeros(len(sex), dtype=np.int64)
    for (which, in_town), shares in _BRANCH_SHARES.items():
        rows = (sex == which) & (urban == in_town)
        branch[rows] = np.searchsorted(np.cumsum(shares)[:-1], chance[rows], side="right")
    return branch


def chances(fixed: Floats, expected: float) -> Floats:
    """Add the intercept to log odds that makes their chances sum to `expected`, by Newton's method."""
    intercept = float(np.log(expected / np.exp(fixed).sum()))
    for _ in range(20):
        chance = 1 / (1 + np.exp(-(fixed + intercept)))
        intercept += (expected - chance.sum()) / (chance * (1 - chance)).sum()
    return 1 / (1 + np.exp(-(fixed + intercept)))
