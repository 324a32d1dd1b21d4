"""Prevalence behind an imperfect instrument: one population by quadrature, regions by points and quadrature. Arrays only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from fl_estimate.arrays import Floats
from fl_estimate.estimators.hierarchical.engines.points import spread_points
from fl_estimate.estimators.hierarchical.model.misclassification_accuracy import Accuracy
from fl_estimate.estimators.hierarchical.model.priors import Density
from fl_estimate.estimators.importance import Weighted, weigh

NODES = (160, 96, 40)
"""Of the share positive, of the specificity, of the sensitivity."""
DENSITY_NODES = 72
"""Of each of two of the three, for the density at a prevalence."""
TAIL = 1e-10
POINTS, EACH = 2_048, 8
"""Points of sensitivity, specificity, mean and spread of regions; draws of every region at each."""
REACH, LEAST_NODES, MOST_NODES = 6.5, 131, 801
NUMBERS = 6_000_000
"""Held at a time."""


@dataclass(frozen=True, kw_only=True)
class WeightedValues:
    """Values with weights that sum to 1, of prevalence, sensitivity and specificity; shape (N,)."""

    prevalence: Floats
    sensitivity: Floats
    specificity: Floats
    weight: Floats
    positive: Floats


def integrate_one(
    cases: float, n: float, sensitivity: Accuracy, specificity: Accuracy, prior: tuple[float, float]
) -> WeightedValues:
    """The posterior of one prevalence, as nodes with weights.

    Notes
    -----
    In (q, Sp, Se), q the share that tests positive, prevalence is (q − (1 − Sp))/(Se + Sp − 1) and the posterior
    q^y (1 − q)^(n − y) p(Se) p(Sp) p(prevalence)/(Se + Sp − 1) where 1 − Sp < q < Se. Gauss and Legendre's rule in each of
    them, over all of q that the data allow and all of Sp and Se that their densities and q do: as exact for a million
    people as for ten.
    """
    a, b = cases + 1.0, n - cases + 1.0
    low, high = special.betaincinv(a, b, 1e-14), special.betainccinv(a, b, 1e-14)
    # Further up the data alone would not go, but a specificity that is known to be worse pulls there.
    high = min(1.0, high + 0.5 * (high - low))
    q, q_weight = _rule(np.array(low), np.array(high), NODES[0])
    sp_low, sp_high = specificity.range(TAIL)
    # Where the data ask for a better specificity than its density has, all that is left of it counts.
    sp_high = np.where(1 - q > specificity.range(1e-4)[1], 1.0, sp_high)
    sp, sp_weight = _rule(np.maximum(sp_low, 1 - q), np.maximum(sp_high, 1 - q), NODES[1])
    se_low, se_high = sensitivity.range(TAIL)
    bottom = np.maximum(np.maximum(se_low, q[:, None]), 1 - sp)
    se, se_weight = _rule(bottom, np.maximum(se_high, bottom), NODES[2])
    q, q_weight = q[:, None, None], q_weight[:, None, None]
    sp, sp_weight = sp[:, :, None], sp_weight[:, :, None]
    youden = se + sp - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        prevalence = np.clip((q - (1 - sp)) / youden, 0.0, 1.0)
        log_weight = (
            np.log(q_weight * sp_weight * se_weight)
            + special.xlogy(cases, q) + special.xlog1py(n - cases, -q)
            + sensitivity.log_density(se) + specificity.log_density(sp)
            + special.xlogy(prior[0] - 1, prevalence) + special.xlog1py(prior[1] - 1, -prevalence)
            - np.log(youden)
        )  # fmt: skip
    log_weight = np.where(np.isfinite(log_weight), log_weight, -np.inf)
    weight = np.exp(log_weight - log_weight.max())
    full = prevalence.shape
    return WeightedValues(
        prevalence=prevalence.ravel(), sensitivity=np.broadcast_to(se, full).ravel(),
        specificity=np.broadcast_to(sp, full).ravel(), positive=np.broadcast_to(q, full).ravel(),
        weight=(weight / weight.sum()).ravel(),
    )  # fmt: skip


def density_of(
    values: Floats, cases: float, n: float, sensitivity: Accuracy, specificity: Accuracy, prior: tuple[float, float]
) -> Floats:
    """Density of the prevalence at values, up to one factor, by Gauss and Legendre's rule over two of Sp, Se and q.

    With the prevalence fixed, q = p Se + (1 − p)(1 − Sp). What the data know of q may be narrower or wider than what the
    densities of Sp and Se leave of it: of the three, the widest is the one that follows from the others, so that no rule
    has to find a peak between its points.
    """
    a, b = cases + 1.0, n - cases + 1.0
    low, high = float(special.betaincinv(a, b, 1e-14)), float(special.betainccinv(a, b, 1e-14))
    q_ends = (low, min(1.0, high + 0.5 * (high - low)))
    se_ends, sp_ends = sensitivity.range(TAIL), specificity.range(TAIL)
    sp_ends = (sp_ends[0], 1.0 if 1 - q_ends[1] > specificity.range(1e-4)[1] else sp_ends[1])
    rules = [_rule(np.array(ends[0]), np.array(ends[1]), DENSITY_NODES) for ends in (sp_ends, se_ends, q_ends)]
    widths = np.array([sp_ends[1] - sp_ends[0], se_ends[1] - se_ends[0], q_ends[1] - q_ends[0]])
    out = np.empty(len(values))
    for position, p in enumerate(values):
        widest = int(np.argmax(widths * (1 - p, p, 1.0)))
        (one, one_weight), (other, other_weight) = (rules[k] for k in range(3) if k != widest)
        one, other = one[:, None], other[None, :]
        if widest == 0:
            se, q, slope = one, other, 1 - p
            sp = 1 - (q - p * se) / (1 - p)
        elif widest == 1:
            sp, q, slope = one, other, p
            se = (q - (1 - p) * (1 - sp)) / p
        else:
            sp, se, slope = one, other, 1.0
            q = p * se + (1 - p) * (1 - sp)
        inside = (sp > 0) & (sp < 1) & (se > 0) & (se < 1) & (se + sp > 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            log_density = (
                np.log(one_weight[:, None] * other_weight)
                + special.xlogy(cases, q) + special.xlog1py(n - cases, -q)
                + sensitivity.log_density(np.where(inside, se, 0.5)) + specificity.log_density(np.where(inside, sp, 0.5))
            )  # fmt: skip
        log_prior = special.xlogy(prior[0] - 1, p) + special.xlog1py(prior[1] - 1, -p)
        out[position] = special.logsumexp(np.where(inside, log_density, -np.inf)) + log_prior - np.log(slope)
    return np.exp(out - out.max())


def _rule(low: Floats, high: Floats, nodes: int) -> tuple[Floats, Floats]:
    """Nodes and weights between limits of any shape, on a new last axis."""
    at, weight = np.polynomial.legendre.leggauss(nodes)
    half = 0.5 * (high - low)[..., None]
    return low[..., None] + half * (at + 1), half * weight


@dataclass(frozen=True, kw_only=True)
class Regions:
    """Effective cases and people of regions (m,), with the priors of the model."""

    cases: Floats
    n: Floats
    sensitivity: Accuracy
    specificity: Accuracy
    intercept: Density
    sigma: Density


@dataclass(frozen=True, kw_only=True)
class RegionDraws:
    """Draws of every region's prevalence (N, m) and of what all share (N,), with weights."""

    prevalence: Floats
    shared: dict[str, Floats]
    weight: Floats
    weighted: Weighted


