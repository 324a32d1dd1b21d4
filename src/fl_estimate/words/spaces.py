"""No-break spaces, put where a language wants them: catalogues hold plain ones, so that nobody has to type others.

Only the text of a catalogue is set so, never what stands in its braces: a path or a label of a survey stays as it came.
"""

from __future__ import annotations

import re

NARROW, FIXED = "\u202f", "\u00a0"
"""Narrow no-break space, no-break space."""

_EVERYWHERE = ((re.compile(r"(?<=\d) (?=\d{3}(?!\d))"), NARROW),)
"""Between thousands."""

_AFTER_A_NUMBER, _AFTER_A_WORD = re.compile(r"(?<=[\d}]) ?(?=%)"), re.compile(r"(?<=\w) (?=%)")
_SPACED_PER_CENT = ("fr", "es")
"""Languages with a space before the per cent sign."""

_FRENCH = (
    (re.compile(r"(?<=[^\s:]) ?:(?=\s|$)"), f"{FIXED}:"),
    (re.compile(r"(?<=[^\s;!?]) ?(?=[;!?](?:[\s!?»)]|$))"), NARROW),
    (re.compile(r"« ?"), f"«{FIXED}"),
    (re.compile(r" ?»"), f"{FIXED}»"),
)
"""Before a colon and within guillemets a whole space, before the other signs of two parts a narrow one."""


def with_spaces(text: str, language: str) -> str:
    """A text of a catalogue with the no-break spaces of its language.

    Examples
    --------
    >>> with_spaces("Deux phases ; soit : « 1 000 »", "fr") == (
    ...     f"Deux phases{NARROW}; soit{FIXED}: «{FIXED}1{NARROW}000{FIXED}»"
    ... )
    True
    >>> with_spaces("{share} % of 1,000; that is:", "en")
    '{share}% of 1,000; that is:'
    """
    for pattern, instead in (*_EVERYWHERE, *_per_cent(language), *(_FRENCH if language == "fr" else ())):
        text = pattern.sub(instead, text)
    return text


def _per_cent(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Before a per cent sign: of a number as the language has it, of a word a space that does not break."""
    return (_AFTER_A_NUMBER, FIXED if language in _SPACED_PER_CENT else ""), (_AFTER_A_WORD, FIXED)
