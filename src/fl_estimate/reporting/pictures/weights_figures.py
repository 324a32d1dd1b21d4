"""The picture of weights: how they spread before and after their adjustments, and who answered at which weight."""

# pyright: reportUnknownMemberType=false
# matplotlib annotates its own methods in part: what they are given is checked, what they are is not known in full.

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.design.non_response import who_answered
from fl_estimate.design.row_weights import in_a_column
from fl_estimate.design.totals import as_frame, totals
from fl_estimate.design.trimming import weights_met
from fl_estimate.design.weight_summary import QUARTILES, weight_summary
from fl_estimate.inputs.respondents import resolve
from fl_estimate.inputs.sample_design import Design
from fl_estimate.reporting.pictures.drawing import TEXT, WIDTH, axis_numbers, styled
from fl_estimate.reporting.pictures.palette import DEEP, FAINT, INK, PAPER, RULE, SERIES, SOFT
from fl_estimate.words.languages import check_language
from fl_estimate.words.numbers import number, percent
from fl_estimate.words.say import say

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BINS = 30
FIFTHS = 5


def plot_weights(
    people: Any, *, design: Design | None = None, responded: str | None = None, language: str = "en"
) -> Figure:
    """Draw the distribution of the weights, before and after their adjustments, and who answered at which weight.

    Use it before and after weights are adjusted: a long right tail makes estimates hang on few people, and a share of answers
    that changes along the base weight says that those who did not answer differ. Drawn in full, for the analyst.

    Parameters
    ----------
    people, design
        As in `weight_summary`.
    responded : str, optional
        The column of who answered (1, 0 or logical), as in `adjust_nonresponse`, of everybody who was drawn: a second panel then
        shows the share that answered in each fifth of the persons, by weight.
    language : {"en", "fr", "es", "es-MX", …}

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    DesignFault
        FL-DESIGN-06, FL-DESIGN-13, FL-DESIGN-14; FL-DESIGN-53: who answered is not known.
    PublishFault
        FL-PUB-07: a language without words.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"w": [10.0, 20.0, 10.0, 40.0], "came": [1, 0, 1, 1]})
    >>> figure = fl.plot_weights(people, design=fl.Design(weights="w"), responded="came")
    >>> len(figure.axes)
    2
    """
    from fl_estimate.reporting.pictures.picture import Picture

    check_language(language)
    summary = weight_summary(people, design=design).frame
    resolved = resolve(people, design)
    frame, known = in_a_column(as_frame(resolved.frame), resolved.design)
    columns = list(dict.fromkeys([str(summary["weights"].iloc[0]), str(known.weights)]))
    with styled():
        wide = 1 if responded is None else 2
        figure = Picture(figsize=(WIDTH, 3.3), facecolor=PAPER, layout="constrained")
        axes = figure.subplots(1, wide, squeeze=False)[0]
        _distribution(axes[0], {name: weights_met(frame, name) for name in columns}, summary, language)
        if responded is not None:
            _response(axes[1], _by_fifth(frame, str(known.weights), responded), language)
    return figure


def _distribution(axes: Axes, columns: dict[str, tuple[Floats, Floats]], summary: Any, language: str) -> None:
    """Shares of the persons along the weight: the final ones filled, those before as an outline."""
    from matplotlib.ticker import MaxNLocator

    low = min(float(values[0]) for values, _ in columns.values())
    high = max(float(values[-1]) for values, _ in columns.values())
    spread = high / low if high > low * 1.001 else 2.0
    middle = np.sqrt(low * high)
    edges: Floats = np.exp(np.log(middle) + 0.52 * np.log(spread) * np.linspace(-1.0, 1.0, BINS + 1))
    for rank, (name, (values, rows)) in enumerate(columns.items()):
        share = np.histogram(values, bins=edges, weights=rows / rows.sum())[0]
        row = summary[summary["weights"] == name].iloc[-1]
        label = say(
            "picture", "weights.deff", language, weights=name, deff=number(float(row["deff_kish"]), 2, language)
        )
        final = rank == len(columns) - 1
        axes.stairs(share, edges, fill=final, color=SERIES[1] if final else DEEP, linewidth=1.4, label=label,
                    zorder=2 if final else 3)  # fmt: skip
    last = summary.iloc[-1]
    far = float(last["median"] + QUARTILES * (last["upper_quartile"] - last["lower_quartile"]))
    if last["extreme"]:
        words = say("picture", "weights.extreme", language, n=int(last["extreme"]))
        axes.axvline(far, color=SOFT, linewidth=1, linestyle=(0, (4, 3)), label=words)
    axes.set_xscale("log")
    _ticks(axes, edges, language)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(axis_numbers(lambda value: percent(value, 0, language)))
    _dressed(axes, say("picture", "weights.weight", language), say("picture", "weights.persons", language))
    axes.legend(frameon=False, fontsize=TEXT - 1, labelcolor=INK, loc="lower left", bbox_to_anchor=(0, 1))


