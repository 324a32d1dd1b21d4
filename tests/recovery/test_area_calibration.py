"""Simulation-based calibration: where truth is drawn from the area model, intervals hold it as often as they say and its ranks are even."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

import fl_estimate as fl

PRIOR = fl.hierarchical.Prior(sigma="half-normal(1)", intercept="normal(-4, 1)", slopes="normal(0, 0.5)")
AREAS, DRAWS, BINS = 12, 99, 20


def one(seed: int, likelihood: Any) -> tuple[np.ndarray, np.ndarray]:
    """Which areas were covered, and the rank of every area's truth among the draws."""
    rng = np.random.default_rng(np.random.SeedSequence(90, spawn_key=(seed,)))
    x = np.linspace(-1.5, 1.5, AREAS)
    eta = rng.normal(-4, 1) + rng.normal(0, 0.5) * x + abs(rng.normal()) * rng.normal(size=AREAS)
    names = [f"d{k}" for k in range(AREAS)]
    if likelihood == "binomial":
        # One area in six without sample; a design effect of 1, since people are drawn independently here.
        n, truth = np.where(np.arange(AREAS) % 6 == 5, 0, rng.integers(50, 900, AREAS)), special.expit(eta)
        value = np.where(n > 0, rng.binomial(n, truth) / np.maximum(n, 1), np.nan)
        table = pd.DataFrame({"d": names, "value": value, "n": n, "deff": 1.0})
    else:
        se, truth = rng.uniform(0.3, 1.5, AREAS), eta
        table = pd.DataFrame({"d": names, "value": eta + se * rng.normal(size=AREAS), "se": se})
    covariates = pd.DataFrame({"d": names, "x": x})
    # The design effect is known here; what an estimated one does is a matter of make coverage-areas.
    found = fl.hierarchical.area(
        table,
        covariates=covariates,
        likelihood=likelihood,
        prior=PRIOR,
        deff="own",
        interval="equal-tailed",
        draws=DRAWS,
        seed=seed,
    )
    frame = found.to_frame()
    return ((frame["lower"] <= truth) & (truth <= frame["upper"])).to_numpy(), (found.draws < truth).sum(axis=0)


@pytest.mark.slow
@pytest.mark.parametrize("likelihood", ["binomial", "normal"])
def test_ranks_are_even_and_intervals_hold(likelihood: Any) -> None:
    """400 countries. One area of each for the ranks, so that they are independent: chi-square at 1 in 1,000.

    Coverage within three standard errors of 95 %, countries taken as independent, areas of one not.
    """
    runs = [one(seed, likelihood) for seed in range(400)]
    share = np.array([covered.mean() for covered, _ in runs])
    assert abs(share.mean() - 0.95) < 3 * share.std(ddof=1) / np.sqrt(len(runs))
    ranks = np.array([rank[seed % AREAS] for seed, (_, rank) in enumerate(runs)])
    counts = np.bincount(ranks * BINS // (DRAWS + 1), minlength=BINS)
    assert stats.chisquare(counts).pvalue > 0.001


@pytest.mark.slow
def test_the_ranks_would_show_a_wrong_error() -> None:
    """Standard errors that are half of what they are: the ranks pile up at the ends. Otherwise the test above could not fail."""
    rng = np.random.default_rng(4)
    ranks: list[int] = []
    names = [f"d{k}" for k in range(AREAS)]
    for seed in range(400):
        truth = rng.normal(-4, 1) + abs(rng.normal()) * rng.normal(size=AREAS)
        value = truth + rng.normal(size=AREAS)
        table = pd.DataFrame({"d": names, "value": value, "se": 0.5})
        found = fl.hierarchical.area(table, likelihood="normal", prior=PRIOR, draws=DRAWS, seed=seed)
        ranks.append(int((found.draws[:, seed % AREAS] < truth[seed % AREAS]).sum()))
    counts = np.bincount(np.array(ranks) * BINS // (DRAWS + 1), minlength=BINS)
    assert stats.chisquare(counts).pvalue < 1e-6
