"""A run whose screen, disk or folder gives out ends with a status and a folder that tell the truth."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fl_estimate.study.folder import MANIFEST, read_manifest
from tests.unit.study.folder_writer import fill
from tests.unit.study.made import write

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="devices, limits and signals of Unix")
RUN = "import sys; from fl_estimate.cli import main; sys.argv[0] = 'fl-estimate'; main()"
# No file of more than 20 kB, as on a disk that is full from there on; the report is larger.
SMALL_DISK = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)); " + RUN


def call(*words: object, code: str = RUN, stdout: Any = subprocess.PIPE) -> tuple[int, str]:
    """Status, and what stands on standard error."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)], stdout=stdout, stderr=subprocess.PIPE, text=True, check=False
    )
    return done.returncode, done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_screen_that_takes_no_more_is_no_fault_of_the_result(tmp_path: Path) -> None:
    study, out = write(tmp_path), tmp_path / "out"
    with Path("/dev/full").open("w") as full:
        status, err = call("run", study, "--out", out, stdout=full)
    assert status == 0
    assert read_manifest(out) is not None
    assert err.strip() == f"the tables could not be printed; the result is whole: {out}"
    read, closed = os.pipe()
    os.close(read)
    status, err = call("run", study, "--out", out, "--resume", stdout=closed)
    os.close(closed)
    assert (status, "Traceback" in err) == (0, False)


def test_a_full_disk_leaves_the_last_result_as_it_was(tmp_path: Path) -> None:
    study, out = write(tmp_path), tmp_path / "out"
    fill(out, 0)
    (out / "notes.txt").write_text("mine", encoding="utf-8")
    there = {path.name: path.read_bytes() for path in out.iterdir()}
    status, err = call("run", study, "--out", out, code=SMALL_DISK)
    assert status == 2
    assert err.startswith(("[FL-FILE-08]", "[FL-STUDY-06]"))
    assert {path.name: path.read_bytes() for path in out.iterdir()} == there


def test_a_web_app_is_not_replaced(tmp_path: Path) -> None:
    app = tmp_path / "app"
    app.mkdir()
    (app / MANIFEST).write_text(json.dumps({"name": "App", "start_url": "."}), encoding="utf-8")
    (app / "index.html").write_text("mine", encoding="utf-8")
    status, err = call("run", write(tmp_path), "--out", app)
    assert status == 2
    assert err.startswith("[FL-STUDY-03]")
    assert sorted(path.name for path in app.iterdir()) == ["index.html", MANIFEST]


def test_an_interrupted_run_says_so(tmp_path: Path) -> None:
    """While files are read: nothing is there afterwards, and the status is not that of a result with a failed estimate."""
    code = (
        "import os, signal, fl_estimate.study.run as run\n"
        "run.read_inputs = lambda *a: os.kill(os.getpid(), signal.SIGINT)\n" + RUN
    )
    status, err = call("run", write(tmp_path), "--out", tmp_path / "out", code=code)
    assert status == 128 + signal.SIGINT
    assert err.strip() == "interrupted"
    assert not (tmp_path / "out").exists()
