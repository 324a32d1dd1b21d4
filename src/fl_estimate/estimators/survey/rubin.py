"""Rubin's rules: values and covariances of several imputations put together, with the degrees of freedom of Barnard and Rubin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from fl_estimate.design.intervals import GENERAL, general, proportion
from fl_estimate.design.small_table import Floats
from fl_estimate.errors import EstimateFault, listed
from fl_estimate.results.basis import weakest
from fl_estimate.results.codes import PREVALENCE, WALD, MethodName, ReasonCode
from fl_estimate.results.columns import HEAD
from fl_estimate.results.estimates import Estimates

MULTIPLE_IMPUTATION = MethodName("multiple-imputation")
POOLED_WITHOUT_ERROR = ReasonCode("pooled_without_error")


def complete_df(frames: Sequence[pd.DataFrame]) -> Floats:
    """Degrees of freedom of complete data: the least of those that imputations say; without end where none does."""
    said = np.stack([frame["df"].to_numpy(dtype=float) for frame in frames])
    return np.where(np.isnan(said), np.inf, said).min(axis=0)


@dataclass(frozen=True, kw_only=True)
class PooledImputations:
    """What Rubin's rules make of several imputations, by row; `information` is the fraction of it that is missing."""

    value: Floats
    se: Floats
    df: Floats
    information: Floats
    covariance: Floats | None


def combine(values: Floats, covariances: Sequence[Floats], complete: Floats) -> PooledImputations:
    """Rubin's rules; `covariances` are matrices, or variances alone where there are no matrices."""
    m = len(values)
    mean = values.mean(axis=0)
    away = values - mean
    within = np.mean(covariances, axis=0)
    joint = within.ndim == 2
    between = away.T @ away / (m - 1) if joint else (away**2).sum(axis=0) / (m - 1)
    total = within + (1 + 1 / m) * between
    w, b = (np.diag(within), np.diag(between)) if joint else (within, between)
    t = np.diag(total) if joint else total
    with np.errstate(divide="ignore", invalid="ignore"):
        r = (1 + 1 / m) * b / w
        rubin = np.where(b > 0, (m - 1) * (1 + 1 / r) ** 2, np.inf)
        gamma = np.where(t > 0, (1 + 1 / m) * b / t, 0.0)
        observed = np.where(np.isinf(complete), np.inf, (complete + 1) / (complete + 3) * complete * (1 - gamma))
        df = 1 / (1 / rubin + 1 / observed)
        information = np.where(b > 0, (r + 2 / (rubin + 3)) / (r + 1), 0.0)
        # All of the variance is between: r is infinite and the information is all missing.
        information = np.where(np.isinf(r), 1.0, information)
    df = np.where(complete > 0, df, complete)
    return PooledImputations(
        value=mean, se=np.sqrt(t), df=df, information=information, covariance=total if joint else None
    )  # fmt: skip


def covariance_of(part: Estimates) -> Floats:
    """The matrix where there is one that agrees with the standard errors; the variances where not."""
    variance = part.frame["se"].to_numpy(dtype=float) ** 2
    if part.covariance_matrix is None:
        return variance
    matrix = part.covariance_matrix.copy()
    np.fill_diagonal(matrix, variance)
    return matrix


def require_same_rows(parts: Sequence[Estimates]) -> None:
    """FL-EST-234 where results do not have the same rows."""
    first = parts[0]
    keys = [*HEAD, *first.by, "bound"]
    other = [
        position + 1
        for position, part in enumerate(parts)
        if part.by != first.by
        or len(part) != len(first)
        or not part.frame[keys].astype("string").fillna("").equals(first.frame[keys].astype("string").fillna(""))
        or (part.covariance_matrix is None) != (first.covariance_matrix is None)
    ]
    if other:
        raise EstimateFault(
            "FL-EST-234", "the results to be pooled do not have the same rows", found=f"results {listed(other)}",
            fix="make the same call on every completed data set; classes that one of them lacks must be declared",
        )  # fmt: skip


def pooled_frame(
    frames: Sequence[pd.DataFrame], pooled: PooledImputations, quantity: str, *, kind: str = ""
) -> pd.DataFrame:
    """The rows of the first with pooled figures and limits, of a kind (else of that which most imputations have)."""
    frame = frames[0].copy()
    for name in ("n", "cases", "undetermined"):
        mean = pd.concat([one[name].astype("Float64") for one in frames], axis=1).mean(axis=1)
        frame[name] = mean.round().astype("Int64") if name != "undetermined" else mean.astype(float)
    frame["value"], frame["se"], frame["df"] = pooled.value, pooled.se, pooled.df
    # What was met in the first imputation is not that of all.
    frame["psus_with_cases"], frame["df_effective"] = pd.array([pd.NA] * len(frame), dtype="Int64"), np.nan
    frame["deff"] = np.nan
    frame["basis"] = pd.array(
        [weakest(row) for row in zip(*(one["basis"] for one in frames), strict=True)], dtype="string"
    )
    frame["method"] = pd.array([str(MULTIPLE_IMPUTATION)] * len(frame), dtype="string")
    lower, upper, said = np.full(len(frame), np.nan), np.full(len(frame), np.nan), [""] * len(frame)
    for position in range(len(frame)):
        each = [one.iloc[position] for one in frames]
        lower[position], upper[position], said[position] = _limits(frame.iloc[position], each, quantity, kind)
    frame["lower"], frame["upper"] = lower, upper
    frame["interval_kind"] = pd.array(said, dtype="string")
    return frame


def _limits(
    row: pd.Series[Any], each: Sequence[pd.Series[Any]], quantity: str, requested: str
) -> tuple[float, float, str]:
    """Limits of a pooled row, of the kind that was asked for, or that most imputations have."""
    value, se, df, level = (np.array([float(row[name])]) for name in ("value", "se", "df", "level"))
    named = [str(one["interval_kind"]) for one in each if one["interval_kind"]]
    kind = max(dict.fromkeys(named), key=named.count) if named else WALD
    without = kind
    kind = requested or kind
    if np.isnan(se[0]) or not df[0] > 0:
        return np.nan, np.nan, ""
    if se[0] == 0:
        # No imputation has a case (or all have nothing else): one-sided limits, which hold no standard error.
        return float(np.mean([one["lower"] for one in each])), float(np.mean([one["upper"] for one in each])), without
    if quantity == PREVALENCE:
        lower, upper = proportion(kind, value, se, np.array([float(row["n"])]), df, float(level[0]))
    else:
        kind = kind if kind in GENERAL and (kind != "log" or value[0] > 0) else WALD
        lower, upper = general(kind, value, se, df, float(level[0]))
    return float(lower[0]), float(upper[0]), kind
