"""Calls of adaptive clusters, places, two frames, reported cases and two phases that go well: `test_no_answer_leaves` gives their arguments what does not belong there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

import fl_estimate as fl
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
CALLS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
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
