"""Families across households with a known number of victims, and surveys of them: what `multiplicity` can be tried on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fl_estimate.arrays import Bools
from fl_estimate.errors import EstimateFault, not_one_of, shown
from fl_estimate.estimators.hidden.family.multiplicity_reports import COUNTINGS, HOUSEHOLDS, PERSON, Counting
from fl_estimate.inputs.sample_design import Design
from fl_estimate.inputs.seeds import known_seed
from fl_estimate.inputs.survey_data import SurveyData

if TYPE_CHECKING:
    import pandas as pd

Ints = npt.NDArray[np.int64]
HIDDEN = "forced_labour"
PARENTS_ALIVE = (0.2, 0.3, 0.5)
"""Shares of families with no, one and two parents alive."""
SIBLINGS = (0.1, 0.25, 0.3, 0.2, 0.15)
"""Shares of families with one to five adult children."""
STAYS, COUPLES, NEARBY = 0.2, 0.7, 0.6
"""Shares of adult children who live with their parents, of the others who live with a partner, and of households in the area of the family."""
STRATA = 2


@dataclass(frozen=True, kw_only=True, eq=False)
class SimulatedFamilies:
    """A survey of families, and what is true of the population that it was drawn from.

    Attributes
    ----------
    survey : SurveyData
        `people`, `relatives` and the design, as `multiplicity` takes them; the outcome is ``forced_labour``. The multiplicity of the
        counting rule is `n_eligible_reporters`; `reporting_households` and `reporting_adults` are those of both rules.
    truth : int
        Adults in forced labour, in households and away.
    covered : int
        Those of them of whom somebody in the frame could tell.
    adults : int
        All adults.
    """

    survey: SurveyData
    truth: int
    covered: int
    adults: int


def simulate_families(
    *,
    counting: Counting,
    families: int = 8_000,
    prevalence: float = 0.03,
    away: float = 0.1,
    alone: float = 0.0,
    tells: float = 1.0,
    areas: int = 400,
    areas_drawn: int = 40,
    households_an_area: int = 10,
    seed: int,
    population_seed: int = 1,
) -> SimulatedFamilies:
    """Draw a survey of families from a population whose number in forced labour is known.

    Parents and their grown children live together or apart, with partners from other families; some children are away, where
    they can only be told of. Parents, children and siblings are asked of. Areas are drawn at random in two strata, then households.

    Parameters
    ----------
    counting : {"households", "persons"}
        Who reports: all adults of a household together, with the weight of the household; or one of them, drawn at random, with a
        weight of their own. What `n_eligible_reporters` counts follows.
    families : int
    prevalence : float
        Of forced labour among adults in households; it is three times that among those away, and runs in families.
    away : float
        Share of grown children who are in no household.
    alone : float
        Share of families that are away as a whole: nobody in the frame could tell of them.
    tells : float
        Chance that a respondent tells of a relative who is in forced labour.
    areas, areas_drawn, households_an_area : int
    seed : int
        Of the sample.
    population_seed : int
        Of the population, which is the same for all samples.

    Returns
    -------
    SimulatedFamilies

    Raises
    ------
    EstimateFault
        FL-EST-513: a counting rule that is not known; FL-EST-516: shares that are none, or more areas than there are.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> drawn = fl.hidden.simulate_families(counting="households", seed=1)
    >>> estimates = fl.hidden.multiplicity(drawn.survey, "forced_labour", counting="households")
    >>> drawn.truth, bool(estimates.lower < drawn.truth < estimates.upper)
    (1181, True)
    """
    if counting not in COUNTINGS:
        raise not_one_of("FL-EST-513", "this counting rule", counting, COUNTINGS)
    _require_numbers(
        shares={"prevalence": prevalence, "away": away, "alone": alone, "tells": tells},
        numbers={"families": families, "areas": areas, "areas_drawn": areas_drawn, "households_an_area": households_an_area},
    )  # fmt: skip
    if not 2 * STRATA <= areas_drawn <= areas:
        raise EstimateFault(
            "FL-EST-516", "so many areas cannot be drawn", found=f"areas_drawn={areas_drawn} of {areas}",
            fix=f"at least {2 * STRATA}, two a stratum, and at most as many as there are",
        )  # fmt: skip
    population = _population(families, prevalence, away, alone, areas, known_seed(population_seed))
    rng = np.random.default_rng(known_seed(seed))
    homes, weight = _drawn_households(population, areas_drawn, households_an_area, rng)
    people, relatives = _interviewed(population, homes, weight, counting, tells, rng)
    name = "weight_hh" if counting == HOUSEHOLDS else "weight_person"
    design = Design(weights=name, strata="stratum", psu="psu", expands=True)
    seen = population.by_households if counting == HOUSEHOLDS else population.by_persons
    return SimulatedFamilies(
        survey=SurveyData(people=people, relatives=relatives, design=design, population="adults of made-up families"),
        truth=int(population.victim.sum()),
        covered=int((population.victim & (seen > 0)).sum()),
        adults=len(population.family),
    )


def _require_numbers(*, shares: dict[str, Any], numbers: dict[str, Any]) -> None:
    wrong = [
        f"{name}={shown(value)}"
        for name, value in shares.items()
        if not isinstance(value, int | float) or not 0 <= value <= 1
    ]
    wrong += [
        f"{name}={shown(value)}"
        for name, value in numbers.items()
        if not isinstance(value, int) or isinstance(value, bool) or value < 1
    ]
    if wrong:
        raise EstimateFault(
            "FL-EST-516", "families cannot be drawn with these numbers", found=", ".join(wrong),
            fix="shares lie between 0 and 1, and numbers of families, areas and households are whole and above 0",
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class _Families:
    """Everybody, by place; households by number, −1 for those away. Kin are pairs (who could tell, of whom, the relation)."""

    family: Ints
    parent: Bools
    household: Ints
    victim: Bools
    female: Bools
    area: Ints
    teller: Ints
    told: Ints
    relation: npt.NDArray[np.str_]
    by_households: Ints
    by_persons: Ints


@lru_cache(maxsize=4)
def _population(families: int, prevalence: float, away: float, alone: float, areas: int, seed: int) -> _Families:
    rng = np.random.default_rng(seed)
    parents = rng.choice(len(PARENTS_ALIVE), families, p=PARENTS_ALIVE)
    children = 1 + rng.choice(len(SIBLINGS), families, p=SIBLINGS)
    family = np.repeat(np.arange(families), parents + children)
    line = np.arange(len(family)) - np.repeat(np.cumsum(parents + children) - parents - children, parents + children)
    parent = line < parents[family]
    lost = (rng.random(families) < alone)[family]
    gone = lost | (~parent & (rng.random(len(family)) < away))
    household = _households(family, parent, gone, parents, rng)
    liable = rng.gamma(2.0, 0.5, families)[family] * np.where(gone, 3.0, 1.0)
    victim = rng.random(len(family)) < np.minimum(prevalence * liable, 1.0)
    homes = int(household.max()) + 1
    near = rng.integers(0, areas, families)
    area = rng.integers(0, areas, homes)
    first = np.full(homes, -1)
    first[household[household >= 0][::-1]] = family[household >= 0][::-1]
    area = np.where(rng.random(homes) < NEARBY, near[first], area)
    teller, told = _kin(family, parent, parents + children)
    relation = np.where(parent[teller], "child", np.where(parent[told], "parent", "sibling"))
    seen_by = household[teller] >= 0
    by_persons = np.bincount(told[seen_by], minlength=len(family)) + (household >= 0)
    own = np.flatnonzero(household >= 0)
    pairs = np.unique(
        np.concatenate([told[seen_by] * homes + household[teller[seen_by]], own * homes + household[own]])
    )
    by_households = np.bincount(pairs // homes, minlength=len(family))
    return _Families(
        family=family, parent=parent, household=household, victim=victim, female=rng.random(len(family)) < 0.5, area=area,
        teller=teller, told=told, relation=relation, by_households=by_households, by_persons=by_persons,
    )  # fmt: skip


def _households(family: Ints, parent: Bools, gone: Bools, parents: Ints, rng: np.random.Generator) -> Ints:
    """Parents together, some children with them; the other children alone or with a partner who has a family of their own."""
    household = np.full(len(family), -1, dtype=np.int64)
    with_parents = ~gone & (parent | ((parents[family] > 0) & (rng.random(len(family)) < STAYS)))
    _, household[with_parents] = np.unique(family[with_parents], return_inverse=True)
    apart = rng.permutation(np.flatnonzero(~gone & ~with_parents))
    half = len(apart) // 2
    one, other = apart[:half], apart[half : 2 * half]
    together = (rng.random(half) < COUPLES) & (family[one] != family[other])
    start = int(household.max(initial=-1)) + 1
    household[one] = start + np.arange(half)
    household[other[together]] = household[one[together]]
    rest = np.concatenate([other[~together], apart[2 * half :]])
    household[rest] = start + half + np.arange(len(rest))
    return household


def _kin(family: Ints, parent: Bools, size: Ints) -> tuple[Ints, Ints]:
    """Every ordered pair of a family but those of two parents and of oneself."""
    start = np.cumsum(size) - size
    one = np.repeat(np.arange(len(family)), size[family])
    step = np.arange(len(one)) - np.repeat(np.cumsum(size[family]) - size[family], size[family])
    other = start[family[one]] + step
    kept = (one != other) & ~(parent[one] & parent[other])
    return one[kept], other[kept]


def _drawn_households(
    population: _Families, areas_drawn: int, households: int, rng: np.random.Generator
) -> tuple[Ints, npt.NDArray[np.float64]]:
    """Households by number with their weights: areas drawn in each stratum, then households in each area."""
    areas = np.unique(population.area)
    chosen: list[Ints] = []
    weights: list[npt.NDArray[np.float64]] = []
    for stratum in range(STRATA):
        own = areas[areas % STRATA == stratum]
        n = min(areas_drawn // STRATA + (stratum < areas_drawn % STRATA), len(own))
        for area in np.sort(rng.choice(own, n, replace=False)):
            inside = np.flatnonzero(population.area == area)
            drawn = rng.choice(inside, min(households, len(inside)), replace=False)
            chosen.append(np.sort(drawn))
            weights.append(np.full(len(drawn), len(own) / n * len(inside) / len(drawn)))
    if not chosen:
        raise EstimateFault(
            "FL-EST-516", "families cannot be drawn with these numbers", found="no household in any area", fix="more families, or fewer that are away or alone",
        )  # fmt: skip
    return np.concatenate(chosen), np.concatenate(weights)


def _interviewed(
    population: _Families,
    homes: Ints,
    weight: npt.NDArray[np.float64],
    counting: Counting,
    tells: float,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of respondents and of the relatives whom they told of."""
    import pandas as pd

    place = np.full(len(population.area), -1, dtype=np.int64)
    place[homes] = np.arange(len(homes))
    own = np.flatnonzero((population.household >= 0) & (place[population.household] >= 0))
    own = own[np.argsort(place[population.household[own]], kind="stable")]
    home = place[population.household[own]]
    adults = np.bincount(home, minlength=len(homes))
    if counting != HOUSEHOLDS:
        own = own[np.cumsum(adults) - adults + rng.integers(0, adults)]
        home = np.arange(len(homes))
    seen = population.by_households if counting == HOUSEHOLDS else population.by_persons
    area = population.area[homes[home]]
    people = pd.DataFrame({
        PERSON: own.astype(str), "hh_id": homes[home].astype(str), "stratum": area % STRATA, "psu": area,
        "region": np.where(area % STRATA == 0, "North", "South"), "sex": np.where(population.female[own], 2, 1),
        "weight_hh": weight[home], "weight_person": weight[home] * (1 if counting == HOUSEHOLDS else adults[home]),
        HIDDEN: population.victim[own].astype(np.int64), "n_eligible_reporters": seen[own],
        "reporting_households": population.by_households[own], "reporting_adults": population.by_persons[own],
    })  # fmt: skip
    for relation in ("parent", "child", "sibling"):
        of_kind = np.bincount(population.teller[population.relation == relation], minlength=len(population.family))
        people[f"network_size_{relation}"] = of_kind[own]
    return people, _relatives(population, own, seen, counting, tells, rng)


