"""Pictures of estimates with their intervals. Figures are made without pyplot: nothing global is opened or changed."""

# pyright: reportUnknownMemberType=false
# matplotlib annotates its own methods in part: what they are given is checked, what they are is not known in full.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from fl_estimate.errors import PublishFault
from fl_estimate.reporting.layout import CAUTION, LaidRow, Layout, layout
from fl_estimate.reporting.pictures.curve_figures import draw_curve, is_curve
from fl_estimate.reporting.pictures.drawing import (
    LETTER,
    ROW,
    TEXT,
    WIDTH,
    axis_numbers,
    styled,
    tick_decimals,
    within,
    wrapped,
)
from fl_estimate.reporting.pictures.palette import BRIGHT, DEEP, FAINT, HATCH, INK, PAPER, RULE, SOFT
from fl_estimate.reporting.pictures.rounds_figures import draw_over_time, is_over_time
from fl_estimate.reporting.pictures.step_figures import draw_change, is_change, labels, spans
from fl_estimate.reporting.publish import draft_of
from fl_estimate.reporting.published_tables import PublishedTable, PublishedTables
from fl_estimate.reporting.suppression import LIMITS, PUBLISHED
from fl_estimate.reporting.truth import Truth
from fl_estimate.results.columns import IDENTIFIED
from fl_estimate.results.estimates import Estimates
from fl_estimate.words.numbers import level_words, number, spread
from fl_estimate.words.say import say

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot(
    estimates: Estimates | PublishedTables | Sequence[Estimates], *, ax: Axes | None = None, language: str = "en"
) -> Figure:
    """Draw estimates with their intervals, a panel for each result; a scenario curve as a curve, steps as a waterfall.

    Estimates are drawn in full, for the analyst; PublishedEstimates as they may be printed.

    Parameters
    ----------
    estimates : Estimates, a sequence of them, or PublishedEstimates
    ax : matplotlib.axes.Axes, optional
        Axes of your own to draw one result in. Labels stand left of them and figures right: leave room for both, or use a
        figure with ``layout="constrained"``.
    language : {"en", "fr", "es", "es-MX", …}

    Returns
    -------
    matplotlib.figure.Figure
        Without pyplot state: show it in a notebook as the last line of a cell, or call its ``savefig``. That of `ax` where
        it is given.

    Raises
    ------
    PublishFault
        FL-PUB-07: a language without words; FL-PUB-24: `ax` with several results.
    """
    if isinstance(estimates, PublishedTables):
        tables = estimates.tables
    else:
        tables = [in_full(each) for each in ([estimates] if isinstance(estimates, Estimates) else list(estimates))]
    return draw(tables, language=language) if ax is None else _draw_in(ax, tables, language)


def _draw_in(axes: Axes, tables: Sequence[PublishedTable], language: str) -> Figure:
    """One table in axes that are given; how large they are is the caller's."""
    if len(tables) != 1:
        raise PublishFault(
            "FL-PUB-24", "axes take one result", found=f"{len(tables)} results", fix="give each axes of its own"
        )
    sheet = layout(tables[0], language)
    with styled():
        _fill(axes, sheet, _drawn(sheet, language), language)
    figure: Any = axes.get_figure(root=True)
    return figure


def draw(tables: Sequence[PublishedTable], *, language: str = "en", truth: Truth | None = None) -> Figure:
    """A forest plot: a panel for each table, a line for each row, withheld rows hatched."""
    return forest([layout(table, language, truth) for table in tables], language)


def forest(layouts: Sequence[Layout], language: str) -> Figure:
    """The same of tables that are laid out already; one of a curve is drawn as such."""
    from fl_estimate.reporting.pictures.picture import Picture

    if len(layouts) == 1 and is_curve(layouts[0]):
        return draw_curve(layouts[0], language)
    if len(layouts) == 1 and is_over_time(layouts[0]):
        return draw_over_time(layouts[0], language)

    titled = len(layouts) > 1
    lines = [_drawn(sheet, language) for sheet in layouts]
    under = [more_lines(_legend(sheet, language)) for sheet in layouts]
    heights = [ROW * len(rows) + (1.0 if titled else 0.75) + room for rows, room in zip(lines, under, strict=True)]
    with styled():
        figure = Picture(figsize=(WIDTH, sum(heights)), facecolor=PAPER)
        top = sum(heights)
        for sheet, rows, height, room in zip(layouts, lines, heights, under, strict=True):
            top -= height
            _panel(figure, sheet, rows, top + room, titled, language)
    return figure


