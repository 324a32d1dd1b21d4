"""The picture of a linkage curve: the number of people for rates of missed links, with a line for each rate of false ones."""

# pyright: reportUnknownMemberType=false

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fl_estimate.errors import PublishFault
from fl_estimate.estimators.capture_recapture.appraisal import Appraisal
from fl_estimate.reporting.appraisals import PublishedAppraisal, linkage_table
from fl_estimate.reporting.pictures.drawing import TEXT, WIDTH, axis_numbers, styled
from fl_estimate.reporting.pictures.lists_figures import STYLES, both_axes, end_labels
from fl_estimate.reporting.pictures.palette import PAPER, RULE, SERIES
from fl_estimate.results.estimates import Estimates
from fl_estimate.words.languages import check_language
from fl_estimate.words.numbers import number, percent
from fl_estimate.words.say import say

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_linkage(curve: Estimates | Appraisal | PublishedAppraisal, *, language: str = "en") -> Figure:
    """Draw the number of people, with its interval, against the share of links that were missed.

    Parameters
    ----------
    curve : Estimates, Appraisal or PublishedAppraisal
        Of `fl.capture_recapture.linkage_curve`, or an appraisal, which has one.
    language : {"en", "fr", "es", "es-MX", …}

    Returns
    -------
    matplotlib.figure.Figure
        A line for each rate of false links; those beyond the fourth are grey.

    Raises
    ------
    PublishFault
        FL-PUB-07 (language), FL-PUB-13 (not a linkage curve).

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> from fl_estimate import capture_recapture as cr
    >>> counts = pd.DataFrame({"police": [1, 0, 1], "ngo": [0, 1, 1], "count": [520, 820, 80]})
    >>> histories = fl.CaptureHistories.from_counts(counts, lists=["police", "ngo"])
    >>> figure = fl.plot_linkage(cr.linkage_curve(histories, false_links=[0, 0.01]))
    """
    check_language(language)
    table = _table(curve)
    lines = {float(str(rate)): part for rate, part in table.groupby("false_links", sort=True)}
    with styled():
        from matplotlib.ticker import MaxNLocator

        from fl_estimate.reporting.pictures.picture import Picture

        figure = Picture(figsize=(WIDTH, 3.4), facecolor=PAPER)
        axes: Any = figure.add_axes((0.09, 0.17, 0.78 if len(lines) > 1 else 0.88, 0.75))
        ends: list[tuple[float, str, str]] = []
        for rank, (rate, part) in enumerate(lines.items()):
            color = SERIES[rank] if rank < len(SERIES) else RULE
            x = 100 * part["missed"].to_numpy(dtype=float)
            value, lower, upper = (part[name].to_numpy(dtype=float) for name in ("value", "lower", "upper"))
            axes.fill_between(x, lower, upper, color=color, alpha=0.14 if rank == 0 else 0.07, linewidth=0)
            axes.plot(
                x, value, color=color, linewidth=1.8, linestyle=STYLES[rank % len(STYLES)], marker="o", markersize=4
            )
            ends.append((float(value[-1]), percent(rate, 1, language), color))
        axes.set_ylim(0, float(np.nanmax(table[["value", "upper"]].to_numpy(dtype=float))) * 1.05)
        if len(lines) > 1:
            end_labels(axes, ends)
            axes.annotate(
                say("appraisal", "false_rate", language), (1.01, 1.02), xycoords="axes fraction", fontsize=TEXT - 1
            )
        both_axes(axes, say("appraisal", "missed_rate", language), language, digits=0)
        # Ticks that are written without decimals are whole numbers, unless all rates lie within a few per cent.
        highest = 100 * float(table["missed"].max())
        axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=highest >= 3))
        if highest < 3:
            axes.xaxis.set_major_formatter(axis_numbers(lambda value: number(value, 2, language)))
    return figure


def _table(curve: Any) -> Any:
    if isinstance(curve, PublishedAppraisal) and len(curve.linkage):
        return curve.linkage
    if isinstance(curve, Appraisal):
        return linkage_table(curve.linkage)
    if isinstance(curve, Estimates) and "rates" in curve.diagnostics and curve.provenance.call == "linkage_curve":
        return linkage_table(curve)
    raise PublishFault(
        "FL-PUB-13", "this picture is of a linkage curve", found=type(curve).__name__,
        fix="give what fl.capture_recapture.linkage_curve returns, or an appraisal that prints one",
    )  # fmt: skip
