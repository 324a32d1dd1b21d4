"""Where refusal depends on the class, the curve at the true delta is near the estimate from complete answers, and ×1 is not."""

from __future__ import annotations

import numpy as np
import pytest
from studies.recovery import DESIGN
from studies.recovery_imputation import FRAMEWORK, OUTCOME, TRUE, sample_of_migrants, seed_of

import fl_estimate as fl
from fl_estimate.datasets.answers import BY_CLASS
from fl_estimate.datasets.population import make_population
from fl_estimate.datasets.returned_migrants import make_migrants

SAMPLES = 8


@pytest.mark.slow
def test_the_curve_at_the_true_delta_finds_what_complete_answers_give() -> None:
    """Refusals of cases have three times the odds; the ends of the curve hold the complete-data estimate in every sample."""
    population = make_population(20181019)
    migrants, odds = make_migrants(population), float(np.exp(BY_CLASS.delta))
    assert odds == pytest.approx(3.0)
    found: list[tuple[float, ...]] = []
    for replicate in range(SAMPLES):
        seed = seed_of(81, replicate)
        people = sample_of_migrants(population, migrants, seed, BY_CLASS)
        drawn = fl.impute(people, FRAMEWORK, draws=20, seed=seed, design=DESIGN, allow_unverified=True)
        known = fl.estimate_prevalence(people, TRUE, design=DESIGN, where="age >= 18").value
        curve = fl.delta_curve(drawn, OUTCOME, odds=[3], reasons=["refusal"]).frame
        found.append((known, *curve["value"].tolist()))
    known, none, at_random, at_delta, every = np.array(found).T
    assert ((none < known) & (known < every)).all()
    errors = [each / known - 1 for each in (at_random, at_delta)]
    mean = [float(each.mean()) for each in errors]
    # below by more than three Monte Carlo errors, of which the true delta takes away more than half
    assert mean[0] < -3 * errors[0].std(ddof=1) / np.sqrt(SAMPLES)
    assert abs(mean[1]) < abs(mean[0]) / 2, mean
