"""Models of closed populations: capture that differs by list, by person, or after the first capture (M0, Mt, Mh, Mth, Mb, Mbh)."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, not_one_of
from fl_estimate.estimators.capture_recapture.answers import Limits, population_estimates, require_interval, wald_limits
from fl_estimate.estimators.capture_recapture.existence import full_counts, is_identifiable, is_inside
from fl_estimate.estimators.capture_recapture.fitting import PoissonFit, fit_poisson
from fl_estimate.estimators.capture_recapture.goodness import goodness, people_differ_p
from fl_estimate.estimators.capture_recapture.list_codes import (
    BEHAVIOUR_AFTER_CAPTURE,
    CLOSED,
    CLOSED_CORRECTED,
    HETEROGENEITY_FORM,
    LISTS_ALIKE,
)
from fl_estimate.inputs.histories import CaptureHistories, Member, all_histories
from fl_estimate.results.codes import (
    CLOSED_POPULATION,
    INTERVAL_GIVEN_MODEL,
    LISTS_INDEPENDENT,
    LOWER_BOUND_HETEROGENEITY,
    PERFECT_LINKAGE,
    Assumption,
    Reason,
)
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import LISTS, Level

Model = Literal[
    "M0", "Mt", "Mh-chao", "Mh-poisson", "Mh-darroch", "Mh-gamma",
    "Mth-chao", "Mth-poisson", "Mth-darroch", "Mth-gamma", "Mb", "Mbh",
]  # fmt: skip
CORRECTED = ("M0", "Mt", "Mh-chao", "Mth-chao")
HETEROGENEITY: dict[str, Callable[[Floats], Floats]] = {
    "poisson": lambda k: 2.0**k - 1,
    "darroch": lambda k: k**2 / 2,
    "gamma": lambda k: np.log(3.5) - np.log(3.5 + k),
}
"""Column of k lists: the cumulant of a mixing distribution (Baillargeon and Rivest 2007, with their constants 2 and 3.5)."""
MODELS = ("M0", "Mt", *(f"{m}-{h}" for m in ("Mh", "Mth") for h in ("chao", *HETEROGENEITY)), "Mb", "Mbh")

DIFFER = 0.01
"""Size of the test of independent lists against people who differ, before all pairs are held against such people."""


@dataclass(frozen=True, kw_only=True)
class _Answer:
    """Dark figure, its variance, the standard error of its logarithm, and what is told beside them."""

    dark: float
    variance: float
    se_log: float
    diagnostics: dict[str, Any]
    reasons: tuple[Reason, ...] = ()


@method(kind="capture_recapture", chosen=True, basis="lists", family="capture_recapture")
def closed(
    histories: Annotated[CaptureHistories, LISTS],
    model: Model = "Mt",
    *,
    bias_corrected: bool = False,
    interval: Literal["log", "wald"] = "log",
    level: Level = 0.95,
) -> Estimates:
    """Estimate the number of people from a model of how capture differs by list, person or behaviour.

    M0: one chance for all; Mt: one a list (main effects); Mh: people differ; Mth: both; Mb: the chance changes once
    captured; Mbh: so it does, and the first occasion stands apart. Mb and Mbh need occasions in time, not lists. With
    heterogeneity the form chosen (chao, poisson, darroch, gamma) decides the dark figure and the data hardly tell
    which is right: compare them; ``chao`` is a lower bound.

    Parameters
    ----------
    histories : CaptureHistories
    model : str
        "M0", "Mt", "Mh-chao", "Mh-poisson", "Mh-darroch", "Mh-gamma", "Mth-…" of the same four, "Mb", "Mbh".
    bias_corrected : bool, default False
        Take the bias of few overlaps out; for M0, Mt, Mh-chao and Mth-chao.
    interval : {"log", "wald"}
        As in `loglinear`: ``log`` carries the chance that decided how many people were seen.
    level : float

    Returns
    -------
    Estimates
        Rows `population_size` and `dark_figure`, in persons; `term` the model; limits symmetric in log dark figure. A
        log-linear model that does not describe the lists (p below 0.05) has the reason ``poor_fit``.

    Raises
    ------
    EstimateFault
        FL-EST-30 (no such model or level), FL-EST-85 (Mb or Mbh of lists), FL-EST-86 (no correction for this model),
        FL-EST-87 (the model has no single estimate here), FL-EST-88 (Mb, Mbh: first captures do not fall off).

    Notes
    -----
    Poisson log-linear in histories ω of k = |ω| lists: M0 has k, Mt one term a list; Mh and Mth add k²/2 (darroch),
    2^k − 1 (poisson), −log(3.5 + k) + log 3.5 (gamma), or for chao Σ_{j ≥ 3} η_j max(k − j + 1, 0) with η_j ≥ 0 (the
    maximum under that constraint). Mb has j − 1 and r for a first capture on occasion j and r captures after it, Mbh
    an indicator of j = 1 too. Dark figure and variance as `loglinear`; Mb, Mbh by the delta method.
    Corrected: M0 takes f₁ − 1/2, f₂ + 1; Mt, Mth-chao add (t − 2)/(2t) to each history of one list and 2/(t(t − 1)) to
    each of two; Mh-chao is (t − 1)/t f₁(f₁ − 1)/(2(f₂ + 1)) with its unbiased variance.

    References
    ----------
    Otis et al. (1978), Wildlife Monographs 62. Rivest and Lévesque (2001), Canadian Journal of Statistics 29, 555-572.
    Rivest and Baillargeon (2007), Biometrics 63, 999-1006. Baillargeon and Rivest (2007), Journal of Statistical
    Software 19(5).

    Examples
    --------
    >>> import fl_estimate as fl
    >>> from fl_estimate import capture_recapture as cr
    >>> uk = fl.datasets.load("uk_2013_6")
    >>> [round(cr.closed(uk, model)["population_size"].value) for model in ("M0", "Mt", "Mh-chao")]
    [13598, 12214, 13677]
    """
    require_interval(interval, ("log", "wald"), level)
    _require_model(histories, model, bias_corrected)
    used = _without_empty_lists(histories) if model.startswith(("Mt", "Mth")) else histories
    if model in ("Mb", "Mbh"):
        answer = _behaviour(used, model)
    elif bias_corrected and model == "Mh-chao":
        answer = _corrected_chao(used)
    else:
        answer = _loglinear(used, model, bias_corrected)
    spread = answer.se_log**2 + (1 / answer.dark if interval == "log" else 0.0)
    made = population_estimates(
        histories,
        call="closed",
        method=CLOSED_CORRECTED if bias_corrected else CLOSED,
        term=model,
        dark=answer.dark,
        se_dark=float(np.sqrt(max(answer.variance - answer.dark, 0.0))),
        se_size=float(np.sqrt(answer.variance)),
        limits=wald_limits(answer.dark, float(np.sqrt(spread)), level),
        interval_kind=interval,
        level=level,
        assumptions=_assumptions(model),
        diagnostics=answer.diagnostics,
        arguments={"model": model, "bias_corrected": bias_corrected, "interval": interval},
    )
    return replace(made, reasons=(*made.reasons, *(replace(one, row=row) for row in (0, 1) for one in answer.reasons)))


def _require_model(histories: CaptureHistories, model: str, bias_corrected: bool) -> None:
    if model not in MODELS:
        raise not_one_of("FL-EST-30", "this model", model, MODELS)
    if model in ("Mb", "Mbh") and not histories.ordered:
        raise EstimateFault(
            "FL-EST-85",
            "a change of behaviour after the first capture needs occasions in time",
            found=f"model {model} and lists that work side by side",
            fix="take another model; if the lists are occasions in order, make the histories with ordered=True",
        )
    if bias_corrected and model not in CORRECTED:
        raise EstimateFault(
            "FL-EST-86", "there is no bias correction for this model", found=model,
            fix=f"leave bias_corrected out, or take one of {', '.join(CORRECTED)}",
        )  # fmt: skip


def _without_empty_lists(histories: CaptureHistories) -> CaptureHistories:
    """A list with nobody on it has its chance at 0 and tells nothing."""
    empty = [name for name, total in histories.totals.items() if total == 0]
    return histories.omit(*empty) if empty else histories


def differing_bic(histories: CaptureHistories) -> float:
    """Least BIC of the models in which lists and people differ, of the forms that have an estimate; ∞ where none has.

    To be held against that of models of pairs. Of two lists, and with lists that nobody is on, there is none.
    """
    if len(histories.lists) < 3 or histories.empty_lists:
        return np.inf
    members = all_histories(len(histories.lists))
    counts, least = full_counts(histories, members), np.inf
    for form in HETEROGENEITY:
        base = _design(f"Mth-{form}", members)
        if not _has_estimate(base, counts):
            continue
        try:
            fit = fit_poisson(base, counts)
        except EstimateFault:
            continue
        least = min(least, base.shape[1] * float(np.log(histories.n)) - 2 * fit.log_likelihood)
    return least


def differ_too(histories: CaptureHistories, limits: Limits, level: float) -> bool:
    """Whether people who differ describe the lists too, and may be fewer or more than these limits say.

    Asked of a model with all pairs, which takes up what people who differ leave in them: nothing in the table then speaks
    against it. Independent lists are ruled out by the score that looks for such people, the model of the lower bound fits,
    and that bound's limits reach beyond: from there on the lists speak against no number.

    Parameters
    ----------
    histories : CaptureHistories
    limits : Limits
        Of the dark figure.
    level : float
    """
    if len(histories.lists) < 3 or histories.empty_lists:
        return False
    members = all_histories(len(histories.lists))
    counts, times = full_counts(histories, members), members.sum(axis=1).astype(float)
    base = _design("Mth-chao", members)
    if not _has_estimate(base, counts):
        return False
    if not people_differ_p(base, counts, fit_poisson(base, counts).fitted, times) < DIFFER:
        return False
    try:
        fit, kept = _lower_bound("Mth-chao", base, times, counts)
    except EstimateFault:
        return False
    dark, spread = float(np.exp(fit.parameters[0])), float(fit.covariance[0, 0])
    bound = wald_limits(dark, float(np.sqrt(spread + 1 / dark)), level)
    if not (bound.lower < limits.lower or bound.upper > limits.upper):
        return False
    return not goodness(_with_bound(base, times, kept), counts, fit.fitted, times).poor


def _with_bound(base: Floats, times: Floats, kept: tuple[int, ...]) -> Floats:
    """Columns of a model with the terms of the lower bound that are above 0."""
    return np.column_stack([base, *(np.maximum(times - j + 1, 0.0) for j in kept)])


def _design(model: str, members: Member) -> Floats:
    """Columns of a log-linear model: intercept, lists or their number, and the form of what differs between people."""
    kind, _, form = model.partition("-")
    times = members.sum(axis=1).astype(float)
    base = members.astype(float) if kind in ("Mt", "Mth") else times[:, None]
    if form in HETEROGENEITY:
        base = np.column_stack([base, HETEROGENEITY[form](times)])
    return np.column_stack([np.ones(len(members)), base])


def _loglinear(histories: CaptureHistories, model: str, bias_corrected: bool) -> _Answer:
    members = all_histories(len(histories.lists))
    counts = full_counts(histories, members)
    if bias_corrected:
        counts = counts + _correction(model, members)
    _, _, form = model.partition("-")
    times, base = members.sum(axis=1).astype(float), _design(model, members)
    kept: tuple[int, ...] = ()
    if form == "chao":
        fit, kept = _lower_bound(model, base, times, counts)
    else:
        fit = _fit(model, base, counts)
    dark, spread = float(np.exp(fit.parameters[0])), float(fit.covariance[0, 0])
    told = _diagnostics(histories, fit, times)
    variance, se_log = dark + dark**2 * spread, float(np.sqrt(spread))
    if bias_corrected:
        # Likelihood, criteria and fit of counts that were moved mean nothing.
        return _Answer(dark=dark, variance=variance, se_log=se_log, diagnostics={"parameters": told["parameters"]})
    if form == "chao":
        told["heterogeneity_terms"] = list(kept)
        base = _with_bound(base, times, kept)
    tested = goodness(base, counts, fit.fitted, times)
    return _Answer(
        dark=dark, variance=variance, se_log=se_log, diagnostics={**told, **tested.diagnostics}, reasons=tested.reasons
    )  # fmt: skip


def _lower_bound(model: str, base: Floats, times: Floats, counts: Floats) -> tuple[PoissonFit, tuple[int, ...]]:
    """Maximise with every η_j ≥ 0: the terms that are above 0 there, and no other along which the likelihood rises.

    The likelihood is concave, so that one set of terms alone meets both; the smallest sets are looked at first.
    """
    columns = {j: np.maximum(times - j + 1, 0.0) for j in range(3, int(times.max()) + 1)}
    flat = 1e-7 * max(1.0, float(counts.sum()))
    for size in range(len(columns) + 1):
        for inside in itertools.combinations(columns, size):
            matrix = np.column_stack([base, *(columns[j] for j in inside)])
            if not _has_estimate(matrix, counts):
                continue
            fit = fit_poisson(matrix, counts)
            rising = any(columns[j] @ (counts - fit.fitted) > flat for j in columns if j not in inside)
            if not rising and (fit.parameters[len(matrix[0]) - size :] >= 0).all():
                return fit, inside
    raise _no_estimate(model, base, counts)


def _fit(model: str, matrix: Floats, counts: Floats) -> PoissonFit:
    if not _has_estimate(matrix, counts):
        raise _no_estimate(model, matrix, counts)
    return fit_poisson(matrix, counts)


def _has_estimate(matrix: Floats, counts: Floats) -> bool:
    return is_identifiable(matrix) and is_inside(matrix, counts)


def _no_estimate(model: str, matrix: Floats, counts: Floats) -> EstimateFault:
    return EstimateFault(
        "FL-EST-87",
        "this model has no single estimate for these lists",
        found=f"model {model}, {int((counts > 0).sum())} histories that occurred, {matrix.shape[1]} parameters or more",
        fix="take a model with fewer parameters (M0, Mt), or bound the number from below with chao",
    )


def _correction(model: str, members: Member) -> Floats:
    """What is added to each history, so that the dark figure loses its bias of order one."""
    lists, times = members.shape[1], members.sum(axis=1)
    pairs = lists * (lists - 1) / 2
    if model == "M0":
        return np.where(times == 1, -0.5 / lists, 0.0) + np.where(times == 2, 1 / pairs, 0.0)
    return np.where(times == 1, (lists - 2) / (2 * lists), 0.0) + np.where(times == 2, 1 / pairs, 0.0)


def _corrected_chao(histories: CaptureHistories) -> _Answer:
    """The variance subtracts an unbiased estimate of the square of the mean, as Seber's for Chapman does."""
    lists, (once, twice) = len(histories.lists), histories.frequencies[:2].tolist()
    factor = (lists - 1) / (2 * lists)
    dark = factor * once * (once - 1) / (twice + 1)
    if not dark > 0:
        raise EstimateFault(
            "FL-EST-87", "this model has no single estimate for these lists",
            found=f"{once:,.0f} people on exactly one list", fix="cr.chao gives the bound of 0",
        )  # fmt: skip
    square = factor**2 * once * (once - 1) * (once - 2) * (once - 3) / ((twice + 1) * (twice + 2))
    variance = dark**2 - square
    return _Answer(dark=dark, variance=dark + variance, se_log=float(np.sqrt(variance)) / dark, diagnostics={})


