"""What Dask does by itself with rows of several files: noticed here when it is repaired, and why parts are asked one by one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dask.dataframe as dd
import narwhals as nw
import numpy as np
import pandas as pd
import pytest

from fl_estimate.inputs.partitions import narwhal

pytestmark = [
    pytest.mark.filterwarnings("ignore:The inplace keyword"),
    pytest.mark.filterwarnings("ignore:Dask support is moving"),
]
REPEATS = 20


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four files of random bits; the index of each runs from 0."""
    home, rng = tmp_path_factory.mktemp("bits"), np.random.default_rng(0)
    for number in range(4):
        bits = {name: rng.integers(0, 2, 1000) for name in ("a", "b")}
        pd.DataFrame(bits).to_parquet(home / f"{number}.parquet")
    return home


def wrong_rows(frame: Any) -> int:
    """Rows in which a sum of two columns is not their sum."""
    made = frame.with_columns(nw.sum_horizontal("a", "b").alias("y")).collect("pandas").to_native()
    assert len(made) == 4000
    return int((made["a"] + made["b"] != made["y"]).sum())


@pytest.mark.slow
@pytest.mark.xfail(strict=True, reason="Dask hands values of a concat to the wrong rows where files repeat their index")
def test_dask_itself_adds_up_the_right_rows(folder: Path) -> None:
    assert [wrong_rows(nw.from_native(dd.read_parquet(str(folder)))) for _ in range(REPEATS)] == [0] * REPEATS


def test_asked_part_by_part_it_does(folder: Path) -> None:
    assert wrong_rows(narwhal(dd.read_parquet(str(folder)))) == 0
