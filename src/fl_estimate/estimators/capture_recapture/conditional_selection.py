"""Choosing the interactions of lists and the covariates of a conditional log-linear model by BIC or AIC."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from fl_estimate.design.domains import By, by_margins
from fl_estimate.errors import EstimateFault, not_one_of, shown
from fl_estimate.estimators.capture_recapture import covariate_codes as codes
from fl_estimate.estimators.capture_recapture.answers import require_interval
from fl_estimate.estimators.capture_recapture.conditional import INTERVALS, plain_blind
from fl_estimate.estimators.capture_recapture.conditional_answers import (
    Read,
    Wanted,
    estimates_of,
    read_people,
    require_draws,
)
from fl_estimate.estimators.capture_recapture.conditional_em import FittedCells
from fl_estimate.estimators.capture_recapture.conditional_model import Formulas
from fl_estimate.estimators.capture_recapture.conditional_space import (
    BY_LIST,
    COMMON,
    OUT,
    ConditionalModelChoice,
    Scored,
    Scores,
    Space,
    downhill,
    every,
    sizes,
)
from fl_estimate.estimators.capture_recapture.covariate_formulas import columns_in, terms_in
from fl_estimate.estimators.capture_recapture.horvitz_thompson import by_columns
from fl_estimate.estimators.capture_recapture.people_cells import BlindInFile, CovariateCells, blind_columns
from fl_estimate.estimators.capture_recapture.terms import model_name
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import LISTS, NOT_IN_FILE, PROGRESS, InFile, Kept, Level, SeedOrNone, Within

CRITERIA = ("bic", "aic")
RUNNER_UP = 6.0
"""Models within this much of the least criterion are told beside it."""


@method(kind="capture_recapture", chosen=True, basis="lists", family="capture_recapture")
def select_conditional(
    records: Annotated[Any, LISTS],
    *,
    lists: Annotated[Sequence[str] | None, NOT_IN_FILE] = None,
    covariates: Annotated[str, Kept(columns_in)] = "1",
    criterion: Literal["bic", "aic"] = "bic",
    max_order: Annotated[int, Within(ge=1)] = 2,
    dependence: Annotated[str, Kept(columns_in)] = "1",
    blind: Annotated[Mapping[str, Mapping[str, Sequence[Any]]] | None, InFile(BlindInFile), Kept(blind_columns)] = None,
    by: Annotated[By, Kept(by_columns)] = None,
    interval: Literal["auto", "log", "wald", "percentile"] = "auto",
    replicates: Annotated[int, Within(ge=50)] = 400,
    level: Level = 0.95,
    seed: SeedOrNone = None,
    progress: Annotated[Callable[[str], None] | None, PROGRESS] = None,
) -> Estimates:
    """Choose which lists depend on each other and which covariates count, by BIC or AIC, and estimate the number of people.

    The models are those of `conditional_loglinear`. Each term of the covariates is left out, has one effect on all lists, or
    one on each; each interaction of lists is in or out. What is chosen says how the lists are made as the data show it, and
    no more: models of nearly the same criterion can give very different numbers, so read `diagnostics["runners_up"]`.

    Parameters
    ----------
    records : frame or CaptureHistories
        A row is a person on at least one list, as in `conditional_loglinear`.
    lists : sequence of str, optional
        Columns of 0 and 1; histories know theirs.
    covariates : str
        Right-hand side of a formula whose terms may come in: ``"sex + C(year) + age"``. A product such as ``sex:age`` comes
        in after its parts, and by list only where they do.
    criterion : {"bic", "aic"}
        BIC = k log n − 2 l, n the people observed; AIC = 2 k − 2 l, which takes in more.
    max_order : int, default 2
        Lists in the largest interaction; 1 for none.
    dependence : str
        Formula of the covariates on which every interaction hangs that comes in; it is not chosen.
    blind : mapping of list to mapping of column to values, optional
        People whom a list cannot see, as in `conditional_loglinear`.
    by : str, sequence of str, or sequence of sequences, optional
        Domains: ``"year"``, ``["year", "sex"]`` crossed, ``[["year"], ["sex"]]`` separately.
    interval : {"auto", "log", "wald", "percentile"}
        ``percentile`` (``auto``) chooses again in every draw of the bootstrap, from the model chosen on, step by step: tens of
        seconds. ``log`` and ``wald`` take the model chosen as known, which the row's assumptions say, and are too short where
        the choice is not clear; they are not to be had where covariates are missing.
    replicates : int
        Of the bootstrap, at least 50.
    level : float
        Of the intervals.
    seed : int, optional
        Of the bootstrap; where it is not given, one is made and noted in the provenance.
    progress : callable, optional
        Told in words how far it is, as by `fl.run_study`.

    Returns
    -------
    Estimates
        As `conditional_loglinear`; `term` is the interactions chosen, `diagnostics["covariates_chosen"]` says how each term of the
        covariates enters, and `runners_up` has models within 6 of the least criterion with their numbers.

    Raises
    ------
    EstimateFault
        As `conditional_loglinear`; FL-EST-94 (no such order), FL-EST-30 (no such criterion), FL-EST-173 (no model has an
        estimate).
    ListsFault
        As `conditional_loglinear`.

    Notes
    -----
    Up to 200 models are all fitted. Of more, the step that gains most is taken until none gains, from the model without
    covariates and from that with all of them by list; the better end is chosen. Models with a coefficient that has no finite
    estimate take no part; an interaction of lists that nobody is on together counts as a coefficient.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from fl_estimate import capture_recapture as cr
    >>> chance = np.random.default_rng(1)
    >>> sex, noise = chance.choice(["f", "m"], size=4000), chance.normal(size=4000)
    >>> logit = np.array([-1.0, -1.4, -0.8]) + np.array([1.0, -0.8, 0.9]) * (sex == "m")[:, None]
    >>> on = chance.random((4000, 3)) < 1 / (1 + np.exp(-logit))
    >>> people = pd.DataFrame(on.astype(int), columns=["police", "ngo", "clinic"]).assign(sex=sex, noise=noise)
    >>> people = people[on.any(axis=1)]
    >>> found = cr.select_conditional(people, lists=["police", "ngo", "clinic"], covariates="sex + noise", interval="log")
    >>> found.diagnostics["covariates_chosen"], found.to_frame()["term"][0]
    ({'sex': 'by list', 'noise': 'out'}, 'main')
    """
    require_interval(interval, INTERVALS, level)
    require_draws(replicates)
    if criterion not in CRITERIA:
        raise not_one_of("FL-EST-30", "this criterion", criterion, CRITERIA)
    read = read_people(
        records, lists, Formulas(by_list=covariates, common="", dependence=dependence), "main", blind, by
    )
    _require_order(max_order, len(read.records.lists))
    space = Space(
        records=read.records, cells=read.cells, strata=read.strata, blind=blind, covariates=terms_in(covariates),
        formula=covariates, dependence=dependence, max_order=max_order, criterion=criterion,
    )  # fmt: skip
    scores = Scores.over(space)
    best, search = _best(scores, progress)
    chosen = _as_read(read, space, best)
    arguments = {
        "lists": list(read.records.lists), "covariates": covariates, "criterion": criterion, "max_order": max_order,
        "dependence": dependence, "blind": plain_blind(blind), "by": [list(margin) for margin in by_margins(by)],
    }  # fmt: skip
    wanted = Wanted(
        call="select_conditional", method=codes.CONDITIONAL_SELECTED[criterion], by=by,
        interval="percentile" if interval == "auto" else interval, level=level, replicates=replicates, seed=seed,
        arguments=arguments, diagnostics=_search_diagnostics(chosen, scores, best, search), given_model=interval in ("log", "wald"),
    )  # fmt: skip
    return estimates_of(chosen, best.fitted, wanted, _anew(scores, best.choice, progress))


def _require_order(max_order: int, lists: int) -> None:
    # Of two lists there is one model of their dependence, whatever the order.
    most = max(lists - 1, 2)
    if not 1 <= max_order <= most:
        raise EstimateFault(
            "FL-EST-94", "there is no interaction of so many lists to choose", found=f"max_order={shown(max_order)}",
            fix=f"from 1 to {most} for {lists} lists",
        )  # fmt: skip


def _best(scores: Scores, progress: Callable[[str], None] | None) -> tuple[Scored, str]:
    """The model of least criterion, and how it was looked for."""
    choices = every(scores.space)
    for one in choices or []:
        scores.of(one)
    for start in scores.space.starts() if choices is None else ():
        downhill(scores, start, progress)
    ranked = scores.ranked()
    if not ranked:
        raise EstimateFault(
            "FL-EST-173", "no model that there is to choose has a finite estimate", found=f"{len(scores.seen)} models tried",
            fix="lists that overlap, or people whom each list holds some of and not all",
        )  # fmt: skip
    return ranked[0], "all" if choices is not None else "downhill"


def _anew(
    scores: Scores, start: ConditionalModelChoice, progress: Callable[[str], None] | None
) -> Callable[[CovariateCells], FittedCells]:
    """What is done with a draw of the bootstrap: the choice is made again, from the model chosen on."""
    done = 0

    def choose(cells: CovariateCells) -> FittedCells:
        nonlocal done
        done += 1
        if progress is not None and done % 10 == 0:
            progress(f"{done} draws of the bootstrap")
        result = downhill(scores.again(cells), start)
        if result is None:
            raise EstimateFault("FL-EST-173", "no model has a finite estimate in this draw", found="1 draw")
        return result.fitted

    return choose


def _as_read(read: Read, space: Space, best: Scored) -> Read:
    inside = [term for term, effect in zip(space.covariates, best.choice.effects, strict=True) if effect != OUT]
    needed = columns_in(" + ".join(["1", *inside]))
    if best.choice.interactions:
        needed = tuple(sorted({*needed, *columns_in(space.dependence)}))
    return replace(read, terms=best.model.terms, model=best.model, covariates=needed)


def _search_diagnostics(read: Read, scores: Scores, best: Scored, search: str) -> dict[str, Any]:
    ranked = scores.ranked()
    near = [one for one in ranked if one.criterion <= best.criterion + RUNNER_UP]
    criterion = scores.space.criterion
    return {
        "search": search,
        "models": len(scores.seen),
        "models_with_estimate": len(ranked),
        "covariates_chosen": _effects(scores.space, best),
        "runners_up": [
            {
                "terms": model_name(read.histories, one.model.terms),
                "covariates": _effects(scores.space, one),
                criterion: one.criterion,
                "population_size": float(size),
            }
            for one, size in zip(near, sizes(near), strict=True)
        ],
    }


def _effects(space: Space, scored: Scored) -> dict[str, str]:
    words = {OUT: "out", COMMON: "in common", BY_LIST: "by list"}
    return {term: words[effect] for term, effect in zip(space.covariates, scored.choice.effects, strict=True)}
