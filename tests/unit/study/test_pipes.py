"""Where a path leads to a pipe or a device, nothing waits for it or reads it without end, whatever kind of file was asked for."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import fl_estimate as fl
from fl_estimate.estimators.hierarchical.read.neighbours import read_neighbours
from fl_estimate.reproduce import reproduce
from fl_estimate.study.batch.plan import find_studies
from fl_estimate.study.verify import verify
from tests.unit.study.made import write


def pipe(path: Path) -> Path:
    os.mkfifo(path)
    return path


def endless(path: Path) -> Path:
    path.symlink_to("/dev/zero")
    return path


def survey(at: Path) -> Path:
    at.rename(at.parent / "survey.json")
    return at.parent


READERS: dict[str, tuple[str, str, Callable[[Path], Any]]] = {
    "a framework": ("x.toml", "FL-IND-02", fl.Framework.read),
    "a rule": ("x.toml", "FL-FILE-01", fl.SuppressionRule.read),
    "estimates": ("x.parquet", "FL-FILE-01", fl.Estimates.read),
    "a survey that was saved": ("x.json", "FL-FILE-11", lambda path: fl.SurveyData.read(survey(path))),
    "lists": ("x.csv", "FL-FILE-53", lambda path: fl.load_lists({"a": path, "b": path}, key="ID")),
    "a mapping": ("x.toml", "FL-MAP-02", lambda path: fl.load("people.csv", mapping=path)),
    "a map of neighbours": ("x.geojson", "FL-EST-71", lambda path: read_neighbours(path, "region")),
    "a target": ("x.toml", "FL-STUDY-30", lambda path: reproduce([path])),
    "a manifest": ("manifest.json", "FL-STUDY-", lambda path: verify(path.parent)),
    "a table of values": ("x.csv", "FL-FILE-01", lambda path: find_studies(path.parent / "small.toml", path, {})),
}


@pytest.mark.parametrize("kind", [pipe, endless])
@pytest.mark.parametrize("what", READERS)
def test_what_is_no_file_is_not_read(what: str, kind: Callable[[Path], Path], tmp_path: Path) -> None:
    name, code, read = READERS[what]
    write(tmp_path)
    with pytest.raises(fl.FlError, match=code):
        read(kind(tmp_path / name))


@pytest.mark.parametrize("kind", [pipe, endless])
def test_a_batch_passes_over_it(kind: Callable[[Path], Path], tmp_path: Path) -> None:
    write(tmp_path)
    kind(tmp_path / "x.toml")
    _, found = find_studies(tmp_path, None, {})
    assert list(found) == ["small"]


def test_a_map_that_is_nested_without_end_is_no_map(tmp_path: Path) -> None:
    file = tmp_path / "map.geojson"
    file.write_text('{"features": ' + "[" * 200_000, encoding="utf-8")
    with pytest.raises(fl.FlError, match="FL-EST-71"):
        read_neighbours(file, "region")
