"""How many degrees of freedom a variance has of its own, where the estimate rests on few of the units that were drawn.

Units less strata count who was asked. An outcome that is met in four units of 133 gives its variance four units' worth of
information, and the limits are too low. Everything here comes from the totals of units; no row is read again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import sparse

from fl_estimate.design.calibrated import CalibrationResidual
from fl_estimate.design.sample import SampleStages, Stage
from fl_estimate.design.small_table import Codes, Floats, cached_blocks
from fl_estimate.design.variance import (
    Statistic,
    added_by_stratum,
    distances_from_means,
    influence_of_units,
    is_full,
    scale_of,
)

FEWEST = 4
"""Units of a stratum from which its fourth moment can be estimated without bias."""
CODES = 20_000_000
"""Strata × columns up to which both are one code of a table; more are looked up."""


def effective_df(
    sample: SampleStages,
    statistics: Sequence[Statistic],
    weighted: Floats,
    calibrated: CalibrationResidual | None = None,
    powers: Sequence[Floats | None] = (),
    distances: Sequence[Floats | None] = (),
) -> Floats:
    """Satterthwaite's degrees of freedom of every variance: 2 V²/v̂(V), shape (columns,).

    Parameters
    ----------
    sample : Sample
    statistics : sequence of Statistic
    weighted : array, shape (groups, values)
        Σ w t_j of each group.
    calibrated : Residual, optional
        What known totals explain of the influences.
    powers : sequence of array, shape (4, groups), or None
        Where every row is a unit: Σ z, Σ z², Σ z³, Σ z⁴ over the rows of each group, z the influence of a row, for each
        statistic; None where they were not summed.
    distances : sequence of array, shape (units, columns), or None
        Of each stage, `distances_from_means` where the variances were made of them; written over.

    Returns
    -------
    array, shape (columns,)
        NaN where every row is a unit and its powers were not summed, and where there is no variance; infinite where nothing is
        learnt about how the variance varies. Not yet cut at units less strata.

    Notes
    -----
    Of a stratum of n units with d_i = √c (z_i − z̄), c the factor of its sum of squares, V_h = Σ d_i², and with the
    k-statistics k₂ = V_h/(n − 1) and k₄ of the d_i

        v̂(V_h) = (n − 1)² (2 n k₂² + (n − 1) k₄) / (n (n + 1)),

    unbiased whatever the distribution of the units is (n ≥ 4). With normal units k₄ is about 0 and 2 V_h²/v̂ about n + 1.
    With k equal units that are not 0 it is 2k: twice the units with a case. Strata of two or three units tell nothing of
    their fourth moment. Together they have the larger of Σ 2 V_h²/(n_h + 1), as if normal, and of H/(H − 1) Σ (V_h − V̄)²
    over the H of them with a row in the domain, which is too large where their variances differ (and then the degrees of
    freedom are too few, never too many). Stages are added up; a stage drawn with unequal probabilities, or of two phases, is
    taken by this formula too, since of it only the ratio counts.

    References
    ----------
    Satterthwaite (1946), Biometrics Bulletin 2(6), 110-114. Kendall and Stuart (1977), The Advanced Theory of
    Statistics 1, ch. 12 (the variance of k₂). Johnson and Rust (1992), Proceedings of the Survey Research Methods
    Section, ASA, 863-866, and Kott (1994), same Proceedings, 359-364 (strata of two units).
    """
    columns = sum(len(statistic.coefficients) for statistic in statistics)
    if sample.rows_are_units:
        given = powers or [None] * len(statistics)
        return np.concatenate([_of_rows(sample.stages[0], s, p) for s, p in zip(statistics, given, strict=True)])
    variance, spread = np.zeros(columns), np.zeros(columns)
    for position, drawn in enumerate(sample.stages):
        # Of two phases the strata are the second's, and there is no stage before.
        stage = drawn if drawn.form is None else replace(drawn, multiplier=np.ones(len(drawn.size)))
        away = distances[position] if distances else None
        if away is None and calibrated is None and is_full(stage, statistics, joint=False):
            away = distances_from_means(stage, statistics, weighted)
        if away is None:
            influence = influence_of_units(stage, statistics, weighted, calibrated)
            result = _by_stratum(stage, influence, columns)
        else:
            result = _of_distances(stage, statistics, away)
        variance += np.bincount(result.column, weights=result.squares, minlength=columns)
        spread += result.spread(columns)
    return _satterthwaite(variance, spread)


def _satterthwaite(variance: Floats, spread: Floats) -> Floats:
    """2 V²/v̂(V)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(variance > 0, np.where(spread > 0, 2 * variance**2 / spread, np.inf), np.nan)


