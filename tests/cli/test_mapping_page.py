"""Proves that the page on mappings shows what its commands print, its draft, and the table of the benchmark; its files are remade."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pandas as pd
import pyreadstat
import pytest

import fl_estimate as fl

ROOT = Path(__file__).resolve().parents[2]
FILES = ROOT / "docs" / "examples" / "mics_like"
PAGE = ROOT / "docs" / "how_to" / "mapping.md"


def test_the_commands_print_what_the_page_shows() -> None:
    """From map to report; `python scripts/commands_in_docs.py` writes it again."""
    commands: dict[str, Any] = runpy.run_path(str(ROOT / "scripts" / "commands_in_docs.py"))
    text = PAGE.read_text(encoding="utf-8")
    assert text.count("$ fl-estimate ") >= 4
    assert commands["written"]("how_to/mapping.md") == text


def test_the_draft_on_the_page_is_the_draft_of_the_file() -> None:
    assert fl.draft_mapping(FILES / "wm.sav") == (FILES / "draft.toml").read_text(encoding="utf-8")


def test_the_reviewed_mapping_keeps_what_the_draft_found() -> None:
    """Every question, polarity included."""
    draft = fl.Mapping.read(FILES / "draft.toml").tables["jobs"].variables
    reviewed = fl.Mapping.read(FILES / "women.toml")
    for name, rule in reviewed.tables["jobs"].variables.items():
        assert draft[name].column == rule.column
        assert draft[name].recode == reviewed.recode_of(rule)


@pytest.mark.parametrize(("position", "name"), [(0, "hh"), (1, "wm")])
def test_the_files_are_what_the_script_makes(position: int, name: str) -> None:
    made: Any = runpy.run_path(str(ROOT / "scripts" / "make_mics_like.py"))["frames"]()[position]
    kept: Any
    kept, meta = pyreadstat.read_sav(FILES / f"{name}.sav")
    pd.testing.assert_frame_equal(kept, made.astype(float))
    assert all(meta.column_labels)
    assert (FILES / f"{name}.sav").stat().st_size < 100_000


def test_the_figures_of_the_benchmark_on_the_page() -> None:
    namespace: dict[str, Any] = runpy.run_path(str(ROOT / "benchmarks" / "drafting.py"))
    every = namespace["instruments"]()
    whole = namespace["total"]([namespace["score"](each) for each in every])
    text = re.sub(r"\s+", " ", PAGE.read_text(encoding="utf-8"))
    said = f"labels of {len(every)} public instruments (`benchmarks/drafting.py` prints the table), {whole.right} of {whole.asked}"
    assert said in text
    assert f"of {whole.firm} firm guesses is wrong" in text
    assert whole.wrong_firm == ()
