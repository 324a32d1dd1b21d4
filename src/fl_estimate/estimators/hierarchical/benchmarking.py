"""Areas moved so that together they give the national figure: the ratio and the difference rule. Arrays only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from scipy import special

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.hierarchical.model.posterior import (
    Posterior,
    PosteriorRequest,
    column_quantiles,
    spread_over,
)
from fl_estimate.estimators.hierarchical.read.direct import Direct

RULES: tuple[str, ...] = ("ratio", "difference")
TARGETS: tuple[str, ...] = ("estimated", "known")
WIDENED_AT = 0.975
"""Where Student's t is compared with the normal, as for design effects of areas."""


def move(areas: Floats, shares: Floats, target: float | Floats, rule: str, phi: Floats | None = None) -> Floats:
    """Move areas (last axis) so that their weighted sum is the target; the same map for every draw.

    Parameters
    ----------
    areas : array, shape (..., m)
    shares : array, shape (m,)
        Of the population, summing to 1 over all areas, those without sample included.
    target : float or array, shape (...)
        One, or one a draw.
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
    target = np.asarray(target)[..., None]
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


def target_draws(target: Mapping[str, float], df: float, count: int, seed: int, *, share: bool) -> Floats:
    """What the national figure may be, as uncertain as it is; evenly spread over its distribution, in random order.

    Parameters
    ----------
    target : mapping
        `value`, `se` and, of a share, `n`.
    df : float
        Degrees of freedom of its standard error; NaN where they are not known.
    count, seed : int
    share : bool
        Whether it lies between 0 and 1.

    Notes
    -----
    A share: beta with its mean and variance, the effective size divided by (t/z)² as Korn and Graubard (1998) do; without
    a case, or with nothing else, beta(cases + ½, others + ½) of the people asked. Else Student's t around it. A standard
    error that is missing is taken as 0.
    """
    value, se = target["value"], target["se"]
    rng = np.random.default_rng([seed, 2])
    at = rng.permutation((np.arange(count) + 0.5) / count)
    if share and not 0 < value < 1:
        n = target["n"] if target["n"] > 0 else 0.0
        return np.asarray(special.betaincinv(value * n + 0.5, (1 - value) * n + 0.5, at))
    if not se > 0:
        return np.full(count, value)
    if not share:
        return value + se * (special.stdtrit(max(df, 1.0), at) if np.isfinite(df) else special.ndtri(at))
    wider = (special.stdtrit(max(df, 1.0), WIDENED_AT) / special.ndtri(WIDENED_AT)) ** 2 if np.isfinite(df) else 1.0
    size = max(value * (1 - value) / se**2 - 1, 0.0) / wider
    return np.asarray(special.betaincinv(np.fmax(value * size, 1e-3), np.fmax((1 - value) * size, 1e-3), at))


def benchmark_posterior(
    posterior: Posterior, ask: PosteriorRequest, direct: Direct, rule: str, *, share: bool, known: bool
) -> Posterior:
    """Move every draw, to the national figure or, unless that is `known`, to what it may be; summaries of the moved draws.

    The nation's row is the target with its own limits: after benchmarking it is not an answer of the model.
    """
    assert ask.shares is not None  # asked for at the door
    target = direct.national
    support = direct.national_support
    df = float(np.fmin(support.df, support.psus_with_cases if share else np.inf)[0])
    goal = target["value"] if known else target_draws(target, df, len(posterior.draws), ask.seed, share=share)
    moved = move(posterior.draws, ask.shares, goal, rule)
    refuse_outside(moved, rule, share=share)
    tail = posterior.tail
    lower, median, upper = column_quantiles(moved, ask.tails if tail is None else (tail, 0.5, 1 - tail))
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
        benchmark={**target, "rule": rule, "known": known, "before": posterior.median},
    )
