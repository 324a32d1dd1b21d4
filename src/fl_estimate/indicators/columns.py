"""Read the answers of a whole table: item columns as three-valued columns, in few passes and on any narwhals engine.

Codes are compared after `fill_null` only, and folded with `|` and `&`: engines differ on everything else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import narwhals as nw

from fl_estimate.errors import IndicatorFault, listed, nearest
from fl_estimate.indicators.criteria import FieldWithin
from fl_estimate.indicators.items import AGE, MISSING, NO, UNKNOWN_ANSWERS, Field, Item, Items, known_items
from fl_estimate.indicators.logic import FALSE, TRUE, UNKNOWN, Value
from fl_estimate.inputs.partitions import with_columns
from fl_estimate.inputs.relation_steps import RelationFrame
from fl_estimate.schema.answer_sets import one_of, only

MARK = "__fl_"
"""How the columns that stand in between are called; they are dropped at the end."""
_TOO_LARGE = 1e300
_NO_NUMBER = -1.0
_MOST_ANSWERS = 200
"""Answers of a column up to which the place of each is a number of 8 bits."""


@dataclass(frozen=True, slots=True)
class AnswerColumn:
    """One column of answers that was read.

    Attributes
    ----------
    name : str
        The column.
    question : str
        Id of the item or field.
    phase : str
        The phase in the name of the column, or "".
    is_unknown, is_strange : narwhals.Expr
        Null-free Boolean columns: the answer is unknown; the cell holds something that is no answer.
    """

    name: str
    question: str
    phase: str
    is_unknown: nw.Expr
    is_strange: nw.Expr


@dataclass(frozen=True, slots=True)
class AnswerCells:
    """The answers of one column. Categories of polars are compared as they are, which costs next to nothing."""

    expression: nw.Expr
    filled: bool

    def among(self, codes: tuple[str, ...]) -> nw.Expr:
        """Null-free: whether a cell holds one of the codes; a null is `missing`."""
        if self.filled:
            return _among(self.expression, codes)
        one_of = reduce(lambda left, right: left | right, [self.expression == code for code in codes])
        return one_of.fill_null(MISSING in codes)

    def is_not(self, code: str) -> nw.Expr:
        """Null-free: whether a cell holds something else."""
        return self.expression != code if self.filled else ~self.among((code,))


@dataclass(frozen=True, slots=True)
class NumberedAnswers:
    """The answers of one column as small numbers, of which a good many comparisons are quicker than of texts (Spark)."""

    expression: nw.Expr
    numbers: Mapping[str, int]

    def among(self, codes: tuple[str, ...]) -> nw.Expr:
        """Null-free: whether a cell holds one of the codes; a null is `missing`."""
        found = [self.numbers[code] for code in codes if code in self.numbers]
        return self.expression == found[0] if len(found) == 1 else self.expression.is_in(found)

    def is_not(self, code: str) -> nw.Expr:
        """Null-free: whether a cell holds something else."""
        return ~self.among((code,))


@dataclass(frozen=True, slots=True)
class NumberedCells:
    """The answers of one column of texts as small numbers: the place of each from 1, then that of a null; 0 is no answer."""

    expression: nw.Expr
    answers: tuple[str, ...]

    def among(self, codes: tuple[str, ...]) -> nw.Expr:
        """Null-free: whether a cell holds one of the codes; a null is `missing`."""
        places = {1 + self.answers.index(code) for code in codes}
        places |= {len(self.answers) + 1} if MISSING in codes else set()
        starts = [place for place in sorted(places) if place - 1 not in places]
        ends = [place for place in sorted(places) if place + 1 not in places]
        return reduce(lambda left, right: left | right, map(self._between, starts, ends))

    def is_not(self, code: str) -> nw.Expr:
        """Null-free: whether a cell holds something else."""
        return ~self.among((code,))

    def _between(self, first: int, last: int) -> nw.Expr:
        number = self.expression
        return number == first if first == last else (number >= first) & (number <= last)


class ColumnReading:
    """The answers of a table, and the passes that evaluate what depends on them.

    Parameters
    ----------
    schema : mapping of str to narwhals.DType
        Columns of the table.
    age : str or None
        Column of the age in the period.
    known : Items, optional
        The questions there are, where the frameworks have some of their own.
    categories : bool, default False
        Whether the engine compares categories with texts (polars): they are not turned into texts then.
    texts_once : bool, default False
        Whether texts are compared once and numbers after (Spark), where a text is compared with is known beforehand.
    numbered : bool, default False
        Whether texts are turned into small numbers first (polars and DuckDB, to which a text costs ten times a number), and
        whole numbers compared as such.
    """

    def __init__(
        self,
        schema: Mapping[str, nw.dtypes.DType],
        *,
        age: str | None,
        known: Items | None = None,
        categories: bool = False,
        texts_once: bool = False,
        numbered: bool = False,
    ) -> None:
        self._schema = schema
        self._categories, self._by_number = categories, numbered
        self._texts_once = texts_once
        self._compared: dict[tuple[str, tuple[str, ...]], NumberedAnswers] = {}
        self.known = known or known_items()
        self._age = age
        self._passes: list[list[nw.Expr]] = []
        self._kept: dict[int, nw.Expr] = {}
        self._in_polars: dict[int, nw.Expr] = {}
        self._cells: dict[str, AnswerCells] = {}
        self._numbered: dict[str, NumberedCells] = {}
        self._places: dict[str, tuple[str, tuple[str, ...]]] = {}
        self.columns: dict[str, AnswerColumn] = {}

    def item(self, item: str, phase: str | None, /) -> Value:
        """Whether an item is true, in one phase or (None) in any; false where the table has no column of it."""
        entry = self.known.items[item]
        unphased = self._answers(entry, entry.id, "") if entry.id in self._schema else None
        phased = {
            at: self._answers(entry, name, at) for at, name in phase_columns(entry).items() if name in self._schema
        }
        return entry.read(phase, unphased, phased)

    def codes(self, field: str, codes: tuple[str, ...], /) -> Value:
        """Whether a field holds one of the codes; false where the table has no column of it."""
        entry = self.known.fields[field]
        if entry.column not in self._schema:
            return FALSE
        if entry.several:
            return self._set(entry, codes)
        cell = self._cell(entry.column, (*entry.allowed, *codes))
        self._note(entry.id, entry.allowed, entry.column, "", cell)
        if cell is None:
            return UNKNOWN
        surely = cell.among(codes)
        return Value(surely, surely | cell.among(UNKNOWN_ANSWERS), 1)

    def _set(self, entry: Field, codes: tuple[str, ...]) -> Value:
        """Whether a cell of several codes holds one of these; an unknown answer beside others leaves the rest open."""
        cell = self._text(entry.column, as_text=True)
        if cell is None:
            self._note(entry.id, entry.allowed, entry.column, "", cell)
            return UNKNOWN
        unknown = cell.expression.str.contains(one_of(UNKNOWN_ANSWERS))
        if entry.column not in self.columns:
            strange = ~cell.expression.str.contains(only(entry.allowed))
            self.columns[entry.column] = AnswerColumn(entry.column, entry.id, "", unknown, strange)
        surely = cell.expression.str.contains(one_of(codes))
        return Value(surely, surely | unknown, 1)

    def within(self, test: FieldWithin, /) -> Value:
        """Whether a number is inside the limits; a null is unknown, a column the table lacks is false."""
        entry = self.known.fields[test.field]
        column = self.number_column(entry)
        if column is None:
            return FALSE
        number = self._number(entry, column)
        if number is None:
            return UNKNOWN
        known = self._is_known(number, column)
        inside = known
        least, most, above, below = (
            # Whole numbers of a few bits are not turned into fractions to be compared with 18.0.
            int(limit) if limit is not None and self._is_whole(column) and float(limit).is_integer() else limit
            for limit in (test.least, test.most, test.above, test.below)
        )
        if least is not None:
            inside = inside & (number >= least)
        if most is not None:
            inside = inside & (number <= most)
        if above is not None:
            inside = inside & (number > above)
        if below is not None:
            inside = inside & (number < below)
        return Value(inside, inside | ~known)

    def unless_no(self, column: str) -> Value:
        """True but where a yes/no column says no; an unknown answer, or no such column, is no reason to leave out."""
        if column not in self._schema:
            return TRUE
        answers = ("yes", NO, *UNKNOWN_ANSWERS)
        cell = self._cell(column, answers)
        self._note(column, answers, column, "", cell)
        return TRUE if cell is None else Value(cell.is_not(NO), cell.is_not(NO), 1)

    def has(self, name: str, /) -> bool:
        """Whether the table has a column of this item or field."""
        return any(self.columns_of(name).values())

    def columns_of(self, name: str) -> dict[str, str]:
        """Where the answers to a question stand: phase → column, "" for a phase (or the whole question) not asked."""
        known = self.known
        if name not in known.items:
            field = known.fields[name]
            column = self.number_column(field) if field.is_number else field.column
            return {"": column if column is not None and column in self._schema else ""}
        item = known.items[name]
        phased = {phase: column if column in self._schema else "" for phase, column in phase_columns(item).items()}
        unphased = {"": item.id} if item.id in self._schema else {}
        if any(phased.values()):
            # a question put without its phase stands for every phase that has no column of its own
            return unphased | {phase: column for phase, column in phased.items() if column or not unphased}
        return unphased or {"": ""}

    def number_column(self, field: Field) -> str | None:
        """The column of a number, or None; the age has the column that the caller named."""
        column = self._age if field.id == AGE else field.column
        return column if column in self._schema else None

    def keep(self, value: Value, /) -> Value:
        """Write the two sides as columns of their own in the next pass, so that no expression grows without bound."""
        surely, possibly = (
            bit if isinstance(bit, bool) else self._stored(bit, value.depth) for bit in (value.surely, value.possibly)
        )
        named = surely is not value.surely or possibly is not value.possibly
        return Value(surely, possibly, value.depth + 1) if named else value

    def apply(self, frame: Any) -> Any:
        """Run the passes over a narwhals frame: every kept value is a column of it afterwards."""
        if isinstance(frame, RelationFrame):
            frame = frame.with_places(self._places)
        elif self._places:
            places = (_place_among(nw.col(text), answers).alias(name) for name, (text, answers) in self._places.items())
            frame = frame.with_columns(*places)
        for expressions in filter(None, self._passes):
            frame = with_columns(frame, expressions, [self._in_polars.get(id(one), one) for one in expressions])
        return frame

    def _stored(self, expression: nw.Expr, depth: int, in_polars: nw.Expr | None = None) -> nw.Expr:
        """Write an expression as a column in the pass after `depth` others; one that is such a column already stays.

        `in_polars`: the same in fewer words, where polars is who makes the column.
        """
        if id(expression) in self._kept:
            return expression
        while depth >= len(self._passes):
            self._passes.append([])
        name = f"{MARK}{len(self._kept)}"
        self._passes[depth].append(expression.alias(name))
        if in_polars is not None:
            self._in_polars[id(self._passes[depth][-1])] = in_polars.alias(name)
        column = nw.col(name)
        self._kept[id(column)] = column
        return column

    def _answers(self, item: Item, column: str, phase: str) -> Value:
        cell = self._cell(column, item.allowed)
        self._note(item.id, item.allowed, column, phase, cell)
        if cell is None:
            return UNKNOWN
        # every answer is one of those allowed (checked in `rows`), so that what is not "no" is true or unknown
        return Value(cell.among(item.true_answers), cell.is_not(NO), 1)

    def _cells_of(self, column: str, allowed: tuple[str, ...]) -> AnswerCells | NumberedAnswers | None:
        """As `_text`, for cells that are only compared with allowed answers; any other is the number -1."""
        if not self._texts_once or self._schema[column] != nw.String:
            return self._text(column)
        allowed = tuple(dict.fromkeys(allowed))
        if (column, allowed) not in self._compared:
            cell, answers = nw.col(column), [NO, *dict.fromkeys(code for code in (*allowed, MISSING) if code != NO)]
            number = nw.lit(-1)
            for position, answer in reversed(list(enumerate(answers))):
                same = cell.is_null() | (cell == MISSING) if answer == MISSING else cell == answer
                number = nw.when(same).then(position).otherwise(number)
            numbers = {answer: position for position, answer in enumerate(answers)}
            self._compared[column, allowed] = NumberedAnswers(self._stored(number, 0), numbers)
        return self._compared[column, allowed]

    def _cell(self, column: str, answers: tuple[str, ...]) -> AnswerCells | NumberedAnswers | NumberedCells | None:
        """The cells of a column that are compared with these answers; None as `_text`."""
        if self._texts_once:
            return self._cells_of(column, answers)
        # An ENUM of DuckDB is a text to it; categories of polars are as quick as numbers.
        texts = nw.String if self._categories else (nw.String, nw.Enum)
        if not self._by_number or not isinstance(self._schema[column], texts) or len(answers) > _MOST_ANSWERS:
            return self._text(column)
        if column not in self._numbered:
            known = tuple(dict.fromkeys((*answers, NO, *UNKNOWN_ANSWERS)))
            name = f"{MARK}place{len(self._places)}"
            self._places[name] = column, known
            self._numbered[column] = NumberedCells(nw.col(name).fill_null(0), known)
        cells = self._numbered[column]
        return cells if set(answers) <= set(cells.answers) else self._text(column)

    def _text(self, column: str, *, as_text: bool = False) -> AnswerCells | None:
        """The cells as text without nulls; None where the column holds no text, which is right if it is all null.

        Categories that are compared as they are have no texts to search in: `as_text` makes texts of them.
        """
        kind = self._schema[column]
        if kind != nw.String and not isinstance(kind, nw.Categorical | nw.Enum):
            return None
        if column not in self._cells:
            cell = nw.col(column)
            if self._categories and isinstance(kind, nw.Categorical) and not as_text:
                self._cells[column] = AnswerCells(cell, False)
            else:
                text = cell if kind == nw.String else cell.cast(nw.String)
                category = cell.fill_null(MISSING) if isinstance(kind, nw.Categorical) and not as_text else None
                self._cells[column] = AnswerCells(self._stored(text.fill_null(MISSING), 0, category), True)
        return self._cells[column]

    def _number(self, field: Field, column: str) -> nw.Expr | None:
        """The cells as Float64 without nulls (-1 is unknown, limits on both sides catch NaN); None: nothing but nulls."""
        if self._schema[column] == nw.Unknown:
            self._note(field.id, (), column, "", None)
            return None
        if not self._schema[column].is_numeric():
            raise IndicatorFault(
                "FL-IND-13",
                f"the column {column} of the field {field.id} must hold numbers",
                found=f"type {self._schema[column]}",
                fix="make it a number, with nulls where it is unknown",
            )
        whole = self._is_whole(column)
        cell = nw.col(column) if whole else nw.col(column).cast(nw.Float64)
        number = cell.fill_null(int(_NO_NUMBER) if whole else _NO_NUMBER)
        known = self._is_known(number, column)
        self.columns[column] = AnswerColumn(column, field.id, "", ~known, cell.fill_null(0 if whole else 0.0) < 0)
        return number

    def _is_whole(self, column: str) -> bool:
        return self._by_number and self._schema[column].is_signed_integer()

    def _is_known(self, number: nw.Expr, column: str) -> nw.Expr:
        """Null-free: whether a number is one, as `_number` gives it."""
        return number >= 0 if self._is_whole(column) else (number >= 0) & (number <= _TOO_LARGE)

    def _note(
        self,
        question: str,
        allowed: tuple[str, ...],
        column: str,
        phase: str,
        cell: AnswerCells | NumberedAnswers | NumberedCells | None,
    ) -> None:
        """Remember that a column was read, with what makes its cells unknown or strange."""
        if column in self.columns:
            return
        if cell is not None:
            unknown, strange = cell.among(UNKNOWN_ANSWERS), ~cell.among(allowed)
        else:
            strange = self._is_filled(column)
            unknown = ~strange
        self.columns[column] = AnswerColumn(column, question, phase, unknown, strange)

    def _is_filled(self, column: str) -> nw.Expr:
        """Whether a cell of a column that holds no text holds anything; NaN is a null."""
        if not self._schema[column].is_numeric():
            return ~nw.col(column).is_null()
        number = nw.col(column).cast(nw.Float64).fill_null(-2 * _TOO_LARGE)
        return (number >= -_TOO_LARGE) & (number <= _TOO_LARGE)


def _among(cell: nw.Expr, codes: tuple[str, ...]) -> nw.Expr:
    return cell == codes[0] if len(codes) == 1 else cell.is_in(codes)


def _place_among(text: nw.Expr, answers: tuple[str, ...]) -> nw.Expr:
    """The place of a text among answers, from 1; 0 for any other, and one more than the last for a null."""
    place: Any = nw.lit(0, dtype=nw.UInt8)
    for position, answer in enumerate(answers, start=1):
        place = nw.when(text == answer).then(nw.lit(position, dtype=nw.UInt8)).otherwise(place)
    return nw.when(text.is_null()).then(nw.lit(len(answers) + 1, dtype=nw.UInt8)).otherwise(place)


def phase_columns(item: Item) -> dict[str, str]:
    """The columns that hold an item by phase: phase → ``<id>@<phase>``; none for items that carry no phase."""
    return {phase: f"{item.id}@{phase}" for phase in item.phases} if item.asks_phase else {}


def require_phase_names(columns: list[str], known: Items) -> None:
    """Refuse columns that name an item with a phase it cannot have: they would be overlooked without a word.

    Raises
    ------
    IndicatorFault
        FL-IND-09: with the nearest name there is.
    """
    items = known.items
    faults: list[str] = []
    for column in columns:
        name, mark, _ = column.partition("@")
        if not mark or name not in items:
            continue
        allowed = list(phase_columns(items[name]).values()) or [name]
        if column not in allowed:
            faults.append(f"{column} (nearest: {nearest(column, allowed) or allowed[0]})")
    if faults:
        raise IndicatorFault(
            "FL-IND-09",
            "columns name an item with a phase that it does not have",
            found=listed(faults),
            fix="name the column <item>@<phase>, or <item> where the phase was not asked",
        )
