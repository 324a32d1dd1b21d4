"""Regression of an outcome of several classes: `fl.regress_ordinal` and `fl.regress_multinomial`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np
import pandas as pd

from fl_estimate.design.intervals import general
from fl_estimate.design.totals import Codes, Floats
from fl_estimate.errors import EstimateFault, not_one_of
from fl_estimate.estimators.class_models import CURVES, ClassFit, fit_multinomial, fit_ordinal
from fl_estimate.estimators.domain_query import declared
from fl_estimate.estimators.fitted_model import MODEL_COMPLETE_ROWS, MODEL_LEVELS_LEFT_OUT, MODEL_REPLICATES_LOST
from fl_estimate.estimators.model_data import ModelData, read_model
from fl_estimate.estimators.model_fit import check_columns
from fl_estimate.estimators.model_formula import read_formula
from fl_estimate.estimators.model_support import coefficient_support
from fl_estimate.estimators.model_variance import covariance, degrees_of_freedom
from fl_estimate.estimators.regression import Regression, columns_of_terms, depends_on_rows, spelled
from fl_estimate.estimators.weighted_call import (
    Call,
    DfRule,
    VarianceRule,
    assumptions_of_design,
    notes_of,
    only_exclude,
    recipe_of,
)
from fl_estimate.inputs.sample_design import Design
from fl_estimate.results.basis import Support
from fl_estimate.results.build import build
from fl_estimate.results.codes import (
    COEFFICIENT,
    DF_NOT_POSITIVE,
    REPLICATES,
    SUBPOPULATION,
    TAYLOR,
    WALD,
    Assumption,
    AssumptionCode,
)
from fl_estimate.results.methods import method
from fl_estimate.results.roles import Level

OrdinalLink = Literal["logit", "probit", "loglog", "cloglog"]
MODEL_ORDINAL = AssumptionCode("model_ordinal", "link", "classes")
MODEL_MULTINOMIAL = AssumptionCode("model_multinomial", "reference")


@dataclass(frozen=True, kw_only=True)
class _Read:
    data: ModelData
    x: Floats
    y: Codes
    columns: list[str]
    terms: list[list[int]]
    classes: list[str]


@method(kind=None, basis="respondents", family="survey")
def regress_ordinal(
    people: Any,
    formula: str,
    *,
    order: Sequence[Any] | None = None,
    link: OrdinalLink = "logit",
    design: Design | None = None,
    where: str | None = None,
    unknown: Literal["exclude"] | None = None,
    variance: VarianceRule | None = None,
    df: DfRule | float = "domain",
    level: Level = 0.95,
) -> Regression:
    """Fit a cumulative model (proportional odds) to an outcome of ordered classes, such as severity.

    Parameters
    ----------
    people, design, where, unknown, variance, df, level
        As in `regress`.
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
        The slopes, then the thresholds, whose `term` is ``"low|high"``. A positive slope goes with higher classes. It has
        `coefficients`, not the tests and predictions that `regress` has.

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
    call = Call("regress_ordinal", people, design, None, where, unknown, variance, "wald", df, level)
    read = _read(call, formula, order=order, first=None, ordered=True)
    slopes = [name for name in read.columns if name != "Intercept"]
    x = read.x[:, [name != "Intercept" for name in read.columns]]

    def solve(weights: Floats, start: Floats | None) -> ClassFit:
        return fit_ordinal(x, read.y, weights, link, start=start)

    cuts = [f"{low}|{high}" for low, high in zip(read.classes[:-1], read.classes[1:], strict=True)]
    said = MODEL_ORDINAL.held(link=link, classes=read.classes)
    terms = (
        [[place - 1 for place in term if place > 0] for term in read.terms]
        if "Intercept" in read.columns
        else read.terms
    )
    own = _least_support(read, x, [term for term in terms if term], len(slopes))
    # A threshold rests on everybody, and on the smallest class of all.
    support = Support.joined([own, _least_support(read, np.ones((len(x), 1)), [[0]], 1).take([0] * len(cuts))])
    settings = {"formula": formula, "family": "ordinal", "link": link, "order": read.classes}
    return _made(read, solve, [*slopes, *cuts], settings, said, support, taken=len(slopes))


