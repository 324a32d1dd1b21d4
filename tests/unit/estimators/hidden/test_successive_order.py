"""The likelihood of an order of draws by degree is that of adding up every order and every set of people who were not met."""

from __future__ import annotations

import itertools
from math import factorial

import numpy as np
import pytest
from scipy.stats import kstest, multinomial

from fl_estimate.estimators.hidden.size import successive_order
from fl_estimate.estimators.hidden.size.degree_families import DegreePrior
from fl_estimate.estimators.hidden.size.size_posterior import log_arrangements, size_likelihood
from fl_estimate.estimators.hidden.size.size_priors import (
    SizePrior,
    prior_by_mean,
    prior_by_median,
    prior_by_mode,
    prior_by_quartiles,
    quantiles,
)
from fl_estimate.estimators.hidden.size.successive_order import DrawOrder
from tests.unit.estimators.hidden.size_calibration import MAXIMUM, MEDIAN, ranks
from tests.unit.estimators.hidden.size_calibration import N as CALIBRATED_N

DEGREES = np.array([3.0, 1, 2, 3, 1, 2])
SETS = np.split(DEGREES, [2, 3])
CHANCES = np.array([0.5, 0.3, 0.2])
"""Of degrees 1, 2, 3 in the population."""


def alone(degrees: np.ndarray) -> DrawOrder:
    return DrawOrder([degrees[place : place + 1] for place in range(len(degrees))])


@pytest.fixture
def finer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The range of times is far wider than a posterior's: a polynomial of a higher degree goes through the correction."""
    monkeypatch.setattr(successive_order, "CHEBYSHEV", 16)
    # Six draws have transforms with long tails; what is left off here is below the tolerance.
    monkeypatch.setattr(successive_order, "NEGLIGIBLE", 1e-7)


def by_enumeration(degrees: np.ndarray, unseen: int) -> float:
    """N!/(N − n)! Π f(d_i) E_unseen Π d_i/(T_i + U), over every way in which the unseen can have their degrees."""
    left = np.cumsum(degrees[::-1])[::-1]
    total = 0.0
    for counts in itertools.product(range(unseen + 1), repeat=len(CHANCES)):
        if sum(counts) != unseen:
            continue
        rest = float(np.dot(counts, [1, 2, 3]))
        total += float(multinomial.pmf(counts, unseen, CHANCES)) * float(np.prod(degrees / (left + rest)))
    n = len(degrees)
    seen = float(np.prod(CHANCES[degrees.astype(int) - 1]))
    return factorial(n + unseen) / factorial(unseen) * seen * total


def by_integral(order: DrawOrder, unseen: int) -> float:
    """The same by the density of the time of the last draw."""
    offsets = np.linspace(np.log(order.edge) - 2.0, np.log(order.edge) + 6.5, 160)
    times, weight = order.times(offsets, exact=True)
    missed = np.log(np.exp(-np.outer(times, [1, 2, 3])) @ CHANCES)
    integral = float(np.sum(np.exp(weight + unseen * missed)) * (offsets[1] - offsets[0]))
    degrees = np.concatenate(list(order.sets))
    n = len(degrees)
    ways = float(np.exp(log_arrangements(np.array([n + unseen], dtype=float), n, n)[0]))
    return ways * float(np.prod(CHANCES[degrees.astype(int) - 1])) * integral


@pytest.mark.usefixtures("finer")
@pytest.mark.parametrize("unseen", [1, 4, 9])
def test_a_known_order_is_that_of_enumeration(unseen: int) -> None:
    # 1e-5: aliases of the trapezoidal rule at n = 6, and the ends of the range of times; the algebra is the same.
    assert by_integral(alone(DEGREES), unseen) == pytest.approx(by_enumeration(DEGREES, unseen), rel=1e-5)


@pytest.mark.usefixtures("finer")
@pytest.mark.parametrize("unseen", [2, 6])
def test_an_order_that_is_not_known_adds_all_orders_up(unseen: int) -> None:
    every = [
        np.array([*first, *SETS[1], *last])
        for first in itertools.permutations(SETS[0])
        for last in itertools.permutations(SETS[2])
    ]
    expected = sum(by_enumeration(each, unseen) for each in every)
    assert by_integral(DrawOrder(SETS), unseen) == pytest.approx(expected, rel=1e-5)


