"""Proves that a worksheet becomes a table whatever stands around it, and that one without a header is refused."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from fl_estimate.errors import FileFault
from fl_estimate.loaders.file_table import TextFormat
from fl_estimate.loaders.files import read_table

ROWS: list[list[Any]] = [
    ["id", "region", "income", "day", "mixed", "empty", "count"],
    [1, "01", 1.5, dt.datetime(2020, 1, 2), 7, None, "3"],
    [2, "02", None, dt.datetime(2021, 5, 6), "x", None, "4"],
]
COLUMNS = {
    "id": [1, 2],
    "region": ["01", "02"],
    "income": [1.5, None],
    "day": [dt.date(2020, 1, 2), dt.date(2021, 5, 6)],
    "mixed": ["7", "x"],
    "empty": [None, None],
    "count": [3, 4],
}


def _book(folder: Path, **sheets: list[list[Any]]) -> Path:
    path = folder / "survey.xlsx"
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd"}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for position, row in enumerate(rows):
                for at, cell in enumerate(row):
                    if cell is not None:
                        sheet.write(position, at, cell)
    return path


def _columns(path: Path, written: TextFormat | None = None) -> dict[str, list[Any]]:
    return read_table(path, written=written).frame.lazy().collect().to_dict(as_series=False)


def test_cells_keep_their_kinds(tmp_path: Path) -> None:
    assert _columns(_book(tmp_path, Data=ROWS)) == COLUMNS


def test_titles_empty_rows_and_empty_columns_around_the_table_do_not_count(tmp_path: Path) -> None:
    title: list[list[Any]] = [[None, "Labour force survey 2020"], [], [None, "Table 1", "persons"], []]
    around = [*title, *([None, *row] for row in ROWS), []]
    assert _columns(_book(tmp_path, Data=around)) == COLUMNS


def test_notes_below_the_table_do_not_count(tmp_path: Path) -> None:
    notes: list[list[Any]] = [[], ["Source: the office"], ["n.a.: not available"]]
    assert _columns(_book(tmp_path, Data=[*ROWS, *notes])) == COLUMNS


def test_an_empty_row_within_the_table_is_passed_over(tmp_path: Path) -> None:
    assert _columns(_book(tmp_path, Data=[*ROWS[:2], [], ROWS[2]])) == COLUMNS


def test_a_worksheet_and_a_header_row_can_be_named(tmp_path: Path) -> None:
    path = _book(tmp_path, Notes=[["read", "me"]], Data=[["a", "b"], ["x", "y"], [1, 2]])
    assert _columns(path) == {"read": [], "me": []}
    assert _columns(path, TextFormat(sheet="Data", header_row=2)) == {"x": [1], "y": [2]}


@pytest.mark.parametrize(
    ("rows", "written", "code", "says"),
    [
        ([[1, 2], [3, 4]], TextFormat(), "FL-FILE-07", "no row whose cells are all texts"),
        ([["a", "a"], [1, 2]], TextFormat(), "FL-FILE-07", "no row whose cells"),
        ([["a", "a"], [1, 2]], TextFormat(header_row=1), "FL-FILE-07", "occur twice, of columns 1, 2"),
        ([["a", "b"], [1, 2]], TextFormat(header_row=9), "FL-FILE-07", "row 9 is empty or not there"),
        ([], TextFormat(), "FL-FILE-07", "no row whose cells"),
        ([["a", "b"]], TextFormat(sheet="Dat"), "FL-FILE-10", "did you mean 'Data'?"),
    ],
)
def test_a_worksheet_that_is_no_table_is_refused(
    tmp_path: Path, rows: list[list[Any]], written: TextFormat, code: str, says: str
) -> None:
    with pytest.raises(FileFault) as caught:
        read_table(_book(tmp_path, Data=rows), written=written)
    assert caught.value.code == code
    assert says in str(caught.value)
