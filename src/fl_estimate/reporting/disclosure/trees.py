"""What can be worked out of tables that only add up inside one hierarchy: in closed form, without a programme."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import cast

import numpy as np
from scipy import sparse  # pyright: ignore[reportMissingTypeStubs]

from fl_estimate.reporting.disclosure.system import SLACK, Flags, Floats, Matrix

TOO_MANY = 400
"""Sets of a hierarchy above which another way is taken: each is compared with those that it may lie in."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Tree:
    """Sums of unknowns that lie in each other or are apart, each with the interval of its values that fit.

    Every value of an interval fits (every whole number, where the unknowns are counts): in a hierarchy in which a sum is
    known only through its parts, its whole and its own interval, what these leave is what there is.
    """

    lower: Floats
    upper: Floats


def solved(
    lower: Floats, upper: Floats, integer: Flags, rows: Matrix, row_lower: Floats, row_upper: Floats, targets: Matrix
) -> Tree | None:
    """Intervals of the targets, or None where the rows and targets are no hierarchy of plain sums.

    Parameters
    ----------
    lower, upper, integer : array, one an unknown
    rows : CSR matrix (rows × unknowns)
    row_lower, row_upper : array of float, one a row
    targets : CSR matrix (targets × unknowns)

    Notes
    -----
    Once upwards: a sum lies where its parts' ends add up to, cut to its own row. Once downwards: a part lies where its whole
    less the other parts may. Of whole numbers the ends of every row are rounded inwards first.
    """
    sets: Matrix = sparse.csr_matrix(sparse.vstack([rows, targets]))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    sets.eliminate_zeros()
    whole = bool(integer.all())
    plain = bool((sets.data == 1.0).all()) and (whole or not integer.any()) and sets.shape[0] <= TOO_MANY
    parents = _parents(sets) if plain else None
    if parents is None:
        return None
    open_ended = np.full(targets.shape[0], np.inf)
    ends = [
        np.concatenate([lower, row_lower, -open_ended]),
        np.concatenate([upper, row_upper, open_ended]),
    ]
    if whole:
        ends = [np.ceil(ends[0] - SLACK), np.floor(ends[1] + SLACK)]
    empty = len(lower) + np.flatnonzero(np.diff(sets.indptr) == 0)
    for end in ends:
        end[empty] = 0.0
    low, high = _passed(ends[0], ends[1], *parents)
    if (low > high + SLACK).any():
        return None  # rounded away: let the programmes say
    first = len(lower) + rows.shape[0]
    return Tree(lower=low[first:], upper=high[first:])


def _parents(sets: Matrix) -> tuple[list[int], list[int]] | None:
    """For each unknown, then each set, the smallest set that it lies in (−1: none), and an order, parts before their whole.

    None where two sets overlap without one lying in the other.
    """
    size = sets.shape[1]
    indices = cast("list[int]", sets.indices.tolist())
    ends = cast("list[int]", sets.indptr.tolist())
    members = [frozenset(indices[first:last]) for first, last in itertools.pairwise(ends)]
    held_by = [*(1 for _ in range(size)), *(len(each) for each in members)]
    order = sorted(range(len(members)), key=lambda at: len(members[at]))
    top: list[int] = list(range(size))
    parent: list[int] = [-1] * (size + len(members))
    for at in order:
        node = size + at
        inside: set[int] = {top[unknown] for unknown in members[at]}
        # Each that lies in this one must do so with all that it holds.
        if sum(held_by[one] for one in inside) != len(members[at]):
            return None
        for one in inside:
            parent[one] = node
        for unknown in members[at]:
            top[unknown] = node
    return parent, [*range(size), *(size + at for at in order)]


def _passed(lower: Floats, upper: Floats, parent: list[int], order: list[int]) -> tuple[Floats, Floats]:
    low, high = lower.copy(), upper.copy()
    least, most = np.zeros(len(low)), np.zeros(len(low))
    divided = {at for at in parent if at >= 0}
    for node in order:
        if node in divided:
            low[node], high[node] = max(low[node], least[node]), min(high[node], most[node])
        if parent[node] >= 0:
            least[parent[node]] += low[node]
            most[parent[node]] += high[node]
    for node in reversed(order):
        if (whole := parent[node]) >= 0:
            ends = low[whole] - (most[whole] - high[node]), high[whole] - (least[whole] - low[node])
            low[node], high[node] = max(low[node], ends[0]), min(high[node], ends[1])
    return low, high
