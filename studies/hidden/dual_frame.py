"""Two frames, a cluster sample of households and a register: five estimators, few cases, and an overlap that people do not tell."""

from __future__ import annotations

from typing import Any

import fl_estimate as fl
from studies.hidden.cells import Cell, Drawn

RARE = (0.005, 0.015, 0.03)


def drawn(estimator: Any, quantity: Any, share: Any, seed: int, **population: Any) -> Drawn:
    """Draw one sample and estimate from it."""
    sample = fl.hidden.simulate_dual_frame(seed=seed, **population)
    more: dict[str, Any] = {}
    if estimator.startswith("single-frame"):
        more["probabilities"] = ("in_a", "in_b")
    elif share != "outcome":
        more["overlap_share"] = share
    if estimator in ("single-frame-raking", "pseudo-maximum-likelihood"):
        more["frame_sizes"] = sample.population["frame_sizes"]
    found = fl.hidden.dual_frame(estimator=estimator, quantity=quantity, **more, **sample.arguments)
    return found.value, *found.interval, sample.truth[quantity]


def cell(
    estimator: str, situation: str, *, holds: bool, quantity: str = "total", share: str = "outcome", **population: Any
) -> Cell:
    """A situation, by what the simulator and the estimator are told."""
    named = f"{estimator}, {quantity}" + ("" if share == "outcome" else f", share by {share}")
    return Cell(
        design="dual frame", estimator=named, situation=situation, holds=holds,
        draw=lambda seed: drawn(estimator, quantity, share, seed, **population),
    )  # fmt: skip


CELLS: tuple[Cell, ...] = (
    *(
        cell(estimator, "households and register", holds=True)
        for estimator in ("hartley", "fuller-burmeister", "single-frame", "single-frame-raking", "pseudo-maximum-likelihood")
    ),
    cell("hartley", "households and register", holds=True, quantity="prevalence"),
    cell("hartley", "households and register", holds=True, share="size"),
    cell("hartley", "few cases", holds=True, share="size", prevalence=RARE),
    # Where a sample met no case in the overlap the share is that of the people, so that both err alike.
    cell("hartley", "few cases, small samples", holds=True, prevalence=RARE, n_a=400, n_b=150),
    cell("hartley", "few cases, small samples", holds=True, share="size", prevalence=RARE, n_a=400, n_b=150),
    cell("hartley", "a third of the overlap of the register does not tell", holds=False, share="size", overlap_missed=1 / 3),
)  # fmt: skip
