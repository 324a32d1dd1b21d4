"""Rows of area models where the direct cell has few cases: an interval that refitting the model cannot invert."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from fl_estimate.reporting.precision import raised
from fl_estimate.reporting.suppression import SuppressionRule
from fl_estimate.results.basis import MODEL

Floats = npt.NDArray[np.float64]

FEW = 5
"""Fewer cases than this are alike in the limits that the model gives; a rule that asks for another number gets none."""
DIGITS = 1
"""Significant digits of the limits, rounded outwards."""
SCALES: Mapping[str, float] = {"prevalence": 1.0, "prevalence per 1,000": 1_000.0}


def few_limits(
    frame: pd.DataFrame, limits: Mapping[str, Sequence[float]], rule: SuppressionRule
) -> tuple[Floats, Floats]:
    """Limits of each row that hold whatever its few cases are, rounded outwards; NaN where there are none.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of an area model.
    limits : mapping of str to (lower, upper)
        By area, as shares (`diagnostics["limits_of_few"]`).
    rule : SuppressionRule

    Notes
    -----
    A model's median, limits and SE are functions of an area's cases and of hyper-parameters that other areas tell, so that
    a reader who fits the model again reads the cases off them. These limits run from the lower one of an area without a case
    to the upper one of an area with four, and their hyper-parameters come from figures that are printed.
    """
    lower, upper = np.full(len(frame), np.nan), np.full(len(frame), np.nan)
    if rule.min_cases != FEW or not limits:
        return lower, upper
    for row, record in enumerate(frame.to_dict("records")):
        ends = limits.get(str(record.get(str(record["margin"]), "")))
        scale = SCALES.get(str(record["quantity"]))
        if ends is not None and scale is not None and record["basis"] == MODEL:
            lower[row], upper[row] = _lowered(ends[0] * scale), raised(ends[1] * scale, DIGITS)
    return lower, upper


def _lowered(value: float) -> float:
    """The next number below of so many significant digits."""
    places = DIGITS - 1 - math.floor(math.log10(value)) if value > 0 else 0
    step = 10.0**-places
    return round(math.floor(value / step * (1 + 1e-12)) * step, places + 2) if value > 0 else 0.0
