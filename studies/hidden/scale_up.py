"""Recovery of network scale-up: samples drawn from a population whose hidden group is known, where its assumptions hold and where each fails."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import fl_estimate as fl
from studies.hidden.cells import Cell, Drawn

DESIGN = "network scale-up"
REPLICATES = 300
ALIKE: dict[str, Any] = {
    "strata_differ": 0.0, "network_size": 400.0, "known": {f"group{number}": 100_000.0 for number in range(8)},
}  # fmt: skip
"""Strata that do not differ and network sizes that are known well: what the mean of ratios needs."""


def draw(seed: int, drawn: Mapping[str, Any], given: Mapping[str, Any]) -> Drawn:
    """One study, and the basic estimate of its hidden group."""
    study = fl.hidden.simulate_scale_up(seed=seed, **drawn)
    # 77 people known, where nobody else knows 39, would be taken for a code.
    settings: dict[str, Any] = {"largest": 10_000.0, **given}
    if settings.get("variance") == "rescaled-bootstrap":
        settings |= {"seed": seed, "replicates": REPLICATES}
    made = fl.hidden.scale_up(
        study.people, "hidden", known=study.known, population=study.population, design=study.design, **settings
    )
    return made.value, *made.interval, study.hidden_size


def draw_generalised(seed: int, drawn: Mapping[str, Any], given: Mapping[str, Any]) -> Drawn:
    """One study, and the generalised estimate."""
    study = fl.hidden.simulate_scale_up(seed=seed, **drawn)
    made = fl.hidden.generalised_scale_up(
        study.people, "hidden", frame_population=study.population, hidden_people=study.hidden_people, visibility=list(study.known),
        known=study.known, design=study.design, hidden_design=study.hidden_design, largest=10_000.0, **given,
    )  # fmt: skip
    return made.value, *made.interval, study.hidden_size


def cell(
    estimator: str, situation: str, *, holds: bool, drawn: Mapping[str, Any] | None = None,
    given: Mapping[str, Any] | None = None, generalised: bool = False, share: float = 1.0,
) -> Cell:  # fmt: skip
    """A cell of this design."""
    one = draw_generalised if generalised else draw
    return Cell(
        design=DESIGN, estimator=estimator, situation=situation, holds=holds, share=share,
        draw=partial(one, drawn=dict(drawn or {}), given=dict(given or {})),
    )  # fmt: skip


SUMS, RATIOS, GENERALISED = "ratio of sums", "mean of ratios", "generalised"
TRUE = {"degree_ratio": 0.7, "transmission": 0.6}
CELLS: tuple[Cell, ...] = (
    cell(SUMS, "clusters, two strata", holds=True),
    cell(SUMS, "clusters, two strata; bootstrap", holds=True, given={"variance": "rescaled-bootstrap"}),
    cell(SUMS, "small networks know members more", holds=True, drawn={"barrier": 0.5}),
    cell(SUMS, "δ 0.7, τ 0.6, corrected", holds=True, drawn=TRUE, given=TRUE),
    cell(SUMS, "large groups forgotten, corrected", holds=True, drawn={"recall": (0.002, 0.5)}, given={"recall": (0.002, 0.5)}),
    cell(SUMS, "δ 0.7, not corrected", holds=False, drawn={"degree_ratio": 0.7}),
    cell(SUMS, "τ 0.6, not corrected", holds=False, drawn={"transmission": 0.6}),
    cell(SUMS, "a tenth of reports false", holds=False, drawn={"precision": 0.9}),
    cell(SUMS, "large groups forgotten, not corrected", holds=False, drawn={"recall": (0.002, 0.5)}),
    cell(SUMS, "clusters; binomial error", holds=False, given={"variance": "binomial"}),
    cell(RATIOS, "ties at random, large known groups", holds=True, drawn=ALIKE, given={"estimator": "mean-of-ratios"}),
    cell(RATIOS, "small networks know members more", holds=False, drawn={"barrier": 0.5}, given={"estimator": "mean-of-ratios"}),
    cell(GENERALISED, "δ 0.7, τ 0.6, small networks know more", holds=True, drawn=TRUE | {"barrier": 0.5}, generalised=True),
    cell(GENERALISED, "a tenth of reports false", holds=False, drawn={"precision": 0.9}, generalised=True),
    cell(GENERALISED, "a tenth of reports false, corrected", holds=True, drawn={"precision": 0.9}, given={"precision": 0.9}, generalised=True),
)  # fmt: skip
