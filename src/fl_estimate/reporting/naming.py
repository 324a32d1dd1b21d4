"""What columns, codes, outcomes, terms of formulas and units are called in a language.

The mapping or study is heard first, then our own vocabulary (which has every language), then the labels of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from fl_estimate.inputs.wording import ANY, FILE, ColumnWords, SurveyWording, Text, in_language
from fl_estimate.neutral import for_records
from fl_estimate.results.codes import WHOLE
from fl_estimate.results.estimates import Assumption
from fl_estimate.schema.labels import label_of
from fl_estimate.schema.variables import TABLES
from fl_estimate.words.numbers import number
from fl_estimate.words.say import labels, named, opening, say

SCHEMA = frozenset(name for table in TABLES.values() for name in table.variables)
_NOTHING = ColumnWords()
_BETWEEN = re.compile(r"( − | / | \+ )")
_FACTOR = re.compile(r"(− )?([\d.e+-]+·)?")
_BARE = re.compile(r"C\((?P<column>[\w@]+)(?:, [^)]*)?\)")
_MULTIPLE = re.compile(r"×(\d+(?:\.\d+)?)")
_CLASS = re.compile(r"(?:C\()?(?P<column>[\w@]+)(?:, [^)]*)?\)?\[(?:T\.)?(?P<code>.+)\]")


def text_in(text: Text, language: str) -> str:
    """What the mapping or study says in a language, or for all; empty where it says nothing."""
    return for_records(in_language(text, language) or text.get(ANY) or "")


def column_title(wording: SurveyWording, name: str, language: str) -> str:
    """What a column is called."""
    words = wording.columns.get(name, _NOTHING)
    if own := text_in(words.title, language):
        return own
    ours = say("column", name, language)
    return ours if ours != name else label_of(name, language) or words.title.get(FILE) or name


def value_words(wording: SurveyWording, name: str, values: Sequence[Any], language: str) -> dict[Any, str]:
    """What the values of a column are called."""
    words, ours = wording.columns.get(name, _NOTHING), labels(name, values, language)
    result: dict[Any, str] = {}
    for value in values:
        text = words.values.get(_code(value), {})
        known = ours[value] if ours[value] != str(value) else ""
        # loading saw to it that labels of schema variables agree with ours; a column that only has the name may mean another thing
        of_file = text.get(FILE, "")
        first = known if name in SCHEMA else of_file
        result[value] = text_in(text, language) or first or known or of_file or str(value)
    return result


def outcome_words(wording: SurveyWording, code: str, language: str) -> str:
    """What an outcome is called; a value of a column is called by both, a ratio by its parts."""
    words = wording.columns.get(code, _NOTHING)
    if own := text_in(words.title, language):
        return own
    ours = say("outcome", code, language)
    if ours != code:
        return ours
    if words.title.get(FILE):
        return words.title[FILE]
    column, equals, value = code.partition("=")
    if equals and column in wording.columns:
        return named(
            column_title(wording, column, language), value_words(wording, column, [value], language)[value], language
        )
    top, slash, bottom = code.partition("/")
    if slash and {top, bottom} & set(wording.columns):
        return f"{outcome_words(wording, top, language)} / {outcome_words(wording, bottom, language)}"
    return code


def term_words(wording: SurveyWording, term: str, language: str, column: str = "") -> str:
    """What a term is called: a class of a formula by the label of its code, ``C(sex)[T.2]`` as Women; interactions by each.

    Parameters
    ----------
    column : str
        Of which values are compared, in a contrast.
    """
    ours = say("term", term, language)
    if ours != term:
        return ours
    if met := _MULTIPLE.fullmatch(term):
        return f"×{number(float(met[1]), len(met[1].partition('.')[2]), language)}"
    before, colon, rest = term.partition(": ")
    if colon and _compares(rest):
        if column:
            return named(term_words(wording, before, language), _compared(wording, rest, column, language), language)
        # An effect or a test: of which column, and which of its classes.
        return named(column_title(wording, before, language), _compared(wording, rest, before, language), language)
    if colon:
        return named(say("term", before, language), term_words(wording, rest, language), language)
    if column and _compares(term):
        return _compared(wording, term, column, language)
    return (
        " × ".join(_part(wording, part, language) for part in term.split(":")) if _is_formula(term, wording) else term
    )


def _is_formula(term: str, wording: SurveyWording) -> bool:
    return any(
        part == "Intercept"
        or _CLASS.fullmatch(part)
        or _BARE.fullmatch(part)
        or part in wording.columns
        or part in SCHEMA
        for part in term.split(":")
    )


def _compares(text: str) -> bool:
    return _BETWEEN.search(text) is not None


def _compared(wording: SurveyWording, text: str, column: str, language: str) -> str:
    """What is compared, with the labels of codes: ``1 − 2`` as Men − Women, ``North − all`` with the word for all."""
    parts = _BETWEEN.split(text)
    return "".join(
        part if position % 2 else _named(wording, part, column, language) for position, part in enumerate(parts)
    )


def _named(wording: SurveyWording, part: str, column: str, language: str) -> str:
    met = _FACTOR.match(part)
    factor = met.group(0) if met is not None else ""
    code = part.removeprefix(factor)
    if code == WHOLE:
        return factor + say("head", "whole", language)
    if column == "outcome":
        return factor + outcome_words(wording, code, language)
    if column in ("term", "quantity"):
        said = term_words(wording, code, language) if column == "term" else say("quantity", code, language)
        return factor + said
    return factor + (_code_words(wording, column, code, language) or code)


def _part(wording: SurveyWording, part: str, language: str) -> str:
    met = _CLASS.fullmatch(part)
    if met is None:
        bare = _BARE.fullmatch(part)
        if part == "Intercept":
            return say("head", "intercept", language)
        if bare is not None:
            return column_title(wording, bare["column"], language)
        return column_title(wording, part, language) if part in wording.columns or part in SCHEMA else part
    column, code = met["column"], met["code"]
    return _code_words(wording, column, code, language) or named(
        column_title(wording, column, language), code, language
    )


def _code_words(wording: SurveyWording, column: str, code: str, language: str) -> str:
    """What a code of a column is called; empty where nobody says."""
    text = wording.columns.get(column, _NOTHING).values.get(code, {})
    ours, of_file = known_value(column, code, language), text.get(FILE, "")
    return text_in(text, language) or ((ours or of_file) if column in SCHEMA else (of_file or ours))


def known_value(column: str, code: str, language: str) -> str:
    """A code of a variable of the common schema in words, where it is one; empty elsewhere."""
    words = say("value", of_schema := f"{column}.{code}", language)
    return words if words != of_schema else ""


def with_labels(frame: pd.DataFrame, wording: SurveyWording) -> pd.DataFrame:
    """A published table with the labels of its codes behind the columns that have them, and those of outcomes.

    `<column>_label` and `outcome_label` are there only where the survey has words for them.
    """
    made = frame.copy()
    for name in [str(column) for column in frame.columns if column in wording.columns]:
        if wording.columns[name].values and f"{name}_label" not in made:
            words = value_words(wording, name, frame[name].dropna().unique().tolist(), "en")
            made.insert(list(made.columns).index(name) + 1, f"{name}_label", frame[name].map(words).astype("string"))
    outcomes = {code: outcome_words(wording, str(code), "en") for code in frame["outcome"].unique()}
    if (
        "outcome_label" not in made
        and any(words != code for code, words in outcomes.items())
        and set(wording.columns) & _stems(outcomes)
    ):
        made.insert(
            list(made.columns).index("outcome") + 1, "outcome_label", frame["outcome"].map(outcomes).astype("string")
        )
    return made


def _stems(outcomes: Iterable[str]) -> set[str]:
    return {part for code in outcomes for part in (str(code), str(code).partition("=")[0])}


def unit_words(unit: str, key: str, language: str, n: float | None = None) -> str:
    """Words of what is counted: `number`, `n`, `units`, `of`, `none_or_all`, `all`, `sample`.

    Parameters
    ----------
    n : float, optional
        The number that `units` or `sample` stand behind: of one they are singular.
    """
    words = say("unit", of_unit := f"{unit}.{key}", language, n=n)
    return words if words != of_unit else say("unit", f"persons.{key}", language, n=n)


def unit_forms(unit: str, language: str) -> dict[str, str]:
    """The words of a unit that sentences, reasons and assumptions have in braces."""
    return {key: unit_words(unit, key, language) for key in ("units", "sample", "one", "none_or_all")}


def common_unit(wordings: Iterable[SurveyWording]) -> str:
    """What several tables count; persons where they do not count the same."""
    units = {wording.unit for wording in wordings}
    return units.pop() if len(units) == 1 else "persons"


def assumption_words(wording: SurveyWording, assumption: Assumption, language: str) -> str:
    """An assumption in a sentence, which names what is counted."""
    words = unit_forms(wording.unit, language)
    words["Units"] = opening(words["units"])
    return say("assumption", assumption.code, language, **{**words, **dict(assumption.parameters)})


def quantity_words(code: str, unit: str, language: str) -> str:
    """The name of a quantity; a total says what it counts."""
    return unit_words(unit, "number", language) if code in ("total", "persons") else say("quantity", code, language)


def _code(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
