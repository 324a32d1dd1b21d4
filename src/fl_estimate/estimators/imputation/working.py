"""The rows that answer, read into memory once: what each said of the questions, why it is unknown, and the design. No donors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pandas as pd

from fl_estimate.arrays import Bools, Floats, Positions
from fl_estimate.indicators.classify import Classification, answering_table
from fl_estimate.indicators.clock import AGE_AT_INTERVIEW, with_age_at_interview
from fl_estimate.indicators.items import AGE, MISSING, NO, UNKNOWN_ANSWERS
from fl_estimate.indicators.persons import PERSON
from fl_estimate.indicators.rows import known_to
from fl_estimate.inputs.sample_design import Design
from fl_estimate.inputs.survey_data import SurveyData
from fl_estimate.schema.answer_sets import split

REASONS: tuple[str, ...] = ("refusal", "dont_know", "missing", "not_asked")
"""Why an answer is unknown, as `delta` names it."""
_REASON_OF = {"ref": 1, "dk": 2, MISSING: 3, "not_asked": 4}
SETTLED = -1
"""In place of a reason: not asked, and rightly so, for a question before it ruled it out."""
RELATIVE = "relative_id"
OF_WORK: tuple[str, ...] = ("isic4", "icse18a", "is_domestic", "country_work", "destination")
"""Columns of the rows' own table that rows are compared by, where they are there."""
_NOTHING: tuple[str, ...] = (NO, "none")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class AnswerCodes:
    """One column of answers, its cells as numbers.

    Attributes
    ----------
    name, table : str
        The column, and where it stands: the table of the rows, or people.
    labels : tuple
        What each code stands for; empty where `numbers` are the answers.
    codes : int array, shape (rows,)
    numbers : float array or None
    why : int8 array, shape (rows,)
        0 where answered, else 1 + the place of the reason in REASONS; SETTLED where rightly not asked.
    """

    name: str
    table: str
    labels: tuple[str, ...]
    codes: npt.NDArray[np.signedinteger[Any]]
    numbers: Floats | None
    why: npt.NDArray[np.int8]

    def texts_at(self, rows: Positions) -> npt.NDArray[np.object_]:
        """The cells of some rows."""
        return np.array(self.labels, dtype=object)[self.codes[rows]]

    @property
    def texts(self) -> npt.NDArray[np.object_]:
        return np.array(self.labels, dtype=object)[self.codes]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Working:
    """The rows that answer, and their persons.

    Attributes
    ----------
    table : str
        The table of the rows; "people" where a row is a person.
    person : int array, shape (rows,)
        The place of each row's person among people.
    place : int array, shape (rows,)
        The place of each row in its table.
    answers : tuple of AnswerCodes
    people : pandas.DataFrame
        The columns of people that are used: classes, key, design, ages, columns of the distance.
    rows : pandas.DataFrame
        The columns of the rows' own table that rows are compared by.
    ages : array, shape (rows,)
        The age of each row's person: at the interview, or in the period where a frame of people says it; NaN where unknown.
    order : int array, shape (rows,)
        A rank of the rows that does not depend on their order in the file.
    """

    table: str
    person: Positions
    position: Positions
    answers: tuple[AnswerCodes, ...]
    people: pd.DataFrame
    rows: pd.DataFrame
    ages: Floats
    order: Positions

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.answers)

    @property
    def why(self) -> npt.NDArray[np.int8]:
        """Why each answer is unknown, shape (rows, columns)."""
        return np.stack([column.why for column in self.answers], axis=1)


def read_working(
    data: Any, found: Classification, people_columns: Sequence[str], predictors: Sequence[str] = ()
) -> Working:
    """Read what imputation needs of a survey, or of a frame of people.

    Parameters
    ----------
    data : SurveyData or frame
    found : Classification
        Of the data.
    people_columns : sequence of str
        Columns of people to keep, where there are such.
    predictors : sequence of str
        Columns that were named to compare rows by: of the rows' own table, or of people where it has none of the name.
    """
    survey = isinstance(data, SurveyData)
    table = answering_table(data, found.frameworks) if survey else "people"
    classified: Any = nw.from_native(found.people)
    classified = with_age_at_interview(classified) if survey else classified
    held = classified.collect_schema().names()
    known = known_to(found.frameworks)
    fields = {field.column: field for field in known.fields.values()}
    asked = answer_columns(found)
    own: Any = nw.from_native(getattr(data, table)) if survey and table != "people" else classified
    mine = [name for name in asked if name in own.collect_schema().names()]
    theirs = [name for name in asked if name not in mine]
    wanted = [*people_columns, *predictors, *theirs]
    beside = [name for name in beside_columns(table, predictors) if name in own.collect_schema().names()]
    kept = [name for name in dict.fromkeys(wanted) if name in held and name not in beside]
    people = to_pandas(classified, kept)
    if table == "people":
        rows, position, person = people_rows(classified, mine)
    else:
        keys = [PERSON, *(name for name in ("job_id", "episode_id") if name in own.collect_schema().names())]
        others = [RELATIVE] if RELATIVE in own.collect_schema().names() else []
        every = to_pandas(own, list(dict.fromkeys([*keys, *mine, *beside, *others])))
        person = pd.Index(people[PERSON]).get_indexer(pd.Index(every[PERSON]))
        told = every[RELATIVE].isna().to_numpy() if RELATIVE in every else np.ones(len(every), dtype=bool)
        position = np.flatnonzero((person >= 0) & every[PERSON].notna().to_numpy() & told)
        rows, person = every.iloc[position], person[position]
    answers = tuple(
        _coded(name, rows[name] if name in mine else people[name].iloc[person], fields.get(name), table if name in mine else "people")
        for name in asked
    )  # fmt: skip
    return Working(
        table=table,
        person=person,
        position=position,
        answers=answers,
        people=people,
        rows=pd.DataFrame({name: of_work(rows[name]) for name in beside}),
        ages=_ages(people, AGE_AT_INTERVIEW if survey else AGE)[person],
        order=_rank(rows, people, person),
    )


