"""One query by group, with truths as the bits of a number: the sums are those of the rows, whatever engine is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb
import narwhals as nw
import numpy as np
import polars as pl
import pytest

import fl_estimate as fl
from fl_estimate.design import grouped_query
from fl_estimate.design import totals as seam
from fl_estimate.design.grouped_query import GroupedQuery
from fl_estimate.design.small_table import Totals
from fl_estimate.design.totals import as_frame, totals

ROWS = 500
COLUMNS: Mapping[str, nw.Expr] = {
    "w": nw.col("weight"),
    "r": nw.col("asked"),
    "y": nw.col("asked") & nw.col("yes"),
    "x": nw.col("score"),
}
SUMS = {
    "n_r": ("r",),
    "n_y": ("y",),
    "wr": ("w", "r"),
    "wy": ("w", "y"),
    "wxy": ("w", "x", "y"),
    "x": ("x",),
    "ww": ("w", "w"),
}
COUNTED = {"odd": nw.col("odd"), "asked": COLUMNS["r"], "again": COLUMNS["r"], "yes": nw.col("yes")}


def _people(rows: int = ROWS) -> pl.DataFrame:
    rng = np.random.default_rng(3)
    return pl.DataFrame(
        {
            "area": rng.choice(np.array(["b", "a", None], dtype=object), rows).tolist(),
            "unit": rng.integers(0, 7, rows),
            # Whole quarters: their sums and products are exact in any order.
            "weight": rng.integers(1, 40, rows) / 4,
            "score": rng.integers(-8, 9, rows) / 2,
            "asked": rng.random(rows) < 0.8,
            "yes": rng.random(rows) < 0.3,
            "odd": rng.random(rows) < 0.1,
        },
        schema_overrides={"area": pl.String},
    )


@pytest.fixture(params=["polars", "duckdb"])
def elsewhere(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes a frame of an engine that is taken for one without batches, as Spark is."""
    monkeypatch.setattr(seam, "streams", lambda _: False)
    if request.param == "polars":
        return lambda people: as_frame(people.lazy())
    connection = duckdb.connect()
    # A plain relation: the recorded steps of `RelationFrame` are for engines with batches.
    return lambda people: nw.from_native(connection.from_arrow(people.to_arrow()))


