"""`smooth_variances`: sampling variances of areas that borrow from each other, by a generalised variance function."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, not_one_of
from fl_estimate.estimators.hierarchical.direct import read_direct


def smooth_variances(direct: Any, *, factor: Literal["ratio", "log-normal", "none"] = "ratio") -> pd.DataFrame:
    """Replace areas' standard errors of shares by those that the sample size and the share let expect.

    Use it before `area(likelihood="normal")` and `eblup`, which take standard errors as known: from few primary units
    they are themselves very uncertain. Areas whose share is 0 or 1 have no variance to learn from; their standard error
    stays as it was.

    Parameters
    ----------
    direct : Estimates or frame
        `value` (a share), `se` and `n`, one row an area.
    factor : {"ratio", "log-normal", "none"}
        What makes the back-transformed variances right on the whole: their sum is that of the variances, the mean of a
        log-normal, or nothing.

    Returns
    -------
    pandas.DataFrame
        The rows of `direct` without the national one: the areas' column, `value`, `se` (smoothed), `n`, `deff`, and
        `se_direct`, as it was.

    Raises
    ------
    EstimateFault
        FL-EST-40 to FL-EST-43; FL-EST-78: an unknown factor; FL-EST-56: fewer than four areas to learn from.

    Notes
    -----
    Least squares of log se² on 1, log n and log{p(1 − p)}; k exp(fit), with k = Σ se²/Σ exp(fit), exp(s²/2) or 1.

    References
    ----------
    Wolter (2007), Introduction to Variance Estimation, 2nd ed., ch. 7.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> direct = pd.DataFrame({"area": list("ABCDE"), "n": [400, 250, 900, 620, 310], "value": [0.1, 0.2, 0.15, 0.08, 0.12],
    ...                        "se": [0.02, 0.03, 0.011, 0.014, 0.016]})
    >>> fl.hierarchical.smooth_variances(direct)["se"].round(4).tolist()
    [0.0182, 0.0271, 0.012, 0.0135, 0.0219]
    """
    if factor not in ("ratio", "log-normal", "none"):
        raise not_one_of("FL-EST-78", "this factor", factor, ("ratio", "log-normal", "none"))
    table = read_direct(direct, ("value", "se", "n"), [])
    value, se, n = (table.numbers[name] for name in ("value", "se", "n"))
    met = (n > 0) & (se > 0) & (value > 0) & (value < 1)
    if met.sum() < 4:
        raise EstimateFault(
            "FL-EST-56",
            "there are too few areas to smooth variances by",
            found=f"{int(met.sum())} areas with a share between 0 and 1 and a standard error",
            fix="four are the least; pool the design effect instead, as likelihood='binomial' does",
        )
    smoothed = se.copy()
    smoothed[met] = np.sqrt(fitted_variances(value[met], se[met] ** 2, n[met], factor))
    columns = {"value": value, "se": smoothed, "n": n, "deff": table.numbers["deff"], "se_direct": se}
    return pd.DataFrame({table.by: list(table.labels), **columns})


def fitted_variances(value: Floats, variance: Floats, n: Floats, factor: str) -> Floats:
    """Variances that a generalised variance function gives."""
    x = np.column_stack([np.ones(len(value)), np.log(n), np.log(value * (1 - value))])
    y = np.log(variance)
    coefficients = np.linalg.lstsq(x, y, rcond=None)[0]
    fit = np.exp(x @ coefficients)
    if factor == "ratio":
        return fit * variance.sum() / fit.sum()
    if factor == "none":
        return fit
    residual = float(((y - x @ coefficients) ** 2).sum()) / (len(y) - 3)
    return fit * np.exp(residual / 2)
