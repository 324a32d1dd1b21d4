"""Survey-weighted regression: `fl.regress`. Reading is in `model_data`, the fit in `model_fit`, variances in `model_variance`."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Annotated, Any, Literal

import numpy as np

from fl_estimate.design.domains import By
from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.survey.imputed import IMPUTE
from fl_estimate.estimators.survey.models.fitted_model import FittedModel
from fl_estimate.estimators.survey.models.imputed_pooling import over_draws
from fl_estimate.estimators.survey.models.kept_model import KeptModel
from fl_estimate.estimators.survey.models.model_columns import both_sides, columns_of_terms, spelled
from fl_estimate.estimators.survey.models.model_data import ModelData, read_model
from fl_estimate.estimators.survey.models.model_families import Family, FamilyName, LinkName, check_outcome, family_of
from fl_estimate.estimators.survey.models.model_fit import check_columns, check_settled, fit
from fl_estimate.estimators.survey.models.model_formula import depends_on_rows, read_formula
from fl_estimate.estimators.survey.models.model_offset import Beside, offset_columns, offset_values
from fl_estimate.estimators.survey.models.model_support import coefficient_support
from fl_estimate.estimators.survey.models.model_variance import Covariance, covariance, degrees_of_freedom
from fl_estimate.estimators.survey.models.regression_elsewhere import regression_elsewhere
from fl_estimate.estimators.survey.models.regression_result import (
    Regression,
    by_domain,
    kept_of,
    regression_of,
    with_session,
)
from fl_estimate.estimators.survey.models.rows_elsewhere import read_elsewhere, read_values
from fl_estimate.estimators.survey.weighted_call import Call, DfRule, VarianceRule, only_exclude
from fl_estimate.inputs.sample_design import Design
from fl_estimate.results.methods import method
from fl_estimate.results.roles import FORMULA, GROUPS, NOT_IN_FILE, PEOPLE, VALUES, Level, MoreThanZero, Where, Within

__all__ = ["Regression", "fit_formula", "regress"]


@method(kind="regression", basis="respondents", family="survey", chosen=True)
def regress(
    people: Annotated[Any, PEOPLE],
    formula: Annotated[str, FORMULA],
    *,
    family: FamilyName = "binomial",
    link: LinkName | None = None,
    offset: Annotated[str | None, FORMULA] = None,
    exposure: Annotated[str | None, VALUES] = None,
    alpha: Annotated[float | None, Within(ge=0)] = None,
    design: Annotated[Design | None, NOT_IN_FILE] = None,
    by: Annotated[By, GROUPS] = None,
    where: Where = None,
    unknown: Literal["no", "exclude", "impute"] | None = None,
    variance: VarianceRule | None = None,
    df: DfRule | MoreThanZero = "domain",
    level: Level = 0.95,
) -> Regression:
    """Fit a generalised linear model to a survey, with standard errors that know how the sample was drawn.

    Use it to ask what goes with an outcome in the population: the coefficients are those that a census would give, not
    the parameters of a mechanism. Do not filter rows first: say the subpopulation in `where`.

    Parameters
    ----------
    people : SurveyData, Classification or frame
        One row a person.
    formula : str
        ``"forced_labour ~ sex + age + C(region)"``, as formulaic reads it: columns of text are classes, with the first
        (declared, or sorted) as the reference; columns of numbers are numbers unless in ``C(…)``; ``a:b``, ``a*b``,
        ``np.log(a)``, ``bs(a, df=4)``. 0/1 and Boolean columns are numbers.
    family : {"binomial", "quasibinomial", "gaussian", "poisson", "quasipoisson", "gamma", "inverse_gaussian", "negative_binomial"}
        Of a 0/1 outcome, a share from 0 to 1, a quantity, a count or rate (R's two quasi families are these: no standard error
        here rests on the dispersion), a quantity above 0 (debt, wage), a count.
    link : {"logit", "probit", "cloglog", "log", "identity", "inverse", "inverse_squared", "sqrt"}, optional
        The family's own where not given: logit, identity, log. ``"log"`` of a 0/1 outcome gives ratios of prevalences
        (log-binomial), ``"identity"`` differences. gamma and inverse_gaussian have log, where R has 1/μ and 1/μ².
    offset : str, optional
        A column, or an expression as in a formula, which stands in the linear predictor with a coefficient of 1.
    exposure : str, optional
        A column of numbers above 0 (months observed), the logarithm of which is an offset; the link must be log.
    alpha : float, optional
        Of a negative binomial model: the variance of a mean μ is μ + α μ² (1/α is R's theta). Estimated by maximum likelihood
        where not given, together with the coefficients, under every replicate as well.
    design : Design, optional
        How the sample was drawn; taken from `people` where that carries one.
    by : str, list of str, or list of lists, optional
        As in `estimate_prevalence`: the nation, and the same model in every domain by itself, as ``where=`` of the domain gives it.
        One in which it has no estimate has a row with the reason; those who lack a by-value are in no domain. `of` gives the
        regression of one domain. The covariance between domains is missing: for differences between them take an interaction.
    where : str, optional
        A 0/1 column or a condition such as ``"age >= 18"``; where it is unknown, the row is outside.
    unknown : {"no", "exclude"}, optional
        Leave rows out that lack any variable of the model (R's ``na.omit``: they stay in the design); or count an
        unknown 0/1 outcome as no (the default where it is classified). Otherwise a missing value is an error.
    variance : {"taylor", "replicates"}, optional
        Where the design has replicates the model is fitted again under each, unless ``"taylor"`` is asked for.
    df : {"domain", "design"} or number
        Degrees of freedom of the design among the rows that count, or of the whole sample; p − 1 are taken off. A number
        is used as it is.
    level : float
        Confidence level.

    Returns
    -------
    Regression
        Estimates with `quantity` coefficient (log-odds, the outcome's unit, or log-rates), one row a `term`.

    Raises
    ------
    EstimateFault
        FL-EST-220 (the formula), FL-EST-221 (an outcome that the family cannot have), FL-EST-222 (collinear columns),
        FL-EST-223 (no maximum: separation), FL-EST-224 (unknown family), FL-EST-225 (classes of which one is met),
        FL-EST-226 to FL-EST-228, FL-EST-236 to FL-EST-238; FL-EST-321 to FL-EST-324 (link, alpha, a fit at the border of
        the means that the link allows, offset and exposure); FL-EST-07 (missing values nobody decided on); of more than a million
        rows that are not in memory FL-EST-784 (a part that looks at all rows together), FL-EST-785 (a variance that does).
    DesignFault
        As in `estimate_prevalence`.

    Notes
    -----
    β solves Σ w x (y − μ) μ′/V(μ) = 0 with μ = g⁻¹(x′β + offset), μ′ = dμ/dη. Its influence is w A⁻¹ x (y − μ) μ′/V(μ) with the
    expected information A = Σ w x x′ μ′²/V(μ), as in R's ``svyglm``, and the covariance that of its sum over the sampling
    units: no dispersion enters. α is taken as known there (its expected information with β is 0).

    References
    ----------
    Binder (1983), International Statistical Review 51, 279-292. Fuller (1975), Sankhyā C 37, 117-132.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"ea": [1, 1, 2, 2, 3, 3, 4, 4], "hours": [40.0, 44, 50, 58, 41, 60, 38, 52], "x": [1, 2, 2, 3, 1, 4, 1, 2]})
    >>> model = fl.regress(people, "hours ~ x", family="gaussian", design=fl.Design(psu="ea", unweighted=True))
    >>> model.to_frame()["term"].tolist()
    ['Intercept', 'x']
    >>> round(model["x"].value, 4)
    7.375
    """
    if unknown not in (None, "no"):
        only_exclude(unknown, imputed=True)
    chosen = family_of(family, link, np.nan if alpha is None else float(alpha))
    outcome, variables, parsed = read_formula(formula)
    variables = tuple(dict.fromkeys([*variables, *offset_columns(offset, exposure, chosen)]))
    named = (outcome, *variables)
    call = Call("regress", people, design, by, where, unknown, variance, "wald", df, level, named=named)
    call.check(("wald",))

    def fitted(one: Call) -> Regression:
        values = read_values(one, outcome, variables)
        if values is not None and (values.are_many() or depends_on_rows(f"{formula} {offset or ''}")):
            rows = read_elsewhere(one, formula, parsed, outcome, values, chosen, (offset, exposure))
            return regression_elsewhere(rows, formula, chosen, (offset, exposure))
        data = read_model(one, outcome, variables)
        if depends_on_rows(f"{formula} {offset or ''}") and len(data.patterns) < data.rows:
            data = read_model(one, outcome, variables, each_row=True)
        return fit_formula(data, formula, parsed, chosen, (offset, exposure))

    if unknown == IMPUTE:
        pooled = over_draws(lambda one: by_domain(one, fitted), call)
        return (
            pooled
            if isinstance(pooled, Regression)
            else Regression(**{f.name: getattr(pooled, f.name) for f in fields(pooled)})
        )
    return by_domain(call, fitted)


def fit_formula(
    data: ModelData, formula: str, parsed: Any, family: Family, beside: Beside = (None, None)
) -> Regression:
    """Fit a formula to people who were read; `beside` are the offset and the exposure."""
    offset = offset_values(data.patterns, *beside)
    y, x, spec = both_sides(data, formula, parsed)
    names = [spelled(str(name)) for name in spec.column_names]
    weight = data.pattern_weight
    check_outcome(family.name, y, str(parsed.lhs))
    check_columns(x, weight, names)
    result = fit(x, y, weight, family, offset=offset.values)
    check_settled(result, names)
    rule, design_df = data.call.df, degrees_of_freedom(data, rule=data.call.df)
    alone = FittedModel(
        formula=formula, family=result.family, offset=offset, spec=spec, x=x, y=y, data=data, fit=result, design_df=design_df,
        covariance=Covariance(matrix=result.bread), df=design_df + 1 - len(names) if isinstance(rule, str) else design_df,
    )  # fmt: skip
    model = replace(alone, covariance=covariance(data, alone.influence, alone.again, result.beta))
    terms = {str(term): tuple(positions) for term, positions in spec.term_indices.items()}
    kept = kept_of(model, names, terms)
    call, each_row = data.call, len(data.patterns) == data.rows
    kept = with_session(kept, lambda: _read_again(kept, call, each_row=each_row))
    return regression_of(
        kept,
        data,
        coefficient_support(data, x, y, columns_of_terms(spec), model.df),
        cases=float(data.by_pattern(data.n) @ y) if model.family.kind.binary else np.nan,
        diagnostics=_diagnostics(model),
    )


def _read_again(kept: KeptModel, call: Call, *, each_row: bool) -> FittedModel:
    """The model with its people, who are read again; the fit starts where it ended."""
    if not isinstance(kept.family, Family):
        raise AssertionError("a model of classes is read by `class_regression`")
    outcome, variables, parsed = read_formula(kept.formula)
    variables = tuple(dict.fromkeys([*variables, *offset_columns(*kept.beside, kept.family)]))
    data = read_model(call, outcome, variables, each_row=each_row)
    offset = offset_values(data.patterns, *kept.beside)
    y, x, spec = both_sides(data, kept.formula, parsed)
    same = x.shape[1] == len(kept.beta) and data.rows == kept.n
    found = fit(x, y, data.pattern_weight, kept.family, start=kept.beta, offset=offset.values) if same else None
    if found is None or not np.allclose(found.beta, kept.beta, rtol=1e-6, atol=1e-9):
        raise people_changed(data.rows, kept.n)
    return FittedModel(
        formula=kept.formula, family=kept.family, offset=offset, spec=spec, x=x, y=y, data=data, fit=found,
        covariance=kept.covariance, df=kept.df, design_df=kept.design_df,
    )  # fmt: skip


def people_changed(now: float, then: float) -> EstimateFault:
    """What is said where the people are not those that a model was fitted to."""
    return EstimateFault(
        "FL-EST-230", "the people have changed since the model was fitted to them",
        found=f"{now:,.0f} rows counted, {then:,.0f} when it was fitted",
        fix="fit it again with fl.regress; a frame that is changed in place is another frame",
    )  # fmt: skip


def _diagnostics(model: FittedModel) -> dict[str, float]:
    """Deviance with weights of mean 1, and the weighted variance of Pearson residuals, n − 1 below."""
    data, family = model.data, model.family
    weight = data.pattern_weight / data.mean_weight
    residual = (model.y - model.fit.mu) / np.sqrt(family.variance(model.fit.mu))
    mean = float(weight @ residual) / weight.sum()
    found = {
        "deviance": family.deviance(model.y, model.fit.eta, weight),
        "dispersion": float(weight @ (residual - mean) ** 2) / max(data.rows - 1, 1),
    }
    return found if np.isnan(family.alpha) else {**found, "alpha": family.alpha}
