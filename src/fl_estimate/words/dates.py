"""Days, months and periods in words: "du 1er janvier au 31 décembre 2023". Names and order are CLDR's, read through Babel.

Machine files keep ISO dates and never pass through here.
"""

from __future__ import annotations

import datetime as dt
import re
from functools import cache
from typing import Literal

from fl_estimate.words.languages import SOURCE, check_language, locale_of, words_of

Detail = Literal["day", "month", "year"]
Moment = tuple[dt.date, Detail]
"""A day, and how much of it was written: 2021-03-01, 2021-03, 2021."""

_MOMENT = r"\d{4}(?:-\d\d(?:-\d\d)?)?"
_ONE = re.compile(_MOMENT)
_BOTH = re.compile(rf"({_MOMENT})\s*(?:to|–|/)\s*({_MOMENT})|(\d{{4}})\s*-\s*(\d{{4}})")
_SINCE = re.compile(rf"(?:from|since)\s+({_MOMENT})|({_MOMENT})\s*(?:to|onwards?|–)")
_UNTIL = re.compile(rf"(?:until|up to|to|–)\s*({_MOMENT})")

_HOUSE: dict[str, str] = {"en": "en_GB"}
"""English of no territory is written as our own texts are: 1 January 2023."""
_FIRST: dict[str, str] = {"fr": "1er"}
"""The first of a month, where it is no plain number: CLDR has no ordinals."""

_ELIDED = re.compile(r"\bde (?=[aeiouâéèê])")
"""French writes d’avril, d’août and d’octobre."""


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
    return _written(date, "day.month.year", language)


def period(text: str, language: str = "en") -> str:
    """Say in words a time that is written with ISO dates or years.

    Parameters
    ----------
    text : str
        A day ("2021-03-01"), a month ("2021-03") or a year ("2021"); two of them ("2021-03-01 to 2021-05-31",
        "2010-2015"), or one with "from" or "until" before it. Both ends belong to the period.
    language : str

    Returns
    -------
    str
        Empty where the text is no such time, or names a day that does not exist.

    Raises
    ------
    PublishFault
        FL-PUB-07: no such language.

    Examples
    --------
    >>> period("2023-01-01 to 2023-12-31"), period("2023-01-01 to 2023-12-31", "es")
    ('1 January to 31 December 2023', 'del 1 de enero al 31 de diciembre de 2023')
    >>> period("2021-03", "fr"), period("from 2021-03-01", "fr"), period("a lifetime", "fr")
    ('mars 2021', 'à partir du 1er mars 2021', '')
    """
    plain = text.strip()
    check_language(language)  # before the try: the fault of a language is a ValueError too
    try:
        if _ONE.fullmatch(plain):
            return _alone(_moment(plain), language)
        if found := _BOTH.fullmatch(plain):
            first, last = (_moment(part) for part in found.groups() if part is not None)
            return _both(first, last, language)
        if found := _SINCE.fullmatch(plain):
            return _open("since", _moment(found[1] or found[2]), language)
        if found := _UNTIL.fullmatch(plain):
            return _open("until", _moment(found[1]), language)
    except ValueError:  # a 31st of February: the reader sees what was written
        pass
    return ""


def _moment(text: str) -> Moment:
    parts = text.split("-")
    detail: Detail = "day" if len(parts) == 3 else "month" if len(parts) == 2 else "year"
    return dt.date.fromisoformat("-".join([*parts, "01", "01"][:3])), detail


def _alone(moment: Moment, language: str) -> str:
    date, detail = moment
    if detail == "day":
        return day(date, language)
    return _written(date, "month.year" if detail == "month" else "year", language)


def _both(first: Moment, last: Moment, language: str) -> str:
    """Two moments joined as the language joins days, or months and years; what both share is written once."""
    (start, detail), (end, other) = first, last
    if first == last:
        return _alone(first, language)
    if start > end:
        raise ValueError
    key = "days" if detail == other == "day" else "others"
    language = _worded(key, language)
    opening, ending = _alone(first, language), _alone(last, language)
    if detail == other == "day" and start.year == end.year:
        inside = start.month == end.month and _begins_with_day(language)
        opening = _written(start, "day" if inside else "day.month", language)
    elif detail == other == "month" and start.year == end.year:
        opening = _written(start, "month", language)
    return _joined(key, language, first=opening, last=ending)


def _open(which: str, moment: Moment, language: str) -> str:
    key = f"{which}_day" if moment[1] == "day" else which
    language = _worded(key, language)
    return _joined(key, language, date=_alone(moment, language))


def _written(date: dt.date, form: str, language: str) -> str:
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
def _patterns(locale: str) -> dict[str, str]:
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


def _begins_with_day(language: str) -> bool:
    return _patterns(_locale(language))["day.month.year"].startswith("d")


_JOINED: dict[str, dict[str, str]] = {
    "en": {"days": "{first} to {last}", "others": "{first} to {last}", "since_day": "from {date}", "since": "from {date}",
           "until_day": "until {date}", "until": "until {date}"},
    "fr": {"days": "du {first} au {last}", "others": "de {first} à {last}", "since_day": "à partir du {date}",
           "since": "à partir de {date}", "until_day": "jusqu’au {date}", "until": "jusqu’à {date}"},
    "es": {"days": "del {first} al {last}", "others": "de {first} a {last}", "since_day": "desde el {date}",
           "since": "desde {date}", "until_day": "hasta el {date}", "until": "hasta {date}"},
}  # fmt: skip


def _worded(key: str, language: str) -> str:
    """The language itself, or English where it has no words for this: half a period in each would be neither."""
    return language if key in _JOINED.get(words_of(language), {}) else SOURCE


def _joined(key: str, language: str, **parts: str) -> str:
    words = words_of(language)
    text = _JOINED[words][key].format(**parts)
    return _ELIDED.sub("d’", text) if words == "fr" else text
