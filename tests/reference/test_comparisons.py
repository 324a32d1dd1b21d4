"""Pairs of domains, domains against all, and trends over rounds agree with R survey 4.4.2, adjusted p-values among them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fl_estimate as fl
from tests.reference import models_of_r as r

COLUMNS: dict[str, tuple[str, str]] = {
    "pairwise/nhanes/race": ("HI_CHOL", "race"),
    "pairwise/synth_c/forced_region": ("forced", "region"),
    "vs_overall/synth_c/forced_region": ("forced", "region"),
    "vs_overall/nhanes/race": ("HI_CHOL", "race"),
    "trend/rounds_5/all_pairs": ("forced", "year"),
}


def column(name: str) -> tuple[str, str]:
    if name in COLUMNS:
        return COLUMNS[name]
    call = r.ENTRIES[name]["call"]
    if call.startswith("vs_overall"):
        outcome, by = call.split("'")[1], call.split("'")[3]
        return outcome, by
    parts = call.split("svyby(~")[1].split(",")
    return parts[0], parts[1].removeprefix("~")


def domains(name: str) -> tuple[fl.Estimates, str]:
    entry = r.ENTRIES[name]
    design, where = r.design(entry)
    outcome, by = column(name)
    return (
        fl.estimate_mean(
            r.people(entry["data"]), outcome, by=by, design=design, where=where, unknown="exclude", df="design"
        ),
        by,
    )


@pytest.mark.parametrize("name", [*r.of("pairwise"), "trend/rounds_5/all_pairs"])
def test_every_pair(name: str) -> None:
    means, by = domains(name)
    found, theirs = fl.contrast(means, {by: "pairwise"}), r.ENTRIES[name]["result"]
    np.testing.assert_allclose(found.covariance, theirs["vcov"], rtol=1e-9, atol=1e-9 * np.abs(theirs["vcov"]).max())
    for adjust, p, low, high in (
        ("none", "p_raw", "ci_low", "ci_high"),
        ("bonferroni", "p_bonferroni", "ci_bonferroni_low", "ci_bonferroni_high"),
        ("holm", "p_holm", "ci_bonferroni_low", "ci_bonferroni_high"),
    ):
        tests = fl.multiple_tests(found, adjust=adjust)  # pyright: ignore[reportArgumentType]
        assert tests["term"].tolist() == [one.replace(" - ", " − ") for one in theirs["names"]]
        for ours, key in (
            ("value", "estimate"),
            ("se", "se"),
            ("t", "t"),
            ("p_adjusted", p),
            ("lower", low),
            ("upper", high),
        ):
            np.testing.assert_allclose(
                tests[ours], theirs[key], rtol=1e-8 if ours == "p_adjusted" else 1e-9, atol=1e-12
            )


@pytest.mark.parametrize("name", r.of("vs_overall"))
def test_against_all(name: str) -> None:
    """With replicates the difference is repeated: R's delta method is another statistic, `se_second` this one."""
    means, by = domains(name)
    entry = r.ENTRIES[name]
    theirs, second = entry["result"], entry["check"].get("se_second")
    tests = fl.multiple_tests(fl.contrast(means, {by: "overall"}), adjust="holm")
    np.testing.assert_allclose(tests["value"], theirs["estimate"], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(tests["se"], theirs["se"] if second is None else second, rtol=1e-9)
    if second is None or "JKn" not in name:
        np.testing.assert_allclose(tests["p"], theirs["p_raw"], rtol=1e-8)
        np.testing.assert_allclose(tests["p_adjusted"], theirs["p_holm"], rtol=1e-8)


def test_linear_trend_over_rounds() -> None:
    theirs = r.ENTRIES["trend/rounds_5/linear_contrast"]["result"]
    means, _ = domains("trend/rounds_5/all_pairs")
    found = fl.contrast(means, {"year": (2012, 2014, 2016, 2018, 2020)}, weights=[-0.1, -0.05, 0, 0.05, 0.1])
    row = found.to_frame().iloc[0]
    for ours, key in (("value", "estimate"), ("se", "se"), ("lower", "ci_low"), ("upper", "ci_high")):
        np.testing.assert_allclose(row[ours], theirs[key], rtol=1e-9)
    rounds, by_round = means.to_frame().query("margin == 'year'"), r.ENTRIES["trend/rounds_5/by_round"]["result"]
    np.testing.assert_allclose(rounds["value"], by_round["estimate"], rtol=1e-9)
    np.testing.assert_allclose(rounds["se"], by_round["se"], rtol=1e-9)


@pytest.mark.parametrize(
    ("name", "formula", "term"),
    [
        ("trend/rounds_5/quadratic_wald", "forced ~ poly(year, 2)", "poly(year, 2)"),
        ("trend/rounds_5/factor_wald", "forced ~ C(year)", "C(year)"),
    ],
)
def test_wald_tests_of_a_trend(name: str, formula: str, term: str) -> None:
    entry: dict[str, Any] = r.ENTRIES[name]
    theirs, design = entry["result"], r.design(entry)[0]
    test = fl.term_test(fl.regress(r.people("rounds_5"), formula, design=design), term)
    assert test.df == (theirs["df"], theirs["ddf"])
    np.testing.assert_allclose((test.statistic, test.p_value), (theirs["F"], theirs["p_value"]), rtol=1e-8)
