"""List experiments (item counts): the share with a sensitive item of which nobody is asked. `fl.hidden.list_experiment`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np

from fl_estimate.arrays import Bools, Floats
from fl_estimate.design.domains import By
from fl_estimate.errors import EstimateFault, require_name
from fl_estimate.estimators.hidden.indirect.indirect_codes import (
    ARM_EMPTY,
    INDIRECT_LINEAR,
    INDIRECT_LOGISTIC,
    INDIRECT_PREDICTED,
    LIST_BETA_BINOMIAL,
    LIST_BINOMIAL,
    LIST_CEILING,
    LIST_CONSTRAINED,
    LIST_DIRECT,
    LIST_FLOOR,
    LIST_METHODS,
    LIST_NO_DESIGN_EFFECT,
    LIST_NO_LIARS,
    LIST_RANDOM_ARMS,
    TOP_NOT_MET,
)
from fl_estimate.estimators.hidden.indirect.indirect_covariates import Covariates, of_covariates
from fl_estimate.estimators.hidden.indirect.indirect_groups import (
    IndirectEstimator,
    IndirectValue,
    lay_prevalence,
    read_groups,
    rows_of_domains,
    support_within,
    wald_limits,
)
from fl_estimate.estimators.hidden.indirect.list_fit import FittedList, ListMethod, fit_list
from fl_estimate.estimators.hidden.indirect.list_model import ListAnswers, ListLikelihood
from fl_estimate.estimators.hidden.indirect.list_moments import arm_means
from fl_estimate.estimators.hidden.indirect.list_reading import (
    ESTIMATORS,
    answers_of,
    arms_of,
    check_list_arguments,
    counts_of,
    top_is_met,
)
from fl_estimate.estimators.survey.models.model_data import ModelData
from fl_estimate.estimators.survey.weighted_call import Call, DfRule, VarianceRule, only_exclude
from fl_estimate.inputs.sample_design import Design
from fl_estimate.results.codes import Assumption
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import (
    FORMULA,
    GROUPS,
    NOT_IN_FILE,
    PEOPLE,
    VALUES,
    Level,
    MoreThanZero,
    Name,
    Where,
    Within,
)

ListEstimator = Literal["difference", "combined", "linear", "nls", "ml"]
Items = Annotated[int, Within(ge=1)]


@method(kind="list_experiment", basis="respondents", family="hidden")
def list_experiment(
    people: Annotated[Any, PEOPLE],
    count: Name,
    treatment: Name,
    *,
    items: Items,
    estimator: ListEstimator = "difference",
    covariates: Annotated[str | None, FORMULA] = None,
    direct: Annotated[str | None, VALUES] = None,
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
    """Estimate the share of people with a sensitive item from a list experiment (item count technique).

    A random part of the sample is shown a list of J harmless items, the others the same list with the sensitive item; all say how
    many hold, never which. Use it where a direct question would not be answered truly; it costs many times the sample of a direct one
    (docs/explanation/hidden_designs_indirect_questions).

    Parameters
    ----------
    people : SurveyData, Classification or frame
        One row a person.
    count : str
        Column of how many items hold, 0 to J, or to J + 1 in the treatment arm.
    treatment : str
        0/1 column: 1 for those who were shown the sensitive item as well.
    items : int
        J, the control items. Held against the counts: more than J in the control arm are refused.
    estimator : {"difference", "combined", "linear", "nls", "ml"}
        Difference of the weighted means of both arms; the same among those who deny it when asked, put together with their direct answers
        (`direct`); or a model with `covariates` whose predictions are averaged over the people of each domain: linear in both
        arms, two-step non-linear least squares, maximum likelihood.
    covariates : str, optional
        The right-hand side of a formula, ``"age + C(region)"``, for the last three.
    direct : str, optional
        0/1 column of the direct question, or an outcome of a classification; for ``"combined"``.
    overdispersed : bool
        ``"ml"``: whether the control items are beta-binomial, one item making others likelier.
    constrained : bool
        ``"ml"``: whether the control items do not depend on the sensitive one, given the covariates.
    ceiling, floor : bool
        ``"ml"``: whether some who have the item and all others hide it (they answer J), some who have it alone (they answer 0). One
        share of each is estimated; where it goes to 0 nobody hides there, and `diagnostics` says so (`at_zero`, as of an overdispersion that is none).
    design, by, where, variance
        As in `estimate_prevalence`; of models the replicates fit again.
    unknown : {"exclude"}, optional
        Leave out rows that lack the count, the treatment or a covariate; without it a missing one is an error. Who does not
        answer a list may well have the item: the share is in `undetermined`.
    df : {"domain", "design"} or number
        Degrees of freedom of the limits: of the units with a row in the domain, of all, or given.
    level : float

    Returns
    -------
    Estimates
        `quantity` prevalence, one row a domain. A value, or limits, outside 0 and 1 are kept and said. `cases` are missing: nobody's
        status is seen. What rules of publication judge as respondents is what the arms are worth in direct answers
        (0.25/se², at most the smaller arm), as cases those of an arm who counted an item.

    Raises
    ------
    EstimateFault
        FL-EST-640 to FL-EST-647, FL-EST-649; FL-EST-07 (missing answers nobody decided on); of covariates as `regress`.

    Notes
    -----
    Difference: π = ȳ₁ − ȳ₀, weighted in each arm; influence (y − ȳ₁)/W₁ and −(y − ȳ₀)/W₀, so that units, strata and weights count as in any
    mean, and the covariance of both arms of a unit is in it. Where every row is a unit of one stratum its square is multiplied by
    n_a/(n_a − 1) in each arm: a simple random sample then gives s₁²/n₁ + s₀²/n₀. Combined: d̄ + (1 − d̄)(ȳ₁ − ȳ₀ among d = 0).
    Models: `regress_list_experiment`.

    References
    ----------
    Imai (2011), Journal of the American Statistical Association 106, 407-416. Blair and Imai (2012), Political Analysis 20, 47-77.
    Aronow, Coppock, Crawford and Green (2015), Journal of Survey Statistics and Methodology 3, 43-66.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> people = fl.hidden.simulate_list_experiment(4000, prevalence=0.1, items=4, seed=1)
    >>> made = fl.hidden.list_experiment(people, "count", "treatment", items=4, design=fl.Design(unweighted=True))
    >>> round(made.value, 3), round(made.se, 3)
    (0.107, 0.032)
    """
    likelihood = {"overdispersed": overdispersed, "constrained": constrained, "ceiling": ceiling, "floor": floor}
    check_list_arguments(items, estimator, ESTIMATORS, direct=direct, covariates=covariates, likelihood=likelihood)
    require_name(treatment, "treatment")
    model = of_covariates(count, covariates)
    named = [count, treatment, *([direct] if direct is not None else []), *model.variables]
    only_exclude(unknown)
    call = Call("hidden.list_experiment", people, design, by, where, unknown, variance, "wald", df, level, named=named)
    call.check(("wald",))
    leverage = estimator == "linear" and not call.people.design.stages
    data, domains = read_groups(call, named, outcome=direct or "", each_row=leverage or model.each_row)
    treated = arms_of(data, treatment)
    y = counts_of(data, count, treated, items)
    asked = ListMethod(estimator=estimator, likelihood=ListLikelihood(**likelihood), leverage=leverage) if estimator in ("linear", "nls", "ml") else None  # fmt: skip
    if asked is not None:
        made: IndirectEstimator = _predictions(data, y, treated, items, model, asked)
    elif direct is not None:
        made = _combined(data, y, treated, answers_of(data, direct, "the direct question"))
    else:
        made = _difference(data, y, treated)
    rows = rows_of_domains(data, domains, made)
    fitted = made.fitted if isinstance(made, PredictedShares) else None
    return lay_prevalence(
        call, data, domains, rows,
        outcome=count,
        method=LIST_METHODS[estimator],
        assumptions=list_assumptions(treatment, items, estimator, covariates, fitted, direct),
        arguments={
            "treatment": treatment, "items": int(items), "estimator": estimator, "covariates": covariates or "",
            "direct": direct or "", **(likelihood if estimator == "ml" else {}),
        },
        limits=wald_limits(call),
        diagnostics=diagnostics_of(fitted) | {"top_met": top_is_met(y, treated, items)},
    )  # fmt: skip


def list_assumptions(
    treatment: str,
    items: int,
    estimator: str,
    covariates: str | None,
    fitted: FittedList | None,
    direct: str | None,
    *,
    predicted: bool = True,
) -> list[Assumption]:
    """What a list experiment takes for granted."""
    said = [LIST_RANDOM_ARMS.assume(treatment=treatment, items=int(items)), LIST_NO_DESIGN_EFFECT.assume()]
    likelihood = fitted.method.likelihood if fitted is not None and estimator == "ml" else ListLikelihood()
    hides = [
        code.assume() for code, there in ((LIST_CEILING, likelihood.ceiling), (LIST_FLOOR, likelihood.floor)) if there
    ]
    said += hides or [LIST_NO_LIARS.assume()]
    if direct is not None:
        said.append(LIST_DIRECT.assume(direct=direct))
    if estimator == "ml":
        said.append((LIST_BETA_BINOMIAL if likelihood.overdispersed else LIST_BINOMIAL).assume())
        said += [LIST_CONSTRAINED.assume()] if likelihood.constrained else []
    if fitted is not None:
        said += [(INDIRECT_LINEAR if estimator == "linear" else INDIRECT_LOGISTIC).assume(covariates=covariates or "1")]
        said += [INDIRECT_PREDICTED.assume()] if predicted else []
    return said


def diagnostics_of(fitted: FittedList | None) -> dict[str, Any]:
    """What a fit says of itself."""
    if fitted is None or fitted.method.estimator != "ml":
        return {}
    found: dict[str, Any] = {
        "log_likelihood": fitted.log_likelihood, "model_se": fitted.model_se.tolist(), "coefficients": fitted.theta.tolist(),
    }  # fmt: skip
    return found | ({"at_zero": list(fitted.at_zero)} if fitted.at_zero else {})


def arm_factors(data: ModelData, treated: Bools, member: Bools) -> Floats:
    """√(n_a/(n_a − 1) · (n − 1)/n) of the arms where every row is a unit of one stratum, else 1."""
    if (
        not data.sample.rows_are_units
        or len(data.sample.stages[0].size) > 1
        or data.call.people.design.replicates is not None
    ):
        return np.ones(2)
    whole = float(data.table.n.sum())
    sizes = np.array([float(data.n[member & (treated == bool(arm))].sum()) for arm in (0, 1)])
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(sizes > 1, np.sqrt(sizes / (sizes - 1) * (whole - 1) / whole), 1.0)


def _difference(data: ModelData, y: Floats, treated: Bools) -> IndirectEstimator:
    def made(weight: Floats, member: Bools) -> IndirectValue:
        means, influence, sizes = arm_means(y, treated, weight, member)
        if min(sizes) <= 0:
            return IndirectValue(value=float("nan"), influence=np.zeros(len(y)), reasons=((ARM_EMPTY, {}),))
        factor = arm_factors(data, treated, member)
        least, cases, psus = arms_support(data, y, treated, member)
        return IndirectValue(
            value=float(means[1] - means[0]),
            influence=factor[1] * influence[:, 1] - factor[0] * influence[:, 0],
            srs=_srs(data, y, treated, weight, member, means),
            least=least, cases=cases, psus=psus,
        )  # fmt: skip

    return made


def _srs(data: ModelData, y: Floats, treated: Bools, weight: Floats, member: Bools, means: Floats) -> float:
    """s₁²/n₁ + s₀²/n₀."""
    out = 0.0
    for arm in (0, 1):
        own = member & (treated == bool(arm))
        n = float(data.n[own].sum())
        if n < 2:
            return float("nan")
        out += float(weight[own] @ (y[own] - means[arm]) ** 2) / float(weight[own].sum()) / (n - 1)
    return out


def arms_support(data: ModelData, y: Floats, treated: Bools, member: Bools) -> tuple[float, float, float]:
    """People of the smaller arm, and of both arms the fewest who counted an item and the units these stand in."""
    parts = np.array([support_within(data, member & (treated == bool(arm)), y) for arm in (0, 1)])
    n, cases, psus = (float(value) for value in parts.min(axis=0))
    return n, cases, psus


def _combined(data: ModelData, y: Floats, treated: Bools, told: Floats) -> IndirectEstimator:
    """Those who say so when asked, and the difference of the arms among the others."""

    def made(weight: Floats, member: Bools) -> IndirectValue:
        deny = member & (told == 0)
        means, influence, sizes = arm_means(y, treated, weight, deny)
        if min(sizes) <= 0:
            return IndirectValue(value=float("nan"), influence=np.zeros(len(y)), reasons=((ARM_EMPTY, {}),))
        total = float(weight[member].sum())
        share = float(weight[member] @ told[member]) / total
        gap, factor = float(means[1] - means[0]), arm_factors(data, treated, deny)
        least, cases, psus = arms_support(data, y, treated, deny)
        _, said, units = support_within(data, member, told)
        of_share = np.where(member, told - share, 0.0) / total
        of_gap = factor[1] * influence[:, 1] - factor[0] * influence[:, 0]
        return IndirectValue(
            value=share + (1 - share) * gap,
            influence=(1 - gap) * of_share + (1 - share) * of_gap,
            least=least,
            # Who says so when asked is seen: their number is judged as any direct figure's.
            cases=min(cases, said), psus=min(psus, units),
        )  # fmt: skip

    return made


class PredictedShares:
    """Shares that a model predicts, averaged over the people of a domain; one fit serves all domains.

    Parameters
    ----------
    data : ModelData
    answers : ListAnswers
    method : ListMethod
    """

    def __init__(self, data: ModelData, answers: ListAnswers, method: ListMethod) -> None:
        self.data, self.answers = data, answers
        self.people = float(data.n.sum())
        self.fitted = fit_list(answers, data.weight, self.people, method)
        self._last: tuple[Floats, FittedList | None] = (data.weight, self.fitted)
        answered = top_is_met(answers.y.astype(float), answers.treated, answers.items)
        self.reasons = () if answered or method.estimator == "linear" else ((TOP_NOT_MET, {"items": answers.items}),)

    def __call__(self, weight: Floats, member: Bools) -> IndirectValue:
        fit, total = self._of(weight), float(weight[member].sum())
        if total <= 0 or fit is None:
            return IndirectValue(value=float("nan"), influence=np.zeros(len(weight)))
        share, slopes = fit.shares(self.answers.x)
        inside = np.where(member, weight, 0.0) / total
        value = float(inside @ share)
        influence = np.where(member, share - value, 0.0) / total + fit.influence @ (inside @ slopes)
        least, cases, psus = arms_support(self.data, self.answers.y.astype(float), self.answers.treated, member)
        return IndirectValue(
            value=value, influence=influence, least=least, cases=cases, psus=psus, reasons=self.reasons
        )

    def _of(self, weight: Floats) -> FittedList | None:
        """The fit under these weights, which are those of all domains in turn; None where a replicate has none."""
        if weight is not self._last[0]:
            fitted = self.fitted
            start = None if fitted.method.estimator == "linear" else fitted.theta
            try:
                made = fit_list(self.answers, weight, self.people, fitted.method, start)
            except EstimateFault:
                made = None
            self._last = (weight, made)
        return self._last[1]


def _predictions(
    data: ModelData, y: Floats, treated: Bools, items: int, model: Covariates, asked: ListMethod
) -> PredictedShares:
    x, _, _ = model.matrix(data)
    return PredictedShares(data, ListAnswers(y=y.astype(np.intp), treated=treated, x=x, items=int(items)), asked)
