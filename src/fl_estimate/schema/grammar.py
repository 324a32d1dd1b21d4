"""The grammar of expression texts: text → a tree of the parts below, or FL-EXPR-01/02 with the place in the text.

Python's own parser reads the text; a whitelist turns its tree into ours. Nothing is ever evaluated as Python.
What the parts mean on columns is in `schema.evaluation`.
"""

from __future__ import annotations

import ast
import math
import re
import warnings
from dataclasses import dataclass
from typing import Literal

from fl_estimate.errors import ExpressionFault

Comparison = Literal["==", "!=", "<", "<=", ">", ">="]
Operator = Literal["+", "-", "*", "/"]

LONGEST = 10_000
"""Characters in one text: far above any real expression, far below what exhausts the parser."""
DEEPEST = 60
"""Levels of nesting, so that neither our recursion nor an engine's planner overflows."""
MOST = 50_000
"""Operations on whole columns (`steps`): the longest text of plain comparisons takes a quarter of them."""
EXACT = 2**53
"""Numbers are compared as 64-bit floats, which hold whole numbers exactly up to here."""

ALLOWED = (
    "use column names, numbers, texts in quotes, ==, !=, <, <=, >, >=, in [...], not in [...], and, or, not, "
    "+, -, *, /, missing(name), True, False and parentheses"
)


@dataclass(frozen=True)
class Column:
    """A column, by its own name."""

    name: str


@dataclass(frozen=True)
class Number:
    """A number that was written."""

    value: float


@dataclass(frozen=True)
class Text:
    """A text that was written in quotes."""

    value: str


@dataclass(frozen=True)
class Constant:
    """``True`` or ``False``."""

    value: bool


@dataclass(frozen=True)
class Missing:
    """``missing(name)``: the column is null or NaN."""

    column: Column


@dataclass(frozen=True)
class Not:
    """``not part``."""

    part: Node


@dataclass(frozen=True)
class Junction:
    """Parts joined by ``and`` or by ``or``."""

    word: Literal["and", "or"]
    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Compare:
    """One comparison; `place` is its text, for errors."""

    left: Node
    operator: Comparison
    right: Node
    place: str


@dataclass(frozen=True)
class Among:
    """``part in [options]``; the options are all numbers or all texts."""

    part: Node
    options: tuple[Number | Text, ...]
    negated: bool
    place: str


@dataclass(frozen=True)
class Arithmetic:
    """One calculation with two numbers."""

    left: Node
    operator: Operator
    right: Node
    place: str


@dataclass(frozen=True)
class Negative:
    """``-part``."""

    part: Node
    place: str


Node = Column | Number | Text | Constant | Missing | Not | Junction | Compare | Among | Arithmetic | Negative

_COMPARISONS: dict[type[ast.cmpop], Comparison] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
_OPERATORS: dict[type[ast.operator], Operator] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}


def read(text: str) -> Node:
    """Turn a text into a tree.

    Raises
    ------
    ExpressionFault
        FL-EXPR-01: the text cannot be read. FL-EXPR-02: it holds something outside the grammar.
    """
    if not text.strip() or len(text) > LONGEST:
        raise ExpressionFault(
            "FL-EXPR-01",
            "the expression is empty" if not text.strip() else "the expression is too long",
            found=f"{len(text):,} characters",
            fix=ALLOWED,
        )
    line = re.sub(r"\s", " ", text).strip()
    reader = _Reader(line)
    tree = reader.node(_python_tree(line), depth=0)
    if not columns_of(tree):
        raise reader.refused(None, "it names no column", "write the name of at least one column")
    if steps(tree) > MOST:
        raise ExpressionFault(
            "FL-EXPR-02",
            f"the expression cannot be used: it takes more than {MOST:,} steps",
            found=f"{len(line):,} characters, with comparisons or divisions within each other",
            fix="write several derived columns",
        )
    return tree


