"""What is printed has the figures and marks that it had when it was read, in the same order, in three languages.

After a change that is meant: `python -m tests.unit.reporting.prints`, read what changed in the record, and keep it.
"""

from __future__ import annotations

import json
import re

import pytest

import fl_estimate as fl
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
)
from fl_estimate.reporting.document import Document
from fl_estimate.reporting.formats import appraisal_page, html
from fl_estimate.reporting.formats import terminal as screens
from fl_estimate.reporting.pictures import drawing as of_pictures
from fl_estimate.reporting.renderers import ESTIMATES, make
from tests.unit.reporting.made import estimates
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


def test_the_table_of_a_notebook_looks_as_it_was_looked_at() -> None:
    """As wide as the cell of the notebook, no rule beside the labels, heads of groups half bold; figures stand right."""
    drawn = make(ESTIMATES, "notebook", _full("en"))
    chosen = {
        name: getattr(drawn._options, name).value
        for name in ("table_font_size", "row_group_font_weight", "stub_border_style", "table_width")
    }
    assert chosen == {
        "table_font_size": "14px",
        "row_group_font_weight": "600",
        "stub_border_style": "none",
        "table_width": "100%",
    }
    sides = {column.var: column.column_align for column in drawn._boxhead}
    assert sides["value"] == sides["interval"] == sides["n"] == "right"
    # Groups of one table have no name behind them; where two tables have the same group, each has its own.
    assert not [group for group in drawn._tbl_data["group"] if group.endswith(")")]
    twice = Document(published=fl.publish({"one": estimates({}), "other": estimates({"value": 0.02, "upper": 0.03})}))
    groups = set(make(ESTIMATES, "notebook", twice)._tbl_data["group"])
    assert {group.rpartition(" ")[2] for group in groups} == {"(one)", "(other)"}
    # What "at most" and the dagger mean stands under it.
    assert len(drawn._source_notes) == 2
    assert "At most" in str(drawn._source_notes[0])