def beside_columns(table: str, predictors: Sequence[str]) -> list[str]:
    """The columns of the rows' own table that rows are compared by, where it has them; none where a row is a person."""
    return [] if table == "people" else list(dict.fromkeys([*OF_WORK, *predictors]))


def _ages(people: pd.DataFrame, name: str) -> Floats:
    if name not in people:
        return np.full(len(people), np.nan)
    return pd.to_numeric(people[name], errors="coerce").to_numpy(dtype=float, na_value=np.nan)


def of_work(column: pd.Series) -> pd.Series:
    """Codes of industries by their division, the first two digits."""
    if column.name != "isic4":
        return column
    return column.astype(object).where(column.notna(), "").astype(str).str.slice(0, 2)


def answer_columns(classified: Classification) -> tuple[str, ...]:
    """The columns of answers that the frameworks read, each once; the age is none."""
    lines = (line for line in classified.coverage.lines if line.kind in ("item", "field") and line.id != "age")
    return tuple(dict.fromkeys(line.column for line in lines if line.column))


def in_memory(frame: Any) -> nw.DataFrame[Any]:
    """A frame in memory; one of an engine without a frame of its own as polars."""
    if isinstance(frame, nw.LazyFrame):
        lazy: Any = frame
        return lazy.collect() if lazy.implementation.is_polars() else lazy.collect(backend="polars")
    return frame


def to_pandas(frame: Any, columns: Sequence[str]) -> pd.DataFrame:
    """Columns of a frame of any engine."""
    return in_memory(frame.select(*columns)).to_pandas()


def people_rows(classified: Any, mine: Sequence[str]) -> tuple[pd.DataFrame, Positions, Positions]:
    """Rows that are persons: themselves, in their own places."""
    rows = to_pandas(classified, mine)
    positions = np.arange(len(rows))
    return rows, positions, positions


def _coded(name: str, column: pd.Series[Any], field: Any, table: str) -> AnswerCodes:
    if field is not None and field.is_number:
        numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        unknown = ~((numbers >= 0) & (numbers <= 1e300))
        numbers = np.where(unknown, np.nan, numbers)
        why = np.where(unknown, np.int8(_REASON_OF[MISSING]), np.int8(0)).astype(np.int8)
        return AnswerCodes(
            name=name, table=table, labels=(), codes=np.zeros(len(numbers), dtype=np.int8), numbers=numbers, why=why
        )
    codes, labels = pd.factorize(column.astype(object), sort=False)
    texts = [str(label) for label in labels]
    if (codes < 0).any():
        texts.append(MISSING)
        codes = np.where(codes < 0, len(texts) - 1, codes)
    several = field is not None and field.several
    whys = [_why(text, several) for text in texts]
    return AnswerCodes(
        name=name, table=table, labels=tuple(texts), codes=codes.astype(np.int8 if len(texts) < 128 else np.int32), numbers=None,
        why=np.array(whys or [0], dtype=np.int8)[codes],
    )  # fmt: skip


def _why(text: str, several: bool) -> int:
    """Why a cell is unknown; of a set, by the first code in it that is."""
    held = split(text) if several else (text,)
    return next((_REASON_OF[code] for code in held if code in UNKNOWN_ANSWERS), 0)


def is_true(column: AnswerCodes) -> Bools:
    """Whether a cell tells of something: an answer that is neither no, none nor unknown; a number above the middle one."""
    if column.numbers is not None:
        known = column.numbers[column.why == 0]
        middle = float(np.median(known)) if len(known) else 0.0
        return np.nan_to_num(column.numbers, nan=-1.0) > middle
    tells = np.array([label not in (*_NOTHING, *UNKNOWN_ANSWERS) for label in column.labels], dtype=bool)
    return tells[column.codes] & (column.why == 0)


def _rank(rows: pd.DataFrame, people: pd.DataFrame, person: Positions) -> Positions:
    """A rank by the keys of rows, or by all that is read where there is no key: the same in whatever order rows come."""
    keys = [name for name in rows.columns if name in (PERSON, "job_id", "episode_id")]
    if not keys and PERSON in people.columns:
        told = people[[PERSON]].iloc[person]
    elif keys:
        told = rows[keys]
    else:
        told = pd.concat([rows.reset_index(drop=True), people.iloc[person].reset_index(drop=True)], axis=1)
    texts = told.astype(object).where(told.notna(), MISSING).astype(str)
    hashed = pd.util.hash_pandas_object(texts, index=False).to_numpy()
    rank = np.empty(len(hashed), dtype=np.intp)
    rank[np.argsort(hashed, kind="stable")] = np.arange(len(hashed))
    return rank


def person_weights(people: pd.DataFrame, design: Design | None) -> Floats:
    """Sampling weights of people, 0 where one is missing; 1 where the design has none."""
    if design is None or design.weights is None:
        return np.ones(len(people))
    weights = pd.to_numeric(people[design.weights], errors="coerce").to_numpy(dtype=float)
    return np.maximum(np.nan_to_num(weights), 0.0)


def in_scope(people: pd.DataFrame, outcomes: Sequence[str]) -> Bools:
    """Whether somebody is in scope of one of the outcomes."""
    result = np.zeros(len(people), dtype=bool)
    for name in outcomes:
        result |= people[f"{name}_in_scope"].to_numpy() == 1
    return result
