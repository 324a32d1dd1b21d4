"""The national figure is said in words that fit it: with an interval, between bounds, below a limit, or not at all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import fl_estimate as fl
from fl_estimate.reporting.headline import headline
from fl_estimate.reporting.truth import Key, Truth
from fl_estimate.results.codes import AssumptionCode
from fl_estimate.results.estimates import Assumption
from tests.unit.reporting.made import country, estimates


def said(
    *rows: dict[str, Any],
    language: str = "en",
    truth: Truth | None = None,
    population: str = "",
    reference_period: str = "",
    **more: Any,
) -> str:
    told = replace(estimates(*rows, **more), population=population, reference_period=reference_period)
    return " ".join(headline(fl.publish(told), language, truth).sentences)


def test_a_prevalence_with_its_total() -> None:
    told = headline(fl.publish(country()))
    assert " ".join(told.sentences) == (
        "An estimated 11.4 of every 1,000 persons are in forced labour. The 95% confidence interval runs from 8.1 to 15.6. "
        "That is about 11,400 persons (8,300 to 15,700). The survey met 24 cases among 3,189 respondents. "
        "For 2.0% of the population in scope the answers do not settle the class."
    )
    assert [card[0] for card in told.cards] == ["11.4", "11,400", "24"]


def test_in_french_and_spanish() -> None:
    assert said({"value": 0.0012, "lower": 0.0008, "se": 0.0011}, language="fr").startswith(
        "On estime que 1,2 personnes sur 1\u202f000 sont"
    )
    assert said({"value": 0.12, "upper": 0.2, "se": 0.02}, language="es").startswith(
        "Se estima que el 12,0\u00a0% de las personas están"
    )


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "In the population “returned migrants”, an estimated 12.0% of persons were in forced labour (reference period: lifetime)."),
        ("fr", "Dans la population «\u00a0returned migrants\u00a0», on estime que 12,0\u00a0% des personnes étaient en situation de travail forcé (période de référence\u00a0: vie entière)."),
        ("es", "En la población «returned migrants», se estima que el 12,0\u00a0% de las personas estaban en situación de trabajo forzoso (período de referencia: toda la vida)."),
    ],
)  # fmt: skip
def test_of_whom_and_when_where_the_data_say_it(language: str, expected: str) -> None:
    row = {"value": 0.12, "lower": 0.09, "upper": 0.2, "se": 0.02}
    text = said(row, language=language, population="returned migrants.", reference_period="lifetime")
    assert text.startswith(expected)


def test_of_whom_alone_and_when_alone() -> None:
    assert said({}, population="adults").startswith(
        "In the population “adults”, an estimated 10.0 of every 1,000 persons are"
    )
    days = said({}, reference_period="2023-01-01 to 2023-12-31")
    assert "1,000 persons were in forced labour (reference period: 1 January to 31 December 2023)." in days
    bounds = said({"bound": "lower"}, {"bound": "upper", "value": 0.02}, population="adults", reference_period="2023")
    assert bounds.startswith(
        "In the population “adults”, between 10.0 and 20.0 of every 1,000 persons were in forced labour (reference period: 2023), according"
    )
    # Of a quantity without words of its own the population stands at the head of the report, not in the sentence.
    assert said({}, outcome="unemployed", population="adults").startswith("Unemployed")


def test_between_bounds() -> None:
    text = said({"bound": "lower"}, {"bound": "upper", "value": 0.02, "upper": 0.026})
    assert "Between 10.0 and 20.0 of every 1,000 persons" in text
    assert "the range is 6.0 to 26.0" in text


def test_bounds_of_another_outcome() -> None:
    text = said({"bound": "lower"}, {"bound": "upper", "value": 0.02}, outcome="unemployed")
    assert "Unemployed, prevalence per 1,000: between 10.0 and 20.0" in text


def test_bounds_of_another_table_are_told_with_the_figure() -> None:
    bounds = estimates({"bound": "lower"}, {"bound": "upper", "value": 0.02, "lower": 0.015, "upper": 0.026})
    text = " ".join(headline(fl.publish([estimates({}), bounds])).sentences)
    assert "An estimated 10.0 of every 1,000" in text
    assert "Counting all of these persons as cases gives 20.0 (15.0 to 26.0)." in text


def test_zero_cases() -> None:
    zero = {"cases": 0, "value": 0.0, "se": 0.0, "lower": 0.0, "upper": 0.0037}
    withheld = fl.publish(estimates(zero), rule=fl.SuppressionRule(few_cases="withheld"))
    text = " ".join(headline(withheld, "en").sentences)
    assert "No case was met among 1,000 respondents: the figure is below 3.7" in text


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "en",
            "From 0 to 4 cases were met among 1,000 respondents, too few for a figure: it is at most 19 (prevalence per",
        ),
        (
            "fr",
            "De 0 à 4 cas ont été recensés parmi 1\u202f000 répondants, trop peu pour donner un chiffre\u00a0: il est au plus de 19",
        ),
        (
            "es",
            "Se encontraron de 0 a 4 casos entre 1000 informantes, muy pocos para dar una cifra: es a lo sumo de 19",
        ),
    ],
)
def test_few_cases(language: str, expected: str) -> None:
    for cases in range(5):
        assert said({"cases": cases, "value": cases / 1000}, language=language).startswith(expected)


def test_not_published() -> None:
    text = said({"df": 1, "value": 0.0777})
    assert text.startswith("The national figure is not published")
    assert "77" not in text


def test_other_quantities() -> None:
    assert said({"cases": None, "value": 44.2, "se": 0.31}, quantity="mean", outcome="hours").startswith(
        "Hours, mean: 44.20."
    )
    assert "rests on 1,000 respondents" in said({"cases": None}, quantity="mean", outcome="hours")


def test_a_subpopulation_is_no_national_figure() -> None:
    women = [Assumption(code=AssumptionCode.of("subpopulation"), parameters=(("where", "sex == 2"),))]
    assert said({}, assumptions=women) == ""


def test_truth_and_how_often_it_is_covered() -> None:
    prevalence = ("prevalence", "forced_labour")
    values: dict[Key, float] = {
        (*prevalence, frozenset[tuple[str, str]]()): 0.0137,
        (*prevalence, frozenset({("region", "N")})): 0.5,
        (*prevalence, frozenset({("region", "S")})): 0.5,
    }
    text = said({}, {"region": "N"}, {"region": "S", "df": 1}, truth=Truth(values=values))
    assert "the truth is known: 13.7 (prevalence per 1,000)" in text
    assert "The intervals of 1 of the 2 published figures" in text  # S is not published
