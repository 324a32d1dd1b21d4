"""Calibration of weights to known totals: the factors, and the equations solved for them. Arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fl_estimate.design.small_table import Floats

TOLERANCE = 1e-11
"""Totals are met when none is further off than this, relative to its total or to the sum of what makes it up."""
STEPS = 200
HALVINGS = 40


@dataclass(frozen=True, kw_only=True)
class Distance:
    """How far weights may be moved: a method with the least and the greatest factor.

    With z = x'λ the factor is 1 + z (linear), e^z (raking), (s + √(s² + 4))/2 with s = arsinh 2z (sinh), each cut at the
    bounds, or (L(U − 1) + U(1 − L)e^{Az})/((U − 1) + (1 − L)e^{Az}), A = (U − L)/((1 − L)(U − 1)) (logit). Deville and
    Särndal (1992), Journal of the American Statistical Association 87, 376-382, cases 1, 2, 4 to 7.
    """

    method: str
    bounds: tuple[float, float] | None

    def factor(self, z: Floats) -> Floats:
        """The factor of weights at z."""
        if self.method == "logit":
            return self._logit(z)[0]
        return self._cut(self._free(z)[0])

    def both(self, z: Floats) -> tuple[Floats, Floats]:
        """The factor and its derivative, which is 0 where the factor is cut at a bound."""
        if self.method == "logit":
            return self._logit(z)
        value, slope = self._free(z)
        if self.bounds is not None:
            slope = np.where((value > self.bounds[0]) & (value < self.bounds[1]), slope, 0.0)
        return self._cut(value), slope

    def _free(self, z: Floats) -> tuple[Floats, Floats]:
        if self.method == "linear":
            return 1 + z, np.ones_like(z)
        if self.method == "raking":
            with np.errstate(over="ignore"):
                value = np.exp(z)
            return value, value
        s = np.arcsinh(2 * z)
        root = np.sqrt(s**2 + 4)
        return (s + root) / 2, (1 + s / root) / np.sqrt(1 + 4 * z**2)

    def _cut(self, value: Floats) -> Floats:
        return value if self.bounds is None else np.clip(value, *self.bounds)

    def _logit(self, z: Floats) -> tuple[Floats, Floats]:
        low, high = self.bounds or (0.0, np.inf)
        # Both exponents are kept at or below 0, so that neither end overflows.
        a = (high - low) / ((1 - low) * (high - 1)) * z
        up, down = np.exp(np.minimum(a, 0)), np.exp(np.minimum(-a, 0))
        under = (high - 1) * down + (1 - low) * up
        value = (low * (high - 1) * down + high * (1 - low) * up) / under
        return value, (high - low) ** 2 * up * down / under**2


@dataclass(frozen=True, kw_only=True)
class Solution:
    """λ of the equations, and by how much they are missed: the greatest misfit and the term it is of."""

    slopes: Floats
    converged: bool
    misfit: float
    worst: int


def solve(x: Floats, weight: Floats, totals: Floats, distance: Distance) -> Solution:
    """Find λ with Σ_g d_g F(x_g'λ) x_g = T, by Newton's method with the step halved as long as it leads away.

    Parameters
    ----------
    x : array, shape (groups, terms)
        Terms of the people of each group (all alike within it). Terms may depend on each other linearly.
    weight : array, shape (groups,)
        Σ d of each group.
    totals : array, shape (terms,)
    distance : Distance

    Notes
    -----
    Each step solves (Σ d F' x x') δ = T − Σ d F x by least squares of least norm, terms scaled to a common size.
    """
    made_up = weight @ np.abs(x)
    size = np.where(made_up > 0, made_up, 1.0)
    scaled = x / size

    def at(slopes: Floats) -> Reached:
        factor, derivative = distance.both(scaled @ slopes)
        return Reached(
            made=(weight * factor) @ scaled, gram=lambda: scaled.T @ ((weight * derivative)[:, None] * scaled)
        )

    return newton(at, totals / size, size)


@dataclass(frozen=True, kw_only=True)
class Reached:
    """What weights at some λ sum to, terms scaled: Σ d F x, and what makes Σ d F' x x'."""

    made: Floats
    gram: Callable[[], Floats]


def newton(at: Callable[[Floats], Reached], wanted: Floats, size: Floats) -> Solution:
    """Solve the equations whose sums `at` gives, whatever the sums are made of.

    Parameters
    ----------
    at : function
        From λ of the scaled terms to their sums.
    wanted : array, shape (terms,)
        The totals over `size`.
    size : array, shape (terms,)
        What terms were divided by.
    """
    scale = np.maximum(np.abs(wanted), 1.0)
    slopes = np.zeros(len(wanted))
    reached = at(slopes)
    missed = wanted - reached.made
    for _ in range(STEPS):
        if np.abs(missed / scale).max() <= TOLERANCE:
            break
        step = np.linalg.lstsq(reached.gram(), missed, rcond=1e-13)[0]
        moved = _nearer(at, wanted, slopes, step, float(np.linalg.norm(missed / scale)), scale)
        if moved is None:
            break
        slopes, reached, missed = moved
    misfit = np.abs(missed / scale)
    worst = int(np.argmax(misfit))
    # A least-squares step of a system without a solution ends where nothing leads nearer: that is no convergence.
    return Solution(
        slopes=slopes / size, converged=bool(misfit[worst] <= 100 * TOLERANCE), misfit=float(misfit[worst]), worst=worst
    )


def _nearer(
    at: Callable[[Floats], Reached], wanted: Floats, slopes: Floats, step: Floats, before: float, scale: Floats
) -> tuple[Floats, Reached, Floats] | None:
    """The first of the whole step, its half, its quarter, … that leads nearer to the totals; None where none does."""
    for halving in range(HALVINGS):
        tried = slopes + step / 2**halving
        reached = at(tried)
        missed = wanted - reached.made
        if np.isfinite(missed).all() and np.linalg.norm(missed / scale) < before:
            return tried, reached, missed
    return None
