"""Sources as counts, by the people asked or effective ones: surveys without a case are kept. Arrays in and out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from fl_estimate.arrays import Floats

TAU_PRIOR = 0.5
"""Scale of the half-normal prior of the standard deviation between sources, on the log scale (Röver and others 2021)."""
NODES = 40
"""Gauss–Hermite nodes over the effect of a source."""
POINTS, FIRST = (400, 60), (150, 12)
"""Grid over the log of the figure, and over the standard deviation between sources; the first one finds where there is anything."""
NOTHING = 25.0
"""How far below its maximum a log density counts for nothing."""


@dataclass(frozen=True, kw_only=True)
class Pooled:
    """A figure from effective counts with its error, limits, the weights of the sources, τ (0 where it is fixed), and limits of another source."""

    value: float
    se: float
    lower: float
    upper: float
    weights: Floats
    tau: float
    another: list[float] | None = None


def exposure_without_cases(upper: Floats, level: Floats) -> Floats:
    """How much a survey without a case has looked at: E of exp(−E U) = (1 − level)/2, from its own upper limit U."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return -np.log((1 - level) / 2) / upper


def deviance_of_counts(events: Floats, exposure: Floats) -> tuple[float, float, float]:
    """Whether the rates of sources differ by more than chance: deviance of Poisson counts, its df and p."""
    expected = exposure * events.sum() / exposure.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        deviance = 2 * float((special.xlogy(events, events / expected) - (events - expected)).sum())
    df = float(len(events) - 1)
    return (deviance, df, float(special.chdtrc(df, max(deviance, 0.0)))) if events.sum() > 0 else (0.0, df, 1.0)


