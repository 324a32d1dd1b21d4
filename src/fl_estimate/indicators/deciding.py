"""The criteria that decide a class, with their value for one respondent or a whole table, as readers want to see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fl_estimate.indicators.criteria import Node, OutcomeIs, walk
from fl_estimate.indicators.evaluation import Evaluation
from fl_estimate.indicators.items import Wording
from fl_estimate.indicators.logic import Value

if TYPE_CHECKING:
    from fl_estimate.indicators.framework import Framework


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One criterion of a framework, or of a file that it refers to.

    Attributes
    ----------
    framework : Framework
        The file it stands in.
    id : str
        Its id there.
    label : Wording
    kind, dimension, phase, strength : str
        What the rules count it as; "" where the file says nothing.
    document, paragraph, verified : str
        Where the criterion is taken from, and how well that was read.
    node : expression
        Its test.
    """

    framework: Framework
    id: str
    label: Wording
    kind: str
    dimension: str
    phase: str
    strength: str
    document: str
    paragraph: str
    verified: str
    node: Node

    def value(self, evaluation: Evaluation) -> Value:
        """Its value under the answers of an evaluation."""
        indicator = self.framework.indicator(self.id)
        if indicator is not None:
            return evaluation.indicator(self.framework, indicator)
        return evaluation.definition(self.framework, self.id)


def criteria(framework: Framework) -> list[Criterion]:
    """The criteria of a framework, then those of the files whose outcomes it refers to.

    A file without indicators is told by those of its definitions that name a document.
    """
    result = _own(framework)
    for other in _referred(framework):
        result += _own(other)
    return result


def _own(framework: Framework) -> list[Criterion]:
    if framework.indicators:
        return [
            Criterion(
                framework=framework,
                id=entry.id,
                label=entry.label,
                kind=entry.kind,
                dimension=entry.dimension or "",
                phase=entry.phase or "",
                strength=entry.strength or "",
                document=entry.document,
                paragraph=entry.paragraph,
                verified=entry.verified,
                node=entry.node,
            )
            for entry in framework.indicators
        ]
    return [
        Criterion(
            framework=framework,
            id=name,
            label=entry.label or Wording(entry.text),
            kind="",
            dimension="",
            phase="",
            strength="",
            document=entry.document,
            paragraph=entry.paragraph,
            verified=entry.verified or framework.verification,
            node=entry.expression,
        )
        for name, entry in framework.definitions.items()
        if entry.document
    ]


def _referred(framework: Framework) -> list[Framework]:
    """The other files whose outcomes the framework refers to, directly or through them, each once."""
    found: dict[str, Framework] = {}
    waiting = [framework]
    while waiting:
        current = waiting.pop(0)
        for node in _nodes(current):
            other = current.file(node.framework)
            if other.id != framework.id and other.id not in found:
                found[other.id] = other
                waiting.append(other)
    return list(found.values())


def _nodes(framework: Framework) -> list[OutcomeIs]:
    expressions = [
        *(definition.expression for definition in framework.definitions.values()),
        *(indicator.node for indicator in framework.indicators),
        *(rule for outcome in framework.outcomes for rule in outcome.rules),
    ]
    return [inner for node in expressions for inner in walk(node) if isinstance(inner, OutcomeIs)]
