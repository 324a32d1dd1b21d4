"""The check of the answers of a table: cells that are no answers are refused, unknown answers and rows in scope counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import narwhals as nw

from fl_estimate.errors import IndicatorFault, listed
from fl_estimate.indicators.columns import MARK, ColumnReading
from fl_estimate.indicators.coverage import Counts, Coverage
from fl_estimate.indicators.logic import Bit, Value, all_of
from fl_estimate.inputs.kept_sums import FileRead
from fl_estimate.inputs.partitions import narwhal
from fl_estimate.inputs.unread_rows import UnreadRows
from fl_estimate.schema.asking import Asking, answered, asked_together

Number = int | nw.Expr
"""A count, or a bit taken as one."""


def as_number(bit: Number) -> nw.Expr:
    """A bit (or a count) as an Int64 column."""
    return nw.lit(int(bit), dtype=nw.Int64) if isinstance(bit, int) else bit.cast(nw.Int64)


def chosen_number(bit: Number) -> nw.Expr:
    """A bit as the same column: polars is three times quicker to choose between 1 and 0 than to cast its bits."""
    if isinstance(bit, int):
        return as_number(bit)
    return nw.when(bit).then(nw.lit(1, dtype=nw.Int64)).otherwise(nw.lit(0, dtype=nw.Int64))


@dataclass(frozen=True, kw_only=True, eq=False)
class AnswerCheck:
    """What has to be counted of a table before its classes can be trusted.

    Attributes
    ----------
    columns : sequence of str
        Those that hold answers.
    asked : sequence of (str, str)
        Framework and column, for each of which rows in scope and unknown answers are counted.
    flags : mapping of str to bit
        Null-free: ``strange<i>`` of a column; ``rows<i>`` and ``unknown<i>`` of a framework and column.
    """

    columns: Sequence[str]
    asked: Sequence[tuple[str, str]]
    flags: Mapping[str, Bit]

    @classmethod
    def of(cls, reading: ColumnReading, wanted: Mapping[tuple[str, str], Value]) -> AnswerCheck:
        """Check the columns that were read; `wanted` are the rows that each framework asks each column of."""
        flags: dict[str, Bit] = {
            f"strange{position}": column.is_strange for position, column in enumerate(reading.columns.values())
        }
        for position, ((_, name), mask) in enumerate(wanted.items()):
            unknown = reading.columns[name].is_unknown
            flags[f"rows{position}"] = mask.surely
            flags[f"unknown{position}"] = all_of([mask, Value(unknown, unknown)]).surely
        return cls(columns=tuple(reading.columns), asked=tuple(wanted), flags=flags)

    def asking(self, frame: Any) -> Asking[dict[str, int]]:
        """The sums of the flags, in one pass over a frame, asked together with others."""
        # flags become columns first: engines agree on sums of columns, not on sums of expressions
        # (polars counts the bits of a Boolean column as they are, which is a good deal faster)
        number = _as_flag if frame.implementation.is_polars() else as_number
        columns = [number(flag).alias(f"{MARK}{name}") for name, flag in self.flags.items()]
        (rows,) = yield [frame.select(*columns).select(nw.all().sum())]
        sums = next(iter(rows.iter_rows(named=True)))
        return {name: int(sums[f"{MARK}{name}"] or 0) for name in self.flags}

    def read(self, frame: Any) -> dict[str, int]:
        """The sums of the flags, in one pass over a frame."""
        return answered([self.asking(frame)])[0]

    def judge(self, sums: Mapping[str, int]) -> None:
        """Refuse cells that are no answers.

        Raises
        ------
        IndicatorFault
            FL-IND-06: cells that are no answers: the columns and how many rows, never the cells.
        """
        strange = {name: sums[f"strange{position}"] for position, name in enumerate(self.columns)}
        faults = [f"{name} in {count:,} rows" for name, count in strange.items() if count]
        if faults:
            raise IndicatorFault(
                "FL-IND-06",
                "columns hold values that are no answers to their question",
                found=listed(faults, most=10),
                fix="map them to the codes of the item; nulls and dk, ref, missing, not_asked are unknown",
            )

    def counts(self, sums: Mapping[str, int]) -> Counts:
        """Rows in scope, and those of them in which the answer is unknown, by framework and column."""
        return {key: (sums[f"rows{position}"], sums[f"unknown{position}"]) for position, key in enumerate(self.asked)}


@dataclass(frozen=True, kw_only=True)
class PutOff:
    """A check that is made later, and the frame whose answers it is of."""

    check: AnswerCheck
    frame: Any


class Unchecked:
    """The checks of a lazy frame that are put off until its rows are read for something else; see `UnreadRows`.

    Parameters
    ----------
    people : frame
        The classified people.
    own : PutOff, optional
        Of answers on the rows of people themselves, which are counted with the first sums of them.
    apart : sequence of PutOff
        Of answers on the rows of other tables, each of which is read for its check.
    """

    def __init__(self, people: Any, *, own: PutOff | None = None, apart: Sequence[PutOff] = ()) -> None:
        self._own, self._apart, self._counts = own, tuple(apart), dict[tuple[str, str], tuple[int, int]]()
        flags = {} if own is None else {name: _as_flag(flag) for name, flag in own.check.flags.items()}
        frame = narwhal(people) if own is None else own.frame
        self.rows = UnreadRows(people=people, frame=frame, flags=flags, judge=self._judged, read=self._read)
        self.rows.is_settled = own is None and not apart

    def covered(self, coverage: Coverage) -> Coverage:
        """The coverage with the counts that were made since."""
        counts = self._counts
        lines = (
            replace(line, rows=counts[key][0], unknown=counts[key][1])
            if (key := (line.framework, line.column)) in counts
            else line
            for line in coverage.lines
        )
        return replace(coverage, lines=tuple(lines))

    def of(self, people: Any, column: nw.Expr) -> Unchecked:
        """The same checks, of people with one more column."""
        own = None if self._own is None else replace(self._own, frame=self._own.frame.with_columns(column))
        return Unchecked(people, own=own, apart=self._apart)

    @property
    def asked(self) -> tuple[Any, ...]:
        """What the sums of `asking` are of: the same of two classifications with the same questions."""
        checks = [each.check for each in self._every]
        return tuple((tuple(check.columns), tuple(check.asked), tuple(check.flags)) for check in checks)

    def asking(self) -> Asking[list[dict[str, int]]]:
        """The sums of every check, asked together."""
        return (yield from asked_together([each.check.asking(each.frame) for each in self._every]))

    def told(self, sums: Sequence[Mapping[str, int]]) -> None:
        """Judge the sums of every check, wherever they were counted.

        Raises
        ------
        IndicatorFault
            FL-IND-06: cells that are no answers.
        """
        for each, found in zip(self._every, sums, strict=True):
            each.check.judge(found)
            self._counts |= each.check.counts(found)
        self.rows.is_settled = True

    @property
    def _every(self) -> tuple[PutOff, ...]:
        return (*([] if self._own is None else [self._own]), *self._apart)

    # Methods, and no functions made here: a classification of a lazy frame of polars can be pickled.
    def _read(self, _: UnreadRows) -> dict[str, int]:
        sums = answered([self.asking()])[0]
        self.told(sums)
        return {} if self._own is None else sums[0]

    def _judged(self, sums: Mapping[str, int]) -> None:
        if self._own is not None:
            self._own.check.judge(sums)
            self._counts |= self._own.check.counts(sums)


class CheckedField:
    """A field of a classification that nobody sees before the answers it rests on were checked."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, made: Any, owner: type | None = None) -> Any:
        if made is None:
            raise AttributeError(self._name)
        return made.settled(self._name)

    def __set__(self, made: Any, value: Any) -> None:
        made.__dict__[f"_{self._name}"] = value


