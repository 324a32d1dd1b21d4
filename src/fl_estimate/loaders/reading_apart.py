"""Files whose parsers broken bytes can bring down are read by a process of their own, which may take so much memory and time.

A notebook keeps its kernel, and a batch its other studies, whatever a file holds. The process is begun with the first such
file and kept for the next ones.
"""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from fl_estimate.errors import FileFault
from fl_estimate.loaders.apart_messages import (
    codebook_message,
    codebook_of,
    fault_of,
    receive,
    request_message,
    send,
    table_of,
)
from fl_estimate.loaders.file_format import FileFormat, InStretches
from fl_estimate.loaders.file_table import Codebook, FileTable, TextFormat

if TYPE_CHECKING:
    import polars as pl

SWITCH = "FL_ESTIMATE_READ_APART"
"""Environment variable: 0 reads all files in the process itself."""
MEMORY, TIMES_ITS_SIZE = 2 * 2**30, 64
"""Bytes that reading a file may take, and how many more for each byte of it: a compressed survey unpacks to some twenty."""
SECONDS, SECONDS_A_MEGABYTE = 60.0, 5.0
"""How long the next stretch of a file may take, at the least, and for each megabyte of the file."""
KEPT, HELD = 2, 2**30
"""Processes that are kept waiting for the next file, and the bytes that one of them may go on holding."""
PACKAGES = Path(__file__).resolve().parents[2]
PROCESSES = Path("/proc")
_KILLED = tuple(-getattr(signal, name) for name in ("SIGKILL", "SIGTERM", "SIGHUP") if hasattr(signal, name))
WATCHED = 0.05
"""Seconds between two looks at what a process takes."""

_apart: ContextVar[bool] = ContextVar("apart", default=True)


@contextmanager
def reading(*, apart: bool) -> Generator[None]:
    """Within it files are read apart, or in this process: for who knows them and has no room for a second process."""
    token = _apart.set(apart and _apart.get())
    try:
        yield
    finally:
        _apart.reset(token)


def is_apart(form: FileFormat) -> bool:
    """Whether the files of a format are read by a process of their own."""
    return form.apart and _apart.get() and os.environ.get(SWITCH, "1") != "0" and bool(sys.executable)


def codebook(form: FileFormat, file: Path, written: TextFormat) -> Codebook:
    """What a file says of its columns, without its rows."""
    if not is_apart(form):
        return _stretched(form).codebook(file, written)
    with _request("codebook", file, written) as answers:
        return codebook_of(next(answers)[0]["codebook"])


def stretches(form: FileFormat, file: Path, book: Codebook, cells: int | None) -> Iterator[pl.DataFrame]:
    """The rows of a file a stretch at a time, at least one."""
    if not is_apart(form):
        yield from _stretched(form).stretches(file, book, cells)
        return
    with _request("stretches", file, TextFormat(), codebook=codebook_message(book), cells=cells) as answers:
        yield from _put_together(answers)


def schema(form: FileFormat, file: Path, book: Codebook) -> dict[str, pl.DataType] | None:
    """The types of all columns where they are known before a row is read."""
    if not is_apart(form):
        return _stretched(form).schema(file, book)
    with _request("schema", file, TextFormat(), codebook=codebook_message(book)) as answers:
        said, frame = next(answers)
        return dict(frame.schema) if said["known"] and frame is not None else None


def whole(form: FileFormat, file: Path, written: TextFormat) -> FileTable:
    """A file of a format that is read whole."""
    if isinstance(form.read, InStretches):
        raise TypeError(f"files of {form.name} are read in stretches")
    if not is_apart(form):
        return form.read(file, written)
    with _request("whole", file, written) as answers:
        told = next(answers)[0]["table"]
        (frame,) = _put_together(answers)
        return table_of(told, frame)


def _stretched(form: FileFormat) -> InStretches:
    if form.in_stretches is None:
        raise TypeError(f"files of {form.name} are read whole")
    return form.in_stretches


