"""Which input a name or number of a formula means: by symbol, by value, by the words of its label, else by order."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from fl_estimate.study.target_formula import OVER_PARTS, Applied, Formula, FormulaError, Name, Number, Operation, walk
from fl_estimate.study.target_units import Unit

MOST_PARTS = 8
"""Inputs up to which every way of sharing them out among names is looked at."""


@dataclass(frozen=True, kw_only=True)
class Input:
    """A printed figure that goes into another: its label, value, half its last digit, unit, and where it is printed."""

    label: str
    value: float
    halfwidth: float
    unit: Unit
    unit_said: bool = True
    symbol: str = ""
    document: str = ""
    page: str = ""
    table: str = ""


@dataclass(frozen=True, kw_only=True)
class Binding:
    """The inputs (by place) that each name and each number of a formula stands for; several are added up, or are parts."""

    names: dict[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])
    numbers: dict[int, int] = field(default_factory=dict[int, int])
    over_parts: frozenset[str] = frozenset()
    guessed: bool = False


def bind(formula: Formula, inputs: Sequence[Input]) -> Binding:
    """Find out which inputs a formula means.

    Raises
    ------
    FormulaError
        An input that stands nowhere, a name without an input, or several readings that are as good.
    """
    names = list(formula.free)
    found: dict[str, tuple[int, ...]] = {}
    left = list(range(len(inputs)))
    for name in names:
        own = tuple(place for place in left if inputs[place].symbol == name)
        if own:
            found[name] = own
            left = [place for place in left if place not in own]
    unnamed = [name for name in names if name not in found]
    numbers = {} if len(unnamed) >= len(left) and left else _by_value(formula, inputs, left)
    left = [place for place in left if place not in numbers.values()]
    parts = _over_parts(formula, unnamed)
    if not unnamed and left:
        raise FormulaError(
            f"it does not use the input {inputs[left[0]].label!r}; give each input a symbol of the formula"
        )
    if len(unnamed) > len(left):
        raise FormulaError(
            f"no input is left for {unnamed[-1]!r}; give each input the symbol that the formula has for it"
        )
    guessed = bool(unnamed)
    if unnamed and parts and len(left) % len(unnamed) == 0 and parts == frozenset(unnamed):
        found |= _blocks(unnamed, inputs, left)
    elif unnamed:
        found |= _shared_out(unnamed, inputs, left)
    return Binding(names=found, numbers=numbers, over_parts=parts, guessed=guessed)


def _by_value(formula: Formula, inputs: Sequence[Input], left: Sequence[int]) -> dict[int, int]:
    """Numbers of the formula that are the value of an input, as printed or in natural units."""
    found: dict[int, int] = {}
    for number in (node for node in formula.nodes() if isinstance(node, Number) and node.place > -1000):
        if is_power_of_ten(number.value):
            continue
        same = [place for place in left if _is_value(number.value, inputs[place])]
        fresh = [place for place in same if place not in found.values()]
        if same:
            found[number.place] = (fresh or same)[0]
    return found


def _is_value(number: float, given: Input) -> bool:
    return any(
        abs(number - value) <= 1e-9 * abs(value) for value in (given.value, given.value * given.unit.scale) if value
    )


def is_power_of_ten(number: float) -> bool:
    """1, 10, 100, …: a size, not a figure."""
    return bool(re.fullmatch(r"10*", f"{number:.0f}")) and number == round(number)


def _over_parts(formula: Formula, names: Sequence[str]) -> frozenset[str]:
    """Names that hold a value a part: those under sum or mean, and those that such a name is made of part by part."""
    made = dict(formula.statements)
    under: set[str] = set()
    for node in formula.nodes():
        if isinstance(node, Applied) and node.function in OVER_PARTS and len(node.parts) == 1:
            under |= {inner.text for inner in walk(node.parts[0]) if isinstance(inner, Name)}
    for name in list(under):
        if name in made:
            under |= {inner.text for inner in walk(made[name]) if isinstance(inner, Name)}
    return frozenset(name for name in names if name in under)


def _blocks(names: Sequence[str], inputs: Sequence[Input], left: Sequence[int]) -> dict[str, tuple[int, ...]]:
    """As many inputs for each name: those of one unit together, else in the order given; parts in the same order."""
    by_unit: dict[Unit, list[int]] = {}
    for place in left:
        by_unit.setdefault(inputs[place].unit, []).append(place)
    size = len(left) // len(names)
    blocks = list(by_unit.values())
    if len(blocks) != len(names) or any(len(block) != size for block in blocks):
        blocks = [list(left[at : at + size]) for at in range(0, len(left), size)]
    best = max(
        itertools.permutations(blocks) if len(blocks) <= 5 else [tuple(blocks)],
        key=lambda order: sum(affinity(n, inputs[b[0]]) for n, b in zip(names, order, strict=True)),
    )
    first = [_what(inputs[place]) for place in best[0]]
    found: dict[str, tuple[int, ...]] = {}
    for name, block in zip(names, best, strict=True):
        own = [_what(inputs[place]) for place in block]
        same = len(set(own)) == size and sorted(own) == sorted(first)
        found[name] = tuple(block[own.index(what)] for what in first) if same else tuple(block)
    return found


def _what(given: Input) -> str:
    """A label without its unit."""
    return given.label.split(",")[0].strip().lower()


def _shared_out(names: Sequence[str], inputs: Sequence[Input], left: Sequence[int]) -> dict[str, tuple[int, ...]]:
    """Share the inputs out among names: every name one, and one name several of the same unit where there are more."""
    alphabetical = sorted(names)
    letters = all(len(name) == 1 for name in names) and _in_a_row(alphabetical)
    if len(names) == len(left) and letters and len(names) > 1:
        return {name: (place,) for name, place in zip(alphabetical, left, strict=True)}
    if len(left) > MOST_PARTS or len(names) > MOST_PARTS:
        if len(names) == len(left):
            return {name: (place,) for name, place in zip(names, left, strict=True)}
        if len(names) == 1:
            return {names[0]: tuple(left)}
        raise FormulaError("there are more inputs than names; give each input the symbol that it has in the formula")
    scored = sorted(_readings(names, inputs, left), key=lambda each: (-each[0], each[1]))
    if not scored:
        raise FormulaError(
            "there are more inputs than names, in different units; give each input a symbol of the formula"
        )
    best, second = scored[0], scored[1] if len(scored) > 1 else None
    if len(names) < len(left) and second is not None and second[0] == best[0]:
        raise FormulaError(
            "there are more inputs than names, and it does not show which go together; give each a symbol"
        )
    return best[2]


def _in_a_row(letters: Sequence[str]) -> bool:
    return [ord(letter) for letter in letters] == list(range(ord(letters[0]), ord(letters[0]) + len(letters)))


def _readings(
    names: Sequence[str], inputs: Sequence[Input], left: Sequence[int]
) -> Iterator[tuple[float, tuple[int, ...], dict[str, tuple[int, ...]]]]:
    """Every way to share the inputs out, with how well labels fit; ties go to the order of appearance."""
    for choice in itertools.product(range(len(names)), repeat=len(left)):
        if len(set(choice)) < len(names):
            continue
        groups = {name: tuple(p for p, k in zip(left, choice, strict=True) if k == at) for at, name in enumerate(names)}
        several = [group for group in groups.values() if len(group) > 1]
        if len(several) > 1 or any(len({inputs[p].unit for p in group}) > 1 for group in several):
            continue
        score = sum(sum(affinity(name, inputs[p]) for p in group) / len(group) for name, group in groups.items()) + sum(
            1.5 for name, group in groups.items() if len(group) > 1 and name.lower().rstrip("_").endswith("s")
        )
        yield score, choice, groups


_KINDS: dict[str, frozenset[str]] = {
    "share": frozenset({"share", "rate", "prevalence", "percent", "percentage", "proportion", "p", "q", "pct"}),
    "count": frozenset({"population", "pickers", "persons", "people", "count", "number", "n", "victims", "workers", "adults",
                        "cases", "x", "children", "women"}),
    "money": frozenset({"profit", "profits", "money", "cost", "costs", "dollars"}),
    "years": frozenset({"d", "duration", "years", "months", "length"}),
}  # fmt: skip


def affinity(name: str, given: Input) -> float:
    """How well the label and unit of an input fit a name of a formula."""
    label = given.label.lower()
    words = re.findall(r"[a-z]+|\d+", label)
    score = 0.0
    for word in re.findall(r"[a-z]+|\d+", name.lower()):
        if word.isdigit():
            years = {word} if len(word) == 4 else {f"20{word}", f"19{word}"} if len(word) == 2 else {word}
            score += 6.0 * any(each in words for each in years)
            continue
        stem = word.rstrip("s") if len(word) > 3 else word
        if len(stem) >= 3 and any(each.startswith(stem) for each in words):
            score += 4.0 + (words[0].startswith(stem) if words else 0)
        score += 5.0 * (word in ("l", "low", "lower") and "lower" in words)
        score += 5.0 * (word in ("u", "up", "upper", "high") and "upper" in words)
        score += 3.0 * (
            word in ("total", "whole", "all", "world") and bool({"total", "world", "all", "whole"} & set(words))
        )
        score += 1.0 * (word in ("part", "parts") and not {"total", "world", "whole"} & set(words))
        for dimension, kinds in _KINDS.items():
            score += 2.0 * (word in kinds and given.unit.dimension == dimension)
            score -= 1.0 * (word in kinds and given.unit.dimension != dimension)
    return score


def sized_numbers(formula: Formula, bound: dict[int, int]) -> Iterator[int]:
    """Places of sizes (bn, m, %) that stand after a number or bracket whose inputs say their unit themselves."""
    for node in formula.nodes():
        if isinstance(node, Operation) and isinstance(node.right, Number) and node.right.place <= -1000:
            inside = {inner.place for inner in walk(node.left) if isinstance(inner, Number)}
            if inside & bound.keys() or any(isinstance(inner, Name) for inner in walk(node.left)):
                yield node.right.place
