"""Fay–Herriot with simultaneously autoregressive effects: variance and rho by likelihood, EBLUP and its error. Arrays only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fl_estimate.arrays import Floats
from fl_estimate.estimators.hierarchical.components.variance_components import Sampled


@dataclass(frozen=True, kw_only=True)
class SarFit:
    """Variance, rho and coefficients, with the EBLUP of every area, its mean squared error and that of g1 alone."""

    variance: float
    rho: float
    beta: Floats
    value: Floats
    mse: Floats
    g1: Floats


@dataclass(frozen=True, kw_only=True)
class _SarMatrices:
    """Matrices at one (variance, rho), over the sampled areas."""

    inverse: Floats
    projection: Floats
    beta: Floats
    covariance: Floats
    reml: float
    ml: float


def _effects(w: Floats, rho: float) -> Floats:
    """Covariance of the effects at variance 1: [(I − rho W)'(I − rho W)]⁻¹."""
    root = np.linalg.inv(np.eye(len(w)) - rho * w)
    return root @ root.T


def _state(data: Sampled, covariance: Floats) -> _SarMatrices:
    lower = np.linalg.cholesky(covariance + np.diag(data.d))
    inverse_root = np.linalg.inv(lower)
    inverse = inverse_root.T @ inverse_root
    x = inverse @ data.x
    a = data.x.T @ x
    spread = np.linalg.inv(a)
    projection = inverse - x @ spread @ x.T
    beta = spread @ (x.T @ data.y)
    ml = -float(np.log(np.diag(lower)).sum()) - 0.5 * float(data.y @ projection @ data.y)
    return _SarMatrices(
        inverse=inverse, projection=projection, beta=beta, covariance=spread,
        reml=ml - 0.5 * float(np.linalg.slogdet(a)[1]), ml=ml,
    )  # fmt: skip


def fit_sar(data: Sampled, x: Floats, met: npt.NDArray[np.bool_], w: Floats, method: str) -> SarFit:
    """Fit by REML or ML.

    Parameters
    ----------
    data : Sampled
    x : array, shape (m, p)
        Of all areas.
    met : array of bool, shape (m,)
        Which have a sample.
    w : array, shape (m, m)
        Neighbours, each row summing to 1 or to 0.
    method : {"reml", "ml"}

    References
    ----------
    Pratesi and Salvati (2008), Statistical Methods and Applications 17, 113-141; Molina, Salvati and Pratesi (2009),
    Computational Statistics 24, 441-458.
    """
    variance, rho = _highest(data, met, w, method)
    effects = _effects(w, rho)
    state = _state(data, variance * effects[np.ix_(met, met)])
    reach = variance * effects[:, met] @ state.inverse
    value = x @ state.beta + reach @ (data.y - data.x @ state.beta)
    g1 = variance * np.diag(effects) - np.einsum("ij,ij->i", reach, variance * effects[:, met])
    rest = x - reach @ data.x
    g2 = np.einsum("ij,jk,ik->i", rest, state.covariance, rest)
    mse = g1 + g2 + _of_parameters(data, met, w, variance, rho, state, method) if variance > 0 else g1 + g2
    return SarFit(variance=variance, rho=rho, beta=state.beta, value=value, mse=mse, g1=g1)


def _highest(data: Sampled, met: npt.NDArray[np.bool_], w: Floats, method: str) -> tuple[float, float]:
    """Where the likelihood is highest in (variance, rho), the boundary at 0 included."""
    from scipy import optimize

    rest = data.y - data.x @ np.linalg.lstsq(data.x, data.y, rcond=None)[0]
    scale = float(np.mean(rest**2) + np.mean(data.d))

    def height(variance: float, rho: float) -> float:
        state = _state(data, variance * _effects(w, rho)[np.ix_(met, met)])
        return state.reml if method == "reml" else state.ml

    def lowered(at: Floats) -> float:
        return -height(float(np.exp(np.clip(at[0], -40, 40))) * scale, float(np.tanh(at[1])))

    starts = [
        (height(share * scale, rho), np.log(share), np.arctanh(rho)) for share in (0.05, 0.4) for rho in (0.0, 0.6)
    ]
    _, log_share, turned = max(starts)
    result = optimize.minimize(
        lowered,
        np.array([log_share, turned]),
        method="Nelder-Mead",
        options={"xatol": 1e-7, "fatol": 1e-10, "maxiter": 400},
    )
    variance, rho = float(np.exp(result.x[0])) * scale, float(np.tanh(result.x[1]))
    return (0.0, 0.0) if height(0.0, 0.0) >= -result.fun or variance < 1e-9 * scale else (variance, rho)


def _of_parameters(
    data: Sampled, met: npt.NDArray[np.bool_], w: Floats, variance: float, rho: float, state: _SarMatrices, method: str
) -> Floats:
    """What the estimation of variance and rho adds to the mean squared error: 2 g3 − g4, and for ML the bias of g1.

    Notes
    -----
    With C the effects' covariance at variance 1, dC/drho = −C D C with D = 2 rho W'W − W − W', and L_k the derivative of
    the weights Σ V⁻¹: g3 = Σ I⁻¹_kl L_k V L_l', g4 = ½ Σ I⁻¹_kl Psi V⁻¹ (d²V/dk dl) V⁻¹ Psi; areas without a sample keep
    g1 and g2 only.
    """
    c = _effects(w, rho)
    turn = 2 * rho * w.T @ w - w - w.T
    bent = -c @ turn @ c
    second = [
        [np.zeros_like(c), bent],
        [bent, 2 * variance * (c @ turn @ c @ turn @ c - c @ w.T @ w @ c)],
    ]
    inside = np.ix_(met, met)
    derivatives = [c[inside], variance * bent[inside]]
    middle = state.projection if method == "reml" else state.inverse
    information = 0.5 * np.array([[np.sum((middle @ a) * (middle @ b).T) for b in derivatives] for a in derivatives])
    spread = np.linalg.inv(information)
    psi, v = np.diag(data.d), variance * c[inside] + np.diag(data.d)
    # Psi V⁻¹ dV V⁻¹ is the derivative of the weights Sigma V⁻¹ = I − Psi V⁻¹.
    left = [psi @ state.inverse @ derivative @ state.inverse for derivative in derivatives]
    extra = np.zeros(len(met))
    for k in range(2):
        for j in range(2):
            g3 = np.einsum("ij,jl,il->i", left[k], v, left[j], optimize=True)
            bend = psi @ state.inverse @ second[k][j][inside] @ state.inverse @ psi
            extra[met] += spread[k, j] * (2 * g3 - 0.5 * np.diag(bend))
    if method == "ml":
        lost = np.array(
            [-np.trace(state.covariance @ data.x.T @ state.inverse @ d @ state.inverse @ data.x) for d in derivatives]
        )
        bias = 0.5 * spread @ lost
        slopes = [np.diag(psi @ state.inverse @ derivative @ state.inverse @ psi) for derivative in derivatives]
        extra[met] -= sum(b * slope for b, slope in zip(bias, slopes, strict=True))
    return extra
