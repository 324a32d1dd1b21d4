"""Counts with effects that hang together, an area left out: its likelihood given the log odds of all others. Arrays only."""

from __future__ import annotations

import numpy as np
from scipy import special

from fl_estimate.arrays import Floats
from fl_estimate.estimators.hierarchical.engines.binomial import NODES, log_likelihood, modes
from fl_estimate.estimators.hierarchical.engines.samplers import importance_draws
from fl_estimate.estimators.hierarchical.model.posterior import Model, resample
from fl_estimate.estimators.hierarchical.model.structure import Crossed, Structure

DRAWS = 2_000
FLAT = 100.0
"""Standard deviation that a flat prior of a coefficient is taken to have here, on the log odds."""


def given_others(model: Model, structure: Structure | Crossed) -> Floats:
    """Log likelihood of every area's counts given all others' log odds, at draws of the posterior; shape (DRAWS, m).

    Notes
    -----
    With K = X P⁻¹X' + C(h) the prior covariance of the log odds at hyper-parameters h, and Q = K⁻¹: given the others eta_i
    is normal with mean eta_i − (Q(eta − Xm))_i / Q_ii and variance 1/Q_ii, over which the binomial likelihood is integrated.
    Each draw's value of eta_i itself drops out, so that leaving the area out is no great step for the weights.

    References
    ----------
    Vehtari, Mononen, Tolvanen, Sivula and Winther (2016), Journal of Machine Learning Research 17(103), 1-38: integrated
    importance sampling.
    """
    drawn = importance_draws(model, structure)
    position = resample(drawn.weighted.weight, DRAWS, np.random.default_rng(0))
    precision = np.maximum(model.priors.precision, FLAT**-2)
    fixed = (model.x / precision) @ model.x.T
    centre = model.x @ model.priors.mean
    mean, sd = np.empty((DRAWS, len(model.y))), np.empty((DRAWS, len(model.y)))
    names = [name for name in ("sigma", *structure.priors) if name in drawn.columns]
    for row, at in enumerate(position):
        covariance = structure.covariance({name: float(drawn.columns[name][at]) for name in names})
        # A thousandth of a thousandth of sigma: a sum to zero leaves the covariance singular without it.
        jitter = 1e-6 * float(np.diag(covariance).mean()) * np.eye(len(centre))
        inverse = np.linalg.inv(covariance + jitter + fixed)
        diagonal = np.diag(inverse)
        mean[row] = drawn.eta[at] - (inverse @ (drawn.eta[at] - centre)) / diagonal
        sd[row] = 1 / np.sqrt(diagonal)
    return log_integral(mean, sd, model)


def log_integral(mean: Floats, sd: Floats, model: Model) -> Floats:
    """Log of the binomial likelihood integrated over normal log odds; all of shape (draws, m). Adaptive Gauss–Hermite."""
    z, c = modes(mean, sd, model)
    t, weight = np.polynomial.hermite.hermgauss(NODES)
    parts = [
        log_likelihood(mean + sd * (z + np.sqrt(2) * c * node), model) - 0.5 * (z + np.sqrt(2) * c * node) ** 2
        + np.log(share) + node**2
        for node, share in zip(t, weight, strict=True)
    ]  # fmt: skip
    constant = (
        special.gammaln(model.size + 1) - special.gammaln(model.y + 1) - special.gammaln(model.size - model.y + 1)
    )
    return np.logaddexp.reduce(parts) + np.log(c) - 0.5 * np.log(np.pi) + constant
