"""How many digits a published figure has: two of its standard error, decided once, so that every output holds the same."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from fl_estimate.results.codes import Quantity
from fl_estimate.results.columns import SCALED

WITHOUT_ERROR = 3
"""Significant digits of a figure that has no standard error."""
DIGITS = 2
SHARE, EFFECT, FREEDOM = 3, 2, 1
"""Decimals of `undetermined`, `deff` and `df`."""
PERSONS: frozenset[str] = frozenset(quantity for quantity in Quantity.all() if quantity.unit == "persons")
"""Quantities that count persons: whole numbers."""
_EXACT = 15


def significant(value: float, digits: int) -> float:
    """A number to so many significant digits.

    Examples
    --------
    >>> significant(0.0123456, 2), significant(98765.0, 2), significant(0.0, 2)
    (0.012, 99000.0, 0.0)
    """
    return _to(value, _decimals(value, digits)) if value and math.isfinite(value) else value


def raised(value: float, digits: int) -> float:
    """The next number above of so many significant digits; the number itself where it has no more.

    Examples
    --------
    >>> raised(0.01231, 2), raised(0.013, 2)
    (0.013, 0.013)
    """
    if not (value > 0 and math.isfinite(value)):
        return value
    positions = digits - 1 - math.floor(math.log10(value))
    nearest = _to(value, positions)
    return nearest if nearest >= value * (1 - 1e-12) else _to(nearest + 10.0**-positions, positions)


def lowered(value: float, digits: int) -> float:
    """The next number below of so many significant digits; the number itself where it has no more.

    Examples
    --------
    >>> lowered(0.0129, 2), lowered(0.013, 2)
    (0.012, 0.013)
    """
    if not (value > 0 and math.isfinite(value)):
        return value
    positions = digits - 1 - math.floor(math.log10(value))
    nearest = _to(value, positions)
    return nearest if nearest <= value * (1 + 1e-12) else _to(nearest - 10.0**-positions, positions)


def decimals_of(record: Mapping[Any, Any], digits: int = DIGITS) -> dict[str, int]:
    """Decimals of value, se, lower and upper of a row, in natural units; below 0 where tens and hundreds are rounded too.

    Applied to a row that was rounded by it, it gives the same again.
    """
    se, value = _float(record["se"]), _float(record["value"])
    least = 0 if str(record["quantity"]) in PERSONS else _EXACT
    if se > 0 and math.isfinite(se):
        one = _decimals(se, digits)
    elif value and math.isfinite(value):
        one = _decimals(value, WITHOUT_ERROR)
    else:
        # An upper limit alone has as many digits as it was raised to.
        limit = record.get("publication") in ("at_most", "fewer_than")
        # Limits of models of few cases have one digit.
        kept = (1 if record["basis"] == "model" else DIGITS) if limit else WITHOUT_ERROR
        ends = {name: _float(record[name]) for name in SCALED}
        found = {n: min(_decimals(end, kept), least) for n, end in ends.items() if end and math.isfinite(end)}
        # A truth beside two limits is as fine as the coarser of them.
        return {name: found.get(name, min(found.values(), default=0)) for name in SCALED}
    # The error of whole persons keeps its own digits, from which all others are found again.
    return {**dict.fromkeys(SCALED, min(one, least)), "se": one}


def rounded(frame: pd.DataFrame, digits: int = DIGITS) -> pd.DataFrame:
    """The table with its figures rounded: what may be printed of them. Counts stay as they are.

    Parameters
    ----------
    frame : pandas.DataFrame
        The columns of Estimates.
    digits : int
        Significant digits of the standard error.
    """
    out = frame.copy()
    positions = [decimals_of(record, digits) for record in frame.to_dict("records")]
    for name in SCALED:
        values = frame[name].to_numpy(dtype=float, na_value=np.nan)
        out[name] = np.array([_to(v, p[name]) for v, p in zip(values, positions, strict=True)], dtype=float)
    for name, kept in (("undetermined", SHARE), ("deff", EFFECT), ("df", FREEDOM)):
        out[name] = np.round(frame[name].to_numpy(dtype=float, na_value=np.nan), kept) + 0.0
    return out


def few_digits(parameters: tuple[tuple[str, Any], ...], digits: int = DIGITS) -> tuple[tuple[str, Any], ...]:
    """Parameters of a reason or assumption with fractions to so many significant digits: they are figures too.

    Examples
    --------
    >>> few_digits((("upper", 11.523), ("df", 107.0), ("kind", "wald")))
    (('upper', 12.0), ('df', 107.0), ('kind', 'wald'))
    """
    return tuple(
        (name, significant(float(value), digits)) if _is_fraction(value) else (name, value)
        for name, value in parameters
    )


def _is_fraction(value: Any) -> bool:
    number: float | None = float(value) if isinstance(value, (float, np.floating)) else None  # pyright: ignore[reportUnknownArgumentType]
    return number is not None and not number.is_integer()


def half_steps(frame: pd.DataFrame, digits: int = DIGITS) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Half the last digit of every value: how far the printed value may be from the full one, shape (rows,)."""
    found = [decimals_of(record, digits)["value"] for record in frame.to_dict("records")]
    return 0.5 * 10.0 ** -np.array(found, dtype=float)


def _decimals(value: float, digits: int) -> int:
    """Decimals that show so many significant digits of what the value is rounded to: 0.0996 is 0.10."""
    positions = digits - 1 - math.floor(math.log10(abs(value)))
    after = _to(abs(value), positions)
    return digits - 1 - math.floor(math.log10(after) + 1e-12) if after else positions


def _to(value: float, positions: int) -> float:
    if not math.isfinite(value):
        return value
    value = float(value)  # numpy's own numbers round 0.95 another way than Python's
    # Above the point a quotient of whole numbers is exact, where a product with 0.001 is not.
    return round(value, positions) + 0.0 if positions >= 0 else round(value / 10.0**-positions) * 10.0**-positions + 0.0


def _float(value: Any) -> float:
    return math.nan if pd.isna(value) else float(value)
