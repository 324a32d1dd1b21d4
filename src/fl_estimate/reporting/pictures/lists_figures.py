"""Pictures of case lists: how they overlap, every method with its interval, and what dependence would do to the number."""

# pyright: reportUnknownMemberType=false
# matplotlib annotates its own methods in part: what they are given is checked, what they are is not known in full.

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from fl_estimate.errors import PublishFault
from fl_estimate.estimators.capture_recapture.appraisal import Appraisal
from fl_estimate.inputs.histories import CaptureHistories
from fl_estimate.reporting.appraisals import PublishedAppraisal, in_full
from fl_estimate.reporting.pictures.drawing import TEXT, WIDTH, axis_numbers, styled, wrapped
from fl_estimate.reporting.pictures.figures import dress
from fl_estimate.reporting.pictures.palette import DEEP, FAINT, INK, PAPER, RULE, SERIES, SOFT
from fl_estimate.words.languages import check_language
from fl_estimate.words.numbers import number
from fl_estimate.words.say import say

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_HISTORIES = 30
ROW = 0.34
STYLES: tuple[Any, ...] = ("-", (0, (6, 2)), (0, (2, 2)), (0, (6, 2, 1, 2)))


def plot_overlaps(lists: CaptureHistories | PublishedAppraisal, *, language: str = "en") -> Figure:
    """Draw how lists overlap: a bar for each history that occurred, and dots for the lists in it.

    Parameters
    ----------
    lists : CaptureHistories or PublishedAppraisal
        Histories are drawn in full, for the analyst; of what is published, small counts as "fewer than".
    language : {"en", "fr", "es", "es-MX", …}

    Returns
    -------
    matplotlib.figure.Figure
        The 30 histories with most people, those on one list first.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> figure = fl.plot_overlaps(fl.datasets.load("uk_2013_5"))
    """
    check_language(language)
    if isinstance(lists, PublishedAppraisal):
        frame, least = lists.histories, lists.least
        mark = "×" if lists.protecting else f"< {least}"
    elif isinstance(lists, CaptureHistories):  # pyright: ignore[reportUnnecessaryIsInstance] (notebooks are not type-checked)
        frame, least, mark = lists.to_frame(), 0, ""
    else:
        raise _not_drawn(lists, "CaptureHistories")
    names = [name for name in frame.columns if name != "count"]
    kept = frame.assign(_many=frame[names].sum(axis=1), _shown=frame["count"].fillna(least))
    kept = kept.sort_values(["_many", "_shown"], ascending=[True, False], kind="stable").head(MOST_HISTORIES)
    with styled():
        from fl_estimate.reporting.pictures.picture import Picture

        labels = [wrapped(name, LABEL) for name in names]
        row = (
            0.26 if not any("\n" in label for label in labels) else 0.16 * max(text.count("\n") + 1 for text in labels)
        )
        figure = Picture(figsize=(WIDTH, 2.3 + row * len(names)), facecolor=PAPER)
        share = row * len(names) / (2.3 + row * len(names))
        left = min(0.36, (0.3 + 0.085 * max(len(line) for label in labels for line in label.split("\n"))) / WIDTH)
        bars = figure.add_axes((left, share + 0.04, 0.97 - left, 0.86 - share))
        dots = figure.add_axes((left, 0.02, 0.97 - left, share))
        _bars(bars, kept, mark, language)
        _dots(dots, kept[names].to_numpy(dtype=int), labels)
    return figure


LABEL, BESIDE, KEY = 32, 22, 105
"""Letters to a line: of names left of a picture, right of it, and under it."""


def plot_methods(appraisal: Appraisal | PublishedAppraisal, *, language: str = "en") -> Figure:
    """Draw every method with its interval on one axis; hollow where a method is not counted in the envelope.

    Parameters
    ----------
    appraisal : Appraisal or PublishedAppraisal
    language : {"en", "fr", "es", "es-MX", …}

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> from fl_estimate import capture_recapture as cr
    >>> counts = pd.DataFrame({"police": [1, 0, 1], "ngo": [0, 1, 1], "count": [50, 80, 10]})
    >>> figure = fl.plot_methods(cr.appraise(fl.CaptureHistories.from_counts(counts, lists=["police", "ngo"]), seed=1))
    """
    check_language(language)
    shown = _published(appraisal)
    rows = [row for row in shown.methods.to_dict("records") if np.isfinite(row["value"])]
    lower, upper = shown.envelope
    with styled():
        from fl_estimate.reporting.pictures.picture import Picture

        height = 0.75 + ROW * len(rows)
        figure = Picture(figsize=(WIDTH, height), facecolor=PAPER)
        labels = [say("appraisal", f"name.{row['method']}", language) for row in rows]
        left = (0.35 + 0.078 * max(map(len, labels))) / WIDTH
        axes = figure.add_axes((left, 0.55 / height, 0.74 - left, 1 - 0.6 / height))
        ends = [row["upper"] for row in rows if np.isfinite(row["upper"]) and row["admissible"]] or [shown.n]
        high = max(*ends, *[row["value"] for row in rows]) * 1.04
        axes.set_xlim(0, high)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        if np.isfinite(lower):
            axes.axvspan(lower, upper, facecolor=FAINT, linewidth=0, zorder=0)
        axes.axvline(shown.n, color=SOFT, linewidth=0.9, linestyle=(0, (4, 3)))
        for position, (row, label) in enumerate(zip(rows, labels, strict=True)):
            _method(axes, position, row, label, high, language)
        dress(axes, f"{say('head', 'unit.total', language)} · ┆ {say('appraisal', 'observed', language)}", language)
    return figure


