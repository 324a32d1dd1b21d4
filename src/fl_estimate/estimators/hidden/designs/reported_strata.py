"""Reported cases by stratum: found by either team or both, with how many persons each holds; numbers only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.estimators.hidden.designs.adaptive_networks import Codes, Flags


@dataclass(frozen=True, kw_only=True)
class ReportedStrata:
    """What was found in each stratum, float arrays of shape (strata,).

    Attributes
    ----------
    first, second, both : float array
        Cases that the first team found, the second, and both.
    sized : float array
        Cases whose persons are known.
    persons : float array
        Persons in these.
    mean, variance : float array
        Of persons over these cases; the variance is pooled where `pooled`.
    pooled : flags
        Strata with one case of known size: the coefficient of variation is that of all strata; unknown where all have one.
    """

    first: Floats
    second: Floats
    both: Floats
    sized: Floats
    persons: Floats
    mean: Floats
    variance: Floats
    pooled: Flags

    @property
    def distinct(self) -> Floats:
        """Cases found by either."""
        return self.first + self.second - self.both


def by_stratum(code: Codes, first: Flags, second: Flags, persons: Floats) -> ReportedStrata:
    """Count cases within strata; `persons` is NaN where the size of a case is not known."""
    strata = int(code.max(initial=-1)) + 1

    def count(weight: Floats | Flags) -> Floats:
        return np.bincount(code, weights=weight.astype(float), minlength=strata)

    known = ~np.isnan(persons)
    sized, total = count(known), count(np.where(known, persons, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = total / sized
        away = np.where(known, persons - mean[code], 0.0) ** 2
        variance = count(away) / (sized - 1)
        # NaN where every stratum has one case of known size: how sizes differ is not known at all.
        relative = np.nansum(np.where(sized > 1, (sized - 1) * variance / mean**2, 0.0)) / (sized - 1).clip(0).sum()
    pooled = sized == 1
    return ReportedStrata(
        first=count(first), second=count(second), both=count(first & second), sized=sized, persons=total, mean=mean,
        variance=np.where(pooled, relative * mean**2, variance), pooled=pooled,
    )  # fmt: skip


def case_numbers(strata: ReportedStrata, estimator: str) -> tuple[Floats, Floats]:
    """Cases that were reported, in each stratum, and the variance.

    Notes
    -----
    Chapman (n₁ + 1)(n₂ + 1)/(m + 1) − 1 with (n₁ + 1)(n₂ + 1)(n₁ − m)(n₂ − m)/((m + 1)²(m + 2)); Lincoln–Petersen n₁n₂/m with
    n₁n₂(n₁ − m)(n₂ − m)/m³.
    """
    a, b, m = strata.first, strata.second, strata.both
    if estimator == "chapman":
        size = (a + 1) * (b + 1) / (m + 1) - 1
        return size, (a + 1) * (b + 1) * (a - m) * (b - m) / ((m + 1) ** 2 * (m + 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        return a * b / m, a * b * (a - m) * (b - m) / m**3


@dataclass(frozen=True, kw_only=True)
class ReportedFigures:
    """Cases, persons and persons a case of a set of strata, each with its variance; `seen` are the persons that were found."""

    cases: float
    cases_variance: float
    persons: float
    persons_variance: float
    mean: float
    mean_variance: float
    distinct: float
    seen: float


def added_up(strata: ReportedStrata, estimator: str, chosen: Flags) -> ReportedFigures:
    """Strata added up.

    Notes
    -----
    T = Σ N_h x̄_h; V(T) = Σ (x̄_h² V(N_h) + N_h² (1 − r_h/N_h) s_h²/r_h), r_h the cases whose size is known: those found are taken as a random part of the
    N_h, whose own persons are counted. R = T/N; V(R) = Σ ((x̄_h − R)² V(N_h) + N_h² (1 − r_h/N_h) s_h²/r_h)/N².
    """
    size, variance = case_numbers(strata, estimator)
    size, variance = size[chosen], variance[chosen]
    mean, spread, r = strata.mean[chosen], strata.variance[chosen], strata.sized[chosen]
    left = np.clip(1 - r / np.maximum(size, r), 0.0, 1.0)
    of_sizes = np.where(left > 0, size**2 * left * spread / r, 0.0)
    cases, persons = float(size.sum()), float((size * mean).sum())
    ratio = persons / cases
    return ReportedFigures(
        cases=cases,
        cases_variance=float(variance.sum()),
        persons=persons,
        persons_variance=float((mean**2 * variance + of_sizes).sum()),
        mean=ratio,
        mean_variance=float(((mean - ratio) ** 2 * variance + of_sizes).sum() / cases**2),
        distinct=float(strata.distinct[chosen].sum()),
        seen=float(strata.persons[chosen].sum()),
    )
