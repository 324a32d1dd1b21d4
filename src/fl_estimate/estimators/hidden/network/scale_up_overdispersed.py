"""One chain of the overdispersed scale-up model: slice steps of all effects, and an exact draw along what cannot be told apart.

To be imported where a chain is run: numba takes half a second to load.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fl_estimate.estimators.hidden.network.scale_up_gibbs import BELOW, expit, log_odds_prior
from fl_estimate.estimators.hidden.network.scale_up_kernels import (
    PRODUCT_UP_TO,
    compiled,
    log_gamma,
    normal_within,
    slice_log_sd,
)

LEAST_INVERSE = 1e-4
"""1/ω from here to 1: an overdispersion of ten thousand is no report of people."""


@compiled
def log_products(reports: Any, scale: Any, by: float, excess: Any, weight: Any, plain: bool) -> float:
    """Σ over reports above 0 of log μ (μ + e) … (μ + (y − 1) e) with μ = by × scale: few logarithms, where weights allow it."""
    value, product = 0.0, 1.0
    for j in range(len(reports)):
        y = reports[j]
        if y <= 0:
            continue
        mean = by * scale[j]
        if y > PRODUCT_UP_TO and excess[j] > 1e-6:
            size = mean / excess[j]
            large = log_gamma(size + y) - log_gamma(size) + y * math.log(excess[j])
            value += large if plain else weight[j] * large
            continue
        if not plain:
            product = 1.0
        for step in range(y):
            product *= mean + step * excess[j]
            if product > 1e250 or product < 1e-250:
                value += math.log(max(product, 1e-320)) * (1.0 if plain else weight[j])
                product = 1.0
        if not plain:
            value += weight[j] * math.log(product)
    return value + math.log(product) if plain else value


@compiled
def log_effect(
    at: float, reports: Any, scale: Any, total: float, excess: Any, weight: Any, plain: bool, mean: float, sd: float
) -> float:
    """Log density of one effect (of a respondent, or of a group) given those on the other side, whose e^effect is `scale`.

    `total` is Σ scale log(ω)/(ω − 1) over the reports that are there.
    """
    by = math.exp(at)
    return log_products(reports, scale, by, excess, weight, plain) - by * total - 0.5 * ((at - mean) / sd) ** 2


@compiled
def log_inverse(
    at: float, reports: Any, means: Any, total: float, met: float, shared: Any, weight: Any, plain: bool
) -> float:
    """Log density of logit(1/ω) of a group with a flat prior of 1/ω; `total` and `met` are weighted means and reports added up."""
    inverse = expit(at)
    if inverse < LEAST_INVERSE or inverse > 1.0 - 1e-9:
        return BELOW
    excess = 1.0 / inverse - 1.0
    shared[:] = excess
    value = log_products(reports, means, 1.0, shared, weight, plain)
    return value - total * over(excess) - met * math.log1p(excess) + log_odds_prior(at, 1.0, 1.0)


@compiled
def over(excess: float) -> float:
    """log(ω)/(ω − 1), 1 where reports are Poisson."""
    return math.log1p(excess) / excess if excess > 1e-8 else 1.0 - 0.5 * excess


@compiled
def slice_effect(
    here: float, step: float, power: float, reports: Any, scale: Any, total: float, excess: Any, weight: Any, plain: bool,
    mean: float, sd: float, generator: Any,
) -> float:  # fmt: skip
    """One step of a slice sampler of an effect whose density counts `power` times (Neal 2003)."""
    height = power * log_effect(here, reports, scale, total, excess, weight, plain, mean, sd) - generator.exponential()
    left = here - step * generator.random()
    right = left + step
    for _ in range(30):
        if power * log_effect(left, reports, scale, total, excess, weight, plain, mean, sd) <= height:
            break
        left -= step
    for _ in range(30):
        if power * log_effect(right, reports, scale, total, excess, weight, plain, mean, sd) <= height:
            break
        right += step
    for _ in range(200):
        at = left + (right - left) * generator.random()
        if power * log_effect(at, reports, scale, total, excess, weight, plain, mean, sd) >= height:
            return at
        if at < here:
            left = at
        else:
            right = at
    return here


@compiled
def slice_inverse(
    here: float, step: float, reports: Any, means: Any, total: float, met: float, shared: Any, weight: Any, plain: bool,
    generator: Any,
) -> float:  # fmt: skip
    """One step of a slice sampler of logit(1/ω)."""
    height = log_inverse(here, reports, means, total, met, shared, weight, plain) - generator.exponential()
    left = here - step * generator.random()
    right = left + step
    for _ in range(30):
        if log_inverse(left, reports, means, total, met, shared, weight, plain) <= height:
            break
        left -= step
    for _ in range(30):
        if log_inverse(right, reports, means, total, met, shared, weight, plain) <= height:
            break
        right += step
    for _ in range(200):
        at = left + (right - left) * generator.random()
        if log_inverse(at, reports, means, total, met, shared, weight, plain) >= height:
            return at
        if at < here:
            left = at
        else:
            right = at
    return here


@compiled
def run_overdispersed(
    reports: Any,
    told: Any,
    weight: Any,
    bounds: Any,
    start_a: Any,
    start_b: Any,
    start_inverse: float,
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
    bounds : float array, shape (6,)
        Of the flat priors of the mean and the standard deviation of respondents' effects, and of the standard deviation
        of groups' effects.
    start_a : float array, shape (respondents,)
    start_b : float array, shape (groups,)
    start_inverse : float
        1/ω of every group to begin with.
    burn_in, kept, thin : int
    every : int
        Of how many draws one has its respondents' effects kept.
    generator : numpy.random.Generator

    Returns
    -------
    float array, shape (kept, 4 + 2 groups)
        Mean and standard deviation of a, standard deviation of b, weighted mean of e^a; b and ω by group. Groups' effects
        have mean 0 in the population of groups: only a + b enters the likelihood, and the rule of scaling puts both right.
    float array, shape (kept // every, respondents)
        a.
    """
    n, groups = reports.shape
    a, b = start_a.copy(), start_b.copy()
    excess = np.full(groups, 1.0 / start_inverse - 1.0)
    effective = weight.sum()
    ones = np.ones(groups)
    plain = weight.min() == 1.0 and weight.max() == 1.0
    rows = reports.copy()
    row_sum, column_sum = np.zeros(n), np.zeros(groups)
    for i in range(n):
        for k in range(groups):
            if told[i, k]:
                row_sum[i] += reports[i, k]
                column_sum[k] += weight[i] * reports[i, k]
            else:
                rows[i, k] = 0
    columns = np.ascontiguousarray(rows.T)
    mu = min(max((weight * a).sum() / effective, bounds[0]), bounds[1])
    sd_a = min(max(0.5, bounds[2] + 1e-6), bounds[3])
    sd_b = min(max(1.0, bounds[4] + 1e-6), bounds[5])
    step_inverse = np.full(groups, 1.0)
    shared, means, by_row, by_group = np.empty(n), np.empty(n), np.empty(n), np.empty(groups)
    out = np.empty((kept, 4 + 2 * groups))
    effects = np.empty((kept // every, n))
    for step in range(burn_in + kept * thin):
        typical = 1.0 + excess.sum() / groups
        for k in range(groups):
            by_group[k] = math.exp(b[k])
        for i in range(n):
            total = 0.0
            for k in range(groups):
                if told[i, k]:
                    total += by_group[k] * over(excess[k])
            width = 3.0 / math.sqrt(weight[i] * (1.0 / sd_a**2 + row_sum[i] / typical))
            a[i] = slice_effect(
                a[i], width, weight[i], rows[i], by_group, total, excess, ones, True, mu, sd_a, generator
            )  # fmt: skip
            by_row[i] = math.exp(a[i])
        for k in range(groups):
            shared[:] = excess[k]
            total = 0.0
            for i in range(n):
                if told[i, k]:
                    total += weight[i] * by_row[i]
            width = 3.0 / math.sqrt(1.0 / sd_b**2 + column_sum[k] / (1.0 + excess[k]))
            b[k] = slice_effect(
                b[k], width, 1.0, columns[k], by_row, total * over(excess[k]), shared, weight, plain, 0.0, sd_b, generator
            )  # fmt: skip
            means[:] = by_row * math.exp(b[k])
            inverse = 1.0 / (1.0 + excess[k])
            here = math.log(inverse) - math.log(max(1.0 - inverse, 1e-12))
            at = slice_inverse(
                here, 2.0 * step_inverse[k], columns[k], means, total * math.exp(b[k]), column_sum[k], shared, weight, plain,
                generator,
            )  # fmt: skip
            if step < burn_in:
                step_inverse[k] = 0.9 * step_inverse[k] + 0.2 * abs(at - here) + 0.01
            excess[k] = 1.0 / max(expit(at), LEAST_INVERSE) - 1.0
        # All of a up and all of b down by c: nothing but the prior of b says where.
        move = normal_within(b.mean(), sd_b / math.sqrt(groups), bounds[0] - mu, bounds[1] - mu, 0.0, generator)
        for i in range(n):
            a[i] += move
        for k in range(groups):
            b[k] -= move
        mu += move
        mu = normal_within(
            (weight * a).sum() / effective, sd_a / math.sqrt(effective), bounds[0], bounds[1], mu, generator
        )  # fmt: skip
        sd_a = slice_log_sd(sd_a, effective, (weight * (a - mu) ** 2).sum(), bounds[2], bounds[3], generator)
        sd_b = slice_log_sd(sd_b, float(groups), (b**2).sum(), bounds[4], bounds[5], generator)
        past = step - burn_in
        if past >= 0 and (past + 1) % thin == 0:
            row = past // thin
            out[row, 0], out[row, 1], out[row, 2] = mu, sd_a, sd_b
            out[row, 3] = (weight * np.exp(a)).sum() / effective
            for k in range(groups):
                out[row, 4 + k] = b[k]
                out[row, 4 + groups + k] = 1.0 + excess[k]
            if row % every == 0 and row // every < len(effects):
                effects[row // every] = a
    return out, effects
