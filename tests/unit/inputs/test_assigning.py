"""Columns that an analyst adds to a survey: on every engine, lazily, with everything kept that tables say of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl
from fl_estimate.inputs.survey_data import Labels, ReferencePeriod, Source, SurveyData
from fl_estimate.inputs.wording import ColumnWords, SurveyWording

CONNECTION = duckdb.connect()
ENGINES: dict[str, Callable[[pd.DataFrame], Any]] = {
    "pandas": lambda table: table,
    "polars": pl.from_pandas,
    "polars lazy": lambda table: pl.from_pandas(table).lazy(),
    "duckdb": lambda table: CONNECTION.from_arrow(pl.from_pandas(table).to_arrow()),
}
NATIVE: dict[str, Callable[[Any], Any]] = {
    "pandas": lambda people: people["age_interview"] * 2,
    "polars": lambda people: people["age_interview"] * 2,
    "polars lazy": lambda _: pl.col("age_interview") * 2,
    "duckdb": lambda _: duckdb.ColumnExpression("age_interview") * 2,
}


def people() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "person_id": list("abcdef"),
            "age_interview": [17, 20, 30, 40, 50, 70],
            "w": [1.0, 2, 1, 2, 1, 2],
            "ea": [1, 1, 2, 2, 3, 3],
            "sector": [1, 2, 1, 2, 1, 2],
            "w_low_no_wage": ["yes", "yes", "yes", "no", "yes", "no"],
            "c_docs": ["yes", "yes", "dk", "no", "no", "no"],
        }
    )


def survey(engine: str = "pandas", table: pd.DataFrame | None = None) -> SurveyData:
    words = ColumnWords(title={"": "Sector"}, values={"1": {"": "Farms"}, "2": {"": "Homes"}})
    return SurveyData(
        people=ENGINES[engine](people() if table is None else table),
        design=fl.Design(weights="w", psu="ea"),
        population="Residents",
        reference_period=ReferencePeriod(kind="the last year"),
        sources={"people": Source(name="s.csv", sha256="0" * 64, encoding="utf-8", n_rows=6)},
        labels={
            "people": Labels(variables={"sector": "Sector", "age_interview": "Age"}, values={"sector": {1: "Farms"}})
        },
        wording=SurveyWording(unit="children", columns={"sector": words}),
        mapping="mine",
    )


def column(frame: Any, name: str) -> list[Any]:
    if isinstance(frame, pl.LazyFrame):
        frame = frame.collect()
    if isinstance(frame, duckdb.DuckDBPyRelation):
        frame = frame.df()
    return list(frame[name])


@pytest.mark.parametrize("engine", list(ENGINES))
def test_expressions_classes_and_own_columns_on_every_engine(engine: str) -> None:
    data = survey(engine)
    more = data.assign(
        {"odd name": 2024},
        grown="age_interview >= 18",
        group=fl.cut("age_interview", [18, 65], ["young", "working", "old"]),
        twice=NATIVE[engine],
        four="twice * 2",
        other=nw.col("age_interview") + 1,
    )
    assert type(more.people) is type(data.people)
    assert column(more.people, "grown") == [0, 1, 1, 1, 1, 1]
    assert column(more.people, "group") == ["young", "working", "working", "working", "working", "old"]
    assert column(more.people, "twice") == [34, 40, 60, 80, 100, 140]
    assert column(more.people, "four") == [68, 80, 120, 160, 200, 280]
    assert column(more.people, "other") == [18, 21, 31, 41, 51, 71]
    assert column(more.people, "odd name") == [2024] * 6
    assert "grown" not in nw.from_native(data.people).collect_schema().names()


@pytest.mark.parametrize("engine", list(ENGINES))
def test_a_column_is_written_over_on_every_engine(engine: str) -> None:
    more = survey(engine).assign(age_interview=NATIVE[engine])
    assert column(more.people, "age_interview") == [34, 40, 60, 80, 100, 140]


def test_a_survey_keeps_what_it_says_of_itself() -> None:
    data = survey()
    more = data.assign(grown="age_interview >= 18")
    for name in ("design", "population", "reference_period", "sources", "report", "mapping", "labels", "wording"):
        assert getattr(more, name) == getattr(data, name), name


@pytest.mark.parametrize("engine", list(ENGINES))
def test_a_classification_keeps_what_its_report_says(engine: str) -> None:
    classified = fl.classify(survey(engine), short_instrument=True)
    more = classified.assign(group=fl.cut("age_interview", [15, 35, 60]))
    for name in ("design", "population", "reference_period", "source", "report", "framework", "outcomes", "coverage"):
        assert getattr(more, name) == getattr(classified, name), name
    whole = fl.estimate_prevalence(classified, "forced_labour")
    found = fl.estimate_prevalence(more, "forced_labour", by="group")
    assert found.population == whole.population == "Residents"
    assert found.reference_period == whole.reference_period
    assert found.assumptions == whole.assumptions
    assert found.wording.unit == "children"
    # adults with an age below 35: b (weight 2, in it) and c (weight 1, undetermined)
    assert found["15–34"].value == pytest.approx(2 / 3)
    assert found.frame["group"].dropna().tolist() == ["<15", "15–34", "35–59", "60+"]
    assert len(more.reasons()) == len(classified.reasons())


def test_words_of_new_columns_reach_the_tables() -> None:
    classified = fl.classify(survey(), short_instrument=True)
    more = classified.assign(
        kind=lambda frame: 3 - frame["sector"],
        labels={"kind": {2: {"en": "On farms", "fr": "À la ferme"}, 1: "In homes"}},
        titles={"kind": "Kind of work"},
    )
    found = fl.estimate_prevalence(more, "forced_labour", by="kind")
    assert found["On farms"].value == found["À la ferme"].value == found[2].value
    # the order is that in which labels were given
    assert found.pivot("kind").index.tolist() == ["On farms", "In homes"]
    with pytest.raises(fl.FlError, match="FL-DATA-12"):
        classified.assign(labels={"knid": {1: "a"}})


def test_what_was_said_of_a_column_goes_with_it() -> None:
    more = survey().assign(sector=lambda frame: frame["sector"] + 1)
    assert "sector" not in more.wording.columns
    assert set(more.labels["people"].variables) == {"age_interview"}
    assert not more.labels["people"].values


def test_other_tables_can_have_columns() -> None:
    jobs = pd.DataFrame({"person_id": ["a", "b"], "hours": [40, 70]})
    data = SurveyData(people=people(), jobs=jobs)
    more = data.assign(table="jobs", long="hours > 48")
    assert more.jobs["long"].tolist() == [0, 1]
    assert more.people is data.people
    with pytest.raises(fl.FlError, match="FL-DATA-13"):
        data.assign(table="job", long="hours > 48")


def test_columns_that_the_survey_rests_on_are_not_written_over() -> None:
    classified = fl.classify(survey(), short_instrument=True)
    for name in ("forced_labour", "forced_labour_possible", "forced_labour_in_scope", "w", "ea", "person_id", "hh_id"):
        with pytest.raises(fl.FlError, match="FL-DATA-11"):
            classified.assign({name: 1})
    with pytest.raises(fl.FlError, match="FL-DATA-11"):
        survey().assign(w="age_interview * 2")


SECRET = "an answer that nobody may read"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (pd.Series([SECRET] * 6, index=range(1, 7)), "FL-DATA-10"),
        (np.array([SECRET] * 4), "FL-DATA-10"),
        (pl.Series([SECRET] * 6), "FL-DATA-09"),
        ([SECRET] * 6, "FL-DATA-09"),
        (None, "FL-DATA-09"),
        (pd.DataFrame({"a": [SECRET] * 6}), "FL-DATA-09"),
        (lambda _: "age > 1", "FL-DATA-09"),
        (lambda _: [SECRET] * 6, "FL-DATA-09"),
        ("no_column > 1", "FL-EXPR-03"),
        ("age >", "FL-EXPR-01"),
        ("", "FL-EXPR-01"),
    ],
)
def test_what_is_no_column_is_refused_without_its_values(value: Any, code: str) -> None:
    with pytest.raises(fl.FlError, match=code) as raised:
        survey().assign(new=value)
    assert SECRET not in str(raised.value)


def test_a_polars_series_of_another_length_is_refused() -> None:
    with pytest.raises(fl.FlError, match="FL-DATA-10"):
        survey("polars").assign(new=pl.Series([1, 2]))


def test_a_lazy_survey_stays_lazy_without_being_read() -> None:
    read: list[int] = []

    def seen(frame: pl.DataFrame) -> pl.DataFrame:
        read.append(len(frame))
        return frame

    lazy = pl.from_pandas(people()).lazy().map_batches(seen, schema=pl.from_pandas(people()).schema)
    more = SurveyData(people=lazy).assign(grown="age_interview >= 18", one=pl.col("age_interview") * 0)
    assert isinstance(more.people, pl.LazyFrame)
    assert not read
    more.people.collect()
    assert read == [6]


def test_an_empty_survey_takes_columns_too() -> None:
    more = survey(table=people().iloc[:0]).assign(
        grown="age_interview >= 18", two=lambda frame: frame["age_interview"] * 2
    )
    assert list(more.people.columns[-2:]) == ["grown", "two"]


@pytest.mark.parametrize(("breaks", "labels"), [([20, 10], None), ([10, 20], ["one"]), ([], None)])
def test_classes_that_cannot_be_are_refused(breaks: list[float], labels: list[str] | None) -> None:
    with pytest.raises(fl.FlError, match="FL-EXPR-0"):
        fl.cut("age_interview", breaks, labels)


def test_breaks_are_written_in_full() -> None:
    assert fl.cut("income", [0.5, 123_456_789]).text == "cut(income, [0.5, 123456789])"
