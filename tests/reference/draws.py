"""Comparing bootstrap limits made with other random numbers: by the share of our draws that lies below them."""

from __future__ import annotations

import numpy as np
from scipy import special

from fl_estimate.estimators.capture_recapture import bootstrap as resampling


def assert_is_bca_limit(draws: resampling.BootstrapDraws, size: float, level: float, limit: float, theirs: int) -> None:
    """A limit of `theirs` draws lies where BCa may put it: z₀ of both sets of draws within 4 standard errors, and its
    quantile within 4 binomial standard errors of both and one draw.
    """
    told = resampling.bootstrap(draws, size, 0.0, kind="bca", level=0.95).diagnostics
    bias, acceleration, ours = told["z0"], told["acceleration"], len(draws.size)
    below = float(special.ndtr(bias))
    both = 1 / theirs + 1 / ours
    error = np.sqrt(below * (1 - below) * both) * np.sqrt(2 * np.pi) * np.exp(bias**2 / 2)
    sides = np.array([bias - 4 * error, bias + 4 * error])
    shifted = sides + special.ndtri(level)
    low, high = special.ndtr(sides + shifted / (1 - acceleration * shifted))
    share = float((draws.size < limit).mean())
    slack = [4 * np.sqrt(max(p * (1 - p), 1 / theirs) * both) + 1 / theirs for p in (low, high)]
    assert low - slack[0] <= share <= high + slack[1]
