"""Many log-linear fits at once: tables × models as masks over one design, by Newton steps in numpy; existence beside them."""

from __future__ import annotations

import contextlib
import itertools
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special
from threadpoolctl import ThreadpoolController

from fl_estimate.arrays import Floats, Positions
from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.capture_recapture.existence import is_identifiable, is_inside
from fl_estimate.estimators.capture_recapture.fitting import fit_poisson
from fl_estimate.estimators.capture_recapture.terms import Term, design_matrix
from fl_estimate.inputs.histories import Member, all_histories

Flags = npt.NDArray[np.bool_]
STEPS = 40
SETTLED = 1e-7
"""Largest relative change of a fitted count in the last Newton step; the error left is its square."""
FEW = 1e-2
"""People by whom a fitted count may still change in the last step of the many fits that a test of fit asks for."""
LARGEST_VARIANCE = 1e6
"""Of a parameter, a logarithm, above which rounding may have stopped the steps, not the maximum."""
BLOCK = 4_000_000
"""Numbers in the largest array of one block of fits: some tens of megabytes."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Lattice:
    """All histories of t lists and all terms up to an order, as one design.

    Attributes
    ----------
    terms : tuple of Term
        By order, then by list; the first t are the lists themselves.
    members : int array, shape (histories, lists)
    matrix : array, shape (histories, 1 + terms)
        Intercept and, for each term, 1 where a history contains it.
    below : bool array, shape (terms, terms)
        Whether the second term is a part of the first, itself not counted.
    """

    terms: tuple[Term, ...]
    members: Member
    matrix: Floats
    below: Flags

    @property
    def lists(self) -> int:
        """Number of lists."""
        return self.members.shape[1]

    @property
    def main(self) -> Flags:
        """The model of main effects."""
        return np.arange(len(self.terms)) < self.lists


def lattice(lists: int, max_order: int) -> Lattice:
    """Lay out the histories and terms; the interaction of all lists is never among them."""
    orders = range(1, min(max_order, lists - 1) + 1)
    terms = tuple(term for order in orders for term in itertools.combinations(range(lists), order))
    members = all_histories(lists)
    below = np.array([[set(part) < set(term) for part in terms] for term in terms], dtype=bool)
    return Lattice(terms=terms, members=members, matrix=design_matrix(members, terms), below=below)


@dataclass(frozen=True, kw_only=True, eq=False)
class Fits:
    """Fits of B tables or models; a fit that has no single estimate has `ok` False and NaN throughout.

    Attributes
    ----------
    parameters : array, shape (B, 1 + terms)
        0 for terms that are not in a model, or at −∞.
    fitted : array, shape (B, histories)
    log_likelihood : array, shape (B,)
        With factorials.
    ok : bool array, shape (B,)
    """

    parameters: Floats
    fitted: Floats
    log_likelihood: Floats
    ok: Flags

    @property
    def dark(self) -> Floats:
        """People on no list, shape (B,); NaN without an estimate."""
        with np.errstate(over="ignore"):
            return np.where(self.ok, np.exp(self.parameters[:, 0]), np.nan)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Margins:
    """Cells of the margins of all interactions: histories that are on some lists of a term and not on its others.

    Attributes
    ----------
    cells : array, shape (histories, cells)
        1 where a history is in the cell; the cell of all lists of a term is left out, for without people its parameter is
        at −∞.
    term : int array, shape (cells,)
        Place of the term.
    """

    cells: Floats
    term: Positions


def _margins(space: Lattice) -> _Margins:
    cells: list[Floats] = []
    owner: list[int] = []
    for position, term in enumerate(space.terms):
        here = space.members[:, list(term)]
        for inside in itertools.product((0, 1), repeat=len(term)) if len(term) > 1 else ():
            if not all(inside):
                cells.append((here == np.array(inside)).all(axis=1).astype(float))
                owner.append(position)
    shape = np.stack(cells, axis=1) if cells else np.zeros((len(space.members), 0))
    return _Margins(cells=shape, term=np.array(owner, dtype=np.intp))


@dataclass(frozen=True, kw_only=True, eq=False)
class _ProgrammeAnswer:
    """What the linear programme said of one model on some patterns of histories that occurred.

    A pattern with more histories has an estimate where one with fewer has; one with fewer has none where one with more has
    none. Patterns that another answers for are not kept.
    """

    inside: list[Flags] = field(default_factory=list)
    outside: list[Flags] = field(default_factory=list)

    def answer(self, seen: Flags) -> bool | None:
        if self.outside and bool((~seen | np.array(self.outside)).all(axis=1).any()):
            return False
        if self.inside and bool((seen | ~np.array(self.inside)).all(axis=1).any()):
            return True
        return None

    def keep(self, seen: Flags, exists: bool) -> None:
        (self.inside if exists else self.outside).append(seen)


@dataclass(frozen=True, kw_only=True, eq=False)
class Fitter:
    """Fits models on one lattice, and remembers which have an estimate.

    Whether an estimate exists depends on which histories occurred, not on how often: each pattern is solved once, and
    answers for those with more or fewer histories. Where a cell of a margin in the model is empty there is none. A Newton step that changes every fitted count by less than itself proves existence without a linear programme:
    μ (1 + A step) is a table with the margins asked for and no zero.
    """

    lattice: Lattice
    identifiable: dict[bytes, bool] = field(default_factory=dict)
    inside: dict[bytes, _ProgrammeAnswer] = field(default_factory=dict)
    margins: _Margins = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "margins", _margins(self.lattice))

    def fit(self, counts: Floats, models: Flags, start: Floats | None = None) -> Fits:
        """Fit B pairs of a table and a model.

        Parameters
        ----------
        counts : array, shape (B, histories)
        models : bool array, shape (B, terms)
        start : array, shape (B, 1 + terms), optional
            Parameters to set out from.
        """
        with one_thread():
            return self._fit(counts, models, start)

    def _fit(self, counts: Floats, models: Flags, start: Floats | None) -> Fits:
        width = max(1, BLOCK // (1 + len(self.lattice.terms)) ** 2)
        if len(counts) > width:
            blocks = [slice(at, at + width) for at in range(0, len(counts), width)]
            parts = [self._fit(counts[b], models[b], None if start is None else start[b]) for b in blocks]
            return Fits(
                parameters=np.concatenate([part.parameters for part in parts]),
                fitted=np.concatenate([part.fitted for part in parts]),
                log_likelihood=np.concatenate([part.log_likelihood for part in parts]),
                ok=np.concatenate([part.ok for part in parts]),
            )
        finite, rows = self._finite(counts, models)
        ok = ~self._empty_margin(counts, finite, rows)
        left = np.flatnonzero(ok)
        ok[left] = self.identifies(finite[left], rows[left])
        parameters = np.full((len(counts), self.lattice.matrix.shape[1]), np.nan)
        sound = np.flatnonzero(ok)
        if len(sound):
            begin = None if start is None else start[sound]
            found, settled = _newton(self.lattice.matrix, counts[sound], finite[sound], rows[sound], begin)
            parameters[sound] = found
            for position in sound[~settled]:
                ok[position] = self._exists(counts[position], finite[position], rows[position])
                if ok[position]:
                    parameters[position] = self._one(counts[position], finite[position], rows[position])
        ok &= np.isfinite(parameters).all(axis=1)
        parameters[~ok] = np.nan
        with np.errstate(over="ignore", invalid="ignore"):
            fitted = np.where(rows, np.exp(parameters @ self.lattice.matrix.T), np.where(ok[:, None], 0.0, np.nan))
        each = special.xlogy(counts, fitted) - fitted - special.gammaln(counts + 1)
        return Fits(parameters=parameters, fitted=fitted, log_likelihood=each.sum(axis=1), ok=ok)

    def _finite(self, counts: Floats, models: Flags) -> tuple[Flags, Flags]:
        """Columns with a finite parameter, shape (B, 1 + terms), and histories that can occur, shape (B, histories)."""
        inside = self.lattice.matrix[:, 1:]
        absent = models & (counts @ inside == 0)
        rows = absent.astype(float) @ inside.T == 0
        always = np.ones((len(counts), 1), dtype=bool)
        return np.hstack([always, models & ~absent]), rows

    def identifies(self, finite: Flags, rows: Flags) -> Flags:
        """Models on the same histories are identifiable if all their terms together are; else each is looked at."""
        answers = np.empty(len(finite), dtype=bool)
        patterns, belongs = np.unique(np.packbits(rows, axis=1), axis=0, return_inverse=True)
        for pattern in range(len(patterns)):
            positions = np.flatnonzero(belongs.ravel() == pattern)
            cells = rows[positions[0]]
            together = self._full_rank(finite[positions].any(axis=0), cells)
            for position in positions:
                answers[position] = together or self._full_rank(finite[position], cells)
        return answers

    def _full_rank(self, columns: Flags, cells: Flags) -> bool:
        key = _key(columns, cells)
        if key not in self.identifiable:
            self.identifiable[key] = is_identifiable(self.lattice.matrix[np.ix_(cells, columns)])
        return self.identifiable[key]

    def _empty_margin(self, counts: Floats, finite: Flags, rows: Flags) -> Flags:
        """Whether nobody is in a cell of the margin of a term in the model: its terms can then run off for ever."""
        here = self.margins
        nobody = (counts @ here.cells == 0) & (rows.astype(float) @ here.cells > 0)
        return (nobody & finite[:, 1 + here.term]).any(axis=1)

    def _exists(self, counts: Floats, finite: Flags, rows: Flags) -> bool:
        known = self.inside.setdefault(_key(finite, rows), _ProgrammeAnswer())
        seen = counts[rows] > 0
        answer = known.answer(seen)
        if answer is None:
            # The pattern stands for all its tables.
            answer = is_inside(self.lattice.matrix[np.ix_(rows, finite)], seen.astype(float))
            known.keep(seen, answer)
        return answer

    def _one(self, counts: Floats, finite: Flags, rows: Flags) -> Floats:
        """The careful fit of one table, for the few that the common steps did not bring to their maximum."""
        parameters = np.zeros(len(finite))
        try:
            parameters[finite] = fit_poisson(self.lattice.matrix[np.ix_(rows, finite)], counts[rows]).parameters
        except EstimateFault:
            parameters[:] = np.nan
        return parameters


@cache
def _pools() -> ThreadpoolController:
    """The linear algebra library's threads: on thousands of small systems they wait for each other, seven times the work."""
    return ThreadpoolController()


