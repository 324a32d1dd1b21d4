"""Pictures of scenario curves: a figure over a stated departure, with its interval as a band and its ends apart."""

# pyright: reportUnknownMemberType=false
# matplotlib annotates its own methods in part: what they are given is checked, what they are is not known in full.

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from fl_estimate.estimators.sensitivity.delta_curve import odds_of
from fl_estimate.reporting.layout import Layout
from fl_estimate.reporting.pictures.drawing import LETTER, TEXT, WIDTH, axis_numbers, styled, wrapped
from fl_estimate.reporting.pictures.palette import FAINT, INK, PAPER, RULE, SERIES, SOFT
from fl_estimate.results.codes import SCENARIO_PREVALENCE, SCENARIO_TOTAL, UNDERCOVERAGE_PREVALENCE, UNDERCOVERAGE_TOTAL
from fl_estimate.words.numbers import level_words, number
from fl_estimate.words.say import say

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHIFTED: frozenset[str] = frozenset({SCENARIO_PREVALENCE, SCENARIO_TOTAL})
CURVES: frozenset[str] = SHIFTED | {UNDERCOVERAGE_PREVALENCE, UNDERCOVERAGE_TOTAL}
STYLES: tuple[Any, ...] = ("-", (0, (6, 2)), (0, (2, 2)), (0, (6, 2, 1, 2)))
BAND = 0.11
"""How dense a band is: several lie on each other."""
APART = 1.3
"""How far the ends of a curve, at odds of 0 and infinity, stand from its last points, in doublings."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line: what it is called, where its points stand on the axis, and what they say, in printed units."""

    label: str
    odds: Any
    value: Any
    lower: Any
    upper: Any


def is_curve(sheet: Layout) -> bool:
    """Whether a table is of curves that go into one picture: one quantity, at most as many lines as can be told apart."""
    records = [row.record for row in sheet.rows if row.record]
    if not records or not {str(record["quantity"]) for record in records} <= CURVES:
        return False
    if any(math.isnan(odds_of(str(record["term"]))) for record in records):
        return False
    lines = lines_of(sheet)
    return 1 <= len(lines) <= len(STYLES) and any(np.isfinite(line.value).sum() > 1 for line in lines)


def lines_of(sheet: Layout) -> list[Line]:
    """The lines of a table in its order; withheld points are gaps."""
    groups: dict[str, list[Any]] = {}
    for row in sheet.rows:
        if row.record:
            name, _, _ = row.label.rpartition(" (")
            groups.setdefault(name or row.label, []).append(row)
    return [_line(name, rows, sheet.scale.factor) for name, rows in groups.items()]


def _line(label: str, rows: Sequence[Any], factor: float) -> Line:
    ordered = sorted(rows, key=lambda row: odds_of(str(row.record["term"])))

    def column(name: str) -> Any:
        return np.array([_float(row.record[name]) * factor for row in ordered])

    return Line(
        label=label, odds=np.array([odds_of(str(row.record["term"])) for row in ordered]), value=column("value"),
        lower=column("lower"), upper=column("upper"),
    )  # fmt: skip


def draw_curve(sheet: Layout, language: str) -> Figure:
    """The lines of one table over the odds, or over the prevalence outside the frame."""
    from fl_estimate.reporting.pictures.picture import Picture

    lines = lines_of(sheet)
    longest = max((len(line.label) for line in lines), default=0) if len(lines) > 1 else 0
    right = min(0.36, (0.15 + 0.078 * longest) / WIDTH) if longest else 0.02
    with styled():
        figure = Picture(figsize=(WIDTH, 3.9), facecolor=PAPER)
        axes = figure.add_axes((0.085, 0.21, 0.9 - right, 0.68))
        records = [row.record for row in sheet.rows if row.record]
        logarithmic = {str(record["quantity"]) for record in records} <= SHIFTED
        ends: list[tuple[float, str, str]] = []
        for rank, line in reversed(list(enumerate(lines))):
            (_over_odds if logarithmic else _over_relative)(axes, rank, line)
            known = line.value[np.isfinite(line.value)]
            if longest and len(known):
                ends.append((float(known[-1]), line.label, SERIES[rank]))
        odds = np.unique(np.concatenate([line.odds for line in lines]))
        (_odds_axis if logarithmic else _relative_axis)(axes, odds, language)
        top = max((float(np.nanmax([*line.upper, *line.value, 0.0])) for line in lines), default=1.0)
        axes.set_ylim(0, 1.06 * (top or 1.0))
        if longest:
            _names(axes, ends)
        _dress(axes, sheet, "odds" if logarithmic else "relative", language)
    return figure


