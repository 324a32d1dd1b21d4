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
from fl_estimate.reporting.judging import judge
from fl_estimate.reporting.labelling import RowLabels
from fl_estimate.reporting.layout import layout
from fl_estimate.reporting.naming import term_words
from fl_estimate.reporting.rule_words import width_sentences
from fl_estimate.reporting.tests_in_tables import cells_of_test
from fl_estimate.results.basis import Support
from fl_estimate.results.codes import WHOLE
from fl_estimate.words.say import _shown, say
from tests.unit.reporting.made import WITHHELD, estimates
from tests.unit.reporting.test_naming import WORDS


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
    labels = RowLabels(frame, ("result",) if "result" in frame else (), "en", unweighted=unweighted)
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


# Words


@pytest.mark.parametrize(
    ("rule", "numbers"),
    [
        ({}, []), ({"min_effective_n": 45}, ["45"]), ({"min_psus_with_cases": 3}, ["3"]), ({"min_df_effective": 4.0}, ["4"]),
        ({"max_relative_width": 1.6}, ["1.6"]), ({"sure_width": 0.05}, ["5"]),
        ({"min_effective_n": 45, "min_psus_with_cases": 3, "min_df_effective": 4.0, "max_relative_width": 1.6, "sure_width": 0.05}, ["45", "3", "4", "1.6", "5"]),
    ],
)  # fmt: skip
def test_a_report_says_each_threshold_that_its_rule_has(rule: dict[str, Any], numbers: list[str]) -> None:
    for language in ("en", "fr", "es"):
        said = width_sentences(fl.SuppressionRule(**rule), language)
        found = [re.findall(r"\d+(?:[.,]\d+)?", sentence.replace("\u00a0", ""))[0] for sentence in said]
        assert [one.replace(",", ".") for one in found] == numbers
        assert len(set(said)) == len(said)


def test_what_is_compared_is_called_by_its_words() -> None:
    """Codes of a column by their labels, outcomes, quantities and terms by theirs, all together, and what stands before them stays."""

    def named(text: str, column: str = "", language: str = "en") -> str:
        return term_words(WORDS, text, language, column)

    assert named("1 − 2", "sex") == "Men − Women"
    assert named(f"2 − {WHOLE}", "sex") == f"Women − {say('head', 'whole', 'en')}"
    assert named("papers − reg=2", "outcome") == "documents kept − Province: South"
    assert named("C(sex)[T.2] − age", "term", "fr") == "Femmes − Age (years)"
    assert named("mean − total", "quantity") == f"{say('quantity', 'mean', 'en')} − {say('quantity', 'total', 'en')}"
    assert named("7 − 1", "sex") == "7 − Men"
    # Of an effect or a test the column stands before it; of a contrast within a term, the term.
    assert named("sex: 1 − 2") == "Sex: Men − Women"
    assert named("age: 1 − 2", "sex") == "Age (years): Men − Women"
    assert named("step 1: age") == "step 1: Age (years)"


def test_parameters_of_a_sentence_are_written_as_readers_write_them() -> None:
    said = [_shown(value, "", "fr") for value in (True, None, 3, 3.0, 0.25, 0.1, 0.034, -0.5, [1, "a"], ("b",), "c")]
    assert said == ["True", "None", "3", "3", "0,25", "0,10", "0,034", "−0,50", "1, a", "b", "c"]
    assert _shown("wald", "interval", "en") == say("interval", "wald", "en") != "wald"
    assert _shown("stepwise", "rule", "en") == say("rule", "stepwise", "en")
    assert _shown(3, "interval", "en") == "3"


def test_a_test_is_one_line_with_what_it_tested() -> None:
    """Its statistic with the name, degrees of freedom of the numerator first, the estimate with its limits in its own digits."""

    def row(quantity: str, value: float | None, **more: Any) -> dict[str, Any]:
        usual = {"se": None, "lower": None, "upper": None, "df": None}
        return {"quantity": quantity, "value": value, **usual, **more}

    p = row("p_value", 0.0004, df=12.5)
    tested = row("tested_estimate", 1.234, se=0.2, lower=0.84, upper=1.63)
    cells = cells_of_test(p, [row("t_statistic", 6.17), tested], "en")
    assert (cells["value"], cells["freedom"], cells["tested"], cells["interval"]) == (
        "< 0.001",
        "12.5",
        "1.23",
        "0.84–1.63",
    )
    assert cells["statistic"].endswith(" = 6.170") or cells["statistic"].endswith(" = 6.17")
    without = cells_of_test(
        row("p_value", 0.04, df=120.4),
        [row("f_statistic", 3.2), row("numerator_df", 2.0), tested | {"lower": None}],
        "fr",
    )
    assert (without["value"], without["freedom"], without["interval"]) == ("0,040", "2; 120", "")
    bare = cells_of_test(row("p_value", 0.5), [row("chi_square", None), row("tested_estimate", None)], "en")
    assert bare == {"value": "0.500", "freedom": ""}


@pytest.mark.parametrize(("psus", "df", "hard"), [(2, 5.0, [False, False]), (3, 5.0, [False, False]), (4, 5.0, [True, False]), (3, 5.5, [True, False])])  # fmt: skip
def test_cases_in_few_units_and_few_degrees_of_freedom_are_withheld_where_there_are_cases(
    psus: int, df: float, hard: list[bool]
) -> None:
    rows = estimates({"region": "N"}, {"region": "S", "cases": 0})
    support = Support.of([1000, 1000], [10, 0], df=[30, 30], df_effective=[5.0, 0.5], psus_with_cases=[3, 0])
    rule = fl.SuppressionRule(min_psus_with_cases=psus, min_df_effective=df, few_cases="withheld")
    assert judge(rows.frame, support, rule).hard.tolist() == hard
    # Of a mean there are no cases that could stand in few units; its degrees of freedom count.
    mean = estimates({"region": "N", "cases": None}, quantity="mean").frame
    one = Support.of([1000], [1000], df=[30], df_effective=[5.0], psus_with_cases=[0])
    assert judge(mean, one, rule).hard.tolist() == [df > 5]
