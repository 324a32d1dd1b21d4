"""Occasions in time order with covariates, where a first capture changes later ones: Huggins' models M_b, M_bh, M_tb, M_tbh.

After a capture the logit moves by z'γ, so that a history's own terms depend on the ones before: no softmax of histories has this, and
the likelihood is maximised here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import linalg, special

from fl_estimate.arrays import Floats, Positions
from fl_estimate.errors import EstimateFault, listed
from fl_estimate.estimators.capture_recapture import covariate_codes as codes
from fl_estimate.estimators.capture_recapture.conditional_answers import Read, Wanted, reasons_of
from fl_estimate.estimators.capture_recapture.conditional_fit import FLAT, WILD
from fl_estimate.estimators.capture_recapture.covariate_formulas import FormulaColumns, columns_of
from fl_estimate.estimators.capture_recapture.domain_answers import About, DomainAnswer, domain_estimates
from fl_estimate.estimators.capture_recapture.horvitz_thompson import HiddenWeights, domains_of, limits_of, sums_of
from fl_estimate.estimators.capture_recapture.linkage_codes import EVERYONE_CAN_BE_LISTED
from fl_estimate.estimators.capture_recapture.list_codes import BEHAVIOUR_AFTER_CAPTURE
from fl_estimate.inputs.histories import CaptureHistories, all_histories
from fl_estimate.results.codes import (
    CLOSED_POPULATION,
    INTERVAL_GIVEN_MODEL,
    LISTS_INDEPENDENT,
    PERFECT_LINKAGE,
    Assumption,
    IntervalKind,
)
from fl_estimate.results.estimates import Estimates

STEPS = 500
SETTLED = 1e-13
"""Scoring's decrement, relative to 1 + |log-likelihood|, at which a fit stops."""
FARTHEST = 5.0
"""Most that a logit moves in a step."""
NOBODY = 1e8
"""People not observed for one who was, from which on nobody is said to be."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Occasions:
    """Groups of people alike in covariates and history.

    Attributes
    ----------
    design : array, shape (cells, occasions, coefficients)
        Of the logit before a first capture; 0 for coefficients of the response to it.
    response : array, shape (cells, coefficients)
        What is added to it at every occasion after a capture.
    cell : int array, shape (groups,)
    on : array, shape (groups, occasions)
    people : array, shape (groups,)
    names : tuple of str
    """

    design: Floats
    response: Floats
    cell: Positions
    on: Floats
    people: Floats
    names: tuple[str, ...]

    @property
    def of_cells(self) -> Floats:
        """People of each cell."""
        return np.bincount(self.cell, weights=self.people, minlength=len(self.design))


@dataclass(frozen=True, kw_only=True, eq=False)
class BehaviourFit:
    """The maximum.

    Attributes
    ----------
    coefficients, covariance : array
        The covariance is the inverse of the expected information given the covariates, as VGAM has it.
    log_likelihood : float
    unseen : array, shape (cells,)
        h = p₀/(1 − p₀).
    slope : array, shape (cells, coefficients)
        dh/dβ.
    """

    coefficients: Floats
    covariance: Floats
    log_likelihood: float
    unseen: Floats
    slope: Floats


@dataclass(frozen=True, kw_only=True, eq=False)
class _Moments:
    likelihood: float
    score: Floats
    information: Floats
    unseen: Floats
    slope: Floats


def require_occasions(records: Any, terms: Any, blind: Any, dependence: str, interval: str) -> None:
    """Refuse what has no order in time, and what these models do not have.

    Raises
    ------
    EstimateFault
        FL-EST-85, FL-EST-354.
    """
    if not (isinstance(records, CaptureHistories) and records.ordered):
        raise EstimateFault(
            "FL-EST-85", "a change of behaviour after the first capture needs occasions in time",
            found="lists that work side by side",
            fix="leave behaviour= out; if the lists are occasions in order, hand over "
            "CaptureHistories.from_records(…, ordered=True, covariates=[…])",
        )  # fmt: skip
    beside = {
        "terms": terms != "main", "dependence": dependence != "1", "blind": bool(blind), "interval": interval == "percentile",
    }  # fmt: skip
    if found := [name for name, asked in beside.items() if asked]:
        raise EstimateFault(
            "FL-EST-354", "a model with a response to the first capture has none of these beside it", found=listed(found),
            fix="occasions are independent but for the response, everybody can be caught at each, and intervals are log or wald",
        )  # fmt: skip


def occasions_of(read: Read, behaviour: str) -> Occasions:
    """Lay the coefficients out over occasions.

    Raises
    ------
    EstimateFault
        FL-EST-170 (the formula), FL-EST-354 (covariates that are missing).
    """
    cells = read.cells
    if cells.incomplete:
        raise EstimateFault(
            "FL-EST-354", "a model with a response to the first capture takes every covariate as known",
            found=f"{cells.incomplete:,} people lack one", fix="leave these people or the covariate out, or behaviour=",
        )  # fmt: skip
    side: FormulaColumns = columns_of(behaviour, read.records.frame, cells.frame)
    model = read.model.softmax
    base = (model.columns * read.model.scale)[:, model.column_of]
    before, after = base.shape[1], side.values.shape[1]
    design = np.zeros((len(base), len(read.records.lists), before + after))
    design[:, :, :before] = base[:, None, :] * model.loads.T[None, :, :]
    response = np.concatenate([np.zeros((len(base), before)), side.values], axis=1)
    label = "after a first capture"
    return Occasions(
        design=design, response=response, cell=cells.cell[:, 0],
        on=all_histories(len(read.records.lists))[cells.history].astype(float), people=cells.people,
        names=(*model.names, *(label if name == "Intercept" else f"{label}, {name}" for name in side.names)),
    )  # fmt: skip


def fit_behaviour(data: Occasions) -> BehaviourFit:
    """Find the maximum of the likelihood of the histories given a capture, by Fisher's scoring.

    Raises
    ------
    EstimateFault
        FL-EST-172 (coefficients that cannot be told apart), FL-EST-173 (no finite maximum).
    """
    beta = np.zeros(len(data.names))
    now = _moments(data, beta)
    _require_identified(data, now)
    for _ in range(STEPS):
        step = _solve(data, now)
        if float(now.score @ step) <= SETTLED * (1 + abs(now.likelihood)):
            break
        length = min(1.0, FARTHEST / max(float(np.abs(data.design @ step).max()), 1e-300))
        while length > 1e-8:
            after = _moments(data, beta + length * step)
            if after.likelihood >= now.likelihood - 1e-12 * abs(now.likelihood):
                break
            length /= 2
        else:
            break
        beta, now = beta + length * step, after
        if float(now.unseen.max()) > NOBODY:
            raise _not_finite(list(data.names))
    else:
        raise _not_finite(list(data.names))
    covariance = np.asarray(linalg.inv(now.information))
    spread = np.sqrt(np.maximum(np.diag(covariance), 0.0)) * _scales(data)
    wild = [name for name, one in zip(data.names, spread, strict=True) if not one < WILD]
    if wild:
        raise _not_finite(wild)
    return BehaviourFit(
        coefficients=beta, covariance=covariance, log_likelihood=now.likelihood, unseen=now.unseen, slope=now.slope
    )


def _moments(data: Occasions, beta: Floats) -> _Moments:
    """Likelihood, score and expected information at some coefficients."""
    before = data.design @ beta
    caught = special.expit(before)
    log_missed = -np.logaddexp(0.0, before)
    # log p₀ and log(1 − p₀), p₀ the chance never to be caught.
    never = log_missed.sum(axis=1)
    ever = np.log(-np.expm1(np.minimum(never, -1e-300)))
    unseen = np.exp(never - ever)
    moved = np.einsum("ij,ijk->ik", caught, data.design)
    slope = -(unseen * (1 + unseen))[:, None] * moved
    marked = (np.cumsum(data.on, axis=1) - data.on) > 0
    eta = before[data.cell] + marked * (data.response @ beta)[data.cell, None]
    likelihood = float(data.people @ ((data.on * eta - np.logaddexp(0.0, eta)).sum(axis=1) - ever[data.cell]))
    rest = data.people[:, None] * (data.on - special.expit(eta))
    score = (
        np.einsum("gj,gjk->k", rest, data.design[data.cell]) + (rest * marked).sum(axis=1) @ data.response[data.cell]
    )
    score = score - data.of_cells @ (unseen[:, None] * moved)
    return _Moments(
        likelihood=likelihood, score=score, information=_information(data, beta, caught, log_missed, unseen, moved),
        unseen=unseen, slope=slope,
    )  # fmt: skip


def _information(
    data: Occasions, beta: Floats, caught: Floats, log_missed: Floats, unseen: Floats, moved: Floats
) -> Floats:
    """Expected given the covariates and a capture: at each occasion a person is unmarked with a chance that the model gives."""
    people = data.of_cells
    so_far = np.cumsum(log_missed, axis=1) - log_missed
    to_come = np.cumsum(log_missed[:, ::-1], axis=1)[:, ::-1]
    # Not caught before j, and caught at j or later, among those caught at all.
    unmarked = np.exp(so_far) * -np.expm1(to_come) * (1 + unseen)[:, None]
    again = special.expit(data.design @ beta + (data.response @ beta)[:, None])
    first = people[:, None] * (unmarked + unseen[:, None]) * caught * (1 - caught)
    later = people[:, None] * (1 - unmarked) * again * (1 - again)
    after = data.design + data.response[:, None, :]
    result = np.einsum("ij,ijk,ijl->kl", first, data.design, data.design, optimize=True)
    result += np.einsum("ij,ijk,ijl->kl", later, after, after, optimize=True)
    return result - (moved * (people * unseen * (1 + unseen))[:, None]).T @ moved


def _scales(data: Occasions) -> Floats:
    """Largest absolute value that each coefficient is multiplied by."""
    largest = np.maximum(np.abs(data.design).max(axis=(0, 1)), np.abs(data.response).max(axis=0))
    return np.where(largest > 0, largest, 1.0)


def _require_identified(data: Occasions, now: _Moments) -> None:
    diagonal = np.sqrt(np.maximum(np.diag(now.information), 0.0))
    names = [name for name, one in zip(data.names, diagonal, strict=True) if one <= 0]
    if not names:
        values, vectors = np.linalg.eigh(now.information / np.outer(diagonal, diagonal))
        if values[0] >= FLAT:
            return
        direction = np.abs(vectors[:, 0])
        names = [data.names[position] for position in np.flatnonzero(direction > 0.05 * direction.max())]
    raise EstimateFault(
        "FL-EST-172", "the records cannot tell these coefficients from each other, or from none at all",
        found=listed(names, most=8),
        fix="with a response to the first capture, occasions without a common effect leave too little: the last one's chance of a first "
        "capture is told by the response only. Leave columns or occasions' own effects out",
    )  # fmt: skip


def _solve(data: Occasions, now: _Moments) -> Floats:
    try:
        return np.asarray(linalg.cho_solve(linalg.cho_factor(now.information), now.score))
    except (linalg.LinAlgError, ValueError) as error:
        raise _not_finite([data.names[int(np.argmin(np.diag(now.information)))]]) from error


def _not_finite(names: list[str]) -> EstimateFault:
    return EstimateFault(
        "FL-EST-173", "coefficients have no finite estimate, or first captures do not become fewer from occasion to occasion",
        found=listed(names, most=8),
        fix="a simpler model: one chance for all occasions (covariates=\"0\", common=\"1\"), or no response to the first capture",
    )  # fmt: skip


def behaviour_estimates(read: Read, behaviour: str, wanted: Wanted) -> Estimates:
    """The answer of a model with a response to the first capture."""
    data = occasions_of(read, behaviour)
    fit = fit_behaviour(data)
    domains = domains_of(read.cells.frame, wanted.by)
    people = data.of_cells
    sums = sums_of(HiddenWeights(people=people, unseen=fit.unseen, slope=fit.slope, covariance=fit.covariance), domains)
    kind = "log" if wanted.interval == "auto" else wanted.interval
    limits = [
        limits_of(float(f), float(v), kind, wanted.level)
        for f, v in zip(sums.dark, np.diag(sums.covariance), strict=True)
    ]
    by = () if wanted.by is None else tuple(dict.fromkeys(name for margin in wanted.arguments["by"] for name in margin))
    wanted = replace(wanted, arguments={**wanted.arguments, "interval": kind, "level": wanted.level})
    return domain_estimates(
        DomainAnswer(
            by=by, domains=domains, seen=sums.seen, dark=sums.dark, covariance=sums.covariance, limits=limits,
            method=wanted.method, term="main, behaviour", interval_kind=IntervalKind.of(kind), call=wanted.call,
            level=wanted.level,
            about=About(
                sha256=read.records.sha256, outcome=read.records.outcome, population=read.records.population,
                reference_period=read.records.reference_period,
            ),
            assumptions=_assumptions(read), reasons=reasons_of(fit.unseen, people, domains),
            diagnostics=_diagnostics(data, fit, people) | {
                "se_sampling_part": float(np.sqrt(sums.sampling[0, 0])), "se_model_part": float(np.sqrt(sums.model[0, 0])),
            },
            arguments=wanted.arguments,
        )
    )  # fmt: skip


def _assumptions(read: Read) -> tuple[Assumption, ...]:
    named = ", ".join(read.covariates)
    first = codes.LISTS_INDEPENDENT_AMONG_ALIKE.assume(covariates=named) if named else LISTS_INDEPENDENT.assume()
    return (
        first, BEHAVIOUR_AFTER_CAPTURE.assume(), codes.CHANCES_ALIKE.assume(), CLOSED_POPULATION.assume(), PERFECT_LINKAGE.assume(),
        INTERVAL_GIVEN_MODEL.assume(), EVERYONE_CAN_BE_LISTED.assume(),
    )  # fmt: skip


def _diagnostics(data: Occasions, fit: BehaviourFit, people: Floats) -> dict[str, Any]:
    number, errors = len(data.names), np.sqrt(np.diag(fit.covariance))
    return {
        "coefficients": {
            name: [float(value), float(error)]
            for name, value, error in zip(data.names, fit.coefficients, errors, strict=True)
        },
        "log_likelihood": fit.log_likelihood,
        "aic": 2 * number - 2 * fit.log_likelihood,
        "bic": float(np.log(people.sum())) * number - 2 * fit.log_likelihood,
        "parameters": number,
        "largest_weight": float(1 + fit.unseen[people > 0].max()),
    }
