"""Quantities of people by cell: Battese, Harter and Fuller's model with any sets of varying effects, exact given the spreads.

The rows enter as sums of products by cell, through the engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import narwhals as nw
import numpy as np
import numpy.typing as npt
from scipy import special

from fl_estimate.arrays import Floats
from fl_estimate.design.totals import totals
from fl_estimate.errors import EstimateFault, shown
from fl_estimate.estimators.hierarchical.engines.points import spread_points
from fl_estimate.estimators.hierarchical.engines.varying_effects import LatentDraws
from fl_estimate.estimators.hierarchical.model.priors import Density
from fl_estimate.estimators.hierarchical.read.direct import text
from fl_estimate.estimators.hierarchical.read.unit_cells import Key, refuse_nowhere
from fl_estimate.estimators.importance import Weighted, weigh
from fl_estimate.estimators.survey.design_weighted import estimate_mean
from fl_estimate.estimators.survey.domain_query import read_people, weight_columns
from fl_estimate.estimators.survey.targets import make_targets
from fl_estimate.inputs.respondents import resolve
from fl_estimate.inputs.sample_design import Design
from fl_estimate.results.estimates import Estimates

Ints = npt.NDArray[np.int64]

POINTS, EACH = 2_048, 8
"""Hyper-parameter points, and draws of everything else at each."""
LARGEST = 12.0
"""Of log sigma less the log of the residual's spread."""
WORK, NUMBERS = 4e10, 4_000_000
"""Multiplications that the points may cost, and numbers held at a time."""


@dataclass(frozen=True, kw_only=True)
class CellSums:
    """Sums of products of (1, covariates, variable) over the people of each cell, each person with an effective weight.

    Attributes
    ----------
    keys : tuple of tuple of str
    n : array, shape (cells,)
    gram : array, shape (cells, 2 + covariates, 2 + covariates)
        Of columns less `shift`.
    shift : array, shape (1 + covariates,)
        What was taken off covariates and variable before squaring, so that no digits are lost: their means.
    excess : float
        As in `CellCounts`.
    kish : array, shape (cells,)
    source : str
    recipe : Estimates
    """

    keys: tuple[Key, ...]
    n: Floats
    not_zero: Floats
    gram: Floats
    shift: Floats
    excess: float
    kish: Floats
    source: str
    recipe: Estimates


