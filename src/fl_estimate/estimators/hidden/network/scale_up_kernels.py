"""Likelihoods of one report, and a slice sampler's parts: plain loops over arrays, compiled by numba when first run.

To be imported where a chain is run: numba takes half a second to load.
"""

from __future__ import annotations

import math
from typing import Any

from fl_estimate.estimators.machine_code import compiled

HALF_LOG_2PI = 0.9189385332046727
STIRLING_FROM = 9.0
"""From here the series below is log Γ to 1e-10."""
PRODUCT_UP_TO = 24
"""Reports up to which a ratio of gammas is a product of as many factors."""
TRIES = 50


@compiled
def log_gamma(z: float) -> float:
    """Log Γ(z) for z > 0: Stirling's series, after as many steps upwards as it needs."""
    shift = 1.0
    while z < STIRLING_FROM:
        shift *= z
        z += 1.0
    inverse = 1.0 / z
    square = inverse * inverse
    series = inverse * (1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1260.0 - square / 1680.0)))
    return (z - 0.5) * math.log(z) - z + HALF_LOG_2PI + series - math.log(shift)


@compiled
def log_rising(z: float, count: int) -> float:
    """Log of z (z + 1) … (z + count − 1)."""
    if count > PRODUCT_UP_TO:
        return log_gamma(z + count) - log_gamma(z)
    value, product = 0.0, 1.0
    for j in range(count):
        product *= z + j
        if product > 1e250 or product < 1e-250:
            value += math.log(product)
            product = 1.0
    return value + math.log(product)


@compiled
def log_choose(d: float, y: int) -> float:
    """Log of the ways to choose y of d, up to log y!, which holds no parameter."""
    return log_rising(d - y + 1.0, y)


@compiled
def log_beta_binomial(y: int, d: float, a: float, b: float) -> float:
    """Log probability of y of d with a share that is Beta(a, b), up to log y!."""
    return (
        log_choose(d, y)
        + log_rising(a, y)
        + log_gamma(b + d - y)
        - log_gamma(b)
        + log_gamma(a + b)
        - log_gamma(a + b + d)
    )


@compiled
def log_thinned(y: int, d: float, a: float, b: float, tau: float) -> float:
    """The same where each of the d is told of with probability tau only: d known, a Beta(a, b) share of them members.

    Σ_j C(d−y, j) τ^j (1−τ)^{d−y−j} B(a+y, b+j) / B(a, b): all terms are positive, and each follows from the one before.
    """
    if tau >= 1.0:
        return log_beta_binomial(y, d, a, b)
    others = d - y
    odds = tau / (1.0 - tau)
    term, total, scale = 1.0, 1.0, 0.0
    j = 0.0
    while j < others:
        term *= odds * (others - j) / (j + 1.0) * (b + j) / (a + b + y + j)
        total += term
        j += 1.0
        if total > 1e250:
            total *= 1e-250
            term *= 1e-250
            scale += 250.0 * math.log(10.0)
        elif term < 1e-18 * total and odds * (others - j) < j + 1.0:
            break
    return (
        log_choose(d, y)
        + y * math.log(tau)
        + others * math.log1p(-tau)
        + log_rising(a, y)
        - log_rising(a + b, y)
        + math.log(total)
        + scale
    )


@compiled
def beta_within(first: float, second: float, low: float, high: float, generator: Any) -> float:
    """A Beta draw between two bounds, or −1 where a few tries met none."""
    for _ in range(TRIES):
        value = generator.beta(first, second)
        if low <= value <= high:
            return value
    return -1.0


@compiled
def normal_within(mean: float, sd: float, low: float, high: float, here: float, generator: Any) -> float:
    """A normal draw between two bounds; where few tries meet them, a step of a slice sampler from `here`."""
    for _ in range(TRIES):
        value = mean + sd * generator.standard_normal()
        if low <= value <= high:
            return value
    height = -0.5 * ((here - mean) / sd) ** 2 - generator.exponential()
    reach = sd * math.sqrt(-2.0 * height)
    left, right = max(low, mean - reach), min(high, mean + reach)
    return left + (right - left) * generator.random()


@compiled
def log_sd_density(s: float, weight: float, squares: float) -> float:
    """Of s = log σ with a flat prior of σ, given `weight` normal deviations of this sum of squares."""
    return (1.0 - weight) * s - 0.5 * squares * math.exp(-2.0 * s)


@compiled
def slice_log_sd(sd: float, weight: float, squares: float, low: float, high: float, generator: Any) -> float:
    """One step of a slice sampler of a standard deviation with a flat prior between two bounds (Neal 2003)."""
    here = math.log(sd)
    height = log_sd_density(here, weight, squares) - generator.exponential()
    step = 2.0 / math.sqrt(2.0 * weight)
    floor = math.log(low) if low > 0.0 else -30.0
    ceiling = math.log(high)
    left = here - step * generator.random()
    right = left + step
    while left > floor and log_sd_density(left, weight, squares) > height:
        left -= step
    while right < ceiling and log_sd_density(right, weight, squares) > height:
        right += step
    left, right = max(left, floor), min(right, ceiling)
    while True:
        at = left + (right - left) * generator.random()
        if log_sd_density(at, weight, squares) >= height:
            return math.exp(at)
        if at < here:
            left = at
        else:
            right = at
