"""Averages over people of what a model predicts for them: as they are, or all in one class, or a little older. Arrays only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fl_estimate.design.small_table import Floats
from fl_estimate.estimators.survey.models.fitted_model import Fitted
from fl_estimate.estimators.survey.models.model_variance import covariance

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


def averages(fitted: Fitted, requested: Sequence[Parts]) -> Averages:
    """θ_jk = Σ w Σ_i c_i μ_k(x_i)/Σ w over the people counted, for each j asked for and each outcome k of the model, k within j.

    Parameters
    ----------
    fitted : FittedModel or FittedClasses
    requested : sequence of Parts
    """
    data = fitted.data
    weight, beta = data.pattern_weight, fitted.beta

    def each(beta: Floats) -> Floats:
        sums = [sum(c * fitted.means(beta, x) for c, x in parts) for parts in requested]
        return np.hstack([np.asarray(one, dtype=float) for one in sums])

    def means(weights: Floats, beta: Floats) -> Floats:
        return weights @ each(beta) / weights.sum()

    def again(weights: Floats) -> Floats:
        one = fitted.again(weights)
        return means(weights, one) if np.isfinite(one).all() else np.full(len(value), np.nan)

    predicted = each(beta)
    value = weight @ predicted / weight.sum()
    own = (predicted - value) / weight.sum()
    slopes = np.vstack([
        np.asarray(sum(c * fitted.slopes(beta, x, weight) for c, x in parts), dtype=float) / weight.sum() for parts in requested
    ]).T  # fmt: skip
    conditional = slopes.T @ fitted.covariance.matrix @ slopes
    return Averages(
        value=value,
        joint=covariance(data, own + fitted.influence @ slopes, again, value).matrix,
        separate=covariance(data, own, lambda w: means(w, beta), value).matrix + conditional,
        conditional=conditional,
    )
