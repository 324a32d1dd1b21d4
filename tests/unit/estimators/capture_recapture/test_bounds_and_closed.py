"""Edges of Chao's and Zelterman's bounds, the closed models and the sensitivity curve: refusals, closed forms, nested and empty lists."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import optimize

import fl_estimate as fl
from fl_estimate import capture_recapture as cr


def table(rows: dict[str, float], *, ordered: bool = False) -> fl.CaptureHistories:
    """Histories written as ``{"110": 5}``."""
    size = len(next(iter(rows)))
    names = list("ABCDEFGHIJ"[:size])
    frame = pd.DataFrame([[int(digit) for digit in key] for key in rows], columns=names)
    frame["count"] = list(rows.values())
    return fl.CaptureHistories.from_counts(frame, lists=names, ordered=ordered)


THREE: dict[str, float] = {"100": 40, "010": 30, "001": 50, "110": 9, "101": 8, "011": 7, "111": 3}


def test_chao_without_anybody_on_two_lists() -> None:
    h = table({"100": 9, "010": 3, "001": 4})
    for kind in ("classic", "t-lists"):
        with pytest.raises(fl.FlError, match="FL-EST-83"):
            cr.chao(h, kind)
    with pytest.raises(fl.FlError, match="FL-EST-83"):
        cr.zelterman(h)
    # f1 (f1 − 1)/2 with f1 = 16, f2 = 0.
    assert cr.chao(h, "bias-corrected").to_frame()["value"].tolist() == [16 + 120, 120]


def test_everybody_on_two_lists_leaves_no_dark_figure() -> None:
    h = table({"110": 5, "011": 4})
    with pytest.raises(fl.FlError, match="FL-EST-84"):
        cr.zelterman(h)
    found = cr.chao(h)
    assert found.to_frame()["value"].tolist() == [9, 0]
    assert "interval_not_defined" in {reason.code for reason in found.reasons}


def test_bad_arguments() -> None:
    h = table(THREE)
    wrong: dict[str, Any] = {"kind": "chao1"}
    with pytest.raises(fl.FlError, match="FL-EST-30"):
        cr.chao(h, **wrong)
    with pytest.raises(fl.FlError, match="FL-EST-30"):
        cr.closed(h, "M1")  # pyright: ignore[reportArgumentType]
    with pytest.raises(fl.FlError, match="FL-EST-85"):
        cr.closed(h, "Mb")
    with pytest.raises(fl.FlError, match="FL-EST-86"):
        cr.closed(h, "Mh-gamma", bias_corrected=True)


def test_mt_of_two_lists_is_petersens_and_corrected_chapmans() -> None:
    h = table({"10": 50, "01": 80, "11": 10})
    for corrected, other in ((False, cr.petersen), (True, cr.chapman)):
        value = cr.closed(h, "Mt", bias_corrected=corrected).to_frame()["value"].iloc[0]
        assert value == pytest.approx(other(h, "A", "B").to_frame()["value"].iloc[0], rel=1e-10)


def test_m0_solves_its_likelihood_equation() -> None:
    """The people observed and the captures: n = N (1 − (1 − p)^t), captures = N t p."""
    h = table(THREE)
    captures = float(h.frequencies @ [1, 2, 3])
    p: Any = optimize.brentq(lambda p: 3 * p / (1 - (1 - p) ** 3) - captures / h.n, 1e-6, 1 - 1e-6)
    assert cr.closed(h, "M0").to_frame()["value"].iloc[0] == pytest.approx(captures / (3 * p), rel=1e-9)


def test_models_without_a_single_estimate_are_refused() -> None:
    with pytest.raises(fl.FlError, match="FL-EST-87"):
        cr.closed(table({"100": 9, "010": 3, "001": 4}), "M0")
    with pytest.raises(fl.FlError, match="FL-EST-87"):
        cr.closed(table({"10": 9, "01": 3, "11": 4}), "Mh-darroch")
    with pytest.raises(fl.FlError, match="FL-EST-87"):
        cr.closed(table({"110": 9, "011": 4}), "Mh-chao", bias_corrected=True)
    # Nobody twice, some thrice: η would run away.
    with pytest.raises(fl.FlError, match="FL-EST-87"):
        cr.closed(table({"100": 9, "010": 3, "001": 4, "111": 5}), "Mh-chao")


def test_first_captures_that_rise_are_refused() -> None:
    with pytest.raises(fl.FlError, match="FL-EST-88"):
        cr.closed(table({"100": 9, "010": 20, "001": 50, "110": 3, "101": 4, "011": 5}, ordered=True), "Mb")


def test_a_list_with_nobody_on_it_changes_nothing_in_mt() -> None:
    with_empty = table({f"{key}0": count for key, count in THREE.items()})
    values = [cr.closed(h, "Mth-darroch").to_frame()["value"].iloc[0] for h in (with_empty, table(THREE))]
    assert values[0] == pytest.approx(values[1], rel=1e-10)


def test_the_lower_bound_keeps_its_terms_at_or_above_zero() -> None:
    found = cr.closed(fl.datasets.load("uk_2013_6"), "Mh-chao")
    assert found.diagnostics["heterogeneity_terms"] == [4]
    assert found.diagnostics["parameters"][-1] > 0


def test_the_lower_bound_is_the_maximum_under_its_constraint() -> None:
    """Nobody on four lists and one person on five: the terms of both have no maximum together, under the constraint they do.

    Compared with bounded minimisation of the same likelihood on the frequencies, to which M0 and Mh reduce it.
    """
    counts: dict[str, float] = {"10000": 300, "01000": 348, "11000": 80, "00110": 53, "11100": 14, "11111": 1}
    h = table(counts)
    found = cr.closed(h, "Mh-chao")
    k = np.arange(1, 6)
    design = np.column_stack([np.ones(5), k, *(np.maximum(k - j + 1, 0) for j in (3, 4, 5))])
    ways = np.array([5, 10, 10, 5, 1])

    def loss(b: np.ndarray) -> float:
        linear = design @ b + np.log(ways)
        return float((np.exp(linear) - h.frequencies * linear).sum())

    bounds = [(None, None), (None, None), (0, None), (0, None), (0, None)]
    best: Any = optimize.minimize(
        loss, [6.0, -1.5, 0.1, 0.1, 0.1], bounds=bounds, method="L-BFGS-B", options={"ftol": 1e-15, "gtol": 1e-9}
    )
    assert found.to_frame()["value"].iloc[1] == pytest.approx(np.exp(best.x[0]), rel=1e-4)


def test_the_interaction_of_all_lists_has_its_closed_form() -> None:
    """All two-way terms fit three lists exactly: n₀ = n₁₁₁ n₁₀₀ n₀₁₀ n₀₀₁/(n₁₁₀ n₁₀₁ n₀₁₁), divided by ξ of the third order."""
    h = table(THREE)
    exact = 3 * 40 * 30 * 50 / (9 * 8 * 7)
    curve = cr.sensitivity(h, "two-way", odds_ratios=[0.5, 1, 2]).to_frame()
    dark = curve.loc[curve["quantity"] == "dark_figure", "value"]
    np.testing.assert_allclose(dark, [exact / 0.5, exact, exact / 2], rtol=1e-9)
    assert curve["term"].iloc[0] == "two-way, A:B:C = 0.5"


def test_a_stated_interaction_of_one_is_the_model_itself() -> None:
    uk = fl.datasets.load("uk_2013_6")
    curve = cr.sensitivity(uk, [("LA", "NG")], interaction=("PF", "NCA"), odds_ratios=[1]).to_frame()
    plain = cr.loglinear(uk, [("LA", "NG")], interval="log").to_frame()
    for column in ("value", "se", "lower", "upper"):
        np.testing.assert_allclose(curve[column], plain[column], rtol=1e-9)


def test_each_pair_left_out_has_its_curve() -> None:
    curve = cr.sensitivity(table(THREE), [("A", "B")], odds_ratios=[2]).to_frame()
    assert curve["term"].tolist() == ["A:B, A:C = 2"] * 2 + ["A:B, B:C = 2"] * 2


def test_sensitivity_refuses_what_it_cannot_state() -> None:
    h = table(THREE)
    with pytest.raises(fl.FlError, match="FL-EST-89"):
        cr.sensitivity(h, "two-way", interaction=("A", "B"))
    with pytest.raises(fl.FlError, match="FL-EST-89"):
        cr.sensitivity(h, interaction=("A",))
    for ratios in ([0.0], [float("nan")], []):
        with pytest.raises(fl.FlError, match="FL-EST-90"):
            cr.sensitivity(h, odds_ratios=ratios)
