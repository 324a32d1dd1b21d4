"""What is printed has the figures and marks that it had when it was read, in the same order, in three languages.

After a change that is meant: `python -m tests.unit.reporting.prints`, read what changed in the record, and keep it.
"""

from __future__ import annotations

import json
import re

import pytest

from fl_estimate.reporting import (
    captions,
    document,
    headline,
    labelling,
    layout,
    naming,
    rule_words,
    scale,
    terminal,
    tests_in_tables,
    words,
)
from fl_estimate.reporting.formats import appraisal_page, html
from fl_estimate.reporting.formats import terminal as screens
from fl_estimate.reporting.pictures import drawing as of_pictures
from tests.unit.reporting.prints import CASES, RECORD, _full, figures_of, screen

READ = (
    captions,
    document,
    headline,
    labelling,
    layout,
    naming,
    rule_words,
    scale,
    terminal,
    tests_in_tables,
    words,
    of_pictures,
    appraisal_page,
    html,
    screens,
)
"""The modules that this file is about."""
KEPT: dict[str, dict[str, list[str]]] = json.loads(RECORD.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", CASES)
def test_figures_and_marks_are_those_that_were_read(name: str) -> None:
    assert CASES[name]() == KEPT[name]


def test_every_print_is_kept_and_says_something() -> None:
    assert list(KEPT) == list(CASES)
    assert all(lines for printed in KEPT.values() for lines in printed.values())


def test_a_record_sees_another_figure_and_not_another_word() -> None:
    assert (
        figures_of("Persons 1,234 (5–6)\nno figure")
        == figures_of("People 1,234 (5–6)")
        != figures_of("People 1,235 (5–6)")
    )
    assert figures_of("<html><style>p { width: 3 }</style><p>x = 4</p></html>") == ["w = 4"]


@pytest.mark.parametrize("language", ["en"])
def test_no_figure_is_cut_however_wide_the_terminal_is(language: str) -> None:
    """What stands in a row are its cells, whole: 12.3 of which a narrow screen shows 1 is another figure."""
    document = _full(language)
    cells = {text.replace("\u2009", " ") for sheet in document.layouts for row in sheet.rows for text in row.cells.values()}  # fmt: skip
    labels = {row.label for sheet in document.layouts for row in sheet.rows}
    for width in range(64, 150, 12):
        lines = [line for line in screen(document, width).splitlines() if any(mark in line for mark in "–‥†")]
        shown = [re.split(r" {2,}", line.strip().replace("\u2009", " ")) for line in lines if line.startswith(" ")]
        assert len(shown) > 6
        assert {text for row in shown for text in row} <= cells | labels, width
