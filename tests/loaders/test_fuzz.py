"""Damaged files of every format end as a table or as an error of ours: no other crash, no hang, no partial output."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyreadstat
import pytest

from fl_estimate.errors import FileFault
from fl_estimate.loaders.convert import convert
from fl_estimate.loaders.file_table import TextFormat
from fl_estimate.loaders.files import endings, format_of, formats, read_table
from tests.loaders.damaged import EXAMPLES, fuzz, sound_files

WRITTEN = (
    *("book.xlsx", "columns.parquet", "comma.csv", "mark.csv", "old.dta", "plain.sav", "portable.por", "rows.sav"),
    *("sas.xpt", "semicolon.csv", "stata.dta", "tab.tsv", "text.txt", "western.csv", "zip.zsav"),
)
NAMES = tuple(sorted((*WRITTEN, *EXAMPLES)))


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sound")
    assert tuple(path.name for path in sound_files(folder)) == NAMES
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_a_sound_file_is_read(sound: Path, name: str) -> None:
    """Otherwise the test below could not fail."""
    rows = read_table(sound / name).source.n_rows
    assert rows == 40 if name in WRITTEN else rows


def test_every_format_has_a_sound_file() -> None:
    """A format that the fuzz cannot write brings an example along."""
    there = {form.name for name in NAMES if (form := format_of(name)) is not None}
    assert there == {form.name for form in formats()}


@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_file_is_read_or_refused(sound: Path, name: str, tmp_path: Path) -> None:
    """A few inputs of each format; `make fuzz` tries thousands and prints how many."""
    assert sum(fuzz(sound / name, tmp_path, 12).values()) >= 12


@pytest.mark.parametrize("name", NAMES)
def test_a_file_under_another_ending_is_read_or_refused(sound: Path, name: str, tmp_path: Path) -> None:
    for ending in endings():
        path = tmp_path / f"file{ending}"
        shutil.copy(sound / name, path)
        try:
            read_table(path)
        except FileFault as fault:
            assert fault.code in ("FL-FILE-05", "FL-FILE-06", "FL-FILE-07")  # noqa: PT017


def test_ten_thousand_columns_are_converted(tmp_path: Path) -> None:
    frame: Any = pd.DataFrame({f"v{k}": [1.0, 2.5] for k in range(10_000)})
    pyreadstat.write_sav(frame, tmp_path / "wide.sav")
    convert(tmp_path / "wide.sav", tmp_path / "wide.parquet")
    assert pl.read_parquet(tmp_path / "wide.parquet").shape == (2, 10_000)


@pytest.mark.parametrize("ending", [".sav", ".dta", ".csv"])
def test_a_file_without_rows_is_a_table_without_rows(tmp_path: Path, ending: str) -> None:
    frame: Any = pd.DataFrame({"x": pd.Series([], dtype=float), "t": pd.Series([], dtype=str)})
    path = tmp_path / f"empty{ending}"
    write = {".sav": pyreadstat.write_sav, ".dta": pyreadstat.write_dta, ".csv": lambda f, p: f.to_csv(p, index=False)}
    write[ending](frame, path)
    table = read_table(path)
    assert (table.source.n_rows, table.columns) == (0, ["x", "t"])


def test_a_text_in_two_encodings_is_read_in_one_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "mixed.csv"
    path.write_bytes("t;a\nÑandú;1\n".encode() + "Curicó;2\n".encode("windows-1252"))
    table = read_table(path)
    assert not table.source.encoding.startswith("utf")
    with pytest.raises(FileFault, match="not utf-8, in column 't'"):
        read_table(path, written=TextFormat(encoding="utf-8"))
