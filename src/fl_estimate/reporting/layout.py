"""Published tables laid out for reading: heads, labels, cells, marks and notes. The one place where rows become text.

A Layout is what every renderer draws: cells as text and as the values behind them, in one language.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from fl_estimate.errors import visible
from fl_estimate.inputs.wording import SurveyWording
from fl_estimate.reporting.captions import caption, column_words, interval_words, unweighted_words
from fl_estimate.reporting.labelling import RowLabels, compared_column, is_unweighted, several_methods, varying
from fl_estimate.reporting.naming import outcome_words, text_in, unit_forms, unit_words
from fl_estimate.reporting.published_tables import PublishedTable
from fl_estimate.reporting.scale import Scale, scale_of
from fl_estimate.reporting.suppression import AT_MOST, LIMITS, NOT_PUBLISHED
from fl_estimate.reporting.tests_in_tables import KEYS, cells_of_test, of_tests, p_words, tests_of
from fl_estimate.reporting.truth import Truth
from fl_estimate.results.codes import Quantity
from fl_estimate.results.columns import IDENTIFIED
from fl_estimate.words.numbers import number, percent, spread
from fl_estimate.words.say import opening, say

LISTED: frozenset[str] = frozenset({"population_size", "dark_figure"})
"""Quantities whose n are persons on lists, not respondents."""
OF_CASES: frozenset[str] = frozenset({"reported_persons", "reported_cases", "persons_per_case"})
"""Quantities whose n are reported cases."""
CAUTION = "†"
WITHHELD_MARK = "‥"
EMPTY_MARK = "–"
NOTE_MARKS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
MARKS = f"\u2009{CAUTION}{NOTE_MARKS}"
"""What may stand behind a written value: a thin space, the mark of caution, the figures of notes."""
NUMBERS: tuple[str, ...] = ("value", "se", "lower", "upper", "n", "cases", "undetermined", "df", "deff")
"""Columns of a published row that are numbers."""
OPTIONAL: tuple[str, ...] = (*KEYS, "p", "cv", "n", "cases", "undetermined", "deff", "effective_n", "truth")


@dataclass(frozen=True, kw_only=True)
class LaidRow:
    """One row: a heading (no cells), or written cells by column key.

    `cells` is for eyes, `values` for machines; `record` is the published row itself, `truth` the true value in natural units
    where it is known.
    """

    label: str
    cells: Mapping[str, str] = field(default_factory=dict[str, str])
    heading: bool = False
    nation: bool = False
    withheld: bool = False
    truth: float | None = None
    record: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def values(self) -> Mapping[str, float]:
        """What is behind the cells, in natural units (a share, persons): `value`, `se`, `lower`, `upper`, `cv`, counts; only what is printed."""
        if not self.record:
            return {}
        known = {name: self.record[name] for name in NUMBERS}
        known["cv"] = _ratio(known["se"], known["value"])
        known["effective_n"] = _ratio(known["n"], known["deff"])
        known["truth"] = self.truth
        return {name: float(value) for name, value in known.items() if value is not None and not _na(value)}


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A published table as it is read, in one language: what every renderer draws.

    Attributes
    ----------
    name : str
        Under which it was published.
    language : str
    caption : str
    heads : mapping of column key to text
        Of the columns that have anything in them, in their order; the first column, of labels, has none.
    rows : tuple of LaidRow
    notes : tuple of (mark, text)
        What the small figures behind values mean; a note without a mark is of the whole table.
    scale : Scale
        The unit in which `cells` are written, of `values`.
    level : float
        Of the intervals.
    legend : str
        What a line of a picture is.
    """

    name: str
    language: str
    caption: str
    heads: Mapping[str, str]
    rows: tuple[LaidRow, ...]
    notes: tuple[tuple[str, str], ...]
    scale: Scale
    level: float
    legend: str

    @property
    def flagged(self) -> bool:
        """Whether any value has the mark of caution."""
        return any(CAUTION in row.cells.get("value", "") for row in self.rows)

    def harmless(self, neutral: Callable[[str], str]) -> Layout:
        """The same table with every text given through a function of `neutral`; records and values stay."""
        return replace(
            self, caption=neutral(self.caption), heads={key: neutral(text) for key, text in self.heads.items()},
            rows=tuple(
                replace(row, label=neutral(row.label), cells={key: neutral(text) for key, text in row.cells.items()})
                for row in self.rows
            ),
            notes=tuple((mark, neutral(text)) for mark, text in self.notes), legend=neutral(self.legend),
        )  # fmt: skip


