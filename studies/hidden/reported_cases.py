"""Two teams that look for reported cases: regions, sizes, and teams that know of each other or find large cases more readily."""

from __future__ import annotations

from typing import Any

import fl_estimate as fl
from studies.hidden.cells import Cell, Drawn


def drawn(quantity: Any, settings: dict[str, Any], seed: int, **population: Any) -> Drawn:
    """Draw one sample and estimate from it."""
    sample = fl.hidden.simulate_reported_cases(seed=seed, **population)
    found = fl.hidden.reported_cases(quantity=quantity, **sample.arguments, **settings)
    return found.value, *found.interval, sample.truth[str(found.frame["quantity"].iloc[0])]


def cell(
    quantity: str, situation: str, *, holds: bool, settings: dict[str, Any] | None = None, **population: Any
) -> Cell:
    """A situation, by what the simulator and the estimator are told."""
    named = quantity + (", by size" if settings else "")
    return Cell(
        design="reported cases", estimator=named, situation=situation, holds=holds,
        draw=lambda seed: drawn(quantity, settings or {}, seed, **population),
    )  # fmt: skip


BY_SIZE: dict[str, Any] = {"size_classes": [4, 8, 16]}
CELLS: tuple[Cell, ...] = (
    cell("persons", "three regions, teams apart", holds=True),
    cell("cases", "three regions, teams apart", holds=True),
    cell("persons_per_case", "three regions, teams apart", holds=True),
    cell("persons", "120 cases", holds=True, cases=120, strata=1),
    cell("persons", "large cases found more readily", holds=False, size_effect=0.5),
    cell("persons", "large cases found more readily", holds=False, settings=BY_SIZE, size_effect=0.5),
    cell("persons", "a case found once is found again twice as readily", holds=False, odds_ratio=2.0),
    cell("persons", "a fifth of the matches is missed", holds=False, unmatched=0.2),
)
