"""The weight of persons drawn within a household is worked out by group; who was drawn without being eligible is a fault."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import fl_estimate as fl
from fl_estimate.errors import DataFault, MappingFault
from fl_estimate.schema.validate import ValidationReport

HOUSEHOLDS = "HH,W\na,10\nb,20\nc,5\n"
PEOPLE = (
    "PID,HH,AGE,SEL\n"
    "1,a,40,yes\n2,a,38,no\n3,a,20,yes\n4,a,12,yes\n5,a,7,no\n6,a,3,no\n"
    "7,b,60,yes\n8,c,30,no\n9,c,15,no\n"
)
ADULTS = {"eligible": "age_interview >= 18", "drawn": "chosen == 'yes'"}
CHILDREN = {"eligible": "age_interview >= 5 and age_interview <= 17", "drawn": "chosen == 'yes'"}
MAPPING: dict[str, Any] = {
    "id": "m",
    "households": {"hh_id": "HH", "weight_hh": "W"},
    "people": {"person_id": "PID", "hh_id": "HH", "age_interview": "AGE", "chosen": "SEL"},
    "selection": [ADULTS, CHILDREN],
    "design": {"weights": "weight_person"},
}


def loaded(folder: Path, mapping: dict[str, Any] = MAPPING, people: str = PEOPLE) -> fl.SurveyData:
    paths: dict[str, str | Path] = {}
    for name, text in {"households": HOUSEHOLDS, "people": people}.items():
        (folder / f"{name}.csv").write_text(text)
        paths[name] = folder / f"{name}.csv"
    return fl.load(paths, mapping=mapping)


def test_eligible_over_drawn_by_household_and_group(tmp_path: Path) -> None:
    """Household a: 3 adults, 2 drawn, so 10 * 3 / 2; 2 children, 1 drawn, so 10 * 2. The others keep the household's."""
    data = loaded(tmp_path)
    assert data.people["weight_person"].tolist() == [15, 10, 15, 20, 10, 10, 20, 5, 5]
    said = [(f.value_class, f.rows) for f in data.report.warnings]
    assert said == [
        ("nobody drawn of the eligible persons of the household", (7,)),
        ("nobody drawn of the eligible persons of the household", (8,)),
    ]


def test_who_was_drawn_must_be_eligible_in_one_group(tmp_path: Path) -> None:
    with pytest.raises(DataFault, match="FL-DATA-01") as caught:
        loaded(tmp_path, people=PEOPLE.replace("6,a,3,no", "6,a,3,yes"))
    report = caught.value.report
    assert isinstance(report, ValidationReport)
    assert [(f.value_class, f.rows) for f in report.errors] == [("drawn and not eligible", (5,))]
    with pytest.raises(DataFault, match="drawn in two groups"):
        loaded(tmp_path, {**MAPPING, "selection": [ADULTS, {**CHILDREN, "eligible": "age_interview >= 5"}]})


def test_somebody_without_a_household_cannot_be_weighted(tmp_path: Path) -> None:
    with pytest.raises(DataFault, match="without a household"):
        loaded(tmp_path, people=PEOPLE.replace("8,c,30,no", "8,,30,no"))


@pytest.mark.parametrize(
    ("selection", "said"),
    [
        ([{"eligible": "age_interview >=", "drawn": "chosen == 'yes'"}], "selection[1].eligible"),
        ([{**ADULTS, "of": "weight_ea"}], "selection: people have no column 'weight_ea'"),
        ([{**ADULTS, "drawn": "picked == 1"}], "selection[1].drawn"),
        ([ADULTS, {**CHILDREN, "weight": "weight_child"}], "all groups write the same weight"),
        ([{"eligible": "age_interview >= 18"}], "selection"),
    ],
)
def test_broken_rules_are_faults_of_the_mapping(tmp_path: Path, selection: list[Any], said: str) -> None:
    with pytest.raises(MappingFault) as caught:
        loaded(tmp_path, {**MAPPING, "selection": selection})
    assert said in str(caught.value)


def test_a_weight_is_not_mapped_and_computed(tmp_path: Path) -> None:
    people = {**MAPPING["people"], "weight_person": "AGE"}
    with pytest.raises(MappingFault, match="map it, or compute it"):
        loaded(tmp_path, {**MAPPING, "people": people})
