"""SS-PSE: sizes of populations from degrees in the order of recruitment, where the model holds and where it does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from studies.hidden.cells import Cell, Drawn

DEGREES: dict[str, Any] = {"mean_degree": 8.0, "sd_degree": 3.5}
PRIOR: dict[str, Any] = {"degree_mean": 8.0, "degree_sd": 3.5}
N, MEDIAN, MAXIMUM = 300, 600, 1800


def size_from_prior(seed: int) -> int:
    """A size that the prior gives, so that its posterior has to be right."""
    from fl_estimate.estimators.hidden.size.size_priors import prior_by_median

    prior = prior_by_median(N, MEDIAN, MAXIMUM)
    return int(np.random.default_rng([seed, 26]).choice(prior.sizes, p=prior.probabilities()))


def _fixed(population: int) -> Callable[[int], int]:
    return lambda _: population


def _drawing(
    size: Callable[[int], int],
    *,
    n: int = N,
    waves: bool = False,
    harmonic: bool = False,
    prior_median: float = MEDIAN,
    network: bool = False,
    **drawn: Any,
) -> Callable[[int], Drawn]:
    def draw(seed: int) -> Drawn:
        import fl_estimate as fl

        population = size(seed)
        if network:
            sample: Any = fl.hidden.simulate_rds(population=population, n=n, mean_degree=8.0, **drawn, seed=seed)
            sample.people["interview"] = range(n)
        else:
            sample = fl.hidden.simulate_successive_sampling(population=population, n=n, **DEGREES, **drawn, seed=seed)
        made = fl.hidden.ss_population_size(
            sample.people, time=None if waves else "interview", prior_median=prior_median, seed=seed,
            **({} if network else PRIOR),
        )  # fmt: skip
        value = made.value
        if harmonic:
            # Of all functions of the data this one has a relative error of mean 0 over sizes that the prior gives.
            value = float(1 / np.mean(1 / np.asarray(made.draws, dtype=float)))
        return value, *made.interval, population

    return draw


def _cell(situation: str, draw: Callable[[int], Drawn], *, holds: bool, estimator: str = "SS-PSE, median") -> Cell:
    return Cell(design="population size", estimator=estimator, situation=situation, holds=holds, draw=draw, share=0.5)


CELLS: tuple[Cell, ...] = (
    _cell("sizes from the prior, order known", _drawing(size_from_prior, harmonic=True), holds=True,
          estimator="SS-PSE, 1/mean of 1/N"),
    _cell("sizes from the prior, order known", _drawing(size_from_prior), holds=True),
    _cell("sizes from the prior, waves known", _drawing(size_from_prior, waves=True), holds=True),
    _cell("one size, at the median of the prior", _drawing(_fixed(600)), holds=False),
    _cell("prior median three times the size", _drawing(_fixed(600), prior_median=1800), holds=False),
    _cell("prior median a third of the size", _drawing(_fixed(1500), prior_median=500), holds=False),
    _cell("degrees reported with an error of 50 %", _drawing(_fixed(600), degree_error=0.5), holds=False),
    _cell("half of the degrees rounded to fives", _drawing(_fixed(600), heaping=0.5), holds=False),
    _cell("2 % of the population, prior median a third of the size",
          _drawing(_fixed(15_000), prior_median=5000), holds=False),
    _cell("recruitment in a network, half of its people", _drawing(_fixed(600), network=True), holds=False),
)  # fmt: skip
