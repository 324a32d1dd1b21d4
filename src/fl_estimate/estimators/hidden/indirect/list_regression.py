"""Regression on the sensitive item of a list experiment: `fl.hidden.regress_list_experiment`."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.design.domains import By
from fl_estimate.errors import EstimateFault, require_name
from fl_estimate.estimators.hidden.indirect.indirect_codes import LIST_METHODS, TOP_NOT_MET
from fl_estimate.estimators.hidden.indirect.indirect_covariates import of_formula, support_of_arms
from fl_estimate.estimators.hidden.indirect.indirect_groups import lay_coefficients, read_groups
from fl_estimate.estimators.hidden.indirect.list_experiment import Items, diagnostics_of, list_assumptions
from fl_estimate.estimators.hidden.indirect.list_fit import ListMethod, ModelEstimator, fit_list
from fl_estimate.estimators.hidden.indirect.list_model import ListAnswers, ListLikelihood
from fl_estimate.estimators.hidden.indirect.list_reading import arms_of, check_list_arguments, counts_of, top_is_met
from fl_estimate.estimators.survey.models.by_domain import in_every_domain, stack_domains
from fl_estimate.estimators.survey.models.model_variance import covariance, degrees_of_freedom
from fl_estimate.estimators.survey.weighted_call import Call, DfRule, VarianceRule, only_exclude
from fl_estimate.inputs.sample_design import Design
from fl_estimate.results.basis import Support
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import FORMULA, GROUPS, NOT_IN_FILE, PEOPLE, Level, MoreThanZero, Name, Where


@method(kind="indirect_regression", basis="respondents", family="hidden", chosen=True)
def regress_list_experiment(
    people: Annotated[Any, PEOPLE],
    formula: Annotated[str, FORMULA],
    treatment: Name,
    *,
    items: Items,
    estimator: ModelEstimator = "nls",
    overdispersed: bool = False,
    constrained: bool = True,
    ceiling: bool = False,
    floor: bool = False,
    design: Annotated[Design | None, NOT_IN_FILE] = None,
    by: Annotated[By, GROUPS] = None,
    where: Where = None,
    unknown: Literal["exclude"] | None = None,
    variance: VarianceRule | None = None,
    df: DfRule | MoreThanZero = "domain",
    level: Level = 0.95,
) -> Estimates:
    """Fit what is associated with the sensitive item of a list experiment, and with its control items.

    Parameters
    ----------
    people, treatment, items, overdispersed, constrained, ceiling, floor, design, where, unknown, variance, df, level
        As in `list_experiment`.
    formula : str
        ``"count ~ age + C(region)"``: the column of counts alone on the left; columns of text are classes.
    estimator : {"nls", "ml", "linear"}
        Two-step non-linear least squares; maximum likelihood, which is more precise where the control items are as it says (a
        binomial count of people who differ by more than the covariates is not); or linear in both arms.
    by : str, list of str, or list of lists, optional
        The same model for the nation and for each domain by itself.

    Returns
    -------
    Estimates
        `quantity` coefficient: by `term` those of the sensitive item (log-odds; shares where linear) under their own names, then
        those of the control items (``control: age``; ``control0``, ``control1`` where unconstrained), then, as log-odds, ρ of the
        beta-binomial and the shares that hide.

    Raises
    ------
    EstimateFault
        FL-EST-640 to FL-EST-649; FL-EST-220, FL-EST-222 and FL-EST-225 (formula, collinear columns, one class).

    Notes
    -----
    nls: γ from y = J logit⁻¹(x′γ) in the control arm, δ from y − J logit⁻¹(x′γ) = logit⁻¹(x′δ) in the treatment arm; the influence of δ
    takes in that of γ. ml: Σ w log f with f = g h(y − 1) + (1 − g) h(y) in the treatment arm and h(y) in the control arm, g = logit⁻¹(x′δ),
    h binomial or beta-binomial of J with mean logit⁻¹(x′γ); EM, then Newton's steps. Influences are A⁻¹ times the scores, A minus the
    derivatives of Σ w score; the covariance is that of their sums over the sampling units. `diagnostics` has the standard errors by
    the information (`model_se`), as if the sample were a simple random one. linear: residuals are divided by 1 − leverage where
    every row is a unit (HC3).

    References
    ----------
    Imai (2011), Journal of the American Statistical Association 106, 407-416. Blair and Imai (2012), Political Analysis 20, 47-77.
    MacKinnon and White (1985), Journal of Econometrics 29, 305-325.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> people = fl.hidden.simulate_list_experiment(4000, prevalence=0.2, items=4, slope=0.5, seed=2)
    >>> model = fl.hidden.regress_list_experiment(people, "count ~ x", "treatment", items=4, estimator="ml",
    ...                                           design=fl.Design(unweighted=True))
    >>> model.to_frame()["term"].tolist()
    ['Intercept', 'x', 'control: Intercept', 'control: x']
    >>> round(model["x"].value, 2), round(model["x"].se, 2)
    (0.59, 0.16)
    """
    likelihood = {"overdispersed": overdispersed, "constrained": constrained, "ceiling": ceiling, "floor": floor}
    check_list_arguments(
        items, estimator, get_args(ModelEstimator), direct=None, covariates=None, likelihood=likelihood
    )
    require_name(treatment, "treatment")
    model = of_formula(formula)
    only_exclude(unknown)
    named = [model.outcome, treatment, *model.variables]
    call = Call(
        "hidden.regress_list_experiment", people, design, by, where, unknown, variance, "wald", df, level, named=named
    )
    call.check(("wald",))

    def fitted(one: Call) -> Estimates:
        leverage = estimator == "linear" and not one.people.design.stages
        data, _ = read_groups(one, named, each_row=leverage or model.each_row, domains=False)
        treated = arms_of(data, treatment)
        y = counts_of(data, model.outcome, treated, items)
        x, names, columns = model.matrix(data)
        answers = ListAnswers(y=y.astype(np.intp), treated=treated, x=x, items=int(items))
        asked = ListMethod(estimator=estimator, likelihood=ListLikelihood(**likelihood), leverage=leverage)
        people_counted = float(data.n.sum())
        fit = fit_list(answers, data.weight, people_counted, asked)

        def again(weight: Floats) -> Floats:
            start = None if estimator == "linear" else fit.theta
            try:
                return fit_list(answers, weight, people_counted, fit.method, start).theta
            except EstimateFault:
                return np.full(len(fit.theta), np.nan)

        terms = fit.names(names)
        design_df = degrees_of_freedom(data, rule=one.df if isinstance(one.df, str) else float(one.df))
        freedom = design_df + 1 - len(names) if isinstance(one.df, str) else design_df
        part = support_of_arms(data, x, y, columns, freedom, [treated, ~treated])
        whole = Support.least([part.take([position]) for position in range(len(names))])
        count = len(terms) // len(names)
        support = Support.joined([*[part] * count, *[whole] * (len(terms) - count * len(names))])
        met = estimator == "linear" or top_is_met(y, treated, items)
        return lay_coefficients(
            one, data, covariance(data, fit.influence, again, fit.theta),
            outcome=model.outcome, terms=terms, value=fit.theta, df=freedom, support=support, method=LIST_METHODS[estimator],
            assumptions=list_assumptions(treatment, items, estimator, formula, fit, None, predicted=False),
            arguments={
                "formula": formula, "treatment": treatment, "items": int(items), "estimator": estimator,
                **(likelihood if estimator == "ml" else {}),
            },
            reasons=() if met else ((TOP_NOT_MET, {"items": int(items)}),),
            diagnostics=diagnostics_of(fit),
        )  # fmt: skip

    return stack_domains(call, in_every_domain(call, fitted)) if by else fitted(call)
