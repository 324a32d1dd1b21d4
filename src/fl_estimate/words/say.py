"""Codes said in words: `say` gives the text of a code in a language, with its parameters written as the language does.

A code without words is shown as it is. What a language has no words for yet is said in English, and `fallen_back` collects it.
Machine files (CSV, Parquet, JSON) never pass through here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, cast

from fl_estimate.words.catalogue import CatalogueText, catalogue, codes_of, families
from fl_estimate.words.dates import day_or_text
from fl_estimate.words.languages import SOURCE, words_of
from fl_estimate.words.numbers import in_territory, number
from fl_estimate.words.spaces import with_spaces

_INSTEAD: dict[str, str] = {"source": "method"}
"""Families whose codes are said by another one where they have no words of their own: a method as the label of a row."""

_MISSING: ContextVar[set[tuple[str, str]] | None] = ContextVar("_MISSING", default=None)


def say(family: str, code: str, language: str = "en", /, **parameters: Any) -> str:
    """Say a code in words.

    Parameters
    ----------
    family : str
        One of `families`: reason, assumption, interval, method, quantity, …
    code : str
        The code; one without words is given back as it is.
    language : str
        "en", "fr", "es", or one with a territory: "es-MX".
    **parameters
        What stands in braces in the words. Numbers and days are written as the language writes them, lists with commas, and what the
        catalogue declares as a code of a family in its words. The one that it declares as counted chooses the plural form.

    Returns
    -------
    str

    Raises
    ------
    KeyError
        No such family.
    PublishFault
        FL-PUB-07: no such language.

    Examples
    --------
    >>> say("reason", "interval_not_defined", "en", kind="log")
    'This kind of interval has no value here: logarithmic.'
    >>> say("reason", "a_code_of_tomorrow", "fr")
    'a_code_of_tomorrow'
    >>> say("sentence", "rows", "en", rows=1), say("sentence", "rows", "en", rows=1200)
    ('1 row', '1,200 rows')
    """
    text = text_of(family, code, language)
    if text is None:
        return code
    shown = {name: _shown(value, text.codes.get(name, ""), language) for name, value in parameters.items()}
    # the rule of plurals is that of the language in which it is said
    said_in = language if (family, code) in catalogue(words_of(language)) else SOURCE
    form = text.form(said_in, parameters.get(text.counted)) if text.counted else text.forms[-1]
    return (in_territory(form, language) if "-" in language else form).format_map(_Lenient(shown))


def text_of(family: str, code: str, language: str = "en") -> CatalogueText | None:
    """The text of a code, in English where the language has none; None for a code without words."""
    words = words_of(language)
    result = catalogue(words).get((family, code))
    if result is not None:
        return result
    if family not in families():
        raise KeyError(family)
    if words != SOURCE and (result := catalogue(SOURCE).get((family, code))) is not None:
        if (missing := _MISSING.get()) is not None:
            missing.add((words, f"{family}:{code}"))
        return result
    return text_of(_INSTEAD[family], code, language) if family in _INSTEAD else None


@contextmanager
def fallen_back() -> Generator[set[tuple[str, str]]]:
    """Collect what is said in English within the block because its language has no words for it: (language, ``family:code``).

    Examples
    --------
    >>> with fallen_back() as missing:
    ...     say("measure", "stock", "fr") == say("measure", "stock", "en")
    False
    >>> missing
    set()
    """
    missing: set[tuple[str, str]] = set()
    token = _MISSING.set(missing)
    try:
        yield missing
    finally:
        _MISSING.reset(token)


def error_words(text: str, language: str = "en") -> str:
    """Say an error, ``[FL-EST-02] columns are not in the data``, as the catalogue has it under its code; else as it is.

    Errors keep their English in code: few have words in a catalogue, those that a report may print.

    Examples
    --------
    >>> error_words("[FL-EST-02] columns are not in the data", "es")
    '[FL-EST-02] hay columnas que no están en los datos'
    """
    found, words = _ERROR.match(text), words_of(language)
    said = catalogue(words).get(("error", found["code"])) if found and words != SOURCE else None
    return text if found is None or said is None else f"[{found['code']}] {said.forms[-1]}"


def labels(column: str, values: Sequence[Any], language: str = "en") -> dict[Any, str]:
    """The values of a by-column in words, where the column is one of the schema's and all values are codes of it.

    One value alone is not enough: a 1 in a column called sex may be anything.
    """
    ours = codes_of("value")
    said = len(set(values)) > 1 and all(f"{column}.{value}" in ours for value in values)
    return {value: say("value", f"{column}.{value}", language) if said else str(value) for value in values}


def joined(items: Sequence[str], language: str = "en") -> str:
    """Name several things in a sentence.

    Examples
    --------
    >>> joined(["region", "sex", "district"], "fr")
    'region, sex et district'
    """
    last = say("head", "by_join", language)
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + last + items[-1]


def named(name: str, value: str, language: str = "en") -> str:
    """What something is, and which: ``Sex: Women``, with the space that the language puts before a colon.

    Examples
    --------
    >>> named("Sex", "Women")
    'Sex: Women'
    """
    return say("head", "named", language, name=name, value=value)


def opening(text: str) -> str:
    """The same text with a capital at its start."""
    return text[:1].upper() + text[1:]


def _shown(value: Any, family: str, language: str) -> str:
    """A parameter as it stands in a text."""
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int | float):
        # A probability of 0.034 is not "at most 0.03", nor one of 0.001 "0.00".
        decimals = 0 if float(value).is_integer() else 2 if abs(value) >= 0.1 else 3
        return number(value, decimals, language)
    if isinstance(value, list | tuple | set | frozenset):
        several = cast("Collection[Any]", value)
        return ", ".join(_coded(item, family, language) if isinstance(item, str) else str(item) for item in several)
    return _coded(str(value), family, language)


def _coded(value: str, family: str, language: str) -> str:
    """A code of a family in words; one with numbers, ``normal(0, 1.5)``, with its numbers as the language writes them."""
    if not family:
        return _names(value, language)
    if text_of(family, value, language) is not None:
        return say(family, value, language)
    between = ", " if number(0.5, 1, language) == "0.5" else with_spaces("1; ", words_of(language))[1:]

    def written(found: re.Match[str]) -> str:
        numbers = [_as_written(each.strip(), language) for each in found["numbers"].split(",")]
        return f"{say(family, found['code'], language)}({between.join(numbers)})"

    first = _WITH_NUMBERS.search(value)
    before = value[: first.start()].rstrip() if first else ""
    if before:
        value = value.replace(before, say(family, before, language), 1)
    return _WITH_NUMBERS.sub(written, value)


def _names(value: str, language: str) -> str:
    """A text or a day as it is given; of names that `errors.listed` cut off, "and 2 more" in words."""
    found = _AND_MORE.fullmatch(value)
    if found is None or language == SOURCE:
        return day_or_text(value, language)
    return say("head", "and_more", language, names=found["names"], n=int(found["more"].replace(",", "")))


def _as_written(text: str, language: str) -> str:
    """A number with the digits it was given in; what is none stays."""
    return number(float(text), len(text.partition(".")[2]), language) if _PLAIN.fullmatch(text) else text


_ERROR = re.compile(r"\[(?P<code>FL-[A-Z]+-\d+)\]")
_WITH_NUMBERS = re.compile(r"(?P<code>[a-z][a-z-]*)\((?P<numbers>[^()]*)\)")
_AND_MORE = re.compile(r"(?P<names>.+) and (?P<more>\d[\d,]*) more", re.DOTALL)
_PLAIN = re.compile(r"-?\d+(?:\.\d+)?")


class _Lenient(dict[str, str]):
    """Parameters of a sentence; one that was not given shows as an ellipsis instead of failing a whole report."""

    def __missing__(self, key: str) -> str:
        return "…"
