"""Rows that answered alike, once each: what donors are looked for among, so that a search does not grow with the survey."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fl_estimate.arrays import Bools, Floats, Positions


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Likeness:
    """What recipients and donors are compared by, one row a row of answers.

    Attributes
    ----------
    true : array of bool, shape (rows, columns)
        Whether an answer tells of something.
    why : int8 array, shape (rows, columns)
        Why it is unknown: positive where it is.
    item : int array, shape (columns,)
        The question of each column: the phases of one are compared as one.
    dimension : int array, shape (items,)
        What a question is about: coercion, the State, children's work, or any other circumstance.
    group : int array, shape (rows,)
        Who are asked the same questions; a donor is of the recipient's own. Negative: no donors.
    youngest : int array, shape (rows,)
        The group that the row may have belonged to earlier in its period.
    gives : array of bool, shape (rows,)
        Whether others may have the row's answers: its person has a weight, and stands for somebody.
    codes : int array, shape (rows, covariates)
        Region, sex and the like.
    weights : array, shape (covariates,)
        What a difference in each counts, in units of the logit.
    ridge : array, shape (covariates,)
        Prior precision of the log odds of a level of each.
    ages : array, shape (rows,)
        NaN where unknown.
    fields : int array, shape (rows, fields)
        The codes of questions that have more answers than yes and no.
    order : int array, shape (rows,)
        Decides between rows that are equally near.
    """

    true: Bools
    why: npt.NDArray[np.int8]
    item: Positions
    dimension: Positions
    group: npt.NDArray[np.int64]
    youngest: npt.NDArray[np.int64]
    gives: Bools
    codes: npt.NDArray[np.int32]
    weights: Floats
    ridge: Floats
    ages: Floats
    fields: npt.NDArray[np.int32]
    order: Positions


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Kinds:
    """Donors by what they answered.

    Attributes
    ----------
    true, unknown : array of bool, shape (kinds, columns)
    group : int array, shape (kinds,)
    gives : array of bool, shape (kinds,)
    first : int array, shape (kinds,)
        A row of each.
    of_row : int array, shape (rows,)
    sorted_rows : int array, shape (rows,)
        Rows by kind, then by covariates, then by their order.
    starts : int array, shape (kinds + 1,)
        Where the rows of each kind begin among `sorted_rows`.
    levels : int array, shape (rows, covariates)
        The covariates, numbered through: each level of each has a number of its own.
    """

    true: Bools
    unknown: Bools
    group: npt.NDArray[np.int64]
    gives: Bools
    first: Positions
    of_row: Positions
    sorted_rows: Positions
    starts: Positions
    levels: npt.NDArray[np.int64]

    @property
    def sizes(self) -> Positions:
        return np.diff(self.starts)


def kinds_of(likeness: Likeness) -> Kinds:
    """Number the kinds of rows."""
    packed = np.packbits(np.concatenate([likeness.true, likeness.why > 0], axis=1), axis=1)
    whole = np.ascontiguousarray(
        np.concatenate([packed, *map(_bytes, (likeness.group, likeness.gives, *likeness.fields.T))], axis=1)
    )
    keys = whole.view(f"V{whole.shape[1]}").ravel()
    _, first, of_row = np.unique(keys, return_index=True, return_inverse=True)
    of_row = of_row.ravel()
    by = (likeness.order, *likeness.codes.T[::-1], of_row)
    rows = np.lexsort(by)
    starts = np.searchsorted(of_row[rows], np.arange(len(first) + 1))
    return Kinds(
        true=likeness.true[first],
        unknown=likeness.why[first] > 0,
        group=likeness.group[first],
        gives=likeness.gives[first],
        first=first,
        of_row=of_row,
        sorted_rows=rows,
        starts=starts,
        levels=_levels(likeness.codes),
    )


def _bytes(numbers: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    return np.ascontiguousarray(numbers.astype(np.int64)).view(np.uint8).reshape(len(numbers), 8)


def _levels(codes: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """Codes of several columns, those of each after those of the one before."""
    if not codes.shape[1] or not len(codes):
        return codes.astype(np.int64)
    widths = codes.max(axis=0).astype(np.int64) + 1
    return codes.astype(np.int64) + np.concatenate([[0], np.cumsum(widths)[:-1]])
