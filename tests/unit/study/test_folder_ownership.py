"""A result folder owns what its manifest lists: foreign manifests, own notes and links stay, and no kill leaves a mixture."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import fl_estimate as fl
from fl_estimate.study import folder as folders
from fl_estimate.study.folder import MANIFEST, read_manifest, replacing, require_free, write_manifest
from tests.unit.study.folder_writer import NAMES, fill

LINKS = hasattr(os, "symlink") and sys.platform != "win32"


def content(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir() if path.name != MANIFEST}


def result(number: int) -> dict[str, str]:
    """What `fill` leaves."""
    return {name: f"{number} {name}" for name in NAMES[number % 2]}


FOREIGN: dict[str, Any] = {
    "a web app": {"name": "App", "icons": [], "start_url": "."},
    "another tool": {"form": "something else 1", "files": []},
    "a list": [1, 2],
    "ways out of the folder": {"form": folders.FORM, "files": [{"name": "../letter.txt", "sha256": ""}]},
    "no names": {"form": folders.FORM, "files": [{"name": 3}]},
}


@pytest.mark.parametrize("case", FOREIGN)
def test_a_manifest_of_somebody_else_is_no_result(case: str, tmp_path: Path) -> None:
    position = tmp_path / "app"
    position.mkdir()
    (position / MANIFEST).write_text(json.dumps(FOREIGN[case]), encoding="utf-8")
    (position / "index.html").write_text("mine", encoding="utf-8")
    there = {path.name: path.read_bytes() for path in position.iterdir()}
    with pytest.raises(fl.FlError, match=r"FL-STUDY-03(.|\n)*manifest\.json"):
        require_free(position)
    assert {path.name: path.read_bytes() for path in position.iterdir()} == there
    assert read_manifest(position) is None


def test_own_notes_are_kept(tmp_path: Path) -> None:
    position = tmp_path / "study"
    fill(position, 0)
    (position / "notes.txt").write_text("mine", encoding="utf-8")
    (position / "letters").mkdir()
    (position / "letters" / "one.txt").write_text("mine too", encoding="utf-8")
    require_free(position)
    fill(position, 1)
    assert (position / "letters" / "one.txt").read_text(encoding="utf-8") == "mine too"
    shutil.rmtree(position / "letters")
    # What only the older result had is gone, since its manifest listed it.
    assert content(position) == {**result(1), "notes.txt": "mine"}
    assert read_manifest(position) is not None


def test_own_files_under_names_of_a_result_are_refused_before_it_is_made(tmp_path: Path) -> None:
    position = tmp_path / "study"
    fill(position, 0)
    (position / "report.es.html").write_text("mine", encoding="utf-8")
    with pytest.raises(fl.FlError, match=r"FL-STUDY-03(.|\n)*report\.es\.html"):
        require_free(position)


def test_own_files_that_come_while_a_run_goes_on_are_kept_under_another_name(tmp_path: Path) -> None:
    position = tmp_path / "study"
    fill(position, 0)
    only_new = sorted(set(result(1)) - set(result(0)))[0]
    with replacing(position) as part:
        for name, text in result(1).items():
            (part / name).write_text(text, encoding="utf-8")
        write_manifest(part, {"form": folders.FORM})
        (position / only_new).write_text("mine", encoding="utf-8")
    assert content(position) == {**result(1), f"{only_new}.kept": "mine"}


@pytest.mark.skipif(not LINKS, reason="links need rights that not every system gives")
def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "study").symlink_to(tmp_path / "disk", target_is_directory=True)
    (tmp_path / "later").symlink_to(tmp_path / "none", target_is_directory=True)
    for name, target in (("study", "disk"), ("later", "none")):
        for number in (0, 1):
            require_free(tmp_path / name)
            fill(tmp_path / name, number)
            assert (tmp_path / name).is_symlink()
            assert content(tmp_path / target) == result(number)


class Killed(BaseException):
    """Stands for the end of the process: nothing that changes a file is done after it."""


def killed_at(step: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let the calls that change a folder end at a step, and every one after it; the list says which were asked for."""
    asked: list[str] = []

    def ending(name: str) -> Any:
        real = getattr(os, name)

        def call(*arguments: Any, **named: Any) -> Any:
            asked.append(name)
            if len(asked) > step:
                raise Killed
            return real(*arguments, **named)

        return call

    for name in ("mkdir", "replace", "unlink", "rmdir", "rename"):
        monkeypatch.setattr(os, name, ending(name))
    return asked


