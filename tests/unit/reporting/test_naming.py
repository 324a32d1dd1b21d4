"""Proves that tables, headlines and files call units, columns, codes and terms what the survey calls them, in the language."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.inputs.wording import ANY, FILE, ColumnWords, SurveyWording
from fl_estimate.inputs.wording import UNITS as KNOWN_UNITS
from fl_estimate.reporting.formats.html import report
from fl_estimate.reporting.headline import headline
from fl_estimate.reporting.layout import layout
from fl_estimate.reporting.naming import outcome_words, term_words
from fl_estimate.words.catalogue import codes_of

WORDS = SurveyWording(
    unit="households",
    columns={
        "papers": ColumnWords(title={"fr": "papiers retenus", "en": "documents kept"}),
        "reg": ColumnWords(title={FILE: "Province"}, values={"1": {FILE: "Nord"}, "2": {FILE: "Sud", "en": "South"}}),
        "sex": ColumnWords(title={FILE: "Sexe"}, values={"1": {FILE: "Homme"}, "2": {FILE: "Femme"}}),
        "age": ColumnWords(title={ANY: "Age (years)"}),
    },
    population={"fr": "ménages du pays"},
)


def survey(**design: Any) -> fl.SurveyData:
    rng = np.random.default_rng(3)
    n = 1200
    frame = pd.DataFrame(
        {
            "papers": (rng.random(n) < 0.2).astype(int), "reg": rng.integers(1, 3, n), "sex": rng.integers(1, 3, n),
            "age": rng.integers(18, 60, n), "w": rng.uniform(50, 150, n), "ea": np.repeat(range(60), n // 60),
        }
    )  # fmt: skip
    chosen = fl.Design(psu="ea", **(design or {"weights": "w", "expands": True}))
    return fl.SurveyData(people=frame, design=chosen, population="households of the country", wording=WORDS)


@pytest.fixture(scope="module")
def published() -> fl.PublishedEstimates:
    data = survey()
    by = [["reg"], ["sex"]]
    made = {"p": fl.estimate_prevalence(data, "papers", by=by), "t": fl.estimate_total(data, "papers", by="reg")}
    return fl.publish(made)


def test_tables_say_what_is_counted_and_what_codes_are_called(published: fl.PublishedEstimates) -> None:
    sheet = layout(published.tables[1], "fr")
    assert sheet.caption == "Papiers retenus\u00a0: nombre de ménages, par province"
    assert sheet.heads["value"] == "Nombre de ménages"
    assert sheet.heads["n"] == "Ménages enquêtés"
    assert [row.label for row in sheet.rows] == ["Ensemble du pays", "Province", "Nord", "Sud"]
    english = layout(published.tables[0], "en")
    assert english.caption == "Documents kept: prevalence, by province and sex"
    # our own words have every language, and come before the labels of the file; those of the mapping come first
    assert [row.label for row in english.rows] == ["Whole country", "Province", "Nord", "South", "Sex", "Men", "Women"]


@pytest.mark.parametrize(
    ("language", "wanted", "never"),
    [("en", "households", "persons"), ("fr", "ménages", "personnes"), ("es", "hogares", "personas")],
)
def test_headlines_and_reports_of_households_name_no_persons(
    published: fl.PublishedEstimates, language: str, wanted: str, never: str
) -> None:
    said = headline(published, language)
    text = " ".join([*said.sentences, *(word for card in said.cards for word in card)])
    assert wanted in text
    assert never not in text
    assert never not in report(published, language=language)


def test_two_bounds_name_the_unit_too() -> None:
    data = survey()
    frame = data.people.assign(papers_possible=1, papers_in_scope=1)
    made = fl.estimate_prevalence(replace(data, people=frame), "papers", unknown="bounds")
    said = headline(fl.publish(made), "fr").sentences[0]
    assert "aucun des ménages au classement indéterminé ou qu’on les compte tous" in said
    for language, never in (("en", "persons"), ("fr", "personnes"), ("es", "personas")):
        assert never not in report(fl.publish(made), language=language)


def test_the_population_is_said_in_the_language(published: fl.PublishedEstimates) -> None:
    assert "Ménages du pays" in report(published, language="fr")
    assert "Households of the country" in report(published, language="es")


def test_terms_of_formulas_are_called_by_their_labels() -> None:
    table = fl.publish(fl.regress(survey(), "papers ~ C(sex) + C(reg) + age")).tables[0]
    labels = {str(row.record["term"]): row.label for row in layout(table, "en").rows}
    assert labels["C(sex)[T.2]"] == "Women"
    assert labels["C(reg)[T.2]"] == "South"
    assert labels["age"] == "Age (years)"
    assert term_words(WORDS, "C(sex)[T.2]:age", "fr") == "Femmes × Age (years)"
    assert term_words(SurveyWording(), "x + y", "en") == "x + y"


def test_outcomes_that_are_values_and_ratios_are_named() -> None:
    assert outcome_words(WORDS, "reg=2", "en") == "Province: South"
    assert outcome_words(WORDS, "papers/age", "en") == "documents kept / Age (years)"
    assert outcome_words(WORDS, "unheard", "en") == "unheard"


def test_files_hold_codes_and_labels(published: fl.PublishedEstimates, tmp_path: Path) -> None:
    frame = pd.read_csv(published.to_csv(tmp_path / "t.csv"))
    domains = frame[frame["margin"] == "reg"]
    assert domains[["reg", "reg_label"]].drop_duplicates().to_numpy().tolist() == [[1, "Nord"], [2, "South"]]
    assert set(frame["outcome_label"]) == {"documents kept"}
    assert set(frame["unit"]) == {"households"}
    plain = fl.publish(fl.estimate_prevalence(survey().people, "papers", design=survey().design, by="reg")).to_frame()
    assert not {"reg_label", "outcome_label"} & set(plain)
    assert plain["unit"].eq("persons").all()


def test_unweighted_is_said_in_tables_headline_and_report() -> None:
    said = {"en": "unweighted", "fr": "non pondéré", "es": "sin ponderar"}
    data = survey(unweighted=True)
    published = fl.publish(fl.estimate_prevalence(data, "papers", by="reg"))
    weighted = fl.publish(fl.estimate_prevalence(survey(), "papers", by="reg"))
    for language, word in said.items():
        assert layout(published.tables[0], language).caption.endswith(f"– {word}")
        assert layout(published.tables[0], language).legend.endswith(f"– {word}")  # pictures carry it
        assert word in " ".join(headline(published, language).sentences).lower()
        assert report(published, language=language).lower().count(word) >= 3
        assert word not in report(weighted, language=language).lower()
    assert "unweighted" in published.table("en").as_raw_html().lower()
    estimates = fl.estimate_prevalence(data, "papers", by="reg")
    assert "unweighted" in repr(estimates)
    assert "unweighted" in estimates._repr_html_()


def test_every_unit_has_all_its_words() -> None:
    ours = [code.partition(".") for code in codes_of("unit")]
    keys = {unit: {key for one, _, key in ours if one == unit} for unit, _, _ in ours}
    assert set(keys) == set(KNOWN_UNITS)
    for unit, words in keys.items():
        assert words == keys["persons"], unit