def _of_rows(stage: Stage, statistic: Statistic, powers: Floats | None) -> Floats:
    """The same of one statistic where every row is a unit: moments about the means of strata from those about 0."""
    columns = len(statistic.coefficients)
    if powers is None:
        return np.full(columns, np.nan)
    strata, size = stage.unit, len(stage.size) * columns
    code = strata * columns + statistic.domain
    first, second, third, fourth = (np.bincount(code, weights=power, minlength=size) for power in powers)
    h, c = np.divmod(np.arange(size), columns)
    n, scale = stage.size[h], scale_of(stage)[h]
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = first / n
    squares = np.maximum(second - n * mean**2, 0.0)
    fourth = np.maximum(fourth - 4 * mean * third + 6 * mean**2 * second - 3 * n * mean**4, 0.0)
    met = np.bincount(code, weights=statistic.met, minlength=size) > 0
    kept = met & (scale > 0) & (n > 1)
    result = _StratumMoments(
        column=c[kept], size=n[kept], squares=(scale * squares)[kept], fourth=(scale**2 * fourth)[kept]
    )
    variance = np.bincount(result.column, weights=result.squares, minlength=columns)
    return _satterthwaite(variance, result.spread(columns))


def variance_of_squares(n: Floats, squares: Floats, fourth: Floats) -> Floats:
    """The estimated variance of Σ d² over n units of a stratum, from Σ d² and Σ d⁴; as if normal where n < 4."""
    with np.errstate(divide="ignore", invalid="ignore"):
        k4 = n * ((n + 1) * fourth - 3 * (n - 1) * squares**2 / n) / ((n - 1) * (n - 2) * (n - 3))
        any_units = (2 * n * squares**2 + (n - 1) ** 3 * k4) / (n * (n + 1))
        return np.where(n >= FEWEST, any_units, 2 * squares**2 / (n + 1))


@dataclass(frozen=True, kw_only=True)
class _StratumMoments:
    """Each stratum in each column where it has a unit with a row: its size, Σ d² and Σ d⁴; shape (pairs,) all of them."""

    column: Codes
    size: Floats
    squares: Floats
    fourth: Floats

    def spread(self, columns: int) -> Floats:
        """The estimated variance of the variance, by column."""
        n, v = self.size, self.squares
        large, own = n >= FEWEST, variance_of_squares(n, v, self.fourth)

        def added(values: Floats, where: npt.NDArray[np.bool_]) -> Floats:
            return np.bincount(self.column[where], weights=values[where], minlength=columns)

        few, strata = n < FEWEST, added(np.ones(len(n)), n < FEWEST)
        with np.errstate(divide="ignore", invalid="ignore"):
            between = (added(v**2, few) - added(v, few) ** 2 / strata) * strata / (strata - 1)
        return added(own, large) + np.fmax(added(own, few), np.where(strata > 1, between, 0.0))


def _of_distances(stage: Stage, statistics: Sequence[Statistic], away: Floats) -> _StratumMoments:
    """Central moments of the units of each stratum that is met in a column, from their distances, which are written over."""
    squares = added_by_stratum(stage, np.square(away, out=away))
    fourth = added_by_stratum(stage, np.square(away, out=away))
    met, start = np.zeros(squares.shape, dtype=bool), 0
    for statistic in statistics:
        if len(statistic.coefficients) == 1:
            met[stage.stratum, start] = True
        for part in cached_blocks(len(stage.unit)) if len(statistic.coefficients) > 1 else ():
            place = stage.stratum[stage.unit[part]] * met.shape[1] + start
            place += statistic.domain[part]
            met.reshape(-1)[place] = True
        start += len(statistic.coefficients)
    met &= ((scale_of(stage) > 0) & (stage.size > 1))[:, None]
    h, c = np.nonzero(met)
    return _StratumMoments(column=c, size=stage.size[h], squares=squares[met], fourth=fourth[met])


def _by_stratum(stage: Stage, influence: sparse.csc_array, columns: int) -> _StratumMoments:
    """Central moments of the units of each stratum that is met in a column; strata without a variance are left out."""
    column = np.repeat(np.arange(columns), np.diff(influence.indptr))
    stratum = stage.stratum[influence.indices]
    code = stratum * columns + column
    dense = len(stage.size) * columns <= CODES
    pairs, position = (np.arange(len(stage.size) * columns), code) if dense else np.unique(code, return_inverse=True)
    met = np.bincount(position, minlength=len(pairs))
    h, c = np.divmod(pairs, columns)
    size = stage.size[h]
    mean = np.bincount(position, weights=influence.data, minlength=len(pairs)) / size
    away = (influence.data - mean[position]) ** 2
    # Units without a row of the domain are not stored; each stands at zero.
    rest = size - met
    squares = np.bincount(position, weights=away, minlength=len(pairs)) + rest * mean**2
    fourth = np.bincount(position, weights=away**2, minlength=len(pairs)) + rest * mean**4
    scale = scale_of(stage)[h]
    kept = (met > 0) & (scale > 0) & (size > 1)
    return _StratumMoments(
        column=c[kept], size=size[kept], squares=(scale * squares)[kept], fourth=(scale**2 * fourth)[kept]
    )  # fmt: skip