def test_posteriors_of_sizes_from_the_prior_are_calibrated() -> None:
    found = ranks(12, 3)
    # A test of level 0.001 on seeds that are fixed: 1,000 truths give p = 0.71 (python -m tests.unit.estimators.hidden.size_calibration).
    assert kstest(found, "uniform").pvalue > 0.001
    assert found.min() < 0.4
    assert found.max() > 0.6


def test_a_sampler_of_its_own_gives_the_same_posterior() -> None:
    """Gibbs with the unseen degrees and the clocks drawn, of one distribution of degrees: 4,000 draws against the quadrature."""
    rng = np.random.default_rng(5)
    prior = prior_by_median(40, 90, 270)
    # So much weight that the distribution is known.
    known = DegreePrior(family="com-poisson", mean=6.0, sd=2.5, mean_weight=1e6, sd_weight=1e6, largest=30)
    degrees = rng.poisson(5, 90) + 1.0
    drawn = degrees[np.argsort(rng.standard_exponential(90) / degrees)[:40]]
    after = size_likelihood(alone(drawn), known, prior).posterior(prior)
    from scipy.optimize import least_squares

    solved = least_squares(
        lambda at: [m[0] - g for m, g in zip(known.moments(at[:1], at[1:]), (6.0, 2.5), strict=True)], [1.8, 0.0]
    )
    chances = np.exp(known.log_probabilities(solved.x[:1], solved.x[1:])[0])
    left, support = np.cumsum(drawn[::-1])[::-1], known.support
    ways = log_arrangements(prior.sizes, 40, 40) + prior.log_density(prior.sizes)
    rest, sizes = 300.0, []
    for step in range(4_500):
        time = (rng.standard_exponential(40) / (left + rest)).sum()
        missed = chances * np.exp(-support * time)
        log_p = ways + (prior.sizes - 40) * np.log(missed.sum())
        p = np.exp(log_p - log_p.max())
        size = int(rng.choice(prior.sizes, p=p / p.sum()))
        rest = float(rng.multinomial(size - 40, missed / missed.sum()) @ support)
        if step >= 500:
            sizes.append(size)
    mean = float(after @ prior.sizes)
    spread = float(np.sqrt(after @ prior.sizes**2 - mean**2))
    # Three Monte Carlo standard errors of 4,000 draws of which one in 15 is worth an independent one.
    assert float(np.mean(sizes)) == pytest.approx(mean, abs=3 * spread / np.sqrt(4_000 / 15))
    assert float(np.std(sizes)) == pytest.approx(spread, rel=0.2)


def test_priors_have_what_they_were_stated_by() -> None:
    at = np.array([0.25, 0.5, 0.75])
    by_median = prior_by_median(500, 800, 2400)
    assert by_median.alpha == pytest.approx(800 / 300)
    assert quantiles(by_median.sizes, by_median.probabilities(), at)[1] == pytest.approx(800, abs=0.5)
    by_mean = prior_by_mean(500, 900, 2700)
    assert float(by_mean.probabilities() @ by_mean.sizes) == pytest.approx(900, abs=0.01)
    by_mode = prior_by_mode(500, 800, 2400)
    assert by_mode.sizes[by_mode.probabilities().argmax()] == pytest.approx(800, abs=1)
    by_quartiles = prior_by_quartiles(500, (700, 1200), 3600)
    assert by_quartiles is not None
    found = quantiles(by_quartiles.sizes, by_quartiles.probabilities(), at)
    assert (found[0], found[2]) == pytest.approx((700, 1200), abs=0.5)


def test_of_everybody_the_size_is_known_from_below() -> None:
    prior = SizePrior(n=CALIBRATED_N, maximum=MAXIMUM, flat=True)
    assert prior.probabilities() == pytest.approx(1 / (MAXIMUM - CALIBRATED_N + 1))
    assert prior_by_median(CALIBRATED_N, MEDIAN, MAXIMUM).sizes[0] == CALIBRATED_N


@pytest.mark.slow
def test_many_posteriors_are_calibrated() -> None:
    assert kstest(ranks(1_000, 777), "uniform").pvalue > 0.001
