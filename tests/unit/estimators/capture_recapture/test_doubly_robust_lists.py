"""Doubly robust estimates over several lists: with two they are the known formula, more find the truth, and pairs are tested against each other."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate.estimators.capture_recapture import doubly_robust_lists
from fl_estimate.estimators.capture_recapture.doubly_robust_lists import ListRecords
from fl_estimate.inputs.histories import all_histories

LISTS = ["a", "b", "c"]


def people(size: int, seed: int, dependence: float = 0.0) -> pd.DataFrame:
    """People whose age makes three lists likelier; a and b refer to each other where `dependence` is not 0."""
    chance = np.random.default_rng(seed)
    age, region = chance.normal(size=size), chance.choice(["north", "south"], size=size)
    logit = np.array([-0.1, -0.4, -0.2]) + np.array([0.7, 0.8, 0.6]) * age[:, None] + 0.4 * (region == "south")[:, None]
    histories = np.array(list(itertools.product((0, 1), repeat=3)))
    share = np.exp(logit @ histories.T + dependence * histories[:, 0] * histories[:, 1])
    share /= share.sum(axis=1, keepdims=True)
    drawn = (share.cumsum(axis=1) < chance.random((size, 1))).sum(axis=1)
    frame = pd.DataFrame(histories[drawn], columns=LISTS).assign(age=age, region=region)
    return frame[frame[LISTS].any(axis=1)].reset_index(drop=True)


def records(on: Any, lists: tuple[str, ...]) -> ListRecords:
    return ListRecords(
        lists=lists, on=on, covariates=pd.DataFrame({"x": np.zeros(len(on))}), strata=np.full(len(on), None, dtype=object),
        parts=np.zeros(len(on), dtype=np.intp), sha256="",
    )  # fmt: skip


def known(monkeypatch: pytest.MonkeyPatch, shares: Any) -> None:
    """A learner that knows these chances."""
    monkeypatch.setattr(doubly_robust_lists, "chances", lambda *_: (shares, True))


def test_of_two_lists_it_is_the_formula_of_das_kennedy_and_jewell(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = np.random.default_rng(1)
    on = np.array([(1, 0), (0, 1), (1, 1)])[chance.integers(0, 3, 50)].astype(np.int8)
    shares = chance.dirichlet(np.ones(3) * 5, size=50)
    known(monkeypatch, shares)
    everybody = [np.ones(50, dtype=bool)]
    ours = doubly_robust_lists._without_highest(records(on, ("a", "b")), everybody, "", "doubly-robust", 0.0, 1)  # pyright: ignore[reportPrivateUsage]
    members = all_histories(2)
    first, second = shares @ members[:, 0], shares @ members[:, 1]
    both = shares[:, np.flatnonzero(members.all(axis=1))[0]]
    a, b = on.T
    np.testing.assert_allclose(ours.values, first * second / both * (a / first + b / second - a * b / both), rtol=1e-10)


def test_without_covariates_no_highest_interaction_is_the_saturated_model() -> None:
    seen = people(4_000, 2)
    found = cr.doubly_robust(seen, lists=LISTS, margin=1e-6).to_frame().iloc[0]
    saturated = cr.loglinear(fl.CaptureHistories.from_records(seen, lists=LISTS), "two-way").to_frame().iloc[0]
    np.testing.assert_allclose(found["value"], saturated["value"], rtol=1e-8)
    # The same delta method, but for n − 1 in the variance.
    np.testing.assert_allclose(found["se"], saturated["se"], rtol=1e-3)


def test_without_covariates_pairs_are_the_ratio_of_sums() -> None:
    seen = people(3_000, 3)
    overlaps = fl.CaptureHistories.from_records(seen, lists=LISTS).overlaps().to_numpy()
    pairs = [(0, 1), (0, 2), (1, 2)]
    expected = sum(overlaps[a, a] * overlaps[b, b] for a, b in pairs) / sum(overlaps[a, b] for a, b in pairs)
    found = cr.doubly_robust(seen, lists=LISTS, across="pairs", margin=1e-6)
    np.testing.assert_allclose(found.to_frame()["value"][0], expected, rtol=1e-10)
    for (a, b), name in zip(pairs, ("a:b", "a:c", "b:c"), strict=True):
        petersen = overlaps[a, a] * overlaps[b, b] / overlaps[a, b]
        np.testing.assert_allclose(found.diagnostics["pairs"][name][0], petersen, rtol=1e-10)


def test_wrong_chances_do_little_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    """The chance of one history off by a tenth, people exactly as they are expected: φ stays, the plug-in moves."""
    size = 200_000
    p = np.array([0.5, 0.4, 0.45])
    members = all_histories(3)
    shares = np.where(members == 1, p, 1 - p).prod(axis=1)
    drawn = np.repeat(members, np.round(size * shares).astype(int), axis=0)
    n = len(drawn)
    truth = size / n
    wrong = np.tile(shares / shares.sum(), (n, 1))
    wrong[:, 0] *= 1.1
    known(monkeypatch, wrong)
    values = {
        kind: doubly_robust_lists._without_highest(  # pyright: ignore[reportPrivateUsage]
            records(drawn, ("a", "b", "c")), [np.ones(n, dtype=bool)], "", kind, 0.0, 1
        ).values.mean()
        for kind in ("plug-in", "doubly-robust")
    }
    assert abs(values["plug-in"] / truth - 1) > 0.015
    # Rounding to whole people: a few in 200,000.
    assert abs(values["doubly-robust"] / truth - 1) < 1e-4


@pytest.mark.parametrize("across", ["no-highest-interaction", "pairs"])
def test_the_truth_is_found_and_strata_add_up(across: Any) -> None:
    found = cr.doubly_robust(
        people(6_000, 5), lists=LISTS, covariates=["age"], by="region", across=across, folds=2, seed=1
    )
    frame = found.select(quantity="population_size").to_frame()
    assert abs(frame["value"][0] - 6_000) < 3 * frame["se"][0]
    np.testing.assert_allclose(frame["value"][1:].sum(), frame["value"][0], rtol=1e-12)
    np.testing.assert_allclose((frame["se"][1:] ** 2).sum(), frame["se"][0] ** 2, rtol=1e-12)
    assert frame["region"].tolist()[1:] == ["north", "south"]
    assert set(found.to_frame()["method"]) == {"doubly-robust-lists"}


def test_pairs_that_disagree_are_told() -> None:
    dependent = cr.doubly_robust(
        people(6_000, 6, dependence=1.2), lists=LISTS, covariates=["age", "region"], across="pairs", folds=2, seed=1
    )
    assert "pairs_disagree" in {reason.code for reason in dependent.reasons}
    assert dependent.diagnostics["pairs_p_value"] < 1e-4
    assert dependent.diagnostics["pairs"]["a:b"][0] < dependent.diagnostics["pairs"]["a:c"][0]


@pytest.mark.parametrize(
    ("code", "change", "without"),
    [
        ("FL-EST-151", {}, (1, 1, 1)),
        ("FL-EST-151", {"across": "pairs"}, (1, 1, None)),
        ("FL-EST-30", {"across": "all"}, None),
    ],
)
def test_calls_that_cannot_be_are_refused(code: str, change: dict[str, Any], without: Any) -> None:
    seen = people(800, 7)
    if without is not None:
        gone = np.all([seen[name] == on for name, on in zip(LISTS, without, strict=True) if on is not None], axis=0)
        seen = seen[~gone]
    with pytest.raises(fl.FlError, match=code):
        cr.doubly_robust(seen, lists=LISTS, seed=1, **change)


def test_histories_know_their_lists_and_a_frame_does_not() -> None:
    counts = pd.DataFrame(
        {
            "a": [1, 0, 0, 1, 1, 0, 1],
            "b": [0, 1, 0, 1, 0, 1, 1],
            "c": [0, 0, 1, 0, 1, 1, 1],
            "count": [90, 80, 85, 40, 42, 38, 20],
        }
    )
    histories = fl.CaptureHistories.from_counts(counts, lists=["a", "b", "c"])
    own = cr.doubly_robust(histories, across="pairs", seed=1).to_frame()
    named = cr.doubly_robust(histories, lists=["a", "b", "c"], across="pairs", seed=1).to_frame()
    pd.testing.assert_frame_equal(own, named)
    with pytest.raises(fl.FlError, match="FL-LISTS-02"):
        cr.doubly_robust(histories.people(), across="pairs", seed=1)
