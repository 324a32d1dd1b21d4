"""Proves that households are joined onto their people, and that keys are checked within and between the tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from fl_estimate.errors import DataFault, MappingFault
from fl_estimate.inputs.survey_data import SurveyData
from fl_estimate.loaders.load import load
from fl_estimate.schema.validate import ValidationReport

HOUSEHOLDS = "HH,REGION,H,EA,WHH,rooms\n10,1,1,1,2.5,3\n11,1,1,2,1.5,4\n"
PEOPLE = "PID,HH,rooms\na,11,9\nb,10,8\nc,11,7\n"
MAPPING: dict[str, Any] = {
    "id": "two-files",
    "households": {"hh_id": "HH", "region": "REGION", "stratum": "H", "psu": "EA", "weight_hh": "WHH"},
    "people": {"person_id": "PID", "hh_id": "HH"},
    "design": {"weights": "weight_hh", "strata": "stratum", "psu": "psu"},
}


def _files(folder: Path, *, parquet: bool, texts: dict[str, str]) -> dict[str, Path]:
    paths: dict[str, Path] = {}
    for name, text in texts.items():
        path = paths[name] = folder / f"{name}.csv"
        path.write_text(text)
        if parquet:
            paths[name] = folder / f"{name}.parquet"
            pl.read_csv(path).write_parquet(paths[name])
    return paths


def _loaded(
    folder: Path, mapping: dict[str, Any] = MAPPING, *, parquet: bool = False, people: str, **texts: str
) -> SurveyData:
    return load(_files(folder, parquet=parquet, texts={"people": people, **texts}), mapping=mapping, engine="polars")


def _report(folder: Path, mapping: dict[str, Any] = MAPPING, *, people: str, **texts: str) -> ValidationReport:
    with pytest.raises(DataFault) as caught:
        load(_files(folder, parquet=False, texts={"people": people, **texts}), mapping=mapping, engine="polars")
    report = caught.value.report
    assert isinstance(report, ValidationReport)
    return report


@pytest.mark.parametrize("parquet", [False, True])
def test_people_get_the_columns_of_their_household_in_their_own_order(tmp_path: Path, parquet: bool) -> None:
    data = _loaded(tmp_path, parquet=parquet, people=PEOPLE, households=HOUSEHOLDS)
    people = data.people.lazy().collect()
    assert people.to_dict(as_series=False) == {
        "person_id": ["a", "b", "c"],
        "hh_id": ["11", "10", "11"],
        "rooms": [9, 8, 7],
        "region": [1, 1, 1],
        "stratum": [1, 1, 1],
        "psu": [2, 1, 2],
        "weight_hh": [1.5, 2.5, 1.5],
    }
    assert data.households.lazy().collect()["rooms"].to_list() == [3, 4]
    assert {name: source.n_rows for name, source in data.sources.items()} == {"people": 3, "households": 2}
    assert data.report.faults == ()


def test_a_person_of_an_unknown_household_is_an_error_and_an_empty_household_a_warning(tmp_path: Path) -> None:
    report = _report(tmp_path, people="PID,HH\na,11\nb,12\n", households=HOUSEHOLDS)
    assert ("hh_id", "not in households", (1,)) in {(f.variable, f.value_class, f.rows) for f in report.errors}
    (warning,) = report.warnings
    assert (warning.table, warning.value_class, warning.rows) == ("households", "not in people", (0,))


def test_a_household_without_people_alone_is_a_warning(tmp_path: Path) -> None:
    more = HOUSEHOLDS + "12,1,1,3,1,1\n"
    data = _loaded(tmp_path, people=PEOPLE, households=more)
    assert [(fault.table, fault.rows) for fault in data.report.warnings] == [("households", (2,))]


def test_a_household_that_occurs_twice_is_an_error_and_does_not_double_its_people(tmp_path: Path) -> None:
    report = _report(tmp_path, people=PEOPLE, households=HOUSEHOLDS + "11,1,1,2,-1,4\n")
    assert {(f.table, f.variable, f.value_class, f.rows) for f in report.errors} == {
        ("households", "hh_id", "more than once", (1, 2)),
        ("households", "weight_hh", "negative", (2,)),
    }


def test_a_missing_household_weight_is_named_on_households_and_on_people(tmp_path: Path) -> None:
    report = _report(tmp_path, people=PEOPLE, households=HOUSEHOLDS.replace("1.5", ""))
    assert {(f.table, f.variable, f.value_class, f.rows) for f in report.errors} == {
        ("households", "weight_hh", "missing", (1,)),
        ("people", "weight_hh", "missing", (0, 2)),
    }


def test_jobs_of_their_own_file_name_people(tmp_path: Path) -> None:
    mapping = {
        "id": "t",
        "people": {"person_id": "PID"},
        "jobs": {"job_id": "J", "person_id": "PID", "hours_usual": "H"},
    }
    people = "PID\na\nb\n"
    data = _loaded(tmp_path, mapping, people=people, jobs="J,PID,H\n1,a,40\n2,b,30\n3,b,1\n")
    assert data.jobs["job_id"].to_list() == ["1", "2", "3"]
    report = _report(tmp_path, mapping, people=people, jobs="J,PID,H\n1,a,40\n1,z,30\n3,,1\n")
    assert {(f.table, f.variable, f.value_class, f.rows) for f in report.errors} == {
        ("jobs", "job_id", "more than once", (0, 1)),
        ("jobs", "person_id", "not in people", (1,)),
        ("jobs", "person_id", "missing", (2,)),
    }


def test_a_condition_leaves_rows_of_a_file_out(tmp_path: Path) -> None:
    mapping = {"id": "t", "people": {"person_id": "PID"}, "jobs": {"person_id": "PID", "where": "kind == 1"}}
    data = _loaded(tmp_path, mapping, people="PID\na\n", jobs="PID,kind\na,1\nz,2\n")
    assert data.jobs["person_id"].to_list() == ["a"]


def test_keys_that_tables_are_joined_by_must_be_mapped(tmp_path: Path) -> None:
    with pytest.raises(MappingFault) as caught:
        _loaded(tmp_path, {"id": "t", "people": {}, "households": {}}, people="x\n1\n", households="y\n1\n")
    assert "people.hh_id: households are joined by it, and it is not mapped" in str(caught.value)
    with pytest.raises(MappingFault) as caught:
        _loaded(tmp_path, {"id": "t", "people": {}, "jobs": {"person_id": "P"}}, people="x\n1\n", jobs="P\n1\n")
    assert "people.person_id: jobs are joined by it, and it is not mapped" in str(caught.value)
    with pytest.raises(MappingFault) as caught:
        _loaded(tmp_path, {"id": "t", "people": {"hh_id": "x"}, "households": {}}, people="x\n1\n", households="y\n1\n")
    assert "households.hh_id: people are joined by it, and it is not mapped" in str(caught.value)
