"""Steps of adjustment: each row is the estimate that the step alone would give, in the order in which the design was adjusted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.errors import EstimateFault
from tests.unit.estimators.sensitivity.open_people import open_people, sample


def drawn() -> pd.DataFrame:
    rows = np.arange(400)
    sex = np.where(rows % 2 == 0, "f", "m")
    answered = np.where(sex == "f", rows % 4 != 0, rows % 10 != 1).astype(int)
    fl_ = np.where(rows % 7 == 0, 1.0, 0.0)
    fl_[rows % 13 == 5] = np.nan
    return pd.DataFrame({"w": 10.0 + rows % 3, "ea": rows % 25, "sex": sex, "ok": answered, "fl": fl_})


def adjusted() -> tuple[pd.DataFrame, fl.Design]:
    people, design = fl.adjust_nonresponse(drawn(), "ok", design=fl.Design(weights="w", psu="ea"), by="sex")
    return fl.calibrate(people, {"sex": {"f": 2_500, "m": 2_600}}, design=design)


def few_of_adjustment_steps() -> fl.Estimates:
    from tests.unit.reporting.few import DESIGN as OF_FEW
    from tests.unit.reporting.few import few

    return fl.adjustment_steps(few(), "fl", design=OF_FEW)


def test_each_row_is_the_estimate_of_its_step() -> None:
    people, design = adjusted()
    steps = fl.adjustment_steps(people, "fl", design=design)
    frame = steps.to_frame()
    assert frame["term"].tolist() == [
        "design_weights", "nonresponse_adjusted", "calibrated", "unknown_counted_as_no", "bounds", "bounds", "bounds",
    ]  # fmt: skip
    known = people[people["fl"].notna()]
    for row, column in enumerate(("w", "w_adjusted", design.weights)):
        assert frame["value"].iloc[row] == pytest.approx(np.average(known["fl"], weights=known[column]))
    assert frame["value"].iloc[3] == pytest.approx(np.average(people["fl"].fillna(0), weights=people[design.weights]))
    assert frame["value"].iloc[5] == pytest.approx(np.average(people["fl"].fillna(1), weights=people[design.weights]))


def test_rows_have_the_errors_of_their_own_designs() -> None:
    people, design = adjusted()
    steps = fl.adjustment_steps(people, "fl", design=design).to_frame()
    first = fl.estimate_prevalence(people, "fl", design=fl.Design(weights="w", psu="ea"), unknown="exclude")
    last = fl.estimate_prevalence(people, "fl", design=design, unknown="exclude")
    both = fl.estimate_prevalence(people, "fl", design=design, unknown="bounds").to_frame()
    columns = ["value", "se", "lower", "upper"]
    assert steps.loc[[0], columns].to_numpy() == pytest.approx(first.to_frame()[columns].to_numpy())
    assert steps.loc[[2], columns].to_numpy() == pytest.approx(last.to_frame()[columns].to_numpy())
    assert steps.loc[4:, columns].to_numpy(dtype=float) == pytest.approx(
        both[columns].to_numpy(dtype=float), nan_ok=True
    )


def test_no_covariance_is_said_so_that_no_difference_is_tested() -> None:
    people, design = adjusted()
    with pytest.raises(EstimateFault, match="FL-EST-20"):
        fl.contrast(fl.adjustment_steps(people, "fl", design=design), {"term": ("calibrated", "design_weights")})


def test_a_design_that_was_never_adjusted_has_one_step_of_weights() -> None:
    terms = fl.adjustment_steps(drawn(), "fl", design=fl.Design(weights="w", psu="ea")).to_frame()["term"]
    assert terms.tolist() == ["design_weights", "unknown_counted_as_no", *["bounds"] * 3]


def test_without_unknown_answers_the_last_steps_agree() -> None:
    people = drawn().assign(fl=lambda f: f["fl"].fillna(0))
    values = fl.adjustment_steps(people, "fl", design=fl.Design(weights="w", psu="ea")).to_frame()["value"].dropna()
    assert values.to_numpy() == pytest.approx(np.full(4, values.iloc[0]))


def test_trimmed_twice_is_two_steps_of_two_names() -> None:
    people, design = fl.trim_weights(drawn(), design=fl.Design(weights="w", psu="ea"), upper=11.9)
    people, design = fl.trim_weights(people, design=design, upper=11.5)
    terms = fl.adjustment_steps(people, "fl", design=design).to_frame()["term"].tolist()
    assert terms[:3] == ["design_weights", "trimmed", "trimmed 2"]


def test_imputed_answers_stand_between_no_and_the_bounds() -> None:
    people = open_people(sample(), share=[0.5] * 60, reasons=["refusal"] * 60)
    steps = fl.adjustment_steps(people, "fl").to_frame()
    assert steps["term"].tolist() == [
        "design_weights",
        "unknown_counted_as_no",
        "imputed",
        "bounds",
        "bounds",
        "bounds",
    ]
    imputed = fl.estimate_prevalence(people, "fl", unknown="impute")
    assert (steps["value"].iloc[2], steps["se"].iloc[2]) == (imputed.value, imputed.se)
    assert steps["value"].iloc[1] < steps["value"].iloc[2] < steps["value"].iloc[4]


def test_replicate_weights_of_the_file_tell_the_error_of_the_last_weights_only() -> None:
    frame = drawn()
    rng = np.random.default_rng(2)
    for place in range(10):
        frame[f"r{place}"] = frame["w"] * rng.uniform(0.5, 1.5, len(frame))
    own = fl.Replicates(columns=[f"r{place}" for place in range(10)], kind="bootstrap")
    people, design = fl.adjust_nonresponse(frame, "ok", design=fl.Design(weights="w", psu="ea"), by="sex")
    # the replicate weights that the office gives with the last weights
    steps = fl.adjustment_steps(people, "fl", design=replace(design, replicates=own))
    frame = steps.to_frame()
    assert frame["se"].isna().tolist() == [True, False, False, False, False, True]
    assert [r.row for r in steps.reasons if r.code == "step_without_error"] == [0]


def test_one_outcome_at_a_time() -> None:
    with pytest.raises(EstimateFault, match="FL-EST-473"):
        fl.adjustment_steps(drawn().assign(kind="a"), ["fl", "ok"], design=fl.Design(weights="w", psu="ea"))  # type: ignore[arg-type]
