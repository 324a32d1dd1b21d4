"""From a flow to a stock: how many at any time, from how many over some years and for how long. Durations are typed."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

import narwhals as nw
import numpy as np

from fl_estimate.errors import EstimateFault, missing_columns, not_one_of, shown
from fl_estimate.estimators.survey.design_weighted import estimate_mean, estimate_total
from fl_estimate.estimators.synthesis.reading import (
    PERSONS,
    Floats,
    Given,
    aligned,
    answer,
    beside,
    require_choice,
    require_finite,
    require_quantities,
    rows_of,
)
from fl_estimate.inputs.respondents import resolve
from fl_estimate.inputs.sample_design import Design
from fl_estimate.results.codes import (
    ERRORS_CORRELATED,
    MEAN,
    PREVALENCE,
    TOTAL,
    ZERO_CASES,
    Assumption,
    AssumptionCode,
    MethodName,
    Quantity,
)
from fl_estimate.results.columns import SCALED
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import Correlation, Earlier, Key, Level, MoreThanZero

Kind = Literal["in-window", "completed"]
KINDS: tuple[Kind, ...] = ("in-window", "completed")
METHODS: dict[str, MethodName] = {kind: MethodName(f"stock-{kind}") for kind in KINDS}
PERSON_TIME = MethodName("person-time")
TAKEN: dict[str, AssumptionCode] = {
    "in-window": AssumptionCode("stock_in_window", "years"),
    "completed": AssumptionCode("stock_completed", "years"),
}
AVERAGE_OVER_WINDOW = AssumptionCode("person_time", "years")
SHARES: frozenset[str] = frozenset(quantity for quantity in Quantity.all() if quantity.unit == "share")
REFUSED: dict[str, str] = {
    "elapsed": "a mean of the time so far counts years before the window and stops short of the end: neither formula fits it",
    "so-far": "a mean of the time so far counts years before the window and stops short of the end: neither formula fits it",
    "naive": "persons × mean duration / window overstates the stock by (T + D)/T, since those counted in a window of T years "
    "began over T + D years",
}
INSTEAD = (
    'kind="in-window" with the mean years that these persons spent inside the window; or kind="completed" with the mean '
    "completed spell of those who enter; or the spells themselves: synthesis.spells, then stock_from_person_time"
)


@method(kind="stock", basis=None, family="synthesis")
def stock_from_flow(
    flow: Annotated[Given, Earlier(independent=True)],
    duration_years: Annotated[Given, Earlier(form=MoreThanZero | str, independent=True)],
    *,
    kind: Annotated[Kind, Key("duration")],
    window_years: MoreThanZero,
    correlation: Correlation = 0.0,
    interval: Literal["log", "wald"] = "log",
    level: Level = 0.95,
) -> Estimates:
    """Turn the persons with any forced labour over some years into the average number at any time of these years.

    Use it where the survey's person-level durations are not at hand; with them `stock_from_person_time` is the same
    estimate with the right error, since flow and duration come from one sample.

    Parameters
    ----------
    flow : Estimates or number
        Persons (or the share of the population) with any forced labour in the window, N. A number is taken as known.
    duration_years : Estimates or number
        Mean duration in years, d or D: one figure, or one a row of `flow`.
    kind : {"in-window", "completed"}
        What the duration is. ``in-window``: mean years spent inside the window by those N persons, several spells of a
        person added up. ``completed``: mean completed spell of people who *enter*; not of all who were met in the window,
        among whom the long spells are too many. A mean of the time so far is neither, and is refused.
    window_years : float
        Length of the window, T.
    correlation : float, default 0
        Between the errors of flow and duration, from -1 to 1; those from one sample usually are correlated.
    interval : {"log", "wald"}
    level : float

    Returns
    -------
    Estimates
        The rows of `flow`, `measure` stock, method "stock-in-window" or "stock-completed".

    Raises
    ------
    EstimateFault
        FL-EST-180: a kind of duration that no formula fits; FL-EST-181: the flow is a stock already; FL-EST-182: a
        duration longer than its window, or not above 0; FL-EST-183, FL-EST-185 to FL-EST-188: inputs that cannot be used.

    Notes
    -----
    in-window: S = N d / T, an identity. completed: S = N D / (T + D), under a steady inflow and one spell a person, since N =
    inflow × (T + D) and S = inflow × D. CV²(S) = CV²(N) + (e CV(d))² + 2 r e CV(N) CV(d), with e = 1, or T/(T + D).

    Examples
    --------
    Nepal, Labour Force Survey 2017/18: 61,252 persons over five years, 2.6 of these in forced labour on average.

    >>> import fl_estimate as fl
    >>> stock = fl.synthesis.stock_from_flow(61_252, 2.6, kind="in-window", window_years=5)
    >>> round(stock.value)
    31851
    """
    if kind not in KINDS:
        if kind in REFUSED:
            raise EstimateFault(
                "FL-EST-180", f"this duration gives no stock: {REFUSED[kind]}", found=shown(kind), fix=INSTEAD
            )
        raise not_one_of("FL-EST-180", "this kind of duration", kind, KINDS)
    require_choice(interval, level)
    require_finite({"window_years": window_years}, above=0)
    require_finite({"correlation": correlation}, within=(-1, 1))
    persons, duration = aligned([rows_of(flow, "flow"), rows_of(duration_years, "duration_years")], "stock_from_flow")
    _check(persons.estimates, duration.value, duration.quantity, kind, window_years)
    require_quantities([persons], PERSONS | SHARES, "a stock", "give persons, or a prevalence")
    factor = duration.value / (window_years if kind == "in-window" else window_years + duration.value)
    elasticity = 1.0 if kind == "in-window" else window_years / (window_years + duration.value)
    value = persons.value * factor
    with np.errstate(divide="ignore", invalid="ignore"):
        first, second = persons.se / persons.value, elasticity * duration.se / duration.value
    se = value * np.sqrt(np.maximum(first**2 + second**2 + 2 * correlation * first * second, 0))
    none = persons.value == 0
    return answer(
        "stock_from_flow",
        [persons, beside(duration)],
        value=value,
        se=np.where(none, np.nan, se),
        df=np.minimum(persons.df, duration.df) * np.ones_like(value),
        interval=interval,
        level=level,
        method=METHODS[kind],
        quantity=persons.quantity or TOTAL,
        measure="stock",
        arguments={"kind": kind, "window_years": window_years, "correlation": correlation, "interval": interval},
        assumptions=_assumptions(kind, window_years, correlation, duration.estimates is not None),
        reasons=[ZERO_CASES.at(row) for row in np.flatnonzero(none)],
        diagnostics={"duration_years": duration.value.tolist(), "factor": np.atleast_1d(factor).tolist()},
        covariance=_covariance(flow, np.atleast_1d(factor) * np.ones_like(value), duration.se),
    )


@method(kind=None, basis="respondents", family="synthesis")
def stock_from_person_time(
    people: Any,
    years: str,
    *,
    window_years: float,
    quantity: Literal["total", "prevalence"] = "total",
    design: Design | None = None,
    by: Any = None,
    where: str | None = None,
    unknown: Literal["exclude"] | None = None,
    interval: Literal["log", "wald"] = "log",
    df: Literal["domain", "design"] | float = "domain",
    level: Level = 0.95,
) -> Estimates:
    """Estimate the average number at any time of a window from the years that each person spent in it.

    No mean duration is needed and no inflow need be steady: each respondent counts with their share of the window. The
    variance is that of an ordinary weighted total, so that the error of the duration, and its correlation with the number
    of persons, is in it.

    Parameters
    ----------
    people : Classification, SurveyData or frame
    years : str
        Column of the years inside the window, 0 for those who were never in forced labour then; `spells` makes it.
    window_years : float
        Length of the window, T.
    quantity : {"total", "prevalence"}
        Persons, or their share of the population.
    design, by, where, unknown, df, level
        As in `estimate_total`.
    interval : {"log", "wald"}

    Returns
    -------
    Estimates
        `measure` stock, method "person-time".

    Raises
    ------
    EstimateFault
        FL-EST-182: years below 0 or above the window; FL-EST-188; and as in `estimate_total`.

    Notes
    -----
    S = Σ w t / T. With t = 1 for who is in forced labour now and T = 1 it is the current stock.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"w": 100.0, "ea": [1, 1, 2, 2, 3, 3], "years": [0, 2.5, 0, 0, 5, 0]})
    >>> stock = fl.synthesis.stock_from_person_time(people, "years", window_years=5,
    ...                                             design=fl.Design(weights="w", psu="ea", expands=True))
    >>> stock.value
    150.0
    """
    require_finite({"window_years": window_years}, above=0)
    if quantity not in (TOTAL, PREVALENCE):
        raise not_one_of("FL-EST-186", "this quantity of a stock", quantity, (TOTAL, PREVALENCE))
    _check_years(resolve(people, design).frame, years, window_years)
    function: Any = estimate_total if quantity == TOTAL else estimate_mean
    result: Estimates = function(
        people, years, design=design, by=by, where=where, unknown=unknown, interval=interval, df=df, level=level
    )
    frame = result.frame.copy()
    for name in SCALED:
        frame[name] = frame[name] / window_years
    frame["quantity"], frame["method"] = quantity, str(PERSON_TIME)
    matrix = result.covariance_matrix
    return replace(
        result,
        frame=frame.astype({"quantity": "string", "method": "string"}),
        measure="stock",
        covariance_matrix=None if matrix is None else matrix / window_years**2,
        assumptions=(AVERAGE_OVER_WINDOW.assume(years=float(window_years)), *result.assumptions),
        provenance=replace(
            result.provenance,
            call="synthesis.stock_from_person_time",
            arguments={**result.provenance.arguments, "years": years, "window_years": window_years},
        ),
    )


def _check(flow: Estimates | None, duration: Floats, quantity: str, kind: str, window_years: float) -> None:
    """A stock is not turned into a stock again, and durations must be possible ones."""
    if flow is not None and flow.measure == "stock":
        raise EstimateFault(
            "FL-EST-181", "the flow is a stock already", found='measure="stock"',
            fix="give the persons with any forced labour over the window; if that is what they are, say measure=\"flow\"",
        )  # fmt: skip
    if quantity not in ("", MEAN):
        raise EstimateFault(
            "FL-EST-186",
            "a duration is a mean, in years",
            found=quantity,
            fix="fl.estimate_mean(people, years, where=…)",
        )
    longest = window_years if kind == "in-window" else np.inf
    if not ((duration > 0) & (duration <= longest)).all():
        rule = f"above 0 and at most {window_years:g}, the window" if kind == "in-window" else "above 0"
        raise EstimateFault(
            "FL-EST-182", "a duration is out of range", found=", ".join(f"{x:g} years" for x in duration[:5]),
            fix=f"{rule}; give years, not months",
        )  # fmt: skip


def _check_years(frame: Any, years: str, window_years: float) -> None:
    lazy = nw.from_native(frame).lazy()
    schema = lazy.collect_schema()
    if years not in schema:
        raise missing_columns("FL-EST-182", [years], list(schema), EstimateFault)
    if not schema[years].is_numeric():
        return  # the estimator says what is wrong with it
    column = nw.col(years).cast(nw.Float64)
    outside = lazy.select(((column < 0) | (column > window_years * (1 + 1e-9))).cast(nw.Int64).sum()).collect()
    if count := int(outside[years].to_list()[0] or 0):
        raise EstimateFault(
            "FL-EST-182", "the years inside a window lie between 0 and the window",
            found=f"column {years!r}: {count} rows outside 0 to {window_years:g}",
            fix="clip each spell to the window at both ends: synthesis.spells does it",
        )  # fmt: skip


def _assumptions(kind: str, window_years: float, correlation: float, uncertain: bool) -> list[Assumption]:
    assumptions = [TAKEN[kind].assume(years=float(window_years))]
    if uncertain:
        assumptions.append(ERRORS_CORRELATED.assume(correlation=float(correlation)))
    return assumptions


def _covariance(flow: Given, factor: Floats, duration_se: Floats) -> Floats | None:
    """Of the stocks, where the flow carries one and the duration has no error of its own."""
    matrix = flow.covariance_matrix if isinstance(flow, Estimates) else None
    if matrix is None or np.any(duration_se != 0):
        return None
    return matrix * np.outer(factor, factor)
