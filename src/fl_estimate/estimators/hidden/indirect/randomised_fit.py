"""Fits of randomised responses: the mean of the answers turned back, the crosswise correction, and logistic regression. Arrays only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fl_estimate.arrays import Bools, Floats
from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.hidden.indirect.list_model import FLAT, logistic
from fl_estimate.estimators.hidden.indirect.randomised_devices import RandomisingDevice

LEAST_ATTENTION = 0.01
"""Attentive share below which answers tell nothing."""
FAR = 30.0


@dataclass(frozen=True, kw_only=True, eq=False)
class RandomisedAnswers:
    """Answers to a randomised question by group.

    Attributes
    ----------
    z : array, shape (groups,)
        0 or 1.
    device : RandomisingDevice
    anchor : array, shape (groups,), or None
        Answers to the same question about something that holds for nobody.
    anchor_probability : float
        Of the harmless statement beside the anchor.
    """

    z: Floats
    device: RandomisingDevice
    anchor: Floats | None = None
    anchor_probability: float = 0.0

    def attention(self, weight: Floats, member: Bools) -> tuple[float, Floats]:
        """Share who answer as asked, γ, and its influence; 1 without an anchor."""
        if self.anchor is None:
            return 1.0, np.zeros(len(self.z))
        total, scale = float(weight[member].sum()), 0.5 - self.anchor_probability
        mean = float(weight[member] @ self.anchor[member]) / total
        return (mean - 0.5) / scale, np.where(member, self.anchor - mean, 0.0) / total / scale

    def line(self, attentive: float) -> tuple[float, float]:
        """P(answer = 1) = base + slope π, where 1 − γ of the people toss a coin."""
        return attentive * self.device.base + (1 - attentive) / 2, attentive * self.device.slope


def share_concerned(answers: RandomisedAnswers, weight: Floats, member: Bools) -> tuple[float, Floats, Floats, float]:
    """π = (λ − base)/slope of a domain, its influence, the slope of the device's noise, and γ.

    Notes
    -----
    Var(answer | status) = r² − r with r = (z − a)/b, without bias since the status is 0 or 1. Where some toss a coin the variance is
    γ p(1 − p) + (1 − γ)/4, of the anchor as well.
    """
    z, device = answers.z, answers.device
    total = float(weight[member].sum())
    share = float(weight[member] @ z[member]) / total
    attentive, of_attention = answers.attention(weight, member)
    if attentive < LEAST_ATTENTION:
        return float("nan"), np.zeros(len(z)), np.zeros(0), attentive
    base, slope = answers.line(attentive)
    value = (share - base) / slope
    # λ = γ (a + b π) + (1 − γ)/2: ∂π/∂λ = 1/(γ b), ∂π/∂γ = −(a + b π − ½)/(γ b).
    influence = np.where(member, z - share, 0.0) / total / slope
    if answers.anchor is None:
        r = (z - base) / slope
        return value, influence, np.where(member, np.sqrt(np.maximum(r * r - r, 0.0)) / total, 0.0), attentive
    by_attention = -(device.base + device.slope * value - 0.5) / slope
    p, q = device.base, answers.anchor_probability
    noise = attentive * p * (1 - p) + (1 - attentive) / 4
    of_anchor = attentive * q * (1 - q) + (1 - attentive) / 4
    size = np.sqrt(noise / slope**2 + of_anchor * (by_attention / (0.5 - q)) ** 2)
    return value, influence + by_attention * of_attention, np.where(member, size / total, 0.0), attentive


@dataclass(frozen=True, kw_only=True, eq=False)
class RandomisedFit:
    """Coefficients of a logistic regression of a status that only randomised answers show.

    Attributes
    ----------
    beta : array, shape (p,)
    influence : array, shape (groups, p)
    model_se : array, shape (p,)
        By the observed information, as if the sample were a simple random one.
    scores_se : array, shape (p,)
        The same by the sum of squared scores.
    log_likelihood : float
        With weights of mean 1.
    attentive : float
    """

    beta: Floats
    influence: Floats
    model_se: Floats
    scores_se: Floats
    log_likelihood: float
    attentive: float


def fit_logistic(
    answers: RandomisedAnswers, x: Floats, weight: Floats, people: float, start: Floats | None = None
) -> RandomisedFit:
    """Maximise Σ w log P(z | x), P = base + slope logit⁻¹(x′β), by scoring.

    Raises
    ------
    EstimateFault
        FL-EST-655: no maximum; FL-EST-654: nobody answers as asked.
    """
    everybody = np.ones(len(x), dtype=bool)
    attentive, of_attention = answers.attention(weight, everybody)
    if attentive < LEAST_ATTENTION:
        raise not_identified(attentive)
    line = answers.line(attentive)
    beta, settled = _climb(answers.z, x, weight / weight.sum(), line, np.zeros(x.shape[1]) if start is None else start)
    _, p, slope = _chances(x, beta, line)
    each = _scores(answers.z, x, beta, line)
    information = (x * (weight * slope**2 / (p * (1 - p)))[:, None]).T @ x
    observed = _observed(answers.z, x, weight, beta, line)
    size = np.sqrt(weight @ x**2)
    if not settled or np.max(np.abs(beta)) > FAR or np.linalg.eigvalsh(observed / np.outer(size, size))[0] <= FLAT:
        raise EstimateFault(
            "FL-EST-655", "the likelihood of the randomised answers has no maximum: a share runs to 0 or 1",
            found=f"{x.shape[1]} coefficients", fix="fewer covariates or merged classes; the share without covariates always has a value",
        )  # fmt: skip
    inverse = np.linalg.inv(information)
    influence = each @ inverse
    if answers.anchor is not None:
        step = 1e-6
        moved = [_scores(answers.z, x, beta, answers.line(attentive + by)).T @ weight for by in (step, -step)]
        influence = influence + of_attention[:, None] * (inverse @ ((moved[0] - moved[1]) / (2 * step)))
    scale = people / weight.sum()
    likelihood = float(weight @ np.where(answers.z == 1, np.log(p), np.log1p(-p))) * scale
    squares = np.linalg.pinv((each * (weight * scale)[:, None]).T @ each)
    return RandomisedFit(
        beta=beta, influence=influence, model_se=np.sqrt(np.diag(np.linalg.inv(observed * scale))), scores_se=np.sqrt(np.diag(squares)),
        log_likelihood=likelihood, attentive=attentive,
    )  # fmt: skip


def not_identified(attentive: float) -> EstimateFault:
    """What is said where the anchor says that nobody answers as asked."""
    return EstimateFault(
        "FL-EST-654", "the anchor says that hardly anybody answers as asked: the share cannot be told from coin tosses",
        found=f"attentive share {attentive:.3g}", fix="look at how 1 is coded in anchor= (1 is \"both or neither\") and at anchor_probability=",
    )  # fmt: skip


def _chances(x: Floats, beta: Floats, line: tuple[float, float]) -> tuple[Floats, Floats, Floats]:
    mu = logistic(x @ beta)
    p = np.clip(line[0] + line[1] * mu, 1e-12, 1 - 1e-12)
    return mu, p, line[1] * mu * (1 - mu)


def _scores(z: Floats, x: Floats, beta: Floats, line: tuple[float, float]) -> Floats:
    _, p, slope = _chances(x, beta, line)
    return ((z - p) / (p * (1 - p)) * slope)[:, None] * x


def _observed(z: Floats, x: Floats, weight: Floats, beta: Floats, line: tuple[float, float]) -> Floats:
    """Minus the second derivatives of Σ w log P: of score s(η) x, −s′(η) x x′."""
    mu, p, slope = _chances(x, beta, line)
    v = p * (1 - p)
    curve = slope * (1 - 2 * mu)
    second = (z - p) / v * curve - slope**2 / v - (z - p) * slope**2 * (1 - 2 * p) / v**2
    return -(x * (weight * second)[:, None]).T @ x


def _climb(z: Floats, x: Floats, share: Floats, line: tuple[float, float], beta: Floats) -> tuple[Floats, bool]:
    def value(at: Floats) -> float:
        _, p, _ = _chances(x, at, line)
        return float(share @ np.where(z == 1, np.log(p), np.log1p(-p)))

    now = value(beta)
    for _ in range(200):
        _, p, slope = _chances(x, beta, line)
        gradient = share @ _scores(z, x, beta, line)
        if np.max(np.abs(gradient)) < 1e-12 or np.max(np.abs(beta)) > FAR:
            break
        gram = (x * (share * slope**2 / (p * (1 - p)))[:, None]).T @ x
        step = np.linalg.lstsq(gram, gradient, rcond=None)[0]
        step = step * min(1.0, 5.0 / max(float(np.max(np.abs(step))), 1e-12))
        for factor in (1.0, 0.5, 0.25, 0.1, 0.01):
            tried = value(beta + factor * step)
            if tried >= now - 1e-15:
                beta, now = beta + factor * step, tried
                break
        else:
            break
    return beta, bool(np.max(np.abs(share @ _scores(z, x, beta, line))) < 1e-7)
