"""Weighted likelihood of models of classes: proportional odds and multinomial logits, by Newton's method. Arrays only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from fl_estimate.design.small_table import Codes, Floats

STEPS, SMALL = 60, 1e-10


@dataclass(frozen=True, kw_only=True)
class ClassFit:
    """A fitted model of classes.

    Attributes
    ----------
    beta : array, shape (q,)
    influence : array, shape (patterns, q)
        Of a person, without the weight.
    bread : array, shape (q, q)
        The inverse of the observed information, with the weights as they are.
    loglikelihood : float
    converged : bool
    """

    beta: Floats
    influence: Floats
    bread: Floats
    loglikelihood: float
    converged: bool


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A distribution function F with its density, the slope of that, and its inverse."""

    below: Callable[[Floats], Floats]
    density: Callable[[Floats], Floats]
    slope: Callable[[Floats], Floats]
    at: Callable[[Floats], Floats]


def _logistic(x: Floats) -> Floats:
    return stats.logistic.pdf(x)


CURVES: dict[str, Curve] = {
    "logit": Curve(
        below=stats.logistic.cdf, density=_logistic, at=stats.logistic.ppf,
        slope=lambda x: _logistic(x) * (1 - 2 * stats.logistic.cdf(x)),
    ),
    "probit": Curve(below=stats.norm.cdf, density=stats.norm.pdf, slope=lambda x: -x * stats.norm.pdf(x), at=stats.norm.ppf),
    # F(x) = exp(−exp(−x)), which R's svyolr calls cloglog, and 1 − exp(−exp(x)).
    "loglog": Curve(
        below=stats.gumbel_r.cdf, density=stats.gumbel_r.pdf, at=stats.gumbel_r.ppf,
        slope=lambda x: stats.gumbel_r.pdf(x) * np.expm1(-x),
    ),
    "cloglog": Curve(
        below=stats.gumbel_l.cdf, density=stats.gumbel_l.pdf, at=stats.gumbel_l.ppf,
        slope=lambda x: -stats.gumbel_l.pdf(x) * np.expm1(x),
    ),
}  # fmt: skip
"""What P(class ≤ k) may be a function of."""


@dataclass(frozen=True, kw_only=True)
class ClassFamily:
    """Which model of classes, of which classes.

    Attributes
    ----------
    name : {"ordinal", "multinomial"}
    link : str
    classes : tuple of str
        From the lowest to the highest; of a multinomial model the reference first.
    """

    name: str
    link: str
    classes: tuple[str, ...]

    def fit(self, x: Floats, y: Codes, weight: Floats, start: Floats | None = None) -> ClassFit:
        """The model fitted to patterns with these weights."""
        if self.name == "ordinal":
            return fit_ordinal(x, y, weight, self.link, start=start)
        return fit_multinomial(x, y, weight, len(self.classes), start=start)

    def shares(self, theta: Floats, x: Floats) -> Floats:
        """Probability of each class, shape (rows, classes)."""
        if self.name == "ordinal":
            slopes, cuts = theta[: x.shape[1]], theta[x.shape[1] :]
            below = CURVES[self.link].below(cuts[None, :] - (x @ slopes)[:, None])
            edge = np.ones((len(x), 1))
            return np.diff(np.hstack([0 * edge, below, edge]), axis=1)
        eta = np.hstack([np.zeros((len(x), 1)), x @ theta.reshape(len(self.classes) - 1, -1).T])
        raised = np.exp(eta - eta.max(axis=1, keepdims=True))
        return raised / raised.sum(axis=1, keepdims=True)

    def slopes(self, theta: Floats, x: Floats, weight: Floats) -> Floats:
        """Σ w dP_k/dθ over the rows, shape (classes, q)."""
        if self.name == "ordinal":
            cuts = theta[x.shape[1] :]
            density = weight[:, None] * CURVES[self.link].density(cuts[None, :] - (x @ theta[: x.shape[1]])[:, None])
            edge = np.zeros((len(x), 1))
            change = np.diff(np.hstack([edge, density, edge]), axis=1)
            by_cut = np.diff(
                np.vstack([np.zeros(len(cuts)), np.diag(density.sum(axis=0)), np.zeros(len(cuts))]), axis=0
            )
            return np.hstack([-change.T @ x, by_cut])
        share = self.shares(theta, x)
        parts: list[Floats] = []
        for j in range(1, len(self.classes)):
            met = np.arange(len(self.classes)) == j
            parts.append((weight[:, None] * share * (met - share[:, [j]])).T @ x)
        return np.hstack(parts)


