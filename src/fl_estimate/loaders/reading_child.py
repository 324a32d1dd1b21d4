"""The process that reads files for another: `python -m fl_estimate.loaders.reading_child`. It ends with the one that began it."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from fl_estimate.errors import FlError
from fl_estimate.loaders.apart_messages import (
    SLICE,
    codebook_message,
    codebook_of,
    fault_message,
    send,
    table_message,
)
from fl_estimate.loaders.file_format import FileFormat, InStretches
from fl_estimate.loaders.file_table import TextFormat
from fl_estimate.loaders.files import format_of, formats

if TYPE_CHECKING:
    import polars as pl

Answer = Iterator[tuple[dict[str, Any], "pl.DataFrame | None"]]


def main() -> None:
    """Answer requests, a line each, until there are no more."""
    # What libraries print must not get between the messages, nor a respondent's answers onto anybody's terminal.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the other process is interrupted, and ends this one
    formats()
    send(answers, {"ready": True})
    while line := sys.stdin.buffer.readline():
        _answer(json.loads(line), answers)


ROOM = 2**30
"""Bytes beyond the limit of a file: the interpreter, its libraries, the stacks of their threads."""


def _hold(memory: int) -> None:
    """Let the system itself keep this process to a limit, for where the other process cannot see what it takes, or not at once."""
    try:
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        wanted = memory + ROOM
        resource.setrlimit(
            resource.RLIMIT_DATA, (wanted if most == resource.RLIM_INFINITY else min(wanted, most), most)
        )
    except (ImportError, ValueError, OSError):
        return  # a system that has no such limit


def _answer(request: dict[str, Any], answers: IO[bytes]) -> None:
    file = Path(request["file"])
    _hold(int(request["memory"]))
    form = format_of(file)
    try:
        if form is None:
            raise TypeError(f"no format has the ending {file.suffix}")
        for said, frame in _ANSWERS[request["what"]](form, file, request):
            send(answers, said, frame)
    except FlError as fault:
        send(answers, {"fault": fault_message(fault)})
    except MemoryError:
        send(answers, {"broken": "memory"})
    except Exception as error:  # whatever it is, it is the file's, and is said to be
        send(answers, {"broken": type(error).__name__})
    else:
        send(answers, {"end": True})


def _written(request: dict[str, Any]) -> TextFormat:
    return TextFormat(**request["written"])


def _reader(form: FileFormat) -> InStretches:
    if form.in_stretches is None:
        raise TypeError(f"files of {form.name} are read whole")
    return form.in_stretches


def _codebook(form: FileFormat, file: Path, request: dict[str, Any]) -> Answer:
    yield {"codebook": codebook_message(_reader(form).codebook(file, _written(request)))}, None


def _stretches(form: FileFormat, file: Path, request: dict[str, Any]) -> Answer:
    for frame in _reader(form).stretches(file, codebook_of(request["codebook"]), request["cells"]):
        for start in range(0, max(frame.height, 1), SLICE):
            yield {"last": start + SLICE >= frame.height}, frame[start : start + SLICE]


def _schema(form: FileFormat, file: Path, request: dict[str, Any]) -> Answer:
    import polars as pl

    schema = _reader(form).schema(file, codebook_of(request["codebook"]))
    yield {"known": schema is not None}, None if schema is None else pl.DataFrame(schema=schema)


def _whole(form: FileFormat, file: Path, request: dict[str, Any]) -> Answer:
    if isinstance(form.read, InStretches):
        raise TypeError(f"files of {form.name} are read in stretches")
    table = form.read(file, _written(request))
    frame: Any = table.frame
    yield {"table": table_message(table)}, None
    for start in range(0, max(frame.height, 1), SLICE):
        yield {"last": start + SLICE >= frame.height}, frame[start : start + SLICE]


_ANSWERS = {"codebook": _codebook, "stretches": _stretches, "schema": _schema, "whole": _whole}

if __name__ == "__main__":
    main()
