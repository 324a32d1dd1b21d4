"""Estimates of any name have files of their own: on systems that do not tell cases apart, or take some names for devices."""

from __future__ import annotations

from pathlib import PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fl_estimate.reporting.file_names import LONGEST, as_files


@given(st.lists(st.text(min_size=1, max_size=120), unique=True, max_size=12))
def test_every_name_has_a_file_that_windows_takes(names: list[str]) -> None:
    stems = as_files(names)
    assert list(stems) == names
    assert len({stem.casefold() for stem in stems.values()}) == len(names)
    for stem in stems.values():
        path = PureWindowsPath(f"{stem}.parquet")
        assert path.name == f"{stem}.parquet"  # no separator, no drive
        assert not set(stem) & set('<>:"/\\|?*.\0\n')
        assert len(path.name.encode()) <= LONGEST + 20


@pytest.mark.parametrize("name", ["nul", "CON", "aux", "COM1", "lpt9", "prn"])
def test_names_of_devices_are_no_files(name: str) -> None:
    assert as_files([name]) == {name: f"{name}_"}


def test_the_first_of_two_keeps_the_plain_name() -> None:
    """The page of "x" in French is appraisal.x.fr.html, and so would be that of "x.fr"."""
    assert as_files(["x", "x.fr", "x_fr", "X", "région 1"]) == {
        "x": "x", "x.fr": "x_fr", "x_fr": "x_fr_2", "X": "X_2", "région 1": "région_1",
    }  # fmt: skip
