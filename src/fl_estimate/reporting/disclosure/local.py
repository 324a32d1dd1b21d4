"""Cells to withhold in large systems: for each thing that must stay open one point that shows it, looked for nearby."""

# pyright: standard
# scipy has no types: these matrices want stubs of their own before the strict rules can say anything.

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import optimize, sparse

from fl_estimate.reporting.disclosure.silence import silence
from fl_estimate.reporting.disclosure.solver import AT_LIMIT, OPTIMAL, FeasibilityNeeds
from fl_estimate.reporting.disclosure.system import PUBLIC, SLACK, Flags, Floats, Matrix, Positions, System

_bounds: Any = optimize.Bounds  # typed as if it took numbers only
_linear: Any = optimize.LinearConstraint
NARROW = 60
"""A row of more unknowns than this is wide: of it only the unknowns that give way most cheaply are looked at."""
WIDTHS = (12, 60)
"""How many unknowns of a wide row are looked at; the second where the first is too little."""
SECONDS = 20.0
"""Of one programme; these are small."""
INFEASIBLE = 2
"""Of HiGHS, as scipy numbers it."""
BROKEN = 40
"""A chosen cell on which more points than this rest is not tried to be printed again."""
Tell = Callable[[str], None]


class _Impossible(Exception):
    """No choice of cells meets a need."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Protected:
    """What was chosen: cells withheld, targets of which it is not shown that they are open, and whether time ran out."""

    withheld: Flags
    exposed: Flags
    late: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class _FittingTable:
    """A table of numbers that fits what is printed, by what differs from the data."""

    positions: Positions
    change: Floats


def protect(system: System, start: Flags, *, seconds: float, tell: Tell | None = None) -> Protected:
    """Withhold cells until each need has a point that shows it, then print again what no point rests on.

    Parameters
    ----------
    system : System
        With attainable targets.
    start : array of bool, one a cell
        What is withheld in any case.
    seconds : float
        After so long what is not shown to be open counts as exposed.
    tell : callable, optional
        Told how far it is.

    Returns
    -------
    Protected

    Notes
    -----
    A point differs from the data in few unknowns near the target only, so that each programme is small and the time grows
    with the number of targets. A point is believed only after it was checked, in whole numbers, against every printed row that
    it touches; more cells withheld never take it away. What such points show is open, is open: the search can withhold too
    much, not too little.
    """
    search = _PointSearch.of(system, start, time.monotonic() + seconds, tell)
    search.run()
    bare = search.bare()
    if not bare.any():
        search.release(start)
    return Protected(withheld=search.shut, exposed=bare, late=search.late)


@dataclass(kw_only=True, eq=False)
class _PointSearch:
    system: System
    by_column: Matrix
    targets_by_column: Matrix
    needs: FeasibilityNeeds
    inner: Flags
    shut: Flags
    deadline: float
    tell: Tell | None
    width: Positions
    shown_by: Positions
    void: Flags
    points: list[_FittingTable] = field(default_factory=list[_FittingTable])
    late: bool = False

    @classmethod
    def of(cls, system: System, start: Flags, deadline: float, tell: Tell | None) -> _PointSearch:
        needs = FeasibilityNeeds.of(system, np.arange(len(system.low)))
        ends = (needs.least == needs.most) & (needs.least > system.low[needs.target])
        ends &= needs.most < system.high[needs.target]
        made = cls(
            system=system, by_column=sparse.csc_matrix(system.matrix), targets_by_column=sparse.csc_matrix(system.targets),
            needs=needs, inner=ends, shut=system.followed(start), deadline=deadline, tell=tell,
            width=np.diff(system.matrix.indptr), shown_by=np.full(len(needs.target), -1, dtype=np.intp),
            void=np.zeros(len(needs.target), dtype=bool),
        )  # fmt: skip
        made._add(_FittingTable(positions=np.zeros(0, dtype=np.intp), change=np.zeros(0)), np.arange(len(needs.target)))
        return made

    def bare(self) -> Flags:
        """Targets of withheld cells with a need that nothing shows to be open."""
        out = np.zeros(len(self.system.low), dtype=bool)
        out[self.needs.target[self._open_needs()]] = True
        return out

    def _open_needs(self) -> Positions:
        return np.flatnonzero((self.shown_by < 0) & ~self.void & self.shut[self.system.target_cell[self.needs.target]])

    def run(self) -> None:
        """Meet the needs, those of the dearest cells first, ends before what lies between."""
        stuck = np.zeros(len(self.needs.target), dtype=bool)
        price = self.system.cost[self.system.target_cell[self.needs.target]]
        while True:
            todo = self._open_needs()
            todo = todo[~stuck[todo]]
            if not len(todo):
                return
            todo = todo[np.lexsort((todo, -price[todo], self.inner[todo]))]
            for done, need in enumerate(todo):
                if self.shown_by[need] >= 0:
                    continue
                if time.monotonic() > self.deadline:
                    self.late = True
                    return
                if self.tell is not None and done % 500 == 0 and len(todo) > 500:
                    self.tell(f"auditing what is withheld: {len(todo) - done} of {len(self.needs.target)} to go")
                stuck[need] = not self._meet(int(need))

    def _meet(self, need: int) -> bool:
        if self.inner[need] and self._between(need):
            return True
        if any(self._look(need, width, give=True) for width in WIDTHS):
            return True
        try:
            return self._look(need, None, give=True)
        except _Impossible:
            # Whatever is withheld, statuses and sizes alone say that it is not so: nothing is left to protect.
            self.void[need] = True
            return False

    def _between(self, need: int) -> bool:
        """A value between two that are shown: a point between theirs."""
        target, value = self.needs.target[need], self.needs.least[need]
        same = np.flatnonzero((self.needs.target == target) & (self.shown_by >= 0))
        below, above = same[self.needs.least[same] < value], same[self.needs.least[same] > value]
        if not len(below) or not len(above):
            return False
        ends = [self._dense(self.points[self.shown_by[one]]) for one in (below[-1], above[0])]
        of = [float((self.system.targets[[target]] @ (self.system.truth + end))[0]) for end in ends]
        if of[1] <= of[0]:
            return False
        found = ends[0] + (value - of[0]) / (of[1] - of[0]) * (ends[1] - ends[0])
        return self._try(need, np.arange(len(found)), found)

    def _dense(self, point: _FittingTable) -> Floats:
        out = np.zeros(len(self.system.truth))
        out[point.positions] = point.change
        return out

    def _columns(self, of: Matrix, positions: Positions) -> Positions:
        """Indices that stand in these columns, or rows, of a matrix."""
        return np.unique(
            np.concatenate([of.indices[of.indptr[i] : of.indptr[i + 1]] for i in positions] or [positions])
        )

    def _near(self, need: int, most: int) -> Positions:
        """Unknowns that share a row with the target's, the cheapest of wide rows, and those that share a narrow row with these."""
        system = self.system
        target = self.needs.target[need]
        found = system.targets.indices[system.targets.indptr[target] : system.targets.indptr[target + 1]]
        rows = self._columns(self.by_column, found)
        narrow = self.width[rows] <= max(NARROW, 12 * len(found)) if most > WIDTHS[0] else self.width[rows] <= most
        first = [found, self._columns(system.matrix, rows[narrow])]
        up = self.needs.least[need] > float((system.targets[[target]] @ system.truth)[0])
        for row in rows[~narrow]:
            inside = system.matrix.indices[system.matrix.indptr[row] : system.matrix.indptr[row + 1]]
            first.append(self._cheapest(inside, most, up))
        near = np.unique(np.concatenate(first))
        rows = self._columns(self.by_column, near)
        return np.union1d(near, self._columns(system.matrix, rows[self.width[rows] <= most]))

    def _cheapest(self, inside: Positions, most: int, up: bool) -> Positions:
        """Of the unknowns of a row those that give way most cheaply: no narrow row of theirs is printed, and they have room."""
        if len(inside) <= most:
            return inside
        system = self.system
        room = (system.truth - system.lower if up else system.upper - system.truth)[inside]
        price = self._alone[inside]
        score = (price + 1.0) / np.maximum(room, 1e-9)
        return inside[np.argpartition(score, most)[:most]]

    @property
    def _alone(self) -> Floats:
        """What it costs to withhold the narrow rows that an unknown stands in."""
        if self._priced is None or not np.array_equal(self._priced[0], self.shut):
            system = self.system
            owned = (system.owner != PUBLIC) & (self.width <= NARROW) & system.active(self.shut)
            cost = np.where(owned, system.cost[np.maximum(system.owner, 0)], 0.0)
            self._priced = (self.shut.copy(), abs(self.by_column).T @ cost)
        return self._priced[1]

    _priced: tuple[Flags, Floats] | None = None

    def _look(self, need: int, width: int | None, *, give: bool) -> bool:
        """Look for a point among the unknowns near the target; where rows may give way, withhold those that do."""
        system = self.system
        inside = self._near(need, width) if width is not None else np.arange(len(system.truth))
        rows = self._columns(self.by_column, inside)
        rows = rows[system.active(self.shut)[rows]]
        local = _Local.of(system, self.needs, need, inside, rows)
        result = local.solved(system, give=give, all_there_is=width is None)
        if result is None:
            return False
        change, given = result
        if len(given):
            before = self.shut
            self.shut = self.shut.copy()
            self.shut[given] = True
            self.shut = system.followed(self.shut)
            if self._settled(need, local, change):
                return True
            self.shut = before
            return False
        return self._settled(need, local, change)

    def _settled(self, need: int, local: _Local, change: Floats) -> bool:
        """Whether the point, or one in whole numbers beside it, fits all that is printed now."""
        if self._try(need, local.inside, change):
            return True
        rows = local.rows[self.system.active(self.shut)[local.rows]]
        again = _Local.of(self.system, self.needs, need, local.inside, rows).solved(self.system, give=False, whole=True)
        return again is not None and self._try(need, local.inside, again[0])

    def _try(self, need: int, inside: Positions, change: Floats) -> bool:
        """Keep the point where it fits and shows the need."""
        system = self.system
        change = np.where(system.integer[inside], np.round(change), change)
        moved = np.abs(change) > 1e-12
        positions, change = inside[moved], change[moved]
        if not self._fits(positions, change):
            return False
        met = self._add(_FittingTable(positions=positions, change=change), self._touched(positions))
        return bool(need in met)

    def _touched(self, positions: Positions) -> Positions:
        """Needs whose target a change of these unknowns moves."""
        targets = self._columns(self.targets_by_column, positions)
        return np.flatnonzero(np.isin(self.needs.target, targets))

    def _fits(self, positions: Positions, change: Floats) -> bool:
        system = self.system
        value = system.truth[positions] + change
        room = SLACK * np.maximum(np.abs(value), 1.0)
        if ((value < system.lower[positions] - room) | (value > system.upper[positions] + room)).any():
            return False
        rows = self._columns(self.by_column, positions)
        rows = rows[system.active(self.shut)[rows]]
        held = system.matrix[rows]
        point = system.truth.copy()
        point[positions] = value
        said = held @ point
        room = SLACK * np.maximum(np.abs(said), 1.0)
        return bool(((said >= system.row_lower[rows] - room) & (said <= system.row_upper[rows] + room)).all())

    def _add(self, point: _FittingTable, needs: Positions) -> Positions:
        """Keep a point that fits, and give the needs among these that it shows."""
        target = self.needs.target[needs]
        value = self.system.targets[target] @ (self.system.truth + self._dense(point))
        room = SLACK * 10 * np.maximum(np.abs(value), 1.0)
        met = (value >= self.needs.least[needs] - room) & (value <= self.needs.most[needs] + room)
        new = needs[met & (self.shown_by[needs] < 0)]
        self.shown_by[new] = len(self.points)
        self.points.append(point)
        return needs[met]

    def release(self, start: Flags) -> None:
        """Print again, dearest first, what no point rests on, or only points that others can stand in for."""
        extra = np.flatnonzero(self.shut & ~self.system.followed(start))
        for cell in extra[np.argsort(-self.system.cost[extra], kind="stable")]:
            if time.monotonic() > self.deadline:
                return  # more is withheld than need be, nothing less
            trial = self.shut.copy()
            trial[cell] = False
            if not (self.system.followed(trial) != trial).any():
                self._print_again(trial, int(cell))

    def _print_again(self, trial: Flags, cell: int) -> None:
        before, shown = self.shut, self.shown_by.copy()
        self.shut = trial
        used = np.unique(shown[shown >= 0])
        rows = np.flatnonzero(self.system.owner == cell)
        broken = used[self._breaks(rows, used)]
        lost = np.flatnonzero(np.isin(shown, broken) & trial[self.system.target_cell[self.needs.target]])
        self.shown_by[np.isin(shown, broken)] = -1
        if len(lost) > BROKEN:
            self.shut, self.shown_by = before, shown
            return
        for need in lost:
            if self.shown_by[need] < 0 and not self._look(int(need), WIDTHS[0], give=False):
                self.shut, self.shown_by = before, shown
                return

    def _breaks(self, rows: Positions, used: Positions) -> Flags:
        """Which points do not fit these rows."""
        if not len(used):
            return np.zeros(0, dtype=bool)
        lengths = [len(self.points[at].positions) for at in used]
        changes = sparse.csr_matrix(
            (
                np.concatenate([self.points[at].change for at in used]),
                np.concatenate([self.points[at].positions for at in used]),
                np.cumsum([0, *lengths]),
            ),
            shape=(len(used), len(self.system.truth)),
        )
        held = self.system.matrix[rows]
        said = np.asarray((changes @ held.T).todense()) + (held @ self.system.truth)[None, :]
        room = SLACK * np.maximum(np.abs(said), 1.0)
        low, high = self.system.row_lower[rows][None, :], self.system.row_upper[rows][None, :]
        return ((said < low - room) | (said > high + room)).any(axis=1)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Local:
    """The programme of one need among some unknowns, all others as in the data."""

    inside: Positions
    rows: Positions
    terms: Matrix
    floor: Floats
    ceiling: Floats
    goal: Matrix
    least: float
    most: float

    @classmethod
    def of(cls, system: System, needs: FeasibilityNeeds, need: int, inside: Positions, rows: Positions) -> _Local:
        held = system.matrix[rows]
        said = held @ system.truth
        row = system.targets[[needs.target[need]]]
        now = float((row @ system.truth)[0])
        return cls(
            inside=inside, rows=rows, terms=held[:, inside], floor=system.row_lower[rows] - said,
            ceiling=system.row_upper[rows] - said, goal=row[:, inside], least=float(needs.least[need]) - now,
            most=float(needs.most[need]) - now,
        )  # fmt: skip

    def solved(
        self, system: System, *, give: bool, whole: bool = False, all_there_is: bool = False
    ) -> tuple[Floats, Positions] | None:
        """Changes of the unknowns, and the cells whose rows give way for it; None where there are none."""
        size, owner = len(self.inside), system.owner[self.rows]
        giving = np.flatnonzero(owner != PUBLIC) if give else np.zeros(0, dtype=np.intp)
        count = len(giving)
        price = system.cost[owner[giving]] / float(system.cost.max())
        one = sparse.csr_matrix((np.ones(count), (giving, np.arange(count))), shape=(len(self.rows), count))
        # How far a row can move at all with these unknowns.
        reach = abs(self.terms) @ (system.upper - system.lower)[self.inside]
        matrix = sparse.vstack(
            [sparse.hstack([self.terms, one, -one]), sparse.hstack([self.goal, sparse.csr_matrix((1, 2 * count))])],
            format="csr",
        )
        lower, upper, truth = (side[self.inside] for side in (system.lower, system.upper, system.truth))
        ends = np.concatenate([reach[giving], reach[giving]])
        with silence():
            result: Any = optimize.milp(
                np.concatenate([np.zeros(size), price, price]),
                integrality=np.concatenate([system.integer[self.inside] & whole, np.zeros(2 * count)]).astype(int),
                bounds=_bounds(
                    np.concatenate([lower - truth, np.zeros(2 * count)]), np.concatenate([upper - truth, ends])
                ),
                constraints=_linear(
                    matrix, np.concatenate([self.floor, [self.least]]), np.concatenate([self.ceiling, [self.most]])
                ),
                options={"time_limit": SECONDS, "mip_rel_gap": 0.3},
            )
        if all_there_is and result.status == INFEASIBLE:
            raise _Impossible
        if result.x is None or result.status not in (OPTIMAL, AT_LIMIT):
            return None
        given = result.x[size : size + count] + result.x[size + count :] > 10 * SLACK
        return np.asarray(result.x[:size]), np.unique(owner[giving[given]])
