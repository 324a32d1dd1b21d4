"""Compare: results of several methods on one axis, side by side, with the truth where it is known."""

# pyright: reportUnknownMemberType=false
# matplotlib annotates its own methods in part: what they are given is checked, what they are is not known in full.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from fl_estimate.errors import PublishFault, listed
from fl_estimate.estimators.synthesis.combine import DIFFERENT, cochran
from fl_estimate.reporting.captions import interval_words, lowered
from fl_estimate.reporting.labelling import DESIGNED, RowLabels, is_unweighted, unit_of
from fl_estimate.reporting.layout import labels_of
from fl_estimate.reporting.pictures.drawing import ROW, TEXT, WIDTH, styled, within
from fl_estimate.reporting.pictures.figures import as_float, dress, in_full, limits, more_lines, truth_mark
from fl_estimate.reporting.pictures.palette import BRIGHT, FAINT, HATCH, INK, PAPER, RULE, SERIES, SOFT
from fl_estimate.reporting.published_tables import PublishedTable, PublishedTables
from fl_estimate.reporting.scale import Scale, scale_of
from fl_estimate.reporting.suppression import LIMITS, NOT_PUBLISHED
from fl_estimate.reporting.truth import Truth, read_truth
from fl_estimate.results.estimates import Estimates
from fl_estimate.words.languages import check_language
from fl_estimate.words.numbers import number, spread
from fl_estimate.words.say import say

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKERS = "os^vPX"
APART = 0.30
"""Height between two results of one domain, in rows of text."""


def compare(
    estimates: Mapping[str, Estimates] | Sequence[Estimates] | Estimates | PublishedTables,
    *,
    truth: str | Path | None = None,
    test: bool = False,
    language: str = "en",
) -> Figure:
    """Draw results of several methods side by side on one axis.

    Where all speak of the nation alone, each result has a line of its own; else each domain has one line a result.
    Nothing is pooled: the picture is for seeing how far methods agree.

    Parameters
    ----------
    estimates : mapping of name to Estimates, sequence of them, Estimates (from `stack`), or PublishedEstimates
        Without names a result is called by its method. Estimates are drawn in full, for the analyst;
        PublishedEstimates as they may be printed. Dark figures are left out beside population sizes.
    truth : path, optional
        JSON of true values of a synthetic population, as `datasets` writes it.
    test : bool, default False
        Write under the axis whether the results differ more than their errors allow (Cochran's Q, in each domain), as
        `fl.synthesis.discrepancy` computes it. Results of one file are not independent, and are not tested.
    language : {"en", "fr", "es", "es-MX", …}

    Returns
    -------
    matplotlib.figure.Figure
        Without pyplot state: show it in a notebook as the last line of a cell, or call its ``savefig``.

    Raises
    ------
    PublishFault
        FL-PUB-02: there is nothing to compare; FL-PUB-05: the results are in different units; FL-PUB-07: a language
        without words; FL-PUB-11: not a file of true values.
    FileFault
        FL-FILE-01: there is no such file of true values.
    """
    check_language(language)
    named, tables = _tables(estimates)
    known = read_truth(Path(truth)) if truth is not None else None
    picture = _picture(tables, named, known, language)
    return _draw(picture, language, _discrepancy(picture, tables, language) if test else "")


