"""A release is checked before it is tagged: version, date and sections of the changelog, a minor version where estimates change."""

from __future__ import annotations

import datetime as dt
import runpy
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHECK: dict[str, Any] = runpy.run_path(str(ROOT / "scripts" / "release_check.py"))
TODAY = dt.date(2026, 12, 1)
GOOD = """\
# Changelog

## 0.3.0 (2026-11-30)

### Changed estimates

- **Prevalence**: 5.2 to 5.3.

### Added

- A thing.

## 0.2.0 (2026-11-28)

### Changed estimates

- None.
"""


def faults(changelog: str = GOOD, version: str = "0.3.0") -> list[str]:
    return CHECK["faults_of_changelog"](version, changelog, TODAY)


def test_a_changelog_that_is_ready_has_no_fault() -> None:
    assert faults() == []


@pytest.mark.parametrize(
    ("old", "new", "version", "told"),
    [
        ("0.3.0 (2026-11-30)", "0.3.0 (unreleased)", "0.3.0", "0.3.0 has no date but 'unreleased'"),
        ("2026-11-30", "2026-12-02", "0.3.0", "a day to come"),
        ("2026-11-30", "2026-11-31", "0.3.0", "no date but '2026-11-31'"),
        ("## 0.3.0 (2026-11-30)", "## Unreleased", "0.3.0", "'## Unreleased' is no version with a date"),
        ("2026-11-28", "2026-11-30x", "0.3.0", "older versions have dates"),
        ("2026-11-28", "2026-12-01", "0.3.0", "older versions have dates, and older ones"),
        ("", "", "0.4.0", "its first section is of 0.3.0, pyproject.toml declares 0.4.0"),
        ("### Changed estimates\n\n- **P", "- **P", "0.3.0", "0.3.0 does not begin with '### Changed estimates'"),
        ("0.3.0", "0.2.1", "0.2.1", "estimates change, so that 0.2.1 after 0.2.0 needs a new minor version"),
    ],
)  # fmt: skip
def test_what_is_missing_is_said(old: str, new: str, version: str, told: str) -> None:
    assert any(told in each for each in faults(GOOD.replace(old, new, 1), version))


def test_a_patch_changes_no_estimate() -> None:
    text = GOOD.replace("0.3.0", "0.2.1").replace("- **Prevalence**: 5.2 to 5.3.", "- None.")
    assert faults(text, "0.2.1") == []


def test_every_place_says_the_version_and_no_tag_does() -> None:
    check = CHECK["faults_of_version"]
    assert check("0.3.0", "0.3.0", "a\nversion: 0.3.0\n", ["v0.2.0"]) == []
    assert len(check("0.3.0", "0.2.0", "a\nversion: 0.2.0\n", ["v0.3.0"])) == 3
    assert check("0.3.0.dev1", "0.3.0.dev1", "\nversion: 0.3.0.dev1\n", []) == [
        "pyproject.toml: 0.3.0.dev1 is no version of three numbers"
    ]


def test_the_changelog_at_hand_lacks_nothing_but_a_date() -> None:
    """What is not released yet has no date; all else is ready at any time."""
    found = CHECK["sections"]((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    assert [each.version for each in found][-1] == "0.1.0"
    unreleased = [each for each in found if each.date == "unreleased"]
    assert unreleased == found[: len(unreleased)]
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").replace("(unreleased)", "(2026-11-29)")
    assert [fault for fault in faults(text, found[0].version) if "to come" not in fault] == []
