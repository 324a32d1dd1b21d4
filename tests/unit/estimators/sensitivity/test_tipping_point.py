"""Tipping points: where a curve meets a value, what share of cases that needs among unknown answers, and when it cannot be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import fl_estimate as fl
from fl_estimate.errors import EstimateFault
from tests.unit.estimators.sensitivity.open_people import open_people, sample
from tests.unit.estimators.sensitivity.test_delta_curve import few_of_delta_curve, people, plain


def few_of_tipping_point() -> fl.Estimates:
    return fl.tipping_point(few_of_delta_curve(), times=2)


def exact() -> fl.Estimates:
    """A curve whose points are those of 60 open people of 600, each a case with probability 1/4 at random; 30 are surely cases."""
    curve = plain()
    odds = np.array([0.25, 0.5, 1, 2, 4, 8])
    share = np.concatenate([[0.0], odds * 0.25 / (odds * 0.25 + 0.75), [1.0]])
    value = (30 + 60 * share) / 600
    frame = curve.frame.assign(value=value, lower=value - 0.02, upper=value + 0.02)
    return replace(curve, frame=frame)


def rows(found: fl.Estimates) -> dict[str, float]:
    return dict(zip(found.frame["term"], found.frame["value"], strict=True))


def test_by_hand_between_two_points() -> None:
    # at random (30 + 15)/600 = 0.075; 0.11 needs a share of 36/60 = 0.6, odds of 1.5 against 1/3: times 4.5
    found = rows(fl.tipping_point(exact(), value=0.11))
    assert found["share_needed"] == pytest.approx(0.6)
    assert found["share_imputed"] == pytest.approx(0.25)
    assert found["odds_needed"] == pytest.approx(4.5)


def test_a_multiple_is_of_the_figure_at_random() -> None:
    assert rows(fl.tipping_point(exact(), times=1.2)) == pytest.approx(rows(fl.tipping_point(exact(), value=0.09)))
    assert rows(fl.tipping_point(exact(), times=1))["odds_needed"] == pytest.approx(1.0)


def test_limits_are_where_the_interval_reaches_the_value() -> None:
    found = fl.tipping_point(exact(), value=0.10)
    odds = found.select(term="odds_needed")
    # the upper limit is at 0.10 where the curve is at 0.08, between ×1 (0.075) and ×2 (0.09): log-linear
    assert odds.interval[0] == pytest.approx(2 ** (0.005 / 0.015))
    # the lower limit is at 0.10 where the curve is at 0.12, between ×4 (0.10714) and ×8 (0.12273)
    low, high = (30 + 60 * np.array([4 / 7, 8 / 11])) / 600
    assert odds.interval[1] == pytest.approx(4 * 2 ** ((0.12 - low) / (high - low)))
    assert odds.interval[0] < odds.value < odds.interval[1]


def test_a_figure_that_cannot_double_says_so() -> None:
    # all 60 make 0.15 = 2 × 0.075: twice can just be reached, and no more
    found = fl.tipping_point(exact(), times=2.01)
    assert np.isnan(rows(found)["odds_needed"])
    assert np.isnan(rows(found)["share_needed"])
    assert {(r.code, r.row) for r in found.reasons if r.code.startswith("tipping")} == {
        ("tipping_beyond_all", 0),
        ("tipping_beyond_all", 1),
    }
    twice = fl.tipping_point(exact(), times=2)
    assert rows(twice)["share_needed"] == pytest.approx(1.0)
    assert [r.code for r in twice.reasons if r.code.startswith("tipping")] == ["tipping_beyond_curve"]


def test_beyond_the_last_point_there_is_a_share_and_no_odds() -> None:
    found = fl.tipping_point(exact(), value=0.14)
    assert rows(found)["share_needed"] == pytest.approx(0.9)
    assert np.isnan(rows(found)["odds_needed"])
    (reason,) = [r for r in found.reasons if r.code.startswith("tipping")]
    assert (reason.code, dict(reason.parameters)) == ("tipping_beyond_curve", {"odds": 8.0})


def test_below_the_first_point_and_below_none() -> None:
    low = fl.tipping_point(exact(), value=0.0501)
    assert [r.code for r in low.reasons if r.code.startswith("tipping")] == ["tipping_below_curve"]
    none = fl.tipping_point(exact(), value=0.04)
    assert {r.code for r in none.reasons if r.code.startswith("tipping")} == {"tipping_below_none"}


def test_without_unknown_answers_nothing_can_be_reached() -> None:
    flat = fl.delta_curve(open_people(sample(unknown=0), share=[], reasons=[]), "fl")
    assert {r.code for r in fl.tipping_point(flat, times=2).reasons if r.code.startswith("tipping")} == {
        "tipping_beyond_all"
    }


def test_each_line_and_domain_has_its_own() -> None:
    curve = fl.delta_curve(people(), "fl", reasons=["refusal", "dont_know"], by="region", odds=[1])
    found = fl.tipping_point(curve, times=1.1)
    assert len(found) == 2 * 3 * 3
    assert found.by == ("reason", "region")
    assert (found.support.cases == np.repeat(curve.support.cases.reshape(2, 3, 3).min(axis=1).ravel(), 3)).all()


@pytest.mark.parametrize(
    "given", [{}, {"times": 2, "value": 0.1}, {"times": 0}, {"value": -1}, {"times": "2"}, {"value": True}]
)
def test_one_number_says_what_is_to_be_reached(given: dict[str, Any]) -> None:
    with pytest.raises(EstimateFault, match="FL-EST-475"):
        fl.tipping_point(exact(), **given)


def test_only_whole_curves_have_one() -> None:
    plain = fl.estimate_prevalence(people(), "fl")
    for wrong in (plain, exact().select(term="×2"), fl.undercoverage_curve(plain, 0.1)):
        with pytest.raises(EstimateFault, match="FL-EST-474"):
            fl.tipping_point(wrong, times=2)
