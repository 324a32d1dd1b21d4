"""Random respondents for the tests of the indicators, as answers of one person and as rows of a table."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.indicators.items import UNKNOWN_ANSWERS, known_items


@dataclass(frozen=True)
class Person:
    """One respondent: the arguments of `explain`, and the same as one row of a table."""

    answers: dict[str, Any]
    given: dict[str, Any]
    row: dict[str, Any]

    def explain(self, framework: fl.Framework) -> fl.Explanation:
        return fl.explain(self.answers, framework, **self.given)


@pytest.fixture(scope="session")
def draw_person() -> Any:
    return _draw_person


@pytest.fixture(scope="session")
def as_table() -> Any:
    def as_table(people: list[Person]) -> pd.DataFrame:
        table = pd.DataFrame([person.row for person in people])
        return table.assign(
            **{name: table[name].astype("Float64") for name in ("age", "hours_week", "chores_hours_week")}
        )

    return as_table


def _draw_person(draw: random.Random, items: list[str]) -> Person:
    """Draw answers to these items and to every field; true answers are rare, common or in between."""
    share = draw.choice([0.03, 0.15, 0.5])
    answers: dict[str, Any] = {}
    row: dict[str, Any] = {}
    for item in map(known_items().items.__getitem__, items):
        drawn = {phase: _answer(draw, item.true_answers, share) for phase in item.phases}
        if not item.asks_phase:
            ((_, answer),) = drawn.items()
            answers[item.id] = row[item.id] = answer
        else:
            answers[item.id] = [f"{answer}@{phase}" for phase, answer in drawn.items()]
            row |= {f"{item.id}@{phase}": answer for phase, answer in drawn.items()}
    blocks: dict[str, dict[str, Any]] = {"child": {}, "state": {}, "": {}}
    for field in known_items().fields.values():
        if field.codes is None or field.table == "costs":
            continue
        choices = [*field.codes, *UNKNOWN_ANSWERS[:2]]
        code: Any = draw.sample(choices, draw.choice([1, 1, 2])) if field.several else draw.choice(choices)
        row[field.column] = draw.choice([";", ", ", " "]).join(code) if field.several else code
        if field.block in ("child", "state") or field.id in ("act", "other_purpose"):
            blocks[field.block][field.id.rpartition(".")[2]] = code
        else:
            answers[field.id] = code
    for name, numbers in {"hours_week": [0, 14, 43, 48, 48.5, 60, None], "chores_hours_week": [0, 21, None]}.items():
        row[name] = draw.choice(numbers)
        answers[name] = "missing" if row[name] is None else row[name]
    row["age"] = draw.choice([10, 14, 15, 17, 18, 20, 20.5, 21, 30, None])
    # a null cell is missing: some of the answers are written so
    row = {name: None if answer == "missing" and draw.random() < 0.5 else answer for name, answer in row.items()}
    age = "missing" if row["age"] is None else row["age"]
    given = {"age": age, "child": blocks["child"], "state": blocks["state"], **blocks[""]}
    return Person(answers, given, row)


def _answer(draw: random.Random, true_answers: tuple[str, ...], share: float) -> str:
    if draw.random() < share:
        return draw.choice(true_answers)
    return draw.choice(UNKNOWN_ANSWERS) if draw.random() < 0.06 else "no"
