"""Time and age: cases with their classes, loaded and classified on three engines, and held against a naive reading by the day."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl

HERE = Path(__file__).parent
FILES = ("time_and_age.json", "time_and_age_own.json")
CASES: list[dict[str, Any]] = [
    case for name in FILES for case in json.loads((HERE / name).read_text(encoding="utf-8"))["vignettes"]
]
ENGINES: dict[str, Callable[[pd.DataFrame], Any]] = {
    "pandas": lambda table: table,
    "polars": lambda table: pl.from_pandas(table).lazy(),
    "duckdb": lambda table: duckdb.from_arrow(pl.from_pandas(table).to_arrow()),
}
FRAMEWORKS: dict[str, tuple[list[str], str]] = {
    "adult": (["icls2018_adult"], "forced_labour"),
    "child": (["icls2018_child"], "forced_labour"),
    "both": (["icls2018_adult", "icls2018_child"], "forced_labour"),
    "gems": (["gems"], "gems_form"),
}
CHILD_FIELDS = ("child_works_for", "child_coercion_by", "child_coercion_target", "child_wfcl")
ITEMS = ("l_no_freedom_resign", "c_docs", "r_birth_status", "child_parents_in_fl")
PEOPLE = ("person_id", "age_interview", "birth_date", "interview_date")
SIDES = ("", "_possible", "_in_scope")


def loaded(cases: list[dict[str, Any]], folder: Path) -> fl.SurveyData:
    """Write cases of one period as files of people and jobs, and load them: what is not given is no."""
    people = pd.DataFrame([_of_case(case, person) for case in cases for person in case["people"]]).reindex(
        columns=PEOPLE
    )
    rows = [{**_of_case(case, job), **job["answers"]} for case in cases for job in case["jobs"]]
    jobs = pd.DataFrame(rows).drop(columns="answers")
    for name in (*ITEMS, *CHILD_FIELDS):
        blank = "none" if name in CHILD_FIELDS else "no"
        jobs[name] = jobs[name].fillna(blank) if name in jobs else blank
    people.to_csv(folder / "people.csv", index=False)
    jobs.to_csv(folder / "jobs.csv", index=False)
    period = cases[0]["period"]
    if not isinstance(period, dict):
        first, last = map(dt.date.fromisoformat, period)
        period = {"kind": "other", "start": first, "end": last + dt.timedelta(days=1)}
    mapping = {
        "id": "case",
        "reference_period": period,
        "people": {name: name for name in PEOPLE},
        "jobs": {str(name): str(name) for name in jobs.columns},
    }
    return fl.load({"people": folder / "people.csv", "jobs": folder / "jobs.csv"}, mapping=mapping)


def _of_case(case: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    """A person's id is that of the case and their own: cases of one period stand in one survey."""
    return {**row, "person_id": f"{case['id']}-{row['person_id']}"}


def pandas_of(table: Any) -> pd.DataFrame:
    if isinstance(table, pl.LazyFrame):
        return table.collect().to_pandas()
    return table if isinstance(table, pd.DataFrame) else table.df()


def wanted(case: dict[str, Any]) -> Iterator[tuple[str, str, str, list[int]]]:
    """Group, person, column and the three values of every expectation."""
    for person, groups in case["expect"].items():
        for group, told in groups.items():
            for kind, values in told.items():
                outcome = FRAMEWORKS[group][1]
                yield group, person, outcome if kind == "flow" else f"{outcome}_stock", values


PERIODS = sorted({json.dumps(case["period"]) for case in CASES})


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("period", PERIODS)
def test_cases_have_their_classes_on_every_engine(period: str, engine: str, tmp_path: Path) -> None:
    cases = [case for case in CASES if json.dumps(case["period"]) == period]
    data = loaded(cases, tmp_path)
    turned = replace(data, people=ENGINES[engine](data.people), jobs=ENGINES[engine](data.jobs))
    found = {
        group: pandas_of(fl.classify(turned, FRAMEWORKS[group][0], short_instrument=True).people).set_index("person_id")
        for group in {group for case in cases for group, *_ in wanted(case)}
    }
    wrong = [
        (case["id"], group, person, column, got, values)
        for case in cases
        for group, person, column, values in wanted(case)
        if (got := [int(found[group][f"{column}{side}"][f"{case['id']}-{person}"]) for side in SIDES]) != values
    ]
    assert wrong == []


