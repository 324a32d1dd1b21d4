"""One chain of the random-degree family (random degree, barrier, transmission, both): exact Gibbs and slice steps.

To be imported where a chain is run: numba takes half a second to load.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fl_estimate.estimators.hidden.network.scale_up_kernels import (
    beta_within,
    compiled,
    log_choose,
    log_gamma,
    log_rising,
    log_thinned,
    normal_within,
    slice_log_sd,
)

LEAST_RHO, LEAST_SHARE_LEFT = 1e-8, 1e-12
BELOW = -1e300


@compiled
def whole_degree(x: float) -> float:
    """A log degree as a number of people."""
    return math.floor(math.exp(x) + 0.5)


@compiled
def shapes(m: float, rho: float) -> Any:
    """Both parameters of the Beta of mean m and dispersion ρ."""
    size = 1.0 / max(rho, LEAST_RHO) - 1.0
    return max(m * size, 1e-300), max((1.0 - m) * size, 1e-300)


@compiled
def log_row(
    d: float, reports: Any, told: Any, stay: float, a: Any, b: Any, tau: Any, most: float, barrier: bool
) -> float:
    """Log likelihood of one respondent's reports at a degree; without barriers `stay` is Σ log(1 − q_k)."""
    if d < most:
        return BELOW
    value = 0.0
    if not barrier:
        for k in range(len(reports)):
            if told[k] and reports[k] > 0:
                value += log_choose(d, reports[k])
        return value + d * stay
    for k in range(len(reports)):
        if told[k]:
            if tau[k] >= 1.0:
                # Of the beta-binomial only what holds the degree.
                value += log_choose(d, reports[k]) + log_gamma(b[k] + d - reports[k]) - log_gamma(a[k] + b[k] + d)
            else:
                value += log_thinned(reports[k], d, a[k], b[k], tau[k])
    return value


@compiled
def log_column(
    reports: Any, told: Any, degree: Any, weight: Any, log_m: float, rho: float, tau: float
) -> float:  # fmt: skip
    """Log likelihood of all reports about one group, with barriers."""
    a, b = shapes(math.exp(log_m), rho)
    value = 0.0
    if tau >= 1.0:
        # Of the beta-binomial only what holds m and ρ; what all respondents share is computed once.
        common = log_gamma(a + b) - log_gamma(b)
        for i in range(len(reports)):
            if told[i]:
                y, d = reports[i], degree[i]
                value += weight[i] * (common + log_rising(a, y) + log_gamma(b + d - y) - log_gamma(a + b + d))
        return value
    for i in range(len(reports)):
        if told[i]:
            value += weight[i] * log_thinned(reports[i], degree[i], a, b, tau)
    return value


@compiled
def log_odds_prior(u: float, first: float, second: float) -> float:
    """Log density of logit t = u where t ~ Beta(first, second)."""
    lower = -math.log1p(math.exp(-u)) if u > -700.0 else u
    upper = -math.log1p(math.exp(u)) if u < 700.0 else -u
    return first * lower + second * upper


@compiled
def expit(u: float) -> float:
    """1/(1 + e^−u)."""
    return 1.0 / (1.0 + math.exp(-u)) if u > -700.0 else math.exp(u)


@compiled
def log_group(
    kind: int, at: float, reports: Any, told: Any, degree: Any, weight: Any, log_m: float, rho: float, tau: float,
    first: float, second: float, log_population: float,
) -> float:  # fmt: skip
    """Log density of one parameter of a group with barriers: log m (0), logit ρ (1), logit τ (2), or along m τ fixed (3)."""
    if kind == 0:
        if at < -log_population or at > 0.0:
            return BELOW
        return log_column(reports, told, degree, weight, at, rho, tau)
    if kind == 1:
        value = expit(at)
        if value < LEAST_RHO or value > 1.0 - 1e-9:
            return BELOW
        return log_column(reports, told, degree, weight, log_m, value, tau) + log_odds_prior(at, 1.0, 1.0)
    if kind == 2:
        value = expit(at)
        if value > 1.0 - LEAST_SHARE_LEFT:
            return BELOW
        return log_column(reports, told, degree, weight, log_m, rho, value) + log_odds_prior(at, first, second)
    # log τ = at, log m = log m₀ + log τ₀ − at: the densities of both are per log.
    share = math.exp(at)
    moved = log_m + math.log(tau) - at
    if share > 1.0 - LEAST_SHARE_LEFT or moved < -log_population or moved > 0.0:
        return BELOW
    prior = first * at + (second - 1.0) * math.log1p(-share)
    return log_column(reports, told, degree, weight, moved, rho, share) + prior


