"""Keys that are set from outside a study file are typed and checked like those of the file, and say that they were set."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from fl_estimate.errors import FlError, StudyFault
from fl_estimate.study.config import read_study
from fl_estimate.study.run import done_before, run_study
from fl_estimate.study.settings import settings_of, with_settings
from tests.unit.study.made import STUDY, write

SHARE = """\
[source.people]
file = "people.csv"
mapping = "people.toml"

[[estimate]]
kind = "ratio"
numerator = "case"
denominator = "one"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path)


def refused(file: Path, *options: str) -> FlError:
    with pytest.raises(StudyFault) as met:
        read_study(file, settings=settings_of(options))
    return met.value


@pytest.mark.parametrize(
    ("option", "place", "value"),
    [
        ("publish.rule=fl-rare", ("publish", "rule"), "fl-rare"),
        ("publish.languages=['es', \"fr\"]", ("publish", "languages"), ["es", "fr"]),
        ("classify.short_instrument=false", ("classify", "short_instrument"), False),
        ("classify.reference_day=2023-05-01", ("classify", "reference_day"), dt.date(2023, 5, 1)),
        ("source.people.population_size=90000", ("source", "people", "population_size"), 90_000),
        ("title=Un titre, simplement", ("title",), "Un titre, simplement"),
        ('labels."a.b".title=Named', ("labels", "a.b", "title"), "Named"),
        ("publish.rule={min_n = 100}", ("publish", "rule", "min_n"), 100),
    ],
)
def test_a_key_is_set_with_the_type_that_the_file_would_have(file: Path, option: str, place: tuple[str, ...], value: Any) -> None:  # fmt: skip
    here: Any = read_study(file, settings=settings_of([option])).config
    for step in place:
        here = here[step] if isinstance(here, dict) else getattr(here, step)
    assert here == value
    assert type(here) in (type(value), float)


def test_a_text_that_looks_like_a_number_is_a_text_where_the_key_takes_texts(file: Path) -> None:
    study = read_study(file, settings=settings_of(["title=2023", "estimate.share.where=1"]))
    assert study.config.title == "2023"
    assert study.settings == {"title": "2023", "estimate.share.where": "1"}


@pytest.mark.parametrize("key", ["estimate[1].by", "estimate.prevalence_1.by"])
def test_an_estimate_is_named_by_its_place_or_its_name(file: Path, key: str) -> None:
    study: Any = read_study(file, settings=settings_of([f"{key}=sex"]))
    assert study.config.estimate[0].by == "sex"
    assert study.config.estimate[1].by == "region"


def test_what_was_set_is_set_again_from_what_the_manifest_says(file: Path) -> None:
    options = [
        "publish.rule={min_n = 100}",
        "title=2023",
        "classify.reference_day=2023-05-01",
        "estimate[1].by=[['region']]",
    ]
    first = read_study(file, settings=settings_of(options))
    again = read_study(file, settings=json.loads(json.dumps(dict(first.settings))))
    assert again.config == first.config
    assert again.settings == first.settings


def test_a_placeholder_is_filled_in_every_text(tmp_path: Path) -> None:
    text = STUDY.replace('"people.csv"', '"{iso}.csv"').replace("A small study", "{iso}: {year}").replace("[classify]", "[classify]\nreference_day = '{day}'")  # fmt: skip
    file = write(tmp_path, study=text)
    study: Any = read_study(file, settings=settings_of(["{iso}=BOL", "{year}=2023", "{day}=2023-05-01"]))
    assert study.config.source["people"].file == "BOL.csv"
    assert study.config.title == "BOL: 2023"
    assert study.config.classify.reference_day == dt.date(2023, 5, 1)
    assert study.settings == {"{iso}": "BOL", "{year}": "2023", "{day}": "2023-05-01"}
    assert with_settings({"a": ["x{b}", 1], "c": "{b}"}, settings_of(["{b}=7"])) == {"a": ["x7", 1], "c": 7}


@pytest.mark.parametrize("option", ["publish.rule", "=3", "a b=3", "x=1\n[a]=2", "..=1", "a = 1\nb=2"])
def test_what_is_no_key_is_refused(file: Path, option: str) -> None:
    assert refused(file, option).code in ("FL-STUDY-50", "FL-STUDY-02")


def test_a_key_given_twice_is_refused(file: Path) -> None:
    fault = refused(file, "title=a", "title=b")
    assert (fault.code, "given twice" in fault.found) == ("FL-STUDY-50", True)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("estimate.shar.by=sex", "did you mean estimate.share?"),
        ("estimate[9].by=sex", "there are: prevalence_1, total_2, share"),
        ("estimate[0].by=sex", "there are: prevalence_1, total_2, share"),
        ("estimate.share=3", "set one of its keys"),
        ("estimate=3", "set the keys of one"),
        ("title.en.x=4", "set title itself"),
        ("{iso}=BOL", "write it where it belongs"),
    ],
)
def test_what_has_no_place_in_the_file_is_refused(file: Path, option: str, said: str) -> None:
    fault = refused(file, option)
    assert fault.code == "FL-STUDY-51"
    assert said in fault.fix


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("publish.rul=fl-rare", "publish.rul: no such key; did you mean 'rule'? (this was set"),
        ("publish.languages=fr", "publish.languages: it should be a valid list (this was set"),
        ("classify.reference_day=2023-02-31", "classify.reference_day: it should be a valid date (this was set"),
        ("estimate[1].level=high", "estimate[1].level: it should be a valid number (this was set"),
    ],
)
def test_a_fault_of_a_key_says_that_it_was_set(file: Path, option: str, said: str) -> None:
    fault = refused(file, option)
    assert fault.code == "FL-STUDY-02"
    assert said in fault.found


def test_a_fault_of_the_file_does_not(tmp_path: Path) -> None:
    file = write(tmp_path, study=STUDY.replace("languages =", "language ="))
    assert "this was set" not in refused(file, "publish.rule=fl-rare").found


def test_a_run_writes_into_its_manifest_what_was_set(tmp_path: Path) -> None:
    file = write(tmp_path, study=SHARE)
    given = settings_of(["publish.languages=['es']", "estimate[1].by=sex"])
    result = run_study(file, out=tmp_path / "out", settings=given)
    assert result.manifest["study"]["set"] == {"publish.languages": ["es"], "estimate[1].by": "sex"}
    assert result.manifest["config"]["publish"]["languages"] == ["es"]
    assert run_study(file, out=tmp_path / "out", resume=True, settings=given).skipped
    assert done_before(file, tmp_path / "out", None) is None  # without what was set it is another study
