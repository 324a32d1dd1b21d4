"""Gile's bootstrap: recruitment drawn again from a population that is made of the sample, all replicates side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fl_estimate.arrays import Floats, Positions
from fl_estimate.estimators.hidden.recruitment.recruitment_weights import LARGE_POPULATION, whole_numbers
from fl_estimate.inputs.recruitment import Recruitment

BLOCK = 4_000_000
"""Cells of replicates × degrees × groups that are held at once."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SyntheticPopulation:
    """A population of degree classes and groups, from which recruitment is simulated.

    Attributes
    ----------
    sizes : float array, shape (degrees,)
        The degrees that were met.
    counts : int array, shape (degrees, groups)
        Persons.
    ties : float array, shape (groups, groups)
        Ties between groups, as many in both directions.
    """

    sizes: Floats
    counts: Positions
    ties: Floats


def synthetic_population(
    degrees: Floats, groups: Positions, weights: Floats, transitions: Floats, population: float
) -> SyntheticPopulation:
    """Persons by degree and group as the weights have them, with ties as recruitment has them.

    Parameters
    ----------
    degrees, weights : float array, shape (n,)
    groups : int array, shape (n,)
    transitions : float array, shape (groups, groups)
    population : float
    """
    number = len(transitions)
    sizes, place = np.unique(degrees, return_inverse=True)
    cell = place * number + groups
    met = np.bincount(cell, minlength=len(sizes) * number)
    share = np.bincount(cell, weights=weights, minlength=len(sizes) * number)
    counts = np.zeros(len(met), dtype=np.intp)
    there = met > 0
    counts[there] = whole_numbers(share[there], round(population), met[there].astype(float))
    counts = counts.reshape(len(sizes), number)
    sums = transitions.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        half = transitions / sums * (sizes @ counts)[:, None]
    known = np.isfinite(half)
    half = np.where(known, half, 0.0)
    # Of a group that recruited nobody the other direction says how many ties there are.
    sides = np.maximum(known.astype(float) + known.T, 1)
    return SyntheticPopulation(sizes=sizes, counts=counts, ties=(half + half.T) / sides)


def gile_counts(
    recruitment: Recruitment,
    drawn_from: SyntheticPopulation,
    degrees: Floats,
    groups: Positions,
    order: Positions,
    replicates: int,
    rng: np.random.Generator,
) -> Floats:
    """How often each respondent stands for somebody who was recruited in each replicate.

    Parameters
    ----------
    recruitment : Recruitment
    drawn_from : SyntheticPopulation
    degrees : float array, shape (n,)
        NaN of who is left out.
    groups : int array, shape (n,)
        −1 of who is left out.
    order : int array, shape (n,)
        Rows in the order by which random numbers are dealt out.
    replicates : int
    rng : numpy.random.Generator

    Returns
    -------
    float array, shape (n, replicates)

    Notes
    -----
    Seeds are drawn with probability proportional to degree. Recruiters come in turn, each with a number of recruits drawn from
    those that recruiters of the sample had. A recruit's group is drawn by the ties of the recruiter's group, less those of
    people already drawn, then the recruit within the group in proportion to degree among those who are left. Persons of a
    cell are shared out among the respondents of the cell at random. Gile (2011), JASA 106(493), 135-146, section 4.
    """
    inside = groups >= 0
    number = len(drawn_from.ties)
    wanted = int(inside.sum())
    seeds = max(1, min(int((recruitment.is_seed & inside).sum()), wanted))
    positive = np.sort(recruitment.recruits[recruitment.recruits > 0])
    cells = drawn_from.counts.size
    at_once = max(1, BLOCK // cells)
    met: list[Positions] = []
    for start in range(0, replicates, at_once):
        size = min(at_once, replicates - start)
        met.append(_simulate(drawn_from, wanted, seeds, positive if len(positive) else np.ones(1, int), size, rng))
    counts = np.concatenate(met, axis=1)
    place = np.searchsorted(drawn_from.sizes, np.where(inside, degrees, drawn_from.sizes[0])) * number + groups
    result = np.zeros((recruitment.n, replicates))
    members = order[inside[order]]
    for cell in np.unique(place[members]):
        rows = members[place[members] == cell]
        left = counts[cell].copy()
        for position, row in enumerate(rows[:-1]):
            took = rng.binomial(left, 1 / (len(rows) - position))
            result[row] = took
            left = left - took
        result[rows[-1]] = left
    return result


def _simulate(
    population: SyntheticPopulation, wanted: int, seeds: int, recruits: Positions, size: int, rng: np.random.Generator
) -> Positions:
    """Persons of each cell (degree × group) drawn in each replicate: shape (cells, size)."""
    sizes, number = population.sizes, len(population.ties)
    left = np.repeat(population.counts.T[None].astype(float), size, axis=0)
    total = sizes @ population.counts
    free = np.repeat(total[None].astype(float), size, axis=0)
    ties = population.ties / np.maximum(total, 1e-300)
    groups = np.zeros((wanted, size), dtype=np.intp)
    lines = np.arange(size)
    turn, quota = np.zeros(size, dtype=np.intp), recruits[rng.integers(len(recruits), size=size)]
    uniform = rng.random((wanted, 2, size))
    for step in range(wanted):
        if step < seeds:
            chance = free
        else:
            chance = ties[groups[turn, lines]] * free
            # Where the recruiter knows nobody who is left, somebody is found as seeds are.
            chance = np.where(chance.sum(axis=1, keepdims=True) > 0, chance, free)
        group = _pick(chance, uniform[step, 0])
        place = _pick(left[lines, group] * sizes, uniform[step, 1])
        left[lines, group, place] -= 1
        free[lines, group] = np.maximum(free[lines, group] - sizes[place], 0.0)
        groups[step] = group
        if step >= seeds:
            quota = quota - 1
            done = quota <= 0
            turn = turn + done
            if done.any():
                quota = np.where(done, recruits[rng.integers(len(recruits), size=size)], quota)
    taken = population.counts.T[None] - left
    return taken.transpose(2, 1, 0).reshape(len(sizes) * number, size).round().astype(np.intp)


def _pick(chance: Floats, uniform: Floats) -> Positions:
    """A position of each row, in proportion to what stands there."""
    ends = np.cumsum(chance, axis=1)
    at = (ends <= (uniform * ends[:, -1])[:, None]).sum(axis=1)
    return np.minimum(at, chance.shape[1] - 1)


def simulated_population(population: float, respondents: int) -> float:
    """The size that is simulated: a sample of less than 4 % hardly depletes a population, however large (as in RDS 0.9-10)."""
    return min(population, respondents / LARGE_POPULATION)
