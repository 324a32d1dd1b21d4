"""Several sources: the closed form where all is normal, counts as bounds, weights, biases before and after, wrong biases caught, faults."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate.errors import EstimateFault

GIVEN = {"survey": (10_000, 1_000), "lists": (14_000, 2_000)}
STATED = {"survey": "normal(-0.1, 0.2)", "lists": "normal(0.1, 0.1)"}


def combined(given: Any = GIVEN, stated: Any = STATED, **settings: Any) -> fl.Estimates:
    return fl.hierarchical.sources(given, bias=stated, **{"draws": 500, "seed": 1, **settings})


def test_two_normal_sources_by_hand() -> None:
    """Precision-weighted mean of log y − b with variances e² + s²; weights are shares of the precision; conflict is a z test."""
    found = combined()
    v = np.array([0.1**2 + 0.2**2, (1 / 7) ** 2 + 0.1**2])
    y = np.log([10_000, 14_000]) - np.array([-0.1, 0.1])
    share = 1 / v / (1 / v).sum()
    mean, sd = share @ y, np.sqrt(1 / (1 / v).sum())
    row = found.to_frame().iloc[0]
    np.testing.assert_allclose(
        row[["lower", "value", "upper"]].astype(float),
        np.exp(mean + sd * special.ndtri([0.025, 0.5, 0.975])),
        rtol=1e-5,
    )
    np.testing.assert_allclose(list(found.diagnostics["weight"].values()), share, rtol=1e-5)
    p = 2 * special.ndtr(-abs(y[0] - y[1]) / np.sqrt(v.sum()))
    np.testing.assert_allclose(list(found.diagnostics["conflict"].values()), p, rtol=1e-5)
    # The bias given log N is normal too: its mean moves by what the source lies off.
    after = found.diagnostics["bias_after"]["lists"]
    joint = 0.1 + 0.1**2 / v[1] * (y[1] - mean)
    assert after["median"] == pytest.approx(joint, abs=1e-3)
    assert found.diagnostics["bias_stated"]["lists"]["median"] == pytest.approx(0.1)


def test_one_source_is_given_back() -> None:
    found = combined({"survey": (10_000, 1_000)}, {"survey": "exactly(0)"})
    frame = found.to_frame()
    assert frame["value"].iloc[0] == pytest.approx(10_000, rel=1e-6)
    assert frame["lower"].iloc[0] == pytest.approx(frame["lower"].iloc[1], rel=1e-5)
    assert found.diagnostics["weight"] == {"survey": 1.0}
    assert np.isnan(found.diagnostics["conflict"]["survey"])


@pytest.mark.parametrize(("word", "sign"), [("below", -1), ("above", 1)])
def test_one_sided_biases_against_draws(word: str, sign: int) -> None:
    """Skew-normal likelihood against a plain simulation: number = figure × exp(−bias − error)."""
    rng = np.random.default_rng(5)
    drawn = np.log(10_000) - sign * np.abs(rng.normal(0, 0.4, 400_000)) - rng.normal(0, 0.1, 400_000)
    row = combined({"survey": (10_000, 1_000)}, {"survey": f"{word}(0.4)"}).to_frame().iloc[0]
    for column, tail in (("lower", 0.025), ("value", 0.5), ("upper", 0.975)):
        # Four standard errors of a quantile of 400,000 draws, SD 0.26.
        assert np.log(row[column]) == pytest.approx(np.quantile(drawn, tail), abs=4 * 3 * 0.26 / 632)


def test_a_count_is_a_bound_and_reported_shares_tell() -> None:
    """Nobody is less than those counted; with a share ~ beta(a, b), the number is the count over it."""
    found = combined({"hotline": 900}, {"hotline": "reported(200, 1800)"})
    row = found.to_frame().iloc[0]
    share: Any = stats.beta(200, 1_800)
    # Flat on the log scale, the number is count/share, but for the binomial error of the count.
    spread = np.hypot(share.std() / share.mean(), np.sqrt(0.9 / 900))
    assert row["value"] == pytest.approx(9_000, rel=0.01)
    assert np.log(row["upper"] / row["lower"]) == pytest.approx(2 * 1.96 * spread, rel=0.02)
    wide = combined({"hotline": 900, **GIVEN}, {"hotline": "reported(1, 1)", **STATED})
    assert (np.asarray(wide.draws)[:, 0] >= 899).all()


def test_rows_and_draws() -> None:
    found = combined({**GIVEN, "hotline": 900}, {**STATED, "hotline": "reported(2, 30)"})
    frame = found.to_frame()
    assert frame["term"].tolist() == ["", "survey", "lists", "hotline"]
    assert frame["method"].tolist() == ["sources-combined", *["source-given"] * 3]
    assert np.asarray(found.draws).shape == (500, 4)
    assert [a.code for a in found.assumptions] == [*["source_bias"] * 3, "errors_and_biases_independent", "prior_number"]
    # A tight prior of the number is followed.
    tight = combined(prior=(np.log(20_000), 0.01)).to_frame().iloc[0]
    assert tight["value"] == pytest.approx(20_000, rel=0.02)


def test_estimates_are_taken_as_they_are() -> None:
    lists = fl.datasets.load("uk_2013_6").about(outcome="forced_labour", reference_period="2013")
    found = combined(
        {"lists": cr.loglinear(lists), "survey": (12_000, 3_000)}, {"lists": "normal(0, 0.3)", "survey": "exactly(0)"}
    )
    frame = found.to_frame()
    theirs = cr.loglinear(lists).to_frame().iloc[0]
    for name in ("value", "lower", "upper"):
        assert frame[name][1] == theirs[name]
    assert found.reference_period == "2013"
    assert set(frame["outcome"]) == {"forced_labour"}


@pytest.mark.parametrize("sets", [20, pytest.param(100, marks=pytest.mark.slow)])
def test_a_wrongly_stated_bias_is_caught(sets: int) -> None:
    """Of made-up triples, those with rightly stated biases are in conflict about as often as the threshold says for three
    sources; a survey that misses half while its bias is stated as none is caught nearly always, and it is the survey.
    """
    rng = np.random.default_rng(8)
    caught = {"right": 0, "wrong": 0, "survey": 0}
    for _ in range(sets):
        error = rng.normal(0, 1, 3)
        for case, missed in (("right", 0.0), ("wrong", np.log(0.4))):
            bias = np.array([missed, *rng.normal(0, 0.1, 2)])
            y = np.exp(np.log(20_000) + bias + 0.1 * error)
            given = {name: (float(v), float(0.1 * v)) for name, v in zip(("survey", "lists", "other"), y, strict=True)}
            stated = {"survey": "exactly(0)", "lists": "normal(0, 0.1)", "other": "normal(0, 0.1)"}
            conflict = combined(given, stated, draws=1).diagnostics["conflict"]
            caught[case] += min(conflict.values()) < 0.05
            caught["survey"] += case == "wrong" and min(conflict, key=conflict.get) == "survey"
    # Three tests at 5 %: at most 15 % by Bonferroni, plus three binomial standard errors.
    assert caught["right"] <= sets * (0.15 + 3 * np.sqrt(0.15 * 0.85 / sets))
    assert caught["wrong"] >= 0.95 * sets
    assert caught["survey"] >= 0.95 * sets


def test_conflict_is_said_at_the_rows() -> None:
    found = combined({"a": (10_000, 500), "b": (30_000, 1_500)}, {"a": "exactly(0)", "b": "normal(0, 0.1)"})
    assert [(r.row, r.code) for r in found.reasons] == [
        (1, "source_conflict"),
        (2, "source_conflict"),
        (0, "sources_conflict"),
    ]


@pytest.mark.parametrize(
    ("code", "given", "stated"),
    [
        ("FL-EST-120", {}, {}),
        ("FL-EST-121", GIVEN, {"survey": "exactly(0)"}),
        ("FL-EST-121", GIVEN, {**STATED, "hotline": "exactly(0)"}),
        ("FL-EST-121", GIVEN, {**STATED, "survey": "none"}),
        ("FL-EST-121", GIVEN, {**STATED, "survey": "normal(0, -1)"}),
        ("FL-EST-121", GIVEN, {**STATED, "survey": "reported(1, 2)"}),
        ("FL-EST-121", {"hotline": 50}, {"hotline": "below(0.2)"}),
        ("FL-EST-122", {**GIVEN, "survey": (10, -1)}, STATED),
        ("FL-EST-122", {**GIVEN, "survey": "many"}, STATED),
        ("FL-EST-122", {**GIVEN, "survey": True}, STATED),
        ("FL-EST-122", {**GIVEN, "survey": 0}, STATED),
    ],
)
def test_faults(code: str, given: Any, stated: Any) -> None:
    with pytest.raises(EstimateFault) as caught:
        combined(given, stated)
    assert caught.value.code == code


def test_faults_of_estimates_and_prior() -> None:
    lists = fl.datasets.load("uk_2013_6")
    one = cr.loglinear(lists.about(reference_period="2013"))
    other = cr.loglinear(lists.about(reference_period="2020"))
    both = {"a": "exactly(0)", "b": "exactly(0)"}
    people = pd.DataFrame({"fl": [0, 1, 0, 0, 1] * 20})
    prevalence = fl.estimate_prevalence(people, "fl", design=fl.Design(unweighted=True))
    for given, settings, code in (
        ({"a": one, "b": other}, {}, "FL-EST-124"),
        ({"a": one, "b": prevalence}, {}, "FL-EST-122"),
        ({"a": (10, 1), "b": (11, 1)}, {"prior": (1, 0)}, "FL-EST-125"),
    ):
        with pytest.raises(EstimateFault) as caught:
            combined(given, both, **settings)
        assert caught.value.code == code
