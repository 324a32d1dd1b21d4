"""Every bundled figure that is made of single printed numbers: how it is read, computed twice, and held against its print."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from fl_estimate.estimators import capture_recapture as cr
from fl_estimate.study.reproduce import Target, _as_printed, _entry, _outcome, bundled_targets
from fl_estimate.study.target_lists import METHODS, ListReading
from fl_estimate.study.target_reading import Reading, read_method
from fl_estimate.study.target_units import read_unit

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


ORDERED = {"thai2013-prevalence", "walby-francis-increase", "ilo2005-trafficked-share"}
"""Whose formulas have bare letters, a and b, x and n: the first is the first input."""


@pytest.mark.parametrize("name", SINGLE)
def test_names_find_their_inputs_in_whatever_order_these_stand(name: str) -> None:
    target = SINGLE[name]
    entry, turned = target.entry, target.inputs[::-1]
    unit = read_unit(entry.unit)
    assert unit is not None
    again = read_method(
        entry.method, turned, unit, kind=entry.kind, window_years=entry.window_years, hints=[entry.description]
    )
    values = [np.array([[given.value] for given in each]) for each in (target.inputs, turned)]
    first, second = (
        float(read.compute(point)[0]) for read, point in zip((reading(target), again), values, strict=True)
    )
    assert (second == pytest.approx(first, rel=1e-9)) is (name not in ORDERED)


# Targets of one's own

GOOD: dict[str, Any] = {
    "id": "t",
    "method": "a/b",
    "published": 25.0,
    "inputs": [{"label": "x", "value": 1.0}, {"label": "y", "value": 4.0}],
}


def faults(**changes: Any) -> list[str]:
    found: list[str] = []
    given = {name: value for name, value in (GOOD | changes).items() if value is not None}
    entry = _entry(given, found)
    assert (entry is None) <= bool(found)
    return found


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, []), ({"published": None}, ["published: it must be given"]), ({"published": None, "printed": "about 20"}, ["published: a number is needed where match is true"]),
        ({"published": None, "printed": "about 20", "match": False, "reason": "who knows"}, []), ({"match": False}, ["reason: a target with match = false says why"]),
        ({"inputs": None}, ["inputs: a target that is to be reproduced needs [[inputs]], or inputs_table = [case lists]"]),
        ({"inputs": None, "match": False, "reason": "never published", "method": None}, []), ({"inputs": None, "inputs_table": "lists.csv"}, []),
        ({"method": None}, ["method: it must be given, as a formula or in words"]), ({"method": None, "function": "chao"}, []), ({"method": None, "kind": "in-window"}, []),
        ({"published": [3.0, 2.0]}, ["published: the lower limit comes first"]), ({"published": [2.0, 2.0]}, []), ({"published": [2.0]}, None), ({"published": float("nan")}, None),
        ({"id": ""}, None), ({"window_years": 0.0}, None), ({"published_halfwidth": -0.1}, None), ({"published_monte_carlo": -1.0}, None),
        ({"inputs": [{"label": "x", "value": 1.0, "unit": "bushels"}]}, ["inputs[1].unit: 'bushels' is not known; write percent, per 1,000, million, US$bn, years …"]),
        ({"inputs": [{"label": "x", "value": 1.0}, {"label": "y"}]}, ["inputs[2].value: it must be given"]),
        ({"inputs": [{"label": "x", "value": 1.0, "vale": 2.0}]}, ["inputs[1].vale: no such key; did you mean 'value'?"]),
        ({"inputs": [{"label": "x", "value": 1.0, "zzzzzz": 2.0}]}, ["inputs[1].zzzzzz: no such key"]),
        ({"publishd": 3.0}, ["publishd: no such key; did you mean 'published'?"]), ({"golden_value": 3.0, "implied_rate": 2.0, "computed_by_hand": 1.0}, []),
        ({"golden": 3.0}, ["golden: no such key"]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_target(changes: dict[str, Any], said: list[str] | None) -> None:
    found = faults(**changes)
    if said is None:
        assert len(found) == 1
        assert found[0].startswith(f"{next(iter(changes))}: ")
        assert "should " in found[0]
    else:
        assert found == said


def test_what_is_no_table_is_no_target() -> None:
    found: list[str] = []
    assert _entry(3, found) is None
    assert found == ["it is not a table of keys"]
