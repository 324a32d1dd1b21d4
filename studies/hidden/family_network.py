"""Family networks: victims told of by relatives, by both counting rules; and what wrong units, guessed multiplicities and silence do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import fl_estimate as fl
from studies.hidden.cells import Cell, Drawn

DESIGN, ESTIMATOR = "family network", "fl.hidden.multiplicity"
Simulated = Any
"""What `fl.hidden.simulate_families` gives."""
Estimating = Callable[[Simulated], fl.Estimates]


def by_rule(counting: Any, **settings: Any) -> Estimating:
    """Estimate from a survey as it was collected."""
    return lambda drawn: fl.hidden.multiplicity(drawn.survey, "forced_labour", counting=counting, **settings)


def weights_of_households(drawn: Simulated) -> fl.Estimates:
    """Weights of households, and numbers of persons who could have told."""
    design = replace(drawn.survey.design, weights="weight_hh")
    return fl.hidden.multiplicity(drawn.survey, "forced_labour", counting="households", design=design)


def by_size_of_family(drawn: Simulated) -> fl.Estimates:
    """The number of households of a person guessed by the size of the respondent's family."""
    survey = drawn.survey
    size = 1 + survey.people[[f"network_size_{kind}" for kind in ("parent", "child", "sibling")]].sum(axis=1)
    people = survey.people.assign(guessed=size)
    relatives = survey.relatives.merge(
        people[["person_id", "guessed"]], left_on="reported_by", right_on="person_id", how="left"
    ).drop(columns="person_id")
    return fl.hidden.multiplicity(
        replace(survey, people=people, relatives=relatives),
        "forced_labour",
        counting="households",
        multiplicity="guessed",
    )


def without_multiplicity(drawn: Simulated) -> fl.Estimates:
    """Every report counted whole."""
    survey = drawn.survey
    parts = {
        name: frame.assign(n_eligible_reporters=1)
        for name, frame in (("people", survey.people), ("relatives", survey.relatives))
    }
    parts["relatives"] = parts["relatives"].assign(relative_id=lambda f: [f"r{line}" for line in range(len(f))])
    return fl.hidden.multiplicity(replace(survey, **parts), "forced_labour", counting="households")


def _draw(estimate: Estimating, *, share: bool = False, **population: Any) -> Callable[[int], Drawn]:
    def once(seed: int) -> Drawn:
        drawn = fl.hidden.simulate_families(seed=seed, **population)
        row = estimate(drawn).frame.iloc[0]
        truth = drawn.truth / drawn.adults if share else drawn.truth
        return float(row["value"]), float(row["lower"]), float(row["upper"]), float(truth)

    return once


def _cell(situation: str, draw: Callable[[int], Drawn], *, holds: bool) -> Cell:
    return Cell(design=DESIGN, estimator=ESTIMATOR, situation=situation, holds=holds, draw=draw)


HOUSEHOLDS: dict[str, Any] = {"counting": "households"}
PERSONS: dict[str, Any] = {"counting": "persons"}
CELLS: tuple[Cell, ...] = (
    _cell("households report, s asked", _draw(by_rule("households"), **HOUSEHOLDS), holds=True),
    _cell("households report, s asked: prevalence", _draw(by_rule("households", quantity="prevalence"), share=True, **HOUSEHOLDS), holds=True),
    _cell("households report, few victims (0.5 %)", _draw(by_rule("households"), prevalence=0.005, **HOUSEHOLDS), holds=True),
    _cell("households report, 12 areas", _draw(by_rule("households"), areas_drawn=12, **HOUSEHOLDS), holds=True),
    _cell("persons report, s asked", _draw(by_rule("persons"), **PERSONS), holds=True),
    _cell("persons report, s asked: prevalence", _draw(by_rule("persons", quantity="prevalence"), share=True, **PERSONS), holds=True),
    _cell("wrong unit: weights of households, s of persons", _draw(weights_of_households, **PERSONS), holds=False),
    _cell("wrong unit: weights of persons, s of households", _draw(by_rule("persons", multiplicity="reporting_households"), **PERSONS), holds=False),
    _cell("s of households guessed by the size of the family", _draw(by_size_of_family, **HOUSEHOLDS), holds=False),
    _cell("s from sizes of networks, one in ten away", _draw(by_rule("persons", multiplicity="network_sizes"), **PERSONS), holds=False),
    _cell("no s: every report counted whole", _draw(without_multiplicity, **HOUSEHOLDS), holds=False),
    _cell("15 % of families away as a whole: nobody could tell", _draw(by_rule("households"), alone=0.15, **HOUSEHOLDS), holds=False),
    _cell("of victims 60 % are told", _draw(by_rule("households"), tells=0.6, **HOUSEHOLDS), holds=False),
)  # fmt: skip
