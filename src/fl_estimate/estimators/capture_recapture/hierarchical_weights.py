"""What each log-linear model weighs: by BIC or by Laplace's integral, over all models or those in Occam's window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from fl_estimate.arrays import Floats
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
SETTLED = 1e-8


@dataclass(frozen=True, kw_only=True, eq=False)
class Ask:
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


@dataclass(frozen=True, kw_only=True, eq=False)
class Weighed:
    """Models with an estimate: their weight (sum 1), and centre and variance of the logarithm of the dark figure."""

    models: Flags
    weight: Floats
    centre: Floats
    variance: Floats
    looked_at: int
    complete: bool = True


def weighed(ask: Ask, models: Flags, *, complete: bool = True) -> Weighed:
    """Weigh models; those without a single estimate fall out."""
    log, centre, variance = _evidence(ask, models)
    known = np.isfinite(log) & np.isfinite(variance)
    log = log[known] + _log_prior(ask, models[known])
    weight = np.exp(log - special.logsumexp(log))
    return Weighed(
        models=models[known], weight=weight, centre=centre[known], variance=variance[known],
        looked_at=len(models), complete=complete,
    )  # fmt: skip


def window(ask: Ask) -> Weighed:
    """Go to neighbouring models while they weigh enough beside the best; then weigh all that were met.

    From main effects and from all pairs one first climbs to the best model that is near: weights have several peaks, and
    models between them may weigh next to nothing.
    """
    lattice = ask.fitter.lattice
    orders = np.array([len(term) for term in lattice.terms])
    held: dict[bytes, float] = {}
    tops = [_climb(ask, start, held) for start in (lattice.main, orders <= 2)]
    complete = [_walk(ask, top, held) for top in tops]
    models = np.array([np.frombuffer(key, dtype=bool) for key in held], dtype=bool)
    return weighed(ask, models, complete=all(complete))


def _met(ask: Ask, models: Flags, held: dict[bytes, float]) -> Floats:
    """Logarithms of the weights, each model weighed once; −∞ without an estimate."""
    new = np.array([model.tobytes() not in held for model in models], dtype=bool)
    if new.any():
        log = _evidence(ask, models[new])[0] + _log_prior(ask, models[new])
        log = np.where(np.isfinite(log), log, -np.inf)
        held.update(zip([model.tobytes() for model in models[new]], log.tolist(), strict=True))
    return np.array([held[model.tobytes()] for model in models])


def _beside(ask: Ask, model: Flags) -> Flags:
    """The neighbours of a model, shape (neighbours, terms)."""
    places = neighbours(ask.fitter.lattice, model)
    others = np.tile(model, (len(places), 1))
    others[np.arange(len(places)), places] ^= True
    return others


def _climb(ask: Ask, start: Flags, held: dict[bytes, float]) -> Flags:
    """From a start to the best neighbour, while there is a better one."""
    model, best = start, float(_met(ask, start[None], held)[0])
    while True:
        others = _beside(ask, model)
        log = _met(ask, others, held)
        place = int(log.argmax())
        # Without an estimate one goes on towards main effects, which have one.
        if best == -np.inf and not log[place] > -np.inf and len(smaller := others[others.sum(axis=1) < model.sum()]):
            model = smaller[0]
        elif log[place] > best:
            model, best = others[place], float(log[place])
        else:
            return model


def _walk(ask: Ask, start: Flags, held: dict[bytes, float]) -> bool:
    """All models within the window that can be come to: adds what is met to `held`; says whether it came to its end."""
    front, best, passed = start[None], -np.inf, {start.tobytes()}
    while len(front):
        log = _met(ask, front, held)
        best = max(best, float(log.max()))
        following: dict[bytes, Flags] = {}
        for model in front[log >= best - WINDOW[ask.weights]]:
            for other in _beside(ask, model):
                if other.tobytes() not in passed:
                    following[other.tobytes()] = other
        passed |= following.keys()
        if len(held) + len(following) > MOST[ask.weights]:
            return False
        front = np.array(list(following.values()), dtype=bool).reshape(-1, len(start))
    return True


def _log_prior(ask: Ask, models: Flags) -> Floats:
    if ask.model_prior == "uniform":
        return np.zeros(len(models))
    # Sizes alike, and models of a size alike: as if models of k of all interactions were C(K, k).
    size, most = models[:, ask.interactions].sum(axis=1), int(ask.interactions.sum())
    return -(special.gammaln(most + 1) - special.gammaln(size + 1) - special.gammaln(most - size + 1))


def _evidence(ask: Ask, models: Flags) -> tuple[Floats, Floats, Floats]:
    """Logarithm of the weight, and centre and variance of the intercept, in blocks."""
    terms = 1 + len(ask.fitter.lattice.terms)
    width = max(1, BLOCK // terms**2)
    parts = [
        (_by_bic if ask.weights == "bic" else _by_laplace)(ask, models[at : at + width])
        for at in range(0, len(models), width)
    ]
    return tuple(np.concatenate(each) for each in zip(*parts, strict=True))  # pyright: ignore[reportReturnType]


def _by_bic(ask: Ask, models: Flags) -> tuple[Floats, Floats, Floats]:
    tables = np.broadcast_to(ask.counts, (len(models), len(ask.counts)))
    fits = ask.fitter.fit(tables, models)
    log = np.where(fits.ok, -information(fits.log_likelihood, models, np.log(ask.counts.sum())) / 2, -np.inf)
    matrix = ask.fitter.lattice.matrix
    met = ask.counts @ matrix[:, 1:] > 0
    active = np.hstack([np.ones((len(models), 1), dtype=bool), models & met])
    fitted = np.where(fits.ok[:, None], fits.fitted, 1.0)
    variance = _intercept_variance(matrix, fitted, active)
    return log, fits.parameters[:, 0], np.where(fits.ok, variance, np.nan)


def _systems(matrix: Floats, fitted: Floats, active: Flags, added: Floats | None = None) -> Floats:
    """The information on the active columns, 1 on the diagonal elsewhere; with what a prior adds on the diagonal."""
    size = matrix.shape[1]
    outer = (matrix[:, :, None] * matrix[:, None, :]).reshape(len(matrix), -1)
    kept = active.astype(float)
    systems = (fitted @ outer).reshape(-1, size, size) * kept[:, :, None] * kept[:, None, :]
    diagonal = (1 - kept) + (0.0 if added is None else added * kept)
    return systems + np.eye(size) * diagonal[:, None, :]


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


def _by_laplace(ask: Ask, models: Flags) -> tuple[Floats, Floats, Floats]:
    """Newton's method on the likelihood with a normal prior on interactions; its integral, and the intercept at its mode."""
    matrix, counts = ask.fitter.lattice.matrix, ask.counts
    active = np.hstack([np.ones((len(models), 1), dtype=bool), models])
    pull = np.concatenate([[0.0], np.where(ask.interactions, ask.deviation**-2.0, 0.0)])
    main = ask.fitter.fit(counts[None], ask.fitter.lattice.main[None]).parameters
    here = np.tile(main, (len(models), 1))
    value = _penalised(matrix, counts, pull, here)
    going = np.arange(len(models))
    for _ in range(STEPS):
        there, on = here[going], active[going]
        fitted = np.exp(there @ matrix.T)
        gradient = ((counts - fitted) @ matrix - pull * there) * on
        step = np.linalg.solve(_systems(matrix, fitted, on, pull), gradient[:, :, None])[:, :, 0]
        change = np.abs(step @ matrix.T).max(axis=1)
        step *= np.minimum(1.0, 3.0 / np.maximum(change, 3.0))[:, None]
        for _ in range(12):
            after = _penalised(matrix, counts, pull, there + step)
            worse = after < value[going] - 1e-9 * (1 + np.abs(value[going]))
            if not worse.any():
                break
            step[worse] /= 2
        here[going] = there + step
        value[going] = _penalised(matrix, counts, pull, here[going])
        going = going[change >= SETTLED]
        if not len(going):
            break
    systems = _systems(matrix, np.exp(here @ matrix.T), active, pull)
    log_size = np.linalg.slogdet(systems)[1]
    inside = models[:, ask.interactions].sum(axis=1)
    log = value - special.gammaln(counts + 1).sum() - inside * np.log(ask.deviation)
    # ½ p log 2π of the integral, less ½ log 2π of the prior for each interaction.
    log += 0.5 * (1 + ask.fitter.lattice.lists) * np.log(2 * np.pi) - log_size / 2
    first = np.zeros((len(models), matrix.shape[1], 1))
    first[:, 0, 0] = 1.0
    return log, here[:, 0], np.linalg.solve(systems, first)[:, 0, 0]


def _penalised(matrix: Floats, counts: Floats, pull: Floats, parameters: Floats) -> Floats:
    """Log-likelihood and log-prior, each up to what does not depend on the parameters."""
    linear = parameters @ matrix.T
    with np.errstate(over="ignore"):
        return (counts * linear - np.exp(linear)).sum(axis=1) - 0.5 * (pull * parameters**2).sum(axis=1)
