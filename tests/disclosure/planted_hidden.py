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
from tests.disclosure.planted import DESIGN, people


def tellers() -> pd.DataFrame:
    """Respondents by their passports, with the number of households that could tell of them."""
    return people().assign(person_id=people()["passport"], n_eligible_reporters=2)


def told() -> pd.DataFrame:
    """A relative of each of them."""
    told = people()[["passport", "fl", "sex", "said", "amount", "person", "gaps", "mixed"]]
    return told.assign(
        reported_by=people()["passport"], relative_id=people()["person"], n_eligible_reporters=2, relation="sibling"
    )


HIDDEN: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "hidden.multiplicity": (
        fl.hidden.multiplicity,
        {"people": tellers, "outcome": "fl", "counting": "persons", "relatives": told, "design": lambda: DESIGN, "by": "region", "where": "fl",
         "eligible": "relation == 'sibling'"},
    ),
    "hidden.simulate_families": (fl.hidden.simulate_families, {"counting": "households", "families": 300, "areas": 20, "areas_drawn": 10, "seed": 1}),
from tests.disclosure.planted import DESIGN, people


def reports() -> pd.DataFrame:
    """The same people, with how many people of two known groups they know."""
    return people().assign(teachers=lambda f: f.index % 4, priests=lambda f: f.index % 3)


S: dict[str, Any] = {
    "people": reports, "known": {"teachers": 900.0, "priests": 100.0}, "population": 50_000.0, "design": lambda: DESIGN,
}  # fmt: skip
HIDDEN: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "hidden.back_estimates": (fl.hidden.back_estimates, {**S, "where": "one"}),
    "hidden.generalised_scale_up": (
        fl.hidden.generalised_scale_up,
        {
            "people": reports, "hidden": "fl", "frame_population": 50_000.0, "hidden_people": reports, "visibility": ["teachers", "priests"],
            "known": S["known"], "design": lambda: DESIGN, "hidden_design": lambda: DESIGN, "where": "one",
        },
    ),
    "hidden.network_size": (fl.hidden.network_size, {**S, "by": "region", "where": "one"}),
    "hidden.relational_data": (fl.hidden.relational_data, {**S, "hidden": "fl", "where": "one"}),
    "hidden.scale_up": (
        fl.hidden.scale_up,
        {**S, "hidden": "fl", "by": "region", "reports_about": "population", "where": "one", "transmission": {"positive": 40, "n": 50}},
    ),
    "hidden.scale_up_model": (
        fl.hidden.scale_up_model,
        {
            **S, "hidden": "fl", "where": "one", "model": "transmission", "transmission": {"positive": 40, "n": 50}, "weighting": "ignored",
            "priors": {"mu": (2.0, 8.0)}, "draws": 100, "burn_in": 10, "seed": 1,
        },
    ),
    "hidden.simulate_scale_up": (fl.hidden.simulate_scale_up, {"respondents": 40, "psus": 8, "hidden_respondents": 10, "seed": 1}),
    "hidden.simulate_scale_up_model": (fl.hidden.simulate_scale_up_model, {"respondents": 40, "known_sizes": (2_000.0, 9_000.0), "seed": 1}),
from tests.disclosure.planted import DESIGN, people


def share() -> fl.Estimates:
    return fl.estimate_prevalence(people(), "fl", design=DESIGN)


def traced() -> pd.DataFrame:
    """The planted people as a link-tracing sample: the first half was drawn, each led to one of the second."""
    frame = people()
    half = len(frame) // 2
    return frame.assign(number=range(len(frame)), wave=[0] * half + [1] * (len(frame) - half))


def links() -> pd.DataFrame:
    half = len(people()) // 2
    rest = len(people()) - half
    by = [*(row % half for row in range(rest)), *range(half - 1)]
    return pd.DataFrame({"person": by, "named": [*range(half, half + rest), *(row + 1 for row in range(half - 1))]})


HIDDEN: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "hidden.compare_methods": (
        fl.hidden.compare_methods, {"estimates": lambda: {"a": share(), "b": share()}, "benchmark": "a"},
    ),
    "hidden.link_tracing": (
        fl.hidden.link_tracing,
        {"people": traced, "links": links, "outcome": "fl", "person_id": "number", "wave": "wave", "draws": 100, "seed": 1, "max_size": 500},
    ),
    "hidden.service_multiplier": (fl.hidden.service_multiplier, {"share": share, "count": 100}),
    "hidden.simulate_link_tracing": (fl.hidden.simulate_link_tracing, {"size": 60, "initial": 10, "links": 0.05, "seed": 1}),
import numpy as np

import fl_estimate as fl
from tests.disclosure.planted import DESIGN, people


