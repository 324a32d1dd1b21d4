"""Lists with covariates, the model chosen: criteria are those of the models by themselves, the truth is found, the bootstrap chooses again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate.estimators.capture_recapture import conditional_space
from fl_estimate.estimators.capture_recapture.conditional_space import ConditionalModelChoice, Space, every
from tests.unit.estimators.capture_recapture.test_conditional import CALL, LISTS, masked, people

THREE = LISTS[:3]


def seen(size: int = 4_000, seed: int = 1) -> pd.DataFrame:
    """Four lists, none of them blind; police and shelter refer people to each other, sex and form act on each list its own way."""
    return people(size, seed, blind=False)[0]


def test_the_pair_and_the_covariates_of_the_truth_are_chosen() -> None:
    frame = seen().assign(noise=lambda f: np.random.default_rng(3).choice(["a", "b"], size=len(f)))
    found = cr.select_conditional(frame, lists=LISTS, covariates="sex + form + noise", by="sex", interval="log")
    assert found.to_frame()["term"].iloc[0] == "police:shelter"
    assert found.diagnostics["covariates_chosen"] == {"sex": "by list", "form": "by list", "noise": "out"}
    assert found.diagnostics["search"] == "downhill"
    same = cr.conditional_loglinear(
        frame, lists=LISTS, covariates="sex + form", terms=[("police", "shelter")], by="sex"
    )
    np.testing.assert_allclose(found.to_frame()["value"], same.to_frame()["value"], rtol=1e-8)
    np.testing.assert_allclose(found.to_frame()["upper"], same.to_frame()["upper"], rtol=1e-7)
    assert dict(found.assumptions[0].parameters)["covariates"] == "form, sex"
    assert "interval_given_model" in {assumption.code for assumption in found.assumptions}


@pytest.mark.parametrize("criterion", ["bic", "aic"])
def test_criteria_are_those_of_each_model_by_itself(criterion: Any) -> None:
    frame = seen(1_500)
    frame = frame[frame[THREE].any(axis=1)]
    found = cr.select_conditional(frame, lists=THREE, covariates="sex", criterion=criterion, interval="log")
    ways = {"out": {}, "in common": {"common": "sex"}, "by list": {"covariates": "sex"}}
    # Three pairs in or out, sex in three ways.
    assert (found.diagnostics["search"], found.diagnostics["models"]) == ("all", 24)
    for one in found.diagnostics["runners_up"]:
        terms = (
            one["terms"] if one["terms"] in ("main", "two-way") else [p.split(":") for p in one["terms"].split(", ")]
        )
        alone = cr.conditional_loglinear(frame, lists=THREE, terms=terms, **ways[one["covariates"]["sex"]])
        np.testing.assert_allclose(one[criterion], alone.diagnostics[criterion], rtol=1e-9)
        np.testing.assert_allclose(one["population_size"], alone.to_frame()["value"].iloc[0], rtol=1e-6)
    values = [one[criterion] for one in found.diagnostics["runners_up"]]
    assert values == sorted(values)
    assert found.to_frame()["value"].iloc[0] == found.diagnostics["runners_up"][0]["population_size"]


def space(covariates: dict[str, frozenset[str]], lists: int, order: int) -> Space:
    records: Any = type("Records", (), {"lists": tuple("abcdef"[:lists])})()
    nothing: Any = None
    return Space(
        records=records, cells=nothing, strata=nothing, blind=None, covariates=covariates, formula="1", dependence="1",
        max_order=order, criterion="bic",
    )  # fmt: skip


def test_models_are_hierarchical_and_all_there() -> None:
    """Counted by hand: 2³ sets of pairs; sex and age in three ways each, their product by no more lists than either: 14."""
    product = {"sex": frozenset({"sex"}), "age": frozenset({"age"}), "sex:age": frozenset({"sex", "age"})}
    found = every(space(product, 3, 2))
    assert found is not None
    assert len(found) == len(set(found)) == 8 * 14
    # Four lists have 114 hierarchical models with all main effects, the saturated one among them.
    four = every(space({}, 4, 3))
    assert four is not None
    assert len(four) == 113
    assert every(space(product, 5, 2)) is None
    assert all(isinstance(one, ConditionalModelChoice) for one in four)


def test_downhill_ends_where_all_models_end(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = seen(2_000, 5)
    call: dict[str, Any] = {"lists": LISTS, "covariates": "sex", "interval": "log"}
    monkeypatch.setattr(conditional_space, "ALL", 300)
    whole = cr.select_conditional(frame, **call)
    assert whole.diagnostics["models"] == 64 * 3
    monkeypatch.setattr(conditional_space, "ALL", 10)
    told: list[str] = []
    steps = cr.select_conditional(frame, progress=told.append, **call)
    assert steps.diagnostics["search"] == "downhill"
    assert steps.diagnostics["models"] < 100
    assert told[-1] == f"{steps.diagnostics['models']} models fitted"
    pd.testing.assert_frame_equal(whole.to_frame(), steps.to_frame(), rtol=1e-9)


def test_the_bootstrap_chooses_again() -> None:
    """Where the choice is not clear its limits are further apart than those that take the model as known."""
    frame = seen(600, 8)
    frame = frame[frame[THREE].any(axis=1)]
    call: dict[str, Any] = {"lists": THREE, "covariates": "sex", "criterion": "aic"}
    given = cr.select_conditional(frame, interval="log", **call).to_frame().iloc[0]
    again = cr.select_conditional(frame, replicates=60, seed=2, **call)
    row = again.to_frame().iloc[0]
    assert row["value"] == given["value"]
    assert row["se"] > 1.3 * given["se"]
    assert "interval_given_model" not in {assumption.code for assumption in again.assumptions}
    twice = cr.select_conditional(frame, interval="percentile", replicates=60, seed=2, **call)
    pd.testing.assert_frame_equal(again.to_frame(), twice.to_frame())


def test_blind_lists_and_missing_covariates_are_chosen_over_too() -> None:
    frame = people(2_500, 4)[0]
    blind = cr.select_conditional(
        frame, lists=LISTS, covariates="C(year) + sex + form", blind=CALL["blind"], interval="log"
    )
    assert blind.diagnostics["covariates_chosen"]["sex"] == "by list"
    assert abs(blind.to_frame()["value"].iloc[0] - 2_500) < 4 * blind.to_frame()["se"].iloc[0]
    frame = masked(seen(1_000, 6))
    found = cr.select_conditional(frame, lists=LISTS, covariates="form", max_order=1, replicates=50, seed=1)
    assert found.diagnostics["people_with_missing_covariates"] > 0
    assert set(found.to_frame()["interval_kind"]) == {"percentile"}


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("FL-EST-94", {"max_order": 4}),
        ("FL-EST-94", {"max_order": 0}),
        ("FL-EST-30", {"criterion": "hqc"}),
        ("FL-EST-30", {"interval": "bca"}),
        ("FL-EST-170", {"covariates": "sex +"}),
        ("FL-EST-177", {"replicates": 10}),
        ("FL-LISTS-01", {"covariates": "height"}),
        ("FL-EST-04", {"by": [["year"], "sex"]}),
    ],
)
def test_calls_that_cannot_be_are_refused(code: str, change: Any) -> None:
    with pytest.raises(fl.FlError, match=code):
        cr.select_conditional(seen(300), lists=LISTS, **change)


def test_no_model_with_an_estimate_is_refused() -> None:
    frame = seen(300).assign(shelter=0)
    with pytest.raises(fl.FlError, match=r"FL-EST-17[23]|FL-LISTS"):
        cr.select_conditional(frame[frame[LISTS].any(axis=1)], lists=LISTS)
    apart = pd.DataFrame({"police": [1] * 20 + [0] * 20, "ngo": [0] * 20 + [1] * 20})
    with pytest.raises(fl.FlError, match="FL-EST-173"):
        cr.select_conditional(apart, lists=["police", "ngo"], max_order=1)
