"""Areas at several times: the model becomes the simpler ones it holds, fills gaps, is criticised, and refuses what it has not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl

hierarchical = fl.hierarchical
Prior = hierarchical.Prior
AREAS, YEARS = list("ABCDEFGH"), range(2019, 2022)
CHAIN = pd.DataFrame({"district": AREAS[:-1], "neighbour": AREAS[1:]})


def values() -> pd.DataFrame:
    """Eight areas at three times; two cells without sample, one of them without a row."""
    rng = np.random.default_rng(4)
    area = np.repeat(rng.normal(size=8), 3)
    frame = pd.DataFrame({"district": np.repeat(AREAS, 3), "year": list(YEARS) * 8})
    frame["se"] = rng.uniform(0.4, 0.8, 24)
    frame["value"] = 5 + area + 0.4 * rng.normal(size=24) + frame["se"] * rng.normal(size=24)
    frame["n"] = 100
    frame.loc[4, ["n", "value", "se"]] = 0, np.nan, np.nan
    return frame.drop(index=10)


def counts() -> pd.DataFrame:
    rng = np.random.default_rng(6)
    frame = pd.DataFrame({"district": np.repeat(AREAS, 3), "year": list(YEARS) * 8})
    n = rng.integers(200, 900, 24)
    cases = rng.binomial(n, 0.01 * np.exp(np.repeat(0.4 * rng.normal(size=8), 3)))
    return frame.assign(n=n, value=cases / n, cases=cases, deff=1.1)


def frame_of(estimates: fl.Estimates) -> pd.DataFrame:
    return estimates.to_frame()


def close(ours: pd.DataFrame, theirs: pd.DataFrame, share: float) -> None:
    """Within a share of the posterior standard deviation."""
    for column in ("value", "se", "lower", "upper"):
        off = np.abs(ours[column].to_numpy() - theirs[column].to_numpy()) / theirs["se"].to_numpy()
        assert off.max() < share, (column, off.max())


def test_where_areas_do_not_differ_it_is_the_model_of_rows() -> None:
    """Exact grid over one sigma, against importance draws; 5 % of the standard deviation is what the draws are good for."""
    table = values().reset_index(drop=True)
    prior = Prior(sigma="half-normal(0.0001)", sigma_time="half-normal(1)")
    ours = hierarchical.area(table, likelihood="normal", time="year", prior=prior, seed=1)
    rows = table.assign(row=range(len(table))).drop(columns=["district", "year"])
    theirs = hierarchical.area(rows, likelihood="normal", prior=Prior(sigma="half-normal(1)"), seed=1)
    met = frame_of(ours).merge(table[["district", "year"]].reset_index(names="row"), on=["district", "year"])
    met = met.set_index("row").sort_index()
    close(met, frame_of(theirs), 0.05)


def test_where_times_do_not_differ_it_is_the_model_of_areas() -> None:
    """Three rows of an area say what their weighted mean does."""
    table = values()
    prior = Prior(sigma="half-normal(1)", sigma_time="half-normal(0.0001)")
    ours = hierarchical.area(
        table, likelihood="normal", time="year", spatial="bym2", neighbours=CHAIN, prior=prior, seed=1
    )
    weight = 1 / table["se"] ** 2
    sums = pd.DataFrame({"district": table["district"], "w": weight, "wy": weight * table["value"]})
    sums = sums.groupby("district", as_index=False).sum()
    once = pd.DataFrame({"district": sums["district"], "value": sums["wy"] / sums["w"], "se": sums["w"] ** -0.5})
    theirs = hierarchical.area(
        once, likelihood="normal", spatial="bym2", neighbours=CHAIN, prior=Prior(sigma="half-normal(1)"), seed=1
    )
    frame = frame_of(ours)
    for year in YEARS:
        close(frame[frame["year"] == year], frame_of(theirs), 0.05)


@pytest.mark.parametrize(("spatial", "temporal"), [(None, None), (None, "rw1"), ("bym2", "ar1")])
def test_every_cell_gets_a_figure(spatial: Any, temporal: Any) -> None:
    edges = None if spatial is None else CHAIN
    estimates = hierarchical.area(
        values(), likelihood="normal", spatial=spatial, neighbours=edges, temporal=temporal, time="year", seed=1
    )
    frame = frame_of(estimates)
    assert estimates.by == ("district", "year")
    assert set(frame["margin"]) == {"district × year"}
    assert frame["district"].tolist() == list(np.repeat(AREAS, 3))
    assert frame["year"].tolist() == list(YEARS) * 8
    assert {reason.row for reason in estimates.reasons if reason.code == "area_without_sample"} == {4, 10}
    assert frame.loc[[4, 10], "se"].min() > frame.drop(index=[4, 10])["se"].max()
    assert np.shape(estimates.draws) == (4_000, 24)
    assert estimates.diagnostics["hyper_ess"] > 100
    said = {assumption.code for assumption in estimates.assumptions}
    assert f"panel_effects_{temporal or 'independent'}" in said
    assert "prior_sigma_time" in said


def test_counts_by_area_and_year_are_criticised_as_others_are() -> None:
    table = counts()
    covariates = pd.DataFrame({"district": AREAS, "x": np.linspace(-1, 1, 8)})
    settings: dict[str, Any] = {"covariates": covariates, "neighbours": CHAIN}
    estimates = hierarchical.area(table, spatial="bym2", temporal="ar1", time="year", seed=1, **settings)
    left_out = hierarchical.leave_one_out(estimates, table, **settings)
    assert left_out.columns.tolist() == ["district", "year", "elpd", "pareto_k"]
    assert len(left_out) == 24
    checked = hierarchical.predictive_check(estimates, table, **settings)
    assert checked["p"].between(0.01, 0.99).all()
    assert (checked["prior_upper"] > checked["prior_lower"]).all()


def test_normal_rows_are_left_out_as_by_refitting() -> None:
    table = values().reset_index(drop=True)
    prior = Prior(sigma="half-normal(1)", intercept="normal(5, 2)")
    settings: dict[str, Any] = {"likelihood": "normal", "temporal": "ar1", "time": "year", "prior": prior}
    found = hierarchical.leave_one_out(hierarchical.area(table, seed=1, **settings), table)
    row = found.index[(found["district"] == "C") & (found["year"] == 2020)][0]
    position = table.index[(table["district"] == "C") & (table["year"] == 2020)][0]
    without = table.copy()
    without.loc[position, ["value", "se", "n"]] = np.nan, np.nan, 0
    refit = hierarchical.area(without, draws=40_000, seed=2, **settings)
    draws = np.asarray(refit.draws)[:, 7]
    there = frame_of(refit).iloc[7]
    assert (there["district"], there["year"]) == ("C", 2020)
    value, se = (table[name].to_numpy()[position] for name in ("value", "se"))
    density = np.exp(-0.5 * ((value - draws) / se) ** 2) / se / np.sqrt(2 * np.pi)
    assert found["elpd"][row] == pytest.approx(np.log(density.mean()), abs=0.05)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("likelihood", "spatial", "temporal"),
    [("binomial", "bym2", "ar1"), ("normal", None, "rw1"), ("binomial", None, None)],
)
def test_chains_say_the_same(likelihood: Any, spatial: Any, temporal: Any) -> None:
    """Medians and limits within four standard errors of both: of the chains, and of the points of the hyper-parameters."""
    table = counts() if likelihood == "binomial" else values()
    settings: dict[str, Any] = {
        "likelihood": likelihood, "spatial": spatial, "temporal": temporal, "time": "year", "seed": 1,
        "neighbours": None if spatial is None else CHAIN,
    }  # fmt: skip
    ours = hierarchical.area(table, **settings)
    chains = hierarchical.area(table, sampler="nuts", draws=20_000, **settings)
    worth = 1 / (
        1 / min(chains.diagnostics["ess_bulk_min"], chains.diagnostics["ess_tail_min"])
        + 1 / ours.diagnostics["hyper_ess"]
    )
    first, second = frame_of(ours), frame_of(chains)
    for column, height in (("value", 1.25), ("lower", 2.67), ("upper", 4.0)):
        off = np.abs(first[column] - second[column]) / second["se"]
        assert off.max() < 4 * height / np.sqrt(worth), column


def test_direct_estimates_by_area_and_year() -> None:
    rng = np.random.default_rng(1)
    rows = 2_400
    people = pd.DataFrame(
        {
            "district": np.repeat(AREAS, rows // 8),
            "year": np.tile(YEARS, rows // 3),
            "fl": (rng.random(rows) < 0.03).astype(int),
        }
    ).assign(w=1.0)
    direct = fl.estimate_prevalence(people, "fl", design=fl.Design(weights="w"), by=["district", "year"])
    estimates = hierarchical.area(direct, time="year", temporal="ar1", seed=1)
    assert len(estimates) == 24
    assert int(estimates.to_frame()["n"].sum()) == rows


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"population": pd.DataFrame({"district": AREAS, "population": 1_000})}, "FL-EST-68"),
        ({"benchmark": "ratio"}, "FL-EST-68"),
        ({"likelihood": "beta-binomial"}, "FL-EST-68"),
        ({"prior": Prior(sigma="flat")}, "FL-EST-67"),
        ({"spatial": "bym2"}, "FL-EST-76"),
        ({"covariates": pd.DataFrame({"district": AREAS[:-1], "x": range(7)})}, "FL-EST-51"),
    ],
)
def test_what_the_model_has_not_is_refused(wrong: dict[str, Any], code: str) -> None:
    with pytest.raises(fl.FlError) as caught:
        hierarchical.area(counts(), time="year", **wrong)
    assert caught.value.code == code


def test_neighbours_and_years_need_the_column_of_years() -> None:
    with pytest.raises(fl.FlError, match="FL-EST-76"):
        hierarchical.area(counts(), spatial="bym2", neighbours=CHAIN, temporal="ar1")
