"""What every test may use: quiet drawing, repeatable property tests, and the folder of real survey files where it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.pinned import other_than_pinned

# Before anything draws: figures go to files, never to a screen.
os.environ["MPLBACKEND"] = "agg"

# The same examples each time, and no deadline: on a busy machine a slow example is not a fault.
settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=50)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real survey files, which are never committed; a test that asks for it is skipped without one."""
    folder = os.environ.get("FL_ESTIMATE_REAL_DATA", "")
    if not folder:
        pytest.skip("FL_ESTIMATE_REAL_DATA does not name a folder of real survey files")
    path = Path(folder)
    assert path.is_dir(), f"FL_ESTIMATE_REAL_DATA names a folder that is not there: {folder}"
    return path


SLOW_NOTEBOOKS = ("case_lists", "refused_and_dont_know", "reproducing_published_figures", "which_definition")
"""Notebooks of 15 seconds of the processor and more; `make slow` runs them."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what has no place for a mark of its own."""
    for item in items:
        if item.path.suffix == ".ipynb" and item.path.stem in SLOW_NOTEBOOKS:
            item.add_marker(pytest.mark.slow)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave out what holds for the pinned versions only (`pytest.mark.pinned("matplotlib")`, or of all pins) where others are installed."""
    for mark in item.iter_markers("pinned"):
        if other := other_than_pinned(mark.args):
            more = f" and {len(other) - 3} more" if len(other) > 3 else ""
            pytest.skip(f"holds for the pins: {'; '.join(other[:3])}{more}")
