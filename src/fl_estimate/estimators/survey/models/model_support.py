"""On which people each coefficient of a model rests: the smallest group that could be read off it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fl_estimate.design.small_table import Codes, Floats
from fl_estimate.estimators.survey.models.model_data import ModelData
from fl_estimate.inputs.replicates import Replicates
from fl_estimate.results.basis import Support

TINY = 1e-9


def coefficient_support(data: ModelData, x: Floats, y: Floats, columns: Sequence[Sequence[int]], df: float) -> Support:
    """The smallest part of each coefficient.

    Where columns of the design matrix take no more different rows than there are columns (a factor, two crossed factors),
    they fit each group exactly, and a coefficient is a sum over some of the groups. That is looked for in every term with the
    intercept, and in the whole matrix; a slope along many values rests on everybody.

    Parameters
    ----------
    data : ModelData
    x : array, shape (patterns, p)
    y : array, shape (patterns,)
    columns : sequence of sequence of int
        The columns of each term.
    df : float

    Returns
    -------
    Support
        One row a coefficient.
    """
    every = np.arange(x.shape[1])
    constant = [int(j) for j in every if np.ptp(x[:, j]) == 0]
    whole = group_support(data, y, np.zeros(len(x), dtype=np.int64), 1, df)
    parts: list[list[Support]] = [[whole] for _ in every]
    for term in [*columns, list(every)]:
        used = sorted({*term, *constant})
        group, first = _groups(x[:, used])
        if len(first) > len(used):
            continue
        known = group_support(data, y, group, len(first), df)
        share = np.linalg.pinv(x[np.ix_(first, used)])
        for row, column in enumerate(used):
            met = np.flatnonzero(np.abs(share[row]) > TINY)
            parts[column] += [known.take([int(position)]) for position in met]
    return Support.joined([Support.least(part) for part in parts])


def group_support(data: ModelData, y: Floats, group: Codes, size: int, df: float) -> Support:
    """People, cases, units with a case of each group of patterns.

    Parameters
    ----------
    group : int array, shape (patterns,)
        The group of each pattern, below `size`.
    """
    of = group[data.pattern]
    case = (np.asarray(y)[data.pattern] != 0) & (data.n > 0)
    cases = np.bincount(of, weights=np.where(case, data.n, 0.0), minlength=size)
    units: npt.NDArray[Any] = cases
    if isinstance(data.call.people.design.replicates, Replicates):
        units = np.full(size, np.nan)
    elif not data.sample.rows_are_units:
        unit = data.sample.stages[0].unit[data.at]
        pairs = np.unique(unit[case] * size + of[case])
        units = np.bincount(pairs % size, minlength=size).astype(float)
    n = np.bincount(of, weights=data.n, minlength=size)
    return Support.of(n, cases, psus_with_cases=units, df=df)


def _groups(x: Floats) -> tuple[Codes, Codes]:
    """Patterns with equal rows, numbered, and one pattern of each."""
    # Equal rows have equal sums whatever the factors; different rows that agree in these would be a coincidence.
    mixed = x @ np.random.default_rng(7).uniform(1.0, 2.0, x.shape[1])
    _, first, group = np.unique(np.round(mixed, 9), return_index=True, return_inverse=True)
    return group.astype(np.int64).ravel(), first
