"""The picture of a planned sample: the limits that are to be expected, by the number of interviews."""

# pyright: reportUnknownMemberType=false
# matplotlib annotates its own methods in part: what they are given is checked, what they are is not known in full.

from __future__ import annotations

from typing import TYPE_CHECKING

from fl_estimate.design.planning import SamplePlan
from fl_estimate.errors import PublishFault
from fl_estimate.reporting.pictures.drawing import TEXT, WIDTH, axis_numbers, styled
from fl_estimate.reporting.pictures.palette import INK, RULE, SERIES
from fl_estimate.words.languages import check_language
from fl_estimate.words.numbers import number, percent
from fl_estimate.words.say import say

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STYLES: tuple[str, ...] = ("-", "--", ":", "-.")


def plot_plan(*plans: SamplePlan, language: str = "en") -> Figure:
    """Draw the limits that a planned sample is expected to give, from a quarter to four times its interviews.

    Parameters
    ----------
    *plans : SamplePlan
        From `fl.plan_sample`, four at most: other design effects, say. The number planned is marked on each.
    language : {"en", "fr", "es", "es-MX", …}

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    PublishFault
        FL-PUB-02: no plan, or more than four; FL-PUB-07: a language without words.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> figure = fl.plot_plan(fl.plan_sample(0.01, n=2_000), fl.plan_sample(0.01, n=2_000, deff=2))
    >>> len(figure.axes)
    1
    """
    from matplotlib.ticker import MaxNLocator, NullFormatter

    from fl_estimate.reporting.pictures.picture import Picture

    check_language(language)
    if not 1 <= len(plans) <= len(STYLES):
        raise PublishFault(
            "FL-PUB-02",
            "there is nothing to draw, or too much",
            found=f"{len(plans)} plans",
            fix="give one to four plans",
        )
    with styled():
        figure = Picture(figsize=(WIDTH, WIDTH * 0.55), layout="constrained")
        axes = figure.add_subplot()
        said = [_line(plan, language) for plan in plans]
        alike = len(set(said)) < len(said)
        for plan, words, colour, style in zip(plans, said, SERIES, STYLES, strict=False):
            curve = plan.curve()
            label = f"{words}, n = {number(plan.n, 0, language)}" if alike else words
            axes.plot(curve["n"], curve["expected_upper"], color=colour, linestyle=style, linewidth=1.4, label=label)
            axes.plot(curve["n"], curve["expected_lower"], color=colour, linestyle=style, linewidth=1.4)
            axes.fill_between(curve["n"], curve["expected_lower"], curve["expected_upper"], color=colour, alpha=0.07)
            axes.axhline(plan.prevalence, color=RULE, linewidth=0.9, zorder=1)
            axes.vlines(plan.n, plan.expected_lower, plan.expected_upper, color=colour, linewidth=2.4)
        axes.set_xscale("log")
        sizes = sorted({round(plan.n * factor) for plan in plans[:1] for factor in (0.25, 0.5, 1, 2, 4)})
        axes.set_xticks(sizes)
        axes.xaxis.set_major_formatter(axis_numbers(lambda value: number(value, 0, language)))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.yaxis.set_major_locator(MaxNLocator(6))
        axes.yaxis.set_major_formatter(axis_numbers(lambda value: percent(value, 1, language)))
        axes.set_ylim(bottom=0)
        axes.set_xlabel(say("picture", "plan.x", language), color=INK, fontsize=TEXT)
        axes.set_ylabel(say("picture", "plan.y", language), color=INK, fontsize=TEXT)
        axes.legend(frameon=False, fontsize=TEXT)
    return figure


def _line(plan: SamplePlan, language: str) -> str:
    """What the legend says of a plan."""
    share, effect = percent(plan.prevalence, 2, language), number(plan.design_effect, 2, language)
    return say("picture", "plan.line", language, p=share, deff=effect)
