"""What is known of all rows of a frame in memory shortens what is asked of each, and moves no figure."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import fl_estimate as fl
from fl_estimate.design.read_columns import ALWAYS, NEVER, ReadColumns, both, but_not, extent
from fl_estimate.errors import DesignFault, EstimateFault
from fl_estimate.estimators.survey.targets import make_targets

ROWS = 4_000
DESIGN = fl.Design(weights="w", strata="st", psu="ea")


def people() -> pl.DataFrame:
    rng = np.random.default_rng(6)
    return pl.DataFrame(
        {
            "st": rng.integers(0, 8, ROWS),
            "ea": rng.integers(0, 6, ROWS).astype(np.int16),
            "w": rng.uniform(1, 9, ROWS),
            "fl": (rng.random(ROWS) < 0.05).astype(np.int8),
            "age": rng.integers(12, 80, ROWS),
            "region": rng.integers(0, 5, ROWS).astype(np.int16),
        }
    )


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pl.Series([3, 0, 1], dtype=pl.Int8), (0.0, 3.0)),
        (pl.Series([0.5, 2.0]), (0.5, 2.0)),
        (pl.Series([1, None, 0]), None),
        (pl.Series([1.0, float("nan")]), None),
        (pl.Series([1.0, None]), None),
        (pl.Series([True, False]), None),
        (pl.Series(["1", "0"]), None),
        (pl.Series([], dtype=pl.Int64), None),
    ],
)
def test_extent_of_a_complete_column_of_numbers(values: pl.Series, expected: tuple[float, float] | None) -> None:
    frame = pl.DataFrame({"x": values})
    for given in (frame, frame.to_pandas(), frame.to_arrow()):
        assert extent(ReadColumns(nw.from_native(given, eager_only=True)), "x") == expected
    assert extent(frame.schema, "x") is None


def test_nullable_columns_of_pandas() -> None:
    frame = pd.DataFrame({"some": pd.array([1, None], dtype="Int64"), "all": pd.array([1, 0], dtype="Int64")})
    columns = ReadColumns(nw.from_native(frame, eager_only=True))
    assert columns.extent("some") is None
    assert columns.extent("all") in ((0.0, 1.0), None)
    assert list(columns) == ["some", "all"]
    assert len(columns) == 2


def test_truths_of_every_row_and_of_none() -> None:
    some = nw.col("x") == 1
    assert both(ALWAYS, some) is some is both(some, ALWAYS)
    assert both(NEVER, some) is NEVER is both(some, NEVER)
    assert but_not(some, NEVER) is some


def test_nothing_is_asked_of_rows_that_is_known_of_all() -> None:
    columns = ReadColumns(nw.from_native(people(), eager_only=True))
    made = make_targets(columns, ["fl"], weights="w").columns
    assert {name for name, one in made.items() if one is ALWAYS} == {"r"}
    assert {name for name, one in made.items() if one is NEVER} == {"u0", "b0"}


def variants() -> dict[str, Any]:
    """The same people, of whom less is known before their rows are read."""
    frame = people()
    floats = frame.with_columns(pl.col("fl").cast(pl.Float64))
    nobody = pl.DataFrame({**{name: [None] for name in frame.columns}}, schema=frame.schema).with_columns(
        pl.lit(0.0).alias("w"), pl.lit(0, pl.Int64).alias("st"), pl.lit(0, pl.Int16).alias("ea")
    )
    return {
        "floats": floats, "lazy": frame.lazy(), "lazy floats": floats.lazy(), "pandas": frame.to_pandas(),
        "pandas floats": floats.to_pandas(), "arrow": frame.to_arrow(), "a row of weight 0": pl.concat([frame, nobody]),
    }  # fmt: skip


@pytest.mark.parametrize("name", list(variants()))
@pytest.mark.parametrize("where", [None, "age >= 18"])
def test_figures_are_the_same_to_the_last_bit(name: str, where: str | None) -> None:
    other = variants()[name]
    by = None if "weight 0" in name else "region"
    for call in (fl.estimate_prevalence, fl.estimate_mean, fl.estimate_variance):
        made, again = (
            call(given, "fl", design=DESIGN, by=by, where=where, unknown="exclude").to_frame()
            for given in (people(), other)
        )
        if "weight 0" in name:
            # A row that weighs nothing is nobody; it only is told of.
            again = again.assign(deff=made["deff"]) if again["deff"].isna().all() else again
        assert_frame_equal(pl.from_pandas(made), pl.from_pandas(again), check_exact=True)


@pytest.mark.parametrize(
    ("wrong", "fault", "code"),
    [
        (pl.when(pl.col("age") == 40).then(-1.0).otherwise(pl.col("w")).alias("w"), DesignFault, "FL-DESIGN-13"),
        (pl.when(pl.col("age") == 40).then(None).otherwise(pl.col("w")).alias("w"), DesignFault, "FL-DESIGN-13"),
        (pl.when(pl.col("age") == 40).then(float("nan")).otherwise(pl.col("w")).alias("w"), DesignFault, "FL-DESIGN-13"),
        (pl.when(pl.col("age") == 40).then(float("inf")).otherwise(pl.col("w")).alias("w"), EstimateFault, "FL-EST-03"),
        (pl.when(pl.col("age") == 40).then(None).otherwise(pl.col("fl")).alias("fl"), EstimateFault, "FL-EST-07"),
        (pl.when(pl.col("age") == 40).then(2).otherwise(pl.col("fl")).alias("fl"), EstimateFault, "FL-EST-14"),
        (pl.when(pl.col("age") == 40).then(-1).otherwise(pl.col("fl")).alias("fl"), EstimateFault, "FL-EST-14"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_as_before(wrong: pl.Expr, fault: type[Exception], code: str) -> None:
    frame = people().with_columns(wrong)
    for given in (frame, frame.lazy(), frame.to_pandas()):
        with pytest.raises(fault, match=code):
            fl.estimate_prevalence(given, "fl", design=DESIGN)


def test_everybody_and_nobody_is_a_case() -> None:
    frame = people()
    for value in (0, 1):
        made = fl.estimate_prevalence(frame.with_columns(pl.lit(value, pl.Int8).alias("fl")), "fl", design=DESIGN)
        assert (made.value, made.se) == (value, 0.0)


def test_no_column_of_the_rows_is_left_to_ask() -> None:
    # Without weights, and of an outcome that is complete, nothing but the outcome itself is made of rows.
    frame = people()
    made = fl.estimate_prevalence(frame, "fl", design=fl.Design(psu="ea", unweighted=True))
    assert made.value == pytest.approx(frame["fl"].mean(), rel=1e-14)
