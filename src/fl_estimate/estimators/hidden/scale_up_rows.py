"""From shares of ties to hidden people: rows of a ratio taken through recall, corrections and the population, with their errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.design.intervals import general
from fl_estimate.estimators.hidden.recall import RecallCurve
from fl_estimate.estimators.hidden.scale_up_adjustments import Correction
from fl_estimate.results.codes import (
    INTERVAL_NOT_DEFINED,
    ZERO_CASES,
    Assumption,
    MethodName,
    Quantity,
    Reason,
    each_once,
)
from fl_estimate.results.estimates import Estimates


@dataclass(frozen=True, kw_only=True, eq=False)
class ScaledRows:
    """What the rows are multiplied by, and how their limits are made.

    Attributes
    ----------
    size : float, or float array of shape (rows,)
        The population, or 1 of a share.
    curve : RecallCurve or None
    correction : Correction
    binomial : float array, shape (rows,), or None
        Ties asked about, Σ d, where the error is Killworth's.
    interval : {"log", "wald"}
    level : float
    """

    size: float | Floats
    curve: RecallCurve | None
    correction: Correction
    binomial: Floats | None
    interval: str
    level: float


def scaled(
    basic: Estimates,
    rows: ScaledRows,
    *,
    quantity: Quantity,
    method: MethodName,
    call: str,
    arguments: Mapping[str, Any],
    assumptions: Sequence[Assumption],
    left_out: Sequence[str] = (),
    diagnostics: Mapping[str, Any] | None = None,
) -> Estimates:
    """Rows of shares as rows of hidden people.

    Parameters
    ----------
    basic : Estimates
        Shares of ties, with their errors.
    rows : ScaledRows
    quantity, method, call, arguments
        Of the result.
    assumptions : sequence of Assumption
        Stand before those of the shares.
    left_out : sequence of str
        Codes of these that do not hold any more.
    diagnostics : mapping, optional

    Notes
    -----
    With share p, recall p → a(p) of elasticity e, factor f and population N: value N f a(p), covariance of logarithms
    e e' Cov(log p) + Cov(log f).
    """
    share = basic.frame["value"].to_numpy(dtype=float)
    actual, elasticity = (share, np.ones_like(share)) if rows.curve is None else rows.curve.actual(share)
    value = rows.size * rows.correction.factor * actual
    slope = np.where(share > 0, elasticity * value / np.where(share > 0, share, 1.0), 0.0)
    own = basic.frame["se"].to_numpy(dtype=float)
    if rows.binomial is not None:
        own = np.sqrt(share * (1 - share) / rows.binomial)
    se = np.sqrt((slope * own) ** 2 + value**2 * np.diag(rows.correction.relative))
    known = np.isfinite(own)
    se = np.where(known, se, np.nan)
    df = basic.frame["df"].to_numpy(dtype=float)
    if rows.binomial is not None:
        df = np.full_like(df, np.inf)
    lower, upper = general(rows.interval, value, np.where(se > 0, se, np.nan), df, rows.level)
    # Nobody known among all those asked is no proof that there is nobody.
    none = value == 0
    se = np.where(none, np.nan, se)
    columns = {
        "value": value, "se": se, "lower": np.where(none, np.nan, lower), "upper": np.where(none, np.nan, upper),
        "df": np.where(np.isinf(df), np.nan, df), "quantity": str(quantity), "method": str(method),
        "interval_kind": [rows.interval if np.isfinite(low) and not zero else "" for low, zero in zip(lower, none, strict=True)],
        "deff": np.nan if rows.binomial is not None else basic.frame["deff"].to_numpy(dtype=float),
    }  # fmt: skip
    frame = basic.frame.assign(**columns).astype({name: str(basic.frame[name].dtype) for name in columns})
    return replace(
        basic,
        frame=frame,
        covariance_matrix=_covariance(basic.covariance_matrix, rows, slope, value, none),
        reasons=_reasons(basic.reasons, none, columns["interval_kind"], rows.interval, value),
        assumptions=each_once([*assumptions, *(a for a in basic.assumptions if str(a.code) not in left_out)]),
        diagnostics={**basic.diagnostics, **(diagnostics or {})},
        provenance=replace(basic.provenance, call=call, arguments={**basic.provenance.arguments, **arguments}),
    )


def _covariance(matrix: Floats | None, rows: ScaledRows, slope: Floats, value: Floats, none: Any) -> Floats | None:
    if matrix is None or rows.binomial is not None:
        return None
    result = matrix * np.outer(slope, slope) + rows.correction.relative * np.outer(value, value)
    result[none, :], result[:, none] = np.nan, np.nan
    return result


def _reasons(
    before: Sequence[Reason], none: Any, kinds: Sequence[str], interval: str, value: Floats
) -> tuple[Reason, ...]:
    """Those of the shares but for what is said of their limits, and why rows have none now."""
    told = [reason for reason in before if reason.code not in (INTERVAL_NOT_DEFINED, ZERO_CASES)]
    explained = {reason.row for reason in told}
    for row, kind in enumerate(kinds):
        if none[row]:
            told.append(ZERO_CASES.at(row))
        elif not kind and np.isfinite(value[row]) and row not in explained:
            told.append(INTERVAL_NOT_DEFINED.at(row, kind=interval))
    return tuple(told)