def test_there_are_cases_enough_and_each_expects_something() -> None:
    assert len(CASES) >= 50
    assert all(list(wanted(case)) for case in CASES)


# --- a reading of its own: every day of every reading is looked at ----------------------------------------------------

EARLY, LATE = dt.date(1900, 1, 1), dt.date(2030, 1, 1)


def readings(text: str | None, otherwise: tuple[dt.date, ...]) -> tuple[dt.date, ...]:
    """The earliest and latest day of a date that is known to the day, the month or the year; any of `otherwise` for none."""
    if text is None:
        return otherwise
    if len(text) == 10:
        return (dt.date.fromisoformat(text),)
    year, month = int(text[:4]), int(text[5:7]) if len(text) == 7 else None
    first = dt.date(year, month or 1, 1)
    after = dt.date(year + 1, 1, 1) if month in (None, 12) else dt.date(year, month + 1, 1)
    return first, after - dt.timedelta(days=1)


def back(day: dt.date, years: int) -> dt.date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return dt.date(day.year - years, 3, 1)


def births(person: dict[str, Any], met: dt.date | None) -> tuple[dt.date, ...]:
    if person.get("birth_date") is not None:
        return readings(person["birth_date"], ())
    if person["age_interview"] is None or met is None:
        return ()
    latest = back(met, person["age_interview"])
    return back(latest, 1) + dt.timedelta(days=1), latest


def truths(case: dict[str, Any], person: dict[str, Any], job: dict[str, Any], *, adult: bool) -> set[tuple[bool, bool]]:
    """(in the period, on its last day) under every reading of what is known: of the work of one person at an age."""
    found: set[tuple[bool, bool]] = set()
    rolls = isinstance(case["period"], dict)
    for met in readings(person["interview_date"], (dt.date(2015, 5, 5), dt.date(2022, 9, 9), dt.date(2028, 5, 5))):
        if rolls:
            first, last = back(met, 1) + dt.timedelta(days=1), met
        else:
            first, last = map(dt.date.fromisoformat, case["period"])
        edges = (
            EARLY,
            first - dt.timedelta(days=1),
            first,
            last - dt.timedelta(days=1),
            last,
            last + dt.timedelta(days=1),
            LATE,
        )
        for start, end, born in product(
            readings(job["start"], edges), readings(job["end"], edges), births(person, met)
        ):
            contradicts = (job["ongoing"] == "yes" and end < met) or (job["ongoing"] == "no" and end >= met)
            if end < start or start > met or (contradicts and job["end"] is None):
                continue
            if job["ongoing"] == "no" and end > met:
                continue
            days = {
                start,
                end,
                first,
                last,
                born.replace(day=1),
                back(born, -18),
                back(born, -18) - dt.timedelta(days=1),
            }
            held = {
                day
                for day in days
                if start <= day <= end and first <= day <= last and (day >= back(born, -18)) == adult
            }
            found.add((bool(held), last in held))
    return found


NAIVE = [
    case
    for case in CASES
    if len(case["people"]) == len(case["jobs"]) == 1
    and set(case["jobs"][0]["answers"]) >= {"l_no_freedom_resign", "c_docs"}
    and case["jobs"][0]["answers"]["c_docs"] == "experienced"
    and births(case["people"][0], dt.date(2023, 1, 1))
]


@pytest.mark.parametrize("case", NAIVE, ids=lambda case: case["id"])
def test_the_expectations_are_those_of_a_naive_reading(case: dict[str, Any]) -> None:
    """A case that counts in every reading is surely in, one that counts in some is possible; no code is shared."""
    (person,), (job,) = case["people"], case["jobs"]
    for group, told in case["expect"][person["person_id"]].items():
        if group not in ("adult", "child") or (group == "child" and "child_works_for" not in job["answers"]):
            continue
        found = truths(case, person, job, adult=group == "adult")
        assert found
        for position, kind in enumerate(("flow", "stock")):
            if kind in told and told[kind][2]:
                values = {reading[position] for reading in found}
                assert told[kind][:2] == [int(values == {True}), int(True in values)], (group, kind)
