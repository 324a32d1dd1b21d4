"""Published tables on the terminal: as wide as it is, no word broken, long margins left to the report."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from fl_estimate.errors import visible
from fl_estimate.reporting.headline import headline
from fl_estimate.reporting.tables import LaidRow, Layout, layout, rule_caution

if TYPE_CHECKING:
    from rich.console import Console

    from fl_estimate.reporting.publish import PublishedEstimates
    from fl_estimate.reporting.truth import Truth

LONGEST = 21
"""A margin of more lines than this, its heading counted, is left to the report."""
SHOWN: tuple[str, ...] = ("bound", "value", "interval", "cv", "n", "cases", "undetermined", "truth")
DROPPED: tuple[str, ...] = ("cv", "undetermined", "n", "cases")
"""What a narrow terminal does without, in this order; the report has it."""
GAP = 3
"""Columns between two cells."""
EDGES = 2
"""Columns before the first cell and after the last."""
Lines = Sequence[Sequence[str] | str]


def print_published(published: PublishedEstimates, truth: Truth | None = None) -> None:
    """Print every table, then the national figure in words."""
    flagged = False
    for table in published.tables:
        sheet = layout(table, "en", truth)
        groups = _groups(sheet.rows)
        short = [group for group in groups if len(group) <= LONGEST]
        long = [f"{group[0].label}: {len(group) - 1} rows, in the report" for group in groups if len(group) > LONGEST]
        if long and len(short) == 1:
            print(visible(f"{sheet.caption}. {'; '.join(long)}\n"))
            continue
        rows = [row for group in short for row in group]
        flagged = flagged or any("†" in row.cells.get("value", "") for row in rows)
        _print_sheet(sheet, rows)
        print(visible("\n".join([*(f" {line}" for line in long), ""])) if long else "")
    if flagged:
        print(rule_caution(published, "en"))
    print(visible(" ".join(headline(published, "en", truth).sentences)))


def print_table(heads: Sequence[str], rows: Lines, *, title: str = "", console: Console | None = None) -> None:
    """Print a plain table; a row that is a text is a heading. With a title all columns but the first hold figures."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(visible(title)) if title else None, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for place, head in enumerate(heads):
        cells = [len(row[place]) for row in rows if not isinstance(row, str) and place < len(row)]
        words = max([*(len(word) for word in head.split()), *cells], default=0) if title else None
        table.add_column(
            Text(visible(head)), justify="right" if title and place else "left", overflow="fold", min_width=words,
            no_wrap=bool(title) and not place,
        )  # fmt: skip
    for row in rows:
        if isinstance(row, str):
            table.add_row(Text(visible(row), style="bold"))
        else:
            table.add_row(*(Text(visible(cell)) for cell in row))
    (console or _console()).print(table)


def _print_sheet(sheet: Layout, rows: Sequence[LaidRow]) -> None:
    console = _console()
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


def _console() -> Console:
    """The terminal; a pipe has no width of its own, and nothing is cut or folded there."""
    from rich.console import Console

    return Console() if sys.stdout.isatty() else Console(width=200, color_system=None)


def _groups(rows: Sequence[LaidRow]) -> list[list[LaidRow]]:
    """The rows from one heading to the next."""
    groups: list[list[LaidRow]] = []
    for row in rows:
        if row.heading or not groups:
            groups.append([])
        groups[-1].append(row)
    return groups
