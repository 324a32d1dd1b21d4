"""Plain tables on the terminal: as wide as it is, no word broken. What stands in them is others' business."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fl_estimate.errors import visible

if TYPE_CHECKING:
    from rich.console import Console

Lines = Sequence[Sequence[str] | str]


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
    (console or terminal_console()).print(table)


def terminal_console() -> Console:
    """The terminal; a pipe has no width of its own, and nothing is cut or folded there."""
    from rich.console import Console

    return Console() if sys.stdout.isatty() else Console(width=200, color_system=None)
