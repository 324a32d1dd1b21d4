"""The logit-normal model of counts: areas integrated out one by one, hyper-parameters by importance sampling. Arrays only."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import special

from fl_estimate.arrays import Floats
from fl_estimate.estimators.hierarchical.model.clustered import draw_clustered
from fl_estimate.estimators.hierarchical.model.posterior import Model
from fl_estimate.estimators.importance import Weighted, evenly_weighted, weigh

NODES = 15
"""Of the adaptive Gauss–Hermite rule for one area."""
STEP = 1.5
"""Longest step of Newton's method on the log odds: the curvature of a binomial likelihood changes by e^1.5 at most."""
CELLS = 60_000
"""Numbers held at a time: more would leave the processor's cache, and take several times as long."""
FLATTEST = 0.25
"""Least curvature at a mode, in the prior's."""
CENTRED = 1e-2
"""How near a mode must be for a quadrature around it, in standard deviations."""
STUDENT_DF = 8.0
PROFILE, U_CELLS = 33, 2_000
SETTLED = 1e-4
"""Newton's steps for the coefficients end below it, in log odds: the weights put right what is left."""
REACH = 16.0
"""Points of log sigma whose log density is lower than the highest by more than this are left out."""
_SIGMA_RANGE = (float(np.log(1e-8)), float(np.log(20.0)))
"""On the log odds: from no difference between areas to more than any two areas could show."""


@dataclass(frozen=True, kw_only=True)
class Integrals:
    """Of every area at every point, shape (L, m): log marginal likelihood, log odds at the mode, and where they can lie."""

    log_z: Floats
    mode: Floats
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
    """Binomial kernel y eta − n log(1 + e^eta), or the clustered one; areas on the last axis; counts may be fractions."""
    if model.kernel is not None:
        return model.kernel.value(eta)
    return model.y * eta - model.size * log_one_plus_exp(eta)


def log_one_plus_exp(eta: Floats) -> Floats:
    """log(1 + e^eta) without overflow, several times as fast as logaddexp."""
    out = np.abs(eta)
    np.negative(out, out=out)
    np.log1p(np.exp(out, out=out), out=out)
    out += np.maximum(eta, 0.0)
    return out


def slopes(eta: Floats, model: Model) -> tuple[Floats, Floats]:
    """First and second derivative of the log likelihood in the log odds, areas on the last axis."""
    if model.kernel is not None:
        return model.kernel.slopes(eta)
    p = special.expit(eta)
    return model.y - model.size * p, -model.size * p * (1 - p)


def modes(centre: Floats, sigma: Floats, model: Model) -> tuple[Floats, Floats]:
    """Mode and curvature-based standard deviation of z, eta = centre + sigma z, given each point; shapes (L, m).

    Sigma has shape (L,), or (L, m) where it differs by area.
    """
    y, n = model.y, model.size
    if model.deff is not None:
        y, n = y / model.deff, n / model.deff
    sigma = sigma if sigma.ndim == 2 else sigma[:, None]
    share = (y + 0.5) / (n + 1)
    precision = n * share * (1 - share) * sigma**2
    z = (special.logit(share) - centre) / sigma * precision / (1 + precision)
    for _ in range(60):
        first, second = slopes(centre + sigma * z, model)
        bend = 1 + sigma**2 * np.maximum(-second, 0.0)
        step = (sigma * first - z) / bend
        step = np.clip(step, -STEP / sigma, STEP / sigma)
        z = z + step
        # Newton's steps shrink by squares: after one this small the mode is far nearer than it.
        if (step**2 * bend).max(initial=0.0) < CENTRED**2:
            break
    _, second = slopes(centre + sigma * z, model)
    # Clustered counts may bend the other way far to the left of what they say.
    return z, 1 / np.sqrt(np.maximum(1 - sigma**2 * second, FLATTEST))


