"""The engine of the disclosure audit on tables of counts, against the literature and against brute force."""

from __future__ import annotations

import ctypes
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.optimize import OptimizeResult

from fl_estimate.reporting.disclosure import choice as disclosure_choice
from fl_estimate.reporting.disclosure import local as disclosure_local
from fl_estimate.reporting.disclosure import solver as disclosure_solver
from fl_estimate.reporting.disclosure.audit import closed_off
from fl_estimate.reporting.disclosure.choice import attainable, choose
from fl_estimate.reporting.disclosure.local import protect
from fl_estimate.reporting.disclosure.silence import silence
from fl_estimate.reporting.disclosure.solver import Unsolved, audit, exposed, extreme
from fl_estimate.reporting.disclosure.system import ResidualSystem, System, SystemBuilder, residual
from fl_estimate.reporting.disclosure.trees import solved

INVESTMENT = np.array([[20, 50, 10], [8, 19, 22], [17, 32, 12]])
"""Investment by activity and region: the example of Fischetti and Salazar-González (2001), table 1; 22 is sensitive."""


def two_way(
    counts: np.ndarray, sensitive: list[tuple[int, int]], low: float = 1, high: float = 5, most: int = 1_000
) -> System:
    """A table with its margins and total; cell i·columns + j first, then row, column and grand totals."""
    draft, ids = SystemBuilder(), {}
    rows, columns = counts.shape
    for i, j in product(range(rows), range(columns)):
        cell = draft.cell(1.0 + counts[i, j], withheld=(i, j) in sensitive)
        ids[i, j] = draft.unknown(int(counts[i, j]), 0, most, integer=True)
        draft.exact([ids[i, j]], cell)
        if (i, j) in sensitive:
            draft.target([ids[i, j]], cell, low, high)
    for i in range(rows):
        draft.exact([ids[i, j] for j in range(columns)], draft.cell(1_000.0 + counts[i].sum()))
    for j in range(columns):
        draft.exact([ids[i, j] for i in range(rows)], draft.cell(1_000.0 + counts[:, j].sum()))
    draft.exact(list(ids.values()), draft.cell(10_000.0))
    return draft.built()


def shut(system: System, *cells: int) -> np.ndarray:
    out = system.withheld.copy()
    out[list(cells)] = True
    return out


def test_one_withheld_cell_is_its_margin_less_the_others() -> None:
    (found,) = audit(two_way(INVESTMENT, [(1, 2)], 18, 26))
    assert (found.lower, found.upper, found.protected) == (22, 22, False)


def test_the_literature_s_pattern_leaves_five_to_thirty() -> None:
    # y21 runs from 0 to 25 (the first column), and y23 = 30 − y21.
    system = two_way(INVESTMENT, [(1, 2)], 18, 26)
    (found,) = audit(system, shut(system, 3, 6, 8))
    assert (found.lower, found.upper, found.protected) == (5, 30, True)


@pytest.mark.parametrize("small_cells", [150, 0])
def test_the_cheapest_pattern_is_found(small_cells: int) -> None:
    # 22 ± 4 must be open. Of the rectangles through y23, those with another corner of at least 4: y21 with y11 or y31, y22
    # with y12 or y32; their costs (values + 1 each) are least for y21, y11, y13: 9 + 21 + 11 = 41, and y21, y31, y33: 40.
    choice = choose(two_way(INVESTMENT, [(1, 2)], 18, 26), small_cells=small_cells)
    assert np.flatnonzero(choice.withheld).tolist() == [3, 5, 6, 8]
    assert choice.open
    assert choice.optimal == bool(small_cells)


