"""Moments of a list experiment: the difference of arms, its linear regression and the two-step non-linear one, with influences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fl_estimate.arrays import Bools, Floats
from fl_estimate.estimators.hidden.indirect.list_model import FLAT, ListAnswers, logistic


@dataclass(frozen=True, kw_only=True, eq=False)
class MomentFit:
    """Coefficients of two steps, those of the sensitive item first, with the influence of a person of each group.

    Attributes
    ----------
    theta : array, shape (2p,)
    influence : array, shape (groups, 2p)
    settled : bool
    """

    theta: Floats
    influence: Floats
    settled: bool = True


def arm_means(y: Floats, treated: Bools, weight: Floats, member: Bools) -> tuple[Floats, Floats, tuple[float, float]]:
    """Means of the control and the treatment arm of a domain, their influences (groups × 2), and Σ w of both."""
    means, influence = np.full(2, np.nan), np.zeros((len(y), 2))
    sizes = [0.0, 0.0]
    for arm in (0, 1):
        own = member & (treated == bool(arm))
        sizes[arm] = float(weight[own].sum())
        if sizes[arm] > 0:
            means[arm] = float(weight[own] @ y[own]) / sizes[arm]
            influence[own, arm] = (y[own] - means[arm]) / sizes[arm]
    return means, influence, (sizes[0], sizes[1])


def linear(answers: ListAnswers, weight: Floats, *, leverage: bool) -> MomentFit:
    """Regressions of the count in each arm, and their difference; residuals over 1 − leverage where asked (HC3)."""
    x, y = answers.x, answers.y.astype(float)
    p = x.shape[1]
    beta, influence = np.zeros((2, p)), np.zeros((2, len(y), p))
    for arm in (0, 1):
        own = answers.treated == bool(arm)
        of, w = x[own], weight[own]
        inverse = np.linalg.pinv((of * w[:, None]).T @ of)
        beta[arm] = inverse @ (of.T @ (w * y[own]))
        residual = y[own] - of @ beta[arm]
        if leverage:
            # Of a group of several people the weight of one: groups are people where leverage is asked for.
            residual = residual / (1 - w * np.einsum("ij,jk,ik->i", of, inverse, of))
        influence[arm][own] = residual[:, None] * (of @ inverse)
    return MomentFit(
        theta=np.concatenate([beta[1] - beta[0], beta[0]]),
        influence=np.concatenate([influence[1] - influence[0], influence[0]], axis=1),
    )


def two_step(answers: ListAnswers, weight: Floats, start: Floats | None = None) -> MomentFit:
    """Non-linear least squares: J logit⁻¹(x′γ) in the control arm, then what is left in the treatment arm by logit⁻¹(x′δ).

    Notes
    -----
    The influence of δ takes in that of γ: A₂⁻¹ (ψ₂ + C A₁⁻¹ ψ₁), C = −Σ w g′ J μ′ x x′ over the treatment arm (Newey and McFadden).
    """
    x, y, items, treated = answers.x, answers.y.astype(float), answers.items, answers.treated
    p = x.shape[1]
    w0, w1 = weight * ~treated, weight * treated
    before = np.zeros(2 * p) if start is None else start
    gamma, settled0 = _least_squares(x, y / items, w0 * items**2, before[p:])
    mean = items * logistic(x @ gamma)
    left = y - mean
    total = float(w1.sum())
    guess = before[:p].copy()
    if start is None:
        share = float(np.clip((w1 @ left) / total, 0.05, 0.95))
        guess = np.linalg.lstsq(x, np.full(len(x), np.log(share / (1 - share))), rcond=None)[0]
    delta, settled1 = _least_squares(x, left, w1, guess)
    mu, g = mean / items, logistic(x @ delta)
    of_mean, of_g = items * mu * (1 - mu), g * (1 - g)
    first = np.linalg.pinv((x * (w0 * of_mean**2)[:, None]).T @ x)
    second = np.linalg.pinv((x * (w1 * of_g**2)[:, None]).T @ x)
    cross = (x * (w1 * of_g * of_mean)[:, None]).T @ x
    of_gamma = ((~treated) * (y - mean) * of_mean)[:, None] * (x @ first)
    own = (treated * (left - g) * of_g)[:, None] * x
    of_delta = (own - of_gamma @ cross.T) @ second
    return MomentFit(
        theta=np.concatenate([delta, gamma]),
        influence=np.concatenate([of_delta, of_gamma], axis=1),
        settled=settled0 and settled1,
    )


def _least_squares(x: Floats, y: Floats, weight: Floats, start: Floats) -> tuple[Floats, bool]:
    """Σ w (y − logit⁻¹(x′b))² at its smallest."""
    from scipy.optimize import least_squares

    own = weight > 0
    if own.sum() < x.shape[1]:
        return start, False
    root, of, target = np.sqrt(weight[own] / weight[own].sum()), x[own], y[own]

    def residual(b: Floats) -> Floats:
        return root * (target - logistic(of @ b))

    def slope(b: Floats) -> Floats:
        mu = logistic(of @ b)
        return -(root * mu * (1 - mu))[:, None] * of

    solve: Any = least_squares
    made = solve(residual, start, jac=slope, method="lm", xtol=1e-14, ftol=1e-14, gtol=1e-14, max_nfev=4000)
    b = np.asarray(made.x, dtype=float)
    mu = logistic(of @ b)
    gram = (of * (root * mu * (1 - mu))[:, None] ** 2).T @ of
    size = np.sqrt((root**2) @ of**2)
    # A column that is 0 for all of the arm tells nothing there.
    settled = bool((size > 0).all()) and bool(np.linalg.eigvalsh(gram / np.outer(size, size))[0] > FLAT)
    return b, settled
