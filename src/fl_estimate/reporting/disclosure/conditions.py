"""Whom conditions of subpopulations speak of: which shut each other out, which lie in each other. From their texts alone."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from fl_estimate.errors import ExpressionFault
from fl_estimate.schema.grammar import (
    Among,
    Column,
    Compare,
    Comparison,
    Constant,
    Junction,
    Missing,
    Node,
    Not,
    Number,
    Text,
    read,
)

Value = tuple[Literal["number", "text"], float | str]
"""A value as conditions write it: texts that are numbers are numbers, as labels of codes are."""
Point = tuple[str, int] | None
"""A place among the values that conditions name of a term: of one kind, one of them or between two; None is missing."""
Truth = bool | None
Outer = Mapping[tuple[str, str], Mapping[str | None, str | None]]
"""By (inner column, outer column): in which outer value, as text, each inner value lies."""

MOST_POINTS = 20_000
"""Combinations of values that are looked at of two conditions; of longer ones nothing is known."""


@dataclass(frozen=True)
class Relation:
    """What is known of two conditions.

    Attributes
    ----------
    apart : bool or None
        Whether nobody can meet both; None where their texts do not say.
    within : bool
        Whether whoever meets the first meets the second.
    """

    apart: bool | None
    within: bool


@cache
def condition(text: str) -> Node | None:
    """The tree of a condition; None is everybody, and what is no expression is the name of a 0/1 column."""
    if not text:
        return None
    try:
        return read(text)
    except ExpressionFault:
        return Column(text)


def relation(first: str, second: str, outer: Outer | None = None) -> Relation:
    """Compare two conditions over every combination of the values that they name.

    Examples
    --------
    >>> relation("region == 'A'", "region in ['B', 'C']")
    Relation(apart=True, within=False)
    >>> relation("age < 15", "age < 18"), relation("is_woman", "is_man").apart
    (Relation(apart=False, within=True), None)
    """
    one, other = condition(first), condition(second)
    if one is None or other is None:
        return Relation(apart=False, within=other is None)
    result = atoms((first, second), outer)
    if result is None:
        return Relation(apart=None, within=False)
    met, within = (True, True) in result, (True, False) not in result
    if met and _flags_alone(one, other):
        return Relation(apart=None, within=within)
    return Relation(apart=not met, within=within and met)


def atoms(
    texts: Sequence[str], outer: Outer | None = None, *, named: Collection[str] = ()
) -> frozenset[tuple[bool, ...]] | None:
    """Which of these conditions can be met together, each with those that are not; None where there are too many values.

    Of columns that are `named` there are no other texts than those that conditions name, nor is one missing: women and men.

    Examples
    --------
    >>> sorted(atoms(["region == 'A'", "region in ['A', 'B']"]))
    [(False, False), (False, True), (True, True)]
    """
    nodes = [condition(text) for text in texts]
    terms: dict[str, set[Value]] = {}
    for node in nodes:
        if node is not None:
            _values(node, terms)
    points = {name: _named(values) if name in named else _points(values) for name, values in terms.items()}
    if math.prod(map(len, points.values())) > MOST_POINTS:
        return None
    ranks = {name: _ranks(values) for name, values in terms.items()}
    result: set[tuple[bool, ...]] = set()
    for combination in itertools.product(*points.values()):
        told = dict(zip(points, combination, strict=True))
        if not outer or _possible(told, ranks, outer):
            result.add(tuple(node is None or _truth(node, told, ranks) is True for node in nodes))
    return frozenset(result)


def certain(texts: Sequence[str], outer: Outer | None = None) -> bool:
    """Whether it is known of every two conditions whether they can be met together."""
    return all(relation(a, b, outer).apart is not None for a, b in itertools.combinations(texts, 2))


def holds(text: str, labels: Mapping[str, Any]) -> bool | None:
    """Whether people with these labels meet a condition; None where it asks for more than the labels say.

    Examples
    --------
    >>> holds("region in ['A', 'B']", {"region": "B"}), holds("age < 15", {"region": "B"})
    (True, None)
    """
    node = condition(text)
    if node is None:
        return True
    terms: dict[str, set[Value]] = {}
    _values(node, terms)
    if not set(terms) <= set(labels):
        return None
    own = {name: _value(labels[name]) for name in terms}
    for name, value in own.items():
        if value is not None:
            terms[name].add(value)
    ranks = {name: _ranks(values) for name, values in terms.items()}
    told: dict[str, Point] = {
        name: None if value is None else (value[0], ranks[name][value]) for name, value in own.items()
    }
    return _truth(node, told, ranks) is True


def _flags_alone(one: Node, other: Node) -> bool:
    """Whether the two speak of different things, each of columns that are 1 or 0 or of what cannot be read: regions as flags."""
    a: dict[str, set[Value]] = {}
    b: dict[str, set[Value]] = {}
    _values(one, a)
    _values(other, b)
    flags = all(values <= {_ONE} for values in (*a.values(), *b.values()))
    return flags and not set(a) & set(b)


_ONE: Value = ("number", 1.0)


def _value(value: Hashable | None) -> Value | None:
    if value is None or value != value:
        return None
    try:
        number = float(str(value))
    except ValueError:
        return ("text", str(value))
    # "nan" and "inf" are labels as well.
    return ("number", number) if math.isfinite(number) else ("text", str(value))


def _name(node: Node) -> str:
    """How a term is called: the column, or its tree without the places in the text."""
    return node.name if isinstance(node, Column) else re.sub(r", place=('[^']*'|\"[^\"]*\")", "", repr(node))


def _constant(node: Node) -> Value | None:
    return _value(node.value) if isinstance(node, Number | Text) else None


_TURNED: Mapping[Comparison, Comparison] = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


def _compared(node: Compare) -> tuple[str, Comparison, Value] | None:
    """A comparison of a term with a value; None where it is of two terms."""
    left, right = _constant(node.left), _constant(node.right)
    if right is not None and left is None:
        return _name(node.left), node.operator, right
    if left is not None and right is None:
        return _name(node.right), _TURNED[node.operator], left
    return None


def _values(node: Node, terms: dict[str, set[Value]]) -> None:
    """The terms of a condition, and the values that it compares them with; what is not understood is a term that is 1 or not."""
    match node:
        case Not():
            _values(node.part, terms)
        case Junction():
            for part in node.parts:
                _values(part, terms)
        case Among():
            terms.setdefault(_name(node.part), set()).update(_known(node.options))
        case Compare() if (result := _compared(node)) is not None:
            terms.setdefault(result[0], set()).add(result[2])
        case Missing():
            terms.setdefault(_name(node.column), set())
        case Constant():
            pass
        case _:
            terms.setdefault(_name(node), set()).add(_ONE)


def _known(options: Iterable[Node]) -> set[Value]:
    return {value for option in options if (value := _constant(option)) is not None}


def _ranks(values: set[Value]) -> dict[Value, int]:
    """The place of each value among those of its kind: odd numbers, with an even one before, between and after."""
    result: dict[Value, int] = {}
    for kind in ("number", "text"):
        # A kind holds values of one type only.
        own = sorted((value for value in values if value[0] == kind), key=lambda value: value[1])  # pyright: ignore[reportUnknownLambdaType, reportArgumentType, reportCallIssue]
        result |= {value: 2 * position + 1 for position, value in enumerate(own)}
    return result


def _named(values: set[Value]) -> list[Point]:
    """The values themselves."""
    return [(kind, rank) for (kind, _), rank in _ranks(values).items()]


def several(texts: Sequence[str]) -> list[str]:
    """Columns of which conditions name two texts or more, and nothing else.

    Examples
    --------
    >>> several(["sex == 'f' and age < 15", "sex == 'm' or region == 'A'"])
    ['sex']
    """
    terms: dict[str, set[Value]] = {}
    for node in map(condition, texts):
        if node is not None:
            _values(node, terms)
    return [name for name, of in terms.items() if len(of) > 1 and all(kind == "text" for kind, _ in of)]


def _points(values: set[Value]) -> list[Point]:
    found: list[Point] = [None]
    for kind in ("number", "text"):
        own = sum(value[0] == kind for value in values)
        found += [(kind, position) for position in range(2 * own + 1)] if own or kind == "text" else []
    return found


def _truth(node: Node, points: Mapping[str, Point], ranks: Mapping[str, Mapping[Value, int]]) -> Truth:
    """Kleene's three values, at one combination of points."""
    match node:
        case Not():
            part = _truth(node.part, points, ranks)
            return None if part is None else not part
        case Junction():
            return _joined(node.word, [_truth(part, points, ranks) for part in node.parts])
        case Among():
            name = _name(node.part)
            met = [_at(points[name], "==", value, ranks[name]) for value in _known(node.options)]
            result = _joined("or", met)
            return result if result is None or not node.negated else not result
        case Compare() if (result := _compared(node)) is not None:
            name, operator, value = result
            return _at(points[name], operator, value, ranks[name])
        case Missing():
            return points[_name(node.column)] is None
        case Constant():
            return node.value
        case _:
            return _at(points[_name(node)], "==", _ONE, ranks[_name(node)])


