"""Formulas of targets: declared arithmetic on symbols, read by the grammar of `schema.grammar` and evaluated on arrays."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special  # pyright: ignore[reportMissingTypeStubs] (scipy has none)

from fl_estimate.arrays import Floats
from fl_estimate.errors import ExpressionFault
from fl_estimate.schema.grammar import Applied, Arithmetic, Column, Negative, Node, Number, columns_of, read

_SIGNS = str.maketrans({"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-"})
Values = Mapping[str, Floats]
"""What symbols stand for: shape (points,) of a figure, (rows, points) of a column of a table."""


class FormulaError(ValueError):
    """A formula that cannot be meant; its message says where and why."""


def _over_rows(reduce: Callable[..., Floats]) -> Callable[[Sequence[Floats]], Floats]:
    """Over the rows of one column, or over several figures."""
    return lambda parts: reduce(parts[0] if len(parts) == 1 else np.stack(np.broadcast_arrays(*parts)), axis=0)


def to_nearest(value: Any, size: Any) -> Floats:
    """Round to the nearest multiple; a half goes away from nought, as it does in print."""
    return np.asarray(np.sign(value) * np.floor(np.abs(value) / size + 0.5 + 1e-12) * size)


OVER_ROWS: frozenset[str] = frozenset({"sum", "mean", "min", "max"})
FUNCTIONS: dict[str, tuple[Callable[[Sequence[Floats]], Floats], int, int | None]] = {
    "sum": (_over_rows(np.sum), 1, None),
    "mean": (_over_rows(np.mean), 1, None),
    "min": (_over_rows(np.min), 1, None),
    "max": (_over_rows(np.max), 1, None),
    "logit": (lambda parts: special.logit(parts[0]), 1, 1),
    "expit": (lambda parts: special.expit(parts[0]), 1, 1),
    "log": (lambda parts: np.log(parts[0]), 1, 1),
    "exp": (lambda parts: np.exp(parts[0]), 1, 1),
    "sqrt": (lambda parts: np.sqrt(parts[0]), 1, 1),
    "abs": (lambda parts: np.abs(parts[0]), 1, 1),
    "round": (lambda parts: to_nearest(parts[0], parts[1]), 2, 2),
    "power": (lambda parts: np.power(parts[0], parts[1]), 2, 2),
}
"""Functions of a formula, with the fewest and the most arguments; ``a ** b`` is ``power``."""
WRITTEN = f"names of inputs, numbers, + - * / **, brackets and {', '.join(sorted(FUNCTIONS.keys() - {'power'}))}"


@dataclass(frozen=True)
class Formula:
    """A formula that was read: its text, and the symbols that it needs."""

    text: str
    tree: Node

    @property
    def symbols(self) -> frozenset[str]:
        return columns_of(self.tree)

    @property
    def is_identity(self) -> bool:
        """Whether figures are only added and taken away, so that agreement shows no more than that a table adds up."""
        return _only_added(self.tree)

    def __call__(self, values: Values) -> Floats:
        """Its value at every point."""
        with np.errstate(all="ignore"):
            return _evaluate(self.tree, values)


def read_formula(text: str) -> Formula:
    """Read a formula by the grammar of expressions, with functions of numbers besides.

    Signs as they are printed (× · ÷ − ^) are those of the grammar, and "name =" may stand before it.

    Raises
    ------
    FormulaError

    Examples
    --------
    >>> import numpy as np
    >>> share = read_formula("100 * sum(part) / total")
    >>> share({"part": np.array([[1.0], [2.0]]), "total": np.array([12.0])}).tolist(), sorted(share.symbols)
    ([25.0], ['part', 'total'])
    """
    try:
        tree = read(
            re.sub(r"^\s*\w+\s*=(?!=)", "", text.translate(_SIGNS).replace("^", "**")),
            {name: (least, most) for name, (_, least, most) in FUNCTIONS.items()},
        )
        _require_numbers(tree)
    except ExpressionFault as fault:
        what = fault.what.partition(": ")[2] or fault.what.replace("the expression", "it")
        raise FormulaError(
            f"{what.replace('column', 'input')} ({fault.found}); a formula is made of {WRITTEN}"
        ) from None
    return Formula(text=text, tree=tree)


def rows_of(tree: Node, tables: Mapping[str, object]) -> object | None:
    """On which rows a part of a formula has a value each: what `tables` says of its symbols, None of a single figure.

    Raises
    ------
    FormulaError
        Columns of different rows are calculated with each other.
    """
    match tree:
        case Column():
            return tables.get(tree.name)
        case Negative():
            return rows_of(tree.part, tables)
        case Arithmetic():
            return _one([rows_of(tree.left, tables), rows_of(tree.right, tables)], tree.position)
        case Applied():
            found = [rows_of(part, tables) for part in tree.parts]
            over = tree.function in OVER_ROWS and len(found) == 1
            if over and found[0] is None:
                raise FormulaError(
                    f"{tree.position}: one figure, where {tree.function} goes over the rows of a table or several figures"
                )
            return None if over else _one(found, tree.position)
        case _:
            return None


def _one(found: Sequence[object | None], position: str) -> object | None:
    known = {each for each in found if each is not None}
    if len(known) > 1:
        raise FormulaError(
            f"{position}: columns of different rows; take the same table and where for both, or sum each first"
        )
    return next(iter(known), None)


def _require_numbers(tree: Node) -> None:
    match tree:
        case Column() | Number():
            return
        case Negative():
            _require_numbers(tree.part)
        case Arithmetic():
            _require_numbers(tree.left)
            _require_numbers(tree.right)
        case Applied():
            for part in tree.parts:
                _require_numbers(part)
        case _:
            kind = type(tree).__name__.lower()
            raise FormulaError(f"a {kind} is no arithmetic; a formula is made of {WRITTEN}")


def _only_added(tree: Node) -> bool:
    match tree:
        case Column() | Number():
            return True
        case Negative():
            return _only_added(tree.part)
        case Arithmetic():
            return tree.operator in "+-" and _only_added(tree.left) and _only_added(tree.right)
        case Applied():
            return tree.function in ("sum", "round") and all(_only_added(part) for part in tree.parts)
        case _:
            return False


def _evaluate(tree: Node, values: Values) -> Floats:
    match tree:
        case Column():
            return values[tree.name]
        case Number():
            return np.asarray(tree.value)
        case Negative():
            return -_evaluate(tree.part, values)
        case Arithmetic():
            left, right = _evaluate(tree.left, values), _evaluate(tree.right, values)
            match tree.operator:
                case "+":
                    return left + right
                case "-":
                    return left - right
                case "*":
                    return left * right
                case "/":
                    return left / right
        case Applied():
            return FUNCTIONS[tree.function][0]([_evaluate(part, values) for part in tree.parts])
        case _:
            raise AssertionError(type(tree).__name__)
