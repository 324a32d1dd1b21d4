"""Fit a conditional log-linear model to cells; covariates that are missing for part of the people are summed over by EM."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from fl_estimate.arrays import Floats, Positions
from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.capture_recapture.conditional_fit import (
    Moments,
    Softmax,
    SoftmaxFit,
    chances,
    maximise,
    moments,
)
from fl_estimate.estimators.capture_recapture.conditional_model import without_empty
from fl_estimate.estimators.capture_recapture.people_cells import CLASSES, CovariateCells

STEPS = 2_000
SETTLED = 1e-9
"""Change of the coefficients and of the shares at which EM stops."""
NEAR = 1e-6
"""The same in a draw of the bootstrap, whose own noise is far larger."""
PARTS = 5
"""Parts of equal size into which a known number is cut, where shares of missing values are learnt."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FittedCells:
    """A fitted model of cells.

    Attributes
    ----------
    model : Softmax
        With the counts, expected where covariates are missing; without dependences that are −∞.
    fit : SoftmaxFit
    kept : int array
        Which coefficients of the whole model are left.
    empty : tuple of int
        Terms that are −∞.
    shares : array, shape (cells,)
        Of the cells among people observed whose other covariates are known to be those.
    log_likelihood : float
    steps : int
        Of EM; 0 where nothing is missing.
    """

    model: Softmax
    fit: SoftmaxFit
    kept: Positions
    empty: tuple[int, ...]
    shares: Floats
    log_likelihood: float
    steps: int

    @property
    def unseen(self) -> Floats:
        """People on no list for each person of a cell who is on some: h = p₀/(1 − p₀), shape (cells,)."""
        return np.exp(-self.fit.moments.log_mass)

    def slope(self) -> Floats:
        """dh/dβ, shape (cells, coefficients)."""
        moved = self.fit.moments.means @ self.model.loads.T * self.model.columns[:, self.model.column_of]
        return -self.unseen[:, None] * moved


def strata_of_shares(cells: CovariateCells, numbers: frozenset[str]) -> Positions:
    """In which stratum the share of each cell is learnt: people alike in known classes, known numbers in five parts.

    Shape (cells,); cells that differ only in what can be missing lie in one stratum.
    """
    if cells.cell.shape[1] == 1:
        return np.zeros(len(cells.known), dtype=np.intp)
    rows = np.unique(cells.known, return_index=True)[1]
    frame = cells.frame.iloc[rows]
    codes: list[npt.NDArray[Any]] = []
    for name in frame:
        if name in cells.gaps:
            continue
        values = frame[name]
        if str(name) in numbers and values.nunique() > CLASSES:
            values = pd.qcut(values, PARTS, labels=False, duplicates="drop")
        codes.append(pd.factorize(values, sort=True)[0])
    if not codes:
        return np.zeros(len(cells.known), dtype=np.intp)
    stratum = np.unique(np.stack(codes, axis=1), axis=0, return_inverse=True)[1].ravel()
    return stratum[cells.known].astype(np.intp)


def fit_cells(
    whole: Softmax, cells: CovariateCells, strata: Positions, start: FittedCells | None = None
) -> FittedCells:
    """Find the maximum of the likelihood of what was observed.

    Raises
    ------
    EstimateFault
        FL-EST-172, FL-EST-173; FL-EST-178: EM does not settle.
    """
    by_history = np.bincount(cells.history, weights=cells.people, minlength=len(whole.members))
    model, kept, empty = without_empty(whole, by_history)
    first = start.fit.coefficients if start is not None and np.array_equal(start.kept, kept) else None
    if cells.cell.shape[1] == 1:
        counted = model.counted(*_counts(model, cells, np.ones((len(cells.people), 1))))
        fit = maximise(counted, first)
        return FittedCells(
            model=counted, fit=fit, kept=kept, empty=empty, shares=np.ones(len(cells.known)),
            log_likelihood=fit.moments.log_likelihood, steps=0,
        )  # fmt: skip
    return _by_em(model, _Em(model, cells, strata), kept, empty, first, start)


