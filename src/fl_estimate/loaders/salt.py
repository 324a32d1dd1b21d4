"""Whether a salt could be guessed: what is repeated, counted up, typed along a keyboard or made of words has few bits, however long."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from fl_estimate.errors import ListsFault

SHORTEST_SALT, FEWEST_BITS = 16, 50
"""Sixteen random bytes hardly ever show fewer bits: no more can be seen in so few, though they have 128."""

_OF_A_LETTER, _OF_A_DIGIT, _OF_A_SIGN = math.log2(26), math.log2(10), 4.0
_IN_A_WORD = 1.5
"""Bits of a letter of a text in a language; Shannon (1951) found 0.6 to 1.3 for English."""
_OF_A_ROW, _YEAR = 4.0, 6.0
_ROWS = (
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn",
    "1234567890",
    "0987654321",
    "abcdefghijklmnopqrstuvwxyz",
)
_IN_ROWS = re.compile(
    "|".join(
        row[at : at + size] for row in _ROWS for size in range(len(row), 3, -1) for at in range(len(row) - size + 1)
    ),
    re.IGNORECASE,
)
"""Four and more that lie in a row on a keyboard, or follow each other."""
_ROW_TYPED = "\x00"
_PARTS = re.compile(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+|\d+|[\W_]")
_VOWELS = "aeiouy"
_SPEAKABLE = re.compile(rf"(?!.*[{_VOWELS}]{{4}})(?!.*[^{_VOWELS}]{{5}}).*[{_VOWELS}].*")


def require_salt(salt: str | bytes) -> None:
    """Refuse a secret that could be guessed.

    Raises
    ------
    ListsFault
        FL-LISTS-12.
    """
    result = bits(salt)
    if len(salt) < SHORTEST_SALT or result < FEWEST_BITS:
        raise ListsFault(
            "FL-LISTS-12",
            "the salt is too easy to guess to keep identifiers from being found out",
            found=f"{len(salt)} characters, {abs(result):.0f} bits as they vary, where {FEWEST_BITS} are needed",
            fix="take secrets.token_hex(32), and keep it where the lists are kept",
        )


def bits(secret: str | bytes) -> float:
    """How many bits a secret has at the most: the least of three counts.

    Of its characters, and of the steps from each to the next, the entropy times the length; of what is repeated only the part that
    repeats counts. And of what a person would type: letters of what can be spoken, years, rows of a keyboard have few bits each.

    Examples
    --------
    >>> [bits(salt) > 50 for salt in ("a" * 64, "the ministry of labour", "9f2c4e7ab01d83e65c7f40a92b18d6e3")]
    [False, False, True]
    """
    codes = [ord(one) for one in secret] if isinstance(secret, str) else list(secret)
    size = len(codes)
    period = next((k for k in range(1, size) if codes[k:] == codes[:-k]), size)
    part = codes[:period]
    seen = min(_entropy(part), _entropy([b - a for a, b in pairwise(part)]) if period > 1 else 0.0)
    typed = "".join(map(chr, part))
    by_hand = typed.isprintable() and (typed.isascii() or isinstance(secret, str))
    return min(seen, sum(_typed(typed))) if by_hand else seen


def _entropy(codes: Sequence[int]) -> float:
    size = len(codes)
    return -sum(count * math.log2(count / size) for count in Counter(codes).values())


def _typed(text: str) -> Iterator[float]:
    """Bits of each part of a text: of words, numbers and the signs between them."""
    seen: set[str] = set()
    plainly = "".join(one for one in unicodedata.normalize("NFD", text) if not unicodedata.combining(one))
    for part in _PARTS.findall(_IN_ROWS.sub(_ROW_TYPED, plainly)):
        plain = part.casefold()
        if len(part) > 1 and plain in seen:
            yield 1.0
        elif part == _ROW_TYPED:
            yield _OF_A_ROW
        elif part.isdigit():
            yield _YEAR if re.fullmatch(r"(19|20)\d\d", part) else _OF_A_DIGIT * len(part)
        elif part.isalpha():
            speakable = len(part) > 1 and _SPEAKABLE.fullmatch(plain)
            yield (_IN_A_WORD if speakable else _OF_A_LETTER) * len(part)
        else:
            yield 1.0 if part in " -_." else _OF_A_SIGN
        seen.add(plain)
