"""What imputation was made of is told to the analyst, and it is refused where that is nothing."""

from __future__ import annotations

import pickle
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.imputation.diagnostics import COLUMNS
from fl_estimate.estimators.survey.imputed import of_draw
from tests.unit.estimators.imputation.silent_people import COERCION, DESIGN, INVOLUNTARY, sample

HEARD = sample(1, 640).heard


@pytest.fixture(scope="module")
def imputed() -> fl.Imputation:
    return fl.impute(HEARD, design=DESIGN, draws=20, seed=1)


def test_a_line_for_each_column_that_was_drawn(imputed: fl.Imputation) -> None:
    table = imputed.diagnostics()
    assert tuple(table.columns) == COLUMNS
    assert set(table["item"]) == {*INVOLUNTARY, *COERCION}
    completed = imputed.completed(1).people
    changed = {name: int((completed[name] != HEARD[name]).sum()) for name in table["item"]}
    assert dict(zip(table["item"], table["drawn"], strict=True)) == changed
    known = {name: int(HEARD[name].isin(["yes", "no", "experienced"]).sum()) for name in table["item"]}
    assert dict(zip(table["item"], table["answered"], strict=True)) == known


def test_answered_and_drawn_shares_are_those_of_the_data(imputed: fl.Imputation) -> None:
    line: Any = imputed.diagnostics().set_index("item").to_dict(orient="index")["c_docs"]
    weights, answers = HEARD["w"], HEARD["c_docs"]
    known = answers.isin(["no", "experienced"])
    told = np.average(answers[known] == "experienced", weights=weights[known])
    assert line["answered_true"] == pytest.approx(told, rel=1e-12)
    shares: list[float] = []
    rows = (imputed.completed(1).people["c_docs"] != answers).to_numpy(dtype=bool)
    for draw in range(1, 21):
        completed = imputed.completed(draw).people["c_docs"]
        shares.append(float(np.average(completed[rows] == "experienced", weights=weights[rows])))
    assert line["drawn_true"] == pytest.approx(np.mean(shares), rel=1e-12)
    drawn = weights[rows].sum()
    assert line["share_drawn"] == pytest.approx(drawn / (drawn + weights[known].sum()), rel=1e-12)


def test_the_share_of_people_whose_class_was_drawn(imputed: fl.Imputation) -> None:
    people = imputed.people
    open_ = people["forced_labour"] != people["forced_labour_possible"]
    assert imputed.share_drawn("forced_labour") == pytest.approx(np.average(open_, weights=people["w"]), rel=1e-12)


def test_remarks_are_made_where_there_is_a_reason() -> None:
    """A question that six persons answered, which nothing else has to do with."""
    rng = np.random.default_rng(4)
    size = 60
    data = pd.DataFrame({"age": 30, "w_diff_job": "yes", "c_docs": rng.choice(["no", "ref"], size, p=[0.9, 0.1])})
    data["c_locked"] = "no"
    data.loc[data.index[:40], "c_locked"] = rng.choice(["no", "experienced"], 40)
    it = fl.impute(data, design=fl.Design(unweighted=True), draws=20, seed=1)
    remarks = it.diagnostics().set_index("item")["remarks"]
    assert "nothing_predicts_it" in remarks["c_docs"]  # nobody told of it
    few = data.assign(c_docs=["no"] * 10 + ["dk"] * 5 + ["no"] * 45).head(15)
    assert "few_donors" in fl.impute(few, design=fl.Design(unweighted=True), seed=1).diagnostics()["remarks"].iloc[0]


def test_nothing_to_draw_from_is_refused() -> None:
    silent = HEARD.assign(c_phone="ref")
    with pytest.raises(EstimateFault, match="FL-EST-445") as fault:
        fl.impute(silent, design=DESIGN)
    assert "c_phone" in fault.value.found
    empty = HEARD.assign(c_phone=None)
    with pytest.raises(EstimateFault, match="FL-EST-445"):
        fl.impute(empty, design=DESIGN)


def test_mostly_made_up_is_refused() -> None:
    mostly = HEARD.copy()
    mostly.loc[mostly.index[:600], "c_docs"] = "ref"
    mostly[["w_diff_job"]] = "yes"
    with pytest.raises(EstimateFault, match="FL-EST-446") as fault:
        fl.impute(mostly, design=DESIGN)
    assert "c_docs" in fault.value.found
    it = fl.impute(mostly, design=DESIGN, draws=4, seed=1, too_few="leave")
    assert "much_drawn" in it.diagnostics().set_index("item")["remarks"]["c_docs"]


def test_people_whom_nobody_can_give_an_answer_stay_open_where_that_is_meant() -> None:
    it = fl.impute(HEARD.assign(c_phone="ref"), design=DESIGN, draws=20, seed=1, too_few="leave")
    assert it.left_open["forced_labour"] > 0.5
    classes = it.completed(1).people
    assert (classes["c_phone"] == "ref").all()
    assert (classes["forced_labour"].to_numpy()[it.recipients] == it.drawn["forced_labour"][:, 0]).all()


def test_no_answer_is_shown(imputed: fl.Imputation) -> None:
    """A repr counts people and names outcomes; a pickle comes back the same."""
    marked = HEARD.assign(person_id=[f"Amina {position}" for position in range(len(HEARD))])
    it = fl.impute(marked, design=DESIGN, draws=4, seed=1)
    assert "Amina" not in repr(it)
    assert "Amina" not in repr(it.diagnostics())
    assert "Amina" not in repr([it.pool.blocks[0].n_complete, it.pilot])
    again = pickle.loads(pickle.dumps(imputed))
    assert repr(again) == repr(imputed)
    assert (again.drawn["forced_labour"] == imputed.drawn["forced_labour"]).all()


def test_classes_that_stay_open_are_told_of_beside_the_figure() -> None:
    """Nobody answered: the figure is 0 of 200 by no finding, and says so."""
    people = pd.DataFrame({"age": 30, "w_diff_job": "yes", "c_docs": "ref"}, index=range(200))
    it = fl.impute(people, design=fl.Design(unweighted=True), draws=20, seed=1, too_few="leave")
    found = fl.estimate_prevalence(it, "forced_labour", unknown="impute")
    assert found.value == 0
    told = {str(reason.code): dict(reason.parameters) for reason in found.reasons}
    assert told["imputed_left_open"] == {"share": 100.0}
    answered = people.assign(c_docs=["yes", "no", *["ref"] * 8] * 20)
    settled = fl.impute(answered, design=fl.Design(unweighted=True), draws=20, seed=1, too_few="leave")
    reasons = fl.estimate_prevalence(settled, "forced_labour", unknown="impute").reasons
    assert "imputed_left_open" not in {reason.code for reason in reasons}


def test_no_answer_is_in_the_name_of_an_object() -> None:
    people = pd.DataFrame({"age": 37, "w_diff_job": "yes", "c_docs": ["yes", "no"] * 20 + ["ref"]})
    it = fl.impute(people, design=fl.Design(unweighted=True), draws=20, seed=1)
    held = (
        it,
        it.pool,
        it.pool.blocks[0],
        it.persons,
        it.source_rows,
        it.source_rows.working,
        of_draw(it, ["forced_labour"], 1),
    )
    for each in held:
        assert not re.search("yes|w_diff_job|array", repr(each)), type(each)
