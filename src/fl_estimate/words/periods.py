"""Times in words: a period, a day, a month, a year, as "du 1er janvier au 31 décembre 2023". The joining words are the catalogues'.

Machine files keep ISO dates and never pass through here.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Literal

from fl_estimate.words.catalogue import catalogue
from fl_estimate.words.dates import begins_with_day, day, written
from fl_estimate.words.languages import SOURCE, check_language, words_of
from fl_estimate.words.say import say

Detail = Literal["day", "month", "year"]
Moment = tuple[dt.date, Detail]
"""A day, and how much of it was written: 2021-03-01, 2021-03, 2021."""

THEN = " → "
"""Between the times of a change: from the first round to the last."""

_MOMENT = r"\d{4}(?:-\d\d(?:-\d\d)?)?"
_ONE = re.compile(_MOMENT)
_BOTH = re.compile(rf"({_MOMENT})\s*(?:to|–|/)\s*({_MOMENT})|(\d{{4}})\s*-\s*(\d{{4}})")
_SINCE = re.compile(rf"(?:from|since)\s+({_MOMENT})|({_MOMENT})\s*(?:to|onwards?|–)")
_UNTIL = re.compile(rf"(?:until|up to|to|–)\s*({_MOMENT})")
_ELIDED = re.compile(r"\bde (?=[aeiouâéèê])")
"""French writes d’avril, d’août and d’octobre."""


def period(text: str, language: str = "en") -> str:
    """Say in words a time that is written with ISO dates or years.

    Parameters
    ----------
    text : str
        A day ("2021-03-01"), a month ("2021-03") or a year ("2021"); two of them ("2021-03-01 to 2021-05-31",
        "2010-2015"), or one with "from" or "until" before it. Both ends belong to the period. Or two such times with an
        arrow between them, of a change from the first to the last: both are said.
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
    if THEN in plain:
        said = [period(each, language) for each in plain.split(THEN)]
        return THEN.join(said) if all(said) else ""
    check_language(language)  # before the try: the fault of a language is a ValueError too
    try:
        if _ONE.fullmatch(plain):
            return _alone(_moment(plain), language)
        if matched := _BOTH.fullmatch(plain):
            first, last = (_moment(part) for part in matched.groups() if part is not None)
            return _both(first, last, language)
        if matched := _SINCE.fullmatch(plain):
            return _open("since", _moment(matched[1] or matched[2]), language)
        if matched := _UNTIL.fullmatch(plain):
            return _open("until", _moment(matched[1]), language)
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
    return written(date, "month.year" if detail == "month" else "year", language)


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
        inside = start.month == end.month and begins_with_day(language)
        opening = written(start, "day" if inside else "day.month", language)
    elif detail == other == "month" and start.year == end.year:
        opening = written(start, "month", language)
    return _joined(key, language, first=opening, last=ending)


def _open(which: str, moment: Moment, language: str) -> str:
    key = f"{which}_day" if moment[1] == "day" else which
    language = _worded(key, language)
    return _joined(key, language, date=_alone(moment, language))


def _worded(key: str, language: str) -> str:
    """The language itself, or English where it has no words for this: half a period in each would be neither."""
    return language if ("time", key) in catalogue(words_of(language)) else SOURCE


def _joined(key: str, language: str, **parts: str) -> str:
    text = say("time", key, language, **parts)
    return _ELIDED.sub("d’", text) if words_of(language) == "fr" else text
