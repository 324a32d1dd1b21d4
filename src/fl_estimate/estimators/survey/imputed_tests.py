"""Tests of imputed answers: a t test by Rubin's rules, other statistics by the rule of Li, Meng, Raghunathan and Rubin."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from fl_estimate.design.domains import by_margins
from fl_estimate.design.small_table import Floats
from fl_estimate.errors import EstimateFault, listed
from fl_estimate.estimators.survey.imputed import IMPUTE, Imputed
from fl_estimate.estimators.survey.models.imputed_pooling import imputed_recipe
from fl_estimate.estimators.survey.models.rows_of_tests import with_rows
from fl_estimate.estimators.survey.rubin import MULTIPLE_IMPUTATION, combine
from fl_estimate.estimators.survey.targets import names_in
from fl_estimate.estimators.survey.weighted_call import Call
from fl_estimate.results.codes import Assumption, AssumptionCode
from fl_estimate.results.survey_test import SurveyTest

STATISTICS_POOLED = AssumptionCode("statistics_pooled", "m")


def pooled_statistic(statistics: Floats, k: float, df: float) -> tuple[float, float, float]:
    """Test statistics on χ² scales of several imputations as one F.

    Parameters
    ----------
    statistics : array, shape (imputations,)
        Each about χ² with `k` degrees of freedom where there is nothing to find.
    k : float
    df : float
        Those of the design, which the denominator does not exceed.

    Returns
    -------
    f, denominator, p : float

    Notes
    -----
    r = (1 + 1/m) var(√d); F = (d̄/k − (m + 1)/(m − 1) r)/(1 + r), at least 0, with k and k^(−3/m) (m − 1)(1 + 1/r)² degrees of
    freedom.

    References
    ----------
    Li, Meng, Raghunathan and Rubin (1991), Statistica Sinica 1, 65-92.
    """
    from scipy import stats

    m = len(statistics)
    r = (1 + 1 / m) * float(np.var(np.sqrt(np.maximum(statistics, 0.0)), ddof=1))
    f = max((float(np.mean(statistics)) / k - (m + 1) / (m - 1) * r) / (1 + r), 0.0)
    own = np.inf if r == 0 else k ** (-3 / m) * (m - 1) * (1 + 1 / r) ** 2
    denominator = min(float(own), df)
    p = float(stats.f.sf(f, k, denominator)) if np.isfinite(denominator) else float(stats.chi2.sf(k * f, k))
    return f, denominator, p


def of_draws(call: Call, test: Callable[[Call], SurveyTest]) -> Callable[[Call], SurveyTest]:
    """A test of people as they are; of a call whose answers were imputed, that of every draw put together.

    Raises
    ------
    EstimateFault
        FL-EST-462: the domains, or a condition beside them, are made of imputed answers.
    """
    if call.unknown != IMPUTE:
        return test
    by = [column for margin in by_margins(call.by) for column in margin]
    changing = [name for name in call.drawn if by and name in (*by, *names_in(call.where, list(call.people.schema)))]
    if changing:
        raise EstimateFault(
            "FL-EST-462", "the domains of a test cannot be made of imputed answers", found=listed(changing),
            fix="test one domain at a time, with where= and without by=",
        )  # fmt: skip

    def pooled(one: Call) -> SurveyTest:
        each = [test(one.of_draw(position)) for position in range(1, one.imputed.draws + 1)]
        return pooled_test(each, test(one), one.imputed)

    return pooled


def pooled_test(each: Sequence[SurveyTest], given: SurveyTest, drawn: Imputed) -> SurveyTest:
    """The tests of the draws as one; who was compared, and how many, is of the answers as given."""
    from scipy import stats

    if np.isnan(given.estimate):
        return _of_statistics(each, given, drawn)
    values = np.array([[test.estimate] for test in each])
    result = combine(values, [np.array([test.se**2]) for test in each], np.array([min(test.df[0] for test in each)]))
    value, se, df = float(result.value[0]), float(result.se[0]), float(result.df[0])
    # Each statistic is (estimate − what it was tested against)/se, of draws in which there is a standard error.
    tested = next((test for test in each if test.se > 0), each[0])
    against = tested.estimate - tested.statistic * tested.se
    statistic = (value - against) / se if se > 0 else np.nan
    reach = float(stats.t.ppf((1 + given.level) / 2, df)) * se if df > 0 else np.nan
    made = {
        "statistic": statistic, "df": (df,), "estimate": value, "se": se, "lower": value - reach, "upper": value + reach,
        "p_value": float(2 * stats.t.sf(abs(statistic), df)) if df > 0 else np.nan,
    }  # fmt: skip
    return _to_test(given, drawn, made)


def _of_statistics(each: Sequence[SurveyTest], given: SurveyTest, drawn: Imputed) -> SurveyTest:
    # An F has its numerator's degrees of freedom first; Pearson's χ² is divided by the mean of Rao and Scott's eigenvalues.
    fisher = len(given.df) == 2
    k = float(np.mean([test.df[0] for test in each])) if given.df else float(len(given.scales))
    scale = np.array([k if fisher else 1 / float(np.mean(test.scales)) for test in each])
    least = min(test.df[1] for test in each) if fisher else np.inf
    f, denominator, p = pooled_statistic(np.array([test.statistic for test in each]) * scale, k, least)
    made = {"statistic_name": "F", "statistic": f, "df": (k, denominator), "p_value": p, "scales": ()}
    return _to_test(given, drawn, made, extra=(STATISTICS_POOLED.assume(m=drawn.draws),))


def _to_test(
    given: SurveyTest, drawn: Imputed, made: Mapping[str, Any], *, extra: tuple[Assumption, ...] = ()
) -> SurveyTest:
    """The test with its rows: of the pooled numbers, resting on what was answered."""
    first, recipe = given.rows.frame.iloc[0], imputed_recipe(given.rows, drawn)
    told = {name: getattr(given, name) for name in ("name", "statistic_name", "level", "groups", "scales", "n")}
    return with_rows(
        outcome=str(first["outcome"]), term=str(first["term"]),
        recipe=replace(recipe, assumptions=(*recipe.assumptions, *extra)),
        support=given.rows.support.take([0]), method=MULTIPLE_IMPUTATION, **{**told, **made},
    )  # fmt: skip
