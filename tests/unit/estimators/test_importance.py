"""Importance weights: effective size by hand, and Pareto k as ArviZ has it, for tails of known weight."""

from __future__ import annotations

import numpy as np
import pytest

from fl_estimate.estimators.importance import pareto_k, weigh


def test_equal_weights_are_worth_their_number() -> None:
    weighted = weigh(np.full(1_000, -700.0))
    assert weighted.ess == pytest.approx(1_000)
    assert weighted.pareto_k == float("-inf")
    assert weighted.good


def test_effective_size_by_hand() -> None:
    """Weights 3 to 1: (Σw)²/Σw² = 16/10."""
    assert weigh(np.log([3.0, 1.0])).ess == pytest.approx(1.6)


@pytest.mark.parametrize(("df", "k"), [(1.0, 1.0), (2.0, 0.5), (3.0, 1 / 3)])
def test_tails_of_known_weight(df: float, k: float) -> None:
    """Absolute values of Student's t have a tail of shape 1/df; the fit's own spread at 380 tail values is about 0.08."""
    values = np.abs(np.random.default_rng(5).standard_t(df, 16_000))
    assert pareto_k(values) == pytest.approx(k, abs=0.25)


def test_as_arviz_has_it() -> None:
    """Its tail is one value longer or shorter, which moves k in the second digit."""
    stats = pytest.importorskip("arviz_stats.base")
    for df in (1.0, 2.0, 5.0):
        values = np.abs(np.random.default_rng(7).standard_t(df, 4_000))
        _, theirs = stats.array_stats.psislw(-np.log(values))
        assert pareto_k(values) == pytest.approx(float(theirs), abs=0.03)


def test_one_weight_that_outweighs_all_is_not_trusted() -> None:
    logs = np.zeros(2_000)
    logs[3] = 30.0
    assert not weigh(logs).good
