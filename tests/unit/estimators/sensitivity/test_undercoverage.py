"""Undercoverage of the frame: the figure with people outside it is the covered one times a factor, over their relative prevalence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.errors import EstimateFault
from tests.unit.reporting.few import DESIGN, by, few


def inside() -> fl.Estimates:
    people = pd.DataFrame({"w": [10.0, 20, 10, 20], "ea": [1, 1, 2, 2], "fl": [0, 1, 0, 0]})
    return fl.estimate_prevalence(people, "fl", design=fl.Design(weights="w", psu="ea"))


def few_of_undercoverage_curve() -> fl.Estimates:
    return fl.undercoverage_curve(fl.estimate_prevalence(few(), "fl", design=DESIGN), 0.05)


def test_a_tenth_outside_by_hand() -> None:
    # θ = θ_c (0.9 + 0.1 r) with θ_c = 1/3
    curve = fl.undercoverage_curve(inside(), 0.1, relative_prevalence=[0, 0.5, 1, 2])
    assert curve.frame["value"].tolist() == pytest.approx([0.3, 0.95 / 3, 1 / 3, 1.1 / 3])
    assert curve.frame["term"].tolist() == ["×0", "×0.5", "×1", "×2"]
    assert curve.frame["se"].tolist() == pytest.approx([inside().se * f for f in (0.9, 0.95, 1, 1.1)])
    assert curve.frame["lower"].tolist() == pytest.approx([inside().interval[0] * f for f in (0.9, 0.95, 1, 1.1)])


def test_a_total_counts_those_outside_on_top() -> None:
    # 400 people covered of whom 10 %, 100 outside with twice the prevalence: 40 + 100 × 0.2
    people = pd.DataFrame({"w": 10.0, "ea": np.arange(40) % 8, "fl": (np.arange(40) % 10 == 0).astype(int)})
    total = fl.estimate_total(people, "fl", design=fl.Design(weights="w", psu="ea", expands=True))
    curve = fl.undercoverage_curve(total, 100, covered=400, relative_prevalence=[0, 1, 2])
    assert curve.frame["value"].tolist() == pytest.approx([40.0, 50.0, 60.0])
    assert set(curve.frame["quantity"]) == {"undercoverage_total"}


def test_a_share_and_the_number_it_stands_for_say_the_same() -> None:
    one = fl.undercoverage_curve(inside(), 0.2).frame["value"]
    other = fl.undercoverage_curve(inside(), 250.0, covered=1_000.0).frame["value"]
    assert one.tolist() == pytest.approx(other.tolist(), nan_ok=True)


def test_groups_have_a_curve_each_and_one_of_all() -> None:
    groups = {"premises": 100.0, "institutions": 300.0}
    curve = fl.undercoverage_curve(inside(), groups, covered=600.0, relative_prevalence=[0])
    # alone 100 of 700 and 300 of 900; together 400 of 1,000
    assert curve.frame["group"].tolist() == ["premises", "institutions", "all"]
    assert curve.frame["value"].tolist() == pytest.approx([6 / 7 / 3, 2 / 3 / 3, 0.6 / 3])
    by_share = fl.undercoverage_curve(inside(), {"premises": 0.1, "institutions": 0.3}, relative_prevalence=[0])
    assert by_share.frame["value"].tolist() == pytest.approx(curve.frame["value"].tolist())


def test_a_multiple_of_one_changes_no_prevalence_and_no_limit() -> None:
    curve = fl.undercoverage_curve(by(), 0.3, relative_prevalence=[1])
    for name in ("value", "se", "lower", "upper", "n"):
        assert curve.frame[name].tolist() == pytest.approx(by().frame[name].tolist(), rel=1e-12)


def test_the_figure_rises_with_the_prevalence_outside() -> None:
    values = fl.undercoverage_curve(inside(), 0.05).frame["value"].dropna()
    assert (np.diff(values) > 0).all()


def test_more_cases_than_people_is_no_scenario() -> None:
    curve = fl.undercoverage_curve(inside(), 0.1, relative_prevalence=[2, 4])
    assert curve.frame["value"].isna().tolist() == [False, True]
    assert [(r.code, r.row) for r in curve.reasons if r.code == "more_cases_than_people"] == [
        ("more_cases_than_people", 1)
    ]
    # at its upper limit of 0.875 / 0.9… nobody outside is a case more than once
    assert (curve.frame["upper"].dropna() <= 1).all()


def test_points_of_one_figure_have_its_covariance() -> None:
    curve = fl.undercoverage_curve(inside(), 0.1, relative_prevalence=[0, 2])
    difference = fl.contrast(curve, {"term": ("×2", "×0")})
    assert difference.value == pytest.approx(0.2 / 3)
    assert difference.se == pytest.approx(0.2 * inside().se)


@pytest.mark.parametrize(
    ("outside", "settings"),
    [(0.0, {}), (1.0, {}), (50.0, {}), (-3, {}), (True, {}), ({}, {}), ({"a": 0.6, "b": 0.5}, {}), ({"a": 0.1, "b": 5}, {"covered": 9}),
     (0.1, {"covered": 10}), ({"all": 0.1, "b": 0.1}, {}), ("0.1", {}), (float("nan"), {})],
)  # fmt: skip
def test_sizes_that_cannot_be_are_refused(outside: Any, settings: dict[str, Any]) -> None:
    with pytest.raises(EstimateFault, match="FL-EST-471"):
        fl.undercoverage_curve(inside(), outside, **settings)


@pytest.mark.parametrize("relative", [[], [-1], ["two"], [float("inf")], "1", [True]])
def test_multiples_that_cannot_be_are_refused(relative: Any) -> None:
    with pytest.raises(EstimateFault, match="FL-EST-471"):
        fl.undercoverage_curve(inside(), 0.1, relative_prevalence=relative)


def test_only_prevalences_and_totals_without_bounds() -> None:
    people = pd.DataFrame({"ea": [1, 1, 2, 2], "wage": [1.0, 2, 3, 4], "group": list("abab"), "fl": [0, 1, 0, None]})
    design = fl.Design(psu="ea", unweighted=True)
    for wrong in (
        fl.estimate_mean(people, "wage", design=design),
        fl.estimate_prevalence(people, "fl", design=design, unknown="bounds"),
        fl.estimate_prevalence(people, "fl", design=design, unknown="no", by="group"),
    ):
        with pytest.raises(EstimateFault, match="FL-EST-470"):
            fl.undercoverage_curve(wrong, 0.1)
