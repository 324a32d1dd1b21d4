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

from fl_estimate.datasets.answers import PUBLISHED, Heard, Silence, classify_codes, hear
from fl_estimate.datasets.geography import DISTRICTS, REGIONS, region_of
from fl_estimate.datasets.population import (
    INTERNATIONAL,
    SEED,
    Population,
    make_population,
)
from fl_estimate.datasets.sampling import DrawnSample, draw_sample
from fl_estimate.datasets.work_dates import HeardDates, hear_dates, in_period, months, read_dates

__all__ = ["SEED", "Population", "Survey", "draw", "make_population", "survey", "truth"]

DRAW_COLUMNS: tuple[str, ...] = (
    *("stratum", "psu", "weight", "region", "district", "sex", "migrant", "forced_labour_true"),
    *("forced_labour", "forced_labour_possible", "forced_labour_in_scope", "forced_labour_stock_true"),
    *("forced_labour_stock", "forced_labour_stock_possible", "forced_labour_stock_in_scope"),
    *("forced_labour_undated", "forced_labour_months_true"),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Survey:
    """One survey of the country, in codes: whom it reached and what it heard. `office_files` writes it down.

    `working` are the rows of `sample.respondent` who worked; `heard` has one row for each of them. `dates` are those told.
    """

    population: Population
    sample: DrawnSample
    working: NDArray[np.int64]
    heard: Heard
    dates: HeardDates


def survey(population: Population, seed: int, silence: Silence = PUBLISHED) -> Survey:
    """Survey the country once: the same sample and answers as `draw` with this seed.

    Parameters
    ----------
    population : Population
    seed : int
        Seed of the sample, of who responds, and of which answers are not given.
    silence : Silence
        Which answers are not given: by default those of the published sample.
    """
    chosen, told, when = (np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(3))
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
        silence=silence,
    )
    dates = hear_dates(population.dates, sample.respondent, jobs, when)
    return Survey(population=population, sample=sample, working=working, heard=heard, dates=dates)


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
        `forced_labour`, `forced_labour_possible`, `forced_labour_in_scope` (1: adults who completed the module); the same
        of `forced_labour_stock`; `forced_labour_undated` (the answers alone, whenever the work was) and
        `forced_labour_months_true`.
    """
    drawn = survey(population, seed)
    person, size = drawn.sample.respondent, len(drawn.sample.respondent)
    area = population.households.area[population.people.household[person]]
    district = population.areas.district[area]
    told = classify_codes(drawn.heard)
    classes = {"undated": told}
    for name, when in read_dates(drawn.dates, drawn.working).items():
        classes[name] = told[0] & when[0], told[1] & when[1]

    def of_respondents(name: str) -> list[NDArray[np.int8]]:
        sides = [np.zeros(size, dtype=np.int8) for _ in range(2)]
        for side, found in zip(sides, classes[name], strict=True):
            side[drawn.working] = found
        return sides

    jobs, dates = population.jobs, population.dates
    in_all = np.zeros(len(population.people.age))
    in_all[jobs.person] = np.where(jobs.route > 0, months(dates, jobs), 0.0)
    one = np.ones(size, dtype=np.int8)
    values = (
        population.areas.stratum[area] + 1,
        area + 1,
        drawn.sample.weight,
        np.array(REGIONS)[region_of(district)],
        np.array(DISTRICTS)[district],
        population.people.sex[person],
        (population.people.migrant[person] == INTERNATIONAL).astype(np.int8),
        population.forced_labour[person].astype(np.int8),
        *of_respondents("flow"),
        one,
        population.forced_labour_stock[person].astype(np.int8),
        *of_respondents("stock"),
        one,
        of_respondents("undated")[0],
        in_all[person],
    )
    return pd.DataFrame(dict(zip(DRAW_COLUMNS, values, strict=True)))


def truth(population: Population) -> dict[str, Any]:
    """Count the adults of the country and those in forced labour, under icls2018_adult with every answer known.

    Returns
    -------
    dict
        ``national`` with `adults`, `forced_labour` (at any time in the period), `prevalence`, `forced_labour_stock` (on its
        last day), `forced_labour_months` (person-months) and `entered_as_child` (those of the period who began before 18); ``region``, ``district``, ``sex`` ("1" male, "2"
        female) and ``migrant`` ("1": came from abroad) the same for each of their values.
    """
    adult = population.adult
    district = population.district[adult]
    people, jobs, dates = population.people, population.jobs, population.dates
    spell = jobs.route > 0
    facts = {
        "forced_labour": population.forced_labour[adult].astype(float),
        "forced_labour_stock": population.forced_labour_stock[adult].astype(float),
    }
    for name, of_job in {
        "forced_labour_months": np.where(spell, months(dates, jobs), 0.0),
        "entered_as_child": spell & in_period(dates, jobs) & (jobs.started < 18),
    }.items():
        of_person = np.zeros(len(people.age))
        of_person[jobs.person] = of_job
        facts[name] = of_person[adult]
    groups = {
        "region": np.array(REGIONS)[region_of(district)],
        "district": np.array(DISTRICTS)[district],
        "sex": people.sex[adult],
        "migrant": (people.migrant[adult] == INTERNATIONAL).astype(np.int8),
    }
    counted: dict[str, Any] = {"national": _count(facts, np.ones(len(district), dtype=np.bool_))}
    for name, values in groups.items():
        every = list(REGIONS if name == "region" else DISTRICTS if name == "district" else np.unique(values))
        counted[name] = {str(value): _count(facts, values == value) for value in every}
    return counted


def _count(facts: dict[str, NDArray[np.float64]], group: NDArray[np.bool_]) -> dict[str, Any]:
    sums = {name: float(values[group].sum()) for name, values in facts.items()}
    whole = {name: round(total, 1) if name.endswith("_months") else int(total) for name, total in sums.items()}
    adults, cases = int(group.sum()), whole.pop("forced_labour")
    return {"adults": adults, "forced_labour": cases, "prevalence": cases / adults, **whole}
