"""Randomised response, crosswise and triangular questions: `fl.hidden.randomised_response` and its regression."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

import numpy as np

from fl_estimate.arrays import Bools, Floats
from fl_estimate.design.domains import By
from fl_estimate.design.intervals import proportion
from fl_estimate.errors import EstimateFault, require_name, shown
from fl_estimate.estimators.hidden.indirect_codes import (
    CROSSWISE_ANCHOR,
    CROSSWISE_CORRECTED,
    DEVICE_FOLLOWED,
    DEVICE_KNOWN,
    INATTENTIVE_ALL,
    INDIRECT_LOGISTIC,
    INDIRECT_PREDICTED,
    MECHANISM_ADDED,
    RANDOMISED_METHODS,
)
from fl_estimate.estimators.hidden.indirect_covariates import Covariates, of_covariates, of_formula, support_of_arms
from fl_estimate.estimators.hidden.indirect_groups import (
    IndirectValue,
    drawn_squares,
    lay_coefficients,
    lay_prevalence,
    read_groups,
    rows_of_domains,
    support_within,
    wald_limits,
)
from fl_estimate.estimators.hidden.list_model import logistic
from fl_estimate.estimators.hidden.list_reading import numbers_of
from fl_estimate.estimators.hidden.randomised_devices import RandomisedModel, RandomisingDevice, device_of
from fl_estimate.estimators.hidden.randomised_fit import (
    LEAST_ATTENTION,
    RandomisedAnswers,
    RandomisedFit,
    fit_logistic,
    not_identified,
    share_concerned,
)
from fl_estimate.estimators.survey.models.by_domain import in_every_domain, stack_domains
from fl_estimate.estimators.survey.models.model_data import ModelData
from fl_estimate.estimators.survey.models.model_variance import covariance, degrees_of_freedom
from fl_estimate.estimators.survey.weighted_call import Call, DfRule, VarianceRule, only_exclude
from fl_estimate.inputs.sample_design import Design
from fl_estimate.results.codes import Assumption, IntervalKind, MethodName
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import (
    FORMULA,
    GROUPS,
    NOT_IN_FILE,
    PEOPLE,
    VALUES,
    InFile,
    Level,
    MoreThanZero,
    Name,
    Where,
    Within,
)

AnswerInterval = Literal["wald", "korn-graubard", "beta", "logit", "wilson", "jeffreys"]
Probabilities = Annotated[float | Mapping[str, float], InFile(float | dict[str, float])]
Anchor = Annotated[str | None, VALUES]
AnchorProbability = Annotated[float | None, Within(gt=0, lt=1)]


@method(kind="randomised_response", basis="respondents", family="hidden")
def randomised_response(
    people: Annotated[Any, PEOPLE],
    answer: Name,
    *,
    model: RandomisedModel,
    probabilities: Probabilities,
    anchor: Anchor = None,
    anchor_probability: AnchorProbability = None,
    covariates: Annotated[str | None, FORMULA] = None,
    design: Annotated[Design | None, NOT_IN_FILE] = None,
    by: Annotated[By, GROUPS] = None,
    where: Where = None,
    unknown: Literal["exclude"] | None = None,
    variance: VarianceRule | None = None,
    interval: AnswerInterval = "wald",
    df: DfRule | MoreThanZero = "domain",
    level: Level = 0.95,
) -> Estimates:
    """Estimate the share of people with a sensitive status from answers that a known chance stands between.

    Nobody's answer shows their status, and the design of the sample counts as in any mean. It costs many times the sample of a direct
    question (docs/explanation/hidden_designs_indirect_questions), and rests on people doing what the device says.

    Parameters
    ----------
    people : SurveyData, Classification or frame
        One row a person.
    answer : str
        0/1 column of what was said: 1 for "yes"; crosswise 1 for "both or neither"; triangular 1 for "at least one".
    model : {"warner", "forced", "unrelated", "kuk", "mangat", "disguised", "crosswise", "triangular"}
    probabilities : number or mapping
        Of the device, by name. warner, mangat: ``statement``, that the sensitive statement is drawn rather than its opposite (or, by
        those not concerned, rather than Warner's device; mangat). forced: two of ``truth``, ``yes``, ``no``. unrelated: ``sensitive``, that the sensitive question is drawn, and
        ``unrelated``, the share to whom the other applies. kuk: ``concerned`` and ``others``, the chance of a 1 in the deck of each. disguised:
        ``concerned``, of a 1 in the deck of those concerned, 1 less that in the other. crosswise, triangular: ``unrelated``, the share to whom the harmless statement
        applies. One number where there is one.
    anchor, anchor_probability : str and float, optional
        Crosswise: a second question of the same form about something that holds for nobody (0/1 column, 1 for "both or neither"), and the share to whom its
        harmless statement applies. The share who answer as asked is estimated of it, and the prevalence corrected for coin tossing.
    covariates : str, optional
        The right-hand side of a formula: the prevalence is then what a logistic model of the status predicts, averaged over the
        people of each domain.
    design, by, where, variance
        As in `estimate_prevalence`.
    unknown : {"exclude"}, optional
        Leave out rows without an answer or a covariate; without it a missing one is an error.
    interval : {"wald", "korn-graubard", "beta", "logit", "wilson", "jeffreys"}
        Of the prevalence itself, or of the share of answers 1, turned back with it; with an anchor or covariates only the first.
    df : {"domain", "design"} or number
    level : float

    Returns
    -------
    Estimates
        `quantity` prevalence. A value or limits outside 0 and 1 are kept and said. `cases` are missing: nobody's status is seen. Rules of
        publication judge as respondents what the answers are worth as direct ones (0.25/se², at most n), as cases the rarer answer.

    Raises
    ------
    EstimateFault
        FL-EST-650 to FL-EST-655, FL-EST-649; FL-EST-07 (missing answers nobody decided on).

    Notes
    -----
    P(1) = a + b π, so that π = (λ − a)/b with λ the weighted share of 1; its influence is that of λ over b. Where fractions are given
    for all stages (fpc), the chance of the device is left out of what they take off: Σ w² f (r² − r)/W² is added, r = (z − a)/b and f the
    product of the fractions. Anchor: γ = (A − ½)/(½ − p′) answer as asked, λ = γ (a + b π) + (1 − γ)/2; the influence of γ is in that of π.
    Covariates: `regress_randomised_response`.

    References
    ----------
    Warner (1965), JASA 60, 63-69. Blair, Imai and Zhou (2015), JASA 110, 1304-1319. Atsusaka and Stevenson (2023), Political
    Analysis 31, 134-148. Yu, Tian and Tang (2008), Metrika 67, 251-263. Särndal, Swensson and Wretman (1992), ch. 15.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> people = fl.hidden.simulate_randomised_response(3000, model="crosswise", probabilities=0.15, prevalence=0.1, seed=1)
    >>> made = fl.hidden.randomised_response(people, "answer", model="crosswise", probabilities=0.15, design=fl.Design(unweighted=True))
    >>> round(made.value, 3), round(made.se, 3)
    (0.109, 0.011)
    """
    device = device_of(model, probabilities)
    _check_anchor(model, anchor, anchor_probability)
    right = of_covariates(answer, covariates)
    if interval not in get_args(AnswerInterval) or (interval != "wald" and (anchor is not None or covariates is not None)):
        raise EstimateFault(
            "FL-EST-653", "this interval has no meaning for this prevalence", found=shown(interval),
            fix=f"{', '.join(get_args(AnswerInterval))}; with an anchor or covariates wald",
        )  # fmt: skip
    only_exclude(unknown)
    named = [answer, *([anchor] if anchor is not None else []), *right.variables]
    call = Call("hidden.randomised_response", people, design, by, where, unknown, variance, interval, df, level, named=named)
    call.check(get_args(AnswerInterval))
    data, domains = read_groups(call, named, each_row=right.each_row)
    answers = _answers(data, answer, anchor, anchor_probability, device)
    estimator = _Shares(data, answers) if covariates is None else _Predicted(data, answers, right)
    rows = rows_of_domains(data, domains, estimator)
    attentive, of_attention = answers.attention(data.weight, np.ones(len(data.at), dtype=bool))
    told: dict[str, Any] = {"base": device.base, "slope": device.slope}
    if anchor is not None:
        spread = covariance(data, of_attention[:, None], lambda weight: np.array([answers.attention(weight, np.ones(len(data.at), dtype=bool))[0]]), np.array([attentive]))  # fmt: skip
        told |= {"attentive": attentive, "attentive_se": float(np.sqrt(spread.matrix[0, 0]))}
    if isinstance(estimator, _Predicted):
        told |= _told_of(estimator.fitted)
    noisy = covariates is None and bool(drawn_squares(data).any()) and call.people.design.replicates is None
    return lay_prevalence(
        call, data, domains, rows,
        outcome=answer,
        method=_method(model, anchor),
        assumptions=_assumptions(device, anchor, anchor_probability, covariates, noisy=noisy, predicted=covariates is not None),
        arguments=_arguments(model, device, anchor, anchor_probability) | {"covariates": covariates or ""},
        limits=wald_limits(call) if interval == "wald" else _answer_limits(call, device),
        diagnostics=told,
    )  # fmt: skip


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
    (0.77, 0.07)
    """
    device = device_of(model, probabilities)
    _check_anchor(model, anchor, anchor_probability)
    right = of_formula(formula)
    only_exclude(unknown)
    named = [right.outcome, *([anchor] if anchor is not None else []), *right.variables]
    call = Call(
        "hidden.regress_randomised_response", people, design, by, where, unknown, variance, "wald", df, level, named=named
    )
    call.check(("wald",))

    def fitted(one: Call) -> Estimates:
        data, _ = read_groups(one, named, each_row=right.each_row, domains=False)
        answers = _answers(data, right.outcome, anchor, anchor_probability, device)
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
            outcome=right.outcome, terms=names, value=fit.beta, df=freedom, support=_rarer(parts),
            method=_method(model, anchor),
            assumptions=_assumptions(device, anchor, anchor_probability, formula, noisy=False, predicted=False),
            arguments={"formula": formula} | _arguments(model, device, anchor, anchor_probability),
            diagnostics={"base": device.base, "slope": device.slope, **_told_of(fit)},
        )  # fmt: skip

    return stack_domains(call, in_every_domain(call, fitted)) if by else fitted(call)


