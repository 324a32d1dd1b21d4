"""Pages of Parquet files of any size are looked at before polars reads one: it makes room for what they say, and ends where there is none."""

from __future__ import annotations

import random
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest

import fl_estimate as fl
from fl_estimate.errors import FileFault
from fl_estimate.inputs import parquet_pages
from fl_estimate.inputs.parquet_pages import require_page_headers
from fl_estimate.loaders.files import read_table
from fl_estimate.loaders.formats.parquet import CHECKED

pa: Any = import_module("pyarrow")
pq: Any = import_module("pyarrow.parquet")


def table(rows: int = 3_000) -> Any:
    """Columns of the kinds that surveys have, with missing values, and some that they have not."""
    rng = random.Random(29)
    return pa.table({
        "age": [rng.randrange(15, 80) for _ in range(rows)],
        "zone": [rng.choice(("n", "s", None)) for _ in range(rows)],
        "told": [rng.choice((True, False, None)) for _ in range(rows)],
        "weight": [rng.random() for _ in range(rows)],
        "text": ["é" * 9_000 + str(at) for at in range(3)] * (rows // 3),
        "none": pa.nulls(rows, pa.float64()),
        "several": [[1] * rng.randrange(4) for _ in range(rows)],
        "both": [{"a": 1, "b": None}] * rows,
    })  # fmt: skip


def by_duckdb(path: Path) -> None:
    rows = table().drop_columns(["none"])
    duckdb.from_arrow(rows).write_parquet(str(path), compression="snappy")


def in_batches(path: Path) -> None:
    """As who writes what he is given: some batches have no rows, and their groups no pages."""
    with pq.ParquetWriter(path, table().schema) as writer:
        for rows in (table().slice(0, 0), table(), table().slice(0, 0)):
            writer.write_table(rows)


DELTA = {
    "age": "DELTA_BINARY_PACKED",
    "zone": "DELTA_BYTE_ARRAY",
    "text": "DELTA_LENGTH_BYTE_ARRAY",
    "weight": "BYTE_STREAM_SPLIT",
}
WRITERS: dict[str, Callable[[Path], Any]] = {
    "pyarrow": lambda path: pq.write_table(table(), path),
    "pyarrow, pages of the second version": lambda path: pq.write_table(table(), path, data_page_version="2.0", compression="none"),
    "pyarrow, small pages with an index": lambda path: pq.write_table(
        table(), path, data_page_size=500, row_group_size=700, write_page_index=True, compression="gzip"
    ),
    "pyarrow, batches of no rows": in_batches,
    "pyarrow, differences": lambda path: pq.write_table(
        table(), path, use_dictionary=False, column_encoding=DELTA, compression="zstd", write_page_checksum=True
    ),
    "pyarrow, no rows": lambda path: pq.write_table(table().slice(0, 0), path),
    "pyarrow, no columns": lambda path: pq.write_table(pa.table({}), path),
    "polars": lambda path: pl.DataFrame(table()).write_parquet(path),
    "polars, uncompressed": lambda path: pl.DataFrame(table()).write_parquet(path, compression="uncompressed", row_group_size=100),
    "duckdb": by_duckdb,
}  # fmt: skip


@pytest.mark.parametrize("writer", WRITERS)
def test_sound_files_pass(writer: str, tmp_path: Path) -> None:
    file = tmp_path / "people.parquet"
    WRITERS[writer](file)
    require_page_headers(file, pq.read_metadata(file))


def header_of(file: Path, column: int = 0) -> tuple[dict[int, Any], int, int]:
    """The header of the first page of data of a column, where it starts and where it ends."""
    at = pq.read_metadata(file).row_group(0).column(column).data_page_offset
    with file.open("rb") as content, parquet_pages.mmap.mmap(content.fileno(), 0, access=1) as whole:
        header, size = parquet_pages._header(whole, at)  # pyright: ignore[reportPrivateUsage]
    return header, at, at + size


def overwritten(file: Path, at: int, new: bytes) -> Path:
    raw = bytearray(file.read_bytes())
    raw[at : at + len(new)] = new
    file.write_bytes(raw)
    return file


def big(path: Path) -> Path:
    """A file of one column, too large to be decoded beforehand."""
    rows = CHECKED // 8 + 1_000
    pl.DataFrame({"weight": np.random.default_rng(29).random(rows)}).write_parquet(
        path, compression="uncompressed", statistics=False
    )
    assert path.stat().st_size > CHECKED
    return path


def test_a_page_of_a_large_file_that_says_that_it_has_minus_one_value_is_refused(tmp_path: Path) -> None:
    """Kind, two sizes of the page, then the struct in which the number of values is first; as long a varint as was there."""
    file = big(tmp_path / "people.parquet")
    header, start, _ = header_of(file)
    raw = file.read_bytes()
    at = raw.index(b"\x2c\x15", start) + 2
    assert (
        header[5][1]
        == (int.from_bytes(raw[at : at + 1]) & 127 | (raw[at + 1] & 127) << 7 | (raw[at + 2] & 127) << 14) >> 1
    )
    overwritten(file, at, b"\x81\x80\x00")
    with pytest.raises(FileFault, match="FL-FILE-05"):
        read_table(file)


def minus_one(path: Path) -> Path:
    """The page of the truths of `tests/loaders/test_past_crashes.py`: 3 is written as 06, -1 as 01."""
    raw = path.read_bytes()
    assert raw.count(b"\x2c\x15\x06") == 1
    path.write_bytes(raw.replace(b"\x2c\x15\x06", b"\x2c\x15\x01"))
    return path


def test_files_of_a_folder_are_looked_at(tmp_path: Path) -> None:
    (tmp_path / "month=01").mkdir()
    file = tmp_path / "month=01" / "people.parquet"
    pl.DataFrame({"told": [True, False, None]}).write_parquet(file, compression="uncompressed", statistics=False)
    minus_one(file)
    with pytest.raises(FileFault, match="FL-FILE-05"):
        fl.estimate_prevalence(fl.Folder(tmp_path), "told", design=fl.Design(unweighted=True))


@pytest.mark.parametrize("engine", ["polars", "pandas"])
def test_tables_of_a_saved_survey_are_looked_at(engine: Any, tmp_path: Path) -> None:
    people = pl.DataFrame({"told": [True, False, None]})
    people.write_parquet(tmp_path / "people.parquet")
    mapping: dict[str, Any] = {"id": "t", "people": {"told": "told"}}
    folder = fl.load(tmp_path / "people.parquet", mapping=mapping, engine=engine).save(tmp_path / "kept")
    people.write_parquet(folder / "people.parquet", compression="uncompressed", statistics=False)
    minus_one(folder / "people.parquet")
    with pytest.raises(FileFault, match="FL-FILE-11"):
        fl.SurveyData.read(folder)


def test_a_large_sound_file_is_read(tmp_path: Path) -> None:
    read = read_table(big(tmp_path / "people.parquet"))
    assert read.frame.lazy().select(pl.len()).collect().item() == CHECKED // 8 + 1_000


LONG, NONE = b"\xfe" + b"\xff" * 7 + b"\x3f", b"\x00\xff"


@pytest.mark.parametrize("run", [LONG, NONE])
@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_runs_of_missing_values_are_no_longer_than_their_page(version: str, run: bytes, tmp_path: Path) -> None:
    """Polars made room for 2^61 of them, of a run of so many and of one of none."""
    file = tmp_path / "people.parquet"
    told = pa.table({"told": [True, None, False, False] * 500})
    pq.write_table(told, file, compression="none", data_page_version=version, use_dictionary=False)
    meta = pq.read_metadata(file)
    require_page_headers(file, meta)
    _, _, end = header_of(file)
    overwritten(file, end + (4 if version == "1.0" else 0), run)
    with pytest.raises(ValueError, match="pages of a column"):
        require_page_headers(file, meta)


def test_whatever_a_page_says_it_is_refused_by_one_error_or_passes(tmp_path: Path) -> None:
    """800 files with some bytes of a header changed: no other error, and none takes long."""
    file = tmp_path / "people.parquet"
    pq.write_table(table(60), file, compression="none")
    raw, meta = file.read_bytes(), pq.read_metadata(file)
    heads = [header_of(file, column)[1:] for column in range(meta.num_columns)]
    rng, refused = random.Random(29), 0
    for _ in range(800):
        changed = bytearray(raw)
        for _ in range(rng.randint(1, 3)):
            start, end = rng.choice(heads)
            changed[rng.randrange(start, end)] = rng.choice((0, 1, 0x0C, 0x19, 0x7F, 0x80, 0xFF, rng.randrange(256)))
        file.write_bytes(changed)
        try:
            require_page_headers(file, meta)
        except ValueError:
            refused += 1
    assert 200 < refused < 800


def test_structs_in_each_other_are_followed_to_a_depth(tmp_path: Path) -> None:
    """Statistics of a page that hold a struct in a struct, and so on: no recursion without end."""
    file = tmp_path / "people.parquet"
    pq.write_table(pa.table({"age": [20] * 5_000}), file, compression="none", use_dictionary=False)
    _, start, _ = header_of(file)
    overwritten(file, start, b"\xfc" + b"\x1c" * 20_000)
    with pytest.raises(ValueError, match="pages of a column"):
        require_page_headers(file, pq.read_metadata(file))
