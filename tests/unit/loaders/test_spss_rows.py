"""Proves that rows of SPSS files decoded by blocks are those that pyreadstat gives, in every form, width and stretch."""

from __future__ import annotations

import datetime as dt
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from fl_estimate.errors import FileFault
from fl_estimate.loaders.file_table import TextFormat
from fl_estimate.loaders.files import codebook_of, read_table
from fl_estimate.loaders.formats import by_pyreadstat, spss_rows

FORMS = [
    pytest.param("plain.sav", {}, id="plain"),
    pytest.param("rows.sav", {"row_compress": True}, id="rows compressed"),
    pytest.param("zip.zsav", {"compress": True}, id="zipped"),
]


def _table(columns: dict[str, Any]) -> Any:
    """A pandas frame; its type is left open, for pyreadstat names frames by a type of its own."""
    return pd.DataFrame(columns)


def _read(path: Path, written: TextFormat | None = None) -> Any:
    return read_table(path, written=written).frame


def _frame(n: int = 2_345) -> Any:
    rng = np.random.default_rng(4)
    codes = rng.integers(-120, 300, n).astype(float)
    codes[rng.random(n) < 0.2] = np.nan
    return pd.DataFrame(
        {
            "code": codes,
            "amount": np.where(rng.random(n) < 0.1, np.nan, rng.normal(0, 1e6, n)),
            "short": rng.choice(["a", "", "Ñandú", "eight888"], n),
            "exact": ["x" * 8] * n,
            "wide": rng.choice(["", "w" * 200, "é" * 90, " inner  blanks "], n),
            "very_long": rng.choice(["", "".join(chr(97 + k % 26) for k in range(700)), "short"], n),
            "day": pd.Series([dt.date(2020, 1, 1), None, dt.date(1950, 5, 9)] * (n // 3) + [None] * (n % 3)),
            "after": rng.integers(0, 9, n).astype(float),
        }
    )


def _by_cell(path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The same file, every cell through pyreadstat."""
    with monkeypatch.context() as patch:
        patch.setattr(spss_rows, "layout", lambda _file: None)
        return _read(path)


@pytest.mark.parametrize(("name", "how"), FORMS)
def test_blocks_give_what_pyreadstat_gives(
    name: str, how: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / name
    missing = {"code": [8, {"lo": 90, "hi": 99}], "short": ["a"]}
    pyreadstat.write_sav(_frame(), path, missing_ranges=missing, **how)
    form = spss_rows.layout(path)
    assert form is not None
    assert [len(position.more) for position in form.positions] == [0] * 5 + [2, 0, 0]
    monkeypatch.setattr(by_pyreadstat, "ROWS_AT_ONCE", 1_000)  # three stretches
    monkeypatch.setattr(spss_rows, "PIECE", 4_096)  # blocks and rows lie across pieces
    assert _read(path).equals(_by_cell(path, monkeypatch))


def test_all_codes_of_the_compressed_form_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole numbers from -99 to 151 are one byte each, the others a word; so the ends of the range are met here."""
    pyreadstat.write_sav(_table({"x": np.arange(-105.0, 160.0)}), tmp_path / "s.sav", row_compress=True)
    assert _read(tmp_path / "s.sav").equals(_by_cell(tmp_path / "s.sav", monkeypatch))


@pytest.mark.parametrize("encoding", ["windows-1252", "windows-1251"])
def test_texts_that_are_not_unicode_are_read_in_the_encoding_of_the_file(tmp_path: Path, encoding: str) -> None:
    word = {"windows-1252": "Curicó", "windows-1251": "Пермь"}[encoding]
    path = tmp_path / "s.sav"
    pyreadstat.write_sav(_table({"t": ["#" * len(word), "b"]}), path)
    path.write_bytes(path.read_bytes().replace(b"#" * len(word), word.encode(encoding)))
    assert _read(path, TextFormat(encoding=encoding))["t"].to_list() == [word, "b"]


def test_an_encoding_that_is_told_is_used_although_the_file_states_another(tmp_path: Path) -> None:
    """Two bytes of UTF-8 are two letters of windows-1252."""
    pyreadstat.write_sav(_table({"t": ["é", "b"]}), tmp_path / "s.sav")
    assert _read(tmp_path / "s.sav")["t"].to_list() == ["é", "b"]
    assert _read(tmp_path / "s.sav", TextFormat(encoding="windows-1252"))["t"].to_list() == ["Ã©", "b"]


@pytest.mark.parametrize(("name", "how"), FORMS)
def test_a_file_that_ends_early_is_refused(name: str, how: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / name
    pyreadstat.write_sav(_frame(500), path, **how)
    content = path.read_bytes()
    for part in (0.3, 0.7, 0.99):
        path.write_bytes(content[: int(len(content) * part)])
        with pytest.raises(FileFault, match="FL-FILE-05"):
            read_table(path)


def test_a_number_of_rows_that_the_file_cannot_hold_is_refused_before_memory_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "s.sav"
    pyreadstat.write_sav(_table({"x": [1.0, 2.0]}), path)
    content = bytearray(path.read_bytes())
    content[80:84] = struct.pack("<i", 2_000_000_000)  # where the header says how many rows there are
    path.write_bytes(content)
    with pytest.raises(FileFault, match="announces 2,000,000,000 rows"):
        read_table(path)


def test_a_file_in_another_byte_order_is_left_to_pyreadstat(tmp_path: Path) -> None:
    (tmp_path / "s.sav").write_bytes(b"$FL2" + b"\0" * 400)
    assert spss_rows.layout(tmp_path / "s.sav") is None


@pytest.mark.parametrize(
    "content", [b"a letter", b"a longer letter" * 30, b"$FL2" + b" " * 60 + b"\2\0\0\0" + b"\0" * 300]
)
def test_what_is_no_dictionary_is_broken(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "s.sav").write_bytes(content)
    with pytest.raises(spss_rows.Broken):
        spss_rows.layout(tmp_path / "s.sav")


def test_labels_of_a_variable_that_is_not_there_do_not_reach_pyreadstat(tmp_path: Path) -> None:
    """Reading it would end the whole process: a fault of pyreadstat 1.3.7."""
    path = tmp_path / "s.sav"
    pyreadstat.write_sav(_table({"x": [1.0, 2.0]}), path, variable_value_labels={"x": {1: "yes"}})
    sound = struct.pack("<3i", 4, 1, 1)  # record 4: of one variable, the first
    assert sound in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(sound, struct.pack("<3i", 4, 1, 655_361)))
    with pytest.raises(FileFault, match="what it says of its columns is broken"):
        read_table(path)


@pytest.mark.parametrize("size", [-1, 2**31 - 1])
def test_a_part_of_an_impossible_length_is_broken(tmp_path: Path, size: int) -> None:
    path = tmp_path / "s.sav"
    pyreadstat.write_sav(_table({"t": ["v" * 300]}), path)
    for subtype in (3, 14):  # a part that is passed over, and the lengths of long texts, which are read
        sound = struct.pack("<2i", 7, subtype)
        content = bytearray(path.read_bytes())
        at = content.index(sound) + 8
        content[at : at + 8] = struct.pack("<2i", size, 2**31 - 1)
        (tmp_path / "broken.sav").write_bytes(content)
        with pytest.raises(FileFault, match="what it says of its columns is broken"):
            read_table(tmp_path / "broken.sav")


def test_a_number_in_the_format_of_a_text_does_not_reach_pyreadstat(tmp_path: Path) -> None:
    """That ends the process too."""
    path = tmp_path / "s.sav"
    pyreadstat.write_sav(_table({"x": [1.0, 2.0]}), path, variable_value_labels={"x": {1: "yes"}})
    sound = struct.pack("<2i", 0x50802, 0x50802)  # F8.2, to print and to write
    assert sound in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(sound, struct.pack("<2i", 0x50802, 0x10802)))
    with pytest.raises(FileFault, match="what it says of its columns is broken"):
        read_table(path)


def test_labels_of_numbers_on_a_text_do_not_reach_pyreadstat(tmp_path: Path) -> None:
    """That ends the process too."""
    path = tmp_path / "s.sav"
    pyreadstat.write_sav(_table({"x": [1.0, 2.0], "t": ["a", "b"]}), path, variable_value_labels={"x": {1: "yes"}})
    path.write_bytes(path.read_bytes().replace(struct.pack("<3i", 4, 1, 1), struct.pack("<3i", 4, 1, 2)))
    with pytest.raises(FileFault, match="what it says of its columns is broken"):
        read_table(path)


def test_a_blank_code_of_a_text_may_have_a_label(tmp_path: Path) -> None:
    labels: Any = {"t": {"": "blank", "a": "A"}}
    pyreadstat.write_sav(_table({"t": ["a", ""]}), tmp_path / "s.sav", variable_value_labels=labels)
    assert read_table(tmp_path / "s.sav").value_labels == labels


def test_the_codebook_is_read_without_rows(tmp_path: Path) -> None:
    pyreadstat.write_sav(_frame(30), tmp_path / "s.sav")
    book = codebook_of(tmp_path / "s.sav")
    assert (book.n_rows, book.columns[:2]) == (30, ("code", "amount"))
