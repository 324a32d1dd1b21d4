"""Two-list and log-linear estimates, existence and intervals agree with Rcapture 1.4-4, SparseMSE 2.0.1 and MSE 1.2.0."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate.estimators.capture_recapture.fitting import fit_poisson
from fl_estimate.estimators.capture_recapture.loglinear import PopulationProfile, require_estimable
from fl_estimate.estimators.capture_recapture.terms import read_terms

FOLDER = Path(__file__).parent / "capture_recapture"
ENTRIES: list[dict[str, Any]] = json.loads((FOLDER / "loglinear.json").read_text(encoding="utf-8"))
# R's glm stops at a relative change of 1e-8 in the deviance, so that its figures hold to about 1e-6; ours go on to 1e-12.
RTOL = 1e-6
# Its standard errors are those of the step before the last: seen up to 6.1e-5 relative (new_orleans_8_v185).
SE_RTOL = 1e-4


@cache
def histories(name: str) -> fl.CaptureHistories:
    table = pd.read_csv(FOLDER / "data" / f"{name}.csv")
    return fl.CaptureHistories.from_counts(table, lists=[column for column in table.columns if column != "count"])


def chosen(method: str) -> list[Any]:
    return [
        pytest.param(e, id=f"{e['dataset']}/{e['method']}/{i}") for i, e in enumerate(ENTRIES) if method in e["method"]
    ]


@pytest.mark.parametrize("entry", chosen("lincoln_petersen_chapman"))
def test_two_lists(entry: dict[str, Any]) -> None:
    a, b = entry["extras"]["lists"]
    row = cr.chapman(histories(entry["dataset"]), a, b, interval="wald").to_frame().iloc[0]
    np.testing.assert_allclose(
        [row["value"], row["lower"], row["upper"]], [entry["estimate"], *entry["interval"]], rtol=1e-9
    )
    if entry["extras"]["m"] == 0:
        with pytest.raises(fl.FlError, match="FL-EST-36"):
            cr.petersen(histories(entry["dataset"]), a, b)
    else:
        value = cr.petersen(histories(entry["dataset"]), a, b).to_frame()["value"].iloc[0]
        assert value == pytest.approx(entry["extras"]["lincoln_petersen"], rel=1e-12)


def absent(entry: dict[str, Any]) -> list[str]:
    """Terms that R put at minus infinity: one name, several, or none."""
    found = entry["extras"]["minus_infinity"] or []
    return [found] if isinstance(found, str) else found


def pairs(entry: dict[str, Any]) -> list[tuple[str, ...]]:
    return [tuple(name.split(":")) for name in (*entry["extras"]["coefficients"], *absent(entry)) if ":" in name]


@pytest.mark.parametrize("entry", chosen("SparseMSE.stepwise"))
def test_poisson_fit_of_the_model_that_sparsemse_chose(entry: dict[str, Any]) -> None:
    h = histories(entry["dataset"])
    fit = cr.loglinear(h, pairs(entry) or "main", interval="wald")
    row = fit.to_frame().iloc[0]
    np.testing.assert_allclose(row["value"], entry["estimate"], rtol=RTOL)
    np.testing.assert_allclose([row["lower"], row["upper"]], entry["interval"], rtol=SE_RTOL)
    ours = fit.diagnostics["parameters"]
    for name, value in entry["extras"]["coefficients"].items():
        key = "intercept" if name == "(Intercept)" else ":".join(sorted(name.split(":"), key=h.lists.index))
        assert ours[key] == pytest.approx(value, abs=1e-5)
    closed = [":".join(sorted(name.split(":"), key=h.lists.index)) for name in absent(entry)]
    assert sorted(fit.diagnostics["minus_infinity"]) == sorted(closed)


@pytest.mark.parametrize("entry", chosen("Rcapture.closedp.t:Mt"))
def test_standard_error_and_criteria(entry: dict[str, Any]) -> None:
    fit = cr.loglinear(histories(entry["dataset"]))
    frame, extras = fit.to_frame(), entry["extras"]
    np.testing.assert_allclose(frame["value"].iloc[0], entry["estimate"], rtol=RTOL)
    np.testing.assert_allclose(frame["se"].iloc[0], extras["stderr"], rtol=SE_RTOL)
    found = [fit.diagnostics[name] for name in ("deviance", "aic", "bic")]
    np.testing.assert_allclose(found, [extras[name] for name in ("deviance", "AIC", "BIC")], rtol=RTOL)


@pytest.mark.parametrize("entry", chosen("Rcapture.closedpCI.t"))
def test_profile(entry: dict[str, Any]) -> None:
    """Rcapture puts Stirling's formula for the factorials, which leaves out 1/(12 f) of a dark figure f in the likelihood.

    What that does to the maximiser is se²/(12 f²), and to a limit the difference at the two ends over the slope there.
    """
    h, terms = histories(entry["dataset"]), "two-way" if "two_way" in entry["method"] else "main"
    if cr.check(h, terms).code:
        # R goes on and prints 5e13 people.
        with pytest.raises(fl.FlError, match="FL-EST-35"):
            cr.loglinear(h, terms, likelihood="multinomial")
        return
    dark, se = entry["estimate"] - h.n, entry["extras"]["stderr"]
    reduced = require_estimable(h, read_terms(h, terms))
    profile = PopulationProfile(reduced=reduced, n=h.n, start=fit_poisson(reduced.matrix, reduced.counts).parameters)
    row = cr.loglinear(h, terms, likelihood="multinomial").to_frame().iloc[1]
    theirs = [entry["estimate"], *(x for x in entry["interval"])]
    for ours, their in zip((row["value"], row["lower"], row["upper"]), theirs, strict=True):
        if isinstance(their, str):
            # Rcapture stops looking at three times the estimate and prints ">…".
            assert np.isnan(ours) or ours > float(their.lstrip(">")) - h.n
        else:
            limit = their - h.n
            slope = abs(profile.at(limit)[1])
            stirling = se**2 / (12 * dark**2) if limit == dark else abs(1 / limit - 1 / dark) / 12 / slope
            # To first order in 1/f, and R's optimiser adds up to 3e-6 of its own.
            assert ours == pytest.approx(limit, abs=1.1 * stirling + 3e-6 * dark)


@pytest.mark.parametrize("entry", chosen("check_extended_MLE"))
def test_existence(entry: dict[str, Any]) -> None:
    h, model = histories(entry["dataset"]), entry["extras"]["model"]
    if model == "all two-list interactions":
        terms: Any = "two-way"
    else:
        sets = [part for part in model.strip("[]").split(",") if len(part) > 1]
        terms = [tuple(h.lists[int(digit) - 1] for digit in part) for part in sets] or "main"
    assert cr.check(h, terms).code == entry["estimate"]


def test_uk_2013_as_printed_in_the_issue_of_the_first_members() -> None:
    """Rcapture 1.4-4 on the six lists: main effects, and the seven pairs that SparseMSE's stepwise p = 0.02 takes."""
    uk = fl.datasets.load("uk_2013_6")
    seven = [("PF", "NCA"), ("LA", "NG"), ("NG", "GP"), ("LA", "PF"), ("PF", "GP"), ("GO", "GP"), ("NG", "GO")]
    found = [
        cr.loglinear(uk, terms, likelihood=likelihood).to_frame()["value"].iloc[0]
        for terms in ("main", seven)
        for likelihood in ("poisson", "multinomial")
    ]
    np.testing.assert_allclose(found, [12_213.995, 12_208.567, 11_417.991, 11_408.920], atol=2e-3)
    row = cr.loglinear(uk, seven, likelihood="multinomial").to_frame().iloc[0]
    np.testing.assert_allclose([row["lower"], row["upper"]], [9_982.3, 13_181.7], atol=0.05)
