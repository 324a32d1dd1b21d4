"""Intervals from an estimate, its standard error, n and degrees of freedom. Vectorised; nothing knows of frames.

Formulas and their peers: methods of R survey 4.4.2 `svyciprop` (beta, logit, xlogit, arcsine, likelihood, Wald), 4.5
(Wilson), NCHS 2017 (Korn–Graubard), Brown, Cai and DasGupta 2001 (Jeffreys). A limit that has no value is NaN; the caller says why.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special

from fl_estimate.design.small_table import Floats

Level = float | Floats
"""One level for all rows, or one for each."""
PROPORTION: tuple[str, ...] = (
    "korn-graubard", "beta", "logit", "xlogit", "wilson", "jeffreys", "arcsine", "likelihood", "wald", "log",
)  # fmt: skip
GENERAL: tuple[str, ...] = ("wald", "log")


def t_quantile(level: Level, df: Floats) -> Floats:
    """Two-sided t quantile; NaN where df ≤ 0, the normal where df is infinite."""
    safe = np.where(df > 0, df, np.nan)
    return np.where(np.isinf(safe), special.ndtri((1 + level) / 2), special.stdtrit(safe, (1 + level) / 2))


def effective_n(value: Floats, se: Floats, n: Floats, df: Floats, level: Level, *, cap: bool) -> Floats:
    """Korn and Graubard's n*: n_e (t_{n−1}/t_df)², with n_e = p(1 − p)/se².

    With `cap` (NCHS 2017) it is at most n, and n_e = n where there are no cases or only cases.
    """
    edge = (value <= 0) | (value >= 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        raw = np.where(edge, n if cap else np.nan, value * (1 - value) / se**2)
        star = raw * (t_quantile(level, n - 1) / t_quantile(level, df)) ** 2
    return np.minimum(star, n) if cap else star


def proportion(
    kind: str, value: Floats, se: Floats, n: Floats, df: Floats, level: Level, logit_se: Floats | None = None
) -> tuple[Floats, Floats]:
    """Limits of a proportion by one of `PROPORTION`, each array of shape (rows,).

    `logit_se` is the standard error of the log-odds over replicates, where there are such: logit then takes it.

    Notes
    -----
    With t = t_df and α = 1 − level: korn-graubard and beta take the limits of Clopper and Pearson at n* p of n*
    (n* capped at n, or not); logit and xlogit transform p ± t se/(p(1 − p)); wilson uses n_e without adjusting it;
    jeffreys takes the quantiles of Beta(n* p + ½, n*(1 − p) + ½), n* capped, and 0 or 1 where there are no cases or only
    cases; arcsine is sin²(arcsin √p ± t se/(2√(p(1 − p)))), the angle kept within 0 and π/2; likelihood holds the p' with
    2 n_e (n − 1)/n (p log(p/p') + (1 − p) log((1 − p)/(1 − p'))) ≤ t².
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if kind in ("korn-graubard", "beta"):
            return _clopper_pearson(value, effective_n(value, se, n, df, level, cap=kind == "korn-graubard"), level)
        t = t_quantile(level, df)
        if kind in ("logit", "xlogit"):
            own = se / (value * (1 - value)) if logit_se is None or kind == "xlogit" else logit_se
            centre, half = np.log(value / (1 - value)), t * own
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
        if kind == "jeffreys":
            return _jeffreys(value, effective_n(value, se, n, df, level, cap=True), level)
        if kind == "arcsine":
            angle, reach = np.arcsin(np.sqrt(value)), t * se / (2 * np.sqrt(value * (1 - value)))
            low, high = np.maximum(angle - reach, 0), np.minimum(angle + reach, np.pi / 2)
            return np.sin(low) ** 2, np.sin(high) ** 2
        if kind == "likelihood":
            return _likelihood(value, value * (1 - value) / se**2 * (n - 1) / n, t)
    return general(kind, value, se, df, level)


def general(kind: str, value: Floats, se: Floats, df: Floats, level: Level) -> tuple[Floats, Floats]:
    """Limits of any quantity: wald, value ± t se; log, value × exp(± t se/value) for values above 0."""
    t = t_quantile(level, df)
    if kind == "wald":
        return value - t * se, value + t * se
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        half = np.where(value > 0, t * se / value, np.nan)
        return value * np.exp(-half), value * np.exp(half)


def no_case_limits(n: Floats, df: Floats, level: Level) -> Floats:
    """U of [0, U] where no case was met: 1 − (α/2)^{1/n*} with deff 1; 1 − U is the mirror image where all are cases."""
    star = effective_n(np.zeros_like(n), np.zeros_like(n), n, df, level, cap=True)
    with np.errstate(divide="ignore"):
        return 1 - ((1 - level) / 2) ** (1 / star)


def _clopper_pearson(value: Floats, star: Floats, level: Level) -> tuple[Floats, Floats]:
    tail = (1 - level) / 2
    infinite = np.isinf(star)
    size = np.where(infinite, 1.0, star)
    cases = size * value
    low = np.where(value <= 0, 0.0, special.betaincinv(cases, size - cases + 1, tail))
    high = np.where(value >= 1, 1.0, special.betaincinv(cases + 1, size - cases, 1 - tail))
    known = ~np.isnan(star)
    low, high = np.where(known, low, np.nan), np.where(known, high, np.nan)
    return np.where(infinite, value, low), np.where(infinite, value, high)


def _jeffreys(value: Floats, star: Floats, level: Level) -> tuple[Floats, Floats]:
    tail, certain = (1 - level) / 2, np.isinf(star)
    size = np.where(certain, 1.0, star)
    a, b = size * value + 0.5, size * (1 - value) + 0.5
    known = ~np.isnan(star)
    low = np.where(value <= 0, 0.0, special.betaincinv(a, b, tail))
    high = np.where(value >= 1, 1.0, special.betaincinv(a, b, 1 - tail))
    low, high = np.where(certain, value, low), np.where(certain, value, high)
    return np.where(known, low, np.nan), np.where(known, high, np.nan)


def _likelihood(value: Floats, size: Floats, t: Floats) -> tuple[Floats, Floats]:
    """Where the deviance of `size` independent answers reaches t², by halving: 60 steps leave no digit out."""

    def deviance(at: Floats) -> Floats:
        return 2 * size * (special.xlogy(value, value / at) + special.xlogy(1 - value, (1 - value) / (1 - at)))

    limits: list[Floats] = []
    for end in (0.0, 1.0):
        inner, outer = value.copy(), np.full_like(value, end)
        for _ in range(60):
            middle = (inner + outer) / 2
            within = deviance(middle) <= t**2
            inner, outer = np.where(within, middle, inner), np.where(within, outer, middle)
        limits.append(np.where((value > 0) & (value < 1) & ~np.isnan(t), inner, np.nan))
    certain = np.isinf(size)
    return np.where(certain, value, limits[0]), np.where(certain, value, limits[1])


def _where(condition: npt.NDArray[np.bool_], low: Floats, high: Floats) -> tuple[Floats, Floats]:
    return np.where(condition, low, np.nan), np.where(condition, high, np.nan)
