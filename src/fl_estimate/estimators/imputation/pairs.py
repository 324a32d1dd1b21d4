"""What a donor's answers would make of a recipient: pairs of them, classified by the frameworks' own logic. Nothing is drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pandas as pd

from fl_estimate.arrays import Positions
from fl_estimate.estimators.imputation.working import AnswerCodes, Working, in_memory
from fl_estimate.indicators.classify import Classification, classify
from fl_estimate.indicators.persons import PERSON
from fl_estimate.inputs.sample_design import ROW
from fl_estimate.inputs.survey_data import SurveyData

PAIRS = 200_000
"""Pairs that are classified at once, so that memory does not grow with the survey."""
ORDER = "__fl_pair"


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What `classify` was asked for: every pair is classified by the same."""

    framework: Any
    outcomes: Any
    reference_day: Any
    allow_unverified: bool

    def classified(self, data: Any) -> Classification:
        return classify(
            data,
            self.framework,
            outcomes=self.outcomes,
            reference_day=self.reference_day,
            allow_unverified=self.allow_unverified,
            short_instrument=True,
        )


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RecipientRows:
    """The rows of recipients as they were given, in memory, each with its person.

    Attributes
    ----------
    rows : int array
        Places of the rows among those of `working`.
    frame : narwhals DataFrame
        These rows, every column.
    people : narwhals DataFrame or None
        Their persons, row by row; None where a row is a person.
    """

    data: Any
    rules: Rules
    working: Working
    rows: Positions
    frame: nw.DataFrame[Any]
    people: nw.DataFrame[Any] | None

    def classes(
        self, own: Positions, donors: npt.NDArray[np.intp], stems: tuple[str, ...]
    ) -> dict[str, npt.NDArray[np.int8]]:
        """The class of every pair, as if each were the only row of a person.

        Parameters
        ----------
        own : int array, shape (pairs,)
            Which of `rows`.
        donors : int array, shape (pairs, columns)
            For every column of answers the row of `working` whose answer is taken: the recipient's own where it stays.
        stems : tuple of str
            Outcomes.

        Returns
        -------
        mapping of str to int8 array
            0 or 1 (of a count: its number), -1 where it is still open.
        """
        found: dict[str, list[npt.NDArray[np.int8]]] = {stem: [] for stem in stems}
        for part in _parts(len(own)):
            people = in_memory(nw.from_native(self.rules.classified(self._data(own[part], donors[part])).people))
            for stem in stems:
                low, high = (people[name].to_numpy() for name in (stem, f"{stem}_possible"))
                found[stem].append(np.where(low == high, low, -1).astype(np.int8))
        return {stem: np.concatenate(parts) if parts else np.empty(0, dtype=np.int8) for stem, parts in found.items()}

    def _data(self, own: Positions, donors: npt.NDArray[np.intp]) -> Any:
        """Each pair as a person with one row."""
        frame, people = self.frame[own.tolist()], None if self.people is None else self.people[own.tolist()]
        mine: list[Any] = []
        theirs: list[Any] = []
        for position, column in enumerate(self.working.answers):
            taken = donors[:, position]
            if (taken == self.rows[own]).all():
                continue
            of_people = column.table == "people" and people is not None
            beside = people if of_people and people is not None else frame
            (theirs if of_people else mine).append(_column(beside, column, taken))
        names = [f"{ORDER}{position}" for position in range(len(own))]
        if not isinstance(self.data, SurveyData):
            return frame.with_columns(*mine).to_native()
        if people is None:
            if PERSON in frame.columns:
                mine.append(_texts(frame, PERSON, names))
            return _survey(self.data, people=frame.with_columns(*mine).to_native())
        mine.append(_texts(frame, PERSON, names))
        people = people.with_columns(*theirs, _texts(people, PERSON, names))
        told = {"people": people.to_native(), self.working.table: frame.with_columns(*mine).to_native()}
        return _survey(self.data, **told)


def completed_data(data: Any, working: Working, rows: Positions, taken: npt.NDArray[np.intp]) -> Any:
    """The data with answers of other rows written over those of some, in memory.

    Parameters
    ----------
    data : SurveyData or frame
    working : Working
    rows : int array, shape (some rows,)
    taken : int array, shape (some rows, columns)
        The row whose answer is taken: the row itself where it stays.
    """
    survey = isinstance(data, SurveyData)
    changed: dict[str, list[Any]] = {}
    frames: dict[str, nw.DataFrame[Any]] = {}
    for position, column in enumerate(working.answers):
        at = np.flatnonzero(taken[:, position] != rows)
        if not len(at):
            continue
        if column.table not in frames:
            native = data if not survey else getattr(data, column.table if column.table == "people" else working.table)
            frames[column.table] = in_memory(nw.from_native(native))
        frame = frames[column.table]
        positions = working.position[rows[at]]
        if column.table == "people" and working.table != "people":
            keys = working.people[PERSON].to_numpy()[working.person[rows[at]]]
            positions = pd.Index(frame[PERSON].to_list()).get_indexer(pd.Index(keys))
        changed.setdefault(column.table, []).append(_written(frame, column, positions, taken[at, position]))
    told = {table: frame.with_columns(*changed[table]).to_native() for table, frame in frames.items()}
    if not survey:
        return told.get("people", data)
    changed_tables = {working.table if table != "people" else "people": frame for table, frame in told.items()}
    return _of_one_engine(data, changed_tables)