def sum_cells(
    people: Any,
    variable: str,
    cells: Sequence[str],
    covariates: Sequence[str],
    *,
    design: Design | None,
    where: str | None,
    unknown: Literal["exclude"] | None,
    weights: str,
) -> CellSums:
    """Collapse people to sums of products by cell.

    Notes
    -----
    A person's weight in the likelihood is w/(mean w of the cell) / (deff_c g), with deff_c = 1 + cv² of the weights in
    the cell and g the variance that the design gives the poststratified mean over that of independent draws with these
    weights, Σ W_c² S² deff_c/n_c, S² the variance within cells.

    Raises
    ------
    EstimateFault
        FL-EST-103, and as `estimate_mean`.
    """
    resolved = resolve(people, design)
    plain = weights == "none" or not resolved.design.columns
    used = Design(unweighted=True) if plain else resolved.design
    columns = [variable, *covariates]
    direct = estimate_mean(people, columns, design=used, by=list(cells), where=where, unknown=unknown)
    frame = direct.frame[(direct.frame["outcome"] == variable).to_numpy()]
    asked = read_people(resolved.frame, used, list(cells))
    targets = make_targets(asked.schema, columns, where=where, unknown=unknown, weights=used.weights)
    first = targets.targets[0]
    means = frame_means(direct, columns)
    made: dict[str, nw.Expr] = {"d": targets.columns[first.counted], "c": targets.columns[first.nonzero]}
    for position, (target, mean) in enumerate(zip(targets.targets, means, strict=True)):
        made[f"v{position}"] = targets.columns[target.value] - targets.columns[target.counted] * mean
    factors: tuple[str, ...] = ()
    if used.weights is not None:
        made |= {"w": weight_columns(asked.schema, used.weights)["w"]}
        factors = ("w",)
    order = ["d", *(f"v{position}" for position in range(1, len(columns))), "v0"]
    sums = {(i, j): (*factors, order[i], order[j]) for i in range(len(order)) for j in range(i, len(order))}
    table = totals(
        asked.frame, keys=tuple(cells), columns=made,
        sums={**sums, "n": ("d",), "c": ("c",), "ww": (*factors, *factors, "d")},
    )  # fmt: skip
    rows = np.flatnonzero(table.sums["n"] > 0)
    keys = [
        tuple(text(None if (k := table.keys[c]).codes[row] == k.missing else k.levels[k.codes[row]]) for c in cells)
        for row in rows
    ]
    n, weight = table.sums["n"][rows], table.sums[0, 0][rows]
    refuse_nowhere(keys, n, cells)
    gram = np.empty((len(rows), len(order), len(order)))
    for (i, j), _ in sums.items():
        gram[:, i, j] = gram[:, j, i] = table.sums[i, j][rows]
    gram *= (n / weight)[:, None, None]
    kish = np.maximum(n * table.sums["ww"][rows] / weight**2, 1.0)
    excess, source = (
        (1.0, "none") if plain else _excess(direct, frame, cells, keys, gram, weight / weight.sum(), kish / n)
    )
    gram /= np.maximum(kish * excess, 1.0)[:, None, None]
    return CellSums(
        keys=tuple(keys), n=n, not_zero=table.sums["c"][rows], gram=gram, shift=np.array([*means[1:], means[0]]), excess=excess, kish=kish, source=source,
        recipe=direct,
    )  # fmt: skip


def frame_means(direct: Estimates, columns: Sequence[str]) -> list[float]:
    """The nation's mean of every column."""
    nation = direct.national.frame
    return [float(nation.loc[nation["outcome"] == name, "value"].iloc[0]) for name in columns]


def _excess(
    direct: Estimates, frame: Any, cells: Sequence[str], keys: Sequence[Key], gram: Floats, share: Floats, each: Floats
) -> tuple[float, str]:
    size = gram[:, 0, 0]
    within = (gram[:, -1, -1] - gram[:, 0, -1] ** 2 / size).sum()
    spread = within / max(float(size.sum()) - len(size), 1.0)
    independent = float((share**2 * spread * each).sum())
    if direct.covariance_matrix is None or not independent > 0:
        return 1.0, "none"
    position = {
        tuple(text(label) for label in row[:-1]): int(row[-1])
        for row in zip(*(frame[name] for name in cells), frame.index, strict=True)
        if not all(text(label) == "" for label in row[:-1])
    }
    at = [position[key] for key in keys]
    matrix = np.nan_to_num(direct.covariance_matrix[np.ix_(at, at)])
    return float(share @ matrix @ share) / independent, "design"


@dataclass(frozen=True, kw_only=True)
class Normal:
    """A linear model as sums of products: theta = (beta, z), the columns of z scaled by sigma[term].

    Attributes
    ----------
    gram : array, shape (p + r, p + r)
    cross : array, shape (p + r,)
        Products of the columns with the variable.
    square : float
        Of the variable.
    size : float
        Effective people.
    p : int
    term : int array, shape (r,)
    mean, precision : array, shape (p,)
    sigma : tuple of Density
        Of the sets of effects, and last of the residual.
    """

    gram: Floats
    cross: Floats
    square: float
    size: float
    p: int
    term: Ints
    mean: Floats
    precision: Floats
    sigma: tuple[Density, ...]


