"""The shrinkage plot: direct estimates of areas against those of a model, with the intervals of both."""

# pyright: reportUnknownMemberType=false
# matplotlib annotates its own methods in part: what they are given is checked, what they are is not known in full.

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from fl_estimate.errors import PublishFault, listed
from fl_estimate.reporting.drawing import TEXT, WIDTH, styled
from fl_estimate.reporting.palette import INK, RULE, SERIES, SOFT
from fl_estimate.reporting.vocabulary_areas import AXES
from fl_estimate.reporting.words import LANGUAGES, check_language
from fl_estimate.results.estimates import Estimates

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_shrinkage(direct: Estimates, model: Estimates, *, language: str = "en") -> Figure:
    """Draw how far a model moves each area from its direct estimate.

    On the diagonal both say the same. Areas with few people asked lie on a flatter line: their direct estimates differ
    more than the areas do. Areas without a direct estimate stand at the left edge. Figures are drawn in full, for the
    analyst.

    Parameters
    ----------
    direct, model : Estimates
        Of the same areas: from `estimate_prevalence` and from `hierarchical.area`.
    language : {"en", "fr", "es"}

    Returns
    -------
    matplotlib.figure.Figure
        The area of a point goes with the people asked.

    Raises
    ------
    PublishFault
        FL-PUB-02: no area is in both; FL-PUB-05: different units; FL-PUB-07: a language without words.
    """
    check_language(language)
    by = list(model.by)
    if list(direct.by) != by or direct.frame["quantity"].iloc[0] != model.frame["quantity"].iloc[0]:
        found = listed([*direct.by, direct.frame["quantity"].iloc[0], *by, model.frame["quantity"].iloc[0]])
        raise PublishFault(
            "FL-PUB-05", "the results are in different units", found=found, fix="give the same areas and unit twice"
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
    return _draw(both, met, LANGUAGES.index(language))


def _draw(both: pd.DataFrame, met: npt.NDArray[np.bool_], place: int) -> Figure:
    from matplotlib.figure import Figure

    columns = ("value", "lower", "upper", "value_direct", "lower_direct", "upper_direct")
    value, lower, upper, x, x_lower, x_upper = (both[name].to_numpy(float) for name in columns)
    asked = both["n_direct"].fillna(0).to_numpy(float)
    end = float(np.nanmax([np.nanmax(x_upper), np.nanmax(upper)])) * 1.05
    start = min(0.0, float(np.nanmin([np.nanmin(x_lower), np.nanmin(lower)])))
    with styled():
        figure = Figure(figsize=(WIDTH, WIDTH * 0.8), layout="constrained")
        axes = figure.add_subplot()
        axes.plot([start, end], [start, end], color=RULE, linewidth=1, zorder=1)
        axes.hlines(value[met], x_lower[met], x_upper[met], color=SOFT, linewidth=0.7, zorder=2)
        axes.vlines(np.where(met, x, start), lower, upper, color=SERIES[0], linewidth=1.1, zorder=3)
        sizes = 12 + 60 * asked / max(float(asked.max()), 1.0)
        axes.scatter(x[met], value[met], s=sizes[met], color=SERIES[0], edgecolor="white", linewidth=0.6, zorder=4)
        axes.scatter(np.full((~met).sum(), start), value[~met], s=20, facecolor="white", edgecolor=SERIES[0], zorder=4)
        axes.set_xlim(start - 0.01 * end, end)
        axes.set_ylim(start - 0.01 * end, end)
        axes.set_xlabel(AXES["direct"][place], color=INK, fontsize=TEXT)
        axes.set_ylabel(AXES["model"][place], color=INK, fontsize=TEXT)
    return figure
