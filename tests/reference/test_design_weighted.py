"""Means, totals, ratios, domains, single-unit rules and intervals agree with R survey 4.4.2 (Wilson: 4.5), on three engines."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl
from tests.reference import r_calls

FILES = ("taylor", "designs", "replicates")
ENTRIES = {
    entry["id"]: entry
    for name in FILES
    for entry in json.loads((Path(__file__).parent / "survey" / f"{name}.json").read_text(encoding="utf-8"))["entries"]
}
ENGINES = ("pandas", "polars", "duckdb")
INTERVALS: dict[str | None, Any] = {
    "mean": "wald",
    "logit": "logit",
    "xlogit": "xlogit",
    "beta": "beta",
    "wilson": "wilson",
    "asin": "arcsine",
    "likelihood": "likelihood",
}

# Closed forms: 1e-9, the same algebra. R fits the logit interval iteratively: 1e-7.
RTOL = 1e-9
LOGIT_RTOL = 1e-7
# R reads the limits of the likelihood off a spline (reference/survey/README.md: to 2e-3); ours solves the equation.
LIKELIHOOD_RTOL = 2e-3

# R's beta counts rows with a missing outcome in n (methods/survey.md §4); ours counts rows with an outcome. The limits
# move by up to 1e-4 nationally, and by a few per cent in the small groups of nhanes where many outcomes are missing.
BETA_COUNTS_MISSING_ROWS = {
    "taylor/nhanes/ciprop/beta": 1e-3,
    "taylor/nhanes/ciprop_rare/beta": 1e-3,
    "taylor/nhanes/ciprop90/beta": 1e-3,
    "taylor/nhanes/by_ciprop_beta": 6e-2,
    **{f"rep/nhanes/{kind}/HI_CHOL/ciprop_beta": 1e-3 for kind in ("BRR", "JKn", "Fay03")},
    **{f"lonely/nhanes_lonely/{rule}/beta": 1e-3 for rule in (
        "remove", "certainty", "adjust", "adjust_domadj", "average", "average_domadj")},
}  # fmt: skip
# R's fit of each replicate stops early: its own withReplicates(qlogis(…)) on these weights gives 0.0140654592612231 and
# 0.0538098185453837, which are ours to the last digit.
ITERATED = {"rep/synth_a/mrbbootstrap/provided/ciprop_logit": 1e-5}
# R's asin lets an angle below 0 fold back above it; ours is 0 there.
NOT_COPIED = {("taylor/mu284/ciprop_rare/asin", "lower")}
# Domains with zero or only cases: R gives NaN, [0, 0] or 2e-12; ours gives [0, U] or [L, 1] (see the unit tests).
NO_OR_ALL_CASES = ("zerocount/", "allcount/")


def on_engine(frame: pd.DataFrame, engine: str) -> Any:
    if engine == "pandas":
        return frame
    if engine == "polars":
        return pl.from_pandas(frame.reset_index(drop=True)).lazy()
    return duckdb.connect().from_df(frame.reset_index(drop=True))


def estimate(call: r_calls.Call, engine: str) -> fl.Estimates:
    people = on_engine(call.frame, engine)
    common: dict[str, Any] = {
        "design": call.design, "by": list(call.by) or None, "where": call.where, "unknown": "exclude",
        "level": call.level, "df": call.df or ("domain" if call.method or call.where else "design"),
    }  # fmt: skip
    if call.function == "svyciprop":
        return fl.estimate_prevalence(people, call.outcomes, interval=INTERVALS[call.method], **common)
    if call.denominator is not None:
        return fl.estimate_ratio(people, call.outcomes, call.denominator, **common)
    if call.function == "svytotal":
        return fl.estimate_total(people, call.outcomes, interval="wald", **common)
    if call.function == "svyvar":
        return fl.estimate_variance(people, call.outcomes, **common)
    if "level" in call.outcomes:
        return fl.estimate_prevalence(people, call.outcomes, interval="wald", **common)
    return fl.estimate_mean(people, call.outcomes, **common)


def numbers(values: Any) -> np.ndarray:
    values = values if isinstance(values, list) else [values]
    return np.array([{"NA": math.nan, "NaN": math.nan, "Inf": math.inf}.get(v, v) for v in values], dtype=float)


def rows(frame: pd.DataFrame, call: r_calls.Call, result: dict[str, Any]) -> pd.DataFrame:
    """Our rows in R's order: outcomes nationally, or R's groups."""
    if not call.by:
        return frame[frame["margin"] == ""]
    found = frame[frame["margin"] != ""]
    keys = found[list(call.by)].astype("string").agg("|".join, axis=1)
    wanted = [
        "|".join(str(group.get(name, group.get(name.replace("_", ".")))) for name in call.by)
        for group in result["groups"]
    ]
    return found.set_index(keys).loc[wanted]


PLAIN = [
    i
    for i, e in ENTRIES.items()
    if "error" not in e and e["call"].split("(")[0] not in ("degf", "cv") and "unwtd" not in e["call"]
]
PLAIN = [i for i in PLAIN if not i.startswith(NO_OR_ALL_CASES)]


def needs_row_numbers(entry: dict[str, Any]) -> bool:
    """Rows are the units and must be told apart: an engine without an order of rows refuses (FL-DESIGN-26)."""
    apart = "pps=" in entry["design"] or "twophase" in entry["design"] or "as.svrepdesign" in entry["design"]
    return ("id=~1" in entry["design"] or "twophase" in entry["design"]) and (
        apart or bool((entry.get("options") or {}).get("survey.adjust.domain.lonely"))
    )


RUNS = [
    (name, engine)
    for name in PLAIN
    for engine in ENGINES
    if not (engine == "duckdb" and needs_row_numbers(ENTRIES[name]))
    # Of the many statistics of a replicate design, the engines' sums differ in none: two of them run everywhere.
    if engine == "pandas" or "svrep" not in ENTRIES[name]["design"] or name.endswith(("/by", "/ciprop_logit"))
]


@pytest.mark.parametrize(("name", "engine"), RUNS)
def test_value_se_and_limits(name: str, engine: str) -> None:
    entry = ENTRIES[name]
    call, result = r_calls.read(entry), entry["result"]
    estimates = estimate(call, engine)
    ours = rows(estimates.to_frame(), call, result)
    rtol = ITERATED.get(name, LOGIT_RTOL if call.method in ("logit", "likelihood") else RTOL)
    np.testing.assert_allclose(ours["value"], numbers(result["estimate"]), rtol=rtol)
    # R leaves rounding dust where every value is the same; ours is 0 there (proportions), or dust as small.
    # Without cases our se is 0 also where R has none to give.
    edges = (ours["cases"].notna() & ours["value"].isin([0.0, 1.0])).to_numpy()
    error, size = numbers(result["se"]), np.abs(numbers(result["estimate"])).max()
    # A variance that is 0 in exact arithmetic (votes, drawn by votes) is dust of either sign to R.
    none = (ours["se"] == 0).to_numpy() & ~(error > 1e-7 * size)
    error = np.where(none | (edges & np.isnan(error)), 0.0, error)
    np.testing.assert_allclose(ours["se"], error, rtol=rtol, atol=1e-14 * size)
    edges = edges | none
    keep, rtol = ~edges, BETA_COUNTS_MISSING_ROWS.get(name, LIKELIHOOD_RTOL if call.method == "likelihood" else rtol)
    for side, theirs in (("lower", "ci_low"), ("upper", "ci_high")):
        if (name, side) in NOT_COPIED:
            continue
        limit = numbers(result[theirs])
        np.testing.assert_allclose(ours[side].to_numpy()[keep], limit[keep], rtol=rtol, atol=1e-12 * size)


def _with(key: str) -> list[str]:
    return [name for name in PLAIN if (ENTRIES[name].get("result") or {}).get(key)]


@pytest.mark.parametrize("name", _with("deff"))
def test_design_effect(name: str) -> None:
    """Ours is against sampling with replacement: R's deff="replace", or its TRUE × (1 − n/N̂)."""
    entry = ENTRIES[name]
    call, result = r_calls.read(entry), entry["result"]
    ours = rows(estimate(call, "pandas").to_frame(), call, result)
    theirs = numbers(result["deff"])
    if call.deff == "true":
        theirs = theirs * (1 - ours["n"].to_numpy(dtype=float) / _people(call, ours))
    keep = np.isfinite(theirs) & ~np.isnan(ours["deff"].to_numpy())
    np.testing.assert_allclose(ours["deff"].to_numpy()[keep], theirs[keep], rtol=1e-8)
    assert keep.any() or (ours["se"] < 1e-9).all()