def test_fractions_that_fit_do_not_count() -> None:
    # a + b = 3 leaves a whatever is from 0 to 3; that a is even, then, leaves only 0 and 2 of these.
    draft = SystemBuilder()
    a, b = (draft.unknown(value, 0, 10, integer=True) for value in (2, 1))
    cell = draft.cell(1.0, withheld=True)
    draft.exact([a, b])
    draft.target([a], cell, 0, 3, every=True)
    assert not exposed(draft.built(), np.array([True])).any()
    other = draft.unknown(1, 0, 1, integer=True)
    draft.exact({a: 1.0, other: -2.0})
    assert exposed(draft.built(), np.array([True])).all()


def test_what_follows_goes_along() -> None:
    draft = SystemBuilder()
    first, second = draft.unknown(3, 0, 100, integer=True), draft.unknown(40, 0, 100, integer=True)
    small, large, model = draft.cell(1.0, withheld=True), draft.cell(2.0), draft.cell(3.0)
    draft.exact([second], large)
    draft.exact([first, second])
    draft.target([first], small, 1, 5)
    draft.follows.append((large, model))
    choice = choose(draft.built())
    assert choice.withheld.all()


def test_three_respondents_are_not_asked_to_hold_five_cases() -> None:
    draft = SystemBuilder()
    few = draft.unknown(2, 0, 3, integer=True)
    draft.target([few], draft.cell(1.0, withheld=True), 1, 5)
    system = attainable(draft.built())
    assert system.high.tolist() == [3]
    assert choose(draft.built()).open


def test_rounded_sums_leave_what_the_rounding_leaves() -> None:
    draft = SystemBuilder()
    first, second = draft.unknown(30.0, 0, 1_000, integer=False), draft.unknown(200.0, 0, 1_000, integer=False)
    cell = draft.cell(1.0, withheld=True)
    draft.row([second], 195, 205, draft.cell(2.0))
    draft.row([first, second], 225, 235, draft.cell(3.0))
    draft.target([first], cell, 24, 36)
    (found,) = audit(draft.built())
    assert (found.lower, found.upper) == pytest.approx((20, 40))
    assert found.protected


def test_without_an_answer_everything_that_touches_is_withheld(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any, **__: Any) -> Any:
        raise Unsolved("no answer")

    system = two_way(INVESTMENT, [(1, 2)], 18, 26)
    monkeypatch.setattr(disclosure_choice, "_cut", fails)
    monkeypatch.setattr(disclosure_local._Local, "solved", lambda *_, **__: None)
    choice = choose(system)
    assert not choice.open
    assert choice.exposed.any()
    assert closed_off(system, choice.withheld, choice.exposed).all()


def test_a_solver_out_of_time_counts_as_exposed(monkeypatch: pytest.MonkeyPatch) -> None:
    late = OptimizeResult(x=None, status=1, fun=None, message="Time limit reached.")
    monkeypatch.setattr(disclosure_solver.optimize, "milp", lambda *_, **__: late)
    system = two_way(INVESTMENT, [(1, 2)], 18, 26)
    withheld = shut(system, 3, 6, 8)
    assert exposed(system, withheld).all()
    (found,) = audit(system, withheld)
    assert (found.lower, found.upper, found.protected) == (22, 22, False)


def test_c_code_writes_nothing_meanwhile(capfd: pytest.CaptureFixture[str]) -> None:
    libc = ctypes.CDLL(None)
    with silence():
        libc.puts(b"a line of HiGHS")
    assert capfd.readouterr().out == ""
    libc.puts(b"a line of HiGHS")
    libc.fflush(None)
    assert capfd.readouterr().out == "a line of HiGHS\n"


def fits(system: System, withheld: np.ndarray, most: int) -> np.ndarray:
    """Every table of whole numbers up to `most` that fits what is printed, by trying them all."""
    size = len(system.truth)
    tables = np.array(list(product(range(most + 1), repeat=size)))
    said = np.asarray(system.matrix @ tables.T)[system.active(withheld)]
    low, high = (side[system.active(withheld)][:, None] for side in (system.row_lower, system.row_upper))
    return tables[((said >= low - 1e-9) & (said <= high + 1e-9)).all(axis=0)]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=4, max_size=4), st.lists(st.booleans(), min_size=9, max_size=9))
