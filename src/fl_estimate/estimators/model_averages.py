"""Averages over people of what a model predicts for them: as they are, or all in one class, or a little older. Arrays only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fl_estimate.design.totals import Floats
from fl_estimate.estimators.fitted_model import FittedModel
from fl_estimate.estimators.model_fit import fit
from fl_estimate.estimators.model_variance import covariance

Parts = Sequence[tuple[float, Floats]]
"""A sum of predictions: each with its factor and the design matrix of everybody, shape (patterns, p)."""


@dataclass(frozen=True, kw_only=True)
class Averages:
    """Weighted means of sums of predictions, with three covariances.

    Attributes
    ----------
    value : array, shape (k,)
    joint : array, shape (k, k)
        People and coefficients linearised together, or repeated together under every replicate.
    separate : array, shape (k, k)
        The variance of the mean over people added to that of the coefficients, as if they were independent.
    conditional : array, shape (k, k)
        Of the coefficients alone: for the people who were asked.
    """

    value: Floats
    joint: Floats
    separate: Floats
    conditional: Floats


def averages(fitted: FittedModel, asked: Sequence[Parts]) -> Averages:
    """θ_j = Σ w Σ_k c_k μ(x_k′β + offset)/Σ w over the people counted, for each j asked for.

    Parameters
    ----------
    fitted : FittedModel
    asked : sequence of Parts
    """
    data, family, offset = fitted.data, fitted.family, fitted.offset.values
    weight, beta = data.pattern_weight, fitted.fit.beta

    def each(beta: Floats) -> Floats:
        sums = [sum(c * family.mean(x @ beta + offset) for c, x in parts) for parts in asked]
        return np.stack([np.asarray(one, dtype=float) for one in sums], axis=1)

    def means(weights: Floats, beta: Floats) -> Floats:
        return weights @ each(beta) / weights.sum()

    def again(weights: Floats) -> Floats:
        one = fit(fitted.x, fitted.y, weights, family, start=beta, offset=offset)
        return means(weights, one.beta) if one.converged else np.full(len(asked), np.nan)

    predicted = each(beta)
    value = weight @ predicted / weight.sum()
    own = (predicted - value) / weight.sum()
    slopes = np.zeros((fitted.x.shape[1], len(asked)))
    for place, parts in enumerate(asked):
        for c, x in parts:
            slopes[:, place] += c * ((weight * family.slope(x @ beta + offset)) @ x) / weight.sum()
    scores = (fitted.x * fitted.fit.score[:, None]) @ fitted.fit.bread @ slopes
    conditional = slopes.T @ fitted.covariance.matrix @ slopes
    return Averages(
        value=value,
        joint=covariance(data, own + scores, again, value).matrix,
        separate=covariance(data, own, lambda w: means(w, beta), value).matrix + conditional,
        conditional=conditional,
    )
