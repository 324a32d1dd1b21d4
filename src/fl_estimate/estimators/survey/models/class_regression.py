"""Regression of an outcome of several classes: `fl.regress_ordinal` and `fl.regress_multinomial`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd

from fl_estimate.design.domains import By
from fl_estimate.design.small_table import Codes, Floats
from fl_estimate.errors import EstimateFault, not_one_of
from fl_estimate.estimators.survey.domain_query import declared
from fl_estimate.estimators.survey.imputed import IMPUTE
from fl_estimate.estimators.survey.models.class_models import CURVES, ClassFamily
from fl_estimate.estimators.survey.models.fitted_model import FittedClasses, no_maximum
from fl_estimate.estimators.survey.models.imputed_pooling import over_draws
from fl_estimate.estimators.survey.models.kept_model import KeptModel
from fl_estimate.estimators.survey.models.model_columns import columns_of_terms, right_side, spelled
from fl_estimate.estimators.survey.models.model_data import ModelData, read_model
from fl_estimate.estimators.survey.models.model_fit import check_columns
from fl_estimate.estimators.survey.models.model_formula import depends_on_rows, read_formula
from fl_estimate.estimators.survey.models.model_support import coefficient_support
from fl_estimate.estimators.survey.models.model_variance import Covariance, covariance, degrees_of_freedom
from fl_estimate.estimators.survey.models.regression import people_changed
from fl_estimate.estimators.survey.models.regression_result import (
    Regression,
    by_domain,
    kept_of,
    regression_of,
    with_session,
)
from fl_estimate.estimators.survey.weighted_call import Call, DfRule, VarianceRule, only_exclude
from fl_estimate.inputs.sample_design import Design
from fl_estimate.results.basis import Support
from fl_estimate.results.methods import method
from fl_estimate.results.roles import FORMULA, GROUPS, NOT_IN_FILE, PEOPLE, InFile, Level, MoreThanZero, Where

OrdinalLink = Literal["logit", "probit", "loglog", "cloglog"]


@dataclass(frozen=True, kw_only=True)
class _ClassModel:
    """Which model of classes was asked for."""

    formula: str
    name: Literal["ordinal", "multinomial"]
    link: str
    order: tuple[Any, ...] | None = None
    first: Any = None

    @property
    def no(self) -> Any:
        """The class that means no, where it was named."""
        return self.first if self.order is None else next(iter(self.order), None)


@method(kind="regression", basis="respondents", family="survey", chosen=True)
def regress_ordinal(
    people: Annotated[Any, PEOPLE],
    formula: Annotated[str, FORMULA],
    *,
    order: Annotated[Sequence[Any] | None, InFile(list[str | int | float])] = None,
    link: OrdinalLink = "logit",
    design: Annotated[Design | None, NOT_IN_FILE] = None,
    by: Annotated[By, GROUPS] = None,
    where: Where = None,
    unknown: Literal["no", "exclude", "impute"] | None = None,
    variance: VarianceRule | None = None,
    df: DfRule | MoreThanZero = "domain",
    level: Level = 0.95,
) -> Regression:
    """Fit a cumulative model (proportional odds) to an outcome of ordered classes, such as severity.

    Parameters
    ----------
    people, design, by, where, variance, df, level
        As in `regress`.
    unknown : {"no", "exclude", "impute"}, optional
        As in `regress`; "impute" pools the fits of the draws, of people from `fl.impute`; "no" counts an unknown outcome as the first class of `order`, which has to be given then. With `<outcome>_possible` and `<outcome>_in_scope` beside it
        the outcome is read as classified: only people in scope count, and an unknown class is that one unless it is excluded.
    formula : str
        ``"severity ~ sex + age"``; the outcome is a column of classes, or of a few numbers.
    order : sequence, optional
        The classes from the lowest to the highest. Needed of text whose column does not declare its order.
    link : {"logit", "probit", "loglog", "cloglog"}
        P(y ≤ k) = F(ζ_k − x′β) with F logistic (proportional odds), normal, exp(−exp(−x)) (R's ``svyolr(method="cloglog")``), or
        1 − exp(−exp(x)).

    Returns
    -------
    Regression
        The slopes, then the thresholds, whose `term` is ``"low|high"``. A positive slope goes with higher classes.
        `term_test`, `predict` and `marginal_effects` take it (a row for each class), `marginal_means` does not.

    Raises
    ------
    EstimateFault
        FL-EST-328 (no maximum), FL-EST-329 (classes), and those of `regress`.

    Notes
    -----
    Weighted likelihood; sandwich with the observed information and the design's variance of the score, or fitted again under
    every replicate. df are those of the design less the number of slopes, as in R's ``svyolr``.

    References
    ----------
    McCullagh (1980), Journal of the Royal Statistical Society B 42, 109-142. Binder (1983), International Statistical
    Review 51, 279-292.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"ea": [1, 1, 2, 2, 3, 3, 4, 4, 5, 5], "level": [1, 2, 2, 3, 1, 3, 1, 2, 3, 2], "x": [1, 2, 2, 3, 1, 4, 1, 2, 2, 3]})
    >>> fl.regress_ordinal(people, "level ~ x", design=fl.Design(psu="ea", unweighted=True)).to_frame()["term"].tolist()
    ['x', '1|2', '2|3']
    """
    if link not in CURVES:
        raise not_one_of("FL-EST-321", "this link of an ordinal model", link, tuple(CURVES))
    if unknown not in (None, "no"):
        only_exclude(unknown, imputed=True)
    named = _named(formula, unknown)
    call = Call("regress_ordinal", people, design, by, where, unknown, variance, "wald", df, level, named=named)
    asked = _ClassModel(formula=formula, name="ordinal", link=link, order=None if order is None else tuple(order))
    return _of_call(call, asked)


@method(kind="regression", basis="respondents", family="survey", chosen=True)
def regress_multinomial(
    people: Annotated[Any, PEOPLE],
    formula: Annotated[str, FORMULA],
    *,
    reference: Annotated[Any, InFile(str | int | float)] = None,
    design: Annotated[Design | None, NOT_IN_FILE] = None,
    by: Annotated[By, GROUPS] = None,
    where: Where = None,
    unknown: Literal["no", "exclude", "impute"] | None = None,
    variance: VarianceRule | None = None,
    df: DfRule | MoreThanZero = "domain",
    level: Level = 0.95,
) -> Regression:
    """Fit multinomial logits to an outcome of several classes without an order, such as the form of forced labour.

    Parameters
    ----------
    people, design, by, where, variance, df, level
        As in `regress`.
    unknown : {"no", "exclude", "impute"}, optional
        As in `regress`; "impute" pools the fits of the draws, of people from `fl.impute`; "no" counts an unknown outcome as the `reference`, which has to be given then. With `<outcome>_possible` and `<outcome>_in_scope` beside it
        the outcome is read as classified: only people in scope count, and an unknown class is that one unless it is excluded.
    formula : str
        ``"job ~ sex + age"``; the outcome is a column of classes, or of a few numbers.
    reference : optional
        The class with which the others are compared; the first (declared, or sorted) where not given.

    Returns
    -------
    Regression
        Log-odds of each class against the reference, `term` ``"class: column"``; `coefficients(exponentiate=True)` gives ratios of
        relative risks. `term_test`, `predict` and `marginal_effects` take it (a row for each class), `marginal_means` does not.

    Raises
    ------
    EstimateFault
        FL-EST-328 (no maximum), FL-EST-329 (classes), and those of `regress`.

    Notes
    -----
    Weighted likelihood, sandwich as in `regress_ordinal`; what R's ``svyVGAM::svy_vglm(family=multinomial)`` does. df are those of
    the design, + 1 − p, p the coefficients of one class.

    References
    ----------
    Binder (1983), International Statistical Review 51, 279-292.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"ea": [1, 1, 2, 2, 3, 3, 4, 4, 5, 5], "job": list("abcabcacba"), "x": [1, 2, 2, 3, 1, 4, 1, 2, 2, 3]})
    >>> fl.regress_multinomial(people, "job ~ x", design=fl.Design(psu="ea", unweighted=True)).to_frame()["term"].tolist()
    ['b: Intercept', 'b: x', 'c: Intercept', 'c: x']
    """
    if unknown not in (None, "no"):
        only_exclude(unknown, imputed=True)
    named = _named(formula, unknown)
    call = Call("regress_multinomial", people, design, by, where, unknown, variance, "wald", df, level, named=named)
    asked = _ClassModel(formula=formula, name="multinomial", link="logit", first=reference)
    return _of_call(call, asked)


def _named(formula: str, unknown: str | None) -> tuple[str, ...]:
    """The columns of the model, where it is asked which of them have draws."""
    if unknown != IMPUTE:
        return ()
    outcome, variables, _ = read_formula(formula)
    return (outcome, *variables)


def _of_call(call: Call, model: _ClassModel) -> Regression:
    """The model of people as they are; of imputed answers that of every draw, pooled by Rubin's rules."""

    def fitted(one: Call) -> Regression:
        return by_domain(one, lambda domain: _fitted(domain, model))

    if call.unknown != IMPUTE:
        return fitted(call)
    pooled = over_draws(fitted, call)
    if isinstance(pooled, Regression):
        return pooled
    return Regression(**{each.name: getattr(pooled, each.name) for each in fields(pooled)})