def _rarer(parts: list[Any]) -> Any:
    from fl_estimate.results.basis import Support

    return Support.least(parts)


def _check_anchor(model: str, anchor: Any, probability: Any) -> None:
    """FL-EST-653: an anchor without its probability, beside another model, or at ½."""
    require_name(anchor, "anchor", optional=True)
    number = isinstance(probability, int | float | np.number) and not isinstance(probability, bool)
    fits = anchor is None and probability is None
    fits |= anchor is not None and model == "crosswise" and number and 0 < probability < 1 and abs(probability - 0.5) > 1e-6
    if not fits:
        raise EstimateFault(
            "FL-EST-653", "the anchor of a crosswise question cannot be used",
            found=f"model={shown(model)}, anchor_probability={shown(probability)}",
            fix='anchor= and anchor_probability= go together with model="crosswise"; the probability is between 0 and 1 and not ½',
        )  # fmt: skip


def _answers(
    data: ModelData, answer: str, anchor: str | None, probability: float | None, device: RandomisingDevice
) -> RandomisedAnswers:
    """Answers by group; FL-EST-652 where they are no 0/1."""
    found: list[Floats] = []
    for name in (answer, anchor):
        if name is None:
            continue
        values = numbers_of(data, name)
        if values is None or not np.isin(values, (0.0, 1.0)).all():
            raise EstimateFault(
                "FL-EST-652", "answers to a randomised question are 0 and 1", found=f"{name!r} holds other values",
                fix='derive a 0/1 column first: 1 for "yes", crosswise for "both or neither", triangular for "at least one"',
            )  # fmt: skip
        found.append(values)
    made = RandomisedAnswers(
        z=found[0], device=device, anchor=found[1] if anchor is not None else None, anchor_probability=probability or 0.0
    )
    attentive, _ = made.attention(data.weight, np.ones(len(data.at), dtype=bool))
    if attentive < LEAST_ATTENTION:
        raise not_identified(attentive)
    return made


