"""`fl-estimate batch`, `--set`, `init` and `schema` on the command line: status, what is printed, and where progress is told."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from rich.console import Console
from typer.testing import CliRunner

from fl_estimate.cli import app
from fl_estimate.cli import many as command
from fl_estimate.study.batch.outcome import BatchResult, StudyOutcome, Trouble
from fl_estimate.study.batch.run import BatchProgress
from tests.unit.study.batch.studies import share


def call(*words: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert isinstance(done.exception, SystemExit | None), done.exception
    return done.exit_code, done.stdout, done.stderr


def outcome(study: str, status: Any = "done", **more: Any) -> StudyOutcome:
    return StudyOutcome(study=study, status=status, folder=Path("out") / study, seconds=65.0, **more)


def given(monkeypatch: pytest.MonkeyPatch, result: BatchResult) -> dict[str, Any]:
    """Have the batch give this, and say what it was asked."""
    asked: dict[str, Any] = {}

    def run_batch(target: str, **words: Any) -> BatchResult:
        asked.update(words, target=target)
        for number, each in enumerate(result.outcomes, 1):
            progress = BatchProgress(
                total=len(result.outcomes), ended=number, failed=0, running={}, seconds_left=130.0, outcome=each
            )
            words["progress"](progress)
        return result

    monkeypatch.setattr("fl_estimate.study.batch.run.run_batch", run_batch)
    return asked


def test_a_batch_that_went_well(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = given(
        monkeypatch,
        BatchResult(outcomes=(outcome("bol"), outcome("per", "unchanged")), folder=Path("out"), seconds=3700),
    )
    status, out, err = call(
        "batch", "countries", "--jobs", 2, "--set", "publish.rule=fl-rare", "--resume", "--private", "own"
    )
    assert status == 0
    assert out.splitlines() == [
        "2 studies in 1 h 1 min: 1 done, 1 unchanged",
        "audited together: nothing that is withheld can be worked out",
        f"page: {Path('out') / 'batch' / 'batch.html'}",
        "not for release: own",
    ]
    assert err.splitlines() == ["1/2 bol: done in 1 min 5 s, about 2 min 10 s left", "2/2 per: unchanged in 1 min 5 s"]
    assert (asked["target"], asked["jobs"], asked["resume"], asked["settings"]) == (
        "countries", 2, True, {"publish.rule": "fl-rare"},
    )  # fmt: skip


def test_what_failed_stands_in_a_table_with_how_to_mend_it(monkeypatch: pytest.MonkeyPatch) -> None:
    troubles = (
        Trouble(code="FL-EST-07", what="classes are unknown", fix="say unknown=", found="3 of 800", estimate="share"),
        Trouble(code="FL-STUDY-60", what="it was killed", fix="fewer --jobs"),
    )
    given(monkeypatch, BatchResult(outcomes=(outcome("bol", "failed", troubles=troubles),), folder=Path("out")))
    status, out, _ = call("batch", "countries")
    assert status == 1
    for text in (
        "code",
        "how to mend it",
        "FL-EST-07",
        "bol: share",
        "found: 3 of 800",
        "say unknown=",
        "fewer --jobs",
    ):
        assert text in out


def test_folders_that_give_a_figure_away_are_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    derived = pd.DataFrame({"release": ["bol"], "estimate": ["share"], "lower": [1.0]})
    given(monkeypatch, BatchResult(outcomes=(outcome("bol"),), folder=Path("out"), derived=derived))
    status, out, _ = call("batch", "countries")
    assert status == 1
    assert "can be worked out of the folders together: 1; do not release them as they are" in out


def test_a_fault_before_anything_ran_is_status_2(tmp_path: Path) -> None:
    status, _, err = call("batch", tmp_path / "nothing", "--out", tmp_path / "out")
    assert (status, err.split("]")[0], (tmp_path / "out").exists()) == (2, "[FL-STUDY-53", False)
    assert call("batch", tmp_path, "--set", "publish.rule")[0] == 2
    assert call("batch", tmp_path, "--language", "xx")[0] == 2


def test_on_a_terminal_a_bar_and_the_studies_that_run(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr("rich.console.Console", lambda **_: Console(file=screen, force_terminal=True, width=100))
    with command._progress() as tell:  # pyright: ignore[reportPrivateUsage]
        tell(
            BatchProgress(
                total=4,
                ended=2,
                failed=1,
                running={"ecu": "estimating share"},
                seconds_left=61.0,
                outcome=outcome("bol", "crashed"),
            )
        )
    shown = screen.getvalue()
    assert "bol: crashed" in shown
    assert "2/4, 1 not done, about 1 min 1 s left" in shown
    assert "ecu: estimating share" in shown


def test_run_and_check_take_keys_that_are_set(tmp_path: Path) -> None:
    study = share(tmp_path, "bol", "BO")
    status, _, err = call("check", study, "--set", "estimate.share.level=high")
    assert (status, "estimate[1].level: it should be a valid number (this was set" in err) == (2, True)
    assert call("check", study, "--set", "estimate.share.by=region")[0] == 0
    status, _out, _ = call("run", study, "--out", tmp_path / "out", "--set", "title=Set from outside")
    assert status == 0
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["study"]["set"] == {"title": "Set from outside"}
    assert manifest["config"]["title"] == "Set from outside"


def test_a_schema_is_printed_or_written_and_overwrites_nothing(tmp_path: Path) -> None:
    status, out, _ = call("schema", "mapping")
    assert (status, json.loads(out)["title"]) == (0, "fl_estimate mapping file")
    status, out, _ = call("schema", "study", "--out", tmp_path / "study.schema.json")
    assert (status, "#:schema study.schema.json" in out) == (0, True)
    status, _, err = call("schema", "study", "--out", tmp_path / "study.schema.json")
    assert (status, "the schema cannot be written" in err) == (2, True)
    assert call("schema", "frameworks")[0] == 2
