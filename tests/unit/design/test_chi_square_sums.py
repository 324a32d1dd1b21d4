"""Tails of weighted sums of chi-squared variables agree with closed forms, with another integral and with R's approximation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from fl_estimate.design.chi_square_sums import saddlepoint, tail


@pytest.mark.parametrize(("k", "x", "df"), [(1, 3.2, math.inf), (2, 5.0, math.inf), (4, 9.0, 12.0), (3, 0.4, 7.5)])
def test_equal_scales_are_chi_square_and_f(k: int, x: float, df: float) -> None:
    expected = stats.chi2.sf(x, k) if math.isinf(df) else stats.f.sf(x / k, k, df)
    np.testing.assert_allclose(tail(2 * x, 2.0 * np.ones(k, dtype=np.float64), df), expected, rtol=1e-12)
    # Scales that differ by a hair take the way of the integral.
    np.testing.assert_allclose(tail(2 * x, 2.0 + 1e-6 * np.arange(k, dtype=np.float64), df), expected, rtol=1e-4)


@pytest.mark.parametrize(
    ("scales", "x", "df"),
    [
        # The tests of independence of apiclus1 and of the sex and debt of made-up workers, and extremes.
        ((1.8548649806049373, 0.4908731149621596), 11.9408920807453, 20.9249568879044),
        ((3.0, 0.01), 4.0, 10.0),
        ((1.0, 0.9), 0.05, 3.0),
        ((5.0, 4.0), 60.0, 40.0),
    ],
)
def test_two_scales_against_a_double_integral(scales: tuple[float, float], x: float, df: float) -> None:
    """P(a X + b Z² > x V): over Z normal (as edge × sin θ) and V = χ²_df/df by quadrature, X in closed form."""
    a, b = scales
    theta, weight = np.polynomial.legendre.leggauss(120)
    theta, weight = (theta + 1) * math.pi / 4, weight * math.pi / 4
    high = stats.gamma.ppf(1 - 1e-13, df / 2, scale=2 / df)
    root, outer = np.polynomial.legendre.leggauss(300)
    root, outer = (root + 1) * math.sqrt(high) / 2, outer * math.sqrt(high) / 2
    v = root**2
    edge = np.sqrt(x * v / b)[:, None]
    z = edge * np.sin(theta)
    below = (
        2 * stats.norm.pdf(z) * stats.chi2.sf(np.maximum(x * v[:, None] - b * z**2, 0.0) / a, 1) * edge * np.cos(theta)
    )
    inner = below @ weight + 2 * stats.norm.sf(edge[:, 0])
    expected = (inner * stats.gamma.pdf(v, df / 2, scale=2 / df) * 2 * root) @ outer
    np.testing.assert_allclose(tail(x, np.array(scales), df), expected, rtol=1e-6)


def test_several_scales_against_simulation() -> None:
    scales, rng = np.array([4.87159404664883, 0.945444640400076, 0.538624354867205]), np.random.default_rng(1)
    n, x = 400_000, 8.19652007494915
    drawn = rng.chisquare(1, (n, 3)) @ scales > x * rng.chisquare(10, n) / 10
    exact = tail(x, scales, 10)
    assert abs(drawn.mean() - exact) < 4 * math.sqrt(exact * (1 - exact) / n)


@pytest.mark.parametrize(
    ("df", "expected"), [(14, 0.0299198141182866), (13, 0.0313048140620827), (15, 0.0287349468058831)]
)
def test_the_approximation_is_that_of_r(df: float, expected: float) -> None:
    """R 4.5.0, survey 4.4.2: pFsum(11.9408920807453, c(1, 1), a, ddf=df, method="saddlepoint", lower.tail=FALSE)."""
    found = saddlepoint(11.9408920807453, np.array([1.8548649806049373, 0.4908731149621596]), df)
    np.testing.assert_allclose(found, expected, rtol=1e-7)


def test_edges() -> None:
    scales = np.array([2.0, 1.0])
    assert tail(0.0, scales) == 1
    assert tail(-1.0, scales, 5.0) == 1
    assert math.isnan(tail(math.nan, scales))
    # By scipy.integrate.quad over the second; the approximation that serves far out is 10 % away.
    np.testing.assert_allclose(tail(70.0, np.array([2.0, 1.0])), 4.730401613e-09, rtol=0.12)
    assert tail(1e6, scales) < 1e-9
    np.testing.assert_allclose(tail(7.0, 1e8 * scales), tail(7e-8, scales), rtol=1e-9)
