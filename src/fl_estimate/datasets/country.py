"""The synthetic country: a population whose number in forced labour is known, and surveys of it.

`make_population` makes the country, `truth` counts it, `draw` samples it fast for replications, `survey` gives a
survey with every answer, `case_lists.make_case_lists` the lists kept on the same persons.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fl_estimate.datasets.answers import Heard, classify_codes, hear
from fl_estimate.datasets.geography import DISTRICTS, REGIONS, region_of
from fl_estimate.datasets.population import (
    INTERNATIONAL,
    SEED,
    Population,
    make_population,
)
from fl_estimate.datasets.sampling import Sample, draw_sample

__all__ = ["SEED", "Population", "Survey", "draw", "make_population", "survey", "truth"]

DRAW_COLUMNS: tuple[str, ...] = (
    *("stratum", "psu", "weight", "region", "district", "sex", "migrant", "forced_labour_true"),
    *("forced_labour", "forced_labour_possible", "forced_labour_in_scope"),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Survey:
    """One survey of the country, in codes: whom it reached and what it heard. `office_files` writes it down.

    `working` are the rows of `sample.respondent` who worked; `heard` has one row for each of them.
    """

    population: Population
    sample: Sample
    working: NDArray[np.int64]
    heard: Heard


def survey(population: Population, seed: int) -> Survey:
    """Survey the country once: the same sample and answers as `draw` with this seed.

    Parameters
    ----------
    population : Population
    seed : int
        Seed of the sample, of who responds, and of which answers are not given.
    """
    chosen, told = (np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(2))
    sample = draw_sample(population, chosen)
    job = population.people.job[sample.respondent]
    working = np.flatnonzero(job >= 0)
    jobs = job[working]
    heard = hear(
        population.jobs.answers[jobs],
        population.jobs.state[jobs],
        debt=population.jobs.debt[jobs],
        lodging=population.jobs.lodging[jobs],
        forced=population.jobs.route[jobs] > 0,
        proxy=sample.proxy[working] >= 0,
        rng=told,
    )
    return Survey(population=population, sample=sample, working=working, heard=heard)


def draw(population: Population, seed: int) -> pd.DataFrame:
    """Draw a replicated sample as the columns an estimator needs: one row a respondent to the module.

    For coverage studies: about 50 milliseconds a sample. The classes are those that `fl.classify` gives to the
    answers of ``survey(population, seed)``, worked out in codes.

    Parameters
    ----------
    population : Population
    seed : int

    Returns
    -------
    pandas.DataFrame
        `stratum` and `psu` (numbers, psu unique over strata), `weight`, `region`, `district`, `sex`
        (1 male, 2 female), `migrant` (1: came from abroad), `forced_labour_true` (every answer known),
        `forced_labour`, `forced_labour_possible`, `forced_labour_in_scope` (1: adults who completed the module).
    """
    drawn = survey(population, seed)
    person, size = drawn.sample.respondent, len(drawn.sample.respondent)
    area = population.households.area[population.people.household[person]]
    district = population.areas.district[area]
    surely, possibly = np.zeros(size, dtype=np.int8), np.zeros(size, dtype=np.int8)
    surely[drawn.working], possibly[drawn.working] = classify_codes(drawn.heard)
    values = (
        population.areas.stratum[area] + 1,
        area + 1,
        drawn.sample.weight,
        np.array(REGIONS)[region_of(district)],
        np.array(DISTRICTS)[district],
        population.people.sex[person],
        (population.people.migrant[person] == INTERNATIONAL).astype(np.int8),
        _truly_forced(population, person),
        surely,
        possibly,
        np.ones(size, dtype=np.int8),
    )
    return pd.DataFrame(dict(zip(DRAW_COLUMNS, values, strict=True)))


def _truly_forced(population: Population, person: NDArray[np.integer[Any]]) -> NDArray[np.int8]:
    job = population.people.job[person]
    return np.where(job >= 0, population.jobs.route[job] > 0, False).astype(np.int8)


def truth(population: Population) -> dict[str, Any]:
    """Count the adults of the country and those in forced labour, under icls2018_adult with every answer known.

    Returns
    -------
    dict
        ``national`` with `adults`, `forced_labour`, `prevalence`; ``region``, ``district``, ``sex`` ("1" male, "2"
        female) and ``migrant`` ("1": came from abroad) the same for each of their values.
    """
    adult = population.adult
    district = population.district[adult]
    forced = population.forced_labour[adult]
    people = population.people
    groups = {
        "region": np.array(REGIONS)[region_of(district)],
        "district": np.array(DISTRICTS)[district],
        "sex": people.sex[adult],
        "migrant": (people.migrant[adult] == INTERNATIONAL).astype(np.int8),
    }
    counted: dict[str, Any] = {"national": _count(forced)}
    for name, values in groups.items():
        every = list(REGIONS if name == "region" else DISTRICTS if name == "district" else np.unique(values))
        counted[name] = {str(value): _count(forced[values == value]) for value in every}
    return counted


def _count(forced: NDArray[np.bool_]) -> dict[str, Any]:
    cases = int(forced.sum())
    return {"adults": len(forced), "forced_labour": cases, "prevalence": cases / len(forced)}
