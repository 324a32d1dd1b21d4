"""Children are drawn as their parents were: in every draw, and in the data as completed by it."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.indicators.parents import COLUMN

N = 120
BOTH = ["icls2018_adult", "icls2018_child"]
DESIGN = fl.Design(unweighted=True, psu="ea")


def families() -> fl.SurveyData:
    """Mothers, of whom each fourth did not say whether papers were held back; one child each, whose only ground is its mother's class.

    The last ten mothers have a husband who was not asked; that of the last but ten is surely in forced labour.
    """
    rows = np.arange(N)
    open_, cases = rows % 4 == 1, rows % 3 == 0
    fathers = np.arange(N - 11, N)
    nobody: Any = None
    people = pd.concat([
        pd.DataFrame({"person_id": [f"m{row}" for row in rows], "ea": rows % 20, "age_interview": 40, "selected_for_module": "yes"}),
        pd.DataFrame({"person_id": [f"f{row}" for row in fathers], "ea": fathers % 20, "age_interview": 41,
                      "selected_for_module": ["yes", *["no"] * 10]}),
        pd.DataFrame({"person_id": [f"c{row}" for row in rows], "ea": rows % 20, "age_interview": 10, "selected_for_module": "yes",
                      "mother_id": [f"m{row}" for row in rows],
                      "father_id": [f"f{row}" if row in fathers else nobody for row in rows]}),
    ], ignore_index=True)  # fmt: skip
    docs = np.where(open_, "dk", np.where(cases, "experienced", "no"))
    jobs = pd.concat([
        pd.DataFrame({"person_id": [f"m{row}" for row in rows], "age_at_start": 40, "w_low_no_wage": "yes", "c_docs": docs}),
        pd.DataFrame({"person_id": [f"f{N - 11}"], "age_at_start": 41, "w_low_no_wage": "yes", "c_docs": "experienced"}),
        pd.DataFrame({"person_id": [f"c{row}" for row in rows], "age_at_start": 10, "child_works_for": "parents",
                      "child_coercion_by": "none", "child_wfcl": "none"}),
    ], ignore_index=True)  # fmt: skip
    return fl.SurveyData(people=people, jobs=jobs.assign(job_id=[str(row) for row in range(len(jobs))]), design=DESIGN)


@cache
def imputed(method: Any = "donors") -> fl.Imputation:
    return fl.impute(families(), BOTH, draws={"donors": 20, "chained": 4}[method], seed=2, method=method)


def drawn(it: fl.Imputation) -> pd.DataFrame:
    """The draws of every recipient, by person."""
    names = it.people["person_id"].to_numpy()[it.recipients]
    return pd.DataFrame(it.drawn["forced_labour"], index=names)


@pytest.mark.parametrize("method", ["donors", "chained"])
def test_a_child_follows_its_mothers_own_draw(method: str) -> None:
    found = drawn(imputed(method))
    alone = [row for row in range(N - 11) if row % 4 == 1]
    mothers, children = (found.loc[[f"{who}{row}" for row in alone]].to_numpy() for who in "mc")
    assert (mothers == children).all()
    assert 0 < mothers.mean() < 1


def test_a_father_who_was_not_asked_leaves_it_to_donors_where_the_mother_is_no_case() -> None:
    found = drawn(imputed())
    both = [row for row in range(N - 10, N) if row % 4 == 1]
    mothers, children = (found.loc[[f"{who}{row}" for row in both]].to_numpy() for who in "mc")
    assert (children >= mothers).all()
    assert (children[mothers == 0] == 1).any()


def test_who_has_a_parent_that_is_surely_a_case_is_no_recipient() -> None:
    assert (N - 11) % 4 == 1
    assert f"c{N - 11}" not in drawn(imputed()).index


@pytest.mark.parametrize("draw", [1, 7])
def test_the_completed_data_say_the_same(draw: int) -> None:
    it = imputed()
    completed = it.completed(draw).people.set_index("person_id")["forced_labour"]
    found = drawn(it)[draw - 1]
    assert completed.loc[found.index].tolist() == found.tolist()


def test_more_odds_for_the_mothers_are_more_for_their_children() -> None:
    it = imputed()
    more = drawn(it.shifted({"dont_know": 3.0}))
    assert (more.to_numpy() >= drawn(it).to_numpy()).all()
    assert more.filter(like="c", axis=0).to_numpy().mean() > drawn(it).filter(like="c", axis=0).to_numpy().mean()


def test_what_the_survey_asked_itself_donors_answer() -> None:
    survey = families()
    jobs = survey.jobs.assign(**{COLUMN: "no"})
    child = jobs["person_id"].str.startswith("c")
    jobs.loc[child & (jobs.index % 3 == 0), COLUMN] = "yes"
    jobs.loc[child & (jobs.index % 7 == 0), COLUMN] = "dk"
    it = fl.impute(fl.SurveyData(people=survey.people, jobs=jobs, design=DESIGN), BOTH, draws=2, seed=2)
    assert it.parents is None
    assert any(name.startswith("c") for name in drawn(it).index)
