"""Two lists whose records were not all recognised: the number of people for stated rates of missed and of false links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal, get_args

import numpy as np
import pandas as pd

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, not_one_of, numbers_given
from fl_estimate.estimators.capture_recapture.answers import (
    Limits,
    log_limits,
    normal_quantile,
    population_estimates,
    require_interval,
)
from fl_estimate.estimators.capture_recapture.linkage_codes import LINKAGE_CORRECTED, LINKAGE_RATES_STATED
from fl_estimate.estimators.capture_recapture.list_codes import INTERVAL_BELOW_OBSERVED
from fl_estimate.inputs.histories import CaptureHistories
from fl_estimate.results.codes import CLOSED_POPULATION, INTERVAL_NOT_DEFINED, LISTS_INDEPENDENT, Assumption, ReasonCode
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import LISTS, Level, ListName, Within

Equations = Literal["margins-kept", "ding-fienberg-cells", "di-consiglio-tuoto-cells"]
Variance = Literal["linkage", "multinomial"]


@dataclass(frozen=True, kw_only=True)
class Rates:
    """How links were made: a true one found with probability alpha, a false one made with beta; and their variances."""

    alpha: float
    beta: float
    variance_alpha: float = 0.0
    variance_beta: float = 0.0

    def __str__(self) -> str:
        return f"α = {self.alpha:.4g}, β = {self.beta:.4g}"


@method(kind="capture_recapture", chosen=True, basis="lists", family="capture_recapture")
def linkage_corrected(
    histories: Annotated[CaptureHistories, LISTS],
    a: ListName,
    b: ListName,
    *,
    missed: Annotated[float, Within(ge=0, lt=1)],
    false_links: Annotated[float, Within(ge=0, lt=1)] = 0.0,
    equations: Equations = "margins-kept",
    checked_missed: Annotated[int | None, Within(ge=1)] = None,
    checked_false: Annotated[int | None, Within(ge=1)] = None,
    variance: Variance = "linkage",
    interval: Literal["log", "wald"] = "log",
    level: Level = 0.95,
) -> Estimates:
    """Estimate the number of people from two lists of which some links were missed and some were false.

    A link that is missed takes a person for two who are each on one list: with a fifth of the links missed Petersen's
    estimate is a quarter too large. The rates come from a clerical review of pairs of records, from a linkage of known
    truth, or are stated; `linkage_curve` shows several. Other lists of `histories` are left aside.

    Parameters
    ----------
    histories : CaptureHistories
        As they were linked, errors and all.
    a, b : str
        Names of two lists; each record of `a` was looked for in `b`.
    missed : float
        Share of the people on both lists whose records were not linked, 1 − α.
    false_links : float, default 0
        Share of the people on `a` who are not on `b` and were linked with somebody of it all the same, β.
    equations : {"margins-kept", "ding-fienberg-cells", "di-consiglio-tuoto-cells"}
        See Notes. In simulation the first is unbiased, the second 1 to 4 % low, the third unbiased for lists of the
        same size.
    checked_missed, checked_false : int, optional
        Pairs of records from which each rate was found; its binomial variance is then in the standard error. Left out,
        the rates are taken as known.
    variance : {"linkage", "multinomial"}
        ``linkage`` adds the chance that a link is made to that of being on a list; ``multinomial`` takes the counts as
        linked for a multinomial sample of N people, and is a little too small.
    interval : {"log", "wald"}
    level : float

    Returns
    -------
    Estimates
        Rows `population_size` and `dark_figure`, in persons; `term` the lists and rates; `n` the people observed once
        links are put right. Diagnostics: the counts put right, Petersen's estimate without a correction, and what one
        unit of each rate would add (`gradient_alpha`, `gradient_beta`).

    Raises
    ------
    EstimateFault
        FL-EST-30 (no such equations, variance, interval or level), FL-EST-340 (a rate, or a number of pairs checked,
        that cannot be), FL-EST-341 (the counts cannot have come about at these rates).
    ListsFault
        FL-LISTS-01.

    Notes
    -----
    With n₁₁ linked, n₁₀ and n₀₁ on `a` and `b` alone, n₁ = n₁₁ + n₁₀ and n₂ = n₁₁ + n₀₁:

    margins-kept: the totals of the lists are true, so that E n₁₁ = α m + β(n₁ − m) with m on both, and
    N = n₁ n₂ (α − β)/(n₁₁ − β n₁).

    ding-fienberg-cells: E n₁₁ = α m₁₁ + β m₁₀, E n₁₀ = (1 − α) m₁₁ + (1 − β) m₁₀, E n₀₁ = (1 − α) m₁₁ + m₀₁, solved
    for m; N = (m₁₁ + m₁₀)(m₁₁ + m₀₁)/m₁₁. di-consiglio-tuoto-cells: the same with E n₀₁ = (1 − α) m₁₁ + (1 − β) m₀₁.

    Variance by the delta method. ``linkage``: given n₁ and n₂, Var n₁₁ = (α − β)² V + m α(1 − α) + (n₁ − m) β(1 − β),
    with V = n₁ n₂ (N − n₁)(N − n₂)/N³ the variance of m. ``multinomial``: that of (n₁₁, n₁₀, n₀₁) with probabilities
    n/N. Limits of `log` as those of `chapman`.

    References
    ----------
    Ding and Fienberg (1994), Survey Methodology 20, 149-158. Di Consiglio and Tuoto (2015), Journal of Official
    Statistics 31, 415-429. The names above tell the equations apart; the papers' own were not compared with them.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> from fl_estimate import capture_recapture as cr
    >>> counts = pd.DataFrame({"police": [1, 0, 1], "ngo": [0, 1, 1], "count": [520, 820, 80]})
    >>> histories = fl.CaptureHistories.from_counts(counts, lists=["police", "ngo"])
    >>> frame = cr.linkage_corrected(histories, "police", "ngo", missed=0.2).to_frame()
    >>> [round(float(frame[column].iloc[0])) for column in ("value", "lower", "upper")]
    [5400, 4477, 6599]
    >>> round(float(cr.petersen(histories, "police", "ngo")["population_size"].value))
    6750
    """
    require_interval(interval, ("log", "wald"), level)
    if equations not in get_args(Equations):
        raise not_one_of("FL-EST-30", "these equations", str(equations), get_args(Equations))
    if variance not in get_args(Variance):
        raise not_one_of("FL-EST-30", "this variance", str(variance), get_args(Variance))
    rates = read_rates(missed, false_links, checked_missed, checked_false)
    two = histories.pair(a, b)
    counts = _counts(two, a, b)
    result = _solved(counts, rates, equations)
    _require_possible(result, counts, rates)
    spread = _variance(counts, result, rates, variance)
    return _answer(two, counts, result, rates, spread, equations, variance, interval, level)


@dataclass(frozen=True, kw_only=True, eq=False)
class Solved:
    """People on both lists, on the first and on the second alone, N, and its gradients in the counts and the rates."""

    people: Floats
    size: float
    by_counts: Floats
    by_alpha: float
    by_beta: float


RATES_FIX = "missed=0.1 says that one true link in ten was not made"


def read_rates(
    missed: float, false_links: float, checked_missed: int | None = None, checked_false: int | None = None
) -> Rates:
    """Read the two rates and what they were found from.

    Raises
    ------
    EstimateFault
        FL-EST-340.
    """
    wrong = [
        f"{name}={value!r}"
        for name, value in (("missed", missed), ("false_links", false_links))
        if not (np.isfinite(value) and 0 <= value < 1)
    ]
    wrong += [
        f"{name}={value!r}"
        for name, value in (("checked_missed", checked_missed), ("checked_false", checked_false))
        if value is not None and (int(value) != value or value < 1)
    ]
    if not wrong and missed + false_links >= 1:
        wrong = [f"missed={missed!r}, false_links={false_links!r}: people on both lists are linked no more than others"]
    if wrong:
        raise EstimateFault(
            "FL-EST-340", "a rate of linkage is a share from 0 to below 1, and pairs checked a whole number from 1",
            found="; ".join(wrong), fix=RATES_FIX,
        )  # fmt: skip
    return Rates(
        alpha=1 - missed,
        beta=float(false_links),
        variance_alpha=missed * (1 - missed) / checked_missed if checked_missed else 0.0,
        variance_beta=false_links * (1 - false_links) / checked_false if checked_false else 0.0,
    )


def read_several_rates(given: Sequence[float], argument: str) -> list[float]:
    """Rates of a curve: numbers from 0 to below 1.

    Raises
    ------
    EstimateFault
        FL-EST-340: how many are none, and not which: a column passed by mistake holds answers.
    """
    rates = numbers_given(given, argument, "FL-EST-340", RATES_FIX)
    wrong = [rate for rate in rates if not (np.isfinite(rate) and 0 <= rate < 1)]
    if wrong:
        raise EstimateFault(
            "FL-EST-340", f"rates of linkage are shares from 0 to below 1, and {argument}= has others",
            found=f"{len(wrong)} of {len(rates)}", fix=RATES_FIX,
        )  # fmt: skip
    return rates


def _counts(two: CaptureHistories, a: str, b: str) -> Floats:
    """Linked, on a alone, on b alone; shape (3,)."""
    at, on = two.lists.index(a), two.lists.index(b)
    wanted = ((1, 1), (1, 0), (0, 1))
    found = {(int(row[at]), int(row[on])): float(count) for row, count in zip(two.members, two.counts, strict=True)}
    return np.array([found.get(history, 0.0) for history in wanted])


def _solved(counts: Floats, rates: Rates, equations: str) -> Solved:
    return _margins_kept(counts, rates) if equations == "margins-kept" else _cells(counts, rates, equations)


def _margins_kept(counts: Floats, rates: Rates) -> Solved:
    linked, alpha, beta = float(counts[0]), rates.alpha, rates.beta
    first, second = float(counts[0] + counts[1]), float(counts[0] + counts[2])
    true = linked - beta * first
    if not true > 0:
        _refuse(counts, rates)
    both, size = true / (alpha - beta), first * second * (alpha - beta) / true
    slopes = np.array([1 / first + 1 / second - (1 - beta) / true, 1 / first + beta / true, 1 / second])
    return Solved(
        people=np.array([both, first - both, second - both]),
        size=size,
        by_counts=size * slopes,
        by_alpha=size / (alpha - beta),
        by_beta=size * (first / true - 1 / (alpha - beta)),
    )


def _cells(counts: Floats, rates: Rates, equations: str) -> Solved:
    """The linear systems in the cells, and the gradients through their inverse."""
    alpha, beta = rates.alpha, rates.beta
    # Whether false links take from the second list too.
    also = float(equations == "di-consiglio-tuoto-cells")
    system = np.array([[alpha, beta, 0.0], [1 - alpha, 1 - beta, 0.0], [1 - alpha, 0.0, 1 - also * beta]])
    by_alpha = np.array([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]])
    by_beta = np.array([[0.0, 1.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, -also]])
    people = np.linalg.solve(system, counts)
    if not people[0] > 0:
        _refuse(counts, rates)
    both, first, second = people[0], people[0] + people[1], people[0] + people[2]
    size = float(first * second / both)
    slopes = size * np.array([1 / first + 1 / second - 1 / both, 1 / first, 1 / second])
    back = np.linalg.solve(system.T, slopes)
    return Solved(
        people=people,
        size=size,
        by_counts=back,
        by_alpha=float(-back @ by_alpha @ people),
        by_beta=float(-back @ by_beta @ people),
    )


def _require_possible(solved: Solved, counts: Floats, rates: Rates) -> None:
    # Rounding of an exact zero is none.
    if (solved.people < -1e-9 * counts.sum()).any():
        _refuse(counts, rates)


def _refuse(counts: Floats, rates: Rates) -> None:
    linked, first = float(counts[0]), float(counts[0] + counts[1])
    if linked == 0:
        raise EstimateFault(
            "FL-EST-341", "nobody was linked, so that no rate tells how many are on both lists", found="0 links",
            fix="take lists that overlap",
        )  # fmt: skip
    raise EstimateFault(
        "FL-EST-341",
        "the lists cannot have come about at these rates: some number of people would be negative",
        found=f"{rates}; {linked:,.0f} of {first:,.0f} records linked",
        fix="a rate of false links below the share that was linked, and of missed links below the share that was not",
    )


def _variance(counts: Floats, solved: Solved, rates: Rates, kind: str) -> float:
    """Of N, with what is not known of the rates."""
    size = solved.size
    if kind == "multinomial":
        share = counts / size
        covariance = size * (np.diag(share) - np.outer(share, share))
        sampling = float(solved.by_counts @ covariance @ solved.by_counts)
    else:
        alpha, beta = rates.alpha, rates.beta
        first, second = float(counts[0] + counts[1]), float(counts[0] + counts[2])
        both = float(solved.people[0])
        chance = first * second * max(size - first, 0.0) * max(size - second, 0.0) / size**3
        linked = (alpha - beta) ** 2 * chance + both * alpha * (1 - alpha)
        linked += max(first - both, 0.0) * beta * (1 - beta)
        # One link more, with the lists as they are, is one person less on each alone.
        sampling = float(solved.by_counts @ np.array([1.0, -1.0, -1.0])) ** 2 * linked
    return sampling + solved.by_alpha**2 * rates.variance_alpha + solved.by_beta**2 * rates.variance_beta


def _answer(
    two: CaptureHistories,
    counts: Floats,
    solved: Solved,
    rates: Rates,
    variance: float,
    equations: str,
    kind: str,
    interval: str,
    level: float,
) -> Estimates:
    right = put_right(two, np.maximum(solved.people, 0.0))
    dark, se = solved.size - right.n, float(np.sqrt(variance))
    z = normal_quantile(level)
    limits = Limits(dark - z * se, dark + z * se)
    reasons: list[ReasonCode] = []
    if interval == "log":
        limits = log_limits(dark, variance, level)
        reasons += [] if dark > 0 else [INTERVAL_NOT_DEFINED]
    elif limits.lower < 0:
        reasons.append(INTERVAL_BELOW_OBSERVED)
    settings = {"missed": 1 - rates.alpha, "false_links": rates.beta, "equations": equations, "variance": kind}
    first, second = float(counts[0] + counts[1]), float(counts[0] + counts[2])
    made = population_estimates(
        right,
        call="linkage_corrected",
        method=LINKAGE_CORRECTED,
        term=f"{', '.join(two.lists)}, {rates}",
        dark=dark,
        se_dark=se,
        se_size=se,
        limits=limits,
        interval_kind=interval,
        level=level,
        reasons=tuple(reasons),
        assumptions=(LISTS_INDEPENDENT.assume(), CLOSED_POPULATION.assume(), linkage_assumption(rates)),
        diagnostics={
            "on_both_linked": float(counts[0]),
            "on_both": float(solved.people[0]),
            "people": solved.people.tolist(),
            "petersen_uncorrected": first * second / float(counts[0]),
            "gradient_alpha": solved.by_alpha,
            "gradient_beta": solved.by_beta,
        },
        arguments={**settings, "interval": interval},
    )
    return replace(made, provenance=replace(made.provenance, source_sha256=two.content_hash))


def put_right(histories: CaptureHistories, people: Floats) -> CaptureHistories:
    """Two lists with other counts on both, on the first and on the second alone."""
    a, b = histories.lists
    frame = pd.DataFrame({a: [1, 1, 0], b: [1, 0, 1], "_people": people})
    made = CaptureHistories.from_counts(frame, lists=[a, b], count="_people")
    return made.about(
        outcome=histories.outcome, population=histories.population, reference_period=histories.reference_period
    )


def linkage_assumption(rates: Rates) -> Assumption:
    """The assumption in place of perfect linkage."""
    return LINKAGE_RATES_STATED.assume(missed=round(100 * (1 - rates.alpha), 2), false_links=round(100 * rates.beta, 2))
