"""Several answers in one cell: how their codes are set apart, and what a cell of such codes looks like.

The codes of a set stand with blanks, commas, semicolons or bars between them, as questions with many answers are
exported; `load` writes a semicolon. One code alone is a set as well.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

SEPARATORS = r"[\s,;|]+"
"""What stands between the codes of a cell, as a regular expression."""
SEPARATOR = ";"
"""What `load` writes between them."""
_EDGE = r"[\s,;|]*"


def split(cell: str) -> tuple[str, ...]:
    """The codes of one cell, each once."""
    return tuple(dict.fromkeys(code for code in re.split(SEPARATORS, cell) if code))


def only(codes: Sequence[str]) -> str:
    """A regular expression for cells that hold codes of a list and nothing else."""
    one = f"(?:{'|'.join(map(re.escape, codes))})"
    return f"^{_EDGE}{one}(?:{SEPARATORS}{one})*{_EDGE}$"


def one_of(codes: Sequence[str]) -> str:
    """A regular expression for cells that hold one of these codes, whatever stands beside it."""
    return rf"(?:^|[\s,;|])(?:{'|'.join(map(re.escape, codes))})(?:$|[\s,;|])"
