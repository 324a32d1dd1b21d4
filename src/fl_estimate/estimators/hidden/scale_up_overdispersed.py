"""One chain of the overdispersed scale-up model: slice steps of all effects, and an exact draw along what cannot be told apart.

To be imported where a chain is run: numba takes half a second to load.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fl_estimate.estimators.hidden.scale_up_gibbs import BELOW, expit, log_odds_prior
from fl_estimate.estimators.hidden.scale_up_kernels import (
    compiled,
    log_negative_binomial,
    normal_within,
    slice_log_sd,
)

LEAST_INVERSE = 1e-4
"""1/ω from here to 1: an overdispersion of ten thousand is no report of people."""


@compiled
def log_effect(at: float, reports: Any, told: Any, others: Any, excess: Any, weight: Any, mean: float, sd: float) -> float:
    """Log density of one effect (of a respondent, or of a group) given the effects on the other side; weights are of these."""
    value = -0.5 * ((at - mean) / sd) ** 2
    for j in range(len(reports)):
        if told[j]:
            value += weight[j] * log_negative_binomial(reports[j], math.exp(at + others[j]), excess[j])
    return value


@compiled
def log_inverse(at: float, reports: Any, told: Any, means: Any, weight: Any) -> float:
    """Log density of logit(1/ω) of a group with a flat prior of 1/ω."""
    inverse = expit(at)
    if inverse < LEAST_INVERSE or inverse > 1.0 - 1e-9:
        return BELOW
    excess = 1.0 / inverse - 1.0
    value = log_odds_prior(at, 1.0, 1.0)
    for i in range(len(reports)):
        if told[i]:
            value += weight[i] * log_negative_binomial(reports[i], means[i], excess)
    return value


@compiled
def slice_effect(
    here: float, step: float, power: float, reports: Any, told: Any, others: Any, excess: Any, weight: Any, mean: float,
    sd: float, generator: Any,
) -> float:  # fmt: skip
    """One step of a slice sampler of an effect whose density counts `power` times (Neal 2003)."""
    height = power * log_effect(here, reports, told, others, excess, weight, mean, sd) - generator.exponential()
    left = here - step * generator.random()
    right = left + step
    for _ in range(30):
        if power * log_effect(left, reports, told, others, excess, weight, mean, sd) <= height:
            break
        left -= step
    for _ in range(30):
        if power * log_effect(right, reports, told, others, excess, weight, mean, sd) <= height:
            break
        right += step
    for _ in range(200):
        at = left + (right - left) * generator.random()
        if power * log_effect(at, reports, told, others, excess, weight, mean, sd) >= height:
            return at
        if at < here:
            left = at
        else:
            right = at
    return here


@compiled
def slice_inverse(here: float, step: float, reports: Any, told: Any, means: Any, weight: Any, generator: Any) -> float:
    """One step of a slice sampler of logit(1/ω)."""
    height = log_inverse(here, reports, told, means, weight) - generator.exponential()
    left = here - step * generator.random()
    right = left + step
    for _ in range(30):
        if log_inverse(left, reports, told, means, weight) <= height:
            break
        left -= step
    for _ in range(30):
        if log_inverse(right, reports, told, means, weight) <= height:
            break
        right += step
    for _ in range(200):
        at = left + (right - left) * generator.random()
        if log_inverse(at, reports, told, means, weight) >= height:
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
    columns = np.ascontiguousarray(reports.T)
    columns_told = np.ascontiguousarray(told.T)
    row_sum, column_sum = np.zeros(n), np.zeros(groups)
    for i in range(n):
        for k in range(groups):
            if told[i, k]:
                row_sum[i] += reports[i, k]
                column_sum[k] += weight[i] * reports[i, k]
    mu = min(max((weight * a).sum() / effective, bounds[0]), bounds[1])
    sd_a = min(max(0.5, bounds[2] + 1e-6), bounds[3])
    sd_b = min(max(1.0, bounds[4] + 1e-6), bounds[5])
    step_inverse = np.full(groups, 1.0)
    shared = np.empty(n)
    means = np.empty(n)
    out = np.empty((kept, 4 + 2 * groups))
    effects = np.empty((kept // every, n))
    for step in range(burn_in + kept * thin):
        typical = 1.0 + excess.sum() / groups
        for i in range(n):
            width = 3.0 / math.sqrt(weight[i] * (1.0 / sd_a**2 + row_sum[i] / typical))
            a[i] = slice_effect(
                a[i], width, weight[i], reports[i], told[i], b, excess, ones, mu, sd_a, generator
            )  # fmt: skip
        for k in range(groups):
            for i in range(n):
                shared[i] = excess[k]
            width = 3.0 / math.sqrt(1.0 / sd_b**2 + column_sum[k] / (1.0 + excess[k]))
            b[k] = slice_effect(
                b[k], width, 1.0, columns[k], columns_told[k], a, shared, weight, 0.0, sd_b, generator
            )  # fmt: skip
            for i in range(n):
                means[i] = math.exp(a[i] + b[k])
            inverse = 1.0 / (1.0 + excess[k])
            here = math.log(inverse) - math.log(max(1.0 - inverse, 1e-12))
            at = slice_inverse(here, 2.0 * step_inverse[k], columns[k], columns_told[k], means, weight, generator)
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