@compiled
def slice_group(
    kind: int, here: float, step: float, reports: Any, told: Any, degree: Any, weight: Any, log_m: float, rho: float,
    tau: float, first: float, second: float, log_population: float, generator: Any,
) -> float:  # fmt: skip
    """One step of a slice sampler of one parameter of a group (Neal 2003)."""
    height = (
        log_group(kind, here, reports, told, degree, weight, log_m, rho, tau, first, second, log_population)
        - generator.exponential()
    )
    left = here - step * generator.random()
    right = left + step
    for _ in range(20):
        if (
            log_group(kind, left, reports, told, degree, weight, log_m, rho, tau, first, second, log_population)
            <= height
        ):
            break
        left -= step
    for _ in range(20):
        if (
            log_group(kind, right, reports, told, degree, weight, log_m, rho, tau, first, second, log_population)
            <= height
        ):
            break
        right += step
    for _ in range(200):
        at = left + (right - left) * generator.random()
        if log_group(kind, at, reports, told, degree, weight, log_m, rho, tau, first, second, log_population) >= height:
            return at
        if at < here:
            left = at
        else:
            right = at
    return here


@compiled
def log_share(u: float, met: float, others: float, tau: float) -> float:
    """Log density of u = log p: `met` of `met + others` ties told of with probability τ p."""
    left = 1.0 - math.exp(u) * tau
    return met * u + others * math.log(max(left, 1e-300))


@compiled
def draw_share(met: float, others: float, tau: float, here: float, log_population: float, generator: Any) -> float:
    """Log p of a group given all degrees: a Beta draw of τ p where there is one, else a slice step; p from 1/N to 1."""
    if met > 0.0:
        q = beta_within(met, others + 1.0, tau * math.exp(-log_population), tau, generator)
        if q > 0.0:
            return math.log(q / tau)
    height = log_share(here, met, others, tau) - generator.exponential()
    left, right = -log_population, 0.0
    while True:
        at = left + (right - left) * generator.random()
        if log_share(at, met, others, tau) >= height:
            return at
        if at < here:
            left = at
        else:
            right = at


