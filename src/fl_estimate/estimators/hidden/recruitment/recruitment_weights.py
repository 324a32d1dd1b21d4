"""Weights of respondent-driven sampling as arrays: inverse degree, successive sampling, and recruitment between groups.

Each takes counts that may have a last axis of replicates, so that a bootstrap weights every replicate anew in one call.
"""

from __future__ import annotations

import numpy as np

from fl_estimate.arrays import Bools, Floats, Positions

STEPS = 200
"""Steps of Newton within a bracket; about ten are taken."""
CLOSE = 1e-13
"""How near the weights have to sum to the population, relative to it."""
LARGE_POPULATION = 0.04
"""Sampling fraction below which the Monte Carlo weights of successive sampling are those of inverse degree (package RDS 0.9-10)."""


def inverse_degree(degrees: Floats) -> Floats:
    """1/d, scaled to a mean of 1 over the respondents who have a degree; 0 of the others."""
    with np.errstate(divide="ignore", invalid="ignore"):
        weights = np.where(degrees > 0, 1 / degrees, 0.0)
    return weights * (np.sum(weights > 0) / np.sum(weights))


def successive_weights(degrees: Floats, counts: Floats, population: float) -> Floats:
    """Inverse inclusion probabilities of successive sampling, which sum to the population.

    Parameters
    ----------
    degrees : float array, shape (n,)
        Above 0.
    counts : float array, shape (n,) or (n, R)
        How often each respondent counts; Σ counts is below `population`, or equal to it (a census).
    population : float

    Returns
    -------
    float array, of the shape of `counts`
        1/(1 − exp(−t d)): of one respondent, to be multiplied by the counts.

    Notes
    -----
    A unit of size d drawn with others one after another, with probability proportional to size among those left, is drawn
    as if each had an exponential clock of rate d: π(d) = 1 − exp(−t d). Gile's iteration, population counts
    N_k ∝ v_k/π_k and then t from Σ N_k π_k = n, stands still where N_k = v_k/π_k, so that t is the root of
    Σ v/(1 − exp(−t d)) = N, which decreases in t. Gile (2011), JASA 106(493), 135-146.
    """
    several = counts[:, None] if counts.ndim == 1 else counts
    # Who has the same degree has the same weight: classes are fewer than respondents.
    sizes, place = np.unique(degrees, return_inverse=True)
    member = np.zeros((len(sizes), len(degrees)))
    member[place, np.arange(len(degrees))] = 1.0
    result = _of_classes(sizes, member @ several, population)[place]
    return result[:, 0] if counts.ndim == 1 else result


def _of_classes(sizes: Floats, counts: Floats, population: float) -> Floats:
    """Weights of degree classes with these counts, (classes, R), by Newton's method kept within a bracket."""
    total = counts.sum(axis=0)
    size = sizes / sizes.mean()
    low, high = np.zeros(counts.shape[1]), np.full(counts.shape[1], np.inf)
    t = np.clip(total / population, 1e-12, None)
    # A census: everybody's probability is 1.
    whole = total >= population * (1 - CLOSE)
    for _ in range(STEPS):
        off = np.exp(-np.outer(size, t))
        weight = 1 / -np.expm1(-np.outer(size, t))
        gap = (counts * weight).sum(axis=0) - population
        low, high = np.where(gap > 0, t, low), np.where(gap > 0, high, t)
        if (whole | (np.abs(gap) <= CLOSE * population)).all():
            break
        # Beside a degree that is a mistake by orders of size the slope overflows, and the bracket is halved.
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            slope = -(counts * size[:, None] * off * weight**2).sum(axis=0)
            ahead = t - gap / slope
        middle = np.where(np.isinf(high), 2 * t, (low + high) / 2)
        t = np.where(whole, t, np.where((ahead > low) & (ahead < high), ahead, middle))
    return np.where(whole, 1.0, 1 / -np.expm1(-np.outer(size, t)))


def successive_weights_by_simulation(
    degrees: Floats, population: int, rng: np.random.Generator, *, samples: int, iterations: int
) -> Floats:
    """The same by Gile's own algorithm: successive samples are drawn, and inclusion counted; for comparison with package RDS.

    Parameters
    ----------
    degrees : float array, shape (n,)
    population : int
    rng : numpy.random.Generator
    samples : int
        Drawn in each iteration, M.
    iterations : int

    Notes
    -----
    N_k = N (v_k/π_k)/Σ(v/π), to whole numbers by largest remainders, at least 1; M samples of n, of which the n clocks that
    ring first are one; π_k = n (U_k + v_k)/(Σ U + n)/N_k, with U_k the drawn units of class k. A sample of less than 4 % of the
    population keeps 1/d, as there.
    """
    n = len(degrees)
    inverse = 1 / degrees
    if n < LARGE_POPULATION * population or n >= population:
        return inverse * population / inverse.sum() if n < population else np.ones(n)
    sizes, place = np.unique(degrees, return_inverse=True)
    met = np.bincount(place).astype(float)
    chance = sizes / sizes.sum()
    for _ in range(iterations):
        counts = whole_numbers(met / chance, population)
        drawn = _drawn(np.repeat(sizes, counts), np.repeat(np.arange(len(sizes)), counts), len(sizes), n, samples, rng)
        chance = n * (drawn + met) / (drawn.sum() + n) / counts
    weights = 1 / chance[place]
    return weights * population / weights.sum()


