"""Calibrated, trimmed and non-response weights, and what is estimated with them, agree with R survey 4.4.2."""

from __future__ import annotations

import json
import math
import re
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl
from tests.reference import r_calls

STORED = Path(__file__).parent / "survey"
ENTRIES = {e["id"]: e for e in json.loads((STORED / "weights.json").read_text(encoding="utf-8"))["entries"]}
ENGINES = ("pandas", "polars", "duckdb")
TYPES = {"E": 4421, "H": 755, "M": 1018}
WIDE = {"No": 1072, "Yes": 5122}
MARGINS: dict[str, Any] = {"stype": TYPES, "api99": 3914069}
CALIBRATED: dict[str, dict[str, Any]] = {
    "cal_linear": {"method": "linear"},
    "cal_raking": {"method": "raking"},
    "cal_logit": {"method": "logit", "bounds": (0.5, 2.5)},
    "cal_linear_bounds": {"method": "linear", "bounds": (0.7, 1.6)},
    "cal_sinh": {"method": "sinh", "bounds": (0.1, 10)},
}
# Closed forms and solved equations: 1e-9 of the value. R's rake stops at 1e-10 of its margins.
RTOL = 1e-9
# R's rule in rake() takes plain means over post-strata where weights differ within them (reference/survey/README.md);
# its own calibrate(calfun="raking"), with the same weights, gives our standard errors: see the test below.
PLAIN_MEANS = "calib/apistrat/rake/"


@cache
def table(name: str) -> pd.DataFrame:
    """The columns that the first half of the tests uses, and those that only weights need."""
    more = STORED / "data" / f"{name}_more.csv"
    frame = r_calls.table(name)
    if more.is_file():
        frame = pd.concat([frame, pd.read_csv(more).rename(columns=lambda column: column.replace(".", "_"))], axis=1)
    return frame


def sample(name: str) -> tuple[pd.DataFrame, fl.Design]:
    design = {
        "apiclus1": fl.Design(weights="pw", psu="dnum", expands=True),
        "apistrat": fl.Design(weights="pw", strata="stype", fpc="fpc", expands=True),
        "apisrs": fl.Design(weights="pw", fpc="fpc", expands=True),
    }[name]
    frame = table(name)
    cases = {"award": frame["awards"] == "Yes", "improved": frame["comp_imp"] == "Yes"}
    return frame.assign(**{key: value.astype(float) for key, value in cases.items()}), design


def on_engine(frame: pd.DataFrame, engine: str) -> Any:
    if engine == "pandas":
        return frame
    return pl.from_pandas(frame).lazy() if engine == "polars" else duckdb.connect().from_df(frame)


def weighted(entry: dict[str, Any], engine: str = "pandas") -> tuple[Any, fl.Design]:
    """The people and design of an entry of calib/, as R's design text makes them."""
    return _weighted(entry["data"], entry["id"].split("/")[2], engine)


@cache
def _weighted(data: str, kind: str, engine: str) -> tuple[Any, fl.Design]:
    frame, design = sample(data)
    people = on_engine(frame, engine)
    if kind.endswith("_rep"):
        design = fl.replicate(people, design=design, kind="jkn" if design.strata else "jk1")
    if kind in CALIBRATED:
        return fl.calibrate(people, MARGINS, design=design, **CALIBRATED[kind])
    if kind == "rake":
        return fl.calibrate(people, {"stype": TYPES, "sch_wide": WIDE}, design=design)
    if kind == "cal_rep":
        return fl.calibrate(people, MARGINS, design=design, method="linear")
    if kind in ("poststrat", "ps_rep"):
        return fl.post_stratify(people, "stype", TYPES, design=design)
    if kind == "poststrat_partial":
        return fl.post_stratify(people, "sch_wide", WIDE, design=design)
    strict = kind == "trim_strict"
    upper = float(np.quantile(frame["pw"], 0.9)) * (1.05 if strict else 1.15)
    people, design = fl.calibrate(people, MARGINS, design=design, method="linear")
    return fl.trim_weights(people, design=design, upper=upper, lower=5, strict=strict)


