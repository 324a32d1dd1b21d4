"""Tests as one line of a table: the p-value, the statistic, its degrees of freedom and the estimate, which a result has as rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from fl_estimate.reporting.precision import decimals_of
from fl_estimate.results.codes import CHI_SQUARE, F_STATISTIC, NUMERATOR_DF, P_VALUE, T_STATISTIC, TESTED_ESTIMATE
from fl_estimate.words.numbers import number, spread
from fl_estimate.words.say import say

LEAST = 0.001
"""Below this a p-value is written as "< 0.001"."""
KEYS: tuple[str, ...] = ("statistic", "freedom", "tested")
"""Columns of tests beside the p-value."""
Record = dict[str, Any]


def of_tests(frame: pd.DataFrame) -> bool:
    """Whether a table is of tests."""
    return bool((frame["quantity"] == P_VALUE).any())


def p_words(value: Any, language: str) -> str:
    """A p-value as it is written, to three decimals; empty where there is none."""
    if pd.isna(value):
        return ""
    return f"< {number(LEAST, 3, language)}" if float(value) < LEAST else number(float(value), 3, language)


def tests_of(records: Sequence[Record]) -> list[tuple[int, Record, list[Record]]]:
    """Every test: where its p-value stands, that row, and the rows that follow it up to the next test."""
    starts = [position for position, record in enumerate(records) if record["quantity"] == P_VALUE]
    ends = [*starts[1:], len(records)]
    return [(a, records[a], list(records[a + 1 : b])) for a, b in zip(starts, ends, strict=True)]


def cells_of_test(p_row: Record, rows: Sequence[Record], language: str) -> dict[str, str]:
    """The cells of a test that is printed."""
    by = {str(row["quantity"]): row for row in rows}
    result = {"value": p_words(p_row["value"], language)}
    for quantity in (F_STATISTIC, T_STATISTIC, CHI_SQUARE):
        if quantity in by and not pd.isna(by[quantity]["value"]):
            result["statistic"] = f"{say('quantity', quantity, language)} = {_figure(by[quantity], 'value', language)}"
    parts = [by[NUMERATOR_DF]["value"]] if NUMERATOR_DF in by else []
    parts = [*parts, p_row["df"]]
    result["freedom"] = "; ".join(_freedom(float(part), language) for part in parts if not pd.isna(part))
    tested = by.get(TESTED_ESTIMATE)
    if tested is not None and not pd.isna(tested["value"]):
        result["tested"] = _figure(tested, "value", language)
        lower, upper = (_figure(tested, name, language) for name in ("lower", "upper"))
        result["interval"] = spread(lower, upper, language) if lower and upper else ""
    return result


def _figure(record: Record, name: str, language: str) -> str:
    return "" if pd.isna(record[name]) else number(float(record[name]), max(0, decimals_of(record)[name]), language)


def _freedom(value: float, language: str) -> str:
    return number(value, 0 if value.is_integer() or value >= 100 else 1, language)
