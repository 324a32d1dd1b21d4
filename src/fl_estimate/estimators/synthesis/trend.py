"""Trend over three and more rounds: the change in a year, whether there is any, and whether a line is enough."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.design.intervals import general
from fl_estimate.errors import EstimateFault, not_one_of, shown
from fl_estimate.estimators.synthesis.reading import require_choice
from fl_estimate.estimators.synthesis.round_lines import FittedLine, Wald, degrees_of_freedom, line, on_scale, wald_test
from fl_estimate.estimators.synthesis.round_results import TOO_FEW_ROUNDS, MadeRow, lay_out_rounds, left_out
from fl_estimate.estimators.synthesis.rounds_given import Between, Given, GivenRounds, Times, read_rounds
from fl_estimate.results.codes import (
    ANNUAL_CHANGE,
    ANNUAL_ODDS_RATIO,
    ANNUAL_RATIO,
    DF_NOT_POSITIVE,
    F_STATISTIC,
    LOG,
    NUMERATOR_DF,
    P_VALUE,
    WALD,
    AssumptionCode,
    MethodName,
    Quantity,
    ReasonCode,
    Term,
)
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import Earlier, Key, Level, NamedFigures, Stated, Within

Scale = Literal["linear", "log", "logit"]
SCALES: dict[str, Quantity] = {"linear": ANNUAL_CHANGE, "log": ANNUAL_RATIO, "logit": ANNUAL_ODDS_RATIO}
Weighting = Literal["precision", "equal"]
WEIGHTINGS: tuple[str, ...] = ("precision", "equal")
Tested = Literal["change", "departure"]
DEPARTURE = Term("departure")
TESTS: tuple[str, ...] = ("change", str(DEPARTURE))
TREND = MethodName("trend")
ROUNDS_TESTED = MethodName("rounds-tested")
LINES: dict[str, AssumptionCode] = {scale: AssumptionCode(f"trend_{scale}") for scale in SCALES}
WEIGHTED: dict[str, AssumptionCode] = {
    "precision": AssumptionCode("rounds_by_precision"),
    "equal": AssumptionCode("rounds_alike"),
}
TESTED: dict[str, AssumptionCode] = {test: AssumptionCode(f"rounds_tested_{test}") for test in TESTS}
ON_SCALE: dict[str, AssumptionCode] = {scale: AssumptionCode(f"rounds_tested_on_{scale}") for scale in ("log", "logit")}
ROUNDS_WEIGHTED_EQUALLY = ReasonCode("rounds_weighted_equally")
TREND_NOT_LINEAR = ReasonCode("trend_not_linear", "p")
NOT_TESTED = ReasonCode("rounds_not_tested")
BENT = 0.05
"""Rounds whose test of the line has a p below this are said not to lie on one."""
HALF = 0.5
"""The cases that a round without one is given where a logarithm is taken."""
RoundsGiven = Annotated[Given, Earlier(form=str | NamedFigures, independent=True, rounds=True), Key("estimates")]
BetweenRounds = Annotated[Between, Stated()]
Bridges = str | Mapping[str, Sequence[float]] | None
DfGiven = Annotated[float | None, Within(gt=0)]


@method(kind="trend", basis=None, family="synthesis")
def trend(
    rounds: RoundsGiven,
    *,
    column: str | None = None,
    at: Times = None,
    scale: Scale = "linear",
    weighting: Weighting = "precision",
    correlation: BetweenRounds = None,
    overlap: Between = None,
    bridge: Bridges = None,
    differing: Literal["refuse", "flag"] = "refuse",
    df: DfGiven = None,
    level: Level = 0.95,
) -> Estimates:
    """Estimate the change in a year by a line through three or more rounds.

    For rounds of any kind: surveys, case lists, models, published figures. Of rounds that share sampling units the covariance is needed:
    estimate them in one call (`fl.join_rounds`, ``by="round"``), or state it.

    Parameters
    ----------
    rounds : mapping of name to Estimates, sequence of Estimates, or Estimates
        A result a round, with the same rows (a domain that some rounds lack is taken from the others); or one result with a by-column of
        rounds, whose covariance is then used.
    column : str, optional
        The by-column of the rounds, of one result.
    at : sequence of float or mapping of round to float, optional
        When each round was, in years. By default the middle of its reference period, or its name where that is a year. Rounds need not
        be evenly spaced.
    scale : {"linear", "log", "logit"}
        A line through the figures (difference a year), their logarithms (ratio), or the logits of shares (odds ratio).
    weighting : {"precision", "equal"}
        Generalised least squares, or every round alike: ordinary least squares with the variance of the same covariance.
    correlation : float or table of float, optional
        Between the errors of two rounds: one number for every pair, or rows and columns in order of time; by default 0, independent
        samples. With `overlap`, between the answers of those who were asked twice.
    overlap : float or table of float, optional
        Share of the sample that two rounds have in common, n₁₂/√(n₁n₂).
    bridge : mapping of round to (factor, standard error), or str, optional
        What figures of a round are multiplied by to count as the others do, where its definition or instrument was another. Equal pairs
        are one factor, with one error. A text says why rounds that differ can be compared as they are; it is printed, as what differs is.
    differing : {"refuse", "flag"}
        What to do where rounds differ in what they count, and no bridge is given.
    df : float, optional
        Degrees of freedom; by default Satterthwaite's of independent rounds, of others the least.
    level : float

    Returns
    -------
    Estimates
        `quantity` annual_change, annual_ratio or annual_odds_ratio, one row a cell, tested against no change when it is published.
        ``diagnostics["cells"]`` has for each the slope and its standard error on the scale, weights, and the tests of any change at all
        and of departure from the line: `trend_test` gives these as rows.

    Raises
    ------
    EstimateFault
        FL-EST-750 (fewer than three rounds), FL-EST-751 (what is given is no rounds), FL-EST-752 (times), FL-EST-753 (bridge),
        FL-EST-754 (correlation, overlap), FL-EST-755 (two rounds of one file), FL-EST-756 (scale, weighting, test), FL-EST-757 (logits
        of what is no share), FL-EST-195 (rounds differ), FL-EST-183, FL-EST-185, FL-EST-187.

    Notes
    -----
    b = [(X'V⁻¹X)⁻¹X'V⁻¹y]₂, Var b = [(X'V⁻¹X)⁻¹]₂₂, X = (1, t); equal weights c = (t − t̄)/Σ(t − t̄)², Var = c'Vc. Satterthwaite:
    (Σc²v)²/Σ((c²v)²/df). A survey round without a case counts with the standard error of one effective case; where logarithms are taken,
    as half a case: the row says so. Where a round is known without error, every round counts the same.

    References
    ----------
    Binder and Hidiroglou (1988), Handbook of Statistics 6, 187-211. Korn and Graubard (1999), Analysis of Health Surveys, chapter 8.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> rounds = {year: fl.synthesis.published(value, se=2, quantity="total", source=year)
    ...           for year, value in (("2015", 30), ("2018", 26), ("2021", 22))}
    >>> found = fl.synthesis.trend(rounds)
    >>> round(found.value, 3), round(found.se, 3)
    (-1.333, 0.471)
    """
    read = _read(rounds, "trend", column, at, correlation, overlap, bridge, differing)
    _require(scale, weighting, level, read)
    made: list[MadeRow] = []
    told: list[dict[str, Any]] = []
    for cell in range(len(read.value)):
        row, diagnostic = _slope(read, cell, scale, weighting, df, level)
        made.append(row)
        told.append(diagnostic)
    return lay_out_rounds(
        read, made, call="trend", method=TREND, level=level,
        arguments=_settings(scale, correlation, overlap, differing, df, level) | {"weighting": weighting},
        assumptions=[LINES[scale].assume(), WEIGHTED[weighting].assume()], diagnostics={"cells": told},
    )  # fmt: skip


@method(kind="trend_test", basis=None, family="synthesis")
def trend_test(
    rounds: RoundsGiven,
    *,
    test: Tested = "change",
    column: str | None = None,
    at: Times = None,
    scale: Scale = "linear",
    correlation: BetweenRounds = None,
    overlap: Between = None,
    bridge: Bridges = None,
    differing: Literal["refuse", "flag"] = "refuse",
    df: DfGiven = None,
) -> Estimates:
    """Test whether three or more rounds differ at all, or whether they depart from a line.

    Parameters
    ----------
    rounds, column, at, scale, correlation, overlap, bridge, differing
        As in `fl.synthesis.trend`.
    test : {"change", "departure"}
        Any change at all between the rounds (T − 1 restrictions); or whether a line is not enough (T − 2).
    df : float, optional
        Denominator degrees of freedom of W/q; by default those of Johansen's approximation where rounds are independent, else
        Hotelling's with the least of the rounds.

    Returns
    -------
    Estimates
        A p-value, F and its numerator degrees of freedom for each cell, as other tests have them; missing where a round is known without
        error or the covariance is singular.

    Raises
    ------
    EstimateFault
        As `fl.synthesis.trend`.

    Notes
    -----
    W = r'V⁻¹r with r the residuals of generalised least squares by a constant, or a line. Of independent rounds the first is Welch's
    test. A large p is no proof that nothing changed.

    References
    ----------
    Welch (1951), Biometrika 38, 330-336. Johansen (1980), Biometrika 67, 85-92.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> rounds = {year: fl.synthesis.published(value, se=2, quantity="total", source=year)
    ...           for year, value in (("2015", 30), ("2018", 26), ("2021", 22))}
    >>> fl.synthesis.trend_test(rounds).to_frame()["value"].round(4).tolist()
    [0.0183, 4.0, 2.0]
    """
    if test not in TESTS:
        raise not_one_of("FL-EST-756", "this test of rounds", test, TESTS)
    read = _read(rounds, "trend_test", column, at, correlation, overlap, bridge, differing, timed=test == "departure")
    _require(scale, "precision", 0.95, read)
    made = [row for cell in range(len(read.value)) for row in _tested(read, cell, test, scale, df)]
    return lay_out_rounds(
        read, made, call="trend_test", method=ROUNDS_TESTED, level=np.nan,
        arguments=_settings(scale, correlation, overlap, differing, df, None) | {"test": test},
        assumptions=[TESTED[test].assume(), *([ON_SCALE[scale].assume()] if scale in ON_SCALE else [])],
    )  # fmt: skip


def _read(
    rounds: Given, what: str, column: str | None, at: Times, correlation: Between, overlap: Between, bridge: Bridges,
    differing: str, *, timed: bool = True,
) -> GivenRounds:  # fmt: skip
    require_rule(differing)
    return read_rounds(
        rounds, what, column=column, at=at, correlation=correlation, overlap=overlap, bridge=bridge,
        differing=differing, least=3, timed=timed,
    )  # fmt: skip


def require_rule(differing: str) -> None:
    """Refuse a rule for rounds that differ which there is not.

    Raises
    ------
    EstimateFault
        FL-EST-195.
    """
    if differing not in ("refuse", "flag"):
        raise not_one_of("FL-EST-195", "this rule for rounds that differ", differing, ("refuse", "flag"))


def _require(scale: str, weighting: str, level: float, rounds: GivenRounds) -> None:
    if scale not in SCALES:
        raise not_one_of("FL-EST-756", "this scale of a trend", scale, tuple(SCALES))
    if weighting not in WEIGHTINGS:
        raise not_one_of("FL-EST-756", "this weighting of rounds", weighting, WEIGHTINGS)
    require_choice("wald", level)
    if scale == "logit" and not np.isfinite(_per(rounds)):
        raise EstimateFault(
            "FL-EST-757", "only shares have logits", found=shown(str(rounds.inputs[0].quantity)), fix='scale="log" or "linear"'
        )  # fmt: skip


def _per(rounds: GivenRounds) -> float:
    """Of how many persons a share is written; NaN of what is no share."""
    quantity = rounds.inputs[0].quantity
    return quantity.per if quantity.unit == "share" else math.nan


def _settings(scale: str, correlation: Any, overlap: Any, differing: str, df: Any, level: Any) -> dict[str, Any]:
    told = {
        "scale": scale,
        "correlation": correlation,
        "overlap": overlap,
        "differing": differing,
        "df": df,
        "level": level,
    }
    return {name: value for name, value in told.items() if value is not None}


def taken(rounds: GivenRounds, cell: int, scale: str) -> tuple[tuple[int, ...], Floats, Floats]:
    """The rounds of a cell that have a value on the scale, their values and covariance there."""
    value, covariance = rounds.value[cell].copy(), rounds.covariance[cell].copy()
    none = rounds.zero[cell]
    if scale != "linear":
        size = rounds.se[cell]
        value[none] = HALF * size[none]
        covariance[none, none] = HALF * size[none] ** 2
    moved, covariance = on_scale(scale, value, covariance, _per(rounds))
    used = np.flatnonzero(np.isfinite(moved) & np.isfinite(np.diagonal(covariance)))
    return tuple(int(t) for t in used), moved[used], covariance[np.ix_(used, used)]


def independent(rounds: GivenRounds, covariance: Floats) -> bool:
    """Whether the degrees of freedom of the rounds add up: no errors in common, and each round with its own."""
    apart = bool((covariance == np.diag(np.diagonal(covariance))).all())
    if not rounds.joint:
        return apart
    rule = rounds.results()[0].provenance.arguments.get("df")
    return apart and rule == "domain"


def _slope(
    rounds: GivenRounds, cell: int, scale: str, weighting: str, df: float | None, level: float
) -> tuple[MadeRow, dict[str, Any]]:
    used, value, covariance = taken(rounds, cell, scale)
    reasons = left_out(rounds, cell, used)
    if len(used) < 3:
        few = [(TOO_FEW_ROUNDS, {"rounds": len(used)})]
        return MadeRow(cell=cell, of=used, quantity=SCALES[scale], value=np.nan, reasons=(*reasons, *few)), {}
    times, own = rounds.times[list(used)], rounds.df[cell, list(used)]
    fit = line(times, value, covariance, equal=weighting == "equal")
    freedom = (
        degrees_of_freedom(fit.weights, covariance, own, independent=independent(rounds, covariance))
        if df is None
        else df
    )
    tests = {name: _test(rounds, name, times, value, covariance, own, df) for name in TESTS}
    if fit.equal and weighting != "equal":
        reasons.append((ROUNDS_WEIGHTED_EQUALLY, {}))
    if tests["departure"].p < BENT:
        reasons.append((TREND_NOT_LINEAR, {"p": float(f"{tests['departure'].p:.2g}")}))
    if not freedom > 0:
        reasons.append((DF_NOT_POSITIVE, {"df": float(freedom)}))
    row = _row(cell, used, fit, scale, freedom, level, reasons)
    return row, {
        "slope": fit.slope, "se": math.sqrt(fit.variance), "df": freedom, "scale": scale,
        "rounds": [rounds.labels[t] for t in used], "weights": fit.weights.tolist(),
        **{name: {"f": one.f, "q": one.q, "df": one.df, "p": one.p} for name, one in tests.items()},
    }  # fmt: skip


def _row(
    cell: int, used: tuple[int, ...], fit: FittedLine, scale: str, df: float, level: float, reasons: Sequence[Any]
) -> MadeRow:
    se = math.sqrt(fit.variance) or math.nan
    low, high = (float(end[0]) for end in general("wald", np.array([fit.slope]), np.array([se]), np.array([df]), level))
    value = fit.slope
    if scale != "linear":
        value = math.exp(fit.slope)
        se, low, high = value * se, math.exp(low), math.exp(high)
    kind = str(WALD if scale == "linear" else LOG)
    return MadeRow(
        cell=cell, of=used, quantity=SCALES[scale], value=value, se=se, lower=low, upper=high, df=df, kind=kind,
        reasons=tuple(reasons),
    )  # fmt: skip


def _test(
    rounds: GivenRounds, name: str, times: Floats, value: Floats, covariance: Floats, own: Floats, df: float | None
) -> Wald:
    ones = np.ones((len(value), 1))
    design = ones if name == "change" else np.column_stack([ones, times - times.mean()])
    return wald_test(design, value, covariance, own, independent=independent(rounds, covariance), given=df)


def _tested(rounds: GivenRounds, cell: int, test: str, scale: str, df: float | None) -> list[MadeRow]:
    used, value, covariance = taken(rounds, cell, scale)
    reasons = left_out(rounds, cell, used)
    if len(used) < 3:
        found = Wald(f=math.nan, q=math.nan, df=math.nan, p=math.nan)
        reasons.append((TOO_FEW_ROUNDS, {"rounds": len(used)}))
    else:
        times, own = rounds.times[list(used)], rounds.df[cell, list(used)]
        found = _test(rounds, test, times, value, covariance, own, df)
        reasons += [(NOT_TESTED, {})] if math.isnan(found.p) else []
    rows = ((P_VALUE, found.p), (F_STATISTIC, found.f), (NUMERATOR_DF, found.q))
    return [
        MadeRow(cell=cell, of=used, quantity=quantity, value=number, df=found.df, term=test,
                reasons=tuple(reasons) if quantity == P_VALUE else ())
        for quantity, number in rows
    ]  # fmt: skip
