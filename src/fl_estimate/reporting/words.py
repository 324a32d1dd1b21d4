"""What reporting says: the words of `fl_estimate.words`, under the name that this room knows them by."""

from __future__ import annotations

from fl_estimate.words.languages import LANGUAGES, check_language
from fl_estimate.words.numbers import level_words, number, percent, spread
from fl_estimate.words.say import joined, labels, opening, say

__all__ = [
    "LANGUAGES", "check_language", "joined", "labels", "level_words", "number", "opening", "percent", "say", "spread",
]  # fmt: skip
