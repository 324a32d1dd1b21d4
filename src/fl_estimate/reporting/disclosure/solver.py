"""What a reader can work out: intervals by linear programmes, and whole numbers that fit, both by HiGHS."""

# pyright: standard
# scipy has no types: these matrices want stubs of their own before the strict rules can say anything.

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import optimize, sparse

from fl_estimate.reporting.disclosure.silence import silence
from fl_estimate.reporting.disclosure.system import (
    SLACK,
    Flags,
    Floats,
    Matrix,
    Positions,
    ResidualSystem,
    System,
    activity,
    parts,
    residual,
)
from fl_estimate.reporting.disclosure.trees import solved as in_closed_form

SECONDS = 60.0
"""Of one programme; one that takes longer counts as unsolved, and what is unsolved as exposed."""
GAP = 0.3
"""A batch need not be the largest that there is: what it leaves is asked about again."""
OPTIMAL, AT_LIMIT = 0, 1
"""Of HiGHS, as scipy numbers them."""
_bounds: Any = optimize.Bounds  # typed as if it took numbers only
_linear: Any = optimize.LinearConstraint


MOST_SEEN = 100
"""Points kept, the newest."""


class Unsolved(Exception):
    """HiGHS gave no answer."""


@dataclass(frozen=True, kw_only=True)
class Interval:
    """Between which values a withheld figure lies for a reader who solves for it.

    Attributes
    ----------
    cell, target : int
        The withheld cell, and which target of the system.
    lower, upper : float
        The ends; they are whole numbers where the target is a count.
    truth : float
    protected : bool
        Whether everything that must stay open is.
    """

    cell: int
    target: int
    lower: float
    upper: float
    truth: float
    protected: bool


def audit(system: System, withheld: Flags | None = None) -> list[Interval]:
    """For each target of a withheld cell the interval that fits everything printed, and whether that is enough.

    Parameters
    ----------
    system : System
    withheld : array of bool, one a cell, optional
        By default what the rule withholds, and what follows from that.

    Returns
    -------
    list of Interval
        In the order of the targets; an interval that HiGHS did not find is the truth alone, and not protected.
    """
    shut = system.followed(system.withheld if withheld is None else withheld)
    left = residual(system, shut)
    bare = exposed(system, shut, left)
    found: list[Interval] = []
    for target in np.flatnonzero(shut[system.target_cell]) if len(system.target_cell) else []:
        truth = float((system.targets[[target]] @ system.truth)[0])
        try:
            ends = [extreme(system, left, int(target), sense) for sense in (1.0, -1.0)]
        except Unsolved:
            ends = [truth, truth]
        found.append(
            Interval(
                cell=int(system.target_cell[target]), target=int(target), lower=ends[0], upper=ends[1], truth=truth,
                protected=not bare[target],
            )
        )  # fmt: skip
    return found


def extreme(system: System, left: ResidualSystem, target: int, sense: float) -> float:
    """The least (sense 1) or most (sense −1) that a target can be; of whole numbers where its unknowns are."""
    terms, known = _loose_terms(system, left, np.array([target]))
    within = np.isin(left.part, left.part[terms.indices]) & left.loose
    unknowns = np.flatnonzero(within)
    if not len(unknowns):
        return float(known[0])
    rows = _rows_within(left.matrix, within)
    objective = sense * np.asarray(terms[:, unknowns].todense()).ravel()
    solved = _milp(
        objective,
        integrality=system.integer[unknowns].astype(int),
        bounds=_bounds(left.lower[unknowns], left.upper[unknowns]),
        constraints=_constraints(left.matrix[rows][:, unknowns], left.row_lower[rows], left.row_upper[rows]),
        options={"time_limit": SECONDS, "mip_rel_gap": 0.0},
    )
    if solved.status != OPTIMAL or solved.x is None:
        raise Unsolved(solved.message)
    value = sense * float(solved.fun) + float(known[0])
    return float(round(value)) if system.integer[system.targets[[target]].indices].all() else value


def _loose_terms(system: System, left: ResidualSystem, targets: Positions) -> tuple[Matrix, Floats]:
    """Targets without the unknowns that are settled, and what those come to."""
    terms = sparse.csr_matrix(system.targets[targets] @ sparse.diags_array(left.loose.astype(float)))
    terms.eliminate_zeros()
    return terms, system.targets[targets] @ np.where(left.loose, 0.0, left.lower)


