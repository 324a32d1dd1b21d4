"""Multiple imputation: estimates from several completed data sets put together by Rubin's rules (`fl.pool`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from fl_estimate.design.intervals import GENERAL, general, proportion
from fl_estimate.design.totals import Floats
from fl_estimate.errors import EstimateFault, listed, numbers_given
from fl_estimate.estimators.pooled_regression import pooled_regression
from fl_estimate.results.basis import Support, weakest
from fl_estimate.results.codes import PREVALENCE, WALD, AssumptionCode, MethodName, Reason, ReasonCode
from fl_estimate.results.columns import HEAD
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.recipe import joined

MULTIPLE_IMPUTATION = MethodName("multiple-imputation")
POOLED_WITHOUT_ERROR = ReasonCode("pooled_without_error")
IMPUTED_SEVERAL_TIMES = AssumptionCode("imputed_several_times", "m")


@method(kind=None, basis=None, family="survey")
def pool(estimates: Sequence[Estimates], *, df: float | None = None) -> Estimates:
    """Pool estimates of the same things from several imputed data sets into one result.

    Use it where missing answers were imputed several times, each completed file was estimated by the same call, and the
    uncertainty of the imputation belongs into the standard error.

    Parameters
    ----------
    estimates : sequence of Estimates
        One an imputation, two at least, of any function of this package, with the same rows.
    df : float, optional
        Degrees of freedom that complete data would have; taken from the column `df` (the least of the imputations). With
        ``math.inf`` the degrees of freedom are Rubin's of 1987, as in R's ``MIcombine``.

    Returns
    -------
    Estimates
        With the means of the values, `se` that holds both variances, and intervals of the kind the estimates have.
        Regressions give a Regression, with `coefficients` and `term_test` (Wald's).
        ``diagnostics["missing_information"]`` is the fraction of information that the missing answers cost, by row.

    Raises
    ------
    EstimateFault
        FL-EST-234 (fewer than two results, or their rows differ), FL-EST-235 (of different populations, times or levels).

    Notes
    -----
    T = W + (1 + 1/m) B, W the mean of the covariances, B the covariance of the values. r = (1 + 1/m) B/W;
    ν = (m − 1)(1 + 1/r)². With finite complete-data degrees of freedom ν_c: 1/(1/ν + 1/ν_o),
    ν_o = (ν_c + 1)/(ν_c + 3) ν_c (1 − γ), γ = (1 + 1/m) B/T. Missing information: (r + 2/(ν + 3))/(r + 1).

    References
    ----------
    Rubin (1987), Multiple Imputation for Nonresponse in Surveys, ch. 3. Barnard and Rubin (1999), Biometrika 86,
    948-955.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"ea": [1, 1, 2, 2, 3, 3], "a": [40.0, 44, 50, 58, 41, 60], "b": [40.0, 44, 52, 58, 41, 55]})
    >>> each = [fl.estimate_mean(people.rename(columns={name: "hours"}), "hours", design=fl.Design(psu="ea", unweighted=True)) for name in "ab"]
    >>> pooled = fl.pool(each)
    >>> round(pooled.value, 3), round(pooled.se, 3), pooled.to_frame()["df"].round(3).item()
    (48.583, 3.686, 1.183)
    """
    parts = list(estimates)
    _check(parts)
    frames = [part.frame for part in parts]
    values = np.stack([frame["value"].to_numpy(dtype=float) for frame in frames])
    complete = (
        complete_df(frames)
        if df is None
        else np.full(len(frames[0]), numbers_given(df, "df", "FL-EST-18", "a number above 0")[0])
    )
    found = combine(values, [covariance_of(part) for part in parts], complete)
    frame = pooled_frame(frames, found, str(frames[0]["quantity"].iloc[0]) if len(frames[0]) else "")
    first = parts[0]
    recipe = joined(
        [part.recipe for part in parts],
        call="pool",
        arguments={"of": first.provenance.to_dict(), "imputations": len(parts)},
        assumptions=[*first.assumptions, IMPUTED_SEVERAL_TIMES.held(m=len(parts))],
        one_sample=True,
    )
    pooled = Estimates(
        frame=frame,
        by=first.by,
        measure=recipe.measure,
        population=recipe.population,
        wording=first.wording,
        reference_period=recipe.reference_period,
        reasons=_reasons(parts, frame),
        assumptions=recipe.assumptions,
        diagnostics={"imputations": len(parts), "missing_information": found.information.tolist()},
        provenance=recipe.provenance,
        covariance_matrix=found.covariance,
        support=Support.least([part.support for part in parts]),
    )
    return pooled_regression(parts, pooled)


def complete_df(frames: Sequence[pd.DataFrame]) -> Floats:
    """Degrees of freedom of complete data: the least of the imputations; without end where nobody says."""
    least = np.min([frame["df"].to_numpy(dtype=float) for frame in frames], axis=0)
    return np.where(np.isnan(least), np.inf, least)


@dataclass(frozen=True, kw_only=True)
class Combined:
    """What Rubin's rules make of several imputations, by row; `information` is the fraction of it that is missing."""

    value: Floats
    se: Floats
    df: Floats
    information: Floats
    covariance: Floats | None


