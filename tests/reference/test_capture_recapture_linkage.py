"""Corrections for errors of linkage are those computed in R from the equations that each entry writes out, gradients and both standard errors too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate import capture_recapture as cr

ENTRIES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "capture_recapture" / "linkage.json").read_text(encoding="utf-8")
)
EQUATIONS: dict[str, Any] = {
    "margins kept": "margins-kept",
    "Ding-Fienberg cells": "ding-fienberg-cells",
    "Di Consiglio-Tuoto cells": "di-consiglio-tuoto-cells",
}


@pytest.mark.parametrize("entry", [pytest.param(e, id=e["method"]) for e in ENTRIES])
def test_equations_are_those_of_the_reference(entry: dict[str, Any]) -> None:
    """To 1e-9 of the value; 1e-8 of what R found with numerical gradients."""
    told, counts = entry["extras"], entry["extras"]["counts"]
    table = pd.DataFrame({"a": [1, 1, 0], "b": [1, 0, 1], "count": [counts["n11"], counts["n10"], counts["n01"]]})
    lists = fl.CaptureHistories.from_counts(table, lists=["a", "b"])
    asked: dict[str, Any] = {
        "missed": 1 - told["alpha"], "false_links": told["beta"], "variance": "multinomial", "interval": "wald",
        "equations": EQUATIONS[entry["method"].split(": ")[1]],
    }  # fmt: skip
    found = cr.linkage_corrected(lists, "a", "b", **asked)
    row = found.to_frame().iloc[0]
    np.testing.assert_allclose(row["value"], entry["estimate"], rtol=1e-9)
    np.testing.assert_allclose(row["se"], told["se_N"], rtol=1e-8)
    np.testing.assert_allclose([row["lower"], row["upper"]], entry["interval"], rtol=1e-8)
    np.testing.assert_allclose(
        [found.diagnostics["gradient_alpha"], found.diagnostics["gradient_beta"]],
        [told["gradient_alpha"], told["gradient_beta"]], rtol=1e-8,
    )  # fmt: skip
    clerical = cr.linkage_corrected(lists, "a", "b", checked_missed=400, checked_false=600, **asked)
    np.testing.assert_allclose(clerical.to_frame()["se"].iloc[0], told["se_N_with_clerical"], rtol=1e-8)
    assert found.diagnostics["petersen_uncorrected"] == pytest.approx(told["lincoln_petersen_uncorrected"], rel=1e-8)
