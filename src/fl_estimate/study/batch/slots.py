"""Studies run side by side: a server process for each, a thread here that talks to it. Nothing of a result is held in this process."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from fl_estimate.errors import FlError
from fl_estimate.study.batch import server
from fl_estimate.study.batch.outcome import StudyOutcome, outcome_of
from fl_estimate.study.batch.plan import PlannedStudy
from fl_estimate.study.folder import require_free

Heard = Callable[[PlannedStudy, str], None]
_BLAS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_OWN_GROUP = os.name != "nt"


def processors() -> int:
    """How many this process may use."""
    asked = getattr(os, "sched_getaffinity", None)
    return len(asked(0)) if asked is not None else os.cpu_count() or 1


class Slots:
    """Runs studies, `jobs` at a time.

    Parameters
    ----------
    jobs : int
    resume : bool
    heard : callable
        Told each step of a study. It and `began` are called from several threads, one at a time.
    began : callable
        Told when a study begins.
    """

    def __init__(self, jobs: int, *, resume: bool, heard: Heard, began: Callable[[PlannedStudy], None]) -> None:
        self._jobs, self._resume, self._heard, self._began = jobs, resume, heard, began
        self._lock = threading.Lock()
        self._stopped = False
        self._running: dict[subprocess.Popen[str], PlannedStudy | None] = {}

    def run(self, studies: Sequence[PlannedStudy]) -> Iterator[StudyOutcome]:
        """Give what comes of each study as it ends.

        Whoever stops listening (Ctrl-C among others) stops the studies that run: each has some seconds to put its folder in order.
        """
        waiting: queue.SimpleQueue[PlannedStudy] = queue.SimpleQueue()
        ended: queue.SimpleQueue[StudyOutcome] = queue.SimpleQueue()
        for study in studies:
            waiting.put(study)
        slots = min(self._jobs, len(studies))
        with ThreadPoolExecutor(max_workers=max(slots, 1)) as threads:
            try:
                work = [threads.submit(self._slot, waiting, ended) for _ in range(slots)]
                for _ in studies:
                    # A wait without an end cannot be interrupted on every system.
                    while True:
                        with suppress(queue.Empty):
                            yield ended.get(timeout=0.2)
                            break
                        broken = [each for each in work if each.done() and each.exception() is not None]
                        for each in broken:
                            each.result()
            finally:
                self._stop()

    def _slot(self, waiting: queue.SimpleQueue[PlannedStudy], ended: queue.SimpleQueue[StudyOutcome]) -> None:
        process: subprocess.Popen[str] | None = None
        try:
            while not self._stopped:
                try:
                    study = waiting.get_nowait()
                except queue.Empty:
                    return
                if process is None or process.poll() is not None:
                    process = self._start()
                with self._lock:
                    self._running[process] = study
                    self._began(study)
                ended.put(outcome_of(study, list(self._messages(process, study))))
                with self._lock:
                    self._running[process] = None
        finally:
            if process is not None:
                _close(process)
                with self._lock:
                    self._running.pop(process, None)

    def _start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", server.__name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, encoding="utf-8", env=self._environment(), start_new_session=_OWN_GROUP,
        )  # fmt: skip

    def _environment(self) -> dict[str, str]:
        """Processes side by side share the processors: their own threads would be in each other's way."""
        each = str(max(1, processors() // self._jobs))
        own = {**dict.fromkeys(_BLAS, "1"), "POLARS_MAX_THREADS": each, "NUMBA_NUM_THREADS": each}
        return {**own, **os.environ, "PYTHONIOENCODING": "utf-8"}

    def _messages(self, process: subprocess.Popen[str], study: PlannedStudy) -> Iterator[dict[str, Any]]:
        """What the server tells of a study, until it says that its process has ended, or is no more itself."""
        assert process.stdin is not None
        assert process.stdout is not None
        line = server.request(
            path=study.file, out=study.folder, private=study.private, settings=study.settings, resume=self._resume
        )
        with suppress(BrokenPipeError):
            process.stdin.write(f"{line}\n")
            process.stdin.flush()
        for answer in process.stdout:
            try:
                message: dict[str, Any] = json.loads(answer)
            except ValueError:
                continue  # a line that a kill cut off
            if "step" in message:
                with self._lock:
                    self._heard(study, str(message["step"]))
                continue
            yield message
            if "ended" in message:
                return

    def _stop(self) -> None:
        """Stop what runs: a signal to put its folder in order, and after some seconds one that nobody can ignore."""
        with self._lock:
            self._stopped = True
            running = {process: study for process, study in self._running.items() if study is not None}
        for process in running:
            _signal(process, signal.SIGTERM)
        for process, study in running.items():
            with suppress(subprocess.TimeoutExpired):
                if process.stdin is not None:
                    with suppress(OSError):
                        process.stdin.close()
                process.wait(timeout=server.GRACE)
            if process.poll() is None:
                _signal(process, signal.SIGKILL if _OWN_GROUP else signal.SIGTERM)
                process.wait()
            with suppress(FlError):
                require_free(study.folder)  # takes away what a kill left half written


def _signal(process: subprocess.Popen[str], number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if _OWN_GROUP:
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)


def _close(process: subprocess.Popen[str]) -> None:
    with suppress(OSError):
        if process.stdin is not None:
            process.stdin.close()
    try:
        process.wait(timeout=server.GRACE)
    except subprocess.TimeoutExpired:
        _signal(process, signal.SIGKILL if _OWN_GROUP else signal.SIGTERM)
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
