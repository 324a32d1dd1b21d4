"""Proves that a loaded survey is checked whole: filters, classifications, weights against totals, strict and lenient, and no answer shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.errors import DataFault
from fl_estimate.inputs.survey_data import SurveyData
from fl_estimate.loaders.checking import validate
from fl_estimate.loaders.load import load


def _loaded(folder: Path, text: str, mode: Any = "normal", **parts: Any) -> SurveyData:
    path = folder / "survey.csv"
    path.write_text(text, encoding="utf-8")
    return load(path, mapping={"id": "test", "people": {}, **parts}, engine="polars", mode=mode)


def _said(data: SurveyData) -> list[str]:
    return [f"{fault.variable}: {fault.value_class}" for fault in data.report.warnings]


# --- modes ------------------------------------------------------------------------------------------------------

BAD_CELLS = "sex,age_interview,Q\n1,30,1\n7,30,5\n2,300,2\n"
JOBS = {"from": "people", "w_hazard": {"column": "Q", "recode": {1: "yes", 2: "no"}}}


def test_a_bad_cell_stops_the_load_unless_it_is_lenient(tmp_path: Path) -> None:
    with pytest.raises(DataFault):
        _loaded(tmp_path, BAD_CELLS, jobs=JOBS)
    data = _loaded(tmp_path, BAD_CELLS, "lenient", jobs=JOBS)
    assert data.people["sex"].to_list() == [1, None, 2]
    assert data.people["age_interview"].to_list() == [30, 30, None]
    assert sorted(fault.rows for fault in data.report.warnings) == [(1,), (1,), (2,)]


def test_a_bad_answer_is_missing_where_there_is_a_code_for_it(tmp_path: Path) -> None:
    data = _loaded(tmp_path, "w_hazard\nyes\nperhaps\n", "lenient", jobs={"from": "people", "w_hazard": "w_hazard"})
    assert data.jobs["w_hazard"].to_list() == ["yes", "missing"]


def test_keys_and_weights_stop_a_lenient_load_too(tmp_path: Path) -> None:
    with pytest.raises(DataFault, match="weight: negative"):
        _loaded(tmp_path, "w\n1\n-2\n", "lenient", design={"weights": "w"})


def test_a_warning_stops_a_strict_load(tmp_path: Path) -> None:
    text = "country_birth\nCL\nZQ\n"
    assert _said(_loaded(tmp_path, text)) == ["country_birth: not in ISO 3166-1"]
    with pytest.raises(DataFault, match="not in ISO 3166-1"):
        _loaded(tmp_path, text, "strict")


def test_another_mode_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataFault, match="did you mean 'lenient'") as caught:
        _loaded(tmp_path, "a\n1\n", "leniant")
    assert caught.value.code == "FL-DATA-03"


# --- what is found ----------------------------------------------------------------------------------------------


def test_codes_outside_a_classification_are_warnings(tmp_path: Path) -> None:
    text = "o,i,c\n9111,T,USD\n9998,9999,dollars\n110,01,EUR\n"
    rule = {"from": "people", "isco08": "o", "isic4": "i", "pay_currency": "c"}
    assert sorted(_said(_loaded(tmp_path, text, jobs=rule))) == [
        "isco08: not in ISCO-08",
        "isic4: not in ISIC Rev.4",
        "pay_currency: not in ISO 4217",
    ]


def test_answers_that_do_not_go_together_are_found(tmp_path: Path) -> None:
    text = "s,e,B,L\n2020-01-01,2019-01-01,0,bank\n2020-01-01,2021-01-01,10,bank\n"
    jobs = {"from": "people", "start": "s", "end": "e"}
    with pytest.raises(DataFault, match=r"jobs.end, not before start: .* in 1 row \(rows 1\)"):
        _loaded(tmp_path, text, jobs=jobs)
    episodes = {"from": "people", "borrowed_amount": "B", "lender": "L"}
    (fault,) = _loaded(tmp_path, text, episodes=episodes).report.warnings
    assert (fault.variable, fault.rule, fault.rows) == ("lender", "asked only if money was borrowed", (0,))


def test_weights_are_compared_with_known_totals(tmp_path: Path) -> None:
    text = "w,region\n10,N\n30,N\n60,S\n"
    totals = {"people": 100, "region": {"N": 40, "S": 80, "E": 5}}
    data = _loaded(tmp_path, text, design={"weights": "w"}, totals=totals)
    assert _said(data) == [
        "w: sum 60 for region S is 25.0% below the known total 80",
        "w: sum 0 for region E is 100.0% below the known total 5",
    ]


def test_totals_of_a_column_that_is_not_there_are_named(tmp_path: Path) -> None:
    data = _loaded(tmp_path, "w\n2\n3\n", design={"weights": "w"}, totals={"regoin": {"N": 1}})
    assert _said(data) == ["regoin: totals are given for a column that is not there"]


def test_weights_far_from_all_others_and_relative_ones_are_found(tmp_path: Path) -> None:
    far = _loaded(tmp_path, "w\n" + "10\n" * 8 + "5000\n0.01\n", design={"weights": "w"})
    (fault,) = far.report.warnings
    assert fault.rows == (8, 9)
    relative = _loaded(tmp_path, "w\n0.5\n1.5\n1\n", design={"weights": "w"})
    assert "they are relative" in _said(relative)[0]


def test_an_encoding_that_was_found_out_is_said(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_bytes("t;a\nCuricó;1\n".encode("windows-1252"))
    warnings = load(tmp_path / "s.csv", mapping={"id": "t", "people": {}}).report.warnings
    assert [fault.value_class for fault in warnings] == [
        "read as windows-1252, which was found out; [source] encoding says it"
    ]
    told = {"id": "t", "people": {}, "source": {"encoding": "windows-1252"}}
    assert load(tmp_path / "s.csv", mapping=told).report.warnings == ()


# --- fl.validate ------------------------------------------------------------------------------------------------


def _by_hand(**columns: list[Any]) -> SurveyData:
    people = pd.DataFrame({"person_id": ["a", "b", "b"], "sex": [1, 9, 2], **columns})
    jobs = pd.DataFrame({"job_id": ["1", "2"], "person_id": ["a", "z"]})
    return SurveyData(people=people, jobs=jobs, design=fl.Design(weights="w"))


def test_tables_changed_by_hand_are_checked_on_any_engine() -> None:
    import polars as pl

    data = _by_hand(w=[1.0, -1.0, 2.0])
    other = SurveyData(people=pl.from_pandas(data.people).lazy(), jobs=pl.from_pandas(data.jobs), design=data.design)
    for each in (data, other):
        found = {(fault.table, fault.variable, fault.rule, fault.rows) for fault in validate(each).errors}
        assert found == {
            ("people", "sex", "code list", (1,)),
            ("people", "person_id", "unique key", (1, 2)),
            ("people", "w", "weight", (1,)),
            ("jobs", "person_id", "key of people", (1,)),
        }


def test_what_load_found_good_is_good(tmp_path: Path) -> None:
    data = _loaded(
        tmp_path, "sex,w\n1,2\n2,3\n", design={"weights": "w"}, jobs={"from": "people", "isic4": {"value": "T"}}
    )
    assert validate(data).faults == ()
    assert validate(data, mode="strict").ok


def test_the_report_is_a_frame_a_text_and_a_page_and_shows_no_answer(tmp_path: Path) -> None:
    report = validate(SurveyData(people=pd.DataFrame({"person_id": ["<b>"], "urban": ["secret hamlet"]})))
    page = report.to_html(tmp_path / "report.html").read_text(encoding="utf-8")
    assert "not in the code list" in page
    assert "&lt;b&gt;" in page
    for told in (page, str(report), report.to_frame().to_csv()):
        assert "secret" not in told
    assert report.to_frame()["variable"].tolist() == ["urban"]
    with pytest.raises(OSError, match="FL-FILE-08"):
        report.to_html(tmp_path / "none" / "report.html")


def test_a_report_without_faults_says_so(tmp_path: Path) -> None:
    report = validate(SurveyData(people=pd.DataFrame({"person_id": ["1"]})))
    assert "No faults." in report.to_html(tmp_path / "r.html").read_text(encoding="utf-8")
