"""Importance weights of counts with neighbours hold where parts of a map have no case or nothing but cases; draws have the density they say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from studies.calibration import EDGES

import fl_estimate as fl
from fl_estimate.estimators.hierarchical.engines.two_pieces import TwoPieces


@pytest.mark.parametrize("spatial", ["sar", "bym2"])
def test_a_part_of_the_map_without_a_case_needs_no_chains(spatial: str) -> None:
    """Two rings and an island; one ring has no case, two areas of the other nothing but cases. Plain normals in coarse cells gave 50 and 38 draws, and k 0.9."""
    n = np.array([233, 821, 125, 152, 656, 0, 194, 556, 622, 486, 707, 0])
    cases = np.array([233, 821, 120, 150, 640, 0, 194, 0, 0, 0, 0, 0])
    names = np.arange(12)
    with np.errstate(invalid="ignore"):
        table = pd.DataFrame({"d": names, "value": cases / n, "n": n, "deff": 1.0})
    neighbours = pd.DataFrame(EDGES, columns=["d", "neighbour"])
    found = fl.hierarchical.area(table, spatial=spatial, neighbours=neighbours, draws=10, seed=1).diagnostics  # type: ignore[arg-type]
    assert "fallback" not in found
    assert found["importance_ess"] > 1_000
    assert found["importance_pareto_k"] <= 0.7


def test_draws_have_the_density_that_they_say() -> None:
    """Weights that turn the split normal into a standard normal have mean 1, and give it mean 0 and variance 1."""
    up, down = np.array([1.1, 3.0]), np.array([2.0, 1.2])
    angle = np.array([[np.cos(0.4), -np.sin(0.4)], [np.sin(0.4), np.cos(0.4)]])
    pieces = TwoPieces(axes=angle, up=up, down=down, log_size=float(np.log(0.5 * (up + down)).sum()))
    offset, log_density = pieces.draw(np.random.default_rng(1), 200_000)
    weight = np.exp(-0.5 * (offset**2).sum(axis=1) - log_density)
    # Weights reach at most 1/height at the mode: their standard deviation over √200,000 is below 0.006.
    assert abs(weight.mean() - 1) < 5 * weight.std() / np.sqrt(len(weight))
    np.testing.assert_allclose(weight @ offset / len(weight), 0, atol=0.03)
    np.testing.assert_allclose((weight[:, None] * offset).T @ offset / len(weight), np.eye(2), atol=0.03)
    # By itself an axis rises as often as its upper half is wide.
    rises = (offset @ angle > 0).mean(axis=0)
    np.testing.assert_allclose(rises, up / (up + down), atol=5 * 0.5 / np.sqrt(len(weight)))
