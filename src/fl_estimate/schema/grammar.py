"""The grammar of expression texts: text → a tree of the parts below, or FL-EXPR-01/02 with the place in the text.

Python's own parser reads the text; a whitelist turns its tree into ours. Nothing is ever evaluated as Python.
What the parts mean on columns is in `schema.evaluation`.
"""

from __future__ import annotations

import ast
import itertools
import math
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from fl_estimate.errors import ExpressionFault

Comparison = Literal["==", "!=", "<", "<=", ">", ">="]
Operator = Literal["+", "-", "*", "/"]

LONGEST = 10_000
"""Characters in one text: far above any real expression, far below what exhausts the parser."""
SHOWN = 160
"""Of one, in a message."""
DEEPEST = 60
"""Levels of nesting, so that neither our recursion nor an engine's planner overflows."""
MOST = 50_000
"""Operations on whole columns (`steps`): the longest text of plain comparisons takes a quarter of them."""
EXACT = 2**53
"""Numbers are compared as 64-bit floats, which hold whole numbers exactly up to here."""

ALLOWED = (
    "use column names, numbers, texts in quotes, ==, !=, <, <=, >, >=, in [...], not in [...], and, or, not, "
    "+, -, *, /, missing(name), cut(…), case(…), coalesce(…), year(…), years_between(…), True, False and parentheses"
)

DatePart = Literal["year", "month", "day"]
Elapsed = Literal["years_between", "months_between", "days_between"]


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
    position: str


@dataclass(frozen=True)
class Among:
    """``part in [options]``; the options are all numbers or all texts."""

    part: Node
    options: tuple[Number | Text, ...]
    negated: bool
    position: str


@dataclass(frozen=True)
class Arithmetic:
    """One calculation with two numbers."""

    left: Node
    operator: Operator
    right: Node
    position: str


@dataclass(frozen=True)
class Negative:
    """``-part``."""

    part: Node
    position: str


@dataclass(frozen=True)
class Cut:
    """``cut(part, [breaks], [labels])``: ordered classes, each from its break up to the next, the last without end.

    With one label more than breaks, the first is of what lies below the first break; else that has no class.
    """

    part: Node
    breaks: tuple[float, ...]
    labels: tuple[str, ...]
    position: str


@dataclass(frozen=True)
class Case:
    """``case(condition, value, condition, value, …, otherwise)``: the value of the first condition that is true."""

    conditions: tuple[Node, ...]
    values: tuple[Node, ...]
    otherwise: Node | None
    position: str


@dataclass(frozen=True)
class Coalesce:
    """``coalesce(a, b, …)``: the first that is known."""

    parts: tuple[Node, ...]
    position: str


@dataclass(frozen=True)
class PartOfDate:
    """``year(date)``, ``month(date)``, ``day(date)``."""

    which: DatePart
    part: Node
    position: str


@dataclass(frozen=True)
class TimeBetween:
    """``years_between(start, end)`` and so on: completed years, completed months, or days."""

    which: Elapsed
    start: Node
    end: Node
    position: str


@dataclass(frozen=True)
class Applied:
    """A function of numbers, or ``a ** b`` as ``power``: only where the reader of a text allows these (`read`)."""

    function: str
    parts: tuple[Node, ...]
    position: str


Node = (
    Column | Number | Text | Constant | Missing | Not | Junction | Compare | Among | Arithmetic | Negative
    | Cut | Case | Coalesce | PartOfDate | TimeBetween | Applied
)  # fmt: skip

_COMPARISONS: dict[type[ast.cmpop], Comparison] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
_OPERATORS: dict[type[ast.operator], Operator] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}


FUNCTIONS: dict[str, str] = {
    "cut": 'cut(age, [15, 25, 65], ["15–24", "25–64", "65 and over"])',
    "case": 'case(age < 15, "child", age < 65, "adult", "older")',
    "coalesce": "coalesce(first, second)",
    "year": "year(birth_date)",
    "month": "month(birth_date)",
    "day": "day(birth_date)",
    "years_between": 'years_between(birth_date, "2024-06-30")',
    "months_between": "months_between(depart, returned)",
    "days_between": "days_between(depart, returned)",
}
"""The functions of the grammar, each as it is written; `missing` and `column` take a name and stand apart."""


