"""Files without a header, mappings that fit badly, and results that are printed, pickled and saved: planted answers are in none of them."""

from __future__ import annotations

import csv
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate.errors import columns_shown, may_be_shown, shown
from tests.disclosure.planted import (
    AMOUNT,
    BORN,
    DESIGN,
    LISTS,
    PASSPORT,
    PERSON,
    SAID,
    TELEPHONE,
    histories,
    marks_in,
    people,
    records,
    told_by,
)  # fmt: skip

FIRST = [f"{PASSPORT}00", f"{PERSON} A", f"{BORN}01", f"+57 {TELEPHONE}00", SAID, "f", str(AMOUNT)]
SMALL = [
    [f"{PERSON} A", "f", SAID],
    [f"{BORN}01", "f", "yes"],
    [f"{PASSPORT}00", "yes", "yes"],
    [f"+57 {TELEPHONE}00", "a", "a"],
]
"""First rows of files that have no header."""
MAPPING: dict[str, Any] = {
    "id": "planted", "kind": "household", "country": "XX", "population": "people",
    "people": {"person_id": "number", "age_interview": "age", "sex": {"column": "sex", "recode": {"1": "1", "2": "2"}}},
    "design": {"weights": "weight_person"},
}  # fmt: skip


def written(path: Path, rows: list[list[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


@pytest.mark.parametrize("first", [FIRST, *SMALL], ids=lambda row: f"{len(row)} cells")
def test_a_file_without_a_header_does_not_print_its_first_row(tmp_path: Path, first: list[str]) -> None:
    file = written(tmp_path / "people.csv", [first, [cell.replace("1", "2") for cell in first]])
    calls: list[Callable[[], Any]] = [
        lambda: fl.load(file, mapping=MAPPING),
        lambda: fl.load(file, mapping={**MAPPING, "people": {**MAPPING["people"], "derived": {"adult": "age >= 18"}}}),
        lambda: fl.load_lists(file, lists=LISTS),
        lambda: fl.load_lists({"police": file, "ngo": file}, key="passport"),
        lambda: fl.estimate_mean(pd.read_csv(file), "hours", design=DESIGN),
        lambda: fl.estimate_mean(pd.read_csv(file), "hours", design=fl.Design(unweighted=True), where="age >= 18"),
        lambda: fl.regress(pd.read_csv(file), "y ~ age", design=fl.Design(unweighted=True)),
        lambda: fl.classify(pd.read_csv(file)),
        lambda: fl.CaptureHistories.from_records(pd.read_csv(file), lists=LISTS),
    ]
    for call in calls:
        result, texts = told_by(call)
        assert result is None
        assert texts
        for text in texts:
            assert not marks_in(text), text
    draft, texts = told_by(lambda: fl.draft_mapping(file))
    assert not marks_in(str(draft)), draft
    assert not [text for text in texts if marks_in(text)]


@pytest.mark.parametrize(
    "answer",
    ["AB1234567", "X 123456", "+57 310 555 1234", "0712-345-678", "1987-03-02", "2.3.1987", "born 02/03/1987", "Amina Diallo",
     "MARÍA DEL PILAR", "Jean-Pierre N'Diaye", "amina@post.example", "34", "-1", "3.5", "they took my papers and my pay"],
)  # fmt: skip
def test_what_looks_like_an_answer_is_not_shown(answer: str) -> None:
    """Passports, telephones, days of birth, what people are called, numbers and sentences, alone and as one name of several."""
    assert answer not in shown(answer)
    assert answer not in shown([answer])
    assert answer not in columns_shown(["age", answer, "sex"])


@pytest.mark.parametrize(
    "name", ["region", "HV005", "VAR00001", "q1_2", "the wage", "ESTRATO", "P5000S1", "C(sex)[T.2]", "région", "année"]
)
def test_names_are_shown(name: str) -> None:
    assert repr(name) == shown(name)
    assert columns_shown(["age", name]) == f"age, {name}"


def test_where_an_expected_name_is_met_the_row_is_a_header() -> None:
    """Columns called by what looks like a person ("Household Number") are names where another column is the one that was asked for."""
    assert may_be_shown(["Household Number", "age"]) == []
    assert may_be_shown(["Household Number", "Age"], known=["age"]) == ["Household Number", "Age"]


def results() -> dict[str, Callable[[], Any]]:
    """Results made of people with planted answers, none of which speaks of a single person."""
    estimates = fl.estimate_mean(people(), ["wage", "amount"], design=DESIGN, by="region")
    model = fl.regress(people(), "amount ~ wage", family="gaussian", design=DESIGN)
    kept = fl.CaptureHistories.from_records(records(), lists=LISTS)
    return {
        "estimates": lambda: fl.estimate_prevalence(people(), "fl", design=DESIGN, by="region"),
        "published": lambda: fl.publish(fl.estimate_prevalence(people(), "fl", design=DESIGN, by="region")),
        "test": lambda: fl.t_test(people(), "wage", "sex", design=DESIGN),
        "regression": lambda: fl.regress(people(), "fl ~ amount", design=DESIGN),
        "model": lambda: fl.regress(people(), "fl ~ sex + amount", design=DESIGN).model,
        "term_test": lambda: fl.term_test(fl.regress(people(), "wage ~ amount", family="gaussian", design=DESIGN), "amount"),
        "lists": lambda: kept,
        "weights": lambda: fl.weight_summary(people(), design=DESIGN),
        "replicates": lambda: fl.replicate(people(), design=DESIGN, kind="jkn"),
        "appraisal": lambda: cr.appraise(histories(), replicates=20, draws=100, seed=1),
        "rows": lambda: len(estimates) + len(model),
    }  # fmt: skip


@pytest.mark.parametrize("name", list(results()))
def test_results_hold_no_answers(name: str, tmp_path: Path) -> None:
    made, texts = told_by(results()[name])
    assert made is not None, texts
    told = [repr(made), str(made), str(pickle.dumps(made))]
    if hasattr(made, "_repr_html_"):
        told.append(str(made._repr_html_()))
    if isinstance(made, fl.Estimates):
        told.append(str(made.save(tmp_path / "it.parquet").read_bytes()))
    for text in (*texts, *told):
        assert not marks_in(text), text[:400]


def test_a_report_names_no_records_unless_it_is_asked_to() -> None:
    from fl_estimate.schema.validate import Fault

    fault = Fault(
        table="people",
        variable="sex",
        rule="code list",
        value_class="missing",
        count=1,
        rows=(3,),
        records=(f"{PASSPORT}03",),
    )
    report = fl.ValidationReport((fault,))
    assert repr(report) == "ValidationReport(1 error, 0 warnings)"
    assert not marks_in(repr(report) + str(report) + repr(fault))
    assert marks_in(str(report.to_frame()["record"].tolist()))
    _, texts = told_by(lambda: report.require("the file"))
    assert not [text for text in texts if marks_in(text)]


def test_an_appraisal_takes_no_covariates_along() -> None:
    kept = fl.CaptureHistories.from_records(records(), lists=LISTS)
    with_records = type(kept)(lists=kept.lists, members=kept.members, counts=kept.counts, records=records())
    appraisal = cr.appraise(with_records, replicates=20, draws=100, seed=1)
    assert appraisal.histories.records is None
    assert not marks_in(str(pickle.dumps(appraisal)))


def test_surveys_and_classifications_are_no_columns() -> None:
    survey = fl.SurveyData(people=people(), design=DESIGN)
    found = fl.classify(people().assign(age=30.0, w_low_no_wage="yes", c_docs="no"))
    for each in (survey, found):
        assert repr(each)
        assert not marks_in(repr(each))
        assert each == each
        assert each is not None
        assert each != survey or each is survey
        for wrong in (lambda each=each: each == "yes", lambda each=each: each != 1, lambda each=each: bool(each)):
            with pytest.raises(fl.FlError, match="FL-DATA-14"):
                wrong()
        _, texts = told_by(lambda each=each: each == people()["said"])
        assert not [text for text in texts if marks_in(text)]
