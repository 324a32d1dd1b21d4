"""The picture of recruitment: who brought whom, seeds at the top, wave by wave. For the analyst: every mark is one respondent."""

# pyright: reportUnknownMemberType=false
# matplotlib annotates its own methods in part: what they are given is checked, what they are is not known in full.

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fl_estimate.arrays import Floats, Positions
from fl_estimate.errors import PublishFault
from fl_estimate.estimators.hidden.recruitment.recruited_people import ChainNames, MissingDegree
from fl_estimate.estimators.hidden.recruitment.recruitment_traces import OpenOutcome, classed
from fl_estimate.inputs.recruitment import Recruitment
from fl_estimate.reporting.pictures.drawing import TEXT, WIDTH, styled
from fl_estimate.reporting.pictures.palette import DEEP, FAINT, INK, PAPER, RULE, SERIES, SOFT
from fl_estimate.words.languages import check_language
from fl_estimate.words.say import say

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEAVES, NAMED_LEAVES = 110, 55
"""Ends of chains that stand side by side before another row of trees is begun; where ids stand below them."""
WAVE, NAMED_WAVE, TOP, FOOT = 0.36, 0.72, 0.62, 0.34
"""Inches between waves, also where ids stand between them; above the first row and below the last."""
MARKS: tuple[str, ...] = ("o", "s", "^", "D")
MOST_MARKED = 4
"""Classes that have a mark of their own; others share the last."""
LARGEST_NAMED = 80
"""Respondents up to which ids can be read."""


def plot_recruitment(
    people: Any,
    *,
    outcome: str | None = None,
    ids: bool = False,
    unknown: OpenOutcome | None = None,
    person: str = "person_id",
    recruiter: str | None = None,
    coupon: str | None = None,
    coupons_given: Sequence[str] | None = None,
    degree: str = "network_size",
    time: str | None = None,
    seed_marker: str | int | None = None,
    missing_degree: MissingDegree = "exclude",
    language: str = "en",
) -> Figure:
    """Draw the trees of recruitment: seeds at the top, each wave below the one before, the largest tree first.

    Look for one tree that makes up the sample, for seeds without recruits, and for chains that are too short to forget their seed.
    A picture for the analyst, not for publication: every mark is one respondent, and whoever knows the chains knows people in them.

    Parameters
    ----------
    people : SurveyData, Classification or frame
        The whole sample, one row a respondent.
    outcome : str, optional
        A column of classes by which marks differ. Left out, as it is by default, no answer of anybody is drawn.
    ids : bool
        Whether ids are written beside the marks; of 80 respondents or fewer.
    unknown : {"no", "exclude"}, optional
        As in `hidden.rds_diagnostics`; whoever is left out has a hollow mark.
    person, recruiter, coupon, coupons_given, degree, time, seed_marker
        The columns of recruitment, as in `hidden.Recruitment.read`.
    missing_degree : {"exclude", "median", "max", "error"}
        Of nobody is the degree drawn.
    language : {"en", "fr", "es", "es-MX", …}

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    EstimateFault
        FL-EST-520 to FL-EST-525, FL-EST-556, FL-EST-557.
    PublishFault
        FL-PUB-07: the language; FL-PUB-13: ids of too many respondents.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> people = fl.hidden.simulate_successive_sampling(population=500, n=60, seeds=4, seed=1).people
    >>> len(fl.plot_recruitment(people).axes)
    1
    """
    from fl_estimate.reporting.pictures.picture import Picture

    check_language(language)
    names = ChainNames(
        person=person, recruiter=recruiter, coupon=coupon, coupons_given=coupons_given, degree=degree, seed_marker=seed_marker,
        time=time,
    )  # fmt: skip
    codes, classes = None, ()
    if outcome is None:
        chains = Recruitment.read(
            people, person=person, recruiter=recruiter, coupon=coupon, coupons_given=coupons_given, degree=degree, time=time,
            seed_marker=seed_marker,
        )  # fmt: skip
    else:
        recruits = classed(people, outcome, names, unknown=unknown, include_seeds=True, missing_degree=missing_degree)
        chains, codes, classes = recruits.recruited.recruitment, recruits.codes, recruits.classes
    if ids and chains.n > LARGEST_NAMED:
        raise PublishFault(
            "FL-PUB-13", "this cannot be drawn so", found=f"ids of {chains.n:,} respondents",
            fix=f"ids=False, or {LARGEST_NAMED} respondents or fewer",
        )  # fmt: skip
    layout = laid_out(chains, NAMED_LEAVES if ids else LEAVES)
    wave = NAMED_WAVE if ids else WAVE
    with styled():
        tall = TOP + layout.depth * wave + FOOT
        figure = Picture(figsize=(WIDTH, tall), facecolor=PAPER)
        axes: Any = figure.add_axes((0.02, FOOT / tall, 0.96, 1 - (FOOT + TOP) / tall))
        _trees(axes, chains, layout, codes, classes, language)
        if ids:
            for row, name in enumerate(chains.persons):
                axes.annotate(
                    name, (layout.x[row], layout.y[row]), xytext=(0, -6), textcoords="offset points", color=SOFT,
                    fontsize=TEXT - 2.5, rotation=90, ha="center", va="top",
                    bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.3},
                )  # fmt: skip
        told = say("recruitment", "trees", language, n=chains.n, seeds=chains.n_seeds)
        figure.text(0.02, 1 - 0.12 / tall, told, color=INK, fontsize=TEXT, va="top")
        figure.text(
            0.02,
            1 - 0.31 / tall,
            say("recruitment", "private", language),
            color=SOFT,
            fontsize=TEXT - 1,
            va="top",
            style="italic",
        )
    return figure