def steps(node: Node) -> int:
    """How many operations on whole columns an answer takes, roughly.

    A divisor is looked at three times, what was calculated three times once it is compared, and what is compared twice, for
    true and for false: nested in each other, these multiply.
    """
    match node:
        case Column():
            return 3
        case Missing():
            return 2
        case Number() | Text() | Constant():
            return 1
        case Not():
            return steps(node.part)
        case Negative():
            return 1 + _calculated(node.part)
        case Junction():
            return sum(map(steps, node.parts))
        case Arithmetic():
            return _calculated(node.left) + (3 if node.operator == "/" else 1) * _calculated(node.right) + 1
        case Compare():
            return 2 * (_compared(node.left) + _compared(node.right)) + 2
        case Among():
            return 2 * _compared(node.part) + 2


def _calculated(node: Node) -> int:
    """Of a part that is calculated with: a truth is both its sides."""
    return 2 * steps(node) if isinstance(node, Not | Junction | Compare | Among) else steps(node)


def _compared(node: Node) -> int:
    return 3 * steps(node) if isinstance(node, Arithmetic | Negative) else _calculated(node)


def columns_of(node: Node) -> frozenset[str]:
    """Give the names of all columns in a tree."""
    match node:
        case Column():
            return frozenset({node.name})
        case Missing():
            return columns_of(node.column)
        case Number() | Text() | Constant():
            return frozenset()
        case Not() | Among() | Negative():
            return columns_of(node.part)
        case Junction():
            return frozenset[str]().union(*(columns_of(part) for part in node.parts))
        case Compare() | Arithmetic():
            return columns_of(node.left) | columns_of(node.right)


def _python_tree(line: str) -> ast.expr:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", SyntaxWarning)  # "\d" in a text would only warn, on the user's terminal
            return ast.parse(line, mode="eval").body
    except SyntaxError as error:
        raise ExpressionFault(
            "FL-EXPR-01",
            "the expression cannot be read",
            found=f"{line!r}, at character {error.offset or len(line) + 1}",
            fix=ALLOWED,
        ) from None
    except (ValueError, RecursionError, MemoryError):
        raise ExpressionFault(
            "FL-EXPR-01", "the expression cannot be read", found=f"a text of {len(line):,} characters", fix=ALLOWED
        ) from None


