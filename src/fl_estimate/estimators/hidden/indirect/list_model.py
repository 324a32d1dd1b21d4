"""The likelihood of a list experiment: log-likelihood and scores of every group, the EM start and the maximum. Arrays only.

The number of control items that hold, Y(0) of J, is binomial or beta-binomial given who has the sensitive item (Z) and the covariates;
the control arm answers Y(0), the treatment arm Y(0) + Z. People who hide at the ceiling answer J where J + 1 would tell, people who
hide at the floor answer 0 where 1 would.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from fl_estimate.arrays import Bools, Floats, Positions

TINY = 1e-300
STEP = 6e-6
"""Of central differences of scores: the cube root of the precision of a double."""
SETTLED = 1e-9
"""The largest mean score at a maximum."""
FLAT = 1e-6
"""Curvature of the mean log-likelihood below which it rises without end: a share is 0 or 1."""
EDGE = 25.0
"""A log-odds beyond which a share is 0 or 1 to ten digits: there is no maximum within."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ListAnswers:
    """Answers of a list experiment by group.

    Attributes
    ----------
    y : int array, shape (groups,)
        Items counted.
    treated : bool array, shape (groups,)
    x : float array, shape (groups, p)
        The design matrix, its intercept among the columns.
    items : int
        Control items, J.
    """

    y: Positions
    treated: Bools
    x: Floats
    items: int

    @cached_property
    def patterns(self) -> tuple[ListAnswers, Positions]:
        """The different answers, and which of them each group gave: far fewer where covariates are classes."""
        rows = np.ascontiguousarray(np.column_stack([self.y, self.treated, self.x]).astype(float))
        _, first, of = np.unique(
            rows.view(np.dtype((np.void, rows.strides[0]))), return_index=True, return_inverse=True
        )
        made = ListAnswers(y=self.y[first], treated=self.treated[first], x=self.x[first], items=self.items)
        return made, of.ravel()


@dataclass(frozen=True, kw_only=True)
class ListLikelihood:
    """Which likelihood: binomial or beta-binomial; the same control items whoever has the sensitive one, or not; who hides."""

    overdispersed: bool = False
    constrained: bool = True
    ceiling: bool = False
    floor: bool = False

    def names(self, columns: list[str]) -> list[str]:
        """What the coefficients are called: those of the sensitive item by their column alone."""
        if self.constrained:
            control = [f"control: {name}" for name in columns]
            spread = ["control: overdispersion"] if self.overdispersed else []
        else:
            control = [f"control{z}: {name}" for z in (0, 1) for name in columns]
            spread = [f"control{z}: overdispersion" for z in (0, 1)] if self.overdispersed else []
        hides = [name for name, there in (("ceiling", self.ceiling), ("floor", self.floor)) if there]
        return [*columns, *control, *spread, *hides]

    def parts(self, p: int) -> dict[str, slice]:
        """Where each part of the parameters stands."""
        found, start = dict[str, slice](), 0
        sizes = [("delta", p), ("control0", p)]
        sizes += [] if self.constrained else [("control1", p)]
        sizes += [("rho0", 1)] if self.overdispersed else []
        sizes += [("rho1", 1)] if self.overdispersed and not self.constrained else []
        sizes += [("ceiling", 1)] if self.ceiling else []
        sizes += [("floor", 1)] if self.floor else []
        for name, size in sizes:
            found[name] = slice(start, start + size)
            start += size
        return found

    def size(self, p: int) -> int:
        """How many parameters there are."""
        return max(part.stop for part in self.parts(p).values())


def logistic(eta: Floats) -> Floats:
    """1/(1 + e^−η), without overflow."""
    from scipy.special import expit

    return np.asarray(expit(eta), dtype=float)


def _control(k: Positions, eta: Floats, rho: float | None, items: int) -> tuple[Floats, Floats, Floats]:
    """P(Y(0) = k), its derivative in the log-odds of an item, and in the log-odds of ρ; 0 where k is not from 0 to J."""
    from scipy.special import betaln, digamma, gammaln

    inside = (k >= 0) & (k <= items)
    j = np.where(inside, k, 0).astype(float)
    mean = np.clip(logistic(eta), 1e-12, 1 - 1e-12)
    choose = gammaln(items + 1) - gammaln(j + 1) - gammaln(items - j + 1)
    if rho is None:
        p = np.where(inside, np.exp(choose + j * np.log(mean) + (items - j) * np.log1p(-mean)), 0.0)
        return p, p * (j - items * mean), np.zeros(len(p))
    scale = np.exp(-rho)
    a, b = mean * scale, (1 - mean) * scale
    p = np.where(inside, np.exp(choose + betaln(j + a, items - j + b) - betaln(a, b)), 0.0)
    both = digamma(a + b) - digamma(items + a + b)
    of_a = digamma(j + a) - digamma(a) + both
    of_b = digamma(items - j + b) - digamma(b) + both
    return p, p * (of_a - of_b) * scale * mean * (1 - mean), -p * (a * of_a + b * of_b)


