"""Trimming keeps sums, respondents carry those who did not answer, summaries add up, relative weights give no totals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl
from tests.unit.design.test_weights import DESIGN, MARGINS, as_columns, column, on_engine, people

ENGINES = ["pandas", "lazy", "duckdb"]


def skewed() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    return people().assign(w=rng.lognormal(2.5, 0.9, 600), row=np.arange(600))


def test_one_pass_by_hand() -> None:
    """R 4.5.0, survey 4.4.2: weights(trimWeights(svydesign(id=~id, weights=~w), upper=8, lower=1))."""
    frame = pd.DataFrame({"w": [1, 2, 3, 10, 20, 0.1]})
    found, _ = fl.trim_weights(frame, design=fl.Design(weights="w"), upper=8)
    assert found["w_trimmed"].tolist() == pytest.approx([4.5, 5.5, 6.5, 8, 8, 3.6])
    found, _ = fl.trim_weights(frame, design=fl.Design(weights="w"), upper=8, lower=1)
    assert found["w_trimmed"].tolist() == pytest.approx([5.36666666666667, 6.36666666666667, 7.36666666666667, 8, 8, 1])


@pytest.mark.parametrize("engine", ENGINES)
def test_strict_keeps_both_limits_and_the_sum(engine: str) -> None:
    frame = skewed()
    found, design = fl.trim_weights(on_engine(frame, engine), design=DESIGN, upper=45, lower=8, strict=True)
    weight = column(found, str(design.weights))
    assert weight.sum() == pytest.approx(frame["w"].sum())
    assert weight.min() == 8
    assert weight.max() == 45
    # the order of weights stays, and those that were not trimmed were moved by one amount
    order = np.argsort(frame["w"].to_numpy())
    assert (np.diff(weight[order]) >= -1e-9).all()
    moved = (weight - frame["w"].to_numpy())[(weight > 8) & (weight < 45)]
    assert np.ptp(moved) < 1e-9


def test_nothing_outside_changes_nothing() -> None:
    found, _ = fl.trim_weights(people(), design=DESIGN, upper=26)
    np.testing.assert_array_equal(found["w_trimmed"], found["w"])


@pytest.mark.parametrize(
    "limits", [{"upper": -1}, {"upper": 20, "lower": 30}, {"upper": 9, "strict": True}, {"upper": 5}]
)
def test_limits_that_cannot_be(limits: dict[str, Any]) -> None:
    with pytest.raises(fl.FlError, match="FL-DESIGN-52"):
        fl.trim_weights(people(), design=DESIGN, **limits)


@pytest.mark.parametrize("engine", ENGINES)
def test_respondents_carry_the_others_class_by_class(engine: str) -> None:
    frame = people().assign(row=np.arange(600), status=np.where(np.arange(600) % 4, "complete", "refused"))
    found, design = fl.adjust_nonresponse(
        on_engine(frame, engine), "status == 'complete'", design=DESIGN, by=["sex", "age"]
    )
    kept = frame[frame["status"] == "complete"]
    weight = pd.Series(column(found, str(design.weights)), index=kept.index)
    assert len(weight) == 450
    expected = frame.groupby(["sex", "age"], observed=True)["w"].sum()
    np.testing.assert_allclose(weight.groupby([kept["sex"], kept["age"]], observed=True).sum(), expected, rtol=1e-12)


def test_propensities_satisfy_their_equations() -> None:
    """Maximum likelihood of a logistic regression: Σ x (answered − ρ) = 0, with w' = w/ρ."""
    rng = np.random.default_rng(2)
    frame = people()
    frame = frame.assign(ok=rng.random(600) < 1 / (1 + np.exp(-0.4 - 0.004 * frame["income"])))
    found, design = fl.adjust_nonresponse(frame, "ok", design=DESIGN, covariates=["sex", "income"])
    share = found["w"] / found[design.weights]
    assert ((share > 0) & (share < 1)).all()
    slope, constant = np.polyfit(found["income"], np.log(share / (1 - share)), 1)
    women = found["sex"] == "F"
    slope, constant = np.polyfit(found.loc[women, "income"], np.log(share / (1 - share))[women], 1)
    shift = (np.log(share / (1 - share)) - constant - slope * found["income"])[~women].mean()
    z = constant + slope * frame["income"] + shift * (frame["sex"] != "F")
    missed = frame["ok"].astype(float) - 1 / (1 + np.exp(-z))
    for x in (np.ones(600), frame["income"], frame["sex"] == "F"):
        assert abs((np.asarray(x, dtype=float) * missed).sum()) < 1e-6


def some(**changes: Any) -> pd.DataFrame:
    return people().assign(**{"ok": np.arange(600) % 3 > 0, **changes})


REFUSED: list[tuple[str, Any, dict[str, Any]]] = [
    ("FL-DESIGN-53", lambda: some(ok=2), {"by": "sex"}),
    ("FL-DESIGN-53", lambda: some(ok="yes"), {"by": "sex"}),
    ("FL-DESIGN-53", lambda: some(ok=0), {"by": "sex"}),
    ("FL-DESIGN-53", lambda: some(ok=np.where(np.arange(600) == 4, np.nan, 1)), {"by": "sex"}),
    ("FL-DESIGN-54", lambda: some(ok=people()["age"] > 1), {"by": "age"}),
    ("FL-DESIGN-55", some, {}),
    ("FL-DESIGN-55", some, {"by": "sex", "covariates": "age"}),
    ("FL-DESIGN-56", lambda: some(ok=people()["sex"] == "F"), {"covariates": "sex"}),
    ("FL-DESIGN-60", lambda: some(age=np.nan), {"by": "age"}),
    ("FL-DESIGN-60", lambda: some(income=np.where(np.arange(600) == 4, np.nan, 1)), {"covariates": ["sex", "income"]}),
    ("FL-EST-02", some, {"by": "sexe"}),
]


