"""Who may give an answer: for every recipient the nearest rows that answered what it did not. Nothing is drawn or classified."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from fl_estimate.arrays import Bools, Floats, Places

FEWEST = 5
"""Donors below which a pattern of unknown answers is split; and of how many the nearest a draw chooses."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Likeness:
    """What recipients and donors are compared by, one row a row of answers.

    Attributes
    ----------
    true : array of bool, shape (rows, columns)
        Whether an answer tells of something.
    why : int8 array, shape (rows, columns)
        Why it is unknown, 0 where it is not.
    groups : int array, shape (rows,)
        Donors are of the recipient's own group: who are asked the same questions.
    codes : int array, shape (rows, covariates)
        Region, sex and the like.
    weights : array, shape (covariates,)
        What a difference in each counts, in units of the logit.
    ages : array, shape (rows,)
        NaN where unknown.
    order : int array, shape (rows,)
        Decides between rows that are equally near.
    """

    true: Bools
    why: npt.NDArray[np.int8]
    groups: npt.NDArray[np.int64]
    codes: npt.NDArray[np.int32]
    weights: Floats
    ages: Floats
    order: Places


AGE_SCALE, AGE_WEIGHT = 20.0, 0.1
DIFFERENT = 0.05
"""What a difference in one answer counts beside the score, in units of the logit."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Neighbours:
    """The nearest donors of the rows of one pattern, nearest first; -1 where there are no more.

    Attributes
    ----------
    rows : int array, shape (recipients,)
    donors : int array, shape (recipients, k)
    found : int
        Donors that answered the whole pattern.
    """

    rows: Places
    donors: npt.NDArray[np.intp]
    found: int


def nearest_donors(likeness: Likeness, rows: Places, pattern: Bools, *, k: int, by_score: bool = True) -> Neighbours:
    """Find the donors of rows with one pattern of unknown answers.

    Parameters
    ----------
    likeness : Likeness
    rows : int array
        Recipients of one group.
    pattern : array of bool, shape (columns,)
        Answers to be drawn.
    k : int
    by_score : bool
        By the predicted log odds of telling of something in the pattern, as they are; else by each answer that differs,
        weighted by what it says of them.
    """
    group = likeness.groups[rows[0]]
    answered = (likeness.why[:, pattern] <= 0).all(axis=1) & (likeness.groups == group)
    donors = np.flatnonzero(answered)
    donors = donors[np.argsort(likeness.order[donors], kind="stable")]
    found = np.full((len(rows), k), -1, dtype=np.intp)
    if not len(donors):
        return Neighbours(rows=rows, donors=found, found=0)
    told = likeness.true[np.ix_(donors, np.flatnonzero(pattern))].any(axis=1)
    others = np.flatnonzero(~pattern)
    effects = _effects(likeness.true[np.ix_(donors, others)], told)
    score = likeness.true[np.ix_(donors, others)] @ effects
    for place, row in enumerate(rows):
        usable = likeness.why[row, others] == 0
        own = float(likeness.true[row, others][usable] @ effects[usable])
        unlike = likeness.true[np.ix_(donors, others[usable])] != likeness.true[row, others[usable]]
        if by_score:
            distance = np.abs(score - own) + DIFFERENT * unlike.sum(axis=1)
        else:
            distance = unlike @ (DIFFERENT + np.abs(effects[usable]))
        distance += (likeness.codes[donors] != likeness.codes[row]) @ likeness.weights
        gap = np.abs(likeness.ages[donors] - likeness.ages[row]) / AGE_SCALE
        distance += AGE_WEIGHT * np.minimum(np.nan_to_num(gap, nan=1.0), 1.0)
        chosen = np.argsort(distance, kind="stable")[:k]
        found[place, : len(chosen)] = donors[chosen]
    return Neighbours(rows=rows, donors=found, found=len(donors))


RIDGE = 1.0
"""Prior precision of a log odds ratio: with a standard deviation of 1, few answers move it little."""


def _effects(true: Bools, told: Bools) -> Floats:
    """Log odds of telling of something in the pattern, by each other answer: a ridge logistic regression on distinct rows."""
    distinct, inverse, counts = np.unique(true, axis=0, return_inverse=True, return_counts=True)
    positive = np.bincount(inverse.ravel(), weights=told, minlength=len(distinct))
    used = distinct.any(axis=0)
    x = np.column_stack([np.ones(len(distinct)), distinct[:, used]]).astype(float)
    ridge = np.full(x.shape[1], RIDGE)
    ridge[0] = 1e-6
    beta = np.zeros(x.shape[1])
    share = np.clip(positive.sum() / counts.sum(), 1e-6, 1 - 1e-6)
    beta[0] = np.log(share / (1 - share))
    for _ in range(25):
        p = 1 / (1 + np.exp(-(x @ beta)))
        slope = x.T @ (positive - counts * p) - ridge * beta
        curve = (x * (counts * p * (1 - p))[:, None]).T @ x + np.diag(ridge)
        step = np.linalg.solve(curve, slope)
        beta += np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-6:
            break
    effects = np.zeros(true.shape[1])
    effects[used] = beta[1:]
    return effects


def covariate_codes(people: pd.DataFrame, names: Sequence[str], person: Places) -> npt.NDArray[np.int32]:
    """Columns as numbers, one column each; what is missing is a value of its own."""
    columns = [pd.factorize(people[name].astype(object), use_na_sentinel=False)[0][person] for name in names]
    return np.stack(columns, axis=1).astype(np.int32) if columns else np.zeros((len(person), 0), dtype=np.int32)
