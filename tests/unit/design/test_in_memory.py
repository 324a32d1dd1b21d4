"""Adding up in memory gives what the engine gives: labels, order, sums and refusals, whatever the keys and the blocks."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np
import polars as pl
import pytest

import fl_estimate as fl
from fl_estimate.design import in_memory
from fl_estimate.design.small_table import numbered
from fl_estimate.design.totals import as_frame, totals

ROWS = 500
COLUMNS = {
    "w": nw.col("w"), "y": nw.col("y"), "flag": nw.col("w") * 0, "all": nw.col("w") > 0, "none": nw.col("w") < 0,
    "some": nw.col("y") == 1, "most": nw.col("w") > 2,
}  # fmt: skip
SUMS: dict[Any, tuple[str, ...]] = {
    "w": ("w",), "wy": ("w", "y"), "wwy": ("w", "w", "y"), "flag": ("w", "flag"), "n": ("all",), "nobody": ("w", "none"),
    "cases": ("some",), "cases_w": ("all", "w", "some", "most"), "most": ("most",), "same": ("w", "y"),
}  # fmt: skip


def picked(rng: np.random.Generator, values: list[Any]) -> list[Any]:
    return [values[position] for position in rng.integers(0, len(values), ROWS)]


def people() -> pl.DataFrame:
    rng = np.random.default_rng(4)
    return pl.DataFrame(
        {
            "whole": rng.integers(-3, 3, ROWS).astype(np.int16),
            "far": rng.choice([-(10**12), 0, 10**12], ROWS),
            "part": picked(rng, [0.5, -0.0, 0.0, 3.0, None]),
            "text": picked(rng, ["b", "a", None]),
            "empty": picked(rng, [1, None]),
            "unsigned": rng.choice(np.array([2**63, 2**63 + 1, 7], dtype=np.uint64), ROWS),
            "nullable": picked(rng, [-2, 40, None]),
            "as_float": picked(rng, [-1.0, 4.0, float("nan"), None]),
            "infinite": picked(rng, [1.0, float("inf")]),
            "beyond": picked(rng, [2.0**53, 2.0**53 + 2, None]),
            "truth": picked(rng, [True, False, None]),
            "category": pl.Series(picked(rng, ["b", "a", None]), dtype=pl.Categorical),
            "enum": pl.Series(picked(rng, ["y", "z", None]), dtype=pl.Enum(["z", "nobody", "y"])),
            "w": rng.uniform(1, 9, ROWS),
            "y": (rng.random(ROWS) < 0.1).astype(np.int8),
        }
    )


@pytest.mark.parametrize("block", [1, 7, 100_000])
@pytest.mark.parametrize(
    "keys",
    [
        ("whole",), ("far", "part"), ("text", "empty", "whole"), ("empty",), ("unsigned", "nullable"),
        ("as_float", "truth"), ("infinite", "beyond"), ("category", "enum", "whole"), ("whole", "far", "nullable"),
    ],
)  # fmt: skip
def test_the_same_as_asking(keys: tuple[str, ...], block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_memory, "BLOCK", block)
    memory = totals(as_frame(people()), keys=keys, columns=COLUMNS, sums=SUMS)
    asked = totals(as_frame(people().lazy()), keys=keys, columns=COLUMNS, sums=SUMS)
    np.testing.assert_array_equal(memory.n, asked.n)
    for key in keys:
        assert memory.keys[key].levels == asked.keys[key].levels
        np.testing.assert_array_equal(memory.keys[key].codes, asked.keys[key].codes)
    for name in SUMS:
        np.testing.assert_allclose(memory.sums[name], asked.sums[name], rtol=1e-12)


@pytest.mark.parametrize("name", ["category", "enum", "nullable", "as_float", "text", "truth"])
def test_pandas_columns_give_the_labels_of_polars_ones(name: str) -> None:
    frame = people()
    pandas = frame.select(name, "w").to_pandas()
    if name == "text":
        pandas[name] = pandas[name].astype("category").cat.add_categories(["nobody"])
    sums = {"w": ("w",)}
    ours = totals(as_frame(pandas), keys=(name,), columns={"w": nw.col("w")}, sums=sums)
    theirs = totals(as_frame(frame), keys=(name,), columns={"w": nw.col("w")}, sums=sums)
    assert ours.keys[name].levels == theirs.keys[name].levels
    np.testing.assert_array_equal(ours.keys[name].codes, theirs.keys[name].codes)
    np.testing.assert_allclose(ours.sums["w"], theirs.sums["w"], rtol=1e-12)


def test_ids_that_lie_apart_are_numbered_anew() -> None:
    """Few of the cells between the least and the greatest are met: the sums are as long as those that are."""
    rng = np.random.default_rng(5)
    frame = people().with_columns(
        a=pl.Series(rng.choice([0, 900, 70_000], ROWS)), b=pl.Series(rng.choice([1, 5_000], ROWS))
    )
    memory = totals(as_frame(frame), keys=("a", "b"), columns=COLUMNS, sums=SUMS)
    asked = totals(as_frame(frame.lazy()), keys=("a", "b"), columns=COLUMNS, sums=SUMS)
    assert memory.keys["a"].levels == asked.keys["a"].levels == (0, 900, 70_000)
    assert len(memory.n) == 6
    for name in SUMS:
        np.testing.assert_allclose(memory.sums[name], asked.sums[name], rtol=1e-12)


def test_too_many_cells_are_left_to_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_memory, "CELLS", 10)
    frame = people().with_columns(row=pl.int_range(ROWS))
    given = nw.from_native(frame, eager_only=True)
    assert in_memory.totals_in_memory(given, keys=("row", "whole"), columns=COLUMNS, sums=SUMS) is None
    assert len(totals(as_frame(frame), keys=("row", "whole"), columns=COLUMNS, sums=SUMS).n) == ROWS


@pytest.mark.parametrize("bad", [None, float("nan"), float("inf")])
def test_missing_and_infinite_values_are_refused(bad: float | None) -> None:
    frame = people().with_columns(w=pl.when(pl.int_range(ROWS) == 7).then(bad).otherwise(pl.col("w")))
    with pytest.raises(fl.FlError, match="FL-EST-03"):
        totals(as_frame(frame), keys=("whole",), columns=COLUMNS, sums=SUMS)


def test_no_keys_and_no_rows() -> None:
    assert totals(as_frame(people()), keys=(), columns=COLUMNS, sums=SUMS).n.tolist() == [ROWS]
    assert totals(as_frame(people().head(0)), keys=("whole",), columns=COLUMNS, sums=SUMS).n.tolist() == []


@pytest.mark.parametrize("lazy", [True, False])
def test_python_objects_in_a_polars_column_are_no_labels(lazy: bool) -> None:
    """They would come back as addresses in memory."""
    frame = people().with_columns(thing=pl.Series([object()] * ROWS, dtype=pl.Object))
    with pytest.raises(fl.FlError, match="FL-EST-28"):
        totals(as_frame(frame.lazy() if lazy else frame), keys=("thing",), columns=COLUMNS, sums=SUMS)


@pytest.mark.parametrize(
    "codes",
    [
        [], [5], [0, 0, 3, 3, 9], [9, 0, 9, 3, 0], [2, 1, 0], [10**12, 7, 10**12, -4], [-3, -3, 0], [1, 0, 1, 2, 0],
    ],
)  # fmt: skip
def test_codes_are_numbered_as_if_they_were_sorted(codes: list[int]) -> None:
    given = np.array(codes, dtype=np.int64)
    _, first, number = np.unique(given, return_index=True, return_inverse=True)
    found, at = numbered(given)
    assert found.tolist() == number.tolist()
    assert at.tolist() == first.tolist()


def test_labels_far_from_0_wrap_around_and_come_back() -> None:
    # Cells are reckoned in 32 bits: ids of 12 digits, below 0 and at both ends of their type.
    ends = np.iinfo(np.int64)
    for least in (10**12, -(10**12), ends.min, ends.max - 3, 2**31 - 2, -(2**31) - 1):
        ids = np.array([least + 3, least, least + 1, least], dtype=np.int64)
        frame = pl.DataFrame({"id": ids, "other": ids[::-1].copy(), "w": [1.0, 2.0, 4.0, 8.0]})
        made = in_memory.totals_in_memory(
            nw.from_native(frame, eager_only=True), keys=("id", "other"), columns={"w": nw.col("w")}, sums={"w": ("w",)}
        )
        assert made is not None
        labels = [[key.levels[code] for code in key.codes] for key in made.keys.values()]
        assert list(zip(*labels, strict=True)) == sorted(zip(ids.tolist(), ids[::-1].tolist(), strict=True))
        assert dict(zip(labels[0], made.sums["w"], strict=False))[least + 3] == 1.0
