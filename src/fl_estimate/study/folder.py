"""The result folder: a run owns what its manifest lists, and nothing else. A result is written whole beside the old one first."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from fl_estimate.errors import FlError, StudyFault, is_file, listed
from fl_estimate.neutral import json_text
from fl_estimate.reporting.releases import FORM as FORM_OF_RELEASES
from fl_estimate.reporting.run_folder import names_in_a_run
from fl_estimate.reporting.writing import write_bytes
from fl_estimate.study.locking import alone, free

MANIFEST = "manifest.json"
FORM = FORM_OF_RELEASES.text
"""The form of the manifest, as the manifest says it; `reporting.releases` reads it."""
OURS = ("fl_estimate study result ", "fl_estimate batch result ")
PART, NEW, BEFORE = ".fl_estimate.part", ".fl_estimate.new", "before.json"
"""Being written; whole, and on its way to its place; in the latter, the manifest of the result that it replaces."""
LOOKS = 5
KEPT = ".kept"


def require_free(folder: Path) -> None:
    """Refuse a place that a result cannot go to, and bring to an end what a run that was killed there had begun.

    Raises
    ------
    StudyFault
        FL-STUDY-03: it holds files and no manifest of ours, or files of somebody else under names that a result has;
        FL-STUDY-04: it is a file; FL-STUDY-06: it cannot be written to.
    """
    try:
        folder = _followed(folder)
        if folder.is_file():
            raise StudyFault(
                "FL-STUDY-04", "the result folder is a file", found=folder.name, fix="choose another folder with --out"
            )
        _require_writable(folder)
        theirs: list[str] = []
        # Another run that is just putting its files in place has no manifest for a moment: they are looked at again.
        for _ in range(LOOKS):
            if not folder.is_dir():
                return
            _mend(folder)
            theirs = _theirs(folder)
            if not theirs or not free(folder):
                return
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise _not_writable(folder, error) from error
    if theirs:
        raise StudyFault(
            "FL-STUDY-03",
            "the result folder holds files that no run wrote",
            found=f"{folder.name}: {listed(theirs)}",
            fix="choose another folder with --out, or move these files elsewhere",
        )


def _theirs(folder: Path) -> list[str]:
    """The names in a folder that no run wrote, or that are those of a result and not of this one."""
    inside = sorted({entry.name for entry in folder.iterdir()} - {PART, NEW})
    owned = _owned(folder / MANIFEST)
    if owned is None:
        return inside
    return [
        name
        for name in inside
        if name not in owned and any(fnmatchcase(name, one) for one in (*names_in_a_run(), MANIFEST))
    ]


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest of a folder whose files are as it says; None where there is none, or a file was changed."""
    manifest = manifest_of(folder / MANIFEST)
    try:
        whole = manifest is not None and all(
            _sha256(folder / entry["name"]) == entry["sha256"] for entry in manifest["files"]
        )
    except (KeyError, OSError):
        return None
    return manifest if whole else None


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """List the files of a folder with their hashes, and write the manifest: the last file of all."""
    files = [
        {"name": path.name, "sha256": _sha256(path), "bytes": path.stat().st_size} for path in sorted(folder.iterdir())
    ]
    text = json_text({**manifest, "files": files}, indent=2)
    write_bytes(folder / MANIFEST, f"{text}\n".encode())


@contextmanager
def replacing(folder: Path) -> Generator[Path]:
    """Give a new folder to write to, and put what is in it in the place of the last result when the block ends well.

    The block writes to a folder within `folder`, which gets another name in one step when it is whole. Only then do the files that
    the last manifest lists go, and the new ones come, the manifest last of all; a run that is killed on the way is brought to its
    end by the next (`require_free`). Killed before, it leaves the last result as it was. Two runs wait for each other.

    Raises
    ------
    StudyFault
        FL-STUDY-06: the place cannot be written to; FL-STUDY-35: another run has it.
    """
    folder = _followed(folder)
    made = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    try:
        with alone(folder):
            _mend(folder, locked=True)
            part = folder / PART
            part.mkdir()
            try:
                yield part
                _require_own(part)
                _set_aside(folder, part)
                part.replace(folder / NEW)
                try:
                    _put(folder)
                except KeyboardInterrupt:
                    # There is no way back any more, and a moment to the end.
                    _put(folder)
                    raise
            finally:
                shutil.rmtree(part, ignore_errors=True)
    except FlError:
        raise  # a FileFault is an OSError too, and says more
    except OSError as error:
        raise _not_writable(folder, error) from error
    finally:
        _remove_empty(made)


