"""The case lists of the synthetic country: who of its people in forced labour is known to whom.

Five bodies keep lists on the same persons that the survey speaks of, so the number on no list is known. Two pairs
of lists depend on each other: international migrants reach both the NGO and the hotline more often (a covariate),
and the police pass on a part of their cases to the NGO (a referral). The other pairs are independent.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fl_estimate.datasets.geography import DISTRICTS, REGIONS, region_of
from fl_estimate.datasets.population import INTERNATIONAL, Population

LISTS: tuple[str, ...] = ("police", "labour_inspectorate", "ngo", "hospital", "hotline")
DEPENDENT_PAIRS: tuple[tuple[str, str], ...] = (("police", "ngo"), ("ngo", "hotline"))
"""Pairs of lists that are not independent; a model with these two terms is close to the way the lists were made."""

_CHANCE: dict[str, float] = {
    "police": 0.055,
    "labour_inspectorate": 0.070,
    "ngo": 0.040,
    "hospital": 0.045,
    "hotline": 0.035,
}
_MIGRANT_ODDS: dict[str, float] = {"ngo": 6.0, "hotline": 6.0}
"""Odds ratio of being on a list for international migrants."""
REFERRED = 0.35
"""Share of the cases known to the police that they pass on to the NGO."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CaseLists:
    """The lists of one year.

    Attributes
    ----------
    records : pandas.DataFrame
        One row a person on any list: a made-up `id`, a 0/1 column a list, and what the lists note of the person.
    counts : pandas.DataFrame
        Persons by capture history: a 0/1 column a list and `count`, 31 rows.
    population_size : int
        Adults in forced labour in the country, on a list or not.
    """

    records: pd.DataFrame
    counts: pd.DataFrame
    population_size: int

    @property
    def listed(self) -> int:
        """Persons on at least one list."""
        return len(self.records)

    @property
    def dark_figure(self) -> int:
        """Persons in forced labour on no list."""
        return self.population_size - self.listed


def make_case_lists(population: Population, seed: int) -> CaseLists:
    """Draw who is on which list.

    Parameters
    ----------
    population : Population
    seed : int
        Seed of the lists; the persons come from the population.
    """
    rng = np.random.default_rng(seed)
    person = np.flatnonzero(population.forced_labour)
    migrant = population.people.migrant[person] == INTERNATIONAL
    known: dict[str, NDArray[np.bool_]] = {}
    for name in LISTS:
        odds = _CHANCE[name] / (1 - _CHANCE[name]) * np.where(migrant, _MIGRANT_ODDS.get(name, 1.0), 1.0)
        known[name] = rng.random(len(person)) < odds / (1 + odds)
    known["ngo"] |= known["police"] & (rng.random(len(person)) < REFERRED)
    listed = np.any([known[name] for name in LISTS], axis=0)
    records = _records(population, person[listed], {name: known[name][listed] for name in LISTS}, seed)
    return CaseLists(records=records, counts=_counts(records), population_size=len(person))


def _records(
    population: Population, person: NDArray[np.integer[Any]], known: dict[str, NDArray[np.bool_]], seed: int
) -> pd.DataFrame:
    people, district = population.people, population.district[person]
    frame = pd.DataFrame(
        {"id": [hashlib.sha256(f"{seed}:{number}".encode()).hexdigest()[:12] for number in person]}
        | {name: known[name].astype(np.int8) for name in LISTS}
        | {
            "sex": people.sex[person],
            "age": people.age[person],
            "migrant": (people.migrant[person] == INTERNATIONAL).astype(np.int8),
            "region": np.array(REGIONS)[region_of(district)],
            "district": np.array(DISTRICTS)[district],
        }
    )
    return frame.sort_values("id", ignore_index=True)


def _counts(records: pd.DataFrame) -> pd.DataFrame:
    """Count every capture history but the empty one, also those that nobody has."""
    histories = [history for history in product((1, 0), repeat=len(LISTS)) if any(history)]
    seen = records.groupby(list(LISTS)).size()
    counts = [int(seen.get(history, 0)) for history in histories]
    return pd.DataFrame(histories, columns=list(LISTS)).assign(count=counts)
