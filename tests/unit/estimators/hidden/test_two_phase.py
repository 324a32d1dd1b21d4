"""Two-phase screening: the formula of simple random samples, the design of two phases, negatives who were not interviewed, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl
from fl_estimate.errors import DesignFault, EstimateFault
from tests.unit.reporting.few import DESIGN, few

hidden: Any = fl.hidden
"""Settings are passed on as tables of them, which types do not follow."""

N = 3_000
_DRAW = np.random.default_rng(7)
PASSES = (_DRAW.random(N) < 0.2).astype(int)
CASE = (_DRAW.random(N) < np.where(PASSES == 1, 0.4, 0.03)).astype(float)
ASKED = (_DRAW.random(N) < np.where(PASSES == 1, 0.7, 0.15)).astype(int)
PEOPLE = pd.DataFrame({
    "passes": PASSES, "asked": ASKED, "fl": np.where(ASKED == 1, CASE, np.nan), "ea": np.arange(N) % 60, "house": np.arange(N) // 3, "w": 20.0,
    "region": np.arange(N) % 2,
})  # fmt: skip
WITH_EA = fl.Design(weights="w", psu="ea", expands=True)
TOLD: dict[str, Any] = {"screener": "passes", "interviewed": "asked"}


def few_of_two_phase() -> fl.Estimates:
    return hidden.two_phase(few().assign(passes=[0, 1] * 6, asked=1), "fl", **TOLD, design=DESIGN)


def test_simple_random_samples_by_the_formula() -> None:
    # p = Σ W p_g, V = Σ W² p_g(1 − p_g)/n₂ + Σ W (p_g − p)²/n₁; ours has n − 1 where this has n: 1 % with 90 interviewed of a class.
    found = hidden.two_phase(PEOPLE, "fl", **TOLD, design=fl.Design(unweighted=True))
    share = np.array([np.mean(PASSES == g) for g in (0, 1)])
    p = np.array([CASE[(PASSES == g) & (ASKED == 1)].mean() for g in (0, 1)])
    n2 = np.array([((PASSES == g) & (ASKED == 1)).sum() for g in (0, 1)])
    value = share @ p
    assert found.value == pytest.approx(value)
    assert found.se == pytest.approx(
        np.sqrt((share**2 * p * (1 - p) / n2).sum() + (share * (p - value) ** 2).sum() / N), rel=0.01
    )
    assert (int(found.frame["n"].iloc[0]), found.frame["method"].iloc[0], found.frame["outcome"].iloc[0]) == (
        int(n2.sum()),
        "two-phase",
        "fl",
    )


def test_it_is_the_design_of_two_phases() -> None:
    filled = PEOPLE.assign(fl=CASE)
    design = fl.Design(weights="w", psu="ea", expands=True, phase2=("asked", fl.Design(strata="passes")))
    for quantity, function in (
        ("prevalence", fl.estimate_prevalence),
        ("total", fl.estimate_total),
        ("mean", fl.estimate_mean),
    ):
        found = hidden.two_phase(PEOPLE, "fl", **TOLD, design=WITH_EA, quantity=quantity, by="region")
        plain = function(filled, "fl", design=design, by="region")
        assert found.frame["value"].tolist() == pytest.approx(plain.frame["value"].tolist())
        assert found.frame["se"].tolist() == pytest.approx(plain.frame["se"].tolist())


def test_further_strata_and_frames_of_other_engines() -> None:
    wanted = hidden.two_phase(PEOPLE, "fl", **TOLD, design=WITH_EA, strata="region")
    crossed = PEOPLE.assign(both=PEOPLE["passes"] * 2 + PEOPLE["region"])
    other = hidden.two_phase(crossed, "fl", screener="both", interviewed="asked", design=WITH_EA)
    assert (other.value, other.se) == pytest.approx((wanted.value, wanted.se))
    for frame in (pl.from_pandas(PEOPLE), pl.from_pandas(PEOPLE).lazy(), PEOPLE.sample(frac=1, random_state=4)):
        found = hidden.two_phase(frame, "fl", **TOLD, design=WITH_EA, strata="region")
        assert (found.value, found.se) == pytest.approx((wanted.value, wanted.se))


def test_what_stands_in_rows_that_were_not_interviewed_is_not_read() -> None:
    wanted = hidden.two_phase(PEOPLE, "fl", **TOLD, design=WITH_EA)
    found = hidden.two_phase(PEOPLE.assign(fl=PEOPLE["fl"].fillna(1.0)), "fl", **TOLD, design=WITH_EA)
    assert (found.value, found.se) == (wanted.value, wanted.se)
    # One who was interviewed and did not answer is decided on, as everywhere.
    gaps = PEOPLE.copy()
    gaps.loc[gaps.index[(PASSES == 1) & (ASKED == 1)][0], "fl"] = np.nan
    with pytest.raises(EstimateFault):
        hidden.two_phase(gaps, "fl", **TOLD, design=WITH_EA)
    assert hidden.two_phase(gaps, "fl", **TOLD, design=WITH_EA, unknown="no").frame["undetermined"].iloc[0] > 0


def test_nobody_interviewed_who_does_not_pass() -> None:
    only = PEOPLE.assign(asked=PEOPLE["asked"] * PEOPLE["passes"])
    with pytest.raises(EstimateFault, match="FL-EST-691") as error:
        hidden.two_phase(only, "fl", **TOLD, design=WITH_EA)
    assert "fl.hierarchical.misclassification" in str(error.value)
    found = hidden.two_phase(only, "fl", **TOLD, design=WITH_EA, negatives="none")
    p = CASE[(PASSES == 1) & (ASKED == 1)].mean()
    assert found.value == pytest.approx(np.mean(PASSES) * p)
    assert "screener_misses_nobody" in {a.code for a in found.assumptions}


def test_classified_people_keep_their_design_and_unknown_answers() -> None:
    frame = PEOPLE.assign(
        fl=np.where(ASKED == 1, CASE, 0).astype(int),
        fl_possible=np.where(ASKED == 1, CASE, 1).astype(int),
        fl_in_scope=1,
    )
    found = hidden.two_phase(frame, "fl", **TOLD, design=WITH_EA)
    assert found.value == pytest.approx(hidden.two_phase(PEOPLE, "fl", **TOLD, design=WITH_EA).value)
    assert found.frame["undetermined"].iloc[0] == pytest.approx(0)
    only = frame.assign(asked=frame["asked"] * frame["passes"])
    none = hidden.two_phase(only, "fl", **TOLD, design=WITH_EA, negatives="none")
    assert none.frame["undetermined"].iloc[0] == pytest.approx(0)


def test_several_stages_are_taken_as_clusters_of_the_first() -> None:
    found = hidden.two_phase(PEOPLE, "fl", **TOLD, design=fl.Design(weights="w", stages=("ea", "house"), expands=True))
    wanted = hidden.two_phase(PEOPLE, "fl", **TOLD, design=WITH_EA)
    assert (found.value, found.se) == pytest.approx((wanted.value, wanted.se))
    assert {str(a.code): dict(a.parameters) for a in found.assumptions}["first_phase_as_clusters"] == {"stages": 2}


@pytest.mark.parametrize(
    ("change", "settings", "code"),
    [
        ({"passes": np.nan}, {}, "FL-EST-690"), ({"asked": "yes"}, {}, "FL-EST-690"), ({"passes": ["a", *["b"] * (N - 1)], "asked": [0, *ASKED[1:]]}, {}, "FL-EST-691"),
        ({}, {"design": fl.Design(weights="w", replicates=fl.Replicates(["w", "ea"], kind="jk1"))}, "FL-EST-692"), ({"fl": "yes"}, {}, "FL-EST-693"), ({}, {"negatives": "some"}, "FL-EST-679"), ({}, {"quantity": "ratio"}, "FL-EST-679"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(change: dict[str, Any], settings: dict[str, Any], code: str) -> None:
    with pytest.raises(EstimateFault, match=code):
        hidden.two_phase(PEOPLE.assign(**change), "fl", **(TOLD | {"design": WITH_EA} | settings))


def test_one_interview_of_a_class_is_no_sample() -> None:
    alone = PEOPLE.assign(
        asked=np.where(PASSES == 0, np.arange(N) == int(np.argmin(PASSES)), ASKED).astype(int), fl=CASE
    )
    with pytest.raises(DesignFault, match="FL-DESIGN-29"):
        hidden.two_phase(alone, "fl", **TOLD, design=WITH_EA)


def test_simulated_samples_find_the_truth() -> None:
    # 20 seeds: mean of estimate − truth within 3 Monte Carlo standard errors of 0.
    off: list[float] = []
    for seed in range(20):
        drawn = hidden.simulate_two_phase(n=800, units=40, seed=seed)
        off.append(hidden.two_phase(**drawn.arguments).value - drawn.truth["prevalence"])
    assert abs(np.mean(off)) < 3 * np.std(off, ddof=1) / np.sqrt(len(off))