def gather(sums: CellSums, x: Floats, basis: Floats, *, p: int) -> tuple[Floats, Floats, float, float]:
    """Sums of products of the whole design from those of the cells: x (cells, fixed) and basis are the same within cells."""
    same = np.hstack([x, basis])
    size, own, y = sums.gram[:, 0, 0], sums.gram[:, 0, 1:-1], sums.gram[:, 0, -1]
    # Columns: those of x, the covariates of people, those of the basis.
    fixed, q = x.shape[1], same.shape[1]
    most = p - fixed
    positions = [*range(fixed), *range(p, p + basis.shape[1])]
    gram, cross = np.empty((q + most, q + most)), np.empty(q + most)
    gram[np.ix_(positions, positions)] = (same * size[:, None]).T @ same
    between = same.T @ own
    gram[np.ix_(positions, range(fixed, p))] = between
    gram[np.ix_(range(fixed, p), positions)] = between.T
    gram[fixed:p, fixed:p] = sums.gram[:, 1:-1, 1:-1].sum(axis=0)
    cross[positions] = same.T @ y
    cross[fixed:p] = sums.gram[:, 1:-1, -1].sum(axis=0)
    return gram, cross, float(sums.gram[:, -1, -1].sum()), float(size.sum())


@dataclass(frozen=True, kw_only=True)
class NormalDraws:
    """Draws of everything, and of linear forms the mean and standard deviation at every point, (L, forms)."""

    draws: LatentDraws
    weighted: Weighted
    mean: Floats
    sd: Floats
    sigma: Floats


