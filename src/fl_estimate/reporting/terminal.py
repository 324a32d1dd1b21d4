"""Plain tables on the terminal: as wide as it is, no word broken. What stands in them is others' business."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fl_estimate.errors import visible

if TYPE_CHECKING:
    from rich.console import Console

Lines = Sequence[Sequence[str] | str]
GAP, EDGES = 3, 2
"""Columns between two cells; before the first and after the last."""


def print_table(heads: Sequence[str], rows: Lines, *, title: str = "", console: Console | None = None) -> None:
    """Print a plain table; a row that is a text is a heading. With a title all columns but the first hold figures."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    shown = console or terminal_console()
    table = Table(title=Text(visible(title)) if title else None, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    widths = _widths(heads, rows, shown.width) if title else None
    for position, head in enumerate(heads):
        table.add_column(
            Text(visible(head)), justify="right" if title and position else "left", overflow="fold",
            width=widths[position] if widths else None,
        )  # fmt: skip
    for row in rows:
        if isinstance(row, str):
            table.add_row(Text(visible(row), style="bold"))
        else:
            table.add_row(*(Text(visible(cell)) for cell in row))
    shown.print(table)


def _widths(heads: Sequence[str], rows: Lines, width: int) -> list[int] | None:
    """How wide each column is, so that no cell and no word of a head is broken; None where there is no room for that.

    Left to itself rich narrows the widest columns first, whatever they need, and cuts off the last.
    """
    cells = [
        max((len(visible(row[at])) for row in rows if not isinstance(row, str)), default=0) for at in range(len(heads))
    ]
    found = [max(cell, *(len(word) for word in head.split()), 0) for head, cell in zip(heads, cells, strict=True)]
    found[0] = max(found[0], *(len(visible(row)) for row in rows if isinstance(row, str)), 0)
    left = width - EDGES - sum(found) - GAP * (len(heads) - 1)
    if left < 0:
        return None
    for position, head in enumerate(heads):
        more = min(left, max(0, len(head) - found[position]))
        found[position], left = found[position] + more, left - more
    return found


def terminal_console() -> Console:
    """The terminal; a pipe has no width of its own, and nothing is cut or folded there."""
    from rich.console import Console

    return Console() if sys.stdout.isatty() else Console(width=200, color_system=None)
