"""Two independent initial samples and all orders in which the same sample could have come: Chapman's estimate, Rao–Blackwellised."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from math import comb
from typing import Any

import numpy as np
import numpy.typing as npt

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.hidden.links.link_trace import Flags, LinkTrace
from fl_estimate.estimators.sampling import CHAINS
from fl_estimate.tasks import run_tasks, stream_of

MOST_ENUMERATED = 20_000
"""Pairs of initial samples up to which all are tried; beyond it a Markov chain walks among those that fit."""
FEWEST_KEPT = 100


@dataclass(frozen=True, kw_only=True)
class Reordered:
    """Estimates over the orders that fit: of the size, its variance, and the initial samples' share of the outcome.

    Attributes
    ----------
    overlap : float array, shape (chains, orders)
        People in both initial samples.
    mean : float array, shape (chains, orders)
        Mean of the values over the people in either initial sample.
    variance : float array, shape (chains, orders)
        Of that mean, in the order.
    exact : bool
        Whether these are all orders that fit, each once.
    """

    overlap: Floats
    mean: Floats
    variance: Floats
    exact: bool


def chapman(first: Any, second: Any, both: Any) -> tuple[Floats, Floats]:
    """Chapman's size, and its variance."""
    first, second, both = (np.asarray(each, dtype=float) for each in (first, second, both))
    size = (first + 1) * (second + 1) / (both + 1) - 1
    spread = (first + 1) * (second + 1) * (first - both) * (second - both) / ((both + 1) ** 2 * (both + 2))
    return size, spread


def reorder(trace: LinkTrace, values: Floats, size: float, *, draws: int, seed: int) -> Reordered:
    """Find the pairs of initial samples from which tracing would have given the same data, with their estimates.

    Parameters
    ----------
    trace : LinkTrace
        Of two initial samples.
    values : float array, shape (people,)
        The outcome.
    size : float
        Of the population, for the finite population correction.
    draws, seed : int

    Raises
    ------
    EstimateFault
        FL-EST-574: not two initial samples.
    """
    if len(trace.initial) != 2:
        raise EstimateFault(
            "FL-EST-574", "the design-based estimate stands on two initial samples, drawn independently of each other",
            found=f"{len(trace.initial)}", fix='name two 0/1 columns, initial=["first", "second"]; or method="bayesian"',
        )  # fmt: skip
    orders = _Orders(trace)
    ways = comb(len(trace), int(trace.initial[0].sum())) * comb(len(trace), int(trace.initial[1].sum()))
    if ways <= MOST_ENUMERATED:
        states = [orders.every()]
    else:
        tasks = ((orders, seed, chain, -(-draws // CHAINS)) for chain in range(CHAINS))
        states = run_tasks(_walked, tasks, what="chain of orders")
    return _estimates(states, values, size, exact=ways <= MOST_ENUMERATED)


def _walked(orders: _Orders, seed: int, chain: int, draws: int) -> Flags:
    return orders.walk(np.random.default_rng(stream_of(seed, chain)), draws)


def _estimates(states: list[Flags], values: Floats, size: float, *, exact: bool) -> Reordered:
    """`states` of each chain: bool array, shape (orders, 2, people)."""
    overlap = np.stack([each.all(axis=1).sum(axis=1) for each in states]).astype(float)
    either = np.stack([each.any(axis=1) for each in states])
    n = either.sum(axis=2)
    mean = either @ values / n
    spread = either @ values**2 / n - mean**2
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.where(n > 1, spread / (n - 1) * np.maximum(1 - n / size, 0), np.nan)
    return Reordered(overlap=overlap, mean=mean, variance=variance, exact=exact)


class _Orders:
    """Whether an order fits: what it would have shown is what was seen, no less and no more.

    Where the last wave was asked too (`outside`), what was seen does not depend on who came first, as long as the same people
    come and none of those traced knows anybody outside. Where it was not, the people traced must be the same.
    """

    def __init__(self, trace: LinkTrace) -> None:
        self.trace = trace
        n = len(trace)
        self.linked = np.zeros((n, n), dtype=bool)
        if len(trace.links):
            self.linked[trace.links[:, 0], trace.links[:, 1]] = True
            self.linked[trace.links[:, 1], trace.links[:, 0]] = True
        self.waves = int(trace.wave.max())
        self.closed = trace.traced if trace.outside is None else trace.outside == 0
        self.start = trace.initial.copy()
        self._require_by_waves()

    def _require_by_waves(self) -> None:
        """Who is traced follows from the waves in every order, so it must have done so in the one that was."""
        if np.array_equal(self.trace.traced, self.trace.wave < self.waves):
            return
        raise EstimateFault(
            "FL-EST-575", "orders can be compared only where all waves but the last were traced",
            found=f"traced= of {int(self.trace.traced.sum())} people is something else", fix='method="bayesian" takes any',
        )  # fmt: skip

    def fits(self, state: Flags) -> bool:
        traced, seen = np.zeros(len(self.closed), dtype=bool), np.zeros(len(self.closed), dtype=bool)
        for one in state:
            reached, front = one.copy(), one
            for _ in range(self.waves):
                if (front & ~self.closed).any():
                    return False
                traced |= front
                front = self.linked[front].any(axis=0) & ~reached
                reached |= front
            seen |= reached
        if not seen.all():
            return False
        return self.trace.outside is not None or bool(np.array_equal(traced, self.trace.traced))

    def every(self) -> Flags:
        """All pairs of initial samples that fit, shape (orders, 2, people)."""
        n = len(self.trace)
        sets: list[list[Flags]] = []
        for one in self.start:
            these: list[Flags] = []
            for chosen in itertools.combinations(range(n), int(one.sum())):
                mask = np.zeros(n, dtype=bool)
                mask[list(chosen)] = True
                if not (mask & ~self.closed).any():
                    these.append(mask)
            sets.append(these)
        pairs = (np.stack([first, second]) for first in sets[0] for second in sets[1])
        return np.stack([pair for pair in pairs if self.fits(pair)])

    def walk(self, rng: np.random.Generator, kept: int) -> Flags:
        """A symmetric random walk from the order that was: some people of one initial sample change places with others."""
        n, state = len(self.trace), self.start.copy()
        made = np.empty((kept, 2, n), dtype=bool)
        # Only people whose links all stay inside can be first; swaps with others never fit.
        able = np.flatnonzero(self.closed)
        between = max(5, int(self.start.sum()) // 10)
        for step in range(kept * between):
            proposed = self._swapped(state, able, rng)
            if proposed is not None and self.fits(proposed):
                state = proposed
            if step % between == between - 1:
                made[step // between] = state
        return made

    def _swapped(self, state: Flags, able: npt.NDArray[np.intp], rng: np.random.Generator) -> Flags | None:
        which = int(rng.integers(2))
        inside, outside = able[state[which, able]], able[~state[which, able]]
        size = int(rng.integers(1, 4))
        if len(inside) < size or len(outside) < size:
            return None
        proposed = state.copy()
        proposed[which, rng.choice(inside, size, replace=False)] = False
        proposed[which, rng.choice(outside, size, replace=False)] = True
        return proposed
