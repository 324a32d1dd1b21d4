"""Every development vignette of the shipped frameworks gets its expected class, one by one and in whole columns."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl
from fl_estimate.indicators.items import known_items

CASES: list[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("vignettes.toml").read_text(encoding="utf-8"))[
    "vignettes"
]
EXPECTED = [(case["id"], framework, label) for case in CASES for framework, label in case["expected"].items()]
SHOWN = {"FL": (1, 1, 1), "not_FL": (0, 0, 1), "undetermined": (0, 1, 1), "not_applicable": (0, 0, 0)}
STATE_ONLY = [case for case in CASES if case["id"].startswith("S")]
ENGINES: dict[str, Callable[[pd.DataFrame], Any]] = {
    "pandas": lambda table: table,
    "polars": lambda table: pl.from_pandas(table).lazy(),
    "duckdb": lambda table: duckdb.from_arrow(pl.from_pandas(table).to_arrow()),
}


def test_all_55_vignettes_are_here() -> None:
    # 55 cases came with the facts of the frameworks; each has both ICLS keys
    assert len(CASES) == 55
    assert len(EXPECTED) == 110
    assert len(STATE_ONLY) == 8


@pytest.mark.parametrize(("name", "framework", "label"), EXPECTED)
def test_explain(name: str, framework: str, label: str) -> None:
    assert _explain(_case(name), framework).label == label


@pytest.mark.parametrize("case", STATE_ONLY, ids=lambda case: case["id"])
def test_state_vignettes_under_state_imposed(case: dict[str, Any]) -> None:
    # no item is answered but by "no", so that the adult class of these cases is the State's doing alone
    assert _explain(case, "state_imposed").label == case["expected"]["icls2018_adult"]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("with_state", [True, False])
@pytest.mark.parametrize("framework", ["icls2018_adult", "icls2018_child"])
def test_classify(engine: str, with_state: bool, framework: str) -> None:
    cases = [case for case in CASES if ("state" in case) == with_state]
    people = _people(ENGINES[engine](_table(cases)), framework)
    assert people == [SHOWN[case["expected"][framework]] for case in cases]


@pytest.mark.parametrize("engine", ENGINES)
def test_classify_by_adult_and_child_frameworks_together(engine: str) -> None:
    cases = [case for case in CASES if "state" not in case]
    people = _people(ENGINES[engine](_table(cases)), ["icls2018_adult", "icls2018_child"])
    expected = [case["expected"]["icls2018_adult" if case["age"] >= 18 else "icls2018_child"] for case in cases]
    assert people == [SHOWN[label] for label in expected]


@pytest.mark.parametrize("engine", ENGINES)
def test_classify_state_vignettes_under_state_imposed(engine: str) -> None:
    people = _people(ENGINES[engine](_table(STATE_ONLY)), "state_imposed")
    assert people == [SHOWN[case["expected"]["icls2018_adult"]] for case in STATE_ONLY]


def _case(name: str) -> dict[str, Any]:
    return next(case for case in CASES if case["id"] == name)


def _explain(case: dict[str, Any], framework: str) -> fl.Explanation:
    return fl.explain(
        case.get("answers", {}),
        framework,
        age=case["age"],
        default=case["default"],
        child=case.get("child"),
        act=case.get("act"),
        state=case.get("state"),
    )


def _people(data: Any, framework: str | list[str]) -> list[tuple[int, ...]]:
    """The three columns of the one outcome, in the order of the cases."""
    classification = fl.classify(data, framework)
    (outcome,) = classification.outcomes
    people = classification.people
    if isinstance(people, pl.LazyFrame):
        people = people.collect().to_pandas()
    elif not isinstance(people, pd.DataFrame):
        people = people.df()
    people = people.sort_values("place")
    return list(people[[outcome, f"{outcome}_possible", f"{outcome}_in_scope"]].itertuples(index=False, name=None))


def _table(cases: list[dict[str, Any]]) -> pd.DataFrame:
    rows = [_row(case) | {"place": place} for place, case in enumerate(cases)]
    return pd.DataFrame(rows)


def _row(case: dict[str, Any]) -> dict[str, Any]:
    """One case as a row: an item with several phases has a column for each of them."""
    row: dict[str, Any] = {"age": case["age"]}
    for item in known_items().items.values():
        given = case.get("answers", {}).get(item.id, [])
        answers = [given] if isinstance(given, str) else given
        for phase in item.phases:
            here = [answer.partition("@")[0] for answer in answers if answer.partition("@")[2] in ("", phase)]
            column = f"{item.id}@{phase}" if item.asks_phase else item.id
            row[column] = here[0] if here else case["default"]
    for field in known_items().fields.values():
        if field.block == "child" or (field.block == "state" and "state" in case):
            row[field.column] = case.get(field.block, {}).get(field.id.partition(".")[2], case["default"])
    return row
