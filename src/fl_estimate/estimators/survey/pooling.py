"""Multiple imputation: estimates from several completed data sets put together by Rubin's rules (`fl.pool`)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from fl_estimate.errors import EstimateFault, numbers_given
from fl_estimate.estimators.survey.models.pooled_regression import pooled_regression
from fl_estimate.estimators.survey.rubin import (
    POOLED_WITHOUT_ERROR,
    combine,
    complete_df,
    covariance_of,
    pooled_frame,
    require_same_rows,
)
from fl_estimate.results.basis import Support
from fl_estimate.results.codes import AssumptionCode, Reason
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.recipe import joined

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
    result = combine(values, [covariance_of(part) for part in parts], complete)
    frame = pooled_frame(frames, result, str(frames[0]["quantity"].iloc[0]) if len(frames[0]) else "")
    first = parts[0]
    recipe = joined(
        [part.recipe for part in parts],
        call="pool",
        arguments={"of": first.provenance.to_dict(), "imputations": len(parts)},
        assumptions=[*first.assumptions, IMPUTED_SEVERAL_TIMES.assume(m=len(parts))],
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
        diagnostics={"imputations": len(parts), "missing_information": result.information.tolist()},
        provenance=recipe.provenance,
        covariance_matrix=result.covariance,
        support=Support.least([part.support for part in parts]),
    )
    return pooled_regression(parts, pooled)


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


def _reasons(parts: Sequence[Estimates], frame: pd.DataFrame) -> tuple[Reason, ...]:
    """The reasons of any imputation, each once, and the rows without a standard error in some of them."""
    seen = dict.fromkeys((reason.row, reason.code, reason.parameters) for part in parts for reason in part.reasons)
    reasons = [Reason(code=code, row=row, parameters=told) for row, code, told in seen]
    lacking = np.flatnonzero(frame["se"].isna().to_numpy())
    reasons += [POOLED_WITHOUT_ERROR.at(row) for row in lacking]
    return tuple(reasons)
