"""Where things stand on a map, by shapes whose distances and widths can be worked out by hand."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest

from fl_estimate.reporting.areas import Area
from fl_estimate.reporting.pictures.maps import (
    _distance,
    _extent,
    _inside,
    _path,
    _signed_area,
    _width,
    fitted,
    label_point,
)

SQUARE = np.array([[0.0, 0], [4, 0], [4, 4], [0, 4]])
HOLE = np.array([[1.0, 1], [3, 1], [3, 3], [1, 3]])
U = np.array([[0.0, 0], [10, 0], [10, 8], [7, 8], [7, 2], [2, 2], [2, 8], [0, 8]])
"""Arms of 2 and 3 on a foot of 10 × 2."""


def moved(shape: np.ndarray, x: float, y: float) -> np.ndarray:
    return shape + np.array([x, y])


def test_an_area_has_the_sign_of_its_turn() -> None:
    assert (_signed_area(SQUARE), _signed_area(SQUARE[::-1])) == (16, -16)
    assert _signed_area(np.array([[0.0, 0], [3, 0], [0, 2]])) == 3
    assert _signed_area(U) == 20 + 12 + 18
    assert _signed_area(U + 100) == pytest.approx(50)


@pytest.mark.parametrize(
    ("point", "distance"),
    [((2, 2), 2), ((2, 0.5), 0.5), ((3.5, 2), 0.5), ((2, 3.5), 0.5), ((0.5, 2), 0.5), ((6, 2), 2), ((7, 8), 5), ((-3, -4), 5), ((4, 4), 0), ((-1, 2), 1)],
)  # fmt: skip
def test_how_far_a_point_is_from_a_ring(point: tuple[float, float], distance: float) -> None:
    """From its sides inside and outside, the last of which leads back to the first point, and beyond them from its corners."""
    assert _distance(np.array([point], dtype=float), SQUARE).tolist() == pytest.approx([distance])


def test_distances_of_several_points_are_each_their_own() -> None:
    points = np.array([[2.0, 2], [6, 2], [2, 5]])
    assert _distance(points, SQUARE).tolist() == pytest.approx([2, 2, 1])
    assert _distance(points, np.array([[1.0, 1], [1, 1]])).tolist() == pytest.approx(
        [math.sqrt(2), math.sqrt(26), math.sqrt(17)]
    )


@pytest.mark.parametrize(
    ("position", "across", "up"),
    [((1, 5), 2, 8), ((8, 5), 3, 8), ((5, 1), 10, 2), ((1, 1), 10, 8), ((9, 7.5), 3, 8), ((5, 5), 5, 0), ((20, 20), 0, 0), ((-1, 5), 0, 0), ((11, 5), 0, 0)],
)  # fmt: skip
def test_how_wide_an_outline_is_at_a_point(position: tuple[float, float], across: float, up: float) -> None:
    """The arm alone where the point stands in an arm, all of the foot in the foot; nothing where there is nothing on one side.

    Between the arms it is what lies between them; no name is put there.
    """
    assert (_width(U, position, 0), _width(U, position, 1)) == pytest.approx((across, up))
    triangle = np.array([[0.0, 0], [4, 0], [0, 4]])
    assert _width(triangle, (0.5, 1.0), 0) == pytest.approx(3)
    assert _width(triangle, (1.0, 0.5), 1) == pytest.approx(3)


@pytest.mark.parametrize(("outer", "inner"), list(product((1, -1), repeat=2)))
def test_holes_stay_open_whichever_way_rings_are_written(outer: int, inner: int) -> None:
    rings = [SQUARE[::outer], HOLE[::inner]]
    points = np.array([[2.0, 2], [0.5, 0.5], [5, 5], [3.5, 2]])
    expected = [False, True, False, True]
    assert _inside(rings, points).tolist() == expected
    turns = [_signed_area(np.asarray(ring)[:-1]) for ring in _path(rings).to_polygons()]
    assert np.sign(turns).tolist() == [1, -1]
    assert _inside(rings[:1], points).tolist() == [True, True, False, True]
    two = [np.array([[0.0, 0], [10, 0], [10, 4], [0, 4]]), HOLE, moved(HOLE, 6, 0)]
    assert _inside(two, np.array([[2.0, 2], [8, 2], [5, 2]])).tolist() == [False, False, True]


def test_a_label_stands_well_inside_the_largest_part() -> None:
    far = SQUARE / 10 + 50
    for polygons in ([[far], [SQUARE]], [[SQUARE[::-1]], [far]]):
        assert label_point(polygons) == pytest.approx((2, 2), abs=0.2)
    # Not in a hole, and not in the middle of what lies between two arms.
    at = label_point([[SQUARE, HOLE]])
    assert _inside([SQUARE, HOLE], np.array([at])).all()
    x, y = label_point([[U]])
    assert _inside([U], np.array([[x, y]])).all()
    # In a strip, along which many points are as far from the edges, the middle of it; a name is wider than high.
    assert label_point([[np.array([[0.0, 0], [20, 0], [20, 1], [0, 1]])]]) == pytest.approx((10, 0.5), abs=0.5)
    cross = np.array(
        [[0.0, 3], [3, 3], [3, 0], [5, 0], [5, 3], [12, 3], [12, 5], [5, 5], [5, 12], [3, 12], [3, 5], [0, 5]]
    )
    assert _inside([cross], np.array([label_point([[cross]])])).all()
    # Of a line, in which no point lies, the middle of its corners.
    assert label_point([[np.array([[0.0, 0], [6, 0], [3, 0]])]]) == (3, 0)


def test_a_tall_area_has_its_label_in_the_middle_of_its_height() -> None:
    """The more a degree up is worth, the more room a low and wide part has beside a high and narrow one."""
    tall = np.array([[0.0, 0], [2, 0], [2, 30], [0, 30]])
    for aspect in (0.5, 1.0, 2.0):
        assert label_point([[tall]], aspect) == pytest.approx((1, 15), abs=1)
    # A bay of 3 × 3 and one of 6 × 2, joined by a neck: by how much a degree up is worth the one or the other has more room.
    bays = np.array(
        [[0.0, 0], [3, 0], [3, 1.4], [4, 1.4], [4, 0], [10, 0], [10, 2], [4, 2], [4, 1.6], [3, 1.6], [3, 3], [0, 3]]
    )
    assert label_point([[bays]], 0.3)[0] < 3
    assert label_point([[bays]], 3.0)[0] == pytest.approx(7, abs=1)


def area(*rings: np.ndarray) -> Area:
    return Area(properties={}, polygons=(tuple(rings),))


def test_how_far_a_map_reaches_and_how_much_longer_a_degree_of_latitude_is() -> None:
    low, high, aspect = _extent([area(SQUARE), area(moved(SQUARE, 10, 58))])
    assert (low.tolist(), high.tolist()) == ([0, 0], [14, 62])
    assert aspect == pytest.approx(1 / math.cos(math.radians(31)))
    assert _extent([area(moved(SQUARE, 0, 58))])[2] == pytest.approx(2, rel=1e-2)  # at 60 degrees
    # What is no longitude or latitude is a plane: metres.
    for metres in (
        moved(SQUARE, 177, 0),
        moved(SQUARE, 0, 82),
        moved(SQUARE, -181, 0),
        moved(SQUARE, 0, -86),
        SQUARE * 1e5,
    ):
        assert _extent([area(metres)])[2] == 1.0
    assert _extent([area(moved(SQUARE, 176, 81))])[2] > 1.0


@pytest.mark.parametrize(
    ("name", "across", "up", "text"),
    [
        ("North", 5, 0, "North"), ("Upper West", 5, 0, "Upper\nWest"), ("A B C", 1, 0, "A\nB\nC"),
        # Four lines are too many: turned where the area is tall enough for the name and its figure, else cut.
        ("A B C D", 1, 30, "A…"), ("A B C D", 3, 0, "A B\nC D"), ("A B C D", 2, 16, "turned"), ("A B C D", 2, 15, "A…"), ("AA BB CC DD", 2, 20, "turned"), ("AA BB CC DD", 2, 19, "A…"),
        ("North", 4, 14, "turned"), ("North", 4, 13, "Nor…"), ("North", 1, 40, "N…"), ("North", 0, 40, "N…"),
        ("Northumberland", 23, 22, "Northumberland"), ("Northumberland", 13, 23, "turned"), ("Far North", 4, 4, "Far…"),
    ],
)  # fmt: skip
def test_a_name_in_an_area_of_so_many_letters(name: str, across: int, up: int, text: str) -> None:
    assert fitted(name, across, up) == ((name, True) if text == "turned" else (text, False))
