"""What readers of published tables can put into equations is what was looked at, and it is true.

After a change that is meant: `python -m tests.unit.reporting.systems`, read what changed in the record, and keep it.
"""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest

from fl_estimate.reporting import (
    disclosure,
    disclosure_conditions,
    disclosure_kinds,
    disclosure_known,
    disclosure_mixed,
    disclosure_rows,
    disclosure_series,
    disclosure_subpopulations,
    disclosure_system,
    disclosure_tables,
)
from tests.unit.reporting.systems import CASES, RECORD, record

KEPT: dict[str, list[dict[str, list[str]]]] = json.loads(RECORD.read_text(encoding="utf-8"))
NUMBER = re.compile(r"-?(?:\d+\.?\d*(?:e[+-]?\d+)?|inf)")
READ = (
    disclosure, disclosure_conditions, disclosure_kinds, disclosure_known, disclosure_mixed, disclosure_rows,
    disclosure_series, disclosure_subpopulations, disclosure_system, disclosure_tables,
)  # fmt: skip
"""The modules that make a system of tables: this file is about all of them."""


def parts_of(found: list[dict[str, list[str]]]) -> tuple[Any, np.ndarray]:
    """The words and signs of a record, and its numbers."""
    text = json.dumps(found)
    return NUMBER.sub("#", text), np.array([float(one) for one in NUMBER.findall(text)])


@pytest.mark.parametrize("name", CASES)
def test_a_system_is_the_one_that_was_looked_at(name: str) -> None:
    made = CASES[name]()
    (words, numbers), (kept, before) = parts_of([record(system) for system in made]), parts_of(KEPT[name])
    assert words == kept
    np.testing.assert_allclose(numbers, before, rtol=2e-5, atol=1e-9)
    for system in made:
        said, room = system.matrix @ system.truth, 1e-6
        scale = np.maximum(np.abs(said), 1.0)
        assert (said >= system.row_lower - room * scale).all()
        assert (said <= system.row_upper + room * scale).all()
        assert (system.lower <= system.truth).all()
        assert (system.truth <= system.upper).all()
        aims = system.targets @ system.truth
        assert (system.low <= aims + 1e-6 * np.maximum(np.abs(aims), 1.0)).all()


def test_every_case_is_kept() -> None:
    assert list(KEPT) == list(CASES)
    assert len(READ) == 10
