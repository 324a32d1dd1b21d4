"""How the effects of areas or years hang together: BYM2, SAR, random walk, autoregression. Arrays only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fl_estimate.estimators.hierarchical.neighbours import scaled_icar
from fl_estimate.estimators.hierarchical.priors import Density

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Structure:
    """Effects sigma · R(h) z with z standard normal, shape (r,); h is one more hyper-parameter, or there is none.

    R(h) is left · diag(scale(h)) · right for all but the autoregression, which has a closed triangular root.

    Attributes
    ----------
    kind : str
        "bym2", "sar", "rw1" or "ar1".
    hyper : str
        Name of h: "phi" (share of the variance that is spatial), "rho", or empty.
    prior : Density or None
        Of h.
    values : array, shape (r,)
        Eigenvalues that the scale is made of.
    left : array, shape (m, r)
    right : array or None, shape (r, r)
    component : array or None, shape (m,)
        Of the graph.
    factors : array or None
        Scaling factor of each component.
    """

    kind: str
    hyper: str
    prior: Density | None
    values: Floats
    left: Floats
    right: Floats | None = None
    component: Any = None
    factors: Any = None

    @property
    def rank(self) -> int:
        return len(self.values)

    def scale(self, h: Floats) -> Floats:
        """Factors of the columns of `left`, shape (len(h), r)."""
        h = np.asarray(h)[..., None]
        if self.kind == "bym2":
            return np.sqrt(np.maximum(h * self.values + 1 - h, 0.0))
        if self.kind == "sar":
            return 1 / (1 - h * self.values)
        return np.broadcast_to(np.sqrt(self.values), (*h.shape[:-1], self.rank))

    def root(self, h: float) -> Floats:
        """R(h), shape (m, r)."""
        if self.kind == "ar1":
            lag = self.left
            first = np.concatenate([[1.0], np.full(self.rank - 1, np.sqrt(1 - h**2))])
            return np.where(lag >= 0, h ** np.maximum(lag, 0), 0.0) * first
        scaled = self.left * self.scale(np.asarray(h))
        return scaled if self.right is None else scaled @ self.right

    def effects(self, h: Floats, z: Floats) -> Floats:
        """R(h) z for each draw, z of shape (N, r); shape (N, m)."""
        if self.kind == "ar1":
            out = np.empty_like(z)
            out[:, 0], rest = z[:, 0], np.sqrt(1 - h**2)
            for t in range(1, z.shape[1]):
                out[:, t] = h * out[:, t - 1] + rest * z[:, t]
            return out
        inner = z if self.right is None else z @ self.right.T
        return (inner * self.scale(h)) @ self.left.T


def independent(size: int) -> Structure:
    """Effects that have nothing to do with each other."""
    return Structure(kind="independent", hyper="", prior=None, values=np.ones(size), left=np.eye(size))


def bym2(matrix: Floats, prior: Density) -> Structure:
    """√phi u + √(1 − phi) e, with u the scaled ICAR field and e independent.

    References
    ----------
    Riebler, Sørbye, Simpson and Rue (2016), Statistical Methods in Medical Research 25(4), 1145-1165.
    """
    covariance, component, factors = scaled_icar(matrix)
    values, vectors = np.linalg.eigh(covariance)
    # What rounding leaves of the null space of a component is 0.
    values = np.where(values > 1e-9 * values[-1], values, 0.0)
    return Structure(
        kind="bym2", hyper="phi", prior=prior, values=values, left=vectors, component=component, factors=factors
    )


def sar(matrix: Floats, prior: Density) -> Structure:
    """(I − rho W)⁻¹ z with W the neighbours' matrix, rows summing to 1; an island's row is 0."""
    degree = matrix.sum(axis=1)
    root = np.sqrt(np.where(degree > 0, degree, 1.0))
    values, vectors = np.linalg.eigh(matrix / np.outer(root, root))
    return Structure(
        kind="sar", hyper="rho", prior=prior, values=values, left=vectors / root[:, None], right=vectors.T * root
    )


def rw1(times: int) -> Structure:
    """A random walk over equal steps that sums to zero, scaled as a map is: sigma means the same for any length."""
    matrix = np.diag(np.ones(times - 1), 1)
    covariance, component, factors = scaled_icar(matrix + matrix.T)
    values, vectors = np.linalg.eigh(covariance)
    return Structure(
        kind="rw1", hyper="", prior=None, values=values[1:], left=vectors[:, 1:], component=component, factors=factors
    )


def ar1(times: int, prior: Density) -> Structure:
    """Correlation rho^|t − s|; sigma is the standard deviation of each time, not of a step."""
    steps = np.arange(times, dtype=float)
    return Structure(kind="ar1", hyper="rho", prior=prior, values=np.ones(times), left=steps[:, None] - steps[None, :])
