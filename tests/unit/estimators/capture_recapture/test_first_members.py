"""Edges of the two-list and log-linear estimates: no overlap, refused models, terms, intervals, and what a result says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate import capture_recapture as cr


def two(a: float, b: float, both: float) -> fl.CaptureHistories:
    table = pd.DataFrame({"A": [1, 0, 1], "B": [0, 1, 1], "count": [a, b, both]})
    return fl.CaptureHistories.from_counts(table, lists=["A", "B"])


def test_main_effects_of_two_lists_are_petersens() -> None:
    """With two lists the independence model's dark figure is n10 n01 / n11, which is Petersen's."""
    h = two(50, 80, 10)
    np.testing.assert_allclose(
        cr.loglinear(h).to_frame()["value"], cr.petersen(h, "A", "B").to_frame()["value"], rtol=1e-10
    )


def test_log_interval_stays_above_the_people_observed() -> None:
    h = two(5, 6, 3)
    wald, log = (cr.chapman(h, "A", "B", interval=kind) for kind in ("wald", "log"))
    assert wald.to_frame()["lower"].iloc[0] < h.n < log.to_frame()["lower"].iloc[0]
    assert {reason.code for reason in wald.reasons} == {"interval_below_observed"}
    assert not log.reasons


def test_no_overlap_is_said() -> None:
    estimates = cr.chapman(two(5, 6, 0), "A", "B")
    assert "no_overlap" in {reason.code for reason in estimates.reasons}
    every = cr.chapman(two(0, 0, 7), "A", "B", interval="log")
    assert every.to_frame()["value"].tolist() == [7, 0]
    assert "interval_not_defined" in {reason.code for reason in every.reasons}


def test_a_model_that_has_no_estimate_is_refused_and_says_why() -> None:
    table = pd.DataFrame({"A": [1, 0, 0, 1], "B": [0, 1, 0, 0], "C": [0, 0, 1, 1], "count": [20, 30, 40, 5]})
    h = fl.CaptureHistories.from_counts(table, lists=["A", "B", "C"])
    with pytest.raises(fl.FlError, match="FL-EST-35"):
        cr.loglinear(h, [("A", "C")])
    assert cr.check(h, "two-way").code in (1, 2, 3)


def test_terms_at_minus_infinity_are_named() -> None:
    uk = fl.datasets.load("uk_2013_6")
    fit = cr.loglinear(uk, [("LA", "GP")])
    assert fit.diagnostics["minus_infinity"] == ["LA:GP"]
    assert "terms_minus_infinity" in {assumption.code for assumption in fit.assumptions}


def test_higher_terms_bring_their_subsets() -> None:
    uk = fl.datasets.load("uk_2013_6")
    closed = cr.loglinear(uk, [("NG", "PF", "GO")])
    assert {"NG:PF", "NG:GO", "PF:GO", "NG:PF:GO"} <= set(closed.diagnostics["parameters"])


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"terms": "three-way"}, "FL-EST-31"),
        ({"terms": ["A"]}, "FL-EST-31"),
        ({"terms": [("A", "A")]}, "FL-EST-31"),
        ({"terms": [("A", "B")]}, "FL-EST-32"),
        ({"terms": [("A", "Z")]}, "FL-LISTS-01"),
        ({"likelihood": "binomial"}, "FL-EST-30"),
        ({"interval": "bca"}, "FL-EST-30"),
        ({"likelihood": "multinomial", "interval": "wald"}, "FL-EST-30"),
        ({"level": 95}, "FL-EST-30"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], code: str) -> None:
    with pytest.raises(fl.FlError, match=code):
        cr.loglinear(two(50, 80, 10), **arguments)


def test_bad_arguments_of_two_lists() -> None:
    wrong: dict[str, Any] = {"interval": "profile"}
    with pytest.raises(fl.FlError, match="FL-EST-30"):
        cr.chapman(two(5, 5, 5), "A", "B", **wrong)
    with pytest.raises(fl.FlError, match="FL-EST-30"):
        cr.petersen(two(5, 5, 5), "A", "B", level=2)
    with pytest.raises(fl.FlError, match="FL-LISTS-01"):
        cr.petersen(two(5, 5, 5), "A", "Z")


def test_the_interval_never_moves_the_value() -> None:
    h = fl.datasets.load("uk_2013_6")
    values = [
        cr.loglinear(h, likelihood="multinomial", level=level).to_frame()["value"].iloc[0] for level in (0.5, 0.99)
    ]
    assert values[0] == values[1]


def test_profile_limits_lie_where_the_likelihood_has_dropped() -> None:
    """Two lists have a closed form: fitted cells are n10, n01, n11 scaled, so l(N) can be written out and checked."""
    h = two(50, 80, 10)
    row = cr.loglinear(h, likelihood="multinomial").to_frame().iloc[0]

    def log_likelihood(size: float) -> float:
        from scipy.special import gammaln, xlogy

        p, q = 60 / size, 90 / size
        cells = np.array([50 * np.log(p * (1 - q)), 80 * np.log((1 - p) * q), 10 * np.log(p * q)]).sum()
        return float(gammaln(size + 1) - gammaln(size - 140 + 1) + cells + xlogy(size - 140, (1 - p) * (1 - q)))

    top = log_likelihood(row["value"])
    for limit in (row["lower"], row["upper"]):
        assert 2 * (top - log_likelihood(limit)) == pytest.approx(3.841458820694124, rel=1e-5)


def test_the_result_says_what_it_supposes() -> None:
    estimates = cr.loglinear(fl.datasets.load("uk_2013_6"), [("LA", "NG")])
    codes = {assumption.code for assumption in estimates.assumptions}
    assert {"no_highest_interaction", "dependence_between_lists", "closed_population", "interval_given_model"} <= codes
    assert estimates.to_frame()["quantity"].tolist() == ["population_size", "dark_figure"]


def test_a_fit_without_a_maximum_is_an_error_not_a_number() -> None:
    """Column and counts that push a parameter to −∞: the existence check refuses such a model before; the fit does too."""
    from fl_estimate.estimators.capture_recapture.fitting import fit_poisson

    matrix = np.array([[1.0, 1], [1, 1], [1, 0]])
    with pytest.raises(fl.FlError, match="FL-EST-34"):
        fit_poisson(np.hstack([matrix, matrix[:, 1:]]), np.array([3.0, 4, 5]))


def test_a_linear_programme_that_fails_is_an_error_not_a_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    from types import SimpleNamespace

    from fl_estimate.estimators.capture_recapture import existence

    table = pd.DataFrame({"A": [1, 0, 0, 1], "B": [0, 1, 0, 0], "C": [0, 0, 1, 1], "count": [20, 30, 40, 5]})
    h = fl.CaptureHistories.from_counts(table, lists=["A", "B", "C"])
    monkeypatch.setattr(
        existence, "linprog", lambda *_, **__: SimpleNamespace(status=4, message="numerical difficulties")
    )
    with pytest.raises(fl.FlError, match="FL-EST-33"):
        cr.check(h, [("A", "C")])
