"""Limits of areas calibrated for the extreme ones: the tails, the 0 of areas without a case, and what is printed of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import fl_estimate as fl
from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.hierarchical.engines import nuts
from fl_estimate.estimators.hierarchical.model.calibrated import MISSED, tail_of
from fl_estimate.estimators.hierarchical.model.posterior import PosteriorRequest, column_quantiles
from tests.unit.estimators.hierarchical.made import COVARIATES, POPULATION, counts

area = fl.hierarchical.area
BOTH: tuple[dict[str, Any], ...] = ({}, {"interval": "equal-tailed"})
NEIGHBOURS = pd.DataFrame({"district": list("ABCDEFGHIJK"), "neighbour": list("BCDEFGHIJKL")})


def ask(level: float = 0.95) -> PosteriorRequest:
    return PosteriorRequest(level=level, draws=1, seed=0, shares=None, calibrated=True)


def tails(*ratios: float, level: float = 0.95) -> list[float]:
    return tail_of(np.array(ratios), np.ones(len(ratios)), ask(level)).tolist()


def test_tails_go_from_those_of_the_level_to_a_tenth_of_what_may_be_missed() -> None:
    """Nothing known (V = 1): to hold 94 % of the outer tenth, 0.6 % of all may lie beyond the limit."""
    assert tails(0.0, 1.0) == pytest.approx([0.025, 0.006], abs=5e-5)
    assert np.all(np.diff(tails(*np.linspace(0, 1, 21))) <= 1e-9)
    # More than the areas' own variance is as if nothing were known.
    assert tails(3.0) == pytest.approx([0.006], abs=5e-5)
    # Where nine of ten may be missed all of a tenth may.
    assert tails(0.0, 0.5, 1.0, level=0.1) == pytest.approx([0.45] * 3)


@pytest.mark.parametrize("ratio", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_normal_areas_in_the_extreme_tenth_are_missed_no_more_often_than_said(ratio: float, level: float) -> None:
    """A million areas drawn from the model itself; within four standard errors of a hundred thousand in a tenth."""
    rng = np.random.default_rng(1)
    truth = rng.standard_normal(1_000_000)
    seen = truth + rng.standard_normal(truth.size) * np.sqrt(ratio / (1 - ratio))
    (tail,) = tails(ratio, level=level)
    arm = stats.norm.isf(tail) * np.sqrt(ratio)
    missed = np.abs(truth - (1 - ratio) * seen) > arm
    outer = truth > np.quantile(truth, 0.9)
    wanted = MISSED * (1 - level)
    slack = 4 * np.sqrt(wanted * (1 - wanted) / 100_000)
    assert missed[outer].mean() < wanted + slack
    # Where the level's own tails do as well, they are left as they are.
    assert missed[outer].mean() > wanted - slack or tail == pytest.approx((1 - level) / 2)
    assert missed.mean() < 1 - level + 4 * np.sqrt(level * (1 - level) / 1_000_000)


def test_areas_without_a_case_begin_at_0_and_no_others() -> None:
    estimates = area(counts(), covariates=COVARIATES, population=POPULATION, seed=1, draws=100)
    frame = estimates.to_frame()
    assert frame["interval_kind"].tolist() == ["equal-tailed", *["calibrated"] * 12]
    none = frame["cases"].eq(0) & frame["n"].gt(0)
    assert none.sum() == 2
    # The last area has no sample: nothing was looked for there, and nothing was not found.
    assert frame.loc[none, "lower"].eq(0).all()
    assert frame.loc[~none, "lower"].gt(0).all()
    assert (frame["lower"] < frame["value"]).all()
    assert (frame["value"] < frame["upper"]).all()


def test_equal_tails_by_name_lie_within_the_calibrated_limits() -> None:
    found, plain = (area(counts(), seed=1, draws=40_000, **more) for more in BOTH)
    ours, theirs = found.to_frame(), plain.to_frame()
    assert set(theirs["interval_kind"]) == {"equal-tailed"}
    assert (theirs["lower"] > 0).all()
    assert ours["value"].tolist() == theirs["value"].tolist()
    assert (ours["lower"] <= theirs["lower"]).all()
    assert (ours["upper"] >= theirs["upper"]).all()
    # The tails that the diagnostics name are those of the draws.
    tail = np.array(list(found.diagnostics["tail"].values()))
    beyond = (found.draws > ours["upper"].to_numpy()).mean(axis=0)
    assert np.abs(beyond - tail).max() < 5 * np.sqrt(0.025 * 0.975 / 40_000)
    assert tail.min() == pytest.approx(0.006, abs=5e-5)
    assert 0.012 < tail.max() < 0.025
    assert "tail" not in plain.diagnostics


def test_chains_have_the_tails_of_the_grid() -> None:
    """From the same posterior: draws of sigma, coefficients and log odds as chains would give them."""
    found = area(counts(), seed=1, draws=40_000)
    assert found.inference is not None
    joint = found.inference.parameters
    theta = np.log(found.draws / (1 - found.draws))
    model: Any = type("Model", (), {"x": np.ones((12, 1))})()
    tail = nuts._tail({"theta": theta, "sigma": joint["sigma"], "beta": joint["beta"]}, model, ask())
    assert tail == pytest.approx(list(found.diagnostics["tail"].values()), abs=3e-4)


def test_quantiles_of_columns_may_differ() -> None:
    values = np.random.default_rng(1).random((101, 2))
    found = column_quantiles(values, (np.array([0.0, 0.5]), 0.5))
    np.testing.assert_array_equal(found, [[values[:, 0].min(), np.median(values[:, 1])], np.median(values, axis=0)])


def test_areas_moved_to_the_nation_keep_their_tails_and_their_0() -> None:
    national = pd.DataFrame(
        {"district": [None], "value": [0.006], "n": [8_380], "cases": [57], "deff": [1.3], "se": [0.001]}
    )
    table = pd.concat([national, counts()]).assign(margin=["", *["district"] * 12])
    more: dict[str, Any] = {"population": POPULATION, "benchmark": "ratio", "seed": 1}
    ours, plain = (area(table, **more, **kind).to_frame().iloc[1:] for kind in BOTH)
    assert ours.index[ours["lower"] == 0].tolist() == ours.index[(ours["cases"] == 0) & (ours["n"] > 0)].tolist()
    assert (ours["upper"] > plain["upper"]).all()


@pytest.mark.parametrize(
    "more",
    [
        {"likelihood": "beta-binomial"},
        {"spatial": "bym2", "neighbours": NEIGHBOURS},
    ],
)
def test_other_models_have_equal_tails_and_refuse_calibrated_ones(more: dict[str, Any]) -> None:
    with pytest.raises(EstimateFault, match="FL-EST-400"):
        area(counts(), interval="calibrated", seed=1, **more)
    if "likelihood" in more:
        assert set(area(counts(), seed=1, draws=1, **more).to_frame()["interval_kind"]) == {"equal-tailed"}


def test_an_interval_that_is_not_known_is_refused() -> None:
    unknown: Any = "wald"
    with pytest.raises(EstimateFault, match="FL-EST-75"):
        area(counts(), interval=unknown)


def test_sensitivity_has_the_same_limits() -> None:
    estimates = area(counts(), seed=1, draws=10)
    table = fl.hierarchical.sensitivity(estimates, counts(), scales=(1.0,))
    frame = estimates.to_frame()
    np.testing.assert_allclose(table[["lower", "upper"]], frame[["lower", "upper"]], rtol=1e-5)


def test_what_is_printed_does_not_tell_an_area_without_a_case_from_one_of_four() -> None:
    """Rule "model" prints model rows of few cases: all of them from 0; of areas with five and more as they are."""
    estimates = area(counts(), seed=1, draws=100)
    printed = fl.publish(estimates, rule=fl.SuppressionRule(few_cases="model")).to_frame()
    cases = estimates.to_frame()["cases"].to_numpy()
    asked = estimates.to_frame()["n"].to_numpy() > 0
    few = asked & (cases < 5)
    assert printed["publication"].eq("published").all()
    assert few.sum() == 4
    assert printed.loc[few, "lower"].eq(0).all()
    assert printed.loc[~few, "lower"].gt(0).all()


def test_at_most_is_no_less_than_the_interval_of_four_cases() -> None:
    """The limit printed for few cases, against that of an area which has four of them."""
    frame = counts()
    four = frame.assign(cases=frame["cases"].mask(frame["district"] == "E", 4))
    four["value"] = four["cases"] / four["n"]
    found = area(four, seed=1, draws=10)
    upper = found.to_frame().set_index("district")["upper"]
    assert found.diagnostics["limits_of_few"]["E"][1] == pytest.approx(upper["E"], rel=0.15)
    assert all(ends[0] == 0 for ends in found.diagnostics["limits_of_few"].values())
    plain = area(four, seed=1, draws=10, interval="equal-tailed").diagnostics["limits_of_few"]
    assert all(plain[key][1] < ends[1] for key, ends in found.diagnostics["limits_of_few"].items())
