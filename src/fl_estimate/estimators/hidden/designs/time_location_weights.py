"""Weights of a time-location sample: by the event drawn, by who was interviewed of those counted there, and by how often each person goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import narwhals as nw
import numpy as np

from fl_estimate.design.row_weights import fresh
from fl_estimate.design.totals import Frame, as_frame, require_columns
from fl_estimate.design.weights import handed_back
from fl_estimate.errors import EstimateFault, listed, require_name, shown
from fl_estimate.estimators.hidden.designs.limits import require_choices
from fl_estimate.inputs.respondents import Respondents
from fl_estimate.inputs.sample_design import Design, SinglePsu
from fl_estimate.schema.expressions import missing

MissingVisits = Literal["error", "exclude", "one"]
WEIGHT, UNADJUSTED = "time_location_weight", "time_location_weight_without_visits"


@dataclass(frozen=True, kw_only=True)
class VenueWeights:
    """People with both columns of weights, and the designs that name them; `unknown` are people whose visits are not known."""

    people: Any
    design: Design
    people_unadjusted: Any
    design_unadjusted: Design
    unknown: int


def time_location_weights(
    people: Any,
    *,
    event: str,
    visits: str,
    event_weight: str | float,
    counted: str | None = None,
    interviewed: str | None = None,
    strata: str | None = None,
    missing_visits: MissingVisits = "error",
    single_psu: SinglePsu = "error",
) -> tuple[Any, Design]:
    """Make the weights of a time-location (venue-day-time) sample, and the design for every estimator of respondents.

    Use it where people were interviewed at events drawn from a frame of places, days and times, and told how often they go to such places.
    Whoever goes often is met readily: their weight is divided by their visits.

    Parameters
    ----------
    people : SurveyData, Classification or frame
        One row a respondent.
    event : str
        Column of the event (place, day and time) at which they were interviewed: the primary sampling unit.
    visits : str
        Column of the events of the frame that the person goes to over its period, this one included: 1 or more.
    event_weight : str or number
        Column of one over the probability of the event; or a number where all events had the same (1: the weights then expand to nobody,
        and totals are refused).
    counted : str, optional
        Column of those eligible who were counted at the event. Left out: all of them were interviewed.
    interviewed : str, optional
        Column of those interviewed there; left out, the rows of the event.
    strata : str, optional
        Column of strata of events, such as kinds of venue.
    missing_visits : {"error", "exclude", "one"}
        What to do with respondents whose visits are missing or 0: refuse; give them weight 0, which leaves them in the design; or count one visit.
    single_psu : {"error", "remove", "certainty", "adjust", "average", "collapse"}
        As in `fl.Design`.

    Returns
    -------
    people
        As they came, with the column ``time_location_weight``; a SurveyData or Classification with the new design.
    Design
        Its weights, `strata`, and events as units. `fl.replicate(people, design=design, kind="rao-wu")` makes replicate weights of it.

    Raises
    ------
    EstimateFault
        FL-EST-680: visits that are missing, 0 or negative; FL-EST-681: counts or weights of events that cannot be, or differ within an event.

    Notes
    -----
    w_i = W_e (counted_e/interviewed_e)/f_i: one over the expected number of times that person i is met in the whole frame.

    References
    ----------
    Karon and Wejnert (2012), Journal of Urban Health 89, 565-586. Gustafson et al. (2013), Journal of the Royal Statistical Society C 62, 1-22.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"event": [1, 1, 2, 2], "goes": [1, 4, 2, 2], "there": 10, "fl": [0, 1, 0, 1], "w": 6.0})
    >>> people, design = fl.hidden.time_location_weights(people, event="event", visits="goes", event_weight="w", counted="there")
    >>> people["time_location_weight"].tolist(), design.stages
    ([30.0, 7.5, 15.0, 15.0], ('event',))
    """
    made = venue_weights(
        people, event=event, visits=visits, event_weight=event_weight, counted=counted, interviewed=interviewed,
        strata=strata, missing_visits=missing_visits, single_psu=single_psu,
    )  # fmt: skip
    return made.people, made.design


def venue_weights(
    people: Any,
    *,
    event: str,
    visits: str,
    event_weight: str | float,
    counted: str | None,
    interviewed: str | None,
    strata: str | None,
    missing_visits: MissingVisits,
    single_psu: SinglePsu,
) -> VenueWeights:
    """Both weights, with and without the visits."""
    for name, column in (("event", event), ("visits", visits)):
        require_name(column, name)
    for name, column in (("counted", counted), ("interviewed", interviewed), ("strata", strata)):
        require_name(column, name, optional=True)
    require_choices({"missing_visits": (missing_visits, get_args(MissingVisits))}, 0.5)
    frame = as_frame(people.people if isinstance(people, Respondents) else people)
    schema = frame.collect_schema()
    columns = [each for each in (counted, interviewed, strata) if each is not None]
    columns += [event_weight] if isinstance(event_weight, str) else []
    require_columns(schema, [event, visits, *columns])
    numeric = [each for each in (visits, counted, interviewed, event_weight) if isinstance(each, str)]
    texts = [name for name in numeric if not schema[name].is_numeric()]
    if texts:
        raise EstimateFault(
            "FL-EST-681", "columns of a time-location sample are no numbers", found=listed(texts), fix="convert them first"
        )  # fmt: skip
    unknown = _unknown_visits(frame, visits, missing_visits)
    frame = _with_events(frame, event, event_weight, counted, interviewed)
    _check_events(frame, event)
    weight, without = fresh(frame, WEIGHT), fresh(frame, UNADJUSTED)
    number = nw.col(visits).cast(nw.Float64)
    known = ~missing(visits, schema) & (number >= 1.0)
    spare = nw.lit(0.0) if missing_visits == "exclude" else nw.col("__fl_event")
    frame = frame.with_columns(
        nw.when(known).then(nw.col("__fl_event") / nw.when(known).then(number).otherwise(nw.lit(1.0))).otherwise(spare).alias(weight),
        nw.when(known).then(nw.col("__fl_event")).otherwise(spare).alias(without),
    ).drop("__fl_event", "__fl_here", "__fl_asked", "__fl_drawn", "__fl_row")  # fmt: skip
    one, other = (
        Design(weights=name, strata=strata, psu=event, single_psu=single_psu, expands=isinstance(event_weight, str))
        for name in (weight, without)
    )
    first, second = handed_back(people, frame, one), handed_back(people, frame, other)
    return VenueWeights(
        people=first[0], design=one, people_unadjusted=second[0], design_unadjusted=other, unknown=unknown
    )


def _unknown_visits(frame: Frame, visits: str, rule: str) -> int:
    """How many visits are missing or below 1; FL-EST-680 where nobody says what that means, or where they are below 0."""
    schema = frame.collect_schema()
    absent = missing(visits, schema)
    number = nw.when(~absent).then(nw.col(visits).cast(nw.Float64)).otherwise(nw.lit(1.0))
    parts = {
        "absent": absent, "zero": ~absent & (number >= 0.0) & (number < 1.0), "negative": ~absent & (number < 0.0),
        "endless": ~absent & ~(number < float("inf")),
    }  # fmt: skip
    counts = frame.lazy().select(*(flag.cast(nw.Int64).sum().alias(name) for name, flag in parts.items())).collect()
    found = {name: int(counts[name].to_list()[0] or 0) for name in parts}
    unknown = found["absent"] + found["zero"]
    wrong = found["negative"] + found["endless"]
    if wrong or (unknown and rule == "error"):
        said = {"missing": found["absent"], "less than 1": found["zero"], "negative or without end": wrong}
        raise EstimateFault(
            "FL-EST-680", "how often a respondent goes to such events is not known",
            found=f"column {visits!r}: " + ", ".join(f"{count} {name}" for name, count in said.items() if count),
            fix="whoever was met goes at least once; correct them, or say missing_visits=\"exclude\" or \"one\" for those that are missing or 0",
        )  # fmt: skip
    return unknown


def _with_events(
    frame: Frame, event: str, event_weight: str | float, counted: str | None, interviewed: str | None
) -> Frame:
    """What each event stands for, and the numbers that it is made of."""
    # Not the column itself: pyarrow counts no column over its own values.
    frame = frame.with_columns(nw.lit(1).alias("__fl_row"))
    rows = nw.col("__fl_row").sum().over(event).cast(nw.Float64)
    asked = rows if interviewed is None else nw.col(interviewed).cast(nw.Float64)
    frame = frame.with_columns(asked.alias("__fl_asked"))
    here = nw.col("__fl_asked") if counted is None else nw.col(counted).cast(nw.Float64)
    number = isinstance(event_weight, int | float) and not isinstance(event_weight, bool)
    if not isinstance(event_weight, str) and not (number and 0 < event_weight < float("inf")):
        raise EstimateFault(
            "FL-EST-681", "the weight of an event is a number above 0, or a column of them", found=shown(event_weight),
            fix='event_weight="column" of one over the probability of each event; event_weight=1 where all had the same',
        )  # fmt: skip
    drawn = (
        nw.col(event_weight).cast(nw.Float64)
        if isinstance(event_weight, str)
        else nw.col("__fl_asked") * 0.0 + float(event_weight)
    )
    frame = frame.with_columns(here.alias("__fl_here"), drawn.alias("__fl_drawn"))
    return frame.with_columns((nw.col("__fl_drawn") * nw.col("__fl_here") / nw.col("__fl_asked")).alias("__fl_event"))


def _check_events(frame: Frame, event: str) -> None:
    """Refuse events whose numbers cannot be."""
    names = ("__fl_asked", "__fl_here", "__fl_drawn")
    table = (
        frame.lazy()
        .group_by(event)
        .agg(
            *(nw.col(name).min().alias(f"{name}_min") for name in names),
            *(nw.col(name).max().alias(f"{name}_max") for name in names),
            *(nw.col(name).count().alias(f"{name}_known") for name in names),
            nw.len().alias("__fl_rows"),
        )
        .collect(backend="pandas")
        .to_pandas()
    )
    low = {name: table[f"{name}_min"].to_numpy(dtype=float) for name in names}
    high = {name: table[f"{name}_max"].to_numpy(dtype=float) for name in names}
    known = np.stack([table[f"{name}_known"].to_numpy(dtype=float) for name in names])
    absent = known.min(axis=0) < table["__fl_rows"].to_numpy(dtype=float)
    told = {"interviewed": "__fl_asked", "counted": "__fl_here", "the weight": "__fl_drawn"}
    faults = {
        f"{name} differs within {int((low[of] != high[of]).sum())} events": bool(
            (~absent & (low[of] != high[of])).any()
        )
        for name, of in told.items()
    }
    faults |= {
        f"{name} is not above 0 in {int((~(low[of] > 0)).sum())} events": bool((~absent & ~(low[of] > 0)).any())
        for name, of in told.items()
    }
    fewer = ~absent & (high["__fl_here"] < low["__fl_asked"])
    faults |= {
        f"fewer counted than interviewed in {int(fewer.sum())} events": bool(fewer.any()),
        f"counts or weights are missing in {int(absent.sum())} events": bool(absent.any()),
        f"{int(table[event].isna().sum())} rows without an event": bool(table[event].isna().any()),
    }
    found = [name for name, holds in faults.items() if holds]
    if found:
        raise EstimateFault(
            "FL-EST-681", "the counts of events cannot be used", found="; ".join(found),
            fix="each event has one number counted, at least as many as were interviewed there, and one weight above 0",
        )  # fmt: skip
