"""The method of a target as something that can be computed: with the library's functions, or as arithmetic where there is none."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from fl_estimate.estimators import capture_recapture as cr
from fl_estimate.estimators import synthesis
from fl_estimate.inputs.histories import CaptureHistories
from fl_estimate.study.target_binding import Binding, Input, bind, is_power_of_ten, sized_numbers
from fl_estimate.study.target_formula import (
    Floats,
    Formula,
    FormulaError,
    Name,
    Node,
    Number,
    Operation,
    evaluate,
    evaluate_node,
    parse,
    replaced,
    walk,
)
from fl_estimate.study.target_shapes import (
    change_of,
    has_input,
    logit_middle,
    share_of_people,
    summands,
    totals_and_rates,
    two_lists,
    unscaled,
)
from fl_estimate.study.target_units import Unit

SIGNS_IN_WORDS: tuple[tuple[str, str], ...] = (
    (r"\bdivided by\b", "/"), (r"\bmultiplied by\b", "*"), (r"\btimes\b", "*"), (r"\bminus\b|\bless\b", "-"), (r"\bplus\b", "+"),
)  # fmt: skip
ANYWHERE: tuple[tuple[str, str], ...] = (
    (r"\b(relative|percent(age)?|per cent) (change|increase|decrease|rise|fall|growth)\b", "b/a - 1"),
    (r"\blogit (midpoint|middle|centre)\b", "expit((logit L + logit U)/2)"),
    (r"\b(difference|subtract\w*)\b", "a - b"),
    (r"\b(change|increase)\b", "b - a"),
    (r"\bproduct\b", "a * b"),
    (r"\b(midpoint|middle)\b", "(a + b)/2"),
    (r"\bcomplement\b", "1 - a"),
)
"""Operations that a method names in words, wherever in it."""
FIRST: tuple[tuple[str, str], ...] = (
    (r"(sum|total|add(ed|ing|ition)?)\b", "sum(part)"),
    (r"(mean|average)\b", "mean(part)"),
    (r"(share|percent(age)?|per cent|ratio|quotient|proportion|rate)\b", "part/total"),
)
"""Operations that a method names with its first word."""
WORDS_OF_NUMBERS: dict[str, float] = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "twelve": 12,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a figure is computed from its inputs.

    Attributes
    ----------
    words : str
        The formula with the labels of the inputs in it.
    function : str
        The function of the library that computes it, or "arithmetic".
    compute : callable
        From inputs as printed, shape (inputs, points), to the figure in its unit, shape (points,).
    by_library : callable
        The same of one point by the function; None where there is none.
    nearest : float, optional
        What the figure is rounded to.
    """

    words: str
    function: str
    compute: Callable[[Floats], Floats]
    by_library: Callable[[Floats], float] | None = None
    nearest: float | None = None
    guessed: bool = False


def read_method(
    method: str,
    inputs: Sequence[Input],
    unit: Unit,
    *,
    kind: str = "",
    window_years: float | None = None,
    hints: Sequence[str] = (),
) -> Reading:
    """Read a method, in words or as a formula.

    Raises
    ------
    FormulaError
        Says what is not understood, and what to write in its place.
    """
    if kind:
        return _stock(inputs, unit, kind, window_years, [method, *hints])
    formula = parse(_as_formula(_with_hyphens(method, inputs)))
    formula = _with_window(formula, inputs, window_years, [*(each.label for each in inputs), *hints])
    inputs = _with_units(formula, inputs, unit)
    bound = bind(formula, inputs)
    modes = _modes(formula, bound, inputs, unit)
    compute = _computation(formula, bound, modes)
    reading = Reading(
        words=_spelled(formula, bound, inputs),
        function="arithmetic",
        compute=compute,
        nearest=formula.nearest,
        guessed=bound.guessed,
    )
    found = _library(formula, bound, modes, inputs, unit)
    if found is None:
        return reading
    name, function = found
    return replace(reading, function=name, by_library=function)


