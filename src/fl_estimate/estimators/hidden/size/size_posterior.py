"""The posterior of the size of a population that was sampled by successive sampling, by quadrature: no chain, no Monte Carlo error.

Given the time x of the last draw and the distribution of degrees, the people who were not drawn are alike, so that the likelihood
of N is an integral over three numbers, and every prior of N can be tried on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.estimators.hidden.size.degree_families import DegreePrior
from fl_estimate.estimators.hidden.size.size_priors import SizePrior, normalised
from fl_estimate.estimators.hidden.size.successive_order import DrawOrder

POINTS, TIMES, MOST_TIMES = 25, 64, 400
"""Nodes of each parameter of the degrees, and of the time. The integrand is a bell: the trapezoidal rule converges geometrically."""
ROUNDS = 3
DEEP = 18.0
"""What lies e^−18 below the top is left out: 2e-8."""
EVERY_SIZE = 1_000
"""Up to so many sizes the likelihood is computed at each; above, at this many, and a cubic spline goes through them."""
TABLE = 200
Box = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]


@dataclass(frozen=True, kw_only=True, eq=False)
class SizeLikelihood:
    """The likelihood of N, and what the degrees are given N.

    Attributes
    ----------
    seen : int
        People who cannot be among those not drawn: the respondents.
    drawn : int
        Those of them whose degree and place in the order count.
    log_weight : float array, shape (nodes,)
        Of each pair of degree distribution and time: prior × likelihood of the degrees × h(x).
    log_missed : float array, shape (nodes,)
        log E(e^{−x d}): the chance of a person not to be drawn.
    mean, sd : float arrays, shape (nodes,)
        Of the degrees.
    """

    seen: int
    drawn: int
    log_weight: Floats
    log_missed: Floats
    mean: Floats
    sd: Floats

    def at(self, sizes: Floats) -> Floats:
        """Log p(degrees and their order | N), up to a constant."""
        nodes = _nodes(sizes)
        value = np.concatenate([self._at(nodes[start : start + 200]) for start in range(0, len(nodes), 200)])
        if len(nodes) < len(sizes):
            from scipy.interpolate import CubicSpline

            value = np.asarray(CubicSpline(np.log(nodes + 1 - self.seen), value)(np.log(sizes + 1 - self.seen)))
        return value + log_arrangements(sizes, self.seen, self.drawn)

    def _at(self, sizes: Floats) -> Floats:
        exponent = self.log_weight[None, :] + (sizes - self.seen)[:, None] * self.log_missed[None, :]
        top = exponent.max(axis=1)
        return top + np.log(np.exp(exponent - top[:, None]).sum(axis=1))

    def posterior(self, prior: SizePrior) -> Floats:
        """Probability of every N that the prior allows."""
        return normalised(self.of_sizes(prior.sizes) + prior.log_density(prior.sizes))

    def of_sizes(self, sizes: Floats) -> Floats:
        """As `at`; kept, since several priors are tried on it."""
        kept, value = self._kept
        return value[: len(sizes)] if len(sizes) <= len(kept) else self.at(sizes)

    @cached_property
    def _kept(self) -> tuple[Floats, Floats]:
        sizes = np.arange(self.seen, self.highest + 1, dtype=float)
        return sizes, self.at(sizes)

    highest: int = 0
    """Sizes up to here are kept."""

    def degrees_given(self, prior: SizePrior) -> tuple[float, float]:
        """Posterior means of the mean and the standard deviation of the degrees of the whole population."""
        sizes = prior.sizes
        table = _Sums(log_arrangements(sizes, self.seen, self.drawn) + prior.log_density(sizes), sizes - self.seen)
        weight = normalised(self.log_weight + table.at(self.log_missed))
        return float(weight @ self.mean), float(weight @ self.sd)


def size_likelihood(order: DrawOrder, degrees: DegreePrior, prior: SizePrior) -> SizeLikelihood:
    """Integrate over the time of the last draw and over the distribution of degrees.

    Parameters
    ----------
    order : DrawOrder
    degrees : DegreePrior
    prior : SizePrior
        It only says where nodes are needed: for this prior, and for a flat one up to its maximum.
    """
    drawn = int(sum(map(len, order.sets)))
    counts = np.bincount(
        np.concatenate([np.asarray(each, dtype=np.intp) for each in order.sets]), minlength=degrees.largest + 1
    )[1:].astype(float)
    sizes = prior.sizes
    ways = log_arrangements(sizes, prior.n, drawn)
    tables = [
        _Sums(ways + density - np.max(density), sizes - prior.n)
        for density in (prior.log_density(sizes), -np.log(sizes))
    ]
    first, second = degrees.start()
    highest = np.log((prior.maximum + 1.0) * degrees.largest)
    box: Box = (first, second, (np.log(order.edge) - 2.5, max(highest, np.log(order.edge) + 1)))
    for _ in range(ROUNDS):
        _, height, axes = _evaluated(order, degrees, counts, box, tables, exact=False)
        box = _narrowed(height, axes)
    parts, height, _ = _evaluated(order, degrees, counts, box, tables, exact=True)
    kept = height.ravel() > -DEEP
    return SizeLikelihood(
        seen=prior.n, drawn=drawn, highest=prior.maximum, **{name: each.ravel()[kept] for name, each in parts.items()}
    )


def log_arrangements(sizes: Floats, seen: int, drawn: int) -> Floats:
    """Log of how many ways there are to say who of N − (seen − drawn) people was drawn first, second, …"""
    from scipy.special import gammaln

    open_ = sizes - (seen - drawn)
    return gammaln(open_ + 1) - gammaln(sizes - seen + 1)


def _evaluated(
    order: DrawOrder, degrees: DegreePrior, counts: Floats, box: Box, tables: list[_Sums], *, exact: bool
) -> tuple[dict[str, Floats], Floats, tuple[Floats, Floats, Floats]]:
    """What `SizeLikelihood` has at every node of a box, and how high the posterior is there under the priors tried."""
    # Given N the time varies by 1/√n of itself: nodes have to stand closer than that.
    times = int(np.clip((box[2][1] - box[2][0]) * np.sqrt(counts.sum()), TIMES, MOST_TIMES)) if exact else TIMES
    shape = (POINTS, POINTS, times)
    axes = tuple(np.linspace(*ends, size) for ends, size in zip(box, shape, strict=True))
    grid = np.meshgrid(axes[0], axes[1], indexing="ij")
    first, second = grid[0].ravel(), grid[1].ravel()
    log_f = degrees.log_probabilities(first, second)
    mean, sd = degrees.moments(first, second)
    of_degrees = degrees.log_density(first, second) + log_f @ counts
    x, of_time = order.times(axes[2], exact=exact)
    # Late times of coarse boxes, at which nobody is missed, are 0 in double precision.
    missed = np.log(np.clip(np.exp(log_f) @ np.exp(-np.outer(degrees.support, x)), 1e-300, 1.0))
    weight = of_degrees[:, None] + of_time[None, :]
    heights = [weight + table.at(missed) for table in tables]
    height = np.maximum(*[each - np.nanmax(each) for each in heights]).reshape(shape)
    parts = {
        "log_weight": weight,
        "log_missed": missed,
        "mean": np.broadcast_to(mean[:, None], weight.shape),
        "sd": np.broadcast_to(sd[:, None], weight.shape),
    }
    return parts, np.nan_to_num(height, nan=-np.inf), (axes[0], axes[1], axes[2])


def _narrowed(height: Floats, axes: tuple[Floats, Floats, Floats]) -> Box:
    """The box that holds all that is not negligible, one node more on each side."""
    ends: list[tuple[float, float]] = []
    for axis, values in enumerate(axes):
        others = tuple(each for each in range(3) if each != axis)
        near = np.flatnonzero(height.max(axis=others) > -DEEP - 4)
        step = values[1] - values[0]
        ends.append((float(values[near[0]] - step), float(values[near[-1]] + step)))
    return ends[0], ends[1], ends[2]


class _Sums:
    """log Σ_N a(N) e^{(N − seen) ℓ} for many ℓ ≤ 0, by a table: it is smooth in log(−ℓ)."""

    def __init__(self, log_weight: Floats, unseen: Floats) -> None:
        nodes = _nodes(unseen + 1) - 1
        at = np.searchsorted(unseen, nodes)
        width = np.gradient(nodes) if len(nodes) < len(unseen) else np.ones(len(nodes))
        if len(nodes) < len(unseen):
            width[0], width[-1] = 0.5 + (nodes[1] - nodes[0]) / 2, 0.5 + (nodes[-1] - nodes[-2]) / 2
        self._weight, self._unseen = log_weight[at] + np.log(width), nodes

    def at(self, log_missed: Floats) -> Floats:
        from scipy.interpolate import CubicSpline

        rate = np.log(np.maximum(-log_missed, 1e-300))
        ends = np.linspace(rate.min() - 1e-6, rate.max() + 1e-6, TABLE)
        exponent = self._weight[None, :] - np.exp(ends)[:, None] * self._unseen[None, :]
        top = exponent.max(axis=1)
        value = top + np.log(np.exp(exponent - top[:, None]).sum(axis=1))
        return np.asarray(CubicSpline(ends, value)(rate), dtype=float)


def _nodes(sizes: Floats) -> Floats:
    """Sizes at which something smooth is computed: all of them, or some that stand closer where they are small."""
    if len(sizes) <= EVERY_SIZE:
        return sizes
    steps = np.unique(np.round(np.geomspace(1, len(sizes), EVERY_SIZE)).astype(np.intp)) - 1
    return sizes[steps]