def plot_sensitivity(appraisal: Appraisal | PublishedAppraisal, *, language: str = "en") -> Figure:
    """Draw the number of people against the odds ratio of each pair of lists that the model takes to be independent.

    The four pairs that move it most have a line of their own, the others are grey.

    Parameters
    ----------
    appraisal : Appraisal or PublishedAppraisal
    language : {"en", "fr", "es", "es-MX", …}

    Returns
    -------
    matplotlib.figure.Figure
    """
    check_language(language)
    shown = _published(appraisal)
    curves = {str(name): part for name, part in shown.sensitivity.groupby("interaction", sort=False)}
    spans = {name: spanned(curve["value"]) for name, curve in curves.items()}
    order = sorted(spans, key=lambda name: -spans[name])
    with styled():
        from fl_estimate.reporting.pictures.picture import Picture

        led = [wrapped(name, KEY) for name in order[: len(SERIES)]]
        # Names that do not fit beside the ends of their lines stand under the axes, in a key.
        under = (
            0.2 + 0.17 * sum(text.count("\n") + 1 for text in led) if max(map(len, led), default=0) > BESIDE else 0.0
        )
        height = 3.6 + under
        figure = Picture(figsize=(WIDTH, height), facecolor=PAPER)
        axes = figure.add_axes((0.09, (0.58 + under) / height, 0.88 if under else 0.72, 2.88 / height))
        ends: list[tuple[float, str, str]] = []
        for rank, name in reversed(list(enumerate(order))):
            part, lead = curves[name], rank < len(SERIES)
            color = SERIES[rank] if lead else RULE
            axes.plot(part["ratio"], part["value"], color=color, linewidth=1.8 if lead else 0.9,
                      linestyle=STYLES[rank] if lead else "-", zorder=3 if lead else 1,
                      label=led[rank] if lead else "_")  # fmt: skip
            if lead:
                ends.append((float(part["value"].iloc[-1]), name, color))
        axes.axvline(1.0, color=SOFT, linewidth=0.9, linestyle=(0, (4, 3)))
        axes.set_xlim(float(shown.sensitivity["ratio"].min()), float(shown.sensitivity["ratio"].max()))
        if under:
            handles, words = axes.get_legend_handles_labels()
            figure.legend(handles[::-1], words[::-1], loc="lower left", bbox_to_anchor=(0.07, 0.0), frameon=False, ncols=1,
                          fontsize=TEXT - 0.5, labelcolor=INK, labelspacing=0.25)  # fmt: skip
        else:
            end_labels(axes, ends)
        both_axes(axes, say("appraisal", "odds", language), language)
    return figure


def spanned(values: pd.Series) -> float:
    """How far values lie apart."""
    numbers = values.to_numpy(dtype=float)
    return float(numbers.max() - numbers.min())


def _published(appraisal: Any) -> PublishedAppraisal:
    if isinstance(appraisal, PublishedAppraisal):
        return appraisal
    if not isinstance(appraisal, Appraisal):
        raise _not_drawn(appraisal, "an Appraisal")
    return in_full(appraisal)


def _not_drawn(given: Any, wanted: str) -> PublishFault:
    return PublishFault(
        "FL-PUB-13", f"this picture is of {wanted}", found=type(given).__name__,
        fix="give what fl.capture_recapture.appraise or fl.load_lists returns",
    )  # fmt: skip


