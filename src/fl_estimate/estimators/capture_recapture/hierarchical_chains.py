"""Chains over hierarchical log-linear models (MC3) for spaces too large to fit every model, with what says whether they settled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fl_estimate.arrays import Floats, Positions
from fl_estimate.estimators.capture_recapture.batch import Flags, Lattice, one_thread
from fl_estimate.estimators.capture_recapture.hierarchical_mixture import DarkFigureMixture
from fl_estimate.estimators.capture_recapture.hierarchical_weights import (
    Settled,
    Weighed,
    WeighingRequest,
    climbs,
    evidence,
    normalised,
    window,
)

CHAINS = 16
HEAT = (1.0, 0.5, 0.25)
"""Powers of the weights: those below 1 go through models between peaks, and hand what they find to the next."""
ROUND, JUDGED = 500, (2, 3, 4, 6, 8, 12)
"""Steps of a round, and the rounds after which one looks whether the chains agree; the last is where they end."""
MOST = {"bic": 100_000, "laplace": 300_000}
"""Models that chains weigh of six lists; of more lists fewer, by the square of the histories that there are."""
NEAR = 2_000
"""Models of the window at which chains begin."""
LOOK = 50
"""Steps between looks at how many they are."""
LEFT_OUT = 0.005
"""Share of the posterior in models that were not met, below which all that were met are weighed by themselves."""
INCLUSION, TAIL, MIDDLE = 0.03, 0.005, 0.025
"""Standard errors between chains that are small enough: of the weight of an interaction, and of the probability below a limit
and below the median."""


class _Met:
    """Every model that was weighed, once: its weight, and which half of the chains came to it."""

    def __init__(self, ask: WeighingRequest) -> None:
        terms = len(ask.fitter.lattice.terms)
        self.ask, self.position = ask, dict[bytes, int]()
        self.models = np.empty((0, terms), dtype=bool)
        self.log, self.centre, self.variance = np.empty(0), np.empty(0), np.empty(0)
        # In single precision: they are only where the next search sets out from.
        self.modes = np.empty((0, 1 + terms if ask.weights == "laplace" else 0), dtype=np.float32)
        self.by = np.empty((0, 2), dtype=bool)

    def at(self, models: Flags, halves: Flags, parents: Positions | None = None) -> Positions:
        """Where some models stand, weighed if they are new.

        Parameters
        ----------
        models : bool array, shape (B, terms)
        halves : bool array, shape (B, 2)
            Which halves of the chains come to them.
        parents : int array, shape (B,), optional
            Models beside them.
        """
        keys = [model.tobytes() for model in models]
        new: dict[bytes, int] = {}
        for row, key in enumerate(keys):
            if key not in self.position:
                new.setdefault(key, row)
        if new:
            self._weigh(new, models, parents)
        positions = np.array([self.position[key] for key in keys], dtype=np.intp)
        np.logical_or.at(self.by, positions, halves)
        return positions

    def _weigh(self, new: dict[bytes, int], models: Flags, parents: Positions | None) -> None:
        rows, first, end = np.array(list(new.values())), len(self.position), len(self.position) + len(new)
        if end > len(self.log):
            self._room(max(2 * len(self.log), end, 4096))
        start = None
        if parents is not None and self.modes.shape[1]:
            start = self.modes[parents[rows]].astype(float)
        here = slice(first, end)
        self.models[here] = models[rows]
        self.log[here], self.centre[here], self.variance[here], self.modes[here] = evidence(
            self.ask, models[rows], start
        )
        self.position.update(zip(new, range(first, end), strict=True))

    def _room(self, size: int) -> None:
        for name in ("models", "log", "centre", "variance", "modes", "by"):
            old = getattr(self, name)
            larger = np.zeros((size, *old.shape[1:]), dtype=old.dtype)
            larger[: len(old)] = old
            setattr(self, name, larger)


@dataclass(kw_only=True, eq=False)
class _HeatedChains:
    """Chains of each heat side by side, and what the coldest of them passed.

    Attributes
    ----------
    now : bool array, shape (chains, heats, terms)
    at : int array, shape (chains, heats)
        Where these models stand among those met.
    path : list of (int array, int array, array), each shape (chains,)
        Of each step: where the cold chains were, what they were offered, and the chance to take it.
    """

    met: _Met
    now: Flags
    at: Positions
    path: list[tuple[Positions, Positions, Floats]]

    def step(self, generator: np.random.Generator, turn: int) -> None:
        """Offer every chain a neighbour of its model; then two heats of each chain may change places."""
        lattice, shape = self.met.ask.fitter.lattice, self.at.shape
        now, at = self.now.reshape(-1, self.now.shape[2]), self.at.ravel()
        open_terms = can_change(lattice, now)
        ways = open_terms.sum(axis=1)
        pick = (generator.random(len(now)) * ways).astype(int)
        term = (open_terms.cumsum(axis=1) > pick[:, None]).argmax(axis=1)
        offered = now.copy()
        offered[np.arange(len(now)), term] ^= True
        beside = self.met.at(offered, np.repeat(_halves(shape[0]), shape[1], axis=0), at)
        back = can_change(lattice, offered).sum(axis=1)
        gain = (np.array(HEAT) * (self.met.log[beside] - self.met.log[at]).reshape(shape)).ravel() + np.log(ways / back)
        chance = np.exp(np.minimum(gain, 0.0))
        cold = np.arange(shape[0]) * shape[1]
        self.path.append((at[cold], beside[cold], chance[cold]))
        taken = generator.random(len(chance)) < chance
        self.now = np.where(taken[:, None], offered, now).reshape(self.now.shape)
        self.at = np.where(taken, beside, at).reshape(shape)
        self._change_places(generator, turn)

    def _change_places(self, generator: np.random.Generator, turn: int) -> None:
        for low in range(turn % 2, len(HEAT) - 1, 2):
            gain = (HEAT[low] - HEAT[low + 1]) * (self.met.log[self.at[:, low + 1]] - self.met.log[self.at[:, low]])
            swap = np.log(generator.random(len(gain))) < gain
            pair = [low, low + 1]
            self.at[np.ix_(swap, pair)] = self.at[np.ix_(swap, pair[::-1])]
            self.now[np.ix_(swap, pair)] = self.now[np.ix_(swap, pair[::-1])]

    def shares(self) -> Floats:
        """How much of its time each cold chain was at each model, shape (chains, models met); the first half is left out.

        A step counts for both models by the chance to take what is offered (Rao–Blackwell), not for the one it went to.
        """
        kept = self.path[len(self.path) // 2 :]
        here, there, chance = (np.array(each) for each in zip(*kept, strict=True))
        size = len(self.met.position)
        return np.array([
            (np.bincount(here[:, c], 1 - chance[:, c], size) + np.bincount(there[:, c], chance[:, c], size)) / len(kept)
            for c in range(here.shape[1])
        ])  # fmt: skip


def can_change(lattice: Lattice, models: Flags) -> Flags:
    """Terms that can be added to each model or left out of it, as `neighbours` says of one; shape (models, terms)."""
    below, inside = lattice.below.astype(np.float32), models.astype(np.float32)
    can_add = ~models & (inside @ below.T == below.sum(axis=1))
    can_leave = models & (inside @ below == 0) & ~lattice.main
    return can_add | can_leave


def _halves(chains: int) -> Flags:
    first = np.arange(chains) % 2 == 0
    return np.column_stack([first, ~first])


def chained(ask: WeighingRequest, seed: int, levels: tuple[float, ...], tell: Callable[[str], None]) -> Weighed:
    """Weigh the models that chains come to, until they agree or have taken all their steps.

    They begin at the peaks that are climbed to, at models of the window about these, and at random sets of pairs. Where chains that
    had no part in finding them hardly ever leave the models that were met, all of these are weighed exactly; else a model weighs
    as long as chains were there.
    """
    generator = np.random.default_rng((seed, 3))
    met = _Met(ask)
    with one_thread():
        walk = _begun(ask, met, generator)
        most = len(met.position) + int(MOST[ask.weights] * min(1.0, (63 / len(ask.counts)) ** 2))
        found: Weighed | None = None
        for turn in range(1, JUDGED[-1] + 1):
            full = _round(walk, generator, most)
            if not (turn in JUDGED or full):
                continue
            found = _judged(walk, levels)
            tell(f"average_hierarchical: {len(met.position):,} models weighed")
            if full or (found.settled is not None and found.settled.agreed):
                break
    assert found is not None, "the last round is judged"
    return found


def _round(walk: _HeatedChains, generator: np.random.Generator, most: int) -> bool:
    """The steps of a round; whether it was cut short because so many models were weighed."""
    for step in range(ROUND):
        walk.step(generator, step)
        if step % LOOK == LOOK - 1 and len(walk.met.position) > most:
            return True
    return False


def _begun(ask: WeighingRequest, met: _Met, generator: np.random.Generator) -> _HeatedChains:
    """Chains at the peaks, at models in the window about them, and at main effects with random pairs."""
    lattice = ask.fitter.lattice
    both = np.ones((1, 2), dtype=bool)
    tops = climbs(ask) if ask.weights == "laplace" else window(ask, NEAR).models
    positions = met.at(tops, np.repeat(both, len(tops), axis=0))
    weight = normalised(met.log[positions])
    pairs = np.array([len(term) == 2 for term in lattice.terms])
    now = np.empty((CHAINS, len(HEAT), len(lattice.terms)), dtype=bool)
    for chain, heat in np.ndindex(CHAINS, len(HEAT)):
        if chain % 4 < 2:
            now[chain, heat] = tops[generator.choice(len(tops), p=weight)]
        else:
            now[chain, heat] = lattice.main | (pairs & (generator.random(len(pairs)) < generator.random()))
    flat = now.reshape(-1, len(lattice.terms))
    at = met.at(flat, np.repeat(_halves(CHAINS), len(HEAT), axis=0))
    lost = ~np.isfinite(met.log[at])
    flat[lost] = lattice.main
    at[lost] = met.at(lattice.main[None], both)[0]
    return _HeatedChains(met=met, now=flat.reshape(now.shape), at=at.reshape(CHAINS, len(HEAT)), path=[])


def _judged(walk: _HeatedChains, levels: tuple[float, ...]) -> Weighed:
    """The models with their weights, and whether the chains agree on them."""
    met, shares = walk.met, walk.shares()
    size = len(met.position)
    models, log, by = met.models[:size], met.log[:size], met.by[:size]
    first = _halves(CHAINS)[:, 0]
    # What each half met, as the other half sees it.
    seen = [float(shares[~first][:, by[:, 0]].sum(axis=1).mean()), float(shares[first][:, by[:, 1]].sum(axis=1).mean())]
    left_out = max(1 - min(seen), 0.0)
    by_visits = left_out > LEFT_OUT
    weight = shares.mean(axis=0) if by_visits else normalised(log)
    kept = weight > 0
    mixture = DarkFigureMixture(
        weight=weight[kept], centre=met.centre[:size][kept], spread=np.sqrt(met.variance[:size][kept])
    )
    errors = _errors(shares[:, kept] @ models[kept].astype(float)).max()
    below = np.column_stack([mixture.each_below(mixture.quantile(level)) for level in levels])
    at_limits = _errors(shares[:, kept] @ below)
    agreed = bool(
        not by_visits
        or (errors <= INCLUSION and (at_limits <= [TAIL if not 0.1 < q < 0.9 else MIDDLE for q in levels]).all())
    )
    settled = Settled(
        chains=CHAINS, steps=len(walk.path), left_out=left_out, by_visits=by_visits, inclusion=float(errors),
        limits=tuple(float(one) for one in at_limits), agreed=agreed,
    )  # fmt: skip
    return Weighed(
        models=models[kept], weight=weight[kept], centre=mixture.centre, variance=mixture.spread**2,
        alone=_alone(log, by, seen, weight)[kept] if by_visits else weight[kept], looked_at=size,
        with_estimate=int(np.isfinite(log).sum()), settled=settled,
    )  # fmt: skip


def _errors(of_chains: Floats) -> Floats:
    """Standard errors of the means of chains, shape (chains, …) to (…)."""
    return of_chains.std(axis=0, ddof=1) / np.sqrt(len(of_chains))


def _alone(log: Floats, by: Flags, seen: list[float], visits: Floats) -> Floats:
    """Weights of single models: as they explain the lists, on the scale of the share of time that others spend at those met by a half.

    Where the halves met nothing in common there is no such scale, and nothing is known but the visits.
    """
    top = np.exp(log - log.max())
    scales = [float(top[by[:, half]].sum()) / seen[half] for half in (0, 1) if seen[half] > 0]
    return top / np.mean(scales) if scales else visits
