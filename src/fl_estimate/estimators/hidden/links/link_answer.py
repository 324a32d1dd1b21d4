"""What link tracing found, laid out as Estimates: rows, support, assumptions and reasons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.design.intervals import general
from fl_estimate.estimators.capture_recapture.answers import log_limits, normal_quantile
from fl_estimate.estimators.capture_recapture.posterior import chain_diagnostics, tails
from fl_estimate.estimators.hidden.links.link_outcome import OutcomeAnswers
from fl_estimate.estimators.hidden.links.link_posterior import LinkPrior
from fl_estimate.estimators.hidden.links.link_trace import LinkTrace
from fl_estimate.estimators.sampling import ESS_NEEDED, RHAT_GOOD
from fl_estimate.estimators.survey.weighted_call import ALL_CASES
from fl_estimate.inputs.respondents import resolve
from fl_estimate.inputs.sample_design import Design
from fl_estimate.results.basis import Support
from fl_estimate.results.build import build
from fl_estimate.results.codes import (
    EQUAL_TAILED,
    GRID_END_MATTERS,
    INTERVAL_NOT_DEFINED,
    LOG,
    LOGIT,
    POPULATION_SIZE,
    PREVALENCE,
    SAMPLER_ESS,
    SAMPLER_RHAT,
    TOTAL,
    UNKNOWN_AS_NO,
    ZERO_CASES,
    Assumption,
    AssumptionCode,
    MethodName,
    Quantity,
    Reason,
    ReasonCode,
    each_once,
)
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.inference import Inference
from fl_estimate.results.provenance import Provenance
from fl_estimate.results.recipe import Period, Recipe

LINK_TRACING_MODEL = MethodName("link-tracing-bayesian", sums_unknown=True, named=True)
LINK_TRACING_DESIGN = MethodName("link-tracing-design", sums_unknown=True, named=True)
INITIAL_SAMPLE_RANDOM = AssumptionCode("initial_sample_random")
LINKS_ALL_REPORTED = AssumptionCode("links_all_reported")
LINKS_CLOSED_POPULATION = AssumptionCode("links_closed_population")
LINKS_BLOCK_MODEL = AssumptionCode("links_block_model")
LINKS_BLOCK_MODEL_STRATA = AssumptionCode("links_block_model_strata")
OUTCOME_APART_FROM_LINKS = AssumptionCode("outcome_apart_from_links")
UNKNOWN_LIKE_STRATUM = AssumptionCode("unknown_like_stratum")
INITIAL_SAMPLES_INDEPENDENT = AssumptionCode("initial_samples_independent")
PRIOR_SIZE_POWER = AssumptionCode("prior_size_power", "power", "largest")
PRIOR_LINKS = AssumptionCode("prior_links", "a", "b", "strata")
FEW_MET_AGAIN = ReasonCode("few_met_again", doubtful="model")
LINKS_NOT_RETURNED = ReasonCode("links_not_returned", "share", doubtful="model")
ORDERS_DO_NOT_AGREE = ReasonCode("orders_do_not_agree", "rhat", doubtful="sampler")
REORDERING_CONSERVATIVE = ReasonCode("reordering_conservative")

FEW = 10
"""Links to people in the sample already below which the density before the data has a say in the size."""
RETURNED = 0.8
"""Share of links between traced people named from both sides below which links are said to go unreported."""


@dataclass(frozen=True, kw_only=True)
class LinkArguments:
    """What the caller asked for."""

    people: Any
    strata: str | None
    quantity: str
    level: float
    seed: int
    draws: int
    names: tuple[str | None, ...]
    given: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class _Row:
    """One row: what it is, of which people, its draws (or value, se, limits)."""

    quantity: Quantity
    stratum: int | None
    bound: str = ""
    draws: Floats | None = None
    limits: tuple[float, float] = (np.nan, np.nan)
    value: float = np.nan
    se: float = np.nan


def answer_model(
    trace: LinkTrace, answers: OutcomeAnswers | None, arguments: LinkArguments, prior: LinkPrior, unseen: Floats,
    cases: tuple[Floats, Mapping[str, Floats]] | None, told: Mapping[str, Any],
) -> Estimates:  # fmt: skip
    """The posterior as rows: size, then prevalence and total, each of the nation and of strata.

    Parameters
    ----------
    trace, answers, arguments, prior
    unseen : float array, shape (draws, strata)
    cases : (people in scope, cases by bound), or None
    told : mapping
        Diagnostics.
    """
    people = np.bincount(trace.stratum, minlength=len(trace.strata)) + unseen
    groups: list[int | None] = [None, *(range(len(trace.strata)) if arguments.strata is not None else ())]
    rows = [
        _of_draws(POPULATION_SIZE, group, "", _of(people, group), None, arguments.level)
        for group in (groups if arguments.quantity == "persons" else [])
    ]
    if answers is not None and cases is not None:
        scope, by_bound = cases
        for quantity in (PREVALENCE, TOTAL):
            if (quantity == PREVALENCE) != (arguments.quantity == "prevalence"):
                continue
            for group in groups:
                ends = {
                    bound: _share_of(quantity, _of(each, group), _of(scope, group)) for bound, each in by_bound.items()
                }
                rows += [
                    _of_draws(quantity, group, bound, ends.get(bound), ends, arguments.level)
                    for bound in answers.bounds
                ]
    reasons = _model_reasons(trace, told)
    assumptions = [
        INITIAL_SAMPLE_RANDOM.assume(), LINKS_ALL_REPORTED.assume(),
        LINKS_BLOCK_MODEL.assume() if arguments.strata is None else LINKS_BLOCK_MODEL_STRATA.assume(),
        LINKS_CLOSED_POPULATION.assume(), PRIOR_SIZE_POWER.assume(power=prior.size_power, largest=prior.max_size),
        PRIOR_LINKS.assume(a=round(prior.link[0], 4), b=prior.link[1], strata=prior.strata),
    ]  # fmt: skip
    if len(trace.initial) > 1:
        assumptions.append(INITIAL_SAMPLES_INDEPENDENT.assume())
    every = np.column_stack([
        np.full(len(unseen), np.nan) if row.draws is None else row.draws for row in rows
    ])  # fmt: skip
    return _lay_out(
        trace, answers, arguments, rows, LINK_TRACING_MODEL, EQUAL_TAILED,
        assumptions=[*assumptions, *_of_outcome(answers, model=True)],
        reasons=[code.at(row, **dict(parameters)) for row in range(len(rows)) for code, parameters in reasons],
        told=told, draws=every, inference=Inference(chains=int(told["chains"])),
    )  # fmt: skip


def answer_design(
    trace: LinkTrace, answers: OutcomeAnswers | None, arguments: LinkArguments,
    averaged: Mapping[str, Mapping[str, float]], told: Mapping[str, Any],
) -> Estimates:  # fmt: skip
    """Chapman's estimate averaged over orders, and the outcome of the initial samples averaged likewise."""
    size, mean = averaged["size"], averaged["mean"]
    n, level = len(trace), arguments.level
    dark = log_limits(size["value"] - n, size["variance"], level)
    rows = [
        _Row(
            quantity=POPULATION_SIZE, stratum=None, value=size["value"], se=float(np.sqrt(size["variance"])),
            limits=(n + dark.lower, n + dark.upper),
        )
    ]  # fmt: skip
    if answers is not None:
        share, error = mean["value"], float(np.sqrt(mean["variance"]))
        total = share * size["value"]
        # Chapman's overlap and the outcome are of the same people; nothing says that they go together.
        spread = float(np.sqrt((error * size["value"]) ** 2 + share**2 * size["variance"]))
        z = normal_quantile(level)
        wide = z * error / max(share * (1 - share), 1e-12)
        logit = np.log(share / (1 - share)) if 0 < share < 1 else np.nan
        # There are no fewer cases than were met.
        met = min(float((answers.yes & answers.scope).sum()), total)
        low, high = _log_ends(total, spread, level)
        rows += [
            _Row(
                quantity=PREVALENCE, stratum=None, value=share, se=error,
                limits=(float(1 / (1 + np.exp(-(logit - wide)))), float(1 / (1 + np.exp(-(logit + wide))))),
            ),
            _Row(quantity=TOTAL, stratum=None, value=total, se=spread, limits=(max(low, met) if spread > 0 else low, high)),
        ]  # fmt: skip
    assumptions = [
        INITIAL_SAMPLE_RANDOM.assume(), INITIAL_SAMPLES_INDEPENDENT.assume(), LINKS_ALL_REPORTED.assume(),
        LINKS_CLOSED_POPULATION.assume(), *_of_outcome(answers, model=False),
    ]  # fmt: skip
    rows = [row for row in rows if (row.quantity == PREVALENCE) == (arguments.quantity == "prevalence")]
    sizes = told["sizes"]
    reasons: list[Reason] = []
    diagnostics = {name: value for name, value in told.items() if name != "sizes"}
    if not told["exact"] and np.ptp(sizes) > 0:
        said = chain_diagnostics(sizes)
        diagnostics |= {name: said[name] for name in ("rhat", "ess_bulk", "chains", "draws_per_chain")}
        if not said["rhat"] <= RHAT_GOOD:
            reasons += [ORDERS_DO_NOT_AGREE.at(row, rhat=round(said["rhat"], 3)) for row in range(len(rows))]
    if averaged["mean" if arguments.quantity == "prevalence" else "size"]["conservative"]:
        reasons.append(REORDERING_CONSERVATIVE.at(0))
    return _lay_out(
        trace, answers, arguments, rows, LINK_TRACING_DESIGN, LOG, assumptions=assumptions, reasons=reasons,
        told={**diagnostics, "named_by_both": trace.named_by_both},
    )  # fmt: skip


