"""Which of some models is best in each resample: only those are fitted that can be, by bounds of their likelihood that are proven.

From the fit on the data one Newton step with its information gives, for each resample, parameters β₁ and a table
m = μ (1 + A step) with the margins that the model asks for. The likelihood at β₁ is at most the greatest there is; by
duality Σ m log m − m, where m has no cell below 0, is at least that. A model whose least possible BIC is not below the
greatest possible one of a model ranked before it is never the best of the first k, for no k, and is not fitted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg, special

from fl_estimate.arrays import Floats
from fl_estimate.estimators.capture_recapture.batch import Fitter, Flags, information_systems, one_thread, solve_all
from fl_estimate.estimators.capture_recapture.stepwise import information

ROUNDING = 1e-6
"""Of BIC: bounds closer than this are taken for equal, and the model is fitted."""
NEARER = 2
"""Steps with each table's own information, before what is still possible is fitted."""
TABLES = 200
"""Tables that are gone through at a time: bounds of a hundred models take some tens of megabytes."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Bounds:
    """Least and greatest log-likelihood of a model for each table, up to what all models share, and where to start its fit."""

    least: Floats
    greatest: Floats
    start: Floats


def best_of_rivals(fitter: Fitter, data: Floats, counts: Floats, models: Flags) -> Floats:
    """Dark figure of the least BIC among the first 1, 2, … of some models, for B tables: what `best_of` gives.

    Parameters
    ----------
    fitter : Fitter
    data : array, shape (histories,)
        The table that the resamples are of, in which every model has an estimate.
    counts : array, shape (B, histories)
    models : bool array, shape (models, terms)
        From the least BIC on the data up.

    Returns
    -------
    array, shape (B, models)
    """
    fits = fitter.fit(np.broadcast_to(data, (len(models), len(data))), models)
    result = np.empty((len(counts), len(models)))
    for at in range(0, len(counts), TABLES):
        part = counts[at : at + TABLES]
        with one_thread():
            result[at : at + TABLES] = _best(fitter, part, models, fits.parameters, fits.fitted)
    return result


def can_win(fitter: Fitter, counts: Floats, models: Flags, parameters: Floats, fitted: Floats) -> tuple[Flags, Floats]:
    """Whether a model can be the best of the first k for some k, shape (B, models), and parameters to start its fit from.

    Where one step from the fit on the data does not tell, another with each table's own information may.
    """
    tables, size = len(counts), len(models)
    starts = np.empty((size, tables, parameters.shape[1]))
    low, high = np.empty((tables, size)), np.empty((tables, size))
    penalty = np.log(counts.sum(axis=1))
    for position, (model, here, mean) in enumerate(zip(models, parameters, fitted, strict=True)):
        bounds = _bounds(fitter.lattice.matrix, counts, model, here, mean)
        cost = penalty * (1 + model.sum())
        low[:, position], high[:, position] = cost - 2 * bounds.greatest, cost - 2 * bounds.least
        starts[position] = bounds.start
    possible = _not_beaten(low, high)
    for _ in range(NEARER):
        rows, positions = np.nonzero(possible)
        nearer = _nearer(fitter, counts[rows], models[positions], starts[positions, rows], fitted[positions])
        cost = penalty[rows] * (1 + models[positions].sum(axis=1))
        low[rows, positions] = np.maximum(low[rows, positions], cost - 2 * nearer.greatest)
        high[rows, positions] = np.minimum(high[rows, positions], cost - 2 * nearer.least)
        starts[positions, rows] = nearer.start
        possible &= _not_beaten(low, high)
    return possible, starts.transpose(1, 0, 2)


def _not_beaten(low: Floats, high: Floats) -> Flags:
    """Whether the least BIC that a model may have is below the greatest of all that are ranked before it."""
    before = np.hstack([np.full((len(high), 1), np.inf), np.minimum.accumulate(high, axis=1)[:, :-1]])
    return low < before + ROUNDING


def _best(fitter: Fitter, counts: Floats, models: Flags, parameters: Floats, fitted: Floats) -> Floats:
    possible, starts = can_win(fitter, counts, models, parameters, fitted)
    tables, positions = np.nonzero(possible)
    made = fitter.fit(counts[tables], models[positions], starts[tables, positions])
    each = information(made.log_likelihood, models[positions], np.log(counts.sum(axis=1))[tables])
    values, dark = np.full(possible.shape, np.inf), np.full(possible.shape, np.nan)
    values[tables, positions] = np.where(made.ok, each, np.inf)
    dark[tables, positions] = made.dark
    least = np.minimum.accumulate(values, axis=1)
    before = np.hstack([np.full((len(counts), 1), np.inf), least[:, :-1]])
    best = np.maximum.accumulate(np.where(values < before, np.arange(len(models)), 0), axis=1)
    return np.where(np.isfinite(least), np.take_along_axis(dark, best, axis=1), np.nan)


def _bounds(matrix: Floats, counts: Floats, model: Flags, parameters: Floats, fitted: Floats) -> _Bounds:
    """Nothing is known, and the fit starts from that of the data, where the step leads below 0 or there is no such fit."""
    cells = fitted > 0
    # A term at −∞ has no cell left.
    active = np.append(True, model & (cells @ matrix[:, 1:] > 0))
    design, mean = matrix[np.ix_(cells, active)], fitted[cells]
    seen, start = counts[:, cells], np.tile(parameters, (len(counts), 1))
    nothing = _Bounds(least=np.full(len(counts), -np.inf), greatest=np.full(len(counts), np.inf), start=start)
    try:
        factor = linalg.cho_factor(design.T @ (design * mean[:, None]))
    except (linalg.LinAlgError, ValueError):
        return nothing
    step = np.asarray(linalg.cho_solve(factor, ((seen - mean) @ design).T)).T
    change = step @ design.T
    # People in cells that the fit rules out would need another table.
    sound = (change > -1).all(axis=1) & (counts[:, ~cells] == 0).all(axis=1)
    table = mean * (1 + np.maximum(change, -1.0))
    with np.errstate(over="ignore"):
        least = (seen * (np.log(mean) + change) - mean * np.exp(change)).sum(axis=1)
    start[:, active] += np.where(sound[:, None], step, 0.0)
    return _Bounds(
        least=np.where(sound, least, -np.inf),
        greatest=np.where(sound, (special.xlogy(table, table) - table).sum(axis=1), np.inf),
        start=start,
    )


def _nearer(fitter: Fitter, counts: Floats, models: Flags, start: Floats, fitted: Floats) -> _Bounds:
    """Bounds for pairs of a table and a model, after one Newton step more with the pair's own information."""
    matrix = fitter.lattice.matrix
    met = models & (counts @ matrix[:, 1:] > 0)
    # Terms that nobody of the table meets are at −∞, and their histories gone.
    gone = (models & ~met).astype(float) @ matrix[:, 1:].T > 0
    cells = (fitted > 0) & ~gone
    active = np.hstack([np.ones((len(models), 1), dtype=bool), met & (cells.astype(float) @ matrix[:, 1:] > 0)])
    here = np.where(active, start, 0.0)
    linear = here @ matrix.T
    with np.errstate(over="ignore", invalid="ignore"):
        mean = np.where(cells, np.exp(linear), 0.0)
        gradient = ((counts - mean) @ matrix) * active
        outer = (matrix[:, :, None] * matrix[:, None, :]).reshape(len(matrix), -1)
        step = solve_all(information_systems(mean @ outer, active), gradient)
        change = np.where(cells, step @ matrix.T, 0.0)
        size = np.abs(change).max(axis=1)
        told = np.isfinite(size) & (counts * ~cells == 0).all(axis=1)
        # The table of a step that leads below 0 bounds nothing; that of one without an answer is none.
        sound = told & (size < 1)
        fewer = np.flatnonzero(sound & gone.any(axis=1))
        # With histories gone a model may have more than one estimate, which the search leaves out.
        sound[fewer] = fitter.identifies(active[fewer], cells[fewer])
        change = np.where(told[:, None], change, 0.0) * np.minimum(1.0, 1.0 / np.maximum(size, 1.0))[:, None]
        table = mean * (1 + change)
        least = (counts * (linear + change) - mean * np.exp(change)).sum(axis=1)
        step = np.where(told[:, None], step, 0.0) * np.minimum(1.0, 1.0 / np.maximum(size, 1.0))[:, None]
    return _Bounds(
        least=np.where(sound, least, -np.inf),
        greatest=np.where(sound, (special.xlogy(table, table) - table).sum(axis=1), np.inf),
        start=here + np.nan_to_num(step),
    )