def _followed(folder: Path) -> Path:
    """Where a link leads: what it points to is filled, and the link stays."""
    return Path(os.path.realpath(folder))


def _mend(folder: Path, *, locked: bool = False) -> None:
    """Bring to its end what a run that is no more had begun: take away what was half written, put in place what was whole."""
    part, new = folder / PART, folder / NEW
    if not (part.is_dir() or new.is_dir()) or not (locked or free(folder)):
        return
    if new.is_dir():
        _put(folder)
    if part.is_dir():
        shutil.rmtree(part)


def _put(folder: Path) -> None:
    """Put a whole new result in its place; every step may be taken again after a kill, until all are taken.

    The old manifest leaves first: what is half replaced is never taken for a result. It goes into the new folder, since it says
    which files are the old result's.
    """
    new = folder / NEW
    before, listing = new / BEFORE, new / MANIFEST
    if listing.is_file():
        if (folder / MANIFEST).is_file() and not before.is_file():
            os.replace(folder / MANIFEST, before)
        names = _owned(listing) or []
        for name in names:
            if (new / name).is_file() and name != MANIFEST:
                os.replace(new / name, folder / name)
        for name in sorted(set(_owned(before) or []) - set(names)):
            with suppress(FileNotFoundError, IsADirectoryError, PermissionError):
                (folder / name).unlink()
        with suppress(FileNotFoundError):
            before.unlink()
        os.replace(listing, folder / MANIFEST)
    with suppress(FileNotFoundError):
        new.rmdir()


def _set_aside(folder: Path, part: Path) -> None:
    """Keep what somebody put there, since the run began, under a name that the new result has: under that name and `.kept`."""
    owned = set(_owned(folder / MANIFEST) or [])
    for path in sorted(part.iterdir()):
        there = folder / path.name
        if (there.exists() or there.is_symlink()) and (path.name not in owned or there.is_dir()):
            kept, number = there.with_name(f"{path.name}{KEPT}"), 1
            while kept.exists():
                number += 1
                kept = there.with_name(f"{path.name}{KEPT}{number}")
            os.replace(there, kept)


def manifest_of(path: Path) -> dict[str, Any] | None:
    """A manifest that a run of ours wrote: its form says so, and the files that it lists are plain names."""
    if not is_file(path):  # a pipe would be waited for
        return None
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        ours = str(manifest["form"]).startswith(OURS)
        names = [entry["name"] for entry in manifest["files"]]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    plain = all(isinstance(name, str) and name not in ("", ".", "..") and Path(name).name == name for name in names)
    return manifest if ours and plain else None


def _owned(path: Path) -> list[str] | None:
    """Names of the files that a manifest of ours lists, and its own; None where it is not ours."""
    manifest = manifest_of(path)
    return None if manifest is None else [*(entry["name"] for entry in manifest["files"]), MANIFEST]


def _require_own(part: Path) -> None:
    """What is about to be put in place lists itself; otherwise nobody could say later whose it is."""
    assert manifest_of(part / MANIFEST) is not None, "a result is written with its manifest"


def _require_writable(folder: Path) -> None:
    """FL-STUDY-06 before anything is estimated, not after, where the folder or the first that is there is not ours to write in."""
    there = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    if not there.is_dir():
        raise _not_writable(folder, NotADirectoryError(20, f"{there.name} is a file"))
    if not os.access(there, os.W_OK | os.X_OK):
        raise _not_writable(folder, PermissionError(13, "no permission to write"))


def _remove_empty(folders: list[Path]) -> None:
    """Take away the folders that were made for a result that did not come (deepest first)."""
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()


def _not_writable(folder: Path, error: OSError | ValueError) -> StudyFault:
    return StudyFault(
        "FL-STUDY-06",
        "the result folder cannot be written",
        found=f"{folder.name}: {getattr(error, 'strerror', None) or error}",
        fix="choose a folder that can be written to with --out",
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