def draw_regions(model: Regions) -> RegionDraws:
    """Points of (sensitivity, specificity, mean, log spread), regions integrated out; then draws of the regions.

    Notes
    -----
    logit(prevalence_i) = mu + sigma z_i, and y_i of n_i positive with q_i = prevalence_i Se + (1 − prevalence_i)(1 − Sp). Given
    the four numbers regions are independent; each is integrated over z by the trapezoidal rule, which is exact to
    rounding where its points resolve the likelihood.
    """
    share = float((model.cases.sum() + 0.5) / (model.n.sum() + 1))
    se, sp = model.sensitivity.mean, model.specificity.mean
    crude = np.clip((share + sp - 1) / (se + sp - 1), 0.1 * share, 0.99)
    start = np.array([special.logit(se), special.logit(sp), special.logit(crude), np.log(0.5)])
    nodes = _nodes(model)
    result = spread_points(lambda at: _log_density(model, at, nodes), start, POINTS)
    size = max(1, NUMBERS // (len(nodes) * len(model.n)))
    rng = np.random.default_rng(0)
    logs: list[Floats] = []
    drawn: list[Floats] = []
    for first in range(0, POINTS, size):
        at = result.at[first : first + size]
        log_z, share_of = _over_nodes(model, at, nodes)
        logs.append(log_z.sum(axis=1) + _log_prior(model, at))
        drawn.append(_draw(at, share_of, nodes, rng))
    weighted = weigh(np.concatenate(logs) - result.log_proposal)
    each = np.repeat(result.at, EACH, axis=0)
    return RegionDraws(
        prevalence=np.concatenate(drawn),
        shared={
            "sensitivity": special.expit(each[:, 0]), "specificity": special.expit(each[:, 1]),
            "intercept": each[:, 2], "sigma": np.exp(each[:, 3]),
        },
        weight=np.repeat(weighted.weight, EACH) / EACH,
        weighted=weighted,
    )  # fmt: skip


def _nodes(model: Regions) -> Floats:
    """Points of z, close enough for the region with most cases at a spread of 2."""
    finest = 1 / np.sqrt(max(float(np.minimum(model.cases, model.n - model.cases).max()), 1.0)) / 2
    count = int(np.clip(2 * REACH / (0.7 * finest), LEAST_NODES, MOST_NODES))
    return np.linspace(-REACH, REACH, count)


def _log_density(model: Regions, at: Floats, nodes: Floats) -> Floats:
    size = max(1, NUMBERS // (len(nodes) * len(model.n)))
    parts = [_over_nodes(model, at[k : k + size], nodes)[0].sum(axis=1) for k in range(0, len(at), size)]
    return np.concatenate(parts) + _log_prior(model, at)


def _over_nodes(model: Regions, at: Floats, nodes: Floats) -> tuple[Floats, Floats]:
    """Log integral of every region at every point (L, m), and the shares of the nodes in it (L, m, nodes)."""
    se, sp = special.expit(at[:, 0])[:, None], special.expit(at[:, 1])[:, None]
    prevalence = special.expit(at[:, 2:3] + np.exp(np.clip(at[:, 3:], -30, 5)) * nodes)
    q = prevalence * se + (1 - prevalence) * (1 - sp)
    log_q, log_rest = np.log(q)[:, None, :], np.log1p(-q)[:, None, :]
    inside = model.cases[:, None] * log_q + (model.n - model.cases)[:, None] * log_rest - 0.5 * nodes**2
    top = inside.max(axis=2, keepdims=True)
    share = np.exp(inside - top)
    total = share.sum(axis=2)
    return np.log(total) + top[:, :, 0], share / total[:, :, None]


def _log_prior(model: Regions, at: Floats) -> Floats:
    """Log prior of the four numbers on the scales they are drawn on; better than chance: Se + Sp > 1."""
    logit_se, logit_sp, mu, log_sigma = at.T
    se, sp = special.expit(logit_se), special.expit(logit_sp)
    se, sp = np.clip(se, 1e-15, 1 - 1e-15), np.clip(sp, 1e-15, 1 - 1e-15)
    out = model.sensitivity.log_density(se) + np.log(se) + np.log1p(-se)
    out += model.specificity.log_density(sp) + np.log(sp) + np.log1p(-sp)
    if model.intercept.numbers:
        out -= 0.5 * ((mu - model.intercept.numbers[0]) / model.intercept.numbers[1]) ** 2
    out += model.sigma.log(np.exp(log_sigma)) + log_sigma
    return np.where(se + sp > 1, out, -1e8)


def _draw(at: Floats, share: Floats, nodes: Floats, rng: np.random.Generator) -> Floats:
    """Draws of every region from its nodes, spread evenly around each; (points × EACH, m)."""
    reached = np.cumsum(share, axis=2)
    out = np.empty((len(at), EACH, share.shape[1]))
    for k in range(EACH):
        wanted = rng.random((len(at), share.shape[1], 1)) * reached[:, :, -1:]
        position = (reached < wanted).sum(axis=2)
        z = nodes[np.minimum(position, len(nodes) - 1)] + (rng.random(position.shape) - 0.5) * (nodes[1] - nodes[0])
        out[:, k] = special.expit(at[:, 2:3] + np.exp(at[:, 3:]) * z)
    return out.reshape(-1, share.shape[1])
