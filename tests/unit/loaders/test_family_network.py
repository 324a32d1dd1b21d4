"""A relative told by several members of a household is kept once; relatives who are persons, or too many, are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import fl_estimate as fl
from fl_estimate.errors import DataFault
from fl_estimate.schema.validate import ValidationReport

PEOPLE = "PID,HH,SIBS,PROXY\n1,a,2,1\n2,a,1,1\n3,b,0,\n"
MAPPING: dict[str, Any] = {
    "id": "m",
    "kind": "family_network",
    "people": {"person_id": "PID", "hh_id": "HH", "network_size_sibling": "SIBS", "proxy_for": "PROXY"},
    "relatives": {
        "relative_id": "RID", "reported_by": "PID", "relation": "REL", "age": "AGE", "in_household": "IN",
        "duplicates_person": "TWIN",
    },
}  # fmt: skip
HEAD = "RID,PID,REL,AGE,IN,TWIN\n"


def loaded(folder: Path, relatives: str, people: str = PEOPLE) -> fl.SurveyData:
    paths: dict[str, str | Path] = {}
    for name, text in {"people": people, "relatives": HEAD + relatives}.items():
        (folder / f"{name}.csv").write_text(text)
        paths[name] = folder / f"{name}.csv"
    return fl.load(paths, mapping=MAPPING)


def test_told_by_two_of_a_household_a_relative_is_kept_once(tmp_path: Path) -> None:
    data = loaded(tmp_path, "r1,1,sibling,30,no,\nr1,2,sibling,31,no,\nr2,2,parent,60,no,\n")
    assert data.relatives[["relative_id", "reported_by", "age"]].to_numpy().tolist() == [
        ["r1", "1", 30],
        ["r2", "2", 60],
    ]
    assert [(f.value_class, f.rows) for f in data.report.warnings] == [("told again by another member", (1,))]
    # Where persons report, the second of them told too.
    assert data.relatives["also_reported_by"].fillna("").tolist() == ["2", ""]


def test_told_by_two_households_it_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(DataFault) as caught:
        loaded(tmp_path, "r1,1,sibling,30,no,\nr1,3,parent,31,no,\n")
    assert isinstance(caught.value.report, ValidationReport)
    assert [(f.rule, f.rows) for f in caught.value.report.errors] == [("unique key", (0, 1))]


def test_a_relative_is_no_person_and_its_twin_is_one(tmp_path: Path) -> None:
    with pytest.raises(DataFault) as caught:
        loaded(tmp_path, "3,1,sibling,30,yes,2\nr2,9,parent,60,yes,8\nr3,1,parent,50,yes,\n")
    report = caught.value.report
    assert isinstance(report, ValidationReport)
    assert {(f.variable, f.value_class, f.rows) for f in report.errors} == {
        ("relative_id", "also a person_id", (0,)),
        ("reported_by", "not in people", (1,)),
        ("duplicates_person", "not in people", (1,)),
    }
    assert [(f.variable, f.rows) for f in report.warnings] == [("duplicates_person", (2,))]


def test_more_relatives_than_there_are_is_a_warning(tmp_path: Path) -> None:
    data = loaded(tmp_path, "r1,1,sibling,30,no,\nr2,3,sibling,31,no,\nr3,2,sibling,31,no,\n")
    assert [(f.variable, f.rows) for f in data.report.warnings] == [("network_size_sibling", (2,))]
    assert not fl.validate(data).errors


def test_who_answered_for_themselves_had_no_proxy(tmp_path: Path) -> None:
    """Offices write the line of whoever answered; person 1 did so alone, and for person 2."""
    data = loaded(tmp_path, "r1,1,sibling,30,no,\n")
    assert data.people["proxy_for"].isna().tolist() == [True, False, True]
