"""Which criteria decided, person by person: a table made from the rows of a decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any, cast

import narwhals as nw
import pandas as pd

from fl_estimate.indicators.deciding import Criterion
from fl_estimate.inputs.partitions import narwhal

if TYPE_CHECKING:
    from fl_estimate.indicators.framework import Framework
    from fl_estimate.inputs.sample_design import Design

PERSON = "person_id"
ROW = "row"
"""Where people have no id: the place of a person in the frame, counted from 0."""
TAIL: tuple[str, ...] = ("outcome", "decided", "framework", "criterion", "label", "kind", "dimension", "value")


@dataclass(frozen=True, kw_only=True)
class Decided:
    """What of a `Classification` says who decided: its parts of these names."""

    people: Any
    rows: Any
    frameworks: tuple[Framework, ...]
    criteria: Mapping[str, Criterion]
    design: Design | None


def reasons(decided: Decided, language: str) -> pd.DataFrame:
    """The criteria that decided, for everybody whose class is positive or undetermined; see `Classification.reasons`."""
    rows, key = _possible_rows(decided)
    parts: list[pd.DataFrame] = []
    for outcome in _overall(decided):
        of_outcome = rows[rows[f"{outcome}_possible"] == 1]
        best = of_outcome.groupby(key)[outcome].transform("max") if key else of_outcome[outcome]
        decisive = of_outcome[of_outcome[outcome] == best]
        having = {framework.id for framework in decided.frameworks if framework.outcome(outcome) is not None}
        for name, criterion in decided.criteria.items():
            if name.partition(":")[0] in having:
                parts.append(_criterion(decisive, outcome, name, criterion, key, language))
    columns = [*([key] if key else []), *TAIL]
    if not parts:
        return pd.DataFrame(columns=columns)
    table = pd.concat(parts)[columns]
    return (table.sort_values(key, kind="stable") if key else table).reset_index(drop=True)


def multiple_responses(decided: Decided, language: str) -> pd.DataFrame:
    """How many of the people in a class each criterion is true of; see `Classification.reasons`."""
    told = reasons(decided, language)
    true = told[(told["decided"] == "positive") & (told["value"] == "true")]
    weights = _weights(decided, true.columns[0])
    group = ["outcome", "framework", "kind", "dimension", "criterion", "label"]
    once = true.drop_duplicates([true.columns[0], *group])
    held = once.assign(weight=once[true.columns[0]].map(weights["weight"]).astype(float))
    table = held.groupby(group, sort=False)["weight"].agg(["size", "sum"]).reset_index()
    totals = {name: float(weights.loc[weights[name] == 1, "weight"].sum()) for name in _overall(decided)}
    table["share"] = table["sum"].astype(float) / table["outcome"].map(totals).astype(float)
    order = ["outcome", "framework", "kind", "dimension"]
    table = table.rename(columns={"size": "n"}).sort_values(
        [*order, "share"], ascending=[True] * len(order) + [False], kind="stable", ignore_index=True
    )
    return table[[*group, "n", "share"]]


def _weights(decided: Decided, key: str) -> pd.DataFrame:
    """Weight and classes of the people in a class, by their id; of all, by their place."""
    design, outcomes = decided.design, _overall(decided)
    named = design.weights if design is not None and design.weights is not None else None
    people: Any = narwhal(decided.people)
    if key == PERSON and outcomes:
        # Nobody else is asked for: of a lazy frame not all people are brought here.
        people = people.filter(reduce(lambda left, right: left | right, [nw.col(outcome) == 1 for outcome in outcomes]))
    chosen = people.select(*([key] if key == PERSON else []), *([named] if named else []), *outcomes)
    table = (chosen.collect() if isinstance(chosen, nw.LazyFrame) else chosen).to_pandas()
    table = table.set_index(key) if key == PERSON else table.reset_index(drop=True)
    return table.assign(weight=table[named].fillna(0.0) if named else 1.0)


def _overall(decided: Decided) -> list[str]:
    """The outcomes that say in the class or not."""
    found = (entry.id for one in decided.frameworks for entry in one.outcomes if entry.type in ("binary", "classes"))
    return list(dict.fromkeys(found))


def _possible_rows(decided: Decided) -> tuple[pd.DataFrame, str]:
    """The rows that are in a class for sure or possibly, in memory, with the column that names the person."""
    rows: Any = narwhal(decided.rows)
    names = rows.collect_schema().names()
    key = PERSON if PERSON in names else ""
    if not key and isinstance(rows, nw.DataFrame):
        key = ROW
        rows = cast("nw.DataFrame[Any]", rows).with_row_index(ROW)
    possible = reduce(
        lambda left, right: left | right, [nw.col(f"{outcome}_possible") == 1 for outcome in _overall(decided)]
    )
    result = rows.filter(possible)
    return (result.collect() if isinstance(result, nw.LazyFrame) else result).to_pandas(), key


def _criterion(
    rows: pd.DataFrame, outcome: str, name: str, criterion: Criterion, key: str, language: str
) -> pd.DataFrame:
    """The rows in which one criterion is true, or unknown where the class is undetermined."""
    positive = rows[outcome] == 1
    true = rows[name] == 1
    unknown = (rows[f"{name}_possible"] == 1) & ~true & ~positive
    chosen = true | unknown
    own = name.partition(":")[0] == criterion.framework.id
    return pd.DataFrame(
        {
            **({key: rows[key][chosen]} if key else {}),
            "outcome": outcome,
            "decided": positive[chosen].map({True: "positive", False: "undetermined"}),
            "framework": name.partition(":")[0],
            "criterion": criterion.id if own else f"{criterion.framework.id}.{criterion.id}",
            "label": criterion.label.of(language),
            "kind": criterion.kind,
            "dimension": criterion.dimension,
            "value": true[chosen].map({True: "true", False: "unknown"}),
        }
    )