def _drawn(size: Floats, of: Positions, classes: int, n: int, samples: int, rng: np.random.Generator) -> Floats:
    """How many units of each class were drawn in all samples; clocks are kept for some samples at a time."""
    drawn = np.zeros(classes)
    at_once = max(1, int(4e6 // len(size)))
    for start in range(0, samples, at_once):
        clocks = rng.standard_exponential((min(at_once, samples - start), len(size))) / size
        first = np.argpartition(clocks, n - 1, axis=1)[:, :n]
        drawn += np.bincount(of[first.ravel()], minlength=classes)
    return drawn


def whole_numbers(shares: Floats, total: int, least: Floats | float = 1.0) -> Positions:
    """Whole numbers in proportion to shares that sum to `total`, by largest remainders, each at least `least`."""
    exact = np.maximum(shares * (total / shares.sum()), least)
    counts = np.maximum(np.floor(exact), least).astype(np.intp)
    left = total - int(counts.sum())
    order = np.argsort(-(exact - counts), kind="stable")
    if left >= 0:
        np.add.at(counts, np.resize(order, left), 1)
        return counts
    while left < 0:
        spare = np.flatnonzero(counts > least)
        if not len(spare):
            return counts
        taken = spare[np.argsort(-counts[spare], kind="stable")][:-left]
        counts[taken] -= 1
        left += len(taken)
    return counts


# --- recruitment between groups ---------------------------------------------------------------------------------


def group_shares(transitions: Floats, inverse: Floats, counts: Floats, *, smooth: bool) -> Floats:
    """Shares of groups in the population by recruitment between them (Salganik and Heckathorn's estimator).

    Parameters
    ----------
    transitions : float array, shape (groups, groups) or (R, groups, groups)
        Recruitments, row to column.
    inverse, counts : float array, shape (groups,) or (R, groups)
        Σ 1/d and number of the respondents of each group.
    smooth : bool
        Recruitments are made as many in both directions first ("data smoothing").

    Returns
    -------
    float array, shape (groups,) or (R, groups)
        NaN where from some group others are not reached, so that there is no one equilibrium.
    """
    several = transitions if transitions.ndim == 3 else transitions[None]
    people, reciprocal = np.atleast_2d(counts), np.atleast_2d(inverse)
    present = people > 0
    if smooth:
        matrix = transition_matrix(several, present)
        mass = several.sum(axis=(1, 2))[:, None, None] * equilibrium(matrix, present)[:, :, None] * matrix
        several = (mass + mass.transpose(0, 2, 1)) / 2
    share = equilibrium(transition_matrix(several, present), present)
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.where(present, share * reciprocal / people, 0.0)
    result = part / part.sum(axis=1, keepdims=True)
    return result if transitions.ndim == 3 else result[0]


def transition_matrix(transitions: Floats, present: Bools) -> Floats:
    """Rows that sum to 1; of a group that is not there those of any other, and NaN of one that recruited nobody.

    A single group recruits itself, whether or not anybody was recruited.
    """
    sums = transitions.sum(axis=2, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        matrix = transitions / sums
    even = present / np.maximum(present.sum(axis=1, keepdims=True), 1)
    alone = (present.sum(axis=1) == 1)[:, None] & present
    return np.where((~present | alone)[:, :, None], even[:, None, :], matrix)


def equilibrium(matrix: Floats, present: Bools) -> Floats:
    """Stationary distributions of chains over the groups that are present; NaN where not every one is reached from every other.

    Parameters
    ----------
    matrix : float array, shape (R, groups, groups)
    present : bool array, shape (R, groups)
    """
    size = matrix.shape[-1]
    known = np.isfinite(matrix).all(axis=(1, 2)) & present.any(axis=1)
    safe = np.where(known[:, None, None], matrix, 1 / size)
    known &= connected(safe, present)
    system = np.eye(size) - safe.transpose(0, 2, 1)
    system[:, -1, :] = 1.0
    system[~known] = np.eye(size)
    right = np.zeros((len(matrix), size, 1))
    right[:, -1, 0] = 1.0
    solved = np.linalg.solve(system, right)[:, :, 0]
    return np.where(known[:, None], np.where(present, np.maximum(solved, 0.0), 0.0), np.nan)


def connected(matrix: Floats, present: Bools) -> Bools:
    """Whether every group that is present is reached from every other."""
    reach = (matrix > 0) | np.eye(matrix.shape[-1], dtype=bool)
    for _ in range(int(np.ceil(np.log2(max(matrix.shape[-1], 2))))):
        reach = np.matmul(reach.astype(float), reach.astype(float)) > 0
    return (reach | ~present[:, :, None] | ~present[:, None, :]).all(axis=(1, 2))
