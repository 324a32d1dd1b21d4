"""Two-way tables of people: Pearson's X² with Rao and Scott's corrections, and Wald's test of the residuals."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from fl_estimate.design.chi_square_sums import saddlepoint, tail
from fl_estimate.design.small_table import Codes, Floats
from fl_estimate.estimators.survey.models.model_data import ModelData
from fl_estimate.estimators.survey.models.model_terms import wald
from fl_estimate.estimators.survey.models.model_variance import covariance


@dataclass(frozen=True, kw_only=True)
class TwoWayTable:
    """A two-way table of patterns."""

    data: ModelData
    rows: Codes
    columns: Codes
    shape: tuple[int, int]

    @property
    def cell(self) -> Codes:
        return self.rows * self.shape[1] + self.columns

    def totals(self, weight: Floats) -> Floats:
        return np.bincount(self.cell, weights=weight, minlength=self.shape[0] * self.shape[1]).reshape(self.shape)


Found = tuple[float, float, tuple[float, ...]]


def pearson(table: TwoWayTable, freedom: float, statistic: str) -> tuple[Found, Floats]:
    """Statistic, p-value and degrees of freedom of Pearson's X² in the form asked for, and the design effects."""
    from scipy import stats

    data, (r, c) = table.data, table.shape
    weight = data.pattern_weight
    share = table.totals(weight) / weight.sum()
    expected = np.outer(share.sum(axis=1), share.sum(axis=0))
    square = float(data.rows * ((share - expected) ** 2 / expected).sum())
    flat = share.ravel()
    member = (table.cell[:, None] == np.arange(r * c)).astype(float)
    v = covariance(
        data, (member - flat) / weight.sum(), lambda w: table.totals(w).ravel() / w.sum(), flat
    ).matrix  # fmt: skip
    contrasts = _interaction(r, c)
    inverse = np.where(flat > 0, 1 / np.where(flat > 0, flat, 1.0), 0.0)[:, None] * contrasts
    simple = contrasts.T @ (inverse / data.rows)
    delta = np.linalg.eigvals(np.linalg.solve(simple, inverse.T @ v @ inverse)).real
    delta = np.sort(np.maximum(delta, 0.0))[::-1]
    if not freedom > 0 or not delta.sum() > 0:
        return (square, math.nan, ()), delta
    q, d = float(len(delta)), float(delta.sum() ** 2 / (delta**2).sum())
    if statistic == "Chisq":
        return (square, float(stats.chi2.sf(square / delta.mean(), q)), (q,)), delta
    if statistic == "F":
        scaled = square / float(delta.sum())
        return (scaled, float(stats.f.sf(scaled, d, d * freedom)), (d, d * freedom)), delta
    used = delta[delta > 0]
    p_value = (tail if statistic == "lincom" else saddlepoint)(square, used, d * freedom)
    return (square, p_value, ()), delta


def _interaction(r: int, c: int) -> Floats:
    """Contrasts of cells that are orthogonal to rows and columns: products of deviations, (r·c) × (r − 1)(c − 1)."""
    deviation = [np.eye(k)[:, 1:] - 1 / k for k in (r, c)]
    return np.asarray(np.kron(*deviation), dtype=float)


def wald_of_table(table: TwoWayTable, freedom: float, *, adjusted: bool) -> Found:
    """Statistic, p-value and degrees of freedom of Wald's test of the residuals."""
    data, (r, c) = table.data, table.shape
    q = (r - 1) * (c - 1)

    def residual(weight: Floats) -> Floats:
        totals = table.totals(weight)
        apart = totals - np.outer(totals.sum(axis=1), totals.sum(axis=0)) / totals.sum()
        return apart[1:, 1:].ravel()

    totals = table.totals(data.pattern_weight)
    n, by_row, by_column = totals.sum(), totals.sum(axis=1), totals.sum(axis=0)
    influence = np.empty((len(table.cell), q))
    for position in range(q):
        i, j = position // (c - 1) + 1, position % (c - 1) + 1
        in_row, in_column = (table.rows == i).astype(float), (table.columns == j).astype(float)
        influence[:, position] = (
            in_row * in_column - by_column[j] / n * in_row - by_row[i] / n * in_column + by_row[i] * by_column[j] / n**2
        )
    value = residual(data.pattern_weight)
    v = covariance(data, influence, lambda weight: weight @ influence, value).matrix
    statistic, p_value, df = wald(value, v, freedom)
    if not adjusted:
        return statistic, p_value, df
    from scipy import stats

    left = freedom - q + 1
    statistic = statistic * left / freedom if freedom > 0 and left > 0 else math.nan
    return statistic, float(stats.f.sf(statistic, q, left)) if left > 0 else math.nan, (float(q), float(left))
