"""The three-valued logic follows Kleene's tables, for one value and for columns of every engine alike."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import duckdb
import narwhals as nw
import pandas as pd
import polars as pl
import pytest

from fl_estimate.indicators.logic import (
    FALSE,
    TRUE,
    UNKNOWN,
    Value,
    all_of,
    any_of,
    at_least,
    at_most_unknown,
    certain,
    negate,
)

T, U, F = TRUE, UNKNOWN, FALSE
# The tables of the README of the frameworks, section 2, row by row
ALL_OF = {T: (T, U, F), U: (U, U, F), F: (F, F, F)}
ANY_OF = {T: (T, T, T), U: (T, U, U), F: (T, U, F)}
NOT = {T: F, U: U, F: T}
ENGINES: dict[str, Callable[[pd.DataFrame], Any]] = {
    "pandas": lambda table: table,
    "polars": lambda table: pl.from_pandas(table).lazy(),
    "duckdb": lambda table: duckdb.from_arrow(pl.from_pandas(table).to_arrow()),
}


@pytest.mark.parametrize(("left", "right"), list(product((T, U, F), repeat=2)))
def test_kleene_tables(left: Value, right: Value) -> None:
    position = (T, U, F).index(right)
    assert all_of([left, right]) == ALL_OF[left][position]
    assert any_of([left, right]) == ANY_OF[left][position]


def test_not_and_the_empty_lists() -> None:
    assert {value: negate(value) for value in (T, U, F)} == NOT
    assert all_of([]) == T
    assert any_of([]) == F


@pytest.mark.parametrize(
    ("n", "values", "expected"),
    [
        (2, [T, T, F], T),  # 2 surely
        (2, [T, U, F], U),  # 1 surely, 2 possibly
        (2, [T, F, F], F),  # 1 possibly
        (1, [F, U], U),
        (3, [T, T, U, U], U),
        (1, [], F),
    ],
)
def test_at_least_counts_each_side(n: int, values: list[Value], expected: Value) -> None:
    assert at_least(n, values) == expected


def test_unknown_can_be_taken_as_false_and_truth_as_unknown() -> None:
    assert [certain(value) for value in (T, U, F)] == [T, F, F]
    assert [at_most_unknown(value) for value in (T, U, F)] == [U, U, F]


def test_words() -> None:
    assert [value.word for value in (T, U, F)] == ["true", "unknown", "false"]
    with pytest.raises(TypeError, match="a whole column"):
        _ = Value(nw.col("a"), nw.col("b")).word


def test_constants_are_folded() -> None:
    column = Value(nw.col("s"), nw.col("p"), 3)
    assert all_of([column, TRUE]).surely is column.surely
    assert all_of([column, FALSE]) == Value(False, False, 3)
    assert any_of([column, TRUE]) == Value(True, True, 3)
    assert at_least(2, [column, FALSE]) == Value(False, False, 3)
    assert at_least(2, [TRUE, TRUE, column]) == Value(True, True, 3)


@pytest.mark.parametrize("engine", ENGINES)
def test_columns_agree_with_single_values(engine: str) -> None:
    rows = list(product((T, U, F), repeat=3))
    names = ["a", "b", "c"]
    table = pd.DataFrame(
        {
            f"{name}{side}": [getattr(row[position], side) for row in rows]
            for position, name in enumerate(names)
            for side in ("surely", "possibly")
        }
    )
    table["place"] = range(len(rows))
    columns = [Value(nw.col(f"{name}surely"), nw.col(f"{name}possibly")) for name in names]
    rules: dict[str, Callable[[list[Value]], Value]] = {
        "all": all_of,
        "any": any_of,
        "two": lambda values: at_least(2, values),
        "two with a constant": lambda values: at_least(2, [*values, UNKNOWN]),
        "not": lambda values: negate(all_of([negate(values[0]), values[1]])),
        "certain": lambda values: certain(any_of(values[:2])),
    }
    expressions = {
        f"{name}/{side}": getattr(rule(columns), side)
        for name, rule in rules.items()
        for side in ("surely", "possibly")
    }
    result = nw.from_native(ENGINES[engine](table)).with_columns(
        **{name: expression.cast(nw.Int64) for name, expression in expressions.items()}
    )
    collected = result.collect() if isinstance(result, nw.LazyFrame) else result
    found = collected.to_pandas().sort_values("place")
    for name, rule in rules.items():
        expected = [(bool(value.surely), bool(value.possibly)) for value in map(rule, map(list, rows))]
        assert list(zip(found[f"{name}/surely"], found[f"{name}/possibly"], strict=True)) == expected, name
