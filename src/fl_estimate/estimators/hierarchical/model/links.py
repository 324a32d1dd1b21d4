"""Links of the normal likelihood: from direct estimates to the scale of the model, and back. Arrays only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

from fl_estimate.arrays import Floats


@dataclass(frozen=True, kw_only=True)
class Link:
    """A scale on which areas are taken as normal.

    Attributes
    ----------
    to, back : callable
        Values to the link's scale, and from it.
    slope : callable
        Absolute derivative of `back`.
    low, high : float
        Values at or beyond these have no place on the scale.
    share : bool
        Whether values must be shares.
    """

    to: Callable[[Floats], Floats]
    back: Callable[[Floats], Floats]
    slope: Callable[[Floats], Floats]
    low: float
    high: float
    share: bool


def _angle(values: Floats) -> Floats:
    return np.arcsin(np.sqrt(values))


def _from_angle(values: Floats) -> Floats:
    # Clipped before it is squared: beyond 0 and pi/2 the square would turn round.
    return np.sin(np.clip(values, 0.0, np.pi / 2)) ** 2


def _logistic_slope(values: Floats) -> Floats:
    p = special.expit(values)
    return p * (1 - p)


LINKS: dict[str, Link] = {
    "identity": Link(to=np.asarray, back=np.asarray, slope=np.ones_like, low=-np.inf, high=np.inf, share=False),
    "log": Link(to=np.log, back=np.exp, slope=np.exp, low=0.0, high=np.inf, share=False),
    "logit": Link(to=special.logit, back=special.expit, slope=_logistic_slope, low=0.0, high=1.0, share=True),
    "arcsine": Link(
        to=_angle, back=_from_angle, slope=lambda z: np.abs(np.sin(2 * z)), low=-np.inf, high=np.inf, share=True
    ),
}


def to_link(link: str, value: Floats, se: Floats, effective_n: Floats) -> tuple[Floats, Floats]:
    """Values and variances on the scale of the link, by the delta method.

    Notes
    -----
    log: se²/value²; logit: se²/(p(1 − p))²; arcsine: 1/(4 n_eff), which does not depend on the share.
    """
    if link == "arcsine":
        return LINKS[link].to(value), 1 / (4 * effective_n)
    with np.errstate(divide="ignore", invalid="ignore"):
        on_link = LINKS[link].to(value)
        return on_link, (se / LINKS[link].slope(on_link)) ** 2


def natural(values: Floats, link: str) -> Floats:
    """From the scale of the link to the natural one."""
    return LINKS[link].back(values)


def normal_mean(link: str, mean: Floats, variance: Floats) -> Floats:
    """Mean on the natural scale of what is normal on the link's.

    Notes
    -----
    log: exp(mu + v/2); arcsine: (1 − exp(−2v) cos 2mu)/2; logit: Gauss–Hermite quadrature.
    """
    if link == "identity":
        return mean
    if link == "log":
        return np.exp(mean + variance / 2)
    if link == "arcsine":
        return 0.5 * (1 - np.exp(-2 * variance) * np.cos(2 * mean))
    nodes, weight = np.polynomial.hermite_e.hermegauss(40)
    at = mean[..., None] + np.sqrt(variance)[..., None] * nodes
    return (special.expit(at) * weight).sum(axis=-1) / weight.sum()
