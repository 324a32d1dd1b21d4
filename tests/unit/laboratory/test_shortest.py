"""Classes, Monte Carlo errors and the shortest width that covers, against values found by search or by theory."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy import stats

from fl_estimate.laboratory.summary import Runs, classes_of, shares, shortest


def runs(value: Any, lower: Any, upper: Any, truth: Any, *, domains: int = 1, bounded: bool = False) -> Runs:
    v, low, high, theta = (
        np.broadcast_to(np.asarray(x, dtype=float), np.shape(value)).copy() for x in (value, lower, upper, truth)
    )
    rows = len(v)
    domain = np.arange(rows) % domains
    return Runs(
        sample=np.arange(rows) // domains, domain=domain, unit=domain, value=v, se=np.ones(rows), lower=low, upper=high, truth=theta,
        cases=np.zeros(rows), withheld=np.zeros(rows, dtype=bool), flagged=np.zeros(rows, dtype=bool), warned=np.zeros(rows, dtype=bool),
        code=np.full(rows, "", dtype=object), bounded=bounded,
    )  # fmt: skip


def test_normal_intervals_of_the_right_width_are_the_shortest() -> None:
    """Of 20,000 normal values with ± 1.96 the shortest that covers is as wide, within a hundredth; of ± 1 it is 1.96 times as wide."""
    value = np.random.default_rng(1).standard_normal(20_000)
    for half in (1.959964, 1.0, 3.0):
        assert shortest(runs(value, value - half, value + half, 0.0), 0.95) == pytest.approx(2 * 1.959964, rel=0.01)


def test_a_skewed_statistic_takes_its_misses_where_they_cost_least() -> None:
    """Of an exponential statistic, whose shortest 95 % region begins at 0, all misses are on one side: width 3.0 and no more."""
    value = np.random.default_rng(2).exponential(size=40_000)
    # Arms of one length: the value lies above the truth 0 by up to −log 0.05 in 95 % of samples.
    assert shortest(runs(value, value - 1, value + 1, 0.0), 0.95) == pytest.approx(-np.log(0.05), rel=0.02)


@pytest.mark.parametrize("bounded", [False, True])
def test_it_is_what_a_search_over_pairs_of_factors_finds(bounded: bool) -> None:
    rng = np.random.default_rng(3)
    value = rng.gamma(2.0, 0.5, 40)
    arms = rng.uniform(0.2, 1.0, (2, 40))
    made = runs(value, value - arms[0], value + arms[1], 1.0, bounded=bounded)
    best = np.inf
    # The factors at which a sample begins to be covered are all that can be best.
    lows, highs = (
        np.append(np.maximum(reach / arm, 0), 0) for reach, arm in zip((value - 1, 1 - value), arms, strict=True)
    )
    for low, high in product(lows, highs):
        covered = (value - low * arms[0] <= 1 + 1e-12) & (value + high * arms[1] >= 1 - 1e-12)
        if covered.mean() >= 0.9:
            below = low * arms[0]
            best = min(best, ((np.minimum(below, value) if bounded else below) + high * arms[1]).mean())
    assert shortest(made, 0.9) == pytest.approx(best)


def test_what_no_stretching_reaches_has_no_width() -> None:
    value = np.full(10, 0.2)
    assert np.isnan(shortest(runs(value, value - 0.1, value, 0.5), 0.95))
    assert np.isnan(shortest(runs(value, np.nan, value + 1, 0.5), 0.95))


def test_the_error_of_a_coverage_is_between_samples() -> None:
    """Domains that cover together say as much as one; independent ones as much as they are."""
    rng = np.random.default_rng(4)
    hit = np.repeat(rng.random(500) < 0.9, 10)
    together = runs(np.where(hit, 0.0, 5.0), np.where(hit, -1, 4), np.where(hit, 1, 6), 0.0, domains=10)
    assert shares(together)["coverage_error"] == pytest.approx(np.sqrt(hit.mean() * (1 - hit.mean()) / 500), rel=0.01)
    apart = rng.random(5_000) < 0.9
    own = shares(runs(np.where(apart, 0.0, 5.0), np.where(apart, -1, 4), np.where(apart, 1, 6), 0.0, domains=10))
    assert own["coverage_error"] == pytest.approx(np.sqrt(0.09 / 5_000), rel=0.1)


def test_where_all_cover_the_error_is_not_nothing() -> None:
    always = shares(runs(np.zeros(100), -1, 1, 0.0))
    assert (always["coverage"], always["interval_below"], always["interval_above"]) == (1, 0, 0)
    assert always["coverage_error"] == pytest.approx(stats.beta(101, 1).std(), rel=0.05)


def test_an_interval_that_is_open_on_a_side_covers_there() -> None:
    open_above = shares(runs(np.zeros(4), [-1, -1, 1, np.nan], [np.nan, np.nan, np.nan, np.nan], 0.5))
    assert open_above["coverage"] == pytest.approx(2 / 3)
    assert open_above["refused"] == pytest.approx(1 / 4)


def test_classes_are_of_domains_and_each_interval_is_in_one_band() -> None:
    domains = [("",), *(("area", str(number)) for number in range(20))]
    made = runs(np.zeros(21 * 5), -1, 1, np.tile(np.arange(21) / 100, 5), domains=21)
    made.cases[:] = np.tile([500, *([0] * 4), *([2] * 4), *([6] * 4), *([12] * 4), *([40] * 4)], 5)
    found = {(kind, name): rows for kind, name, rows in classes_of(made, domains)}
    bands = [rows for (kind, _), rows in found.items() if kind == "expected cases"]
    assert len(bands) == 5
    assert (np.sum(bands, axis=0) == (made.domain > 0)).all()
    assert all(rows.sum() == 20 for rows in bands)
    assert set(made.domain[found["truth", "highest tenth"]]) == {19, 20}
    assert set(made.domain[found["truth", "lowest tenth"]]) == {1, 2}
    assert set(made.domain[found["nation", "nation"]]) == {0}