def fixed(events: Floats, exposure: Floats, level: float) -> Pooled:
    """One rate of all sources: Σ events / Σ exposure with Garwood's exact limits.

    Notes
    -----
    Limits are γ(α/2; x)/E and γ(1 − α/2; x + 1)/E with γ the gamma quantile, x = Σ events, which need not be whole.

    References
    ----------
    Garwood (1936), Biometrika 28, 437-442.
    """
    x, e, tail = float(events.sum()), float(exposure.sum()), (1 - level) / 2
    low = float(special.gammaincinv(x, tail)) / e if x > 0 else 0.0
    high = float(special.gammaincinv(x + 1, 1 - tail)) / e
    return Pooled(
        value=x / e, se=float(np.sqrt(x)) / e, lower=low, upper=high, weights=exposure / exposure.sum(), tau=0.0
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Surveyed:
    """A figure from surveys that count by the people asked, its degrees of freedom, and the test whether they differ."""

    pooled: Pooled
    df: float
    test: tuple[float, float, float]


def by_people(value: Floats, se: Floats, n: Floats, df: Floats, level: float) -> Surveyed:
    """One figure of all surveys, each with the weight of the people that it asked.

    Parameters
    ----------
    value, se : array, shape (sources,)
        Shares or totals of persons, at least one above 0; the standard error of a survey without a case is 0.
    n : array, shape (sources,)
        People asked.
    df : array, shape (sources,)
        Degrees of freedom of each variance: effective ones where they are known.
    level : float

    Notes
    -----
    a_s = n_s/Σ n, value Σ a_s y_s, V = Σ a_s² SE_s². Weights that were estimated, 1/SE² on any scale, go with the figures: a survey
    that met few cases has a small error or a large one by the same chance. These do not, so that neither the value nor V is
    biased. Limits are Garwood's of x = value²/V effective cases, x first times (z/t)² with t of Satterthwaite's
    V²/Σ (a_s⁴ SE_s⁴/df_s) degrees of freedom, as Korn and Graubard do with the effective sample size.

    References
    ----------
    Garwood (1936), Biometrika 28, 437-442. Korn and Graubard (1998), Survey Methodology 24, 193-201. Satterthwaite (1946),
    Biometrics Bulletin 2(6), 110-114.
    """
    share = n / n.sum()
    parts = np.where(np.isfinite(se), share * se, 0.0) ** 2
    found, variance = float(share @ value), float(parts.sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        below = float(np.where(parts > 0, parts**2 / df, 0.0).sum())
    own = variance**2 / below if below > 0 else np.inf
    x, tail = found**2 / variance, (1 - level) / 2
    fewer = x * (special.ndtri(1 - tail) / special.stdtrit(own, 1 - tail)) ** 2 if np.isfinite(own) else x
    test = deviance_of_counts(share * value * x / found, share * x / found)
    pooled = Pooled(
        value=found, se=float(np.sqrt(variance)), lower=float(special.gammaincinv(fewer, tail)) / fewer * found,
        upper=float(special.gammaincinv(fewer + 1, 1 - tail)) / fewer * found, weights=share, tau=0.0,
    )  # fmt: skip
    return Surveyed(pooled=pooled, df=own, test=test)


def exposure_of_surveys(value: Floats, se: Floats, n: Floats, cases: Floats) -> Floats:
    """How much each survey has looked at, as effective people: its own people, by one design effect of all surveys.

    Parameters
    ----------
    value, se, n, cases : array, shape (sources,)
        Shares or totals of persons, at least one above 0, with their errors; people asked, and cases met.

    Notes
    -----
    a_s = cases_s/value_s people are counted in the unit of the figure; of a survey without a case as many for each person asked as in the
    others. D_s = SE_s² a_s/value_s is the design effect of a count, and D = Σ cases_s D_s/Σ cases_s; exposure a_s/D. An
    effect of each survey's own goes with the figure: where few cases came together in a unit it is large by the same chance.
    """
    met = (value > 0) & (cases > 0)
    seen = np.where(met, cases, 0.0) / np.where(met, value, 1.0)
    seen = np.where(met, seen, n * seen[met].sum() / n[met].sum())
    effect = np.where(met & np.isfinite(se), se, 0.0) ** 2 * seen / np.where(met, value, 1.0)
    pooled = float((effect * cases)[met].sum() / cases[met].sum())
    return seen / pooled if pooled > 0 else seen


def another_of(mass: Floats, theta: Floats, tau: Floats, level: float) -> list[float]:
    """Where the rate of another source would be expected, exp(θ + τ z), over a grid of both with these masses."""
    spread = np.maximum(tau, 1e-9)
    asked = np.linspace(theta[0], theta[-1], 400)
    kept = mass.sum(axis=1) > 1e-9
    below = np.array([float((mass[kept] * special.ndtr((t - theta[kept, None]) / spread)).sum()) for t in asked])
    low, high = np.interp([(1 - level) / 2, (1 + level) / 2], below, asked)
    return [float(np.exp(low)), float(np.exp(high))]


def random(events: Floats, exposure: Floats, level: float) -> Pooled:
    """Rates of sources scattered around a common one: Poisson counts with normal effects on the log scale.

    Notes
    -----
    x_s ~ Poisson(E_s exp(θ + τ z_s)), z_s ~ N(0, 1) integrated by Gauss–Hermite, θ flat, τ half-normal(0.5), on a grid of both.
    The value is the posterior median of exp(θ), limits are equal-tailed. Another source is expected within those of exp(θ + τ z); of two sources
    that would be the prior's word, and none is given.
    """
    tau = np.linspace(0.0, 4 * TAU_PRIOR, POINTS[1])
    centre, spread = np.log((events.sum() + 0.5) / exposure.sum()), 1 / np.sqrt(events.sum() + 0.5)
    reach = 8 * spread + 4 * TAU_PRIOR
    # A likelihood without a case is flat downwards: the grid goes as far as a tenth of a thousandth of the centre.
    theta = np.linspace(centre - max(reach, 9.2), centre + reach, FIRST[0])
    found = _log_posterior(events, exposure, theta, np.linspace(0.0, 4 * TAU_PRIOR, FIRST[1])).max(axis=1)
    kept = np.flatnonzero(found > found.max() - NOTHING)
    low, high = max(kept[0] - 1, 0), min(kept[-1] + 1, len(theta) - 1)
    theta = np.linspace(theta[low], theta[high], POINTS[0])
    log_post = _log_posterior(events, exposure, theta, tau)
    mass = np.exp(log_post - log_post.max())
    mass /= mass.sum()
    of_theta, of_tau = mass.sum(axis=1), mass.sum(axis=0)
    below = np.cumsum(of_theta) - of_theta / 2
    low, middle, high = np.exp(np.interp([(1 - level) / 2, 0.5, (1 + level) / 2], below, theta))
    mean = float(of_theta @ np.exp(theta))
    between = float(np.sqrt(of_tau @ tau**2))
    weights = 1 / (1 / np.maximum(exposure * middle, 1e-12) + between**2)
    return Pooled(
        value=float(middle), se=float(np.sqrt(max(of_theta @ np.exp(2 * theta) - mean**2, 0.0))), lower=float(low),
        upper=float(high), weights=weights / weights.sum(), tau=between,
        another=another_of(mass, theta, tau, level) if len(events) > 2 else None,
    )  # fmt: skip


def _log_posterior(events: Floats, exposure: Floats, theta: Floats, tau: Floats) -> Floats:
    """Log density at every θ and τ, shape (theta, tau), up to a constant."""
    nodes, weight = np.polynomial.hermite_e.hermegauss(NODES)
    weight = weight / weight.sum()
    log_rate = theta[:, None, None] + tau[None, :, None] * nodes
    rate = np.exp(log_rate)
    result = np.broadcast_to(-0.5 * (tau / TAU_PRIOR) ** 2, (len(theta), len(tau))).copy()
    for x, e in zip(events, exposure, strict=True):
        each = x * log_rate - e * rate
        most = each.max(axis=2, keepdims=True)
        result += np.log(np.exp(each - most) @ weight) + most[..., 0]
    return result
