"""Covariates of models of indirect answers: a formula read, its columns made of the people, and on whom each coefficient rests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fl_estimate.arrays import Bools, Floats
from fl_estimate.errors import EstimateFault, require_name, shown
from fl_estimate.estimators.hidden.indirect.indirect_groups import inside_of
from fl_estimate.estimators.survey.models.model_columns import columns_of_terms, right_side, spelled
from fl_estimate.estimators.survey.models.model_data import ModelData
from fl_estimate.estimators.survey.models.model_fit import check_columns
from fl_estimate.estimators.survey.models.model_formula import depends_on_rows, read_formula
from fl_estimate.estimators.survey.models.model_support import coefficient_support
from fl_estimate.results.basis import Support


@dataclass(frozen=True, kw_only=True)
class Covariates:
    """A formula of an indirect answer.

    Attributes
    ----------
    formula : str
        ``answer ~ terms``; ``answer ~ 1`` where there are none.
    outcome : str
        The column of answers.
    variables : tuple of str
        Every column of the right-hand side.
    parsed : object
        As formulaic reads it.
    """

    formula: str
    outcome: str
    variables: tuple[str, ...]
    parsed: Any

    @property
    def each_row(self) -> bool:
        """Whether a column depends on all rows together."""
        return depends_on_rows(self.formula)

    def matrix(self, data: ModelData) -> tuple[Floats, list[str], list[list[int]]]:
        """The design matrix by group, the names of its columns, and the columns of each term."""
        if not self.variables:
            return np.ones((len(data.patterns), 1)), ["Intercept"], [[0]]
        x, spec = right_side(data.patterns, self.formula, self.parsed)
        names = [spelled(str(name)) for name in spec.column_names]
        check_columns(x, data.pattern_weight, names)
        return x, names, columns_of_terms(spec)


def of_covariates(answer: str, covariates: str | None) -> Covariates:
    """The covariates of a prevalence, as the right-hand side of a formula."""
    require_name(answer, "answer")
    if covariates is None:
        return Covariates(formula=f"{answer} ~ 1", outcome=answer, variables=(), parsed=None)
    require_name(covariates, "covariates", fix='write them as a formula, "age + sex"')
    try:
        return of_formula(f"`{answer}` ~ {covariates.strip().removeprefix('~')}")
    except EstimateFault as fault:
        if fault.code != "FL-EST-220":
            raise
        # A text that is no formula may be an answer that was passed by mistake.
        raise EstimateFault(
            "FL-EST-220", "the formula cannot be used", found=f"covariates={shown(covariates)}",
            fix='the right-hand side alone, such as "age + sex + C(region)"',
        ) from None  # fmt: skip


def of_formula(formula: str) -> Covariates:
    """A whole formula; the outcome must be a column by itself.

    Raises
    ------
    EstimateFault
        FL-EST-220; FL-EST-649.
    """
    outcome, columns, parsed = read_formula(formula)
    if not outcome:
        raise EstimateFault(
            "FL-EST-649", "the outcome of a model of indirect answers is a column of answers as they were given",
            found=repr(formula), fix='name the column alone: "count ~ age + sex"',
        )  # fmt: skip
    right = tuple(name for name in columns if name != outcome)
    if outcome in [name for term in parsed.rhs for name in _columns(term)]:
        raise EstimateFault(
            "FL-EST-649", "the outcome of a model of indirect answers is a column of answers as they were given",
            found=f"{formula!r}: the outcome is a covariate as well", fix="leave it out on the right",
        )  # fmt: skip
    return Covariates(formula=formula, outcome=outcome, variables=right, parsed=parsed)


def _columns(term: Any) -> list[str]:
    from fl_estimate.estimators.survey.models.model_formula import columns_of_term

    return columns_of_term(term)


def support_of_arms(
    data: ModelData, x: Floats, answer: Floats, columns: Sequence[Sequence[int]], df: float, arms: Sequence[Bools]
) -> Support:
    """On whom each column rests: the smallest of the arms that it is estimated from."""
    parts = [coefficient_support(inside_of(data, own), x[own], answer[own], columns, df) for own in arms if own.any()]
    return Support.least(parts)
