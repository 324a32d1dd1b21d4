"""Answers of the area model: shape, empty areas, areas without a case, one area, the nation, seeds, engines, a hand-made posterior."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import special

import fl_estimate as fl
from fl_estimate.estimators import importance
from fl_estimate.estimators.hierarchical.engines import counts as counts_module
from fl_estimate.estimators.hierarchical.model.priors import Density
from fl_estimate.results.columns import CONTEXT
from fl_estimate.results.estimates import FIXED

from .made import COVARIATES, LETTERS, POPULATION, counts, direct, values

area = fl.hierarchical.area


def codes(estimates: fl.Estimates) -> list[str]:
    return [assumption.code for assumption in estimates.assumptions]


def test_columns_and_recipe_are_those_of_the_contract() -> None:
    source = direct()
    estimates = area(source, seed=1)
    frame = estimates.to_frame()
    assert [name for name in frame.columns if name != "region"] == [*CONTEXT, *FIXED]
    assert set(frame["method"]) == {"area-binomial"}
    assert set(frame["interval_kind"]) == {"calibrated"}
    assert (frame["quantity"] == "prevalence").all()
    assert (frame["outcome"] == "fl").all()
    assert frame["region"].tolist() == ["East", "North", "South", "West"]
    theirs = source.to_frame().iloc[1:].reset_index(drop=True)
    pd.testing.assert_frame_equal(frame[["n", "cases", "deff"]], theirs[["n", "cases", "deff"]])
    assert estimates.provenance.call == "hierarchical.area"
    assert estimates.provenance.arguments["direct"]["outcome"] == ["fl"]
    assert {"taylor_linearisation", "area_effects_exchangeable", "effective_counts_pooled", "prior_sigma"} <= set(
        codes(estimates)
    )
    assert "df_rule" not in codes(estimates)
    assert (frame["lower"] < frame["value"]).all()
    assert (frame["value"] < frame["upper"]).all()


def test_every_area_is_there_and_says_what_it_lacks() -> None:
    estimates = area(counts(), covariates=COVARIATES, seed=1)
    frame = estimates.to_frame()
    assert frame["district"].tolist() == COVARIATES["district"].tolist()
    assert frame[["value", "se", "lower", "upper"]].notna().all(axis=None)
    said = {(reason.row, reason.code) for reason in estimates.reasons}
    assert said == {(1, "area_without_cases"), (8, "area_without_cases"), (11, "area_without_sample")}
    # Without people asked there is less to know.
    assert frame["se"].iloc[11] > frame["se"].iloc[7]
    assert frame.index[frame["lower"] == 0].tolist() == [1, 8]


def test_areas_that_only_other_frames_know_are_estimated() -> None:
    estimates = area(counts().iloc[[0, 2, 3, 5]], covariates=COVARIATES[["district", "x1"]], seed=1)
    assert estimates.to_frame()["district"].tolist() == COVARIATES["district"].tolist()
    assert estimates.to_frame()["n"].tolist() == [900, 0, 800, 650, 0, 980, 0, 0, 0, 0, 0, 0]


def test_design_effects_are_borrowed_where_there_is_none() -> None:
    """Pooled: the n-weighted mean over areas with five cases or more, by hand."""
    frame = counts()
    found = area(frame, seed=1)
    lending = frame[frame["cases"] >= 5]
    pooled = np.average(lending["deff"], weights=lending["n"])
    assert found.diagnostics["deff_used"]["B"] == pytest.approx(pooled, rel=1e-12)
    assert found.diagnostics["deff_source"] == {k: "pooled" if k in "BI" else "own" for k in "ABCDEFGHIJK"}
    assert ("deff_pooled") in codes(found)


def test_design_effects_of_the_nation_then_one() -> None:
    few = counts(cases=[1, 0, 2, 1, 3, 1, 2, 1, 0, 1, 2, 0])
    few["value"] = (few["cases"] / few["n"]).where(few["n"] > 0)
    nation = pd.DataFrame(
        {"margin": [""], "district": [None], "value": [0.002], "n": [8380], "cases": [14], "deff": [1.3]}
    )
    found = area(pd.concat([nation, few.assign(margin="district")], ignore_index=True), seed=1)
    assert found.diagnostics["deff_source"]["B"] == "national"
    assert found.diagnostics["deff_used"]["B"] == 1.3
    assert len(found) == 12
    alone = area(few, seed=1)
    assert alone.diagnostics["deff_used"]["B"] == 1.0
    assert "deff_one" in codes(alone)


def test_no_area_is_worth_more_people_than_were_asked() -> None:
    low, one = (area(counts(deff=deff), seed=1) for deff in (0.5, 1.0))
    np.testing.assert_array_equal(low.to_frame()["value"], one.to_frame()["value"])
    assert set(low.diagnostics["deff_used"].values()) == {1.0}


@pytest.mark.parametrize("likelihood", ["binomial", "normal"])
def test_the_nation_stands_first_and_is_the_weighted_mean(likelihood: Any) -> None:
    table = counts() if likelihood == "binomial" else values()
    # A prior of sigma that lets an area without sample be far off would make the standard deviation of 4,000 draws its own.
    prior = fl.hierarchical.Prior(sigma="half-normal(1)")
    estimates = area(table, population=POPULATION, likelihood=likelihood, prior=prior, draws=4_000, seed=1)
    frame = estimates.to_frame()
    assert frame["margin"].tolist() == ["", *["district"] * 12]
    shares = POPULATION["population"] / POPULATION["population"].sum()
    np.testing.assert_allclose(estimates.draws[:, 0], estimates.draws[:, 1:] @ shares, rtol=1e-12)
    # Kept draws and the 16,000 behind the row agree within four standard errors of the mean of 4,000.
    middle = estimates.draws[:, 0].mean()
    assert abs(frame["value"].iloc[0] - middle) < 0.15 * frame["se"].iloc[0]
    assert frame["se"].iloc[0] == pytest.approx(estimates.draws[:, 0].std(), rel=0.1)
    assert {reason.row for reason in estimates.reasons if reason.code == "area_without_sample"} == {12}


@pytest.mark.parametrize("likelihood", ["binomial", "normal"])
def test_draws_follow_the_summaries(likelihood: Any) -> None:
    """40,000 draws: quantiles within five standard errors, by the rule sqrt(p(1 − p)/n)/f with f about normal."""
    table = counts() if likelihood == "binomial" else values()
    estimates = area(
        table,
        covariates=COVARIATES[["district", "x1"]],
        likelihood=likelihood,
        draws=40_000,
        seed=2,
        interval="equal-tailed",
    )
    frame = estimates.to_frame()
    sd = frame["se"].to_numpy()
    for column, probability, unit in (("value", 0.5, 1.25), ("lower", 0.025, 2.67), ("upper", 0.975, 2.67)):
        ours = np.quantile(estimates.draws, probability, axis=0)
        # A long right tail makes the upper limit of sparse areas harder: its density is lower than the normal's.
        slack = 2.0 if column == "upper" else 1.0
        assert (np.abs(frame[column] - ours) <= slack * 5 * unit * sd / np.sqrt(40_000)).all()


def test_a_seed_gives_the_same_digits_and_no_seed_is_noted() -> None:
    first, again, other = (area(counts(), population=POPULATION, seed=seed) for seed in (7, 7, 8))
    pd.testing.assert_frame_equal(first.to_frame(), again.to_frame())
    np.testing.assert_array_equal(first.draws, again.draws)
    assert (first.draws != other.draws).any()
    # The areas' figures are integrated, not drawn: no seed moves them.
    pd.testing.assert_frame_equal(first.to_frame().iloc[1:], other.to_frame().iloc[1:])
    unseeded = area(counts())
    repeated = area(counts(), seed=unseeded.diagnostics["seed"])
    np.testing.assert_array_equal(unseeded.draws, repeated.draws)


@pytest.mark.parametrize("likelihood", ["binomial", "normal"])
def test_polars_and_pandas_give_the_same(likelihood: Any) -> None:
    table = counts() if likelihood == "binomial" else values()
    settings: dict[str, Any] = {"likelihood": likelihood, "seed": 1}
    ours = area(table, covariates=COVARIATES, population=POPULATION, **settings)
    theirs = area(
        pl.from_pandas(table), covariates=pl.from_pandas(COVARIATES), population=pl.from_pandas(POPULATION), **settings
    )
    pd.testing.assert_frame_equal(ours.to_frame(), theirs.to_frame())


def test_numbers_and_text_name_the_same_area() -> None:
    """Codes of districts come as 3, 3.0 or "3" from one file to the next."""
    numbered = counts(district=[float(k) for k in range(12)])
    covariates = COVARIATES.assign(district=[str(k) for k in range(12)])
    frame = area(numbered, covariates=covariates, seed=1).to_frame()
    assert frame["district"].tolist() == list(range(12))


def test_the_row_of_missing_labels_is_left_out() -> None:
    lost = pd.DataFrame({"district": [None], "value": [0.5], "n": [10], "cases": [5], "deff": [1.0]})
    with_lost = area(pd.concat([counts(), lost], ignore_index=True), seed=1)
    pd.testing.assert_frame_equal(with_lost.to_frame(), area(counts(), seed=1).to_frame())


def test_one_area_alone_keeps_to_the_prior() -> None:
    """With one area sigma's posterior is its prior: rayleigh(1), whose mean is sqrt(pi/2), or half-normal(1), sqrt(2/pi)."""
    estimates = area(counts().iloc[[0]], seed=1)
    assert "few_areas" in codes(estimates)
    assert estimates.diagnostics["parameters"]["sigma"]["mean"] == pytest.approx(np.sqrt(np.pi / 2), rel=0.15)
    flat = area(values().iloc[[0]], likelihood="normal", prior=fl.hierarchical.Prior(sigma="half-normal(1)"), seed=1)
    row = flat.to_frame().iloc[0]
    # A flat intercept and one area: the area is all that is known of itself.
    np.testing.assert_allclose([row["value"], row["se"]], [5.1, 0.4], rtol=1e-9)
    assert flat.diagnostics["parameters"]["sigma"]["mean"] == pytest.approx(np.sqrt(2 / np.pi), rel=1e-3)


