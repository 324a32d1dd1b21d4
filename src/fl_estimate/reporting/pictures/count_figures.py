"""Pictures of the counts of one register: how many people come how often beside what distributions expect, and the ratio plot."""

# pyright: reportUnknownMemberType=false

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from fl_estimate.errors import PublishFault
from fl_estimate.estimators.capture_recapture.count_profile import CountProfile
from fl_estimate.reporting.pictures.drawing import TEXT, WIDTH, axis_numbers, styled
from fl_estimate.reporting.pictures.palette import DEEP, FAINT, PAPER, RULE, SERIES, SOFT
from fl_estimate.words.languages import check_language
from fl_estimate.words.numbers import number
from fl_estimate.words.say import say

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_COUNTS = 20
"""Counts that are drawn; people who come more often are few, and told of in the table."""
HEIGHT = 3.4
STYLES: tuple[tuple[str, Any, str], ...] = (
    (SERIES[1], "-", "o"), (SERIES[2], (0, (6, 2)), "s"), (SERIES[3], (0, (2, 2)), "^"),
)  # fmt: skip
"""Colour, line and mark of each distribution: colour is never the only carrier."""


def plot_counts(profile: CountProfile, *, language: str = "en") -> Figure:
    """Draw the counts of one register, and beside them the ratio plot.

    On the left a bar for each count, and what every distribution fitted expects. On the right (y + 1) f_{y+1}/f_y with its
    limits: level where all people come at one rate, rising where rates differ; a first ratio far below the line of the
    others tells of people with one contact for other reasons.

    Parameters
    ----------
    profile : CountProfile
        From `cr.count_profile`; drawn in full, for the analyst.
    language : {"en", "fr", "es", "es-MX", …}

    Returns
    -------
    matplotlib.figure.Figure
        Counts up to 20.

    Raises
    ------
    PublishFault
        FL-PUB-07: the language; FL-PUB-13: not a count profile.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> from fl_estimate import capture_recapture as cr
    >>> stays = pd.DataFrame({"count": [1, 2, 3, 4, 5], "people": [430, 160, 80, 18, 5]})
    >>> figure = fl.plot_counts(cr.count_profile(stays, frequency="people"))
    """
    check_language(language)
    if not isinstance(profile, CountProfile):  # pyright: ignore[reportUnnecessaryIsInstance] (notebooks are not type-checked)
        raise PublishFault(
            "FL-PUB-13",
            "this cannot be drawn so",
            found=type(profile).__name__,
            fix="a CountProfile of cr.count_profile",
        )
    with styled():
        from fl_estimate.reporting.pictures.picture import Picture

        figure = Picture(figsize=(WIDTH, HEIGHT), facecolor=PAPER)
        _counts(figure.add_axes((0.08, 0.17, 0.40, 0.73)), profile, language)
        _ratios(figure.add_axes((0.57, 0.17, 0.40, 0.73)), profile, language)
    return figure


def _counts(axes: Any, profile: CountProfile, language: str) -> None:
    table = profile.table[profile.table["count"] <= MOST_COUNTS]
    axes.bar(table["count"], table["people"], color=DEEP, width=0.62, zorder=2)
    for name, (color, line, mark) in zip(profile.distributions, STYLES, strict=False):
        axes.plot(table["count"], table[name], color=color, linestyle=line, marker=mark, markersize=3.5, linewidth=1.4,
                  label=say("counts", name, language), zorder=3)  # fmt: skip
    axes.set_xlim(0.4, len(table) + 0.6)
    _dress(axes, say("counts", "people", language), language, 0)
    if profile.distributions:
        axes.legend(fontsize=TEXT - 0.5, frameon=False, loc="upper right")


def _ratios(axes: Any, profile: CountProfile, language: str) -> None:
    table = profile.table[profile.table["count"] <= MOST_COUNTS]
    expected = profile.expected_ratios[profile.expected_ratios["count"] <= MOST_COUNTS]
    there = np.isfinite(table["ratio"].to_numpy(dtype=float))
    kept = cast("pd.DataFrame", table.loc[there])
    for name, (color, line, mark) in zip(profile.distributions, STYLES, strict=False):
        axes.plot(
            expected["count"], expected[name], color=color, linestyle=line, marker=mark, markersize=3.5, linewidth=1.4
        )
    # On the picture a wide interval of few people does not flatten all others.
    tops: list[float] = [*kept["ratio"].tolist(), *(float(expected[name].max()) for name in profile.distributions)]
    high = 1.4 * max([*tops, 0.0]) or 1.0
    rows = cast("list[dict[str, Any]]", kept.to_dict("records"))
    for row in rows:
        axes.plot([row["count"]] * 2, [row["lower"], min(row["upper"], high)], color=DEEP, linewidth=1.6)
        if row["upper"] > high:
            axes.plot([row["count"]], [high], marker="^", color=SOFT, markersize=5, clip_on=False)
    axes.plot(kept["count"], kept["ratio"], "o", color=DEEP, markersize=5.5, markerfacecolor=PAPER, markeredgewidth=1.4)
    axes.set_xlim(0.4, len(table) + 0.6)
    axes.set_ylim(0, high)
    _dress(axes, say("counts", "ratio", language), language, 1)


def _dress(axes: Any, title: str, language: str, decimals: int) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_title(title, color=SOFT, fontsize=TEXT - 0.5, loc="left", pad=4)
    axes.set_xlabel(say("counts", "times", language), color=SOFT, fontsize=TEXT - 0.5, loc="left")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=10))
    axes.xaxis.set_major_formatter(axis_numbers(lambda value: number(value, 0, language)))
    axes.yaxis.set_major_formatter(axis_numbers(lambda value: number(value, decimals, language)))
    axes.tick_params(colors=SOFT, labelsize=TEXT - 0.5, length=3, color=RULE)
    axes.grid(axis="y", color=FAINT, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("right", "top"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(RULE)
