"""Service and object multiplier: how many people there are, from how many used a service and the share of a sample that says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal

import numpy as np
from scipy import special

from fl_estimate.arrays import Floats
from fl_estimate.design.intervals import general
from fl_estimate.errors import EstimateFault, labels_shown, shown
from fl_estimate.estimators.synthesis.combine import DIFFERENT, SOURCES_DIFFER
from fl_estimate.estimators.synthesis.reading import (
    PERSONS,
    Given,
    InputRows,
    aligned,
    answer,
    beside,
    one_of,
    require_choice,
    require_finite,
    require_quantities,
    rows_of,
    smallest_part,
)
from fl_estimate.results.basis import Support, weakest
from fl_estimate.results.build import build
from fl_estimate.results.codes import (
    ERRORS_CORRELATED,
    LOG,
    POPULATION_SIZE,
    Assumption,
    AssumptionCode,
    MethodName,
    Quantity,
    ReasonCode,
    each_once,
)
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.recipe import joined
from fl_estimate.results.roles import Correlation, Earlier, InFile, Level, MoreThanZero, Some

SERVICE_MULTIPLIER = MethodName("service-multiplier", named=True)
SERVICE_MULTIPLIER_COMBINED = MethodName("service-multiplier-combined", named=True)
SERVICE_COUNT_DISTINCT = AssumptionCode("service_count_distinct")
SERVICE_SAME_PERIOD = AssumptionCode("service_same_period")
SERVICE_SHARE_REPRESENTATIVE = AssumptionCode("service_share_representative")
SERVICES_SCATTERED = AssumptionCode("services_scattered")
SHARE_IMPRECISE = ReasonCode("share_imprecise", doubtful="model")
SHARES: frozenset[Quantity] = frozenset(each for each in Quantity.all() if each.unit == "share")
IMPRECISE = 0.3
"""Coefficient of variation of the share above which M/p is far too large as often as not."""
SERVICE = "service"


@method(kind="service_multiplier", basis=None, family="hidden")
def service_multiplier(
    share: Annotated[
        Estimates | Mapping[str, Estimates], Earlier(form=str | Annotated[dict[str, str], Some], independent=True)
    ],
    count: Annotated[Given | Mapping[str, Given], InFile(MoreThanZero | Annotated[dict[str, MoreThanZero], Some])],
    *,
    correlation: Correlation = 0.0,
    interval: Literal["log", "wald"] = "log",
    level: Level = 0.95,
) -> Estimates:
    """Estimate how many people there are from the number served, and the share of a sample that says it was served.

    Use it where a service (a shelter, a hotline, a clinic) knows how many different people of the population it served in a period, or
    where a known number of objects was handed out; and where a sample of the same population, weighted as it was drawn, was asked
    about it. What it takes for granted is hard to meet: give several services, and look at how they differ.

    Parameters
    ----------
    share : Estimates, or mapping of service to Estimates
        Prevalence of having been served, from `estimate_prevalence` or a design of `fl.hidden`, with its weights and error.
        One service may have several rows (domains), then so does the result.
    count : number or Estimates, or mapping of service to these
        Different people of the population who were served. A number is known without error.
    correlation : float
        Of the errors of share and count of one service; of several services, between their shares: they are of the same
        respondents.
    interval : {"log", "wald"}
    level : float

    Returns
    -------
    Estimates
        ``population_size``. Of one service the rows of `share`; of several their combination first, then a row a service under
        the by-column ``service``. `.diagnostics` has Q, its p, I², τ and the largest over the smallest; where services differ more
        than chance allows, a reason says so.

    Raises
    ------
    EstimateFault
        FL-EST-578 (a share of 0, or above 1; services that do not go together; fewer people counted than 1); FL-EST-701: a
        correlation that so many services cannot have; FL-EST-183, FL-EST-185 to FL-EST-188.

    Notes
    -----
    N = M/p, CV²(N) = CV²(M) + CV²(p) − 2ρ CV(M) CV(p) (delta method). Log limits N exp(± t CV). Several: log N with covariance V of
    the delta method, τ² of Paule and Mandel, weights 1/(CV² + τ²), t with one degree of freedom less than services.

    References
    ----------
    UNAIDS/WHO (2010), Guidelines on Estimating the Size of Populations Most at Risk to HIV. Paule and Mandel (1982), Journal of
    Research of the National Bureau of Standards 87, 377-385.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"w": [1.0, 2.0] * 50, "shelter": [1, 0, 0, 0] * 25})
    >>> share = fl.estimate_prevalence(people, "shelter", design=fl.Design(weights="w"))
    >>> size = fl.hidden.service_multiplier(share, 120)
    >>> round(share.value, 4), round(size.value)
    (0.1667, 720)
    """
    require_choice(interval, level)
    require_finite({"correlation": correlation}, within=(-1, 1))
    if isinstance(share, Mapping):
        return _several(share, count, correlation, interval, level)
    if isinstance(count, Mapping):
        raise _apart("a count for each service, and one share")
    shares, counts = aligned([_share(share, "share"), _count(count, "count")], "service_multiplier")
    value, se, df = _multiplied(shares, counts, correlation)
    imprecise = [SHARE_IMPRECISE.at(row) for row in np.flatnonzero(shares.se / shares.value > IMPRECISE)]
    return _said(answer(
        "service_multiplier", [shares, beside(counts)], value=value, se=se, df=df, interval=interval, level=level,
        method=SERVICE_MULTIPLIER, quantity=POPULATION_SIZE,
        arguments={"correlation": correlation, "interval": interval},
        assumptions=_assumptions(correlation, counts.estimates is not None), reasons=imprecise,
        diagnostics={"share": shares.value.tolist(), "count": counts.value.tolist()},
    ))  # fmt: skip


def _said(made: Estimates) -> Estimates:
    """Under its own name: the layout is that of synthesis."""
    call = made.provenance.call.replace("synthesis.", "hidden.")
    return replace(made, provenance=replace(made.provenance, call=call))


def _share(given: Any, name: str) -> InputRows:
    if not isinstance(given, Estimates):
        raise _apart(f"share of {labels_shown([name])}: {shown(given)}, which has no design and no error")
    rows = rows_of(given, name)
    require_quantities(
        [rows], SHARES - {"prevalence per 1,000"}, "a multiplier", "give the prevalence of having been served"
    )
    if not ((rows.value > 0) & (rows.value <= 1)).all():
        raise EstimateFault(
            "FL-EST-578", "nobody, or more than everybody, says that they were served: M/p has no value",
            found=f"{int((~((rows.value > 0) & (rows.value <= 1))).sum())} rows", fix="another service, or fewer domains",
        )  # fmt: skip
    return rows


def _count(given: Any, name: str) -> InputRows:
    rows = rows_of(given, name)
    require_quantities([rows], PERSONS, "a count of people served", "give persons")
    if not (rows.value >= 1).all():
        raise EstimateFault(
            "FL-EST-578", "fewer than one person was served", found=name, fix="persons, not shares or thousands"
        )
    return rows


def _apart(found: str) -> EstimateFault:
    return EstimateFault(
        "FL-EST-578", "shares and counts of services do not go together", found=found,
        fix="a share (Estimates) and a count, or two mappings with the same services",
    )  # fmt: skip


def _multiplied(shares: InputRows, counts: InputRows, correlation: float) -> tuple[Floats, Floats, Floats]:
    value = counts.value / shares.value
    first, second = counts.se / counts.value, shares.se / shares.value
    cv = np.sqrt(np.maximum(first**2 + second**2 - 2 * correlation * first * second, 0.0))
    return value, value * cv, np.minimum(counts.df, shares.df) * np.ones_like(value)


def _assumptions(correlation: float, uncertain: bool) -> list[Assumption]:
    said = [SERVICE_SHARE_REPRESENTATIVE.assume(), SERVICE_COUNT_DISTINCT.assume(), SERVICE_SAME_PERIOD.assume()]
    return [*said, ERRORS_CORRELATED.assume(correlation=float(correlation))] if uncertain else said


def _several(share: Mapping[str, Any], count: Any, correlation: float, interval: str, level: float) -> Estimates:
    names = list(share)
    if not isinstance(count, Mapping) or set(count) != set(names) or len(names) < 2:
        known = list(count) if isinstance(count, Mapping) else []
        raise _apart(f"shares of {labels_shown(names) or 'none'}; counts of {labels_shown(known) or 'no mapping'}")
    if correlation < -1 / (len(names) - 1):
        raise EstimateFault(
            "FL-EST-701", "so many services cannot all be correlated so negatively",
            found=f"correlation={shown(correlation)} between {len(names)} services", fix=f"{-1 / (len(names) - 1):.3g} or more",
        )  # fmt: skip
    shares = [_one(_share(share[name], name), name) for name in names]
    counts = [_one(_count(count[name], name), name) for name in names]
    parts = [_multiplied(a, b, 0.0) for a, b in zip(shares, counts, strict=True)]
    value = np.array([part[0][0] for part in parts])
    cv = np.array([part[1][0] for part in parts]) / value
    if not (np.isfinite(cv) & (cv > 0)).all():
        raise _apart("a service whose share has no error, so that it cannot be weighed")
    total = combined(np.log(value), cv, correlation)
    return _laid_out(
        names, shares, counts, value, cv, [part[2][0] for part in parts], total, correlation, interval, level
    )


def _one(rows: InputRows, name: str) -> InputRows:
    return rows if len(rows.value) == 1 else one_of(rows.estimates if rows.estimates is not None else np.nan, name)


def combined(logs: Floats, cv: Floats, correlation: float) -> dict[str, float]:
    """Logarithms of several figures with these errors, all equally correlated, averaged.

    Returns
    -------
    dict
        ``log``, ``se``, ``tau``, ``q``, ``p`` and ``i2``.

    Notes
    -----
    Q = (x − μ)′ V⁻¹ (x − μ) with the generalised mean μ; τ² solves Q(τ²) = k − 1 (0 where Q(0) is less); weights 1/(CV² + τ²).
    """
    k = len(logs)
    covariance = correlation * np.outer(cv, cv) + (1 - correlation) * np.diag(cv**2)

    def q_of(tau2: float) -> float:
        inverse = np.linalg.pinv(covariance + tau2 * np.eye(k))
        mean = inverse.sum(axis=0) @ logs / inverse.sum()
        return float((logs - mean) @ inverse @ (logs - mean))

    q, tau2 = q_of(0.0), 0.0
    if q > k - 1:
        most = float(np.var(logs, ddof=1) + (cv**2).max()) * 10
        from scipy import optimize

        solved: Any = optimize.brentq(lambda t: q_of(t) - (k - 1), 0.0, most)
        tau2 = float(solved)
    weights = 1 / (cv**2 + tau2)
    weights = weights / weights.sum()
    spread = covariance + tau2 * np.eye(k)
    return {
        "log": float(weights @ logs), "se": float(np.sqrt(weights @ spread @ weights)), "tau": float(np.sqrt(tau2)), "q": q,
        "p": float(special.chdtrc(k - 1, q)), "i2": max(0.0, 1 - (k - 1) / q) if q > 0 else 0.0,
    }  # fmt: skip


def _laid_out(
    names: list[str], shares: list[InputRows], counts: list[InputRows], value: Floats, cv: Floats, df: list[float],
    total: Mapping[str, float], correlation: float, interval: str, level: float,
) -> Estimates:  # fmt: skip
    k, inputs = len(names), [rows for pair in zip(shares, counts, strict=True) for rows in pair]
    every = np.append(np.exp(total["log"]), value)
    error = every * np.append(total["se"], cv)
    degrees = np.append(k - 1.0, df)
    low, high = general(interval, every, error, degrees, level)
    recipe = joined(
        [one.estimates.recipe for one in map(beside, inputs) if one.estimates is not None],
        call="hidden.service_multiplier",
        arguments={
            "services": names, "correlation": correlation, "interval": interval, "level": level,
        },
        assumptions=each_once([
            *_assumptions(correlation, True), SERVICES_SCATTERED.assume(),
            *(one for rows in shares if rows.estimates is not None for one in rows.estimates.assumptions),
        ]),
    )  # fmt: skip
    support = [smallest_part(inputs, 1), *(smallest_part([a, b], 1) for a, b in zip(shares, counts, strict=True))]
    n = [float(rows.n[0]) for rows in shares]
    reasons = [SHARE_IMPRECISE.at(row + 1) for row, rows in enumerate(shares) if rows.se[0] / rows.value[0] > IMPRECISE]
    if total["p"] < DIFFERENT:
        reasons = [SOURCES_DIFFER.at(0, p=total["p"]), *reasons]
    return build(
        {
            "value": every, "se": error, "lower": low, "upper": high, "df": degrees, "level": level,
            "interval_kind": interval if interval != "log" else LOG, "margin": ["", *[SERVICE] * k], "n": [np.nan, *n],
        },
        {SERVICE: [None, *names]},
        quantity=POPULATION_SIZE, method=[SERVICE_MULTIPLIER_COMBINED, *[SERVICE_MULTIPLIER] * k],
        basis=weakest(rows.basis for rows in inputs), recipe=recipe, support=Support.joined(support), reasons=reasons,
        diagnostics={
            "q": total["q"], "p": total["p"], "i2": total["i2"], "tau": total["tau"],
            "largest_over_smallest": float(value.max() / value.min()),
            "share": {name: float(rows.value[0]) for name, rows in zip(names, shares, strict=True)},
            "count": {name: float(rows.value[0]) for name, rows in zip(names, counts, strict=True)},
        },
    )  # fmt: skip