def _put_together(answers: Iterator[tuple[dict[str, Any], pl.DataFrame | None]]) -> Iterator[pl.DataFrame]:
    import polars as pl

    held: list[pl.DataFrame] = []
    for said, frame in answers:
        if frame is None:
            continue
        held.append(frame)
        if said["last"]:
            yield held[0] if len(held) == 1 else pl.concat(held)
            held = []


# --- the processes ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Limits:
    """What the next answer may take: seconds, and bytes of memory in use."""

    seconds: float = SECONDS
    memory: float = MEMORY

    @classmethod
    def of(cls, file: Path) -> _Limits:
        size = file.stat().st_size
        return cls(SECONDS + SECONDS_A_MEGABYTE * size / 2**20, MEMORY + TIMES_ITS_SIZE * size)


@dataclass(eq=False)
class _ReadingProcess:
    """One process that reads; `beyond` says which limit it was ended for, `kept` whether it has read another file before."""

    process: subprocess.Popen[bytes]
    owner: int = field(default_factory=os.getpid)
    beyond: Literal["", "time", "memory"] = ""
    kept: bool = False

    def ask(self, request: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        send(self.process.stdin, request)

    def answer(self, limits: _Limits) -> tuple[dict[str, Any], pl.DataFrame | None] | None:
        """The next message; None where the process is gone, or had to be ended."""
        assert self.process.stdout is not None
        done = threading.Event()
        threading.Thread(target=self._watch, args=(done, limits), daemon=True).start()
        try:
            return receive(self.process.stdout)
        finally:
            done.set()

    def memory(self) -> int:
        """Bytes of memory that it holds now; 0 where the system does not say: it is held to a limit of the system then."""
        try:
            pages = (PROCESSES / str(self.process.pid) / "statm").read_text(encoding="ascii").split()[1]
        except (OSError, IndexError):
            return 0
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def kept_waiting(self) -> Mapping[str, float]:
        """Seconds that each thread stood in line for a core since it began, where the system says so (Linux)."""
        waits: dict[str, float] = {}
        with suppress(OSError):  # the process has ended, or a thread of it, or the system keeps no such count
            for thread in (PROCESSES / str(self.process.pid) / "task").iterdir():
                with suppress(OSError, IndexError):
                    waits[thread.name] = int((thread / "schedstat").read_text(encoding="ascii").split()[1]) / 1e9
        return waits

    def was_killed(self) -> bool:
        """Whether somebody else ended it: no parser sends these signals."""
        return not self.beyond and self.process.wait() in _KILLED

    def _watch(self, done: threading.Event, limits: _Limits) -> None:
        """From here and not from inside: a parser that runs wild holds its interpreter.

        What it waits for a core does not count: on a busy machine a sound file is read as it is on a quiet one.
        """
        since, before = time.monotonic(), self.kept_waiting()
        while not done.wait(WATCHED):
            taken = time.monotonic() - since
            if taken > limits.seconds and taken - _longest(before, self.kept_waiting()) > limits.seconds:
                self.beyond = "time"
            elif self.memory() > limits.memory:
                self.beyond = "memory"
            if self.beyond:
                self.process.kill()
                return

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):  # what it was asked last and never read
                    pipe.close()


def _longest(before: Mapping[str, float], now: Mapping[str, float]) -> float:
    """The longest that one thread waited between two counts."""
    return max((waited - before.get(thread, 0.0) for thread, waited in now.items()), default=0.0)


_idle: list[_ReadingProcess] = []
_lock = threading.Lock()


def _begun() -> _ReadingProcess:
    """A process that waits for a request: one that was kept, or a new one."""
    return _waiting() or _new()


def _waiting() -> _ReadingProcess | None:
    with _lock:
        while _idle:
            kept = _idle.pop()
            # After a fork the process is the parent's: its pipes are not ours.
            if kept.owner == os.getpid() and kept.process.poll() is None:
                kept.kept = True
                return kept
    return None


