"""Parametric bootstrap of a conditional log-linear model: the people that it says there are, their lists drawn anew, fitted anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from fl_estimate.arrays import Floats, Positions
from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.capture_recapture.conditional_em import FittedCells
from fl_estimate.estimators.capture_recapture.conditional_fit import chances
from fl_estimate.estimators.capture_recapture.people_cells import CovariateCells
from fl_estimate.tasks import in_order

BLOCK = 10
"""Files of a task."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ConditionalDraws:
    """Sizes of every domain in each draw that could be fitted, shape (draws, domains), and how many could not."""

    sizes: Floats
    failed: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Refit:
    """People drawn from a model, and the model fitted to them."""

    cells: CovariateCells
    fitted: FittedCells


def refits(
    fit: Callable[[CovariateCells], FittedCells],
    cells: CovariateCells,
    fitted: FittedCells,
    order: Positions,
    *,
    replicates: int,
    seed: int,
) -> Iterator[Refit | None]:
    """Draw lists of the people that the model says there are, and fit again; None where there is no estimate.

    Parameters
    ----------
    fit : callable
        What is done with a drawn file: one model, or a choice among several.
    order : int array, shape (cells,)
        Cells in the order of their domains, so that rounding to whole people moves none of them by more than one.
    """
    generator = np.random.default_rng(seed)
    outcomes = _with_none(fitted)
    people = fitted.model.people * (1 + fitted.unseen)
    gaps = _gaps(cells)

    def files(block: int) -> Iterator[CovariateCells]:
        for _ in range(block):
            drawn = generator.multinomial(_whole(people, order, generator), outcomes)[:, :-1]
            yield _redrawn(cells, drawn, gaps, generator)

    # One stream draws all files, here and in their order: what is fitted elsewhere has no randomness of its own.
    blocks = ((fit, list(files(min(BLOCK, replicates - at)))) for at in range(0, replicates, BLOCK))
    for block in in_order(_refitted, blocks, what="block of files drawn"):
        yield from block


def _refitted(fit: Callable[[CovariateCells], FittedCells], files: list[CovariateCells]) -> list[Refit | None]:
    found: list[Refit | None] = []
    for cells in files:
        try:
            found.append(Refit(cells=cells, fitted=fit(cells)))
        except EstimateFault:
            found.append(None)
    return found


def draw_sizes(drawn: Iterator[Refit | None], sizes_of: Callable[[Floats, Floats], Floats]) -> ConditionalDraws:
    """Sum again in every draw.

    Parameters
    ----------
    drawn : iterator
        As `refits` gives it.
    sizes_of : callable
        People observed in each cell and h of each cell in; sizes of the domains out.

    Raises
    ------
    EstimateFault
        FL-EST-177: more than half of the draws have no estimate.
    """
    found: list[Floats] = []
    failed = 0
    for refit in drawn:
        if refit is None:
            failed += 1
        else:
            found.append(sizes_of(refit.fitted.model.people, refit.fitted.unseen))
    replicates = len(found) + failed
    if failed > replicates / 2:
        raise EstimateFault(
            "FL-EST-177", "more than half of the bootstrap draws have no estimate, so that there is no interval",
            found=f"{failed} of {replicates}", fix="a simpler model: fewer dependences, effects in common, classes joined",
        )  # fmt: skip
    return ConditionalDraws(sizes=np.array(found), failed=failed)


def _with_none(fitted: FittedCells) -> Floats:
    """Chances of every history and, in the last column, of none; shape (cells, histories + 1)."""
    share, _ = chances(fitted.model, fitted.fit.coefficients)
    none = fitted.unseen / (1 + fitted.unseen)
    every = np.column_stack([share * (1 - none[:, None]), none])
    return every / every.sum(axis=1, keepdims=True)


def _whole(people: Floats, order: Positions, generator: np.random.Generator) -> Positions:
    """Whole people: each cell's number rounded up or down, and every run of cells right to one person."""
    edges = np.floor(np.cumsum(people[order]) + generator.random())
    whole = np.empty(len(people), dtype=np.int64)
    whole[order] = np.diff(edges, prepend=0.0).astype(np.int64)
    return whole


@dataclass(frozen=True, kw_only=True, eq=False)
class _Gaps:
    """Which covariates are missing together, and how often among people of each history; empty where none ever is.

    Attributes
    ----------
    kinds : flags, shape (kinds, possibilities, possibilities)
        Which possibilities cannot be told from one another.
    shares : array, shape (histories, kinds)
    known : int array, shape (kinds, knowns)
        What is left of known covariates.
    """

    kinds: npt.NDArray[np.bool_]
    shares: Floats
    known: Positions


def _gaps(cells: CovariateCells) -> _Gaps | None:
    if not cells.gaps:
        return None
    codes = cells.options
    missing = np.stack([_missing(codes, row) for row in cells.cell >= 0])
    kinds, kind = np.unique(missing, axis=0, return_inverse=True)
    alike = np.stack([((codes[:, None, :] == codes[None, :, :]) | one).all(axis=2) for one in kinds])
    shares = np.zeros((int(cells.history.max()) + 1, len(kinds)))
    np.add.at(shares, (cells.history, kind.ravel()), cells.people)
    overall = shares.sum(axis=0)
    total = shares.sum(axis=1, keepdims=True)
    numbers: frozenset[str] = frozenset().union(*cells.blanked)
    gone = [
        frozenset(name for name, out in zip(cells.gaps, one, strict=True) if out and name in numbers) for one in kinds
    ]
    whole = np.arange(len(cells.position))
    return _Gaps(
        kinds=alike, shares=np.where(total > 0, shares / np.maximum(total, 1e-300), overall / overall.sum()),
        known=np.stack([cells.blanked.get(one, whole) for one in gone]),
    )  # fmt: skip


def _missing(codes: Positions, possible: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Which columns are missing where just these possibilities are left."""
    return np.array([len(np.unique(column[possible])) > 1 for column in codes.T])


def _redrawn(
    cells: CovariateCells, drawn: npt.NDArray[np.int64], gaps: _Gaps | None, generator: np.random.Generator
) -> CovariateCells:
    """Cells as they would have been observed: the same covariates are missing as often as before, given the history."""
    cell, history = np.nonzero(drawn)
    people = drawn[cell, history]
    if gaps is None:
        return replace(cells, cell=cell[:, None], history=history, people=people.astype(float))
    shares = gaps.shares[np.minimum(history, len(gaps.shares) - 1)]
    kinds = generator.multinomial(people, shares)
    group, kind = np.nonzero(kinds)
    at = cell[group]
    possible = gaps.kinds[kind, cells.option[at]]
    merged = np.where(possible, cells.position[gaps.known[kind, cells.known[at]]], -1)
    keys = np.column_stack([merged, history[group]])
    rows, at = np.unique(keys, axis=0, return_inverse=True)
    counts = np.bincount(at.ravel(), weights=kinds[group, kind].astype(float))
    return replace(cells, cell=rows[:, :-1], history=rows[:, -1], people=counts)