def test_no_case_anywhere_still_has_an_upper_limit() -> None:
    frame = counts(value=0.0, cases=0)
    estimates = area(frame, seed=1).to_frame()
    assert (estimates["upper"] < 0.02).all()
    assert (estimates["upper"] > 0).all()


def test_counts_equal_a_posterior_added_up_by_hand() -> None:
    """Three areas: sums over a fine lattice of intercept, log sigma and log odds, nothing shared with the library."""
    n, y = np.array([300.0, 500.0, 0.0]), np.array([0.0, 6.0, 0.0])
    table = pd.DataFrame({"area": list("abc"), "value": [0.0, 6 / 500, np.nan], "n": n, "deff": 1.0})
    prior = fl.hierarchical.Prior(sigma="half-normal(1)", intercept="normal(-4, 1)")
    frame = area(table, prior=prior, interval="equal-tailed", seed=1).to_frame()
    beta, u = np.linspace(-9, 1, 201), np.linspace(-9, 2, 221)
    eta = np.linspace(-20, 6, 1_301)
    sigma = np.exp(u)
    log_prior = -0.5 * (beta[:, None] + 4) ** 2 - 0.5 * sigma**2 + u
    normal = np.exp(-0.5 * ((eta - beta[:, None, None]) / sigma[:, None]) ** 2) / sigma[:, None]
    # Where sigma is narrower than the lattice the sum would miss it: all is at beta then.
    normal /= np.maximum(normal.sum(axis=2, keepdims=True), 1e-300)
    kernel = np.exp(y[:, None] * eta - n[:, None] * np.log1p(np.exp(eta)))
    kernel /= kernel.max(axis=1, keepdims=True)
    marginal = np.einsum("ste,ie->sti", normal, kernel, optimize=True)
    for position in range(3):
        rest = np.exp(log_prior) * np.delete(marginal, position, axis=2).prod(axis=2)
        density = np.einsum("st,ste->e", rest, normal, optimize=True) * kernel[position]
        reached = np.cumsum(density / density.sum())
        limits = special.expit(np.interp([0.025, 0.5, 0.975], reached, eta + 0.01))
        row = frame.iloc[position]
        np.testing.assert_allclose([row["lower"], row["value"], row["upper"]], limits, rtol=0.02)