def read(text: str, numeric: Mapping[str, tuple[int, int | None]] | None = None) -> Node:
    """Turn a text into a tree.

    Parameters
    ----------
    text : str
    numeric : mapping, optional
        Functions of numbers that the text may use besides, each with the fewest and the most arguments that it takes; with
        ``power`` among them ``a ** b`` is one. What is read so is no condition on columns: `schema.evaluation` does not take it.

    Raises
    ------
    ExpressionFault
        FL-EXPR-01: the text cannot be read. FL-EXPR-02: it holds something outside the grammar.
    """
    if not text.strip() or len(text) > LONGEST:
        raise ExpressionFault(
            "FL-EXPR-01",
            "the expression is empty" if not text.strip() else "the expression is too long",
            found=f"{len(text):,} characters; at most {LONGEST:,} are read" if text.strip() else "no character",
            fix=ALLOWED,
        )
    line = re.sub(r"\s", " ", text).strip()
    reader = _TreeReader(line, numeric or {})
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
        case Cut():
            return len(node.breaks) * _compared(node.part) + len(node.labels)
        case Case():
            values = [*node.values, *([node.otherwise] if node.otherwise is not None else [])]
            return 3 * sum(map(steps, node.conditions)) + 2 * sum(map(steps, values))
        case Coalesce():
            return 2 * sum(map(steps, node.parts))
        case PartOfDate():
            return 1 + steps(node.part)
        case TimeBetween():
            return 3 * (steps(node.start) + steps(node.end))
        case Applied():
            return 1 + sum(map(_calculated, node.parts))


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
        case Cut() | PartOfDate():
            return columns_of(node.part)
        case Case():
            parts = (*node.conditions, *node.values, *([node.otherwise] if node.otherwise is not None else []))
            return frozenset[str]().union(*(columns_of(part) for part in parts))
        case Coalesce() | Applied():
            return frozenset[str]().union(*(columns_of(part) for part in node.parts))
        case TimeBetween():
            return columns_of(node.start) | columns_of(node.end)


def gives_text(node: Node) -> bool | None:
    """Whether a tree gives texts (True) or numbers (False), as far as it says so itself; None where its columns decide."""
    match node:
        case Text() | Cut():
            return True
        case Column():
            return None
        case Case() | Coalesce():
            values = node.parts if isinstance(node, Coalesce) else node.values
            known = [kind for value in values if (kind := gives_text(value)) is not None]
            return known[0] if known else None
        case _:
            return False


def _class_names(breaks: tuple[float, ...]) -> tuple[str, ...]:
    """Names of classes without labels: whole numbers as ages are written (15–24), others as intervals; none below nought."""
    whole = all(each.is_integer() for each in breaks)
    texts = [f"{each:g}" if abs(each) < 1e6 else f"{each:.0f}" for each in breaks]
    if whole:
        last = [f"{high - 1:.0f}" for high in breaks[1:]]
        names = [low if low == high else f"{low}–{high}" for low, high in zip(texts[:-1], last, strict=True)]
    else:
        names = [f"[{low}, {high})" for low, high in itertools.pairwise(texts)]
    below = [] if breaks[0] == 0 else [f"<{texts[0]}"]
    return (*below, *names, f"{texts[-1]}+")


def _python_tree(line: str) -> ast.expr:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", SyntaxWarning)  # "\d" in a text would only warn, on the user's terminal
            return ast.parse(line, mode="eval").body
    except SyntaxError as error:
        raise ExpressionFault(
            "FL-EXPR-01",
            "the expression cannot be read",
            found=f"{_excerpt(line, error.offset or len(line))}, at character {error.offset or len(line) + 1}",
            fix=ALLOWED,
        ) from None
    except (ValueError, RecursionError, MemoryError):
        raise ExpressionFault(
            "FL-EXPR-01", "the expression cannot be read", found=f"a text of {len(line):,} characters", fix=ALLOWED
        ) from None