def one_thread() -> AbstractContextManager[Any]:
    """Keep the linear algebra library to one thread."""
    return _pools().limit(limits=1, user_api="blas")


def _key(*flags: Flags) -> bytes:
    return b"|".join(np.packbits(each).tobytes() for each in flags)


def _newton(
    matrix: Floats, counts: Floats, finite: Flags, rows: Flags, start: Floats | None, people: float | None = None
) -> tuple[Floats, Flags]:
    """Newton's method for B tables at once; says which came to rest, the others are not to be used.

    With `people` it ends where no fitted count changes by so many: one that runs to 0 takes no more steps.
    """
    used = finite.any(axis=0)
    design = matrix[:, used]
    outer = (design[:, :, None] * design[:, None, :]).reshape(len(design), -1)
    active, cells = finite[:, used], rows.astype(float)
    if start is None:
        parameters = _first(design, outer, counts, active, cells)
    else:
        parameters = np.where(active, start[:, used], 0.0)
    settled, going = np.zeros(len(counts), dtype=bool), np.arange(len(counts))
    for _ in range(STEPS):
        here, seen, on = parameters[going], counts[going], cells[going]
        with np.errstate(over="ignore", invalid="ignore"):
            fitted = np.exp(here @ design.T) * on
            gradient = ((seen - fitted) @ design) * active[going]
        systems = information_systems(fitted @ outer, active[going])
        step = solve_all(systems, gradient)
        moved = np.abs(step @ design.T * on)
        change = moved.max(axis=1)
        step *= np.minimum(1.0, 3.0 / np.maximum(change, 3.0))[:, None]
        step = _shortened(design, seen, on, here, step)
        parameters[going] = here + step
        done = change < SETTLED if people is None else (fitted * moved).max(axis=1) < people
        settled[going[done]] = _estimable(systems[done])
        lost = ~np.isfinite(parameters[going]).all(axis=1)
        going = going[~done & ~lost]
        if not len(going):
            break
    full = np.zeros((len(counts), matrix.shape[1]))
    full[:, used] = parameters
    return full, settled


