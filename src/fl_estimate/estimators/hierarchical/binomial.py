"""The logit-normal model of counts: areas integrated out one by one, hyper-parameters by importance sampling. Arrays only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from fl_estimate.estimators.hierarchical.posterior import Model
from fl_estimate.estimators.importance import Weighted, weigh

Floats = npt.NDArray[np.float64]

NODES = 15
"""Of the adaptive Gauss–Hermite rule for one area."""
STEP = 1.5
"""Longest step of Newton's method on the log odds: the curvature of a binomial likelihood changes by e^1.5 at most."""
CELLS = 3_000_000
"""Numbers held at a time."""
MANY_AREAS = 100
POINTS = (4_096, 1_024)
"""Hyper-parameter points, up to as many areas and beyond: more areas say more about them."""
STUDENT_DF = 8.0
PROFILE, U_CELLS = 33, 2_000
REACH = 16.0
"""Points of log sigma whose log density is lower than the highest by more than this are left out."""
_SIGMA_RANGE = (float(np.log(1e-8)), float(np.log(20.0)))
"""On the log odds: from no difference between areas to more than any two areas could show."""


@dataclass(frozen=True, kw_only=True)
class Integrals:
    """Of every area at every point, shape (L, m): log marginal likelihood, and where its log odds can lie."""

    log_z: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, kw_only=True)
class Hyper:
    """Points of (coefficients, log sigma) with weights that sum to 1: beta (L, p), u (L,).

    `areas` holds every area integrated out at every point.
    """

    beta: Floats
    u: Floats
    weight: Floats
    areas: Integrals

    @property
    def sigma(self) -> Floats:
        return np.exp(self.u)

    def centre(self, model: Model) -> Floats:
        """Log odds of every area before its own effect, shape (L, m)."""
        return self.beta @ model.x.T


def log_likelihood(eta: Floats, model: Model) -> Floats:
    """Binomial kernel y eta − n log(1 + e^eta), areas on the last axis; effective counts may be fractions."""
    return model.y * eta - model.size * np.logaddexp(0.0, eta)


def modes(centre: Floats, sigma: Floats, model: Model) -> tuple[Floats, Floats]:
    """Mode and curvature-based standard deviation of z, eta = centre + sigma z, given each point; shapes (L, m)."""
    y, n = model.y, model.size
    sigma = sigma[:, None]
    share = (y + 0.5) / (n + 1)
    precision = n * share * (1 - share) * sigma**2
    z = (special.logit(share) - centre) / sigma * precision / (1 + precision)
    for _ in range(60):
        p = special.expit(centre + sigma * z)
        step = (sigma * (y - n * p) - z) / (1 + sigma**2 * n * p * (1 - p))
        step = np.clip(step, -STEP / sigma, STEP / sigma)
        z = z + step
        if np.abs(step).max(initial=0.0) < 1e-8:
            break
    p = special.expit(centre + sigma * z)
    return z, 1 / np.sqrt(1 + sigma**2 * n * p * (1 - p))


