"""Beta-binomial, BYM2 and random-walk posteriors agree with long chains and an exact grid; grid and NUTS agree with each other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

import fl_estimate as fl

FOLDER = Path(__file__).parent / "hierarchical"
ENTRIES: dict[str, dict[str, Any]] = {
    entry["id"]: entry for entry in json.loads((FOLDER / "area_more.json").read_text(encoding="utf-8"))
}
Prior = fl.hierarchical.Prior
# Quantiles of the entries by name, their column, and the standard error of such a quantile of n draws in units of the
# standard deviation over sqrt(n): sqrt(p(1 − p))/f at the normal's quantile.
QUANTILES = (("q50", "value", 1.25), ("q025", "lower", 2.67), ("q975", "upper", 2.67))
MILLION = 1e6


def table(name: str) -> pd.DataFrame:
    return pd.read_csv(FOLDER / "data" / f"{name}.csv")


def beta_binomial(**settings: Any) -> fl.Estimates:
    made = table("syn_counts")
    direct = pd.DataFrame({"area": made["area"], "n": made["n"], "value": made["p_w"], "deff": made["deff"]})
    prior = Prior(intercept="normal(-5, 2)", slopes="normal(0, 1)", kappa="log-normal(5, 1.5)")
    return fl.hierarchical.area(
        direct, covariates=made[["area", "x"]], likelihood="beta-binomial", prior=prior, seed=1, **settings
    )


def graph(**settings: Any) -> fl.Estimates:
    """Two components and an island."""
    made = table("syn_graph")
    edges = table("syn_graph_edges").rename(columns={"i": "node", "j": "neighbour"})
    direct = pd.DataFrame({"node": made["node"], "n": made["n"], "value": made["cases"] / made["n"], "deff": 1.0})
    given: dict[str, Any] = {"spatial": "bym2", **settings}
    prior = Prior(sigma="half-normal(1)", intercept="normal(-3, 2)", slopes="normal(0, 1)")
    return fl.hierarchical.area(direct, covariates=made[["node", "x"]], neighbours=edges, prior=prior, seed=1, **given)


def scotland(**settings: Any) -> fl.Estimates:
    """Poisson counts with expected numbers E are binomial counts of a million E persons with rates a million times smaller."""
    made = table("scotland")
    edges = table("scotland_edges").rename(columns={"i": "district", "j": "neighbour"})
    n = made["expected"] * MILLION
    direct = pd.DataFrame({"district": made["district"], "n": n, "value": made["observed"] / n, "deff": 1.0})
    covariates = pd.DataFrame({"district": made["district"], "x": made["aff"] / 10})
    prior = Prior(
        sigma="half-normal(5)", intercept=f"normal({-np.log(MILLION)}, 5)", slopes="normal(0, 5)", phi="beta(0.5, 0.5)"
    )
    return fl.hierarchical.area(
        direct, covariates=covariates, spatial="bym2", neighbours=edges, prior=prior, seed=1, **settings
    )


def years(**settings: Any) -> fl.Estimates:
    made = table("syn_rw1")
    direct = pd.DataFrame({"year": made["year"], "value": made["y"], "se": np.sqrt(made["vardir"])})
    given: dict[str, Any] = {"temporal": "rw1", **settings}
    return fl.hierarchical.area(
        direct, likelihood="normal", time="year", prior=Prior(sigma="half-normal(1)"), seed=1, **given
    )


def grapes(**settings: Any) -> fl.Estimates:
    """A Gaussian model over 40 neighbouring municipalities."""
    made = table("grapes").head(40)
    edges = table("grapes_proximity").rename(columns={"i": "area_no", "j": "neighbour"})
    edges = edges[(edges["area_no"] <= 40) & (edges["neighbour"] <= 40)][["area_no", "neighbour"]]
    direct = pd.DataFrame({"area_no": made["area_no"], "value": made["grapehect"], "se": np.sqrt(made["vardir"])})
    return fl.hierarchical.area(
        direct, likelihood="normal", covariates=made[["area_no", "workdays"]], neighbours=edges, seed=1, **settings
    )


def worth(estimates: fl.Estimates) -> float:
    """How many independent draws the figures rest on."""
    found = estimates.diagnostics
    if found["sampler"] == "nuts":
        assert found["rhat_max"] < 1.01
        return min(found["ess_bulk_min"], found["ess_tail_min"])
    assert found["importance_ess"] > 2_000
    assert found["importance_pareto_k"] < 0.7
    return found["importance_ess"]


def check(estimates: fl.Estimates, theirs: dict[str, Any], unit: float = 1.0) -> None:
    """Medians and limits within four standard errors of both sides."""
    frame, sd, ess = estimates.to_frame(), np.array(theirs["sd"]), worth(estimates)
    for quantile, column, height in QUANTILES:
        error = np.sqrt(np.square(theirs[f"mcse_{quantile}"]) + (height * sd) ** 2 / ess)
        assert (np.abs(frame[column] * unit - theirs[quantile]) <= 4 * error).all(), quantile


def check_parameter(estimates: fl.Estimates, name: str, theirs: dict[str, Any], position: int | None = None) -> None:
    ours, ess = estimates.diagnostics["parameters"][name], worth(estimates)
    pick = (lambda values: values) if position is None else (lambda values: values[position])
    for figure, quantile, height in (("mean", "mean", 1.0), ("median", "q50", 1.25)):
        error = np.hypot(pick(theirs[f"mcse_{quantile}"]), height * pick(theirs["sd"]) / np.sqrt(ess))
        assert abs(ours[figure] - pick(theirs[quantile])) <= 4 * error


def test_beta_binomial_against_long_chains() -> None:
    """Areas without a case and without sample are among them."""
    result, estimates = ENTRIES["counts/beta_binomial/effective"]["result"], beta_binomial()
    check(estimates, result["p"])
    check_parameter(estimates, "x", result["beta"], 1)
    kappa = estimates.diagnostics["parameters"]["kappa"]["median"]
    error = 4 * np.hypot(result["log_kappa"]["mcse_q50"], 1.25 * result["log_kappa"]["sd"] / np.sqrt(worth(estimates)))
    assert abs(np.log(kappa) - result["log_kappa"]["q50"]) <= error


def test_bym2_on_a_map_of_parts_against_long_chains() -> None:
    result, estimates = ENTRIES["graph/bym2"]["result"], graph()
    check(estimates, result["p"])
    check_parameter(estimates, "sigma", result["sigma"])
    check_parameter(estimates, "phi", result["phi"])
    check_parameter(estimates, "x", result["beta"], 1)
    factors = list(result["scaling_factor_by_component"].values())
    np.testing.assert_allclose(estimates.diagnostics["scaling_factor"], factors, rtol=1e-6)
    assert list(estimates.diagnostics["component"].values()) == result["component"]


def test_bym2_of_scotland_against_long_chains() -> None:
    result, estimates = ENTRIES["scotland/bym2"]["result"], scotland()
    check(estimates, result["rate"], MILLION)
    check_parameter(estimates, "sigma", result["sigma"])
    check_parameter(estimates, "x", result["beta"], 1)
    # Published for this graph: 0.4853175, with a jitter on the diagonal.
    assert estimates.diagnostics["scaling_factor"] == pytest.approx([0.4853177], abs=1e-7)


def test_random_walk_against_an_exact_grid() -> None:
    entry, estimates = ENTRIES["rw1/fh_bayes"], years()
    result, rel, frame = entry["result"], entry["tolerance"]["rel"], estimates.to_frame()
    for quantile, column, _ in QUANTILES:
        np.testing.assert_allclose(frame[column], result["theta"][quantile], rtol=rel)
    np.testing.assert_allclose(frame["se"], result["theta"]["sd"], rtol=rel)
    ours = estimates.diagnostics["parameters"]["sigma"]
    for figure, quantile in (("mean", "mean"), ("median", "q50"), ("upper", "q975")):
        assert ours[figure] == pytest.approx(result["sigma"][quantile], rel=rel)
    # The entry's grid begins at 1e-4: adaptive quadrature of sigma's density from there gives its limit, 0.010028, and
    # from 0 it gives 0.0099307.
    assert ours["lower"] == pytest.approx(0.0099307, rel=rel)
    assert estimates.diagnostics["scaling_factor"] == pytest.approx([result["scaling_factor"]], abs=5e-7)


PAIRS: dict[str, Any] = {
    "beta-binomial": beta_binomial,
    "bym2 counts": graph,
    "sar counts": lambda **settings: graph(spatial="sar", **settings),
    "bym2 normal": lambda **settings: grapes(spatial="bym2", **settings),
    "sar normal": lambda **settings: grapes(spatial="sar", **settings),
    "rw1 normal": years,
    "ar1 normal": lambda **settings: years(temporal="ar1", **settings),
}


@pytest.mark.slow
@pytest.mark.parametrize("model", PAIRS)
def test_grid_and_nuts_agree(model: str) -> None:
    """Every area's median and limits within four standard errors."""
    grid, nuts = PAIRS[model](), PAIRS[model](sampler="nuts", draws=20_000)
    first, second = grid.to_frame(), nuts.to_frame()
    ess = 1 / (
        1 / worth(nuts) + (1 / grid.diagnostics["importance_ess"] if "importance_ess" in grid.diagnostics else 0)
    )
    for _, column, height in QUANTILES:
        error: npt.NDArray[np.float64] = height * first["se"].to_numpy() / np.sqrt(ess)
        # The skewed share of a rare outcome has a longer upper tail than the normal one that `height` is of.
        wide = 1.5 if column == "upper" and "normal" not in model else 1.0
        assert (np.abs(first[column] - second[column]) <= 4 * wide * error).all(), column
    for name, figures in grid.diagnostics["parameters"].items():
        error = 4 * figures["sd"] / np.sqrt(ess)
        assert abs(nuts.diagnostics["parameters"][name]["mean"] - figures["mean"]) <= error, name
