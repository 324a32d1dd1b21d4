"""The columns of every result, in their order and of their types. `build` lays results out in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from fl_estimate.errors import EstimateFault, listed
from fl_estimate.results.basis import Basis, require_bases

HEAD: tuple[str, ...] = ("quantity", "outcome", "term", "margin")
TAIL: tuple[str, ...] = (
    "value", "se", "lower", "upper", "level", "interval_kind", "bound", "undetermined", "n", "cases", "psus_with_cases",
    "df", "df_effective", "deff", "method", "basis",
)  # fmt: skip
FIXED: tuple[str, ...] = (*HEAD, *TAIL)
TEXT: frozenset[str] = frozenset({*HEAD, "interval_kind", "bound", "method", "basis"})
COUNTS: frozenset[str] = frozenset({"n", "cases", "psus_with_cases"})
IDENTIFIED = "identified"
"""The bound of a row without a value, whose limits hold whatever the unknown answers are."""
IMPUTED = "imputed"
"""The bound of a row whose unknown answers were imputed: it lies between the bounds, and is printed beside them."""
SCALED: tuple[str, ...] = ("value", "se", "lower", "upper")
ANALYST: frozenset[str] = frozenset({"psus_with_cases", "df_effective"})
"""Columns of the analyst alone: no published frame has them, since they tell how few the cases are that a rule hides."""
PUBLISHED_TAIL: tuple[str, ...] = tuple(name for name in TAIL if name not in ANALYST)


def make_frame(
    columns: Mapping[str, Sequence[Any] | npt.NDArray[Any]],
    by: Mapping[str, Sequence[Any]],
    rows: int,
    *,
    basis: Basis | Sequence[str],
) -> pd.DataFrame:
    """Lay columns out as design.md has them; what is not given is missing (text: empty).

    By-columns are nullable: whole numbers (also as floats) become Int64, other numbers Float64, the rest text. `basis` says
    on what the rows rest, in one word for all or one for each.

    Raises
    ------
    EstimateFault
        FL-EST-290: a basis that there is not.
    """
    columns = {**columns, "basis": [basis] * rows if isinstance(basis, str) else list(basis)}
    require_bases(columns["basis"])
    frame: dict[str, Any] = {}
    for name in HEAD:
        frame[name] = _text(columns.get(name), rows)
    for name, values in by.items():
        frame[name] = nullable(values)
    for name in TAIL:
        given = columns.get(name)
        if name in TEXT:
            frame[name] = _text(given, rows)
        elif name in COUNTS:
            frame[name] = pd.array(_rounded(given, rows), dtype="Int64")
        else:
            frame[name] = np.full(rows, np.nan) if given is None else np.asarray(given, dtype=float)
    return pd.DataFrame(frame, index=pd.RangeIndex(rows))


def completed(frame: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """A table of an earlier version with the columns that have come since, missing, and all in their order."""
    absent = {
        name: pd.array([pd.NA] * len(frame), dtype="Int64") if name in COUNTS else np.full(len(frame), np.nan)
        for name in ANALYST
        if name not in frame
    }
    return frame.assign(**absent)[[*HEAD, *by, *TAIL]] if absent else frame


def margin_columns(record: Mapping[Any, Any]) -> list[str]:
    """The by-columns that a row is divided by; one outside them names the result that the row was stacked from."""
    return str(record["margin"]).split(" × ") if record["margin"] else []


def nullable(values: Sequence[Any]) -> Any:
    """A nullable pandas array of labels: Int64, Float64, boolean or text."""
    kept = [value for value in values if value is not None]
    if kept and all(isinstance(value, bool) for value in kept):
        return pd.array(list(values), dtype="boolean")
    if kept and all(isinstance(value, int | np.integer) for value in kept):
        return pd.array(list(values), dtype="Int64")
    if kept and all(isinstance(value, int | float | np.number) for value in kept):
        return pd.array(list(values), dtype="Float64")
    return pd.array([None if value is None else str(value) for value in values], dtype="string")


def check_by_columns(by: Sequence[str]) -> None:
    """Refuse by-columns that carry a fixed column's name.

    Raises
    ------
    EstimateFault
        FL-EST-05.
    """
    taken = [name for name in by if name in FIXED]
    if taken:
        raise EstimateFault(
            "FL-EST-05",
            "a by-column carries the name of a column of the result",
            found=listed(taken),
            fix="rename it before estimating",
        )


def _text(values: Any, rows: int) -> Any:
    return pd.array([""] * rows if values is None else [str(value) for value in values], dtype="string")


def _rounded(values: Any, rows: int) -> list[int | None]:
    if values is None:
        return [None] * rows
    return [None if value is None or value is pd.NA or np.isnan(value) else round(float(value)) for value in values]