def _behaviour(histories: CaptureHistories, model: str) -> _Answer:
    """First captures fall off as people are used up; captures after the first tell nothing of N."""
    members = all_histories(len(histories.lists))
    counts, occasions = full_counts(histories, members), members.shape[1]
    before, again = members.argmax(axis=1).astype(float), members.sum(axis=1) - 1.0
    columns = [np.ones(len(members)), before, again]
    if model == "Mbh":
        columns.append((before == 0).astype(float))
    fit = _fit(model, np.stack(columns, axis=1), counts)
    level, fall, odds = fit.parameters[:3].tolist()
    again_chance = 1 / (1 + np.exp(-odds))
    missed = float(np.exp(fall)) * (1 - again_chance)
    size = float(np.exp(level)) / ((1 - missed) * (1 - again_chance) ** (occasions - 1))
    dark = size * missed**occasions
    if missed >= 1:
        raise EstimateFault(
            "FL-EST-88",
            "first captures do not fall off from one occasion to the next, so nothing tells how many are left",
            found=f"model {model} would give {histories.n + dark:,.1f} people",
            fix="take a model without change of behaviour (M0, Mt)",
        )
    # Slope of log dark figure: log size = level − log(1 − q) − (t − 1) log(1 − c), q = e^fall (1 − c), c of the odds.
    by_fall = occasions + missed / (1 - missed)
    by_odds = -again_chance * by_fall + (occasions - 1) * again_chance
    slope = np.array([1.0, by_fall, by_odds, 0.0][: len(fit.parameters)])
    spread = float(slope @ fit.covariance @ slope)
    told = _diagnostics(histories, fit, members.sum(axis=1).astype(float))
    told |= {"first_capture": 1 - missed, "later_capture": float(again_chance)}
    return _Answer(dark=dark, variance=dark + dark**2 * spread, se_log=float(np.sqrt(spread)), diagnostics=told)


