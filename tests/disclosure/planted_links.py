"""Calls of link tracing, multipliers and comparisons of methods that go well: `test_no_answer_leaves` gives their arguments what does not belong there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

import fl_estimate as fl
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


CALLS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "hidden.compare_methods": (
        fl.hidden.compare_methods, {"estimates": lambda: {"a": share(), "b": share()}, "benchmark": "a"},
    ),
    "hidden.link_tracing": (
        fl.hidden.link_tracing,
        {"people": traced, "links": links, "outcome": "fl", "person_id": "number", "wave": "wave", "draws": 100, "seed": 1, "max_size": 500},
    ),
    "hidden.service_multiplier": (fl.hidden.service_multiplier, {"share": share, "count": 100}),
    "hidden.simulate_link_tracing": (fl.hidden.simulate_link_tracing, {"size": 60, "initial": 10, "links": 0.05, "seed": 1}),
}  # fmt: skip
