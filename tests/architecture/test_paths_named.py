"""Paths and modules that pages and docstrings name are there: a room that moves takes its names along."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "fl_estimate"
PAGES = [ROOT / name for name in ("ARCHITECTURE.md", "CONTRIBUTING.md", "README.md")]
ROOMS = sorted(each.name for each in SOURCE.iterdir() if each.is_dir() and each.name.isidentifier())
PATH = re.compile(
    rf"(?<![\w/.:-])((?:src/fl_estimate|tests|docs|scripts|studies|benchmarks|data|{'|'.join(ROOMS)})/[\w./-]*\w)(?![\w*{{<…-]|/[*{{<…])"
)
MODULE = re.compile(r"\bfl_estimate((?:\.[a-z_]+)+)")
MADE = ("docs/_build", "docs/_generated", "docs/reference/generated", "docs/explanation/what_counts_table")
"""What builds make, and a stem that takes the language before its ending."""
KEYS = frozenset({"part", "labels"})
"""Keys in files and names of columns that begin with the package's name."""


def documents() -> list[Path]:
    """Pages that are written by hand, as git keeps them, and the source."""
    ignored = {
        ROOT / line.strip("/") for line in (ROOT / ".gitignore").read_text(encoding="utf-8").split() if line[0] == "/"
    }
    pages = [
        each
        for each in (ROOT / "docs").rglob("*.md")
        if not ({each, *each.parents} & ignored) and "/_" not in str(each)
    ]
    return [*PAGES, *pages, *SOURCE.rglob("*.py")]


def is_path(name: str, document: Path) -> bool:
    folders = (ROOT, SOURCE, ROOT / "docs", ROOT / "tests", document.parent)
    return name.startswith(MADE) or any(
        (folder / f"{name}{ending}").exists() for folder in folders for ending in ("", ".md")
    )


def is_module(dotted: str) -> bool:
    """A package or module, then whatever it defines."""
    folder = SOURCE
    for name in dotted.strip(".").split("."):
        if (folder / name).is_dir():
            folder /= name
            continue
        initial = folder / "__init__.py"
        return (
            name in KEYS
            or (folder / f"{name}.py").exists()
            or (initial.exists() and re.search(rf"\b{name}\b", initial.read_text(encoding="utf-8")) is not None)
        )
    return True


def test_paths_and_modules_that_are_named_are_there() -> None:
    missing: list[str] = []
    seen = 0
    for document in documents():
        text = document.read_text(encoding="utf-8")
        paths, modules = [m[1] for m in PATH.finditer(text)], [m[1] for m in MODULE.finditer(text)]
        seen += len(paths) + len(modules)
        missing += [f"{document.relative_to(ROOT)}: {name}" for name in paths if not is_path(name, document)]
        missing += [f"{document.relative_to(ROOT)}: fl_estimate{name}" for name in modules if not is_module(name)]
    assert sorted(set(missing)) == []
    assert seen > 1000


def test_what_is_not_there_is_found() -> None:
    assert PATH.findall("see `estimators/hierarchical/none.py`") == ["estimators/hierarchical/none.py"]
    assert not is_path("estimators/hierarchical/none.py", ROOT / "README.md")
    assert is_path("estimators/hierarchical", ROOT / "README.md")
    assert not is_module(".reporting.vocabulary")
    assert is_module(".words.say.say")
