"""Proves that every file format gives the same columns, missing kinds and labels, and that bad files are refused clearly."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
import polars as pl
import pyreadstat
import pytest

from fl_estimate.errors import FileFault
from fl_estimate.loaders import reading_apart
from fl_estimate.loaders.file_table import FileTable, TextFormat
from fl_estimate.loaders.files import codebook_of, endings, formats, read_table


def _table(columns: dict[str, Any]) -> Any:
    """A pandas frame; its type is left open, for pyreadstat names frames by a type of its own."""
    return pd.DataFrame(columns)


@pytest.fixture
def frame() -> Any:
    return _table(
        {
            "status": [1.0, 2.0, 8.0, 99.0, None],
            "weight": [0.5, 1.5, 2.0, 2.5, 3.0],
            "name": ["Ñandú", "b", "n/a", "", "e"],
            "day": [dt.date(2020, 1, 1), None, dt.date(1900, 3, 1), None, None],
            "moment": [dt.datetime(2020, 1, 1, 3, 4, 5), None, None, None, None],
        }
    )


def _columns(table: FileTable) -> dict[str, list[object]]:
    return table.frame.lazy().collect().to_dict(as_series=False)


def _sav(frame: Any, folder: Path, ending: str = ".sav") -> Path:
    path = folder / f"survey{ending}"
    pyreadstat.write_sav(
        frame,
        path,
        compress=ending == ".zsav",
        missing_ranges={"status": [8, {"lo": 90, "hi": 99}], "name": ["n/a"]},
        variable_value_labels={"status": {1: "Working", 2: "Not working"}},
        column_labels={"status": "Activity status"},
    )
    return path


@pytest.mark.parametrize("ending", [".sav", ".zsav"])
def test_spss_keeps_declared_missing_values_apart(frame: Any, tmp_path: Path, ending: str) -> None:
    table = read_table(_sav(frame, tmp_path, ending))
    got = _columns(table)
    assert got["status"] == [1, 2, None, None, None]
    assert got["status@missing"] == [None, None, "8", "99", None]
    assert got["name"] == ["Ñandú", "b", None, "", "e"]
    assert got["name@missing"] == [None, None, "n/a", None, None]
    assert got["weight"] == [0.5, 1.5, 2.0, 2.5, 3.0]
    assert got["day"] == frame["day"].to_list()
    assert got["moment"][0] == dt.datetime(2020, 1, 1, 3, 4, 5)
    assert table.columns == list(frame.columns)


def test_spss_labels_and_ranges_are_kept(frame: Any, tmp_path: Path) -> None:
    table = read_table(_sav(frame, tmp_path))
    assert table.variable_labels == {"status": "Activity status"}
    assert table.value_labels == {"status": {1.0: "Working", 2.0: "Not working"}}
    assert sorted(table.declared_missing["status"]) == [(8.0, 8.0), (90.0, 99.0)]
    assert table.declared_missing["name"] == (("n/a", "n/a"),)


def test_the_source_says_where_a_table_came_from(frame: Any, tmp_path: Path) -> None:
    path = _sav(frame, tmp_path)
    source = read_table(path).source
    assert (source.name, source.n_rows, source.encoding) == ("survey.sav", 5, "UTF-8")
    assert source.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_many_declared_codes_are_written_as_people_write_them(tmp_path: Path) -> None:
    codes = [float(code) / 2 for code in range(100)]
    path = tmp_path / "many.sav"
    pyreadstat.write_sav(_table({"x": codes}), path, missing_ranges={"x": [{"lo": 10, "hi": 1000}]})
    got = _columns(read_table(path))
    assert got["x@missing"][:20] == [None] * 20
    assert got["x@missing"][20:23] == ["10", "10.5", "11"]


def test_stata_tags_stand_beside_the_numbers(tmp_path: Path) -> None:
    path = tmp_path / "survey.dta"
    pyreadstat.write_dta(
        _table({"x": pd.Series([1, 2, "a", "b", None], dtype=object), "whole": [1, 2, 3, 4, 5]}),
        path,
        missing_user_values={"x": ["a", "b"]},
    )
    got = _columns(read_table(path))
    assert got["x"] == [1, 2, None, None, None]
    assert got["x@missing"] == [None, None, ".a", ".b", None]
    assert got["whole"] == [1, 2, 3, 4, 5]


def test_a_null_of_a_whole_number_column_with_tags_stays_null(tmp_path: Path) -> None:
    """A pandas frame of pyreadstat 1.3.7 holds 0 there."""
    path = tmp_path / "survey.dta"
    values = _table({"x": pd.Series([1, "a", None], dtype=object)})
    pyreadstat.write_dta(values, path, missing_user_values={"x": ["a"]})
    assert _columns(read_table(path))["x"] == [1, None, None]


def test_sas_transport_files_are_read(tmp_path: Path) -> None:
    path = tmp_path / "survey.xpt"
    pyreadstat.write_xport(_table({"X": [1.0, 2.5], "T": ["a", "b"]}), path)
    assert _columns(read_table(path)) == {"X": [1.0, 2.5], "T": ["a", "b"]}


def test_columns_of_whole_numbers_are_whole_numbers_in_every_format(tmp_path: Path) -> None:
    frame = _table({"code": [1.0, None, 3.0], "half": [0.5, 1.0, 2.0], "none": pd.Series([None] * 3, dtype=float)})
    pyreadstat.write_sav(frame, tmp_path / "a.sav")
    pyreadstat.write_dta(frame, tmp_path / "a.dta")
    (tmp_path / "a.csv").write_text("code,half,none\n1,0.5,\n,1,\n3,2,\n")
    schemas = [read_table(tmp_path / f"a.{ending}").frame.collect_schema() for ending in ("sav", "dta", "csv")]
    assert [schema["code"] for schema in schemas] == [pl.Int64] * 3
    assert [schema["half"] for schema in schemas] == [pl.Float64] * 3
    assert [schema["none"] for schema in schemas[:2]] == [pl.Float64] * 2


def test_labels_of_a_sas_file_come_from_its_catalogue(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Pyreadstat writes no SAS files: its readers are stood in for, the joining of format names is ours."""

    class Meta:
        column_names: ClassVar = ["sex", "place"]
        original_variable_types: ClassVar = {"sex": "SEXF8.", "place": "$PLACE20."}
        readstat_variable_types: ClassVar = {"sex": "double", "place": "string"}
        variable_value_labels: ClassVar[dict[str, Any]] = {}
        column_names_to_labels: ClassVar[dict[str, Any]] = {}
        missing_ranges: ClassVar[dict[str, Any]] = {}
        value_labels: ClassVar = {"SEXF": {1.0: "Male", "A": "Refused"}, "$PLACE": {"u": "Urban"}}
        number_rows = 0
        file_encoding = None

    monkeypatch.setenv(reading_apart.SWITCH, "0")  # what is patched here is not there
    monkeypatch.setattr(pyreadstat, "read_sas7bdat", lambda *_a, **_k: ({}, Meta))
    monkeypatch.setattr(pyreadstat, "read_sas7bcat", lambda *_a, **_k: ({}, Meta))
    (tmp_path / "s.sas7bdat").write_bytes(b"x")
    assert codebook_of(tmp_path / "s.sas7bdat").value_labels == {}
    (tmp_path / "formats.sas7bcat").write_bytes(b"x")
    want = {"sex": {1.0: "Male", ".A": "Refused"}, "place": {"u": "Urban"}}
    assert codebook_of(tmp_path / "s.sas7bdat").value_labels == want
    with pytest.raises(FileFault, match="FL-FILE-01"):
        codebook_of(tmp_path / "s.sas7bdat", TextFormat(catalogue="other.sas7bcat"))


