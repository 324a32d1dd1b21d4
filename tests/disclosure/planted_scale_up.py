"""Calls of network scale-up and its models that go well: `test_no_answer_leaves` gives their arguments what does not belong there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

import fl_estimate as fl
from tests.disclosure.planted import DESIGN, people


def reports() -> pd.DataFrame:
    """The same people, with how many people of two known groups they know."""
    return people().assign(teachers=lambda f: f.index % 4, priests=lambda f: f.index % 3)


S: dict[str, Any] = {
    "people": reports, "known": {"teachers": 900.0, "priests": 100.0}, "population": 50_000.0, "design": lambda: DESIGN,
}  # fmt: skip
CALLS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
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
            "priors": {"mu": (2.0, 8.0)}, "draws": 400, "burn_in": 50, "seed": 1,
        },
    ),
    "hidden.simulate_scale_up": (fl.hidden.simulate_scale_up, {"respondents": 40, "psus": 8, "hidden_respondents": 10, "seed": 1}),
    "hidden.simulate_scale_up_model": (fl.hidden.simulate_scale_up_model, {"respondents": 40, "known_sizes": (2_000.0, 9_000.0), "seed": 1}),
}  # fmt: skip
