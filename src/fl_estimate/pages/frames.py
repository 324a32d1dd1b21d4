"""Tables of data frames as a notebook, a spreadsheet and a printed page show them: one door each, so that no table goes around it."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

from fl_estimate.neutral import for_cell, one_line, visible

if TYPE_CHECKING:
    import pandas as pd


def harmless(frame: pd.DataFrame, neutral: Callable[[str], str]) -> pd.DataFrame:
    """The frame with each of its texts, names of columns and codes of categories among them, given through a function of `neutral`.

    A frame whose texts are harmless as they stand keeps its types; in a column that changes, the texts are objects.
    """
    import pandas as pd

    changed: dict[Any, pd.Series[Any]] = {}
    for position in range(frame.shape[1]):
        column = frame.iloc[:, position]
        if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
            continue
        texts = {value for value in column.dropna().unique() if isinstance(value, str)}
        new = {text: made for text in texts if (made := neutral(text)) != text}
        if new:
            values = [new.get(value, value) if isinstance(value, str) else value for value in column.astype(object)]
            changed[position] = pd.Series(values, index=column.index, name=column.name, dtype=object)
    if changed:
        parts = [changed.get(at, frame.iloc[:, at]) for at in range(frame.shape[1])]
        frame = pd.concat(parts, axis=1) if parts else frame
    known: list[Any] = list(frame.columns)
    names = [neutral(name) if isinstance(name, str) else name for name in known]
    return frame.set_axis(names, axis=1) if names != known else frame


def csv_text(frame: pd.DataFrame) -> str:
    """A frame as CSV that a spreadsheet may open: no text of it is computed."""
    return harmless(frame, for_cell).to_csv(index=False, lineterminator="\n")


def html_table(frame: pd.DataFrame, **options: Any) -> str:
    """A frame as a table of HTML: markup is escaped, and what would not be seen is shown. Options are those of pandas."""
    settings: dict[str, Any] = {"na_rep": "", **options}
    shown: Any = harmless(frame, one_line)
    return str(shown.to_html(index=False, border=0, escape=True, **settings))


def text_table(frame: pd.DataFrame, **options: Any) -> str:
    """A frame as columns of plain text, as a session prints it. Options are those of pandas."""
    settings: dict[str, Any] = {"na_rep": "", **options}
    shown: Any = harmless(frame, one_line)
    return str(shown.to_string(index=False, **settings))


def html_text(text: str) -> str:
    """A text within an element of HTML, or within a quoted attribute."""
    return escape(visible(text))


def html_pairs(title: str, pairs: Any) -> str:
    """Names and values as a table of two columns under a title."""
    rows = "".join(f"<tr><th>{html_text(name)}</th><td>{html_text(value)}</td></tr>" for name, value in pairs)
    return f"<table><caption>{html_text(title)}</caption>{rows}</table>"
