"""All decomposable graphs of a few lists, as integers: which cliques multiply and which separators divide. Arrays only."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

Positions = npt.NDArray[np.int64]
Term = tuple[int, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Graphs:
    """Decomposable (chordal) graphs of t lists, labelled.

    Attributes
    ----------
    lists : int
    edges : int array, shape (graphs,)
        Bit k is the k-th pair of lists in the order (0, 1), (0, 2), …
    weights : int array, shape (graphs, 2^t)
        How often the margin of a set of lists (bit i: list i) multiplies, separators counted −1; 0 for the empty set.
    """

    lists: int
    edges: Positions
    weights: npt.NDArray[np.int8]

    @property
    def saturated(self) -> int:
        """The place of the graph with every edge."""
        return int(self.edges.argmax())

    def cliques(self, position: int) -> list[Term]:
        """The maximal cliques of a graph, largest first."""
        pairs = list(itertools.combinations(range(self.lists), 2))
        joined = {pair for bit, pair in enumerate(pairs) if self.edges[position] >> bit & 1}
        sets = [
            term
            for size in range(self.lists, 0, -1)
            for term in itertools.combinations(range(self.lists), size)
            if all(pair in joined for pair in itertools.combinations(term, 2))
        ]
        return [term for term in sets if not any(set(term) < set(other) for other in sets)]


@cache
def decomposable_graphs(lists: int) -> Graphs:
    """Find every graph whose lists can be taken away one by one, the neighbours of each joined among themselves.

    Such an order exists for chordal graphs and no others (Fulkerson and Gross 1965); a list with its neighbours is a
    clique, the neighbours alone are what it shares with the rest. 8 graphs of 3 lists, 61 of 4, 822 of 5, 18,154 of 6.
    """
    pairs = list(itertools.combinations(range(lists), 2))
    edges = np.arange(1 << len(pairs), dtype=np.int64)
    near = np.zeros((lists, len(edges)), dtype=np.int64)
    for bit, (a, b) in enumerate(pairs):
        on = edges >> bit & 1
        near[a] |= on << b
        near[b] |= on << a
    weights = np.zeros((len(edges), 1 << lists), dtype=np.int8)
    left = np.full(len(edges), (1 << lists) - 1, dtype=np.int64)
    rows = np.arange(len(edges))
    for _ in range(lists):
        chosen = np.full(len(edges), -1)
        for one in range(lists):
            free = (chosen < 0) & (left >> one & 1 == 1) & _joined(near, near[one] & left, lists)
            chosen[free] = one
        keep = chosen >= 0
        edges, near, weights, left, chosen = edges[keep], near[:, keep], weights[keep], left[keep], chosen[keep]
        rows = np.arange(len(edges))
        shared = near[chosen, rows] & left
        weights[rows, shared | 1 << chosen] += 1
        weights[rows, shared] -= 1
        left &= ~(1 << chosen)
    weights[:, 0] = 0
    return Graphs(lists=lists, edges=edges, weights=weights)


def _joined(near: Positions, among: Positions, lists: int) -> npt.NDArray[np.bool_]:
    """Whether all lists of a set, one set a graph, are neighbours of each other."""
    fine = np.ones(len(among), dtype=bool)
    for one in range(lists):
        inside = among >> one & 1 == 1
        fine &= ~inside | (among & ~(near[one] | 1 << one) == 0)
    return fine
