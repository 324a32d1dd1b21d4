"""What the tree of an expression means on the columns of a frame, in three values, alike on every engine.

Every part becomes a null-free narwhals expression and a null-free Boolean that says where it is unknown. Nulls
are replaced before anything is compared, because engines differ on `null == 1`, on `NaN > 0` and on `&` with
nulls; the unknown flag then takes the answer away again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import narwhals as nw
from narwhals.dtypes import DType

from fl_estimate.errors import ExpressionFault, FlError, missing_columns
from fl_estimate.schema.grammar import (
    Among,
    Arithmetic,
    Column,
    Compare,
    Comparison,
    Constant,
    Junction,
    Missing,
    Negative,
    Node,
    Not,
    Number,
    Text,
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
    value: nw.Expr
    unknown: nw.Expr | None = None
    literal: str | None = None


@dataclass(frozen=True)
class _Time:
    value: nw.Expr
    unknown: nw.Expr


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


def value(tree: Node, schema: Schema) -> nw.Expr:
    """Give an expression as Float64: a number, or 1 and 0 for true and false; null where unknown."""
    evaluator = _Evaluator(schema)
    part = evaluator.part(tree)
    if isinstance(part, _Truth):
        return nw.when(part.yes | part.no).then(part.yes.cast(nw.Float64))
    quantity = evaluator.quantity(part, "the expression")
    return quantity.value if quantity.unknown is None else nw.when(~quantity.unknown).then(quantity.value)


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
            case Column() | Number() | Text() | Arithmetic() | Negative():
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
                inner = self._operand(node.part, node.place)
                return _Quantity(-inner.value, inner.unknown, raw=inner.raw)
            case Arithmetic():
                return self._arithmetic(node)
            case Missing() | Not() | Junction() | Compare() | Among():
                return self.truth(node)

    def quantity(self, part: _Part, place: str) -> _Quantity:
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
                raise _unlike(place, "a text or a date" if isinstance(part, _Words) else "a date", "a number")

    def _column(self, name: str) -> _Part:
        dtype = self._schema[name]
        if dtype.is_numeric() or dtype == nw.Boolean:
            return self._number_column(name)
        if any(dtype == kind for kind in (nw.String, nw.Categorical, nw.Enum)):
            return self._text_column(name)
        if dtype == nw.Date or (dtype == nw.Datetime and getattr(dtype, "time_zone", None) is None):
            time = nw.col(name).cast(nw.Datetime("us")).fill_null(EPOCH)
            return _Time(time, missing(name, self._schema))
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

    def _operand(self, node: Node, place: str) -> _Quantity:
        """A number that is calculated with, as it came of what was calculated before."""
        part = self.part(node)
        return part if isinstance(part, _Quantity) else self.quantity(part, place)

    def _arithmetic(self, node: Arithmetic) -> _Quantity:
        left, right = self._operand(node.left, node.place), self._operand(node.right, node.place)
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
            return _compare_times(node.operator, left, right, node.place)
        if isinstance(left, _Words) or isinstance(right, _Words):
            a, b = self._words(left, node.place), self._words(right, node.place)
            return _decided(_relation(a.value, node.operator, b.value), _either(a.unknown, b.unknown))
        x, y = self.quantity(left, node.place), self.quantity(right, node.place)
        return _decided(_relation(x.value, node.operator, y.value), _either(x.unknown, y.unknown))

    def _words(self, part: _Part, place: str) -> _Words:
        match part:
            case _Words():
                return part
            case _Untyped():
                return self._text_column(part.name)
            case _Quantity() | _Truth() | _Time():
                raise _unlike(place, "text", "a number" if not isinstance(part, _Time) else "a date")

    def _among(self, node: Among) -> _Truth:
        part = self.part(node.part)
        if isinstance(part, _Time):
            each = [_compare_times("==", part, self.part(option), node.place) for option in node.options]
            answer = _Truth(_paired(_or, [one.yes for one in each]), _paired(_and, [one.no for one in each]))
        else:
            textual = isinstance(node.options[0], Text)
            subject = self._words(part, node.place) if textual else self.quantity(part, node.place)
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


def _decided(found: nw.Expr, unknown: nw.Expr | None) -> _Truth:
    """Take a comparison of filled values away where one of them was unknown."""
    return _Truth(found, ~found) if unknown is None else _Truth(found & ~unknown, ~found & ~unknown)


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


_MIRRORED: dict[Comparison, Comparison] = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def _compare_times(operator: Comparison, left: _Part, right: _Part, place: str) -> _Truth:
    if isinstance(left, _Time) and isinstance(right, _Time):
        return _decided(_relation(left.value, operator, right.value), left.unknown | right.unknown)
    if not isinstance(left, _Time):
        left, right, operator = right, left, _MIRRORED[operator]
    if not isinstance(left, _Time) or not isinstance(right, _Words) or right.literal is None:
        raise _unlike(place, "a date", "something else")
    start, end = _span(right.literal, place)
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


def _span(text: str, place: str) -> tuple[dt.datetime, dt.datetime]:
    """Give the first moment of a written date or time, and the first moment after it."""
    try:
        start = dt.datetime.fromisoformat(text)
    except ValueError:
        start = None
    if start is None or start.tzinfo is not None or start.year > 9998:
        raise ExpressionFault(
            "FL-EXPR-06",
            "a date is compared with a text that is no date",
            found=place,
            fix='write dates as "2020-03-31" or "2020-03-31 14:30:00", without a time zone',
        )
    return start, start + (dt.timedelta(days=1) if len(text) <= len("2020-03-31") else dt.timedelta(microseconds=1))


def _unlike(place: str, left: str, right: str) -> ExpressionFault:
    return ExpressionFault(
        "FL-EXPR-04",
        f"{left} cannot be used with {right}",
        found=place,
        fix='compare numbers with numbers, texts with texts in quotes, and dates with "2020-03-31"',
    )