def test_audits_agree_with_trying_every_table(values: list[int], also: list[bool]) -> None:
    counts = np.array(values).reshape(2, 2)
    system = two_way(counts, [(0, 0), (1, 1)], 1, 3, most=5)
    withheld = system.withheld | np.array(also)
    tables = fits(system, withheld, 5)
    for found in audit(system, withheld):
        k = (system.targets[[found.target]] @ tables.T)[0]
        assert (found.lower, found.upper) == (k.min(), k.max())
        assert found.protected == bool((k <= 1).any() and (k >= 3).any())


@st.composite
def trees(draw: st.DrawFn) -> System:
    """A nation of regions of districts, of counts or of sums, each printed, in an interval or withheld; all are targets."""
    whole = draw(st.booleans())
    draft, everybody = SystemBuilder(), list[int]()

    def say(inside: list[int]) -> None:
        how = draw(st.sampled_from(["exact", "interval", "withheld"]))
        cell = draft.cell(1.0, withheld=True)
        true = draft.value(dict.fromkeys(inside, 1.0))
        if how == "exact":
            draft.exact(inside)
        elif how == "interval":
            draft.row(inside, true - draw(st.integers(0, 3)), true + draw(st.integers(0, 3)))
        low = draw(st.integers(0, 9))
        draft.target(inside, cell, low, low + draw(st.integers(0, 4)), every=whole and draw(st.booleans()))

    for _ in range(draw(st.integers(1, 3))):
        region = [draft.unknown(draw(st.integers(0, 6)), 0, 8, integer=whole) for _ in range(draw(st.integers(1, 3)))]
        for one in region:
            say([one])
        say(region)
        everybody += region
    say(everybody)
    return draft.built()


@settings(max_examples=60, deadline=None)
@given(trees())
def test_closed_form_and_programmes_agree_on_trees(system: System) -> None:
    withheld = system.withheld
    left = residual(system, withheld)
    tree = solved(
        left.lower, left.upper, system.integer, left.matrix, left.row_lower, left.row_upper, _loose(system, left)
    )
    assert tree is not None
    known = system.targets @ np.where(left.loose, 0.0, left.lower)
    for target in range(len(system.low)):
        ends = [extreme(system, left, target, sense) for sense in (1.0, -1.0)]
        assert (tree.lower[target] + known[target], tree.upper[target] + known[target]) == pytest.approx(ends)
    # And what they say is exposed is the same.
    by_tree = exposed(system, withheld)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(disclosure_solver, "in_closed_form", lambda *_: None)
        assert np.array_equal(exposed(system, withheld), by_tree)


def _loose(system: System, left: ResidualSystem) -> Any:
    return sparse.csr_matrix(system.targets @ sparse.diags_array(left.loose.astype(float)))


def test_two_crossed_margins_are_no_tree() -> None:
    system = two_way(INVESTMENT, [(1, 2)], 18, 26)
    assert solved(system.lower, system.upper, system.integer, system.matrix, system.row_lower, system.row_upper,
                  system.targets) is None  # fmt: skip


def large() -> System:
    """Six regions of eight districts by sex: 150 cells and more, those of 1 to 4 cases withheld, counts and weighted sums."""
    rng = np.random.default_rng(5)
    draft = SystemBuilder()
    cases = rng.poisson(4, (6, 8, 2))
    k = np.array([draft.unknown(int(one), 0, 200, integer=True) for one in cases.ravel()]).reshape(cases.shape)
    y = np.array([draft.unknown(1.1 * one, 0, 300, integer=False) for one in cases.ravel()]).reshape(cases.shape)
    every = slice(None)
    positions: list[Any] = [(every, every, every), *((every, every, s) for s in range(2))]
    for r in range(6):
        positions += [(r, every, every), *((r, every, s) for s in range(2))]
        positions += [(r, d, s) for d in range(8) for s in (every, 0, 1)]
    for at in positions:
        few, size = int(cases[at].sum()), int(np.size(cases[at]))
        cell = draft.cell(float(size), withheld=0 < few < 5)
        for ids, true in ((k, few), (y, 1.1 * few)):
            inside = np.ravel(ids[at]).tolist()
            draft.exact(inside, cell)
            if 0 < few < 5:
                draft.target(inside, cell, *((1, 5) if ids is k else (0.8 * true, 1.2 * true)))
    return draft.built()


