"""A design that was written as JSON and read again gives the same estimates and errors, whatever it says."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.inputs.design_storage import design_from_json, design_to_json


def people() -> pd.DataFrame:
    rng = np.random.default_rng(7)
    n = 120
    frame = pd.DataFrame({"ea": np.arange(n) // 5, "stratum": np.arange(n) // 30, "sex": np.arange(n) % 2})
    frame["w"], frame["p"], frame["half"] = rng.uniform(2, 9, n), 0.3, (rng.uniform(size=n) < 0.5).astype(int)
    frame["y"] = rng.normal(size=n)
    return frame.assign(**{f"rw{r}": frame["w"] * rng.uniform(0, 2, n) for r in range(6)})


def unit_replicates(frame: pd.DataFrame) -> fl.Design:
    return fl.replicate(
        frame, design=fl.Design(weights="w", strata="stratum", psu="ea"), kind="rao-wu", replicates=9, seed=3
    )


def calibrated(frame: pd.DataFrame) -> tuple[Any, fl.Design]:
    return fl.calibrate(frame, {"sex": {"0": 300.0, "1": 320.0}}, design=unit_replicates(frame))


DESIGNS: dict[str, Any] = {
    "stages": lambda f: (f, fl.Design(weights="w", strata="stratum", stages=("ea",), single_psu="average")),
    "file": lambda f: (f, fl.Design(weights="w", replicates=fl.Replicates([f"rw{r}" for r in range(6)], kind="bootstrap"))),
    "units": lambda f: (f, unit_replicates(f)),
    "pps": lambda f: (f, fl.Design(fpc="p", pps="brewer")),
    "phases": lambda f: (f, fl.Design(weights="w", phase2=("half", fl.Design(strata="sex")))),
    "calibrated": calibrated,
}  # fmt: skip


@pytest.mark.parametrize("name", DESIGNS)
def test_a_design_comes_back(name: str) -> None:
    frame, design = DESIGNS[name](people())
    again = design_from_json(json.loads(json.dumps(design_to_json(design))))
    assert again == design
    one, other = (fl.estimate_mean(frame, "y", by="sex", design=each).to_frame() for each in (design, again))
    assert one["se"].notna().all()
    pd.testing.assert_frame_equal(one, other)


def test_joint_probabilities_come_back() -> None:
    joint = np.full((4, 4), 0.2) + np.diag([0.3] * 4)
    design = fl.Design(fpc="p", pps="ht", joint=joint)
    again = design_from_json(json.loads(json.dumps(design_to_json(design))))
    assert again.joint is not None
    assert np.array_equal(again.joint, joint)
