"""The returned migrants of the synthetic country: where each had been, who recruited them, what it cost, what was done to them.

Every adult of the country who came back from abroad has one or two episodes of work there. Destinations are codes that
ISO 3166 leaves to its users; the currency at home is the code that ISO 4217 keeps for tests. No country is meant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fl_estimate.arrays import Bools, Floats
from fl_estimate.datasets.answers import BY_ITEMS, NOT_IN_FORCED_LABOUR, true_answers
from fl_estimate.datasets.population import MALE, RETURNED, Population, chances, pick

Ints = NDArray[np.integer[Any]]

MIGRANTS_SEED = 10_7_1
"""Seed of the episodes: the number of the indicator."""
HOME, HOME_CURRENCY = "XX", "XTS"
DESTINATIONS: tuple[str, ...] = ("XA", "XB", "XC", "XD", "XE")
CURRENCIES: tuple[str, ...] = (HOME_CURRENCY, "USD", "EUR")
SECTORS: tuple[str, ...] = ("A", "C", "F", "I", "T")
RECRUITERS: tuple[str, ...] = (
    *("agency_licensed", "agency_unlicensed", "subagent", "employer", "relative_friend", "none"),
)
COSTS: tuple[str, ...] = (
    *("agency_fee", "visa", "passport", "medical", "transport_international", "deposit_bond", "loan_interest"),
)
LAST_YEAR = 2022
"""Year of the last departures; who left then was back when the survey came, in the autumn of the next year."""
RATES: dict[str, dict[int, float]] = {
    "USD": dict(
        zip(range(2013, 2024), (36.0, 36.8, 38.1, 39.0, 39.4, 40.2, 41.0, 42.5, 42.9, 44.0, 45.1), strict=True)
    ),
    "EUR": dict(
        zip(range(2013, 2024), (47.8, 48.0, 42.5, 43.1, 44.6, 47.0, 46.1, 48.3, 50.2, 46.4, 48.9), strict=True)
    ),
}
"""Made up: units of the currency at home for one of the other, by year."""

PREVALENCE = 0.11
"""Expected share of episodes in forced labour."""
OVER = 3
"""Months of earnings above which the recruitment cost is counted as high: a line that this country drew for itself."""
_DESTINATION_SHARES = ((0.30, 0.22, 0.20, 0.16, 0.12), (0.12, 0.34, 0.14, 0.30, 0.10))
_SECTOR_SHARES = (
    ((0.15, 0.20, 0.50, 0.14, 0.01), (0.30, 0.25, 0.32, 0.11, 0.02), (0.10, 0.55, 0.20, 0.14, 0.01),
     (0.20, 0.20, 0.40, 0.16, 0.04), (0.40, 0.25, 0.20, 0.14, 0.01)),
    ((0.08, 0.12, 0.01, 0.16, 0.63), (0.15, 0.20, 0.01, 0.22, 0.42), (0.06, 0.56, 0.01, 0.22, 0.15),
     (0.05, 0.12, 0.01, 0.17, 0.65), (0.32, 0.28, 0.01, 0.24, 0.15)),
)  # fmt: skip
"""By sex (men first) and destination."""
_RECRUITER_SHARES = (0.30, 0.16, 0.22, 0.08, 0.18, 0.06)
_DESTINATION_EFFECT = (0.30, 0.00, -0.50, 0.60, -0.20)
_SECTOR_EFFECT = (0.30, -0.20, 0.20, -0.10, 0.70)
_RECRUITER_EFFECT = (-0.30, 0.50, 0.60, -0.20, -0.40, 0.00)
_AREA_SD = 0.5
_EARNINGS = (420.0, 350.0, 640.0, 390.0, 900.0)
"""Median of the first month's earnings by destination, in its currency."""
_PAID_IN = (1, 1, 2, 1, 2)
"""Currency of the earnings by destination: US dollar or euro."""
_FEE = (420.0, 720.0, 640.0, 90.0, 60.0, 0.0)
"""Median fee by recruiter, in US dollars."""
_LINES: dict[str, tuple[float, float, int]] = {
    "agency_fee": (0.92, 0.0, 1),
    "visa": (0.85, 95.0, 1),
    "passport": (0.70, 1400.0, 0),
    "medical": (0.75, 2100.0, 0),
    "transport_international": (0.95, 12_500.0, 0),
    "deposit_bond": (0.12, 260.0, 1),
    "loan_interest": (1.0, 6_500.0, 0),
}
"""Of each cost line the share of episodes that have it, its median, and the currency it is paid in."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Migrants:
    """The returned migrants, one row a person, and their episodes in order of time, one row each.

    Attributes
    ----------
    person : array
        Numbers of the persons in the population.
    employee : array of bool
        Who went abroad to work for an employer: the population of SDG 10.7.1.
    owner, last : array
        Of each episode the row of its person, and whether it is the most recent one.
    cost, cost_currency, by_worker : array, shape (episodes, cost lines) or (cost lines,)
        Amounts as told (0: no such line), currencies by number, and whether the worker paid.
    earnings, earnings_currency : array
        First month's earnings.
    share : array
        Recruitment cost in months of earnings, all converted at the rates of their years.
    forced : array of bool
        In forced labour under icls2018_adult when every answer is known.
    """

    person: Ints
    employee: Bools
    owner: Ints
    last: Bools
    destination: Ints
    sector: Ints
    recruiter: Ints
    year: Ints
    month: Ints
    months: Ints
    age: Ints
    paid_year: Ints
    cost: Floats
    cost_currency: Ints
    by_worker: Bools
    earnings: Floats
    earnings_currency: Ints
    debt: Bools
    lodging: Bools
    forced: Bools
    answers: NDArray[np.int8]

    @property
    def share(self) -> Floats:
        paid = np.where(self.by_worker, self.cost, 0.0)[:, : len(COSTS) - 1]
        rate = np.array([[RATES[c][y] if c in RATES else 1.0 for c in CURRENCIES] for y in range(2013, 2024)])
        at = rate[self.paid_year - 2013]
        spent = (paid * at[:, self.cost_currency[: len(COSTS) - 1]]).sum(axis=1)
        return spent / (self.earnings * rate[self.year - 2013, self.earnings_currency])


def make_migrants(population: Population, seed: int = MIGRANTS_SEED) -> Migrants:
    """Give every returned migrant of the country their episodes abroad.

    Parameters
    ----------
    population : Population
    seed : int

    Returns
    -------
    Migrants

    Notes
    -----
    Episodes are in forced labour independently with log odds ``a + destination + sector + recruiter + 0.5 z(area) + 0.4
    log(cost in months of earnings / 3)``, where z is standard normal and a is set so that the expected share is
    `PREVALENCE`.
    """
    rng = np.random.default_rng(seed)
    people = population.people
    person = np.flatnonzero((people.migrant == RETURNED) & (people.age >= 20))
    twice = (rng.random(len(person)) < 0.28) & (people.age[person] >= 26)
    owner = np.repeat(np.arange(len(person)), 1 + twice)
    last = np.append(owner[1:] != owner[:-1], True)
    female = people.sex[person][owner] != MALE
    destination = _by_group(female, _DESTINATION_SHARES, rng)
    sector = _by_group(female * len(DESTINATIONS) + destination, [row for rows in _SECTOR_SHARES for row in rows], rng)
    recruiter = pick(rng, _RECRUITER_SHARES, len(owner))
    back = np.where(last, 0, 4) + np.floor(3 * rng.random(len(owner))).astype(np.int64)
    age_now = people.age[person][owner]
    back = np.minimum(back, np.maximum(age_now - 19, 0))
    year = LAST_YEAR - back
    month = 1 + np.floor(12 * rng.random(len(owner))).astype(np.int64)
    months = 4 + np.floor(7 * rng.random(len(owner))).astype(np.int64)
    money = _money(destination, recruiter, year, month, rng)
    debt = rng.random(len(owner)) < np.where(money["cost"][:, 0] > 300, 0.55, 0.2)
    money["cost"][~debt, len(COSTS) - 1] = 0.0
    made = Migrants(
        person=person,
        employee=rng.random(len(person)) >= 0.08,
        owner=owner,
        last=last,
        destination=destination,
        sector=sector,
        recruiter=recruiter,
        year=year,
        month=month,
        months=months,
        age=np.maximum(18, age_now - back - 1),
        **money,
        debt=debt,
        lodging=rng.random(len(owner)) < np.where(sector == SECTORS.index("T"), 0.85, 0.45),
        forced=np.zeros(len(owner), dtype=np.bool_),
        answers=np.zeros((0, 0), dtype=np.int8),
    )
    return _with_truth(population, made, rng)


def _with_truth(population: Population, made: Migrants, rng: np.random.Generator) -> Migrants:
    """Decide which episodes are in forced labour, and what each would truly answer."""
    area = population.households.area[population.people.household[made.person]][made.owner]
    odds = (
        np.asarray(_DESTINATION_EFFECT)[made.destination]
        + np.asarray(_SECTOR_EFFECT)[made.sector]
        + np.asarray(_RECRUITER_EFFECT)[made.recruiter]
        + _AREA_SD * rng.standard_normal(len(population.areas.stratum))[area]
        + 0.4 * np.log(np.maximum(made.share, 0.05) / 3)
    )
    forced = rng.random(len(odds)) < chances(odds, PREVALENCE * len(odds))
    route = np.where(forced, BY_ITEMS, NOT_IN_FORCED_LABOUR).astype(np.int8)
    answers, _ = true_answers(route, made.debt, made.lodging, rng)
    return Migrants(**{**vars(made), "forced": forced, "answers": answers})


def _by_group(group: Ints, shares: Any, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw category numbers with the shares of each row's group."""
    edges = np.cumsum(np.asarray(shares), axis=1)
    return (rng.random(len(group))[:, None] > edges[group.astype(np.int64), :-1]).sum(axis=1)