def test_logit_link_stays_within_0_and_1_and_is_not_shrunk_without_reason() -> None:
    share = pd.DataFrame({"district": list("ABCDE"), "value": [0.01, 0.5, 0.9, 0.3, 0.2], "se": [0.001] * 5})
    frame = area(
        share, likelihood="normal", link="logit", prior=fl.hierarchical.Prior(sigma="half-normal(2)")
    ).to_frame()
    assert frame["lower"].gt(0).all()
    assert frame["upper"].lt(1).all()
    np.testing.assert_allclose(frame["value"], share["value"], rtol=0.02)


def test_covariates_are_standardised_unless_a_prior_speaks_of_them() -> None:
    """A change of units changes nothing by default; with a prior given it does."""
    thousands = COVARIATES.assign(x1=COVARIATES["x1"] * 1_000 + 50)
    ours, theirs = (area(counts(), covariates=c, seed=1) for c in (COVARIATES, thousands))
    np.testing.assert_allclose(ours.to_frame()["value"], theirs.to_frame()["value"], rtol=1e-6)
    assert "covariates_standardised" in codes(ours)
    given = area(counts(), covariates=thousands, prior=fl.hierarchical.Prior(slopes="normal(0, 0.0001)"), seed=1)
    assert "covariates_standardised" not in codes(given)
    assert abs(given.diagnostics["parameters"]["x1"]["mean"]) < 0.001


