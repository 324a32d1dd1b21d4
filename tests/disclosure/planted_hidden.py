"""Calls of designs for hidden populations that go well: `test_no_answer_leaves` gives their arguments what does not belong there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

import fl_estimate as fl
from tests.disclosure.planted import people


def recruited() -> pd.DataFrame:
    """The same people, each recruited by one who stands before."""
    rows = range(len(people()))
    return people().assign(
        person_id=[f"r{row}" for row in rows],
        recruiter_id=["" if row < 2 else f"r{row // 2 - 1 if row > 3 else 0}" for row in rows],
        network_size=[4 + row % 5 for row in rows],
    )


R: dict[str, Any] = {
    "people": recruited,
    "outcome": "fl",
    "by": "region",
    "where": "one",
    "person": "person_id",
    "recruiter": "recruiter_id",
    "degree": "network_size",
    "replicates": 20,
    "seed": 1,
}
C = ("people", "outcome", "person", "recruiter", "degree")


def size() -> fl.Estimates:
    """The size of a population that they were recruited from."""
    return fl.hidden.ss_population_size(recruited(), prior_median=300.0, seed=1)


HIDDEN: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "hidden.rds_ii": (fl.hidden.rds_ii, R),
    "hidden.rds_i": (fl.hidden.rds_i, R),
    "hidden.gile_ss": (fl.hidden.gile_ss, {**R, "population": 100.0}),
    "hidden.rds_design": (
        fl.hidden.rds_design,
        {"people": recruited, "population": 100.0, "person": "person_id", "recruiter": "recruiter_id", "groups": "fl",
         "variance": "salganik", "degree": "network_size", "replicates": 20, "seed": 1},
    ),
    "hidden.Recruitment.read": (
        fl.hidden.Recruitment.read,
        {"people": recruited, "person": "person_id", "recruiter": "recruiter_id", "degree": "network_size", "time": "born"},
    ),
    "hidden.ss_population_size": (
        fl.hidden.ss_population_size,
        {"people": recruited, "prior_median": 300.0, "person": "person_id", "recruiter": "recruiter_id", "degree": "network_size",
         "seed": 1},
    ),
    "hidden.ss_cases": (fl.hidden.ss_cases, {**R, "size": size}),
    "hidden.rds_diagnostics": (fl.hidden.rds_diagnostics, {name: R[name] for name in C} | {"population": 300.0}),
    "hidden.simulate_successive_sampling": (
        fl.hidden.simulate_successive_sampling, {"population": 200, "n": 50, "seeds": 3, "seed": 1},
    ),
    "plot_recruitment": (fl.plot_recruitment, {name: R[name] for name in C}),
    "plot_convergence": (fl.plot_convergence, {**{name: R[name] for name in C}, "group": "1"}),
    "hidden.simulate_rds": (fl.hidden.simulate_rds, {"population": 200, "n": 50, "seeds": 3, "seed": 1}),
}  # fmt: skip
