"""The expression language of the frameworks: its nodes, and how they are read from TOML. Nothing is evaluated here.

A node is a table with exactly one operator; `any_of`, `all_of` and `same_phase` hold lists of nodes, `not` one node.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from fl_estimate.errors import nearest

LIMITS: tuple[str, ...] = ("min", "max", "above", "below")
"""How a number is tested, in the order of the fields of `FieldWithin`."""


@dataclass(frozen=True, slots=True)
class AllOf:
    """True if every node is; empty: true."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True if one of the nodes is; empty: false."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """The opposite of the node; unknown stays unknown."""

    node: Node


@dataclass(frozen=True, slots=True)
class SamePhase:
    """True if every node is, in one and the same phase."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class ItemIs:
    """True if the item is answered so, in `phase` (None: in any of its phases)."""

    item: str
    phase: str | None = None


@dataclass(frozen=True, slots=True)
class FieldIn:
    """True if the field holds one of the codes."""

    field: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FieldWithin:
    """True if the number is inside the limits: `least` and `most` inclusive, `above` and `below` exclusive."""

    field: str
    least: float | None = None
    most: float | None = None
    above: float | None = None
    below: float | None = None

    def holds(self, number: float) -> bool:
        """Whether one number is inside the limits."""
        return (
            (self.least is None or number >= self.least)
            and (self.most is None or number <= self.most)
            and (self.above is None or number > self.above)
            and (self.below is None or number < self.below)
        )


@dataclass(frozen=True, slots=True)
class NotAsked:
    """True if the instrument has none of these items and fields; the same for every respondent."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CriterionIs:
    """True if the indicator of the same file is."""

    id: str


@dataclass(frozen=True, slots=True)
class AtLeast:
    """True if at least `n` indicators of this file are; the other fields narrow the choice (None: any).

    `excluded` are ids of indicators that are left out of the count (the key ``except``).
    """

    n: int
    kinds: tuple[str, ...] | None = None
    strengths: tuple[str, ...] | None = None
    dimensions: tuple[str, ...] | None = None
    excluded: tuple[str, ...] = ()

    def chooses(self, *, id: str, kind: str, strength: str | None, dimension: str | None) -> bool:
        """Whether an indicator with these marks is among those counted."""
        return (
            id not in self.excluded
            and (self.kinds is None or kind in self.kinds)
            and (self.strengths is None or strength in self.strengths)
            and (self.dimensions is None or dimension in self.dimensions)
        )


@dataclass(frozen=True, slots=True)
class DimensionIs:
    """The `dimension_rule` of a file, counting only the indicators of one dimension; `framework` "" is this file."""

    id: str
    framework: str = ""


@dataclass(frozen=True, slots=True)
class Define:
    """An entry under `definitions`; `framework` "" is this file."""

    id: str
    framework: str = ""


@dataclass(frozen=True, slots=True)
class OutcomeIs:
    """An outcome of a file: true if surely positive, false if out of that file's scope."""

    id: str
    framework: str


Node = (
    AllOf
    | AnyOf
    | Negation
    | SamePhase
    | ItemIs
    | FieldIn
    | FieldWithin
    | NotAsked
    | CriterionIs
    | AtLeast
    | DimensionIs
    | Define
    | OutcomeIs
)


class NodeFault(ValueError):
    """A node cannot be read; `path` is where, below the key that holds the expression."""

    def __init__(self, path: str, what: str) -> None:
        super().__init__(f"{path}: {what}" if path else what)
        self.path = path
        self.what = what


