"""Absolute goodness of fit of a conditional log-linear model: histories observed against those it expects, of all people and of fifths of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from fl_estimate.arrays import Floats, Positions
from fl_estimate.design.chi_square_sums import tail
from fl_estimate.estimators.capture_recapture.conditional_bootstrap import Refit
from fl_estimate.estimators.capture_recapture.conditional_em import FittedCells, observed
from fl_estimate.estimators.capture_recapture.conditional_fit import BLOCK, chances
from fl_estimate.estimators.capture_recapture.goodness import DENSE, ENOUGH, FIRST, LEVEL
from fl_estimate.estimators.capture_recapture.people_cells import CovariateCells

GROUPS = 5
"""Parts of the people, by their chance to be observed: fifths."""
MOST_EXPECTED = 1_000
"""Most counts compared at once: their covariance is kept. Of many lists the people are in fewer groups."""
AFFORDABLE = 200_000
"""Cells × histories × coefficients up to which the model is fitted again to tables drawn from it; above, sparse counts are pooled."""
NOTHING = 1e-7
"""Weight of a χ² variable below which it is one that the fit leaves no room for."""


@dataclass(frozen=True, kw_only=True)
class ConditionalGoodness:
    """A test of the model against any other law of the histories.

    Attributes
    ----------
    chi_squared : tuple of float
        Pearson's, of all people and of their groups.
    p : float
        The smaller of the two p, doubled where there are two; NaN where nothing can be tested.
    p_of : tuple of float
    groups : int
    reference : str
        "chi-squared", "bootstrap", or "" where nothing can be tested.
    """

    chi_squared: tuple[float, ...]
    p: float
    p_of: tuple[float, ...]
    groups: int
    reference: str

    @property
    def poor(self) -> bool:
        """Whether the model does not describe the lists."""
        return bool(self.p < LEVEL)

    @property
    def p_at_most(self) -> float:
        """Rounded up: "at most" stays true."""
        return float(np.ceil(1000 * self.p) / 1000)

    @property
    def diagnostics(self) -> dict[str, Any]:
        """For diagnostics."""
        return {
            "fit_chi_squared": list(self.chi_squared), "fit_p": self.p, "fit_p_of_all_and_of_groups": list(self.p_of),
            "fit_groups": self.groups, "fit_reference": self.reference,
        }  # fmt: skip


def statistics_of(drawn: Iterable[Refit | None]) -> Iterator[Floats | None]:
    """The statistics of each draw that has an estimate."""
    for refit in drawn:
        yield None if refit is None else statistics(refit.fitted, refit.cells)


def goodness_from(fitted: FittedCells, cells: CovariateCells, drawn: Iterable[Floats | None]) -> ConditionalGoodness:
    """Test a model by its Pearson statistics against those of people drawn from it, to whom it was fitted again.

    Drawing ends early where p is large (Besag and Clifford 1991).
    """
    here = statistics(fitted, cells)
    # Equal but for rounding is equal: few histories give few different tables.
    reach = here * (1 - 1e-9) - 1e-9
    done, worse = 0, np.zeros(len(here), dtype=np.int64)
    for number, one in enumerate(drawn, start=1):
        # A draw in which people no longer differ in their chances has one statistic only.
        if one is not None and len(one) == len(here):
            worse += one >= reach
            done += 1
        if number >= FIRST and (worse >= ENOUGH).all():
            break
    testable = here > 1e-6
    each = np.where(testable & (done > 0), (1 + worse) / (1 + done), np.nan)
    return _judged(here, each, _number_of_groups(fitted), "bootstrap")


def goodness_of(fitted: FittedCells, cells: CovariateCells, drawn: Iterable[Refit | None]) -> ConditionalGoodness:
    """Test a model whose covariates are all known.

    Parameters
    ----------
    fitted : Fitted
    cells : Cells
    drawn : iterator
        Draws from the model with their fits; asked for only where counts expected are small and fits are cheap.

    Notes
    -----
    Pearson's Σ (O − E)²/E over the histories of all people, and over those of fifths of the people by their chance to be
    observed. Given the covariates, O − E has the covariance W = Σ_i (diag p_i − p_i p_i') − C I⁻¹ C', C the covariance of O with the
    score and I the information, so that the statistic is distributed as Σ λ χ²₁, λ the eigenvalues of E^{−1/2} W E^{−1/2}:
    without covariates all 0 or 1, and it is Pearson's test of a log-linear model.

    References
    ----------
    Andrews (1988), Econometrica 56(6), 1419-1453 (χ² tests with covariates). Imhof (1961), Biometrika 48, 419-426. Besag and
    Clifford (1991), Biometrika 78, 301-304.
    """
    expected = [_expected(fitted, group) for group in _groupings(fitted)]
    sparse = any((each[each > 0] < DENSE).any() for each in expected)
    rows, outcomes = len(fitted.model.columns), len(fitted.model.members)
    if sparse and rows * outcomes * max(len(fitted.fit.coefficients), 1) <= AFFORDABLE:
        return goodness_from(fitted, cells, statistics_of(drawn))
    found = [_pearson(fitted, cells, group) for group in _groupings(fitted)]
    return _judged(
        np.array([one for one, _ in found]), np.array([p for _, p in found]), _number_of_groups(fitted), "chi-squared"
    )


def statistics(fitted: FittedCells, cells: CovariateCells) -> Floats:
    """Pearson's statistic of each way to group the people, shape (ways,)."""
    found: list[float] = []
    for group in _groupings(fitted):
        expected = _expected(fitted, group)
        counts = observed(fitted, cells, group, expected.shape)
        held = expected > 0
        found.append(float(((counts - expected)[held] ** 2 / expected[held]).sum()))
    return np.array(found)


def _judged(chi_squared: Floats, p: Floats, groups: int, reference: str) -> ConditionalGoodness:
    testable = np.isfinite(p)
    least = min(1.0, float(p[testable].min()) * int(testable.sum())) if testable.any() else np.nan
    return ConditionalGoodness(
        chi_squared=tuple(chi_squared.tolist()), p=least, p_of=tuple(p.tolist()), groups=groups,
        reference=reference if testable.any() else "",
    )  # fmt: skip


def _groupings(fitted: FittedCells) -> list[Positions]:
    """Everybody together, and fifths by the chance to be observed where people differ in it; shape (cells,) each."""
    rows = len(fitted.model.columns)
    together = np.zeros(rows, dtype=np.intp)
    most = min(GROUPS, MOST_EXPECTED // len(fitted.model.members))
    _, kind = np.unique(np.round(fitted.fit.moments.log_mass, 9), return_inverse=True)
    people = np.bincount(kind.ravel(), weights=fitted.model.people)
    middle = (np.cumsum(people) - people / 2) / max(float(people.sum()), 1e-300)
    part = np.minimum((middle * max(most, 1)).astype(np.intp), max(most, 1) - 1)[kind.ravel()]
    part = np.unique(part, return_inverse=True)[1].ravel().astype(np.intp)
    return [together, part] if part.max(initial=0) > 0 else [together]


def _number_of_groups(fitted: FittedCells) -> int:
    return int(_groupings(fitted)[-1].max(initial=0)) + 1


def _expected(fitted: FittedCells, group: Positions) -> Floats:
    """People expected with each history, shape (groups, histories)."""
    model = fitted.model
    result = np.zeros((int(group.max(initial=0)) + 1, len(model.members)))
    for here in _blocks(fitted):
        share, _ = chances(model, fitted.fit.coefficients, here)
        np.add.at(result, group[here], share * model.people[here, None])
    return result


def _blocks(fitted: FittedCells) -> list[slice]:
    rows, outcomes = len(fitted.model.columns), len(fitted.model.members)
    size = max(1, BLOCK // max(outcomes, 1))
    return [slice(first, min(first + size, rows)) for first in range(0, rows, size)]


def _pearson(fitted: FittedCells, cells: CovariateCells, group: Positions) -> tuple[float, float]:
    """Pearson's statistic with sparse counts pooled, and its p by the weighted sum of χ² variables."""
    expected = _expected(fitted, group)
    counts = observed(fitted, cells, group, expected.shape)
    pool = _pooled(expected)
    e = pool @ expected.ravel()
    away = (pool @ counts.ravel() - e) / np.sqrt(e)
    spread = pool @ _spread(fitted, group, expected) @ pool.T / np.sqrt(np.outer(e, e))
    weights = np.linalg.eigvalsh((spread + spread.T) / 2)
    weights = weights[weights > NOTHING]
    statistic = float(away @ away)
    return (statistic, tail(statistic, weights)) if len(weights) else (statistic, np.nan)


def _pooled(expected: Floats) -> Floats:
    """Which counts are added up, so that five people at least are expected of each; shape (sums, groups × histories)."""
    lines: list[Floats] = []
    for number, row in enumerate(expected):
        base = number * expected.shape[1]
        order = [int(one) for one in np.argsort(row, kind="stable") if row[one] > 0]
        small = [one for one in order if row[one] < DENSE]
        large = order[len(small) :]
        while small and large and row[small].sum() < DENSE:
            small.append(large.pop(0))
        for positions in [*([small] if small else []), *([one] for one in large)]:
            line = np.zeros(expected.size)
            line[[base + one for one in positions]] = 1.0
            lines.append(line)
    return np.array(lines)


def _spread(fitted: FittedCells, group: Positions, expected: Floats) -> Floats:
    """Covariance of O − E given the covariates, the coefficients being estimated: shape (groups × histories, the same)."""
    model = fitted.model
    groups, outcomes = expected.shape
    held = model.members @ model.loads.T
    within = np.zeros((groups, outcomes, outcomes))
    score = np.zeros((groups, outcomes, len(model.names)))
    for here in _blocks(fitted):
        share, _ = chances(model, fitted.fit.coefficients, here)
        moved = fitted.fit.moments.means[here] @ model.loads.T
        x = model.columns[here][:, model.column_of]
        for number in np.unique(group[here]):
            rows = group[here] == number
            weighted = share[rows] * model.people[here][rows, None]
            within[number] += share[rows].T @ weighted
            score[number] += held * (weighted.T @ x[rows]) - weighted.T @ (x[rows] * moved[rows])
    result = np.zeros((groups * outcomes, groups * outcomes))
    for number in range(groups):
        block = slice(number * outcomes, (number + 1) * outcomes)
        result[block, block] = np.diag(expected[number]) - within[number]
    flat = score.reshape(groups * outcomes, len(model.names))
    return result - flat @ fitted.fit.covariance @ flat.T
