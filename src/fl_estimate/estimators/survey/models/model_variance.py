"""Covariance of statistics of a model: linearised over the sampling units, or repeated under every replicate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from fl_estimate.design.calibrated import (
    CalibrationResidual,
    Influence,
    KnownStep,
    read_steps,
    replicate_factors,
    residual,
)
from fl_estimate.design.calibrated_sums import read_summed_steps, shows_sums, sum_of
from fl_estimate.design.replicates import AVERAGED, Scaling, deviations, multiplier_rows
from fl_estimate.design.sample import SampleStages
from fl_estimate.design.small_table import Floats
from fl_estimate.design.variance import Statistic, taylor
from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.survey.domain_query import Measure
from fl_estimate.estimators.survey.domain_table import tabulate
from fl_estimate.estimators.survey.models.model_data import ModelData
from fl_estimate.estimators.survey.replicated import least_df
from fl_estimate.estimators.survey.targets import make_targets
from fl_estimate.inputs.replicates import Replicates, UnitReplicates

InfluenceSums = Callable[[tuple[str, ...]], Floats]
BLOCK = 4_000_000
"""Numbers of patterns × replicates that are made at once (32 MB)."""


@dataclass(frozen=True, kw_only=True)
class Covariance:
    """A covariance matrix, and of how many replicates it is made, how many of them gave no value."""

    matrix: Floats
    replicates: int = 0
    lost: int = 0


def covariance(data: ModelData, influence: Floats, again: Callable[[Floats], Floats], value: Floats) -> Covariance:
    """Covariance of a vector of statistics.

    Parameters
    ----------
    data : ModelData
    influence : array, shape (patterns, p)
        Influence of a person of each pattern, without its weight: the statistic is, to first order, Σ w × influence.
    again : function
        The statistics from other weights of the patterns (shape (patterns,)), NaN where they have none.
    value : array, shape (p,)
        The statistics themselves.
    """
    if data.call.people.design.replicates is None:
        return Covariance(matrix=_taylor(data, influence))
    return _repeated(data, again, value)


def degrees_of_freedom(data: ModelData, *, rule: str | float) -> float:
    """Units less strata, among those with a row that counts ("domain") or of all ("design"); or as given."""
    if not isinstance(rule, str):
        return float(rule)
    own = data.call.people.design.replicates
    if isinstance(own, Replicates):
        return _rank_df(data, rule) if own.df is None else own.df
    first, sample = data.sample.stages[0], data.sample
    if sample.df is not None and rule == "design":
        return sample.df
    met = data.at if rule == "domain" else np.flatnonzero(data.table.n > 0)
    strata = len(np.unique(first.stratum[first.unit[met]]))
    units = data.table.n[met].sum() if sample.rows_are_units else len(np.unique(first.unit[met]))
    if rule == "domain" and sample.rows_are_units:
        units = data.n.sum()
    df = float(units - strata)
    return least_df(min(df, own.df), data.table, data.call.people) if isinstance(own, UnitReplicates) else df


def _taylor(data: ModelData, influence: Floats) -> Floats:
    sample, units = _condensed(data)
    p = influence.shape[1]
    shape = (int(units.max()) + 1, len(data.patterns))
    of = units[data.at]
    weighted = sparse.csr_array((data.weight, (of, data.pattern)), shape) @ influence
    moments = None
    if sample.rows_are_units:
        squares = sparse.csr_array((data.square, (of, data.pattern)), shape)
        moments = np.empty((shape[0], p, p))
        for j in range(p):
            for k in range(j, p):
                moments[:, j, k] = moments[:, k, j] = squares @ (influence[:, j] * influence[:, k])
    return _linearised(data, (sample, units), np.asarray(weighted), moments, _calibrated(data, influence, units))


def taylor_of_sums(data: ModelData, sums: InfluenceSums, squares: Floats | None) -> Floats:
    """The covariance of statistics of which the influences were summed where the rows are.

    Parameters
    ----------
    data : ModelData
    sums : function
        Σ w × influence by group of the table, shape (groups, p); times further row columns where any are named.
    squares : array, shape (groups, p, p), or None
        Σ w² × products of influences, where rows are the sampling units.
    """
    sample, units = _condensed(data)
    to = sparse.csr_array((np.ones(len(units)), (units, np.arange(len(units)))), (int(units.max()) + 1, len(units)))
    weighted = np.asarray(to @ sums(()))
    p = int(np.shape(weighted)[-1])
    moments = None if squares is None else np.asarray(to @ squares.reshape(len(squares), -1)).reshape(-1, p, p)
    calibrated = None
    if data.call.people.design.calibrations:
        own: list[Influence] = [lambda extra, j=j: sums(extra)[:, j] for j in range(p)]
        calibrated = _residual_of(data, own, units)
    return _linearised(data, (sample, units), weighted, moments, calibrated)


def _linearised(
    data: ModelData,
    condensed: tuple[SampleStages, np.ndarray],
    weighted: Floats,
    moments: Floats | None,
    calibrated: CalibrationResidual | None,
) -> Floats:
    sample, units = condensed
    met = np.bincount(units[data.at], minlength=len(weighted)) > 0
    nation = np.zeros(len(weighted), dtype=np.int64)
    p = weighted.shape[1]
    statistics = [Statistic(domain=nation, coefficients=np.eye(p)[j][None, :], met=met) for j in range(p)]
    design = data.call.people.design
    result = taylor(
        sample, statistics, weighted, moments, single_psu=design.single_psu, joint=True,
        in_domain=design.single_psu_scope == "domain", calibrated=calibrated,
    )  # fmt: skip
    if result.covariance is None:
        raise AssertionError("the covariance was asked for")
    return result.covariance


def _calibrated(data: ModelData, influence: Floats, units: np.ndarray) -> CalibrationResidual | None:
    """What known totals explain of the influences, with the groups of the table added up to `units`."""
    if not data.call.people.design.calibrations:
        return None
    return _residual_of(data, [_influence_of(data, column) for column in influence.T], units)


def _residual_of(data: ModelData, influences: Sequence[Influence], units: np.ndarray) -> CalibrationResidual:
    design, groups = data.call.people.design, len(data.table.n)
    nation = np.zeros(groups, dtype=np.int64)
    steps: Sequence[KnownStep] = (
        read_summed_steps(data.table, design.calibrations)
        if shows_sums(data.table)
        else read_steps(data.table, design.calibrations)
    )
    whole = residual(steps, [(nation, influence, 1) for influence in influences])
    to = sparse.csr_array((np.ones(groups), (units, np.arange(groups))), (int(units.max()) + 1, groups))
    return CalibrationResidual(features=np.asarray(to @ whole.features), coefficients=whole.coefficients)


def _influence_of(data: ModelData, one: Floats) -> Influence:
    """Σ of the influences on one statistic of each group; times further columns where the table has such sums."""

    def influence(extra: tuple[str, ...]) -> Floats:
        summed = np.zeros(len(data.table.n))
        summed[data.at] = sum_of(data.table, ("w", "r"), extra)[data.at] * one[data.pattern]
        return summed

    return influence


def _condensed(data: ModelData) -> tuple[SampleStages, np.ndarray]:
    """The sample with one group a unit of its last stage, and that unit of every group of the table."""
    last = data.sample.stages[-1].unit
    codes, first, units = np.unique(last, return_index=True, return_inverse=True)
    del codes
    stages = tuple(replace(stage, unit=stage.unit[first]) for stage in data.sample.stages)
    return replace(data.sample, stages=stages), units


def _repeated(data: ModelData, again: Callable[[Floats], Floats], value: Floats) -> Covariance:
    own = data.call.people.design.replicates
    groups = len(data.pattern)
    to = sparse.csr_array((np.ones(groups), (data.pattern, np.arange(groups))), (len(data.patterns), groups))
    if isinstance(own, UnitReplicates):
        count, rscales = own.multipliers.shape[1], own.rscales
    elif isinstance(own, Replicates):
        count, rscales = len(own.columns), np.array(own.rscales)
    else:
        raise AssertionError("this design has no replicates")
    weights = _replicate_weights(data)
    width = max(1, BLOCK // max(groups, len(data.patterns)))
    theta = np.empty((count, len(value)))
    for start in range(0, count, width):
        part = slice(start, min(start + width, count))
        for position, column in enumerate(np.asarray(to @ weights(part)).T):
            theta[start + position] = again(column)
    lost = int((~np.isfinite(theta)).any(axis=1).sum())
    theta[~np.isfinite(theta).all(axis=1)] = np.nan
    if lost == count:
        raise EstimateFault(
            "FL-EST-238", "no replicate gave a value", found=f"{count} replicates",
            fix='use linearisation: variance="taylor"',
        )  # fmt: skip
    scaling = Scaling(scale=own.scale, rscales=rscales, centre=own.centre, averaged=own.kind in AVERAGED)
    away = deviations(theta, value, scaling)
    return Covariance(matrix=away.T @ away, replicates=count, lost=lost)


def _replicate_weights(data: ModelData) -> Callable[[slice], Floats]:
    """Weights of the groups who count under a slice of the replicates, each calibrated where the sample's were."""
    design = data.call.people.design
    own, from_file = design.replicates, data.replicate_weights
    if from_file is not None:
        return lambda part: from_file[:, part]
    if not isinstance(own, UnitReplicates):
        raise AssertionError("this design has no replicates")
    rows = multiplier_rows(data.table, own)[data.at]
    steps = read_steps(data.table, design.calibrations)

    def weights(part: slice) -> Floats:
        made = data.weight[:, None] * own.multipliers[rows, part]
        return made * replicate_factors(steps, part)[data.at] if steps else made

    return weights


def _rank_df(data: ModelData, rule: str) -> float:
    """The rank of the replicate weights of a file, less 1: as for the mean of a column of the same people."""
    call = data.call
    targets = make_targets(
        call.people.schema,
        [str(call.people.design.weights)],
        where=call.where,
        unknown="exclude",
        weights=call.people.design.weights,
    )
    target = targets.targets[0]
    table = tabulate(call.people, targets, [Measure(target=target, top=target.value, bottom=target.counted)])
    return float(table.cells[0].df[0]) if rule == "domain" else table.design_df
