"""Files of other readers' own tests load with the values those projects state, or fail with a clear error; ENE alike as .sav and .dta.

The files are those of the tests of haven and pyreadstat. What each must give is written here as a number of rows and
columns, the columns that hold declared missing values, and the columns with value labels.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from fl_estimate.errors import FileFault
from fl_estimate.loaders.convert import convert
from fl_estimate.loaders.file_table import KIND, TextFormat
from fl_estimate.loaders.files import read_table
from fl_estimate.loaders.formats import spss_rows

# file: (rows, columns, columns with declared missing values, columns with value labels)
HAVEN: dict[str, tuple[int, int, str, str]] = {
    "hadley.sas7bdat": (8, 7, "", "gender workshop"),
    "labelled-num-na.sav": (2, 1, "VAR00002", "VAR00002"),
    "labelled-num.sav": (1, 1, "", "VAR00002"),
    "labelled-str.sav": (2, 1, "", "gender"),
    "tagged-na-int.dta": (8, 1, "x", "x"),
    "tagged-na.sas7bdat": (8, 1, "x", "x"),
    "types.dta": (2, 8, "", ""),
    "umlauts.sav": (4, 1, "", "var1"),
}
PYREADSTAT: dict[str, tuple[int, int, str, str]] = {
    "hebrews.sav": (99, 1, "", ""),
    "missing_char.sav": (2, 1, "mychar", "mychar"),
    "missing_test.dta": (1, 9, "var1 var2 var3 var4 var5 var6", "var1"),
    "missing_test.sas7bdat": (1, 9, "var1 var2 var3 var4 var5 var6 var7", ""),
    "missing_test.sav": (2, 1, "var1", "var1"),
    "ordered_category.sav": (4, 1, "", "Col1"),
    "sample.por": (5, 7, "", "MYLABL MYORD"),
    "sample.xpt": (5, 7, "", ""),
    "sample.zsav": (5, 7, "", "mylabl myord"),
    "sample_large.sav": (485, 7, "", ""),
    "sample_missing.sav": (7, 7, "mynum mylabl myord", "mylabl myord"),
    "simple_alltypes.sav": (6, 12, "x z", "ca_subvar_1 ca_subvar_2 ca_subvar_3 x z"),
    "tegulu.sav": (1, 2, "", ""),
    "test_data_linux.sas7bdat": (3, 3, "", ""),
}
FILES = [
    *(pytest.param("haven_tests", name, want, id=name) for name, want in HAVEN.items()),
    *(pytest.param("pyreadstat_tests", name, want, id=name) for name, want in PYREADSTAT.items()),
]


def _reader_tests(real_data: Path, folder: str) -> Path:
    return real_data / "reader_tests" / folder


@pytest.mark.parametrize(("folder", "name", "want"), FILES)
def test_a_file_is_read(real_data: Path, folder: str, name: str, want: tuple[int, int, str, str]) -> None:
    table = read_table(_reader_tests(real_data, folder) / name)
    kinds = [column.removesuffix(KIND) for column in table.frame.collect_schema() if column.endswith(KIND)]
    got = (table.source.n_rows, len(table.columns), " ".join(kinds), " ".join(sorted(table.value_labels)))
    assert got == (*want[:3], " ".join(sorted(want[3].split())))


@pytest.mark.parametrize(("folder", "name", "want"), FILES)
def test_a_file_is_converted_and_read_back_with_its_labels(
    real_data: Path, tmp_path: Path, folder: str, name: str, want: tuple[int, int, str, str]
) -> None:
    source = read_table(_reader_tests(real_data, folder) / name)
    convert(_reader_tests(real_data, folder) / name, tmp_path / "out.parquet")
    again = read_table(tmp_path / "out.parquet")
    assert (again.source.n_rows, again.columns) == (want[0], source.columns)
    assert (again.value_labels, again.variable_labels) == (source.value_labels, source.variable_labels)


def test_every_file_is_spoken_of(real_data: Path) -> None:
    there = {path.name for path in (real_data / "reader_tests").rglob("*") if path.is_file()}
    catalogues = {name for name in there if name.endswith(".sas7bcat")}
    licences = {name for name in there if name.startswith("LICENSE")}
    assert there - catalogues - licences == {*HAVEN, *PYREADSTAT}


def test_a_catalogue_alone_is_refused_and_says_what_it_is_for(real_data: Path) -> None:
    with pytest.raises(FileFault, match="that belongs to it"):
        read_table(_reader_tests(real_data, "haven_tests") / "formats.sas7bcat")


def test_a_catalogue_that_is_named_gives_its_labels(real_data: Path) -> None:
    """Pyreadstat's test_sas_catalog_unix: SEXA and SEXB are 1 Male, 2 Female."""
    file = _reader_tests(real_data, "pyreadstat_tests") / "test_data_linux.sas7bdat"
    table = read_table(file, written=TextFormat(catalogue="test_formats_linux.sas7bcat"))
    assert table.value_labels == {"SEXA": {"1": "Male", "2": "Female"}, "SEXB": {"1": "Male", "2": "Female"}}


def test_tags_and_their_labels_are_kept_apart(real_data: Path) -> None:
    """Haven's tests: 1 to 5, then the tags a, h, z; a and z are labelled."""
    table = read_table(_reader_tests(real_data, "haven_tests") / "tagged-na-int.dta")
    frame: Any = table.frame
    assert frame["x"].to_list() == [1, 2, 3, 4, 5, None, None, None]
    assert frame["x@missing"].to_list()[5:] == [".a", ".h", ".z"]
    assert table.value_labels == {"x": {".a": "apple", ".z": ".zebra"}}


@pytest.mark.parametrize("name", sorted(name for name in (*HAVEN, *PYREADSTAT) if name.endswith("sav")))
def test_rows_by_blocks_are_those_of_pyreadstat(real_data: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = "haven_tests" if name in HAVEN else "pyreadstat_tests"
    by_block = read_table(_reader_tests(real_data, folder) / name).frame
    monkeypatch.setattr(spss_rows, "layout", lambda _file: None)
    by_cell = read_table(_reader_tests(real_data, folder) / name).frame
    assert isinstance(by_block, pl.DataFrame)
    assert isinstance(by_cell, pl.DataFrame)
    assert by_block.equals(by_cell)
    assert by_block.schema == by_cell.schema


def test_chile_is_the_same_as_sav_and_as_dta(real_data: Path) -> None:
    sav, dta = (read_table(real_data / "chile_ene2020" / f"ene.{ending}") for ending in ("sav", "dta"))
    assert isinstance(sav.frame, pl.DataFrame)
    assert isinstance(dta.frame, pl.DataFrame)
    assert sav.frame.height == 87_842
    assert sav.frame.schema == dta.frame.select(sav.frame.columns).schema
    assert sav.frame.equals(dta.frame.select(sav.frame.columns))
    assert set(sav.columns) == set(dta.columns)
