"""Tables of one survey are audited together, and those of another apart; what cannot be told apart goes with each."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

import fl_estimate as fl
from fl_estimate.reporting.disclosure.audit import by_people

DESIGN = fl.Design(weights="w", psu="ea")


def table(weight: float, outcome: str, where: str | None = None) -> Any:
    """A call on people who weigh this much each: another survey has another population."""
    at = np.arange(40)
    people = pd.DataFrame(
        {"w": weight, "ea": at // 4, "fl": (at % 5 == 0) * 1.0, "hurt": (at % 4 == 0) * 1.0, "code": at % 2}
    )
    return SimpleNamespace(frame={}, crossing=fl.estimate_prevalence(people, outcome, design=DESIGN, where=where).cells)


def found(*tables: Any) -> list[list[int]]:
    """The groups, by the places of the tables."""
    position = {id(each): number for number, each in enumerate(tables)}
    return [[position[id(each)] for each in group] for group in by_people(tables)]


def test_one_survey_is_one_group() -> None:
    assert found(table(10, "fl"), table(10, "fl"), table(10, "hurt")) == [[0, 1, 2]]


def test_another_population_of_the_same_outcome_is_another_survey() -> None:
    assert found(table(10, "fl"), table(11, "fl")) == [[0], [1]]


def test_rounding_makes_no_other_survey() -> None:
    assert found(table(10, "fl"), table(10 * (1 + 1e-13), "fl")) == [[0, 1]]


def test_an_early_table_that_is_not_told_apart_goes_with_the_later_survey_too() -> None:
    """The first shares no outcome with the others: it may be of either, and is audited with both, once each."""
    assert found(table(10, "hurt"), table(10, "fl"), table(11, "fl")) == [[0, 1], [2, 0]]


def test_a_late_table_that_is_not_told_apart_goes_with_both() -> None:
    assert found(table(10, "fl"), table(11, "fl"), table(11, "hurt")) == [[0, 2], [1, 2]]


def test_subpopulations_of_one_survey_are_not_other_people() -> None:
    """Fewer people of a condition are a part of the same ones."""
    assert found(table(10, "fl"), table(10, "fl", "code == 1")) == [[0, 1]]


def test_results_without_finest_cells_go_with_each_survey() -> None:
    bare = SimpleNamespace(frame={}, crossing=None)
    assert found(table(10, "fl"), bare, table(11, "fl")) == [[0, 1], [2, 1]]
    assert found(bare) == [[0]]
