"""Every code of a result is said in English, French and Spanish, and numbers are written as each language writes them."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import pytest

import fl_estimate as fl
from fl_estimate.design import intervals
from fl_estimate.inputs.sample_design import SINGLE_PSU_RULES
from fl_estimate.reporting import words
from fl_estimate.reporting.words import FAMILIES, LANGUAGES, joined, labels, level_words, number, percent, say, spread

SOURCE = Path(__file__).resolve().parents[3] / "src" / "fl_estimate"
CODE = re.compile(r"[a-z]+(_[a-z]+)+")


def parameters(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def texts_in(node: ast.AST) -> set[str]:
    return {part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)}


def leading_texts(function: ast.FunctionDef) -> set[str]:
    """Leading texts of pairs, values of tables, and code= in a function that makes reasons or assumptions."""
    found: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Tuple) and node.elts and isinstance(node.elts[0], ast.Constant):
            found |= texts_in(node.elts[0])
        elif isinstance(node, ast.Dict):
            found |= {text for value in node.values if isinstance(value, ast.Constant) for text in texts_in(value)}
        elif isinstance(node, ast.keyword) and node.arg == "code":
            found |= texts_in(node.value)
    return found


def named(target: ast.AST, word: str) -> bool:
    """Whether a list or tuple of codes is filled here: `reasons`, `ASSUMED`."""
    name = target.id if isinstance(target, ast.Name) else ""
    return name == word or (word == "assumptions" and name == "ASSUMED")


def codes_in_source(word: str) -> set[str]:
    """Codes in the functions called after `word`, and in the lists that are."""
    found: set[str] = set()
    for path in (SOURCE / "estimators").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and word in node.name:
                found |= leading_texts(node)
            elif isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                if any(named(target, word) for target in targets) and node.value is not None:
                    found |= texts_in(node.value)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and named(node.func.value, word):
                found |= {text for argument in node.args for text in texts_in(argument)}
    return {code for code in found if CODE.fullmatch(code)}


@pytest.mark.parametrize(("family", "word"), [("reason", "reasons"), ("assumption", "assumptions")])
def test_every_code_in_the_source_has_words(family: str, word: str) -> None:
    found = codes_in_source(word)
    assert {"reason": "interval_below_observed", "assumption": "perfect_linkage"}[family] in found
    assert len(found) >= 5, "the search found hardly anything"
    assert sorted(found - FAMILIES[family].keys()) == []


def test_kinds_of_interval_and_rules_have_words() -> None:
    assert set(intervals.PROPORTION) | set(intervals.GENERAL) <= FAMILIES["interval"].keys()
    assert set(SINGLE_PSU_RULES) | {"domain", "design"} <= FAMILIES["rule"].keys()
    assert {"taylor", "petersen", "chapman", "loglinear-poisson", "loglinear-multinomial"} <= FAMILIES["method"].keys()


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_the_three_languages_say_the_same_parameters(family: str) -> None:
    for code, said in FAMILIES[family].items():
        assert len(said) == len(LANGUAGES), code
        assert all(text.strip() for text in said), code
        assert len({frozenset(parameters(text)) for text in said}) == 1, code


def test_terms_of_the_ilo() -> None:
    """Texts of the ILO, as collected with their sources in the project's list of terms."""
    assert [say("outcome", "forced_labour", language) for language in LANGUAGES] == [
        "forced labour",
        "travail forcé",
        "trabajo forzoso",
    ]
    assert say("outcome", "trafficking", "es") == "trata de personas"
    assert say("measure", "stock", "fr") == "à tout moment"
    assert say("head", "unit.prevalence.thousand", "es") == "Tasa de prevalencia por cada 1.000"


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
        (1234567.891, 1, ("1,234,567.9", "1\u202f234\u202f567,9", "1.234.567,9")),
        (1000, 0, ("1,000", "1\u202f000", "1.000")),
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
        words.check_language("de")
    with pytest.raises(fl.FlError, match="FL-PUB-07"):
        number(1.0, 0, "pt")
