"""Weighted points find the moments of densities that lean, bend and end, in one dimension and in several."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from fl_estimate.estimators.hierarchical.engines.points import find_mode, spread_points
from fl_estimate.estimators.importance import weigh

SIZE = 2_048


def test_a_correlated_normal_density() -> None:
    """Moments are those that it has; the quasi-random points are worth most of their number."""
    covariance = np.array([[1.0, 0.9], [0.9, 2.0]])
    precision = np.linalg.inv(covariance)

    def log_density(at: np.ndarray) -> np.ndarray:
        return -0.5 * np.einsum("li,ij,lj->l", at - 1, precision, at - 1)

    np.testing.assert_allclose(find_mode(log_density, np.zeros(2)), 1.0, atol=1e-3)
    found = spread_points(log_density, np.zeros(2), SIZE)
    weighted = weigh(log_density(found.at) - found.log_proposal)
    mean = weighted.weight @ found.at
    spread = (found.at - mean).T @ ((found.at - mean) * weighted.weight[:, None])
    np.testing.assert_allclose(mean, 1.0, atol=0.02)
    np.testing.assert_allclose(spread, covariance, rtol=0.03)
    assert weighted.ess > 0.6 * SIZE
    assert weighted.pareto_k < 0.5


def test_a_tail_that_falls_off_slowly_on_one_side() -> None:
    """Log sigma where sigma is half-normal: to the left the density falls as e^u only."""

    def log_density(at: np.ndarray) -> np.ndarray:
        return at[:, 0] - 0.5 * np.exp(2 * at[:, 0])

    found = spread_points(log_density, np.zeros(1), SIZE)
    weighted = weigh(log_density(found.at) - found.log_proposal)
    sigma = np.exp(found.at[:, 0])
    assert weighted.weight @ sigma == pytest.approx(np.sqrt(2 / np.pi), rel=0.01)
    for value in (0.01, 0.5, 2.0):
        assert weighted.weight @ (sigma < value) == pytest.approx(special.erf(value / np.sqrt(2)), abs=0.005)


def test_a_density_that_bends() -> None:
    """Y around x²: mean of y is the variance of x, whatever the width."""

    def log_density(at: np.ndarray) -> np.ndarray:
        return -0.5 * at[:, 0] ** 2 - 0.5 * ((at[:, 1] - at[:, 0] ** 2) / 0.5) ** 2

    found = spread_points(log_density, np.array([1.0, 1.0]), SIZE)
    weighted = weigh(log_density(found.at) - found.log_proposal)
    error = 4 / np.sqrt(weighted.ess)
    assert weighted.ess > 0.3 * SIZE
    assert weighted.weight @ found.at[:, 1] == pytest.approx(1.0, abs=1.5 * error)
    assert weighted.weight @ found.at[:, 0] ** 2 == pytest.approx(1.0, abs=1.41 * error)
    assert weighted.pareto_k < 0.7


def test_no_dimension_at_all() -> None:
    found = spread_points(lambda at: np.zeros(len(at)), np.zeros(0), 4)
    assert found.at.shape == (4, 0)