@dataclass(frozen=True, kw_only=True)
class _ComparedDomain:
    """A domain with what each result says of it."""

    margin: str
    label: str
    records: dict[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    truth: float | None = None


@dataclass(frozen=True, kw_only=True)
class _Picture:
    cells: tuple[_ComparedDomain, ...]
    series: tuple[str, ...]
    scale: Scale
    legend: str


def _tables(given: Any) -> tuple[bool, tuple[PublishedTable, ...]]:
    """The tables to draw, and whether the names are the caller's own."""
    if isinstance(given, PublishedTables):
        return len(given.tables) > 1, given.tables
    if isinstance(given, Estimates):
        given = [given]
    named = cast("Mapping[Any, Any]", given) if isinstance(given, Mapping) else None
    results: list[Any] = list((named.values() if named is not None else cast("Sequence[Any]", given)) if given else ())
    if not results or not all(isinstance(each, Estimates) for each in results):
        raise PublishFault(
            "FL-PUB-02", "there is nothing to compare", found="no estimates",
            fix="give a mapping of names to Estimates, or a list of them",
        )  # fmt: skip
    if named is not None:
        return True, tuple(in_full(result, str(name)) for name, result in named.items())
    return False, tuple(in_full(result) for result in results)


def _picture(tables: Sequence[PublishedTable], named: bool, truth: Truth | None, language: str) -> _Picture:
    """Lay the rows of all tables out by domain and result."""
    frames = [_kept(table.frame) for table in tables]
    whole = pd.concat([frame.drop(columns=list(table.by)) for frame, table in zip(frames, tables, strict=True)])
    units = list(dict.fromkeys(unit_of(str(quantity)) for quantity in whole["quantity"]))
    if len(units) > 1:
        raise PublishFault(
            "FL-PUB-05", "the results are in different units", found=listed(units),
            fix="turn prevalences into persons with Estimates.persons(population), or compare them apart",
        )  # fmt: skip
    cells: dict[tuple[str, str], _ComparedDomain] = {}
    series: dict[str, None] = {}
    for table, frame in zip(tables, frames, strict=True):
        names = labels_of(table, language, frame)
        for raw in frame.to_dict("records"):
            record = {str(key): value for key, value in raw.items()}
            who = _series(record, table, names, named, language)
            key = (str(record["margin"]), names.domain(record))
            cell = cells.setdefault(
                key, _ComparedDomain(margin=key[0], label=key[1], truth=truth.of(record, table.by) if truth else None)
            )
            cell.records[who] = record
            series[who] = None
    return _Picture(
        cells=tuple(cells.values()),
        series=tuple(series),
        scale=scale_of(whole, tables[0].wording.unit),
        legend=interval_words(whole, float(whole["level"].dropna().max()), language, family="legend.interval"),
    )


def _kept(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows to draw: those on no list are left out where all persons stand beside them."""
    sizes = (frame["quantity"] == "population_size").any()
    keep = (frame["quantity"] != "dark_figure") if sizes else pd.Series(True, index=frame.index)
    return frame[keep.to_numpy(dtype=bool)]


def _series(record: Mapping[str, Any], table: PublishedTable, names: RowLabels, named: bool, language: str) -> str:
    """What the result of a row is called."""
    own, plain = names.source(record), is_unweighted(table.assumptions)
    if named:
        label = f"{table.name}, {own}" if own else table.name
        label += f" – {say('head', 'unweighted', language)}" if plain and not own else ""
    else:
        term, method = str(record["term"]), str(record["method"])
        label = own or say("source", "unweighted" if plain and method in DESIGNED else method, language)
        label += f" ({say('term', term, language)})" if term else ""
    bound = str(record["bound"])
    if not bound:
        return label
    return f"{label} ({lowered(say('head', 'bound', language))}: {say('head', f'bound.{bound}', language)})"


def _discrepancy(picture: _Picture, tables: Sequence[PublishedTable], language: str) -> str:
    """Whether results differ more than their errors allow, in words: of the nation, or how many domains they differ in."""
    marks = [table.provenance.source_sha256 for table in tables if table.provenance.source_sha256]
    if len(set(marks)) < len(marks):
        return say("discrepancy", "not_independent", language)
    found = [answer for cell in picture.cells if (answer := _tested(list(cell.records.values()))) is not None]
    if not found:
        return say("discrepancy", "not_tested", language)
    if len(picture.cells) == 1:
        q, df, p = found[0]
        return say("discrepancy", "one", language, q=number(q, 1, language), df=int(df), p=number(p, 3, language))
    few = sum(p < DIFFERENT for _, _, p in found)
    return say("discrepancy", "many", language, apart=few, domains=len(found), p=number(DIFFERENT, 2, language))


def _tested(records: Sequence[Mapping[str, Any]]) -> tuple[float, float, float] | None:
    """Cochran's test of what may be printed in one domain."""
    # What was combined from the others is no result of its own.
    own = [r for r in records if not str(r["method"]).startswith("combined-")]
    printed = [r for r in own if r["publication"] not in (NOT_PUBLISHED, *LIMITS)]
    pairs = np.array([[as_float(r["value"]), as_float(r["se"])] for r in printed]).reshape(-1, 2)
    pairs = pairs[np.isfinite(pairs).all(axis=1) & (pairs[:, 1] > 0)]
    if len(pairs) < 2:
        return None
    value, se = pairs.T
    return cochran(value, se**2)


def _draw(picture: _Picture, language: str, note: str) -> Figure:
    """One line a result where there is one domain, else a block of lines a domain, with a key above."""
    from fl_estimate.reporting.pictures.picture import Picture

    single = len(picture.cells) == 1
    step = 1.0 if single else max(1.0, APART * (len(picture.series) + 1))
    lines = picture.series if single else [cell.label for cell in picture.cells]
    texts = [_written(picture.cells[0].records[name], picture.scale, language) for name in lines] if single else []
    key = 0.0 if single else 0.2 * len(picture.series) + 0.1
    with styled():
        tall = ROW * step * len(lines)
        truths = [cell.truth * picture.scale.factor for cell in picture.cells if cell.truth is not None]
        parts = [picture.scale.head(language), picture.legend, *([truth_mark(language)] if truths else [])]
        legend = " · ".join(parts) + (f"\n{note}" if note else "")
        below = more_lines(legend)
        figure = Picture(figsize=(WIDTH, tall + 0.75 + key + below), facecolor=PAPER)
        left = min(0.45, (0.35 + 0.078 * max(map(len, lines), default=0)) / WIDTH)
        right = (0.25 + 0.076 * max(map(len, texts), default=0)) / WIDTH
        total = figure.get_figheight()
        axes = figure.add_axes((left, (0.5 + below) / total, 1 - left - right, tall / total))
        axes.set_ylim(len(lines) - 0.5, -0.5)
        factor = picture.scale.factor
        shown = [r for cell in picture.cells for r in cell.records.values() if r["publication"] != NOT_PUBLISHED]
        span = limits(shown, factor, truths)
        axes.set_xlim(*span)
        for position, label in enumerate(lines):
            axes.annotate(within(label, left * WIDTH - 0.2), (0, position), xytext=(-left * WIDTH * 72 + 14, 0), color=INK, annotation_clip=False,
                          xycoords=("axes fraction", "data"), textcoords="offset points", va="center", ha="left")  # fmt: skip
        for position, text in enumerate(texts):
            axes.annotate(text, (1, position), xytext=(10, 0), color=INK, annotation_clip=False,
                          xycoords=("axes fraction", "data"), textcoords="offset points", va="center", ha="left")  # fmt: skip
        _fill(axes, picture, step, span, single)
        dress(axes, legend, language)
        if not single:
            _key(axes, picture.series)
            _margins(axes, picture)
    return figure


def _fill(axes: Axes, picture: _Picture, step: float, span: tuple[float, float], single: bool) -> None:
    """The lines themselves, each in the colour and mark of its result, and the truth of every domain."""
    factor = picture.scale.factor
    for row, cell in enumerate(picture.cells):
        if not single and row % 2 == 0:
            axes.axhspan(row - 0.5, row + 0.5, facecolor=FAINT, linewidth=0, zorder=0)
        for rank, name in enumerate(picture.series):
            if name in cell.records:
                off = (rank - (len(picture.series) - 1) / 2) * APART / step
                position = float(rank) if single else row + off
                _line(
                    axes, position, cell.records[name], rank, factor, span, thick=0.3 if single else 0.4 * APART / step
                )
        if cell.truth is not None:
            middle = (len(picture.series) - 1) / 2 if single else float(row)
            half = len(picture.series) / 2 if single else 0.44
            axes.plot([cell.truth * factor] * 2, [middle - half, middle + half], color=SOFT, linewidth=0.9,
                      linestyle=(0, (3, 2)), zorder=1)  # fmt: skip
            axes.plot([cell.truth * factor], [middle - half], marker="D", markersize=4.8, color=INK, clip_on=False,
                      markerfacecolor=BRIGHT, markeredgewidth=0.9, zorder=5)  # fmt: skip


def _line(axes: Axes, position: float, record: Mapping[str, Any], rank: int, factor: float, span: tuple[float, float],
          *, thick: float) -> None:  # fmt: skip
    """One result: its interval and value, an open tick for an upper limit, hatched where it is withheld."""
    colour, marker = SERIES[rank % len(SERIES)], MARKERS[rank % len(MARKERS)]
    if record["publication"] == NOT_PUBLISHED:
        axes.axhspan(
            position - thick, position + thick, facecolor=FAINT, edgecolor=RULE, hatch=HATCH, linewidth=0, zorder=0.2
        )
        return
    lower, upper, value = (as_float(record[name]) * factor for name in ("lower", "upper", "value"))
    none = record["publication"] in LIMITS or (value == 0 and record["se"] == 0)
    value = np.nan if none else value  # a survey without a case says "fewer than", not zero
    if not np.isnan(upper):
        low = span[0] if np.isnan(lower) else max(lower, span[0])
        axes.plot([low, min(upper, span[1])], [position, position], color=colour, linewidth=1.6, zorder=2)
        if upper > span[1]:
            axes.plot([span[1]], [position], marker=">", color=colour, markersize=5, clip_on=False)
        elif none:
            axes.plot([upper], [position], marker="|", color=colour, markersize=8, markeredgewidth=1.5)
    if not np.isnan(value):
        hollow = bool(record["caution"])
        axes.plot([value], [position], marker=marker, color=colour, markersize=5.6, markeredgewidth=1.3,
                  markerfacecolor=PAPER if hollow else colour, zorder=3)  # fmt: skip


def _key(axes: Axes, series: Sequence[str]) -> None:
    """Which mark is whose, above the axis."""
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], color=SERIES[rank % len(SERIES)], marker=MARKERS[rank % len(MARKERS)], linewidth=1.6,
                      markersize=5.6) for rank in range(len(series))]  # fmt: skip
    axes.legend(handles, list(series), loc="lower left", bbox_to_anchor=(0, 1), frameon=False, fontsize=TEXT,
                borderaxespad=0.2, labelcolor=INK)  # fmt: skip


def _margins(axes: Axes, picture: _Picture) -> None:
    """A rule between the domains of one margin and those of the next."""
    margins = [cell.margin for cell in picture.cells]
    for row in range(1, len(margins)):
        if margins[row] != margins[row - 1]:
            axes.axhline(row - 0.5, color=RULE, linewidth=1.0, zorder=1)


def _written(record: Mapping[str, Any], scale: Scale, language: str) -> str:
    """The value with its interval, or what stands in its place."""
    if record["publication"] == NOT_PUBLISHED:
        return say("flag", NOT_PUBLISHED, language)
    lower, value, upper = (scale.figure(record, name, language) for name in ("lower", "value", "upper"))
    if record["publication"] in LIMITS:
        return say("flag", str(record["publication"]), language, upper=upper)
    return f"{value} ({spread(lower, upper, language)})" if lower and upper else value
