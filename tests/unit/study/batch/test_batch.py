"""A batch runs each study by itself: one that fails, crashes or is killed stops no other, and one that was interrupted is taken up again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.study.batch.outcome import outcome_of
from fl_estimate.study.batch.plan import PlannedStudy
from fl_estimate.study.batch.run import BatchProgress
from fl_estimate.study.batch.server import request
from fl_estimate.study.batch.slots import Slots
from fl_estimate.study.folder import NEW, PART, read_manifest
from tests.unit.study.batch.studies import share
from tests.unit.study.made import people

LINUX = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="asks the system which processes there are")
SECRET = "Amina-Diallo-AB1234567"
MORE = '\n[[estimate]]\nname = "ages"\nkind = "mean"\nvariable = "age_interview"\n'


def children(pid: int) -> list[int]:
    """The processes that one has started."""
    found: list[int] = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text(encoding="utf-8").rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        found += [int(stat.parent.name)] if parent == pid else []
    return found


class Killer:
    """Kills the process of a study when it is about to estimate."""

    def __init__(self, victim: str, number: int = signal.SIGKILL) -> None:
        self.victim, self.number, self.killed = victim, number, 0
        self.seen: list[BatchProgress] = []

    def __call__(self, progress: BatchProgress) -> None:
        self.seen.append(progress)
        if self.killed or not progress.running.get(self.victim, "").startswith("estimating"):
            return
        for server in children(os.getpid()):
            for study in children(server):
                self.killed += 1
                os.kill(study, self.number)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, fl.BatchResult, list[BatchProgress]]:
    """A batch of one that is well, one whose data are not there, one of whose estimates fails, and one that is killed."""
    folder = tmp_path_factory.mktemp("batch")
    for name, iso in (("bol", "BO"), ("per", "PE"), ("ven", "VE")):
        share(folder / "countries", name, iso)
    share(folder / "countries", "col", "CO", MORE)
    frame = people()
    frame.loc[3, "Q1"] = None  # then `case` is unknown, and nobody has said what that means
    frame.to_csv(folder / "countries" / "col" / "people.csv", index=False)
    (folder / "countries" / "per" / "people.csv").unlink()
    killer = Killer("ven/study") if sys.platform == "linux" else None
    seen: list[BatchProgress] = []

    def tell(progress: BatchProgress) -> None:
        seen.append(progress)
        if killer is not None:
            killer(progress)

    result = fl.run_batch(folder / "countries", out=folder / "out", jobs=1, private=folder / "own", progress=tell)
    return folder, result, seen


@LINUX
def test_each_study_has_its_own_end(done: tuple[Path, fl.BatchResult, Any]) -> None:
    _, result, _ = done
    assert {each.study: each.status for each in result.outcomes} == {
        "bol/study": "done", "col/study": "failed", "per/study": "fault", "ven/study": "crashed",
    }  # fmt: skip
    assert not result.ok
    troubles: Any = result.troubles().set_index("study")
    assert list(troubles.columns) == ["code", "estimate", "what", "fix"]
    assert troubles.loc["per/study", "code"] == "FL-FILE-01"
    assert (troubles.loc["col/study", "estimate"], troubles.loc["col/study", "code"]) == ("share", "FL-EST-07")
    assert troubles.loc["ven/study", "code"] == "FL-STUDY-60"
    assert "killed (SIGKILL)" in str(troubles.loc["ven/study", "what"])
    assert "fewer --jobs" in str(troubles.loc["ven/study", "fix"])


@LINUX
def test_what_was_killed_left_no_folder_and_the_others_are_whole(done: tuple[Path, fl.BatchResult, Any]) -> None:
    folder, _, _ = done
    assert read_manifest(folder / "out" / "bol" / "study") is not None
    assert read_manifest(folder / "out" / "col" / "study") is not None
    assert not (folder / "out" / "ven" / "study" / "manifest.json").exists()
    assert [path for path in folder.rglob("*") if path.name in (PART, NEW)] == []


@LINUX
def test_time_and_memory_are_measured_and_progress_is_told(
    done: tuple[Path, fl.BatchResult, list[BatchProgress]],
) -> None:
    _, result, seen = done
    frame: Any = result.to_frame().set_index("study")
    assert (frame["seconds"] >= 0).all()
    assert 50 < frame.loc["bol/study", "peak_mb"] < 5_000
    ends = [each for each in seen if each.outcome is not None]
    assert [each.ended for each in ends] == [1, 2, 3, 4]
    assert ends[0].seconds_left is not None
    assert ends[-1].seconds_left == 0
    assert any(step.startswith("estimating") for each in seen for step in each.running.values())


@LINUX
def test_the_folder_over_all_has_what_was_published_and_nothing_else(done: tuple[Path, fl.BatchResult, Any]) -> None:
    folder, _, _ = done
    over = folder / "out" / "batch"
    studies: Any = pd.read_csv(over / "studies.csv").set_index("study")
    printed: Any = pd.read_csv(folder / "out" / "bol" / "study" / "estimates.csv")
    assert studies.loc["bol/study", "headline_value"] == printed.loc[0, "value"]
    assert studies.loc["bol/study", "headline_publication"] == "published"
    assert pd.isna(studies.loc["per/study", "headline_value"])
    figures: Any = pd.read_csv(over / "figures.csv")
    assert list(figures["study"]) == ["bol/study", "col/study"]
    assert list(figures["country"]) == ["BO", "CO"]
    assert list(figures["estimate"]) == ["share", "ages"]
    assert figures.loc[0, "value"] == printed.loc[0, "value"]
    page = (over / "batch.html").read_text(encoding="utf-8")
    assert "judged study by study" in page
    assert "FL-STUDY-60" in page
    manifest = json.loads((over / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["form"] == "fl_estimate batch result 1"
    assert manifest["status"] == "failed"


@LINUX
def test_the_log_says_what_went_wrong_and_not_what_was_found(done: tuple[Path, fl.BatchResult, Any]) -> None:
    folder, _, _ = done
    log = (folder / "out" / "batch.log").read_text(encoding="utf-8")
    assert "per/study: [FL-FILE-01] there is no such file; to fix: " in log
    assert "bol/study: done after" in log
    assert "found:" not in log


@LINUX
def test_what_is_done_needs_no_process_when_it_is_taken_up_again(
    done: tuple[Path, fl.BatchResult, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _, _ = done
    monkeypatch.setattr(Slots, "_start", None)
    again = fl.run_batch(f"{folder}/countries/bo*/study.toml", out=folder / "out", private=folder / "own", resume=True)
    assert [(each.study, each.status) for each in again.outcomes] == [("bol/study", "unchanged")]
    assert again.ok


@pytest.mark.slow
@LINUX
def test_resumed_it_runs_what_is_not_done_and_is_as_if_it_had_never_stopped(
    done: tuple[Path, fl.BatchResult, Any],
) -> None:
    folder, _, _ = done
    (folder / "countries" / "per" / "people.csv").write_bytes(
        (folder / "countries" / "bol" / "people.csv").read_bytes()
    )
    own = folder / "own" / "ven" / "study" / "kept"
    assert not list(own.glob("*/keys.json"))  # it was killed before its first estimate was made
    again = fl.run_batch(folder / "countries", out=folder / "out", jobs=2, private=folder / "own", resume=True)
    assert {each.study: (each.status, each.taken) for each in again.outcomes} == {
        "bol/study": ("unchanged", ()), "col/study": ("failed", ("ages",)), "per/study": ("done", ()), "ven/study": ("done", ()),
    }  # fmt: skip
    alone = fl.run_study(folder / "countries" / "ven" / "study.toml", out=folder / "alone")
    for name in ("estimates.csv", "report.html"):
        assert (folder / "out" / "ven" / "study" / name).read_bytes() == (alone.folder / name).read_bytes()


# --- what nobody expects ----------------------------------------------------------------------------------------

SERVER = """
import sys
import fl_estimate.study.run as run
def broken(*words, **given):
    import warnings
    print("{secret}")
    print("{secret}", file=sys.stderr)
    warnings.warn("{secret}")
    {body}