def _new() -> _ReadingProcess:
    # Paths may be of any kind, and relative to a folder that was left: the package is found in any case.
    known: list[Any] = [*sys.path, str(PACKAGES)]
    settings = {**os.environ, "PYTHONPATH": os.pathsep.join(each for each in known if each and isinstance(each, str))}
    begun = _ReadingProcess(
        subprocess.Popen(
            # -P: nothing is imported from the folder in which somebody works, which may hold what came with the data.
            [sys.executable, "-P", "-m", "fl_estimate.loaders.reading_child"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=settings,
            start_new_session=True,
        )
    )  # fmt: skip
    if begun.answer(_Limits(SECONDS)) is None:
        begun.end()
        raise FileFault(
            "FL-FILE-23", "the process that reads files of this kind could not be started",
            found=f"exit status {begun.process.returncode}",
            fix=f"read it in this process: fl.load(…, apart=False), or {SWITCH}=0 in the environment",
        )  # fmt: skip
    return begun


@contextmanager
def _request(
    what: str, file: Path, written: TextFormat, **more: Any
) -> Generator[Iterator[tuple[dict[str, Any], pl.DataFrame | None]]]:
    """Ask for a file; the process is kept where all its answers were taken, and ended where they were not.

    One that was kept and that somebody killed meanwhile (the system, short of memory; a person who tidies up) says nothing of
    this file: another is asked, once.
    """
    limits = _Limits.of(file)
    request = {**request_message(what, file.absolute(), written, **more), "memory": int(limits.memory)}
    reader = _asked(request)
    done = [False]

    def answers() -> Iterator[tuple[dict[str, Any], pl.DataFrame | None]]:
        nonlocal reader
        answer = reader.answer(limits)
        if answer is None and reader.kept and reader.was_killed():
            reader.end()
            reader = _asked(request, of=_new())
            answer = reader.answer(limits)
        while True:
            if answer is None:
                raise _ended(reader, file)
            said, _ = answer
            if "fault" in said:
                done[0] = True
                raise fault_of(said["fault"])
            if "broken" in said:
                raise _broken(file, str(said["broken"]))
            if "end" in said:
                done[0] = True
                return
            yield answer
            answer = reader.answer(limits)

    try:
        taken = answers()
        yield taken
        for _ in taken:  # the message that all is said
            pass
    finally:
        _keep(reader) if done[0] else reader.end()


def _asked(request: dict[str, Any], of: _ReadingProcess | None = None) -> _ReadingProcess:
    """A process that has been asked; a pipe that is broken by then is told by its answer, unless it was a kept one's."""
    reader = of or _begun()
    try:
        reader.ask(request)
    except BrokenPipeError:
        if reader.kept:
            reader.end()
            return _asked(request, of=_new())
    return reader


def _keep(reader: _ReadingProcess) -> None:
    with _lock:
        if len(_idle) < KEPT and reader.memory() <= HELD:
            _idle.append(reader)
            return
    reader.end()


def _ended(reader: _ReadingProcess, file: Path) -> FileFault:
    reader.process.wait()
    if reader.beyond == "time":
        return _unread(file, "reading it took too long")
    if reader.beyond == "memory":
        return _unread(file, "reading it takes more memory than a file of its size needs")
    return _unread(file, f"it brought its reader down (status {reader.process.returncode})")


def _broken(file: Path, kind: str) -> FileFault:
    if kind == "memory":
        return _unread(file, "reading it takes more memory than a file of its size needs")
    return _unread(file, f"its reader met something that it does not know ({kind})")


def _unread(file: Path, why: str) -> FileFault:
    return FileFault(
        "FL-FILE-05",
        "the file cannot be read: it is damaged, or not what its ending says",
        found=f"{file.name}: {why}",
        fix="copy or export the file again, if it can be as .csv or .parquet; if you know that it is sound, read it in this "
        "process, without limits: fl.load(…, apart=False)",
    )


def end_all() -> None:
    """End the processes that wait."""
    with _lock:
        while _idle:
            waiting = _idle.pop()
            if waiting.owner == os.getpid():
                waiting.end()


atexit.register(end_all)
