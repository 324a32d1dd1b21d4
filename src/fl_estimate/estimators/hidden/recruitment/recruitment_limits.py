"""Limits that recruitment widens: by a stated design effect, by one from the literature where there is no case, by few draws of a tree."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from fl_estimate.arrays import Bools, Floats
from fl_estimate.design.intervals import general, no_case_limits, proportion
from fl_estimate.results.codes import DF_NOT_POSITIVE, PREVALENCE
from fl_estimate.results.columns import IDENTIFIED
from fl_estimate.results.estimates import Estimates

ROUNDING = 1e-9
"""Standard errors of totals, relative to them, that are rounding alone: weights of a stated population sum to it in every replicate."""
USUAL_DESIGN_EFFECT = 4.0
"""What Wejnert, Pham, Krishna, Le and DiNenno (2012), AIDS and Behavior 16(4), 797-806, advise to plan respondent-driven samples with."""


def with_design_effect(result: Estimates, deff: float) -> Estimates:
    """Standard errors and limits of a linearised variance that is multiplied by a design effect."""
    frame = result.frame.copy()
    for name, factor in (("se", float(np.sqrt(deff))), ("deff", deff)):
        frame[name] = frame[name] * factor
    matrix = result.covariance_matrix
    widened = replace(result, frame=frame, covariance_matrix=None if matrix is None else matrix * deff)
    return with_fewer_respondents(_limited_anew(widened), deff)


def with_fewer_df(result: Estimates, most: float) -> Estimates:
    """Degrees of freedom of a bootstrap that has so few draws to make; without any there is no standard error.

    Parameters
    ----------
    result : Estimates
    most : float
        Draws that could come out otherwise: of c recruits of one recruiter c − 1, of the seeds one less.
    """
    frame = result.frame.copy()
    frame["df"] = np.fmin(frame["df"].to_numpy(float), most)
    support = replace(result.support, df=np.fmin(result.support.df, most))
    capped = replace(result, frame=frame, support=support)
    if most > 0:
        return _limited_anew(capped)
    frame[["se", "lower", "upper", "deff"]] = np.nan
    frame["interval_kind"] = pd.Series("", index=frame.index, dtype="string")
    known = {(reason.row, str(reason.code)) for reason in result.reasons}
    told = [DF_NOT_POSITIVE.at(row, df=0.0) for row in range(len(frame)) if (row, str(DF_NOT_POSITIVE)) not in known]
    return replace(capped, frame=frame, covariance_matrix=None, reasons=(*result.reasons, *told))


def _limited_anew(result: Estimates) -> Estimates:
    """The limits of rows that have a standard error, by their kind, from what stands in the row."""
    frame = result.frame.copy()
    value, se, df, n = (frame[name].to_numpy(float) for name in ("value", "se", "df", "n"))
    level = frame["level"].to_numpy(float)
    share = (frame["quantity"] == PREVALENCE).to_numpy(dtype=bool)
    for kind in sorted(set(frame["interval_kind"].astype(str)) - {""}):
        rows = (frame["interval_kind"] == kind).to_numpy(dtype=bool) & (se > ROUNDING * np.abs(value))
        for of_shares in (True, False):
            own = rows & (share == of_shares)
            if own.any():
                lower, upper = (
                    proportion(kind, value[own], se[own], n[own], df[own], level[own])
                    if of_shares
                    else general(kind, value[own], se[own], df[own], level[own])
                )
                frame.loc[own, "lower"], frame.loc[own, "upper"] = lower, upper
    return replace(result, frame=frame)


def edges(result: Estimates) -> Bools:
    """Rows without a case, and those with cases only whose share or total shows no error, that have limits all the same."""
    frame = result.frame
    cases, n = frame["cases"].to_numpy(float), frame["n"].to_numpy(float)
    share = (frame["quantity"] == PREVALENCE).to_numpy(dtype=bool)
    limited = (frame["interval_kind"] != "").to_numpy(dtype=bool) & (frame["bound"] != IDENTIFIED).to_numpy(dtype=bool)
    value, se = frame["value"].to_numpy(float), frame["se"].to_numpy(float)
    whole = (cases == n) & np.where(share, value == 1, se <= ROUNDING * value)
    return limited & (n > 0) & (((cases == 0) & (value == 0)) | whole)


def with_fewer_respondents(result: Estimates, deff: float) -> Estimates:
    """Limits of rows without a case (or with cases only) as of n/D independent respondents: there is no variance to widen.

    Notes
    -----
    U = 1 − (α/2)^(D/n); of a total N̂ U. With cases only the limits are 1 − U and 1, of a total N̂ times these.
    """
    rows = edges(result)
    if not rows.any():
        return result
    frame = result.frame.copy()
    value, n, df, level = (frame[name].to_numpy(float)[rows] for name in ("value", "n", "df", "level"))
    reach = _reach(n / deff, level)
    share = (frame["quantity"] == PREVALENCE).to_numpy(dtype=bool)[rows]
    before = frame["upper"].to_numpy(float)[rows]
    # All are cases: as many fewer as there could be more where none is.
    upper = np.where(value > 0, value, np.where(share, reach, before * reach / no_case_limits(n, df, level)))
    frame.loc[rows, "lower"] = value * (1 - reach)
    frame.loc[rows, "upper"] = upper
    frame.loc[rows, "interval_kind"] = "korn-graubard"
    return replace(result, frame=frame)


def _reach(size: Floats, level: Floats) -> Floats:
    return 1 - ((1 - level) / 2) ** (1 / np.maximum(size, 1.0))
