"""Pictures of rounds: a panel for each domain, time along the axis, the same scale in all, and an interval at each round."""

# pyright: reportUnknownMemberType=false
# matplotlib annotates its own methods in part: what they are given is checked, what they are is not known in full.

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from fl_estimate.reporting.labelling import time_words
from fl_estimate.reporting.layout import LaidRow, Layout
from fl_estimate.reporting.pictures.drawing import LETTER, TEXT, WIDTH, axis_numbers, styled, tick_decimals, wrapped
from fl_estimate.reporting.pictures.palette import BRIGHT, DEEP, FAINT, HATCH, INK, PAPER, RULE, SOFT
from fl_estimate.reporting.suppression import LIMITS
from fl_estimate.results.columns import IDENTIFIED
from fl_estimate.results.recipe import Period
from fl_estimate.words.numbers import level_words, number
from fl_estimate.words.say import say

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 4
MOST = 60
"""Panels of one picture; of more the rows are drawn one under another, as those of any table."""
HEIGHT, HEAD, TITLE, UNDER, BETWEEN = 1.30, 0.56, 0.32, 0.62, 0.30
"""Of a panel, of what stands above a row of them with a heading and without, of what stands under the last, and between two; in inches."""
LEFT, RIGHT = 0.55, 0.12


@dataclass(kw_only=True)
class _Panel:
    """The rows of one domain over all rounds, with the heading that they stand under."""

    title: str
    heading: str
    nation: bool
    rows: list[LaidRow] = field(default_factory=list[LaidRow])


def is_over_time(sheet: Layout) -> bool:
    """Whether a table has several rounds, each domain once in each, and no more domains than one picture holds."""
    records = [row.record for row in sheet.rows if row.record]
    if len({str(record.get("period", "")) for record in records}) < 2 or any(
        not record.get("period") for record in records
    ):
        return False
    if any(str(record.get("method")) != str(records[0].get("method")) for record in records):
        return False
    panels = _panels(sheet)
    once = all(len({_place(row) for row in panel.rows}) == len(panel.rows) for panel in panels)
    return once and 1 <= len(panels) <= MOST


def _place(row: LaidRow) -> tuple[str, str]:
    return str(row.record["period"]), str(row.record["bound"])


def _panels(sheet: Layout) -> list[_Panel]:
    """A panel for each domain, in the order of the table; its title is the label of its rows without the time."""
    panels: dict[tuple[str, str], _Panel] = {}
    heading = ""
    for row in sheet.rows:
        if row.heading:
            heading = row.label
            continue
        title = _without_time(row, sheet.language)
        of = "" if row.nation else heading
        panel = panels.setdefault((of, title), _Panel(title=title, heading=of, nation=row.nation))
        panel.rows.append(row)
    return list(panels.values())


def _without_time(row: LaidRow, language: str) -> str:
    when = time_words(str(row.record["period"]), language)
    head, found, tail = row.label.rpartition(when)
    return f"{head.rstrip(', ')}{tail}" if found else row.label


def draw_over_time(sheet: Layout, language: str) -> Figure:
    """One table over its rounds."""
    from fl_estimate.reporting.pictures.picture import Picture

    lines = _lines(_panels(sheet))
    times = _times(sheet)
    legend = wrapped(_legend(sheet, language), int((WIDTH - 0.3) / LETTER))
    below = UNDER + 0.17 * legend.count("\n")
    headed = [at == 0 or line[0].heading != lines[at - 1][0].heading for at, line in enumerate(lines)]
    heads = [HEAD if line[0].heading and first else TITLE for line, first in zip(lines, headed, strict=True)]
    heights = [HEIGHT + head + (BETWEEN if at < len(lines) - 1 else 0.0) for at, head in enumerate(heads)]
    whole = sum(heights) + below
    with styled():
        figure = Picture(figsize=(WIDTH, whole), facecolor=PAPER)
        top = whole
        for line, head, height in zip(lines, heads, heights, strict=True):
            _row_of_panels(figure, line, (top - head - HEIGHT) / whole, whole, sheet, times, language)
            if head == HEAD:
                y = (top - head + 0.34) / whole
                figure.text(
                    (LEFT + 0.05) / WIDTH,
                    y,
                    line[0].heading,
                    color=SOFT,
                    fontsize=TEXT,
                    weight="bold",
                    va="bottom",
                    ha="left",
                )
            top -= height
        figure.text(0.1 / WIDTH, 0.12 / whole, legend, color=SOFT, fontsize=TEXT - 0.5, va="bottom", ha="left")
    return figure


