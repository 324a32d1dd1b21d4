"""Joined rounds of a rotating sample, trends, changes, averages and tests of them agree with R survey 4.4.2 and R's Welch test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from tests.reference import models_of_r as r

HERE = Path(__file__).parent / "rounds"
THEIRS: dict[str, Any] = json.loads((HERE / "golden.json").read_text(encoding="utf-8"))
DESIGN = fl.Design(weights="weight", strata="stratum", psu="psu")


def by_year(kind: str, **more: Any) -> fl.Estimates:
    panel = pd.read_csv(HERE / "panel.csv")
    where = "woman == 1" if kind == "women" else None
    if kind == "plain":
        return fl.estimate_prevalence(panel, "forced", by="year", design=DESIGN, where=where, df="design", **more)
    parts = {str(year): part.drop(columns="year") for year, part in panel.groupby("year")}
    people, design = fl.join_rounds(parts, overlap="psu", name="year", design=DESIGN)
    return fl.estimate_prevalence(people, "forced", by="year", design=design, where=where, df="design", **more)


@pytest.mark.parametrize("kind", ["grouped", "plain", "women"])
def test_rounds_have_the_covariance_that_r_gives_them(kind: str) -> None:
    found = by_year(kind)
    of = (found.frame["margin"] == "year").to_numpy()
    np.testing.assert_allclose(found.frame["value"][of], THEIRS[f"{kind}_estimate"], rtol=1e-12)
    np.testing.assert_allclose(found.covariance[np.ix_(of, of)].ravel(), THEIRS[f"{kind}_vcov"], rtol=1e-10, atol=1e-16)
    assert found.frame["df"][of].tolist() == THEIRS[f"{kind}_degf"] * 3


@pytest.mark.parametrize("kind", ["grouped", "plain", "women"])
def test_changes_slopes_and_averages_of_rounds(kind: str) -> None:
    rounds = by_year(kind)
    change = fl.synthesis.changes(rounds, column="year")
    average = fl.synthesis.average_rounds(rounds, column="year")
    equal = fl.synthesis.trend(rounds, column="year", weighting="equal")
    for found, name in ((change, "change"), (average, "average"), (equal, "slope")):
        np.testing.assert_allclose((found.value, found.se), THEIRS[f"{kind}_{name}"], rtol=1e-9)
    ratio = fl.synthesis.changes(rounds, column="year", scale="ratio")
    value, se = THEIRS[f"{kind}_log_ratio"]
    np.testing.assert_allclose((np.log(ratio.value), ratio.se / ratio.value), (value, se), rtol=1e-9)


@pytest.mark.parametrize("kind", ["grouped", "plain", "women"])
def test_lines_and_tests_of_rounds(kind: str) -> None:
    """Generalised least squares from R's covariance by the formula; any change on the logit scale is R's Wald test of the rounds."""
    rounds = by_year(kind)
    slope, se, rest = THEIRS[f"{kind}_gls"]
    found = fl.synthesis.trend(rounds, column="year", df=10.0)
    np.testing.assert_allclose((found.value, found.se), (slope, se), rtol=1e-9)
    departure = found.diagnostics["cells"][0]["departure"]
    np.testing.assert_allclose((departure["f"], departure["q"]), (rest, 1), rtol=1e-9)
    f, q, freedom, p = THEIRS[f"{kind}_factor_wald"]
    test = fl.synthesis.trend_test(rounds, column="year", scale="logit", df=freedom)
    np.testing.assert_allclose(test.to_frame()["value"], (p, f, q), rtol=1e-8)


def test_any_change_between_independent_rounds_is_welchs_test() -> None:
    groups = pd.DataFrame({"g": THEIRS["welch_group"], "x": THEIRS["welch_x"]})
    design = fl.Design(unweighted=True)
    rounds = {f"201{g}": fl.estimate_mean(part, "x", design=design) for g, part in groups.groupby("g")}
    f, q, freedom, p = THEIRS["welch"]
    test = fl.synthesis.trend_test(rounds).to_frame()
    np.testing.assert_allclose(test["value"], (p, f, q), rtol=1e-10)
    np.testing.assert_allclose(test["df"], [freedom] * 3, rtol=1e-10)


def test_the_line_through_five_rounds() -> None:
    """The contrast and the Wald test of the stored reference values, entries trend/rounds_5 of R survey."""
    entry = r.ENTRIES["trend/rounds_5/linear_contrast"]
    means = fl.estimate_prevalence(r.people("rounds_5"), "forced", by="year", design=r.design(entry)[0], df="design")
    found, theirs = fl.synthesis.trend(means, column="year", weighting="equal", df=64.0), entry["result"]
    for ours, key in (("value", "estimate"), ("se", "se"), ("lower", "ci_low"), ("upper", "ci_high")):
        np.testing.assert_allclose(found.to_frame().iloc[0][ours], theirs[key], rtol=1e-9)
    wald = r.ENTRIES["trend/rounds_5/factor_wald"]["result"]
    test = fl.synthesis.trend_test(means, column="year", scale="logit", df=float(wald["ddf"]))
    np.testing.assert_allclose(test.to_frame()["value"], (wald["p_value"], wald["F"], wald["df"]), rtol=1e-8)
    pairs = fl.synthesis.changes(means, column="year", pairs="all").to_frame()
    theirs = r.ENTRIES["trend/rounds_5/all_pairs"]["result"]
    assert pairs["term"].tolist() == [" − ".join(reversed(one.split(" - "))) for one in theirs["names"]]
    np.testing.assert_allclose(-pairs["value"], theirs["estimate"], rtol=1e-9)
    np.testing.assert_allclose(pairs["se"], theirs["se"], rtol=1e-9)