def layout(table: PublishedTable, language: str = "en", truth: Truth | None = None) -> Layout:
    """Write every cell of one published table in a language, the truth beside it where it is known."""
    frame = table.frame
    scale = scale_of(frame, table.wording.unit)
    if _narrowed(table):
        truth = None  # the truth is known of the whole population only
    level = float(frame["level"].dropna().iloc[0]) if frame["level"].notna().any() else 0.95
    marks = _marks(table)
    rows: list[LaidRow] = []
    names, methods = labels_of(table, language), several_methods(frame)
    several = frame["outcome"][(frame["outcome"] != "").to_numpy(dtype=bool)].nunique() > 1
    group: tuple[str, str] | None = None
    tests = of_tests(frame)
    records = [{str(key): value for key, value in record.items()} for record in frame.to_dict("records")]
    none: list[dict[str, Any]] = []
    every = tests_of(records) if tests else [(position, record, none) for position, record in enumerate(records)]
    if varying(frame, table.by):
        every = _by_cell(every, table.by)
    for position, entry, parts in every:
        here = (str(entry["outcome"]) if several else "", str(entry["margin"]))
        if here != group:
            rows += _headings(here, group, table.wording, language)
            group = here
        row = _row(entry, table.by, names, scale, language, marks.get(position, ""), truth)
        if tests and not row.withheld:
            row = replace(row, cells={**row.cells, "interval": "", **cells_of_test(entry, parts, language)})
        # Among several methods, or effects, no row is the nation that the others are parts of.
        rows.append(replace(row, nation=False) if methods or names.effects else row)
    heads = _heads(rows, scale, interval_words(frame, level, language), language)
    if tests and not any(row.cells.get("interval") for row in rows):
        del heads["interval"]
    if "n" in heads:
        heads["n"] = unit_words(table.wording.unit, "n", language)
    if "effective_n" in heads and table.wording.unit != "persons":
        heads["effective_n"] = say("head", "effective_size", language)
    if "n" in heads and frame["quantity"].isin(list(LISTED)).any():
        heads["n"] = say("head", "observed", language)
    if "n" in heads and frame["quantity"].isin(list(OF_CASES)).any():
        heads["n"] = say("head", "cases_found", language)
    if not _has_unknown(table):
        heads.pop("undetermined", None)
    return Layout(
        name=table.name,
        language=language,
        caption=visible(caption(table, language)),
        heads=heads,
        rows=tuple(rows),
        notes=(*_notes(table, language), *(("", note) for note in [text_in(table.wording.note, language)] if note)),
        scale=scale,
        level=level,
        legend=interval_words(frame, level, language, family="legend.interval") + unweighted_words(table, language),
    )


def _by_cell(
    every: Iterable[tuple[int, dict[str, Any], Any]], by: Sequence[str]
) -> list[tuple[int, dict[str, Any], Any]]:
    """Rows of several rounds with those of a cell under each other, margins and cells as they are first met."""
    groups: dict[Any, int] = {}
    cells: dict[Any, int] = {}
    placed: list[tuple[tuple[int, int, int], tuple[int, dict[str, Any], Any]]] = []
    for each in every:
        position, entry, _ = each
        group = (str(entry["outcome"]), str(entry["margin"]))
        cell = (*group, *(str(entry[name]) for name in ("term", "quantity", "method", *by)))
        placed.append(((groups.setdefault(group, len(groups)), cells.setdefault(cell, len(cells)), position), each))
    return [each for _, each in sorted(placed, key=lambda pair: pair[0])]


def _narrowed(table: PublishedTable) -> bool:
    """Whether a table is of a subpopulation; the scope of its own outcome is none."""
    own = {f"{outcome}_in_scope" for outcome in table.frame["outcome"]}
    said = [assumption for assumption in table.assumptions if assumption.code == "subpopulation"]
    return any(str(value) not in own for assumption in said for _, value in assumption.parameters)


def labels_of(table: PublishedTable, language: str, frame: pd.DataFrame | None = None) -> RowLabels:
    """The names of the rows of a table, or of the part of it that is shown."""
    shown = table.frame if frame is None else frame
    return RowLabels(
        shown,
        table.by,
        language,
        table.wording,
        unweighted=is_unweighted(table.assumptions),
        compared=compared_column(table.assumptions),
    )


def _headings(
    here: tuple[str, str], before: tuple[str, str] | None, wording: SurveyWording, language: str
) -> Iterable[LaidRow]:
    outcome, margin = here
    if outcome and (before is None or before[0] != outcome):
        yield LaidRow(label=visible(opening(outcome_words(wording, outcome, language))), heading=True)
    if margin:
        yield LaidRow(label=visible(opening(column_words(margin, language, wording))), heading=True)


def split_marks(text: str) -> tuple[str, str]:
    """A written cell as its figure and the marks behind it.

    Examples
    --------
    >>> split_marks("4.9\u2009†¹"), split_marks("not published")
    (('4.9', '†¹'), ('not published', ''))
    """
    figure = text.rstrip(MARKS)
    return figure, text[len(figure) :].strip()


