"""From chains of a scale-up model to rows: limits, how well the chains mixed, whether the model holds, known groups found again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.hidden.network.scale_up_checks import STATISTICS, PredictiveCheck
from fl_estimate.estimators.hidden.network.scale_up_model_codes import (
    KNOWN_NOT_FOUND,
    PRIOR_END_MATTERS,
    SPREAD_NOT_DRAWN,
)
from fl_estimate.estimators.hidden.network.scale_up_problem import CORRELATED, Flags, ScaleUpChains, ScaleUpProblem
from fl_estimate.estimators.hidden.network.scale_up_scaling import outside
from fl_estimate.estimators.sampling import ESS_NEEDED, RHAT_GOOD, RHAT_HOPELESS
from fl_estimate.results.codes import SAMPLER_ESS, SAMPLER_RHAT, ReasonCode

MISFIT = 0.05
"""Level of the check of spreads, over all known groups together."""
MOST_MISSED = 0.25
"""Known groups that may lie outside their own limits before the model is doubted."""
AT_END, PILED = 0.02, 0.1
"""The outermost part of a flat prior, at either end, and the share of the draws in it that is too many."""
SHORT, RHAT_HOPELESS_SHORT = 250, 1.2
"""Draws of a chain below which R-hat is loose: chains of 25 draws that agree often have 1.1."""
Told = list[tuple[ReasonCode, dict[str, Any]]]


@dataclass(frozen=True, kw_only=True, eq=False)
class ScaleUpPosterior:
    """Draws of all groups on the scale of shares, and what is to be said of them.

    Attributes
    ----------
    share : float array, shape (chains, draws, groups)
        Shares of the population; of known groups what the model finds.
    mean_degree : float array, shape (chains, draws)
    reasons : list of (ReasonCode, parameters)
        Of every row.
    diagnostics : dict
    """

    share: Floats
    mean_degree: Floats
    reasons: Told = field(repr=False)
    diagnostics: dict[str, Any] = field(repr=False)


def posterior_of(
    problem: ScaleUpProblem,
    chains: ScaleUpChains,
    log_share: Floats,
    constant: Floats,
    check: PredictiveCheck,
    level: float,
) -> ScaleUpPosterior:
    """Judge the chains and the model.

    Raises
    ------
    EstimateFault
        FL-EST-623: the chains do not agree.
    """
    published = np.concatenate([log_share[..., problem.hidden], np.log(_mean(chains, constant))[..., None]], axis=-1)
    told = mixing(published)
    if not told["rhat_max"] <= (RHAT_HOPELESS if log_share.shape[1] >= SHORT else RHAT_HOPELESS_SHORT):
        raise EstimateFault(
            "FL-EST-623", "the chains of the sampler do not agree, so that there is no estimate",
            found=f"R-hat {told['rhat_max']:.3f} over {log_share.shape[0]} chains of {log_share.shape[1]:,} draws",
            fix="more draws=, burn_in= and thin=; groups about whom almost nobody reports anything may be left out",
        )  # fmt: skip
    reasons: Told = [(code, dict(parameters)) for code, parameters in _flags(told, chains.flags)]
    reasons += _prior_ends(problem, chains)
    known = ~problem.hidden
    misses = PredictiveCheck(observed=check.observed[:, known], p=check.p[:, known], draws=check.draws).misses(MISFIT)
    if misses:
        reasons.append((SPREAD_NOT_DRAWN, {"groups": misses, "of": int(known.sum())}))
    truth = np.log(problem.sizes[known] / problem.population)
    missed = int(outside(log_share[..., known], truth, (1 - level) / 2).sum())
    if missed > max(1.0, MOST_MISSED * known.sum()):
        reasons.append((KNOWN_NOT_FOUND, {"groups": missed, "of": int(known.sum())}))
    share = np.exp(log_share)
    return ScaleUpPosterior(
        share=share,
        mean_degree=_mean(chains, constant),
        reasons=reasons,
        diagnostics={
            **chains.diagnostics,
            **told,
            "chains": int(log_share.shape[0]),
            "draws_per_chain": int(log_share.shape[1]),
            "mean_network_size": _summary(_mean(chains, constant), level),
            "parameters": {name: _summaries(problem, values, level) for name, values in chains.parameters.items()},
            "back_estimates": back_estimates(problem, share, level),
            "predictive_check": _checked(problem, check),
        },
    )


def mixing(draws: Floats) -> dict[str, Any]:
    """Worst rank R-hat and effective draws over quantities, (chains, draws, quantities)."""
    from arviz_stats.base.array import array_stats

    stats: Any = array_stats
    columns = [np.ascontiguousarray(draws[..., at]) for at in range(draws.shape[-1])]
    along = {"chain_axis": 0, "draw_axis": 1}
    rhat = [float(stats.rhat(each, method="rank", **along)) for each in columns]
    bulk = [float(stats.ess(each, method="bulk", **along)) for each in columns]
    tail = [float(stats.ess(each, method="tail", prob=(0.05, 0.95), **along)) for each in columns]
    return {"rhat_max": max(rhat), "ess_bulk_min": min(bulk), "ess_tail_min": min(tail)}


def back_estimates(problem: ScaleUpProblem, share: Floats, level: float) -> list[dict[str, Any]]:
    """What the model finds of each known group, in persons, beside what is known."""
    rows: list[dict[str, Any]] = []
    for at in np.flatnonzero(~problem.hidden):
        found = _summary(share[..., at] * problem.population, level)
        rows.append({"group": problem.names[at], "known": float(problem.sizes[at]), **found})
    return rows


def _mean(chains: ScaleUpChains, constant: Floats) -> Floats:
    return chains.mean_degree * np.exp(constant)


def _flags(told: dict[str, Any], own: Flags) -> Flags:
    """What falls short of Vehtari and others (2021), and what a sampler of its own says."""
    result = [(code, parameters) for code, parameters in own if code not in (SAMPLER_RHAT, SAMPLER_ESS)]
    if not told["rhat_max"] <= RHAT_GOOD:
        result.append((SAMPLER_RHAT, (("rhat", round(told["rhat_max"], 3)),)))
    ess = min(told["ess_bulk_min"], told["ess_tail_min"])
    if not ess >= ESS_NEEDED:
        result.append((SAMPLER_ESS, (("ess", float(np.round(ess))),)))
    return tuple(result)


def _prior_ends(problem: ScaleUpProblem, chains: ScaleUpChains) -> Told:
    """Flat priors whose end the posterior leans against."""
    if problem.model == CORRELATED:
        return []
    result: Told = []
    for name, (low, high) in ((name, ends) for name, ends in problem.priors.items() if name in chains.parameters):
        place = (chains.parameters[name] - low) / (high - low)
        floor = (place < AT_END).mean() if low > 0 else 0.0
        if max(floor, (place > 1 - AT_END).mean()) > PILED:
            result.append((PRIOR_END_MATTERS, {"name": name}))
    return result


def _summary(draws: Floats, level: float) -> dict[str, float]:
    lower, median, upper = np.quantile(draws, [(1 - level) / 2, 0.5, (1 + level) / 2])
    return {"value": float(median), "lower": float(lower), "upper": float(upper)}


def _summaries(problem: ScaleUpProblem, values: Floats, level: float) -> Any:
    """Of one parameter, or of each group's."""
    if values.ndim == 2:
        return _summary(values, level)
    return {name: _summary(values[..., at], level) for at, name in enumerate(problem.names)}


def _checked(problem: ScaleUpProblem, check: PredictiveCheck) -> dict[str, Any]:
    rows: list[dict[str, Any]] = []
    for at, name in enumerate(problem.names):
        values = {
            statistic: {"observed": float(check.observed[row, at]), "p": float(check.p[row, at])}
            for row, statistic in enumerate(STATISTICS)
        }
        rows.append({"group": name, "known": bool(not problem.hidden[at]), **values})
    return {"draws": check.draws, "groups": rows}


def limits(draws: Floats, level: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Median, standard deviation, and equal-tailed limits of each row, from (draws, rows)."""
    lower, median, upper = np.quantile(draws, [(1 - level) / 2, 0.5, (1 + level) / 2], axis=0)
    return median, draws.std(axis=0, ddof=1), lower, upper


def each_row(reasons: Sequence[tuple[ReasonCode, dict[str, Any]]], rows: int) -> list[Any]:
    """The same reasons of every row."""
    return [code.at(row, **parameters) for row in range(rows) for code, parameters in reasons]
