"""The shrinkage plot: direct estimates of areas against those of a model, with the intervals of both."""

# pyright: reportUnknownMemberType=false
# matplotlib annotates its own methods in part: what they are given is checked, what they are is not known in full.

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from fl_estimate.arrays import Floats
from fl_estimate.errors import PublishFault, listed
from fl_estimate.reporting.naming import value_words
from fl_estimate.reporting.pictures.drawing import TEXT, WIDTH, axis_numbers, styled
from fl_estimate.reporting.pictures.palette import INK, RULE, SERIES, SOFT
from fl_estimate.results.estimates import Estimates
from fl_estimate.words.languages import check_language
from fl_estimate.words.numbers import number
from fl_estimate.words.say import say

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAMED = 40
"""Most areas that are named, those where the model moves most: more names would hide the points."""


def plot_shrinkage(direct: Estimates, model: Estimates, *, language: str = "en") -> Figure:
    """Draw how far a model moves each area from its direct estimate.

    On the diagonal both say the same. Areas with few people asked lie on a flatter line: their direct estimates differ
    more than the areas do. Areas without a direct estimate stand at the left edge. Figures are drawn in full, for the
    analyst.

    Parameters
    ----------
    direct, model : Estimates
        Of the same areas: from `estimate_prevalence` and from `hierarchical.area`.
    language : {"en", "fr", "es", "es-MX", …}

    Returns
    -------
    matplotlib.figure.Figure
        The area of a point goes with the people asked. Areas are named: of more than 40 those that the model moves most,
        and no name where it would lie on another.

    Raises
    ------
    PublishFault
        FL-PUB-02: no area is in both; FL-PUB-05: different units; FL-PUB-07: a language without words.
    """
    check_language(language)
    by = list(model.by)
    if list(direct.by) != by or direct.frame["quantity"].iloc[0] != model.frame["quantity"].iloc[0]:
        result = listed([*direct.by, direct.frame["quantity"].iloc[0], *by, model.frame["quantity"].iloc[0]])
        raise PublishFault(
            "FL-PUB-05", "the results are in different units", found=result, fix="give the same areas and unit twice"
        )
    columns = [*by, "value", "lower", "upper", "n"]
    both = (
        model.frame.loc[model.frame["margin"] != "", columns]
        .merge(direct.frame.loc[direct.frame["margin"] != "", columns], on=by, how="left", suffixes=("", "_direct"))
        .reset_index(drop=True)
    )
    met = both["value_direct"].notna().to_numpy()
    if not met.any():
        raise PublishFault(
            "FL-PUB-02", "there is nothing to compare", found="no area in both", fix="give results of the same areas"
        )
    names = value_words(model.wording, by[0], both[by[0]].dropna().unique().tolist(), language) if len(by) == 1 else {}
    labels = [
        names.get(row[0], str(row[0])) if len(by) == 1 else ", ".join(map(str, row))
        for row in both[by].itertuples(index=False)
    ]
    return _draw(both, met, labels, language)


def _draw(both: pd.DataFrame, met: npt.NDArray[np.bool_], labels: Sequence[str], language: str) -> Figure:
    from fl_estimate.reporting.pictures.picture import Picture

    columns = ("value", "lower", "upper", "value_direct", "lower_direct", "upper_direct")
    value, lower, upper, x, x_lower, x_upper = (both[name].to_numpy(float) for name in columns)
    asked = both["n_direct"].fillna(0).to_numpy(float)
    end = float(np.nanmax([np.nanmax(x_upper), np.nanmax(upper)])) * 1.05
    start = min(0.0, float(np.nanmin([np.nanmin(x_lower), np.nanmin(lower)])))
    with styled():
        figure = Picture(figsize=(WIDTH, WIDTH * 0.8), layout="constrained")
        axes = figure.add_subplot()
        axes.plot([start, end], [start, end], color=RULE, linewidth=1, zorder=1)
        axes.hlines(value[met], x_lower[met], x_upper[met], color=SOFT, linewidth=0.7, zorder=2)
        axes.vlines(np.where(met, x, start), lower, upper, color=SERIES[0], linewidth=1.1, zorder=3)
        sizes = 12 + 60 * asked / max(float(asked.max()), 1.0)
        axes.scatter(x[met], value[met], s=sizes[met], color=SERIES[0], edgecolor="white", linewidth=0.6, zorder=4)
        axes.scatter(np.full((~met).sum(), start), value[~met], s=20, facecolor="white", edgecolor=SERIES[0], zorder=4)
        axes.set_xlim(start - 0.01 * end, end)
        axes.set_ylim(start - 0.01 * end, end)
        _number_axes(axes, language)
        _name(axes, np.where(met, x, start), value, labels, (start - 0.01 * end, end))
        axes.set_xlabel(say("picture", "shrinkage.direct", language), color=INK, fontsize=TEXT)
        axes.set_ylabel(say("picture", "shrinkage.model", language), color=INK, fontsize=TEXT)
    return figure


def _number_axes(axes: Axes, language: str) -> None:
    """Numbers along both axes as the language writes them."""
    step = float(np.diff(axes.get_xticks()[:2])[0])
    decimals = next(
        (positions for positions in range(7) if abs(step * 10**positions - round(step * 10**positions)) < 1e-6), 6
    )
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(axis_numbers(lambda value: number(value, decimals, language)))


def _name(axes: Axes, x: Floats, y: Floats, labels: Sequence[str], span: tuple[float, float]) -> None:
    """Write the areas' names beside their points, those that the model moves most first, and none on another."""
    points = axes.get_figure(root=True)
    wide = 72 * (points.get_figwidth() if points is not None else WIDTH) * 0.88
    high = 72 * (points.get_figheight() if points is not None else WIDTH * 0.8) * 0.88
    scale = span[1] - span[0]
    at = np.column_stack([(x - span[0]) / scale * wide, (y - span[0]) / scale * high])
    taken: list[tuple[float, float, float, float]] = [(a - 4, b - 4, a + 4, b + 4) for a, b in at.tolist()]
    for position in np.argsort(-np.abs(y - x), kind="stable")[:NAMED]:
        left, low = at[position].tolist()
        long = 0.6 * (TEXT - 2) * len(labels[position])
        for right, up in ((True, 3.0), (True, -3.0 - TEXT), (False, 3.0), (False, -3.0 - TEXT)):
            start = left + 6 if right else left - 6 - long
            box = (start, low + up, start + long, low + up + TEXT)
            inside = box[0] >= 0 and box[2] <= wide and box[1] >= 0 and box[3] <= high
            if inside and not any(box[0] < b[2] and b[0] < box[2] and box[1] < b[3] and b[1] < box[3] for b in taken):
                taken.append(box)
                axes.annotate(
                    str(labels[position]), (x[position], y[position]), xytext=(6 if right else -6, up), textcoords="offset points",
                    ha="left" if right else "right", va="bottom", fontsize=TEXT - 2, color=INK, zorder=5,
                )  # fmt: skip
                break
