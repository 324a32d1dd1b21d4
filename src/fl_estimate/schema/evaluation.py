"""What the tree of an expression means on the columns of a frame, in three values, alike on every engine.

Every part becomes a null-free narwhals expression and a null-free Boolean that says where it is unknown. Nulls
are replaced before anything is compared, because engines differ on `null == 1`, on `NaN > 0` and on `&` with
nulls; the unknown flag then takes the answer away again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw
from narwhals.dtypes import DType

from fl_estimate.errors import ExpressionFault, FlError, listed, missing_columns
from fl_estimate.schema.calendar import elapsed, part_of
from fl_estimate.schema.grammar import (
    Among,
    Applied,
    Arithmetic,
    Case,
    Coalesce,
    Column,
    Compare,
    Comparison,
    Constant,
    Cut,
    Junction,
    Missing,
    Negative,
    Node,
    Not,
    Number,
    PartOfDate,
    Text,
    TimeBetween,
)

Schema = Mapping[str, DType]
EPOCH = dt.datetime(1970, 1, 1)


@dataclass(frozen=True)
class _Truth:
    yes: nw.Expr
    no: nw.Expr


@dataclass(frozen=True)
class _Quantity:
    """A number: Float64 without nulls; `unknown` says where it does not count (None: nowhere).

    What was calculated is `raw`: where it is null or NaN it does not count either. That is asked once, when nothing more is
    calculated with it: asked at each step, the work would grow with the square of the steps.
    """

    value: nw.Expr
    unknown: nw.Expr | None = None
    raw: bool = False


@dataclass(frozen=True)
class _Words:
    """A text; `categories` are its values in order, where they are known."""

    value: nw.Expr
    unknown: nw.Expr | None = None
    literal: str | None = None
    categories: tuple[str, ...] | None = None


@dataclass(frozen=True)
class _Time:
    """A moment; `days` says that it came of dates without a time of day."""

    value: nw.Expr
    unknown: nw.Expr | None
    days: bool = False


@dataclass(frozen=True)
class _Untyped:
    """A column whose engine does not say what it holds (all null; Python objects): its partner decides."""

    name: str


_Part = _Truth | _Quantity | _Words | _Time | _Untyped


def absent_columns(names: list[str], schema: Schema) -> FlError:
    """Build the error for columns that an expression names and the frame does not have."""
    return missing_columns("FL-EXPR-03", names, list(schema), ExpressionFault)


def missing(name: str, schema: Schema) -> nw.Expr:
    """Say where a column is null or NaN, as a Boolean without nulls."""
    if name not in schema:
        raise absent_columns([name], schema)
    return _null_or_nan(nw.col(name)) if schema[name].is_float() else nw.col(name).is_null()


def truth(tree: Node, schema: Schema) -> tuple[nw.Expr, nw.Expr]:
    """Say where an expression is true and where it is false; where it is neither, it is unknown."""
    answer = _Evaluator(schema).truth(tree)
    return answer.yes, answer.no


def value(tree: Node, schema: Schema, *, ordered: bool = True) -> nw.Expr:
    """Give an expression as Float64, as text, as an Enum of its classes in order, or as a date; null where unknown.

    With `ordered` false classes are plain text.
    """
    evaluator = _Evaluator(schema)
    part = evaluator.part(tree)
    match part:
        case _Truth():
            return nw.when(part.yes | part.no).then(part.yes.cast(nw.Float64))
        case _Words():
            known = _known(part.value, part.unknown)
            return known if part.categories is None or not ordered else known.cast(nw.Enum(part.categories))
        case _Time():
            known = _known(part.value, part.unknown)
            return known.cast(nw.Date) if part.days else known
        case _:
            quantity = evaluator.quantity(part, "the expression")
            return _known(quantity.value, quantity.unknown)


def _known(filled: nw.Expr, unknown: nw.Expr | None) -> nw.Expr:
    return filled if unknown is None else nw.when(~unknown).then(filled)


class _Evaluator:
    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    def truth(self, node: Node) -> _Truth:
        match node:
            case Missing():
                flag = missing(node.column.name, self._schema)
                return _Truth(flag, ~flag)
            case Not():
                inner = self.truth(node.part)
                return _Truth(inner.no, inner.yes)
            case Junction():
                parts = [self.truth(part) for part in node.parts]
                every = _paired(_and, [part.yes if node.word == "and" else part.no for part in parts])
                any_ = _paired(_or, [part.no if node.word == "and" else part.yes for part in parts])
                return _Truth(every, any_) if node.word == "and" else _Truth(any_, every)
            case Compare():
                return self._compare(node)
            case Among():
                return self._among(node)
            case Constant():
                return _Truth(nw.lit(node.value), nw.lit(not node.value))
            case _:
                return self._as_truth(node)

    def part(self, node: Node) -> _Part:
        match node:
            case Column():
                return self._column(node.name)
            case Number():
                return _Quantity(nw.lit(node.value))
            case Constant():
                return _Quantity(nw.lit(float(node.value)))
            case Text():
                return _Words(nw.lit(node.value), literal=node.value)
            case Negative():
                inner = self._operand(node.part, node.position)
                return _Quantity(-inner.value, inner.unknown, raw=inner.raw)
            case Arithmetic():
                return self._arithmetic(node)
            case Cut():
                return self._cut(node)
            case Case():
                return self._case(node)
            case Coalesce():
                return self._coalesce(node)
            case PartOfDate():
                when = self._moment(node.part, node.position)
                return _Quantity(part_of(when.value, node.which), when.unknown)
            case TimeBetween():
                start, end = self._moment(node.start, node.position), self._moment(node.end, node.position)
                number = elapsed(start.value, end.value, node.which)
                return _Quantity(number, _either(start.unknown, end.unknown))
            case Missing() | Not() | Junction() | Compare() | Among():
                return self.truth(node)
            case Applied():
                raise AssertionError("a formula of numbers is not read for columns")

    def quantity(self, part: _Part, position: str) -> _Quantity:
        match part:
            case _Quantity():
                if not part.raw:
                    return part
                # inf - inf is NaN, which pandas shows as null in some types: unknown on all
                return _Quantity(part.value.fill_null(0.0), _either(part.unknown, _null_or_nan(part.value)))
            case _Truth():
                return _Quantity(part.yes.cast(nw.Float64), ~(part.yes | part.no))
            case _Untyped():
                return self._number_column(part.name)
            case _Words() | _Time():
                raise _unlike(position, "a text or a date" if isinstance(part, _Words) else "a date", "a number")

    def _column(self, name: str) -> _Part:
        dtype = self._schema[name]
        if dtype.is_numeric() or dtype == nw.Boolean:
            return self._number_column(name)
        if any(dtype == kind for kind in (nw.String, nw.Categorical, nw.Enum)):
            words = self._text_column(name)
            return replace(words, categories=tuple(dtype.categories)) if isinstance(dtype, nw.Enum) else words
        if dtype == nw.Date or (dtype == nw.Datetime and getattr(dtype, "time_zone", None) is None):
            time = nw.col(name).cast(nw.Datetime("us")).fill_null(EPOCH)
            return _Time(time, missing(name, self._schema), days=dtype == nw.Date)
        if dtype == nw.Object or dtype == nw.Unknown:
            return _Untyped(name)
        raise ExpressionFault(
            "FL-EXPR-05",
            "the column is of a type that expressions cannot use",
            found=f"{name!r} is {dtype}",
            fix="derive a number, text or date without time zone from it first",
        )

    def _number_column(self, name: str) -> _Quantity:
        # Float64 before anything else: small integers and Decimals overflow or raise on some engines
        return _Quantity(nw.col(name).cast(nw.Float64).fill_null(0.0), missing(name, self._schema))

    def _text_column(self, name: str) -> _Words:
        return _Words(nw.col(name).cast(nw.String).fill_null(""), missing(name, self._schema))

    def _cut(self, node: Cut) -> _Words:
        number = self.quantity(self.part(node.part), node.position)
        above = node.labels[-len(node.breaks) :]
        below = node.labels[0] if len(node.labels) > len(node.breaks) else above[0]
        classes = nw.lit(above[-1])
        for upper, label in reversed(list(zip(node.breaks, (below, *above[:-1]), strict=True))):
            classes = nw.when(number.value < upper).then(nw.lit(label)).otherwise(classes)
        outside = number.value < node.breaks[0] if len(node.labels) == len(node.breaks) else None
        return _Words(classes, _either(number.unknown, outside), categories=node.labels)

    def _case(self, node: Case) -> _Part:
        """The value of the first true condition; unknown where a condition before it is."""
        values = self._alike([*node.values, *([node.otherwise] if node.otherwise is not None else [])], node.position)
        first = values[0]
        conditions = [self.truth(condition) for condition in node.conditions]
        result, unknown = values[-1].value, values[-1].unknown
        if node.otherwise is None:
            unknown = nw.lit(True)
        elif unknown is None:
            unknown = nw.lit(False)
        for condition, each in reversed(list(zip(conditions, values[: len(conditions)], strict=True))):
            result = nw.when(condition.yes).then(each.value).otherwise(result)
            undecided = ~condition.yes & ~condition.no
            unknown = undecided | (condition.no & unknown)
            if each.unknown is not None:
                unknown = unknown | (condition.yes & each.unknown)
        return replace(first, value=result, unknown=unknown, **_joined(values))

    def _coalesce(self, node: Coalesce) -> _Part:
        values = self._alike(node.parts, node.position)
        result, unknown = values[-1].value, values[-1].unknown
        for each in reversed(values[:-1]):
            if each.unknown is None:
                result, unknown = each.value, None
                continue
            result = nw.when(each.unknown).then(result).otherwise(each.value)
            unknown = None if unknown is None else each.unknown & unknown
        return replace(values[0], value=result, unknown=unknown, **_joined(values))

    def _alike(self, nodes: Sequence[Node], position: str) -> list[_Quantity] | list[_Words] | list[_Time]:
        """Parts of one kind: all texts, all dates or all numbers."""
        parts = [self.part(each) for each in nodes]
        if any(isinstance(part, _Time) for part in parts):
            return [self._as_moment(part, position) for part in parts]
        if any(isinstance(part, _Words) for part in parts):
            return [self._words(part, position) for part in parts]
        return [self.quantity(part, position) for part in parts]

    def _moment(self, node: Node, position: str) -> _Time:
        return self._as_moment(self.part(node), position)

    def _as_moment(self, part: _Part, position: str) -> _Time:
        if isinstance(part, _Time):
            return part
        if isinstance(part, _Words) and part.literal is not None:
            start, _ = _span(part.literal, position)
            return _Time(nw.lit(start).cast(nw.Datetime("us")), None, days=len(part.literal) <= len("2020-03-31"))
        raise _unlike(position, "a date", "something else")

    def _operand(self, node: Node, position: str) -> _Quantity:
        """A number that is calculated with, as it came of what was calculated before."""
        part = self.part(node)
        return part if isinstance(part, _Quantity) else self.quantity(part, position)

    def _arithmetic(self, node: Arithmetic) -> _Quantity:
        left, right = self._operand(node.left, node.position), self._operand(node.right, node.position)
        unknown = _either(left.unknown, right.unknown)
        a, b = left.value, right.value
        match node.operator:
            case "+":
                result = a + b
            case "-":
                result = a - b
            case "*":
                result = a * b
            case "/":
                # engines give inf, null or an error for x / 0: here it is unknown on all
                none = (b.fill_null(1.0) if right.raw else b) == 0.0
                unknown = _either(unknown, none)
                result = a / nw.when(none).then(nw.lit(1.0)).otherwise(b)
        return _Quantity(result, unknown, raw=True)

    def _as_truth(self, node: Node) -> _Truth:
        part = self.part(node)
        if isinstance(part, _Truth):
            return part
        number = self.quantity(part, "a text or date where true or false is needed")
        known = nw.lit(True) if number.unknown is None else ~number.unknown
        return _Truth((number.value == 1.0) & known, (number.value == 0.0) & known)

    def _compare(self, node: Compare) -> _Truth:
        left, right = self.part(node.left), self.part(node.right)
        if isinstance(left, _Time) or isinstance(right, _Time):
            return _compare_times(node.operator, left, right, node.position)
        if isinstance(left, _Words) or isinstance(right, _Words):
            if node.operator not in ("==", "!="):
                left, right = _ranked(left, right, node.position)
            a, b = self._words(left, node.position), self._words(right, node.position)
            return _decided(_relation(a.value, node.operator, b.value), _either(a.unknown, b.unknown))
        x, y = self.quantity(left, node.position), self.quantity(right, node.position)
        return _decided(_relation(x.value, node.operator, y.value), _either(x.unknown, y.unknown))

    def _words(self, part: _Part, position: str) -> _Words:
        match part:
            case _Words():
                return part
            case _Untyped():
                return self._text_column(part.name)
            case _Quantity() | _Truth() | _Time():
                raise _unlike(position, "text", "a number" if not isinstance(part, _Time) else "a date")

    def _among(self, node: Among) -> _Truth:
        part = self.part(node.part)
        if isinstance(part, _Time):
            each = [_compare_times("==", part, self.part(option), node.position) for option in node.options]
            answer = _Truth(_paired(_or, [one.yes for one in each]), _paired(_and, [one.no for one in each]))
        else:
            textual = isinstance(node.options[0], Text)
            subject = self._words(part, node.position) if textual else self.quantity(part, node.position)
            answer = _decided(subject.value.is_in([option.value for option in node.options]), subject.unknown)
        return _Truth(answer.no, answer.yes) if node.negated else answer


def _null_or_nan(number: nw.Expr) -> nw.Expr:
    # is_nan of a null differs between engines, so nulls are filled before the question
    return number.is_null() | number.fill_null(0.0).is_nan()


def _paired(join: Callable[[nw.Expr, nw.Expr], nw.Expr], parts: list[nw.Expr]) -> nw.Expr:
    """Join neighbours, then what came of them: a thousand parts lie ten deep in each other, not a thousand."""
    while len(parts) > 1:
        rest = parts[len(parts) // 2 * 2 :]
        parts = [join(a, b) for a, b in zip(parts[::2], parts[1::2], strict=False)] + rest
    return parts[0]


def _and(a: nw.Expr, b: nw.Expr) -> nw.Expr:
    return a & b


def _or(a: nw.Expr, b: nw.Expr) -> nw.Expr:
    return a | b


def _either(a: nw.Expr | None, b: nw.Expr | None) -> nw.Expr | None:
    if a is None or b is None:
        return b if a is None else a
    return a | b


def _decided(compared: nw.Expr, unknown: nw.Expr | None) -> _Truth:
    """Take a comparison of filled values away where one of them was unknown."""
    return _Truth(compared, ~compared) if unknown is None else _Truth(compared & ~unknown, ~compared & ~unknown)


def _relation(a: nw.Expr, operator: Comparison, b: nw.Expr) -> nw.Expr:
    match operator:
        case "==":
            return a == b
        case "!=":
            return a != b
        case "<":
            return a < b
        case "<=":
            return a <= b
        case ">":
            return a > b
        case ">=":
            return a >= b


def _joined(values: Sequence[_Quantity] | Sequence[_Words] | Sequence[_Time]) -> dict[str, Any]:
    """What several parts of one kind have together: the classes in the order that they are written in, or whole days."""
    if isinstance(values[0], _Time):
        return {"days": all(each.days for each in values if isinstance(each, _Time))}
    if not isinstance(values[0], _Words):
        return {}
    classes: list[str] = []
    for each in values:
        own = each.categories if isinstance(each, _Words) else None
        if own is None and isinstance(each, _Words) and each.literal is not None:
            own = (each.literal,)
        if own is None:
            return {"categories": None, "literal": None}
        classes += own
    return {"categories": tuple(dict.fromkeys(classes)), "literal": None}


def _ranked(left: _Part, right: _Part, position: str) -> tuple[_Part, _Part]:
    """Ordered classes are compared by their order, not by their letters; a written text has to be one of them."""
    ordered = [part.categories for part in (left, right) if isinstance(part, _Words) and part.categories is not None]
    if not ordered:
        return left, right
    order = ordered[0]
    found: list[_Part] = []
    for part in (left, right):
        if not isinstance(part, _Words) or part.categories not in (None, order):
            raise _unlike(position, "ordered classes", "other classes")
        if part.literal is not None and part.literal not in order:
            raise ExpressionFault(
                "FL-EXPR-07",
                "a text that is none of the classes cannot stand above or below them",
                found=f"{position}; the classes are {listed(map(repr, order), most=20)}",
                fix="write one of the classes, or use == and in",
            )
        # the rank is written with digits, so that the comparison stays one of texts
        rank = nw.lit("")
        for place_in_order, name in enumerate(order):
            rank = nw.when(part.value == name).then(nw.lit(f"{place_in_order:04}")).otherwise(rank)
        found.append(replace(part, value=rank, categories=None))
    return found[0], found[1]


_MIRRORED: dict[Comparison, Comparison] = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def _compare_times(operator: Comparison, left: _Part, right: _Part, position: str) -> _Truth:
    if isinstance(left, _Time) and isinstance(right, _Time):
        return _decided(_relation(left.value, operator, right.value), _either(left.unknown, right.unknown))
    if not isinstance(left, _Time):
        left, right, operator = right, left, _MIRRORED[operator]
    if not isinstance(left, _Time) or not isinstance(right, _Words) or right.literal is None:
        raise _unlike(position, "a date", "something else")
    start, end = _span(right.literal, position)
    at = left.value
    # a written day is all of its hours: `<= "2020-03-31"` holds at noon of the 31st
    match operator:
        case "==" | "!=":
            inside = (at >= start) & (at < end)
            found = inside if operator == "==" else ~inside
        case "<" | ">=":
            found = _relation(at, operator, nw.lit(start))
        case "<=":
            found = at < end
        case ">":
            found = at >= end
    return _decided(found, left.unknown)


def _span(text: str, position: str) -> tuple[dt.datetime, dt.datetime]:
    """Give the first moment of a written date or time, and the first moment after it."""
    try:
        start = dt.datetime.fromisoformat(text)
    except ValueError:
        start = None
    if start is None or start.tzinfo is not None or start.year > 9998:
        raise ExpressionFault(
            "FL-EXPR-06",
            "a date is compared with a text that is no date",
            found=position,
            fix='write dates as "2020-03-31" or "2020-03-31 14:30:00", without a time zone',
        )
    return start, start + (dt.timedelta(days=1) if len(text) <= len("2020-03-31") else dt.timedelta(microseconds=1))


def _unlike(position: str, left: str, right: str) -> ExpressionFault:
    return ExpressionFault(
        "FL-EXPR-04",
        f"{left} cannot be used with {right}",
        found=position,
        fix='compare numbers with numbers, texts with texts in quotes, and dates with "2020-03-31"',
    )
