"""The parts import each other only as design.md allows (import-linter), and the contracts notice when they do not."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the package whose source lies in `folder`."""
    command = "import sys; sys.path.insert(0, sys.argv.pop(1)); from importlinter.cli import lint_imports_command as main; main()"
    arguments = [str(folder / "src"), "--no-cache", "--no-logo", str(ROOT / "pyproject.toml")]
    return subprocess.run(
        [sys.executable, "-c", command, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )


def test_the_contracts_are_kept() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_import_upwards_for_a_type_checker_breaks_them(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "src", tmp_path / "src")
    with (tmp_path / "src" / "fl_estimate" / "errors.py").open("a", encoding="utf-8") as module:
        module.write(
            "\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import fl_estimate.results.estimates\n"
        )
    done = lint(tmp_path)
    assert done.returncode == 1
    assert "fl_estimate.errors is not allowed to import fl_estimate.results" in done.stdout


def test_a_heavy_package_out_of_its_place_breaks_them(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "src", tmp_path / "src")
    with (tmp_path / "src" / "fl_estimate" / "errors.py").open("a", encoding="utf-8") as module:
        module.write("\nimport matplotlib.pyplot, pyreadstat\n")
    done = lint(tmp_path)
    assert done.returncode == 1
    assert "fl_estimate.errors -> matplotlib" in done.stdout
    assert "fl_estimate.errors -> pyreadstat" in done.stdout


def test_every_part_has_a_layer() -> None:
    """A new package below fl_estimate must be given its place."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    named = {part.strip() for layer in contracts[0]["layers"] for part in layer.split("|")}
    package = ROOT / "src" / "fl_estimate"
    modules = {path.stem for path in package.glob("*.py")} - {"__init__"}
    assert named == modules | {path.parent.name for path in package.glob("*/__init__.py")}


def test_a_circle_within_a_room_breaks_them(tmp_path: Path) -> None:
    """An import inside a function closes it."""
    shutil.copytree(ROOT / "src", tmp_path / "src")
    with (tmp_path / "src" / "fl_estimate" / "loaders" / "file_table.py").open("a", encoding="utf-8") as module:
        module.write("\n\ndef _late() -> None:\n    import fl_estimate.loaders.convert\n")
    done = lint(tmp_path)
    assert done.returncode == 1
    assert "circle" in done.stdout
    assert "file_table" in done.stdout
