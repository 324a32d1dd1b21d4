"""Names of estimates as names of files: on every system a file of its own for each, whatever letters and cases it has."""

from __future__ import annotations

import re
from collections.abc import Iterable

LONGEST = 80
"""Bytes; with what stands around them a name stays below the 255 bytes that file systems take."""
RESERVED = frozenset(
    {"con", "prn", "aux", "nul", *(f"{name}{digit}" for name in ("com", "lpt") for digit in "123456789¹²³")}
)
"""What Windows takes for a device, with any ending."""


def as_files(names: Iterable[str]) -> dict[str, str]:
    """A part of a file's name for each name, unique without regard to case.

    Parameters
    ----------
    names : iterable of str
        In the order of the study: the first of two that would share a file keeps the plain name.

    Examples
    --------
    >>> as_files(["prevalence", "by region", "By_region", "nul"])
    {'prevalence': 'prevalence', 'by region': 'by_region', 'By_region': 'By_region_2', 'nul': 'nul_'}
    """
    taken: set[str] = set()
    result: dict[str, str] = {}
    for name in names:
        plain = _plain(name)
        stem, number = plain, 1
        while stem.casefold() in taken:
            number += 1
            stem = f"{plain}_{number}"
        taken.add(stem.casefold())
        result[name] = stem
    return result


def _plain(name: str) -> str:
    # No dot: what stands between dots in a file's name is its language. Bytes are counted: a letter may have four.
    kept = re.sub(r"[^\w-]+", "_", name).encode()[:LONGEST].decode(errors="ignore") or "_"
    return f"{kept}_" if kept.casefold() in RESERVED else kept