def _fitted(call: Call, asked: _ClassModel) -> Regression:
    model = _fit(call, asked, each_row=depends_on_rows(asked.formula))
    data, family = model.data, model.family
    names, terms = _called(model)
    kept = kept_of(model, names, terms)
    again = (
        replace(asked, order=family.classes) if family.name == "ordinal" else replace(asked, first=family.classes[0])
    )
    each_row = len(data.patterns) == data.rows
    kept = with_session(kept, lambda: _read_again(kept, call, again, each_row=each_row))
    return regression_of(kept, data, _support(model))


def _fit(call: Call, model: _ClassModel, *, each_row: bool, start: Floats | None = None) -> FittedClasses:
    call.check(("wald",))
    outcome, variables, parsed = read_formula(model.formula)
    if not outcome:
        raise _classes("the outcome is not a column", "make one column of classes of it")
    data = read_model(call, outcome, variables, each_row=each_row, classes=True, no=model.no)
    family, y = _outcome(data, outcome, model)
    x, spec = right_side(data.patterns, model.formula, parsed)
    names = [spelled(str(name)) for name in spec.column_names]
    check_columns(x, data.pattern_weight, names)
    kept = tuple(position for position, name in enumerate(names) if name != "Intercept" or family.name == "multinomial")
    x = x[:, list(kept)]
    result = family.fit(x, y, data.pattern_weight, start)
    if not result.converged:
        raise no_maximum(len(result.beta), data.rows)
    design_df = degrees_of_freedom(data, rule=call.df)
    taken = len(kept) if family.name == "ordinal" else len(kept) - 1
    alone = FittedClasses(
        formula=model.formula, family=family, spec=spec, x=x, y=y, kept=kept, data=data, fit=result, design_df=design_df,
        covariance=Covariance(matrix=result.bread), df=design_df - taken if isinstance(call.df, str) else design_df,
    )  # fmt: skip
    if start is not None:
        return alone
    return replace(alone, covariance=covariance(data, result.influence, alone.again, result.beta))