def _support(data: ModelData, answers: RandomisedAnswers, member: Bools) -> tuple[float, float, float]:
    """People, those who gave the rarer answer, and the units that these stand in."""
    parts = np.array([support_within(data, member, z) for z in (answers.z, 1 - answers.z)])
    n, cases, psus = (float(value) for value in parts.min(axis=0))
    return n, cases, psus


class _Shares:
    """The share of people concerned in a domain, of its own answers."""

    def __init__(self, data: ModelData, answers: RandomisedAnswers) -> None:
        self.data, self.answers = data, answers

    def __call__(self, weight: Floats, member: Bools) -> IndirectValue:
        if not weight[member].sum() > 0:
            return IndirectValue(value=float("nan"), influence=np.zeros(len(weight)))
        value, influence, noise, _ = share_concerned(self.answers, weight, member)
        if np.isnan(value):
            return IndirectValue(value=value, influence=influence, reasons=((INATTENTIVE_ALL, {}),))
        least, cases, psus = _support(self.data, self.answers, member)
        share = float(weight[member] @ self.answers.z[member]) / float(weight[member].sum())
        n, slope = float(self.data.n[member].sum()), self.answers.device.slope
        srs = share * (1 - share) / (n - 1) / slope**2 if n > 1 and self.answers.anchor is None else float("nan")
        return IndirectValue(value=value, influence=influence, srs=srs, noise=noise, least=least, cases=cases, psus=psus)


