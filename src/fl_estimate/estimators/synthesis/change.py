"""Change between two rounds: how far the second figure is from the first, where the two can be compared at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, not_one_of
from fl_estimate.estimators.synthesis.comparable import (
    ROUNDS_DIFFER,
    Bridge,
    bridge_of,
    bridge_told,
    require_comparable,
)
from fl_estimate.estimators.synthesis.reading import (
    InputRows,
    aligned,
    answer,
    require_choice,
    require_finite,
    rows_of,
)
from fl_estimate.estimators.synthesis.round_results import MADE_OF, ROUNDS_WITHOUT_CASES
from fl_estimate.estimators.synthesis.rounds_given import without_cases
from fl_estimate.results.codes import (
    CHANGE_DIFFERENCE,
    CHANGE_PERCENT,
    CHANGE_RATIO,
    AssumptionCode,
    MethodName,
    Quantity,
)
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import Correlation, Earlier, Level, Within
from fl_estimate.words.periods import THEN

Scale = Literal["difference", "ratio", "percent"]
SCALES: tuple[Scale, ...] = ("difference", "ratio", "percent")
QUANTITIES: dict[str, Quantity] = {
    "difference": CHANGE_DIFFERENCE,
    "ratio": CHANGE_RATIO,
    "percent": CHANGE_PERCENT,
}
CHANGE = MethodName("change")
ROUNDS_CORRELATED = AssumptionCode("rounds_correlated", "correlation")
SIDES = ("before", "after")
"""What the two rounds are called in a bridge."""


@method(kind=None, basis=None, family="synthesis")
def change(
    before: Annotated[Estimates | float, Earlier(independent=True)],
    after: Annotated[Estimates | float, Earlier(independent=True)],
    *,
    scale: Scale = "difference",
    correlation: Correlation = 0.0,
    overlap: Annotated[float | None, Within(ge=0, le=1)] = None,
    bridge: str | Mapping[str, Sequence[float]] | None = None,
    differing: Literal["refuse", "flag"] = "refuse",
    interval: Literal["log", "wald"] | None = None,
    level: Level = 0.95,
) -> Estimates:
    """Say how a figure changed from one round to the next, as difference, ratio or per cent.

    For published figures and finished Estimates. Two rounds that share sampling units are better estimated from their
    microdata in one call (`fl.join_rounds`), where the covariance is known; here it has to be stated.

    Parameters
    ----------
    before, after : Estimates or number
        With the same rows. A number is taken as known.
    scale : {"difference", "ratio", "percent"}
        after − before; after / before; 100 (after / before − 1).
    correlation : float, default 0
        Between the errors of the two rounds, from -1 to 1; 0 for independent samples. With `overlap`, between the answers of
        those who were asked in both.
    overlap : float, optional
        Share of the sample that the rounds have in common, n₁₂/√(n₁n₂): the errors' correlation is its product with `correlation`.
    bridge : mapping or str, optional
        ``{"before": (0.82, 0.05)}``: what the figure of a round is multiplied by, with its standard error, to count as the other does,
        where the definition or the instrument was another. Or a text that says why rounds that differ can be compared as they are.
    differing : {"refuse", "flag"}
        What to do where the rounds differ in what they count, and no bridge is given: outcome, quantity, measure, population, unit,
        length of the reference period, framework, definition, instrument, treatment of unknown answers. ``flag`` computes, and every
        row says what differs.
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
        FL-EST-188 (a ratio to 0); FL-EST-753 (bridge).

    Notes
    -----
    Difference: SE² = SE₁² + SE₂² − 2 r SE₁ SE₂. Ratio: CV² = CV₁² + CV₂² − 2 r CV₁ CV₂. A bridge f with error s: SE² becomes
    f² SE² + x² s². A survey round without a case has the error of one effective case, and the row says so.

    References
    ----------
    Kish (1965), Survey Sampling, section 12.4 (overlap).

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
    require_finite({} if overlap is None else {"overlap": overlap}, within=(0, 1))
    chosen: Literal["log", "wald"] = interval or ("log" if scale == "ratio" else "wald")
    require_choice(chosen, level)
    given = rows_of(before, "before"), rows_of(after, "after")
    if all(rows.estimates is not None for rows in given) and len(given[0].value) != len(given[1].value):
        raise EstimateFault("FL-EST-185", "change: the results do not have the same rows",
                            found=f"{len(given[0].value)} and {len(given[1].value)} rows",
                            fix="take one figure of each with .national or .select(region=…), or estimate both by the same columns")  # fmt: skip
    first, second = aligned(given, "change")
    factors = bridge_of(bridge, SIDES)
    differences = require_comparable([first.estimates, second.estimates], SIDES, factors, differing)
    (first, none), (second, nobody) = _with_error(first), _with_error(second)
    first, second = _bridged(first, factors, 0), _bridged(second, factors, 1)
    if scale != "difference" and (first.value == 0).any():
        raise EstimateFault("FL-EST-188", "a change in proportion to 0 has no value", found="a first round of 0",
                            fix='scale="difference"')  # fmt: skip
    between = correlation if overlap is None else correlation * overlap
    value, se = _changed(first, second, scale, between, factors)
    empty = [
        [side for side, one in zip(SIDES, (none, nobody), strict=True) if np.broadcast_to(one, len(value))[row]]
        for row in range(len(value))
    ]
    flags = [
        ROUNDS_DIFFER.at(row, what=", ".join(what for what, _ in differences))
        for row in range(len(value)) if differences
    ]  # fmt: skip
    flags += [ROUNDS_WITHOUT_CASES.at(row, rounds=sides) for row, sides in enumerate(empty) if sides]
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
        arguments={
            "scale": scale,
            "correlation": correlation,
            "differing": differing,
            "interval": chosen,
            MADE_OF: {"": list(SIDES)},
            "periods": [one.estimates.reference_period if one.estimates else "" for one in (first, second)],
            "of": str(next((one.quantity for one in (first, second) if one.estimates), "")),
            **({} if overlap is None else {"overlap": overlap}),
            **({} if bridge is None else {"bridge": bridge if isinstance(bridge, str) else dict(bridge)}),
        },
        assumptions=[ROUNDS_CORRELATED.assume(correlation=float(between)), *bridge_told(factors, SIDES)],
        reasons=flags,
        diagnostics={"differs": [what for what, _ in differences], "z": _z(value, se, scale)},
    )