def test_labels_of_tags_have_the_sign_of_their_tags(tmp_path: Path) -> None:
    labels: Any = {"x": {1: "one", "a": "refused"}}
    pyreadstat.write_dta(
        _table({"x": pd.Series([1, "a"], dtype=object)}),
        tmp_path / "s.dta",
        missing_user_values={"x": ["a"]},
        variable_value_labels=labels,
    )
    assert read_table(tmp_path / "s.dta").value_labels == {"x": {1: "one", ".a": "refused"}}


def test_labels_and_declared_values_survive_a_conversion(frame: Any, tmp_path: Path) -> None:
    from fl_estimate.loaders.convert import convert

    source = read_table(_sav(frame, tmp_path))
    convert(tmp_path / "survey.sav", tmp_path / "survey.parquet")
    again = read_table(tmp_path / "survey.parquet")
    assert again.variable_labels == source.variable_labels
    assert again.value_labels == source.value_labels
    assert again.declared_missing == source.declared_missing


def test_times_of_day_become_text(tmp_path: Path) -> None:
    pyreadstat.write_sav(_table({"at": [dt.time(13, 30), None]}), tmp_path / "a.sav")
    assert _columns(read_table(tmp_path / "a.sav"))["at"] == ["13:30:00", None]


# --- delimited text ---------------------------------------------------------------------------------------------


