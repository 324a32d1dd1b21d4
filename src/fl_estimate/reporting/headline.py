"""The national figure in words and in large type, for reports and for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from fl_estimate.reporting.captions import CREDIBLE, lowered
from fl_estimate.reporting.labelling import is_unweighted, several_methods, varying
from fl_estimate.reporting.naming import outcome_words, text_in, unit_words
from fl_estimate.reporting.published_tables import PublishedTable, PublishedTables
from fl_estimate.reporting.scale import Scale, scale_of
from fl_estimate.reporting.suppression import LIMIT_SIGNS, LIMITS, NOT_PUBLISHED
from fl_estimate.reporting.truth import Truth
from fl_estimate.results.columns import IDENTIFIED, IMPUTED
from fl_estimate.results.recipe import Period
from fl_estimate.words import periods
from fl_estimate.words.numbers import level_words, number, percent, spread
from fl_estimate.words.say import opening, say

NETWORK_SIZE, BACK_ESTIMATE = "network_size", "scale-up-back-estimate"
ORDER: tuple[str, ...] = ("prevalence", "ratio", "mean", "total")
"""Which quantity leads, where several are published."""
Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Headline:
    """Sentences, and cards of (figure, unit, interval or what stands behind it)."""

    sentences: tuple[str, ...] = ()
    cards: tuple[tuple[str, str, str], ...] = ()


def headline(published: PublishedTables, language: str = "en", truth: Truth | None = None) -> Headline:
    """Say the national figure of the leading estimate; the number of persons with it, where that is published too."""
    tables = [last for table in published.tables if (last := last_round(table)) is not None]
    whole = [table for table in tables if _speaks_of_all(table) and len(_nation(table))]
    known = [table for table in whole if _quantity(table) in ORDER]
    if not known:
        return Headline()
    lead = min(known, key=lambda table: (_on_the_way(table), ORDER.index(_quantity(table)), _only_imputed(table)))
    rows, scale = _nation(lead), scale_of(lead.frame, lead.wording.unit)
    if any(row["publication"] == NOT_PUBLISHED for row in rows):
        return Headline(sentences=(say("sentence", "not_published", language),))
    outcome = str(rows[0]["outcome"])
    rows = [row for row in rows if row["outcome"] == outcome]
    either = next((row for row in rows if row["bound"] == IDENTIFIED), None)
    rows = [row for row in rows if row["bound"] not in (IDENTIFIED, IMPUTED)] or rows
    totals = [table for table in whole if _quantity(table) == "total" and table is not lead]
    total = (
        None  # of bounds there is none, and a number of persons by another method is no other dress of this one
        if len(rows) == 2 or _quantity(lead) == "total"
        else next((row for table in totals for row in _nation(table) if _dress_of(row, rows[0])), None)
    )
    most = max(0, published.rule.min_cases - 1)
    sentences = [
        *_figure(lead, rows, scale, most, language, either),
        *_persons(total, scale, language),
        *_behind(rows, scale, language),
    ]
    if is_unweighted(lead.assumptions):
        sentences.append(say("sentence", "unweighted", language, one=unit_words(scale.counted, "one", language)))
    if len(rows) == 1 and rows[0]["publication"] != NOT_PUBLISHED:
        sentences += _all_counted(whole, lead, outcome, scale, language)
    sentences += _imputed(whole, lead, outcome, scale, language)
    sentences += _truth(published, lead, rows[0], scale, truth, language)
    return Headline(sentences=tuple(sentences), cards=tuple(_cards(rows, scale, total, language, either)))


def last_round(table: PublishedTable) -> PublishedTable | None:
    """The rows of the last round of a table; None where it is of several countries, of which none is the whole."""
    names = varying(table.frame, table.by)
    if not names:
        return table
    if "country" in names:
        return None
    last = str(table.frame["period"].iloc[-1])
    frame = table.frame[(table.frame["period"] == last).to_numpy(dtype=bool)].reset_index(drop=True)
    return replace(table, frame=frame, reference_period=last, reasons=())


def _figure(
    lead: PublishedTable, rows: list[Row], scale: Scale, most: int, language: str, either: Row | None
) -> Iterator[str]:
    """The value in words with its interval, of whom and when; two bounds where unknown answers were counted both ways."""
    row, level = rows[0], level_words(float(rows[0]["level"]), language)
    outcome = str(row["outcome"])
    unit = scale.unit.split(".")[-1]
    worded = scale.quantity == "prevalence" and say("state", outcome, language) != outcome
    words = {
        "state": say("state", outcome, language),
        "outcome": opening(outcome_words(lead.wording, outcome, language)),
        **{key: unit_words(lead.wording.unit, key, language) for key in ("units", "of", "none_or_all")},
        "quantity": lowered(scale.head(language)),
        **_when(lead.reference_period, language),
    }
    if len(rows) == 2:
        ends = {
            "lower": scale.with_unit(_or_zero(row), "value", language),
            "upper": scale.with_unit(rows[1], "value", language),
        }
        sentence = say("sentence", f"bounds.{unit if worded else 'plain'}", language, **words, **ends)
        yield _of(population_words(lead, language) if worded else "", sentence, language)
        low, high = (row, rows[1]) if either is None else (either, either)
        outer = {"lower": scale.with_unit(low, "lower", language), "upper": scale.with_unit(high, "upper", language)}
        yield say(
            "sentence", "bounds.interval" if either is None else "bounds.identified", language, level=level, **outer
        )
        return
    upper = scale.with_unit(row, "upper", language)
    if row["publication"] in LIMITS:
        n = round(row["n"])
        told = {"sample": unit_words(lead.wording.unit, "sample", language, n), "unit": lowered(scale.head(language))}
        yield say("sentence", str(row["publication"]), language, level=level, most=most, n=n, upper=upper, **told)
        return
    value = scale.with_unit(row, "value", language)
    sentence = say("sentence", f"prevalence.{unit}" if worded else "plain", language, value=value, **words)
    yield _of(population_words(lead, language) if worded else "", sentence, language)
    lower = scale.with_unit(row, "lower", language)
    kind = "interval.credible" if row["interval_kind"] in CREDIBLE else "interval"
    yield say("sentence", kind, language, level=level, lower=lower, upper=upper)


def population_words(table: PublishedTable, language: str) -> str:
    """Whom a table speaks of, in the language where the mapping has it."""
    return text_in(table.wording.population, language) or table.population


def _of(population: str, sentence: str, language: str) -> str:
    """A sentence on persons, with whom it speaks of where the data say it."""
    if not population:
        return sentence
    return say("sentence", "in_population", language, population=population.rstrip(". "), sentence=lowered(sentence))


def _when(reference: str, language: str) -> dict[str, str]:
    """The verb and the time: what was asked of a period in the past was so then."""
    if not reference:
        return {"are": say("sentence", "are", language), "when": ""}
    when = say("sentence", "when", language, period=period(reference, language))
    return {"are": say("sentence", "were", language), "when": when}


def period(text: str, language: str) -> str:
    """A reference period in words: days, months or years as the language joins them, a lifetime, or months before an interview."""
    if dated := periods.period(text, language):
        return dated
    read = Period(text)
    several = read.months is not None and read.months > 1
    return say("head", "rolling", language, months=read.months) if several else say("head", text, language)


def _dress_of(total: Row, row: Row) -> bool:
    """Whether a number of persons is a share as persons: of one outcome, and by one method."""
    return bool(total["outcome"] == row["outcome"] and total["method"] == row["method"])


def _on_the_way(table: PublishedTable) -> bool:
    """Whether a table holds what an estimate is made of and nobody asked for: network sizes, known groups estimated again."""
    frame = table.frame
    return bool(((frame["outcome"] == NETWORK_SIZE) | (frame["method"] == BACK_ESTIMATE)).all())


def _persons(total: Row | None, scale: Scale, language: str) -> Iterator[str]:
    if total is not None and total["publication"] not in (NOT_PUBLISHED, *LIMITS) and not total["bound"]:
        value, lower, upper = (_persons_of(total, name, language) for name in ("value", "lower", "upper"))
        limits = say("head", "range", language, lower=lower, upper=upper)
        units = unit_words(scale.counted, "units", language, float(total["value"]))
        yield say("sentence", "prevalence.total", language, value=value, range=limits, units=units)


def _behind(rows: list[Row], scale: Scale, language: str) -> Iterator[str]:
    """How many cases and respondents stand behind the figure, and what the answers leave open."""
    row = rows[0]
    if row["publication"] not in LIMITS and not pd.isna(row["n"]):
        n = round(row["n"])
        sample = unit_words(scale.counted, "sample", language, n)
        if pd.isna(row["cases"]):
            yield say("sentence", "respondents", language, n=n, sample=sample)
        else:
            yield say("sentence", "cases", language, cases=round(row["cases"]), n=n, sample=sample)
    if not pd.isna(row["undetermined"]) and row["undetermined"] > 0:
        yield say("sentence", "undetermined", language, share=percent(row["undetermined"], 1, language))


def _all_counted(
    whole: list[PublishedTable], lead: PublishedTable, outcome: str, scale: Scale, language: str
) -> Iterator[str]:
    """What the figure would be with the undetermined counted, where another table of the same quantity says it."""
    for table in whole:
        for row in _nation(table):
            same = _quantity(table) == _quantity(lead) and row["outcome"] == outcome
            if same and row["bound"] == "upper" and row["publication"] not in (NOT_PUBLISHED, *LIMITS):
                value, lower, upper = (scale.with_unit(row, name, language) for name in ("value", "lower", "upper"))
                limits = say("head", "range", language, lower=lower, upper=upper)
                counted = unit_words(scale.counted, "all", language)
                yield say("sentence", "all_counted", language, value=value, range=limits, all=counted)
                return


def _imputed(
    whole: list[PublishedTable], lead: PublishedTable, outcome: str, scale: Scale, language: str
) -> Iterator[str]:
    """What the figure is where unknown answers are like those of people alike, where a table of the same quantity says it."""
    for table in whole:
        for row in _nation(table):
            same = _quantity(table) == _quantity(lead) and row["outcome"] == outcome
            if same and row["bound"] == IMPUTED and row["publication"] not in (NOT_PUBLISHED, *LIMITS):
                value, lower, upper = (scale.with_unit(row, name, language) for name in ("value", "lower", "upper"))
                limits = say("head", "range", language, lower=lower, upper=upper)
                yield say("sentence", "imputed", language, value=value, range=limits)
                return


def _only_imputed(table: PublishedTable) -> bool:
    return bool((table.frame["bound"] == IMPUTED).all())


def _truth(
    published: PublishedTables, lead: PublishedTable, row: Row, scale: Scale, truth: Truth | None, language: str
) -> Iterator[str]:
    """The true value, and how many of the printed intervals contain theirs."""
    if truth is None or (value := truth.of(row, lead.by)) is None:
        return
    unit = scale.head(language)
    yield say("sentence", "truth", language, truth=scale.write(value, language, row), unit=lowered(unit))
    inside: list[bool] = []
    for table in published.tables:
        if not _speaks_of_all(table):
            continue
        for record in table.frame.to_dict("records"):
            known = truth.of({str(name): value for name, value in record.items()}, table.by)
            if known is not None and record["publication"] != NOT_PUBLISHED and not record["bound"]:
                inside.append(bool(record["lower"] <= known <= record["upper"]))
    if inside:
        yield say("sentence", "truth_covered", language, covered=sum(inside), rows=len(inside))


def _cards(
    rows: list[Row], scale: Scale, total: Row | None, language: str, either: Row | None
) -> Iterator[tuple[str, str, str]]:
    row = rows[0]
    unit = scale.head(language)
    low, high = (row, rows[-1]) if either is None else (either, either)
    lower, upper = scale.with_unit(low, "lower", language), scale.with_unit(high, "upper", language)
    limits = f"{spread(lower, upper, language)} ({level_words(float(row['level']), language)})"
    if len(rows) == 2:
        ends = scale.figure(_or_zero(row), "value", language), scale.figure(rows[1], "value", language)
        yield spread(*ends, language), unit, limits
    elif row["publication"] in LIMITS:
        yield f"{LIMIT_SIGNS[str(row['publication'])]} {upper}", unit, limits
    else:
        yield scale.with_unit(row, "value", language), unit, limits
    if total is not None and total["publication"] not in (NOT_PUBLISHED, *LIMITS) and not total["bound"]:
        value, lower, upper = (_persons_of(total, name, language) for name in ("value", "lower", "upper"))
        level = level_words(float(total["level"]), language)
        yield value, unit_words(scale.counted, "number", language), f"{spread(lower, upper, language)} ({level})"
    if not pd.isna(row["cases"]) and not pd.isna(row["n"]):
        n, cases = round(row["n"]), number(float(row["cases"]), 0, language)
        sample = unit_words(scale.counted, "sample", language, n)
        yield cases, say("head", "cases", language), say("head", "among", language, n=n, sample=sample)


def _persons_of(total: Row, name: str, language: str) -> str:
    """A number of persons in the digits that it is published in."""
    return number(float(total[name]), 0, language)


def _nation(table: PublishedTable) -> list[Row]:
    national = table.frame[(table.frame["margin"] == "").to_numpy(dtype=bool)]
    return [{str(name): value for name, value in record.items()} for record in national.to_dict("records")]


def _quantity(table: PublishedTable) -> str:
    return str(table.frame["quantity"].iloc[0])


def _speaks_of_all(table: PublishedTable) -> bool:
    """Whether the table is one method's, of everyone: a subpopulation or a table of several methods is no headline."""
    narrowed = any(assumption.code == "subpopulation" for assumption in table.assumptions)
    return not (narrowed or several_methods(table.frame))


def _or_zero(row: Row) -> Row:
    """A row of a lower bound: without a value no case was met."""
    return {**row, "value": 0.0} if pd.isna(row["value"]) else row
