"""Codes and numbers said in English, French and Spanish. Every code of a result has its words in `vocabulary`.

A code without words is shown as it is. Machine files (CSV, Parquet, JSON) never pass through here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

from fl_estimate.errors import PublishFault, not_one_of
from fl_estimate.reporting import sentences, vocabulary, vocabulary_covariates, vocabulary_synthesis
from fl_estimate.reporting.vocabulary import Said
from fl_estimate.words.numbers import number

LANGUAGES: tuple[str, ...] = ("en", "fr", "es")

FAMILIES: dict[str, Mapping[str, Said]] = {
    "quantity": vocabulary.QUANTITIES,
    "outcome": vocabulary.OUTCOMES,
    "column": vocabulary.COLUMNS,
    "method": vocabulary.METHODS,
    "source": vocabulary.SOURCES,
    "term": vocabulary.TERMS,
    "interval": vocabulary.INTERVALS,
    "measure": vocabulary.MEASURES,
    "rule": vocabulary.RULES,
    "assumption": vocabulary.ASSUMPTIONS,
    "reason": vocabulary.REASONS,
    "flag": vocabulary.FLAGS,
    "appraisal": vocabulary.APPRAISAL,
    "counts": vocabulary_covariates.COUNTS,
    "head": sentences.HEADS,
    "section": sentences.SECTIONS,
    "state": sentences.STATES,
    "sentence": sentences.SENTENCES,
    "verdict": vocabulary_synthesis.VERDICTS,
    "discrepancy": vocabulary_synthesis.DISCREPANCY,
}


def check_language(language: str) -> str:
    """Give the language back, or raise FL-PUB-07 where it is not one of `LANGUAGES`."""
    if language not in LANGUAGES:
        raise not_one_of("FL-PUB-07", "this language", language, LANGUAGES, PublishFault)
    return language


def say(family: str, code: str, language: str = "en", /, **parameters: Any) -> str:
    """Say a code in words.

    Parameters
    ----------
    family : str
        One of `FAMILIES`: reason, assumption, interval, method, quantity, …
    code : str
        The code; one without words is given back as it is.
    language : {"en", "fr", "es"}
    **parameters
        What stands in braces in the words. Whole numbers are written as the language writes them, lists with commas.

    Returns
    -------
    str

    Examples
    --------
    >>> say("reason", "interval_not_defined", "en", kind="log")
    'This kind of interval has no value here: logarithmic.'
    >>> say("reason", "a_code_of_tomorrow", "fr")
    'a_code_of_tomorrow'
    """
    check_language(language)
    said = FAMILIES[family].get(code)
    if said is None:
        return code
    shown = {name: _shown(name, value, language) for name, value in parameters.items()}
    return said[LANGUAGES.index(language)].format_map(_Lenient(shown))


def labels(column: str, values: Sequence[Any], language: str = "en") -> dict[Any, str]:
    """The values of a by-column in words, where the column is one of the schema's and all values are codes of it.

    One value alone is not enough: a 1 in a column called sex may be anything.
    """
    check_language(language)
    known = vocabulary.VALUES.get(column, {})
    said = len(set(values)) > 1 and all(str(value) in known for value in values)
    place = LANGUAGES.index(language)
    return {value: known[str(value)][place] if said else str(value) for value in values}


def joined(items: Sequence[str], language: str = "en") -> str:
    """Name several things in a sentence.

    Examples
    --------
    >>> joined(["region", "sex", "district"], "fr")
    'region, sex et district'
    """
    last = say("head", "by_join", language)
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + last + items[-1]


def opening(text: str) -> str:
    """The same text with a capital at its start."""
    return text[:1].upper() + text[1:]


def _shown(name: str, value: Any, language: str) -> str:
    if name == "rule" and isinstance(value, str):
        return say("rule", value, language)
    if name == "kind" and isinstance(value, str):
        return say("interval", value, language)
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int | float):
        # A probability of 0.034 is not "at most 0.03", nor one of 0.001 "0.00".
        decimals = 0 if float(value).is_integer() else 2 if abs(value) >= 0.1 else 3
        return number(value, decimals, language)
    if isinstance(value, list | tuple | set | frozenset):
        several = cast("Collection[Any]", value)
        return ", ".join(str(item) for item in several)
    return str(value)


class _Lenient(dict[str, str]):
    """Parameters of a sentence; one that was not given shows as an ellipsis instead of failing a whole report."""

    def __missing__(self, key: str) -> str:
        return "…"
