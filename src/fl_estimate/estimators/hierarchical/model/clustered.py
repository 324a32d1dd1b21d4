"""Cases that come together: an area's likelihood when its design effect says in what clusters cases lie. Arrays only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from fl_estimate.arrays import Floats

FIRST, LAST, POINTS = -32.0, 32.0, 1281
STEP = (LAST - FIRST) / (POINTS - 1)
"""Log odds of the table, a twentieth apart; beyond it the likelihood is a straight line to any number of digits."""
MOST = 1e8
"""Concentration from which beta-binomial and binomial counts are the same in double precision."""
STUDENT_DF = 5.0
WIDER, SCOUT, MARGIN = 1.1, 25, 1.05
"""Scale of proposals in standard deviations at the mode; points at which their height is measured, and what is added to it."""
ENDS = 10.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Kernel:
    """Log likelihoods of areas over their log odds, read from tables by cubic Hermite polynomials.

    `cubic` are the four coefficients of every cell, shape (m · (POINTS − 1),) each, area by area; `edge` the slopes at either end, shape
    (m,) each.
    """

    cubic: tuple[Floats, Floats, Floats, Floats]
    edge: tuple[Floats, Floats]

    @classmethod
    def of(cls, y: Floats, n: Floats, deff: Floats) -> Kernel:
        """Tables of m areas in which y of n people are cases (weighted, so that y may be a fraction); 0 without people.

        Notes
        -----
        Beta-binomial counts whose variance is deff times the binomial's: with p the area's rate and κ = `concentration`,
        log Γ(y + pκ) − log Γ(pκ) + log Γ(n − y + (1 − p)κ) − log Γ((1 − p)κ) + log Γ(κ) − log Γ(n + κ).
        """
        height, slope = _exactly(y, n, deff)
        low, gap = height[:, :-1], np.diff(height, axis=1)
        first, last = STEP * slope[:, :-1], STEP * slope[:, 1:]
        parts = (low, first, 3 * gap - 2 * first - last, first + last - 2 * gap)
        return cls(cubic=tuple(part.ravel() for part in parts), edge=(slope[:, 0], slope[:, -1]))  # pyright: ignore[reportArgumentType]

    def value(self, eta: Floats) -> Floats:
        """Log likelihood, areas on the last axis."""
        return self.at(eta, np.arange(eta.shape[-1]))

    def at(self, eta: Floats, areas: Any) -> Floats:
        """Log likelihood of the areas named, whose numbers have the shape of `eta` or of its last axis."""
        t, cell, beyond = _cells(eta, areas)
        constant, first, square, cube = self.cubic
        out = cube[cell]
        for part in (square, first, constant):
            out *= t
            out += part[cell]
        if beyond is not None:
            # A straight line outside, with the slope at the end.
            out += np.minimum(beyond, 0.0) * self.edge[0][areas] + np.maximum(beyond, 0.0) * self.edge[1][areas]
        return out

    def slopes(self, eta: Floats) -> tuple[Floats, Floats]:
        """First and second derivative in the log odds, areas on the last axis."""
        t, cell, _ = _cells(eta, np.arange(eta.shape[-1]))
        _, first, square, cube = (part[cell] for part in self.cubic)
        return (first + t * (2 * square + 3 * t * cube)) / STEP, (2 * square + 6 * t * cube) / STEP**2


def _exactly(y: Floats, n: Floats, deff: Floats) -> tuple[Floats, Floats]:
    """Log likelihood and its slope at the points of the table, shape (m, POINTS) each."""
    eta = np.linspace(FIRST, LAST, POINTS)
    kappa = concentration(n, deff)[:, None]
    p, q = special.expit(eta), special.expit(-eta)
    y, rest = y[:, None], (n - y)[:, None]
    gamma, psi = special.gammaln, special.psi
    height = gamma(y + p * kappa) - gamma(p * kappa) + gamma(rest + q * kappa) - gamma(q * kappa)
    height += gamma(kappa) - gamma(y + rest + kappa)
    slope = psi(y + p * kappa) - psi(p * kappa) - psi(rest + q * kappa) + psi(q * kappa)
    slope *= kappa * p * q
    plain = (kappa >= MOST)[:, 0]
    height[plain] = (y * eta - (y + rest) * np.logaddexp(0.0, eta))[plain]
    slope[plain] = (y - (y + rest) * p)[plain]
    return height, slope


def concentration(n: Floats, deff: Floats) -> Floats:
    """κ = (n − deff)/(deff − 1), with which n beta-binomial people vary deff times as much as binomial ones; shape (m,).

    A design effect above (n + 1)/2 is taken as that, and one of 1 or less gives `MOST`: people are drawn one by one.
    """
    capped = np.minimum(deff, 0.5 * (n + 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        kappa = np.where(capped > 1, (n - capped) / (capped - 1), MOST)
    return np.minimum(kappa, MOST)


def draw_clustered(rng: np.random.Generator, centre: Floats, sigma: Floats, mode: Floats, kernel: Kernel) -> Floats:
    """One draw of every area's log odds given each point, shape (L, m), by rejection.

    Parameters
    ----------
    rng : numpy.random.Generator
    centre : array, shape (L, m)
        Log odds before an area's own effect.
    sigma : array, shape (L,)
    mode : array, shape (L, m)
    kernel : Kernel

    Notes
    -----
    This likelihood is not log-concave. Proposals are from Student's t around the mode; how far the density stands above theirs at
    most is measured at `SCOUT` points out to ten of their standard deviations, and `MARGIN` is added.
    """
    spread = np.broadcast_to(sigma[:, None], mode.shape)
    _, second = kernel.slopes(mode)
    scale = WIDER / np.sqrt(1 / spread**2 + np.maximum(-second, 0.0))

    def log_ratio(t: Floats, at: Any, areas: Any) -> Floats:
        eta = mode.ravel()[at] + scale.ravel()[at] * t
        own = -0.5 * ((eta - centre.ravel()[at]) / spread.ravel()[at]) ** 2 + kernel.at(eta, areas)
        return own + 0.5 * (STUDENT_DF + 1) * np.log1p(t**2 / STUDENT_DF)

    every = np.arange(mode.size)
    area_of = np.broadcast_to(np.arange(mode.shape[1]), mode.shape).ravel()
    top = np.full(mode.size, -np.inf)
    # Cubes: close together where the density is, and out to where nothing is left.
    for t in ENDS * np.linspace(-1.0, 1.0, SCOUT) ** 3:
        np.maximum(top, log_ratio(np.full(mode.size, t), every, area_of), out=top)
    top += np.log(MARGIN)
    out, left = np.empty(mode.size), every
    while left.size:
        t = rng.standard_t(STUDENT_DF, left.size)
        kept = -rng.standard_exponential(left.size) < log_ratio(t, left, area_of[left]) - top[left]
        out[left[kept]] = (mode.ravel()[left] + scale.ravel()[left] * t)[kept]
        left = left[~kept]
    return out.reshape(mode.shape)


def _cells(eta: Floats, areas: Any) -> tuple[Floats, Any, Floats | None]:
    """Where log odds lie in the tables: how far into their cell, which it is, and how far outside if any are."""
    at = (eta - FIRST) * (1 / STEP)
    beyond = None
    if at.size and (at.min() < 0 or at.max() > POINTS - 1):
        inside = np.clip(at, 0.0, POINTS - 1.0)
        at, beyond = inside, (at - inside) * STEP
    cell = np.minimum(at.astype(np.intp), POINTS - 2)
    at -= cell
    cell += areas * (POINTS - 1)
    return at, cell, beyond
