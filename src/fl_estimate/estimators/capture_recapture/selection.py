"""Choosing a log-linear model by stepwise tails, by AIC with p, or by BIC; intervals with the choice in every resample."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fl_estimate.errors import EstimateFault, not_one_of, shown
from fl_estimate.estimators.capture_recapture.answers import require_interval
from fl_estimate.estimators.capture_recapture.batch import Fitter, Floats, Lattice, lattice
from fl_estimate.estimators.capture_recapture.chosen import (
    BOTH,
    Interval,
    Likelihood,
    Search,
    answer,
    answer_by_top,
    drawn,
)
from fl_estimate.estimators.capture_recapture.existence import full_counts
from fl_estimate.estimators.capture_recapture.list_codes import AIC_P, BIC, STEPWISE
from fl_estimate.estimators.capture_recapture.loglinear import loglinear
from fl_estimate.estimators.capture_recapture.model_space import (
    Ranked,
    by_aic_and_p,
    downhill,
    rank_by_bic,
    too_many,
)
from fl_estimate.estimators.capture_recapture.rivals import best_of_rivals
from fl_estimate.estimators.capture_recapture.stepwise import Tails, stepwise, stepwise_by_bic
from fl_estimate.estimators.capture_recapture.terms import model_name
from fl_estimate.inputs.histories import CaptureHistories
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import LISTS, PROGRESS, Level, MoreThanZero, SeedOrNone, Within

Progress = Callable[[str], None]
SEARCHES = ("all", "downhill", "path")
TAILS = ("margins", "poisson")
RUNNER_UP = 6.0
"""Models within this much of the least BIC are told beside it."""


@method(kind="capture_recapture", chosen=True, basis="lists", family="capture_recapture")
def select_stepwise(
    histories: Annotated[CaptureHistories, LISTS],
    *,
    threshold: MoreThanZero = 0.02,
    tails: Tails = "margins",
    likelihood: Likelihood = "poisson",
    interval: Interval | None = None,
    level: Level = 0.95,
    replicates: Annotated[int, Within(ge=1)] = 1000,
    seed: SeedOrNone = None,
    progress: Annotated[Progress | None, PROGRESS] = None,
) -> Estimates:
    """Choose pairs of lists that depend on each other step by step, and estimate the number of people.

    From main effects on, the pair whose overlap the model predicts worst is added while its tail is below the
    threshold, unless the model with it has no estimate. The threshold decides: try several. The interval repeats the
    whole choice in every resample; ``profile``, ``log`` and ``wald`` take the model chosen as known and are too short.
    Read the reasons: ``poor_fit`` says that the model chosen does not describe the lists, ``people_differ_fits_better``
    that one in which people differ does so better, ``selection_blocked`` names pairs that it wanted and could not take in.

    Parameters
    ----------
    histories : CaptureHistories
    threshold : float, default 0.02
        Between 0 (main effects) and 1 (all pairs, where they have an estimate).
    tails : {"margins", "poisson"}
        How far chance moves an overlap from what the model expects: as far as the totals that the model keeps leave it
        room, or, as published, as if it were Poisson and nothing else known. Both mostly choose alike; where lists hold most
        people the published rule does not find pairs that depend (Notes).
    likelihood : {"poisson", "multinomial"}
        As in `loglinear`.
    interval : {"percentile-and-model", "percentile", "bca", "profile", "log", "wald", "bca-fixed-n", "percentile-fixed-n"}, optional
        By default ``percentile-and-model``: percentiles of the resamples, and the limits of the model chosen (``profile``)
        where those lie farther out. Percentiles alone lie too high where lists hardly overlap, for resamples take chance
        for dependence; ``bca``, which the literature prints, is too short where models change from one resample to the
        next. With the multinomial likelihood ``profile`` (or ``log``). Resamples are of all people, those unseen too; with
        ``-fixed-n`` of as many as were seen, which the R packages do: too short where most are.
    level : float
    replicates : int, default 1000
    seed : int, optional
        Of the resamples; where it is not given, one is made and noted in the provenance.
    progress : callable, optional
        Told in words how far it is, as by `fl.run_study`.

    Returns
    -------
    Estimates
        Rows `population_size` and `dark_figure`, in persons; `term` the model chosen; with a bootstrap `se` is the
        standard deviation of its draws. Diagnostics: z₀, acceleration, limits of each kind, their Monte Carlo error,
        resamples without an estimate, the size with one person less of each history.

    Raises
    ------
    EstimateFault
        FL-EST-30 (no such interval, likelihood, level or rule of tails), FL-EST-35 (main effects have no estimate),
        FL-EST-91, FL-EST-92 (resamples), FL-EST-93 (threshold).

    Notes
    -----
    p of a pair is the smaller of P(X ≤ n*) and P(X ≥ n*), n* the overlap observed. With ``poisson`` X is Poisson with the
    overlap μ expected. With ``margins`` X/φ is Poisson with mean μ/φ, φ = (c'Wc − c'WA(A'WA)⁻¹A'Wc)/μ, c the histories of the
    overlap, A the model's columns and W its fitted counts: X has the variance that the score of the pair has. Where lists
    hardly overlap φ is near 1 − 1/pairs after main effects, where they hold nearly everybody near 0. Ties go to the first
    pair in the order of the lists.

    References
    ----------
    Chan, Silverman and Vincent (2021), JASA 116(535), 1297-1306. Efron (1987), JASA 82, 171-185 (BCa).

    Examples
    --------
    >>> import fl_estimate as fl
    >>> from fl_estimate import capture_recapture as cr
    >>> uk = fl.datasets.load("uk_2013_6")
    >>> chosen = cr.select_stepwise(uk, threshold=0.002, interval="wald")["population_size"]
    >>> chosen.to_frame()["term"].item(), round(chosen.value)
    ('LA:NG, LA:PF, NG:GP, PF:GP, PF:NCA, GO:GP', 12350)
    """
    kind = _interval(likelihood, interval, level)
    _require_threshold(threshold)
    if tails not in TAILS:
        raise not_one_of("FL-EST-30", "this rule of tails", tails, TAILS)
    space, counts = _lattice_and_counts(histories, 2)
    fitter = Fitter(lattice=space)
    search = Search(
        lattice=space,
        counts=counts,
        model=stepwise(fitter, counts[None], threshold, tails).models[0],
        procedure=lambda tables: stepwise(fitter, tables, threshold, tails).dark,
        settings={"threshold": threshold, "tails": tails},
    )
    return answer(histories, search, "select_stepwise", STEPWISE, likelihood, kind, level, replicates, seed, progress)


@method(kind="capture_recapture", chosen=True, basis="lists", family="capture_recapture")
def select_aic_p(
    histories: Annotated[CaptureHistories, LISTS],
    *,
    threshold: MoreThanZero = 0.05,
    likelihood: Likelihood = "multinomial",
    interval: Interval | None = None,
    level: Level = 0.95,
    replicates: Annotated[int, Within(ge=1)] = 1000,
    seed: SeedOrNone = None,
    progress: Annotated[Progress | None, PROGRESS] = None,
) -> Estimates:
    """Choose pairs of lists by AIC while the pair added is significant, as Bales, Hesketh and Silverman did for the UK.

    It is kept so that published figures can be followed. The default interval takes the model as known: see
    `select_stepwise` for one that does not.

    Parameters
    ----------
    histories : CaptureHistories
    threshold : float, default 0.05
        Largest two-sided p of Wald's test of the pair added.
    likelihood : {"multinomial", "poisson"}
    interval : {"profile", "log", "percentile-and-model", "percentile", "bca", "wald", "bca-fixed-n", "percentile-fixed-n"}, optional
        By default ``profile`` with the multinomial likelihood (which has ``log`` besides), ``percentile-and-model`` with the
        Poisson.
    level : float
    replicates : int, default 1000
    seed : int, optional
        Of the resamples; where it is not given, one is made and noted in the provenance.
    progress : callable, optional
        Told in words how far it is, as by `fl.run_study`.

    Returns
    -------
    Estimates
        As `select_stepwise`.

    Raises
    ------
    EstimateFault
        As `select_stepwise`.

    Notes
    -----
    At each step the pair of least AIC is looked at; the choice ends where AIC does not fall or p > threshold. A pair
    that nobody is on has its term at −∞ and no p: it ends the choice.

    References
    ----------
    Bales, Hesketh and Silverman (2015), Significance 12(3), 16-21. Silverman (2014), Modern Slavery: an application of
    Multiple Systems Estimation, Home Office.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> from fl_estimate import capture_recapture as cr
    >>> chosen = cr.select_aic_p(fl.datasets.load("uk_2013_6"))["population_size"]
    >>> [round(number) for number in (chosen.value, *chosen.interval)]
    [11409, 9982, 13182]
    """
    kind = _interval(likelihood, interval, level)
    _require_threshold(threshold)
    space, counts = _lattice_and_counts(histories, 2)
    fitter = Fitter(lattice=space)
    search = Search(
        lattice=space,
        counts=counts,
        model=by_aic_and_p(fitter, counts[None], threshold).models[0],
        procedure=lambda tables: by_aic_and_p(fitter, tables, threshold).dark,
        settings={"threshold": threshold},
    )
    return answer(histories, search, "select_aic_p", AIC_P, likelihood, kind, level, replicates, seed, progress)


@method(kind="capture_recapture", chosen=True, basis="lists", family="capture_recapture")
def select_bic(
    histories: Annotated[CaptureHistories, LISTS],
    *,
    max_order: Annotated[int, Within(ge=1)] = 2,
    search: Literal["all", "downhill", "path"] | None = None,
    likelihood: Likelihood = "poisson",
    interval: Interval | None = None,
    top: Annotated[int | None, Within(ge=1)] = None,
    level: Level = 0.95,
    replicates: Annotated[int, Within(ge=1)] = 1000,
    seed: SeedOrNone = None,
    progress: Annotated[Progress | None, PROGRESS] = None,
) -> Estimates:
    """Choose the hierarchical model of least BIC, and estimate the number of people.

    Models whose estimate does not exist or is not the only one take no part. Models of nearly the same BIC often give
    very different numbers: read `diagnostics["runners_up"]`. In every resample the choice is made again among the
    models ranked first on the data; fitted are those only that can win (Notes).

    Parameters
    ----------
    histories : CaptureHistories
    max_order : int, default 2
        Lists in the largest interaction, at most all but one.
    search : {"all", "downhill", "path"}, optional
        ``all`` fits every model (up to 5 lists, or 6 with pairs only); ``downhill`` adds or leaves out one term at a
        time; ``path`` takes the models that `select_stepwise` with Poisson tails passes as its threshold rises. By default ``all`` where
        that is possible, else ``downhill``.
    likelihood : {"poisson", "multinomial"}
    interval : {"percentile-and-model", "percentile", "bca", "profile", "log", "wald", "bca-fixed-n", "percentile-fixed-n"}, optional
        As in `select_stepwise`.
    top : int, optional
        For ``all``: models compared again in each resample; by default 20 for up to 4 lists, else 100. See whether
        the limits have levelled off: `diagnostics["limits_by_top"]`.
    level : float
    replicates : int, default 1000
    seed : int, optional
        Of the resamples; where it is not given, one is made and noted in the provenance.
    progress : callable, optional
        Told in words how far it is, as by `fl.run_study`.

    Returns
    -------
    Estimates
        As `select_stepwise`.

    Raises
    ------
    EstimateFault
        As `select_stepwise`; FL-EST-94 (no such order, search or number of models), FL-EST-95 (too many models for
        ``all``).

    Notes
    -----
    BIC = k log n − 2 l, n the people observed, k the parameters, those at −∞ too. In a resample a model can win if the
    least BIC that it may have is below the greatest of every model ranked before it: one or more Newton steps from its fit
    on the data give parameters, whose likelihood it reaches, and a table m without a cell below 0 of the margins that it
    asks for, and Σ m log m − m is at least its likelihood (duality). What is not fitted is never the best.

    References
    ----------
    Silverman, Chan and Vincent (2024), Statistics and Computing 34, 44.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> from fl_estimate import capture_recapture as cr
    >>> uk = fl.datasets.load("uk_2013_6")
    >>> chosen = cr.select_bic(uk, search="downhill", interval="wald")["population_size"]
    >>> round(chosen.value)
    12350
    """
    kind = _interval(likelihood, interval, level)
    way = _search(histories, max_order, search, top)
    space, counts = _lattice_and_counts(histories, max_order)
    fitter = Fitter(lattice=space)
    told: dict[str, Any] = {"search": way, "max_order": max_order}
    if way == "all":
        if progress is not None and space.lists > 5:
            progress("fitting every model once")
        ranked = rank_by_bic(fitter, counts)
        if not len(ranked.models):
            # The general refusal, in loglinear's words.
            loglinear(histories)
        kept = ranked.models[: top or (20 if space.lists <= 4 else 100)]
        told |= _runners_up(histories, space, ranked)
        made = Search(
            lattice=space, counts=counts, model=ranked.models[0],
            procedure=lambda tables: best_of_rivals(fitter, counts, tables, kept)[:, -1], settings=told,
        )  # fmt: skip
        if drawn(kind):
            return answer_by_top(histories, made, fitter, kept, kind, level, replicates, seed, progress)
    else:
        one = stepwise_by_bic if way == "path" else downhill
        made = Search(
            lattice=space, counts=counts, model=one(fitter, counts[None]).models[0],
            procedure=lambda tables: one(fitter, tables).dark, settings=told,
        )  # fmt: skip
    return answer(histories, made, "select_bic", BIC, likelihood, kind, level, replicates, seed, progress)


def _lattice_and_counts(histories: CaptureHistories, max_order: int) -> tuple[Lattice, Floats]:
    space = lattice(len(histories.lists), max_order)
    return space, full_counts(histories, space.members)


def _interval(likelihood: str, interval: str | None, level: float) -> str:
    allowed = {
        "poisson": (BOTH, "percentile", "bca", "profile", "log", "wald", "bca-fixed-n", "percentile-fixed-n"),
        "multinomial": ("profile", "log"),
    }
    if likelihood not in allowed:
        raise not_one_of("FL-EST-30", "this likelihood", likelihood, tuple(allowed))
    kind = interval or allowed[likelihood][0]
    require_interval(kind, allowed[likelihood], level, f"this interval with likelihood={shown(likelihood)}")
    return kind


def _require_threshold(threshold: float) -> None:
    if not 0 <= threshold <= 1:
        raise EstimateFault(
            "FL-EST-93", "the threshold is a probability", found=shown(threshold), fix="0.02 is the usual one"
        )


def _search(histories: CaptureHistories, max_order: int, search: str | None, top: int | None) -> str:
    lists = len(histories.lists)
    # Of two lists there is one model, whatever the order.
    most = max(lists - 1, 2)
    if not 1 <= max_order <= most or (top is not None and top < 1) or (search and search not in SEARCHES):
        raise EstimateFault(
            "FL-EST-94",
            "there is no such search",
            found=f"max_order={max_order}, search={shown(search)}, top={top}",
            fix=f"max_order from 1 to {most} for {lists} lists; search one of {', '.join(SEARCHES)}; top from 1",
        )
    large = too_many(lists, max_order)
    if search == "all" and large:
        raise EstimateFault(
            "FL-EST-95",
            "there are too many models to fit all of them",
            found=f"{lists} lists, interactions of up to {max_order}",
            fix='search="downhill", or a smaller max_order',
        )
    return search or ("downhill" if large else "all")


def _runners_up(histories: CaptureHistories, space: Lattice, ranked: Ranked) -> dict[str, Any]:
    near = int((ranked.bic <= ranked.bic[0] + RUNNER_UP).sum())
    rows: list[dict[str, Any]] = []
    for position in range(near):
        model = [term for term, on in zip(space.terms, ranked.models[position], strict=True) if on]
        rows.append(
            {
                "terms": model_name(histories, model),
                "bic": float(ranked.bic[position]),
                "population_size": histories.n + float(ranked.dark[position]),
            }
        )
    return {"models": ranked.looked_at, "models_with_estimate": len(ranked.bic), "runners_up": rows}
