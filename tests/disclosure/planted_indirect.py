"""Calls of indirect questions that go well: `test_no_answer_leaves` gives their arguments what does not belong there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import fl_estimate as fl
from tests.disclosure.planted import DESIGN, people


def listed() -> Any:
    """People with a list experiment and a randomised answer."""
    at = np.arange(len(people()))
    return people().assign(
        count=1 + at % 2 + (at % 8 == 5),
        treatment=at // 4 % 2,
        direct=(at % 7 == 2) * 1,
        answer=(at % 3 > 0) * 1,
        anchor=(at % 8 > 0) * 1,
    )


INDIRECT: dict[str, Any] = {"people": listed, "design": lambda: DESIGN}
CALLS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
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
}  # fmt: skip