def _money(destination: Ints, recruiter: Ints, year: Ints, month: Ints, rng: np.random.Generator) -> dict[str, Any]:
    """Draw earnings and cost lines, in whole units of their currencies; paid a month before leaving."""
    size = len(destination)
    spread = np.exp(0.35 * rng.standard_normal((size, len(COSTS))))
    median = np.array([_LINES[name][1] for name in COSTS])
    amount = np.broadcast_to(median, (size, len(COSTS))).copy()
    amount[:, 0] = np.asarray(_FEE)[recruiter]
    there = rng.random((size, len(COSTS))) < np.array([_LINES[name][0] for name in COSTS])
    cost = np.where(there, np.round(amount * spread), 0.0)
    employer_pays = (
        rng.random((size, len(COSTS))) < np.where(recruiter == RECRUITERS.index("employer"), 0.7, 0.12)[:, None]
    )
    employer_pays[:, len(COSTS) - 1] = False
    earnings = np.round(np.asarray(_EARNINGS)[destination] * np.exp(0.3 * rng.standard_normal(size)))
    return {
        "paid_year": np.where(month == 1, year - 1, year),
        "cost": cost,
        "cost_currency": np.array([_LINES[name][2] for name in COSTS]),
        "by_worker": ~employer_pays,
        "earnings": earnings,
        "earnings_currency": np.asarray(_PAID_IN)[destination],
    }