def parse(raw: object, path: str = "") -> Node:
    """Read one node from a table of TOML.

    Raises
    ------
    NodeFault
        Not exactly one operator, an unknown operator, or a value of the wrong kind; `path` says where.
    """
    if not isinstance(raw, Mapping):
        raise NodeFault(path, 'an expression is a table with one operator, such as { item = "c_docs" }')
    table = {str(key): value for key, value in cast("Mapping[Any, Any]", raw).items()}
    operators = [key for key in table if key in _READERS]
    if len(operators) != 1:
        raise NodeFault(path, _operator_fault(list(table), operators))
    operator = operators[0]
    extra = [key for key in table if key != operator and key not in _BESIDE.get(operator, ())]
    if extra:
        raise NodeFault(path, f"{', '.join(extra)} cannot stand beside {operator}")
    return _READERS[operator](table, f"{path}.{operator}" if path else operator)


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly inside a node, without following references."""
    match node:
        case AllOf(nodes) | AnyOf(nodes) | SamePhase(nodes):
            return nodes
        case Negation(inner):
            return (inner,)
        case _:
            return ()


def walk(node: Node) -> Iterator[Node]:
    """The node and every node inside it, without following references."""
    yield node
    for inner in children(node):
        yield from walk(inner)


def split_phase(text: str) -> ItemIs:
    """Read ``c_docs`` or ``c_docs@leave``."""
    item, mark, phase = text.partition("@")
    return ItemIs(item, phase if mark else None)


def _operator_fault(keys: list[str], operators: list[str]) -> str:
    if operators:
        return f"one operator a table, not {len(operators)}: {', '.join(operators)}"
    close = nearest(keys[0], list(_READERS)) if keys else ""
    hint = f"did you mean {close}? " if close else ""
    return f"no operator ({', '.join(keys) or 'an empty table'}); {hint}the operators are {', '.join(_READERS)}"


def _text(value: object, path: str) -> str:
    if not isinstance(value, str) or not value:
        raise NodeFault(path, "a text in quotes is needed here")
    return value


def _texts(value: object, path: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise NodeFault(path, "a list of texts in quotes is needed here")
    entries = cast("list[object]", value)
    return tuple(_text(entry, f"{path}[{position}]") for position, entry in enumerate(entries))


def _number(value: object, path: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NodeFault(path, "a number is needed here")
    return float(value)


def _nodes(value: object, path: str) -> tuple[Node, ...]:
    if not isinstance(value, list):
        raise NodeFault(path, "a list of tables is needed here")
    entries = cast("list[object]", value)
    return tuple(parse(entry, f"{path}[{position}]") for position, entry in enumerate(entries))


def _reference(value: object, path: str) -> tuple[str, str]:
    """Split ``icls2018_adult.BY_ITEMS`` into file and entry; the file is "" for an entry of the same file."""
    file, dot, entry = _text(value, path).rpartition(".")
    return (file, entry) if dot else ("", entry)


def _field(table: dict[str, Any], path: str) -> Node:
    name = _text(table["field"], path)
    if "in" in table:
        limits = [key for key in LIMITS if key in table]
        if limits:
            raise NodeFault(path, f"a field is tested by in or by limits, not by both (in, {', '.join(limits)})")
        return FieldIn(name, _texts(table["in"], f"{path}.in"))
    limits = [_number(table.get(key), f"{path}.{key}") for key in LIMITS]
    if all(limit is None for limit in limits):
        raise NodeFault(path, "say how the field is tested: in, min, max, above or below")
    return FieldWithin(name, *limits)


def _at_least(table: dict[str, Any], path: str) -> Node:
    raw = table["at_least"]
    if not isinstance(raw, Mapping):
        raise NodeFault(path, 'a table is needed here, such as { n = 1, kind = "penalty" }')
    inside = {str(key): value for key, value in cast("Mapping[Any, Any]", raw).items()}
    extra = [key for key in inside if key not in ("n", "kind", "strength", "dimension", "except")]
    if extra:
        raise NodeFault(path, f"at_least knows n, kind, strength, dimension and except, not {', '.join(extra)}")
    n = inside.get("n")
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise NodeFault(f"{path}.n", "a whole number of at least 1 is needed here")
    chosen = [_choice(inside.get(key), f"{path}.{key}") for key in ("kind", "strength", "dimension")]
    return AtLeast(n, *chosen, excluded=_choice(inside.get("except"), f"{path}.except") or ())


def _choice(value: object, path: str) -> tuple[str, ...] | None:
    if value is None:
        return None
    return (value,) if isinstance(value, str) else _texts(value, path)


def _outcome(table: dict[str, Any], path: str) -> Node:
    file, entry = _reference(table["outcome"], path)
    if not file:
        raise NodeFault(path, "an outcome is named with its file, such as state_imposed.state_imposed_forced_labour")
    return OutcomeIs(entry, file)


def _define(table: dict[str, Any], path: str) -> Node:
    file, entry = _reference(table["define"], path)
    return Define(entry, file)


def _dimension(table: dict[str, Any], path: str) -> Node:
    file, entry = _reference(table["dimension"], path)
    return DimensionIs(entry, file)


_READERS: dict[str, Callable[[dict[str, Any], str], Node]] = {
    "any_of": lambda table, path: AnyOf(_nodes(table["any_of"], path)),
    "all_of": lambda table, path: AllOf(_nodes(table["all_of"], path)),
    "not": lambda table, path: Negation(parse(table["not"], path)),
    "item": lambda table, path: split_phase(_text(table["item"], path)),
    "field": _field,
    "not_asked": lambda table, path: NotAsked(_texts(table["not_asked"], f"{path}.not_asked")),
    "criterion": lambda table, path: CriterionIs(_text(table["criterion"], path)),
    "at_least": _at_least,
    "dimension": _dimension,
    "define": _define,
    "same_phase": lambda table, path: SamePhase(_nodes(table["same_phase"], path)),
    "outcome": _outcome,
}
_BESIDE: dict[str, tuple[str, ...]] = {"field": ("in", *LIMITS)}
