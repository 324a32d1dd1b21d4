"""Which files of a study are one file: by where a path leads, and by content. What figures share is decided in `plan`."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

PIECE = 1 << 20
"""Bytes read at a time."""


class SameFiles:
    """Names of files, one for all ways to write a path, and for copies of a file.

    Files of different size are different; of the same size they are read and compared by their hash. Of a file that is not
    there nothing but its path is known.

    Parameters
    ----------
    folder : Path
        Where relative paths start.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: dict[str, str] = {}
        self._by_size: dict[int, list[str]] = {}
        self._hashes: dict[str, str] = {}

    def name(self, written: str, called: str) -> str:
        """What a file is called: as the first that it is, or `called` where it is the first itself."""
        try:
            path = os.path.realpath(self._folder / written)
        except (OSError, ValueError):  # no name of a file: whoever opens it says so
            path = written
        if path not in self._names:
            self._names[path] = self._copy_of(path) or called
        return self._names[path]

    def _copy_of(self, path: str) -> str | None:
        """The name of a file of the same content."""
        try:
            size = Path(path).stat().st_size if Path(path).is_file() else 0
        except (OSError, ValueError):
            return None
        if not size:
            return None
        alike = self._by_size.setdefault(size, [])
        result = next((other for other in alike if self._hash(other) == self._hash(path) != ""), None)
        alike.append(path)
        return None if result is None else self._names[result]

    def _hash(self, path: str) -> str:
        if path not in self._hashes:
            self._hashes[path] = _sha256(path)
        return self._hashes[path]


def _sha256(path: str) -> str:
    """Empty where the file cannot be read: reading it for its figures will say why."""
    result = hashlib.sha256()
    try:
        with Path(path).open("rb") as file:
            while piece := file.read(PIECE):
                result.update(piece)
    except OSError:
        return ""
    return result.hexdigest()


def files_of(file: str | dict[str, str]) -> Iterable[str]:
    """The files of a source: one, or one for each table."""
    return [file] if isinstance(file, str) else file.values()
