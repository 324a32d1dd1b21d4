"""Change between two rounds: how far the second figure is from the first, where the two can be compared at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np

from fl_estimate.errors import EstimateFault, not_one_of
from fl_estimate.estimators.synthesis.reading import (
    PERSONS,
    InputRows,
    aligned,
    answer,
    require_choice,
    require_finite,
    rows_of,
)
from fl_estimate.results.codes import (
    CHANGE_DIFFERENCE,
    CHANGE_PERCENT,
    CHANGE_RATIO,
    DEFINITION_STATED,
    INSTRUMENT_STATED,
    ITEMS_NOT_IN_INSTRUMENT,
    SUBPOPULATION,
    TOTAL,
    AssumptionCode,
    MethodName,
    Quantity,
    ReasonCode,
)
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.recipe import Period
from fl_estimate.results.roles import Correlation, Earlier, Level

Scale = Literal["difference", "ratio", "percent"]
SCALES: tuple[Scale, ...] = ("difference", "ratio", "percent")
QUANTITIES: dict[str, Quantity] = {
    "difference": CHANGE_DIFFERENCE,
    "ratio": CHANGE_RATIO,
    "percent": CHANGE_PERCENT,
}
CHANGE = MethodName("change")
ROUNDS_DIFFER = ReasonCode("rounds_differ", "what")
ROUNDS_CORRELATED = AssumptionCode("rounds_correlated", "correlation")
CARRIERS: dict[AssumptionCode, str] = {
    DEFINITION_STATED: "definition",
    INSTRUMENT_STATED: "instrument",
    ITEMS_NOT_IN_INSTRUMENT: "items",
    SUBPOPULATION: "subpopulation",
}
"""Assumptions that tell what was counted and asked, and what a change of it is called."""
BOTH_WAYS: frozenset[AssumptionCode] = frozenset({ITEMS_NOT_IN_INSTRUMENT, SUBPOPULATION})
"""Those of them whose absence says something, too."""


@method(kind=None, basis=None, family="synthesis")
def change(
    before: Annotated[Estimates | float, Earlier(independent=True)],
    after: Annotated[Estimates | float, Earlier(independent=True)],
    *,
    scale: Scale = "difference",
    correlation: Correlation = 0.0,
    differing: Literal["refuse", "flag"] = "refuse",
    interval: Literal["log", "wald"] | None = None,
    level: Level = 0.95,
) -> Estimates:
    """Say how a figure changed from one round to the next, as difference, ratio or per cent.

    For published figures and finished Estimates. Two rounds that share sampling units are better contrasted from their
    microdata, where the covariance is known; here it has to be stated.

    Parameters
    ----------
    before, after : Estimates or number
        With the same rows. A number is taken as known.
    scale : {"difference", "ratio", "percent"}
        after − before; after / before; 100 (after / before − 1).
    correlation : float, default 0
        Between the errors of the two rounds, from -1 to 1; 0 for independent samples.
    differing : {"refuse", "flag"}
        What to do where the rounds differ in what they count: outcome, quantity, measure, population, length of the reference
        period, definition or instrument. ``flag`` computes, and every row says what differs.
    interval : {"wald", "log"}, optional
        By default wald for a difference or per cent, log for a ratio.
    level : float

    Returns
    -------
    Estimates
        `quantity` change_difference, change_ratio or change_percent; `reference_period` "before to after".

    Raises
    ------
    EstimateFault
        FL-EST-195: the rounds cannot be compared, or a scale that there is not; FL-EST-183, FL-EST-185, FL-EST-187,
        FL-EST-188 (a ratio to 0).

    Notes
    -----
    Difference: SE² = SE₁² + SE₂² − 2 r SE₁ SE₂. Ratio: CV² = CV₁² + CV₂² − 2 r CV₁ CV₂.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> wider = fl.synthesis.change(49.6e6, 65.3e6, scale="percent")
    >>> round(wider.value, 2)
    31.65
    """
    if scale not in SCALES:
        raise not_one_of("FL-EST-195", "this scale of change", scale, SCALES)
    if differing not in ("refuse", "flag"):
        raise not_one_of("FL-EST-195", "this rule for rounds that differ", differing, ("refuse", "flag"))
    require_finite({"correlation": correlation}, within=(-1, 1))
    chosen: Literal["log", "wald"] = interval or ("log" if scale == "ratio" else "wald")
    require_choice(chosen, level)
    given = rows_of(before, "before"), rows_of(after, "after")
    if all(rows.estimates is not None for rows in given) and len(given[0].value) != len(given[1].value):
        raise EstimateFault("FL-EST-185", "change: the results do not have the same rows",
                            found=f"{len(given[0].value)} and {len(given[1].value)} rows",
                            fix="take one figure of each with .national or .select(region=…), or estimate both by the same columns")  # fmt: skip
    first, second = aligned(given, "change")
    differences = _differences(first, second)
    if differences and differing == "refuse":
        raise EstimateFault(
            "FL-EST-195", "the two rounds do not count the same thing, so that their difference is not a change",
            found="; ".join(f"{what}: {a or 'not said'} / {b or 'not said'}" for what, a, b in differences),
            fix='estimate both rounds alike; or say differing="flag", and print what differs beside the figure',
        )  # fmt: skip
    if scale != "difference" and (first.value == 0).any():
        raise EstimateFault("FL-EST-188", "a change in proportion to 0 has no value", found="a first round of 0",
                            fix='scale="difference"')  # fmt: skip
    value, se = _changed(first, second, scale, correlation)
    flags = [
        ROUNDS_DIFFER.at(row, what=", ".join(what for what, _, _ in differences))
        for row in range(len(value)) if differences
    ]  # fmt: skip
    return answer(
        "change",
        [first, second],
        value=value,
        se=se,
        df=np.minimum(first.df, second.df) * np.ones_like(value),
        interval=chosen,
        level=level,
        method=CHANGE,
        respondents="sum",
        quantity=QUANTITIES[scale],
        measure=_one(first, second, "measure"),
        population=_one(first, second, "population"),
        reference_period=_periods(first, second),
        arguments={"scale": scale, "correlation": correlation, "differing": differing, "interval": chosen},
        assumptions=[ROUNDS_CORRELATED.assume(correlation=float(correlation))],
        reasons=flags,
        diagnostics={"differs": [what for what, _, _ in differences], "z": _z(value, se, scale)},
    )


def _changed(first: InputRows, second: InputRows, scale: str, r: float) -> tuple[np.ndarray, np.ndarray]:
    if scale == "difference":
        variance = first.se**2 + second.se**2 - 2 * r * first.se * second.se
        return second.value - first.value, np.sqrt(np.maximum(variance, 0))
    quotient = second.value / first.value
    top, bottom = second.se / first.value, quotient * first.se / first.value
    se = np.sqrt(np.maximum(top**2 + bottom**2 - 2 * r * top * bottom, 0))
    return (quotient, se) if scale == "ratio" else (100 * (quotient - 1), 100 * se)


def _differences(first: InputRows, second: InputRows) -> list[tuple[str, str, str]]:
    """What the two rounds say differently of what they count. A plain number says nothing."""
    a, b = first.estimates, second.estimates
    if a is None or b is None:
        return []
    pairs = [
        ("outcome", str(a.frame["outcome"].iloc[0]), str(b.frame["outcome"].iloc[0])),
        ("quantity", _unit(first.quantity), _unit(second.quantity)),
        ("measure", a.measure, b.measure),
        ("population", a.population, b.population),
        ("length of the reference period", Period(a.reference_period).length, Period(b.reference_period).length),
    ]
    found = [(what, x, y) for what, x, y in pairs if x and y and x != y]
    for code, what in CARRIERS.items():
        x, y = _stated(a, code), _stated(b, code)
        # What one round states and the other does not is a difference too, of items and subpopulations at least.
        if x != y and ((x and y) or code in BOTH_WAYS):
            found.append((what, x, y))
    return found


def _unit(quantity: str) -> str:
    return TOTAL if quantity in PERSONS else quantity


def _stated(estimates: Estimates, code: str) -> str:
    texts = [", ".join(str(value) for _, value in a.parameters) for a in estimates.assumptions if a.code == code]
    return "; ".join(texts)


def _one(first: InputRows, second: InputRows, about: str) -> str:
    words = [str(getattr(r.estimates, about)) for r in (first, second) if r.estimates is not None]
    kept = list(dict.fromkeys(word for word in words if word))
    return kept[0] if len(kept) == 1 else " / ".join(kept)


def _periods(first: InputRows, second: InputRows) -> str:
    words: Sequence[Any] = [r.estimates.reference_period if r.estimates else "" for r in (first, second)]
    return " → ".join(words) if all(words) else ""


def _z(value: np.ndarray, se: np.ndarray, scale: str) -> list[float]:
    """Distance from no change in standard errors."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return ((value - (1 if scale == "ratio" else 0)) / se).tolist()
