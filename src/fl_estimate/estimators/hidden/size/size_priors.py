"""Priors of the size of a hidden population that was sampled by successive sampling: a beta prior of n/N, or flat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fl_estimate.arrays import Floats

TIMES = 3
"""The default maximum, in the size that the prior is stated by."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SizePrior:
    """A prior of N on n, …, maximum.

    Attributes
    ----------
    n : int
        People sampled: N is no less.
    maximum : int
    alpha, beta : float
        Of n/N ~ Beta(alpha, beta); both 0 where the prior is flat.
    flat : bool
    """

    n: int
    maximum: int
    alpha: float = 0.0
    beta: float = 0.0
    flat: bool = False

    @property
    def sizes(self) -> Floats:
        """Every N that is possible."""
        return np.arange(self.n, self.maximum + 1, dtype=float)

    def log_density(self, sizes: Floats) -> Floats:
        """(β − 1) log(N − n) − (α + β) log N, up to a constant; at N = n, where it is 0 or infinite, as half a person above."""
        if self.flat:
            return np.zeros(np.shape(sizes))
        return (self.beta - 1) * np.log(np.maximum(sizes - self.n, 0.5)) - (self.alpha + self.beta) * np.log(sizes)

    def probabilities(self) -> Floats:
        """Of every N."""
        return normalised(self.log_density(self.sizes))


def normalised(log_density: Floats) -> Floats:
    """Probabilities of logarithms of anything proportional to them."""
    weight = np.exp(log_density - np.max(log_density))
    return weight / weight.sum()


def quantiles(sizes: Floats, probabilities: Floats, at: Floats) -> Floats:
    """Quantiles of a distribution of whole persons, between which it is taken to be even."""
    cumulative = np.cumsum(probabilities)
    return np.interp(at, cumulative / cumulative[-1], sizes)


def prior_by_median(n: int, median: float, maximum: int, alpha: float | None = None) -> SizePrior:
    """The prior whose median, below the maximum, is this; α = median/(median − n) where it is not given."""
    shape = median / (median - n) if alpha is None else alpha
    return _solved(n, maximum, shape, lambda made: _below(made, median) - 0.5)


def prior_by_mean(n: int, mean: float, maximum: int, alpha: float | None = None) -> SizePrior:
    """The prior whose mean, below the maximum, is this."""
    shape = mean / (mean - n) if alpha is None else alpha
    return _solved(n, maximum, shape, lambda made: mean - float(made.probabilities() @ made.sizes))


def prior_by_mode(n: int, mode: float, maximum: int, alpha: float | None = None) -> SizePrior:
    """The prior whose mode is this: N = n (α + β)/(α + 1)."""
    shape = mode / (mode - n) if alpha is None else alpha
    return SizePrior(n=n, maximum=maximum, alpha=shape, beta=mode * (shape + 1) / n - shape)


def prior_by_quartiles(n: int, quartiles: tuple[float, float], maximum: int) -> SizePrior | None:
    """The prior with these quartiles, below the maximum; None where there is none."""
    from scipy import optimize

    solve: Any = optimize.brentq
    lower, upper = quartiles

    def by_alpha(log_alpha: float) -> float:
        made = _solved(n, maximum, float(np.exp(log_alpha)), lambda each: _below(each, lower) - 0.25)
        return _below(made, upper) - 0.75

    try:
        log_alpha = float(solve(by_alpha, -4.0, 8.0, xtol=1e-9))
    except ValueError:
        return None
    return _solved(n, maximum, float(np.exp(log_alpha)), lambda each: _below(each, lower) - 0.25)


def _below(made: SizePrior, size: float) -> float:
    """Probability of N up to a size, even between whole numbers."""
    cumulative = np.cumsum(made.probabilities())
    return float(np.interp(size, made.sizes, cumulative))


def _solved(n: int, maximum: int, alpha: float, miss: Callable[[SizePrior], float]) -> SizePrior:
    """The β at which what falls in β is 0; the nearest end where it never is."""
    from scipy import optimize

    solve: Any = optimize.brentq

    def made(log_beta: float) -> SizePrior:
        return SizePrior(n=n, maximum=maximum, alpha=alpha, beta=float(np.exp(log_beta)))

    low, high = -6.0, 12.0
    at_low, at_high = miss(made(low)), miss(made(high))
    if at_low * at_high > 0:
        return made(low if abs(at_low) < abs(at_high) else high)
    return made(float(solve(lambda log_beta: miss(made(log_beta)), low, high, xtol=1e-10)))
