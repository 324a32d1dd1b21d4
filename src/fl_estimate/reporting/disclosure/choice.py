"""Which further cells to withhold so that nothing withheld can be worked out: the cheapest, or nearly."""

# pyright: standard
# scipy has no types: these matrices want stubs of their own before the strict rules can say anything.

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import optimize, sparse

from fl_estimate.reporting.disclosure.local import Tell, protect
from fl_estimate.reporting.disclosure.silence import silence
from fl_estimate.reporting.disclosure.solver import OPTIMAL, SECONDS, Unsolved, exposed, extreme
from fl_estimate.reporting.disclosure.system import PUBLIC, SLACK, Flags, Floats, Matrix, System, activity, residual

_bounds: Any = optimize.Bounds  # typed as if it took numbers only
_linear: Any = optimize.LinearConstraint
SMALL_CELLS, SMALL_TARGETS = 150, 80
"""Up to so many cells that may be chosen, and so many targets, the choice is the optimum."""
FEW_VALUES = 10
"""And where no count has more values than these that must fit: of a rule of 60 cases each has sixty."""
CUTS = 60
"""Rounds of cuts before the optimum is given up for the heuristic."""
BUDGET = 600.0
"""Seconds of the whole choice; after them what is not shown to be open counts as exposed."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SuppressionChoice:
    """Cells to withhold.

    Attributes
    ----------
    withheld : array of bool, one a cell
        Those of the rule, those that follow from them, and those chosen.
    optimal : bool
        Whether no cheaper choice would do.
    open : bool
        Whether everything that must stay open is. Where it is not, HiGHS failed, or time ran out: withhold what touches `exposed`.
    exposed : array of bool, one a target
    late : bool
        Whether time ran out.
    """

    withheld: Flags
    optimal: bool
    open: bool
    exposed: Flags
    late: bool = False


def choose(
    system: System,
    *,
    small_cells: int = SMALL_CELLS,
    small_targets: int = SMALL_TARGETS,
    seconds: float = BUDGET,
    tell: Tell | None = None,
) -> SuppressionChoice:
    """Choose further cells to withhold, at the least cost.

    Parameters
    ----------
    system : System
        What a reader knows whatever is withheld (three respondents hold no five cases) is taken from what must stay open.
    small_cells, small_targets : int
        Up to where the optimum is looked for.
    seconds : float
        After so long what is not shown to be open counts as exposed.
    tell : callable, optional
        Told how far a long search is.

    Returns
    -------
    Choice

    Notes
    -----
    Small systems: a programme in 0/1 for the cells, with cuts from the duals of the reader's programmes (Fischetti and
    Salazar-González 2001); `exposed` decides with whole numbers. Others: `disclosure_local.protect`, need by need, those of
    the largest cells first, a programme of what lies near with a price on every printed row that would have to give way
    (Kelly, Golden and Assad 1992), and a point in whole numbers that shows it; then each chosen cell, dearest first, is printed
    again where points are left without it.
    """
    begun = time.monotonic()
    system = attainable(system)
    start = system.followed(system.withheld)
    candidates = np.unique(system.owner[system.owner != PUBLIC])
    small = (~start[candidates]).sum() <= small_cells and len(system.low) <= small_targets
    small &= bool(((system.high - system.low)[system.every] <= FEW_VALUES).all())
    if seconds > 0 and small:
        try:
            system = _attainable_exactly(system)
            best = _optimum(system, start, begun + seconds)
        except Unsolved:
            best = None
        if best is not None:
            return SuppressionChoice(
                withheld=best, optimal=True, open=True, exposed=np.zeros(len(system.low), dtype=bool)
            )
    result = protect(system, start, seconds=seconds - (time.monotonic() - begun), tell=tell)
    none_needed = not result.exposed.any() and bool((result.withheld == start).all())
    return SuppressionChoice(
        withheld=result.withheld,
        optimal=none_needed,
        open=not result.exposed.any(),
        exposed=result.exposed,
        late=result.late,
    )


def attainable(system: System) -> System:
    """The system with its targets cut to what stays open where every cell is withheld."""
    left = residual(system, np.ones(len(system.cost), dtype=bool))
    least, most = activity(system.targets, left.lower, left.upper)
    low, high = np.maximum(system.low, least), np.minimum(system.high, most)
    # A value that is known whatever is withheld asks for nothing.
    return replace(system, low=np.maximum(low, np.minimum(least, high)), high=np.maximum(high, low))


def _attainable_exactly(system: System) -> System:
    """The same, by programmes, for sums of which statuses tell more than their unknowns' bounds do."""
    every = np.ones(len(system.cost), dtype=bool)
    left = residual(system, every)
    low, high = system.low.copy(), system.high.copy()
    for target in np.flatnonzero(exposed(system, every, left)):
        least, most = (extreme(system, left, int(target), sense) for sense in (1.0, -1.0))
        low[target] = max(low[target], min(least, high[target]))
        high[target] = max(min(high[target], most), low[target])
    return replace(system, low=low, high=high)


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


def _optimum(system: System, start: Flags, deadline: float) -> Flags | None:
    """The cheapest choice, or None where it is not found within `CUTS` rounds and half of the time."""
    half = (time.monotonic() + deadline) / 2
    rows = _Elastic.of(system)
    cuts: list[tuple[Floats, float]] = []
    seen: list[Floats] = []
    for _ in range(CUTS):
        if time.monotonic() > half:
            return None
        shut = _cheapest(system, start, cuts)
        if shut is None:
            return None
        bare = exposed(system, shut, seen=seen)
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
