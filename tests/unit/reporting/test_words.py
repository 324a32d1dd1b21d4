"""Every code of a result is said in English, French and Spanish, and numbers are written as each language writes them."""

from __future__ import annotations

import importlib
import pkgutil
import string

import pytest

import fl_estimate as fl
from fl_estimate import estimators
from fl_estimate.design import intervals
from fl_estimate.estimators.hierarchical.sources import BIASES_INDEPENDENT
from fl_estimate.estimators.synthesis.combine import SOURCES_INDEPENDENT
from fl_estimate.inputs.sample_design import SINGLE_PSU_RULES
from fl_estimate.results.codes import AssumptionCode, Code, IntervalKind, MethodName, Quantity, ReasonCode, Term
from fl_estimate.words import languages
from fl_estimate.words.catalogue import catalogue, codes_of
from fl_estimate.words.numbers import level_words, number, percent, spread
from fl_estimate.words.say import joined, labels, say

LANGUAGES = ("en", "fr", "es")
"""Languages whose catalogues are whole."""


def parameters(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


SAID: dict[str, type[Code]] = {
    "reason": ReasonCode, "assumption": AssumptionCode, "method": MethodName, "quantity": Quantity, "interval": IntervalKind,
    "term": Term,
}  # fmt: skip
OF_UNITS = frozenset({"one", "Units", "units", "none_or_all", "sample"})
"""What stands in words for what the survey counts; no code gives it."""
HEADINGS = {"quantity": {"median"}}
"""Words that head a table: a quantile of one half is called by its own name."""


def declared(family: type[Code]) -> dict[str, Code]:
    """Every code that any module declares: all modules of estimators are imported first."""
    for module in pkgutil.walk_packages(estimators.__path__, f"{estimators.__name__}."):
        importlib.import_module(module.name)
    return {str(code): code for code in family.all()}


@pytest.mark.parametrize("family", sorted(SAID))
def test_every_declared_code_has_words_and_no_words_are_without_a_code(family: str) -> None:
    codes = declared(SAID[family])
    assert len(codes) >= 5
    assert sorted(codes.keys() - set(codes_of(family))) == [], "declared, but never said"
    orphans = set(codes_of(family)) - codes.keys() - HEADINGS.get(family, set())
    assert sorted(orphans) == [], "words of a code that nobody declares"


@pytest.mark.parametrize("family", ["reason", "assumption"])
def test_words_say_no_parameter_that_the_code_does_not_declare(family: str) -> None:
    for text, code in declared(SAID[family]).items():
        said = {name for form in catalogue("en")[family, text].forms for name in parameters(form)} - OF_UNITS
        assert said <= set(code.parameters), text


def test_methods_are_said_as_labels_of_rows_too() -> None:
    """Where several methods stand in one table: in words of their own, or as the method itself."""
    assert [code for code in declared(MethodName) if say("source", code) == code] == []


def test_two_ways_to_combine_sources_do_not_take_the_same_for_granted() -> None:
    with_biases, without = BIASES_INDEPENDENT, SOURCES_INDEPENDENT
    assert with_biases != without
    for language in LANGUAGES:
        assert say("assumption", with_biases, language) != say("assumption", without, language)
    assert say("assumption", with_biases) == "Errors and biases of the sources have nothing to do with each other."
    assert say("assumption", without) == "The sources are independent of each other."


def test_kinds_of_interval_and_rules_have_words() -> None:
    assert set(intervals.PROPORTION) | set(intervals.GENERAL) <= set(codes_of("interval"))
    assert set(SINGLE_PSU_RULES) | {"domain", "design"} <= set(codes_of("rule"))
    assert {"taylor", "petersen", "chapman", "loglinear-poisson", "loglinear-multinomial"} <= set(codes_of("method"))


def test_terms_of_the_ilo() -> None:
    """Texts of the ILO, as collected with their sources in the project's list of terms."""
    assert [say("outcome", "forced_labour", language) for language in LANGUAGES] == [
        "forced labour",
        "travail forcé",
        "trabajo forzoso",
    ]
    assert say("outcome", "trafficking", "es") == "trata de personas"
    assert say("measure", "stock", "fr") == "à tout moment"
    assert say("head", "unit.prevalence.thousand", "es") == "Tasa de prevalencia por cada 1000"


def test_an_unknown_code_is_shown_as_it_is() -> None:
    assert say("reason", "of_tomorrow", "fr", n=3) == "of_tomorrow"


def test_parameters_are_said_too() -> None:
    text = say("assumption", "single_psu_rule", "fr", rule="certainty", strata=1234)
    assert "1\u202f234" in text
    assert "considérées comme tirées avec certitude" in text
    assert say("assumption", "df_rule", "en", rule=29) == "Degrees of freedom: 29."
    assert say("assumption", "items_not_in_instrument", "en", items=["c_docs", "c_debt"]).endswith("c_docs, c_debt.")
    assert say("reason", "interval_not_defined", "es", kind="log").endswith("logarítmico.")


def test_a_parameter_that_was_not_given_does_not_stop_a_report() -> None:
    assert say("assumption", "df_rule", "en") == "Degrees of freedom: …."


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [
        (1234567.891, 1, ("1,234,567.9", "1\u202f234\u202f567,9", "1\u202f234\u202f567,9")),
        (1000, 0, ("1,000", "1\u202f000", "1000")),
        (0.5, 2, ("0.50", "0,50", "0,50")),
        (-4.2, 1, ("−4.2", "−4,2", "−4,2")),
        (-0.04, 1, ("0.0", "0,0", "0,0")),
        (float("inf"), 1, ("∞", "∞", "∞")),
        (float("nan"), 1, ("", "", "")),
    ],
)
def test_numbers(value: float, decimals: int, expected: tuple[str, ...]) -> None:
    assert tuple(number(value, decimals, language) for language in LANGUAGES) == expected


def test_percentages_levels_and_ranges() -> None:
    assert [percent(0.305, 1, language) for language in LANGUAGES] == ["30.5%", "30,5\u00a0%", "30,5\u00a0%"]
    assert (level_words(0.95), level_words(0.975), level_words(0.9, "fr")) == ("95%", "97.5%", "90\u00a0%")
    assert (spread("1.0", "2.0"), spread("−1.0", "2.0")) == ("1.0–2.0", "−1.0 – 2.0")
    assert joined(["a"], "en") == "a"
    assert [joined(["a", "b", "c"], language) for language in LANGUAGES] == ["a, b and c", "a, b et c", "a, b y c"]


def test_codes_of_a_by_column_are_said_only_where_they_are_codes_of_the_schema() -> None:
    assert labels("sex", [1, 2], "fr") == {1: "Hommes", 2: "Femmes"}
    assert labels("sex", [0, 1]) == {0: "0", 1: "1"}  # another coding
    assert labels("sex", [1]) == {1: "1"}  # one value tells nothing
    assert labels("region", ["N", "S"]) == {"N": "N", "S": "S"}


def test_a_language_without_words_is_refused() -> None:
    with pytest.raises(fl.FlError, match="FL-PUB-07"):
        languages.check_language("de")
    with pytest.raises(fl.FlError, match="FL-PUB-07"):
        number(1.0, 0, "de")


def test_a_small_probability_is_not_rounded_below_what_it_is_said_to_be_at_most() -> None:
    said = [say("reason", "poor_fit", language, p=p) for language in ("en", "fr") for p in (0.034, 0.001)]
    assert ["p at most 0.034" in said[0], "p at most 0.001" in said[1]] == [True, True]
    assert ["p au plus 0,034" in said[2], "p au plus 0,001" in said[3]] == [True, True]
