"""Fay–Herriot's variance between areas by likelihood and moments, the EBLUP and its mean squared error. Arrays only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fl_estimate.arrays import Floats

Ints = npt.NDArray[np.intp]


@dataclass(frozen=True, kw_only=True)
class Sampled:
    """Areas with a sample: values y and variances d, shape (m,), and covariates x, shape (m, p)."""

    y: Floats
    d: Floats
    x: Floats


@dataclass(frozen=True, kw_only=True)
class VarianceProfile:
    """Everything given the variance between areas: log likelihoods up to a constant, coefficients and covariance."""

    reml: float
    ml: float
    beta: Floats
    covariance: Floats
    squares: float


def profile(data: Sampled, variance: float) -> VarianceProfile:
    """Generalised least squares at one variance."""
    w = 1 / (variance + data.d)
    a = (data.x.T * w) @ data.x
    covariance = np.linalg.inv(a)
    beta = covariance @ (data.x.T @ (w * data.y))
    squares = float((w * (data.y - data.x @ beta) ** 2).sum())
    ml = 0.5 * float(np.log(w).sum()) - 0.5 * squares
    return VarianceProfile(
        reml=ml - 0.5 * float(np.linalg.slogdet(a)[1]), ml=ml, beta=beta, covariance=covariance, squares=squares
    )


# Adjusted likelihoods keep the variance above 0: by the variance itself (Li and Lahiri 2010, Journal of Multivariate
# Analysis 101, 882-892), or by a factor that dies out with the number of areas (Yoshimori and Lahiri 2014, the same 124,
# 281-294).
_ADJUSTED: dict[str, tuple[str, str]] = {
    "adjusted-reml": ("reml", "variance"),
    "adjusted-ml": ("ml", "variance"),
    "adjusted-reml-yl": ("reml", "bounded"),
    "adjusted-ml-yl": ("ml", "bounded"),
}
METHODS: tuple[str, ...] = ("reml", "ml", "moment", *_ADJUSTED)


def estimate_variance(data: Sampled, method: str) -> float:
    """Variance between areas, 0 at the boundary.

    Notes
    -----
    REML and ML: the greatest profile likelihood, on a bounded scale where no step can diverge. Moment: y'Py = m − p.
    """
    if method == "moment":
        return _moment(data)
    kind, factor = _ADJUSTED.get(method, (method, ""))
    m = len(data.y)

    def height(variance: float) -> float:
        value = getattr(profile(data, variance), kind)
        if factor == "variance":
            return value + float(np.log(variance)) if variance > 0 else -np.inf
        if factor == "bounded":
            total = float((variance / (variance + data.d)).sum())
            return value + float(np.log(np.arctan(total))) / m if total > 0 else -np.inf
        return value

    return _highest(height, data)


def _scale(data: Sampled) -> float:
    rest = data.y - data.x @ np.linalg.lstsq(data.x, data.y, rcond=None)[0]
    return float(np.mean(rest**2) + np.mean(data.d))


def _highest(height: Callable[[float], float], data: Sampled) -> float:
    """Where a function of the variance is highest: a grid of its logarithm, then a bounded search; and the value at 0."""
    from scipy import optimize

    scale = _scale(data)
    logs = np.linspace(np.log(1e-9 * scale), np.log(1e4 * scale), 121)
    position = int(np.argmax([height(float(np.exp(log))) for log in logs]))
    low, high = logs[max(position - 1, 0)], logs[min(position + 1, len(logs) - 1)]
    result: Any = optimize.minimize_scalar(
        lambda log: -height(float(np.exp(log))), bounds=(low, high), method="bounded", options={"xatol": 1e-12}
    )
    best = float(np.exp(result.x))
    return 0.0 if height(0.0) >= height(best) or position == 0 else _polished(height, best)


def _polished(height: Callable[[float], float], best: float) -> float:
    """The zero of the slope: a search by heights alone stops at half the digits."""
    from scipy import optimize

    def slope(log: float) -> float:
        step = 1e-4
        near = [height(float(np.exp(log + k * step))) for k in (-2, -1, 1, 2)]
        return (near[0] - 8 * near[1] + 8 * near[2] - near[3]) / (12 * step)

    middle = float(np.log(best))
    low, high = middle - 1e-2, middle + 1e-2
    if slope(low) * slope(high) > 0:
        return best
    root: Any = optimize.brentq(slope, low, high, xtol=1e-13)
    return float(np.exp(root))


def _moment(data: Sampled) -> float:
    from scipy import optimize

    wanted = len(data.y) - data.x.shape[1]
    if profile(data, 0.0).squares <= wanted:
        return 0.0
    high = _scale(data)
    while profile(data, high).squares > wanted:
        high *= 2
    root: Any = optimize.brentq(lambda v: profile(data, v).squares - wanted, 0.0, high, xtol=1e-15 * high)
    return float(root)


def predictor(data: Sampled, x: Floats, position: Ints, variance: float) -> tuple[Floats, Floats]:
    """EBLUP of every area and the weight gamma that its own value has (0 without a sample).

    Parameters
    ----------
    x : array, shape (M, p)
        Of all areas.
    place : array of int, shape (M,)
        Row of the area among the sampled, −1 without sample.
    """
    fit = profile(data, variance)
    met = position >= 0
    gamma = np.where(met, variance / (variance + data.d[position]), 0.0)
    return gamma * np.where(met, data.y[position], 0.0) + (1 - gamma) * (x @ fit.beta), gamma


def mean_squared_error(data: Sampled, x: Floats, position: Ints, variance: float, method: str) -> tuple[Floats, Floats]:
    """Mean squared error of the EBLUP, and its leading part g1.

    Notes
    -----
    g1 = gamma d, g2 = B² x'A⁻¹x, g3 = B² Var(s²)/V; g1 + g2 + 2 g3 − b B², where b is the bias of the estimated variance:
    0 for REML; −tr[A⁻¹ Σ xx'/V²]/Σ V⁻² for ML; 2[m Σ V⁻² − (Σ V⁻¹)²]/(Σ V⁻¹)³ for the moment estimator; for adjusted
    likelihoods what the factor adds to it. Without sample: s² + x'A⁻¹x.

    References
    ----------
    Prasad and Rao (1990), Journal of the American Statistical Association 85, 163-171; Datta and Lahiri (2000),
    Statistica Sinica 10, 613-627; Datta, Rao and Smith (2005), Biometrika 92, 183-196.
    """
    fit = profile(data, variance)
    met = position >= 0
    v, m = variance + data.d, len(data.y)
    information = float((v**-2).sum())
    spread = 2 * m / float((1 / v).sum()) ** 2 if method == "moment" else 2 / information
    bias = _bias(data, variance, fit.covariance, method)
    own = np.where(met, v[position], np.inf)
    share = np.where(met, data.d[position] / own, 1.0)
    g1 = np.where(met, variance * share, variance)
    g2 = share**2 * np.einsum("ij,jk,ik->i", x, fit.covariance, x)
    rest = np.where(met, 2 * share**2 * spread / own - bias * share**2, 0.0)
    return g1 + g2 + rest, g1


def _bias(data: Sampled, variance: float, covariance: Floats, method: str) -> float:
    """Bias of the estimated variance."""
    v, m = variance + data.d, len(data.y)
    first, second = float((1 / v).sum()), float((v**-2).sum())
    if method in ("reml", "adjusted-reml-yl"):
        return 0.0
    if method == "moment":
        return 2 * (m * second - first**2) / first**3
    loss = -float(np.trace(covariance @ ((data.x.T / v**2) @ data.x))) / second
    if method in ("ml", "adjusted-ml-yl"):
        return loss
    gain = 2 / (variance * second)
    return gain if method == "adjusted-reml" else loss + gain
