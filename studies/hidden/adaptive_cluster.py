"""Adaptive cluster sampling of cells of a grid with persons in a few clusters: both estimators, strata, and networks left before their end."""

from __future__ import annotations

from typing import Any

import fl_estimate as fl
from studies.hidden.cells import Cell, Drawn

GRID: dict[str, Any] = {"clusters": 8, "persons_in_cluster": 30.0, "initial": 80}


def drawn(estimator: Any, seed: int, **population: Any) -> Drawn:
    """Draw one sample and estimate from it."""
    sample = fl.hidden.simulate_adaptive_cluster(seed=seed, **{**GRID, **population})
    found = fl.hidden.adaptive_cluster(estimator=estimator, **sample.arguments)
    return found.value, *found.interval, sample.truth["total"]


def cell(estimator: str, situation: str, *, holds: bool, **population: Any) -> Cell:
    """A situation, by what the simulator and the estimator are told."""
    return Cell(
        design="adaptive cluster", estimator=estimator, situation=situation, holds=holds,
        draw=lambda seed: drawn(estimator, seed, **population),
    )  # fmt: skip


CELLS: tuple[Cell, ...] = (
    cell("hansen-hurwitz", "8 clusters in 400 cells, 80 drawn", holds=True),
    cell("horvitz-thompson", "8 clusters in 400 cells, 80 drawn", holds=True),
    cell("horvitz-thompson", "two strata, networks cross them", holds=True, strata=2),
    cell("horvitz-thompson", "30 small clusters, 120 drawn", holds=True, clusters=30, persons_in_cluster=6.0, initial=120),
    cell("horvitz-thompson", "field work stops after one round", holds=False, stop_after=1),
    cell("horvitz-thompson", "a third of the persons is not found", holds=False, detection=2 / 3),
)  # fmt: skip
