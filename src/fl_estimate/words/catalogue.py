"""Catalogues of words: read when first asked for, by Babel, and kept. What a text declares is read from the English one.

A catalogue is a gettext file. Of each text ``msgctxt`` is ``family:code``, ``msgid`` the English text and ``msgstr`` what it
is in the language of the file; ``en.po`` is the source, where both are the same. A comment of the source (``#.``) declares

- ``counted: cases``: which parameter the plural forms follow, by the rule of CLDR for the language;
- ``codes: kind=interval, term=term``: parameters that are codes of a family and are said in words too.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from functools import cache
from io import StringIO
from string import Formatter
from typing import TYPE_CHECKING, Any

from fl_estimate.words.languages import CATALOGUES, SOURCE, locale_of, words_of
from fl_estimate.words.spaces import with_spaces

if TYPE_CHECKING:
    from collections.abc import Iterable

    from babel.messages.catalog import Message

COUNTED, CODES = "counted:", "codes:"
"""What a comment of the source begins with, where it declares something."""

_CATEGORIES = ("zero", "one", "two", "few", "many", "other")
"""CLDR's categories of plural, in the order of the forms of a text."""

Key = tuple[str, str]
"""Family and code."""


@dataclass(frozen=True, slots=True)
class CatalogueText:
    """A text of a catalogue.

    Attributes
    ----------
    forms : tuple of str
        One, or one for each category of plural of its language.
    counted : str
        The parameter that chooses among the forms; empty where nothing is counted.
    codes : mapping of parameter to family
        Parameters that are codes with words of their own.
    """

    forms: tuple[str, ...]
    counted: str = ""
    codes: Mapping[str, str] = field(default_factory=dict[str, str])

    def form(self, language: str, value: Any = None) -> str:
        """The form for a number; where it is not known, that of several."""
        if len(self.forms) == 1 or isinstance(value, bool) or not isinstance(value, int | float):
            return self.forms[-1]
        return self.forms[_place(language, value)]


@cache
def catalogue(language: str) -> Mapping[Key, CatalogueText]:
    """The texts of a language, by family and code; what is not translated yet is not there.

    Parameters
    ----------
    language : str
        One of `LANGUAGES`, without a territory.

    Returns
    -------
    mapping of (family, code) to Text
        Without the texts that do not fit the source: a figure lost or another one named, a brace left open, a form of plural
        too few. English is said in their place, and the manifest of a run names them.
    """
    read = {
        key: message for message in _messages(language) if all(_forms(message)) and (key := _key(message)) is not None
    }
    if language == SOURCE:
        return {key: _text(message, language, None) for key, message in read.items()}
    source = catalogue(SOURCE)
    texts = {key: _text(message, language, source[key]) for key, message in read.items() if key in source}
    return {key: text for key, text in texts.items() if _fits(text, source[key], language)}


@cache
def codes_of(family: str) -> tuple[str, ...]:
    """Every code of a family that has words, in the order of the source.

    Examples
    --------
    >>> codes_of("measure")
    ('stock', 'flow')
    """
    return tuple(code for other, code in catalogue(SOURCE) if other == family)


@cache
def families() -> tuple[str, ...]:
    """Every family of codes."""
    return tuple(dict.fromkeys(family for family, _ in catalogue(SOURCE)))


@cache
def categories(language: str) -> tuple[str, ...]:
    """The categories of plural of a language, in the order of the forms of a text.

    Examples
    --------
    >>> categories("en"), categories("es")
    (('one', 'other'), ('one', 'many', 'other'))
    """
    from babel import Locale

    return tuple(name for name in _CATEGORIES if name in {*Locale(words_of(language)).plural_form.tags, "other"})


def _place(language: str, value: float) -> int:
    """Which form a number has, by the rule of the territory where one is said: 0 is singular in Brazil, plural in Portugal."""
    from babel import Locale

    number = abs(value)
    category = Locale.parse(locale_of(language)).plural_form(int(number) if float(number).is_integer() else number)
    names = categories(language)
    return names.index(category) if category in names else len(names) - 1


def _messages(language: str) -> list[Message]:
    """What the file of a language holds; of one that cannot be read, nothing, as English can still be said."""
    from babel.messages.pofile import read_po

    try:
        # Babel prints what it finds wrong in a file: no reader of a report asked for it, and a test reads each file strictly.
        with (CATALOGUES / f"{language}.po").open("rb") as file, redirect_stdout(StringIO()):
            return [message for message in read_po(file, locale=language) if message.id and not message.fuzzy]
    except (ValueError, LookupError):
        if language == SOURCE:
            raise
        return []


def _fits(text: CatalogueText, source: CatalogueText, language: str) -> bool:
    """Whether every form can be said with the parameters of the source; one of something need not be said in figures."""
    try:
        wanted, given = _parameters(source.forms[-1]), [_parameters(form) for form in text.forms]
    except ValueError:
        return False
    needed = wanted - {source.counted}
    forms_are_there = len(text.forms) in (1, len(categories(language)))
    return forms_are_there and given[-1] == wanted and all(needed <= each <= wanted for each in given)


def _parameters(form: str) -> set[str]:
    """What stands in braces, with all that says how: ``{n.real}`` and ``{n:d}`` are no parameter that the source has."""
    return {
        f"{name}{'!' if how else ''}{':' if width else ''}"
        for _, name, width, how in Formatter().parse(form)
        if name is not None
    }


def _key(message: Message) -> Key | None:
    family, mark, code = (message.context or "").partition(":")
    return (family, code) if mark else None


def _forms(message: Message) -> tuple[str, ...]:
    said = message.string or ""
    return (said,) if isinstance(said, str) else tuple(said)


def _text(message: Message, language: str, source: CatalogueText | None) -> CatalogueText:
    forms = tuple(with_spaces(form, language) for form in _forms(message))
    if source is not None:
        return CatalogueText(forms, source.counted, source.codes)
    return CatalogueText(forms, _counted(message.auto_comments), _codes(message.auto_comments))


def _counted(comments: Iterable[str]) -> str:
    return next((comment.removeprefix(COUNTED).strip() for comment in comments if comment.startswith(COUNTED)), "")


def _codes(comments: Iterable[str]) -> dict[str, str]:
    pairs = [
        pair for comment in comments if comment.startswith(CODES) for pair in comment.removeprefix(CODES).split(",")
    ]
    return {name.strip(): family.strip() for name, _, family in (pair.partition("=") for pair in pairs)}
