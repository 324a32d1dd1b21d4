"""Own and proxy answers: prevalences of each, with the composition of everybody, and what the total would be had all answered."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.errors import EstimateFault

DESIGN = fl.Design(weights="w", psu="ea")


def people() -> pd.DataFrame:
    """400 people: own answers 10 % of men and 30 % of women, by proxy 0 and 20 %; three quarters of own answers are women's."""
    parts: list[pd.DataFrame] = []
    for sex, proxy, n, cases in (("m", 0, 50, 5), ("f", 0, 150, 45), ("m", 1, 150, 0), ("f", 1, 50, 10)):
        parts.append(pd.DataFrame({"sex": sex, "is_proxy": proxy, "fl": (np.arange(n) < cases).astype(int)}))
    frame = pd.concat(parts, ignore_index=True)
    return frame.assign(w=1.0, ea=np.arange(len(frame)) % 20)


def few_of_compare_proxies() -> fl.Estimates:
    from tests.unit.reporting.few import DESIGN as OF_FEW
    from tests.unit.reporting.few import few

    return fl.compare_proxies(few().assign(is_proxy=lambda f: np.arange(len(f)) % 2), "fl", design=OF_FEW)


def rows(told: fl.Estimates) -> dict[tuple[str, Any], float]:
    frame = told.to_frame(labels=False)
    return {
        (str(term), None if pd.isna(code) else int(code)): float(value)
        for term, code, value in zip(frame["term"], frame["is_proxy"], frame["value"], strict=True)
    }


def test_prevalences_by_hand() -> None:
    frame = people()
    true = frame.groupby(["sex", "is_proxy"])["fl"].mean()
    told = rows(fl.compare_proxies(frame, "fl", design=DESIGN, standardise_by="sex"))
    assert told["", None] == pytest.approx(frame["fl"].mean())
    assert told["", 0] == pytest.approx(frame.loc[frame["is_proxy"] == 0, "fl"].mean())
    assert told["", 1] == pytest.approx(frame.loc[frame["is_proxy"] == 1, "fl"].mean())
    # half of everybody is of either sex
    assert told["standardised", 0] == pytest.approx((true["m", 0] + true["f", 0]) / 2)
    assert told["standardised", 1] == pytest.approx((true["m", 1] + true["f", 1]) / 2)
    assert told["if_all_answered_themselves", None] == told["standardised", 0]


def test_without_classes_own_answers_stand_for_all() -> None:
    told = fl.compare_proxies(people(), "fl", design=DESIGN)
    found = rows(told)
    assert set(found) == {("", None), ("", 0), ("", 1), ("if_all_answered_themselves", None)}
    assert found["if_all_answered_themselves", None] == found["", 0]
    own = told.select(is_proxy=0)
    last = told.select(term="if_all_answered_themselves")
    assert (last.se, *last.interval) == pytest.approx((own.se, *own.interval))


def test_the_difference_has_the_error_of_the_same_contrast_of_domains() -> None:
    direct = fl.estimate_prevalence(people(), "fl", design=DESIGN, by="is_proxy")
    wanted = fl.contrast(direct, {"is_proxy": (1, 0)})
    found = fl.contrast(fl.compare_proxies(people(), "fl", design=DESIGN, standardise_by="sex"), {"is_proxy": (1, 0)})
    assert (found.frame["value"].iloc[0], found.frame["se"].iloc[0]) == pytest.approx((wanted.value, wanted.se))


def test_the_standardised_error_is_that_of_fl_standardise() -> None:
    crossed = fl.estimate_prevalence(people(), "fl", design=DESIGN, by=["is_proxy", "sex"])
    wanted = fl.standardise(crossed, {"sex": {"m": 200, "f": 200}}).frame
    told = fl.compare_proxies(people(), "fl", design=DESIGN, standardise_by="sex").frame
    found = told[told["term"] == "standardised"]
    assert found["se"].tolist() == pytest.approx(wanted["se"].tolist(), rel=1e-12)


def test_what_the_total_misses_is_a_contrast_of_its_terms() -> None:
    told = fl.compare_proxies(people(), "fl", design=DESIGN, standardise_by="sex")
    missed = fl.contrast(told.national, {"term": ("if_all_answered_themselves", "")})
    found = rows(told)
    assert missed.value == pytest.approx(found["if_all_answered_themselves", None] - found["", None])
    assert missed.se > 0
    assert told.persons(1_000).frame["value"].iloc[-1] == pytest.approx(1_000 * found["standardised", 0])


def test_a_class_that_nobody_answered_for_leaves_the_row_empty_and_says_so() -> None:
    frame = people()
    frame.loc[(frame["sex"] == "m") & (frame["is_proxy"] == 0), "is_proxy"] = 1
    told = fl.compare_proxies(frame, "fl", design=DESIGN, standardise_by="sex")
    empty = told.frame.index[told.frame["value"].isna()].tolist()
    assert told.frame["term"].iloc[empty].tolist() == ["standardised", "if_all_answered_themselves"]
    assert {r.row for r in told.reasons if r.code == "part_missing"} == set(empty)
    # the rows of each kind of answer are there all the same, and their covariance
    assert np.isfinite(fl.contrast(told, {"is_proxy": (1, 0)}).frame["se"].iloc[0])


def test_rows_of_classes_are_judged_by_their_smallest() -> None:
    told = fl.compare_proxies(people(), "fl", design=DESIGN, standardise_by="sex")
    assert told.support.respondents.tolist() == [400, 200, 200, 50, 50, 50]
    assert told.support.cases.tolist() == [60, 50, 10, 5, 0, 5]


@pytest.mark.parametrize("column", [np.zeros(400, dtype=int), np.ones(400), np.arange(400) % 3, np.full(400, None)])
def test_two_kinds_of_answers_are_needed(column: Any) -> None:
    with pytest.raises(EstimateFault, match="FL-EST-472"):
        fl.compare_proxies(people().assign(is_proxy=column), "fl", design=DESIGN)


@pytest.mark.parametrize("columns", [["is_proxy"], ["sex", "sex"]])
def test_classes_are_other_columns_each_once(columns: list[str]) -> None:
    with pytest.raises(EstimateFault, match="FL-EST-472"):
        fl.compare_proxies(people(), "fl", design=DESIGN, standardise_by=columns)


def test_one_outcome_is_compared() -> None:
    with pytest.raises(EstimateFault, match="FL-EST-472"):
        fl.compare_proxies(people().assign(kind=["a", "b"] * 200), "kind", design=DESIGN)


def test_zero_cases_among_proxies_are_a_row_like_any_other() -> None:
    frame = people().assign(fl=lambda f: f["fl"] * (f["is_proxy"] == 0))
    told = fl.compare_proxies(frame, "fl", design=DESIGN, standardise_by="sex")
    assert rows(told)["standardised", 1] == 0
    assert rows(told)["", 1] == 0