def estimate(people: Any, design: fl.Design, entry: dict[str, Any]) -> pd.DataFrame:
    statistic, call = entry["id"].split("/")[-1], entry["call"]
    variable = re.findall(r"~(\w+)", call)[0]
    if statistic == "ciprop":
        return fl.estimate_prevalence(people, "improved", design=design, interval="beta", df="domain").to_frame()
    if statistic == "total":
        return fl.estimate_total(people, variable, design=design, df="design", interval="wald").to_frame()
    if statistic == "prop":
        return fl.estimate_mean(people, "award", design=design, df="design").to_frame()
    by = "stype" if statistic == "by" else None
    frame = fl.estimate_mean(people, variable, design=design, df="design", by=by).to_frame()
    return frame[frame["margin"] == (by or "")]


def numbers(values: Any) -> np.ndarray:
    return np.array([float(value) for value in (values if isinstance(values, list) else [values])])


CALIB = [name for name in ENTRIES if name.startswith("calib/") and name.count("/") == 3]
RUNS = [(name, "pandas") for name in CALIB] + [
    # Engines differ in the sums alone: one statistic of each kind runs on all. DuckDB does not number rows, which a
    # sample of rows as units needs for its residuals.
    (name, engine)
    for name in CALIB
    for engine in ENGINES[1:]
    if name.endswith("/by") and (engine == "polars" or "apiclus1" in name)
]


@pytest.mark.parametrize(("name", "engine"), RUNS)
def test_value_se_and_limits(name: str, engine: str) -> None:
    entry = ENTRIES[name]
    result = entry["result"]
    ours = estimate(*weighted(entry, engine), entry)
    size = np.abs(numbers(result["estimate"])).max()
    np.testing.assert_allclose(ours["value"], numbers(result["estimate"]), rtol=RTOL)
    # A total that the weights were calibrated to has no variance: R gives 0 or dust, ours is dust.
    rtol = 0.025 if name.startswith(PLAIN_MEANS) else RTOL
    np.testing.assert_allclose(ours["se"], numbers(result["se"]), rtol=rtol, atol=1e-12 * size)
    rtol = 0.005 if name.startswith(PLAIN_MEANS) else RTOL
    np.testing.assert_allclose(ours["lower"], numbers(result["ci_low"]), rtol=rtol)
    np.testing.assert_allclose(ours["upper"], numbers(result["ci_high"]), rtol=rtol)


@pytest.mark.parametrize("name", [n for n in CALIB if "weights" in ENTRIES[n]])
def test_weights_row_by_row(name: str) -> None:
    people, design = weighted(ENTRIES[name])
    np.testing.assert_allclose(people[design.weights], ENTRIES[name]["weights"], rtol=RTOL)


def test_raking_where_weights_differ_within_post_strata() -> None:
    """R 4.5.0, survey 4.4.2: calibrate(d, ~stype+sch.wide, c(6194, 755, 1018, 5122), calfun="raking", epsilon=1e-12)."""
    people, design = weighted(ENTRIES["calib/apistrat/rake/mean"])
    mean = fl.estimate_mean(people, "enroll", design=design).to_frame()
    total = fl.estimate_total(people, "enroll", design=design).to_frame()
    assert mean["value"].iloc[0] == pytest.approx(595.4343676079, rel=1e-12)
    assert mean["se"].iloc[0] == pytest.approx(18.48610855746811, rel=1e-9)
    assert total["se"].iloc[0] == pytest.approx(114502.9564049574, rel=1e-9)


def test_one_factor_for_everybody_of_a_unit() -> None:
    entry = ENTRIES["calib/apiclus1/aggregate_stage"]
    frame, drawn = sample("apiclus1")
    people, design = fl.calibrate(frame, {"stype": TYPES}, design=drawn, method="linear", aggregate="dnum")
    np.testing.assert_allclose(people[design.weights], entry["weights"], rtol=RTOL)
    row = fl.estimate_mean(people, "api00", design=design).to_frame().iloc[0]
    assert row["value"] == pytest.approx(entry["result"]["estimate"], rel=RTOL)
    assert row["se"] == pytest.approx(entry["result"]["se"], rel=RTOL)


