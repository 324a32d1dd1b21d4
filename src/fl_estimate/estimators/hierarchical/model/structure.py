"""How the effects of areas or years hang together: BYM2, SAR, random walk, autoregression. Arrays only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.estimators.hierarchical.model.icar import components, scaled_icar
from fl_estimate.estimators.hierarchical.model.priors import Density


@dataclass(frozen=True, kw_only=True)
class Structure:
    """Effects sigma · R(h) z with z standard normal, shape (r,); h is one more hyper-parameter, or there is none.

    R(h) is left · diag(scale(h)) · right on a map and has a closed form in time. On a map it is a function of the matrix
    alone (its symmetric root, or the inverse of I − rho W), never a choice of eigenvectors: those of equal eigenvalues, which
    symmetric maps have, come out differently from each processor's linear algebra, and draws would with them.

    Attributes
    ----------
    kind : str
        "bym2", "sar", "rw1" or "ar1".
    hyper : str
        Name of h: "phi" (share of the variance that is spatial), "rho", or empty.
    prior : Density or None
        Of h.
    values : array, shape (r,)
        Eigenvalues that the scale is made of; ones in time.
    left : array, shape (m, r)
        Eigenvectors on a map, the root of a random walk, lags of an autoregression.
    right : array or None, shape (r, r)
    component : array or None, shape (m,)
        Of the graph.
    factors : array or None
        Scaling factor of each component.
    together : array or None, shape (components, r)
        Of an autoregression on a map: in z, how each component moves as one when rho comes near 1.
    """

    kind: str
    hyper: str
    prior: Density | None
    values: Floats
    left: Floats
    right: Floats | None = None
    component: Any = None
    factors: Any = None
    together: Floats | None = None

    @property
    def rank(self) -> int:
        return len(self.values)

    @property
    def priors(self) -> dict[str, Density]:
        """Of phi or rho, by name."""
        return {} if self.prior is None else {self.hyper: self.prior}

    def covariance(self, values: Mapping[str, float]) -> Floats:
        """Of the effects, at hyper-parameters by name; shape (m, m)."""
        root = self.root(values.get(self.hyper, np.nan))
        return np.asarray(values["sigma"] ** 2 * (root @ root.T), dtype=float)

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


@dataclass(frozen=True, kw_only=True)
class Crossed:
    """Areas at several times, area by area: sigma R_area z of each area, and sigma_time R_time z of its times on their own.

    `sigma_time` is the prior of the second, None where it is that of sigma; the correlation of its times is called rho_time.
    """

    area: Structure
    time: Structure
    sigma_time: Density | None

    @property
    def kind(self) -> str:
        return f"{self.area.kind} × {self.time.kind}"

    @property
    def priors(self) -> dict[str, Density]:
        """Of all hyper-parameters but sigma, by name."""
        assert self.sigma_time is not None  # decided when the model was prepared
        found = {"sigma_time": self.sigma_time, **self.area.priors}
        return found if self.time.prior is None else {**found, "rho_time": self.time.prior}

    @property
    def names(self) -> tuple[str, ...]:
        return ("sigma", *self.priors)

    @property
    def sizes(self) -> tuple[int, int]:
        """How many areas and times."""
        return len(self.area.left), len(self.time.left)

    def root(self, values: Mapping[str, float]) -> Floats:
        """Root of the covariance at hyper-parameters by name, shape (m T, ranks)."""
        areas, times = self.sizes
        between = values["sigma"] * self.area.root(values.get(self.area.hyper, np.nan))
        within = values["sigma_time"] * self.time.root(values.get("rho_time", np.nan))
        both = [np.kron(between, np.ones((times, 1))), np.kron(np.eye(areas), within)]
        return np.asarray(np.hstack(both), dtype=float)

    def covariance(self, values: Mapping[str, float]) -> Floats:
        """Of the effects, at hyper-parameters by name; shape (m T, m T)."""
        root = self.root(values)
        return root @ root.T


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
        kind="bym2", hyper="phi", prior=prior, values=values, left=vectors, right=vectors.T, component=component,
        factors=factors,
    )  # fmt: skip


def sar(matrix: Floats, prior: Density) -> Structure:
    """(I − rho W)⁻¹ z with W the neighbours' matrix, rows summing to 1; an island's row is 0."""
    degree = matrix.sum(axis=1)
    root = np.sqrt(np.where(degree > 0, degree, 1.0))
    values, vectors = np.linalg.eigh(matrix / np.outer(root, root))
    component = components(matrix)
    # W'degree = degree within a component: what W leaves as it is, (I − rho W)⁻¹ makes 1/(1 − rho) times as large.
    together = np.where(component == np.arange(component.max(initial=-1) + 1)[:, None], root**2, 0.0)
    return Structure(
        kind="sar", hyper="rho", prior=prior, values=values, left=vectors / root[:, None], right=vectors.T * root,
        together=together / np.linalg.norm(together, axis=1, keepdims=True),
    )  # fmt: skip


def rw1(times: int) -> Structure:
    """A random walk over equal steps that sums to zero, scaled as a map is: sigma means the same for any length.

    Its root sums the steps up and takes the mean away: with D the steps' differences this is D's pseudo-inverse, and D⁺D⁺' is
    that of the precision D'D.
    """
    matrix = np.diag(np.ones(times - 1), 1)
    _, component, factors = scaled_icar(matrix + matrix.T)
    walk = np.tril(np.ones((times, times)), -1)[:, :-1]
    root = (walk - walk.mean(axis=0)) / np.sqrt(factors[0])
    return Structure(
        kind="rw1", hyper="", prior=None, values=np.ones(times - 1), left=root, component=component, factors=factors
    )


def ar1(times: int, prior: Density) -> Structure:
    """Correlation rho^|t − s|; sigma is the standard deviation of each time, not of a step."""
    steps = np.arange(times, dtype=float)
    return Structure(kind="ar1", hyper="rho", prior=prior, values=np.ones(times), left=steps[:, None] - steps[None, :])
