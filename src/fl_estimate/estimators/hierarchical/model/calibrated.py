"""Limits of areas that hold the extreme ones too: tail probabilities by how much an area's own data say. Arrays only."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy import special

from fl_estimate.arrays import Bools, Floats
from fl_estimate.estimators.hierarchical.model.posterior import Model, PosteriorRequest

KINDS: tuple[str, ...] = ("calibrated", "equal-tailed")
TENTH = 0.1
"""Of areas by their true rates, at either end."""
MISSED = 1.2
"""How many times as often as on the whole a truth in an extreme tenth may be missed: 6 % where it is 5 %."""
POINTS, TRUTHS = 120, 400


def calibrates(model: Model) -> bool:
    """Whether limits of this model are calibrated: counts whose areas have independent normal effects."""
    return model.likelihood in ("binomial", "clustered") and model.structure is None


def tail_of(variance: Floats, prior_variance: Floats, ask: PosteriorRequest) -> Floats:
    """Probability that an area's posterior has beyond either limit, shape (m,).

    Parameters
    ----------
    variance, prior_variance : array, shape (m,)
        Of the areas' log odds, given the data, and before an area's own were seen.
    ask : Ask

    Notes
    -----
    Where an area's effect is normal and V is the ratio of the variances, a truth of θ (in standard deviations of the areas)
    has its posterior around a mean that is itself normal with mean (1 − V) θ and variance V (1 − V). A limit z posterior
    standard deviations away holds such truths with probability Φ((z √V − V θ)/√(V (1 − V))) − Φ((−z √V − V θ)/√(V (1 − V))). z is
    the least that is not below that of the level and under which truths beyond the tenth's edge are missed at most 1.2 times as
    often as the level says. With V = 1, where nothing is known of an area, the tail is a tenth of that: 0.8 % for 95 %.

    References
    ----------
    Efron and Morris (1971), Journal of the American Statistical Association 66, 807–815: the risk of the extreme ones under
    shrinkage. Syring and Martin (2019), Biometrika 106, 479–486: credible regions whose level is calibrated to cover.
    """
    ratio = np.clip(variance / np.maximum(prior_variance, 1e-300), 0.0, 1.0)
    at, tail = _tails(ask.level)
    return np.interp(ratio, at, tail)


@cache
def _tails(level: float) -> tuple[Floats, Floats]:
    """The tail at ratios from 0 to 1, by bisection for all at once."""
    at = np.linspace(0.0, 1.0, POINTS + 1)
    inner = np.clip(at, 1e-6, 1 - 1e-6)[:, None]
    truth = -special.ndtri(TENTH * (np.arange(TRUTHS) + 0.5) / TRUTHS)
    spread = np.sqrt(inner * (1 - inner))
    wanted = max(1 - MISSED * (1 - level), 0.0)
    least = -special.ndtri((1 - level) / 2)
    low, high = np.full(len(at), least), np.full(len(at), least + 6.0)
    for _ in range(50):
        z = 0.5 * (low + high)
        arm = z[:, None] * np.sqrt(inner)
        held = special.ndtr((arm - inner * truth) / spread) - special.ndtr((-arm - inner * truth) / spread)
        short = held.mean(axis=1) < wanted
        low, high = np.where(short, z, low), np.where(short, high, z)
    return at, special.ndtr(-0.5 * (low + high))


def from_zero(lower: Floats, none: Bools) -> Floats:
    """Lower limits; 0 for areas whose sample met no case: that nobody there is one is not ruled out by any sample."""
    return np.where(none, 0.0, lower)
