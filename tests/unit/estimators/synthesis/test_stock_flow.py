"""Stocks from flows: typed durations with their formulas and errors, person-time with a linearised variance, spells clipped."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl

DESIGN = fl.Design(weights="w", strata="st", psu="ea", expands=True)


def people(seed: int = 3, n: int = 600) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    ever = rng.random(n) < 0.2
    return pd.DataFrame(
        {
            "w": rng.uniform(50, 150, n),
            "st": np.arange(n) // (n // 3),
            "ea": np.arange(n) // 20,
            "region": np.where(np.arange(n) % 2, "N", "S"),
            "ever": ever.astype(int),
            "years": np.where(ever, rng.uniform(0.1, 5, n), 0.0),
        }
    )


def row(estimates: fl.Estimates) -> Any:
    return estimates.to_frame().iloc[0]


def test_nepal() -> None:
    """CBS Nepal 2017/18 (Kathmandu Post, 28 April 2019): 61,252 over five years, 2.6 years of the five; printed 31,338."""
    found = row(fl.synthesis.stock_from_flow(61_252, 2.6, kind="in-window", window_years=5))
    assert found["value"] == pytest.approx(31_851.04)
    low, high = (fl.synthesis.stock_from_flow(61_252, d, kind="in-window", window_years=5) for d in (2.55, 2.65))
    assert row(low)["value"] < 31_338 < row(high)["value"]


def test_formulas_and_their_errors() -> None:
    """Delta method by hand: N = 1,000 ± 100, duration 2 ± 0.2 years, window 5; CV² of 0.01 each."""
    flow = fl.synthesis.published(1000, se=100, source="s", measure="flow")
    years = fl.synthesis.published(2, se=0.2, source="s", quantity="mean")
    inside = row(fl.synthesis.stock_from_flow(flow, years, kind="in-window", window_years=5))
    assert (inside["value"], inside["se"]) == pytest.approx((400, 400 * np.sqrt(0.02)))
    whole = row(fl.synthesis.stock_from_flow(flow, years, kind="completed", window_years=5))
    assert (whole["value"], whole["se"]) == pytest.approx(
        (1000 * 2 / 7, 1000 * 2 / 7 * np.sqrt(0.01 + (5 / 7) ** 2 * 0.01))
    )
    tied = row(fl.synthesis.stock_from_flow(flow, years, kind="in-window", window_years=5, correlation=1))
    assert tied["se"] == pytest.approx(400 * 0.2)
    known = row(fl.synthesis.stock_from_flow(flow, 2, kind="in-window", window_years=5))
    assert known["se"] == pytest.approx(40)


@pytest.mark.parametrize("kind", ["elapsed", "so-far", "naive"])
def test_durations_that_fit_no_formula_are_refused_with_the_reason(kind: Any) -> None:
    with pytest.raises(fl.FlError, match="FL-EST-180") as caught:
        fl.synthesis.stock_from_flow(1000, 2, kind=kind, window_years=5)
    assert "in-window" in str(caught.value)
    assert ("overstates" if kind == "naive" else "before the window") in str(caught.value)


def test_inputs_that_are_refused() -> None:
    stock = fl.synthesis.published(1000, se=10, source="s", measure="stock")
    call: Any = fl.synthesis.stock_from_flow
    ratio = fl.synthesis.published(2, se=1, source="s", quantity="ratio")
    for arguments, code in (
        ({"flow": stock, "duration_years": 2, "kind": "in-window", "window_years": 5}, "FL-EST-181"),
        ({"flow": 1000, "duration_years": 7, "kind": "in-window", "window_years": 5}, "FL-EST-182"),
        ({"flow": 1000, "duration_years": 0, "kind": "completed", "window_years": 5}, "FL-EST-182"),
        ({"flow": 1000, "duration_years": 2, "kind": "mean", "window_years": 5}, "FL-EST-180"),
        ({"flow": 1000, "duration_years": 2, "kind": "in-window", "window_years": 0}, "FL-EST-188"),
        ({"flow": 1000, "duration_years": 2, "kind": "in-window", "window_years": 5, "correlation": 2}, "FL-EST-188"),
        ({"flow": 1000, "duration_years": 2, "kind": "in-window", "window_years": 5, "interval": "logit"}, "FL-EST-187"),
        ({"flow": 1000, "duration_years": 2, "kind": "in-window", "window_years": 5, "level": 95}, "FL-EST-187"),
        ({"flow": "many", "duration_years": 2, "kind": "in-window", "window_years": 5}, "FL-EST-183"),
        ({"flow": float("nan"), "duration_years": 2, "kind": "in-window", "window_years": 5}, "FL-EST-183"),
        ({"flow": 1000, "duration_years": ratio, "kind": "in-window", "window_years": 5}, "FL-EST-186"),
        ({"flow": ratio, "duration_years": 2, "kind": "in-window", "window_years": 5}, "FL-EST-186"),
    ):  # fmt: skip
        with pytest.raises(fl.FlError, match=code):
            call(**arguments)
    # A completed spell may be longer than the window.
    assert row(call(1000, 7, kind="completed", window_years=5))["value"] == pytest.approx(1000 * 7 / 12)


def test_rows_by_region_and_a_duration_of_its_own() -> None:
    data = people()
    flow = fl.estimate_total(data, "ever", design=DESIGN, by="region")
    years = fl.estimate_mean(data, "years", design=DESIGN, by="region", where="ever == 1")
    stock = fl.synthesis.stock_from_flow(flow, years, kind="in-window", window_years=5)
    frame, direct = (
        stock.to_frame(),
        fl.synthesis.stock_from_person_time(data, "years", window_years=5, design=DESIGN, by="region"),
    )
    assert frame["region"].tolist()[1:] == ["N", "S"]
    # An identity: the two forms are one estimate.
    np.testing.assert_allclose(frame["value"], direct.to_frame()["value"], rtol=1e-12)
    # The duration is one of those in forced labour; the stock is not, and can stand beside the total.
    assert "subpopulation" not in {a.code for a in stock.assumptions}
    assert len(fl.stack([flow, stock], measure="")) == 6
    assert (stock.measure, set(frame["method"])) == ("stock", {"stock-in-window"})
    only = fl.synthesis.stock_from_flow(flow, 2.5, kind="in-window", window_years=5)
    np.testing.assert_allclose(only.covariance, flow.covariance / 4)
    other = fl.estimate_total(data, "ever", design=DESIGN, by=[["region"], ["st"]])
    with pytest.raises(fl.FlError, match="FL-EST-185"):
        fl.synthesis.stock_from_flow(other, years, kind="in-window", window_years=5)


def test_person_time_is_an_ordinary_total_over_the_window() -> None:
    data = people()
    total = row(fl.estimate_total(data, "years", design=DESIGN))
    found = row(fl.synthesis.stock_from_person_time(data, "years", window_years=5, design=DESIGN))
    for name in ("value", "se", "lower", "upper"):
        assert found[name] == pytest.approx(total[name] / 5)
    share = row(
        fl.synthesis.stock_from_person_time(data, "years", window_years=5, quantity="prevalence", design=DESIGN)
    )
    assert share["value"] == pytest.approx(found["value"] / data["w"].sum())
    assert share["quantity"] == "prevalence"


def test_years_outside_the_window_are_refused() -> None:
    data = people()
    with pytest.raises(fl.FlError, match="FL-EST-182"):
        fl.synthesis.stock_from_person_time(data, "years", window_years=2, design=DESIGN)
    with pytest.raises(fl.FlError, match="FL-EST-182"):
        fl.synthesis.stock_from_person_time(data, "year", window_years=5, design=DESIGN)
    call: Any = fl.synthesis.stock_from_person_time
    with pytest.raises(fl.FlError, match="FL-EST-186"):
        call(data, "years", window_years=5, quantity="mean", design=DESIGN)


def test_nobody_in_forced_labour() -> None:
    data = people().assign(ever=0, years=0.0)
    flow = fl.estimate_total(data, "ever", design=DESIGN)
    stock = fl.synthesis.stock_from_flow(flow, 2, kind="in-window", window_years=5)
    assert row(stock)["value"] == 0
    assert "zero_cases" in {reason.code for reason in stock.reasons}
    assert row(fl.synthesis.stock_from_person_time(data, "years", window_years=5, design=DESIGN))["value"] == 0


def test_spells_are_clipped_at_both_ends_and_overlaps_count_once() -> None:
    episodes = pd.DataFrame(
        {
            "id": ["a", "a", "b", "c", "d"],
            "from": [2012.0, 2015.0, 2016.0, 2008.0, 2017.5],
            "to": [2016.0, 2017.0, np.nan, 2011.0, 2019.0],
            "still": [0, 0, 1, 0, 0],
        }
    )
    found = fl.synthesis.spells(
        episodes, person="id", start="from", end="to", ongoing="still", window_end=2018.0, window_years=5
    )
    assert found.to_dict("list") == {
        "id": ["a", "b", "c", "d"],
        "ever": [1, 1, 0, 1],
        "years_in_window": [
            4.0,
            2.0,
            0.0,
            0.5,
        ],  # a: 2013 to 2017; d began before the window's end and went on after it
        "current": [0, 1, 0, 1],
    }


def test_spells_as_dates() -> None:
    episodes = pd.DataFrame({"id": [1], "from": ["2017-01-01"], "to": ["2018-01-01"]})
    found = fl.synthesis.spells(episodes, person="id", start="from", end="to", window_end="2019-01-01", window_years=5)
    assert found["years_in_window"].tolist() == [1.0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"from": [None, 2015.0]}, "without a date of beginning"),
        ({"to": [None, 2016.0]}, "without an end"),
        ({"to": [2010.0, 2016.0]}, "end before they begin"),
        ({"id": [None, 2]}, "without a person"),
    ],
)
def test_spells_that_cannot_be_clipped(change: dict[str, list[Any]], said: str) -> None:
    episodes = pd.DataFrame({"id": [1, 2], "from": [2012.0, 2015.0], "to": [2016.0, 2016.0], **change})
    with pytest.raises(fl.FlError, match=f"FL-EST-189.*\n.*{said}"):
        fl.synthesis.spells(episodes, person="id", start="from", end="to", window_end=2018.0, window_years=5)
    with pytest.raises(fl.FlError, match="FL-EST-189"):
        fl.synthesis.spells(episodes, person="id", start="begin", end="to", window_end=2018.0, window_years=5)
    with pytest.raises(fl.FlError, match="FL-EST-189"):
        fl.synthesis.spells([1], person="id", start="from", end="to", window_end=2018.0, window_years=5)
