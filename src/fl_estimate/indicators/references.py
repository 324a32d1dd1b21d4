"""What the expressions of a framework refer to: every reference checked on load, and the questions that a rule reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from fl_estimate.errors import nearest
from fl_estimate.indicators.criteria import (
    AnyOf,
    AtLeast,
    CriterionIs,
    Define,
    DimensionIs,
    FieldIn,
    FieldWithin,
    ItemIs,
    Node,
    NotAsked,
    OutcomeIs,
    walk,
)
from fl_estimate.indicators.framework_form import FrameworkForm, broken, bundled_ids
from fl_estimate.indicators.items import AGE, known_items

if TYPE_CHECKING:
    from fl_estimate.indicators.parts import FrameworkOutcome, Indicator

Leaf = ItemIs | FieldIn | FieldWithin
Step = tuple[str, str, str]
"""One reference: its operator, the id of the file, the name of the entry."""

STRENGTHS: tuple[str, ...] = ("strong", "medium", "weak")


_KEYS = {"count": "of", "ratio": "numerator or denominator"}


class _CircleFault(ValueError):
    """References that lead back to where they began."""


def leaves(framework: FrameworkForm, node: Node, dimension: str | None = None) -> list[Leaf]:
    """Every test of a question that a node comes down to, references followed, each once and in order.

    `dimension` narrows the indicators that the node counts.
    """
    return list(dict.fromkeys(_leaves(framework, node, dimension, ())))


def reads(framework: FrameworkForm, node: Node, dimension: str | None = None) -> list[str]:
    """The ids of the items and fields that a node comes down to, but for the age."""
    names = (leaf.item if isinstance(leaf, ItemIs) else leaf.field for leaf in leaves(framework, node, dimension))
    return list(dict.fromkeys(name for name in names if name != AGE))


def questions(framework: FrameworkForm) -> list[str]:
    """The ids of the items and fields that the outcomes of the framework come down to, but for the age."""
    return list(
        dict.fromkeys(name for outcome in framework.outcomes for name in reads(framework, AnyOf(outcome.rules)))
    )


def used_by(framework: FrameworkForm) -> frozenset[str]:
    """The ids of all items and fields that the framework looks at: its scope, outcomes, dimensions and what they refer to."""
    nodes = [framework.in_scope, *(DimensionIs(entry.id) for entry in framework.dimensions)]
    nodes += [AnyOf(outcome.rules) for outcome in (*framework.outcomes, *framework.unasked)]
    return frozenset(name for node in nodes for name in reads(framework, node))


def qualified(framework: FrameworkForm, outcome: FrameworkOutcome, has: Callable[[str], bool]) -> list[str]:
    """The indicators of an outcome that count without a question that would limit them, as the instrument has none."""
    found: dict[str, None] = {}
    for indicator in _counted_in(framework, AnyOf(outcome.rules), ()):
        asked = any(has(name) for name in reads(framework, indicator.node))
        limits = [node.names for node in _nodes_of(framework, indicator.node) if isinstance(node, NotAsked)]
        if asked and any(not any(map(has, names)) for names in limits):
            found[indicator.id] = None
    return list(found)


def _counted_in(framework: FrameworkForm, node: Node, trail: tuple[Step, ...]) -> Iterator[Indicator]:
    """The indicators of this file that a node comes down to."""
    for inner in walk(node):
        for step, target, expression, _ in targets(framework, inner, None):
            if step in trail or target is not framework:
                continue
            indicator = framework.indicator(step[2]) if step[0] == "criterion" else None
            if indicator is not None:
                yield indicator
            else:
                yield from _counted_in(framework, expression, (*trail, step))


def _nodes_of(framework: FrameworkForm, node: Node) -> Iterator[Node]:
    """The node and every node inside it, definitions of the same file followed."""
    for inner in walk(node):
        yield inner
        if isinstance(inner, Define) and not inner.framework:
            yield from _nodes_of(framework, framework.definitions[inner.id].expression)


def needs_age(framework: FrameworkForm) -> bool:
    """Whether the scope or an outcome of the framework tests the age."""
    nodes = [framework.in_scope, *(AnyOf(outcome.rules) for outcome in framework.outcomes)]
    found = (leaf for node in nodes for leaf in leaves(framework, node))
    return any(isinstance(leaf, FieldWithin) and leaf.field == AGE for leaf in found)


def check(framework: FrameworkForm) -> None:
    """Check that everything the framework names is there, and that no reference leads back to itself.

    Raises
    ------
    IndicatorFault
        FL-IND-03: every fault, with its key path.
    """
    faults: list[str] = []
    if framework.id in bundled_ids() and framework != framework.bundled(framework.id):
        faults.append("id: a framework of this package is called so; a file of your own needs an id of its own")
    for path, node in _expressions(framework):
        for inner in walk(node):
            faults += [f"{path}: {fault}" for fault in _node_faults(framework, inner)]
    faults += _entry_faults(framework)
    if not faults:
        faults += _circles(framework)
    if faults:
        raise broken(framework.id, faults)


def _expressions(framework: FrameworkForm) -> Iterator[tuple[str, Node]]:
    """Every expression of the file, with the key path where it stands."""
    yield "in_scope", framework.in_scope
    if framework.dimension_rule is not None:
        yield "dimension_rule", framework.dimension_rule
    for name, definition in framework.definitions.items():
        yield f"definitions.{name}.expression", definition.expression
    for position, outcome in enumerate(framework.outcomes):
        if outcome.type == "classes":
            for at, value in enumerate(outcome.values):
                if value.when is not None:
                    yield f"outcomes[{position}].values[{at}].when", value.when
        else:
            for rule in outcome.rules:
                yield f"outcomes[{position}].{_KEYS.get(outcome.type, 'expression')}", rule
    for key, indicators in (
        ("indicators", framework.indicators),
        ("optional_indicators", framework.optional_indicators),
    ):
        for position, indicator in enumerate(indicators):
            yield f"{key}[{position}].{'when' if indicator.when is not None else 'items_any_of'}", indicator.node


def _leaves(framework: FrameworkForm, node: Node, dimension: str | None, trail: tuple[Step, ...]) -> Iterator[Leaf]:
    for inner in walk(node):
        if isinstance(inner, ItemIs | FieldIn | FieldWithin):
            yield inner
        for step, target, expression, narrowed in targets(framework, inner, dimension):
            if step in trail:
                raise _CircleFault(
                    " -> ".join(f"{file}.{name}" for _, file, name in (*trail[trail.index(step) :], step))
                )
            yield from _leaves(target, expression, narrowed, (*trail, step))


def targets[Form: FrameworkForm](
    framework: Form, node: Node, dimension: str | None
) -> Iterator[tuple[Step, Form, Node, str | None]]:
    """The expressions that a node stands for, with the file they are read in and the dimension counted there."""
    match node:
        case CriterionIs(name):
            indicator = framework.indicator(name)
            if indicator is not None:
                yield ("criterion", framework.id, name), framework, indicator.node, None
        case AtLeast():
            for indicator in framework.indicators:
                if dimension in (None, indicator.dimension) and node.chooses(
                    id=indicator.id, kind=indicator.kind, strength=indicator.strength, dimension=indicator.dimension
                ):
                    yield ("criterion", framework.id, indicator.id), framework, indicator.node, None
        case Define(name, file):
            other = framework.file(file)
            narrowed = dimension if other is framework else None
            yield ("define", other.id, name), other, other.definitions[name].expression, narrowed
        case DimensionIs(name, file):
            other = framework.file(file)
            if other.dimension_rule is not None:
                yield ("dimension", other.id, name), other, other.dimension_rule, name
        case OutcomeIs(name, file):
            other = framework.file(file)
            outcome = other.outcome_of(name)
            if outcome is not None:
                yield ("outcome", other.id, name), other, AnyOf(outcome.rules), None
        case _:
            return


def _circles(framework: FrameworkForm) -> list[str]:
    found: dict[str, None] = {}
    for path, node in _expressions(framework):
        try:
            leaves(framework, node)
        except _CircleFault as circle:
            found[f"{path}: the references form a circle, {circle}"] = None
    return list(found)


def _entry_faults(framework: FrameworkForm) -> Iterator[str]:
    """Faults of the indicators, dimensions and codes themselves: names of dimensions, phases and items."""
    for position, listed in enumerate(framework.code_lists):
        for at, code in enumerate(listed.codes):
            for item in code.items:
                yield from (
                    f"code_lists[{position}].codes[{at}].items: {fault}"
                    for fault in _item_faults(framework, ItemIs(item))
                )
    dimensions = [dimension.id for dimension in framework.dimensions]
    phases = known_items().phases
    for position, indicator in enumerate(framework.indicators):
        if indicator.dimension is not None and indicator.dimension not in dimensions:
            yield f"indicators[{position}].dimension: {_unknown('dimension', indicator.dimension, dimensions)}"
        if indicator.phase is not None and indicator.phase not in phases:
            yield f"indicators[{position}].phase: {_unknown('phase', indicator.phase, phases)}"
    for position, dimension in enumerate(framework.dimensions):
        if dimension.phase is not None and dimension.phase not in phases:
            yield f"dimensions[{position}].phase: {_unknown('phase', dimension.phase, phases)}"


def _node_faults(framework: FrameworkForm, node: Node) -> Iterator[str]:
    match node:
        case ItemIs():
            yield from _item_faults(framework, node)
        case FieldIn() | FieldWithin():
            yield from _field_faults(node)
        case NotAsked(names):
            known = framework.known
            for name in names:
                yield from _absent("item or field", name, [*known.items, *known.fields])
        case AtLeast():
            yield from _count_faults(framework, node)
        case CriterionIs(name):
            yield from _absent("criterion", name, [indicator.id for indicator in framework.indicators])
        case Define(name, file) | DimensionIs(name, file) | OutcomeIs(name, file):
            yield from _reference_faults(framework, node, name, file)
        case _:
            return


def _item_faults(framework: FrameworkForm, node: ItemIs) -> Iterator[str]:
    items = framework.known.items
    if node.item not in items:
        yield _unknown("item", node.item, list(items))
    elif node.phase is not None and not items[node.item].asks_phase:
        yield f"the item {node.item} has one fixed phase and carries no @"
    elif node.phase is not None and node.phase not in items[node.item].phases:
        yield f"the item {node.item} cannot have this phase; " + _unknown("phase", node.phase, items[node.item].phases)


def _field_faults(node: FieldIn | FieldWithin) -> Iterator[str]:
    fields = known_items().fields
    field = fields.get(node.field)
    if field is None:
        yield _unknown("field", node.field, list(fields))
    elif isinstance(node, FieldWithin):
        if not field.is_number:
            yield f"the field {node.field} holds codes; test it by in"
    elif field.codes is None:
        yield f"the field {node.field} is a number; test it by min, max, above or below"
    else:
        for code in node.codes:
            yield from _absent(f"code of {node.field}", code, field.codes)


def _count_faults(framework: FrameworkForm, node: AtLeast) -> Iterator[str]:
    kinds = {indicator.kind for indicator in (*framework.indicators, *framework.optional_indicators)}
    for kind in node.kinds or ():
        yield from _absent("kind of the indicators here", kind, sorted(kinds))
    for strength in node.strengths or ():
        yield from _absent("strength", strength, STRENGTHS)
    for name in node.excluded:
        yield from _absent("indicator", name, [indicator.id for indicator in framework.indicators])
    for dimension in node.dimensions or ():
        yield from _absent("dimension", dimension, [entry.id for entry in framework.dimensions])


def _reference_faults(
    framework: FrameworkForm, node: Define | DimensionIs | OutcomeIs, name: str, file: str
) -> Iterator[str]:
    if file not in ("", framework.id) and file not in bundled_ids():
        yield _unknown("framework", file, bundled_ids())
        return
    other = framework.file(file)
    match node:
        case Define():
            yield from _absent("definition", name, list(other.definitions))
        case DimensionIs():
            yield from _absent("dimension", name, [dimension.id for dimension in other.dimensions])
            if other.dimension_rule is None:
                yield f"the framework {other.id} has no dimension_rule"
        case OutcomeIs():
            stems = [stem for outcome in other.outcomes if outcome.rules for stem in outcome.stems]
            yield from _absent("outcome", name, stems)


def _absent(what: str, name: str, known: tuple[str, ...] | list[str]) -> Iterator[str]:
    if name not in known:
        yield _unknown(what, name, known)


def _unknown(what: str, name: str, known: tuple[str, ...] | list[str]) -> str:
    close = nearest(name, known)
    return f"no {what} is called {name!r}" + (f", did you mean {close!r}?" if close else "")
