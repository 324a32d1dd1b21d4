"""Randomised response, crosswise and triangular questions: `fl.hidden.randomised_response`."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

import numpy as np

from fl_estimate.arrays import Bools, Floats
from fl_estimate.design.domains import By
from fl_estimate.design.intervals import proportion
from fl_estimate.errors import EstimateFault, shown
from fl_estimate.estimators.hidden.indirect.indirect_codes import INATTENTIVE_ALL
from fl_estimate.estimators.hidden.indirect.indirect_covariates import Covariates, of_covariates
from fl_estimate.estimators.hidden.indirect.indirect_groups import (
    IndirectValue,
    drawn_squares,
    lay_prevalence,
    read_groups,
    rows_of_domains,
    wald_limits,
)
from fl_estimate.estimators.hidden.indirect.list_model import logistic
from fl_estimate.estimators.hidden.indirect.randomised_devices import RandomisedModel, RandomisingDevice, device_of
from fl_estimate.estimators.hidden.indirect.randomised_fit import (
    RandomisedAnswers,
    RandomisedFit,
    fit_logistic,
    share_concerned,
)
from fl_estimate.estimators.hidden.indirect.randomised_reading import (
    Anchor,
    AnchorProbability,
    Probabilities,
    arguments_of,
    check_anchor,
    device_assumptions,
    method_of,
    randomised_answers,
    rarer_support,
    told_of,
)
from fl_estimate.estimators.survey.models.model_data import ModelData
from fl_estimate.estimators.survey.models.model_variance import covariance
from fl_estimate.estimators.survey.weighted_call import Call, DfRule, VarianceRule, only_exclude
from fl_estimate.inputs.sample_design import Design
from fl_estimate.results.codes import IntervalKind
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import FORMULA, GROUPS, NOT_IN_FILE, PEOPLE, Level, MoreThanZero, Name, Where

AnswerInterval = Literal["wald", "korn-graubard", "beta", "logit", "wilson", "jeffreys"]


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
        How answers were randomised, by the name of the device or question.
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
        Degrees of freedom of the limits: of the units with a row in the domain, of all, or given.
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
    (0.089, 0.011)
    """
    device = device_of(model, probabilities)
    check_anchor(model, anchor, anchor_probability)
    right = of_covariates(answer, covariates)
    if interval not in get_args(AnswerInterval) or (
        interval != "wald" and (anchor is not None or covariates is not None)
    ):
        raise EstimateFault(
            "FL-EST-653", "this interval has no meaning for this prevalence", found=shown(interval),
            fix=f"{', '.join(get_args(AnswerInterval))}; with an anchor or covariates wald",
        )  # fmt: skip
    only_exclude(unknown)
    named = [answer, *([anchor] if anchor is not None else []), *right.variables]
    call = Call(
        "hidden.randomised_response", people, design, by, where, unknown, variance, interval, df, level, named=named
    )
    call.check(get_args(AnswerInterval))
    data, domains = read_groups(call, named, each_row=right.each_row)
    answers = randomised_answers(data, answer, anchor, anchor_probability, device)
    estimator = OwnShares(data, answers) if covariates is None else PredictedStatus(data, answers, right)
    rows = rows_of_domains(data, domains, estimator)
    attentive, of_attention = answers.attention(data.weight, np.ones(len(data.at), dtype=bool))
    told: dict[str, Any] = {"base": device.base, "slope": device.slope}
    if anchor is not None:
        spread = covariance(data, of_attention[:, None], lambda weight: np.array([answers.attention(weight, np.ones(len(data.at), dtype=bool))[0]]), np.array([attentive]))  # fmt: skip
        told |= {"attentive": attentive, "attentive_se": float(np.sqrt(spread.matrix[0, 0]))}
    if isinstance(estimator, PredictedStatus):
        told |= told_of(estimator.fitted)
    noisy = covariates is None and bool(drawn_squares(data).any()) and call.people.design.replicates is None
    return lay_prevalence(
        call, data, domains, rows,
        outcome=answer,
        method=method_of(model, anchor),
        assumptions=device_assumptions(device, anchor, anchor_probability, covariates, noisy=noisy, predicted=covariates is not None),
        arguments=arguments_of(model, device, anchor, anchor_probability) | {"covariates": covariates or ""},
        limits=wald_limits(call) if interval == "wald" else _answer_limits(call, device),
        diagnostics=told,
    )  # fmt: skip


class OwnShares:
    """The share of people concerned in a domain, of its own answers."""

    def __init__(self, data: ModelData, answers: RandomisedAnswers) -> None:
        self.data, self.answers = data, answers

    def __call__(self, weight: Floats, member: Bools) -> IndirectValue:
        if not weight[member].sum() > 0:
            return IndirectValue(value=float("nan"), influence=np.zeros(len(weight)))
        value, influence, noise, _ = share_concerned(self.answers, weight, member)
        if np.isnan(value):
            return IndirectValue(value=value, influence=influence, reasons=((INATTENTIVE_ALL, {}),))
        least, cases, psus = rarer_support(self.data, self.answers, member)
        share = float(weight[member] @ self.answers.z[member]) / float(weight[member].sum())
        n, slope = float(self.data.n[member].sum()), self.answers.device.slope
        srs = share * (1 - share) / (n - 1) / slope**2 if n > 1 and self.answers.anchor is None else float("nan")
        return IndirectValue(
            value=value, influence=influence, srs=srs, noise=noise, least=least, cases=cases, psus=psus
        )


class PredictedStatus:
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
        least, cases, psus = rarer_support(self.data, self.answers, member)
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