def _expected(people: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """The sums by polars alone, row by row."""
    made = people.with_columns(
        w="weight", r=pl.col("asked").cast(pl.Float64), y=(pl.col("asked") & pl.col("yes")).cast(pl.Float64), x="score"
    )
    products = [
        pl.reduce(lambda a, b: a * b, [pl.col(one) for one in product]).sum().alias(name)
        for name, product in SUMS.items()
    ]
    asked = [*products, pl.len().alias("n")]
    return made.group_by(keys).agg(asked).sort(keys, nulls_last=True) if keys else made.select(asked)


def _compare(table: Totals, people: pl.DataFrame, keys: list[str]) -> None:
    expected = _expected(people, keys)
    assert table.n.tolist() == expected["n"].to_list()
    for name in SUMS:
        assert table.sums[name].tolist() == expected[name].to_list(), name
    for key in keys:
        labels = [*table.keys[key].levels, None]
        assert [labels[code] for code in table.keys[key].codes] == expected[key].to_list()


@pytest.mark.parametrize("keys", [["area", "unit"], ["area"], []])
def test_sums_of_patterns_are_those_of_rows(elsewhere: Any, keys: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[GroupedQuery] = []
    own = GroupedQuery.__call__
    monkeypatch.setattr(GroupedQuery, "__call__", lambda query, frame: asked.append(query) or own(query, frame))
    people = _people()
    table = totals(elsewhere(people), keys=keys, columns=COLUMNS, sums=SUMS, counted=COUNTED)
    assert [query.truths for query in asked] == [("r", "y")]
    _compare(table, people, keys)
    assert table.counted == {
        "odd": people["odd"].sum(),
        "asked": people["asked"].sum(),
        "again": people["asked"].sum(),
        "yes": people["yes"].sum(),
    }


def test_more_truths_than_a_pattern_holds_are_summed(elsewhere: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seam, "MOST_TRUTHS", 1)
    people = _people()
    _compare(totals(elsewhere(people), keys=["area"], columns=COLUMNS, sums=SUMS), people, ["area"])


def test_groups_too_long_for_counts_that_share_a_number_are_asked_again(
    elsewhere: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grouped_query, "HALF", 4)  # groups of 16 rows and more
    people = _people()
    asked: list[bool] = []
    own = GroupedQuery.__call__
    monkeypatch.setattr(GroupedQuery, "__call__", lambda query, frame: asked.append(query.shares) or own(query, frame))
    table = totals(elsewhere(people), keys=["area"], columns=COLUMNS, sums=SUMS, counted=COUNTED)
    assert asked == [True, False]
    assert table.counted["odd"] == people["odd"].sum()
    assert table.counted["asked"] == table.counted["again"] == people["asked"].sum()


def test_counts_that_an_engine_cannot_hold_in_one_number_are_asked_again(
    elsewhere: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class ArithmeticException(Exception):
        """As pyspark.errors has it where a sum of whole numbers needs more than 64 bits."""

    asked = seam.asked

    def ask(frame: Any, query: GroupedQuery) -> Any:
        if query.shares:
            raise ArithmeticException
        return asked(frame, query)

    monkeypatch.setattr(seam, "asked", ask)
    people = _people()
    table = totals(elsewhere(people), keys=["area"], columns=COLUMNS, sums=SUMS, counted=COUNTED)
    _compare(table, people, ["area"])
    assert table.counted["odd"] == people["odd"].sum()


@pytest.mark.parametrize(
    ("column", "value"), [("weight", None), ("weight", float("inf")), ("weight", float("nan")), ("asked", None)]
)
def test_what_is_missing_or_infinite_is_refused(elsewhere: Any, column: str, value: float | None) -> None:
    people = _people()
    spoilt = people.with_columns(
        pl.when(pl.int_range(pl.len()) == 17).then(value).otherwise(pl.col(column)).alias(column)
    )
    with pytest.raises(fl.FlError, match="FL-EST-03"):
        totals(elsewhere(spoilt), keys=["area"], columns=COLUMNS, sums=SUMS, counted=COUNTED)


def test_an_infinite_weight_of_somebody_out_of_scope_is_refused(elsewhere: Any) -> None:
    """As row by row, where 0 times infinity is no number."""
    people = _people().with_columns(asked=pl.int_range(pl.len()) != 17)
    spoilt = people.with_columns(weight=pl.when(pl.int_range(pl.len()) == 17).then(np.inf).otherwise("weight"))
    with pytest.raises(fl.FlError, match="FL-EST-03"):
        totals(elsewhere(spoilt), keys=["area"], columns=COLUMNS, sums={"wr": ("w", "r")})


def test_nobody(elsewhere: Any) -> None:
    table = totals(elsewhere(_people(0)), keys=["area"], columns=COLUMNS, sums=SUMS, counted=COUNTED)
    assert table.n.tolist() == table.sums["wy"].tolist() == []
    assert set(table.counted.values()) == {0}


def test_counts_of_a_frame_in_memory() -> None:
    people = _people()
    table = totals(as_frame(people), keys=["area", "unit"], columns=COLUMNS, sums=SUMS, counted=COUNTED)
    _compare(table, people, ["area", "unit"])
    assert table.counted["odd"] == people["odd"].sum()


def test_a_column_may_be_called_as_an_argument_is(elsewhere: Any) -> None:
    """Weights of a user's file give columns their names."""
    people = _people()
    table = totals(elsewhere(people), keys=["area"], columns={"self": nw.col("weight")}, sums={"self": ("self",)})
    assert table.sums["self"].sum() == people["weight"].sum()


def test_what_fails_for_another_reason_is_asked_once(elsewhere: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class ArithmeticException(Exception):
        """A division by zero in a step of the user's own, say."""

    asked: list[GroupedQuery] = []

    def ask(_: Any, query: GroupedQuery) -> Any:
        asked.append(query)
        raise ArithmeticException

    monkeypatch.setattr(seam, "asked", ask)
    with pytest.raises(ArithmeticException):
        totals(elsewhere(_people()), keys=["area"], columns=COLUMNS, sums=SUMS, counted={"odd": nw.col("odd")})
    assert len(asked) == 1
