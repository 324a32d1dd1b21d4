"""One run at a time in a result folder: a lock on the folder itself, which the system takes away with the process that held it."""

from __future__ import annotations

import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from fl_estimate.errors import StudyFault

try:
    import fcntl
except ImportError:  # a system without locks of this kind: two runs at once are then the user's to avoid
    fcntl = None

TRIES, PAUSE = 600, 0.1
"""A run writes for a second or two; after a minute of waiting something is wrong that more waiting does not mend."""


@contextmanager
def alone(folder: Path) -> Generator[None]:
    """Make a folder where there is none, and hold it.

    Raises
    ------
    StudyFault
        FL-STUDY-35: another run has held it for a minute.
    """
    held = _locked_folder(folder)
    try:
        yield
    finally:
        if held is not None:
            os.close(held)


def free(folder: Path) -> bool:
    """Whether no run holds the folder."""
    if fcntl is None:
        return True
    at = os.open(folder, os.O_RDONLY)
    try:
        return _locked(at)
    finally:
        os.close(at)


def _locked_folder(folder: Path) -> int | None:
    for _ in range(TRIES):
        folder.mkdir(parents=True, exist_ok=True)
        if fcntl is None:
            return None
        at = os.open(folder, os.O_RDONLY)
        # A run that failed takes the folder away that it made: what is locked must still be what stands there.
        if _locked(at) and _same(at, folder):
            return at
        os.close(at)
        time.sleep(PAUSE)
    raise StudyFault(
        "FL-STUDY-35",
        "another run is writing to the result folder",
        found=f"{folder.name}, for a minute",
        fix="wait until it has ended, or choose another folder with --out",
    )


def _locked(at: int) -> bool:
    assert fcntl is not None  # asked before
    try:
        fcntl.flock(at, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a file system without locks
    return True


def _same(at: int, folder: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(at), folder.stat())
    except FileNotFoundError:
        return False
