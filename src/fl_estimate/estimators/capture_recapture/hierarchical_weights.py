"""What each log-linear model weighs: by BIC or by Laplace's integral, over all models or those in Occam's window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from fl_estimate.arrays import Floats, Positions
from fl_estimate.estimators.capture_recapture.batch import BLOCK, Fitter, Flags
from fl_estimate.estimators.capture_recapture.model_space import neighbours
from fl_estimate.estimators.capture_recapture.stepwise import information

Weights = Literal["bic", "laplace"]
ModelPrior = Literal["uniform", "size"]
WINDOW = {"bic": float(np.log(1e3)), "laplace": float(np.log(1e5))}
"""A model of a smaller part of the best one's weight is not gone on from. By the integral very many weigh a little each."""
MOST = {"bic": 10_000, "laplace": 8_000}
"""Models that a search goes through before it is cut short, with a reason."""
STEPS = 60
SETTLED = 1e-6
"""Largest relative change of a fitted count in the last Newton step; the error left is its square."""


@dataclass(frozen=True, kw_only=True, eq=False)
class WeighingRequest:
    """What is to be weighed, and how."""

    fitter: Fitter
    counts: Floats
    weights: str
    model_prior: str
    deviation: float

    @property
    def interactions(self) -> Flags:
        """Which terms are of several lists."""
        return ~self.fitter.lattice.main


@dataclass(frozen=True, kw_only=True)
class Settled:
    """How far chains over models have settled.

    Attributes
    ----------
    chains, steps : int
    left_out : float
        Share of the posterior in models that half of the chains did not meet, as the other half says.
    by_visits : bool
        Whether models weigh as often as chains were at them; else all that were met weigh as they explain the lists.
    inclusion : float
        The largest standard error, between chains, of the weight of an interaction.
    limits : tuple of float
        The same of the probability below the lower limit, the median and the upper limit.
    agreed : bool
    """

    chains: int
    steps: int
    left_out: float
    by_visits: bool
    inclusion: float
    limits: tuple[float, ...]
    agreed: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class Weighed:
    """Models with an estimate: their weight (sum 1), and centre and variance of the logarithm of the dark figure."""

    models: Flags
    weight: Floats
    centre: Floats
    variance: Floats
    looked_at: int
    with_estimate: int
    complete: bool = True
    alone: Floats | None = None
    """Weights of single models, where `weight` says only how often chains were at them."""
    settled: Settled | None = None


def weighed(ask: WeighingRequest, models: Flags, *, complete: bool = True) -> Weighed:
    """Weigh models; those without a single estimate fall out."""
    log, centre, variance, _ = evidence(ask, models)
    known = np.isfinite(log)
    weight = normalised(log[known])
    return Weighed(
        models=models[known], weight=weight, centre=centre[known], variance=variance[known],
        looked_at=len(models), with_estimate=int(known.sum()), complete=complete,
    )  # fmt: skip


def normalised(log: Floats) -> Floats:
    """Weights of sum 1 from their logarithms."""
    weight = np.exp(log - log.max())
    return weight / weight.sum()


def window(ask: WeighingRequest, most: int | None = None) -> Weighed:
    """Go to neighbouring models while they weigh enough beside the best; then weigh all that were met.

    From main effects and from all pairs one first climbs to the best model that is near: weights have several peaks, and
    models between them may weigh next to nothing.
    """
    held: dict[bytes, float] = {}
    tops = _tops(ask, held)
    complete = [_walk(ask, top, held, MOST[ask.weights] if most is None else most) for top in tops]
    models = np.array([np.frombuffer(key, dtype=bool) for key in held], dtype=bool)
    return weighed(ask, models, complete=all(complete))


def climbs(ask: WeighingRequest) -> Flags:
    """The peaks that are come to from main effects and from all pairs, each once; shape (1 or 2, terms)."""
    return np.unique(np.array(_tops(ask, {})), axis=0)


def _tops(ask: WeighingRequest, weighed: dict[bytes, float]) -> list[Flags]:
    lattice = ask.fitter.lattice
    orders = np.array([len(term) for term in lattice.terms])
    return [_climb(ask, start, weighed) for start in (lattice.main, orders <= 2)]


def _met(ask: WeighingRequest, models: Flags, weighed: dict[bytes, float]) -> Floats:
    """Logarithms of the weights, each model weighed once; −∞ without an estimate."""
    new = np.array([model.tobytes() not in weighed for model in models], dtype=bool)
    if new.any():
        log = evidence(ask, models[new])[0]
        weighed.update(zip([model.tobytes() for model in models[new]], log.tolist(), strict=True))
    return np.array([weighed[model.tobytes()] for model in models])


def _beside(ask: WeighingRequest, model: Flags) -> Flags:
    """The neighbours of a model, shape (neighbours, terms)."""
    positions = neighbours(ask.fitter.lattice, model)
    others = np.tile(model, (len(positions), 1))
    others[np.arange(len(positions)), positions] ^= True
    return others


