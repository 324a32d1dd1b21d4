"""Pictures of respondent-driven sampling: how an estimate settles as recruitment goes on, and whether trees tell different stories."""

# pyright: reportUnknownMemberType=false
# matplotlib annotates its own methods in part: what they are given is checked, what they are is not known in full.

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fl_estimate.errors import PublishFault
from fl_estimate.estimators.hidden.recruitment.recruited_people import ChainNames, MissingDegree
from fl_estimate.estimators.hidden.recruitment.recruitment_diagnostics import CLOSE
from fl_estimate.estimators.hidden.recruitment.recruitment_traces import (
    ClassedRecruits,
    OpenOutcome,
    Trace,
    classed,
    trace,
    traces_by_seed,
)
from fl_estimate.reporting.pictures.drawing import TEXT, WIDTH, axis_numbers, styled, tick_decimals
from fl_estimate.reporting.pictures.palette import DEEP, FAINT, PAPER, RULE, SERIES, SOFT
from fl_estimate.words.languages import check_language
from fl_estimate.words.numbers import number, percent
from fl_estimate.words.say import say

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEIGHT = 3.7
MOST_LINES = 4
"""Classes that are drawn: the largest."""
FEWEST = 10
"""Respondents of a tree that has a line of its own."""
DASHES: tuple[Any, ...] = ("-", (0, (6, 2)), (0, (2, 2)), (0, (6, 2, 1, 2)))


def plot_convergence(
    people: Any,
    outcome: str,
    *,
    group: str | None = None,
    unknown: OpenOutcome | None = None,
    person: str = "person_id",
    recruiter: str | None = None,
    coupon: str | None = None,
    coupons_given: Sequence[str] | None = None,
    degree: str = "network_size",
    time: str | None = None,
    seed_marker: str | int | None = None,
    include_seeds: bool = True,
    missing_degree: MissingDegree = "error",
    within: float = CLOSE,
    language: str = "en",
) -> Figure:
    """Draw how the estimate of an outcome settles (convergence plot), and beside it the same tree by tree (bottleneck plot).

    On the left the estimate by weights of inverse degree from the respondents interviewed so far, with a band of two points around
    the last: a line that still moves at its end has not been seen to stand. On the right one line a tree of 10 respondents or more:
    lines that stay apart tell of groups that hardly recruit each other, so that the sample is of the seeds. Drawn in full, for the
    analyst: steps of a line are answers of single respondents, so that it is not for publication.

    Parameters
    ----------
    people : SurveyData, Classification or frame
    outcome : str
        As in `hidden.rds_diagnostics`.
    group : str, optional
        The class that is drawn tree by tree. Left out: "1" of a 0/1 outcome, or the largest.
    unknown, person, recruiter, coupon, coupons_given, degree, time, seed_marker, include_seeds, missing_degree, within
        As in `hidden.rds_diagnostics`. Without `time` the points are the ends of waves.
    language : {"en", "fr", "es", "es-MX", …}

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    EstimateFault
        FL-EST-520 to FL-EST-525, FL-EST-556, FL-EST-557.
    PublishFault
        FL-PUB-07: the language; FL-PUB-13: a class that there is not.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> people = fl.hidden.simulate_successive_sampling(population=2_000, n=300, seed=1).people
    >>> len(fl.plot_convergence(people, "outcome", time="interview").axes)
    2
    """
    from fl_estimate.reporting.pictures.picture import Picture

    check_language(language)
    names = ChainNames(
        person=person, recruiter=recruiter, coupon=coupon, coupons_given=coupons_given, degree=degree, seed_marker=seed_marker,
        time=time,
    )  # fmt: skip
    recruits = classed(
        people, outcome, names, unknown=unknown, include_seeds=include_seeds, missing_degree=missing_degree
    )
    whole = trace(recruits)
    chosen = _group(recruits, whole, group)
    by_tree = traces_by_seed(recruits, fewest=FEWEST)
    with styled():
        figure = Picture(figsize=(WIDTH, HEIGHT), facecolor=PAPER)
        left: Any = figure.add_axes((0.075, 0.19, 0.40, 0.71))
        right: Any = figure.add_axes((0.575, 0.19, 0.40, 0.71))
        _settling(left, recruits, whole, within)
        _trees(right, whole, by_tree, chosen, language)
        name = recruits.classes[chosen]
        told = outcome if recruits.classes == ("0", "1") and name == "1" else f"{outcome} = {name}"
        _dress(left, say("recruitment", "settles", language, outcome=outcome), language)
        _dress(right, say("recruitment", "by_tree", language, outcome=told, least=FEWEST), language)
        figure.text(
            0.075, 0.015, say("recruitment", "private_lines", language), color=SOFT, fontsize=TEXT - 1, va="bottom", style="italic"
        )  # fmt: skip
    return figure


