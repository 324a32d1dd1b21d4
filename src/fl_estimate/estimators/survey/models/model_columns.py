"""The columns of a model: what a formula makes of the people who were read, and what they are called."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, listed
from fl_estimate.estimators.survey.models.model_data import ModelData
from fl_estimate.estimators.survey.models.model_formula import read_formula


def both_sides(data: ModelData, formula: str, parsed: Any) -> tuple[Floats, Floats, Any]:
    """The outcome, the design matrix, and how the right-hand side becomes columns.

    Raises
    ------
    EstimateFault
        FL-EST-220, FL-EST-221, FL-EST-225.
    """
    made = materialised(data.patterns, formula, parsed)
    y = np.asarray(made.lhs, dtype=float)
    if y.shape[1] == 2 and str(made.lhs.model_spec.column_names[1]).endswith("[True]"):
        # A condition, such as I(status == 'yes'): formulaic gives a column for each of its two answers.
        y = y[:, 1:]
    if y.shape[1] != 1 or not np.isfinite(y).all():
        raise EstimateFault(
            "FL-EST-221", "the outcome is not one column of numbers", found=f"{parsed.lhs}: {y.shape[1]} columns",
            fix="make a 0/1 column of it first, or a condition such as I(status == 'yes')",
        )  # fmt: skip
    return y[:, 0], *_right(made.rhs, formula)


def right_side(frame: pd.DataFrame, formula: str, parsed: Any) -> tuple[Floats, Any]:
    """The design matrix of the right-hand side alone, and how it becomes columns.

    Raises
    ------
    EstimateFault
        FL-EST-220, FL-EST-225.
    """
    return _right(materialised(frame, formula, parsed.rhs), formula)


def columns_at(
    formula: str, levels: Mapping[str, tuple[Any, ...] | None], frame: pd.DataFrame
) -> tuple[Floats, list[str]]:
    """The design matrix of described people, from the formula and the classes of its variables: nobody's answers are needed.

    Parameters
    ----------
    formula : str
    levels : mapping
        Of each variable its classes; None of a number.
    frame : pandas.DataFrame
        The people described, text as categories.

    Returns
    -------
    array, shape (rows, columns), and the names of the columns
    """
    _, _, parsed = read_formula(formula)
    size = max((len(known) for known in levels.values() if known), default=1) + 1
    made = pd.DataFrame(index=range(size))
    for name, known in levels.items():
        values = (
            [1.0 + row for row in range(size)] if known is None else [known[row % len(known)] for row in range(size)]
        )
        made[name] = pd.Categorical(values, categories=list(known)) if known and isinstance(known[0], str) else values
    _, spec = right_side(made, formula, parsed)
    x = np.asarray(spec.get_model_matrix(frame, na_action="ignore"), dtype=float)
    return x, [spelled(str(name)) for name in spec.column_names]


def materialised(frame: pd.DataFrame, formula: str, parsed: Any) -> Any:
    """What formulaic makes of people; FL-EST-220 and FL-EST-225 as `both_sides`."""
    from formulaic.errors import FormulaicError

    alone = [name for name in frame if isinstance(frame[name].dtype, pd.CategoricalDtype)]
    alone = [str(name) for name in alone if len(frame[name].cat.categories) < 2]
    if alone:
        raise EstimateFault(
            "FL-EST-225", "a variable of the model has a single value among the people counted", found=listed(alone),
            fix="leave it out of the formula, or look at where=",
        )  # fmt: skip
    try:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            return parsed.get_model_matrix(frame, output="numpy", na_action="ignore")
    except (FormulaicError, NameError, TypeError, ValueError, AttributeError) as error:
        raise EstimateFault(
            "FL-EST-220", "the formula cannot be used", found=f"{formula!r}: {str(error).splitlines()[0]}",
            fix='one outcome ~ terms, such as "forced_labour ~ sex + age + C(region)"',
        ) from error  # fmt: skip


def _right(made: Any, formula: str) -> tuple[Floats, Any]:
    x = np.asarray(made, dtype=float)
    if not x.shape[1]:
        raise EstimateFault("FL-EST-220", "the formula cannot be used", found=f"{formula!r} has no term")
    return x, made.model_spec


def spelled(name: str) -> str:
    """A term as it is read: numbers as classes lose the point that they have as floats, ``C(sex)[T.2]``."""
    return re.sub(r"\[(T\.)?(-?\d+)\.0\]", r"[\1\2]", name)


def columns_of_terms(spec: Any) -> list[list[int]]:
    """The columns of the design matrix that belong to each term."""
    return [list(range(part.start, part.stop)) for part in spec.term_slices.values()]