def _with_error(rows: InputRows) -> tuple[InputRows, npt.NDArray[np.bool_]]:
    """A round with an error also where a survey found no case: that of one effective case in as many people."""
    zero, se = without_cases([rows], rows.value[:, None], rows.se[:, None], rows.upper[:, None])
    return replace(rows, se=se[:, 0]), zero[:, 0]


def _bridged(rows: InputRows, bridge: Bridge, side: int) -> InputRows:
    """A round times its factor; the error of the factor comes with the change, where two rounds may share it."""
    factor = float(bridge.factor[side])
    return rows if factor == 1 else replace(rows, value=factor * rows.value, se=factor * rows.se)


def _changed(first: InputRows, second: InputRows, scale: str, r: float, bridge: Bridge) -> tuple[Floats, Floats]:
    of = bridge.se / bridge.factor
    a, b = of[0] * first.value, of[1] * second.value
    common = a * b if bridge.group[0] == bridge.group[1] >= 0 else np.zeros_like(a * b)
    one, two, both = first.se**2 + a**2, second.se**2 + b**2, r * first.se * second.se + common
    if scale == "difference":
        return second.value - first.value, np.sqrt(np.maximum(one + two - 2 * both, 0))
    quotient = second.value / first.value
    relative = one / first.value**2 * quotient**2 + two / first.value**2 - 2 * both * quotient / first.value**2
    se = np.sqrt(np.maximum(relative, 0))
    return (quotient, se) if scale == "ratio" else (100 * (quotient - 1), 100 * se)


def _one(first: InputRows, second: InputRows, about: str) -> str:
    words = [str(getattr(r.estimates, about)) for r in (first, second) if r.estimates is not None]
    kept = list(dict.fromkeys(word for word in words if word))
    return kept[0] if len(kept) == 1 else " / ".join(kept)


def _periods(first: InputRows, second: InputRows) -> str:
    words: Sequence[Any] = [r.estimates.reference_period if r.estimates else "" for r in (first, second)]
    return THEN.join(words) if all(words) else ""


def _z(value: np.ndarray, se: np.ndarray, scale: str) -> list[float]:
    """Distance from no change in standard errors."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return ((value - (1 if scale == "ratio" else 0)) / se).tolist()
