"""Time-location sampling: weights by hand, both figures, events as units, and visits that nobody told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl
from fl_estimate.errors import EstimateFault
from tests.unit.reporting.few import few

hidden: Any = fl.hidden
"""Settings are passed on as tables of them, which types do not follow."""

MET = pd.DataFrame({
    "event": [1, 1, 2, 2, 2, 3, 3, 4, 4], "kind": list("aaaaabbbb"), "goes": [1, 4, 2, 2, 1, 3, 1, 2, 5], "there": [10, 10, 6, 6, 6, 4, 4, 8, 8],
    "w": [5.0] * 5 + [3.0] * 4, "fl": [0, 1, 0, 1, 0, 0, 0, 1, 0],
})  # fmt: skip
TOLD: dict[str, Any] = {"event": "event", "visits": "goes", "event_weight": "w", "counted": "there"}


def few_of_time_location() -> fl.Estimates:
    return hidden.time_location(
        few().assign(goes=1 + np.arange(12) % 3), "fl", event="ea", visits="goes", event_weight=1
    )


def test_weights_by_hand_and_figures_of_the_ordinary_estimators() -> None:
    # W counted/interviewed/f: 5·(10/2)/1 = 25, 5·5/4, 5·(6/3)/2, …, 3·(4/2)/3, …
    people, design = hidden.time_location_weights(MET, **TOLD, strata="kind")
    weight = [25, 6.25, 5, 5, 10, 2, 6, 6, 2.4]
    assert people["time_location_weight"].tolist() == pytest.approx(weight)
    assert people["time_location_weight_without_visits"].tolist() == pytest.approx([25, 25, 10, 10, 10, 6, 6, 12, 12])
    assert (design.strata, design.stages, design.expands) == ("kind", ("event",), True)
    for quantity, function in (
        ("prevalence", fl.estimate_prevalence),
        ("total", fl.estimate_total),
        ("mean", fl.estimate_mean),
    ):
        both = hidden.time_location(MET, "fl", **TOLD, strata="kind", quantity=quantity).frame
        for method, name in (
            ("time-location", "time_location_weight"),
            ("time-location-without-visits", "time_location_weight_without_visits"),
        ):
            plain = function(people, "fl", design=fl.Design(weights=name, strata="kind", psu="event", expands=True))
            row = both[both["method"] == method].iloc[0]
            assert (row["value"], row["se"], row["lower"]) == pytest.approx((plain.value, plain.se, plain.interval[0]))
    assert both["value"].iloc[0] == pytest.approx((6.25 + 5 + 6) / sum(weight))


def test_one_figure_where_one_is_asked_for_and_by_domains() -> None:
    by_kind = hidden.time_location(MET, "fl", **TOLD, by="kind", multiplicity="visits")
    assert by_kind.frame["method"].unique().tolist() == ["time-location"]
    assert by_kind.frame["kind"].tolist()[1:] == ["a", "b"]
    none = hidden.time_location(MET, "fl", **TOLD, multiplicity="none")
    assert none.value == pytest.approx((25 + 10 + 12) / 116)
    assert "visits_told_truly" not in {a.code for a in none.assumptions}
    assert "visits_told_truly" in {a.code for a in by_kind.assumptions}


def test_without_counts_everybody_there_was_interviewed() -> None:
    people, design = hidden.time_location_weights(MET, event="event", visits="goes", event_weight=2)
    assert people["time_location_weight"].tolist() == pytest.approx((2 / MET["goes"]).tolist())
    assert design.expands is False
    with pytest.raises(EstimateFault, match="FL-EST-200"):
        hidden.time_location(MET, "fl", event="event", visits="goes", event_weight=2, quantity="total")


def test_lazy_and_other_frames_give_the_same() -> None:
    wanted = hidden.time_location(MET, "fl", **TOLD, strata="kind").frame
    for frame in (pl.from_pandas(MET), pl.from_pandas(MET).lazy(), MET.sample(frac=1, random_state=1)):
        found = hidden.time_location(frame, "fl", **TOLD, strata="kind").frame
        for name in ("value", "se"):
            assert found[name].tolist() == pytest.approx(wanted[name].tolist())


def test_replicates_of_the_design_estimate_too() -> None:
    people, design = hidden.time_location_weights(MET, **TOLD)
    again = fl.replicate(people, design=design, kind="rao-wu", replicates=50, seed=1)
    assert fl.estimate_prevalence(people, "fl", design=again).value == pytest.approx(
        hidden.time_location(MET, "fl", **TOLD, multiplicity="visits").value
    )


def test_visits_that_are_not_known_are_refused_or_stated() -> None:
    gaps = MET.assign(goes=[np.nan, 4, 0, 2, 1, 3, 1, 2, 5])
    with pytest.raises(EstimateFault, match="FL-EST-680") as error:
        hidden.time_location(gaps, "fl", **TOLD)
    assert "1 missing, 1 less than 1" in str(error.value)
    out = hidden.time_location(gaps, "fl", **TOLD, missing_visits="exclude", multiplicity="visits")
    assert out.value == pytest.approx((6.25 + 5 + 6) / (6.25 + 5 + 10 + 2 + 6 + 6 + 2.4))
    assert int(out.frame["n"].iloc[0]) == 7
    assert {str(a.code): dict(a.parameters) for a in out.assumptions}["visits_excluded"] == {"rows": 2}
    one = hidden.time_location(gaps, "fl", **TOLD, missing_visits="one", multiplicity="visits")
    assert one.value == pytest.approx((6.25 + 5 + 6) / (25 + 6.25 + 10 + 5 + 10 + 2 + 6 + 6 + 2.4))
    assert {str(a.code): dict(a.parameters) for a in one.assumptions}["visits_as_one"] == {"rows": 2}
    with pytest.raises(EstimateFault, match="FL-EST-680"):
        hidden.time_location(MET.assign(goes=-1), "fl", **TOLD, missing_visits="one")


@pytest.mark.parametrize(
    ("change", "settings", "code"),
    [
        ({"there": [10, 9, 6, 6, 6, 4, 4, 8, 8]}, {}, "FL-EST-681"), ({"there": 1}, {}, "FL-EST-681"), ({"there": np.nan}, {}, "FL-EST-681"), ({"w": 0.0}, {}, "FL-EST-681"),
        ({"event": [None, *MET["event"].tolist()[1:]]}, {}, "FL-EST-681"), ({}, {"counted": "kind"}, "FL-EST-681"), ({}, {"event_weight": -2}, "FL-EST-681"), ({}, {"event_weight": True}, "FL-EST-681"),
        ({}, {"quantity": "ratio"}, "FL-EST-679"), ({}, {"multiplicity": "yes"}, "FL-EST-679"), ({}, {"missing_visits": "mean"}, "FL-EST-679"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(change: dict[str, Any], settings: dict[str, Any], code: str) -> None:
    with pytest.raises(EstimateFault, match=code):
        hidden.time_location(MET.assign(**change), "fl", **(TOLD | settings))


def test_simulated_samples_find_the_truth_by_visits_alone() -> None:
    # Cases go twice as often: divided by visits the mean error is 0 within 3 Monte Carlo standard errors, without it is above a half.
    off: list[list[float]] = []
    for seed in range(12):
        drawn = hidden.simulate_time_location(population=600, venues=10, times=10, events=20, seed=seed)
        off.append((hidden.time_location(**drawn.arguments).frame["value"] / drawn.truth["prevalence"] - 1).tolist())
    by_visits, without = np.array(off).T
    assert abs(by_visits.mean()) < 3 * by_visits.std(ddof=1) / np.sqrt(12)
    assert without.mean() > 0.5
