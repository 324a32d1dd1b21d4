"""The clustered population has the number of cases and the intraclass correlation that were asked for, and says what it measured."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fl_estimate.datasets import clustered_population
from fl_estimate.datasets.clustered import measured_icc
from fl_estimate.errors import EstimateFault


@pytest.mark.parametrize("prevalence", [0.0005, 0.002, 0.01, 0.05])
@pytest.mark.parametrize("icc", [0.0, 0.02, 0.1, 0.34])
def test_prevalence_and_icc_are_those_asked_for(prevalence: float, icc: float) -> None:
    """The mean of eight populations, within five of its own standard errors (and what the whole number of cases takes from it)."""
    made = [
        clustered_population(
            persons=60_000, psus=1_200, areas=10, prevalence=prevalence, icc=icc, spread=0.3, seed=seed
        )
        for seed in range(8)
    ]
    assert {int(each.frame["outcome"].sum()) for each in made} == {round(60_000 * prevalence)}
    found = np.array([each.icc for each in made])
    assert abs(found.mean() - icc) < 5 * found.std(ddof=1) / np.sqrt(8) + 0.1 * icc + 0.001


def test_icc_is_that_of_analysis_of_variance() -> None:
    """Two cells of PSUs of one size: the textbook's mean squares by hand."""
    cases, size, cell = np.array([0, 5, 1, 2]), np.array([5, 5, 5, 5]), np.array([0, 0, 1, 1])
    between = (5 * 0.5**2 * 2 + 5 * 0.1**2 * 2) / 2
    within = (0 + 0 + 1 * 0.8 + 2 * 0.6) / 16
    assert measured_icc(cases, size, cell) == pytest.approx((between - within) / (between + 4 * within))
    assert np.isnan(measured_icc(np.zeros(4, dtype=int), size, cell))


def test_it_is_the_same_again_and_laid_out_as_asked() -> None:
    made, again, other = (
        clustered_population(persons=5_003, psus=121, strata=3, areas=7, seed=seed) for seed in (1, 1, 2)
    )
    assert made.frame.equals(again.frame)
    assert not made.frame.equals(other.frame)
    assert (
        len(made.frame),
        made.frame["psu"].nunique(),
        made.frame["stratum"].nunique(),
        made.frame["area"].nunique(),
    ) == (5_003, 121, 21, 7)
    assert made.frame.groupby("psu")["stratum"].nunique().eq(1).all()
    assert made.frame.groupby("stratum")["area"].nunique().eq(1).all()
    assert made.frame.groupby("psu").size().min() >= 2
    assert made.areas["population"].sum() == 5_003
    np.testing.assert_allclose(made.areas["prevalence"], made.frame.groupby("area")["outcome"].mean())
    assert "5,003 persons in 121 PSUs" in repr(made)


@pytest.mark.parametrize("r2", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("areas", [3, 12, 30])
def test_the_covariate_tells_as_much_as_asked_for(r2: float, areas: int) -> None:
    """Exactly of the rates; of the prevalences of areas of 20,000 persons without clustering, up to chance."""
    made = clustered_population(
        persons=20_000 * areas, psus=20 * areas, areas=areas, strata=1, prevalence=0.05, icc=0, spread=1, r2=r2, seed=4
    )
    assert made.r2 == pytest.approx(r2, abs=1e-12)
    share = made.areas["prevalence"]
    assert np.corrcoef(made.areas["x"], np.log(share / (1 - share)))[0, 1] ** 2 == pytest.approx(r2, abs=0.05)


@pytest.mark.parametrize(
    "given",
    [
        {"psus": 10},
        {"persons": 10},
        {"prevalence": 0.0},
        {"icc": 1.0},
        {"r2": 2},
        {"areas": 0},
        {"spread": -1},
        {"seed": "x"},
        {"icc": None},
    ],
)
def test_numbers_of_which_nothing_can_be_made_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(EstimateFault, match="FL-EST-396") as caught:
        clustered_population(**{"seed": 1, **given})
    assert caught.value.fix
