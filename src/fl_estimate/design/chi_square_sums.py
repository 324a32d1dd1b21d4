"""Tails of weighted sums of chi-squared variables: what Rao and Scott's tests refer to. scipy.stats inside functions."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from fl_estimate.design.small_table import Floats

FAR = 1e-7
"""Tail below which an approximation with a small relative error takes the place of an integral with an absolute one."""


LEFT = 1e-9
"""Share of the integral that may be left out at its far end."""


def tail(statistic: float, scales: Floats, df: float = math.inf) -> float:
    """P(Σ λ_i χ²_1 > x) for df = ∞, else P(Σ λ_i χ²_1 > x χ²_df/df), by Imhof's inversion.

    To about ten digits after the point; below 1e-7 by the saddlepoint approximation.

    Parameters
    ----------
    statistic : float
        x, from 0 on.
    scales : array, shape (k,)
        λ_i > 0.
    df : float
        Degrees of freedom of the estimated variance.

    References
    ----------
    Imhof (1961), Biometrika 48, 419-426.
    """
    from scipy import integrate, stats

    scales = np.asarray(scales, dtype=float)
    if not (np.isfinite(statistic) and np.isfinite(scales).all()):
        return math.nan
    if statistic <= 0:
        return 1.0
    if np.ptp(scales) <= 1e-9 * scales.max():
        k, ratio = len(scales), statistic / scales[0]
        return float(stats.chi2.sf(ratio, k) if math.isinf(df) else stats.f.sf(ratio / k, k, df))
    # Scale-free: divide by the largest λ, so that the integrand lives on a range near 1.
    largest = scales.max()
    lam, x = scales / largest, statistic / largest

    def size(u: float) -> float:
        """Logarithm of what divides the integrand."""
        own = 0.25 * float(np.log1p((lam * u) ** 2).sum())
        # x χ²_df/df is one more term, with a negative scale and df degrees of freedom.
        return own if math.isinf(df) else own + 0.25 * df * math.log1p((x * u / df) ** 2)

    def integrand(u: float) -> float:
        angle = 0.5 * float(np.arctan(lam * u).sum())
        angle -= 0.5 * x * u if math.isinf(df) else 0.5 * df * math.atan(x * u / df)
        return math.sin(angle) / u * math.exp(-size(u))

    # Between 0 and 1 the integrand is smooth; beyond, it swings and decays. In v = log u the decay is exponential.
    total = 0.0
    stretches, whole = _stretches(size, x)
    for low, high in stretches if whole else []:
        total += integrate.quad(integrand, low, high, limit=400, epsabs=1e-12, epsrel=1e-10)[0]
    found = 0.5 + total / math.pi
    # Far out the integral is a difference of nearly equal numbers; there the approximation is good to its first digits.
    return float(min(found, 1.0)) if whole and found > FAR else saddlepoint(statistic, scales, df)


def _stretches(size: Callable[[float], float], x: float) -> tuple[list[tuple[float, float]], bool]:
    """Stretches of u on which a quadrature sees few swings, and whether they reach to where nothing is left."""
    swing = 2 * math.pi / max(x, 1.0)
    points = [0.0, 4 * swing]
    # What is left beyond u: a swing's share, 2/(x u), of a decaying integrand.
    while math.exp(-size(points[-1])) * min(1.0, 2 / (x * points[-1])) > LEFT and len(points) < 8_000:
        points.append(points[-1] + 4 * swing)
    return list(pairwise(points)), len(points) < 8_000


def saddlepoint(statistic: float, scales: Floats, df: float = math.inf) -> float:
    """The same tail by Kuonen's saddlepoint approximation, as R survey has it without the package CompQuadForm.

    References
    ----------
    Kuonen (1999), Biometrika 86, 929-935. Lugannani and Rice (1980).
    """
    from scipy import optimize, stats

    scales = np.asarray(scales, dtype=float)
    if math.isinf(df):
        lam, degrees, x = scales, np.ones(len(scales)), statistic
    else:
        lam, degrees, x = np.append(scales, -statistic / df), np.append(np.ones(len(scales)), df), 0.0
    size = np.abs(lam).max()
    lam, x = lam / size, x / size

    def slope(t: float) -> float:
        return float((degrees * lam / (1 - 2 * t * lam)).sum()) - x

    top = 1 / (2 * lam.max())
    bottom = 1 / (2 * lam.min()) if lam.min() < 0 else -len(lam) / (2 * x) if x > 0 else -1e6
    inner = 1e-9 * (top - bottom)
    root: Any = optimize.brentq(slope, bottom + inner, top - inner, xtol=1e-15)
    t = float(root)
    if abs(t) < 1e-6:
        return 0.5
    cumulant = -0.5 * float((degrees * np.log(1 - 2 * t * lam)).sum())
    curve = 2 * float((degrees * lam**2 / (1 - 2 * t * lam) ** 2).sum())
    w = math.copysign(math.sqrt(2 * (t * x - cumulant)), t)
    v = t * math.sqrt(curve)
    return float(stats.norm.sf(w + math.log(v / w) / w))