@dataclass(frozen=True, kw_only=True, eq=False)
class TreeLayout:
    """Places of respondents.

    Attributes
    ----------
    x : float array, shape (n,)
        In ends of chains from the left.
    y : float array, shape (n,)
        In waves from the top, rows of trees under each other.
    width, depth : float
        Of all.
    """

    x: Floats
    y: Floats
    width: float
    depth: float


def laid_out(chains: Recruitment, most: int = LEAVES) -> TreeLayout:
    """Each respondent in the middle above their recruits; trees from the largest on, in rows."""
    children: list[list[int]] = [[] for _ in range(chains.n)]
    leaves = np.zeros(chains.n)
    for row in np.argsort(-chains.waves, kind="stable"):
        leaves[row] = max(leaves[children[row]].sum(), 1.0) if children[row] else 1.0
        if chains.recruiters[row] >= 0:
            children[int(chains.recruiters[row])].append(int(row))
    size = np.bincount(chains.seeds, minlength=chains.n)
    deep = np.zeros(chains.n)
    np.maximum.at(deep, chains.seeds, chains.waves)
    seeds = np.flatnonzero(chains.is_seed)
    seeds = seeds[np.lexsort((seeds, -size[seeds]))]
    wide = max(most, float(leaves[seeds[0]]))
    x, y = np.zeros(chains.n), np.zeros(chains.n)
    left, top, below = 0.0, 0.0, 0.0
    for seed in seeds:
        ends = float(leaves[seed])
        if left and left + ends > wide:
            left, top = 0.0, top + below + 2.0
            below = 0.0
        _place(int(seed), left, top, children, leaves, x, y)
        left, below = left + ends + 1.5, max(below, float(deep[seed]))
    return TreeLayout(x=x, y=y, width=float(max(x.max(), 1.0)), depth=float(top + below + 1))


def _place(seed: int, left: float, top: float, children: list[list[int]], leaves: Floats, x: Floats, y: Floats) -> None:
    """Places of one tree, from its seed down."""
    waiting = [(seed, left, top)]
    order: list[int] = []
    while waiting:
        row, at, level = waiting.pop()
        order.append(row)
        y[row] = level
        x[row] = at + (leaves[row] - 1) / 2
        for child in sorted(children[row], key=lambda each: (-leaves[each], each)):
            waiting.append((child, at, level + 1))
            at += leaves[child]
    for row in reversed(order):
        if children[row]:
            x[row] = float(np.mean(x[children[row]]))


def _trees(
    axes: Any, chains: Recruitment, layout: TreeLayout, codes: Positions | None, classes: tuple[str, ...], language: str
) -> None:
    from matplotlib.collections import LineCollection
    from matplotlib.lines import Line2D

    came = np.flatnonzero(~chains.is_seed)
    above = chains.recruiters[came]
    ends = np.stack(
        [np.column_stack([layout.x[above], layout.y[above]]), np.column_stack([layout.x[came], layout.y[came]])], axis=1
    )
    axes.add_collection(LineCollection(list(ends), colors=RULE, linewidths=0.7, zorder=1))
    # So large that neighbours hardly touch.
    size = float(np.clip((WIDTH * 0.96 * 72 / (layout.width + 4) * 0.85) ** 2, 3.0, 40.0))
    seeds = chains.is_seed
    groups = np.zeros(chains.n, dtype=np.intp) if codes is None else np.minimum(codes, MOST_MARKED - 1)
    handles: list[Line2D] = []
    for group in np.unique(groups):
        rows, hollow = groups == group, group < 0
        mark, colour = MARKS[max(int(group), 0)], SERIES[max(int(group), 0)]
        face, edge = (PAPER, SOFT) if hollow else (colour, colour)
        axes.scatter(
            layout.x[rows],
            layout.y[rows],
            s=size,
            marker=mark,
            zorder=3,
            linewidths=0.8,
            facecolors=face,
            edgecolors=edge,
        )
        if codes is not None:
            name = say("recruitment", "left_out", language) if hollow else classes[int(group)]
            handles.append(
                Line2D([], [], linestyle="", marker=mark, color=edge, markerfacecolor=face, markersize=5.5, label=name)
            )
    axes.scatter(
        layout.x[seeds],
        layout.y[seeds],
        s=size * 3.2,
        marker="o",
        facecolors="none",
        edgecolors=DEEP,
        linewidths=1.0,
        zorder=2,
    )
    told = say("recruitment", "seed", language)
    handles.append(
        Line2D([], [], linestyle="", marker="o", color=DEEP, markerfacecolor=PAPER, markersize=8, label=told)
    )
    axes.set_xlim(-2, layout.width + 2)
    axes.set_ylim(layout.depth - 0.2, -0.6)
    for level in np.unique(layout.y):
        axes.axhline(level, color=FAINT, linewidth=0.6, zorder=0)
    axes.axis("off")
    axes.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(0, -0.005), ncols=6, frameon=False, fontsize=TEXT - 1, labelcolor=SOFT, borderaxespad=0,
        handletextpad=0.3,
    )  # fmt: skip
