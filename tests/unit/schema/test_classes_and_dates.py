"""Proves that cut, case, coalesce and parts of dates give the same values, in the same order of classes, on every engine."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import narwhals as nw
import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl
from fl_estimate.errors import ExpressionFault
from fl_estimate.schema.expressions import parse

DAY = dt.date
TABLE = pl.DataFrame(
    {
        "age": [3, 15, 24, 25, 64, 65, None],
        "half": [0.5, 1.0, 1.5, 2.0, -1.0, float("nan"), None],
        "sex": ["m", "f", None, "m", "f", "m", "f"],
        "born": [DAY(2000, 2, 29), DAY(1999, 12, 31), None, DAY(1970, 1, 1), DAY(2001, 3, 1), DAY(2010, 5, 5), DAY(1900, 3, 1)],
        "met": [DAY(2020, 2, 28), DAY(2020, 1, 1), DAY(2020, 1, 1), DAY(1969, 12, 31), DAY(2020, 3, 1), DAY(2020, 5, 4), None],
    }
)  # fmt: skip


def _duckdb() -> Any:
    connection = duckdb.connect()
    connection.register("source", TABLE.to_arrow())
    return connection.sql("select * from source")


ENGINES: dict[str, Callable[[], Any]] = {
    "pandas": lambda: TABLE.to_pandas().assign(
        born=lambda f: pd.to_datetime(f["born"]), met=lambda f: pd.to_datetime(f["met"])
    ),
    "pandas pyarrow": lambda: TABLE.to_pandas(use_pyarrow_extension_array=True),
    "polars": lambda: TABLE,
    "polars lazy": TABLE.lazy,
    "duckdb": _duckdb,
}
engines = pytest.mark.parametrize("engine", ENGINES)


def _column(engine: str, text: str) -> nw.Series[Any]:
    frame: Any = nw.from_native(ENGINES[engine]())
    made = frame.select(parse(text).value(frame.collect_schema()).alias("made"))
    return made.lazy().collect()["made"]


def _values(engine: str, text: str) -> list[Any]:
    cells = _column(engine, text).to_list()
    return [None if pd.isna(cell) else cell for cell in cells]


CASES: list[tuple[str, list[Any]]] = [
    ('cut(age, [15, 25, 65], ["young", "middle", "old"])', [None, "young", "young", "middle", "middle", "old", None]),
    ('cut(age, [15, 65], ["child", "b", "a"])', ["child", "b", "b", "b", "b", "a", None]),
    ("cut(age, [15, 25, 65])", ["<15", "15–24", "15–24", "25–64", "25–64", "65+", None]),
    ("cut(age, [0, 4, 5, 65])", ["0–3", "5–64", "5–64", "5–64", "5–64", "65+", None]),
    ("cut(half, [0.5, 1.5])", ["[0.5, 1.5)", "[0.5, 1.5)", "1.5+", "1.5+", "<0.5", None, None]),
    ('case(age < 15, "z", age < 65, "m", "a")', ["z", "m", "m", "m", "m", "a", None]),
    ("case(age < 15, 1, age < 65, 2)", [1.0, 2.0, 2.0, 2.0, 2.0, None, None]),
    # sex is unknown in the third row: the first condition is neither true nor false, so nothing after it decides
    ('case(sex == "m", "man", age > 0, "other")', ["man", "other", None, "man", "other", "man", None]),
    ('case(missing(sex), "not stated", sex == "m", "man", "woman")', ["man", "woman", "not stated", "man", "woman", "man", "woman"]),
    ('coalesce(sex, "x")', ["m", "f", "x", "m", "f", "m", "f"]),
    ("coalesce(age, half, 7)", [3.0, 15.0, 24.0, 25.0, 64.0, 65.0, 7.0]),
    ("year(born)", [2000.0, 1999.0, None, 1970.0, 2001.0, 2010.0, 1900.0]),
    ("month(met) == 1", [0.0, 1.0, 1.0, 0.0, 0.0, 0.0, None]),
    ("day(born)", [29.0, 31.0, None, 1.0, 1.0, 5.0, 1.0]),
    ("years_between(born, met)", [19.0, 20.0, None, -1.0, 19.0, 9.0, None]),
    ("months_between(born, met)", [239.0, 240.0, None, -1.0, 228.0, 119.0, None]),
    ('days_between(born, "2020-01-01")',
     [float((DAY(2020, 1, 1) - born).days) if born else None for born in TABLE["born"].to_list()]),
    ('case(coalesce(met, born) < "2020-01-01", "before", "after")', ["after", "after", "after", "before", "after", "after", "before"]),
]  # fmt: skip


@engines
@pytest.mark.parametrize(("text", "values"), CASES, ids=[text for text, _ in CASES])
def test_values_are_those_written_down_on_every_engine(engine: str, text: str, values: list[Any]) -> None:
    assert _values(engine, text) == values


@engines
def test_classes_are_ordered_as_they_were_written(engine: str) -> None:
    frame: Any = nw.from_native(ENGINES[engine]())
    made = frame.with_columns(
        parse('cut(age, [15, 65], ["z", "m", "a"])').value(frame.collect_schema()).alias("group"),
        parse('case(sex == "m", "z", "a")').value(frame.collect_schema()).alias("kind"),
    )
    schema = made.collect_schema()
    assert list(schema["group"].categories) == ["z", "m", "a"]
    assert list(schema["kind"].categories) == ["z", "a"]
    above = made.select(parse('group >= "m"').value(made.collect_schema()).alias("above")).lazy().collect()["above"]
    assert [None if pd.isna(cell) else cell for cell in above.to_list()] == [0.0, 1.0, 1.0, 1.0, 1.0, 1.0, None]


def test_a_pandas_class_is_an_ordered_category() -> None:
    made = _column("pandas", "cut(age, [15, 25, 65])").to_native()
    assert made.cat.ordered
    assert list(made.cat.categories) == ["<15", "15–24", "25–64", "65+"]


@engines
def test_days_between_agree_with_the_calendar(engine: str) -> None:
    """Over four centuries of month ends, against Python's own calendar."""
    text = 'days_between("1900-03-01", met)'
    assert _values(engine, text) == [
        float((met - DAY(1900, 3, 1)).days) if met else None for met in TABLE["met"].to_list()
    ]


