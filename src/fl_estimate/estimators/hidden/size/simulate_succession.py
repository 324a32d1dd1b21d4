"""Samples drawn one after another by degree from a population of known size: what SS-PSE supposes, and how it fails."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, shown
from fl_estimate.estimators.hidden.size.degree_families import DegreePrior
from fl_estimate.inputs.seeds import known_seed


@dataclass(frozen=True, kw_only=True, eq=False)
class SimulatedSuccession:
    """A sample by successive sampling, and the truth of the population that it was drawn from.

    Attributes
    ----------
    people : pandas.DataFrame
        One row a respondent, in the order of the draws: ``person_id``, ``recruiter_id`` (missing of seeds), ``network_size`` (as
        reported), ``interview`` (1, 2, …) and the 0/1 ``outcome``.
    population : int
        Persons.
    prevalence : float
        Share of cases in the population.
    mean_degree : float
        Of the population.
    """

    people: pd.DataFrame
    population: int
    prevalence: float
    mean_degree: float


def simulate_successive_sampling(
    *,
    population: int = 1000,
    n: int = 400,
    mean_degree: float = 8.0,
    sd_degree: float = 3.0,
    prevalence: float = 0.2,
    activity: float = 1.0,
    degree_error: float = 0.0,
    heaping: float = 0.0,
    seeds: int = 10,
    coupons: int = 3,
    seed: int | None = None,
) -> SimulatedSuccession:
    """Draw people one after another, each in proportion to degree among those left.

    Use it to plan (how many respondents would say something of a population of that size?) and to see what errors in the degrees do.

    Parameters
    ----------
    population : int
        Persons, N.
    n : int
        Respondents.
    mean_degree, sd_degree : float
        Of the population's degrees, which have a Conway-Maxwell-Poisson distribution without 0.
    prevalence : float
        Share of cases.
    activity : float
        Factor by which the degrees of cases are multiplied (and rounded).
    degree_error : float
        SD of the log of reported over true degree.
    heaping : float
        Share of the respondents who report a multiple of 5.
    seeds, coupons : int
        Of the chains: seeds first, then the recruits of each respondent in turn, so many as there are coupons. Who recruits whom says
        nothing here.
    seed : int, optional

    Returns
    -------
    SimulatedSuccession

    Raises
    ------
    EstimateFault
        FL-EST-555: numbers that cannot be.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> drawn = fl.hidden.simulate_successive_sampling(population=800, n=300, seed=1)
    >>> len(drawn.people), drawn.population
    (300, 800)
    """
    _check(
        {"population": population, "n": n, "seeds": seeds, "coupons": coupons},
        {"mean_degree": mean_degree, "sd_degree": sd_degree, "activity": activity},
        {"prevalence": prevalence, "heaping": heaping},
        degree_error,
    )
    rng = np.random.default_rng(known_seed(seed))
    support, chances = _degree_distribution(float(mean_degree), float(sd_degree))
    degrees = rng.choice(support, size=population, p=chances)
    cases = np.zeros(population, dtype=bool)
    cases[: round(prevalence * population)] = True
    degrees = np.maximum(np.rint(np.where(cases, degrees * activity, degrees)), 1.0)
    drawn = np.argsort(rng.standard_exponential(population) / degrees)[:n]
    reported = np.maximum(np.rint(degrees[drawn] * np.exp(degree_error * rng.standard_normal(n))), 1.0)
    rounded = np.maximum(5 * np.rint(reported / 5), 5)
    reported = np.where(rng.random(n) < heaping, rounded, reported)
    ids = [f"P{number:05d}" for number in range(1, n + 1)]
    people = pd.DataFrame(
        {
            "person_id": ids,
            "recruiter_id": [None if row < seeds else ids[(row - seeds) // coupons] for row in range(n)],
            "network_size": reported.astype(int),
            "interview": np.arange(1, n + 1),
            "outcome": cases[drawn].astype(int),
        }
    )
    return SimulatedSuccession(
        people=people, population=population, prevalence=float(cases.mean()), mean_degree=float(degrees.mean())
    )


@cache
def _degree_distribution(mean: float, sd: float) -> tuple[Floats, Floats]:
    """Support and probabilities of the Conway-Maxwell-Poisson distribution with this mean and standard deviation."""
    from scipy.optimize import least_squares

    largest = int(np.ceil(mean + 12 * sd + 20))
    prior = DegreePrior(family="com-poisson", mean=mean, sd=sd, mean_weight=1, sd_weight=1, largest=largest)

    def miss(at: Any) -> Floats:
        found, spread = prior.moments(at[:1], at[1:])
        return np.array([found[0] / mean - 1, spread[0] / sd - 1])

    solved = least_squares(miss, [np.log(mean), np.log(max(mean / sd**2, 0.02))], xtol=1e-14, ftol=1e-14)
    if float(np.abs(solved.fun).max()) > 1e-3:
        raise EstimateFault(
            "FL-EST-555", "no Conway-Maxwell-Poisson distribution has this mean and standard deviation",
            found=f"mean_degree={shown(mean)}, sd_degree={shown(sd)}",
            fix="a standard deviation between a third of the root of the mean and the mean less 1",
        )  # fmt: skip
    return prior.support, np.exp(prior.log_probabilities(solved.x[:1], solved.x[1:])[0])


def _check(whole: dict[str, Any], positive: dict[str, Any], shares: dict[str, Any], error: Any) -> None:
    def number(value: Any) -> bool:
        return isinstance(value, int | float) and not isinstance(value, bool) and bool(np.isfinite(value))

    wrong = [
        f"{name}={shown(value)}"
        for name, value in whole.items()
        if not isinstance(value, int) or isinstance(value, bool) or value < 1
    ]
    wrong += [f"{name}={shown(value)}" for name, value in positive.items() if not number(value) or value <= 0]
    wrong += [f"{name}={shown(value)}" for name, value in shares.items() if not number(value) or not 0 <= value <= 1]
    if not number(error) or error < 0:
        wrong.append(f"degree_error={shown(error)}")
    if not wrong and not whole["seeds"] <= whole["n"] <= whole["population"]:
        wrong.append(f"seeds={whole['seeds']}, n={whole['n']}, population={whole['population']}")
    if wrong:
        raise EstimateFault(
            "FL-EST-555", "no sample can be drawn with these numbers", found="; ".join(wrong),
            fix="whole numbers from 1 on, shares from 0 to 1, and no more respondents than people",
        )  # fmt: skip
