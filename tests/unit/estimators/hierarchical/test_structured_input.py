"""Maps, years, benchmarks, EBLUPs and smoothed variances refuse what they cannot use, and say how to put it right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl

from .made import COVARIATES, LETTERS, POPULATION, counts, direct, values

area, eblup = fl.hierarchical.area, fl.hierarchical.eblup
CHAIN = pd.DataFrame({"district": LETTERS[:-2], "neighbour": LETTERS[1:-1]})


def refused(code: str, *says: str, call: Callable[..., Any] = area, table: Any = None, **settings: Any) -> None:
    with pytest.raises(fl.FlError) as caught:
        call(counts() if table is None else table, **settings)
    assert caught.value.code == code
    for part in says:
        assert part in str(caught.value)


def test_lists_of_neighbours_that_are_none() -> None:
    edges = pd.DataFrame({"district": ["A", "B", "B", None], "neighbour": ["A", "C", "C", "D"]})
    refused("FL-EST-70", "beside itself: A", "B – C", "without a label", spatial="bym2", neighbours=edges)
    refused("FL-EST-42", "'neighbour'", spatial="bym2", neighbours=CHAIN.rename(columns={"neighbour": "next"}))
    weighted = CHAIN.assign(weight=-1.0)
    refused("FL-EST-70", "weight", call=eblup, table=values(), spatial="sar", neighbours=weighted)


def test_neighbours_and_areas_are_checked_on_both_sides() -> None:
    edges = pd.concat([CHAIN, pd.DataFrame({"district": ["Bb"], "neighbour": ["C"]})])
    refused("FL-EST-72", "Bb", "B?", "areas without a neighbour: L", spatial="sar", neighbours=edges)
    with pytest.raises(fl.FlError, match="FL-EST-40"):
        fl.hierarchical.icar_scaling(CHAIN.assign(other=1))


def test_a_map_that_is_none(tmp_path: Path) -> None:
    refused("FL-EST-71", "'district'", spatial="bym2", neighbours=tmp_path / "no.geojson")
    empty: dict[str, Any] = {"features": [{"properties": {}, "geometry": None}]}
    refused("FL-EST-71", "KeyError", spatial="bym2", neighbours=empty)


def test_areas_of_a_map_that_share_a_border_are_neighbours() -> None:
    """Three squares in a row and one apart: the same answer as the list of edges."""
    features = [
        {
            "properties": {"district": name},
            "geometry": {"type": "Polygon", "coordinates": [[[x, 0], [x + 1, 0], [x + 1, 1], [x, 1], [x, 0]]]},
        }
        for name, x in (("A", 0), ("B", 1), ("C", 2), ("D", 5))
    ]
    table, edges = counts().head(4), CHAIN.head(2)
    by_map = area(table, spatial="bym2", neighbours={"features": features}, seed=1)
    by_list = area(table, spatial="bym2", neighbours=edges, seed=1)
    pd.testing.assert_frame_equal(by_map.to_frame(), by_list.to_frame())
    assert by_map.diagnostics["component"] == {"A": 1, "B": 1, "C": 1, "D": 2}


def test_benchmarks_need_a_nation_and_populations() -> None:
    refused("FL-EST-73", "population=", "national row", benchmark="ratio")
    refused("FL-EST-73", "national row", benchmark="difference", population=POPULATION)


def test_a_difference_that_leaves_the_range() -> None:
    table = pd.concat([counts(), pd.DataFrame({"district": [None], "value": [0.0005], "n": [8000], "deff": [1.2]})])
    table["margin"] = ["district"] * 12 + [""]
    refused("FL-EST-74", "ratio", table=table, benchmark="difference", population=POPULATION)


def test_words_that_are_not_known() -> None:
    refused("FL-EST-75", "bym2, sar", spatial="car", neighbours=CHAIN)
    refused("FL-EST-75", "rw1, ar1", temporal="rw2")
    refused("FL-EST-75", "ratio, difference", benchmark="raking")
    refused("FL-EST-75", "own, national", deff="kish")
    refused("FL-EST-75", "flag, raise", on_failure="ignore")
    refused("FL-EST-78", "reml", call=eblup, table=values(), method="fh")
    refused("FL-EST-78", "ratio", call=fl.hierarchical.smooth_variances, table=counts(se=0.01), factor="exp")
    refused("FL-EST-50", "level", call=eblup, table=values(), level=95)


def test_arguments_that_do_not_go_together() -> None:
    refused("FL-EST-76", "without neighbours=", spatial="bym2")
    refused("FL-EST-76", "without spatial=", neighbours=CHAIN)
    refused(
        "FL-EST-76",
        "together",
        "beta-binomial",
        likelihood="beta-binomial",
        spatial="bym2",
        temporal="rw1",
        neighbours=CHAIN,
    )
    refused("FL-EST-76", "moment", call=eblup, table=values(), spatial="sar", neighbours=CHAIN, method="moment")
    refused("FL-EST-76", "covariates", call=eblup, table=values(), intercept=False)


def test_years_must_be_one_series() -> None:
    refused("FL-EST-77", "'district'", temporal="rw1")
    refused("FL-EST-77", "time='year'", time="year")


def test_too_few_areas_for_an_eblup() -> None:
    refused("FL-EST-79", "3 areas and 3", call=eblup, table=values().head(3), covariates=COVARIATES.head(3))


def test_too_few_areas_to_smooth() -> None:
    refused("FL-EST-56", "3 areas", call=fl.hierarchical.smooth_variances, table=counts(se=0.002).head(4))


def test_years_without_a_row_are_estimated_too() -> None:
    series = pd.DataFrame({"year": [2014, 2015, 2018], "value": [0.01, 0.012, 0.02], "n": [900, 800, 950], "deff": 1.2})
    estimates = area(series, temporal="ar1", time="year", seed=1)
    frame = estimates.to_frame()
    assert frame["year"].tolist() == [2014, 2015, 2016, 2017, 2018]
    assert (frame["se"][2:4] > frame["se"][[1, 4]].max()).all()
    assert [reason.row for reason in estimates.reasons if reason.code == "area_without_sample"] == [2, 3]


@pytest.mark.parametrize("rule", ["ratio", "difference"])
def test_every_draw_gives_the_national_figure(rule: Any) -> None:
    people = pd.DataFrame({"region": ["East", "North", "South", "West"], "population": [1.0, 2.0, 3.0, 4.0]})
    table = direct()
    known: dict[str, Any] = {"population": people, "benchmark": rule, "benchmark_target": "known"}
    estimates = area(table, draws=500, seed=1, **known) if rule == "ratio" else None
    if estimates is None:
        refused("FL-EST-74", table=table, population=people, benchmark=rule)
        return
    target = float(table.national.to_frame()["value"].iloc[0])
    assert estimates.to_frame()["value"].iloc[0] == pytest.approx(target)
    np.testing.assert_allclose(estimates.draws[:, 1:] @ (people["population"] / 10), target, rtol=1e-12)
    assert set(estimates.diagnostics["before_benchmark"]) == set(people["region"])
    assert {a.code for a in estimates.assumptions} >= {"benchmarked"}


@pytest.mark.parametrize("link", ["log", "arcsine"])
def test_links_keep_their_range(link: Any) -> None:
    table = counts(se=0.004)
    if link == "log":
        refused("FL-EST-54", "log of 0", table=table, likelihood="normal", link="log")
        table = table[(table["value"] > 0) | (table["n"] == 0)]
    frame = area(table, likelihood="normal", link=link, seed=1).to_frame()
    assert (frame["lower"] >= 0).all()
    assert (frame["lower"] < frame["value"]).all()
    assert (frame["value"] < frame["upper"]).all()


def test_one_design_effect_for_all() -> None:
    table = direct()
    frame = table.to_frame()
    national = float(frame["deff"].iloc[0])
    estimates = area(table, deff="national", seed=1)
    assert set(estimates.diagnostics["deff_used"].values()) == {max(national, 1.0)}
    assert set(estimates.diagnostics["deff_source"].values()) == {"national"}


def test_benchmarked_eblups_have_no_error() -> None:
    table = pd.concat([values(), pd.DataFrame({"district": [None], "value": [5.0], "se": [0.1]})])
    table["margin"] = ["district"] * 12 + [""]
    estimates = eblup(table, population=POPULATION, benchmark="difference")
    frame = estimates.to_frame()
    shares = POPULATION["population"] / POPULATION["population"].sum()
    assert (frame["value"] * shares).sum() == pytest.approx(5.0)
    assert frame["se"].isna().all()
    assert {reason.code for reason in estimates.reasons} == {"area_without_sample", "error_after_benchmarking"}