def scores(theta: Floats, answers: ListAnswers, model: ListLikelihood) -> tuple[Floats, Floats]:
    """Log-likelihood of every group, and its derivatives.

    Returns
    -------
    array, shape (groups,), and array, shape (groups, parameters)
    """
    x, y, treated, items = answers.x, answers.y, answers.treated, answers.items
    parts = model.parts(x.shape[1])
    at = lambda name: theta[parts[name]]  # noqa: E731
    share = logistic(x @ at("delta"))
    one = "control0" if model.constrained else "control1"
    rho = (
        [float(at("rho0")[0]), float(at("rho0" if model.constrained else "rho1")[0])]
        if model.overdispersed
        else [None, None]
    )
    q = {name: float(logistic(at(name))[0]) if name in parts else 0.0 for name in ("ceiling", "floor")}
    eta0, eta1 = x @ at("control0"), x @ at(one)
    # Without the item the count is Y(0) in both arms.
    without, of_eta0, of_rho0 = _control(y, eta0, rho[0], items)
    here, here_eta, here_rho = (without, of_eta0, of_rho0) if model.constrained else _control(y, eta1, rho[1], items)
    before, before_eta, before_rho = _control(y - 1, eta1, rho[1], items)
    # With it: one more, but for those who hide at the top or at the bottom.
    told = np.where(y - 1 == items, 1 - q["ceiling"], np.where(y - 1 == 0, 1 - q["floor"], 1.0))
    if items == 0:
        raise ValueError("a list has items")
    hides = np.where(y == items, q["ceiling"], 0.0) + np.where(y == 0, q["floor"], 0.0)
    mix = lambda old, new: np.where(treated, told * old + hides * new, new)  # noqa: E731
    having = mix(before, here)
    f = np.maximum(share * having + (1 - share) * without, TINY)
    out = np.zeros((len(y), model.size(x.shape[1])))
    out[:, parts["delta"]] = (share * (1 - share) * (having - without) / f)[:, None] * x
    out[:, parts["control0"]] += ((1 - share) * of_eta0 / f)[:, None] * x
    out[:, parts[one]] += (share * mix(before_eta, here_eta) / f)[:, None] * x
    if model.overdispersed:
        out[:, parts["rho0"]] += ((1 - share) * of_rho0 / f)[:, None]
        out[:, parts["rho0" if model.constrained else "rho1"]] += (share * mix(before_rho, here_rho) / f)[:, None]
    for name, top, bottom in (("ceiling", y == items + 1, y == items), ("floor", y == 1, y == 0)):
        if name in parts:
            change = np.where(treated & bottom, here, 0.0) - np.where(treated & top, before, 0.0)
            out[:, parts[name]] = (share * change / f * q[name] * (1 - q[name]))[:, None]
    return np.log(f), out


def em_start(answers: ListAnswers, weight: Floats, model: ListLikelihood, *, rounds: int = 60) -> Floats:
    """Parameters after some rounds of EM for the binomial model without liars, with 0s for what that has not.

    Notes
    -----
    E: w = g h(y − 1)/(g h(y − 1) + (1 − g) h(y)) in the treatment arm, g in the control arm. M: a logistic regression of w, and a
    binomial one of y − w of J; unconstrained, one for each z.
    """
    x, y, treated, items = answers.x, answers.y, answers.treated, answers.items
    p = x.shape[1]
    plain = ListLikelihood(constrained=model.constrained)
    parts = plain.parts(p)
    theta = np.zeros(plain.size(p))
    control = np.where(treated, np.minimum(y, items), y) / items
    start = _logistic_fit(x, np.clip(control, 0.02, 0.98), weight, np.zeros(p))
    theta[parts["control0"]] = start
    if not model.constrained:
        theta[parts["control1"]] = start
    one = "control0" if model.constrained else "control1"
    for _ in range(rounds):
        share = logistic(x @ theta[parts["delta"]])
        h0 = _control(y, x @ theta[parts["control0"]], None, items)[0]
        h1 = _control(np.where(treated, y - 1, y), x @ theta[parts[one]], None, items)[0]
        having = share * h1 / np.maximum(share * h1 + (1 - share) * h0, TINY)
        theta[parts["delta"]] = _logistic_fit(x, having, weight, theta[parts["delta"]], steps=2)
        held = np.where(treated, y - having, y) / items if model.constrained else y / items
        if model.constrained:
            theta[parts["control0"]] = _logistic_fit(x, held, weight, theta[parts["control0"]], steps=2)
            continue
        theta[parts["control0"]] = _logistic_fit(
            x, np.minimum(held, 1.0), weight * (1 - having), theta[parts["control0"]], steps=2
        )
        without = np.where(treated, y - 1, y) / items
        theta[parts["control1"]] = _logistic_fit(
            x, np.clip(without, 0.0, 1.0), weight * having, theta[parts["control1"]], steps=2
        )
    full = np.zeros(model.size(p))
    for name, part in model.parts(p).items():
        if name in parts:
            full[part] = theta[parts[name]]
        elif name.startswith("rho"):
            full[part] = -3.0
        else:
            full[part] = -2.0
    return full


