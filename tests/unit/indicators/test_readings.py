"""Other readings of a definition, sets of answers in columns, and instruments that have few of the questions."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl
from fl_estimate.errors import IndicatorFault, ShortInstrumentWarning
from fl_estimate.inputs.survey_data import SurveyData

READINGS = ["forced_labour", "forced_labour_wide", "forced_labour_narrow", "forced_labour_one_fact"]
SIDES = ("", "_possible", "_in_scope")
ENGINES: dict[str, Callable[[pd.DataFrame], Any]] = {
    "pandas": lambda table: table,
    "polars": lambda table: pl.from_pandas(table).lazy(),
    "categories": lambda table: pl.from_pandas(table).with_columns(pl.col(pl.String).cast(pl.Categorical)).lazy(),
    "duckdb": lambda table: duckdb.from_arrow(pl.from_pandas(table).to_arrow()),
}
# by hand: low pay as told and a threat (wide alone); low pay not as told, wages held back and nothing else (not narrow, one
# fact); the same with documents kept (all, and no longer one fact); nothing
ANSWERS = pd.DataFrame(
    {
        "age": [30, 30, 30, 30],
        "w_low_no_wage": ["yes", "yes", "yes", "no"],
        "r_dec_wages": ["no", "yes", "yes", "no"],
        "c_dismissal": ["threatened", "no", "no", "no"],
        "c_wages_withheld": ["no", "experienced", "experienced", "no"],
        "c_docs": ["no", "no", "experienced", "no"],
    }
)
BY_HAND = {
    "forced_labour": [0, 1, 1, 0],
    "forced_labour_wide": [1, 1, 1, 0],
    "forced_labour_narrow": [0, 0, 1, 0],
    "forced_labour_one_fact": [0, 1, 0, 0],
}


def _collected(people: Any) -> pd.DataFrame:
    if isinstance(people, pl.LazyFrame):
        return people.collect().to_pandas()
    return people if isinstance(people, pd.DataFrame) else people.df()


@pytest.mark.parametrize("engine", ENGINES)
def test_every_reading_by_hand(engine: str) -> None:
    found = _collected(fl.classify(ENGINES[engine](ANSWERS.assign(position=range(4))), outcomes=READINGS).people)
    found = found.sort_values("position")
    assert {name: found[name].tolist() for name in READINGS} == BY_HAND
    assert {name: found[f"{name}_possible"].tolist() for name in READINGS} == BY_HAND


def test_readings_are_computed_only_where_they_are_asked_for() -> None:
    default = fl.classify(ANSWERS)
    assert default.outcomes == ("forced_labour",)
    assert [name for name in default.people if "wide" in name or "narrow" in name or "one_fact" in name] == []
    narrow = fl.classify(ANSWERS, outcomes="forced_labour_narrow")
    assert narrow.outcomes == ("forced_labour_narrow",)
    assert "forced_labour" not in narrow.people
    # an outcome that says when is made of the rows of the outcome itself
    assert fl.classify(ANSWERS, outcomes=["forced_labour_stock"]).frameworks[0].outcomes[0].id == "forced_labour"


@pytest.mark.parametrize(
    ("framework", "outcomes", "words"),
    [
        ("icls2018_adult", ["forced_labour_wider"], "no outcome is called forced_labour_wider"),
        ("icls2018_adult", [], "none of icls2018_adult is asked for"),
        (["icls2018_adult", "gems"], ["forced_labour"], "none of gems is asked for"),
        (["icls2018_adult", "gems"], ["forced_labour_narrow", "gems"], "no outcome is called gems"),
    ],
)
def test_outcomes_that_the_frameworks_do_not_have_are_refused(framework: Any, outcomes: list[str], words: str) -> None:
    with pytest.raises(IndicatorFault, match=words) as caught:
        fl.classify(ANSWERS, framework, outcomes=outcomes)
    assert caught.value.code == "FL-IND-21"
    assert "forced_labour_wide" in caught.value.fix


def test_adults_and_children_have_one_outcome_in_every_reading() -> None:
    people = ANSWERS.assign(age=[30, 30, 12, 12], child_wfcl=["none", "none", "slavery", "none"])
    found = fl.classify(people, ["icls2018_adult", "icls2018_child"], outcomes=READINGS[:3]).people
    assert found["forced_labour"].tolist() == [0, 1, 1, 0]
    assert found["forced_labour_wide"].tolist() == [1, 1, 1, 0]
    assert found["forced_labour_narrow"].tolist() == [0, 0, 1, 0]
    assert found["forced_labour_narrow_in_scope"].tolist() == [1, 1, 1, 1]


def test_rows_of_jobs_bring_every_reading_to_the_person() -> None:
    jobs = ANSWERS.drop(columns="age").assign(person_id=["a", "a", "b", "c"], age_at_start=30)
    people = pd.DataFrame({"person_id": list("abcd"), "age_interview": [30, 30, 30, 30]})
    found = fl.classify(SurveyData(people=people, jobs=jobs), outcomes=READINGS).people.set_index("person_id")
    assert found["forced_labour"].tolist() == [1, 1, 0, 0]
    assert found["forced_labour_narrow"].tolist() == [0, 1, 0, 0]
    assert found["forced_labour_one_fact"].tolist() == [1, 0, 0, 0]


def test_a_definition_is_compared_by_all_its_readings() -> None:
    compared = fl.compare_frameworks(ANSWERS, ["icls2018_adult"], readings=True)
    assert compared.labels == (
        *("icls2018_adult", "icls2018_adult:forced_labour_wide", "icls2018_adult:forced_labour_narrow"),
    )
    as_no = compared.prevalence[compared.prevalence["unknown"] == "no"].set_index("framework")["value"]
    assert as_no.tolist() == [0.5, 0.75, 0.25]
    assert compared.cross_table("icls2018_adult", "icls2018_adult:forced_labour_narrow").loc["in", "not in"] == 1.0
    with pytest.raises(IndicatorFault, match="FL-IND-18"):
        fl.compare_frameworks(ANSWERS, ["icls2018_adult:forced_labour_wide"], readings=True)
    people = ANSWERS.assign(age=[30, 30, 12, 12], child_wfcl="none")
    both = fl.compare_frameworks(people, [["icls2018_adult", "icls2018_child"], "gems"], readings=True)
    joined = "icls2018_adult + icls2018_child"
    assert both.labels == (joined, f"{joined}:forced_labour_wide", f"{joined}:forced_labour_narrow", "gems")


@pytest.mark.parametrize("engine", ENGINES)
def test_cells_of_several_codes_are_read_as_sets(engine: str) -> None:
    # works for somebody else in every row; who coerces: both, the parents, unknown, parents and unknown, nobody, a null
    by = ["parents;third_party", "parents", "dk", "parents, ref", "none", None, "third_party dk", "third_party"]
    table = pd.DataFrame(
        {
            "position": range(8),
            "age": 12,
            "child_works_for": ["third_party", "third_party|parents"] * 4,
            "child_coercion_by": by,
            "child_coercion_target": "child",
            "child_parents_in_fl": "no",
            "child_wfcl": "none",
        }
    )
    found = _collected(fl.classify(ENGINES[engine](table), "icls2018_child").people).sort_values("position")
    cells = list(found[[f"forced_labour{side}" for side in SIDES]].itertuples(index=False, name=None))
    assert cells == [(1, 1, 1), (0, 0, 1), (0, 1, 1), (0, 1, 1), (0, 0, 1), (0, 1, 1), (1, 1, 1), (1, 1, 1)]


@pytest.mark.parametrize("cell", ["third_party;boss", "boss", ";", "third-party"])
def test_a_set_with_a_code_that_is_none_is_refused(cell: str) -> None:
    table = pd.DataFrame({"age": [12, 12], "child_works_for": "third_party", "child_coercion_by": ["parents", cell]})
    with pytest.raises(IndicatorFault) as caught:
        fl.classify(table, "icls2018_child")
    assert (caught.value.code, caught.value.found) == ("FL-IND-06", "child_coercion_by in 1 rows")


def test_a_set_is_given_as_a_list_or_a_text_and_refused_otherwise() -> None:
    def label(by: Any) -> str:
        child = {"works_for": "third_party", "coercion_by": by, "coercion_target": ["child"]}
        return fl.explain({}, "icls2018_child", age=12, default="no", child=child).label

    assert [label(by) for by in (["parents", "third_party"], "parents;third_party", "parents", "dk parents")] == [
        "FL", "FL", "not_FL", "undetermined",
    ]  # fmt: skip
    for by in ([], ["boss"], ["parents", 3], 3):
        with pytest.raises(IndicatorFault, match=r"child\.coercion_by: its code is not known"):
            label(by)
    with pytest.raises(IndicatorFault, match=r"child\.parents_in_fl: its code is not known"):
        fl.explain({}, "icls2018_child", age=12, child={"parents_in_fl": ["yes", "no"]})


def test_a_short_instrument_is_a_warning_that_says_what_it_cannot_see() -> None:
    short = ANSWERS[["age", "w_low_no_wage", "c_dismissal"]]
    with pytest.warns(ShortInstrumentWarning) as caught:
        fl.classify(short)
    text = str(caught[0].message)
    assert text.startswith("[FL-IND-22] the instrument has 2 of the 56 questions of icls2018_adult")
    assert "No free and informed consent" in text
    assert "Withholding of valuable documents" in text
    assert "Very low or no wages" not in text
    assert caught[0].filename == __file__


def test_the_warning_is_avoided_by_an_argument_and_by_questions_enough() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fl.classify(ANSWERS[["age", "w_low_no_wage", "c_dismissal"]], short_instrument=True)
        fl.compare_frameworks(ANSWERS, ["icls2018_adult", "gems"], short_instrument=True)
        # 14 of 56 questions are a quarter; frameworks with few questions of their own are never short
        enough = [name for name in fl.Framework.read("icls2018_adult").known.items if name.startswith("c_")][:13]
        fl.classify(pd.DataFrame({"age": [30], "l_no_freedom_resign": ["yes"], **dict.fromkeys(enough, "no")}))
        fl.classify(pd.DataFrame({"age": [30], "marriage_forced": ["yes"]}), "forced_marriage")


def test_one_respondent_of_a_survey_is_read_by_the_questions_that_it_had() -> None:
    # nobody asked whether the advance was taken knowingly: it counts, as in columns; asked, and it was: it does not
    answers = {"r_debt_linked": "yes", "c_docs": "experienced"}
    told = fl.explain(answers, "icls2018_adult", age=30, default="no", instrument=answers)
    assert told.label == "FL"
    assert {criterion.id for criterion in told.criteria} == {"IW1b", "CO5"}
    assert told.changes() == {"not_FL": ({"r_debt_linked": "no"}, {"c_docs": "no"})}
    asked = fl.explain(answers, "icls2018_adult", age=30, default="no", instrument={*answers, "r_consent_free"})
    assert asked.label == "not_FL"


def test_unknown_answers_close_the_bounds_of_every_reading() -> None:
    # two of four do not say whether they consented, one of them whether papers were kept; consent no is what speaks
    table = pd.DataFrame(
        {
            "age": 30,
            "r_consent_free": ["dk", "no", "yes", "ref"],
            "w_low_no_wage": ["no", "no", "yes", "no"],
            "c_docs": ["experienced", "dk", "experienced", "no"],
        }
    )
    compared = fl.compare_frameworks(table, ["icls2018_adult"], readings=True)
    found: Any = compared.non_response.set_index(["framework", "question"])
    consent = found.loc[("icls2018_adult", "r_consent_free")]
    # one person is out if consent was free, and in if it was not; the other's papers are their matter
    assert (consent["fall_of_upper"], consent["rise_of_lower"]) == (0.25, 0.25)
    assert found.loc[("icls2018_adult:forced_labour_narrow", "c_docs"), "rise_of_lower"] == 0.25
    assert found.loc[("icls2018_adult:forced_labour_wide", "c_docs"), "lower"] == 0.25


def test_one_fact_under_two_heads_is_counted_by_fact() -> None:
    """By hand: wages, a debt, an advance at recruitment, a locked gate; a debt and a gate; a debt and no consent; nothing."""
    answers = pd.DataFrame(
        {
            "age": 30,
            "l_wait_wages": ["yes", *["no"] * 6],
            "c_wages_withheld": ["experienced", *["no"] * 6],
            "l_indefinite_debt": ["no", "yes", "no", "no", "yes", "yes", "no"],
            "r_debt_linked": ["no", "no", "yes", "no", "no", "no", "no"],
            "c_debt": ["no", "experienced", "threatened", "no", "experienced", "experienced", "no"],
            "l_no_freedom_resign": ["no", "no", "no", "yes", "yes", "no", "no"],
            "c_locked": ["no", "no", "no", "experienced", "experienced", "no", "no"],
            "r_forced_direct": ["no"] * 5 + ["yes", "no"],
        }
    )
    names = ["forced_labour", *(f"forced_labour_one_fact{fact}" for fact in ("", "_debt", "_leaving"))]
    found = fl.classify(answers, outcomes=names, short_instrument=True).people
    assert found[names].to_numpy().T.tolist() == [
        [1, 1, 1, 1, 1, 1, 0],
        [1, 0, 0, 0, 0, 0, 0],
        [0, 1, 1, 0, 0, 0, 0],
        [0, 0, 0, 1, 0, 0, 0],
    ]
    narrow = fl.classify(answers, outcomes="forced_labour_narrow", short_instrument=True).people["forced_labour_narrow"]
    assert narrow.tolist() == [0, 0, 0, 0, 1, 1, 0]
