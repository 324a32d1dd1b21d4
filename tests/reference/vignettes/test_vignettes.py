"""Every development vignette gets its expected answer under every framework, one by one and in whole columns."""

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
from fl_estimate.indicators.criteria import DimensionIs
from fl_estimate.indicators.items import known_items
from fl_estimate.indicators.references import questions, reads

FILE: dict[str, Any] = tomllib.loads(Path(__file__).with_name("vignettes.toml").read_text(encoding="utf-8"))
CASES: list[dict[str, Any]] = FILE["vignettes"]
EXPECTED = [(case["id"], key) for case in CASES for key in case["expected"]]
SHOWN = {"true": (1, 1, 1), "false": (0, 0, 1), "unknown": (0, 1, 1), "out_of_scope": (0, 0, 0)}
STATE_ONLY = [case for case in CASES if case["id"].startswith("S")]
FRAMEWORKS = sorted(
    {spec["framework"] for key in FILE["keys"].values() for spec in (key, *key.values()) if "framework" in spec}
)
ENGINES: dict[str, Callable[[pd.DataFrame], Any]] = {
    "pandas": lambda table: table,
    "polars": lambda table: pl.from_pandas(table).lazy(),
    "duckdb": lambda table: duckdb.from_arrow(pl.from_pandas(table).to_arrow()),
}


def test_all_55_vignettes_are_here_with_their_ten_keys() -> None:
    # 55 cases came with the facts of the frameworks; each has the ten keys that are told there
    assert len(CASES) == 55
    assert len(EXPECTED) == 550
    assert len(STATE_ONLY) == 8
    assert len(FRAMEWORKS) == 8


@pytest.mark.parametrize(("name", "key"), EXPECTED)
def test_explain(name: str, key: str) -> None:
    case = next(case for case in CASES if case["id"] == name)
    spec = _spec(case, key)
    told = _explain(case, spec["framework"])
    read = {
        "label": lambda: told.outcomes[spec["outcome"]],
        "dimensions": lambda: dict(told.dimensions),
        "count": lambda: list(told.count),
    }
    assert read[spec["read"]]() == case["expected"][key]


@pytest.mark.parametrize("case", STATE_ONLY, ids=lambda case: case["id"])
def test_state_vignettes_under_state_imposed(case: dict[str, Any]) -> None:
    # no item is answered but by "no", so that the adult class of these cases is the State's doing alone
    assert _explain(case, "state_imposed").label == case["expected"]["icls2018_adult"]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("with_state", [True, False])
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_classify(engine: str, with_state: bool, framework: str) -> None:
    cases = [case for case in CASES if ("state" in case) == with_state]
    people = _people(ENGINES[engine](_table(cases, framework)), framework)
    checked = 0
    for key in FILE["keys"]:
        for case, row in zip(cases, people, strict=True):
            spec = _spec(case, key)
            if spec["framework"] == framework and spec["read"] != "dimensions":
                expected = case["expected"][key]
                for column, cell in _columns(framework, spec, expected).items():
                    assert row[column] == cell, (case["id"], column)
                    checked += 1
    assert checked > 0 or with_state  # no child has a state block


@pytest.mark.parametrize("engine", ENGINES)
def test_classify_by_adult_and_child_frameworks_together(engine: str) -> None:
    cases = [case for case in CASES if "state" not in case]
    people = _people(
        ENGINES[engine](_table(cases, "icls2018_adult", "icls2018_child")), ["icls2018_adult", "icls2018_child"]
    )
    for case, row in zip(cases, people, strict=True):
        framework = "icls2018_adult" if case["age"] >= 18 else "icls2018_child"
        spec = {"outcome": "forced_labour"}
        for column, cell in _columns(framework, spec, case["expected"][framework]).items():
            assert row[column] == cell, (case["id"], column)


def _spec(case: dict[str, Any], key: str) -> dict[str, Any]:
    spec = FILE["keys"][key]
    return spec if "framework" in spec else spec["from_18" if case["age"] >= 18 else "under_18"]


def _explain(case: dict[str, Any], framework: str) -> fl.Explanation:
    blocks: dict[str, Any] = {name: case.get(name) for name in ("child", "act", "state", "other_purpose")}
    return fl.explain(case.get("answers", {}), framework, age=case["age"], default=case["default"], **blocks)


def _columns(framework: str, spec: dict[str, Any], expected: Any) -> dict[str, int]:
    """What the columns of an outcome say of somebody with this answer."""
    outcome = fl.Framework.read(framework).outcome(spec["outcome"])
    assert outcome is not None
    if outcome.type == "count":
        return dict(zip((outcome.id, f"{outcome.id}_possible"), expected, strict=True))
    values = {value.id: value for value in outcome.values}
    if outcome.type == "binary":
        stands_for = values[expected].stands_for if expected in values else "out_of_scope"
        cells = SHOWN[stands_for or ""]
        return {f"{outcome.id}{side}": cell for side, cell in zip(("", "_possible", "_in_scope"), cells, strict=True)}
    in_scope = expected != "not_applicable"
    sure = {f"{outcome.id}={value.id}": int(value.id == expected) for value in outcome.classes}
    scopes = {f"{stem}_in_scope": int(in_scope) for stem in sure}
    return sure | scopes


def _people(data: Any, framework: str | list[str]) -> list[dict[Any, Any]]:
    """The rows of the people, in the order of the cases."""
    people: Any = fl.classify(data, framework).people
    if isinstance(people, pl.LazyFrame):
        people = people.collect().to_pandas()
    elif not isinstance(people, pd.DataFrame):
        people = people.df()
    return people.sort_values("position").to_dict("records")


def _table(cases: list[dict[str, Any]], *frameworks: str) -> pd.DataFrame:
    """The cases as rows, with the columns that the frameworks read."""
    asked: set[str] = set()
    for framework in map(fl.Framework.read, frameworks):
        asked |= set(questions(framework))
        # every dimension needs a question, whether an outcome reads it or not
        asked |= {name for entry in framework.dimensions for name in reads(framework, DimensionIs(entry.id))}
    fields = {field.column for field in known_items().fields.values() if field.id in asked}
    rows = [_row(case) | {"position": position} for position, case in enumerate(cases)]
    wanted = ("age", "position", *fields)
    return pd.DataFrame(
        [
            {name: cell for name, cell in row.items() if name in wanted or name.partition("@")[0] in asked}
            for row in rows
        ]
    )


def _row(case: dict[str, Any]) -> dict[str, Any]:
    """One case as a row: an item with several phases has a column for each of them."""
    row: dict[str, Any] = {"age": case["age"]}
    for item in known_items().items.values():
        given = case.get("answers", {}).get(item.id, [])
        answers = [given] if isinstance(given, str) else given
        for phase in item.phases:
            here = [answer.partition("@")[0] for answer in answers if answer.partition("@")[2] in ("", phase)]
            column = f"{item.id}@{phase}" if item.asks_phase else item.id
            # "no" to everything else is the harmless answer: of consent freely given it is yes
            row[column] = here[0] if here else item.harmless if case["default"] == "no" else case["default"]
    for field in known_items().fields.values():
        if field.block == "child" or (field.block == "state" and "state" in case):
            row[field.column] = case.get(field.block, {}).get(field.id.partition(".")[2], case["default"])
        elif field.id in ("act", "other_purpose", "is_domestic"):
            row[field.column] = case.get(field.id, case["default"])
    return row
