"""The posterior of a stochastic block model from a link-tracing sample: its density, and draws from it.

Links that were not observed are summed out, not imputed: nothing here is as long as the pairs of people, nor as the people.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from fl_estimate.arrays import Floats
from fl_estimate.estimators.capture_recapture.posterior import chain_diagnostics
from fl_estimate.estimators.hidden.links.link_trace import LinkCounts
from fl_estimate.estimators.sampling import CHAINS, ESS_NEEDED, RHAT_GOOD

BINS, GROWTH = 32, 1.04
"""Sizes up to this many above the sample stand by themselves when one is proposed; wider bins grow by this factor."""
BURN_IN = 500
FEWEST_STEPS, MOST_STEPS = 500, 64_000
"""Of each chain after those that are left out: as many as the chains need to agree, and no more; then the reasons say so."""
SPARSE = 10
"""Link probabilities and shares are kept at every tenth step only."""


@dataclass(frozen=True, kw_only=True)
class LinkPrior:
    """Densities before the data.

    Attributes
    ----------
    size_power : float
        p of N^−p.
    max_size : int
        The largest population there can be.
    link : (float, float)
        Beta density of each link probability.
    strata : float
        Dirichlet density of the shares of strata, the same number for each.
    """

    size_power: float
    max_size: int
    link: tuple[float, float]
    strata: float


@dataclass(frozen=True, kw_only=True)
class BlockModelDraws:
    """Draws of the posterior.

    Attributes
    ----------
    size : float array, shape (chains, draws)
    unseen : float array, shape (chains, draws, strata)
        People outside the sample.
    share : float array, shape (chains, steps, strata)
    link : float array, shape (chains, steps, strata, strata)
    diagnostics : dict
    """

    size: Floats
    unseen: Floats
    share: Floats
    link: Floats
    diagnostics: dict[str, Any]


def log_size(size: Floats, counts: LinkCounts, prior: LinkPrior) -> Floats:
    """Log of what N has in the posterior beside q^(N − n): N!/(N − n)! Π_k (N − n_k)!/N! N^−p, for whole N from n upwards."""
    drawn = [special.gammaln(size - each + 1) - special.gammaln(size + 1) for each in counts.initial]
    labels = special.gammaln(size + 1) - special.gammaln(size - counts.n + 1)
    return np.asarray(sum(drawn) + labels - prior.size_power * np.log(size), dtype=float)


def draw_posterior(counts: LinkCounts, prior: LinkPrior, *, draws: int, seed: int) -> BlockModelDraws:
    """Draw from the posterior, with as many steps between kept draws as the chains need.

    Parameters
    ----------
    counts : LinkCounts
    prior : LinkPrior
    draws : int
        Kept, over four chains.
    seed : int

    Notes
    -----
    Each step: (N, link probabilities) moved together along their ridge, with the strata of the unseen summed out; then N, the
    strata of the unseen, their shares and the link probabilities from their full conditionals.
    """
    per_chain = -(-draws // CHAINS)
    sampler = _Sampler(counts, prior, np.random.default_rng(seed))
    sampler.walk(BURN_IN, keep=False)
    steps = max(per_chain, FEWEST_STEPS)
    sampler.walk(steps)
    told = _verdict(sampler)
    while not _agree(told) and steps < MOST_STEPS:
        sampler.walk(3 * steps)
        steps *= 4
        told = _verdict(sampler)
    kept = np.linspace(0, steps - 1, per_chain).round().astype(int)
    return BlockModelDraws(
        size=np.stack(sampler.sizes, axis=1)[:, kept], unseen=np.stack(sampler.every, axis=1)[:, kept],
        share=np.stack(sampler.shares, axis=1), link=np.stack(sampler.links, axis=1),
        diagnostics={**told, "chains": CHAINS, "draws_per_chain": per_chain, "steps_per_chain": steps, "met_again": counts.met_again},
    )  # fmt: skip


def _agree(told: dict[str, float]) -> bool:
    return told["rhat"] <= RHAT_GOOD and min(told["ess_bulk"], told["ess_tail"]) >= ESS_NEEDED


def _verdict(sampler: _Sampler) -> dict[str, float]:
    """The worst over the size and the numbers of unseen by stratum, of all steps, kept or not."""
    size, unseen = np.stack(sampler.sizes, axis=1), np.stack(sampler.every, axis=1)
    # What is the same in nearly every draw has no chains that could disagree: nobody, or next to nobody, is unseen there.
    moving = [one for one in (size, *(unseen[..., a] for a in range(unseen.shape[-1]))) if _moves(one)]
    told = [chain_diagnostics(one) for one in moving]
    return {
        "rhat": max((one["rhat"] for one in told), default=1.0),
        **{name: min((one[name] for one in told), default=float(size.size)) for name in ("ess_bulk", "ess_tail")},
    }


def _moves(draws: Floats) -> bool:
    low, middle, high = np.quantile(draws, [0.05, 0.5, 0.95])
    return bool(low < middle < high)


class _Sampler:
    """Four chains side by side, as the first axis of every array."""

    def __init__(self, counts: LinkCounts, prior: LinkPrior, generator: np.random.Generator) -> None:
        self.counts, self.prior, self.rng = counts, prior, generator
        self.n, self.k = counts.n, len(counts.people)
        self.upper = np.triu_indices(self.k)
        first, second = prior.link
        self.yes = counts.links[self.upper] + first
        self.no = (counts.pairs - counts.links)[self.upper] + second
        self.traced, self.own = counts.traced.astype(float), np.diag_indices(self.k)
        self._bins()
        self.sizes: list[Floats] = []
        self.every: list[Floats] = []
        self.shares: list[Floats] = []
        self.links: list[Floats] = []
        # Along the ridge the posterior is about as wide as a count of people met again.
        self.step = 1.5 / np.sqrt(1.0 + max(counts.met_again, 0))
        self._start()

    def _bins(self) -> None:
        most = self.prior.max_size - self.n
        steps = np.unique(np.round(np.cumprod(np.full(2_000, GROWTH)) * BINS))
        edges = np.unique(np.concatenate([np.arange(BINS + 1), steps, [most + 1]]))
        edges = edges[edges <= most + 1]
        self.first, self.width = edges[:-1], np.diff(edges)
        self.log_width = np.log(self.width)
        # Bins of equal logarithm: the density at the middle stands for the whole; the ratio below mends what it misses.
        self.middle = self.first + (self.width - 1) / 2
        self.log_middle = log_size(self.middle + self.n, self.counts, self.prior)

    def walk(self, steps: int, *, keep: bool = True) -> None:
        for step in range(steps):
            self._move_along()
            self._gibbs()
            if keep:
                self.sizes.append(self.size)
                self.every.append(self.unseen)
                if step % SPARSE == 0:
                    self.shares.append(self.share)
                    self.links.append(self.link)

    def _start(self) -> None:
        """Far apart: from few unseen to very many, links accordingly."""
        spread = np.geomspace(1.2, 12.0, CHAINS)[:, None]
        self.link = np.empty((CHAINS, self.k, self.k))
        seen = self.rng.beta(self.yes, self.no, size=(CHAINS, len(self.yes)))
        self._set_links(np.clip(seen / spread, 1e-12, 1 - 1e-9))
        self.share = self._dirichlet(np.tile(self.counts.people.astype(float) + self.prior.strata, (CHAINS, 1)))
        self.size = np.clip(np.round(self.n * spread[:, 0]), self.n, self.prior.max_size)
        self.unseen = np.zeros((CHAINS, self.k))

    def _set_links(self, values: Floats) -> None:
        self.link[:, self.upper[0], self.upper[1]] = values
        self.link[:, self.upper[1], self.upper[0]] = values

    def _dirichlet(self, parameters: Floats) -> Floats:
        drawn = np.maximum(self.rng.standard_gamma(parameters), 1e-300)
        return drawn / drawn.sum(axis=1, keepdims=True)

    def _log_unlinked(self, link: Floats) -> Floats:
        """Of each stratum, log of its share and of having no link with anybody traced; (chains, strata)."""
        return np.log(self.share) + np.log1p(-link) @ self.traced

    def _summed(self, log_q: Floats) -> tuple[Floats, Floats]:
        """The density of the bins given q, summed from the left, and the log of its total."""
        logits = self.log_middle + self.middle * log_q[:, None] + self.log_width
        top = logits.max(axis=1, keepdims=True)
        summed = np.cumsum(np.exp(logits - top), axis=1)
        return summed, np.log(summed[:, -1]) + top[:, 0]

    def _propose(self, log_q: Floats) -> tuple[Floats, Floats]:
        """A size given q, from the bins, and the log of their total."""
        summed, total = self._summed(log_q)
        chosen = (summed < self.rng.random((CHAINS, 1)) * summed[:, -1:]).sum(axis=1)
        above = self.first[chosen] + np.floor(self.rng.random(CHAINS) * self.width[chosen])
        return self.n + above, total

    def _excess(self, size: Floats, log_q: Floats, total: Floats) -> Floats:
        """Log of the posterior of a size, given all else, over the density with which it is proposed."""
        above = size - self.n
        place = np.searchsorted(self.first, above, side="right") - 1
        proposed = self.log_middle[place] + self.middle[place] * log_q - total
        return log_size(size, self.counts, self.prior) + above * log_q - proposed

    def _move_along(self) -> None:
        """Links of all strata up or down together, and the size with them: the direction in which the data say least."""
        scale = self.step * self.rng.choice([0.3, 1.0, 2.0])
        now = self.link[:, self.upper[0], self.upper[1]]
        odds = special.logit(now) + scale * self.rng.standard_normal((CHAINS, 1))
        new = np.clip(special.expit(odds), 1e-12, 1 - 1e-9)
        before = self.link
        old_q = np.logaddexp.reduce(self._log_unlinked(before), axis=1)
        old_total = self._summed(old_q)[1]
        self.link = before.copy()
        self._set_links(new)
        new_q = np.logaddexp.reduce(self._log_unlinked(self.link), axis=1)
        size, new_total = self._propose(new_q)
        ratio = (
            self._excess(size, new_q, new_total)
            - self._excess(self.size, old_q, old_total)
            + (self.yes * (np.log(new) - np.log(now)) + self.no * (np.log1p(-new) - np.log1p(-now))).sum(axis=1)
        )
        taken = np.log(self.rng.random(CHAINS)) < ratio
        self.link = np.where(taken[:, None, None], self.link, before)
        self.size = np.where(taken, size, self.size)

    def _gibbs(self) -> None:
        unlinked = self._log_unlinked(self.link)
        log_q = np.logaddexp.reduce(unlinked, axis=1)
        size, total = self._propose(log_q)
        ratio = self._excess(size, log_q, total) - self._excess(self.size, log_q, total)
        self.size = np.where(np.log(self.rng.random(CHAINS)) < ratio, size, self.size)
        chance = np.exp(unlinked - log_q[:, None])
        chance = chance / chance.sum(axis=1, keepdims=True)
        above = (self.size - self.n).astype(np.int64)
        self.unseen = self.rng.multinomial(above, chance).astype(float)
        self.share = self._dirichlet(np.asarray(self.counts.people + self.prior.strata + self.unseen, dtype=float))
        apart = self.unseen[:, :, None] * self.traced + self.unseen[:, None, :] * self.traced[:, None]
        apart[:, self.own[0], self.own[1]] = self.unseen * self.traced
        no = self.no + apart[:, self.upper[0], self.upper[1]]
        self.link = self.link.copy()
        self._set_links(np.clip(self.rng.beta(self.yes, no), 1e-300, 1 - 1e-12))