def _first(design: Floats, outer: Floats, counts: Floats, active: Flags, cells: Floats) -> Floats:
    """One weighted least-squares step from fitted counts near those observed."""
    near = (counts + 0.1) * cells
    working = np.where(near > 0, near * np.log(np.where(near > 0, near, 1.0)) + counts - near, 0.0)
    return solve_all(information_systems(near @ outer, active), (working @ design) * active)


def information_systems(information: Floats, active: Flags) -> Floats:
    """The information of each table on its own active columns, 1 on the diagonal elsewhere."""
    size = active.shape[1]
    kept = active.astype(float)
    systems = information.reshape(-1, size, size) * kept[:, :, None]
    systems *= kept[:, None, :]
    np.einsum("bii->bi", systems)[...] += 1 - kept
    return systems


def solve_all(systems: Floats, right: Floats) -> Floats:
    """Solve B systems; a singular one gives NaN."""
    try:
        return np.linalg.solve(systems, right[:, :, None])[:, :, 0]
    except np.linalg.LinAlgError:
        solved = np.full(right.shape, np.nan)
        for position, (system, side) in enumerate(zip(systems, right, strict=True)):
            with contextlib.suppress(np.linalg.LinAlgError):
                solved[position] = np.linalg.solve(system, side)
        return solved