@compiled
def run_chain(
    reports: Any,
    told: Any,
    weight: Any,
    log_m: Any,
    hidden: Any,
    barrier: bool,
    tau_first: Any,
    tau_second: Any,
    fixed_tau: Any,
    log_population: float,
    bounds: Any,
    start: Any,
    start_rho: float,
    burn_in: int,
    kept: int,
    thin: int,
    every: int,
    generator: Any,
) -> Any:
    """Draw the chain.

    Parameters
    ----------
    reports : int array, shape (respondents, groups)
    told : bool array, shape (respondents, groups)
        Whether the report is there.
    weight : float array, shape (respondents,)
        Powers of the respondents' densities; 1 without weights.
    log_m : float array, shape (groups,)
        Log shares of the population: of known groups as they are, of hidden ones to begin with.
    hidden : bool array, shape (groups,)
    barrier : bool
    tau_first, tau_second, fixed_tau : float array, shape (groups,)
        Beta prior of the transmission of each group; where `fixed_tau` is above 0 it is that.
    log_population : float
    bounds : float array, shape (4,)
        Of the mean and of the standard deviation of log degrees.
    start : float array, shape (respondents,)
        Log degrees to begin with.
    start_rho : float
    burn_in, kept, thin : int
    every : int
        Of how many draws one has its degrees kept.
    generator : numpy.random.Generator

    Returns
    -------
    float array, shape (kept, 3 + 3 groups)
        μ, σ, the mean degree; log m, ρ, τ by group. Of known groups log m is what it would be if it were not known, given all
        else: it feeds nothing back.
    float array, shape (kept // every, respondents)
        Log degrees; of a degree of 0 it is −1.
    """
    n, groups = reports.shape
    x, m = start.copy(), log_m.copy()
    degree = np.empty(n)
    most = np.zeros(n)
    effective = weight.sum()
    for i in range(n):
        for k in range(groups):
            if told[i, k]:
                most[i] = max(most[i], reports[i, k])
        if whole_degree(x[i]) < most[i]:
            x[i] = math.log(most[i] + 0.25)
        degree[i] = whole_degree(x[i])
    columns = np.ascontiguousarray(reports.T)
    columns_told = np.ascontiguousarray(told.T)
    rho = np.full(groups, start_rho)
    tau = np.ones(groups)
    for k in range(groups):
        if fixed_tau[k] > 0.0:
            tau[k] = fixed_tau[k]
        else:
            tau[k] = min(max(tau_first[k] / (tau_first[k] + tau_second[k]), 0.01), 0.99)
    a, b = np.ones(groups), np.ones(groups)
    mu = min(max((weight * x).sum() / effective, bounds[0]), bounds[1])
    sigma = 0.5 * (bounds[2] + bounds[3]) if bounds[3] < 4.0 else max(bounds[2], 1.0)
    met = np.zeros(groups)
    for k in range(groups):
        for i in range(n):
            if told[i, k]:
                met[k] += weight[i] * reports[i, k]
    reported = np.zeros(n)
    for i in range(n):
        for k in range(groups):
            if told[i, k]:
                reported[i] += reports[i, k]
    step_m, step_rho, step_tau, step_both = (
        np.full(groups, 0.5),
        np.full(groups, 1.0),
        np.full(groups, 1.0),
        np.full(groups, 0.5),
    )
    stay = np.zeros(groups)
    back = log_m.copy()
    out = np.empty((kept, 3 + 3 * groups))
    degrees = np.empty((kept // every, n))
    for step in range(burn_in + kept * thin):
        for k in range(groups):
            if barrier:
                a[k], b[k] = shapes(math.exp(m[k]), rho[k])
            else:
                stay[k] = math.log(max(1.0 - tau[k] * math.exp(m[k]), 1e-300))
        # Degrees, one respondent after the other: log degrees are continuous, and people whole.
        for i in range(n):
            left_out = 0.0
            if not barrier:
                for k in range(groups):
                    if told[i, k]:
                        left_out += stay[k]
            here = x[i]
            height = (
                weight[i] * (log_row(degree[i], reports[i], told[i], left_out, a, b, tau, most[i], barrier) - 0.5 * ((here - mu) / sigma) ** 2)
                - generator.exponential()
            )  # fmt: skip
            width = 3.0 / math.sqrt(weight[i] * (1.0 / sigma**2 + reported[i]))
            left = here - width * generator.random()
            right = left + width
            for _ in range(30):
                if weight[i] * (log_row(whole_degree(left), reports[i], told[i], left_out, a, b, tau, most[i], barrier) - 0.5 * ((left - mu) / sigma) ** 2) <= height:  # fmt: skip
                    break
                left -= width
            for _ in range(30):
                if weight[i] * (log_row(whole_degree(right), reports[i], told[i], left_out, a, b, tau, most[i], barrier) - 0.5 * ((right - mu) / sigma) ** 2) <= height:  # fmt: skip
                    break
                right += width
            for _ in range(200):
                at = left + (right - left) * generator.random()
                if weight[i] * (log_row(whole_degree(at), reports[i], told[i], left_out, a, b, tau, most[i], barrier) - 0.5 * ((at - mu) / sigma) ** 2) >= height:  # fmt: skip
                    x[i] = at
                    degree[i] = whole_degree(at)
                    break
                if at < here:
                    left = at
                else:
                    right = at
        centre = (weight * x).sum() / effective
        mu = normal_within(centre, sigma / math.sqrt(effective), bounds[0], bounds[1], mu, generator)
        squares = (weight * (x - mu) ** 2).sum()
        sigma = slice_log_sd(sigma, effective, squares, bounds[2], bounds[3], generator)
        for k in range(groups):
            given = fixed_tau[k] > 0.0
            if not barrier:
                ties = 0.0
                for i in range(n):
                    if told[i, k]:
                        ties += weight[i] * degree[i]
                others = max(ties - met[k], 0.0)
                if hidden[k]:
                    m[k] = draw_share(met[k], others, tau[k], m[k], log_population, generator)
                    if not given:
                        # τ given τ p is its prior within what p may be.
                        other = generator.beta(tau_first[k], tau_second[k])
                        moved = m[k] + math.log(tau[k]) - math.log(max(other, 1e-300))
                        if -log_population <= moved <= 0.0:
                            m[k], tau[k] = moved, other
                else:
                    back[k] = draw_share(met[k], others, 1.0, back[k], log_population, generator)
                continue
            arguments_m, arguments_tau = m[k], tau[k]
            here = math.log(rho[k]) - math.log1p(-rho[k])
            at = slice_group(
                1, here, 2.0 * step_rho[k], columns[k], columns_told[k], degree, weight, arguments_m, rho[k],
                arguments_tau, tau_first[k], tau_second[k], log_population, generator,
            )  # fmt: skip
            step_rho[k] = step_rho[k] if step >= burn_in else 0.9 * step_rho[k] + 0.2 * abs(at - here) + 0.01
            rho[k] = min(max(expit(at), LEAST_RHO), 1.0 - 1e-9)
            if not hidden[k]:
                at = slice_group(
                    0, back[k], 2.0 * step_m[k], columns[k], columns_told[k], degree, weight, back[k], rho[k], tau[k],
                    tau_first[k], tau_second[k], log_population, generator,
                )  # fmt: skip
                step_m[k] = step_m[k] if step >= burn_in else 0.9 * step_m[k] + 0.2 * abs(at - back[k]) + 0.01
                back[k] = at
            else:
                at = slice_group(
                    0, m[k], 2.0 * step_m[k], columns[k], columns_told[k], degree, weight, m[k], rho[k], tau[k],
                    tau_first[k], tau_second[k], log_population, generator,
                )  # fmt: skip
                step_m[k] = step_m[k] if step >= burn_in else 0.9 * step_m[k] + 0.2 * abs(at - m[k]) + 0.01
                m[k] = at
                if not given:
                    here = math.log(tau[k]) - math.log1p(-tau[k])
                    at = slice_group(
                        2, here, 2.0 * step_tau[k], columns[k], columns_told[k], degree, weight, m[k], rho[k], tau[k],
                        tau_first[k], tau_second[k], log_population, generator,
                    )  # fmt: skip
                    step_tau[k] = step_tau[k] if step >= burn_in else 0.9 * step_tau[k] + 0.2 * abs(at - here) + 0.01
                    tau[k] = expit(at)
                    here = math.log(tau[k])
                    at = slice_group(
                        3, here, 2.0 * step_both[k], columns[k], columns_told[k], degree, weight, m[k], rho[k], tau[k],
                        tau_first[k], tau_second[k], log_population, generator,
                    )  # fmt: skip
                    step_both[k] = step_both[k] if step >= burn_in else 0.9 * step_both[k] + 0.2 * abs(at - here) + 0.01
                    m[k] += here - at
                    tau[k] = math.exp(at)
        past = step - burn_in
        if past >= 0 and (past + 1) % thin == 0:
            row = past // thin
            out[row, 0], out[row, 1], out[row, 2] = mu, sigma, (weight * degree).sum() / effective
            for k in range(groups):
                out[row, 3 + k] = m[k] if hidden[k] else back[k]
                out[row, 3 + groups + k] = rho[k]
                out[row, 3 + 2 * groups + k] = tau[k]
            if row % every == 0 and row // every < len(degrees):
                for i in range(n):
                    degrees[row // every, i] = math.log(max(degree[i], 1.0 / math.e))
    return out, degrees