def _row(
    record: dict[str, Any],
    by: Sequence[str],
    names: RowLabels,
    scale: Scale,
    language: str,
    mark: str,
    truth: Truth | None,
) -> LaidRow:
    """Write one published row; a withheld one has its words in place of a value and no numbers but n."""
    withheld = record["publication"] == NOT_PUBLISHED
    true_value = truth.of(record, by) if truth is not None and not withheld else None
    cells = {"n": _count(record["n"], language)}
    if record["bound"]:
        cells["bound"] = say("head", f"bound.{record['bound']}", language)
    if withheld:
        cells |= {"value": say("flag", NOT_PUBLISHED, language), "interval": "", "cv": ""}
        cells |= dict.fromkeys((*KEYS, "p", "cases", "undetermined", "deff", "effective_n"), WITHHELD_MARK)
        cells["n"] = cells["n"] or WITHHELD_MARK
    else:
        cells |= _numbers(record, scale, language, mark)
        if true_value is not None:
            cells["truth"] = scale.write(true_value, language, record)
    return LaidRow(
        label=visible(names.of(record)),
        cells=cells,
        nation=record["margin"] == "",
        withheld=withheld,
        truth=true_value,
        record=record,
    )


def _numbers(record: Mapping[str, Any], scale: Scale, language: str, mark: str) -> dict[str, str]:
    lower, upper = (scale.figure(record, name, language) for name in ("lower", "upper"))
    status = str(record["publication"])
    if status in LIMITS:
        value, cv = say("flag", status, language, upper=upper), math.nan
    else:
        value, cv = scale.figure(record, "value", language), _ratio(record["se"], record["value"])
        value = value or (EMPTY_MARK if record["bound"] == IDENTIFIED else "")
        # Beside its error a difference says whether there is one: that is what p is for.
        cv = cv if Quantity.of(str(record["quantity"])).null is None else math.nan
    flag = CAUTION if record["caution"] else ""
    return {
        "value": f"{value}{'\u2009' if flag else ''}{flag}{mark}",
        "interval": spread(lower, upper, language)
        if lower and upper and (status != AT_MOST or record["lower"] > 0)
        else EMPTY_MARK,
        "p": p_words(record.get("p", math.nan), language),
        "cv": EMPTY_MARK if math.isnan(cv) else percent(cv, 1, language),
        "cases": _count(record["cases"], language),
        "undetermined": "" if _na(record["undetermined"]) else percent(record["undetermined"], 1, language),
        "deff": "" if _na(record["deff"]) else number(record["deff"], 2, language),
        "effective_n": _count(_ratio(record["n"], record["deff"]), language),
    }


def _heads(rows: Sequence[LaidRow], scale: Scale, interval: str, language: str) -> dict[str, str]:
    """Heads of the columns that have anything in them."""
    filled = {key for row in rows for key, text in row.cells.items() if text not in ("", WITHHELD_MARK, EMPTY_MARK)}
    heads = {"value": scale.head(language)}
    heads["interval"] = interval
    heads |= {key: say("head", key, language) for key in OPTIONAL if key in filled}
    return {"bound": say("head", "bound", language), **heads} if "bound" in filled else heads


def _has_unknown(table: PublishedTable) -> bool:
    """Whether unknown answers were met, or decided on: else a column of zeros would say nothing."""
    decided = any(assumption.code.startswith("unknown_") for assumption in table.assumptions)
    return decided or bool((table.frame["undetermined"] > 0).any())


def _marks(table: PublishedTable) -> dict[int, str]:
    """The note marks of each row, as superscript figures."""
    numbers = {code: position for position, code in enumerate(_noted(table), 1)}
    marks: dict[int, str] = {}
    for reason in table.reasons:
        if (key := (reason.code, reason.parameters)) in numbers:
            marks[reason.row] = marks.get(reason.row, "") + superscript(str(numbers[key]))
    return marks


def _notes(table: PublishedTable, language: str) -> Iterable[tuple[str, str]]:
    forms = unit_forms(table.wording.unit, language)
    for position, (code, parameters) in enumerate(_noted(table), 1):
        yield str(position), say("reason", code, language, **{**forms, **dict(parameters)})


def _noted(table: PublishedTable) -> list[tuple[str, tuple[tuple[str, Any], ...]]]:
    """The reasons that need a note, each once; the words "fewer than" speak for zero cases by themselves."""
    spoken = set(table.frame["publication"].isin(list(LIMITS)).to_numpy().nonzero()[0].tolist())
    kept = [r for r in table.reasons if not (r.code == "zero_cases" and r.row in spoken)]
    return list(dict.fromkeys((reason.code, reason.parameters) for reason in kept))


def superscript(figures: str) -> str:
    """The mark of a note as it stands behind a value."""
    return figures.translate(str.maketrans("0123456789", NOTE_MARKS))


def _ratio(se: float, value: float) -> float:
    return math.nan if _na(se) or _na(value) or value == 0 else float(se) / abs(float(value))


def _count(value: Any, language: str) -> str:
    return "" if _na(value) else number(float(value), 0, language)


def _na(value: Any) -> bool:
    return bool(pd.isna(value))  # pyright: ignore[reportUnknownArgumentType]
