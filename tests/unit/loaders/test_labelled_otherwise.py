"""Proves that a code whose label in the file says another code of the schema is asked about, and never takes our word for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pyreadstat
import pytest

import fl_estimate as fl
from fl_estimate.schema.code_words import codes_in_label

FRAME: Any = pd.DataFrame(
    {"sex": [1, 1, 2, 2.0], "area": ["urban", "urban", "rural", "rural"], "st": [11, 43, 51, 51.0]}
)


def survey(tmp_path: Path, labels: dict[str, Any], suffix: str = "sav") -> Path:
    path = tmp_path / f"survey.{suffix}"
    write = pyreadstat.write_sav if suffix == "sav" else pyreadstat.write_dta
    write(FRAME, str(path), variable_value_labels=labels)
    return path


@pytest.mark.parametrize("suffix", ["sav", "dta"])
@pytest.mark.parametrize("words", [("Female", "Male"), ("1. Femmes", "2. Hommes"), ("Mujer", "Varón"), ("Girl", "Boy")])
def test_a_sex_of_the_other_order_is_refused_with_its_recode(
    tmp_path: Path, suffix: str, words: tuple[str, str]
) -> None:
    path = survey(tmp_path, {"sex": {1: words[0], 2: words[1]}}, suffix)
    with pytest.raises(fl.FlError, match="FL-MAP-06") as caught:
        fl.load(path, mapping={"id": "x", "people": {}})
    said = str(caught.value)
    assert (
        f"people.sex: column 'sex' calls code 1 {words[0]!r}; the code of the schema for that is 2 (women), not 1 (men)"
        in said
    )
    assert f"code 2 {words[1]!r}" in said
    assert '[people] sex = { column = "sex", recode = { "1" = 2, "2" = 1 } }' in said


@pytest.mark.parametrize(
    "people", [{"sex": {"column": "sex", "recode": {"1": 2, "2": 1}}}, {"gender": {"column": "sex"}}]
)
def test_what_a_recode_says_or_is_no_variable_of_the_schema_stands(tmp_path: Path, people: dict[str, Any]) -> None:
    path = survey(tmp_path, {"sex": {1: "Female", 2: "Male"}})
    data = fl.load(path, mapping={"id": "x", "people": people})
    words = data.wording.columns["sex" if "sex" in people else "gender"].values
    assert words["1"][""] == ("Male" if "sex" in people else "Female")


@pytest.mark.parametrize(
    "labels",
    [
        {1: "Men", 2: "Women"}, {1: "H", 2: "M"}, {1: "M", 2: "F"}, {1: "Group A", 2: "Group B"},
        {1: "Male or female", 2: "Not male"}, {1: "Male (homme)", 2: "Female (femme)"},
    ],
)  # fmt: skip
def test_labels_that_agree_or_say_nothing_known_pass(tmp_path: Path, labels: dict[int, str]) -> None:
    assert fl.load(survey(tmp_path, {"sex": labels}), mapping={"id": "x", "people": {}}) is not None


def test_other_variables_and_every_contradiction_at_once(tmp_path: Path) -> None:
    labels = {
        "sex": {1: "Female"},
        "area": {"urban": "Milieu rural", "rural": "Rural"},
        "st": {11: "Apprentices", 43: "Casual employees", 51: "Own-account workers"},
    }
    rule = {"id": "x", "people": {"urban": "area"}, "jobs": {"from": "people", "icse18a": "st"}}
    with pytest.raises(fl.FlError, match="FL-MAP-06") as caught:
        fl.load(survey(tmp_path, labels), mapping=rule)
    said = str(caught.value)
    for position in ("people.sex", "people.urban", "jobs.icse18a: column 'st' calls code 11", "'Own-account workers'"):
        assert position in said
    assert "code 43" not in said
    assert "code rural" not in said


@pytest.mark.parametrize(
    ("variable", "label", "codes", "said"),
    [
        ("ongoing", "Sí", ("yes", "no"), {"yes"}),
        ("ongoing", "Non", ("yes", "no"), {"no"}),
        ("ongoing", "No, left in 2020", ("yes", "no"), {"no"}),
        ("pay_period", "Par mois", ("month", "day"), set()),
        ("pay_period", "Jour", ("month", "day"), {"day"}),
        ("employer_type", "Armed group", ("armed group", "other"), {"armed group"}),
        ("urban", "Non-urban", ("urban", "rural"), set()),
        ("icse18a", "Employees", (41, 42, 43, 44), {41, 42, 43, 44}),
    ],
)
def test_words_of_a_code(variable: str, label: str, codes: Any, said: set[Any]) -> None:
    assert codes_in_label(variable, label, codes) == said


def test_all_faults_of_a_mapping_with_its_file_come_in_one_round(tmp_path: Path) -> None:
    path = survey(tmp_path, {"sex": {1: "Female", 2: "Male"}, "st": {51: "Don't know"}})
    broken = {"id": "x", "people": {"region": "reg", "derived": {"employer": "st == 11"}}}
    with pytest.raises(fl.FlError, match="FL-MAP-07") as caught:
        fl.load(path, mapping=broken)
    said = str(caught.value)
    for code, words in {
        "FL-MAP-04": "people.region: the file has no column 'reg'",
        "FL-MAP-05": "people.derived.employer: column 'st' holds 51 = \"Don't know\" in 2 rows",
        "FL-MAP-06": "people.sex: column 'sex' calls code 1 'Female'",
    }.items():
        assert f"[{code}]" in said
        assert words in said
