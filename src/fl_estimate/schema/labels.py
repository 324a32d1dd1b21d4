"""What each variable of the schema is called, in EN, FR and ES, and the names that offices give it; from `labels.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from fl_estimate.words.languages import SOURCE, words_of
from fl_estimate.words.say import say
from fl_estimate.words.spaces import with_spaces

LANGUAGES: tuple[str, ...] = ("en", "fr", "es")
"""Of the labels that are written; another language has the English ones."""


@dataclass(frozen=True, kw_only=True)
class Label:
    """The words for one variable: a text in each language, and usual names of its column."""

    texts: dict[str, str]
    names: tuple[str, ...] = ()


@cache
def labels() -> dict[str, Label]:
    """Read the labels of all variables but the items, whose wording is a framework's matter."""
    content = tomllib.loads(files("fl_estimate.schema").joinpath("labels.toml").read_text(encoding="utf-8"))
    return {
        name: Label(texts={language: each[language] for language in LANGUAGES}, names=tuple(each["names"]))
        for name, each in content.items()
    }


def label_of(name: str, language: str = "en") -> str:
    """Give the label of a variable; empty for a name that has none.

    Examples
    --------
    >>> label_of("sex", "fr")
    'Sexe'
    """
    if name.endswith("_precision"):
        return say("label", "precision", language)
    result = labels().get(name)
    return _in(result.texts, language) if result else ""


def _in(texts: Mapping[str, str], tag: str) -> str:
    """The text of a language or of a tag such as ``es-MX``, in English where there is none."""
    words = words_of(tag)
    return with_spaces(texts.get(words) or texts[SOURCE], words)
