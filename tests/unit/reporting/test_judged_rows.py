"""What a rule says of single rows, each a hair from one that it lets pass."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fl_estimate as fl
from fl_estimate.reporting.judging import judge
from fl_estimate.results.basis import Support
from tests.unit.reporting.made import estimates


def judged(row: dict[str, Any], rule: dict[str, Any], **support: Any) -> tuple[bool, bool, bool, bool]:
    """Withheld, of few cases, printed as "fewer than", and whether a limit can be printed of it."""
    made = estimates(row)
    given: dict[str, Any] = {"respondents": [1000], "cases": [10], "df": [30]} | support
    found = judge(
        made.frame, Support.of(given.pop("respondents"), given.pop("cases"), **given), fl.SuppressionRule(**rule)
    )
    return bool(found.hard[0]), bool(found.low[0]), bool(found.zero[0]), bool(found.limited[0])


PASSES = (False, False, False, True)


@pytest.mark.parametrize(
    ("row", "rule", "expected"),
    [
        ({}, {}, PASSES), ({"lower": None}, {}, (True, False, False, True)), ({"upper": None}, {}, (True, False, False, True)),
        ({"lower": None, "basis": "lists", "cases": None}, {}, (False, False, False, False)), ({"lower": None, "basis": "model"}, {}, (False, False, False, False)),
        # A limit is printed of plain shares and totals of people counted: not of bounds, terms, means or models.
        ({"bound": "lower"}, {}, (False, False, False, False)), ({"term": "x"}, {}, (False, False, False, False)), ({"quantity": "mean"}, {}, (False, False, False, False)),
        ({"cases": None}, {}, (False, False, False, False)), ({"quantity": "total"}, {}, PASSES),
    ],
)  # fmt: skip
def test_what_a_row_lacks(row: dict[str, Any], rule: dict[str, Any], expected: tuple[bool, ...]) -> None:
    assert judged(row, rule) == expected


@pytest.mark.parametrize(
    ("support", "expected"),
    [
        ({"respondents": [50]}, (False, False, False, False)), ({"respondents": [49]}, (True, False, False, False)), ({"respondents": [np.nan]}, (True, False, False, False)),
        ({"df": [2]}, PASSES), ({"df": [1.9]}, (True, False, False, True)), ({"df": [np.nan]}, (True, False, False, True)),
    ],
)  # fmt: skip
def test_what_rests_on_too_little(support: dict[str, Any], expected: tuple[bool, ...]) -> None:
    """Where the smallest part of what is printed has fewer than it, the row is not its own part, and has no limit."""
    assert judged({}, {}, **support) == expected


@pytest.mark.parametrize(("cases", "treated", "expected"), [
    (5, "at_most", PASSES), (4, "at_most", (False, True, False, True)), (0, "at_most", (False, True, False, True)),
    (4, "withheld", (True, False, False, True)), (0, "withheld", (False, False, True, True)), (4, "model", (False, True, False, True)),
])  # fmt: skip
def test_few_cases(cases: int, treated: str, expected: tuple[bool, ...]) -> None:
    row = {"cases": cases, **({"value": 0.0, "lower": 0.0} if not cases else {})}
    assert judged(row, {"few_cases": treated}, cases=[cases]) == expected


@pytest.mark.parametrize(("basis", "respondents", "cases", "hard"), [
    ("figures", 49, 10, True), ("figures", 0, 10, False), ("figures", 1000, 4, True), ("figures", np.nan, np.nan, False), ("model", 49, 10, True),
    ("model", 0, 0, False), ("model", 1000, 4, True), ("model", 1000, 5, False), ("model", np.nan, np.nan, False), ("lists", 49, np.nan, True), ("lists", 50, 0, False),
])  # fmt: skip
def test_figures_models_and_lists_are_judged_by_what_is_known_of_them(
    basis: str, respondents: float, cases: float, hard: bool
) -> None:
    assert judged({"basis": basis}, {}, respondents=[respondents], cases=[cases])[0] is hard


@pytest.mark.parametrize(("relative", "sure", "width", "hard"), [
    (np.inf, 0, np.inf, False), (1.7, 0, np.inf, False), (0.5, 0, np.inf, True), (0.5, 0.05, np.inf, False), (np.inf, 0, 0.005, True), (np.inf, 0, 0.5, False), (np.inf, 0.05, 0.005, False),
])  # fmt: skip
def test_an_interval_that_says_too_little(relative: float, sure: float, width: float, hard: bool) -> None:
    """Of 1 per cent ± 0.2: from about 0.6 to 1.5, 0.009 wide, nine tenths of the value."""
    rule = {"max_relative_width": relative, "sure_width": sure, "max_width": width}
    assert judged({}, rule)[0] is hard
    assert (
        judged({"quantity": "prevalence per 1,000", "value": 10.0, "se": 2.0, "lower": 6.0, "upper": 14.0}, rule)[0]
        is hard
    )


@pytest.mark.parametrize(("least", "hard"), [(1001, True), (1000, False), (990, False)])
def test_respondents_after_the_design_effect(least: float, hard: bool) -> None:
    """p(1 − p)/se² is 2,475 of 1 per cent ± 0.2, of 1,000 people at most 1,000; without a case they are all that there are."""
    assert judged({}, {"min_effective_n": least})[0] is hard
    assert judged({"value": 0.02, "se": 0.02 * 0.98 / 100}, {"min_effective_n": least})[0] is hard
    none = {"cases": 0, "value": 0.0, "se": 0.0, "lower": 0.0}
    assert judged(none, {"min_effective_n": least, "few_cases": "withheld"}, cases=[0])[0] is hard


@pytest.mark.parametrize(("most", "hard"), [(0.81, False), (0.79, True)])
def test_totals_by_the_width_of_their_own_interval(most: float, hard: bool) -> None:
    total = {"quantity": "total", "value": 1000.0, "se": 200.0, "lower": 600.0, "upper": 1400.0}
    assert judged(total, {"max_relative_width_totals": most})[0] is hard
    assert judged({}, {"max_relative_width_totals": most})[0] is False