def test_the_default_prior_of_counts_is_that_of_an_exponential_variance() -> None:
    """With one area, which says nothing of sigma, its posterior is the prior: mean sqrt(pi/2), and sigma² has mean 2."""
    one = pd.DataFrame({"district": ["A"], "value": [0.0], "n": [1e-6], "deff": [1.0]})
    found = area(one, seed=1, draws=40_000)
    assert found.diagnostics["parameters"]["sigma"]["mean"] == pytest.approx(np.sqrt(np.pi / 2), rel=0.01)
    drawn = Density("rayleigh", (1.0,)).draw(np.random.default_rng(1), 100_000)
    # Standard deviation of an exponential of mean 2: 2; five standard errors.
    assert (drawn**2).mean() == pytest.approx(2.0, abs=5 * 2 / np.sqrt(100_000))
    assert "rayleigh(1)" in [dict(one.parameters).get("prior") for one in found.assumptions]


def test_a_penalised_prior_is_an_exponential_one() -> None:
    """P(sigma > 0.5) = 0.01: rate −log(0.01)/0.5."""
    pc, plain = (
        area(counts(), prior=fl.hierarchical.Prior(sigma=sigma), seed=1).to_frame()
        for sigma in ("pc(0.5, 0.01)", "exponential(9.210340371976182)")
    )
    pd.testing.assert_frame_equal(pc, plain)


def test_fewer_points_of_the_hyper_parameters_do_where_areas_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with sixteen times as many: to 1 % of the standard deviation, in limits to 2 %; densities from 61 points as from 181."""
    rng = np.random.default_rng(8)
    n = rng.integers(100, 900, 80)
    cases = rng.binomial(n, special.expit(-4.5 + 0.6 * rng.normal(size=80)))
    table = pd.DataFrame({"district": range(80), "n": n, "value": cases / n, "deff": 1.2})
    ours = area(table, seed=1)
    assert ours.diagnostics["importance_points"] == 1_024
    monkeypatch.setattr(importance, "POINTS", (16_384, 16_384))
    monkeypatch.setattr(counts_module, "GRID", counts_module.FINE)
    fine = area(table, seed=1).to_frame()
    for column, most in (("value", 0.01), ("se", 0.01), ("lower", 0.02), ("upper", 0.02)):
        assert (abs(ours.to_frame()[column] - fine[column]) / fine["se"]).max() < most, column


def test_poor_weights_call_for_more_points(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importance, "ENOUGH", 1.1)
    table = pd.concat([counts().assign(district=[f"{letter}{k}" for letter in LETTERS]) for k in range(8)])
    assert area(table, seed=1).diagnostics["importance_points"] == 4_096


def test_a_result_can_be_saved_and_read(tmp_path: Path) -> None:
    estimates = area(counts(), covariates=COVARIATES, population=POPULATION, seed=1)
    again = fl.Estimates.read(estimates.save(tmp_path / "districts.parquet"))
    pd.testing.assert_frame_equal(again.to_frame(), estimates.to_frame())
    assert again.diagnostics["parameters"]["sigma"] == estimates.diagnostics["parameters"]["sigma"]
    assert again.assumptions == estimates.assumptions


def test_the_grid_loads_neither_pymc_nor_arviz() -> None:
    code = (
        "import sys, pandas as pd, fl_estimate as fl\n"
        "table = pd.DataFrame({'a': ['x', 'y'], 'value': [0.1, 0.2], 'n': [50, 60], 'deff': [1.0, 1.0]})\n"
        "fl.hierarchical.area(table, seed=1)\n"
        "fl.hierarchical.area(table.assign(se=0.1), likelihood='normal', seed=1)\n"
        "assert not {'pymc', 'arviz', 'pytensor', 'numba'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