def _log_ends(value: float, se: float, level: float) -> tuple[float, float]:
    low, high = general("log", np.array([value]), np.array([se if se > 0 else np.nan]), np.array([np.inf]), level)
    return float(low[0]), float(high[0])


def _of(values: Floats, group: int | None) -> Floats:
    return values.sum(axis=1) if group is None else values[:, group]


def _share_of(quantity: Quantity, cases: Floats, people: Floats) -> Floats:
    if quantity == TOTAL:
        return cases
    with np.errstate(invalid="ignore"):
        return np.where(people > 0, cases / people, 0.0)


def _of_draws(
    quantity: Quantity,
    group: int | None,
    bound: str,
    draws: Floats | None,
    ends: Mapping[str, Floats] | None,
    level: float,
) -> _Row:
    if bound == "identified" and ends is not None:
        # Whatever the unknown answers are: the lower end of the one bound to the upper end of the other.
        low, high = (
            float(np.quantile(ends[name], p)) for name, p in zip(("lower", "upper"), tails(level), strict=True)
        )
        return _Row(quantity=quantity, stratum=group, bound=bound, limits=(low, high))
    assert draws is not None
    low, high = np.quantile(draws, tails(level))
    return _Row(
        quantity=quantity, stratum=group, bound=bound, draws=draws, limits=(float(low), float(high)),
        value=float(np.median(draws)), se=float(draws.std(ddof=1)),
    )  # fmt: skip


