"""The waterfall of an adjustment: a bar from the figure before a step to that after it, between the figures themselves."""

# pyright: reportUnknownMemberType=false
# matplotlib annotates its own methods in part: what they are given is checked, what they are is not known in full.

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from fl_estimate.reporting.pictures.palette import DEEP, RULE, SERIES, SOFT
from fl_estimate.results.codes import STEP_CHANGE, STEP_PREVALENCE
from fl_estimate.words.say import opening, say

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Record = Mapping[str, Any]


def is_change(record: Record) -> bool:
    """Whether a row says what a step changed."""
    return bool(record) and str(record["quantity"]) == STEP_CHANGE


def spans(records: Sequence[Record]) -> dict[int, tuple[float, float]]:
    """From where to where each change goes, by its place: the figures of the rows before and after it; NaN where one is withheld."""
    result: dict[int, tuple[float, float]] = {}
    for position, record in enumerate(records):
        if is_change(record):
            ends = [_level(records, position + way, record) for way in (-1, 1)]
            result[position] = ends[0], ends[1]
    return result


def _level(records: Sequence[Record], position: int, change: Record) -> float:
    there = 0 <= position < len(records) and bool(records[position])
    if (
        not there
        or str(records[position]["quantity"]) != STEP_PREVALENCE
        or records[position]["margin"] != change["margin"]
    ):
        return math.nan
    value = records[position]["value"]
    return math.nan if pd.isna(value) else float(value)


def labels(records: Sequence[Record], given: Sequence[str], language: str) -> list[str]:
    """The labels of lines: of steps each domain is named once, and what a change is of stands above and below it."""
    out: list[str] = []
    before: tuple[Any, ...] | None = None
    for record, label in zip(records, given, strict=True):
        domain, _, term = label.partition(" (")
        of = (str(record["margin"]), domain) if record else None
        if record and is_change(record):
            label = f"→ {say('picture', 'curve.changed', language)}"
        elif record and str(record["quantity"]) == STEP_PREVALENCE and term and of == before:
            label = opening(term.removesuffix(")"))
        out.append(label)
        before = of
    return out


def draw_change(axes: Axes, position: int, span: tuple[float, float], record: Record, factor: float) -> None:
    """One bar, its head at the figure after the step, with the error of the change as a thin line, and what joins it to both figures.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    place : int
        Its line.
    span : tuple of float
        As `spans` has it, in natural units.
    record : mapping
        The row.
    factor : float
        From natural to printed units.
    """
    start, stop = (end * factor for end in span)
    if math.isnan(start) or math.isnan(stop):
        return
    for at, to in ((start, position - 1), (stop, position + 1)):
        axes.plot([at, at], [position, to], color=RULE, linewidth=0.9, zorder=0.4)
    rises = stop >= start
    axes.plot(
        [start, stop], [position, position], color=SERIES[1] if rises else SOFT, linewidth=6.5, solid_capstyle="butt"
    )
    axes.plot([stop], [position], marker=">" if rises else "<", color=DEEP, markersize=6, markeredgewidth=0)
    lower, upper = (record[name] for name in ("lower", "upper"))
    if not (pd.isna(lower) or pd.isna(upper)):
        axes.plot([start + lower * factor, start + upper * factor], [position, position], color=DEEP, linewidth=1.0)