def _joined(word: Literal["and", "or"], parts: list[Truth]) -> Truth:
    decides = word == "or"
    if any(part is decides for part in parts):
        return decides
    return None if any(part is None for part in parts) else not decides


def _at(point: Point, operator: Comparison, value: Value, ranks: Mapping[Value, int]) -> Truth:
    if point is None:
        return None
    if point[0] != value[0]:
        return {"==": False, "!=": True}.get(operator)
    at, than = point[1], ranks[value]
    return {
        "==": at == than, "!=": at != than, "<": at < than, "<=": at <= than, ">": at > than, ">=": at >= than,
    }[operator]  # fmt: skip


def _possible(points: Mapping[str, Point], ranks: Mapping[str, Mapping[Value, int]], outer: Outer) -> bool:
    """Whether geography allows a combination: a district that lies in another region is in no condition of this one."""
    for (inner, to), known in outer.items():
        if inner not in points or to not in points or points[inner] is None:
            continue
        named = next((value for value, rank in ranks[inner].items() if (value[0], rank) == points[inner]), None)
        if named is None:
            continue
        lies = next((of for value, of in known.items() if _value(value) == named), None)
        own = _value(lies)
        if own is None:
            continue
        point = points[to]
        if own in ranks[to]:
            if point != (own[0], ranks[to][own]):
                return False
        elif point is None or any((value[0], rank) == point for value, rank in ranks[to].items()):
            return False
    return True
