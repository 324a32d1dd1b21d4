"""Intervals from an estimate, its standard error, n and degrees of freedom. Vectorised; nothing knows of frames.

Formulas and their peers: methods of R survey 4.4.2 `svyciprop` (beta, logit, xlogit, Wald), 4.5 (Wilson), and
NCHS 2017 (Korn–Graubard). A limit that has no value is NaN; the caller says why.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special

from fl_estimate.design.totals import Floats

PROPORTION: tuple[str, ...] = ("korn-graubard", "beta", "logit", "xlogit", "wilson", "wald", "log")
GENERAL: tuple[str, ...] = ("wald", "log")


def t_quantile(level: float, df: Floats) -> Floats:
    """Two-sided t quantile; NaN where df ≤ 0, the normal where df is infinite."""
    safe = np.where(df > 0, df, np.nan)
    return np.where(np.isinf(safe), special.ndtri((1 + level) / 2), special.stdtrit(safe, (1 + level) / 2))


def effective_n(value: Floats, se: Floats, n: Floats, df: Floats, level: float, *, cap: bool) -> Floats:
    """Korn and Graubard's n*: n_e (t_{n−1}/t_df)², with n_e = p(1 − p)/se².

    With `cap` (NCHS 2017) it is at most n, and n_e = n where there are no cases or only cases.
    """
    edge = (value <= 0) | (value >= 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        raw = np.where(edge, n if cap else np.nan, value * (1 - value) / se**2)
        star = raw * (t_quantile(level, n - 1) / t_quantile(level, df)) ** 2
    return np.minimum(star, n) if cap else star


def proportion(kind: str, value: Floats, se: Floats, n: Floats, df: Floats, level: float) -> tuple[Floats, Floats]:
    """Limits of a proportion by one of `PROPORTION`, each array of shape (rows,).

    Notes
    -----
    With t = t_df and α = 1 − level: korn-graubard and beta take the limits of Clopper and Pearson at n* p of n*
    (n* capped at n, or not); logit and xlogit transform p ± t se/(p(1 − p)); wilson uses n_e without adjusting it.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if kind in ("korn-graubard", "beta"):
            return _clopper_pearson(value, effective_n(value, se, n, df, level, cap=kind == "korn-graubard"), level)
        t = t_quantile(level, df)
        if kind in ("logit", "xlogit"):
            centre, half = np.log(value / (1 - value)), t * se / (value * (1 - value))
            inside = (value > 0) & (value < 1)
            return _where(inside, 1 / (1 + np.exp(half - centre)), 1 / (1 + np.exp(-centre - half)))
        if kind == "wilson":
            n_e = np.where((value <= 0) | (value >= 1), n, value * (1 - value) / se**2)
            centre, shrink = value + t**2 / (2 * n_e), 1 + t**2 / n_e
            half = t / (2 * n_e) * np.sqrt(4 * n_e * value * (1 - value) + t**2)
            # A limit that is 0 or 1 in exact arithmetic must not come out as −1e-19.
            low = np.where(value <= 0, np.where(np.isnan(t), np.nan, 0.0), (centre - half) / shrink)
            high = np.where(value >= 1, np.where(np.isnan(t), np.nan, 1.0), (centre + half) / shrink)
            certain = (se == 0) & (value > 0) & (value < 1) & ~np.isnan(t)
            return np.where(certain, value, low), np.where(certain, value, high)
    return general(kind, value, se, df, level)


def general(kind: str, value: Floats, se: Floats, df: Floats, level: float) -> tuple[Floats, Floats]:
    """Limits of any quantity: wald, value ± t se; log, value × exp(± t se/value) for values above 0."""
    t = t_quantile(level, df)
    if kind == "wald":
        return value - t * se, value + t * se
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        half = np.where(value > 0, t * se / value, np.nan)
        return value * np.exp(-half), value * np.exp(half)


def no_case_limits(n: Floats, df: Floats, level: float) -> Floats:
    """U of [0, U] where no case was met: 1 − (α/2)^{1/n*} with deff 1; 1 − U is the mirror image where all are cases."""
    star = effective_n(np.zeros_like(n), np.zeros_like(n), n, df, level, cap=True)
    with np.errstate(divide="ignore"):
        return 1 - ((1 - level) / 2) ** (1 / star)


def _clopper_pearson(value: Floats, star: Floats, level: float) -> tuple[Floats, Floats]:
    tail = (1 - level) / 2
    infinite = np.isinf(star)
    size = np.where(infinite, 1.0, star)
    cases = size * value
    low = np.where(value <= 0, 0.0, special.betaincinv(cases, size - cases + 1, tail))
    high = np.where(value >= 1, 1.0, special.betaincinv(cases + 1, size - cases, 1 - tail))
    known = ~np.isnan(star)
    low, high = np.where(known, low, np.nan), np.where(known, high, np.nan)
    return np.where(infinite, value, low), np.where(infinite, value, high)


def _where(condition: npt.NDArray[np.bool_], low: Floats, high: Floats) -> tuple[Floats, Floats]:
    return np.where(condition, low, np.nan), np.where(condition, high, np.nan)
