"""A screener of everybody and interviews of some: a part of those who do not pass interviewed, or none of them."""

from __future__ import annotations

from typing import Any

import fl_estimate as fl
from studies.hidden.cells import Cell, Drawn


def drawn(settings: dict[str, Any], quantity: Any, seed: int, **population: Any) -> Drawn:
    """Draw one sample and estimate from it."""
    sample = fl.hidden.simulate_two_phase(seed=seed, **population)
    found = fl.hidden.two_phase(quantity=quantity, **settings, **sample.arguments)
    return found.value, *found.interval, sample.truth[quantity]


def cell(
    estimator: str,
    situation: str,
    *,
    holds: bool,
    quantity: str = "prevalence",
    settings: dict[str, Any] | None = None,
    **population: Any,
) -> Cell:
    """A situation, by what the simulator and the estimator are told."""
    return Cell(
        design="two-phase", estimator=f"{quantity}, {estimator}", situation=situation, holds=holds,
        draw=lambda seed: drawn(settings or {}, quantity, seed, **population),
    )  # fmt: skip


NONE: dict[str, Any] = {"negatives": "none"}
POSITIVES: dict[str, Any] = {"interviewed": (0.8, 0.0)}
CELLS: tuple[Cell, ...] = (
    cell("both interviewed", "sensitivity 0.8, a tenth of the negatives", holds=True),
    cell("both interviewed", "sensitivity 0.8, a tenth of the negatives", holds=True, quantity="total"),
    cell("positives interviewed", "sensitivity 1", holds=True, settings=NONE, sensitivity=1.0, **POSITIVES),
    cell("positives interviewed", "sensitivity 0.8", holds=False, settings=NONE, **POSITIVES),
)
