"""Link tracing: size and prevalence from a stochastic block model, where its assumptions hold and where each one fails."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd

import fl_estimate as fl
from studies.hidden.cells import Cell, Drawn

DESIGN = "link tracing"
TOWNS: dict[str, Any] = {
    "strata": {"port": 0.3, "town": 0.7}, "links": [[0.012, 0.002], [0.002, 0.008]], "initial": 80, "outcome": {"port": 0.5, "town": 0.2},
    "estimate": {"strata": "stratum"},
}  # fmt: skip
SIZE = 600


def drawn(seed: int, *, quantity: str = "population_size", estimate: dict[str, Any], **sample: Any) -> Drawn:
    """One sample, and the interval of one quantity from it."""
    made = fl.hidden.simulate_link_tracing(SIZE, seed=seed, **sample)
    given: dict[str, Any] = {"draws": 1_000, "seed": seed, **estimate}
    if quantity == "prevalence":
        given |= {"outcome": "fl", "quantity": "prevalence"}
    found = fl.hidden.link_tracing(made.people, made.links, **given)
    row = found.national if given.get("strata") else found
    truth = made.prevalence if quantity == "prevalence" else float(made.size)
    return row.value, row.lower, row.upper, truth


def cell(situation: str, estimator: str, more: dict[str, Any], *, holds: bool, share: float = 0.25) -> Cell:
    """One line of the table, on a quarter of the samples asked for: a Markov chain each."""
    return Cell(
        design=DESIGN, estimator=estimator, situation=situation, holds=holds, draw=partial(drawn, **more), share=share
    )


STRATIFIED: dict[str, Any] = {"strata": "stratum"}
PAIR: dict[str, Any] = {"initial": ["initial_1", "initial_2"]}
PREVALENCE: dict[str, Any] = {"quantity": "prevalence"}
APART: dict[str, Any] = {"links": [[0.03, 0.0005], [0.0005, 0.004]], "estimate": {}}
MANY, FEW = "two strata, one wave", "strata that are linked apart, left out"
CELLS: tuple[Cell, ...] = (
    cell("one stratum, one wave", "size, Bayesian", {"links": 0.006, "initial": 80, "estimate": {}}, holds=True),
    cell(MANY, "size, Bayesian", TOWNS, holds=True),
    cell(MANY, "prevalence, Bayesian", TOWNS | PREVALENCE, holds=True),
    cell(
        "two strata, two waves", "size, Bayesian",
        TOWNS | {"initial": 30, "waves": 2, "links": [[0.006, 0.001], [0.001, 0.004]], "estimate": STRATIFIED | {"traced": "traced"}},
        holds=True,
    ),
    cell("two initial samples", "size, Bayesian", TOWNS | {"initial": (50, 50), "estimate": STRATIFIED | PAIR}, holds=True),
    cell(
        "two initial samples, last wave asked", "size, design-based",
        {
            "links": 0.004, "initial": (70, 70), "last_asked": True,
            "estimate": PAIR | {"outside": "outside", "method": "design", "draws": 200},
        },
        holds=True, share=0.1,
    ),
    cell("a third of links not named", "size, Bayesian", TOWNS | {"reported": 0.67}, holds=False),
    cell("initial sample met through links", "size, Bayesian", TOWNS | {"drawn": "by links"}, holds=False),
    cell("three in ten in a wrong stratum", "size, Bayesian", TOWNS | {"wrong_strata": 0.3}, holds=False),
    cell("three in ten in a wrong stratum", "prevalence, Bayesian", TOWNS | PREVALENCE | {"wrong_strata": 0.3}, holds=False),
    cell(FEW, "size, Bayesian", TOWNS | APART, holds=False),
    cell(FEW, "prevalence, Bayesian", TOWNS | PREVALENCE | APART, holds=False),
)  # fmt: skip


def service(seed: int, *, served_elsewhere: float = 0.0, ignored: bool = False) -> Drawn:
    """A service that served a quarter of 2,000 people; a sample of 300 with weights, who are asked whether they were."""
    rng = np.random.default_rng(seed)
    size, easy = 2_000, np.arange(2_000) < 1_000
    served = rng.random(size) < np.where(easy, 0.4, 0.1)
    chance = np.where(easy, 0.225, 0.075)
    chosen = np.flatnonzero(rng.random(size) < chance)
    people = pd.DataFrame({"served": served[chosen].astype(int), "w": 1.0 if ignored else 1 / chance[chosen]})
    share = fl.estimate_prevalence(people, "served", design=fl.Design(weights="w"))
    # People of other populations among those whom the service counts.
    found = fl.hidden.service_multiplier(share, float(served.sum() * (1 + served_elsewhere)))
    return found.value, found.lower, found.upper, float(size)


CELLS += tuple(
    Cell(design=DESIGN, estimator="service multiplier", situation=situation, holds=holds, draw=partial(service, **more))
    for situation, holds, more in (
        ("sample weighted as drawn", True, {}),
        ("weights ignored", False, {"ignored": True}),
        ("a fifth of those counted are others", False, {"served_elsewhere": 0.25}),
    )
)
