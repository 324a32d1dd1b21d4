"""Distributions of counts of which the zeros are not seen: likelihoods, derivatives and chances of zero. Arrays only.

Every function takes complex numbers: second derivatives are complex steps of first ones, exact to rounding.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy import special

Numbers = npt.NDArray[Any]
"""Real or complex."""
DistributionName = Literal["poisson", "geometric", "negative-binomial"]
NAMES: tuple[DistributionName, ...] = get_args(DistributionName)
STEP = 1e-30
"""Of complex derivatives: nothing is subtracted, so it can be as small as is wanted."""


def zero(name: DistributionName, log_mean: Numbers, log_size: Numbers | float) -> Numbers:
    """The chance p₀ of a count of zero, at a mean μ and (negative binomial) a size k."""
    mean = np.exp(log_mean)
    if name == "poisson":
        return np.exp(-mean)
    if name == "geometric":
        return 1 / (1 + mean)
    size = np.exp(log_size)
    return np.exp(-size * np.log1p(mean / size))


def one(name: DistributionName, log_mean: Numbers, log_size: Numbers | float) -> Numbers:
    """The chance of a count of one, zeros counted."""
    mean = np.exp(log_mean)
    nobody = zero(name, log_mean, log_size)
    if name == "poisson":
        return mean * nobody
    if name == "geometric":
        return mean * nobody**2
    size = np.exp(log_size)
    return nobody * mean / (1 + mean / size)


def seen(name: DistributionName, log_mean: Numbers, log_size: Numbers | float) -> Numbers:
    """1 − p₀, without the loss of digits where p₀ is next to 1."""
    mean = np.exp(log_mean)
    if name == "poisson":
        return -np.expm1(-mean)
    if name == "geometric":
        return mean / (1 + mean)
    size = np.exp(log_size)
    return -np.expm1(-size * np.log1p(mean / size))


def log_chance(name: DistributionName, counts: Numbers, log_mean: Numbers, log_size: Numbers | float) -> Numbers:
    """Log of the chance of a count, given that it is not zero."""
    mean = np.exp(log_mean)
    if name == "poisson":
        plain = counts * log_mean - mean - special.loggamma(counts + 1)
    elif name == "geometric":
        plain = counts * log_mean - (counts + 1) * np.log1p(mean)
    else:
        size = np.exp(log_size)
        plain = (
            special.loggamma(counts + size) - special.loggamma(size) - special.loggamma(counts + 1)
            + counts * (log_mean - np.log(size + mean)) - size * np.log1p(mean / size)
        )  # fmt: skip
    return plain - np.log(seen(name, log_mean, log_size))


def slopes(
    name: DistributionName, counts: Numbers, log_mean: Numbers, log_size: Numbers | float
) -> tuple[Numbers, Numbers]:
    """Derivatives of `log_chance` by log μ and by log k (0 where there is no size)."""
    mean = np.exp(log_mean)
    nobody, somebody = zero(name, log_mean, log_size), seen(name, log_mean, log_size)
    if name == "poisson":
        return counts - mean / somebody, np.zeros_like(mean)
    if name == "geometric":
        return counts - 1 - counts * mean / (1 + mean), np.zeros_like(mean)
    size = np.exp(log_size)
    share = mean / (size + mean)
    by_mean = counts - (counts + size) * share - nobody * size * share / somebody
    # −log1p(μ/k) + μ/(k + μ), of order (μ/k)² where the size is large.
    bent = share - np.log1p(mean / size)
    by_size = size * (special.digamma(counts + size) - special.digamma(size) + bent - counts / (size + mean))
    return by_mean, by_size + nobody * size * bent / somebody


def inflated(
    name: DistributionName, counts: Numbers, log_mean: Numbers, log_size: Numbers | float, logit: Numbers | float
) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Log of the chance of a count where a share ω of the people seen has a count of one for other reasons; its derivatives.

    P(1) = ω + (1 − ω) f(1), P(y) = (1 − ω) f(y), f the zero-truncated distribution. By log μ, log k and logit ω.
    """
    share = 1 / (1 + np.exp(-logit))
    plain = log_chance(name, counts, log_mean, log_size)
    by_mean, by_size = slopes(name, counts, log_mean, log_size)
    chance = np.exp(plain)
    single = share + (1 - share) * chance
    alone = np.real(counts) == 1
    weight = np.where(alone, (1 - share) * chance / single, 1.0)
    return (
        np.where(alone, np.log(single), np.log(1 - share) + plain),
        weight * by_mean,
        weight * by_size,
        np.where(alone, share * (1 - share) * (1 - chance) / single, -share),
    )
