"""Where answers are missing at random given what was answered, draws are in the mean what complete answers are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from studies.recovery import DESIGN
from studies.recovery_imputation import (
    FILTERS,
    FRAMEWORK,
    OUTCOME,
    TRUE,
    sample_of_country,
    sample_of_migrants,
    seed_of,
)

import fl_estimate as fl
from fl_estimate.datasets.answers import AT_RANDOM
from fl_estimate.datasets.population import make_population
from fl_estimate.datasets.questionnaire import ITEMS
from fl_estimate.datasets.returned_migrants import make_migrants

SAMPLES = 40
CIRCUMSTANCES = [item.id for item in ITEMS if item.dimension == "involuntary_work"]
Sample = Callable[[int], pl.DataFrame]


@pytest.fixture(scope="module")
def samples() -> dict[str, tuple[Sample, str]]:
    population = make_population(20181019)
    migrants = make_migrants(population)
    return {
        "country": (lambda seed: sample_of_country(population, seed, AT_RANDOM), "region"),
        "migrants": (lambda seed: sample_of_migrants(population, migrants, seed, AT_RANDOM), "destination"),
    }


@pytest.mark.slow
@pytest.mark.parametrize("survey", ["country", "migrants"])
def test_draws_are_in_the_mean_what_complete_answers_are(survey: str, samples: dict[str, tuple[Sample, str]]) -> None:
    """Of 40 samples the weighted cases drawn less the true ones of the same people, within 3 Monte Carlo errors of 0.

    In all, by domain, and by whether there was a debt, which decides what was refused. Without the debt among the predictors those
    who have one are given far too few (in 60 samples of the country, of the nation's cases 3.0 %, with an error of 0.25). Whoever
    told of no circumstance is left out: no class hangs on what they refused.
    """
    draw, by = samples[survey]
    away: dict[str, list[float]] = {}
    for replicate in range(SAMPLES):
        seed = seed_of(96, replicate)
        people = draw(seed).filter(pl.any_horizontal(pl.col(CIRCUMSTANCES) != "no"), pl.col("age") >= 18)
        it = fl.impute(
            people, FRAMEWORK, by=by, predictors=FILTERS, draws=20, seed=seed, design=DESIGN, allow_unverified=True
        )
        weights, true = people["weight"].to_numpy(), people[TRUE].to_numpy()
        silent = people[it.recipients.tolist()]
        less = weights[it.recipients] * (it.drawn[OUTCOME].mean(axis=1) - true[it.recipients])
        groups = {name: (silent[by] == name).to_numpy() for name in people[by].unique()}
        groups |= {f"debt {told}": (silent["debt"] == told).to_numpy() for told in ("yes", "no")}
        groups["all"] = np.ones(len(silent), dtype=bool)
        for name, here in groups.items():
            away.setdefault(name, []).append(float(less[here].sum() / (weights * true).sum()))
    told = {
        name: (float(np.mean(each)), float(np.std(each, ddof=1) / np.sqrt(SAMPLES)))
        for name, each in away.items()
        if len(each) == SAMPLES
    }
    assert len(told) >= 8
    assert {name: each for name, each in told.items() if abs(each[0]) > 3 * each[1]} == {}, told
    assert told["all"][1] < 0.008  # what the test can see: a bias of 2 % of the nation's cases would not be missed