def test_what_points_nearby_show_is_open_for_the_programmes_too() -> None:
    system = attainable(large())
    told: list[str] = []
    found = protect(system, system.withheld, seconds=120, tell=told.append)
    assert not found.late
    assert not found.exposed.any()
    assert (found.withheld & ~system.withheld).any()
    assert exposed(system, system.withheld).any()
    assert not exposed(system, found.withheld).any()


def test_without_time_everything_that_is_tied_is_exposed() -> None:
    system = attainable(large())
    found = protect(system, system.withheld, seconds=0)
    assert found.late
    assert found.exposed.any()
    choice = choose(system, seconds=0)
    assert choice.late
    assert not choice.open
    # The two-way table ties all of them.
    assert closed_off(system, choice.withheld, choice.exposed).all()


def test_what_statuses_alone_tell_asks_for_nothing() -> None:
    # Three or four of the two together, and at most two of the first: the second has one at least, whatever is withheld.
    draft = SystemBuilder()
    first, second = draft.unknown(1, 0, 4, integer=True), draft.unknown(2, 0, 4, integer=True)
    cell = draft.cell(1.0, withheld=True)
    draft.row([first, second], 3, 4)
    draft.row([first], 0, 2)
    draft.target([second], cell, 0, 4, every=True)
    system = draft.built()
    assert choose(system).open
    assert choose(system, small_cells=-1).open


@st.composite
def hierarchies(draw: st.DrawFn) -> tuple[System, int]:
    """A nation of two or three regions of two districts; counts of 0 to 4, those of 1 and 2 withheld."""
    regions = draw(st.integers(2, 3))
    draft, everybody = SystemBuilder(), list[int]()
    for _ in range(regions):
        inside = list[int]()
        for _ in range(2):
            k = draw(st.integers(0, 4))
            cell = draft.cell(1.0 + draw(st.integers(0, 5)), withheld=0 < k < 3)
            inside.append(draft.unknown(k, 0, 4, integer=True))
            draft.exact(inside[-1:], cell)
            if 0 < k < 3:
                draft.target(inside[-1:], cell, 0, 3)
        draft.exact(inside, draft.cell(20.0))
        everybody += inside
    draft.exact(everybody, draft.cell(100.0))
    return draft.built(), len(everybody)


@settings(max_examples=12, deadline=None)
@given(hierarchies())
def test_choices_leave_open_what_must_be_and_the_optimum_costs_least(made: tuple[System, int]) -> None:
    system, _ = made
    best, greedy = choose(system), choose(system, small_cells=0)
    for choice in (best, greedy):
        assert choice.open
        tables = fits(system, choice.withheld, 4)
        k = np.asarray(system.targets @ tables.T)
        assert all((row <= 0).any() and (row >= 3).any() for row in k)
    assert system.cost[best.withheld].sum() <= system.cost[greedy.withheld].sum() + 1e-9


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=4, max_size=4))
def test_no_cheaper_choice_would_do(values: list[int]) -> None:
    counts = np.array(values).reshape(2, 2)
    system = two_way(counts, [(0, 0)], 0, 3, most=4)
    best = choose(system)
    least = float(system.cost[best.withheld].sum())
    need = attainable(system)
    for more in product([False, True], repeat=8):
        withheld = np.array([True, *more])
        if float(system.cost[withheld].sum()) < least - 1e-9:
            k = (system.targets @ fits(system, withheld, 4).T)[0]
            assert k.min() > need.low[0] or k.max() < need.high[0]
