"""Stepwise choice of pairs of lists by how badly the model so far predicts their overlap, for many tables at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from fl_estimate.estimators.capture_recapture.batch import (
    Fits,
    Fitter,
    Flags,
    Floats,
    Lattice,
    information_systems,
    one_thread,
    solve_all,
)

WANTED = 0.02
"""Tail below which a pair that a model leaves out is wanted: the usual threshold of the stepwise choice."""
LEAST_SPREAD = 1e-6
"""Of an overlap, as a share of its mean: a pair that the model leaves no more of is in the model."""
Tails = Literal["margins", "poisson"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Chosen:
    """Models chosen for B tables, and their dark figures; without an estimate of main effects NaN.

    Attributes
    ----------
    models : bool array, shape (B, terms)
    dark : array, shape (B,)
    """

    models: Flags
    dark: Floats


def stepwise(fitter: Fitter, counts: Floats, threshold: float, rule: Tails = "margins") -> Chosen:
    """Add the pair with the smallest tail while it is below the threshold, from main effects on."""
    if threshold >= 1:
        every = np.ones((len(counts), len(fitter.lattice.terms)), dtype=bool)
        full = fitter.fit(counts, every)
        rest = ~full.ok
        chosen = Chosen(models=every.copy(), dark=full.dark)
        if rest.any():
            walked = _StepwiseState(fitter, counts[rest], rule)
            walked.run(threshold)
            chosen.models[rest], chosen.dark[rest] = walked.models, walked.fits_dark()
        return chosen
    walk = _StepwiseState(fitter, counts, rule)
    walk.run(threshold)
    return Chosen(models=walk.models, dark=walk.fits_dark())


def stepwise_by_bic(fitter: Fitter, counts: Floats) -> Chosen:
    """Take, of all models that the stepwise choice passes as its threshold goes from 0 to 1, the one of least BIC."""
    walk = _StepwiseState(fitter, counts, "poisson")
    best, models, dark = walk.bic(), walk.models.copy(), walk.fits_dark()
    while walk.step(1.0):
        now = walk.bic()
        better = now < best
        best = np.where(better, now, best)
        models[better], dark[better] = walk.models[better], walk.fits_dark()[better]
    return Chosen(models=models, dark=dark)


def tails(observed: Floats, expected: Floats, spread: Floats | float = 1.0) -> Floats:
    """Smaller of the two tails of a count, each with the observed value in it.

    Its variance is `spread` times its mean: that of spread × Poisson(mean / spread). With 1 it is Poisson itself.
    """
    mean, value = expected / spread, observed / spread
    below = special.gammaincc(value + 1, mean)
    above = np.where(value > 0, special.gammainc(np.maximum(value, 1e-300), mean), 1.0)
    return np.minimum(below, above)


def spreads(space: Lattice, fitted: Floats, models: Flags) -> Floats:
    """Variance of each overlap that the margins of a model leave, as a share of its mean, for B fits: shape (B, terms).

    c'Wc − c'WA(A'WA)⁻¹A'Wc, c the histories of the overlap and A the model's own columns, over c'Wc. Where lists
    hardly overlap, people and totals fix the overlaps' sum alone: near 1 − 1/pairs after main effects. Where they hold most
    people little is left: the overlap nearly follows from their totals.
    """
    own = fitted @ space.matrix
    # A term at −∞ has no information, and takes none.
    active = np.hstack([np.ones((len(models), 1), dtype=bool), models]) & (own > 0)
    used = active.any(axis=0)
    inside, active = space.matrix[:, used], active[:, used]
    with one_thread():
        whole = fitted @ (inside[:, :, None] * inside[:, None, :]).reshape(len(inside), -1)
        shared = (fitted @ (inside[:, :, None] * space.matrix[:, None, :]).reshape(len(inside), -1)).reshape(
            len(fitted), inside.shape[1], -1
        ) * active[:, :, None]
        systems = information_systems(whole, active)
        try:
            known = np.linalg.solve(systems, shared)
        except np.linalg.LinAlgError:
            known = np.stack([solve_all(systems, shared[:, :, at]) for at in range(shared.shape[2])], axis=2)
        left = own - (shared * known).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.clip(np.nan_to_num(left / own, nan=1.0), LEAST_SPREAD, 1.0)[:, 1:]


def blocked_pairs(space: Lattice, counts: Floats, model: Flags) -> list[int]:
    """Pairs whose overlap a model predicts badly and that it cannot take in, for with them it has no single estimate.

    Places among the terms of the lattice. Lists of which one holds another make such pairs.
    """
    fitter = Fitter(lattice=space)
    fit = fitter.fit(counts[None], model[None])
    if not fit.ok[0]:
        return []
    met, expected = counts @ space.matrix[:, 1:], fit.fitted[0] @ space.matrix[:, 1:]
    pair = np.array([len(term) == 2 for term in space.terms])
    spread = spreads(space, fit.fitted, model[None])[0]
    wanted = np.flatnonzero(pair & ~model & (tails(met, expected, spread) < WANTED))
    if not len(wanted):
        return []
    models = np.tile(model, (len(wanted), 1))
    models[np.arange(len(wanted)), wanted] = True
    made = fitter.fit(np.tile(counts, (len(wanted), 1)), models)
    return [int(position) for position in wanted[~made.ok]]


class _StepwiseState:
    """Where B tables stand on their way: a model each, its fit, and the pairs found impossible to add."""

    def __init__(self, fitter: Fitter, counts: Floats, rule: Tails) -> None:
        lattice = fitter.lattice
        self.fitter, self.counts, self.rule = fitter, counts, rule
        self.models = np.tile(lattice.main, (len(counts), 1))
        made = fitter.fit(counts, self.models)
        self.parameters, self.fitted, self.log_likelihood = made.parameters, made.fitted, made.log_likelihood
        self.going = made.ok.copy()
        self.blocked = np.zeros_like(self.models)
        self.met = counts @ lattice.matrix[:, 1:]

    def fits_dark(self) -> Floats:
        return np.exp(self.parameters[:, 0])

    def bic(self) -> Floats:
        """BIC with the people for its n; a term at −∞ was estimated too."""
        return information(self.log_likelihood, self.models, np.log(self.counts.sum(axis=1)))

    def run(self, threshold: float) -> None:
        while self.step(threshold):
            pass

    def step(self, threshold: float) -> bool:
        """Add one pair to each table that still has one below the threshold; False when none has."""
        waiting = np.flatnonzero(self.going)
        self.blocked[waiting] = False
        while len(waiting):
            pairs, smallest = self._next(waiting)
            ended = smallest >= threshold
            self.going[waiting[ended]] = False
            waiting, pairs = waiting[~ended], pairs[~ended]
            if not len(waiting):
                break
            models = self.models[waiting].copy()
            models[np.arange(len(waiting)), pairs] = True
            made = self.fitter.fit(self.counts[waiting], models, self.parameters[waiting])
            self._take(waiting[made.ok], models[made.ok], made)
            self.blocked[waiting[~made.ok], pairs[~made.ok]] = True
            waiting = waiting[~made.ok]
        return bool(self.going.any())

    def _next(self, positions: npt.NDArray[np.intp]) -> tuple[npt.NDArray[np.intp], Floats]:
        """The pair with the smallest tail in each table (the first of equals), and the tail."""
        lattice = self.fitter.lattice
        expected = self.fitted[positions] @ lattice.matrix[:, 1:]
        left = 1.0 if self.rule == "poisson" else spreads(lattice, self.fitted[positions], self.models[positions])
        values = tails(self.met[positions], expected, left)
        # A pair that cannot be added counts as predicted perfectly.
        values = np.where(self.blocked[positions], 1.0, values)
        values = np.where(self.models[positions], np.inf, values)
        pairs = values.argmin(axis=1)
        return pairs, values[np.arange(len(positions)), pairs]

    def _take(self, positions: npt.NDArray[np.intp], models: Flags, made: Fits) -> None:
        self.models[positions] = models
        self.parameters[positions] = made.parameters[made.ok]
        self.fitted[positions] = made.fitted[made.ok]
        self.log_likelihood[positions] = made.log_likelihood[made.ok]


def information(log_likelihood: Floats, models: Flags, penalty: Floats | float) -> Floats:
    """An information criterion: (1 + terms) × penalty − 2 l. Penalty log n gives BIC, 2 AIC."""
    return (1 + models.sum(axis=1)) * penalty - 2 * log_likelihood
