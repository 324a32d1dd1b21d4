"""The screen of the commands: faults on standard error, progress where somebody is looking, and what a closed pipe comes to."""

from __future__ import annotations

import codecs
import io
import os
import sys
import unicodedata
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import typer

from fl_estimate.errors import FileFault, FlError, visible

DONE, FAILED, FAULT, INTERRUPTED = 0, 1, 2, 130


NEAREST = "fl_estimate_nearest"
"""The name of the handler of characters that a screen's encoding has not."""


def print_on_any_screen() -> None:
    """A console of cp1252 or cp850 has no thin space and no minus sign: it gets the nearest that it has, never a traceback."""
    codecs.register_error(NEAREST, _nearest)
    for stream in (sys.stdout, sys.stderr):
        # A notebook's or a test's stream has no encoding to fall short of.
        if isinstance(stream, io.TextIOWrapper) and not stream.encoding.lower().replace("-", "").startswith("utf"):
            stream.reconfigure(errors=NEAREST)


def _nearest(fault: UnicodeError) -> tuple[str, int]:
    """What stands for characters that cannot be encoded: a plain space, hyphen or letter, else a question mark."""
    assert isinstance(fault, UnicodeEncodeError)
    return "".join(_plain(each) for each in fault.object[fault.start : fault.end]), fault.end


def _plain(character: str) -> str:
    if unicodedata.category(character) == "Zs":
        return " "
    if unicodedata.category(character) == "Pd" or character == "\N{MINUS SIGN}":
        return "-"
    return unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode() or "?"


@contextmanager
def faults() -> Iterator[None]:
    """Turn a fault of ours into its message on standard error and exit status 2; warnings are messages too, without a place in code."""
    from fl_estimate.study.surroundings import enough_memory

    try:
        with warnings.catch_warnings(), enough_memory():
            warnings.showwarning = tell_warning
            yield
    except FlError as fault:
        say(str(fault), err=True)
        raise typer.Exit(FAULT) from None
    except KeyboardInterrupt:
        say("interrupted", err=True)
        raise typer.Exit(INTERRUPTED) from None


def tell_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    """Print a warning as a message, without a place in code."""
    say(f"warning: {message}", err=True)


@contextmanager
def printing(folder: Path) -> Iterator[None]:
    """A screen that takes no more (a full disk behind `>`, a pipe that was closed) is no fault of a result that is whole."""
    try:
        yield
        sys.stdout.flush()
    except (OSError, SystemExit):  # rich ends the process where a pipe is closed
        # What is left unprinted would fail once more when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        with suppress(OSError):
            say(f"the tables could not be printed; the result is whole: {folder}", err=True)


@contextmanager
def progress() -> Iterator[Any]:
    """A line on standard error that says what is being done, where somebody is looking."""
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _text: None
        return
    with console.status("starting") as status:
        yield lambda text: status.update(Text(visible(text)))


@contextmanager
def progress_bar(what: str) -> Iterator[Any]:
    """A bar on standard error that fills as rows are done; lines without a terminal, one for each tenth."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        tenths = -1

        def tell(done: int, total: int | None) -> None:
            nonlocal tenths
            now = done * 10 // total if total else tenths + 1
            if now > tenths:
                tenths = now
                say(f"{what}: {done:,} rows{f' of {total:,}' if total else ''}", err=True)

        yield tell
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(visible(what), total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def say(text: str, *, nl: bool = True, err: bool = False) -> None:
    """Print a text that has names or labels of a file in it."""
    typer.echo(visible(text), nl=nl, err=err)


def write_new(path: Path, text: str, *, what: str = "the mapping") -> None:
    """Write a text to a file that is not there yet: what somebody reviewed is not overwritten."""
    try:
        with path.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
    except OSError as error:
        raise FileFault(
            "FL-FILE-08",
            f"{what} cannot be written",
            found=f"{path.name}: {error.strerror}",
            fix="name a file that is not there yet, in a folder that is",
        ) from None