class _Predicted:
    """What a logistic model of the status predicts, averaged over the people of a domain; one fit serves all domains."""

    def __init__(self, data: ModelData, answers: RandomisedAnswers, right: Covariates) -> None:
        self.data, self.answers = data, answers
        self.x, _, _ = right.matrix(data)
        self.people = float(data.n.sum())
        self.fitted = fit_logistic(answers, self.x, data.weight, self.people)
        self._last: tuple[Floats, RandomisedFit | None] = (data.weight, self.fitted)

    def __call__(self, weight: Floats, member: Bools) -> IndirectValue:
        fit, total = self._of(weight), float(weight[member].sum())
        if fit is None or not total > 0:
            return IndirectValue(value=float("nan"), influence=np.zeros(len(weight)))
        mu = logistic(self.x @ fit.beta)
        inside = np.where(member, weight, 0.0) / total
        value = float(inside @ mu)
        slope = self.x.T @ (inside * mu * (1 - mu))
        least, cases, psus = _support(self.data, self.answers, member)
        influence = np.where(member, mu - value, 0.0) / total + fit.influence @ slope
        return IndirectValue(value=value, influence=influence, least=least, cases=cases, psus=psus)

    def _of(self, weight: Floats) -> RandomisedFit | None:
        if weight is not self._last[0]:
            try:
                made = fit_logistic(self.answers, self.x, weight, self.people, self.fitted.beta)
            except EstimateFault:
                made = None
            self._last = (weight, made)
        return self._last[1]


def _answer_limits(call: Call, device: RandomisingDevice) -> Any:
    """Limits of the share of answers 1, turned back."""

    def limits(value: Floats, se: Floats, n: Floats, df: Floats) -> tuple[Floats, Floats, list[IntervalKind | str]]:
        share = device.base + device.slope * value
        ends = proportion(call.interval, share, se * abs(device.slope), n, df, call.level)
        turned = np.sort((np.stack(ends) - device.base) / device.slope, axis=0)
        kind = IntervalKind.of(call.interval)
        return turned[0], turned[1], [kind if np.isfinite(limit) else "" for limit in turned[0]]

    return limits


def _method(model: str, anchor: str | None) -> MethodName:
    return RANDOMISED_METHODS[model] if anchor is None else CROSSWISE_CORRECTED


def _arguments(model: str, device: RandomisingDevice, anchor: str | None, probability: float | None) -> dict[str, Any]:
    told: dict[str, Any] = {"model": model, "base": device.base, "slope": device.slope}
    return told | ({"anchor": anchor, "anchor_probability": probability} if anchor is not None else {})


def _told_of(fit: RandomisedFit) -> dict[str, Any]:
    return {"log_likelihood": fit.log_likelihood, "model_se": fit.model_se.tolist(), "scores_se": fit.scores_se.tolist(), "coefficients": fit.beta.tolist()}


def _assumptions(
    device: RandomisingDevice, anchor: str | None, probability: float | None, covariates: str | None, *, noisy: bool, predicted: bool
) -> list[Assumption]:
    said = [DEVICE_KNOWN.assume(base=round(device.base, 6), slope=round(device.slope, 6))]
    said.append(DEVICE_FOLLOWED.assume() if anchor is None else CROSSWISE_ANCHOR.assume(anchor=anchor, share=probability))
    said += [MECHANISM_ADDED.assume()] if noisy else []
    said += [INDIRECT_LOGISTIC.assume(covariates=covariates)] if covariates is not None else []
    return said + ([INDIRECT_PREDICTED.assume()] if predicted else [])
