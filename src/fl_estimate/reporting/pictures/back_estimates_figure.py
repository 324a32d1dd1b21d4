"""The picture of back-estimates: every group of known size beside what scale-up makes of it from the others."""

# pyright: reportUnknownMemberType=false

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fl_estimate.errors import PublishFault
from fl_estimate.estimators.hidden.network.back_estimates import KNOWN_SIZES
from fl_estimate.reporting.pictures.drawing import ROW, TEXT, WIDTH, axis_numbers, styled
from fl_estimate.reporting.pictures.palette import DEEP, FAINT, PAPER, RULE, SERIES, SOFT
from fl_estimate.results.estimates import Estimates
from fl_estimate.words.languages import check_language
from fl_estimate.words.numbers import number, percent
from fl_estimate.words.say import say

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LETTERS = 0.0085
"""Part of the width that a letter of a group's name takes."""
EDGES = 1.1
"""Inches above and below the rows."""


def plot_back_estimates(estimates: Estimates, *, language: str = "en") -> Figure:
    """Draw what scale-up makes of each group of known size, beside its size: the larger the group, the higher it stands.

    Points to the right of the known sizes below and to the left above say that large groups are not remembered; a single group far
    off that its size is wrong or that it is not recognised.

    Parameters
    ----------
    estimates : Estimates
        Of `fl.hidden.back_estimates`; drawn in full, for the analyst.
    language : {"en", "fr", "es", "es-MX", …}

    Returns
    -------
    matplotlib.figure.Figure
        Sizes on a logarithmic axis, in persons; intervals are those of `estimates`.

    Raises
    ------
    PublishFault
        FL-PUB-07 (language), FL-PUB-13 (not back-estimates).

    Examples
    --------
    >>> import fl_estimate as fl
    >>> drawn = fl.hidden.simulate_scale_up(respondents=500, seed=1)
    >>> back = fl.hidden.back_estimates(drawn.people, known=drawn.known, population=drawn.population, design=drawn.design)
    >>> figure = fl.plot_back_estimates(back)
    """
    check_language(language)
    table = _table(estimates)
    level = percent(float(estimates.frame["level"].iloc[0]), 0, language)
    left = min(0.04 + LETTERS * max(len(name) for name in table["outcome"]), 0.45)
    height = EDGES + ROW * len(table)
    with styled():
        from fl_estimate.reporting.pictures.picture import Picture

        figure = Picture(figsize=(WIDTH, height), facecolor=PAPER)
        axes: Any = figure.add_axes((left, 0.55 / height, 0.96 - left, 1 - EDGES / height))
        at = np.arange(len(table))
        value, lower, upper, known = (
            table[name].to_numpy(dtype=float) for name in ("value", "lower", "upper", "known")
        )
        for row, low, high in zip(at, lower, upper, strict=True):
            if np.isfinite(low) and low > 0:
                axes.plot([low, high], [row, row], color=DEEP, linewidth=1.8, solid_capstyle="butt", zorder=2)
        met = value > 0
        axes.plot(value[met], at[met], "o", color=DEEP, markersize=5.5, zorder=3,
                  label=say("back_estimates", "estimate", language, level=level))  # fmt: skip
        axes.plot(known, at, linestyle="none", marker="D", color=SERIES[1], markerfacecolor="none", markeredgewidth=1.5, markersize=6,
                  zorder=4, label=say("back_estimates", "known", language))  # fmt: skip
        _dress(axes, table, language)
        figure.legend(*axes.get_legend_handles_labels(), loc="upper left", bbox_to_anchor=(left - 0.01, 1.0), ncol=2,
                      fontsize=TEXT - 0.5, frameon=False)  # fmt: skip
    return figure


def _table(estimates: Any) -> Any:
    """Groups by size, the smallest first: it stands lowest."""
    known = estimates.diagnostics.get(KNOWN_SIZES) if isinstance(estimates, Estimates) else None
    if known is None:
        raise PublishFault(
            "FL-PUB-13", "this picture is of back-estimates", found=type(estimates).__name__,
            fix="give what fl.hidden.back_estimates returns",
        )  # fmt: skip
    frame = estimates.frame.assign(known=[known[name] for name in estimates.frame["outcome"]])
    return frame.sort_values("known", kind="stable").reset_index(drop=True)


def _dress(axes: Any, table: Any, language: str) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter

    axes.set_xscale("log")
    low, high = axes.get_xlim()
    # A decade holds one or two labels: where all lies within less than two, more of them are written.
    few = high / low < 100
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if few else (1.0,), numticks=12))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(axis_numbers(lambda value: number(value, 0, language)))
    axes.set_xlabel(say("back_estimates", "persons", language), color=SOFT, fontsize=TEXT - 0.5, loc="left")
    axes.set_yticks(range(len(table)), [str(name) for name in table["outcome"]])
    axes.set_ylim(-0.7, len(table) - 0.3)
    axes.tick_params(colors=SOFT, labelsize=TEXT - 0.5, length=3, color=RULE)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="both", color=FAINT, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("right", "top", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(RULE)
