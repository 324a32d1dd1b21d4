"""Lists with covariates and counts of one register agree with VGAM 1.1-13, and with likelihoods maximised in R where VGAM has none."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate import capture_recapture as cr

FOLDER = Path(__file__).parent / "capture_recapture"
ENTRIES: list[dict[str, Any]] = json.loads((FOLDER / "covariates.json").read_text(encoding="utf-8"))
# Deer mice came with a package under the GPL and are not handed on: a folder that has them can be named.
ELSEWHERE = os.environ.get("FL_ESTIMATE_REFERENCE_DATA", "")
# vglm stops at a relative change of 1e-11 in the log-likelihood: N holds to 1e-6, standard errors to 1e-5 (its covariance is
# that of the step before the last).
SIZE, ERROR = 1e-6, 1e-5
# The negative binomial was maximised in R by steps of finite differences: 1e-4, by its own account.
TOLERANCE = {"negative": (1e-6, 1e-4)}
MODELS: dict[str, dict[str, Any]] = {
    "M_t no covariates": {},
    "M_th x1+x2 parallel (default)": {"common": "x1 + x2"},
    "M_th x1+x2 parallel written out": {"common": "x1 + x2"},
    "M_th x1+x2 list by list": {"covariates": "x1 + x2"},
    "M_th x1 list by list, x2 parallel": {"covariates": "x1", "common": "x2"},
    "M_th x1*x2 parallel": {"common": "x1 * x2"},
    "M_t": {},
    "M_0": {"covariates": "0", "common": "1"},
    "M_th sex+weight (default parallel.t=FALSE~1)": {"common": "sex + weight"},
    "M_h sex+weight+age": {"covariates": "0", "common": "sex + weight + age"},
    "M_h sex+weight through posbinomial": {"covariates": "0", "common": "sex + weight"},
    "M_h through b: drop.b=FALSE~0": {"covariates": "0", "common": "sex + weight"},
    "M_th sex by occasion": {"covariates": "sex"},
    "all terms by occasion (parallel.t=TRUE~0)": {"covariates": "sex + weight"},
}
BEHAVIOUR: dict[str, dict[str, Any]] = {
    "M_b": {"covariates": "0", "common": "1"},
    "M_bh sex+weight": {"covariates": "0", "common": "1 + sex + weight"},
    "M_tb": {},
    "M_tbh sex+weight": {"common": "sex + weight"},
    "M_bh through tb, sex+weight+age": {"covariates": "0", "common": "1 + sex + weight + age"},
}
"""A first capture that changes later ones: of occasions in time order, which case lists are not."""


@cache
def data(name: str) -> pd.DataFrame:
    if name != "deermice":
        return pd.read_csv(FOLDER / "data" / f"{name}.csv")
    path = Path(ELSEWHERE) / "deermice.csv"
    if not ELSEWHERE or not path.is_file():
        pytest.skip("deer mice are not handed on: FL_ESTIMATE_REFERENCE_DATA names a folder that has them")
    return pd.read_csv(path)


def of(*features: str) -> list[Any]:
    return [pytest.param(e, id=e["id"]) for e in ENTRIES if e["feature"] in features and e["method"] not in BEHAVIOUR]


def test_every_entry_is_compared() -> None:
    assert len(ENTRIES) == 79
    lists = {e["method"] for e in ENTRIES if e["feature"] in ("posbernoulli", "posbinomial")}
    assert lists == set(MODELS) | set(BEHAVIOUR)


@pytest.mark.parametrize("entry", [pytest.param(e, id=e["id"]) for e in ENTRIES if e["method"] in BEHAVIOUR])
def test_occasions_with_a_response_to_the_first_capture(entry: dict[str, Any]) -> None:
    frame = data(entry["dataset"])
    lists = [name for name in map(str, frame) if name[0] == "y" and name[1:].isdigit()]
    histories = fl.CaptureHistories.from_records(frame, lists=lists, ordered=True, covariates=["sex", "weight", "age"])
    found = cr.conditional_loglinear(histories, behaviour="1", interval="wald", **BEHAVIOUR[entry["method"]])
    row = found.to_frame().iloc[0]
    np.testing.assert_allclose(row["value"], entry["estimate"], rtol=SIZE)
    np.testing.assert_allclose(row["se"], entry["extras"]["se_N"], rtol=ERROR)
    np.testing.assert_allclose(found.diagnostics["log_likelihood"], entry["extras"]["loglik"], atol=1e-9)


@pytest.mark.parametrize("entry", of("posbernoulli", "posbinomial"))
def test_lists_with_covariates(entry: dict[str, Any]) -> None:
    frame = data(entry["dataset"])
    lists = [name for name in map(str, frame) if name[0] in "Ly" and name[1:].isdigit()]
    found = cr.conditional_loglinear(frame, lists=lists, interval="wald", **MODELS[entry["method"]])
    row = found.to_frame().iloc[0]
    np.testing.assert_allclose(row["value"], entry["estimate"], rtol=SIZE)
    np.testing.assert_allclose(row["se"], entry["extras"]["se_N"], rtol=ERROR)
    if entry["feature"] == "posbernoulli":
        # posbinomial's likelihood has the orders in which a person can be caught so many times in it.
        np.testing.assert_allclose(found.diagnostics["log_likelihood"], entry["extras"]["loglik"], atol=1e-6)
        theirs = sorted(entry["extras"]["coefficients"].values())
        ours = sorted(value for value, _ in found.diagnostics["coefficients"].values())
        if "age" not in entry["method"]:  # of two classes, one coded the other way round
            np.testing.assert_allclose(ours, theirs, atol=2e-6)


def called(entry: dict[str, Any], **settings: Any) -> fl.Estimates:
    frame, method = data(entry["dataset"]), entry["method"]
    given: dict[str, Any] = {"interval": "wald"} | settings
    given |= {"frequency": "frequency"} if "frequency" in frame else {"count": "y"}
    if "~" in method:
        given["covariates"] = "sex + age"
    if entry["feature"] == "chao_zelterman":
        return (cr.generalised_zelterman if method.startswith("Zelterman") else cr.generalised_chao)(frame, **given)
    named: dict[str, Any] = {"posgeometric": "geometric", "truncated": "negative-binomial"}
    return cr.zero_truncated(frame, distribution=named.get(method.split()[0], "poisson"), **given)


@pytest.mark.parametrize("entry", of("zero_truncated", "chao_zelterman"))
def test_counts_of_one_register(entry: dict[str, Any]) -> None:
    found, extras = called(entry), entry["extras"]
    row = found.to_frame().iloc[0]
    size, error = TOLERANCE["negative"] if "negative" in entry["method"] else (SIZE, ERROR)
    np.testing.assert_allclose(row["value"], entry["estimate"], rtol=size)
    np.testing.assert_allclose(row["se"], extras["se_N"], rtol=error)
    if "loglik" in extras and "frequency" not in data(entry["dataset"]):
        np.testing.assert_allclose(found.diagnostics["log_likelihood"], extras["loglik"], atol=1e-6)
    if "se_sampling_part" in extras:
        parts = [found.diagnostics[name] for name in ("se_sampling_part", "se_model_part")]
        np.testing.assert_allclose(parts, [extras["se_sampling_part"], extras["se_model_part"]], rtol=error)


@pytest.mark.parametrize("entry", of("one_inflated"))
def test_one_inflation(entry: dict[str, Any]) -> None:
    """Both sizes; standard errors of coefficients against the observed information, which VGAM has not (its own is expected)."""
    after, before = called(entry, one_inflated="after"), called(entry, one_inflated="before")
    extras, check = entry["extras"], entry["check"]
    np.testing.assert_allclose(after.to_frame()["value"].iloc[0], entry["estimate"], rtol=SIZE)
    np.testing.assert_allclose(before.to_frame()["value"].iloc[0], extras["N_inflation_before_truncation"], rtol=SIZE)
    coefficients = dict(after.diagnostics["coefficients"])
    ours = [coefficients.pop("logit inflated"), *coefficients.values()]
    np.testing.assert_allclose(
        [value for value, _ in ours], list(extras["coefficients"].values()), rtol=1e-5, atol=1e-7
    )
    # optim's observed information, of finite differences.
    np.testing.assert_allclose([error for _, error in ours], check["se_own"], rtol=2e-4)


@pytest.mark.parametrize("name", ["cottontail", "heroin_bangkok", "machinists"])
def test_logarithmic_limits_of_chao(name: str) -> None:
    entry = next(e for e in ENTRIES if e["id"] == f"chao_zelterman/{name}/Chao lower bound")
    row = cr.generalised_chao(data(name), frequency="frequency").to_frame().iloc[0]
    np.testing.assert_allclose([row["lower"], row["upper"]], entry["extras"]["ci_log"], rtol=1e-6)
