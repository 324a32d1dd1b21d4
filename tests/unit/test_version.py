"""The version is said once, in pyproject.toml: package, command, manifest and CITATION say the same; a copy of unknown origin says so."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from typer.testing import CliRunner

import fl_estimate as fl
from fl_estimate import version
from fl_estimate.cli import app

ROOT = Path(__file__).resolve().parents[2]
DECLARED = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


def test_the_package_says_what_pyproject_declares() -> None:
    """Where it does not, the installation is older than the checkout: make again."""
    assert fl.__version__ == DECLARED == metadata.version("fl_estimate")


def test_no_other_file_says_another_version() -> None:
    assert f"\nversion: {DECLARED}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    written = [
        path.name for path in (ROOT / "src").rglob("*.py") if f'"{DECLARED}"' in path.read_text(encoding="utf-8")
    ]
    assert written == []


def test_the_command_says_versions_and_the_kind_of_system_and_no_more() -> None:
    done = CliRunner().invoke(app, ["--version"])
    assert done.exit_code == 0
    kind = f"{platform.system()} {platform.machine()}"
    assert done.output == f"fl_estimate {DECLARED}, Python {platform.python_version()}, {kind}\n"
    for own in (platform.node(), str(Path.home()), str(ROOT), platform.release()):
        assert own not in done.output


def test_a_version_is_asked_for_without_loading_anything_heavy() -> None:
    code = "import fl_estimate, sys; fl_estimate.__version__; print({'numpy', 'pandas', 'typer'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_a_checkout_that_nobody_installed_says_its_version(tmp_path: Path) -> None:
    """With the package alone on the path, and no metadata of an installation, in an isolated Python."""
    shutil.copytree(
        ROOT / "src" / "fl_estimate", tmp_path / "src" / "fl_estimate", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copy(ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'src')!r}); import fl_estimate; print(fl_estimate.__version__)"
    )

    def said() -> str:
        return subprocess.run(
            [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()

    assert said() == DECLARED
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "another"\nversion = "3"\n')
    assert said() == version.UNKNOWN


@pytest.mark.parametrize("text", ["", "[project", "project = 3", '[project]\nname = "fl_estimate"\n'])
def test_what_is_no_checkout_has_an_unknown_version(text: str, tmp_path: Path) -> None:
    assert version.version_of_checkout(tmp_path) == version.UNKNOWN
    (tmp_path / "pyproject.toml").write_text(text)
    assert version.version_of_checkout(tmp_path) == version.UNKNOWN
