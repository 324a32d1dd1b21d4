"""Hierarchical models of case lists: all of them, their neighbours, and the search by BIC over the whole or downhill."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import comb

import numpy as np
from scipy import special

from fl_estimate.arrays import Positions
from fl_estimate.estimators.capture_recapture.batch import Fitter, Flags, Floats, Lattice
from fl_estimate.estimators.capture_recapture.stepwise import Chosen, information

MOST = 40_000
"""Models that a search over all of them takes on: two-way models of six lists are 32,768."""
DOWNHILL_STEPS = 200


@dataclass(frozen=True, kw_only=True, eq=False)
class Ranked:
    """Models that have an estimate, from the least BIC up.

    Attributes
    ----------
    models : bool array, shape (M, terms)
    bic, dark : array, shape (M,)
    looked_at : int
        Models, those without an estimate too.
    """

    models: Flags
    bic: Floats
    dark: Floats
    looked_at: int


def too_many(lists: int, max_order: int) -> bool:
    """Whether the models of an order are more than a search over all takes on (6 lists: two-way; 5: any order)."""
    if min(max_order, lists - 1) <= 2:
        return comb(lists, 2) > np.log2(MOST)
    return lists > 5


def all_models(lattice: Lattice) -> Flags:
    """Every hierarchical model with main effects, shape (models, terms)."""
    orders = [len(term) for term in lattice.terms]
    return np.array(list(_grown(lattice, lattice.main, 2, max(orders))), dtype=bool)


def _grown(lattice: Lattice, model: Flags, order: int, last: int) -> Iterator[Flags]:
    """Models that add any set of terms of this order and above whose parts are all in."""
    if order > last:
        yield model
        return
    open_terms = [
        position
        for position, term in enumerate(lattice.terms)
        if len(term) == order and bool(model[lattice.below[position]].all())
    ]
    for size in range(len(open_terms) + 1):
        for added in itertools.combinations(open_terms, size):
            larger = model.copy()
            larger[list(added)] = True
            if added:
                yield from _grown(lattice, larger, order + 1, last)
            else:
                yield larger


def rank_by_bic(fitter: Fitter, counts: Floats) -> Ranked:
    """Fit every hierarchical model to one table and rank those that have an estimate."""
    models = all_models(fitter.lattice)
    made = fitter.fit(np.broadcast_to(counts, (len(models), len(counts))), models)
    values = information(made.log_likelihood, models, np.log(counts.sum()))
    order = np.argsort(np.where(made.ok, values, np.inf), kind="stable")[: int(made.ok.sum())]
    return Ranked(models=models[order], bic=values[order], dark=made.dark[order], looked_at=len(models))


def best_of(fitter: Fitter, counts: Floats, models: Flags) -> Floats:
    """Dark figure of the least BIC among the first 1, 2, … of some models, for B tables: shape (B, models)."""
    tables, size = len(counts), len(models)
    made = fitter.fit(np.repeat(counts, size, axis=0), np.tile(models, (tables, 1)))
    penalty = np.repeat(np.log(counts.sum(axis=1)), size)
    values = information(made.log_likelihood, np.tile(models, (tables, 1)), penalty)
    values = np.where(made.ok, values, np.inf).reshape(tables, size)
    dark = made.dark.reshape(tables, size)
    # The place of the least so far, for each number of models looked at.
    least = np.minimum.accumulate(values, axis=1)
    before = np.hstack([np.full((tables, 1), np.inf), least[:, :-1]])
    new = np.where(values < before, np.arange(size), 0)
    positions = np.maximum.accumulate(new, axis=1)
    return np.where(np.isfinite(least), np.take_along_axis(dark, positions, axis=1), np.nan)


def downhill(fitter: Fitter, counts: Floats) -> Chosen:
    """From main effects, add or leave out the one term that lowers BIC most, until none does; for B tables at once."""
    return _descend(fitter, counts, np.log(counts.sum(axis=1)), neighbours, lambda *_: True)


def by_aic_and_p(fitter: Fitter, counts: Floats, threshold: float) -> Chosen:
    """From main effects, add the pair of least AIC while AIC falls and its Wald test has p of at most the threshold."""

    def pairs_out(_: Lattice, model: Flags) -> Positions:
        return np.flatnonzero(~model)

    def significant(table: Floats, model: Flags, position: int, parameters: Floats, fitted: Floats) -> bool:
        finite = model & (table @ fitter.lattice.matrix[:, 1:] > 0)
        return _wald_p(fitter.lattice, parameters, fitted, finite, position) <= threshold

    return _descend(fitter, counts, np.full(len(counts), 2.0), pairs_out, significant)


def _descend(
    fitter: Fitter,
    counts: Floats,
    penalty: Floats,
    flips_of: Callable[[Lattice, Flags], Positions],
    take: Callable[[Floats, Flags, int, Floats, Floats], bool],
) -> Chosen:
    """Flip the term after which a criterion is least, while it falls and the flip may be taken; for B tables at once."""
    lattice = fitter.lattice
    models = np.tile(lattice.main, (len(counts), 1))
    made = fitter.fit(counts, models)
    best, dark = information(made.log_likelihood, models, penalty), made.dark
    parameters, going = made.parameters, np.flatnonzero(made.ok)
    for _ in range(DOWNHILL_STEPS):
        flips = [flips_of(lattice, models[position]) for position in going]
        owner = np.repeat(going, [len(flip) for flip in flips])
        if not len(owner):
            break
        positions = np.concatenate(flips)
        tried = models[owner].copy()
        tried[np.arange(len(owner)), positions] ^= True
        fits = fitter.fit(counts[owner], tried, parameters[owner])
        values = np.where(fits.ok, information(fits.log_likelihood, tried, penalty[owner]), np.inf)
        moved: list[int] = []
        for position in np.unique(owner):
            own = np.flatnonzero(owner == position)
            least = own[values[own].argmin()]
            if not values[least] < best[position]:
                continue
            if not take(
                counts[position], tried[least], int(positions[least]), fits.parameters[least], fits.fitted[least]
            ):
                continue
            models[position], best[position], dark[position] = tried[least], values[least], fits.dark[least]
            parameters[position] = fits.parameters[least]
            moved.append(int(position))
        going = np.array(moved, dtype=int)
    return Chosen(models=models, dark=dark)


def _wald_p(space: Lattice, parameters: Floats, fitted: Floats, finite: Flags, position: int) -> float:
    """Two-sided p of one term; 1 for a term at −∞, which has no test."""
    if not finite[position]:
        return 1.0
    columns = np.append(True, finite)
    design = space.matrix[:, columns]
    covariance = np.linalg.inv(design.T @ (design * fitted[:, None]))
    at = int(columns[: 1 + position].sum())
    return 2 * float(special.ndtr(-abs(parameters[1 + position]) / np.sqrt(covariance[at, at])))


def neighbours(lattice: Lattice, model: Flags) -> Positions:
    """Terms that can be added (all their parts are in) or left out (they are no part of another), main effects apart."""
    can_add = ~model & ~(lattice.below & ~model).any(axis=1)
    can_leave = model & ~(lattice.below & model[:, None]).any(axis=0) & ~lattice.main
    return np.flatnonzero(can_add | can_leave)
