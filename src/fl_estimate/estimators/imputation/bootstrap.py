"""Approximate Bayesian bootstrap over primary sampling units within strata: how often each unit counts in each draw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fl_estimate.arrays import Floats, Positions
from fl_estimate.design.sample import merged_strata
from fl_estimate.inputs.sample_design import Design


@dataclass(frozen=True, kw_only=True, eq=False)
class Units:
    """The first-stage units of a sample.

    Attributes
    ----------
    of_person : int array, shape (people,)
    stratum : int array, shape (units,)
        Units are numbered by stratum and name.
    """

    of_person: Positions
    stratum: Positions

    def counts(self, seed: int, draw: int) -> Floats:
        """How often each unit counts in one draw: n/(n − 1) times how often it was among n − 1 drawn with replacement.

        A lone unit counts once; see `units_of` for those of a design that gives them a variance. The same seed and draw give the same counts. Rao and Wu (1988).
        """
        rng = np.random.default_rng([seed, draw, 0])
        values = np.ones(len(self.stratum))
        sizes = np.bincount(self.stratum)
        starts = np.concatenate([[0], np.cumsum(sizes)])
        for stratum, n in enumerate(sizes):
            if n > 1:
                times = rng.multinomial(n - 1, np.full(n, 1 / n))
                values[starts[stratum] : starts[stratum + 1]] = times * n / (n - 1)
        return values


MERGED: tuple[str, ...] = ("collapse", "adjust", "average")
"""Rules by which a stratum of a single unit adds to variances: the bootstrap merges it with the stratum that follows. Counts of one
unit can show neither its distance from all (adjust) nor other strata's spread (average); by the other rules it adds nothing."""


def units_of(people: pd.DataFrame, design: Design, rank: Positions) -> Units:
    """Number the units of a design; without units every person is one, and lone units are merged where its rule gives them a variance.

    Parameters
    ----------
    people : pandas.DataFrame
    design : Design
    rank : int array, shape (people,)
        Numbers persons where they are units.
    """
    nothing = np.zeros(len(people), dtype=np.intp)
    strata = nothing if design.strata is None else _numbered(people[design.strata])
    names = rank if design.psu is None else _numbered(people[design.psu])
    order = np.lexsort((names, strata))
    new = np.ones(len(order), dtype=bool)
    new[1:] = (strata[order][1:] != strata[order][:-1]) | (names[order][1:] != names[order][:-1])
    unit = np.empty(len(order), dtype=np.intp)
    unit[order] = np.cumsum(new) - 1
    stratum = strata[order][new]
    if design.strata is None or design.single_psu not in MERGED:
        return Units(of_person=unit, stratum=stratum)
    return _merged(unit, stratum, _in_order_of_values(people[design.strata], strata))


def _merged(unit: Positions, stratum: Positions, rank: Positions) -> Units:
    """Units with strata of a single one merged with the next, as the design merges them; renumbered, strata together."""
    sizes = np.bincount(stratum, minlength=len(rank))
    single = np.zeros(len(rank), dtype=bool)
    single[rank] = sizes == 1
    if not single.any() or len(rank) < 2:
        return Units(of_person=unit, stratum=stratum)
    _, merged = merged_strata(single)
    of_unit = merged[rank[stratum]]
    order = np.argsort(of_unit, kind="stable")
    position = np.empty(len(order), dtype=np.intp)
    position[order] = np.arange(len(order))
    return Units(of_person=position[unit], stratum=of_unit[order].astype(np.intp))


def _in_order_of_values(column: pd.Series, strata: Positions) -> Positions:
    """The rank of each stratum among their labels as numbers or texts, which is the order of the strata of a design."""
    codes, _ = pd.factorize(column, sort=True)
    rank = np.zeros(int(strata.max(initial=-1)) + 1, dtype=np.intp)
    rank[strata] = codes
    return rank


def _numbered(column: pd.Series) -> Positions:
    """Labels as numbers in their sorted order, so that no order of rows matters."""
    codes, _ = pd.factorize(column.astype(object).astype(str), sort=True)
    return codes.astype(np.intp)
