"""The interval of what is known between two bounds: how far each end has to reach so that the truth is covered, wherever it is."""

from __future__ import annotations

import numpy as np
from scipy import special

from fl_estimate.design.intervals import t_quantile
from fl_estimate.design.small_table import Floats

STEPS = 60
"""Halvings of the search for c: none of its digits is left out."""


def end_level(gap: Floats, gap_se: Floats, largest_se: Floats, df: Floats, level: float) -> Floats:
    """The two-sided level of the limits at both ends of an identified set, so that each point of it is covered at `level`.

    Parameters
    ----------
    gap : array, shape (rows,)
        Upper less lower bound, from 0 on.
    gap_se : array, shape (rows,)
        Its standard error; NaN where it is not known, and then nothing is taken for granted of the width.
    largest_se : array, shape (rows,)
        The larger standard error of the two bounds.
    df : array, shape (rows,)
        Degrees of freedom.
    level : float

    Returns
    -------
    array, shape (rows,)
        From `level` itself, where the bounds are the same point, down to 2 `level` − 1, where they are far apart and the truth can
        miss one end only. NaN where the degrees of freedom are not above 0.

    Notes
    -----
    c solves F(c + Δ/max(se)) − F(−c) = level, with F the distribution function of t, and the level of each end is 2 F(c) − 1
    (Imbens and Manski). Where the estimated width Δ is not more than t times its own error it is taken as 0, since there it may
    be so by chance (Stoye's condition: such a width is shrunk to 0).

    References
    ----------
    Imbens and Manski (2004), Econometrica 72(6), 1845-1857. Stoye (2009), Econometrica 77(4), 1299-1315.

    Examples
    --------
    >>> import numpy as np
    >>> wide = end_level(np.array([0.0, 9.0]), np.array([0.0, 1.0]), np.ones(2), np.array([np.inf, np.inf]), 0.95)
    >>> wide.round(3).tolist()
    [0.95, 0.9]
    """
    t = t_quantile(level, df)
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = np.where(gap > 0, gap / largest_se, 0.0)
        apart = np.where(gap > t * gap_se, apart, 0.0)
    low, high = t_quantile(2 * level - 1, df), t
    for _ in range(STEPS):
        middle = (low + high) / 2
        covers = _below(middle + apart, df) - _below(-middle, df) >= level
        low, high = np.where(covers, low, middle), np.where(covers, middle, high)
    # Of one point it is `level` itself: the F of scipy 1.15 and its inverse agree to 1e-11 only.
    return np.where((apart == 0) & (df > 0), level, 2 * _below(high, df) - 1)


def _below(x: Floats, df: Floats) -> Floats:
    """Distribution function of t; of the normal where df is infinite."""
    safe = np.where(df > 0, df, np.nan)
    return np.where(np.isinf(safe), special.ndtr(x), special.stdtr(safe, x))
