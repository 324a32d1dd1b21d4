"""What captions, labels and pages say in the cases that are rare: many outcomes, a model beside an unweighted survey, few lists."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate.reporting.appraisals import in_full
from fl_estimate.reporting.formats.html import report
from fl_estimate.reporting.labelling import Labels
from fl_estimate.reporting.layout import layout
from tests.unit.reporting.made import WITHHELD, estimates


def appraised(**counts: int) -> cr.Appraisal:
    """By members: ab=14 are on both lists."""
    names = sorted({letter for key in counts for letter in key})
    rows = pd.DataFrame([{name: int(name in key) for name in names} | {"count": k} for key, k in counts.items()])
    return cr.appraise(fl.CaptureHistories.from_counts(rows, lists=names), replicates=20, draws=100, seed=1)


@pytest.mark.parametrize(
    ("outcomes", "caption"),
    [
        (["debt"], "Debt: prevalence"), (["debt", "threat", "wages"], "Debt, threat, wages: prevalence"),
        (["debt", "threat", "wages", "hours"], "Debt, threat, wages …: prevalence"),
    ],
)  # fmt: skip
def test_a_caption_names_three_outcomes(outcomes: list[str], caption: str) -> None:
    (table,) = fl.publish(estimates(*({"outcome": outcome} for outcome in outcomes))).tables
    assert layout(table).caption == caption


@pytest.mark.parametrize("unweighted", [True, False])
def test_a_model_beside_an_unweighted_survey_is_a_model(unweighted: bool) -> None:
    frame = fl.stack([estimates({}), estimates({}, method="area-binomial")]).frame
    labels = Labels(frame, ("result",) if "result" in frame else (), "en", unweighted=unweighted)
    records: list[Any] = frame.drop(columns="result", errors="ignore").to_dict("records")
    survey = "Survey, unweighted" if unweighted else "Survey, design-weighted"
    assert [labels.source(record) for record in records] == [survey, "Survey by area, hierarchical model"]


def test_the_words_of_a_withheld_row_run_over_its_interval_and_precision() -> None:
    """Of four columns (value, interval, CV, respondents) a row without a figure has two: words over three, and respondents."""
    rows = [{}, {"region": "N"}, {"region": "S", **WITHHELD}]
    page = report(fl.publish(estimates(*rows), rule=fl.SuppressionRule(few_cases="withheld")))
    assert set(re.findall(r'colspan="?(\d)', page)) >= {"3"}
    full = report(fl.publish(estimates(*rows[:2])))
    assert 'colspan="3"' not in full


def test_a_page_says_which_counts_are_hidden_and_for_whose_sake() -> None:
    shown = fl.publish_appraisal(appraised(a=120, b=95, ab=14))
    words = ("Small counts are withheld (×), and others", "Histories of fewer than 5 persons, or of none")

    def said(**more: Any) -> list[bool]:
        page = fl.appraisal_page(replace(shown, **more))
        return [each in page for each in words]

    assert (shown.hides, shown.protecting, shown.least) == (False, 0, 5)
    assert said() == [False, False]
    assert said(hides=True, protecting=0) == [False, True]
    assert said(hides=True, protecting=1) == [True, False]


def test_the_range_of_an_appraisal_is_of_everybody() -> None:
    """The first row of its headline, the number of people; the second is of those on no list."""
    made = appraised(a=120, b=95, ab=14)
    assert made.headline.to_frame()["quantity"].tolist() == ["population_size", "dark_figure"]
    rows = made.headline.frame.assign(lower=[700.0, 471.0], upper=[1000.0, 771.0])
    shown = in_full(replace(made, headline=replace(made.headline, frame=rows)))
    assert shown.envelope == (700, 1000)
    assert (shown.n, shown.several, shown.level) == (229, 14, rows["level"].iloc[0])
