"""A file is written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

import fl_estimate as fl
from fl_estimate.reporting.writing import write_bytes


def test_written_whole(tmp_path: Path) -> None:
    path = write_bytes(tmp_path / "a.txt", b"new")
    write_bytes(path, b"newer")
    assert path.read_bytes() == b"newer"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(fl.FlError, match="FL-FILE-08"):
        write_bytes(tmp_path / "none" / "a.txt", b"x")


def test_a_folder_stands_in_the_place(tmp_path: Path) -> None:
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(fl.FlError, match="FL-FILE-08"):
        write_bytes(tmp_path / "a.txt", b"x")
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]
