"""Many values of a column of text: the column as a key gives what an expression a value gives, and any number of values."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest

import fl_estimate as fl
from fl_estimate.estimators.survey import targets

COLUMNS = ["value", "se", "n", "cases", "deff", "df", "undetermined"]
DESIGNS = {
    "units": fl.Design(weights="w", strata="stratum", psu="psu"),
    "rows": fl.Design(weights="w", strata="stratum"),
    "unweighted": fl.Design(unweighted=True, psu="psu"),
}


def people(values: int, rows: int = 4_000) -> pl.DataFrame:
    rng = np.random.default_rng(values)
    code = rng.integers(-1, values, rows)
    return pl.DataFrame(
        {
            "stratum": rng.integers(0, 4, rows), "psu": rng.integers(0, 6, rows), "region": rng.integers(0, 3, rows),
            "age": rng.integers(10, 60, rows), "w": rng.uniform(0, 9, rows).round(0),
            "work": [f"job {one:03}" if one >= 0 else None for one in code],
        }
    )  # fmt: skip


def estimated(frame: Any, design: fl.Design, **more: Any) -> np.ndarray:
    made = fl.estimate_prevalence(frame, "work", design=design, interval="wald", **more).to_frame()
    return made[COLUMNS].to_numpy(dtype=float)


@pytest.mark.parametrize("unknown", ["no", "exclude", "bounds"])
@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("by", [None, "region"])
def test_the_same_as_a_column_a_value(
    by: str | None, design: str, unknown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = people(7)
    more: dict[str, Any] = {"by": by, "unknown": unknown, "where": "age >= 18"}
    found = estimated(frame, DESIGNS[design], **more)
    assert fl.estimate_prevalence(frame, "work", design=DESIGNS[design], **more).to_frame()["outcome"].nunique() == 7
    monkeypatch.setattr(targets, "FEW", 1_000)
    np.testing.assert_allclose(found, estimated(frame, DESIGNS[design], **more), rtol=1e-9, atol=1e-15)


def test_replicates_of_many_values(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = people(9)
    design = fl.replicate(frame, design=DESIGNS["units"], kind="rao-wu", replicates=30, seed=3)
    found = estimated(frame, design, by="region", unknown="exclude")
    monkeypatch.setattr(targets, "FEW", 1_000)
    np.testing.assert_allclose(found, estimated(frame, design, by="region", unknown="exclude"), rtol=1e-9, atol=1e-15)


def test_two_hundred_values_on_duckdb() -> None:
    """An expression a value ended in a RecursionError, and eighty took over a minute."""
    frame = people(200)
    relation = duckdb.connect().from_arrow(frame.to_arrow())
    found = estimated(relation, DESIGNS["units"], unknown="exclude")
    np.testing.assert_allclose(found, estimated(frame, DESIGNS["units"], unknown="exclude"), rtol=1e-12)
    shares = found[:, 0]
    assert len(shares) == 200
    np.testing.assert_allclose(shares.sum(), 1.0)


def test_values_by_themselves() -> None:
    """Where the column divides the people too, each value is all of its own domain."""
    found = fl.estimate_prevalence(people(6), "work", design=DESIGNS["units"], by="work", unknown="exclude").to_frame()
    inside = found[(found["margin"] == "work") & (found["outcome"] == "work=" + found["work"].astype(str))]
    assert inside["value"].tolist() == [1.0] * 6
