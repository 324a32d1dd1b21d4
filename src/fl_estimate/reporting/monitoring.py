"""Monitoring in words: how a published figure changed between rounds, and whether by more than chance. No figure that is withheld."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

import pandas as pd

from fl_estimate.errors import EstimateFault
from fl_estimate.reporting.disclosure.kinds import rounds_of
from fl_estimate.reporting.headline import period
from fl_estimate.reporting.naming import outcome_words, unit_words
from fl_estimate.reporting.published_tables import PublishedTable, PublishedTables
from fl_estimate.reporting.scale import Scale, scale_of
from fl_estimate.reporting.suppression import PUBLISHED
from fl_estimate.results.codes import (
    ANNUAL_CHANGE,
    ANNUAL_ODDS_RATIO,
    ANNUAL_PERCENT,
    ANNUAL_RATIO,
    CHANGE_DIFFERENCE,
    CHANGE_PERCENT,
    CHANGE_RATIO,
    PREVALENCE,
    PREVALENCE_PER_1000,
    SUBPOPULATION,
    Quantity,
)
from fl_estimate.results.columns import margin_columns
from fl_estimate.results.recipe import Period
from fl_estimate.words.numbers import level_words, number
from fl_estimate.words.say import named, opening, say

Row = Mapping[str, Any]
BETWEEN_TWO: tuple[str, ...] = (CHANGE_DIFFERENCE, CHANGE_RATIO, CHANGE_PERCENT)
IN_A_YEAR: tuple[str, ...] = (ANNUAL_CHANGE, ANNUAL_RATIO, ANNUAL_ODDS_RATIO, ANNUAL_PERCENT)
ABSOLUTE: tuple[str, ...] = (CHANGE_DIFFERENCE, ANNUAL_CHANGE)
"""Changes in the units of the figure; others are ratios of it."""
BENT = "trend_not_linear"
SENTENCE = "sentence"


@dataclass(frozen=True, kw_only=True)
class _Round:
    """A round as it is printed: when it was, its row and the unit of its table; no row where none is printed."""

    label: str
    when: str
    row: Row | None = None
    scale: Scale | None = None


def monitoring_sentences(published: PublishedTables, language: str = "en") -> list[str]:
    """Say in words what published changes and trends of the nation say: from what to what, and whether chance would explain it.

    Parameters
    ----------
    published : PublishedEstimates
        With a result of `fl.synthesis.change`, `changes` or `trend`. Where the rounds are published with it, their figures are said.
    language : {"en", "fr", "es", "es-MX", …}

    Returns
    -------
    list of str
        One text for each change and slope, in the order of the tables. The test of the difference decides, never whether the two
        intervals overlap; where these overlap although the change is larger than chance would explain, that is said. A figure that is
        not published is not said, nor what it could be worked out from; empty where nothing was compared.

    Raises
    ------
    EstimateFault
        FL-EST-763: what is given was not published.
    PublishFault
        FL-PUB-07: no such language.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> rounds = {year: fl.synthesis.published(value, se=0.6e-3, quantity="prevalence", outcome="forced_labour", reference_period=year, source="a survey")
    ...           for year, value in (("2021", 8.1e-3), ("2024", 5.2e-3))}
    >>> change = fl.synthesis.change(*rounds.values())
    >>> print(*fl.monitoring_sentences(fl.publish({**rounds, "change": change})), sep=" ")
    Forced labour: between 2021 and 2024 the prevalence fell from 8.10 to 5.20 per 1,000 (difference −2.90, 95% CI −4.56 to −1.24; p < 0.001). The change is larger than what chance would explain.
    """
    tables = getattr(published, "tables", None)
    if not isinstance(tables, tuple):
        raise EstimateFault(
            "FL-EST-763", "only published figures are put into words", found=type(published).__name__,
            fix="fl.monitoring_sentences(fl.publish({…})): the rounds and what compares them in one call",
        )  # fmt: skip
    return [
        " ".join(_sentences(published, table, row, language))
        for table in published.tables
        if rounds_of(table.provenance.arguments) is not None
        for row in _nation(table)
        if str(row["quantity"]) in (*BETWEEN_TWO, *IN_A_YEAR)
    ]


def _nation(table: PublishedTable) -> list[Row]:
    rows = table.frame[(table.frame["margin"] == "").to_numpy(dtype=bool)]
    return [
        {str(name): value for name, value in row.items()} | {"__at": at} for at, row in rows.to_dict("index").items()
    ]


def _sentences(published: PublishedTables, table: PublishedTable, row: Row, language: str) -> Iterator[str]:
    first, last, count = _rounds(published, table, row, language)
    outcome = str(row["outcome"])
    about = opening(outcome_words(table.wording, outcome, language)) if outcome else ""
    words = {"first": first.when, "last": last.when, "n": count, **_what(table, language)}
    hidden = [one for one in (first, last) if one.row is not None and one.row["publication"] != PUBLISHED]
    if row["publication"] != PUBLISHED or hidden:
        yield _of(about, say(SENTENCE, "monitoring.withheld", language, **words), language)
        return
    if _bridged(table, first.label, last.label):  # the levels as measured are not those that the change is of
        first, last = (replace(one, row=None) for one in (first, last))
    yield _of(about, _moved(row, str(table.provenance.arguments.get("of", "")), first, last, words, language), language)
    yield from _chance(row, first, last, language)
    bent = next((reason for reason in table.reasons if reason.row == row["__at"] and reason.code == BENT), None)
    if bent is not None:
        yield say(SENTENCE, "monitoring.bent", language, p=_p(dict(bent.parameters)["p"], language))


def _bridged(table: PublishedTable, *labels: str) -> bool:
    """Whether one of two rounds was multiplied by a factor."""
    bridge = table.provenance.arguments.get("bridge")
    return isinstance(bridge, Mapping) and any(
        not isinstance(cast("Mapping[str, Any]", bridge).get(label, ""), str) for label in labels
    )


def _of(about: str, sentence: str, language: str) -> str:
    """A sentence with the outcome before it."""
    return named(about, sentence, language) if about else opening(sentence)


def _what(table: PublishedTable, language: str) -> dict[str, str]:
    """What is compared, with its article: the prevalence, the number of persons, or the figure."""
    quantity = Quantity.of(str(table.provenance.arguments.get("of", "")))
    kind = (
        "prevalence"
        if quantity.heading.startswith("prevalence")
        else "persons"
        if quantity.counts_population
        else "figure"
    )
    units = unit_words(table.wording.unit, "units", language)
    return {"what": say(SENTENCE, f"monitoring.{kind}", language, units=units)}


def _rounds(published: PublishedTables, table: PublishedTable, row: Row, language: str) -> tuple[_Round, _Round, int]:
    """The two rounds that a row speaks of, or the first and the last of a trend, and how many lie from one to the other."""
    arguments = table.provenance.arguments
    column, labels = rounds_of(arguments) or ("", ())
    periods = [str(one) for one in arguments.get("periods", ())] or [""] * len(labels)
    term = str(row["term"]).rpartition(": ")[2]
    pairs = [
        (a, b)
        for b in range(len(labels))
        for a in range(b)
        if term in (f"{labels[b]} − {labels[a]}", f"{labels[b]} / {labels[a]}")
    ]
    a, b = pairs[0] if pairs else (0, len(labels) - 1)
    found = [
        _round(published, table, row, column, labels[at], periods[at] if at < len(periods) else "", language)
        for at in (a, b)
    ]
    return found[0], found[1], b - a + 1


def _round(
    published: PublishedTables, change: PublishedTable, row: Row, column: str, label: str, when: str, language: str
) -> _Round:
    """A round of a change as its own table prints it."""
    quantity, where = str(change.provenance.arguments.get("of", "")), _where(change)
    for table in published.tables:
        if rounds_of(table.provenance.arguments) is not None or _where(table) != where:
            continue
        for record in table.frame.to_dict("records"):
            own = {str(name): value for name, value in record.items()}
            same = (
                own["outcome"] == row["outcome"]
                and own["quantity"] == quantity
                and not own["bound"]
                and not own["term"]
            )
            if same and _is_round(table, own, column, label, when):
                return _Round(
                    label=label,
                    when=_when(label, when, column, language),
                    row=own,
                    scale=scale_of(table.frame, table.wording.unit),
                )
    return _Round(label=label, when=_when(label, when, column, language))


def _where(table: PublishedTable) -> tuple[Any, ...]:
    return tuple(a.parameters for a in table.assumptions if a.code == SUBPOPULATION)


def _is_round(table: PublishedTable, row: Row, column: str, label: str, when: str) -> bool:
    margin = margin_columns(dict(row))
    if column:
        return (margin == [column] and str(row.get(column, "")) == label) or (
            not margin and column not in table.by and str(row.get(column, "")) == label
        )
    own = str(row.get("period") or table.reference_period) if "period" not in table.by else str(row["period"])
    return not margin and (own == when if when else table.name == label)


def _when(label: str, text: str, column: str, language: str) -> str:
    """When a round was: its year where it lies in one, else its period in words; its name where nothing is known."""
    for one in (label, text) if column else (text, label):
        read = Period(one)
        if read.first is not None and read.last is not None and read.first.year == read.last.year:
            return str(read.first.year)
    return period(text, language) if text and not column else label


def _moved(row: Row, of: str, first: _Round, last: _Round, words: dict[str, Any], language: str) -> str:
    """From what to what, by how much: fell, rose, or went where chance would explain it."""
    told = {
        **words,
        **_numbers(row, of, first, last, language),
        "level": level_words(float(row["level"]), language),
        "p": _p(row.get("p"), language),
    }
    way = _way(row)
    yearly = str(row["quantity"]) in IN_A_YEAR
    levels = not yearly and first.row is not None and last.row is not None
    form = "trend" if yearly else "levels" if levels else "change"
    if pd.isna(row["lower"]) or not told["p"]:
        return say(SENTENCE, f"monitoring.bare.{form}", language, **told)
    return say(SENTENCE, f"monitoring.{form}.{way}", language, **told)


def _way(row: Row) -> str:
    """fell, rose or unclear, by the test of the row itself."""
    if not _beyond_chance(row):
        return "unclear"
    null = Quantity.of(str(row["quantity"])).null or 0.0
    return "fell" if float(row["value"]) < null else "rose"


def _beyond_chance(row: Row) -> bool:
    p = row.get("p")
    return p is not None and not pd.isna(p) and float(p) < 1 - float(row["level"])


def _numbers(row: Row, of: str, first: _Round, last: _Round, language: str) -> dict[str, str]:
    scale = first.scale or last.scale or _own_scale(row, of)
    quantity = str(row["quantity"])
    own = scale if quantity in ABSOLUTE else _own_scale(row)
    change, lower, upper = (own.figure(row, name, language) for name in ("value", "lower", "upper"))
    thousand = own.unit == "prevalence.thousand"
    said = first.row is not None and last.row is not None and quantity not in IN_A_YEAR
    form = (
        "points" if own.unit == "prevalence.percent" else "thousand" if thousand and not said else "plain"
    ) if quantity in ABSOLUTE else quantity.removeprefix("change_").removeprefix("annual_")  # fmt: skip
    found = {"lower": lower, "upper": upper, "by": say(SENTENCE, f"monitoring.by.{form}", language, change=change)}
    found["per"] = say(SENTENCE, "monitoring.per.thousand", language) if scale.unit == "prevalence.thousand" else ""
    for name, one in (("before", first), ("after", last)):
        if one.row is not None and one.scale is not None:
            found[name] = one.scale.with_unit(one.row, "value", language)
    return found


def _own_scale(row: Row, of: str = "") -> Scale:
    """The unit of a change whose rounds are not printed: of prevalences per 1,000."""
    if of in (PREVALENCE, PREVALENCE_PER_1000):
        return Scale(factor=1000.0 / Quantity.of(of).per, decimals=2, unit="prevalence.thousand", quantity=of)
    return Scale(factor=1.0, decimals=2, unit=str(row["quantity"]), quantity=str(row["quantity"]))


def _chance(row: Row, first: _Round, last: _Round, language: str) -> Iterator[str]:
    """Whether chance would explain it, and that two intervals which overlap are no test."""
    if pd.isna(row.get("p")):
        yield say(SENTENCE, "monitoring.no_test", language)
        return
    beyond = _beyond_chance(row)
    yield say(SENTENCE, "monitoring.beyond" if beyond else "monitoring.within", language)
    if first.row is None or last.row is None or str(row["quantity"]) in IN_A_YEAR:
        return
    ends = [float(one[name]) for one in (first.row, last.row) for name in ("lower", "upper")]
    if any(pd.isna(end) for end in ends):
        return
    apart = ends[1] < ends[2] or ends[3] < ends[0]
    if beyond and not apart:
        yield say(SENTENCE, "monitoring.overlap", language)


def _p(value: Any, language: str) -> str:
    """A p-value as it stands behind p: "= 0.034", "< 0.001"."""
    if value is None or pd.isna(value):
        return ""
    return f"< {number(0.001, 3, language)}" if float(value) < 0.001 else f"= {number(float(value), 3, language)}"
