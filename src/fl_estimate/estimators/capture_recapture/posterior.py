"""Posteriors of the dark figure as answers: limits and draws for both rows, and how well the chains mixed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, shown
from fl_estimate.estimators.capture_recapture.answers import Limits, population_estimates
from fl_estimate.estimators.sampling import ESS_NEEDED, RHAT_GOOD
from fl_estimate.inputs.histories import CaptureHistories
from fl_estimate.results.codes import EQUAL_TAILED, SAMPLER_ESS, SAMPLER_RHAT, Assumption, MethodName, Reason
from fl_estimate.results.estimates import Estimates

Said = tuple[Assumption, ...]
LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
CHAINS = 4
FEWEST = 100
"""Draws that every posterior needs to have limits at all."""


def posterior_estimates(
    histories: CaptureHistories,
    *,
    call: str,
    method: MethodName,
    term: str,
    value: float,
    se: float,
    limits: Limits,
    level: float,
    draws: Floats,
    reasons: tuple[Reason, ...],
    assumptions: Said,
    diagnostics: Mapping[str, Any],
    arguments: Mapping[str, Any],
) -> Estimates:
    """Lay a posterior of the dark figure out: both rows, their equal-tailed limits, and joint draws.

    `draws` are of the dark figure; `.draws` of the answer has a column for each row.
    """
    made = population_estimates(
        histories,
        call=call,
        method=method,
        term=term,
        dark=value,
        se_dark=se,
        se_size=se,
        limits=limits,
        interval_kind=EQUAL_TAILED,
        level=level,
        assumptions=assumptions,
        diagnostics=diagnostics,
        arguments=arguments,
    )
    said = tuple(replace(one, row=row) for row in (0, 1) for one in reasons)
    return replace(made, draws=np.column_stack([draws + histories.n, draws]), reasons=(*made.reasons, *said))


def tails(level: float) -> Floats:
    """The two probabilities of an equal-tailed interval."""
    return np.array([(1 - level) / 2, (1 + level) / 2])


def require_draws(draws: int, chains: int) -> None:
    """Refuse so few draws that no tail can be seen, or so few chains that none can disagree with another.

    Raises
    ------
    EstimateFault
        FL-EST-141.
    """
    if int(draws) != draws or draws < FEWEST or int(chains) != chains or chains < CHAINS:
        raise EstimateFault(
            "FL-EST-141",
            "too few draws, or too few chains to see whether they agree",
            found=f"draws={shown(draws)}, chains={shown(chains)}",
            fix=f"give at least {FEWEST} draws and {CHAINS} chains; 4,000 draws are usual",
        )


def chain_diagnostics(draws: Floats) -> dict[str, Any]:
    """Rank R-hat, effective draws of bulk and tails, and the Monte Carlo error of the limits.

    Parameters
    ----------
    draws : array, shape (chains, draws)
    """
    from arviz_stats.base.array import array_stats

    stats: Any = array_stats
    along = {"chain_axis": 0, "draw_axis": 1}
    return {
        "rhat": float(stats.rhat(draws, method="rank", **along)),
        "ess_bulk": float(stats.ess(draws, method="bulk", **along)),
        "ess_tail": float(stats.ess(draws, method="tail", prob=(0.05, 0.95), **along)),
        "chains": int(draws.shape[0]),
        "draws_per_chain": int(draws.shape[1]),
        "monte_carlo_se_of_limits": [
            float(stats.mcse(draws, method="quantile", prob=q, **along)) for q in (0.025, 0.975)
        ],
    }


def chain_flags(diagnostics: Mapping[str, Any]) -> tuple[Reason, ...]:
    """What falls short of Vehtari and others (2021)."""
    reasons: list[Reason] = []
    if not diagnostics["rhat"] <= RHAT_GOOD:
        reasons.append(SAMPLER_RHAT.at(0, rhat=round(float(diagnostics["rhat"]), 3)))
    ess = min(diagnostics["ess_bulk"], diagnostics["ess_tail"])
    if not ess >= ESS_NEEDED:
        reasons.append(SAMPLER_ESS.at(0, ess=float(np.round(ess))))
    return tuple(reasons)


def summary(histories: CaptureHistories, dark: Floats) -> dict[str, Any]:
    """Mean, median and quantiles of the population size, for diagnostics."""
    size = dark + histories.n
    return {
        "posterior_mean": float(size.mean()),
        "posterior_median": float(np.median(size)),
        "quantiles": dict(zip(map(str, LEVELS), np.quantile(size, LEVELS).tolist(), strict=True)),
    }
