"""The examples in README and docs are ones that the library takes: studies and mappings are read, names in code exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import fl_estimate as fl
from fl_estimate.study.config import read_study

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted(page for page in (ROOT / "docs").rglob("*.md") if "_build" not in page.parts)]
# Pages that conf.py writes while the site is built hold no examples of their own.
WRITTEN = [page for page in PAGES if page.name not in {"names.md", "errors.md", "codebook.md"}]


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of one language on a page."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


CODE = [
    pytest.param(block, id=f"{page.name}-{n}") for page in WRITTEN for n, block in enumerate(blocks(page, "python"))
]


def test_there_are_examples() -> None:
    """Otherwise the tests below could not fail."""
    assert len(CODE) >= 6


@pytest.mark.parametrize("code", CODE)
def test_names_in_python_examples_exist(code: str) -> None:
    tree = ast.parse(code)
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "fl"
    }
    assert used <= set(fl.__all__)


@pytest.mark.parametrize("study", sorted((ROOT / "docs" / "examples").glob("*.toml")), ids=lambda path: path.name)
def test_example_studies_are_read(study: Path) -> None:
    assert read_study(study).config.estimate


def test_the_study_on_the_page_is_read(tmp_path: Path) -> None:
    (first,) = blocks(ROOT / "docs" / "how_to" / "study.md", "toml")
    study = tmp_path / "study.toml"
    study.write_text(first, encoding="utf-8")
    assert [entry.kind for entry in read_study(study).config.estimate] == ["prevalence", "total"]


MAPPINGS = blocks(ROOT / "docs" / "how_to" / "mapping.md", "toml")


@pytest.mark.parametrize("position", range(len(MAPPINGS)))
def test_the_mappings_on_the_page_are_read(tmp_path: Path, position: int) -> None:
    """The first block is a whole mapping; each of the others is a part that can stand in one."""
    assert len(MAPPINGS) >= 5
    file = tmp_path / "mapping.toml"
    file.write_text(whole(MAPPINGS[position]) if position else MAPPINGS[0], encoding="utf-8")
    assert fl.Mapping.read(file).id == "my_survey"


def whole(part: str) -> str:
    """Put what a mapping must have around a part of one."""
    needed = 'id = "my_survey"\n'
    if "\n[people" not in f"\n{part}":
        needed, part = needed + part, '\n[people]\nsex = "Q101"\n'
    if 'recode = "answers"' in needed + part:
        part += '\n[recodes.answers]\n1 = "yes"\n2 = "no"\n'
    return needed + "\n" + part


def test_examples_take_numbers_from_rows_by_name() -> None:
    """A row by its place breaks when a row comes in before it: ``estimates["North"].value`` says which is meant."""
    written = {page: page.read_text(encoding="utf-8") for page in [*PAGES, *sorted((ROOT / "notebooks").glob("*.py"))]}
    shown = {
        module: "\n".join(re.findall(r"^ *(?:>>>|\.\.\.) .*$", module.read_text(encoding="utf-8"), flags=re.MULTILINE))
        for module in sorted((ROOT / "src").rglob("*.py"))
    }
    by_place = re.compile(r"to_frame\(\)[^\n]*\.i?loc\[\[?0")
    assert [str(path.relative_to(ROOT)) for path, text in {**written, **shown}.items() if by_place.search(text)] == []
