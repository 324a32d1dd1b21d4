"""Numbers, percentages and ranges as a language writes them."""

from __future__ import annotations

import math

from fl_estimate.words.languages import check_language, words_of
from fl_estimate.words.spaces import FIXED, NARROW

_MARKS: dict[str, tuple[str, str]] = {"en": (",", "."), "fr": (NARROW, ","), "es": (".", ","), "pt": (".", ",")}


def number(value: float, decimals: int, language: str = "en") -> str:
    """Write a number with thousands and decimals marked as the language does.

    Examples
    --------
    >>> number(-1234.5, 1, "en"), number(1234.5, 1, "es")
    ('−1,234.5', '1.234,5')
    """
    thousands, point = _MARKS[words_of(language)]
    if not math.isfinite(value):
        return "∞" if value > 0 else ("−∞" if value < 0 else "")
    plain = f"{abs(value):,.{decimals}f}"
    negative = value < 0 and any(digit in "123456789" for digit in plain)
    written = plain.replace(",", "\0").replace(".", point).replace("\0", thousands)
    return f"−{written}" if negative else written


def percent(share: float, decimals: int, language: str = "en") -> str:
    """Write a share (0.305) as a percentage, with the space that French and Spanish put before the sign.

    Examples
    --------
    >>> percent(0.305, 1, "en")
    '30.5%'
    """
    gap = "" if words_of(language) in ("en", "pt") else FIXED
    return f"{number(share * 100, decimals, language)}{gap}%"


def level_words(level: float, language: str = "en") -> str:
    """A level of confidence: 95%, 97.5%."""
    return percent(level, 0 if abs(level * 100 - round(level * 100)) < 1e-9 else 1, language)


def spread(lower: str, upper: str, language: str = "en") -> str:
    """Two written limits as a range: an en dash between them, with spaces where a limit is negative."""
    check_language(language)
    return f"{lower} – {upper}" if "−" in lower or "−" in upper else f"{lower}–{upper}"
