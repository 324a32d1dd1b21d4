"""Network scale-up by hand, under complex designs, corrected, and refused where something is not said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl
from fl_estimate.errors import DesignFault, EstimateFault
from tests.unit.reporting.few import DESIGN, few

UNWEIGHTED = fl.Design(unweighted=True)
KNOWN = {"teachers": 900.0, "priests": 100.0}
N = 50_000.0


def few_reports() -> pd.DataFrame:
    """Twelve respondents, one of whom knows one member of the hidden group."""
    return few().assign(teachers=lambda f: 1 + np.arange(len(f)) % 3, priests=1, hidden=lambda f: f["fl"])


def few_of_scale_up() -> fl.Estimates:
    return fl.hidden.scale_up(few_reports(), "hidden", known=KNOWN, population=N, design=DESIGN)


def small() -> pd.DataFrame:
    """Six respondents in three units of one stratum; one of them knows nobody in a known group."""
    return pd.DataFrame({
        "teachers": [2, 0, 1, 3, 0, 1], "priests": [0, 1, 0, 1, 0, 0], "hidden": [1, 0, 0, 2, 1, 0], "other": [0, 0, 1, 0, 0, 1],
        "w": [10.0, 20, 10, 20, 15, 15], "ea": [1, 1, 2, 2, 3, 3], "sex": ["f", "m", "f", "m", "f", "m"],
    })  # fmt: skip


def estimate(frame: Any = None, hidden: Any = "hidden", **settings: Any) -> fl.Estimates:
    given: dict[str, Any] = {"known": KNOWN, "population": N, "design": fl.Design(weights="w", psu="ea")}
    return fl.hidden.scale_up(small() if frame is None else frame, hidden, **(given | settings))


def code_of(**settings: Any) -> str:
    with pytest.raises(EstimateFault) as told:
        estimate(**settings)
    return told.value.code


DEGREES = np.array([100.0, 50, 50, 200, 0, 50])
"""50,000 × (2, 1, 1, 4, 0, 1) / 1,000."""
W = np.array([10.0, 20, 10, 20, 15, 15])
Y = np.array([1.0, 0, 0, 2, 1, 0])


def test_ratio_of_sums_by_hand() -> None:
    # Σ w y = 65, Σ w d = 7,250: 50,000 × 65 / 7,250
    assert estimate().value == pytest.approx(N * 65 / 7_250)
    assert estimate(quantity="prevalence").value == pytest.approx(65 / 7_250)
    # The population only sets the scale of network sizes: Σ N_k Σ w y / Σ w Σ y_k, whatever N is.
    assert estimate(population=80_000.0).value == pytest.approx(estimate().value)


def test_mean_of_ratios_leaves_out_who_knows_nobody() -> None:
    kept = DEGREES > 0
    share = np.sum((W * Y)[kept] / DEGREES[kept]) / W[kept].sum()
    made = estimate(estimator="mean-of-ratios")
    assert made.value == pytest.approx(N * share)
    assert made.frame["n"].iloc[0] == 5
    assert any(str(each.code) == "scale_up_no_network_left_out" for each in made.assumptions)


def test_standard_error_is_that_of_the_linearised_ratio() -> None:
    # z = w (y − R d)/Σ w d, added up over the three units: n/(n − 1) Σ (z − z̄)², Särndal and others (1992), 5.6
    ratio = np.sum(W * Y) / np.sum(W * DEGREES)
    z = W * (Y - ratio * DEGREES) / np.sum(W * DEGREES)
    units = np.bincount([0, 0, 1, 1, 2, 2], weights=z)
    variance = 3 / 2 * np.sum((units - units.mean()) ** 2)
    assert estimate().se == pytest.approx(N * np.sqrt(variance))


def test_binomial_error_by_hand_whatever_the_scale_of_the_weights() -> None:
    ratio = np.sum(W * Y) / np.sum(W * DEGREES)
    ties = np.sum(W * DEGREES) * 6 / W.sum()
    expected = N * np.sqrt(ratio * (1 - ratio) / ties)
    assert estimate(variance="binomial").se == pytest.approx(expected)
    assert estimate(small().assign(w=lambda f: 7 * f["w"]), variance="binomial").se == pytest.approx(expected)
    assert "scale_up_binomial_error" in {str(each.code) for each in estimate(variance="binomial").assumptions}


def test_the_rescaled_bootstrap_is_near_the_linearised_error_and_keeps_its_seed() -> None:
    drawn = fl.hidden.simulate_scale_up(seed=5)
    given: dict[str, Any] = {"known": drawn.known, "population": drawn.population, "design": drawn.design}
    taylor = fl.hidden.scale_up(drawn.people, "hidden", **given)
    booted = [
        fl.hidden.scale_up(drawn.people, "hidden", variance="rescaled-bootstrap", replicates=500, seed=3, **given)
        for _ in range(2)
    ]
    assert booted[0].se == booted[1].se
    assert booted[0].value == taylor.value
    # A standard deviation of 500 replicates has a relative error of 1/√1000; three of them.
    assert booted[0].se == pytest.approx(taylor.se, rel=3 / np.sqrt(1_000) + 0.03)
    # The same replicates made beforehand are the same bootstrap.
    design = fl.replicate(drawn.people, design=drawn.design, kind="rao-wu", replicates=500, seed=3)
    assert fl.hidden.scale_up(drawn.people, "hidden", **{**given, "design": design}).se == booted[0].se


def test_a_stratum_of_one_unit_is_refused_or_said_never_dropped() -> None:
    frame = small().assign(stratum=[1, 1, 1, 1, 2, 2])
    design = fl.Design(weights="w", strata="stratum", psu="ea")
    for variance in (None, "rescaled-bootstrap"):
        with pytest.raises(DesignFault):
            estimate(frame, design=design, variance=variance, replicates=50, seed=1)
        stated = fl.Design(weights="w", strata="stratum", psu="ea", single_psu="adjust")
        made = estimate(frame, design=stated, variance=variance, replicates=50, seed=1)
        assert made.value == pytest.approx(N * 65 / 7_250)
        assert "single_psu_rule" in {str(each.code) for each in made.assumptions}


def test_corrections_multiply_and_their_errors_add() -> None:
    plain = estimate()
    made = estimate(degree_ratio={"value": 0.8, "se": 0.08}, transmission={"positive": 40, "n": 50}, precision=(45, 5))
    assert made.value == pytest.approx(plain.value * 0.9 / (0.8 * 0.8))
    squares = (plain.se / plain.value) ** 2 + 0.1**2 + 0.2 / 0.8 / 49 + 0.1 / 0.9 / 51
    assert made.se / made.value == pytest.approx(np.sqrt(squares))
    known = {str(each.code) for each in made.assumptions}
    assert {"scale_up_degree_ratio", "scale_up_transmission", "scale_up_precision"} <= known
    assert not known & {"scale_up_degree_ratio_one", "scale_up_transmission_complete", "scale_up_no_false_reports"}


def test_estimates_correct_with_their_own_error() -> None:
    people = pd.DataFrame({"knew": [1, 1, 0, 1, 1, 0, 1, 1, 1, 1]})
    share = fl.estimate_prevalence(people, "knew", design=UNWEIGHTED)
    made, plain = estimate(transmission=share), estimate()
    assert made.value == pytest.approx(plain.value / 0.8)
    assert (made.se / made.value) ** 2 == pytest.approx((plain.se / plain.value) ** 2 + (share.se / 0.8) ** 2)


def test_each_hidden_group_has_its_own_correction_and_shares_the_error_of_one_for_all() -> None:
    made = estimate(hidden=["hidden", "other"], transmission={"hidden": 0.5, "other": 1.0})
    plain = estimate(hidden=["hidden", "other"])
    assert made.frame["value"].tolist() == pytest.approx((plain.frame["value"] * [2, 1]).tolist())
    one = estimate(hidden=["hidden", "other"], degree_ratio={"value": 1.0, "se": 0.2})
    shared = float(np.prod(one.frame["value"].to_numpy(dtype=float))) * 0.04
    assert one.covariance_matrix is not None
    assert plain.covariance_matrix is not None
    assert one.covariance_matrix[0, 1] == pytest.approx(plain.covariance_matrix[0, 1] + shared)
    own = estimate(
        hidden=["hidden", "other"], degree_ratio={name: {"value": 1.0, "se": 0.2} for name in ("hidden", "other")}
    )
    assert own.covariance_matrix is not None
    assert own.covariance_matrix[0, 1] == pytest.approx(plain.covariance_matrix[0, 1])


def test_recall_is_undone_both_for_known_groups_and_for_the_hidden_one() -> None:
    # Remembered: teachers 900/50,000 = 0.018 > 0.01 -> √(0.01 × 0.018) N = 670.8; priests 0.002 in full.
    remembered = np.sqrt(0.01 * 0.018) * N + 100
    small_share = 65 / (7_250 * 1_000 / remembered)
    assert small_share < 0.01
    assert estimate(recall=(0.01, 0.5)).value == pytest.approx(N * small_share)
    # A hidden group above the threshold is taken up: p = r²/0.001
    sizes = N * np.sqrt(0.001 * 0.018) + N * np.sqrt(0.001 * 0.002)
    share = 65 / (7_250 * 1_000 / sizes)
    assert share > 0.001
    made = estimate(recall=(0.001, 0.5))
    assert made.value == pytest.approx(N * share**2 / 0.001)
    # The elasticity of the square is 2.
    assert made.se / made.value == pytest.approx(2 * estimate().se / estimate().value)
    assert estimate(recall=(0.001, 1.0)).value == pytest.approx(estimate().value)


def test_nobody_known_gives_no_interval_and_says_why() -> None:
    made = estimate(small().assign(hidden=0))
    assert made.value == 0
    assert np.isnan(made.se)
    assert np.isnan(made.frame["upper"].iloc[0])
    assert [str(each.code) for each in made.reasons] == ["zero_cases"]


def test_domains_speak_of_the_whole_population_and_that_is_asked_for() -> None:
    assert code_of(by="sex") == "FL-EST-599"
    assert code_of(by="sex", reports_about="domain") == "FL-EST-599"
    made = estimate(by="sex", reports_about="population")
    assert made["f"].value == pytest.approx(estimate(where="sex == 'f'").value)
    assert "scale_up_about_population" in {str(each.code) for each in made.assumptions}
    assert made.frame["n"].tolist() == [6, 3, 3]


def test_missing_reports_mean_what_is_said() -> None:
    frame = small().assign(teachers=[2, 0, np.nan, 3, 0, 1], hidden=[1, 0, 0, 2, 1, np.nan])
    assert code_of(frame=frame) == "FL-EST-595"
    both = estimate(frame, unanswered="exclude", unknown="exclude")
    keep = [0, 1, 3, 4]
    assert both.value == pytest.approx(N * np.sum((W * Y)[keep]) / np.sum((W * DEGREES)[keep]))
    zero = estimate(frame, unanswered="zero", unknown="no")
    degrees = np.where(np.arange(6) == 2, 0, DEGREES)
    assert zero.value == pytest.approx(N * 65 / np.sum(W * degrees))
    # The third was asked about priests only, and knows none: 0 of 100.
    available = estimate(frame, unanswered="available", unknown="exclude")
    kept = np.arange(6) != 5
    assert available.value == pytest.approx(N * np.sum((W * Y)[kept]) / np.sum((W * degrees)[kept]))
    assert available.frame["n"].iloc[0] == 5
    # Network sizes of who answered in part: teachers alone, 3 of 900.
    partly = estimate(small().assign(priests=[0, 1, 0, np.nan, 0, 0]), unanswered="available")
    own = np.array([100.0, 50, 50, N * 3 / 900, 0, 50])
    assert partly.value == pytest.approx(N * 65 / np.sum(W * own))


def test_top_code_cuts_reports_of_known_and_hidden_groups() -> None:
    degrees = N * np.array([1, 1, 1, 2, 0, 1]) / 1_000
    assert estimate(top_code=1).value == pytest.approx(N * np.sum(W * np.minimum(Y, 1)) / np.sum(W * degrees))


def test_the_figure_does_not_depend_on_order_engine_or_the_scale_of_weights() -> None:
    drawn = fl.hidden.simulate_scale_up(respondents=300, psus=20, seed=2)
    given: dict[str, Any] = {"known": drawn.known, "population": drawn.population, "design": drawn.design}
    first = fl.hidden.scale_up(drawn.people, "hidden", **given)
    shuffled = drawn.people.sample(frac=1, random_state=1).reset_index(drop=True)
    for frame in (
        shuffled,
        pl.from_pandas(drawn.people),
        pl.from_pandas(shuffled).lazy(),
        drawn.people.assign(w=lambda f: f["w"] / 9),
    ):
        other = fl.hidden.scale_up(frame, "hidden", **given)
        assert (other.value, other.se) == pytest.approx((first.value, first.se), rel=1e-10)


@pytest.mark.parametrize(
    "given",
    [
        {"transmission": 1.2}, {"transmission": 0}, {"precision": -0.5}, {"degree_ratio": float("nan")}, {"degree_ratio": True},
        {"degree_ratio": {"value": 1.0}}, {"degree_ratio": {"value": 1.0, "se": -1.0}}, {"transmission": {"positive": 0, "n": 9}},
        {"transmission": (0, 2)}, {"transmission": "half"}, {"transmission": {"value": "a", "se": 1}}, {"recall": (0.1, 2.0)},
        {"recall": 0.5}, {"recall": ("a", "b")},
    ],
)  # fmt: skip
def test_corrections_that_cannot_be_are_refused(given: dict[str, Any]) -> None:
    assert code_of(**given) == "FL-EST-597"


def test_a_correction_for_some_groups_only_is_refused() -> None:
    assert code_of(hidden=["hidden", "other"], transmission={"hidden": 0.5}) == "FL-EST-597"
    by_sex = fl.estimate_prevalence(small().assign(k=[1, 0, 1, 0, 1, 1]), "k", design=UNWEIGHTED, by="sex")
    assert code_of(transmission=by_sex.select(margin="sex")) == "FL-EST-597"


@pytest.mark.parametrize(
    "given",
    [
        {"estimator": "median"}, {"quantity": "mean"}, {"variance": "jackknife"}, {"interval": "beta"},
        {"variance": "binomial", "estimator": "mean-of-ratios"},
    ],
)  # fmt: skip
def test_choices_that_there_are_not_are_refused(given: dict[str, Any]) -> None:
    assert code_of(**given) == "FL-EST-598"


def test_those_who_know_one_are_the_cases_that_a_rule_judges() -> None:
    made = estimate(by="sex", reports_about="population")
    assert made.support.cases.tolist() == [3, 2, 1]
    assert made.support.respondents.tolist() == [6, 3, 3]
    assert set(made.frame["basis"]) == {"respondents"}


@pytest.mark.parametrize(
    ("drawn", "given", "estimator"),
    [
        ({}, {}, "ratio-of-sums"),
        ({"barrier": 0.5}, {}, "ratio-of-sums"),
        ({"transmission": 0.6, "degree_ratio": 0.8, "precision": 0.9}, {"transmission": 0.6, "degree_ratio": 0.8, "precision": 0.9}, "ratio-of-sums"),
        ({"recall": (0.002, 0.5)}, {"recall": (0.002, 0.5)}, "ratio-of-sums"),
    ],
)  # fmt: skip
def test_the_size_is_found_again_where_what_is_assumed_holds(
    drawn: dict[str, Any], given: dict[str, Any], estimator: str
) -> None:
    values: list[float] = []
    for seed in range(16):
        study = fl.hidden.simulate_scale_up(respondents=400, psus=40, seed=seed, **drawn)
        settings = {
            "known": study.known,
            "population": study.population,
            "design": study.design,
            "estimator": estimator,
        }
        values.append(fl.hidden.scale_up(study.people, "hidden", **settings, **given).value / study.hidden_size - 1)
    error = np.std(values, ddof=1) / np.sqrt(len(values))
    assert abs(np.mean(values)) < 3 * error
