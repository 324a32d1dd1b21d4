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
    null = np.array([_null(str(name)) for name in frame["quantity"]], dtype=float)
    value, se = (frame[name].to_numpy(dtype=float) for name in ("value", "se"))
    with np.errstate(divide="ignore", invalid="ignore"):
        plain, ratio = value / se, np.log(value) * value / se
        found = np.asarray(np.where(null == 1, ratio, plain), dtype=float)
    found[~(se > 0) | np.isnan(null)] = np.nan
    return found


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
    p = np.where(np.isinf(df), known.erfc(np.abs(t) / np.sqrt(2)), 2 * known.stdtr(df, -np.abs(t)))
    return np.asarray(np.where(df > 0, p, np.nan), dtype=float)


def _null(quantity: str) -> float:
    found = Quantity.of(quantity).null
    return np.nan if found is None else found
