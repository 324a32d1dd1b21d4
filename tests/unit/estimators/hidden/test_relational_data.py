"""Aggregated relational data is read whole or refused: no code of a non-answer becomes a number of people."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl
from fl_estimate.errors import EstimateFault

KNOWN = {"teachers": 900.0, "priests": 100.0}
DESIGN = fl.Design(unweighted=True)


def people(**columns: object) -> pd.DataFrame:
    base: dict[str, object] = {
        "teachers": [2, 0, 1, 3],
        "priests": [0, 1, 0, 1],
        "bonded": [0, 0, 1, 0],
        "w": [1, 2, 3, 2.0],
    }
    return pd.DataFrame(base | columns)


def read(frame: object, **settings: object) -> fl.hidden.RelationalData:
    given: dict[str, object] = {"known": KNOWN, "population": 50_000, "design": DESIGN}
    return fl.hidden.relational_data(frame, "bonded", **(given | settings))  # type: ignore[arg-type]


def code_of(frame: object, **settings: object) -> str:
    with pytest.raises(EstimateFault) as told:
        read(frame, **settings)
    return told.value.code


def test_arrays_hold_known_groups_then_hidden_ones() -> None:
    data = read(people())
    assert data.groups == ("teachers", "priests", "bonded")
    assert data.reports.tolist() == [[2, 0, 0], [0, 1, 0], [1, 0, 1], [3, 1, 0]]
    # d = 50,000 × (2, 1, 1, 4) / 1,000
    assert data.degrees().tolist() == [100.0, 50.0, 50.0, 200.0]


def test_sizes_may_stand_in_a_frame_and_people_in_any_engine() -> None:
    table = pd.DataFrame({"group": ["teachers", "priests"], "size": [900, 100], "source": ["register", "register"]})
    for frame in (people(), pl.from_pandas(people()), pl.from_pandas(people()).lazy()):
        data = read(frame, known=table)
        assert data.degrees().tolist() == [100.0, 50.0, 50.0, 200.0]
        assert data.known.to_dict() == KNOWN


def test_weights_are_scaled_to_mean_one_and_rows_of_weight_zero_are_no_respondents() -> None:
    data = read(people(w=[0.0, 2, 4, 6]), design=fl.Design(weights="w"))
    assert data.rows.tolist() == [1, 2, 3]
    assert data.weights.tolist() == [0.5, 1.0, 1.5]


def test_where_takes_some_respondents() -> None:
    assert read(people(), where="teachers >= 1").rows.tolist() == [0, 2, 3]


def test_missing_reports_are_asked_about() -> None:
    frame = people(teachers=[2, 0, None, 3], bonded=[None, 0, 1, 0])
    assert code_of(frame) == "FL-EST-595"
    assert code_of(frame, unknown="no") == "FL-EST-595"
    assert read(frame, unanswered="exclude", unknown="exclude").rows.tolist() == [1, 3]
    assert read(frame, unanswered="zero", unknown="no").reports[:, 0].tolist() == [2, 0, 0, 3]
    kept = read(frame, unanswered="available", unknown="available")
    assert np.isnan(kept.reports).sum() == 2
    # The third is asked about priests only, and knows none: 50,000 × 0 / 100.
    assert kept.degrees().tolist() == [100.0, 50.0, 0.0, 200.0]


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"teachers": [-1, 0, 1, 2]}, "FL-EST-593"),
        ({"teachers": [0.5, 0, 1, 2]}, "FL-EST-593"),
        ({"teachers": [np.inf, 0, 1, 2]}, "FL-EST-593"),
        ({"priests": [101, 0, 1, 2]}, "FL-EST-593"),
        ({"teachers": [99, 0, 1, 2]}, "FL-EST-594"),
        ({"teachers": ["many", "0", "1", "2"]}, "FL-EST-08"),
        ({"teachers": [0, 0, 0, 0], "priests": [0, 0, 0, 0]}, "FL-EST-596"),
    ],
)
def test_reports_that_cannot_be_are_refused(columns: dict[str, object], code: str) -> None:
    assert code_of(people(**columns)) == code


def test_no_report_stands_in_a_message() -> None:
    with pytest.raises(EstimateFault) as told:
        read(people(teachers=[-4711, 0, 1, 2]))
    assert "4711" not in str(told.value)
    assert "'teachers': 1 below 0" in str(told.value)
    assert "reports" not in repr(read(people()))


def test_a_large_number_is_a_number_once_the_largest_is_stated() -> None:
    frame = people(teachers=[99, 0, 1, 2])
    assert read(frame, largest=150).reports[0, 0] == 99
    assert code_of(frame, largest=50) == "FL-EST-594"
    # 99 beside 60 is no code: others report more than half of it.
    assert read(people(teachers=[99, 60, 1, 2])).reports[0, 0] == 99


def test_top_code_cuts_large_reports() -> None:
    assert read(people(teachers=[40, 0, 1, 2]), top_code=30).reports[0, 0] == 30


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"known": {"teachers": 0.0, "priests": 100.0}}, "FL-EST-591"),
        ({"known": {"teachers": 60_000.0, "priests": 100.0}}, "FL-EST-591"),
        ({"known": {"teachers": "900", "priests": 100.0}}, "FL-EST-591"),
        ({"population": 0}, "FL-EST-592"),
        ({"population": None}, "FL-EST-592"),
        ({"known": {}}, "FL-EST-602"),
        ({"known": 3}, "FL-EST-602"),
        ({"known": pd.DataFrame({"group": ["teachers", "teachers"], "size": [1, 2]})}, "FL-EST-602"),
        ({"known": pd.DataFrame({"name": ["teachers"], "size": [1]})}, "FL-EST-602"),
        ({"known": KNOWN | {"bonded": 10.0}}, "FL-EST-590"),
        ({"known": {"nurses": 10.0}}, "FL-EST-02"),
        ({"unanswered": "mean"}, "FL-EST-598"),
        ({"unknown": "bounds"}, "FL-EST-598"),
        ({"top_code": 0}, "FL-EST-598"),
    ],
)
def test_groups_sizes_and_options_that_cannot_be_are_refused(settings: dict[str, object], code: str) -> None:
    assert code_of(people(), **settings) == code
