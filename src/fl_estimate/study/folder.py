"""The result folder: written beside its place, moved there in one step, its manifest last. Only what is published goes in."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fl_estimate.errors import FlError, StudyFault, listed
from fl_estimate.reporting.writing import write_bytes

MANIFEST = "manifest.json"


def require_free(folder: Path) -> None:
    """Refuse a folder that holds anything that a run did not write.

    Raises
    ------
    StudyFault
        FL-STUDY-03: it is not empty and has no manifest; FL-STUDY-04: it is a file.
    """
    if folder.is_file():
        raise StudyFault(
            "FL-STUDY-04", "the result folder is a file", found=folder.name, fix="choose another folder with --out"
        )
    if not folder.is_dir() or (folder / MANIFEST).is_file():
        return
    inside = sorted(entry.name for entry in folder.iterdir())
    if inside:
        raise StudyFault(
            "FL-STUDY-03",
            "the result folder holds files that no run wrote",
            found=f"{folder.name}: {listed(inside)}",
            fix="choose another folder with --out, or empty this one",
        )


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest of a folder whose files are as it says; None where there is none, or a file was changed."""
    path = folder / MANIFEST
    if not path.is_file():
        return None
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        whole = all(_sha256(folder / entry["name"]) == entry["sha256"] for entry in manifest["files"])
    except (ValueError, KeyError, TypeError, OSError):
        return None
    return manifest if whole else None


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """List the files of a folder with their hashes, and write the manifest: the last file of all."""
    files = [
        {"name": path.name, "sha256": _sha256(path), "bytes": path.stat().st_size} for path in sorted(folder.iterdir())
    ]
    text = json.dumps({**manifest, "files": files}, indent=2, ensure_ascii=False)
    write_bytes(folder / MANIFEST, f"{text}\n".encode())


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """Give a new folder to write to, and put it in the place of `folder` when the block ends well; else leave no trace.

    Raises
    ------
    StudyFault
        FL-STUDY-06: the place cannot be written to.
    """
    made = [parent for parent in (folder.parent, *folder.parent.parents) if not parent.exists()]
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".part", dir=folder.parent))
    except OSError as error:
        _remove_empty(made)
        raise _not_writable(folder, error) from error
    try:
        yield part
        # mkdtemp makes a folder for its owner alone; a result is for those whom the umask lets in.
        mask = os.umask(0)
        os.umask(mask)
        part.chmod(0o777 & ~mask)
        _move(part, folder)
    except FlError:
        raise  # a FileFault is an OSError too, and says more
    except OSError as error:
        raise _not_writable(folder, error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
        _remove_empty(made)


def _move(part: Path, folder: Path) -> None:
    """Put the new folder in its place; an older result stands aside until it is there."""
    if not folder.is_dir() or not any(folder.iterdir()):
        part.replace(folder)
        return
    aside = part.with_suffix(".old")
    folder.replace(aside)
    try:
        part.replace(folder)
    except OSError:
        aside.replace(folder)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _remove_empty(folders: list[Path]) -> None:
    """Take away the folders that were made for a result that did not come (deepest first)."""
    for folder in folders:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _not_writable(folder: Path, error: OSError) -> StudyFault:
    return StudyFault(
        "FL-STUDY-06",
        "the result folder cannot be written",
        found=f"{folder.name}: {error.strerror or error}",
        fix="choose a folder that can be written to with --out",
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