def _counts(model: Softmax, cells: CovariateCells, weights: Floats) -> tuple[Floats, Floats]:
    """People of each cell, and of them those whose history holds each term; `weights` shares groups out over cells."""
    rows, terms = len(model.columns), model.members.shape[1]
    shared = (cells.people[:, None] * weights).ravel()
    at = np.maximum(cells.cell, 0).ravel()
    held = np.repeat(model.members[cells.history], cells.cell.shape[1], axis=0)
    people = np.bincount(at, weights=shared, minlength=rows)
    sums = np.stack([np.bincount(at, weights=shared * held[:, t], minlength=rows) for t in range(terms)], axis=1)
    return people, sums


def observed(fitted: FittedCells, cells: CovariateCells, group: Positions, shape: tuple[int, ...]) -> Floats:
    """People of each group of cells with each history; who lacks a covariate is shared out over the cells that he can be in."""
    weights = np.ones((len(cells.people), 1))
    if cells.cell.shape[1] > 1:
        share, _ = chances(fitted.model, fitted.fit.coefficients)
        at = np.maximum(cells.cell, 0)
        weights = np.where(cells.cell >= 0, share[at, cells.history[:, None]] * fitted.shares[at], 0.0)
        weights /= weights.sum(axis=1, keepdims=True)
    result = np.zeros(shape)
    history = np.broadcast_to(cells.history[:, None], cells.cell.shape)
    np.add.at(result, (group[np.maximum(cells.cell, 0)], history), cells.people[:, None] * weights)
    return result


