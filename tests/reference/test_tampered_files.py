"""Saved files in which something was changed are refused by a code, and the message says nothing of what is in them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

import fl_estimate as fl
from fl_estimate.errors import FileFault, FlError, PublishFault
from fl_estimate.reporting.releases import read_release

SAVED = Path(__file__).parent / "saved_files" / "2026-11-29_1312_9eff574"
SECRET = "Rosalind 0612345678"
"""What stands in the place of a number, as an answer might."""
OTHERS: tuple[Any, ...] = (None, SECRET, 7, [], {}, [SECRET], {SECRET: SECRET}, [[1, 2], [3, 4]])


def changed(told: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The same with another value at one place."""
    if not path:
        return value
    head, *rest = path
    at = changed(told[head], tuple(rest), value)
    return {**told, head: at} if isinstance(told, dict) else [at if n == head else each for n, each in enumerate(told)]


def places(told: Any, at: tuple[Any, ...] = (), depth: int = 3) -> Iterator[tuple[Any, ...]]:
    """Every place of a file down to some depth; of a list its first."""
    yield at
    inside = told if isinstance(told, dict) else range(min(1, len(told))) if isinstance(told, list) else ()
    for name in inside if depth else ():
        yield from places(told[name], (*at, name), depth - 1)


def refused(read: Callable[[], object], codes: tuple[str, ...]) -> bool:
    """Whether reading was refused; by any other exception a test fails."""
    raised: FlError | None = None
    try:
        read()
    except FlError as error:
        raised = error
    if raised is None:
        return False
    assert raised.code in codes
    assert SECRET not in str(raised)
    return True


def with_told(name: str, told: Any, folder: Path) -> Path:
    table = pq.read_table(SAVED / f"{name}.parquet")
    path = folder / f"{name}.parquet"
    # Names of columns are public; those of the table are not looked at.
    pq.write_table(table.replace_schema_metadata({**table.schema.metadata, b"fl_estimate": json.dumps(told)}), path)
    return path


@pytest.mark.parametrize("name", ["prevalence", "area", "lists", "regression"])
def test_estimates_with_another_value_in_any_place(name: str, tmp_path: Path) -> None:
    told = json.loads(pq.read_schema(SAVED / f"{name}.parquet").metadata[b"fl_estimate"])
    read = fl.Regression.read if name == "regression" else fl.Estimates.read
    found: list[bool] = []
    for place in places(told, depth=2):
        for value in OTHERS[place != () :: 3]:
            path = with_told(name, changed(told, place, value), tmp_path)
            found.append(refused(lambda path=path: read(path), ("FL-FILE-09",)))
    assert sum(found) >= 20


@pytest.mark.parametrize("keep", [0, 10, 0.5, 0.99])
@pytest.mark.parametrize("kind", ["estimates", "survey"])
def test_a_truncated_table(kind: str, keep: float, tmp_path: Path) -> None:
    shutil.copytree(SAVED / "survey", tmp_path / "survey")
    shutil.copy(SAVED / "prevalence.parquet", tmp_path)
    path = tmp_path / ("prevalence.parquet" if kind == "estimates" else "survey/people.parquet")
    content = path.read_bytes()
    path.write_bytes(content[: int(keep * len(content)) if keep < 1 else int(keep)])
    if kind == "estimates":
        assert refused(lambda: fl.Estimates.read(path), ("FL-FILE-09",))
    else:
        assert refused(lambda: fl.SurveyData.read(tmp_path / "survey"), ("FL-FILE-11",))


def test_broken_pages_of_a_survey_never_end_in_a_panic(tmp_path: Path) -> None:
    shutil.copytree(SAVED / "survey", tmp_path / "survey")
    path, rng = tmp_path / "survey" / "people.parquet", np.random.default_rng(3)
    content = path.read_bytes()
    found: list[bool] = []
    for _ in range(60):
        broken = bytearray(content)
        for at in rng.integers(len(broken), size=50):
            broken[at] = int(rng.integers(256))
        path.write_bytes(broken)
        found.append(refused(lambda: fl.SurveyData.read(tmp_path / "survey"), ("FL-FILE-11",)))
    assert any(found)


@pytest.mark.parametrize("kind", ["survey", "coverage", "result"])
def test_json_with_another_value_in_any_place(kind: str, tmp_path: Path) -> None:
    read: dict[str, tuple[str, Callable[[Path], object], tuple[str, ...]]] = {
        "survey": ("survey.json", fl.SurveyData.read, ("FL-FILE-11",)),
        "coverage": ("coverage.json", fl.CoverageReport.read, ("FL-FILE-22",)),
        "result": ("manifest.json", read_release, ("FL-PUB-40",)),
    }
    file, reader, codes = read[kind]
    target = tmp_path / kind
    if kind == "coverage":
        target.mkdir()
        shutil.copy(SAVED / file, target)
    else:
        shutil.copytree(SAVED / kind, target)
    at = target / file if kind == "coverage" else target
    told = json.loads((target / file).read_text())
    texts = [json.dumps(changed(told, place, value)) for place in places(told, depth=2) for value in OTHERS]
    found: list[bool] = []
    for text in [*texts, "", "[" * 100_000, json.dumps({**told, "form": SECRET})]:
        (target / file).write_text(text)
        found.append(refused(lambda: reader(at), codes))
    assert sum(found) >= 10


@pytest.mark.parametrize("digits", [5, 10, 5000])
def test_a_form_number_that_is_none_is_not_repeated(digits: int, tmp_path: Path) -> None:
    """Ten digits are a telephone; from 4,300 Python reads no number."""
    told = json.loads(pq.read_schema(SAVED / "prevalence.parquet").metadata[b"fl_estimate"])
    path = with_told("prevalence", {**told, "form": f"fl_estimate estimates {'6' * digits}"}, tmp_path)
    with pytest.raises(FileFault, match="FL-FILE-09") as raised:
        fl.Estimates.read(path)
    assert "66666" not in str(raised.value)


def test_a_survey_names_no_table_outside_its_folder(tmp_path: Path) -> None:
    shutil.copytree(SAVED / "survey", tmp_path / "survey")
    shutil.copy(SAVED / "survey" / "people.parquet", tmp_path / "people.parquet")
    file = tmp_path / "survey" / "survey.json"
    told = json.loads(file.read_text())
    file.write_text(json.dumps({**told, "tables": {**told["tables"], "../people": "pandas"}}))
    assert refused(lambda: fl.SurveyData.read(tmp_path / "survey"), ("FL-FILE-11",))


def test_a_geography_that_is_none_is_no_release(tmp_path: Path) -> None:
    shutil.copytree(SAVED / "result", tmp_path / "result")
    file = tmp_path / "result" / "manifest.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "geography": {"district": SECRET}}))
    with pytest.raises(PublishFault, match="FL-PUB-40") as raised:
        read_release(tmp_path / "result")
    assert SECRET not in str(raised.value)
