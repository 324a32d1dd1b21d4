"""The normal likelihood with effects that hang together: a grid over sigma and phi (or rho), all else in closed form. Arrays only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.estimators.hierarchical.engines.gaussian import NormalMixture
from fl_estimate.estimators.hierarchical.model.links import natural
from fl_estimate.estimators.hierarchical.model.posterior import (
    NATIONAL_DRAWS,
    Model,
    Posterior,
    PosteriorRequest,
    resample,
    weighted_summary,
)
from fl_estimate.estimators.hierarchical.model.structure import Structure, independent

COARSE, FINE, FINEST = 49, 81, 401
"""Points of log sigma: to find its mass; beside another hyper-parameter; alone."""
HYPER = 41
REACH = 25.0
KEPT = 1e-9
"""Points with a smaller share of the greatest weight are left out of the mixture."""


@dataclass(frozen=True, kw_only=True)
class _Spectrum:
    """Everything at one value of h that does not depend on sigma.

    With D the variances of the sampled areas and K = R R': D^-½ K D^-½ = U diag(lam) U'; `turned` is U' D^-½, `y` and `x` are
    y and X turned; `reach` is K D^-½ U over all areas; `prior` the diagonal of K.
    """

    root: Floats
    lam: Floats
    turned: Floats
    y: Floats
    x: Floats
    reach: Floats
    prior: Floats
    log_d: float


def _spectrum(model: Model, structure: Structure, h: float) -> _Spectrum:
    met = np.isfinite(model.y)
    root = structure.root(h)
    scale = 1 / np.sqrt(model.size[met])
    covariance = root @ root[met].T
    lam, u = np.linalg.eigh(scale[:, None] * covariance[met] * scale)
    turned = u.T * scale
    return _Spectrum(
        root=root,
        lam=np.maximum(lam, 0.0),
        turned=turned,
        y=turned @ model.y[met],
        x=turned @ model.x[met],
        reach=covariance @ turned.T,
        prior=np.einsum("ij,ij->i", root, root),
        log_d=float(np.log(model.size[met]).sum()),
    )


@dataclass(frozen=True, kw_only=True)
class _Fits:
    """At each sigma, for one h: log density of log sigma and h, coefficients (g, p) and their covariance (g, p, p)."""

    log_density: Floats
    coefficients: Floats
    covariance: Floats


def _fits(model: Model, at: _Spectrum, u: Floats) -> _Fits:
    priors, sigma = model.priors, np.exp(u)
    w = 1 / (1 + sigma[:, None] ** 2 * at.lam)
    a = np.einsum("gk,ki,kj->gij", w, at.x, at.x, optimize=True) + np.diag(priors.precision)
    b = np.linalg.solve(a, (w @ (at.x * at.y[:, None]) + priors.precision * priors.mean)[:, :, None])[:, :, 0]
    squares = (w * (at.y - b @ at.x.T) ** 2).sum(axis=1) + ((b - priors.mean) ** 2) @ priors.precision
    half = np.log(w).sum(axis=1) - at.log_d - np.linalg.slogdet(a)[1] - squares
    return _Fits(log_density=priors.sigma.log(sigma) + u + 0.5 * half, coefficients=b, covariance=np.linalg.inv(a))


def hyper_points(structure: Structure, size: int) -> tuple[Floats, Floats]:
    """Points of h and the log of their prior mass, close together at both ends, where h may have much of its mass."""
    if structure.prior is None:
        return np.array([np.nan]), np.zeros(1)
    low, high = structure.prior.ends
    t = (np.arange(size) + 0.5) / size
    h = low + (high - low) * np.sin(0.5 * np.pi * t) ** 2
    return h, structure.prior.log(h) + np.log(np.sin(np.pi * t))


def sample_structured(model: Model, structure: Structure, ask: PosteriorRequest) -> Posterior:
    """Summaries from the mixture over the grid; joint draws beside them."""
    h, log_prior = hyper_points(structure, HYPER)
    spectra = [_spectrum(model, structure, value) for value in h]
    u = _sigma_points(model, spectra, log_prior)
    fits = [_fits(model, at, u) for at in spectra]
    log_density = np.array([fit.log_density for fit in fits]) + log_prior[:, None]
    weight = np.exp(log_density - log_density.max())
    weight /= weight.sum()
    kept = [np.flatnonzero(row > KEPT * weight.max()) for row in weight]
    parts = [
        _areas(model, at, np.exp(u[positions]), fit.coefficients[positions], fit.covariance[positions])
        for at, fit, positions in zip(spectra, fits, kept, strict=True)
    ]
    shares = np.concatenate([row[positions] for row, positions in zip(weight, kept, strict=True)])
    mixture = NormalMixture(
        weight=shares / shares.sum(),
        mean=np.concatenate([mean for mean, _ in parts]),
        sd=np.concatenate([sd for _, sd in parts]),
    )
    lower, median, upper = (natural(mixture.quantile(tail), model.link) for tail in ask.tails)
    draws, national, joint = _draws(model, spectra, fits, u, weight, ask)
    if structure.hyper:
        joint[structure.hyper] = h[joint.pop("place").astype(np.intp)]
    else:
        del joint["place"]
    return Posterior(
        median=median,
        sd=mixture.moments(model.link)[1],
        lower=lower,
        upper=upper,
        draws=draws,
        national=national,
        parameters=_parameters(model, structure, h, u, fits, weight, ask),
        diagnostics={"sampler": "grid", "grid_points": int(weight.size)},
        joint=joint,
    )


def grid_points(model: Model) -> Iterator[tuple[float, Floats]]:
    """Points of the posterior's grid: weight, and covariance of the effects."""
    structure = model.structure or independent(len(model.y))
    assert isinstance(structure, Structure)  # areas at several times have no grid
    h, log_prior = hyper_points(structure, HYPER)
    spectra = [_spectrum(model, structure, value) for value in h]
    u = _sigma_points(model, spectra, log_prior)
    log_density = np.array([_fits(model, at, u).log_density for at in spectra]) + log_prior[:, None]
    weight = np.exp(log_density - log_density.max())
    kept = weight > 1e-6
    for k, g in zip(*np.nonzero(kept), strict=True):
        root = float(np.exp(u[g])) * spectra[k].root
        yield float(weight[k, g] / weight[kept].sum()), root @ root.T


