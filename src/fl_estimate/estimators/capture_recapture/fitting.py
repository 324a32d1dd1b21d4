"""Poisson regression on a table of histories, by Newton's method; nothing of capture-recapture is known here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg, special

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault

STEPS = 200
FLAT = 1e-9
"""Largest gradient, relative to the sufficient statistics, at which a fit may stop; it goes on while rounding lets it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PoissonFit:
    """A Poisson fit: parameters, fitted counts, information, log-likelihood (with its factorials) and deviance."""

    parameters: Floats
    fitted: Floats
    information: Floats
    log_likelihood: float
    deviance: float

    @property
    def covariance(self) -> Floats:
        """Inverse of the information."""
        factor = linalg.cho_factor(self.information)
        return np.asarray(linalg.cho_solve(factor, np.eye(len(self.information))))


def fit_poisson(
    matrix: Floats, counts: Floats, start: Floats | None = None, offset: Floats | None = None
) -> PoissonFit:
    """Maximise Σ n log μ − μ with log μ = A α + offset; Newton's method, until rounding leaves nothing to gain.

    Raises
    ------
    EstimateFault
        FL-EST-34: no maximum was found.
    """
    fixed = np.zeros(len(counts)) if offset is None else offset
    if start is None:
        start = np.linalg.lstsq(matrix, np.log(np.maximum(counts, 0.5)) - fixed, rcond=None)[0]
    parameters = np.asarray(start, dtype=float)
    scale = max(1.0, float(np.abs(matrix.T @ counts).max()))
    for _ in range(STEPS):
        with np.errstate(over="ignore"):
            fitted = np.exp(matrix @ parameters + fixed)
        gradient = matrix.T @ (counts - fitted)
        information = matrix.T @ (matrix * fitted[:, None])
        try:
            step = np.asarray(linalg.cho_solve(linalg.cho_factor(information), gradient))
        except (linalg.LinAlgError, ValueError):
            break
        steepness = float(np.abs(gradient).max())
        flat = _steepness(matrix, counts, fixed, parameters + step)
        if steepness <= FLAT * scale and not flat < steepness:
            # Rounding leaves nothing to gain: the maximum, to the last digits.
            return _done(counts, parameters, fitted, information)
        size = 1.0 if flat < steepness else _size(matrix, counts, fixed, parameters, step)
        if size == 0.0:
            break
        parameters = parameters + size * step
    raise EstimateFault(
        "FL-EST-34", "the model's likelihood has no maximum that could be found", found=f"{len(counts)} histories",
        fix="use fewer terms; fl.capture_recapture.check says whether the estimate exists",
    )  # fmt: skip


def _steepness(matrix: Floats, counts: Floats, fixed: Floats, parameters: Floats) -> float:
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.abs(matrix.T @ (counts - np.exp(matrix @ parameters + fixed))).max())


def _size(matrix: Floats, counts: Floats, fixed: Floats, parameters: Floats, step: Floats) -> float:
    """How far along the step the likelihood rises; 0 for nowhere."""
    value, size = _value(matrix, counts, fixed, parameters), 1.0
    while size > 1e-10:
        if _value(matrix, counts, fixed, parameters + size * step) > value:
            return size
        size /= 2
    return 0.0


def _value(matrix: Floats, counts: Floats, fixed: Floats, parameters: Floats) -> float:
    linear = matrix @ parameters + fixed
    with np.errstate(over="ignore"):
        return float((counts * linear - np.exp(linear)).sum())


def _done(counts: Floats, parameters: Floats, fitted: Floats, information: Floats) -> PoissonFit:
    terms = special.xlogy(counts, fitted) - fitted - special.gammaln(counts + 1)
    deviance = 2 * (special.xlogy(counts, counts) - special.xlogy(counts, fitted) - counts + fitted)
    return PoissonFit(
        parameters=parameters,
        fitted=fitted,
        information=information,
        log_likelihood=float(terms.sum()),
        deviance=float(deviance.sum()),
    )
