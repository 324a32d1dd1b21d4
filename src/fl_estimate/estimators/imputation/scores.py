"""What predicts an unknown answer: log odds by the other answers and by covariates, from few sums. Arrays only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fl_estimate.arrays import Floats

RIDGE, SUM_RIDGE = 1.0, 0.05
"""Prior precisions of the log odds ratio of one answer, with a standard deviation of 1, and of a count, which many rows tell of."""
DOMAIN_RIDGE = 0.1
"""The same of a domain or a predictor that was named: a weak prior, so that the fit gives each domain as many as it told of."""
MOST_ROWS = 4_000
"""Rows that a regression is fitted to: of more, those that tell and a sample of the others, which stands for the rest."""

SWEEPS, CLOSE = 30, 0.005
"""How many Newton steps there are at the most, and the change in log odds that ends them."""
Levels = npt.NDArray[np.int64]


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
    intercept : float
    discrimination : float
        How often a row that tells of something has the higher score of two (0.5: nothing predicts it).
    """

    effects: Floats
    counts: Floats
    some: Floats
    levels: Floats
    intercept: float
    discrimination: float


@dataclass(frozen=True, kw_only=True, eq=False)
class AnswerEffects:
    """Log odds ratios of a fit.

    Attributes
    ----------
    of : array, shape (predictors,)
    levels : array, shape (levels,)
    intercept : float
        It has no prior: the probabilities add up to what was told.
    linear : array, shape (rows,)
        The log odds of every row.
    """

    of: Floats
    levels: Floats
    intercept: float
    linear: Floats


def fitted_effects(
    x: Floats, telling: Floats, counts: Floats, penalty: Floats, levels: Levels, level_penalty: Floats
) -> AnswerEffects:
    """Ridge logistic regression on answers and on covariates of however many levels.

    Parameters
    ----------
    x : array, shape (rows, predictors)
    telling, counts : array, shape (rows,)
        Of how many rows of a kind something is told, and how many there are.
    penalty : array, shape (predictors,)
        Prior precision of each effect.
    levels : int array, shape (rows, covariates)
        The level of each covariate, numbered through.
    level_penalty : array, shape (levels,)

    Notes
    -----
    Newton's steps, in turn of all predictors together and of the levels of each covariate, whose curvature is diagonal: no
    column is made of a level, so that 500 districts cost no more than two.
    """
    used = x.any(axis=0)
    design = np.column_stack([np.ones(len(x)), x[:, used]])
    ridge = np.concatenate([[1e-6], penalty[used]])
    beta, of_level = np.zeros(design.shape[1]), np.zeros(len(level_penalty))
    share = np.clip(telling.sum() / max(counts.sum(), 1), 1e-6, 1 - 1e-6)
    beta[0] = np.log(share / (1 - share))
    linear = np.full(len(x), beta[0])
    for _ in range(SWEEPS):
        p = 1 / (1 + np.exp(-linear))
        slope = design.T @ (telling - counts * p) - ridge * beta
        curve = (design * (counts * p * (1 - p))[:, None]).T @ design + np.diag(ridge)
        step = np.clip(np.linalg.solve(curve, slope), -2, 2)
        beta += step
        before = linear
        linear = linear + design @ step
        for column in levels.T:
            p = 1 / (1 + np.exp(-linear))
            size = len(of_level)
            slope = np.bincount(column, telling - counts * p, size) - level_penalty * of_level
            curve = np.bincount(column, counts * p * (1 - p), size) + level_penalty
            here = np.bincount(column, minlength=size) > 0
            step = np.where(here, np.clip(slope / curve, -2, 2), 0.0)
            of_level += step
            linear = linear + step[column]
        if np.abs(linear - before).max(initial=0.0) < CLOSE:
            break
    effects = np.zeros(x.shape[1])
    effects[used] = beta[1:]
    return AnswerEffects(of=effects, levels=of_level, intercept=float(beta[0]), linear=linear)


def discrimination(score: Floats, telling: Floats, counts: Floats) -> float:
    """How often a row of which something is told has the higher score, of two; ties count half. NaN where none or all are."""
    order = np.argsort(score, kind="stable")
    positive, negative = telling[order], (counts - telling)[order]
    if not positive.sum() or not negative.sum():
        return float("nan")
    _, group = np.unique(score[order], return_inverse=True)
    of_positive = np.bincount(group, weights=positive)
    of_negative = np.bincount(group, weights=negative)
    below = np.cumsum(of_negative) - of_negative
    return float((of_positive * (below + of_negative / 2)).sum() / (positive.sum() * negative.sum()))