def exposed(
    system: System,
    withheld: Flags,
    left: ResidualSystem | None = None,
    *,
    seen: list[Floats] | None = None,
) -> Flags:
    """Targets of withheld cells of which too much can be worked out.

    Parameters
    ----------
    system, withheld
    left : Residual, optional
        Of the same cells, where it has been made already.
    seen : list of arrays, optional
        Points that fitted what was printed when other cells were withheld: those that still fit are not looked for again.
        What is found is added.
    """
    left = residual(system, withheld) if left is None else left
    bare = np.zeros(len(system.target_cell), dtype=bool)
    if not len(bare):
        return bare
    bind = withheld[system.target_cell]
    least, most = activity(system.targets, left.lower, left.upper)
    bare |= bind & (
        (least > system.low + SLACK * _scale(system.low)) | (most < system.high - SLACK * _scale(system.high))
    )
    seen = [] if seen is None else seen
    asked = FeasibilityNeeds.of(system, np.flatnonzero(bind & ~bare))
    asked = asked.without_met(system, np.column_stack([system.truth, *_fitting(system, withheld, seen)]))
    # Targets that are sums tie the parts of their unknowns together.
    terms, _ = _loose_terms(system, left, asked.target)
    empty = np.diff(terms.indptr) == 0  # settled, and not as it must be
    bare[asked.target[empty]] = True
    asked, terms = asked.chosen(~empty), terms[~empty]
    tied = parts(sparse.csr_matrix(sparse.vstack([left.matrix, terms])))
    where = tied[terms.indices[terms.indptr[:-1]]] if terms.nnz else np.zeros(0, dtype=np.intp)
    for part in np.unique(where):
        within = (tied == part) & left.loose
        mine = asked.chosen(where == part)
        try:
            rest = _unmet_in_tree(system, left, within, mine)
            bare[_unmet(system, left, within, mine, seen) if rest is None else rest] = True
        except Unsolved:
            bare[mine.target] = True
    del seen[:-MOST_SEEN]
    return bare


def _fitting(system: System, withheld: Flags, points: list[Floats]) -> list[Floats]:
    """Of these points those that fit what is printed where these cells are withheld."""
    if not points:
        return []
    active = system.active(withheld)
    said = system.matrix[active] @ np.column_stack(points)
    room = SLACK * _scale(said)
    low, high = system.row_lower[active][:, None], system.row_upper[active][:, None]
    fits = ((said >= low - room) & (said <= high + room)).all(axis=0)
    return [point for point, fit in zip(points, fits, strict=True) if fit]


