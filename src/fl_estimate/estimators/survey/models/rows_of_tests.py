"""A test as rows of a result, so that it can be published: its p-value, its statistic, and the estimate where there is one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from fl_estimate.design.domains import By
from fl_estimate.estimators.survey.models.by_domain import in_every_domain, stack_domains
from fl_estimate.estimators.survey.weighted_call import Call
from fl_estimate.results.basis import Support
from fl_estimate.results.build import build
from fl_estimate.results.codes import (
    CHI_SQUARE,
    F_STATISTIC,
    NUMERATOR_DF,
    P_VALUE,
    T_STATISTIC,
    TESTED_ESTIMATE,
    WALD,
    MethodName,
    Quantity,
)
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.recipe import Recipe
from fl_estimate.results.survey_test import SurveyTest

STATISTICS: Mapping[str, Quantity] = {"F": F_STATISTIC, "X²": CHI_SQUARE, "t": T_STATISTIC}


def with_rows(
    *, outcome: str, term: str, recipe: Recipe, support: Support, method: MethodName, **told: Any
) -> SurveyTest:
    """A test, with the same as rows.

    Parameters
    ----------
    outcome, term : str
        What is tested, and by what: a variable and its groups, a model and its term.
    recipe : Recipe
    support : Support
        The smallest group that is compared: one row.
    method : MethodName
        How the variances were made.
    **told
        The other fields of `SurveyTest`.
    """
    empty = build(
        {"value": np.zeros(0)},
        quantity=P_VALUE,
        method=method,
        basis="respondents",
        recipe=recipe,
        support=Support.unknown(0),
    )
    test = SurveyTest(**told, provenance=recipe.provenance, rows=empty)
    quantities, values = [P_VALUE, STATISTICS[test.statistic_name]], [test.p_value, test.statistic]
    if len(test.df) == 2:
        quantities, values = [*quantities, NUMERATOR_DF], [*values, test.df[0]]
    if not np.isnan(test.estimate):
        quantities, values = [*quantities, TESTED_ESTIMATE], [*values, test.estimate]
    size, last = len(values), np.array([quantity == TESTED_ESTIMATE for quantity in quantities])
    rows = build(
        {
            "outcome": outcome, "term": term, "value": values, "n": test.n, "level": test.level,
            "df": test.df[-1] if test.df else np.nan, "se": np.where(last, test.se, np.nan),
            "lower": np.where(last, test.lower, np.nan), "upper": np.where(last, test.upper, np.nan),
            "interval_kind": [WALD if one and not np.isnan(test.lower) else "" for one in last],
        },
        quantity=quantities,
        method=method,
        basis="respondents",
        recipe=recipe,
        support=support.take([0] * size),
    )  # fmt: skip
    return replace(test, rows=rows)


def in_domains(call: Call, by: By, make: Callable[[Call], SurveyTest]) -> SurveyTest | Estimates:
    """A test; with by= the rows of one for the nation and for every domain."""
    if not by:
        return make(call)
    return stack_domains(call, in_every_domain(call, lambda one: make(one).rows))
