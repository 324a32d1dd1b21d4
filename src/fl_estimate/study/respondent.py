"""One respondent of a survey file, explained: their answers read off the row, and the class in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import narwhals as nw

from fl_estimate.errors import IndicatorFault, StudyFault
from fl_estimate.indicators.answers import BLOCKS, PARAMETERS
from fl_estimate.indicators.explain import Explanation, explain
from fl_estimate.indicators.framework import Framework
from fl_estimate.indicators.items import MISSING, NO, Items, known_items
from fl_estimate.inputs.partitions import narwhal

if TYPE_CHECKING:
    from pathlib import Path

    from fl_estimate.inputs.survey_data import SurveyData

ANSWER_TABLES: tuple[str, ...] = ("jobs", "episodes", "people")
PERSON = "person_id"
AGES: tuple[str, ...] = ("age_interview", "age")


def explain_respondent(data: SurveyData, row: int, framework: str | Path) -> tuple[Explanation, ...]:
    """Explain the class of one respondent of a survey.

    Parameters
    ----------
    data : SurveyData
    row : int
        Which of the people, counted from 1.
    framework : str or Path
        Id, or path of a TOML file.

    Returns
    -------
    tuple of Explanation
        One for each of the respondent's jobs (or episodes), in the order of the file; where the questions stand on
        the person, one. A person is in the class if one of the rows is.

    Raises
    ------
    StudyFault
        FL-STUDY-07: there is no such row.
    IndicatorFault
        FL-IND-20: the respondent has no row with answers, or no age; and as in `fl.explain`.
    """
    person = _row(data.people, row)
    table = _answering(data)
    rows = [person] if table == "people" else _rows_of(getattr(data, table), person[PERSON])
    if not rows:
        raise IndicatorFault(
            "FL-IND-20", "this respondent has no answers", found=f"row {row} of people has no row in {table}",
            fix="a person without a job or episode in the file is not in the class",
        )  # fmt: skip
    return tuple(_explained({**person, **answers}, framework, row) for answers in rows)


def answers_of(record: Mapping[str, Any], known: Items | None = None) -> dict[str, Any]:
    """The arguments of `fl.explain` that a row of answers stands for.

    A question that the row has no column of was not in the questionnaire, which makes it false; the default "no" stands
    for phases that were not asked.
    An empty cell is a missing answer. The state block is given where the file has any column of it. `known` are the
    questions there are, where a framework has some of its own.
    """
    known = known or known_items()
    answers: dict[str, Any] = {}
    blocks: dict[str, dict[str, str]] = {}
    single: dict[str, str] = {}
    for name, cell in record.items():
        item, _, phase = name.partition("@")
        if item in known.items:
            told = str(MISSING if cell is None else cell)
            answers.setdefault(item, []).append(f"{told}@{phase}" if phase else told)
    for field in known.fields.values():
        if field.column not in record or field.id == "age":
            continue
        cell = record[field.column]
        if field.block in BLOCKS:
            blocks.setdefault(field.block, {})[field.id.partition(".")[2]] = str(MISSING if cell is None else cell)
        elif field.id in PARAMETERS:
            single[field.id] = str(MISSING if cell is None else cell)
        else:
            told = MISSING if cell is None else cell
            answers[field.id] = told if field.is_number else str(told)
    return {"answers": answers, "default": NO, **blocks, **single}


def _question_columns(arguments: Mapping[str, Any]) -> set[str]:
    """The questions that the file has, by the arguments that a row stands for."""
    fields = {f"{block}.{name}" for block in BLOCKS for name in arguments.get(block, {})}
    return {*arguments["answers"], *fields, *(name for name in PARAMETERS if name in arguments)}


def _explained(record: Mapping[str, Any], framework: str | Path, row: int) -> Explanation:
    age = next((name for name in AGES if name in record), None)
    if age is None:
        raise IndicatorFault(
            "FL-IND-20", "the age of this respondent is not in the file", found=f"row {row} of people",
            fix="map age_interview on people",
        )  # fmt: skip
    cell = record[age]
    chosen = Framework.read(framework)
    told = answers_of(record, chosen.known)
    return explain(framework=chosen, age=MISSING if cell is None else cell, instrument=_question_columns(told), **told)


def _answering(data: SurveyData) -> str:
    """The table that the answers stand on."""
    known = known_items().items
    for table in ANSWER_TABLES:
        frame = getattr(data, table)
        if frame is not None and any(name.partition("@")[0] in known for name in _names(frame)):
            return table
    return "people"


def _names(frame: Any) -> list[str]:
    return narwhal(frame).collect_schema().names()


def _row(people: Any, row: int) -> dict[str, Any]:
    frame = narwhal(people).lazy().collect()
    if not 1 <= row <= len(frame):
        raise StudyFault(
            "FL-STUDY-07", "there is no such row", found=f"row {row}; the file has {len(frame):,} people",
            fix=f"rows are counted from 1 to {len(frame):,}",
        )  # fmt: skip
    return _plain(frame[row - 1 : row].rows(named=True)[0])


def _rows_of(frame: Any, person: Any) -> list[dict[str, Any]]:
    chosen = narwhal(frame).lazy().filter(nw.col(PERSON) == person).collect()
    return [_plain(record) for record in chosen.rows(named=True)]


def _plain(record: Mapping[str, Any]) -> dict[str, Any]:
    """Missing cells as None, whatever the engine calls them."""
    return {
        name: None if cell is None or cell != cell or str(cell) == "<NA>" else cell for name, cell in record.items()
    }
