"""What weights say and what they do not: none, zeros, and whether they sum to the population."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl

DESIGN = fl.Design(weights="w", strata="h", psu="ea")


def people(**other: Any) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({"h": np.repeat([1, 2], 60), "ea": np.repeat(range(12), 10), "w": rng.integers(50, 150, 120)})
    return frame.assign(y=(rng.random(120) < 0.2).astype(int), **other)


def codes(estimates: fl.Estimates) -> dict[str, dict[str, Any]]:
    return {assumption.code: dict(assumption.parameters) for assumption in estimates.assumptions}


def test_a_design_without_weights_is_refused_unless_it_says_so() -> None:
    bare = fl.Design(strata="h", psu="ea")
    for estimate in (fl.estimate_prevalence, fl.estimate_mean, fl.estimate_total):
        with pytest.raises(fl.FlError, match="FL-DESIGN-70") as caught:
            estimate(people(), "y", design=bare)
        assert "unweighted=True" in str(caught.value)
    with pytest.raises(fl.FlError, match="FL-DESIGN-70"):
        fl.weight_summary(people(), design=bare)
    with pytest.raises(fl.FlError, match="FL-DESIGN-70"):
        fl.replicate(people(), design=bare, kind="jkn")
    with pytest.raises(fl.FlError, match="FL-DESIGN-06"):
        fl.estimate_prevalence(people(), "y")
    said = fl.estimate_prevalence(people(), "y", design=replace(bare, unweighted=True))
    assert said.to_frame()["value"].iloc[0] == pytest.approx(people()["y"].mean())
    assert "unweighted" in codes(said)
    assert "unweighted" not in codes(fl.estimate_prevalence(people(), "y", design=DESIGN))
    assert "unweighted" in codes(
        fl.regress(people(), "y ~ h", family="gaussian", design=replace(bare, unweighted=True))
    )


def test_fractions_may_still_give_the_weights() -> None:
    found = fl.estimate_total(people(N=6000), "y", design=fl.Design(fpc="N")).to_frame()
    assert found["value"].iloc[0] == pytest.approx(people()["y"].sum() * 6000 / 120)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"weights": "w", "unweighted": True}, "FL-DESIGN-71"),
        ({"fpc": "N", "unweighted": True}, "FL-DESIGN-71"),
        ({"expands": True, "unweighted": True}, "FL-DESIGN-71"),
        ({"population_size": 5000, "unweighted": True}, "FL-DESIGN-71"),
        ({"weights": "w", "population_size": 0}, "FL-DESIGN-72"),
        ({"weights": "w", "population_size": float("inf")}, "FL-DESIGN-72"),
    ],
)
def test_what_cannot_be_said_of_weights(arguments: dict[str, Any], code: str) -> None:
    with pytest.raises(fl.FlError, match=code):
        fl.Design(**arguments)


def test_rows_of_weight_zero_are_no_respondents_and_are_told() -> None:
    frame = people()
    frame.loc[frame["ea"] == 3, "w"] = 0
    found = fl.estimate_prevalence(frame, "y", design=DESIGN)
    row = found.to_frame().iloc[0]
    answered = frame[frame["w"] > 0]
    assert (row["n"], row["cases"]) == (110, answered["y"].sum())
    assert row["value"] == pytest.approx(np.average(answered["y"], weights=answered["w"]))
    assert codes(found)["zero_weights"] == {"rows": 10}
    # the primary unit of zeros stays: R counts it among the units drawn, and not among the degrees of freedom
    assert row["df"] == 11 - 2
    assert row["se"] > fl.estimate_prevalence(answered, "y", design=DESIGN).to_frame()["se"].iloc[0] * 0.99


def test_who_weighs_nothing_needs_no_answer() -> None:
    frame = people()
    frame["y"] = frame["y"].astype("Int64")
    frame.loc[frame.index % 9 == 0, ["w", "y"]] = [0, None]
    row = fl.estimate_prevalence(frame, "y", design=DESIGN).to_frame().iloc[0]
    assert row["n"] == (frame["w"] > 0).sum()


def test_adjustments_leave_weights_of_zero_at_zero() -> None:
    frame = people(sex=["F", "M"] * 60)
    frame.loc[:9, "w"] = 0
    trimmed, design = fl.trim_weights(frame, design=DESIGN, upper=120)
    assert trimmed[design.weights].iloc[:10].eq(0).all()
    assert trimmed[design.weights].sum() == pytest.approx(frame["w"].sum())
    raked, design = fl.calibrate(frame, {"sex": {"F": 5000, "M": 6000}}, design=DESIGN)
    assert raked[design.weights].iloc[:10].eq(0).all()
    assert fl.weight_summary(frame, design=DESIGN).frame["n"].iloc[0] == 110


@pytest.mark.parametrize("weights", [-1.0, np.nan])
def test_negative_and_missing_weights_stay_faults(weights: float) -> None:
    frame = people().astype({"w": float})
    frame.loc[0, "w"] = weights
    with pytest.raises(fl.FlError, match="FL-DESIGN-13"):
        fl.estimate_prevalence(frame, "y", design=DESIGN)


def test_a_total_asks_what_the_weights_sum_to() -> None:
    frame = people()
    frame = frame.assign(children=3, relative=frame["w"] / frame["w"].mean())
    # a product of a relative weight, whose mean is not 1: children counted by it printed a small country
    product = frame.assign(w=frame["relative"] * frame["children"])
    with pytest.raises(fl.FlError, match="FL-EST-260") as caught:
        fl.estimate_total(product, "y", design=DESIGN)
    assert "sums to 360 over 120 rows" in str(caught.value)
    with pytest.raises(fl.FlError, match="FL-EST-261"):
        fl.estimate_total(product, "y", design=replace(DESIGN, population_size=12_000))
    with pytest.raises(fl.FlError, match="FL-EST-261"):
        fl.estimate_total(product, "y", design=replace(DESIGN, population_size=12_000, expands=True))
    with pytest.raises(fl.FlError, match="FL-EST-10"):
        fl.estimate_total(people(), "y", design=fl.Design(strata="h", psu="ea", unweighted=True))
    known = fl.estimate_total(frame, "y", design=replace(DESIGN, population_size=14_000)).to_frame()
    said = fl.estimate_total(frame, "y", design=replace(DESIGN, expands=True)).to_frame()
    assert known["value"].iloc[0] == said["value"].iloc[0] == (frame["w"] * frame["y"]).sum()


def test_a_total_by_groups_is_compared_with_the_population_of_each() -> None:
    frame = people().assign(region=["n", "s"] * 60)
    sums = frame.groupby("region")["w"].sum()
    near = {"n": float(sums["n"]) * 1.8, "s": float(sums["s"]) * 0.6}
    # all groups compared and near: nothing else has to be said
    made = fl.estimate_total(frame, "y", by="region", design=replace(DESIGN, populations={"region": near}))
    assert len(made) == 3
    far = replace(DESIGN, expands=True, population_size=float(sums.sum()), populations={"region": {**near, "s": 1.0}})
    with pytest.raises(fl.FlError, match="FL-EST-263") as caught:
        fl.estimate_total(frame, "y", by="region", design=far)
    assert f"region s: weights sum to {sums['s']:,.0f}, its population is 1" in str(caught.value)
    assert "region n" not in str(caught.value)
    assert len(fl.estimate_prevalence(frame, "y", by="region", design=far)) == 3
    with pytest.raises(fl.FlError, match="FL-EST-260"):  # one group alone says nothing of the others
        fl.estimate_total(frame, "y", by="region", design=replace(DESIGN, populations={"region": {"n": near["n"]}}))
    with pytest.raises(fl.FlError, match="FL-DESIGN-72"):
        fl.Design(weights="w", populations={"region": {"n": -1}})


def test_calibrated_weights_sum_to_what_they_were_calibrated_to() -> None:
    frame, design = fl.calibrate(people(sex=["F", "M"] * 60), {"sex": {"F": 5000, "M": 6000}}, design=DESIGN)
    assert fl.estimate_total(frame, "y", design=design).to_frame()["value"].iloc[0] > 0
    income = people(income=np.arange(120.0))
    frame, design = fl.calibrate(income, {"income": 700_000}, design=DESIGN)
    with pytest.raises(fl.FlError, match="FL-EST-260"):
        fl.estimate_total(frame, "y", design=design)


@pytest.mark.parametrize("kind", ["string", "category"])
def test_an_outcome_of_the_texts_0_and_1_is_0_and_1(kind: Any) -> None:
    """The headline printed the complement: 81.0 % for 19.0 %, for the first value of the column was 0."""
    frame = people()
    text = frame.assign(y=frame["y"].astype(str).astype(kind))
    wanted = fl.estimate_prevalence(frame, "y", design=DESIGN).to_frame()
    found = fl.estimate_prevalence(text, "y", design=DESIGN).to_frame()
    assert found["outcome"].tolist() == ["y"]
    for name in ("value", "se", "n", "cases"):
        assert found[name].tolist() == pytest.approx(wanted[name].tolist())
    every = fl.estimate_prevalence(frame.assign(y="0"), "y", design=DESIGN).to_frame().iloc[0]
    assert (every["value"], every["cases"]) == (0, 0)


@pytest.mark.parametrize("values", [["0", "1", "9"], ["1", "2"], ["1", "1.0"], ["0", "0.5"]])
def test_other_texts_that_look_like_numbers_are_refused(values: list[str]) -> None:
    frame = people().assign(y=values * (120 // len(values)))
    with pytest.raises(fl.FlError, match="FL-EST-262"):
        fl.estimate_prevalence(frame, "y", design=DESIGN)


def test_declared_categories_are_classes_whatever_they_are_called() -> None:
    kinds = pd.Categorical(["1", "2", "3"] * 40)
    found = fl.estimate_prevalence(people(kind=kinds), "kind", design=DESIGN).to_frame()
    assert found["outcome"].tolist() == ["kind=1", "kind=2", "kind=3"]
