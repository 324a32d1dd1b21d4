"""Proves what becomes of every cell: recodes, kinds, blanks, declared missing values, derived columns, tables of one file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyreadstat
import pytest

from fl_estimate.errors import DataFault, MappingFault
from fl_estimate.inputs.survey_data import SurveyData
from fl_estimate.loaders.load import load
from fl_estimate.schema.validate import ValidationReport

ANSWERS: dict[Any, Any] = {1: "yes", 2: "no", 8: "dk", 9: "ref", "null": "not_asked", "missing": "missing"}


def _loaded(folder: Path, text: str, **parts: Any) -> SurveyData:
    path = folder / "survey.csv"
    path.write_text(text, encoding="utf-8")
    return load(path, mapping={"id": "test", "people": {}, **parts}, engine="polars")


def _people(folder: Path, text: str, **variables: Any) -> dict[str, list[Any]]:
    return _loaded(folder, text, people=variables).people.to_dict(as_series=False)


def _report(folder: Path, text: str, **parts: Any) -> ValidationReport:
    with pytest.raises(DataFault) as caught:
        _loaded(folder, text, **parts)
    report = caught.value.report
    assert isinstance(report, ValidationReport)
    return report


def test_columns_are_renamed_and_the_rest_keep_their_names(tmp_path: Path) -> None:
    got = _people(tmp_path, "PID,SEXO,other\n7,1,x\n8,2,\n", person_id="PID", sex="SEXO")
    assert got == {"person_id": ["7", "8"], "sex": [1, 2], "other": ["x", None]}


def test_a_person_without_id_has_the_row_number(tmp_path: Path) -> None:
    assert _people(tmp_path, "a\nx\ny\n")["person_id"] == ["1", "2"]


def test_a_column_with_a_name_of_the_schema_is_that_variable(tmp_path: Path) -> None:
    got = _people(tmp_path, "person_id,hh_id,sex\n10,1,1\n11,2,2\n")
    assert got == {"person_id": ["10", "11"], "hh_id": ["1", "2"], "sex": [1, 2]}


def test_a_recode_matches_numbers_and_texts(tmp_path: Path) -> None:
    frame = pd.DataFrame({"number": [1.0, 2.0, None], "text": ["1", " 2", None]})
    frame.to_parquet(tmp_path / "s.parquet")
    recode = {"column": "number", "recode": {"1": "urban", "2": "rural"}}
    rules: dict[str, Any] = {"urban": recode, "kind_of_place": {**recode, "column": "text"}}
    got = load(tmp_path / "s.parquet", mapping={"id": "t", "people": rules}, engine="polars").people.collect()
    assert got["urban"].to_list() == got["kind_of_place"].to_list() == ["urban", "rural", None]


def test_a_recode_of_truth_values(tmp_path: Path) -> None:
    pl.DataFrame({"b": [True, False, None]}).write_parquet(tmp_path / "s.parquet")
    rules = {"selected_for_module": {"column": "b", "recode": {"true": "yes", "false": "no"}}}
    got = load(tmp_path / "s.parquet", mapping={"id": "t", "people": rules}, engine="polars").people.collect()
    assert got["selected_for_module"].to_list() == ["yes", "no", None]


def test_a_recode_may_write_numbers(tmp_path: Path) -> None:
    rule = {"column": "G", "recode": {"m": "1", "f": 2}}
    own = {"column": "G", "recode": {"m": 0, "f": 1}}
    got = _people(tmp_path, "G\nm\nf\n", sex=rule, woman=own)
    assert (got["sex"], got["woman"]) == ([1, 2], [0, 1])


def test_else_is_for_values_that_are_not_listed_and_not_for_blanks(tmp_path: Path) -> None:
    rule = {"column": "Q", "recode": {"1": "urban"}, "else": "rural"}
    assert _people(tmp_path, "Q,x\n1,a\n5,a\n,a\n", urban=rule)["urban"] == ["urban", "rural", None]


def test_long_recodes_are_looked_up_alike(tmp_path: Path) -> None:
    recode: dict[str, Any] = {str(code): f"district {code}" for code in range(60)}
    got = _people(tmp_path, "D\n0\n59\n17\n", district={"column": "D", "recode": {**recode, "null": "none"}})
    assert got["district"] == ["district 0", "district 59", "district 17"]


def test_a_code_that_a_recode_does_not_list_is_a_fault_and_is_not_shown(tmp_path: Path) -> None:
    rule = {"column": "Q", "recode": {"1": "urban", "2": "rural"}}
    report = _report(tmp_path, "Q\n1\n77\n2\n78\n", people={"urban": rule})
    (fault,) = report.faults
    assert (fault.table, fault.variable, fault.rule, fault.count, fault.rows) == (
        "people",
        "urban",
        "recode",
        2,
        (1, 3),
    )
    assert "77" not in str(report)


def test_declared_missing_values_of_spss_in_a_recode(tmp_path: Path) -> None:
    frame: Any = pd.DataFrame({"q": [1.0, 2.0, 8.0, 9.0, 97.0, None]})
    pyreadstat.write_sav(frame, tmp_path / "s.sav", missing_ranges={"q": [{"lo": 8, "hi": 99}]})
    mapping: dict[str, Any] = {
        "id": "t",
        "people": {},
        "jobs": {"from": "people", "w_hazard": {"column": "q", "recode": "answers"}},
        "recodes": {"answers": ANSWERS},
    }
    data = load(tmp_path / "s.sav", mapping=mapping, engine="polars")
    assert data.jobs["w_hazard"].to_list() == ["yes", "no", "dk", "ref", "missing", "not_asked"]
    assert data.people["q"].to_list() == [1, 2, None, None, None, None]
    assert data.people["q@missing"].to_list() == [None, None, "8", "9", "97", None]


def test_tags_of_stata_in_a_recode(tmp_path: Path) -> None:
    frame: Any = pd.DataFrame({"q": pd.Series([1, "a", "b", None], dtype=object)})
    pyreadstat.write_dta(frame, tmp_path / "s.dta", missing_user_values={"q": ["a", "b"]})
    recode = {"1": "yes", ".a": "ref", "missing": "missing", "null": "not_asked"}
    jobs = {"from": "people", "w_hazard": {"column": "q", "recode": recode}}
    data = load(tmp_path / "s.dta", mapping={"id": "t", "people": {}, "jobs": jobs}, engine="polars")
    assert data.jobs["w_hazard"].to_list() == ["yes", "ref", "missing", "not_asked"]


def test_a_mapping_may_declare_missing_codes(tmp_path: Path) -> None:
    got = _people(
        tmp_path,
        "E,T,R\n3,ok,1\n99,n/a,9\n98,,2\n",
        education={"column": "E", "missing": [98, 99]},
        remark={"column": "T", "missing": ["n/a"]},
        urban={"column": "R", "recode": {"1": "urban", "2": "rural"}, "missing": [9]},
    )
    assert got["education"] == [3, None, None]
    assert got["remark"] == ["ok", None, None]
    assert got["urban"] == ["urban", None, "rural"]


def test_numbers_get_the_kind_of_their_variable(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "age": [30.0, None],
            "w": [1, 2],
            "id": [5.0, 6.0],
            "r": [1.0, 16.0],
            "text": ["12", " 13.0"],
            "h": ["1.5", "40"],
        }
    )
    frame.to_parquet(tmp_path / "s.parquet")
    people = {
        "person_id": "id",
        "age_interview": "age",
        "weight_person": "w",
        "region": "r",
        "education_years": "text",
        "hours_week": "h",
        "hh_id": "r",
    }
    got = load(tmp_path / "s.parquet", mapping={"id": "t", "people": people}, engine="polars").people.collect()
    assert got.to_dict(as_series=False) == {
        "person_id": ["5", "6"],
        "age_interview": [30, None],
        "weight_person": [1.0, 2.0],
        "region": [1, 16],
        "education_years": ["12", " 13.0"],
        "hours_week": [1.5, 40.0],
        "hh_id": ["1", "16"],
    }


def test_a_number_that_is_none_or_is_not_whole_is_a_fault(tmp_path: Path) -> None:
    pl.DataFrame({"age": [30.5, 3.0], "ed": ["one", "3"], "id": [1.0, 1.25]}).write_parquet(tmp_path / "s.parquet")
    people = {"age_interview": "age", "education": "ed", "person_id": "id"}
    with pytest.raises(DataFault) as caught:
        load(tmp_path / "s.parquet", mapping={"id": "t", "people": people})
    report: Any = caught.value.report
    assert {(fault.variable, fault.value_class, fault.rows) for fault in report.faults} == {
        ("age_interview", "not a whole number", (0,)),
        ("education", "not a number", (0,)),
        ("person_id", "not a whole number", (1,)),
        ("person_id", "missing", (1,)),
    }


def test_codes_without_a_recode_are_a_fault(tmp_path: Path) -> None:
    report = _report(tmp_path, "U\n1\n2\n", people={"urban": "U"})
    assert [(fault.variable, fault.rule) for fault in report.faults] == [("urban", "type")]


def test_blank_texts_are_null(tmp_path: Path) -> None:
    pl.DataFrame({"a": ["", "x"]}).write_parquet(tmp_path / "s.parquet")
    got = load(tmp_path / "s.parquet", mapping={"id": "t", "people": {}}, engine="polars").people.collect()
    assert got["a"].to_list() == [None, "x"]


def test_derived_columns_are_three_valued_and_build_on_each_other(tmp_path: Path) -> None:
    derived = {"worked": "status <= 7", "idle": "not worked == 1", "sum": "status + 1"}
    got = _people(tmp_path, "status,x\n3,a\n9,a\n,a\n", derived=derived)
    assert got["worked"] == [1.0, 0.0, None]
    assert got["idle"] == [0.0, 1.0, None]
    assert got["sum"] == [4.0, 10.0, None]


def test_a_derived_column_that_does_not_fit_the_types_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MappingFault, match=r"people\.derived\.u: text cannot be used with a number") as caught:
        _people(tmp_path, "status\nworking\n", derived={"u": "status == 1"})
    assert caught.value.code == "FL-MAP-04"


def test_jobs_are_taken_from_the_rows_of_people_that_have_one(tmp_path: Path) -> None:
    data = _loaded(
        tmp_path,
        "PID,Q1,Q12,HOURS\na,1,1,40\nb,2,,\nc,1,9,12.5\n",
        people={"person_id": "PID", "worked": {"column": "Q1", "recode": {"1": "yes", "2": "no"}}},
        jobs={
            "from": "people",
            "where": "worked == 'yes'",
            "w_hazard": {"column": "Q12", "recode": "answers"},
            "hours_usual": "HOURS",
            "derived": {"long_hours": "hours_usual > 35 and Q1 == 1"},
        },
        recodes={"answers": ANSWERS},
    )
    assert data.jobs.to_dict(as_series=False) == {
        "job_id": ["1", "3"],
        "person_id": ["a", "c"],
        "w_hazard": ["yes", "ref"],
        "hours_usual": [40.0, 12.5],
        "long_hours": [1.0, 0.0],
    }
    assert data.people["Q12"].to_list() == [1, None, 9]


def test_a_column_may_be_read_by_people_and_by_jobs_each_in_its_way(tmp_path: Path) -> None:
    data = _loaded(
        tmp_path,
        "region\n1\n2\n",
        people={"region": {"column": "region", "recode": {"1": "North", "2": "South"}}},
        jobs={"from": "people", "region_work": "region"},
    )
    assert data.people["region"].to_list() == ["North", "South"]
    assert data.jobs["region_work"].to_list() == [1, 2]


def test_codes_of_people_without_a_job_are_no_fault_of_jobs(tmp_path: Path) -> None:
    jobs = {"from": "people", "where": "Q1 == 1", "w_hazard": {"column": "Q12", "recode": {"1": "yes"}}}
    data = _loaded(tmp_path, "Q1,Q12\n1,1\n2,77\n", jobs=jobs)
    assert data.jobs["w_hazard"].to_list() == ["yes"]


def test_a_condition_that_does_not_fit_the_types_is_refused(tmp_path: Path) -> None:
    jobs = {"from": "people", "where": "Q1 == 'yes'"}
    with pytest.raises(MappingFault, match=r"jobs\.where: text cannot be used with a number"):
        _loaded(tmp_path, "Q1\n1\n", jobs=jobs)


def test_relatives_name_the_person_who_reported_them(tmp_path: Path) -> None:
    data = _loaded(tmp_path, "PID,R\na,1\n", people={"person_id": "PID"}, relatives={"from": "people", "sex": "R"})
    assert data.relatives.to_dict(as_series=False) == {"relative_id": ["1"], "reported_by": ["a"], "sex": [1]}
