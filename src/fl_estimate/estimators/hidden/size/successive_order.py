"""The order in which people were drawn by successive sampling, as a density of the time that the last draw comes at.

Successive sampling is a race: each person has an exponential clock whose rate is the degree, and the n whose clocks ring first are
the sample, in that order. Nothing else about the sampled depends on the unsampled than the time of the last draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fl_estimate.arrays import Floats

POINTS, MOST_POINTS = 96, 8_192
"""Nodes of the integral over the last time of a set of draws whose order is not known; the most, where it oscillates."""
NEGLIGIBLE = 1e-11
COARSE = np.linspace(-30.0, 8.0, 400)
"""Logarithms of times among which the peak of that integrand is looked for."""
DEEP = 38.0
"""What lies e^−38 below the peak is nothing in double precision."""
CHEBYSHEV = 12


@dataclass(frozen=True, eq=False)
class DrawOrder:
    """Degrees in the order of the draws; people of one set are in an order that is not known.

    Parameters
    ----------
    sets : sequence of float arrays
        Degrees, above 0, of those drawn one after the other; a set of one where the order is known.

    Notes
    -----
    With T_i the sum of the degrees of draw i and later ones, and U that of all who were not drawn, the probability of the order is
    L(U) = Π d_i/(T_i + U). Of a set with degrees D, before later draws and others of sum R, it is the integral of
    e^{−R t} dG(t), G(t) = Π_D (1 − e^{−d t}): all orders of it added up. L is the Laplace transform of h(x), the density of the time
    of the last draw: of those who were not drawn each then has not rung with probability e^{−u x}, which can be averaged over
    any distribution of degrees.
    """

    sets: Sequence[Floats]

    @cached_property
    def single(self) -> tuple[Floats, Floats]:
        """Degrees whose place is known, and the sum of the degrees from each place on."""
        degrees, left = self._laid
        alone = [at for at, each in enumerate(self.sets) if len(each) == 1]
        return np.array([degrees[at] for at in alone]), np.array([left[at] for at in alone])

    @cached_property
    def tied(self) -> tuple[tuple[Floats, Floats, float], ...]:
        """Of each set of several: its different degrees, how often each is there, and the sum of the degrees behind the set."""
        totals, left = self._laid
        return tuple(
            (*_counted(each), float(left[at] - totals[at])) for at, each in enumerate(self.sets) if len(each) > 1
        )

    @cached_property
    def _laid(self) -> tuple[Floats, Floats]:
        totals = np.array([np.sum(each) for each in self.sets], dtype=float)
        return totals, np.cumsum(totals[::-1])[::-1]

    @property
    def edge(self) -> float:
        """L has its first pole at minus this: the least that may be left at the last draw."""
        return float(np.min(self.sets[-1]))

    def times(self, offsets: Floats, *, exact: bool) -> tuple[Floats, Floats]:
        """Times x at saddle points u, and log h(x) |dx/du| there, up to what `log_offset` says of u.

        Parameters
        ----------
        offsets : float array
            log(u + edge), increasing.
        exact : bool
            False leaves the saddle-point approximation as it is, whose relative error is of the order 1/n; else the
            integral that it approximates is computed.

        Returns
        -------
        x, log_weight : float arrays
            `log_weight` = log h(x) + log |dx/d offset|.
        """
        u = np.exp(offsets) - self.edge
        value, mean, variance = self._cumulants(u)
        weight = value + u * mean - 0.5 * np.log(2 * np.pi * variance) + np.log(variance) + offsets
        if exact:
            weight = weight + self._corrections(offsets)
        return mean, weight

    def _cumulants(self, u: Floats) -> tuple[Floats, Floats, Floats]:
        """Log L(u), and mean and variance of the time under h(x) e^{−u x}/L(u)."""
        degrees, left = self.single
        rate = left[None, :] + u[:, None]
        value = np.sum(np.log(degrees / rate), axis=1)
        mean, variance = np.sum(1 / rate, axis=1), np.sum(1 / rate**2, axis=1)
        for each in self.tied:
            times, log_mass = _masses(each, u)
            top = log_mass.max(axis=1, keepdims=True)
            mass = np.exp(log_mass - top)
            total = mass.sum(axis=1)
            first = (mass * times).sum(axis=1) / total
            value = value + np.log(total) + top[:, 0]
            mean = mean + first
            variance = variance + (mass * (times - first[:, None]) ** 2).sum(axis=1) / total
        return value, mean, variance

    def _corrections(self, offsets: Floats) -> Floats:
        """Log of h over its saddle-point approximation: so smooth that a polynomial through a few of them is exact."""
        from numpy.polynomial.chebyshev import chebfit, chebpts1, chebval

        low, high = float(offsets.min()), float(offsets.max())
        nodes = chebpts1(CHEBYSHEV)
        at = low + (high - low) * (nodes + 1) / 2
        exact = np.array([self._correction(float(each)) for each in at])
        fitted = chebfit(nodes, exact, CHEBYSHEV - 1)
        scaled = 2 * (offsets - low) / (high - low) - 1 if high > low else np.zeros_like(offsets)
        return np.asarray(chebval(scaled, fitted), dtype=float)

    def _correction(self, offset: float) -> float:
        """√(2π κ″) times (1/2π)∫ e^{iωx} L(u + iω)/L(u) dω, as a logarithm: the trapezoidal rule is exact for it but for aliases."""
        u = np.array([np.exp(offset) - self.edge])
        _, mean, variance = self._cumulants(u)
        spread = float(np.sqrt(variance[0]))
        # Aliases lie one span off: beyond 12 standard deviations on either side, and 40 of the slowest exponential.
        step = 2 * np.pi / max(24 * spread, 40 / float(np.exp(offset)))
        highest = self._highest_frequency() / spread
        sets = [self._probabilities(each, u, highest) for each in self.tied]
        rate = self.single[1] + u
        total, first, size = 0.5, 1, 128
        while step * first < 3 * highest:
            w = step * np.arange(first, first + size)
            wave = np.exp(1j * w * float(mean[0]) - np.sum(np.log1p(1j * w[:, None] / rate), axis=1))
            for times, probability in sets:
                wave = wave * (np.exp(-1j * w[:, None] * times) @ probability)
            total += float(np.real(wave).sum())
            if np.abs(wave[-8:]).max() < NEGLIGIBLE:
                break
            first += size
        return float(np.log(total * step / np.pi * np.sqrt(2 * np.pi) * spread))

    def _highest_frequency(self) -> float:
        """In standard deviations, where the transform of n equal exponentials is negligible: (1 + w²/n)^{−n/2}."""
        n = sum(map(len, self.sets))
        return float(np.sqrt(n * np.expm1(-2 / n * np.log(NEGLIGIBLE))))

    def _probabilities(self, each: tuple[Floats, Floats, float], u: Floats, highest: float) -> tuple[Floats, Floats]:
        """Times of the last of a set with their probabilities, so many that the highest frequency does not alias."""
        times, _ = _masses(each, u)
        wanted = 64 + 2 * float(times[0, -1] - times[0, 0]) * highest
        times, log_mass = _masses(each, u, int(np.clip(wanted, POINTS, MOST_POINTS)))
        mass = np.exp(log_mass[0] - log_mass[0].max())
        return times[0], mass / mass.sum()


def _counted(degrees: Floats) -> tuple[Floats, Floats]:
    different, counts = np.unique(degrees, return_counts=True)
    return different, counts.astype(float)


def _masses(each: tuple[Floats, Floats, float], u: Floats, points: int = POINTS) -> tuple[Floats, Floats]:
    """Times of the last of a set, and the logarithms of e^{−R t} G′(t) dt there; shape (len(u), points)."""
    degrees, counts, behind = each
    rate = behind + u
    rough = COARSE[None, :] - rate[:, None] * np.exp(COARSE)[None, :] + _log_slope(degrees, counts, COARSE)[None, :]
    near = rough > rough.max(axis=1, keepdims=True) - DEEP
    step = COARSE[1] - COARSE[0]
    low = COARSE[near.argmax(axis=1)] - step
    high = COARSE[len(COARSE) - 1 - near[:, ::-1].argmax(axis=1)] + step
    logs = low[:, None] + (high - low)[:, None] * np.linspace(0.0, 1.0, points)
    log_step = np.log((high - low) / (points - 1))
    times = np.exp(logs)
    return times, logs + log_step[:, None] - rate[:, None] * times + _log_slope(degrees, counts, logs)


def _log_slope(degrees: Floats, counts: Floats, logs: Floats) -> Floats:
    """Log G′(t) at t = e^logs: G(t) Σ d/(e^{d t} − 1)."""
    value = np.zeros(np.shape(logs))
    slope = np.zeros(np.shape(logs))
    times = np.exp(logs)
    for degree, count in zip(degrees, counts, strict=True):
        rung = -np.expm1(-degree * times)
        value = value + count * np.log(rung)
        slope = slope + count * degree * np.exp(-degree * times) / rung
    with np.errstate(divide="ignore"):
        return value + np.log(slope)
