"""One small survey with every kind of column that engines read differently, as files; and each engine's frame of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

import fl_estimate as fl

ROWS = 600
EQUAL, UNEQUAL = (0, 150, 300, 450, 600), (0, 7, 130, 131, 420, 600)
"""Where a file ends and the next begins: four of one length, and five of which one has a single row."""
DESIGN = fl.Design(weights="w", strata="stratum", psu="psu", expands=True)
STAGES = fl.Design(weights="w", strata="stratum", stages=("psu", "house"), fpc=("psus", "houses"), expands=True)


@cache
def table() -> pa.Table:
    """Answers in four codes and nulls; keys, weights and numbers in every type; one region that is in two PSUs only."""
    rng = np.random.default_rng(28)
    codes = np.array(["yes", "no", "dk", "missing", None], dtype=object)

    def answers() -> pa.Array:
        return pa.array(codes[rng.integers(0, 5, ROWS)], pa.string())

    stratum = rng.integers(0, 3, ROWS)
    psu = rng.integers(0, 4, ROWS)
    region = np.array(["north", "south", None], dtype=object)[rng.integers(0, 3, ROWS)]
    region[(stratum == 1) & (psu < 2)] = "islands"
    house = rng.integers(0, 6, ROWS)
    zero = np.array([0.0, -0.0, 3.0, np.nan])[rng.integers(0, 4, ROWS)]
    weight = rng.integers(1, 400, ROWS) / 16
    known = rng.random(ROWS) > 0.2
    income = np.round(rng.lognormal(3, 1, ROWS), 2)
    return pa.table(
        {
            "person_id": pa.array([f"p{row:04d}" for row in range(ROWS)]),
            "huge": pa.array(2**60 + rng.integers(0, 3, ROWS), pa.int64()),
            "age": pa.array(rng.integers(10, 70, ROWS), pa.int8()),
            "w_low_no_wage": answers(),
            "w_hours_force": answers().dictionary_encode(),
            "c_docs": answers(),
            "c_threats": answers(),
            "w": pa.array(weight),
            "money": pa.array([Decimal(round(value * 16)) / 16 for value in weight], pa.decimal128(12, 4)),
            "stratum": pa.array(stratum, pa.int32()),
            "psu": pa.array(psu, pa.int16()),
            "house": pa.array(house, pa.int64()),
            "psus": pa.array(np.array([40, 25, 60])[stratum], pa.int64()),
            "houses": pa.array(np.full(ROWS, 30), pa.int64()),
            "region": pa.array(region, pa.string()),
            "category": pa.array(region, pa.string(), mask=~known).dictionary_encode(),
            "code": pa.array(rng.integers(1, 4, ROWS), pa.int64(), mask=rng.random(ROWS) < 0.1),
            "zero": pa.array(zero),
            "tiny": pa.array(rng.integers(90, 120, ROWS), pa.int8()),
            "large": pa.array(rng.integers(1_900_000_000, 2_000_000_000, ROWS), pa.int32()),
            "flag": pa.array(rng.random(ROWS) < 0.3),
            "perhaps": pa.array(rng.random(ROWS) < 0.3, mask=~known),
            "income": pa.array(income),
            "unknown": pa.array(np.where(known, income, np.nan)),
            "absent": pa.array(income, mask=~known),
            "grown": pa.array(rng.integers(0, 2, ROWS), pa.uint8()),
        }
    )


def write(folder: Path, bounds: tuple[int, ...], rows: pa.Table | None = None) -> Path:
    """A file for each stretch of rows."""
    folder.mkdir()
    kept: Any = table() if rows is None else rows
    for number, (start, stop) in enumerate(pairwise(bounds)):
        pq.write_table(kept.slice(start, stop - start), folder / f"{number}.parquet")
    return folder


def _polars(folder: Path) -> pl.DataFrame:
    return pl.read_parquet(folder / "*.parquet")


def _pandas(folder: Path, **options: Any) -> pd.DataFrame:
    parts = [pq.read_table(file).to_pandas(**options) for file in sorted(folder.glob("*.parquet"))]
    return pd.concat(parts)  # with the index of each file, so that labels repeat


def _nullable(folder: Path) -> pd.DataFrame:
    return pd.concat(
        [pd.read_parquet(file, dtype_backend="numpy_nullable") for file in sorted(folder.glob("*.parquet"))]
    )


def _duckdb(folder: Path) -> Any:
    import duckdb

    return duckdb.connect().read_parquet(str(folder / "*.parquet"))


def _dask(folder: Path, **options: Any) -> Any:
    import dask.dataframe as dd

    return dd.read_parquet(str(folder), **options)


@cache
def session() -> Any:
    """A local Spark of two threads."""
    from pyspark.sql import SparkSession  # pyright: ignore

    asked = SparkSession.builder.master("local[2]")
    for key, value in {
        "spark.sql.shuffle.partitions": "2", "spark.ui.enabled": "false", "spark.sql.session.timeZone": "UTC",
        "spark.ui.showConsoleProgress": "false",
    }.items():  # fmt: skip
        asked = asked.config(key, value)
    started = asked.getOrCreate()
    started.sparkContext.setLogLevel("OFF")
    return started


ENGINES: dict[str, Callable[[Path], Any]] = {
    "pandas": _pandas,
    "pandas-nullable": _nullable,
    "pandas-arrow": lambda folder: _pandas(folder, types_mapper=pd.ArrowDtype),
    "polars-lazy": lambda folder: pl.scan_parquet(folder / "*.parquet"),
    "pyarrow": lambda folder: _polars(folder).to_arrow(),
    "duckdb": _duckdb,
    "dask": lambda folder: _dask(folder),
    "dask-arrow": lambda folder: _dask(folder, dtype_backend="pyarrow"),
}
LAZY = ("polars-lazy", "duckdb", "dask", "dask-arrow")
SPARK = bool(os.environ.get("FL_ESTIMATE_SPARK"))
"""Whether the suite is asked of Spark as well: `make spark` does."""
if SPARK:
    ENGINES["spark"] = lambda folder: session().read.parquet(str(folder))
    LAZY = (*LAZY, "spark")
