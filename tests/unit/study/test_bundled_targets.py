"""Every bundled figure that is made of single printed numbers: how it is read, computed twice, and held against its print."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from fl_estimate.estimators import capture_recapture as cr
from fl_estimate.study.reproduce import Target, _as_printed, _outcome, bundled_targets
from fl_estimate.study.target_lists import METHODS, ListReading
from fl_estimate.study.target_reading import Reading

SINGLE: dict[str, Target] = {t.entry.id: t for t in bundled_targets() if isinstance(t.reading, Reading)}
LISTS: dict[str, Target] = {t.entry.id: t for t in bundled_targets() if isinstance(t.reading, ListReading)}
REST: dict[str, Target] = {t.entry.id: t for t in bundled_targets() if t.reading is None}


def test_each_is_of_one_kind() -> None:
    assert (len(SINGLE), len(LISTS) + len(REST)) == (23, 62)
    assert not {id for each in (SINGLE, LISTS, REST) for id in each if not id}


def reading(target: Target) -> Reading:
    assert isinstance(target.reading, Reading)
    return target.reading


@pytest.mark.parametrize("name", SINGLE)
def test_the_library_and_the_arithmetic_agree_wherever_the_inputs_may_lie(name: str) -> None:
    """At every corner of the rounding of its inputs, and half as far again; all points at once, and one by one."""
    target = SINGLE[name]
    read = reading(target)
    assert read.by_library is not None
    centre = np.array([given.value for given in target.inputs])
    half = np.array([given.halfwidth for given in target.inputs])
    signs = np.array(list(itertools.islice(itertools.product((-1.0, 1.0), repeat=len(half)), 8)))
    points = centre[:, None] + 1.5 * half[:, None] * signs.T
    by_library = [read.by_library(point) for point in points.T]
    np.testing.assert_allclose(read.compute(points), by_library, rtol=1e-9)
    assert read.compute(points).shape == (len(signs),)


@pytest.mark.parametrize("name", SINGLE)
def test_every_input_counts_and_is_named_once(name: str) -> None:
    target = SINGLE[name]
    read = reading(target)
    centre = np.array([given.value for given in target.inputs])
    moved = centre[:, None] * (1 + 0.01 * np.column_stack([np.zeros(len(centre)), np.eye(len(centre))]))
    found = read.compute(moved)
    assert (np.abs(found[1:] / found[0] - 1) > 1e-5).all()
    assert [read.words.count(given.label) >= 1 for given in target.inputs] == [True] * len(centre)


@pytest.mark.parametrize("name", SINGLE)
def test_the_range_is_that_of_the_corners_and_meets_the_print(name: str) -> None:
    """The least and the most of the figure as each input is half its last digit more or less, by the library, one by one."""
    target = SINGLE[name]
    read, outcome = reading(target), _outcome(target)
    assert read.by_library is not None
    centre = np.array([given.value for given in target.inputs])
    half = np.array([given.halfwidth for given in target.inputs])
    free = np.flatnonzero(half > 0)
    ends: list[float] = []
    for signs in itertools.product((-1.0, 1.0), repeat=len(free)):
        corner = centre.copy()
        corner[free] += half[free] * np.array(signs)
        ends.append(read.by_library(corner))
    assert (outcome.lower, outcome.upper) == pytest.approx((min(ends), max(ends)), rel=1e-9)
    assert outcome.lower <= outcome.computed <= outcome.upper
    printed, halfwidth = target.entry.published, target.entry.published_halfwidth or 0.0
    assert isinstance(printed, float)
    assert outcome.exact == (abs(outcome.computed - printed) <= halfwidth + 1e-9 * printed)
    assert outcome.agrees
    assert outcome.lower <= printed + halfwidth + 1e-9
    assert outcome.upper >= printed - halfwidth - 1e-9
    assert outcome.verdict == ("prints_same" if outcome.exact else "within_rounding")
    assert outcome.function == read.function
    assert outcome.words == read.words


@pytest.mark.parametrize("name", LISTS)
def test_a_figure_of_case_lists_names_a_method_and_has_its_lists(name: str) -> None:
    target = LISTS[name]
    assert isinstance(target.reading, ListReading)
    assert target.histories is not None
    assert target.histories.n > 0
    method = target.reading.function.removeprefix("capture_recapture.")
    assert method in (*METHODS, "CaptureHistories.n")
    assert method == "CaptureHistories.n" or callable(getattr(cr, method))
    assert target.trouble == ""


@pytest.mark.parametrize("name", REST)
def test_a_figure_that_cannot_be_computed_says_why(name: str) -> None:
    outcome = _outcome(REST[name])
    assert (outcome.verdict, outcome.expected, outcome.failed) == ("not_computed", False, False)
    assert outcome.reason
    assert outcome.printed
    assert np.isnan([outcome.computed, outcome.lower, outcome.upper]).all()


def test_a_print_is_written_as_it_was() -> None:
    assert [_as_printed(value) for value in (None, 12.5, 1_234_567.0, 0.1, [1.0, 2.5])] == [
        "",
        "12.5",
        "1234567",
        "0.1",
        "1 to 2.5",
    ]
