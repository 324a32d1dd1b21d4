"""Offset and exposure of a model: what stands in the linear predictor with a coefficient of 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, listed, shown
from fl_estimate.estimators.survey.models.model_families import Family
from fl_estimate.estimators.survey.models.model_formula import columns_of_text

Beside = tuple[str | None, str | None]
"""The offset and the exposure that were asked for."""


@dataclass(frozen=True, kw_only=True)
class Offset:
    """What was asked for, and its values.

    Attributes
    ----------
    columns_given : tuple of str or None
        The offset and the exposure.
    columns : tuple of str
    values : array, shape (patterns,)
        0 where nothing was asked for.
    """

    columns_given: Beside
    columns: tuple[str, ...]
    values: Floats


def describe_offset(beside: Beside) -> str:
    """Offset and exposure in words, for an assumption."""
    offset, exposure = beside
    return " + ".join(part for part in (offset or "", f"log({exposure})" if exposure else "") if part)


def offset_columns(offset: Any, exposure: Any, family: Family) -> tuple[str, ...]:
    """The columns that offset and exposure need.

    Raises
    ------
    EstimateFault
        FL-EST-324.
    """
    other = [
        f"{name} is a {type(value).__name__}"
        for name, value in (("offset", offset), ("exposure", exposure))
        if value is not None and not isinstance(value, str)
    ]
    if other:
        raise _fault(listed(other), "give the name of a column, or an expression as a text")
    if exposure is not None and family.link != "log":
        raise _fault(
            f"exposure={shown(exposure)} with the link {family.link}",
            'an exposure belongs to rates: family="poisson", or link="log"; offset= is for other links',
        )
    try:
        return _columns(offset, exposure)
    except SyntaxError as error:
        raise _fault(f"offset={shown(offset)}: {error.msg}", _FIX) from error


def offset_values(frame: pd.DataFrame, offset: str | None, exposure: str | None) -> Offset:
    """Offset and exposure of every row of a frame.

    Raises
    ------
    EstimateFault
        FL-EST-324: not numbers, or an exposure that is not above 0.
    """
    values: Floats = np.zeros(len(frame))
    if offset is not None:
        values = values + _evaluated(frame, offset)
    if exposure is not None:
        if isinstance(frame[exposure].dtype, pd.CategoricalDtype):
            raise _fault(f"exposure={shown(exposure)} is text", _FIX)
        time = frame[exposure].to_numpy(dtype=float)
        if not (time > 0).all():
            raise _fault(
                f"exposure={shown(exposure)} is not above 0 for some people",
                "leave them out in where=, or look at the column",
            )
        values = values + np.log(time)
    return Offset(columns_given=(offset, exposure), columns=_columns(offset, exposure), values=values)


def _columns(offset: str | None, exposure: str | None) -> tuple[str, ...]:
    result = columns_of_text(offset or "")
    return tuple(dict.fromkeys(result if exposure is None else [*result, exposure]))


_FIX = 'a column of numbers, or an expression of such, as in a formula: offset="np.log(months)"'


def _fault(found: str, fix: str) -> EstimateFault:
    return EstimateFault("FL-EST-324", "the offset or exposure of the model cannot be used", found=found, fix=fix)


def _evaluated(frame: pd.DataFrame, offset: str) -> Floats:
    from formulaic import model_matrix
    from formulaic.errors import FormulaicError

    term = f"`{offset}`" if offset in frame else f"I({offset})"
    make: Any = model_matrix
    try:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            made = np.asarray(make(f"0 + {term}", frame, output="numpy", na_action="ignore"), dtype=float)
    except (FormulaicError, NameError, TypeError, ValueError, AttributeError, SyntaxError) as error:
        raise _fault(f"offset={shown(offset)}", _FIX) from error
    if made.shape[1] != 1 or not np.isfinite(made).all():
        raise _fault(f"offset={shown(offset)} is not one number for each person", _FIX)
    return made[:, 0]
