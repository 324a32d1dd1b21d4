"""The seam gives the same small table on every engine: wrap-around, Decimal, NaN, categories and signed zeros included."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import duckdb
import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import fl_estimate as fl
from fl_estimate.design.totals import as_frame, totals

TABLE = pa.table(
    {
        "key": pa.array([3.0, 1.0, None, float("nan"), -0.0, 0.0, 3.0]),
        "text": pa.array(["b", "a", "b", None, "a", "a", "b"]).dictionary_encode(),
        "big": pa.array([2_000_000_000] * 7, pa.int32()),
        "tiny": pa.array([100] * 7, pa.int8()),
        "money": pa.array([Decimal("1.25")] * 7, pa.decimal128(10, 2)),
        "flag": pa.array([True, False, True, True, False, False, True]),
    }
)
ENGINES: dict[str, Callable[[], Any]] = {
    "pandas": lambda: TABLE.to_pandas(),
    "pandas-arrow": lambda: TABLE.to_pandas(types_mapper=pd.ArrowDtype),
    "polars": lambda: pl.from_arrow(TABLE),
    "polars-lazy": lambda: pl.DataFrame(pl.from_arrow(TABLE)).lazy(),
    "pyarrow": lambda: TABLE,
    "duckdb": lambda: duckdb.connect().from_arrow(TABLE),
}


@pytest.fixture(params=ENGINES)
def frame(request: pytest.FixtureRequest) -> Any:
    return ENGINES[request.param]()


def test_keys_have_one_spelling(frame: Any) -> None:
    table = totals(as_frame(frame), keys=["key"], columns={"one": nw.col("tiny") * 0 + 1}, sums={"one": ("one",)})
    assert table.keys["key"].levels == (0, 1, 3)
    assert table.n.tolist() == [2, 1, 2, 2]
    assert table.keys["key"].codes.tolist() == [0, 1, 2, 3]


def test_categories_become_text(frame: Any) -> None:
    table = totals(as_frame(frame), keys=["text"], columns={"big": nw.col("big")}, sums={"big": ("big",)})
    assert table.keys["text"].levels == ("a", "b")
    assert table.sums["big"].tolist() == [6e9, 6e9, 2e9]


def test_small_integers_and_decimals_do_not_wrap(frame: Any) -> None:
    columns = {name: nw.col(name) for name in ("big", "tiny", "money")}
    sums = {"bb": ("big", "big"), "tt": ("tiny", "tiny"), "m": ("money",)}
    table = totals(as_frame(frame), keys=[], columns=columns, sums=sums)
    assert table.sums["bb"].tolist() == [7 * 4e18]
    assert table.sums["tt"].tolist() == [70_000]
    assert table.sums["m"].tolist() == [8.75]


def test_missing_values_in_a_sum_are_refused(frame: Any) -> None:
    with pytest.raises(fl.FlError, match="FL-EST-03"):
        totals(as_frame(frame), keys=[], columns={"key": nw.col("key")}, sums={"k": ("key",)})


def test_boolean_outcomes_and_row_order(frame: Any) -> None:
    design = fl.Design(unweighted=True)
    first = fl.estimate_prevalence(frame, "flag", design=design, by="text").to_frame()
    shuffled = pl.DataFrame(pl.from_arrow(TABLE)).sample(fraction=1, shuffle=True, seed=3)
    pd.testing.assert_frame_equal(first, fl.estimate_prevalence(shuffled, "flag", design=design, by="text").to_frame())
    assert first["cases"].tolist() == [4, 0, 3, 1]


def test_nan_and_null_outcomes_mean_the_same() -> None:
    values: dict[str, list[float | None]] = {"null": [1, 0, None, 1], "nan": [1, 0, float("nan"), 1]}
    results = []
    for people in (pl.DataFrame(values, strict=False), pl.DataFrame(values, strict=False).to_pandas()):
        for column in values:
            row = (
                fl.estimate_prevalence(people, column, design=fl.Design(unweighted=True), unknown="exclude")
                .to_frame()
                .iloc[0]
            )
            results.append((row["value"], row["n"], row["undetermined"]))
    assert set(results) == {(2 / 3, 3, 0.25)}


def test_large_small_table_is_coded_fast_enough_to_be_one_pass() -> None:
    """The codes of many groups come from the dictionary, not from a loop over groups: labels agree with numpy's unique."""
    rng = np.random.default_rng(0)
    people = pl.DataFrame({"k": rng.integers(0, 50_000, 100_000), "g": rng.integers(0, 3, 100_000)})
    table = totals(as_frame(people), keys=["k", "g"], columns={"g": nw.col("g")}, sums={"g": ("g",)})
    pairs = np.unique(people.to_numpy(), axis=0)
    levels = np.array(table.keys["k"].levels)
    np.testing.assert_array_equal(levels[table.keys["k"].codes], pairs[:, 0])
    np.testing.assert_array_equal(table.keys["g"].codes, pairs[:, 1])
