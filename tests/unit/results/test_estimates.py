"""Estimates hand on what they hold: selected, scaled, saved and read back, with reasons and covariance in step."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl


@pytest.fixture
def estimates() -> fl.Estimates:
    people = pd.DataFrame(
        {
            "w": np.linspace(1, 3, 24),
            "ea": np.repeat(range(6), 4),
            "region": pd.Categorical(np.repeat(["North", "South"], 12), categories=["East", "North", "South"]),
            "fl": [1, 0, 0] * 4 + [0] * 12,
        }
    )
    return fl.estimate_prevalence(people, "fl", design=fl.Design(weights="w", psu="ea"), by="region")


def test_read_gives_back_what_save_wrote(estimates: fl.Estimates, tmp_path: Path) -> None:
    read = fl.Estimates.read(estimates.save(tmp_path / "e.parquet"))
    pd.testing.assert_frame_equal(read.to_frame(), estimates.to_frame())
    np.testing.assert_array_equal(read.covariance, estimates.covariance)
    for name in ("by", "measure", "population", "reference_period", "reasons", "assumptions", "provenance"):
        assert getattr(read, name) == getattr(estimates, name), name
    assert [path.name for path in tmp_path.iterdir()] == ["e.parquet"]


def test_read_refuses_other_files(tmp_path: Path) -> None:
    with pytest.raises(fl.FlError, match="FL-FILE-01"):
        fl.Estimates.read(tmp_path / "none.parquet")
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "other.parquet")
    with pytest.raises(fl.FlError, match="FL-FILE-09"):
        fl.Estimates.read(tmp_path / "other.parquet")
    (tmp_path / "text.parquet").write_text("not a table", encoding="utf-8")
    with pytest.raises(fl.FlError, match="FL-FILE-09"):
        fl.Estimates.read(tmp_path / "text.parquet")


def test_save_leaves_nothing_half_written(estimates: fl.Estimates, tmp_path: Path) -> None:
    with pytest.raises(fl.FlError, match="FL-FILE-08"):
        estimates.save(tmp_path / "no folder" / "e.parquet")
    assert list(tmp_path.iterdir()) == []


def test_selected_rows_keep_their_reasons_and_covariance(estimates: fl.Estimates) -> None:
    south = estimates.select(region="South")
    assert [reason.code for reason in south.reasons] == ["zero_cases"]
    assert south.reasons[0].row == 0
    north = estimates.select(region="North")
    assert north.covariance.shape == (1, 1)
    assert north.covariance[0, 0] == pytest.approx(north.to_frame()["se"].iloc[0] ** 2)
    assert len(estimates.national) == 1


def test_a_result_without_covariance_says_so(estimates: fl.Estimates) -> None:
    with pytest.raises(fl.FlError, match="FL-EST-20"):
        _ = replace(estimates, covariance_matrix=None).covariance
    with pytest.raises(fl.FlError, match="FL-EST-22"):
        estimates.select(region="West")
    with pytest.raises(fl.FlError, match="FL-EST-21"):
        estimates.select(regoin="West")


def test_other_units(estimates: fl.Estimates) -> None:
    frame, thousand = estimates.to_frame(), estimates.per_thousand().to_frame()
    np.testing.assert_allclose(thousand["upper"], frame["upper"] * 1000)
    assert set(thousand["quantity"]) == {"prevalence per 1,000"}
    nation = estimates.persons(5_000)
    assert nation.to_frame()["value"].tolist() == [frame["value"].iloc[0] * 5_000]
    population = pd.DataFrame({"region": [None, "East", "North", "South"], "population": [60.0, 10, 20, 30]})
    persons = estimates.persons(population)
    np.testing.assert_allclose(persons.to_frame()["value"], frame["value"] * [60, 10, 20, 30])
    np.testing.assert_allclose(np.sqrt(np.diag(persons.covariance))[2:], persons.to_frame()["se"][2:])
    for wrong in (population.head(2), population.assign(population=0), population.drop(columns="population")):
        with pytest.raises(fl.FlError, match="FL-EST-24"):
            estimates.persons(wrong)
    with pytest.raises(fl.FlError, match="FL-EST-23"):
        persons.per_thousand()


def test_coefficient_of_variation_is_missing_at_zero(estimates: fl.Estimates) -> None:
    frame = estimates.to_frame()
    assert estimates.cv.iloc[0] == pytest.approx(frame["se"].iloc[0] / frame["value"].iloc[0])
    assert np.isnan(estimates.cv.iloc[3])


def test_shown_as_a_small_table(estimates: fl.Estimates) -> None:
    assert "North" in repr(estimates)
    assert "<table" in estimates._repr_html_()
    copy = estimates.to_frame()
    copy.loc[0, "value"] = 99.0
    assert estimates.to_frame()["value"].iloc[0] < 1
