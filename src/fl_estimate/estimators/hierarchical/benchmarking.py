"""Areas moved so that together they give the national figure: the ratio and the difference rule. Arrays only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.hierarchical.posterior import Ask, Posterior, spread_over

RULES: tuple[str, ...] = ("ratio", "difference")


def move(areas: Floats, shares: Floats, target: float, rule: str, phi: Floats | None = None) -> Floats:
    """Move areas (last axis) so that their weighted sum is the target; the same map for every draw.

    Parameters
    ----------
    areas : array, shape (..., m)
    shares : array, shape (m,)
        Of the population, summing to 1 over all areas, those without sample included.
    target : float
    rule : {"ratio", "difference", "least-squares"}
        "least-squares" needs `phi`.
    phi : array, optional
        What a move of each area costs.

    Notes
    -----
    Ratio: a t / Σ s a. Difference: a + t − Σ s a. Least squares: min Σ phi (move)² gives a + (s/phi)(t − Σ s a)/Σ(s²/phi);
    phi = s is the difference, phi = s/a the ratio.

    References
    ----------
    Datta, Ghosh, Steorts and Maples (2011), Test 20(3), 574-588.
    """
    total = (areas @ shares)[..., None]
    if rule == "ratio":
        return areas * (target / total)
    if phi is None:
        return areas + (target - total)
    return areas + (shares / phi) * (target - total) / (shares**2 / phi).sum()


def refuse_outside(areas: Floats, rule: str, *, share: bool) -> None:
    """Refuse a rule that moves shares below 0 or above 1.

    Raises
    ------
    EstimateFault
        FL-EST-74.
    """
    if not share or ((areas >= 0) & (areas <= 1)).all():
        return
    raise EstimateFault(
        "FL-EST-74",
        "benchmarking moves some areas below 0 or above 1",
        found=f"benchmark={rule!r}: {((areas < 0) | (areas > 1)).any(axis=0).sum()} areas, in some draws at least",
        fix='use benchmark="ratio", which keeps shares above 0, or look whether the national figure is that of these areas',
    )


def benchmark_posterior(
    posterior: Posterior, ask: Ask, target: Mapping[str, float], rule: str, *, share: bool
) -> Posterior:
    """Move every draw, and take the summaries of the draws that were moved.

    The nation's row is the target with its own limits: after benchmarking it is not an answer of the model.
    """
    assert ask.shares is not None  # asked for at the door
    moved = move(posterior.draws, ask.shares, target["value"], rule)
    refuse_outside(moved, rule, share=share)
    lower, median, upper = np.quantile(moved, ask.tails, axis=0)
    # Independent draws are as good as any; of chains each gives as many.
    chained = posterior.diagnostics.get("sampler") == "nuts"
    kept, chains = spread_over(len(moved), ask.draws, posterior.chains) if chained else (np.arange(ask.draws), 1)
    return replace(
        posterior,
        median=median,
        sd=moved.std(axis=0, ddof=1),
        lower=lower,
        upper=upper,
        draws=moved[kept],
        joint={name: values[kept] for name, values in posterior.joint.items()},
        stats={name: values[kept] for name, values in posterior.stats.items()},
        chains=chains,
        national=moved[kept] @ ask.shares,
        benchmark={**target, "rule": rule, "before": posterior.median},
    )
