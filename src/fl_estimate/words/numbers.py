"""Numbers, percentages and ranges as a language and a territory write them, by the data of CLDR. Sentences are not said here.

Machine files (CSV, Parquet, JSON) never pass through here. Days and periods are in `dates`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cache

from fl_estimate.words.languages import locale_of, words_of
from fl_estimate.words.spaces import FIXED, NARROW

MINUS = "\u2212"
"""The sign of negative numbers in every language: CLDR's hyphen would break a line and read as a range."""

_GROUPED_BY_A_SPACE: frozenset[str] = frozenset({"es"})
_UNGROUPED_UP_TO: dict[str, int] = {"es": 4}
"""Numbers of so many digits have no thousands marked: CLDR's minimumGroupingDigits of 2, which Babel does not carry."""
_THREE = (3, 3)


@dataclass(frozen=True, slots=True)
class Marks:
    """What a language puts into a number.

    Attributes
    ----------
    thousands, point : str
        Between groups of three digits, and before decimals.
    ungrouped : int
        Whole numbers of up to so many digits are written without the first.
    gap : str
        Before the per cent sign.
    infinity : str
    """

    thousands: str
    point: str
    ungrouped: int
    gap: str
    infinity: str


@cache
def marks_of(tag: str) -> Marks:
    """The marks of a language, or of a language in a territory.

    Decimals, thousands and the gap before the per cent sign are CLDR's, but for two rules. Spanish puts a space between
    thousands, and none into numbers of four digits, as the academies and ISO 80000-1 ask: CLDR has a point for Spain and
    Chile and a comma for Mexico and Peru, so that "1.234" is a thousand to one reader and one and a quarter to
    another. And a no-break space is never narrow before the per cent sign.

    Parameters
    ----------
    tag : str
        "en", "fr", "es", "es-MX", …

    Returns
    -------
    Marks

    Raises
    ------
    PublishFault
        FL-PUB-07: no such language.

    Examples
    --------
    >>> [marks_of(tag).point for tag in ("es", "es-CL", "es-MX", "es-PE")]
    [',', ',', '.', '.']
    """
    from babel import Locale

    language, locale = words_of(tag), Locale.parse(locale_of(tag))
    symbols = locale.number_symbols["latn"]
    pattern = locale.percent_formats[None].pattern
    spaced = any(sign in pattern for sign in (NARROW, FIXED, " "))
    return Marks(
        thousands=NARROW if language in _GROUPED_BY_A_SPACE else symbols["group"],
        point=symbols["decimal"],
        ungrouped=_UNGROUPED_UP_TO.get(language, 3),
        gap=FIXED if spaced else "",
        infinity=symbols["infinity"],
    )


def number(value: float, decimals: int, language: str = "en") -> str:
    """Write a number with thousands and decimals marked as the language does.

    Parameters
    ----------
    value : float
        Rounded half to even, as Python rounds. Missing gives an empty text.
    decimals : int
    language : str

    Returns
    -------
    str
        One that rounds to zero has no minus.

    Raises
    ------
    PublishFault
        FL-PUB-07: no such language.

    Examples
    --------
    >>> number(-1234.5, 1, "en"), number(1234.5, 1, "es"), number(1234.5, 1, "es-MX")
    ('−1,234.5', '1234,5', '1234.5')
    """
    marks = marks_of(language)
    if not math.isfinite(value):
        return marks.infinity if value > 0 else (f"{MINUS}{marks.infinity}" if value < 0 else "")
    written = f"{abs(value):,.{decimals}f}"
    negative = value < 0 and any(digit in "123456789" for digit in written)
    whole, dot, rest = written.partition(".")
    commas = whole.count(",")
    if commas:
        mark = marks.thousands if len(whole) - commas > marks.ungrouped else ""
        whole = whole.replace(",", mark) if mark != "," else whole
    written = f"{whole}{marks.point}{rest}" if dot else whole
    return f"{MINUS}{written}" if negative else written


def percent(share: float, decimals: int, language: str = "en") -> str:
    """Write a share (0.305) as a percentage, with the space that the language puts before the sign.

    Examples
    --------
    >>> percent(0.305, 1, "en"), percent(0.305, 1, "es-MX"), percent(0.305, 1, "fr") == "30,5" + FIXED + "%"
    ('30.5%', '30.5%', True)
    """
    return f"{number(share * 100, decimals, language)}{marks_of(language).gap}%"


def in_territory(text: str, tag: str) -> str:
    """A text of a language with the decimals and per cent signs that stand in it written as a territory does.

    Examples
    --------
    >>> in_territory("p < 0,01, y 2, 3", "es-MX"), in_territory("p < 0,01", "es")
    ('p < 0.01, y 2, 3', 'p < 0,01')
    """
    ours, theirs = marks_of(words_of(tag)), marks_of(tag)
    if ours.point != theirs.point:
        text = re.sub(rf"(?<=\d){re.escape(ours.point)}(?=\d)", theirs.point, text)
    return text if ours.gap == theirs.gap else text.replace(f"{ours.gap}%", f"{theirs.gap}%")


def level_words(level: float, language: str = "en") -> str:
    """A level of confidence: 95%, 97.5%.

    Examples
    --------
    >>> level_words(0.95), level_words(0.975)
    ('95%', '97.5%')
    """
    return percent(level, 0 if abs(level * 100 - round(level * 100)) < 1e-9 else 1, language)


def spread(lower: str, upper: str, language: str = "en") -> str:
    """Two written limits as a range: an en dash between them, with spaces where a limit is negative.

    Examples
    --------
    >>> spread("1.2", "3.4"), spread("−1.2", "3.4")
    ('1.2–3.4', '−1.2 – 3.4')
    """
    words_of(language)
    return f"{lower} – {upper}" if MINUS in lower or MINUS in upper else f"{lower}–{upper}"


def is_in_threes(tag: str) -> bool:
    """Whether CLDR marks every third digit of the language, which `number` takes for granted.

    Examples
    --------
    >>> is_in_threes("es-MX")
    True
    """
    from babel import Locale

    return Locale.parse(locale_of(tag)).decimal_formats[None].grouping == _THREE
