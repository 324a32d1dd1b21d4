"""Sensitivity analyses in a study file: the entries give what the functions give, of imputed people where they want those."""

from __future__ import annotations

from pathlib import Path

import pytest

import fl_estimate as fl
from tests.unit.study.made import STUDY, assert_same_rows, write

TABLE = "\n[impute]\nseed = 4\ndraws = 4\n"
CURVE = """
[[estimate]]
name = "what_if"
kind = "delta_curve"
outcome = "forced_labour"
odds = [2, 8]
"""
FURTHER = """
[[estimate]]
name = "more"
kind = "tipping_point"
curve = "what_if"
times = 1.1

[[estimate]]
name = "frame"
kind = "undercoverage"
estimates = "prevalence_1"
outside = { premises = 0.02, institutions = 0.01 }
relative_prevalence = [0, 2]

[[estimate]]
name = "steps"
kind = "adjustment_steps"
outcome = "forced_labour"
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, fl.StudyResult]:
    folder = tmp_path_factory.mktemp("sensitivity")
    return folder, fl.run_study(write(folder, study=STUDY + TABLE + CURVE + FURTHER), out=folder / "out")


def same(found: fl.Estimates, wanted: fl.Estimates) -> None:
    assert_same_rows(found.frame, wanted.frame)


def test_as_the_functions_do(run: tuple[Path, fl.StudyResult]) -> None:
    folder, result = run
    survey = fl.load(folder / "people.csv", mapping=folder / "people.toml", engine="polars")
    drawn = fl.impute(survey, draws=4, seed=4)
    curve = fl.delta_curve(drawn, "forced_labour", odds=[2, 8])
    same(result.estimates["what_if"], curve)
    same(result.estimates["more"], fl.tipping_point(curve, times=1.1))
    same(result.estimates["steps"], fl.adjustment_steps(drawn, "forced_labour"))
    assert "imputed" in set(result.estimates["steps"].frame["term"])
    outside = {"premises": 0.02, "institutions": 0.01}
    direct = result.estimates["prevalence_1"]
    same(result.estimates["frame"], fl.undercoverage_curve(direct, outside, relative_prevalence=[0, 2]))


def test_steps_of_people_that_are_not_imputed_leave_the_step_out(tmp_path: Path) -> None:
    entry = FURTHER[FURTHER.index('[[estimate]]\nname = "steps"') :]
    result = fl.run_study(write(tmp_path, study=STUDY + "\n" + entry), out=tmp_path / "out")
    assert "imputed" not in set(result.estimates["steps"].frame["term"])


def test_a_curve_without_imputed_people_is_a_fault_at_the_door(tmp_path: Path) -> None:
    with pytest.raises(fl.FlError, match=r"estimate\[\d\]\.kind: there is no \[impute\] table"):
        fl.run_study(write(tmp_path, study=STUDY + CURVE), out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_tipping_point_is_of_a_curve(tmp_path: Path) -> None:
    wrong = FURTHER.replace('curve = "what_if"', 'curve = "prevalence_1"')
    with pytest.raises(fl.FlError, match=r"curve"):
        fl.run_study(write(tmp_path, study=STUDY + TABLE + CURVE + wrong), out=tmp_path / "out")
