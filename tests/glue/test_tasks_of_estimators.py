"""What is done in tasks gives the same figures to the bit wherever joblib runs them: bootstraps, chains, imputation, simulation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from joblib.externals.loky import get_reusable_executor

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate.tasks import run_tasks
from tests.unit.estimators.capture_recapture.test_conditional import LISTS
from tests.unit.estimators.capture_recapture.test_conditional import people as listed_people
from tests.unit.estimators.imputation.silent_people import DESIGN, sample


@pytest.fixture(autouse=True, scope="module")
def _workers_end() -> Iterator[None]:
    yield
    get_reusable_executor().shutdown(wait=True, kill_workers=True)


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fl_estimate.estimators.capture_recapture.bootstrap.PART", 12)
    monkeypatch.setattr("fl_estimate.estimators.capture_recapture.conditional_bootstrap.BLOCK", 17)


def _stepwise() -> Any:
    return cr.select_stepwise(fl.datasets.load("kosovo"), replicates=30, seed=1).to_frame()


def _conditional() -> Any:
    seen = listed_people(300, 1)[0]
    return cr.conditional_loglinear(
        seen, lists=LISTS, covariates="sex", interval="percentile", replicates=50, seed=1
    ).to_frame()


def _latent_class() -> Any:
    return cr.latent_class(fl.datasets.load("kosovo"), classes=2, draws=400, burn_in=50, thin=1, seed=1).draws


def _scale_up() -> Any:
    made = fl.hidden.simulate_scale_up_model(model="random-degree", respondents=60, seed=3)
    return fl.hidden.scale_up_model(
        made.people, "hidden", known=made.known, population=made.population, design=made.design, draws=100, burn_in=20, seed=1,
        largest=1e4,
    ).draws  # fmt: skip


def _imputed() -> Any:
    found = fl.impute(sample(1, 320).heard, design=DESIGN, by="region", draws=3, seed=1, method="chained")
    return pd.concat([found.completed(draw + 1).people for draw in range(3)])


def _simulated() -> Any:
    people = fl.datasets.clustered_population(persons=20_000, psus=400, areas=4, prevalence=0.05, icc=0.1, seed=1)
    design = fl.SampleDesign(strata="area", psu="psu", psus=8, persons=20)
    return fl.simulate_coverage(people, design, "outcome", by="area", samples=6, block=2, seed=1).to_frame()


MADE: dict[str, Callable[[], Any]] = {
    "blocks of a bootstrap of lists": _stepwise,
    "blocks of a bootstrap with covariates": _conditional,
    "draws of an imputation": _imputed,
    "blocks of a simulation": _simulated,
}
COMPILED: dict[str, Callable[[], Any]] = {
    "chains of latent classes": _latent_class,
    "chains of a scale-up model": _scale_up,
}
"""Every worker process compiles them: half a minute each."""


@cache
def alone(name: str) -> Any:
    return (MADE | COMPILED)[name]()


@pytest.mark.parametrize("backend", ["threading", "loky"])
@pytest.mark.parametrize("name", [*MADE, *(pytest.param(name, marks=pytest.mark.slow) for name in COMPILED)])
def test_figures_are_the_same_to_the_bit(name: str, backend: str) -> None:
    with joblib.parallel_config(backend, n_jobs=2):
        found = (MADE | COMPILED)[name]()
    if isinstance(found, pd.DataFrame):
        pd.testing.assert_frame_equal(found, alone(name), check_exact=True)
    else:
        np.testing.assert_array_equal(found, alone(name))


def test_there_are_several_tasks_in_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise nothing is shown above."""
    import fl_estimate.tasks as tasks

    counted: list[int] = []
    real = tasks.as_they_finish

    def counting(function: Any, given: Any, **more: Any) -> Any:
        kept = list(given)
        counted.append(len(kept))
        return real(function, kept, **more)

    monkeypatch.setattr(tasks, "as_they_finish", counting)
    monkeypatch.setattr("fl_estimate.laboratory.coverage.as_they_finish", counting)
    for name, made in MADE.items():
        counted.clear()
        made()
        assert max(counted, default=0) >= 3, name


def _sum_of(counts: Any) -> float:
    return float(counts.sum())


def test_large_tables_come_read_only_to_a_worker() -> None:
    assert run_tasks(_sum_of, [(np.ones(300_000),)] * 3, what="table", jobs=2) == [300_000.0] * 3


@pytest.mark.slow
def test_the_compiled_chains_write_into_nothing_that_they_are_given() -> None:
    from fl_estimate.estimators.capture_recapture.latent_gibbs import gibbs

    def locked(value: Any) -> Any:
        array = np.array(value)
        array.setflags(write=False)
        return array

    members, start = locked([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), locked([[0.3, 0.6], [0.4, 0.5]])
    counts, rng = locked([20.0, 30.0, 10.0]), np.random.default_rng(1)
    made: Any = gibbs(members, counts, 2, 0.25, 0.25, start, 1.0, 5, 10, 1, rng)
    assert np.isfinite(np.asarray(made)).all()
