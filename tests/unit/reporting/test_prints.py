"""What is printed has the figures and marks that it had when it was read, in the same order, in three languages.

After a change that is meant: `python -m tests.unit.reporting.prints`, read what changed in the record, and keep it.
"""

from __future__ import annotations

import json

import pytest

from tests.unit.reporting.prints import CASES, RECORD, figures_of

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
