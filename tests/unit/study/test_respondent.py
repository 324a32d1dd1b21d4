"""A respondent of a file is explained by their own answers: the label is the class that classify gives."""

from __future__ import annotations

from pathlib import Path

import pytest

import fl_estimate as fl
from fl_estimate.inputs.survey_data import SurveyData
from fl_estimate.study.respondent import answers_of, explain_respondent
from tests.unit.study.made import people, write


@pytest.fixture(scope="module", params=["pandas", "polars"])
def data(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> SurveyData:
    folder = tmp_path_factory.mktemp("respondent")
    write(folder)
    return fl.load(folder / "people.csv", mapping=folder / "people.toml", engine=request.param)


LABELS = {(1, 1): "FL", (0, 1): "undetermined", (0, 0): "not_FL"}


def test_the_label_is_the_class(data: SurveyData) -> None:
    import narwhals as nw

    classes = nw.from_native(fl.classify(data).people).lazy().collect()
    pairs = zip(classes["forced_labour"].to_list(), classes["forced_labour_possible"].to_list(), strict=True)
    expected = [LABELS[int(surely), int(possibly)] for surely, possibly in pairs]
    chosen = [0, 1, 39, 7]
    assert {expected[row] for row in chosen} == set(LABELS.values())
    for row in chosen:
        (told,) = explain_respondent(data, row + 1, "icls2018_adult")
        assert told.label == expected[row]
        assert told.age == 18 + row % 50


def test_no_such_row(data: SurveyData) -> None:
    for row in (0, 801):
        with pytest.raises(fl.FlError, match="FL-STUDY-07"):
            explain_respondent(data, row, "icls2018_adult")


def test_a_person_without_a_job_has_no_answers(tmp_path: Path) -> None:
    study = write(tmp_path)
    mapping = (
        (tmp_path / "people.toml")
        .read_text(encoding="utf-8")
        .replace('from = "people"', 'from = "people"\nwhere = "Q1 == 1"')
    )
    (tmp_path / "people.toml").write_text(mapping, encoding="utf-8")
    data = fl.load(tmp_path / "people.csv", mapping=tmp_path / "people.toml")
    assert study.is_file()
    assert people().loc[1, "Q1"] == 2
    with pytest.raises(fl.FlError, match="FL-IND-20"):
        explain_respondent(data, 2, "icls2018_adult")


def test_answers_of_a_row() -> None:
    row = {
        "person_id": "1", "w_low_no_wage": "yes", "c_docs@work": "experienced", "c_docs@leave": None, "hours_week": 60,
        "state_penalty": "yes", "state_exception": None, "act": "no", "other": 3,
    }  # fmt: skip
    assert answers_of(row) == {
        "answers": {"w_low_no_wage": ["yes"], "c_docs": ["experienced@work", "missing@leave"], "hours_week": 60},
        "default": "no",
        "state": {"penalty": "yes", "exception": "missing"},
        "act": "no",
    }
