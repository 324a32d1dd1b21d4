"""Logistic regression of a status that randomised answers hide: `fl.hidden.regress_randomised_response`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.design.domains import By
from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.hidden.indirect.indirect_covariates import of_formula, support_of_arms
from fl_estimate.estimators.hidden.indirect.indirect_groups import lay_coefficients, read_groups
from fl_estimate.estimators.hidden.indirect.randomised_devices import RandomisedModel, device_of
from fl_estimate.estimators.hidden.indirect.randomised_fit import fit_logistic
from fl_estimate.estimators.hidden.indirect.randomised_reading import (
    Anchor,
    AnchorProbability,
    Probabilities,
    arguments_of,
    check_anchor,
    device_assumptions,
    method_of,
    randomised_answers,
    told_of,
)
from fl_estimate.estimators.survey.models.by_domain import in_every_domain, stack_domains
from fl_estimate.estimators.survey.models.model_variance import covariance, degrees_of_freedom
from fl_estimate.estimators.survey.weighted_call import Call, DfRule, VarianceRule, only_exclude
from fl_estimate.inputs.sample_design import Design
from fl_estimate.results.basis import Support
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import FORMULA, GROUPS, NOT_IN_FILE, PEOPLE, Level, MoreThanZero, Where


@method(kind="indirect_regression", basis="respondents", family="hidden", chosen=True)
def regress_randomised_response(
    people: Annotated[Any, PEOPLE],
    formula: Annotated[str, FORMULA],
    *,
    model: RandomisedModel,
    probabilities: Probabilities,
    anchor: Anchor = None,
    anchor_probability: AnchorProbability = None,
    design: Annotated[Design | None, NOT_IN_FILE] = None,
    by: Annotated[By, GROUPS] = None,
    where: Where = None,
    unknown: Literal["exclude"] | None = None,
    variance: VarianceRule | None = None,
    df: DfRule | MoreThanZero = "domain",
    level: Level = 0.95,
) -> Estimates:
    """Fit a logistic regression of a sensitive status to randomised answers.

    Parameters
    ----------
    people, model, probabilities, anchor, anchor_probability, design, where, unknown, variance, df, level
        As in `randomised_response`.
    formula : str
        ``"answer ~ age + C(region)"``: the column of answers alone on the left.
    by : str, list of str, or list of lists, optional
        The same model for the nation and for each domain by itself.

    Returns
    -------
    Estimates
        `quantity` coefficient (log-odds), one row a `term`. `diagnostics` has the log-likelihood (weights of mean 1) and the standard errors
        by the observed information (`model_se`) and by the sum of squared scores (`scores_se`), as if the sample were a simple random one.

    Raises
    ------
    EstimateFault
        FL-EST-649 to FL-EST-655; FL-EST-220, FL-EST-222 and FL-EST-225 (formula, collinear columns, one class).

    Notes
    -----
    P(1 | x) = a + b logit⁻¹(x′β); β solves Σ w (z − P)/(P(1 − P)) b μ(1 − μ) x = 0. Its influence is A⁻¹ times that, A the expected information; with
    an anchor it takes in that of γ.

    References
    ----------
    Scheers and Dayton (1988), JASA 83, 969-974. Blair, Imai and Zhou (2015), JASA 110, 1304-1319.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> people = fl.hidden.simulate_randomised_response(5000, model="forced", probabilities={"yes": 0.1, "no": 0.1}, slope=0.8,
    ...                                                 prevalence=0.2, seed=3)
    >>> made = fl.hidden.regress_randomised_response(people, "answer ~ x", model="forced", probabilities={"yes": 0.1, "no": 0.1},
    ...                                              design=fl.Design(unweighted=True))
    >>> round(made["x"].value, 2), round(made["x"].se, 2)
    (0.86, 0.06)
    """
    device = device_of(model, probabilities)
    check_anchor(model, anchor, anchor_probability)
    right = of_formula(formula)
    only_exclude(unknown)
    named = [right.outcome, *([anchor] if anchor is not None else []), *right.variables]
    call = Call(
        "hidden.regress_randomised_response",
        people,
        design,
        by,
        where,
        unknown,
        variance,
        "wald",
        df,
        level,
        named=named,
    )
    call.check(("wald",))

    def fitted(one: Call) -> Estimates:
        data, _ = read_groups(one, named, each_row=right.each_row, domains=False)
        answers = randomised_answers(data, right.outcome, anchor, anchor_probability, device)
        x, names, columns = right.matrix(data)
        counted = float(data.n.sum())
        fit = fit_logistic(answers, x, data.weight, counted)

        def again(weight: Floats) -> Floats:
            try:
                return fit_logistic(answers, x, weight, counted, fit.beta).beta
            except EstimateFault:
                return np.full(len(fit.beta), np.nan)

        design_df = degrees_of_freedom(data, rule=one.df if isinstance(one.df, str) else float(one.df))
        freedom = design_df + 1 - len(names) if isinstance(one.df, str) else design_df
        everybody = [np.ones(len(x), dtype=bool)]
        # The rarer answer of each class: either of them may be the one that nobody wants known.
        parts = [support_of_arms(data, x, z, columns, freedom, everybody) for z in (answers.z, 1 - answers.z)]
        return lay_coefficients(
            one, data, covariance(data, fit.influence, again, fit.beta),
            outcome=right.outcome, terms=names, value=fit.beta, df=freedom, support=Support.least(parts),
            method=method_of(model, anchor),
            assumptions=device_assumptions(device, anchor, anchor_probability, formula, noisy=False, predicted=False),
            arguments={"formula": formula} | arguments_of(model, device, anchor, anchor_probability),
            diagnostics={"base": device.base, "slope": device.slope, **told_of(fit)},
        )  # fmt: skip

    return stack_domains(call, in_every_domain(call, fitted)) if by else fitted(call)