def _over_odds(axes: Axes, rank: int, line: Line) -> None:
    """A line over the logarithm of the odds; its ends, at 0 and infinity, stand apart and are joined by dots."""
    inner = np.isfinite(line.odds) & (line.odds > 0)
    at = positions(line.odds, line.odds[inner])
    color = SERIES[rank]
    axes.fill_between(at[inner], line.lower[inner], line.upper[inner], color=color, alpha=BAND, linewidth=0)
    axes.plot(
        at[inner], line.value[inner], color=color, linewidth=1.9, linestyle=STYLES[rank], marker="o", markersize=4
    )
    for end in np.flatnonzero(~inner):
        near = np.flatnonzero(inner)[0 if line.odds[end] == 0 else -1]
        axes.plot(at[[end, near]], line.value[[end, near]], color=color, linewidth=1.0, linestyle=":")
        axes.plot([at[end]] * 2, [line.lower[end], line.upper[end]], color=color, linewidth=1.2)
        axes.plot([at[end]], [line.value[end]], color=color, marker="D", markersize=5, markerfacecolor=PAPER)


def positions(odds: Any, inner: Any) -> Any:
    """Where points stand on an axis of doublings."""
    first, last = float(np.log2(inner.min())), float(np.log2(inner.max()))
    with np.errstate(divide="ignore"):
        logs = np.log2(odds)
    return np.where(odds == 0, first - APART, np.where(np.isinf(odds), last + APART, logs))


def _over_relative(axes: Axes, rank: int, line: Line) -> None:
    color = SERIES[rank]
    axes.fill_between(line.odds, line.lower, line.upper, color=color, alpha=BAND, linewidth=0)
    axes.plot(line.odds, line.value, color=color, linewidth=1.9, linestyle=STYLES[rank], marker="o", markersize=4)


def _odds_axis(axes: Axes, odds: Any, language: str) -> None:
    inner = odds[np.isfinite(odds) & (odds > 0)]
    ticks = positions(odds, inner)
    axes.set_xticks(ticks, [_word("none", language) if each == 0 else _tick(float(each), language) for each in odds])
    axes.set_xlim(float(ticks.min()) - 0.35, float(ticks.max()) + 0.35)
    axes.axvline(0.0, color=SOFT, linewidth=0.9, linestyle=(0, (4, 3)), zorder=0.5)
    axes.annotate(
        _word("at_random", language), (0.0, 1.0), (4, -2), xycoords=("data", "axes fraction"),
        textcoords="offset points", va="top", color=SOFT, fontsize=TEXT - 0.5,
    )  # fmt: skip
    for odd, start, stop in ((0.0, -np.inf, inner.min()), (np.inf, inner.max(), np.inf)):
        if odd in odds:
            low = float(ticks.min()) - 0.35 if start == -np.inf else float(np.log2(start)) + APART / 2
            high = float(ticks.max()) + 0.35 if stop == np.inf else float(np.log2(stop)) - APART / 2
            axes.axvspan(low, high, facecolor=FAINT, linewidth=0, zorder=0)


def _relative_axis(axes: Axes, odds: Any, language: str) -> None:
    axes.set_xticks(odds, [_tick(float(each), language) for each in odds])
    axes.set_xlim(float(odds.min()), float(odds.max()) * 1.02)
    axes.axvline(1.0, color=SOFT, linewidth=0.9, linestyle=(0, (4, 3)), zorder=0.5)


def _tick(odds: float, language: str) -> str:
    if math.isinf(odds):
        return _word("all", language)
    text = f"{odds:.12g}"
    return f"×{number(odds, len(text.partition('.')[2]), language)}"


def _names(axes: Axes, ends: list[tuple[float, str, str]]) -> None:
    """Names at the right of the lines, moved apart where they would lie on each other."""
    low, high = axes.get_ylim()
    apart, before = 0.07 * (high - low), -math.inf
    for value, label, color in sorted(ends):
        before = max(value, before + apart)
        axes.annotate(label, (1.01, before), xycoords=("axes fraction", "data"), va="center", color=color,
                      fontsize=TEXT, annotation_clip=False)  # fmt: skip


def _dress(axes: Axes, sheet: Layout, under: str, language: str) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]))
    step = float(np.diff(axes.get_yticks())[0]) if len(axes.get_yticks()) > 1 else 1.0
    decimals = next((d for d in range(7) if abs(step * 10**d - round(step * 10**d)) < 1e-9), 6)
    axes.yaxis.set_major_formatter(axis_numbers(lambda value: number(value, decimals, language)))
    band = _word("band", language, level=level_words(sheet.level, language))
    words = wrapped(f"{_word(under, language)} · {band}", int((WIDTH - 1.0) / LETTER))
    axes.set_xlabel(words, color=SOFT, fontsize=TEXT - 0.5, loc="left")
    axes.set_title(sheet.scale.head(language), color=SOFT, fontsize=TEXT - 0.5, loc="left", pad=4)
    axes.tick_params(colors=INK, labelsize=TEXT - 0.5, length=3, color=RULE)
    axes.grid(axis="y", color=RULE, linewidth=0.5, alpha=0.7)
    axes.set_axisbelow(True)
    for side in ("right", "top"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(RULE)


def _word(code: str, language: str, **parameters: str) -> str:
    return say("picture", f"curve.{code}", language, **parameters)


def _float(value: Any) -> float:
    return float("nan") if pd.isna(value) else float(value)