run.run_study = broken
from fl_estimate.study.batch import server
sys.stdin.readline
server._study(sys.stdin.readline())
"""


def messages(body: str) -> tuple[list[dict[str, Any]], str]:
    """What a study's process tells where run_study does this, and everything that it printed."""
    code = SERVER.format(secret=SECRET, body=body)
    ran = subprocess.run(
        [sys.executable, "-W", "always", "-c", code], input=request(path="x.toml"), capture_output=True, text=True, check=False
    )  # fmt: skip
    return [json.loads(line) for line in ran.stdout.splitlines()], ran.stdout + ran.stderr


def test_an_error_of_python_is_told_by_its_kind_and_place_and_no_answer_leaves() -> None:
    told, printed = messages(f"raise ValueError('{SECRET}')")
    assert {"crashed": ["ValueError", "fl_estimate/study/batch/server.py"]} in [
        {key: [value[0], value[1].partition(":")[0]] for key, value in each.items() if key == "crashed"} for each in told
    ]  # fmt: skip
    assert {"warning": "UserWarning of a package"} in told
    assert SECRET not in printed


def test_memory_that_runs_out_and_a_way_out_are_told() -> None:
    study = PlannedStudy(name="bol", file=Path("study.toml"), settings={"title": "x"}, folder=Path("out"))
    assert (
        outcome_of(study, [{"crashed": ["MemoryError", ""]}]).troubles[0].what
        == "the study ended before its end: memory ran out"
    )
    crashed = outcome_of(study, [{"crashed": ["SystemExit", "fl_estimate/study/run.py:3"]}])
    assert (crashed.status, crashed.troubles[0].code) == ("crashed", "FL-STUDY-59")
    assert "fl-estimate run study.toml --set title=…" in crashed.troubles[0].fix
    for ended, said in ((None, "is gone"), (4, "left with status 4"), (-15, "ended by SIGTERM"), (-63, "ended by signal 63")):  # fmt: skip
        outcome = outcome_of(study, [] if ended is None else [{"ended": ended}])
        assert outcome.troubles[0].code == "FL-STUDY-60"
        assert said in outcome.troubles[0].what
    assert outcome_of(study, [{"interrupted": True}]).status == "interrupted"


