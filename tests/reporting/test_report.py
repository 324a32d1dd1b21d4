"""The HTML report stands alone, says what was done in the language asked for, and takes every footnote from the results."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import fl_estimate as fl
from fl_estimate.reporting.areas import read_areas
from fl_estimate.reporting.formats.html import report
from fl_estimate.reporting.particulars import MapChoice, Particulars
from fl_estimate.reporting.truth import Truth
from fl_estimate.results.codes import AssumptionCode
from fl_estimate.results.estimates import Assumption
from tests.unit.reporting.made import country, estimates
from tests.unit.reporting.test_maps import collection

LANGUAGES = ("en", "fr", "es")
PARTICULARS = Particulars(
    sources=[("survey.sav", "ab" * 32, 3189)],
    definitions=[("icls2018_adult", "Guidelines of 2018")],
    truth=Truth(values={("prevalence", "forced_labour", frozenset()): 0.0123}),
    map=MapChoice(areas=read_areas(collection())),
    failed=[("mean_3", "[FL-EST-07] a missing value")],
    versions={"fl_estimate": "9.9"},
    fingerprint="cd" * 32,
)


class Page(HTMLParser):
    """Tags, attributes and text of a page; a tag that is closed out of order is remembered."""

    OPEN = frozenset({"meta", "path", "use", "rect", "image"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.wrong: list[str] = []
        self.said: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.OPEN:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag in self.OPEN:
            return
        if not self._open or self._open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.said.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.said).split())


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    published = fl.publish(country())
    return {language: report(published, language=language, particulars=PARTICULARS) for language in LANGUAGES}


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_asked_of_any_host(pages: dict[str, str], language: str) -> None:
    page = Page(pages[language])
    assert "script" not in {tag for tag, _ in page.tags}
    assert "link" not in {tag for tag, _ in page.tags}
    for tag, attributes in page.tags:
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            if name in ("src", "href", "xlink:href", "srcset", "action", "data"):
                assert str(value).startswith(("#", "data:image/png;base64,")), (tag, name)
    assert "://" not in pages[language]
    assert "@import" not in pages[language]
    assert not re.search(r"url\((?!#)", pages[language])


@pytest.mark.parametrize("language", LANGUAGES)
def test_tags_are_closed_in_order(pages: dict[str, str], language: str) -> None:
    page = Page(pages[language])
    assert page.wrong == []
    assert {"html", "main", "h1", "table", "svg", "figure"} <= {tag for tag, _ in page.tags}


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", ["Forced labour: national and regional estimates", "Whole country", "not published", "at most 16",
                "Taylor linearisation", "Korn–Graubard, 95%", "Logarithmic, 95%", "Use with caution",
                "Degrees of freedom: primary units minus strata", "classified by Guidelines of 2018 (icls2018_adult)",
                "survey.sav, 3,189 rows", "True value", "Estimates that could not be made", "Map 1."]),
        ("fr", ["Travail forcé\u00a0: estimations nationales et régionales".replace("\u00a0", " "), "Ensemble du pays",
                "non publié", "au plus 16", "Linéarisation de Taylor", "Korn-Graubard, 95 %", "Degrés de liberté",
                "À utiliser avec prudence", "Valeur vraie", "Estimations impossibles", "Carte 1.", "Hommes"]),
        ("es", ["Trabajo forzoso: estimaciones nacionales y regionales", "Todo el país", "no publicado", "a lo sumo 16",
                "Linealización de Taylor", "Grados de libertad", "Usar con precaución", "Valor verdadero", "Mapa 1.",
                "Tasa de prevalencia por cada 1000", "3189"]),
    ],
)  # fmt: skip
def test_what_stands_in_the_page(pages: dict[str, str], language: str, expected: list[str]) -> None:
    text = Page(pages[language]).text
    assert f'<html lang="{language}">' in pages[language]
    for words in expected:
        assert words in text, words


def test_footnotes_name_the_interval_that_was_used() -> None:
    """A trial report once named an interval that the code had not used: the words come from the rows."""
    for kind, words in (("wilson", "Wilson, 90%"), ("xlogit", "Logit, 90%")):
        text = Page(report(fl.publish(estimates({}, interval_kind=kind, level=0.9)))).text
        assert words in text
        assert "90% confidence interval" in text
        assert "Korn" not in text


def test_thresholds_are_those_of_the_rule() -> None:
    rule = fl.SuppressionRule(min_n=30, min_cases=3, min_df=4, caution_cv=0.2, caution_df=12)
    text = Page(report(fl.publish(country(), rule=rule))).text
    assert "fewer than 30 respondents or fewer than 4 degrees of freedom" in text
    assert "Where 0 to 2 cases were met, whichever of these, only an upper limit is printed" in text
    assert (
        "“At most”: 0 to 2 cases were met; whichever it was, the same upper limit is printed, one that holds for 2."
        in text
    )
    text = Page(report(fl.publish(country(), rule=replace(rule, few_cases="withheld")))).text
    assert "fewer than 30 respondents, from 1 to 2 cases, or fewer than 4 degrees of freedom" in text
    assert "coefficient of variation above 20%, or fewer than 12 degrees of freedom" in text


@pytest.mark.parametrize("few_cases", ["at_most", "withheld"])
def test_a_rule_that_asks_for_one_case_speaks_of_no_few_cases(few_cases: Any) -> None:
    """A threshold of one case hides nothing: a page that named “1 to 1 cases” or “0 to 1 cases” would claim what is not done."""
    rule = fl.SuppressionRule(min_n=30, min_cases=1, few_cases=few_cases)
    text = Page(report(fl.publish(country(), rule=rule))).text
    assert "fewer than 30 respondents stand behind it" in text
    assert "to 1 cases" not in text


def test_what_was_checked_is_said() -> None:
    """In place of the warning that nobody had looked for what can be found by subtraction."""
    text = Page(report(fl.publish(country()))).text
    assert "3 of 12 figures are not published." in text
    assert "can be worked out from what is printed" in text or "are withheld to protect others" in text
    assert "secondary" not in text


def test_an_assumption_of_one_table_says_which() -> None:
    women = Assumption(code=AssumptionCode.of("subpopulation"), parameters=(("where", "sex == 2"),))
    text = Page(report(fl.publish([estimates({}), estimates({}, assumptions=[women])]))).text
    assert "Subpopulation: sex == 2. The design of the whole sample is kept. (Table 2)" in text


def test_names_from_data_cannot_become_markup() -> None:
    bad = "<script>alert(1)</script>"
    made = estimates({}, {"region": bad}, {"region": "x\" onload='y'"})
    html = report(
        fl.publish({bad: made}), particulars=Particulars(title=bad, sources=[(bad, bad, 1)], failed=[(bad, bad)])
    )
    assert "<script" not in html
    assert "script" not in {tag for tag, _ in Page(html).tags}


def test_totals_are_drawn_only_where_there_is_nothing_else() -> None:
    made = country()
    assert report(fl.publish(made)).count("<figure>") == 1
    assert report(fl.publish(made["total_2"])).count("<figure>") == 1
    assert report(fl.publish(estimates({}))).count("<figure>") == 0


def test_written_by_the_published_estimates(tmp_path: Path) -> None:
    path = fl.publish(country()).to_html(tmp_path / "r.html", language="es")
    assert 'lang="es"' in path.read_text(encoding="utf-8")


def test_another_language_is_refused() -> None:
    with pytest.raises(fl.FlError, match="FL-PUB-07"):
        report(fl.publish(estimates({})), language="de")


def test_population_and_period_stand_under_the_title() -> None:
    from dataclasses import replace

    made: Any = replace(
        estimates({}), population="adults", reference_period="2023-01-01 to 2023-12-31", measure="stock"
    )
    assert "Adults 1 January to 31 December 2023 At any given point in time" in Page(report(fl.publish(made))).text
    assert (
        "Adults Du 1er janvier au 31 décembre 2023 À tout moment" in Page(report(fl.publish(made), language="fr")).text
    )


def test_the_same_report_twice(pages: dict[str, str]) -> None:
    assert report(fl.publish(country()), language="fr", particulars=PARTICULARS) == pages["fr"]
