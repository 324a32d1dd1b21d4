"""Check the licences of pinned packages and of every file of data, and what goes into the source distribution: `make licences`.

Pins by what their metadata say, against the list in requirements/licences.toml. Files against tests/reference/origins.toml: each
has one entry. Then the source distribution and the wheel are built and looked into: no file that is kept out may be there,
under its name or another.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator
from fnmatch import fnmatchcase
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
ORIGINS = "tests/reference/origins.toml"
HANDED_ON = ("BSD-3-Clause", "facts", "public domain")
NOT_CHECKED = 2


def read(path: str) -> dict[str, Any]:
    return tomllib.loads((ROOT / path).read_text(encoding="utf-8"))


def pins(file: str) -> list[str]:
    """Names that a file of hashed requirements pins, once each."""
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return sorted({line.partition("==")[0].strip() for line in lines if "==" in line and not line.startswith(" ")})


def stated(package: metadata.PackageMetadata, spelt: dict[str, str]) -> str:
    """A package's licence as an SPDX expression: its expression, else its classifiers, else the first line of its text."""
    expression = package.get("License-Expression")
    if expression:
        return expression
    classifiers = [
        str(c).rpartition("::")[2].strip() for c in package.get_all("Classifier") or [] if str(c).startswith("License")
    ]
    if classifiers:
        return " AND ".join(spelt.get(name, name) for name in classifiers)
    line = (package.get("License") or "").strip().partition("\n")[0]
    return spelt.get(line, line)


def permitted(expression: str, allowed: list[str]) -> bool:
    """Whether every part of an expression is on the list, or one of those to choose from."""
    if not expression:
        return False
    bare = re.sub(r"[()]", "", expression)
    return all(any(part.strip() in allowed for part in either.split(" OR ")) for either in bare.split(" AND "))


def pin_faults() -> list[str]:
    """Pins whose licence is not on the list and that no exception names; exceptions that nothing needs."""
    rules, run, every = read("requirements/licences.toml"), pins("requirements/run.txt"), pins("requirements/dev.txt")
    faults: list[str] = []
    used: set[str] = set()
    for name in every:
        try:
            licence = stated(metadata.metadata(name), rules["spelt"])
        except metadata.PackageNotFoundError:
            licence = rules["elsewhere"].get(name, "")
            if not licence:
                faults.append(f"{name}: not installed here, and requirements/licences.toml does not say its licence")
                continue
        if permitted(licence, rules["allowed"]):
            continue
        exception = rules["exceptions"].get(name)
        if exception is None or exception["licence"] != licence:
            faults.append(
                f"{name}: {licence or 'says no licence'}, which is not on the list of requirements/licences.toml"
            )
        elif name in run and not exception["run"]:
            faults.append(f"{name}: {licence} is an exception for developers, but offices install it too")
        used.add(name)
    faults += [f"{name}: an exception that nothing needs" for name in rules["exceptions"] if name not in used]
    return faults


def data_files() -> list[str]:
    """Files of data under the folders of the table, from the root, as git knows them."""
    scope = read(ORIGINS)["scope"]
    command = [
        "git",
        "-c",
        "core.quotePath=false",
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        *scope["folders"],
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    names = [name for name in done.stdout.splitlines() if (ROOT / name).is_file() and not (ROOT / name).is_symlink()]
    return [name for name in names if PurePosixPath(name).suffix not in scope["code"]]


def entries_of(name: str, table: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [entry for entry in table if any(fnmatchcase(name, pattern) for pattern in entry["files"])]


def kept_out() -> list[str]:
    """Patterns of the table that are not handed on."""
    return [pattern for entry in read(ORIGINS)["origin"] if not entry.get("sdist", True) for pattern in entry["files"]]


def file_faults(names: list[str]) -> list[str]:
    """Files without one entry, entries without a file, and entries that hand on what they may not."""
    table = read(ORIGINS)["origin"]
    found = {name: len(entries_of(name, table)) for name in names}
    faults = [
        f"{name}: {count or 'no'} entries in {ORIGINS}, where it needs one"
        for name, count in found.items()
        if count != 1
    ]
    for entry in table:
        said = entry["files"][0]
        faults += [
            f"{pattern}: no file is called so"
            for pattern in entry["files"]
            if not any(fnmatchcase(name, pattern) for name in names)
        ]
        if entry.get("sdist", True) and (entry["licence"] not in HANDED_ON or "through" in entry):
            faults.append(f"{said}: {entry['licence']} {entry.get('through', '')} goes into the source distribution")
        if not entry["origin"]:
            faults.append(f"{said}: no origin")
    excluded = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"][
        "targets"
    ]["sdist"]
    if sorted(excluded["exclude"]) != sorted(kept_out()):
        faults.append(f"pyproject.toml: the sdist's `exclude` is not what {ORIGINS} keeps out")
    return faults


def contents(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Name within the archive, without its first folder if it is a source distribution, and bytes of every file."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            yield from ((name, wheel.read(name)) for name in wheel.namelist() if not name.endswith("/"))
        return
    with tarfile.open(archive) as source:
        for member in source.getmembers():
            file = source.extractfile(member)
            if file is not None:
                yield member.name.partition("/")[2], file.read()


def archive_faults(archive: Path, names: list[str]) -> list[str]:
    """Files in an archive that are kept out, by name or by bytes; an archive with nothing in it is a fault as well."""
    patterns = kept_out()
    out = [name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns)]
    marks = {hashlib.sha256((ROOT / name).read_bytes()).hexdigest(): name for name in out}
    faults: list[str] = []
    seen = 0
    for name, held in contents(archive):
        seen += 1
        same = marks.get(hashlib.sha256(held).hexdigest())
        if same is not None or any(fnmatchcase(name, pattern) for pattern in patterns):
            faults.append(f"{archive.name}: {name} is kept out ({same or 'by name'})")
    if not out or not seen:
        faults.append(f"{archive.name}: {len(out)} files are kept out and {seen} were looked at: nothing is shown")
    print(f"{archive.name}: {seen} files looked at for {len(out)} that are kept out")
    return faults


def build(folder: Path) -> str:
    """Build both distributions into a folder; what went wrong, or nothing."""
    uv = shutil.which("uv")
    command = [uv, "build", "--quiet"] if uv else [sys.executable, "-m", "build"]
    done = subprocess.run([*command, "--out-dir", str(folder), str(ROOT)], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["no message"])[-1]


def main() -> int:
    """Print every fault; 0 where there is none, 2 where distributions could not be built."""
    names = data_files()
    faults = [*pin_faults(), *file_faults(names)]
    print(f"{len(pins('requirements/dev.txt'))} pins and {len(names)} files of data")
    with tempfile.TemporaryDirectory() as folder:
        failed = build(Path(folder))
        for archive in sorted([*Path(folder).glob("*.tar.gz"), *Path(folder).glob("*.whl")]):
            faults += archive_faults(archive, names)
    for fault in faults:
        print(fault)
    if failed:
        print(f"NOT CHECKED: the distributions could not be built, so nobody looked into them ({failed})")
        return NOT_CHECKED
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
