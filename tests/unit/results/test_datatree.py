"""Draws go to ArviZ with dimensions named by areas, parameters, data and likelihood, on which ArviZ's own functions run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import arviz as az
import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

import fl_estimate as fl
from fl_estimate.results.inference import Inference

NAMES = ["A", "B", "C", "D", "E", "F", "G", "H"]
VALUES = pd.DataFrame({"area": NAMES, "value": [5.0, 9.0, 2.0, 4.0, 6.5, 3.0, 7.0, 5.5], "se": 1.0})
COUNTS = pd.DataFrame(
    {
        "district": NAMES,
        "n": [900, 700, 800, 650, 1000, 720, 810, 0],
        "deff": 1.2,
        "value": [0.010, 0.0, 0.006, 0.02, 0.012, 0.008, 0.015, np.nan],
        "cases": [9, 0, 5, 13, 12, 6, 12, 0],
    }
)
POVERTY = pd.DataFrame({"district": NAMES, "poverty": [0.2, 0.5, 0.1, 0.6, 0.4, 0.3, 0.5, 0.2]})
POPULATION = pd.DataFrame({"district": NAMES, "population": 10_000.0})
RING = pd.DataFrame({"district": NAMES, "neighbour": [*NAMES[1:], NAMES[0]]})


def counted(**arguments: Any) -> fl.Estimates:
    return fl.hierarchical.area(COUNTS, **{"draws": 500, "seed": 1, "deff": "own", **arguments})


def test_dimensions_are_named_by_areas() -> None:
    estimates = fl.hierarchical.area(VALUES, likelihood="normal", draws=200, seed=1)
    tree = estimates.to_datatree()
    posterior = tree["posterior"]
    assert dict(posterior["value"].sizes) == {"chain": 1, "draw": 200, "area": 8}
    assert posterior["area"].to_numpy().tolist() == NAMES
    np.testing.assert_array_equal(posterior["value"].to_numpy()[0], estimates.draws)
    assert posterior["coefficient"].to_numpy().tolist() == ["intercept"]
    assert set(tree.children) == {"posterior", "log_likelihood", "observed_data", "constant_data"}


def test_the_nation_is_a_variable_of_its_own_and_areas_without_sample_have_no_data() -> None:
    estimates = counted(covariates=POVERTY, population=POPULATION)
    tree = estimates.to_datatree()
    assert tree["posterior"]["national"].dims == ("chain", "draw")
    assert tree["posterior"]["value"].sizes["district"] == 8
    assert tree["observed_data"]["y"]["district"].to_numpy().tolist() == NAMES[:7]
    assert tree["posterior"]["beta"].dims == ("chain", "draw", "coefficient")
    assert tree["constant_data"]["x"].sizes == {"district": 7, "coefficient": 2}
    np.testing.assert_allclose(tree["constant_data"]["n_effective"], COUNTS["n"].iloc[:7] / 1.2)


@pytest.mark.parametrize(
    ("arguments", "parameters"),
    [
        ({}, {"sigma", "beta"}),
        ({"likelihood": "beta-binomial"}, {"kappa", "beta"}),
        ({"spatial": "bym2", "neighbours": RING}, {"sigma", "phi", "beta"}),
        ({"spatial": "sar", "neighbours": RING}, {"sigma", "rho", "beta"}),
    ],
)
def test_draws_of_parameters_are_those_of_the_summaries(arguments: dict[str, Any], parameters: set[str]) -> None:
    estimates = counted(draws=4_000, **arguments)
    posterior = estimates.to_datatree()["posterior"]
    assert parameters == set(posterior.data_vars) - {"value"}
    told = estimates.diagnostics["parameters"]
    for name in parameters - {"beta"}:
        found = posterior[name].to_numpy()
        # Draws resampled from some thousand weighted points: 5 standard errors of a mean of 4,000.
        assert abs(found.mean() - told[name]["mean"]) < 5 * told[name]["sd"] / np.sqrt(4_000) + 0.02 * told[name]["sd"]
    assert abs(posterior["beta"].to_numpy().mean() - told["intercept"]["mean"]) < 0.15 * told["intercept"]["sd"]


def test_parameters_belong_to_the_areas_drawn_with_them() -> None:
    """Given sigma and beta a beta-binomial's areas follow their beta distribution: draws and parameters are in one order."""
    estimates = counted(likelihood="beta-binomial", draws=4_000)
    posterior = estimates.to_datatree()["posterior"]
    kappa, beta = posterior["kappa"].to_numpy().ravel(), posterior["beta"].to_numpy().ravel()
    y, n = 0.01 * 900 / 1.2, 900 / 1.2
    a = kappa * special.expit(beta)
    uniform = stats.beta.cdf(posterior["value"].sel(district="A").to_numpy().ravel(), a + y, kappa - a + n - y)
    assert stats.kstest(uniform, "uniform").pvalue > 0.001
    structured = fl.hierarchical.area(
        VALUES.rename(columns={"area": "district"}), likelihood="normal", spatial="bym2", neighbours=RING, draws=4_000,
        seed=1,
    ).to_datatree()["posterior"]  # fmt: skip
    spread = structured["value"].to_numpy()[0].std(axis=1)
    # Where areas differ more, sigma is greater.
    together: Any = stats.spearmanr(spread, structured["sigma"].to_numpy()[0])
    assert together.statistic > 0.2
    mean = structured["value"].to_numpy()[0].mean(axis=1)
    together = stats.spearmanr(mean, structured["beta"].to_numpy()[0, :, 0])
    assert together.statistic > 0.1


