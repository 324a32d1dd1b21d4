"""Two teams that look for reported cases: regions, sizes, and teams that know of each other or find large cases more readily."""

from __future__ import annotations

from typing import Any

import fl_estimate as fl
from studies.hidden.cells import Cell, Drawn


def drawn(quantity: str, settings: dict[str, Any], seed: int, **population: Any) -> Drawn:
    """Draw one sample and estimate from it."""
    sample = fl.hidden.simulate_reported_cases(seed=seed, **population)
    rows = fl.hidden.reported_cases(**sample.arguments, **settings).select(quantity=quantity)
    return rows.value, *rows.interval, sample.truth[quantity]


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
    cell("reported_persons", "three regions, teams apart", holds=True),
    cell("reported_cases", "three regions, teams apart", holds=True),
    cell("persons_per_case", "three regions, teams apart", holds=True),
    cell("reported_persons", "120 cases", holds=True, cases=120, strata=1),
    cell("reported_persons", "large cases found more readily", holds=False, size_effect=0.5),
    cell("reported_persons", "large cases found more readily", holds=False, settings=BY_SIZE, size_effect=0.5),
    cell("reported_persons", "a case found once is found again twice as readily", holds=False, odds_ratio=2.0),
    cell("reported_persons", "a fifth of the matches is missed", holds=False, unmatched=0.2),
)
