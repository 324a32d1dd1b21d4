"""The pool: each recipient's donors with what they would make of it; and the draws among them, under any delta. Arrays only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from fl_estimate.arrays import Floats, Positions
from fl_estimate.estimators.imputation.bootstrap import Units
from fl_estimate.estimators.imputation.donors import FEWEST
from fl_estimate.estimators.imputation.working import REASONS

Classes = npt.NDArray[np.int8]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class DonorBlock:
    """Answers that come from one donor together.

    Attributes
    ----------
    at : int array, shape (some rows,)
        Which rows of the pool.
    columns : int array
        Which columns of answers.
    donors : int array, shape (some rows, k)
        The row of answers that each candidate takes them from, -1 where there is no candidate.
    gap : array, shape (some rows, k), optional
        By how much the predicted probability of telling of something in these columns is higher of the candidate than of the row.
    n_complete : int
        How many rows could have given them.
    discrimination : float
        How well the other answers tell who tells of something in these (0.5: not at all); NaN where nobody, or everybody, does.
    """

    at: Positions
    columns: Positions
    donors: npt.NDArray[np.intp]
    gap: Floats | None = None
    n_complete: int = 0
    discrimination: float = float("nan")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Pool:
    """Rows to be imputed, each with its candidates, nearest first.

    Attributes
    ----------
    rows : int array, shape (rows,)
        The rows of answers.
    blocks : tuple of Block
        Which answers are taken from whom.
    unit : int array, shape (rows, k)
        The first-stage unit of each candidate.
    weight : array, shape (rows, k)
        Its sampling weight, 0 where there is none.
    classes : mapping of str to int8 array, shape (rows, k)
        What it would make of the row, by outcome; -1 where that stays open.
    case : int8 array, shape (rows, k)
        Whether it would make it a case, for delta.
    reasons : array, shape (rows, reasons)
        The share of each of REASONS among the answers drawn.
    random : array, shape (rows,)
        Numbers the rows for their random numbers, whatever order they come in.
    units : Units
    gap : array, shape (rows, k)
        By how much more is predicted of the candidate than of the row, as a probability; 0 where nothing is.
    of_draw : int array, shape (k,), optional
        Of chained equations: the draw that each candidate is of. None: candidates are donors, and any draw may take them.
    """

    rows: Positions
    blocks: tuple[DonorBlock, ...]
    unit: npt.NDArray[np.intp]
    weight: Floats
    classes: Mapping[str, Classes]
    case: Classes
    reasons: Floats
    random: Positions
    units: Units
    gap: Floats
    of_draw: Positions | None = None

    def chosen(self, draws: int, seed: int, delta: Mapping[str, float]) -> npt.NDArray[np.int16]:
        """Which candidate each row takes in each draw, shape (rows, draws).

        Of the nearest that the bootstrap kept (at most five) one is drawn with a probability proportional to weight ×
        count × exp(delta) where it is a case. The numbers that decide are the same under every delta, and cases stand
        last, so that a higher delta turns draws into cases only.
        """
        result = np.empty((len(self.rows), draws), dtype=np.int16)
        for draw in range(draws):
            result[:, draw] = self._drawn(draw, seed, delta)
        return result

    def probabilities(self, draw: int, seed: int, delta: Mapping[str, float]) -> Floats:
        """The probability of each candidate in one draw, shape (rows, k); 0 throughout where a row has none."""
        usable = self.weight > 0
        if self.of_draw is None:
            times = self.units.counts(seed, draw)[self.unit]
            kept = usable & (times > 0)
            # where the bootstrap left none of a row's candidates, the row takes among all
            alone = ~kept.any(axis=1)
            kept[alone] = usable[alone]
            kept &= np.cumsum(kept, axis=1) <= FEWEST
            mass = np.where(kept, self.weight * np.where(alone[:, None], 1.0, times), 0.0)
            near = np.argsort(~kept, axis=1, kind="stable")[:, :FEWEST]
            some = balanced(np.take_along_axis(mass, near, axis=1), np.take_along_axis(self.gap, near, axis=1))
            np.put_along_axis(mass, near, some, axis=1)
        else:
            mass = np.where(usable & (self.of_draw == draw), self.weight, 0.0)
        mass = mass * np.where(self.case > 0, np.exp(self.shift(delta))[:, None], 1.0)
        return mass / np.maximum(mass.sum(axis=1, keepdims=True), np.finfo(float).tiny)

    def of_cases(self, outcome: str) -> Pool:
        """The same with the cases of another outcome."""
        return replace(self, case=np.where(self.weight > 0, self.classes[outcome], np.int8(0)))

    @property
    def most_draws(self) -> int:
        """How many draws there can be."""
        return MOST_DRAWS if self.of_draw is None else int(self.of_draw.max(initial=-1)) + 1

    def shift(self, delta: Mapping[str, float]) -> Floats:
        """Log odds by which cases are drawn more often, by row: the mean over the answers drawn."""
        told = [np.clip(delta.get(reason, 0.0), -LARGEST, LARGEST) for reason in REASONS]
        return self.reasons @ np.array(told)

    @cached_property
    def _by_case(self) -> npt.NDArray[np.intp]:
        return np.argsort(self.case > 0, axis=1, kind="stable")

    def _drawn(self, draw: int, seed: int, delta: Mapping[str, float]) -> npt.NDArray[np.intp]:
        uniform = np.random.default_rng([seed, draw, 1]).random(len(self.rows))[self.random]
        mass = self.probabilities(draw, seed, delta)
        below = np.cumsum(np.take_along_axis(mass, self._by_case, axis=1), axis=1)
        at = np.minimum((below <= uniform[:, None] * below[:, -1:]).sum(axis=1), mass.shape[1] - 1)
        return self._by_case[np.arange(len(at)), at]


MOST_DRAWS = 10_000
TILT = 3.0
"""How far a draw is balanced: the logarithm of the most by which the share of a candidate is multiplied, or divided."""
LARGEST = 50.0
"""Log odds beyond which a draw is as good as certain; more would leave the range of floats."""


def balanced(mass: Floats, gap: Floats) -> Floats:
    """Weights of candidates, tilted so that what is predicted of them is in the mean what is predicted of their recipient.

    Parameters
    ----------
    mass : array, shape (rows, k)
        Weights before; 0 where a candidate is not to be taken.
    gap : array, shape (rows, k)
        By how much more is predicted of the candidate than of the row.

    Notes
    -----
    w ∝ mass × exp(λ gap), with λ by row so that Σ w gap = 0: exponential tilting, as in empirical likelihood.
    """
    used = mass > 0
    gap = np.where(used, gap, 0.0)
    scale = np.abs(gap).max(axis=1, keepdims=True)
    z = np.divide(gap, scale, out=np.zeros_like(gap), where=scale > 1e-12)
    low, high = np.full((len(mass), 1), -TILT), np.full((len(mass), 1), TILT)
    for _ in range(25):
        middle = (low + high) / 2
        above = (mass * np.exp(middle * z) * z).sum(axis=1, keepdims=True) > 0
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return mass * np.exp((low + high) / 2 * z)
