"""`combine(method="bayesian")` is the several-sources model behind one call, by hand where it is normal, and asks for every bias."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import fl_estimate as fl

BIAS = {"survey": "normal(0, 0.2)", "lists": "normal(-0.1, 0.1)"}


def figure(name: str, value: float, e: float) -> fl.Estimates:
    """A figure whose error is e on the log scale."""
    half = float(stats.norm.ppf(0.975)) * e
    return fl.synthesis.published(
        value, lower=value * math.exp(-half), upper=value * math.exp(half), interval="log", source=name, measure="stock"
    )


def sources() -> dict[str, Any]:
    """Two figures whose errors are on the log scale: 0.15 and 0.1."""
    return {"survey": figure("survey", 20_000, 0.15), "lists": figure("lists", 26_000, 0.1)}


def row(estimates: fl.Estimates) -> Any:
    (record,) = estimates.to_frame().to_dict("records")
    return record


def test_normal_biases_by_hand() -> None:
    """Of logarithms y ~ N(log N + m, e² + s²): the mean weighted by precision, on a grid of 20,001 points."""
    y = np.log([20_000, 26_000]) - np.array([0, -0.1])
    w = 1 / (np.array([0.15, 0.1]) ** 2 + np.array([0.2, 0.1]) ** 2)
    centre, sd = (w * y).sum() / w.sum(), 1 / np.sqrt(w.sum())
    found = fl.synthesis.combine(sources(), method="bayesian", bias=BIAS, seed=1)
    limits = np.exp(centre + sd * stats.norm.ppf([0.025, 0.5, 0.975]))
    np.testing.assert_allclose([row(found)[name] for name in ("lower", "value", "upper")], limits, rtol=1e-5)
    told = found.diagnostics
    assert [told["weights"][name][0] for name in BIAS] == pytest.approx((w / w.sum()).tolist(), rel=1e-4)
    # Conflict: the survey's figure under the others' posterior, both sides.
    z = (y[0] - y[1]) / np.sqrt((1 / w).sum())
    assert told["conflict"]["survey"] == pytest.approx(2 * stats.norm.sf(abs(z)), abs=1e-4)


@pytest.mark.parametrize("bias", [BIAS, {"survey": "below(0.3)", "lists": "exactly(0)"}])
def test_it_is_the_model_itself(bias: dict[str, str]) -> None:
    found = fl.synthesis.combine(
        sources(), method="bayesian", bias=bias, seed=3, draws=500, prior=(10.0, 1.0), level=0.9
    )
    model = fl.hierarchical.sources(sources(), bias=bias, seed=3, draws=500, prior=(10.0, 1.0), level=0.9)
    pd.testing.assert_frame_equal(found.to_frame(), model.to_frame().iloc[[0]])
    assert found.draws is not None
    assert model.draws is not None
    np.testing.assert_array_equal(found.draws[:, 0], model.draws[:, 0])
    assert found.diagnostics["conflict"] == model.diagnostics["conflict"]
    assert {name: weight for name, (weight,) in found.diagnostics["weights"].items()} == model.diagnostics["weight"]
    assert found.measure == "stock"


def test_a_count_and_a_pair_are_sources_too() -> None:
    given = {"survey": (12_000, 2_500), "lists": sources()["lists"], "hotline": 900}
    bias = {"survey": "below(0.3)", "lists": "normal(0, 0.3)", "hotline": "reported(2, 30)"}
    found = fl.synthesis.combine(given, method="bayesian", bias=bias, seed=1)
    assert len(found) == 1
    assert set(found.diagnostics["weights"]) == set(given)


def test_sources_in_conflict_are_named_on_the_row() -> None:
    sure = dict.fromkeys(BIAS, "exactly(0)")
    far = {"survey": sources()["survey"], "lists": figure("lists", 60_000, 0.1)}
    found = fl.synthesis.combine(far, method="bayesian", bias=sure, seed=1)
    assert [reason.code for reason in found.reasons] == ["sources_conflict"]
    assert not fl.synthesis.combine(sources(), method="bayesian", bias=BIAS, seed=1).reasons


def test_case_lists_give_their_population_size_and_words_are_said_once() -> None:
    histories = fl.datasets.load("kosovo").about(reference_period="1999")
    lists = fl.capture_recapture.loglinear(histories)
    survey = fl.synthesis.published(9_000, se=900, source="s", reference_period="March to June 1999", outcome="")
    bias = {"survey": "exactly(0)", "lists": "normal(0, 0.2)"}
    given = {"survey": survey, "lists": lists}
    with pytest.raises(fl.FlError, match="FL-EST-124"):
        fl.synthesis.combine(given, method="bayesian", bias=bias)
    found = fl.synthesis.combine(given, method="bayesian", bias=bias, reference_period="1999", seed=1)
    assert found.reference_period == "1999"
    assert 5_000 < row(found)["value"] < 15_000


def by_region() -> fl.Estimates:
    frame = pd.DataFrame({"w": [10.0, 20, 10, 20], "fl": [1, 0, 0, 1], "r": ["N", "N", "S", "S"]})
    return fl.estimate_total(frame, "fl", by="r", design=fl.Design(weights="w", expands=True))


def of_lists(method: str) -> fl.Estimates:
    found: fl.Estimates = getattr(fl.capture_recapture, method)(fl.datasets.load("kosovo"))
    return found


@pytest.mark.parametrize(
    ("given", "settings", "code", "said"),
    [
        (sources(), {}, "FL-EST-198", "no bias of survey, lists"),
        (sources(), {"bias": {"survey": "exactly(0)"}}, "FL-EST-198", "no bias of lists"),
        (sources(), {"bias": BIAS | {"hotline": "exactly(0)"}}, "FL-EST-198", "a bias of hotline"),
        (sources(), {"bias": BIAS | {"survey": "some"}}, "FL-EST-12", "survey"),
        (sources(), {"bias": BIAS, "scale": "log"}, "FL-EST-197", "scale"),
        (sources(), {"bias": BIAS, "interval": "wald"}, "FL-EST-197", "interval"),
        (sources(), {"method": "fixed", "bias": BIAS}, "FL-EST-197", "bias"),
        (sources(), {"method": "random", "seed": 1}, "FL-EST-197", "seed"),
        (list(sources().values()), {"bias": BIAS}, "FL-EST-193", "list of 2"),
        ({"survey": sources()["survey"]}, {"bias": {"survey": "exactly(0)"}}, "FL-EST-193", "of 1"),
        ({"survey": sources()["survey"], "lists": by_region()}, {"bias": BIAS}, "FL-EST-185", "3 rows"),
        ({"survey": of_lists("chao"), "lists": of_lists("zelterman")}, {"bias": BIAS}, "FL-EST-193", "same file"),
    ],
)  # fmt: skip
def test_what_is_refused(given: Any, settings: dict[str, Any], code: str, said: str) -> None:
    told: dict[str, Any] = {"method": "bayesian", **settings}
    with pytest.raises(fl.FlError) as caught:
        fl.synthesis.combine(given, **told)
    assert caught.value.code.startswith(code)
    assert said in str(caught.value)