def _model_reasons(trace: LinkTrace, told: Mapping[str, Any]) -> list[tuple[ReasonCode, tuple[tuple[str, Any], ...]]]:
    found: list[tuple[ReasonCode, tuple[tuple[str, Any], ...]]] = []
    if not told["rhat"] <= RHAT_GOOD:
        found.append((SAMPLER_RHAT, (("rhat", round(float(told["rhat"]), 3)),)))
    ess = min(told["ess_bulk"], told["ess_tail"])
    if not ess >= ESS_NEEDED:
        found.append((SAMPLER_ESS, (("ess", float(np.round(ess))),)))
    if told["met_again"] < FEW:
        found.append((FEW_MET_AGAIN, ()))
    if told["share_above_half_of_max_size"] > 0.001:
        found.append((GRID_END_MATTERS, ()))
    # Where no link at all was named from both sides, each was written down once.
    if 0 < trace.named_by_both < RETURNED:
        found.append((LINKS_NOT_RETURNED, (("share", round(trace.named_by_both, 2)),)))
    return found


def _of_outcome(answers: OutcomeAnswers | None, *, model: bool) -> list[Assumption]:
    if answers is None:
        return []
    said = [OUTCOME_APART_FROM_LINKS.assume()] if model else []
    if answers.unknown[answers.scope].any():
        said += [UNKNOWN_AS_NO.assume()] if answers.treatment == "no" else []
        said += [UNKNOWN_LIKE_STRATUM.assume()] if answers.treatment == "exclude" else []
    return said


