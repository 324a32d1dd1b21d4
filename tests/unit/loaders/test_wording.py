"""Proves that labels of a file, and what a mapping says over them, go with the data, by language and in their order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyreadstat
import pytest

import fl_estimate as fl
from fl_estimate.inputs.wording import ANY, FILE, ColumnWords, SurveyWording

TITLES: Any = ["Papiers gardés", "Province", "Sexe", "Instruction", "Poids", "Grappe"]
CODES: Any = {
    "q1": {1: "Oui", 2: "Non"}, "reg": {1: "Nord", 2: "Sud", 3: "Est"}, "sx": {1: "Homme", 2: "Femme"},
    "edu": {1: "Primaire", 2: "Aucune", 3: "Supérieur"},
}  # fmt: skip
MAPPING: dict[str, Any] = {
    "id": "x",
    "population": {"fr": "ménages du pays", "en": "households of the country"},
    "people": {
        "unit": "households",
        "region": {"column": "reg", "recode": "labels"},
        "sex": "sx",
        "weight_hh": "w",
        "psu": "ea",
        "schooling": {"column": "edu", "recode": "labels"},
        "derived": {"papers": "q1 == 1"},
    },
    "design": {"weights": "weight_hh", "psu": "psu", "expands": True},
    "labels": {
        "papers": {"fr": "papiers retenus", "en": "documents kept"},
        "region": {"title": "Province", "values": {"Sud": {"en": "South"}, "Nord": {"en": "North"}}},
    },
}


def survey(folder: Path) -> Path:
    rng = np.random.default_rng(1)
    n = 600
    frame: Any = pd.DataFrame(
        {
            "q1": rng.choice([1.0, 2], n, p=[0.2, 0.8]), "reg": rng.choice([1.0, 2, 3], n), "sx": rng.choice([1.0, 2], n),
            "edu": rng.choice([1.0, 2, 3], n), "w": rng.uniform(50, 150, n), "ea": np.repeat(np.arange(60.0), 10),
        }
    )  # fmt: skip
    path = folder / "survey.sav"
    pyreadstat.write_sav(frame, str(path), column_labels=TITLES, variable_value_labels=CODES)
    return path


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> fl.SurveyData:
    return fl.load(survey(tmp_path_factory.mktemp("labels")), mapping=MAPPING)


def test_labels_come_from_the_file_and_the_mapping_is_heard_first(data: fl.SurveyData) -> None:
    words = data.wording
    assert words.unit == "households"
    assert words.columns["sex"] == ColumnWords(
        title={FILE: "Sexe"}, values={"1": {FILE: "Homme"}, "2": {FILE: "Femme"}}
    )
    assert words.columns["region"].title == {FILE: "Province", ANY: "Province"}
    assert words.columns["region"].values["Sud"] == {FILE: "Sud", "en": "South"}
    assert words.columns["papers"].title == {"fr": "papiers retenus", "en": "documents kept"}
    assert data.population == "households of the country"
    assert words.population["fr"] == "ménages du pays"


def test_rows_stand_in_the_order_of_the_codes_or_as_the_mapping_lists_them(data: fl.SurveyData) -> None:
    estimates = fl.estimate_prevalence(data, "papers", by=[["schooling"], ["region"]])
    rows = estimates.to_frame()
    assert rows["schooling"].dropna().tolist() == ["Primaire", "Aucune", "Supérieur"]
    assert rows["region"].dropna().tolist() == ["South", "North", "Est"]
    for codes in (estimates.to_frame(labels=False), estimates.to_frame(language="fr")):
        assert codes["region"].dropna().tolist() == ["Sud", "Nord", "Est"]


def test_ordered_categories_of_frames_keep_their_order() -> None:
    import polars as pl

    order = ["young", "middle", "old"]
    frame = pd.DataFrame({"age": ["old", "young", "middle", "young"], "y": [1, 0, 0, 1], "w": 1.0})
    design = fl.Design(weights="w")
    for people in (
        frame.assign(age=pd.Categorical(frame["age"], categories=order, ordered=True)),
        pl.from_pandas(frame).with_columns(pl.col("age").cast(pl.Enum(order))),
        pl.from_pandas(frame).with_columns(pl.col("age").cast(pl.Enum(order))).lazy(),
    ):
        assert fl.estimate_prevalence(people, "y", design=design, by="age").to_frame()["age"].dropna().tolist() == order


def test_categories_without_an_order_are_sorted() -> None:
    frame = pd.DataFrame({"g": pd.Categorical(["b", "a", "b"], categories=["b", "c", "a"]), "y": [1, 0, 0], "w": 1.0})
    rows = fl.estimate_prevalence(frame, "y", design=fl.Design(weights="w"), by="g").to_frame()
    assert rows["g"].dropna().tolist() == ["a", "b", "c"]


def test_words_go_to_results_and_to_disk_and_back(data: fl.SurveyData, tmp_path: Path) -> None:
    made = fl.estimate_prevalence(data, "papers", by="region")
    assert set(made.wording.columns) == {"papers", "region"}
    assert fl.Estimates.read(made.save(tmp_path / "e.parquet")).wording == made.wording
    assert fl.SurveyData.read(data.save(tmp_path / "survey")).wording == data.wording
    assert fl.stack([made, fl.estimate_prevalence(data, "papers", by="schooling")]).wording.columns["region"]
    persons = fl.estimate_prevalence(data.people, "papers", design=data.design)
    with pytest.raises(fl.FlError, match="FL-EST-25"):
        fl.stack([made, persons])


def test_classified_people_keep_their_words() -> None:
    data = fl.datasets.load("country_household")
    assert fl.classify(data).wording == data.wording


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"people": {"unit": "housholds"}}, "people.unit"),
        ({"people": {}, "jobs": {"from": "people", "unit": "jobs"}}, "jobs.unit"),
        ({"people": {}, "labels": {"sex": {"title": {"french": "Sexe"}}}}, "labels.sex.title"),
        ({"people": {"sex": {"column": "SEX", "recode": "labels"}}}, "people.sex: labels are texts"),
    ],
)
def test_what_labels_and_units_cannot_be(change: dict[str, Any], said: str) -> None:
    with pytest.raises(fl.FlError, match="FL-MAP-03") as caught:
        fl.Mapping.read({"id": "x", **change})
    assert said in str(caught.value)


def test_words_of_one_are_heard_over_those_of_another() -> None:
    file = SurveyWording(columns={"a": ColumnWords(title={FILE: "A"}, values={"1": {FILE: "one"}, "2": {FILE: "two"}})})
    own = SurveyWording(columns={"a": ColumnWords(values={"2": {ANY: "TWO"}}, ordered=True)}, unit="jobs")
    both = own.over(file)
    assert (both.unit, both.order("a"), both.columns["a"].title) == ("jobs", ("2", "1"), {FILE: "A"})
    assert both.columns["a"].values["2"] == {FILE: "two", ANY: "TWO"}
    assert both.only(["a=1"]).columns.keys() == {"a"}
    assert SurveyWording.from_dict(both.to_dict()) == both


def test_episodes_are_counted_as_episodes() -> None:
    survey = fl.datasets.load("country_migrants")
    assert fl.by_episode(survey).wording.unit == "episodes"
    assert fl.by_episode(survey, "last").wording.unit == "persons"
