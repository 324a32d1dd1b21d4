"""The search for cells to withhold: what rests on a cell is not printed again, nothing is withheld in vain, and who runs out of time knows nothing."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.optimize import OptimizeResult

from fl_estimate.reporting.disclosure import solver as disclosure_solver
from fl_estimate.reporting.disclosure.choice import attainable
from fl_estimate.reporting.disclosure.local import _Local, _PointSearch, protect
from fl_estimate.reporting.disclosure.solver import MOST_SEEN, Unsolved, exposed, extreme
from fl_estimate.reporting.disclosure.system import System, SystemBuilder, residual
from tests.unit.reporting.test_disclosure_engine import INVESTMENT, shut, two_way


def pair(cost: float = 5.0) -> System:
    """Two cases withheld of one part, and ten of a part that everybody knows; what both come to is printed."""
    draft = SystemBuilder()
    few, many = draft.unknown(2, 0, 20, integer=True), draft.unknown(10, 0, 20, integer=True)
    hidden, whole = draft.cell(1.0, withheld=True), draft.cell(cost)
    draft.exact([many])
    draft.exact([few, many], whole)
    draft.target([few], hidden, 1, 5)
    return draft.built()


def test_a_cell_on_which_all_points_rest_stays_withheld() -> None:
    """Printed again the sum would give the two away: the points that show one and five to be possible do not fit it."""
    system = pair()
    found = protect(system, system.withheld, seconds=60)
    assert found.withheld.tolist() == [True, True]
    assert not found.exposed.any()
    assert not exposed(system, found.withheld).any()


def spare(system: System, withheld: np.ndarray) -> list[int]:
    """Cells that were withheld to protect others, and could each be printed by itself with nothing exposed."""
    extra = np.flatnonzero(withheld & ~system.followed(system.withheld))
    return [int(cell) for cell in extra if not exposed(system, withheld & (np.arange(len(withheld)) != cell)).any()]


@pytest.mark.parametrize("seed", range(4))
def test_no_cell_is_withheld_in_vain(seed: int) -> None:
    counts = np.random.default_rng(seed).poisson(6, (4, 4))
    few = [(int(row), int(column)) for row, column in zip(*np.nonzero((counts > 0) & (counts < 5)), strict=True)]
    system = attainable(two_way(counts, few, 1, 5, most=60))
    found = protect(system, system.withheld, seconds=60)
    assert (found.withheld & ~system.withheld).any()
    assert not exposed(system, found.withheld).any()
    assert spare(system, found.withheld) == []


def answer(**told: Any) -> OptimizeResult:
    return OptimizeResult({"x": None, "fun": None, "status": 1, "message": "Time limit reached."} | told)


def test_a_solver_that_stopped_without_a_point_has_not_shown_that_there_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At its limit with a point that meets no need, or with none at all: nothing is known. At its end: none can be met."""
    system = two_way(INVESTMENT, [(1, 2)], 18, 26)
    withheld = shut(system, 3, 6, 8)
    left = residual(system, withheld)
    within = left.loose
    part = disclosure_solver._TiedUnknowns(
        lower=left.lower[within], upper=left.upper[within], integer=system.integer[within], matrix=left.matrix[:, within],
        row_lower=left.row_lower, row_upper=left.row_upper,
    )  # fmt: skip
    terms = system.targets[:, within]

    def meeting(**told: Any) -> Any:
        monkeypatch.setattr(disclosure_solver.optimize, "milp", lambda *_, **__: answer(**told))
        return part.meeting(terms, np.array([26.0]), np.array([np.inf]))

    size = int(within.sum())
    for told in ({}, {"x": np.zeros(size + 1), "fun": 0.0}):
        with pytest.raises(Unsolved, match="Time limit"):
            meeting(**told)
    assert meeting(x=np.zeros(size + 1), fun=0.0, status=0) is None
    # A point that meets one is a point, whether or not it is the best.
    found = meeting(x=np.full(size + 1, 2.4), fun=-1.0)
    assert found.tolist() == [2.0] * size  # counts are whole


def test_an_end_of_an_interval_is_the_optimum_or_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    system = two_way(INVESTMENT, [(1, 2)], 18, 26)
    left = residual(system, shut(system, 3, 6, 8))
    assert (extreme(system, left, 0, 1.0), extreme(system, left, 0, -1.0)) == (5, 30)
    for told in ({}, {"x": np.zeros(9), "fun": 5.0}, {"status": 0}):
        monkeypatch.setattr(disclosure_solver.optimize, "milp", lambda *_, told=told, **__: answer(**told))
        with pytest.raises(Unsolved):
            extreme(system, left, 0, 1.0)


