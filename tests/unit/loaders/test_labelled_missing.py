"""Proves that a code labelled as missing, which nobody declared missing, is asked about and never read as "no"."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pyreadstat
import pytest

import fl_estimate as fl
from fl_estimate.schema.missing_words import says_missing

FRAME: Any = pd.DataFrame({"q1": [1, 1, 2, 2, 2, 9, 9, 2.0], "q3": [30, 41, 25, 99, 18, 60, 33, 52.0], "w": [1.0] * 8})
LABELS = {"en": "Missing", "fr": "Non-réponse", "es": "No sabe"}


def survey(tmp_path: Path, label: str = "Don't know", **more: Any) -> Path:
    path = tmp_path / "survey.sav"
    values: dict[str, Any] = {"q1": {1: "Yes", 2: "No", 9: label}, "q3": {99: label}}
    pyreadstat.write_sav(FRAME, str(path), variable_value_labels=values, **more)
    return path


def mapping(**people: Any) -> dict[str, Any]:
    return {"id": "x", "people": people}


@pytest.mark.parametrize("label", LABELS.values())
def test_a_derived_column_never_reads_it_as_no(tmp_path: Path, label: str) -> None:
    with pytest.raises(fl.FlError, match="FL-MAP-05") as caught:
        fl.load(survey(tmp_path, label), mapping=mapping(derived={"victim": "q1 == 1"}))
    assert f"people.derived.victim: column 'q1' holds 9 = {label!r} in 2 rows" in str(caught.value)


@pytest.mark.parametrize(
    ("people", "position"),
    [
        ({"c_docs@work": {"column": "q1", "recode": {"1": "yes", "else": "no"}}}, ""),
        ({"answer": {"column": "q1", "recode": {"1": "yes"}, "else": "no"}}, "people.answer"),
        ({"answer": {"column": "q1", "recode": {"Yes": "yes"}, "else": "no"}}, "people.answer"),
        ({"age_interview": "q3"}, "people.age_interview"),
        ({"own": "q1", "derived": {"victim": "own == 1"}}, "people.derived.victim"),
        ({"derived": {"adult": "q3 >= 18"}}, "people.derived.adult"),
    ],
)
def test_neither_do_recodes_numbers_and_renamed_columns(tmp_path: Path, people: dict[str, Any], position: str) -> None:
    code = "FL-MAP-05" if position else "FL-MAP-03"
    with pytest.raises(fl.FlError, match=code) as caught:
        fl.load(survey(tmp_path), mapping=mapping(**people))
    assert position in str(caught.value)


def test_all_of_them_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(fl.FlError, match="FL-MAP-05") as caught:
        fl.load(
            survey(tmp_path),
            mapping=mapping(age_interview="q3", derived={"victim": "q1 == 1", "old": "age_interview > 60"}),
        )
    assert str(caught.value).count("column 'q1' holds 9 = \"Don't know\" in 2 rows") == 1
    assert str(caught.value).count("column 'q3' holds 99 = \"Don't know\" in 1 row") == 2


def test_the_mapping_says_what_they_are(tmp_path: Path) -> None:
    path = survey(tmp_path)

    def victim(**people: Any) -> list[float | None]:
        found = fl.load(path, mapping=mapping(**people)).people["victim"]
        return [None if pd.isna(value) else float(value) for value in found]

    as_missing = [1, 1, 0, 0, 0, None, None, 0]
    assert victim(q={"column": "q1", "missing": [9]}, derived={"victim": "q == 1"}) == as_missing
    assert victim(q={"column": "q1", "valid": [9]}, derived={"victim": "q == 1"}) == [1, 1, 0, 0, 0, 0, 0, 0]
    recode = {"column": "q1", "recode": {"1": "yes", "9": "dk"}, "else": "no"}
    assert fl.load(path, mapping=mapping(answer=recode)).people["answer"].tolist()[4:7] == ["no", "dk", "dk"]
    whole = {"source": {"labelled_missing": "missing"}, **mapping(age_interview="q3", derived={"victim": "q1 == 1"})}
    data = fl.load(path, mapping=whole)
    assert [None if pd.isna(value) else float(value) for value in data.people["victim"]] == as_missing
    assert data.people["age_interview"].isna().tolist() == [False] * 3 + [True] + [False] * 4
    assert data.people["q1@missing"].tolist()[5:7] == ["9", "9"]


def test_what_the_file_declares_and_what_nobody_uses_is_no_fault(tmp_path: Path) -> None:
    declared = survey(tmp_path, missing_ranges={"q1": [9], "q3": [99]})
    assert fl.load(declared, mapping=mapping(derived={"victim": "q1 == 1"})).people["victim"].isna().sum() == 2
    assert fl.load(survey(tmp_path), mapping=mapping(weight_person="w")).people["q1"].tolist()[5] == 9


def test_texts_that_say_missing_are_asked_about_too(tmp_path: Path) -> None:
    path = tmp_path / "survey.csv"
    path.write_text("q1,w\nOui,1\nNon,1\nNe sait pas,1\n")
    recode = {"answer": {"column": "q1", "recode": {"Oui": "yes"}, "else": "no"}}
    for people in (recode, {"derived": {"victim": "q1 == 'Oui'"}}):
        with pytest.raises(fl.FlError, match="FL-MAP-05") as caught:
            fl.load(path, mapping=mapping(**people))
        assert "'Ne sait pas' in 1 row" in str(caught.value)
    named = {"answer": {"column": "q1", "recode": {"Oui": "yes", "Ne sait pas": "dk"}, "else": "no"}}
    assert fl.load(path, mapping=mapping(**named)).people["answer"].tolist() == ["yes", "no", "dk"]


@pytest.mark.parametrize(
    "label",
    [
        "Missing", "MISSING", "DK", "Don’t know", "No response", "DK/Missing", "Refused", "Refused to answer", "Inconsistent",
        "Not stated", "9. Don't know", "Don't know / No response", "Unknown", "Non réponse", "NSP", "Ne sait pas", "Ne sait pas/Refus",
        "Manquant", "Valeur manquante", "Sans réponse", "Non déclaré", "Incohérent", "No sabe", "No responde", "NS/NR", "Ns/Nc",
        "No sabe, no responde", "Sin respuesta", "Perdido", "No especificado", "Missing (no answer)", "Não sabe", "Refus de répondre",
    ],
)  # fmt: skip
def test_labels_that_say_missing(label: str) -> None:
    assert says_missing(label)


@pytest.mark.parametrize(
    "label",
    [
        "No", "Non", "Sí", "None", "Ninguno", "Aucun", "Not applicable", "Never", "Refused to pay", "Employer refused", "Other",
        "Unknown person", "Missing documents", "Don't know the employer", "No sabe leer", "Ne sait pas lire", "Perdió su trabajo", "DKK",
        "North", "Nord", "Norte", "NC State", "Se niega a pagar", "Y", "O", "",
    ],
)  # fmt: skip
def test_labels_that_are_answers(label: str) -> None:
    assert not says_missing(label)


@pytest.mark.parametrize(
    ("condition", "asked"), [("q1 == 2", False), ("q1 in [2]", False), ("q1 != 1", True), ("q1 > 1", True)]
)
def test_what_acts_only_where_codes_are_named_asks_for_no_others(tmp_path: Path, condition: str, asked: bool) -> None:
    jobs = {"from": "people", "w_low_no_wage": {"value": "not_asked", "no_where": condition}}
    said = {"id": "x", "people": {}, "jobs": jobs}
    if not asked:
        answers = fl.load(survey(tmp_path), mapping=said).jobs["w_low_no_wage"].tolist()
        assert answers == ["not_asked", "not_asked", "no", "no", "no", "not_asked", "not_asked", "no"]
        return
    with pytest.raises(fl.FlError, match="FL-MAP-05"):
        fl.load(survey(tmp_path), mapping=said)
