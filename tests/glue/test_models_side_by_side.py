"""Models that do not need each other (of domains, outcomes, strata of lists) are tasks: the same figures to the bit wherever they run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from joblib.externals.loky import get_reusable_executor

import fl_estimate as fl
from fl_estimate import tasks
from fl_estimate.study import calls
from fl_estimate.study.config import read_study

DESIGN = fl.Design(weights="w", strata="h", psu="psu")


@pytest.fixture(autouse=True, scope="module")
def _workers_end() -> Iterator[None]:
    yield
    get_reusable_executor().shutdown(wait=True, kill_workers=True)


def people() -> pl.DataFrame:
    """600 made-up persons in three regions; in the third nobody has the outcome, so that there is no model of it."""
    rng = np.random.default_rng(5)
    region, x = rng.integers(0, 3, 600), rng.normal(size=600)
    return pl.DataFrame(
        {
            "region": region, "x": x, "h": rng.integers(0, 4, 600), "psu": rng.integers(0, 8, 600), "w": rng.uniform(1, 5, 600),
            "y": ((rng.random(600) < 1 / (1 + np.exp(1 - x))) & (region < 2)).astype(int),
        }
    )  # fmt: skip


def regressions() -> fl.Regression:
    return fl.regress(people(), "y ~ x", design=DESIGN, by="region")


def list_experiments() -> fl.Estimates:
    asked = fl.hidden.simulate_list_experiment(400, prevalence=0.2, items=4, slope=0.5, seed=2)
    asked["region"] = np.arange(len(asked)) % 3
    return fl.hidden.regress_list_experiment(
        asked, "count ~ x", "treatment", items=4, estimator="nls", design=fl.Design(unweighted=True), by="region"
    )


def recruitment() -> fl.Estimates:
    chains = fl.hidden.simulate_rds(population=2000, n=150, seed=1).people
    chains["other"] = (np.arange(len(chains)) % 5 == 0).astype(int)
    chains["third"] = (np.arange(len(chains)) % 7 == 0).astype(int)
    return fl.hidden.rds_ii(chains, ["outcome", "other", "third"], variance="salganik", replicates=40, seed=1)


STUDY = """
title = "Lists of three regions"

[[estimate]]
name = "by_region"
kind = "capture_recapture"
file = "lists.csv"
lists = ["a", "b", "c"]
count = "n"
strata = "r"
method = "select_stepwise"
replicates = 20
outcome = "x"
"""


def strata(folder: Path) -> fl.Estimates:
    rng = np.random.default_rng(3)
    seen = [(a, b, c, r) for r in "NSW" for a in (0, 1) for b in (0, 1) for c in (0, 1) if a + b + c]
    rows = pd.DataFrame(seen, columns=["a", "b", "c", "r"]).assign(n=rng.integers(20, 90, len(seen)))
    rows.to_csv(folder / "lists.csv", index=False)
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    study = read_study(folder / "study.toml")
    known: Any = SimpleNamespace(
        tables={}, people={},
        histories={"by_region": fl.load_lists(folder / "lists.csv", lists=["a", "b", "c"], count="n", covariates=["r"])},
    )  # fmt: skip
    heard: list[str] = []
    return calls.make_estimate(study.config.estimate[0], study, known, {}, heard.append)


MADE: dict[str, Callable[[], fl.Estimates]] = {
    "regressions of domains": regressions,
    "list experiments of domains": list_experiments,
    "respondent-driven samples by outcome": recruitment,
}


@cache
def alone(name: str) -> fl.Estimates:
    return MADE[name]()


def same(found: fl.Estimates, expected: fl.Estimates) -> None:
    pd.testing.assert_frame_equal(found.to_frame(), expected.to_frame(), check_exact=True)
    assert found.reasons == expected.reasons
    np.testing.assert_array_equal(found.covariance_matrix, expected.covariance_matrix)


@pytest.mark.parametrize(
    ("name", "backend"),
    [
        # Its workers are threads whatever joblib is told.
        ("regressions of domains", "threading"),
        ("list experiments of domains", "threading"),
        pytest.param("list experiments of domains", "loky", marks=pytest.mark.slow),
        ("respondent-driven samples by outcome", "threading"),
        ("respondent-driven samples by outcome", "loky"),
    ],
)
def test_models_are_the_same_to_the_bit(name: str, backend: str) -> None:
    expected = alone(name)
    with joblib.parallel_config(backend, n_jobs=2):
        same(MADE[name](), expected)


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_strata_of_lists_are_the_same_to_the_bit(backend: str, tmp_path: Path) -> None:
    expected = strata(tmp_path)
    assert set(expected.frame["r"]) == {"N", "S", "W"}
    with joblib.parallel_config(backend, n_jobs=2):
        same(strata(tmp_path), expected)


def test_a_model_by_domain_knows_its_people_wherever_it_was_fitted() -> None:
    """Sent between processes it would have pieces in the place of its people."""
    with joblib.parallel_config("loky", n_jobs=2):
        found = regressions()
    assert len(found.models) == 3
    assert all(model.session is not None for model in found.models.values())
    expected = alone("regressions of domains")
    assert isinstance(expected, fl.Regression)
    assert found.models.keys() == expected.models.keys()


def test_one_after_another_where_nobody_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: dict[str, int] = {}
    monkeypatch.setattr(tasks, "_Dispatch", None)
    real = tasks.as_they_finish

    def counting(function: Any, given: Any, *, what: str, **more: Any) -> Any:
        kept = list(given)
        counted[what] = len(kept)
        return real(function, kept, what=what, **more)

    monkeypatch.setattr(tasks, "as_they_finish", counting)
    for made in MADE.values():
        made()
    assert counted == {"domain": 3, "outcome": 3}
