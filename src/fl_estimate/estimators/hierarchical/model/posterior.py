"""What every sampler of an area model hands on, and the summaries that they share. Arrays only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from fl_estimate.arrays import Floats
from fl_estimate.estimators.hierarchical.model.clustered import Kernel
from fl_estimate.estimators.hierarchical.model.priors import Density, Priors
from fl_estimate.estimators.hierarchical.model.structure import Crossed, Structure
from fl_estimate.results.codes import ReasonCode

NATIONAL_DRAWS = 16_000
"""Draws behind the national row: the error of a 2.5 % quantile is then about 2 % of the posterior's standard deviation."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """One area model in arrays; m areas, p coefficients.

    Attributes
    ----------
    likelihood : str
        "binomial", "clustered", "beta-binomial" or "normal".
    link : str
        "logit", "identity", "log" or "arcsine".
    y, size : array, shape (m,)
        Binomial: effective cases and effective n, both 0 without sample. Clustered: weighted cases and n. Normal: values and their variances on the
        scale of the link, NaN without sample.
    x : array, shape (m, p)
        The first column is the intercept.
    names : tuple of str
        Of the coefficients.
    priors : Priors
    structure : Structure, Crossed or None
        How the areas' effects hang together; None where they are independent.
    kappa : Density or None
        Prior of the beta-binomial's kappa.
    deff : array, shape (m,), or None
        Clustered: the areas' design effects, 1 without sample.
    """

    likelihood: str
    link: str
    y: Floats
    size: Floats
    x: Floats
    names: tuple[str, ...]
    priors: Priors
    structure: Structure | Crossed | None = None
    kappa: Density | None = None
    deff: Floats | None = None

    @cached_property
    def kernel(self) -> Kernel | None:
        """Likelihoods of areas whose cases come in clusters; None of the other models."""
        return None if self.deff is None else Kernel.of(self.y, self.size, self.deff)


@dataclass(frozen=True, kw_only=True)
class PosteriorRequest:
    """What is wanted of a posterior: level, draws kept, seed, and shares of a population for the national row.

    With `progress` Markov chains show how far they are. `calibrated` limits have tails by area: see `calibrated.tail_of`.
    """

    level: float
    draws: int
    seed: int
    shares: Floats | None
    progress: bool = False
    calibrated: bool = False

    @property
    def tails(self) -> tuple[float, float, float]:
        """Probabilities of the lower limit, the median and the upper limit."""
        return (1 - self.level) / 2, 0.5, (1 + self.level) / 2


@dataclass(frozen=True, kw_only=True)
class Posterior:
    """Summaries of every area on the natural scale, and joint draws.

    `draws` has shape (draws kept, m); `national` holds draws of the population's share, more than those kept, whose
    first belong to the draws kept. `benchmark` holds the target, the rule and the medians before, where areas were moved.
    `joint` holds the parameters of the draws kept, by name, first axis the draws; these stand chain after chain where there
    are `chains`, and `stats` is what the sampler said of each. `tail` is the probability beyond either limit where it differs by
    area, shape (m,).
    """

    median: Floats
    sd: Floats
    lower: Floats
    upper: Floats
    draws: Floats
    national: Floats | None
    parameters: Mapping[str, Mapping[str, float]]
    diagnostics: Mapping[str, Any]
    flags: tuple[tuple[ReasonCode, tuple[tuple[str, Any], ...]], ...] = field(default=())
    benchmark: Mapping[str, Any] | None = None
    joint: Mapping[str, Floats] = field(default_factory=dict[str, Floats])
    chains: int = 1
    stats: Mapping[str, Floats] = field(default_factory=dict[str, Floats])
    tail: Floats | None = None


def weighted_summary(values: Floats, weight: Floats, tails: tuple[float, float, float]) -> dict[str, float]:
    """Mean, standard deviation and quantiles of weighted values."""
    mean = float(weight @ values)
    order = np.argsort(values, kind="stable")
    # Each value stands at the middle of its own weight.
    reached = np.cumsum(weight[order]) - 0.5 * weight[order]
    lower, median, upper = np.interp(tails, reached, values[order])
    sd = float(np.sqrt(max(weight @ (values - mean) ** 2, 0.0)))
    return {"mean": mean, "sd": sd, "lower": float(lower), "median": float(median), "upper": float(upper)}


def grid_quantiles(grid: Floats, density: Floats, probabilities: Sequence[float | Floats]) -> Floats:
    """Quantiles of densities given on equally spaced points, taken as linear between them.

    Parameters
    ----------
    grid, density : array, shape (m, K)
        The density need not be normalised.
    probabilities : sequence of float or array, shape (m,)

    Returns
    -------
    array, shape (len(probabilities), m)
    """
    step = grid[:, 1] - grid[:, 0]
    cells = 0.5 * (density[:, 1:] + density[:, :-1])
    reached = np.concatenate([np.zeros((len(grid), 1)), np.cumsum(cells, axis=1)], axis=1)
    rows = np.arange(len(grid))
    out: list[Floats] = []
    for probability in probabilities:
        wanted = probability * reached[:, -1]
        cell = np.clip((reached <= wanted[:, None]).sum(axis=1) - 1, 0, grid.shape[1] - 2)
        left, right = density[rows, cell], density[rows, cell + 1]
        rest = wanted - reached[rows, cell]
        # left t + (right − left) t²/2 = rest, for t in [0, 1]; this form does not cancel.
        root = np.sqrt(np.maximum(left**2 + 2 * (right - left) * rest, 0.0))
        out.append(grid[rows, cell] + step * 2 * rest / np.maximum(left + root, 1e-300))
    return np.array(out)


def column_quantiles(values: Floats, probabilities: Sequence[float | Floats]) -> Floats:
    """Quantiles of every column of draws (N, m), at one probability for all or one a column; shape (len(probabilities), m)."""
    columns = values.shape[1]
    wanted = np.array([np.broadcast_to(each, columns) for each in probabilities])
    return np.column_stack([np.quantile(values[:, at], wanted[:, at]) for at in range(columns)])


def spread_over(total: int, size: int, chains: int) -> tuple[npt.NDArray[np.intp], int]:
    """Draws to keep of chains that stand one after the other: as many of each, evenly spaced; and how many chains they are.

    Where the number does not divide, they are spread over all of them and are no chains any more: 1.

    Examples
    --------
    >>> spread_over(8, 4, 2)[0].tolist(), spread_over(8, 3, 2)
    ([0, 3, 4, 7], (array([0, 4, 7]), 1))
    """
    if chains < 2 or size % chains or total % chains:
        return np.linspace(0, total - 1, size).round().astype(np.intp), 1
    each = np.linspace(0, total // chains - 1, size // chains).round().astype(np.intp)
    return (np.arange(chains)[:, None] * (total // chains) + each).ravel(), chains


def resample(weight: Floats, size: int, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """Systematic resampling, in random order: each point comes up as often as its weight says, give or take one."""
    at = (rng.random() + np.arange(size)) / size
    positions = np.searchsorted(np.cumsum(weight) / weight.sum(), at, side="right")
    return rng.permutation(np.minimum(positions, len(weight) - 1))
