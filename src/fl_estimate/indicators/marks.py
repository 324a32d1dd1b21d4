"""How well the parts were read that an outcome rests on: which of them are recalled rather than read in a document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from fl_estimate.errors import listed
from fl_estimate.indicators.criteria import AnyOf, AtLeast, Node, walk
from fl_estimate.indicators.references import Step, targets

if TYPE_CHECKING:
    from fl_estimate.indicators.framework import Framework
    from fl_estimate.indicators.parts import FrameworkOutcome, Indicator

RECALLED = "recalled"
NOTE = "recalled_parts"
NOT_QUALIFIED = "not_asked_whether_agreed"
Note = tuple[str, Mapping[str, Any]]
"""A code with parameters, as the assumptions of a result are."""


def recalled_parts(framework: Framework, outcome: FrameworkOutcome) -> tuple[str, ...]:
    """The parts of a rule that are recalled: the outcome itself, definitions, the dimension rule, indicators, other files.

    A recalled strength is told only where the rule counts by strength.
    """
    found = [outcome.id] if outcome.verified == RECALLED else []
    found += [f"{outcome.id}={value.id}" for value in outcome.classes if value.verified == RECALLED]
    rule = AnyOf(outcome.rules)
    by_strength = _by_strength(framework, rule)
    for step in dict.fromkeys(_steps(framework, rule, None)):
        found += _recalled(framework, step, by_strength)
    return tuple(dict.fromkeys(found))


def notes(framework: Framework, outcome: FrameworkOutcome) -> tuple[Note, ...]:
    """What a table of the outcome has to say of the framework."""
    parts = recalled_parts(framework, outcome)
    return ((NOTE, {"framework": framework.id, "parts": listed(parts, most=6)}),) if parts else ()


def _recalled(framework: Framework, step: Step, by_strength: bool) -> Iterator[str]:
    operator, file, name = step
    other = framework.file(file)
    prefix = "" if other is framework else f"{other.id}."
    match operator:
        case "criterion":
            indicator = other.indicator(name)
            if indicator is not None and _is_recalled(indicator, by_strength):
                yield f"{prefix}{name}"
        case "define" if other.definitions[name].verified == RECALLED:
            yield f"{prefix}{name}"
        case "dimension" if other.dimension_rule_verified == RECALLED:
            yield f"{prefix}dimension_rule"
        case "outcome":
            referred = other.outcome_of(name)
            if referred is not None and referred.verified == RECALLED:
                yield f"{prefix}{name}"
        case _:
            return


def _is_recalled(indicator: Indicator, by_strength: bool) -> bool:
    """Whether a part of the indicator that the rule uses is recalled; a strength only where the rule counts by it."""
    if not indicator.verified_parts:
        return indicator.verified == RECALLED
    return any(mark == RECALLED for part, mark in indicator.verified_parts.items() if part != "strength" or by_strength)


def _by_strength(framework: Framework, rule: Node) -> bool:
    return any(isinstance(node, AtLeast) and node.strengths is not None for node in _nodes(framework, rule, None))


def _nodes(framework: Framework, node: Node, dimension: str | None) -> Iterator[Node]:
    for inner in walk(node):
        yield inner
        for _, target, expression, narrowed in targets(framework, inner, dimension):
            yield from _nodes(target, expression, narrowed)


def _steps(framework: Framework, node: Node, dimension: str | None) -> Iterator[Step]:
    for inner in walk(node):
        for step, target, expression, narrowed in targets(framework, inner, dimension):
            yield step
            yield from _steps(target, expression, narrowed)
