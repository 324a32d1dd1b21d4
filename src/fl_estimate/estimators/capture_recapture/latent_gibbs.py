"""One chain of the latent-class sampler: plain loops over arrays, compiled by numba when first run.

To be imported where a chain is run: numba takes half a second to load.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fl_estimate.estimators.machine_code import compiled

LARGE = 1e15
"""Unseen people above which a Poisson draw is its mean: the relative deviation left is 3e-8."""


@compiled
def log_stick(here: float, behind: float, alpha: float) -> float:
    """Log probability of a class of `here` people before `behind` others, its stick integrated out."""
    return (
        math.log(alpha)
        + math.lgamma(1.0 + here)
        + math.lgamma(alpha + behind)
        - math.lgamma(1.0 + alpha + here + behind)
    )


@compiled
def log_sizes(people: Any, alpha: float) -> float:
    """Log probability of the sizes of all classes, all sticks integrated out."""
    behind = people.sum()
    value = 0.0
    for k in range(len(people) - 1):
        behind -= people[k]
        value += log_stick(people[k], max(behind, 0.0), alpha)
    return value


@compiled
def slice_alpha(people: Any, alpha: float, shape: float, rate: float, generator: Any) -> float:
    """One step of a slice sampler of log α under its gamma prior (Neal 2003)."""
    at = math.log(alpha)
    height = shape * at - rate * alpha + log_sizes(people, alpha) - generator.exponential()
    low = at - 2.0 * generator.random()
    high = low + 2.0
    while low > -60.0 and shape * low - rate * math.exp(low) + log_sizes(people, math.exp(low)) > height:
        low -= 2.0
    while high < 30.0 and shape * high - rate * math.exp(high) + log_sizes(people, math.exp(high)) > height:
        high += 2.0
    while True:
        at = low + (high - low) * generator.random()
        if shape * at - rate * math.exp(at) + log_sizes(people, math.exp(at)) >= height:
            return math.exp(at)
        if math.exp(at) < alpha:
            low = at
        else:
            high = at


@compiled
def gibbs(
    members: Any,
    counts: Any,
    classes: int,
    shape: float,
    rate: float,
    start: Any,
    first_alpha: float,
    burn_in: int,
    kept: int,
    thin: int,
    generator: Any,
) -> Any:
    """Draw the dark figure, the classes with people in them, and α, then the share of each class and its chances by list.

    Shape (kept, 3 + classes + lists × classes).

    Parameters
    ----------
    members : float array, shape (histories, lists)
    counts : float array, shape (histories,)
    classes : int
    shape, rate : float
        Of the gamma prior of α.
    start : float array, shape (lists, classes)
        First chances of being on a list, by class.
    first_alpha : float
    burn_in, kept, thin : int
    generator : numpy.random.Generator
    """
    histories, lists = members.shape
    total = counts.sum()
    chance = start.copy()
    alpha = first_alpha
    share = np.full(classes, 1.0)
    for k in range(classes):
        share[k] = 0.5**k
    share /= share.sum()
    out = np.empty((kept, 3 + classes + lists * classes))
    weight = np.empty(classes)
    unseen = np.zeros(classes)
    for step in range(burn_in + kept * thin):
        # People seen, class by class, and how many of each class are on each list.
        people = np.zeros(classes)
        on = np.zeros((lists, classes))
        for h in range(histories):
            top = 0.0
            for k in range(classes):
                value = share[k]
                for j in range(lists):
                    value *= chance[j, k] if members[h, j] > 0 else 1.0 - chance[j, k]
                weight[k] = value
                top += value
            left = int(counts[h])
            for k in range(classes):
                if left == 0:
                    break
                if k == classes - 1 or weight[k] >= top:
                    drawn = left
                else:
                    drawn = generator.binomial(left, weight[k] / top) if weight[k] > 0 else 0
                top -= weight[k]
                left -= drawn
                people[k] += drawn
                for j in range(lists):
                    if members[h, j] > 0:
                        on[j, k] += drawn
        for k in range(classes):
            people[k] += unseen[k]
        # Labels change places where that makes the sizes likelier, or nearly: sticks are ordered, and chains are slow at it.
        after = 0.0
        for k in range(classes - 2, -1, -1):
            after += people[k + 2] if k + 2 < classes else 0.0
            here, next_one = people[k], people[k + 1]
            if here == next_one:
                continue
            both = here + next_one + after
            gain = log_stick(next_one, here + after, alpha) - log_stick(here, next_one + after, alpha)
            if k + 2 < classes:
                gain += log_stick(here, after, alpha) - log_stick(next_one, after, alpha)
            if both > 0 and np.log(generator.random()) < gain:
                people[k], people[k + 1] = next_one, here
                for j in range(lists):
                    on[j, k], on[j, k + 1] = on[j, k + 1], on[j, k]
        # α given the sizes alone, the sticks integrated out: given the sticks it would hardly move.
        alpha = slice_alpha(people, alpha, shape, rate, generator)
        # Chances of each class, and its size: sticks broken off one after the other.
        behind = people.sum()
        remaining = 1.0
        for k in range(classes):
            for j in range(lists):
                value = generator.beta(1.0 + on[j, k], 1.0 + people[k] - on[j, k])
                chance[j, k] = min(max(value, 1e-300), 1.0 - 1e-16)
            behind -= people[k]
            stick = 1.0 if k == classes - 1 else generator.beta(1.0 + people[k], alpha + max(behind, 0.0))
            share[k] = remaining * stick
            remaining *= 1.0 - stick
        # People on no list: negative binomial, as a Poisson with a gamma mean; then their classes.
        missed = 0.0
        for k in range(classes):
            value = share[k]
            for j in range(lists):
                value *= 1.0 - chance[j, k]
            weight[k] = value
            missed += value
        seen = max(1.0 - missed, 1e-15)
        mean = generator.gamma(total, missed / seen)
        dark = generator.poisson(mean) if mean < LARGE else np.int64(mean)
        left, top = dark, missed
        for k in range(classes):
            if left == 0:
                unseen[k] = 0.0
                continue
            if k == classes - 1 or weight[k] >= top:
                drawn = left
            else:
                drawn = generator.binomial(left, weight[k] / top) if weight[k] > 0 else 0
            top -= weight[k]
            left -= drawn
            unseen[k] = drawn
        past = step - burn_in
        if past >= 0 and (past + 1) % thin == 0:
            row = past // thin
            out[row, 0] = dark
            out[row, 1] = (people > 0).sum()
            out[row, 2] = alpha
            for k in range(classes):
                out[row, 3 + k] = share[k]
                for j in range(lists):
                    out[row, 3 + classes + j * classes + k] = chance[j, k]
    return out
