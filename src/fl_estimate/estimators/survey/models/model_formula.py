"""Formulas of models as people write them: read by formulaic, and the columns that they need found. No data are touched."""

from __future__ import annotations

import ast
import re
from typing import Any

from fl_estimate.errors import EstimateFault, require_name


def read_formula(formula: str) -> tuple[str, tuple[str, ...], Any]:
    """The outcome where it is a plain column, every column needed (the outcome's first), and the formula read.

    Raises
    ------
    EstimateFault
        FL-EST-220.
    """
    from formulaic import Formula
    from formulaic.errors import FormulaicError

    def fault(found: str) -> EstimateFault:
        return EstimateFault(
            "FL-EST-220", "the formula cannot be used", found=found,
            fix='one outcome ~ terms, such as "forced_labour ~ sex + age + C(region)"',
        )  # fmt: skip

    require_name(formula, "formula", fix='give it as a text, "outcome ~ term + term"')
    try:
        made: Any = Formula
        parsed: Any = made(formula)
    except (FormulaicError, SyntaxError, TypeError, ValueError) as error:
        raise fault(f"{formula!r}: {str(error).splitlines()[0]}") from error
    sides = parsed._structure if hasattr(parsed, "_structure") else {}
    if set(sides) != {"lhs", "rhs"} or isinstance(sides["rhs"], tuple) or len(list(parsed.lhs)) != 1:
        raise fault(repr(formula))
    try:
        first, rest = ([name for term in side for name in columns_of_term(term)] for side in (parsed.lhs, parsed.rhs))
        columns = tuple(dict.fromkeys([*first, *rest]))
    except SyntaxError as error:
        raise fault(f"{formula!r}: {error.msg}") from error
    if not columns:
        raise fault(repr(formula))
    return (first[0] if first == [str(parsed.lhs).strip().strip("`")] else ""), columns, parsed


def columns_of_term(term: Any) -> list[str]:
    """The columns that a term needs, functions and modules left out."""
    found: list[str] = []
    for factor in term.factors:
        method, text = str(factor.eval_method.value), str(factor.expr)
        if method == "lookup":
            found.append(text)
        elif method == "python":
            found += columns_of_text(text)
    return found


def columns_of_text(text: str) -> list[str]:
    """The columns that an expression names, functions and modules left out.

    Raises
    ------
    SyntaxError
        It is no expression.
    """
    if not text:
        return []
    quoted = dict(enumerate(re.findall(r"`([^`]+)`", text)))
    for position, name in quoted.items():
        text = text.replace(f"`{name}`", f"__quoted_{position}")
    tree = ast.parse(text, mode="eval")
    other = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    other |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    names = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in other]
    back = {f"__quoted_{position}": name for position, name in quoted.items()}
    return [back.get(name, name) for name in names]


ROW_FUNCTIONS = ("center(", "scale(", "standardize(", "bs(", "cs(", "cr(", "cc(", "poly(", "lag(", "hashed(")


def depends_on_rows(formula: str) -> bool:
    """Whether a column depends on all rows together (a mean, knots), so that cells would stand for too few of them."""
    text = formula.replace(" ", "")
    return any(name in text for name in ROW_FUNCTIONS)
