"""The keys of a small-area estimate in a study are the arguments of its function: neighbours, times, benchmark, priors."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.study.config import study_model
from fl_estimate.study.forms import entry_models, keys_at
from fl_estimate.study.run import run_study
from tests.unit.study.made import STUDY, assert_same_rows, people, write

EDGES = pd.DataFrame({"from": ["North", "South", "East"], "to": ["South", "East", "West"]})
PERSONS = pd.DataFrame({"region": ["North", "South", "East", "West"], "population": [10_000, 20_000, 15_000, 5_000]})
AREA = """
[[estimate]]
kind = "area"
name = "areas"
outcome = "forced_labour"
by = "region"
seed = 3
"""


def square(name: str, left: int) -> dict[str, Any]:
    corners = [[left, 0], [left + 1, 0], [left + 1, 1], [left, 1], [left, 0]]
    return {
        "type": "Feature", "properties": {"region": name}, "geometry": {"type": "Polygon", "coordinates": [corners]},
    }  # fmt: skip


def made(folder: Path, keys: str, frame: pd.DataFrame | None = None) -> tuple[fl.Estimates, dict[str, Any]]:
    """The estimates of a study, and its manifest."""
    EDGES.to_csv(folder / "edges.csv", index=False)
    EDGES.set_axis(["region", "neighbour"], axis=1).to_csv(folder / "neighbours.csv", index=False)
    PERSONS.to_csv(folder / "persons.csv", index=False)
    row = {"type": "FeatureCollection", "features": [square(name, k) for k, name in enumerate(PERSONS["region"])]}
    (folder / "row.geojson").write_text(json.dumps(row), encoding="utf-8")
    path = write(folder, study=STUDY.replace("\n[publish]", f"{AREA}{keys}\n[publish]"), frame=frame)
    result = run_study(path, out=folder / "out")
    assert result.failed == {}
    return result.estimates["areas"], dict(result.manifest)


def long_way(folder: Path, **settings: Any) -> fl.Estimates:
    classified = fl.classify(fl.load(folder / "people.csv", mapping=folder / "people.toml"), "icls2018_adult")
    direct = fl.estimate_prevalence(classified, "forced_labour", by="region")
    return fl.hierarchical.area(direct, seed=3, **settings)


def test_keys_are_the_arguments() -> None:
    """Besides those of the direct estimate, `direct` itself, and what a sampler shows while it runs."""
    arguments = set(inspect.signature(fl.hierarchical.area).parameters) - {"direct", "progress"}
    of_direct = {"kind", "name", "source", "outcome", "by", "where", "unknown", "variance", "title", "note"}
    assert set(entry_models()["area"].model_fields) - of_direct == arguments
    # The spread of people within cells is of `fl.hierarchical.unit` alone.
    priors = keys_at(("estimate", 0, "area", "prior", "sigmas"), study_model())
    assert set(priors) == set(inspect.signature(fl.hierarchical.Prior).parameters) - {"residual"}


@pytest.mark.parametrize(
    "written", ['"neighbours.csv"', '{ file = "edges.csv", columns = ["from", "to"] }', '"row.geojson"']
)
def test_neighbours_from_tables_and_maps(written: str, tmp_path: Path) -> None:
    keys = f'spatial = "bym2"\nneighbours = {written}\nprior = {{ sigma = "half-normal(0.5)", phi = "beta(2, 2)" }}\n'
    estimates, manifest = made(tmp_path, keys)
    prior = fl.hierarchical.Prior(sigma="half-normal(0.5)", phi="beta(2, 2)")
    neighbours = EDGES.set_axis(["region", "neighbour"], axis=1)
    long = long_way(tmp_path, spatial="bym2", neighbours=neighbours, prior=prior)
    assert_same_rows(estimates.to_frame(), long.to_frame(), rtol=1e-8)
    assert set(manifest["inputs"]) & {"neighbours.csv", "edges.csv", "row.geojson"}


def test_benchmark_and_the_nations_design_effect(tmp_path: Path) -> None:
    keys = 'population = "persons.csv"\nbenchmark = "ratio"\ndeff = "national"\nlikelihood = "beta-binomial"\n'
    estimates, _ = made(tmp_path, keys)
    long = long_way(tmp_path, population=PERSONS, benchmark="ratio", deff="national", likelihood="beta-binomial")
    assert_same_rows(estimates.to_frame(), long.to_frame(), rtol=1e-8)
    assert [str(assumption.code) for assumption in estimates.assumptions].count("benchmarked_with_error") == 1


def test_times_are_one_more_column(tmp_path: Path) -> None:
    """Regions by year; covariates that change with the year."""
    frame = people().assign(year=lambda table: 2020 + table.index % 3)
    changing = PERSONS[["region"]].merge(pd.DataFrame({"year": [2020, 2021, 2022]}), how="cross")
    changing = changing.assign(x=range(12), y=1)
    changing.to_csv(tmp_path / "changing.csv", index=False)
    keys = 'time = "year"\ntemporal = "ar1"\ncovariates = { file = "changing.csv", columns = ["x"] }\n'
    estimates, _ = made(tmp_path, keys, frame)
    classified = fl.classify(fl.load(tmp_path / "people.csv", mapping=tmp_path / "people.toml"), "icls2018_adult")
    direct = fl.estimate_prevalence(classified, "forced_labour", by=["region", "year"])
    long = fl.hierarchical.area(direct, covariates=changing.drop(columns="y"), time="year", temporal="ar1", seed=3)
    assert_same_rows(estimates.to_frame(), long.to_frame(), rtol=1e-8)
    assert len(estimates) == 12


def test_a_file_that_is_no_map_is_said_before_estimating(tmp_path: Path) -> None:
    (tmp_path / "broken.geojson").write_text("{", encoding="utf-8")
    with pytest.raises(fl.FlError, match="FL-STUDY-23"):
        made(tmp_path, 'spatial = "sar"\nneighbours = "broken.geojson"\n')
    (tmp_path / "broken.geojson").write_text("{}", encoding="utf-8")
    with pytest.raises(fl.FlError, match="no features"):
        made(tmp_path, 'spatial = "sar"\nneighbours = "broken.geojson"\n')


def test_columns_that_are_not_there_are_said_before_estimating(tmp_path: Path) -> None:
    with pytest.raises(fl.FlError, match="FL-STUDY-05") as caught:
        made(tmp_path, 'spatial = "sar"\nneighbours = { file = "edges.csv", columns = ["from", "tos"] }\n')
    assert "neighbours: 'tos'" in str(caught.value)
    with pytest.raises(fl.FlError, match=r"estimate\[[0-9]\].time: 'yaer'"):
        made(tmp_path, 'time = "yaer"\n')