def _text(folder: Path, text: str, *, name: str = "survey.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def test_a_csv_column_is_numbers_where_every_cell_is_one(tmp_path: Path) -> None:
    text = "id,region,income,country,mixed,gap\n1,01,1.5,NA,1,\n2,02,1e3,CL,x,7\n"
    assert _columns(read_table(_text(tmp_path, text))) == {
        "id": [1, 2],
        "region": ["01", "02"],
        "income": [1.5, 1000.0],
        "country": ["NA", "CL"],
        "mixed": ["1", "x"],
        "gap": [None, 7],
    }


def test_a_tsv_is_split_at_tabs(tmp_path: Path) -> None:
    assert _columns(read_table(_text(tmp_path, "a\tb\n1\tx,y\n", name="s.tsv"))) == {"a": [1], "b": ["x,y"]}


def test_delimiter_decimal_and_encoding_are_told(tmp_path: Path) -> None:
    path = _text(tmp_path, "a;b\n1,5;Curicó\n-2;x\n", encoding="windows-1252")
    written = TextFormat(delimiter=";", decimal=",", encoding="windows-1252")
    assert _columns(read_table(path, written=written)) == {"a": [1.5, -2.0], "b": ["Curicó", "x"]}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    text = "id|name|x\n1|Silva, Ana; her house|1\n2|b|2\n".replace("|", delimiter)
    if delimiter in ",;":
        text = text.replace("Silva, Ana; her house", '"Silva, Ana; her house"')
    assert read_table(_text(tmp_path, text)).columns == ["id", "name", "x"]
    assert _columns(read_table(_text(tmp_path, text, name="s.txt")))["x"] == [1, 2]


def test_a_decimal_comma_is_found_where_a_column_can_have_nothing_else(tmp_path: Path) -> None:
    assert _columns(read_table(_text(tmp_path, "a;b\n1,5;1,250\n-2;3\n"))) == {"a": [1.5, -2.0], "b": [1.25, 3.0]}


def test_a_comma_that_may_be_a_thousands_sign_is_not_decided(tmp_path: Path) -> None:
    assert _columns(read_table(_text(tmp_path, "a;b\n1,500;1\n2,250;2\n"))) == {"a": ["1,500", "2,250"], "b": [1, 2]}


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        ("windows-1252", ["Ñuñoa", "Curicó", "Concepción", "Valparaíso", "niño", "año"]),
        ("windows-1251", ["Пермь", "Москва", "женщина", "мужчина", "работа"]),
        ("utf-16", ["Ñuñoa", "Curicó"]),
        ("utf-8-sig", ["Ñuñoa", "Curicó"]),
    ],
)
def test_an_encoding_is_found(tmp_path: Path, encoding: str, words: list[str]) -> None:
    text = "id;t\n" + "".join(f"{position};{word}\n" for position, word in enumerate(words * 20))
    assert _columns(read_table(_text(tmp_path, text, encoding=encoding)))["t"] == words * 20


def test_titles_above_the_header_are_told_or_pointed_out(tmp_path: Path) -> None:
    path = _text(tmp_path, "Survey 2020,,\n,,\nid,sex,age\n1,2,30\n")
    _refused(path, "FL-FILE-07", "header_row = 3")
    assert _columns(read_table(path, written=TextFormat(header_row=3))) == {"id": [1], "sex": [2], "age": [30]}


def test_blank_cells_of_a_column_of_numbers_are_missing(tmp_path: Path) -> None:
    assert _columns(read_table(_text(tmp_path, "a,b\n1,x\n  ,y\n .5,z\n")))["a"] == [1.0, None, 0.5]


def test_a_thousands_sign_leaves_a_column_text(tmp_path: Path) -> None:
    path = _text(tmp_path, "a;b\n1.000,5;1\n2;2\n")
    got = _columns(read_table(path, written=TextFormat(delimiter=";", decimal=",")))
    assert got["a"] == ["1.000,5", "2"]


def test_the_mark_of_spreadsheets_is_not_part_of_the_first_name(tmp_path: Path) -> None:
    assert read_table(_text(tmp_path, "\ufeffa,b\r\n1,2\r\n")).columns == ["a", "b"]


def test_quoted_cells_may_hold_line_ends(tmp_path: Path) -> None:
    assert _columns(read_table(_text(tmp_path, 'a,b\n1,"x\ny"\n'))) == {"a": [1], "b": ["x\ny"]}


def test_a_header_alone_is_a_table_without_rows(tmp_path: Path) -> None:
    table = read_table(_text(tmp_path, "a,b\n"))
    assert (table.source.n_rows, table.columns) == (0, ["a", "b"])


# --- Parquet ----------------------------------------------------------------------------------------------------


def test_parquet_stays_lazy(tmp_path: Path) -> None:
    pl.DataFrame({"a": [1, 2], "a@missing": [None, ".a"]}).write_parquet(tmp_path / "s.parquet")
    table = read_table(tmp_path / "s.parquet")
    assert isinstance(table.frame, pl.LazyFrame)
    assert (table.columns, table.source.n_rows) == (["a"], 2)