def _read_again(kept: KeptModel, call: Call, asked: _ClassModel, *, each_row: bool) -> FittedClasses:
    """The model with its people, who are read again; the fit starts where it ended."""
    try:
        model = _fit(call, asked, each_row=each_row, start=kept.beta)
    except (EstimateFault, ValueError) as fault:
        raise people_changed(np.nan, kept.n) from fault
    same = model.data.rows == kept.n and len(model.beta) == len(kept.beta)
    if not same or not np.allclose(model.beta, kept.beta, rtol=1e-6, atol=1e-9):
        raise people_changed(model.data.rows, kept.n)
    return replace(model, covariance=kept.covariance, df=kept.df, design_df=kept.design_df)


def _outcome(data: ModelData, outcome: str, model: _ClassModel) -> tuple[ClassFamily, Codes]:
    """The classes of the outcome in their order, and which each pattern has."""
    column, call, ordered = data.patterns[outcome], data.call, model.name == "ordinal"
    text = isinstance(column.dtype, pd.CategoricalDtype)
    met = list(column.cat.categories) if text else sorted(column.unique())
    told = [_value_text(value) for value in met]
    known = declared(call.resolved.frame, call.people.schema, [outcome]).get(outcome, ())
    if ordered and model.order is None and text and not known:
        raise _classes(f"{outcome!r} is text, and its order is not declared", "order=[lowest, …, highest]")
    wanted = (
        told if model.order is None else [_value_text(value) for value in model.order if _value_text(value) in told]
    )
    if model.first is not None:
        if _value_text(model.first) not in told:
            raise _classes(f"nobody counted has the reference of {outcome!r}", "name a class that there is")
        wanted = [_value_text(model.first), *(value for value in told if value != _value_text(model.first))]
    if set(wanted) != set(told) or not 3 <= len(told) <= 20:
        raise _classes(
            f"{outcome!r}: {len(told)} classes, {len(wanted)} of them named", "3 to 20 classes, all of them in order="
        )
    position = {value: wanted.index(said) for value, said in zip(met, told, strict=True)}
    y = np.array([position[value] for value in column], dtype=np.int64)
    return ClassFamily(name=model.name, link=model.link, classes=tuple(wanted)), y


