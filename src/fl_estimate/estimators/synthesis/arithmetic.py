"""Adding figures and dividing them: squares of errors are summed, and rates come from totals. Nothing rounded is added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from fl_estimate.errors import EstimateFault, shown
from fl_estimate.estimators.synthesis.reading import (
    PERSONS,
    Given,
    aligned,
    answer,
    beside,
    require_choice,
    require_finite,
    require_quantities,
    rows_of,
)
from fl_estimate.results.basis import weakest
from fl_estimate.results.codes import (
    ERRORS_CORRELATED,
    PARTS_DISJOINT,
    PARTS_INDEPENDENT,
    PREVALENCE,
    RATIO,
    TOTAL,
    ZERO_CASES,
    AssumptionCode,
    MethodName,
)
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import Correlation, Level

SUM = MethodName("sum")
RATIO_OF_FIGURES = MethodName("ratio-of-figures")
RATE_FROM_TOTALS = MethodName("rate-from-totals")
PARTS_CORRELATED = AssumptionCode("parts_correlated", "correlation")


@method(kind=None, basis=None, family="synthesis")
def add(
    figures: Sequence[Given] | Mapping[str, Given],
    *,
    correlation: Correlation = 0.0,
    measure: str | None = None,
    population: str | None = None,
    reference_period: str | None = None,
    interval: Literal["log", "wald"] = "log",
    level: Level = 0.95,
) -> Estimates:
    """Add parts that do not overlap: forms of forced labour, regions, adults and children.

    Parameters
    ----------
    figures : sequence or mapping of Estimates or numbers
        Each with the same rows. Totals of persons add up; prevalences do where they share one population.
    correlation : float, default 0
        Between the errors of any two parts. Parts that come of the same survey, or of which one was extended from the
        other (`extend_by_ratio` notes it in its diagnostics), are not independent.
    measure, population, reference_period : str, optional
        Say once what all parts speak of where their descriptions differ in words: adults and children are added as
        the whole population only where you say so.
    interval : {"log", "wald"}
    level : float

    Returns
    -------
    Estimates
        Method "sum": SE² = Σ SE² + 2 r Σ SE_i SE_j over the pairs, Σ SE² where parts are independent.

    Raises
    ------
    EstimateFault
        FL-EST-25: the parts speak of different measures, populations or times; FL-EST-183, FL-EST-185, FL-EST-186 (parts
        of different quantities), FL-EST-187, FL-EST-188 (a correlation that cannot be).

    Examples
    --------
    >>> import fl_estimate as fl
    >>> forms = fl.synthesis.add([4.5e6, 14.2e6, 2.2e6])
    >>> round(forms.value)
    20900000
    """
    require_choice(interval, level)
    require_finite({"correlation": correlation}, within=(-1, 1))
    given = list(figures.values()) if isinstance(figures, Mapping) else list(figures)
    names = (
        list(figures) if isinstance(figures, Mapping) else [f"part {position}" for position in range(1, len(given) + 1)]
    )
    if not given:
        raise EstimateFault("FL-EST-183", "there is nothing to add", found="no figures", fix="give one or more")
    parts = aligned([rows_of(part, str(name)) for part, name in zip(given, names, strict=True)], "add")
    quantities = list(dict.fromkeys(TOTAL if p.quantity in PERSONS else p.quantity for p in parts if p.estimates))
    if len(quantities) > 1:
        raise EstimateFault(
            "FL-EST-186", "parts of different quantities do not add up", found=", ".join(quantities),
            fix="turn prevalences into persons with Estimates.persons(population) first",
        )  # fmt: skip
    value = sum((p.value for p in parts), start=np.zeros(1))
    variance = sum((p.se**2 for p in parts), start=np.zeros(1))
    whole = sum((p.se for p in parts), start=np.zeros(1))
    variance = variance + correlation * (whole**2 - variance)
    if (variance < 0).any():
        raise EstimateFault("FL-EST-188", "a setting is out of range", found=f"correlation={shown(correlation)} between {len(parts)} parts",
                            fix="so many parts cannot all go against each other so much")  # fmt: skip
    df = [np.broadcast_to(p.df, len(value)) for p in parts]
    together = PARTS_CORRELATED.assume(correlation=float(correlation)) if correlation else PARTS_INDEPENDENT.assume()
    return answer(
        "add",
        parts,
        value=value,
        se=np.sqrt(variance),
        df=np.minimum.reduce(df) if correlation else effective_df([p.se for p in parts], [p.df for p in parts]),
        interval=interval,
        level=level,
        method=SUM,
        quantity=quantities[0] if quantities else TOTAL,
        measure=measure,
        population=population,
        reference_period=reference_period,
        arguments={"figures": [str(name) for name in names], "correlation": correlation, "interval": interval},
        respondents="sum",
        assumptions=[PARTS_DISJOINT.assume(), together],
    )


@method(kind=None, basis=None, family="synthesis")
def ratio(
    numerator: Given,
    denominator: Given,
    *,
    correlation: Correlation = 0.0,
    interval: Literal["log", "wald"] = "log",
    level: Level = 0.95,
) -> Estimates:
    """Divide a figure by another: a share of the total, an estimate per registered victim, money per person.

    Parameters
    ----------
    numerator, denominator : Estimates or number
        With the same rows, or one figure for all rows.
    correlation : float, default 0
        Between their errors, from -1 to 1.
    interval : {"log", "wald"}
    level : float

    Returns
    -------
    Estimates
        `quantity` ratio, method "ratio-of-figures".

    Raises
    ------
    EstimateFault
        FL-EST-25, FL-EST-183, FL-EST-185, FL-EST-187; FL-EST-188: a correlation out of range, or a denominator of 0.

    Notes
    -----
    CV²(a/b) = CV²(a) + CV²(b) − 2 r CV(a) CV(b).

    Examples
    --------
    >>> import fl_estimate as fl
    >>> round(fl.synthesis.ratio(5.5, 20.9).value, 4)
    0.2632
    """
    require_choice(interval, level)
    require_finite({"correlation": correlation}, within=(-1, 1))
    top, bottom = aligned([rows_of(numerator, "numerator"), rows_of(denominator, "denominator")], "ratio")
    if (bottom.value == 0).any():
        raise EstimateFault("FL-EST-188", "a denominator is 0", found=f"{int((bottom.value == 0).sum())} rows",
                            fix="leave these rows out")  # fmt: skip
    value = top.value / bottom.value
    slope_a, slope_b = top.se / bottom.value, value * bottom.se / bottom.value
    variance = slope_a**2 + slope_b**2 - 2 * correlation * slope_a * slope_b
    return answer(
        "ratio",
        [top, beside(bottom, other_people=True)],
        value=value,
        se=np.sqrt(np.maximum(variance, 0)),
        df=np.minimum(top.df, bottom.df) * np.ones_like(value),
        interval=interval,
        level=level,
        method=RATIO_OF_FIGURES,
        quantity=RATIO,
        arguments={"correlation": correlation, "interval": interval},
        assumptions=[ERRORS_CORRELATED.assume(correlation=float(correlation))],
        reasons=[ZERO_CASES.at(row) for row in np.flatnonzero(value == 0)],
    )


@method(kind=None, basis=None, family="synthesis")
def rate_from_totals(
    totals: Estimates | Sequence[float],
    *,
    population: Any = None,
    rates: Any = None,
    interval: Literal["log", "wald"] = "log",
    level: Level = 0.95,
) -> Estimates:
    """Give the rate of a whole from the totals of its parts: never the mean of their rates.

    Parameters
    ----------
    totals : Estimates, or sequence of numbers
        Persons, one row or number a part.
    population : sequence of numbers, optional
        Of each part, in the order of `totals`, taken as known.
    rates : sequence of numbers, optional
        In place of the population, the rates (proportions) printed beside the totals: population = total / rate.
    interval : {"log", "wald"}
    level : float

    Returns
    -------
    Estimates
        One row, `quantity` prevalence, method "rate-from-totals": Σ totals / Σ population.

    Raises
    ------
    EstimateFault
        FL-EST-183, FL-EST-185 to FL-EST-188.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> whole = fl.synthesis.rate_from_totals([11.7e6, 3.7e6], rates=[0.0033, 0.0040])
    >>> round(whole.value, 6)
    0.003445
    """
    require_choice(interval, level)
    if isinstance(totals, Estimates):
        parts = rows_of(totals, "totals")
        require_quantities([parts], PERSONS, "a rate from totals", "give persons: Estimates.persons(population)")
        value, se, df, kept = parts.value, parts.se, parts.df, totals
    else:
        value, kept = _numbers(totals, "totals"), None
        se, df = np.zeros_like(value), np.full_like(value, np.inf)
    if (population is None) == (rates is None):
        raise EstimateFault("FL-EST-188", "give either population= or rates=", found="both or neither")
    beside = _numbers(population if rates is None else rates, "population" if rates is None else "rates")
    if len(beside) != len(value) or not (beside > 0).all():
        raise EstimateFault(
            "FL-EST-185", "each total needs one population or rate above 0", found=f"{len(value)} totals, {len(beside)}"
        )
    persons = beside if rates is None else value / beside
    whole = float(persons.sum())
    one = rows_of(float(value.sum()) / whole, "rate")
    if kept is not None:
        smallest = kept.support.grouped([range(len(kept))])
        one = replace(one, basis=weakest(kept.frame["basis"]), support=smallest)
    return answer(
        "rate_from_totals",
        [one],
        value=one.value,
        se=np.sqrt(np.atleast_1d((se**2).sum())) / whole,
        df=effective_df([np.atleast_1d(s) for s in se], [np.atleast_1d(d) for d in df]),
        interval=interval,
        level=level,
        method=RATE_FROM_TOTALS,
        quantity=PREVALENCE,
        arguments={"from": "population" if rates is None else "rates", "interval": interval},
        measure=kept.measure if kept else "",
        population=kept.population if kept else "",
        reference_period=kept.reference_period if kept else "",
        assumptions=[PARTS_DISJOINT.assume(), PARTS_INDEPENDENT.assume()],
        diagnostics={"population": whole},
    )


def _numbers(given: Any, what: str) -> np.ndarray:
    try:
        values = np.asarray(list(given), dtype=float)
    except (TypeError, ValueError):
        values = np.array([])
    if len(values) == 0 or not np.isfinite(values).all():
        raise EstimateFault("FL-EST-183", f"{what} cannot be used", found=type(given).__name__,
                            fix="give one finite number a part")  # fmt: skip
    return values


def effective_df(errors: Sequence[np.ndarray], df: Sequence[np.ndarray]) -> np.ndarray:
    """Degrees of freedom of a sum: (Σ SE²)² / Σ (SE⁴/df)."""
    total = sum((np.asarray(e, dtype=float) ** 2 for e in errors), start=np.zeros(1))
    below = sum((np.asarray(e, dtype=float) ** 4 / d for e, d in zip(errors, df, strict=True)), start=np.zeros(1))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(below > 0, total**2 / below, np.inf)