def integrate(beta: Floats, u: Floats, model: Model) -> Integrals:
    """Integrate every area out, by adaptive Gauss–Hermite quadrature.

    The ends are the outermost nodes, 6.4 standard deviations from the mode, or where the tail ends if that is further:
    to the left the density is below exp(y eta) times the prior, a normal density shifted by sigma² y; to the right
    likewise with −(n − y).
    """
    log_z, first, last = (np.empty((len(u), len(model.y))) for _ in range(3))
    size = max(1, CELLS // (len(model.y) * NODES))
    for start in range(0, len(u), size):
        part = slice(start, start + size)
        nodes = _at_nodes(beta[part], u[part], model)
        log_z[part], first[part], last[part] = nodes.log_integral, nodes.eta[:, :, 0], nodes.eta[:, :, -1]
    centre, sigma = beta @ model.x.T, np.exp(u)[:, None]
    return Integrals(
        log_z=log_z,
        low=np.minimum(first, centre + sigma**2 * model.y - 7 * sigma),
        high=np.maximum(last, centre - sigma**2 * (model.size - model.y) + 7 * sigma),
    )


@dataclass(frozen=True, kw_only=True)
class _Nodes:
    """The quadrature of every area at every point: log odds and share of the integral at each node, (L, m, NODES)."""

    eta: Floats
    share: Floats
    log_integral: Floats


def _at_nodes(beta: Floats, u: Floats, model: Model) -> _Nodes:
    """Integrate over z at every point; a node's share is what it adds to the integral."""
    sigma = np.exp(u)
    centre = beta @ model.x.T
    z, c = modes(centre, sigma, model)
    t, w = np.polynomial.hermite.hermgauss(NODES)
    at = z[:, :, None] + np.sqrt(2) * c[:, :, None] * t
    eta = centre[:, :, None] + sigma[:, None, None] * at
    y, n = model.y[:, None], model.size[:, None]
    inside = y * eta - n * np.logaddexp(0.0, eta) - 0.5 * at**2 + (np.log(w) + t**2)
    top = inside.max(axis=2, keepdims=True)
    share = np.exp(inside - top)
    total = share.sum(axis=2)
    log_integral = top[:, :, 0] + np.log(total) + np.log(c) - 0.5 * np.log(np.pi)
    return _Nodes(eta=eta, share=share / total[:, :, None], log_integral=log_integral)


def _derivatives(nodes: _Nodes, model: Model) -> tuple[Floats, Floats]:
    """First and second derivative of the log integral in the area's centre x'beta, shapes (L, m)."""
    n = model.size[:, None]
    p = special.expit(nodes.eta)
    residual = model.y[:, None] - n * p
    first = (nodes.share * residual).sum(axis=2)
    second = (nodes.share * (residual**2 - n * p * (1 - p))).sum(axis=2) - first**2
    return first, second


def log_prior(beta: Floats, u: Floats, model: Model) -> Floats:
    """Log prior of the coefficients and of log sigma, up to a constant."""
    priors = model.priors
    return priors.sigma.log(np.exp(u)) + u - 0.5 * ((beta - priors.mean) ** 2) @ priors.precision


@dataclass(frozen=True, kw_only=True)
class _Profile:
    """Along log sigma: mode of the coefficients (g, p), a root of their covariance (g, p, p), Laplace's log density."""

    u: Floats
    mode: Floats
    root: Floats
    log_density: Floats


def _profile(u: Floats, model: Model) -> _Profile:
    """Find the coefficients' mode at every point of log sigma; given sigma their density is log-concave."""
    beta = np.zeros((len(u), model.x.shape[1]))
    beta[:, 0] = special.logit((model.y.sum() + 0.5) / (model.size.sum() + 1))
    for _ in range(200):
        slope, curvature, _ = _slopes(beta, u, model)
        step = np.linalg.solve(curvature, slope[:, :, None])[:, :, 0]
        longest = np.abs(step @ model.x.T).max(axis=1, keepdims=True)
        if longest.max() < 1e-8:
            break
        beta = beta + step * np.minimum(1.0, STEP / np.maximum(longest, 1e-300))
    _, curvature, integral = _slopes(beta, u, model)
    covariance = np.linalg.inv(0.5 * (curvature + curvature.transpose(0, 2, 1)))
    log_density = integral + log_prior(beta, u, model) - 0.5 * np.linalg.slogdet(curvature)[1]
    return _Profile(u=u, mode=beta, root=np.linalg.cholesky(covariance), log_density=log_density)


def _slopes(beta: Floats, u: Floats, model: Model) -> tuple[Floats, Floats, Floats]:
    """In the coefficients: slope (g, p) and minus the curvature (g, p, p); and the log marginal likelihood (g,)."""
    priors, x = model.priors, model.x
    nodes = _at_nodes(beta, u, model)
    first, second = _derivatives(nodes, model)
    # The second derivative is never above 0 in truth; for a very large sigma the quadrature may be off.
    bend = np.einsum("gi,ij,ik->gjk", np.maximum(-second, 1e-8), x, x, optimize=True)
    slope = first @ x - priors.precision * (beta - priors.mean)
    return slope, bend + np.diag(priors.precision), nodes.log_integral.sum(axis=1)


def hyper_points(model: Model) -> tuple[Hyper, Weighted]:
    """Points of the hyper-parameters and their weights.

    Log sigma comes from Laplace's approximation to its density, on a grid that follows it also where sigma goes to 0;
    the coefficients given sigma from Student's t around their mode. The weights put right what both leave over. The
    points are one fixed quadrature rule (a scrambled Sobol sequence), so that no seed moves the areas' figures.
    """
    from scipy.stats import qmc

    profile = _profile(np.linspace(*_SIGMA_RANGE, PROFILE), model)
    for _ in range(2):
        inside = np.flatnonzero(profile.log_density > profile.log_density.max() - REACH)
        first, last = max(inside[0] - 1, 0), min(inside[-1] + 1, PROFILE - 1)
        profile = _profile(np.linspace(profile.u[first], profile.u[last], PROFILE), model)
    size = POINTS[0 if len(model.y) <= MANY_AREAS else 1]
    even = np.clip(qmc.Sobol(len(model.names) + 2, rng=0).random(size), 1e-12, 1 - 1e-12)
    u, log_u = _draw_u(profile, even[:, 0])
    beta, log_beta = _draw_beta(profile, u, even[:, 1:])
    areas = integrate(beta, u, model)
    weighted = weigh(areas.log_z.sum(axis=1) + log_prior(beta, u, model) - log_u - log_beta)
    return Hyper(beta=beta, u=u, weight=weighted.weight, areas=areas), weighted


def _draw_u(profile: _Profile, even: Floats) -> tuple[Floats, Floats]:
    """Points of log sigma and their log density: constant within fine cells, so that both are exact."""
    from scipy.interpolate import CubicSpline

    edges = np.linspace(profile.u[0], profile.u[-1], U_CELLS + 1)
    middle = 0.5 * (edges[1:] + edges[:-1])
    mass = np.exp(CubicSpline(profile.u, profile.log_density)(middle) - profile.log_density.max())
    # A little everywhere: no weight can then be large because Laplace's density is too thin somewhere.
    mass = 0.98 * mass / mass.sum() + 0.02 / U_CELLS
    reached = np.append(0.0, np.cumsum(mass))
    cell = np.clip(np.searchsorted(reached, even * reached[-1], side="right") - 1, 0, U_CELLS - 1)
    within = (even * reached[-1] - reached[cell]) / mass[cell]
    return edges[cell] + within * (edges[1] - edges[0]), np.log(mass[cell])


def _draw_beta(profile: _Profile, u: Floats, even: Floats) -> tuple[Floats, Floats]:
    """Coefficients given log sigma: Student's t around the nearest mode, and its log density up to a constant."""
    near = np.rint((u - profile.u[0]) / (profile.u[1] - profile.u[0])).astype(int)
    mode = np.column_stack([np.interp(u, profile.u, column) for column in profile.mode.T])
    root, p = profile.root[near], mode.shape[1]
    chi_square = 2 * special.gammaincinv(STUDENT_DF / 2, even[:, -1])
    t = special.ndtri(even[:, :-1]) * np.sqrt(STUDENT_DF / chi_square)[:, None]
    log_size = np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)
    log_density = -0.5 * (STUDENT_DF + p) * np.log1p((t**2).sum(axis=1) / STUDENT_DF) - log_size
    return mode + np.einsum("ljk,lk->lj", root, t), log_density


