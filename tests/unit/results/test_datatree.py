"""Draws go to ArviZ with dimensions named by areas, parameters, data and likelihood, on which ArviZ's own functions run."""

from __future__ import annotations

import warnings
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import arviz as az
import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

import fl_estimate as fl
from fl_estimate.results.basis import Support
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


CELLS = pd.DataFrame(
    [(region, sex, 400.0) for region in "NSW" for sex in "fm"], columns=["region", "sex", "population"]
)


def poststratified(**arguments: Any) -> fl.Estimates:
    people = pd.DataFrame(
        {
            "region": list("NSW") * 80,
            "sex": ["f", "m"] * 120,
            "fl": [1, 0, 0, 1, 0, 0, 0, 0] * 30,
            "pay": np.arange(240.0) % 17,
        }
    )
    # Three regions that hardly differ: with the default prior importance sampling hands over to chains.
    prior = fl.hierarchical.Prior(sigma="half-normal(1)")
    given: dict[str, Any] = {"outcome": "fl", "draws": 400, "seed": 1, "prior": prior, **arguments}
    return fl.hierarchical.unit(
        people, cells=["region", "sex"], population=CELLS, by="region", design=fl.Design(unweighted=True), **given
    )


def strata() -> dict[str, fl.CaptureHistories]:
    made: dict[str, fl.CaptureHistories] = {}
    for name, many in (("north", 4), ("south", 9)):
        rows = [(1, 0, 0, 8), (0, 1, 0, 9), (0, 0, 1, 7), (1, 1, 0, 3), (1, 0, 1, 2), (0, 1, 1, 3), (1, 1, 1, 1)]
        frame = pd.DataFrame(rows, columns=["police", "ngo", "hotline", "count"])
        made[name] = fl.CaptureHistories.from_counts(
            frame.assign(count=frame["count"] * many), lists=["police", "ngo", "hotline"], count="count"
        )
    return made


def test_cells_of_a_poststratified_model_have_a_likelihood() -> None:
    """Scipy's binomial at the shares that the parameters give; whole counts, as the sample is drawn at random."""
    tree = poststratified().to_datatree()
    posterior, like = tree["posterior"], tree["log_likelihood"]["y"]
    assert posterior["sigma"].dims == ("chain", "draw", "spread")
    assert posterior["spread"].to_numpy().tolist() == ["region"]  # two classes of sex are a coefficient
    assert posterior["coefficient"].size == 2
    assert like.sizes == {"chain": 1, "draw": 400, "cell": 6}
    assert like["cell"].to_numpy().tolist() == ["N, f", "N, m", "S, f", "S, m", "W, f", "W, m"]
    y, n = tree["observed_data"]["y"].to_numpy(), tree["constant_data"]["n_effective"].to_numpy()
    assert n.tolist() == [40.0] * 6
    assert y.sum() == 60.0  # every fourth of 240
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # its Pareto k is high: six cells, and effects of three of them
        loo: Any = az.loo(tree)
    assert loo.n_data_points == 6
    best = stats.binom.logpmf(y, n, y / n)
    assert (like.to_numpy() <= best + 1e-9).all()
    assert az.summary(tree, var_names=["sigma"]).shape[0] == 1


def test_the_likelihood_of_cells_is_that_of_their_shares() -> None:
    from fl_estimate.results.inference import ObservedCells

    rng = np.random.default_rng(1)
    x, basis = np.column_stack([np.ones(4), rng.normal(size=4)]), rng.normal(size=(4, 3))
    beta, effects = rng.normal(size=(5, 2)), rng.normal(size=(5, 3))
    y, n = np.array([1.0, 4, 0, 7]), np.array([9.0, 8, 5, 7])
    eta = beta @ x.T + effects @ basis.T
    for family, expected in (
        ("binomial", stats.binom.logpmf(y, n, special.expit(eta))), ("poisson", stats.poisson.logpmf(y, np.exp(eta))),
    ):  # fmt: skip
        size = n if family == "binomial" else np.ones(4)
        cells = ObservedCells(family=family, labels=tuple("abcd"), y=y, size=size, x=x, basis=basis, effects=effects)
        np.testing.assert_allclose(cells.log_likelihood(beta), expected)


def test_a_quantity_has_parameters_and_no_likelihood_of_cells() -> None:
    tree = poststratified(outcome="pay", likelihood="normal").to_datatree()
    assert tree["posterior"]["spread"].to_numpy().tolist() == ["region", "residual"]
    assert set(tree.children) == {"posterior"}