def test_likelihoods_by_hand() -> None:
    tree = fl.hierarchical.area(VALUES, likelihood="normal", draws=50, seed=1).to_datatree()
    drawn = tree["posterior"]["value"].to_numpy()
    expected = stats.norm.logpdf(VALUES["value"].to_numpy(), drawn, 1.0)
    np.testing.assert_allclose(tree["log_likelihood"]["y"].to_numpy(), expected, rtol=1e-12)
    whole = COUNTS.assign(deff=1.0)
    tree = fl.hierarchical.area(whole, deff="own", draws=50, seed=1).to_datatree()
    drawn = tree["posterior"]["value"].to_numpy()[..., :7]
    n = whole["n"].to_numpy()[:7]
    y = (whole["n"] * whole["value"]).to_numpy()[:7]
    # Binomial of whole counts: n times the printed shares, which are whole but for 700, 650, 720 and 810.
    round_ones = np.isclose(y, np.round(y))
    expected = stats.binom.logpmf(np.round(y), n, drawn)
    np.testing.assert_allclose(
        tree["log_likelihood"]["y"].to_numpy()[..., round_ones], expected[..., round_ones], rtol=1e-9
    )
    assert round_ones.sum() >= 3


def test_rows_and_units_keep_the_likelihood() -> None:
    estimates = counted()
    whole = estimates.to_datatree()["log_likelihood"]["y"]
    thousand = estimates.per_thousand().to_datatree()
    np.testing.assert_allclose(thousand["log_likelihood"]["y"], whole, rtol=1e-9)
    one = estimates.select(district="C").to_datatree()
    np.testing.assert_array_equal(one["log_likelihood"]["y"], whole.sel(district=["C"]))
    assert set(estimates.select(district="H").to_datatree().children) == {"posterior"}


