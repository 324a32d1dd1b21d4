"""A run whose screen, disk or folder gives out ends with a status and a folder that tell the truth."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import fl_estimate as fl
from fl_estimate.study.folder import MANIFEST, NEW, read_manifest, require_free
from fl_estimate.study.run import run_study
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


@pytest.mark.slow
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
    # Where there is room again, the next run makes it.
    assert run_study(study, out=out).ok
    assert read_manifest(out) is not None
    assert (out / "notes.txt").read_text(encoding="utf-8") == "mine"


@pytest.mark.slow
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


def state(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.mark.skipif(sys.platform != "linux", reason="a limit that Linux keeps to")
def test_a_limit_of_memory_that_the_libraries_do_not_fit_in_is_told_before_they_are_loaded(tmp_path: Path) -> None:
    """Some of them would end the process without a word of ours, with the status of a result that has a failed estimate."""
    study, out = write(tmp_path), tmp_path / "out"
    fill(out, 0)
    there = state(out)
    limited = "import resource; resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30)); " + RUN
    status, err = call("run", study, "--out", out, code=limited)
    assert status == 2
    assert err.startswith("[FL-STUDY-81]")
    assert "1,024 MB" in err
    assert state(out) == there


class PanicException(BaseException):
    """What polars raises where a thread cannot be started."""


OUT_OF_MEMORY = {
    "Python": MemoryError(),
    "numpy": MemoryError("Unable to allocate 8.00 EiB for an array"),
    "a library that was loaded": ImportError("x.so: failed to map segment from shared object"),
    "polars": PanicException("Os { code: 11, message: 'Resource temporarily unavailable' }"),
    "the system": OSError(12, "Cannot allocate memory"),
}


@pytest.mark.parametrize("who", OUT_OF_MEMORY)
def test_memory_that_runs_out_is_told_and_the_last_result_stays(
    who: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study, out = write(tmp_path), tmp_path / "out"
    fill(out, 0)
    there = state(out)

    def short(*_: Any) -> Any:
        raise OUT_OF_MEMORY[who]

    with monkeypatch.context() as patched:
        patched.setattr("fl_estimate.study.run.make_estimate", short)
        with pytest.raises(fl.FlError, match="FL-STUDY-81"):
            run_study(study, out=out)
    assert state(out) == there


def test_other_errors_are_not_called_a_lack_of_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*_: Any) -> Any:
        raise ImportError("no such module")

    monkeypatch.setattr("fl_estimate.study.run.make_estimate", wrong)
    with pytest.raises(ImportError, match="no such module"):
        run_study(write(tmp_path), out=tmp_path / "out")


def remove(path: Path) -> None:
    path.unlink()


def shorten(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def another(path: Path) -> None:
    """As editors and downloads replace a file: the same size, another content."""
    beside = path.with_name("beside")
    beside.write_bytes(path.read_bytes()[::-1])
    beside.replace(path)


@pytest.mark.parametrize(
    ("kind", "change"), [("csv", remove), ("csv", shorten), ("csv", another), ("parquet", remove), ("parquet", shorten)]
)
def test_an_input_that_changes_while_it_is_used_stops_the_run(kind: str, change: Any, tmp_path: Path) -> None:
    study, out, file = write(tmp_path), tmp_path / "out", tmp_path / f"people.{kind}"
    if kind == "parquet":
        pl.read_csv(tmp_path / "people.csv").write_parquet(file)
        study.write_text(study.read_text(encoding="utf-8").replace("people.csv", file.name), encoding="utf-8")
    fill(out, 0)
    there, kept = state(out), file.read_bytes()

    def tell(step: str) -> None:
        if step == "estimating share":  # the last of three
            change(file)

    with pytest.raises(fl.FlError, match="FL-STUDY-80") as met:
        run_study(study, out=out, progress=tell)
    assert f"{file.name} ({'removed' if change is remove else 'changed'})" in met.value.found
    assert state(out) == there
    if kind == "parquet" and change is shorten:  # with the file as it was, the next run makes the result
        file.write_bytes(kept)
        assert run_study(study, out=out).ok


def test_a_mapping_that_goes_while_files_are_read_is_told_as_that(tmp_path: Path) -> None:
    def tell(step: str) -> None:
        if step.startswith("reading"):
            (tmp_path / "people.toml").unlink()

    with pytest.raises(fl.FlError, match=r"FL-STUDY-80(.|\n)*people\.toml \(removed\)"):
        run_study(write(tmp_path), out=tmp_path / "out", progress=tell)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_two_runs_at_once_leave_one_whole_result(tmp_path: Path) -> None:
    study, out = write(tmp_path), tmp_path / "out"
    command = [sys.executable, "-c", RUN, "run", str(study), "--out", str(out)]
    runs = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    told = [run.communicate()[1] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], told
    manifest = read_manifest(out)
    assert manifest is not None
    assert {path.name for path in out.iterdir()} == {*(each["name"] for each in manifest["files"]), MANIFEST}
    assert run_study(study, out=out, resume=True).skipped


THIRD = 3
BETWEEN = (
    "import os, signal\n"
    "real, count = os.replace, [0]\n"
    "def replace(*paths):\n"
    "    real(*paths)\n"
    "    count[0] += '.fl_estimate.new' in str(paths)\n"
    f"    if count[0] == {THIRD}: os.kill(os.getpid(), signal.SIGTERM)\n"
    "os.replace = replace\n" + RUN
)


def beside_notes(tmp_path: Path) -> tuple[Path, Path]:
    """A study, and a folder with an older result and somebody's notes."""
    out = tmp_path / "out"
    fill(out, 0)
    (out / "notes.txt").write_text("mine", encoding="utf-8")
    return write(tmp_path), out


