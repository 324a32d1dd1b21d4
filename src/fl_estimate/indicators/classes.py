"""Labels of several values: every completion of what is unknown is given its label, in three-valued columns or for one person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from fl_estimate.indicators.criteria import AllOf, AnyOf, Negation, Node
from fl_estimate.indicators.logic import Bit, Value, both_bits, either_bit, opposite_bit

if TYPE_CHECKING:
    from fl_estimate.indicators.parts import FrameworkOutcome


def label_among(outcome: FrameworkOutcome, values: Sequence[Value], accepted: frozenset[str]) -> Value:
    """Whether the label is one of those accepted: surely if every completion has one of them, possibly if some has.

    Parameters
    ----------
    outcome : Outcome
        Of type classes.
    values : sequence of Value
        Those of `outcome.atoms`, in order.
    accepted : frozenset of str
        Labels that have a rule.

    Notes
    -----
    The atoms are completed one after the other: where an atom is possibly true, the label may be that of the completions
    with it true; where it is not surely true, that of the completions with it false. No rule is evaluated but on
    completions, so that `not` in a rule does no harm.
    """
    rest = frozenset(value.id for value in outcome.classes) - accepted
    surely = opposite_bit(_reachable(outcome, values, rest))
    possibly = _reachable(outcome, values, accepted)
    return Value(surely, possibly, max((value.depth for value in values), default=0))


def label_of(outcome: FrameworkOutcome, completion: Mapping[Node, bool]) -> str:
    """The first label whose rule is true when every atom is known; "" where none is."""
    for value in outcome.classes:
        if value.when is not None and _holds(value.when, completion):
            return value.id
    return ""


def _reachable(outcome: FrameworkOutcome, values: Sequence[Value], labels: frozenset[str]) -> Bit:
    """Whether some completion has one of the labels."""
    atoms = outcome.atoms

    def reached(position: int, completion: dict[Node, bool]) -> Bit:
        if position == len(atoms):
            return label_of(outcome, completion) in labels
        value = values[position]
        # a branch that is ruled out is not followed: of one respondent most atoms are known
        yes = value.possibly is not False and reached(position + 1, {**completion, atoms[position]: True})
        no = value.surely is not True and reached(position + 1, {**completion, atoms[position]: False})
        if isinstance(yes, bool) and yes is no:
            return yes
        return either_bit(both_bits(value.possibly, yes), both_bits(opposite_bit(value.surely), no))

    return reached(0, {})


def _holds(node: Node, completion: Mapping[Node, bool]) -> bool:
    match node:
        case AllOf(nodes):
            return all(_holds(inner, completion) for inner in nodes)
        case AnyOf(nodes):
            return any(_holds(inner, completion) for inner in nodes)
        case Negation(inner):
            return not _holds(inner, completion)
        case _:
            return completion[node]
