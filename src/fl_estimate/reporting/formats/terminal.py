"""Published tables as plain text: on the terminal, as wide as it is and with long margins left to the report, or whole in a file."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from fl_estimate.errors import visible
from fl_estimate.reporting.document import Document
from fl_estimate.reporting.layout import CAUTION, LaidRow, Layout, superscript
from fl_estimate.reporting.renderers import renders
from fl_estimate.reporting.terminal import EDGES, GAP, print_table, terminal_console

if TYPE_CHECKING:
    from rich.console import Console

LONGEST = 21
"""A margin of more lines than this, its heading counted, is left to the report."""
SHOWN: tuple[str, ...] = (
    "bound",
    "value",
    "statistic",
    "freedom",
    "tested",
    "interval",
    "p",
    "cv",
    "n",
    "cases",
    "undetermined",
    "truth",
)
DROPPED: tuple[str, ...] = ("cv", "undetermined", "n", "cases")
"""What a narrow terminal does without, in this order; the report has it."""
WIDE = 1_000
"""Columns of a file, in which nothing is left out or folded."""


@renders("terminal")
def terminal(document: Document) -> None:
    """Every table printed on the terminal, then the national figure in words."""
    flagged = False
    for sheet in document.layouts:
        groups = _groups(sheet.rows)
        short = [group for group in groups if len(group) <= LONGEST]
        long = [f"{group[0].label}: {len(group) - 1} rows, in the report" for group in groups if len(group) > LONGEST]
        if long and len(short) == 1:
            print(visible(f"{sheet.caption}. {'; '.join(long)}\n"))
            continue
        rows = [row for group in short for row in group]
        flagged = flagged or any(CAUTION in row.cells.get("value", "") for row in rows)
        _print_sheet(sheet, rows, terminal_console())
        _print_marked_notes(sheet, rows)
        print(visible("\n".join([*(f" {line}" for line in long), ""])) if long else "")
    if flagged:
        print(document.caution)
    print(visible(" ".join(document.headline.sentences)))


def _print_marked_notes(sheet: Layout, rows: Sequence[LaidRow]) -> None:
    """The notes whose marks stand in the rows that were printed: a mark without its note says nothing."""
    printed = "".join(row.cells.get("value", "") for row in rows)
    said = [(superscript(mark), note) for mark, note in sheet.notes if mark]
    lines = [f"{mark} {note}" for mark, note in said if mark in printed]
    if lines:
        print(visible("\n".join([*lines, ""])))


@renders("text", endings=(".txt",))
def text(document: Document) -> str:
    """All tables as plain text in columns, with their notes, then the national figure in words."""
    from rich.console import Console

    console = Console(file=io.StringIO(), width=WIDE, color_system=None)
    for table, sheet in document.sheets:
        _print_sheet(sheet, sheet.rows, console)
        for mark, note in document.notes(table, sheet):
            console.print(visible(f"{mark} {note}".strip()), markup=False, highlight=False)
        console.print()
    console.print(visible(" ".join(document.headline.sentences)), markup=False, highlight=False, soft_wrap=True)
    written = console.file
    assert isinstance(written, io.StringIO)
    return "\n".join(line.rstrip() for line in written.getvalue().splitlines()) + "\n"


def _print_sheet(sheet: Layout, rows: Sequence[LaidRow], console: Console) -> None:
    keys = list(_fitting(sheet.heads, rows, console.width))
    lines = [row.label if row.heading else [row.label, *(row.cells.get(key, "") for key in keys)] for row in rows]
    print_table(["", *(sheet.heads[key] for key in keys)], lines, title=sheet.caption, console=console)


def _fitting(heads: Mapping[str, str], rows: Sequence[LaidRow], width: int) -> Iterator[str]:
    """The columns for which there is room without breaking a word."""
    keys = [key for key in SHOWN if key in heads]
    needed = {
        key: max(*(len(word) for word in heads[key].split()), *(len(row.cells.get(key, "")) for row in rows))
        for key in keys
    }
    label = max((len(row.label) for row in rows), default=0)
    for key in DROPPED:
        if EDGES + label + sum(needed[kept] + GAP for kept in keys) <= width:
            break
        keys = [kept for kept in keys if kept != key]
    yield from keys


def _groups(rows: Sequence[LaidRow]) -> list[list[LaidRow]]:
    """The rows from one heading to the next."""
    groups: list[list[LaidRow]] = []
    for row in rows:
        if row.heading or not groups:
            groups.append([])
        groups[-1].append(row)
    return groups
