"""States with some answers blanked are those that `classify` gives when these are refused."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.estimators.imputation.silent_people import any_answers

import fl_estimate as fl
from fl_estimate.indicators.blanked_answers import BlankedClasses
from fl_estimate.indicators.items import known_items
from fl_estimate.indicators.open_answers import AnsweredColumns
from fl_estimate.indicators.references import questions

UNKNOWN = ["dk", "ref", "missing", "not_asked"]


@pytest.mark.parametrize(("framework", "age"), [("icls2018_adult", 30.0), ("icls2018_child", 12.0)])
def test_states_are_those_of_the_classification(framework: str, age: float) -> None:
    chosen = fl.Framework.read(framework).asked_for(None)
    table = any_answers(chosen, 2, 120, each=2).assign(age=age).drop(columns="age_interview")
    known = known_items()
    asked = set(questions(chosen))
    columns = [name for name in table if name.partition("@")[0] in asked or any(field.column == name and field.id in asked and not field.is_number for field in known.fields.values())]  # fmt: skip
    cells = table[columns]
    answers = AnsweredColumns(
        texts={name: cells[name].to_numpy(dtype=object) for name in columns},
        numbers={},
        unknown={name: cells[name].isin(UNKNOWN).to_numpy() for name in columns},
        ages=(np.zeros(len(table)), np.zeros(len(table))),
    )
    classes = BlankedClasses(answers, [chosen], known)
    for blanked in ([], columns[::3], [name for name in columns if name.startswith("c_")]):
        people = fl.classify(table.assign(**dict.fromkeys(blanked, "ref")), framework, short_instrument=True).people
        wanted = np.stack([people[each.id] + people[f"{each.id}_possible"] for each in chosen.outcomes], axis=1)
        found = classes.states(blanked, age)
        assert (found == wanted).all()
    assert {0, 1} <= set(np.unique(wanted))