def in_full(result: Estimates, name: str = "estimates") -> PublishedTable:
    """A result as a table in which nothing is withheld, for the analyst's own pictures."""
    table = draft_of(name, result)
    frame = table.frame.assign(
        publication=pd.array([PUBLISHED] * len(table.frame), dtype="string"),
        caution=pd.array([""] * len(table.frame), dtype="string"),
    )
    return replace(table, frame=frame)


@dataclass(frozen=True, kw_only=True)
class _PictureLine:
    """A line of the picture: one row of the table, or the rows of a cell with bounds; `either` has the interval of both."""

    low: LaidRow
    high: LaidRow
    text: str
    either: LaidRow | None = None

    @property
    def bounds(self) -> bool:
        return self.low is not self.high

    @property
    def ends(self) -> tuple[LaidRow, LaidRow]:
        """The rows that have the lower and the upper limit."""
        return (self.low, self.high) if self.either is None else (self.either, self.either)


def _drawn(sheet: Layout, language: str) -> list[_PictureLine]:
    """The lines of the picture with the figures that stand beside them."""
    lines: list[_PictureLine] = []
    named = labels([row.record for row in sheet.rows], [row.label for row in sheet.rows], language)
    for row in (replace(row, label=label) for row, label in zip(sheet.rows, named, strict=True)):
        bound = row.record.get("bound", "")
        if bound == "upper" and lines and lines[-1].low.record.get("bound") == "lower":
            low = lines[-1].low
            lines[-1] = _PictureLine(low=low, high=row, text=_written_bounds(low, row, (low, row), sheet, language))
        elif bound == IDENTIFIED and lines and lines[-1].bounds:
            low, high = lines[-1].low, lines[-1].high
            text = _written_bounds(low, high, (row, row), sheet, language)
            lines[-1] = _PictureLine(low=low, high=high, text=text, either=row)
        else:
            lines.append(_PictureLine(low=row, high=row, text=_written(row)))
    return lines


def _panel(
    figure: Figure, sheet: Layout, lines: list[_PictureLine], bottom: float, titled: bool, language: str
) -> None:
    """One table: labels left, intervals in the middle, the figures as text on the right."""
    total, rows = figure.get_figheight(), len(lines)
    left = _label_room(lines) / WIDTH
    right = (0.25 + 0.076 * max((len(line.text) for line in lines), default=0)) / WIDTH
    axes = figure.add_axes((left, (bottom + 0.5) / total, 1 - left - right, ROW * rows / total))
    _fill(axes, sheet, lines, language)
    if titled:
        axes.set_title(sheet.caption, loc="left", fontsize=TEXT + 1, fontweight="bold", color=INK, pad=8)


def _label_room(lines: list[_PictureLine]) -> float:
    """How wide labels are, in inches."""
    return min(0.40 * WIDTH, 0.35 + 0.078 * max((len(line.low.label) for line in lines), default=0))