def test_the_newest_points_are_kept() -> None:
    system = two_way(INVESTMENT, [(1, 2)], 18, 26)
    old = [np.full(9, float(at)) for at in range(MOST_SEEN)]
    seen = list(old)
    exposed(system, shut(system, 3, 6, 8), seen=seen)
    assert len(seen) == MOST_SEEN
    assert any(not any(one is other for other in old) for one in seen)
    assert seen[0] is not old[0]


# The search itself, piece by piece


def started(system: System, seconds: float = 60.0) -> Any:
    return _PointSearch.of(system, system.withheld, time.monotonic() + seconds, None)


def column(truth: list[int], *, cells: list[float], every: bool = False, high: int = 5) -> System:
    """Counts of which the first is withheld, each of the others printed in a cell of this cost, and so is what they come to."""
    draft = SystemBuilder()
    unknowns = [draft.unknown(one, 0, 40, integer=True) for one in truth]
    hidden = draft.cell(1.0, withheld=True)
    for one, cost in zip(unknowns[1:], cells, strict=True):
        draft.exact([one], draft.cell(cost))
    draft.exact(unknowns)
    draft.target(unknowns[:1], hidden, 0, high, every=every)
    return draft.built()


def test_the_cheapest_cell_with_room_gives_way() -> None:
    """Two cases, of which it must be possible that they are five: three less in one other cell, the cheapest that has three."""
    cheapest = [9.0, 3.0, 6.0]
    assert protect(
        column([2, 8, 8, 8], cells=cheapest), np.array([True, False, False, False]), seconds=60
    ).withheld.tolist() == [True, False, True, False]
    # Where the cheapest holds one case only, so that it alone gives no room, the next goes.
    found = protect(column([2, 8, 1, 8], cells=cheapest), np.array([True, False, False, False]), seconds=60)
    assert found.withheld.tolist() == [True, False, False, True]
    assert not found.exposed.any()


def test_values_between_two_that_are_shown_need_no_programme(monkeypatch: pytest.MonkeyPatch) -> None:
    """The ends of 0 to 20 are looked for; each value between them is a point between theirs."""
    asked: list[float] = []
    solved = _Local.solved

    def counted(self: _Local, *more: Any, **kinds: Any) -> Any:
        asked.append(self.least)
        return solved(self, *more, **kinds)

    monkeypatch.setattr(_Local, "solved", counted)
    system = column([2, 30], cells=[3.0], every=True, high=20)
    found = protect(system, system.withheld, seconds=60)
    assert not found.exposed.any()
    assert found.withheld.tolist() == [True, True]
    assert set(asked) <= {-2.0, 18.0}  # from 2 to 0, and to 20


def test_points_are_believed_only_where_they_fit() -> None:
    """In whole numbers, within what everybody knows, and every printed row that they touch."""
    search = started(column([2, 30], cells=[3.0]))
    both = np.array([0, 1])
    for change in ([3.0, 0.0], [3.0, -2.0], [-3.0, 3.0], [39.0, -39.0]):
        assert not search._fits(both, np.array(change))
    assert not search._fits(both, np.array([3.0, -3.0]))  # the second cell is printed
    search.shut = np.array([True, True])
    assert search._fits(both, np.array([3.0, -3.0]))
    assert not search._fits(both, np.array([-3.0, 3.0]))  # fewer than none
    assert not search._fits(both, np.array([3.0, -2.0]))  # another sum
    assert search._try(1, both, np.array([2.6, -2.6]))  # counts: three
    assert not search._try(1, both, np.array([2.4, -2.4]))  # two more are four: that does not show five
    assert search.points[-2].change.tolist() == [3, -3]