def _people(call: r_calls.Call, ours: pd.DataFrame) -> np.ndarray:
    """N̂ of R: the weights of rows that have all that the statistic needs."""
    needed = [*call.outcomes, *([call.denominator] if call.denominator else [])]
    frame = call.frame.assign(one=call.frame[needed].notna().all(axis=1).astype(float))
    totals = fl.estimate_total(frame, "one", design=call.design, by=list(call.by) or None, where=call.where).to_frame()
    if not call.by:
        return np.full(len(ours), totals["value"].iloc[0])
    groups = [dict(zip(call.by, key, strict=True)) for key in ours[list(call.by)].to_numpy()]
    return rows(totals, call, {"groups": groups})["value"].to_numpy()


@pytest.mark.parametrize("name", [n for n in _with("vcov") if np.size(ENTRIES[n]["result"]["vcov"]) > 1])
def test_covariance(name: str) -> None:
    entry = ENTRIES[name]
    call, result = r_calls.read(entry), entry["result"]
    estimates = estimate(call, "pandas")
    positions = rows(estimates.to_frame().reset_index(), call, result)["index"].to_numpy()
    theirs = np.array([numbers(row) for row in result["vcov"]])
    dust = 1e-16 * numbers(result["estimate"]).max() ** 2
    ours = estimates.covariance[np.ix_(positions, positions)]
    np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-12 * np.abs(theirs).max() + dust)


