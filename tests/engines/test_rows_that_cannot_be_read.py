"""Rows of a lazy frame that turn out not to be readable: a coded error of ours, in which no cell and no path is quoted."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl
from tests.engines.test_same_on_every_engine import one_thread

DESIGN = fl.Design(weights="w", psu="psu", expands=True)
PEOPLE = pl.DataFrame(
    {
        "age": [30] * 8,
        "w": [1.5] * 8,
        "psu": [1, 2, 3, 4] * 2,
        "w_low_no_wage": ["yes", "no"] * 4,
        "c_docs": ["yes"] * 8,
    }
)
CELL = "Zelinda said 12"
READERS: dict[str, Callable[[Path], Any]] = {
    "polars": lambda folder: pl.scan_parquet(folder / "*.parquet"),
    "duckdb": lambda folder: duckdb.connect().read_parquet(str(folder / "*.parquet")),
}


def two_files(folder: Path, second: pl.DataFrame) -> Path:
    PEOPLE.write_parquet(folder / "0.parquet")
    second.write_parquet(folder / "1.parquet")
    return folder


def total(frame: Any, **options: Any) -> Any:
    return fl.estimate_total(fl.classify(frame, short_instrument=True), "forced_labour", design=DESIGN, **options)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("options", [{}, {"where": "age > 18"}], ids=["with the sums", "before them"])
@pytest.mark.parametrize(
    "second", [PEOPLE.drop("c_docs"), PEOPLE.with_columns(w=pl.lit(CELL))], ids=["a column less", "texts for numbers"]
)
def test_a_second_file_that_differs(tmp_path: Path, reader: str, options: dict[str, Any], second: pl.DataFrame) -> None:
    frame = READERS[reader](two_files(tmp_path, second))
    with pytest.raises(fl.FlError, match="FL-FILE-42") as caught:
        total(frame, **options)
    assert CELL not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    people = fl.classify(pl.scan_parquet(two_files(tmp_path, PEOPLE) / "*.parquet"), short_instrument=True)
    (tmp_path / "1.parquet").unlink()
    with pytest.raises(fl.FlError, match="FL-FILE-44"):
        fl.estimate_total(people, "forced_labour", design=DESIGN)


def test_a_connection_that_was_closed(tmp_path: Path) -> None:
    connection = duckdb.connect()
    rows = connection.read_parquet(str(two_files(tmp_path, PEOPLE) / "*.parquet"))
    people = fl.classify(rows, short_instrument=True)
    connection.close()
    asked: list[Callable[[], Any]] = [
        lambda: fl.classify(rows),
        lambda: people.people,
        lambda: fl.estimate_total(people, "forced_labour", design=DESIGN),
        lambda: fl.estimate_quantile(rows, "age", 0.5, design=DESIGN),
    ]
    for ask in asked:
        with pytest.raises(fl.FlError, match="FL-FILE-43"):
            ask()


@pytest.mark.parametrize("looked", ["before", "after"])
@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("DROP TABLE people", "FL-FILE-44"),
        ("ALTER TABLE people DROP COLUMN c_docs", "FL-FILE-42"),
        ("ALTER TABLE people ALTER COLUMN age TYPE VARCHAR", "FL-FILE-42"),
    ],
)
def test_a_table_of_a_connection_that_changes_after_it_was_classified(change: str, code: str, looked: str) -> None:
    connection = duckdb.connect()
    connection.register("given", PEOPLE.to_arrow())
    connection.execute("CREATE TABLE people AS SELECT * FROM given")
    people = fl.classify(connection.table("people"), short_instrument=True)
    if looked == "after":
        assert people.coverage
    connection.execute(change)
    asked: list[Callable[[], Any]] = [
        lambda: fl.estimate_total(people, "forced_labour", design=DESIGN),
        lambda: fl.estimate_mean(people, "age", design=DESIGN, by="c_docs"),
    ]
    for ask in asked if looked == "after" else [*asked, lambda: people.coverage, lambda: people.people]:
        with pytest.raises(fl.FlError, match=code):
            ask()


def test_a_connection_that_was_closed_before_the_answers_of_its_table_were_looked_at() -> None:
    connection = duckdb.connect()
    connection.register("given", PEOPLE.to_arrow())
    people = fl.classify(connection.sql("SELECT * FROM given"), short_instrument=True)
    connection.close()
    for ask in (lambda: people.coverage, lambda: people.people):
        with pytest.raises(fl.FlError, match="FL-FILE-43"):
            ask()


@pytest.mark.parametrize("answer", ["yes", CELL])
def test_lazily_classified_people_travel_unread(tmp_path: Path, answer: str) -> None:
    second = PEOPLE.with_columns(c_docs=pl.lit(answer))
    people = fl.classify(READERS["polars"](two_files(tmp_path, second)), short_instrument=True)
    there = pickle.loads(pickle.dumps(people))
    if answer == CELL:
        with pytest.raises(fl.FlError, match="FL-IND-06"):
            fl.estimate_total(there, "forced_labour", design=DESIGN)
    else:
        assert fl.estimate_total(there, "forced_labour", design=DESIGN).value == 12.0  # eight of sixteen at 1.5


def test_labels_beyond_63_bits_are_told_as_they_are() -> None:
    rows = pl.DataFrame({"unit": pl.Series([1, 2**64 - 1] * 4, dtype=pl.UInt64), "y": [0, 1] * 4})
    for frame in (rows, rows.lazy()):
        shown = fl.estimate_mean(frame, "y", design=fl.Design(unweighted=True), by="unit").to_frame()
        assert shown["unit"].dropna().tolist() == ["1", str(2**64 - 1)]


def test_nobody_in_a_sample_with_known_populations() -> None:
    nobody = PEOPLE.with_columns(N=40).clear()
    with pytest.raises(fl.FlError, match="FL-EST-15"):
        fl.estimate_mean(nobody, "age", design=fl.Design(weights="w", psu="psu", fpc="N"))


@pytest.mark.filterwarnings("ignore:The inplace keyword")
def test_a_part_of_dask_in_which_nobody_has_a_label(tmp_path: Path) -> None:
    import dask.dataframe as dd

    first, second = (
        PEOPLE.with_columns(key=None, kind=pl.lit(None, pl.Boolean)),
        PEOPLE.with_columns(key=pl.lit("a"), kind=True),
    )
    first = first.with_columns(pl.col("key").cast(pl.String))
    folder = two_files(tmp_path, second)
    first.write_parquet(folder / "0.parquet")
    whole = pl.concat([first, second])
    with one_thread():
        frame = dd.read_parquet(str(folder / "*.parquet"))
        for by in ("key", "kind"):
            found = fl.estimate_mean(frame, "age", design=DESIGN, by=by).to_frame()
            pd.testing.assert_frame_equal(found, fl.estimate_mean(whole, "age", design=DESIGN, by=by).to_frame())
