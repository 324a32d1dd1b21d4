"""Multiple imputation: Rubin's and Barnard and Rubin's rules by hand, intervals of every kind, and what is refused."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.estimators.survey.rubin import complete_df

DESIGN = fl.Design(psu="ea", unweighted=True)


def completed(k: int, rare: bool = False) -> pd.DataFrame:
    rng = np.random.default_rng(k)
    n = 300
    frame = pd.DataFrame({"ea": np.arange(n) // 10, "region": np.arange(n) * 3 // n, "hours": 40 + np.arange(n) % 7.0})
    frame["y"] = 0 if rare else (np.arange(n) % 11 == 0) * 1
    filled = np.arange(n) % 9 == 0
    frame.loc[filled, "hours"] += rng.normal(0, 3, filled.sum())
    frame.loc[filled, "y"] = 0 if rare else rng.integers(0, 2, filled.sum())
    return frame


def test_the_rules_by_hand() -> None:
    parts = [fl.estimate_mean(completed(k), "hours", design=DESIGN) for k in range(5)]
    values = np.array([part.to_frame()["value"].iloc[0] for part in parts])
    within = np.mean([part.to_frame()["se"].iloc[0] ** 2 for part in parts])
    between = values.var(ddof=1)
    total = within + 1.2 * between
    rubin = 4 * (1 + within / (1.2 * between)) ** 2
    observed = 30 / 32 * 29 * (1 - 1.2 * between / total)
    row = fl.pool(parts).to_frame().iloc[0]
    np.testing.assert_allclose((row["value"], row["se"]), (values.mean(), math.sqrt(total)))
    np.testing.assert_allclose(row["df"], 1 / (1 / rubin + 1 / observed))
    np.testing.assert_allclose(fl.pool(parts, df=math.inf).to_frame()["df"].iloc[0], rubin)


def test_intervals_stay_of_their_kind() -> None:
    parts = [fl.estimate_prevalence(completed(k), "y", design=DESIGN, by="region") for k in range(3)]
    pooled = fl.pool(parts)
    assert set(pooled.to_frame()["interval_kind"]) == {"korn-graubard"}
    assert (pooled.to_frame()["lower"] > 0).all()
    assert pooled.covariance.shape == (4, 4)
    np.testing.assert_allclose(np.diag(pooled.covariance), pooled.to_frame()["se"] ** 2)
    totals = [fl.estimate_mean(completed(k), "hours", design=DESIGN, interval="log") for k in range(3)]
    assert fl.pool(totals).to_frame()["interval_kind"].tolist() == ["log"]


def test_no_case_in_any_imputation_leaves_a_one_sided_interval() -> None:
    parts = [fl.estimate_prevalence(completed(k, rare=True), "y", design=DESIGN) for k in range(3)]
    row, single = fl.pool(parts).to_frame().iloc[0], parts[0].to_frame().iloc[0]
    assert (row["value"], row["se"], row["lower"]) == (0, 0, 0)
    assert row["upper"] == single["upper"]
    assert [reason.code for reason in fl.pool(parts).reasons] == ["zero_cases"]


def test_a_row_without_an_error_stays_without(tmp_path: Path) -> None:
    parts = [
        fl.estimate_mean(completed(k)[:1], "hours", design=fl.Design(psu="ea", single_psu="adjust", unweighted=True))
        for k in range(2)
    ]
    pooled = fl.pool(parts)
    assert pooled.to_frame()["lower"].isna().all()
    back = fl.Estimates.read(pooled.save(tmp_path / "pooled.parquet"))
    pd.testing.assert_frame_equal(back.to_frame(), pooled.to_frame())
    lost = fl.estimate_variance(
        completed(1)[:1], "hours", design=fl.Design(psu="ea", single_psu="adjust", unweighted=True)
    )
    assert "pooled_without_error" in {reason.code for reason in fl.pool([lost, lost]).reasons}


def test_what_cannot_be_pooled() -> None:
    one = fl.estimate_mean(completed(1), "hours", design=DESIGN)
    with pytest.raises(fl.FlError, match="FL-EST-234"):
        fl.pool([one])
    with pytest.raises(fl.FlError, match="FL-EST-234"):
        fl.pool([one, fl.estimate_mean(completed(1), "hours", design=DESIGN, by="region")])
    with pytest.raises(fl.FlError, match="FL-EST-235"):
        fl.pool([one, fl.estimate_mean(completed(1), "hours", design=DESIGN, level=0.9)])


def test_units_with_cases_of_one_imputation_are_not_those_of_all() -> None:
    people = pd.DataFrame({"ea": [1, 1, 2, 2, 3, 3], "a": [0, 1, 0, 1, 0, 0], "b": [0, 0, 0, 1, 0, 0]})
    design = fl.Design(psu="ea", unweighted=True)
    each = [fl.estimate_prevalence(people.rename(columns={name: "fl"}), "fl", design=design) for name in "ab"]
    assert [part.to_frame()["psus_with_cases"].iloc[0] for part in each] == [2, 1]
    assert fl.pool(each).to_frame()["psus_with_cases"].isna().all()


def test_degrees_of_freedom_that_one_imputation_does_not_say_are_not_without_end() -> None:
    frames = [pd.DataFrame({"df": df}) for df in ([19.0, math.nan], [math.nan, math.nan], [21.0, math.nan])]
    assert complete_df(frames).tolist() == [19.0, math.inf]
