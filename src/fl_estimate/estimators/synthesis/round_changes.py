"""Changes between rounds, and their average, with the covariance of the rounds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import Annotated, Any, Literal

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.design.intervals import general
from fl_estimate.errors import EstimateFault, listed, not_one_of, shown
from fl_estimate.estimators.synthesis.reading import require_choice
from fl_estimate.estimators.synthesis.round_lines import degrees_of_freedom, variance_of
from fl_estimate.estimators.synthesis.round_results import TOO_FEW_ROUNDS, MadeRow, lay_out_rounds, left_out
from fl_estimate.estimators.synthesis.rounds_given import Between, GivenRounds, Times, read_rounds
from fl_estimate.estimators.synthesis.trend import (
    BetweenRounds,
    Bridges,
    DfGiven,
    RoundsGiven,
    independent,
    require_rule,
)
from fl_estimate.results.codes import (
    ANNUAL_CHANGE,
    ANNUAL_PERCENT,
    ANNUAL_RATIO,
    CHANGE_DIFFERENCE,
    CHANGE_PERCENT,
    CHANGE_RATIO,
    DF_NOT_POSITIVE,
    INTERVAL_NOT_DEFINED,
    LOG,
    WALD,
    AssumptionCode,
    MethodName,
    Quantity,
    ReasonCode,
)
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import Level, Within

Scale = Literal["difference", "ratio", "percent"]
QUANTITIES: dict[str, tuple[Quantity, Quantity]] = {
    "difference": (CHANGE_DIFFERENCE, ANNUAL_CHANGE),
    "ratio": (CHANGE_RATIO, ANNUAL_RATIO),
    "percent": (CHANGE_PERCENT, ANNUAL_PERCENT),
}
"""The change, and the change in a year, on each scale."""
Pairs = Literal["ends", "successive", "all"]
PAIRS: tuple[str, ...] = ("ends", "successive", "all")
CHANGES = MethodName("changes")
ROUNDS_AVERAGED = MethodName("rounds-averaged")
AVERAGE_OF_ROUNDS = AssumptionCode("average_of_rounds", "rounds")
WEIGHTED_AVERAGE = AssumptionCode("average_of_rounds_weighted", "rounds")
NO_RATIO_TO_ZERO = ReasonCode("no_ratio_to_zero")


@method(kind="changes", basis=None, family="synthesis")
def changes(
    rounds: RoundsGiven,
    *,
    pairs: Pairs = "ends",
    scale: Scale = "difference",
    per_year: bool = False,
    column: str | None = None,
    at: Times = None,
    correlation: BetweenRounds = None,
    overlap: Between = None,
    bridge: Bridges = None,
    differing: Literal["refuse", "flag"] = "refuse",
    df: DfGiven = None,
    level: Level = 0.95,
) -> Estimates:
    """Say how a figure changed between rounds, with the covariance of a panel or a rotating sample.

    Of two results of independent samples `fl.synthesis.change` says the same.

    Parameters
    ----------
    rounds, column, at, correlation, overlap, bridge, differing
        As in `fl.synthesis.trend`; two rounds are enough.
    pairs : {"ends", "successive", "all"}
        From the first round to the last, from each to the next, or every pair.
    scale : {"difference", "ratio", "percent"}
        after − before; after / before; 100 (after / before − 1).
    per_year : bool
        The change in a year: the difference divided by the years between, or the ratio's root of as many.
    df : float, optional
        Degrees of freedom; by default Satterthwaite's of independent rounds, of others the least.
    level : float

    Returns
    -------
    Estimates
        `quantity` change_difference, change_ratio or change_percent, or annual_change, annual_ratio, annual_percent; `term` the two
        rounds. Tested against no change when it is published.

    Raises
    ------
    EstimateFault
        FL-EST-750 to FL-EST-755, FL-EST-758 (pairs, scale), FL-EST-195, FL-EST-183, FL-EST-185, FL-EST-187.

    Notes
    -----
    Difference: v₁ + v₂ − 2c. Ratio on its logarithm: v₁/x₁² + v₂/x₂² − 2c/(x₁x₂). In a year: difference/d; exp(log ratio/d).

    References
    ----------
    Kish (1965), Survey Sampling, section 12.4. Berger and Priam (2016), Journal of the Royal Statistical Society A 179, 361-381.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> rounds = {year: fl.synthesis.published(value, se=2, quantity="total", source=year) for year, value in (("2018", 26), ("2021", 22))}
    >>> found = fl.synthesis.changes(rounds, correlation=0.6, overlap=0.5)
    >>> round(found.value, 2), round(found.se, 3)
    (-4.0, 2.366)
    """
    require_rule(differing)
    if pairs not in PAIRS:
        raise not_one_of("FL-EST-758", "this choice of pairs of rounds", pairs, PAIRS)
    if scale not in QUANTITIES:
        raise not_one_of("FL-EST-758", "this scale of change", scale, tuple(QUANTITIES))
    require_choice("wald", level)
    read = read_rounds(
        rounds, "changes", column=column, at=at, correlation=correlation, overlap=overlap, bridge=bridge,
        differing=differing, least=2,
    )  # fmt: skip
    made = [
        _changed(read, cell, a, b, scale, df, level, per_year=per_year)
        for cell in range(len(read.value))
        for a, b in _pairs(len(read.labels), pairs)
    ]
    told = {"pairs": pairs, "scale": scale, "per_year": per_year, "correlation": correlation, "overlap": overlap,
            "differing": differing, "df": df, "level": level}  # fmt: skip
    return lay_out_rounds(
        read, made, call="changes", method=CHANGES, level=level,
        arguments={name: value for name, value in told.items() if value is not None},
    )  # fmt: skip


def _pairs(size: int, pairs: str) -> list[tuple[int, int]]:
    if pairs == "ends":
        return [(0, size - 1)]
    return list(pairwise(range(size)) if pairs == "successive" else combinations(range(size), 2))


def _changed(
    rounds: GivenRounds, cell: int, a: int, b: int, scale: str, df: float | None, level: float, *, per_year: bool
) -> MadeRow:
    of = tuple(t for t in (a, b) if rounds.usable[cell, t])
    quantity = QUANTITIES[scale][1 if per_year else 0]
    term = (
        f"{rounds.labels[b]} − {rounds.labels[a]}"
        if scale == "difference"
        else f"{rounds.labels[b]} / {rounds.labels[a]}"
    )
    reasons = [one for one in left_out(rounds, cell, of) if one[0] is not None and _of_pair(one, rounds, (a, b))]
    if len(of) < 2:
        few = ((TOO_FEW_ROUNDS, {"rounds": len(of)}),)
        return MadeRow(cell=cell, of=of, quantity=quantity, value=np.nan, term=term, reasons=(*reasons, *few))
    x, v = rounds.value[cell, [a, b]], rounds.covariance[cell][np.ix_([a, b], [a, b])]
    own = rounds.df[cell, [a, b]]
    years = float(rounds.times[b] - rounds.times[a]) if per_year else 1.0
    if scale != "difference" and not (x > 0).all():
        none = ((NO_RATIO_TO_ZERO, {}),)
        return MadeRow(cell=cell, of=of, quantity=quantity, value=np.nan, term=term, reasons=(*reasons, *none))
    slopes = np.array([-1.0, 1.0]) / years if scale == "difference" else np.array([-1 / x[0], 1 / x[1]]) / years
    variance = variance_of(slopes, v)
    freedom = degrees_of_freedom(slopes, v, own, independent=independent(rounds, v)) if df is None else df
    if not freedom > 0:
        reasons.append((DF_NOT_POSITIVE, {"df": float(freedom)}))
    moved = float(x[1] - x[0]) / years if scale == "difference" else math.log(x[1] / x[0]) / years
    return MadeRow(cell=cell, of=of, quantity=quantity, df=freedom, term=term, reasons=tuple(reasons),
                   **_numbers(scale, moved, variance, freedom, level))  # fmt: skip


def _of_pair(reason: Any, rounds: GivenRounds, pair: tuple[int, int]) -> bool:
    """Whether a reason speaks of a round of the pair; it then names these alone."""
    named = {rounds.labels[t] for t in pair}
    kept = [label for label in reason[1]["rounds"] if label in named]
    reason[1]["rounds"] = kept
    return bool(kept)


def _numbers(scale: str, moved: float, variance: float, df: float, level: float) -> dict[str, Any]:
    """Value, error and limits of a change from those on its scale: itself, or the logarithm of the ratio."""
    se = math.sqrt(variance)
    low, high = _limits(moved, se or math.nan, df, level)
    if scale == "difference":
        return {"value": moved, "se": se, "lower": low, "upper": high, "kind": str(WALD)}
    ratio = math.exp(moved)
    found = {"value": ratio, "se": ratio * se, "lower": math.exp(low), "upper": math.exp(high)}
    if scale == "percent":
        found = {name: 100 * number - (0 if name == "se" else 100) for name, number in found.items()}
    return {**found, "kind": str(LOG)}


def _limits(value: float, se: float, df: float, level: float) -> tuple[float, float]:
    low, high = general("wald", np.array([value]), np.array([se]), np.array([df]), level)
    return float(low[0]), float(high[0])


@method(kind="average_rounds", basis=None, family="synthesis")
def average_rounds(
    rounds: RoundsGiven,
    *,
    weights: Annotated[Sequence[float] | None, Within(items=(2, None))] = None,
    column: str | None = None,
    at: Times = None,
    correlation: BetweenRounds = None,
    overlap: Between = None,
    bridge: Bridges = None,
    differing: Literal["refuse", "flag"] = "refuse",
    df: DfGiven = None,
    interval: Literal["wald", "log"] = "log",
    level: Level = 0.95,
) -> Estimates:
    """Average rounds: what a figure was over all of them, which several small samples know better than each.

    Parameters
    ----------
    rounds, column, at, correlation, overlap, bridge, differing
        As in `fl.synthesis.trend`; two rounds are enough, and their times are for their order only.
    weights : sequence of float, optional
        Of the rounds in order of time (as given where no time is known), above 0; they are divided by their sum. By default every round counts the same, which says what
        the figure was on average in these times; weights by precision (`fl.synthesis.combine`) would lean to the rounds that happened to
        find few.
    df : float, optional
        Degrees of freedom; by default Satterthwaite's of independent rounds, of others the least.
    interval : {"log", "wald"}
    level : float

    Returns
    -------
    Estimates
        Of the quantity of the rounds. A cell that a round lacks has no average.

    Raises
    ------
    EstimateFault
        FL-EST-750 to FL-EST-755, FL-EST-759 (weights), FL-EST-195, FL-EST-183, FL-EST-185, FL-EST-187.

    Notes
    -----
    a'y with variance a'Va, a the weights.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> rounds = {year: fl.synthesis.published(value, se=2, quantity="total", source=year) for year, value in (("2018", 26), ("2021", 22))}
    >>> found = fl.synthesis.average_rounds(rounds)
    >>> found.value, round(found.se, 3)
    (24.0, 1.414)
    """
    require_rule(differing)
    require_choice(interval, level)
    read = read_rounds(
        rounds, "average_rounds", column=column, at=at, correlation=correlation, overlap=overlap, bridge=bridge,
        differing=differing, least=2, timed=False,
    )  # fmt: skip
    shares = _shares(weights, read.labels)
    made = [_averaged(read, cell, shares, df, interval, level) for cell in range(len(read.value))]
    told = {"weights": shares.tolist(), "correlation": correlation, "overlap": overlap, "differing": differing, "df": df,
            "interval": interval, "level": level}  # fmt: skip
    return lay_out_rounds(
        read, made, call="average_rounds", method=ROUNDS_AVERAGED, level=level,
        arguments={name: value for name, value in told.items() if value is not None},
        assumptions=[(AVERAGE_OF_ROUNDS if weights is None else WEIGHTED_AVERAGE).assume(rounds=list(read.labels))],
    )  # fmt: skip


def _shares(weights: Sequence[float] | None, labels: Sequence[str]) -> Floats:
    given = [1.0] * len(labels) if weights is None else list(weights)
    numbers = [one for one in given if isinstance(one, int | float | np.number) and 0 < one < math.inf]
    if len(given) != len(labels) or len(numbers) != len(given):
        raise EstimateFault(
            "FL-EST-759", "the weights of the rounds cannot be used", found=f"rounds {listed(labels)}; weights={shown(weights)}",
            fix="a number above 0 for each round, in order of time",
        )  # fmt: skip
    made = np.array(given, dtype=float)
    return made / made.sum()


def _averaged(
    rounds: GivenRounds, cell: int, shares: Floats, df: float | None, interval: str, level: float
) -> MadeRow:  # fmt: skip
    of = tuple(int(t) for t in np.flatnonzero(rounds.usable[cell]))
    reasons = left_out(rounds, cell, of)
    quantity = rounds.inputs[0].quantity
    if len(of) < len(shares):
        few = ((TOO_FEW_ROUNDS, {"rounds": len(of)}),)
        return MadeRow(cell=cell, of=of, quantity=quantity, value=np.nan, reasons=(*reasons, *few))
    covariance = rounds.covariance[cell]
    value, variance = float(shares @ rounds.value[cell]), variance_of(shares, covariance)
    freedom = (
        degrees_of_freedom(shares, covariance, rounds.df[cell], independent=independent(rounds, covariance))
        if df is None
        else df
    )
    se = math.sqrt(variance)
    low, high = general(interval, np.array([value]), np.array([se or math.nan]), np.array([freedom]), level)
    if math.isnan(float(low[0])):
        reasons.append(
            (INTERVAL_NOT_DEFINED, {"kind": interval}) if freedom > 0 else (DF_NOT_POSITIVE, {"df": float(freedom)})
        )
    return MadeRow(
        cell=cell, of=of, quantity=quantity, value=value, se=se, lower=float(low[0]), upper=float(high[0]), df=freedom,
        kind=str(LOG if interval == "log" else WALD), reasons=tuple(reasons),
    )  # fmt: skip
