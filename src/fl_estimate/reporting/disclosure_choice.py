"""Which further cells to withhold so that nothing withheld can be worked out: the cheapest, or nearly."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import optimize, sparse

from fl_estimate.reporting.disclosure_silence import silence
from fl_estimate.reporting.disclosure_solver import AT_LIMIT, OPTIMAL, SECONDS, Unsolved, exposed, tied_to
from fl_estimate.reporting.disclosure_system import PUBLIC, SLACK, Flags, Floats, Matrix, System, activity, residual

_bounds: Any = optimize.Bounds  # typed as if it took numbers only
_linear: Any = optimize.LinearConstraint
SMALL_CELLS, SMALL_TARGETS = 150, 80
"""Up to so many cells that may be chosen, and so many targets, the choice is the optimum."""
CUTS = 60
"""Rounds of cuts before the optimum is given up for the heuristic."""
LARGE, MANY = 500, 60
"""Above so many unknowns the heuristic looks near the target only: through rows of up to so many, or twelve times its own."""
RELEASES = 2_000
"""Cells that the heuristic tries to print again, dearest first."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Choice:
    """Cells to withhold.

    Attributes
    ----------
    withheld : array of bool, one a cell
        Those of the rule, those that follow from them, and those chosen.
    optimal : bool
        Whether no cheaper choice would do.
    open : bool
        Whether everything that must stay open is. Where it is not, HiGHS failed: withhold what touches `exposed`.
    exposed : array of bool, one a target
    """

    withheld: Flags
    optimal: bool
    open: bool
    exposed: Flags


def choose(system: System, *, small_cells: int = SMALL_CELLS, small_targets: int = SMALL_TARGETS) -> Choice:
    """Choose further cells to withhold, at the least cost.

    Parameters
    ----------
    system : System
        What a reader knows whatever is withheld (three respondents hold no five cases) is taken from what must stay open.
    small_cells, small_targets : int
        Up to where the optimum is looked for.

    Returns
    -------
    Choice

    Notes
    -----
    Small systems: a programme in 0/1 for the cells, with cuts from the duals of the reader's programmes (Fischetti and
    Salazar-González 2001). Others: target by target, the largest cells first, the reader's programme with a price on
    every printed row that would have to give way (Kelly, Golden and Assad 1992); then each chosen cell, dearest first,
    is printed again where that exposes nothing. Both end with `exposed`, which decides with whole numbers.
    """
    system = attainable(system)
    start = system.followed(system.withheld)
    bare = exposed(system, start)
    if not bare.any():
        return Choice(withheld=start, optimal=True, open=True, exposed=bare)
    candidates = np.unique(system.owner[system.owner != PUBLIC])
    if (~start[candidates]).sum() <= small_cells and len(system.low) <= small_targets:
        try:
            best = _optimum(system, start)
        except Unsolved:
            best = None
        if best is not None:
            return Choice(withheld=best, optimal=True, open=True, exposed=np.zeros_like(bare))
    shut = _greedy(system, start, bare)
    bare = exposed(system, shut)
    if not bare.any():
        shut = _released(system, start, shut)
        bare = exposed(system, shut)
    return Choice(withheld=shut, optimal=False, open=not bare.any(), exposed=bare)


def attainable(system: System) -> System:
    """The system with its targets cut to what stays open where every cell is withheld."""
    left = residual(system, np.ones(len(system.cost), dtype=bool))
    least, most = activity(system.targets, left.lower, left.upper)
    low, high = np.maximum(system.low, least), np.minimum(system.high, most)
    # A value that is known whatever is withheld asks for nothing.
    return replace(system, low=np.maximum(low, np.minimum(least, high)), high=np.maximum(high, low))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Elastic:
    """Rows of one side each, terms · x ≤ bound + give where the owner is withheld."""

    terms: Matrix
    bound: Floats
    give: Floats
    owner: Any

    @classmethod
    def of(cls, system: System) -> _Elastic:
        least, most = activity(system.matrix, system.lower, system.upper)
        bound = np.concatenate([system.row_upper, -system.row_lower])
        give = np.maximum(np.concatenate([most - system.row_upper, system.row_lower - least]), 0.0)
        said = np.isfinite(bound)
        return cls(
            terms=sparse.csr_matrix(sparse.vstack([system.matrix, -system.matrix]))[said],
            bound=bound[said],
            give=give[said],
            owner=np.concatenate([system.owner, system.owner])[said],
        )

    def free(self, shut: Flags) -> Flags:
        """Rows that are withheld."""
        return (self.owner != PUBLIC) & shut[np.maximum(self.owner, 0)]


