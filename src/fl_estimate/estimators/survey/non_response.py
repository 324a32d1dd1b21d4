"""What unknown answers to one question do to the bounds: the undetermined people classified again with them answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw
import pandas as pd

from fl_estimate.indicators.classify import Classification, classify
from fl_estimate.indicators.items import NO, UNKNOWN_ANSWERS
from fl_estimate.indicators.rows import known_to
from fl_estimate.inputs.partitions import narwhal
from fl_estimate.inputs.survey_data import SurveyData

PERSON = "person_id"
TABLES = ("jobs", "episodes", "people")
COLUMNS = ("question", "unknown", "fall_of_upper", "rise_of_lower", "widening")


@dataclass(frozen=True, kw_only=True)
class _UnknownQuestion:
    """One question: its columns, how many of its answers are unknown, the answer that says it happened, and that it did not."""

    id: str
    columns: tuple[str, ...]
    unknown: int
    yes: str
    no: str = NO


def widening(data: Any, classification: Classification, outcome: str, weights: pd.Series, total: float) -> pd.DataFrame:
    """How far the bounds would close if the unknown answers to one question were all no, or all yes.

    Parameters
    ----------
    data : SurveyData or frame
        What was classified.
    classification : Classification
    outcome : str
    weights : pandas.Series
        Of the undetermined people, by person_id.
    total : float
        Weight of everybody in scope.

    Returns
    -------
    pandas.DataFrame
        question, unknown, fall_of_upper, rise_of_lower, widening; the widest first. Questions tested as numbers are
        left out: no single answer settles them.

    Notes
    -----
    Only undetermined people can change: whoever's class is certain has it under every answer. They are copied once for
    each question and answer, and classified all together.
    """
    questions = list(_questions(classification))
    tables = _undetermined(data, list(weights.index))
    if not questions or not len(weights) or total <= 0:
        return pd.DataFrame(columns=list(COLUMNS))
    scenarios = [(question, answer) for question in questions for answer in (question.no, question.yes)]
    held = _class_weights(data, tables, scenarios, classification, outcome, weights)
    rows: list[tuple[Any, ...]] = []
    for position, question in enumerate(questions):
        fall = max(0.0, float(weights.sum()) - held[2 * position][1]) / total
        rise = held[2 * position + 1][0] / total
        rows.append((question.id, question.unknown, fall, rise, max(fall, rise)))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.sort_values("widening", ascending=False, kind="stable", ignore_index=True)


def _questions(classification: Classification) -> Iterator[_UnknownQuestion]:
    """The questions with unknown answers; an item asked for several phases is one of them."""
    known = known_to(classification.frameworks)
    columns: dict[str, dict[str, int]] = {}
    for line in classification.coverage.lines:
        if line.kind != "dimension" and line.unknown:
            columns.setdefault(line.id, {})[line.column] = line.unknown
    for name, counts in columns.items():
        item = known.items.get(name)
        codes = item.true_answers if item is not None else known.fields[name].codes
        if not codes:
            continue
        # of consent freely given "no" is the answer that speaks for forced labour
        ends = (NO, item.harmless) if item is not None and item.reversed else (codes[0], NO)
        yield _UnknownQuestion(id=name, columns=tuple(counts), unknown=max(counts.values()), yes=ends[0], no=ends[1])


def _undetermined(data: Any, persons: Sequence[Any]) -> dict[str, pd.DataFrame]:
    """The undetermined people with their rows, in memory."""
    natives = data.tables if isinstance(data, SurveyData) else {"people": data}
    return {name: _chosen(natives[name], persons) for name in TABLES if name in natives}


def _chosen(native: Any, persons: Sequence[Any]) -> pd.DataFrame:
    frame: Any = narwhal(native).filter(nw.col(PERSON).is_in(list(persons)))
    return (frame.collect() if isinstance(frame, nw.LazyFrame) else frame).to_pandas()


def _class_weights(
    data: Any,
    tables: dict[str, pd.DataFrame],
    scenarios: Sequence[tuple[_UnknownQuestion, str]],
    classification: Classification,
    outcome: str,
    weights: pd.Series,
) -> list[tuple[float, float]]:
    """The weight surely and possibly in the class under every scenario."""
    copies = {
        name: pd.concat(
            [_answered(table, question, answer, position) for position, (question, answer) in enumerate(scenarios)],
            ignore_index=True,
        )
        for name, table in tables.items()
    }
    survey: Any = replace(data, **copies) if isinstance(data, SurveyData) else copies["people"]
    people = classify(
        survey,
        list(classification.frameworks),
        outcomes=outcome.partition("=")[0],
        allow_unverified=True,
        short_instrument=True,
    ).people
    ids = people[PERSON].str.partition("|")
    weight = ids[2].map({str(name): held for name, held in weights.items()}).fillna(0.0)
    sums = (
        pd.DataFrame(
            {"place": ids[0].astype(int), "s": weight * people[outcome], "p": weight * people[f"{outcome}_possible"]}
        )
        .groupby("place")[["s", "p"]]
        .sum()
    )
    return [(float(sums["s"].get(at, 0.0)), float(sums["p"].get(at, 0.0))) for at in range(len(scenarios))]


def _answered(table: pd.DataFrame, question: _UnknownQuestion, answer: str, position: int) -> pd.DataFrame:
    """A copy of a table in which the unknown answers to a question are all the same, for persons of its own."""
    given = {name: _without_unknown(table[name], answer) for name in question.columns if name in table}
    return table.assign(**given, **{PERSON: f"{position}|" + table[PERSON].astype(str)})


def _without_unknown(column: pd.Series, answer: str) -> pd.Series:
    text = column.astype(object).where(column.notna(), "missing")
    return text.where(~text.isin(UNKNOWN_ANSWERS), answer)
