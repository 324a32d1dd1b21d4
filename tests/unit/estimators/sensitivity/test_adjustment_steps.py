"""Steps of adjustment: each row is the estimate that the step alone would give, in the order in which the design was adjusted."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

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


def levels(steps: fl.Estimates) -> pd.DataFrame:
    frame = steps.to_frame()
    return frame[frame["quantity"] == "step_prevalence"].reset_index(drop=True)


def changes(steps: fl.Estimates) -> pd.DataFrame:
    frame = steps.to_frame()
    return frame[frame["quantity"] == "step_change"].reset_index(drop=True)


def test_each_row_is_the_estimate_of_its_step() -> None:
    people, design = adjusted()
    frame = levels(fl.adjustment_steps(people, "fl", design=design))
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
    steps = levels(fl.adjustment_steps(people, "fl", design=design))
    first = fl.estimate_prevalence(people, "fl", design=fl.Design(weights="w", psu="ea"), unknown="exclude")
    last = fl.estimate_prevalence(people, "fl", design=design, unknown="exclude")
    both = fl.estimate_prevalence(people, "fl", design=design, unknown="bounds").to_frame()
    columns = ["value", "se", "lower", "upper"]
    assert steps.loc[[0], columns].to_numpy() == pytest.approx(first.to_frame()[columns].to_numpy())
    assert steps.loc[[2], columns].to_numpy() == pytest.approx(last.to_frame()[columns].to_numpy())
    assert steps.loc[4:, columns].to_numpy(dtype=float) == pytest.approx(
        both[columns].to_numpy(dtype=float), nan_ok=True
    )


def test_a_design_that_was_never_adjusted_has_one_step_of_weights() -> None:
    terms = levels(fl.adjustment_steps(drawn(), "fl", design=fl.Design(weights="w", psu="ea")))["term"]
    assert terms.tolist() == ["design_weights", "unknown_counted_as_no", *["bounds"] * 3]


def test_without_unknown_answers_the_last_steps_agree() -> None:
    people = drawn().assign(fl=lambda f: f["fl"].fillna(0))
    steps = fl.adjustment_steps(people, "fl", design=fl.Design(weights="w", psu="ea"))
    values = levels(steps)["value"].dropna()
    assert changes(steps)[["value", "se", "lower", "upper"]].to_numpy() == pytest.approx(np.zeros((1, 4)))
    assert values.to_numpy() == pytest.approx(np.full(4, values.iloc[0]))


def test_trimmed_twice_is_two_steps_of_two_names() -> None:
    people, design = fl.trim_weights(drawn(), design=fl.Design(weights="w", psu="ea"), upper=11.9)
    people, design = fl.trim_weights(people, design=design, upper=11.5)
    terms = levels(fl.adjustment_steps(people, "fl", design=design))["term"].tolist()
    assert terms[:3] == ["design_weights", "trimmed", "trimmed 2"]


def test_imputed_answers_stand_between_no_and_the_bounds() -> None:
    people = open_people(sample(), share=[0.5] * 60, reasons=["refusal"] * 60)
    steps = levels(fl.adjustment_steps(people, "fl"))
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
    for position in range(10):
        frame[f"r{position}"] = frame["w"] * rng.uniform(0.5, 1.5, len(frame))
    own = fl.Replicates(columns=[f"r{position}" for position in range(10)], kind="bootstrap")
    people, design = fl.adjust_nonresponse(frame, "ok", design=fl.Design(weights="w", psu="ea"), by="sex")
    # the replicate weights that the office gives with the last weights
    steps = fl.adjustment_steps(people, "fl", design=replace(design, replicates=own))
    frame = steps.to_frame()
    assert levels(steps)["se"].isna().tolist() == [True, False, False, False, False, True]
    # Nor has the change from the weights before: the next one, of the same weights, has.
    assert changes(steps)["se"].isna().tolist() == [True, False]
    assert [r.row for r in steps.reasons if r.code == "step_without_error"] == [0, 1]
    assert changes(steps)["value"].notna().all()


def test_one_outcome_at_a_time() -> None:
    with pytest.raises(EstimateFault, match="FL-EST-473"):
        fl.adjustment_steps(drawn().assign(kind="a"), ["fl", "ok"], design=fl.Design(weights="w", psu="ea"))  # type: ignore[arg-type]


def influence(people: pd.DataFrame, weights: str, y: pd.Series) -> np.ndarray:
    """W (y − ȳ)/Σ w over those with a value."""
    known, w = y.notna().to_numpy(), people[weights].to_numpy()
    mean = np.average(y[known], weights=w[known])
    return np.where(known, w * (y.fillna(0).to_numpy() - mean), 0.0) / w[known].sum()


def error(people: pd.DataFrame, of_rows: np.ndarray) -> float:
    """By units drawn with replacement."""
    units = pd.Series(of_rows).groupby(people["ea"].to_numpy()).sum()
    return float(np.sqrt(len(units) * units.var()))


def test_the_error_of_a_change_pairs_the_units_by_hand() -> None:
    people, design = adjusted()
    found = changes(fl.adjustment_steps(people, "fl", design=design))
    assert found["term"].tolist() == [
        f"change: {name}" for name in ("nonresponse_adjusted", "calibrated", "unknown_counted_as_no")
    ]
    last = str(design.weights)
    y, no = people["fl"], people["fl"].fillna(0)
    plain = [influence(people, name, y) for name in ("w", "w_adjusted")]
    # Calibrated to the sexes alone, weights are post-stratified: influences less their weighted mean in the class.
    calibrated = []
    for each in (y, no):
        raw, w = influence(people, last, each), people[last].to_numpy()
        by_sex = pd.Series(raw).groupby(people["sex"].to_numpy()).transform("sum").to_numpy()
        calibrated.append(raw - w * by_sex / pd.Series(w).groupby(people["sex"].to_numpy()).transform("sum").to_numpy())
    steps = [*plain, *calibrated]
    by_hand = [error(people, after - before) for before, after in pairwise(steps)]
    assert found["se"].tolist() == pytest.approx(by_hand, rel=1e-9)  # same algebra
    # Without pairing they would be many times as large.
    apart = np.hypot(error(people, plain[0]), error(people, plain[1]))
    assert found["se"].iloc[0] < apart / 4


def test_the_error_of_the_imputed_step_is_rubins_of_the_differences() -> None:
    people = open_people(sample(), share=[0.5] * 60, reasons=["refusal"] * 60)
    found = changes(fl.adjustment_steps(people, "fl"))
    value, se = found.loc[found["term"] == "change: imputed", ["value", "se"]].to_numpy(dtype=float)[0]
    frame = people.with_draws("fl")
    no = influence(frame, "w", frame["fl"])
    each = [f"fl@{draw}" for draw in range(1, 5)]
    within = np.mean([error(frame, influence(frame, "w", frame[name]) - no) ** 2 for name in each])
    away = [np.average(frame[name], weights=frame["w"]) - np.average(frame["fl"], weights=frame["w"]) for name in each]
    assert value == pytest.approx(np.mean(away))
    assert se == pytest.approx(np.sqrt(within + 1.25 * np.var(away, ddof=1)), rel=1e-9)


def test_by_domain_each_row_is_that_of_the_domain_alone() -> None:
    people, design = adjusted()
    whole = fl.adjustment_steps(people, "fl", design=design, by="sex")
    for sex in ("f", "m"):
        one = fl.adjustment_steps(people, "fl", design=design, where=f"sex == '{sex}'").frame
        own = whole.frame[whole.frame["sex"] == sex]
        assert own["term"].tolist() == one["term"].tolist()
        columns = ["value", "se", "lower", "upper", "df", "n"]
        assert own[columns].to_numpy(float) == pytest.approx(
            one[columns].to_numpy(float), nan_ok=True, rel=1e-7, abs=1e-12
        )


def test_any_two_steps_can_be_compared() -> None:
    people, design = adjusted()
    steps = fl.adjustment_steps(people, "fl", design=design)
    one = fl.contrast(steps, {"term": ("calibrated", "nonresponse_adjusted")})
    told = changes(steps).set_index("term").loc["change: calibrated"]
    assert (one.value, one.se) == (pytest.approx(told["value"]), pytest.approx(told["se"]))


def test_replicates_of_the_units_give_the_errors_of_steps_and_linearised_ones_pair_them() -> None:
    design = fl.Design(weights="w", psu="ea")
    frame, replicated = drawn(), fl.replicate(drawn(), design=design, kind="jkn")
    steps = fl.adjustment_steps(frame, "fl", design=replicated)
    by_taylor = fl.adjustment_steps(drawn(), "fl", design=design)
    assert levels(steps)["se"].iloc[0] == fl.estimate_prevalence(frame, "fl", design=replicated, unknown="exclude").se
    assert changes(steps)["se"].iloc[0] == pytest.approx(changes(by_taylor)["se"].iloc[0], rel=0.1)


def test_one_unit_has_no_error_and_no_change_has() -> None:
    people = drawn().assign(ea=1)
    steps = fl.adjustment_steps(people, "fl", design=fl.Design(weights="w", psu="ea", single_psu="remove"))
    assert changes(steps)["value"].notna().all()
    assert (changes(steps)["se"].fillna(0) == 0).all()


def test_without_a_case_no_step_changes_anything() -> None:
    """By calibrated weights too, of which nothing is left of any influence: the estimate itself failed there."""
    people, design = adjusted()
    people = people.assign(fl=0.0)
    found = fl.estimate_prevalence(people, "fl", design=design)
    assert (found.value, found.se) == (0.0, 0.0)
    assert found.upper > 0
    steps = fl.adjustment_steps(people, "fl", design=design)
    assert (levels(steps)["value"].dropna() == 0).all()
    assert (changes(steps)[["value", "se"]] == 0).all(axis=None)


@pytest.mark.parametrize("change", [{"fl": np.nan}, {"sex": "x"}])
def test_nobody_who_answered_has_no_figure_and_no_change(change: dict[str, Any]) -> None:
    people, design = adjusted()
    steps = fl.adjustment_steps(
        people.assign(**change) if "fl" in change else people,
        "fl",
        design=design,
        where="sex != 'f' and sex != 'm'" if "sex" in change else None,
    )
    assert changes(steps)[["value", "se"]].isna().all(axis=None)
    assert "step_without_error" not in {reason.code for reason in steps.reasons}  # no replicates are to blame
    assert set(changes(steps)["term"]) == {
        "change: nonresponse_adjusted",
        "change: calibrated",
        "change: unknown_counted_as_no",
    }


def test_rows_as_units_and_one_engine_as_another() -> None:
    import polars as pl

    people, design = adjusted()
    eager, lazy = (
        changes(fl.adjustment_steps(frame, "fl", design=design)) for frame in (people, pl.from_pandas(people).lazy())
    )
    pd.testing.assert_frame_equal(eager[["value", "se"]], lazy[["value", "se"]])
    people, design = fl.calibrate(drawn(), {"sex": {"f": 2_500, "m": 2_600}}, design=fl.Design(weights="w"))
    rows = changes(fl.adjustment_steps(people, "fl", design=design))
    units = people.assign(ea=np.arange(len(people)))
    _, by_unit = fl.calibrate(
        drawn().assign(ea=range(400)), {"sex": {"f": 2_500, "m": 2_600}}, design=fl.Design(weights="w", psu="ea")
    )
    same = changes(fl.adjustment_steps(units, "fl", design=by_unit))
    assert rows["se"].tolist() == pytest.approx(same["se"].tolist(), rel=1e-9)
