"""The process that runs studies one after another, each in a process of its own: `python -m fl_estimate.study.batch.server`.

It loads the library once and forks; where that is not safe (another system, threads of a linear algebra library) each study starts
Python anew. What a study needs is given back to the system when it ends, and what kills it leaves this process and the batch alive.
The parent writes a request a line and reads messages as lines of JSON. No message, and nothing that a study prints, holds an answer.
"""

from __future__ import annotations

import base64
import json
import os
import pickle
import signal
import subprocess
import sys
import time
import traceback
import warnings
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from fl_estimate.errors import FlError, FlWarning

PRELOADED = (
    "fl_estimate.study.run",
    "fl_estimate.loaders.load",
    "fl_estimate.indicators.classify",
    "fl_estimate.reporting.formats.html",
    "matplotlib.pyplot",
    "great_tables",
)
"""Not polars, which starts threads when it is loaded."""
HARMLESS = frozenset({"jemalloc_bg_thd"})
"""A thread of pyarrow's allocator, which knows forks."""
GRACE, LOOK = 10.0, 0.05
"""Seconds that a study has to put its folder in order; how often the parent is looked after."""
ONE = "--one"


def request(**told: Any) -> str:
    """A study to run as one line: `path`, and the arguments of `run_study`."""
    return base64.b64encode(pickle.dumps(told)).decode()


def main() -> None:
    """Serve until the parent closes the line, or run one study."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is asked to stop, and says so
    if ONE in sys.argv:
        _study(sys.stdin.readline())
        return
    signal.signal(signal.SIGTERM, _go_on)
    forks = _may_fork()
    while line := sys.stdin.readline():
        _one(line, forks)


def _go_on(*_: object) -> None:
    """A signal to the group is meant for the study, whose end this process tells; it ends itself when the line is closed."""


def _may_fork() -> bool:
    if sys.platform != "linux":
        return False
    for name in PRELOADED:
        import_module(name)
    methods = import_module("fl_estimate.study.config").study_model
    methods()
    return _threads() <= HARMLESS


def _threads() -> set[str]:
    """The names of the threads beside this one."""
    tasks = [task for task in Path("/proc/self/task").iterdir() if task.name != str(os.getpid())]
    return {(task / "comm").read_text(encoding="utf-8").strip() for task in tasks}


def _one(line: str, forks: bool) -> None:
    start = time.monotonic()
    child = _forked(line) if forks else _started(line)
    status, peak = _ended(child)
    _say(ended=status, seconds=round(time.monotonic() - start, 3), peak=peak)


def _forked(line: str) -> Any:
    sys.stdout.flush()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of a fork with threads: they were looked at
        pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        _study(line)
        status = 0
    finally:
        sys.stdout.flush()
        os._exit(status)


def _started(line: str) -> Any:
    child = subprocess.Popen([sys.executable, "-m", __spec__.name, ONE], stdin=subprocess.PIPE, text=True)
    assert child.stdin is not None
    child.stdin.write(line)
    child.stdin.close()
    return child if os.name == "nt" else child.pid


def _ended(child: Any) -> tuple[int, int | None]:
    """Wait for a study; its status (-9: killed by signal 9), and the most memory that it took, in bytes where the system says it.

    Where the parent is no more, the study is told to put its folder in order.
    """
    if os.name == "nt":
        return child.wait(), None
    told = 0.0
    while True:
        pid, status, usage = os.wait4(child, os.WNOHANG)
        if pid:
            unit = 1 if sys.platform == "darwin" else 1024
            return os.waitstatus_to_exitcode(status), usage.ru_maxrss * unit
        if not told and _alone():
            told = time.monotonic()
            _signal(child, signal.SIGTERM)
        elif told and time.monotonic() - told > GRACE:
            _signal(child, signal.SIGKILL)
        time.sleep(LOOK)


def _alone() -> bool:
    """Whether the line to the parent is closed: nothing is written to it while a study runs."""
    import select

    return bool(select.select([sys.stdin], [], [], 0)[0])


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


# --- the process of one study -----------------------------------------------------------------------------------


def _study(line: str) -> None:
    """Run one study, and tell what came of it."""
    signal.signal(signal.SIGTERM, _interrupt)
    told = pickle.loads(base64.b64decode(line))  # of our own parent, over a pipe of ours
    _quiet()
    warnings.showwarning = _tell_warning
    try:
        run_study = import_module("fl_estimate.study.run").run_study
        result = run_study(told.pop("path"), progress=_tell_step, **told)
        _say(done={
            "failed": [[name, error.code, error.what, error.found, error.fix] for name, error in result.failed.items()],
            "skipped": result.skipped, "taken": list(result.taken),
        })  # fmt: skip
    except FlError as error:
        _say(fault=[error.code, error.what, error.found, error.fix])
    except KeyboardInterrupt:
        _say(interrupted=True)
    except MemoryError:
        _say(crashed=["MemoryError", ""])
    except BaseException as error:
        # Its text can hold what stood in a cell, so that its kind is told, and where in our code it came up.
        _say(crashed=[type(error).__name__, _place(error)])


def _interrupt(*_: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def _quiet() -> None:
    """Leave messages their line, and give everything that packages print to nobody: it can be made of answers."""
    global _out
    _out = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="")
    with Path(os.devnull).open("r+b") as nothing:
        for number in (0, 1, 2):
            os.dup2(nothing.fileno(), number)


_out = sys.stdout


def _say(**message: Any) -> None:
    with suppress(BrokenPipeError):
        _out.write(f"{json.dumps(message)}\n")
        _out.flush()


def _tell_step(step: str) -> None:
    _say(step=step)


def _tell_warning(message: Warning | str, category: type[Warning] = Warning, *_: Any, **__: Any) -> None:
    _say(warning=str(message) if isinstance(message, FlWarning) else f"{category.__name__} of a package")


def _place(error: BaseException) -> str:
    """The last line of ours that an unexpected error came through."""
    root = Path(__file__).parents[2]
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = Path(frame.filename)
        if root in file.parents:
            return f"{file.relative_to(root.parent).as_posix()}:{frame.lineno}"
    return ""


if __name__ == "__main__":
    main()