def _fill(axes: Axes, sheet: Layout, lines: list[_PictureLine], language: str) -> None:
    """What stands in and beside the axes of one table."""
    axes.set_ylim(len(lines) - 0.5, -0.5)
    shown = [row.record for row in sheet.rows if row.record and not row.withheld and not is_change(row.record)]
    low, high = limits(shown, sheet.scale.factor)
    changes = spans([line.low.record for line in lines])
    axes.set_xlim(low, high)
    beside: dict[str, Any] = {
        "xycoords": ("axes fraction", "data"),
        "textcoords": "offset points",
        "va": "center",
        "ha": "left",
    }
    for position, line in enumerate(lines):
        row = line.low
        if position in changes and not row.withheld:
            draw_change(axes, position, changes[position], row.record, sheet.scale.factor)
        else:
            _line(axes, position, line, sheet.scale.factor, (low, high))
        colour = SOFT if row.withheld else INK
        lead = row.nation or row.heading
        start = -_label_room(lines) * 72 + (10 if lead else 18)
        weight = "bold" if lead else "normal"
        axes.annotate(within(row.label, _label_room(lines) - 0.15), (0, position), xytext=(start, 0), color=colour, weight=weight, annotation_clip=False,
                      **beside)  # fmt: skip
        axes.annotate(line.text, (1, position), xytext=(10, 0), color=colour, weight="bold" if row.nation else "normal",
                      annotation_clip=False, **beside)  # fmt: skip
    _nation_line(axes, sheet)
    dress(axes, _legend(sheet, language), language)


def _line(axes: Axes, position: int, line: _PictureLine, factor: float, span: tuple[float, float]) -> None:
    """The mark of one line: a withheld one is hatched, an upper limit is open, one to be used with caution hollow."""
    row, (low, high) = line.low, span
    if row.heading:
        return
    if row.withheld:
        axes.axhspan(
            position - 0.32, position + 0.32, facecolor=FAINT, edgecolor=RULE, hatch=HATCH, linewidth=0, zorder=0
        )
        return
    if row.nation:
        axes.axhspan(position - 0.5, position + 0.5, facecolor=FAINT, linewidth=0, zorder=0)
    lower, upper = (
        as_float(end.record[name]) * factor for end, name in zip(line.ends, ("lower", "upper"), strict=True)
    )
    if not np.isnan(upper):
        axes.plot(
            [max(lower, low), min(upper, high)], [position, position], color=DEEP, linewidth=1.8 if row.nation else 1.3
        )
        if upper > high:
            axes.plot([high], [position], marker=">", color=DEEP, markersize=5, clip_on=False)
    _mark(axes, position, line, factor, high)
    if row.truth is not None and low <= row.truth * factor <= high:
        axes.plot([row.truth * factor], [position + 0.27], marker="D", markersize=4.6, color=INK, markerfacecolor=BRIGHT,
                  markeredgewidth=0.9, zorder=3)  # fmt: skip


def _mark(axes: Axes, position: int, line: _PictureLine, factor: float, high: float) -> None:
    """The estimate itself: a dot, a bar between bounds, or the tick of an upper limit."""
    row = line.low
    value = as_float(row.record["value"]) * factor
    hollow = bool(row.record["caution"])
    if line.bounds:
        ends = (0.0 if np.isnan(value) else value, as_float(line.high.record["value"]) * factor)
        axes.plot(ends, [position, position], color=DEEP, linewidth=7 if row.nation else 5.5, solid_capstyle="butt")
        if hollow:
            axes.plot(ends, [position, position], color=PAPER, linewidth=2.8, solid_capstyle="butt")
    elif row.record["publication"] in LIMITS:
        at = min(as_float(row.record["upper"]) * factor, high)
        axes.plot([at], [position], marker="|", color=DEEP, markersize=9, markeredgewidth=1.6, clip_on=False)
    elif not np.isnan(value):
        size = 7.5 if row.nation else 6.0
        axes.plot([value], [position], marker="o", markersize=size, color=DEEP, markerfacecolor=PAPER if hollow else DEEP,
                  markeredgewidth=1.4)  # fmt: skip


def _nation_line(axes: Axes, sheet: Layout) -> None:
    """A dashed line at the value of the nation, where the domains can be held against it."""
    nation = [row for row in sheet.rows if row.nation and not row.withheld]
    if len(nation) == 1 and len(sheet.rows) > 1 and sheet.scale.unit != "total":
        value = as_float(nation[0].record["value"]) * sheet.scale.factor
        if not np.isnan(value):
            axes.axvline(value, color=SOFT, linewidth=0.9, linestyle=(0, (4, 3)), zorder=0.5)


