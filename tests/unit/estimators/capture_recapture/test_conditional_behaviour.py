"""Occasions with covariates and a response to the first capture: likelihood and information by enumeration, truths, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import optimize

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate.inputs.histories import all_histories

OCCASIONS = ["t1", "t2", "t3", "t4", "t5"]


def caught(size: int, seed: int, *, response: float = 0.8) -> fl.CaptureHistories:
    """Chances hang on weight; a first capture moves the logit by `response`."""
    chance = np.random.default_rng(seed)
    weight, sex = chance.normal(size=size), chance.choice(["f", "m"], size=size)
    on, marked = np.zeros((size, 5), dtype=int), np.zeros(size, dtype=bool)
    for occasion in range(5):
        logit = -0.9 + 0.5 * weight + response * marked
        on[:, occasion] = chance.random(size) < 1 / (1 + np.exp(-logit))
        marked |= on[:, occasion] == 1
    frame = pd.DataFrame(on, columns=OCCASIONS).assign(weight=weight, sex=sex)[marked]
    return fl.CaptureHistories.from_records(frame, lists=OCCASIONS, ordered=True, covariates=["weight", "sex"])


CALL: dict[str, Any] = {"covariates": "0", "common": "1 + weight", "behaviour": "1"}


def chances(values: Any, weight: Any) -> Any:
    """Of all 31 histories, for each weight, from the definition: an occasion after another, given a capture."""
    histories = all_histories(5)
    found = np.ones((len(weight), len(histories)))
    never = np.prod([1 / (1 + np.exp(values[0] + values[1] * weight)) for _ in range(5)], axis=0)
    for position, history in enumerate(histories):
        marked = False
        for one in history:
            p = 1 / (1 + np.exp(-(values[0] + values[1] * weight + values[2] * marked)))
            found[:, position] *= p if one else 1 - p
            marked |= bool(one)
    return found / (1 - never)[:, None], never


def test_it_is_the_maximum_of_the_likelihood_and_the_inverse_of_the_expected_information() -> None:
    histories = caught(300, 1)
    found = cr.conditional_loglinear(histories, interval="wald", **CALL)
    people = histories.people()
    weight = people["weight"].to_numpy()
    every = all_histories(5)
    at = np.array([np.flatnonzero((every == row).all(axis=1))[0] for row in people[OCCASIONS].to_numpy()])

    def loss(values: Any) -> float:
        return -float(np.log(chances(values, weight)[0][np.arange(len(at)), at]).sum())

    best = optimize.minimize(loss, np.zeros(3), method="BFGS", options={"gtol": 1e-6})
    ours = np.array([value for value, _ in found.diagnostics["coefficients"].values()])
    np.testing.assert_allclose(ours, best.x, atol=1e-4)
    np.testing.assert_allclose(found.diagnostics["log_likelihood"], -best.fun, atol=1e-7)
    # Expected information: Σ over people and histories of p (d log p)(d log p)'.
    step = 1e-5
    slope = np.stack(
        [(np.log(chances(ours + step * unit, weight)[0]) - np.log(chances(ours - step * unit, weight)[0])) / (2 * step)
         for unit in np.eye(3)], axis=2,
    )  # fmt: skip
    share, never = chances(ours, weight)
    np.testing.assert_allclose(share.sum(axis=1), 1.0, rtol=1e-12)
    information = np.einsum("ih,ihk,ihl->kl", share, slope, slope)
    errors = [error for _, error in found.diagnostics["coefficients"].values()]
    np.testing.assert_allclose(errors, np.sqrt(np.diag(np.linalg.inv(information))), rtol=1e-6)
    row = found.to_frame().iloc[0]
    np.testing.assert_allclose(row["value"], (1 / (1 - never)).sum(), rtol=1e-10)
    move = np.array([
        ((1 / (1 - chances(ours + step * unit, weight)[1])) - (1 / (1 - chances(ours - step * unit, weight)[1]))).sum()
        for unit in np.eye(3)
    ]) / (2 * step)  # fmt: skip
    variance = (never / (1 - never) ** 2).sum() + move @ np.linalg.inv(information) @ move
    np.testing.assert_allclose(row["se"], np.sqrt(variance), rtol=1e-6)


@pytest.mark.slow
def test_the_truth_is_found_and_a_response_left_out_biases() -> None:
    histories = caught(3_000, 2)
    found = cr.conditional_loglinear(histories, by="sex", **CALL)
    row = found.to_frame().iloc[0]
    assert row["lower"] < 3_000 < row["upper"]
    assert row["interval_kind"] == "log"
    silent: dict[str, Any] = CALL | {"behaviour": ""}
    without = cr.conditional_loglinear(histories, **silent).to_frame().iloc[0]
    # People who are caught more easily afterwards look easier to catch: too few are estimated.
    assert without["upper"] < 3_000
    assert "behaviour_after_capture" in {assumption.code for assumption in found.assumptions}
    parts = found.select(quantity="population_size").to_frame()
    np.testing.assert_allclose(parts["value"][1:].sum(), row["value"], rtol=1e-10)


def test_a_response_that_hangs_on_a_covariate_has_a_coefficient_for_it() -> None:
    call: dict[str, Any] = CALL | {"behaviour": "sex"}
    found = cr.conditional_loglinear(caught(1_000, 3), **call)
    assert {"after a first capture", "after a first capture, sex[T.m]"} <= set(found.diagnostics["coefficients"])
    value, error = found.diagnostics["coefficients"]["after a first capture"]
    assert abs(value - 0.8) < 4 * error


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("FL-EST-354", {"terms": "two-way"}),
        ("FL-EST-354", {"dependence": "sex"}),
        ("FL-EST-354", {"interval": "percentile"}),
        ("FL-EST-354", {"blind": {"t1": {"sex": ["f"]}}}),
        ("FL-EST-170", {"behaviour": "sex +"}),
        ("FL-LISTS-01", {"behaviour": "height"}),
        ("FL-EST-172", {"behaviour": "1 + weight + I(2 * weight)"}),
        ("FL-EST-30", {"interval": "bca"}),
    ],
)
def test_calls_that_cannot_be_are_refused(code: str, change: Any) -> None:
    with pytest.raises(fl.FlError, match=code):
        cr.conditional_loglinear(caught(200, 4), **(CALL | change))


def test_lists_side_by_side_have_no_first_capture() -> None:
    frame = caught(200, 5).people()
    with pytest.raises(fl.FlError, match="FL-EST-85"):
        cr.conditional_loglinear(frame, lists=OCCASIONS, **CALL)
    lists = fl.CaptureHistories.from_records(frame, lists=OCCASIONS, covariates=["weight"])
    with pytest.raises(fl.FlError, match="FL-EST-85"):
        cr.conditional_loglinear(lists, **CALL)


def test_missing_covariates_and_captures_that_do_not_decline_are_refused() -> None:
    frame = caught(200, 6).people()
    gap = frame.assign(weight=frame["weight"].where(frame["weight"] < 1))
    histories = fl.CaptureHistories.from_records(gap, lists=OCCASIONS, ordered=True, covariates=["weight"])
    with pytest.raises(fl.FlError, match="FL-EST-354"):
        cr.conditional_loglinear(histories, **CALL)
    # More first captures at every occasion: the likelihood rises towards infinitely many people.
    rising = np.concatenate([np.tile(np.eye(5, dtype=int)[[k]], (5 + 3 * k, 1)) for k in range(5)])
    histories = fl.CaptureHistories.from_records(pd.DataFrame(rising, columns=OCCASIONS), lists=OCCASIONS, ordered=True)
    with pytest.raises(fl.FlError, match="FL-EST-173"):
        cr.conditional_loglinear(histories, covariates="0", common="1", behaviour="1")


def test_covariates_of_records_are_kept_or_refused() -> None:
    frame = caught(50, 7).people()
    kept = fl.CaptureHistories.from_records(frame, lists=OCCASIONS, covariates=["sex"]).people()
    assert list(kept) == [*OCCASIONS, "sex"]
    with pytest.raises(fl.FlError, match="FL-LISTS-01"):
        fl.CaptureHistories.from_records(frame, lists=OCCASIONS, covariates=["height"])
