"""The schemas for editors take every study and mapping file of the repository, and refuse broken ones."""

from __future__ import annotations

import copy
import datetime as dt
import json
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from fl_estimate.errors import StudyFault
from fl_estimate.results.methods import methods
from fl_estimate.schema.variables import TABLES
from fl_estimate.study.json_schema import json_schema
from tests.unit.study import made

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = ("data/sample", "docs/examples", "src/fl_estimate/loaders/mappings")


def plain(read: Any) -> Any:
    """As an editor's checker sees TOML: days are texts."""
    if isinstance(read, dict):
        return {key: plain(value) for key, value in read.items()}
    if isinstance(read, list):
        return [plain(value) for value in read]
    return read.isoformat() if isinstance(read, dt.date | dt.time) else read


def kind_of(content: dict[str, Any]) -> str | None:
    if isinstance(content.get("estimate"), list):
        return "study"
    return "mapping" if "id" in content and set(content) & set(TABLES) else None


def files() -> list[tuple[str, str]]:
    """Every study and mapping of the repository."""
    found: list[tuple[str, str]] = []
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.toml")):
            kind = kind_of(tomllib.loads(path.read_text(encoding="utf-8")))
            found += [(str(path.relative_to(ROOT)), kind)] if kind else []
    return found


@cache
def checker(of: str) -> Any:
    schema = json_schema(of)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def faults(of: str, content: Any) -> list[str]:
    return [error.message for error in checker(of).iter_errors(plain(content))]


def test_there_are_files_of_both_kinds() -> None:
    kinds = [kind for _, kind in files()]
    assert (kinds.count("study") >= 6, kinds.count("mapping") >= 6) == (True, True)


@pytest.mark.parametrize(("name", "kind"), files())
def test_a_file_of_the_repository_is_valid(name: str, kind: str) -> None:
    assert faults(kind, tomllib.loads((ROOT / name).read_text(encoding="utf-8"))) == []


def study() -> dict[str, Any]:
    return tomllib.loads(made.STUDY)


def mapping() -> dict[str, Any]:
    return tomllib.loads(made.MAPPING)


def put(content: dict[str, Any], place: tuple[Any, ...], value: Any) -> dict[str, Any]:
    changed: Any = copy.deepcopy(content)
    here = changed
    for step in place[:-1]:
        here = here[step]
    here[place[-1]] = value
    return changed


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("publsh",), {}),
        (("publish", "rul"), "fl-rare"),
        (("publish", "languages"), "en"),
        (("estimate", 0, "kind"), "prevalense"),
        (("estimate", 0, "outcom"), "forced_labour"),
        (("estimate", 0, "level"), "high"),
        (("estimate",), []),
        (("source", "people", "file"), 3),
        (("source", "people", "unit"), "people"),
        (("classify", "short_instrument"), "yes"),
        (("labels",), {"region": 3}),
    ],
)
def test_a_broken_study_is_not(place: tuple[Any, ...], value: Any) -> None:
    assert faults("study", study()) == []
    assert faults("study", put(study(), place, value)) != []


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("desing",), {}),
        (("people", "sex"), 3),
        (("people", "sex"), {"colum": "Q1"}),
        (("design", "weights"), 3),
        (("reference_period", "kind"), "13m"),
        (("kind",), "survey"),
        (("people", "repeat"), 0),
        (("id",), 3),
    ],
)
def test_a_broken_mapping_is_not(place: tuple[Any, ...], value: Any) -> None:
    assert faults("mapping", mapping()) == []
    assert faults("mapping", put(mapping(), place, value)) != []


@pytest.mark.parametrize(
    ("of", "content"),
    [
        ("mapping", {"id": "a", "people": {"sex": "Q1"}, "labels": {"region": "Province", "sex": {"fr": "Sexe"}, "a": {"values": {"1": "x"}}}}),
        ("mapping", {"id": "a", "jobs": [{"from": "people", "isic4": "Q1"}, {"from": "relatives", "repeat": ["1", 2]}]}),
        ("mapping", {"id": "a", "people": {}, "source": {"join": [{"file": "b.sav", "on": "ID"}, {"file": "c.sav", "on": ["A", "B"]}]}}),
        ("mapping", {"id": "a", "people": {}, "rates": {"to": "USD", "COP": 0.1, "PEN": {"2019": 0.2}}}),
        ("mapping", {"id": "a", "people": {}, "reference_period": {"months": 12, "before": "interview_date"}}),
        ("study", {"estimate": [{"kind": "capture_recapture", "method": "chao", "file": "lists.csv"}]}),
    ],
)  # fmt: skip
def test_what_people_may_write_otherwise_is_valid(of: str, content: dict[str, Any]) -> None:
    assert faults(of, content) == []


def test_every_kind_of_estimate_is_there_with_words_for_its_keys() -> None:
    schema = json_schema("study")
    titles = {
        part["title"] for part in schema["$defs"].values() if "title" in part and "kind" in part.get("properties", {})
    }
    assert titles == set(methods())
    area = next(part for part in schema["$defs"].values() if part.get("title") == "area")
    assert area["description"]
    assert area["properties"]["covariates"]["description"]


def test_it_is_json_as_every_reader_takes_it() -> None:
    for of in ("study", "mapping"):
        json.dumps(json_schema(of), allow_nan=False)
        assert '{"type": "null"}' not in json.dumps(json_schema(of))


def test_a_schema_of_something_else_is_refused() -> None:
    with pytest.raises(StudyFault, match="FL-STUDY-64") as met:
        json_schema("studdy")
    assert met.value.fix == "did you mean 'study'?"
