"""What readers of published tables can put into equations is what was looked at, and it is true.

After a change that is meant: `python -m tests.unit.reporting.systems`, read what changed in the record, and keep it.
"""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest

from fl_estimate.reporting.disclosure import audit as disclosure
from fl_estimate.reporting.disclosure import choice as disclosure_choice
from fl_estimate.reporting.disclosure import conditions as disclosure_conditions
from fl_estimate.reporting.disclosure import kinds as disclosure_kinds
from fl_estimate.reporting.disclosure import known as disclosure_known
from fl_estimate.reporting.disclosure import local as disclosure_local
from fl_estimate.reporting.disclosure import mixed as disclosure_mixed
from fl_estimate.reporting.disclosure import rows as disclosure_rows
from fl_estimate.reporting.disclosure import series as disclosure_series
from fl_estimate.reporting.disclosure import solver as disclosure_solver
from fl_estimate.reporting.disclosure import subpopulations as disclosure_subpopulations
from fl_estimate.reporting.disclosure import system as disclosure_system
from fl_estimate.reporting.disclosure import tables as disclosure_tables
from fl_estimate.reporting.disclosure import trees as disclosure_trees
from fl_estimate.reporting.disclosure.choice import attainable, choose
from fl_estimate.reporting.disclosure.solver import audit, exposed
from tests.unit.reporting.systems import ANSWERED, ANSWERS, CASES, RECORD, answers, made, record

KEPT: dict[str, list[dict[str, list[str]]]] = json.loads(RECORD.read_text(encoding="utf-8"))
ANSWERS_KEPT: dict[str, dict[str, Any]] = json.loads(ANSWERS.read_text(encoding="utf-8"))
NUMBER = re.compile(r"-?(?:\d+\.?\d*(?:e[+-]?\d+)?|inf)")
READ = (
    disclosure, disclosure_choice, disclosure_conditions, disclosure_kinds, disclosure_known, disclosure_local, disclosure_mixed,
    disclosure_rows, disclosure_series, disclosure_solver, disclosure_subpopulations, disclosure_system, disclosure_tables, disclosure_trees,
)  # fmt: skip
"""The modules that make a system of tables, and solve it: this file is about all of them."""


def parts_of(found: Any) -> tuple[Any, np.ndarray]:
    """The words and signs of a record, and its numbers."""
    text = json.dumps(found)
    return NUMBER.sub("#", text), np.array([float(one) for one in NUMBER.findall(text)])


def same(found: Any, kept: Any) -> None:
    (words, numbers), (before, figures) = parts_of(found), parts_of(kept)
    assert words == before
    np.testing.assert_allclose(numbers, figures, rtol=2e-5, atol=1e-9)


@pytest.mark.parametrize("name", CASES)
def test_a_system_is_the_one_that_was_looked_at(name: str) -> None:
    same([record(system) for system in made(name)], KEPT[name])
    for system in made(name):
        said, room = system.matrix @ system.truth, 1e-6
        scale = np.maximum(np.abs(said), 1.0)
        assert (said >= system.row_lower - room * scale).all()
        assert (said <= system.row_upper + room * scale).all()
        assert (system.lower <= system.truth).all()
        assert (system.truth <= system.upper).all()
        aims = system.targets @ system.truth
        assert (system.low <= aims + 1e-6 * np.maximum(np.abs(aims), 1.0)).all()


@pytest.mark.parametrize("name", ANSWERED)
def test_what_is_worked_out_of_a_system_is_what_was_looked_at(name: str) -> None:
    system = ANSWERED[name]()
    for part, found in answers(system).items():
        same(found, ANSWERS_KEPT[name][part])
    assert not exposed(attainable(system), choose(system).withheld).any()
    for one in audit(system):
        assert one.lower <= one.truth + 1e-6 * max(abs(one.truth), 1.0)
        assert one.truth <= one.upper + 1e-6 * max(abs(one.truth), 1.0)
        ends = system.low[one.target], system.high[one.target]
        room = 1e-5 * max(*map(abs, ends), 1.0)
        if not system.every[one.target]:
            assert one.protected == (one.lower <= ends[0] + room and one.upper >= ends[1] - room)


def test_every_case_is_kept() -> None:
    assert list(KEPT) == list(CASES)
    assert list(ANSWERS_KEPT) == list(ANSWERED)
    assert len(READ) == 14


def test_a_comparison_of_two_columns_or_of_two_numbers_is_read_on_no_label() -> None:
    labels = {"region": "A", "zone": "A"}
    assert disclosure_conditions.holds("region == 'A'", labels) is True
    assert disclosure_conditions.holds("'A' == region", labels) is True
    assert disclosure_conditions.holds("region == zone", labels) is None
    assert disclosure_conditions.holds("1 == 1", labels) is None
