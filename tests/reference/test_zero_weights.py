"""Weights of zero against R survey: values, standard errors and degrees of freedom, with whole primary units of zeros.

The file is made up; `survey/zero_weights/calls.R` is what R ran on it, `values.json` what it gave.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl

HERE = Path(__file__).parent / "survey" / "zero_weights"
VALUES = {entry["design"]: entry for entry in json.loads((HERE / "values.json").read_text())["values"]}
DESIGNS = {
    "clusters": fl.Design(weights="w", strata="stratum", psu="psu", expands=True),
    "rows": fl.Design(weights="w", strata="stratum", expands=True),
}


def people(engine: str) -> Any:
    frame = pd.read_csv(HERE / "people.csv").astype({"y": "Int64"})
    return pl.from_pandas(frame).lazy() if engine == "lazy" else frame


def row(estimates: fl.Estimates) -> dict[str, Any]:
    return {str(name): value for name, value in estimates.to_frame().iloc[0].items()}


@pytest.mark.parametrize("engine", ["pandas", "lazy"])
@pytest.mark.parametrize("name", ["clusters", "rows"])
def test_figures_are_those_of_r(name: str, engine: str) -> None:
    frame, design, r = people(engine), DESIGNS[name], VALUES[name]
    found = {
        "prevalence": fl.estimate_prevalence(frame, "y", design=design),
        "total": fl.estimate_total(frame, "y", design=design),
        "mean": fl.estimate_mean(frame, "hours", design=design),
        "ratio": fl.estimate_ratio(frame, "y", "hours", design=design),
    }
    for which, estimates in found.items():
        made = row(estimates)
        assert [made["value"], made["se"]] == pytest.approx(r[which], rel=1e-12), which
        assert (made["df"], made["n"]) == (r["degf"], r["n"]), which
    assert row(found["prevalence"])["cases"] == r["cases"]


@pytest.mark.parametrize("name", ["clusters", "rows"])
def test_domains_and_their_degrees_of_freedom_are_those_of_r(name: str) -> None:
    made = (
        fl.estimate_prevalence(people("pandas"), "y", design=DESIGNS[name], by="region", df="domain")
        .to_frame()
        .set_index("region")
    )
    for region in ("North", "South"):
        one = made.loc[region]
        assert [one["value"], one["se"], one["df"]] == pytest.approx(VALUES[name][region.lower()], rel=1e-12)


@pytest.mark.parametrize("name", ["clusters", "rows"])
def test_the_whole_sample_has_the_degrees_of_freedom_of_r(name: str) -> None:
    made = row(fl.estimate_mean(people("pandas"), "hours", design=DESIGNS[name], df="design"))
    assert made["df"] == VALUES[name]["degf_as_read"]


@pytest.mark.parametrize("name", ["clusters", "rows"])
def test_medians_and_models_are_those_of_r(name: str) -> None:
    frame, design, r = people("pandas"), DESIGNS[name], VALUES[name]
    assert row(fl.estimate_quantile(frame, "hours", 0.5, design=design))["value"] == r["median"]
    slope = fl.regress(frame, "hours ~ y", family="gaussian", design=design).to_frame().set_index("term")
    assert [slope.loc["y", "value"], slope.loc["y", "se"]] == pytest.approx(r["slope"], rel=1e-9)