def _relatives(
    population: _Families, own: Ints, seen: Ints, counting: Counting, tells: float, rng: np.random.Generator
) -> pd.DataFrame:
    """A row for each relative of a respondent; where households report each once, and no member of the household."""
    import pandas as pd

    asked = np.zeros(len(population.family), dtype=np.bool_)
    asked[own] = True
    pairs = np.flatnonzero(asked[population.teller])
    if counting == HOUSEHOLDS:
        home = population.household[population.teller[pairs]]
        pairs = pairs[home != population.household[population.told[pairs]]]
        once = population.household[population.teller[pairs]] * len(population.family) + population.told[pairs]
        pairs = pairs[np.unique(once, return_index=True)[1]]
    told = population.told[pairs]
    known = population.victim[told] & (rng.random(len(told)) < tells)
    return pd.DataFrame({
        "relative_id": [f"r{person}" for person in told], "reported_by": population.teller[pairs].astype(str),
        "relation": population.relation[pairs], "sex": np.where(population.female[told], 2, 1),
        HIDDEN: known.astype(np.int64), "n_eligible_reporters": seen[told],
        "reporting_households": population.by_households[told], "reporting_adults": population.by_persons[told],
        "lives_in_frame": np.where(population.household[told] >= 0, "yes", "no"),
    })  # fmt: skip
