"""Person-months are the days of the union of spells: two jobs held at once are one stretch of time."""

from __future__ import annotations

import datetime as dt
import random
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
DAYS_A_MONTH = 365.25 / 12


def months(people: pd.DataFrame, jobs: pd.DataFrame, engine: str = "pandas", framework: Any = None) -> list[float]:
    """Months in forced labour of each person."""
    data = SurveyData(people=ENGINES[engine](people), jobs=ENGINES[engine](jobs), reference_period=YEAR)
    native = fl.classify(data, framework or "icls2018_adult", short_instrument=True).people
    table = native.collect().to_pandas() if isinstance(native, pl.LazyFrame) else native
    table = table if isinstance(table, pd.DataFrame) else table.df()
    return table.sort_values("person_id")["forced_labour_months"].tolist()


def spells(rows: list[tuple[str, str | None, str | None, str]]) -> pd.DataFrame:
    """Jobs in forced labour: person, first day, last day, and whether documents were withheld."""
    table = pd.DataFrame(rows, columns=["person_id", "start", "end", "c_docs"])
    table["start"], table["end"] = pd.to_datetime(table["start"]), pd.to_datetime(table["end"])
    return table.assign(w_low_no_wage="yes")


ADULTS = pd.DataFrame({"person_id": list("abcdef"), "age_interview": 40, "interview_date": pd.Timestamp("2023-12-31")})


@pytest.mark.parametrize("engine", ENGINES)
def test_days_of_two_spells_are_counted_once(engine: str) -> None:
    jobs = spells(
        [
            ("a", "2023-01-01", "2023-01-31", "experienced"),  # 31 days,
            ("a", "2023-01-21", "2023-02-09", "experienced"),  # 20 days, 11 of them the same: 40
            ("b", "2023-01-01", "2023-03-31", "experienced"),  # 90 days,
            ("b", "2023-02-01", "2023-02-05", "experienced"),  # inside,
            ("b", "2023-05-01", "2023-05-10", "experienced"),  # and 10 days apart: 100
            ("c", "2023-06-01", "2023-06-30", "experienced"),  # 30 days,
            ("c", "2023-06-01", "2023-06-30", "experienced"),  # the same: 30
            ("d", "2023-06-01", "2023-06-30", "experienced"),
            ("d", "2023-06-11", "2023-12-31", "no"),  # not forced labour: 30
            ("e", "2023-01-01", "2023-12-31", "experienced"),
            ("e", None, None, "experienced"),  # whenever it was, the year is full: 365
        ]
    )
    expected = [days / DAYS_A_MONTH for days in (40, 100, 30, 30, 365, 0)]
    assert months(ADULTS, jobs, engine) == pytest.approx(expected)


@pytest.mark.parametrize("engine", ENGINES)
def test_adult_and_child_spells_of_one_person_are_apart(engine: str) -> None:
    """Eighteen on 1 July 2023, two jobs at once over the whole year: 181 days as a child, 184 as an adult."""
    people = pd.DataFrame({"person_id": ["a"], "birth_date": [pd.Timestamp("2005-07-01")]})
    jobs = spells([("a", "2023-01-01", "2023-12-31", "experienced")] * 2).assign(
        child_works_for="third_party", child_coercion_by="third_party", child_coercion_target="child"
    )
    both = months(people, jobs, engine, ["icls2018_adult", "icls2018_child"])
    assert both == pytest.approx([365 / DAYS_A_MONTH])
    assert months(people, jobs, engine) == pytest.approx([184 / DAYS_A_MONTH])


def test_months_are_those_of_a_walk_over_the_days() -> None:
    """Two hundred people with up to five spells each, against a set of days."""
    draw, first = random.Random(19), dt.date(2023, 1, 1)
    rows: list[tuple[str, str | None, str | None, str]] = []
    expected: list[float] = []
    names = [f"p{position:03d}" for position in range(200)]
    for name in names:
        worked: set[int] = set()
        for _ in range(draw.randint(1, 5)):
            low, high = sorted((draw.randrange(365), draw.randrange(365)))
            worked |= set(range(low, high + 1))
            rows.append((name, str(first + dt.timedelta(low)), str(first + dt.timedelta(high)), "experienced"))
        expected.append(len(worked) / DAYS_A_MONTH)
    draw.shuffle(rows)
    people = pd.DataFrame({"person_id": names, "age_interview": 40, "interview_date": pd.Timestamp("2023-12-31")})
    assert months(people, spells(rows)) == pytest.approx(expected)