def _sides(system: System, bind: Flags) -> list[tuple[int, float, float]]:
    """(target, sign, least that sign · target must reach) of the targets that bind."""
    wanted: list[tuple[int, float, float]] = []
    for target in np.flatnonzero(bind):
        wanted += [(int(target), -1.0, -float(system.low[target])), (int(target), 1.0, float(system.high[target]))]
    return wanted


def _optimum(system: System, start: Flags) -> Flags | None:
    """The cheapest choice, or None where it is not found within `CUTS` rounds."""
    rows = _Elastic.of(system)
    cuts: list[tuple[Floats, float]] = []
    for _ in range(CUTS):
        shut = _cheapest(system, start, cuts)
        if shut is None:
            return None
        bare = exposed(system, shut)
        if not bare.any():
            return shut
        found = [_cut(system, rows, shut, target, sign, need) for target, sign, need in _sides(system, bare)]
        cuts += [cut for cut in found if cut is not None]
        if not any(cut is not None for cut in found):
            # Whole numbers do not fit where fractions do: something more must go.
            cuts.append(((~shut).astype(float), 1.0))
    return None


def _cheapest(system: System, start: Flags, cuts: list[tuple[Floats, float]]) -> Flags | None:
    """The cheapest cells that meet the cuts and withhold what follows."""
    count = len(system.cost)
    matrix = [sparse.csr_matrix(np.array([cut[0] for cut in cuts]))] if cuts else []
    bound = [np.array([cut[1] for cut in cuts])] if cuts else []
    if len(system.follows):
        pairs = len(system.follows)
        at = np.repeat(np.arange(pairs), 2)
        signs = np.tile([-1.0, 1.0], pairs)
        matrix.append(sparse.csr_matrix((signs, (at, system.follows.ravel())), shape=(pairs, count)))
        bound.append(np.zeros(pairs))
    if not matrix:
        return start.copy()
    scale = float(system.cost.max())
    with silence():
        solved = optimize.milp(
            system.cost / scale,
            integrality=np.ones(count),
            bounds=_bounds(start.astype(float), np.ones(count)),
            constraints=_linear(sparse.vstack(matrix, format="csr"), np.concatenate(bound), np.inf),
            options={"time_limit": SECONDS, "mip_rel_gap": 0.0},
        )
    return None if solved.status != OPTIMAL else np.asarray(solved.x) > 0.5


def _cut(
    system: System, rows: _Elastic, shut: Flags, target: int, sign: float, need: float
) -> tuple[Floats, float] | None:
    """What every sufficient choice has to meet and this one does not; None where the target is open on this side."""
    free = rows.free(shut)
    terms = system.targets[[target]]
    objective = -sign * np.asarray(terms.todense()).ravel()
    kept = np.flatnonzero(~free)
    solved: Any = optimize.linprog(
        objective,
        A_ub=rows.terms[kept] if len(kept) else None,
        b_ub=rows.bound[kept] if len(kept) else None,
        bounds=np.column_stack([system.lower, system.upper]),
        method="highs",
        options={"time_limit": SECONDS},
    )
    if solved.status != OPTIMAL:
        raise Unsolved(solved.message)
    lacking = need + solved.fun
    if lacking <= SLACK * max(abs(need), 1.0) * 10:
        return None
    weight = np.zeros(len(system.cost))
    owned = kept[rows.owner[kept] != PUBLIC]
    dual = np.zeros(len(free))
    dual[kept] = np.maximum(-solved.ineqlin.marginals, 0.0)
    np.add.at(weight, rows.owner[owned], dual[owned] * rows.give[owned])
    weight = np.minimum(weight / lacking, 1.0)
    weight[weight < SLACK] = 0.0
    return (weight, 1.0 - SLACK) if weight.any() else None


def _greedy(system: System, start: Flags, bare: Flags) -> Flags:
    """Withhold for one exposed target after the other, those of the largest cells first, until none is exposed."""
    rows, seen = _Elastic.of(system), list[Floats]()
    shut, stuck = start.copy(), np.zeros_like(bare)
    order = np.argsort(-system.cost[system.target_cell], kind="stable")
    while (bare & ~stuck).any():
        for target in order[(bare & ~stuck)[order]]:
            before, one = shut, np.arange(len(bare)) == target
            if not exposed(system, shut, only=one, seen=seen).any():
                continue  # what was withheld for another protects it too
            try:
                for _, sign, need in _sides(system, one):
                    shut = _given_way(system, rows, shut, int(target), sign, need)
                if (shut == before).all():
                    shut = _one_more(system, shut, int(target))
            except Unsolved:
                shut = before
            stuck[target] = bool((shut == before).all())
        bare = exposed(system, shut, seen=seen)
    return shut


