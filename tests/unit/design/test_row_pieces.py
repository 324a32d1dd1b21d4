"""Rows of every engine that hands them over in pieces: all of them, as Arrow, and no piece of none."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import duckdb
import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl
from fl_estimate.design import asking
from fl_estimate.design.row_pieces import pieces
from fl_estimate.inputs.partitions import narwhal

ROWS = pl.DataFrame(
    {
        "y": [0, 1, 1, 0, 1, 0, 0, 1] * 5,
        "x": np.linspace(-1, 1, 40) ** 3,
        "region": ["north", "south", None, "south"] * 10,
        "w": np.arange(1.0, 41.0),
    }
)
DESIGN = fl.Design(weights="w")


def dask(kinds: Any) -> Any:
    """Four parts, of which one has no rows."""
    frames = pytest.importorskip("dask.dataframe")
    rows = ROWS.to_pandas() if kinds is None else ROWS.to_arrow().to_pandas(types_mapper=kinds)
    bounds = (0, 10, 10, 30, 40)
    return frames.concat([frames.from_pandas(rows[a:b], npartitions=1) for a, b in pairwise(bounds)])


def relation(rows: pl.DataFrame) -> Any:
    connection = duckdb.connect()
    connection.register("rows", rows.to_arrow())
    return connection.table("rows")


LAZY = {
    "polars": ROWS.lazy,
    "duckdb": lambda: relation(ROWS),
    "dask": lambda: dask(None),
    "dask-arrow": lambda: dask(pd.ArrowDtype),
}


@pytest.mark.parametrize("engine", LAZY)
def test_every_row_comes_in_some_piece_and_no_piece_is_empty(engine: str) -> None:
    with_twice = narwhal(LAZY[engine]()).with_columns(nw.col("y") * 2)
    found = list(pieces(with_twice.select("y", "region", "w"), lambda piece: piece.to_pylist()))
    assert all(found)
    expected = ROWS.select(pl.col("y") * 2, "region", "w").to_dicts()
    told = [
        {name: None if value != value else value for name, value in row.items()} for piece in found for row in piece
    ]
    assert told == expected


@pytest.mark.parametrize("engine", LAZY)
def test_a_regression_by_pieces_is_that_of_the_rows(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = fl.regress(ROWS, "y ~ x + region", design=DESIGN, unknown="exclude").to_frame()
    monkeypatch.setattr(asking, "MOST_ROWS", 20)
    found = fl.regress(LAZY[engine](), "y ~ x + region", design=DESIGN, unknown="exclude").to_frame()
    pd.testing.assert_frame_equal(found, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("engine", ["polars", "duckdb"])
def test_a_regression_of_no_rows_is_refused(engine: str) -> None:
    frame: Any = ROWS.clear().lazy() if engine == "polars" else relation(ROWS.clear())
    with pytest.raises(fl.FlError, match="FL-EST-15"):
        fl.regress(frame, "y ~ x + region", design=DESIGN, unknown="exclude")
