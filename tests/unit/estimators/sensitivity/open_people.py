"""Small samples with people whose class is open, as `fl.impute` would give them: draws, candidates and reasons are written by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

import fl_estimate as fl
from fl_estimate.inputs.wording import SurveyWording

DESIGN = fl.Design(weights="w", psu="ea", expands=True)


@dataclass(frozen=True, kw_only=True)
class Given:
    """People with the classes of the answers as they were given."""

    people: pd.DataFrame
    design: fl.Design | None = DESIGN
    source: Any = None
    reference_period: Any = None
    population: str = ""
    wording: SurveyWording = field(default_factory=SurveyWording)


@dataclass(frozen=True, kw_only=True)
class OpenPeople(Given):
    """The same with draws for those whose class is open, by outcome recipients × draws."""

    recipients: Any
    drawn: Mapping[str, Any]
    draws: int
    persons: Any
    pool: Any
    seed: int = 1
    delta: Mapping[str, float] = field(default_factory=dict[str, float])

    @property
    def classification(self) -> Given:
        return Given(people=self.people, design=self.design)

    def shifted(self, delta: Mapping[str, float], /) -> Any:
        raise AssertionError(f"a curve draws no donors anew, and these were asked for: {delta}")

    def with_draws(self, outcomes: str | Sequence[str], /) -> pd.DataFrame:
        made = self.people.copy()
        for name in [outcomes] if isinstance(outcomes, str) else outcomes:
            for draw in range(self.draws):
                column = made[name].to_numpy(copy=True)
                column[self.recipients] = self.drawn[name][:, draw]
                made[f"{name}@{draw + 1}"] = column
        return made


def open_people(
    people: pd.DataFrame, *, share: Sequence[float], reasons: Sequence[str], drawn: Any = None, draws: int = 4
) -> OpenPeople:
    """People of whom those that are possibly a case, and not surely, have candidates of whom a share makes them one.

    Parameters
    ----------
    people : pandas.DataFrame
        With w, ea, fl, fl_possible and fl_in_scope.
    share : sequence of float
        Of each open person: the share of cases among its 20 candidates, all of one weight.
    reasons : sequence of str
        Why its answers are unknown.
    drawn : array, optional
        Of the same people × draws; by default drawn with these shares.
    """
    recipients = np.flatnonzero((people["fl_possible"] == 1) & (people["fl"] == 0))
    size = len(recipients)
    assert size == len(share) == len(reasons)
    names = ("refusal", "dont_know", "missing", "not_asked")
    classes = (np.arange(20)[None, :] < 20 * np.array(share).reshape(-1, 1)).astype(np.int8)
    random = np.random.default_rng(5).random((size, draws))
    made = (
        (random < np.array(share).reshape(-1, 1)).astype(np.int8) if drawn is None else np.array(drawn, dtype=np.int8)
    )
    return OpenPeople(
        people=people, recipients=recipients, drawn={"fl": made}, draws=made.shape[1] if size else draws,
        persons=SimpleNamespace(of_row=np.arange(size)),
        pool=SimpleNamespace(
            classes={"fl": classes}, weight=np.ones(classes.shape), random=np.arange(size),
            reasons=np.array([[float(name == why) for name in names] for why in reasons]).reshape(size, 4),
        ),
    )  # fmt: skip


def sample(n: int = 600, *, cases: int = 30, unknown: int = 60, units: int = 30, region: str = "") -> pd.DataFrame:
    """People of equal weight in units of equal size: the first so many of a shuffled order are cases, the next ones open."""
    order = np.random.default_rng(3).permutation(n)
    surely, open_ = np.zeros(n, dtype=int), np.zeros(n, dtype=int)
    surely[order[:cases]] = 1
    open_[order[cases : cases + unknown]] = 1
    return pd.DataFrame({
        "w": 10.0, "ea": np.arange(n) % units, "region": region or np.where(np.arange(n) % 2 == 0, "North", "South"),
        "fl": surely, "fl_possible": surely | open_, "fl_in_scope": 1,
    })  # fmt: skip
