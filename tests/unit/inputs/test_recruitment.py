"""Chains of recruitment: read by ids or coupons, in any order of rows, and every fault of them told at once."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl
from fl_estimate.errors import EstimateFault

Recruitment = fl.hidden.Recruitment


def frame(**more: Any) -> pd.DataFrame:
    """A seed with two recruits, the second of whom recruited one; a second seed."""
    given = {"person_id": list("abcde"), "recruiter_id": ["", "a", "a", "c", ""], "network_size": [5, 3, 4, 2, 1]}
    return pd.DataFrame({**given, **more})


def faults(people: Any, **more: Any) -> str:
    with pytest.raises(EstimateFault, match="FL-EST-520") as caught:
        Recruitment.read(people, **more)
    return str(caught.value)


def test_waves_seeds_recruits_and_order() -> None:
    chains = Recruitment.read(frame())
    assert chains.recruiters.tolist() == [-1, 0, 0, 2, -1]
    assert chains.waves.tolist() == [0, 1, 1, 2, 0]
    assert chains.seeds.tolist() == [0, 0, 0, 0, 4]
    assert chains.recruits.tolist() == [2, 0, 1, 0, 0]
    assert chains.order.tolist() == [0, 4, 1, 2, 3]
    assert (chains.n, chains.n_seeds, chains.largest_tree) == (5, 2, 0.8)
    assert chains.report.summary() == "0 errors, 0 warnings"
    assert "a" not in repr(chains).replace("respondents", "").replace("waves", "").replace("Recruitment", "").split()


def test_transitions_leave_out_seeds_and_who_is_in_no_group() -> None:
    chains = Recruitment.read(frame())
    assert chains.transitions([0, 1, 0, 1, 1]).tolist() == [[1, 2], [0, 0]]
    assert chains.transitions([0, 1, -1, 1, 1], size=3).tolist() == [[0, 1, 0], [0, 0, 0], [0, 0, 0]]
    assert chains.transitions([0, 1, 0, 1, 1], weights=np.array([9.0, 2, 3, 4, 9])).tolist() == [[3, 6], [0, 0]]


@pytest.mark.parametrize("order", [[4, 3, 2, 1, 0], [2, 0, 3, 4, 1]])
def test_the_order_of_rows_is_no_part_of_it(order: list[int]) -> None:
    chains, shuffled = Recruitment.read(frame()), Recruitment.read(frame().iloc[order])
    for name in ("waves", "degrees"):
        assert getattr(shuffled, name).tolist() == getattr(chains, name)[order].tolist()
    assert [shuffled.persons[row] for row in shuffled.order] == [chains.persons[row] for row in chains.order]


def test_ids_are_the_same_as_numbers_and_as_text_on_any_engine() -> None:
    people = pd.DataFrame({"person_id": [1, 2, 3], "recruiter_id": [np.nan, 1.0, 2.0], "network_size": [3, 3, 3]})
    for given in (people, pl.DataFrame(people.astype({"person_id": str})), pl.LazyFrame(people)):
        assert Recruitment.read(given).recruiters.tolist() == [-1, 0, 1]
    marked = people.assign(recruiter_id=["-1", "1", "2"])
    assert Recruitment.read(marked, seed_marker=-1).recruiters.tolist() == [-1, 0, 1]


def test_coupons_are_turned_into_recruiters() -> None:
    people = frame().drop(columns="recruiter_id")
    people = people.assign(brought=["", "11", "12", "31", "seed"], one=[11, 21, 31, 41, 51], two=[12, 22, 32, 42, 52])
    chains = Recruitment.read(people, coupon="brought", coupons_given=["one", "two"], seed_marker="seed")
    assert chains.recruiters.tolist() == [-1, 0, 0, 2, -1]
    assert chains.coupons_issued.tolist() == [2, 2, 2, 2, 2]


def test_every_fault_is_told_at_once_and_nobody_by_name() -> None:
    people = frame(
        person_id=["a", "b", "b", "", "e"], recruiter_id=["", "e", "zz", "a", "b"], network_size=[-1, np.inf, 0, np.nan, 1],
        coupons_issued=[0, 1, 1, 1, 1], day=[5, 4, 9, 4, 9],
    )  # fmt: skip
    told = faults(people, time="day")
    for line in (
        "person_id, key: missing in 1 row (rows 4)",
        "person_id, key: the same id twice in 2 rows (rows 2, 3)",
        "a recruiter who is not among the respondents in 1 row (rows 3)",
        "in a circle of recruiters in 2 rows (rows 2, 5)",
        "fewer than the respondents recruited in 1 row (rows 1)",
        "before that of the recruiter in 2 rows (rows 2, 4)",
        "network size: below 0 in 1 row (rows 1)",
        "network size: infinite in 1 row (rows 2)",
        "warning: people.network_size, network size: missing in 1 row (rows 4)",
        "warning: people.network_size, network size: zero in 1 row (rows 3)",
    ):
        assert line in told
    assert "zz" not in told


def test_who_recruited_themselves_is_told() -> None:
    assert "the respondent in 1 row (rows 5)" in faults(frame(recruiter_id=["", "a", "a", "c", "e"]))


def test_a_degree_below_what_the_chain_shows_is_a_warning() -> None:
    chains = Recruitment.read(frame(network_size=[1, 3, 1, 2, 1]))
    assert [(fault.value_class, fault.rows) for fault in chains.report.warnings] == [
        ("fewer than the recruits and the recruiter", (0, 2))
    ]


def test_days_and_texts_of_days_are_times() -> None:
    days = [datetime.date(2024, 1, day) for day in (1, 2, 2, 3, 5)]
    for given in (days, [str(day) for day in days], pd.to_datetime(pd.Series(days)).tolist()):
        chains = Recruitment.read(frame(day=given), time="day")
        assert chains.order.tolist() == [0, 1, 2, 3, 4]
        assert (chains.times - chains.times[0]).tolist() == [0, 1, 1, 2, 4]
    assert "day, date: no date in 1 row (rows 2)" in faults(
        frame(day=["2024-01-01", "soon", None, "", "2024-01-02"]), time="day"
    )


def test_columns_that_are_not_there_or_hold_no_numbers() -> None:
    for people, more in (
        (frame(), {"degree": "friends"}), (frame().drop(columns="recruiter_id"), {}),
        (frame(), {"recruiter": "recruiter_id", "coupon": "person_id"}), (frame(), {"coupon": "person_id"}),
    ):  # fmt: skip
        with pytest.raises(EstimateFault, match="FL-EST-521"):
            Recruitment.read(people, **more)
    with pytest.raises(EstimateFault, match="FL-EST-522"):
        Recruitment.read(frame().iloc[:0])
    assert "type: not numbers" in faults(frame(network_size=["5", "many", "4", "2", "1"]))


def test_coupons_that_two_share_are_faults() -> None:
    people = frame().drop(columns="recruiter_id")
    people = people.assign(coupon_received=["", "11", "11", "99", ""], coupon_given_1=["11", "21", "21", "", ""])
    told = faults(people)
    for line in ("brought by two respondents", "given to two respondents", "a coupon that nobody was given"):
        assert line in told