class _Reader:
    """Turn the Python tree of one text into ours; it knows the text, to name places."""

    def __init__(self, line: str) -> None:
        self._line = line
        self._bytes = line.encode()  # Python counts places in bytes

    def node(self, tree: ast.expr, depth: int) -> Node:
        if depth > DEEPEST:
            raise self.refused(tree, f"it is nested more than {DEEPEST} deep", "write several derived columns")
        below = depth + 1
        match tree:
            case ast.Name():
                return Column(self._source(tree))
            case ast.Constant():
                return self._constant(tree)
            case ast.Call():
                return self._call(tree)
            case ast.BoolOp():
                parts = tuple(self.node(value, below) for value in tree.values)
                return Junction("and" if isinstance(tree.op, ast.And) else "or", parts)
            case ast.UnaryOp(op=ast.Not()):
                return Not(self.node(tree.operand, below))
            case ast.UnaryOp(op=ast.USub()):
                return self._negative(tree, below)
            case ast.BinOp():
                return self._binary(tree, below)
            case ast.Compare():
                return self._comparison(tree, below)
            case ast.Attribute():
                raise self.refused(tree, "a name with a point", f'write column("{self._source(tree)}")')
            case _:
                raise self.refused(tree, "it is not part of the grammar", ALLOWED)

    def refused(self, tree: ast.expr | None, why: str, fix: str) -> ExpressionFault:
        found = self.place(tree) if tree is not None else repr(self._line)
        return ExpressionFault("FL-EXPR-02", f"the expression cannot be used: {why}", found=found, fix=fix)

    def place(self, tree: ast.expr) -> str:
        character = len(self._bytes[: tree.col_offset].decode()) + 1
        return f"{self._source(tree)!r}, at character {character}"

    def _source(self, tree: ast.expr) -> str:
        # not ast's own `id`: Python normalises identifiers, and column names must stay as they are spelt
        return self._bytes[tree.col_offset : tree.end_col_offset].decode()

    def _constant(self, tree: ast.Constant) -> Node:
        match tree.value:
            case bool():
                return Constant(tree.value)
            case int() | float():
                if math.isinf(tree.value) if isinstance(tree.value, float) else abs(tree.value) > EXACT:
                    raise self.refused(tree, "the number is too large to be exact", "keep long codes as text")
                return Number(float(tree.value))
            case str():
                return Text(tree.value)
            case None:
                raise self.refused(tree, "None is not a value", "write missing(name)")
            case _:
                raise self.refused(tree, "it is not part of the grammar", ALLOWED)

    def _call(self, tree: ast.Call) -> Node:
        function = tree.func.id if isinstance(tree.func, ast.Name) else ""
        argument = tree.args[0] if len(tree.args) == 1 and not tree.keywords else None
        if function == "column" and isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            return Column(argument.value)
        if function == "missing" and argument is not None:
            inner = self.node(argument, 0)
            if isinstance(inner, Column):
                return Missing(inner)
        raise self.refused(tree, "the only functions are missing(name) and column('name')", ALLOWED)

    def _negative(self, tree: ast.UnaryOp, depth: int) -> Node:
        part = self.node(tree.operand, depth)
        return Number(-part.value) if isinstance(part, Number) else Negative(part, self.place(tree))

    def _binary(self, tree: ast.BinOp, depth: int) -> Node:
        if isinstance(tree.op, ast.MatMult):
            # the columns of coercion items are called c_docs@work, which Python reads as a product
            if isinstance(tree.left, ast.Name) and isinstance(tree.right, ast.Name):
                return Column(f"{self._source(tree.left)}@{self._source(tree.right)}")
            raise self.refused(tree, "@ stands between two names only", 'write column("c_docs@work")')
        if isinstance(tree.op, ast.BitAnd | ast.BitOr):
            raise self.refused(
                tree, "& and | are not part of the grammar", "write and, or, with comparisons beside them"
            )
        if type(tree.op) not in _OPERATORS:
            raise self.refused(tree, "the operator is not part of the grammar", ALLOWED)
        left, right = self.node(tree.left, depth), self.node(tree.right, depth)
        if not columns_of(left) and not columns_of(right):
            raise self.refused(tree, "it calculates with constants only", "write the result")
        return Arithmetic(left, _OPERATORS[type(tree.op)], right, self.place(tree))

    def _comparison(self, tree: ast.Compare, depth: int) -> Node:
        parts: list[Node] = []
        left = tree.left
        for operator, right in zip(tree.ops, tree.comparators, strict=True):
            parts.append(self._one_comparison(tree, left, operator, right, depth))
            left = right
        return parts[0] if len(parts) == 1 else Junction("and", tuple(parts))

    def _one_comparison(
        self, tree: ast.Compare, left: ast.expr, operator: ast.cmpop, right: ast.expr, depth: int
    ) -> Node:
        part = self.node(left, depth)
        if isinstance(operator, ast.In | ast.NotIn):
            if not columns_of(part):
                raise self.refused(left, "nothing in it depends on a column", "write a column before `in`")
            return Among(part, self._options(right), isinstance(operator, ast.NotIn), self.place(tree))
        if type(operator) not in _COMPARISONS:
            raise self.refused(tree, "`is` is not part of the grammar", "write == or missing(name)")
        other = self.node(right, depth)
        if not columns_of(part) and not columns_of(other):
            raise self.refused(tree, "two constants are compared", "write a column on one side")
        return Compare(part, _COMPARISONS[type(operator)], other, self.place(tree))

    def _options(self, tree: ast.expr) -> tuple[Number | Text, ...]:
        if not isinstance(tree, ast.List | ast.Tuple | ast.Set) or not tree.elts:
            raise self.refused(tree, "`in` needs a list of values", "write in [1, 2] or in ['yes', 'no']")
        options: list[Number | Text] = []
        for element in tree.elts:
            option = self.node(element, 0)
            if isinstance(option, Constant):
                option = Number(float(option.value))
            if not isinstance(option, Number | Text):
                raise self.refused(element, "the list after `in` holds values only", "write in [1, 2]")
            options.append(option)
        if len({type(option) for option in options}) > 1:
            raise self.refused(tree, "the list mixes texts and numbers", "write two lists, joined by or")
        return tuple(options)