def _group(recruits: ClassedRecruits, whole: Trace, group: str | None) -> int:
    classes = recruits.classes
    if group is None:
        return 1 if classes == ("0", "1") else int(whole.shares[-1].argmax())
    if group not in classes:
        raise PublishFault(
            "FL-PUB-13",
            "this cannot be drawn so",
            found="group= is no class of the outcome",
            fix="one of its classes, as text",
        )
    return classes.index(group)


def _settling(axes: Any, recruits: ClassedRecruits, whole: Trace, within: float) -> None:
    """The cumulative estimate of each class; of a 0/1 outcome of 1 alone."""
    shown = [1] if recruits.classes == ("0", "1") else list((-whole.shares[-1]).argsort(kind="stable")[:MOST_LINES])
    for place, each in enumerate(shown):
        last = float(whole.shares[-1, each])
        axes.axhspan(last - within, last + within, color=FAINT, zorder=0, linewidth=0)
        axes.axhline(last, color=RULE, linewidth=0.8, zorder=1)
        axes.plot(
            whole.interviews, whole.shares[:, each], color=SERIES[place], linestyle=DASHES[place], linewidth=1.5, zorder=3,
            marker="o" if len(whole.interviews) <= 30 else "", markersize=3.5,
            label=recruits.classes[each] if len(shown) > 1 else None,
        )  # fmt: skip
    high = float(whole.shares[len(whole.interviews) // 10 :, shown].max())
    axes.set_xlim(0, float(whole.interviews[-1]) * 1.02)
    axes.set_ylim(0, min(max(high * 1.25, float(whole.shares[-1, shown].max()) + 3 * within), 1.0))
    if len(shown) > 1:
        axes.legend(fontsize=TEXT - 1, frameon=False, loc="upper right", ncols=2, labelcolor=SOFT)


def _trees(axes: Any, whole: Trace, by_tree: list[Trace], chosen: int, language: str) -> None:
    """One line a tree, all of one colour: which seed it is, does not matter; the whole sample's estimate as a level."""
    last = float(whole.shares[-1, chosen])
    axes.axhline(
        last, color=SERIES[1], linewidth=1.4, linestyle=(0, (6, 2)), zorder=2, label=say("recruitment", "all", language)
    )
    tops = [last]
    for each in by_tree:
        axes.plot(each.interviews, each.shares[:, chosen], color=DEEP, linewidth=1.0, alpha=0.75, zorder=3)
        axes.plot(each.interviews[-1:], each.shares[-1:, chosen], "o", color=DEEP, markersize=3.5, zorder=4)
        tops.append(float(each.shares[len(each.interviews) // 5 :, chosen].max()))
    longest = max((int(each.interviews[-1]) for each in by_tree), default=1)
    axes.set_xlim(0, longest * 1.04)
    axes.set_ylim(0, min(max(tops) * 1.15 + 0.02, 1.02))
    axes.legend(fontsize=TEXT - 1, frameon=False, loc="upper right", labelcolor=SOFT)


def _dress(axes: Any, title: str, language: str) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_title(title, color=SOFT, fontsize=TEXT - 0.5, loc="left", pad=5)
    axes.set_xlabel(say("recruitment", "interviews", language), color=SOFT, fontsize=TEXT - 0.5, loc="left")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=7))
    axes.xaxis.set_major_formatter(axis_numbers(lambda value: number(value, 0, language)))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 5, 10]))
    decimals = tick_decimals([100 * float(each) for each in axes.get_yticks()])
    axes.yaxis.set_major_formatter(axis_numbers(lambda value: percent(value, decimals, language)))
    axes.tick_params(colors=SOFT, labelsize=TEXT - 0.5, length=3, color=RULE)
    axes.grid(axis="y", color=FAINT, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("right", "top"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(RULE)