def _scale(values: Floats) -> Floats:
    return np.maximum(np.abs(values), 1.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class FeasibilityNeeds:
    """Things that must be possible, one by one: that a target is at least this (`least`) and at most that (`most`)."""

    target: Positions
    least: Floats
    most: Floats

    @classmethod
    def of(cls, system: System, targets: Positions) -> FeasibilityNeeds:
        wanted: list[tuple[int, float, float]] = []
        for target in targets:
            low, high = float(system.low[target]), float(system.high[target])
            if system.every[target]:
                wanted += [(int(target), value, value) for value in np.arange(low, high + 1)]
            else:
                wanted += [(int(target), -np.inf, low), (int(target), high, np.inf)]
        return cls(
            target=np.array([one[0] for one in wanted], dtype=np.intp),
            least=np.array([one[1] for one in wanted], dtype=float),
            most=np.array([one[2] for one in wanted], dtype=float),
        )

    def chosen(self, keep: Flags) -> FeasibilityNeeds:
        return FeasibilityNeeds(target=self.target[keep], least=self.least[keep], most=self.most[keep])

    def without_met(self, system: System, points: Floats) -> FeasibilityNeeds:
        """Those that no point (one a column), each of which fits all that is printed, shows to be possible."""
        value = system.targets[self.target] @ points
        room = SLACK * 10 * _scale(value)
        met = (value >= self.least[:, None] - room) & (value <= self.most[:, None] + room)
        return self.chosen(~met.any(axis=1))


def _unmet_in_tree(system: System, left: ResidualSystem, within: Flags, needs: FeasibilityNeeds) -> Positions | None:
    """Targets of one part with a need that no point meets, in closed form; None where the part is no hierarchy."""
    unknowns, rows = np.flatnonzero(within), _rows_within(left.matrix, within)
    targets, position = np.unique(needs.target, return_inverse=True)
    terms, known = _loose_terms(system, left, targets)
    tree = in_closed_form(
        left.lower[unknowns], left.upper[unknowns], system.integer[unknowns], left.matrix[rows][:, unknowns],
        left.row_lower[rows], left.row_upper[rows], terms[:, unknowns],
    )  # fmt: skip
    if tree is None:
        return None
    lower, upper = (tree.lower + known)[position], (tree.upper + known)[position]
    room = SLACK * 10 * np.maximum(_scale(lower), _scale(upper))
    return needs.target[(upper < needs.least - room) | (lower > needs.most + room)]


def _unmet(
    system: System, left: ResidualSystem, within: Flags, needs: FeasibilityNeeds, seen: list[Floats]
) -> Positions:
    """Targets of one part with a need that no point meets.

    One programme asks for a point that meets as many needs as it can; it is repeated with the rest. Where the best
    point meets none, none of the rest can be met, not even alone.
    """
    unknowns = np.flatnonzero(within)
    rows = _rows_within(left.matrix, within)
    fixed = _TiedUnknowns(
        lower=left.lower[unknowns],
        upper=left.upper[unknowns],
        integer=system.integer[unknowns],
        matrix=left.matrix[rows][:, unknowns],
        row_lower=left.row_lower[rows],
        row_upper=left.row_upper[rows],
    )
    point = np.where(left.loose, system.truth, left.lower)
    while len(needs.target):
        terms, known = _loose_terms(system, left, needs.target)
        result = fixed.meeting(terms[:, unknowns], needs.least - known, needs.most - known)
        if result is None:
            break
        point = point.copy()
        point[unknowns] = result
        seen.append(point)
        rest = needs.without_met(system, point[:, None])
        if len(rest.target) == len(needs.target):  # met within the solver's tolerance only: not shown
            break
        needs = rest
    return needs.target


@dataclass(frozen=True, kw_only=True, eq=False)
class _TiedUnknowns:
    """Unknowns that rows tie together."""

    lower: Floats
    upper: Floats
    integer: Flags
    matrix: Matrix
    row_lower: Floats
    row_upper: Floats

    def meeting(self, terms: Matrix, at_least: Floats, at_most: Floats) -> Floats | None:
        """A point at which many of the terms are as asked, or None where not one can be."""
        size, count = len(self.lower), len(at_least)
        least, most = activity(terms, self.lower, self.upper)
        # Where the switch of a need is on, its target is held; where off, the target may be whatever the bounds allow.
        floor, ceiling = np.maximum(at_least, least), np.minimum(at_most, most)
        upwards, downwards = sparse.diags_array(least - floor), sparse.diags_array(most - ceiling)
        own = sparse.hstack([self.matrix, sparse.csr_matrix((self.matrix.shape[0], count))])
        matrix = sparse.vstack([own, sparse.hstack([terms, upwards]), sparse.hstack([terms, downwards])], format="csr")
        solved = _milp(
            np.concatenate([np.zeros(size), -np.ones(count)]),
            integrality=np.concatenate([self.integer.astype(int), np.ones(count, dtype=int)]),
            bounds=_bounds(np.concatenate([self.lower, np.zeros(count)]), np.concatenate([self.upper, np.ones(count)])),
            constraints=_constraints(
                matrix,
                np.concatenate([self.row_lower, least, np.full(count, -np.inf)]),
                np.concatenate([self.row_upper, np.full(count, np.inf), most]),
            ),
            options={"time_limit": SECONDS, "mip_rel_gap": GAP},
        )
        if solved.x is None:
            raise Unsolved(solved.message)
        if solved.fun > -0.5:
            if solved.status != OPTIMAL:
                raise Unsolved(solved.message)
            return None
        result = np.asarray(solved.x[:size], dtype=float)
        result[self.integer] = np.round(result[self.integer])
        return result


def _milp(objective: Floats, **given: Any) -> Any:
    with silence():
        return optimize.milp(objective, **given)


def _rows_within(matrix: Matrix, within: Flags) -> Positions:
    return np.flatnonzero(abs(matrix) @ within.astype(float) > 0)


def _constraints(matrix: Matrix, lower: Floats, upper: Floats) -> Any:
    return _linear(matrix, lower, upper) if matrix.shape[0] else ()
