"""Area models: order and units do not matter; no spread between areas pools them, precise areas stand alone; shrinkage is towards the model."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

import fl_estimate as fl

area, Prior = fl.hierarchical.area, fl.hierarchical.Prior
FIGURES = ["value", "se", "lower", "upper"]


def normal_areas(seed: int, areas: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    x, se = rng.normal(size=areas), rng.uniform(0.2, 1.5, areas)
    value = 4 + x + 0.7 * rng.normal(size=areas) + se * rng.normal(size=areas)
    names = [f"d{k}" for k in range(areas)]
    return pd.DataFrame({"d": names, "value": value, "se": se}), pd.DataFrame({"d": names, "x": x})


def count_areas(seed: int, areas: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    n, x = rng.integers(100, 2_000, areas), rng.normal(size=areas)
    cases = rng.binomial(n, 1 / (1 + np.exp(5 - 0.4 * x)))
    names = [f"d{k}" for k in range(areas)]
    return pd.DataFrame({"d": names, "value": cases / n, "n": n, "deff": 1.2}), pd.DataFrame({"d": names, "x": x})


def figures(table: Any, **arguments: Any) -> pd.DataFrame:
    return area(table, seed=1, draws=1, **arguments).to_frame(labels=False).set_index("d")[FIGURES]


@given(seed=st.integers(0, 1_000), areas=st.integers(5, 30))
def test_order_of_areas_does_not_matter(seed: int, areas: int) -> None:
    table, x = normal_areas(seed, areas)
    ours = figures(table, covariates=x, likelihood="normal")
    theirs = figures(table.sample(frac=1, random_state=seed), covariates=x, likelihood="normal")
    pd.testing.assert_frame_equal(theirs.loc[ours.index], ours, rtol=1e-6)


@settings(max_examples=5)
@given(seed=st.integers(0, 1_000), areas=st.integers(5, 30))
def test_order_of_areas_does_not_matter_for_counts(seed: int, areas: int) -> None:
    table, x = count_areas(seed, areas)
    ours = figures(table, covariates=x)
    theirs = figures(table.sample(frac=1, random_state=seed), covariates=x.sample(frac=1, random_state=seed))
    # Sums in another order differ in the last digits, and ranges of the densities with them.
    pd.testing.assert_frame_equal(theirs.loc[ours.index], ours, rtol=1e-4)


@given(seed=st.integers(0, 1_000), areas=st.integers(5, 20), factor=st.sampled_from([0.001, 7.0, 5e4]))
def test_units_do_not_matter(seed: int, areas: int, factor: float) -> None:
    """The default prior of sigma is scaled to the values, so that everything scales together."""
    table, x = normal_areas(seed, areas)
    scaled = table.assign(value=table["value"] * factor, se=table["se"] * factor)
    ours, theirs = (figures(t, covariates=x, likelihood="normal") for t in (table, scaled))
    pd.testing.assert_frame_equal(theirs / factor, ours, rtol=1e-6)


@given(seed=st.integers(0, 1_000), areas=st.integers(3, 20))
def test_no_spread_between_areas_pools_them(seed: int, areas: int) -> None:
    """With sigma next to 0 and a flat intercept every area has the precision-weighted mean and its standard error."""
    table, _ = normal_areas(seed, areas)
    found = figures(table, likelihood="normal", prior=Prior(sigma="half-normal(0.00001)"))
    weight = 1 / table["se"] ** 2
    np.testing.assert_allclose(found["value"], (weight * table["value"]).sum() / weight.sum(), rtol=1e-4)
    np.testing.assert_allclose(found["se"], weight.sum() ** -0.5, rtol=1e-4)


def test_no_spread_between_areas_pools_counts() -> None:
    """With sigma next to 0 and a flat intercept all areas have one share, whose posterior is Beta(y, n − y)."""
    from scipy import stats

    table, _ = count_areas(3, 12)
    prior = Prior(sigma="half-normal(0.00001)", intercept="flat")
    found = figures(table, deff="own", prior=prior, interval="equal-tailed")
    n = (table["n"] / 1.2).sum()
    y = (table["value"] * table["n"] / 1.2).sum()
    pooled = stats.beta(y, n - y)
    np.testing.assert_allclose(found["value"], pooled.median(), rtol=2e-3)
    np.testing.assert_allclose(found["lower"], pooled.ppf(0.025), rtol=5e-3)
    np.testing.assert_allclose(found["upper"], pooled.ppf(0.975), rtol=5e-3)


@given(seed=st.integers(0, 1_000), areas=st.integers(4, 20))
def test_precise_areas_stand_alone(seed: int, areas: int) -> None:
    """Standard errors next to 0 beside the spread: the direct estimate, its standard error and normal limits."""
    table, _ = normal_areas(seed, areas)
    table["se"] *= 1e-4
    found = figures(table, likelihood="normal")
    np.testing.assert_allclose(found["value"], table["value"], rtol=1e-4)
    np.testing.assert_allclose(found["se"], table["se"], rtol=1e-3)
    np.testing.assert_allclose(found["upper"], table["value"] + 1.959964 * table["se"], rtol=1e-4)


def test_large_areas_of_counts_stand_alone() -> None:
    """A million people asked: the share itself, its binomial standard error within 1 %."""
    p = np.array([0.01, 0.2, 0.5, 0.03, 0.9])
    table = pd.DataFrame({"d": list("abcde"), "value": p, "n": 1_000_000, "deff": 1.0})
    found = figures(table, prior=Prior(sigma="half-normal(3)"))
    np.testing.assert_allclose(found["value"], p, rtol=1e-3)
    np.testing.assert_allclose(found["se"], np.sqrt(p * (1 - p) / 1e6), rtol=0.01)


@given(seed=st.integers(0, 1_000), areas=st.integers(6, 20))
def test_shrinkage_is_towards_the_model_and_grows_with_the_error(seed: int, areas: int) -> None:
    """Of two areas with the same value the one with the larger standard error goes further towards the others."""
    table, _ = normal_areas(seed, areas)
    table.loc[0, ["value", "se"]] = 12.0, 0.4
    table.loc[1, ["value", "se"]] = 12.0, 1.4
    found = figures(table, likelihood="normal")
    assert found["value"].iloc[1] < found["value"].iloc[0] < 12.0


@pytest.mark.parametrize("sigma", ["half-normal(1)", "exponential(1)", "half-cauchy(1)", "rayleigh(1)"])
def test_wider_levels_hold_narrower_ones(sigma: str) -> None:
    table, _ = count_areas(5, 10)
    narrow, wide = (figures(table, prior=Prior(sigma=sigma), level=level) for level in (0.5, 0.95))
    # An area without a case has 0 at every level.
    assert ((wide["lower"] < narrow["lower"]) | (narrow["lower"] == 0)).all()
    assert (narrow["upper"] < wide["upper"]).all()
    np.testing.assert_allclose(narrow["value"], wide["value"], rtol=1e-12)