def test_days_between_agree_with_the_calendar_everywhere() -> None:
    days = [DAY(year, month, day) for year in range(1895, 2105) for month in range(1, 13) for day in (1, 28)]
    frame = nw.from_native(pl.DataFrame({"day": days}))
    made = frame.select(parse('days_between("1970-01-01", day)').value(frame.schema).alias("n"))["n"].to_list()
    assert made == [float((day - DAY(1970, 1, 1)).days) for day in days]


REFUSED = [
    ("cut(age)", "cut has 1 arguments"),
    ("cut(age, [25, 15])", "'[25, 15]', at character 10"),
    ("cut(age, ['a'])", "numbers that rise"),
    ("cut(age, [15, 25, 65], ['a', 'b'])", "3 breaks have 2 labels"),
    ("cut(age, [15, 25], ['a', 'a'])", "stands twice"),
    ("cut(age, [15], labels=['a'])", "arguments have no names"),
    ("cut(1, [15])", "depends on a column"),
    ("case(age < 15)", "case has 1 arguments"),
    ("case(True, 'a', age)", "the condition depends on no column"),
    ("case(age < 15, 'a', 1)", "some values are texts"),
    ("coalesce(age)", "coalesce has 1 arguments"),
    ("year(a, b)", "year has 2 arguments"),
    ("median(age)", "'median(age)', at character 1"),
]


@pytest.mark.parametrize(("text", "says"), REFUSED)
def test_what_cannot_be_meant_is_refused_with_its_place(text: str, says: str) -> None:
    with pytest.raises(ExpressionFault, match="FL-EXPR-02") as caught:
        parse(text)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("year(age)", "FL-EXPR-04", "'year(age)', at character 1"),
        ("coalesce(age, sex)", "FL-EXPR-04", "character 1"),
        ("cut(sex, [1])", "FL-EXPR-04", "character 1"),
        ("years_between(born, 'soon')", "FL-EXPR-06", "soon"),
        ("cut(age, [15, 65], ['a', 'b']) > 'c'", "FL-EXPR-07", "the classes are 'a', 'b'"),
        ("cut(age, [15], ['a']) > cut(age, [16], ['b'])", "FL-EXPR-04", "other classes"),
    ],
)
def test_what_the_columns_do_not_allow_is_refused(text: str, code: str, says: str) -> None:
    with pytest.raises(ExpressionFault) as caught:
        _column("polars", text)
    assert caught.value.code == code
    assert says in str(caught.value)


@pytest.mark.parametrize("engine", ["pandas", "polars"])
def test_a_mapping_makes_age_groups_that_estimates_keep_in_order(tmp_path: Path, engine: Any) -> None:
    """Ages 5, 20, 40, 70 in turn; the first class is last in the alphabet."""
    rows = [(age, position % 3) for position, age in enumerate([5, 20, 40, 70] * 30)]
    (tmp_path / "s.csv").write_text("AGE,C\n" + "\n".join(f"{age},{c}" for age, c in rows))
    groups = 'cut(age_interview, [15, 25, 65], ["young people", "adults", "the old"])'
    mapping = {
        "id": "x",
        "people": {
            "age_interview": "AGE",
            "derived": {"group": groups, "urban": 'case(C == 1, "urban", "rural")', "y": "C == 1", "w": "1 + 0 * C"},
        },
        "design": {"weights": "w"},
    }
    survey = fl.load(tmp_path / "s.csv", mapping=mapping, engine=engine)
    rows_of = fl.estimate_prevalence(survey, "y", by="group", where='group <= "adults"').to_frame()
    assert rows_of["group"].dropna().tolist() == ["young people", "adults", "the old"]
    assert rows_of["n"].tolist() == [60, 30, 30, 0]
    survey.save(tmp_path / "kept")
    again = nw.from_native(fl.SurveyData.read(tmp_path / "kept").people).collect_schema()["group"]
    assert list(again.categories) == ["young people", "adults", "the old"]