def _legend(sheet: Layout, language: str) -> str:
    """What stands under the axis: the unit, what a line is, and the mark of the truth."""
    bounded = any(row.record.get("bound") == "upper" for row in sheet.rows)
    level = level_words(sheet.level, language)
    parts = [
        sheet.scale.head(language),
        say("head", "legend.bounds", language, level=level) if bounded else sheet.legend,
    ]
    if any(row.truth is not None for row in sheet.rows):
        parts.append(truth_mark(language))
    return " · ".join(parts)


def more_lines(legend: str) -> float:
    """The room under an axis, in inches, that a legend takes for its second line and those after it."""
    return 0.17 * _legend_lines(legend).count("\n")


def _legend_lines(legend: str) -> str:
    return wrapped(legend, int((WIDTH - 0.3) / LETTER))


def truth_mark(language: str) -> str:
    """The mark of the true value with its name."""
    return f"◆ {say('head', 'truth', language).lower()}"


def dress(axes: Axes, legend: str, language: str) -> None:
    """Axis with numbers written as the language writes them, grid, and the words under it."""
    from matplotlib.ticker import MaxNLocator

    locator = MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10])
    axes.xaxis.set_major_locator(locator)
    decimals = tick_decimals(locator.tick_values(*axes.get_xlim()))
    axes.xaxis.set_major_formatter(axis_numbers(lambda value: number(value, decimals, language)))
    axes.set_yticks([])
    axes.tick_params(axis="x", colors=SOFT, labelsize=TEXT - 0.5, length=3, color=RULE)
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(RULE)
    axes.grid(axis="x", color=RULE, linewidth=0.5, alpha=0.7)
    axes.set_axisbelow(True)
    # From the left end of the axis, or as far before it as the words need to end on the sheet.
    box = axes.get_position()
    words = _legend_lines(legend)
    longest = max(map(len, words.split("\n"))) * LETTER
    over = max(0.0, longest - (WIDTH * (1 - box.x0) - 0.1)) / (WIDTH * box.width)
    axes.set_xlabel(words, color=SOFT, fontsize=TEXT - 0.5, loc="left")
    if over:
        axes.xaxis.label.set_x(-over)


def limits(shown: Sequence[Mapping[str, Any]], factor: float, others: Sequence[float] = ()) -> tuple[float, float]:
    """The span of the axis: all intervals but those of zero cases, which may run out of it with an arrow."""
    solid = [record for record in shown if record["publication"] not in LIMITS] or shown
    reach = [as_float(record[name]) * factor for record in solid for name in ("lower", "upper", "value")]
    known = [value for value in (*reach, *others) if np.isfinite(value)]
    if not known:
        return 0.0, 1.0
    low, high = min(0.0, *known), max(known)
    if min(known) > 0.6 * high:  # a mean far from 0: a line from 0 would hide every difference
        low = min(known) - 0.1 * (high - min(known))
    return (low * 1.04 if low < 0 else low), high + 0.04 * ((high - low) or 1.0)


def _written(row: LaidRow) -> str:
    """The figure beside the line: the value with its interval, or what stands in its place."""
    if row.heading:
        return ""
    value, interval = row.cells["value"], row.cells["interval"]
    return value if row.withheld or row.record["publication"] in LIMITS else f"{value} ({interval})"


def _written_bounds(low: LaidRow, high: LaidRow, ends: tuple[LaidRow, LaidRow], sheet: Layout, language: str) -> str:
    """Both bounds, then the lower limit of the one and the upper limit of the other of `ends`."""
    if low.withheld:
        return low.cells["value"]
    first, last, bottom, top = (
        sheet.scale.figure(record, name, language)
        for record, name in (
            (low.record, "value"),
            (high.record, "value"),
            (ends[0].record, "lower"),
            (ends[1].record, "upper"),
        )
    )
    first = first or sheet.scale.write(0.0, language)
    flag = f"\u2009{CAUTION}" if low.record["caution"] or high.record["caution"] else ""
    return f"{say('head', 'range', language, lower=first, upper=last)}{flag} ({spread(bottom, top, language)})"


def as_float(value: Any) -> float:
    """A number, NaN where it is missing."""
    return float("nan") if pd.isna(value) else float(value)