def integrate(beta: Floats, u: Floats, model: Model) -> Integrals:
    """Integrate every area out, by adaptive Gauss–Hermite quadrature.

    The ends are the outermost nodes, 6.4 standard deviations from the mode, or where the tail ends if that is further:
    to the left the density is below exp(y eta) times the prior, a normal density shifted by sigma² y; to the right
    likewise with −(n − y).
    """
    log_z, mode, first, last = (np.empty((len(u), len(model.y))) for _ in range(4))
    size = max(1, CELLS // (len(model.y) * NODES))
    for start in range(0, len(u), size):
        part = slice(start, start + size)
        nodes = _at_nodes(beta[part], u[part], model)
        log_z[part], mode[part] = nodes.log_integral, nodes.eta[NODES // 2]
        first[part], last[part] = nodes.eta[0], nodes.eta[-1]
    centre, sigma = beta @ model.x.T, np.exp(u)[:, None]
    # The steepest that the likelihood is far to either side: of clustered counts all cases may be of one cluster.
    cases, others = model.y, model.size - model.y
    if model.deff is not None:
        cases, others = np.minimum(cases, 0.0), np.minimum(others, 0.0)
    return Integrals(
        log_z=log_z,
        mode=mode,
        low=np.minimum(first, centre + sigma**2 * cases - 7 * sigma),
        high=np.maximum(last, centre - sigma**2 * others + 7 * sigma),
    )


@dataclass(frozen=True, kw_only=True)
class _Nodes:
    """The quadrature of every area at every point: log odds and share of the integral at each node, (NODES, L, m)."""

    eta: Floats
    share: Floats
    log_integral: Floats


def _at_nodes(beta: Floats, u: Floats, model: Model) -> _Nodes:
    """Integrate over z at every point; a node's share is what it adds to the integral."""
    sigma = np.exp(u)
    centre = beta @ model.x.T
    z, c = modes(centre, sigma, model)
    t, log_w = _rule()
    at = z + np.sqrt(2) * c * t
    eta = at * sigma[:, None]
    eta += centre
    if model.kernel is not None:
        inside = model.kernel.value(eta)
    else:
        inside = model.y * eta
        inside -= model.size * log_one_plus_exp(eta)
    np.square(at, out=at)
    at *= 0.5
    inside -= at
    # The middle node is the mode, next to which no integrand is high.
    top = inside[NODES // 2].copy()
    inside -= top
    inside += log_w
    share = np.exp(inside, out=inside)
    total = share.sum(axis=0)
    share /= total
    log_integral = top + np.log(total) + np.log(c) - 0.5 * np.log(np.pi)
    return _Nodes(eta=eta, share=share, log_integral=log_integral)


@cache
def _rule() -> tuple[Floats, Floats]:
    """Nodes of Gauss and Hermite's rule, and the logarithm of their weights over the density that they stand for."""
    t, w = np.polynomial.hermite.hermgauss(NODES)
    return t[:, None, None], (np.log(w) + t**2)[:, None, None]


def _derivatives(nodes: _Nodes, model: Model) -> tuple[Floats, Floats]:
    """First and second derivative of the log integral in the area's centre x'beta, shapes (L, m)."""
    slope, bend = slopes(nodes.eta, model)
    first = (nodes.share * slope).sum(axis=0)
    second = (nodes.share * (slope**2 + bend)).sum(axis=0) - first**2
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


def _profile(u: Floats, model: Model, near: _Profile | None = None) -> _Profile:
    """Find the coefficients' mode at every point of log sigma; given sigma their density is log-concave.

    `near` is the profile at other points, whose modes are where to begin.
    """
    beta = np.zeros((len(u), model.x.shape[1]))
    beta[:, 0] = special.logit((model.y.sum() + 0.5) / (model.size.sum() + 1))
    if near is not None:
        beta = np.column_stack([np.interp(u, near.u, column) for column in near.mode.T])
    for _ in range(200):
        slope, curvature, _ = _slopes(beta, u, model)
        step = np.linalg.solve(curvature, slope[:, :, None])[:, :, 0]
        longest = np.abs(step @ model.x.T).max(axis=1, keepdims=True)
        beta = beta + step * np.minimum(1.0, STEP / np.maximum(longest, 1e-300))
        if longest.max() < SETTLED:
            break
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
    the coefficients given sigma from Student's t around their mode. The weights put right what both leave over.
    """
    profile = _profile(np.linspace(*_SIGMA_RANGE, PROFILE), model)
    for _ in range(2):
        inside = np.flatnonzero(profile.log_density > profile.log_density.max() - REACH)
        first, last = max(inside[0] - 1, 0), min(inside[-1] + 1, PROFILE - 1)
        profile = _profile(np.linspace(profile.u[first], profile.u[last], PROFILE), model, profile)

    def at_points(even: Floats) -> tuple[Hyper, Weighted]:
        u, log_u = _draw_u(profile, even[:, 0])
        beta, log_beta = _draw_beta(profile, u, even[:, 1:])
        areas = integrate(beta, u, model)
        weighted = weigh(areas.log_z.sum(axis=1) + log_prior(beta, u, model) - log_u - log_beta)
        return Hyper(beta=beta, u=u, weight=weighted.weight, areas=areas), weighted

    return evenly_weighted(at_points, dimensions=len(model.names) + 2, areas=len(model.y))


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


def draw_areas(rng: np.random.Generator, centre: Floats, sigma: Floats, mode: Floats, model: Model) -> Floats:
    """One draw of every area's log odds given each point, shape (L, m): exact, by rejection.

    Parameters
    ----------
    rng : numpy.random.Generator
    centre : array, shape (L, m)
        Log odds before an area's own effect.
    sigma : array, shape (L,)
    mode : array, shape (L, m)
        Log odds about which most of the density lies; exactness does not rest on it.
    model : Model

    Notes
    -----
    The likelihood is log-concave in eta, so that its tangent anywhere lies above it. Prior times tangent is a normal
    density of standard deviation sigma; a proposal from it is kept with probability exp(likelihood − tangent). Clustered counts:
    see `draw_clustered`.
    """
    if model.kernel is not None:
        return draw_clustered(rng, centre, sigma, mode, model.kernel)
    at_mode = log_likelihood(mode, model)
    slope = model.y - model.size * special.expit(mode)
    spread = np.broadcast_to(sigma[:, None], mode.shape).ravel()
    middle = (centre + sigma[:, None] ** 2 * slope).ravel()
    # log chance = y eta − n log(1 + e^eta) − height − slope eta, with y − slope = n p at the mode.
    height = (at_mode - slope * mode).ravel()
    tilt, n = ((model.y - slope).ravel(), np.broadcast_to(model.size, mode.shape).ravel())
    out = np.empty(mode.size)
    left = np.arange(mode.size)
    while left.size:
        eta = rng.standard_normal(left.size)
        eta *= spread[left]
        eta += middle[left]
        log_chance = tilt[left] * eta
        log_chance -= n[left] * log_one_plus_exp(eta)
        log_chance -= height[left]
        kept = -rng.standard_exponential(left.size) < log_chance
        out[left[kept]] = eta[kept]
        left = left[~kept]
    return out.reshape(mode.shape)