def combine(values: Floats, covariances: Sequence[Floats], complete: Floats) -> Combined:
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
    return Combined(
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
        place + 1
        for place, part in enumerate(parts)
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


def _check(parts: Sequence[Estimates]) -> None:
    if len(parts) < 2:
        raise EstimateFault(
            "FL-EST-234", "pooling needs the results of two imputations at least", found=f"{len(parts)}",
            fix="estimate each completed data set by the same call and pass the list",
        )  # fmt: skip
    require_same_rows(parts)
    about = {(part.population, part.reference_period, part.measure) for part in parts}
    levels = {float(level) for part in parts for level in part.frame["level"]}
    if len(about) > 1 or len(levels) > 1:
        raise EstimateFault(
            "FL-EST-235", "the results to be pooled speak of different populations, times or levels",
            found=f"{len(about)} kinds, {len(levels)} levels", fix="pool imputations of one survey, made by one call",
        )  # fmt: skip


def pooled_frame(frames: Sequence[pd.DataFrame], found: Combined, quantity: str, *, kind: str = "") -> pd.DataFrame:
    """The rows of the first with pooled figures and limits, of a kind (else of that which most imputations have)."""
    frame = frames[0].copy()
    for name in ("n", "cases", "undetermined"):
        mean = pd.concat([one[name].astype("Float64") for one in frames], axis=1).mean(axis=1)
        frame[name] = mean.round().astype("Int64") if name != "undetermined" else mean.astype(float)
    frame["value"], frame["se"], frame["df"] = found.value, found.se, found.df
    # What was met in the first imputation is not that of all.
    frame["psus_with_cases"], frame["df_effective"] = pd.array([pd.NA] * len(frame), dtype="Int64"), np.nan
    frame["deff"] = np.nan
    frame["basis"] = pd.array(
        [weakest(row) for row in zip(*(one["basis"] for one in frames), strict=True)], dtype="string"
    )
    frame["method"] = pd.array([str(MULTIPLE_IMPUTATION)] * len(frame), dtype="string")
    lower, upper, said = np.full(len(frame), np.nan), np.full(len(frame), np.nan), [""] * len(frame)
    for place in range(len(frame)):
        each = [one.iloc[place] for one in frames]
        lower[place], upper[place], said[place] = _limits(frame.iloc[place], each, quantity, kind)
    frame["lower"], frame["upper"] = lower, upper
    frame["interval_kind"] = pd.array(said, dtype="string")
    return frame


def _limits(row: pd.Series[Any], each: Sequence[pd.Series[Any]], quantity: str, asked: str) -> tuple[float, float, str]:
    """Limits of a pooled row, of the kind that was asked for, or that most imputations have."""
    value, se, df, level = (np.array([float(row[name])]) for name in ("value", "se", "df", "level"))
    named = [str(one["interval_kind"]) for one in each if one["interval_kind"]]
    kind = max(dict.fromkeys(named), key=named.count) if named else WALD
    without = kind
    kind = asked or kind
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


def _reasons(parts: Sequence[Estimates], frame: pd.DataFrame) -> tuple[Reason, ...]:
    """The reasons of any imputation, each once, and the rows without a standard error in some of them."""
    seen = dict.fromkeys((reason.row, reason.code, reason.parameters) for part in parts for reason in part.reasons)
    reasons = [Reason(code=code, row=row, parameters=told) for row, code, told in seen]
    lacking = np.flatnonzero(frame["se"].isna().to_numpy())
    reasons += [POOLED_WITHOUT_ERROR.at(row) for row in lacking]
    return tuple(reasons)
