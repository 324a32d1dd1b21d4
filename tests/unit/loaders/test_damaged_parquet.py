"""Parquet is decoded only when it is asked for: what is damaged in it is said by a code wherever that is."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import fl_estimate as fl
from fl_estimate.errors import FileFault, decoding
from fl_estimate.loaders.files import read_table
from fl_estimate.loaders.formats.labels_in_parquet import KEY

pa: Any = import_module("pyarrow")
pq: Any = import_module("pyarrow.parquet")


def damaged_column(path: Path, column: str) -> Path:
    """A file of 2,000 rows with the pages of one column overwritten."""
    table = pa.table({"age": [20 + n % 40 for n in range(2_000)], "zone": [f"z{n % 7}" for n in range(2_000)]})
    pq.write_table(table, path)
    group = pq.read_metadata(path).row_group(0)
    chunk = next(group.column(at) for at in range(2) if group.column(at).path_in_schema == column)
    raw = bytearray(path.read_bytes())
    start = chunk.dictionary_page_offset or chunk.data_page_offset
    raw[start : start + chunk.total_compressed_size] = b"\xff" * chunk.total_compressed_size
    path.write_bytes(raw)
    return path


def test_a_column_that_cannot_be_decoded_is_a_damaged_file(tmp_path: Path) -> None:
    lazy = pl.scan_parquet(damaged_column(tmp_path / "people.parquet", "zone"))
    with pytest.raises(FileFault) as met:
        fl.estimate_mean(lazy, "age", by="zone", design=fl.Design(unweighted=True))
    assert met.value.code == "FL-FILE-05"
    assert "z3" not in str(met.value)
    # the other column is read as ever
    assert fl.estimate_mean(lazy, "age", design=fl.Design(unweighted=True)).value == pytest.approx(39.5)


def test_errors_that_are_not_of_a_file_stay_what_they_are() -> None:
    with pytest.raises(pl.exceptions.ComputeError, match="something else"), decoding():
        raise pl.exceptions.ComputeError("something else")
    with pytest.raises(KeyError, match="parquet"), decoding():
        raise KeyError("parquet")


@pytest.mark.parametrize(
    "content",
    [
        b'{"variable_labels": {',
        b"[]",
        b'{"variable_labels": {}}',
        b'{"variable_labels": [], "value_labels": 3}',
    ],
)
def test_broken_labels_are_a_damaged_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "labelled.parquet"
    table = pa.table({"age": [1, 2]}).replace_schema_metadata({KEY: content})
    pq.write_table(table, path)
    with pytest.raises(FileFault, match="labels") as met:
        read_table(path)
    assert met.value.code == "FL-FILE-05"
