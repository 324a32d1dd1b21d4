"""Jobs abroad without dates: those of the episode tell the age and the time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
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
LIFETIME = ReferencePeriod(kind="lifetime")
PEOPLE = pd.DataFrame(
    {
        "person_id": list("abcd"),
        "birth_date": pd.to_datetime(["1990-05-01"] * 4),
        "age_interview": 33,
        "interview_date": pd.Timestamp("2024-03-01"),
    }
)
EPISODES = pd.DataFrame(
    {
        "episode_id": list("ABCD"),
        "person_id": list("abcd"),
        "job_id": ["1", "2", "3", "4"],
        # back before 18, left as a child and back as an adult, left as an adult, the year of the birthday is all that is known
        "depart": pd.to_datetime(["2006-01-01", "2007-01-01", "2010-01-01", "2008-01-01"]),
        "depart_precision": ["day", "day", "day", "year"],
        "return": pd.to_datetime(["2007-06-30", "2009-01-01", "2012-01-01", "2008-01-01"]),
        "return_precision": ["day", "day", "day", "year"],
    }
)
JOBS = pd.DataFrame(
    {
        "job_id": ["1", "2", "3", "4"],
        "person_id": list("abcd"),
        "age_at_start": [15, 16, 19, 17],
        "w_low_no_wage": "yes",
        "c_docs": "experienced",
    }
)


def survey(engine: str = "pandas", period: ReferencePeriod = LIFETIME, jobs: pd.DataFrame = JOBS) -> SurveyData:
    make = ENGINES[engine]
    return SurveyData(people=make(PEOPLE), jobs=make(jobs), episodes=make(EPISODES), reference_period=period)


def adults(data: SurveyData) -> list[str]:
    native = fl.classify(data, "icls2018_adult", short_instrument=True).people
    table = native.collect().to_pandas() if isinstance(native, pl.LazyFrame) else native
    table = (table if isinstance(table, pd.DataFrame) else table.df()).sort_values("person_id")
    return [f"{sure}{may}" for sure, may in zip(table["forced_labour"], table["forced_labour_possible"], strict=True)]


@pytest.mark.parametrize("engine", ENGINES)
def test_the_age_of_a_job_abroad_is_that_of_the_days_abroad(engine: str) -> None:
    assert adults(survey(engine)) == ["00", "11", "11", "01"]


def test_an_episode_by_itself_is_judged_by_the_age_in_it_and_not_at_its_start() -> None:
    """Bonded at sixteen and held at eighteen: in forced labour as an adult, in that episode."""
    assert adults(fl.by_episode(survey())) == ["00", "11", "11", "01"]
    without_birth = replace(survey(), people=PEOPLE.drop(columns="birth_date"))
    # 33 on 1 March 2024: eighteen between March 2008 and March 2009, and back on 1 January 2009
    assert adults(fl.by_episode(without_birth)) == ["00", "01", "11", "01"]


def test_without_date_of_birth_and_interview_the_age_at_the_start_stands() -> None:
    people = PEOPLE.drop(columns=["birth_date", "interview_date"])
    assert adults(fl.by_episode(replace(survey(), people=people))) == ["00", "00", "11", "00"]


def test_the_time_abroad_is_the_time_of_the_work() -> None:
    period = ReferencePeriod(kind="12m", start=dt.date(2011, 6, 1), end=dt.date(2012, 6, 1))
    assert adults(survey(period=period)) == ["00", "00", "11", "00"]


def test_dates_of_the_job_itself_come_first() -> None:
    jobs = JOBS.assign(
        start=pd.to_datetime(pd.Series(["2009-01-01", None, None, "2008-01-01"])),
        end=pd.to_datetime(pd.Series(["2009-02-01", None, "2010-02-01", "2008-04-30"])),
        start_precision=pd.Series(["day", None, None, "day"]),
        end_precision=pd.Series(["day", None, "day", "day"]),
    )
    assert adults(survey(jobs=jobs)) == ["11", "11", "11", "00"]


def test_a_period_without_days_leaves_such_jobs_as_they_are() -> None:
    classified = fl.classify(survey(period=ReferencePeriod(kind="other")), "icls2018_adult", short_instrument=True)
    assert classified.coverage.time == ("time_from_question", "age_at_interview")