def _given_way(system: System, rows: _Elastic, shut: Flags, target: int, sign: float, need: float) -> Flags:
    """With the owners withheld of the rows that give way, at the least price, for the target to reach its need.

    In a large system everything far from the target stays as it is in the data, unless that is too little.
    """
    near = _near(system, target) if len(system.lower) > LARGE else np.ones(len(system.lower), dtype=bool)
    try:
        return _given_way_within(system, rows, shut, target, sign, need, near)
    except Unsolved:
        if near.all():
            raise
        return _given_way_within(system, rows, shut, target, sign, need, np.ones_like(near))


def _near(system: System, target: int) -> Flags:
    """Unknowns that share a row with the target's, or with one that does; rows of very many tie nothing here."""
    rows = abs(system.matrix)
    found = np.asarray(abs(system.targets[[target]]).sum(axis=0)).ravel() > 0
    narrow = np.diff(system.matrix.indptr) <= max(MANY, 12 * int(found.sum()))
    for _ in range(2):
        found |= rows.T @ (narrow & (rows @ found.astype(float) > 0)).astype(float) > 0
    return found


def _given_way_within(
    system: System, rows: _Elastic, shut: Flags, target: int, sign: float, need: float, near: Flags
) -> Flags:
    inside = np.flatnonzero(near)
    at_rest = np.where(near, 0.0, system.truth)
    touched = np.flatnonzero(~rows.free(shut) & (abs(rows.terms) @ near.astype(float) > 0))
    owned = touched[(rows.owner[touched] != PUBLIC) & (rows.give[touched] > 0)]
    size = len(inside)
    places = np.searchsorted(touched, owned)
    elastic = sparse.csr_matrix(
        (-np.ones(len(owned)), (places, np.arange(len(owned)))), shape=(len(touched), len(owned))
    )
    terms = rows.terms[touched]
    goal = sparse.hstack([-sign * system.targets[[target]][:, inside], sparse.csr_matrix((1, len(owned)))])
    rest = float((system.targets[[target]] @ at_rest)[0])
    solved: Any = optimize.linprog(
        np.concatenate([np.zeros(size), system.cost[rows.owner[owned]] / float(system.cost.max())]),
        A_ub=sparse.vstack([sparse.hstack([terms[:, inside], elastic]), goal], format="csr"),
        b_ub=np.concatenate([rows.bound[touched] - terms @ at_rest + SLACK, [-need + sign * rest]]),
        bounds=np.column_stack([
            np.concatenate([system.lower[inside], np.zeros(len(owned))]),
            np.concatenate([system.upper[inside], rows.give[owned]]),
        ]),
        method="highs",
        options={"time_limit": SECONDS},
    )  # fmt: skip
    if solved.x is None or solved.status not in (OPTIMAL, AT_LIMIT):
        raise Unsolved(solved.message)
    out = shut.copy()
    out[rows.owner[owned[solved.x[size:] > 10 * SLACK]]] = True
    return system.followed(out)


def _one_more(system: System, shut: Flags, target: int) -> Flags:
    """With one more cell withheld, the cheapest of those that share an unknown with the target; as it was where none does."""
    touched = np.flatnonzero(abs(system.matrix) @ (abs(system.targets[[target]]).T @ np.ones(1) > 0).astype(float) > 0)
    near = np.unique(system.owner[touched])
    near = near[(near != PUBLIC)]
    near = near[~shut[near]]
    if not len(near):
        near = np.setdiff1d(np.unique(system.owner[system.owner != PUBLIC]), np.flatnonzero(shut))
    out = shut.copy()
    if len(near):
        out[near[np.argmin(system.cost[near])]] = True
    return system.followed(out)


def _released(system: System, start: Flags, shut: Flags) -> Flags:
    """Print again what need not be withheld, the dearest cell first."""
    extra, seen = np.flatnonzero(shut & ~start), list[Floats]()
    exposed(system, shut, seen=seen)
    for cell in extra[np.argsort(-system.cost[extra], kind="stable")][:RELEASES]:
        trial = shut.copy()
        trial[cell] = False
        if (system.followed(trial) != trial).any():
            continue  # it goes with another cell that is withheld
        if not exposed(system, trial, only=tied_to(system, shut, int(cell)), seen=seen, hurry=True).any():
            shut = trial
    return shut
