"""No Python file is longer than 600 lines, every test file says what it proves, and no file names a machine or a registry."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# In pieces, so that this file does not find itself.
FOLDERS = ("home", "root", "Users", "work", "tmp", "opt", "mnt", "private")
MACHINE_PATH = re.compile(r"(?<![\w.~/*}\]>)-])/(?:" + "|".join(FOLDERS) + r")/\w|\b[A-Za-z]:\\+Users\b")
REGISTRY = re.compile(
    "|".join(
        re.escape(".".join(parts))
        for parts in (
            ("pypi", "org"), ("files", "pythonhosted", "org"), ("registry", "npmjs", "org"), ("deb", "debian", "org"),
            ("conda", "anaconda", "org"), ("cran", "r-project", "org"), ("cloud", "r-project", "org"),
        )
    )
)  # fmt: skip


def tracked() -> list[Path]:
    """Files that are in the repository or about to be: what git knows and does not ignore."""
    git = shutil.which("git")
    assert git, "these tests ask git which files belong to the project"
    asked = [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def text_of(path: Path) -> str:
    """The text of a file, or "" for one that is not text."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def python_files() -> list[Path]:
    return [path for path in tracked() if path.suffix == ".py"]


def test_git_knows_this_file() -> None:
    """Otherwise the tests below could not fail."""
    assert Path(__file__).resolve() in tracked()


def test_no_python_file_is_longer_than_600_lines() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in python_files()
        if (lines := len(text_of(path).splitlines())) > 600
    }
    assert long == {}


def test_no_file_names_a_machine_or_a_registry() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {match.group()}"
        for path in tracked()
        for number, line in enumerate(text_of(path).splitlines(), 1)
        for match in (*MACHINE_PATH.finditer(line), *REGISTRY.finditer(line))
    ]
    assert found == []


@pytest.mark.parametrize("line", ["see /" + "home/a/x.csv", "open('/" + "tmp/x')", "https://" + "pypi." + "org/simple"])
def test_the_patterns_find_what_they_look_for(line: str) -> None:
    assert MACHINE_PATH.search(line) or REGISTRY.search(line)


@pytest.mark.parametrize(
    "line", ["../shared/real_data", "docs/" + "work/x", "out/study/report.html", "src/fl_estimate/"]
)
def test_the_patterns_leave_relative_paths_alone(line: str) -> None:
    assert not MACHINE_PATH.search(line)
    assert not REGISTRY.search(line)


def test_no_module_is_called_utils_or_helpers() -> None:
    assert [
        path.name for path in python_files() if path.stem in {"utils", "helpers", "util", "helper", "misc", "common"}
    ] == []


def test_every_module_and_every_test_file_says_what_it_is() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in python_files()
        if path.stat().st_size
        and not (ast.get_docstring(ast.parse(text_of(path))) or "").strip()
        and "notebooks" not in path.parts
    ]
    assert silent == []