def _with_window(
    formula: Formula, inputs: Sequence[Input], window_years: float | None, texts: Sequence[str]
) -> Formula:
    """A T for which there is no input is the length of the window, where that is said."""
    if "T" not in formula.free or len(formula.free) <= len(inputs):
        return formula
    window = Number(window_years if window_years is not None else _window(texts), -1)

    def given(name: Name) -> Node:
        return window if name.text == "T" else name

    return replace(formula, statements=tuple((name, replaced(tree, given)) for name, tree in formula.statements))


def _with_units(formula: Formula, inputs: Sequence[Input], unit: Unit) -> Sequence[Input]:
    """Inputs of which none says its unit are in that of the result, where it has a size or they are only added."""
    if any(each.unit_said for each in inputs):
        return inputs
    added = not any(isinstance(node, Operation) and node.sign in "*/^" for node in formula.nodes())
    return [replace(each, unit=unit) for each in inputs] if added or unit.dimension in ("count", "money") else inputs


def _with_hyphens(method: str, inputs: Sequence[Input]) -> str:
    """A hyphen inside a word of a label ("state-imposed") is no minus sign."""
    for word in {word for each in inputs for word in re.findall(r"[A-Za-z]{2,}(?:-[A-Za-z]{2,})+", each.label)}:
        method = re.sub(re.escape(word), word.replace("-", "_"), method, flags=re.IGNORECASE)
    return method


def _as_formula(method: str) -> str:
    """A method in words as the formula that it means; a formula without the words around it."""
    text = method.strip()
    for pattern, sign in SIGNS_IN_WORDS:
        text = re.sub(pattern, sign, text, flags=re.IGNORECASE)
    plain = re.sub(r"(?<=[a-z])-(?=[a-z])", " ", text.lower())
    if re.search(r"[-+*/=^×÷−]|\w\(|\bx\b", plain):
        label, colon, rest = text.partition(":")
        text = rest if colon and re.search(r"[-+*/=^×÷−(]", rest) and not re.search(r"[-+*/=^×÷−(]", label) else text
        text = re.sub(r",?\s+(where|with|using|i\.e\.|because|both)\s.*", "", text)
        # Words after the formula: ", percent" and "(rounded)".
        text = re.sub(r",\s*[A-Za-z][A-Za-z ]*$", "", text)
        return re.sub(r"(?<=[\w)])\s+\([A-Za-z][A-Za-z ,.]{3,}\)\s*$", "", text) if " x (" not in text else text
    for pattern, formula in ANYWHERE:
        if re.search(pattern, plain):
            return formula
    for pattern, formula in FIRST:
        if re.match(pattern, plain):
            return formula
    return text


@dataclass(frozen=True, kw_only=True)
class _Modes:
    """In which units a formula is evaluated: the factor of every input, and the divisor of the result."""

    factors: tuple[float, ...]
    divisor: float


def _modes(formula: Formula, bound: Binding, inputs: Sequence[Input], unit: Unit) -> _Modes:
    """Natural units, unless the formula carries the sizes of printed units itself.

    "100*part/total" in per cent is per cent already; "rate/1000 * population" takes a rate per 1,000 as printed; a formula
    with other sizes ("1000*profit/victims", "100 - free") is in printed units throughout.
    """
    sizes = [n for n in formula.nodes() if isinstance(n, Number) and n.place > -1000 and n.place not in bound.numbers
             and is_power_of_ten(n.value) and n.value >= 10]  # fmt: skip
    natural = _Modes(factors=tuple(i.unit.scale for i in inputs), divisor=unit.scale)
    if not sizes:
        return natural
    printed = _Modes(factors=(1.0,) * len(inputs), divisor=1.0)
    multiplied, divided = _where_sizes_stand(formula)
    factors, divisor = list(natural.factors), natural.divisor
    for number in sizes:
        if number.place in multiplied and unit.scale < 1 and np.isclose(number.value * unit.scale, 1):
            divisor = 1.0
        elif number.place in divided and any(np.isclose(number.value * i.unit.scale, 1) for i in inputs):
            factors = [
                1.0 if np.isclose(number.value * i.unit.scale, 1) else f for i, f in zip(inputs, factors, strict=True)
            ]
        else:
            return printed
    return _Modes(factors=tuple(factors), divisor=divisor)


