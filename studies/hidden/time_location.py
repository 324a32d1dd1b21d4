"""Time-location samples of people of whom cases go to more events: with and without visits, and where frame or answers fail."""

from __future__ import annotations

from typing import Any

import fl_estimate as fl
from studies.hidden.cells import Cell, Drawn


def drawn(multiplicity: Any, quantity: Any, seed: int, **population: Any) -> Drawn:
    """Draw one sample and estimate from it."""
    sample = fl.hidden.simulate_time_location(seed=seed, **population)
    found = fl.hidden.time_location(multiplicity=multiplicity, quantity=quantity, **sample.arguments)
    return found.value, *found.interval, sample.truth[quantity]


def cell(multiplicity: str, situation: str, *, holds: bool, quantity: str = "prevalence", **population: Any) -> Cell:
    """A situation, by what the simulator and the estimator are told."""
    estimator = {"visits": "divided by visits", "none": "without visits"}[multiplicity]
    return Cell(
        design="time-location", estimator=f"{quantity}, {estimator}", situation=situation, holds=holds,
        draw=lambda seed: drawn(multiplicity, quantity, seed, **population),
    )  # fmt: skip


ALIKE: dict[str, Any] = {"visits": 4.0, "visits_of_cases": 4.0}
CELLS: tuple[Cell, ...] = (
    cell("visits", "cases go twice as often", holds=True),
    cell("visits", "cases go twice as often", holds=True, quantity="total"),
    cell("visits", "all go alike", holds=True, **ALIKE),
    cell("none", "cases go twice as often", holds=False),
    cell("visits", "a third of the cases goes off the frame", holds=False, off_frame=1 / 3),
    cell("visits", "cases tell half of their visits", holds=False, visits_told=0.5),
)
