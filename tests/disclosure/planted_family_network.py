"""Calls of the family network that go well: `test_no_answer_leaves` gives their arguments what does not belong there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

import fl_estimate as fl
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


CALLS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "hidden.multiplicity": (
        fl.hidden.multiplicity,
        {"people": tellers, "outcome": "fl", "counting": "persons", "relatives": told, "design": lambda: DESIGN, "by": "region", "where": "fl",
         "eligible": "relation == 'sibling'"},
    ),
    "hidden.simulate_families": (fl.hidden.simulate_families, {"counting": "households", "families": 300, "areas": 20, "areas_drawn": 10, "seed": 1}),
}  # fmt: skip