def _where_sizes_stand(formula: Formula) -> tuple[set[int], set[int]]:
    """Places of numbers that multiply the whole result, and of those that divide something."""
    multiplied: set[int] = set()

    def factors(tree: Node) -> None:
        if isinstance(tree, Number):
            multiplied.add(tree.place)
        elif isinstance(tree, Operation) and tree.sign == "*":
            factors(tree.left)
            factors(tree.right)
        elif isinstance(tree, Operation) and tree.sign == "/":
            factors(tree.left)

    factors(formula.result)
    divided = {
        inner.place
        for node in formula.nodes()
        if isinstance(node, Operation) and node.sign == "/" and isinstance(node.right, Number)
        for inner in walk(node.right)
        if isinstance(inner, Number)
    }
    return multiplied - divided, divided


def _values(
    bound: Binding, modes: _Modes, printed: Floats, formula: Formula
) -> tuple[dict[str, Floats], dict[int, Floats]]:
    """Values of names and numbers at every point; inputs that a name shares are added, or stay a part a row."""
    natural = printed * np.array(modes.factors)[:, None]
    names: dict[str, Floats] = {}
    for name, places in bound.names.items():
        rows = natural[list(places)]
        names[name] = rows if name in bound.over_parts else rows.sum(axis=0)
    numbers = {place: natural[at] for place, at in bound.numbers.items()}
    numbers |= {place: np.asarray(1.0) for place in sized_numbers(formula, bound.numbers)}
    return names, numbers


def _computation(formula: Formula, bound: Binding, modes: _Modes) -> Callable[[Floats], Floats]:
    def compute(printed: Floats) -> Floats:
        names, numbers = _values(bound, modes, printed, formula)
        found = evaluate(formula, names, numbers) / modes.divisor
        return np.broadcast_to(found, printed.shape[1:])

    return compute


def _library(
    formula: Formula, bound: Binding, modes: _Modes, inputs: Sequence[Input], unit: Unit
) -> tuple[str, Callable[[Floats], float]] | None:
    """The library's function for a formula of a known shape, and how it is called on inputs as printed."""

    def at(tree: Node, printed: Floats) -> Floats:
        names, numbers = _values(bound, modes, printed[:, None], formula)
        known: dict[str, Floats] = dict(names)
        for name, statement in formula.statements[:-1]:
            known[name] = evaluate_node(statement, known, numbers)
        return evaluate_node(tree, known, numbers)

    def one(tree: Node, printed: Floats) -> float:
        return float(np.ravel(at(tree, printed))[0])

    def through(function: Callable[[Floats], Any], factor: float = 1.0) -> Callable[[Floats], float]:
        return lambda printed: factor * float(function(printed).frame["value"].iloc[0]) / modes.divisor

    factor, tree = unscaled(formula.result, bound)
    if (named := totals_and_rates(formula, tree, bound)) is not None and factor == 1.0:
        counts, rates = named
        return "synthesis.rate_from_totals", through(
            lambda x: synthesis.rate_from_totals(
                np.ravel(at(Name(counts), x)).tolist(), rates=np.ravel(at(Name(rates), x)).tolist()
            )
        )
    if (parts := summands(tree)) is not None:

        def summed(x: Floats) -> Any:
            return synthesis.add([float(v) for part in parts for v in np.ravel(at(part, x))])

        return "synthesis.add", through(summed, factor)
    if (teams := two_lists(tree, unit)) is not None:
        name, *three = teams
        return (
            f"capture_recapture.{name}",
            lambda x: _on_two_lists(name, *(one(part, x) for part in three)) / modes.divisor,
        )
    if unit.dimension in ("share", "ratio") and (pair := change_of(tree)) is not None:
        sign, before, after = pair
        return "synthesis.change", through(
            lambda x: synthesis.change(one(before, x), one(after, x), scale="percent"), factor * sign / 100
        )
    if (limits := logit_middle(tree)) is not None:
        low, high = limits
        return "synthesis.published", through(
            lambda x: synthesis.published(
                lower=one(low, x), upper=one(high, x), interval="logit", quantity="prevalence", source="as printed"
            ), factor
        )  # fmt: skip
    if (people := share_of_people(tree, bound, inputs)) is not None and modes.factors[people[2]] == inputs[
        people[2]
    ].unit.scale:
        share, count, _ = people
        return "Estimates.persons", through(
            lambda x: synthesis.published(one(share, x), quantity="prevalence", source="as printed").persons(
                one(count, x)
            ),
            factor,
        )
    if isinstance(tree, Operation) and tree.sign == "/" and has_input(tree.right, bound):
        top, bottom = tree.left, tree.right
        return "synthesis.ratio", through(lambda x: synthesis.ratio(one(top, x), one(bottom, x)), factor)
    return None