def _lay_out(
    trace: LinkTrace, answers: OutcomeAnswers | None, arguments: LinkArguments, rows: list[_Row], method: MethodName,
    kind: Any, *, assumptions: list[Assumption], reasons: list[Reason], told: Mapping[str, Any], draws: Floats | None = None,
    inference: Inference | None = None,
) -> Estimates:  # fmt: skip
    resolved = resolve(arguments.people, Design(unweighted=True))
    outcome = "" if answers is None else answers.outcome
    counted = [_counts(trace, answers, row) for row in rows]
    columns: dict[str, Any] = {
        "outcome": ["" if row.quantity == POPULATION_SIZE else outcome for row in rows],
        "margin": ["" if row.stratum is None else str(arguments.strata) for row in rows],
        "bound": [row.bound for row in rows],
        "value": [row.value if row.draws is None else float(np.median(row.draws)) for row in rows],
        "se": [row.se for row in rows], "lower": [row.limits[0] for row in rows], "upper": [row.limits[1] for row in rows],
        "level": arguments.level, "n": [one[0] for one in counted], "cases": [one[1] for one in counted],
        "undetermined": [one[2] for one in counted],
        "interval_kind": ["" if np.isnan(row.limits[0]) else _kind(row, kind) for row in rows],
    }  # fmt: skip
    by = None
    if arguments.strata is not None:
        by = {arguments.strata: [None if row.stratum is None else trace.strata[row.stratum] for row in rows]}
    source = resolved.source
    notes = [AssumptionCode.of(code).assume(**said) for code, said in resolved.notes([outcome] if outcome else [])]
    names = [name for name in arguments.names if name is not None]
    return build(
        columns, by, quantity=[row.quantity for row in rows], method=method, basis="model",
        recipe=Recipe(
            measure=resolved.measure([outcome]) if outcome else "", population=resolved.population,
            period=Period(str(resolved.reference_period or "")), assumptions=each_once([*assumptions, *notes]),
            provenance=Provenance(
                call="hidden.link_tracing", arguments={**arguments.given, "seed": arguments.seed},
                source_name=source.name if source else "", source_sha256=source.sha256 if source else "",
            ),
            wording=resolved.wording.only(names),
        ),
        support=Support.of(
            [one[0] for one in counted], [one[1] if np.isfinite(one[1]) else one[0] for one in counted],
            psus_with_cases=[one[1] if np.isfinite(one[1]) else one[0] for one in counted],
            df=[max(one[0] - 1, 0) for one in counted], undetermined=[one[3] for one in counted],
        ),
        reasons=[*reasons, *_without_a_contrast(rows, counted)], diagnostics=told, draws=draws, inference=inference,
    )  # fmt: skip


def _without_a_contrast(rows: Sequence[_Row], counted: Sequence[tuple[float, ...]]) -> Iterator[Reason]:
    """Rows of an outcome that nobody of the sample has, or everybody."""
    for place, (row, (n, cases, *_)) in enumerate(zip(rows, counted, strict=True)):
        if row.quantity == POPULATION_SIZE or row.bound or not n > 0:
            continue
        if cases == 0:
            yield ZERO_CASES.at(place)
        elif cases == n:
            yield ALL_CASES.at(place)
        elif row.draws is None and np.isnan(row.limits[0]):
            yield INTERVAL_NOT_DEFINED.at(place, kind=LOG)


def _kind(row: _Row, kind: Any) -> Any:
    # Of the design-based estimate the share has limits on the logit, sizes on the log scale.
    return LOGIT if kind == LOG and row.quantity == PREVALENCE else kind


def _counts(trace: LinkTrace, answers: OutcomeAnswers | None, row: _Row) -> tuple[float, float, float, float]:
    """People, cases, share undetermined and people undetermined that a row stands on; of a size, people alone."""
    inside = np.ones(len(trace), dtype=bool) if row.stratum is None else trace.stratum == row.stratum
    if row.quantity == POPULATION_SIZE or answers is None:
        return float(inside.sum()), np.nan, np.nan, np.nan
    inside = inside & answers.scope
    open_ = inside & answers.unknown
    n = float(inside.sum() - (open_.sum() if answers.treatment == "exclude" else 0))
    share = float(open_.sum() / inside.sum()) if inside.any() else np.nan
    return n, float((inside & answers.yes).sum()), share, float(open_.sum())
