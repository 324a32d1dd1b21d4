"""Time-location (venue) sampling: people met at places, days and times, weighted by how often they go; with and without these visits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any, Literal, get_args

from fl_estimate.design.domains import By
from fl_estimate.estimators.hidden.designs.limits import require_choices
from fl_estimate.estimators.hidden.designs.time_location_weights import MissingVisits, venue_weights
from fl_estimate.estimators.survey.design_weighted import estimate_mean, estimate_prevalence, estimate_total
from fl_estimate.inputs.sample_design import Design, SinglePsu
from fl_estimate.results.codes import Assumption, AssumptionCode, MethodName
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import GROUPS, PEOPLE, VALUES, Level, Name, Where
from fl_estimate.results.stack import stack

TIME_LOCATION = MethodName("time-location", of_people_counted=True, chooses_people=True, named=True)
WITHOUT_VISITS = MethodName("time-location-without-visits", of_people_counted=True, chooses_people=True, named=True)
VENUE_FRAME = AssumptionCode("venue_frame_complete")
VISITS_TOLD = AssumptionCode("visits_told_truly")
COUNTED_AT_EVENTS = AssumptionCode("counted_at_events")
EVENTS_ALIKE = AssumptionCode("events_equally_likely")
VISITS_EXCLUDED = AssumptionCode("visits_excluded", "rows")
VISITS_AS_ONE = AssumptionCode("visits_as_one", "rows")

Quantities = Literal["prevalence", "total", "mean"]
Multiplicity = Literal["both", "visits", "none"]
ESTIMATORS: dict[str, Callable[..., Estimates]] = {
    "prevalence": estimate_prevalence,
    "total": estimate_total,
    "mean": estimate_mean,
}


@method(kind="time_location", basis="respondents", family="hidden")
def time_location(
    people: Annotated[Any, PEOPLE],
    outcome: Name,
    *,
    event: Annotated[str, GROUPS],
    visits: Annotated[str, VALUES],
    event_weight: Annotated[str, VALUES] | float,
    counted: Annotated[str | None, VALUES] = None,
    interviewed: Annotated[str | None, VALUES] = None,
    strata: Annotated[str | None, GROUPS] = None,
    quantity: Quantities = "prevalence",
    multiplicity: Multiplicity = "both",
    missing_visits: MissingVisits = "error",
    single_psu: SinglePsu = "error",
    by: Annotated[By, GROUPS] = None,
    where: Where = None,
    unknown: Literal["no", "exclude", "bounds"] | None = None,
    interval: Literal["korn-graubard", "beta", "logit", "wilson", "jeffreys", "wald", "log"] | None = None,
    df: Literal["domain", "design", "effective"] = "domain",
    level: Level = 0.95,
) -> Estimates:
    """Estimate from people who were met at events drawn from a frame of places, days and times, with and without their visits.

    Use it where those sought gather somewhere (hiring sites, markets, parks, stations) and a list of such places and times can be made. It speaks of
    people who go there in the period of the frame, and of nobody else.

    Parameters
    ----------
    people : SurveyData, Classification or frame
        One row a respondent. A design that they carry is not used: it is that of the events.
    outcome : str
        Column of the outcome, as in `estimate_prevalence`.
    event, visits, event_weight, counted, interviewed, strata, missing_visits, single_psu
        As in `time_location_weights`.
    quantity : {"prevalence", "total", "mean"}
        Totals need a column `event_weight`.
    multiplicity : {"both", "visits", "none"}
        Whether weights are divided by visits. ``both`` gives each figure twice, under methods of their own: how far they are apart says what
        hangs on the visits that people told. ``none`` is right where nobody can be met twice.
    by, where, unknown, df, level
        As in `estimate_prevalence`.
    interval : str, optional
        Of the estimator: Korn and Graubard's for a prevalence, log for a total, Wald for a mean.

    Returns
    -------
    Estimates
        Rows of method "time-location", and below them those of "time-location-without-visits".

    Raises
    ------
    EstimateFault
        FL-EST-680, FL-EST-681: as in `time_location_weights`; FL-EST-679: a choice that there is not; FL-EST-200: a total without weights of events; and as in
        `estimate_prevalence`.

    Notes
    -----
    Weights as in `time_location_weights`; p = Σ w y/Σ w with the variance of events drawn with replacement within strata.

    References
    ----------
    As in `time_location_weights`.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"event": [1, 1, 2, 2, 3, 3], "goes": [1, 4, 2, 2, 1, 3], "there": 10, "fl": [0, 1, 0, 1, 0, 1]})
    >>> both = fl.hidden.time_location(people, "fl", event="event", visits="goes", event_weight=1, counted="there")
    >>> both.to_frame()[["method", "value"]].round(3).values.tolist()
    [['time-location', 0.302], ['time-location-without-visits', 0.5]]
    """
    require_choices(
        {"quantity": (quantity, tuple(ESTIMATORS)), "multiplicity": (multiplicity, get_args(Multiplicity))}, level
    )
    made = venue_weights(
        people, event=event, visits=visits, event_weight=event_weight, counted=counted, interviewed=interviewed,
        strata=strata, missing_visits=missing_visits, single_psu=single_psu,
    )  # fmt: skip
    settings: dict[str, Any] = {"by": by, "where": where, "unknown": unknown, "df": df, "level": level}
    settings |= {} if interval is None else {"interval": interval}
    said = {
        "event": event, "visits": visits, "event_weight": event_weight, "counted": counted or "",
        "interviewed": interviewed or "", "strata": strata or "", "missing_visits": missing_visits,
        "multiplicity": multiplicity, "quantity": quantity,
    }  # fmt: skip
    assumed = _assumptions(event_weight, missing_visits, made.unknown)

    def estimated(rows: Any, design: Design, named: MethodName, more: tuple[Assumption, ...]) -> Estimates:
        result = ESTIMATORS[quantity](rows, outcome, design=design, **settings)
        frame = result.frame.assign(method=str(named)).astype({"method": "string"})
        recorded = {**result.provenance.arguments, **said}
        provenance = replace(result.provenance, call="hidden.time_location", arguments=recorded)
        return replace(result, frame=frame, assumptions=(*more, *result.assumptions), provenance=provenance)

    parts: list[Estimates] = []
    if multiplicity in ("both", "visits"):
        parts.append(estimated(made.people, made.design, TIME_LOCATION, (VISITS_TOLD.assume(), *assumed)))
    if multiplicity in ("both", "none"):
        parts.append(estimated(made.people_unadjusted, made.design_unadjusted, WITHOUT_VISITS, assumed))
    # Both are of the same people: the audit of disclosure has their finest cells once.
    return parts[0] if len(parts) == 1 else replace(stack(parts), cells=parts[0].cells)


def _assumptions(event_weight: str | float, rule: str, rows: int) -> tuple[Assumption, ...]:
    said = [VENUE_FRAME.assume(), COUNTED_AT_EVENTS.assume()]
    said += [] if isinstance(event_weight, str) else [EVENTS_ALIKE.assume()]
    if rows and rule == "exclude":
        said.append(VISITS_EXCLUDED.assume(rows=rows))
    if rows and rule == "one":
        said.append(VISITS_AS_ONE.assume(rows=rows))
    return tuple(said)