def test_benchmarked_areas_have_no_likelihood() -> None:
    people = pd.DataFrame({"district": np.repeat(["A", "B", "C"], 200), "ea": np.arange(600) // 20, "w": 1.0})
    people["fl"] = (np.arange(600) % 17 == 0).astype(float)
    direct = fl.estimate_prevalence(people, "fl", design=fl.Design(weights="w", psu="ea"), by="district")
    shares = pd.DataFrame({"district": ["A", "B", "C"], "population": 1_000.0})
    estimates = fl.hierarchical.area(direct, population=shares, benchmark="ratio", draws=300, seed=1)
    tree = estimates.to_datatree()
    assert set(tree.children) == {"posterior"}
    assert tree["posterior"]["sigma"].sizes == {"chain": 1, "draw": 300}


LOO_WARNS = pytest.mark.filterwarnings("ignore:Estimated shape parameter of Pareto:UserWarning")
"""ArviZ says so where one area weighs much; the models here are small."""


@LOO_WARNS
def test_arviz_runs_on_it() -> None:
    flat = fl.hierarchical.area(VALUES, likelihood="normal", draws=1_000, seed=1)
    wealth = pd.DataFrame({"area": NAMES, "wealth": [5.1, 8.0, 2.5, 4.4, 6.0, 3.6, 7.0, 5.0]})
    informed = fl.hierarchical.area(VALUES, likelihood="normal", covariates=wealth, draws=1_000, seed=1)
    trees = {"flat": flat.to_datatree(), "informed": informed.to_datatree()}
    loo: Any = az.loo(trees["informed"])
    assert loo.n_data_points == 8
    exact = fl.hierarchical.leave_one_out(informed, VALUES, covariates=wealth)["elpd"].sum()
    # By weights of 1,000 draws against the closed form: Pareto k near 0.7 leaves some tenths.
    assert abs(loo.elpd - exact) < 0.05 * abs(exact) + 0.5
    table = az.compare(trees)
    assert table.index[0] == "informed"
    summary = az.summary(trees["informed"], var_names=["value", "sigma", "beta"])
    assert {"value[A]", "sigma", "beta[wealth]"} <= set(summary.index)


def test_arviz_draws_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import matplotlib
    from matplotlib import pyplot

    monkeypatch.setitem(matplotlib.rcParams, "backend", "agg")
    drawn = az.plot_forest(counted(population=POPULATION).to_datatree(), var_names=["value", "national"])
    figure = drawn.viz["figure"].item()
    words = {text.get_text() for axes in figure.axes for text in axes.texts}
    assert set(NAMES) <= words
    pyplot.close("all")


@LOO_WARNS
def test_areas_and_years_are_two_dimensions() -> None:
    rows = [(a, t, 800, 1.1, v) for a, base in zip("ABC", (0.01, 0.02, 0.015), strict=True)
            for t, v in zip((2019, 2020, 2021), (base, base * 1.2, base * 0.9), strict=True)]  # fmt: skip
    table = pd.DataFrame(rows, columns=["area", "year", "n", "deff", "value"])
    tree = fl.hierarchical.area(table, time="year", temporal="ar1", draws=200, seed=1).to_datatree()
    assert tree["posterior"]["value"].sizes == {"chain": 1, "draw": 200, "area": 3, "year": 3}
    assert tree["posterior"]["year"].to_numpy().tolist() == [2019, 2020, 2021]
    assert {"sigma", "sigma_time", "rho_time"} <= set(tree["posterior"].data_vars)
    loo: Any = az.loo(tree)
    assert loo.n_data_points == 9
    # One cell without people: its data leave the rectangle.
    table.loc[4, ["n", "value"]] = [0, np.nan]
    tree = fl.hierarchical.area(table, time="year", draws=200, seed=1).to_datatree()
    assert tree["observed_data"]["y"].sizes == {"row": 8}
    assert "B, 2020" not in tree["observed_data"]["row"].to_numpy().tolist()


@pytest.mark.slow
def test_markov_chains_stay_apart() -> None:
    pytest.importorskip("pymc")
    tree = counted(sampler="nuts", draws=400).to_datatree()
    assert tree["posterior"]["value"].sizes == {"chain": 4, "draw": 100, "district": 8}
    assert tree["posterior"]["sigma"].sizes == {"chain": 4, "draw": 100}
    assert {"diverging", "energy"} <= set(tree["sample_stats"].data_vars)
    assert float(az.rhat(tree["posterior"].to_dataset())["sigma"]) < 1.1
    odd = counted(sampler="nuts", draws=401).to_datatree()
    assert odd["posterior"]["value"].sizes["chain"] == 1


def test_columns_that_are_called_like_variables_get_a_mark() -> None:
    table = VALUES.rename(columns={"area": "chain"})
    tree = fl.hierarchical.area(table, likelihood="normal", draws=50, seed=1).to_datatree()
    assert tree["posterior"]["value"].dims == ("chain", "draw", "chain_")


def test_results_without_areas() -> None:
    found = fl.capture_recapture.average_decomposable(fl.datasets.load("new_orleans_5"), seed=1, draws=200)
    posterior = found.to_datatree()["posterior"]
    assert posterior["value"].sizes == {"chain": 1, "draw": 200, "row": 2}
    assert posterior["row"].to_numpy().tolist() == ["population_size", "dark_figure"]
    # Chains stand one after the other.
    chained = replace(found, inference=Inference(chains=4)).to_datatree()["posterior"]["value"]
    assert chained.sizes == {"chain": 4, "draw": 50, "row": 2}
    np.testing.assert_array_equal(chained.to_numpy()[1], np.asarray(found.draws)[50:100])


def test_no_draws() -> None:
    with pytest.raises(fl.FlError, match="FL-EST-62"):
        fl.hierarchical.eblup(VALUES).to_datatree()
