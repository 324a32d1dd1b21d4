"""Effective counts: how many people drawn at random an area's sample is worth, and how many cases among them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from fl_estimate.arrays import Floats
from fl_estimate.estimators.hierarchical.read.direct import Direct
from fl_estimate.results.basis import Support

RULES: tuple[str, ...] = ("pooled", "own", "national")
WIDENED_AT = 0.975
"""Where Student's t is compared with the normal: one posterior holds whatever limits are read from it."""
SETTLES = 1.5
"""Power of the degrees of freedom with which the unit that is added loses weight under the clustered likelihood. There a design effect
that is too large moves figures up: an area without a case says less then, one with cases says as much."""
ENOUGH_CASES = 5
"""Areas with as many cases have a design effect of their own that others may borrow."""


@dataclass(frozen=True, kw_only=True)
class Effective:
    """Effective cases and n, shape (m,); the design effect used and whose it is: own, pooled, national or one.

    Under rule "pooled" `pooled` is the design effect before a unit was added, and `df` on how many units it rests; else
    both are NaN.
    """

    cases: Floats
    n: Floats
    deff: Floats
    source: tuple[str, ...]
    pooled: float = np.nan
    df: float = np.nan


def rule_of(direct: Direct) -> str:
    """The rule by default: pooled where it is known on how many units design effects rest; what is stated is taken as it is."""
    return "own" if _known(direct).any() and not direct.units_known else "pooled"


def effective_counts(direct: Direct, rule: str, *, widen: bool = False, clustered: bool = False) -> Effective:
    """Divide n by a design effect: one that all areas share, each area's own, or the nation's.

    One of 0 (the area's units have equal counts) is taken as not known; one below 1 as 1, so that no area is worth more
    people than were asked.

    Parameters
    ----------
    direct : Direct
    rule : {"pooled", "own", "national"}
        Where an area has none of its own, "own" borrows the n-weighted mean over the areas with five cases or more, else
        the nation's, else 1. "national" gives that of the nation to all, else what "own" borrows. "pooled": see
        `pooled_deff`.
    widen : bool
        Whether the pooled one is made larger by (t/z)² too: see `widened`.
    clustered : bool
        Whether it is for the clustered likelihood: see `with_one_unit`.

    Notes
    -----
    n_eff = n/deff, cases_eff = n_eff · value.
    """
    value, n = direct.numbers["value"], direct.numbers["n"]
    sampled = n > 0
    if rule == "pooled":
        pooled, df, lender = pooled_deff(direct)
        divided = widened if widen else with_one_unit
        weight = df**SETTLES if clustered else df
        used = np.ones(len(n)) if lender == "one" else divided(pooled, weight, n, direct.support)
        source = np.full(len(n), lender)
    else:
        pooled, df = np.nan, np.nan
        borrowed, lender = _borrowed(direct, rule)
        own = _known(direct) & (rule == "own")
        used, source = np.where(own, direct.numbers["deff"], borrowed), np.where(own, "own", lender)
    used = np.maximum(used, 1.0)
    size = np.where(sampled, n, 0.0) / used
    return Effective(
        cases=np.where(sampled, value, 0.0) * size,
        n=size,
        deff=np.where(sampled, used, np.nan),
        source=tuple(str(name) if met else "" for met, name in zip(sampled, source, strict=True)),
        pooled=pooled,
        df=df,
    )


def pooled_deff(direct: Direct) -> tuple[float, float, str]:
    """One design effect for all areas, the degrees of freedom that it rests on, and where it comes from.

    Notes
    -----
    Σ n v(1 − v) deff/Σ n v(1 − v), v the direct share: the areas' variances of counts over those of people drawn one by
    one. Areas whose units have equal counts are in it with their variance of 0. Degrees of freedom by Satterthwaite,
    (Σ c)²/Σ(c²/f) with c = n v(1 − v) deff; an area's f is its own degrees of freedom or its primary units with a case,
    whichever are fewer: units without a case say nothing of how cases cluster.
    """
    value, n, deff = (direct.numbers[name] for name in ("value", "n", "deff"))
    with np.errstate(invalid="ignore"):
        expected = n * value * (1 - value)
        met = (n > 0) & np.isfinite(deff) & (expected > 0)
    part = expected[met] * deff[met]
    if part.sum() > 0:
        units = units_that_tell(direct.support, _cases(direct))[met]
        df = float(part.sum() ** 2 / (part**2 / units).sum())
        return float(part.sum() / expected[met].sum()), df, "pooled"
    national = direct.national
    if national["deff"] > 0:
        cases = np.array([national["cases"]])
        expected_cases = np.array([national["value"] * national["n"]])
        units = units_that_tell(direct.national_support, np.where(np.isfinite(cases), cases, expected_cases))
        return float(national["deff"]), float(units[0]), "national"
    return 1.0, np.nan, "one"


def with_one_unit(pooled: float, df: float, n: Floats, support: Support) -> Floats:
    """What n is divided by, since the pooled design effect is estimated from few units; shape (m,).

    For the clustered likelihood `df` is taken to the power `SETTLES`.

    Notes
    -----
    (df · pooled + alike)/(df + 1). `alike` is n over the area's primary units, as if in a unit all were alike: one such
    unit is added to those that the pooled one rests on. Estimated from a handful of units a design effect is too small
    more often than too large, and it is smallest in the samples whose share is too low.
    """
    alike = np.fmax(pooled, n / (np.fmax(support.df, 0.0) + 1))
    return (df * pooled + alike) / (df + 1)


def widened(pooled: float, df: float, n: Floats, support: Support) -> Floats:
    """The same for limits that are equal-tailed quantiles: larger by (t/z)²; shape (m,).

    Notes
    -----
    t is the quantile of Student's t of df + 1 degrees of freedom and z the normal's. Their ratio is how Korn and Graubard
    (1998) shrink an effective sample size. Calibrated limits have smaller tails instead.
    """
    ratio = special.stdtrit(df + 1, WIDENED_AT) / special.ndtri(WIDENED_AT)
    return with_one_unit(pooled, df, n, support) * ratio**2


def _known(direct: Direct) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    deff = direct.numbers["deff"]
    return (direct.numbers["n"] > 0) & np.isfinite(deff) & (deff > 0)


def _borrowed(direct: Direct, rule: str) -> tuple[float, str]:
    """The design effect of areas that have none of their own, and whose it is."""
    n, deff = direct.numbers["n"], direct.numbers["deff"]
    lending = _known(direct) & (_cases(direct) >= ENOUGH_CASES)
    national = float(direct.national["deff"])
    if lending.any() and not (rule == "national" and national > 0):
        return float(np.average(deff[lending], weights=n[lending])), "pooled"
    return (national, "national") if national > 0 else (1.0, "one")


def _cases(direct: Direct) -> Floats:
    """Cases of areas; where they are not told, what the share says."""
    cases = direct.numbers["cases"]
    return np.where(np.isfinite(cases), cases, direct.numbers["value"] * direct.numbers["n"])


def units_that_tell(support: Support, cases: Floats) -> Floats:
    """Primary units that tell how cases cluster: with a case, where that is known, and never more than degrees of freedom."""
    return np.fmax(np.fmin(np.fmin(support.df, support.psus_with_cases), cases), 1.0)
