"""Every pin and file of data has a licence that it may be handed on under; what came under the GPL is not in the distributions."""

from __future__ import annotations

import importlib.util
import io
import sys
import tarfile
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def script(name: str) -> ModuleType:
    """A script as a module, where its folder is there: a source distribution has none."""
    path = ROOT / "scripts" / f"{name}.py"
    if not path.is_file() or not (ROOT / ".git").exists():
        pytest.skip("scripts and the list of files are in the repository only")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.pinned
def test_pins_have_their_licences() -> None:
    assert script("licences").pin_faults() == []


def test_files_have_their_licences() -> None:
    licences = script("licences")
    assert licences.file_faults(licences.data_files()) == []


def test_a_file_without_an_origin_is_found() -> None:
    licences = script("licences")
    (fault,) = licences.file_faults([*licences.data_files(), "tests/reference/survey/data/lalonde.csv"])
    assert fault.startswith("tests/reference/survey/data/lalonde.csv: no entries")


@pytest.mark.parametrize(
    ("expression", "may"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("MIT OR GPL-3.0-only", True),
        ("MIT AND GPL-3.0-only", False),
        ("", False),
    ],
)
def test_licences_are_read_part_by_part(expression: str, may: bool) -> None:
    assert script("licences").permitted(expression, ["MIT"]) is may


def test_a_file_that_is_kept_out_is_found_under_another_name(tmp_path: Path) -> None:
    licences = script("licences")
    archive = tmp_path / "fl_estimate-0.tar.gz"
    held = (ROOT / "tests/reference/hierarchical/data/milk.csv").read_bytes()
    with tarfile.open(archive, "w:gz") as made:
        for name, content in (("fl_estimate-0/src/a.csv", held), ("fl_estimate-0/README.md", b"text")):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            made.addfile(member, io.BytesIO(content))
    (fault,) = licences.archive_faults(archive, licences.data_files())
    assert fault == f"{archive.name}: src/a.csv is kept out (tests/reference/hierarchical/data/milk.csv)"


def test_pins_that_nobody_looked_up_are_no_clean_bill() -> None:
    """pip-audit says "no known vulnerabilities" of packages that its index does not know."""
    script("licences")
    advisories = script("advisories")
    clean = {"name": "a", "version": "1", "vulns": []}
    skipped = {"name": "b", "skip_reason": "not found"}
    faulty = {"name": "c", "version": "2", "vulns": [{"id": "X-1", "fix_versions": ["3"]}]}
    assert advisories.verdict({"dependencies": [clean]}, "")[0] == 0
    assert advisories.verdict({"dependencies": [clean, skipped]}, "")[0] == 2
    assert advisories.verdict({"dependencies": [skipped, faulty]}, "")[0] == 1
    status, lines = advisories.verdict(None, "no route")
    assert status == 2
    assert "NOT CHECKED" in lines[0]


@pytest.mark.pinned
def test_the_bill_of_materials_has_every_pin() -> None:
    licences, advisories = script("licences"), script("advisories")
    made = advisories.bill()
    assert sorted({part["name"] for part in made["components"]}) == licences.pins("requirements/run.txt")
    assert all(part["hashes"] and part["licenses"] for part in made["components"])
    assert made == advisories.bill()
