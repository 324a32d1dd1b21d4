"""The search for cells to withhold: what rests on a cell is not printed again, nothing is withheld in vain, and who runs out of time knows nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import OptimizeResult

from fl_estimate.reporting import disclosure_solver
from fl_estimate.reporting.disclosure_choice import attainable
from fl_estimate.reporting.disclosure_local import protect
from fl_estimate.reporting.disclosure_solver import MOST_SEEN, Unsolved, exposed, extreme
from fl_estimate.reporting.disclosure_system import Draft, System, residual
from tests.unit.reporting.test_disclosure_engine import INVESTMENT, shut, two_way


def pair(cost: float = 5.0) -> System:
    """Two cases withheld of one part, and ten of a part that everybody knows; what both come to is printed."""
    draft = Draft()
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


def test_a_solver_that_stopped_without_a_point_has_not_shown_that_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """At its limit with a point that meets no need, or with none at all: nothing is known. At its end: none can be met."""
    system = two_way(INVESTMENT, [(1, 2)], 18, 26)
    withheld = shut(system, 3, 6, 8)
    left = residual(system, withheld)
    within = left.loose
    part = disclosure_solver._Part(
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