Pieces = tuple[float, Floats, Floats]
"""Log-likelihood, score of each pattern (patterns, q), observed information (q, q)."""


def fit_ordinal(x: Floats, y: Codes, weight: Floats, link: str, *, start: Floats | None = None) -> ClassFit:
    """P(y ≤ k) = F(ζ_k − x′β), the slopes first and the thresholds behind them.

    Parameters
    ----------
    x : array, shape (patterns, p)
        Without a constant.
    y : int array, shape (patterns,)
        Classes from 0 on, the lowest first.
    """
    curve, (size, p), top = CURVES[link], x.shape, int(y.max())
    step = np.eye(top + 1)
    upper = np.hstack([-x, step[y][:, :top]])
    lower = np.hstack([-x, step[np.maximum(y - 1, 0)][:, :top] * (y > 0)[:, None]])
    last, first = (y == top), (y == 0)

    def pieces(theta: Floats, weights: Floats) -> Pieces:
        a, c = upper @ theta, lower @ theta
        share = np.where(last, 1.0, curve.below(a)) - np.where(first, 0.0, curve.below(c))
        if not (share[weights > 0] > 0).all():
            return -np.inf, np.zeros((size, len(theta))), np.eye(len(theta))
        share = np.where(share > 0, share, 1.0)
        fa, fc = np.where(last, 0.0, curve.density(a)), np.where(first, 0.0, curve.density(c))
        ga, gc = np.where(last, 0.0, curve.slope(a)), np.where(first, 0.0, curve.slope(c))
        score = (fa / share)[:, None] * upper - (fc / share)[:, None] * lower
        information = (
            score.T @ (weights[:, None] * score)
            - upper.T @ ((weights * ga / share)[:, None] * upper)
            + lower.T @ ((weights * gc / share)[:, None] * lower)
        )
        return float(weights @ np.log(share)), score, information

    if start is None:
        shares = np.cumsum(np.bincount(y, weights=weight, minlength=top + 1)) / weight.sum()
        start = np.concatenate([np.zeros(p), curve.at(shares[:-1])])
    return _newton(pieces, weight, start)


def fit_multinomial(x: Floats, y: Codes, weight: Floats, classes: int, *, start: Floats | None = None) -> ClassFit:
    """Log P(k)/P(0) = x′β_k, the coefficients of the first class after the reference first.

    Parameters
    ----------
    x : array, shape (patterns, p)
    y : int array, shape (patterns,)
        0 is the reference.
    classes : int
    """
    size, p = x.shape
    met = np.eye(classes)[y][:, 1:]

    def pieces(theta: Floats, weights: Floats) -> Pieces:
        eta = np.hstack([np.zeros((size, 1)), x @ theta.reshape(classes - 1, p).T])
        eta -= eta.max(axis=1, keepdims=True)
        total = np.log(np.exp(eta).sum(axis=1))
        share = np.exp(eta - total[:, None])[:, 1:]
        away = met - share
        score = (away[:, :, None] * x[:, None, :]).reshape(size, -1)
        information = np.empty((len(theta), len(theta)))
        for k in range(classes - 1):
            for j in range(classes - 1):
                w = weights * share[:, k] * ((k == j) - share[:, j])
                information[k * p : (k + 1) * p, j * p : (j + 1) * p] = x.T @ (w[:, None] * x)
        return float(weights @ (eta[np.arange(size), y] - total)), score, information

    return _newton(pieces, weight, np.zeros(p * (classes - 1)) if start is None else start)


def _newton(pieces: Callable[[Floats, Floats], Pieces], weight: Floats, theta: Floats) -> ClassFit:
    with np.errstate(all="ignore"):
        found = pieces(theta, weight)
        settled = False
        for _ in range(STEPS):
            try:
                step = np.linalg.solve(found[2], weight @ found[1])
            except np.linalg.LinAlgError:
                break
            for halving in range(20):
                tried = pieces(theta + step / 2**halving, weight)
                if tried[0] >= found[0] - 1e-12 * abs(found[0]):
                    theta, found = theta + step / 2**halving, tried
                    break
            if settled:
                break
            settled = bool((np.abs(step) < SMALL * np.maximum(1.0, np.abs(theta))).all())
        try:
            bread = np.linalg.inv(found[2])
        except np.linalg.LinAlgError:
            bread, settled = np.full_like(found[2], np.nan), False
        influence = found[1] @ bread
    done = settled and bool(np.isfinite(influence).all())
    return ClassFit(beta=theta, influence=influence, bread=bread, loglikelihood=found[0], converged=done)
