"""Reported cases of two teams: Chapman by stratum with case sizes, against hand formulas, enumeration and the estimators of lists."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate.errors import EstimateFault

hidden: Any = fl.hidden
"""Settings are passed on as tables of them, which types do not follow."""

COLUMNS: dict[str, Any] = {"victims": "persons", "first_team": "one", "second_team": "two"}


def cases(one: int = 40, two: int = 30, both: int = 20, persons: Any = (2, 4), **more: Any) -> pd.DataFrame:
    """Found by the first team alone, by the second alone, and by both."""
    rows = [(1, 0)] * one + [(0, 1)] * two + [(1, 1)] * both
    return pd.DataFrame(rows, columns=["one", "two"]).assign(persons=np.resize(persons, len(rows)), **more)


TWO = pd.concat([cases(region="north", form="labour"), cases(12, 9, 8, (10, 1, 4), region="south", form="labour"), cases(7, 9, 9, (3,), region="south", form="sexual")])  # fmt: skip


def figure(quantity: Any, frame: pd.DataFrame, column: str = "value", **settings: Any) -> float:
    found = hidden.reported_cases(frame, **COLUMNS, quantity=quantity, **settings)
    return float(found.frame[column].iloc[0])


def few_of_reported_cases() -> fl.Estimates:
    return hidden.reported_cases(cases(5, 4, 3), **COLUMNS)


def test_one_stratum_by_hand_and_by_the_estimator_of_lists() -> None:
    size, variance = 61 * 51 / 21 - 1, 61 * 51 * 40 * 30 / (21**2 * 22)
    assert figure("cases", cases()) == pytest.approx(size)
    assert figure("cases", cases(), "se") == pytest.approx(np.sqrt(variance))
    lists = fl.CaptureHistories.from_records(cases()[["one", "two"]], lists=["one", "two"])
    other = cr.chapman(lists, "one", "two", interval="log")
    assert figure("cases", cases()) == pytest.approx(float(other.frame["value"].iloc[0]))
    assert [figure("cases", cases(), edge) for edge in ("lower", "upper")] == pytest.approx(other.frame[["lower", "upper"]].iloc[0].tolist())  # fmt: skip
    # 45 cases of two persons and 45 of four: mean 3, s² = 90/89
    of_sizes = size**2 * (1 - 90 / size) * (90 / 89) / 90
    assert figure("persons", cases()) == pytest.approx(3 * size)
    assert figure("persons", cases(), "se") == pytest.approx(np.sqrt(9 * variance + of_sizes))
    assert figure("persons_per_case", cases(), "se") == pytest.approx(np.sqrt(of_sizes) / size)
    assert figure("persons", cases(), "lower") > 270


def test_lincoln_and_petersen_is_persons_over_the_probability_to_be_found() -> None:
    found = figure("persons", TWO, strata=["region", "form"], estimator="lincoln-petersen")
    total = 0.0
    for _, part in TWO.groupby(["region", "form"]):
        n1, n2, m = part["one"].sum(), part["two"].sum(), (part["one"] * part["two"]).sum()
        total += part["persons"].sum() / (1 - (1 - m / n1) * (1 - m / n2))
    assert found == pytest.approx(total)


def test_strata_add_up_and_margins_are_their_sums() -> None:
    found = hidden.reported_cases(TWO, **COLUMNS, strata=["region", "form"], by=[["region"], ["form"]])
    frame = found.frame
    assert frame["margin"].tolist() == ["", "region", "region", "form", "form"]
    assert frame["value"].iloc[1:3].sum() == pytest.approx(frame["value"].iloc[0])
    assert np.hypot(*frame["se"].iloc[3:5]) == pytest.approx(frame["se"].iloc[0])
    alone = [figure("persons", TWO[TWO["region"] == "north"], column) for column in ("value", "se")]
    north = frame[frame["region"] == "north"].iloc[0]
    assert (north["value"], north["se"]) == pytest.approx(tuple(alone))
    assert fl.synthesis.reported_to_total(found.national, surveyed=5_000, reported_where_surveyed=400).value > 0


def test_unbiased_over_every_outcome_of_two_searches() -> None:
    # Three cases found by either team with probability 1/2, independently: 64 equally likely outcomes, Chapman unbiased where n₁ + n₂ ≥ N
    # (Seber 1982, §3.1): given n₁ = n₂ = 2, the mean over outcomes is 3.
    values: list[float] = []
    for a in ((1, 1, 0), (1, 0, 1), (0, 1, 1)):
        for b in ((1, 1, 0), (1, 0, 1), (0, 1, 1)):
            frame = pd.DataFrame({"one": a, "two": b, "persons": 5})
            frame = frame[(frame["one"] + frame["two"]) > 0]
            values.append(figure("cases", frame))
    assert np.mean(values) == pytest.approx(3)


def test_classes_of_size_are_strata() -> None:
    frame = cases(60, 60, 40, (1, 3, 30))
    by_size = hidden.reported_cases(frame, **COLUMNS, size_classes=[2, 10])
    named = hidden.reported_cases(
        frame.assign(c=np.searchsorted([2, 10], frame["persons"], side="right")), **COLUMNS, strata="c"
    )
    assert by_size.frame["value"].tolist() == pytest.approx(named.frame["value"].tolist())


def test_rows_in_any_order_and_labels_of_any_kind_give_the_same() -> None:
    wanted = hidden.reported_cases(TWO, **COLUMNS, strata="region").frame
    other = hidden.reported_cases(
        TWO.sample(frac=1, random_state=5).assign(region=lambda f: (f["region"] == "north").astype(int)),
        **COLUMNS,
        strata="region",
    ).frame
    assert other["value"].tolist() == pytest.approx(wanted["value"].tolist(), rel=1e-12)
    assert other["se"].tolist() == pytest.approx(wanted["se"].tolist(), rel=1e-12)


def test_what_is_doubtful_is_said() -> None:
    assert "no_matched_cases" in {r.code for r in hidden.reported_cases(cases(20, 20, 0), **COLUMNS).reasons}
    few = {str(r.code): dict(r.parameters) for r in hidden.reported_cases(cases(20, 20, 3), **COLUMNS).reasons}
    assert few["few_matches"] == {"strata": 1, "matches": 7}
    large = cases(40, 40, 40).assign(persons=[1, 2] * 40 + [9, 11] * 20)
    told = {str(r.code): dict(r.parameters) for r in hidden.reported_cases(large, **COLUMNS).reasons}
    assert told["case_sizes_differ"] == {"ratio": round(10 / 1.5, 2)}
    one = pd.concat([cases(s=0), pd.DataFrame({"one": [1], "two": [1], "persons": [3], "s": [1]})])
    assert "case_size_spread_pooled" in {r.code for r in hidden.reported_cases(one, **COLUMNS, strata="s").reasons}


def test_all_found_by_both_is_certain() -> None:
    assert figure("cases", cases(0, 0, 30)) == 30
    assert figure("persons", cases(0, 0, 30), "se") == 0
    assert [figure("persons", cases(0, 0, 30), edge) for edge in ("lower", "upper")] == [90, 90]


def test_cases_of_missing_size() -> None:
    gaps = cases().assign(persons=[np.nan, *np.resize((2, 4), 89)])
    with pytest.raises(EstimateFault, match="FL-EST-686"):
        hidden.reported_cases(gaps, **COLUMNS)
    found = hidden.reported_cases(gaps, **COLUMNS, missing_size="mean")
    assert found.value == pytest.approx((61 * 51 / 21 - 1) * gaps["persons"].mean())
    assert {str(a.code): dict(a.parameters) for a in found.assumptions}["case_sizes_as_mean"] == {"cases": 1}


def test_wald_limits_and_level() -> None:
    value, se, upper = (figure("cases", cases(), c, interval="wald", level=0.9) for c in ("value", "se", "upper"))
    assert upper == pytest.approx(value + 1.6448536269514722 * se)


@pytest.mark.parametrize(
    ("frame", "settings", "code"),
    [
        (cases().assign(one=np.nan), {}, "FL-EST-670"), (cases().assign(one=3), {}, "FL-EST-670"), (cases(persons=(0, 1)), {}, "FL-EST-686"),
        (cases().assign(one=0, two=0), {}, "FL-EST-687"), (cases(20, 0, 0), {}, "FL-EST-687"), (cases(20, 20, 0), {"estimator": "lincoln-petersen"}, "FL-EST-687"), (cases().iloc[:0], {}, "FL-EST-687"),
        (cases(), {"by": "one"}, "FL-EST-688"), (cases(), {"size_classes": [5, 2]}, "FL-EST-688"), (cases(), {"size_classes": []}, "FL-EST-688"),
        (cases(region=None), {"strata": "region"}, "FL-EST-688"), (cases().assign(persons=np.nan), {"missing_size": "mean"}, "FL-EST-687"),
        (cases(), {"estimator": "chao"}, "FL-EST-679"), (cases(), {"interval": "logit"}, "FL-EST-679"), (cases(), {"missing_size": "one"}, "FL-EST-679"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(frame: pd.DataFrame, settings: dict[str, Any], code: str) -> None:
    with pytest.raises(EstimateFault, match=code):
        hidden.reported_cases(frame, **COLUMNS, **settings)


def test_simulated_searches_find_the_truth() -> None:
    # 40 seeds, 600 cases in three regions: the mean of estimate/truth − 1 within 3 Monte Carlo standard errors of 0.
    off: list[float] = []
    for seed in range(40):
        drawn = hidden.simulate_reported_cases(seed=seed)
        off.append(hidden.reported_cases(**drawn.arguments).value / drawn.truth["reported_persons"] - 1)
    assert abs(np.mean(off)) < 3 * np.std(off, ddof=1) / np.sqrt(len(off))
