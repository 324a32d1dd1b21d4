"""Proportional odds and multinomial logits agree with R's svyolr run to the end, and with VGAM's vglm in a design's sandwich."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from tests.reference import models_of_r as r

SEVERITY = ["a_none", "b_low", "c_mid", "d_high"]
ORDINAL: dict[str, tuple[str, str]] = {
    "olr/synth_c/logit": ("severity ~ sex + educ + age", "logit"),
    "olr/synth_c/logit_r_defaults": ("severity ~ sex + educ + age", "logit"),
    "olr/synth_c/probit": ("severity ~ sex + region", "probit"),
    "olr/synth_c/cloglog": ("severity ~ sex + educ", "loglog"),
    "olr/apistrat/logit": ("q ~ ell + stype", "logit"),
    "olr/apiclus2/logit": ("q ~ meals", "logit"),
    "olr/synth_c_JKn/logit": ("severity ~ sex + educ + age", "logit"),
}


def people(name: str) -> pd.DataFrame:
    frame = r.people(r.ENTRIES[name]["data"])
    cuts = {"apistrat": [0, 560, 650, 740, 1000], "apiclus2": [0, 620, 720, 1000]}.get(r.ENTRIES[name]["data"])
    return frame if cuts is None else frame.assign(q=pd.cut(frame["api00"], cuts, labels=False))


@pytest.mark.parametrize("name", ORDINAL)
def test_proportional_odds(name: str) -> None:
    formula, link = ORDINAL[name]
    entry = r.ENTRIES[name]
    found = fl.regress_ordinal(
        people(name), formula, order=SEVERITY if "severity" in formula else None, link=link,  # pyright: ignore[reportArgumentType]
        design=r.design(entry)[0], unknown="exclude",
    ).to_frame()  # fmt: skip
    # `tight_*` is a Newton with numerical derivatives (R's defaults stop 2e-4 away): good for seven digits of a coefficient
    # and five of a standard error. That our derivatives are exact is in tests/unit/estimators/test_class_regression.py.
    np.testing.assert_allclose(found["value"], entry["check"]["tight_estimate"], rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(found["se"], entry["check"]["tight_se"], rtol=5e-6)
    assert (found["df"] == entry["result"]["df_resid"]).all()


MULTINOMIAL: dict[str, tuple[str, Any]] = {
    "multinomial/synth_c/job": ("job ~ sex + age + educ", "agri"),
    "multinomial/nhanes/agecat": ("agecat ~ sex + HI_CHOL", "(19,39]"),
    "multinomial/synth_c_JKn/job": ("job ~ sex + educ", "agri"),
}


@pytest.mark.parametrize("name", MULTINOMIAL)
def test_multinomial(name: str) -> None:
    formula, reference = MULTINOMIAL[name]
    entry = r.ENTRIES[name]
    found = fl.regress_multinomial(
        people(name), formula, reference=reference, design=r.design(entry)[0], unknown="exclude"
    )
    theirs = entry["result"]
    frame = found.to_frame()
    assert len(frame) == len(theirs["names"])
    np.testing.assert_allclose(frame["value"], theirs["estimate"], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(frame["se"], theirs["se"], rtol=1e-9)
    np.testing.assert_allclose(found.covariance, theirs["vcov"], rtol=0, atol=1e-9 * np.abs(theirs["vcov"]).max())


def test_every_entry_is_run() -> None:
    assert set(ORDINAL) == set(r.of("svyolr"))
    assert set(MULTINOMIAL) == set(r.of("multinomial"))
