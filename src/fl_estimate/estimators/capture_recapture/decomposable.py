"""Averaging over decomposable graphs (Madigan and York): every way of lists depending on each other that factorises."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, numbers_given, shown
from fl_estimate.estimators.capture_recapture.answers import Limits, require_interval
from fl_estimate.estimators.capture_recapture.graph_fit import best_fit
from fl_estimate.estimators.capture_recapture.graphs import Graphs, decomposable_graphs
from fl_estimate.estimators.capture_recapture.list_codes import (
    AVERAGE_DECOMPOSABLE,
    DECOMPOSABLE_DEPENDENCE,
    POSTERIOR_MOMENTS_UNSETTLED,
    PRIOR_DIRICHLET,
    PRIOR_POPULATION_GIVEN,
    SATURATED_GRAPH_WEIGHT,
)
from fl_estimate.estimators.capture_recapture.posterior import LEVELS, posterior_estimates, require_draws, tails
from fl_estimate.estimators.sampling import known_seed
from fl_estimate.inputs.histories import CaptureHistories
from fl_estimate.results.codes import CLOSED_POPULATION, GRID_END_MATTERS, PERFECT_LINKAGE, PRIOR_POPULATION, Reason
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import LISTS, NOT_IN_FILE, Level, MoreThanZero, NotNegative, SeedOrNone, Some, Within

FIRST_END, GROWTH, MOST_ENDS = 30.0, 3.0, 12
"""The grid first ends at 30 n, as in Binette and Steorts (2022), and is then made three times as long, again and again."""
SETTLED, MOMENT_SETTLED = 2e-3, 1e-2
"""Relative change of median and limits, or of mean and deviation, below which a longer grid no longer matters."""
FINEST = 2e-3
"""Share of the posterior that may lie between two points of the automatic grid."""
COUNTED_SINGLY, STEP = 200, 1.02
SATURATED_MATTERS = 0.05
BLOCK = 4_000_000


@dataclass(frozen=True, kw_only=True, eq=False)
class _GraphPosterior:
    """Dark figures, how many each stands for, their posterior, that of the graphs, and the mean size given each graph."""

    dark: Floats
    width: Floats
    mass: Floats
    graphs: Floats
    size_given: Floats

    def quantiles(self, levels: Floats, n: float) -> Floats:
        """The least size of which at least this much of the posterior lies at or below; between points, in proportion."""
        cumulative = np.cumsum(self.mass)
        if (self.width != 1).any():
            edges = np.append(self.dark[0] - 0.5, self.dark[0] - 0.5 + np.cumsum(self.width))
            return n + np.round(np.interp(levels, np.append(0.0, cumulative / cumulative[-1]), edges))
        positions = np.searchsorted(cumulative, levels * cumulative[-1] * (1 - 1e-12), side="left")
        return n + self.dark[np.minimum(positions, len(self.dark) - 1)]

    @property
    def mean(self) -> float:
        """Posterior mean of the dark figure."""
        return float(self.mass @ self.dark)

    @property
    def spread(self) -> float:
        """Posterior standard deviation."""
        return float(np.sqrt(self.mass @ (self.dark - self.mean) ** 2))


@method(kind="capture_recapture", chosen=True, basis="lists", family="capture_recapture")
def average_decomposable(
    histories: Annotated[CaptureHistories, LISTS],
    *,
    delta: MoreThanZero | Literal["2^-t"] = "2^-t",
    grid: Literal["auto"] | Annotated[Sequence[NotNegative], Some] = "auto",
    saturated: bool = True,
    log_prior: Annotated[Callable[[Floats], Floats] | None, NOT_IN_FILE] = None,
    level: Level = 0.95,
    draws: Annotated[int, Within(ge=1)] = 4_000,
    seed: SeedOrNone = None,
) -> Estimates:
    """Average over every decomposable graph of the lists, weighted by how well each predicts the histories.

    Use it to let the data weigh many patterns of dependence at once. It knows no pattern outside the decomposable
    graphs, and what it says of the people on no list rests on the prior `delta` where a graph joins all lists: read the
    weight of the saturated graph, `diagnostics["saturated_weight"]`.

    Parameters
    ----------
    histories : CaptureHistories
        3 to 6 lists.
    delta : "2^-t" or float
        Parameter of the Dirichlet prior, of each of the 2^t histories. A number near 1 puts nearly all weight on the
        saturated graph, and the estimate near the people observed.
    grid : "auto" or sequence of dark figures
        ``auto`` covers the dark figures from 0 on, finely where the posterior is, and is made longer until median
        and limits no longer move. Dark figures given stand each for itself, with equal weight before the prior 1/N.
    saturated : bool
        Whether the graph that joins all lists takes part. The data cannot tell its dark figure.
    log_prior : callable, optional
        Population sizes in, shape (points,), the logarithm of their prior out, up to a constant; 1/N by default.
    level : float
    draws : int
        Draws of the posterior kept in `.draws`; value and limits do not come from these.
    seed : int, optional
        Of the order of the draws.

    Returns
    -------
    Estimates
        Rows `population_size` and `dark_figure`, in persons: `value` the posterior median, `se` the posterior standard
        deviation, equal-tailed limits. The mean where it is finite, the graphs with the largest weights, the saturated
        graph's weight, and where the grid ends are among the diagnostics. Where none of the graphs of a weight of 5 % and
        more describes the lists (the best p below 0.05, ``fit_p``) the reason ``poor_fit`` says so.

    Raises
    ------
    EstimateFault
        FL-EST-30 (level), FL-EST-140 (fewer than 3 or more than 6 lists), FL-EST-141 (draws), FL-EST-142 (delta),
        FL-EST-143 (grid), FL-EST-144 (prior).

    Notes
    -----
    For a set C of lists, its margin Y^C with the people on no list of C counted too, and δ_C = δ 2^{t − |C|}, let
    L(C) = Σ log Γ(Y^C + δ_C) − 2^{|C|} log Γ(δ_C) + log Γ(2^t δ) − log Γ(N + 2^t δ), L(∅) = 0. A graph's likelihood at
    N is Σ_cliques L(C) − Σ_separators L(S) + log N! − log (N − n)! and a constant. The priors are 1/N and the same for
    every graph. The saturated graph has a tail so long that mean and deviation have no limit as the grid grows; where
    that shows, both are left out and a reason says so.

    References
    ----------
    Madigan and York (1997), Biometrika 84(1), 19-31. Silverman (2020), JRSS A 183(3), 691-736 (δ = 2^−t).

    Examples
    --------
    >>> import fl_estimate as fl
    >>> from fl_estimate import capture_recapture as cr
    >>> found = cr.average_decomposable(fl.datasets.load("kosovo"))
    >>> size = found["population_size"]
    >>> [round(number, -3) for number in (size.value, *size.interval)]
    [13000.0, 10000.0, 17000.0]
    >>> found.diagnostics["graphs"]
    61
    """
    require_interval("equal-tailed", ("equal-tailed",), level)
    require_draws(draws, 4)
    _require_lists(histories)
    weight = _delta(delta, len(histories.lists))
    graphs = decomposable_graphs(len(histories.lists))
    model = _Model(histories=histories, graphs=graphs, delta=weight, saturated=saturated, log_prior=log_prior)
    told: dict[str, Any] = {}
    if isinstance(grid, str):
        found, told = _extended(model, grid)
    else:
        points = _points(grid)
        found = model.posterior(points, np.ones(len(points)))
    given = grid if isinstance(grid, str) else [float(found.dark[0]), float(found.dark[-1]), len(found.dark)]
    arguments = {"delta": delta, "grid": given, "saturated": saturated, "draws": draws}
    return _answer(model, found, told, level, arguments, seed)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Model:
    """The likelihood of every graph at every dark figure."""

    histories: CaptureHistories
    graphs: Graphs
    delta: float
    saturated: bool
    log_prior: Callable[[Floats], Floats] | None

    def margins(self, dark: Floats) -> Floats:
        """L of every set of lists at every dark figure, shape (2^t, points)."""
        h, lists = self.histories, self.graphs.lists
        whole = self.delta * 2**lists
        total = special.gammaln(whole) - special.gammaln(h.n + dark + whole)
        values = np.zeros((1 << lists, len(dark)))
        for chosen in range(1, 1 << lists):
            positions = [one for one in range(lists) if chosen >> one & 1]
            cell = h.members[:, positions] @ (1 << np.arange(len(positions)))
            counts = np.bincount(cell, weights=h.counts, minlength=1 << len(positions))
            prior = self.delta * 2 ** (lists - len(positions))
            constant = special.gammaln(counts[1:] + prior).sum() - len(counts) * special.gammaln(prior)
            values[chosen] = constant + special.gammaln(counts[0] + dark + prior) + total
        return values

    def posterior(self, dark: Floats, width: Floats) -> _GraphPosterior:
        """Weigh graphs and dark figures; `width` is how many dark figures a point stands for."""
        size = self.histories.n + dark
        common = special.gammaln(size + 1) - special.gammaln(dark + 1) + self._prior(size) + np.log(width)
        margins = self.margins(dark)
        rows = np.arange(len(self.graphs.edges))
        if not self.saturated:
            rows = np.delete(rows, self.graphs.saturated)
        blocks = np.array_split(rows, max(1, len(rows) * len(dark) // BLOCK))
        # Twice through: the largest value first, so that sums are of numbers that neither vanish nor overflow.
        top = max(float((self._joint(block, margins) + common).max()) for block in blocks)
        mass, given, mean = np.zeros(len(dark)), np.zeros(len(self.graphs.edges)), np.zeros(len(self.graphs.edges))
        for block in blocks:
            joint = np.exp(self._joint(block, margins) + common - top)
            mass += joint.sum(axis=0)
            given[block] = joint.sum(axis=1)
            mean[block] = joint @ size
        with np.errstate(invalid="ignore"):
            size_given = mean / given
        return _GraphPosterior(
            dark=dark, width=width, mass=mass / mass.sum(), graphs=given / given.sum(), size_given=size_given
        )  # fmt: skip

    def _prior(self, size: Floats) -> Floats:
        if self.log_prior is None:
            return -np.log(size)
        given = np.asarray(self.log_prior(size), dtype=float)
        if given.shape != size.shape or np.isnan(given).any() or not np.isfinite(given).any():
            raise EstimateFault(
                "FL-EST-144",
                "the prior does not give a logarithm for each population size",
                found=f"shape {given.shape} for {size.shape}, {int(np.isnan(given).sum())} missing",
                fix="give a function of an array of sizes, such as lambda size: -np.log(size)",
            )
        return given

    def _joint(self, block: npt.NDArray[np.intp], margins: Floats) -> Floats:
        return self.graphs.weights[block].astype(float) @ margins


def _extended(model: _Model, grid: str) -> tuple[_GraphPosterior, dict[str, Any]]:
    """Lengthen the grid until mean and limits stay where they are; refine it where the posterior is."""
    if grid != "auto":
        raise _bad_grid(shown(grid))
    n, levels = model.histories.n, np.array([0.025, 0.5, 0.975])
    ends: list[dict[str, float]] = []
    before = np.full(5, np.nan)
    for step in range(MOST_ENDS):
        end = FIRST_END * GROWTH**step * n
        result = _refined(model, end)
        now = np.concatenate([result.quantiles(levels, n), [n + result.mean, result.spread]])
        names = ("end", "lower", "median", "upper", "mean", "sd")
        ends.append(dict(zip(names, [end, *now.tolist()], strict=True)))
        change = np.abs(now / before - 1)
        settled = bool((change[:3] < SETTLED).all())
        if settled or step == MOST_ENDS - 1:
            moments = bool((change[3:] < MOMENT_SETTLED).all())
            return result, {"grid_by_end": ends, "grid_settled": settled, "moments_settled": moments}
        before = now
    raise AssertionError  # the last step returns


def _refined(model: _Model, end: float) -> _GraphPosterior:
    """A grid of every dark figure at first, then ever wider; more points wherever much of the posterior lies between two."""
    wide = np.geomspace(
        COUNTED_SINGLY, max(end, 2 * COUNTED_SINGLY), 2 + int(np.log(end / COUNTED_SINGLY + 2) / np.log(STEP))
    )
    points: Floats = np.unique(np.concatenate([np.arange(COUNTED_SINGLY, dtype=float), np.round(wide)]))
    while True:
        result = model.posterior(points, _widths(points))
        between = np.maximum(result.mass[1:], result.mass[:-1])
        room = np.diff(points)
        added = np.minimum(np.ceil(between / FINEST), room).astype(int)
        if not (added[room > 1] > 1).any():
            return result
        inside = [np.linspace(a, b, k + 1)[1:-1] for a, b, k in zip(points, points[1:], added, strict=False) if k > 1]
        finer = np.unique(np.concatenate([points, np.round(np.concatenate(inside))]))
        if len(finer) == len(points):
            return result
        points = finer


def _widths(points: Floats) -> Floats:
    """How many dark figures each point stands for: half the way to both neighbours, the ends with their own."""
    half = np.diff(points) / 2
    return np.concatenate([[0.5], half]) + np.concatenate([half, [0.5]])


def _answer(
    model: _Model,
    posterior: _GraphPosterior,
    diagnostics: dict[str, Any],
    level: float,
    arguments: dict[str, Any],
    seed: int | None,
) -> Estimates:
    histories, n = model.histories, model.histories.n
    quantiles = posterior.quantiles(np.array(LEVELS), n)
    median = float(quantiles[LEVELS.index(0.5)])
    finite = bool(diagnostics.get("moments_settled", True))
    limits = posterior.quantiles(tails(level), n) - n
    used, draws = known_seed(seed), int(arguments["draws"])
    even = posterior.quantiles((np.arange(draws) + 0.5) / draws, n) - n
    weight = float(posterior.graphs[model.graphs.saturated])
    last = float(posterior.mass[posterior.dark > 0.9 * posterior.dark[-1]].sum())
    reasons: list[Reason] = []
    if weight > SATURATED_MATTERS:
        reasons.append(SATURATED_GRAPH_WEIGHT.at(0, share=round(100 * weight, 1)))
    if not diagnostics.get("grid_settled", True):
        reasons.append(GRID_END_MATTERS.at(0))
    elif not diagnostics.get("moments_settled", True):
        reasons.append(POSTERIOR_MOMENTS_UNSETTLED.at(0))
    tested = best_fit(histories, model.graphs, posterior.graphs)
    reasons += tested.reasons if tested else ()
    return posterior_estimates(
        histories,
        call="average_decomposable",
        method=AVERAGE_DECOMPOSABLE,
        term=f"δ = {model.delta:.4g}",
        value=median - n,
        # A standard deviation that a longer grid would change is none; nor is such a mean.
        se=posterior.spread if finite else np.nan,
        limits=Limits(float(limits[0]), float(limits[1])),
        level=level,
        draws=np.random.default_rng(used).permutation(even),
        reasons=tuple(reasons),
        assumptions=(
            DECOMPOSABLE_DEPENDENCE.assume(),
            *((PRIOR_POPULATION.assume(),) if model.log_prior is None else (PRIOR_POPULATION_GIVEN.assume(),)),
            PRIOR_DIRICHLET.assume(delta=f"{model.delta:.4g}"),
            CLOSED_POPULATION.assume(),
            PERFECT_LINKAGE.assume(),
        ),
        diagnostics={
            "posterior_mean": n + posterior.mean if finite else np.nan,
            "posterior_median": median,
            "quantiles": dict(zip(map(str, LEVELS), quantiles.tolist(), strict=True)),
            "mode": float(n + posterior.dark[(posterior.mass / posterior.width).argmax()]),
            "graphs": len(model.graphs.edges) - (not model.saturated),
            "saturated_weight": weight,
            "top_graphs": _top(model, posterior),
            "grid_end": float(posterior.dark[-1]),
            "grid_points": len(posterior.dark),
            "mass_in_last_tenth_of_grid": last,
            "mass_at_grid_end": float(posterior.mass[-10:].sum()),
            **(tested.diagnostics if tested else {"fit_p": np.nan}),
            **diagnostics,
        },
        arguments={**arguments, "seed": used},
    )  # fmt: skip


def _top(model: _Model, posterior: _GraphPosterior) -> list[dict[str, Any]]:
    """The ten graphs of the largest weights, with the mean size that each alone would give."""
    names = model.histories.lists
    return [
        {
            "graph": ", ".join(
                ":".join(names[one] for one in clique) for clique in model.graphs.cliques(int(position))
            ),
            "weight": float(posterior.graphs[position]),
            "population_size": float(posterior.size_given[position]),
        }
        for position in np.argsort(-posterior.graphs, kind="stable")[:10]
    ]


def _require_lists(histories: CaptureHistories) -> None:
    lists = len(histories.lists)
    if not 3 <= lists <= 6:
        raise EstimateFault(
            "FL-EST-140",
            "decomposable graphs are averaged over 3 to 6 lists",
            found=f"{lists} lists",
            fix="merge lists that are nearly the same, or leave one out" if lists > 6 else "two lists cannot tell "
            "dependence from people unseen: use chapman, with sensitivity beside it",
        )  # fmt: skip


def _delta(delta: Any, lists: int) -> float:
    value = 2.0**-lists if delta == "2^-t" else delta
    if isinstance(value, bool) or not isinstance(value, int | float) or not (np.isfinite(value) and value > 0):
        raise EstimateFault(
            "FL-EST-142", "delta is a number above 0", found=shown(delta),
            fix='"2^-t" shares one person out over all histories; larger values pull the estimate to those observed',
        )  # fmt: skip
    return float(value)


_GRID = 'grid="auto", or at least two dark figures that rise, 0 or more: the people on no list, not all people'


def _points(grid: Sequence[float]) -> Floats:
    points = np.asarray(numbers_given(grid, "grid", "FL-EST-143", _GRID), dtype=float)
    if points.ndim != 1 or len(points) < 2 or not np.isfinite(points).all() or (points < 0).any():
        raise _bad_grid(f"{points.size} values")
    if (np.diff(points) <= 0).any():
        raise _bad_grid("dark figures that do not rise")
    return points


def _bad_grid(found: str) -> EstimateFault:
    return EstimateFault(
        "FL-EST-143", "the grid is not one of dark figures", found=found,
        fix=_GRID,
    )  # fmt: skip