# --- bad files --------------------------------------------------------------------------------------------------


def _refused(path: Path, code: str, says: str, written: TextFormat | None = None) -> None:
    with pytest.raises(FileFault) as caught:
        read_table(path, written=written)
    assert caught.value.code == code
    assert says in str(caught.value)


def test_a_file_that_is_not_there_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    (tmp_path / "household.sav").write_bytes(b"x")
    _refused(tmp_path / "houshold.sav", "FL-FILE-01", "did you mean 'household.sav'?")
    _refused(tmp_path / "no" / "folder.sav", "FL-FILE-01", "check the name")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    _refused(tmp_path, "FL-FILE-02", "folder")


def test_an_unknown_ending_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "survey.docx"
    path.write_bytes(b"x")
    _refused(path, "FL-FILE-03", ".parquet")


@pytest.mark.parametrize("ending", endings())
def test_an_empty_file_is_refused(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"survey{ending}"
    path.write_bytes(b"")
    _refused(path, "FL-FILE-04", "empty")


@pytest.mark.parametrize(
    "ending", [ending for form in formats() if form.name != "delimited text" for ending in form.endings]
)
def test_something_else_under_a_known_ending_is_refused(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"survey{ending}"
    path.write_bytes(b"This is a letter, not a survey. " * 400)
    _refused(path, "FL-FILE-05", f"survey{ending}")


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("ending", [".sav", ".zsav", ".parquet"])
def test_a_truncated_file_is_refused(tmp_path: Path, ending: str, part: float) -> None:
    whole, path = tmp_path / f"whole{ending}", tmp_path / f"cut{ending}"
    frame = _table({"x": [k % 7 + 0.5 for k in range(5_000)], "t": ["abc"] * 5_000})
    if ending == ".parquet":
        frame.to_parquet(whole)
    else:
        pyreadstat.write_sav(frame, whole, compress=ending == ".zsav")
    content = whole.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    _refused(path, "FL-FILE-05", f"cut{ending}")


def test_a_wrong_encoding_is_refused(tmp_path: Path) -> None:
    path = _text(tmp_path, "a;b\n1;Curicó\n", encoding="windows-1252")
    _refused(path, "FL-FILE-06", "not utf-8, in column 'b'", TextFormat(encoding="utf-8"))
    _refused(path, "FL-FILE-06", "not ascii, in column 'b'", TextFormat(encoding="ascii"))
    _refused(_text(tmp_path, "año\n1\n", encoding="latin-1"), "FL-FILE-06", "the header", TextFormat(encoding="utf-8"))
    _refused(_text(tmp_path, "a\n1\n"), "FL-FILE-06", "not klingon", TextFormat(encoding="klingon"))


def test_a_wrong_encoding_of_an_spss_file_is_refused(frame: Any, tmp_path: Path) -> None:
    _refused(_sav(frame, tmp_path), "FL-FILE-06", "not ascii, in column 'name'", TextFormat(encoding="ascii"))


def test_the_text_of_an_old_stata_file_in_a_wrong_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "old.dta"
    pyreadstat.write_dta(_table({"t": ["Curicó"] * 3}), path, version=15)
    path.write_bytes(path.read_bytes().replace("ó".encode(), b"\xf3 "))
    _refused(path, "FL-FILE-06", "column 't'")


BAD_TEXTS = [
    ("a,b\n1,2\n3\n", "FL-FILE-07", "1 lines (3) do not have 2 cells"),
    ("a,b\n1,2,3\n4,5\n", "FL-FILE-07", "1 lines (2)"),
    ("a,a\n1,2\n", "FL-FILE-07", "occur twice, of columns 1, 2"),
    ("a,,c\n1,2,3\n", "FL-FILE-07", "without a name"),
    ("\n1,2\n", "FL-FILE-07", "without a name"),
    ('a,b\n1,"x\n2,y\n', "FL-FILE-07", "quotation mark"),
    ("a,b\n1,\0\n", "FL-FILE-07", "no text"),
    ("a", "FL-FILE-05", "survey.csv"),
]


@pytest.mark.parametrize(("text", "code", "says"), BAD_TEXTS)
def test_a_delimited_text_that_is_not_one_is_refused(tmp_path: Path, text: str, code: str, says: str) -> None:
    _refused(_text(tmp_path, text), code, says)


def test_no_cell_is_shown_in_a_message(tmp_path: Path) -> None:
    with pytest.raises(FileFault) as caught:
        read_table(_text(tmp_path, "a,b\nsecret\nsecret,1,2\n"))
    assert "secret" not in str(caught.value)
