"""How many draws are enough: the fraction of missing information of the headline, from a pilot of few draws. Arrays only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fl_estimate.arrays import Floats, Positions
from fl_estimate.estimators.imputation.bootstrap import Units

LEAST_DRAWS, MOST_DRAWS = 20, 100
"""Draws of the pilot, and the most that are made without being asked for."""
PER_INFORMATION = 100.0
"""Draws for each unit of the fraction of missing information. White, Royston and Wood (2011)."""


@dataclass(frozen=True, kw_only=True)
class PilotFraction:
    """What a pilot says of the nation's share of cases.

    Attributes
    ----------
    within, between : float
        Mean variance of the draws, and the variance between them.
    fraction : float
        The share of the variance that is owed to unknown answers; 0 where nothing varies.
    """

    within: float
    between: float
    fraction: float

    @property
    def draws(self) -> int:
        """How many draws are enough, within the limits."""
        return int(min(max(np.ceil(PER_INFORMATION * self.fraction), LEAST_DRAWS), MOST_DRAWS))


def pilot_fraction(
    units: Units, weights: Floats, scope: Floats, sure: Floats, at: Positions, drawn: Floats
) -> PilotFraction:
    """The fraction of missing information of a share.

    Parameters
    ----------
    units : Units
    weights, scope, sure : array, shape (people,)
        Sampling weights; 1 for those in scope; and 1 for those surely in the class.
    at : int array, shape (recipients,)
    drawn : array, shape (recipients, draws)

    Notes
    -----
    Within: the variance of a ratio by linearisation, between first-stage units within strata. A lone unit adds nothing.
    """
    base = weights * scope
    total = base.sum()
    m = drawn.shape[1]
    if total <= 0 or m < 2 or not len(at):
        return PilotFraction(within=0.0, between=0.0, fraction=0.0)
    size = len(units.stratum)
    of_base = np.bincount(units.of_person, weights=base, minlength=size)
    known = base * sure
    known[at] = 0
    of_known = np.bincount(units.of_person, weights=known, minlength=size)
    shares, variances = np.empty(m), np.empty(m)
    for draw in range(m):
        of_drawn = np.bincount(units.of_person[at], weights=base[at] * drawn[:, draw], minlength=size)
        cases = of_known + of_drawn
        shares[draw] = cases.sum() / total
        variances[draw] = _variance((cases - shares[draw] * of_base) / total, units.stratum)
    within, between = float(variances.mean()), float(shares.var(ddof=1))
    whole = within + (1 + 1 / m) * between
    return PilotFraction(within=within, between=between, fraction=(1 + 1 / m) * between / whole if whole > 0 else 0.0)


def _variance(scores: Floats, stratum: Positions) -> float:
    n = np.bincount(stratum)
    mean = np.bincount(stratum, weights=scores) / n
    spread = np.bincount(stratum, weights=(scores - mean[stratum]) ** 2)
    return float((spread[n > 1] * (n / np.maximum(n - 1, 1))[n > 1]).sum())