def _logistic_fit(x: Floats, y: Floats, weight: Floats, beta: Floats, *, steps: int = 12) -> Floats:
    """Steps of a weighted logistic regression of shares, held back where they would run away."""
    for _ in range(steps):
        mu = logistic(x @ beta)
        slope = weight * mu * (1 - mu)
        gram = (x * slope[:, None]).T @ x
        gram[np.diag_indices_from(gram)] *= 1 + 1e-8
        move = np.linalg.lstsq(gram, x.T @ (weight * (y - mu)), rcond=None)[0]
        beta = beta + move * min(1.0, 4.0 / max(float(np.max(np.abs(move))), 1e-12))
    return np.clip(beta, -EDGE, EDGE)


@dataclass(frozen=True, kw_only=True, eq=False)
class ListFit:
    """A maximum of the likelihood.

    Attributes
    ----------
    theta : array, shape (parameters,)
    information : array, shape (parameters, parameters)
        Minus the second derivatives of Σ w log f.
    log_likelihood : float
        With weights of mean 1.
    settled : bool
        Whether it is a maximum, within the shares that there can be.
    """

    theta: Floats
    information: Floats
    log_likelihood: float
    settled: bool


def maximise(
    answers: ListAnswers, weight: Floats, people: float, model: ListLikelihood, start: Floats | None = None
) -> ListFit:
    """Maximise Σ w log f: EM first, where there is no start, then Newton's steps held back until they climb.

    Parameters
    ----------
    people : float
        How many there are, so that weights of mean 1 are those of a likelihood.
    """
    total = weight.sum()
    share = weight / total

    def climb(theta: Floats) -> tuple[float, Floats]:
        value, each = scores(theta, answers, model)
        return float(share @ value), share @ each

    theta = em_start(answers, share, model) if start is None else start.copy()
    value, slope = climb(theta)
    hessian = _hessian(climb, theta)
    for _ in range(200):
        if np.max(np.abs(slope)) < SETTLED or np.max(np.abs(theta)) > 4 * EDGE:
            break
        step, gain = _newton(hessian, slope), False
        for factor in (1.0, 0.5, 0.25, 0.1, 0.03, 0.01, 0.001):
            tried, new_slope = climb(theta + factor * step)
            if np.isfinite(tried) and tried >= value - 1e-14:
                theta, value, slope, gain = theta + factor * step, tried, new_slope, True
                break
        if not gain:
            break
        hessian = _hessian(climb, theta)
    # Beside the size of the columns, so that their units do not matter.
    size = np.ones(len(theta))
    for name, part in model.parts(answers.x.shape[1]).items():
        if name in ("delta", "control0", "control1"):
            size[part] = np.sqrt(share @ answers.x**2)
    curvature = np.linalg.eigvalsh(-hessian / np.outer(size, size))
    settled = bool(np.max(np.abs(slope / size)) < 1e-6 and curvature[0] > FLAT)
    return ListFit(theta=theta, information=-hessian * total, log_likelihood=value * people, settled=settled)


def _hessian(climb: Any, theta: Floats) -> Floats:
    size = len(theta)
    out = np.empty((size, size))
    for position in range(size):
        step = STEP * max(1.0, abs(float(theta[position])))
        move = np.zeros(size)
        move[position] = step
        out[position] = (climb(theta + move)[1] - climb(theta - move)[1]) / (2 * step)
    return (out + out.T) / 2


def _newton(hessian: Floats, slope: Floats) -> Floats:
    """Uphill also where the surface is not concave: curvatures by their size."""
    values, vectors = np.linalg.eigh(-hessian)
    size = np.maximum(np.abs(values), 1e-6 * max(float(np.max(np.abs(values))), 1e-12))
    step = vectors @ ((vectors.T @ slope) / size)
    return step * min(1.0, 5.0 / max(float(np.max(np.abs(step))), 1e-12))
