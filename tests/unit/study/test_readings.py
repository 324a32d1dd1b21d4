"""A study prints an outcome beside the other readings of its definition, and computes no reading that it does not name."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest

from fl_estimate.errors import ShortInstrumentWarning, StudyFault
from fl_estimate.study.run import check_study, run_study
from tests.unit.study.made import STUDY, write

HEAD, _, _ = STUDY.replace("short_instrument = true\n", "").partition("[[estimate]]")
SENSITIVITY = """
[[estimate]]
kind = "sensitivity"
by = "region"
"""
READINGS = [
    "forced_labour",
    "forced_labour_wide",
    "forced_labour_narrow",
    "forced_labour_one_fact",
    "forced_labour_one_fact_debt",
    "forced_labour_one_fact_leaving",
]


def test_every_reading_is_a_row_of_one_table(tmp_path: Path) -> None:
    languages = '\n[publish]\nlanguages = ["en", "fr"]\n'
    result = run_study(write(tmp_path, study=HEAD + SENSITIVITY + languages), out=tmp_path / "out")
    (made,) = result.estimates.values()
    frame: Any = made.to_frame()
    nation: Any = frame[frame["margin"] == ""].set_index("outcome")
    assert nation.index.tolist() == READINGS
    # 24 people are paid little and have their papers kept; nobody asked what they had been told: not narrow. 20 do not know
    assert nation["cases"].tolist() == [24, 24, 0, 0, 0, 0]
    assert nation.loc["forced_labour", "value"] == nation.loc["forced_labour_wide", "value"]
    assert len(frame) == len(READINGS) * (1 + 4)
    codes = {(entry.code, str(dict(entry.parameters).get("parts"))) for entry in made.assumptions}
    assert ("not_asked_whether_agreed", "IW5") in codes
    # published like any other row: what is withheld of a region is withheld in every reading
    assert result.published is not None
    shown: Any = result.published.to_frame()
    west: Any = shown[(shown["region"] == "West") & shown["outcome"].isin(READINGS[:2])]
    assert west["value"].isna().all()
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "wide reading" in page
    assert "did not ask whether what these criteria" in page
    assert "lecture large" in (tmp_path / "out" / "report.fr.html").read_text(encoding="utf-8")


def test_persons_are_counted_too(tmp_path: Path) -> None:
    text = HEAD + SENSITIVITY.replace('by = "region"', 'measure = "total"')
    (made,) = run_study(write(tmp_path, study=text), out=tmp_path / "out").estimates.values()
    assert made.to_frame()["quantity"].unique().tolist() == ["total"]


def test_a_reading_that_an_estimate_names_is_computed_and_no_other(tmp_path: Path) -> None:
    text = HEAD + '\n[[estimate]]\nkind = "prevalence"\noutcome = ["forced_labour", "forced_labour_narrow"]\n'
    inputs = check_study(write(tmp_path, study=text))
    assert inputs.people["people"].outcomes == ("forced_labour", "forced_labour_narrow")
    plain = check_study(
        write(tmp_path, study=HEAD + '\n[[estimate]]\nkind = "prevalence"\noutcome = "forced_labour"\n')
    )
    assert plain.people["people"].outcomes == ("forced_labour",)


def test_sensitivity_of_what_is_no_outcome_is_refused(tmp_path: Path) -> None:
    text = HEAD + SENSITIVITY + 'outcome = "forced_labor"\n'
    column = HEAD + SENSITIVITY + 'outcome = "sex"\n'
    unclassified = HEAD.replace('[classify]\nframework = "icls2018_adult"\n', "") + SENSITIVITY
    for study in (text, column, unclassified):
        with pytest.raises(StudyFault, match="is no outcome of") as caught:
            check_study(write(tmp_path, study=study))
        assert "FL-STUDY-05" in str(caught.value)  # alone, or with what else is wrong


def test_a_study_can_say_that_its_instrument_is_short(tmp_path: Path) -> None:
    study = HEAD.replace('framework = "icls2018_adult"', 'framework = "icls2018_adult"\nshort_instrument = true')
    path = write(tmp_path, study=study + SENSITIVITY)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_study(path)
    with pytest.warns(ShortInstrumentWarning, match="2 of the 56 questions"):
        check_study(write(tmp_path, study=HEAD + SENSITIVITY))
