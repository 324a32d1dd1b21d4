"""What may give way around a run: an input that somebody changes meanwhile, and memory. Told by a code, before anything is written."""

from __future__ import annotations

import errno
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from fl_estimate.errors import FlError, StudyFault, is_folder, listed
from fl_estimate.loaders.several_files import is_pattern, matched

LEAST_MEMORY = 2 * 2**30
"""Bytes of address space that a process needs for the libraries alone, on a machine of two processors (measured: 1.7 GB)."""
_SAID = (
    "cannot allocate memory",
    "failed to map segment",
    "can't start new thread",
    "resource temporarily unavailable",
)

Stamp = tuple[int | str, ...] | None


@dataclass(frozen=True)
class Stamps:
    """Which files a run reads, and what the system said of each when it began: a rewritten file is another, whatever it holds."""

    files: dict[str, tuple[Path, Stamp]]

    @staticmethod
    def of(files: Iterable[tuple[str, Path]]) -> Stamps:
        """Those of files by the names that messages call them; names that cannot be found out are left to whoever reads them."""
        found: dict[str, tuple[Path, Stamp]] = {}
        with suppress(FlError, OSError):
            for name, path in files:
                found[name] = (path, _stamp(path))
        return Stamps(found)

    def changed(self) -> list[str]:
        """What is no longer as it was: changed, replaced, or gone."""
        result: list[str] = []
        for name, (path, before) in self.files.items():
            now = _stamp(path)
            if now != before:
                result.append(f"{name} ({'removed' if now is None else 'changed' if before is not None else 'new'})")
        return result


def _stamp(path: Path) -> Stamp:
    try:
        told = path.stat()
    except (OSError, ValueError):
        return _stamp_of_all(path)
    if is_folder(path):
        return _stamp_of_all(path)
    return told.st_dev, told.st_ino, told.st_size, told.st_mtime_ns


def _stamp_of_all(pattern: Path) -> Stamp:
    """Of a pattern, or a folder, those of all its files, so that one more is a change as well; None where there is none."""
    if not is_pattern(pattern):
        return None
    with suppress(FlError):
        found = [(str(each), _stamp(each)) for each in matched(pattern)]
        return tuple(part for each, stamp in found if stamp is not None for part in (each, *stamp)) or None
    return None


@contextmanager
def as_they_were(stamps: Stamps) -> Generator[None]:
    """Within it files are read that must not change; whatever fails where one did is told as that.

    Raises
    ------
    StudyFault
        FL-STUDY-80: a file was changed, replaced or removed: figures could be of two files, and the manifest names one.
    """
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # polars panics outside `Exception` where a file shrinks under it
        changed = stamps.changed()
        if changed:
            raise _changed(changed) from error
        raise
    changed = stamps.changed()
    if changed:
        raise _changed(changed)


def _changed(names: list[str]) -> StudyFault:
    return StudyFault(
        "FL-STUDY-80",
        "an input file was changed while the study ran; nothing was written",
        found=listed(names),
        fix="run the study again when nobody writes to its files, or on a copy of them",
    )


@contextmanager
def enough_memory() -> Generator[None]:
    """Where memory runs out, say so.

    Raises
    ------
    StudyFault
        FL-STUDY-81. Libraries of other languages end the process instead, before anything is put in place.
    """
    try:
        yield
    except (KeyboardInterrupt, SystemExit, FlError):
        raise
    except BaseException as error:
        if not is_of_memory(error):
            raise
        raise no_memory(type(error).__name__) from error


def is_of_memory(error: BaseException) -> bool:
    """Whether an error is one of memory: by its kind, by what it says, or since a process held so short fails in strange ways."""
    chain: list[BaseException] = []
    at: BaseException | None = error
    while at is not None and at not in chain:
        chain.append(at)
        at = at.__cause__ or at.__context__
    told = any(
        isinstance(each, MemoryError)
        or (isinstance(each, OSError) and each.errno == errno.ENOMEM)
        or any(words in str(each).casefold() for words in _SAID)
        for each in chain
    )
    # Half-loaded libraries have names that are not there.
    strange = isinstance(error, ImportError | NameError | OSError) or type(error).__name__ == "PanicException"
    return told or (strange and not isinstance(error, FlError) and limit_of_memory() is not None)


def limit_of_memory() -> int | None:
    """Bytes of address space that the system lets this process have (`ulimit -v`); None where it sets no limit."""
    try:
        import resource
    except ImportError:  # a system without such limits
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if soft == resource.RLIM_INFINITY else soft


def require_memory() -> None:
    """Refuse a limit under which libraries cannot even be loaded: some of them end the process without a word of ours.

    Raises
    ------
    StudyFault
        FL-STUDY-81.
    """
    limit = limit_of_memory()
    if limit is not None and limit < LEAST_MEMORY:
        raise no_memory(
            f"a limit of {limit // 2**20:,} MB (ulimit -v); the libraries alone take {LEAST_MEMORY // 2**20:,} MB"
        )


def no_memory(found: str) -> StudyFault:
    """Build the error for memory that ran out."""
    return StudyFault(
        "FL-STUDY-81",
        "there is not enough memory; nothing was written",
        found=found,
        fix="raise the limit, end other programs, or convert the file to .parquet first, which is read a part at a time",
    )
