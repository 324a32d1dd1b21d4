"""Distributions of personal network sizes with two parameters, and the prior of their mean and standard deviation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fl_estimate.arrays import Floats

DegreeFamily = Literal["com-poisson", "negative-binomial"]
STEP = 1e-5
"""Of the numerical derivative of mean and standard deviation."""


@dataclass(frozen=True, kw_only=True)
class DegreePrior:
    """What is supposed of the degrees of the whole population before they are seen.

    Attributes
    ----------
    family : {"com-poisson", "negative-binomial"}
    mean, sd : float
        Prior mean μ₀ and standard deviation σ₀ of the degrees, in persons.
    mean_weight, sd_weight : float
        To how many degrees the prior is equivalent: μ | σ ~ N(μ₀, σ²/mean_weight), σ² ~ scaled inverse χ² with sd_weight degrees of
        freedom and scale σ₀².
    largest : int
        Nobody knows more: degrees are 1, …, largest.
    """

    family: DegreeFamily
    mean: float
    sd: float
    mean_weight: float
    sd_weight: float
    largest: int

    @property
    def support(self) -> Floats:
        """1, …, largest."""
        return np.arange(1.0, self.largest + 1)

    def start(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """A box of both parameters that holds all that can matter."""
        middle = np.log(self.mean)
        return (middle - 3.0, middle + 3.0), ((-4.0, 4.0) if self.family == "com-poisson" else (-6.0, 7.0))

    def log_probabilities(self, first: Floats, second: Floats) -> Floats:
        """Log f(k) over the support, one row a pair of parameters."""
        weights = FAMILIES[self.family](first[:, None], second[:, None], self.support[None, :])
        top = weights.max(axis=1, keepdims=True)
        return weights - top - np.log(np.exp(weights - top).sum(axis=1, keepdims=True))

    def moments(self, first: Floats, second: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation."""
        probabilities = np.exp(self.log_probabilities(first, second))
        mean = probabilities @ self.support
        square = np.square(self.support[None, :] - mean[:, None])
        return mean, np.sqrt(np.maximum((probabilities * square).sum(axis=1), 1e-300))

    def log_density(self, first: Floats, second: Floats) -> Floats:
        """Prior density of the parameters: that of mean and standard deviation times the Jacobian, up to a constant."""
        mean, sd = self.moments(first, second)
        up, up_sd = self.moments(first + STEP, second)
        down, down_sd = self.moments(first - STEP, second)
        right, right_sd = self.moments(first, second + STEP)
        left, left_sd = self.moments(first, second - STEP)
        jacobian = np.abs((up - down) * (right_sd - left_sd) - (right - left) * (up_sd - down_sd))
        with np.errstate(divide="ignore"):
            return (
                np.log(jacobian)
                - 0.5 * self.mean_weight * np.square((mean - self.mean) / sd)
                - np.log(sd)
                - (self.sd_weight + 1) * np.log(sd)
                - 0.5 * self.sd_weight * np.square(self.sd / sd)
            )

    def draw(self, generator: np.random.Generator) -> tuple[float, float]:
        """Parameters from the prior, by rejection from the box of `start`: for simulation-based calibration."""
        (low, high), (below, above) = self.start()
        grid = np.meshgrid(np.linspace(low, high, 121), np.linspace(below, above, 121), indexing="ij")
        first, second = grid[0].ravel(), grid[1].ravel()
        density = self.log_density(first, second)
        probability = np.exp(density - density.max())
        cell = int(generator.choice(len(first), p=probability / probability.sum()))
        return float(first[cell]), float(second[cell])


def _com_poisson(first: Floats, second: Floats, k: Floats) -> Floats:
    """λ^k/(k!)^ν with first = log λ/ν, near the log of the mode, and second = log ν."""
    from scipy.special import gammaln

    return np.exp(second) * (first * k - gammaln(k + 1))


def _negative_binomial(first: Floats, second: Floats, k: Floats) -> Floats:
    """Mean e^first and size r = e^second before 0 is left out: variance = mean + mean²/r."""
    from scipy.special import gammaln

    size = np.exp(second)
    return gammaln(k + size) - gammaln(size) - gammaln(k + 1) + k * (first - np.log(size + np.exp(first)))


FAMILIES: dict[str, Callable[[Floats, Floats, Floats], Floats]] = {
    "com-poisson": _com_poisson,
    "negative-binomial": _negative_binomial,
}
