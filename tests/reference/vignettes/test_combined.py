"""Ten people whose class needs several parts of the definition at once: time, age, consent, commercial sex. From files to classes.

Each case is written from the words of the definition and its class was put down before it was run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl

ENGINES: dict[str, Callable[[pd.DataFrame], Any]] = {
    "pandas": lambda table: table,
    "polars": lambda table: pl.from_pandas(table).lazy(),
    "duckdb": lambda table: duckdb.from_arrow(pl.from_pandas(table).to_arrow()),
}
ITEMS = (
    *("r_consent_free", "r_dec_wages", "r_birth_status", "r_debt_linked", "w_forced_tasks", "w_low_no_wage"),
    *("l_no_freedom_resign", "l_indefinite_debt", "c_locked", "c_violence", "c_wages_withheld", "c_debt", "c_docs"),
)
CHILD = ("child_works_for", "child_coercion_by", "child_coercion_target", "child_wfcl")
INTERVIEW = "2024-02-01"
# name: date of birth, then the spells: first day, last day, goes on, answers that are not the harmless ones
CASES: dict[str, tuple[str, list[tuple[str, str, str, dict[str, str]]]]] = {
    # born into bondage, never asked whether he would; held all the year, 38 years old
    "born_bonded": (
        "1985-03-01",
        [("1994", "", "yes", {"r_birth_status": "yes", "r_consent_free": "no", "c_violence": "experienced"})],
    ),
    # brought to a bar at 17, locked in, clients imposed, got away in the month after she turned 18
    "bar_across_eighteen": (
        "2005-06-15",
        [
            (
                "2023-02-01",
                "2023-07-20",
                "no",
                {"w_forced_tasks": "yes", "c_locked": "experienced", "isic4": "9609", "child_wfcl": "cse"},
            )
        ],
    ),
    # the same bar and the same means, but out of it the day before the year began
    "bar_before_the_year": (
        "2005-06-15",
        [
            (
                "2021-02-01",
                "2022-12-31",
                "no",
                {"w_forced_tasks": "yes", "c_locked": "experienced", "isic4": "9609", "child_wfcl": "cse"},
            )
        ],
    ),
    # low pay, of which he had been told and to which he agreed; his papers are kept
    "agreed_low_pay": (
        "1980-01-01",
        [("2022-05", "", "yes", {"w_low_no_wage": "yes", "c_docs": "experienced"})],
    ),
    # the same pay, other than he was told; he said yes to the work, knowing nothing of the pay
    "other_pay_than_told": (
        "1980-01-01",
        [("2022-05", "", "yes", {"w_low_no_wage": "yes", "r_dec_wages": "yes", "c_docs": "experienced"})],
    ),
    # forced in one job that ended in 2020; a job of 2023 in which his pay alone is low
    "two_jobs_two_halves": (
        "1975-01-01",
        [
            ("2018", "2020", "no", {"l_no_freedom_resign": "yes", "c_docs": "experienced"}),
            ("2023-03-01", "", "yes", {"w_low_no_wage": "yes", "r_dec_wages": "yes"}),
        ],
    ),
    # works off a debt without end; the debt is what keeps her; whether it ended before the year is not known
    "debt_without_dates": ("1990-01-01", [("", "", "dk", {"l_indefinite_debt": "yes", "c_debt": "experienced"})]),
    # eighteen at some time in 2023: only the year of birth is known; she sells sex under beatings, in March
    "year_of_birth": (
        "2005",
        [
            (
                "2023-03-01",
                "2023-03-31",
                "no",
                {"r_consent_free": "no", "c_violence": "experienced", "isic4": "9609", "child_wfcl": "cse"},
            )
        ],
    ),
    # whether she agreed she does not say; she is locked in, and nothing else makes the work involuntary
    "consent_refused": ("1990-01-01", [("2023-04-01", "2023-04-30", "no", {"r_consent_free": "ref", "c_locked": "experienced"})]),
    # locked in while she works, in work that she wanted and may leave: a penalty, and no involuntary work
    "locked_and_willing": ("1990-01-01", [("2023-04-01", "", "yes", {"c_locked": "experienced"})]),
}  # fmt: skip
# surely, possibly: adults and children at any time of the year, adults on its last day
EXPECTED: dict[str, tuple[str, str, str]] = {
    "born_bonded": ("11", "00", "11"),
    "bar_across_eighteen": ("11", "11", "00"),
    "bar_before_the_year": ("00", "00", "00"),
    "agreed_low_pay": ("00", "00", "00"),
    "other_pay_than_told": ("11", "00", "11"),
    "two_jobs_two_halves": ("00", "00", "00"),
    "debt_without_dates": ("01", "00", "01"),
    "year_of_birth": ("01", "01", "00"),
    "consent_refused": ("01", "00", "00"),
    "locked_and_willing": ("00", "00", "00"),
}
MONTHS = {"born_bonded": 365, "bar_across_eighteen": 36, "other_pay_than_told": 365}
"""Days of adults surely in it: the whole year; from the birthday on 15 June to 20 July."""


def survey(folder: Path) -> fl.SurveyData:
    """The cases as files, by a mapping, as an office has them."""
    people = [
        {"person_id": name, "birth": birth, "met": INTERVIEW, "age": "" if len(birth) < 10 else _age(birth)}
        for name, (birth, _) in CASES.items()
    ]
    harmless = {**dict.fromkeys(ITEMS, "no"), "r_consent_free": "yes", **dict.fromkeys(CHILD, "none")}
    jobs = [
        {
            "person_id": name,
            "from": first,
            "to": last,
            "goes_on": held,
            "isic4": "0111",
            "act": "yes",
            **harmless,
            **answers,
        }
        for name, (_, spells) in CASES.items()
        for first, last, held, answers in spells
    ]
    pd.DataFrame(people).to_csv(folder / "people.csv", index=False)
    pd.DataFrame(jobs).to_csv(folder / "jobs.csv", index=False)
    mapping = {
        "id": "combined",
        "reference_period": {"kind": "12m", "start": "2023-01-01", "end": "2024-01-01"},
        "people": {
            "person_id": "person_id",
            "birth_date": "birth",
            "interview_date": "met",
            "age_interview": "age",
        },
        "jobs": {
            **{
                "person_id": "person_id",
                "start": "from",
                "end": "to",
                "ongoing": "goes_on",
                "isic4": "isic4",
                "act": "act",
            },
            **{name: name for name in (*ITEMS, *CHILD)},
        },
    }
    return fl.load({"people": folder / "people.csv", "jobs": folder / "jobs.csv"}, mapping=mapping)


def _age(birth: str) -> str:
    year, month = int(birth[:4]), int(birth[5:7])
    return str(2024 - year - (month > 2))


def classified(data: fl.SurveyData, framework: Any) -> pd.DataFrame:
    native = fl.classify(data, framework, short_instrument=True).people
    table = native.collect().to_pandas() if isinstance(native, pl.LazyFrame) else native
    return (table if isinstance(table, pd.DataFrame) else table.df()).set_index("person_id")


@pytest.mark.parametrize("engine", ENGINES)
def test_ten_cases_that_need_several_parts_of_the_definition(engine: str, tmp_path: Path) -> None:
    data = survey(tmp_path)
    data = replace(data, people=ENGINES[engine](data.people), jobs=ENGINES[engine](data.jobs))
    adults, children = classified(data, "icls2018_adult"), classified(data, "icls2018_child")

    def pair(table: pd.DataFrame, name: str, outcome: str) -> str:
        return f"{table.loc[name, outcome]}{table.loc[name, f'{outcome}_possible']}"

    found = {
        name: (
            pair(adults, name, "forced_labour"),
            pair(children, name, "forced_labour"),
            pair(adults, name, "forced_labour_stock"),
        )
        for name in CASES
    }
    assert found == EXPECTED
    days = (adults["forced_labour_months"] * 365.25 / 12).round(6)
    assert {name: days[name] for name in CASES if days[name] > 0} == MONTHS
    both = classified(data, ["icls2018_adult", "icls2018_child"])
    assert both["forced_labour"].sum() == 3  # whoever crossed eighteen is one person
    assert both["forced_labour_months"]["bar_across_eighteen"] * 365.25 / 12 == pytest.approx(
        170
    )  # 1 February to 20 July
    gems = classified(data, "gems")
    assert gems.loc["bar_across_eighteen", "gems_form"] == 1
    # trafficked for sexual exploitation as an adult, whose clients were imposed; out of it before the year, no more
    palermo = classified(data, "palermo")["trafficking_palermo_possible"]
    assert (palermo["bar_across_eighteen"], palermo["bar_before_the_year"]) == (1, 0)
