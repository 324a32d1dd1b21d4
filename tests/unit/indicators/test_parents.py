"""A child who works with parents is in forced labour where a parent is by their own answers; a parent's unknown class is unknown."""

from __future__ import annotations

from typing import Any

import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl

NOBODY: Any = None
PEOPLE = pd.DataFrame(
    {
        "person_id": ["mum", "dad", "out", "maybe", "c1", "c2", "c3", "c4", "c5"],
        "age_interview": [40, 41, 35, 36, 10, 11, 12, 13, 14],
        "selected_for_module": ["yes", "yes", "no", "yes", "yes", "yes", "yes", "yes", "yes"],
        "mother_id": [NOBODY, NOBODY, NOBODY, NOBODY, "mum", NOBODY, "out", "maybe", NOBODY],
        "father_id": [NOBODY, NOBODY, NOBODY, NOBODY, "dad", "dad", "dad", NOBODY, NOBODY],
    }
)
JOBS = pd.DataFrame(
    {
        "job_id": [str(n) for n in range(8)],
        "person_id": ["mum", "dad", "maybe", "c1", "c2", "c3", "c4", "c5"],
        "age_at_start": [40, 41, 36, 10, 11, 12, 13, 14],
        "w_low_no_wage": ["yes", "yes", "yes", *[NOBODY] * 5],
        "c_docs": ["experienced", "no", "dk", *[NOBODY] * 5],
        "child_works_for": [NOBODY, NOBODY, NOBODY, *["parents"] * 5],
        "child_coercion_by": [NOBODY, NOBODY, NOBODY, *["none"] * 5],
        "child_wfcl": [NOBODY, NOBODY, NOBODY, *["none"] * 5],
    }
)
BOTH = ["icls2018_adult", "icls2018_child"]


def classes(people: Any, jobs: Any, frameworks: Any = BOTH) -> dict[str, tuple[int, int]]:
    found = fl.classify(fl.SurveyData(people=people, jobs=jobs), frameworks).people
    found = found.collect() if isinstance(found, pl.LazyFrame) else found
    found = found.to_pandas() if isinstance(found, pl.DataFrame) else found
    rows = found.set_index("person_id")[["forced_labour", "forced_labour_possible"]]
    return {str(name): (int(row.iloc[0]), int(row.iloc[1])) for name, row in rows.iterrows()}


@pytest.mark.parametrize("engine", ["pandas", "polars", "lazy"])
def test_the_class_of_the_parents_is_theirs(engine: str) -> None:
    """c1: the mother is in it. c2: the father is not. c3: the mother was not asked. c4: the mother's class is open. c5: no parent is named."""
    people, jobs = (
        frame if engine == "pandas" else pl.from_pandas(frame) if engine == "polars" else pl.from_pandas(frame).lazy()
        for frame in (PEOPLE, JOBS)
    )
    found = classes(people, jobs)
    assert found["mum"] == (1, 1)
    assert found["maybe"] == (0, 1)
    assert [found[child] for child in ("c1", "c2", "c3", "c4", "c5")] == [(1, 1), (0, 0), (0, 1), (0, 1), (0, 1)]


def test_the_childs_framework_alone_asks_the_parents_by_the_icls() -> None:
    found = classes(PEOPLE, JOBS, "icls2018_child")
    assert [found[child] for child in ("c1", "c2", "c3", "c4", "c5")] == [(1, 1), (0, 0), (0, 1), (0, 1), (0, 1)]


def test_an_answer_of_the_survey_itself_stands() -> None:
    jobs = JOBS.assign(child_parents_in_fl=[NOBODY, NOBODY, NOBODY, "no", "yes", "no", "no", "no"])
    found = classes(PEOPLE, jobs)
    assert [found[child] for child in ("c1", "c2", "c3", "c4", "c5")] == [(0, 0), (1, 1), (0, 0), (0, 0), (0, 0)]


def test_a_roster_without_parents_leaves_the_question_out() -> None:
    people = PEOPLE.drop(columns=["mother_id", "father_id"])
    assert classes(people, JOBS)["c1"] == (0, 0)
