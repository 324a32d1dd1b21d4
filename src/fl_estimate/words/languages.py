"""Which languages there are: one catalogue file each; and what a tag such as ``es-MX`` stands for.

A language is there where ``catalogues/<language>.po`` is: nothing else lists languages. A tag names a language, or a
language and a territory: the words are those of the language, numbers and dates those of the territory.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from fl_estimate.errors import PublishFault, not_one_of

SOURCE = "en"
"""The language that texts are written in first; what another language lacks is said in this one."""

CATALOGUES: Traversable = files("fl_estimate.words") / "catalogues"


def _catalogue_languages() -> tuple[str, ...]:
    names = sorted(each.name.removesuffix(".po") for each in CATALOGUES.iterdir() if each.name.endswith(".po"))
    return (SOURCE, *(name for name in names if name != SOURCE))


_NO_TERRITORY = ("ZZ", "XA", "XB")
"""CLDR's codes for an unknown territory and for pseudo-languages: names that are there, of no place."""

LANGUAGES: tuple[str, ...] = _catalogue_languages()
"""Languages that have a catalogue, English first."""


def check_language(tag: str) -> str:
    """Give the tag back where its words are there; FL-PUB-07 where not.

    Parameters
    ----------
    tag : str
        A language that has a catalogue ("fr"), or one with a territory or region of CLDR ("es-MX", "es-419").

    Returns
    -------
    str

    Raises
    ------
    PublishFault
        FL-PUB-07: there is no catalogue of this language, or no such territory.

    Examples
    --------
    >>> check_language("es-MX")
    'es-MX'
    """
    if not is_language(tag):
        near = _written_as_tag(tag)
        raise not_one_of("FL-PUB-07", "this language", tag, (*LANGUAGES, near) if near else LANGUAGES, PublishFault)
    return tag


def is_language(tag: str) -> bool:
    """Whether a tag has words, as `check_language` asks.

    Examples
    --------
    >>> is_language("fr-BE"), is_language("fr-be"), is_language("de")
    (True, False, False)
    """
    return isinstance(tag, str) and _is_known(tag)  # pyright: ignore[reportUnnecessaryIsInstance]


def words_of(tag: str) -> str:
    """Whose catalogue a tag stands for: "es" of "es-MX"."""
    return check_language(tag).partition("-")[0]


def locale_of(tag: str) -> str:
    """The identifier that Babel has for a tag: "es_MX" of "es-MX"; of a language alone, the language.

    Where CLDR has no numbers and dates of their own for a territory, it is the language again.
    """
    language, _, territory = check_language(tag).partition("-")
    return f"{language}_{territory}" if territory and _of_cldr(language, territory) else language


def _written_as_tag(tag: object) -> str | None:
    """The tag that ``es_MX`` or ``ES-mx`` stand for, where it is one with a territory that is known."""
    language, mark, territory = (tag if isinstance(tag, str) else "").replace("_", "-").partition("-")
    written = f"{language.strip().lower()}-{territory.strip().upper()}"
    return written if mark and _is_known(written) else None


@cache
def _is_known(tag: str) -> bool:
    language, mark, territory = tag.partition("-")
    if language not in LANGUAGES:
        return False
    return not mark or _of_cldr(language, territory) or _is_territory(language, territory)


def _of_cldr(language: str, territory: str) -> bool:
    from babel import localedata

    return localedata.exists(f"{language}_{territory}") and territory.isupper() | territory.isdigit()


def _is_territory(language: str, territory: str) -> bool:
    from babel import Locale

    return territory not in _NO_TERRITORY and territory in Locale(language).territories
