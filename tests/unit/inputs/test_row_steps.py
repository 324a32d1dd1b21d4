"""Row-wise steps remembered: which columns they need, and the same rows whoever runs them and in whatever pieces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from fl_estimate.inputs.row_steps import RowStep, RowSteps, in_pieces

PEOPLE = pl.DataFrame(
    {
        "id": [1, 2, 3, 4, 5],
        "age": [12, None, 40, 70, 33],
        "answer": ["yes", "no", None, "yes", "dk"],
        "w": [1.5] * 5,
        "spare": 0,
    },
    schema_overrides={"answer": pl.Categorical},
)
ADULTS = RowStep("filter", (nw.col("age") >= 18,))
CASES = RowStep("with_columns", ([(nw.col("answer").cast(nw.String) == "yes").fill_null(False).alias("case")],))
STEPS = RowSteps().then(
    ADULTS, CASES, RowStep("rename", ({"w": "weight"},)), RowStep("drop", ("answer",), {"strict": True})
)


@pytest.mark.parametrize(
    ("last", "needed"),
    [
        (RowStep("select", ("id", "case")), ["id", "age", "answer"]),
        (RowStep("select", (), {"twice": nw.col("weight") * 2}), ["age", "w"]),
        (RowStep("select", (nw.lit(0).alias("none"), "id")), ["id", "age"]),
        (RowStep("with_columns", (nw.lit(0).alias("none"),)), ["id", "age", "answer", "w", "spare"]),
    ],
)
def test_columns_that_the_steps_need(last: RowStep, needed: list[str]) -> None:
    steps = STEPS.then(last)
    assert steps.needed(PEOPLE.schema) == needed
    fewer = steps.on_polars(PEOPLE.select(needed), PEOPLE.schema).collect().to_native()
    assert_frame_equal(fewer, steps.on(nw.from_native(PEOPLE)).to_native())


@pytest.mark.pinned(
    "polars"
)  # polars 1 asks for all columns where none is looked at: more is read, the rows are the same
def test_one_column_is_needed_to_tell_how_many_rows_there_are() -> None:
    assert RowSteps().then(RowStep("select", (nw.lit(1).alias("one"),))).needed(PEOPLE.schema) == ["id"]


@pytest.mark.parametrize("rows", [1, 2, 5])
def test_rows_in_pieces(rows: int) -> None:
    asked: list[list[str]] = []

    def read(columns: list[str]) -> Iterator[Any]:
        asked.append(columns)
        return PEOPLE.select(columns).iter_slices(rows)

    steps = STEPS.then(RowStep("select", ("id", "case")))
    found = steps.on(in_pieces(PEOPLE.schema, read)).collect().to_native()
    assert_frame_equal(found, steps.on(nw.from_native(PEOPLE)).to_native())
    assert asked == [["id", "age", "answer"]]
    assert len(in_pieces(PEOPLE.schema, read).head(2).collect()) == 2


@pytest.mark.parametrize(
    "expr",
    [
        nw.col("age").sum(), nw.col("age").rank(), nw.len(), nw.col("age").sum().over("id"), nw.col("w") / nw.col("w").max(),
        nw.when(nw.col("w") > nw.col("w").mean()).then(1),
    ],
)  # fmt: skip
def test_what_looks_at_several_rows_is_told(expr: nw.Expr) -> None:
    assert not RowStep("with_columns", (expr,)).is_row_wise
    assert not RowStep("select", (), {"new": expr}).is_row_wise


def test_what_looks_at_one_row_is_told() -> None:
    exprs = [nw.col("age") + 1, nw.all(), nw.lit(1), nw.when(nw.col("w") > 1).then(nw.col("age")).otherwise(0), "age"]
    assert RowStep("with_columns", (exprs,), {"new": nw.sum_horizontal("age", "w")}).is_row_wise
    assert all(step.is_row_wise for step in STEPS.steps)
    assert not RowStep("with_columns", (nw.from_native(PEOPLE).get_column("age"),)).is_row_wise
    assert not RowStep("unique", ("age",)).is_row_wise
