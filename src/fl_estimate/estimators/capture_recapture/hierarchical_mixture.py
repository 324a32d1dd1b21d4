"""The posterior of the dark figure over several log-linear models: Poisson with a log-normal mean in each, weighed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import optimize, special

from fl_estimate.arrays import Floats

NODES, MANY = 300, 100.0
"""Points at which the mean of a Poisson number is looked at, and people above whom its logarithm is taken for normal."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DarkFigureMixture:
    """Posterior of the dark figure: over models, Poisson with a log-normal mean."""

    weight: Floats
    centre: Floats
    spread: Floats

    def below(self, dark: float) -> float:
        """Probability of at most so many; halfway between whole numbers, of at most the smaller."""
        return float(self.weight @ self.each_below(dark))

    def each_below(self, dark: float) -> Floats:
        """The same by each model, shape (models,)."""
        if dark > MANY:
            # A Poisson number is so many times its mean with a deviation of 1/√: the two spreads add up on the logarithm.
            width = np.sqrt(self.spread**2 + 1 / dark)
            return special.ndtr((np.log(dark) - self.centre) / width)
        nodes = np.linspace(-8.0, 8.0, NODES)
        shares = np.exp(-(nodes**2) / 2)
        means = np.exp(np.clip(self.centre[:, None] + self.spread[:, None] * nodes, -700, 700))
        return special.gammaincc(dark + 0.5, means) @ (shares / shares.sum())

    def quantile(self, level: float) -> float:
        """The dark figure of which so much of the posterior lies below."""
        if self.below(0.0) >= level:
            return 0.0
        high = float(np.exp(self.centre).max()) + 10.0
        while self.below(high) < level:
            high *= 2
        result: Any = optimize.brentq(lambda dark: self.below(dark) - level, 0.0, high, xtol=1e-6, rtol=1e-10)  # pyright: ignore[reportCallIssue, reportArgumentType]
        return float(result)

    @property
    def moments(self) -> tuple[float, float]:
        """Mean and standard deviation; infinite where they cannot be written."""
        with np.errstate(over="ignore", invalid="ignore"):
            first = np.exp(self.centre + self.spread**2 / 2)
            second = np.exp(2 * self.centre + 2 * self.spread**2) + first
            mean = float(self.weight @ first)
            return mean, float(np.sqrt(max(float(self.weight @ second) - mean**2, 0.0)))

    def draw(self, many: int, seed: int) -> Floats:
        """Independent draws."""
        generator = np.random.default_rng(seed)
        position = generator.choice(len(self.weight), size=many, p=self.weight / self.weight.sum())
        means = np.exp(np.clip(generator.normal(self.centre[position], self.spread[position]), -700, 40))
        return generator.poisson(np.minimum(means, 1e15)).astype(float)
