"""Work without dates: the age is that on the days of the period, and that of the interview only where nothing else is known."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl
from fl_estimate.inputs.survey_data import ReferencePeriod, SurveyData

ENGINES: dict[str, Callable[[pd.DataFrame], Any]] = {
    "pandas": lambda table: table,
    "polars": lambda table: pl.from_pandas(table).lazy(),
    "duckdb": lambda table: duckdb.from_arrow(pl.from_pandas(table).to_arrow()),
}
YEAR = ReferencePeriod(kind="12m", start=dt.date(2023, 1, 1), end=dt.date(2024, 1, 1))
ROLLING = ReferencePeriod(kind="12m", months=12, before="interview_date")
WORK = {
    "w_low_no_wage": "yes",
    "c_docs": "experienced",
    "child_works_for": "third_party",
    "child_coercion_by": "third_party",
    "child_coercion_target": "child",
}


def classes(people: pd.DataFrame, period: ReferencePeriod | None, engine: str = "pandas", *, jobs: bool = True) -> Any:
    """Classify people who are all in work that is forced: the flow of adults and of children, and the coverage."""
    found: dict[str, list[str]] = {}
    for name in ("icls2018_adult", "icls2018_child"):
        if jobs:
            rows = people[["person_id"]].assign(**WORK)
            tables = {"people": ENGINES[engine](people), "jobs": ENGINES[engine](rows)}
        else:
            tables = {"people": ENGINES[engine](people.assign(**WORK))}
        classified = fl.classify(SurveyData(**tables, reference_period=period), name, short_instrument=True)
        native = classified.people
        table = native.collect().to_pandas() if isinstance(native, pl.LazyFrame) else native
        table = (table if isinstance(table, pd.DataFrame) else table.df()).sort_values("person_id")
        found[name.removeprefix("icls2018_")] = [
            "".join(str(int(bit)) for bit in row)
            for row in table[["forced_labour", "forced_labour_possible", "forced_labour_in_scope"]].to_numpy()
        ]
        found["time"] = list(classified.coverage.time)
    return found


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("jobs", [True, False])
def test_the_date_of_birth_tells_the_age_in_the_period(engine: str, jobs: bool) -> None:
    """All met in March 2024 about 2023. Eighteen: before the year, in it, after it and before the interview, never."""
    people = pd.DataFrame(
        {
            "person_id": list("abcd"),
            "birth_date": pd.to_datetime(["2004-12-31", "2005-07-01", "2006-02-01", "2010-01-01"]),
            "age_interview": [19, 18, 18, 14],
            "interview_date": pd.Timestamp("2024-03-01"),
        }
    )
    found = classes(people, YEAR, engine, jobs=jobs)
    assert found["adult"] == ["111", "111", "000", "000"]
    assert found["child"] == ["000", "111", "111", "111"]
    assert found["time"] == ["time_from_question", "age_in_period"]
    without_age = classes(people.drop(columns="age_interview"), YEAR, engine, jobs=jobs)
    assert (without_age["adult"], without_age["child"]) == (found["adult"], found["child"])


def test_the_age_and_the_interview_tell_it_as_far_as_they_can() -> None:
    """Met on 1 March 2024: whoever is 19 then may have turned 18 early in 2023; whoever is 18, in 2023 or only after it."""
    people = pd.DataFrame(
        {"person_id": list("abcd"), "age_interview": [20, 19, 18, 17], "interview_date": pd.Timestamp("2024-03-01")}
    )
    found = classes(people, YEAR)
    # 18 at the earliest and latest: March 2021 to 2022, 2022 to 2023, 2023 to 2024, 2024 to 2025 (2 March, 1 March)
    assert found["adult"] == ["111", "111", "011", "000"]
    assert found["child"] == ["000", "011", "111", "111"]


def test_the_year_before_the_interview() -> None:
    people = pd.DataFrame(
        {"person_id": list("abc"), "age_interview": [19, 18, 17], "interview_date": pd.Timestamp("2024-03-01")}
    )
    found = classes(people, ROLLING)
    assert found["adult"] == ["111", "111", "000"]  # 18 on the day of the interview, which is in the period
    assert found["child"] == ["000", "011", "111"]  # 18 since a year to the day at the longest


def test_the_age_at_interview_decides_where_there_is_nothing_else() -> None:
    people = pd.DataFrame({"person_id": list("ab"), "age_interview": [18, 17]})
    for period in (YEAR, None, ReferencePeriod(kind="lifetime"), ReferencePeriod(kind="12m")):
        found = classes(people, period)
        assert (found["adult"], found["child"]) == (["111", "000"], ["000", "111"])
        assert found["time"] == ["time_from_question", "age_at_interview"]


def test_a_lifetime_makes_no_children_of_adults() -> None:
    people = pd.DataFrame(
        {
            "person_id": ["a"],
            "birth_date": [pd.Timestamp("1980-01-01")],
            "age_interview": [44],
            "interview_date": [pd.Timestamp("2024-03-01")],
        }
    )
    found = classes(people, ReferencePeriod(kind="lifetime"))
    assert (found["adult"], found["child"]) == (["111"], ["000"])


def test_what_goes_on_at_the_interview_is_a_stock_at_the_age_of_that_day() -> None:
    """Seventeen in the period, eighteen when met: no adult in the flow of 2023, one on the day of the interview."""
    people = pd.DataFrame(
        {
            "person_id": list("ab"),
            "birth_date": pd.to_datetime(["2006-02-01", "1990-01-01"]),
            "interview_date": pd.Timestamp("2024-03-01"),
        }
    )
    rows = people[["person_id"]].assign(ongoing=["yes", "no"], **WORK)
    data = SurveyData(people=people, jobs=rows, reference_period=YEAR)
    table = fl.classify(data, "icls2018_adult", short_instrument=True).people
    assert table["forced_labour"].tolist() == [0, 1]
    assert table["forced_labour_stock"].tolist() == [1, 0]
