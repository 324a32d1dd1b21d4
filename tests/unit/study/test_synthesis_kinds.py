"""A study file enters published figures, makes stocks, adds and combines: the numbers of the functions, one folder."""

from __future__ import annotations

from pathlib import Path

import pytest

import fl_estimate as fl
from fl_estimate.study.config import read_study
from tests.unit.study.made import write

FIGURES = """
[[estimate]]
kind = "published"
name = "flow"
document = "CBS Nepal, as printed in The Kathmandu Post, 28 April 2019"
value = 61252
se = 3000
measure = "flow"
verification = "secondary"

[[estimate]]
kind = "stock"
name = "stock"
flow = "flow"
duration_years = 2.6
duration = "in-window"
window_years = 5

[[estimate]]
kind = "published"
name = "state"
document = "another document"
value = 1000
se = 100
measure = "stock"

[[estimate]]
kind = "sum"
name = "all forms"
estimates = ["stock", "state"]

[[estimate]]
kind = "published"
name = "elsewhere"
document = "a third"
value = 30000
se = 4000

[[estimate]]
kind = "combine"
name = "both"
estimates = ["all forms", "elsewhere"]
"""


def test_figures_alone_make_a_study(tmp_path: Path) -> None:
    file = tmp_path / "figures.toml"
    file.write_text(FIGURES, encoding="utf-8")
    result = fl.run_study(file, out=tmp_path / "out")
    assert result.ok
    value = {name: float(made.to_frame()["value"].iloc[0]) for name, made in result.estimates.items()}
    assert value["stock"] == pytest.approx(61_252 * 2.6 / 5)
    assert value["all forms"] == pytest.approx(61_252 * 2.6 / 5 + 1000)
    combined = fl.synthesis.combine([result.estimates["all forms"], result.estimates["elsewhere"]])
    assert value["both"] == pytest.approx(float(combined.to_frame()["value"].iloc[0]))
    assert (tmp_path / "out" / "report.html").is_file()


def test_beside_a_survey(tmp_path: Path) -> None:
    """The survey's own total with a published one beside it; `check` finds nothing wrong with either."""
    from fl_estimate.study.run import check_study

    more = """
[[estimate]]
kind = "total"
name = "survey"
outcome = "case"

[[estimate]]
kind = "published"
name = "state"
document = "a document"
value = 500
se = 50
outcome = "case"

[[estimate]]
kind = "sum"
name = "all"
estimates = ["survey", "state"]
"""
    from tests.unit.study.made import STUDY

    study = write(tmp_path, study=STUDY[: STUDY.index("[classify]")] + more)
    check_study(study)
    result = fl.run_study(study, out=tmp_path / "out")
    survey, whole = (float(result.estimates[name].to_frame()["value"].iloc[0]) for name in ("survey", "all"))
    assert whole == pytest.approx(survey + 500)


def test_faults(tmp_path: Path) -> None:
    file = tmp_path / "figures.toml"
    wrong = FIGURES.replace('flow = "flow"', 'flow = "flw"').replace('duration = "in-window"', 'duration = "elapsed"')
    file.write_text(wrong.replace('document = "a third"', ""), encoding="utf-8")
    with pytest.raises(fl.FlError, match="FL-STUDY-02") as caught:
        read_study(file)
    assert "duration" in str(caught.value)
    assert "document: it must be given" in str(caught.value)
    file.write_text(FIGURES.replace('flow = "flow"', 'flow = "flw"'), encoding="utf-8")
    with pytest.raises(fl.FlError, match="did you mean 'flow'"):
        read_study(file)
    file.write_text(FIGURES.replace("value = 61252\n", "").replace("se = 3000\n", ""), encoding="utf-8")
    result = fl.run_study(file, out=tmp_path / "out")
    assert {name: error.code for name, error in result.failed.items()} == {
        "flow": "FL-EST-184", "stock": "FL-EST-26", "all forms": "FL-EST-26", "both": "FL-EST-26",
    }  # fmt: skip