def listed() -> Any:
    """People with a list experiment and a randomised answer."""
    at = np.arange(len(people()))
    return people().assign(count=1 + at % 2 + (at % 8 == 5), treatment=at // 4 % 2, direct=(at % 7 == 2) * 1, answer=(at % 3 > 0) * 1, anchor=(at % 8 > 0) * 1)


INDIRECT: dict[str, Any] = {"people": listed, "design": lambda: DESIGN}
HIDDEN: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "hidden.list_experiment": (fl.hidden.list_experiment, {**INDIRECT, "count": "count", "treatment": "treatment", "items": 3, "by": "region"}),
    "hidden.list_experiment_test": (fl.hidden.list_experiment_test, {**INDIRECT, "count": "count", "treatment": "treatment", "items": 3}),
    "hidden.regress_list_experiment": (
        fl.hidden.regress_list_experiment,
        {**INDIRECT, "formula": "count ~ sex", "treatment": "treatment", "items": 3, "estimator": "linear"},
    ),
    "hidden.randomised_response": (
        fl.hidden.randomised_response, {**INDIRECT, "answer": "answer", "model": "warner", "probabilities": 0.2, "by": "region"},
    ),
    "hidden.regress_randomised_response": (
        fl.hidden.regress_randomised_response, {**INDIRECT, "formula": "answer ~ sex", "model": "warner", "probabilities": 0.2},
    ),
    "hidden.simulate_list_experiment": (fl.hidden.simulate_list_experiment, {"n": 50}),
    "hidden.simulate_randomised_response": (fl.hidden.simulate_randomised_response, {"n": 50}),
from tests.disclosure.planted import DESIGN, people


def units() -> pd.DataFrame:
    """Units of a line, with who was met there."""
    frame = people()
    return frame.assign(unit=range(len(frame)), first=[int(position % 4 == 0) for position in range(len(frame))])


def cases() -> pd.DataFrame:
    """Reported cases with what was said of them."""
    frame = people()
    found = [(1, 0), (0, 1), (1, 1)] * (len(frame) // 3)
    return frame.assign(one=[a for a, _ in found], two=[b for _, b in found], victims=2)


def frames() -> pd.DataFrame:
    """A sample of each of two frames in one table."""
    at = range(len(people()))
    return people().assign(
        frame=["A" if position < 12 else "B" for position in at], both=[position % 2 for position in at]
    )


def screened() -> pd.DataFrame:
    at = range(len(people()))
    return people().assign(passes=[position % 2 for position in at], asked=[int(position % 6 < 4) for position in at])


LINE: dict[int, list[int]] = {position: [position + 1] for position in range(23)}
VENUE: dict[str, Any] = {"people": lambda: people().assign(goes=2), "event": "ea", "visits": "goes", "event_weight": 1}
HIDDEN: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "hidden.adaptive_cluster": (
        fl.hidden.adaptive_cluster,
        {"units": units, "variable": "fl", "initial": "first", "population": 100, "threshold": 1, "neighbours": LINE},
    ),
    "hidden.dual_frame": (
        fl.hidden.dual_frame, {"people": frames, "outcome": "fl", "overlap": "both", "frame": "frame", "design": lambda: DESIGN},
    ),
    "hidden.reported_cases": (
        fl.hidden.reported_cases, {"cases": cases, "victims": "victims", "first_team": "one", "second_team": "two", "strata": "sex"},
    ),
    "hidden.simulate_adaptive_cluster": (fl.hidden.simulate_adaptive_cluster, {"columns": 5, "rows": 5, "initial": 5, "seed": 1}),
    "hidden.simulate_dual_frame": (fl.hidden.simulate_dual_frame, {"people": 400, "units": 20, "n_a": 60, "n_b": 40, "seed": 1}),
    "hidden.simulate_reported_cases": (fl.hidden.simulate_reported_cases, {"cases": 50, "seed": 1}),
    "hidden.simulate_time_location": (
        fl.hidden.simulate_time_location, {"people": 100, "venues": 4, "times": 3, "events": 6, "seed": 1},
    ),
    "hidden.simulate_two_phase": (fl.hidden.simulate_two_phase, {"n": 200, "units": 20, "seed": 1}),
    "hidden.time_location": (fl.hidden.time_location, {**VENUE, "outcome": "fl"}),
    "hidden.time_location_weights": (fl.hidden.time_location_weights, VENUE),
    "hidden.two_phase": (
        fl.hidden.two_phase, {"people": screened, "outcome": "fl", "screener": "passes", "interviewed": "asked", "design": lambda: DESIGN},
    ),
}  # fmt: skip