def _climb(ask: WeighingRequest, start: Flags, weighed: dict[bytes, float]) -> Flags:
    """From a start to the best neighbour, while there is a better one."""
    model, best = start, float(_met(ask, start[None], weighed)[0])
    while True:
        others = _beside(ask, model)
        log = _met(ask, others, weighed)
        position = int(log.argmax())
        # Without an estimate one goes on towards main effects, which have one.
        if best == -np.inf and not log[position] > -np.inf and len(smaller := others[others.sum(axis=1) < model.sum()]):
            model = smaller[0]
        elif log[position] > best:
            model, best = others[position], float(log[position])
        else:
            return model


def _walk(ask: WeighingRequest, start: Flags, weighed: dict[bytes, float], most: int) -> bool:
    """All models within the window that can be come to: adds what is met to `weighed`; says whether it came to its end."""
    front, best, passed = start[None], -np.inf, {start.tobytes()}
    while len(front):
        log = _met(ask, front, weighed)
        best = max(best, float(log.max()))
        following: dict[bytes, Flags] = {}
        for model in front[log >= best - WINDOW[ask.weights]]:
            for other in _beside(ask, model):
                if other.tobytes() not in passed:
                    following[other.tobytes()] = other
        passed |= following.keys()
        if len(weighed) + len(following) > most:
            return False
        front = np.array(list(following.values()), dtype=bool).reshape(-1, len(start))
    return True


def _log_prior(ask: WeighingRequest, models: Flags) -> Floats:
    if ask.model_prior == "uniform":
        return np.zeros(len(models))
    # Sizes alike, and models of a size alike: as if models of k of all interactions were C(K, k).
    size, most = models[:, ask.interactions].sum(axis=1), int(ask.interactions.sum())
    return -(special.gammaln(most + 1) - special.gammaln(size + 1) - special.gammaln(most - size + 1))


