"""Evaluate the nodes of a framework, for one respondent or for whole columns alike: the answers come from a Reading."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from fl_estimate.indicators.classes import label_among
from fl_estimate.indicators.criteria import (
    AllOf,
    AnyOf,
    AtLeast,
    CriterionIs,
    Define,
    DimensionIs,
    FieldIn,
    FieldWithin,
    ItemIs,
    Negation,
    Node,
    NotAsked,
    OutcomeIs,
    SamePhase,
)
from fl_estimate.indicators.items import known_items
from fl_estimate.indicators.logic import FALSE, TRUE, Value, all_of, any_of, at_least, certain, negate
from fl_estimate.indicators.references import reads

if TYPE_CHECKING:
    from fl_estimate.indicators.framework import Framework
    from fl_estimate.indicators.parts import FrameworkOutcome, Indicator


class AnswerSource(Protocol):
    """Where the answers come from: the answers of one respondent, or the columns of a table."""

    def item(self, item: str, phase: str | None, /) -> Value:
        """Whether an item is true, in one phase or (None) in any."""
        ...

    def codes(self, field: str, codes: tuple[str, ...], /) -> Value:
        """Whether a field holds one of the codes."""
        ...

    def within(self, test: FieldWithin, /) -> Value:
        """Whether a number is inside the limits."""
        ...

    def has(self, name: str, /) -> bool:
        """Whether the instrument has this item or field."""
        ...

    def keep(self, value: Value, /) -> Value:
        """Store a value that will be used more than once; what it stands for does not change."""
        ...


@dataclass(frozen=True, slots=True)
class NodeContext:
    """Where a node is read: in which file, counting one dimension only or all, in one phase or in any."""

    framework: Framework
    dimension: str | None = None
    phase: str | None = None


class Evaluation:
    """The values of one reading under any number of frameworks; what was evaluated once is not evaluated again."""

    def __init__(self, reading: AnswerSource) -> None:
        self._reading = reading
        self._known: dict[tuple[object, ...], Value] = {}

    def population(self, framework: Framework) -> Value:
        """Whether the respondent is in the framework's population, as far as is known."""
        return self._node(framework.in_scope, NodeContext(framework))

    def scope(self, framework: Framework) -> Value:
        """Whether the respondent is in scope: for certain in the population, unknown is out of scope."""
        return self._once(("scope", framework.id), lambda: certain(self.population(framework)))

    def outcome(self, framework: Framework, stem: str) -> Value:
        """The value of an outcome; false out of scope, and false where the instrument has none of its questions.

        `stem` is the id of an outcome, or ``<id>=<label>`` for one label of a class. A class is true where its label is
        one of the positive ones, a count where one of its indicators is.
        """
        return self._once(("outcome", framework.id, stem), lambda: self._outcome(framework, stem))

    def count_of(self, framework: Framework, outcome: FrameworkOutcome) -> list[Value]:
        """The indicators that a count counts, each false out of scope."""
        scope, position = self.scope(framework), NodeContext(framework)
        chosen = counted(outcome.counting, position)
        return [all_of([scope, self._indicator(indicator, position)]) for indicator in chosen]

    def dimension(self, framework: Framework, dimension: str) -> Value:
        """The value of a dimension, whatever the scope."""
        return self._node(DimensionIs(dimension), NodeContext(framework))

    def indicator(self, framework: Framework, indicator: Indicator) -> Value:
        """The value of an indicator, whatever the scope."""
        return self._indicator(indicator, NodeContext(framework))

    def definition(self, framework: Framework, name: str) -> Value:
        """The value of an entry under `definitions`, whatever the scope."""
        return self._node(Define(name), NodeContext(framework))

    def value(self, node: Node, position: NodeContext) -> Value:
        """The value of a node that is read at a place."""
        return self._node(node, position)

    def counts(self, indicator: Indicator, position: NodeContext) -> Value:
        """The value of an indicator where it is counted at a place."""
        return self._indicator(indicator, position)

    def _node(self, node: Node, position: NodeContext) -> Value:
        match node:
            case AllOf(nodes):
                return all_of(self._node(inner, position) for inner in nodes)
            case AnyOf(nodes):
                return any_of(self._node(inner, position) for inner in nodes)
            case Negation(inner):
                return negate(self._node(inner, position))
            case ItemIs(item, phase):
                return self._reading.item(item, phase or position.phase)
            case FieldIn(field, codes):
                return self._reading.codes(field, codes)
            case FieldWithin():
                return self._reading.within(node)
            case NotAsked(names):
                return FALSE if any(self._reading.has(name) for name in names) else TRUE
            case SamePhase(nodes):
                phases = (replace(position, phase=phase) for phase in known_items().phases)
                return any_of(all_of(self._node(inner, within) for inner in nodes) for within in phases)
            case AtLeast(n):
                return at_least(n, [self._indicator(chosen, position) for chosen in counted(node, position)])
            case _:
                return self._referred(node, position)

    def _referred(self, node: CriterionIs | Define | DimensionIs | OutcomeIs, position: NodeContext) -> Value:
        """A node that names another part. The checks of `references` have made sure that it is there."""
        match node:
            case OutcomeIs(name, file):
                return self.outcome(position.framework.file(file), name)
            case CriterionIs(name):
                indicator = position.framework.indicator(name)
                return FALSE if indicator is None else self._indicator(indicator, position)
            case _:
                inner, within = inside(node, position)
                key = ("node", within.framework.id, within.dimension, within.phase, inner)
                return self._once(key, lambda: self._node(inner, within))

    def _indicator(self, indicator: Indicator, position: NodeContext) -> Value:
        """An indicator with a phase counts in that phase only; one without is read with its items at the phase."""
        within = indicator_place(indicator, position)
        if within is None:
            return FALSE
        key = ("indicator", position.framework.id, indicator.id, within.phase)
        return self._once(key, lambda: self._tested(indicator, within))

    def _tested(self, indicator: Indicator, within: NodeContext) -> Value:
        """False where the instrument has none of the questions: under `not` an absent answer would turn into a true one."""
        if not any(self._reading.has(name) for name in reads(within.framework, indicator.node)):
            return FALSE
        return self._node(indicator.node, within)

    def _outcome(self, framework: Framework, stem: str) -> Value:
        outcome = framework.outcome_of(stem)
        if outcome is None or not any(self._reading.has(used) for used in reads(framework, AnyOf(outcome.rules))):
            return FALSE
        position = NodeContext(framework)
        if outcome.type != "classes":
            return all_of([self.scope(framework), any_of(self._node(rule, position) for rule in outcome.rules)])
        label = stem.removeprefix(outcome.id).removeprefix("=")
        accepted = frozenset({label}) if label else frozenset(outcome.positive)
        atoms = [self._node(atom, position) for atom in outcome.atoms]
        return all_of([self.scope(framework), label_among(outcome, atoms, accepted)])

    def _once(self, key: tuple[object, ...], evaluate: Callable[[], Value]) -> Value:
        if key not in self._known:
            self._known[key] = self._reading.keep(evaluate())
        return self._known[key]


def inside(node: Define | DimensionIs, position: NodeContext) -> tuple[Node, NodeContext]:
    """The expression that a definition or a dimension stands for, and where it is read."""
    framework = position.framework.file(node.framework)
    match node:
        case Define(name):
            # a dimension is counted in its own file only
            dimension = position.dimension if framework is position.framework else None
            return framework.definitions[name].expression, NodeContext(framework, dimension, position.phase)
        case DimensionIs(name):
            return framework.dimension_rule or AnyOf(()), NodeContext(framework, name, position.phase)


def indicator_place(indicator: Indicator, position: NodeContext) -> NodeContext | None:
    """Where the test of an indicator is read; None where the indicator does not count in this phase."""
    if position.phase is not None and indicator.phase not in (None, position.phase):
        return None
    return NodeContext(position.framework, None, None if indicator.phase is not None else position.phase)


def counted(node: AtLeast, position: NodeContext) -> list[Indicator]:
    """The indicators that a count chooses from."""
    return [
        indicator
        for indicator in position.framework.indicators
        if position.dimension in (None, indicator.dimension)
        and node.chooses(
            id=indicator.id, kind=indicator.kind, strength=indicator.strength, dimension=indicator.dimension
        )
    ]
