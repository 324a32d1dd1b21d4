"""Proves that upper limits, reasons of rows, rules and pictures name what is counted, and say where nothing was weighted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.inputs.wording import ColumnWords, SurveyWording
from fl_estimate.reporting.formats.html import report
from fl_estimate.reporting.headline import headline
from fl_estimate.reporting.layout import layout
from fl_estimate.reporting.naming import value_words

UNIT_WORDS = {
    "en": ("households interviewed", "respondent"),
    "fr": ("ménages enquêtés", "répondants"),
    "es": ("hogares entrevistados", "informante"),
}


def survey(cases: int, rows: int = 1000, unit: str = "households", **design: Any) -> fl.SurveyData:
    frame = pd.DataFrame({"y": [1] * cases + [0] * (rows - cases), "g": "b", "w": 10.0, "ea": np.arange(rows) % 50})
    frame.loc[frame.index[-1], "g"] = "a"
    design = design or {"weights": "w", "expands": True}
    return fl.SurveyData(people=frame, design=fl.Design(**design), wording=SurveyWording(unit=unit))


@pytest.mark.parametrize("language", UNIT_WORDS)
@pytest.mark.parametrize("few_cases", ["at_most", "withheld"])
def test_upper_limits_and_rules_name_the_unit(language: str, few_cases: str) -> None:
    wanted, never = UNIT_WORDS[language]
    rule = fl.SuppressionRule(few_cases=few_cases)  # type: ignore[arg-type]
    published = fl.publish(fl.estimate_prevalence(survey(0), "y"), rule=rule)
    assert published.tables[0].frame["publication"].tolist() == ["at_most" if few_cases == "at_most" else "fewer_than"]
    said = " ".join(headline(published, language).sentences)
    assert f"{wanted}" in said
    assert never not in said
    page = report(published, language=language)
    assert f"50 {wanted}" in page
    assert f"50 {never}" not in page


@pytest.mark.parametrize("language", UNIT_WORDS)
def test_reasons_name_the_unit(language: str) -> None:
    estimates = fl.estimate_prevalence(survey(1000), "y", by="g")
    published = fl.publish(estimates, rule=fl.SuppressionRule(min_n=0, min_cases=0, min_df=0))
    one = {"en": "household interviewed", "fr": "ménage enquêté", "es": "hogar entrevistado"}[language]
    notes = " ".join(note for _, note in layout(published.tables[0], language).notes)
    assert one in notes
    assert "{" not in notes
    assert UNIT_WORDS[language][1] not in notes.lower()


def test_reasons_of_persons_say_respondents() -> None:
    estimates = fl.estimate_prevalence(survey(1000, unit="persons"), "y")
    published = fl.publish(estimates, rule=fl.SuppressionRule(min_n=0, min_cases=0, min_df=0))
    notes = [note for _, note in layout(published.tables[0], "en").notes]
    assert notes == ["Every respondent is a case; the interval is one-sided."]


@pytest.mark.parametrize(("language", "word"), [("en", "unweighted"), ("fr", "non pondéré"), ("es", "sin ponderar")])
def test_the_picture_of_compare_says_unweighted(language: str, word: str) -> None:
    plain = fl.estimate_prevalence(survey(100, unweighted=True), "y")
    weighted = fl.estimate_prevalence(survey(100), "y")

    def texts(given: Any) -> list[str]:
        figure = fl.compare(given, language=language)
        own = [text.get_text() for axes in figure.axes for text in axes.texts]
        return [*own, *(label.get_text() for axes in figure.axes for label in axes.get_yticklabels())]

    named = [text for text in texts({"plain": plain, "weighted": weighted}) if "plain" in text or "weighted" in text]
    assert any(text.startswith("plain") and word in text for text in named)
    assert not any(text.startswith("weighted") and word in text for text in named)
    stems = {"en": "unweighted", "fr": "non pondéré", "es": "sin ponderar"}
    assert sum(stems[language] in text for text in texts([plain, weighted])) == 1


@pytest.mark.parametrize(
    ("language", "weighted"), [("en", "weighted share"), ("fr", "part pondérée"), ("es", "ponderada de")]
)
def test_the_undetermined_of_an_unweighted_survey_are_no_weighted_share(language: str, weighted: str) -> None:
    for data, said in ((survey(100, unweighted=True), False), (survey(100), True)):
        data.people["y"] = data.people["y"].astype("Int64").mask(np.arange(1000) > 990)
        page = report(fl.publish(fl.estimate_prevalence(data, "y", unknown="exclude")), language=language)
        assert (weighted in page) == said


def test_a_column_that_only_has_a_name_of_ours_is_called_as_its_file_calls_it() -> None:
    words = SurveyWording(columns={"migrant": ColumnWords(values={"0": {"": "Migrant"}, "1": {"": "Born here"}})})
    assert value_words(words, "migrant", [0, 1], "en") == {0: "Migrant", 1: "Born here"}
    assert value_words(SurveyWording(), "migrant", [0, 1], "fr") == {0: "Non", 1: "Oui"}