@pytest.mark.parametrize(("code", "frame", "how"), REFUSED)
def test_non_response_refused(code: str, frame: Any, how: dict[str, Any]) -> None:
    with pytest.raises(fl.FlError, match=code):
        fl.adjust_nonresponse(frame(), "ok", design=DESIGN, **how)


def test_calibrated_weights_are_not_adjusted_for_non_response() -> None:
    found, design = fl.calibrate(some(), MARGINS, design=DESIGN)
    with pytest.raises(fl.FlError, match="FL-DESIGN-57"):
        fl.adjust_nonresponse(found, "ok", design=design, by="sex")


def test_replicate_weights_of_a_file_follow_the_adjustment() -> None:
    frame = some()
    wide, design = as_columns(frame, fl.replicate(frame, design=DESIGN, kind="jkn"), combined=True)
    found, adjusted = fl.adjust_nonresponse(wide, "ok", design=design, by="sex")
    factor = found[adjusted.weights] / found["w"]
    own: Any = design.replicates
    by_hand = found.assign(**{name: found[name] * factor for name in own.columns})
    expected = fl.estimate_prevalence(
        by_hand, "y", design=fl.Design(weights=adjusted.weights, replicates=own)
    ).to_frame()
    ours = fl.estimate_prevalence(found, "y", design=adjusted).to_frame()
    assert ours["se"].iloc[0] == pytest.approx(expected["se"].iloc[0], rel=1e-12)


def test_summary_tells_every_step() -> None:
    frame = skewed().assign(ok=np.arange(600) % 3 > 0)
    found, design = fl.adjust_nonresponse(frame, "ok", design=DESIGN, by="sex")
    found, design = fl.calibrate(found, MARGINS, design=design)
    found, design = fl.trim_weights(found, design=design, upper=90)
    summary = fl.weight_summary(found, design=design)
    table = summary.to_frame()
    assert table["step"].tolist() == ["", "non-response", "calibration", "trimming"]
    assert table["weights"].tolist() == ["w", "w_adjusted", "w_adjusted_calibrated", "w_adjusted_calibrated_trimmed"]
    last = found[design.weights]
    row = table.iloc[-1]
    assert row["sum"] == pytest.approx(last.sum())
    assert row["deff_kish"] == pytest.approx(len(last) * (last**2).sum() / last.sum() ** 2)
    assert row["median"] == np.sort(last)[len(last) // 2 - 1]
    limit = row["median"] + 6 * (row["upper_quartile"] - row["lower_quartile"])
    assert row["extreme"] == (last > limit).sum()
    assert table["extreme"].iloc[0] > 0
    margins = summary.margins.set_index(["margin", "level"])
    women = found["sex"] == "F"
    assert margins.loc[("sex", "F"), "known"] == 5200
    assert margins.loc[("sex", "F"), "before"] == pytest.approx(found.loc[women, "w_adjusted"].sum())
    assert margins.loc[("sex", "F"), "after"] == pytest.approx(5200)
    assert margins.loc[("sex", "F"), "distance"] == pytest.approx(last[women].sum() / 5200 - 1)
    assert not summary.relative
    assert "w_adjusted" in repr(summary)
    assert "<table" in summary._repr_html_()


def test_relative_weights_give_no_totals() -> None:
    frame = people()
    frame = frame.assign(w=frame["w"] / frame["w"].mean())
    assert fl.weight_summary(frame, design=DESIGN).relative
    silent = replace(DESIGN, expands=None)
    with pytest.raises(fl.FlError, match="FL-EST-200"):
        fl.estimate_total(frame, "y", design=silent)
    with pytest.raises(fl.FlError, match="FL-EST-200"):
        fl.estimate_total(pl.from_pandas(frame).lazy(), "y", design=silent, by="sex")
    assert fl.estimate_prevalence(frame, "y", design=DESIGN).to_frame()["value"].iloc[0] > 0
    said = fl.Design(weights="w", strata="stratum", psu="ea", expands=True)
    total = fl.estimate_total(frame, "y", design=said).to_frame()["value"].iloc[0]
    assert total == pytest.approx((frame["w"] * frame["y"]).sum())
    found, design = fl.calibrate(frame, MARGINS, design=DESIGN)
    assert fl.estimate_total(found, "y", design=design).to_frame()["value"].iloc[0] > 10 * total


def test_weights_said_to_be_relative_give_no_totals() -> None:
    said = fl.Design(weights="w", strata="stratum", psu="ea", expands=False)
    with pytest.raises(fl.FlError, match="FL-EST-200"):
        fl.estimate_total(people(), "y", design=said)


def test_everybody_counts_one_in_a_census() -> None:
    frame = people().assign(w=1.0)
    assert fl.estimate_total(frame, "y", design=DESIGN).to_frame()["value"].iloc[0] == frame["y"].sum()
