"""A published figure of a sample study does not change unless CHANGELOG.md names it: the check sees changes, and is content with a line that names them."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
STUDY = "data/sample/study.toml"
CHANGELOG = """\
# Changelog

## 0.9.0 (unreleased)

### Changed estimates

- `data/sample/study.toml`: `districts` and `total`, two per cent higher,
  since the prior is wider.
- `docs/examples/world.toml`: every figure, since the survey was drawn anew.

### Added

- `data/sample/study.toml`: `lists` has a note.

## 0.8.0 (2026-01-01)

### Changed estimates

- `data/sample/study.toml`: `prevalence`, long ago.
"""


@pytest.fixture(scope="module")
def figures() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sample_figures", ROOT / "scripts" / "sample_figures.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def kept(figures: ModuleType) -> list[dict[str, str]]:
    return figures.read(figures.TABLE.read_text(encoding="utf-8"))


def _changed(kept: list[dict[str, str]], estimate: str, **values: str) -> list[dict[str, str]]:
    rows = [dict(row) for row in kept]
    first = next(row for row in rows if (row["study"], row["estimate"]) == (STUDY, estimate))
    first |= values
    return rows


def test_the_table_is_of_every_sample_study_and_tells_no_withheld_figure(
    figures: ModuleType, kept: list[dict[str, str]]
) -> None:
    assert {row["study"] for row in kept} == set(figures.STUDIES)
    assert len(kept) > 150
    withheld = [row for row in kept if row["publication"] == "not_published"]
    assert withheld
    assert {row[name] for row in withheld for name in figures.FIGURES} == {""}
    assert figures.written(kept) == figures.TABLE.read_text(encoding="utf-8")


def test_what_is_as_it_was_needs_no_name(figures: ModuleType, kept: list[dict[str, str]]) -> None:
    assert list(figures.changes(kept, [dict(row) for row in kept])) == []


@pytest.mark.parametrize(
    ("estimate", "values"),
    [
        ("prevalence", {"value": "0.00498"}), ("prevalence", {"se": "0.00052"}), ("prevalence", {"upper": "0.00617"}),
        ("prevalence", {"publication": "not_published", "value": "", "se": "", "lower": "", "upper": ""}),
        ("lists", {"value": "1"}), ("districts", {"value": "0.0091"}),
    ],
)  # fmt: skip
def test_a_figure_that_changed_is_seen(
    estimate: str, values: dict[str, str], figures: ModuleType, kept: list[dict[str, str]]
) -> None:
    """One digit of a value, of an error or of a limit, and a figure that is withheld now."""
    moved = list(figures.changes(kept, _changed(kept, estimate, **values)))
    assert [(study, name) for study, name, _ in moved] == [(STUDY, estimate)]
    silent = figures.unnamed(moved, figures.named(CHANGELOG))
    assert silent == ([] if estimate == "districts" else [(STUDY, estimate)])


def test_rows_that_came_and_went_are_seen(figures: ModuleType, kept: list[dict[str, str]]) -> None:
    one = next(at for at, row in enumerate(kept) if row["estimate"] == "stock")
    less = [row for at, row in enumerate(kept) if at != one]
    assert [what.rsplit(": ", 1)[1] for _, _, what in figures.changes(kept, less)] == ["gone"]
    assert [what.rsplit(": ", 1)[1] for _, _, what in figures.changes(less, kept)] == ["new"]


def test_a_model_may_differ_in_its_last_digit_between_processors(figures: ModuleType) -> None:
    same: Callable[..., bool] = figures.same
    assert same("0.0050", "0.0051", basis="model")
    assert not same("0.0050", "0.0052", basis="model")
    assert not same("0.0050", "0.0051", basis="respondents")
    assert same("4430", "4440", basis="model")
    assert not same("4430", "4450", basis="model")
    assert not same("", "0.1", basis="model")


@pytest.mark.parametrize(
    ("study", "estimate", "told"),
    [
        (STUDY, "districts", True), (STUDY, "total", True), ("docs/examples/world.toml", "Cordia", True),
        # named under Added, in a released version, of another study, as part of a longer name
        (STUDY, "lists", False), (STUDY, "prevalence", False), ("data/sample/migrants_study.toml", "total", False), (STUDY, "district", False),
    ],
)  # fmt: skip
def test_which_entries_name_a_figure(study: str, estimate: str, told: bool, figures: ModuleType) -> None:
    assert (figures.unnamed([(study, estimate, "")], figures.named(CHANGELOG)) == []) == told


def test_a_released_version_names_nothing_any_more(figures: ModuleType) -> None:
    assert figures.named(CHANGELOG.replace("(unreleased)", "(2026-02-02)")) == []


@pytest.mark.slow
def test_the_sample_studies_publish_the_committed_table(figures: ModuleType) -> None:
    found = [row for study in figures.STUDIES for row in figures.published(study)]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    kept = figures.read(figures.TABLE.read_text(encoding="utf-8"))
    assert figures.unnamed(figures.changes(kept, found), figures.named(changelog)) == []
