"""Delta-adjusted curves: ×1 is missing at random, the ends are the identified set, between them the figure never falls."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.sensitivity.tilting import open_of
from tests.unit.estimators.sensitivity.open_people import OpenPeople, open_people, sample
from tests.unit.reporting.few import FEW
from tests.unit.reporting.few import people as of_five_regions

REASONS = ["refusal"] * 30 + ["dont_know"] * 20 + ["missing"] * 10


def people(**more: Any) -> OpenPeople:
    return open_people(sample(), share=[0.25] * 60, reasons=REASONS, draws=6, **more)


def few_of_delta_curve() -> fl.Estimates:
    frame = of_five_regions().loc[lambda f: f["region"] == FEW].reset_index(drop=True)
    frame = frame.assign(fl_possible=lambda f: np.where(np.arange(len(f)) % 3 == 0, 1, 0), fl_in_scope=1)
    open_ = int(((frame["fl_possible"] == 1) & (frame["fl"] == 0)).sum())
    return fl.delta_curve(open_people(frame, share=[0.3] * open_, reasons=["refusal"] * open_), "fl")


@cache
def plain() -> fl.Estimates:
    return fl.delta_curve(people(), "fl")


def values(curve: fl.Estimates, **by: Any) -> list[float]:
    chosen = curve.select(**by) if by else curve
    return chosen.frame["value"].tolist()


def test_one_is_the_imputed_estimate_itself() -> None:
    curve = plain()
    imputed = fl.estimate_prevalence(people(), "fl", unknown="impute")
    at_one = curve.select(term="×1")
    assert (at_one.value, at_one.se, *at_one.interval) == (imputed.value, imputed.se, *imputed.interval)


def test_the_ends_are_the_bounds() -> None:
    curve = plain()
    bounds = fl.estimate_prevalence(people().classification, "fl", unknown="bounds").frame
    ends = curve.frame.iloc[[0, -1]]
    assert ends["term"].tolist() == ["none_hide_a_case", "all_hide_a_case"]
    for name in ("value", "se", "lower", "upper"):
        assert ends[name].tolist() == bounds[name].iloc[:2].tolist()
    # 30 and 30 + 60 of 600
    assert ends["value"].tolist() == pytest.approx([0.05, 0.15])


def test_the_figure_never_falls_as_the_odds_grow() -> None:
    found = values(fl.delta_curve(people(), "fl", odds=[0.01, 0.3, 0.9, 3, 1e4]))
    assert (np.diff(found) >= 0).all()
    assert found[0] < found[4] < found[-1]


@pytest.mark.parametrize("odds", [0.25, 0.5, 2, 4, 8])
def test_the_share_among_the_open_is_the_multiplied_odds(odds: float) -> None:
    # all have one probability, the mean π of the draws: P = dπ/(dπ + 1 − π); 5,000 draws, 3 Monte Carlo errors
    made = open_people(sample(), share=[0.25] * 60, reasons=["refusal"] * 60, draws=5_000)
    drawn = open_of(made, "fl").under(odds, ("refusal",))
    pi = made.drawn["fl"].mean()
    assert pi == pytest.approx(0.25, abs=0.003)
    wanted = odds * pi / (odds * pi + 1 - pi)
    assert drawn.mean() == pytest.approx(wanted, abs=3 * math.sqrt(wanted * (1 - wanted) / drawn.size))


def test_a_recipient_whose_donors_are_no_cases_is_reached_at_great_odds() -> None:
    made = open_people(sample(unknown=4), share=[0.0, 0.0, 0.5, 1.0], reasons=["refusal"] * 4, draws=200)
    far = open_of(made, "fl").under(1e9, ("refusal",))
    assert far.mean(axis=1).tolist() == [1.0] * 4
    none = open_of(made, "fl").under(1e-9, ("refusal",))
    assert none.mean(axis=1).tolist() == [0.0] * 4


def test_a_line_of_one_reason_leaves_the_others_at_random() -> None:
    curve = fl.delta_curve(people(), "fl", reasons=["refusal", "dont_know", "missing"], odds=[0.5, 3])
    drawn = people().drawn["fl"]
    for position, reason in enumerate(("refusal", "dont_know", "missing")):
        line = curve.select(reason=reason)
        assert line.frame["term"].tolist()[0] == "none_hide_a_case"
        concerned = np.array([why == reason for why in REASONS])
        # weights are equal: 30 surely, this reason none or all, the others as they were drawn
        rest = drawn[~concerned].sum(axis=0).mean()
        assert line.frame["value"].iloc[0] == pytest.approx((30 + rest) / 600), position
        assert line.frame["value"].iloc[-1] == pytest.approx((30 + rest + concerned.sum()) / 600)
        assert (np.diff(line.frame["value"]) >= 0).all()
        assert line.select(term="×1").value == fl.estimate_prevalence(people(), "fl", unknown="impute").value


def test_without_refusals_the_line_of_refusals_is_flat() -> None:
    made = open_people(sample(), share=[0.25] * 60, reasons=["dont_know"] * 60)
    curve = fl.delta_curve(made, "fl", reasons=["refusal"])
    assert len(set(values(curve))) == 1


def test_without_any_unknown_answer_all_points_are_the_estimate() -> None:
    made = open_people(sample(unknown=0), share=[], reasons=[])
    curve = fl.delta_curve(made, "fl")
    assert values(curve) == pytest.approx([0.05] * len(curve))
    assert curve.support.cases.tolist() == [30.0] * len(curve)


def test_several_reasons_of_one_person_share_the_shift() -> None:
    made = open_people(sample(unknown=1), share=[0.5], reasons=["refusal"], draws=20_000)
    made.pool.reasons[:] = [[0.5, 0.5, 0.0, 0.0]]
    # π is 1/2; four times the odds of refusals alone are √4 = 2: P = 2/3
    drawn = open_of(made, "fl").under(4.0, ("refusal",))
    assert drawn.mean() == pytest.approx(2 / 3, abs=0.011)  # 3 Monte Carlo errors of 20,000 draws
    assert open_of(made, "fl").under(4.0, ("refusal", "dont_know")).mean() == pytest.approx(0.8, abs=0.009)


def test_the_order_of_rows_changes_no_draw() -> None:
    made = open_people(sample(unknown=6), share=[0.1, 0.2, 0.3, 0.4, 0.5, 0.6], reasons=["refusal"] * 6, draws=50)
    other = open_people(
        sample(unknown=6), share=[0.6, 0.5, 0.4, 0.3, 0.2, 0.1], reasons=["refusal"] * 6, drawn=made.drawn["fl"][::-1]
    )
    other.pool.random[:] = np.arange(6)[::-1]
    one, two = (open_of(each, "fl").under(3.0, ("refusal",)) for each in (made, other))
    assert (one == two[::-1]).all()


def test_totals_are_persons() -> None:
    total = fl.delta_curve(people(), "fl", quantity="total")
    assert (np.array(values(total)) / 6_000).tolist() == pytest.approx(values(plain()))
    assert set(total.frame["quantity"]) == {"scenario_total"}


def test_domains_have_lines_of_their_own() -> None:
    curve = fl.delta_curve(people(), "fl", by="region", odds=[2])
    assert curve.frame["term"].nunique() == 4
    north = curve.select(region="North")
    assert (np.diff(north.frame["value"]) >= 0).all()
    imputed = fl.estimate_prevalence(people(), "fl", unknown="impute", by="region").select(region="North")
    assert north.select(term="×1").value == imputed.value


def test_rules_judge_the_sure_cases_and_the_recipients() -> None:
    curve = fl.delta_curve(people(), "fl", reasons=["refusal", "missing", "not_asked"], odds=[1])
    support = pd.Series(curve.support.undetermined, index=curve.frame["reason"]).groupby(level=0).first()
    # 30 refusals, 10 missing, none that a filter left out: where no refusal hides a case, the line is of what was drawn for the ten.
    assert support.to_dict() == {"refusal": 10, "missing": 10, "not_asked": 10}
    assert set(curve.support.cases) == {30.0}
    assert (curve.support.respondents == 600).all()


def test_how_much_was_imputed_is_told_once() -> None:
    curve = plain()
    told = [r for r in curve.reasons if r.code == "imputed_share"]
    assert [curve.frame["term"].iloc[r.row] for r in told] == ["×1"]


@pytest.mark.parametrize("odds", [[], [0], [-1], [math.inf], ["2"], "2", [True], [math.nan]])
def test_odds_that_cannot_be_are_refused(odds: Any) -> None:
    with pytest.raises(EstimateFault, match="FL-EST-477"):
        fl.delta_curve(people(), "fl", odds=odds)


@pytest.mark.parametrize("reasons", [[], ["refused"], ["refusal", "refusal"]])
def test_reasons_are_named_once_each(reasons: Any) -> None:
    with pytest.raises(EstimateFault, match="FL-EST-477"):
        fl.delta_curve(people(), "fl", reasons=reasons)


def test_a_by_column_of_the_same_name_is_refused() -> None:
    made = open_people(sample().assign(reason="x"), share=[0.25] * 60, reasons=REASONS)
    with pytest.raises(EstimateFault, match="FL-EST-477"):
        fl.delta_curve(made, "fl", by="reason")


def test_people_that_were_not_imputed_are_refused() -> None:
    with pytest.raises(EstimateFault, match="FL-EST-476"):
        fl.delta_curve(sample(), "fl")


def test_people_that_are_shifted_already_are_refused() -> None:
    with pytest.raises(EstimateFault, match="FL-EST-476"):
        fl.delta_curve(replace(people(), delta={"refusal": 0.7}), "fl")