def test_post_strata_that_nobody_is_in_are_left_out_where_asked() -> None:
    entry = ENTRIES["calib/apiclus1/partial"]
    totals = pd.DataFrame({"stype": list("EHMX"), "Freq": [4421, 755, 1018, 10]})
    frame, drawn = sample("apiclus1")
    people, design = fl.post_stratify(frame, "stype", totals, design=drawn, partial=True)
    row = fl.estimate_total(people, "api00", design=design).to_frame().iloc[0]
    assert row["value"] == pytest.approx(entry["result"]["estimate"], rel=RTOL)
    assert row["se"] == pytest.approx(entry["result"]["se"], rel=RTOL)


def synthetic() -> tuple[pd.DataFrame, fl.Design]:
    frame = table("synth_a")
    frame = frame.assign(stratum_c=frame["stratum"].replace("S08", "S07"))
    return frame, fl.Design(weights="weight", strata="stratum_c", psu="psu", expands=True)


NON_RESPONSE = [n for n in ENTRIES if n.startswith("nonresponse/") and not n.endswith("/factors")]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", NON_RESPONSE)
def test_non_response(name: str, engine: str) -> None:
    frame, design = synthetic()
    propensity = name.endswith("propensity")
    how: dict[str, Any] = {"covariates": ["sex", "agegrp", "migrant"]} if propensity else {"by": ["sex", "agegrp"]}
    people, design = fl.adjust_nonresponse(on_engine(frame, engine), "resp", design=design, **how)
    result = ENTRIES[name]["result"]
    if name.endswith("svyciprop"):
        estimates = fl.estimate_prevalence(people, "forced", design=design, interval="beta", df="domain")
    elif "svytotal" in name:
        estimates = fl.estimate_total(people, "debt", design=design, interval="wald", df="design")
    else:
        estimates = fl.estimate_mean(people, "debt", design=design, df="design")
    row = estimates.to_frame().iloc[0]
    for ours, theirs in (("value", "estimate"), ("se", "se"), ("lower", "ci_low"), ("upper", "ci_high")):
        assert row[ours] == pytest.approx(result[theirs], rel=RTOL), ours


def test_factors_of_weighting_classes() -> None:
    frame, design = synthetic()
    result = ENTRIES["nonresponse/synth_a/factors"]["result"]
    people, design = fl.adjust_nonresponse(frame, "resp", design=design, by=["sex", "agegrp"])
    factors = (people[design.weights] / people["weight"]).groupby(people["sex"] + " " + people["agegrp"]).mean()
    np.testing.assert_allclose(factors.loc[result["names"]], result["estimate"], rtol=RTOL)


@pytest.mark.parametrize("name", [n for n in ENTRIES if n.startswith("kish/")])
def test_kish(name: str) -> None:
    frame, design = synthetic()
    if name == "kish/nhanes":
        frame, design = table("nhanes"), fl.Design(weights="WTMEC2YR", strata="SDMVSTRA", psu="SDMVPSU", expands=True)
    row = fl.weight_summary(frame, design=design).to_frame().iloc[0]
    np.testing.assert_allclose(
        row[["deff_kish", "n_effective"]].astype(float), ENTRIES[name]["result"]["estimate"], rtol=RTOL
    )
    assert math.isclose(row["n"] / row["n_effective"], row["deff_kish"])


def test_every_entry_is_run() -> None:
    others = {"calib/apiclus1/aggregate_stage", "calib/apiclus1/partial", "nonresponse/synth_a/factors"}
    kish = {name for name in ENTRIES if name.startswith("kish/")}
    assert {*CALIB, *NON_RESPONSE, *others, *kish} == set(ENTRIES)
