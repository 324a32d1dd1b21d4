"""Tables of a study file and what is read off them: strict, with the defaults of the functions that they go to."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest
from pydantic import ValidationError

import fl_estimate as fl
from fl_estimate.errors import StudyFault
from fl_estimate.study.config import read_study
from fl_estimate.study.entries import (
    CalibrateEntry,
    ClassifyEntry,
    ColumnName,
    ColumnNames,
    MapEntry,
    PublishEntry,
    RuleEntry,
    SourceEntry,
    StudyTable,
    TruthEntry,
)
from fl_estimate.study.folder import PART, read_manifest
from fl_estimate.study.forms import entry_models
from fl_estimate.study.inputs import written_files
from fl_estimate.study.run import check_study, result_folder
from tests.unit.study.folder_writer import fill
from tests.unit.study.made import STUDY, write


@pytest.mark.parametrize(
    "model",
    [
        SourceEntry,
        ClassifyEntry,
        CalibrateEntry,
        RuleEntry,
        PublishEntry,
        TruthEntry,
        MapEntry,
        ColumnName,
        ColumnNames,
    ],
    ids=lambda model: model.__name__,
)
def test_tables_are_strict_and_do_not_print_what_stood_there(model: type[StudyTable]) -> None:
    """A key that is not known, a value of another type, a change afterwards: all refused, and an error never shows a value."""
    with pytest.raises(ValidationError) as raised:
        model.model_validate(
            {
                name: ["Amina Quispe"] if name != "languages" else "Amina Quispe"
                for name in [*model.model_fields, "other"]
            }
        )
    assert "Amina" not in str(raised.value)
    assert "Extra inputs are not permitted" in str(raised.value)
    with pytest.raises(ValidationError, match="frozen"):
        setattr(model.model_construct(), next(iter(model.model_fields)), "x")


def test_where_a_result_goes(tmp_path: Path) -> None:
    """Where it is said with the command, else in the study, from its folder, else below where one is."""
    study = read_study(write(tmp_path))
    assert result_folder(study, "there") == Path("there")
    assert result_folder(study, tmp_path) == tmp_path
    assert result_folder(study, None) == Path("out") / "small"
    said = read_study(write(tmp_path, study=f'out = "here"\n{STUDY}'))
    assert result_folder(said, None) == tmp_path / "here"
    assert result_folder(said, "there") == Path("there")


def test_what_is_left_out_is_as_the_function_has_it() -> None:
    for model, function in ((ClassifyEntry, fl.classify), (CalibrateEntry, fl.calibrate)):
        takes = inspect.signature(function).parameters
        for name, field in model.model_fields.items():
            if name in takes and not field.is_required() and name != "framework":
                assert field.default == takes[name].default, name
    assert (ClassifyEntry().framework, ClassifyEntry().allow_unverified, ClassifyEntry().short_instrument) == (
        "icls2018_adult",
        False,
        False,
    )
    source = SourceEntry(file="a.csv", mapping="a.toml")
    assert (source.unit, source.engine, source.population_size, source.populations, source.derived) == (
        "person",
        "polars",
        None,
        {},
        {},
    )
    assert (PublishEntry().rule, PublishEntry().languages, PublishEntry().previous) == ("fl-default", ["en"], [])


def test_columns_of_people_are_looked_for_behind_estimates_of_lists(tmp_path: Path) -> None:
    lists = '[[estimate]]\nkind = "capture_recapture"\nmethod = "chao"\nfile = "lists.csv"\n\n'
    (tmp_path / "lists.csv").write_text("a,b,count\n1,0,30\n0,1,20\n1,1,10\n", encoding="utf-8")
    wrong = STUDY.replace('by = [["region"], ["sex"]]', 'by = "regoin"')
    path = write(tmp_path, study=wrong.replace("[[estimate]]", f"{lists}[[estimate]]", 1))
    with pytest.raises(StudyFault, match="FL-STUDY-05") as raised:
        check_study(path)
    assert "estimate[2].by: 'regoin'; did you mean 'region'?" in raised.value.found


@pytest.mark.parametrize(
    ("mapping", "files"), [("people.toml", {"people.csv", "people.toml"}), ("ene2020", {"people.csv"})]
)
def test_a_mapping_of_the_library_is_no_file_of_a_study(mapping: str, files: set[str], tmp_path: Path) -> None:
    study = read_study(write(tmp_path, study=STUDY.replace("people.toml", mapping)))
    assert set(written_files(study)) - {"truth.json", "regions.geojson"} == files


def test_tables_of_a_class_are_strict_too() -> None:
    model = entry_models()["area"]
    good = {"kind": "area", "outcome": "x", "by": "d"}
    model.model_validate(good | {"prior": {"sigma": "half_normal(0, 1)"}})
    for wrong in ({"sigmas": "x"}, {"sigma": 3}):
        with pytest.raises(ValidationError) as raised:
            model.model_validate(good | {"prior": wrong})
        assert "input_value" not in str(raised.value)


def test_what_a_killed_run_left_is_taken_away_by_who_holds_the_folder(tmp_path: Path) -> None:
    """Half written it is no result; nobody else can mend it while the folder is held."""
    (tmp_path / PART).mkdir()
    (tmp_path / PART / "estimates.csv").write_text("half", encoding="utf-8")
    fill(tmp_path, 1)
    assert read_manifest(tmp_path) is not None
    assert (tmp_path / "estimates.csv").read_text(encoding="utf-8") == "1 estimates.csv"
    assert not (tmp_path / PART).exists()