PEOPLE: Any = CheckedField("people")
COVERAGE: Any = CheckedField("coverage")
ROWS: Any = CheckedField("rows")


class CheckedLater:
    """A classification whose answers are checked when its rows are first read, where it is of a lazy frame."""

    unchecked: Unchecked | None

    def settled(self, name: str) -> Any:
        """A field as it is once the answers were checked.

        Raises
        ------
        IndicatorFault
            FL-IND-06: cells that are no answers.
        """
        value = self.as_given(name)
        if self.unchecked is None:
            return value
        self.unchecked.rows.settle()
        if name != "coverage":
            self.unchecked.rows.rows_are_read()
        return self.unchecked.covered(value) if name == "coverage" else value

    def as_given(self, name: str) -> Any:
        """A field of which nobody asks whether the answers were checked."""
        return self.__dict__[f"_{name}"]

    @property
    def unread_rows(self) -> UnreadRows | None:
        """The people of a lazy frame with the check of their answers, which is made with the first sums asked for."""
        rows = None if self.unchecked is None else self.unchecked.rows
        return rows if rows is not None and rows.people is self.as_given("people") else None

    @property
    def files_read(self) -> tuple[FileRead, ...]:
        """What was read so far of each file of a `Folder` with `cache`: its rows, or kept sums; empty for other data."""
        return () if self.unchecked is None else self.unchecked.rows.files_read

    def read_together(self) -> Self:
        """The same, of a lazy frame, with its sums kept from now on: what was added to the people is read as they are."""
        people = self.settled("people")
        if not isinstance(narwhal(people), nw.LazyFrame) or self.unread_rows is not None:
            return self
        return self.changed(coverage=self.settled("coverage"), unchecked=Unchecked(people))

    def with_column(self, column: nw.Expr) -> Self:
        """The same with one more column of the people; answers that were not checked stay so."""
        people = narwhal(self.as_given("people")).with_columns(column).to_native()
        later = None if self.unchecked is None else self.unchecked.of(people, column)
        return self.changed(people=people, unchecked=later)

    def changed(self, **fields: Any) -> Self:
        """The same with other fields; answers that were not checked stay so."""
        given = {name: self.as_given(name) for name in ("people", "coverage", "rows")}
        made: Any = self
        return replace(made, **{**given, **fields})


def _as_flag(bit: Bit) -> nw.Expr:
    return nw.lit(bit) if isinstance(bit, bool) else bit
