"""`smooth_variances`: sampling variances of areas that borrow from each other, by a generalised variance function."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, not_one_of
from fl_estimate.estimators.hierarchical.read.direct import Direct, read_direct
from fl_estimate.results.codes import PREVALENCE


def smooth_variances(direct: Any, *, factor: Literal["ratio", "log-normal", "none"] = "ratio") -> pd.DataFrame:
    """Replace areas' standard errors of shares by those that the sample size and the share let expect.

    Use it before `area(likelihood="normal")` and `eblup`, which take standard errors as known: from few primary units
    they are themselves very uncertain. Areas whose share is 0 or 1, or whose variance is 0 or missing, have no variance to
    learn from; theirs is the pooled one of people drawn one by one, with the share of all where their own is 0 or 1.

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
    Least squares of log se² on 1, log n and log{p(1 − p)}; k exp(fit), with k = Σ se²/Σ exp(fit), exp(s²/2) or 1. Areas
    that this cannot learn from: d p(1 − p)/n with d = Σ n² se²/Σ n p(1 − p) over the others.

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
    smoothed = filled(table).numbers["se"].copy()
    smoothed[met] = np.sqrt(fitted_variances(value[met], se[met] ** 2, n[met], factor))
    columns = {"value": value, "se": smoothed, "n": n, "deff": table.numbers["deff"], "se_direct": se}
    return pd.DataFrame({table.by: list(table.labels), **columns})


def filled(direct: Direct) -> Direct:
    """Standard errors of 0, and missing ones beside a value, replaced by what the other areas let expect.

    Without areas to learn from, or where n is not known, they stay as they were.

    Notes
    -----
    Of shares as `smooth_variances` says; of other quantities Σ n² se²/Σ n over n: one variance of a person in all areas.
    """
    value, se, n = (direct.numbers[name] for name in ("value", "se", "n"))
    is_share = direct.quantity == PREVALENCE
    known = (n > 0) & np.isfinite(value)
    lending = known & (se > 0) & ((value > 0) & (value < 1) if is_share else known)
    lacking = known & (np.isnan(se) | (se == 0))
    if not lending.any() or not lacking.any():
        return direct
    spread = np.ones(len(n))
    if is_share:
        pooled = float(np.average(value[lending | lacking], weights=n[lending | lacking]))
        share = np.where((value > 0) & (value < 1), value, pooled)
        spread = share * (1 - share)
    of_one = float((n**2 * se**2)[lending].sum() / (n * spread)[lending].sum())
    expected = np.sqrt(of_one * spread / np.where(known, n, 1.0))
    numbers = {**direct.numbers, "se": np.where(lacking, expected, se)}
    return replace(direct, numbers=numbers, smoothed=tuple(np.flatnonzero(lacking).tolist()))


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