def draw_normal(model: Normal, forms: Floats) -> NormalDraws:
    """Points of the spreads with their exact marginal density, and draws of everything else given them.

    Parameters
    ----------
    model : Normal
    forms : array, shape (forms, p + r)
        Linear forms of beta and effects, whose moments given the spreads are wanted.

    Notes
    -----
    With A = G/s² + P and b = c/s² + P m (G, c scaled by sigma), log density = −½ N log s² − ½ (y'y/s² − b'A⁻¹b) − ½ log|A| +
    log priors; theta given it ~ N(A⁻¹b, A⁻¹).
    """
    scale = np.sqrt(model.square / max(model.size, 1.0))
    start = np.append(np.full(len(model.sigma) - 1, np.log(0.4 * scale)), np.log(scale))
    points = int(2 ** np.clip(np.floor(np.log2(WORK / len(model.cross) ** 3)), 7, np.log2(POINTS)))
    result = spread_points(lambda u: _density(model, u), start, points)
    block = max(1, NUMBERS // len(model.cross) ** 2)
    each = [_solved(model, result.at[k : k + block]) for k in range(0, points, block)]
    rng = np.random.default_rng(0)
    parts = [_given(model, result.at[k * block : (k + 1) * block], one, forms, rng) for k, one in enumerate(each)]
    weighted = weigh(np.concatenate([one[2] for one in each]) - result.log_proposal)
    at, mean, sd = (np.concatenate([part[k] for part in parts]) for k in range(3))
    sigma = np.exp(result.at)
    draws = LatentDraws(
        beta=at[:, : model.p], effects=at[:, model.p :], sigma=np.repeat(sigma, EACH, axis=0),
        weight=np.repeat(weighted.weight, EACH) / EACH,
        diagnostics={
            "sampler": "grid", "importance_points": points, "importance_ess": weighted.ess,
            "importance_pareto_k": weighted.pareto_k,
        },
    )  # fmt: skip
    return NormalDraws(draws=draws, weighted=weighted, mean=mean, sd=sd, sigma=sigma)


def _given(
    model: Normal, u: Floats, solved: tuple[Floats, Floats, Floats], forms: Floats, rng: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    """Draws (points × EACH, p + r), and mean and standard deviation of the forms, at some points."""
    mean, root, _ = solved
    inverse, scale = np.linalg.inv(root), _scale(model, u)
    noise = rng.standard_normal((len(u), EACH, len(model.cross)))
    at = (mean[:, None, :] + noise @ inverse) * scale[:, None, :]
    scaled = forms * scale[:, None, :]
    spread = inverse @ scaled.transpose(0, 2, 1)
    middle = (scaled @ mean[:, :, None])[:, :, 0]
    return at.reshape(len(u) * EACH, -1), middle, np.sqrt((spread**2).sum(axis=1))


def mixture_figures(mean: Floats, sd: Floats, weight: Floats, tails: tuple[float, float, float]) -> dict[str, Floats]:
    """Median, standard deviation, limits and mean of mixtures of normal densities, a column each; by bisection."""
    kept = weight > 1e-12
    mean, sd, weight = mean[kept], sd[kept], weight[kept]
    middle = weight @ mean
    out: list[Floats] = []
    for tail in tails:
        low, high = (mean - 40 * sd).min(axis=0), (mean + 40 * sd).max(axis=0)
        for _ in range(80):
            half = 0.5 * (low + high)
            below = weight @ special.ndtr((half - mean) / sd) < tail
            low, high = np.where(below, half, low), np.where(below, high, half)
        out.append(0.5 * (low + high))
    spread = np.sqrt(weight @ (sd**2 + (mean - middle) ** 2))
    return {"value": out[1], "se": spread, "lower": out[0], "upper": out[2], "mean": middle}


def _density(model: Normal, u: Floats) -> Floats:
    block = max(1, NUMBERS // len(model.cross) ** 2)
    return np.concatenate([_solved(model, u[k : k + block])[2] for k in range(0, len(u), block)])


def _scale(model: Normal, u: Floats) -> Floats:
    # Effects that dwarf the residual by more than this leave no digits for what tells one set of them from another.
    u = np.minimum(u, u[:, -1:] + LARGEST)
    return np.hstack([np.ones((len(u), model.p)), np.exp(u)[:, model.term]])


def _solved(model: Normal, u: Floats) -> tuple[Floats, Floats, Floats]:
    """Conditional mean, root of the precision and log marginal density at every point of the log spreads."""
    u = np.clip(u, -40.0, 40.0)
    scale, variance = _scale(model, u), np.exp(2 * u[:, -1])
    precision = np.concatenate([model.precision, np.ones(len(model.term))])
    inner = model.gram * (scale[:, :, None] * scale[:, None, :] / variance[:, None, None])
    diagonal = np.arange(len(model.cross))
    inner[:, diagonal, diagonal] += precision
    right = model.cross * scale / variance[:, None]
    right[:, : model.p] += model.precision * model.mean
    root = np.linalg.cholesky(inner)
    half = np.linalg.solve(root, right[:, :, None])[:, :, 0]
    mean = np.linalg.solve(root.transpose(0, 2, 1), half[:, :, None])[:, :, 0]
    log_size = np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)
    log_density = (
        -model.size * u[:, -1] - 0.5 * (model.square / variance - (half**2).sum(axis=1)) - log_size + u.sum(axis=1)
    )
    for k, density in enumerate(model.sigma):
        log_density = log_density + density.log(np.exp(u[:, k]))
    return mean, root, log_density


def person_means(population: Any, keys: Sequence[Key], names: Sequence[str], covariates: Sequence[str]) -> Floats:
    """The population's means of people's covariates in every cell, (cells, covariates), from the population's frame.

    Raises
    ------
    EstimateFault
        FL-EST-101.
    """
    from fl_estimate.estimators.hierarchical.read.direct import as_floats, read_columns

    columns = read_columns(population, "population")
    persons = as_floats(columns["population"], "population")
    rows = [tuple(text(columns[name][row]) for name in names) for row in range(len(persons))]
    position = {key: at for at, key in enumerate(keys)}
    at = np.array([position[row] for row in rows])
    size = np.bincount(at, weights=persons, minlength=len(keys))
    out = np.empty((len(keys), len(covariates)))
    for column, name in enumerate(covariates):
        values = as_floats(columns[name], name)
        if not np.isfinite(values).all():
            raise EstimateFault(
                "FL-EST-101",
                "the population's mean of a covariate is not given for every cell",
                found=shown(name),
                fix="population= needs a column of that name with the mean of each cell",
            )
        with np.errstate(invalid="ignore"):
            mean = np.bincount(at, weights=persons * values, minlength=len(keys)) / size
        out[:, column] = np.where(size > 0, mean, 0.0)
    return out
