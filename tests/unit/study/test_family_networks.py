"""A study of family networks from the files of an office to its report: columns of relatives are found, figures are those of a call."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import fl_estimate as fl
from fl_estimate.datasets.country import make_population
from fl_estimate.datasets.families import families_mapping, make_families
from fl_estimate.study.run import check_study, run_study

ENTRY = """\
[[estimate]]
kind = "multiplicity"
name = "family"
outcome = "forced_labour"
counting = "households"
by = [["relation"], ["psu"]]

[[estimate]]
kind = "multiplicity"
name = "share"
outcome = "forced_labour"
counting = "households"
quantity = "prevalence"
unknown = "bounds"
eligible = "age >= 18 and alive_in_period == 'yes'"
where = "sex == 1"
"""
HEAD = """\
title = "Families"

[source.families]
file = { households = "households.csv", people = "people.csv", jobs = "jobs.csv", relatives = "relatives.csv" }
mapping = "families.toml"
population_size = 1_700_000

[classify]
framework = ["icls2018_adult", "icls2018_child"]

"""
PUBLISHED = '\n[publish]\nrule = "fl-default"\nlanguages = ["en", "fr", "es"]\n'


def written(value: Any) -> str:
    """A value as TOML has it."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {written(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(written(each) for each in value) + "]"
    return json.dumps(value, ensure_ascii=False)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the sample survey of families."""
    folder = tmp_path_factory.mktemp("office")
    for name, frame in make_families(make_population()).files.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    lines = [f"{json.dumps(key)} = {written(value)}" for key, value in families_mapping().items()]
    (folder / "families.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def study(office: Path, entry: str) -> Path:
    path = office / "study.toml"
    path.write_text(HEAD + entry + PUBLISHED, encoding="utf-8")
    return path


def text_of(page: Path) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def result(office: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    out = tmp_path_factory.mktemp("out") / "families"
    return run_study(study(office, ENTRY), out=out), out


def test_its_figures_are_those_of_a_call(result: tuple[Any, Path]) -> None:
    survey = fl.datasets.load("country_families")
    assert survey.design is not None
    classified = fl.classify(survey, ["icls2018_adult", "icls2018_child"])
    classified = replace(classified, design=replace(survey.design, population_size=1_700_000))
    made = fl.hidden.multiplicity(classified, "forced_labour", counting="households", by=[["relation"], ["psu"]])
    found = result[0].estimates["family"]
    assert found.frame["value"].tolist() == pytest.approx(made.frame["value"].tolist())
    assert found.frame["se"].tolist() == pytest.approx(made.frame["se"].tolist())
    bounds = result[0].estimates["share"].frame
    assert bounds["bound"].tolist() == ["lower", "upper", "identified"]


def test_few_cases_of_a_unit_are_withheld_and_the_nation_is_printed(result: tuple[Any, Path]) -> None:
    published = result[0].published.to_frame()
    family = published[published["table"] == "family"] if "table" in published else published
    assert (family.loc[family["margin"] == "", "publication"] != "not_published").all()
    # ten households an area: fewer respondents than the rule asks for
    assert (family.loc[family["margin"] == "psu", "publication"] == "not_published").all()


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("report.html", ["Households report", "(column weight_hh)", "Persons of whom nobody in the frame could tell", "household member"]),
        ("report.fr.html", ["Les ménages déclarent", "(colonne weight_hh)", "nul dans la base de sondage", "frère ou sœur"]),
        ("report.es.html", ["Informan los hogares", "(columna weight_hh)", "nadie del marco", "miembro del hogar"]),
    ],
)  # fmt: skip
def test_the_report_says_by_which_rule_in_each_language(result: tuple[Any, Path], page: str, said: list[str]) -> None:
    text = text_of(result[1] / page)
    assert [each for each in said if each not in text] == []
    # How many relatives nothing was asked of is for the analyst.
    assert "multiplicity_" not in text


def test_columns_of_neither_table_are_told_before_anything_is_estimated(office: Path) -> None:
    wrong = (
        ENTRY.replace('["relation"]', '["relations"]')
        .replace("alive_in_period ==", "alive ==")
        .replace("sex == 1", "sexe == 1")
    )
    with pytest.raises(fl.FlError) as caught:
        check_study(study(office, wrong))
    message = str(caught.value)
    assert "FL-STUDY-05" in message
    for name, close in (("relations", "relation"), ("alive", ""), ("sexe", "sex")):
        assert f"{name!r}" in message
        assert not close or f"did you mean {close!r}" in message


def test_a_study_whose_weights_give_no_total_is_stopped(office: Path) -> None:
    path = study(office, ENTRY)
    path.write_text(path.read_text(encoding="utf-8").replace("population_size = 1_700_000\n", ""), encoding="utf-8")
    with pytest.raises(fl.FlError, match="FL-EST-260"):
        check_study(path)


def test_a_condition_that_cannot_be_read_is_told_with_its_place(office: Path) -> None:
    with pytest.raises(fl.FlError) as caught:
        check_study(study(office, ENTRY.replace("sex == 1", "sex ==")))
    assert "FL-EXPR" in str(caught.value)