def _value_text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _classes(found: str, fix: str) -> EstimateFault:
    return EstimateFault("FL-EST-329", "the classes of the outcome cannot be used", found=found, fix=fix)


def _called(model: FittedClasses) -> tuple[list[str], dict[str, list[int]]]:
    """What the coefficients are called, and which are those of each term."""
    names = [spelled(str(name)) for name in model.spec.column_names]
    position = {column: at for at, column in enumerate(model.kept)}
    of_term = {
        str(t): [position[c] for c in columns if c in position] for t, columns in model.spec.term_indices.items()
    }
    of_term = {term: positions for term, positions in of_term.items() if positions}
    classes, own = model.family.classes, [names[column] for column in model.kept]
    if model.family.name == "ordinal":
        return [*own, *(f"{low}|{high}" for low, high in pairwise(classes))], of_term
    repeated = {
        term: [each * len(own) + position for each in range(len(classes) - 1) for position in positions]
        for term, positions in of_term.items()
    }
    return [f"{each}: {name}" for each in classes[1:] for name in own], repeated


def _support(model: FittedClasses) -> Support:
    """The smallest of each class of the outcome: a coefficient could tell any of them."""
    position = {column: at for at, column in enumerate(model.kept)}
    terms = [[position[c] for c in term if c in position] for term in columns_of_terms(model.spec)]
    own = _least(model, model.x, [term for term in terms if term])
    if model.family.name == "multinomial":
        return Support.joined([own] * (len(model.family.classes) - 1))
    # A threshold rests on everybody, and on the smallest class of all.
    whole = _least(model, np.ones((len(model.x), 1)), [[0]])
    return Support.joined([own, whole.take([0] * (len(model.family.classes) - 1))])


def _least(model: FittedClasses, x: Floats, terms: list[list[int]]) -> Support:
    df = degrees_of_freedom(model.data, rule=model.data.call.df) + 1 - x.shape[1]
    return Support.least([coefficient_support(model.data, x, y, terms, df) for y in model.cases()])
