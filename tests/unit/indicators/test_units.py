"""From rows to people: labels over every combination, the stock beside the flow, time, proxies, relatives, and ratios."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import product
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl
from fl_estimate.errors import IndicatorFault
from fl_estimate.inputs.survey_data import SurveyData

ENGINES: dict[str, Callable[[pd.DataFrame], Any]] = {
    "pandas": lambda table: table,
    "polars": lambda table: pl.from_pandas(table).lazy(),
    "duckdb": lambda table: duckdb.from_arrow(pl.from_pandas(table).to_arrow()),
}
# Rows of gems by their possible labels: a form each, none, a form that is unsure, anything unsure, and a row out of scope
# of nothing (gems speaks of everybody).
WORK = ["w_low_no_wage", "c_docs", "w_sex_industry", "state_imposed_by_state", "state_penalty"]
ROWS: list[tuple[list[str], set[str]]] = [
    (["no", "no", "no", "no", "no"], {"none"}),
    (["yes", "experienced", "no", "no", "no"], {"private_exploitation"}),
    (["yes", "experienced", "yes", "no", "no"], {"fcse"}),
    (["no", "no", "no", "yes", "yes"], {"state_imposed"}),
    (["yes", "experienced", "dk", "no", "no"], {"fcse", "private_exploitation"}),
    (["yes", "dk", "no", "no", "no"], {"none", "private_exploitation"}),
    (["yes", "dk", "dk", "dk", "yes"], {"none", "private_exploitation", "fcse", "state_imposed"}),
]
LABELS = ["state_imposed", "fcse", "private_exploitation", "none"]


def _pandas(native: Any) -> pd.DataFrame:
    if isinstance(native, pl.LazyFrame):
        return native.collect().to_pandas()
    return native if isinstance(native, pd.DataFrame) else native.df()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_person_has_the_first_label_over_every_combination_of_the_rows(engine: str) -> None:
    draw = random.Random(3)
    held = [[draw.randrange(len(ROWS)) for _ in range(draw.choice([0, 1, 2, 3]))] for _ in range(60)]
    people = pd.DataFrame({"person_id": range(60), "age_interview": 30})
    jobs = pd.DataFrame(
        [[person, 30, *ROWS[row][0]] for person, rows in enumerate(held) for row in rows],
        columns=["person_id", "age_at_start", *WORK],
    )
    survey = SurveyData(people=ENGINES[engine](people), jobs=ENGINES[engine](jobs))
    found = _pandas(fl.classify(survey, "gems").people).set_index("person_id").sort_index()
    for person, rows in enumerate(held):
        first = (
            {min(labels, key=LABELS.index) for labels in product(*(ROWS[row][1] for row in rows))} if rows else set()
        )
        for label in LABELS:
            cells = [int(found[f"gems_form={label}{side}"][person]) for side in ("", "_possible")]
            assert cells == [int(first == {label}), int(label in first)], (person, label)
        overall = [int(found[f"gems_form{side}"][person]) for side in ("", "_possible", "_in_scope")]
        assert overall == [int(bool(first) and "none" not in first), int(bool(first - {"none"})), 1]


@pytest.mark.parametrize("engine", ENGINES)
def test_the_stock_stands_beside_the_flow_and_time_is_kept(engine: str) -> None:
    people = pd.DataFrame({"person_id": list("abcde"), "age_interview": 30})
    jobs = pd.DataFrame(
        {
            "person_id": list("aabcd"),
            "age_at_start": 30,
            "ongoing": ["no", "yes", "yes", None, "no"],
            "months_in_period": [5.0, 3.0, 12.0, None, 2.0],
            "w_low_no_wage": "yes",
            "c_docs": ["experienced", "no", "experienced", "experienced", "dk"],
        }
    )
    survey = SurveyData(people=ENGINES[engine](people), jobs=ENGINES[engine](jobs))
    classified = fl.classify(survey)
    assert classified.outcomes == ("forced_labour", "forced_labour_stock")
    found = _pandas(classified.people).set_index("person_id").sort_index()
    # a was in it, and is in another job now; c may still be; of d neither the class nor the end is open: it ended
    assert found["forced_labour"].tolist() == [1, 1, 1, 0, 0]
    assert found["forced_labour_stock"].tolist() == [0, 1, 0, 0, 0]
    assert found["forced_labour_stock_possible"].tolist() == [0, 1, 1, 0, 0]
    assert found["forced_labour_stock_in_scope"].tolist() == [1] * 5
    # five months of a, the whole year of b, c unknown, nobody else
    assert found["forced_labour_months"].fillna(-1.0).tolist() == [5.0, 12.0, -1.0, 0.0, 0.0]
    rate = fl.estimate_prevalence(classified, "forced_labour_stock", design=fl.Design(unweighted=True)).to_frame()[
        "value"
    ]
    assert rate.tolist() == pytest.approx([1 / 5])


def test_whoever_was_answered_for_is_flagged() -> None:
    people = pd.DataFrame(
        {"person_id": ["a", "b"], "age_interview": 30, "proxy_for": [None, "a"], "w_low_no_wage": "yes", "c_docs": "no"}
    )
    assert fl.classify(SurveyData(people=people)).people["is_proxy"].tolist() == [0, 1]


@pytest.mark.parametrize("engine", ENGINES)
def test_relatives_are_classified_apart_and_in_scope_only_where_asked(engine: str) -> None:
    people = pd.DataFrame({"person_id": ["a"], "age_interview": [30]})
    relatives = pd.DataFrame({"relative_id": ["r1", "r2", "r3", "r4"], "reported_by": "a", "age": [40, 40, 12, 40]})
    jobs = pd.DataFrame(
        {
            "person_id": ["a", None, None, None],
            "relative_id": [None, "r1", "r2", "r3"],
            "w_low_no_wage": ["no", "yes", "not_asked", "yes"],
            "c_docs": ["no", "experienced", None, "experienced"],
            "c_debt": ["no", "not_asked", "not_asked", "no"],
        }
    )
    survey = SurveyData(**{name: ENGINES[engine](table) for name, table in
                           {"people": people.assign(age_interview=30), "relatives": relatives,
                            "jobs": jobs.assign(age_at_start=[30, 40, 40, 12])}.items()})  # fmt: skip
    classified = fl.classify(survey)
    assert _pandas(classified.people)["forced_labour"].tolist() == [0]
    found = _pandas(classified.relatives).sort_values("relative_id")
    columns = ["forced_labour", "forced_labour_possible", "forced_labour_in_scope"]
    # r1 in it; r2 not asked; r3 a child; r4 has no row
    assert found[columns].to_numpy().tolist() == [[1, 1, 1], [0, 0, 0], [0, 0, 0], [0, 0, 0]]


def test_a_survey_without_rows_about_relatives_has_none() -> None:
    people = pd.DataFrame({"person_id": ["a"], "age_interview": [30]})
    jobs = pd.DataFrame({"person_id": ["a"], "age_at_start": [30], "w_low_no_wage": ["no"], "c_docs": ["no"]})
    relatives = pd.DataFrame({"relative_id": ["r1"], "reported_by": ["a"], "age": [40]})
    assert fl.classify(SurveyData(people=people, jobs=jobs, relatives=relatives)).relatives is None


def _migrants(engine: str) -> SurveyData:
    """a: two episodes, the later counts; b: an unknown amount; c: paid nothing; d: no earnings; e: out of scope; f: none."""
    people = pd.DataFrame({"person_id": list("abcdef"), "migrant_employee_abroad": ["yes"] * 4 + ["no", "yes"]})
    episodes = pd.DataFrame(
        {
            "episode_id": ["a1", "a2", "b1", "c1", "d1", "e1"],
            "person_id": list("aabcde"),
            "depart": ["2019-01-01", "2022-03-01", "2021-01-01", "2021-01-01", "2021-01-01", "2021-01-01"],
            "first_month_earnings": [100.0, 200.0, 100.0, 100.0, None, 100.0],
        }
    )
    costs = pd.DataFrame(
        [
            ["a1", "visa", 900.0, "yes"],
            ["a2", "visa", 300.0, "yes"],
            ["a2", "agency_fee", 200.0, "yes"],
            ["a2", "medical", 50.0, "no"],
            ["a2", "loan_interest", None, "dk"],
            ["b1", "visa", 100.0, "yes"],
            ["b1", "agency_fee", None, "yes"],
            ["d1", "visa", 100.0, "yes"],
            ["e1", "visa", 100.0, "yes"],
        ],
        columns=["episode_id", "item", "amount", "paid_by_worker"],
    )
    make = ENGINES[engine]
    return SurveyData(people=make(people), episodes=make(episodes), costs=make(costs))


@pytest.mark.parametrize("engine", ENGINES)
def test_recruitment_costs_in_months_of_earnings(engine: str) -> None:
    classified = fl.classify(_migrants(engine), "sdg_10_7_1")
    found = _pandas(classified.people).sort_values("person_id")
    # a: (300 + 200)/200; interest and what somebody else paid are left out
    assert found["recruitment_cost_share"].fillna(-1.0).tolist() == [2.5, -1.0, 0.0, -1.0, -1.0, -1.0]
    assert found["recruitment_cost_share_in_scope"].tolist() == [1, 1, 1, 1, 0, 1]
    (line,) = classified.coverage.lines
    assert (line.kind, line.rows, line.unknown) == ("ratio", 5, 3)
    mean = fl.estimate_mean(
        classified,
        "recruitment_cost_share",
        design=fl.Design(unweighted=True),
        where="recruitment_cost_share_in_scope",
        unknown="exclude",
    )
    assert mean.to_frame()["value"].tolist() == pytest.approx([1.25])


def test_a_ratio_beside_a_class_and_a_ratio_on_plain_rows() -> None:
    rows = pd.DataFrame(
        {
            "age": 30,
            "w_low_no_wage": "yes",
            "c_docs": ["no", "experienced"],
            "migrant_employee_abroad": "yes",
            "amount": [300.0, None],
            "paid_by_worker": "yes",
            "first_month_earnings": 100.0,
        }
    )
    classified = fl.classify(rows, ["icls2018_adult", "sdg_10_7_1"])
    assert classified.outcomes == ("forced_labour", "recruitment_cost_share")
    assert classified.people["forced_labour"].tolist() == [0, 1]
    assert classified.people["recruitment_cost_share"].fillna(-1.0).tolist() == [3.0, -1.0]


def test_a_ratio_without_its_columns_is_refused() -> None:
    with pytest.raises(IndicatorFault) as caught:
        fl.classify(pd.DataFrame({"migrant_employee_abroad": ["yes"], "amount": [1.0]}), "sdg_10_7_1")
    assert caught.value.code == "FL-IND-07"
    assert "paid_by_worker" in caught.value.found


def test_gems_attributes_are_flags_inside_private_exploitation() -> None:
    rows = pd.DataFrame(
        {
            "age": 30,
            "w_low_no_wage": "yes",
            "c_debt": ["experienced", "no", "experienced", "dk", "experienced"],
            # a debt is bondage where one is unable to leave
            "c_locked": ["experienced", "no", "experienced", "experienced", "no"],
            "c_docs": "experienced",
            "w_sex_industry": ["no", "no", "yes", "no", "no"],
            "is_domestic": ["no", "yes", "yes", None, "no"],
        }
    )
    people = fl.classify(rows, "gems").people
    assert people["gems_debt_bondage"].tolist() == [1, 0, 0, 0, 0]
    assert people["gems_debt_bondage_possible"].tolist() == [1, 0, 0, 1, 0]
    assert people["gems_domestic_work"].tolist() == [0, 1, 0, 0, 0]
    assert people["gems_domestic_work_possible"].tolist() == [0, 1, 0, 1, 0]


@pytest.mark.parametrize("engine", ENGINES)
def test_the_multiple_response_table_counts_people_under_each_of_their_criteria(engine: str) -> None:
    people = pd.DataFrame({"person_id": list("abc"), "age_interview": 30, "w": [3.0, 1.0, 5.0]})
    jobs = pd.DataFrame(
        {
            "person_id": list("aabc"),
            "age_at_start": 30,
            "w_low_no_wage": ["yes", "yes", "yes", "no"],
            "c_docs": ["experienced", "experienced", "no", "experienced"],
            "c_debt": ["no", "no", "experienced", "no"],
        }
    )
    make = ENGINES[engine]
    survey = SurveyData(people=make(people), jobs=make(jobs), design=fl.Design(weights="w"))
    table = fl.classify(survey).reasons(summary=True).set_index("criterion")[["n", "share"]]
    # a (3) by two jobs and b (1) are in the class, c is not; everybody by low pay, a by documents, b by debt
    assert table.to_dict("index") == {
        "IW5": {"n": 2, "share": 1.0},
        "CO5": {"n": 1, "share": 0.75},
        "CO3": {"n": 1, "share": 0.25},
    }


def test_the_multiple_response_table_of_people_without_ids_and_of_nobody() -> None:
    rows = pd.DataFrame({"age": [30, 30], "w_low_no_wage": "yes", "c_docs": ["no", "experienced"]})
    assert fl.classify(rows).reasons(summary=True)["n"].tolist() == [1, 1]
    nobody = fl.classify(rows.assign(c_docs="no")).reasons(summary=True)
    assert list(nobody.columns) == [
        *("outcome", "framework", "kind", "dimension", "criterion", "label", "n", "share"),
    ]
    assert nobody.empty


@pytest.mark.parametrize("engine", ENGINES)
def test_a_total_cost_needs_no_items_and_the_switches_of_the_guidelines(engine: str) -> None:
    """a: a total of 400 beside an item of it; b: 100 and interest of 50, first of two jobs; c: left four years before."""
    people = pd.DataFrame(
        {"person_id": list("abc"), "migrant_employee_abroad": "yes", "interview_date": pd.Timestamp("2024-06-30")}
    )
    episodes = pd.DataFrame(
        {
            "episode_id": ["a1", "b1", "b2", "c1"],
            "person_id": list("abbc"),
            "depart": pd.to_datetime(["2023-01-01", "2021-07-01", "2023-05-01", "2020-06-01"]),
            "first_month_earnings": [100.0, 100.0, 200.0, 100.0],
        }
    )
    costs = pd.DataFrame(
        {
            "episode_id": ["a1", "a1", "b1", "b1", "b2", "c1"],
            "item": ["total", "visa", "visa", "loan_interest", "visa", "visa"],
            "amount": [400.0, 90.0, 100.0, 50.0, 100.0, 10.0],
            "paid_by_worker": "yes",
        }
    )
    tables = {"people": people, "episodes": episodes, "costs": costs}
    survey = SurveyData(**{name: ENGINES[engine](table) for name, table in tables.items()})
    names = ["recruitment_cost_share", "recruitment_cost_share_with_interest", "recruitment_cost_share_first_job"]
    found = _pandas(fl.classify(survey, "sdg_10_7_1", outcomes=names).people).sort_values("person_id")
    assert found[names[0]].tolist() == [4.0, 0.5, 0.1]
    assert found[names[1]].tolist() == [4.0, 0.5, 0.1]
    # the first job of b cost one month of earnings; c left before the last three years
    assert found[names[2]].fillna(-1.0).tolist() == [4.0, 1.0, -1.0]
    assert found[f"{names[2]}_in_scope"].tolist() == [1, 1, 0]
    plain = fl.classify(survey, "sdg_10_7_1")
    assert plain.outcomes == ("recruitment_cost_share",)
