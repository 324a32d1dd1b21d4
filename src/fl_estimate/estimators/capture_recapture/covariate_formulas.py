"""Right-hand sides of formulas as columns of numbers: which columns of a frame they need, and what they are called."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, listed, shown


@dataclass(frozen=True, kw_only=True, eq=False)
class FormulaColumns:
    """The columns of a formula: one row a row of the frame, and their names.

    Attributes
    ----------
    values : array, shape (rows, columns)
    names : tuple of str
    terms : tuple of str
        The term that each column belongs to; "1" of the constant.
    """

    values: Floats
    names: tuple[str, ...]
    terms: tuple[str, ...] = ()

    def without_intercept(self) -> FormulaColumns:
        """The same but for the constant."""
        return self._at([position for position, name in enumerate(self.names) if name != "Intercept"])

    def of(self, terms: Collection[str]) -> FormulaColumns:
        """The columns of some terms."""
        return self._at([position for position, term in enumerate(self.terms) if term in terms])

    def _at(self, kept: list[int]) -> FormulaColumns:
        return FormulaColumns(
            values=self.values[:, kept], names=tuple(self.names[position] for position in kept),
            terms=tuple(self.terms[position] for position in kept),
        )  # fmt: skip


def terms_in(formula: str) -> dict[str, frozenset[str]]:
    """The terms of a right-hand side but the constant, each with its factors.

    Raises
    ------
    EstimateFault
        FL-EST-170.

    Examples
    --------
    >>> {term: sorted(factors) for term, factors in terms_in("sex * age").items()}
    {'sex': ['sex'], 'age': ['age'], 'sex:age': ['age', 'sex']}
    """
    parsed, _ = read_side(formula)
    each = {str(term): frozenset(str(factor) for factor in term.factors) for term in parsed}
    return {term: factors for term, factors in each.items() if term != "1"}


def read_side(formula: str) -> tuple[Any, tuple[str, ...]]:
    """Read the right-hand side of a formula, and the columns that it needs.

    Raises
    ------
    EstimateFault
        FL-EST-170.

    Examples
    --------
    >>> read_side("sex + C(year)")[1]
    ('sex', 'year')
    """
    from formulaic import Formula
    from formulaic.errors import FormulaicError

    if not isinstance(formula, str):  # pyright: ignore[reportUnnecessaryIsInstance] (what is passed by mistake is a column)
        raise _fault(shown(formula))

    try:
        made: Any = Formula
        parsed: Any = made(formula)
        if hasattr(parsed, "_structure"):
            raise _fault(f"{formula!r} has a left-hand side")
        return parsed, tuple(sorted(str(name) for name in parsed.required_variables))
    except (FormulaicError, SyntaxError, TypeError, ValueError, AttributeError) as error:
        raise _fault(f"{formula!r}: {str(error).splitlines()[0]}") from error


def columns_of(formula: str, people: pd.DataFrame, cells: pd.DataFrame) -> FormulaColumns:
    """The columns of a formula for `cells`; knots, means and classes are those of `people`.

    Raises
    ------
    EstimateFault
        FL-EST-170: the formula cannot be evaluated, or a column of it has no value somewhere.
    """
    from formulaic.errors import FormulaicError

    parsed, _ = read_side(formula)
    try:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            spec: Any = parsed.get_model_matrix(people, output="numpy", na_action="ignore").model_spec
            values = np.asarray(spec.get_model_matrix(cells), dtype=float)
    except (FormulaicError, NameError, TypeError, ValueError, AttributeError) as error:
        raise _fault(f"{formula!r}: {str(error).splitlines()[0]}") from error
    names = tuple(_spelled(str(name)) for name in spec.column_names)
    values = values.reshape(len(cells), len(names))
    if broken := [name for name, column in zip(names, values.T, strict=True) if not np.isfinite(column).all()]:
        raise _fault(f"{formula!r}: no finite number for some people in {listed(broken)}")
    term_of = {position: str(term) for term, positions in spec.term_indices.items() for position in positions}
    return FormulaColumns(values=values, names=names, terms=tuple(term_of[position] for position in range(len(names))))


def _spelled(name: str) -> str:
    """Whole numbers as classes lose the point that they have as floats: ``C(year)[T.2012]``."""
    return re.sub(r"\[(T\.)?(-?\d+)\.0\]", lambda found: f"[{found[1] or ''}{found[2]}]", name)


def columns_in(formulas: str | Mapping[str, str]) -> tuple[str, ...]:
    """The columns that one right-hand side needs, or several by name.

    Raises
    ------
    EstimateFault
        FL-EST-170.

    Examples
    --------
    >>> columns_in({"police": "sex", "ngo": "sex + age"})
    ('age', 'sex')
    """
    each = formulas.values() if isinstance(formulas, Mapping) else [formulas]
    return tuple(sorted({name for formula in each if formula for name in read_side(formula)[1]}))


def _fault(found: str) -> EstimateFault:
    return EstimateFault(
        "FL-EST-170", "the formula of the covariates cannot be used", found=found,
        fix='terms of columns alone, such as "sex + age + C(region)"; "1" for no covariate',
    )  # fmt: skip
