"""Trends, tests, changes and averages of rounds from a study file: of figures, and of one estimate by a column of rounds."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.study.config import read_study
from tests.unit.study.test_regions import published, run, study

THREE = "".join(published(f"e{year}", value, 90) for year, value in ((2018, 1000), (2021, 900), (2024, 700)))
KINDS = """
[[estimate]]
kind = "trend"
name = "trend"
estimates = ["e2018", "e2021", "e2024"]
at = [2018, 2021, 2024]
scale = "log"
weighting = "equal"
correlation = 0.2
overlap = 0.5

[[estimate]]
kind = "trend_test"
name = "departs"
estimates = ["e2018", "e2021", "e2024"]
at = { e2018 = 2018, e2021 = 2021, e2024 = 2024 }
test = "departure"

[[estimate]]
kind = "changes"
name = "changes"
estimates = ["e2018", "e2021", "e2024"]
at = [2018, 2021, 2024]
pairs = "successive"
per_year = true
bridge = { e2018 = [0.9, 0.02] }

[[estimate]]
kind = "average_rounds"
name = "average"
estimates = ["e2018", "e2021", "e2024"]
weights = [1, 1, 2]

[[estimate]]
kind = "change"
name = "change"
before = "e2018"
after = "e2024"
correlation = 0.4
overlap = 0.5
bridge = { before = [0.9, 0.02] }
"""


def test_the_kinds_are_the_functions(tmp_path: Path) -> None:
    made = run(tmp_path, THREE + KINDS)
    assert made.ok, made.failed
    rounds = {name: made.estimates[name] for name in ("e2018", "e2021", "e2024")}
    times = [2018, 2021, 2024]
    synthesis = fl.synthesis
    expected = {
        "trend": synthesis.trend(rounds, at=times, scale="log", weighting="equal", correlation=0.2, overlap=0.5),
        "departs": synthesis.trend_test(rounds, at=times, test="departure"),
        "changes": synthesis.changes(rounds, at=times, pairs="successive", per_year=True, bridge={"e2018": [0.9, 0.02]}),
        "average": synthesis.average_rounds(rounds, weights=[1, 1, 2]),
        "change": synthesis.change(rounds["e2018"], rounds["e2024"], correlation=0.4, overlap=0.5, bridge={"before": [0.9, 0.02]}),
    }  # fmt: skip
    for name, one in expected.items():
        pd.testing.assert_frame_equal(made.estimates[name].to_frame(), one.to_frame())


def test_rounds_of_one_survey_have_to_say_how_their_errors_go_or_be_of_one_call(tmp_path: Path) -> None:
    from tests.unit.study.made import STUDY, write

    base = STUDY[: STUDY.index("[classify]")]
    half = '\n[[estimate]]\nkind = "total"\nname = "{0}"\noutcome = "case"\nwhere = "sex == \'{0}\'"\n'
    file = write(tmp_path, study=base + half.format("one") + half.format("two") + '[[estimate]]\nkind = "changes"\nestimates = ["one", "two"]\n')  # fmt: skip
    with pytest.raises(fl.FlError, match="go together, both come of the survey"):
        read_study(file)


def test_one_estimate_by_a_column_of_rounds_has_its_covariance(tmp_path: Path) -> None:
    """The made-up survey has no years: districts stand for them, with times of their own."""
    from tests.unit.study.made import STUDY, write

    base = STUDY[: STUDY.index("[classify]")]
    text = base + """
[[estimate]]
kind = "prevalence"
name = "by_round"
outcome = "case"
by = "sex"
unknown = "no"

[[estimate]]
kind = "changes"
name = "changes"
estimates = "by_round"
column = "sex"
at = [2018, 2024]
"""  # fmt: skip
    made = fl.run_study(write(tmp_path, study=text), out=tmp_path / "out")
    assert made.ok, made.failed
    rounds = made.estimates["by_round"]
    labels = [str(one) for one in rounds.frame["sex"].dropna().unique()]
    contrast = fl.contrast(rounds, {"sex": (labels[1], labels[0])})
    assert made.estimates["changes"].value == pytest.approx(contrast.value)
    assert made.estimates["changes"].se == pytest.approx(contrast.se)


def test_a_typing_error_is_told(tmp_path: Path) -> None:
    with pytest.raises(fl.FlError, match="FL-STUDY-02") as caught:
        read_study(study(tmp_path, THREE + '[[estimate]]\nkind = "trend"\nestimates = ["e2018", "e2021", "e2042"]\n'))
    assert "did you mean 'e2024'?" in str(caught.value)
