"""Averages of few sources agree with metafor: weights, Cochran's Q, τ² of DerSimonian and Laird, Hartung–Knapp, prediction."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

import fl_estimate as fl
from fl_estimate.estimators.synthesis.combine import averaged, cochran

STORED: dict[str, Any] = json.loads((Path(__file__).parent / "meta" / "golden.json").read_text(encoding="utf-8"))
ENTRIES = {entry["id"]: entry for entry in STORED["entries"]}


@pytest.mark.parametrize("name", [name for name in ENTRIES if name.endswith(("/EE/z", "/DL/adhoc"))])
def test_average_and_limits(name: str) -> None:
    entry = ENTRIES[name]
    given, wanted = STORED["data"][entry["data"]], entry["result"]
    y, v = np.array(given["yi"]), np.array(given["vi"])
    q, _, p = cochran(y, v)
    assert (q, p) == pytest.approx((wanted["QE"], wanted["QE_p"]), rel=1e-8)
    found = averaged(y, v, wanted["tau2"] if "/DL/" in name else None)
    half = stats.t.ppf(0.975, found.df) * found.se
    limits = (found.value - half, found.value + half)
    assert found.value == pytest.approx(wanted["estimate"], rel=1e-8)
    assert limits == pytest.approx((wanted["ci_low"], wanted["ci_high"]), rel=1e-8)


@pytest.mark.parametrize("name", [name for name in ENTRIES if name.endswith("/DL/adhoc")])
def test_through_the_public_function(name: str) -> None:
    # The scale is the logarithm: sources whose logarithms are those of the entry, shifted so that all are above 0.
    entry = ENTRIES[name]
    given, wanted = STORED["data"][entry["data"]], entry["result"]
    sources = {
        f"s{position}": fl.synthesis.published(np.exp(y), se=np.exp(y) * np.sqrt(v), source=f"s{position}")
        for position, (y, v) in enumerate(zip(given["yi"], given["vi"], strict=True))
    }
    found = fl.synthesis.combine(sources, method="random")
    row = found.to_frame().iloc[0]
    assert np.log([row["value"], row["lower"], row["upper"]]) == pytest.approx(
        [wanted["estimate"], wanted["ci_low"], wanted["ci_high"]], rel=1e-7
    )
    assert row["df"] == wanted["ci_df"]
    assert found.diagnostics["tau"][0] ** 2 == pytest.approx(wanted["tau2"], rel=1e-7, abs=1e-12)
    (prediction,) = found.diagnostics["prediction"]
    if wanted["k"] == 2:
        assert prediction is None
    else:
        assert np.log(prediction) == pytest.approx([wanted["pi_riley"]["low"], wanted["pi_riley"]["high"]], rel=1e-7)
    # Never narrower than with normal limits.
    plain = ENTRIES[name.replace("/adhoc", "/z")]["result"]
    assert np.log(row["upper"]) >= plain["ci_high"] - 1e-9
