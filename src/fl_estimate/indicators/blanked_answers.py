"""What the class would be if some questions had not been answered: whole columns blanked, for many rows at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fl_estimate.arrays import Bools
from fl_estimate.indicators.columns import phase_columns
from fl_estimate.indicators.criteria import FieldWithin
from fl_estimate.indicators.evaluation import Evaluation
from fl_estimate.indicators.items import AGE, Items
from fl_estimate.indicators.logic import FALSE, TRUE, UNKNOWN, Value
from fl_estimate.indicators.open_answers import AnsweredColumns, holds

if TYPE_CHECKING:
    from fl_estimate.indicators.framework import Framework


@dataclass(frozen=True, eq=False)
class Flags:
    """A bit of every row, as the logic folds them."""

    value: Bools

    def __and__(self, other: Flags) -> Flags:
        return Flags(self.value & other.value)

    def __or__(self, other: Flags) -> Flags:
        return Flags(self.value | other.value)

    def __invert__(self) -> Flags:
        return Flags(~self.value)

    def cast(self, _kind: object) -> FlagCount:
        """The bit as a number."""
        return FlagCount(self.value.astype(np.int64))


@dataclass(frozen=True, eq=False)
class FlagCount:
    """How many bits of every row are set."""

    value: npt.NDArray[np.int64]

    def __add__(self, other: FlagCount | int) -> FlagCount:
        return FlagCount(self.value + (other if isinstance(other, int) else other.value))

    def __ge__(self, wanted: int) -> Flags:
        return Flags(self.value >= wanted)


class BlankedClasses:
    """Rows of answers, and the outcomes that they would have without some of them.

    Parameters
    ----------
    answers : AnsweredColumns
        The ages are not used.
    frameworks : sequence of Framework
    known : Items
    """

    def __init__(self, answers: AnsweredColumns, frameworks: Sequence[Framework], known: Items) -> None:
        self._answers, self._frameworks, self.known = answers, frameworks, known
        self._leaves: dict[tuple[object, ...], Value] = {}

    def states(self, blanked: Collection[str], age: float) -> npt.NDArray[np.int8]:
        """The state of every outcome of each row: 0 not in the class, 1 open, 2 in it.

        Parameters
        ----------
        blanked : collection of str
            Columns whose answers are taken as unknown.
        age : float
            That everybody is taken to have.

        Returns
        -------
        int8 array, shape (rows, outcomes)
            Of counts, whether there is any.
        """
        evaluation = Evaluation(_BlankedReading(self, self._answers, blanked, age))
        columns = [
            _state(evaluation.outcome(framework, outcome.id), self._rows)
            for framework in self._frameworks
            for outcome in framework.outcomes
            if outcome.type != "ratio"
        ]
        return np.stack(columns, axis=1) if columns else np.zeros((self._rows, 0), dtype=np.int8)

    @property
    def _rows(self) -> int:
        return len(self._answers.ages[0])

    def leaf(self, column: str, codes: tuple[str, ...], value: Any = None) -> Value:
        """Whether the cells of a column hold one of the codes, kept for the next time."""
        key = (column, codes)
        if key not in self._leaves:
            cells = self._answers.texts[column]
            labels, inverse = np.unique(cells.astype(str), return_inverse=True)
            hit = [label in codes if value is None else value(label, codes).surely is True for label in labels]
            self._leaves[key] = self._value(column, np.array(hit, dtype=bool)[inverse])
        return self._leaves[key]

    def number(self, column: str, test: FieldWithin) -> Value:
        """Whether the numbers of a column are within limits."""
        return self._value(column, holds(test, self._answers.numbers[column]))

    def _value(self, column: str, surely: Bools) -> Value:
        low: Any = Flags(surely)
        high: Any = Flags(surely | self._answers.unknown[column])
        return Value(low, high)


class _BlankedReading:
    """The answers with some columns taken as unknown."""

    def __init__(self, classes: BlankedClasses, answers: AnsweredColumns, blanked: Collection[str], age: float) -> None:
        self._classes, self._unknown, self._blanked, self._age = classes, answers.unknown, frozenset(blanked), age

    def item(self, item: str, phase: str | None, /) -> Value:
        entry = self._classes.known.items[item]
        unphased = self._cells(entry.id, entry.true_answers) if entry.id in self._unknown else None
        columns = phase_columns(entry).items()
        phased = {at: self._cells(name, entry.true_answers) for at, name in columns if name in self._unknown}
        return entry.read(phase, unphased, phased)

    def codes(self, field: str, codes: tuple[str, ...], /) -> Value:
        entry = self._classes.known.fields[field]
        if entry.column not in self._unknown:
            return FALSE
        return self._cells(entry.column, codes, entry.value)

    def within(self, test: FieldWithin, /) -> Value:
        if test.field == AGE:
            return TRUE if test.holds(self._age) else FALSE
        column = self._classes.known.fields[test.field].column
        if column not in self._unknown:
            return FALSE
        return UNKNOWN if column in self._blanked else self._classes.number(column, test)

    def has(self, name: str, /) -> bool:
        known = self._classes.known
        if name not in known.items:
            return known.fields[name].column in self._unknown
        item = known.items[name]
        return any(column in self._unknown for column in (item.id, *phase_columns(item).values()))

    def keep(self, value: Value, /) -> Value:
        return value

    def _cells(self, column: str, codes: tuple[str, ...], value: Any = None) -> Value:
        return UNKNOWN if column in self._blanked else self._classes.leaf(column, codes, value)


def _state(value: Value, rows: int) -> npt.NDArray[np.int8]:
    surely, possibly = (_array(bit, rows) for bit in (value.surely, value.possibly))
    return (surely.astype(np.int8) + possibly).astype(np.int8)


def _array(bit: Any, rows: int) -> Bools:
    return bit.value if isinstance(bit, Flags) else np.full(rows, bool(bit))
