"""The tables of what each reading moves are those that the script writes from the sample."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
SCRIPT: dict[str, Any] = runpy.run_path(str(ROOT / "scripts" / "readings.py"))


@pytest.fixture(scope="module")
def figures() -> list[dict[str, float]]:
    return SCRIPT["rows"]()


@pytest.mark.parametrize("language", SCRIPT["HEADS"])
def test_the_page_shows_what_the_script_writes(figures: list[dict[str, float]], language: str) -> None:
    shown = (ROOT / "docs" / "explanation" / f"what_counts_table.{language}.md").read_text(encoding="utf-8")
    assert SCRIPT["table"](figures, language) == shown


def test_the_readings_are_nested_on_the_sample(figures: list[dict[str, float]]) -> None:
    default, wide, narrow, *_ = (figure["value"] for figure in figures)
    assert narrow <= default < wide
