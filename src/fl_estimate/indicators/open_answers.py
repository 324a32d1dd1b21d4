"""Which unknown answers keep a class open: the items that could still change it, row by row, and no others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fl_estimate.arrays import Bools, Floats
from fl_estimate.indicators.columns import phase_columns
from fl_estimate.indicators.criteria import FieldWithin
from fl_estimate.indicators.evaluation import Evaluation
from fl_estimate.indicators.items import AGE, Items
from fl_estimate.indicators.logic import FALSE, Value

if TYPE_CHECKING:
    from fl_estimate.indicators.framework import Framework


@dataclass(frozen=True, eq=False)
class Turnable:
    """A bit of every row under its worst (or best) completion, and the unknown answers that could turn it.

    It stands where the logic has a column: `&`, `|` and `~` are those of bits, and say what they hang on.

    Attributes
    ----------
    value : array of bool, shape (rows,)
    by : array of bool, shape (rows, columns)
        A row without any is settled.

    Notes
    -----
    A conjunction that is false turns true only if every false part does, and hangs on the parts that are false; one that
    is true turns false by any part. Exact where no answer stands twice in a formula, else some answers too many.
    """

    value: Bools
    by: Bools

    def __and__(self, other: Turnable) -> Turnable:
        value = self.value & other.value
        one, two = (bit.by & ~bit.value[:, None] for bit in (self, other))
        stuck = (~self.value & ~self.by.any(axis=1)) | (~other.value & ~other.by.any(axis=1))
        by = np.where(value[:, None], self.by | other.by, (one | two) & ~stuck[:, None])
        return Turnable(value, by)

    def __or__(self, other: Turnable) -> Turnable:
        return ~(~self & ~other)

    def __invert__(self) -> Turnable:
        return Turnable(~self.value, self.by)

    def cast(self, _kind: object) -> TurnableCount:
        """The bit as a number, as sums of columns begin."""
        return TurnableCount((self,), 0)


@dataclass(frozen=True, eq=False)
class TurnableCount:
    """How many bits are set, as long as it is only compared with a number."""

    bits: tuple[Turnable, ...]
    more: int

    def __add__(self, other: TurnableCount | int) -> TurnableCount:
        if isinstance(other, int):
            return TurnableCount(self.bits, self.more + other)
        return TurnableCount((*self.bits, *other.bits), self.more + other.more)

    def __ge__(self, wanted: int) -> Turnable:
        values = np.stack([bit.value for bit in self.bits])
        open_ = np.stack([bit.by.any(axis=1) for bit in self.bits])
        value = values.sum(axis=0) + self.more >= wanted
        most = (values | open_).sum(axis=0) + self.more
        least = (values & ~open_).sum(axis=0) + self.more
        by = np.zeros_like(self.bits[0].by)
        for bit in self.bits:
            by |= bit.by & (bit.value == value)[:, None]
        by &= np.where(value, least < wanted, most >= wanted)[:, None]
        return Turnable(value, by)


@dataclass(frozen=True, kw_only=True)
class AnsweredColumns:
    """The answers of some rows as arrays, for `answers_that_matter`.

    Attributes
    ----------
    texts : mapping of str to array of str
        Cells of the columns of codes, "missing" for a null.
    numbers : mapping of str to array of float
        Cells of the columns of numbers, NaN where unknown.
    unknown : mapping of str to array of bool
        By column: whether the answer is unknown.
    ages : tuple of (array, array)
        The lowest and the highest age of each row in the period, NaN where unknown.
    """

    texts: Mapping[str, Any]
    numbers: Mapping[str, Floats]
    unknown: Mapping[str, Bools]
    ages: tuple[Floats, Floats]

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.unknown)


def answers_that_matter(answers: AnsweredColumns, frameworks: Sequence[Framework], known: Items) -> Bools:
    """Find the unknown answers that could change an outcome of one of the frameworks.

    Parameters
    ----------
    answers : AnsweredColumns
    frameworks : sequence of Framework
    known : Items

    Returns
    -------
    array of bool, shape (rows, columns)
        Columns in the order of `answers.columns`. A row whose class hangs on its dates or its age alone has none.
    """
    reading = _TurnableReading(answers, known)
    evaluation = Evaluation(reading)
    found = reading.nothing
    for framework in frameworks:
        for outcome in framework.outcomes:
            if outcome.type == "ratio":
                continue
            values = evaluation.count_of(framework, outcome) if outcome.type == "count" else []
            values = values or [evaluation.outcome(framework, stem) for stem in outcome.stems]
            for bit in (side for value in values for side in (value.surely, value.possibly)):
                if isinstance(bit, Turnable):
                    found = found | bit.by
    return found[:, :-1] & np.stack([answers.unknown[name] for name in answers.columns], axis=1)


class _TurnableReading:
    """The answers of some rows as bits that know what would turn them. The last column stands for the age."""

    def __init__(self, answers: AnsweredColumns, known: Items) -> None:
        self._answers, self._known = answers, known
        self._place = {name: position for position, name in enumerate(answers.columns)}
        self.nothing: Bools = np.zeros((len(answers.ages[0]), len(self._place) + 1), dtype=bool)

    def item(self, item: str, phase: str | None, /) -> Value:
        entry = self._known.items[item]
        unphased = self._codes(entry.id, entry.true_answers) if entry.id in self._place else None
        phased = {
            at: self._codes(name, entry.true_answers)
            for at, name in phase_columns(entry).items()
            if name in self._place
        }
        return entry.read(phase, unphased, phased)

    def codes(self, field: str, codes: tuple[str, ...], /) -> Value:
        entry = self._known.fields[field]
        if entry.column not in self._place:
            return FALSE
        if not entry.several:
            return self._codes(entry.column, codes)
        cells = self._answers.texts[entry.column]
        distinct, inverse = np.unique(cells, return_inverse=True)
        surely = np.array([entry.value(cell, codes).surely is True for cell in distinct], dtype=bool)[inverse]
        return self._value(entry.column, surely)

    def within(self, test: FieldWithin, /) -> Value:
        if test.field == AGE:
            return self._age(test)
        column = self._known.fields[test.field].column
        if column not in self._place:
            return FALSE
        return self._value(column, holds(test, self._answers.numbers[column]))

    def has(self, name: str, /) -> bool:
        known = self._known
        if name not in known.items:
            return known.fields[name].column in self._place
        item = known.items[name]
        return any(column in self._place for column in (item.id, *phase_columns(item).values()))

    def keep(self, value: Value, /) -> Value:
        return value

    def _codes(self, column: str, codes: tuple[str, ...]) -> Value:
        return self._value(column, np.isin(self._answers.texts[column], codes))

    def _value(self, column: str, surely: Bools) -> Value:
        """A leaf: what is unknown can be turned by its own column."""
        unknown = self._answers.unknown[column] & ~surely
        return self._leaf(self._place[column], surely, surely | unknown)

    def _age(self, test: FieldWithin) -> Value:
        """Over all ages that the row may have in the period."""
        lowest, highest = self._answers.ages
        unknown = np.isnan(lowest) | np.isnan(highest)
        low, high = np.where(unknown, 0, lowest), np.where(unknown, 0, highest)
        some, every = np.zeros(len(low), dtype=bool), np.ones(len(low), dtype=bool)
        for more in range(int((high - low).max(initial=0)) + 1):
            held = holds(test, low + more)
            there = low + more <= high
            some |= held & there
            every &= held | ~there
        return self._leaf(len(self._place), every & ~unknown, some | unknown)

    def _leaf(self, position: int, surely: Bools, possibly: Bools) -> Value:
        by = self.nothing.copy()
        by[:, position] = possibly & ~surely
        low: Any = Turnable(surely, by)
        high: Any = Turnable(possibly, by)
        return Value(low, high)


def holds(test: FieldWithin, numbers: Floats) -> Bools:
    """Whether numbers are within limits; an unknown one is not."""
    inside = numbers >= 0
    if test.least is not None:
        inside &= numbers >= test.least
    if test.most is not None:
        inside &= numbers <= test.most
    if test.above is not None:
        inside &= numbers > test.above
    if test.below is not None:
        inside &= numbers < test.below
    return inside
