"""Figures that somebody published, entered with their source and interval, so that they can stand beside one's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
from scipy import special

from fl_estimate.design.intervals import general
from fl_estimate.errors import EstimateFault, not_one_of
from fl_estimate.results.build import build
from fl_estimate.results.codes import (
    DEFINITION_STATED,
    INSTRUMENT_STATED,
    Assumption,
    AssumptionCode,
    MethodName,
    Quantity,
    ReasonCode,
)
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.provenance import Provenance
from fl_estimate.results.recipe import Period, Recipe
from fl_estimate.results.roles import Finite, InFile, Key, Level, NotNegative, Some

Scale = Literal["wald", "log", "logit"]
SCALES: tuple[Scale, ...] = ("wald", "log", "logit")
PUBLISHED = MethodName("published")
MARKS: tuple[str, ...] = ("verified", "secondary", "")
SEEN: dict[str, AssumptionCode] = {mark: AssumptionCode(f"published_{mark or 'unmarked'}", "source") for mark in MARKS}
FIGURE_WITHOUT_ERROR = ReasonCode("figure_without_error")


@method(kind="published", basis="figures", family="synthesis")
def published(
    value: Finite | None = None,
    *,
    source: Annotated[str, Key("document"), Some],
    se: NotNegative | None = None,
    lower: Finite | None = None,
    upper: Finite | None = None,
    interval: Scale = "wald",
    level: Level = 0.95,
    quantity: str = "total",
    outcome: str = "forced_labour",
    by: Annotated[Mapping[str, Any] | None, InFile(dict[str, str])] = None,
    measure: Literal["", "stock", "flow"] = "",
    population: str = "",
    reference_period: str = "",
    definition: str = "",
    instrument: str = "",
    verification: Literal["verified", "secondary", ""] = "",
) -> Estimates:
    """Enter a published figure: state-imposed forced labour from a count of its own, a regional total, an earlier round.

    Parameters
    ----------
    value : float, optional
        In natural units: persons, a proportion (not per cent), years. Without it, the middle of the printed interval on
        the scale of `interval`.
    source : str
        Document, table and page.
    se : float, optional
        Standard error. Without it, it is worked out from printed limits; without these either the figure has no error,
        and what is made of it has none.
    lower, upper : float, optional
        The printed limits; they are kept as they are.
    interval : {"wald", "log", "logit"}
        The scale on which the limits are symmetric.
    level : float, default 0.95
        Of the printed limits: 0.68 where a document prints one standard error up and down.
    quantity, outcome, measure, population, reference_period
        As in `Estimates`.
    by : mapping, optional
        The domain of the figure: ``{"region": "Africa"}``; the nation, or the world, without it.
    definition, instrument : str
        What was counted as the outcome, and with which questionnaire; `change` compares them.
    verification : {"verified", "secondary", ""}
        Whether the figure was seen in the document itself, in another's copy, or that is not recorded.

    Returns
    -------
    Estimates
        One row of method "published".

    Raises
    ------
    EstimateFault
        FL-EST-184: no figure, limits that do not hold it, or a scale without such values; FL-EST-05: a by-column
        named as a column of the result.

    Notes
    -----
    With z of the level: wald, se = (upper − lower)/(2 z); log, se = value (log upper − log lower)/(2 z); logit,
    se = p(1 − p)(logit upper − logit lower)/(2 z).

    Examples
    --------
    >>> import fl_estimate as fl
    >>> kilns = fl.synthesis.published(lower=0.121, upper=0.222, interval="logit", quantity="prevalence",
    ...                                source="Hameed et al., brick kilns in Sindh, abstract")
    >>> kilns.to_frame()[["value", "se"]].round(4).values.tolist()
    [[0.1654, 0.0257]]
    """
    middle, error = _middle_and_error(value, se, lower, upper, interval, level, verification)
    low, high = lower, upper
    if lower is None or upper is None:
        low, high = _limits(middle, error, interval, level)
    labels = dict(by or {})
    columns: dict[str, Any] = {
        "outcome": outcome, "margin": " × ".join(labels), "value": middle, "se": error, "lower": low, "upper": high,
        "level": level, "interval_kind": interval if np.isfinite(error) else "",
        "df": np.inf if np.isfinite(error) else np.nan,
    }  # fmt: skip
    return build(
        columns,
        {name: [label] for name, label in labels.items()},
        quantity=Quantity.of(quantity),
        method=PUBLISHED,
        basis="figures",
        recipe=Recipe(
            measure=measure,
            population=population,
            period=Period(reference_period),
            assumptions=tuple(_assumptions(source, verification, definition, instrument)),
            provenance=Provenance(
                call="synthesis.published",
                arguments={"source": source, "verification": verification, "interval": interval, "level": level},
                source_name=source,
            ),
        ),
        reasons=() if np.isfinite(error) else (FIGURE_WITHOUT_ERROR.at(0),),
    )


def _assumptions(source: str, verification: str, definition: str, instrument: str) -> list[Assumption]:
    assumptions = [SEEN[verification].assume(source=source)]
    if definition:
        assumptions.append(DEFINITION_STATED.assume(definition=definition))
    if instrument:
        assumptions.append(INSTRUMENT_STATED.assume(instrument=instrument))
    return assumptions


def _middle_and_error(
    value: float | None, se: float | None, lower: float | None, upper: float | None, interval: str, level: float,
    verification: str,
) -> tuple[float, float]:  # fmt: skip
    """The value and its standard error, whichever of them was printed."""
    if interval not in SCALES:
        raise not_one_of("FL-EST-184", "this scale of printed limits", interval, SCALES)
    if verification not in MARKS:
        raise not_one_of("FL-EST-184", "this mark of verification", verification, MARKS[:2])
    wrong = list(_faults(value, se, lower, upper, interval, level))
    if wrong:
        raise EstimateFault(
            "FL-EST-184", "this is not a published figure", found="; ".join(wrong),
            fix="give value=, with se= or both limits where they are printed; proportions between 0 and 1, not per cent",
        )  # fmt: skip
    if lower is None or upper is None:
        assert value is not None
        return float(value), np.nan if se is None else float(se)
    low, high = _on(lower, interval), _on(upper, interval)
    middle = _back((low + high) / 2, interval) if value is None else float(value)
    slope = {"wald": 1.0, "log": middle, "logit": middle * (1 - middle)}[interval]
    z = float(special.ndtri((1 + level) / 2))
    return middle, slope * (high - low) / (2 * z) if se is None else float(se)


def _faults(
    value: float | None, se: float | None, lower: float | None, upper: float | None, interval: str, level: float
) -> list[str]:
    given = {"value": value, "se": se, "lower": lower, "upper": upper}
    wrong = [f"{name} = {x!r}" for name, x in given.items() if x is not None and not np.isfinite(x)]
    if (lower is None) != (upper is None):
        wrong.append("one limit without the other")
    if value is None and (lower is None or upper is None):
        wrong.append("neither a value nor an interval")
    if se is not None and se < 0:
        wrong.append(f"se = {se!r}")
    if not 0 < level < 1:
        wrong.append(f"level = {level!r}")
    if wrong:
        return wrong
    ends = [x for x in (lower, value, upper) if x is not None]
    if lower is not None and upper is not None and ends != sorted(ends):
        wrong.append(f"limits {lower:g} to {upper:g} do not hold the value")
    if interval == "log" and min(ends) <= 0:
        wrong.append("a logarithm needs figures above 0")
    if interval == "logit" and not (min(ends) > 0 and max(ends) < 1):
        wrong.append("logit needs figures between 0 and 1")
    return wrong


def _limits(value: float, se: float, interval: str, level: float) -> tuple[float, float]:
    """Limits of a figure that was printed with a standard error alone."""
    if interval == "logit":
        half = float(special.ndtri((1 + level) / 2)) * se / (value * (1 - value))
        return float(special.expit(special.logit(value) - half)), float(special.expit(special.logit(value) + half))
    low, high = general(interval, np.array([value]), np.array([se]), np.array([np.inf]), level)
    return float(low[0]), float(high[0])


def _on(x: float, interval: str) -> float:
    return {"wald": float, "log": np.log, "logit": special.logit}[interval](x)


def _back(x: float, interval: str) -> float:
    return float({"wald": float, "log": np.exp, "logit": special.expit}[interval](x))