def _on_two_lists(name: str, first: float, second: float, both: float) -> float:
    counts = pd.DataFrame({"a": [1, 0, 1], "b": [0, 1, 1], "count": [first - both, second - both, both]})
    chosen: Any = getattr(cr, name)
    return float(chosen(CaptureHistories.from_counts(counts, lists=["a", "b"]), "a", "b").frame["value"].iloc[0])


def _spelled(formula: Formula, bound: Binding, inputs: Sequence[Input]) -> str:
    """The formula with what each name and number stands for, for people to check."""
    said = {name: " + ".join(inputs[p].label for p in places) for name, places in bound.names.items()}
    numbers = {n.value: inputs[bound.numbers[n.place]].label for n in formula.nodes()
               if isinstance(n, Number) and n.place in bound.numbers}  # fmt: skip
    where = [f"{name}: {labels}" for name, labels in said.items()]
    where += [f"{value:g}: {label}" for value, label in numbers.items()]
    return "; ".join(where)


def _stock(inputs: Sequence[Input], unit: Unit, kind: str, window_years: float | None, texts: Sequence[str]) -> Reading:
    """A flow and a duration by `synthesis.stock_from_flow`."""
    if len(inputs) != 2:
        raise FormulaError(f"a stock needs a flow and a duration, found {len(inputs)} inputs")
    order = sorted((0, 1), key=lambda place: _is_duration(inputs[place]))
    flow, duration = order
    if _is_duration(inputs[flow]) == _is_duration(inputs[duration]):
        raise FormulaError(
            'it does not show which input is the duration; label it "mean years …", or give unit = "years"'
        )
    window = window_years if window_years is not None else _window([inputs[flow].label, *texts, inputs[duration].label])
    scale = inputs[duration].unit.scale if inputs[duration].unit.dimension == "years" else 1.0
    size = inputs[flow].unit.scale

    def by_library(printed: Floats) -> float:
        options: Any = {"kind": kind, "window_years": window}
        found = synthesis.stock_from_flow(float(printed[flow]) * size, float(printed[duration]) * scale, **options)
        return float(found.frame["value"].iloc[0]) / unit.scale

    by_library(np.array([each.value for each in inputs]))  # a kind that is refused is refused here

    def compute(printed: Floats) -> Floats:
        return np.array([by_library(printed[:, at]) for at in range(printed.shape[1])])

    words = f"flow: {inputs[flow].label}; {kind} duration: {inputs[duration].label}; window: {window:g} years"
    return Reading(words=words, function="synthesis.stock_from_flow", compute=compute, by_library=by_library,
                   guessed=window_years is None)  # fmt: skip


def _is_duration(given: Input) -> float:
    label = given.label.lower()
    return (
        3.0 * (given.unit.dimension == "years")
        + 2.0 * bool(re.search(r"\b(mean|average|duration|spell)", label))
        - 2.0 * bool(re.search(r"\b(persons|people|ever)\b", label))
    )


def _window(texts: Sequence[str]) -> float:
    """Years of the window, where the label of the flow or the description says them."""
    numbers = "|".join(WORDS_OF_NUMBERS)
    for text in texts:
        if match := re.search(rf"\b(\d+(?:\.\d+)?|{numbers})[- ]years?\b", text.lower()):
            return WORDS_OF_NUMBERS.get(match[1]) or float(match[1])
    raise FormulaError("the length of the window is not given; write window_years = 5")
