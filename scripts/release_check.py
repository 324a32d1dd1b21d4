"""Is the checkout ready to be tagged as the version that pyproject.toml declares? Says all that is missing; changes nothing.

`make release-check` runs this, then every check that is not a test. The steps of a release stand in docs/reference/releases.md.
"""

from __future__ import annotations

import datetime as dt
import re
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HEADING = re.compile(r"^## (?P<version>\S+) \((?P<date>[^)]*)\)$", re.MULTILINE)
VERSION = re.compile(r"\d+\.\d+\.\d+")
FIRST = "### Changed estimates"
NONE = "- None"


@dataclass(frozen=True, kw_only=True)
class Section:
    """A version in the changelog: its number, its date as written, and what stands under it."""

    version: str
    date: str
    body: str

    @property
    def changes_estimates(self) -> bool:
        """Whether it says that a figure comes out differently."""
        changed = self.body.partition(FIRST)[2].partition("\n### ")[0]
        bullets = [line for line in changed.splitlines() if line.startswith("- ")]
        return any(not line.startswith(NONE) for line in bullets)


def sections(changelog: str) -> list[Section]:
    """The versions of a changelog, the newest first."""
    heads = list(HEADING.finditer(changelog))
    ends = [head.start() for head in heads[1:]] + [len(changelog)]
    return [
        Section(version=head["version"], date=head["date"], body=changelog[head.end() : end].strip())
        for head, end in zip(heads, ends, strict=True)
    ]


def day(text: str) -> dt.date | None:
    """A date as 2026-11-25; None for anything else."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def minor(version: str) -> tuple[int, ...]:
    """The first two numbers of a version."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])


def faults_of_changelog(version: str, changelog: str, today: dt.date) -> list[str]:
    """What the changelog lacks for this version to be released."""
    found = sections(changelog)
    other = [line for line in changelog.splitlines() if line.startswith("## ") and not HEADING.match(line)]
    faults = [f"CHANGELOG.md: {line!r} is no version with a date, ## 0.2.0 (2026-11-30)" for line in other]
    if not found or found[0].version != version:
        top = found[0].version if found else "nothing"
        return [*faults, f"CHANGELOG.md: its first section is of {top}, pyproject.toml declares {version}"]
    first, dates = found[0], [day(each.date) for each in found]
    if dates[0] is None:
        faults.append(f"CHANGELOG.md: {version} has no date but {first.date!r}")
    elif dates[0] > today:
        faults.append(f"CHANGELOG.md: {version} is of {first.date}, a day to come")
    known = [each for each in dates if each is not None]
    if None in dates[1:] or known != sorted(known, reverse=True):
        faults.append("CHANGELOG.md: older versions have dates, and older ones")
    faults += [
        f"CHANGELOG.md: {each.version} does not begin with {FIRST!r}" for each in found if FIRST not in each.body
    ]
    if len(found) > 1 and first.changes_estimates and minor(version) <= minor(found[1].version):
        faults.append(
            f"CHANGELOG.md: estimates change, so that {version} after {found[1].version} needs a new minor version"
        )
    return faults


def faults_of_version(version: str, installed: str, citation: str, tags: Sequence[str]) -> list[str]:
    """What does not say this version, or says it already."""
    faults: list[str] = []
    if not VERSION.fullmatch(version):
        faults.append(f"pyproject.toml: {version} is no version of three numbers")
    if installed != version:
        faults.append(f".venv: fl_estimate {installed} is installed, make it again")
    if f"\nversion: {version}\n" not in citation:
        faults.append(f"CITATION.cff: does not say version: {version}")
    if f"v{version}" in tags:
        faults.append(f"git: there is a tag v{version} already")
    return faults


def git(*words: str) -> list[str]:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def main() -> int:
    """Print what is missing; status 1 where anything is."""
    version = str(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])
    changed = git("status", "--porcelain")
    faults = [
        *faults_of_version(
            version, metadata.version("fl_estimate"), (ROOT / "CITATION.cff").read_text(encoding="utf-8"), git("tag")
        ),
        *faults_of_changelog(version, (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), dt.date.today()),
        *([f"git: {len(changed)} files are not as they were committed"] if changed else []),
    ]
    for fault in faults:
        print(fault, file=sys.stderr)
    if not faults:
        print(
            f"ready to be tagged, once the checks and the tests pass: git tag -a v{version} -m 'fl_estimate {version}'"
        )
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
