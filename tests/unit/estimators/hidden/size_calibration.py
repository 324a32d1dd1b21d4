"""Simulation-based calibration of SS-PSE: sizes and degrees from the prior, a sample, and the rank of the size in its posterior."""

from __future__ import annotations

import sys

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.estimators.hidden.size.degree_families import DegreePrior
from fl_estimate.estimators.hidden.size.size_posterior import size_likelihood
from fl_estimate.estimators.hidden.size.size_priors import prior_by_median
from fl_estimate.estimators.hidden.size.successive_order import DrawOrder

N, MEDIAN, MAXIMUM = 60, 130, 390
DEGREES = DegreePrior(family="com-poisson", mean=6.0, sd=2.5, mean_weight=4.0, sd_weight=8.0, largest=35)


def ranks(truths: int, seed: int) -> Floats:
    """Probability below the true size under each posterior: uniform where the posterior is right. Orders and waves in turn."""
    rng = np.random.default_rng(seed)
    prior = prior_by_median(N, MEDIAN, MAXIMUM)
    before = prior.probabilities()
    found: list[float] = []
    for number in range(truths):
        size = int(rng.choice(prior.sizes, p=before))
        first, second = DEGREES.draw(rng)
        chances = np.exp(DEGREES.log_probabilities(np.array([first]), np.array([second]))[0])
        degrees = rng.choice(DEGREES.support, size=size, p=chances / chances.sum())
        drawn = degrees[np.argsort(rng.standard_exponential(size) / degrees)[:N]]
        cuts = np.arange(1, N) if number % 2 else np.array([4, 12, 28])
        order = DrawOrder([np.sort(each) for each in np.split(drawn, cuts)])
        after = size_likelihood(order, DEGREES, prior).posterior(prior)
        below, here = after[prior.sizes < size].sum(), after[prior.sizes == size].sum()
        found.append(float(below + rng.random() * here))
    return np.array(found)


def main(truths: int) -> None:
    """Print how far the ranks are from uniform."""
    from scipy.stats import kstest

    found = ranks(truths, 26)
    counts = np.histogram(found, bins=10, range=(0, 1))[0]
    print(f"{truths} truths; tenths {counts.tolist()}; Kolmogorov-Smirnov p {kstest(found, 'uniform').pvalue:.3f}")
    for name, part in (("waves", found[::2]), ("order", found[1::2])):
        print(f"{name}: mean {part.mean():.3f}, p {kstest(part, 'uniform').pvalue:.3f}")


if __name__ == "__main__":
    main(int(sys.argv[1]))