def test_a_run_that_ends_at_any_step_is_mended_by_the_next(tmp_path: Path) -> None:
    """At every step of a replacement in turn: old or new, whole, and the notes as they were."""
    steps, outcomes = 0, set[int]()
    while True:
        position = tmp_path / str(steps)
        fill(position, 0)
        (position / "notes.txt").write_text("mine", encoding="utf-8")
        with pytest.MonkeyPatch.context() as patched:
            killed_at(steps, patched)
            try:
                fill(position, 1)
                ended = True
            except Killed:
                ended = False
        # A mixture is never taken for a result.
        assert read_manifest(position) is None or content_of_result(position) in (result(0), result(1))
        require_free(position)
        assert read_manifest(position) is not None
        found = content_of_result(position)
        assert found in (result(0), result(1))
        outcomes.add(0 if found == result(0) else 1)
        assert content(position) == {**found, "notes.txt": "mine"}
        if ended:
            break
        fill(position, 0)
        assert content(position) == {**result(0), "notes.txt": "mine"}
        steps += 1
    # At least: a part, its manifest, one name for the whole, the old manifest, three files, one that goes, the manifest.
    assert steps >= 9
    assert outcomes == {0, 1}


def content_of_result(folder: Path) -> dict[str, str]:
    """Files that belong to a result, without notes and what is on its way."""
    names = {*result(0), *result(1)}
    return {name: text for name, text in content_of_files(folder).items() if name in names}


def content_of_files(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir() if path.is_file()}


def test_a_first_run_that_ends_at_any_step_leaves_room_for_the_next(tmp_path: Path) -> None:
    steps = 0
    while True:
        position = tmp_path / str(steps) / "out"
        with pytest.MonkeyPatch.context() as patched:
            killed_at(steps, patched)
            try:
                fill(position, 0)
                break
            except Killed:
                pass
        require_free(position)
        fill(position, 1)
        assert content(position) == result(1)
        steps += 1
    assert steps > 10


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no such signal")
@pytest.mark.slow  # and 1,300 of them in `make kills`
@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGINT"])
def test_kills_at_random_moments(name: str, tmp_path: Path) -> None:
    """Six kills −9 and two of each other, by the system: a process replaces the result over and over until it is killed."""
    moments = random.Random(name)
    position = tmp_path / "study"
    fill(position, 0)
    (position / "notes.txt").write_text("mine", encoding="utf-8")
    for _ in range(6 if name == "SIGKILL" else 2):
        root = Path(__file__).parents[3]
        command = [sys.executable, "-m", "tests.unit.study.folder_writer", str(position)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=root) as run:
            assert run.stdout is not None
            # As many results as chance says, then the signal, wherever the process is by then.
            for _ in range(moments.randrange(1, 30)):
                assert run.stdout.readline()
            run.send_signal(getattr(signal, name))
        require_free(position)
        assert read_manifest(position) is not None
        found = content_of_result(position)
        number = int(next(iter(found.values())).partition(" ")[0])
        assert found == {file: f"{number} {file}" for file in NAMES[number % 2]}
        assert {path.name for path in position.iterdir()} == {*found, MANIFEST, "notes.txt"}


def test_two_runs_at_once_wait_for_each_other(tmp_path: Path) -> None:
    position, failed = tmp_path / "study", list[BaseException]()

    def many(start: int) -> None:
        try:
            for number in range(start, start + 20):
                require_free(position)
                fill(position, number)
        except BaseException as error:  # what a thread raises would be lost
            failed.append(error)

    threads = [threading.Thread(target=many, args=(start,)) for start in (0, 100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert read_manifest(position) is not None
    found = content(position)
    assert found in ({f: f"{n} {f}" for f in NAMES[n % 2]} for n in (19, 119))


@pytest.mark.skipif(sys.platform == "win32", reason="locks of this kind are not on every system")
def test_a_run_that_does_not_end_is_not_waited_for_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fl_estimate.study.locking.TRIES", 2)
    fill(tmp_path / "study", 0)
    with replacing(tmp_path / "study") as part:
        require_free(tmp_path / "study")
        assert part.is_dir()  # what another run is at is left alone
        with pytest.raises(fl.FlError, match="FL-STUDY-35"):
            fill(tmp_path / "study", 1)
        for name, text in result(2).items():
            (part / name).write_text(text, encoding="utf-8")
        write_manifest(part, {"form": folders.FORM})
    assert content(tmp_path / "study") == result(2)


def test_a_place_that_may_not_be_written_to_is_refused_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system is asked what it would allow: an administrator may write everywhere."""
    asked: list[Path] = []

    def may(path: Path, mode: int) -> bool:
        asked.append(Path(path))
        return mode == 0

    monkeypatch.setattr(os, "access", may)
    with pytest.raises(fl.FlError, match="FL-STUDY-06"):
        require_free(tmp_path / "new" / "study")
    assert asked == [tmp_path]
