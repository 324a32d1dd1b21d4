"""Time and age beside the cases: months, reference days, ages at the start, periods that are not stated, dates that are none."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl
from fl_estimate.errors import DataFault, IndicatorFault, MappingFault
from fl_estimate.inputs.survey_data import ReferencePeriod, SurveyData
from fl_estimate.loaders.mapping import Mapping

ENGINES: dict[str, Callable[[pd.DataFrame], Any]] = {
    "pandas": lambda table: table,
    "polars": lambda table: pl.from_pandas(table).lazy(),
    "duckdb": lambda table: duckdb.from_arrow(pl.from_pandas(table).to_arrow()),
}
YEAR = ReferencePeriod(kind="12m", start=dt.date(2023, 1, 1), end=dt.date(2024, 1, 1))
MONTH = 365.25 / 12


def survey(engine: str = "pandas", period: ReferencePeriod | None = YEAR, **jobs: Any) -> SurveyData:
    """Four adults: a year of work, two spells of a and b days, an unknown beginning, and none."""
    people = pd.DataFrame(
        {"person_id": list("abcd"), "age_interview": 40, "interview_date": pd.Timestamp("2023-12-31")}
    )
    table = pd.DataFrame(
        {
            "person_id": list("abbc"),
            "start": pd.to_datetime(pd.Series(["2020-03-01", "2023-01-11", "2023-03-01", None])),
            "end": pd.to_datetime(pd.Series([None, "2023-01-20", "2023-03-05", "2023-02-10"])),
            "ongoing": ["yes", "no", "no", "no"],
            "age_at_start": [9.0, 38.0, None, 17.0],
            "w_low_no_wage": "yes",
            "c_docs": "experienced",
        }
    ).assign(**jobs)
    return SurveyData(people=ENGINES[engine](people), jobs=ENGINES[engine](table), reference_period=period)


def found(classified: Any) -> pd.DataFrame:
    native = classified.people
    table = native.collect().to_pandas() if isinstance(native, pl.LazyFrame) else native
    return (table if isinstance(table, pd.DataFrame) else table.df()).set_index("person_id").sort_index()


def classify(data: SurveyData, framework: Any = "icls2018_adult", **more: Any) -> Any:
    return fl.classify(data, framework, short_instrument=True, **more)


@pytest.mark.parametrize("engine", ENGINES)
def test_months_are_those_of_the_overlap_and_missing_where_a_date_is(engine: str) -> None:
    people = found(classify(survey(engine)))
    assert people["forced_labour"].tolist() == [1, 1, 1, 0]
    # the whole year of a, ten and five days of b; of c it is not known when it began
    assert people["forced_labour_months"].fillna(-1.0).tolist() == pytest.approx([365 / MONTH, 15 / MONTH, -1.0, 0.0])
    assert people["forced_labour_stock"].tolist() == [1, 0, 0, 0]


def test_months_of_dates_known_to_the_month_are_the_mean_of_both_readings() -> None:
    # from some day of March to some day of April: 2 days at the least, 61 at the most
    data = survey(
        start=pd.Timestamp("2023-03-01"), end=pd.Timestamp("2023-04-01"), start_precision="month", end_precision="month",
        ongoing="no", person_id=["a", "x", "x", "x"],
    )  # fmt: skip
    assert found(classify(data))["forced_labour_months"]["a"] == pytest.approx((2 + 61) / 2 / MONTH)


def test_spells_side_by_side_have_no_more_months_than_the_period() -> None:
    data = survey(person_id="a", start=pd.Timestamp("2022-01-01"), end=pd.NaT, ongoing="yes")
    assert found(classify(data))["forced_labour_months"]["a"] == pytest.approx(365 / MONTH)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_reference_day_is_an_argument(engine: str) -> None:
    classified = classify(survey(engine), reference_day=dt.date(2023, 1, 15))
    assert found(classified)["forced_labour_stock"].tolist() == [1, 1, 0, 0]
    assert found(classified)["forced_labour_stock_possible"].tolist() == [1, 1, 1, 0]
    assert classified.reference_day == "2023-01-15"
    assert classified.measure(["forced_labour_stock"]) == "stock"
    assert classified.measure(["forced_labour"]) == "flow"
    assert classified.measure(["forced_labour", "forced_labour_stock"]) == ""
    assert ("stock_on_day", {"day": "2023-01-15"}) in classified.notes(["forced_labour_stock"])


def test_a_reference_day_lies_in_the_period_and_needs_dates() -> None:
    with pytest.raises(IndicatorFault, match="FL-IND-24") as outside:
        classify(survey(), reference_day=dt.date(2024, 1, 1))
    assert "2024-01-01" in str(outside.value)
    undated = survey()
    undated = replace(undated, jobs=undated.jobs.drop(columns=["start", "end"]))
    with pytest.raises(IndicatorFault, match="FL-IND-24"):
        classify(undated, reference_day=dt.date(2023, 5, 1))


@pytest.mark.parametrize("period", [None, ReferencePeriod(kind="other")])
def test_dated_spells_need_a_period(period: ReferencePeriod | None) -> None:
    with pytest.raises(IndicatorFault, match="FL-IND-23"):
        classify(survey(period=period))


def test_a_kind_of_period_without_days_is_that_before_each_interview() -> None:
    people = found(classify(survey(period=ReferencePeriod(kind="month"))))
    # the month that ends with 31 December
    assert people["forced_labour"].tolist() == [1, 0, 0, 0]
    assert people["forced_labour_months"]["a"] == pytest.approx(31 / MONTH)


def test_columns_that_hold_no_dates_are_refused() -> None:
    with pytest.raises(IndicatorFault, match="FL-IND-25"):
        classify(survey(start=20230101))


@pytest.mark.parametrize("engine", ENGINES)
def test_the_age_at_the_start_is_brought_to_persons_and_decides_nothing(engine: str) -> None:
    people = found(classify(survey(engine)))
    # of b the second spell has no age at its start; d has no spell
    assert people["age_at_start"].fillna(-1.0).tolist() == [9.0, 38.0, 17.0, -1.0]
    assert people["forced_labour"].tolist() == [1, 1, 1, 0]


def test_a_table_of_those_who_entered_as_children() -> None:
    classified = classify(survey())
    entered = (classified.people["age_at_start"] < 18).map({True: "child", False: "adult"})
    classified = replace(classified, people=classified.people.assign(entered=entered, w=100.0))
    table = fl.estimate_total(
        classified, "forced_labour", by="entered", design=fl.Design(weights="w", expands=True)
    ).to_frame()
    rows = table.set_index("entered")["value"].to_dict()
    assert (rows["child"], rows["adult"]) == (200.0, 100.0)


def test_without_date_columns_the_question_decides_and_ongoing_tells_the_stock() -> None:
    data = survey()
    data = replace(data, jobs=data.jobs.drop(columns=["start", "end"]))
    classified = classify(data)
    assert found(classified)[["forced_labour", "forced_labour_stock"]].to_numpy().tolist() == [
        [1, 1],
        [1, 0],
        [1, 0],
        [0, 0],
    ]
    assert classified.coverage.time == ("time_from_question", "stock_from_question", "age_in_period")
    people = data.people.drop(columns="interview_date")
    told = classify(replace(data, people=people)).coverage.time
    assert told == ("time_from_question", "stock_from_question", "age_at_interview")
    assert "forced_labour_months" not in classified.people


def test_no_month_in_the_period_is_no_work_in_it() -> None:
    data = survey(months_in_period=[0.0, 3.0, 0.0, 1.0])
    data = replace(data, jobs=data.jobs.drop(columns=["start", "end", "ongoing"]))
    people = found(classify(data))
    assert people["forced_labour"].tolist() == [0, 1, 1, 0]
    assert people["forced_labour_months"].tolist() == [0.0, 3.0, 1.0, 0.0]


def test_ages_come_of_the_date_of_birth_where_nobody_wrote_them_down() -> None:
    data = survey()
    born = pd.to_datetime(["1983-01-01", "2006-01-01", "2005-12-31", "2010-01-01"])
    data = replace(data, people=data.people.drop(columns="age_interview").assign(birth_date=born))
    assert found(classify(data))["forced_labour_in_scope"].tolist() == [1, 0, 1, 0]
    undated = replace(data, jobs=data.jobs.drop(columns=["start", "end"]))
    assert found(classify(undated))["forced_labour_in_scope"].tolist() == [1, 0, 1, 0]


def test_overlapping_frameworks_are_still_an_error() -> None:
    with pytest.raises(IndicatorFault, match="FL-IND-08"):
        classify(survey(), ["icls2018_adult", fl.Framework.read("icls2018_adult").model_copy(update={"id": "twin"})])


@pytest.mark.parametrize(
    ("period", "said"),
    [
        ({"months": 12}, "months goes with before"),
        ({"kind": "12m", "before": "interview_date"}, "months goes with before"),
        ({"months": 12, "before": "interview_date", "start": dt.date(2023, 1, 1)}, "no start and end"),
        ({"months": 12, "before": "interview_date"}, "before names interview_date"),
    ],
)
def test_a_rolling_period_is_stated_whole(period: dict[str, Any], said: str) -> None:
    with pytest.raises(MappingFault, match="FL-MAP-03") as fault:
        Mapping.read({"id": "m", "people": {"person_id": "P"}, "reference_period": period})
    assert said in str(fault.value)


def test_a_rolling_period_says_so_and_is_kept(tmp_path: Path) -> None:
    mapping = Mapping.read(
        {
            "id": "m",
            "people": {"person_id": "P", "interview_date": "I"},
            "reference_period": {"months": 12, "before": "interview_date"},
        }
    )
    period = mapping.period()
    assert period == ReferencePeriod(kind="12m", months=12, before="interview_date")
    assert str(period) == "the 12 months before the interview"
    data = SurveyData(people=pd.DataFrame({"person_id": ["1"]}), reference_period=period)
    assert SurveyData.read(data.save(tmp_path / "kept")).reference_period == period


def test_an_end_known_to_the_year_is_not_before_a_start_of_that_year(tmp_path: Path) -> None:
    """A date known to the year stands as its first day; that is no contradiction."""
    (tmp_path / "p.csv").write_text("P,S,E\n1,2021-05,2021\n2,2021-05,2021-04\n")
    mapping = {"id": "m", "people": {"person_id": "P"}, "jobs": {"from": "people", "start": "S", "end": "E"}}
    with pytest.raises(DataFault) as fault:
        fl.load(tmp_path / "p.csv", mapping=mapping)
    assert "in 1 row" in str(fault.value)
