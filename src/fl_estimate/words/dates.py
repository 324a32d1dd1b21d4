"""Days, months and years as a language writes them: "1er janvier 2023". Names and order are CLDR's, read through Babel.

Machine files keep ISO dates and never pass through here. What joins two days is in `periods`.
"""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Literal

from fl_estimate.words.languages import locale_of, words_of

Form = Literal["day.month.year", "day.month", "day", "month.year", "month", "year"]
"""What of a day is written."""

_HOUSE: dict[str, str] = {"en": "en_GB"}
"""English of no territory is written as our own texts are: 1 January 2023."""
_FIRST: dict[str, str] = {"fr": "1er"}
"""The first of a month, where it is no plain number: CLDR has no ordinals."""


def day(date: dt.date, language: str = "en") -> str:
    """Write a day in words.

    Parameters
    ----------
    date : datetime.date
    language : str
        "en", "fr", "es", "es-MX", …

    Returns
    -------
    str

    Raises
    ------
    PublishFault
        FL-PUB-07: no such language.

    Examples
    --------
    >>> import datetime as dt
    >>> [day(dt.date(2023, 1, 1), language) for language in ("en", "fr", "es")]
    ['1 January 2023', '1er janvier 2023', '1 de enero de 2023']
    """
    return written(date, "day.month.year", language)


def day_or_text(text: str, language: str = "en") -> str:
    """A day in words where the text is one and nothing else; every other text as it is.

    Examples
    --------
    >>> day_or_text("2023-12-31", "es"), day_or_text("interview_date", "es")
    ('31 de diciembre de 2023', 'interview_date')
    """
    if len(text) != 10 or text[4:5] != "-":
        return text
    try:
        return day(dt.date.fromisoformat(text), language)
    except ValueError:  # a 31st of February
        return text


def written(date: dt.date, form: Form, language: str) -> str:
    """Write so much of a day."""
    from babel.dates import format_date

    name = _locale(language)
    text = format_date(date, _patterns(name)[form], locale=name)
    first = _FIRST.get(words_of(language), "")
    if first and date.day == 1 and form.startswith("day"):
        return first + text.removeprefix("1")
    return text


def _locale(language: str) -> str:
    name = locale_of(language)
    return _HOUSE.get(name, name)


@cache
def _patterns(locale: str) -> dict[Form, str]:
    """CLDR's pattern of each form; a day has no zero before it."""
    from babel import Locale

    read = Locale.parse(locale)
    skeletons = read.datetime_skeletons
    return {
        "day.month.year": read.date_formats["long"].pattern.replace("dd", "d"),
        "day.month": skeletons["MMMMd"].pattern.replace("dd", "d"),
        "day": "d",
        "month.year": skeletons["yMMMM"].pattern,
        "month": "LLLL",
        "year": "y",
    }


def begins_with_day(language: str) -> bool:
    """Whether the day stands before the month: what two days share can be left out of the first then."""
    return _patterns(_locale(language))["day.month.year"].startswith("d")