def test_pooled_lists_have_the_likelihood_of_their_histories() -> None:
    tree = fl.hierarchical.capture_recapture(strata(), terms="main", by="region", draws=200, seed=1).to_datatree()
    assert tree["posterior"]["coefficient"].to_numpy().tolist() == ["log dark figure", "police", "ngo", "hotline"]
    assert tree["posterior"]["spread"].to_numpy().tolist() == ["size", "lists"]
    y = tree["observed_data"]["y"]
    assert y.sel(cell="north, police").item() == 32
    assert y.sel(cell="south, police:ngo:hotline").item() == 9
    best = stats.poisson.logpmf(y.to_numpy(), y.to_numpy())
    assert (tree["log_likelihood"]["y"].to_numpy() <= best + 1e-9).all()


def test_misclassified_cases_have_the_likelihood_of_what_was_seen() -> None:
    found = fl.hierarchical.misclassification(30, 1_000, sensitivity=(45, 5), specificity=(995, 5), draws=300, seed=1)
    tree = found.to_datatree()
    posterior = {name: tree["posterior"][name].to_numpy()[0] for name in ("sensitivity", "specificity")}
    share = found.draws[:, 0]
    seen = share * posterior["sensitivity"] + (1 - share) * (1 - posterior["specificity"])
    like = tree["log_likelihood"]["y"].to_numpy().reshape(300)
    np.testing.assert_allclose(like, stats.binom.logpmf(30, 1_000, seen))
    thousand = found.per_thousand().to_datatree()["log_likelihood"]["y"].to_numpy().reshape(300)
    np.testing.assert_allclose(thousand, like)
    regions = COUNTS.iloc[:7].assign(deff=1.0)
    many = fl.hierarchical.misclassification(regions, sensitivity=(45, 5), specificity=(995, 5), draws=300, seed=1)
    tree = many.to_datatree()
    assert set(tree["posterior"].data_vars) >= {"sensitivity", "specificity", "intercept", "sigma"}
    assert tree["observed_data"]["y"].size == 7


def test_sources_have_their_biases() -> None:
    tree = fl.hierarchical.sources(
        {"survey": (400.0, 40.0), "lists": (300.0, 30.0)}, bias={"survey": "exactly(0)", "lists": "normal(0, 0.2)"},
        draws=300, seed=1,
    ).to_datatree()  # fmt: skip
    assert tree["posterior"]["biased"].to_numpy().tolist() == ["survey", "lists"]
    assert np.abs(tree["posterior"]["bias"].sel(biased="survey")).max() == 0
    # lists count what there is times e^bias: draw by draw
    rows = tree["posterior"]["value"].to_numpy()[0]
    np.testing.assert_allclose(rows[:, 2], rows[:, 0] * np.exp(tree["posterior"]["bias"].to_numpy()[0, :, 1]))


def test_kept_draws_of_chains_come_from_all_of_them() -> None:
    from fl_estimate.estimators.hierarchical.model.posterior import spread_over

    kept, chains = spread_over(8_000, 400, 4)
    assert chains == 4
    assert (np.bincount(kept // 2_000) == 100).all()
    assert len(set(kept.tolist())) == 400
    assert (np.diff(kept) > 0).all()
    kept, chains = spread_over(8_000, 401, 4)
    assert chains == 1
    assert len(kept) == 401


@pytest.mark.slow
def test_chains_of_cells_are_kept_apart() -> None:
    tree = poststratified(sampler="nuts").to_datatree()
    assert tree["posterior"]["value"].sizes == {"chain": 4, "draw": 100, "region": 3}
    assert "sample_stats" in tree.children


def test_benchmarked_draws_of_chains_come_from_all_of_them() -> None:
    from fl_estimate.estimators.hierarchical.benchmarking import benchmark_posterior
    from fl_estimate.estimators.hierarchical.model.posterior import Posterior, PosteriorRequest

    of_chain = np.repeat([0.1, 0.2, 0.3, 0.4], 100)  # which chain a draw is of can be read off it
    draws = np.column_stack([of_chain, 2 * of_chain])
    made = Posterior(
        median=draws[0], sd=draws[0], lower=draws[0], upper=draws[0], draws=draws, national=None, parameters={},
        diagnostics={"sampler": "nuts"}, joint={"sigma": of_chain}, chains=4, stats={"lp": of_chain},
    )  # fmt: skip
    ask = PosteriorRequest(level=0.95, draws=40, seed=1, shares=np.array([0.5, 0.5]))
    direct: Any = SimpleNamespace(
        national={"value": 0.3, "se": 0.0, "lower": 0.3, "upper": 0.3}, national_support=Support.unknown(1)
    )
    moved = benchmark_posterior(made, ask, direct, "ratio", share=True, known=True)
    assert moved.chains == 4
    assert moved.joint["sigma"].tolist() == np.repeat([0.1, 0.2, 0.3, 0.4], 10).tolist() == moved.stats["lp"].tolist()
    alone = benchmark_posterior(
        replace(made, diagnostics={"sampler": "grid"}, chains=1), ask, direct, "ratio", share=True, known=True,
    )  # fmt: skip
    assert alone.chains == 1
    assert alone.joint["sigma"].tolist() == [0.1] * 40
