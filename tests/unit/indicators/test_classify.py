"""Whole surveys are classified alike on every engine: rows to persons, scope, coverage, reasons, and what is refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl
from fl_estimate.errors import IndicatorFault
from fl_estimate.indicators.choice import require_separate_scopes
from fl_estimate.inputs.respondents import Respondents
from fl_estimate.inputs.survey_data import ReferencePeriod, Source, SurveyData

CLASSES = ["forced_labour", "forced_labour_possible", "forced_labour_in_scope"]
CONNECTION = duckdb.connect()
ENGINES: dict[str, Callable[[pd.DataFrame], Any]] = {
    "pandas": lambda table: table,
    "polars": pl.from_pandas,
    "polars lazy": lambda table: pl.from_pandas(table).lazy(),
    "duckdb": lambda table: CONNECTION.from_arrow(pl.from_pandas(table).to_arrow()),
}
CHILD = ["child_works_for", "child_coercion_by", "child_coercion_target", "child_parents_in_fl", "child_wfcl"]


def _collected(frame: Any) -> pd.DataFrame:
    if isinstance(frame, pl.LazyFrame):
        frame = frame.collect()
    if isinstance(frame, pl.DataFrame):
        return frame.to_pandas()
    return frame if isinstance(frame, pd.DataFrame) else frame.df()


def _classes(data: Any, framework: Any = "icls2018_adult", *, by: str = "person_id") -> list[tuple[int, ...]]:
    people = _collected(fl.classify(data, framework).people).sort_values(by)
    return list(people[CLASSES].itertuples(index=False, name=None))


def _adults() -> pd.DataFrame:
    """Eight persons: in forced labour, not, undetermined twice, a child, age unknown, not selected, selection unknown."""
    return pd.DataFrame(
        {
            "person_id": list("abcdefgh"),
            "age": [30.0, 30, 30, 18, 17, None, 30, 30],
            "w_low_no_wage": ["yes", "yes", "yes", None, "yes", "yes", "yes", "yes"],
            "c_docs@work": [
                "threatened",
                "no",
                "no",
                "experienced",
                "witnessed",
                "witnessed",
                "witnessed",
                "witnessed",
            ],
            "c_docs@leave": ["no", "no", "ref", "no", "no", "no", "no", "no"],
            "selected_for_module": ["yes", "yes", "yes", "yes", "yes", "yes", "no", None],
            "w": np.arange(8.0),
        }
    )


ADULTS = [(1, 1, 1), (0, 0, 1), (0, 1, 1), (0, 1, 1), (0, 0, 0), (0, 0, 0), (0, 0, 0), (1, 1, 1)]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_plain_frame(engine: str) -> None:
    data = ENGINES[engine](_adults())
    classification = fl.classify(data)
    assert _classes(data) == ADULTS
    assert type(classification.people) is type(data)
    people = _collected(classification.people)
    assert list(people.columns) == [*_adults().columns, *CLASSES]
    assert [str(people[name].dtype) for name in CLASSES] == ["int64"] * 3
    assert (classification.framework, classification.outcomes) == ("icls2018_adult", ("forced_labour",))
    assert classification.design is None
    assert isinstance(classification, Respondents)


@pytest.mark.parametrize("engine", ["pandas", "polars"])
def test_the_order_and_the_index_of_people_stay(engine: str) -> None:
    shuffled = _adults().sample(frac=1, random_state=3)
    people = fl.classify(ENGINES[engine](shuffled)).people
    assert list(people["person_id"]) == list(shuffled["person_id"])
    if engine == "pandas":
        assert people.index.equals(shuffled.index)


def test_text_may_be_categorical_and_a_column_may_be_all_null() -> None:
    table = _adults()
    expected = _classes(table.assign(c_debt=None))
    categorical = table.assign(c_debt=None, **{"c_docs@leave": table["c_docs@leave"].astype("category")})
    assert _classes(categorical) == expected
    assert _classes(table.assign(c_debt=np.nan)) == expected
    nulls = pl.from_pandas(table).with_columns(
        c_debt=pl.lit(None), w_low_no_wage=pl.col("w_low_no_wage").cast(pl.Categorical)
    )
    assert _classes(nulls) == expected
    # an item that nobody answered is unknown for everybody who was asked
    assert expected[1] == (0, 1, 1)


@pytest.mark.parametrize("engine", ENGINES)
def test_an_age_that_is_not_a_number_is_unknown(engine: str) -> None:
    table = _adults()
    frame = ENGINES[engine](table)
    if isinstance(frame, pl.DataFrame):
        frame = frame.with_columns(age=pl.col("age").fill_null(float("nan")))
    assert _classes(frame) == ADULTS


@pytest.mark.parametrize("engine", ENGINES)
def test_a_phase_that_was_not_asked_counts_where_the_phase_is_ignored(engine: str) -> None:
    table = pd.DataFrame(
        {
            "person_id": list("abc"),
            "age": [30, 30, 30],
            "w_low_no_wage": ["yes"] * 3,
            "c_docs": ["witnessed", "no", None],
        }
    )
    assert _classes(ENGINES[engine](table)) == [(1, 1, 1), (0, 0, 1), (0, 1, 1)]


@pytest.mark.parametrize("engine", ENGINES)
def test_state_imposed_has_everybody_in_scope(engine: str) -> None:
    table = pd.DataFrame(
        {
            "state_imposed_by_state": ["yes", "yes", "dk"],
            "state_penalty": ["yes", "yes", "yes"],
            "state_exception": ["E1", "none", "none"],
            "state_exception_conditions_met": ["yes", None, "no"],
            "state_c105": ["none", "none", "no"],
        }
    )
    classification = fl.classify(ENGINES[engine](table), "state_imposed")
    names = [f"state_imposed_forced_labour{side}" for side in ("", "_possible", "_in_scope")]
    people = _collected(classification.people)
    assert sorted(people[names].itertuples(index=False, name=None)) == [(0, 0, 1), (0, 1, 1), (1, 1, 1)]


def _survey(engine: str = "pandas", **changes: Any) -> SurveyData:
    """Persons with no job, one, several; a job of a relative; a job begun as a child; an unknown age at the start."""
    people = pd.DataFrame(
        {
            "person_id": list("zabcdef"),
            "age_interview": [40, 30, 30, 25, 16, 30, 12],
            "selected_for_module": ["no", "yes", "yes", "yes", "yes", "yes", "yes"],
            "w": np.arange(7.0),
        }
    )
    jobs = pd.DataFrame(
        {
            "person_id": ["z", "a", "a", "b", "c", None, "d", "e"],
            "age_at_start": [40, 30, 29, 30, 15, 30, 16, None],
            "w_low_no_wage": ["yes", "yes", "no", "yes", "yes", "yes", "yes", "yes"],
            "c_docs": ["witnessed", "no", "witnessed", "dk", "witnessed", "witnessed", "witnessed", "witnessed"],
            "child_works_for": ["third_party"] * 8,
            "child_coercion_by": ["third_party"] * 8,
            "child_coercion_target": ["child"] * 8,
            "child_parents_in_fl": ["no"] * 8,
            "child_wfcl": ["none"] * 8,
        }
    )
    given: dict[str, Any] = {
        "people": ENGINES[engine](people),
        "jobs": ENGINES[engine](jobs),
        "design": fl.Design(weights="w"),
        "sources": {"people": Source(name="x.csv", sha256="0", encoding="utf-8", n_rows=7)},
        "reference_period": ReferencePeriod(kind="12m", start=dt.date(2025, 1, 1), end=dt.date(2026, 1, 1)),
        "population": "residents",
    }
    return SurveyData(**(given | changes))


@pytest.mark.parametrize("engine", ENGINES)
def test_both_conditions_must_hold_in_one_job(engine: str) -> None:
    # a: two jobs, each with one condition; b: undetermined; c: begun at 15 and 25 now; d: a child; e: the age when it
    # began unknown; f: a child without work; z: not selected
    expected = [(0, 0, 1), (0, 1, 1), (1, 1, 1), (0, 0, 0), (1, 1, 1), (0, 0, 0), (0, 0, 0)]
    assert _classes(_survey(engine)) == expected


@pytest.mark.parametrize("engine", ENGINES)
def test_adults_and_children_give_one_outcome(engine: str) -> None:
    # the job of c, begun at 15 and held at 25, is an adult's, that of d a child's; f is in scope without work
    expected = [(0, 0, 1), (0, 1, 1), (1, 1, 1), (1, 1, 1), (1, 1, 1), (0, 0, 1), (0, 0, 0)]
    assert _classes(_survey(engine), ["icls2018_adult", "icls2018_child"]) == expected


@pytest.mark.parametrize("engine", ["pandas", "polars"])
def test_a_survey_hands_on_what_it_knows_and_keeps_its_order(engine: str) -> None:
    survey = _survey(engine)
    classification = fl.classify(survey)
    assert classification.design is survey.design
    assert classification.source is survey.source
    assert classification.reference_period is survey.reference_period
    assert (classification.population, classification.report) == ("residents", survey.report)
    assert list(classification.people["person_id"]) == list("zabcdef")
    assert list(classification.people.columns) == [
        "person_id",
        "age_interview",
        "selected_for_module",
        "w",
        *CLASSES,
        "age_at_start",
    ]
    assert isinstance(classification, Respondents)
    assert repr(classification).startswith("Classification(icls2018_adult: forced_labour; Coverage(")


def test_without_dates_the_age_at_the_interview_counts_and_coverage_says_so() -> None:
    jobs = _survey().jobs.drop(columns="age_at_start")
    assert fl.classify(_survey(jobs=jobs)).coverage.time == ("time_from_question", "age_at_interview")
    # c is 25 and d 16 at the interview
    assert _classes(_survey(jobs=jobs))[2:4] == [(1, 1, 1), (0, 0, 0)]


def test_items_may_stand_on_the_people_themselves() -> None:
    people = _adults().rename(columns={"age": "age_interview"})
    assert _classes(SurveyData(people=people)) == ADULTS
    assert _classes(SurveyData(people=people, jobs=pd.DataFrame({"person_id": ["a"], "isco08": ["9"]}))) == ADULTS


def test_items_may_stand_on_episodes() -> None:
    survey = _survey()
    assert _classes(SurveyData(people=survey.people, episodes=survey.jobs)) == _classes(survey)


def test_coverage_tells_what_was_not_asked_and_how_often_nobody_knows() -> None:
    coverage = fl.classify(_adults()).coverage
    table = coverage.to_frame().set_index(["id", "phase"])
    asked, column = table["in_instrument"].to_dict(), table["column"].to_dict()
    assert asked["w_low_no_wage", ""]
    assert column["c_docs", "leave"] == "c_docs@leave"
    assert not asked["c_docs", "recruitment"]
    # in scope: a, b, c, d, h; of them d did not answer the wage item, c refused on documents at leaving
    rows, unknown = table["rows"].to_dict(), table["unknown"].to_dict()
    assert (rows["w_low_no_wage", ""], unknown["w_low_no_wage", ""]) == (5, 1)
    assert (rows["c_docs", "leave"], unknown["c_docs", "leave"]) == (5, 1)
    # of everybody selected (all but g), f has no age
    assert (rows["age", ""], unknown["age", ""]) == (7, 1)
    assert "c_docs@recruitment" in coverage.absent
    assert "state.penalty" in coverage.absent
    assert "w_low_no_wage" not in coverage.absent
    assert repr(coverage).startswith("Coverage(4 of 74 questions in the instrument; without: r_consent_free")


def test_a_column_without_phase_stands_for_the_phases_that_have_none() -> None:
    table = _adults().assign(c_docs="no", c_debt="no")
    lines = {(line.id, line.phase): line for line in fl.classify(table).coverage.lines}
    assert lines["c_docs", ""].in_instrument
    assert lines["c_debt", ""].in_instrument
    assert ("c_docs", "recruitment") not in lines


def test_a_dimension_that_cannot_become_positive_is_named() -> None:
    # of the child block only whom the child works for was asked: no category can be met
    table = pd.DataFrame({"age": [10], "child_works_for": ["parents"], "child_parents_in_fl": ["yes"]})
    assert _classes(table, "icls2018_child", by="age") == [(1, 1, 1)]
    found = fl.classify(table.drop(columns="child_parents_in_fl"), "icls2018_child")
    assert [line.id for line in found.coverage.lines if line.kind == "dimension"] == ["child_categories"]
    assert found.people[CLASSES].to_numpy().tolist() == [[0, 0, 1]]


@pytest.mark.parametrize("engine", ENGINES)
def test_reasons_name_the_criteria_that_decided(engine: str) -> None:
    reasons = fl.classify(ENGINES[engine](_adults())).reasons()
    told = reasons[["person_id", "decided", "criterion", "value"]].itertuples(index=False, name=None)
    assert list(told) == [
        ("a", "positive", "IW5", "true"),
        ("a", "positive", "CO5", "true"),
        ("c", "undetermined", "IW5", "true"),
        ("c", "undetermined", "CO5", "unknown"),
        ("d", "undetermined", "IW5", "unknown"),
        ("d", "undetermined", "CO5", "true"),
        ("h", "positive", "IW5", "true"),
        ("h", "positive", "CO5", "true"),
    ]
    assert set(reasons["framework"]) == {"icls2018_adult"}
    assert reasons["label"].iloc[0] == "Very low or no wages"
    assert reasons[["kind", "dimension"]].iloc[0].tolist() == ["involuntariness", "involuntary_work"]


def test_reasons_of_a_survey_are_those_of_the_jobs_that_decide() -> None:
    survey = _survey()
    extra = survey.jobs.iloc[[1]].assign(c_docs="witnessed", w_overtime_forced="yes")
    jobs = pd.concat([survey.jobs.assign(w_overtime_forced="no"), extra])
    reasons = fl.classify(_survey(jobs=jobs), ["icls2018_adult", "icls2018_child"]).reasons("fr")
    of_a = reasons[reasons["person_id"] == "a"]
    assert of_a["criterion"].tolist() == ["IW3", "IW5", "CO5"]
    assert of_a["label"].iloc[1] == "Salaire très faible ou inexistant"
    # the child framework alone speaks of d, the adults' of c, and nobody tells of z, who was not selected
    assert set(reasons[reasons["person_id"] == "d"]["framework"]) == {"icls2018_child"}
    assert set(reasons[reasons["person_id"] == "c"]["framework"]) == {"icls2018_adult"}
    assert set(reasons["person_id"]) == {"a", "b", "c", "d", "e"}


def test_reasons_without_person_ids_give_the_row() -> None:
    table = _adults().drop(columns="person_id")
    assert fl.classify(table).reasons()["row"].unique().tolist() == [0, 2, 3, 7]
    lazy = fl.classify(pl.from_pandas(table).lazy()).reasons()
    assert lazy.columns[0] == "outcome"
    assert len(lazy) == 8
    nobody = fl.classify(table.iloc[[1]]).reasons()
    assert (len(nobody), nobody.columns[0]) == (0, "row")


def test_state_criteria_are_told_under_the_name_of_their_file() -> None:
    table = _adults().iloc[[1]].assign(state_imposed_by_state="yes", state_penalty="yes", state_exception="none")
    found = fl.classify(table)
    assert found.people["forced_labour"].tolist() == [1]
    assert found.reasons()["criterion"].tolist() == ["IW5", "state_imposed.IMPOSED", "state_imposed.PENALTY"]


@pytest.mark.parametrize(
    ("change", "framework", "code", "words"),
    [
        (lambda t: t, "icls2018", "FL-IND-01", "did you mean"),
        (lambda t: t, [], "FL-IND-01", "an empty list"),
        (lambda t: t, ["state_imposed", "state_imposed"], "FL-IND-01", "named twice"),
        (lambda t: t.drop(columns="age"), "icls2018_adult", "FL-IND-05", "no column age"),
        (lambda t: t.assign(w_low_no_wage="perhaps"), "icls2018_adult", "FL-IND-06", "w_low_no_wage in 8 rows"),
        (lambda t: t.assign(c_debt=1), "icls2018_adult", "FL-IND-06", "c_debt in 8 rows"),
        (lambda t: t.assign(c_debt=[True] + [None] * 7), "icls2018_adult", "FL-IND-06", "c_debt in 1 rows"),
        (lambda t: t.assign(age=-9), "icls2018_adult", "FL-IND-06", "age in 8 rows"),
        (lambda t: t.assign(selected_for_module="2"), "icls2018_adult", "FL-IND-06", "selected_for_module in 8 rows"),
        (lambda t: t.assign(state_c105="perhaps"), "icls2018_adult", "FL-IND-06", "state_c105 in 8 rows"),
        (lambda t: t.drop(columns="w_low_no_wage"), "icls2018_adult", "FL-IND-07", "dimension involuntary_work"),
        (lambda t: t, "icls2018_child", "FL-IND-07", "dimension child_categories"),
        (lambda t: t, "state_imposed", "FL-IND-07", "outcome state_imposed_forced_labour"),
        (lambda t: t.assign(**{"c_docs@leaving": "no"}), "icls2018_adult", "FL-IND-09", "nearest: c_docs@leave"),
        (lambda t: t.assign(**{"w_drugs@work": "no"}), "icls2018_adult", "FL-IND-09", "nearest: w_drugs"),
        (lambda _: [1, 2], "icls2018_adult", "FL-IND-12", "a list"),
        (lambda t: t.assign(age="30"), "icls2018_adult", "FL-IND-13", "the column age of the field age"),
        (lambda t: t.assign(forced_labour_possible=0), "icls2018_adult", "FL-IND-15", "forced_labour_possible"),
        (lambda t: t.assign(__fl_0=1.5), "icls2018_adult", "FL-IND-15", "__fl_0"),
    ],
)
def test_what_is_refused(change: Callable[[pd.DataFrame], Any], framework: Any, code: str, words: str) -> None:
    with pytest.raises(IndicatorFault) as caught:
        fl.classify(change(_adults()), framework)
    assert caught.value.code == code
    assert words in str(caught.value)
    assert "perhaps" not in str(caught.value)


@pytest.mark.parametrize("engine", ENGINES)
def test_cells_that_are_no_answers_are_counted_on_every_engine(engine: str) -> None:
    answers = pd.Series(["no", "no", "x", "no", "y", "no", None, "no"], dtype="object")
    table = _adults().assign(c_debt=answers.to_numpy(), c_fines="z")
    with pytest.raises(IndicatorFault, match="c_debt in 2 rows, c_fines in 8 rows"):
        _ = fl.classify(ENGINES[engine](table)).people  # of a lazy frame no row is read before somebody looks


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"people": _adults().rename(columns={"age": "age_interview"})}, "FL-IND-10", "jobs, people"),
        ({"jobs": None}, "FL-IND-07", "the survey has no question of icls2018_adult"),
        ({"jobs": _survey().jobs.drop(columns="person_id")}, "FL-IND-10", "no column person_id in jobs"),
        ({"people": _survey().people.assign(forced_labour=0)}, "FL-IND-15", "forced_labour"),
        ({"jobs": _survey().jobs.assign(__fl_3=0)}, "FL-IND-15", "__fl_3"),
        (
            {
                "people": _survey().people.drop(columns="age_interview"),
                "jobs": _survey().jobs.drop(columns="age_at_start"),
            },
            "FL-IND-05",
            "no column age_interview",
        ),
        ({"people": _survey().people.assign(age_interview=-1)}, "FL-IND-06", "age_interview in 7 rows"),
    ],
)
def test_surveys_that_are_refused(changes: dict[str, Any], code: str, words: str) -> None:
    with pytest.raises(IndicatorFault) as caught:
        fl.classify(_survey(**changes))
    assert caught.value.code == code
    assert words in str(caught.value)


def test_frameworks_that_overlap_are_refused() -> None:
    adult = fl.Framework.read("icls2018_adult")
    twin = adult.model_copy(update={"id": "twin"})
    with pytest.raises(IndicatorFault, match="both apply at the ages 18 to 120") as caught:
        fl.classify(_adults(), [adult, twin])
    assert caught.value.code == "FL-IND-08"
    # other outcomes may speak of the same people
    require_separate_scopes([adult, fl.Framework.read("state_imposed"), fl.Framework.read("icls2018_child")])
