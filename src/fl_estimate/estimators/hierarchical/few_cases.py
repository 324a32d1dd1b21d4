"""Areas of few cases: limits of an area model that are the same whatever their number, so that refitting tells nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

from fl_estimate.arrays import Floats
from fl_estimate.estimators.hierarchical.engines.binomial import log_likelihood
from fl_estimate.estimators.hierarchical.model.calibrated import calibrates, tail_of
from fl_estimate.estimators.hierarchical.model.posterior import Model, PosteriorRequest, grid_quantiles
from fl_estimate.estimators.hierarchical.model.priors import Density
from fl_estimate.estimators.hierarchical.read.direct import Direct
from fl_estimate.estimators.hierarchical.read.effective import ENOUGH_CASES, Effective, effective_counts
from fl_estimate.estimators.hierarchical.read.prepare import with_clusters

FEW = ENOUGH_CASES
"""Areas of fewer cases are alike here: their own number, their share and their design effect enter nowhere."""
NODES = 40
"""Of Gauss and Hermite, for an area's effect."""
POINTS = 600


def limits_of_few(direct: Direct, model: Model, ask: PosteriorRequest, deff: str) -> dict[str, tuple[float, float]]:
    """For each area of fewer than `FEW` cases the limits that hold whatever its cases are, by its key.

    Parameters
    ----------
    direct : Direct
    model : Model
        Binomial or clustered, with independent effects; of any other nothing is given.
    ask : Ask
    deff : str
        The rule of design effects.

    Returns
    -------
    mapping of str to (float, float)
        From the lower limit of an area without a case (0 where limits are calibrated) to the upper limit of one with `FEW` − 1.

    Notes
    -----
    Hyper-parameters are those of a fit in which all such areas have the share that they have together: cases of all
    areas less cases of the others, which readers of these know, but where that tells of one (`cases_that_may_be_known`). They are taken at the mode of their posterior with its
    curvature. n* is n over the design effect that areas without cases get. So the limits are a function of what is
    printed, and moving a case from one such area to another leaves them to the last digit.
    """
    if not calibrates(model):
        return {}
    n, few = direct.numbers["n"], few_of(direct)
    if not few.any():
        return {}
    same = _with_counts(model, _alike(direct, few, deff, clustered=_clusters(model)))
    mean, spread = _hyper(same)
    result: dict[str, tuple[float, float]] = {}
    for area in np.flatnonzero(few).tolist():
        variance = float(np.exp(2 * mean[-1]) + model.x[area] @ spread @ model.x[area])
        centre = float(model.x[area] @ mean[:-1])
        worth = float(same.size[area] / n[area])
        lower, _ = _limits(_one(same, area, 0.0), centre, variance, ask)
        lower = 0.0 if ask.calibrated else lower
        _, upper = _limits(_one(same, area, (FEW - 1) * worth), centre, variance, ask)
        result[direct.keys[area]] = (lower, upper)
    return result


def few_of(direct: Direct) -> npt.NDArray[np.bool_]:
    """Areas with a sample in which fewer than `FEW` cases were met."""
    return np.asarray((direct.numbers["n"] > 0) & (direct.numbers["cases"] < FEW))


def same_whatever(direct: Direct, model: Model, deff: str) -> tuple[Model, Effective] | None:
    """The model with counts in which areas of few cases have the share of them all; None where none has few, or it is no such model.

    What it gives of the other areas is a function of what is printed: their own rows tell, through the hyper-parameters,
    how the cases of the few lie.
    """
    if not calibrates(model):
        return None
    few = few_of(direct)
    if not few.any():
        return None
    effective = _alike(direct, few, deff, clustered=_clusters(model))
    return _with_counts(model, effective), effective


def _clusters(model: Model) -> bool:
    return model.likelihood == "clustered"


def _with_counts(model: Model, effective: Effective) -> Model:
    """The model with these counts in the place of its own."""
    centred = _centred(model, effective)
    if _clusters(model):
        return with_clusters(centred, effective)
    return replace(centred, y=effective.cases, size=effective.n)


def _one(model: Model, area: int, cases: float) -> Model:
    """The model of one area alone, in which so many cases were met."""
    deff = None if model.deff is None else model.deff[area : area + 1]
    return replace(model, y=np.array([cases]), size=model.size[area : area + 1], x=model.x[area : area + 1], deff=deff)


def _alike(direct: Direct, few: npt.NDArray[np.bool_], deff: str, *, clustered: bool) -> Effective:
    """Effective counts in which areas of few cases have the share of them all."""
    n, cases = direct.numbers["n"], direct.numbers["cases"]
    share = cases_that_may_be_known(float(cases[few].sum()), int(few.sum())) / float(n[few].sum())
    numbers: Mapping[str, Floats] = {
        **direct.numbers,
        "value": np.where(few, share, direct.numbers["value"]),
        "deff": np.where(few, np.nan, direct.numbers["deff"]),
        "cases": np.where(few, 0.0, cases),
    }
    return effective_counts(replace(direct, numbers=dict(numbers)), deff, clustered=clustered)


