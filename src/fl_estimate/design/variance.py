"""Taylor variance of linear statistics, from the small table: every stage, every domain, all at once.

A statistic of a domain is, to first order, a sum over the people of weight × a linear combination of a few row
values (its influence). Its variance is the sum over stages of

    Σ_h multiplier_h (1 − f_h) n_h/(n_h − 1) Σ_i (z_hi − z̄_h)²,      z_hi = the influence summed over unit i

where units without a member of the domain enter with z = 0 (methods: Särndal, Swensson & Wretman 1992, ch. 4 and 5).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from fl_estimate.design import pps
from fl_estimate.design.calibrated import CalibrationResidual
from fl_estimate.design.sample import CENSUS, SampleStages, Stage
from fl_estimate.design.small_table import CACHED, Codes, Floats, cached_blocks


@dataclass(frozen=True, kw_only=True)
class Statistic:
    """One statistic for every domain of a margin.

    Attributes
    ----------
    domain : int array, shape (groups,)
        Domain of each group of the small table.
    coefficients : array, shape (domains, values)
        The influence of a person is weight × coefficients[domain] · (its row values).
    met : bool array, shape (groups,)
        Whether a group has a person in scope; used where the rule for single units looks at the domain.
    """

    domain: Codes
    coefficients: Floats
    met: npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Variance:
    """Variances of all statistics laid end to end, and their covariance where it was asked for.

    `lossy` marks a variance in which cancellation may have cost more than six digits (rows as units only). `distances` are those
    of `distances_from_means`, by stage, where they were made.
    """

    diagonal: Floats
    covariance: Floats | None
    lossy: npt.NDArray[np.bool_]
    distances: tuple[Floats | None, ...] = ()


def taylor(
    sample: SampleStages,
    statistics: Sequence[Statistic],
    weighted: Floats,
    moments: Floats | None,
    *,
    single_psu: str,
    joint: bool,
    in_domain: bool = False,
    calibrated: CalibrationResidual | None = None,
) -> Variance:
    """Variance of every statistic in every domain.

    Parameters
    ----------
    sample : Sample
    statistics : sequence of Statistic
    weighted : array, shape (groups, values)
        Σ w t_j of each group.
    moments : array, shape (groups, values, values), or None
        Σ w² t_j t_k of each group; needed where rows are the units.
    single_psu : str
        The design's rule for strata of a single unit.
    joint : bool
        Whether to give the covariance between all statistics.
    in_domain : bool
        Whether ``adjust`` and ``average`` also look at first-stage units that are the only ones of their stratum with
        a row in the domain.
    calibrated : Residual, optional
        What known totals explain of the influences, where weights were calibrated to such; rows are no units then.
    """
    if sample.rows_are_units:
        if moments is None:
            raise AssertionError("second moments are needed where rows are the units")
        return _rows_as_units(sample.stages[0], statistics, weighted, moments, single_psu, joint=joint)
    columns = sum(len(statistic.coefficients) for statistic in statistics)
    diagonal, covariance = np.zeros(columns), np.zeros((columns, columns)) if joint else None
    distances: list[Floats | None] = [None] * len(sample.stages)
    for position, stage in enumerate(sample.stages):
        if stage.form is not None:
            influence = influence_of_units(stage, statistics, weighted, calibrated)
            diagonal += stage.form.diagonal(influence)
            if covariance is not None:
                covariance += stage.form.covariance(influence)
            continue
        if stage.pps is not None:
            influence = influence_of_units(stage, statistics, weighted, calibrated)
            diagonal += pps.between(stage.pps, stage.stratum, influence)
            if covariance is not None:
                covariance += pps.covariance(stage.pps, stage.stratum, influence)
            continue
        lone = _alone_in_domain(stage, statistics) if in_domain and position == 0 else None
        if calibrated is None and lone is None and not stage.single.any() and is_full(stage, statistics, joint=joint):
            away = distances[position] = distances_from_means(stage, statistics, weighted)
            diagonal += np.einsum("uc,uc->c", away, away)
            if covariance is not None:
                covariance += away.T @ away
            continue
        inflation, far = np.ones(columns), np.zeros((0, columns))
        influence = influence_of_units(stage, statistics, weighted, calibrated)
        if single_psu == "average":
            inflation = _average(stage, statistics, lone, first=position == 0)
            influence = influence if lone is None else _without(stage, influence, lone)
        elif single_psu == "adjust" and position == 0:
            far = _distance_from_all(stage, influence, lone)
        scale = scale_of(stage)
        diagonal += _between(stage, influence, scale) * inflation + (far**2).sum(axis=0)
        if covariance is not None:
            root = np.sqrt(inflation)
            covariance += _covariance(stage, influence, scale) * np.outer(root, root) + far.T @ far
    if covariance is not None:
        np.fill_diagonal(covariance, diagonal)
    lossy = np.zeros(columns, dtype=bool)
    return Variance(diagonal=diagonal, covariance=covariance, lossy=lossy, distances=tuple(distances))


DENSE = 4_000_000
"""Cells of units × columns up to which influences are a full matrix where a covariance is wanted (32 MB)."""


def is_full(stage: Stage, statistics: Sequence[Statistic], *, joint: bool) -> bool:
    """Whether influences are better kept as a full matrix than by unit and domain."""
    cells = len(stage.stratum) * sum(len(statistic.coefficients) for statistic in statistics)
    return cells <= DENSE and (joint or 4 * len(stage.unit) * len(statistics) > cells)


def distances_from_means(stage: Stage, statistics: Sequence[Statistic], weighted: Floats) -> Floats:
    """How far the influence of each unit lies from the mean of its stratum, scaled: squares of it add up to variances.

    Returns
    -------
    array, shape (units, columns)
        √(multiplier (1 − f) n/(n − 1)) (z − z̄).
    """
    full = _full_influence(stage, statistics, weighted)
    mean = added_by_stratum(stage, full) / stage.size[:, None]
    root = np.sqrt(scale_of(stage))[stage.stratum]
    step = max(1, CACHED // full.shape[1])
    for start in range(0, len(full), step):
        part = full[start : start + step]
        part -= mean[stage.stratum[start : start + step]]
        part *= root[start : start + step, None]
    return full


def added_by_stratum(stage: Stage, values: Floats) -> Floats:
    """Values of units × columns added up within strata, in the order of the units."""
    units = np.arange(len(values))
    member = sparse.csr_array((np.ones(len(values)), (stage.stratum, units)), (len(stage.size), len(values)))
    return member @ values


def _full_influence(stage: Stage, statistics: Sequence[Statistic], weighted: Floats) -> Floats:
    """As `influence_of_units`, with a place for every unit and column."""
    columns = sum(len(statistic.coefficients) for statistic in statistics)
    full, start = np.zeros((len(stage.stratum), columns)), 0
    for statistic in statistics:
        for part in cached_blocks(len(stage.unit)):
            domain, position = statistic.domain[part], stage.unit[part] * columns + start
            one, values = len(statistic.coefficients) == 1, np.zeros(len(domain))
            # Terms are added one by one: a fused sum of y·1/Σw − ȳ·1/Σw would leave 1e-16 where there is nothing.
            for coefficient, summed in zip(statistic.coefficients.T, weighted[part].T, strict=True):
                term = coefficient[:1] if one else coefficient[domain]
                values += np.multiply(summed, term, out=None if one else term)
            if not one:
                position += domain
            np.add.at(full.reshape(-1), position, values)
        start += len(statistic.coefficients)
    return full


def scale_of(stage: Stage) -> Floats:
    """Give multiplier (1 − f) n/(n − 1) by stratum; 0 where the stratum was taken whole or has a single unit."""
    rest = np.where(1 - stage.fraction < CENSUS, 0.0, 1 - stage.fraction)
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = stage.multiplier * rest * stage.size / (stage.size - 1)
    return np.where(stage.size > 1, scale, 0.0)


def influence_of_units(
    stage: Stage, statistics: Sequence[Statistic], weighted: Floats, calibrated: CalibrationResidual | None = None
) -> sparse.csc_array:
    """Influence summed over units: units × (statistics laid end to end), less what known totals explain of it."""
    data, rows, columns, start = list[Floats](), list[Codes](), list[Codes](), 0
    for statistic in statistics:
        data.append(np.einsum("gj,gj->g", statistic.coefficients[statistic.domain], weighted))
        rows.append(stage.unit)
        columns.append(statistic.domain + start)
        start += len(statistic.coefficients)
    shape = (len(stage.stratum), start)
    # Entries of the same unit and column are added up.
    influence = sparse.csc_array((np.concatenate(data), (np.concatenate(rows), np.concatenate(columns))), shape)
    return influence if calibrated is None else _residuals(stage, influence, calibrated)


def _residuals(stage: Stage, influence: sparse.csc_array, calibrated: CalibrationResidual) -> sparse.csc_array:
    """Influences less what the known totals explain; every unit has a part in every domain then."""
    summed = [
        np.bincount(stage.unit, weights=feature, minlength=len(stage.stratum)) for feature in calibrated.features.T
    ]
    return sparse.csc_array(influence.toarray() - np.stack(summed, axis=1) @ calibrated.coefficients)


def _between(stage: Stage, influence: sparse.csc_array, scale: Floats) -> Floats:
    """Scaled sum of squares about the stratum means, by column, centred before squaring so that no digits are lost."""
    columns = len(influence.indptr) - 1
    column = np.repeat(np.arange(columns), np.diff(influence.indptr))
    stratum = stage.stratum[influence.indices]
    pairs, position = np.unique(stratum * columns + column, return_inverse=True)
    h, c = np.divmod(pairs, columns)
    met = np.bincount(position, minlength=len(pairs))
    mean = np.bincount(position, weights=influence.data, minlength=len(pairs)) / stage.size[h]
    # Where no influence is stored (nobody is a case) numpy counts in whole numbers.
    squares = np.bincount(position, weights=(influence.data - mean[position]) ** 2, minlength=len(pairs)).astype(
        np.float64
    )
    # Units without a member of the domain are not stored; each stands at zero, (0 − mean)² from the mean.
    squares += (stage.size[h] - met) * mean**2
    return np.bincount(c, weights=squares * scale[h], minlength=columns)


def _covariance(stage: Stage, influence: sparse.csc_array, scale: Floats) -> Floats:
    strata = len(stage.size)
    columns = len(influence.indptr) - 1
    if len(stage.stratum) * columns <= DENSE:
        full = influence.toarray()
        added = np.zeros((strata, columns))
        np.add.at(added, stage.stratum, full)
        full -= (added / stage.size[:, None])[stage.stratum]
        return full.T @ (scale[stage.stratum][:, None] * full)
    member = sparse.csr_array(
        (np.ones(len(stage.stratum)), (stage.stratum, np.arange(len(stage.stratum)))), (strata, len(stage.stratum))
    )
    sums = sparse.csc_array(member @ influence)
    scaled = sparse.diags_array(scale[stage.stratum]) @ influence
    mean = sparse.diags_array(scale / stage.size) @ sums
    return np.asarray((influence.T @ scaled - sums.T @ mean).toarray())


def _alone_in_domain(stage: Stage, statistics: Sequence[Statistic]) -> npt.NDArray[np.bool_]:
    """Strata of several units of which one alone has a row in the domain; strata × columns."""
    parts: list[npt.NDArray[np.bool_]] = []
    for statistic in statistics:
        domains = len(statistic.coefficients)
        pairs = np.unique(stage.unit[statistic.met] * domains + statistic.domain[statistic.met])
        unit, domain = np.divmod(pairs, domains)
        met = np.zeros((len(stage.size), domains))
        np.add.at(met, (stage.stratum[unit], domain), 1)
        parts.append((met == 1) & (stage.size > 1)[:, None])
    return np.concatenate(parts, axis=1)


def _without(stage: Stage, influence: sparse.csc_array, lone: npt.NDArray[np.bool_]) -> sparse.csc_array:
    """The influence with nothing in the strata that have no variance of their own in a domain."""
    column = np.repeat(np.arange(len(influence.indptr) - 1), np.diff(influence.indptr))
    data = np.where(lone[stage.stratum[influence.indices], column], 0.0, influence.data)
    return sparse.csc_array((data, influence.indices, influence.indptr), influence.shape)


def _distance_from_all(
    stage: Stage, influence: sparse.csc_array, lone_in_domain: npt.NDArray[np.bool_] | None = None
) -> Floats:
    """single_psu="adjust": a lone unit's distance from the mean over all units, scaled; strata × columns.

    Where one unit of several is alone in the domain, Σ(z − c)² takes the place of Σ(z − z̄)²: n_h (z̄ − c)² is added.
    """
    lone = np.flatnonzero(stage.single[stage.stratum])
    grand = np.asarray(influence.sum(axis=0)).ravel() / stage.size.sum()
    h = stage.stratum[lone]
    root = np.sqrt(stage.multiplier[h] * (1 - stage.fraction[h]))
    far = root[:, None] * (influence.tocsr()[lone].toarray() - grand)
    if lone_in_domain is None:
        return far
    strata = np.flatnonzero(lone_in_domain.any(axis=1))
    rows = influence.tocsr()
    mean = np.stack([np.asarray(rows[stage.stratum == code].sum(axis=0)).ravel() for code in strata] or [grand * 0])
    mean = mean[: len(strata)] / stage.size[strata][:, None]
    root = np.sqrt(scale_of(stage)[strata] * stage.size[strata])
    return np.concatenate([far, root[:, None] * (mean - grand) * lone_in_domain[strata]])


def _average(
    stage: Stage,
    statistics: Sequence[Statistic],
    lone_in_domain: npt.NDArray[np.bool_] | None = None,
    *,
    first: bool,
) -> Floats:
    """single_psu="average": strata with a person of the domain, over those of them that have a variance.

    At later stages a lone unit is alone in the unit that holds it, and there is nothing to average: not known (NaN,
    as R survey has it).
    """
    parts: list[Floats] = []
    start = 0
    for statistic in statistics:
        domains = len(statistic.coefficients)
        pairs = np.unique(stage.stratum[stage.unit][statistic.met] * domains + statistic.domain[statistic.met])
        h, d = np.divmod(pairs, domains)
        alone = stage.single[h]
        if lone_in_domain is not None:
            alone = alone | lone_in_domain[h, d + start]
        present = np.bincount(d, minlength=domains)
        counted = np.bincount(d[~alone], minlength=domains)
        known = counted > 0 if first else counted == present
        parts.append(np.where(known, present / np.maximum(counted, 1), np.where(present > 0, np.nan, 1.0)))
        start += domains
    return np.concatenate(parts)


def _rows_as_units(
    stage: Stage,
    statistics: Sequence[Statistic],
    weighted: Floats,
    moments: Floats,
    single_psu: str,
    *,
    joint: bool,
) -> Variance:
    """Every row a unit: Σz² and Σz within strata from the second moments of the groups."""
    strata, scale = stage.unit, scale_of(stage)
    influence = influence_of_units(stage, statistics, weighted)
    sums = influence.toarray()
    columns = sums.shape[1]
    # A lone row's own square is in the moments; rules that give it no weight have scale 0 there already.
    squares = [values * scale[strata] for values in _squares(statistics, moments)]
    sizes = [values * scale[strata] for values in _squares(statistics, moments, absolute=True)]
    between = sums**2 * (scale / stage.size)[:, None]
    diagonal = _by_domain(statistics, squares) - between.sum(axis=0)
    lossy = diagonal < 1e-6 * _by_domain(statistics, sizes)
    if lossy.any():
        diagonal[lossy] = _above_rounding(stage, statistics, squares, sizes, between)[lossy]
    diagonal = np.maximum(diagonal, 0.0)
    inflation = _average(stage, statistics, first=True) if single_psu == "average" else np.ones(columns)
    diagonal = diagonal * inflation
    grand = _distance_from_all(stage, influence) if single_psu == "adjust" else None
    if grand is not None:
        diagonal = diagonal + (grand**2).sum(axis=0)
    covariance = None
    if joint:
        root = np.sqrt(inflation)
        covariance = _cross_moments(statistics, moments, scale[strata]) - sums.T @ (
            (scale / stage.size)[:, None] * sums
        )
        covariance *= np.outer(root, root)
        if grand is not None:
            covariance += grand.T @ grand
        covariance[diagonal == 0] = covariance[:, diagonal == 0] = 0.0  # what does not vary varies with nothing
        np.fill_diagonal(covariance, diagonal)
    return Variance(diagonal=diagonal, covariance=covariance, lossy=lossy)


EPSILON = float(np.finfo(np.float64).eps)
MANY = 2**20
"""Rows up to which a sum is taken to have rounded at every one; with more of them its share of a variance would be seen."""


def _above_rounding(
    stage: Stage, statistics: Sequence[Statistic], squares: list[Floats], sizes: list[Floats], between: Floats
) -> Floats:
    """Variances of which each stratum's part is 0 where it is no larger than the rounding of the two sums it is the difference of.

    Where every row of a stratum has the same influence, Σz² − (Σz)²/n is 0 or 1e-16 of Σz², by the order in which they were added.
    """
    parts: list[Floats] = []
    start, shape = 0, len(stage.size)
    for statistic, square, size in zip(statistics, squares, sizes, strict=True):
        width = len(statistic.coefficients)
        pair = stage.unit * width + statistic.domain
        within, terms = (
            np.bincount(pair, weights=values, minlength=shape * width).reshape(shape, width)
            for values in (square, size)
        )
        left = within - between[:, start : start + width]
        # Equal terms added one by one round the same way each time: n times, not √n (Higham 2002, ch. 4).
        rounding = EPSILON * (8 + np.minimum(stage.size, MANY))[:, None] * terms
        parts.append(np.where(left <= rounding, 0.0, left).sum(axis=0))
        start += width
    return np.concatenate(parts)


def _squares(statistics: Sequence[Statistic], moments: Floats, *, absolute: bool = False) -> list[Floats]:
    """Σz² of each group, or with `absolute` the size of the terms that it is added up from."""
    size = np.abs if absolute else np.asarray
    of_rows = size(moments)
    parts: list[Floats] = []
    for statistic in statistics:
        a = size(statistic.coefficients[statistic.domain])
        parts.append(np.einsum("gj,gjk,gk->g", a, of_rows, a))
    return parts


def _by_domain(statistics: Sequence[Statistic], parts: list[Floats]) -> Floats:
    """Values of groups added up within domains, statistics laid end to end."""
    return np.concatenate([
        np.bincount(statistic.domain, weights=part, minlength=len(statistic.coefficients))
        for statistic, part in zip(statistics, parts, strict=True)
    ])  # fmt: skip


def _cross_moments(statistics: Sequence[Statistic], moments: Floats, scale: Floats) -> Floats:
    """Σ over rows of the product of two influences; only groups that lie in both domains contribute."""
    widths = [len(statistic.coefficients) for statistic in statistics]
    starts = np.cumsum([0, *widths[:-1]])
    out = np.zeros((sum(widths), sum(widths)))
    for one, at in zip(statistics, starts, strict=True):
        half = np.einsum("gj,gjk->gk", one.coefficients[one.domain], moments) * scale[:, None]
        for other, to in zip(statistics, starts, strict=True):
            product = np.einsum("gk,gk->g", half, other.coefficients[other.domain])
            np.add.at(out, (one.domain + at, other.domain + to), product)
    return out