def require_new(out: Path) -> None:
    """The new result and the notes, and nothing else."""
    manifest = read_manifest(out)
    assert manifest is not None
    assert manifest["study"]["name"] == "small"
    names = {entry["name"] for entry in manifest["files"]}
    assert {path.name for path in out.iterdir()} == {*names, MANIFEST, "notes.txt"}
    assert (out / "notes.txt").read_text(encoding="utf-8") == "mine"


@pytest.mark.slow
def test_a_run_that_is_ended_between_two_renames_is_mended_by_the_next(tmp_path: Path) -> None:
    """After the old manifest and the first files have gone to their places."""
    study, out = beside_notes(tmp_path)
    status, _ = call("run", study, "--out", out, code=BETWEEN, stdout=subprocess.DEVNULL)
    assert status == -signal.SIGTERM
    assert (out / NEW).is_dir()
    assert read_manifest(out) is None
    require_free(out)
    require_new(out)
    assert run_study(study, out=out, resume=True).skipped


def test_an_interrupt_between_two_renames_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study, out = beside_notes(tmp_path)
    real, count = os.replace, [0]

    def replace(*paths: Any) -> None:
        real(*paths)
        count[0] += NEW in str(paths)
        if count[0] == THIRD:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(os, "replace", replace)
    # Tests that a shell began in the background do not get interrupts.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            run_study(study, out=out)
    finally:
        signal.signal(signal.SIGINT, before)
    assert count[0] > THIRD
    require_new(out)


def test_a_folder_that_the_user_may_only_read_is_refused_before_anything_is_read() -> None:
    """As a user who may not write there; an administrator may write everywhere, and the tests may be his."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        user: dict[str, Any] = {}
    else:
        user = {"user": 65_534, "group": 65_534, "extra_groups": []}
        try:
            able = subprocess.run(
                [sys.executable, "-c", "import fl_estimate"], capture_output=True, check=False, **user
            )
        except PermissionError:
            pytest.skip("another user may not run this Python")
        if able.returncode:
            pytest.skip("another user may not read this checkout")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        study, out = write(folder), folder / "out"
        fill(out, 0)
        there = state(out)
        out.chmod(0o555)
        folder.chmod(0o555)
        done = subprocess.run(
            [sys.executable, "-c", RUN, "run", str(study), "--out", str(out)], capture_output=True, text=True, check=False,
            env={**os.environ, "HOME": name, "NUMBA_CACHE_DIR": name, "MPLCONFIGDIR": name}, **user,
        )  # fmt: skip
        assert done.returncode == 2
        assert done.stderr.startswith("[FL-STUDY-06]"), done.stderr
        folder.chmod(0o755)
        out.chmod(0o755)
        assert state(out) == there
        assert run_study(study, out=out).ok
