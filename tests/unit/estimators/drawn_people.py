"""Small samples with draws of their unknown classes, as estimators see what `fl.impute` gives: not one of its donors is here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

import fl_estimate as fl
from fl_estimate.inputs.wording import SurveyWording

DESIGN = fl.Design(weights="w", strata="stratum", psu="ea", expands=True)


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """People whose classes are drawn; `drawn` has for every outcome an array of all people × draws."""

    people: pd.DataFrame
    design: fl.Design | None = DESIGN
    drawn: Mapping[str, Any]
    draws: int
    seed: int = 1
    delta: Mapping[str, float] = field(default_factory=dict[str, float])
    source: Any = None
    reference_period: Any = None
    population: str = ""
    wording: SurveyWording = field(default_factory=SurveyWording)

    def with_draws(self, outcomes: str | Sequence[str]) -> pd.DataFrame:
        names = [outcomes] if isinstance(outcomes, str) else list(outcomes)
        columns = {f"{name}@{k + 1}": self.drawn[name][:, k] for name in names for k in range(self.draws)}
        return self.people.assign(**columns)

    def completed(self, draw: int) -> pd.DataFrame:
        """The completed people of one draw, as a frame."""
        columns = {name: values[:, draw - 1] for name, values in self.drawn.items()}
        return self.people.assign(**columns, **{f"{name}_possible": values for name, values in columns.items()})


def drawn_people(
    n: int = 400, *, draws: int = 8, share: float = 0.1, unknown: float = 0.08, seed: int = 5, units: int = 40
) -> Drawn:
    """People of `units` enumeration areas in four strata, two regions; two outcomes, the second within the first."""
    rng = np.random.default_rng(seed)
    ea = np.sort(rng.integers(0, units, n))
    truth = rng.random(n) < share
    lost = rng.random(n) < unknown
    scope = (rng.random(n) < 0.9).astype(int)
    surely = (truth & ~lost).astype(int) * scope
    possible = np.maximum(surely, lost * scope)
    women = rng.random(n) < 0.5
    people = pd.DataFrame({
        "w": rng.uniform(50, 150, n).round(1), "stratum": ea % 4, "ea": ea, "region": np.where(ea % 2 == 0, "North", "South"),
        "sex": np.where(women, "f", "m"), "hours": rng.normal(44, 9, n).round(), "age": rng.integers(15, 70, n),
        "fl": surely, "fl_possible": possible, "fl_in_scope": scope,
        "debt": surely * women, "debt_possible": possible * women, "debt_in_scope": scope,
    })  # fmt: skip
    open_ = (possible == 1) & (surely == 0)
    made = np.where(open_[:, None], rng.random((n, draws)) < 0.4, surely[:, None]).astype(np.int8)
    return Drawn(people=people, drawn={"fl": made, "debt": made * women[:, None].astype(np.int8)}, draws=draws)
