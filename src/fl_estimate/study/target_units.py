"""Units of printed figures: million, percent, per 1,000, US$bn. What a label or a unit says, as dimension and scale."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Dimension = Literal["count", "share", "money", "years", "ratio"]

_SIZES: dict[str, float] = {
    "": 1.0, "hundred": 1e2, "hundreds": 1e2, "k": 1e3, "thousand": 1e3, "thousands": 1e3, "m": 1e6, "mn": 1e6,
    "million": 1e6, "millions": 1e6, "bn": 1e9, "billion": 1e9, "billions": 1e9,
}  # fmt: skip
_SIZE = "|".join(sorted((size for size in _SIZES if size), key=len, reverse=True))
_MONEY = re.compile(rf"(?:us ?\$|us dollars?|usd|\$|€|eur|£|gbp)\s*({_SIZE})?(?:\s+(?:per|a|each)\b.*)?")
_COUNT = re.compile(rf"({_SIZE})(?:\s+(?:of\s+)?(?:persons|people|victims|workers|children|adults|women|men).*)?")
_RATE = re.compile(r"(?:persons |people |victims )?per (?:(\d[\d, ]*)|(hundred|thousand|million))\b.*")
_PERSONS = re.compile(
    r"(?:persons|people|victims|workers|children|adults|women|men|cases|households|interviews|number)\b.*"
)


@dataclass(frozen=True)
class Unit:
    """What a figure measures, and how many natural units one printed unit is (percent: 0.01 of a proportion)."""

    dimension: Dimension
    scale: float


def read_unit(text: str) -> Unit | None:
    """Read a unit as it is printed; None where these words are no unit.

    Examples
    --------
    >>> read_unit("US$bn"), read_unit("per 1,000"), read_unit("by sector")
    (Unit(dimension='money', scale=1000000000.0), Unit(dimension='share', scale=0.001), None)
    """
    said = re.sub(r"\(.*?\)|\"", " ", text.lower())
    said = re.sub(r"\s+", " ", said).strip(" .;:")
    if re.fullmatch(r"(percent|per cent|%|pct|percentage)( (of|points?)\b.*)?", said):
        return Unit("share", 0.01)
    if said in ("year", "years", "yr", "years out of the five"):
        return Unit("years", 1.0)
    if said in ("month", "months"):
        return Unit("years", 1 / 12)
    if said in ("ratio", "times", "multiple", "factor", "points", "score", "index"):
        return Unit("ratio", 1.0)
    if said in ("proportion", "share"):
        return Unit("share", 1.0)
    if match := _MONEY.fullmatch(said):
        return Unit("money", _SIZES[match[1] or ""])
    if match := _COUNT.fullmatch(said):
        return Unit("count", _SIZES[match[1]])
    if match := _RATE.fullmatch(said):
        size = float(re.sub(r"[, ]", "", match[1])) if match[1] else _SIZES[match[2]]
        return Unit("share", 1 / size)
    return Unit("count", 1.0) if _PERSONS.fullmatch(said) else None


def unit_in_label(label: str) -> Unit | None:
    """The unit that a label says, after a comma, in brackets or at its end; None where it says none.

    Examples
    --------
    >>> unit_in_label("share of pickers forced 2019, percent").scale
    0.01
    >>> unit_in_label("fishers interviewed") is None
    True
    """
    whole = re.sub(r"(?<=\d),(?=\d{3}\b)", "", label)  # the comma of "per 1,000" parts nothing
    bracketed = re.findall(r"\(([^()]*)\)", whole)
    for part in [*reversed(whole.split(",")[1:]), *reversed(bracketed)]:
        if (unit := read_unit(part)) is not None:
            return unit
    lowered = whole.lower()
    if match := re.search(r"\bper (1\d+)\b", lowered):
        return Unit("share", 1 / float(match[1]))
    if re.match(r"(mean|average|median)?\s*(number of )?years\b", lowered):
        return Unit("years", 1.0)
    if re.search(r"\b(percent|per cent)\b|%\s*$", lowered):
        return Unit("share", 0.01)
    if match := re.search(rf"\b({_SIZE})$", lowered.strip()):
        return Unit("count", _SIZES[match[1]])
    return None
