"""Rows of every kind under every rule are printed as they were when they were looked at.

After a change that is meant: `python -m tests.unit.reporting.rows`, read what changed in the record, and keep it.
"""

from __future__ import annotations

import json

import pytest

from fl_estimate.reporting import few_cases, judging, precision, publish, release, suppression
from tests.unit.reporting.rows import RECORD, RULES, printed

KEPT: dict[str, list[str]] = json.loads(RECORD.read_text(encoding="utf-8"))
READ = (few_cases, judging, precision, publish, release, suppression)
"""The modules that this file is about."""


@pytest.mark.parametrize("name", RULES)
def test_rows_are_printed_as_they_were_when_they_were_looked_at(name: str) -> None:
    assert printed(name) == KEPT[name]


def test_every_rule_is_kept_and_says_something_else() -> None:
    assert list(KEPT) == list(RULES)
    assert len({str(lines) for lines in KEPT.values()}) == len(RULES)
    assert len(READ) == 6