def evidence(ask: WeighingRequest, models: Flags, start: Floats | None = None) -> tuple[Floats, Floats, Floats, Floats]:
    """Logarithm of the weight, prior of the model included, centre and variance of the intercept, and the parameters.

    The logarithm is −∞ where a model has no estimate. Of BIC no parameters are given (shape (models, 0)).

    Parameters
    ----------
    models : bool array, shape (models, terms)
    start : array, shape (models, 1 + terms), optional
        Parameters to set out from, near those of the models; only Laplace's integral uses them.
    """
    terms = 1 + len(ask.fitter.lattice.terms)
    width = max(1, BLOCK // terms**2)
    parts: list[tuple[Floats, Floats, Floats, Floats]] = []
    for at in range(0, len(models), width):
        here = slice(at, at + width)
        if ask.weights == "bic":
            parts.append((*_by_bic(ask, models[here]), np.zeros((len(models[here]), 0))))
        else:
            parts.append(_by_laplace(ask, models[here], None if start is None else start[here]))
    log, centre, variance, modes = (np.concatenate(each) for each in zip(*parts, strict=True))
    log = np.where(np.isfinite(log) & np.isfinite(variance), log + _log_prior(ask, models), -np.inf)
    return log, centre, variance, modes


def _by_bic(ask: WeighingRequest, models: Flags) -> tuple[Floats, Floats, Floats]:
    tables = np.broadcast_to(ask.counts, (len(models), len(ask.counts)))
    fits = ask.fitter.fit(tables, models)
    log = np.where(fits.ok, -information(fits.log_likelihood, models, np.log(ask.counts.sum())) / 2, -np.inf)
    matrix = ask.fitter.lattice.matrix
    met = ask.counts @ matrix[:, 1:] > 0
    active = np.hstack([np.ones((len(models), 1), dtype=bool), models & met])
    fitted = np.where(fits.ok[:, None], fits.fitted, 1.0)
    variance = _intercept_variance(matrix, fitted, active)
    return log, fits.parameters[:, 0], np.where(fits.ok, variance, np.nan)


def _systems(matrix: Floats, fitted: Floats, active: Flags) -> Floats:
    """The information on the active columns, 1 on the diagonal elsewhere."""
    size = matrix.shape[1]
    outer = (matrix[:, :, None] * matrix[:, None, :]).reshape(len(matrix), -1)
    kept = active.astype(float)
    systems = (fitted @ outer).reshape(-1, size, size) * kept[:, :, None] * kept[:, None, :]
    return systems + np.eye(size) * (1 - kept)[:, None, :]


def _intercept_variance(matrix: Floats, fitted: Floats, active: Flags) -> Floats:
    first = np.zeros((len(fitted), matrix.shape[1], 1))
    first[:, 0, 0] = 1.0
    try:
        return np.linalg.solve(_systems(matrix, fitted, active), first)[:, 0, 0]
    except np.linalg.LinAlgError:
        return np.array([_one_variance(matrix, row, on) for row, on in zip(fitted, active, strict=True)])


def _one_variance(matrix: Floats, fitted: Floats, active: Flags) -> float:
    design = matrix[:, active]
    return float(np.linalg.pinv(design.T @ (design * fitted[:, None]), hermitian=True)[0, 0])


@dataclass(frozen=True, kw_only=True, eq=False)
class _Own:
    """Each model on its own columns only, with zeros behind them up to the width of the largest.

    Attributes
    ----------
    place : int array, shape (models, width)
        Of each column in the whole design.
    on : bool array, shape (models, width)
    design : array, shape (models, histories, width)
    pull : array, shape (models, width)
        What the prior adds to the information.
    """

    position: Positions
    on: Flags
    design: Floats
    pull: Floats

    @staticmethod
    def of(ask: WeighingRequest, models: Flags) -> _Own:
        matrix = ask.fitter.lattice.matrix
        active = np.hstack([np.ones((len(models), 1), dtype=bool), models])
        position = np.argsort(~active, axis=1, kind="stable")[:, : int(active.sum(axis=1).max())]
        on = np.take_along_axis(active, position, axis=1)
        pull = np.concatenate([[0.0], np.where(ask.interactions, ask.deviation**-2.0, 0.0)])
        design = np.where(on[:, None, :], matrix[:, position].transpose(1, 0, 2), 0.0)
        return _Own(position=position, on=on, design=design, pull=pull[position] * on)

    def some(self, which: Positions) -> _Own:
        """The same of some models."""
        return _Own(position=self.position[which], on=self.on[which], design=self.design[which], pull=self.pull[which])

    def linear(self, parameters: Floats) -> Floats:
        """Logarithms of the fitted counts, shape (models, histories)."""
        return (self.design @ parameters[:, :, None])[:, :, 0]

    def systems(self, fitted: Floats) -> Floats:
        """The information with the prior's, 1 on the diagonal behind a model's columns."""
        systems = (self.design * fitted[:, :, None]).transpose(0, 2, 1) @ self.design
        return systems + np.eye(self.on.shape[1]) * (self.pull + ~self.on)[:, None, :]

    def value(self, counts: Floats, parameters: Floats) -> Floats:
        """Log-likelihood and log-prior, each up to what does not depend on the parameters."""
        linear = self.linear(parameters)
        with np.errstate(over="ignore"):
            return (counts * linear - np.exp(linear)).sum(axis=1) - 0.5 * (self.pull * parameters**2).sum(axis=1)


def _by_laplace(
    ask: WeighingRequest, models: Flags, start: Floats | None = None
) -> tuple[Floats, Floats, Floats, Floats]:
    """Newton's method on the likelihood with a normal prior on interactions; its integral, the intercept at its mode, the mode."""
    counts, space = ask.counts, ask.fitter.lattice
    if start is None:
        start = np.tile(ask.fitter.fit(counts[None], space.main[None]).parameters, (len(models), 1))
    own = _Own.of(ask, models)
    here, value = _climbed(own, counts, np.where(own.on, np.take_along_axis(start, own.position, axis=1), 0.0))
    systems = own.systems(np.exp(own.linear(here)))
    inside = models[:, ask.interactions].sum(axis=1)
    log = value - special.gammaln(counts + 1).sum() - inside * np.log(ask.deviation)
    # ½ p log 2π of the integral, less ½ log 2π of the prior for each interaction.
    log += 0.5 * (1 + space.lists) * np.log(2 * np.pi) - np.linalg.slogdet(systems)[1] / 2
    first = np.zeros((*here.shape, 1))
    first[:, 0, 0] = 1.0
    modes = np.zeros((len(models), space.matrix.shape[1]))
    np.put_along_axis(modes, own.position, here, axis=1)
    return log, here[:, 0], np.linalg.solve(systems, first)[:, 0, 0], modes


def _climbed(own: _Own, counts: Floats, start: Floats) -> tuple[Floats, Floats]:
    """The parameters of the greatest value, and that value."""
    here, value, going = start.copy(), own.value(counts, start), np.arange(len(start))
    for _ in range(STEPS):
        now, there = own.some(going), here[going]
        fitted = np.exp(now.linear(there))
        gradient = ((counts - fitted)[:, None, :] @ now.design)[:, 0] - now.pull * there
        step = np.linalg.solve(now.systems(fitted), gradient[:, :, None])[:, :, 0]
        change = np.abs(now.linear(step)).max(axis=1)
        step *= np.minimum(1.0, 3.0 / np.maximum(change, 3.0))[:, None]
        for _ in range(12):
            after = now.value(counts, there + step)
            worse = after < value[going] - 1e-9 * (1 + np.abs(value[going]))
            if not worse.any():
                break
            step[worse] /= 2
        here[going], value[going] = there + step, now.value(counts, there + step)
        going = going[change >= SETTLED]
        if not len(going):
            break
    return here, value
