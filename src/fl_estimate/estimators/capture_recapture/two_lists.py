"""Two lists: Petersen's and Chapman's estimates. Both suppose that the lists are independent, which two lists cannot tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np

from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.capture_recapture.answers import (
    Limits,
    log_limits,
    normal_quantile,
    population_estimates,
    require_interval,
)
from fl_estimate.estimators.capture_recapture.list_codes import CHAPMAN, INTERVAL_BELOW_OBSERVED, NO_OVERLAP, PETERSEN
from fl_estimate.inputs.histories import CaptureHistories
from fl_estimate.results.codes import (
    CLOSED_POPULATION,
    INTERVAL_NOT_DEFINED,
    LISTS_INDEPENDENT,
    PERFECT_LINKAGE,
    Assumption,
    MethodName,
)
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import LISTS, Level, ListName

ASSUMED: tuple[Assumption, ...] = (
    LISTS_INDEPENDENT.assume(),
    CLOSED_POPULATION.assume(),
    PERFECT_LINKAGE.assume(),
)


@dataclass(frozen=True, kw_only=True)
class _Pair:
    """People on list a, on list b, and on both."""

    histories: CaptureHistories
    first: float
    second: float
    both: float


@method(kind="capture_recapture", chosen=True, basis="lists", family="capture_recapture")
def petersen(
    histories: Annotated[CaptureHistories, LISTS],
    a: ListName,
    b: ListName,
    *,
    interval: Literal["transformed-logit", "wald"] = "transformed-logit",
    level: Level = 0.95,
) -> Estimates:
    """Estimate the number of people from two lists, by Lincoln's and Petersen's proportion.

    Use `chapman` where few people are on both lists: this estimate is biased upwards there, and has no value where
    nobody is. Other lists of `histories` are left aside, so that the dark figure is of the two lists together.

    Parameters
    ----------
    histories : CaptureHistories
    a, b : str
        Names of two lists.
    interval : {"transformed-logit", "wald"}
        As in `chapman`.
    level : float

    Returns
    -------
    Estimates
        Rows `population_size` and `dark_figure`, in persons; `term` the two lists; `n` the people on either.

    Raises
    ------
    EstimateFault
        FL-EST-30 (no such interval or level), FL-EST-36 (nobody is on both lists).
    ListsFault
        FL-LISTS-01.

    Notes
    -----
    N = n_a n_b / m with variance n_a n_b (n_a − m)(n_b − m)/m³; wald limits N ± z se.

    References
    ----------
    Seber (1982), The Estimation of Animal Abundance, 2nd ed., ch. 3.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> from fl_estimate import capture_recapture as cr
    >>> counts = pd.DataFrame({"police": [1, 0, 1], "ngo": [0, 1, 1], "count": [50, 80, 10]})
    >>> histories = fl.CaptureHistories.from_counts(counts, lists=["police", "ngo"])
    >>> cr.petersen(histories, "police", "ngo").to_frame()["value"].tolist()
    [540.0, 400.0]
    """
    require_interval(interval, ("transformed-logit", "wald"), level)
    pair = _pair(histories, a, b)
    if pair.both == 0:
        raise EstimateFault(
            "FL-EST-36",
            "nobody is on both lists, so the proportion has no value",
            found=f"{a!r} and {b!r}",
            fix="chapman gives a value, biased low; better take lists that overlap",
        )
    product = pair.first * pair.second
    size = product / pair.both
    variance = product * (pair.first - pair.both) * (pair.second - pair.both) / pair.both**3
    return _answer(pair, PETERSEN, size, variance, interval, level)


@method(kind="capture_recapture", chosen=True, basis="lists", family="capture_recapture")
def chapman(
    histories: Annotated[CaptureHistories, LISTS],
    a: ListName,
    b: ListName,
    *,
    interval: Literal["transformed-logit", "log", "wald"] = "transformed-logit",
    level: Level = 0.95,
) -> Estimates:
    """Estimate the number of people from two lists, by Chapman's nearly unbiased form.

    Parameters
    ----------
    histories : CaptureHistories
    a, b : str
        Names of two lists.
    interval : {"transformed-logit", "log", "wald"}
        All but ``wald`` are about the logarithm of the dark figure, so that the lower limit stays above the people observed.
        ``transformed-logit`` keeps what it promises with few people on both lists, where ``log`` covers 88 to 93 % and
        ``wald`` 79 to 90 %.
    level : float

    Returns
    -------
    Estimates
        As `petersen`. Where nobody is on both lists the value is biased low, and a reason says so.

    Raises
    ------
    EstimateFault
        FL-EST-30 (no such interval or level).
    ListsFault
        FL-LISTS-01.

    Notes
    -----
    N = (n_a + 1)(n_b + 1)/(m + 1) − 1, variance (n_a + 1)(n_b + 1)(n_a − m)(n_b − m)/((m + 1)²(m + 2)). With f the dark
    figure, the log limits are f/C and f C, C = exp(z √log(1 + Var/f²)). With one half added to each of the cells
    n₁₀, n₀₁ and m, the transformed logit limits are n₁₀ n₀₁/m exp(± z s) − 1/2, s² = 1/m + 1/n₁₀ + 1/n₀₁ + m/(n₁₀ n₀₁):
    its last part is the chance that decides who is seen.

    References
    ----------
    Chapman (1951), University of California Publications in Statistics 1, 131-160. Seber (1970), Biometrics 26, 13-22.
    Sadinle (2009), Communications in Statistics - Simulation and Computation 38, 1909-1924 (transformed logit).

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> from fl_estimate import capture_recapture as cr
    >>> counts = pd.DataFrame({"police": [1, 0, 1], "ngo": [0, 1, 1], "count": [50, 80, 10]})
    >>> histories = fl.CaptureHistories.from_counts(counts, lists=["police", "ngo"])
    >>> round(cr.chapman(histories, "police", "ngo")["population_size"].value, 2)
    503.64
    """
    require_interval(interval, ("transformed-logit", "log", "wald"), level)
    pair = _pair(histories, a, b)
    first, second, both = pair.first, pair.second, pair.both
    size = (first + 1) * (second + 1) / (both + 1) - 1
    variance = (first + 1) * (second + 1) * (first - both) * (second - both) / ((both + 1) ** 2 * (both + 2))
    return _answer(pair, CHAPMAN, size, variance, interval, level)


def _pair(histories: CaptureHistories, a: str, b: str) -> _Pair:
    two = histories.pair(a, b)
    both = float(two.counts[two.members.all(axis=1)].sum())
    return _Pair(histories=two, first=two.totals[a], second=two.totals[b], both=both)


def _transformed_logit(pair: _Pair, z: float) -> Limits:
    """Sadinle's limits of the dark figure; half a person in each cell gives them wherever anybody was seen."""
    first, second, both = pair.first - pair.both + 0.5, pair.second - pair.both + 0.5, pair.both + 0.5
    spread = float(np.exp(z * np.sqrt(1 / both + 1 / first + 1 / second + both / (first * second))))
    middle = first * second / both
    return Limits(max(middle / spread - 0.5, 0.0), middle * spread - 0.5)


def _answer(pair: _Pair, named: MethodName, size: float, variance: float, interval: str, level: float) -> Estimates:
    se, dark = float(np.sqrt(variance)), size - pair.histories.n
    z = normal_quantile(level)
    limits = Limits(dark - z * se, dark + z * se)
    reasons = [NO_OVERLAP] if pair.both == 0 else []
    if interval == "transformed-logit":
        limits = _transformed_logit(pair, z)
    elif interval == "log":
        limits = log_limits(dark, variance, level)
        reasons += [] if dark > 0 else [INTERVAL_NOT_DEFINED]
    elif limits.lower < 0:
        reasons.append(INTERVAL_BELOW_OBSERVED)
    return population_estimates(
        pair.histories,
        call=str(named),
        method=named,
        term=", ".join(pair.histories.lists),
        dark=dark,
        se_dark=se,
        se_size=se,
        limits=limits,
        interval_kind=interval,
        level=level,
        reasons=tuple(reasons),
        assumptions=ASSUMED,
        diagnostics={"on_both": pair.both},
        arguments={"interval": interval},
    )