def _lines(panels: Sequence[_Panel]) -> list[list[_Panel]]:
    """Panels in rows of the sheet, a new one for each heading."""
    lines: list[list[_Panel]] = []
    for panel in panels:
        if not lines or len(lines[-1]) == COLUMNS or lines[-1][0].heading != panel.heading:
            lines.append([])
        lines[-1].append(panel)
    return lines


def _times(sheet: Layout) -> dict[str, float]:
    """Where each round stands along the axis: the middle of its days in years; in their order where days are not known."""
    texts = list(dict.fromkeys(str(row.record["period"]) for row in sheet.rows if row.record))
    middles = [_middle(Period(text)) for text in texts]
    known = [middle for middle in middles if middle is not None]
    if len(known) < len(texts) or len(set(known)) < len(known):
        return {text: float(at) for at, text in enumerate(texts)}
    return dict(zip(texts, known, strict=True))


def _middle(period: Period) -> float | None:
    if period.first is None or period.last is None:
        return None
    return (period.first.toordinal() + period.last.toordinal() + 1) / 2 / 365.25


def _row_of_panels(
    figure: Figure,
    line: Sequence[_Panel],
    bottom: float,
    whole: float,
    sheet: Layout,
    times: Mapping[str, float],
    language: str,
) -> None:
    width = (WIDTH - LEFT - RIGHT) / COLUMNS
    span = _span(sheet, nation=line[0].nation)
    for at, panel in enumerate(line):
        axes = figure.add_axes(((LEFT + at * width + 0.05) / WIDTH, bottom, (width - 0.22) / WIDTH, HEIGHT / whole))
        _fill(axes, panel, sheet.scale.factor, times, span)
        _dress(axes, panel, times, span, language, labelled=at == 0)


def _span(sheet: Layout, *, nation: bool) -> tuple[float, float]:
    """The axis of values: one for all panels, but that numbers of persons of the nation have their own."""
    apart = sheet.scale.unit == "total"
    rows = [row for row in sheet.rows if row.record and not row.withheld and (not apart or row.nation == nation)]
    solid = [row for row in rows if row.record["publication"] not in LIMITS] or rows
    reach = [_float(row.record[name]) * sheet.scale.factor for row in solid for name in ("lower", "upper", "value")]
    known = [value for value in reach if math.isfinite(value)]
    if not known:
        return 0.0, 1.0
    return min(0.0, *known), 1.06 * max(known) or 1.0


def _fill(axes: Axes, panel: _Panel, factor: float, times: Mapping[str, float], span: tuple[float, float]) -> None:
    step = _step(times)
    points: list[tuple[float, float]] = []
    lows: dict[str, LaidRow] = {}
    for row in panel.rows:
        at, record = times[str(row.record["period"])], row.record
        if row.withheld:
            points.append((at, math.nan))
            axes.axvspan(
                at - 0.18 * step, at + 0.18 * step, facecolor=FAINT, edgecolor=RULE, hatch=HATCH, linewidth=0, zorder=0
            )
            continue
        if record["bound"] == "lower":
            lows[str(record["period"])] = row
        lower, upper = (_float(record[name]) * factor for name in ("lower", "upper"))
        if math.isfinite(upper) and record["bound"] != "lower":
            low = lows.get(str(record["period"]))
            start = lower if low is None or record["bound"] == IDENTIFIED else _float(low.record["lower"]) * factor
            axes.plot(
                [at, at],
                [max(start, span[0]) if math.isfinite(start) else span[0], min(upper, span[1])],
                color=DEEP,
                linewidth=1.3,
            )
            if upper > span[1]:
                axes.plot([at], [span[1]], marker="^", color=DEEP, markersize=5, clip_on=False)
        _mark(axes, at, row, lows.get(str(record["period"])), factor, span)
        value = _float(record["value"]) * factor
        if not record["bound"]:
            points.append((at, value))
        if row.truth is not None and span[0] <= row.truth * factor <= span[1]:
            axes.plot([at + 0.14 * step], [row.truth * factor], marker="D", markersize=4.6, color=INK, markerfacecolor=BRIGHT,
                      markeredgewidth=0.9, zorder=3)  # fmt: skip
    # Rounds are joined for the eye; where one has no figure the line is broken, and says nothing of it.
    axes.plot([x for x, _ in points], [y for _, y in points], color=DEEP, linewidth=0.8, alpha=0.45, zorder=1)


