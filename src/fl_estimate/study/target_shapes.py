"""Shapes of formulas that the library has a function for: sums, changes, shares of people, middles of intervals, two lists."""

from __future__ import annotations

from collections.abc import Sequence

from fl_estimate.study.target_binding import Binding, Input
from fl_estimate.study.target_formula import Applied, Formula, Name, Node, Number, Operation, walk
from fl_estimate.study.target_units import Unit


def unscaled(tree: Node, bound: Binding) -> tuple[float, Node]:
    """A formula without the number that multiplies the whole of it."""
    if isinstance(tree, Operation) and tree.sign == "*":
        for number, rest in ((tree.left, tree.right), (tree.right, tree.left)):
            if isinstance(number, Number) and number.place > -1000 and number.place not in bound.numbers:
                inner, kept = unscaled(rest, bound)
                return number.value * inner, kept
    if isinstance(tree, Operation) and tree.sign == "/" and isinstance(tree.left, Operation):
        inner, kept = unscaled(tree.left, bound)
        return inner, Operation("/", kept, tree.right)
    return 1.0, tree


def summands(tree: Node) -> list[Node] | None:
    """The parts of a sum, where it is one."""
    if isinstance(tree, Applied) and tree.function == "sum":
        return list(tree.parts)
    if isinstance(tree, Operation) and tree.sign == "+":
        found: list[Node] = []
        for side in (tree.left, tree.right):
            inner = summands(side) if isinstance(side, Operation | Applied) else None
            found += inner if inner is not None else [side]
        return found
    return None


def change_of(tree: Node) -> tuple[float, Node, Node] | None:
    """Sign, first and second figure of b/a − 1, 1 − b/a or (b − a)/a."""
    match tree:
        case Operation("-", Operation("/", after, before), Number(value=1.0)):
            return 1.0, before, after
        case Operation("-", Number(value=1.0), Operation("/", after, before)):
            return -1.0, before, after
        case Operation("/", Operation("-", after, before), base) if base == before:
            return 1.0, before, after
        case Operation("/", Operation("-", before, after), base) if base == before:
            return -1.0, before, after
        case _:
            return None


def two_lists(tree: Node, unit: Unit) -> tuple[str, Node, Node, Node] | None:
    """People on each of two lists and on both, of Chapman's and of Petersen's formula for persons."""
    match tree:
        case Operation(
            "-",
            Operation(
                "/",
                Operation("*", Operation("+", a, Number(value=1.0)), Operation("+", b, Number(value=1.0))),
                Operation("+", both, Number(value=1.0)),
            ),
            Number(value=1.0),
        ):
            return "chapman", a, b, both
        case Operation("/", Operation("*", Name() as a, Name() as b), Name() as both) if unit == Unit("count", 1.0):
            return "petersen", a, b, both
        case _:
            return None


def share_of_people(tree: Node, bound: Binding, inputs: Sequence[Input]) -> tuple[Node, Node, int] | None:
    """A share and the persons that it is a share of, in a product of the two, with the input of the share."""
    if not (isinstance(tree, Operation) and tree.sign == "*"):
        return None
    for share, count in ((tree.left, tree.right), (tree.right, tree.left)):
        first, second = _inputs_of(share, bound), _inputs_of(count, bound)
        if len(first) == 1 and inputs[first[0]].unit.dimension == "share" and second and all(
            inputs[p].unit.dimension == "count" for p in second
        ) and isinstance(count, Name | Number):  # fmt: skip
            return share, count, first[0]
    return None


def has_input(tree: Node, bound: Binding) -> bool:
    """Whether a part holds more than constants."""
    return any(isinstance(n, Name) or (isinstance(n, Number) and n.place in bound.numbers) for n in walk(tree))


def _inputs_of(tree: Node, bound: Binding) -> tuple[int, ...]:
    if isinstance(tree, Name):
        return bound.names.get(tree.text, ())
    return (bound.numbers[tree.place],) if isinstance(tree, Number) and tree.place in bound.numbers else ()


def logit_middle(tree: Node) -> tuple[Node, Node] | None:
    """Limits of an interval whose middle on the logit scale is taken."""
    match tree:
        case Applied(
            "expit",
            (Operation("/", Operation("+", Applied("logit", (low,)), Applied("logit", (high,))), Number(value=2.0)),),
        ):
            return low, high
        case _:
            return None


def totals_and_rates(formula: Formula, tree: Node, bound: Binding) -> tuple[str, str] | None:
    """Names of totals and rates in: P = total/rate; sum total / sum P."""
    match tree:
        case Operation("/", Applied("sum", (Name(top),)), Applied("sum", (Name(bottom),))):
            made = dict(formula.statements).get(bottom)
            match made:
                case Operation("/", Name(left), Name(right)) if left == top and {left, right} <= bound.names.keys():
                    return left, right
                case _:
                    return None
        case _:
            return None