class _Em:
    """The map of one step of EM, with what it needs again and again; only cells in which somebody can be."""

    def __init__(self, model: Softmax, cells: CovariateCells, strata: Positions) -> None:
        self.cells = cells
        self.possible = cells.cell >= 0
        used = np.unique(cells.cell[self.possible])
        self.model = model.rows(used)
        self.at = np.searchsorted(used, np.maximum(cells.cell, used[0] if len(used) else 0))
        self.at = np.where(self.possible, self.at, 0)
        self.width = cells.cell.shape[1]
        self.option = cells.option[used]
        self.every = strata * self.width + cells.option
        self.key = self.every[used]
        self.size = (int(strata.max(initial=0)) + 1) * self.width

    def start(self) -> Floats:
        """Shares before the first step: those of people whose covariates are all known, one half person added to each."""
        alone = self.possible.sum(axis=1) == 1
        option = self.option[self.at]
        seen = (
            np.bincount(option[alone][self.possible[alone]], weights=self.cells.people[alone], minlength=self.width)
            + 0.5
        )
        return np.tile(seen / seen.sum(), self.size // self.width)

    def of_keys(self, shares: Floats) -> Floats:
        """From shares of all cells to those of each stratum and possibility."""
        result = np.full(self.size, 1e-300)
        result[self.every] = shares
        return result

    def shared_out(self, coefficients: Floats, shares: Floats) -> tuple[Floats, float]:
        """The chance that a group lies in each of its cells, shape (groups, possibilities), and the log-likelihood."""
        share, _ = chances(self.model, coefficients)
        joint = np.where(self.possible, share[self.at, self.cells.history[:, None]] * shares[self.key][self.at], 0.0)
        total = joint.sum(axis=1)
        if not (total > 0).all():
            return joint, -np.inf
        return joint / total[:, None], float(self.cells.people @ np.log(total))

    def counts(self, weights: Floats) -> tuple[Floats, Floats]:
        """As `_counts`, of the cells in which somebody can be."""
        return _counts(self.model, replace(self.cells, cell=np.where(self.possible, self.at, -1)), weights)

    def shares_of(self, people: Floats) -> Floats:
        """Shares of the possibilities in each stratum."""
        of_key = np.bincount(self.key, weights=people, minlength=self.size).reshape(-1, self.width)
        total = of_key.sum(axis=1, keepdims=True)
        return np.divide(of_key, total, out=np.full_like(of_key, 1 / self.width), where=total > 0).ravel()

    def proper(self, shares: Floats) -> Floats:
        """Shares that add up to 1 in each stratum."""
        of_key = shares.reshape(-1, self.width)
        return np.maximum(of_key / of_key.sum(axis=1, keepdims=True), 1e-300).ravel()


def _by_em(
    model: Softmax, em: _Em, kept: Positions, empty: tuple[int, ...], first: Floats | None, start: FittedCells | None
) -> FittedCells:
    shares = em.start() if start is None else em.of_keys(start.shares)
    weights = em.possible * shares[em.key][em.at]
    counted = em.model.counted(*em.counts(weights / weights.sum(axis=1, keepdims=True)))
    coefficients = maximise(counted, first).coefficients

    def step(values: Floats) -> tuple[Floats, float]:
        """One step of EM, its second half by one step of Newton's: the likelihood before it comes with it."""
        beta, shares = values[:size], np.exp(values[size:])
        weights, likelihood = em.shared_out(beta, shares)
        people, sums = em.counts(weights)
        now = moments(em.model.counted(people, sums), beta)
        return np.concatenate([beta + _newton(now), np.log(np.maximum(em.shares_of(people), 1e-300))]), likelihood

    size = len(coefficients)
    values, steps = _settle(step, np.concatenate([coefficients, np.log(np.maximum(shares, 1e-300))]), size, em,
                            SETTLED if start is None else NEAR)  # fmt: skip
    beta, shares = values[:size], np.exp(values[size:])
    weights, likelihood = em.shared_out(beta, shares)
    counted = model.counted(*_counts(model, em.cells, weights))
    return FittedCells(
        model=counted, fit=maximise(counted, beta), kept=kept, empty=empty, shares=shares[em.every],
        log_likelihood=likelihood, steps=steps,
    )  # fmt: skip


def _newton(now: Moments) -> Floats:
    if not len(now.score):
        return now.score
    try:
        return np.linalg.solve(now.information, now.score)
    except np.linalg.LinAlgError:
        # The counts of this step alone do not tell the coefficients apart: the shares move on, the coefficients wait.
        return np.zeros_like(now.score)


def _settle(
    step: Callable[[Floats], tuple[Floats, float]], values: Floats, size: int, em: _Em, settled: float
) -> tuple[Floats, int]:
    """Take steps until nothing moves; two at a time are followed further in their direction where that gains (SQUAREM)."""
    for count in range(STEPS):
        one, before = step(values)
        two, _ = step(one)
        move, turn = one - values, two - 2 * one + values
        if _moved(two - one, two, size) < settled:
            return two, 2 * (count + 1)
        length = -max(1.0, float(np.linalg.norm(move) / max(float(np.linalg.norm(turn)), 1e-300)))
        far = values - 2 * length * move + length**2 * turn if length > -1e6 else two
        far[size:] = np.log(em.proper(np.exp(np.clip(far[size:], -700, 50))))
        ahead, reached = step(far)
        values = ahead if np.isfinite(ahead).all() and reached >= before else two
    raise EstimateFault(
        "FL-EST-178", "the sharing out of missing covariates did not settle", found=f"{STEPS} rounds",
        fix="fewer classes, fewer covariates that are missing, or a simpler model",
    )  # fmt: skip


def _moved(change: Floats, values: Floats, size: int) -> float:
    """Largest change of a coefficient, relative where it is large, or of a share."""
    shares = np.exp(values[size:])
    parts = [np.abs(change[:size]) / (1 + np.abs(values[:size])), np.abs(change[size:]) * shares]
    return float(np.max(np.concatenate(parts), initial=0.0))
