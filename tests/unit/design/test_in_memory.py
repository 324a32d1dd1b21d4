"""Adding up in memory gives what the engine gives: labels, order, sums and refusals, whatever the keys and the blocks."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np
import polars as pl
import pytest

import fl_estimate as fl
from fl_estimate.design import in_memory
from fl_estimate.design.totals import as_frame, totals

ROWS = 500
COLUMNS = {"w": nw.col("w"), "y": nw.col("y"), "flag": nw.col("w") * 0}
SUMS: dict[Any, tuple[str, ...]] = {"w": ("w",), "wy": ("w", "y"), "wwy": ("w", "w", "y"), "flag": ("w", "flag")}


def picked(rng: np.random.Generator, values: list[Any]) -> list[Any]:
    return [values[place] for place in rng.integers(0, len(values), ROWS)]


def people() -> pl.DataFrame:
    rng = np.random.default_rng(4)
    return pl.DataFrame(
        {
            "whole": rng.integers(-3, 3, ROWS).astype(np.int16),
            "far": rng.choice([-(10**12), 0, 10**12], ROWS),
            "part": picked(rng, [0.5, -0.0, 0.0, 3.0, None]),
            "text": picked(rng, ["b", "a", None]),
            "empty": picked(rng, [1, None]),
            "w": rng.uniform(1, 9, ROWS),
            "y": (rng.random(ROWS) < 0.1).astype(np.int8),
        }
    )


@pytest.mark.parametrize("block", [1, 7, 100_000])
@pytest.mark.parametrize("keys", [("whole",), ("far", "part"), ("text", "empty", "whole"), ("empty",)])
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
