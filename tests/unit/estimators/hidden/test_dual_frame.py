"""Two frames: estimators by hand, one table or two samples, variances of two designs, and overlaps or settings that cannot be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl
from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.hidden.designs.dual_frame_weights import fuller_burmeister, hartley, optimal_share, raked
from tests.unit.reporting.few import DESIGN, few

hidden: Any = fl.hidden
"""Settings are passed on as tables of them, which types do not follow."""

AT = np.arange(48)
A = pd.DataFrame({"ea": AT // 4, "w": 50.0 + AT % 3, "fl": (AT % 7 < 2).astype(int), "both": (AT % 3 == 0).astype(int), "pa": 0.02, "pb": 0.04, "hours": 30.0 + AT % 11})  # fmt: skip
B = pd.DataFrame({"ea": 0, "w": 25.0, "fl": (AT[:30] % 4 == 1).astype(int), "both": (AT[:30] % 2).astype(int), "pa": 0.02, "pb": 0.04, "hours": 35.0 + AT[:30] % 7})  # fmt: skip
DESIGNS = (fl.Design(weights="w", psu="ea", expands=True), fl.Design(weights="w", expands=True))


def dual(**settings: Any) -> fl.Estimates:
    return hidden.dual_frame((A, B), settings.pop("outcome", "fl"), overlap="both", design=DESIGNS, **settings)


def few_of_dual_frame() -> fl.Estimates:
    people = few().assign(both=[0, 1] * 6)
    return hidden.dual_frame((people.iloc[:6], people.iloc[6:]), "fl", overlap="both", design=DESIGN, overlap_share=0.5)


def domain(frame: pd.DataFrame, column: str, both: int) -> float:
    rows = frame[frame["both"] == both]
    return float((rows["w"] * rows[column]).sum())


def test_a_given_share_by_hand_and_its_variance_as_two_totals() -> None:
    value = domain(A, "fl", 0) + 0.3 * domain(A, "fl", 1) + 0.7 * domain(B, "fl", 1) + domain(B, "fl", 0)
    found = dual(overlap_share=0.3)
    assert found.value == pytest.approx(value)
    parts = [fl.estimate_total(frame.assign(z=frame["fl"] * np.where(frame["both"] == 1, share, 1)), "z", design=design)
             for frame, share, design in ((A, 0.3, DESIGNS[0]), (B, 0.7, DESIGNS[1]))]  # fmt: skip
    assert found.se == pytest.approx(np.hypot(parts[0].se, parts[1].se))
    # Satterthwaite, by hand
    v = np.array([part.se**2 for part in parts])
    assert found.frame["df"].iloc[0] == pytest.approx(v.sum() ** 2 / (v[0] ** 2 / 11 + v[1] ** 2 / 29))
    assert (int(found.frame["n"].iloc[0]), int(found.frame["cases"].iloc[0])) == (
        78,
        int(A["fl"].sum() + B["fl"].sum()),
    )


def test_the_optimal_share_has_the_least_variance() -> None:
    best = dual()
    around = [dual(overlap_share=best.diagnostics["overlap_share"] + step).se for step in (-0.05, 0, 0.05)]
    assert around[1] == pytest.approx(best.se)
    assert around[1] < min(around[0], around[2])
    # Fuller and Burmeister have one coefficient more.
    assert dual(estimator="fuller-burmeister").se <= best.se * (1 + 1e-12)


def test_kernels_by_hand() -> None:
    # V(ab_A) = 4, C(a, ab_A) = 1, V(ab_B) = 6, C(b, ab_B) = −2: θ = (6 − 2 − 1)/10
    a, b = np.zeros((4, 4)), np.zeros((4, 4))
    a[:2, :2], b[:2, :2] = [[9, 1], [1, 4]], [[5, -2], [-2, 6]]
    assert optimal_share(a, b, 0, 1) == pytest.approx(0.3)
    assert optimal_share(a * 0, b * 0, 0, 1) == 0.5
    made = hartley(np.array([10.0, 4, 100, 40]), np.array([7.0, 6, 50, 60]), (0.3, 0.5))
    assert (made.outcome, made.people) == pytest.approx((10 + 1.2 + 4.2 + 7, 100 + 20 + 30 + 50))
    # Without anything known of the people of the overlap both are the same.
    assert fuller_burmeister(
        np.array([10.0, 4, 100, 40]), np.array([7.0, 6, 50, 60]), a, b, None
    ).outcome == pytest.approx(made.outcome)
    # Cells 60, 40 (overlap), 30 and sizes 100 and 70 agree: nothing is raked.
    same = raked(np.array([6.0, 2, 60, 25]), np.array([3.0, 2, 30, 15]), (100.0, 70.0))
    assert (same.outcome, same.people) == pytest.approx((13, 130))
    # x of the overlap for sizes 200 and 140 is the lesser root of 40 x² − (40·340 + 1800) x + 40·200·140 = 0.
    x = (15400 - np.sqrt(15400**2 - 4 * 40 * 40 * 200 * 140)) / 80
    twice = raked(np.array([6.0, 2, 60, 25]), np.array([3.0, 2, 30, 15]), (200.0, 140.0))
    assert twice.people == pytest.approx(340 - x)
    assert twice.outcome == pytest.approx((200 - x) * 6 / 60 + (140 - x) * 3 / 30 + x * 4 / 40)
    # Its slopes are those of the same formula: a person more of A alone, by a difference.
    more = raked(np.array([6.0, 2, 60.01, 25]), np.array([3.0, 2, 30, 15]), (200.0, 140.0))
    assert (more.outcome - twice.outcome) / 0.01 == pytest.approx(twice.of_a[0, 2], rel=1e-3)


def test_single_frame_weights_by_hand() -> None:
    found = dual(estimator="single-frame", probabilities=("pa", "pb"))
    value = (
        domain(A, "fl", 0) + domain(B, "fl", 0) + sum((frame["fl"] * frame["both"]).sum() / 0.06 for frame in (A, B))
    )
    assert found.value == pytest.approx(value)
    raked_to = dual(estimator="single-frame-raking", probabilities=("pa", "pb"), frame_sizes=(2500, 800))
    assert raked_to.diagnostics["people"] < 2500 + 800
    likelihood = dual(estimator="pseudo-maximum-likelihood", frame_sizes=(2500, 800))
    assert 0 < likelihood.diagnostics["overlap_share"] < 1
    assert likelihood.value == pytest.approx(dual(estimator="pseudo-maximum-likelihood", frame_sizes=(2500, 800), overlap_share=likelihood.diagnostics["overlap_share"]).value)  # fmt: skip


def test_raking_and_likelihood_give_the_sizes_of_the_frames() -> None:
    # With the outcome 1 for everybody the total is the union: N_A + N_B less the overlap, whatever the shares.
    ones = {
        "people": (A.assign(fl=1), B.assign(fl=1)),
        "overlap": "both",
        "design": DESIGNS,
        "outcome": "fl",
        "frame_sizes": (2600, 780),
    }
    for estimator, more in (
        ("single-frame-raking", {"probabilities": ("pa", "pb")}),
        ("pseudo-maximum-likelihood", {}),
    ):
        found = hidden.dual_frame(estimator=estimator, **ones, **more)
        assert found.value == pytest.approx(found.diagnostics["people"])
        assert 2600 < found.value < 2600 + 780


def test_prevalence_and_mean_are_ratios_of_both_totals() -> None:
    share = dual(quantity="prevalence", overlap_share=0.5)
    total = dual(overlap_share=0.5)
    assert share.value == pytest.approx(total.value / share.diagnostics["people"])
    assert 0 < share.interval[0] < share.value < share.interval[1] < 1
    mean = dual(outcome="hours", quantity="mean", overlap_share=0.5)
    assert 30 < mean.value < 45
    assert mean.frame["cases"].isna().all()
    with pytest.raises(EstimateFault, match="FL-EST-684"):
        dual(outcome="hours", quantity="prevalence")
    # A mean of what does not vary has no error, though its total has.
    alike = {
        "people": (A.assign(hours=7.0), B.assign(hours=7.0)),
        "overlap": "both",
        "design": DESIGNS,
        "outcome": "hours",
    }
    assert hidden.dual_frame(**alike, quantity="mean", overlap_share=0.5).se == pytest.approx(0, abs=1e-7)
    assert hidden.dual_frame(**alike, overlap_share=0.5).se > 100


def test_one_table_of_both_and_lazy_frames() -> None:
    wanted = dual()
    together = pd.concat(
        [A.assign(frame="households", ea=A["ea"]), B.assign(frame="register", ea=100 + np.arange(len(B)))]
    )
    for frame in (
        together,
        together.sample(frac=1, random_state=2),
        pl.from_pandas(together),
        pl.from_pandas(together).lazy(),
    ):
        found = hidden.dual_frame(
            frame,
            "fl",
            overlap="both",
            frame="frame",
            frames=("households", "register"),
            design=fl.Design(weights="w", psu="ea", expands=True),
        )
        assert (found.value, found.se) == pytest.approx((wanted.value, wanted.se))


def test_a_sample_without_a_case_in_the_overlap_does_not_get_all_the_weight() -> None:
    none = B.assign(fl=B["fl"] * (1 - B["both"]))
    found = hidden.dual_frame((A, none), "fl", overlap="both", design=DESIGNS)
    assert "overlap_share_by_size" in {r.code for r in found.reasons}
    assert 0.05 < found.diagnostics["overlap_share"] < 0.95
    nobody = hidden.dual_frame((A.assign(fl=0), B.assign(fl=0)), "fl", overlap="both", design=DESIGNS)
    assert (nobody.value, nobody.se) == (0, 0)
    assert "zero_cases" in {r.code for r in nobody.reasons}
    assert 0 == nobody.interval[0] < nobody.interval[1]


def test_unknown_answers_are_decided_on() -> None:
    gaps = A.assign(fl=[np.nan, *A["fl"].tolist()[1:]])
    with pytest.raises(EstimateFault, match="FL-EST-07"):
        hidden.dual_frame((gaps, B), "fl", overlap="both", design=DESIGNS)
    out = hidden.dual_frame((gaps, B), "fl", overlap="both", design=DESIGNS, unknown="exclude", overlap_share=0.5)
    assert int(out.frame["n"].iloc[0]) == 77


@pytest.mark.parametrize(
    ("people", "settings", "code"),
    [
        ((A, B), {"frame": "ea"}, "FL-EST-682"), (A, {}, "FL-EST-682"), ((A, B, A), {}, "FL-EST-682"), (A, {"frame": "ea", "frames": ("x", "x")}, "FL-EST-682"),
        (A, {"frame": "ea"}, "FL-EST-683"), ((A.assign(both=2), B), {}, "FL-EST-683"), ((A.assign(both="yes"), B), {}, "FL-EST-683"), ((A, B.assign(both=np.nan)), {}, "FL-EST-683"),
        ((A.assign(pa=0.0), B), {"estimator": "single-frame", "probabilities": ("pa", "pb")}, "FL-EST-683"),
        ((A, B), {"estimator": "single-frame"}, "FL-EST-685"), ((A, B), {"estimator": "pseudo-maximum-likelihood"}, "FL-EST-685"), ((A, B), {"frame_sizes": (1, 2)}, "FL-EST-685"),
        ((A, B), {"overlap_share": 1.5}, "FL-EST-685"), ((A, B), {"overlap_share": "half"}, "FL-EST-685"), ((A, B), {"probabilities": ("pa", "pb")}, "FL-EST-685"),
        ((A, B), {"estimator": "single-frame-raking", "probabilities": ("pa", "pb"), "frame_sizes": (0, 5)}, "FL-EST-685"),
        ((A, B), {"estimator": "best"}, "FL-EST-679"), ((A, B), {"interval": "wilson"}, "FL-EST-679"), ((A, B), {"quantity": "ratio"}, "FL-EST-679"), ((A, B), {"level": 0}, "FL-EST-679"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(people: Any, settings: dict[str, Any], code: str) -> None:
    design = DESIGNS if isinstance(people, tuple) else DESIGNS[0]
    with pytest.raises(EstimateFault, match=code):
        hidden.dual_frame(people, "fl", overlap="both", design=design, **settings)


def test_simulated_samples_find_the_truth() -> None:
    # 12 seeds: mean of estimate/truth − 1 within 3 Monte Carlo standard errors of 0.
    off: list[float] = []
    for seed in range(12):
        drawn = hidden.simulate_dual_frame(population=5_000, units=100, n_a=400, n_b=200, seed=seed)
        off.append(hidden.dual_frame(**drawn.arguments).value / drawn.truth["total"] - 1)
    assert abs(np.mean(off)) < 3 * np.std(off, ddof=1) / np.sqrt(len(off))
