"""Chances of lists moved until the score of the inverse share observed is zero: targeted maximum likelihood. Arrays only."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]
STEPS, SETTLED = 100, 1e-9


def targeted(outcomes: Floats, chances: Floats, margin: float) -> tuple[Floats, bool]:
    """Move each chance along its own logistic line, in turn, until none moves any more.

    The inverse share γ⁻¹ = (q₁₀ + q₁₂)(q₀₂ + q₁₂)/q₁₂ has the derivatives (q₀₂ + q₁₂)/q₁₂, (q₁₀ + q₁₂)/q₁₂ and
    1 − q₁₀ q₀₂/q₁₂² in its three chances: the direction of each line is its derivative.

    Parameters
    ----------
    outcomes : array, shape (people, 3)
        1 where a person is on the first list alone, the second alone, both.
    chances : array, shape (people, 3)
        In the same order.
    margin : float
        None is let below it.

    Returns
    -------
    array, shape (people, 3)
    bool
        Whether they came to rest.
    """
    moved = np.clip(chances, margin, 1 - margin)
    for _ in range(STEPS):
        before = moved.copy()
        for which in range(3):
            first, second, both = moved.T
            direction = ((second + both) / both, (first + both) / both, 1 - first * second / both**2)[which]
            line = special.logit(moved[:, which])
            step = _score_zero(outcomes[:, which], direction, line)
            moved[:, which] = np.clip(special.expit(line + step * direction), margin, 1 - margin)
        if float(np.abs(moved - before).max()) < SETTLED:
            return moved, True
    return moved, False


def _score_zero(outcome: Floats, direction: Floats, line: Floats) -> float:
    """How far along the line the likelihood of an outcome is largest; Newton's method."""
    step = 0.0
    for _ in range(STEPS):
        fitted = special.expit(line + step * direction)
        information = float((direction**2 * fitted * (1 - fitted)).sum())
        change = float((direction * (outcome - fitted)).sum()) / information if information > 0 else 0.0
        step += change
        if abs(change) < 1e-12:
            break
    return step
