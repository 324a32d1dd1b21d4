"""Allocation: the best of all whole numbers by enumeration, textbook proportions, costs, caps and least sizes."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl

STRATA = pd.DataFrame(
    {
        "stratum": ["towns", "farms", "mines"],
        "population": [900_000, 95_000, 5_000],
        "prevalence": [0.002, 0.02, 0.2],
        "cost": [1.0, 4.0, 9.0],
        "factor": [1.0, 1.0, 2.0],
        "deff": [1.0, 2.0, 2.0],
    }
)


def test_no_other_whole_numbers_are_better() -> None:
    """Every allocation of small populations, strata taken whole among them, enumerated."""
    rng = np.random.default_rng(3)
    for _ in range(60):
        strata = pd.DataFrame(
            {"stratum": list("abc"), "population": rng.integers(3, 20, 3), "sd": rng.lognormal(0, 1, 3)}
        )
        n = int(rng.integers(6, int(strata["population"].sum()) + 1))
        found = fl.allocate(strata, n=n, sd="sd", minimum=1).to_frame()["n"].to_numpy()
        a = (strata["population"] * strata["sd"]).to_numpy() ** 2
        every = itertools.product(*[range(1, size + 1) for size in strata["population"]])
        best = min(float((a / np.array(one)).sum()) for one in every if sum(one) == n)
        np.testing.assert_allclose((a / found).sum(), best, rtol=1e-12)
        assert found.sum() == n


def test_neymans_proportions() -> None:
    """n_h ∝ N_h S_h, to the nearest interview; the variance by hand."""
    found = fl.allocate(STRATA, n=3_000, prevalence="prevalence")
    frame = found.to_frame()
    size, p = STRATA["population"].to_numpy(), STRATA["prevalence"].to_numpy()
    sd = np.sqrt(p * (1 - p))
    np.testing.assert_allclose(frame["n"], 3_000 * size * sd / (size @ sd), atol=1)
    share = size / size.sum()
    expected = (share**2 * sd**2 * (1 / frame["n"] - 1 / size)).sum()
    np.testing.assert_allclose(found.se**2, expected)
    np.testing.assert_allclose(found.value, share @ p)
    assert found.gain > 1
    np.testing.assert_allclose((frame["weight"] * frame["n"]).sum(), size.sum())


def test_costs_and_a_budget() -> None:
    """n_h ∝ N_h S_h √deff_h/√c_h, and the budget is spent to the last interview."""
    found = fl.allocate(STRATA, budget=5_000, prevalence="prevalence", cost="cost", deff="deff")
    frame = found.to_frame()
    size, p = STRATA["population"].to_numpy(), STRATA["prevalence"].to_numpy()
    slope = size * np.sqrt(p * (1 - p) * STRATA["deff"]) / np.sqrt(STRATA["cost"])
    expected = 5_000 * slope / (slope @ STRATA["cost"])
    np.testing.assert_allclose(frame["n"], expected, atol=9)
    assert 0 <= 5_000 - found.cost < 1


def test_rules_oversampling_and_bounds() -> None:
    def n(**arguments: Any) -> list[int]:
        return fl.allocate(STRATA, n=3_000, prevalence="prevalence", **arguments).to_frame()["n"].tolist()

    assert n(rule="equal") == [1_000, 1_000, 1_000]
    assert n(rule="proportional") == [2_700, 285, 15]
    assert n(rule="proportional", minimum=100)[2] == 100
    assert n(rule="proportional", cost="cost") == [2_700, 285, 15]
    root = np.sqrt(STRATA["population"])
    np.testing.assert_allclose(n(rule="square-root"), 3_000 * root / root.sum(), atol=1)
    plain, raised = n(), n(oversample="factor")
    np.testing.assert_allclose(raised[2] / raised[0], 2 * plain[2] / plain[0], rtol=0.01)
    small = STRATA.assign(population=[900_000, 95_000, 50])
    capped = fl.allocate(small, n=3_000, prevalence="prevalence", minimum=60)
    assert capped.to_frame()["n"].tolist()[2] == 50
    assert capped.to_frame()["whole"].tolist() == [False, False, True]
    assert "Allocation (optimum)" in repr(capped)
    assert "<table" in capped._repr_html_()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"n": 100, "prevalence": "prevalence", "rule": "best"}, "FL-EST-231"),
        ({"prevalence": "prevalence"}, "FL-EST-241"),
        ({"n": 10, "budget": 10, "prevalence": "prevalence"}, "FL-EST-241"),
        ({"n": 100}, "FL-EST-243"),
        ({"n": 100, "sd": "spread"}, "FL-EST-243"),
        ({"n": 100, "prevalence": "cost"}, "FL-EST-240"),
        ({"n": 5, "prevalence": "prevalence"}, "FL-EST-244"),
        ({"n": 2_000_000, "prevalence": "prevalence"}, "FL-EST-244"),
        ({"budget": 10, "prevalence": "prevalence", "cost": "cost"}, "FL-EST-244"),
        ({"n": 100, "prevalence": "prevalence", "minimum": 0}, "FL-EST-244"),
    ],
)
def test_samples_that_cannot_be_divided(arguments: dict[str, Any], code: str) -> None:
    with pytest.raises(fl.FlError, match=rf"{code}\b"):
        fl.allocate(STRATA, **arguments)
