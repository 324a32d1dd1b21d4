"""Lines through rounds, and tests of them: generalised least squares of a few values with a known covariance. Arrays only."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from fl_estimate.arrays import Floats

SINGULAR = 1e-10
"""Relative size below which an eigenvalue of a covariance is none."""
ROUNDING = 1e-13
"""Share of the variance of independent rounds below which that of their difference is rounding."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FittedLine:
    """A line through the values of T rounds.

    Attributes
    ----------
    slope, variance : float
    weights : float array, shape (T,)
        The slope is their product with the values.
    leverage : float array, shape (T,)
        Diagonal of the projection onto the line, by generalised least squares.
    equal : bool
        Whether every round counted the same.
    """

    slope: float
    variance: float
    weights: Floats
    leverage: Floats
    equal: bool


@dataclass(frozen=True, kw_only=True)
class Wald:
    """A test of several restrictions together: F on (q, df), missing where it is not defined."""

    f: float
    q: float
    df: float
    p: float


def variance_of(weights: Floats, covariance: Floats) -> float:
    """Variance of a weighted sum, c'Vc; 0 where it is no more than what is left of rounding (identical rounds)."""
    found = float(weights @ covariance @ weights)
    return found if found > ROUNDING * float(np.sum(weights**2 * np.diagonal(covariance))) else 0.0


def regular(covariance: Floats) -> bool:
    """Whether a covariance has an inverse, and no value is known without error."""
    sizes = np.diagonal(covariance)
    if not (np.isfinite(covariance).all() and (sizes > 0).all()):
        return False
    scaled = covariance / np.sqrt(np.outer(sizes, sizes))
    return bool(np.linalg.eigvalsh(scaled).min() > SINGULAR)


def line(times: Floats, value: Floats, covariance: Floats, *, equal: bool) -> FittedLine:
    """Fit by generalised least squares, or with equal weights (the only way where a value is known without error).

    Slope c'y with variance c'Vc; c = [(X'V⁻¹X)⁻¹X'V⁻¹]₂ with X = (1, t), or (t − t̄)/Σ(t − t̄)².
    """
    centred = times - times.mean()
    alike = equal or not regular(covariance)
    if alike:
        weights: Floats = centred / (centred @ centred)
        leverage: Floats = 1 / len(times) + centred**2 / (centred @ centred)
    else:
        x = np.column_stack([np.ones_like(centred), centred])
        half = np.linalg.solve(covariance, x)
        fit = np.linalg.solve(x.T @ half, half.T)
        weights, leverage = fit[1], np.einsum("ti,it->t", x, fit)
    return FittedLine(
        slope=float(weights @ value), variance=variance_of(weights, covariance), weights=weights,
        leverage=leverage, equal=alike,
    )  # fmt: skip


def residual(design: Floats, value: Floats, covariance: Floats) -> tuple[float, Floats]:
    """What a model of rounds leaves, r'V⁻¹r, and the leverage of each round."""
    half = np.linalg.solve(covariance, design)
    fit = np.linalg.solve(design.T @ half, half.T)
    rest = value - design @ (fit @ value)
    return float(rest @ np.linalg.solve(covariance, rest)), np.einsum("ti,it->t", design, fit)


def degrees_of_freedom(weights: Floats, covariance: Floats, df: Floats, *, independent: bool) -> float:
    """Those of a weighted sum: Satterthwaite's of independent rounds, Σv² / Σ(v²/df); else the least of the rounds it is made of."""
    used = weights != 0
    least = float(np.min(df[used], initial=math.inf))
    if not independent:
        return least
    parts = weights**2 * np.diagonal(covariance)
    if not (df[used] > 0).all():
        return least
    spread = float(np.sum(parts**2 / df))
    return math.inf if spread == 0 else float(parts.sum() ** 2 / spread)


def wald_test(
    design: Floats, value: Floats, covariance: Floats, df: Floats, *, independent: bool, given: float | None
) -> Wald:
    """Test that values of rounds lie on a model: nothing but a constant (any change at all), or a line.

    Of independent rounds Johansen's approximation, which for a constant is Welch's test; else Hotelling's F with the least degrees of
    freedom. With `given` degrees of freedom W/q on (q, given), as a design-weighted regression has it.

    Notes
    -----
    W = r'V⁻¹r, q = T − p. Johansen: A = Σ(1 − h)²/df, F = W/(q + 2A − 6A/(q + 2)) on (q, q(q + 2)/(3A)). Hotelling:
    F = W(ν − q + 1)/(νq) on (q, ν − q + 1).

    References
    ----------
    Welch (1951), Biometrika 38, 330-336. Johansen (1980), Biometrika 67, 85-92. Korn and Graubard (1990), The American
    Statistician 44, 270-276.
    """
    q = len(value) - design.shape[1]
    if q < 1 or not regular(covariance):
        return Wald(f=math.nan, q=float(q), df=math.nan, p=math.nan)
    w, leverage = residual(design, value, covariance)
    least = float(df.min())
    if given is not None:
        f, freedom = w / q, given
    elif independent and least > 0:
        a = float(np.sum((1 - leverage) ** 2 / df))
        f = w / (q + 2 * a - 6 * a / (q + 2))
        freedom = math.inf if a == 0 else q * (q + 2) / (3 * a)
    else:
        freedom = least - q + 1
        f = w / q if math.isinf(least) else w * freedom / (least * q)
    if not freedom > 0:
        return Wald(f=math.nan, q=float(q), df=freedom, p=math.nan)
    return Wald(f=f, q=float(q), df=freedom, p=_tail(f, q, freedom))


def _tail(f: float, q: int, df: float) -> float:
    from scipy import stats

    return float(stats.chi2.sf(f * q, q) if math.isinf(df) else stats.f.sf(f, q, df))


def on_scale(scale: str, value: Floats, covariance: Floats, per: float) -> tuple[Floats, Floats]:
    """Values and covariance on the scale of the line: as they are, their logarithms, or the logits of shares (of `per` persons).

    NaN where a value has none. Covariance by derivatives: 1/x, or per/(x(per − x)).
    """
    if scale == "linear":
        return value, covariance
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = np.log(value) if scale == "log" else np.log(value / (per - value))
        slope = 1 / value if scale == "log" else per / (value * (per - value))
    moved = np.where(np.isfinite(moved) & np.isfinite(slope), moved, np.nan)
    slope = np.where(np.isnan(moved), np.nan, slope)
    return moved, covariance * np.outer(slope, slope)