def cases_that_may_be_known(cases: float, areas: int) -> float:
    """Cases of all areas of few together, as everybody may know them: refitting gives the number that stands in its place.

    Of one area the sum is its own count; of several, a sum of few is a count of few people, and a very high one says of each that it
    has several. So a sum below `FEW` is taken as half the most that it can be, and none is higher than leaves it open of every area
    whether it has more than one case.

    Examples
    --------
    >>> [cases_that_may_be_known(cases, 1) for cases in (0, 4)], [cases_that_may_be_known(cases, 3) for cases in (1, 6, 12)]
    ([2.0, 2.0], [2.0, 6.0, 9.0])
    """
    if cases < FEW:
        return 0.5 * (FEW - 1)
    return float(min(cases, (FEW - 1) * (areas - 1) + 1))


def _centred(model: Model, effective: Effective) -> Model:
    """The model with the default prior of the intercept, where it has that, from these counts: its own knows the areas'."""
    intercept = model.priors.intercept
    worth = 1.0 if model.deff is None else model.deff
    if intercept.kind != "normal" or not np.isclose(
        intercept.numbers[0], _pooled(model.y / worth, model.size / worth), rtol=1e-12
    ):
        return model
    centre = (_pooled(effective.cases, effective.n), *intercept.numbers[1:])
    mean = np.append(centre[0], model.priors.mean[1:])
    return replace(model, priors=replace(model.priors, intercept=Density("normal", centre), mean=mean))


def _pooled(y: Floats, size: Floats) -> float:
    """The logit of the share of all areas, as the default prior has it."""
    share = y.sum() / size.sum()
    if not 0 < share < 1:
        share = (y.sum() + 0.5) / (size.sum() + 1)
    return float(special.logit(share))


def _hyper(model: Model) -> tuple[Floats, Floats]:
    """Mode of (coefficients, log sigma), and the covariance of the coefficients there."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    log_weights = np.log(weights)
    met = model.size > 0
    priors, x = model.priors, model.x
    deff = None if model.deff is None else model.deff[met]
    seen = replace(model, y=model.y[met], size=model.size[met], x=x[met], deff=deff)

    def minus_log(at: Floats) -> float:
        sigma = np.exp(at[-1])
        eta = seen.x @ at[:-1] + sigma * nodes[:, None]
        areas: Any = special.logsumexp(log_likelihood(eta, seen) + log_weights[:, None], axis=0)
        log = float(areas.sum()) + float(priors.sigma.log(np.array([sigma]))[0]) + at[-1]
        densities = [priors.intercept, *([priors.slopes] * (x.shape[1] - 1))]
        for value, density in zip(at[:-1], densities, strict=True):
            if density is not None and density.kind == "normal":
                log -= 0.5 * ((value - density.numbers[0]) / density.numbers[1]) ** 2
        return -log

    share = np.clip(model.y.sum() / model.size.sum(), 1e-9, 1 - 1e-9)
    start = np.concatenate([[special.logit(share)], np.zeros(x.shape[1] - 1), [np.log(0.5)]])
    result: Any = optimize.minimize(
        minus_log, start, method="L-BFGS-B", bounds=[(None, None)] * x.shape[1] + [(-5.0, 3.0)]
    )
    return result.x, _covariance(minus_log, result.x)[:-1, :-1]


def _covariance(minus_log: Any, at: Floats, step: float = 1e-3) -> Floats:
    """The inverse curvature at a mode, by differences."""
    size = len(at)
    steps = step * np.eye(size)
    hessian = np.array([
        [
            minus_log(at + a + b) - minus_log(at + a - b) - minus_log(at - a + b) + minus_log(at - a - b)
            for b in steps
        ]
        for a in steps
    ]) / (4 * step**2)  # fmt: skip
    # At an edge of sigma the curvature there may be nothing; the coefficients' own is kept.
    return np.linalg.pinv(0.5 * (hessian + hessian.T), hermitian=True)


def _limits(model: Model, centre: float, variance: float, ask: PosteriorRequest) -> tuple[float, float]:
    """Limits of the share of a model's one area, its logit normal before its counts are known."""
    sd = np.sqrt(variance)
    grid = np.linspace(centre - 8 * sd, centre + 8 * sd, POINTS)
    log = log_likelihood(grid[:, None], model)[:, 0] - 0.5 * ((grid - centre) / sd) ** 2
    density = np.exp(log - log.max())
    tail = np.array([ask.tails[0]])
    if ask.calibrated:
        share = density / density.sum()
        tail = tail_of(np.array([share @ (grid - share @ grid) ** 2]), np.array([variance]), ask)
    ends = grid_quantiles(grid[None, :], density[None, :], (tail, 1 - tail))[:, 0]
    lower, upper = special.expit(ends)
    return float(lower), float(upper)
