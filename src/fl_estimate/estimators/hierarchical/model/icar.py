"""The intrinsic conditional autoregressive (ICAR) field of a map: its components and its scaled covariance. Arrays only."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fl_estimate.arrays import Floats

Ints = npt.NDArray[np.intp]


def components(matrix: Floats) -> Ints:
    """Number of the connected component of every node, from 0 in the order of the nodes."""
    from scipy.sparse.csgraph import connected_components

    return connected_components(matrix, directed=False)[1].astype(np.intp)


def scaled_icar(matrix: Floats) -> tuple[Floats, Ints, Floats]:
    """Covariance of the scaled ICAR field, the nodes' components, and each component's scaling factor.

    Notes
    -----
    In a component with precision Q = diag(number of neighbours) − W and n nodes, the generalised inverse is
    (Q + J/n)⁻¹ − J/n with J all ones: exact, with no tolerance. Its diagonal is scaled to a geometric mean of 1, so
    that sigma means the same on every map. A node without neighbours has variance 1.
    """
    labels = components(matrix)
    covariance, factors = np.zeros_like(matrix), np.ones(labels.max(initial=-1) + 1)
    for number in range(len(factors)):
        nodes = np.flatnonzero(labels == number)
        if len(nodes) == 1:
            covariance[nodes[0], nodes[0]] = 1.0
            continue
        part = matrix[np.ix_(nodes, nodes)]
        even = np.full(part.shape, 1 / len(nodes))
        inverse = np.linalg.inv(np.diag(part.sum(axis=1)) - part + even) - even
        factors[number] = np.exp(np.log(np.diag(inverse)).mean())
        covariance[np.ix_(nodes, nodes)] = inverse / factors[number]
    return covariance, labels, factors