def test_the_unknowns_of_a_wide_row_that_give_way_most_cheaply() -> None:
    """Those that stand in no dear printed row and have room to move in the direction that is asked for."""
    truth = [2, 30, 3, 30, 3, 30]
    search = started(column(truth, cells=[4.0, 1.0, 1.0, 9.0, 1.0]))
    inside = np.arange(6)
    assert search._cheapest(inside, 6, True).tolist() == inside.tolist()
    # That the first rises others fall: of the cheap ones those that have cases, and the first itself, which costs nothing.
    assert sorted(search._cheapest(inside, 2, True)) == [3, 5]
    assert sorted(search._cheapest(inside, 3, True)) == [1, 3, 5]
    # That it falls others rise: up to 40.
    assert sorted(search._cheapest(inside, 2, False)) == [0, 2]
    assert search._alone.tolist() == [0, 4, 1, 1, 9, 1]
    search.shut = np.array([True, True, False, False, True, False])
    assert search._alone.tolist() == [0, 0, 1, 1, 0, 1]


def test_the_dearest_cell_is_printed_again_first() -> None:
    """Either of two cells protects the hidden one: where both are withheld, the dearer one is printed."""
    for cells in ([3.0, 7.0], [7.0, 3.0]):
        search = started(column([2, 9, 9], cells=cells))
        search.shut = np.array([True, True, True])
        search.run()
        search.release(np.array([True, False, False]))
        assert search.shut.tolist() == [True, cells[0] < cells[1], cells[1] < cells[0]]
        assert not search.bare().any()
        # Where time ran out nothing is printed again.
        search = started(column([2, 9, 9], cells=cells), seconds=-1)
        search.shut = np.array([True, True, True])
        search.release(np.array([True, False, False]))
        assert search.shut.all()


def test_what_goes_with_another_cell_is_not_printed_again_before_it() -> None:
    """A row that is withheld with the hidden cell is not one that was chosen."""
    system = column([2, 9, 9], cells=[3.0, 7.0])
    system = replace(system, follows=np.array([[0, 2]]))
    search = started(system)
    assert search.shut.tolist() == [True, False, True]
    search.run()
    search.release(system.withheld)
    assert search.shut.tolist() == [True, False, True]


def test_how_far_it_is_is_told_of_many() -> None:
    told: list[str] = []
    system = column([2, 30], cells=[3.0], every=True, high=20)
    protect(system, system.withheld, seconds=60, tell=told.append)
    assert told == []
    draft = SystemBuilder()
    for _ in range(260):
        first, second = draft.unknown(2, 0, 9, integer=True), draft.unknown(5, 0, 9, integer=True)
        cell = draft.cell(1.0, withheld=True)
        draft.exact([first, second])
        draft.target([first], cell, 0, 5)
    many = draft.built()
    protect(many, many.withheld, seconds=60, tell=told.append)
    assert told == ["auditing what is withheld: 520 of 520 to go", "auditing what is withheld: 20 of 520 to go"]


def test_what_cannot_be_whatever_is_withheld_asks_for_nothing() -> None:
    """Of at most four people five cannot be cases: that none is, still has to be possible."""
    draft = SystemBuilder()
    few, many = draft.unknown(2, 0, 4, integer=True), draft.unknown(30, 0, 40, integer=True)
    hidden, other = draft.cell(1.0, withheld=True), draft.cell(3.0)
    draft.exact([many], other)
    draft.exact([few, many])
    draft.target([few], hidden, 0, 5)
    system = draft.built()
    found = protect(system, system.withheld, seconds=60)
    assert found.withheld.tolist() == [True, True]
    assert not found.exposed.any()


def test_people_are_whole() -> None:
    """Half a person less in c would make room for one more in a; in whole numbers one less in c makes room for two."""
    draft = SystemBuilder()
    a, b, c = (draft.unknown(cases, 0, 9, integer=True) for cases in (2, 5, 4))
    hidden, dear, cheap = draft.cell(1.0, withheld=True), draft.cell(50.0), draft.cell(1.0)
    draft.exact([b], dear)
    draft.exact([c], cheap)
    draft.exact({a: 1.0, b: 1.0, c: 2.0})
    draft.target([a], hidden, 2, 3)
    system = draft.built()
    found = protect(system, system.withheld, seconds=60)
    assert found.withheld.tolist() == [True, False, True]
    assert not found.exposed.any()
    # Where a is twice another, no odd number of it is possible.
    draft = SystemBuilder()
    a, c = draft.unknown(2, 0, 4, integer=True), draft.unknown(1, 0, 2, integer=True)
    hidden = draft.cell(1.0, withheld=True)
    draft.exact({a: 1.0, c: -2.0})
    draft.target([a], hidden, 0, 4, every=True)
    system = draft.built()
    assert protect(system, system.withheld, seconds=60).exposed.tolist() == [True]
