"""What a study reads beside its file, and what it says where a part is absent: each by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fl_estimate.errors import FlError
from fl_estimate.study import inputs
from fl_estimate.study.config import _source_faults, read_study  # pyright: ignore[reportPrivateUsage]
from fl_estimate.study.folder import replacing
from fl_estimate.study.gathering import Faults
from fl_estimate.study.run import run_study
from fl_estimate.study.undeclared import _met  # pyright: ignore[reportPrivateUsage]
from tests.unit.study.made import MAPPING, STUDY, write


def nothing(_: str) -> None:
    """Whom progress is told to."""


def test_inputs_that_are_not_there_are_raised_where_nobody_takes_note(tmp_path: Path) -> None:
    study = read_study(write(tmp_path))
    found = inputs.read_inputs(study, nothing)
    assert set(found.surveys) == set(found.people) == {"people"}
    (tmp_path / "people.csv").unlink()
    with pytest.raises(FlError, match="FL-FILE-01"):
        inputs.read_inputs(study, nothing)
    noted = Faults()
    assert inputs.read_inputs(study, nothing, noted).surveys == {}
    assert len(noted) == 1


@pytest.mark.parametrize(("mapping", "count"), [("people.toml", 0), ("other.toml", 1), ("country_migrants", 0)])
def test_a_mapping_is_a_file_or_one_of_the_library(mapping: str, count: int, tmp_path: Path) -> None:
    study = read_study(write(tmp_path, study=STUDY.replace("people.toml", mapping)))
    noted = Faults()
    there = inputs._all_there(study, "people", study.config.source["people"], noted)  # pyright: ignore[reportPrivateUsage]
    assert (there, len(noted)) == (count == 0, count)


@pytest.mark.parametrize(("unit", "called"), [("person", []), ("episode", ["all"]), ("last episode", ["last"])])
def test_rows_of_a_source_stand_for_persons_or_their_episodes(
    unit: str, called: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def by_episode(survey: Any, which: str) -> Any:
        asked.append(which)
        return survey

    monkeypatch.setattr("fl_estimate.loaders.returning_migrant.by_episode", by_episode)
    text = STUDY.replace('mapping = "people.toml"', f'mapping = "people.toml"\nunit = "{unit}"')
    noted = Faults()
    assert set(inputs._surveys(read_study(write(tmp_path, study=text)), nothing, noted)[0]) == {"people"}  # pyright: ignore[reportPrivateUsage]
    assert asked == called


def test_a_result_of_a_run_has_what_it_was_made_of(tmp_path: Path) -> None:
    result = run_study(write(tmp_path), out=tmp_path / "out")
    assert result.inputs is not None
    assert set(result.inputs.surveys) == set(result.inputs.people) == {"people"}
    assert set(result.estimates) == {"prevalence_1", "total_2", "share"}
    assert result.folder == tmp_path / "out"
    assert result.failed == {}
    assert result.appraisals == {}


def test_a_source_that_there_is_not() -> None:
    def said(named: str | None, *sources: str) -> list[str]:
        return list(_source_faults("estimate[1].source", named, sources))

    assert said(None, "people") == said("people", "people") == said("b", "a", "b") == []
    assert said("poeple", "people", "houses") == [
        "estimate[1].source: there is no source 'poeple'; did you mean 'people'?"
    ]
    assert said("xyz", "people", "houses") == [
        "estimate[1].source: there is no source 'xyz'; there are: people, houses"
    ]
    assert said(None, "a", "b") == ["estimate[1].source: there are several sources; say which: a, b"]
    assert said("a") == said(None) == ["estimate[1].source: there is no [source.NAME] to take people from"]


def test_a_result_without_its_manifest_is_not_put_in_place(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="written with its manifest"), replacing(tmp_path / "out") as part:
        (part / "estimates.csv").write_text("x", encoding="utf-8")
    assert not (tmp_path / "out").exists()


def test_codes_that_mean_nothing_said_are_looked_for_in_numbers_alone() -> None:
    frame = pd.DataFrame({"a": [1.0, 98, 98, np.nan], "b": ["98", "x", "y", "z"], "c": [1, 2, 3, 4]})
    wanted = {
        "a": {98.0: "Refused", 99.0: "Unknown"},
        "b": {98.0: "Refused"},
        "c": {98.0: "Refused"},
        "d": {98.0: "No"},
    }
    assert _met(frame, wanted) == {"a": [(98.0, "Refused", 2)]}
    assert _met(frame, {}) == _met(frame, {"b": wanted["b"], "d": wanted["d"]}) == {}


@pytest.mark.parametrize(
    ("file", "found"),
    [('"people.csv"', {"people.csv", "more/jobs.csv"}), ('{ people = "people.csv", jobs = "own.csv" }', {"people.csv", "own.csv"})],
)  # fmt: skip
def test_files_that_a_mapping_names_are_in_the_fingerprint(file: str, found: set[str], tmp_path: Path) -> None:
    """Those of tables that the study gives itself are not read, and so do not count."""
    mapping = MAPPING.replace('from = "people"\n', "").replace(
        "[people]\n", '[source]\nfiles = { jobs = "more/jobs.csv" }\n\n[people]\n'
    )
    path = write(tmp_path, mapping=mapping, study=STUDY.replace('"people.csv"', file))
    (tmp_path / "more").mkdir()
    for name in ("more/jobs.csv", "own.csv"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    parts = inputs.fingerprint(read_study(path)).parts["files"]
    assert {name for name in parts if name.endswith(".csv")} == found


def test_columns_that_lists_keep_are_those_that_their_method_asks_for(tmp_path: Path) -> None:
    text = (
        '[[estimate]]\nkind = "capture_recapture"\nmethod = "{method}"\nfile = "lists.csv"\nlists = ["A", "B"]\n{more}'
    )

    def kept(method: str, more: str = "") -> list[str]:
        (tmp_path / "study.toml").write_text(text.format(method=method, more=more), encoding="utf-8")
        (entry,) = read_study(tmp_path / "study.toml").config.estimate
        return entry.kept  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType]

    assert kept("chao") == []
    assert kept("chao", 'strata = "region"\n') == ["region"]
    assert kept("conditional_loglinear", 'covariates = "sex + age"\n') == ["age", "sex"]
    assert kept("conditional_loglinear", 'by = "region"\nblind = { A = { age = [1] } }\n') == ["age", "region"]
