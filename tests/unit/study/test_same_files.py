"""Figures that come of one file are not independent, however the file is written, and of whatever source: their errors go together."""

from __future__ import annotations

from pathlib import Path

import pytest

import fl_estimate as fl
from fl_estimate.study.config import read_study

LISTS = """
[[estimate]]
kind = "capture_recapture"
method = "loglinear"
name = "{0}"
file = "{1}"
"""
SUM = '\n[[estimate]]\nkind = "sum"\nname = "both"\nestimates = ["one", "two"]\n'
CONTENT = "police,ngo,clinic\n1,1,0\n1,0,1\n0,1,1\n1,1,1\n1,0,0\n0,1,0\n0,0,1\n"


def study(folder: Path, first: str, second: str) -> Path:
    path = folder / "study.toml"
    path.write_text(
        'title = "lists"\n' + LISTS.format("one", first) + LISTS.format("two", second) + SUM, encoding="utf-8"
    )
    return path


@pytest.mark.parametrize(
    "second", ["lists.csv", "./lists.csv", "part/../lists.csv", "link.csv", "copy.csv", "ABSOLUTE"]
)
def test_lists_of_one_file_go_together_however_it_is_written(tmp_path: Path, second: str) -> None:
    (tmp_path / "part").mkdir()
    for name in ("lists.csv", "copy.csv"):
        (tmp_path / name).write_text(CONTENT, encoding="utf-8")
    (tmp_path / "link.csv").symlink_to(tmp_path / "lists.csv")
    second = str(tmp_path / "lists.csv") if second == "ABSOLUTE" else second
    with pytest.raises(fl.FlError, match=r"the errors of 'one' and 'two' go together, both come of lists\.csv"):
        read_study(study(tmp_path, "lists.csv", second))


def test_lists_of_two_files_do_not_go_together(tmp_path: Path) -> None:
    """Not even of the same size, and not where the files are not there yet."""
    (tmp_path / "lists.csv").write_text(CONTENT, encoding="utf-8")
    (tmp_path / "other.csv").write_text(CONTENT[:-2] + "0\n", encoding="utf-8")
    assert len(read_study(study(tmp_path, "lists.csv", "other.csv")).config.estimate) == 3
    assert len(read_study(study(tmp_path, "absent.csv", "./other_absent.csv")).config.estimate) == 3
    with pytest.raises(fl.FlError, match=r"go together, both come of absent\.csv"):
        read_study(study(tmp_path, "absent.csv", "./absent.csv"))


SOURCES = """
title = "two sources"

[source.people]
file = {0}
mapping = "people.toml"

[source.other]
file = {1}
mapping = "people.toml"

[[estimate]]
kind = "total"
name = "one"
outcome = "case"
source = "people"

[[estimate]]
kind = "total"
name = "two"
outcome = "case"
source = "other"
"""


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        ('"people.csv"', '"people.csv"', True),
        ('"people.csv"', '"./people.csv"', True),
        ('{ people = "people.csv", jobs = "jobs.csv" }', '{ people = "other.csv", jobs = "jobs.csv" }', True),
        ('{ people = "people.csv", jobs = "jobs.csv" }', '{ people = "other.csv", jobs = "work.csv" }', False),
        ('"people.csv"', '"other.csv"', False),
    ],
)
def test_two_sources_that_share_a_file_are_one(tmp_path: Path, first: str, second: str, *, together: bool) -> None:
    path = tmp_path / "study.toml"
    path.write_text(SOURCES.format(first, second) + SUM, encoding="utf-8")
    if not together:
        assert len(read_study(path).config.estimate) == 3
        return
    with pytest.raises(fl.FlError, match=r"go together, both come of \[source\.people\]"):
        read_study(path)


def test_lists_read_off_the_file_of_the_survey_go_together_with_it(tmp_path: Path) -> None:
    total = '\n[[estimate]]\nkind = "total"\nname = "one"\noutcome = "case"\n'
    path = tmp_path / "study.toml"
    path.write_text(
        'title = "x"\n[source.people]\nfile = "people.csv"\nmapping = "people.toml"\n'
        + total + LISTS.format("two", "./people.csv") + SUM, encoding="utf-8",
    )  # fmt: skip
    with pytest.raises(fl.FlError, match="go together, both come of the survey"):
        read_study(path)