def migrants_truth(migrants: Migrants) -> dict[str, Any]:
    """Count the returned migrants by what their most recent episode was, with their mean recruitment cost.

    Returns
    -------
    dict
        ``national``, and ``destination``, ``isic4`` (sector) and ``recruiter`` with the same for each value: `adults`
        (returned migrants), `forced_labour` (most recent episode), and of those who went as employees their
        `recruitment_cost_share` in months of earnings: ``mean``, ``quantile`` (the median), and ``share`` of those above
        three months, `over_three_months`.
    """
    last = migrants.last
    groups = {
        "destination": (DESTINATIONS, migrants.destination),
        "isic4": (SECTORS, migrants.sector),
        "recruiter": (RECRUITERS, migrants.recruiter),
    }
    counted: dict[str, Any] = {"national": _counted(migrants, last)}
    for name, (codes, values) in groups.items():
        counted[name] = {code: _counted(migrants, last & (values == position)) for position, code in enumerate(codes)}
    return counted


def _counted(migrants: Migrants, rows: Bools) -> dict[str, Any]:
    months = migrants.share[rows & migrants.employee[migrants.owner]]
    # The least number that half of the people do not exceed, as `fl.estimate_quantile` has it.
    median = np.sort(months)[int(np.ceil(0.5 * len(months))) - 1]
    return {
        "adults": int(rows.sum()),
        "forced_labour": int(migrants.forced[rows].sum()),
        "mean": {"recruitment_cost_share": float(months.mean())},
        "quantile": {"recruitment_cost_share": {"0.5": float(median)}},
        "share": {"over_three_months": float((months > OVER).mean())},
    }