@method(kind=None, basis="respondents", family="survey")
def regress_multinomial(
    people: Any,
    formula: str,
    *,
    reference: Any = None,
    design: Design | None = None,
    where: str | None = None,
    unknown: Literal["exclude"] | None = None,
    variance: VarianceRule | None = None,
    df: DfRule | float = "domain",
    level: Level = 0.95,
) -> Regression:
    """Fit multinomial logits to an outcome of several classes without an order, such as the form of forced labour.

    Parameters
    ----------
    people, design, where, unknown, variance, df, level
        As in `regress`.
    formula : str
        ``"job ~ sex + age"``; the outcome is a column of classes, or of a few numbers.
    reference : optional
        The class with which the others are compared; the first (declared, or sorted) where not given.

    Returns
    -------
    Regression
        Log-odds of each class against the reference, `term` ``"class: column"``. It has `coefficients` (with `exponentiate=True`
        ratios of relative risks), not the tests and predictions that `regress` has.

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
    call = Call("regress_multinomial", people, design, None, where, unknown, variance, "wald", df, level)
    read = _read(call, formula, order=None, first=reference, ordered=False)

    def solve(weights: Floats, start: Floats | None) -> ClassFit:
        return fit_multinomial(read.x, read.y, weights, len(read.classes), start=start)

    names = [f"{each}: {column}" for each in read.classes[1:] for column in read.columns]
    own = _least_support(read, read.x, read.terms, len(read.columns))
    support = Support.joined([own] * (len(read.classes) - 1))
    settings = {"formula": formula, "family": "multinomial", "reference": read.classes[0]}
    said = MODEL_MULTINOMIAL.held(reference=read.classes[0])
    return _made(read, solve, names, settings, said, support, taken=len(read.columns) - 1)


def _read(call: Call, formula: str, *, order: Sequence[Any] | None, first: Any, ordered: bool) -> _Read:
    call.check(("wald",))
    if call.unknown is not None:
        only_exclude(call.unknown)
    outcome, variables, parsed = read_formula(formula)
    if not outcome:
        raise _classes("the outcome is not a column", "make one column of classes of it")
    data = read_model(call, "", variables, each_row=depends_on_rows(formula))
    column = data.patterns[outcome]
    met = list(column.cat.categories) if isinstance(column.dtype, pd.CategoricalDtype) else sorted(column.unique())
    told = [_said(value) for value in met]
    known = declared(call.resolved.frame, call.people.schema, [outcome]).get(outcome, ())
    if ordered and order is None and isinstance(column.dtype, pd.CategoricalDtype) and not known:
        raise _classes(f"{outcome!r} is text, and its order is not declared", "order=[lowest, …, highest]")
    wanted = told if order is None else [_said(value) for value in order if _said(value) in told]
    if first is not None:
        if _said(first) not in told:
            raise _classes(f"nobody counted has the reference of {outcome!r}", "name a class that there is")
        wanted = [_said(first), *(value for value in told if value != _said(first))]
    if set(wanted) != set(told) or not 3 <= len(told) <= 20:
        raise _classes(
            f"{outcome!r}: {len(told)} classes, {len(wanted)} of them named", "3 to 20 classes, all of them in order="
        )
    place = {value: wanted.index(text) for value, text in zip(met, told, strict=True)}
    y = np.array([place[value] for value in column], dtype=np.int64)
    made = parsed.rhs.get_model_matrix(data.patterns, output="numpy", na_action="ignore")
    x = np.asarray(made, dtype=float)
    names = [spelled(str(name)) for name in made.model_spec.column_names]
    check_columns(x, data.pattern_weight, names)
    return _Read(data=data, x=x, y=y, columns=names, terms=columns_of_terms(made.model_spec), classes=wanted)


def _said(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _classes(found: str, fix: str) -> EstimateFault:
    return EstimateFault("FL-EST-329", "the classes of the outcome cannot be used", found=found, fix=fix)


def _least_support(read: _Read, x: Floats, terms: list[list[int]], p: int) -> Support:
    """The smallest of each class of the outcome: a coefficient could tell any of them."""
    df = degrees_of_freedom(read.data, rule=read.data.call.df) + 1 - p
    each = [
        coefficient_support(read.data, x, (read.y == place).astype(float), terms, df)
        for place in range(len(read.classes))
    ]
    return Support.least(each)


def _made(
    read: _Read,
    solve: Callable[[Floats, Floats | None], ClassFit],
    names: list[str],
    settings: dict[str, Any],
    model: Assumption,
    support: Support,
    *,
    taken: int,
) -> Regression:
    data, call = read.data, read.data.call
    found = solve(data.pattern_weight, None)
    if not found.converged:
        raise EstimateFault(
            "FL-EST-328", "the model of classes has no estimate", found=f"{len(names)} coefficients, {data.rows:,.0f} people",
            fix="some class is never, or always, met in some group: merge classes, or leave the term out",
        )  # fmt: skip

    def again(weights: Floats) -> Floats:
        one = solve(weights, found.beta)
        return one.beta if one.converged else np.full(len(names), np.nan)

    spread = covariance(data, found.influence, again, found.beta)
    design_df = degrees_of_freedom(data, rule=call.df)
    own_df = design_df - taken if isinstance(call.df, str) else design_df
    se, df = np.sqrt(np.maximum(np.diag(spread.matrix), 0.0)), np.full(len(names), own_df)
    lower, upper = general("wald", found.beta, se, df, call.level)
    outcome = str(settings["formula"]).split("~")[0].strip()
    said = assumptions_of_design(call, data.sample, spread.replicates)
    said += [MODEL_COMPLETE_ROWS.held()] if data.treatment else []
    said += [SUBPOPULATION.held(where=call.where)] if call.where is not None else []
    said += [model, *(MODEL_LEVELS_LEFT_OUT.held(variable=n, values=list(v)) for n, v in data.left_out.items())]
    reasons = [DF_NOT_POSITIVE.at(row, df=own_df) for row in range(len(names)) if not own_df > 0]
    if spread.lost:
        reasons += [
            MODEL_REPLICATES_LOST.at(row, replicates=spread.lost, of=spread.replicates) for row in range(len(names))
        ]
    columns = {
        "outcome": outcome, "term": names, "value": found.beta, "se": se, "lower": lower, "upper": upper, "level": call.level,
        "interval_kind": np.where(np.isnan(lower), "", WALD), "undetermined": data.undetermined, "n": data.rows, "df": df,
    }  # fmt: skip
    made = build(
        columns,
        quantity=COEFFICIENT,
        method=REPLICATES if spread.replicates else TAYLOR,
        basis="respondents",
        recipe=recipe_of(
            call, list(map(str, data.patterns)), {**settings, **call.settings()}, (*said, *notes_of(call, [outcome]))
        ),
        reasons=reasons,
        covariance=spread.matrix,
        support=support,
    )
    return Regression(**{each.name: getattr(made, each.name) for each in fields(made)})