def _bars(axes: Any, kept: pd.DataFrame, mark: str, language: str) -> None:
    shown = kept["_shown"].to_numpy(dtype=float)
    hidden = kept["count"].isna().to_numpy()
    positions = np.arange(len(kept))
    axes.bar(positions, shown, width=0.62, color=[PAPER if h else DEEP for h in hidden], edgecolor=DEEP, linewidth=0.8)
    for position, value, out in zip(positions, shown, hidden, strict=True):
        text = mark if out else number(value, 0 if float(value).is_integer() else 1, language)
        axes.annotate(
            text, (position, value), (0, 3), textcoords="offset points", ha="center", fontsize=TEXT - 2, color=SOFT
        )
    axes.set_xlim(-0.6, len(kept) - 0.4)
    # A few people beside a thousand must still be seen: the square root of counts, with the counts written.
    axes.set_yscale("function", functions=(_root, np.square))
    axes.set_ylim(0, float(shown.max()) * 1.15)
    axes.set_xticks([])
    axes.set_yticks([])
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(RULE)


def _root(counts: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.sqrt(np.maximum(counts, 0))


def _dots(axes: Any, on: Any, names: Sequence[str]) -> None:
    histories, lists = on.shape
    for row in range(lists):
        if row % 2 == 0:
            axes.axhspan(row - 0.5, row + 0.5, facecolor=FAINT, linewidth=0)
        # In points from the axis: in units of histories a name would stand further off, and be cut, where there are few.
        axes.annotate(names[row], (0, row), (-6, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
                      ha="right", va="center", fontsize=TEXT)  # fmt: skip
    for position in range(histories):
        rows = np.flatnonzero(on[position])
        axes.plot([position] * lists, range(lists), "o", color=RULE, markersize=4)
        axes.plot([position] * len(rows), rows, "o-", color=DEEP, markersize=5.5, linewidth=1.4)
    axes.set_xlim(-0.6, histories - 0.4)
    axes.set_ylim(lists - 0.5, -0.5)
    axes.axis("off")


def _method(axes: Any, position: int, row: Any, label: str, high: float, language: str) -> None:
    counted = bool(row["admissible"])
    lower, upper = float(row["lower"]), float(row["upper"])
    if np.isfinite(lower):
        end = min(upper, high) if np.isfinite(upper) else high
        axes.plot(
            [lower, end], [position, position], color=DEEP if counted else SOFT, linewidth=1.8 if counted else 1.1
        )
        if not upper <= high:
            axes.plot([high], [position], marker=">", color=SOFT, markersize=5, clip_on=False)
    axes.plot([row["value"]], [position], marker="o", markersize=6.5, color=DEEP if counted else SOFT,
              markerfacecolor=DEEP if counted else PAPER, markeredgewidth=1.3)  # fmt: skip
    outside = axes.get_yaxis_transform()
    axes.text(-0.02, position, label, transform=outside, ha="right", va="center", fontsize=TEXT)
    text = f"{number(row['value'], 0, language)} ({limits_text(lower, upper, language)})"
    axes.text(1.02, position, text, transform=outside, va="center", fontsize=TEXT,
              color="black" if counted else SOFT)  # fmt: skip


def limits_text(lower: float, upper: float, language: str) -> str:
    """Limits in numbers of people; in words where one of them, or both, are missing."""
    low, high = (number(v, 0, language) if np.isfinite(v) else "" for v in (lower, upper))
    if low and high:
        return f"{low} – {high}"
    if not (low or high):
        return say("appraisal", "no_interval", language)
    return (
        say("appraisal", "no_upper", language, lower=low) if low else say("appraisal", "no_lower", language, upper=high)
    )


def end_labels(axes: Any, ends: list[tuple[float, str, str]]) -> None:
    """Names at the right ends of the lines, moved apart where they would lie on each other."""
    low, high = axes.get_ylim()
    apart = 0.06 * (high - low)
    ends.sort()
    heights = [value for value, _, _ in ends]
    for before, after in itertools.pairwise(range(len(heights))):
        heights[after] = max(heights[after], heights[before] + apart)
    for height, (_, name, color) in zip(heights, ends, strict=True):
        axes.annotate(name, (1.01, height), xycoords=("axes fraction", "data"), va="center", fontsize=TEXT, color=color,
                      annotation_clip=False)  # fmt: skip


def both_axes(axes: Any, legend: str, language: str, digits: int = 1) -> None:
    """Dress axes of persons against a rate or ratio; `digits` after the point of the latter."""
    axes.yaxis.set_major_formatter(axis_numbers(lambda value: number(value, 0, language)))
    axes.xaxis.set_major_formatter(axis_numbers(lambda value: number(value, digits, language)))
    axes.set_xlabel(legend, color=SOFT, fontsize=TEXT - 0.5, loc="left")
    axes.set_title(say("head", "unit.total", language), color=SOFT, fontsize=TEXT - 0.5, loc="left", pad=2)
    axes.tick_params(colors=SOFT, labelsize=TEXT - 0.5, length=3, color=RULE)
    axes.grid(color=RULE, linewidth=0.5, alpha=0.7)
    axes.set_axisbelow(True)
    for side in ("right", "top"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(RULE)
