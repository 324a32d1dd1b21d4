"""Formulas as people write them beside a figure: read into a tree and evaluated on arrays. No inputs are known here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special  # pyright: ignore[reportMissingTypeStubs] (scipy has none)

from fl_estimate.arrays import Floats


@dataclass(frozen=True)
class Number:
    """A number in a formula, with its place, so that two of the same value stay apart."""

    value: float
    place: int


@dataclass(frozen=True)
class Name:
    """A name in a formula: one word, or several ("registered victims")."""

    text: str


@dataclass(frozen=True)
class Operation:
    """Two parts and the sign between them."""

    sign: str
    left: Node
    right: Node


@dataclass(frozen=True)
class Applied:
    """A function of one or more parts."""

    function: str
    parts: tuple[Node, ...]


Node = Number | Name | Operation | Applied


@dataclass(frozen=True)
class Formula:
    """Statements in order, each with the name that it gives a value to; the last one is the result."""

    statements: tuple[tuple[str, Node], ...]
    nearest: float | None = None

    @property
    def result(self) -> Node:
        return self.statements[-1][1]

    def nodes(self) -> Iterator[Node]:
        """Every part of every statement, in order."""
        for _, tree in self.statements:
            yield from walk(tree)

    @property
    def free(self) -> tuple[str, ...]:
        """Names that no earlier statement gives a value to, in order of appearance."""
        given: set[str] = set()
        found: dict[str, None] = {}
        for name, tree in self.statements:
            found |= {node.text: None for node in walk(tree) if isinstance(node, Name) and node.text not in given}
            given.add(name)
        return tuple(found)


class FormulaError(ValueError):
    """A text that is no formula; its message says where and why."""


def _stacked(parts: Sequence[Floats]) -> Floats:
    """Several arguments, or one that has a row a part."""
    return np.stack(parts) if len(parts) > 1 else np.atleast_2d(parts[0])


FUNCTIONS: dict[str, Callable[[Sequence[Floats]], Floats]] = {
    "sum": lambda parts: _stacked(parts).sum(axis=0),
    "mean": lambda parts: _stacked(parts).mean(axis=0),
    "average": lambda parts: _stacked(parts).mean(axis=0),
    "min": lambda parts: _stacked(parts).min(axis=0),
    "max": lambda parts: _stacked(parts).max(axis=0),
    "logit": lambda parts: special.logit(parts[0]),
    "expit": lambda parts: special.expit(parts[0]),
    "log": lambda parts: np.log(parts[0]),
    "ln": lambda parts: np.log(parts[0]),
    "log10": lambda parts: np.log10(parts[0]),
    "round": lambda parts: np.round(parts[0]),
    "exp": lambda parts: np.exp(parts[0]),
    "sqrt": lambda parts: np.sqrt(parts[0]),
    "abs": lambda parts: np.abs(parts[0]),
}
SIGNS: dict[str, Callable[[Floats, Floats], Floats]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "^": np.power,
}  # fmt: skip
OVER_PARTS: frozenset[str] = frozenset({"sum", "mean", "average", "min", "max"})

_TOKEN = re.compile(r"\s*(?:(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<name>[^\W\d]\w*)|(?P<sign>[-+*/^(),;=%]))")
_THOUSANDS = re.compile(r"(?<![\d.])\d{1,3}(?:,\d{3})+(?![\d.])")
_SIZES: dict[str, float] = {"bn": 1e9, "billion": 1e9, "m": 1e6, "million": 1e6, "k": 1e3, "thousand": 1e3, "%": 0.01}
FILLERS: frozenset[str] = frozenset({"of", "the", "all", "each", "over"})


def parse(text: str) -> Formula:
    """Read a formula.

    Numbers may have thousands separators; a product may be written ×, x between blanks, or not at all; a function may go
    without brackets ("logit L"); statements are parted by semicolons, and may begin with "name =".

    Raises
    ------
    FormulaError

    Examples
    --------
    >>> parse("6250 / mean(1,256; 1,150)").free
    ()
    >>> parse("P_r = count_r/rate_r ; world rate = sum count / sum P_r").free
    ('count', 'rate')
    """
    plain, nearest = _plain(text)
    statements: list[tuple[str, Node]] = []
    for part in _statements(plain):
        name, equals, rest = part.partition("=")
        body = rest.split("=")[0] if equals else part
        statements.append((" ".join(name.split()) if equals else "", _Parser(body).tree()))
    if not statements:
        raise FormulaError("it is empty")
    return Formula(statements=_without_indices(statements), nearest=nearest)


def _without_indices(statements: Sequence[tuple[str, Node]]) -> tuple[tuple[str, Node], ...]:
    """Leave the index of parts out where names carry one: count_r, rate_r and P_r are count, rate and P of every part r."""
    trees = [tree for _, tree in statements]
    over = any(isinstance(node, Applied) and node.function in OVER_PARTS for tree in trees for node in walk(tree))
    names = {name for name, _ in statements} | {n.text for tree in trees for n in walk(tree) if isinstance(n, Name)}
    by_index: dict[str, set[str]] = {}
    for name in names:
        if match := re.fullmatch(r"(.+)_([a-z])", name):
            by_index.setdefault(match[2], set()).add(name)
    indices = {index for index, own in by_index.items() if over and (len(own) > 1 or {n[:-2] for n in own} & names)}

    def plain(name: str) -> str:
        return name[:-2] if len(name) > 2 and name[-2] == "_" and name[-1] in indices else name

    return tuple((plain(name), _renamed(tree, plain)) for name, tree in statements)


def _renamed(tree: Node, plain: Callable[[str], str]) -> Node:
    return replaced(tree, lambda name: Name(plain(name.text)))


def replaced(tree: Node, by: Callable[[Name], Node]) -> Node:
    """A tree with every name replaced."""
    match tree:
        case Name():
            return by(tree)
        case Operation(sign=sign, left=left, right=right):
            return Operation(sign, replaced(left, by), replaced(right, by))
        case Applied(function=function, parts=parts):
            return Applied(function, tuple(replaced(part, by) for part in parts))
        case Number():
            return tree


def walk(tree: Node) -> Iterator[Node]:
    """A tree's parts, itself first."""
    yield tree
    if isinstance(tree, Operation):
        yield from walk(tree.left)
        yield from walk(tree.right)
    elif isinstance(tree, Applied):
        for part in tree.parts:
            yield from walk(part)


