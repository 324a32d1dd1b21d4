"""A worksheet of a workbook (.xlsx, .xls, .ods) as a table: titles above the header are passed over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from fl_estimate.errors import FileFault, listed, nearest, shown
from fl_estimate.loaders.file_format import FileFormat
from fl_estimate.loaders.file_table import (
    FileTable,
    TextFormat,
    code_text,
    damaged,
    header_faults,
    no_header,
    require_name,
    source_of,
)
from fl_estimate.loaders.formats.delimited import numbers_where_all_are
from fl_estimate.loaders.formats.worksheet_extent import require_dense

if TYPE_CHECKING:
    import polars as pl

Cells = list[list[Any]]


def _read(file: Path, written: TextFormat) -> FileTable:
    """Read one worksheet.

    The header is the row that `written` names, else the first whose cells are all texts, each another, over the
    whole width of the sheet. Empty rows and columns around the table do not count, nor notes below it (rows with a
    text in the first of three columns or more, and nothing else).

    Raises
    ------
    FileFault
        FL-FILE-05 (damaged), FL-FILE-07 (no usable header), FL-FILE-10 (no such worksheet), FL-FILE-24 (a cell far from the table).
    """
    import polars as pl

    require_name(file)
    require_dense(file, written.sheet)
    cells, above = _trimmed(_cells(file, written.sheet))
    position = _header_place(file, cells, above, written.header_row)
    names = [_text(cell) or "" for cell in cells[position]]
    faults = header_faults(names)
    if faults:
        raise no_header(file, "; ".join(faults))
    rows = [row for row in cells[position + 1 :] if any(cell != "" for cell in row)]
    while rows and _is_note(rows[-1]):
        rows.pop()
    frame = pl.DataFrame([_column(name, [row[at] for row in rows]) for at, name in enumerate(names)])
    return FileTable(frame=frame, source=source_of(file, "UTF-8", frame.height))


def _cells(file: Path, sheet: str | None) -> Cells:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book: CalamineWorkbook = cast("Any", CalamineWorkbook).from_path(str(file))
        names = list(book.sheet_names)
        if sheet is not None and sheet not in names:
            close = nearest(sheet, names)
            raise FileFault(
                "FL-FILE-10",
                "the workbook has no such worksheet",
                found=shown(sheet),
                fix=(f"did you mean {close!r}? " if close else "") + f"there are: {listed(names, most=20)}",
            )
        if not names:
            raise damaged(file, "the workbook has no worksheet")
        return book.get_sheet_by_name(sheet or names[0]).to_python(skip_empty_area=False)
    except (CalamineError, ValueError, OSError) as error:
        if isinstance(error, FileFault):
            raise
        raise damaged(file, "it is no workbook, or a part of it is broken") from None


def _trimmed(cells: Cells) -> tuple[Cells, int]:
    """Cut empty rows and columns around the table; say how many rows were cut above."""
    filled = [position for position, row in enumerate(cells) if any(cell != "" for cell in row)]
    if not filled:
        return [], 0
    used = [at for at in range(max(map(len, cells))) if any(at < len(row) and row[at] != "" for row in cells)]
    kept = [[row[at] if at < len(row) else "" for at in range(used[0], used[-1] + 1)] for row in cells]
    return kept[filled[0] : filled[-1] + 1], filled[0]


def _header_place(file: Path, cells: Cells, above: int, given: int | None) -> int:
    if given is not None:
        if not 0 <= given - 1 - above < len(cells):
            raise no_header(file, f"row {given} is empty or not there")
        return given - 1 - above
    for position, row in enumerate(cells):
        if all(isinstance(cell, str) and cell.strip() for cell in row) and not header_faults([c.strip() for c in row]):
            return position
    raise no_header(file, "no row whose cells are all texts, each another")


def _is_note(row: Sequence[Any]) -> bool:
    return len(row) > 2 and isinstance(row[0], str) and row[0] != "" and all(cell == "" for cell in row[1:])


def _text(cell: Any) -> str | None:
    """Write a cell as text; an empty one is missing."""
    if isinstance(cell, float | str):
        return code_text(cell).strip() or None
    if isinstance(cell, bool):
        return str(int(cell))
    return str(cell)


def _column(name: str, cells: Sequence[Any]) -> pl.Series:
    """Give a column the one kind that all its cells have; of several kinds, or texts of numbers, as delimited text."""
    import polars as pl

    filled = [cell for cell in cells if cell != ""]
    values = [None if cell == "" else cell for cell in cells]
    if filled and all(isinstance(cell, dt.datetime) for cell in filled):
        series = pl.Series(name, values, dtype=pl.Datetime("us"))
        midnight = series.drop_nulls()
        return series.cast(pl.Date) if (midnight.dt.date().cast(pl.Datetime("us")) == midnight).all() else series
    if filled and all(type(cell) is dt.date for cell in filled):
        return pl.Series(name, values, dtype=pl.Date)
    if filled and all(isinstance(cell, int | float) and not isinstance(cell, bool) for cell in filled):
        series = pl.Series(name, values, dtype=pl.Float64)
        whole = series.drop_nulls()
        return series.cast(pl.Int64) if ((whole.round() == whole) & (whole.abs() <= 2.0**53)).all() else series
    texts = pl.Series(name, [_text(cell) for cell in cells], dtype=pl.String)
    return numbers_where_all_are(texts.to_frame(), ".").to_series()


FORMAT = FileFormat(
    name="workbook",
    endings=(".xlsx", ".xlsm", ".xls", ".ods"),
    read=_read,
    heeds=("header_row", "sheet"),
    magic=(b"PK\x03\x04", bytes.fromhex("d0cf11e0a1b11ae1")),  # a zip, and what Excel wrote before 2007
    apart=True,
)
