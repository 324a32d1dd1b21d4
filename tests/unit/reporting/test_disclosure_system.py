"""The system that a reader can solve, against every table of small whole numbers: bounds, rows that say nothing more, parts that do not touch."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from fl_estimate.reporting.disclosure.system import PUBLIC, System, SystemBuilder, activity, parts, residual, tightened

MOST = 4
"""Of each unknown: three of them are 125 tables."""


@st.composite
def systems(draw: st.DrawFn) -> tuple[System, np.ndarray]:
    """Three counts and up to three rows of them that are printed, some of a withheld cell; and the flags of what is withheld."""
    draft = SystemBuilder()
    for _ in range(3):
        low = draw(st.integers(0, 2))
        high = draw(st.integers(low, MOST))
        draft.unknown(draw(st.integers(low, high)), low, high, integer=True)
    cells = [draft.cell(1.0), draft.cell(1.0, withheld=True), PUBLIC]
    for _ in range(draw(st.integers(1, 3))):
        weights = draw(st.lists(st.sampled_from([-1, 0, 1, 2]), min_size=3, max_size=3))
        terms = {at: float(weight) for at, weight in enumerate(weights) if weight}
        true = draft.value(terms)
        room = st.sampled_from([0.0, 0.5, 1.0, 2.5, np.inf])
        draft.row(terms, true - draw(room), true + draw(room), draw(st.sampled_from(cells)))
    system = draft.built()
    return system, system.withheld


def every_table(system: System, withheld: np.ndarray) -> np.ndarray:
    """Those within the bounds that fit what is printed, a column each."""
    tables = np.array(list(product(range(MOST + 1), repeat=len(system.truth)))).T
    fits = ((tables >= system.lower[:, None]) & (tables <= system.upper[:, None])).all(axis=0)
    printed = system.active(withheld)
    said = system.matrix[printed] @ tables
    fits &= (said >= system.row_lower[printed][:, None] - 1e-9).all(axis=0)
    fits &= (said <= system.row_upper[printed][:, None] + 1e-9).all(axis=0)
    return tables[:, fits]


@given(systems())
def test_nothing_that_fits_is_lost_and_nothing_that_does_not_is_gained(made: tuple[System, np.ndarray]) -> None:
    """Bounds hold every table that fits, and with the rows that are left they hold no other."""
    system, withheld = made
    possible = every_table(system, withheld)
    left = residual(system, withheld)
    assert (possible >= left.lower[:, None]).all()
    assert (possible <= left.upper[:, None]).all()
    grids = [np.arange(low, high + 1) for low, high in zip(left.lower, left.upper, strict=True)]
    inside = np.array(list(product(*grids))).T
    said = left.matrix @ inside
    kept = (said >= left.row_lower[:, None] - 1e-9).all(axis=0) & (said <= left.row_upper[:, None] + 1e-9).all(axis=0)
    assert {tuple(point) for point in inside[:, kept].T.tolist()} == {tuple(point) for point in possible.T.tolist()}
    assert (left.loose == (left.upper - left.lower > 0.5)).all()
    assert not abs(left.matrix[:, ~left.loose]).sum()


@given(systems())
def test_of_one_row_bounds_are_the_ends_of_what_fits(made: tuple[System, np.ndarray]) -> None:
    system, _ = made
    for row in range(system.matrix.shape[0]):
        weights = abs(system.matrix[[row]]).toarray()
        if weights.max(initial=0) > 1:
            continue  # twice an unknown leaves holes
        only = [each[[row]] for each in (system.matrix, system.row_lower, system.row_upper)]
        lower, upper = tightened(system.lower, system.upper, system.integer, *only)
        grids = np.array(list(product(range(MOST + 1), repeat=3))).T
        fits = ((grids >= system.lower[:, None]) & (grids <= system.upper[:, None])).all(axis=0)
        said = (only[0] @ grids)[0]
        fits &= (said >= only[1][0] - 1e-9) & (said <= only[2][0] + 1e-9)
        assert lower.tolist() == grids[:, fits].min(axis=1).tolist()
        assert upper.tolist() == grids[:, fits].max(axis=1).tolist()


def test_bounds_go_on_from_row_to_row() -> None:
    """A + b = 9, b + c = 9, c + d = 9, and a is 2: all are known. Weighted sums are not rounded."""
    matrix = sparse.csr_matrix(np.array([[1.0, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1], [1, 0, 0, 0]]))
    ends = np.array([9.0, 9, 9, 2])
    for whole in (True, False):
        lower, upper = tightened(np.zeros(4), np.full(4, 20.0), np.full(4, whole), matrix, ends, ends)
        assert lower.tolist() == upper.tolist() == [2, 7, 2, 7]
    row = sparse.csr_matrix(np.array([[2.0]]))
    assert [
        each.tolist()
        for each in tightened(np.zeros(1), np.full(1, 9.0), np.array([True]), row, np.array([2.5]), np.array([7.5]))
    ] == [[2], [3]]
    assert [
        each.tolist()
        for each in tightened(np.zeros(1), np.full(1, 9.0), np.array([False]), row, np.array([2.5]), np.array([7.5]))
    ] == [[1.25], [3.75]]


@given(systems())
def test_a_row_of_unknowns_within_bounds_lies_between_these(made: tuple[System, np.ndarray]) -> None:
    system, _ = made
    least, most = activity(system.matrix, system.lower, system.upper)
    corners = np.array(list(product(*zip(system.lower, system.upper, strict=True)))).T
    assert least.tolist() == (system.matrix @ corners).min(axis=1).tolist()
    assert most.tolist() == (system.matrix @ corners).max(axis=1).tolist()


@pytest.mark.parametrize(
    ("rows", "groups"),
    [([[1, 1, 0, 0]], [[0, 1], [2], [3]]), ([[1, 0, 0, -1], [0, 1, 1, 0]], [[0, 3], [1, 2]]), ([[1, 1, 0, 0], [0, 1, 1, 0]], [[0, 1, 2], [3]]),
     ([], [[0], [1], [2], [3]])],
)  # fmt: skip
def test_unknowns_that_rows_tie_together(rows: list[list[int]], groups: list[list[int]]) -> None:
    of = parts(sparse.csr_matrix(np.array(rows, dtype=float).reshape(-1, 4)))
    assert sorted(np.flatnonzero(of == part).tolist() for part in set(of.tolist())) == sorted(groups)


def test_a_draft_never_contradicts_the_data() -> None:
    """Bounds and rows that miss the truth are widened to it; a row of names is a plain sum, and what is printed as it is has one end."""
    draft = SystemBuilder()
    first, second = draft.unknown(7, 0, 5, integer=True), draft.unknown(-2.5, 0, 9, integer=False)
    cell, other = draft.cell(4.0), draft.cell(2.0, withheld=True)
    draft.row([first, second], 10, 20)
    draft.row({first: 2.0, second: -1.0}, -np.inf, 3, other)
    draft.exact([first], cell)
    draft.exact({second: 2.0})
    draft.target([first], other, 1, 5)
    draft.target({first: 1.0, second: -1.0}, cell, 0, 9, every=True)
    draft.follows.append((cell, other))
    made = draft.built()
    assert (made.lower.tolist(), made.upper.tolist()) == ([0, -2.5], [7, 9])
    assert made.integer.tolist() == [True, False]
    assert made.row_lower.tolist() == [4.5, -np.inf, 7, -5]
    assert made.row_upper.tolist() == [20, 16.5, 7, -5]
    assert made.owner.tolist() == [PUBLIC, other, cell, PUBLIC]
    assert made.matrix.toarray().tolist() == [[1, 1], [2, -1], [1, 0], [0, 2]]
    assert made.targets.toarray().tolist() == [[1, 0], [1, -1]]
    assert (made.target_cell.tolist(), made.low.tolist(), made.high.tolist(), made.every.tolist()) == (
        [other, cell],
        [1, 0],
        [5, 9],
        [False, True],
    )
    assert (made.cost.tolist(), made.withheld.tolist(), made.follows.tolist()) == ([4, 2], [False, True], [[0, 1]])
    empty = SystemBuilder().built()
    assert empty.matrix.shape == (0, 0)
    assert empty.follows.shape == (0, 2)


def test_rows_go_with_their_cell_and_cells_with_each_other() -> None:
    draft = SystemBuilder()
    unknown = draft.unknown(1, 0, 3, integer=True)
    cells = [draft.cell(1.0) for _ in range(4)]
    for owner in (*cells[:2], PUBLIC):
        draft.exact([unknown], owner)
    draft.follows += [(cells[2], cells[3]), (cells[0], cells[1]), (cells[1], cells[2])]
    made = draft.built()

    def shut(*positions: int) -> np.ndarray:
        return np.isin(np.arange(4), positions)

    assert made.active(shut()).tolist() == [True, True, True]
    assert made.active(shut(1, 3)).tolist() == [True, False, True]
    assert made.followed(shut(0)).tolist() == [True] * 4
    assert made.followed(shut(1)).tolist() == [False, True, True, True]
    assert made.followed(shut(3)).tolist() == [False, False, False, True]
    given = shut(1)
    made.followed(given)
    assert given.tolist() == [False, True, False, False]  # what was given stays as it was
    lone = SystemBuilder()
    lone.exact([lone.unknown(1, 0, 3, integer=True)])
    assert lone.built().active(np.zeros(0, dtype=bool)).tolist() == [True]