def _excerpt(line: str, position: int) -> str:
    """A text, or what stands around a place of a long one."""
    if len(line) <= SHOWN:
        return repr(line)
    start = min(max(position - SHOWN // 2, 0), len(line) - SHOWN)
    end = start + SHOWN
    return repr(f"{'…' if start else ''}{line[start:end]}{'…' if end < len(line) else ''}")


class _TreeReader:
    """Turn the Python tree of one text into ours; it knows the text, to name places."""

    def __init__(self, line: str, numeric: Mapping[str, tuple[int, int | None]]) -> None:
        self._line = line
        self._numeric = numeric
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
                return self._call(tree, below)
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
        found = self.position(tree) if tree is not None else repr(self._line)
        return ExpressionFault("FL-EXPR-02", f"the expression cannot be used: {why}", found=found, fix=fix)

    def position(self, tree: ast.expr) -> str:
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

    def _call(self, tree: ast.Call, depth: int) -> Node:
        function = tree.func.id if isinstance(tree.func, ast.Name) else ""
        argument = tree.args[0] if len(tree.args) == 1 and not tree.keywords else None
        if function == "column" and isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            return Column(argument.value)
        if function == "missing" and argument is not None:
            inner = self.node(argument, 0)
            if isinstance(inner, Column):
                return Missing(inner)
        if function in self._numeric and not tree.keywords:
            self._count(tree, function, *self._numeric[function])
            return Applied(function, tuple(self.node(each, depth) for each in tree.args), self.position(tree))
        if function in FUNCTIONS and tree.keywords:
            raise self.refused(tree, "arguments have no names", f"write {FUNCTIONS[function]}")
        match function:
            case "cut":
                return self._cut(tree, depth)
            case "case":
                return self._case(tree, depth)
            case "coalesce":
                self._count(tree, function, 2, None)
                return Coalesce(tuple(self.node(each, depth) for each in tree.args), self.position(tree))
            case "year" | "month" | "day":
                self._count(tree, function, 1, 1)
                return PartOfDate(function, self.node(tree.args[0], depth), self.position(tree))
            case "years_between" | "months_between" | "days_between":
                self._count(tree, function, 2, 2)
                start, end = (self.node(each, depth) for each in tree.args)
                return TimeBetween(function, start, end, self.position(tree))
            case _:
                # of arithmetic on figures, those of numbers alone: it has neither rows nor dates
                known = ", ".join(self._numeric or ("column", "missing", *FUNCTIONS))
                raise self.refused(tree, f"the only functions are {known}", ALLOWED)

    def _count(self, tree: ast.Call, function: str, least: int, most: int | None) -> None:
        n = len(tree.args)
        if n < least or (most is not None and n > most):
            written = FUNCTIONS.get(function, f"{function}(a{', b' if most != 1 else ''})")
            raise self.refused(tree, f"{function} has {n} arguments", f"write {written}")

    def _cut(self, tree: ast.Call, depth: int) -> Cut:
        self._count(tree, "cut", 2, 3)
        part = self.node(tree.args[0], depth)
        if not columns_of(part):
            raise self.refused(tree.args[0], "nothing in it depends on a column", f"write {FUNCTIONS['cut']}")
        breaks = tuple(option.value for option in self._options(tree.args[1]) if isinstance(option, Number))
        if not breaks or any(low >= high for low, high in itertools.pairwise(breaks)):
            raise self.refused(tree.args[1], "the breaks are not numbers that rise", "write them upwards: [15, 25, 65]")
        if len(tree.args) == 2:
            return Cut(part, breaks, _class_names(breaks), self.position(tree))
        labels = tuple(option.value for option in self._options(tree.args[2]) if isinstance(option, Text))
        if len(labels) not in (len(breaks), len(breaks) + 1):
            raise self.refused(
                tree.args[2],
                f"{len(breaks)} breaks have {len(labels)} labels in quotes",
                f"give {len(breaks)}, one for the class that each break begins, or {len(breaks) + 1}, "
                "the first for what lies below them all",
            )
        if len(set(labels)) < len(labels):
            raise self.refused(tree.args[2], "a label stands twice", "give each class a name of its own")
        return Cut(part, breaks, labels, self.position(tree))

    def _case(self, tree: ast.Call, depth: int) -> Case:
        self._count(tree, "case", 2, None)
        parts = [self.node(each, depth) for each in tree.args]
        otherwise = parts.pop() if len(parts) % 2 else None
        conditions, values = tuple(parts[::2]), tuple(parts[1::2])
        for condition, written in zip(conditions, tree.args[::2], strict=False):
            if not columns_of(condition):
                raise self.refused(written, "the condition depends on no column", f"write {FUNCTIONS['case']}")
        kinds = {gives_text(value) for value in (*values, *([otherwise] if otherwise is not None else []))} - {None}
        if len(kinds) > 1:
            raise self.refused(tree, "some values are texts and some are not", "give values of one kind")
        return Case(conditions, values, otherwise, self.position(tree))

    def _negative(self, tree: ast.UnaryOp, depth: int) -> Node:
        part = self.node(tree.operand, depth)
        return Number(-part.value) if isinstance(part, Number) else Negative(part, self.position(tree))

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
        if isinstance(tree.op, ast.Pow) and "power" in self._numeric:
            parts = tuple(self.node(each, depth) for each in (tree.left, tree.right))
            return Applied("power", parts, self.position(tree))
        if type(tree.op) not in _OPERATORS:
            raise self.refused(tree, "the operator is not part of the grammar", ALLOWED)
        left, right = self.node(tree.left, depth), self.node(tree.right, depth)
        if not self._numeric and not columns_of(left) and not columns_of(right):
            raise self.refused(tree, "it calculates with constants only", "write the result")
        return Arithmetic(left, _OPERATORS[type(tree.op)], right, self.position(tree))

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
            return Among(part, self._options(right), isinstance(operator, ast.NotIn), self.position(tree))
        if type(operator) not in _COMPARISONS:
            raise self.refused(tree, "`is` is not part of the grammar", "write == or missing(name)")
        other = self.node(right, depth)
        if not columns_of(part) and not columns_of(other):
            raise self.refused(tree, "two constants are compared", "write a column on one side")
        return Compare(part, _COMPARISONS[type(operator)], other, self.position(tree))

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
