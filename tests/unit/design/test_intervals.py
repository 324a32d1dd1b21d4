"""Intervals of proportions: closed forms against scipy and by hand, their ends, and what they do without cases."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from fl_estimate.design.intervals import PROPORTION, effective_n, proportion


def limits(kind: str, value: float, se: float, n: float, df: float, level: float = 0.95) -> tuple[float, float]:
    low, high = proportion(kind, np.array([value]), np.array([se]), np.array([n]), np.array([df]), level)
    return float(low[0]), float(high[0])


def test_jeffreys_of_a_simple_random_sample() -> None:
    """With deff 1 and df = n − 1, n* = n: the quantiles of Beta(x + ½, n − x + ½) (Brown, Cai and DasGupta 2001, eq. 8)."""
    n, x = 40, 3
    p = x / n
    low, high = limits("jeffreys", p, np.sqrt(p * (1 - p) / n), n, n - 1)
    assert (low, high) == pytest.approx(stats.beta(x + 0.5, n - x + 0.5).interval(0.95), rel=1e-10)
    assert limits("jeffreys", 0.0, 0.0, n, n - 1) == pytest.approx((0, stats.beta(0.5, n + 0.5).ppf(0.975)), rel=1e-10)
    assert limits("jeffreys", 1.0, 0.0, n, n - 1) == pytest.approx((stats.beta(n + 0.5, 0.5).ppf(0.025), 1), rel=1e-10)


def test_arcsine_is_kept_within_the_quarter_circle() -> None:
    """sin²(asin √p ± t s/(2 √(p(1 − p)))), by hand; an angle below 0 is 0."""
    p, s, t = 0.3, 0.05, stats.t.ppf(0.975, 12)
    half = t * s / (2 * np.sqrt(p * (1 - p)))
    expected = np.sin(np.arcsin(np.sqrt(p)) - half) ** 2, np.sin(np.arcsin(np.sqrt(p)) + half) ** 2
    assert limits("arcsine", p, s, 60, 12) == pytest.approx(expected, rel=1e-12)
    assert limits("arcsine", 0.01, 0.02, 60, 12)[0] == 0
    assert limits("arcsine", 0.99, 0.02, 60, 12)[1] == 1


def test_likelihood_limits_solve_their_equation() -> None:
    """The root found by scipy of 2 n_e (n − 1)/n KL(p, p') = t²."""
    p, s, n, df = 0.03, 0.008, 900, 25
    size = p * (1 - p) / s**2 * (n - 1) / n

    def gap(at: float) -> float:
        away = p * np.log(p / at) + (1 - p) * np.log((1 - p) / (1 - at))
        return float(2 * size * away - stats.t.ppf(0.975, df) ** 2)

    expected = optimize.brentq(gap, 1e-9, p), optimize.brentq(gap, p, 1 - 1e-9)
    assert limits("likelihood", p, s, n, df) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("kind", PROPORTION)
def test_limits_hold_the_value_and_narrow_with_the_level(kind: str) -> None:
    wide, narrow = limits(kind, 0.2, 0.03, 300, 20), limits(kind, 0.2, 0.03, 300, 20, level=0.8)
    assert wide[0] < narrow[0] < 0.2 < narrow[1] < wide[1]


@pytest.mark.parametrize("kind", PROPORTION)
def test_no_degrees_of_freedom_no_limits(kind: str) -> None:
    """Never a normal quantile in place of a t that is not there."""
    assert np.isnan(limits(kind, 0.2, 0.03, 300, 0)).all()


@pytest.mark.parametrize("kind", [kind for kind in PROPORTION if kind not in ("korn-graubard", "wilson", "jeffreys")])
def test_kinds_without_a_value_where_there_are_no_cases(kind: str) -> None:
    low, high = limits(kind, 0.0, 0.0, 100, 20)
    assert np.isnan(low) or low == high == 0


def test_effective_n_is_capped_at_n_only_where_asked() -> None:
    """Deff ½: p(1 − p)/s² = 2n."""
    value, n, df = np.array([0.2]), np.array([100.0]), np.array([99.0])
    se = np.sqrt(value * (1 - value) / (2 * n))
    assert effective_n(value, se, n, df, 0.95, cap=False)[0] == pytest.approx(200)
    assert effective_n(value, se, n, df, 0.95, cap=True)[0] == 100


def test_logit_over_replicates_takes_their_spread_of_log_odds() -> None:
    value, se, n, df = np.array([0.2]), np.array([0.03]), np.array([300.0]), np.array([20.0])
    own = proportion("logit", value, se, n, df, 0.95, np.array([0.03 / 0.16]))
    assert np.allclose(own, proportion("xlogit", value, se, n, df, 0.95), rtol=1e-12)
    assert proportion("logit", value, se, n, df, 0.95, np.array([0.4]))[1] > own[1]
