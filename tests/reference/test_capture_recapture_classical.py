"""Bounds, closed models, selection by stepwise tails, AIC and BIC, and the bootstrap agree with Rcapture 1.4-4, SparseMSE 2.0.1, MSE 1.2.0 and modslavmse 2.0."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import special

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate.estimators.capture_recapture import bootstrap as resampling
from fl_estimate.estimators.capture_recapture.batch import Fitter, lattice
from fl_estimate.estimators.capture_recapture.existence import full_counts
from fl_estimate.estimators.capture_recapture.fitting import fit_poisson
from fl_estimate.estimators.capture_recapture.loglinear import PopulationProfile, require_estimable
from fl_estimate.estimators.capture_recapture.model_space import best_of, rank_by_bic
from fl_estimate.estimators.capture_recapture.stepwise import stepwise
from fl_estimate.estimators.capture_recapture.terms import read_terms
from tests.reference.draws import assert_is_bca_limit

FOLDER = Path(__file__).parent / "capture_recapture"
ENTRIES: list[dict[str, Any]] = json.loads((FOLDER / "classical.json").read_text(encoding="utf-8"))
CHOSEN: list[dict[str, Any]] = json.loads((FOLDER / "loglinear.json").read_text(encoding="utf-8"))
# R's glm stops at a relative change of 1e-8 in the deviance: its figures hold to about 1e-6, ours to 1e-12.
RTOL = 1e-6
# Its standard errors are those of the step before the last: for one and the same model closedp.t and closedp.0 differ
# between themselves by up to 2.3e-4 (new_orleans_5, Mh Poisson2: 515.373 and 515.490).
SE_RTOL = 3e-4
BOUNDS: dict[str, Any] = {"chao_lower_bound": "classic", "chao_lower_bound_bias_corrected": "bias-corrected",
          "chao_lower_bound_t_lists": "t-lists"}  # fmt: skip
# R goes on where there is no estimate: negative sizes (Mb, Mbh: first captures rise), or 96.00 people of 96 as a
# parameter runs to infinity (artificial_3, on which nobody is on three lists).
REFUSED = {
    *(("artificial_3", f"{kind}-{form}") for kind in ("Mh", "Mth") for form in ("poisson", "darroch", "gamma")),
    ("uk_2013_5", "Mb"),
    *((name, model) for name in ("australia", "madigan_york_spina_3") for model in ("Mb", "Mbh")),
}
# R keeps one η at -17 here, which counts as a parameter though it is 0 for all that it does.
ETA_AT_ZERO = {("new_orleans_8_v185", "Mh-chao"), ("new_orleans_8_v185", "Mth-chao")}


@cache
def histories(name: str, ordered: bool = False) -> fl.CaptureHistories:
    table = pd.read_csv(FOLDER / "data" / f"{name}.csv")
    lists = [column for column in table.columns if column != "count"]
    return fl.CaptureHistories.from_counts(table, lists=lists, ordered=ordered)


def of(entries: list[dict[str, Any]], *heads: str) -> list[Any]:
    return [pytest.param(e, id=f"{e['dataset']}/{e['method']}") for e in entries if e["method"].startswith(heads)]


def threshold(entry: dict[str, Any]) -> float:
    return float(entry["method"].rsplit("=", 1)[1])


@pytest.mark.parametrize("entry", of(ENTRIES, "chao_lower", "zelterman"))
def test_bounds(entry: dict[str, Any]) -> None:
    h, kind = histories(entry["dataset"]), BOUNDS.get(entry["method"])
    row = (cr.chao(h, kind) if kind else cr.zelterman(h)).to_frame().iloc[0]
    np.testing.assert_allclose(row["value"], entry["estimate"], rtol=1e-10)
    if entry["interval"]:
        np.testing.assert_allclose([row["lower"], row["upper"]], entry["interval"], rtol=1e-10)


def closed_name(method: str) -> tuple[str, Any]:
    kind, name = method.removeprefix("Rcapture.closedp.").split(":")
    for theirs, ours in ((" (LB)", ""), ("Poisson2", "poisson"), ("Gamma3.5", "gamma"), (" ", "-")):
        name = name.replace(theirs, ours)
    return kind, name.replace("Chao", "chao").replace("Darroch", "darroch")


@pytest.mark.parametrize("entry", of(ENTRIES, "Rcapture.closedp."))
def test_closed(entry: dict[str, Any]) -> None:
    kind, model = closed_name(entry["method"])
    h = histories(entry["dataset"], ordered=model in ("Mb", "Mbh"))
    if (entry["dataset"], model) in REFUSED:
        with pytest.raises(fl.FlError, match=r"FL-EST-8[78]") as refused:
            cr.closed(h, model)
        if model.startswith("Mb"):
            assert f"{entry['estimate']:,.1f} people" in refused.value.found
        return
    found = cr.closed(h, model, bias_corrected=kind == "bc")
    row, extras, told = found.to_frame().iloc[0], entry["extras"], found.diagnostics
    np.testing.assert_allclose(row["value"], entry["estimate"], rtol=RTOL)
    if model != "Mbh":  # see the next test
        np.testing.assert_allclose(row["se"], extras["stderr"], rtol=SE_RTOL)
    if kind == "t":
        np.testing.assert_allclose(told["deviance"], extras["deviance"], rtol=RTOL)
        extra = (entry["dataset"], model) in ETA_AT_ZERO
        assert told["degrees_of_freedom"] == extras["df"] + extra
        n = np.log(h.n)
        np.testing.assert_allclose([told["aic"], told["bic"]], [extras["AIC"] - 2 * extra, extras["BIC"] - n * extra],
                                   rtol=RTOL)  # fmt: skip
    elif kind == "0":
        seen, fitted = h.frequencies, np.array(told["fitted_frequencies"])
        deviance = 2 * (special.xlogy(seen, seen / fitted) - seen + fitted).sum()
        assert deviance == pytest.approx(extras["deviance"], rel=RTOL, abs=1e-6)


def test_standard_error_of_mbh_is_zippins() -> None:
    """Rcapture's is larger (artificial_3: 42.588); after the first occasion Mbh is a removal of the N − u₁ people left.

    Zippin's variance of k removals is N (1 − q^k) q^k/((1 − q^k)² − (p k)² q^{k − 1}) (Seber 1982, p. 312).
    """
    found = cr.closed(histories("artificial_3", ordered=True), "Mbh")
    p = found.diagnostics["first_capture"]
    q, k, left = 1 - p, 2, found.to_frame()["value"].iloc[0] - 46
    variance = left * (1 - q**k) * q**k / ((1 - q**k) ** 2 - (p * k) ** 2 * q ** (k - 1))
    assert found.to_frame()["se"].iloc[0] == pytest.approx(np.sqrt(variance), rel=1e-9)


def terms_of(entry: dict[str, Any]) -> set[frozenset[str]]:
    """The pairs that SparseMSE chose: with a coefficient, or at −∞."""
    absent = entry["extras"]["minus_infinity"] or []
    names = (*entry["extras"]["coefficients"], *([absent] if isinstance(absent, str) else absent))
    return {frozenset(name.split(":")) for name in names if ":" in name}


def pairs_in(term: str, h: fl.CaptureHistories) -> set[frozenset[str]]:
    if term == "main":
        return set()
    if term == "two-way":
        return {frozenset((a, b)) for a in h.lists for b in h.lists if a != b}
    return {frozenset(name.split(":")) for name in term.split(", ")}


@pytest.mark.parametrize("entry", of(CHOSEN, "SparseMSE.stepwise"))
def test_stepwise_chooses_as_sparsemse(entry: dict[str, Any]) -> None:
    h = histories(entry["dataset"])
    row = cr.select_stepwise(h, threshold=threshold(entry), tails="poisson", interval="wald").to_frame().iloc[0]
    np.testing.assert_allclose(row["value"], entry["estimate"], rtol=RTOL)
    np.testing.assert_allclose([row["lower"], row["upper"]], entry["interval"], rtol=1e-4)
    assert pairs_in(row["term"], h) == terms_of(entry)


@pytest.mark.parametrize("entry", of(ENTRIES, "MSE.stepwise p="))
def test_stepwise_chooses_as_mse(entry: dict[str, Any]) -> None:
    h = histories(entry["dataset"])
    found = cr.select_stepwise(h, threshold=threshold(entry), tails="poisson", interval="wald")
    np.testing.assert_allclose(found.to_frame()["value"].iloc[0], entry["estimate"], rtol=RTOL)
    criteria = [found.diagnostics["aic"], found.diagnostics["bic"]]
    np.testing.assert_allclose(criteria, [entry["extras"]["aic"], entry["extras"]["bic"]], rtol=RTOL)


@pytest.mark.parametrize("entry", of(ENTRIES, "modslavmse.MSEfit"))
def test_aic_with_p_chooses_as_modslavmse(entry: dict[str, Any]) -> None:
    """Its limits are Rcapture's, with Stirling's formula: 1/(12 f) of the log-likelihood at a dark figure f is missing."""
    h, chosen = histories(entry["dataset"]), entry["extras"]["selected"]
    found = (
        cr.loglinear(h, likelihood="multinomial")
        if entry["method"].endswith("main")
        else cr.select_aic_p(h, threshold=threshold(entry))
    )
    frame = found.to_frame()
    theirs = {frozenset(h.lists[int(i) - 1] for i in name.removeprefix("lambda").split("_"))
              for name in chosen if name.startswith("lambda")}  # fmt: skip
    assert pairs_in(frame["term"].iloc[0], h) == theirs
    np.testing.assert_allclose(found.diagnostics["aic"], entry["extras"]["aic"], rtol=RTOL)
    reduced = require_estimable(h, read_terms(h, [tuple(pair) for pair in theirs] or "main"))
    fit = fit_poisson(reduced.matrix, reduced.counts)
    profile = PopulationProfile(reduced=reduced, n=h.n, start=fit.parameters)
    dark, row = entry["estimate"] - h.n, frame.iloc[1]
    se = cr.loglinear(h, [tuple(pair) for pair in theirs] or "main").to_frame()["se"].iloc[0]
    for ours, their in zip((row["value"], row["lower"], row["upper"]), (entry["estimate"], *entry["interval"]), strict=True):  # fmt: skip
        limit = their - h.n
        missing = (
            se**2 / (12 * dark**2) if limit == dark else abs(1 / limit - 1 / dark) / 12 / abs(profile.at(limit)[1])
        )
        # To first order in 1/f; R's optimiser adds up to 3e-6 of its own (1e-4 persons at least).
        assert ours == pytest.approx(limit, abs=1.1 * missing + 3e-6 * dark)


def sets_of(model: str, h: fl.CaptureHistories) -> Any:
    parts = [part for part in model.strip("[]").split(",") if len(part) > 1]
    return [tuple(h.lists[int(digit) - 1] for digit in part) for part in parts] or "main"


@pytest.mark.parametrize("entry", of(ENTRIES, "MSE.bic maxorder"))
def test_bic_chooses_as_mse(entry: dict[str, Any]) -> None:
    h, extras = histories(entry["dataset"]), entry["extras"]
    found = cr.select_bic(h, max_order=int(entry["method"][-1]), interval="wald")
    row, told = found.to_frame().iloc[0], found.diagnostics
    np.testing.assert_allclose([row["value"], told["bic"]], [entry["estimate"], extras["BIC"]], rtol=RTOL)
    assert told["models_with_estimate"] == extras["n_models_admissible"]
    space = lattice(len(h.lists), int(entry["method"][-1]))
    ranked = rank_by_bic(Fitter(lattice=space), full_counts(h, space.members))
    theirs = extras["top10"]
    np.testing.assert_allclose(h.n + ranked.dark[: len(theirs)], [m["abundance"] for m in theirs], rtol=RTOL)
    np.testing.assert_allclose(ranked.bic[: len(theirs)], [m["BIC"] for m in theirs], rtol=RTOL)


@pytest.mark.parametrize("entry", of(ENTRIES, "Rcapture.closedpMS"))
def test_every_model_of_rcaptures_search(entry: dict[str, Any]) -> None:
    """Its ten best by BIC: the same fit, or refused where the estimate does not exist, which Rcapture does not look at."""
    h, met = histories(entry["dataset"]), 0
    for theirs in entry["extras"]["top10_bic"]:
        terms = sets_of(theirs["model"], h)
        if cr.check(h, terms).code:
            with pytest.raises(fl.FlError, match="FL-EST-35"):
                cr.loglinear(h, terms)
            continue
        found = cr.loglinear(h, terms)
        row, told = found.to_frame().iloc[0], found.diagnostics
        values = [row["value"], told["deviance"], told["aic"]]
        # A saturated model's deviance is 0 and rounding.
        expected = [theirs["abundance"], theirs["deviance"], theirs["AIC"]]
        np.testing.assert_allclose(values, expected, rtol=RTOL, atol=1e-9)
        np.testing.assert_allclose(row["se"], theirs["stderr"], rtol=SE_RTOL)
        met += 1
    assert met >= 4


def parts_for(name: str, max_order: int) -> tuple[fl.CaptureHistories, Fitter, np.ndarray]:
    h = histories(name)
    space = lattice(len(h.lists), max_order)
    return h, Fitter(lattice=space), full_counts(h, space.members)


def assert_same_share(values: np.ndarray, limit: float, share: float, theirs: int) -> None:
    """The share of our draws below R's quantile is R's level, within 4 standard errors of both sets of draws.

    A level below one draw gives R's smallest draw, whose own level is 1/B give or take as much.
    """
    share = min(max(share, 1 / theirs), 1 - 1 / theirs)
    error = np.sqrt(share * (1 - share) * (1 / theirs + 1 / len(values)))
    assert (values < limit).mean() == pytest.approx(share, abs=4 * error + 1 / theirs)


@pytest.mark.parametrize("entry", of(ENTRIES, "MSE.stepwise bootstrap"))
def test_draws_of_the_stepwise_bootstrap(entry: dict[str, Any]) -> None:
    """R's random numbers are not ours: distributions are compared. The acceleration has no chance in it: to 1e-6."""
    h, fitter, counts = parts_for(entry["dataset"], 2)
    extras, theirs = entry["extras"], int(entry["method"].split("nboot=")[1].split()[0])
    ours = 3000 if theirs == 1000 else 1000
    draws = resampling.draw(
        counts, lambda tables: stepwise(fitter, tables, 0.02, "poisson").dark, replicates=ours, seed=1
    )
    told = resampling.bootstrap(draws, entry["estimate"], h.n, kind="bca", level=0.95).diagnostics
    assert told["acceleration"] == pytest.approx(extras["ahat"], rel=1e-5)
    assert_same_share(draws.size, entry["estimate"], float(special.ndtr(extras["z0"])), theirs)
    for name, value in extras["percentile"].items():
        assert_same_share(draws.size, value, float(name[1:]) / 100, theirs)
    for level, limit in extras["BCa"].items():
        shifted = extras["z0"] + special.ndtri(float(level))
        share = float(special.ndtr(extras["z0"] + shifted / (1 - extras["ahat"] * shifted)))
        assert_same_share(draws.size, limit, share, theirs)


@pytest.mark.parametrize("entry", of(ENTRIES, "MSE.bic bootstrap"))
def test_draws_of_the_bic_bootstrap(entry: dict[str, Any]) -> None:
    """R's own z₀ of 100 draws is off by its standard error, which the comparison allows for."""
    _, fitter, counts = parts_for(entry["dataset"], 3)
    ranked = rank_by_bic(fitter, counts)
    for theirs in entry["extras"]["by_ntop"]:
        models = ranked.models[: theirs["ntop"]]
        draws = resampling.draw(counts, lambda t, m=models: best_of(fitter, t, m)[:, -1], replicates=500, seed=1)
        for level in (0.025, 0.1, 0.9, 0.975):
            assert_is_bca_limit(draws, entry["estimate"], level, theirs[str(level)], 100)