def draw_areas(rng: np.random.Generator, beta: Floats, sigma: Floats, model: Model) -> Floats:
    """One draw of every area's log odds given each point, shape (L, m): exact, by rejection.

    Notes
    -----
    The likelihood is log-concave in eta, so that its tangent at the mode lies above it. Prior times tangent is a normal
    density of standard deviation sigma around the mode; a proposal from it is kept with probability exp(likelihood −
    tangent).
    """
    centre = beta @ model.x.T
    z, _ = modes(centre, sigma, model)
    eta_mode = (centre + sigma[:, None] * z).ravel()
    y, n = (np.broadcast_to(column, z.shape).ravel() for column in (model.y, model.size))
    spread = np.broadcast_to(sigma[:, None], z.shape).ravel()
    slope = y - n * special.expit(eta_mode)
    at_mode = y * eta_mode - n * np.logaddexp(0.0, eta_mode)
    middle = centre.ravel() + spread**2 * slope
    out = np.empty(z.size)
    left = np.arange(z.size)
    while left.size:
        eta = middle[left] + spread[left] * rng.standard_normal(left.size)
        log_chance = (
            y[left] * eta - n[left] * np.logaddexp(0.0, eta) - at_mode[left] - slope[left] * (eta - eta_mode[left])
        )
        kept = np.log(rng.random(left.size)) < log_chance
        out[left[kept]] = eta[kept]
        left = left[~kept]
    return out.reshape(z.shape)