def _ticks(axes: Axes, edges: Floats, language: str) -> None:
    """Five weights along the logarithmic axis, in the language's own figures."""
    from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator

    low, high = float(edges[1]), float(edges[-2])
    at = sorted({float(f"{low * (high / low) ** (step / 4):.2g}") for step in range(5)})
    axes.xaxis.set_major_locator(FixedLocator(at))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(axis_numbers(lambda value: _plain(value, language)))


def _plain(value: float, language: str) -> str:
    """A weight with two figures that count at least."""
    decimals = max(0, 1 - int(np.floor(np.log10(value))))
    return number(value, decimals, language)


def _by_fifth(frame: Any, column: str, responded: str) -> tuple[Floats, Floats, Floats]:
    """Mean weight, persons and those who answered, of each fifth of the persons by weight; equal weights stay together."""
    import narwhals as nw

    answered, not_known = who_answered(frame, responded)
    counted = {
        "answered": nw.when(answered).then(nw.lit(1.0)).otherwise(nw.lit(0.0)),
        "unknown": nw.when(not_known).then(nw.lit(1.0)).otherwise(nw.lit(0.0)),
    }
    table = totals(frame, keys=(column,), columns=counted, sums={name: (name,) for name in counted})
    key = table.keys[column]
    values = np.array(key.levels, dtype=float)[key.codes]
    kept = values > 0
    values, rows = values[kept], table.n[kept].astype(float)
    came, unknown = table.sums["answered"][kept], table.sums["unknown"][kept]
    middle = (np.cumsum(rows) - rows / 2) / rows.sum()
    fifth = np.minimum((middle * FIFTHS).astype(int), FIFTHS - 1)
    sums = [np.bincount(fifth, weights=part, minlength=FIFTHS) for part in (values * rows, rows, came, unknown)]
    there = sums[1] > 0
    weight, people, came, unknown = (part[there] for part in sums)
    return weight / people, people - unknown, came


def _response(axes: Axes, fifths: tuple[Floats, Floats, Floats], language: str) -> None:
    """The share that answered, a bar for each fifth, and a line at the share of all."""
    mean, people, came = fifths
    share = np.divide(came, people, out=np.zeros_like(came), where=people > 0)
    axes.bar(np.arange(len(mean)), share, width=0.7, color=SERIES[1], zorder=2)
    for at, value in enumerate(share):
        axes.annotate(percent(float(value), 1, language), (at, 0), xytext=(0, 4), textcoords="offset points",
                      ha="center", va="bottom", fontsize=TEXT - 1, color=INK, zorder=5)  # fmt: skip
    axes.axhline(float(came.sum() / max(people.sum(), 1.0)), color=SOFT, linewidth=0.9, linestyle=(0, (4, 3)), zorder=4)
    axes.set_ylim(0, max(1.0, float(share.max(initial=0.0))) * 1.08)
    axes.set_xticks(np.arange(len(mean)), [_plain(float(value), language) for value in mean])
    axes.yaxis.set_major_formatter(axis_numbers(lambda value: percent(value, 0, language)))
    _dressed(axes, say("picture", "weights.fifth", language), say("picture", "weights.answered", language))


def _dressed(axes: Axes, x: str, y: str) -> None:
    """Names of the axes, and a quiet frame."""
    axes.set_xlabel(x, color=SOFT, fontsize=TEXT - 0.5)
    axes.set_ylabel(y, color=SOFT, fontsize=TEXT - 0.5)
    axes.tick_params(colors=SOFT, labelsize=TEXT - 1, color=RULE, length=3)
    for side in ("right", "top"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(RULE)
    axes.grid(axis="y", color=FAINT, linewidth=0.8)
    axes.set_axisbelow(True)
