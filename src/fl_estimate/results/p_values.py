"""P-values of rows that say how much two things differ: by t, on the degrees of freedom of the row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from fl_estimate.arrays import Floats
from fl_estimate.results.codes import Quantity


def t_values(frame: pd.DataFrame) -> Floats:
    """How many standard errors each row is from no difference; of ratios on the logarithmic scale. NaN where it has none.

    Parameters
    ----------
    frame : pandas.DataFrame
        The columns of Estimates.

    Notes
    -----
    (value − 0)/se, and of ratios log(value)/(se/value), se being that of the delta method.
    """
    null: Floats = np.array([_null(str(name)) for name in frame["quantity"]], dtype=float)
    value: Floats = frame["value"].to_numpy(dtype=float)
    se: Floats = frame["se"].to_numpy(dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = value / se
        ratio = null == 1
        t[ratio] = np.log(value[ratio]) * t[ratio]
    t[~(se > 0) | np.isnan(null)] = np.nan
    return t


def p_values(frame: pd.DataFrame) -> Floats:
    """Two-sided p-values of the rows of which a value says that there is no difference; NaN elsewhere, and where df ≤ 0.

    Examples
    --------
    >>> import pandas as pd
    >>> from fl_estimate.results.p_values import p_values
    >>> rows = pd.DataFrame({"quantity": ["difference", "mean"], "value": [2.0, 2.0], "se": [1.0, 1.0], "df": [10.0, 10.0]})
    >>> p_values(rows).round(4).tolist()
    [0.0734, nan]
    """
    from scipy import special  # pyright: ignore[reportMissingTypeStubs]

    t, df = t_values(frame), frame["df"].to_numpy(dtype=float)
    known: Any = special
    p: Floats = np.asarray(2 * known.stdtr(df, -np.abs(t)), dtype=float)
    p[np.isinf(df)] = known.erfc(np.abs(t[np.isinf(df)]) / np.sqrt(2))
    p[~(df > 0)] = np.nan
    return p


def _null(quantity: str) -> float:
    found = Quantity.of(quantity).null
    return np.nan if found is None else found
