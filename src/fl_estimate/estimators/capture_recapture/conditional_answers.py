"""From people on lists to the answer of a conditional log-linear model: reading, limits, reasons, assumptions, diagnostics."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from fl_estimate.arrays import Floats
from fl_estimate.design.domains import By
from fl_estimate.errors import EstimateFault, ListsFault, listed
from fl_estimate.estimators.capture_recapture import covariate_codes as codes
from fl_estimate.estimators.capture_recapture.answers import Limits
from fl_estimate.estimators.capture_recapture.conditional_bootstrap import ConditionalDraws, Refit, draw_sizes, refits
from fl_estimate.estimators.capture_recapture.conditional_em import FittedCells, fit_cells, strata_of_shares
from fl_estimate.estimators.capture_recapture.conditional_goodness import (
    ConditionalGoodness,
    goodness_from,
    goodness_of,
    statistics,
)
from fl_estimate.estimators.capture_recapture.conditional_model import ConditionalListModel, Formulas, list_model
from fl_estimate.estimators.capture_recapture.domain_answers import About, DomainAnswer, domain_estimates
from fl_estimate.estimators.capture_recapture.goodness import DRAWS, SEED
from fl_estimate.estimators.capture_recapture.horvitz_thompson import (
    HiddenWeights,
    ListDomain,
    Sums,
    by_columns,
    domains_of,
    limits_of,
    sums_of,
)
from fl_estimate.estimators.capture_recapture.linkage_codes import EVERYONE_CAN_BE_LISTED
from fl_estimate.estimators.capture_recapture.list_codes import POOR_FIT
from fl_estimate.estimators.capture_recapture.people_cells import (
    Blind,
    CovariateCells,
    Records,
    blind_columns,
    cells_of,
    read_records,
)
from fl_estimate.estimators.capture_recapture.terms import Term, model_name, read_terms
from fl_estimate.estimators.sampling import known_seed
from fl_estimate.inputs.histories import CaptureHistories, all_histories
from fl_estimate.results.codes import (
    BOOTSTRAP_DRAWS_FAILED,
    CLOSED_POPULATION,
    DEPENDENCE_BETWEEN_LISTS,
    INTERVAL_GIVEN_MODEL,
    LISTS_INDEPENDENT,
    PERFECT_LINKAGE,
    Assumption,
    IntervalKind,
    MethodName,
    ReasonCode,
)
from fl_estimate.results.estimates import Estimates

RARE = 0.02
"""Chance to be observed below which people stand for more than fifty each."""
LEANING = 0.1
"""Share of the dark figure from such people above which a reason says so."""
FEWEST = 50
"""Fewest bootstrap draws that limits are taken from."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Read:
    """What was read, and the model laid out over it."""

    records: Records
    cells: CovariateCells
    histories: CaptureHistories
    terms: tuple[Term, ...]
    model: ConditionalListModel
    strata: npt.NDArray[np.intp]
    covariates: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is asked of a fitted model, and what is to be said of the call.

    Attributes
    ----------
    call : str
    method : MethodName
    by : str, sequence, or None
    interval : str
        "auto" too.
    level : float
    replicates : int
    seed : int or None
    arguments : mapping
        For the provenance: what is the call's own.
    diagnostics : mapping
        Diagnostics of the call's own.
    given_model : bool
        Whether the interval takes the model as known.
    """

    call: str
    method: MethodName
    by: By
    interval: str
    level: float
    replicates: int
    seed: int | None
    arguments: Mapping[str, Any]
    diagnostics: Mapping[str, Any] = field(default_factory=dict[str, Any])
    given_model: bool = True


@dataclass(frozen=True, kw_only=True, eq=False)
class _Limited:
    """Limits of the dark figures with their covariance, the draws that gave them, and the test of the fit."""

    limits: list[Limits]
    covariance: Floats
    draws: ConditionalDraws | None
    goodness: ConditionalGoodness


def require_draws(replicates: int) -> None:
    """Refuse a bootstrap of a few draws.

    Raises
    ------
    EstimateFault
        FL-EST-177.
    """
    if replicates < FEWEST:
        raise EstimateFault(
            "FL-EST-177", "too few bootstrap draws for limits", found=f"replicates={replicates!r}",
            fix=f"{FEWEST} at least; 400 or more for figures that are published",
        )  # fmt: skip


def read_people(
    records: Any, lists: Sequence[str] | None, formulas: Formulas, terms: Any, blind: Blind | None, by: By
) -> Read:
    """Read people, and lay a model out over them.

    Raises
    ------
    EstimateFault, ListsFault
        As `conditional_loglinear` says.
    """
    named = tuple(records.lists if lists is None and isinstance(records, CaptureHistories) else lists or ())
    hidden = blind_columns(blind or {})
    needed = formulas.needed(named)
    wanted = list(dict.fromkeys([*needed, *by_columns(by), *hidden]))
    if inside := [name for name in wanted if name in named]:
        raise ListsFault(
            "FL-LISTS-02", "a list is taken for a covariate", found=listed(inside),
            fix="leave it out of the formulas, of by= and of blind=: what it says of people is what is modelled",
        )  # fmt: skip
    read = read_records(records, lists, wanted)
    cells = cells_of(read, {*by_columns(by), *hidden})
    histories = _histories(read.lists, cells)
    model = read_terms(histories, terms)
    return Read(
        records=read, cells=cells, histories=histories, terms=model,
        model=list_model(read, cells, model, formulas, blind), strata=strata_of_shares(cells, read.numbers),
        covariates=needed,
    )  # fmt: skip


def _histories(lists: tuple[str, ...], cells: CovariateCells) -> CaptureHistories:
    import pandas as pd

    members = all_histories(len(lists))
    counts = np.bincount(cells.history, weights=cells.people, minlength=len(members))
    frame = pd.DataFrame(members, columns=list(lists)).assign(**{_COUNT: counts})
    return CaptureHistories.from_counts(frame[counts > 0], lists=lists, count=_COUNT)


_COUNT = "\x1fcount"
"""A name that no list has."""


def _weights(fitted: FittedCells) -> HiddenWeights:
    return HiddenWeights(
        people=fitted.model.people, unseen=fitted.unseen, slope=fitted.slope(), covariance=fitted.fit.covariance
    )


def estimates_of(
    read: Read, fitted: FittedCells, wanted: Wanted, fit: Callable[[CovariateCells], FittedCells] | None = None
) -> Estimates:
    """The answer of a fitted model: sums by domain, limits, and whether it describes the lists.

    Parameters
    ----------
    fit : callable, optional
        What is done with each draw of a bootstrap; by default the model is fitted again.

    Raises
    ------
    EstimateFault
        FL-EST-171 (an interval that takes every covariate as known), FL-EST-177.
    """
    kind = wanted.interval if wanted.interval != "auto" else ("percentile" if read.cells.incomplete else "log")
    if read.cells.incomplete and kind != "percentile":
        raise EstimateFault(
            "FL-EST-171", "this interval takes every covariate as known", found=f"{read.cells.incomplete:,} people lack one",
            fix='interval="percentile": the bootstrap draws what is missing as well',
        )  # fmt: skip
    domains = domains_of(read.cells.frame, wanted.by)
    sums = sums_of(_weights(fitted), domains)
    used = known_seed(wanted.seed)
    limited = _limited(read, fitted, domains, sums, kind, wanted, used, fit)
    arguments = {
        **wanted.arguments, "interval": kind, "level": wanted.level,
    } | ({"replicates": wanted.replicates, "seed": used} if limited.draws is not None else {})  # fmt: skip
    return _answer(read, fitted, domains, sums, limited, replace(wanted, arguments=arguments, interval=kind))


def _limited(
    read: Read, fitted: FittedCells, domains: list[ListDomain], sums: Sums, kind: str, wanted: Wanted, seed: int,
    fit: Callable[[CovariateCells], FittedCells] | None,
) -> _Limited:  # fmt: skip
    again = fit if fit is not None else lambda cells: fit_cells(read.model.softmax, cells, read.strata, fitted)
    # Cells of one domain next to each other, the finest margin first.
    order = np.lexsort([domain.rows for domain in domains]).astype(np.intp)
    if kind != "percentile":
        limits = [
            limits_of(float(f), float(v), kind, wanted.level)
            for f, v in zip(sums.dark, np.diag(sums.covariance), strict=True)
        ]
        drawn = refits(
            lambda cells: fit_cells(read.model.softmax, cells, read.strata, fitted), read.cells, fitted, order,
            replicates=DRAWS, seed=SEED,
        )  # fmt: skip
        return _Limited(
            limits=limits, covariance=sums.covariance, draws=None, goodness=goodness_of(fitted, read.cells, drawn)
        )
    values: list[Floats | None] = []
    drawn = refits(again, read.cells, fitted, order, replicates=wanted.replicates, seed=seed)
    draws = draw_sizes(_watched(drawn, values), _sizes_of(domains))
    limits, covariance = _percentiles(sums, draws, wanted.level)
    return _Limited(
        limits=limits, covariance=covariance, draws=draws, goodness=goodness_from(fitted, read.cells, values)
    )


def _watched(drawn: Iterator[Refit | None], values: list[Floats | None]) -> Iterator[Refit | None]:
    """The draws; the statistics of their fit are kept on the way."""
    for refit in drawn:
        values.append(None if refit is None else statistics(refit.fitted, refit.cells))
        yield refit


def _sizes_of(domains: list[ListDomain]) -> Callable[[Floats, Floats], Floats]:
    from scipy import sparse

    inside = sparse.csr_array(np.stack([domain.rows for domain in domains]).astype(float))
    return lambda people, unseen: np.asarray(inside @ (people * (1 + unseen)))


def _percentiles(sums: Sums, draws: ConditionalDraws, level: float) -> tuple[list[Limits], Floats]:
    """Limits of the dark figures, and their covariance, of the draws."""
    ends = np.quantile(draws.sizes, [(1 - level) / 2, (1 + level) / 2], axis=0, method="median_unbiased")
    ends = np.maximum(ends - sums.seen, 0.0)
    spread = np.atleast_2d(np.cov(draws.sizes, rowvar=False))
    return [Limits(float(low), float(high)) for low, high in ends.T], spread


def _answer(
    read: Read, fitted: FittedCells, domains: list[ListDomain], sums: Sums, limited: _Limited, wanted: Wanted
) -> Estimates:
    goodness = limited.goodness
    return domain_estimates(
        DomainAnswer(
            by=tuple(dict.fromkeys(name for margin in wanted.arguments["by"] for name in margin)),
            domains=domains, seen=sums.seen, dark=sums.dark, covariance=limited.covariance, limits=limited.limits,
            method=wanted.method, term=model_name(read.histories, read.terms),
            interval_kind=IntervalKind.of(wanted.interval), call=wanted.call, level=wanted.level,
            about=About(
                sha256=read.records.sha256, outcome=read.records.outcome, population=read.records.population,
                reference_period=read.records.reference_period,
            ),
            assumptions=_assumptions(read, wanted), reasons=_reasons(fitted, domains, limited),
            parameters={POOR_FIT: {"p": goodness.p_at_most}} if goodness.poor else {},
            diagnostics=_diagnostics(read, fitted, sums, limited.draws) | goodness.diagnostics | dict(wanted.diagnostics),
            arguments=wanted.arguments,
        )
    )  # fmt: skip


def reasons_of(unseen: Floats, people: Floats, domains: list[ListDomain]) -> dict[ReasonCode, list[int]]:
    """Reasons of any model of people observed, and the domains that they hold for: much of a dark figure comes from few people."""
    rare = unseen > 1 / RARE - 1
    leaning = [
        position for position, domain in enumerate(domains)
        if float((people * unseen)[domain.rows & rare].sum()) > LEANING * float((people * unseen)[domain.rows].sum())
    ]  # fmt: skip
    return {codes.PEOPLE_RARELY_OBSERVED: leaning} if leaning else {}


def _reasons(fitted: FittedCells, domains: list[ListDomain], limited: _Limited) -> dict[ReasonCode, list[int]]:
    every, draws = list(range(len(domains))), limited.draws
    result = {POOR_FIT: every} if limited.goodness.poor else {}
    result |= reasons_of(fitted.unseen, fitted.model.people, domains)
    if draws is not None and draws.failed > 0.05 * (len(draws.sizes) + draws.failed):
        result[BOOTSTRAP_DRAWS_FAILED] = every
    return result


def _assumptions(read: Read, wanted: Wanted) -> tuple[Assumption, ...]:
    dependent = any(len(term) > 1 for term in read.terms)
    named = {"covariates": ", ".join(read.covariates)}
    if dependent:
        terms = model_name(read.histories, read.terms)
        first = (
            codes.DEPENDENCE_AMONG_ALIKE.assume(terms=terms, **named)
            if read.covariates
            else DEPENDENCE_BETWEEN_LISTS.assume(terms=terms)
        )
    else:
        first = codes.LISTS_INDEPENDENT_AMONG_ALIKE.assume(**named) if read.covariates else LISTS_INDEPENDENT.assume()
    found = [first, codes.CHANCES_ALIKE.assume()]
    if blind := wanted.arguments["blind"]:
        found.append(codes.LISTS_BLIND.assume(lists=", ".join(blind)))
    if read.cells.incomplete:
        found.append(codes.COVARIATES_MISSING_AT_RANDOM.assume())
    found += [CLOSED_POPULATION.assume(), PERFECT_LINKAGE.assume()]
    if wanted.given_model:
        found.append(INTERVAL_GIVEN_MODEL.assume())
    return (*found, EVERYONE_CAN_BE_LISTED.assume())


def _diagnostics(read: Read, fitted: FittedCells, sums: Sums, draws: ConditionalDraws | None) -> dict[str, Any]:
    people = float(fitted.model.people.sum())
    number = len(fitted.kept) + len(fitted.empty)
    values = read.model.in_units_of(fitted.model, fitted.fit.coefficients)
    errors = read.model.in_units_of(fitted.model, np.sqrt(np.diag(fitted.fit.covariance)))
    coefficients = {
        name: [float(value), float(error)]
        for name, value, error in zip(fitted.model.names, values, errors, strict=True)
    }
    coefficients |= {_term(read, position): [-np.inf, np.nan] for position in fitted.empty}
    result: dict[str, Any] = {
        "coefficients": coefficients,
        "log_likelihood": fitted.log_likelihood,
        "aic": 2 * number - 2 * fitted.log_likelihood,
        "bic": float(np.log(people)) * number - 2 * fitted.log_likelihood,
        "parameters": number,
        "se_sampling_part": float(np.sqrt(sums.sampling[0, 0])),
        "se_model_part": float(np.sqrt(sums.model[0, 0])),
        "largest_weight": float(1 + fitted.unseen[fitted.model.people > 0].max()),
        "coefficients_dropped": list(read.model.dropped),
        "people_with_missing_covariates": read.cells.incomplete,
        "em_steps": fitted.steps,
    }
    if draws is not None:
        result |= {"bootstrap_draws": len(draws.sizes), "bootstrap_draws_failed": draws.failed}
    return result


def _term(read: Read, position: int) -> str:
    return ":".join(read.records.lists[one] for one in read.terms[position])
