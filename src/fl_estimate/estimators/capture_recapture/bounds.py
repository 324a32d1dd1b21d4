"""Lower bounds from how many people are on one list and on two: Chao's in three variants, and Zelterman's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np

from fl_estimate.errors import EstimateFault, not_one_of
from fl_estimate.estimators.capture_recapture.answers import log_limits, population_estimates, require_interval
from fl_estimate.estimators.capture_recapture.list_codes import CHAO, LISTS_ALIKE, ZELTERMAN
from fl_estimate.inputs.histories import CaptureHistories
from fl_estimate.results.codes import (
    CLOSED_POPULATION,
    INTERVAL_NOT_DEFINED,
    LOWER_BOUND_HETEROGENEITY,
    PERFECT_LINKAGE,
    Assumption,
    MethodName,
)
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import LISTS, Key, Level

KINDS = ("t-lists", "bias-corrected", "classic")
ASSUMED: tuple[Assumption, ...] = (
    LOWER_BOUND_HETEROGENEITY.assume(),
    LISTS_ALIKE.assume(),
    CLOSED_POPULATION.assume(),
    PERFECT_LINKAGE.assume(),
)


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """People on exactly one list, on exactly two, and how many lists there are."""

    once: float
    twice: float
    lists: int


@method(kind="capture_recapture", chosen=True, basis="lists", family="capture_recapture")
def chao(
    histories: Annotated[CaptureHistories, LISTS],
    kind: Annotated[Literal["t-lists", "bias-corrected", "classic"], Key("estimator")] = "t-lists",
    *,
    level: Level = 0.95,
) -> Estimates:
    """Bound the number of people from below, by Chao's estimate from those seen once and twice.

    Use it as a line that the truth lies above where people differ in how easily they are seen and lists are of much the same
    size. It is no bound where lists avoid each other, nor where one list is far larger than the others: there
    ``closed(…, "Mth-chao")`` is the bound. With two lists it is Petersen's figure only if they are of the same size.

    Parameters
    ----------
    histories : CaptureHistories
    kind : {"t-lists", "bias-corrected", "classic"}
        ``t-lists``, the default, is the classic times (t − 1)/t, for t lists of one chance each. ``classic`` is f₁²/(2 f₂)
        and ``bias-corrected`` has a value where nobody is on two lists, too; both are of a person counted any number of
        times, and above the number of people where a few independent lists count each person once at most.
    level : float

    Returns
    -------
    Estimates
        Rows `population_size` and `dark_figure`, in persons; `term` the variant; limits log-normal in the dark figure.

    Raises
    ------
    EstimateFault
        FL-EST-30 (no such kind or level), FL-EST-83 (nobody is on exactly two lists).

    Notes
    -----
    With f_j people on exactly j lists and A = 1 (classic) or (t − 1)/t: f̂₀ = A f₁²/(2 f₂),
    Var = f₂ (A r²/2 + A² r³ + A² r⁴/4), r = f₁/f₂. Bias-corrected: f̂₀ = f₁(f₁ − 1)/(2(f₂ + 1)),
    Var = f₁(f₁ − 1)/(2(f₂ + 1)) + f₁(2f₁ − 1)²/(4(f₂ + 1)²) + f₁² f₂(f₁ − 1)²/(4(f₂ + 1)⁴).

    References
    ----------
    Chao (1987), Biometrics 43, 783-791. Chao (1989), Biometrics 45, 427-438. Colwell and Coddington (1994),
    Philosophical Transactions B 345, 101-118.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> from fl_estimate import capture_recapture as cr
    >>> uk = fl.datasets.load("uk_2013_6")
    >>> [round(cr.chao(uk, kind)["population_size"].value) for kind in ("classic", "t-lists")]
    [15628, 13481]
    """
    require_interval("log", ("log",), level)
    if kind not in KINDS:
        raise not_one_of("FL-EST-30", "this kind of Chao's bound", kind, KINDS)
    seen = _seen(histories)
    if kind != "bias-corrected":
        _require_seen_twice(seen)
    dark, variance = _bias_corrected(seen) if kind == "bias-corrected" else _classic(seen, kind)
    return _answer(histories, seen, CHAO, kind, dark, variance, level)


@method(kind="capture_recapture", chosen=True, basis="lists", family="capture_recapture")
def zelterman(histories: Annotated[CaptureHistories, LISTS], *, level: Level = 0.95) -> Estimates:
    """Estimate the number of people from the rate that those seen once and twice show, by Zelterman's estimate.

    It leans on the people seen rarely, who are the likest to those not seen. It bounds from below where each person
    has a rate of their own that is the same for all lists; dependence of particular lists is another matter.

    Parameters
    ----------
    histories : CaptureHistories
    level : float

    Returns
    -------
    Estimates
        Rows `population_size` and `dark_figure`, in persons; limits log-normal in the dark figure.

    Raises
    ------
    EstimateFault
        FL-EST-30 (level), FL-EST-83 (nobody is on exactly two lists), FL-EST-84 (nobody is on exactly one).

    Notes
    -----
    λ = 2 f₂/f₁, N = n/(1 − e^{−λ}); with G = e^{−λ}/(1 − e^{−λ})² the variance is n G (1 + n G λ² (1/f₁ + 1/f₂)).

    References
    ----------
    Zelterman (1988), Journal of Statistical Planning and Inference 18, 225-237. Böhning (2008), Statistical
    Methodology 5, 410-423 (variance).

    Examples
    --------
    >>> import fl_estimate as fl
    >>> from fl_estimate import capture_recapture as cr
    >>> round(cr.zelterman(fl.datasets.load("uk_2013_6"))["population_size"].value)
    15603
    """
    require_interval("log", ("log",), level)
    seen, n = _seen(histories), histories.n
    _require_seen_twice(seen)
    if seen.once == 0:
        raise EstimateFault(
            "FL-EST-84",
            "everybody seen is on several lists, so the rate has no value",
            found="nobody on exactly one list",
            fix="the lists cover their population; main effects (loglinear) give a value",
        )
    rate = 2 * seen.twice / seen.once
    unseen = float(np.exp(-rate))
    share = unseen / (1 - unseen) ** 2
    variance = n * share * (1 + n * share * rate**2 * (1 / seen.once + 1 / seen.twice))
    return _answer(histories, seen, ZELTERMAN, "zelterman", n * unseen / (1 - unseen), variance, level)


def _seen(histories: CaptureHistories) -> _Seen:
    frequencies = histories.frequencies
    return _Seen(once=float(frequencies[0]), twice=float(frequencies[1]), lists=len(histories.lists))


def _require_seen_twice(seen: _Seen) -> None:
    if seen.twice == 0:
        raise EstimateFault(
            "FL-EST-83",
            "nobody is on exactly two lists, so there is nothing to divide by",
            found=f"{seen.once:,.0f} people on exactly one list",
            fix='chao with kind="bias-corrected" has a value; better take lists that overlap',
        )


def _classic(seen: _Seen, kind: str) -> tuple[float, float]:
    factor = (seen.lists - 1) / seen.lists if kind == "t-lists" else 1.0
    ratio = seen.once / seen.twice
    dark = factor * seen.once**2 / (2 * seen.twice)
    return dark, seen.twice * (factor * ratio**2 / 2 + factor**2 * ratio**3 + factor**2 * ratio**4 / 4)


def _bias_corrected(seen: _Seen) -> tuple[float, float]:
    once, more = seen.once, seen.twice + 1
    dark = once * (once - 1) / (2 * more)
    variance = (
        dark + once * (2 * once - 1) ** 2 / (4 * more**2) + once**2 * seen.twice * (once - 1) ** 2 / (4 * more**4)
    )
    # Fewer than one person seen once (fractional counts): no dark figure, not a negative one.
    return max(dark, 0.0), max(variance, 0.0)


def _answer(
    histories: CaptureHistories, seen: _Seen, named: MethodName, term: str, dark: float, variance: float, level: float
) -> Estimates:
    reasons = [] if dark > 0 else [INTERVAL_NOT_DEFINED]
    se = float(np.sqrt(variance))
    return population_estimates(
        histories,
        call=str(named),
        method=named,
        term=term,
        dark=dark,
        se_dark=se,
        se_size=se,
        limits=log_limits(dark, variance, level),
        interval_kind="log",
        level=level,
        reasons=tuple(reasons),
        assumptions=ASSUMED,
        diagnostics={"on_one_list": seen.once, "on_two_lists": seen.twice, "lists": seen.lists},
        arguments={"kind": term},
    )