def evaluate(formula: Formula, names: Mapping[str, Floats], numbers: Mapping[int, Floats]) -> Floats:
    """Evaluate a formula where names, and numbers that stand for an input (by place), have these values.

    A value of two dimensions holds a part a row; `sum` and its like go over the rows.
    """
    known = dict(names)
    value: Floats = np.array([np.nan])
    for name, tree in formula.statements:
        value = evaluate_node(tree, known, numbers)
        known[name] = value
    return value


def evaluate_node(tree: Node, names: Mapping[str, Floats], numbers: Mapping[int, Floats]) -> Floats:
    """Evaluate one part."""
    match tree:
        case Number(value=value, place=place):
            return numbers.get(place, np.asarray(value, dtype=float))
        case Name(text=text):
            return names[text]
        case Operation(sign=sign, left=left, right=right):
            with np.errstate(divide="ignore", invalid="ignore"):
                return SIGNS[sign](evaluate_node(left, names, numbers), evaluate_node(right, names, numbers))
        case Applied(function=function, parts=parts):
            values = [evaluate_node(part, names, numbers) for part in parts]
            with np.errstate(divide="ignore", invalid="ignore"):
                return FUNCTIONS[function](np.broadcast_arrays(*values) if len(values) > 1 else values)


def _plain(text: str) -> tuple[str, float | None]:
    """One spelling for every sign, and what the result is rounded to."""
    plain = text.translate(
        str.maketrans({"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "[": "(", "]": ")", "≈": "="})
    )
    plain = re.sub(r"[Σ∑](_\w+)?", " sum ", plain.replace("**", "^"))
    plain = _THOUSANDS.sub(lambda match: match[0].replace(",", ""), plain)
    nearest: float | None = None
    if match := re.search(r",?\s*(?:rounded )?to (?:the )?nearest (\d+)", plain):
        nearest, plain = float(match[1]), plain[: match.start()] + plain[match.end() :]
    plain = re.sub(r"(?<=[\w)%])\s+[xX]\s+(?=[\w(])", " * ", plain)
    plain = re.sub(r"(?<=[\d)%])\s+of\s+(?=[\d(])", " * ", plain)
    return plain, nearest


def _statements(text: str) -> Iterator[str]:
    """Parts between semicolons that stand in no bracket."""
    depth, start = 0, 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if letter == ";" and depth == 0:
            yield text[start:place]
            start = place + 1
    if text[start:].strip():
        yield text[start:]


class _Parser:
    """Reads one expression: sums of products of powers."""

    def __init__(self, text: str) -> None:
        self._tokens = list(self._scan(text))
        self._at = 0

    def _scan(self, text: str) -> Iterator[tuple[str, str]]:
        place = 0
        text = text.rstrip(" .")
        while place < len(text):
            match = _TOKEN.match(text, place)
            if match is None:
                raise FormulaError(f"{text[place:].split()[0][:20]!r} is not understood in a formula")
            kind = str(match.lastgroup)
            yield kind, match[kind]
            place = match.end()

    def tree(self) -> Node:
        if not self._tokens:
            raise FormulaError("a part of it is empty")
        found = self._sum()
        if self._at < len(self._tokens):
            raise FormulaError(f"{self._tokens[self._at][1]!r} stands where a sign is expected")
        return found

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("", "")

    def _take(self) -> tuple[str, str]:
        token = self._peek()
        self._at += 1
        return token

    def _sum(self) -> Node:
        left = self._product()
        while self._peek() in (("sign", "+"), ("sign", "-")):
            left = Operation(self._take()[1], left, self._product())
        return left

    def _product(self) -> Node:
        left = self._power()
        while True:
            kind, text = self._peek()
            if kind == "sign" and text in "*/":
                left = Operation(self._take()[1], left, self._power())
            elif kind in ("number", "name") or (kind, text) == ("sign", "("):
                left = Operation("*", left, self._power())  # a product without a sign
            else:
                return left

    def _power(self) -> Node:
        base = self._part()
        if self._peek() == ("sign", "^"):
            self._take()
            return Operation("^", base, self._power())
        return base

    def _part(self) -> Node:
        kind, text = self._take()
        if (kind, text) == ("sign", "-"):
            return Operation("*", Number(-1.0, -self._at), self._power())
        if (kind, text) == ("sign", "+"):
            return self._power()
        if (kind, text) == ("sign", "("):
            found = self._sum()
            self._close()
            return self._sized(found)
        if kind == "number":
            return self._sized(Number(float(text), self._at))
        if kind == "name" and (function := text.lower().split("_")[0]) in FUNCTIONS:
            return self._applied(function)  # sum_r is sum
        if kind == "name":
            return self._named(text)
        raise FormulaError(
            f"{text!r} stands where a figure is expected" if text else "it ends where a figure is expected"
        )

    def _sized(self, part: Node) -> Node:
        """A size after a number or bracket (bn, m, %) is dropped: the inputs say their own units."""
        kind, text = self._peek()
        if text.lower() in _SIZES and (kind, text) != ("sign", "") and text in (*_SIZES, text.lower()):
            following = self._tokens[self._at + 1] if self._at + 1 < len(self._tokens) else ("", "")
            if following[0] != "name" and (text == "%" or kind == "name"):
                self._take()
                return Operation("*", part, Number(_SIZES[text.lower()], -1000 - self._at))
        return part

    def _applied(self, function: str) -> Node:
        while self._peek()[0] == "name" and self._peek()[1].lower() in FILLERS:
            self._take()
        if self._peek() != ("sign", "("):
            return Applied(function, (self._power(),))
        self._take()
        parts = [self._sum()]
        while self._peek() in (("sign", ","), ("sign", ";")):
            self._take()
            parts.append(self._sum())
        self._close()
        return Applied(function, tuple(parts))

    def _named(self, text: str) -> Node:
        words = [text]
        while self._peek()[0] == "name" and self._peek()[1].lower().split("_")[0] not in FUNCTIONS:
            words.append(self._take()[1])
        return Name(" ".join(words))

    def _close(self) -> None:
        if self._take() != ("sign", ")"):
            raise FormulaError("a bracket is not closed")