def _mark(axes: Axes, at: float, row: LaidRow, low: LaidRow | None, factor: float, span: tuple[float, float]) -> None:
    """The estimate itself: a dot, a bar between bounds, or the tick of an upper limit."""
    record = row.record
    value = _float(record["value"]) * factor
    if record["publication"] in LIMITS:
        axes.plot(
            [at],
            [min(_float(record["upper"]) * factor, span[1])],
            marker="_",
            color=DEEP,
            markersize=10,
            markeredgewidth=1.6,
            clip_on=False,
        )
    elif record["bound"] == "upper" and low is not None and math.isfinite(value):
        first = _float(low.record["value"]) * factor
        axes.plot(
            [at, at], [0.0 if math.isnan(first) else first, value], color=DEEP, linewidth=5.0, solid_capstyle="butt"
        )
    elif math.isfinite(value) and record["bound"] not in ("lower", IDENTIFIED):
        axes.plot([at], [value], marker="o", markersize=5.5, color=DEEP, markerfacecolor=PAPER if record["caution"] else DEEP,
                  markeredgewidth=1.4, zorder=2)  # fmt: skip


def _dress(
    axes: Axes, panel: _Panel, times: Mapping[str, float], span: tuple[float, float], language: str, *, labelled: bool
) -> None:
    from matplotlib.ticker import MaxNLocator

    step = _step(times)
    axes.set_xlim(min(times.values()) - 0.45 * step, max(times.values()) + 0.45 * step)
    axes.set_ylim(*span)
    locator = MaxNLocator(nbins=4, steps=[1, 2, 2.5, 5, 10])
    axes.yaxis.set_major_locator(locator)
    decimals = tick_decimals(locator.tick_values(*span))
    axes.yaxis.set_major_formatter(axis_numbers(lambda value: number(value, decimals, language)))
    axes.tick_params(axis="y", colors=SOFT, labelsize=TEXT - 1.5, length=0, labelleft=labelled)
    words = _names(times, language)
    axes.set_xticks(list(times.values()), _thinned(words))
    axes.tick_params(axis="x", colors=SOFT, labelsize=TEXT - 1.5, length=3, color=RULE)
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(RULE)
    axes.grid(axis="y", color=RULE, linewidth=0.5, alpha=0.7)
    axes.set_axisbelow(True)
    axes.set_title(
        wrapped(panel.title, 26),
        loc="left",
        fontsize=TEXT,
        color=INK,
        pad=5,
        weight="bold" if panel.nation else "normal",
    )


def _names(times: Mapping[str, float], language: str) -> list[str]:
    """What rounds are called along the axis: the year that they end in, where no two end in one, else their time in words."""
    ends = [Period(text).last for text in times]
    years = [str(end.year) for end in ends if end is not None]
    if len(set(years)) == len(times):
        return years
    return [wrapped(time_words(text, language), 12) for text in times]


def _thinned(words: Sequence[str]) -> list[str]:
    """Labels along the axis, some left out where they would run into each other; the first and the last stay."""
    longest = max((len(part) for text in words for part in text.split("\n")), default=1)
    room = (WIDTH - LEFT - RIGHT) / COLUMNS - 0.3
    every = max(1, math.ceil(len(words) * (longest + 1.5) * LETTER / room))
    last = len(words) - 1
    return [text if (last - at) % every == 0 else "" for at, text in enumerate(words)]


def _step(times: Mapping[str, float]) -> float:
    """The least time between two rounds."""
    places = sorted(times.values())
    return min((b - a for a, b in itertools.pairwise(places)), default=1.0)


def _legend(sheet: Layout, language: str) -> str:
    bounded = any(row.record.get("bound") == "upper" for row in sheet.rows)
    level = level_words(sheet.level, language)
    parts = [
        sheet.scale.head(language),
        say("head", "legend.bounds", language, level=level) if bounded else sheet.legend,
    ]
    if any(row.truth is not None for row in sheet.rows):
        parts.append(f"◆ {say('head', 'truth', language).lower()}")
    return " · ".join(parts)


def _float(value: Any) -> float:
    return math.nan if pd.isna(value) else float(value)
