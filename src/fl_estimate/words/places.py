"""Countries in words: the name of an ISO 3166-1 code in a language, by Babel; other texts stay as they are."""

from __future__ import annotations

from typing import Any

from fl_estimate.words.languages import locale_of


def country(code: str, language: str = "en") -> str:
    """Say a country.

    Examples
    --------
    >>> country("CL"), country("CL", "fr"), country("Northland")
    ('Chile', 'Chili', 'Northland')
    """
    if len(code) != 2 or not code.isupper():
        return code
    from babel import Locale

    named: Any = Locale.parse(locale_of(language)).territories
    return str(named.get(code) or code)
