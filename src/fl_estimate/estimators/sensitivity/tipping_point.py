"""Tipping-point analysis: how far unknown answers would have to be from missing at random for a figure to reach a stated value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import pandas as pd

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, listed, shown
from fl_estimate.estimators.sensitivity.delta_curve import odds_of
from fl_estimate.results.basis import weakest
from fl_estimate.results.build import build
from fl_estimate.results.codes import (
    SCENARIO_PREVALENCE,
    SCENARIO_TOTAL,
    TIPPING_POINT,
    AssumptionCode,
    IntervalKind,
    MethodName,
    Reason,
    ReasonCode,
    Term,
)
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import Earlier, Positive

TIPPING = MethodName("tipping-point")
INVERTED = IntervalKind("inverted")
TIPPING_TARGET = AssumptionCode("tipping_target", "times")
TIPPING_VALUE = AssumptionCode("tipping_value", "value")
BEYOND_ALL = ReasonCode("tipping_beyond_all", in_full_only=())
BELOW_NONE = ReasonCode("tipping_below_none", in_full_only=())
BEYOND_CURVE = ReasonCode("tipping_beyond_curve", "odds")
BELOW_CURVE = ReasonCode("tipping_below_curve", "odds")
ODDS = Term("odds_needed")
SHARE_NEEDED = Term("share_needed")
SHARE_IMPUTED = Term("share_imputed")
TERMS: tuple[Term, ...] = (ODDS, SHARE_NEEDED, SHARE_IMPUTED)


@method(kind="tipping_point", basis=None, family="survey")
def tipping_point(
    curve: Annotated[Estimates, Earlier(only=("delta_curve",))],
    *,
    times: Positive | None = None,
    value: Positive | None = None,
) -> Estimates:
    """Tipping point: what would have to be true of people with unknown answers for a figure to reach a stated value.

    Parameters
    ----------
    curve : Estimates
        Of `delta_curve`.
    times : float, optional
        The value as a multiple of the estimate with answers missing at random: 2 for "the figure doubles". This, or `value`.
    value : float, optional
        The value itself, in natural units: 0.01 of a prevalence, persons of a total.

    Returns
    -------
    Estimates
        Quantity tipping_point, three rows for each domain and reason of the curve, told by `term`: odds_needed (by what the odds
        that an unknown answer hides a case would have to be multiplied; limits are the multiples at which the interval of the curve
        reaches the value), share_needed (the share of cases among those whose answers are unknown that this is) and share_imputed
        (the same share with answers missing at random). Where not even every unknown answer hiding a case would bring the
        figure there, the first two are missing and a reason says so.

    Raises
    ------
    EstimateFault
        FL-EST-474: not a curve of `delta_curve`; FL-EST-475: neither or both of `times` and `value`, or no number above 0.

    Notes
    -----
    With θ(d) the curve, share(d) = (θ(d) − θ(0))/(θ(∞) − θ(0)), weighted by the design: share_needed is that of the value, whatever
    lies between. Between points of the curve logit share is taken to be linear in log d, which is exact where all unknown answers
    are equally likely to hide a case; limits are interpolated linearly in log d. A value beyond the last point has a share and no
    odds: ask for a longer curve.

    References
    ----------
    Yan, Lee and Li (2009), Journal of Biopharmaceutical Statistics 19(6), 1085-1098. Cro and others (2020), Statistics in Medicine
    39(21), 2815-2842.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> answers = pd.DataFrame({"age": 30, "w_diff_job": ["yes"] * 10, "c_docs": ["yes", "no"] * 4 + ["ref", "ref"]})
    >>> imputed = fl.impute(answers, design=fl.Design(unweighted=True), draws=20, seed=1)
    >>> curve = fl.delta_curve(imputed, "forced_labour", odds=[2])  # 4 of 10 surely, two refused
    >>> found = fl.tipping_point(curve, value=0.55)
    >>> round(found.select(term="share_needed").value, 4)
    0.75
    """
    if (times is None) == (value is None) or not all(_above(each) for each in (times, value) if each is not None):
        raise EstimateFault(
            "FL-EST-475", "a tipping point is asked for by a multiple or by a value",
            found=f"times={shown(times)}, value={shown(value)}", fix="times=2 (the figure doubles), or value=0.01",
        )  # fmt: skip
    lines = _lines(curve)
    found: list[tuple[_Line, list[_TippingRow]]] = [
        (line, _points(line, float(value) if value is not None else float(times or 0) * line.at_random))
        for line in lines
    ]
    return _lay_out(curve, found, times, value)


@dataclass(frozen=True, kw_only=True)
class _Line:
    """One line of a curve: its rows from no unknown answer hiding a case to all of them, by the odds."""

    rows: tuple[int, ...]
    odds: Floats
    value: Floats
    lower: Floats
    upper: Floats

    @property
    def at_random(self) -> float:
        """The figure with answers missing at random."""
        return float(self.value[self.odds == 1][0])

    def share(self, value: float) -> float:
        """The share of cases among the unknown that a figure means."""
        width = self.value[-1] - self.value[0]
        return float((value - self.value[0]) / width) if width > 0 else np.nan


@dataclass(frozen=True, kw_only=True)
class _TippingRow:
    """One row: its term, value, limits, and why it has no value."""

    term: Term
    value: float
    lower: float = np.nan
    upper: float = np.nan
    reason: ReasonCode | None = None
    parameters: Mapping[str, Any] | None = None


def _above(value: Any) -> bool:
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    return number and bool(np.isfinite(value)) and float(value) > 0


def _lines(curve: Estimates) -> list[_Line]:
    """The lines of a curve: rows that differ in nothing but the odds, in their order."""
    frame = curve.frame
    quantities = {str(name) for name in frame["quantity"]}
    odds = np.array([odds_of(str(term)) for term in frame["term"]], dtype=float)
    if not quantities or quantities - {SCENARIO_PREVALENCE, SCENARIO_TOTAL} or np.isnan(odds).any():
        raise _no_curve(listed(sorted(quantities)) or "no row")
    groups: dict[tuple[Any, ...], list[int]] = {}
    for row, record in enumerate(frame.to_dict("records")):
        names = ("quantity", "outcome", "margin", *curve.by)
        groups.setdefault(tuple(None if pd.isna(record[name]) else record[name] for name in names), []).append(row)
    lines: list[_Line] = []
    for rows in groups.values():
        rows.sort(key=lambda row: odds[row])
        at = odds[rows]
        if not {0.0, 1.0, np.inf} <= set(at.tolist()) or len(set(at.tolist())) < len(at):
            raise _no_curve(f"a line with the odds {listed(frame['term'].iloc[rows], most=12)}")
        value, lower, upper = (frame[name].to_numpy(dtype=float)[rows] for name in ("value", "lower", "upper"))
        lines.append(_Line(rows=tuple(rows), odds=at, value=value, lower=lower, upper=upper))
    return lines


def _no_curve(found: str) -> EstimateFault:
    return EstimateFault(
        "FL-EST-474", "a tipping point is read off a delta-adjusted curve", found=found,
        fix="give what fl.delta_curve returned, whole: with ×1 and both of its ends",
    )  # fmt: skip


def _points(line: _Line, target: float) -> list[_TippingRow]:
    """The three rows of one line."""
    imputed = _TippingRow(term=SHARE_IMPUTED, value=line.share(line.at_random))
    if np.isnan(line.value).any() or np.isnan(target):
        return [_TippingRow(term=ODDS, value=np.nan), _TippingRow(term=SHARE_NEEDED, value=np.nan), imputed]
    # Rounding of sums must not make a limit that is met out of reach.
    slack = 1e-12 * max(abs(target), abs(float(line.value[-1])))
    if target > line.value[-1] + slack or target < line.value[0] - slack:
        why = BEYOND_ALL if target > line.value[-1] else BELOW_NONE
        return [
            *(_TippingRow(term=term, value=np.nan, reason=why, parameters={}) for term in (ODDS, SHARE_NEEDED)),
            imputed,
        ]
    share = line.share(target)
    inner = np.isfinite(line.odds) & (line.odds > 0)
    needed, why, told = _crossing(line, inner, target, share)
    limits = (_reached(line, inner, line.upper, target), _reached(line, inner, line.lower, target))
    first = _TippingRow(term=ODDS, value=needed, lower=limits[0], upper=limits[1], reason=why, parameters=told)
    return [first, _TippingRow(term=SHARE_NEEDED, value=share), imputed]


def _crossing(line: _Line, inner: Any, target: float, share: float) -> tuple[float, ReasonCode | None, dict[str, Any]]:
    """The odds at which the curve has the value, where that is between two of its points."""
    log, values = np.log(line.odds[inner]), line.value[inner]
    if line.value[-1] <= line.value[0]:
        # Without unknown answers the curve is flat, and every multiple of the odds gives the figure.
        return 1.0, None, {}
    if target > values[-1]:
        return np.nan, BEYOND_CURVE, {"odds": float(line.odds[inner][-1])}
    if target < values[0]:
        return np.nan, BELOW_CURVE, {"odds": float(line.odds[inner][0])}
    shares = np.array([line.share(value) for value in values])
    return float(np.exp(np.interp(_logit(share), _rising(_logit(shares)), log))), None, {}


def _logit(share: Any) -> Any:
    at = np.clip(share, 1e-12, 1 - 1e-12)
    return np.log(at / (1 - at))


def _rising(values: Floats) -> Floats:
    """Values that do not fall, as interpolation needs them."""
    return np.maximum.accumulate(values)


def _reached(line: _Line, inner: Any, limit: Floats, target: float) -> float:
    """The odds at which a limit of the curve has the value: 0 or infinite where no odds of the curve have it; NaN beyond it."""
    at = _rising(limit[inner])
    if np.isnan(limit).any():
        return np.nan
    if target <= at[0]:
        return 0.0 if target < at[0] else float(line.odds[inner][0])
    if target > at[-1]:
        return np.inf if target > limit[-1] else np.nan
    return float(np.exp(np.interp(target, at, np.log(line.odds[inner]))))


def _lay_out(
    curve: Estimates, found: Sequence[tuple[_Line, Sequence[_TippingRow]]], times: float | None, value: float | None
) -> Estimates:
    frame, recipe = curve.frame, curve.recipe
    flat = [(line, point) for line, points in found for point in points]
    first = frame.iloc[[line.rows[0] for line, _ in flat]]
    known = np.array([not np.isnan(point.lower) for _, point in flat])
    reasons: list[Reason] = [
        point.reason.at(row, **dict(point.parameters or {}))
        for row, (_, point) in enumerate(flat)
        if point.reason is not None
    ]
    target = (
        TIPPING_TARGET.assume(times=float(times))
        if times is not None
        else TIPPING_VALUE.assume(value=float(value or 0))
    )
    return build(
        {
            "outcome": first["outcome"].tolist(), "margin": first["margin"].tolist(), "level": first["level"].tolist(),
            "term": [point.term for _, point in flat],
            **{name: [getattr(point, name) for _, point in flat] for name in ("value", "lower", "upper")},
            "interval_kind": [INVERTED if there else "" for there in known],
            "n": first["n"].tolist(), "df": first["df"].tolist(),
        },
        {name: [None if pd.isna(label) else label for label in first[name].tolist()] for name in curve.by},
        quantity=TIPPING_POINT,
        method=TIPPING,
        basis=[weakest(frame["basis"].iloc[list(line.rows)]) for line, _ in flat],  # type: ignore[misc]
        recipe=recipe.then(
            "tipping_point", {"times": times, "value": value}, [target, *recipe.assumptions], direct=True
        ),
        reasons=reasons,
        support=curve.support.grouped([line.rows for line, _ in flat]),
        cells=curve.cells,
    )  # fmt: skip
