"""The columns of every result, in their order and of their types. `build` lays results out in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from fl_estimate.errors import EstimateFault, listed
from fl_estimate.neutral import for_records
from fl_estimate.results.basis import Basis, require_bases

CONTEXT: tuple[str, ...] = ("country", "source", "period", "unit")
"""Of what country, survey and time a row speaks, and what it counts; a by-column of such a name stands in its place."""
HEAD: tuple[str, ...] = ("quantity", "outcome", "term", "margin")
TAIL: tuple[str, ...] = (
    "value", "se", "lower", "upper", "level", "interval_kind", "bound", "undetermined", "n", "cases", "psus_with_cases",
    "df", "df_effective", "deff", "method", "basis",
)  # fmt: skip
FIXED: tuple[str, ...] = (*HEAD, *TAIL)
TEXT: frozenset[str] = frozenset({*CONTEXT, *HEAD, "interval_kind", "bound", "method", "basis"})
COUNTS: frozenset[str] = frozenset({"n", "cases", "psus_with_cases"})
IDENTIFIED = "identified"
"""The bound of a row without a value, whose limits hold whatever the unknown answers are."""
IMPUTED = "imputed"
"""The bound of a row whose unknown answers were imputed: it lies between the bounds, and is printed beside them."""
SCALED: tuple[str, ...] = ("value", "se", "lower", "upper")
ANALYST: frozenset[str] = frozenset({"psus_with_cases", "df_effective"})
"""Columns of the analyst alone: no published frame has them, since they tell how few the cases are that a rule hides."""
STRING, WHOLE = pd.StringDtype(), pd.Int64Dtype()
"""Types of columns: asked for by name they are looked up every time."""
PUBLISHED_TAIL: tuple[str, ...] = tuple(name for name in TAIL if name not in ANALYST)


def make_frame(
    columns: Mapping[str, Sequence[Any] | npt.NDArray[Any]],
    by: Mapping[str, Sequence[Any]],
    rows: int,
    *,
    basis: Basis | Sequence[str],
    told: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Lay columns out as design.md has them; what is not given is missing (text: empty).

    By-columns are nullable: whole numbers (also as floats) become Int64, other numbers Float64, the rest text. `basis` says
    on what the rows rest, in one word for all or one for each; `told` is what is said of all rows, as in `with_context`, whose
    columns stand before all others where it is given.

    Raises
    ------
    EstimateFault
        FL-EST-290: a basis that there is not.
    """
    columns = {**columns, "basis": [basis] * rows if isinstance(basis, str) else list(basis)}
    require_bases(columns["basis"])
    frame: dict[str, Any] = {name: _same(told.get(name, ""), rows) for name in context_of(tuple(by))} if told else {}
    for name in HEAD:
        frame[name] = _text(columns.get(name), rows)
    for name, values in by.items():
        frame[name] = nullable(values)
    for name in TAIL:
        given = columns.get(name)
        if name in TEXT:
            frame[name] = _text(given, rows)
        elif name in COUNTS:
            frame[name] = pd.array(_rounded(given, rows), dtype=WHOLE)
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
    return frame.assign(**absent)[[*context_of(by, frame), *HEAD, *by, *TAIL]] if absent else frame


def context_of(by: Sequence[str], frame: pd.DataFrame | None = None) -> list[str]:
    """The columns of country, source, period and unit: those that no by-column stands in the place of, and a table has."""
    return [name for name in CONTEXT if name not in by and (frame is None or name in frame)]


def with_context(frame: pd.DataFrame, by: Sequence[str], told: Mapping[str, str]) -> pd.DataFrame:
    """A table with the columns of country, source, period and unit before all others; rows that say theirs keep it.

    But for the unit: all rows of a result count the same, what its words say.

    Parameters
    ----------
    frame : pandas.DataFrame
    by : sequence of str
        Its by-columns.
    told : mapping
        What is said of all rows, by column; "" where nobody knows.
    """
    own = context_of(by)
    absent = {name: _same(told.get(name, ""), len(frame)) for name in own if name not in frame}
    unit = for_records(told.get("unit", ""))
    if "unit" in own and "unit" not in absent and not (frame["unit"] == unit).all():
        absent["unit"] = _same(unit, len(frame))
    late = [name for name in own if name not in absent and told.get(name) and (frame[name] == "").all()]
    absent |= {name: _same(told[name], len(frame)) for name in late}
    if not absent and [str(name) for name in frame.columns[: len(own)]] == own:
        return frame
    whole = frame.assign(**absent)
    return whole[[*own, *(name for name in whole.columns if name not in own)]]


def the_only(texts: pd.Series[Any]) -> str:
    """What all rows say; "" where they do not say the same."""
    found = texts.unique()
    return str(found[0]) if len(found) == 1 else ""


def margin_columns(record: Mapping[Any, Any]) -> list[str]:
    """The by-columns that a row is divided by; one outside them names the result that the row was stacked from."""
    return str(record["margin"]).split(" × ") if record["margin"] else []


def nullable(values: Sequence[Any]) -> Any:
    """A nullable pandas array of labels: Int64, Float64, boolean or text (whole numbers of more than 63 bits too: they are names)."""
    kept = [value for value in values if value is not None]
    if kept and all(isinstance(value, bool) for value in kept):
        return pd.array(list(values), dtype="boolean")
    if kept and all(isinstance(value, int | np.integer) and -(2**63) <= value < 2**63 for value in kept):
        return pd.array(list(values), dtype="Int64")
    if any(isinstance(value, float | np.floating) for value in kept) and all(
        isinstance(value, int | float | np.number) for value in kept
    ):
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


def _same(text: str, rows: int) -> Any:
    """One text for all rows. A file may have a name that is no text: columns of texts take whole characters."""
    return pd.array([for_records(text)] * rows, dtype=STRING)


def _text(values: Any, rows: int) -> Any:
    return pd.array([""] * rows if values is None else [str(value) for value in values], dtype=STRING)


def _rounded(values: Any, rows: int) -> list[int | None]:
    if values is None:
        return [None] * rows
    return [None if value is None or value is pd.NA or np.isnan(value) else round(float(value)) for value in values]
