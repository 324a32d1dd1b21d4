"""Sums of each file of a folder, kept between runs: where they lie, who may read them, and what of them was used.

They are no microdata, and not for release either: a group may be one person, and its sum is that person's.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from fl_estimate.errors import FileFault, KeptSumsWarning, listed
from fl_estimate.version import package_version

FORM = "fl_estimate kept sums 1"
NOTICE = "NOT_FOR_RELEASE.txt"
ENDING, INDEX = ".sums", "files.json"
_TEXT = """Sums of survey files by sampling unit and domain, kept by fl_estimate so that files are not read again.
NOT FOR RELEASE: no threshold was applied, and a group of one person shows that person's answers.
It may be deleted at any time; what is needed is then read again.
"""


@dataclass(frozen=True, kw_only=True)
class FileRead:
    """What was read of a file since its people were classified.

    `how` is "rows" or "kept sums"; `why` is "new", "changed", "damaged sums", "too many groups", "not asked before", "no sum"
    (something that is not made of sums was asked for, or the rows were looked at), or "".

    `rows` is how many rows of it were read, once or more often.
    """

    file: str
    rows: int
    how: str
    why: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class FileRows:
    """One file: `identity` says its content and its place, `rows_of` gives its classified rows and the flags of its answers."""

    name: str
    identity: str
    sha256: str
    n_rows: int
    rows_of: Callable[[], tuple[Any, Mapping[str, Any]]]
    require_unchanged: Callable[[], None]


@dataclass(kw_only=True, eq=False, repr=False)
class KeptSums:
    """The kept sums of a folder of files.

    Attributes
    ----------
    home : Path
        Where they are kept.
    told_by : str
        Frameworks, columns and engine: what the rows are, besides the content of the files.
    root : str
        Which folder of data it is, in the index of its files.
    files : tuple of FileRows
    allow_changes : bool
    read : tuple of FileRead
        Since the people were classified.
    """

    home: Path
    told_by: str
    root: str
    files: tuple[FileRows, ...]
    allow_changes: bool = False
    read: tuple[FileRead, ...] = ()
    _before: dict[str, str] | None = field(default=None)

    def open(self) -> None:
        """Make the folder, or find it, its owner's alone.

        Raises
        ------
        FileFault
            FL-FILE-48: it cannot be made or written to, or holds what was not kept by this library.
        """
        try:
            taken = self.home.is_dir() and any(self.home.iterdir()) and not (self.home / NOTICE).is_file()
        except OSError as error:
            raise _unusable(self.home, error.strerror or type(error).__name__) from None
        if taken:
            raise _unusable(self.home, "it holds other files")
        try:
            self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
            if os.name == "posix":
                self.home.chmod(0o700)
            self._write(NOTICE, _TEXT.encode())
        except OSError as error:
            raise _unusable(self.home, error.strerror or type(error).__name__) from None

    def place(self, file: FileRows, request: str) -> str:
        """The name under which the sums of a file are kept; everything that they depend on is in it."""
        asked = json.dumps([FORM, package_version(), self.told_by, file.identity, request])
        return hashlib.sha256(asked.encode()).hexdigest() + ENDING

    def find(self, name: str) -> bytes | None:
        """Kept bytes; None where there are none, b"" where they are damaged."""
        try:
            digest, _, content = (self.home / name).read_bytes().partition(b"\n")
        except FileNotFoundError:
            return None
        except OSError:
            return b""
        return content if hashlib.sha256(name.encode() + content).hexdigest().encode() == digest else b""

    def keep(self, name: str, content: bytes) -> None:
        """Keep bytes, at once or not at all.

        Raises
        ------
        FileFault
            FL-FILE-48.
        """
        try:
            self._write(name, hashlib.sha256(name.encode() + content).hexdigest().encode() + b"\n" + content)
        except OSError as error:
            raise _unusable(self.home, error.strerror or type(error).__name__) from None

    def before(self) -> Mapping[str, str]:
        """The files of the folder when sums were last kept, each with its sha256."""
        if self._before is None:
            self._before = self._index().get(self.root, {})
        return self._before

    def finish(self, read: list[FileRead]) -> None:
        """Say which files are gone or changed since the last time, and note those of today.

        Warns
        -----
        KeptSumsWarning
            FL-FILE-47.
        """
        before, today = self.before(), {file.name: file.sha256 for file in self.files}
        self._note(read)
        gone = [name for name in before if name not in today]
        changed = [name for name, digest in today.items() if before.get(name, digest) != digest]
        if (gone or changed) and not self.allow_changes:
            told = [f"gone: {listed(gone, most=10)}"] if gone else []
            told += [f"changed: {listed(changed, most=10)}"] if changed else []
            warnings.warn(
                f"FL-FILE-47: files whose sums were kept are not what they were; the figures are of the files as they are now. "
                f"Found: {'; '.join(told)}. If it is meant: Folder(…, allow_changes=True)",
                KeptSumsWarning,
                stacklevel=2,
            )
        if before != today:
            self.keep(INDEX, json.dumps({**self._index(), self.root: today}).encode())
            self._before = today

    def every_row(self) -> None:
        """Note that rows themselves were asked for: what is made of them is not made of kept sums."""
        self._note([FileRead(file=file.name, rows=file.n_rows, how="rows", why="no sum") for file in self.files])

    def _note(self, read: Sequence[FileRead]) -> None:
        """Add to what was read so far: rows that were read stay so, and that they were asked for without a sum."""
        before = self.read or read
        self.read = tuple(
            old if old.why == "no sum" or (old.rows and not new.rows) else new
            for old, new in zip(before, read, strict=True)
        )

    def _index(self) -> dict[str, dict[str, str]]:
        content = self.find(INDEX)
        return cast("dict[str, dict[str, str]]", json.loads(content)) if content else {}

    def _write(self, name: str, content: bytes) -> None:
        # Made for its owner alone, and moved into place whole.
        handle, scratch = tempfile.mkstemp(dir=self.home, prefix=".kept-")
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(content)
            Path(scratch).replace(self.home / name)
        except BaseException:
            Path(scratch).unlink(missing_ok=True)
            raise


def _unusable(home: Path, why: str) -> FileFault:
    return FileFault(
        "FL-FILE-48",
        "the folder of kept sums cannot be used",
        found=f"{home.name}: {why}",
        fix="name an empty folder, or one that was named before, which you can write to",
    )
