"""An attacker on published tables, written without looking at the library's own audit: intervals by plain programmes over cells.

Knows what is printed and the rule of publication, and nothing of the microdata.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp

MIN_N, MIN_CASES = 50, 5
"""fl-default, as its docstring states it."""
INFEASIBLE = 2


def half_step(value: float, se: float = math.nan) -> float:
    """Half the last digit of a printed number: two digits of its standard error where it is written so, else what it shows."""
    if np.isfinite(se) and se > 0:
        step = 10.0 ** (math.floor(math.log10(se)) - 1)
        if abs(value / step - round(value / step)) < 1e-6:
            return step / 2
    text = f"{value:.17g}" if float(f"{value:.15g}") != value else repr(value)
    mantissa, _, exponent = text.partition("e")
    decimals = len(mantissa.partition(".")[2]) - int(exponent or 0)
    return 0.5 * 10.0**-decimals


def told(publication: str, n: float, *, sure: bool = True) -> tuple[float, float]:
    """What the status alone tells of the number of cases, to whoever knows the rule; `sure` that degrees of freedom withhold nothing."""
    most = n if np.isfinite(n) else math.inf
    if publication == "at_most":
        return 0, MIN_CASES - 1
    if publication == "fewer_than":
        return 0, 0
    # Of enough people, and yet neither printed nor "at most": withheld to protect another cell.
    if publication == "not_published" and n >= MIN_N and sure:
        return MIN_CASES, most
    return 0, most


@dataclass
class Puzzle:
    """Unknown numbers, and what is known of sums of them."""

    lower: list[float] = field(default_factory=list[float])
    upper: list[float] = field(default_factory=list[float])
    whole: list[int] = field(default_factory=list[int])
    sums: list[tuple[dict[int, float], float, float]] = field(
        default_factory=list[tuple[dict[int, float], float, float]]
    )

    def unknown(self, lower: float = 0.0, upper: float = math.inf, *, whole: bool = True) -> int:
        self.lower.append(lower)
        self.upper.append(upper)
        self.whole.append(int(whole))
        return len(self.lower) - 1

    def says(self, terms: Mapping[int, float], lower: float, upper: float) -> None:
        self.sums.append((dict(terms), lower, upper))

    def adds_up(self, whole: int, parts: Iterable[int]) -> None:
        """One number is the sum of others."""
        self.says({whole: 1.0, **dict.fromkeys(parts, -1.0)}, 0, 0)

    def range(self, unknown: int) -> tuple[float, float] | None:
        """The least and the most that an unknown can be; None where nothing fits what is supposed."""
        matrix = np.zeros((len(self.sums), len(self.lower)))
        for row, (terms, _, _) in enumerate(self.sums):
            for at, weight in terms.items():
                matrix[row, at] += weight
        # The types of scipy know of single numbers only.
        least: Any = [low for _, low, _ in self.sums]
        most: Any = [high for _, _, high in self.sums]
        lower: Any = np.array(self.lower)
        upper: Any = np.array(self.upper)
        rows = LinearConstraint(matrix, least, most) if self.sums else ()
        ends: list[float] = []
        for sign in (1.0, -1.0):
            aim = np.zeros(len(self.lower))
            aim[unknown] = sign
            found = milp(
                aim, integrality=np.array(self.whole), bounds=Bounds(lower, upper),
                constraints=rows,
            )  # fmt: skip
            if found.status == INFEASIBLE:
                return None
            # Unbounded on this side: nothing is known there.
            ends.append(float(found.x[unknown]) if found.x is not None else -sign * math.inf)
        return ends[0], ends[1]


Key = tuple[str, frozenset[tuple[str, str]]]
Nested = Mapping[str, tuple[str, Mapping[str, str]]]


def key_of(row: Mapping[Any, Any]) -> Key:
    """A cell: the margin and its labels."""
    names = [name for name in str(row["margin"]).split(" × ") if name]
    return " × ".join(sorted(names)), frozenset((name, str(row[name])) for name in names)


def counts_of(frame: pd.DataFrame, nested: Nested, *, sure: bool) -> tuple[Puzzle, dict[Key, int]]:
    """The puzzle of the cases: printed ones, what a status tells, margins that add up to the nation, parts to what they lie in.

    Parameters
    ----------
    frame : rows of one outcome, published, of design-weighted tables (without bounds)
    nested : {column: (outer column, {label: outer label})}
    """
    puzzle, positions = Puzzle(), dict[Key, int]()
    for row in frame.to_dict("records"):
        key, n = key_of(row), float(row["n"]) if pd.notna(row["n"]) else math.nan
        if pd.notna(row["cases"]):
            low = high = float(row["cases"])
        else:
            low, high = told(str(row["publication"]), n, sure=sure)
        if key in positions:
            at = positions[key]
            puzzle.lower[at], puzzle.upper[at] = max(puzzle.lower[at], low), min(puzzle.upper[at], high)
        else:
            positions[key] = puzzle.unknown(low, high)
    nation = positions.get(("", frozenset()))
    margins = {margin for margin, _ in positions if margin and " × " not in margin}
    for margin in sorted(margins):
        parts = {key: at for key, at in positions.items() if key[0] == margin}
        if nation is not None:
            puzzle.adds_up(nation, parts.values())
        if margin in nested and nested[margin][0] in margins:
            outer, inside = nested[margin]
            for label in sorted(set(inside.values())):
                whole = positions.get((outer, frozenset({(outer, label)})))
                own = [at for key, at in parts.items() if inside.get(next(iter(key[1]))[1]) == label]
                if whole is not None:
                    puzzle.adds_up(whole, own)
    return puzzle, positions


def open_counts(frame: pd.DataFrame, nested: Nested) -> dict[Key, tuple[float, float]]:
    """For each cell whose cases are not printed, what the attacker finds: as narrow as something fits."""
    hidden = {key_of(row) for row in frame.to_dict("records") if pd.isna(row["cases"])}
    found: dict[Key, tuple[float, float]] = {}
    for sure in (True, False):
        puzzle, positions = counts_of(frame, nested, sure=sure)
        for key in hidden - set(found):
            ends = puzzle.range(positions[key])
            if ends is not None:
                found[key] = ends
    assert set(found) == hidden, "printed numbers contradict each other"
    return found
