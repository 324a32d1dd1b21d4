"""Children whose parents were drawn too: whether a parent is in forced labour follows the parent's own draw, and is no donor's answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pandas as pd

from fl_estimate.arrays import Bools, Positions
from fl_estimate.estimators.imputation.pairs import RecipientRows
from fl_estimate.estimators.imputation.persons import DrawnPersons
from fl_estimate.estimators.imputation.pool import Classes, Pool
from fl_estimate.estimators.imputation.working import Working, in_memory
from fl_estimate.indicators.parents import COLUMN, OUTCOME, PARENTS
from fl_estimate.indicators.persons import PERSON
from fl_estimate.inputs.survey_data import SurveyData

ANSWERS: tuple[str, str] = ("no", "yes")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Follows:
    """Rows of children whose answer about their parents follows what was drawn for these.

    Attributes
    ----------
    at : int array, shape (some rows,)
        Which rows of the pool.
    parents : int array, shape (some rows, 2)
        Which recipient each parent whose class is open is; -1 where there is none.
    unasked : array of bool, shape (some rows,)
        Another parent was not asked: where no parent is drawn as a case, what a donor's parents are decides.
    column : int
        The column of the answer.
    example_rows : int array, shape (2,)
        A row of answers that has no, and one that has yes, in this column.
    classes : mapping of str to int8 array, shape (2, some rows, k)
        What every candidate's other answers make of the row where no parent is a case, and where one is; -1 where that stays open.
    """

    at: Positions
    parents: npt.NDArray[np.intp]
    unasked: Bools
    column: int
    example_rows: Positions
    classes: Mapping[str, Classes]

    def answers(self, parents_drawn: Classes) -> npt.NDArray[np.int8]:
        """In each draw 1 where a parent is a case, 0 where none is, -1 where a donor's answer stands; shape (some rows, draws)."""
        cases = np.zeros((len(self.at), parents_drawn.shape[1]), dtype=bool)
        for parent in self.parents.T:
            cases |= (parents_drawn[parent] == 1) & (parent >= 0)[:, None]
        return np.where(cases, np.int8(1), np.where(self.unasked[:, None], np.int8(-1), np.int8(0))).astype(np.int8)

    def followed(self, name: str, rows: Classes, chosen: npt.NDArray[np.int16], parents_drawn: Classes) -> Classes:
        """The classes of all rows of the pool in every draw, those of these children as their parents were drawn."""
        answers = self.answers(parents_drawn)
        own = [np.take_along_axis(each, chosen[self.at].astype(np.intp), axis=1) for each in self.classes[name]]
        out = rows.copy()
        out[self.at] = np.where(answers == 1, own[1], np.where(answers == 0, own[0], rows[self.at]))
        return out

    def taken(self, taken: npt.NDArray[np.intp], parents_drawn: Classes, draw: int) -> npt.NDArray[np.intp]:
        """Of one draw, from whom each row of the pool takes each answer, with the answers about drawn parents."""
        answers = self.answers(parents_drawn)[:, draw]
        at = self.at[answers >= 0]
        taken[at, self.column] = self.example_rows[answers[answers >= 0]]
        return taken


def follows_of(
    data: Any, source: RecipientRows, pool: Pool, persons: DrawnPersons, stems: Sequence[str]
) -> Follows | None:
    """Find the children whose parents were drawn; None where there are none.

    A survey that asked about the parents has their answers, and donors give those that are unknown. So they do where the parents'
    frameworks are not among those imputed, and where nobody's parents in the survey are surely cases, or surely none.
    """
    working = source.working
    if not isinstance(data, SurveyData) or COLUMN not in working.columns or OUTCOME not in stems:
        return None
    column = working.columns.index(COLUMN)
    wanted = np.zeros(len(pool.rows), dtype=bool)
    for block in pool.blocks:
        if column in block.columns:
            wanted[block.at] = True
    at = np.flatnonzero(wanted)
    said = _rows_that_say(working, column)
    if not len(at) or said is None:
        return None
    positions = _parents(data, working, working.person[pool.rows[at]])
    if positions is None:
        return None
    open_, unasked = _states(working, positions)
    recipients = np.searchsorted(persons.positions, np.where(open_, positions, 0))
    parents = np.where(open_, recipients, -1)
    kept = open_.any(axis=1)
    if not kept.any():
        return None
    at, parents, unasked = at[kept], parents[kept], unasked[kept].any(axis=1)
    return Follows(
        at=at, parents=parents, unasked=unasked, column=column, example_rows=said,
        classes=_classes(source, pool, at, column, said, tuple(stems)),
    )  # fmt: skip


def _rows_that_say(working: Working, column: int) -> Positions | None:
    answers = working.answers[column]
    found: list[int] = []
    for answer in ANSWERS:
        codes = [code for code, label in enumerate(answers.labels) if label == answer]
        rows = np.flatnonzero(np.isin(answers.codes, codes))
        if not len(rows):
            return None
        found.append(int(rows[0]))
    return np.array(found, dtype=np.intp)


def _parents(data: SurveyData, working: Working, children: Positions) -> npt.NDArray[np.intp] | None:
    """The place among people of each parent of some people, shape (people, 2); -1 where the survey has no such person."""
    frame: Any = nw.from_native(data.people)
    here = [name for name in PARENTS if name in frame.collect_schema().names()]
    if not here or PERSON not in working.people.columns:
        return None
    keys = working.people[PERSON].to_numpy()[children]
    read = in_memory(frame.filter(nw.col(PERSON).is_in(np.unique(keys).tolist())).select(PERSON, *here)).to_pandas()
    rows = pd.Index(read[PERSON]).get_indexer(pd.Index(keys))
    known = pd.Index(working.people[PERSON])
    result = np.full((len(children), len(PARENTS)), -1, dtype=np.intp)
    for position, name in enumerate(here):
        named = read[name].iloc[rows]
        result[:, position] = np.where(named.isna().to_numpy(), -1, known.get_indexer(pd.Index(named)))
    return result


def _states(working: Working, positions: npt.NDArray[np.intp]) -> tuple[Bools, Bools]:
    """Which parents are open, and which were not asked."""
    people, there = working.people, positions >= 0
    surely, perhaps, asked = (
        (people[f"{OUTCOME}{side}"].to_numpy() == 1)[np.where(there, positions, 0)]
        for side in ("", "_possible", "_in_scope")
    )
    return there & perhaps & ~surely, there & ~perhaps & ~asked


def _classes(
    source: RecipientRows, pool: Pool, at: Positions, column: int, example_rows: Positions, stems: tuple[str, ...]
) -> dict[str, Classes]:
    k = pool.weight.shape[1]
    row = np.repeat(np.arange(len(at)), k)
    own = pd.Index(source.rows).get_indexer(pd.Index(pool.rows[at]))[row]
    taken = np.repeat(pool.rows[at][row][:, None], len(source.working.columns), axis=1)
    which = pd.Index(at)
    for block in pool.blocks:
        positions = which.get_indexer(pd.Index(block.at))
        for position, donors in zip(positions, block.donors, strict=True):
            if position >= 0:
                pairs = slice(position * k, (position + 1) * k)
                part = taken[pairs]
                part[:, block.columns] = np.where(donors[:, None] >= 0, donors[:, None], part[:, block.columns])
    found: dict[str, list[Classes]] = {name: [] for name in stems}
    for answer in example_rows:
        taken[:, column] = answer
        for name, classes in source.classes(own, taken, stems).items():
            found[name].append(classes.reshape(len(at), k))
    return {name: np.stack(each) for name, each in found.items()}
