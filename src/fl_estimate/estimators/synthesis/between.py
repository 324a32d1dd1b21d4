"""How far the true rates of countries differ: by moments, or kept off zero where few countries were surveyed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import optimize

from fl_estimate.arrays import Floats

FEW = 4
"""Degrees of freedom below which the standard deviation between countries is kept off zero: moments give 0 in nearly half the cases."""
_minimum: Any = optimize.minimize_scalar


@dataclass(frozen=True, kw_only=True)
class Spread:
    """The standard deviation between countries, how it was found, and the mean sampling variance that was taken off for it."""

    sd: float
    df: float = np.inf
    kept_off_zero: bool = False
    error: float = 0.0


def between_sd(groups: Sequence[tuple[Floats, Floats]]) -> Spread:
    """Estimate the standard deviation between countries within groups.

    Parameters
    ----------
    groups : sequence of (rates, variances)
        Of the surveyed countries of each group; groups of one country tell nothing.

    Returns
    -------
    Spread

    Notes
    -----
    Moments: s² = max(0, variance of the rates, less the mean of their sampling variances), pooled by degrees of freedom.
    With fewer than four degrees of freedom the larger of that and the maximum over τ of

        −½ Σ log(V_c + τ²) − ½ Σ (p_c − μ)²/(V_c + τ²) + log τ,

    μ the weighted mean of the group: maximum likelihood under a gamma(2, λ → 0) penalty, which is 0 at τ = 0. Countries
    without an error of their own are given the mean of the others'.

    References
    ----------
    Chung, Rabe-Hesketh, Dorie, Gelman and Liu (2013), Psychometrika 78(4), 685-709.

    Examples
    --------
    >>> import numpy as np
    >>> alike = np.array([0.003, 0.003]), np.array([1e-6, 1e-6])
    >>> found = between_sd([alike])
    >>> round(found.sd, 6), found.df, found.kept_off_zero
    (0.001, 1.0, True)
    """
    several = [(p, v) for p, v in groups if len(p) > 1]
    df = float(sum(len(p) - 1 for p, _ in several))
    moment = sum((len(p) - 1) * float(p.var(ddof=1) - v.mean()) for p, v in several) / df
    error = sum((len(v) - 1) * float(v.mean()) for _, v in several) / df
    errors = np.concatenate([v for _, v in several])
    if df >= FEW or not (errors > 0).any():
        return Spread(sd=float(np.sqrt(max(0.0, moment))), df=df, error=error)
    filled = [(p, np.where(v > 0, v, errors[errors > 0].mean())) for p, v in several]
    most = 5 * max(float(np.ptp(p)) + float(np.sqrt(v.max())) for p, v in filled)
    grid = np.linspace(most / 500, most, 500)
    best = grid[np.argmin([_against(tau, filled) for tau in grid])]
    result = _minimum(
        lambda tau: _against(float(tau), filled), bounds=(max(best - most / 250, most * 1e-9), best + most / 250),
        method="bounded", options={"xatol": most * 1e-10},
    )  # fmt: skip
    plain = float(np.sqrt(max(0.0, moment)))
    kept_off = plain < result.x
    return Spread(sd=float(result.x) if kept_off else plain, df=df, kept_off_zero=bool(kept_off), error=error)


def _against(tau: float, groups: Sequence[tuple[Floats, Floats]]) -> float:
    """Less the penalised log-likelihood."""
    total = -np.log(tau)
    for p, v in groups:
        w = 1 / (v + tau**2)
        total += 0.5 * float((w * (p - (w * p).sum() / w.sum()) ** 2).sum()) - 0.5 * float(np.log(w).sum())
    return float(total)
