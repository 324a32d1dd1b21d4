"""What predicts an unknown answer: log odds by the other answers and by covariates, from few sums. Arrays only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fl_estimate.arrays import Floats, Places

RIDGE, SUM_RIDGE = 1.0, 0.05
"""Prior precisions of the log odds ratio of one answer, with a standard deviation of 1, and of a count, which many rows tell of."""
MOST_KINDS = 3_000
"""Distinct rows that a regression is fitted to; of those without the answer a sample stands for the rest, which changes
the intercept alone."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Score:
    """Log odds of telling of something in a pattern.

    Attributes
    ----------
    effects : array, shape (items,)
        By each other question.
    counts, some : array, shape (dimensions,)
        By how many questions of each dimension something is told in, and by whether in any.
    levels : array, shape (levels,)
        By each level of the covariates.
    discrimination : float
        How often a row that tells of something has the higher score of two (0.5: nothing predicts it).
    """

    effects: Floats
    counts: Floats
    some: Floats
    levels: Floats
    discrimination: float


def fitted_effects(x: Floats, told: Floats, counts: Floats, penalty: Floats) -> tuple[Floats, Floats]:
    """Ridge logistic regression on distinct rows.

    Parameters
    ----------
    x : array, shape (kinds, predictors)
    told, counts : array, shape (kinds,)
        Of how many rows of a kind something is told, and how many there are.
    penalty : array, shape (predictors,)
        Prior precision of each effect.

    Returns
    -------
    effects : array, shape (predictors,)
    expected : array, shape (kinds,)
        The probability by kind.
    """
    effects, fit = np.zeros(x.shape[1]), _sampled(told, counts)
    used = x[fit].any(axis=0)
    design = np.column_stack([np.ones(len(fit)), x[np.ix_(fit, np.flatnonzero(used))]])
    positive, n = told[fit], counts[fit]
    ridge = np.concatenate([[1e-6], penalty[used]])
    beta = np.zeros(design.shape[1])
    share = np.clip(positive.sum() / max(n.sum(), 1), 1e-6, 1 - 1e-6)
    beta[0] = np.log(share / (1 - share))
    for _ in range(25):
        p = 1 / (1 + np.exp(-(design @ beta)))
        slope = design.T @ (positive - n * p) - ridge * beta
        curve = (design * (n * p * (1 - p))[:, None]).T @ design + np.diag(ridge)
        step = np.clip(np.linalg.solve(curve, slope), -2, 2)
        beta += step
        if np.abs(step).max() < 1e-4:
            break
    effects[used] = beta[1:]
    return effects, _calibrated(x @ effects, told, counts)


def _sampled(told: Floats, counts: Floats) -> Places:
    """The kinds that a fit uses: those of which something is told, and of the others the largest."""
    if len(told) <= MOST_KINDS:
        return np.arange(len(told))
    weight = np.where(told > 0, np.inf, counts)
    return np.sort(np.argsort(-weight, kind="stable")[: max(MOST_KINDS, 1)])


def _calibrated(linear: Floats, told: Floats, counts: Floats) -> Floats:
    """Probabilities that add up to what was told: the intercept is found by halving."""
    low, high = -40.0, 40.0
    for _ in range(60):
        middle = (low + high) / 2
        total = (counts / (1 + np.exp(-(linear + middle)))).sum()
        low, high = (middle, high) if total < told.sum() else (low, middle)
    return 1 / (1 + np.exp(-(linear + (low + high) / 2)))


def level_effects(told: Floats, expected: Floats) -> Floats:
    """Log of told against expected by level, drawn towards 0 where there is little of it."""
    return np.log((told + 1) / (expected + 1))


def discrimination(score: Floats, told: Floats, counts: Floats) -> float:
    """How often a row of which something is told has the higher score, of two; ties count half. NaN where none or all are."""
    order = np.argsort(score, kind="stable")
    positive, negative = told[order], (counts - told)[order]
    if not positive.sum() or not negative.sum():
        return float("nan")
    _, group = np.unique(score[order], return_inverse=True)
    of_positive = np.bincount(group, weights=positive)
    of_negative = np.bincount(group, weights=negative)
    below = np.cumsum(of_negative) - of_negative
    return float((of_positive * (below + of_negative / 2)).sum() / (positive.sum() * negative.sum()))