def _of_one_engine(data: SurveyData, changed: Mapping[str, Any]) -> SurveyData:
    """The survey with some tables written anew; where its tables are read later, all are of polars, and read later again."""
    tables = {**data.tables, **changed}
    if not any(isinstance(nw.from_native(table), nw.LazyFrame) for table in data.tables.values()):
        return replace(data, **tables)
    read = {
        name: frame if isinstance(frame, nw.LazyFrame) and frame.implementation.is_polars() else in_memory(frame).lazy()
        for name, table in tables.items()
        for frame in [nw.from_native(table)]
    }
    return replace(data, **{name: frame.to_native() for name, frame in read.items()})


def _written(frame: nw.DataFrame[Any], column: AnswerCodes, positions: Positions, taken: Positions) -> Any:
    """A column with other answers at some places."""
    space = nw.get_native_namespace(frame)
    if column.numbers is not None:
        numbers = frame[column.name].cast(nw.Float64).to_numpy().copy()
        numbers[positions] = column.numbers[taken]
        return nw.new_series(column.name, numbers, nw.Float64, backend=space)
    texts = np.array(frame[column.name].to_list(), dtype=object)
    texts[positions] = column.texts_at(taken)
    return nw.new_series(column.name, texts.tolist(), nw.String, backend=space)


def read_source(data: Any, rules: Rules, working: Working, rows: Positions) -> RecipientRows:
    """Read the rows of recipients whole, with their persons."""
    survey = isinstance(data, SurveyData)
    if working.table == "people":
        frame = _at(data.people if survey else data, working.position[rows])
        return RecipientRows(data=data, rules=rules, working=working, rows=rows, frame=frame, people=None)
    frame = _at(getattr(data, working.table), working.position[rows])
    people = _of_keys(data.people, working.people[PERSON].to_numpy()[working.person[rows]])
    return RecipientRows(data=data, rules=rules, working=working, rows=rows, frame=frame, people=people)


def _at(native: Any, positions: Positions) -> nw.DataFrame[Any]:
    """Rows of a table by their places; of a table that is read later no others are brought into memory."""
    frame: Any = nw.from_native(native)
    if isinstance(frame, nw.LazyFrame) and frame.implementation.is_polars():
        wanted = np.unique(positions)
        numbered: Any = nw.from_native(native.with_row_index(ROW))
        read = numbered.filter(nw.col(ROW).is_in(wanted.tolist())).sort(ROW).drop(ROW).collect()
        return read[np.searchsorted(wanted, positions).tolist()]
    return in_memory(frame)[positions.tolist()]


def _of_keys(native: Any, keys: npt.NDArray[Any]) -> nw.DataFrame[Any]:
    """People by their keys, in this order."""
    frame: Any = nw.from_native(native)
    read = in_memory(frame.filter(nw.col(PERSON).is_in(np.unique(keys).tolist())))
    return read[pd.Index(read[PERSON].to_list()).get_indexer(pd.Index(keys)).tolist()]


def _parts(size: int) -> Iterator[slice]:
    for start in range(0, size, PAIRS):
        yield slice(start, start + PAIRS)


def _survey(data: SurveyData, **tables: Any) -> SurveyData:
    """The survey with these tables alone."""
    nothing: Mapping[str, Any] = dict.fromkeys(("households", "jobs", "episodes", "costs", "relatives"))
    return replace(data, **{**nothing, **tables})


def _column(beside: nw.DataFrame[Any], column: AnswerCodes, taken: Positions) -> Any:
    """The answers of other rows, in a column of the frame's engine."""
    space = nw.get_native_namespace(beside)
    if column.numbers is not None:
        return nw.new_series(column.name, column.numbers[taken], nw.Float64, backend=space)
    return nw.new_series(column.name, column.texts_at(taken).tolist(), nw.String, backend=space)


def _texts(beside: nw.DataFrame[Any], name: str, values: list[str]) -> Any:
    return nw.new_series(name, values, nw.String, backend=nw.get_native_namespace(beside))
