"""How many of a large group are remembered: a curve that is stated, by which sizes are corrected both ways."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, shown


@dataclass(frozen=True, kw_only=True)
class RecallCurve:
    """The share of the population that respondents report of a group whose share is p.

    r(p) = p up to `threshold`, and threshold^(1 − exponent) p^exponent above: of groups larger than the threshold too few
    are remembered, by a power. Killworth and others found about the square root. The curve is stated, not estimated:
    `fl.hidden.back_estimates` shows whether the known groups lie on it.

    Attributes
    ----------
    threshold : float
        Share of the population up to which groups are remembered in full.
    exponent : float
        Above 0 and at most 1; 1 changes nothing.
    """

    threshold: float
    exponent: float

    def remembered(self, share: Any) -> Floats:
        """r(p)."""
        p = np.asarray(share, dtype=float)
        over = p > self.threshold
        return np.where(over, self.threshold ** (1 - self.exponent) * np.where(over, p, 1.0) ** self.exponent, p)

    def actual(self, remembered: Any) -> tuple[Floats, Floats]:
        """The share p of a remembered one, and the elasticity d log p / d log r there."""
        r = np.asarray(remembered, dtype=float)
        over = r > self.threshold
        raised = (np.where(over, r, 1.0) / self.threshold ** (1 - self.exponent)) ** (1 / self.exponent)
        return np.where(over, raised, r), np.where(over, 1 / self.exponent, 1.0)


def recall_curve(given: tuple[float, float] | None) -> RecallCurve | None:
    """The curve of a pair (threshold, exponent).

    Raises
    ------
    EstimateFault
        FL-EST-597.
    """
    if given is None:
        return None
    try:
        threshold, exponent = given
        numbers = [isinstance(each, Real) and not isinstance(each, bool) for each in (threshold, exponent)]
        fits = all(numbers) and 0 < float(threshold) < 1 and 0 < float(exponent) <= 1
    except (TypeError, ValueError):
        fits = False
    if not fits:
        raise EstimateFault(
            "FL-EST-597", "recall= is no curve", found=shown(given),
            fix="(threshold, exponent): the share up to which groups are remembered in full, and a power above 0 and at most 1",
        )  # fmt: skip
    return RecallCurve(threshold=float(given[0]), exponent=float(given[1]))
