"""Contrasts of domains and outcomes, and standardised domains, agree with R survey 4.4.2 in value, error and covariance."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from tests.reference import r_calls

STORED = Path(__file__).parent / "survey"
ENTRIES = {e["id"]: e for e in json.loads((STORED / "contrasts.json").read_text(encoding="utf-8"))["entries"]}
# Each R call in our terms: the column, what is compared, and the scale.
CONTRASTS: dict[str, tuple[str, Any, Any]] = {
    "contrast/nhanes/1_difference": ("race", (1, 2), "difference"),
    "contrast/nhanes/2_ratio": ("race", (1, 3), "ratio"),
    "contrast/nhanes/3_logodds": ("race", (1, 2), "log-odds"),
    "contrast/apistrat/4_paired": ("outcome", ("api00", "api99"), "difference"),
    "contrast/synth_a/5_difference": ("region", ("North", "South"), "difference"),
    "contrast/synth_a/6_logratio": ("sex", ("F", "M"), "log-ratio"),
    "contrast/apiclus1/7_rep_difference": ("stype", [("E", "H"), ("E", "M")], "difference"),
}


def estimates(entry: dict[str, Any]) -> fl.Estimates:
    frame, design, _ = r_calls._design(entry)
    call = entry["call"]
    common: dict[str, Any] = {"design": design, "unknown": "exclude", "df": "design"}
    if "api00+api99" in call:
        more = pd.read_csv(STORED / "data" / "apistrat_more.csv")
        return fl.estimate_mean(frame.assign(api99=more["api99"]), ["api00", "api99"], **common)
    outcome, by = call.split("~")[1].split(",")[0], call.split("~")[2].split(",")[0]
    function = fl.estimate_total if "svytotal" in call else fl.estimate_mean
    return function(frame, outcome, by=by, **common)


@pytest.mark.parametrize("name", CONTRASTS)
def test_contrast(name: str) -> None:
    result = ENTRIES[name]["result"]
    column, values, scale = CONTRASTS[name]
    found = fl.contrast(estimates(ENTRIES[name]), {column: values}, scale=scale)
    frame = found.to_frame()
    for ours, theirs in (("value", "estimate"), ("se", "se"), ("lower", "ci_low"), ("upper", "ci_high")):
        np.testing.assert_allclose(frame[ours], np.atleast_1d(result[theirs]), rtol=1e-9)
    np.testing.assert_allclose(found.covariance, np.atleast_2d(result["vcov"]), rtol=1e-9)


def test_standardised_by_age() -> None:
    entry = ENTRIES["standardize/nhanes"]
    frame, result = r_calls.table("nhanes"), entry["result"]
    design = fl.Design(weights="WTMEC2YR", strata="SDMVSTRA", psu="SDMVPSU", expands=True)
    ages = dict(zip(sorted(frame["agecat"].unique()), (55901, 77670, 72816, 45364), strict=True))
    crossed = fl.estimate_prevalence(
        frame, "HI_CHOL", design=design, by=["race", "RIAGENDR", "agecat"], unknown="exclude", df="design"
    )
    found = fl.standardise(crossed, {"agecat": ages}).to_frame()
    keys = [(int(group["race"]), int(group["RIAGENDR"])) for group in result["groups"]]
    found = found.set_index(["race", "RIAGENDR"]).loc[keys]
    for ours, theirs in (("value", "estimate"), ("se", "se"), ("lower", "ci_low"), ("upper", "ci_high")):
        np.testing.assert_allclose(found[ours], result[theirs], rtol=1e-9)


def test_every_entry_is_run() -> None:
    assert {*CONTRASTS, "standardize/nhanes"} == set(ENTRIES)
