"""Relations of DuckDB that remember their row-wise steps: the same rows whether DuckDB or polars makes them."""

from __future__ import annotations

from typing import Any

import duckdb
import narwhals as nw
import polars as pl
import pytest

import fl_estimate as fl
from fl_estimate.design.totals import as_frame, totals
from fl_estimate.indicators.columns import _place_among  # pyright: ignore[reportPrivateUsage]
from fl_estimate.inputs import relation_steps
from fl_estimate.inputs.partitions import narwhal
from fl_estimate.inputs.relation_steps import RelationFrame, RelationReading

ROWS = """
    SELECT * FROM (VALUES
        (1, 'yes', 1.5, 10::HUGEINT, 1.50::DECIMAL(9, 2), INTERVAL 1 DAY),
        (2, NULL, 2.5, NULL, 2.25, NULL),
        (3, 'O''Brien "x"', NULL, 12, NULL, INTERVAL 2 DAY),
        (4, 'no', 'nan'::DOUBLE, 13, 4.75, NULL)
    ) rows(id, answer, "the weight", huge, money, "length")
"""


def relation() -> Any:
    return duckdb.connect().sql(ROWS)


def rows_of(frame: Any) -> list[Any]:
    """Rows of a lazy frame, missing numbers as None."""
    table = frame.collect("pyarrow").to_native().to_pydict()
    return [[None if value != value else value for value in column] for column in table.values()]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The columns that DuckDB is asked for on behalf of polars, each time."""
    found: list[list[str]] = []
    pieces = RelationReading.pieces

    def asked(reading: RelationReading, columns: list[str]) -> Any:
        found.append(columns)
        return pieces(reading, columns)

    monkeypatch.setattr(RelationReading, "pieces", asked)
    return found


def steps(frame: Any) -> Any:
    made = frame.with_columns((nw.col(name) + 1).alias(f"{name}_more") for name in ["id", "the weight"])
    made = made.rename({"the weight": "weight"}).filter(nw.col("id") > 1, nw.col("id") < 9).drop("huge", "length")
    return made.select(
        nw.col("id_more"), (nw.col("answer") == "no").fill_null(False).alias("no"), twice=nw.col("id") * 2
    )


def test_polars_makes_the_steps_and_reads_what_they_need(read: list[list[str]]) -> None:
    asked = steps(narwhal(relation()))
    known = narwhal(asked.to_native())
    for frame in (asked, known):
        there = frame.in_polars().frame
        assert there.implementation.is_polars()
        assert rows_of(there) == rows_of(frame) == [[3, 4, 5], [False, False, True], [4, 6, 8]]
    assert read == [["id", "answer"]] * 2


def test_what_is_no_step_of_single_rows_begins_anew(read: list[list[str]]) -> None:
    frame = narwhal(relation()).with_columns(nw.lit(1).alias("one"))
    counted = frame.group_by("one").agg(nw.len().alias("n")).with_columns((nw.col("n") + 1).alias("more"))
    first = frame.with_columns(nw.col("id").min().over("one").alias("first")).select("id", "first")
    for asked in (counted, first, frame.join(frame.select("id"), on="id", how="inner").select("id")):
        assert sorted(map(str, rows_of(asked.in_polars().frame))) == sorted(map(str, rows_of(asked)))
    assert [sorted(columns) for columns in read] == [["n", "one"], ["first", "id"], ["id"]]


@pytest.mark.parametrize("needed", ["huge", "money", "length"])
def test_types_that_differ_are_left_to_duckdb(needed: str, read: list[list[str]]) -> None:
    frame = narwhal(relation())
    assert frame.select(needed).in_polars() is None
    assert frame.select("id").in_polars() is not None
    if needed != "length":
        table = totals(
            as_frame(frame.filter(nw.col("id") == 4)), keys=("id",), columns={"w": nw.col(needed)}, sums={"w": ("w",)}
        )
        assert table.sums["w"].tolist() == [13.0 if needed == "huge" else 4.75]
    assert read == []


def test_places_of_texts_are_the_same_by_duckdb_and_by_polars() -> None:
    answers = ("yes", 'O\'Brien "x"')
    by_duckdb = narwhal(relation()).with_places({'a "place"': ("answer", answers)})
    assert isinstance(by_duckdb, RelationFrame)
    found = by_duckdb.select(nw.col('a "place"').fill_null(0).alias("place"))
    assert found.collect_schema() == {"place": nw.UInt8}
    there: Any = found.in_polars()
    assert there is not None
    frame: Any = nw.from_native(relation().select("answer").pl().lazy())
    polars = frame.select(_place_among(nw.col("answer"), answers).alias("place"))
    assert rows_of(found) == rows_of(there.frame) == rows_of(polars) == [[1, 3, 2, 0]]


def test_polars_keeps_the_order_in_which_duckdb_hands_rows_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relation_steps, "PIECE", 2_048)
    rows: Any = duckdb.connect(config={"threads": 4}).sql("SELECT range AS id FROM range(200_000)")
    there = narwhal(rows).with_columns((nw.col("id") * 2).alias("twice")).select("twice").in_polars()
    assert there is not None
    pieces = pl.concat(there.frame.to_native().collect_batches(maintain_order=True, engine="streaming"))
    assert pieces["twice"].to_list() == list(range(0, 400_000, 2))


@pytest.mark.parametrize("kind", ["VARCHAR", "ENUM('yes', 'no', 'dk', 'experienced', 'perhaps')"])
def test_classes_of_a_relation_are_those_of_a_frame(kind: str, read: list[list[str]]) -> None:
    rows = [("yes", "experienced"), ("yes", "no"), (None, "experienced"), ("dk", None), ("no", "dk")] * 3
    table = pl.DataFrame(rows, schema=["w_low_no_wage", "c_docs"], orient="row").with_columns(
        age=pl.Series([30, 17, 40, None, 50] * 3, dtype=pl.Int16), w=pl.int_range(1, 16).cast(pl.Float64)
    )
    connection = duckdb.connect()
    connection.register("given", table.to_arrow())
    columns = ", ".join(f"{name}::{kind} AS {name}" for name in ["w_low_no_wage", "c_docs"])
    asked = {
        "duckdb": connection.sql(f"SELECT age, w, {columns} FROM given"),
        "memory": table,
        "polars": table.lazy(),
    }
    found = {
        name: fl.estimate_prevalence(
            fl.classify(frame, short_instrument=True, outcomes="forced_labour"),
            "forced_labour",
            design=fl.Design(weights="w"),
        ).to_frame()
        for name, frame in asked.items()
    }
    assert found["duckdb"].equals(found["memory"])
    assert found["polars"].equals(found["memory"])
    assert len(read) == 1
    wrong = connection.sql(f"SELECT age, w, w_low_no_wage, 'perhaps'::{kind} AS c_docs FROM given")
    with pytest.raises(fl.FlError, match="c_docs in 15 rows"):
        _ = fl.classify(wrong, short_instrument=True).people
