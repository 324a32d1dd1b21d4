"""Small areas straight from people: the direct estimate of each, then the model over them. As a study asks for it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fl_estimate.estimators.hierarchical.area import area
from fl_estimate.estimators.survey.design_weighted import estimate_prevalence
from fl_estimate.estimators.survey.weighted_call import VarianceRule
from fl_estimate.inputs.sample_design import Design
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import GROUPS, NOT_IN_FILE, PEOPLE, Name, Rest, Where


@method(
    kind="area",
    basis="model",
    family="hierarchical",
    tried_by=estimate_prevalence,
    tried_with=("outcome", "where", "unknown", "variance"),
)
def area_of_people(
    people: Annotated[Any, PEOPLE],
    outcome: Name,
    *,
    by: Annotated[str, GROUPS],
    design: Annotated[Design | None, NOT_IN_FILE] = None,
    where: Where = None,
    unknown: Literal["no", "exclude", "impute"] | None = None,
    variance: VarianceRule | None = None,
    time: Annotated[str | None, GROUPS] = None,
    **model: Annotated[Any, Rest(area)],
) -> Estimates:
    """Estimate an outcome in small areas, each borrowing from the others and from covariates.

    Parameters
    ----------
    people : Classification, SurveyData or frame
    outcome : str
        A 0/1 outcome.
    by : str
        The column of areas.
    design, where, unknown, variance
        As in `estimate_prevalence`: of the direct estimate. Of imputed answers the design effect holds what the imputation adds
        to the variance, so that an area counts for as many respondents as its pooled error says.
    time : str, optional
        One more column, of times: an effect of each area and one of each area and time. The same as `by`: one series.
    **model
        The arguments of `fl.hierarchical.area`.

    Returns
    -------
    Estimates

    Examples
    --------
    >>> import fl_estimate as fl
    >>> from fl_estimate.estimators.hierarchical.from_people import area_of_people
    >>> survey = fl.datasets.load("country_household")
    >>> made = area_of_people(fl.classify(survey), "forced_labour", by="region", draws=200, seed=1)
    >>> made.to_frame()["margin"].unique().tolist()
    ['region']
    """
    direct = estimate_prevalence(
        people, outcome, design=design, by=by if time in (None, by) else [by, time], where=where, unknown=unknown, variance=variance,
    )  # fmt: skip
    return area(direct, time=time, **model)
