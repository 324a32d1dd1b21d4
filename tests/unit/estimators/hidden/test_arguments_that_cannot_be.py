"""Arguments of `fl.hidden` that cannot be are refused with a code, whatever they are."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.errors import EstimateFault, FlError

WRONG: list[Any] = [0, -1, 1, 0.5, 1.5, np.nan, np.inf, "x", None, True, [], ()]
DRAWN: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "families": (fl.hidden.simulate_families, {"counting": "households", "families": 500, "areas": 20, "areas_drawn": 10}),
    "links": (fl.hidden.simulate_link_tracing, {"size": 60, "initial": 10, "links": 0.05}),
    "lists": (fl.hidden.simulate_list_experiment, {"n": 50}),
    "randomised": (fl.hidden.simulate_randomised_response, {"n": 50}),
    "recruited": (fl.hidden.simulate_rds, {"population": 300, "n": 50, "seeds": 3}),
    "networks": (fl.hidden.simulate_scale_up, {"respondents": 40, "psus": 8, "hidden_respondents": 10}),
    "models": (fl.hidden.simulate_scale_up_model, {"respondents": 40, "known_sizes": (2_000.0, 9_000.0)}),
    "succession": (fl.hidden.simulate_successive_sampling, {"population": 200, "n": 50, "seeds": 3}),
    "venues": (fl.hidden.simulate_time_location, {"population": 100, "venues": 4, "times": 3, "events": 6}),
    "phases": (fl.hidden.simulate_two_phase, {"n": 200, "units": 20}),
    "reported": (fl.hidden.simulate_reported_cases, {"cases": 50}),
    "frames": (fl.hidden.simulate_dual_frame, {"population": 400, "units": 20, "n_a": 60, "n_b": 40}),
    "clusters": (fl.hidden.simulate_adaptive_cluster, {"columns": 5, "rows": 5, "initial": 5}),
}  # fmt: skip


@pytest.mark.parametrize("name", DRAWN)
def test_a_simulated_study_is_drawn_or_refused_with_a_code(name: str) -> None:
    draw, given = DRAWN[name]
    failed: list[str] = []
    for argument in inspect.signature(draw).parameters:
        for value in WRONG:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("error")
                    draw(**{"seed": 1, **given, argument: value})
            except FlError as fault:
                if not fault.code.startswith("FL-"):
                    failed.append(f"{argument}={value!r}: no code")
            except Exception as fault:
                failed.append(f"{argument}={value!r}: {type(fault).__name__}")
    assert not failed


@pytest.mark.parametrize("seed", ["x", -1, 1.5, True, [1]])
def test_a_seed_is_a_whole_number(seed: Any) -> None:
    people = fl.hidden.simulate_rds(population=300, n=50, seeds=3, seed=1).people
    with pytest.raises(EstimateFault, match="FL-EST-702"):
        fl.hidden.rds_ii(people, "outcome", seed=seed)


@pytest.mark.parametrize("name", [None, 5, ["a"]])
def test_what_names_no_column_is_refused(name: Any) -> None:
    lists = fl.hidden.simulate_list_experiment(n=50, seed=1)
    design = fl.Design(weights="weight")
    frames = dict(fl.hidden.simulate_dual_frame(population=400, units=20, n_a=60, n_b=40, seed=1).arguments)
    people = pd.DataFrame({"knows": [2, 1, 1]})
    plain = fl.Design(unweighted=True)
    calls: list[Callable[[], Any]] = [
        lambda: fl.hidden.list_experiment_test(lists, name, "treatment", items=4, design=design),
        lambda: fl.hidden.list_experiment_test(lists, "count", name, items=4, design=design),
        lambda: fl.hidden.list_experiment(lists, "count", name, items=4, design=design),
        lambda: fl.hidden.dual_frame(**{**frames, "outcome": name}),
        lambda: fl.hidden.dual_frame(**{**frames, "overlap": name}),
        lambda: fl.hidden.generalised_scale_up(people, name, frame_population=8, visibility=2.0, design=plain),
    ]
    for call in calls:
        with pytest.raises(EstimateFault, match="FL-EST-11"):
            call()


@pytest.mark.parametrize("people", [None, 5, "people.csv", {}])
def test_what_is_no_frame_of_respondents_is_refused(people: Any) -> None:
    with pytest.raises(EstimateFault, match="FL-EST-01"):
        fl.hidden.rds_ii(people, "outcome", seed=1)
    with pytest.raises(EstimateFault, match="FL-EST-703"):
        fl.hidden.Recruitment.read(people)


def test_settings_of_recruitment_that_cannot_be_are_refused() -> None:
    people = fl.hidden.simulate_rds(population=300, n=50, seeds=3, seed=1).people
    wrong: Any
    for wrong in (None, "x", -0.1, 1):
        with pytest.raises(EstimateFault, match="FL-EST-526"):
            fl.hidden.gile_ss(people, "outcome", population=300, small_fraction=wrong)
    for wrong in (5, ["region"]):
        with pytest.raises(EstimateFault, match="FL-EST-11"):
            fl.hidden.rds_ii(people, "outcome", variance="salganik", groups=wrong, seed=1)
