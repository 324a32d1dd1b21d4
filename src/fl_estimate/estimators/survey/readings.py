"""An outcome beside the other readings of its definition, in one table: as a study asks for it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fl_estimate.design.domains import By
from fl_estimate.estimators.survey.design_weighted import estimate_prevalence, estimate_total
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import GROUPS, PEOPLE, VALUES, Rest, WithReadings


@method(kind="sensitivity", basis="respondents", family="survey")
def estimate_readings(
    people: Annotated[Any, PEOPLE],
    outcome: Annotated[str, VALUES, WithReadings()] = "forced_labour",
    *,
    measure: Literal["prevalence", "total"] = "prevalence",
    by: Annotated[By, GROUPS] = None,
    **settings: Annotated[Any, Rest(estimate_prevalence, without=("design", "interval"))],
) -> Estimates:
    """Estimate an outcome, its other readings, and how many rest on one fact told under two heads.

    Parameters
    ----------
    people : Classification
        With the readings among its outcomes.
    outcome : str
        An outcome of the framework.
    measure : {"prevalence", "total"}
        Shares, or numbers of people.
    by : str, list of str, or list of lists, optional
        As in `estimate_prevalence`.
    **settings
        The other arguments of `estimate_prevalence`, but for `interval`: the kinds that shares and totals have differ.

    Returns
    -------
    Estimates
        A wide and a narrow reading of the ICLS definition stand beside it, one outcome each.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> from fl_estimate.estimators.survey.readings import estimate_readings
    >>> survey = fl.datasets.load("country_household")
    >>> people = fl.classify(survey, outcomes=["forced_labour", "forced_labour_narrow"])
    >>> estimate_readings(people).to_frame()["outcome"].tolist()
    ['forced_labour', 'forced_labour_narrow']
    """
    names = dict.fromkeys(name for framework in people.frameworks for name in framework.readings(outcome))
    held = [name for name in names if name in people.outcomes]
    function = estimate_total if measure == "total" else estimate_prevalence
    return function(people, held, by=by, **settings)
