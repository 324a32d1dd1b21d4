"""Bootstraps of respondent-driven samples, all replicates at once: how often each respondent is drawn in each replicate.

The tree bootstrap draws recruits again within each tree; Salganik's bootstrap walks from group to group.
"""

from __future__ import annotations

import numpy as np

from fl_estimate.arrays import Floats, Positions
from fl_estimate.inputs.recruitment import Recruitment


def tree_counts(recruitment: Recruitment, order: Positions, replicates: int, rng: np.random.Generator) -> Floats:
    """Seeds are drawn again with replacement, and then of everybody who is drawn the recruits.

    Parameters
    ----------
    recruitment : Recruitment
    order : int array, shape (n,)
        Rows in the order by which random numbers are dealt out.
    replicates : int
    rng : numpy.random.Generator

    Returns
    -------
    float array, shape (n, replicates)
        How often each respondent is in each replicate.

    Notes
    -----
    Each of the m copies of a respondent with c recruits draws c of these: together a multinomial of m c draws, which is what
    is drawn here, for all respondents of a wave with equally many recruits and all replicates at once. Baraff, McCormick and
    Raftery (2016), PNAS 113(51), 14668-14673.
    """
    counts = np.zeros((recruitment.n, replicates))
    waves, recruits = recruitment.waves[order], recruitment.recruits[order]
    seeds = order[waves == 0]
    counts[seeds] = _spread(np.full((1, replicates), len(seeds)), len(seeds), rng)[0]
    place = np.empty(recruitment.n, dtype=np.intp)
    place[order] = np.arange(recruitment.n)
    came = order[waves > 0]
    came = came[np.lexsort((place[came], place[recruitment.recruiters[came]]))]
    first = np.searchsorted(place[recruitment.recruiters[came]], np.arange(recruitment.n))
    for wave in range(int(waves.max()) + 1):
        for size in np.unique(recruits[(waves == wave) & (recruits > 0)]):
            parents = order[(waves == wave) & (recruits == size)]
            children = came[first[place[parents]][:, None] + np.arange(size)]
            counts[children] = _spread(counts[parents].astype(np.int64) * size, int(size), rng)
    return counts


def _spread(draws: np.ndarray, size: int, rng: np.random.Generator) -> Floats:
    """Multinomials of `draws` over `size` equal parts: of shape (g, R) to (g, size, R)."""
    result = np.empty((draws.shape[0], size, draws.shape[1]))
    left = draws
    for part in range(size - 1):
        result[:, part] = rng.binomial(left, 1 / (size - part))
        left = left - result[:, part].astype(np.int64)
    result[:, -1] = left
    return result


def chain_groups(matrix: Floats, first: Floats, steps: int, replicates: int, rng: np.random.Generator) -> Positions:
    """Groups along chains that start in a group with chances `first` and go on by the transition matrix.

    Returns
    -------
    int array, shape (steps, replicates)
    """
    bounds = np.cumsum(matrix, axis=1)
    bounds[:, -1] = np.inf
    groups = np.empty((steps, replicates), dtype=np.intp)
    start = np.cumsum(first / first.sum())
    start[-1] = np.inf
    groups[0] = np.searchsorted(start, rng.random(replicates), side="right")
    uniform = rng.random((steps, replicates))
    for step in range(1, steps):
        groups[step] = (uniform[step][:, None] >= bounds[groups[step - 1]]).sum(axis=1)
    return groups


def members_drawn(
    groups: Positions, codes: Positions, order: Positions, chance: Floats, rng: np.random.Generator
) -> Positions:
    """A respondent of the group of each step, with replacement.

    Parameters
    ----------
    groups : int array, shape (steps, R)
    codes : int array, shape (n,)
        Group of each respondent; −1 of who is in none.
    order : int array, shape (n,)
    chance : float array, shape (n,)
        In proportion to which the members of a group are drawn.
    rng : numpy.random.Generator

    Returns
    -------
    int array, shape (steps, R)
        Rows.
    """
    members = order[codes[order] >= 0]
    members = members[np.argsort(codes[members], kind="stable")]
    of = codes[members]
    # On one line of length 1 a group: a number within the group's stretch says whom it is.
    share = chance[members] / np.bincount(of, weights=chance[members])[of]
    ends = np.cumsum(share)
    starts = np.concatenate([[0.0], np.cumsum(np.bincount(of) > 0)])[:-1]
    at = np.searchsorted(ends, starts[groups] + rng.random(groups.shape), side="right")
    edges = np.cumsum(np.bincount(of))
    # Rounding at the end of a stretch must not leave the group.
    at = np.clip(at, np.concatenate([[0], edges[:-1]])[groups], edges[groups] - 1)
    return members[at]


def times_drawn(rows: Positions, n: int) -> Floats:
    """How often each of n respondents stands in each column of rows: shape (n, R)."""
    replicates = rows.shape[1]
    flat = rows * replicates + np.arange(replicates)
    return np.bincount(flat.ravel(), minlength=n * replicates).reshape(n, replicates).astype(float)


def chain_transitions(groups: Positions, size: int) -> Floats:
    """Steps from group to group of each chain: shape (R, groups, groups)."""
    steps, replicates = groups.shape
    pair = (groups[:-1] * size + groups[1:]) + np.arange(replicates) * size**2
    counted = np.bincount(pair.ravel(), minlength=replicates * size**2) if steps > 1 else np.zeros(replicates * size**2)
    return counted.reshape(replicates, size, size).astype(float)
