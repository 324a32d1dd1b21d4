"""A few inputs of every kind end right or by a code of ours, as thousands do in `make fuzz`; and the engine sees what does not."""

from __future__ import annotations

import json
import random
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fl_estimate.errors import FlError
from fl_estimate.loaders.files import formats, read_table
from tests.fuzzing import engine, sas, statistical, toml_files
from tests.fuzzing.engine import KINDS, Kind, attempt, prepare, work

TABLES = [name for name, kind in KINDS.items() if kind.attempt is engine.table]


def test_every_format_that_brings_no_example_is_among_the_kinds() -> None:
    there = {KINDS[name].ending for name in TABLES}
    assert [form.name for form in formats() if not form.example and not there & set(form.endings)] == []


def test_the_named_target_tries_more_than_20_000() -> None:
    assert sum(kind.inputs for kind in KINDS.values()) >= 20_000


@pytest.mark.parametrize("kind", KINDS)
def test_a_few_inputs_end_right_or_by_a_code(kind: str, tmp_path: Path) -> None:
    prepare(kind, tmp_path)
    ended = Counter(attempt(kind, number, tmp_path) for number in range(6 if kind in TABLES else 12))
    assert all(how == "right" or how.startswith("FL-") for how in ended)


@pytest.mark.parametrize("kind", ["study", "mapping", "targets", "rule", "framework"])
def test_what_the_changes_start_from_is_sound(kind: str, tmp_path: Path) -> None:
    """Otherwise nothing but the first check would be tried; written again value by value, as the changed ones are."""
    prepare(kind, tmp_path)
    path = tmp_path / "input.toml"
    content = toml_files._read(kind)  # pyright: ignore[reportPrivateUsage]
    lines = [f"{json.dumps(key)} = {toml_files.written(value)}" for key, value in content.items()]
    path.write_text("\n".join(lines), encoding="utf-8")
    KINDS[kind].attempt(path, 1)


def test_a_data_set_of_sas_that_is_made_by_hand_is_read(tmp_path: Path) -> None:
    path = tmp_path / "made.sas7bdat"
    path.write_bytes(sas.data_set({"age": 8, "sex": 5}, [[30.0, "m"], [40.0, "fé"]]))
    frame = read_table(path).frame.lazy().collect()
    assert frame.to_dict(as_series=False) == {"age": [30.0, 40.0], "sex": ["m", "fé"]}


@pytest.mark.parametrize("ending", statistical.WALKS)
def test_the_fields_of_a_format_lie_in_the_file(ending: str) -> None:
    content = sas.sound(3) if ending == ".sas7bdat" else statistical.sound(ending, 3)
    fields, cuts = statistical.WALKS[ending](content)
    assert len(fields) > 20
    assert cuts
    assert max(field.at for field in fields) < len(content)
    made = [statistical.damaged(ending, content, random.Random(seed)) for seed in range(20)]
    assert sum(each != content for each in made) >= 15  # equal parts that change places change nothing


@pytest.fixture
def unbounded(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    before = signal.getsignal(signal.SIGPROF)
    monkeypatch.setattr(engine, "_bounded", lambda: None)
    yield monkeypatch
    signal.signal(signal.SIGPROF, before)


def endless(*_: Any) -> None:
    while True:
        pass


def wrong(*_: Any) -> None:
    raise KeyError("a traceback")


def refused(*_: Any) -> None:
    raise FlError("FL-TEST-01", "refused")


@pytest.mark.skipif(not hasattr(signal, "SIGPROF"), reason="this system has no such clock")
def test_what_ends_otherwise_is_seen(unbounded: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    how = {0: wrong, 1: endless, 2: refused, 3: lambda *_: None}

    def tried(path: Path, number: int) -> object:
        return how[number](path)

    unbounded.setattr(engine, "SECONDS", 0.2)
    unbounded.setitem(KINDS, "made", Kind(lambda _: b"", ".txt", tried, 4))
    work("made", range(4))
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["ended"] for each in told if "ended" in each] == ["other", "hang", "FL-TEST-01", "right"]
    assert "KeyError" in told[1]["told"]
