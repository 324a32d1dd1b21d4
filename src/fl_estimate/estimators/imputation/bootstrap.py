"""Approximate Bayesian bootstrap over primary sampling units within strata: how often each unit counts in each draw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fl_estimate.arrays import Floats, Places
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

    of_person: Places
    stratum: Places

    def counts(self, seed: int, draw: int) -> Floats:
        """How often each unit counts in one draw: n/(n − 1) times how often it was among n − 1 drawn with replacement.

        A lone unit counts once. The same seed and draw give the same counts. Rao and Wu (1988).
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


def units_of(people: pd.DataFrame, design: Design, rank: Places) -> Units:
    """Number the units of a design; without units every person is one.

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
    return Units(of_person=unit, stratum=strata[order][new])


def _numbered(column: pd.Series) -> Places:
    """Labels as numbers in their sorted order, so that no order of rows matters."""
    codes, _ = pd.factorize(column.astype(object).astype(str), sort=True)
    return codes.astype(np.intp)