def _diagnostics(histories: CaptureHistories, fit: PoissonFit, times: Floats) -> dict[str, Any]:
    count = len(fit.parameters)
    return {
        "parameters": fit.parameters.tolist(),
        "deviance": fit.deviance,
        "degrees_of_freedom": len(fit.fitted) - count,
        "log_likelihood": fit.log_likelihood,
        "aic": 2 * count - 2 * fit.log_likelihood,
        "bic": count * float(np.log(histories.n)) - 2 * fit.log_likelihood,
        "fitted_frequencies": np.bincount(times.astype(int), weights=fit.fitted)[1:].tolist(),
    }


def _assumptions(model: str) -> tuple[Assumption, ...]:
    kind, _, form = model.partition("-")
    assumptions: list[Assumption] = []
    if kind in ("Mb", "Mbh"):
        assumptions.append(BEHAVIOUR_AFTER_CAPTURE.assume())
    elif form:
        assumptions.append(
            LOWER_BOUND_HETEROGENEITY.assume() if form == "chao" else HETEROGENEITY_FORM.assume(form=form)
        )
    else:
        assumptions.append(LISTS_INDEPENDENT.assume())
    if kind in ("M0", "Mh"):
        assumptions.append(LISTS_ALIKE.assume())
    return (*assumptions, CLOSED_POPULATION.assume(), PERFECT_LINKAGE.assume(), INTERVAL_GIVEN_MODEL.assume())