BATCH = "import sys; from fl_estimate.cli import main; sys.argv[0] = 'fl-estimate'; main()"


def wait_for(there: Callable[[], bool], seconds: float = 120) -> bool:
    end = time.monotonic() + seconds
    while not there() and time.monotonic() < end:
        time.sleep(0.02)
    return there()


@pytest.mark.slow
@LINUX
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_batch_that_is_stopped_leaves_whole_folders_and_no_processes(number: int, tmp_path: Path) -> None:
    for position in range(4):
        share(tmp_path / "countries", f"c{position}", f"X{'ABCD'[position]}")
    words = ["batch", str(tmp_path / "countries"), "--out", str(tmp_path / "out"), "--jobs", "2"]
    log = tmp_path / "out" / "batch.log"
    with subprocess.Popen(
        [sys.executable, "-c", BATCH, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as run:  # fmt: skip
        assert wait_for(lambda: log.is_file() and "done after" in log.read_text(encoding="utf-8"))
        servers = children(run.pid)
        run.send_signal(number)
        _, err = run.communicate(timeout=60)
    assert run.returncode == (130 if number != signal.SIGKILL else -signal.SIGKILL)
    assert ("interrupted" in err) is (number != signal.SIGKILL)
    assert wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in servers), 30)
    for folder in (tmp_path / "out").glob("*/study"):
        assert read_manifest(folder) is not None or not any(folder.iterdir())
    assert [path for path in tmp_path.rglob("*") if path.name in (PART, NEW)] == []
    again = fl.run_batch(tmp_path / "countries", out=tmp_path / "out", jobs=2, resume=True)
    assert again.ok
    assert "unchanged" in {each.status for each in again.outcomes}


@pytest.mark.slow
def test_without_a_fork_each_study_starts_python_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A linear algebra library with threads of its own, as the user asked for, is not forked."""
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
    share(tmp_path / "countries", "bol", "BO")
    result = fl.run_batch(tmp_path / "countries", out=tmp_path / "out", jobs=1)
    assert [each.status for each in result.outcomes] == ["done"]
    assert result.ok
