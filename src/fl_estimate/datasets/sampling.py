"""The sample of the synthetic country: enumeration areas, households, adults, who responds, and the weights.

Stage 1: within each of 12 strata (region x urban), areas are drawn by systematic sampling with probability
proportional to their households at the last census, from a list sorted by district. Stage 2: 30 households a drawn
area, at random. Stage 3: two adults a household, at random, for the module (all where there are fewer).
Systematic drawing without replacement varies a little less than the usual formula, which takes areas as drawn with
replacement, supposes; a tenth of the areas is drawn, so intervals are a little wide rather than narrow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fl_estimate.arrays import Floats
from fl_estimate.datasets.population import Population

Ints = NDArray[np.integer[Any]]

HOUSEHOLDS_AN_AREA = 30
ADULTS_A_HOUSEHOLD = 2
AREAS_DRAWN = 540
"""Areas in the sample of the whole country; about 16,000 households and 24,000 respondents."""
OVERSAMPLED: dict[int, float] = {4: 1.6, 5: 1.5, 8: 1.2, 9: 1.5, 11: 1.4}
"""How many times its share (by the square root of its size) a stratum is drawn, by stratum number; others once."""

COMPLETED, REFUSED_MODULE, ABSENT = 1, 2, 3


@dataclass(frozen=True, kw_only=True, eq=False)
class DrawnSample:
    """Who was drawn and who answered.

    Attributes
    ----------
    household, household_weight : array
        Responding households in census order, and their weights.
    selected, result : array
        Adults drawn for the module (person numbers), and how that ended: 1 completed, 2 refused, 3 absent.
    respondent, weight, proxy : array
        Those who completed it, their weights, and the person who answered for them (-1: themselves).
    """

    household: Ints
    household_weight: Floats
    selected: Ints
    result: Ints
    respondent: Ints
    weight: Floats
    proxy: Ints


def allocation(population: Population) -> NDArray[np.int64]:
    """Areas to draw in each stratum: by the square root of its households, times `OVERSAMPLED`, at least 8.

    A smaller country gives its tenth of areas in the same way.
    """
    strata = population.areas.stratum
    size = np.bincount(strata, weights=population.areas.census_households)
    factor = np.array([OVERSAMPLED.get(number, 1.0) for number in range(len(size))])
    score = np.sqrt(size) * factor
    areas = np.bincount(strata)
    wanted = AREAS_DRAWN * min(1.0, len(strata) / 5_000) * score / score.sum()
    return np.clip(np.round(wanted), np.minimum(8, areas // 2), areas // 3).astype(np.int64)


def draw_sample(population: Population, rng: np.random.Generator) -> DrawnSample:
    """Draw one sample.

    Notes
    -----
    A household's weight is the inverse of its chance of being drawn, ``N_h / (n_h z_i) * M_i / 30`` with census
    sizes z, times drawn over responding households in its area. A respondent's weight is that times adults over
    adults drawn in the household, times the weighted ratio of drawn to responding adults in the area. Within an
    area, who responds does not depend on forced labour.
    """
    area, area_weight = draw_areas(population, rng)
    household, weight = _draw_households(population, area, area_weight, rng)
    selected, selected_weight = _draw_adults(population, household, weight, rng)
    home = population.households.area[population.people.household[selected]]
    chance = rng.random(len(selected))
    result = np.select([chance < 0.025, chance < 0.055], [REFUSED_MODULE, ABSENT], COMPLETED).astype(np.int8)
    answered = result == COMPLETED
    size = len(population.areas.stratum)
    drawn = np.bincount(home, weights=selected_weight, minlength=size)
    got = np.bincount(home[answered], weights=selected_weight[answered], minlength=size)
    respondent = selected[answered]
    return DrawnSample(
        household=household,
        household_weight=weight,
        selected=selected,
        result=result,
        respondent=respondent,
        weight=selected_weight[answered] * (drawn / np.where(got > 0, got, 1.0))[home[answered]],
        proxy=_proxies(population, respondent, rng),
    )


def draw_areas(population: Population, rng: np.random.Generator) -> tuple[NDArray[np.int64], Floats]:
    """Draw the enumeration areas of one sample; gives them and the inverses of their chances."""
    strata, size = population.areas.stratum, population.areas.census_households
    chosen: list[NDArray[np.int64]] = []
    weights: list[Floats] = []
    for stratum, count in enumerate(allocation(population)):
        members = np.flatnonzero(strata == stratum)
        reached = np.cumsum(size[members])
        step = reached[-1] / count
        picks = np.searchsorted(reached, step * (rng.random() + np.arange(count)), side="right")
        chosen.append(members[picks])
        weights.append(step / size[members[picks]])
    return np.concatenate(chosen), np.concatenate(weights)


def _draw_households(
    population: Population, area: Ints, area_weight: Floats, rng: np.random.Generator
) -> tuple[NDArray[np.int64], Floats]:
    """Draw 30 households in each area, keep those that respond and raise their weights by the area's loss.

    Every area has 40 households or more, and four in five respond, so that no area is lost.
    """
    first = population.areas.first_household
    position, household = ragged(first[area], first[area + 1])
    taken = lowest(position, rng.random(len(position)), HOUSEHOLDS_AN_AREA)
    position, household = position[taken], household[taken]
    responds = rng.random(len(position)) < population.areas.response[area][position]
    got = np.bincount(position[responds], minlength=len(area))
    weight = area_weight * (first[area + 1] - first[area]) / np.maximum(got, 1)
    return household[responds], weight[position[responds]]


def _draw_adults(
    population: Population, household: Ints, weight: Floats, rng: np.random.Generator
) -> tuple[NDArray[np.int64], Floats]:
    first, adults = population.households.first_person[household], population.households.adults[household]
    position, person = ragged(first, first + adults)
    taken = lowest(position, rng.random(len(position)), ADULTS_A_HOUSEHOLD)
    position = position[taken]
    share = adults / np.minimum(adults, ADULTS_A_HOUSEHOLD)
    return person[taken], (weight * share)[position]


def _proxies(population: Population, respondent: Ints, rng: np.random.Generator) -> NDArray[np.int64]:
    """Let another adult of the household answer for one respondent in fourteen, where there is one."""
    home = population.people.household[respondent]
    head = population.households.first_person[home]
    other = np.where(respondent == head, head + 1, head)
    by_proxy = (rng.random(len(respondent)) < 0.07) & (population.households.adults[home] > 1)
    return np.where(by_proxy, other, -1)


def ragged(start: Ints, stop: Ints) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """List the whole numbers from each `start` up to its `stop`; gives (which pair, the number)."""
    length = stop - start
    position = np.repeat(np.arange(len(start)), length)
    offset = np.arange(len(position)) - np.repeat(np.cumsum(length) - length, length)
    return position, start[position] + offset


def lowest(position: Ints, key: Floats, most: int) -> NDArray[np.int64]:
    """Choose in each place the rows with the lowest keys, at most `most`; in the order of the rows.

    `place` is sorted, so ranks within a place are positions in the key order less the place's first position.
    """
    order = np.lexsort((key, position))
    rank = np.arange(len(position)) - np.searchsorted(position, position[order], side="left")
    return np.sort(order[rank < most])