@pytest.mark.parametrize("name", [i for i, e in ENTRIES.items() if e["call"].startswith("degf")])
def test_degrees_of_freedom(name: str) -> None:
    call = r_calls.read(ENTRIES[name])
    rule = "domain" if call.where else "design"
    estimates = fl.estimate_mean(call.frame.assign(one=1.0), "one", design=call.design, where=call.where, df=rule)
    assert estimates.to_frame()["df"].iloc[0] == numbers(ENTRIES[name]["result"]["estimate"])[0]


@pytest.mark.parametrize("name", [i for i, e in ENTRIES.items() if e["call"].startswith("cv(")])
def test_coefficient_of_variation(name: str) -> None:
    entry = ENTRIES[name]
    inner = {**entry, "call": entry["call"][len("cv(") : -1]}
    estimates = estimate(r_calls.read(inner), "pandas")
    np.testing.assert_allclose(estimates.cv.iloc[0], numbers(entry["result"]["estimate"])[0], rtol=RTOL)


@pytest.mark.parametrize("name", [i for i, e in ENTRIES.items() if "unwtd.count" in e["call"]])
def test_rows_counted(name: str) -> None:
    entry = ENTRIES[name]
    call, result = r_calls.read(entry), entry["result"]
    ours = rows(estimate(call, "pandas").to_frame(), call, result)
    np.testing.assert_array_equal(ours["n"], numbers(result["estimate"]))


# R's likelihood stops without cases ("profiling has found a better solution"); ours answers as for the other intervals.
REFUSED = [i for i, e in ENTRIES.items() if "error" in e and not i.startswith(NO_OR_ALL_CASES)]


@pytest.mark.parametrize("name", REFUSED)
def test_what_r_refuses_is_refused(name: str) -> None:
    with pytest.raises(fl.FlError, match="FL-DESIGN-12"):
        estimate(r_calls.read(ENTRIES[name]), "pandas")


@pytest.mark.parametrize("name", [i for i in ENTRIES if i.startswith(NO_OR_ALL_CASES)])
def test_no_or_all_cases(name: str) -> None:
    """R has no interval here (NaN, [0, 0], 2e-12); the value agrees and our limits hold the value on one side only."""
    call = r_calls.read(ENTRIES[name])
    row = estimate(call, "pandas").to_frame().iloc[0]
    expected = 0.0 if name.startswith("zerocount/") else 1.0
    assert row["value"] == expected
    assert row["se"] == 0
    if call.function == "svyciprop":
        assert row["lower"] == 0 if expected == 0 else 0.9 < row["lower"] < 1
        assert row["upper"] == 1 if expected == 1 else 0 < row["upper"] < 0.1
        assert row["interval_kind"] == ("wilson" if call.method == "wilson" else "korn-graubard")
