"""A survey whose answers can be classified has to say of which time they speak: its check fails otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_commands import call

MAPPING = """\
id = "m"
[people]
person_id = "ID"
age_interview = "AGE"
[jobs]
from = "people"
person_id = "ID"
"""
ITEMS = """\
w_low_no_wage = { column = "Q2", recode = { 1 = "yes", 2 = "no" } }
c_docs = { column = "Q3", recode = { 1 = "experienced", 2 = "no" } }
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text("ID,AGE,Q2,Q3\n1,30,1,1\n2,40,2,2\n")
    return path


def _check(file: Path, mapping: str) -> tuple[int, str, str]:
    path = file.with_name("m.toml")
    path.write_text(mapping)
    return call("check", file, "--mapping", path)


def test_items_without_a_period_fail_the_check(file: Path) -> None:
    status, _, err = _check(file, MAPPING + ITEMS)
    assert status == 2
    assert "FL-IND-23" in err


def test_a_stated_period_or_no_items_pass_it(file: Path) -> None:
    assert _check(file, MAPPING + ITEMS + '[reference_period]\nkind = "12m"\n')[0] == 0
    assert _check(file, MAPPING)[0] == 0


def test_a_study_that_classifies_without_a_period_fails_its_check(file: Path) -> None:
    file.with_name("m.toml").write_text(MAPPING + ITEMS + '[design]\nweights = "age_interview"\n')
    study = file.with_name("study.toml")
    study.write_text(
        'title = "t"\n[source.a]\nfile = "people.csv"\nmapping = "m.toml"\n[classify]\nframework = "icls2018_adult"\n'
        '[[estimate]]\nkind = "prevalence"\noutcome = "forced_labour"\n'
    )
    status, _, err = call("check", study)
    assert status == 2
    assert "FL-IND-23" in err