def _sigma_points(model: Model, spectra: list[_Spectrum], log_prior: Floats) -> Floats:
    met = np.isfinite(model.y)
    scale = float(np.sqrt(np.var(model.y[met]) + model.size[met].mean()))
    u = np.linspace(np.log(1e-6 * scale), np.log(1e4 * scale), COARSE)
    few = range(0, len(spectra), max(1, len(spectra) // 7))
    for points in (COARSE, FINEST if len(spectra) == 1 else FINE):
        result = np.max([_fits(model, spectra[k], u).log_density + log_prior[k] for k in few], axis=0)
        inside = np.flatnonzero(result > result.max() - REACH)
        u = np.linspace(u[max(inside[0] - 1, 0)], u[min(inside[-1] + 1, len(u) - 1)], points)
    return u


def _areas(model: Model, at: _Spectrum, sigma: Floats, b: Floats, c: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of every area at each sigma, shape (g, m).

    Notes
    -----
    With V = sigma² K + D over the sampled areas: mean X b + sigma² K V⁻¹ (y − X b), variance sigma² K −
    sigma² K V⁻¹ K sigma² + X̃ C X̃', X̃ = X − sigma² K V⁻¹ X.
    """
    mean, sd = np.empty((len(sigma), len(model.x))), np.empty((len(sigma), len(model.x)))
    for k, s in enumerate(sigma):
        w = 1 / (1 + s**2 * at.lam)
        mean[k] = model.x @ b[k] + s**2 * (at.reach @ (w * (at.y - at.x @ b[k])))
        rest = model.x - s**2 * (at.reach @ (w[:, None] * at.x))
        own = s**2 * at.prior - s**4 * (at.reach**2 @ w)
        sd[k] = np.sqrt(np.maximum(own, 0.0) + np.einsum("ij,jk,ik->i", rest, c[k], rest))
    return mean, np.maximum(sd, 1e-300)


def _draws(
    model: Model, spectra: list[_Spectrum], fits: list[_Fits], u: Floats, weight: Floats, ask: PosteriorRequest
) -> tuple[Floats, Floats | None, dict[str, Floats]]:
    """Joint draws, point by point of the grid; beside them sigma, beta and the place of h of those kept.

    Prior effects and errors are drawn and then put right by the data: v* + sigma² K V⁻¹ (y − X beta − v* − e*).
    """
    rng = np.random.default_rng(ask.seed)
    total = ask.draws if ask.shares is None else max(ask.draws, NATIONAL_DRAWS)
    met = np.isfinite(model.y)
    positions = np.sort(resample(weight.ravel(), total, rng))
    out, betas = np.empty((total, len(model.x))), np.empty((total, len(model.names)))
    first = 0
    for position, count in zip(*np.unique(positions, return_counts=True), strict=True):
        k, g = divmod(int(position), len(u))
        at, s, n = spectra[k], float(np.exp(u[g])), int(count)
        root = np.linalg.cholesky(fits[k].covariance[g])
        beta = fits[k].coefficients[g] + rng.standard_normal((n, root.shape[0])) @ root.T
        effects = s * (rng.standard_normal((n, at.root.shape[1])) @ at.root.T)
        off = model.y[met] - beta @ model.x[met].T - effects[:, met]
        off -= np.sqrt(model.size[met]) * rng.standard_normal(off.shape)
        put = (off @ at.turned.T) / (1 + s**2 * at.lam)
        out[first : first + n] = beta @ model.x.T + effects + s**2 * (put @ at.reach.T)
        betas[first : first + n] = beta
        first += n
    order = rng.permutation(total)
    values, kept = natural(out[order], model.link), order[: ask.draws]
    k_of, g_of = np.divmod(positions[kept], len(u))
    joint = {"sigma": np.exp(u[g_of]), "beta": betas[kept], "place": k_of.astype(float)}
    return values[: ask.draws], None if ask.shares is None else values @ ask.shares, joint


def _parameters(
    model: Model, structure: Structure, h: Floats, u: Floats, fits: list[_Fits], weight: Floats, ask: PosteriorRequest
) -> dict[str, dict[str, float]]:
    """Posterior summaries of sigma, phi or rho, and the coefficients."""
    from scipy.interpolate import CubicSpline

    fine = np.linspace(u[0], u[-1], 8_001)
    density = np.maximum(CubicSpline(u, weight.sum(axis=0))(fine), 0.0)
    result = {"sigma": weighted_summary(np.exp(fine), density / density.sum(), ask.tails)}
    if structure.hyper:
        result[structure.hyper] = weighted_summary(h, weight.sum(axis=1), ask.tails)
    flat = weight.ravel()
    b = np.concatenate([fit.coefficients for fit in fits])
    c = np.concatenate([fit.covariance for fit in fits])
    mixture = NormalMixture(weight=flat, mean=b, sd=np.sqrt(np.diagonal(c, axis1=1, axis2=2)))
    means, sds = mixture.moments("identity")
    limits = [mixture.quantile(tail) for tail in ask.tails]
    for position, name in enumerate(model.names):
        lower, median, upper = (float(limit[position]) for limit in limits)
        result[name] = {
            "mean": float(means[position]), "sd": float(sds[position]), "lower": lower, "median": median, "upper": upper,
        }  # fmt: skip
    return result
