"""Fay–Herriot for areas at several times: variances and correlations by likelihood, and the EBLUP. Arrays only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fl_estimate.arrays import Bools, Floats
from fl_estimate.estimators.hierarchical.components.variance_components import Sampled

NEAR_ONE = 0.999
"""Correlations are sought between −0.999 and 0.999."""
STARTS: tuple[tuple[float, float], ...] = ((0.3, 0.3), (0.05, 0.5), (0.5, 0.05))
"""Variances of areas and of times from which the likelihood is climbed, in units of that of the values."""


@dataclass(frozen=True, kw_only=True)
class PanelFit:
    """Variances and correlations by name, coefficients; EBLUP of every row, and its error were the components known."""

    components: dict[str, float]
    beta: Floats
    value: Floats
    g1: Floats


@dataclass(frozen=True, kw_only=True)
class Panel:
    """What the covariance is made of: areas (their neighbours, rows summing to 1 or 0, where they are spatial) and times.

    Effects: u_a + w_at, u = (I − rho W)⁻¹ N(0, s²), w an autoregression of each area on its own with marginal variance
    s_t² and correlation rho_t from one time to the next. Rows are area by area.
    """

    areas: int
    times: int
    w: Floats | None
    autoregressive: bool

    @property
    def names(self) -> tuple[str, ...]:
        return (
            "variance", "variance_time", *(["rho"] if self.w is not None else []),
            *(["rho_time"] if self.autoregressive else []),
        )  # fmt: skip

    def covariance(self, at: Floats) -> Floats:
        """Of every row's effect, at (variance, variance_time, rho, rho_time), those that there are; shape (mT, mT)."""
        given = dict(zip(self.names, at, strict=True))
        between, lag = np.eye(self.areas), np.abs(np.subtract.outer(np.arange(self.times), np.arange(self.times)))
        if self.w is not None:
            root = np.linalg.inv(np.eye(self.areas) - given["rho"] * self.w)
            between = root @ root.T
        rho = given.get("rho_time", 0.0)
        # 0⁰ is 1: without a correlation this is the identity.
        within = np.sign(rho) ** lag * np.abs(rho) ** lag
        return given["variance"] * np.kron(between, np.ones((self.times, self.times))) + given[
            "variance_time"
        ] * np.kron(np.eye(self.areas), within)


@dataclass(frozen=True, kw_only=True)
class _PanelMatrices:
    """Everything at one point: V⁻¹ and P over the sampled rows, coefficients, log likelihood."""

    inverse: Floats
    projection: Floats
    beta: Floats
    height: float


def _state(data: Sampled, covariance: Floats, method: str) -> _PanelMatrices:
    lower = np.linalg.cholesky(covariance + np.diag(data.d))
    root = np.linalg.inv(lower)
    inverse = root.T @ root
    x = inverse @ data.x
    a = data.x.T @ x
    spread = np.linalg.inv(a)
    projection = inverse - x @ spread @ x.T
    height = -float(np.log(np.diag(lower)).sum()) - 0.5 * float(data.y @ projection @ data.y)
    if method == "reml":
        height -= 0.5 * float(np.linalg.slogdet(a)[1])
    return _PanelMatrices(inverse=inverse, projection=projection, beta=spread @ (x.T @ data.y), height=height)


def fit_panel(data: Sampled, x: Floats, met: Bools, panel: Panel, method: str) -> PanelFit:
    """Fit by REML or ML.

    Parameters
    ----------
    data : Sampled
    x : array, shape (mT, p)
        Of all rows.
    met : array of bool, shape (mT,)
        Which have a sample.
    panel : Panel
    method : {"reml", "ml"}

    Notes
    -----
    No mean squared error: its expansion, with four components to be estimated, was half as large again as the error of data
    made from the model (25 areas, 4 times, 250 replicates). sae gives a bootstrap instead; `area` gives a posterior.

    References
    ----------
    Marhuenda, Molina and Morales (2013), Computational Statistics and Data Analysis 58, 308-325; without neighbours Rao
    and Yu (1994), Canadian Journal of Statistics 22(4), 511-528.
    """
    at = _highest(data, met, panel, method)
    every = panel.covariance(at)
    state = _state(data, every[np.ix_(met, met)], method)
    reach = every[:, met] @ state.inverse
    value = x @ state.beta + reach @ (data.y - data.x @ state.beta)
    g1 = np.diag(every) - np.einsum("ij,ij->i", reach, every[:, met])
    components = dict(zip(panel.names, at.tolist(), strict=True))
    return PanelFit(components=components, beta=state.beta, value=value, g1=g1)


def _highest(data: Sampled, met: Bools, panel: Panel, method: str) -> Floats:
    """Where the likelihood is highest: climbed along its slope from several starts, the boundary at 0 included."""
    from scipy import optimize

    rest = data.y - data.x @ np.linalg.lstsq(data.x, data.y, rcond=None)[0]
    scale = float(np.mean(rest**2) + np.mean(data.d))
    unit = np.concatenate([[scale, scale], np.ones(len(panel.names) - 2)])

    def lowered(at: Floats) -> tuple[float, Floats]:
        covariance = panel.covariance(at * unit)[np.ix_(met, met)]
        state = _state(data, covariance, method)
        py = state.projection @ data.y
        middle = state.projection if method == "reml" else state.inverse
        slope = [
            0.5 * float(py @ d[np.ix_(met, met)] @ py - np.sum(middle * d[np.ix_(met, met)]))
            for d in _derivatives(panel, at * unit, unit)
        ]
        return -state.height, -np.array(slope) * unit

    bounds = [(0.0, 1e4)] * 2 + [(-NEAR_ONE, NEAR_ONE)] * (len(unit) - 2)
    settings = {"ftol": 1e-14, "gtol": 1e-9, "maxiter": 500}
    starts = [np.array([*start, *[0.3] * (len(unit) - 2)]) for start in STARTS]
    found = [
        optimize.minimize(lowered, start, jac=True, method="L-BFGS-B", bounds=bounds, options=settings)
        for start in starts
    ]
    best = min(found, key=lambda one: one.fun)
    return np.asarray(best.x, dtype=float) * unit


def _derivatives(panel: Panel, at: Floats, unit: Floats) -> list[Floats]:
    """Of the covariance in each component: exact in the variances, in which it is linear, by differences in the others."""
    out: list[Floats] = []
    for k in range(len(at)):
        if k < 2:
            one = np.where(np.arange(len(at)) < 2, 0.0, at)
            one[k] = 1.0
            out.append(panel.covariance(one))
            continue
        step = np.zeros_like(at)
        step[k] = 1e-5 * unit[k]
        out.append((panel.covariance(at + step) - panel.covariance(at - step)) / (2 * step[k]))
    return out