def _estimable(systems: Floats) -> Flags:
    """Whether every parameter has a variance that a fit can have.

    Where no estimate exists some fitted counts fall below rounding and the steps stop too, but the variance of a
    parameter has then grown beyond all bounds: those are left to the linear programme.
    """
    try:
        # Of a system singular but for rounding the inverse can be anything large, below 0 too.
        variances = np.linalg.inv(systems).diagonal(axis1=1, axis2=2)
        return np.abs(variances).max(axis=1, initial=0.0) < LARGEST_VARIANCE
    except np.linalg.LinAlgError:
        return np.linalg.eigvalsh(systems)[:, 0] > 1 / LARGEST_VARIANCE


def _shortened(design: Floats, counts: Floats, cells: Floats, here: Floats, step: Floats) -> Floats:
    """Halve the steps along which a likelihood falls, until it does not."""

    def value(parameters: Floats, positions: npt.NDArray[np.intp]) -> Floats:
        linear = parameters @ design.T
        with np.errstate(over="ignore", invalid="ignore"):
            return (cells[positions] * (counts[positions] * linear - np.exp(linear))).sum(axis=1)

    step = step.copy()
    positions = np.arange(len(here))
    before = value(here, positions)
    for _ in range(12):
        after = value(here[positions] + step[positions], positions)
        positions = positions[after < before[positions] - 1e-9 * (1 + np.abs(before[positions]))]
        if not len(positions):
            break
        step[positions] /= 2
    return step


def fit_tables(matrix: Floats, tables: Floats, near: Floats) -> Floats:
    """Fitted counts of one design on B tables drawn from fitted counts `near`, shape (B, cells); NaN where the steps were lost.

    To a hundredth of a person, for tests of fit. A margin of 0 sends its parameter towards −∞: the fitted counts are then near those
    of the limit, which is what a deviance needs.
    """
    every = np.ones((len(tables), matrix.shape[1]), dtype=bool)
    cells = np.ones(tables.shape, dtype=bool)
    begin = np.linalg.lstsq(matrix, np.log(np.maximum(near, 1e-300)), rcond=None)[0]
    with one_thread(), np.errstate(over="ignore", invalid="ignore"):
        parameters, _ = _newton(matrix, tables, every, cells, np.tile(begin, (len(tables), 1)), FEW)
        return np.exp(parameters @ matrix.T)
