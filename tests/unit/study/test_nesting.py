"""Which by-columns of a study lie in which, wherever they stand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pandas as pd

from fl_estimate.study.nesting import nested_by_columns

PEOPLE = pd.DataFrame({
    "district": ["a", "b", "c", "a", None], "region": ["N", "N", "S", "N", "S"], "sex": [1, 2, 1, 2, 1],
    "country": ["X"] * 5,
})  # fmt: skip


def nested(*by: Any, people: pd.DataFrame = PEOPLE) -> dict[str, dict[str, dict[Any, Any]]]:
    return nested_by_columns({"s": [SimpleNamespace(by=one) for one in by]}, {"s": SimpleNamespace(people=people)})


def test_columns_of_two_estimates_are_put_side_by_side() -> None:
    assert nested("district", [["region"], ["sex"]]) == {"district": {"region": {"a": "N", "b": "N", "c": "S"}}}


def test_what_crosses_is_nested_in_nothing() -> None:
    assert nested("region", "sex") == {}


def test_a_column_of_one_value_divides_nothing() -> None:
    assert nested("region", "country") == {}


def test_an_estimate_without_by_and_a_column_that_is_not_there_are_passed_over() -> None:
    assert nested(None, "elsewhere", "district") == {}


def test_any_frame_will_do() -> None:
    import polars as pl

    frame: Any = pl.from_pandas(PEOPLE)
    assert nested("district", "region", people=frame) == nested("district", "region")


def test_what_pandas_has_for_a_missing_value_is_no_value() -> None:
    """Of nullable columns ``NA == NA`` is no truth: a study in memory whose by-columns have missing values ended in it."""
    nullable = PEOPLE.assign(code=pd.array([1, 2, 3, 1, None], dtype="Int64")).convert_dtypes()
    assert nested("district", "region", people=nullable) == nested("district", "region")
    assert nested("code", "region", people=nullable) == {"code": {"region": {1: "N", 2: "N", 3: "S"}}}
